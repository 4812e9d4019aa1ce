/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Definitions that cannot be bound, and why.
 */
#include "pool/book.h"

int vfp_pool_set_trouble(struct vfp_pool *pool, const struct vfp_owner *owner, const char *reason,
			 struct vfp_err *err)
{
	const struct vfp_about about = {.owner = owner};
	vfp_auto(db_transaction) change = NULL;
	unsigned int n_changed = 0;
	int rc = vfp_book_begin(pool, &change, err);

	if (rc < 0)
		return rc;
	if (*reason)
		rc = vfp_db_run(pool->db, VFP_SQL_TROUBLE_PUT,
				VFP_VALUES(VFP_TEXT(owner->uuid), VFP_TEXT(owner->name),
					   VFP_TEXT(reason),
					   VFP_NUMBER(pool->host->kernel->now_ms())),
				&n_changed, err);
	else
		rc = vfp_db_run(pool->db, VFP_SQL_TROUBLE_DELETE, VFP_VALUES(VFP_TEXT(owner->uuid)),
				NULL, err);
	if (rc == 0 && n_changed)
		rc = vfp_book_note(pool, "unbound", &about, err, "%s", reason);
	if (rc < 0)
		return rc;
	return vfp_db_commit(&change, err);
}

int vfp_pool_troubles(struct vfp_pool *pool, struct vfp_trouble **ret, size_t *ret_n,
		      struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		VFP_COLUMN_TEXT(struct vfp_trouble, owner.uuid),
		VFP_COLUMN_TEXT(struct vfp_trouble, owner.name),
		VFP_COLUMN_TEXT(struct vfp_trouble, reason),
		VFP_COLUMN_NUMBER(struct vfp_trouble, since_ms),
	};
	static const struct vfp_shape shape = VFP_SHAPE(struct vfp_trouble, columns);

	return vfp_db_rows(pool->db, VFP_SQL_TROUBLE_LIST, NULL, &shape, ret, ret_n, err);
}
