#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Hosts with real cards, described in data/hosts/*.host: what the first look at each of them shows.  The lines of a
# description are tests/fake-root's, and three of this script: "vfpool COMMAND…", "pool NAME PF…", "list-vfs".
# WRITE=1 writes what is printed over what is expected.
# shellcheck source=tests/lib.sh
. "${top_srcdir:-$(dirname "$0")/..}/tests/lib.sh"
hosts=$top_srcdir/tests/data/hosts

# shown COMMAND…: as on a terminal, with the exit status when it is not 0.
shown() {
	local status=0
	echo "\$ vfpool $*"
	vfpool "$@" 2>&1 || status=$?
	[ "$status" = 0 ] || echo "exit $status"
	echo
}

pool() {
	local name=$1 pf
	shift
	echo "<vfpool><name>$name</name>"
	for pf; do echo "<pf dev='$pf'/>"; done
	echo "</vfpool>"
}

look_at() {
	local word rest
	rm -rf "${root:?}"/*
	"$top_builddir/tests/fake-root" "$root" "@$1" || exit 99
	if [ -e "$root/etc/libvirt/hooks/qemu.d/vfpool" ]; then
		mkdir -p "$root$PKGLIBDIR"
		touch "$root$PKGLIBDIR/hook.so"
	fi
	while read -r word rest; do
		# shellcheck disable=SC2086 # words
		case $word in
		vfpool) shown $rest ;;
		pool)
			pool $rest >"$root/pool.xml"
			vfpool pool define "$root/pool.xml"
			echo
			;;
		list-vfs) shown vf list | cut -c 1-54 | sed -n '1,5p; /:[0-9a-f]*:00\.0/p; $!{h; d}; x; p' ;;
		esac
	done <"$1"
	shown pf list
	for word in "$root"/sys/class/net/*; do
		[ ! -e "$word/device/vendor" ] || [ -e "$word/device/physfn" ] || shown pf show "${word##*/}"
	done
	shown doctor
}

for host in "$hosts"/*.host; do
	look_at "$host" | sed "s|$root||g" >"$root.shown"
	expected=${host%.host}.expected
	[ -z "${WRITE:-}" ] || cp "$root.shown" "$expected"
	check "$(basename "$host" .host)" diff -u "$expected" "$root.shown"
done
rm -f "$root.shown"

step "The doctor for programs"
prints 1 '"check": ?"kvm",[^}]*"result": ?"PASS"' "JSON" vfpool doctor --json
check "as many objects as checks" test "$(vfpool doctor --json 2>"$root/err" | grep -c '"check"')" = \
	"$(vfpool doctor 2>"$root/err" | grep -cE '^(PASS|WARN|FAIL) ')"
