#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Bound and undone definitions before other judges than ours: libvirt's schema, schemas/metadata.rng, and libvirt
# itself, which takes the definition, writes it its own way, and then gives us nothing left to change.
# Skipped without virt-xml-validate and xmllint; the last part without libvirt's embedded QEMU driver.
set -u
top=${top_srcdir:-$(dirname "$0")/..}
corpus=${top_builddir:-.}/tests/corpus
for tool in virt-xml-validate xmllint; do
	command -v $tool >/dev/null || { echo "no $tool"; exit 77; }
done
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
failed=0

# want WORDS COMMAND…: the command must succeed.
want() {
	words=$1
	shift
	"$@" >"$tmp/out" 2>&1 && return
	printf 'FAIL: %s\n' "$words"
	cat "$tmp/out"
	failed=$((failed + 1))
	return 1
}

virsh_embedded() {
	virsh -q -c "qemu:///embed?root=$tmp/libvirt" "$@"
}

# round_trip NAME DOCUMENT: what libvirt makes of it is bound already.
round_trip() {
	sed "s/\(<domain [^>]*type=\).kvm./\1'qemu'/" "$2" >"$tmp/in.xml"
	uuid=$(xmllint --xpath 'string(/domain/uuid)' "$tmp/in.xml")
	want "$1: define" virsh_embedded define "$tmp/in.xml" || return
	virsh_embedded dumpxml --inactive "$uuid" >"$tmp/dump.xml"
	"$corpus" --bound "$tmp/dump.xml" >"$tmp/again.xml"
	want "$1: the dumped definition needs no change" cmp "$tmp/dump.xml" "$tmp/again.xml"
	"$corpus" --undone "$tmp/dump.xml" >"$tmp/undone.xml"
	want "$1: the dumped definition undone" virt-xml-validate "$tmp/undone.xml" domain
	want "$1: define undone" virsh_embedded define "$tmp/undone.xml"
	want "$1: undefine" virsh_embedded undefine --nvram "$uuid"
}

want "the promises of xml/domain.h" "$corpus" "$top/tests/data"
# As libvirt-qemu QEMU may not be allowed to use a /dev/kvm that is there, and libvirt asks it anew each time, for seconds.
if [ "$(id -u)" = 0 ]; then
	mkdir -p "$tmp/libvirt/etc"
	printf '%s\n' 'user = "root"' 'group = "root"' >"$tmp/libvirt/etc/qemu.conf"
fi
is_embedded=
virsh_embedded version >"$tmp/version" 2>&1 && is_embedded=yes
for file in "$top"/tests/data/domain/*.xml; do
	name=$(basename "$file" .xml)
	case $name in *.*) continue ;; esac
	"$corpus" --bound "$file" >"$tmp/bound.xml" || failed=$((failed + 1))
	"$corpus" --undone "$tmp/bound.xml" >"$tmp/undone.xml" || failed=$((failed + 1))
	want "$name: bound" virt-xml-validate "$tmp/bound.xml" domain
	want "$name: undone" virt-xml-validate "$tmp/undone.xml" domain
	xmllint --xpath "/domain/metadata/*[namespace-uri()='urn:vfpool:domain:1']" "$tmp/bound.xml" >"$tmp/ours.xml"
	want "$name: metadata" xmllint --noout --relaxng "$top/schemas/metadata.rng" "$tmp/ours.xml"
	[ -z "$is_embedded" ] || round_trip "$name" "$tmp/bound.xml"
done

# refused_by SCHEMA FILE
# shellcheck disable=SC2317
refused_by() {
	! xmllint --noout --relaxng "$1" "$2"
}

# The pool schema by itself refuses what it can say; xml/pooldef.c must not be the only one that does.
for file in "$top"/tests/data/pool/*.xml; do
	case $(basename "$file") in
	bad-code-*) ;;
	bad-*) want "$file: is refused by the schema" \
		refused_by "$top/schemas/pool.rng" "$file" ;;
	*) want "$file" xmllint --noout --relaxng "$top/schemas/pool.rng" "$file" ;;
	esac
done
[ -n "$is_embedded" ] || echo "libvirt itself was not asked: $(tail -n 1 "$tmp/version")"
[ "$failed" -eq 0 ] && echo "validate: all documents are what they should be"
exit "$failed"
