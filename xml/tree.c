/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The door to expat: parse, and small steps through the tree.
 */
#include "xml/tree.h"

#include <ctype.h>
#include <expat.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "xml/domain.h"

/* Between a namespace and a name in what expat gives; a URI cannot have one. */
#define SEPARATOR '\n'

/* Where the parser is: LineNumber, ColumnNumber, ByteIndex, ByteCount.  Those of before expat 2.9
 * are deprecated since (expat.h). */
#if XML_MAJOR_VERSION > 2 || XML_MINOR_VERSION >= 9
#define EXPAT_CURRENT(what, parser) XML_GetCurrent##what##64(parser)
#else
#define EXPAT_CURRENT(what, parser) XML_GetCurrent##what(parser)
#endif

VFP_DEFINE_AUTO(parser, XML_Parser, XML_ParserFree)

/* A document on its way into a tree. */
struct reader {
	XML_Parser parser;
	struct vfp_xml_node *root, *open; /* the element whose end has not come yet */
	unsigned int depth;
	const char *trouble; /* what stopped us, if it is not for expat to say */
};

static int check_text(const char *text, size_t size, struct vfp_err *err);
static int explain(const struct reader *reader, struct vfp_err *err);
static void on_doctype(void *user, const char *name, const char *id, const char *uri, int has);
static void on_start(void *user, const char *name, const char **attrs);
static void on_end(void *user, const char *name);
static void on_text(void *user, const char *text, int size);
static struct vfp_xml_node *new_node(const char *name, const char **attrs);
static bool is_named(const struct vfp_xml_node *node, const char *space, const char *name);
static bool same_attrs(const struct vfp_xml_node *a, const struct vfp_xml_node *b);

int vfp_xml_parse(const char *text, size_t size, struct vfp_xml_node **ret_root,
		  struct vfp_err *err)
{
	vfp_auto(parser) parser = NULL;
	struct reader reader = {0};
	int rc = check_text(text, size, err);

	if (rc < 0)
		return rc;
	parser = XML_ParserCreateNS("UTF-8", SEPARATOR);
	if (!parser)
		abort();
	reader.parser = parser;
	XML_SetUserData(parser, &reader);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	XML_SetStartDoctypeDeclHandler(parser, on_doctype);
	if (XML_Parse(parser, text, (int)size, XML_TRUE) != XML_STATUS_OK) {
		vfp_xml_free(reader.root);
		return explain(&reader, err);
	}
	*ret_root = reader.root;
	return 0;
}

void vfp_xml_free(struct vfp_xml_node *root)
{
	while (root && root->first) {
		struct vfp_xml_node *child = root->first;

		root->first = child->next;
		vfp_xml_free(child);
	}
	if (root)
		free(root->text);
	free(root);
}

bool vfp_xml_is(const struct vfp_xml_node *node, const char *name)
{
	return is_named(node, NULL, name);
}

const struct vfp_xml_node *vfp_xml_child(const struct vfp_xml_node *parent, const char *name)
{
	return vfp_xml_child_in(parent, NULL, name);
}

const struct vfp_xml_node *vfp_xml_child_in(const struct vfp_xml_node *parent, const char *space,
					    const char *name)
{
	const struct vfp_xml_node *node = parent ? parent->first : NULL;

	while (node && !is_named(node, space, name))
		node = node->next;
	return node;
}

const struct vfp_xml_node *vfp_xml_again(const struct vfp_xml_node *node)
{
	const char *space = node->space, *name = node->name;

	do
		node = node->next;
	while (node && !is_named(node, space, name));
	return node;
}

const char *vfp_xml_attr(const struct vfp_xml_node *node, const char *name)
{
	for (size_t i = 0; node && i < node->n_attrs; i++)
		if (!node->attrs[i].space && !strcmp(node->attrs[i].name, name))
			return node->attrs[i].value;
	return NULL;
}

bool vfp_xml_attr_is(const struct vfp_xml_node *node, const char *name, const char *value)
{
	const char *found = vfp_xml_attr(node, name);

	return found && !strcmp(found, value);
}

char *vfp_xml_text(const struct vfp_xml_node *node)
{
	const char *start = node && node->text ? node->text : "";
	size_t size;

	start += strspn(start, " \t\r\n");
	size = strlen(start);
	while (size && isspace((unsigned char)start[size - 1]))
		size--;
	return vfp_format("%.*s", (int)size, start);
}

/* The text between child elements is mere layout. */
bool vfp_xml_equal(const struct vfp_xml_node *a, const struct vfp_xml_node *b)
{
	vfp_autofree char *text_a = vfp_xml_text(a->first ? NULL : a);
	vfp_autofree char *text_b = vfp_xml_text(b->first ? NULL : b);

	if (!is_named(a, b->space, b->name) || !same_attrs(a, b) || !same_attrs(b, a) ||
	    strcmp(text_a, text_b) != 0)
		return false;
	a = a->first;
	b = b->first;
	for (; a && b; a = a->next, b = b->next)
		if (!vfp_xml_equal(a, b))
			return false;
	return a == b;
}

int vfp_xml_fail(const struct vfp_xml_node *node, struct vfp_err *err, const char *fmt, ...)
{
	vfp_autofree char *words = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&words, fmt, args) < 0)
		abort();
	va_end(args);
	return vfp_fail(err, EINVAL, "line %lu: <%s>: %s", node->line, node->name, words);
}

/* UTF-16 and UTF-32 hold NULs wherever XML has its angle brackets, so these checks leave the
 * encodings in which the bytes below 0x80 stand for themselves. */
static int check_text(const char *text, size_t size, struct vfp_err *err)
{
	if (size > VFP_XML_MAX)
		return vfp_fail(err, EFBIG, "document of %zu bytes, at most %u are read", size,
				VFP_XML_MAX);
	if (size == 0)
		return vfp_fail(err, EINVAL, "the document is empty");
	if (memchr(text, '\0', size))
		return vfp_fail(err, EINVAL, "the document has a NUL byte, expected XML in UTF-8");
	return 0;
}

static int explain(const struct reader *reader, struct vfp_err *err)
{
	XML_Parser parser = reader->parser;

	return vfp_fail(err, EINVAL, "line %lu, column %lu: %s",
			(unsigned long)EXPAT_CURRENT(LineNumber, parser),
			(unsigned long)EXPAT_CURRENT(ColumnNumber, parser) + 1,
			reader->trouble ? reader->trouble
					: XML_ErrorString(XML_GetErrorCode(parser)));
}

static void stop(struct reader *reader, const char *trouble)
{
	reader->trouble = trouble;
	XML_StopParser(reader->parser, XML_FALSE);
}

/* Called when the parser meets <!DOCTYPE, before anything of it can take effect. */
static void on_doctype(void *user, const char *name, const char *id, const char *uri, int has)
{
	stop(user, "the document has a document type (<!DOCTYPE>), which is not read: remove it");
}

static void on_start(void *user, const char *name, const char **attrs)
{
	struct reader *reader = user;
	struct vfp_xml_node *node, *parent = reader->open;

	if (++reader->depth > VFP_XML_DEPTH) {
		stop(reader, "elements are nested too deep");
		return;
	}
	node = new_node(name, attrs);
	node->start = (size_t)EXPAT_CURRENT(ByteIndex, reader->parser);
	node->open_end = node->start + (size_t)EXPAT_CURRENT(ByteCount, reader->parser);
	node->line = EXPAT_CURRENT(LineNumber, reader->parser);
	node->parent = parent;
	if (!parent)
		reader->root = node;
	else if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	if (parent)
		parent->last = node;
	reader->open = node;
}

/* The end of <x/> is told where the element ends, and has no bytes. */
static void on_end(void *user, const char *name)
{
	struct reader *reader = user;
	struct vfp_xml_node *node = reader->open;

	node->close = (size_t)EXPAT_CURRENT(ByteIndex, reader->parser);
	node->end = node->close + (size_t)EXPAT_CURRENT(ByteCount, reader->parser);
	reader->open = node->parent;
	reader->depth--;
}

static void on_text(void *user, const char *text, int size)
{
	struct vfp_xml_node *node = ((struct reader *)user)->open;
	size_t n = (size_t)size;

	if (node->text_size + n + 1 > node->text_room) {
		node->text_room = (node->text_size + n + 1) * 2;
		node->text = vfp_realloc(node->text, node->text_room, 1);
	}
	memcpy(node->text + node->text_size, text, n);
	node->text_size += n;
	node->text[node->text_size] = '\0';
}

/* Takes "URI\nNAME" or "NAME" to @at, and gives the place behind it. */
static char *put_name(char *at, const char *both, const char **ret_space, const char **ret_name)
{
	char *end = stpcpy(at, both), *separator = strchr(at, SEPARATOR);

	*ret_space = separator ? at : NULL;
	*ret_name = separator ? separator + 1 : at;
	if (separator)
		*separator = '\0';
	return end + 1;
}

/* One allocation: the node, its attributes, and all their words. */
static struct vfp_xml_node *new_node(const char *name, const char **attrs)
{
	size_t n = 0, room = strlen(name) + 1;
	struct vfp_xml_node *node;
	char *at;

	for (const char **word = attrs; *word; word++)
		room += strlen(*word) + 1;
	while (attrs[2 * n])
		n++;
	node = vfp_alloc(1, sizeof(*node) + n * sizeof(node->attrs[0]) + room);
	node->n_attrs = n;
	at = put_name((char *)&node->attrs[n], name, &node->space, &node->name);
	for (size_t i = 0; i < n; i++) {
		struct vfp_xml_attr *attr = &node->attrs[i];

		at = put_name(at, attrs[2 * i], &attr->space, &attr->name);
		attr->value = at;
		at = stpcpy(at, attrs[2 * i + 1]) + 1;
	}
	return node;
}

/* @space NULL: in no namespace. */
static bool is_named(const struct vfp_xml_node *node, const char *space, const char *name)
{
	return !strcmp(node->name, name) && !node->space == !space &&
	       (!space || !strcmp(node->space, space));
}

/* Whether @b has each attribute of @a with the same value. */
static bool same_attrs(const struct vfp_xml_node *a, const struct vfp_xml_node *b)
{
	for (size_t i = 0; i < a->n_attrs; i++)
		if (!a->attrs[i].space && !vfp_xml_attr_is(b, a->attrs[i].name, a->attrs[i].value))
			return false;
	return true;
}
