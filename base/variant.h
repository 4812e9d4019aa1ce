/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether the kernel has a VFIO driver of the vendor's own for a device, which unlike vfio-pci can
 * migrate it.
 *
 * Such a variant driver announces its devices by aliases "vfio_pci:v…" in modules.alias
 * (Linux, include/linux/mod_devicetable.h, PCI_ID_F_VFIO_DRIVER_OVERRIDE; Documentation/driver-api/
 * vfio.rst).  libvirt 10.0 and newer looks there for a managed='yes' device and takes the one that
 * fits best; older ones take vfio-pci.  A parked VF is on vfio-pci always.
 */
#pragma once

#include "base/host.h"

/* Also false where the kernel's list of modules cannot be read. */
bool vfp_variant_exists(const struct vfp_host *host, const struct vfp_pci *vf);
