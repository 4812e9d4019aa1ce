/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Database, host and libvirt compared: gathers the facts for pool/reconcile.h, and carries its
 * repairs out.
 */
#pragma once

#include "pool/reconcile.h"
#include "service/libvirt.h"

#define VFP_CHECK_EXPIRE_MS INT64_C(3600000) /* a port that no domain came for ends after that */

/* @libvirt NULL: database and host only.  What a start or stop under way would show as a difference
 * is left out: only what two looks agree on is given.  The caller frees *ret. */
int vfp_check(struct vfp_pool *pool, struct vfp_libvirt *libvirt, struct vfp_diff **ret,
	      size_t *ret_n, struct vfp_err *err);

/* Mends one difference.  -EPERM: there is no repair for it but by hand. */
int vfp_check_repair(struct vfp_pool *pool, struct vfp_libvirt *libvirt,
		     const struct vfp_diff *diff, struct vfp_err *err);
