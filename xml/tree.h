/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The door to expat: a document as a tree of its elements, and where in the text each of them is.
 *
 * Private to xml/.  Only well-formed documents of bounded size and depth come out, without a
 * document type and so without entities; nothing is ever fetched.  The tree is for reading: changes
 * are edits of the text (xml/edit.h), so that what is not ours keeps its bytes.
 *
 * Why expat: the hook loads it at every start of a VM with a VF, and libxml2 brings ICU and the C++
 * library along, which costs more than all that the hook does (docs/performance).
 *
 * libvirt's own elements are in no namespace.  The functions below therefore skip elements and
 * attributes that are in one, unless they say otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"

#define VFP_XML_DEPTH 256 /* what libxml2, and so libvirt, takes */

struct vfp_xml_attr {
	const char *space; /* the namespace's URI, NULL none */
	const char *name, *value;
};

/* An element.  Comments and processing instructions are not in the tree. */
struct vfp_xml_node {
	const char *space; /* the namespace's URI, NULL none */
	const char *name;
	char *text; /* what stands right in it, put together; NULL nothing */
	struct vfp_xml_node *parent, *first, *last, *next; /* NULL none */
	/* Offsets into the document.  An element written <x/> has no end tag: close is end. */
	size_t start;	 /* its '<' */
	size_t open_end; /* behind the '>' of its start tag */
	size_t close;	 /* the '<' of its end tag */
	size_t end;	 /* behind all of it */
	unsigned long line;
	size_t text_size, text_room;
	size_t n_attrs;
	struct vfp_xml_attr attrs[];
};

/* @text must be UTF-8.  The caller frees *ret_root with vfp_xml_free().
 * -EFBIG: over VFP_XML_MAX.  -EINVAL: not well-formed, with line and column; another encoding; a
 * document type; deeper than VFP_XML_DEPTH. */
int vfp_xml_parse(const char *text, size_t size, struct vfp_xml_node **ret_root,
		  struct vfp_err *err);
void vfp_xml_free(struct vfp_xml_node *root); /* NULL is fine */
VFP_DEFINE_AUTO(xmltree, struct vfp_xml_node *, vfp_xml_free)

/* Whether @node is the element @name. */
bool vfp_xml_is(const struct vfp_xml_node *node, const char *name);
/* The first child element @name, NULL when @parent (which may be NULL) has none. */
const struct vfp_xml_node *vfp_xml_child(const struct vfp_xml_node *parent, const char *name);
/* The same in namespace @space. */
const struct vfp_xml_node *vfp_xml_child_in(const struct vfp_xml_node *parent, const char *space,
					    const char *name);
/* The next sibling of the same name and namespace. */
const struct vfp_xml_node *vfp_xml_again(const struct vfp_xml_node *node);

/* The value of attribute @name, NULL when @node (which may be NULL) has none.  It lives in the
 * tree. */
const char *vfp_xml_attr(const struct vfp_xml_node *node, const char *name);
bool vfp_xml_attr_is(const struct vfp_xml_node *node, const char *name, const char *value);
/* The text right in @node without the blanks around it.  "" for NULL.  The caller frees it. */
char *vfp_xml_text(const struct vfp_xml_node *node);

/* Whether two elements mean the same: names, attributes in any order, child elements in order, and
 * texts but for the blanks around them.  Comments do not count. */
bool vfp_xml_equal(const struct vfp_xml_node *a, const struct vfp_xml_node *b);

/* -EINVAL with "line 12: <interface>: " in front of the words. */
int vfp_xml_fail(const struct vfp_xml_node *node, struct vfp_err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
