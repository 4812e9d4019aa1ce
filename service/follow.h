/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * After a change of a pool or of one of its port groups: definitions follow, and what runs too
 * where that is wanted.
 *
 * vfpoold does the first by itself; it is done here as well, so that it is done when the command
 * that made the change returns, whether vfpoold runs or not.
 */
#pragma once

#include "pool/pool.h"

/* What was found to say, a line each: called with "web1: …" while it goes on. */
typedef void vfp_follow_say(void *opaque, const char *line);

/* Binds the definitions of all domains that have a port on @portgroup of @name (NULL: on any) anew,
 * as vfp_rebind() does.  libvirt is asked for only when there is such a domain.  What cannot be
 * bound is said; it is the domain's trouble, and no failure.
 * @uri: libvirt's, NULL the default.  -ENOTCONN: no libvirt answers. */
int vfp_follow_definitions(struct vfp_pool *pool, const char *uri, const char *name,
			   const char *portgroup, vfp_follow_say *say, void *opaque,
			   struct vfp_err *err);

/* Gives the VFs of the domains that run on the port group what it says now, see
 * vfp_setup_change(); says what changed and what could not.  @live false: only says who runs with
 * something else.
 * -EIO: some could not be changed, or not in all. */
int vfp_follow_running(struct vfp_pool *pool, const char *name, const char *portgroup, bool live,
		       vfp_follow_say *say, void *opaque, struct vfp_err *err);
