/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a definition to its bound form: what xml/ reads is asked of pool/, the answer is written in
 * by xml/. The same for every caller (DESIGN 2): the command, the service, the filter.
 */
#pragma once

#include "pool/pool.h"
#include "service/libvirt.h"

/* Binds what @text wants and gives the definition to use.
 * @libvirt: asked for QEMU's version only; NULL: unknown, and a VF that could migrate is not
 * switched off: an older QEMU would not start with that switch.
 * @uuid: for a text without one; NULL makes one up.  @ret_owner: whose ports they are now.
 * *ret_text: NULL when no NIC of @text is a pool's: it is to be used as it is.  The caller frees.
 * Errors: those of vfp_domain_read(), vfp_domain_rewrite() and vfp_pool_bind(). */
int vfp_bind(struct vfp_pool *pool, struct vfp_libvirt *libvirt, const char *text, size_t size,
	     const char *uuid, struct vfp_owner *ret_owner, char **ret_text, struct vfp_err *err);

/* What @text asks of pools, its unbound NICs in a word: two texts that ask for the same give the
 * same.  "" when none of its NICs is a pool's, or one is bound. */
int vfp_wants_digest(struct vfp_pool *pool, const char *text, char ret[VFP_DIGEST_SIZE],
		     struct vfp_err *err);
