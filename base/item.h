/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Named values in other people's words: for JSON, for a table, for D-Bus.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum vfp_item_kind { VFP_ITEM_NONE, VFP_ITEM_TEXT, VFP_ITEM_NUMBER, VFP_ITEM_BOOL };

struct vfp_item {
	const char *key; /* a constant */
	enum vfp_item_kind kind;
	int64_t number; /* of a number; of a bool 0 or 1 */
	char text[256]; /* of a text */
};
