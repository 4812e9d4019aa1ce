/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * NICs of a pool into and out of a domain: of its definition, and while it runs.
 *
 * libvirt calls no hook for either, so what prepare, start and release do at a start is done here,
 * in the same
 * order: port, lease, park, attributes, then the device; and back: the device, scrub, lease, port.
 */
#pragma once

#include "pool/pool.h"
#include "service/libvirt.h"

struct vfp_hotplug {
	struct vfp_pool *pool;
	struct vfp_libvirt *libvirt;
	const struct vfp_libvirt_domain *domain;
};

/* Into what runs.  @want->mac is not none.  On failure the VF is scrubbed and free again, and a
 * port that was made for it has ended.
 * -EPERM: its memory is not locked, so a VF cannot come later; -ENOMEM: the host cannot lock that
 * much for domains with VFs; -EEXIST: it has that NIC already;
 * the errors of vfp_pool_bind(), vfp_pool_lease() and vfp_setup_apply(). */
int vfp_attach_live(const struct vfp_hotplug *plug, const struct vfp_want *want,
		    struct vfp_vf *ret_vf, struct vfp_err *err);
/* Into the definition, bound.  -EEXIST: it has that NIC already. */
int vfp_attach_config(const struct vfp_hotplug *plug, const struct vfp_want *want,
		      struct vfp_err *err);

/* Out of what runs: waits until the guest has let it go, then scrubs the VF.  The port stays while
 * the definition has the NIC.
 * -ENOENT: no such NIC with a VF of a pool; -ETIMEDOUT, -EPERM, -EIO: the guest has not let it go,
 * as far as is known: the lease stands. */
int vfp_detach_live(const struct vfp_hotplug *plug, const struct vfp_mac *mac, int timeout_ms,
		    struct vfp_err *err);
/* Out of the definition, with what is ours of it; while the domain runs also what one that was cut
 * short has left.
 * -ENOENT: it has no such NIC. */
int vfp_detach_config(const struct vfp_hotplug *plug, const struct vfp_mac *mac,
		      struct vfp_err *err);
