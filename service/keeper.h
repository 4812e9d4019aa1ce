/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keeps what libvirt has in step with what the pool says: definitions bound, and bound to VFs that
 * are free.
 *
 * Each function looks at what there is now and mends the difference, so that calling it once more,
 * for an event of one's own doing too, changes nothing.  A definition is written in one of two
 * ways:
 *
 *	first, or when more than a VF changes: read, bind, read again, define when both readings
 *	agree; the event of our own define then leads here once more, and finds nothing to do, or
 *	what another one wrote meanwhile.  libvirt cannot compare and define in one: an edit of
 *	another between the second reading and the define is lost, an undefine is not (echo.h)
 *
 *	a VF alone: virDomainUpdateDeviceFlags(CONFIG), by which nothing else of the definition can
 *	be lost
 *
 * A definition that cannot be bound stays as its author wrote it, and vfp_pool_troubles() says why.
 */
#pragma once

#include "pool/pool.h"
#include "service/libvirt.h"

struct vfp_keeper {
	struct vfp_pool *pool;
	struct vfp_libvirt *libvirt;
};

/* Looks at the definition of one domain.  None: its ports end, unless it runs or libvirt never knew
 * it.
 * @since_ms: when it became known that there is something to do (vfp_kernel.ticks_ms), for the log.
 * 1: it was defined; when all events are heard that came until now, service/echo.h tells whether it
 * was still there.  0: it was not.  -EAGAIN, -EBUSY: to be tried again soon. */
int vfp_keeper_settle(const struct vfp_keeper *keeper, const struct vfp_owner *owner,
		      int64_t since_ms, struct vfp_err *err);

/* Looks at the devices of one domain that runs: a VF of a pool that has no lease was attached by
 * hand, a lease whose VF is not among them was detached. */
int vfp_keeper_inspect(const struct vfp_keeper *keeper, const struct vfp_owner *owner,
		       struct vfp_err *err);

/* Takes back a definition that should not have risen. */
int vfp_keeper_step_back(const struct vfp_keeper *keeper, const struct vfp_owner *owner,
			 struct vfp_err *err);

/* Ends the leases that nobody holds any more (pool/setup.h, vfp_setup_reclaim()). */
void vfp_keeper_heal(const struct vfp_keeper *keeper);
