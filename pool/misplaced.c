/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which definitions point at a VF that their domain could not start on, while another is free.
 */
#include <string.h>

#include "pool/book.h"
#include "pool/choose.h"

/* What the question is answered from, one look at host and book. */
struct view {
	struct vfp_member *members; /* of all pools */
	size_t n_members;
	struct vfp_port_row *rows; /* ordered by domain */
	size_t n_rows;
	struct vfp_lease *leases;
	size_t n_leases;
};

static void free_view(struct view *view);
VFP_DEFINE_AUTO(view, struct view *, free_view)

static int read_view(struct vfp_pool *pool, struct view *view, struct vfp_err *err);
static bool runs(const struct view *view, const char *uuid);
static bool is_misplaced(const struct view *view, const struct vfp_port_row *row);

int vfp_pool_misplaced(struct vfp_pool *pool, struct vfp_owner **ret, size_t *ret_n,
		       struct vfp_err *err)
{
	struct view made = {0};
	vfp_auto(view) view = &made;
	struct vfp_owner *owners;
	size_t n = 0;
	int rc = read_view(pool, view, err);

	if (rc < 0)
		return rc;
	owners = vfp_alloc(view->n_rows, sizeof(*owners));
	for (size_t i = 0; i < view->n_rows; i++) {
		const struct vfp_port *port = &view->rows[i].port;

		if ((n && !strcmp(owners[n - 1].uuid, port->owner.uuid)) || !port->is_seen ||
		    runs(view, port->owner.uuid))
			continue;
		if (is_misplaced(view, &view->rows[i]))
			owners[n++] = port->owner;
	}
	*ret = owners;
	*ret_n = n;
	return 0;
}

/* The member that the port is bound to; NULL: it is in no pool. */
static const struct vfp_member *member_of(const struct view *view, const struct vfp_port *port)
{
	for (size_t i = 0; i < view->n_members; i++) {
		const struct vfp_member *member = &view->members[i];

		if (member->vf.index == port->vf.index && !strcmp(member->vf.pf, port->vf.pf) &&
		    !strcmp(member->pool, port->pool))
			return member;
	}
	return NULL;
}

int vfp_pool_startable(struct vfp_pool *pool, const char *uuid, bool *ret_is_startable,
		       struct vfp_err *err)
{
	struct view made = {0};
	vfp_auto(view) view = &made;
	vfp_autofree struct vfp_trouble *troubles = NULL;
	size_t n_fit = 0, n_unfit = 0, n_troubles = 0;
	int rc = read_view(pool, view, err);

	if (rc == 0)
		rc = vfp_pool_troubles(pool, &troubles, &n_troubles, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < view->n_rows; i++) {
		const struct vfp_port *port = &view->rows[i].port;
		const struct vfp_member *member = member_of(view, port);

		if (strcmp(port->owner.uuid, uuid) != 0)
			continue;
		if (port->is_seen && member && vfp_may_stay(member, uuid, true))
			n_fit++;
		else
			n_unfit++;
	}
	for (size_t i = 0; i < n_troubles; i++)
		n_unfit += !strcmp(troubles[i].owner.uuid, uuid);
	*ret_is_startable = n_fit && !n_unfit;
	return 0;
}

static int read_view(struct vfp_pool *pool, struct view *view, struct vfp_err *err)
{
	int rc = vfp_inventory_read(pool, NULL, false, &view->members, &view->n_members, err);

	if (rc == 0)
		rc = vfp_book_ports(pool, NULL, &view->rows, &view->n_rows, err);
	if (rc == 0)
		rc = vfp_book_leases(pool, NULL, &view->leases, &view->n_leases, err);
	return rc;
}

static bool runs(const struct view *view, const char *uuid)
{
	for (size_t i = 0; i < view->n_leases; i++)
		if (!strcmp(view->leases[i].owner.uuid, uuid))
			return true;
	return false;
}

static bool is_misplaced(const struct view *view, const struct vfp_port_row *row)
{
	const struct vfp_port *port = &row->port;
	struct vfp_choice choice = {.uuid = port->owner.uuid};
	const struct vfp_member *members = NULL;
	struct vfp_vf taken[64];
	size_t n = 0;

	for (size_t i = 0; i < view->n_members; i++) {
		const struct vfp_member *member = &view->members[i];

		if (strcmp(member->pool, port->pool) != 0)
			continue;
		members = members ? members : member;
		n++;
		if (member->vf.index == port->vf.index && !strcmp(member->vf.pf, port->vf.pf) &&
		    vfp_may_stay(member, port->owner.uuid, true))
			return false;
	}
	if (port->is_pinned)
		choice.pinned = port->vf;
	/* The domain's other NICs keep theirs. */
	for (size_t i = 0; i < view->n_rows && choice.n_taken < VFP_N(taken); i++)
		if (&view->rows[i] != row &&
		    !strcmp(view->rows[i].port.owner.uuid, port->owner.uuid))
			taken[choice.n_taken++] = view->rows[i].port.vf;
	choice.taken = taken;
	return n && vfp_choose(members, n, &choice, NULL) >= 0;
}

static void free_view(struct view *view)
{
	free(view->members);
	free(view->rows);
	free(view->leases);
}
