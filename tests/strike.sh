# shellcheck shell=bash
# What crash.sh, errors.sh and races.sh share: the fake host of tests/lib.sh in memory, operations that are struck at a
# chosen system call, and the invariants held against what is left.
#
# strace strikes: -D keeps the hook a child of the daemon that it asks for, and a signal is sent before the system call
# is made, so that "killed at call N" means that N - 1 calls were made.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# shellcheck source=tests/lib.sh
. "${top_srcdir:-$(dirname "$0")/..}/tests/lib.sh"

command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null || {
	echo "strace is not there or may not trace"
	trap - EXIT
	exit 77
}
if grep -q __asan_init "$top_builddir/hooks/vfpool"; then
	echo "built with sanitizers, which strace would only slow down"
	trap - EXIT
	exit 77
fi

db=var/lib/vfpool/pool.db
work=$(mktemp -d "$TMPDIR/vfpool-strike.XXXXXX")
trap 'rm -rf "$root" "$work"; tally' EXIT

# The lines of a VF that has nothing on it.
as_new='mac (00|02):00:00:00:00:00|vlan 0|qos 0|proto 8100|spoofchk on|trust off|link auto|rate 0 0|rss_query off|guids 0 0|[rt]x .*'

# vf_devices: "PF#INDEX is_set" of each VF of the fake host, by its files alone.
vf_devices() {
	local link pf index is_set
	for link in "$root"/sys/class/net/*/device/virtfn*; do
		[ -e "$link" ] || continue
		pf=${link%/device/*} pf=${pf##*/} index=${link##*virtfn} is_set=0
		grep -qsvxE "$as_new" "$root/fake/$pf/$index" && is_set=1
		echo "$pf#$index $is_set"
	done
}

# guests: "VF UUID" of each VFIO group that a fake QEMU has open.
guests() {
	local -A vf_of_group
	local link group fd words
	while read -r link group; do
		link=${link#"$root"/sys/class/net/}
		vf_of_group[${group##*/}]=${link%%/*}#${link##*virtfn}
	done < <(find "$root"/sys/class/net/*/device/virtfn*/iommu_group -maxdepth 0 -printf '%h %l\n' 2>/dev/null)
	while read -r fd group; do
		group=${group##*/}
		[ -n "${vf_of_group[$group]:-}" ] || continue
		mapfile -td '' words <"${fd%/fd/*}/cmdline"
		[[ ${words[*]} =~ -uuid\ ([0-9a-f-]+) ]] && echo "${vf_of_group[$group]} ${BASH_REMATCH[1]}"
	done < <(find "$root"/proc/[0-9]*/fd -lname '/dev/vfio/*' -printf '%p %l\n' 2>/dev/null)
}

# broken: each invariant that does not hold, a line each; nothing when all do.
broken() {
	"$top_builddir/tests/fake-root" "$root" settle
	[ -s "$root/$db" ] || return 0
	{
		echo "CREATE TEMP TABLE device (vf TEXT, is_set INTEGER); CREATE TEMP TABLE guest (vf TEXT, uuid TEXT);"
		echo "CREATE TEMP TABLE boot (id TEXT); INSERT INTO boot VALUES ('$(<"$root/proc/sys/kernel/random/boot_id")');"
		vf_devices | sed -E "s/(.*) (.*)/INSERT INTO device VALUES ('\1', \2);/"
		guests | sed -E "s/(.*) (.*)/INSERT INTO guest VALUES ('\1', '\2');/"
		# What was cut short before the schema was there is an empty file.
		if [ "$(sqlite3 "$root/$db" 'PRAGMA user_version')" = 0 ]; then
			echo "SELECT '10: half a schema: ' || name FROM sqlite_master;"
		else
			cat "$top_srcdir/tests/invariants.sql"
		fi
	} | sqlite3 "$root/$db" 2>&1
}

# keep STATE / back STATE: the host as it is now, kept and brought back.
keep() {
	rm -rf "${work:?}/$1"
	cp -a "$root" "$work/$1"
}

back() {
	rm -rf "${root:?}"/{etc,fake,proc,run,sys,var}
	(cd "$work/$1" && cp -a etc fake proc run sys var "$root" 2>/dev/null)
}

# bind NAME UUID-TAIL MAC [PORTGROUP]: its bound definition in $root/NAME.xml.
bind() {
	domain "$1" "$2" "$(pool_nic "$3" "${4:-}")" | vfpool domain rewrite >"$root/$1.xml"
}

run() {
	hook "$1" "$2" "${3:--}" "$root/$1.xml"
}

vf_of() {
	sqlite3 -cmd '.timeout 20000' "$root/$db" "SELECT dev || '#' || idx FROM lease JOIN vf ON vf.id = vf_id JOIN pf ON pf.id = pf_id
		WHERE domain = '$1'"
}

# group_of VF: its IOMMU group.
group_of() {
	basename "$(readlink "$root/sys/class/net/${1%#*}/device/virtfn${1#*#}/iommu_group")"
}

# qemu_starts NAME UUID-TAIL PID / qemu_ends PID
qemu_starts() {
	"$top_builddir/tests/fake-root" "$root" +process "pid=$3,start=77,comm=qemu-system-x86,uuid=00000000-0000-0000-0000-0000000000$2,domain=$1,guest=262144,locked=262144,group=$(group_of "$(vf_of "$1")")"
}

qemu_ends() {
	"$top_builddir/tests/fake-root" "$root" -process "$1"
}

# settled: the hook, what it left behind and the tracer are gone.
settled() {
	[ ! -e "$root/busy" ] || flock -x -w 20 "$root/busy" true
}

# was_killed: the last strike was a kill that met somebody.
was_killed() {
	wait_until 5 grep -q '+++' "$root/strace.log"
	grep -q 'killed by SIGKILL' "$root/strace.log"
}

# striking SPEC: from now on the hook, and `struck`, run under strace with that inject=SPEC; "" no more.
striking() {
	rm -f "$root/strace.log" "$root/strike"
	[ -z "$1" ] || echo "$1" >"$root/strike"
}

# wrap_hook: the hook's name is a script that lets strace strike; the hook itself is beside it.
wrap_hook() {
	mv "$root/hook" "$root/hook.real"
	cat >"$root/hook" <<-END
		#!/bin/sh
		exec 7>'$root/busy'
		flock -s 7
		[ ! -e '$root/trace.wanted' ] || exec strace -D -f -qq -s 64 -o '$root/trace' '$root/hook.real' "\$@"
		[ -e '$root/strike' ] || exec '$root/hook.real' "\$@"
		exec strace -D -f -qq -o '$root/strace.log' -e inject="\$(cat '$root/strike')" '$root/hook.real' "\$@"
	END
	chmod 755 "$root/hook"
}

# struck COMMAND…: a command of ours, struck like the hook.
struck() {
	if [ -e "$root/strike" ]; then
		strace -D -f -qq -o "$root/strace.log" -e inject="$(cat "$root/strike")" "$@"
	else
		"$@"
	fi
}

# points COMMAND…: the system calls that it makes, "NAME N CHANGES" each: the Nth call of that name (strace counts each
# name for itself, and each process), and 1 when it can change what others see; 2 when it is the loader's, before main().
points() {
	striking ""
	rm -f "$root/trace"
	if [ "$1" = run ]; then
		echo >"$root/trace.wanted"
		"$@" >/dev/null 2>&1
		rm -f "$root/trace.wanted"
	else
		shift # struck
		strace -D -f -qq -s 64 -o "$root/trace" "$@" >/dev/null 2>&1
	fi
	settled
	wait_until 5 grep -q 'exit_group' "$root/trace"
	points_of "$root/trace"
}

# points_of FILE: the same, of what strace wrote.
points_of() {
	awk '{ pid = $1; sub(/^[0-9]+ +/, "") }
	/^read\(0,|\/var\/lib\/vfpool|\/sys\// { main = 1 }
	/^[a-z0-9_]+\(/ {
		name = $0; sub(/\(.*/, "", name); n = ++count[pid, name]
		changes = name ~ /^(write|pwrite64|writev|fsync|fdatasync|rename|renameat|renameat2|unlink|unlinkat|mkdir|mkdirat|rmdir|ftruncate|symlink|chmod|fchmod|link)$/ ||
			/O_CREAT/ || /F_(OFD_)?SETLK/
		if (name == "execve" || name == "exit_group") next
		if (!((name, n) in seen)) order[++all] = name " " n
		seen[name, n] = seen[name, n] || changes
		if (!main) early[name, n] = 1
	}
	END { for (i = 1; i <= all; i++) { split(order[i], at, " "); print order[i], early[at[1], at[2]] ? 2 : seen[at[1], at[2]] + 0 } }' "$1"
}
