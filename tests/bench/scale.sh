#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What grows with the pool: one pool of 16, 256, 4,096 and 65,536 VFs, 256 on a PF, made anew.  They are on a file
# system in memory where there is one: a wait for the disk would hide what grows.
# Usage, in the build tree: make bench-scale  (SIZES="16 256", ROUNDS=40)
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
# shellcheck source=tests/lib.sh
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib.sh"
sizes=${SIZES:-16 256 4096 65536} rounds=${ROUNDS:-40}
bench=$top_builddir/tests/bench top=$root
trap 'rm -rf "$top"' EXIT

# pool_of N: PFs of up to 256 VFs, parked, in one pool; web1 is bound to the last of them.
pool_of() {
	local n=$1 per k pfs=() database=$root/var/lib/vfpool/pool.db
	per=$((n < 256 ? n : 256))
	for ((k = 0; k < n / per; k++)); do
		pfs+=("dev=ens$k,pci=$(printf %04x:01:00.0 $k),mac=$(printf 00:1b:21:01:%02x:%02x $((k / 256)) $((k % 256)))")
		pfs[k]+=",driver=fakefull,totalvfs=$per,numvfs=$per,parked=1,offset=1,stride=1"
	done
	"$top_builddir/tests/fake-root" "$root" "${pfs[@]}" || exit 99
	mkdir -p "$root$PKGLIBDIR"
	cp "$top_builddir/tests/.libs/hook-fake.so" "$root$PKGLIBDIR/hook.so"
	cp "$top_builddir/hooks/vfpool" "$root/hook"
	{
		echo "<vfpool><name>sriov0</name>"
		for ((k = 0; k < n / per; k++)); do echo "<pf dev='ens$k'/>"; done
		echo "<portgroup name='blue'><vlan><tag id='100'/></vlan></portgroup></vfpool>"
	} >"$root/pool.xml"
	vfpool pool define "$root/pool.xml" >/dev/null || exit 99
	domain web1 01 "$(pool_nic 52:54:00:00:00:01 blue)" >"$root/web1.in"
	vfpool domain rewrite <"$root/web1.in" >"$root/web1.xml"
	sqlite3 "$database" "
		INSERT OR IGNORE INTO vf (pf_id, idx) SELECT id, $((per - 1)) FROM pf WHERE dev = 'ens$((n / per - 1))';
		UPDATE port SET pinned = 1, vf_id = (SELECT max(id) FROM vf)"
	vfpool domain rewrite <"$root/web1.in" >"$root/web1.xml"
	# As vfpoold keeps it: open.
	mkfifo "$root/keep"
	sqlite3 "$database" <"$root/keep" >/dev/null &
	exec {keep}>"$root/keep"
	echo 'SELECT count(*) FROM sqlite_schema;' >&"$keep"
}

# lives: prepare and release of each pool, all in turns: "prepare N", median and so on, a line each.
lives() {
	for n in $sizes; do
		"$top_builddir/tests/fake-root" "$top/$n" +process "pid=$BASHPID,start=5,comm=libvirtd"
		printf '%s\t%s\t%s\t%s\tweb1\t%s\tbegin\tfailed\n' \
			"prepare $n" "$top/$n/web1.xml" "VFPOOL_ROOT=$top/$n" "$top/$n/hook" prepare \
			"release $n" "$top/$n/web1.xml" "VFPOOL_ROOT=$top/$n" "$top/$n/hook" release
	done >"$top/rows"
	exec "$bench/turns" "$rounds" <"$top/rows"
}

# milliseconds FILE COMMAND…: the median of five runs, FILE on stdin.
milliseconds() {
	local i start file=$1
	shift
	for ((i = 0; i < 5; i++)); do
		start=${EPOCHREALTIME/./}
		"$@" <"$file" >/dev/null 2>&1
		echo $((${EPOCHREALTIME/./} - start))
	done | sort -n | sed -n 3p | awk '{ print $1 / 1000 }'
}

# instructions OPERATION: of one call, in millions.
instructions() {
	(
		"$top_builddir/tests/fake-root" "$root" +process "pid=$BASHPID,start=5,comm=libvirtd"
		VFPOOL_ROOT=$root valgrind --quiet --tool=callgrind --callgrind-out-file="$root/count.%p" \
			--log-file="$root/valgrind.log" "$root/hook" web1 "$1" begin failed <"$root/web1.xml"
	)
	sed -n 's/^summary: //p' "$root"/count.* | sort -n | tail -n 1 | awk '{ print $1 / 1e6 }'
	rm -f "$root"/count.*
}

# memory: vfpoold's, "NOW MOST" in MiB, once it has found libvirt's own test driver and has looked at everything.
memory() {
	: >"$root/vfpoold.log"
	"$top_builddir/tests/vfpoold-fake" --root "$root" --connect test:///default 2>"$root/vfpoold.log" &
	local pid=$! before=-1 now=0
	wait_until 60 grep -q 'connected to libvirt' "$root/vfpoold.log"
	while [ "$before" != "$now" ]; do
		before=$now
		sleep 1.5 # longer than it waits before it compares book and host
		now=$(cut -d ' ' -f 14,15 "/proc/$pid/stat")
	done
	sed -nE 's/^Vm(HWM|RSS):[^0-9]*([0-9]+) kB/\2/p' "/proc/$pid/status" | sort -n | awk '{ printf "%.0f ", $1 / 1024 }'
	kill "$pid"
	wait "$pid"
}

for n in $sizes; do
	root=$top/$n
	mkdir -p "$root"
	pool_of "$n"
done
(lives >"$top/lives") || exit 1
row='%7s %8s %8s %9s %9s %8s %8s %8s %8s %8s %5s %5s\n'
echo "one pool, 256 VFs on a PF; ms; $rounds rounds of prepare and release, all pools in turns"
# shellcheck disable=SC2059
printf "$row" VFs prepare release Minstr. Minstr. 'vf list' rewrite check walk scan/ MiB MiB \
	'' '' '' prepare release '' '' '' '' walk now most
for n in $sizes; do
	root=$top/$n
	read -r walk scan <<<"$("$bench/scan" "$root" 11)"
	# shellcheck disable=SC2059,SC2046
	printf "$row" "$n" "$(awk -F '\t' -v row="prepare $n" '$1 == row { print $3 }' "$top/lives")" \
		"$(awk -F '\t' -v row="release $n" '$1 == row { print $3 }' "$top/lives")" \
		"$(instructions prepare)" "$(instructions release)" \
		"$(milliseconds /dev/null vfpool vf list)" "$(milliseconds "$root/web1.in" vfpool domain rewrite)" \
		"$(milliseconds /dev/null vfpool check --connect test:///default)" "$walk" \
		"$(awk "BEGIN { printf \"%.2f\", $scan / $walk }")" $(memory)
done
