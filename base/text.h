/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text: strict numbers, whole files, atomic writes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* One word of a table that maps the field's words to numbers; a table ends with a NULL word. */
struct vfp_word {
	const char *word;
	int value;
};

/* The value of @word, or -1 when the table does not have it.  Exact: no prefixes, no other case. */
int vfp_word_parse(const struct vfp_word *table, const char *word);
/* The word of @value; it must be in the table. */
const char *vfp_word_of(const struct vfp_word *table, int value);

/* Decimal digits and nothing else (no sign, no blanks), within @min..@max.  false: not that. */
bool vfp_number_parse(const char *s, uint64_t min, uint64_t max, uint64_t *ret_value);

/* Copies @s into @buf of @size bytes; false, and an empty @buf, when it does not fit. */
bool vfp_copy(char *buf, size_t size, const char *s);

/* FNV-1a, 64 bits (draft-eastlake-fnv): goes on from @hash with the bytes of @s. */
#define VFP_HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t vfp_hash(uint64_t hash, const char *s);

/* Puts '?' in the place of control characters and drops half a UTF-8 character at the end: what
 * becomes a message, a log line or JSON may hold a domain's name. */
void vfp_text_clean(char *s);

/* Reads a whole file or descriptor, at most @max bytes (-EFBIG beyond).  The text is
 * NUL-terminated, the caller frees it; @ret_size (may be NULL) does not count the NUL.  -ENOENT and
 * other open errors come with words. */
int vfp_file_read(const char *path, size_t max, char **ret_text, size_t *ret_size,
		  struct vfp_err *err);
int vfp_fd_read(int fd, const char *what, size_t max, char **ret_text, size_t *ret_size,
		struct vfp_err *err);

/* Replaces @path as a whole: temporary file beside it, fsync, rename, fsync of the folder.  After a
 * power cut the file holds either the old or the new text. */
int vfp_file_replace(const char *path, unsigned int mode, const char *text, struct vfp_err *err);

/* Makes the folder and those above it, mode 0755.  Existing ones are fine. */
int vfp_mkdirs(const char *path, struct vfp_err *err);
