/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pool definitions: the XML of schemas/pool.rng into values and back.
 */
#pragma once

#include "base/pooldef.h"

/* Reads and checks a <vfpool> document: against schemas/pool.rng, which is built in, and for what
 * the schema cannot say (at most one default port group, no two of a name, ranges in order, a name
 * that is allowed).  Not said means: policy spread, numa prefer, park yes, attributes as a scrubbed
 * VF's; a document without a port group gets vfp_portgroup_plain.
 * -EINVAL with line and what was expected.  vfp_pooldef_free() gives *ret_def's parts back. */
int vfp_pooldef_read(const char *text, size_t size, struct vfp_pooldef *ret_def,
		     struct vfp_err *err);

/* The one written form of @def; attributes at their default are left out.  The caller frees
 * *ret_text. */
int vfp_pooldef_write(const struct vfp_pooldef *def, char **ret_text, struct vfp_err *err);
