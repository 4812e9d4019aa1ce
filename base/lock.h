/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The device lock: whoever writes attributes of a VF holds it from before the first write until
 * after the read-back, and re-reads the lease's generation under it (DESIGN 3, invariant 5).
 *
 * It is an open file description lock (fcntl(2), F_OFD_SETLK) on /run/vfpool/vf/PFADDRESS-INDEX,
 * below host->root: it ends with its holder, however that dies.
 */
#pragma once

#include "base/host.h"

/* Takes the lock of VF @index of the PF at @pf; close(*ret_fd) gives it back.
 * -EBUSY: another holder kept it for @timeout_ms (its pid is not known for OFD locks). */
int vfp_lock_vf(const struct vfp_host *host, const struct vfp_pci *pf, unsigned int index,
		int timeout_ms, int *ret_fd, struct vfp_err *err);

/* Waits in line for the file @path, which is made where there is none: who came first gets it first
 * (Linux, fs/locks.c, locks_insert_block(): a lock that is given back wakes the first of its
 * waiters).  close(*ret_fd) gives it back.  -EBUSY: it was not our turn within @timeout_ms; else
 * what open(2) and fcntl(2) say. */
int vfp_lock_line(const char *path, int timeout_ms, int *ret_fd);
