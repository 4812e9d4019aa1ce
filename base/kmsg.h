/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel has warned of: its log, /dev/kmsg (Linux, Documentation/ABI/testing/dev-kmsg),
 * below host->root.
 */
#pragma once

#include "base/host.h"
#include "base/sysfs.h"

#define VFP_KMSG_TEXT_SIZE 192

/* Messages about one VF.  */
struct vfp_kmsg {
	unsigned int n;
	int64_t last_ms;	       /* wall clock, ms since 1970; of the last; 0: none */
	char last[VFP_KMSG_TEXT_SIZE]; /* without the driver's prefix, cut where it does not fit */
};

/* The warnings and errors since @since_ms (wall clock, ms since 1970) that name VF @index of @pf:
 * the PF by its netdev or PCI address, the VF as drivers write it, "VF 3", "VF[3]" or "vf 3".  Such
 * are a guest's requests that the PF's driver refuses, and frames that its spoof check stopped
 * (Linux, igb_main.c, igb_set_vf_mac_filter() and igb_spoof_check(); ice_virtchnl.c).  A driver may
 * limit their rate, and what the log's ring has lost is not counted.  The kernel's stamps and the
 * wall's clock drift apart: a second is taken off @since_ms.
 * -EPERM, -EACCES: the log is for root (kernel.dmesg_restrict); other errors are those of open()
 * and read(). */
int vfp_kmsg_of_vf(const struct vfp_host *host, const struct vfp_pf *pf, unsigned int index,
		   int64_t since_ms, struct vfp_kmsg *ret, struct vfp_err *err);

/* Whether a message's text is about VF @index of @pf. */
bool vfp_kmsg_names_vf(const char *text, const struct vfp_pf *pf, unsigned int index);
