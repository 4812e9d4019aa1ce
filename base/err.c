/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors with words, and memory that is there or the program is not.
 */
#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static void append(struct vfp_err *err, const char *text);
static void *need(void *p);

int vfp_fail(struct vfp_err *err, int code, const char *fmt, ...)
{
	char words[sizeof(err->msg)];
	va_list args;

	assert(code > 0);
	if (!err)
		return -code;
	va_start(args, fmt);
	vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	err->msg[0] = '\0';
	append(err, words);
	err->code = code;
	return -code;
}

int vfp_fail_in(struct vfp_err *err, int rc, const char *fmt, ...)
{
	char words[sizeof(err->msg)];
	char before[sizeof(err->msg)];
	va_list args;

	assert(rc < 0);
	if (!err)
		return rc;
	va_start(args, fmt);
	vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	memcpy(before, err->msg, sizeof(before));
	err->msg[0] = '\0';
	append(err, words);
	append(err, ": ");
	append(err, before);
	err->code = -rc;
	return rc;
}

void *vfp_alloc(size_t n, size_t size)
{
	return need(calloc(n ? n : 1, size ? size : 1));
}

void *vfp_realloc(void *p, size_t n, size_t size)
{
	return need(reallocarray(p, n ? n : 1, size ? size : 1));
}

char *vfp_strdup(const char *s)
{
	return need(strdup(s));
}

char *vfp_format(const char *fmt, ...)
{
	va_list args;
	char *text;
	int size;

	va_start(args, fmt);
	size = vasprintf(&text, fmt, args);
	va_end(args);
	return need(size < 0 ? NULL : text);
}

/* What does not fit is left out.  @text is a copy, since the arguments of a message may point into
 * the message that it replaces. */
static void append(struct vfp_err *err, const char *text)
{
	size_t used = strlen(err->msg);
	size_t size = strnlen(text, sizeof(err->msg) - 1 - used);

	memcpy(err->msg + used, text, size);
	err->msg[used + size] = '\0';
	vfp_text_clean(err->msg);
}

static void *need(void *p)
{
	if (!p) {
		fputs("vfpool: out of memory\n", stderr);
		abort();
	}
	return p;
}
