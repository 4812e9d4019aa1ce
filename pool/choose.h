/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which VF a port gets, and why not the others.  Pure: no database, no host.
 */
#pragma once

#include "pool/inventory.h"

struct vfp_choice {
	enum vfp_policy policy;
	enum vfp_numa numa;
	const char *numa_nodes; /* of the domain, a range; "" or NULL none */
	struct vfp_vf pinned;	/* pf "": not pinned */
	struct vfp_vf last;	/* pf "": none; the one this port had last */
	const char *
		uuid; /* whose port it is: its own lease does not stand in its way; NULL nobody's */
	const struct vfp_mac *mac;  /* nor its own claim; NULL: nor one of the domain's */
	const struct vfp_vf *taken; /* by the domain's other NICs */
	size_t n_taken;
	/* Binding only: when no VF is fit, one that is merely leased, claimed or not scrubbed will
	 * do. */
	bool may_share;
	/* Claims: one that is not scrubbed will do, since a start scrubs it. */
	bool may_scrub;
};

/* The place of the chosen VF in @members, which are of one pool and ordered as vfp_inventory_read()
 * does, or -1.
 * @ret_unfit: NULL, or room for @n: why each could not be had, VFP_FIT of the others.
 * Order: pinned; last; NUMA node; fewest ports bound (vfp_member.n_bound: the caller takes the
 * port's own out); PF by policy, counting leases and bindings; place in @members. */
ssize_t vfp_choose(const struct vfp_member *members, size_t n, const struct vfp_choice *choice,
		   enum vfp_unfit *ret_unfit);

/* Whether a port of domain @uuid may stay bound to the VF: no definition is changed without need.
 * @with_link: the PF's link counts. */
bool vfp_may_stay(const struct vfp_member *member, const char *uuid, bool with_link);

/* The words of a refusal.  The count: "3 VFs: 2 leased, 1 faulty".  The list of those that are not
 * fit, each with its holder or reason: "ens1f0#0 web1, ens1f0#1 web2, ens1f0#2 faulty".  Both, with
 * "; " between.  They are cut at @size.  All return @buf. */
char *vfp_choose_count(const enum vfp_unfit *unfit, size_t n, char *buf, size_t size);
char *vfp_choose_list(const struct vfp_member *members, const enum vfp_unfit *unfit, size_t n,
		      char *buf, size_t size);
char *vfp_choose_explain(const struct vfp_member *members, const enum vfp_unfit *unfit, size_t n,
			 char *buf, size_t size);
/* The first word of that, as lists have it: "free", "leased", "claimed", "in use", "held", "faulty",
 * "dirty", "no link", "gone", and "unfit" for all else. */
const char *vfp_unfit_state(enum vfp_unfit unfit);
/* "leased by web1", "PF ens1f0 has no link", …, "free" when it is fit.  Returns @buf. */
char *vfp_unfit_format(const struct vfp_member *member, enum vfp_unfit unfit, char *buf,
		       size_t size);
