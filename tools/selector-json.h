/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Other people's JSON, for those who read selectors.  Private to them.
 */
#pragma once

#include <json-c/json.h>

#include "base/cleanup.h"
#include "base/err.h"

VFP_DEFINE_AUTO(json, json_object *, json_object_put)

/* One whole document, strict.  Never null.  -EINVAL with the place.  The caller puts *ret. */
int vfp_json_parse(const char *text, json_object **ret, struct vfp_err *err);
