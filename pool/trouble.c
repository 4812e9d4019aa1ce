/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Definitions that are not bound: those that cannot be, and why, and those that are left alone.
 */
#include "pool/book.h"

#include <string.h>

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

int vfp_pool_set_alone(struct vfp_pool *pool, const struct vfp_owner *owner, const char *asks,
		       struct vfp_err *err)
{
	const struct vfp_about about = {.owner = owner};
	vfp_auto(db_transaction) change = NULL;
	char known[VFP_DIGEST_SIZE];
	int rc = vfp_pool_alone(pool, owner->uuid, known, err);

	if (rc < 0 || !strcmp(known, asks))
		return rc;
	rc = vfp_book_begin(pool, &change, err);
	if (rc < 0)
		return rc;
	if (*asks)
		rc = vfp_db_run(pool->db, VFP_SQL_ALONE_PUT,
				VFP_VALUES(VFP_TEXT(owner->uuid), VFP_TEXT(asks)), NULL, err);
	else
		rc = vfp_db_run(pool->db, VFP_SQL_ALONE_DELETE, VFP_VALUES(VFP_TEXT(owner->uuid)),
				NULL, err);
	if (rc == 0)
		rc = vfp_book_note(pool, "alone", &about, err, "%s",
				   *asks ? "unbound by its user, and left alone"
					 : "left alone no longer");
	if (rc < 0)
		return rc;
	return vfp_db_commit(&change, err);
}

int vfp_pool_alone(struct vfp_pool *pool, const char *uuid, char ret_asks[VFP_DIGEST_SIZE],
		   struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		{VFP_COLUMN_IS_TEXT, 0, VFP_DIGEST_SIZE, NULL},
	};
	static const struct vfp_shape shape = {columns, VFP_N(columns), VFP_DIGEST_SIZE};
	char asks[VFP_DIGEST_SIZE] = "";
	int rc = vfp_db_row(pool->db, VFP_SQL_ALONE_GET, VFP_VALUES(VFP_TEXT(uuid)), &shape, asks,
			    err);

	if (rc < 0)
		return rc;
	vfp_copy(ret_asks, VFP_DIGEST_SIZE, asks);
	return 0;
}
