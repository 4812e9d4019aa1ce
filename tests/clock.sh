#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The wall clock is set back and forward between the operations: it is for people and for claims, and frees nothing that
# somebody has.  libfaketime gives each program its clock; the monotonic one stays.
# shellcheck source=tests/lib.sh
. "${top_srcdir:-$(dirname "$0")/..}/tests/lib.sh"
skip() {
	echo "$1"
	trap - EXIT
	rm -rf "$root"
	exit 77
}
command -v faketime >/dev/null || skip "faketime is not there (Debian: apt-get install faketime)"
! grep -q __asan_init "$top_builddir/hooks/vfpool" || skip "built with sanitizers, which want to be loaded first"
# The library alone: the program faketime would be the hook's parent.
faketime=$(faketime -f +0 printenv LD_PRELOAD)
export FAKETIME_DONT_FAKE_MONOTONIC=1
db=$root/var/lib/vfpool/pool.db

# The hook's name is a script, which sees the time that is in $root/clock; so does every command.
wrap() {
	mv "$root/hook" "$root/hook.real"
	cat >"$root/hook" <<-END
		#!/bin/sh
		FAKETIME=\$(cat '$root/clock') LD_PRELOAD='$faketime' exec '$root/hook.real' "\$@"
	END
	chmod 755 "$root/hook"
}
at() {
	echo "$1" >"$root/clock"
}
now() {
	FAKETIME=$(cat "$root/clock") LD_PRELOAD=$faketime "$top_builddir/tests/vfpool-fake" --root "$root" "$@"
}
run() {
	hook "$1" "$2" "${3:--}" "$root/$1.xml"
}
bind() {
	domain "$1" "$2" "$(pool_nic "$3" blue)" | now domain rewrite >"$root/$1.xml"
}
start_qemu() {
	"$top_builddir/tests/fake-root" "$root" +process "pid=$3,start=77,comm=qemu-system-x86,uuid=00000000-0000-0000-0000-0000000000$1,domain=$2,guest=262144,locked=262144"
}
sql() {
	sqlite3 "$db" "$1"
}
new_clock() {
	new_pool
	wrap
	at +0
}

one=00000000-0000-0000-0000-000000000001 two=00000000-0000-0000-0000-000000000002
jumps="-20d +60d"

step "A life, with a clock that jumps before each operation"
new_clock
bind web1 01 52:54:00:00:00:01
at -20d
check "prepare, twenty days ago" run web1 prepare
at +60d
check "start, in two months" run web1 start
start_qemu 01 web1 4242
at -1h
check "started" run web1 started
for jump in $jumps; do
	at "$jump"
	check "$jump: vfpool check --repair finds nothing" now check --repair
	bind web2 02 52:54:00:00:00:02
	sed "s|<address type='pci' domain[^>]*>|$(grep -o "<address type='pci' domain[^>]*>" "$root/web1.xml" | head -n 1)|" \
		"$root/web2.xml" >"$root/thief.xml"
	prints 1 'web1' "$jump: who is to get that VF is refused" hook web2 prepare - "$root/thief.xml"
	prints 0 '"state":"active"' "$jump: and the lease stays" now lease list --json
	prints 5 'are leased: ens1f0#. by web1' "$jump: as does its PF" now pf disable ens1f0
done
at -10y
check "reconnect, ten years ago" run web1 reconnect
prints 0 '"state":"active"' "is active" now lease list --json
at +10y
check "stopped" run web1 stopped
prints 0 'still there after' "a release whose QEMU is still there waits its time, not the clock's" run web1 release destroyed
prints 0 'web1.*draining' "and the VF is not given" now lease list
"$top_builddir/tests/fake-root" "$root" -process 4242
at -10y
prints 0 '' "a late one" run web1 release destroyed
prints 0 '^DOMAIN[^\n]*$' "ends it" now lease list
check "scrubbed" test "$(cat "$root"/fake/ens1f?/? 2>/dev/null | grep -c 'vlan 100')" = 0
check "the journal has all in its order" test "$(sql "SELECT group_concat(event, ' ') FROM (SELECT event FROM journal
	WHERE domain = 'web1' AND event IN ('lease', 'active', 'draining', 'free') ORDER BY id)")" = "lease active draining free"
now journal --json >"$root/lines"
check "and vfpool journal shows it so" test "$(grep -oE '"event": ?"(lease|active|draining|free)"' "$root/lines" | tr -cd 'a-z\n' |
	sed 's/^event//' | tr '\n' ' ')" = "lease active draining free "

step "A claim"
new_clock
claim() {
	now claim --domain "$1" --name "$2" --pool sriov0 --portgroup blue --mac "52:54:00:00:00:0$3" --ttl 300
}
n_claims() {
	now vf list --json | grep -o '"state":"claimed"' | wc -l
}
check "for five minutes" claim $one web1 1
at -1h
check "an hour back: it is kept, for the longer" test "$(n_claims)" = 1
check "nobody else gets the VF" test "$(claim $two web2 2 | wc -l)" = 2 -a "$(n_claims)" = 2
now release --domain $two >/dev/null
at +1h
check "an hour forward: it is over" test "$(n_claims)" = 0
at +0
check "and back: it is what it was" test "$(n_claims)" = 1
at +1h
check "over, and somebody writes" now release --domain $two
at +0
check "then it does not come again" test "$(n_claims)" = 0
at +10y
check "one that is made in ten years" claim $one web1 1
at +0
check "is none when the clock is set right" test "$(n_claims)" = 0
check "another domain's is not in its way" claim $two web2 2
bind web1 01 52:54:00:00:00:01
check "and the first starts on what is left" run web1 prepare
check "one VF each" test "$(sql "SELECT count(DISTINCT vf_id) FROM (SELECT vf_id FROM lease UNION ALL
	SELECT vf_id FROM port WHERE claim_until_ms <> 0 AND domain = 'web2')")" = 2
at -1d
check "the claim becomes the lease, whatever the clock" bind web2 02 52:54:00:00:00:02
check "prepare" run web2 prepare
check "two leases" test "$(sql "SELECT count(*) FROM lease")" = 2

step "The service"
new_clock
bind web1 01 52:54:00:00:00:01
run web1 prepare
run web1 start
start_qemu 01 web1 4242
check "a domain runs" run web1 started
FAKETIME=+2h LD_PRELOAD=$faketime "$top_builddir/tests/vfpoold-fake" --root "$root" --connect test:///default 2>"$root/service.log" &
vfpoold=$!
check "vfpoold starts, two hours ahead" wait_until 10 grep -q 'connected to libvirt' "$root/service.log"
has_leases() {
	[ "$(sql "SELECT count(*) FROM lease")" = "$1" ]
}
is_quiet() {
	local before
	before=$(switches)
	sleep 1
	[ "$(switches)" = "$before" ]
}
switches() {
	cat /proc/$vfpoold/task/*/status 2>/dev/null | awk '/ctxt_switches/ { n += $2 } END { print n }'
}
check "it has looked at all there is" wait_until 10 is_quiet
"$top_builddir/tests/fake-root" "$root" -process 4242
check "the QEMU is gone, and nobody said so" has_leases 1
# As a hook writes it that sees something odd; by the time before vfpoold was started.
sql "INSERT INTO journal (time_ms, event, text) VALUES ($(date +%s)000, 'disagreement', 'test')"
check "vfpoold hears of it, whatever its time, and mends" wait_until 10 has_leases 0
kill $vfpoold
wait $vfpoold
check "it ends in peace" [ $? = 0 ]
