/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host as a binding needs it: the VFs of the pools, and which MACs are taken.  It is read
 * before the transaction, since sysfs may keep its reader waiting; a group, which
 * vfp_pool_begin_group() begins, reads it once for all that are in it.
 *
 * Private to pool/.
 */
#pragma once

#include "pool/inventory.h"

/* A MAC that the host itself uses. */
struct vfp_host_mac {
	struct vfp_mac mac;
	char dev[IFNAMSIZ]; /* the netdev that has it */
};

/* Zeroed: nothing. */
struct vfp_host_view {
	struct vfp_member *members; /* of all pools, without what the book says */
	size_t n_members;
	struct vfp_pf *pfs;
	size_t n_pfs;
	struct vfp_host_mac *macs; /* of PFs, and of VFs that have a netdev */
	size_t n_macs;
	struct vfp_mac *carried; /* by VFs, as their PFs say */
	size_t n_carried;
	uint32_t oui; /* the first half of the MACs that are made */
};

/* @makes_macs: else carried stays empty, and oui is not what the settings say. */
int vfp_host_view_read(struct vfp_pool *pool, bool makes_macs, struct vfp_host_view *ret,
		       struct vfp_err *err);
void vfp_host_view_clear(struct vfp_host_view *view);
