/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lines of text in styles: what a screen shows, or a plain listing without them.
 *
 *	struct vfp_lines lines = {0};
 *	vfp_lines_begin(&lines);			a new line
 *	vfp_lines_add(&lines, VFP_STYLE_BAD, "%s", …);	goes on in it
 *	vfp_lines_free(&lines);
 *
 * All text goes through vfp_text_fit(): what a domain is called cannot command a terminal.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum vfp_style {
	VFP_STYLE_PLAIN,
	VFP_STYLE_DIM,
	VFP_STYLE_HEAD,	 /* of a table */
	VFP_STYLE_TITLE, /* the bar at the top and at the bottom */
	VFP_STYLE_GOOD,
	VFP_STYLE_BUSY,
	VFP_STYLE_ODD,
	VFP_STYLE_WARN,
	VFP_STYLE_BAD,
	VFP_N_STYLES
};

struct vfp_span {
	enum vfp_style style;
	char *text;
};

struct vfp_line {
	struct vfp_span *spans;
	size_t n, width; /* in columns */
};

struct vfp_lines {
	struct vfp_line *lines;
	size_t n;
};

void vfp_lines_begin(struct vfp_lines *lines);
void vfp_lines_add(struct vfp_lines *lines, enum vfp_style style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* In a column of @width, with a blank after it; cut where it is longer. */
void vfp_lines_cell(struct vfp_lines *lines, enum vfp_style style, size_t width, bool to_right,
		    const char *text);
/* Blanks up to column @width. */
void vfp_lines_pad(struct vfp_lines *lines, enum vfp_style style, size_t width);
/* Takes those from @n on away. */
void vfp_lines_cut(struct vfp_lines *lines, size_t n);
void vfp_lines_free(struct vfp_lines *lines);
/* Without styles, and without blanks at the ends of lines. */
void vfp_lines_print(const struct vfp_lines *lines, FILE *out);
