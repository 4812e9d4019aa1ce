#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# 30 domains on 14 VFs, started and stopped at random by several clients at once, while vfpoold, libvirtd or both are
# killed.  No VF is ever twice in use, no lease is left, and no start is refused while a VF is free.
# Usage: soak.sh [SECONDS [KILLS [CLIENTS]]]	as long as that, and until so many kills have come to pass
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh
. ./daemons.sh
seconds=${1:-60} n_kills=${2:-0}
n_domains=30 n_clients=${3:-4}

# --- Kills ----------------------------------------------------------------------------------------

# n_done: how many starts and stops have succeeded.
n_done() {
	cat "$OUT"/client* | grep -cE '^(start|destroy) ok '
}

has_done_more() {
	[ "$(n_done)" -gt "$1" ]
}

# Kills at random; between two something has to have succeeded, or nothing but kills would be tested on a slow machine.
killer() {
	local i pause before share=$((seconds * 1000 / (n_kills + 1)))
	for ((i = 1; i <= n_kills; i++)); do
		before=$(n_done)
		pause=$((RANDOM % share))
		sleep "$((pause / 1000)).$(printf %03d $((pause % 1000)))"
		wait_until 60 has_done_more "$before"
		case $((RANDOM % 3)) in
		0) kill_vfpoold ;;
		1) kill_libvirtd ;;
		2)
			kill_vfpoold
			kill_libvirtd
			;;
		esac
		echo "$i" >"$OUT/kills"
	done
}

# --- A client: starts what is off and stops what is on -------------------------------------------

# kind MESSAGE: what a failed start or stop is.
kind() {
	case $1 in
	*'no free VF in pool'*) echo full ;;
	*'another VF is free'* | *'has no VF yet'*) echo missed ;;
	*'already active'* | *'already running'* | *'is not running'* | *'Requested operation is not valid'*) echo other-client ;;
	*'cannot acquire state change lock'*) echo other-client ;;
	*'ailed to connect'* | *'ocket'* | *'End of file'* | *'onnection'* | *'Disconnected'*) echo no-libvirt ;;
	*) echo odd ;;
	esac
}

# try VERB DOMAIN: a line "VERB KIND DOMAIN MESSAGE" of how it went.
try() {
	local output what=ok
	output=$(virsh --quiet "$1" "$2" 2>&1) || what=$(kind "$output")
	echo "$1 $what $2 ${output//$'\n'/ }"
}

# again DOMAIN: does what the message says, as a person would: starts it again, now and, when that is too early,
# after a while, until it runs or something else is in the way. "again VERDICT DOMAIN TRIES".
again() {
	local tries=0 line="start missed" deadline=$((SECONDS + 15))
	while [[ $line == 'start missed'* || $line == 'start no-libvirt'* ]] && ((SECONDS < deadline || tries < 5)); do
		[ $tries = 0 ] || sleep 0.5
		tries=$((tries + 1)) line=$(try start "$1")
	done
	line=${line#start }
	echo "again ${line%% *} $1 at try $tries"
	echo "start $line"
}

client() {
	local domain line
	RANDOM=$1
	while [ ! -e "$OUT/over" ]; do
		domain=d$((RANDOM % n_domains + 1))
		case $(virsh --quiet domstate "$domain" 2>/dev/null) in
		'shut off') line=$(try start "$domain") ;;
		running) line=$(try destroy "$domain") ;;
		*) continue ;;
		esac
		echo "$line"
		[[ $line != 'start missed'* ]] || again "$domain"
	done
}

# --- What is watched meanwhile -------------------------------------------------------------------

watch() {
	local twice
	while [ ! -e "$OUT/over" ]; do
		twice=$(vfs_of_qemus | sort | uniq -d)
		[ -z "$twice" ] || echo "$(date +%T) $twice"
		vfs_of_qemus | wc -l >>"$OUT/running"
		sleep 1
	done >"$OUT/twice"
}

step "$n_domains domains, 14 VFs"
for pf in eth0 eth1; do
	ip link set $pf up
	check "$pf has 7 VFs" vfpool pf enable $pf --vfs 7
done
check 'the pool is defined' pool_define eth0 eth1
keep_vfpoold &
for i in $(seq $n_domains); do
	virsh --quiet define <(guest_xml "d$i" --bare \
		"$(nic "52:54:00:00:0a:$(printf %02x "$i")" "$([ $((i % 2)) = 0 ] && echo blue || echo green)")")
done
check 'all are bound' wait_until 60 there_are $n_domains domain '.vf != null'

step "$n_clients clients for $seconds s, $n_kills kills"
for i in $(seq $n_clients); do
	client "$i" >"$OUT/client$i" &
	clients+=($!)
done
watch &
clients+=($!)
sleep "$seconds" &
time=$!
killer
wait $time
touch "$OUT/over"
wait "${clients[@]}"
check 'libvirt answers' wait_until 60 libvirtd_is_up

step 'What they saw'
cat "$OUT"/client* | awk '{ print $1, $2 }' | sort | uniq -c
[ ! -e "$OUT/kills" ] || echo "kills: $(cat "$OUT/kills")"
echo "VFs in use, median: $(sort -n "$OUT/running" | sed -n "$(($(wc -l <"$OUT/running") / 2 + 1))p")"
# of WORDS: how many lines of the clients begin with them.
of() {
	cat "$OUT"/client* | grep -c "^$1 "
}
missed=$(of 'start missed') odd=$(grep -hE '^(start|destroy) odd' "$OUT"/client*)
echo "refused while a VF was free: $missed of $(of start) starts; then:"
sed -nE 's/^again ([^ ]+) [^ ]+ (.*)/\1 \2/p' "$OUT"/client* | sort | uniq -c
check 'some were started' [ "$(of 'start ok')" -gt 1 ]
check 'no VF was twice in use' [ ! -s "$OUT/twice" ]
cat "$OUT/twice"
check 'each refusal for want of a moment says to start again' [ "$(cat "$OUT"/client* | grep '^start missed' | grep -vc 'start again')" = 0 ]
# With more clients each VF that comes free is somebody's before the definitions that name it have been moved.
[ "$n_clients" -gt 4 ] || check 'and the next try works' [ "$(of 'again missed')" = 0 ]
[ "$n_kills" -gt 0 ] || check 'nothing else went wrong' [ -z "$odd" ]
[ -z "$odd" ] || cut -c -400 <<<"$odd" | sort | uniq -c | sort -rn | head -n 20

step 'The end'
check 'nothing is found while they run' wait_until 30 nothing_found
vfpool check
for i in $(virsh --quiet list --name); do
	virsh --quiet destroy "$i"
done
check 'no QEMU is left' wait_until 20 test -z "$(vfs_of_qemus)"
pgrep -a qemu-system | cut -c -200
check 'no lease is left' wait_until 20 are_free 14
vfpool lease list
vfpool vf list | head -n 20
check 'nothing is found' wait_until 20 nothing_found
vfpool check
check 'each VF is as it was' test "$(ip link show | scrubbed | wc -l)" = 14
# All of them after a long run, some after a short one.
for i in $(seq 1 $((seconds < 300 ? 6 : 1)) $n_domains); do
	check "d$i starts" virsh --quiet start "d$i"
	virsh --quiet destroy "d$i"
done
grep -vE 'bound after|moved to|undefined, its ports' "$vfpoold_log" | cut -d: -f 2- | sort | uniq -c | sort -rn | head -n 30
