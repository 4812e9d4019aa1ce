/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Regular expressions as OpenStack (Python) and Kubernetes (Go) write them, by libc's regcomp():
 * what POSIX' extended ones cannot say is refused, so that what is taken means the same.
 */
#pragma once

#include <regex.h>
#include <stdbool.h>

#include "base/err.h"

/* @is_anchored: the match begins with the text, as Python's match() wants it.  The caller frees
 * *ret with regfree().  -EINVAL in words. */
int vfp_pattern_compile(const char *pattern, bool is_anchored, regex_t *ret, struct vfp_err *err);
