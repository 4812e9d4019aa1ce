/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's settings: VFP_SETTINGS_PATH below host->root, "key = value" lines, # begins a comment.
 * docs/vfpool.conf has each key with its default.  Without the file everything has its default.
 *
 * Whoever decides by a setting reads it at that moment, so a change needs no restart.
 */
#pragma once

#include "base/host.h"

#define VFP_SETTINGS_PATH   "/etc/vfpool/vfpool.conf"
#define VFP_SETTING_DEFAULT UINT64_MAX /* the file does not say */

struct vfp_settings {
	/* What the host keeps of its memory, in MiB: see base/memory.h. */
	uint64_t memory_reserve_mib;
	/* What one QEMU locks of its own, in MiB, in the place of our estimate. */
	uint64_t qemu_memory_mib;
	/* The first three bytes of the MACs that we make, as one number: 0x525400. */
	uint64_t mac_oui;
};

/* -EINVAL with file and line: a line without "=", a key that we do not know or that stands twice, a
 * value that is none.  A typo is not to pass for a default. */
int vfp_settings_read(const struct vfp_host *host, struct vfp_settings *ret, struct vfp_err *err);
