/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The members file: what is ours, told without the database (DESIGN 3, invariant 8).
 *
 * /var/lib/vfpool/members below host->root, mode 0644, written atomically by vfp_pool_define():
 *
 *	# vfpool members 1
 *	pool sriov0
 *	pf sriov0 ens1f0 0000:01:00.0 2-7
 *	pf sriov0 ens1f1 - -			("-": the PF was not there; all of its VFs)
 *
 * What comes is in the file before the database has it, what goes leaves it after: at any moment it
 * names at least what the database does, so a crash in between refuses more than it must, never
 * less.
 *
 * The first stage of the hook (hooks/qemu.c) reads the pool lines with libc alone; this is the
 * reader for everybody else.  A missing file means that there is no pool.
 */
#pragma once

#include "base/host.h"
#include "base/pooldef.h"

#define VFP_MEMBERS_PATH "/var/lib/vfpool/members"

struct vfp_members {
	size_t n_pools, n_pfs;
	char (*pools)[VFP_NAME_SIZE];
	struct vfp_members_pf {
		char pool[VFP_NAME_SIZE];
		char dev[IFNAMSIZ];
		struct vfp_pci pci; /* when the pool was defined; none: the PF was not there */
		char vfs[VFP_RANGE_SIZE];
	} * pfs;
};

/* -EUCLEAN: it is not as we write it, with the line. */
int vfp_members_read(const struct vfp_host *host, struct vfp_members *ret, struct vfp_err *err);
int vfp_members_write(const struct vfp_host *host, const struct vfp_members *members,
		      struct vfp_err *err);
/* 0: @file says what is @expected, in any order; -ESTALE: it does not, and where. */
int vfp_members_compare(const struct vfp_members *expected, const struct vfp_members *file,
			struct vfp_err *err);
void vfp_members_free(struct vfp_members *members);

/* For whoever makes one; a pool that is in it already is not added again. */
void vfp_members_add_pool(struct vfp_members *members, const char *name);
void vfp_members_add_pf(struct vfp_members *members, const struct vfp_members_pf *pf);

bool vfp_members_has_pool(const struct vfp_members *members, const char *name);
/* The pool that VF @vf of the PF at @pf_pci belongs to; NULL none.  The PF is known by its netdev
 * name or, where that has changed, by its address. */
const char *vfp_members_pool_of(const struct vfp_members *members, const struct vfp_vf *vf,
				const struct vfp_pci *pf_pci);
