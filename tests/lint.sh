#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The house rules that a program can check: one door per foreign library, arrows that go down only, headers with
# a purpose, no host names.  Prints each line that breaks one.
set -u
export LC_ALL=C.UTF-8 # a line's length is in characters
cd "${top_srcdir:-$(dirname "$0")/..}" || exit 1
findings=$(mktemp)
trap 'rm -f "$findings"' EXIT

# complain WORDS: what comes on stdin is found, under WORDS; anything at all is a failure.
complain() {
	found=$(cat)
	[ -z "$found" ] || printf '%s:\n%s\n' "$1" "$found" >>"$findings"
}

# door HEADER PLACES: only files that match the extended regular expression PLACES include HEADER.
door() {
	grep -rnE "#include <$1" --include='*.[ch]' base pool xml hooks tools service |
		grep -vE "^($2):" | complain "<$1…> is included outside its door"
}
door 'netlink/' 'base/netlink\.[ch]'
door 'linux/ethtool' 'base/ethtool\.c'
door 'sqlite3' 'pool/db\.[ch]'
door 'expat' 'xml/tree\.c'
door 'libxml/' 'xml/schema\.c'
door 'libvirt/' 'service/(libvirt|loop)\.c'
door 'json-c/' 'tools/(print\.c|selector-json\.h)'
door 'n?curses' 'tools/screen\.c'
door 'microhttpd' 'tools/exporter\.c'
door 'systemd/' 'service/(vfpoold|bus[a-z-]*)\.[ch]'

# below FOLDER OTHERS: FOLDER includes none of OTHERS.
below() {
	grep -rnE "#include \"($2)/" --include='*.[ch]' "$1" | complain "$1/ may not look into $2/"
}
below base 'pool|xml|hooks|tools|service|schemas|tests'
below pool 'xml|hooks|tools|service|tests'
below xml 'pool|hooks|tools|service|tests'
below hooks 'tools|service|tests'
below service 'hooks|tools|tests'
below tools 'hooks|tests'

# The first stage of the hook is compiled against libc and two headers of constants.
grep -nE '#include' hooks/qemu.c | grep -vE '<[a-z/]+\.h>|"(hooks/ops|pool/mark|pool/members)\.h"' |
	complain 'hooks/qemu.c needs libc only'

for file in base/*.[ch] pool/*.[ch] xml/*.[ch] hooks/*.[ch] tools/*.[ch] service/*.[ch] tests/*.[ch]; do
	[ -e "$file" ] || continue
	head -n 1 "$file" | grep -q 'SPDX-License-Identifier: LGPL-2.1-or-later' ||
		echo "$file: the first line is not the SPDX line"
	sed -n 2p "$file" | grep -q '^/\*' || echo "$file: the second line does not say what the file is for"
	case $file in *.h) grep -q '^#pragma once' "$file" || echo "$file: no #pragma once" ;; esac
done | complain 'how a file begins'

# A message stays in one piece, so that grep finds it.
for file in base/*.[ch] pool/*.[ch] xml/*.[ch] hooks/*.[ch] tools/*.[ch] service/*.[ch] tests/*.[ch]; do
	expand "$file" | grep -nE '^.{101,}' | grep -v '"' | sed "s|^|$file:|"
done | complain 'longer than 100 columns'
# HACKING, Messages: what a call of vfp_fail() says, its strings put together.
awk '
	/vfp_fail(_in)?\(/ { inside = 1; said = ""; line = FNR }
	inside {
		text = $0
		while (match(text, /"([^"\\]|\\.)*"/)) {
			said = said substr(text, RSTART + 1, RLENGTH - 2)
			text = substr(text, RSTART + RLENGTH)
		}
	}
	inside && /;[[:space:]]*$/ {
		inside = 0
		if (said ~ /[.!]$/ || tolower(said) ~ /please|failed to|unable to|^error|^sorry|[^<]!/ || said ~ /^[A-Z][a-z]/)
			printf "%s:%d: %s\n", FILENAME, line, said
	}
' base/*.c pool/*.c xml/*.c hooks/*.c tools/*.c service/*.c | complain 'the style of a message (HACKING, Messages)'
grep -rnE '\b(strcpy|strcat|sprintf|gets|system|popen|alloca)\(' --include='*.[ch]' base pool xml hooks tools service |
	grep -vE ':[0-9]+:[[:space:]]*(/?\*|//)' | complain 'a function that we do not use'
find . -name 'util*' -not -path './.git/*' | complain 'no file is called utils'

if command -v shellcheck >/dev/null; then
	# shellcheck disable=SC2046
	shellcheck -S warning -x -P SCRIPTDIR $(grep -rlE '^#!/bin/(ba)?sh' --exclude-dir=.git tests .ci schemas 2>/dev/null |
		grep -vE '\.(md|txt)$') | complain 'shellcheck'
fi

cat "$findings"
[ ! -s "$findings" ]
