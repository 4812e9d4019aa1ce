#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# libvirtd is killed while the hook of a stop waits to scrub a VF, and the next owner of the VF starts meanwhile: the
# hook that is late touches neither its lease nor its device.
# Usage: late-release.sh [ROUNDS]
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh
. ./daemons.sh
rounds=${1:-5}

# lock_vf: holds the lock of eth0#0 until its stdin ends, and says when it has it.
lock_vf() {
	python3 -c '
import fcntl, struct, sys
file = open("/run/vfpool/vf/0000:01:00.0-0", "r+")
fcntl.fcntl(file, fcntl.F_OFD_SETLKW, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
print("locked", flush=True)
sys.stdin.read()'
}

# The hook's processes: "PID DOMAIN OPERATION".
hooks() {
	pgrep -a -f '^/etc/libvirt/hooks/qemu.d/vfpool ' | sed 's| /etc/libvirt/hooks/qemu.d/vfpool||'
}

hook_runs() {
	hooks | grep -q " $1 $2 "
}

no_hook_runs() {
	! hooks | grep -q .
}

holder() {
	vfpool lease list --json | jq -r '[.[] | .domain + " " + .state] | join(",")'
}

held_by() {
	[ "$(holder)" = "$1 active" ]
}

step 'One VF, two domains'
ip link set eth0 up
check 'eth0 has a VF' vfpool pf enable eth0 --vfs 1
check 'the pool is defined' pool_define eth0
for n in 1 2; do
	guest_xml web$n --bare "$(nic 52:54:00:00:00:0$n)" >/tmp/web$n.xml
	check "web$n is defined" vfpool domain define /tmp/web$n.xml
done
check 'web1 starts' virsh --quiet start web1

for i in $(seq "$rounds"); do
	old=web$((2 - i % 2)) new=web$((i % 2 + 1))
	step "Round $i: $old goes, $new comes"
	coproc lock { lock_vf; }
	read -r _ <&"${lock[0]}"
	virsh --quiet destroy $old >/dev/null 2>&1 &
	check 'its release waits for the VF' wait_until 20 hook_runs $old release
	pid=$(pidof libvirtd)
	kill -9 "$pid"
	wait_until 5 [ ! -e "/proc/$pid" ]
	check 'it outlives libvirtd' hook_runs $old release
	libvirtd -d
	check 'libvirt is back' wait_until 20 libvirtd_is_up
	virsh --quiet start $new >/tmp/start 2>&1 &
	start=$!
	wait_until 5 hook_runs $new prepare
	hooks
	eval "exec ${lock[1]}>&-"
	wait $start || {
		# The first one may have given the VF up as busy: what it says is to be true, and the next start works.
		cat /tmp/start
		wait_until 20 no_hook_runs
		check "$new starts again" virsh --quiet start $new
	}
	check 'no hook is left' wait_until 20 no_hook_runs
	check "$new holds the VF" held_by $new
	check 'and the VF its MAC and VLAN' grep -q "52:54:00:00:00:0${new#web}.*vlan 100" <(ip link show eth0)
	check 'nothing is found' vfpool check
done
virsh --quiet destroy "$(virsh --quiet list --name | head -n 1)"
check 'the VF is free' test "$(vfpool vf list --json | jq -r '.[0].state')" = free
vfpool journal | tail -n 20
