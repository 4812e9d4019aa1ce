/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What there is to know of a network card beside the counts of its VFs: why it has none, what to do
 * about that, its speed, and whether the host's own traffic goes through it.
 *
 * Sources: Linux Documentation/ABI/testing/sysfs-class-net and sysfs-bus-pci, drivers/pci/iov.c.
 */
#pragma once

#include "base/sysfs.h"

/* Why a card has no VFs to give, where its status is "Not supported". */
enum vfp_sriov_why {
	VFP_WHY_NONE,	       /* it has */
	VFP_WHY_NO_CAPABILITY, /* the device lacks it */
	VFP_WHY_IN_VM,	       /* the same, and this host is itself a virtual machine */
	VFP_WHY_FIRMWARE,      /* the device has it, and its maximum is 0 */
	VFP_WHY_DRIVER,	       /* the driver takes no sriov_numvfs */
	VFP_WHY_NO_DRIVER,     /* no network driver has the device */
	VFP_WHY_GIVEN_AWAY,    /* the whole device is on vfio-pci, for a guest */
	VFP_WHY_KERNEL,	       /* device and firmware can, and the kernel shows nothing of it */
};
extern const struct vfp_word vfp_sriov_why_words[];

struct vfp_nic {
	unsigned int vendor, device; /* PCI's numbers; 0 unknown */
	int speed_mbps;		     /* of the link; 0 unknown, or no link */
	enum vfp_sriov_why why;
	struct vfp_card card;
};

/* What sysfs and the card tell; what they do not is left 0. */
void vfp_nic_read(const struct vfp_host *host, const struct vfp_pf *pf, struct vfp_nic *ret);
/* What to do about it, one clause, with the vendor's own tool where the vendor is known, as it is
 * to be typed for this card.  "" for VFP_WHY_NONE.  Returns @buf. */
char *vfp_nic_remedy(const struct vfp_nic *nic, const struct vfp_pf *pf, char *buf, size_t size);

/* The network cards that have no netdev of the host's, ordered by PCI address: those without driver
 * and those that are given away.  Their dev is "".  VFs are not in it.  The caller frees *ret. */
int vfp_nic_bare(const struct vfp_host *host, struct vfp_pf **ret, size_t *ret_n,
		 struct vfp_err *err);

/* Whether what goes through the netdev @upper goes through @dev: it is @dev, or a bridge, bond or
 * VLAN with @dev below it, in any depth; or an inner port of the Open vSwitch that @dev is in, of
 * whose ports sysfs does not tell which way they take. */
bool vfp_nic_carries(const struct vfp_host *host, const char *dev, const char *upper);
