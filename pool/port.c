/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ports: what the NICs of definitions are in the book, from the binding on to its end. */
#include <stdlib.h>
#include <string.h>

#include "pool/book.h"

static int check_pin(struct vfp_pool *pool, const struct vfp_port_row *row, const struct vfp_vf *vf,
		     struct vfp_err *err);
static int pin_to(struct vfp_pool *pool, const struct vfp_port_row *row, const struct vfp_vf *vf,
		  struct vfp_err *err);
static void complete(const struct vfp_pool *pool, struct vfp_port_row *rows, size_t n);
static int unpin(struct vfp_pool *pool, const struct vfp_port_row *row, struct vfp_err *err);

static const struct vfp_column port_columns[] = {
	VFP_COLUMN_NUMBER(struct vfp_port_row, id),
	VFP_COLUMN_TEXT(struct vfp_port_row, port.owner.uuid),
	VFP_COLUMN_TEXT(struct vfp_port_row, port.owner.name),
	VFP_COLUMN_MAC(struct vfp_port_row, port.mac),
	VFP_COLUMN_TEXT(struct vfp_port_row, port.pool),
	VFP_COLUMN_TEXT(struct vfp_port_row, port.portgroup),
	VFP_COLUMN_TEXT(struct vfp_port_row, port.vf.pf),
	VFP_COLUMN_NUMBER(struct vfp_port_row, port.vf.index),
	VFP_COLUMN_TEXT(struct vfp_port_row, last.pf),
	VFP_COLUMN_NUMBER(struct vfp_port_row, last.index),
	VFP_COLUMN_NUMBER(struct vfp_port_row, port.is_pinned),
	VFP_COLUMN_NUMBER(struct vfp_port_row, port.is_seen),
	VFP_COLUMN_NUMBER(struct vfp_port_row, port.created_ms),
	VFP_COLUMN_NUMBER(struct vfp_port_row, port.claimed_until_ms),
	VFP_COLUMN_TEXT(struct vfp_port_row, claim_boot),
};
static const struct vfp_shape port_shape = VFP_SHAPE(struct vfp_port_row, port_columns);

int vfp_pool_unbind(struct vfp_pool *pool, const char *uuid, struct vfp_err *err)
{
	vfp_auto(db_transaction) change = NULL;
	vfp_autofree struct vfp_port_row *rows = NULL;
	vfp_autofree struct vfp_lease *leases = NULL;
	char words[256];
	size_t n, n_leases;
	int rc = vfp_book_begin(pool, &change, err);

	if (rc < 0)
		return rc;
	rc = vfp_book_leases(pool, uuid, &leases, &n_leases, err);
	if (rc < 0)
		return rc;
	if (n_leases)
		return vfp_fail(err, EBUSY, "domain %s runs: %s", leases[0].owner.name,
				vfp_lease_format(pool->host, &leases[0], words, sizeof(words)));
	rc = vfp_book_ports(pool, uuid, &rows, &n, err);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!rows[i].port.claimed_until_ms)
			rc = vfp_book_drop_port(pool, &rows[i], "unbind", err);
		else
			rc = vfp_db_run(pool->db, VFP_SQL_PORT_UNSEEN,
					VFP_VALUES(VFP_NUMBER(rows[i].id)), NULL, err);
	}
	if (rc < 0)
		return rc;
	return vfp_db_commit(&change, err);
}

int vfp_pool_seen(struct vfp_pool *pool, const struct vfp_owner *owner, struct vfp_err *err)
{
	vfp_auto(db_transaction) change = NULL;
	unsigned int n_changed;
	int rc = vfp_book_begin(pool, &change, err);

	if (rc < 0)
		return rc;
	rc = vfp_db_run(pool->db, VFP_SQL_PORT_SEEN,
			VFP_VALUES(VFP_TEXT(owner->uuid), VFP_TEXT(owner->name)), &n_changed, err);
	if (rc < 0)
		return rc;
	if (n_changed)
		rc = vfp_book_note(pool, "seen", &(struct vfp_about){.owner = owner}, err,
				   "libvirt knows the domain");
	if (rc < 0)
		return rc;
	return vfp_db_commit(&change, err);
}

int vfp_pool_expire(struct vfp_pool *pool, int64_t older_than_ms, unsigned int *ret_n,
		    struct vfp_err *err)
{
	const int64_t limit = pool->host->kernel->now_ms() - older_than_ms;
	vfp_auto(db_transaction) change = NULL;
	vfp_autofree struct vfp_port_row *rows = NULL;
	vfp_autofree struct vfp_lease *leases = NULL;
	size_t n, n_leases;
	unsigned int n_expired = 0;
	int rc = vfp_book_begin(pool, &change, err);

	if (rc == 0)
		rc = vfp_book_leases(pool, NULL, &leases, &n_leases, err);
	if (rc == 0)
		rc = vfp_book_ports(pool, NULL, &rows, &n, err);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct vfp_port *port = &rows[i].port;

		if (port->is_seen || port->created_ms >= limit || port->claimed_until_ms ||
		    vfp_book_has_mac(leases, n_leases, &port->mac))
			continue;
		rc = vfp_book_drop_port(pool, &rows[i], "expired", err);
		n_expired++;
	}
	if (rc == 0)
		rc = vfp_db_commit(&change, err);
	if (rc == 0 && ret_n)
		*ret_n = n_expired;
	return rc;
}

int vfp_pool_pin(struct vfp_pool *pool, const char *uuid, const struct vfp_mac *mac,
		 const struct vfp_vf *vf, struct vfp_err *err)
{
	vfp_auto(db_transaction) change = NULL;
	struct vfp_port_row row;
	char text[VFP_MAC_SIZE];
	int rc = vfp_book_begin(pool, &change, err);

	if (rc < 0)
		return rc;
	rc = vfp_book_port_of_mac(pool, mac, &row, err);
	if (rc == 0)
		return vfp_fail(err, ENOENT, "MAC %s: no port has it; see: vfpool domain list",
				vfp_mac_format(mac, text));
	if (rc > 0 && strcmp(row.port.owner.uuid, uuid) != 0)
		return vfp_fail(
			err, ENOENT,
			"MAC %s: is on a port of domain %s, not of the one that was named; see: "
			"vfpool domain list",
			vfp_mac_format(mac, text), row.port.owner.name);
	if (rc > 0 && vf)
		rc = check_pin(pool, &row, vf, err);
	if (rc < 0)
		return rc;
	rc = vf ? pin_to(pool, &row, vf, err) : unpin(pool, &row, err);
	if (rc < 0)
		return rc;
	return vfp_db_commit(&change, err);
}

int vfp_pool_ports(struct vfp_pool *pool, const char *uuid, struct vfp_port **ret, size_t *ret_n,
		   struct vfp_err *err)
{
	vfp_autofree struct vfp_port_row *rows = NULL;
	struct vfp_pf cache = {0};
	struct vfp_port *ports;
	size_t n;
	int rc = vfp_book_ports(pool, uuid, &rows, &n, err);

	if (rc < 0)
		return rc;
	ports = vfp_alloc(n, sizeof(*ports));
	for (size_t i = 0; i < n; i++) {
		ports[i] = rows[i].port;
		vfp_book_resolve(pool->host, &ports[i].vf, &cache);
	}
	*ret = ports;
	*ret_n = n;
	return 0;
}

int vfp_book_ports(struct vfp_pool *pool, const char *uuid, struct vfp_port_row **ret,
		   size_t *ret_n, struct vfp_err *err)
{
	struct vfp_port_row *rows;
	size_t n;
	int rc;

	if (uuid)
		rc = vfp_db_rows(pool->db, VFP_SQL_PORT_OF_DOMAIN, VFP_VALUES(VFP_TEXT(uuid)),
				 &port_shape, &rows, &n, err);
	else
		rc = vfp_db_rows(pool->db, VFP_SQL_PORT_LIST, NULL, &port_shape, &rows, &n, err);
	if (rc < 0)
		return rc;
	complete(pool, rows, n);
	*ret = rows;
	*ret_n = n;
	return 0;
}

int vfp_book_port_of_mac(struct vfp_pool *pool, const struct vfp_mac *mac, struct vfp_port_row *ret,
			 struct vfp_err *err)
{
	int rc = vfp_db_row(pool->db, VFP_SQL_PORT_OF_MAC, VFP_VALUES(VFP_MAC(mac)), &port_shape,
			    ret, err);

	if (rc > 0)
		complete(pool, ret, 1);
	return rc;
}

/* Also those whose time is over. */
static int list_claims(struct vfp_pool *pool, struct vfp_port_row **ret, size_t *ret_n,
		       struct vfp_err *err)
{
	static const struct vfp_column columns[] = {{VFP_COLUMN_IS_NUMBER, 0, sizeof(int), NULL}};
	static const struct vfp_shape any_shape = VFP_SHAPE(int, columns);
	int any;
	int rc = vfp_db_row(pool->db, VFP_SQL_CLAIM_ANY, NULL, &any_shape, &any, err);

	if (rc == 0) {
		*ret = NULL;
		*ret_n = 0;
	}
	if (rc > 0)
		rc = vfp_db_rows(pool->db, VFP_SQL_CLAIM_LIST, NULL, &port_shape, ret, ret_n, err);
	if (rc == 0)
		complete(pool, *ret, *ret_n);
	return rc;
}

int vfp_book_claims(struct vfp_pool *pool, struct vfp_port_row **ret, size_t *ret_n,
		    struct vfp_err *err)
{
	vfp_autofree struct vfp_port_row *rows = NULL;
	size_t n, n_live = 0;
	int rc = list_claims(pool, &rows, &n, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		if (!rows[i].is_claim_over)
			rows[n_live++] = rows[i];
	*ret = VFP_TAKE(rows);
	*ret_n = n_live;
	return 0;
}

int vfp_book_end_claims(struct vfp_pool *pool, unsigned int *ret_n, struct vfp_err *err)
{
	vfp_autofree struct vfp_port_row *rows = NULL;
	unsigned int n_ended = 0;
	size_t n = 0;
	int rc = list_claims(pool, &rows, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!rows[i].is_claim_over)
			continue;
		rc = vfp_book_unclaim(pool, &rows[i], "its time was over", err);
		n_ended++;
	}
	if (rc == 0 && ret_n)
		*ret_n = n_ended;
	return rc;
}

int vfp_book_unclaim(struct vfp_pool *pool, const struct vfp_port_row *row, const char *why,
		     struct vfp_err *err)
{
	const struct vfp_port *port = &row->port;
	vfp_autofree struct vfp_lease *leases = NULL;
	size_t n;
	const bool is_claim = port->claimed_until_ms || row->is_claim_over;
	int rc = 0;

	if (is_claim)
		rc = vfp_db_run(pool->db, VFP_SQL_CLAIM_END, VFP_VALUES(VFP_NUMBER(row->id)), NULL,
				err);
	if (rc == 0 && is_claim)
		rc = vfp_book_note(
			pool, "unclaim",
			&(struct vfp_about){&port->owner, &port->mac, &port->vf, port->pool}, err,
			"%s", why);
	if (rc == 0)
		rc = vfp_book_leases(pool, port->owner.uuid, &leases, &n, err);
	if (rc < 0 || port->is_seen || vfp_book_has_mac(leases, n, &port->mac))
		return rc;
	return vfp_book_drop_port(pool, row, "unbind", err);
}

/* What the time makes of a claim.  One that would last longer than any may was made when the clock
 * was ahead. */
static void complete(const struct vfp_pool *pool, struct vfp_port_row *rows, size_t n)
{
	const int64_t now = pool->host->kernel->now_ms();
	const int64_t last = now + 2 * INT64_C(1000) * VFP_CLAIM_TTL_MAX_S;

	for (size_t i = 0; i < n; i++) {
		struct vfp_port *port = &rows[i].port;

		rows[i].is_claim_over =
			port->claimed_until_ms &&
			(port->claimed_until_ms <= now || port->claimed_until_ms > last ||
			 strcmp(rows[i].claim_boot, pool->boot_id) != 0);
		if (rows[i].is_claim_over)
			port->claimed_until_ms = 0;
	}
}

bool vfp_book_has_mac(const struct vfp_lease *leases, size_t n, const struct vfp_mac *mac)
{
	for (size_t i = 0; i < n; i++)
		if (vfp_mac_equal(&leases[i].mac, mac))
			return true;
	return false;
}

int vfp_book_drop_port(struct vfp_pool *pool, const struct vfp_port_row *row, const char *event,
		       struct vfp_err *err)
{
	const struct vfp_port *port = &row->port;
	int rc = vfp_db_run(pool->db, VFP_SQL_PORT_DELETE, VFP_VALUES(VFP_NUMBER(row->id)), NULL,
			    err);

	if (rc < 0)
		return rc;
	return vfp_book_note(pool, event,
			     &(struct vfp_about){&port->owner, &port->mac, &port->vf, port->pool},
			     err, "port group %s", port->portgroup);
}

/* A pin that could never be kept.  A PF that is absent is not judged. */
static int check_pin(struct vfp_pool *pool, const struct vfp_port_row *row, const struct vfp_vf *vf,
		     struct vfp_err *err)
{
	vfp_autofree struct vfp_port_row *rows = NULL;
	char name[VFP_VF_SIZE], mac[VFP_MAC_SIZE];
	struct vfp_pf pf;
	size_t n;
	int rc = vfp_book_ports(pool, row->port.owner.uuid, &rows, &n, err);

	vfp_vf_format(vf, name);
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (rows[i].id != row->id && rows[i].port.is_pinned &&
		    rows[i].port.vf.index == vf->index && !strcmp(rows[i].port.vf.pf, vf->pf))
			return vfp_fail(err, EEXIST,
					"VF %s: NIC %s of the same domain is pinned to it already",
					name, vfp_mac_format(&rows[i].port.mac, mac));
	if (rc == 0 && vfp_sysfs_pf(pool->host, vf->pf, &pf, NULL) == 0 && pf.total_vfs > 0 &&
	    vf->index >= pf.total_vfs)
		return vfp_fail(err, ENOENT, "VF %s: the PF can have %u VFs, %s#0 to %s#%u", name,
				pf.total_vfs, vf->pf, vf->pf, pf.total_vfs - 1);
	return rc;
}

static int pin_to(struct vfp_pool *pool, const struct vfp_port_row *row, const struct vfp_vf *vf,
		  struct vfp_err *err)
{
	const struct vfp_port *port = &row->port;
	char home[VFP_NAME_SIZE], name[VFP_VF_SIZE];
	int rc = vfp_book_pool_of(pool, vf, home, err);

	if (rc < 0)
		return rc;
	if (strcmp(home, port->pool) != 0)
		return vfp_fail(err, ENOENT, "VF %s: is none of pool %s; see: vfpool vf list",
				vfp_vf_format(vf, name), port->pool);
	rc = vfp_book_vf_put(pool, vf, err);
	if (rc == 0)
		rc = vfp_db_run(
			pool->db, VFP_SQL_PORT_PIN,
			VFP_VALUES(VFP_NUMBER(row->id), VFP_TEXT(vf->pf), VFP_NUMBER(vf->index)),
			NULL, err);
	if (rc < 0)
		return rc;
	return vfp_book_note(pool, "pin",
			     &(struct vfp_about){&port->owner, &port->mac, vf, port->pool}, err,
			     "to this VF and no other");
}

static int unpin(struct vfp_pool *pool, const struct vfp_port_row *row, struct vfp_err *err)
{
	const struct vfp_port *port = &row->port;
	int rc = vfp_db_run(pool->db, VFP_SQL_PORT_UNPIN, VFP_VALUES(VFP_NUMBER(row->id)), NULL,
			    err);

	if (rc < 0)
		return rc;
	return vfp_book_note(pool, "unpin",
			     &(struct vfp_about){&port->owner, &port->mac, &port->vf, port->pool},
			     err, "to any VF of the pool");
}
