/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changes of a document as edits of its text.
 */
#include "xml/edit.h"

#include <assert.h>
#include <string.h>

struct vfp_source {
	const char *text;
	size_t size;
	const struct vfp_xml_node *root;
	struct vfp_layout top; /* the root's, with the document's line end and step */
};

struct edit {
	size_t start, end; /* what it takes away */
	char *text;	   /* what it puts there */
	size_t number;	   /* of two insertions at one place the earlier call comes first */
};

struct vfp_edits {
	const struct vfp_source *source;
	size_t n, room;
	struct edit *list;
};

/* An attribute in the text of a tag. */
struct attr_span {
	size_t start;	   /* the blank before its name */
	size_t value, end; /* its value with the quotes */
};

static void find_layout(struct vfp_source *source);
static size_t before_blanks(const struct vfp_source *source, size_t at);
static bool line_indent(const struct vfp_source *source, size_t at, size_t *ret_size);
static struct vfp_layout layout_at(const struct vfp_source *source,
				   const struct vfp_xml_node *node);
static struct vfp_layout layout_in(const struct vfp_source *source,
				   const struct vfp_xml_node *parent);
static bool find_attr(const struct vfp_source *source, const struct vfp_xml_node *node,
		      const char *name, struct attr_span *ret_attr);
static void add_edit(struct vfp_edits *edits, size_t start, size_t end, char *text);
static int edit_order(const void *a, const void *b);
static char *apply(const struct vfp_edits *edits, size_t start, size_t end);

struct vfp_source *vfp_source_new(const char *text, size_t size, const struct vfp_xml_node *root)
{
	struct vfp_source *source = vfp_alloc(1, sizeof(*source));

	source->text = text;
	source->size = size;
	source->root = root;
	find_layout(source);
	return source;
}

void vfp_source_free(struct vfp_source *source)
{
	if (!source)
		return;
	free(source);
}

void vfp_source_copy(const struct vfp_source *source, const struct vfp_xml_node *node,
		     struct vfp_block *block, unsigned int depth)
{
	struct vfp_layout layout = layout_at(source, node);

	vfp_block_add_element(block, depth, source->text + node->start, node->end - node->start,
			      layout.indent, layout.indent_size);
}

struct vfp_edits *vfp_edits_new(const struct vfp_source *source)
{
	struct vfp_edits *edits = vfp_alloc(1, sizeof(*edits));

	edits->source = source;
	return edits;
}

void vfp_edits_free(struct vfp_edits *edits)
{
	if (!edits)
		return;
	for (size_t i = 0; i < edits->n; i++)
		free(edits->list[i].text);
	free(edits->list);
	free(edits);
}

void vfp_edit_attr(struct vfp_edits *edits, const struct vfp_xml_node *node, const char *name,
		   const char *value)
{
	vfp_autofree char *escaped = value ? vfp_xml_escape(value) : NULL;
	const struct vfp_source *source = edits->source;
	struct attr_span attr;
	bool is_there = find_attr(source, node, name, &attr);
	size_t at;

	if (!value && is_there)
		add_edit(edits, attr.start, attr.end, vfp_strdup(""));
	if (value && is_there)
		add_edit(edits, attr.value + 1, attr.end - 1, VFP_TAKE(escaped));
	if (!value || is_there)
		return;
	at = node->open_end - 1;
	if (source->text[at - 1] == '/')
		at--;
	at = before_blanks(source, at);
	add_edit(edits, at, at, vfp_format(" %s='%s'", name, escaped));
}

void vfp_edit_remove(struct vfp_edits *edits, const struct vfp_xml_node *node)
{

	add_edit(edits, before_blanks(edits->source, node->start), node->end, vfp_strdup(""));
}

void vfp_edit_replace(struct vfp_edits *edits, const struct vfp_xml_node *node,
		      const struct vfp_block *block)
{
	struct vfp_layout layout = layout_at(edits->source, node);

	add_edit(edits, node->start, node->end, vfp_block_lay_out(block, &layout, false));
}

void vfp_edit_before(struct vfp_edits *edits, const struct vfp_xml_node *node,
		     const struct vfp_block *block)
{
	struct vfp_layout layout = layout_at(edits->source, node);
	size_t at = before_blanks(edits->source, node->start);

	add_edit(edits, at, at, vfp_block_lay_out(block, &layout, true));
}

void vfp_edit_after(struct vfp_edits *edits, const struct vfp_xml_node *node,
		    const struct vfp_block *block)
{
	struct vfp_layout layout = layout_at(edits->source, node);
	size_t at = node->end;

	add_edit(edits, at, at, vfp_block_lay_out(block, &layout, true));
}

void vfp_edit_append(struct vfp_edits *edits, const struct vfp_xml_node *parent,
		     const struct vfp_block *block)
{
	const struct vfp_source *source = edits->source;
	struct vfp_layout layout = layout_in(source, parent);
	struct vfp_layout outer = layout_at(source, parent);
	vfp_autofree char *inner = vfp_block_lay_out(block, &layout, true);
	vfp_autofree char *closing = NULL;
	size_t at = before_blanks(source, parent->close);

	/* After a child, the blanks that are there already bring the end tag to its line. */
	if (parent->close != parent->end && at > parent->open_end) {
		add_edit(edits, at, at, VFP_TAKE(inner));
		return;
	}
	closing = layout.is_flat
			  ? vfp_strdup("")
			  : vfp_format("%s%.*s", outer.eol, (int)outer.indent_size, outer.indent);
	if (parent->close != parent->end) {
		add_edit(edits, parent->open_end, parent->close,
			 vfp_format("%s%s", inner, closing));
		return;
	}
	at = before_blanks(source, parent->end - 2);
	add_edit(edits, at, parent->end,
		 vfp_format(">%s%s</%.*s>", inner, closing,
			    (int)strcspn(source->text + parent->start + 1, " \t\r\n/>"),
			    source->text + parent->start + 1));
}

int vfp_edits_apply(const struct vfp_edits *edits, char **ret_text, struct vfp_err *err)
{
	vfp_autofree char *text = apply(edits, 0, edits->source->size);
	struct vfp_xml_node *root;
	size_t size = strlen(text);
	int rc;

	if (text[size - 1] != '\n') {
		text = vfp_realloc(text, size + 2, 1);
		memcpy(text + size++, "\n", 2);
	}
	rc = vfp_xml_parse(text, size, &root, err);
	if (rc < 0)
		return vfp_fail_in(err, rc,
				   "the new definition would be no XML (a namespace prefix must be "
				   "declared in the element that uses it)");
	vfp_xml_free(root);
	*ret_text = text;
	text = NULL;
	return 0;
}

void vfp_edits_copy(const struct vfp_edits *edits, const struct vfp_xml_node *node,
		    struct vfp_block *block, unsigned int depth)
{
	struct vfp_layout layout = layout_at(edits->source, node);
	vfp_autofree char *text = apply(edits, node->start, node->end);

	vfp_block_add_element(block, depth, text, strlen(text), layout.indent, layout.indent_size);
}

/* The document's line end and step of indentation, told from the first line below the root. */
static void find_layout(struct vfp_source *source)
{
	const struct vfp_xml_node *first = source->root->first;
	const char *newline = strchr(source->text, '\n');
	size_t size = 0;

	source->top.eol = newline && newline > source->text && newline[-1] == '\r' ? "\r\n" : "\n";
	source->top.unit = "  ";
	source->top.unit_size = 2;
	if (first && line_indent(source, first->start, &size) && size > 0 && size <= 8) {
		source->top.unit = source->text + first->start - size;
		source->top.unit_size = size;
	}
}

static size_t before_blanks(const struct vfp_source *source, size_t at)
{
	while (at > 0 && strchr(" \t\r\n", source->text[at - 1]))
		at--;
	return at;
}

/* Whether the place is the first in its line but for blanks, and how many these are. */
static bool line_indent(const struct vfp_source *source, size_t at, size_t *ret_size)
{
	size_t start = at;

	while (start > 0 && strchr(" \t", source->text[start - 1]))
		start--;
	if (start > 0 && source->text[start - 1] != '\n')
		return false;
	*ret_size = at - start;
	return true;
}

static struct vfp_layout layout_at(const struct vfp_source *source, const struct vfp_xml_node *node)
{
	struct vfp_layout layout = source->top;
	size_t at = node->start;
	size_t size = 0;

	layout.is_flat = node != source->root && !line_indent(source, at, &size);
	layout.indent = source->text + at - size;
	layout.indent_size = size;
	return layout;
}

/* That of the children there are; else one step in from @parent. */
static struct vfp_layout layout_in(const struct vfp_source *source,
				   const struct vfp_xml_node *parent)
{
	const struct vfp_xml_node *first = parent->first;
	struct vfp_layout layout = layout_at(source, first ? first : parent);

	if (!first)
		layout.steps++;
	return layout;
}

/* Walks through the start tag, which is known to be well-formed. */
static bool find_attr(const struct vfp_source *source, const struct vfp_xml_node *node,
		      const char *name, struct attr_span *ret_attr)
{
	const char *text = source->text;
	const char *p = text + node->start;
	const size_t size = strlen(name);

	p += strcspn(p, " \t\r\n/>");
	for (;;) {
		const char *start = p;
		const char *word = p + strspn(p, " \t\r\n");
		const char *value, *end;

		if (*word == '/' || *word == '>')
			return false;
		value = word + strcspn(word, "'\"");
		end = strchr(value + 1, *value) + 1;
		if (!strncmp(word, name, size) && strchr(" \t\r\n=", word[size])) {
			*ret_attr =
				(struct attr_span){(size_t)(start - text), (size_t)(value - text),
						   (size_t)(end - text)};
			return true;
		}
		p = end;
	}
}

/* Takes @text over. */
static void add_edit(struct vfp_edits *edits, size_t start, size_t end, char *text)
{
	if (edits->n == edits->room) {
		edits->room = edits->room ? edits->room * 2 : 16;
		edits->list = vfp_realloc(edits->list, edits->room, sizeof(*edits->list));
	}
	edits->list[edits->n] = (struct edit){start, end, text, edits->n};
	edits->n++;
}

/* By place; at one place an insertion comes before what takes something away. */
static int edit_order(const void *a, const void *b)
{
	const struct edit *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if ((x->end == x->start) != (y->end == y->start))
		return x->end == x->start ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* The text from @start to @end as the edits in it make it. */
static char *apply(const struct vfp_edits *edits, size_t start, size_t end)
{
	const char *text = edits->source->text;
	size_t at = start, room = end - start + 1;
	char *out, *p;

	if (edits->n)
		qsort(edits->list, edits->n, sizeof(*edits->list), edit_order);
	for (size_t i = 0; i < edits->n; i++)
		room += strlen(edits->list[i].text);
	p = out = vfp_alloc(room, 1);
	for (size_t i = 0; i < edits->n; i++) {
		const struct edit *edit = &edits->list[i];

		if (edit->start < start || edit->end > end)
			continue;
		assert(edit->start >= at);
		p = mempcpy(p, text + at, edit->start - at);
		p = stpcpy(p, edit->text);
		at = edit->end;
	}
	memcpy(p, text + at, end - at);
	return out;
}
