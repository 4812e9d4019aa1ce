/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The door to libxml2: parse, and small steps through the tree.
 */
#include "xml/libxml.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "xml/domain.h"

/* What stopped the parser, kept in the context's _private. */
struct trouble {
	bool has_doctype;
	bool has_error;
	int line, column;
	char msg[200];
};

VFP_DEFINE_AUTO(parser, xmlParserCtxtPtr, xmlFreeParserCtxt)

static int check_text(const char *text, size_t size, struct vfp_err *err);
static int explain(const struct trouble *trouble, struct vfp_err *err);
static void note_doctype(void *user, const xmlChar *name, const xmlChar *id, const xmlChar *uri);
#if LIBXML_VERSION >= 21200
static void note_error(void *user, const xmlError *error);
#else
static void note_error(void *user, xmlErrorPtr error);
#endif
static xmlNodePtr element_from(xmlNodePtr node);
static bool same_name(xmlNodePtr a, xmlNodePtr b);
static bool same_attrs(xmlNodePtr a, xmlNodePtr b);
static char *own_text(xmlNodePtr node);

int vfp_xml_parse(const char *text, size_t size, xmlDocPtr *ret_doc, struct vfp_err *err)
{
	vfp_auto(parser) parser = NULL;
	struct trouble trouble = {0};
	vfp_auto(xmldoc) doc = NULL;
	int rc;

	rc = check_text(text, size, err);
	if (rc < 0)
		return rc;
	parser = xmlNewParserCtxt();
	if (!parser)
		abort();
	parser->_private = &trouble;
	parser->sax->internalSubset = note_doctype;
	parser->sax->serror = note_error;
	doc = xmlCtxtReadMemory(parser, text, (int)size, NULL, "UTF-8",
				XML_PARSE_NONET | XML_PARSE_COMPACT | XML_PARSE_BIG_LINES |
					XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (!doc || trouble.has_doctype || !parser->wellFormed)
		return explain(&trouble, err);
	*ret_doc = VFP_TAKE(doc);
	return 0;
}

bool vfp_xml_is(xmlNodePtr node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && !node->ns &&
	       !strcmp((const char *)node->name, name);
}

xmlNodePtr vfp_xml_first(xmlNodePtr parent)
{
	return element_from(parent->children);
}

xmlNodePtr vfp_xml_next(xmlNodePtr node)
{
	return element_from(node->next);
}

xmlNodePtr vfp_xml_child(xmlNodePtr parent, const char *name)
{
	xmlNodePtr node = parent ? vfp_xml_first(parent) : NULL;

	while (node && !vfp_xml_is(node, name))
		node = vfp_xml_next(node);
	return node;
}

xmlNodePtr vfp_xml_again(xmlNodePtr node)
{
	const char *name = (const char *)node->name;

	do
		node = vfp_xml_next(node);
	while (node && !vfp_xml_is(node, name));
	return node;
}

/* Without a document type there are no entity references, so a value is one text node or nothing.
 * */
const char *vfp_xml_attr(xmlNodePtr node, const char *name)
{
	for (xmlAttrPtr attr = node ? node->properties : NULL; attr; attr = attr->next)
		if (!attr->ns && !strcmp((const char *)attr->name, name))
			return attr->children ? (const char *)attr->children->content : "";
	return NULL;
}

bool vfp_xml_attr_is(xmlNodePtr node, const char *name, const char *value)
{
	const char *found = vfp_xml_attr(node, name);

	return found && !strcmp(found, value);
}

char *vfp_xml_text(xmlNodePtr node)
{
	xmlChar *content = node ? xmlNodeGetContent(node) : NULL;
	const char *start = content ? (const char *)content : "";
	size_t size;
	char *text;

	start += strspn(start, " \t\r\n");
	size = strlen(start);
	while (size && isspace((unsigned char)start[size - 1]))
		size--;
	text = vfp_format("%.*s", (int)size, start);
	xmlFree(content);
	return text;
}

bool vfp_xml_equal(xmlNodePtr a, xmlNodePtr b)
{
	vfp_autofree char *text_a = own_text(a);
	vfp_autofree char *text_b = own_text(b);

	if (!same_name(a, b) || !same_attrs(a, b) || !same_attrs(b, a) ||
	    strcmp(text_a, text_b) != 0)
		return false;
	a = vfp_xml_first(a);
	b = vfp_xml_first(b);
	for (; a && b; a = vfp_xml_next(a), b = vfp_xml_next(b))
		if (!vfp_xml_equal(a, b))
			return false;
	return a == b;
}

int vfp_xml_fail(xmlNodePtr node, struct vfp_err *err, const char *fmt, ...)
{
	vfp_autofree char *words = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&words, fmt, args) < 0)
		abort();
	va_end(args);
	return vfp_fail(err, EINVAL, "line %ld: <%s>: %s", xmlGetLineNo(node), node->name, words);
}

/* UTF-16 and UTF-32 hold NULs wherever XML has its angle brackets, so these two checks leave the
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

static int explain(const struct trouble *trouble, struct vfp_err *err)
{
	if (trouble->has_doctype)
		return vfp_fail(err, EINVAL,
				"the document has a document type (<!DOCTYPE>), which is not read: "
				"remove it");
	if (!trouble->has_error)
		return vfp_fail(err, EINVAL, "the document is no XML");
	return vfp_fail(err, EINVAL, "line %d, column %d: %s", trouble->line, trouble->column,
			trouble->msg);
}

/* Called when the parser meets <!DOCTYPE, before anything of it can take effect. */
static void note_doctype(void *user, const xmlChar *name, const xmlChar *id, const xmlChar *uri)
{
	xmlParserCtxtPtr parser = user;
	struct trouble *trouble = parser->_private;

	trouble->has_doctype = true;
	xmlStopParser(parser);
}

/* Keeps the first error: those after it are mostly its consequences. */
#if LIBXML_VERSION >= 21200
static void note_error(void *user, const xmlError *error)
#else
static void note_error(void *user, xmlErrorPtr error)
#endif
{
	struct trouble *trouble = ((xmlParserCtxtPtr)user)->_private;

	if (trouble->has_error || error->level != XML_ERR_FATAL)
		return;
	trouble->has_error = true;
	trouble->line = error->line;
	trouble->column = error->int2;
	snprintf(trouble->msg, sizeof(trouble->msg), "%s", error->message ? error->message : "?");
	trouble->msg[strcspn(trouble->msg, "\n")] = '\0';
}

static xmlNodePtr element_from(xmlNodePtr node)
{
	while (node && node->type != XML_ELEMENT_NODE)
		node = node->next;
	return node;
}

static bool same_name(xmlNodePtr a, xmlNodePtr b)
{
	return xmlStrEqual(a->name, b->name) && !a->ns == !b->ns &&
	       (!a->ns || xmlStrEqual(a->ns->href, b->ns->href));
}

/* Whether @b has each attribute of @a with the same value. */
static bool same_attrs(xmlNodePtr a, xmlNodePtr b)
{
	for (xmlAttrPtr attr = a->properties; attr; attr = attr->next) {
		const char *value = attr->children ? (const char *)attr->children->content : "";

		if (!attr->ns && !vfp_xml_attr_is(b, (const char *)attr->name, value))
			return false;
	}
	return true;
}

/* The text right in @node; between child elements it is mere layout. */
static char *own_text(xmlNodePtr node)
{
	return vfp_xml_first(node) ? vfp_strdup("") : vfp_xml_text(node);
}
