/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pool: open it, give what is defined, and remember what the PFs are to have.
 */
#include "pool/book.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATABASE_PATH "/var/lib/vfpool/pool.db"
/* Why a reserved VF is held; tells it from those that `vf hold` holds. */
#define RESERVED "reserved for the host by pf enable"

struct pool_row {
	int64_t id;
	struct vfp_pooldef def;
};

VFP_DEFINE_AUTO(pool, struct vfp_pool *, vfp_pool_close)

static int get_row(struct vfp_pool *pool, const char *name, struct pool_row *ret_row,
		   struct vfp_err *err);
static int fill_def(struct vfp_pool *pool, struct pool_row *row, struct vfp_err *err);

static const struct vfp_column pool_columns[] = {
	VFP_COLUMN_NUMBER(struct pool_row, id),
	VFP_COLUMN_TEXT(struct pool_row, def.name),
	VFP_COLUMN_TEXT(struct pool_row, def.physnet),
	VFP_COLUMN_WORD(struct pool_row, def.policy, vfp_policy_words),
	VFP_COLUMN_WORD(struct pool_row, def.numa, vfp_numa_words),
	VFP_COLUMN_NUMBER(struct pool_row, def.park),
};
static const struct vfp_shape pool_shape = VFP_SHAPE(struct pool_row, pool_columns);

int vfp_pool_open(const struct vfp_host *host, enum vfp_pool_mode mode, struct vfp_pool **ret_pool,
		  struct vfp_err *err)
{
	vfp_auto(pool) pool = vfp_alloc(1, sizeof(*pool));
	char path[VFP_PATH_SIZE];
	int rc = vfp_host_boot_id(host, pool->boot_id, err);

	if (rc < 0)
		return rc;
	rc = vfp_db_open(vfp_host_path(host, path, DATABASE_PATH), mode, &pool->db, err);
	if (rc < 0)
		return rc;
	pool->host = host;
	*ret_pool = VFP_TAKE(pool);
	return 0;
}

void vfp_pool_close(struct vfp_pool *pool)
{
	if (!pool)
		return;
	vfp_db_close(pool->db);
	free(pool->serials);
	vfp_book_forget_view(pool);
	free(pool);
}

const struct vfp_host *vfp_pool_host(const struct vfp_pool *pool)
{
	return pool->host;
}

int vfp_pool_has_changed(struct vfp_pool *pool, bool *ret_has, struct vfp_err *err)
{
	struct version {
		int64_t value;
	} version;
	static const struct vfp_column columns[] = {VFP_COLUMN_NUMBER(struct version, value)};
	static const struct vfp_shape shape = VFP_SHAPE(struct version, columns);
	int rc = vfp_db_row(pool->db, VFP_SQL_DATA_VERSION, NULL, &shape, &version, err);

	if (rc < 0)
		return rc;
	*ret_has = version.value != pool->data_version;
	pool->data_version = version.value;
	return 0;
}

int vfp_pool_get(struct vfp_pool *pool, const char *name, struct vfp_pooldef *ret_def,
		 struct vfp_err *err)
{
	vfp_auto(db_transaction) view = NULL;
	struct pool_row row;
	int rc = vfp_db_begin_read(pool->db, &view, err);

	if (rc < 0)
		return rc;
	rc = get_row(pool, name, &row, err);
	if (rc < 0)
		return rc;
	rc = fill_def(pool, &row, err);
	if (rc < 0)
		return rc;
	*ret_def = row.def;
	return 0;
}

int vfp_pool_list(struct vfp_pool *pool, struct vfp_pooldef **ret_defs, size_t *ret_n,
		  struct vfp_err *err)
{
	vfp_auto(db_transaction) view = NULL;
	vfp_autofree struct pool_row *rows = NULL;
	struct vfp_pooldef *defs;
	size_t n, n_filled = 0;
	int rc = vfp_db_begin_read(pool->db, &view, err);

	if (rc < 0)
		return rc;
	rc = vfp_db_rows(pool->db, VFP_SQL_POOL_LIST, NULL, &pool_shape, &rows, &n, err);
	if (rc < 0)
		return rc;
	defs = vfp_alloc(n, sizeof(*defs));
	while (n_filled < n && rc == 0) {
		rc = fill_def(pool, &rows[n_filled], err);
		if (rc == 0)
			defs[n_filled] = rows[n_filled].def;
		n_filled += rc == 0;
	}
	if (rc < 0) {
		vfp_book_free_defs(defs, n_filled);
		return rc;
	}
	*ret_defs = defs;
	*ret_n = n;
	return 0;
}

int vfp_pool_set_wanted(struct vfp_pool *pool, const struct vfp_wanted *wanted, struct vfp_err *err)
{
	const struct vfp_about about = {.vf = NULL};
	vfp_auto(db_transaction) change = NULL;
	char reserved[48] = "";
	int rc = vfp_book_begin(pool, &change, err);

	if (rc < 0)
		return rc;
	rc = vfp_db_run(pool->db, VFP_SQL_PF_WANT,
			VFP_VALUES(VFP_TEXT(wanted->dev), VFP_NUMBER(wanted->vfs),
				   VFP_NUMBER(wanted->park), VFP_NUMBER(wanted->reserved)),
			NULL, err);
	if (rc < 0)
		return rc;
	if (wanted->reserved)
		snprintf(reserved, sizeof(reserved), ", %u of them for the host", wanted->reserved);
	rc = vfp_book_note(pool, "wanted", &about, err, "PF %s: %u VFs at boot%s%s", wanted->dev,
			   wanted->vfs, wanted->park ? ", parked" : "", reserved);
	if (rc < 0)
		return rc;
	return vfp_db_commit(&change, err);
}

int vfp_pool_reserve(struct vfp_pool *pool, const char *dev, unsigned int n, struct vfp_err *err)
{
	vfp_auto(db_transaction) change = NULL;
	unsigned int n_changed, n_all = 0;
	struct vfp_vf_state state;
	struct vfp_vf vf = {0};
	int rc = vfp_book_begin(pool, &change, err);

	vfp_copy(vf.pf, sizeof(vf.pf), dev);
	if (rc == 0)
		rc = vfp_db_run(pool->db, VFP_SQL_PF_UNRESERVE,
				VFP_VALUES(VFP_TEXT(dev), VFP_NUMBER(n), VFP_TEXT(RESERVED)),
				&n_all, err);
	for (vf.index = 0; rc == 0 && vf.index < n; vf.index++) {
		rc = vfp_pool_vf_state(pool, &vf, &state, err);
		if (rc < 0 || state.is_held)
			continue;
		rc = vfp_book_vf_mark(pool, &vf, VFP_SQL_VF_HOLD, RESERVED, &n_changed, err);
		n_all += n_changed;
	}
	if (rc == 0 && n_all)
		rc = vfp_book_note(pool, "reserved", &(struct vfp_about){.vf = NULL}, err,
				   "PF %s: its first %u VFs are the host's", dev, n);
	return rc < 0 ? rc : vfp_db_commit(&change, err);
}

int vfp_pool_wanted(struct vfp_pool *pool, struct vfp_wanted **ret, size_t *ret_n,
		    struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		VFP_COLUMN_TEXT(struct vfp_wanted, dev),
		VFP_COLUMN_NUMBER(struct vfp_wanted, vfs),
		VFP_COLUMN_NUMBER(struct vfp_wanted, park),
		VFP_COLUMN_NUMBER(struct vfp_wanted, reserved),
	};
	static const struct vfp_shape shape = VFP_SHAPE(struct vfp_wanted, columns);

	return vfp_db_rows(pool->db, VFP_SQL_PF_WANTED, NULL, &shape, ret, ret_n, err);
}

int vfp_pool_void(struct vfp_pool *pool, struct vfp_err *err)
{
	vfp_auto(db_transaction) change = NULL;

	return vfp_book_begin(pool, &change, err);
}

int vfp_book_group(struct vfp_pool *pool, const char *pool_name, const char *name,
		   struct vfp_group *ret_group, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		VFP_COLUMN_NUMBER(struct vfp_group, id),
		VFP_COLUMN_TEXT(struct vfp_group, portgroup.name),
		VFP_COLUMN_NUMBER(struct vfp_group, portgroup.is_default),
		VFP_COLUMN_WORD(struct vfp_group, portgroup.vlan_mode, vfp_vlan_mode_words),
		VFP_COLUMNS_ATTRS(struct vfp_group, portgroup.attrs),
		VFP_COLUMN_TEXT(struct vfp_group, pool),
		VFP_COLUMN_WORD(struct vfp_group, policy, vfp_policy_words),
		VFP_COLUMN_WORD(struct vfp_group, numa, vfp_numa_words),
		VFP_COLUMN_NUMBER(struct vfp_group, park),
	};
	static const struct vfp_shape shape = VFP_SHAPE(struct vfp_group, columns);
	struct pool_row row;
	int rc =
		vfp_db_row(pool->db, VFP_SQL_PORTGROUP_FIND,
			   VFP_VALUES(VFP_TEXT(pool_name), VFP_TEXT(name)), &shape, ret_group, err);

	if (rc < 0)
		return rc;
	if (rc > 0) {
		ret_group->portgroup.attrs.known = vfp_attrs_scrubbed.known;
		return 0;
	}
	rc = get_row(pool, pool_name, &row, err);
	if (rc < 0)
		return rc;
	if (!*name)
		return vfp_fail(err, ENOENT,
				"pool %s: has no default port group; name one, see: "
				"vfpool pool dumpxml %s",
				pool_name, pool_name);
	return vfp_fail(err, ENOENT, "pool %s: has no port group %s; see: vfpool portgroup list %s",
			pool_name, name, pool_name);
}

int vfp_book_pool_id(struct vfp_pool *pool, const char *name, int64_t *ret_id, struct vfp_err *err)
{
	struct pool_row row;
	int rc = get_row(pool, name, &row, err);

	if (rc < 0)
		return rc;
	*ret_id = row.id;
	return 0;
}

int vfp_book_portgroups(struct vfp_pool *pool, int64_t pool_id, struct vfp_portgroup_row **ret,
			size_t *ret_n, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		VFP_COLUMN_NUMBER(struct vfp_portgroup_row, id),
		VFP_COLUMN_TEXT(struct vfp_portgroup_row, portgroup.name),
		VFP_COLUMN_NUMBER(struct vfp_portgroup_row, portgroup.is_default),
		VFP_COLUMN_WORD(struct vfp_portgroup_row, portgroup.vlan_mode, vfp_vlan_mode_words),
		VFP_COLUMNS_ATTRS(struct vfp_portgroup_row, portgroup.attrs),
	};
	static const struct vfp_shape shape = VFP_SHAPE(struct vfp_portgroup_row, columns);
	struct vfp_portgroup_row *rows;
	size_t n;
	int rc = vfp_db_rows(pool->db, VFP_SQL_PORTGROUP_LIST, VFP_VALUES(VFP_NUMBER(pool_id)),
			     &shape, &rows, &n, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		rows[i].portgroup.attrs.known = vfp_attrs_scrubbed.known;
	*ret = rows;
	*ret_n = n;
	return 0;
}

void vfp_book_free_defs(struct vfp_pooldef *defs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		vfp_pooldef_free(&defs[i]);
	free(defs);
}

static int get_row(struct vfp_pool *pool, const char *name, struct pool_row *ret_row,
		   struct vfp_err *err)
{
	int rc = vfp_db_row(pool->db, VFP_SQL_POOL_GET, VFP_VALUES(VFP_TEXT(name)), &pool_shape,
			    ret_row, err);

	if (rc == 0)
		return vfp_fail(err, ENOENT,
				"pool %s: there is none of that name; see: vfpool pool list", name);
	return rc < 0 ? rc : 0;
}

/* Adds what other tables have: the PFs and the port groups. */
static int fill_def(struct vfp_pool *pool, struct pool_row *row, struct vfp_err *err)
{
	static const struct vfp_column pf_columns[] = {
		VFP_COLUMN_TEXT(struct vfp_pool_pf, dev),
		VFP_COLUMN_TEXT(struct vfp_pool_pf, vfs),
	};
	static const struct vfp_shape pf_shape = VFP_SHAPE(struct vfp_pool_pf, pf_columns);
	vfp_autofree struct vfp_portgroup_row *groups = NULL;
	vfp_autofree struct vfp_pool_pf *pfs = NULL;
	size_t n_pfs, n_groups;
	int rc = vfp_db_rows(pool->db, VFP_SQL_POOL_PF_LIST, VFP_VALUES(VFP_NUMBER(row->id)),
			     &pf_shape, &pfs, &n_pfs, err);

	if (rc < 0)
		return rc;
	rc = vfp_book_portgroups(pool, row->id, &groups, &n_groups, err);
	if (rc < 0)
		return rc;
	assert(n_pfs <= VFP_POOL_MAX_PFS);
	for (size_t i = 0; i < n_pfs; i++)
		row->def.pfs[i] = pfs[i];
	row->def.n_pfs = n_pfs;
	row->def.portgroups = vfp_alloc(n_groups, sizeof(*row->def.portgroups));
	for (size_t i = 0; i < n_groups; i++)
		row->def.portgroups[i] = groups[i].portgroup;
	row->def.n_portgroups = n_groups;
	return 0;
}
