#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every operation with its system calls failing, one after the other: no space, no memory, no descriptors, a disk that
# fails or is read-only.  No invariant may break; who says 0 has done it; who does not says why; and when the fault is
# over the promised state comes as after a kill (tests/crash.sh).
#
#	tests/errors.sh			some of the calls: what make check runs
#	ERRORS_POINTS=all …		each (make torture)
#	ERRORS_ONLY="prepare start" …	these operations
#
# The fake kernel's own calls are among those that fail; it tries them again (tests/fake-sysfs.c).
# shellcheck source=tests/strike.sh
. "${top_srcdir:-$(dirname "$0")/..}/tests/strike.sh"
points=${ERRORS_POINTS:-3}

# What each system call fails with.
declare -A errors=(
	[openat]="EMFILE EIO" [read]=EIO [pread64]=EIO [write]="ENOSPC EIO" [pwrite64]="ENOSPC EIO" [fdatasync]=EIO [fsync]=EIO
	[ftruncate]=EIO [rename]=ENOSPC [mkdir]=EROFS [mmap]=ENOMEM [fcntl]=ENOLCK [unlink]=EROFS [fchmod]=EROFS
	[getdents64]=EIO [readlink]=EIO [fstat]=EIO [access]=EIO [socket]=EMFILE [newfstatat]=EIO
)

sql() {
	sqlite3 "$root/$db" "$1"
}

# What is there when an operation says that it did it.
did_prepare() {
	[ "$(sql "SELECT state FROM lease WHERE domain = 'web1'")" = preparing ]
}

did_start() {
	grep -q 'vlan 100' "$root/fake/ens1f0/0" && grep -q 'mac 52:54:00:00:00:01' "$root/fake/ens1f0/0"
}

did_started() {
	[ "$(sql "SELECT state, qemu_pid FROM lease WHERE domain = 'web1'")" = 'active|4242' ]
}

did_rewrite() {
	[ "$(sql "SELECT count(*) FROM port WHERE domain = 'web3'")" = 1 ]
}

n_claims() {
	sql "SELECT count(*) FROM port WHERE domain = 'web4' AND claim_until_ms"
}

did_claim() {
	[ "$(n_claims)" = 1 ]
}

did_unclaim() {
	[ "$(n_claims)" = 0 ]
}

did_scrub() {
	! grep -q 'vlan 100' "$root/fake/ens1f0/0"
}

did_pf_enable() {
	[ "$(sql "SELECT wanted_vfs FROM pf WHERE dev = 'ens1f1'")" = 5 ] &&
		[ "$(cat "$root/sys/class/net/ens1f1/device/sriov_numvfs")" = 5 ]
}

# These never fail (hooks/README); what they could not do they say.
did_release() {
	[ "$(sql "SELECT count(*) FROM lease WHERE domain = 'web1'")" = 0 ] || [ -s "$root/said" ]
}

did_reconnect() {
	did_started || [ -s "$root/said" ]
}

after_start() {
	qemu_ends 4242 2>/dev/null
	run web1 stopped
	run web1 release failed
	vfpool check --repair >"$root/repair" 2>/dev/null || cat "$root/repair"
	[ "$(sql "SELECT count(*) FROM lease WHERE domain = 'web1'")" = 0 ] || echo "not free"
	run web1 prepare && run web1 start && qemu_starts web1 01 4243 && run web1 started || echo "does not start again"
}

after_command() {
	vfpool check --repair >"$root/repair" 2>/dev/null || cat "$root/repair"
}

after_claim() {
	after_command
	claims >/dev/null && did_claim || echo "cannot be claimed again"
	vfpool release --domain "$claimant" >/dev/null && did_unclaim || echo "cannot be released again"
}

# fail_all NAME STATE DID NEXT NEVER-FAILS COMMAND…
fail_all() {
	local name=$1 state=$2 did=$3 next=$4 never=$5 n=0 bad=0 refused=0 call nth error status said words start=$SECONDS
	shift 5
	[ -z "${ERRORS_ONLY:-}" ] || [[ " $ERRORS_ONLY " == *" $name "* ]] || return 0
	back "$state"
	points "$@" >"$work/points"
	while read -r call nth error; do
		[ "$error" != 2 ] || continue # in the loader: nothing of ours runs yet
		for error in ${errors[$call]:-}; do
			echo "$call $nth $error"
		done
	done <"$work/points" >"$work/all"
	some "$points" <"$work/all" >"$work/chosen"
	while read -r call nth error <&9; do
		back "$state"
		: >"$root/said"
		striking "$call:error=$error:when=$nth"
		words=$("$@" 2>&1)
		status=$?
		settled
		striking ""
		n=$((n + 1))
		said=$(broken)
		if [ $status = 0 ]; then
			$did || said+="says 0 and did not do it"
		else
			refused=$((refused + 1))
			[ "$never" = no ] || said+="exit $status of what must not fail"
			[ -n "$words" ] || said+="exit $status without a word"
			[ $status -lt 128 ] || [ "$error" = ENOMEM ] || said+="exit $status: $words"
		fi
		said+=$($next 2>&1)
		said+=$(broken)
		if [ -n "$said" ]; then
			bad=$((bad + 1))
			[ $bad -gt 5 ] || printf '%s with %s of %s %s (%s):\n%s\n' "$name" "$error" "$call" "$nth" "$words" "$said"
		fi
	done 9<"$work/chosen"
	if [ $bad = 0 ] && [ $n -gt 0 ]; then
		ok "$name: $n failures of $(wc -l <"$work/all"), $refused refused it, $((SECONDS - start)) s"
	else
		fail "$name: $n failures, $bad of them wrong"
	fi
}

new_pool
wrap_hook
domain web3 03 "$(pool_nic 52:54:00:00:00:03)" >"$work/web3.xml"
keep fresh
bind web1 01 52:54:00:00:00:01 blue
keep bound
claimant=00000000-0000-0000-0000-000000000004
claims() {
	vfpool claim --domain "$claimant" --name web4 --pool sriov0 --portgroup blue --mac 52:54:00:00:00:04
}
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
qemu_ends 4242
keep stopped
cat /proc/sys/kernel/random/uuid >"$root/proc/sys/kernel/random/boot_id"
keep rebooted
command=$top_builddir/tests/.libs/vfpool-fake
[ -x "$command" ] || command=$top_builddir/tests/vfpool-fake

step "Failing system calls: $points"
fail_all prepare bound did_prepare after_start no run web1 prepare
fail_all start prepared did_start after_start no run web1 start
fail_all started started did_started after_start no run web1 started
fail_all stopped active true after_start yes run web1 stopped
fail_all release stopped did_release after_start yes run web1 release shutdown
fail_all reconnect active did_reconnect after_start yes run web1 reconnect
fail_all rewrite fresh did_rewrite after_command no struck "$command" --root "$root" domain rewrite "$work/web3.xml"
fail_all claim bound did_claim after_claim no struck "$command" --root "$root" claim --domain "$claimant" --name web4 \
	--pool sriov0 --portgroup blue --mac 52:54:00:00:00:04
fail_all claim-release claimed did_unclaim after_claim no struck "$command" --root "$root" release --domain "$claimant"
fail_all scrub rebooted did_scrub after_command no struck "$command" --root "$root" vf scrub ens1f0#0
fail_all pf-enable fresh did_pf_enable after_command no struck "$command" --root "$root" pf enable ens1f1 --vfs 5
