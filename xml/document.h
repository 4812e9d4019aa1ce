/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What read.c hands to rewrite.c and undo.c: the parsed domain and our part of its <metadata>.
 *
 * Private to xml/.  What we keep looks like this (schemas/metadata.rng); every child of <former>
 * stands for one thing that a rewrite changed and says how it was:
 *
 *	<vfpool:domain xmlns:vfpool='urn:vfpool:domain:1'>
 *	  <vfpool:port mac='52:54:00:00:00:01' pool='sriov0' portgroup='blue'>
 *	    <interface type='network'> … as its author wrote it … </interface>
 *	  </vfpool:port>
 *	  <vfpool:former>
 *	    <vfpool:memoryBacking/>				there was none; or
 *	    <vfpool:locked/>					there was one without <locked/>
 *	    <vfpool:currentMemory unit='KiB'>524288</vfpool:currentMemory>
 *	    <vfpool:memballoon/>				there was none; else it holds it
 *	    <vfpool:disk dev='vda'/>				no snapshot attribute; else with it
 *	    <vfpool:override alias='ua-…'/>			no such property; else value='…'
 *	  </vfpool:former>
 *	</vfpool:domain>
 *
 * libvirt keeps all of it but for quotes and blanks, so it is compared by meaning.
 */
#pragma once

#include "base/pooldef.h"
#include "xml/domain.h"
#include "xml/tree.h"

/* What one NIC was, out of our metadata. */
struct vfp_xml_port {
	struct vfp_mac mac;
	char pool[VFP_NAME_SIZE];
	char portgroup[VFP_NAME_SIZE]; /* "": the author named none and means the pool's default */
	const struct vfp_xml_node *interface; /* as its author wrote it; NULL when that is lost */
	bool is_taken;			      /* by a NIC of the document */
};

/* Where a NIC of the list is. */
struct vfp_xml_nic {
	const struct vfp_xml_node *node;
	const struct vfp_xml_port *port; /* NULL: none, or not BOUND */
};

struct vfp_domain {
	char *text;
	size_t size;
	struct vfp_xml_node *root;
	const struct vfp_xml_node *devices; /* NULL: none */

	char *name;
	char uuid[VFP_UUID_SIZE];
	char numa_nodes[VFP_RANGE_SIZE];
	struct vfp_domain_memory memory;
	uint64_t total_kib; /* what currentMemory is to be: guest memory with the DIMMs */

	size_t n_nics;
	struct vfp_nic nics[VFP_MAX_NICS];
	struct vfp_xml_nic places[VFP_MAX_NICS]; /* one for each of @nics */

	const struct vfp_xml_node *ours;   /* <vfpool:domain>, NULL none */
	const struct vfp_xml_node *former; /* its <vfpool:former>, NULL none */
	size_t n_ports;
	struct vfp_xml_port *ports;
};

/* The element @name of our namespace that comes first in @parent (may be NULL). */
const struct vfp_xml_node *vfp_xml_our_child(const struct vfp_xml_node *parent, const char *name);

/* Fills dom->memory and dom->total_kib. */
int vfp_xml_read_memory(struct vfp_domain *dom, struct vfp_err *err);
/* -EPERM with words: what no rewrite can mend, for a domain with that many VFs (and other hostdevs:
 * with <iommu> VFIO counts the guest's memory for each). */
int vfp_xml_check_memory(const struct vfp_domain *dom, size_t n_vfs, struct vfp_err *err);

#define VFP_XML_MAX_NODES 1024 /* Linux: CONFIG_NODES_SHIFT is at most 10 */
/* libvirt's form of a node set: "0-3,^1,5", from left to right. */
bool vfp_xml_nodeset_parse(const char *s, bool nodes[VFP_XML_MAX_NODES]);

/* Memory in KiB, rounded up, out of an element with a number and perhaps a unit='…', as libvirt
 * reads it. 0 for NULL.  -EINVAL with words. */
int vfp_xml_memory(const struct vfp_xml_node *node, uint64_t *ret_kib, struct vfp_err *err);

/* "0000:01:10.0" out of an <address>'s attributes.  -EINVAL with words. */
int vfp_xml_pci(const struct vfp_xml_node *address, struct vfp_pci *ret_pci, struct vfp_err *err);

/* Whether a child of an <interface> applies to a VF as well, and so stays on the bound interface.
 * */
bool vfp_xml_fits_vf(const struct vfp_xml_node *child);

/* Whether a snapshot leaves this <disk> out unless somebody names it: snapshot='no', or nothing
 * said and read-only.  (libvirt drops snapshot='no' from a read-only disk, where it is the
 * default.) */
bool vfp_xml_disk_is_left_out(const struct vfp_xml_node *disk);
/* The name by which a record tells a <disk>: its target.  NULL where that is absent or another
 * disk's before it; libvirt takes neither. */
const char *vfp_xml_disk_name(const struct vfp_xml_node *disk);
/* The record of @disk in <vfpool:former>, NULL none. */
const struct vfp_xml_node *vfp_xml_former_disk(const struct vfp_domain *dom,
					       const struct vfp_xml_node *disk);
