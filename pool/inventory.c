/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inventory: the host's VFs joined with the book.
 */
#include "pool/inventory.h"

#include <stdlib.h>
#include <string.h>

#include "pool/book.h"

/* The inventory while it grows. */
struct list {
	struct vfp_member *members;
	size_t n, room;
};

/* What the book has about one VF; SQL of VFP_SQL_VF_LIST. */
struct vf_row {
	bool is_dirty;
	char held[256], faulty[256];
	struct vfp_vf vf;
	unsigned int n_bound;
	char bound[VFP_DOMAIN_SIZE];
};

static int add_pool(const struct vfp_host *host, const struct vfp_pooldef *def, struct list *list,
		    struct vfp_err *err);
static int add_holders(const struct vfp_host *host, struct vfp_member *members, size_t n,
		       struct vfp_err *err);
static struct vfp_member *find_member(struct vfp_member **sorted, size_t n,
				      const struct vfp_vf *vf);
static int compare_members(const void *a, const void *b);

int vfp_inventory_read(struct vfp_pool *pool, const char *pool_name, bool with_holders,
		       struct vfp_member **ret, size_t *ret_n, struct vfp_err *err)
{
	vfp_autofree struct vfp_member *members = NULL;
	size_t n;
	int rc = vfp_inventory_host(pool, pool_name, with_holders, &members, &n, err);

	if (rc < 0)
		return rc;
	rc = vfp_inventory_join(pool, members, n, err);
	if (rc < 0)
		return rc;
	*ret = VFP_TAKE(members);
	*ret_n = n;
	return 0;
}

int vfp_inventory_host(struct vfp_pool *pool, const char *pool_name, bool with_holders,
		       struct vfp_member **ret, size_t *ret_n, struct vfp_err *err)
{
	struct vfp_pooldef *defs;
	struct list list = {0};
	size_t n;
	int rc = 0;

	if (pool_name) {
		defs = vfp_alloc(1, sizeof(*defs));
		n = 1;
		rc = vfp_pool_get(pool, pool_name, defs, err);
	} else {
		defs = NULL;
		n = 0;
		rc = vfp_pool_list(pool, &defs, &n, err);
	}
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = add_pool(pool->host, &defs[i], &list, err);
	if (rc == 0 && with_holders)
		rc = add_holders(pool->host, list.members, list.n, err);
	vfp_book_free_defs(defs, n);
	if (rc < 0) {
		free(list.members);
		return rc;
	}
	*ret = list.members;
	*ret_n = list.n;
	return 0;
}

static int join_states(struct vfp_pool *pool, struct vfp_member **sorted, size_t n,
		       struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		VFP_COLUMN_NUMBER(struct vf_row, is_dirty),
		VFP_COLUMN_TEXT(struct vf_row, held),
		VFP_COLUMN_TEXT(struct vf_row, faulty),
		VFP_COLUMN_TEXT(struct vf_row, vf.pf),
		VFP_COLUMN_NUMBER(struct vf_row, vf.index),
		VFP_COLUMN_NUMBER(struct vf_row, n_bound),
		VFP_COLUMN_TEXT(struct vf_row, bound),
	};
	static const struct vfp_shape shape = VFP_SHAPE(struct vf_row, columns);
	vfp_autofree struct vf_row *rows = NULL;
	size_t n_rows;
	int rc = vfp_db_rows(pool->db, VFP_SQL_VF_LIST, NULL, &shape, &rows, &n_rows, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n_rows; i++) {
		const struct vf_row *row = &rows[i];
		struct vfp_member *member = find_member(sorted, n, &row->vf);

		if (!member)
			continue;
		member->state.is_dirty = row->is_dirty;
		member->state.is_held = *row->held;
		member->state.is_faulty = *row->faulty;
		vfp_copy(member->state.reason, sizeof(member->state.reason),
			 *row->faulty ? row->faulty : row->held);
		member->n_bound = row->n_bound;
		vfp_copy(member->bound, sizeof(member->bound), row->bound);
	}
	return 0;
}

/* Whether the process that has the VF open is the QEMU that the book knows as its holder. */
static bool is_used_by_lessee(const struct vfp_member *member)
{
	return member->used_pid && (member->lease.qemu.pid == member->used_pid ||
				    !strcmp(member->lease.owner.uuid, member->used_uuid));
}

static void forget_lessees(struct vfp_member *members, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (members[i].is_leased && is_used_by_lessee(&members[i]))
			members[i].used_by[0] = '\0';
}

static int join_leases(struct vfp_pool *pool, struct vfp_member **sorted, size_t n,
		       struct vfp_err *err)
{
	vfp_autofree struct vfp_lease *leases = NULL;
	size_t n_leases;
	int rc = vfp_book_leases(pool, NULL, &leases, &n_leases, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n_leases; i++) {
		struct vfp_member *member = find_member(sorted, n, &leases[i].vf);

		if (!member)
			continue;
		member->is_leased = true;
		member->lease = leases[i];
		member->lease.vf.pci = member->vf.pci;
	}
	return 0;
}

static int join_claims(struct vfp_pool *pool, struct vfp_member **sorted, size_t n,
		       struct vfp_err *err)
{
	vfp_autofree struct vfp_port_row *rows = NULL;
	size_t n_rows;
	int rc = vfp_book_claims(pool, &rows, &n_rows, err);

	for (size_t i = 0; rc == 0 && i < n_rows; i++) {
		struct vfp_member *member = find_member(sorted, n, &rows[i].port.vf);

		if (!member)
			continue;
		member->is_claimed = true;
		member->claim = rows[i].port;
		member->claim.vf.pci = member->vf.pci;
	}
	return rc;
}

int vfp_inventory_join(struct vfp_pool *pool, struct vfp_member *members, size_t n,
		       struct vfp_err *err)
{
	vfp_autofree struct vfp_member **sorted = vfp_alloc(n, sizeof(*sorted));
	vfp_auto(db_transaction) view = NULL;
	int rc = vfp_db_begin_read(pool->db, &view, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		sorted[i] = &members[i];
	qsort(sorted, n, sizeof(struct vfp_member *), compare_members);
	rc = join_states(pool, sorted, n, err);
	if (rc == 0)
		rc = join_leases(pool, sorted, n, err);
	if (rc == 0)
		forget_lessees(members, n);
	return rc < 0 ? rc : join_claims(pool, sorted, n, err);
}

int vfp_inventory_holders(struct vfp_pool *pool, struct vfp_member *members, size_t n,
			  struct vfp_err *err)
{
	int rc = add_holders(pool->host, members, n, err);

	if (rc == 0)
		forget_lessees(members, n);
	return rc;
}

static struct vfp_member *add_member(struct list *list, const char *pool, const char *dev,
				     unsigned int index)
{
	struct vfp_member *member;

	if (list->n == list->room) {
		list->room = list->room ? list->room * 2 : 32;
		list->members = vfp_realloc(list->members, list->room, sizeof(*list->members));
	}
	member = &list->members[list->n++];
	*member = (struct vfp_member){.vf.index = index, .numa_node = -1};
	vfp_copy(member->pool, sizeof(member->pool), pool);
	vfp_copy(member->state.pool, sizeof(member->state.pool), pool);
	vfp_copy(member->vf.pf, sizeof(member->vf.pf), dev);
	return member;
}

/* One more than the highest index that a range names; ranges are ascending (base/pooldef.h). */
static unsigned int range_end(const char *range)
{
	const char *last = range + strlen(range);

	while (last > range && last[-1] >= '0' && last[-1] <= '9')
		last--;
	return *last ? (unsigned int)strtoul(last, NULL, 10) + 1 : 0;
}

/* Adds the VFs that exist and those that the range names, in the order of their index. */
static void add_vfs(struct list *list, const struct vfp_pooldef *def,
		    const struct vfp_pool_pf *range, const struct vfp_pf *pf,
		    const struct vfp_vfinfo *vfs, size_t n_vfs)
{
	unsigned int end = range_end(range->vfs);
	size_t at = 0;

	if (!*range->vfs)
		end = n_vfs ? vfs[n_vfs - 1].index + 1 : 0;
	for (unsigned int index = 0; index < end; index++) {
		struct vfp_member *member;

		while (at < n_vfs && vfs[at].index < index)
			at++;
		if (!vfp_range_has(range->vfs, index))
			continue;
		if (!*range->vfs && vfs[at].index != index)
			continue;
		member = add_member(list, def->name, range->dev, index);
		member->park = def->park;
		if (!pf)
			continue;
		member->pf_is_present = true;
		member->numa_node = pf->numa_node;
		member->has_carrier = pf->has_carrier;
		if (at == n_vfs || vfs[at].index != index)
			continue;
		member->is_present = true;
		member->info = vfs[at];
		member->vf.pci = vfs[at].pci;
	}
}

static int add_pool(const struct vfp_host *host, const struct vfp_pooldef *def, struct list *list,
		    struct vfp_err *err)
{
	for (size_t i = 0; i < def->n_pfs; i++) {
		vfp_autofree struct vfp_vfinfo *vfs = NULL;
		size_t n_vfs = 0;
		struct vfp_pf pf;
		int rc = vfp_sysfs_pf(host, def->pfs[i].dev, &pf, err);
		bool is_present = rc == 0;

		if (is_present)
			rc = vfp_sysfs_vfs(host, &pf.pci, &vfs, &n_vfs, err);
		if (rc < 0 && rc != -ENOENT && rc != -ENODEV)
			return rc;
		add_vfs(list, def, &def->pfs[i], is_present ? &pf : NULL, vfs, n_vfs);
	}
	return 0;
}

static int add_holders(const struct vfp_host *host, struct vfp_member *members, size_t n,
		       struct vfp_err *err)
{
	vfp_autofree struct vfp_vfio_holder *holders = NULL;
	size_t n_holders;
	int rc = vfp_proc_vfio_holders(host, &holders, &n_holders, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n_holders; j++) {
			if (!members[i].is_present ||
			    members[i].info.iommu_group != holders[j].group)
				continue;
			vfp_copy(members[i].used_by, sizeof(members[i].used_by), holders[j].domain);
			vfp_copy(members[i].used_uuid, sizeof(members[i].used_uuid),
				 holders[j].uuid);
			members[i].used_pid = holders[j].process.pid;
		}
	return 0;
}

static int compare_vfs(const struct vfp_vf *a, const struct vfp_vf *b)
{
	int order = strcmp(a->pf, b->pf);

	return order ? order : (a->index > b->index) - (a->index < b->index);
}

static int compare_members(const void *a, const void *b)
{
	const struct vfp_member *const *left = a, *const *right = b;

	return compare_vfs(&(*left)->vf, &(*right)->vf);
}

static int compare_vf_and_member(const void *vf, const void *member)
{
	const struct vfp_member *const *right = member;

	return compare_vfs(vf, &(*right)->vf);
}

/* NULL: the VF is in none of the pools asked for. */
static struct vfp_member *find_member(struct vfp_member **sorted, size_t n, const struct vfp_vf *vf)
{
	struct vfp_member **found =
		bsearch(vf, sorted, n, sizeof(struct vfp_member *), compare_vf_and_member);

	return found ? *found : NULL;
}
