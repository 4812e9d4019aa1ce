/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the book remembers of a VF beside its lease: dirty, faulty, held for the host.
 */
#include "pool/book.h"

#include <assert.h>
#include <stdio.h>

/* As the columns are; SELECT_VF in db.c. */
struct vf_row {
	bool is_dirty;
	char held[256], faulty[256];
};

static int set_held(struct vfp_pool *pool, const struct vfp_vf *vf, const char *reason,
		    const char *event, struct vfp_err *err);

int vfp_pool_vf_state(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_vf_state *ret,
		      struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		VFP_COLUMN_NUMBER(struct vf_row, is_dirty),
		VFP_COLUMN_TEXT(struct vf_row, held),
		VFP_COLUMN_TEXT(struct vf_row, faulty),
	};
	static const struct vfp_shape shape = VFP_SHAPE(struct vf_row, columns);
	struct vf_row row = {0};
	struct vfp_vf_state state;
	int rc = vfp_db_row(pool->db, VFP_SQL_VF_GET,
			    VFP_VALUES(VFP_TEXT(vf->pf), VFP_NUMBER(vf->index)), &shape, &row, err);

	if (rc < 0)
		return rc;
	state = (struct vfp_vf_state){
		.is_dirty = row.is_dirty,
		.is_held = *row.held,
		.is_faulty = *row.faulty,
	};
	vfp_copy(state.reason, sizeof(state.reason), *row.faulty ? row.faulty : row.held);
	rc = vfp_book_pool_of(pool, vf, state.pool, err);
	if (rc < 0)
		return rc;
	*ret = state;
	return 0;
}

int vfp_pool_clean(struct vfp_pool *pool, const struct vfp_vf *vf, const char *words,
		   struct vfp_err *err)
{
	vfp_auto(db_transaction) change = NULL;
	struct vfp_lease lease;
	unsigned int n_changed;
	char holder[256];
	int rc = vfp_book_begin(pool, &change, err);

	if (rc < 0)
		return rc;
	rc = vfp_book_lease_of(pool, vf, &lease, err);
	if (rc < 0)
		return rc;
	if (rc > 0)
		return vfp_fail(err, EBUSY, "%s",
				vfp_lease_format(pool->host, &lease, holder, sizeof(holder)));
	rc = vfp_db_run(pool->db, VFP_SQL_VF_CLEAN,
			VFP_VALUES(VFP_TEXT(vf->pf), VFP_NUMBER(vf->index)), &n_changed, err);
	if (rc < 0)
		return rc;
	if (n_changed)
		rc = vfp_book_note(pool, "scrubbed", &(struct vfp_about){.vf = vf}, err, "%s",
				   words);
	if (rc < 0)
		return rc;
	return vfp_db_commit(&change, err);
}

int vfp_pool_hold(struct vfp_pool *pool, const struct vfp_vf *vf, const char *reason,
		  struct vfp_err *err)
{
	assert(*reason);
	return set_held(pool, vf, reason, "hold", err);
}

int vfp_pool_unhold(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_err *err)
{
	return set_held(pool, vf, "", "unhold", err);
}

char *vfp_book_carrier(struct vfp_pool *pool, const struct vfp_vf *vf, const struct vfp_mac *mac,
		       char *buf, size_t size)
{
	struct vfp_vf_state state = {0};
	struct vfp_lease lease;
	char name[VFP_VF_SIZE], text[VFP_MAC_SIZE];

	vfp_vf_format(vf, name);
	vfp_mac_format(mac, text);
	vfp_pool_vf_state(pool, vf, &state, NULL);
	if (vfp_book_lease_of(pool, vf, &lease, NULL) > 0)
		snprintf(buf, size, "MAC %s: VF %s carries it, which domain %s has", text, name,
			 lease.owner.name);
	else if (state.is_faulty)
		snprintf(buf, size,
			 "MAC %s: VF %s carries it still, since its scrub failed (%s); run: vfpool "
			 "vf scrub %s",
			 text, name, state.reason, name);
	else if (state.is_dirty)
		snprintf(buf, size,
			 "MAC %s: VF %s carries it, and is not scrubbed since its last guest; run: "
			 "vfpool vf scrub %s",
			 text, name, name);
	else if (*state.pool && !state.is_held)
		snprintf(buf, size,
			 "MAC %s: VF %s carries it, and nobody has that VF by our book; run: "
			 "vfpool vf scrub %s",
			 text, name, name);
	else
		snprintf(buf, size,
			 "MAC %s: VF %s carries it, and nobody has that VF by our book; take it "
			 "away: ip link set %s vf %u mac 00:00:00:00:00:00",
			 text, name, vf->pf, vf->index);
	return buf;
}

int vfp_book_dirty(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_err *err)
{
	vfp_auto(db_transaction) change = NULL;
	int rc = vfp_book_begin(pool, &change, err);

	/* The PF may be none of a pool's yet. */
	if (rc == 0)
		rc = vfp_db_run(pool->db, VFP_SQL_PF_PUT, VFP_VALUES(VFP_TEXT(vf->pf)), NULL, err);
	if (rc == 0)
		rc = vfp_book_vf_put(pool, vf, err);
	if (rc == 0)
		rc = vfp_db_run(pool->db, VFP_SQL_VF_DIRTY,
				VFP_VALUES(VFP_TEXT(vf->pf), VFP_NUMBER(vf->index)), NULL, err);
	return rc < 0 ? rc : vfp_db_commit(&change, err);
}

int vfp_book_vf_mark(struct vfp_pool *pool, const struct vfp_vf *vf, enum vfp_sql mark,
		     const char *reason, unsigned int *ret_changed, struct vfp_err *err)
{
	char cut[sizeof(((struct vfp_vf_state *)0)->reason)];
	int rc = vfp_book_vf_put(pool, vf, err);

	if (rc < 0)
		return rc;
	snprintf(cut, sizeof(cut), "%s", reason);
	vfp_text_clean(cut);
	return vfp_db_run(pool->db, mark,
			  VFP_VALUES(VFP_TEXT(vf->pf), VFP_NUMBER(vf->index), VFP_TEXT(cut)),
			  ret_changed, err);
}

static int set_held(struct vfp_pool *pool, const struct vfp_vf *vf, const char *reason,
		    const char *event, struct vfp_err *err)
{
	vfp_auto(db_transaction) change = NULL;
	unsigned int n_changed;
	int rc = vfp_book_begin(pool, &change, err);

	if (rc < 0)
		return rc;
	rc = vfp_book_vf_mark(pool, vf, VFP_SQL_VF_HOLD, reason, &n_changed, err);
	if (rc < 0)
		return rc;
	if (n_changed)
		rc = vfp_book_note(pool, event, &(struct vfp_about){.vf = vf}, err, "%s", reason);
	if (rc < 0)
		return rc;
	return vfp_db_commit(&change, err);
}
