#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Many starts and stops, with one disturbance after the other, and in the last third without any: nothing that vfpool
# holds grows. Each turn ends with a line of what is there: leases, VFs, memory, descriptors, locks, the journal.
#
#	long.sh [CYCLES]	1000, which takes about an hour and a half; a cycle is a start and a stop
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh
. ./daemons.sh
cycles=${1:-1000}
n_clients=2 n_domains=7 # of each client; the pool has a VF for each domain
tries=20
mkfifo /run/cycle-ends
exec {cycle_ends}<>/run/cycle-ends # a line for each cycle that has ended

# --- What is there --------------------------------------------------------------------------------

all_bound() {
	[ "$(entries domain '.vf != null')" -ge $((n_clients * n_domains)) ]
}

no_hook_runs() {
	! pgrep -f '^/etc/libvirt/hooks/qemu.d/vfpool ' >/dev/null
}

memory_of() {
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status"
}

descriptors_of() {
	find "/proc/$1/fd" -mindepth 1 | wc -l
}

n_locks() {
	find /run/vfpool -type f | wc -l
}

vfpoold_pid() {
	cat "$OUT/vfpoold.pid"
}

# state TURN : a line of numbers. heading : what they are.
state() {
	local vfpoold libvirtd
	vfpoold=$(vfpoold_pid) libvirtd=$(cat /run/libvirtd.pid)
	printf '%-14s %6s %7s %6s %4s %5s %8s %4s %8s %4s %7s %5s\n' "$1" "$(done_in "$1")" "$(failed_in "$1")" \
		"$(entries lease)" "$(entries vf '.state == "free"')" "$(n_locks)" \
		"$(memory_of "$vfpoold")" "$(descriptors_of "$vfpoold")" \
		"$(memory_of "$libvirtd")" "$(descriptors_of "$libvirtd")" \
		"$(vfpool journal | wc -l)" "$(du -k /var/lib/vfpool | cut -f 1)"
}

heading() {
	printf '%-14s %6s %7s %6s %4s %5s %8s %4s %8s %4s %7s %5s\n' turn cycles refused leases free locks \
		vfpoold fds libvirtd fds journal KiB
}

# --- A client ---------------------------------------------------------------------------------------

# again DOMAIN STATE VERB [OPTION] : until the domain is in that state; what is refused is tried again, as people do.
again() {
	local domain=$1 state=$2 try said
	shift 2
	for ((try = 0; try < tries; try++)); do
		said=$(virsh --quiet "$@" "$domain" 2>&1) && return
		echo "refused $1 $domain ${said//$'\n'/ }"
		wait_until 30 libvirtd_is_up
		# It was done, and libvirt died before it could say so.
		[ "$(virsh --quiet domstate "$domain" 2>/dev/null)" != "$state" ] || return 0
	done
	return 1
}

# client NUMBER CYCLES TURN
client() {
	local i
	for ((i = 0; i < $2; i++)); do
		again "d$1-$((i % n_domains))" paused start --paused &&
			again "d$1-$((i % n_domains))" 'shut off' destroy && echo cycle && echo cycle >&"$cycle_ends"
	done >>"$OUT/$3.client$1"
}

done_in() {
	cat "$OUT/$1".client* 2>/dev/null | grep -c '^cycle'
}

failed_in() {
	cat "$OUT/$1".client* 2>/dev/null | grep -c '^refused'
}

# --- Disturbances: each runs until the turn is over -----------------------------------------------------

# every_cycle COMMAND… : the command, then a cycle has to be done before it comes again.
every_cycle() {
	local word=''
	until [ "$word" = over ]; do
		"$@"
		read -r -u "$cycle_ends" word
		# What else has ended meanwhile is not to bring it twice.
		while [ "$word" != over ] && read -r -t 0 -u "$cycle_ends"; do
			read -r -u "$cycle_ends" word
		done
	done
}

no_disturbance() { :; }

both_daemons() {
	kill_vfpoold
	kill_libvirtd
}

# One of the hooks that run, or the next one that does.
kill_hook() {
	local pid
	pid=$(pgrep -f '^/etc/libvirt/hooks/qemu.d/vfpool ' | shuf -n 1)
	[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null
}

commands() {
	local uuid=00000000-0000-0000-0000-0000000000cc
	{
		vfpool check --repair
		vfpool domain list
		vfpool vf hold eth1#6 --reason 'a look at it'
		vfpool claim --domain $uuid --pool sriov0 --ttl 60
		vfpool release --domain $uuid
		vfpool vf unhold eth1#6
		vfpool domain rewrite <(guest_xml other --bare "$(nic 52:54:00:00:0f:01)")
		vfpool journal
	} >>"$OUT/commands" 2>&1
}

# shellcheck disable=SC2016 # nothing is to be expanded
definitions() {
	local name='a "b" $(x)\ é;c'
	{
		virsh --quiet define <(guest_xml NAME --bare "$(nic 52:54:00:00:0e:01 green)" |
			awk -v "name=${name//\\/\\\\}" '/<name>/ { gsub(/"/, "\\&quot;", name); print "<name>" name "</name>"; next } 1')
		virsh --quiet domrename "$name" "$name 2"
		virsh --quiet undefine "$name 2"
	} >>"$OUT/definitions" 2>&1
}

turns="no_disturbance kill_vfpoold kill_libvirtd both_daemons kill_hook commands definitions"

# turn NAME CYCLES DISTURBANCE…
turn() {
	local name=$1 share=$(($2 / n_clients)) i clients=() disturber
	shift 2
	every_cycle "$@" &
	disturber=$!
	for ((i = 0; i < n_clients; i++)); do
		client $i $share "$name" &
		clients+=($!)
	done
	wait "${clients[@]}"
	echo over >&"$cycle_ends"
	wait $disturber
	wait_until 60 libvirtd_is_up
	check "$name: $((share * n_clients)) cycles are done" test "$(done_in "$name")" = $((share * n_clients))
	check "$name: no hook is left" wait_until 60 no_hook_runs
	check "$name: all VFs are free" wait_until 60 are_free 14
	check "$name: check finds nothing" wait_until 60 nothing_found
	check "$name: no QEMU is left" test -z "$(vfs_of_qemus)"
	state "$name" | tee -a "$OUT/states"
}

step "14 domains on 14 VFs"
for pf in eth0 eth1; do
	check "$pf has 7 VFs" vfpool pf enable $pf --vfs 7
done
check "the pool is defined" pool_define eth0 eth1
keep_vfpoold --journal-days 2 &
for ((c = 0; c < n_clients; c++)); do
	for ((i = 0; i < n_domains; i++)); do
		virsh --quiet define <(guest_xml "d$c-$i" --bare "$(nic 52:54:00:00:0$c:0$i blue)")
	done
done
check "all are bound" wait_until 60 all_bound

step "Turns"
share=$((cycles * 2 / 3 / $(wc -w <<<"$turns")))
for name in $turns; do
	turn "$name" "$share" "$name"
done
# The first cycles fill caches and pools of memory; what is there then has to do.
turn warm $((n_clients * n_domains)) no_disturbance
memory=$(memory_of "$(vfpoold_pid)") descriptors=$(descriptors_of "$(vfpoold_pid)")
turn calm $((cycles / 3)) no_disturbance
heading
cat "$OUT/states"

step "What grew"
sed -E 's/^refused ([a-z]+) [^ ]+ .*(vfpool: [^:]*: )?/\1 /' "$OUT"/*.client* | grep -v '^cycle' | sort | uniq -c | sort -rn | head -n 5
check "vfpoold's descriptors are $descriptors, as before" test "$(descriptors_of "$(vfpoold_pid)")" -le "$descriptors"
check "its memory grew by less than 1 MiB" test "$(memory_of "$(vfpoold_pid)")" -lt $((memory + 1024))
check "below /run is a lock for each VF, and no more" test "$(n_locks)" -le 14
check "no lease is left" test "$(entries lease)" = 0
check "each VF is as it was" test "$(ip link show | scrubbed | wc -l)" = 14
lines=$(vfpool journal | wc -l)
check "the journal has a line of each start at least" test "$lines" -gt "$cycles"
date --set '+3 days' >/dev/null
kill_vfpoold
journal_is_short() {
	[ "$(vfpool journal | wc -l)" -lt 100 ]
}
check "its $lines lines go when they are old" wait_until 30 journal_is_short
size=$(du -k /var/lib/vfpool | cut -f 1)
turn again $((n_clients * n_domains)) no_disturbance
check "and their room is used again" test "$(du -k /var/lib/vfpool | cut -f 1)" -le "$size"
touch "$OUT/over"
kill_vfpoold
