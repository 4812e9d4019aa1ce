/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The inventory: the host's VFs joined with the book.
 */
#include "pool/inventory.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "pool/book.h"

#define MANY_VFS 256

/* The inventory while it grows. */
struct list {
	struct vfp_member *members;
	size_t n, room;
	struct vfp_groups *groups; /* once there are many */
};

/* The members by their VF: open addressing, at least half of the places free. */
struct index {
	size_t mask; /* places - 1; their number is a power of 2 */
	struct vfp_member *places[];
};

/* What the book has about one VF; SQL of VFP_SQL_VF_LIST. */
struct vf_row {
	bool is_dirty;
	char held[256], faulty[256];
	struct vfp_vf vf;
	unsigned int n_bound;
};

static int add_pool(const struct vfp_host *host, const struct vfp_pooldef *def, struct list *list,
		    struct vfp_err *err);
static int add_holders(const struct vfp_host *host, struct vfp_member *members, size_t n,
		       struct vfp_err *err);
static struct index *index_make(struct vfp_member *members, size_t n);
static struct vfp_member *find_member(const struct index *index, const struct vfp_vf *vf);

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
	vfp_autofree struct vfp_member *members = NULL;
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
	vfp_book_free_defs(defs, n);
	members = rc == 0 ? vfp_inventory_copy(list.members, list.n) : NULL;
	free(list.members);
	vfp_groups_free(list.groups);
	if (rc == 0 && with_holders)
		rc = add_holders(pool->host, members, list.n, err);
	if (rc < 0)
		return rc;
	*ret = VFP_TAKE(members);
	*ret_n = list.n;
	return 0;
}

static int join_states(struct vfp_pool *pool, const struct index *index, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		VFP_COLUMN_NUMBER(struct vf_row, is_dirty),
		VFP_COLUMN_TEXT(struct vf_row, held),
		VFP_COLUMN_TEXT(struct vf_row, faulty),
		VFP_COLUMN_TEXT(struct vf_row, vf.pf),
		VFP_COLUMN_NUMBER(struct vf_row, vf.index),
		VFP_COLUMN_NUMBER(struct vf_row, n_bound),
	};
	static const struct vfp_shape shape = VFP_SHAPE(struct vf_row, columns);
	vfp_autofree struct vf_row *rows = NULL;
	size_t n_rows;
	int rc = vfp_db_rows(pool->db, VFP_SQL_VF_LIST, NULL, &shape, &rows, &n_rows, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n_rows; i++) {
		const struct vf_row *row = &rows[i];
		struct vfp_member *member = find_member(index, &row->vf);

		if (!member)
			continue;
		member->is_dirty = row->is_dirty;
		member->is_held = *row->held;
		member->is_faulty = *row->faulty;
		if (member->is_held || member->is_faulty)
			vfp_copy(member->more->reason, sizeof(member->more->reason),
				 *row->faulty ? row->faulty : row->held);
		member->n_bound = row->n_bound;
	}
	return 0;
}

/* Whether the process that has the VF open is the QEMU that the book knows as its holder. */
static bool is_used_by_lessee(const struct vfp_member *member)
{
	const struct vfp_member_more *more = member->more;

	return more->used_pid && (more->lease.qemu.pid == more->used_pid ||
				  !strcmp(more->lease.owner.uuid, more->used_uuid));
}

static void forget_lessees(struct vfp_member *members, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (members[i].is_leased && members[i].is_used && is_used_by_lessee(&members[i]))
			members[i].is_used = false;
}

static int join_leases(struct vfp_pool *pool, const struct index *index, struct vfp_err *err)
{
	vfp_autofree struct vfp_lease *leases = NULL;
	size_t n_leases;
	int rc = vfp_book_leases(pool, NULL, &leases, &n_leases, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n_leases; i++) {
		struct vfp_member *member = find_member(index, &leases[i].vf);

		if (!member)
			continue;
		member->is_leased = true;
		member->more->lease = leases[i];
		member->more->lease.vf.pci = member->vf.pci;
	}
	return 0;
}

static int join_claims(struct vfp_pool *pool, const struct index *index, struct vfp_err *err)
{
	vfp_autofree struct vfp_port_row *rows = NULL;
	size_t n_rows;
	int rc = vfp_book_claims(pool, &rows, &n_rows, err);

	for (size_t i = 0; rc == 0 && i < n_rows; i++) {
		struct vfp_member *member = find_member(index, &rows[i].port.vf);

		if (!member)
			continue;
		member->is_claimed = true;
		member->more->claim = rows[i].port;
		member->more->claim.vf.pci = member->vf.pci;
	}
	return rc;
}

int vfp_inventory_join(struct vfp_pool *pool, struct vfp_member *members, size_t n,
		       struct vfp_err *err)
{
	vfp_autofree struct index *index = index_make(members, n);
	vfp_auto(db_transaction) view = NULL;
	int rc = vfp_db_begin_read(pool->db, &view, err);

	if (rc < 0)
		return rc;
	rc = join_states(pool, index, err);
	if (rc == 0)
		rc = join_leases(pool, index, err);
	if (rc == 0)
		forget_lessees(members, n);
	return rc < 0 ? rc : join_claims(pool, index, err);
}

/* With room for *more behind them, in one piece: a large one comes from the kernel as pages that
 * take no memory before they are written (malloc(3), M_MMAP_THRESHOLD). */
struct vfp_member *vfp_inventory_copy(const struct vfp_member *members, size_t n)
{
	struct vfp_member *copy =
		vfp_alloc(n, sizeof(struct vfp_member) + sizeof(struct vfp_member_more));
	struct vfp_member_more *more = (void *)(copy + n);

	for (size_t i = 0; i < n; i++) {
		copy[i] = members[i];
		copy[i].more = &more[i];
	}
	return copy;
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

		if (is_present && !list->groups && list->n + pf.num_vfs > MANY_VFS)
			vfp_sysfs_groups(host, &list->groups, NULL);
		if (is_present)
			rc = vfp_sysfs_vfs_in(host, list->groups, &pf.pci, &vfs, &n_vfs, err);
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
			struct vfp_member_more *more;

			if (!members[i].is_present ||
			    members[i].info.iommu_group != holders[j].group)
				continue;
			members[i].is_used = true;
			more = members[i].more;
			vfp_copy(more->used_by, sizeof(more->used_by), holders[j].domain);
			vfp_copy(more->used_uuid, sizeof(more->used_uuid), holders[j].uuid);
			more->used_pid = holders[j].process.pid;
		}
	return 0;
}

/* Where @vf is, or the free place where it would be. */
static struct vfp_member **place_of(const struct index *index, const struct vfp_vf *vf)
{
	size_t at =
		(vfp_hash(VFP_HASH_START, vf->pf) + vf->index) * UINT64_C(0x9e3779b97f4a7c15) >> 32;
	struct vfp_member *const *place = &index->places[at & index->mask];

	while (*place && ((*place)->vf.index != vf->index || strcmp((*place)->vf.pf, vf->pf) != 0))
		place = &index->places[++at & index->mask];
	return (struct vfp_member **)place;
}

static struct index *index_make(struct vfp_member *members, size_t n)
{
	struct index *index;
	size_t size = 2;

	while (size < n * 2)
		size *= 2;
	index = vfp_alloc(1, sizeof(*index) + size * sizeof(index->places[0]));
	index->mask = size - 1;
	for (size_t i = 0; i < n; i++)
		*place_of(index, &members[i].vf) = &members[i];
	return index;
}

/* NULL: the VF is in none of the pools asked for. */
static struct vfp_member *find_member(const struct index *index, const struct vfp_vf *vf)
{
	return *place_of(index, vf);
}
