/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PFs and VFs as sysfs shows them, below host->root.
 *
 * Sources: Linux Documentation/ABI/testing/sysfs-bus-pci (sriov_totalvfs, sriov_numvfs,
 * sriov_drivers_autoprobe, driver_override, physfn, virtfnN, iommu_group) and
 * Documentation/PCI/pci-iov-howto.rst.
 */
#pragma once

#include "base/host.h"

#define VFP_DRIVER_SIZE 32

enum vfp_sriov_status { VFP_SRIOV_DISABLED, VFP_SRIOV_ENABLED, VFP_SRIOV_UNSUPPORTED };
/* Disabled, Enabled, "Not supported": ESXi's words. */
extern const struct vfp_word vfp_sriov_status_words[];

struct vfp_pf {
	char dev[IFNAMSIZ];
	struct vfp_pci pci;
	char driver[VFP_DRIVER_SIZE]; /* "" none bound */
	enum vfp_sriov_status status; /* why not: base/nic.h */
	unsigned int total_vfs;	      /* sriov_totalvfs; 0: not supported, or off in firmware */
	unsigned int num_vfs;	      /* sriov_numvfs */
	int numa_node;		      /* -1: the kernel does not know */
	bool has_carrier;	      /* false also while the netdev is down */
	bool is_up;
	unsigned int mtu;
	struct vfp_mac mac; /* the netdev's present one */
};

/* Bare looks at an attribute below host->root; the format is its path, "/sys/…".
 * The text without its newline; false when it cannot be read or does not fit. */
bool vfp_sysfs_line(const struct vfp_host *host, char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* A number, decimal or with 0x; @fallback when it is none. */
int64_t vfp_sysfs_number(const struct vfp_host *host, int64_t fallback, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The last part of where a link points to; false, and "", when there is no such link. */
bool vfp_sysfs_link(const struct vfp_host *host, char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A VF's PCI side. */
struct vfp_vfinfo {
	unsigned int index;
	struct vfp_pci pci;
	char driver[VFP_DRIVER_SIZE]; /* "" none bound; vfio-pci: parked or with a guest */
	char netdev[IFNAMSIZ];	      /* "" unless a host driver made one */
	int iommu_group;	      /* -1: no IOMMU */
	/* Other devices in that group, PCI bridges aside: above 0 the VF cannot go to a guest
	 * alone. */
	unsigned int group_others;
};

/* Every physical PCI NIC of the host, ordered by PCI address.  VFs' own netdevs are not in it, nor
 * the representors of a NIC in switchdev mode.  The caller frees *ret_pfs. */
int vfp_sysfs_pfs(const struct vfp_host *host, struct vfp_pf **ret_pfs, size_t *ret_n,
		  struct vfp_err *err);
/* One by netdev name.  -ENOENT: no such netdev; -ENODEV: it is no PCI device, or it is a VF. */
int vfp_sysfs_pf(const struct vfp_host *host, const char *dev, struct vfp_pf *ret_pf,
		 struct vfp_err *err);

/* Of the PF @dev, for those who need no more: its address, one look instead of eleven, and how many
 * VFs it has.  Errors as vfp_sysfs_pf(), but that @dev is no VF is not looked at. */
int vfp_sysfs_pf_address(const struct vfp_host *host, const char *dev, struct vfp_pci *ret_pci,
			 struct vfp_err *err);
int vfp_sysfs_num_vfs(const struct vfp_host *host, const char *dev, unsigned int *ret_n,
		      struct vfp_err *err);

/* The VFs of a PF by their virtfnN links, ordered by index.  The caller frees *ret_vfs, which is
 * not NULL even when there are none.  -ENODEV: no such device. */
int vfp_sysfs_vfs(const struct vfp_host *host, const struct vfp_pci *pf,
		  struct vfp_vfinfo **ret_vfs, size_t *ret_n, struct vfp_err *err);
/* Which PCI devices of the host have an IOMMU group to themselves, all looked at once: then a VF's
 * own folder need not be opened.  Worth it for some hundred VFs; a look, not to be kept.
 * Errors: the kernel's, of a host without PCI. */
struct vfp_groups;
int vfp_sysfs_groups(const struct vfp_host *host, struct vfp_groups **ret_groups,
		     struct vfp_err *err);
void vfp_groups_free(struct vfp_groups *groups); /* NULL is fine */
/* The same as vfp_sysfs_vfs(); @groups NULL: each VF's group is looked into. */
int vfp_sysfs_vfs_in(const struct vfp_host *host, const struct vfp_groups *groups,
		     const struct vfp_pci *pf, struct vfp_vfinfo **ret_vfs, size_t *ret_n,
		     struct vfp_err *err);
/* One VF, at its present address.  -ENOENT: the PF has no VF @index now. */
int vfp_sysfs_vf(const struct vfp_host *host, const struct vfp_pci *pf, unsigned int index,
		 struct vfp_vfinfo *ret_vf, struct vfp_err *err);

/* Whose VF a PCI address is.  -ENODEV: no such device, or no VF.  @ret_pf.dev is "" when the PF has
 * no netdev. */
int vfp_sysfs_whose_vf(const struct vfp_host *host, const struct vfp_pci *vf, struct vfp_vf *ret_vf,
		       struct vfp_pci *ret_pf, struct vfp_err *err);

/* Sets the number of VFs, from 0 or to 0 only (the kernel refuses other changes with -EBUSY), with
 * sriov_drivers_autoprobe off first, so that no host driver touches them (@autoprobe leaves it on),
 * and waits until all @n virtfn links are there.
 * -ERANGE: above sriov_totalvfs.  -EBUSY: there are VFs already, and another number of them.
 * -ETIMEDOUT: not all there after @timeout_ms, with the count seen.  Of a failure nothing is left:
 * the count is 0 again, or still the one that it was with -EBUSY.
 * Never call it with 0 while a VF is leased: the write blocks (docs/facts). */
int vfp_sysfs_set_num_vfs(const struct vfp_host *host, const struct vfp_pf *pf, unsigned int n,
			  bool autoprobe, int timeout_ms, struct vfp_err *err);

/* Binds the VF to vfio-pci and to nothing else: driver_override, unbind where bound, drivers_probe;
 * then looks whether it is bound.  Parking a parked VF is a no-op.
 * -ENODEV: no such device; -ENOENT: vfio-pci is not loaded; -EIO: another driver has it still. */
int vfp_sysfs_park(const struct vfp_host *host, const struct vfp_pci *vf, struct vfp_err *err);
/* The way back: the VF goes to the host's own driver, if there is one; none is no error.  @pf: its
 * PF, whose sriov_drivers_autoprobe is on for that moment (Linux, drivers/pci/pci-driver.c,
 * pci_device_can_probe()). */
int vfp_sysfs_unpark(const struct vfp_host *host, const struct vfp_pci *pf,
		     const struct vfp_pci *vf, struct vfp_err *err);

/* Resets one VF, and nothing beside it, by its file "reset" (sysfs-bus-pci); what its last user
 * programmed into it is gone then.  What the PF keeps for it (MAC, VLAN …) stays.  Takes some
 * 100 ms.  0 also where the kernel offers no reset of the device alone: *ret_is_done is false.
 * Never for a VF that somebody has open.  Other errors are the kernel's. */
int vfp_sysfs_reset(const struct vfp_host *host, const struct vfp_pci *vf, bool *ret_is_done,
		    struct vfp_err *err);
