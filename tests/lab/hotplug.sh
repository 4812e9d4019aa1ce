#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A NIC of a pool into a running Linux guest and out of it, by our command; into definitions and out of them; pins.
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh

# leased MAC: domain, port group and state.
leased() {
	lease_of "$1" '.domain + " " + .portgroup + " " + .state'
}

is_scrubbed() {
	vf_words "$1" | scrubbed
}

# runs_without DOMAIN MAC
runs_without() {
	! virsh dumpxml "$1" | grep -q "$2"
}

step "A Linux guest on a VF of the pool, with slots for more"
ip link set eth0 up
vfpool pf enable eth0 --vfs 4
pool_define eth0
first=52:54:00:00:00:01 second=52:54:00:00:00:02 third=52:54:00:00:00:03
slots="<controller type='pci' index='0' model='pcie-root'/>"
slots+=$(for n in 1 2 3 4 5 6; do echo "<controller type='pci' model='pcie-root-port'/>"; done)
guest_xml web1 --ip 10.0.0.1/24 "$slots" "$(nic $first blue)" >/tmp/web1.xml
vfpool domain define /tmp/web1.xml
virsh --quiet start web1
check "the guest has its first NIC" guest_up web1 "L2: NIC .* mac=$first"

step "Attach live"
check "attach" vfpool domain attach web1 --pool sriov0 --portgroup green --mac $second --live
check "the guest sees it come" guest_wait web1 "L2: NIC eth1 mac=$second drv=igbvf" 60
check "it is leased" test "$(leased $second)" = 'web1 green active'
check "with VLAN 200" grep -q "$second.*vlan 200" <(ip link show eth0)
check "the definition is as it was" test "$(virsh dumpxml --inactive web1 | grep -c $second)" = 0
check "nothing is found" nothing_found
expect_fail "the same MAC again is refused" 'already' vfpool domain attach web1 --pool sriov0 --mac $second --live
vf=$(lease_of $second)
check "detach" vfpool domain detach web1 --mac $second --live
check "the guest sees it go" guest_wait web1 "L2: NIC eth1 gone" 30
check "the lease is gone" test -z "$(leased $second)"
check "$vf is scrubbed" is_scrubbed "$vf"
check "and its port" test "$(entries domain)" = 1
check "nothing is found" nothing_found
expect_fail "detached once more" 'holds no VF' vfpool domain detach web1 --mac $second --live

step "Both: what runs and the definition"
check "attach" vfpool domain attach web1 --pool sriov0 --mac $third --live --config
check "leased" test "$(leased $third)" = 'web1 blue active'
check "and in the definition, bound" test "$(virsh dumpxml --inactive web1 | grep -c ua-vfpool-525400000003)" = 1
check "nothing is found" nothing_found
vf=$(lease_of $third)
check "detach" vfpool domain detach web1 --mac $third --live --config
check "$vf is scrubbed" is_scrubbed "$vf"
check "the definition is without it" test "$(virsh dumpxml --inactive web1 | grep -c $third)" = 0
check "nothing is found" nothing_found

step "More than there is"
for n in 4 5 6; do
	check "one more" vfpool domain attach web1 --pool sriov0 --mac 52:54:00:00:00:0$n
done
expect_fail "a fifth on four VFs is refused" 'no free VF|no usable VF' vfpool domain attach web1 --pool sriov0 --mac 52:54:00:00:00:07
check "and leaves no port" test "$(entries domain)" = 4
check "nothing is found" nothing_found

step "Detached by hand: check takes the VF back"
vf=$(lease_of 52:54:00:00:00:06)
virsh dumpxml web1 | xmllint --xpath "//interface[mac/@address='52:54:00:00:00:06']" - >/tmp/nic.xml
# A guest that has just been given three may miss one word.
detached_by_hand() {
	virsh --quiet detach-device web1 /tmp/nic.xml --live
	wait_until 10 runs_without web1 52:54:00:00:00:06
}
check "the guest lets it go" wait_until 40 detached_by_hand
expect_fail "found" 'lease on another VF' vfpool check
check "mended" vfpool check --repair
check "$vf is scrubbed" is_scrubbed "$vf"

step "The guest ends with what it was given later"
virsh --quiet destroy web1
check "no lease is left" test "$(entries lease)" = 0
check "all VFs are free" are_free 4
check "it starts again" virsh --quiet start web1
virsh --quiet destroy web1

step "Definitions: attach, pin and detach while it is off"
vfpool check --repair >/dev/null
check "attach" vfpool domain attach web1 --pool sriov0 --mac $second
check "bound" test "$(virsh dumpxml --inactive web1 | grep -c ua-vfpool-525400000002)" = 1
check "pin" vfpool domain pin web1 --mac $second --vf eth0#3
check "its definition names that VF" test "$(vfpool domain list --json | jq -r ".[] | select(.mac == \"$second\") | .vf")" = eth0#3
virsh --quiet start web1
check "it runs on that VF" test "$(lease_of $second)" = eth0#3
virsh --quiet destroy web1
check "unpin" vfpool domain pin web1 --mac $second --vf auto
for mac in $second $first; do
	check "detach $mac" vfpool domain detach web1 --mac $mac
done
check "no port is left" test "$(entries domain)" = 0
check "nor anything of ours in the definition" test "$(virsh dumpxml --inactive web1 | grep -c vfpool)" = 0
check "nothing is found" nothing_found

step "A guest whose memory is not locked"
guest_xml plain --bare >/tmp/plain.xml
virsh --quiet define /tmp/plain.xml
virsh --quiet start plain
expect_fail "is refused a VF" 'locked' vfpool domain attach plain --pool sriov0
check "but its definition takes one" vfpool domain attach plain --pool sriov0 --config
virsh --quiet destroy plain
check "and it starts with it" virsh --quiet start plain
virsh --quiet destroy plain

step "Slots of PCIe's own, as machines before pc-q35-6.1 have them"
guest_xml native "$slots" "$(nic $first blue)" | sed "s/machine='q35'/machine='pc-q35-6.0'/" >/tmp/native.xml
check "define" vfpool domain define /tmp/native.xml
check "start" virsh --quiet start native
check "the guest has its first NIC" guest_up native "L2: NIC .* mac=$first"
check "attach" vfpool domain attach native --pool sriov0 --mac $second --live
check "detach at once, while the slot's light blinks" vfpool domain detach native --mac $second --live
check "the guest has been busy with both" guest_run native "dmesg | grep -q 'Slot.*power off in 5 sec'"
virsh --quiet destroy native
check "all VFs are free" are_free 4
vfpool journal | tail -n 30
