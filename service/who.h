/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which domain is, or was, behind a MAC, a VF or a PCI address.
 */
#pragma once

#include "pool/pool.h"

struct vfp_who {
	/* "holds" (a lease), "held" (the journal), "claims", "defined" (a port), "uses" (a process
	 * outside the pool), "carries" (a VF has that MAC), "host" (a PF) */
	const char *what;
	struct vfp_owner owner;					    /* of a PF its name */
	char mac[VFP_MAC_SIZE], vf[VFP_VF_SIZE], pci[VFP_PCI_SIZE]; /* "" none */
	int64_t from_ms, until_ms;				    /* 0: not known; still so */
};

/* @text: a MAC, a VF PF#N, a PCI address, else a domain by name or UUID.  @at_ms: only who had it
 * then; 0 ever.  @pool NULL: nothing was ever defined.  The caller frees *ret. */
int vfp_who(const struct vfp_host *host, struct vfp_pool *pool, const char *text, int64_t at_ms,
	    struct vfp_who **ret, size_t *ret_n, struct vfp_err *err);
