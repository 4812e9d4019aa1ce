#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the fuzz targets (tests/fuzz) start from, and what they have found: each is read again.
set -u
: "${top_builddir:=$PWD}"
data=${top_srcdir:-$(dirname "$0")/..}/tests/data failed=0
for target in domain files hook import netlink pool values; do
	inputs=()
	for file in "$data/$target"/* "$data/fuzz/$target"/*; do
		[ ! -f "$file" ] || inputs+=("$file")
	done
	if "$top_builddir/tests/replay-$target" "${inputs[@]}"; then
		echo "ok    $target"
	else
		failed=1
		echo "FAIL  $target"
	fi
done
exit $failed
