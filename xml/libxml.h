/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The door to libxml2: how a document is parsed, and small steps through its tree.
 *
 * Private to xml/.  Only well-formed documents of bounded size come out, without a document type
 * and so without entities; nothing is ever fetched.  libxml2 reads but never writes: changes are
 * edits of the text (xml/edit.h), so that what is not ours keeps its bytes.
 *
 * libvirt's own elements are in no namespace.  The functions below therefore skip elements and
 * attributes that are in one, unless they say otherwise.
 */
#pragma once

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vf.h"

VFP_DEFINE_AUTO(xmldoc, xmlDocPtr, xmlFreeDoc)

/* @text must be UTF-8.  -EFBIG: over VFP_XML_MAX.  -EINVAL: not well-formed, with line and column;
 * another encoding; a document type. */
int vfp_xml_parse(const char *text, size_t size, xmlDocPtr *ret_doc, struct vfp_err *err);

/* Whether @node is the element @name. */
bool vfp_xml_is(xmlNodePtr node, const char *name);
/* The element of any namespace that comes first in @parent, or next after @node; NULL at the end.
 * */
xmlNodePtr vfp_xml_first(xmlNodePtr parent);
xmlNodePtr vfp_xml_next(xmlNodePtr node);
/* The first child element @name, NULL when @parent (which may be NULL) has none. */
xmlNodePtr vfp_xml_child(xmlNodePtr parent, const char *name);
/* The next sibling of the same name. */
xmlNodePtr vfp_xml_again(xmlNodePtr node);

/* The value of attribute @name, NULL when @node (which may be NULL) has none.  It lives in the
 * tree. */
const char *vfp_xml_attr(xmlNodePtr node, const char *name);
bool vfp_xml_attr_is(xmlNodePtr node, const char *name, const char *value);
/* The text in @node and below, without the blanks around it.  "" for NULL.  The caller frees it. */
char *vfp_xml_text(xmlNodePtr node);

/* Whether two elements mean the same: names, attributes in any order, child elements in order, and
 * texts but for the blanks around them.  Comments do not count. */
bool vfp_xml_equal(xmlNodePtr a, xmlNodePtr b);

/* -EINVAL with "line 12: <interface>: " in front of the words. */
int vfp_xml_fail(xmlNodePtr node, struct vfp_err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
