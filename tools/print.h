/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a command prints: the same rows as a table for people or as JSON for programs.
 *
 *	struct vfp_print *p = vfp_print_begin(columns, VFP_N(columns), json);
 *	vfp_print_text(p, "%s", pf->dev);	cell by cell, in the order of the columns
 *	vfp_print_number(p, pf->num_vfs);
 *	vfp_print_end(p);			prints, and frees p
 *
 * A table is as wide as its cells, an empty cell shows as "-".  JSON is one array of one object per
 * row; a cell that is none is null.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/item.h"

struct vfp_column {
	const char *head; /* of the table, upper case */
	const char *key;  /* of the JSON object */
};

struct vfp_print;

struct vfp_print *vfp_print_begin(const struct vfp_column *columns, size_t n, bool json);
/* An empty text is none. */
void vfp_print_text(struct vfp_print *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void vfp_print_number(struct vfp_print *p, int64_t value);
void vfp_print_bool(struct vfp_print *p, bool value);		       /* yes, no */
void vfp_print_item(struct vfp_print *p, const struct vfp_item *item); /* its value alone */
/* Named values within a cell: an object in JSON, "key=value, key=value" in a table. */
void vfp_print_items(struct vfp_print *p, const struct vfp_item *items, size_t n);
/* Milliseconds since 1970: local time in a table, UTC by RFC 3339 in JSON; 0 is none. */
void vfp_print_time(struct vfp_print *p, int64_t ms);
/* Prints what there is by now, and goes on: the head once, JSON as one object a line. */
void vfp_print_flush(struct vfp_print *p);
void vfp_print_end(struct vfp_print *p);
/* The same for one row that is a thing of its own: "Head: cell" line by line, or the JSON object
 * without an array around it. */
void vfp_print_end_one(struct vfp_print *p);
