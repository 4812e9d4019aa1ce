/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inventory: the VFs of the pools as the host shows them now, joined with what the database
 * knows.  Made anew at each question; costs one walk over the PFs' sysfs folders.
 */
#pragma once

#include "base/sysfs.h"
#include "pool/pool.h"

/* Why a VF cannot be chosen, the first that applies.  The order is that of the table in
 * choose.c. */
enum vfp_unfit {
	VFP_FIT,
	VFP_UNFIT_PF_GONE, /* the PF is not on this host */
	VFP_UNFIT_VF_GONE, /* the PF has fewer VFs now; see pf enable */
	VFP_UNFIT_LEASED,
	VFP_UNFIT_CLAIMED, /* for a NIC that is about to get it */
	VFP_UNFIT_IN_USE,  /* some process outside the pool has it */
	VFP_UNFIT_HELD,
	VFP_UNFIT_FAULTY,
	VFP_UNFIT_DIRTY, /* not yet scrubbed */
	VFP_UNFIT_LINK,	 /* the PF has no link */
	VFP_UNFIT_GROUP, /* shares its IOMMU group */
	VFP_UNFIT_TAKEN, /* by another NIC of the same domain */
	VFP_UNFIT_NUMA,	 /* numa='strict' and another node */
	VFP_UNFIT_PIN,	 /* the user pinned another one */
};

/* What there is to say of few VFs; each is meaningful when the member's flag says so. */
struct vfp_member_more {
	struct vfp_lease lease;	       /* is_leased */
	struct vfp_port claim;	       /* is_claimed: the port that it is claimed for */
	char reason[256];	       /* is_faulty, else is_held */
	char used_by[VFP_DOMAIN_SIZE]; /* is_used */
	char used_uuid[VFP_UUID_SIZE]; /* where used_by is a domain, else "" */
	pid_t used_pid;		       /* 0: not known */
};

/* There may be 65,536 of them: what one has to be asked of all stands here, the rest in *more,
 * whose memory nobody touches unless there is something. */
struct vfp_member {
	char pool[VFP_NAME_SIZE];
	struct vfp_vf vf;
	struct vfp_vfinfo info; /* meaningful when is_present */
	int numa_node;
	bool pf_is_present, is_present, has_carrier;
	bool park; /* the pool's */
	bool is_dirty, is_held, is_faulty;
	bool is_leased, is_claimed;
	bool is_used;	      /* a process outside the pool has it */
	unsigned int n_bound; /* ports whose definition points here */
	struct vfp_member_more *more;
};

/* @pool_name NULL: all pools.  @with_holders looks for foreign holders too (a walk over
 * /proc/PID/fd).  VFs that a range names and that do not exist now are in it (is_present false); of
 * a whole PF only those that exist.  Ordered by pool, PF as defined, index.  The caller frees
 * *ret, which the members' *more lie in. */
int vfp_inventory_read(struct vfp_pool *pool, const char *pool_name, bool with_holders,
		       struct vfp_member **ret, size_t *ret_n, struct vfp_err *err);

/* Its two halves, for a writer: the host's part is read before the transaction, since sysfs may
 * keep its reader waiting, the book's part within it.  _host() leaves what the book says zero and
 * names every holder; _join() fills it in and takes those out of used_by who hold by a lease. */
int vfp_inventory_host(struct vfp_pool *pool, const char *pool_name, bool with_holders,
		       struct vfp_member **ret, size_t *ret_n, struct vfp_err *err);
int vfp_inventory_join(struct vfp_pool *pool, struct vfp_member *members, size_t n,
		       struct vfp_err *err);
/* Another copy of what _host() gave, for another _join().  The caller frees it. */
struct vfp_member *vfp_inventory_copy(const struct vfp_member *members, size_t n);
/* Looks for the holders after all, in members that were read without and are joined. */
int vfp_inventory_holders(struct vfp_pool *pool, struct vfp_member *members, size_t n,
			  struct vfp_err *err);
