#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# How many instructions each operation of the hook takes, counted by valgrind, beside what is recorded in
# tests/bench/instructions: more than 10 % above it fails.  Counts do not shake on a busy machine, but they belong to a
# compiler and to libraries: each combination has a section of its own, and where there is none the test is skipped.
#
#	WRITE=1 make check TESTS=tests/instructions.sh		records them anew, for this machine's combination
command -v valgrind >/dev/null || { echo "no valgrind: nothing is counted"; exit 77; }
# shellcheck source=tests/lib.sh
. "${top_srcdir:-$(dirname "$0")/..}/tests/lib.sh"
record=$top_srcdir/tests/bench/instructions
limit=10

# combination: what the counts depend on beside our own source.
combination() {
	local so=$top_builddir/tests/.libs/hook-fake.so
	echo "$(uname -m), $(readelf -p .comment "$so" | sed -nE '/GCC|clang/{s/.*\] +//; p; q}') ${BUILD_CFLAGS:--g -O2}," \
		"$(getconf GNU_LIBC_VERSION), sqlite $(sqlite3 --version | cut -d ' ' -f 1)," \
		"$(basename "$(realpath "$(ldd "$so" | sed -nE 's|.*=> (/[^ ]*expat[^ ]*) .*|\1|p')")")"
}

# counted WORDS NAME OPERATION [REASON]: one call of the hook; its count goes into $root/counts.
# A child starts with what its parent had counted before the fork, so the highest count is the call's.
counted() {
	local words=$1
	shift
	rm -f "$root"/count.*
	hook "$1" "$2" "${3:--}" "$root/$1.xml" || { fail "$words" "exit $?"; return; }
	sed -n 's/^summary: //p' "$root"/count.* | sort -n | tail -n 1 | sed "s/^/$words: /" >>"$root/counts"
}

# One life of a domain, and calls for domains that are none of ours.
one_life() {
	local uuid=00000000-0000-0000-0000-000000000001
	counted "plain prepare" plain prepare
	counted "plain release" plain release shutdown
	counted "foreign prepare" foreign prepare
	counted prepare web1 prepare
	counted start web1 start
	"$top_builddir/tests/fake-root" "$root" +process \
		"pid=4242,start=77,comm=qemu-system-x86,uuid=$uuid,domain=web1,guest=262144,locked=262144"
	counted started web1 started
	counted reconnect web1 reconnect
	counted stopped web1 stopped
	"$top_builddir/tests/fake-root" "$root" -process 4242
	counted release web1 release destroyed
}

# Twice the same, but for what the digits of a pid and the like make of it.
same_twice() {
	awk -F ': ' '
		NR == FNR { first[$1] = $2; next }
		{ off = ($2 - first[$1]) / first[$1] }
		off > 0.005 || off < -0.005 { printf "%s: %d, then %d\n", $1, first[$1], $2; bad = 1 }
		END { exit bad }' "$root/first" "$root/counts"
}

as_recorded() {
	awk -F ': ' -v here="[$here]" -v limit=$limit '
		NR == FNR { if (/^\[/) mine = $0 == here; else if (mine) was[$1] = $2; next }
		!($1 in was) { printf "%s: is not recorded\n", $1; bad = 1; next }
		$2 > was[$1] * (1 + limit / 100) {
			printf "%s: %d instructions, recorded are %d: %.1f %% more\n",
				$1, $2, was[$1], ($2 / was[$1] - 1) * 100
			bad = 1
		}
		END {
			if (bad)
				print "to record what is meant: WRITE=1 make check TESTS=tests/instructions.sh"
			exit bad
		}' "$record" "$root/counts"
}

# skip WORDS
skip() {
	echo "$*"
	trap 'rm -rf "$root"' EXIT
	exit 77
}

grep -q __asan_init "$top_builddir/hooks/vfpool" && skip "built with sanitizers: nothing is counted"
new_pool
mv "$root/hook" "$root/hook.real"
cat >"$root/hook" <<END
#!/bin/sh
# The loader walks the environment: it is as libvirt's is.  What a processor can beyond that is not the same everywhere.
exec env -i LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root USER=root \
	LOGNAME=root VFPOOL_ROOT="$root" GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX,-AVX2,-ERMS,-AVX512F \
	valgrind --quiet --tool=callgrind --callgrind-out-file=$root/count.%p --log-file=$root/valgrind.log \\
	"$root/hook.real" "\$@"
END
chmod 755 "$root/hook"
domain web1 01 "$(pool_nic 52:54:00:00:00:01 blue)" | vfpool domain rewrite >"$root/web1.xml"
domain plain 02 "<interface type='network'><source network='default'/></interface>" >"$root/plain.xml"
domain foreign 03 "$(hostdev_nic 52:54:00:00:00:03 0000:05:00.0)" >"$root/foreign.xml"

step "Instructions of each operation"
one_life
mv "$root/counts" "$root/first"
one_life
cat "$root/counts"
here=$(combination)
if [ -n "${WRITE:-}" ]; then
	{
		awk -v here="[$here]" '/^\[/ { mine = $0 == here } !mine' "$record"
		echo "[$here]"
		cat "$root/counts"
	} >"$root/record" && cat "$root/record" >"$record"
fi
check "counted twice, the same" same_twice
grep -qxF "[$here]" "$record" || [ "$failed" -gt 0 ] ||
	skip "tests/bench/instructions has nothing of [$here]; to record it: WRITE=1 make check TESTS=tests/instructions.sh"
check "no operation takes over $limit % more than recorded" as_recorded
