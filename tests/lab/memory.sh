#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The memory of a domain with a VF (docs/memory): what the rewrite makes of each kind of domain, what the hook says to a
# definition that was made to get past it, what the kernel says of those that run, and a host that has too little.
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh
conf=/etc/vfpool/vfpool.conf

# nic N: a pool's NIC.
nic() {
	echo "<interface type='network'><mac address='52:54:00:00:00:0$1'/><source network='sriov0'/></interface>"
}

# vm [OPTION…] [XML…]: domain vm without OS, 32 MiB, one VF, as its author wrote it: in /tmp/vm.xml.  It is always the
# same domain to the pool, which without vfpoold does not hear that one ends.
vm() {
	guest_xml vm --bare "$@" "$(nic 1)" |
		sed 's|<name>vm</name>|&<uuid>5b0a3c5e-7d0c-4c1f-9a55-0f4b3f5c2a01</uuid>|' >/tmp/vm.xml
}

# numa CELL…: gives /tmp/vm.xml two vCPUs and these NUMA cells.
numa() {
	sed -i -e "s|<cpu mode='host-passthrough'/>|<cpu mode='host-passthrough'><numa>$*</numa></cpu>|" \
		-e 's|<vcpu>1<|<vcpu>2<|' /tmp/vm.xml
}

# bound: binds and defines /tmp/vm.xml.
bound() {
	check "$1: bound" vfpool domain define /tmp/vm.xml
}

# by_hand SED-SCRIPT…: edits the bound definition; vfpoold does not run, so nobody mends it.
by_hand() {
	local script edits=()
	for script in "$@"; do
		edits+=(-e "$script")
	done
	virsh dumpxml --inactive vm | sed "${edits[@]}" >/tmp/hand.xml
	virsh --quiet define /tmp/hand.xml
}

# has PATTERN…: the definition has all of these.
has() {
	local definition pattern
	definition=$(virsh dumpxml --inactive vm)
	for pattern in "$@"; do
		grep -q -e "$pattern" <<<"$definition" || return 1
	done
}

# running: of domain $1 (vm) the pid.
running() {
	local pid
	for pid in $(pgrep -f "guest=${1:-vm},"); do
		echo "$pid" && return
	done
	return 1
}

# ram: QEMU's RAM blocks: how many, their MiB, how many of them not locked and not hugetlb, how many hugetlb.
ram() {
	awk '/^Size:/ { size = $2 }
		/^VmFlags:/ && / dc/ && !/ (io|pf)/ { n++; sum += size; if (!/ (lo|ht)/) loose++; if (/ ht/) huge++ }
		END { printf "%d blocks, %d MiB, %d loose, %d huge\n", n, sum / 1024, loose, huge }' "/proc/$(running)/smaps"
}

memlock() {
	awk '/^Max locked memory/ { print $4 }' "/proc/$(running)/limits"
}

# starts WORDS [HUGE]: it runs, and the kernel says that all its RAM blocks are locked, HUGE of them hugetlb.
starts() {
	check "$1: starts" virsh --quiet start vm
	echo "      $(ram); RLIMIT_MEMLOCK $(memlock)"
	check "$1: all RAM is locked" grep -qE "^[1-9].* [1-9][0-9]* MiB, 0 loose, ${2:-0} huge" <(ram)
}

# refused WORDS REGEX: it does not start, and holds nothing.
refused() {
	expect_fail "$1" "vfpool: vm: .*$2" virsh --quiet start vm
	check "$1: no lease is left" test "$(entries lease)" = 0
}

gone() {
	virsh --quiet destroy vm 2>/dev/null
	virsh --quiet undefine vm
}

step "A host"
ip link set eth0 up
vfpool pf enable eth0 --vfs 3
check "which has a link" links_up eth0
echo "<vfpool><name>sriov0</name><pf dev='eth0'/></vfpool>" >/tmp/sriov0.xml
check "the pool" vfpool pool define /tmp/sriov0.xml
mkdir -p /dev/hugepages
mountpoint -q /dev/hugepages || mount -t hugetlbfs hugetlbfs /dev/hugepages
echo 24 >/proc/sys/vm/nr_hugepages
pid=$(pidof libvirtd)
kill "$pid" # it looks for hugetlbfs when it starts
wait_until 30 test ! -e "/proc/$pid"
libvirtd -d
wait_until 30 virsh --quiet list

step "Nothing said about memory"
vm
bound "plain"
check "locked, no balloon" has '<locked/>' "<memballoon model='none'/>"
starts "plain"
check "no limit" test "$(memlock)" = unlimited
virsh --quiet destroy vm
by_hand '/<locked\/>/d'
refused "without locked" 'a domain with a VF needs its memory locked: <memoryBacking><locked/>'
check "bind mends it" vfpool domain bind vm
check "as it says" has '<locked/>'
gone

step "hard_limit: 32 MiB, the same for VFIO, 336 MiB of QEMU's own"
limit() {
	echo "<memtune><hard_limit unit='MiB'>$1</hard_limit></memtune>"
}
vm --top "$(limit 399)"
expect_fail "399 MiB" 'hard_limit> of 399 MiB is below the 400 MiB .*guest memory 32 MiB, .*VFIO 32 MiB, .*own 336 MiB' \
	vfpool domain define /tmp/vm.xml
vm --top "$(limit 400)"
bound "400 MiB"
check "it is kept" has '<hard_limit'
starts "400 MiB"
check "it is the limit" test "$(memlock)" = 419430400
virsh --quiet destroy vm
by_hand "s|>409600<|>408576<|"
refused "399 MiB by hand" '<hard_limit> of 399 MiB is below the 400 MiB'
gone

step "Balloon, and less memory than all"
vm --top "<currentMemory unit='MiB'>16</currentMemory>"
sed -i "s|<memballoon model='none'/>|<memballoon model='virtio'/>|" /tmp/vm.xml
bound "balloon"
check "all memory, no balloon" has '<currentMemory [^>]*>32768<' "<memballoon model='none'/>"
starts "balloon"
check "it has all its memory" grep -q '32768 KiB' <(virsh dominfo vm | grep Used)
virsh --quiet destroy vm
by_hand "s|\(<currentMemory [^>]*>\)32768|\116384|"
refused "half of it by hand" '<currentMemory> of 16 MiB is below the 32 MiB of <memory>'
by_hand "s|\(<currentMemory [^>]*>\)16384|\132768|" "s|<memballoon model=.none./>|<memballoon model='virtio'/>|"
refused "a balloon by hand" 'cannot have a memory balloon'
check "bind mends it" vfpool domain bind vm
check "unbind" vfpool domain unbind vm
check "gives balloon and less memory back" has '<currentMemory [^>]*>16384<' "<memballoon model='virtio'"
gone

step "Memory that is no whole number of MiB"
vm
sed -i "s|<memory unit='MiB'>32<|<memory unit='KiB'>33001<|" /tmp/vm.xml
bound "33001 KiB"
starts "33001 KiB"
gone

step "Huge pages: 24 of 2 MiB"
vm --top "<memoryBacking><hugepages/></memoryBacking>"
bound "huge"
check "locked, too" has '<hugepages/>' '<locked/>'
starts "huge" 1
virsh --quiet destroy vm
by_hand '/<locked\/>/d'
refused "huge pages alone" 'needs its memory locked.*hugepages. alone'
check "bind mends it" vfpool domain bind vm
echo 15 >/proc/sys/vm/nr_hugepages
refused "too few" 'not enough huge pages: the guest needs 32 MiB of 2048 KiB pages, and 30 MiB are free'
echo 24 >/proc/sys/vm/nr_hugepages
gone

step "Two NUMA cells, one of them on huge pages"
vm --top "<memoryBacking><hugepages><page size='2' unit='MiB' nodeset='1'/></hugepages></memoryBacking>"
numa "<cell id='0' cpus='0' memory='16' unit='MiB'/><cell id='1' cpus='1' memory='16' unit='MiB'/>"
bound "cells"
check "the cells stay" has "<cell id='0' cpus='0' memory='16384'" "<page size='2048' unit='KiB' nodeset='1'/>"
starts "cells" 1
virsh --quiet destroy vm
by_hand '/<locked\/>/d'
refused "cells, not locked" 'needs its memory locked'
gone

step "Memory hotplug"
vm --top "<maxMemory slots='2' unit='MiB'>288</maxMemory>"
numa "<cell id='0' cpus='0-1' memory='32' unit='MiB'/>"
bound "slots"
starts "slots"
echo "<memory model='dimm'><target><size unit='MiB'>128</size><node>0</node></target></memory>" >/tmp/dimm.xml
check "a DIMM is plugged in" virsh --quiet attach-device vm /tmp/dimm.xml --live
echo "      $(ram)"
check "and is locked" grep -qE ' 1[6-9][0-9] MiB, 0 loose' <(ram)
virsh --quiet destroy vm
by_hand "s|<memory unit|$(limit 500)&|"
refused "a limit without what may be plugged in" 'guest memory 288 MiB, .*VFIO 288 MiB.*<maxMemory>'
by_hand '/<memtune>/,/<\/memtune>/d' \
	"s|<memballoon|<memory model='virtio-mem'><target><size unit='MiB'>64</size><node>0</node><block unit='MiB'>2</block><requested unit='MiB'>0</requested></target></memory>&|"
refused "virtio-mem by hand" "<memory model='virtio-mem'> cannot be locked"
virsh dumpxml --inactive vm | sed '/<interface /,/<\/interface>/d; /<metadata>/,/<\/metadata>/d' >/tmp/hand.xml
gone
virsh --quiet define /tmp/hand.xml
expect_fail "QEMU says the same without VF" 'ncompatible with mlock' virsh --quiet start vm
virsh --quiet undefine vm

step "Two VFs, then with a vIOMMU, which counts the guest's memory for each"
vm "$(nic 2)"
bound "two VFs"
starts "two VFs"
gone
iommu="<iommu model='intel'><driver caching_mode='on'/></iommu>"
vm "$(nic 2)" "$iommu"
bound "vIOMMU"
starts "vIOMMU"
check "no limit" test "$(memlock)" = unlimited
gone
vm --top "$(limit 431)" "$(nic 2)" "$iommu"
expect_fail "a limit of 431 MiB" 'below the 432 MiB .*VFIO 64 MiB .for each VF' vfpool domain define /tmp/vm.xml
vm --top "$(limit 432)" "$(nic 2)" "$iommu"
bound "vIOMMU, 432 MiB"
starts "vIOMMU, 432 MiB"
virsh --quiet destroy vm
by_hand 's|>442368<|>441344<|'
refused "431 MiB by hand" '<hard_limit> of 431 MiB is below the 432 MiB'
gone

step "A host that can lock 250 MiB: each domain takes 136"
total=$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)
huge=$(awk '/^Hugetlb/ { print int($2 / 1024) }' /proc/meminfo)
mkdir -p "${conf%/*}"
echo "memory_reserve_mib = $((total - huge - 250))" >$conf
for n in 1 2; do
	guest_xml vm$n --bare "$(nic $((n + 2)))" >/tmp/vm$n.xml
	check "vm$n is bound" vfpool domain define /tmp/vm$n.xml
done
virsh --quiet start vm1 >/tmp/start1 2>&1 &
first=$!
virsh --quiet start vm2 >/tmp/start2 2>&1 &
second=$!
wait $first
first=$?
wait $second
second=$?
check "of two that start at once one does" test $((first + second)) = 1
check "the other is told" grep -qE \
	'not enough memory to lock: vm[12] needs 136 MiB .guest 32, QEMU 104., the running domains with VFs .1. have 136 MiB, and the host can lock 2(49|50|51) MiB' \
	/tmp/start1 /tmp/start2
cat /tmp/start1 /tmp/start2
loser=$((first ? 1 : 2)) winner=$((first ? 2 : 1))
check "and can start when it has ended" virsh --quiet destroy vm$winner
check "it does" virsh --quiet start vm$loser
kill -9 "$(running vm$loser)"
check "who was killed counts no more" wait_until 20 virsh --quiet start vm$winner
virsh --quiet destroy vm$winner
echo "memory_reserve = 1" >>$conf
expect_fail "a key that is none" 'vfpool.conf:2: there is no setting .memory_reserve' virsh --quiet start vm1
echo "memory_reserve_mib = $((total - huge - 130))" >$conf
expect_fail "not even one" 'the host can lock 1(29|30|31) MiB' virsh --quiet start vm1
rm $conf
for n in 1 2; do
	virsh --quiet undefine vm$n
done

step "A QEMU that does not lock, whatever libvirt tells it"
cat >/usr/local/bin/qemu-loose <<'END'
#!/bin/bash
exec qemu-system-x86_64 "${@/mem-lock=on/mem-lock=off}"
END
chmod 755 /usr/local/bin/qemu-loose
vm
sed -i 's|/usr/bin/qemu-system-x86_64|/usr/local/bin/qemu-loose|' /tmp/vm.xml
bound "loose"
vf=$(vfpool domain list --json | jq -r '.[0].vf')
expect_fail "it is stopped, with the figures" \
	'guest memory is not locked: the domain has 32 MiB, QEMU .pid [0-9]+. maps 3[0-9] MiB as RAM in ([0-9]+) pieces, and [0-9]+ of them with 3[0-9] MiB are neither locked' \
	virsh --quiet start vm
virsh --quiet start vm 2>&1 | grep -o 'vfpool: .*'
check "it does not run" test "$(virsh domstate vm | head -n 1)" = 'shut off'
check "no QEMU is left" test -z "$(running)"
check "no lease is left" test "$(entries lease)" = 0
check "$vf is free" test "$(state_of "$vf")" = free
gone
