/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether the host has the memory for one more domain that locks all of its own: private to pool/.
 */
#pragma once

#include "pool/book.h"

/* To be called inside the transaction that makes the lease.  Counts every domain that has a lease
 * of this boot, with what its lease says; one whose QEMU is gone counts no more.  Huge pages: a
 * domain that runs has taken its own out of the pool, so only those of domains that are still
 * starting are taken off what is free.
 * -ENOMEM: it does not fit, in words that name each number; else what reading the settings, /proc
 * or sysfs said. */
int vfp_admit(struct vfp_pool *pool, const struct vfp_owner *owner,
	      const struct vfp_footprint *footprint, struct vfp_err *err);
