#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# More VFs than a real card of the lab has, on the kernel's netdevsim: all attributes of 256 are set and read back in one
# dump; what does not fit into one is refused and not half read.  Run with --netdevsim.
cd "$(dirname "$0")" || exit 1
. ./lib.sh

# sim NUMBER VFS: prints the netdev.
sim() {
	echo "$1 1" >/sys/bus/netdevsim/new_device
	echo "$2" >"/sys/kernel/debug/netdevsim/netdevsim$1/max_vfs"
	echo "$2" >"/sys/bus/netdevsim/devices/netdevsim$1/sriov_numvfs"
	ls "/sys/bus/netdevsim/devices/netdevsim$1/net"
}

# received COMMAND…: how many answers of netlink it took.
received() {
	strace -f -e trace=recvmsg -o /tmp/trace "$@" >/dev/null
	grep -c 'recvmsg.*MSG_PEEK' /tmp/trace
}

PATH=$PATH:/usr/lib/vfpool-tests
mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug
modprobe psample
insmod ./netdevsim.ko || exit 1
step "256 VFs"
dev=$(sim 1 256)
check "all attributes are set and read back" test "$(many-vfs "$dev" 256 set | cut -d , -f 1-2)" = "256 VFs, 256 as set"
many-vfs "$dev" 256 read
check "in one dump" test "$(received many-vfs "$dev" 256 read)" = 1
for n in 200 220 221 222 256 300; do
	[ $n = 256 ] || dev=$(sim $n $n)
	echo "$n: $(many-vfs "$dev" $n read 2>&1); $(many-vfs "$dev" $n counters 2>&1)"
done
step "Where it ends"
for n in 320 330 340 350 360 380 400 512; do
	dev=$(sim $n $n)
	echo "$n: $(many-vfs "$dev" $n read 2>&1); $(many-vfs "$dev" $n counters 2>&1)"
done
