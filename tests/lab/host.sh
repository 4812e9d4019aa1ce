#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The host side on two igb PFs: doctor, pf list and show, enable and disable with all that is refused, VFs for the
# host, a PF that is renamed, one that is pulled.
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh

result() {
	vfpool doctor --json 2>/dev/null | jq -r ".[] | select(.check == \"$1\") | .result"
}

is() {
	check "doctor: $1 is $2" test "$(result "$1")" = "$2"
}

step "A fresh host"
vfpool doctor
expect_fail "doctor's status says that something lacks" 'of 2. checks failed' vfpool doctor
for id in iommu interrupt-remapping kvm sriov-card vfio-pci libvirt hook hook-seen memlock; do
	is $id PASS
done
is vfs FAIL
is pool WARN
vfpool pf list
check "two cards with SR-IOV, none without" test "$(vfpool pf list --json |
	jq -c '[.[] | select(.driver == "igb") | .why_not]')" = '[null,null]'
ip link set eth0 address 02:00:00:00:00:aa
check "a card is known by its permanent MAC" test "$(vfpool pf show eth0 --json |
	jq -r '.mac + " " + .present_mac')" = '52:54:00:aa:00:00 02:00:00:00:00:aa'
ip link set eth0 address 52:54:00:aa:00:00
vfpool pf show eth0
check "driver version and device" test "$(vfpool pf show eth0 --json | jq -r '.driver_version + " " + .device')" = \
	"$(uname -r) 8086:10c9"

step "Enable"
modprobe -r vfio-pci
expect_fail "out of range" 'requested 9 virtual functions for eth0 \(0000:01:00.0\), valid range is 1 to 7' \
	vfpool pf enable eth0 --vfs 9
expect_fail "no such PF" 'no such network device' vfpool pf enable nosuch --vfs 1
vfpool pf enable eth0 --vfs 4 --reserve 1
check "the PF is up" wait_until 10 grep -q 1 /sys/class/net/eth0/carrier
check "vfio-pci is loaded" test -e /sys/bus/pci/drivers/vfio-pci
check "the reserved VF is the host's" test "$(vf_driver "$(vf_address eth0 0)")" = igbvf
check "the others are parked" test "$(vf_driver "$(vf_address eth0 1)")$(vf_driver "$(vf_address eth0 3)")" = \
	vfio-pcivfio-pci
vf0=$(ls "/sys/bus/pci/devices/$(vf_address eth0 0)/net")
ip link set "$vf0" up
expect_fail "a VF that the host uses" "network device of this host that is up \($vf0\)" vfpool pf enable eth0 --vfs 5
ip link set "$vf0" down
link=$(vfpool pf list --json | jq -r '.[0].link')
echo "eth0: link $link"

step "A PF that carries the host's own traffic"
ip link add br0 type bridge
ip link set eth1 master br0 up
ip link set br0 up
ip address add 192.0.2.1/24 dev br0
ip route add default via 192.0.2.2
expect_fail "default route, over a bridge" 'eth1 carries this host.s default route \(of br0\)' vfpool pf enable eth1 --vfs 2
ip route replace default nexthop via 192.0.2.2 dev br0 nexthop via 192.0.2.3 dev br0
expect_fail "default route of two ways" 'default route \(of br0\)' vfpool pf enable eth1 --vfs 2
ip route del default
export SSH_CONNECTION='198.51.100.9 50000 192.0.2.1 22'
expect_fail "the address of the SSH session" 'logged in \(192.0.2.1, of br0\)' vfpool pf enable eth1 --vfs 2
expect_fail "which a command without it has from its parent" 'logged in' \
	sh -c 'env -u SSH_CONNECTION vfpool pf enable eth1 --vfs 2; exit $?'
check "--force" vfpool pf enable eth1 --vfs 2 --force
unset SSH_CONNECTION
ip link del br0

step "In use"
cat >/tmp/sriov0.xml <<'END'
<vfpool><name>sriov0</name><pf dev='eth0'/><pf dev='eth1'/></vfpool>
END
vfpool pool define /tmp/sriov0.xml
guest_xml web1 --bare "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='sriov0'/></interface>" \
	>/tmp/web1.xml
vfpool domain define /tmp/web1.xml
check "a domain starts" virsh --quiet start web1
vfpool vf list
pf=$(vfpool lease list --json | jq -r '.[0].vf | split("#")[0]')
expect_fail "leased: the holder is named" "VFs of $pf, they are leased: $pf#[0-9] by web1" vfpool pf enable "$pf" --vfs 5
expect_fail "disable too" 'by web1' vfpool pf disable "$pf" --force
is hook-seen PASS
check "and says why it knows" test "$(vfpool doctor --json | jq -r '.[] | select(.check == "hook-seen") | .found')" = \
	"libvirtd has called it"
is iommu-groups PASS
is link PASS
check "the reserved VF was not given" test "$(state_of eth0#0)" = held
virsh --quiet destroy web1

step "A PF under another name"
ip link set eth1 down
ip link set eth1 name nic7
vfpool pf restore
check "its pool follows" test "$(vfpool pool list --json | jq -r '.[0].pfs')" = 'eth0 nic7'
check "journaled" test "$(vfpool journal | grep -c ' moved .*eth1 is called nic7 now')" = 1
check "and it was set up again" wait_until 10 grep -q 1 /sys/class/net/nic7/carrier
check "restoring again changes nothing" test "$(vfpool pf restore && vfpool journal | grep -c ' moved ')" != 2

step "A PF that is pulled"
l0 unplug pf1
wait_until 30 [ ! -e /sys/class/net/nic7 ]
expect_fail "restore says which" 'nic7: PF nic7 is gone: no card has its permanent MAC 52:54:00:aa:01:00' \
	vfpool pf restore
expect_fail "enable too" 'PF nic7: no such network device' vfpool pf enable nic7 --vfs 2
is vfs FAIL
vfpool pf list
vfpool doctor
vfpool journal | tail -n 12
