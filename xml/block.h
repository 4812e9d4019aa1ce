/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A piece of XML text whose line breaks and indentation are still open: it takes those of the place
 * where it is put, so that the result looks hand-written.
 *
 *	vfp_auto(block) block = vfp_block_new();
 *	vfp_block_line(block, 0, "<source>");
 *	vfp_block_line(block, 1, "<address type='pci'/>");
 *	vfp_block_line(block, 0, "</source>");
 *	text = vfp_block_lay_out(block, &layout, false);
 *
 * Private to xml/.  Inside, a break and a step of indentation are the control characters 1 and 2,
 * which no XML document can hold.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

/* How lines look at a place of a document. */
struct vfp_layout {
	bool is_flat;	 /* no line breaks here: all in one line */
	const char *eol; /* "\n" or "\r\n" */
	const char
		*indent; /* of the block's lines, @indent_size bytes: it points into the document */
	size_t indent_size;
	const char *unit; /* one step more, likewise */
	size_t unit_size;
	unsigned int steps; /* that many steps more for each line */
};

struct vfp_block;

struct vfp_block *vfp_block_new(void);
void vfp_block_free(struct vfp_block *block); /* NULL is fine */
VFP_DEFINE_AUTO(block, struct vfp_block *, vfp_block_free)

bool vfp_block_is_empty(const struct vfp_block *block);

/* A further line, @depth steps in.  Values in it must have been escaped. */
void vfp_block_line(struct vfp_block *block, unsigned int depth, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Another block's lines. */
void vfp_block_add(struct vfp_block *block, unsigned int depth, const struct vfp_block *other);
/* An element as it stands in a document, where it is indented by @indent.  Breaks between tags
 * become open again; those in comments, texts and attributes stay what they are. */
void vfp_block_add_element(struct vfp_block *block, unsigned int depth, const char *text,
			   size_t size, const char *indent, size_t indent_size);

/* The text, which the caller frees.  There is no break after its last line, and before its first
 * one only with
 * @on_new_line. */
char *vfp_block_lay_out(const struct vfp_block *block, const struct vfp_layout *layout,
			bool on_new_line);

/* @value for use between quotes of either kind or as text.  The caller frees it. */
char *vfp_xml_escape(const char *value);
