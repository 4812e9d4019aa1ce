/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of pool/ share: how a change begins, the VF's rows, the way from a VF's name to
 * its address.
 */
#include "pool/book.h"

#include <string.h>

/* A range of a pool on some PF. */
struct share {
	char pool[VFP_NAME_SIZE];
	char vfs[VFP_RANGE_SIZE];
};

static int see_to_boot(struct vfp_pool *pool, struct vfp_err *err);
static int void_earlier_boots(struct vfp_pool *pool, struct vfp_err *err);
static int booked_boot(struct vfp_pool *pool, char ret_id[VFP_BOOT_ID_SIZE], struct vfp_err *err);

int vfp_book_begin(struct vfp_pool *pool, struct vfp_db **ret_change, struct vfp_err *err)
{
	int rc = see_to_boot(pool, err);

	return rc < 0 ? rc : vfp_db_begin(pool->db, ret_change, err);
}

int vfp_book_begin_group(struct vfp_pool *pool, struct vfp_db **ret_group, struct vfp_err *err)
{
	int rc = see_to_boot(pool, err);

	return rc < 0 ? rc : vfp_db_begin_group(pool->db, ret_group, err);
}

int vfp_book_vf_put(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_err *err)
{
	int rc = vfp_db_run(pool->db, VFP_SQL_PF_PUT, VFP_VALUES(VFP_TEXT(vf->pf)), NULL, err);

	if (rc < 0)
		return rc;
	return vfp_db_run(pool->db, VFP_SQL_VF_PUT,
			  VFP_VALUES(VFP_TEXT(vf->pf), VFP_NUMBER(vf->index)), NULL, err);
}

int vfp_book_pool_of(struct vfp_pool *pool, const struct vfp_vf *vf, char ret_pool[VFP_NAME_SIZE],
		     struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		VFP_COLUMN_TEXT(struct share, pool),
		VFP_COLUMN_TEXT(struct share, vfs),
	};
	static const struct vfp_shape shape = VFP_SHAPE(struct share, columns);
	vfp_autofree struct share *shares = NULL;
	const char *found = "";
	size_t n;
	int rc = vfp_db_rows(pool->db, VFP_SQL_PF_POOLS, VFP_VALUES(VFP_TEXT(vf->pf)), &shape,
			     &shares, &n, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		if (vfp_range_has(shares[i].vfs, vf->index))
			found = shares[i].pool;
	vfp_copy(ret_pool, VFP_NAME_SIZE, found);
	return 0;
}

uint16_t vfp_book_vlan(enum vfp_vlan_mode mode, const struct vfp_attrs *attrs)
{
	return mode == VFP_VLAN_ID ? attrs->vlan : 0;
}

void vfp_book_resolve(const struct vfp_host *host, struct vfp_vf *vf, struct vfp_pf *cache)
{
	struct vfp_vfinfo info;

	vf->pci = (struct vfp_pci){0};
	if (!*vf->pf)
		return;
	if (strcmp(cache->dev, vf->pf) != 0) {
		if (vfp_sysfs_pf_address(host, vf->pf, &cache->pci, NULL) < 0)
			return;
		vfp_copy(cache->dev, sizeof(cache->dev), vf->pf);
	}
	if (vfp_sysfs_vf(host, &cache->pci, vf->index, &info, NULL) == 0)
		vf->pci = info.pci;
}

int vfp_book_dump(const struct vfp_host *host, const char *dev, bool with_counters,
		  struct vfp_attrs **ret_attrs, size_t *ret_n, struct vfp_err *err)
{
	vfp_autofree struct vfp_attrs *attrs = NULL;
	unsigned int n = 0;
	int rc = vfp_sysfs_num_vfs(host, dev, &n, err);

	if (rc < 0)
		return rc;
	attrs = vfp_alloc(n, sizeof(*attrs));
	rc = host->kernel->vf_read(host, dev, with_counters, attrs, n, ret_n, err);
	if (rc < 0)
		return rc;
	*ret_attrs = VFP_TAKE(attrs);
	return 0;
}

static int see_to_boot(struct vfp_pool *pool, struct vfp_err *err)
{
	char booked[VFP_BOOT_ID_SIZE];
	int rc = booked_boot(pool, booked, err);

	if (rc >= 0 && strcmp(booked, pool->boot_id) != 0)
		rc = void_earlier_boots(pool, err);
	return rc < 0 ? rc : 0;
}

static int booked_boot(struct vfp_pool *pool, char ret_id[VFP_BOOT_ID_SIZE], struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		{VFP_COLUMN_IS_TEXT, 0, VFP_BOOT_ID_SIZE, NULL},
	};
	static const struct vfp_shape shape = {columns, VFP_N(columns), VFP_BOOT_ID_SIZE};

	return vfp_db_row(pool->db, VFP_SQL_BOOT_GET, NULL, &shape, ret_id, err);
}

/* The schema lets a lease go without a scrub only when it is of another boot than host.boot_id: so
 * that is set first. */
static int void_earlier_boots(struct vfp_pool *pool, struct vfp_err *err)
{
	const struct vfp_value boot = VFP_TEXT(pool->boot_id);
	vfp_auto(db_transaction) change = NULL;
	int rc = vfp_db_begin(pool->db, &change, err);

	if (rc < 0)
		return rc;
	rc = vfp_db_run(pool->db, VFP_SQL_BOOT_SET, VFP_VALUES(boot), NULL, err);
	if (rc < 0)
		return rc;
	rc = vfp_book_note(pool, "boot", &(struct vfp_about){0}, err, "%s", pool->boot_id);
	if (rc < 0)
		return rc;
	rc = vfp_db_run(pool->db, VFP_SQL_VOID_NOTE,
			VFP_VALUES(boot, VFP_NUMBER(pool->host->kernel->now_ms())), NULL, err);
	if (rc < 0)
		return rc;
	rc = vfp_db_run(pool->db, VFP_SQL_VOID_DELETE, VFP_VALUES(boot), NULL, err);
	if (rc < 0)
		return rc;
	return vfp_db_commit(&change, err);
}
