#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# embed.sh FILE…: prints C source that has each file as a NUL-terminated string, vfp_schema_ and its name with
# dots and hyphens as underscores (pool.rng: vfp_schema_pool_rng).  schemas/schemas.h declares them.
set -eu
echo '/* Made by schemas/embed.sh: edit the files of schemas/ instead. */'
echo '#include "schemas/schemas.h"'
for file in "$@"; do
	name=$(basename "$file" | tr '.-' '__')
	printf '\nconst char vfp_schema_%s[] =\n' "$name"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/\t"/' -e 's/$/\\n"/' "$file"
	echo ';'
done
