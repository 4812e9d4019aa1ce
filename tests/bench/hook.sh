#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The hook against its floors and against the same job in Python and shell, all in one run, in turns.
# The fake host is in memory where there is a file system for it, as /sys, /proc and /run are; all databases are on disk.
# Usage, in the build tree: make bench  (ROUNDS=200)
disk=$(mktemp -d "${TMPDIR:-/tmp}/vfpool-bench.XXXXXX")
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# shellcheck source=tests/lib.sh
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
rounds=${ROUNDS:-200}
uuid=00000000-0000-0000-0000-000000000001
bench=$top_builddir/tests/bench peers=$top_srcdir/tests/bench/peers

# row LABEL STDIN PROGRAM ARGUMENT…: of turns.
row() {
	local IFS=$'\t'
	echo "$*"
}

# hook_row LABEL OPERATION FILE NAME [REASON]
hook_row() {
	row "$1" "$3" "$root/hook" "$4" "$2" begin "${5:--}"
}

new_pool
mv "$root/var/lib/vfpool" "$disk"
ln -s "$disk/vfpool" "$root/var/lib/vfpool"
domain web1 01 "$(pool_nic 52:54:00:00:00:01 blue)" | vfpool domain rewrite >"$root/web1.xml"
domain plain 02 "<interface type='network'><source network='default'/><mac address='52:54:00:00:00:02'/></interface>" \
	>"$root/plain.xml"
sqlite3 "$disk/peer.db" "PRAGMA journal_mode = WAL; CREATE TABLE lease (pci PRIMARY KEY, domain, mac);
	CREATE TABLE journal (time, event, domain, pci)" >/dev/null
# Each database stays open meanwhile, as vfpoold keeps the pool's: its last user writes the log into it otherwise.
for db in vfpool/pool.db floor-expat.db floor-libxml2.db peer.db; do
	sqlite3 "$disk/$db" "PRAGMA journal_mode = WAL" >/dev/null
	mkfifo "$disk/keep"
	sqlite3 "$disk/$db" <"$disk/keep" >/dev/null &
	exec {kept}>"$disk/keep"
	echo 'SELECT count(*) FROM sqlite_schema;' >&"$kept"
	rm "$disk/keep"
done
trap 'rm -rf "$root" "$disk"' EXIT
export VFPOOL_ROOT=$root PEER_DB=$disk/peer.db PEER_PF=lo
{
	row 'floor A: nothing' /dev/null "$bench/floor-a"
	hook_row 'plain: prepare' prepare "$root/plain.xml" plain
	hook_row 'plain: release' release "$root/plain.xml" plain
	row 'floor B: expat' "$root/web1.xml" "$bench/floor-b-expat" "$disk/floor-expat.db"
	row 'floor B: libxml2' "$root/web1.xml" "$bench/floor-b-libxml2" "$disk/floor-libxml2.db"
	hook_row 'prepare' prepare "$root/web1.xml" web1
	hook_row 'start' start "$root/web1.xml" web1
	row - /dev/null "$top_builddir/tests/fake-root" "$root" +process \
		"pid=4242,start=77,comm=qemu-system-x86,uuid=$uuid,domain=web1,guest=262144,locked=262144"
	hook_row 'started' started "$root/web1.xml" web1
	hook_row 'stopped' stopped "$root/web1.xml" web1
	row - /dev/null "$top_builddir/tests/fake-root" "$root" -process 4242
	hook_row 'release' release "$root/web1.xml" web1 destroyed
	row 'python: plain' "$root/plain.xml" "$peers/hook.py" plain prepare begin -
	row 'python: prepare' "$root/web1.xml" "$peers/hook.py" web1 prepare begin -
	row 'shell: plain' "$root/plain.xml" "$peers/hook.sh" plain prepare begin -
	row 'shell: prepare' "$root/web1.xml" "$peers/hook.sh" web1 prepare begin -
} >"$root/rows"
# The hook asks who its parent is: it is turns, which takes this shell's place and so its number.
(
	"$top_builddir/tests/fake-root" "$root" +process "pid=$BASHPID,start=5,comm=libvirtd"
	exec "$bench/turns" "$rounds" <"$root/rows" >"$root/times"
) || exit 1
awk -F '\t' -v rounds="$rounds" '
	{ label[NR] = $1; p10[NR] = $2; median[$1] = $3; p99[NR] = $4 }
	END {
		a = median["floor A: nothing"]; b = median["floor B: libxml2"]; e = median["floor B: expat"]
		printf "%d rounds, all in turns; milliseconds\n", rounds
		printf "%-18s %8s %8s %8s %8s %8s %8s\n", "", "p10", "median", "p99", "/ A", "/ B", "/ B(expat)"
		for (i = 1; i <= NR; i++) {
			m = median[label[i]]
			printf "%-18s %8.2f %8.2f %8.2f %8.2f %8.2f %8.2f\n", label[i], p10[i], m, p99[i], m / a, m / b, m / e
		}
		printf "python / ours: prepare %.1f, plain %.1f; shell / ours: prepare %.1f, plain %.1f\n",
			median["python: prepare"] / median["prepare"], median["python: plain"] / median["plain: prepare"],
			median["shell: prepare"] / median["prepare"], median["shell: plain"] / median["plain: prepare"]
	}' "$root/times"
