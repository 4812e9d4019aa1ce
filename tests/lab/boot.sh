#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The power is cut with domains running, then the host is rebooted in order: after each the VFs are there and
# parked before libvirt comes up, the leases of before are void, and the domains on autostart run on VFs.
# Run with --init systemd.
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh

# n_autostart COUNT: lines of vfpoold's own starts.
n_autostart() {
	[ "$(vfpool journal | grep -c ' autostart ')" = "$1" ]
}

# monotonic UNIT PROPERTY: in microseconds since boot.
monotonic() {
	systemctl show "$1" -p "$2" --value
}

vfio_count() {
	find /sys/bus/pci/drivers/vfio-pci/ -name '0000:*' | wc -l
}

after_boot() {
	check "the unit has done its work" systemctl is-active vfpool-restore.service
	check "before libvirtd was started" test "$(monotonic vfpool-restore.service ExecMainExitTimestampMonotonic)" \
		-le "$(monotonic libvirtd.service ExecMainStartTimestampMonotonic)"
	journalctl -b -u vfpool-restore.service -o cat --no-pager
	vfpool pf list
	check "4 VFs on eth0, 2 on eth1" test "$(vfpool pf list --json | jq -c '[.[].vfs]')" = '[4,2]'
	check "all of them parked" test "$(vfio_count)" = 6
	check "both PFs are up" test "$(vfpool pf list --json | jq -c '[.[].link]')" = '["up","up"]'
	check "the domains on autostart run on VFs" wait_until 240 there_are 3 lease '.state == "active"'
	journalctl -b -u libvirtd.service -p warning -o cat --no-pager | tail -n 5
	vfpool lease list
	check "and no others" test "$(vfpool lease list --json | jq -r '.[].domain' | tr '\n' ' ')" = 'web1 web2 web4 '
	check "vfpoold has started web4, once, when it was bound" n_autostart 1
	check "web3 is off, and bound" test "$(virsh domstate web3 | head -n 1)" = 'shut off'
	check "nothing is found" nothing_found
	vfpool check
}

case $BOOT in
1)
	step "A host with two cards, and three domains, of which two are on autostart"
	# What the administrator's network configuration does.  libvirt starts no domain on a VF of a PF that is down.
	cat >/etc/systemd/system/pf-up.service <<-'END'
		[Unit]
		Before=network.target
		Wants=sys-subsystem-net-devices-eth0.device sys-subsystem-net-devices-eth1.device
		After=sys-subsystem-net-devices-eth0.device sys-subsystem-net-devices-eth1.device
		[Service]
		Type=oneshot
		ExecStart=ip link set eth0 up
		ExecStart=ip link set eth1 up
		[Install]
		WantedBy=multi-user.target
	END
	systemctl --quiet enable --now pf-up.service
	check "the unit is well formed" systemd-analyze verify --man=no vfpool-restore.service
	check "it can be enabled" systemctl enable vfpool-restore.service
	systemctl restart libvirtd
	# The unit does it itself from the next boot on.
	modprobe vfio-pci
	vfpool pf enable eth0 --vfs 4
	vfpool pf enable eth1 --vfs 2
	pool_define eth0 eth1
	for n in 1 2 3; do
		guest_xml web$n --bare "$(nic 52:54:00:00:00:0$n)" >/tmp/web$n.xml
		vfpool domain define /tmp/web$n.xml
	done
	virsh --quiet autostart web1
	virsh --quiet autostart web2
	for n in 1 2 3; do
		check "web$n starts" virsh --quiet start web$n
	done
	check "nothing is found" nothing_found
	vfpool lease list
	# Nobody has bound this one when libvirt tries to start it.
	virsh --quiet define <(guest_xml web4 --bare "$(nic 52:54:00:00:00:04)")
	virsh --quiet autostart web4
	check "vfpoold can be enabled" systemctl enable vfpoold.service
	sync
	step "The power is cut"
	power_cut
	;;
2)
	step "After the power cut"
	after_boot
	check "the leases of before are void" test "$(vfpool journal | grep -c ' void ')" = 3
	step "A reboot in order"
	check "web1 stops" virsh --quiet destroy web1
	check "web2 stops" virsh --quiet destroy web2
	check "web4 stops" virsh --quiet destroy web4
	check "systemctl restart vfpoold" systemctl restart vfpoold
	check "which starts nothing again" n_autostart 1
	expect_reboot
	systemctl reboot
	sleep infinity
	;;
3)
	step "After the reboot"
	after_boot
	check "no lease was left to be voided" test "$(vfpool journal | grep -c ' void ')" = 3
	vfpool journal | tail -n 25
	;;
esac
