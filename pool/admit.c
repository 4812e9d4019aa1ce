/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether the host has the memory for one more domain.
 */
#include "pool/admit.h"

#include <string.h>

#include "base/cleanup.h"

/* What the leased domains have, without the one that asks. */
struct taken {
	uint64_t locked_kib;
	uint64_t huge_kib; /* of domains that are starting: perhaps not yet out of the pool */
	size_t n_domains;
};

static int admit(struct vfp_pool *pool, const struct vfp_owner *owner,
		 const struct vfp_footprint *footprint, const struct taken *taken,
		 struct vfp_err *err);
static int sum_leases(struct vfp_pool *pool, const char *uuid, bool with_stale, struct taken *ret,
		      struct vfp_err *err);
static int admit_locked(struct vfp_pool *pool, const struct vfp_owner *owner,
			const struct vfp_footprint *footprint, const struct taken *taken,
			struct vfp_err *err);
static int admit_huge(struct vfp_pool *pool, const struct vfp_pages *pages,
		      const struct taken *taken, struct vfp_err *err);

/* Whose QEMU is gone is found out only when it matters: that is a look at each process. */
int vfp_admit(struct vfp_pool *pool, const struct vfp_owner *owner,
	      const struct vfp_footprint *footprint, struct vfp_err *err)
{
	struct taken taken;
	int rc = sum_leases(pool, owner->uuid, true, &taken, err);

	if (rc == 0)
		rc = admit(pool, owner, footprint, &taken, err);
	if (rc != -ENOMEM)
		return rc;
	rc = sum_leases(pool, owner->uuid, false, &taken, err);
	return rc < 0 ? rc : admit(pool, owner, footprint, &taken, err);
}

static int admit(struct vfp_pool *pool, const struct vfp_owner *owner,
		 const struct vfp_footprint *footprint, const struct taken *taken,
		 struct vfp_err *err)
{
	int rc = admit_locked(pool, owner, footprint, taken, err);

	for (size_t i = 0; rc == 0 && i < VFP_MAX_PAGE_SIZES && footprint->huge[i].kib; i++)
		rc = admit_huge(pool, &footprint->huge[i], taken, err);
	return rc;
}

/* A domain has its figures in each of its leases, and the leases come domain by domain. */
static int sum_leases(struct vfp_pool *pool, const char *uuid, bool with_stale, struct taken *ret,
		      struct vfp_err *err)
{
	vfp_autofree struct vfp_lease *leases = NULL;
	struct taken taken = {0};
	const char *counted = uuid; /* the domain that asks is not */
	size_t n;
	int rc = vfp_book_leases(pool, NULL, &leases, &n, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++) {
		const struct vfp_lease *lease = &leases[i];

		if (!lease->locked_kib || !strcmp(lease->owner.uuid, counted) ||
		    !strcmp(lease->owner.uuid, uuid))
			continue;
		if (!with_stale && vfp_lease_is_stale(pool->host, lease))
			continue;
		counted = lease->owner.uuid;
		taken.n_domains++;
		taken.locked_kib += lease->locked_kib;
		if (lease->state == VFP_LEASE_PREPARING)
			taken.huge_kib += lease->huge_kib;
	}
	*ret = taken;
	return 0;
}

static int admit_locked(struct vfp_pool *pool, const struct vfp_owner *owner,
			const struct vfp_footprint *footprint, const struct taken *taken,
			struct vfp_err *err)
{
	struct vfp_settings settings;
	struct vfp_lockable lockable;
	uint64_t need_kib;
	int rc = vfp_settings_read(pool->host, &settings, err);

	if (rc == 0)
		rc = vfp_memory_lockable(pool->host, &settings, &lockable, err);
	if (rc < 0)
		return rc;
	need_kib = footprint->guest_kib + footprint->qemu_kib;
	if (need_kib + taken->locked_kib <= lockable.kib)
		return 0;
	return vfp_fail(
		err, ENOMEM,
		"not enough memory to lock: %s needs %llu MiB (guest %llu, QEMU %llu), the "
		"running domains with VFs (%zu) have %llu MiB, and the host can lock %llu MiB (%llu, less %llu for "
		"huge pages and %llu kept for itself: memory_reserve_mib in " VFP_SETTINGS_PATH ")",
		owner->name, vfp_mib_up(need_kib), vfp_mib_up(footprint->guest_kib),
		vfp_mib_up(footprint->qemu_kib), taken->n_domains, vfp_mib_up(taken->locked_kib),
		vfp_mib(lockable.kib), vfp_mib(lockable.total_kib), vfp_mib(lockable.hugetlb_kib),
		vfp_mib(lockable.reserve_kib));
}

static int admit_huge(struct vfp_pool *pool, const struct vfp_pages *pages,
		      const struct taken *taken, struct vfp_err *err)
{
	uint64_t page_kib, free_kib;
	int rc = vfp_memory_free_pages(pool->host, pages->page_kib, &page_kib, &free_kib, err);

	if (rc < 0)
		return rc;
	if (pages->kib + taken->huge_kib <= free_kib)
		return 0;
	return vfp_fail(
		err, ENOMEM,
		"not enough huge pages: the guest needs %llu MiB of %llu KiB pages, and %llu MiB "
		"are free, of which domains that are starting take %llu MiB; see vm.nr_hugepages",
		vfp_mib_up(pages->kib), (unsigned long long)page_kib, vfp_mib(free_kib),
		vfp_mib_up(taken->huge_kib));
}
