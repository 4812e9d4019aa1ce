/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reconcile without an administrator: what vfp_check() finds is mended where that is safe while
 * domains come and go, and what is not is said, once.
 *
 * Each repair looks again at what it is about, under the VF's lock or in its transaction
 * (service/check.h), and writes its line into the journal.
 */
#pragma once

#include "service/check.h"

/* Zeroed at first.  What was found and is there still, so that it is not said, nor tried, again. */
struct vfp_mend {
	struct vfp_diff *known;
	size_t n_known;
};
void vfp_mend_clear(struct vfp_mend *mend);

/* A definition that is to be looked at: service/keeper.h mends those. */
typedef void vfp_mend_settle(void *opaque, const struct vfp_owner *owner);

/* @ret_n_left: what is not mended.  1: something is, so another look may find what that had hidden,
 * as a lease hides the port that it kept. */
int vfp_mend(struct vfp_mend *mend, struct vfp_pool *pool, struct vfp_libvirt *libvirt,
	     vfp_mend_settle *settle, void *opaque, size_t *ret_n_left, struct vfp_err *err);
