/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Leases that wait for the end of their QEMU (draining): each is watched by a pidfd(2) in the event
 * loop, and ended when the process is really gone.  Nothing is polled.
 *
 * A draining lease is one whose release hook has come already, so libvirt writes to the VF no more.
 */
#pragma once

#include "pool/pool.h"

struct vfp_drain;

/* What could not be ended, in words; somebody should look. */
typedef void vfp_drain_odd(void *opaque, const char *words);

struct vfp_drain *vfp_drain_new(struct vfp_pool *pool, vfp_drain_odd *odd, void *opaque);
void vfp_drain_free(struct vfp_drain *drain); /* NULL is fine */
/* Looks which of @leases, all that there are, drain: to be called when the book has changed. */
void vfp_drain_look(struct vfp_drain *drain, const struct vfp_lease *leases, size_t n);
