/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keeps what libvirt has in step with what the pool says: definitions bound, and bound to VFs that
 * are free.
 *
 * Each function looks at what there is now and mends the difference (service/rebind.h), so that
 * calling it once more, for an event of one's own doing too, changes nothing.  A definition that
 * cannot be bound stays as its author wrote it, and vfp_pool_troubles() says why.
 */
#pragma once

#include "pool/pool.h"
#include "service/echo.h"
#include "service/libvirt.h"
#include "service/rebind.h"

struct vfp_keeper {
	struct vfp_pool *pool;
	struct vfp_libvirt *libvirt;
};

/* Looks at the definition of one domain.  None: its ports end, unless it runs or libvirt never knew
 * it, as far as @is_known and the book say.
 * 1: vfp_keeper_define() is to follow, when all events are heard that came until now and
 * vfp_echo_expect() was told; 0: all is done.  -EAGAIN, -EBUSY, -EIO: to be tried again soon.
 * @rebind: zeroed before the first call; what it holds is the next call's to free. */
int vfp_keeper_settle(const struct vfp_keeper *keeper, const struct vfp_owner *owner, bool is_known,
		      struct vfp_rebind *rebind, struct vfp_err *err);
/* 1: it was defined; when all events are heard, vfp_keeper_judge() is to follow.  0: libvirt
 * refuses it, and that is noted.
 * @since_ms: when it became known that there is something to do (vfp_kernel.ticks_ms), for the
 * log. */
int vfp_keeper_define(const struct vfp_keeper *keeper, struct vfp_rebind *rebind, int64_t since_ms,
		      struct vfp_err *err);
/* Takes back a definition that should not have risen, and says which edit was lost. */
int vfp_keeper_judge(const struct vfp_keeper *keeper, const struct vfp_owner *owner,
		     enum vfp_echo_verdict verdict, struct vfp_err *err);

/* Looks at the devices of one domain that runs: a VF of a pool that has no lease was attached by
 * hand, a lease whose VF is not among them was detached. */
int vfp_keeper_inspect(const struct vfp_keeper *keeper, const struct vfp_owner *owner,
		       struct vfp_err *err);
