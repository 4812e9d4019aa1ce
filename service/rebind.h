/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Binds the definition that libvirt has, anew: after a pin, an attach, a detach, or for a repair.
 */
#pragma once

#include "pool/pool.h"
#include "service/libvirt.h"

/* The definition of domain @uuid gets the VFs that the pool says.  When no NIC of it is in a pool
 * any more, what a rewrite had put in goes, and its ports end.  One that is right already stays as
 * it is. */
int vfp_rebind(struct vfp_pool *pool, struct vfp_libvirt *libvirt, const char *uuid,
	       struct vfp_err *err);
