/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Configuration files of OpenStack's services, as oslo.config reads them (its iniparser.py), which
 * is not how INI libraries do: a line that begins with a blank goes on with the value before it, an
 * option may stand there several times, its value is never cut at a comment sign, and one pair of
 * quotes around it is taken off.
 */
#pragma once

#include "base/text.h"

struct vfp_ini_value {
	char *section; /* as written; DEFAULT is one, too */
	char *key;
	char *value; /* lines of one value with '\n' between them */
	unsigned int line;
};

struct vfp_ini {
	struct vfp_ini_value *values; /* in the order of the file */
	size_t n;
};

/* @text of @size bytes, with a NUL behind them.  -EINVAL with the line, what was found and what was
 * expected.  The caller frees with vfp_ini_free(). */
int vfp_ini_parse(const char *text, size_t size, struct vfp_ini *ret, struct vfp_err *err);
void vfp_ini_free(struct vfp_ini *ini);

/* Whether the value is that option's; a section's name counts in any case, but DEFAULT's. */
bool vfp_ini_is(const struct vfp_ini_value *value, const char *section, const char *key);
/* The value with oslo.config's "$$" and "\$" as a "$".  -EINVAL where it names another option,
 * "$name" or "${name}".  The caller frees *ret. */
int vfp_ini_expand(const char *value, char **ret, struct vfp_err *err);
