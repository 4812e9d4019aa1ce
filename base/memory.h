/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What guests take of the host's memory for good, and how much the host has for that.
 *
 * The memory of a guest with a VF is locked, all of it, and so is its QEMU: the kernel can neither
 * swap nor share it.  The host therefore has to have it, with something left for itself; memory on
 * hugetlb pages comes out of their pools instead.  docs/memory says the same for people.
 */
#pragma once

#include "base/settings.h"

/* KiB as MiB for messages: down for what there is, up for what is needed. */
static inline unsigned long long vfp_mib(uint64_t kib)
{
	return kib >> 10;
}

static inline unsigned long long vfp_mib_up(uint64_t kib)
{
	return (kib >> 10) + (kib % 1024 != 0);
}

#define VFP_MAX_PAGE_SIZES 4 /* x86 has two, arm64 four */

struct vfp_pages {
	uint64_t page_kib; /* 0: the host's default huge page */
	uint64_t kib;	   /* of memory, 0: none (and none after it) */
};

/* One domain, with all that may be plugged into it while it runs. */
struct vfp_footprint {
	uint64_t guest_kib; /* guest memory on pages of the usual size */
	uint64_t qemu_kib;  /* QEMU's own: what mlockall() makes resident of it */
	struct vfp_pages huge[VFP_MAX_PAGE_SIZES];
};

uint64_t vfp_footprint_huge_kib(const struct vfp_footprint *footprint);
/* Puts the host's own word on QEMU's share (qemu_memory_mib) in the place of the estimate. */
int vfp_footprint_settle(const struct vfp_host *host, struct vfp_footprint *footprint,
			 struct vfp_err *err);

struct vfp_lockable {
	uint64_t total_kib;   /* MemTotal */
	uint64_t hugetlb_kib; /* in all hugetlb pools, used or not */
	uint64_t reserve_kib; /* for the host: the setting, else 512 MiB and 2 % of MemTotal */
	uint64_t kib;	      /* the first without the others: what all guests together may lock */
};

/* By /proc/meminfo (Linux: fs/proc/meminfo.c; Hugetlb since 4.18). */
int vfp_memory_lockable(const struct vfp_host *host, const struct vfp_settings *settings,
			struct vfp_lockable *ret, struct vfp_err *err);

/* What is free of a hugetlb pool, by /sys/kernel/mm/hugepages: free and not reserved, and what the
 * kernel may add (nr_overcommit_hugepages).  @page_kib 0: the host's default size, which
 * @ret_page_kib says.  -ENOENT: the host has no pages of that size. */
int vfp_memory_free_pages(const struct vfp_host *host, uint64_t page_kib, uint64_t *ret_page_kib,
			  uint64_t *ret_kib, struct vfp_err *err);
