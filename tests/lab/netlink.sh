#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Netlink's socket, struck on real VFs: of the calls on it that a start, a stop and a scrub make, each fails in turn, and
# whoever makes it is killed there.  What is said to be done is done, who refuses says why, and no VF is left behind.
# Usage: netlink.sh [POINTS]	so many of each operation; all when it is not given
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh
n_points=${1:-1000} mac=52:54:00:00:00:01
hook=/etc/libvirt/hooks/qemu.d/vfpool

# What a call on the socket meets.  A recvmsg with EAGAIN is what libnl sees when no answer comes in time.
declare -A fates=(
	[socket]="error=EMFILE" [bind]="error=ENOMEM" [setsockopt]="error=ENOMEM" [getsockname]="error=ENOBUFS"
	[sendmsg]="error=ENOBUFS signal=SIGKILL" [recvmsg]="error=ENOBUFS error=EAGAIN signal=SIGKILL"
)

# points : "CALL N FATE" of what strace wrote; it counts the calls of a process by name.
points() {
	local call n each
	awk '{ pid = $1; sub(/^[0-9]+ +/, ""); call = $0; sub(/\(.*/, "", call); n = ++count[pid, call] }
		/AF_NETLINK|<NETLINK/ && !seen[call, n]++ { print call, n }' /run/struck |
		while read -r call n; do
			for each in ${fates[$call]:-}; do
				echo "$call $n $each"
			done
		done
}

# The hook runs under strace in the operation that /run/strike names, with what else stands there.
wrap_hook() {
	mv $hook /root/vfpool-hook
	cat >$hook <<-'END'
		#!/bin/sh
		read -r operation arguments </run/strike
		[ "$2" = "$operation" ] || exec /root/vfpool-hook "$@"
		exec strace -D -f -qq -yy -o /run/struck $arguments /root/vfpool-hook "$@"
	END
	chmod 755 $hook
}

# --- What is done, and what is wrong after it ---

# start_and_stop OPERATION : in which the hook's OPERATION is struck.
start_and_stop() {
	local vf
	if virsh --quiet start web1 >/tmp/said 2>&1; then
		vf=$(lease_of web1)
		vf_words "$vf" | grep -q "$mac.*vlan 100" || echo "it runs with a VF that is not set up: $(vf_words "$vf")"
		[ "$(lease_of web1 .state)" = active ] || echo "it runs without an active lease"
		virsh --quiet destroy web1
	else
		n_refused=$((n_refused + 1))
		[[ $fate = signal=* ]] || grep -q 'netlink\|kernel' /tmp/said || echo "refused without a reason: $(cat /tmp/said)"
	fi
	if [ "$1" = release ] && ! are_free 2; then
		n_refused=$((n_refused + 1))
		[[ $fate = signal=* ]] || vfpool vf list | grep -q 'faulty.*\(netlink\|kernel\)' || echo "neither free nor faulty: $(vfpool vf list)"
		vfpool check --repair >/dev/null
	fi
}

# A VF with what somebody left on it.
scrub() {
	ip link set eth0 vf 1 mac 52:54:00:00:00:99 vlan 300 spoofchk off
	# shellcheck disable=SC2046
	if (strace -f -qq -yy -o /run/struck $(cut -d ' ' -f 2- /run/strike) vfpool vf scrub eth0#1 || exit) >/tmp/said 2>&1; then
		[ "$(vf_words eth0#1 | scrubbed | wc -l)" = 1 ] || echo "it says that it is scrubbed: $(vf_words eth0#1)"
	else
		n_refused=$((n_refused + 1))
		[[ $fate = signal=* ]] || grep -q 'netlink\|kernel' /tmp/said || echo "refused without a reason: $(cat /tmp/said)"
		vfpool vf scrub eth0#1 >/dev/null || echo "cannot be scrubbed again"
	fi
}

# wrong_now : what never may be, whatever was struck.
wrong_now() {
	are_free 2 || echo "not free: $(vfpool vf list)"
	[ "$(ip link show eth0 | scrubbed | wc -l)" = 2 ] || echo "not scrubbed: $(ip link show eth0)"
	nothing_found >/dev/null || vfpool check
}

was_struck() {
	grep -q 'INJECTED\|killed by SIGKILL' /run/struck
}

# strike OPERATION COMMAND… : COMMAND, in which OPERATION meets each of the fates.
strike() {
	local operation=$1 call n fate='' n_done=0 n_missed=0 n_refused=0 n_all words=''
	shift
	echo "$operation -e trace=%network" >/run/strike
	check "$operation in peace" test -z "$("$@" && wrong_now)"
	points >/tmp/points
	n_all=$(wc -l </tmp/points)
	while read -r call n fate <&9; do
		echo "$operation -e trace=$call -e inject=$call:$fate:when=$n" >/run/strike
		"$@" >/tmp/wrong
		n_done=$((n_done + 1))
		wait_until 5 was_struck || n_missed=$((n_missed + 1))
		wrong_now >>/tmp/wrong
		[ ! -s /tmp/wrong ] || words+="$call $n $fate: $(cat /tmp/wrong)"$'\n'
	done 9< <(some "$n_points" </tmp/points)
	if [ -z "$words" ] && [ $n_missed -lt $n_done ]; then
		ok "$operation: $((n_done - n_missed)) of $n_all, $n_refused could not do it"
	else
		fail "$operation: $n_done of $n_all, $n_missed not met" "$words"
	fi
}

step "Two VFs and a guest"
ip link set eth0 up
check "eth0 has 2 VFs" vfpool pf enable eth0 --vfs 2
check "the pool is defined" pool_define eth0
# Which a start has to set, and a scrub to take back: what libvirt sets needs no netlink of ours but to be read.
check "its port group trusts" vfpool portgroup set sriov0 blue trust=on
guest_xml web1 --bare "$(nic $mac)" >/tmp/web1.xml
check "web1 is defined" vfpool domain define /tmp/web1.xml
wrap_hook
step "Each call on netlink's socket"
strike prepare start_and_stop prepare
strike start start_and_stop start
strike started start_and_stop started
strike release start_and_stop release
strike scrub scrub
