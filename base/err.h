/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors with words.
 *
 * A function that can fail returns 0 or a negative errno and, at the end of its parameters, takes a
 * struct vfp_err that lives on the caller's stack.  It fails in one line:
 *
 *	return vfp_fail(err, ENOENT, "VF %s: no such device", addr);
 *
 * and a caller that knows more puts its own words in front:
 *
 *	return vfp_fail_in(err, rc, "pool %s", name);
 *		-> "pool sriov0: VF 0000:01:10.0: no such device"
 *
 * A message names the object, what was found, what was expected and what to do.  It is one line
 * without a full stop and carries no program name.  On failure no ret_ parameter is touched.
 */
#pragma once

#include <errno.h>
#include <stddef.h>

struct vfp_err {
	int code;      /* a positive errno, 0 while nothing failed */
	char msg[512]; /* one line; cut at the end when it is longer */
};

/* Writes the words and returns -@code.  @err may be NULL where nobody reads the words.  Control
 * characters in the finished line (a domain name may hold them) come out as '?'. */
int vfp_fail(struct vfp_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "words: " in front of what @err already says and returns @rc. */
int vfp_fail_in(struct vfp_err *err, int rc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Out of memory is not an error that a caller could handle: these abort. */
void *vfp_alloc(size_t n, size_t size);		   /* zeroed */
void *vfp_realloc(void *p, size_t n, size_t size); /* the new part is not zeroed */
char *vfp_strdup(const char *s);
char *vfp_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
