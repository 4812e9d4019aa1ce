#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The hook as libvirt runs it, on a fake host: every operation, with and without a database, with good and bad XML.
# shellcheck source=tests/lib.sh
. "${top_srcdir:-$(dirname "$0")/..}/tests/lib.sh"

operations="prepare start started stopped release reconnect migrate restore"
refusing="prepare start started migrate"

# start_qemu UUID-TAIL NAME: the process that libvirt would have started, all memory locked.
start_qemu() {
	"$top_builddir/tests/fake-root" "$root" +process \
		"pid=4242,start=77,comm=qemu-system-x86,uuid=00000000-0000-0000-0000-0000000000$1,domain=$2,guest=262144,locked=${3:-262144}"
}

# bind NAME UUID-TAIL MAC [PORTGROUP]: its bound definition in $root/NAME.xml.
bind() {
	domain "$1" "$2" "$(pool_nic "$3" "${4:-}")" | vfpool domain rewrite >"$root/$1.xml"
}

# run NAME OPERATION [REASON]: with its definition.
run() {
	hook "$1" "$2" "${3:--}" "$root/$1.xml"
}

vf_of() {
	vfpool lease list --json | sed -n "/\"domain\": *\"$1\"/,/\"vf\"/s/.*\"vf\": *\"\(.*\)\".*/\1/p"
}

step "The first stage"
if grep -q __asan_init "$top_builddir/hooks/vfpool"; then
	echo "built with sanitizers, which link more"
else
	check "needs libc only" test "$(readelf -d "$top_builddir/hooks/vfpool" | grep NEEDED | grep -cv 'libc\.so')" = 0
fi

step "The life of a VF"
new_pool
bind web1 01 52:54:00:00:00:01
prints 0 '^$' "prepare" run web1 prepare
prints 0 'web1.*preparing' "leased, preparing" vfpool lease list
mark=$root/run/vfpool/domains/00000000-0000-0000-0000-000000000001
check "marked, for those who ask without us" test -e "$mark"
prints 0 '^$' "prepare again, as nothing happened" run web1 prepare
prints 0 '^$' "start" run web1 start
vf=$(vf_of web1)
prints 0 'vlan 100' "the VF has the port group's VLAN" cat "$root/fake/${vf%#*}/${vf#*#}"
prints 0 '52:54:00:00:00:01' "and the MAC" cat "$root/fake/${vf%#*}/${vf#*#}"
prints 1 'vfpool: web1: ' "started without a QEMU is refused" run web1 started
start_qemu 01 web1 1024
prints 1 'guest memory is not locked' "started with memory that is not locked" run web1 started
start_qemu 01 web1
prints 0 '^$' "started" run web1 started
prints 0 'web1.*active +4242' "leased, active" vfpool lease list
prints 5 'they are leased: ens1f0#. by web1' "its PF keeps its VFs" vfpool pf enable ens1f0 --vfs 5
prints 5 'they are leased: ens1f0#. by web1' "all of them" vfpool pf disable ens1f0
check "3 VFs" test "$(cat "$root/sys/class/net/ens1f0/device/sriov_numvfs")" = 3
prints 0 '^$' "stopped" run web1 stopped
"$top_builddir/tests/fake-root" "$root" -process 4242
prints 0 '^$' "release" run web1 release shutdown
prints 0 '^DOMAIN[^\n]*$' "no lease" vfpool lease list
check "and no mark" test ! -e "$mark"
prints 1 '' "the VF is scrubbed" grep -q 'vlan 100' "$root/fake/${vf%#*}/${vf#*#}"
prints 0 '^$' "a late release harms nobody" run web1 release shutdown
prints 0 'held +web1' "who remembers" vfpool who 52:54:00:00:00:01

step "A release that outlived its daemon"
new_pool
bind web1 01 52:54:00:00:00:01
run web1 prepare
prints 0 'ens1f[01]#0 stays leased: process [0-9]+, which started' "its parent is not the daemon that called prepare" env VFPOOL_ROOT="$root" "$root/hook" web1 release end failed <"$root/web1.xml"
prints 0 'web1.*preparing' "the domain's next life keeps its lease" vfpool lease list
prints 0 '^$' "release by that daemon" run web1 release failed
prints 0 '^DOMAIN[^\n]*$' "ends it" vfpool lease list

# web1_runs: in a new pool, as process 4242.
web1_runs() {
	new_pool
	bind web1 01 52:54:00:00:00:01
	run web1 prepare
	run web1 start
	start_qemu 01 web1
	run web1 started
}

step "A QEMU that outlives its release"
web1_runs
vf=$(vf_of web1)
prints 0 'process 4242: still there after' "the release says so" run web1 release destroyed
prints 0 'web1.*draining' "the VF stays its own" vfpool lease list
check "with its MAC and VLAN" grep -q 'vlan 100' "$root/fake/${vf%#*}/${vf#*#}"
"$top_builddir/tests/fake-root" "$root" -process 4242
prints 0 'web1' "check --repair, when it is gone" vfpool check --repair
prints 0 '^DOMAIN[^\n]*$' "ends it" vfpool lease list
check "scrubbed" test "$(grep -c 'vlan 100' "$root/fake/${vf%#*}/${vf#*#}")" = 0

step "A QEMU that outlives what its daemon knows of it"
web1_runs
prints 1 'is leased by web1.*its QEMU of before, process 4242, is not gone yet' "the domain's next start waits for it" \
	run web1 prepare
prints 0 'web1.*active +4242' "which keeps its lease" vfpool lease list
"$top_builddir/tests/fake-root" "$root" -process 4242
prints 0 '^$' "and gets a lease of its own afterwards" run web1 prepare
prints 0 'web1.*preparing' "that is nobody's before" vfpool lease list

step "Two domains, one VF"
new_pool
bind web1 01 52:54:00:00:00:01
bind web2 02 52:54:00:00:00:02
pci=$(grep -o "<address type='pci' domain[^>]*>" "$root/web1.xml" | head -n 1)
sed -i "s|<address type='pci' domain[^>]*>|$pci|" "$root/web2.xml"
run web1 prepare
prints 1 '^vfpool: web2: .*web1' "the second is refused and the holder named" run web2 prepare
check "in one line" test "$(wc -l <"$root/said")" = 1
prints 1 'is not leased to this domain' "nor does it start without a prepare" run web2 start
prints 1 'is not leased to this domain' "or run" run web2 started
prints 0 '^$' "its release" run web2 release failed
prints 0 'web1.*preparing' "the first is not disturbed" vfpool lease list
run web1 release failed
prints 0 '^$' "then the second gets it" run web2 prepare

step "What may not start"
new_pool
domain hand 09 "$(hostdev_nic 52:54:00:00:00:09 0000:01:10.0)" >"$root/hand.xml"
prints 1 'may not be named by hand' "a pool VF by hand" run hand prepare
domain soft 08 "$(pool_nic 52:54:00:00:00:08)" >"$root/soft.xml"
prints 1 'has no VF yet: start again in a moment, or run: vfpool domain bind soft' "a definition that is not bound" run soft prepare
bind web1 01 52:54:00:00:00:01
sed 's/<locked *\/>//' "$root/web1.xml" >"$root/loose.xml"
prints 1 'locked' "memory not locked" run loose prepare
sed "s|<locked */>|<hugepages/>|" "$root/web1.xml" >"$root/huge.xml"
prints 1 'needs its memory locked.*hugepages. alone' "huge pages alone" run huge prepare
sed "s|<memballoon[^>]*>|<memballoon model='virtio'/>|" "$root/web1.xml" >"$root/balloon.xml"
prints 1 'cannot have a memory balloon' "a balloon" run balloon prepare
sed "s|</memory>|&<currentMemory>131072</currentMemory>|" "$root/web1.xml" >"$root/half.xml"
prints 1 'currentMemory. of 128 MiB is below the 256 MiB' "less memory than all" run half prepare
sed "s|</memory>|&<memtune><hard_limit unit='MiB'>847</hard_limit></memtune>|" "$root/web1.xml" >"$root/limit.xml"
prints 1 'hard_limit. of 847 MiB is below the 848 MiB.*guest memory 256 MiB.*VFIO 256 MiB.*own 336 MiB' \
	"a hard_limit below what is locked" run limit prepare
sed -i "s|847|848|" "$root/limit.xml"
prints 0 '^$' "and one that is enough" run limit prepare
run limit release failed >/dev/null
prints 0 '^$' "restore is never refused" run web1 restore
prints 1 'cannot be restored' "but the prepare after it" run web1 prepare
prints 0 '^$' "and only that one" run web1 prepare
prints 1 'cannot migrate to this host' "migrate" run web1 migrate
domain gpu 07 "<hostdev mode='subsystem' type='pci'><source><address domain='0x0000' bus='0x05' slot='0x00'
	function='0x0'/></source></hostdev>" >"$root/gpu.xml"
for operation in $operations; do
	prints 0 '^$' "a device that is nobody's VF passes $operation" run gpu "$operation"
done
prints 0 '^$' "an operation that this libvirt does not have" run web1 rename
prints 2 'usage' "no arguments" env VFPOOL_ROOT="$root" "$root/hook"

step "Whatever happens to the database"
domain plain 06 "<interface type='network'><source network='default'/></interface>" >"$root/plain.xml.keep"
# broken WORDS REGEX: with the database as it is now, a pool domain is refused and no other.
broken() {
	cp "$root/plain.xml.keep" "$root/plain.xml"
	for operation in $operations; do
		prints 0 '^$' "$1: a domain without pool NIC passes $operation" run plain "$operation"
		prints 0 '^$' "$1: so does a foreign device $operation" run gpu "$operation"
	done
	prints 1 "^vfpool: web1: .*$2" "$1: prepare" run web1 prepare
	prints 1 "^vfpool: web1: .*$2" "$1: start" run web1 start
	prints 0 "$2" "$1: release" run web1 release
	prints 0 "$2" "$1: reconnect" run web1 reconnect
}
db=$root/var/lib/vfpool/pool.db
cp "$db" "$root/good.db"
rm -f "$db"*
broken "no database" 'pool.db|no pool'
head -c 65536 /dev/urandom >"$db"
broken "a corrupt one" 'pool.db'
cp "$root/good.db" "$db"
mkfifo "$root/hold"
sqlite3 "$db" <"$root/hold" >"$root/held" 2>&1 &
holder=$!
exec 8>"$root/hold"
printf 'BEGIN EXCLUSIVE;\n.print held\n.output stdout\n' >&8
wait_until 5 grep -q held "$root/held"
prints 0 '^$' "locked: a domain without pool NIC" run plain prepare
start=$SECONDS
prints 1 '^vfpool: web1: .*lock' "locked: prepare" run web1 prepare
check "it waits for the database, not for ever: $((SECONDS - start)) s" test $((SECONDS - start)) -ge 4 -a $((SECONDS - start)) -le 60
exec 8>&-
wait "$holder"

# crowd NAME…: their prepare all at once, as one daemon's.  The first of them ends while the database is locked, and the
# lock goes then; prints how many have their VF, and what the others said.
crowd() {
	local given=0 name
	"$top_builddir/tests/fake-root" "$root" +process "pid=$BASHPID,start=5,comm=libvirtd"
	for name; do
		VFPOOL_ROOT=$root "$root/hook" "$name" prepare begin - <"$root/$name.xml" 8>&- >"$root/said.$name" 2>&1 &
	done
	wait -n && given=1
	printf '.quit\n' >&8
	for name in "${@:2}"; do wait -n && given=$((given + 1)); done
	echo "$given given: $(cat "$root"/said.*)"
}
for i in 1 2 3; do
	domain "line$i" "7$i" "$(pool_nic "52:54:00:00:00:7$i" blue)" | vfpool domain rewrite >"$root/line$i.xml"
done
sqlite3 "$db" <"$root/hold" >"$root/held" 2>&1 &
holder=$!
exec 8>"$root/hold"
printf 'BEGIN IMMEDIATE;\n.print held\n.output stdout\n' >&8
wait_until 5 grep -q held "$root/held"
# Who waits for his turn has waited as long as the first then; he is not refused for it.
said=$(crowd line1 line2 line3)
check "who stands behind one that waits in vain is not refused for it: $said" \
	eval '[[ $said =~ ^[12]" given:" ]] && ! grep -q "came first" <<<"$said"'
exec 8>&-
wait "$holder"
for i in 1 2 3; do run "line$i" release failed >/dev/null; done
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	user() {
		setpriv --reuid 65534 --regid 65534 --clear-groups env VFPOOL_ROOT="$root" \
			"$root/hook" "$1" "$2" begin - <"$root/$1.xml"
	}
	for operation in $operations; do
		prints 0 '^$' "as a user: a domain without pool NIC passes $operation" user plain "$operation"
	done
	prints 1 'system daemon only' "as a user: prepare" user web1 prepare
	chown -R 65534:65534 "$root/var"
	chmod 555 "$root/var/lib/vfpool"
	chmod 444 "$db"
	prints 1 '^vfpool: web1: ' "a read-only database: prepare" user web1 prepare
fi

step "Memory that the host does not have"
# memory MIB HUGE-MIB: the host has so much.
memory() {
	"$top_builddir/tests/fake-root" "$root" memory "$@"
}
new_pool
bind web1 01 52:54:00:00:00:01
bind web2 02 52:54:00:00:00:02
mkdir -p "$root/etc/vfpool"
memory 1000 0
echo 'memory_reserve_mib = 279' >"$root/etc/vfpool/vfpool.conf"
prints 0 '^$' "the first of two domains" run web1 prepare
prints 0 '^$' "and the second fit into 721 MiB" run web2 prepare
run web2 release failed >/dev/null
echo 'memory_reserve_mib = 281' >"$root/etc/vfpool/vfpool.conf"
prints 1 'web2: not enough memory to lock: web2 needs 360 MiB .guest 256, QEMU 104., the running domains with VFs .1. have 360 MiB.*can lock 719 MiB' \
	"into 719 the second does not" run web2 prepare
check "in one line" test "$(wc -l <"$root/said")" = 1
prints 0 'refused.*not enough memory' "it is in the journal" vfpool journal --domain web2
echo 'qemu_memory_mib = 103' >>"$root/etc/vfpool/vfpool.conf"
prints 0 '^$' "with another figure for QEMU it does" run web2 prepare
run web2 release failed >/dev/null
echo 'memory = 1' >>"$root/etc/vfpool/vfpool.conf"
prints 1 "vfpool.conf:3: there is no setting 'memory'" "a setting that is none" run web2 prepare
prints 0 '^$' "the same, a release" run web1 release failed
rm "$root/etc/vfpool/vfpool.conf"
sed "s|<locked */>|<hugepages/><locked/>|" "$root/web2.xml" >"$root/huge.xml"
memory 4000 254
prints 1 'not enough huge pages: the guest needs 256 MiB of 2048 KiB pages, and 254 MiB are free' \
	"huge pages that are not there" run huge prepare
memory 4000 256
prints 0 '^$' "and that are" run huge prepare

step "XML that is none"
new_pool
bind web1 01 52:54:00:00:00:01
good=$root/web1.xml
{
	: >"$root/empty.xml"
	head -c 200 "$good" >"$root/short.xml"
	head -c $(($(wc -c <"$good") - 40)) "$good" >"$root/cut.xml"
	{ echo "<domain><!--"; head -c 9000000 /dev/zero | tr '\0' 'x'; echo "--></domain>"; } >"$root/huge.xml"
	sed 's|<devices>|<devices><!--'"$(head -c 100 /dev/zero | tr '\0' x)"'-->|' "$good" >"$root/padded.xml"
	{ head -n 3 "$good"; echo "<!--"; head -c 9000000 /dev/zero | tr '\0' 'x'; echo "-->"; tail -n +4 "$good"; } >"$root/hugepool.xml"
	{ echo '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'; cat "$good"; } >"$root/bomb.xml"
	{ echo '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'; cat "$good"; } >"$root/external.xml"
}
for name in empty short huge; do
	for operation in $operations; do
		prints 0 '^$' "$name, no pool NIC in sight: $operation" run $name "$operation"
	done
done
for operation in $operations; do
	status=0
	[[ " $refusing " == *" $operation "* ]] && status=1
	for name in cut hugepool bomb external; do
		case $operation in stopped | release) continue ;; esac
		prints $status '^vfpool: ' "$name, with a pool NIC: $operation" run $name "$operation"
	done
done
prints 1 'line [0-9]+' "broken XML is told by line" run cut prepare
prints 1 'DOCTYPE|document type' "a document type is refused" run bomb prepare
