/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changes of a PF: the number of its VFs, parking them, which are the host's.  Never while one of
 * its VFs is leased or in anybody else's use (DESIGN 3, invariant 9): writing sriov_numvfs then
 * blocks in the kernel until the guest that holds the VF is gone, and takes the VF out of a running
 * Linux guest (docs/facts).
 *
 * A change that fails half way is taken back: the former count again, on the former driver, with a
 * line "taken back" in the journal.
 */
#pragma once

#include "base/sysfs.h"
#include "pool/pool.h"

struct vfp_pf_change {
	unsigned int vfs; /* 0: none */
	bool park;
	/* The first so many VFs stay with the host's driver and are held, so that no domain gets
	 * them.  The first and not the last, since those would be others with each other count. */
	unsigned int reserved;
	int timeout_ms; /* for all VFs to be there; 125 of them were seen to take 65 s */
	/* Also when the host's own traffic goes through the PF, or the host uses a VF's netdev. */
	bool force;
	const char *admin_address; /* by which the caller is logged in; NULL: at the console */
};

/* Gives the PF @dev that many VFs, parks them and remembers the count for the next boot, and the
 * card by its permanent MAC.  Loads vfio-pci and sets the PF up where that is needed: many drivers
 * let no VF work while the PF is down.  A count that is there already is only parked and
 * remembered.
 * -ENOENT, -ENODEV: no such PF; -EINVAL: not SR-IOV capable, -ERANGE: out of range, with what to
 * do; -EPERM: a VF is in use, in words that name the holders, or the host's traffic goes through
 * the PF; -EMSGSIZE: more VFs than the kernel can show the attributes of (base/netlink.h). */
int vfp_pf_set(struct vfp_pool *pool, const char *dev, const struct vfp_pf_change *change,
	       struct vfp_err *err);

/* Makes the PF again what vfp_pf_set() made it before a reboot, with the same errors; a PF that is
 * so already stays as it is.  A change gets its line "restored" in the journal.  -ENODEV: another
 * card bears its name. */
int vfp_pf_restore(struct vfp_pool *pool, const struct vfp_wanted *wanted, int timeout_ms,
		   struct vfp_err *err);
