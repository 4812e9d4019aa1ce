#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Somebody else has the database: every operation of the hook, the commands and vfpoold at once.  Within their patience
# they wait and do it; beyond it whoever may refuses and says why, and nobody waits longer than the line does.  Then all
# goes on.
#
#	tests/locked.sh			for 1 s: what make check runs
#	LOCKED_SECONDS=12 …		longer than anybody's patience: make torture
# shellcheck source=tests/lib.sh
. "${top_srcdir:-$(dirname "$0")/..}/tests/lib.sh"
seconds=${LOCKED_SECONDS:-1}
db=$root/var/lib/vfpool/pool.db
claimant=00000000-0000-0000-0000-000000000008
command=$top_builddir/tests/.libs/vfpool-fake
[ -x "$command" ] || command=$top_builddir/tests/vfpool-fake

# This shell is the libvirt daemon: its hooks run side by side.
operate() {
	VFPOOL_ROOT=$root "$root/hook" "$1" "$2" begin "${3:--}" <"$root/$1.xml" >"$root/said" 2>&1
}
start_qemu() {
	"$top_builddir/tests/fake-root" "$root" +process "pid=$2,start=77,comm=qemu-system-x86,uuid=00000000-0000-0000-0000-0000000000$1,domain=web${1#0},guest=262144,locked=262144"
}
sql() {
	sqlite3 -cmd '.timeout 20000' "$db" "$1"
}

step "Before"
new_pool
# So many that what is claimed and held is nobody's definition's, whoever comes first.
check "ens1f1 has 7 VFs" "$command" --root "$root" pf enable ens1f1 --vfs 7
"$top_builddir/tests/fake-root" "$root" +process "pid=$$,start=5,comm=libvirtd"
for i in 1 2 3 4 5; do
	domain web$i 0$i "$(pool_nic 52:54:00:00:00:0$i blue)" | vfpool domain rewrite >"$root/web$i.xml"
done
domain web7 07 "$(pool_nic 52:54:00:00:00:07)" >"$root/web7.xml"
for i in 2 3 4 5; do
	operate web$i prepare || fail "web$i prepare"
done
for i in 3 4 5; do
	operate web$i start || fail "web$i start"
	start_qemu 0$i 424$i
done
for i in 4 5; do
	operate web$i started || fail "web$i started"
done
"$top_builddir/tests/fake-root" "$root" -process 4245
"$top_builddir/tests/vfpoold-fake" --root "$root" --connect test:///default 2>"$root/service.log" &
vfpoold=$!
check "vfpoold is there" wait_until 10 grep -q 'connected to libvirt' "$root/service.log"
check "four leases" test "$(sql "SELECT count(*) FROM lease WHERE domain <> 'web5'")" = 3

# Who, what, and how it is to end: within the patience, beyond it (status and words).
names=() pids=() short=() long=() words=()
# begins NAME SHORT LONG WORDS: the last in the background is so called.
begins() {
	names+=("$1") pids+=($!) short+=("$2") long+=("$3") words+=("$4")
}
step "Locked for $seconds s"
printf 'BEGIN EXCLUSIVE;\n.shell touch %s/held; sleep %s\nCOMMIT;\n' "$root" "$seconds" | sqlite3 "$db" &
holder=$!
wait_until 5 test -e "$root/held"
since=$SECONDS refused=
while read -r name operation longer why; do
	VFPOOL_ROOT=$root "$root/hook" "$name" "$operation" begin - <"$root/$name.xml" >"$root/$name.$operation" 2>&1 &
	begins "$name.$operation" 0 "$longer" "$why"
done <<-END
	web1 prepare 1 locked
	web2 start 0 -
	web3 started 1 locked
	web4 stopped 0 -
	web4 reconnect 0 -
	web5 release 0 -
END
"$command" --root "$root" domain rewrite <"$root/web7.xml" >/dev/null 2>"$root/rewrite" &
begins rewrite 0 75 locked
"$command" --root "$root" claim --domain $claimant --name web8 --pool sriov0 --portgroup blue --mac 52:54:00:00:00:08 >/dev/null 2>"$root/claim" &
begins claim 0 75 locked
"$command" --root "$root" vf hold ens1f1#2 --reason "a router" >/dev/null 2>"$root/hold" &
begins hold 0 75 locked
"$command" --root "$root" lease list >"$root/list" 2>&1 &
begins list 0 0 web2
"$command" --root "$root" vf list >"$root/vfs" 2>&1 &
begins vfs 0 0 ens1f0#0
"$command" --root "$root" who 52:54:00:00:00:04 >"$root/who" 2>&1 &
begins who 0 0 web4
left=("${pids[@]}")
while [ ${#left[@]} -gt 0 ]; do
	wait -n -p ended "${left[@]}"
	status=$?
	for i in "${!pids[@]}"; do
		[ "${pids[$i]}" = "$ended" ] || continue
		name=${names[$i]} took=$((SECONDS - since))
		if [ "$seconds" -le 4 ]; then
			check "$name waits and does it: $took s" test $status = "${short[$i]}"
		else
			# The first of a line waits 5 s, the others 30 s (pool/db.c): some get it in the end.
			check "$name: exit $status after $took s: $(tail -n 1 "$root/$name" | cut -c 1-110)" \
				test \( $status = 0 -o $status = "${long[$i]}" \) -a $took -le 40
			[ $status = 0 ] || check "$name says why" grep -q "${words[$i]}" "$root/$name"
			[ $status = 0 ] || refused+=" $name"
		fi
		unset "left[$i]"
	done
done
wait $holder
check "vfpoold lives" kill -0 $vfpoold
if [ "$seconds" -gt 4 ]; then
	[[ $refused != *prepare* ]] || check "a prepare that refused has done nothing" \
		test "$(sql "SELECT count(*) FROM lease WHERE domain = 'web1'")" = 0
	[[ $refused != *claim* ]] || check "nor has a claim" test "$(sql "SELECT count(*) FROM port WHERE domain = 'web8'")" = 0
fi

step "And then"
# What was done is done again, which is harmless; what was refused is done now.
for what in "web1 prepare" "web2 start" "web3 started" "web4 reconnect" "web4 stopped" "web5 release"; do
	# shellcheck disable=SC2086
	operate $what # in this shell: the hook asks who its parent is
	check "$what" test $? = 0
done
check "rewrite" "$command" --root "$root" domain rewrite <"$root/web7.xml" >/dev/null
check "the VF of web5 is free" wait_until 10 test "$(sql "SELECT count(*) FROM lease WHERE domain = 'web5'")" = 0
check "the others have theirs" test "$(sql "SELECT group_concat(domain || ' ' || state, ', ') FROM (SELECT * FROM lease ORDER BY domain)")" \
	= "web1 preparing, web2 preparing, web3 active, web4 active"
check "claim" "$command" --root "$root" claim --domain $claimant --name web8 --pool sriov0 --portgroup blue --mac 52:54:00:00:00:08
has_leases() {
	[ "$(sql "SELECT count(*) FROM lease")" = "$1" ]
}
"$top_builddir/tests/fake-root" "$root" -process 4244
sql "INSERT INTO journal (time_ms, event, text) VALUES (unixepoch() * 1000, 'disagreement', 'test')"
check "vfpoold mends what is odd" wait_until 10 has_leases 3
kill $vfpoold
wait $vfpoold
check "and ends in peace" [ $? = 0 ]
