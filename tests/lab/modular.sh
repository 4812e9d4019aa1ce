#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Beside modular daemons: the same vfpoold, hook and commands with virtqemud's socket instead of libvirtd's.  Debian
# ships no virtqemud (12, 13 and sid were looked at), so libvirtd itself stands behind that socket here.
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh
# Without one, virsh looks for libvirtd's socket only where no virtqemud is installed.
export LIBVIRT_DEFAULT_URI=qemu:///system

bound() {
	virsh dumpxml --inactive "$1" | grep -q ua-vfpool-
}

connections() {
	[ "$(grep -c 'connected to libvirt' "$OUT/vfpoold.log")" = "$1" ]
}

no_libvirtd() {
	! pidof libvirtd
}

is_up() {
	virsh --quiet list >/dev/null 2>&1
}

step "The socket of virtqemud takes the place of libvirtd's"
kill "$(pidof libvirtd)"
wait_until 10 no_libvirtd
rm -f /run/libvirt/libvirt-sock*
mkdir -p /run/modular
echo 'unix_sock_dir = "/run/modular"' >>/etc/libvirt/libvirtd.conf
for name in sock sock-ro admin-sock; do
	ln -s /run/modular/libvirt-$name /run/libvirt/virtqemud-$name
done
libvirtd -d
check 'it answers' wait_until 20 is_up
check "there is no socket of libvirtd's own" [ ! -e /run/libvirt/libvirt-sock ]

step 'vfpoold beside it'
ip link set eth0 up
check 'eth0 has 2 VFs' vfpool pf enable eth0 --vfs 2
check 'the pool is defined' pool_define eth0
nice -n -10 vfpoold 2>"$OUT/vfpoold.log" &
vfpoold=$!
check 'it connects' wait_until 10 connections 1
virsh --quiet define <(guest_xml web1 --bare "$(nic 52:54:00:00:00:01)")
check 'define binds' wait_until 5 bound web1
check 'start' virsh --quiet start web1
check 'the lease is active' test "$(vfpool lease list --json | jq -r '.[0].state')" = active
check 'nothing is found' vfpool check

step 'The daemon is killed'
kill -9 "$(pidof libvirtd)"
libvirtd -d
check 'vfpoold finds it again' wait_until 30 connections 2
check 'the lease is active still' test "$(vfpool lease list --json | jq -r '.[0].state')" = active
check 'stop' virsh --quiet destroy web1
check 'the VF is free' test "$(vfpool vf list --json | jq -r '[.[].state] | join(",")')" = free,free
check 'nothing is found' vfpool check
kill $vfpoold
cat "$OUT/vfpoold.log"
