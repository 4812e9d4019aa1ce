/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changes of a PF: the number of its VFs, and parking them.  Never while one of its VFs is leased
 * or in anybody else's use (DESIGN 3, invariant 9): writing sriov_numvfs then blocks in the kernel
 * until the guest that holds the VF is gone, and takes the VF out of a running Linux guest
 * (docs/facts).
 */
#pragma once

#include "base/sysfs.h"
#include "pool/pool.h"

struct vfp_pf_change {
	unsigned int vfs; /* 0: none */
	bool park;
	int timeout_ms; /* for all VFs to be there; 125 of them were seen to take 65 s */
};

/* Gives the PF @dev that many VFs, parks them and remembers the count for the next boot.  A count
 * that is there already is only parked and remembered.
 * -ENOENT, -ENODEV: no such PF; -EINVAL: not SR-IOV capable, or out of range, with what to do;
 * -EPERM: a VF is in use, in words that name the holders. */
int vfp_pf_set(struct vfp_pool *pool, const char *dev, const struct vfp_pf_change *change,
	       struct vfp_err *err);

/* Makes the PF again what vfp_pf_set() made it before a reboot, with the same errors; a PF that is
 * so already stays as it is.  A change gets its line "restored" in the journal. */
int vfp_pf_restore(struct vfp_pool *pool, const struct vfp_wanted *wanted, int timeout_ms,
		   struct vfp_err *err);
