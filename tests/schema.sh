#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the database itself refuses, whoever writes into it (schemas/pool.sql): the last line of defence behind code that
# looks first.
# shellcheck source=tests/lib.sh
. "${top_srcdir:-$(dirname "$0")/..}/tests/lib.sh"

new_pool
for i in 1 2 3; do
	domain "web$i" "0$i" "$(pool_nic "52:54:00:00:00:0$i")" | vfpool domain rewrite >"$root/web$i.xml"
done
hook web1 prepare - "$root/web1.xml"
hook web2 prepare - "$root/web2.xml"
hook web3 prepare - "$root/web3.xml"
hook web3 release failed "$root/web3.xml"

sql() {
	sqlite3 "$root/var/lib/vfpool/pool.db" "$1"
}

# another_lease COLUMN=VALUE…: the SQL that copies the lease of web1 with these columns changed; no blanks in VALUE.
another_lease() {
	local columns="vf_id port_id portgroup_id uuid domain mac state boot_id daemon_pid daemon_start qemu_pid since_ms vlan_mode"
	local values=$columns pair
	for pair in "$@"; do
		values=" $values "
		values=${values/ ${pair%%=*} / ${pair#*=} }
	done
	# shellcheck disable=SC2086
	echo "INSERT INTO lease ($(tr ' ' , <<<"$columns")) SELECT $(echo $values | tr ' ' ,) FROM lease WHERE domain = 'web1'"
}

step "The schema refuses"
check "there are two leases" test "$(sql 'SELECT count(*) FROM lease')" = 2
sql "UPDATE vf SET dirty = 0"
expect_fail "a second lease of a VF" 'UNIQUE.*lease.vf_id' sql "$(another_lease "port_id=(SELECT(id)FROM(port)WHERE(domain='web3'))")"
expect_fail "a second lease of a port" 'UNIQUE.*lease.port_id' sql "$(another_lease "vf_id=(SELECT(max(vf.id))FROM(vf))")"
expect_fail "a second port of a MAC" 'UNIQUE.*port.mac' sql \
	"INSERT INTO port (uuid, domain, mac, portgroup_id, created_ms) SELECT uuid, domain, mac, portgroup_id, 0 FROM port LIMIT 1"
expect_fail "a VF twice" 'UNIQUE.*vf.pf_id' sql "INSERT INTO vf (pf_id, idx) SELECT pf_id, idx FROM vf LIMIT 1"
sql "UPDATE vf SET dirty = 1"
expect_fail "the end of a lease before the scrub" 'only after its scrub' sql "DELETE FROM lease WHERE domain = 'web1'"
expect_fail "a VF that is dirty" 'only when it is scrubbed' sql "$(another_lease)"
sql "UPDATE vf SET dirty = 0, faulty = 'x'"
expect_fail "a VF that is faulty" 'only when it is scrubbed' sql "$(another_lease)"
sql "UPDATE vf SET faulty = '', held = 'x'"
expect_fail "a VF that is held" 'only when it is scrubbed' sql "$(another_lease)"
expect_fail "an active lease without a QEMU" 'CHECK' sql "UPDATE lease SET state = 'active'"
sql "UPDATE vf SET held = ''; UPDATE port SET claim_until_ms = 1, claim_boot = 'x' WHERE domain = 'web3'"
expect_fail "a second claim of a VF" 'UNIQUE.*port.vf_id' sql \
	"UPDATE port SET claim_until_ms = 1, claim_boot = 'x', vf_id = (SELECT vf_id FROM port WHERE domain = 'web3')"
expect_fail "a claim without a VF" 'CHECK' sql "UPDATE port SET vf_id = NULL WHERE domain = 'web3'"
expect_fail "a claim without its boot" 'CHECK' sql "UPDATE port SET claim_boot = '' WHERE domain = 'web3'"
expect_fail "a lease of what another has claimed" 'to its claimant only' sql \
	"$(another_lease "vf_id=(SELECT(vf_id)FROM(port)WHERE(domain='web3'))")"
expect_fail "a change of the journal" 'never changed' sql "UPDATE journal SET text = ''"
expect_fail "an end of today's journal" 'never deleted' sql "DELETE FROM journal"
sql "UPDATE vf SET held = ''; DELETE FROM lease WHERE domain = 'web1'"
check "a lease ends after the scrub" test "$(sql "SELECT count(*) FROM lease WHERE domain = 'web1'")" = 0
