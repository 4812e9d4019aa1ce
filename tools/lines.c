/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines of text in styles. */

#include "tools/lines.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "tools/rune.h"

static void add(struct vfp_lines *lines, enum vfp_style style, char *text);

void vfp_lines_begin(struct vfp_lines *lines)
{
	lines->lines = vfp_realloc(lines->lines, ++lines->n, sizeof(*lines->lines));
	lines->lines[lines->n - 1] = (struct vfp_line){0};
}

void vfp_lines_add(struct vfp_lines *lines, enum vfp_style style, const char *fmt, ...)
{
	vfp_autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	add(lines, style, vfp_text_fit(text, SIZE_MAX));
}

void vfp_lines_cell(struct vfp_lines *lines, enum vfp_style style, size_t width, bool to_right,
		    const char *text)
{
	vfp_autofree char *fit = vfp_text_fit(text, width);
	int blanks = (int)(width - vfp_text_width(fit));

	add(lines, style,
	    vfp_format("%*s%s%*s ", to_right ? blanks : 0, "", fit, to_right ? 0 : blanks, ""));
}

void vfp_lines_pad(struct vfp_lines *lines, enum vfp_style style, size_t width)
{
	size_t used = lines->lines[lines->n - 1].width;

	if (used < width)
		add(lines, style, vfp_format("%*s", (int)(width - used), ""));
}

void vfp_lines_cut(struct vfp_lines *lines, size_t n)
{
	while (lines->n > n) {
		struct vfp_line *line = &lines->lines[--lines->n];

		for (size_t i = 0; i < line->n; i++)
			free(line->spans[i].text);
		free(line->spans);
	}
}

void vfp_lines_free(struct vfp_lines *lines)
{
	vfp_lines_cut(lines, 0);
	free(lines->lines);
	*lines = (struct vfp_lines){0};
}

void vfp_lines_print(const struct vfp_lines *lines, FILE *out)
{
	for (size_t i = 0; i < lines->n; i++) {
		int blanks = 0;

		for (size_t k = 0; k < lines->lines[i].n; k++)
			for (const char *c = lines->lines[i].spans[k].text; *c; c++) {
				if (*c == ' ') {
					blanks++;
					continue;
				}
				fprintf(out, "%*s%c", blanks, "", *c);
				blanks = 0;
			}
		putc('\n', out);
	}
}

/* Takes @text over. */
static void add(struct vfp_lines *lines, enum vfp_style style, char *text)
{
	struct vfp_line *line;

	assert(lines->n);
	line = &lines->lines[lines->n - 1];
	line->spans = vfp_realloc(line->spans, ++line->n, sizeof(*line->spans));
	line->spans[line->n - 1] = (struct vfp_span){style, text};
	line->width += vfp_text_width(text);
}
