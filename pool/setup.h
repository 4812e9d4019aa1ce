/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is done to the device: set up for a guest, read back, scrub.
 *
 * Each function takes the VF's lock (base/lock.h), reads the lease again under it and does nothing
 * when the generation is another one by now, and keeps the lock until the read-back (DESIGN 3,
 * invariant 5).  Another holder keeps them waiting for 5 s, then they give up with -EBUSY and
 * nothing is changed.  -ENODEV: the VF is not there.  None is called within a transaction.
 */
#pragma once

#include "pool/pool.h"

/* Parks the VF where its pool parks.  For prepare: libvirt wants the driver bound before it looks.
 * -EEXIST: another VF of the PF carries the lease's MAC, in words that say which and what to do. */
int vfp_setup_park(struct vfp_pool *pool, const struct vfp_lease *lease, struct vfp_err *err);

/* Sets what differs from lease->attrs, then reads all of it back in one dump.  What was set before
 * a failure stays set: libvirt calls release after a failed start, and vfp_setup_end() scrubs it.
 * -EOPNOTSUPP names attribute, wanted value and driver; -EIO: reads back as something else;
 * -ESTALE: the lease is another one by now. */
int vfp_setup_apply(struct vfp_pool *pool, const struct vfp_lease *lease, struct vfp_err *err);
/* Only looks.  -EIO names the first attribute that is not as leased. */
int vfp_setup_verify(struct vfp_pool *pool, const struct vfp_lease *lease, struct vfp_err *err);

/* What became of a change: "VLAN 100 -> VLAN 200, trust off -> trust on"; and what the driver does
 * not do while a guest runs, or at all, with its reason.  "" nothing. */
struct vfp_change {
	char done[256], refused[256];
};
/* Gives the VF of a running domain the attributes of @group, one by one and read back, and the
 * lease says what the VF has then: what is refused stays as it was.  VFs change while their guest
 * runs on; some drivers reset the VF for it (i40e, ice: VLAN and trust), which the guest sees as a
 * short loss of link.
 * -ESTALE: the lease is another one by now, or is not active. */
int vfp_setup_change(struct vfp_pool *pool, const struct vfp_lease *lease,
		     const struct vfp_portgroup *group, struct vfp_change *ret,
		     struct vfp_err *err);

/* Scrubs the VF and ends the lease.  A scrub is a reset of the VF where the kernel offers one and
 * no host driver has it, then all attributes that the kernel reports; the journal says how long it
 * took.  A scrub that fails, or a VF that is not there, ends it as
 * faulty and returns the error of the scrub.  A lease that is ended already: 0, and the device is
 * not touched.  -EBUSY: the lease goes on.  The caller has seen that QEMU is gone. */
int vfp_setup_end(struct vfp_pool *pool, const struct vfp_lease *lease, const char *why,
		  struct vfp_err *err);

/* Makes a VF usable again that nobody alive holds: ends a stale lease (vfp_lease_is_stale()),
 * scrubs a dirty or a faulty one.  0 also when there is nothing to do.  -EBUSY: the lease is alive,
 * in words that name the holder, or some process has the VF open, and still has 3 s later. */
int vfp_setup_reclaim(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_err *err);

/* The same, and a VF that is clean by the book is scrubbed as well: somebody may have set something
 * behind the book's back.  -EBUSY also: it is held for the host; -ENODEV: it is not there;
 * -ENOENT: it is in no pool, and clean. */
int vfp_setup_scrub(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_err *err);

/* Ends a lease whose VF its domain does not have (any more), though the domain runs: like
 * vfp_setup_end(), but -EBUSY when some process has the VF open, and still has 3 s later. */
int vfp_setup_take_back(struct vfp_pool *pool, const struct vfp_lease *lease, const char *why,
			struct vfp_err *err);

/* Sets a VF that nobody has up as each of @groups says, one after the other, and scrubs it: what
 * the driver does with them.  Until the scrub the book has it as dirty.
 * -EBUSY: it is leased, held, faulty, dirty, in use, or with a driver of the host; -EOPNOTSUPP: the
 * port group, and attribute, value and driver as vfp_setup_apply() names them. */
int vfp_setup_try(struct vfp_pool *pool, const struct vfp_vf *vf,
		  const struct vfp_portgroup *groups, size_t n, struct vfp_err *err);

/* Parks a VF that nobody has.  0 also when it is parked or leased; -EBUSY: a process has it. */
int vfp_setup_repark(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_err *err);

/* Counters of a leased VF; -ENODATA: the driver has none. */
int vfp_setup_counters(struct vfp_pool *pool, const struct vfp_lease *lease,
		       struct vfp_counters *ret, struct vfp_err *err);
