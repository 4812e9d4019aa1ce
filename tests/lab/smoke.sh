#!/bin/bash
# Proves the lab itself, without vfpool: VFs and their IOMMU groups, guests on VFs, the wire, a PF's link, a reboot.
set -eu
. ./lib.sh
. ./guest.sh

alone_in_iommu_group() {
	[ "$(ls "/sys/bus/pci/devices/$1/iommu_group/devices")" = "$1" ]
}

carrier_is() {
	[ "$(cat "/sys/class/net/$1/carrier")" = "$2" ]
}

# on_vf PF INDEX VLAN NAME IP : a guest on a VF; the last byte of its MAC is that of its address.
on_vf() {
	local address mac
	address=$(vf_address "$1" "$2")
	mac=52:54:00:12:34:0${5##*.}
	check "$4 starts on $address, VLAN $3" \
		guest_start "$4" --ip "$5/24" "$(vf_xml "$address" "$mac" "$3")"
	check "its MAC is $mac" guest_up "$4" "NIC eth0 mac=$mac drv=igbvf"
}

if [ "$BOOT" = 2 ]; then
	step 'After the reset'
	check 'the disk has what was written and synced before' grep -q before /root/smoke
	check 'no VF is left' [ ! -e /sys/class/net/eth0/device/virtfn0 ]
	exit
fi

step 'Two PFs of seven VFs'
for pf in eth0 eth1; do
	check "$pf makes 7 VFs" make_vfs "$pf" 7
	for index in 0 1 2 3 4 5 6; do
		address=$(vf_address $pf $index)
		check "VF $index of $pf, $address, has an IOMMU group to itself" alone_in_iommu_group "$address"
	done
done

step 'Guests'
on_vf eth0 0 100 web1 10.0.0.1
on_vf eth1 3 100 web2 10.0.0.2
on_vf eth1 4 200 web3 10.0.0.3
check 'web1 reaches web2 on the other PF' guest_run web1 'ping -c 3 10.0.0.2'
expect_fail 'web1 does not reach web3 in another VLAN' '100% packet loss' guest_run web1 'ping -c 3 -W 1 10.0.0.3'

step 'The wire'
check 'frames of web1 have tag 100' on_wire pf0 ether src 52:54:00:12:34:01 and vlan 100
expect_fail 'and none has another' '^$' on_wire pf0 ether src 52:54:00:12:34:01 and not vlan 100
check 'frames of web3 have tag 200' wait_until 10 on_wire pf1 ether src 52:54:00:12:34:03 and vlan 200

step 'The end of a guest'
check 'web1 is destroyed' virsh destroy web1
check 'its VF goes back to igbvf' [ "$(vf_driver "$(vf_address eth0 0)")" = igbvf ]

step 'The link of a PF'
check 'up' wait_until 10 carrier_is eth0 1
check 'is pulled' l0 link pf0 off
check 'down' wait_until 10 carrier_is eth0 0
check 'is plugged in' l0 link pf0 on
check 'up' wait_until 10 carrier_is eth0 1

step 'Reset'
echo before >/root/smoke
sync
power_cut
