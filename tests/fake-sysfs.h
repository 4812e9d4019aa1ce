/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A folder that looks like a host: PFs below /sys, processes below /proc, a boot id.
 *
 *	struct vfp_host host;
 *
 *	fake_root_make(&host, fake_pfs, FAKE_N_PFS);	in $TMPDIR, with fake_kernel for its doors
 *	…
 *	fake_root_remove(&host);
 *
 * The layout is Linux's own: devices below /sys/devices, links in /sys/bus/pci and /sys/class/net.
 * VFs come and go through fake_kernel.sysfs_write (tests/fake-kernel.h).  Everything here aborts
 * when it fails.
 */
#pragma once

#include <sys/types.h>

#include "base/host.h"

#define FAKE_BOOT_ID "11111111-2222-4333-8444-555555555555"

struct fake_pf {
	const char *dev;
	const char *pci;
	const char *driver; /* fake_kernel's behaviour goes by it, see fake-kernel.h */
	int total_vfs;	    /* -1: not SR-IOV capable */
	unsigned int num_vfs;
	bool is_parked; /* its VFs are on vfio-pci; else on igbvf, with netdevs ens1f0v0 … */
	int numa_node;
	bool is_down, is_unplugged;
	unsigned int mtu; /* 0: 1500 */
	const char *mac;
	unsigned int vf_offset, vf_stride; /* 0: 128 and 2, an Intel 82576's */
	bool lacks_iommu;		   /* its VFs are in no IOMMU group */
	bool shares_group;		   /* its VFs are all in one */
	unsigned int vendor, device, vf_device, speed; /* 0: not told */
	const char *firmware, *version;
	const char *capability; /* TotalVFs in the configuration space; NULL: no such capability */
};

/* Two PFs ens1f0 and ens1f1 at 0000:01:00.0 and 0000:02:00.0, igb, 7 VFs at most and none now, on
 * NUMA node 0 and 1: the lab's hardware. */
#define FAKE_N_PFS 2
extern const struct fake_pf fake_pfs[FAKE_N_PFS];

struct fake_process {
	pid_t pid;
	uint64_t start;	  /* 0: 1000 + pid */
	const char *comm; /* NULL: qemu-system-x86 */
	const char *uuid; /* NULL: no libvirt QEMU */
	const char *domain;
	int groups[8];			/* VFIO groups that it has open, ended by 0 */
	uint64_t guest_kib, locked_kib; /* what smaps says */
};

/* Makes a temporary folder and fills it. */
void fake_root_make(struct vfp_host *host, const struct fake_pf *pfs, size_t n);
/* Fills host->root, an empty folder. */
void fake_root_fill(const struct vfp_host *host, const struct fake_pf *pfs, size_t n);
void fake_root_remove(const struct vfp_host *host);
/* The host's memory, and what of it is in a pool of free huge pages of 2 MiB.  A new root has 64
 * GiB and none. */
void fake_memory_set(const struct vfp_host *host, uint64_t total_mib, uint64_t huge_mib);

void fake_pf_add(const struct vfp_host *host, const struct fake_pf *pf);
/* The netdev alone, on a device that is there: of @pf it takes dev, pci, mac, mtu and the link's
 * state. */
void fake_netdev_add(const struct vfp_host *host, const struct fake_pf *pf);
void fake_process_add(const struct vfp_host *host, const struct fake_process *process);
void fake_process_remove(const struct vfp_host *host, pid_t pid);

/* Files below host->root; folders above them are made.  fake_write() replaces, fake_read() gives ""
 * for a file that is not there and cuts the last newline off; the caller frees it. */
void fake_write(const struct vfp_host *host, const char *path, const char *text);
char *fake_read(const struct vfp_host *host, const char *path);
void fake_link(const struct vfp_host *host, const char *target, const char *path);
void fake_folder(const struct vfp_host *host, const char *path);
bool fake_exists(const struct vfp_host *host, const char *path);
/* With everything in it; a file that is not there is fine. */
void fake_remove(const struct vfp_host *host, const char *path);
/* A path below the root, without it; in a buffer that the eighth next call uses again. */
const char *fake_path(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A PCI device with its link in /sys/bus/pci/devices and, unless @group is below 0, in that IOMMU
 * group. */
void fake_pci_add(const struct vfp_host *host, const char *addr, const char *class, int group);
/* The number that the next IOMMU group gets. */
int fake_next_group(const struct vfp_host *host);
