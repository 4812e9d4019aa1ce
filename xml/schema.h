/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The door to libxml2, which is there for RELAX NG: is a document as its schema says?
 *
 * Private to xml/, and not for the hook: xml/tree.h says why.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"

/* @text is one that vfp_xml_parse() takes.  @rng: the schema, in RELAX NG's XML form.
 * -EINVAL: it is not, with the first line that is not. */
int vfp_schema_check(const char *text, size_t size, const char *rng, struct vfp_err *err);
