#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The manual against the program: every command has its heading, word for word as the help prints its usage; every
# option is in vfpool(1); no page names what is not there; and the formatters have nothing to say.
# shellcheck source=tests/lib.sh
. "${top_srcdir:-$(dirname "$0")/..}/tests/lib.sh"
man=$top_builddir/docs/man

# plain: roff's escapes as the characters that they stand for.
plain() {
	sed -e 's/\\-/-/g' -e 's/\\(u2026\|\\\[u2026\]/…/g' -e 's/\\(aq/'"'"'/g' -e 's/\\e/\\/g' -e 's/\\&//g'
}

step "Commands"
vfpool --help | sed -n 's/^  \(vfpool [a-z].*[^ ]\) *$/\1/p' | sort >"$root/help"
check "the help has commands" test "$(wc -l <"$root/help")" -gt 20
plain <<<"$(sed -n 's/^\.SS //p' "$man"/vfpool-*.1)" | sort >"$root/headings"
check "each has a heading .SS in docs/man/vfpool-NOUN.1.in, word for word" diff "$root/help" "$root/headings"
while read -r _ noun _; do
	check "vfpool-$noun(1) is there, and vfpool(1) lists it" grep -q "^\.BR vfpool.*-$noun (1)" <(plain <"$man/vfpool.1") \
		"$man/vfpool-$noun.1"
done < <(sort -u -k 2,2 "$root/help")

step "Options"
check "each is in docs/man/vfpool.1.in with its value" diff \
	<(vfpool --help | sed -nE 's/^  (--[a-z-]+( [^ ]+)?)  .*/\1/p' | sort) \
	<(plain <"$man/vfpool.1" | sed -n 's/^\.B \(--.*\)/\1/p' | sort)

step "References"
for page in "$man"/*.[1-8]; do
	while read -r name section; do
		check "${page##*/} names $name($section), which is there" test -e "$man/$name.$section"
	done < <(plain <"$page" | sed -nE 's/^\.BR (vfpool[a-z-]*) \(([1-8])\).*/\1 \2/p')
done

step "Examples"
check "all are in the recorded session (tests/lab/record)" test -z "$(grep -l 'not recorded: ' "$man"/*.[1-8])"

step "Formatters"
for page in "$man"/*.[1-8]; do
	if command -v groff >/dev/null; then
		check "groff has no warning about ${page##*/}" test -z "$(groff -ww -Kutf8 -man -Tutf8 -z "$page" 2>&1)"
	fi
	if command -v mandoc >/dev/null; then
		check "nor has mandoc" mandoc -T lint -W warning "$page"
	fi
done
