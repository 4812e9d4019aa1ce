#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Where a prepare's work goes: its instructions by library and by what is done with them, counted by valgrind, and
# its system calls by what they are about, counted by strace.
# Usage, in the build tree: make bench-profile
# shellcheck source=tests/lib.sh
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
trap 'rm -rf "$root"' EXIT
database=$root/var/lib/vfpool/pool.db

# prepared COMMAND…: runs the hook's prepare under it, as the child of a libvirt daemon that then gives up.
prepared() {
	(
		"$top_builddir/tests/fake-root" "$root" +process "pid=$BASHPID,start=5,comm=libvirtd"
		export VFPOOL_ROOT=$root
		"$@" "$root/hook" web1 prepare begin - <"$root/web1.xml" &&
			"$root/hook" web1 release end failed <"$root/web1.xml"
	) || exit
}

new_pool
domain web1 01 "$(pool_nic 52:54:00:00:00:01 blue)" | vfpool domain rewrite >"$root/web1.xml"
mkfifo "$root/keep"
sqlite3 "$database" <"$root/keep" >/dev/null &
exec 8>"$root/keep"
echo 'SELECT count(*) FROM sqlite_schema;' >&8
prepared env

prepared valgrind --quiet --tool=callgrind --log-file="$root/log" --callgrind-out-file="$root/callgrind"
total=$(sed -n 's/^summary: //p' "$root/callgrind")
# share WORDS NUMBER
share() {
	awk "BEGIN { printf \"%-52s %8.2f M  %5.1f %%\\n\", \"$1\", $2 / 1e6, $2 / $total * 100 }"
}
echo "instructions of one prepare"
share "all" "$total"
# By library, without what it calls.
callgrind_annotate --threshold=100 "$root/callgrind" | sed -nE 's/^ *([0-9,]+) \([^)]*\) .* \[([^]]*)\]$/\1 \2/p' |
	awk '{
		gsub(",", "", $1); n = split($2, parts, "/"); name = parts[n]
		sub(/\.so.*/, "", name); sum[name] += $1
	} END { for (name in sum) print sum[name], name }' | sort -rn | grep -v '?' | head -n 5 |
	while read -r count name; do share "  in $name" "$count"; done
# With what they call.
callgrind_annotate --threshold=100 --inclusive=yes "$root/callgrind" |
	sed -nE 's/^ *([0-9,]+) \([^)]*\) +[^:]*:([A-Za-z0-9_]+)[^[]*\[.*$/\1 \2/p' | tr -d , >"$root/inclusive"
while read -r function words; do
	count=$(awk -v f="$function" '$2 == f { n = $1 > n ? $1 : n } END { print n + 0 }' "$root/inclusive")
	[ "$count" = 0 ] || share "$words" "$count"
done <<-END
	_dl_start the loader, before main()
	dlopen loading the second stage
	vfp_domain_read reading the XML
	vfp_pool_open opening the book
	vfp_pool_lease the choice's check, the lease and its journal line
	vfp_setup_reclaim looking whether the VF is a stale lease's
END

prepared strace -f -qq -o "$root/strace"
echo
echo "system calls of one prepare"
sed -E "s|^[0-9]+ +||; s|$root||g" "$root/strace" | awk '
	/^openat|^open|^readlink|^access|^newfstatat|^mkdir|^unlink|^rename/ && match($0, /"[^"]*"/) {
		path = substr($0, RSTART + 1, RLENGTH - 2)
	}
	{
		what = "memory, signals, process"
		if (/^(openat|open|readlink|readlinkat|access|newfstatat|mkdir|unlink|rename)/) {
			if (path ~ /^\/sys|^virtfn/) what = "/sys, paths"
			else if (path ~ /^\/proc/) what = "/proc, paths"
			else if (path ~ /^\/fake/) what = "(of the tests'"'"' fake kernel)"
			else if (path ~ /^\/var\/lib/) what = "the book, paths"
			else if (path ~ /^\/run/) what = "/run: marks, locks, members"
			else what = "loader and libraries, paths"
		} else if (/^(read|pread64|getdents64|close|fstat|lseek)/) what = "reading what is open"
		else if (/^(write|pwrite64|ftruncate)/) what = "writing"
		else if (/^fcntl/) what = "locks and flags (fcntl)"
		else if (/^f(data)?sync/) what = "waiting for the disk (fsync, fdatasync)"
		n[what]++; all++
	}
	END {
		printf "%-52s %8d\n", "all", all
		for (what in n)
			printf "  %-50s %8d\n", what, n[what] | "sort"
	}'
exec 8>&-
