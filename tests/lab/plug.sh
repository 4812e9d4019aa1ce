#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A NIC into a running guest and out of it, struck at each word to libvirt: the command is killed there, or libvirtd is.
# Who holds which VF is as QEMU has it after check --repair, or after vfpoold has come to it; the command does it when it is
# asked again, and when the NIC is out its VF is scrubbed.  Where a libvirtd died while it gave QEMU the VF its successor
# knows nothing of that: the VF is leased until the domain stops.
# Usage: plug.sh [POINTS]	so many of each; all when it is not given
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh
. ./daemons.sh
n_points=${1:-1000} first=52:54:00:00:00:01 second=52:54:00:00:00:02

attach() {
	"$@" vfpool domain attach web1 --pool sriov0 --mac $second --live --config
}

detach() {
	"$@" vfpool domain detach web1 --mac $second --live --config
}

# words : "CALL N" of each word to libvirt in what strace wrote; it counts the calls of a process by name.
words() {
	awk '{ pid = $1; sub(/^[0-9]+ +/, ""); call = $0; sub(/\(.*/, "", call); n = ++count[pid, call] }
		/UNIX-STREAM/ && /^(write|send|sendto|sendmsg|writev)\(/ && !seen[call, n]++ { print call, n }' /run/struck
}

# --- What is so ---

qemu_pid() {
	cat /run/libvirt/qemu/web1.pid
}

# open_vfs : those that QEMU has open, as the kernel says.
open_vfs() {
	local link
	for link in "/proc/$(qemu_pid)"/fd/*; do
		link=$(readlink "$link")
		[[ $link =~ ^/dev/vfio/[0-9]+$ ]] && ls "/sys/kernel/iommu_groups/${link##*/}/devices"
	done | sort
}

# leased_vfs : those that the book gives to web1.
leased_vfs() {
	vfpool lease list --json | jq -r '.[] | select(.domain == "web1").vf' | while IFS='#' read -r pf index; do
		vf_address "$pf" "$index"
	done | sort
}

# libvirts_vfs : those that libvirt has in the domain as it runs.
libvirts_vfs() {
	virsh dumpxml web1 | xmllint --xpath '//interface[@type="hostdev"]/source/address' - |
		sed -nE "s/.*domain=\"0x(.*)\" bus=\"0x(.*)\" slot=\"0x(.*)\" function=\"0x(.*)\".*/\1:\2:\3.\4/p" | sort
}

# is_mended : by check --repair, or by vfpoold where that runs.
is_mended() {
	[ -e "$OUT/vfpoold.pid" ] || vfpool check --repair >/tmp/mended 2>&1
	vfpool check >/tmp/found 2>&1
}

# mended : what it says of it.
mended() {
	if [ -e "$OUT/vfpoold.pid" ]; then
		tail -n 8 "$vfpoold_log"
	else
		cat /tmp/mended
	fi
}

# agree : the kernel, the book and libvirt.
agree() {
	[ "$(open_vfs)" = "$(leased_vfs)" ] && [ "$(libvirts_vfs)" = "$(open_vfs)" ]
}

# is_lost_to_libvirt : QEMU has the VF, and it is leased, and libvirt does not know.
is_lost_to_libvirt() {
	[ "$(open_vfs)" = "$(leased_vfs)" ] && [ "$(open_vfs | wc -l)" = 2 ] && [ "$(libvirts_vfs | wc -l)" = 1 ]
}

# renew : the domain stops, and all it had is free and scrubbed; then it starts.
renew() {
	virsh --quiet destroy web1
	wait_until 10 are_free 3 || vfpool vf list
	[ "$(ip link show eth0 | scrubbed | wc -l)" = 3 ] || ip link show eth0
	virsh --quiet start web1
	guest_up web1 "L2: NIC .* mac=$first" >/dev/null || echo "no guest"
	wait_until 15 is_mended # the port of a NIC that its definition had lost
}

all_say() {
	printf 'open:\n%s\nleased:\n%s\nlibvirt:\n%s\n' "$(open_vfs)" "$(leased_vfs)" "$(libvirts_vfs)"
}

is_in() {
	[ "$(open_vfs | wc -l)" = 2 ] && [ "$(virsh dumpxml --inactive web1 | grep -c "ua-vfpool-${second//:/}")" = 1 ]
}

is_out() {
	[ "$(open_vfs | wc -l)" = 1 ] && ! virsh dumpxml --inactive web1 | grep -q $second
}

# insist DONE OPERATION : until it is done. Only a guest that hangs is excused: it starts anew.
insist() {
	if ! "$1" && ! "$2" env >/tmp/insisted 2>&1; then
		cat /tmp/insisted
		guest_hangs web1 || return
		note "web1 hangs, at $(guest_place web1); it starts anew"
		renew
		"$1" || "$2" env
	fi
	"$1" || { all_say && false; }
}

# --- Striking ---

# killed CALL N / no_libvirtd CALL N : how a command is run that is killed there, or whose libvirtd is.
killed() {
	strace -D -f -qq -o /run/struck -e trace="$1" -e inject="$1:signal=SIGKILL:when=$2" "${@:3}"
}

is_stopped() {
	grep -qs 'stopped by SIGSTOP' /run/struck
}

is_stopped_or_over() {
	is_stopped || ! kill -0 "$1" 2>/dev/null
}

no_libvirtd() {
	strace -D -f -qq -o /run/struck -e trace="$1" -e inject="$1:signal=SIGSTOP:when=$2" "${@:3}" &
	wait_until 30 is_stopped_or_over $!
	if is_stopped; then
		kill_libvirtd
		wait_until 20 libvirtd_is_up
		kill -CONT $!
	fi
	wait $!
}

# strike HOW OPERATION DONE OTHER UNDONE : the operation, struck at each of its words, and DONE says whether it is done;
# then the other, which undoes it.
strike() {
	local how=$1 operation=$2 done=$3 other=$4 undone=$5 call n n_done=0 n_ended=0 n_lost=0 wrong='' words status
	while read -r call n <&9; do
		n_done=$((n_done + 1)) words=''
		rm -f /run/struck
		$operation "$how" "$call" "$n" >/tmp/said 2>&1
		status=$?
		if [ $status = 0 ]; then
			$done || words+="says 0 and it is not done; "
		else
			n_ended=$((n_ended + 1))
			[ "$how" = killed ] || [ -s /tmp/said ] || words+="exit $status without a word; "
		fi
		if ! wait_until 20 is_mended && is_lost_to_libvirt; then
			n_lost=$((n_lost + 1))
			$operation env 2>&1 | grep -q . || words+="says nothing when it is asked again; "
			words+=$(renew)
		fi
		wait_until 15 is_mended || words+="check still finds: $(cat /tmp/found); "
		agree || words+="$(all_say); "
		insist "$done" "$operation" >/tmp/again 2>&1
		$done || words+="not done when it is asked again: $(cat /tmp/again); "
		[ -z "$words" ] || words+="it had said: $(cat /tmp/said); mended: $(mended); journal: $(vfpool journal | tail -n 12)"
		insist "$undone" "$other" >/tmp/other 2>&1
		$undone || words+="cannot be undone: $(cat /tmp/other); "
		nothing_found >/tmp/found 2>&1 || words+="in the end: $(cat /tmp/found); "
		[ -z "$words" ] || wrong+="$call $n: $words"$'\n'
	done 9< <(some "$n_points" <"/tmp/$operation")
	if [ -z "$wrong" ] && [ $n_done -gt 0 ]; then
		ok "$operation, $how: $n_done of $(wc -l <"/tmp/$operation"), $n_ended cut short, $n_lost lost to libvirt"
	else
		fail "$operation, $how: $n_done of $(wc -l <"/tmp/$operation")" "$wrong"
	fi
}

step "A Linux guest on a VF of the pool, with slots for more"
ip link set eth0 up
check "eth0 has 3 VFs" vfpool pf enable eth0 --vfs 3
check "the pool is defined" pool_define eth0
slots="<controller type='pci' index='0' model='pcie-root'/>"
slots+=$(for n in 1 2 3 4 5 6; do echo "<controller type='pci' model='pcie-root-port'/>"; done)
guest_xml web1 --ip 10.0.0.1/24 "$slots" "$(nic $first blue)" >/tmp/web1.xml
check "web1 is defined" vfpool domain define /tmp/web1.xml
check "it starts" virsh --quiet start web1
check "the guest has its first NIC" guest_up web1 "L2: NIC .* mac=$first"

step "In peace"
for operation in attach detach; do
	rm -f /run/struck
	check "$operation" $operation strace -f -qq -yy -o /run/struck
	words >"/tmp/$operation"
	check "all agree" agree
done
check "nothing is found" nothing_found

strike_all() {
	local how
	for how in killed no_libvirtd; do
		strike $how attach is_in detach is_out
		check "attached" insist is_in attach
		strike $how detach is_out attach is_in
		check "detached" insist is_out detach
	done
}

step "Struck, and mended by check --repair"
strike_all
step "Struck, with vfpoold beside it"
keep_vfpoold &
check "vfpoold is there" wait_until 10 grep -q 'connected to libvirt' "$vfpoold_log"
for turn in first second third; do
	check "in, a $turn time" insist is_in attach
	check "out, a $turn time" insist is_out detach
done
expect_fail "command and vfpoold do not take each other for strangers" '^$' grep ' overwritten ' <(vfpool journal)
strike_all
touch "$OUT/over"
kill "$(cat "$OUT/vfpoold.pid")"
wait
check "it stops" virsh --quiet destroy web1
check "all VFs are free" are_free 3
check "and scrubbed" test "$(ip link show eth0 | scrubbed | wc -l)" = 3
check "nothing is found" nothing_found
