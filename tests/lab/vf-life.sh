#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The life of a VF, seen from every side: definition, kernel, guest and wire agree; VFs that others have are left
# alone; a VF that two want, a pool that is exhausted; what the next guest sees.
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh

# define_bare NAME MAC: a guest without OS in port group blue.
define_bare() {
	guest_xml "$1" --bare "$(nic "$2" blue)" >"/tmp/$1.xml"
	vfpool domain define "/tmp/$1.xml"
}

pool='<vfpool><name>sriov0</name><pf dev="eth0"/><pf dev="eth1"/>
<portgroup name="blue" default="yes"><vlan><tag id="100"/></vlan></portgroup>
<portgroup name="green"><vlan><tag id="200"/></vlan></portgroup>
</vfpool>'

step "A VF that a domain took before vfpool was set up"
make_vfs eth0 7
make_vfs eth1 7
check "a guest takes VF 0 of eth0 by hand" guest_start early --bare "$(vf_xml "$(vf_address eth0 0)" 52:54:00:00:00:ee)"
for pf in eth0 eth1; do
	check "$pf is taken over as it is" vfpool pf enable $pf --vfs 7
done
check "a pool of all" vfpool pool define - <<<"$pool"
check "the VF is seen as in use, and by whom" test "$(vfpool vf list --json |
	jq -r '.[] | select(.vf == "eth0#0") | .state + " " + .domain')" = "in use early"
expect_fail "the PF's VFs cannot be taken away" 'in use by early' vfpool pf disable eth0
check "the guest runs on" test "$(virsh domstate early | head -n 1)" = running

step "One guest, seen from every side"
mac=52:54:00:00:00:b1
guest_xml blue1 --ip 10.0.0.1/24 --ping 10.0.0.9 "$(nic $mac blue)" >/tmp/blue1.xml
check "define" vfpool domain define /tmp/blue1.xml
check "start" virsh --quiet start blue1
vf=$(lease_of blue1)
check "it did not get the VF that is in use" test "$vf" != eth0#0
check "the live XML has the MAC" grep -q "mac address='$mac'" <(virsh dumpxml blue1)
check "so has the kernel, with VLAN 100" grep -q "$mac.*vlan 100" <(vf_words "$vf")
check "so has the guest" guest_up blue1 "NIC eth0 mac=$mac drv=igbvf"
capture=pf${vf:3:1}
check "frames on the wire carry tag 100" wait_until 20 on_wire "$capture" ether src $mac and vlan 100
expect_fail "and none is without" '^$' on_wire "$capture" ether src $mac and not vlan 100

step "Two domains bound to one VF"
virsh dumpxml --inactive blue1 | sed -e 's/blue1/blue2/' -e "s/$mac/52:54:00:00:00:b2/g" -e '/<uuid>/d' \
	-e 's/5254000000b1/5254000000b2/g' >/tmp/blue2.bound.xml
guest_xml blue2 --bare "$(nic 52:54:00:00:00:b2 blue)" >/tmp/blue2.xml
check "define the second" vfpool domain define /tmp/blue2.xml
address=$(virsh dumpxml --inactive blue1 | grep -A 3 "<source>" | grep -m 1 "<address type='pci'")
virsh dumpxml --inactive blue2 | awk -v to="$address" '/<source>/ {inside = 1} inside && /<address type=.pci./ {$0 = to; inside = 0} 1' \
	>/tmp/blue2.same.xml
check "point it at the first one's VF" virsh --quiet define /tmp/blue2.same.xml
expect_fail "its start is refused, and the holder named" "is leased by blue1" virsh start blue2
check "in one line of ours" test "$(virsh start blue2 2>&1 | grep -c 'vfpool:')" = 1
check "the first is not disturbed" grep -q "$mac.*vlan 100" <(vf_words "$vf")
check "nor its lease" test "$(lease_of blue1 .state)" = active
check "the first is destroyed" virsh --quiet destroy blue1
check "its VF reads as scrubbed, and has no VLAN" test "$(vf_words "$vf" | scrubbed)"
check "it is free" test "$(state_of "$vf")" = free
check "then the second starts" virsh --quiet start blue2
check "on that VF" test "$(lease_of blue2)" = "$vf"
check "the kernel has its MAC and nothing of the former" grep -q "52:54:00:00:00:b2.*vlan 100" <(vf_words "$vf")
check "and ends" virsh --quiet destroy blue2

step "The next guest on a VF"
guest_xml green1 --ip 10.0.0.9/24 "$(nic 52:54:00:00:00:91 green)" >/tmp/green1.xml
check "a green guest is defined" vfpool domain define /tmp/green1.xml
virsh dumpxml --inactive green1 | awk -v to="$address" '/<source>/ {inside = 1} inside && /<address type=.pci./ {$0 = to; inside = 0} 1' \
	>/tmp/green1.same.xml
virsh --quiet define /tmp/green1.same.xml
check "it starts on the blue one's VF" virsh --quiet start green1
check "on that VF" test "$(lease_of green1)" = "$vf"
check "with its own MAC" guest_up green1 "NIC eth0 mac=52:54:00:00:00:91"
check "no other link is there" test "$(guest_run green1 'ls /sys/class/net | grep -c eth')" = 1
check "its frames carry tag 200" wait_until 20 on_wire "$capture" ether src 52:54:00:00:00:91 and vlan 200
expect_fail "and none tag 100" '^$' on_wire "$capture" ether src 52:54:00:00:00:91 and vlan 100
check "who says both" test "$(vfpool who "$vf" --json | jq -r '[.[] | select(.what != "defined").domain] | unique | join(" ")')" \
	= "blue1 blue2 green1"
check "and ends" virsh --quiet destroy green1

step "By hand, and other networks"
guest_xml hand --bare "$(vf_xml "$(vf_address eth1 6)" 52:54:00:00:00:99)" >/tmp/hand.xml
virsh --quiet define /tmp/hand.xml
expect_fail "a pool VF by hand is refused" 'may not be named by hand' virsh start hand
guest_xml plain --bare >/tmp/plain.xml
virsh --quiet define /tmp/plain.xml
check "a domain without pool NIC starts" virsh --quiet start plain
check "and ends" virsh --quiet destroy plain

step "An exhausted pool: 14 VFs, one of them not ours"
for i in $(seq 10 22); do
	define_bare "g$i" "52:54:00:00:01:$i" >/dev/null
	check "g$i starts" virsh --quiet start --paused "g$i" # 14 that run are too much for L1's emulation
done
check "13 leases" test "$(entries lease)" = 13
check "on 13 VFs" test "$(vfpool lease list --json | jq -r '.[].pci' | sort -u | wc -l)" = 13
define_bare g99 52:54:00:00:01:99
expect_fail "the next is refused with the count and each VF's reason" \
	'no free VF in pool sriov0 \(14 VFs: 13 leased, 1 in use' virsh start g99
virsh start g99 2>&1 | grep vfpool:
check "the journal has that line" grep -q 'no free VF' <(vfpool journal --domain g99)
check "the early guest runs on" test "$(virsh domstate early | head -n 1)" = running
for i in $(seq 10 22); do
	virsh --quiet destroy "g$i"
done
check "no lease is left" test "$(entries lease)" = 0
check "13 VFs are free" are_free 13
check "the early guest stops" virsh --quiet destroy early

step "libvirtd is restarted under a running guest"
check "g10 starts" virsh --quiet start g10
pid=$(pidof libvirtd)
kill -KILL "$pid"
rm -f /run/libvirtd.pid
check "libvirtd is up again" libvirtd -d
check "the guest runs on" wait_until 30 virsh domstate g10
check "its lease stands" test "$(lease_of g10 .state)" = active
check "it stops" virsh --quiet destroy g10
check "and gives its VF back" test "$(entries lease)" = 0
