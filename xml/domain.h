/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domain XML: read what a domain wants, write VFs in, take them out again.  Text in, text out.
 *
 * The whole interface of xml/.  It knows no pool: it names every NIC that could concern one, and
 * the caller, who knows the pools, says which are.
 *
 *	vfp_domain_read(text, size, &dom, err)		what is in it
 *	vfp_domain_rewrite(dom, bindings, …)		the bound definition (DESIGN 2)
 *	vfp_domain_undo(dom, …)				the intent again
 *
 * Invariants: what is not ours keeps its bytes (comments, order, unknown elements, foreign
 * namespaces, other interfaces), since a rewrite edits the text.  A rewrite of a rewritten document
 * with the same bindings gives the same bytes, also after libvirt has written it its own way.  A
 * document without a pool NIC is never written anew: there is nothing to rewrite.
 * UTF-8, no network, no entity expansion, no document type; at most VFP_XML_MAX bytes.  Broken XML
 * is -EINVAL with line and column.
 *
 * Elements and attributes: libvirt's formatdomain.html and domaincommon.rng, versions 9.0 to 11.3.
 */
#pragma once

#include "base/memory.h"
#include "base/vf.h"

/* libvirt passes no string longer than 4 MiB (remote_protocol.x, REMOTE_STRING_MAX); a hook's
 * document is its own and somewhat longer. */
#define VFP_XML_MAX (8u << 20)

/* The namespace of what we keep in <metadata>, see schemas/metadata.rng. */
#define VFP_XML_NS "urn:vfpool:domain:1"
/* A bound NIC's <alias name='ua-vfpool-525400000001'/>: the MAC without colons. */
#define VFP_ALIAS_PREFIX "ua-vfpool-"

#define VFP_MAX_NICS 64 /* of one domain */

enum vfp_nic_kind {
	VFP_NIC_NETWORK, /* <interface type='network'>: perhaps a pool's, still to be bound */
	VFP_NIC_BOUND,	 /* <interface type='hostdev'> that a rewrite made: it has our alias */
	VFP_NIC_HOSTDEV, /* <interface type='hostdev'> or <hostdev type='pci'> by another hand */
};

struct vfp_nic {
	enum vfp_nic_kind kind;
	/* NETWORK: the network is in .pool.  BOUND: pool and port group from the metadata, where a
	 * user may edit them; the MAC is the <mac> there is now.  HOSTDEV: the MAC only, if any. */
	struct vfp_want want;
	bool has_want;	    /* BOUND: the metadata still says which pool; always true for NETWORK */
	struct vfp_pci pci; /* BOUND, HOSTDEV: the source address; a <hostdev> without one: none */
	bool managed;	    /* BOUND, HOSTDEV: managed='yes' */
	uint16_t vlan;	    /* <vlan><tag id=>, 0 none */
	bool has_teaming, has_filterref, has_bandwidth;
};

enum vfp_backing { VFP_BACKING_NONE, VFP_BACKING_LOCKED };

struct vfp_domain_memory {
	uint64_t memory_kib;	 /* <memory>, with hotplug DIMMs not in it */
	uint64_t dimm_kib;	 /* <devices><memory>: DIMMs that are there from the start */
	uint64_t current_kib;	 /* <currentMemory>; as <memory> when absent */
	uint64_t max_kib;	 /* <maxMemory>, 0 none */
	uint64_t hard_limit_kib; /* <memtune><hard_limit>, 0 none */
	bool is_locked;		 /* <memoryBacking><locked/> */
	bool is_hugepages;	 /* <memoryBacking><hugepages> */
	bool has_balloon;	 /* <memballoon> not of model none; absent (libvirt adds one) */
	bool has_virtio_mem;	 /* <devices><memory model='virtio-mem'> */
	/* What the domain takes of the host, with all that <maxMemory> lets in. */
	struct vfp_footprint footprint;
	/* What QEMU maps beside the guest's memory, at least as much as it needs: RLIMIT_MEMLOCK
	 * counts that, resident or not. */
	uint64_t mapped_kib;
};

/* A parsed document.  Read-only for the caller, but for its life. */
struct vfp_domain;

/* @size: without a NUL.  -EINVAL: broken, with line and column; not a <domain>; a value of ours
 * that is none (MAC, PCI address, VLAN, memory); two BOUND NICs with one MAC (others may be a
 * teaming pair); more than VFP_MAX_NICS.  -EFBIG: over VFP_XML_MAX.
 * An <interface type='network'> on a network whose name can be no pool's is not listed. */
int vfp_domain_read(const char *text, size_t size, struct vfp_domain **ret_dom,
		    struct vfp_err *err);
void vfp_domain_free(struct vfp_domain *dom); /* NULL is fine */

const char *vfp_domain_name(const struct vfp_domain *dom); /* "" when absent */
const char *vfp_domain_uuid(const struct vfp_domain *dom); /* 36 characters, lower case, or "" */
/* In the document's order. */
size_t vfp_domain_nics(const struct vfp_domain *dom, const struct vfp_nic **ret_nics);
const struct vfp_domain_memory *vfp_domain_memory(const struct vfp_domain *dom);
/* Whether the domain may start with a VF as far as its memory goes.  -EPERM with words: it is not
 * locked (on hugepages neither), has a balloon, has less than all its memory at the start, has a
 * hard_limit below what counts as locked, or memory that cannot be locked (virtio-mem).  The first
 * three a rewrite mends. */
int vfp_domain_check_memory(const struct vfp_domain *dom, struct vfp_err *err);
/* NUMA nodes that the domain is bound to: <numatune><memory nodeset=>, as a range of
 * base/pooldef.h, "" none. */
const char *vfp_domain_numa_nodes(const struct vfp_domain *dom);

/* The target of a disk that a snapshot takes without being told to, NULL when all are left out or
 * read-only.  It lives in @dom. */
const char *vfp_domain_snapshot_disk(const struct vfp_domain *dom);

/* What the disks lie on: a line "vda /var/lib/libvirt/images/web1.qcow2" each.  The caller frees. */
char *vfp_domain_disks(const struct vfp_domain *dom);
/* The target of a disk whose file of @disks lies below another one now, which is what a snapshot of
 * the disk alone does; NULL: none.  Only the XML of a running domain tells.  It lives in @dom. */
const char *vfp_domain_overlaid(const struct vfp_domain *dom, const char *disks);

/* The element of the NIC in that place, as a document of its own: what virDomainUpdateDeviceFlags()
 * takes.  The caller frees it. */
char *vfp_domain_nic_xml(const struct vfp_domain *dom, size_t place);

/* Writes the bound definition.
 * @uuid: for a document without one, else ignored.  @bindings: @n of them; @nics[i] is the place in
 * vfp_domain_nics() that bindings[i] belongs to, a NETWORK or BOUND one.  A BOUND NIC that is not
 * in @nics stays as it is; with @n 0 the text comes out as it went in.
 * A NIC that names no port group goes on naming none, whatever the binding says: it follows the
 * default of its pool.  Otherwise the metadata says what the binding says.
 * -EPERM, in words that name element and NIC: <filterref>, <bandwidth>, <teaming> or
 * <port isolated='yes'> on a NIC of @nics; what vfp_domain_check_memory() refuses and a rewrite
 * does not mend.  -EINVAL: a MAC that another NIC of the document has, or the alias that goes with
 * it; a document without <uuid>, and @uuid is none either.
 * *ret_text: the caller frees it.  It ends with a newline; the XML declaration is kept if there was
 * one. */
int vfp_domain_rewrite(const struct vfp_domain *dom, const char *uuid,
		       const struct vfp_binding *bindings, const size_t *nics, size_t n,
		       char **ret_text, struct vfp_err *err);

/* Writes the definition as its author meant it: the interfaces out of the metadata (with MAC and
 * guest address as they are now), memory, balloon and disks as they were unless somebody has
 * changed them since, metadata gone.  The <uuid> stays.
 * -ENOENT: nothing of ours is in it.  -EINVAL: what the metadata keeps is no XML at its old place,
 * which no rewrite of ours leaves. */
int vfp_domain_undo(const struct vfp_domain *dom, char **ret_text, struct vfp_err *err);
