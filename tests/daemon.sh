#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# vfpoold on a fake host and a real libvirtd, which has mounts and processes of its own here: definitions, and edits
# that race with it.  Skipped without root or libvirtd.
#
#	daemon.sh [RACES]
# shellcheck source=tests/lib.sh
top_srcdir=$(realpath "${top_srcdir:-$(dirname "$0")/..}") top_builddir=$(realpath "${top_builddir:-.}")
export top_srcdir top_builddir
if [ "${VFPOOL_TEST_INSIDE:-}" != yes ]; then
	[ "$(id -u)" = 0 ] && type libvirtd virsh >/dev/null 2>&1 && unshare --mount --pid --fork true || exit 77
	VFPOOL_TEST_INSIDE=yes exec timeout 300 \
		unshare --mount --pid --fork --kill-child --mount-proc bash "$0" "$@"
fi
for dir in /etc/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /run; do
	mkdir -p $dir && mount -t tmpfs tmpfs $dir || exit 77
done
. "$top_srcdir/tests/lib.sh"
n_races=${1:-25}
log=$root/vfpoold.log

# nic_of TITLE: the domain "race", as its author writes it.
author() {
	cat <<-END
		<domain type='qemu'>
		  <name>race</name>
		  <uuid>00000000-0000-0000-0000-0000000000aa</uuid>
		  <title>$1</title>
		  <memory unit='MiB'>64</memory>
		  <os><type arch='x86_64' machine='q35'>hvm</type></os>
		  <features><acpi/></features>
		  <devices>$(pool_nic 52:54:00:00:00:aa blue)</devices>
		</domain>
	END
}

definition() {
	virsh dumpxml --inactive "$1" 2>&1
}

is_bound() {
	[[ $(definition "$1") == *ua-vfpool-* ]]
}

is_unbound() {
	! is_bound "$1"
}

has_ports() {
	[ "$(vfpool domain list --json | jq length)" = "$1" ]
}

start_vfpoold() {
	nice -n -10 "$top_builddir/tests/vfpoold-fake" --root "$root" 2>>"$log" &
	vfpoold=$!
}

step "vfpoold finds libvirt, and what was defined before"
new_pool
start_vfpoold
check "it waits for libvirt" wait_until 5 grep -q 'waiting for libvirt' "$log"
printf '%s\n' 'user = "root"' 'group = "root"' 'security_driver = "none"' >/etc/libvirt/qemu.conf
virtlogd -d && libvirtd -d
check "and finds it" wait_until 20 grep -q 'connected to libvirt' "$log"
author first >"$root/race.xml"
check "define" virsh --quiet define "$root/race.xml"
check "binds" wait_until 5 is_bound race
check "and makes a port" has_ports 1
check "undefine" virsh --quiet undefine race
check "ends it" wait_until 5 has_ports 0

# switches: how often it has gone to sleep. is_quiet: not once within a second.
switches() {
	sed -n 's/^voluntary_ctxt_switches:[[:space:]]*//p' "/proc/$vfpoold/status"
}

is_quiet() {
	local before
	before=$(switches)
	sleep 1
	[ "$(switches)" = "$before" ]
}
check "while nothing happens it does not wake" wait_until 10 is_quiet

step "Unbound by its user"
check "define" virsh --quiet define "$root/race.xml"
check "binds" wait_until 5 is_bound race
check "unbind" vfpool domain unbind race
# What another domain's binding shows: vfpoold has come past it.
pass_by() {
	author other | sed 's/race</other</; s/0aa</0bb</; s/00:aa/00:bb/' >"$root/other.xml"
	virsh --quiet define "$root/other.xml" && wait_until 5 is_bound other && virsh --quiet undefine other
}
check "vfpoold comes past" pass_by
check "and has left it alone" is_unbound race
prints 0 'left alone since' "which the list says" vfpool domain list
check "and check finds nothing to do" vfpool check --connect qemu:///system
check "also when it is defined again as it was" virsh --quiet define "$root/race.xml"
check "vfpoold comes past again" pass_by
check "and leaves it alone" is_unbound race
author first | sed 's/blue/green/' >"$root/green.xml"
check "an edit of its NIC" virsh --quiet define "$root/green.xml"
check "ends that" wait_until 5 is_bound race
check "unbind again" vfpool domain unbind race
check "bind" vfpool domain bind race
check "binds" is_bound race
check "undefine" virsh --quiet undefine race
check "ends all" wait_until 5 has_ports 0

step "Edits that race with it: $n_races rounds"
lost=0 late=0 risen=0 unsaid=0
overwritten() {
	vfpool journal | grep -c ' overwritten ' || true
}
said=$(overwritten) before=$said
has_said() {
	[ "$(overwritten)" -gt "$said" ]
}
for i in $(seq "$n_races"); do
	author "a$i" >"$root/a.xml"
	author "b$i" >"$root/b.xml"
	{
		echo "define $root/a.xml"
		sleep "0.00$((i % 100))"
		echo "define $root/b.xml"
	} | virsh --quiet >/dev/null
	wait_until 5 is_bound race || late=$((late + 1))
	if ! [[ $(definition race) == *"<title>b$i</title>"* ]]; then
		lost=$((lost + 1))
		wait_until 5 has_said || unsaid=$((unsaid + 1))
	fi
	said=$(overwritten)
	{
		[ $((i % 2)) = 0 ] || echo "define $root/a.xml"
		sleep "0.00$((i % 100))"
		echo 'undefine race'
	} | virsh --quiet >/dev/null
	wait_until 5 has_ports 0 || risen=$((risen + 1))
	virsh --quiet undefine race 2>/dev/null
done
echo "$n_races rounds: $lost edits lost, $late never bound, $risen undefined domains risen again"
# Between the second reading and the define nothing tells libvirt that the definition is another one by now: what
# comes in that moment, a fraction of a millisecond on an idle machine, is overwritten (service/keeper.h).
echo "$(($(overwritten) - before)) times vfpoold said that an edit was lost"
check "each edit that is lost is said" [ $unsaid = 0 ]
check "hardly an edit is lost" [ $((lost * 5)) -le $((n_races + 5)) ]
check "each is bound" [ $late = 0 ]
check "no undefine is undone" [ $risen = 0 ]
sed -nE 's/.*bound after ([0-9]+) ms.*/\1/p' "$log" | sort -n >"$root/times"
echo "from event to bound, ms: median $(sed -n "$(($(wc -l <"$root/times") / 2 + 1))p" "$root/times")," \
	"max $(tail -n 1 "$root/times")"

step "A lease that waits for its QEMU"
# What libvirtd would do: the hook is called here by hand, and QEMU is a process that sleeps.
states() {
	vfpool lease list --json | jq -r '[.[].state] | join(" ")'
}
has_states() {
	[ "$(states)" = "$1" ]
}
# cut_short_start: the daemon that asks for it is a shell, and ends.
cut_short_start() {
	(VFPOOL_ROOT=$root "$root/hook" race prepare begin - <"$root/running.xml"; true)
}
author first >"$root/race.xml"
check "define" virsh --quiet define "$root/race.xml"
check "binds" wait_until 5 is_bound race
definition race | sed "s/<domain type='qemu'/& id='1'/" >"$root/running.xml"
sleep 1000 &
qemu=$!
for op in prepare start; do
	check "$op" hook race $op - "$root/running.xml"
done
"$top_builddir/tests/fake-root" "$root" +process \
	"pid=$qemu,uuid=00000000-0000-0000-0000-0000000000aa,domain=race,guest=65536,locked=65536"
check "started" hook race started - "$root/running.xml"
check "it is leased" has_states active
prints 0 '' "release, while QEMU lives" hook race release destroyed "$root/running.xml"
check "it drains" has_states draining
"$top_builddir/tests/fake-root" "$root" -process $qemu
kill $qemu
wait $qemu 2>/dev/null
check "and is free when QEMU is gone" wait_until 5 has_states ''
check "which the journal says" grep -q 'QEMU is gone at last' <(vfpool journal)

step "A start that is cut short"
check "its lease" cut_short_start
check "is seen" has_states preparing
check "and ended, though nothing tells" wait_until 20 has_states ''
check "by vfpoold" grep -q 'stale lease' "$log"

step "Mended without being asked"
for op in prepare start; do
	check "$op" hook race $op - "$root/running.xml"
done
"$top_builddir/tests/fake-root" "$root" +process \
	"pid=4343,start=9,uuid=00000000-0000-0000-0000-0000000000aa,domain=race,guest=65536,locked=65536"
check "started" hook race started - "$root/running.xml"
kill $vfpoold
wait $vfpoold
"$top_builddir/tests/fake-root" "$root" -process 4343
check "a lease is left over" has_states active
rm "$root/var/lib/vfpool/members"
start_vfpoold
check "and ended" wait_until 10 has_states ''
check "the members file is written anew" grep -q '^pool sriov0' "$root/var/lib/vfpool/members"
check "check finds nothing" vfpool check --connect qemu:///system
check "and it sleeps again" wait_until 10 is_quiet
virsh --quiet undefine race

step "On autostart, and refused at boot"
# Here libvirtd cannot start it, since there are no VFs: what counts is that it is asked to, once.
n_autostart() {
	[ "$(vfpool journal | grep -c ' autostart ')" = "$1" ]
}
author auto | sed 's/race</auto</; s/0aa</0cc</; s/00:aa/00:cc/' >"$root/auto.xml"
sed "s/<domain type='qemu'/& id='2'/" "$root/auto.xml" >"$root/running.xml"
check "define" virsh --quiet define "$root/auto.xml"
check "autostart" virsh --quiet autostart auto
check "binds" wait_until 5 is_bound auto
check "one that nobody tried to start is left off" n_autostart 0
expect_fail "refused, since it was not bound then" 'has no VF yet' hook auto prepare - "$root/running.xml"
check "vfpoold tries, and says how that went" wait_until 10 n_autostart 2
kill $vfpoold
wait $vfpoold
start_vfpoold
check "it settles" wait_until 10 is_quiet
check "and another vfpoold does not try again" n_autostart 2
virsh --quiet undefine auto

step "The end"
kill $vfpoold
wait $vfpoold
check "it ends in peace" [ $? = 0 ]
grep -vE 'bound after|its ports end' "$log" | head -n 20
