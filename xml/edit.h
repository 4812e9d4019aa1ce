/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changes of a document as edits of its text, at places that the parsed tree names.
 *
 *	vfp_auto(source) source = vfp_source_new(text, size, root);
 *	vfp_auto(edits) edits = vfp_edits_new(source);
 *	vfp_edit_attr(edits, node, "type", "hostdev");
 *	vfp_edit_remove(edits, vfp_xml_child(node, "model"));
 *	rc = vfp_edits_apply(edits, &text, err);
 *
 * All edits are made against the unchanged text and tree, in any order, and take effect together.
 * Whatever no edit touches keeps its bytes; without an edit the text comes out as it is.  An
 * element that is removed or replaced must have no other edits in it.
 *
 * Private to xml/.
 */
#pragma once

#include "xml/block.h"
#include "xml/tree.h"

/* A text, its tree, and how its lines look. */
struct vfp_source;

/* @text (NUL-terminated) and its tree must outlive it. */
struct vfp_source *vfp_source_new(const char *text, size_t size, const struct vfp_xml_node *root);
void vfp_source_free(struct vfp_source *source);
VFP_DEFINE_AUTO(source, struct vfp_source *, vfp_source_free)

/* Adds the element as it stands, with all that is in it. */
void vfp_source_copy(const struct vfp_source *source, const struct vfp_xml_node *node,
		     struct vfp_block *block, unsigned int depth);

struct vfp_edits;

struct vfp_edits *vfp_edits_new(const struct vfp_source *source);
void vfp_edits_free(struct vfp_edits *edits);
VFP_DEFINE_AUTO(edits, struct vfp_edits *, vfp_edits_free)

/* Gives attribute @name (of no namespace) the value; NULL takes it away. */
void vfp_edit_attr(struct vfp_edits *edits, const struct vfp_xml_node *node, const char *name,
		   const char *value);
/* Takes the element away, with the blanks before it. */
void vfp_edit_remove(struct vfp_edits *edits, const struct vfp_xml_node *node);
void vfp_edit_replace(struct vfp_edits *edits, const struct vfp_xml_node *node,
		      const struct vfp_block *block);
/* Puts the block beside @node.  Several behind one node keep the order of the calls. */
void vfp_edit_before(struct vfp_edits *edits, const struct vfp_xml_node *node,
		     const struct vfp_block *block);
void vfp_edit_after(struct vfp_edits *edits, const struct vfp_xml_node *node,
		    const struct vfp_block *block);
/* Puts it last into @parent; once per parent. */
void vfp_edit_append(struct vfp_edits *edits, const struct vfp_xml_node *parent,
		     const struct vfp_block *block);

/* The new text, ended by a newline; the caller frees it.  -EINVAL: it would be no XML, with line
 * and column.  What is well-formed where it stands need not be so elsewhere: a namespace prefix may
 * be declared further out. */
int vfp_edits_apply(const struct vfp_edits *edits, char **ret_text, struct vfp_err *err);
/* Adds the new text of one element. */
void vfp_edits_copy(const struct vfp_edits *edits, const struct vfp_xml_node *node,
		    struct vfp_block *block, unsigned int depth);
