#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# vfpoold, and the commands that speak with libvirt, struck while they bind a definition: killed at a system call, a
# system call that fails, sockets among them, each call of libvirt's library that fails, and a libvirtd that dies before
# each.  vfpoold binds in the end, by itself or started anew, and outlives any libvirtd; a command says what happened and
# does it when it is asked again.  A real libvirtd, as in daemon.sh; skipped without root or libvirtd.  On a bus of its
# own the same while it is asked for a claim: what it has answered is so, and whoever got no answer asks again and has it.
#
#	tests/service.sh		one of each: what make check runs
#	SERVICE_POINTS=all …		each (make torture); or so many
#	SERVICE_ONLY="kill fail calls gone commands bus" …
top_srcdir=$(realpath "${top_srcdir:-$(dirname "$0")/..}") top_builddir=$(realpath "${top_builddir:-.}")
export top_srcdir top_builddir
if [ "${VFPOOL_TEST_INSIDE:-}" != yes ]; then
	[ "$(id -u)" = 0 ] && type libvirtd virsh >/dev/null 2>&1 && unshare --mount --pid --fork true || exit 77
	VFPOOL_TEST_INSIDE=yes exec timeout "${SERVICE_SECONDS:-14400}" unshare --mount --pid --fork --kill-child --mount-proc bash "$0" "$@"
fi
for dir in /etc/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /run; do
	mkdir -p $dir && mount -t tmpfs tmpfs $dir || exit 77
done
# shellcheck source=tests/strike.sh
. "$top_srcdir/tests/strike.sh"
points=${SERVICE_POINTS:-1}
parts=${SERVICE_ONLY:-kill fail calls gone commands bus}
log=$root/vfpoold.log
service=$top_builddir/tests/.libs/vfpoold-fake
[ -x "$service" ] || service=$top_builddir/tests/vfpoold-fake
command=$top_builddir/tests/.libs/vfpool-fake
[ -x "$command" ] || command=$top_builddir/tests/vfpool-fake
export LD_LIBRARY_PATH=$top_builddir/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

# What a system call fails with.
declare -A errors=(
	[connect]=ECONNREFUSED [socket]=EMFILE [sendmsg]=EPIPE [sendto]=ENOBUFS [recvmsg]=ECONNRESET [recvfrom]=ECONNRESET
	[read]=EIO [write]=EPIPE [poll]=ENOMEM [openat]=EMFILE [eventfd2]=EMFILE [inotify_add_watch]=ENOSPC
	[pwrite64]=ENOSPC [fdatasync]=EIO [fcntl]=ENOLCK [timerfd_create]=EMFILE [getdents64]=EIO [newfstatat]=EIO
)

# --- The domain ------------------------------------------------------------------------------------------------

definition() {
	virsh dumpxml --inactive svc 2>/dev/null
}

# is_right: bound, and the book has its one port, as of a domain that libvirt knows.
is_right() {
	local text
	text=$(definition)
	[[ $text == *ua-vfpool-* ]] && [ "$(sqlite3 -cmd '.timeout 20000' "$root/$db" \
		"SELECT count(*) FROM port JOIN vf ON vf.id = vf_id WHERE domain = 'svc' AND seen")" = 1 ]
}

n_ports() {
	[ "$(sqlite3 -cmd '.timeout 20000' "$root/$db" "SELECT count(*) FROM port")" = "$1" ]
}

define() {
	virsh --quiet define "$root/svc.xml" >/dev/null
}

# Gone, from libvirt and from the book: by the service that was struck, which may meet its fate only then, or by the next.
undefine() {
	local what=${1:-in peace} how=${2:-failing}
	virsh --quiet undefine svc 2>/dev/null
	wait_until 15 is_gone_or_over
	! is_over || begins_anew "$what" "$how"
	wait_until 15 n_ports 0 || echo "$what: the port stays: $(tail -n 1 "$log")"
}

# Where libvirtd was killed it comes again first.
is_gone_or_over() {
	libvirtd_again
	is_over || n_ports 0
}

is_right_or_over() {
	libvirtd_again
	is_over || is_right
}

libvirtd_again() {
	kill -0 "$(</run/libvirtd.pid)" 2>/dev/null || libvirtd -d
}

# begin_service COMMAND…: run by that, with a log of its own.
begin_service() {
	: >"$log"
	"$@" "$service" --root "$root" 2>>"$log" &
	vfpoold=$!
}

end_service() {
	kill $vfpoold 2>/dev/null
	wait $vfpoold 2>/dev/null
}

is_over() {
	! kill -0 $vfpoold 2>/dev/null
}

# begins_anew WHAT killed|failing: the service has ended, of which it has said why, and another comes.
begins_anew() {
	local status
	wait $vfpoold 2>/dev/null
	status=$?
	[ $status -lt 128 ] || [ "$2" = killed ] || echo "$1: ended by signal $((status - 128))"
	[ $status != 1 ] || [ -s "$log" ] || echo "$1: ended without a word"
	begin_service env
}

# heals WHAT killed|failing: the service that was struck comes to it, or has ended and does so when it is started anew.
heals() {
	wait_until 20 is_right_or_over || echo "$1: neither bound nor ended"
	if is_over; then
		begins_anew "$@"
		wait_until 20 is_right || echo "$1: not bound by the next: $(tail -n 1 "$log")"
	fi
	broken
	undefine "$@"
	end_service
}

# outlives WHAT: the service that sees libvirtd die goes on.
outlives() {
	wait_until 20 is_right_or_over
	! is_over || echo "$1: it has ended with libvirtd"
	heals "$@"
}

# summed NAME ALL: from n and bad.
summed() {
	if [ $bad = 0 ] && [ $n -gt 0 ]; then
		ok "$1: $n of $2, $((SECONDS - start)) s"
	else
		fail "$1: $n of $2, $bad of them wrong"
	fi
	n=0 bad=0 start=$SECONDS
}
wrong() {
	[ -n "$1" ] || return 0
	bad=$((bad + 1))
	[ $bad -gt 5 ] || echo "$1"
}

new_pool
cat >"$root/svc.xml" <<-END
	<domain type='qemu'>
	  <name>svc</name>
	  <uuid>00000000-0000-0000-0000-0000000000dd</uuid>
	  <memory unit='MiB'>64</memory>
	  <os><type arch='x86_64' machine='q35'>hvm</type></os>
	  <devices>$(pool_nic 52:54:00:00:00:dd blue)</devices>
	</domain>
END
printf '%s\n' 'user = "root"' 'group = "root"' 'security_driver = "none"' >/etc/libvirt/qemu.conf
virtlogd -d && libvirtd -d
check "libvirtd is there" wait_until 20 virsh --quiet list

step "vfpoold, bound in peace"
define
begin_service strace -D -f -qq -s 64 -o "$root/trace"
check "it binds" wait_until 20 is_right
end_service
wait_until 10 grep -q exit_group "$root/trace"
points_of "$root/trace" >"$root/points"
begin_service env
undefine
end_service
n=0 bad=0 start=$SECONDS
exec 2>"$work/noise" # where bash tells of each that is killed

# strike BEFORE AFTER WORDS killed|failing COMMAND… : BEFORE is run, then the service under COMMAND, which lets something
# go wrong, and AFTER says what has come of it.
strike() {
	"$1"
	begin_service "${@:5}"
	n=$((n + 1))
	"$2" "$3" "$4" >"$work/said" # in this shell, whose child the service is
	wrong "$(cat "$work/said")"
}

if [[ " $parts " == *" kill "* ]]; then
	step "Killed at a system call: $points"
	grep ' 1$' "$root/points" >"$root/changes"
	while read -r call nth _ <&9; do
		strike define heals "killed at $call $nth" killed strace -D -f -qq -o "$root/strace.log" -e inject="$call:signal=SIGKILL:when=$nth"
	done 9< <(some "$points" <"$root/changes")
	summed "vfpoold, killed" "$(wc -l <"$root/changes") calls that change something"
fi
if [[ " $parts " == *" fail "* ]]; then
	step "Failing system calls: $points"
	# To give a whole lock back cannot fail: the kernel wants memory to split one only (fs/locks.c, posix_lock_inode()).
	awk '/ fcntl\(/ { n = ++count[$1] } / fcntl\(.*F_UNLCK/ && !seen[n]++ { print "fcntl", n }' "$root/trace" >"$root/unlocks"
	while read -r call nth early; do
		[ "$early" = 2 ] || [ -z "${errors[$call]:-}" ] || grep -qx "$call $nth" "$root/unlocks" ||
			echo "$call $nth ${errors[$call]}"
	done <"$root/points" >"$root/failing"
	# The last time that it opens the database to write is always among them.
	awk '/ openat\(/ { n = ++count[$1] } /pool\.db", O_RDWR/ { at = n } END { print "openat", at, "EMFILE" }' "$root/trace" >"$root/opened"
	while read -r call nth error <&9; do
		strike define heals "$error of $call $nth" failing strace -D -f -qq -o "$root/strace.log" -e inject="$call:error=$error:when=$nth"
	done 9< <(some "$points" <"$root/failing" | sort -u - "$root/opened")
	summed "vfpoold, a system call fails" "$(wc -l <"$root/failing")"
fi
if [[ " $parts " == *" calls "* || " $parts " == *" gone "* ]]; then
	define
	rm -f "$root/calls"
	begin_service env FAIL_LIBVIRT_LOG="$root/calls"
	wait_until 20 is_right
	undefine
	end_service
	grep -n . "$root/calls" | tr ':' ' ' >"$root/numbered"
fi
# struck_calls THEN HOW WORDS: vfpoold, each of its calls of libvirt struck in turn; HOW: what tests/fail-libvirt.c is told.
struck_calls() {
	local nth call
	step "vfpoold, $3: $points"
	while read -r nth call <&9; do
		strike define "$1" "$3: $nth, $call" failing env "$2=$nth"
	done 9< <(some "$points" <"$root/numbered")
	summed "vfpoold, $3" "$(wc -l <"$root/calls") calls"
}
[[ " $parts " != *" calls "* ]] || struck_calls heals FAIL_LIBVIRT "a call of libvirt fails"
[[ " $parts " != *" gone "* ]] || struck_calls outlives END_LIBVIRTD "libvirtd dies before a call"

# struck_command HOW DONE ARGUMENT…: each of its calls is struck in turn; HOW: what tests/fail-libvirt.c is told.
struck_command() {
	local how=$1 done=$2 status words nth call
	shift 2
	define
	rm -f "$root/calls"
	FAIL_LIBVIRT_LOG=$root/calls "$command" --root "$root" "$@" >/dev/null 2>&1
	grep -n . "$root/calls" | tr ':' ' ' >"$root/numbered"
	while read -r nth call <&9; do
		"$command" --root "$root" domain unbind svc >/dev/null 2>&1
		define
		[ "$2" != unbind ] || "$command" --root "$root" domain bind svc >/dev/null 2>&1
		words=$(env "$how=$nth" "$command" --root "$root" "$@" 2>&1)
		status=$?
		libvirtd_again
		n=$((n + 1))
		if [ $status = 0 ]; then
			$done || wrong "$*: says 0 and did not do it ($nth $call)"
		else
			[ -n "$words" ] && [ $status -lt 128 ] || wrong "$*: exit $status: $words ($nth $call)"
		fi
		words=$("$command" --root "$root" "$@" 2>&1) && $done || wrong "$*: not done when it is asked again ($nth $call): $words"
		wrong "$(broken)"
	done 9< <(some "$points" <"$root/numbered")
	summed "$*, $how" "$(wc -l <"$root/calls") calls"
}
is_unbound() {
	[[ $(definition) != *ua-vfpool-* ]]
}
if [[ " $parts " == *" commands "* ]]; then
	step "Commands: $points"
	for how in FAIL_LIBVIRT END_LIBVIRTD; do
		struck_command $how is_right domain bind svc
		struck_command $how is_unbound domain unbind svc
		struck_command $how true check --connect qemu:///system
	done
fi

# --- On the bus ------------------------------------------------------------------------------------------------

claimant=00000000-0000-0000-0000-0000000000cc
bus=$root/bus.socket

# ask MEMBER ARGUMENT…: a call that is answered in time.
ask() {
	timeout 5 busctl --no-pager -- call org.vfpool1 /org/vfpool1 org.vfpool1.Manager "$@" >/dev/null 2>&1
}

claims() {
	ask Claim 'a{sv}' 3 uuid s $claimant pool s sriov0 mac s 52:54:00:00:00:cc
}

n_claims() {
	[ "$(sqlite3 -cmd '.timeout 20000' "$root/$db" \
		"SELECT count(*) FROM port WHERE uuid = '$claimant' AND claim_until_ms")" = "$1" ]
}

is_on_bus() {
	busctl --no-pager --timeout=1 get-property org.vfpool1 /org/vfpool1 org.vfpool1.Manager Version >/dev/null 2>&1
}

is_on_bus_or_over() {
	is_over || is_on_bus
}

# in_the_end WHAT killed|failing COMMAND…: it is asked until it is done, by whoever is there.
in_the_end() {
	local deadline=$((SECONDS + 30))
	until "${@:3}"; do
		[ $SECONDS -lt $deadline ] || return
		! is_over || begins_anew "$1" "$2"
		wait_until 10 is_on_bus_or_over
	done
}

# answers WHAT killed|failing: a claim of the service that was struck, and again of whoever is there then.
answers() {
	wait_until 20 is_on_bus_or_over || echo "$1: neither on the bus nor ended"
	! claims || n_claims 1 || echo "$1: it says that a VF is claimed, and none is"
	in_the_end "$@" claims && n_claims 1 || echo "$1: not claimed when it is asked again: $(tail -n 1 "$log")"
	in_the_end "$@" ask Release ss $claimant '' && n_claims 0 || echo "$1: not released: $(tail -n 1 "$log")"
	broken
	end_service
}

if [[ " $parts " == *" bus "* ]] && command -v dbus-daemon >/dev/null && command -v busctl >/dev/null; then
	step "Claims on the bus: $points"
	cat >"$root/bus.conf" <<-END
		<busconfig><type>system</type><listen>unix:path=$bus</listen><auth>EXTERNAL</auth>
		<policy context='default'><allow user='*'/><allow own='*'/><allow send_destination='*'/><allow receive_sender='*'/></policy>
		</busconfig>
	END
	dbus-daemon --config-file="$root/bus.conf" --nofork 2>>"$log.bus" &
	# Nobody is at the other end of the first: each word to systemd fails, too.
	export NOTIFY_SOCKET=$root/notify DBUS_SYSTEM_BUS_ADDRESS=unix:path=$bus
	wait_until 5 test -S "$bus"
	rm -f "$root/trace"
	begin_service strace -D -f -qq -s 64 -o "$root/trace"
	check "a claim in peace" wait_until 20 claims
	check "is one" n_claims 1
	check "and is released" ask Release ss $claimant ''
	end_service
	wait_until 10 grep -q exit_group "$root/trace"
	points_of "$root/trace" | grep -E '^(socket|connect|sendmsg|recvmsg) ' >"$root/points"
	while read -r call nth _ <&9; do
		strike true answers "killed at $call $nth" killed strace -D -f -qq -o "$root/strace.log" -e inject="$call:signal=SIGKILL:when=$nth"
	done 9< <(some "$points" <"$root/points")
	summed "claims, vfpoold is killed" "$(wc -l <"$root/points") calls on sockets"
	while read -r call nth _ <&9; do
		strike true answers "${errors[$call]} of $call $nth" failing strace -D -f -qq -o "$root/strace.log" -e inject="$call:error=${errors[$call]}:when=$nth"
	done 9< <(some "$points" <"$root/points")
	summed "claims, a call on a socket fails" "$(wc -l <"$root/points")"
fi
grep -v ' Killed ' "$work/noise"
check "and nothing else was said" test "$(grep -cv ' Killed ' "$work/noise")" = 0
