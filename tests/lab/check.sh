#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# vfpool check: faults made on a host with a domain that runs and one that is off; each is named, --repair mends
# it, and then nothing is found.
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh

db=/var/lib/vfpool/pool.db

# mends WHAT: check names it, --repair mends it, then nothing is found.
mends() {
	expect_fail "$1: found" "$1" vfpool check
	vfpool check
	check "$1: mended" vfpool check --repair
	check "$1: nothing is found any more" nothing_found
}

step "A host with two domains, of which one runs"
ip link set eth0 up
vfpool pf enable eth0 --vfs 4
pool_define eth0
for n in 1 2; do
	guest_xml web$n --bare "$(nic 52:54:00:00:00:0$n)" >/tmp/web$n.xml
	vfpool domain define /tmp/web$n.xml
done
virsh --quiet start web1
check "nothing is found" nothing_found
vfpool check

step "QEMU and libvirtd die, and no hook ran: the lease is left"
qemu=$(vfpool lease list --json | jq '.[0].qemu_pid')
vf=$(vfpool lease list --json | jq -r '.[0].vf')
kill -9 "$(pidof libvirtd)" "$qemu"
wait_until 10 [ ! -e "/proc/$qemu" ]
expect_fail "it says that libvirt was not asked" 'only database and host are compared' vfpool check
mends 'stale lease'
check "$vf is free" test "$(state_of "$vf")" = free
libvirtd -d
check "libvirt is back" wait_until 20 virsh --quiet list
check "nothing is found with libvirt either" nothing_found

step "A running domain whose lease is lost"
check "web1 starts again" virsh --quiet start web1
vf=$(vfpool lease list --json | jq -r '.[0].vf')
sqlite3 $db "UPDATE vf SET dirty = 0; DELETE FROM lease; UPDATE vf SET dirty = 0"
mends 'VF without lease'
check "web1 has its lease again" test "$(vfpool lease list --json | jq -r '.[0] | .domain + " " + .vf + " " + .state')" = "web1 $vf active"

step "VFs: dirty, faulty, not parked"
# What is not web1's or web2's.
read -r a b c < <(vfpool vf list --json | jq -r '[.[] | select(.state == "free") | .vf] | join(" ")')
sqlite3 $db "INSERT INTO vf (pf_id, idx) SELECT id, ${a#*#} FROM pf WHERE dev = 'eth0' ON CONFLICT DO NOTHING"
sqlite3 $db "UPDATE vf SET dirty = 1 WHERE idx = ${a#*#}"
ip link set eth0 vf "${a#*#}" mac 52:54:00:00:00:77
mends 'dirty VF'
check "$a has no MAC any more" test "$(ip link show eth0 | grep "vf ${a#*#} " | grep -c 00:00:00:00:00:00)" = 1
pci=$(vf_address eth0 "${b#*#}")
echo "$pci" >/sys/bus/pci/drivers/vfio-pci/unbind
echo igbvf >"/sys/bus/pci/devices/$pci/driver_override"
echo "$pci" >/sys/bus/pci/drivers_probe
check "$b is with igbvf" test "$(vf_driver "$pci")" = igbvf
mends 'VF not parked'
check "$b is with vfio-pci" test "$(vf_driver "$pci")" = vfio-pci
vfpool vf hold "$c" --reason 'kept for the host'
check "a held VF is no difference" nothing_found

ip link set eth0 vf "$(vfpool lease list --json | jq -r '.[0].vf | sub(".*#"; "")')" vlan 999
mends 'attributes of a VF'
check "web1's VF has VLAN 100 again" grep -q '52:54:00:00:00:01.*vlan 100' <(ip link show eth0)

step "Definitions: undefined behind our back, edited, renamed"
virsh dumpxml --inactive web2 >/tmp/web2.bound.xml
virsh --quiet undefine web2
mends 'port without domain'
virsh --quiet define /tmp/web2.bound.xml
mends 'unbound NIC'
virsh --quiet domrename web2 web3
mends 'name of a port'
check "the port has the new name" grep -q web3 <(vfpool domain list)

step "The members file"
echo '# vfpool members 1' >/var/lib/vfpool/members
mends 'members file'

step "Releasing a lease"
expect_fail "of a domain that runs: refused" 'in use by web1' vfpool lease release web1
virsh --quiet destroy web1
expect_fail "it has none when it is off" 'no lease' vfpool lease release web1
check "nothing is found" nothing_found
vfpool journal | tail -n 20
