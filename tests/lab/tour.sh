#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The tour: README's first command, and the first test that a change has to pass.  It shows each step as a user
# would take it, and checks what it shows.
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh

# show COMMAND…: prints the command as one types it, then what it says.
show() {
	printf '\n# %s\n' "$*"
	"$@" 2>&1
}

# vf_line PF MAC: what the kernel says of the VF with that MAC.
vf_line() {
	ip link show "$1" | grep -i "vf .*$2"
}

step "Two cards with SR-IOV, and nothing set up"
ip link set eth0 up
ip link set eth1 up
show vfpool pf list

step "Give each card its seven virtual functions, parked on vfio-pci"
for pf in eth0 eth1; do
	show vfpool pf enable $pf --vfs 7
done
check "both have a link" links_up eth0 eth1
check "14 VFs are on vfio-pci" test "$(ls -d /sys/bus/pci/drivers/vfio-pci/0000:* | wc -l)" = 14

step "A pool of both cards, with two port groups"
cat >/tmp/sriov0.xml <<'END'
<vfpool>
  <name>sriov0</name>
  <physicalNetwork>physnet1</physicalNetwork>
  <pf dev='eth0'/>
  <pf dev='eth1'/>
  <portgroup name='blue' default='yes'>
    <vlan><tag id='100'/></vlan>
  </portgroup>
  <portgroup name='green'>
    <vlan><tag id='200'/></vlan>
  </portgroup>
</vfpool>
END
show cat /tmp/sriov0.xml
show vfpool pool define /tmp/sriov0.xml
show vfpool pool list

step "Three VMs: two blue, one green. This is all that their XML says of it:"
blue1=52:54:00:00:00:b1 blue2=52:54:00:00:00:b2 green1=52:54:00:00:00:01
nic $blue1 blue
guest_xml blue1 --ip 10.0.0.1/24 "$(nic $blue1 blue)" >/tmp/blue1.xml
guest_xml blue2 --ip 10.0.0.2/24 "$(nic $blue2 blue)" >/tmp/blue2.xml
guest_xml green1 --ip 10.0.0.3/24 "$(nic $green1 green)" >/tmp/green1.xml
for vm in blue1 blue2 green1; do
	show vfpool domain define /tmp/$vm.xml
done
show vfpool domain list
echo "What libvirt has now of blue1's NIC:"
virsh dumpxml --inactive blue1 | sed -n "/<interface/,/<\/interface>/p" | tail -n 12
virsh dumpxml --inactive blue1 >/tmp/blue1.bound.xml
check "libvirt's own validator takes the definition" virt-xml-validate /tmp/blue1.bound.xml

step "Start them with plain virsh, and look into each: its NIC has the MAC of the definition"
for vm in blue1 blue2 green1; do
	show virsh --quiet start $vm
	check "$vm runs" test "$(virsh domstate $vm | head -n 1)" = running
	declare -n mac=$vm
	check "$vm's own console says $mac" guest_up $vm "L2: NIC .* mac=$mac"
	guest_wait $vm 'L2: NIC' 5
done

step "Who holds what"
show vfpool lease list
show vfpool vf list
show ip link show eth0
check "the PF shows blue1's MAC with VLAN 100" grep -q 'vlan 100' <(vf_line eth0 $blue1; vf_line eth1 $blue1)
check "the PF shows green1's MAC with VLAN 200" grep -q 'vlan 200' <(vf_line eth0 $green1; vf_line eth1 $green1)

step "The wire: blue reaches blue, green does not"
show guest_run blue1 'ping -c 3 10.0.0.2'
check "blue1 reaches blue2" guest_run blue1 'ping -c 1 -W 10 10.0.0.2'
show guest_run blue1 'ping -c 3 -W 2 10.0.0.3'
expect_fail "blue1 does not reach green1" '100% packet loss' guest_run blue1 'ping -c 3 -W 2 10.0.0.3'
expect_fail "green1 does not reach blue1" '100% packet loss' guest_run green1 'ping -c 3 -W 2 10.0.0.1'

step "What cannot work with a VF is refused, and the VM runs on"
expect_fail "virsh migrate" 'cannot migrate domain' virsh migrate --live blue1 qemu:///system
show virsh migrate --live blue1 qemu:///system
expect_fail "virsh save" 'VFIO|cannot migrate|not supported' virsh save blue1 /tmp/blue1.save
show virsh save blue1 /tmp/blue1.save
expect_fail "virsh snapshot-create-as --disk-only" 'error:' virsh snapshot-create-as blue1 s1 --disk-only
show virsh snapshot-create-as blue1 s1 --disk-only
check "blue1 runs on" test "$(virsh domstate blue1 | head -n 1)" = running

step "A second VM may not take a VF by hand"
pci=$(vfpool lease list --json | jq -r '.[0].pci')
vf_xml "$pci" 52:54:00:00:00:99 >/tmp/hand.nic
guest_xml hand --bare "$(cat /tmp/hand.nic)" >/tmp/hand.xml
virsh --quiet define /tmp/hand.xml
expect_fail "refused in words" 'may not be named by hand' virsh start hand
show virsh start hand
virsh --quiet undefine hand

step "Stop: every VF is scrubbed, read back and free"
for vm in blue1 blue2 green1; do
	show virsh --quiet destroy $vm
done
show vfpool lease list
show vfpool vf list
show ip link show eth0
check "no lease is left" test "$(entries lease)" = 0
check "all 14 VFs are free" are_free 14
for pf in eth0 eth1; do
	check "no VF of $pf has a MAC, VLAN or trust left" test "$(ip link show $pf | scrubbed | wc -l)" = 7
done

step "Who was behind that MAC?"
show vfpool who $blue1
check "blue1, some time ago" test "$(vfpool who $blue1 --json | jq -r '.[0] | .what + " " + .domain')" = "held blue1"
virsh --quiet start blue2
show vfpool who $blue2
check "blue2, now" test "$(vfpool who $blue2 --json | jq -r '[.[] | select(.what == "holds")][0].domain')" = blue2
virsh --quiet destroy blue2
show vfpool journal --domain blue2

step "Summary"
cat <<'END'
A pool of 14 virtual functions; three VMs that name a pool and a port group; plain virsh start and destroy.
Each VM had its own MAC and its port group's VLAN on a real VF, saw its own colour only, was kept from what
a VF cannot do, and gave its VF back clean. What to read next: README, "Quick start on a real host".
END
