#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Port groups that change under running guests, on the wire; pins and MACs; the scrub, and what happens when it fails.
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh

# tagged VLAN FILTER…: a frame with that tag has come since the last mark.
tagged() {
	wire pf0 | tail -n "+$((seen + 1))" | grep "$mac > " | grep -q "vlan $1,"
}

mark() {
	seen=$(wire pf0 | wc -l)
}

step "A guest in VLAN 100"
ip link set eth0 up
vfpool pf enable eth0 --vfs 4
links_up eth0
cat >/tmp/sriov0.xml <<'END'
<vfpool><name>sriov0</name><pf dev='eth0'/>
<portgroup name='blue' default='yes'><vlan><tag id='100'/></vlan></portgroup></vfpool>
END
check "a pool" vfpool pool define /tmp/sriov0.xml
mac=52:54:00:00:00:01
guest_xml web1 --ip 10.0.0.1/24 --ping 10.0.0.9 "$(nic $mac blue)" >/tmp/web1.xml
check "define" vfpool domain define /tmp/web1.xml
check "start" virsh --quiet start web1
check "it is up" guest_up web1 "L2: NIC .* mac=$mac"
vf=$(lease_of $mac)
seen=0
check "its frames have tag 100 on the wire" wait_until 20 tagged 100

step "The port group changes, and what runs goes on as it was"
vfpool portgroup set sriov0 blue vlan=200 >/tmp/said
check "who runs is named" grep -q "web1 runs on $vf with VLAN 100 until it stops" /tmp/said
check "the VF has VLAN 100" grep -q 'vlan 100' <(vf_words "$vf")
check "the definition has VLAN 200" grep -q "tag id='200'" <(virsh dumpxml --inactive web1)
check "nothing is found" nothing_found

step "Live"
check "set --live" vfpool portgroup set sriov0 blue --live
mark
check "the VF has VLAN 200" grep -q 'vlan 200' <(vf_words "$vf")
check "so has the wire" wait_until 30 tagged 200
check "nothing is found" nothing_found
check "spoof check, trust and rate" vfpool portgroup set sriov0 blue spoofchk=off trust=on maxTxRate=100 --live
check "the kernel has all of them" grep -q '100Mbps.*spoof checking off.*trust on' <(vf_words "$vf")
expect_fail "link state is nothing igb does: tried on a free VF, and refused" \
	'port group blue: VF eth0#[1-3]: driver igb refuses link state disable: Operation not supported' \
	vfpool portgroup set sriov0 blue linkState=disable --live
expect_fail "nor a tag of 802.1ad" 'driver igb refuses VLAN 200 802.1ad' vfpool portgroup set sriov0 blue protocol=802.1ad
expect_fail "nor a minimum rate" 'driver igb refuses rate 5-100' vfpool portgroup set sriov0 blue minTxRate=5
expect_fail "nor more than the link has" 'driver igb refuses rate 5000 Mbit/s' vfpool portgroup set sriov0 blue maxTxRate=5000
check "nothing is left of it on a VF" test "$(ip link show eth0 | scrubbed | wc -l)" = 3
check "nothing is found" nothing_found
check "journaled" grep -q 'changed .*web1 .*VLAN 100 -> VLAN 200' <(vfpool journal)
check "untagged for the NIC, live" vfpool portgroup set sriov0 blue vlan=trunk --live
mark
check "no VLAN in the kernel" test "$(vf_words "$vf" | grep -c vlan)" = 0
check "nothing is found" nothing_found
vfpool portgroup set sriov0 blue vlan=300 --live
kill -9 "$(pidof libvirtd)"
libvirtd -d
check "libvirt is back, with the guest" wait_until 60 virsh --quiet domstate web1
check "still VLAN 300" grep -q 'vlan 300' <(vf_words "$vf")
check "nothing is found" nothing_found
virsh --quiet destroy web1
check "it starts anew with what the group says" virsh --quiet start web1
check "VLAN 300" grep -q 'vlan 300' <(vf_words "$(lease_of $mac)")
vf=$(lease_of $mac)
virsh --quiet destroy web1

step "The scrub resets the VF, and what fails is said where it hurts"
check "the journal has its time" grep -Eq "free .*web1 .*scrubbed in [0-9]+ ms, reset in [0-9]+ of them" <(vfpool journal)
virsh --quiet start web1
vf=$(lease_of $mac)
reset=/sys/bus/pci/devices/$(vf_address eth0 "${vf#*#}")/reset
mount --bind /dev/full "$reset"
virsh --quiet destroy web1
check "a reset that fails makes the VF faulty, with the reason" grep -Eq "$vf .*faulty .*its reset failed.*No space left" <(vfpool vf list)
# libvirt has put the former MAC back before; where that fails as well:
ip link set eth0 vf "${vf#*#}" mac "$mac"
expect_fail "and in the way of its own domain, with what to do" "carries it still.*run: vfpool vf scrub $vf" vfpool domain start web1
expect_fail "a scrub fails as long as the cause is there" 'its reset failed' vfpool vf scrub "$vf"
umount "$reset"
check "then it succeeds" vfpool vf scrub "$vf"
check "nothing is on the VF" grep -q '00:00:00:00:00:00' <(vf_words "$vf")
check "and the domain starts" vfpool domain start web1
virsh --quiet destroy web1

step "The link of the PF is gone when a guest with a rate stops"
virsh --quiet start web1
vfpool portgroup set sriov0 blue maxTxRate=100 --live
vf=$(lease_of $mac)
l0 link pf0 off
wait_until 10 grep -qx 0 /sys/class/net/eth0/carrier
virsh --quiet destroy web1
vfpool vf list
l0 link pf0 on
wait_until 20 grep -qx 1 /sys/class/net/eth0/carrier
check "when the link is back it can be scrubbed" vfpool vf scrub "$vf"
check "nothing is on the VF" grep -vq 'Mbps' <(vf_words "$vf")

step "A MAC of our making, and a pin"
mkdir -p /etc/vfpool
echo 'mac_oui = 02:ab:cd' >/etc/vfpool/vfpool.conf
guest_xml web2 --bare "<interface type='network'><source network='sriov0'/></interface>" |
	sed 's|<memory |<uuid>00000000-0000-4000-8000-000000000002</uuid>&|' >/tmp/web2.xml
check "define" vfpool domain define /tmp/web2.xml
made=$(vfpool domain list --json | jq -r '.[] | select(.domain == "web2").mac')
check "the MAC $made has our OUI" test "${made%:*:*:*}" = 02:ab:cd
vfpool domain define /tmp/web2.xml >/dev/null
check "and is the same again" test "$(vfpool domain list --json | jq -r '.[] | select(.domain == "web2").mac')" = "$made"
check "pinned" vfpool domain pin web2 --mac "$made" --vf eth0#3
expect_fail "not by another domain's name" 'is on a port of domain web2' vfpool domain pin web1 --mac "$made" --vf eth0#2
expect_fail "nor to a VF that cannot be" 'the PF can have 7 VFs' vfpool domain pin web2 --mac "$made" --vf eth0#9
virsh --quiet define /tmp/web1.xml
vfpool domain define /tmp/web2.xml >/dev/null
check "defined anew, it is pinned still" vfpool domain start web2
check "and runs there" test "$(lease_of "$made")" = eth0#3
check "who says so" grep -q 'holds .*web2 .*eth0#3' <(vfpool who "$made")
virsh --quiet destroy web2
check "and remembers" grep -q 'held .*web2 .*eth0#3' <(vfpool who eth0#3)
vfpool journal | tail -n 30
