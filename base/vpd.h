/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A card's Vital Product Data: PCI 3.0, Appendix I, as sysfs gives it (sysfs-bus-pci, "vpd").
 */
#pragma once

#include "base/host.h"

#define VFP_SERIAL_SIZE 256 /* a field has 255 bytes at most */

/* The serial number ("SN") of the card at @pci, "" where it has no VPD, no such field, or one that
 * is not printable.  Reading it takes some cards a second: not for those who wait. */
void vfp_vpd_serial(const struct vfp_host *host, const struct vfp_pci *pci,
		    char ret_serial[VFP_SERIAL_SIZE]);
/* The same of VPD that is read already. */
void vfp_vpd_parse(const unsigned char *vpd, size_t size, char ret_serial[VFP_SERIAL_SIZE]);
