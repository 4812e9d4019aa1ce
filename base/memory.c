/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's memory, as /proc/meminfo and the hugetlb pools in sysfs show it.
 */
#include "base/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define MEMINFO_MAX	(64u << 10)
#define RESERVE_KIB	(512u << 10)
#define RESERVE_PERCENT 2

static int read_meminfo(const struct vfp_host *host, const char *key, uint64_t *ret_kib,
			struct vfp_err *err);
static int read_pool(const struct vfp_host *host, uint64_t page_kib, const char *file,
		     uint64_t *ret_pages, struct vfp_err *err);
static uint64_t less(uint64_t a, uint64_t b);

uint64_t vfp_footprint_huge_kib(const struct vfp_footprint *footprint)
{
	uint64_t kib = 0;

	for (size_t i = 0; i < VFP_MAX_PAGE_SIZES; i++)
		kib += footprint->huge[i].kib;
	return kib;
}

int vfp_footprint_settle(const struct vfp_host *host, struct vfp_footprint *footprint,
			 struct vfp_err *err)
{
	struct vfp_settings settings;
	int rc = vfp_settings_read(host, &settings, err);

	if (rc == 0 && settings.qemu_memory_mib != VFP_SETTING_DEFAULT)
		footprint->qemu_kib = settings.qemu_memory_mib << 10;
	return rc;
}

int vfp_memory_lockable(const struct vfp_host *host, const struct vfp_settings *settings,
			struct vfp_lockable *ret, struct vfp_err *err)
{
	struct vfp_lockable lockable = {0};
	int rc = read_meminfo(host, "MemTotal:", &lockable.total_kib, err);

	if (rc == 0)
		rc = read_meminfo(host, "Hugetlb:", &lockable.hugetlb_kib, err);
	if (rc < 0)
		return rc;
	if (settings->memory_reserve_mib == VFP_SETTING_DEFAULT)
		lockable.reserve_kib = RESERVE_KIB + lockable.total_kib / 100 * RESERVE_PERCENT;
	else
		lockable.reserve_kib = settings->memory_reserve_mib << 10;
	lockable.kib = less(less(lockable.total_kib, lockable.hugetlb_kib), lockable.reserve_kib);
	*ret = lockable;
	return 0;
}

int vfp_memory_free_pages(const struct vfp_host *host, uint64_t page_kib, uint64_t *ret_page_kib,
			  uint64_t *ret_kib, struct vfp_err *err)
{
	uint64_t available = 0, reserved = 0, overcommit = 0, surplus = 0;
	const struct {
		const char *file;
		uint64_t *pages;
	} files[] = {
		{"free_hugepages", &available},
		{"resv_hugepages", &reserved},
		{"nr_overcommit_hugepages", &overcommit},
		{"surplus_hugepages", &surplus},
	};
	int rc = 0;

	if (!page_kib)
		rc = read_meminfo(host, "Hugepagesize:", &page_kib, err);
	for (size_t i = 0; rc == 0 && i < VFP_N(files); i++)
		rc = read_pool(host, page_kib, files[i].file, files[i].pages, err);
	if (rc < 0)
		return rc;
	*ret_page_kib = page_kib;
	*ret_kib = (less(available, reserved) + less(overcommit, surplus)) * page_kib;
	return 0;
}

/* "MemTotal:        2779036 kB" */
static int read_meminfo(const struct vfp_host *host, const char *key, uint64_t *ret_kib,
			struct vfp_err *err)
{
	vfp_autofree char *text = NULL;
	char path[VFP_PATH_SIZE], *rest = NULL;
	int rc = vfp_file_read(vfp_host_path(host, path, "/proc/meminfo"), MEMINFO_MAX, &text, NULL,
			       err);

	if (rc < 0)
		return rc;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		*ret_kib = strtoull(line + strlen(key), NULL, 10);
		return 0;
	}
	return vfp_fail(err, EPROTO, "%s: has no line %s", path, key);
}

static int read_pool(const struct vfp_host *host, uint64_t page_kib, const char *file,
		     uint64_t *ret_pages, struct vfp_err *err)
{
	vfp_autofree char *text = NULL;
	char path[VFP_PATH_SIZE];
	int rc;

	vfp_host_path(host, path, "/sys/kernel/mm/hugepages/hugepages-%" PRIu64 "kB/%s", page_kib,
		      file);
	rc = vfp_file_read(path, 64, &text, NULL, NULL);
	if (rc == -ENOENT)
		return vfp_fail(err, ENOENT, "this host has no huge pages of %" PRIu64 " KiB",
				page_kib);
	if (rc < 0)
		return vfp_fail(err, -rc, "%s: %s", path, strerror(-rc));
	*ret_pages = strtoull(text, NULL, 10);
	return 0;
}

/* Never below zero. */
static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}
