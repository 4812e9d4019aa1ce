#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# vfpoold as systemd runs it, in its sandbox: it binds, sees VFs that come and go by hand, and sleeps.
# Usage: service.sh [SECONDS-IDLE]        needs --init systemd
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh
idle=${1:-20}

bound() {
	virsh dumpxml --inactive "$1" | grep -q ua-vfpool-
}

is_active() {
	[ "$(systemctl is-active "$1")" = active ]
}

# of NAME: a field of the service's status.
of() {
	sed -n "s/^$1:[[:space:]]*\([0-9]*\).*/\1/p" "/proc/$pid/status"
}

# is_quiet: no wake-up within 3 s.
is_quiet() {
	local before
	before=$(of voluntary_ctxt_switches)
	sleep 3
	[ "$(of voluntary_ctxt_switches)" = "$before" ]
}

step 'The unit'
modprobe vfio-pci
for pf in eth0 eth1; do
	ip link set $pf up
	check "$pf has 7 VFs" vfpool pf enable $pf --vfs 7
done
check 'systemctl start vfpoold' systemctl start vfpoold
check 'its status line' grep -q 'connected to libvirt' <(systemctl status vfpoold)
check 'the pool is defined' pool_define eth0 eth1
exposure=$(systemd-analyze security vfpoold.service | sed -n 's/.*Overall exposure level.*: \([0-9.]*\) .*/\1/p')
check "its exposure is $exposure, 2.0 at most" awk "BEGIN { exit !($exposure <= 2.0) }"

step 'A guest, and a VF attached by hand'
virsh --quiet define <(guest_xml web1 --ip 10.0.0.1/24 "$(nic 52:54:00:00:00:b1)")
check 'define binds' wait_until 5 bound web1
check 'start' virsh --quiet start web1
check 'its NIC' guest_up web1 'L2: NIC .* mac=52:54:00:00:00:b1'
address=$(vfpool vf list --json | jq -r '[.[] | select(.state == "free")][0].pci')
vf_xml "$address" 52:54:00:00:00:99 200 >/tmp/hand.xml
check 'virsh attach-device' virsh --quiet attach-device web1 /tmp/hand.xml --live
check 'is leased as foreign' wait_until 10 there_are 1 lease '.state == "foreign"'
check 'the guest sees it come' guest_wait web1 'L2: NIC .* mac=52:54:00:00:00:99' 60
check 'warned about' grep -q 'attached by hand' <(journalctl -u vfpoold)
check 'virsh detach-device' virsh --quiet detach-device web1 /tmp/hand.xml --live
check 'its lease ends' wait_until 20 there_are 0 lease '.state == "foreign"'
expect_fail 'and its VF is scrubbed' '^$' grep -i 52:54:00:00:00:99 <(ip link show eth0; ip link show eth1)
vfpool vf list
virsh --quiet destroy web1

step 'A VF that somebody took off vfio-pci'
address=$(vfpool vf list --json | jq -r '[.[] | select(.state == "free")][0].pci')
device=/sys/bus/pci/devices/$address
modprobe igbvf
echo "$address" >"$device/driver/unbind"
echo igbvf >"$device/driver_override" # nothing is probed by itself on this PF
echo "$address" >/sys/bus/pci/drivers_probe
check 'is a network device' wait_until 20 [ -e "$device/net" ]
udevadm settle
name=$(ls "$device/net")
check 'that NetworkManager leaves alone' grep -q 'NM_UNMANAGED=1' <(udevadm info "/sys/class/net/$name")
expect_fail 'which a PF is not told' '^$' grep NM_UNMANAGED <(udevadm info /sys/class/net/eth0)
check 'check parks it again' vfpool check --repair
check 'vfio-pci is loaded at boot' grep -q '^vfio-pci$' <(systemd-analyze cat-config modules-load.d 2>/dev/null ||
	cat /usr/lib/modules-load.d/*.conf)

step 'Killed'
pid=$(systemctl show -P MainPID vfpoold)
kill -9 "$pid"
virsh --quiet define <(guest_xml killed --bare "$(nic 52:54:00:00:00:b2)")
check 'systemd starts it again' wait_until 10 is_active vfpoold
check 'and what was defined meanwhile is bound' wait_until 10 bound killed

step "libvirtd restarted"
check 'systemctl restart libvirtd' systemctl restart libvirtd
virsh --quiet define <(guest_xml again --bare "$(nic 52:54:00:00:00:b3)")
check 'it binds' wait_until 20 bound again

step "Idle for $idle s with 30 domains"
for i in $(seq 28); do
	virsh --quiet define <(guest_xml "idle$i" --bare "$(nic "52:54:00:00:01:$(printf %02x "$i")")")
done
check 'the last is bound' wait_until 20 bound idle28
pid=$(systemctl show -P MainPID vfpoold)
check 'all is done' wait_until 120 is_quiet
before=$(of voluntary_ctxt_switches) ticks=$(awk '{ print $14 + $15 }' "/proc/$pid/stat")
sleep "$idle"
after=$(of voluntary_ctxt_switches)
echo "wake-ups $((after - before)), CPU $(($(awk '{ print $14 + $15 }' "/proc/$pid/stat") - ticks)) ticks of 10 ms," \
	"RSS $(of VmRSS) KiB, of it private $(of RssAnon) KiB"
# libvirtd asks every 5 s whether its clients are there (keepalive_interval); the watchdog is told every 30 s.
check 'only libvirtd and the watchdog woke it' [ $((after - before)) -le $((idle / 5 + idle / 30 + 2)) ]
grep -E '^(Rss|Pss|Pss_Anon|Private_Clean|Private_Dirty):' "/proc/$pid/smaps_rollup" | tr -s ' \n' ' '
echo
systemctl show -P StatusText vfpoold
check 'it stops' systemctl stop vfpoold
echo "AppArmor: $(cat /sys/module/apparmor/parameters/enabled 2>/dev/null), libvirtd is $(cat "/proc/$(pidof libvirtd)/attr/current")"
expect_fail 'AppArmor denied nothing to the hook' '^$' \
	grep -E 'apparmor="DENIED".*(vfpool|hooks)' <(journalctl -k -o cat; journalctl -o cat _TRANSPORT=audit)
journalctl -u vfpoold -o cat | grep -vE 'bound after|undefined, its' | tail -n 30
