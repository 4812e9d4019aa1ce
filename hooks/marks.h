/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Marks: what one call of the hook leaves for the next, as small files below /run/vfpool (gone with
 * a reboot).
 *
 *	/run/vfpool/restore/UUID	libvirt is restoring this domain: "PID START" of the daemon that does
 *
 * The other mark, of a domain that has a lease, is pool/mark.h.  A mark is a hint to look, never
 * the truth: the database is.
 */
#pragma once

#include "base/proc.h"

#define VFP_MARK_RESTORE "/run/vfpool/restore"

int vfp_mark_restore(const struct vfp_host *host, const char *uuid,
		     const struct vfp_process *daemon, struct vfp_err *err);
/* Whether @daemon itself is restoring @uuid; the mark is used up by asking. */
bool vfp_take_restore(const struct vfp_host *host, const char *uuid,
		      const struct vfp_process *daemon);
