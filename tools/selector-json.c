/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON in, by json-c. */

#include "tools/selector-json.h"

#include <string.h>

#define MAX_DEPTH 8

VFP_DEFINE_AUTO(tokener, json_tokener *, json_tokener_free)

int vfp_json_parse(const char *text, json_object **ret, struct vfp_err *err)
{
	vfp_auto(tokener) tokener = json_tokener_new_ex(MAX_DEPTH);
	const size_t size = strlen(text);
	json_object *root;
	unsigned int line = 1;
	size_t at, column = 1;

	if (!tokener)
		abort();
	if (size > INT32_MAX / 2)
		return vfp_fail(err, EFBIG, "more than a gigabyte of JSON");
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	/* With the NUL, so that a number at the end is complete. */
	root = json_tokener_parse_ex(tokener, text, (int)size + 1);
	if (root) {
		*ret = root;
		return 0;
	}
	at = json_tokener_get_parse_end(tokener);
	for (size_t i = 0; i < at && i < size; i++) {
		line += text[i] == '\n';
		column = text[i] == '\n' ? 1 : column + 1;
	}
	if (json_tokener_get_error(tokener) == json_tokener_success)
		return vfp_fail(err, EINVAL, "JSON: null is no selection");
	return vfp_fail(err, EINVAL, "not JSON: %s at character %zu of line %u, near '%.20s'",
			json_tokener_error_desc(json_tokener_get_error(tokener)), column, line,
			at < size ? text + at : "the end");
}
