#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest that changes its MAC, sends with another MAC and into another VLAN, and floods the PF with requests: the PF
# refuses, its neighbours notice nothing, `vf show` tells, and the next owner of the VF inherits nothing of it.
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh
mac=52:54:00:00:00:e1 other=52:54:00:66:66:66

shown() {
	vfpool vf show "$vf" --json | jq -r ".$1 // \"\""
}

# warned MORE_THAN : so often, by now.
warned() {
	[ "$(shown kernel_warnings)" -gt "$1" ]
}

step "A guest"
check "eth0 has 3 VFs" vfpool pf enable eth0 --vfs 3
check "the pool is defined" pool_define eth0
guest_xml evil --ip 10.0.0.66/24 "$(nic $mac)" >/tmp/evil.xml
guest_xml good --bare "$(nic 52:54:00:00:00:01)" >/tmp/good.xml
for name in evil good; do
	check "$name is defined" vfpool domain define /tmp/$name.xml
done
check "it starts" virsh --quiet start evil
check "and runs" guest_up evil "NIC eth0 mac=$mac"
vf=$(lease_of evil)
guest_run evil 'ping -c 1 -W 1 10.0.0.1' >/dev/null
check "its frames are on the wire" wait_until 20 on_wire pf0 ether src $mac and vlan 100
# Its driver sets the MAC and the VLAN that it has, and the PF's driver warns of that, too.
at_first=$(shown kernel_warnings)

step "It changes its MAC"
expect_fail "which is refused" 'Cannot assign requested address' \
	guest_run evil "ip link set eth0 down; ip link set eth0 address $other"
guest_run evil 'ip link set eth0 up; ping -c 2 -W 1 10.0.0.1' >/dev/null
check "its VF has the MAC that was pinned" grep -q $mac <(vf_words "$vf")
expect_fail "nothing left with the other" '^$' on_wire pf0 ether src $other

step "It sends into another VLAN"
guest_run evil 'ip link add link eth0 name v300 type vlan id 300; ip link set v300 up; ip addr add 10.0.3.66/24 dev v300
	ping -c 2 -W 1 10.0.3.1' >/dev/null
expect_fail "nothing left with its tag" '^$' on_wire pf0 'vlan 300 or (vlan 100 and vlan 300)'

step "It asks for another MAC's frames, and sends with it"
guest_run evil "ip link add link eth0 name m0 type macvlan; ip link set m0 address $other; ip link set m0 up
	ip addr add 10.0.0.67/24 dev m0; ping -c 2 -W 1 -I m0 10.0.0.2" >/dev/null
check "the PF's driver refuses it" wait_until 20 warned "$at_first"
check "vf show has its words" grep -q '^VF [0-9]* requested MAC filter but is administratively denied$' <(shown kernel_warning)
check "and those of no other VF" test "$(vfpool vf show eth0#2 --json | jq .kernel_warnings)" = 0
check "the spoof check is on" grep -q 'spoof checking on, .*trust off' <(vf_words "$vf")
! on_wire pf0 ether src $other || note "the emulated card has no spoof check: frames with another MAC left"

step "It floods the PF with requests"
flood="while :; do ip link set eth0 promisc on; ip link set eth0 promisc off; ip link set m0 down; ip link set m0 up; done"
check "for as long as it runs" guest_run evil "($flood) >/dev/null 2>&1 & echo \$! >/flood"
before=$(shown kernel_warnings)
check "a neighbour starts" virsh --quiet start good
check "with its own" grep -q '52:54:00:00:00:01.*vlan 100' <(vf_words "$(lease_of good)")
check "and stops" virsh --quiet destroy good
check "it has asked all the time" warned "$before"
check "it is the same guest as before" grep -q "$mac.*vlan 100.*spoof checking on" <(vf_words "$vf")
check "it is stopped in the midst of it" virsh --quiet destroy evil

step "The next owner"
check "the VF is as new" test "$(vf_words "$vf" | scrubbed)"
check "it is free" test "$(vfpool vf show "$vf" --json | jq -r .state)" = free
for other in eth0#1 eth0#2; do
	vfpool vf hold $other --reason 'not this one'
done
guest_xml next --ip 10.0.0.1/24 "$(nic 52:54:00:00:00:02)" >/tmp/next.xml
check "the next one is defined" vfpool domain define /tmp/next.xml
check "and gets it" virsh --quiet start next
check "it is that VF" test "$(lease_of next)" = "$vf"
check "with its own MAC" guest_up next "NIC eth0 mac=52:54:00:00:00:02"
check "and has not to answer for the former" test "$(shown kernel_warnings)" -le "$before"
check "it is destroyed" virsh --quiet destroy next
check "and check finds nothing" vfpool check
