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

step "Where it ends"
# reads NUMBER WORDS [counters]: what is read of a port with so many VFs.
reads() {
	[ -e "/sys/bus/netdevsim/devices/netdevsim$1" ] || sim "$1" "$1" >"/tmp/sim$1"
	[[ $(many-vfs "$(cat "/tmp/sim$1")" "$1" "${3:-read}" 2>&1) =~ $2 ]]
}
check "221 VFs with their counters" reads 221 '221 VFs,.* 221 with counters' counters
check "222 without: the attributes alone" reads 222 '222 VFs,.* 0 with counters' counters
check "330 VFs" reads 330 '330 VFs'
check "more than the kernel's message holds are refused with words" reads 340 'does not hold all its VFs.*make fewer'
