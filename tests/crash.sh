#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every operation killed at its system calls, one after the other; then the invariants are held against what is left,
# and what happens next in real life brings the promised state.
#
#	tests/crash.sh			some of the calls that change what others see: what make check runs
#	CRASH_POINTS=changes …		every one of these
#	CRASH_POINTS=all …		every system call, the loader's too: make torture
#	CRASH_ONLY="prepare start" …	these operations
#
# After a kill there are two ways on, taken in turn unless CRASH_BOTH=1: libvirt goes on (it stops a domain whose hook
# failed), or the daemon died with its hook and the administrator runs check --repair.
# shellcheck source=tests/strike.sh
. "${top_srcdir:-$(dirname "$0")/..}/tests/strike.sh"
points=${CRASH_POINTS:-4}

# --- What comes next -------------------------------------------------------------------------------------------

# all_free: web1 has no lease, and the VF that it has had is given again: neither dirty nor faulty.
all_free() {
	[ "$(sqlite3 "$root/$db" "SELECT (SELECT count(*) FROM lease WHERE domain = 'web1') + (SELECT count(*) FROM vf
		JOIN pf ON pf.id = pf_id WHERE dev = 'ens1f0' AND idx = 0 AND (faulty <> '' OR dirty))")" = 0 ]
}

# ends: libvirt ends a domain whose hook failed or whose QEMU ended.  Whatever happened before, its VF is free then.
ends() {
	qemu_ends 4242 2>/dev/null
	run web1 stopped
	run web1 release failed
	all_free || echo "not free after release"
}

# starts: the whole of a start, as if nothing had been.
starts() {
	run web1 prepare || echo "prepare fails"
	run web1 start || echo "start fails"
	qemu_starts web1 01 4243
	run web1 started || echo "started fails"
	broken
	qemu_ends 4243
	run web1 stopped
	run web1 release shutdown
	all_free || echo "not free at the end"
}

# A daemon that died is another process afterwards; its QEMU lives on.
daemon_restarts() {
	sed -i -E 's/^(.*\)( [^ ]+){19}) [0-9]+/\1 6/' "$root/proc/$libvirtd_PID/stat"
}

repairs() {
	daemon_restarts
	vfpool check --repair >"$root/repair" 2>/dev/null || cat "$root/repair"
}

# after_failure WAY, after_release WAY …: says what is not as it should be.
after_failure() {
	if [ "$1" = 0 ]; then
		ends
	else
		qemu_ends 4242 2>/dev/null
		repairs
		all_free || echo "not free after check --repair"
	fi
	starts
}

after_stopped() {
	qemu_ends 4242
	if [ "$1" = 0 ]; then
		run web1 release shutdown
	else
		repairs
	fi
	all_free || echo "not free"
	starts
}

# The lease may have stayed: the next start heals it, or check does.
after_release() {
	if [ "$1" = 1 ]; then
		repairs
		all_free || echo "not free after check --repair"
	fi
	starts
}

after_reconnect() {
	[ "$1" = 0 ] || daemon_restarts
	run web1 reconnect || echo "reconnect fails"
	[ "$(sqlite3 "$root/$db" "SELECT state, qemu_pid FROM lease WHERE domain = 'web1'")" = 'active|4242' ] ||
		echo "no active lease after reconnect"
	ends
	starts
}

after_pf_enable() {
	if [ "$1" = 0 ]; then
		vfpool pf enable ens1f1 --vfs 5 >/dev/null || echo "pf enable fails again"
	else
		vfpool pf restore >/dev/null || echo "pf restore fails"
		repairs
		vfpool pf enable ens1f1 --vfs 5 >/dev/null || echo "pf enable fails after pf restore"
	fi
	[ "$(cat "$root/sys/class/net/ens1f1/device/sriov_numvfs")" = 5 ] || echo "not 5 VFs"
	[ "$(find "$root"/sys/class/net/ens1f1/device/virtfn*/driver -printf '%l\n' | grep -c vfio-pci)" = 5 ] ||
		echo "not all parked"
	vfpool check >"$root/repair" 2>/dev/null || cat "$root/repair"
}

# A VF that was to be scrubbed when its pool was made waits for that: for check, or for a start that gets it.
after_define() {
	vfpool pool define "$top_srcdir/tests/data/sriov0.xml" >/dev/null || echo "pool define fails again"
	vfpool check --repair >"$root/repair" 2>/dev/null || cat "$root/repair"
	bind web1 01 52:54:00:00:00:01
	starts
}

after_rewrite() {
	domain web3 03 "$(pool_nic 52:54:00:00:00:03)" | vfpool domain rewrite >"$root/web3.xml" || echo "rewrite fails again"
	run web3 prepare || echo "prepare fails"
	run web3 release failed
	all_free || echo "not free"
}

claims() {
	vfpool claim --domain "$claimant" --name web4 --pool sriov0 --portgroup blue --mac 52:54:00:00:00:04
}

unclaims() {
	vfpool release --domain "$claimant" >/dev/null || echo "release of the claim fails"
	[ "$(sqlite3 "$root/$db" "SELECT count(*) FROM port WHERE domain = 'web4'")" = 0 ] || echo "the claim is left over"
}

# Whoever claims does not know whether it was done, and claims again.
after_claim() {
	[ "$1" = 0 ] || repairs
	claims >/dev/null || echo "claim fails again"
	[ "$(sqlite3 "$root/$db" "SELECT count(*) FROM port WHERE domain = 'web4' AND claim_until_ms")" = 1 ] || echo "not one claim"
	broken
	unclaims
	starts
}

after_unclaim() {
	[ "$1" = 0 ] || repairs
	unclaims
	starts
}

after_scrub() {
	[ "$1" = 0 ] || repairs
	vfpool vf scrub ens1f0#0 >/dev/null || echo "scrub fails again"
	all_free || echo "not free"
	starts
}

# --- Killing ---------------------------------------------------------------------------------------------------

# choose HOW FILE: which of the points in FILE.
choose() {
	case $1 in
	all) cat "$2" ;;
	changes) grep ' 1$' "$2" ;;
	*) grep ' 1$' "$2" | awk -v n="$1" '{ line[NR] = $0 } END { for (i = 0; i < n && i < NR; i++) print line[int(i * NR / n) + 1] }' ;;
	esac
}

# strike_all NAME STATE NEXT COMMAND…: COMMAND is killed at one system call after the other.
strike_all() {
	local name=$1 state=$2 next=$3 n=0 bad=0 missed=0 all way=0 said start=$SECONDS call
	shift 3
	[ -z "${CRASH_ONLY:-}" ] || [[ " $CRASH_ONLY " == *" $name "* ]] || return 0
	back "$state"
	points "$@" >"$work/points"
	all=$(wc -l <"$work/points")
	choose "$points" "$work/points" >"$work/chosen"
	while read -r call <&9; do
		# shellcheck disable=SC2086
		set -- "$@" $call
		back "$state"
		striking "${*: -3:1}:signal=SIGKILL:when=${*: -2:1}"
		set -- "${@:1:$#-3}"
		"$@" >/dev/null 2>&1
		settled
		was_killed || missed=$((missed + 1))
		striking ""
		n=$((n + 1))
		said=$(broken)
		[ -z "${CRASH_BOTH:-}" ] || keep struck
		said+=$($next $way 2>&1)
		said+=$(broken)
		if [ -n "${CRASH_BOTH:-}" ]; then
			back struck
			said+=$($next $((1 - way)) 2>&1)
			said+=$(broken)
		fi
		if [ -n "$said" ]; then
			bad=$((bad + 1))
			[ $bad -gt 3 ] || printf '%s killed at %s, way %d:\n%s\n' "$name" "$call" $way "$said"
		fi
		way=$((1 - way))
	done 9<"$work/chosen"
	back "$state"
	"$@" >/dev/null 2>&1 || { bad=$((bad + 1)); echo "$name fails without being killed"; }
	if [ $bad = 0 ] && [ $n -gt "$missed" ]; then
		ok "$name: $all system calls, killed at $((n - missed)) of them, $((SECONDS - start)) s"
	else
		fail "$name: $all system calls, killed at $((n - missed)) of them, $bad left something behind"
	fi
}

domain web3 03 "$(pool_nic 52:54:00:00:00:03)" >"$work/web3.xml"
claimant=00000000-0000-0000-0000-000000000004

new_pool
wrap_hook
keep fresh
bind web1 01 52:54:00:00:00:01 blue
bind web2 02 52:54:00:00:00:02
run web2 prepare && run web2 start && qemu_starts web2 02 5252 && run web2 started
keep bound
claims >/dev/null
keep claimed
back bound
run web1 prepare
keep prepared
run web1 start
qemu_starts web1 01 4242
keep started
run web1 started
keep active
run web1 stopped
qemu_ends 4242
keep stopped
# The host was restarted under web1: its lease is void and its VF as it was.
back active
qemu_ends 4242
qemu_ends 5252
cat /proc/sys/kernel/random/uuid >"$root/proc/sys/kernel/random/boot_id"
keep rebooted
back bound
check "before anything is struck nothing is broken" test -z "$(broken)"

step "Killed at a system call: $points"
strike_all prepare bound after_failure run web1 prepare
strike_all start prepared after_failure run web1 start
strike_all started started after_failure run web1 started
strike_all stopped active after_stopped run web1 stopped
strike_all release stopped after_release run web1 release shutdown
strike_all reconnect active after_reconnect run web1 reconnect
command=$top_builddir/tests/.libs/vfpool-fake
[ -x "$command" ] || command=$top_builddir/tests/vfpool-fake
strike_all rewrite fresh after_rewrite struck "$command" --root "$root" domain rewrite "$work/web3.xml"
strike_all claim bound after_claim struck "$command" --root "$root" claim --domain "$claimant" --name web4 --pool sriov0 \
	--portgroup blue --mac 52:54:00:00:00:04
strike_all claim-release claimed after_unclaim struck "$command" --root "$root" release --domain "$claimant"
strike_all scrub rebooted after_scrub struck "$command" --root "$root" vf scrub ens1f0#0
strike_all pf-enable fresh after_pf_enable struck "$command" --root "$root" pf enable ens1f1 --vfs 5
new_host
"$top_builddir/tests/fake-root" "$root" dev=ens1f0,numvfs=3,parked=1 \
	dev=ens1f1,pci=0000:02:00.0,mac=00:1b:21:00:00:11,numvfs=3,parked=1
"$top_builddir/tests/fake-root" "$root" +process "pid=$libvirtd_PID,start=5,comm=libvirtd"
wrap_hook
keep new
strike_all pool-define new after_define struck "$command" --root "$root" pool define "$top_srcdir/tests/data/sriov0.xml"
