#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Many hooks at once: 1, 4, 16, 64 and 256 domains, each with a VF of its own, that start and stop all the time
# (prepare and release, one durable commit each), beside what SQLite alone commits on the same file system: one
# program that does nothing else, and as many programs at once that open the database, commit once and leave.
# The fake host is in memory where there is a file system for it, as /sys, /proc and /run are; the book is on disk.
# Usage, in the build tree: make bench-concurrency  (CROWDS="1 16", SECONDS_EACH=5)
disk=$(mktemp -d "${TMPDIR:-/tmp}/vfpool-bench.XXXXXX")
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# shellcheck source=tests/lib.sh
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
crowds=${CROWDS:-1 4 16 64 256} seconds=${SECONDS_EACH:-5}
bench=$top_builddir/tests/bench
trap 'rm -rf "$root" "$disk"' EXIT

# keep DATABASE: somebody has it open, as vfpoold has the pool's.
keep() {
	sqlite3 "$1" "PRAGMA journal_mode = WAL" >/dev/null
	rm -f "$root/keep"
	mkfifo "$root/keep"
	sqlite3 "$1" <"$root/keep" >/dev/null &
	exec {kept}>"$root/keep"
	echo 'SELECT count(*) FROM sqlite_schema;' >&"$kept"
}

# hundreds_of VALUE: 16 PFs of 16 VFs in one pool, and domains web0 to web255, each bound to one.
new_host_of_256() {
	local i pfs=()
	rm -rf "${root:?}"/*
	for ((i = 0; i < 16; i++)); do
		pfs+=("dev=ens$i,pci=$(printf %04x:01:00.0 "$i"),mac=$(printf 00:1b:21:01:00:%02x "$i")")
		pfs[i]+=",driver=fakefull,totalvfs=16,numvfs=16,parked=1,offset=1,stride=1"
	done
	"$top_builddir/tests/fake-root" "$root" "${pfs[@]}" || exit 99
	"$top_builddir/tests/fake-root" "$root" memory 1000000 0
	mkdir -p "$root$PKGLIBDIR" "$disk/vfpool"
	rm -rf "$root/var/lib/vfpool"
	ln -s "$disk/vfpool" "$root/var/lib/vfpool"
	cp "$top_builddir/tests/.libs/hook-fake.so" "$root$PKGLIBDIR/hook.so"
	cp "$top_builddir/hooks/vfpool" "$root/hook"
	{
		echo "<vfpool><name>sriov0</name>"
		for ((i = 0; i < 16; i++)); do echo "<pf dev='ens$i'/>"; done
		echo "<portgroup name='blue'><vlan><tag id='100'/></vlan></portgroup></vfpool>"
	} >"$root/pool.xml"
	vfpool pool define "$root/pool.xml" >/dev/null || exit 99
	for ((i = 0; i < 256; i++)); do
		domain "web$i" 01 "$(pool_nic "$(printf 52:54:00:00:00:%02x "$i")" blue)" |
			sed "s|0000000001</uuid>|$(printf %010x "$i")</uuid>|" |
			vfpool domain rewrite >"$root/web$i.xml" || exit 99
	done
}

# rows CLIENTS: of the hooks.
rows() {
	local i
	for ((i = 0; i < $1; i++)); do
		printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$i" "$root/web$i.xml" "$root/hook" "web$i" prepare begin - \
			"$i" "$root/web$i.xml" "$root/hook" "web$i" release end failed
	done
}

# commit_rows CLIENTS
commit_rows() {
	local i
	for ((i = 0; i < $1; i++)); do
		printf '%s\t%s\t%s\t%s\t%s\n' "$i" /dev/null "$bench/commit" "$disk/own.db" 1
	done
}

# crowd ROWS…: the daemon that calls the hooks is crowd itself.
crowd() {
	"$top_builddir/tests/fake-root" "$root" +process "pid=$BASHPID,start=5,comm=libvirtd"
	VFPOOL_ROOT=$root exec "$bench/crowd" "$seconds"
}

# own_rate: of SQLite alone, commits a second.
own_rate() {
	local start=${EPOCHREALTIME/./} n=1000
	"$bench/commit" "$disk/own.db" $n
	awk "BEGIN { printf \"%.1f\", $n / (${EPOCHREALTIME/./} - $start) * 1e6 }"
}

new_host_of_256
keep "$disk/vfpool/pool.db"
sqlite3 "$disk/own.db" "PRAGMA journal_mode = WAL; CREATE TABLE lease (domain, vf)" >/dev/null
keep "$disk/own.db"
echo "prepare and release of so many domains at once, $seconds s each; SQLite alone: one program, and so many that commit once"
row='%7s %9s %9s %7s %7s %9s %9s %9s %7s\n'
# shellcheck disable=SC2059
printf "$row" domains calls/s SQLite/s ratio 'once/s' 'median ms' 'worst ms' fairness failed
for n in $crowds; do
	own=$(own_rate)
	read -r once _ <<<"$(commit_rows "$n" | (crowd))"
	read -r calls median worst fair failed <<<"$(rows "$n" | (crowd) 2>"$root/said")"
	own=$(own_rate | awk -v first="$own" '{ print ($1 + first) / 2 }')
	# shellcheck disable=SC2059
	printf "$row" "$n" "$calls" "$own" "$(awk "BEGIN { printf \"%.2f\", $calls / $own }")" "$once" "$median" "$worst" \
		"$fair" "$failed"
	[ "$failed" = 0 ] || sort "$root/said" | uniq -c | sort -rn | head -n 3
done
