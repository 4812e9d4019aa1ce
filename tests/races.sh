#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Many domains for few VFs, each with a daemon of its own, all at once: real hooks on a fake kernel, some of them killed
# in the middle, with check --repair at work beside them.  Nobody ever has a VF that another has, and at the end all are
# free.
#
#	tests/races.sh				12 domains for 6 VFs, 2 lives each: what make check runs
#	RACES_ROUNDS=100 RACES_DOMAINS=20 …	make torture
# shellcheck source=tests/strike.sh
. "${top_srcdir:-$(dirname "$0")/..}/tests/strike.sh"
rounds=${RACES_ROUNDS:-2} domains=${RACES_DOMAINS:-12}

# A hook that may be killed after some moments.  What it leaves behind goes on: that is a late release.
call() {
	local pid status=0
	VFPOOL_ROOT=$root "$root/hook" "$name" "$1" begin "${2:--}" <"$root/$name.xml" >>"$work/$name.said" 2>&1 &
	pid=$!
	if [ $((RANDOM % 5)) = 0 ]; then
		sleep "0.0$((RANDOM % 8))"
		kill -9 $pid 2>/dev/null && echo kill >>"$work/$name.count"
	fi
	wait $pid 2>/dev/null || status=$?
	return $status
}

# One life of $name: "start", "refused" or "broken WORDS" a line into its count.
live() {
	local vf held=
	domain "$name" "$tail" "$(pool_nic "52:54:00:00:01:$tail" blue)" | vfpool domain rewrite >"$root/$name.xml.new" 2>>"$work/$name.said" || return
	mv "$root/$name.xml.new" "$root/$name.xml"
	if call prepare; then
		vf=$(vf_of "$name" 2>>"$work/$name.said")
		if [ -n "$vf" ] && mkdir "$work/held/$vf" 2>/dev/null; then
			held=$vf
		else
			echo "broken $name got '$vf' that another has: $(cat "$work/held/$vf/who" 2>/dev/null)" >>"$work/$name.count"
		fi
		[ -z "$held" ] || echo "$name" >"$work/held/$held/who"
		if call start && [ "$(vf_of "$name")" = "$vf" ]; then
			qemu_starts "$name" "$tail" $((7000 + 10#$tail))
			if call started; then
				echo start >>"$work/$name.count"
				grep -q "mac 52:54:00:00:01:$tail" "$root/fake/${vf%#*}/${vf#*#}" ||
					echo "broken $name runs with a VF that has another MAC" >>"$work/$name.count"
			fi
		fi
		call stopped
		qemu_ends $((7000 + 10#$tail)) 2>/dev/null
		[ -z "$held" ] || rm -r "$work/held/$held"
	else
		echo refused >>"$work/$name.count"
	fi
	call release failed
}

# As libvirtd: the hooks' parent.
daemon() {
	local tail name
	tail=$(printf %02d "$1") name=vm$1
	"$top_builddir/tests/fake-root" "$root" +process "pid=$BASHPID,start=5,comm=libvirtd"
	for _ in $(seq "$rounds"); do
		live
	done
}

new_pool
mkdir "$work/held"
step "$domains domains for 6 VFs, $rounds lives each"
start=$SECONDS
pids=()
for i in $(seq "$domains"); do
	daemon "$i" 2>/dev/null &
	pids+=($!)
done
touch "$work/going"
while [ -e "$work/going" ]; do
	vfpool check --repair >/dev/null 2>&1
done &
keeper=$!
wait "${pids[@]}"
rm "$work/going"
wait $keeper
for pid in "${pids[@]}"; do
	"$top_builddir/tests/fake-root" "$root" -process "$pid"
done

count() {
	cat "$work"/*.count 2>/dev/null | grep -c "^$1"
}
ok "$((rounds * domains)) lives: $(count start) ran, $(count refused) found no VF or were killed before they had one, $(count kill) hooks killed; $((SECONDS - start)) s"
check "nobody had another's VF" test "$(grep -h '^broken' "$work"/*.count)" = ""
check "some ran" test "$(count start)" -gt 0
check "no invariant is broken" test -z "$(broken)"
is_mended() {
	vfpool check --repair >/dev/null 2>&1
	[ "$(sqlite3 "$root/$db" "SELECT (SELECT count(*) FROM lease) + (SELECT count(*) FROM vf WHERE dirty OR faulty <> '')")" = 0 ]
}
check "at the end all VFs are free" wait_until 20 is_mended
check "and no invariant is broken" test -z "$(broken)"
