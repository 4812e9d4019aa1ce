/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several changes that are durable together. */

#include <assert.h>
#include <stdlib.h>

#include "pool/book.h"
#include "pool/hostview.h"

/* Where the host cannot be read whoever needs it will say so, and nobody else. */
static void look(struct vfp_pool *pool)
{
	struct vfp_host_view *view = vfp_alloc(1, sizeof(*view));

	if (vfp_host_view_read(pool, true, view, NULL) < 0) {
		free(view);
		return;
	}
	for (size_t i = 0; i < view->n_pfs; i++)
		if (view->pfs[i].num_vfs)
			vfp_book_serial(pool, &view->pfs[i]);
	pool->view = view;
}

void vfp_book_forget_view(struct vfp_pool *pool)
{
	if (!pool->view)
		return;
	vfp_host_view_clear(pool->view);
	free(VFP_TAKE(pool->view));
}

int vfp_pool_begin_group(struct vfp_pool *pool, struct vfp_err *err)
{
	int rc;

	assert(!pool->group);
	look(pool);
	rc = vfp_book_begin_group(pool, &pool->group, err);
	if (rc < 0)
		vfp_book_forget_view(pool);
	return rc;
}

int vfp_pool_end_group(struct vfp_pool *pool, struct vfp_err *err)
{
	vfp_auto(db_transaction) group = VFP_TAKE(pool->group);

	vfp_book_forget_view(pool);
	return vfp_db_commit_group(&group, err);
}
