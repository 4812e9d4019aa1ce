/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Marks: what one call of the hook leaves for the next, as small files below /run/vfpool (gone with
 * a reboot).
 *
 *	/run/vfpool/domains/UUID	the domain has, or had, a lease: later calls concern us
 *	/run/vfpool/restore/UUID	libvirt is restoring this domain: "PID START" of the daemon that does
 *
 * A mark is a hint to look, never the truth: the database is.
 */
#pragma once

#include "base/proc.h"

#define VFP_MARK_DOMAINS "/run/vfpool/domains"
#define VFP_MARK_RESTORE "/run/vfpool/restore"

/* Setting a mark that is there and clearing one that is not are no-ops. */
int vfp_mark_domain(const struct vfp_host *host, const char *uuid, struct vfp_err *err);
void vfp_unmark_domain(const struct vfp_host *host, const char *uuid);

int vfp_mark_restore(const struct vfp_host *host, const char *uuid,
		     const struct vfp_process *daemon, struct vfp_err *err);
/* Whether @daemon itself is restoring @uuid; the mark is used up by asking. */
bool vfp_take_restore(const struct vfp_host *host, const char *uuid,
		      const struct vfp_process *daemon);
