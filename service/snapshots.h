/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Notices that a running domain with a VF got a snapshot of its disks: what nobody can refuse to
 * root, since libvirt makes it without asking QEMU for the VF's state (docs/limits).
 *
 * libvirt sends no event for it.  It rewrites the domain's status file, in /run/libvirt/qemu, at
 * each change of what runs; the live XML then says whether a disk's file of before lies below
 * another one now.  What it was before is in the domain's mark (pool/mark.h), so a snapshot that
 * was taken while nobody looked is noticed too.
 */
#pragma once

#include "service/keeper.h"

struct vfp_snapshots {
	const struct vfp_keeper *keeper;
	int fd; /* of inotify; only with @keeper */
};

/* Looks at all domains that have a VF, and from now on at each that changes.  After each connection
 * to libvirt; where libvirt has no such folder it only looks. */
void vfp_snapshots_start(struct vfp_snapshots *snapshots, const struct vfp_keeper *keeper);

/* Looks at one domain; a snapshot goes into journal and log.  1: there was one. */
int vfp_snapshots_look(const struct vfp_keeper *keeper, const struct vfp_owner *owner,
		       struct vfp_err *err);
