/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mark of a domain that has a VF: a file VFP_MARK_DOMAINS/UUID, from before its start until the
 * VF is free again, gone with a reboot.
 *
 * The hook's first stage and the polkit rule ask whether it is there; a hint to look, never the
 * truth: the database is.  In it are the disks as they were when that was last looked at
 * (vfp_domain_disks()), by which a snapshot is noticed.
 */
#pragma once

#include "base/host.h"

#define VFP_MARK_DOMAINS "/run/vfpool/domains"

/* Makes it, or replaces what is in it. */
int vfp_mark_put(const struct vfp_host *host, const char *uuid, const char *disks,
		 struct vfp_err *err);
/* NULL: there is none.  The caller frees. */
char *vfp_mark_get(const struct vfp_host *host, const char *uuid);
/* None: no-op. */
void vfp_mark_remove(const struct vfp_host *host, const char *uuid);
