/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A piece of XML text whose line breaks and indentation are still open.
 */
#include "xml/block.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

#define BREAK '\1'
#define STEP  '\2'

struct vfp_block {
	char *text; /* NUL-terminated once there is any */
	size_t size, room;
};

static void put(struct vfp_block *block, const char *text, size_t size);
static const char *skip_markup(const char *p);
static void put_break(struct vfp_block *block, unsigned int depth);
static void put_blanks(struct vfp_block *block, unsigned int depth, const char *text, size_t size,
		       const char *indent, size_t indent_size);
static void lay_out_break(struct vfp_block *out, const struct vfp_layout *layout);
static void lay_out_steps(struct vfp_block *out, const struct vfp_layout *layout, unsigned int n);

struct vfp_block *vfp_block_new(void)
{
	return vfp_alloc(1, sizeof(struct vfp_block));
}

void vfp_block_free(struct vfp_block *block)
{
	if (!block)
		return;
	free(block->text);
	free(block);
}

bool vfp_block_is_empty(const struct vfp_block *block)
{
	return block->size == 0;
}

void vfp_block_line(struct vfp_block *block, unsigned int depth, const char *fmt, ...)
{
	vfp_autofree char *line = NULL;
	va_list args;
	int size;

	va_start(args, fmt);
	size = vasprintf(&line, fmt, args);
	va_end(args);
	if (size < 0)
		abort();
	put_break(block, depth);
	put(block, line, (size_t)size);
}

void vfp_block_add(struct vfp_block *block, unsigned int depth, const struct vfp_block *other)
{
	const char *text = other->text;
	const char *end;

	if (vfp_block_is_empty(other))
		return;
	do {
		end = strchrnul(text, BREAK);
		put_break(block, depth);
		put(block, text, (size_t)(end - text));
		text = end + 1;
	} while (*end);
}

void vfp_block_add_element(struct vfp_block *block, unsigned int depth, const char *text,
			   size_t size, const char *indent, size_t indent_size)
{
	const char *end = text + size;

	put_break(block, depth);
	while (text < end) {
		const char *next =
			*text == '<' ? skip_markup(text) : memchr(text, '<', (size_t)(end - text));

		assert(next && next <= end);
		if (*text == '<')
			put(block, text, (size_t)(next - text));
		else
			put_blanks(block, depth, text, (size_t)(next - text), indent, indent_size);
		text = next;
	}
}

char *vfp_block_lay_out(const struct vfp_block *block, const struct vfp_layout *layout,
			bool on_new_line)
{
	struct vfp_block out = {0};

	put(&out, "", 0);
	if (on_new_line)
		lay_out_break(&out, layout);
	for (const char *p = block->text; p && *p;) {
		size_t size = strcspn(p, "\1\2");

		put(&out, p, size);
		p += size;
		if (*p == BREAK)
			lay_out_break(&out, layout);
		if (*p == STEP)
			lay_out_steps(&out, layout, 1);
		p += *p != '\0';
	}
	return out.text;
}

char *vfp_xml_escape(const char *value)
{
	static const struct {
		char c;
		const char *written;
	} escapes[] = {
		{'&', "&amp;"},	 {'<', "&lt;"},	  {'>', "&gt;"},   {'\'', "&apos;"},
		{'"', "&quot;"}, {'\n', "&#10;"}, {'\r', "&#13;"}, {'\t', "&#9;"},
	};
	struct vfp_block out = {0};

	put(&out, "", 0);
	for (; *value; value++) {
		const char *written = NULL;

		for (size_t i = 0; i < VFP_N(escapes) && !written; i++)
			if (*value == escapes[i].c)
				written = escapes[i].written;
		if (written)
			put(&out, written, strlen(written));
		else
			put(&out, value, 1);
	}
	return out.text;
}

static void put(struct vfp_block *block, const char *text, size_t size)
{
	if (block->room - block->size <= size) {
		block->room = (block->size + size + 64) * 2;
		block->text = vfp_realloc(block->text, block->room, 1);
	}
	memcpy(block->text + block->size, text, size);
	block->size += size;
	block->text[block->size] = '\0';
}

static void put_break(struct vfp_block *block, unsigned int depth)
{
	if (!vfp_block_is_empty(block))
		put(block, (const char[]){BREAK}, 1);
	while (depth--)
		put(block, (const char[]){STEP}, 1);
}

static void lay_out_break(struct vfp_block *out, const struct vfp_layout *layout)
{
	if (layout->is_flat)
		return;
	put(out, layout->eol, strlen(layout->eol));
	put(out, layout->indent, layout->indent_size);
	lay_out_steps(out, layout, layout->steps);
}

static void lay_out_steps(struct vfp_block *out, const struct vfp_layout *layout, unsigned int n)
{
	while (n-- && !layout->is_flat)
		put(out, layout->unit, layout->unit_size);
}

/* What stands between two pieces of markup.  Only where it is all blanks is it layout. */
static void put_blanks(struct vfp_block *block, unsigned int depth, const char *text, size_t size,
		       const char *indent, size_t indent_size)
{
	const char *end = text + size;

	for (const char *p = text; p < end; p++) {
		if (!strchr(" \t\r\n", *p)) {
			put(block, text, size);
			return;
		}
	}
	for (; text < end; text++) {
		if (*text == '\r')
			continue;
		if (*text != '\n') {
			put(block, text, 1);
			continue;
		}
		put_break(block, depth);
		if ((size_t)(end - text - 1) >= indent_size &&
		    !memcmp(text + 1, indent, indent_size))
			text += indent_size;
	}
}

/* @p is at a '<' of well-formed text: the end of that tag, comment, CDATA section or instruction.
 * */
static const char *skip_markup(const char *p)
{
	static const struct {
		const char *start, *end;
	} kinds[] = {{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}};

	for (size_t i = 0; i < VFP_N(kinds); i++) {
		size_t size = strlen(kinds[i].start);

		if (!strncmp(p, kinds[i].start, size)) {
			p = strstr(p + size, kinds[i].end);
			assert(p);
			return p + strlen(kinds[i].end);
		}
	}
	/* A tag: its end is the first '>' that is in no attribute's value. */
	for (;;) {
		p += strcspn(p, ">'\"");
		assert(*p);
		if (*p == '>')
			return p + 1;
		p = strchr(p + 1, *p);
		assert(p);
		p++;
	}
}
