/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What may come next on a command line that is being typed, for the shell's completion
 * (tools/completion.bash).  It reads the same tables as the help, so it knows every command; names
 * of PFs, VFs, pools and so on are those of this host.
 */
#pragma once

#include "tools/cmd.h"

/* @words: those after "vfpool", the last one unfinished ("" when nothing is typed of it yet).
 * Prints "words" or "files" (a file's name belongs here), then what could stand in the place of the
 * last word, one a line; nothing when that cannot be told.  Never fails and never says why: it is
 * asked between two keys. */
void vfp_complete(const char *const *words, size_t n);
