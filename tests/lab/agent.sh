#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The example agent, four at once, against 14 VFs: killed at random, and vfpoold restarted, they leave nothing behind.
# Then who may: nobody reads, a group claims when polkit has a rule for it.
# Usage: agent.sh [SECONDS]        needs --init systemd
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh
seconds=${1:-300}
agent=$PWD/../agent/agent.py

step "The pool, and vfpoold on the bus"
modprobe vfio-pci
for pf in eth0 eth1; do
	ip link set $pf up
	check "$pf has 7 VFs" vfpool pf enable $pf --vfs 7
done
check "the pool is defined" pool_define eth0 eth1
check "the bus reads its new files" busctl --no-pager call org.freedesktop.DBus / org.freedesktop.DBus ReloadConfig
check "asked for, vfpoold starts" busctl --no-pager --timeout=60 call org.vfpool1 /org/vfpool1 org.vfpool1.Manager \
	Release ss 00000000-0000-0000-0000-000000000001 ''
check "as a unit" systemctl --quiet is-active vfpoold
virsh --quiet list >/dev/null

step "Who may"
useradd -M agent1 && groupadd vfpool
manager='org.vfpool1 /org/vfpool1 org.vfpool1.Manager'
as_agent() {
	setpriv --reuid=agent1 --regid=agent1 --init-groups "$@"
}
uuid=00000000-0000-0000-0000-0000000000aa
claims() {
	# shellcheck disable=SC2086
	as_agent busctl --no-pager --timeout=60 call $manager Claim 'a{sv}' 2 uuid s $uuid physnet s physnet1
}
check "anybody may read" as_agent busctl --no-pager get-property org.vfpool1 /org/vfpool1/pool/sriov0 org.vfpool1.Pool Free
# shellcheck disable=SC2086
check "and ask" as_agent busctl --no-pager --timeout=60 call $manager Who st eth0#0 0
expect_fail "but not claim" 'org.vfpool1.claim: polkit does not allow it' claims
usermod -a -G vfpool agent1
cp "$(find /usr/share/vfpool /usr/local/share/vfpool -name claim-group.rules 2>/dev/null | head -n 1)" \
	/etc/polkit-1/rules.d/50-vfpool-claim.rules
check "with the rule a member of the group may" wait_until 10 claims
# shellcheck disable=SC2086
expect_fail "but not hold" 'org.vfpool1.admin: polkit does not allow it' \
	as_agent busctl --no-pager --timeout=60 call $manager Hold ss eth0#0 x
# shellcheck disable=SC2086
check "and release" as_agent busctl --no-pager --timeout=60 call $manager Release ss $uuid ''

step "A life, and its signals"
$agent watch >"$OUT/signals" 2>&1 &
watcher=$!
check "an agent works" timeout 120 $agent work w0 physnet1 1
sleep 1
kill $watcher
cat "$OUT/signals"
for what in 'Port ClaimedUntil\|+port' 'VF State claimed' 'VF State leased' 'VF State free' '+lease' '-lease'; do
	check "signal: $what" grep -q -- "$what" "$OUT/signals"
done

step "Four workers for $seconds s, killed at random"
end=$((SECONDS + seconds)) n_killed=0 n_restarted=0
declare -A worker=()
while [ $SECONDS -lt $end ]; do
	for name in w1 w2 w3 w4; do
		if ! kill -0 "${worker[$name]:-0}" 2>/dev/null || [ -z "${worker[$name]:-}" ]; then
			$agent work $name physnet1 $((end - SECONDS + 1)) >>"$OUT/$name.log" 2>&1 &
			worker[$name]=$!
		fi
	done
	sleep $((RANDOM % 8 + 4))
	victim=w$((RANDOM % 4 + 1))
	if [ $((RANDOM % 3)) != 0 ]; then
		kill -9 "${worker[$victim]}" 2>/dev/null && n_killed=$((n_killed + 1))
		wait "${worker[$victim]}" 2>/dev/null
	fi
	if [ $((RANDOM % 6)) = 0 ]; then
		systemctl kill -s KILL vfpoold
		n_restarted=$((n_restarted + 1))
	fi
done
for name in w1 w2 w3 w4; do
	kill -9 "${worker[$name]}" 2>/dev/null
	wait "${worker[$name]}" 2>/dev/null
done
runs=$(cat "$OUT"/w?.log | grep -c ' runs with ')
refused=$(cat "$OUT"/w?.log | grep -c ' did not start')
echo "$runs domains ran, $refused were refused; $n_killed workers and $n_restarted times vfpoold were killed"
# A start takes 10 s here, and few are left in peace for so long.
check "domains ran" [ "$runs" -gt $((seconds / 60)) ]
grep -h 'did not start\|Traceback\|Error' "$OUT"/w?.log | sort | uniq -c | head -n 5
check "no worker failed" test -z "$(grep -h Traceback "$OUT"/w?.log)"

step "What is left"
for name in w1 w2 w3 w4; do
	virsh --quiet destroy $name 2>/dev/null
done
check "nothing is claimed beyond its time" wait_until 25 there_are 0 vf '.state == "claimed"'
check "nothing is leased" wait_until 30 there_are 0 vf '.state == "leased"'
check "all VFs are free" wait_until 30 are_free 14
check "the bus says the same" grep -q 'u 14' \
	<(busctl --no-pager get-property org.vfpool1 /org/vfpool1/pool/sriov0 org.vfpool1.Pool Free)
check "and check finds nothing" wait_until 60 vfpool check
check "vfpoold runs" systemctl --quiet is-active vfpoold
