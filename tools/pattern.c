/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Regular expressions of Python and Go as POSIX' own. */

#include "tools/pattern.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define MAX_PATTERN 256
/* glibc's regcomp() writes out what + and {} repeat, groups within groups too: nested, they take
 * time and memory that grow as 2 to the power of their number. */
#define MAX_TIMES	    16
#define MAX_REPEATED_GROUPS 2

static int translate(const char *pattern, char **ret, struct vfp_err *err);
static bool is_too_often(const char *braces);

int vfp_pattern_compile(const char *pattern, bool is_anchored, regex_t *ret, struct vfp_err *err)
{
	vfp_autofree char *posix = NULL, *anchored = NULL;
	char words[128];
	int rc, wrong;

	if (strlen(pattern) > MAX_PATTERN)
		return vfp_fail(err, EINVAL, "a regular expression of more than %d characters",
				MAX_PATTERN);
	rc = translate(pattern, &posix, err);
	if (rc < 0)
		return rc;
	anchored = vfp_format("%s(%s)", is_anchored ? "^" : "", posix);
	wrong = regcomp(ret, *pattern ? anchored : "", REG_EXTENDED | REG_NOSUB);
	if (wrong == 0)
		return 0;
	regerror(wrong, ret, words, sizeof(words));
	return vfp_fail(err, EINVAL, "'%s' is no regular expression: %s", pattern, words);
}

/* Python's and Go's in POSIX' extended ones, as far as the two agree: whether there is a match is
 * the same for what both can say.  The rest is refused. */
static int translate(const char *pattern, char **ret, struct vfp_err *err)
{
	vfp_autofree char *text = vfp_alloc(strlen(pattern) * 6 + 1, 1);
	char *to = text;
	unsigned int n_repeated = 0;
	bool in_set = false;

	for (const char *c = pattern; *c; c++) {
		if (*c == '\\' && c[1] == 'd') {
			to = stpcpy(to, in_set ? "0-9" : "[0-9]");
			c++;
		} else if (*c == '\\' && in_set) {
			return vfp_fail(err, EINVAL, "'%s': '\\%.1s' within [] is not supported",
					pattern, c + 1);
		} else if (*c == '\\' && (isalnum((unsigned char)c[1]) || !c[1])) {
			return vfp_fail(
				err, EINVAL,
				"'%s': '\\%.1s' is not supported, write it as characters or a "
				"set, [0-9a-f]",
				pattern, c + 1);
		} else if (*c == '\\') {
			*to++ = *c++;
			*to++ = *c;
		} else if (!in_set && c[0] == '(' && c[1] == '?') {
			return vfp_fail(err, EINVAL, "'%s': '(?' is not supported, write ( ) and |",
					pattern);
		} else if (!in_set && *c == '{' && is_too_often(c + 1)) {
			return vfp_fail(err, EINVAL, "'%s': {} of more than %d is not supported",
					pattern, MAX_TIMES);
		} else if (!in_set && *c == ')' && (c[1] == '+' || c[1] == '{') &&
			   ++n_repeated > MAX_REPEATED_GROUPS) {
			return vfp_fail(err, EINVAL,
					"'%s': more than %d groups with + or {} are not supported",
					pattern, MAX_REPEATED_GROUPS);
		} else if (!in_set && strchr("*+?}", *c) && c[1] && strchr("*+?{", c[1])) {
			return vfp_fail(err, EINVAL, "'%s': '%.2s' is not supported, write '%c'",
					pattern, c, *c);
		} else {
			if (!in_set && *c == '[') {
				in_set = true;
				*to++ = *c;
				if (c[1] == '^')
					*to++ = *++c;
				if (c[1] == ']')
					*to++ = *++c;
				continue;
			}
			in_set = in_set && *c != ']';
			*to++ = *c;
		}
	}
	*ret = VFP_TAKE(text);
	return 0;
}

/* "{2}", "{2,}", "{2,8}": behind the brace. */
static bool is_too_often(const char *braces)
{
	const char *end = braces + strspn(braces, "0123456789");

	return strtoul(braces, NULL, 10) > MAX_TIMES ||
	       (*end == ',' && strtoul(end + 1, NULL, 10) > MAX_TIMES);
}
