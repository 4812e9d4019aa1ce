/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Leases: the VF that a running domain holds, from prepare until after the scrub.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "pool/admit.h"
#include "pool/book.h"
#include "pool/choose.h"

/* Why a lease is refused, as far as the caller of the transaction needs it. */
struct refusal {
	const struct vfp_ask *ask; /* NULL: it is no refusal, something failed */
	bool is_held;		   /* by another domain */
	bool is_binding;	   /* another VF, or the definition bound anew, would do */
	char pool[VFP_NAME_SIZE];
};

/* One ask on its way to a lease. */
struct candidate {
	struct vfp_pool *pool;
	const struct vfp_owner *owner;
	const struct vfp_process *daemon;
	const struct vfp_ask *ask;
	struct vfp_port_row row; /* its port */
	struct vfp_group group;	 /* the port's */
	struct refusal *refusal;
};

static int lease_all(struct vfp_pool *pool, const struct vfp_owner *owner,
		     const struct vfp_process *daemon, const struct vfp_ask *asks, size_t n,
		     struct vfp_lease *leases, struct refusal *refusal, struct vfp_err *err);
static int admit(struct vfp_pool *pool, const struct vfp_owner *owner, const struct vfp_ask *asks,
		 size_t n, struct refusal *refusal, struct vfp_err *err);
static void set_memory(struct vfp_lease *lease, const struct vfp_footprint *footprint);
static int lease_one(struct candidate *candidate, struct vfp_lease *ret_lease, struct vfp_err *err);
static int explain_held(struct vfp_pool *pool, const struct vfp_owner *owner,
			const struct refusal *refusal, struct vfp_err *err);
static int adopt_leased(struct vfp_pool *pool, const struct vfp_lease *lease,
			const struct vfp_owner *owner, const struct vfp_process *daemon,
			const struct vfp_process *qemu, struct vfp_err *err);
static int adopt_unleased(struct vfp_pool *pool, const struct vfp_owner *owner,
			  const struct vfp_ask *ask, const struct vfp_process *daemon,
			  const struct vfp_process *qemu, struct vfp_err *err);
static bool is_same_process(const struct vfp_process *a, const struct vfp_process *b);
static int lease_of_port(struct vfp_pool *pool, int64_t port_id, struct vfp_lease *ret,
			 struct vfp_err *err);
static int get_lease(struct vfp_pool *pool, int64_t generation, struct vfp_lease *ret,
		     struct vfp_err *err);
static int insert_lease(struct vfp_pool *pool, const struct vfp_lease *lease,
			const struct vfp_port_row *row, struct vfp_lease *ret_lease,
			struct vfp_err *err);
static int update_lease(struct vfp_pool *pool, const struct vfp_lease *lease, const char *event,
			const char *text, struct vfp_err *err);
static int end_lease(struct vfp_pool *pool, const struct vfp_lease *lease, const char *event,
		     const char *why, struct vfp_err *err);
static struct vfp_about about_lease(const struct vfp_lease *lease);

const struct vfp_word vfp_lease_state_words[] = {
	{"preparing", VFP_LEASE_PREPARING},
	{"active", VFP_LEASE_ACTIVE},
	{"draining", VFP_LEASE_DRAINING},
	{"foreign", VFP_LEASE_FOREIGN},
	{NULL, 0},
};

static const struct vfp_column lease_columns[] = {
	VFP_COLUMN_NUMBER(struct vfp_lease, generation),
	VFP_COLUMN_TEXT(struct vfp_lease, owner.uuid),
	VFP_COLUMN_TEXT(struct vfp_lease, owner.name),
	VFP_COLUMN_MAC(struct vfp_lease, mac),
	VFP_COLUMN_TEXT(struct vfp_lease, pool),
	VFP_COLUMN_TEXT(struct vfp_lease, portgroup),
	VFP_COLUMN_TEXT(struct vfp_lease, vf.pf),
	VFP_COLUMN_NUMBER(struct vfp_lease, vf.index),
	VFP_COLUMN_WORD(struct vfp_lease, state, vfp_lease_state_words),
	VFP_COLUMN_TEXT(struct vfp_lease, boot_id),
	VFP_COLUMN_NUMBER(struct vfp_lease, daemon.pid),
	VFP_COLUMN_NUMBER(struct vfp_lease, daemon.start),
	VFP_COLUMN_NUMBER(struct vfp_lease, qemu.pid),
	VFP_COLUMN_NUMBER(struct vfp_lease, qemu.start),
	VFP_COLUMN_NUMBER(struct vfp_lease, since_ms),
	VFP_COLUMN_NUMBER(struct vfp_lease, locked_kib),
	VFP_COLUMN_NUMBER(struct vfp_lease, huge_kib),
	VFP_COLUMN_NUMBER(struct vfp_lease, park),
	VFP_COLUMN_WORD(struct vfp_lease, vlan_mode, vfp_vlan_mode_words),
	VFP_COLUMNS_ATTRS(struct vfp_lease, attrs),
};
static const struct vfp_shape lease_shape = VFP_SHAPE(struct vfp_lease, lease_columns);

int vfp_pool_lease(struct vfp_pool *pool, const struct vfp_owner *owner,
		   const struct vfp_process *daemon, const struct vfp_ask *asks, size_t n,
		   struct vfp_lease *ret_leases, struct vfp_err *err)
{
	vfp_autofree struct vfp_lease *leases = vfp_alloc(n, sizeof(*leases));
	struct refusal refusal = {0};
	struct vfp_err own = {0};
	int rc = lease_all(pool, owner, daemon, asks, n, leases, &refusal, &own);

	if (rc == 0) {
		for (size_t i = 0; i < n; i++)
			ret_leases[i] = leases[i];
		return 0;
	}
	if (refusal.is_held)
		rc = explain_held(pool, owner, &refusal, &own);
	/* The refusal is what counts; whether its line could be written as well is not. */
	if (refusal.ask)
		vfp_pool_refused(pool, owner, &refusal.ask->mac, &refusal.ask->vf,
				 refusal.is_binding && rc != -ENOSPC, &own, NULL);
	if (err)
		*err = own;
	return rc;
}

int vfp_pool_activate(struct vfp_pool *pool, const char *uuid, const struct vfp_process *qemu,
		      struct vfp_err *err)
{
	vfp_auto(db_transaction) change = NULL;
	vfp_autofree struct vfp_lease *leases = NULL;
	size_t n;
	int rc = vfp_book_begin(pool, &change, err);

	assert(qemu->pid > 0);
	if (rc < 0)
		return rc;
	rc = vfp_book_leases(pool, uuid, &leases, &n, err);
	if (rc < 0)
		return rc;
	if (n == 0)
		return vfp_fail(err, ENOENT, "domain %s: has no lease", uuid);
	for (size_t i = 0; i < n; i++) {
		struct vfp_lease *lease = &leases[i];

		if (lease->state != VFP_LEASE_PREPARING && lease->state != VFP_LEASE_ACTIVE)
			continue;
		if (lease->state == VFP_LEASE_ACTIVE && is_same_process(&lease->qemu, qemu))
			continue;
		lease->state = VFP_LEASE_ACTIVE;
		lease->qemu = *qemu;
		rc = update_lease(pool, lease, "active", "", err);
		if (rc < 0)
			return rc;
	}
	return vfp_db_commit(&change, err);
}

int vfp_pool_adopt(struct vfp_pool *pool, const struct vfp_owner *owner, const struct vfp_ask *ask,
		   const struct vfp_process *daemon, const struct vfp_process *qemu,
		   struct vfp_err *err)
{
	vfp_auto(db_transaction) change = NULL;
	struct vfp_lease lease = {0};
	int rc = vfp_book_begin(pool, &change, err);

	assert(qemu->pid > 0);
	if (rc < 0)
		return rc;
	/* What was seen a moment ago may be over, and the VF another's. */
	if (!vfp_proc_alive(pool->host, qemu))
		return vfp_fail(err, ESRCH, "domain %s: its QEMU %d is gone", owner->name,
				(int)qemu->pid);
	rc = vfp_book_lease_of(pool, &ask->vf, &lease, err);
	if (rc < 0)
		return rc;
	if (rc > 0)
		rc = adopt_leased(pool, &lease, owner, daemon, qemu, err);
	else
		rc = adopt_unleased(pool, owner, ask, daemon, qemu, err);
	if (rc < 0)
		return rc;
	return vfp_db_commit(&change, err);
}

int vfp_pool_change(struct vfp_pool *pool, int64_t generation, const struct vfp_attrs *attrs,
		    enum vfp_vlan_mode mode, const char *words, struct vfp_err *err)
{
	vfp_auto(db_transaction) change = NULL;
	struct vfp_lease lease;
	struct vfp_about about;
	int rc = vfp_book_begin(pool, &change, err);

	if (rc < 0)
		return rc;
	rc = get_lease(pool, generation, &lease, err);
	if (rc == 0)
		return vfp_fail(err, ESTALE, "the lease ended meanwhile");
	if (rc > 0)
		rc = vfp_db_run(pool->db, VFP_SQL_LEASE_ATTRS,
				VFP_VALUES(VFP_NUMBER(generation), VFP_VALUES_ATTRS(mode, attrs)),
				NULL, err);
	if (rc < 0)
		return rc;
	about = about_lease(&lease);
	rc = vfp_book_note(pool, "changed", &about, err, "%s", words);
	if (rc < 0)
		return rc;
	return vfp_db_commit(&change, err);
}

int vfp_pool_drain(struct vfp_pool *pool, int64_t generation, const char *why, struct vfp_err *err)
{
	vfp_auto(db_transaction) change = NULL;
	struct vfp_lease lease;
	int rc = vfp_book_begin(pool, &change, err);

	if (rc < 0)
		return rc;
	rc = get_lease(pool, generation, &lease, err);
	if (rc < 0)
		return rc;
	if (rc == 0 || lease.state == VFP_LEASE_DRAINING)
		return 0;
	lease.state = VFP_LEASE_DRAINING;
	rc = update_lease(pool, &lease, "draining", why, err);
	if (rc < 0)
		return rc;
	return vfp_db_commit(&change, err);
}

int vfp_pool_free(struct vfp_pool *pool, int64_t generation, const char *why, struct vfp_err *err)
{
	vfp_auto(db_transaction) change = NULL;
	struct vfp_lease lease;
	int rc = vfp_book_begin(pool, &change, err);

	if (rc < 0)
		return rc;
	rc = get_lease(pool, generation, &lease, err);
	if (rc <= 0)
		return rc;
	rc = vfp_db_run(pool->db, VFP_SQL_VF_CLEAN,
			VFP_VALUES(VFP_TEXT(lease.vf.pf), VFP_NUMBER(lease.vf.index)), NULL, err);
	if (rc < 0)
		return rc;
	rc = end_lease(pool, &lease, "free", why, err);
	if (rc < 0)
		return rc;
	return vfp_db_commit(&change, err);
}

int vfp_pool_fault(struct vfp_pool *pool, const struct vfp_vf *vf, int64_t generation,
		   const char *reason, struct vfp_err *err)
{
	vfp_auto(db_transaction) change = NULL;
	struct vfp_lease lease = {0};
	char words[256];
	int rc = vfp_book_begin(pool, &change, err);

	assert(*reason);
	if (rc < 0)
		return rc;
	rc = vfp_book_lease_of(pool, vf, &lease, err);
	if (rc < 0)
		return rc;
	if (generation && lease.generation != generation)
		return 0;
	if (!generation && rc > 0)
		return vfp_fail(err, EBUSY, "%s",
				vfp_lease_format(pool->host, &lease, words, sizeof(words)));
	rc = vfp_book_vf_mark(pool, vf, VFP_SQL_VF_FAULT, reason, NULL, err);
	if (rc < 0)
		return rc;
	if (generation)
		rc = end_lease(pool, &lease, "faulty", reason, err);
	else
		rc = vfp_book_note(pool, "faulty", &(struct vfp_about){.vf = vf}, err, "%s",
				   reason);
	if (rc < 0)
		return rc;
	return vfp_db_commit(&change, err);
}

int vfp_pool_leases(struct vfp_pool *pool, const char *uuid, struct vfp_lease **ret, size_t *ret_n,
		    struct vfp_err *err)
{
	struct vfp_pf cache = {0};
	struct vfp_lease *leases;
	size_t n;
	int rc = vfp_book_leases(pool, uuid, &leases, &n, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		vfp_book_resolve(pool->host, &leases[i].vf, &cache);
	*ret = leases;
	*ret_n = n;
	return 0;
}

int vfp_pool_lease_of(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_lease *ret,
		      struct vfp_err *err)
{
	struct vfp_pf cache = {0};
	char name[VFP_VF_SIZE];
	int rc = vfp_book_lease_of(pool, vf, ret, err);

	if (rc == 0)
		return vfp_fail(err, ENOENT, "VF %s: is not leased", vfp_vf_format(vf, name));
	if (rc < 0)
		return rc;
	vfp_book_resolve(pool->host, &ret->vf, &cache);
	return 0;
}

bool vfp_lease_is_stale(const struct vfp_host *host, const struct vfp_lease *lease)
{
	char boot_id[VFP_BOOT_ID_SIZE];
	struct vfp_process qemu;

	if (vfp_host_boot_id(host, boot_id, NULL) < 0)
		return false; /* who cannot find out ends nothing */
	if (strcmp(boot_id, lease->boot_id) != 0)
		return true;
	if (lease->qemu.pid > 0)
		return !vfp_proc_alive(host, &lease->qemu);
	if (lease->state == VFP_LEASE_PREPARING && vfp_proc_alive(host, &lease->daemon))
		return false;
	return vfp_proc_find_qemu(host, lease->owner.uuid, lease->owner.name, &qemu, NULL) ==
	       -ESRCH;
}

char *vfp_lease_format(const struct vfp_host *host, const struct vfp_lease *lease, char *buf,
		       size_t size)
{
	const time_t since = (time_t)(lease->since_ms / 1000);
	const time_t now = (time_t)(host->kernel->now_ms() / 1000);
	char vf[VFP_VF_SIZE], pci[VFP_PCI_SIZE], address[VFP_PCI_SIZE + 4] = "", when[32];
	struct tm then, today;

	localtime_r(&since, &then);
	localtime_r(&now, &today);
	strftime(when, sizeof(when),
		 then.tm_year == today.tm_year && then.tm_yday == today.tm_yday ? "%H:%M"
										: "%F %H:%M",
		 &then);
	if (!vfp_pci_is_none(&lease->vf.pci))
		snprintf(address, sizeof(address), " (%s)", vfp_pci_format(&lease->vf.pci, pci));
	snprintf(buf, size, "VF %s%s is leased by %s since %s", vfp_vf_format(&lease->vf, vf),
		 address, lease->owner.name, when);
	return buf;
}

/* A lease's VF is to read as its port group says, and with the port's MAC; of a foreign one nobody
 * knows. */
static void complete(struct vfp_lease *lease)
{
	lease->attrs.mac = lease->mac;
	if (*lease->portgroup)
		lease->attrs.known = vfp_attrs_scrubbed.known;
}

static const struct vfp_column generation_columns[] = {
	{VFP_COLUMN_IS_NUMBER, 0, sizeof(int64_t), NULL},
};
static const struct vfp_shape generation_shape = VFP_SHAPE(int64_t, generation_columns);

/* Of a lease that ends between the two looks: 0. */
static int get_one(struct vfp_pool *pool, enum vfp_sql sql, const struct vfp_value *values,
		   struct vfp_lease *ret, struct vfp_err *err)
{
	int64_t generation;
	int rc = vfp_db_row(pool->db, sql, values, &generation_shape, &generation, err);

	return rc > 0 ? get_lease(pool, generation, ret, err) : rc;
}

static int get_of_domain(struct vfp_pool *pool, const char *uuid, struct vfp_lease **ret,
			 size_t *ret_n, struct vfp_err *err)
{
	vfp_autofree struct vfp_lease *leases = NULL;
	vfp_autofree int64_t *generations = NULL;
	size_t n_found, n = 0;
	int rc = vfp_db_rows(pool->db, VFP_SQL_LEASE_OF_DOMAIN,
			     VFP_VALUES(VFP_TEXT(pool->boot_id), VFP_TEXT(uuid)), &generation_shape,
			     &generations, &n_found, err);

	if (rc < 0)
		return rc;
	leases = vfp_alloc(n_found, sizeof(*leases));
	for (size_t i = 0; i < n_found; i++) {
		rc = get_lease(pool, generations[i], &leases[n], err);
		if (rc < 0)
			return rc;
		n += (size_t)rc;
	}
	*ret = VFP_TAKE(leases);
	*ret_n = n;
	return 0;
}

int vfp_book_leases(struct vfp_pool *pool, const char *uuid, struct vfp_lease **ret, size_t *ret_n,
		    struct vfp_err *err)
{
	struct vfp_lease *leases;
	size_t n;
	int rc;

	if (uuid)
		return get_of_domain(pool, uuid, ret, ret_n, err);
	rc = vfp_db_rows(pool->db, VFP_SQL_LEASE_LIST, VFP_VALUES(VFP_TEXT(pool->boot_id)),
			 &lease_shape, &leases, &n, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		complete(&leases[i]);
	*ret = leases;
	*ret_n = n;
	return 0;
}

int vfp_book_stands(struct vfp_pool *pool, int64_t generation, struct vfp_err *err)
{
	return vfp_db_row(pool->db, VFP_SQL_LEASE_STANDS,
			  VFP_VALUES(VFP_TEXT(pool->boot_id), VFP_NUMBER(generation)),
			  &generation_shape, &generation, err);
}

int vfp_book_lease_of(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_lease *ret,
		      struct vfp_err *err)
{
	return get_one(pool, VFP_SQL_LEASE_OF_VF,
		       VFP_VALUES(VFP_TEXT(pool->boot_id), VFP_TEXT(vf->pf), VFP_NUMBER(vf->index)),
		       ret, err);
}

/* --- Giving VFs ------------------------------------------------------------------------------- */

static int lease_all(struct vfp_pool *pool, const struct vfp_owner *owner,
		     const struct vfp_process *daemon, const struct vfp_ask *asks, size_t n,
		     struct vfp_lease *leases, struct refusal *refusal, struct vfp_err *err)
{
	/* Compiled before it is our turn: hundreds may stand behind us. */
	static const enum vfp_sql needed[] = {
		VFP_SQL_BEGIN,		VFP_SQL_CLAIM_ANY, VFP_SQL_LEASE_LIST, VFP_SQL_PORT_OF_MAC,
		VFP_SQL_PORTGROUP_FIND, VFP_SQL_PF_PUT,	   VFP_SQL_VF_PUT,     VFP_SQL_LEASE_INSERT,
		VFP_SQL_PORT_LEASED,	VFP_SQL_LEASE_GET, VFP_SQL_NOTE,       VFP_SQL_COMMIT,
	};
	vfp_auto(db_transaction) change = NULL;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < VFP_N(needed); i++)
		rc = vfp_db_prepare(pool->db, needed[i], err);
	if (rc == 0)
		rc = vfp_book_begin(pool, &change, err);
	if (rc == 0)
		rc = vfp_book_end_claims(pool, NULL, err);
	if (rc < 0)
		return rc;
	rc = admit(pool, owner, asks, n, refusal, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++) {
		struct candidate candidate = {
			.pool = pool,
			.owner = owner,
			.daemon = daemon,
			.ask = &asks[i],
			.refusal = refusal,
		};

		rc = lease_one(&candidate, &leases[i], err);
		if (rc < 0)
			return rc;
		leases[i].vf.pci = asks[i].vf.pci;
	}
	return vfp_db_commit(&change, err);
}

/* Under the writer's lock, so that two domains that start at once do not both take the last of the
 * memory. */
static int admit(struct vfp_pool *pool, const struct vfp_owner *owner, const struct vfp_ask *asks,
		 size_t n, struct refusal *refusal, struct vfp_err *err)
{
	int rc;

	if (n == 0 || !asks[0].footprint)
		return 0;
	rc = vfp_admit(pool, owner, asks[0].footprint, err);
	if (rc < 0)
		refusal->ask = &asks[0];
	return rc;
}

static void set_memory(struct vfp_lease *lease, const struct vfp_footprint *footprint)
{
	if (!footprint)
		return;
	lease->locked_kib = footprint->guest_kib + footprint->qemu_kib;
	lease->huge_kib = vfp_footprint_huge_kib(footprint);
}

/* Marks a failure as a refusal, which goes into the journal. */
static int refuse(struct candidate *candidate, int rc)
{
	candidate->refusal->ask = candidate->ask;
	candidate->refusal->is_binding = true;
	return rc;
}

static bool is_same_vf(const struct vfp_vf *a, const struct vfp_vf *b)
{
	return a->index == b->index && !strcmp(a->pf, b->pf);
}

static int refuse_held(struct candidate *candidate, const struct vfp_lease *holder,
		       struct vfp_err *err)
{
	struct vfp_lease shown = *holder;
	char words[256];

	if (is_same_vf(&shown.vf, &candidate->ask->vf))
		shown.vf.pci = candidate->ask->vf.pci;
	candidate->refusal->is_held = strcmp(holder->owner.uuid, candidate->owner->uuid) != 0;
	vfp_copy(candidate->refusal->pool, VFP_NAME_SIZE, candidate->group.pool);
	vfp_lease_format(candidate->pool->host, &shown, words, sizeof(words));
	return refuse(candidate, vfp_fail(err, EBUSY, "%s", words));
}

/* The port, and that the definition still says what the port says. */
static int check_port(struct candidate *candidate, struct vfp_err *err)
{
	const struct vfp_ask *ask = candidate->ask;
	const char *domain = candidate->owner->name;
	char mac[VFP_MAC_SIZE], vf[VFP_VF_SIZE], home[VFP_NAME_SIZE];
	struct vfp_port *port = &candidate->row.port;
	uint16_t vlan;
	int rc = vfp_book_port_of_mac(candidate->pool, &ask->mac, &candidate->row, err);

	vfp_mac_format(&ask->mac, mac);
	vfp_vf_format(&ask->vf, vf);
	if (rc < 0)
		return rc;
	if (rc == 0 || strcmp(port->owner.uuid, candidate->owner->uuid) != 0)
		return refuse(
			candidate,
			vfp_fail(err, ENOENT,
				 "NIC %s (VF %s) is no port of %s; run: vfpool domain bind %s", mac,
				 vf, domain, domain));
	rc = vfp_book_group(candidate->pool, port->pool, port->portgroup, &candidate->group, err);
	if (rc < 0)
		return rc;
	rc = vfp_book_pool_of(candidate->pool, &ask->vf, home, err);
	if (rc < 0)
		return rc;
	if (!*home)
		return refuse(candidate,
			      vfp_fail(err, ENOENT,
				       "NIC %s: VF %s is in no pool; run: vfpool domain bind %s",
				       mac, vf, domain));
	if (strcmp(home, port->pool) != 0)
		return refuse(candidate,
			      vfp_fail(err, ESTALE,
				       "NIC %s: VF %s is of pool %s, the port's is %s; run: vfpool "
				       "domain bind %s",
				       mac, vf, home, port->pool, domain));
	vlan = vfp_book_vlan(candidate->group.portgroup.vlan_mode,
			     &candidate->group.portgroup.attrs);
	if (ask->vlan != vlan)
		return refuse(candidate,
			      vfp_fail(err, ESTALE,
				       "NIC %s: the definition has VLAN %u, port group %s has %u; "
				       "run: vfpool domain bind %s",
				       mac, ask->vlan, port->portgroup, vlan, domain));
	return 0;
}

/* What the domain was given and has not begun to use is still its own.  One that a QEMU has taken
 * is over when that QEMU is: a start that went on with it would lose its VF to whoever finds it
 * stale.  So that QEMU has to be gone first. */
static int give_again(struct candidate *candidate, struct vfp_lease *lease, struct vfp_err *err)
{
	char words[256];

	if (lease->state == VFP_LEASE_PREPARING &&
	    is_same_process(&lease->daemon, candidate->daemon))
		return 0;
	if (lease->state == VFP_LEASE_PREPARING &&
	    !vfp_proc_alive(candidate->pool->host, &lease->daemon)) {
		lease->daemon = *candidate->daemon;
		return update_lease(candidate->pool, lease, "lease",
				    "asked for again, and who asked before is gone", err);
	}
	if (lease->qemu.pid <= 0)
		return refuse_held(candidate, lease, err);
	candidate->refusal->ask = candidate->ask; /* another VF would not do: it has this one */
	vfp_lease_format(candidate->pool->host, lease, words, sizeof(words));
	return vfp_fail(err, EBUSY, "%s, and its QEMU of before, process %d, is not gone yet",
			words, (int)lease->qemu.pid);
}

/* 1: the domain holds the VF already; 0: nobody holds it. */
static int check_holder(struct candidate *candidate, struct vfp_lease *ret_lease,
			struct vfp_err *err)
{
	const struct vfp_ask *ask = candidate->ask;
	struct vfp_lease lease;
	char vf[VFP_VF_SIZE];
	int rc = vfp_book_lease_of(candidate->pool, &ask->vf, &lease, err);

	if (rc == 0) {
		/* A lease that the port still has on another VF stands in the way, too. */
		rc = lease_of_port(candidate->pool, candidate->row.id, &lease, err);
		if (rc <= 0)
			return rc;
	} else if (rc < 0) {
		return rc;
	}
	if (vfp_lease_is_stale(candidate->pool->host, &lease))
		return vfp_fail(
			err, EUCLEAN,
			"VF %s: the lease of %s is stale and its VF not yet scrubbed; see: vfpool vf "
			"scrub %s",
			vfp_vf_format(&lease.vf, vf), lease.owner.name, vf);
	if (strcmp(lease.owner.uuid, candidate->owner->uuid) != 0 ||
	    !vfp_mac_equal(&lease.mac, &ask->mac) || !is_same_vf(&lease.vf, &ask->vf))
		return refuse_held(candidate, &lease, err);
	rc = give_again(candidate, &lease, err);
	if (rc < 0)
		return rc;
	*ret_lease = lease;
	return 1;
}

/* Somebody else is about to start with the VF. */
static int check_claim(struct candidate *candidate, struct vfp_err *err)
{
	const struct vfp_ask *ask = candidate->ask;
	vfp_autofree struct vfp_port_row *rows = NULL;
	char vf[VFP_VF_SIZE];
	size_t n;
	int rc = vfp_book_claims(candidate->pool, &rows, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!is_same_vf(&rows[i].port.vf, &ask->vf) ||
		    !strcmp(rows[i].port.owner.uuid, candidate->owner->uuid))
			continue;
		candidate->refusal->is_held = true;
		vfp_copy(candidate->refusal->pool, VFP_NAME_SIZE, candidate->group.pool);
		return refuse(candidate,
			      vfp_fail(err, EBUSY,
				       "VF %s is claimed for %s, which is about to start",
				       vfp_vf_format(&ask->vf, vf), rows[i].port.owner.name));
	}
	return rc;
}

static int check_state(struct candidate *candidate, struct vfp_err *err)
{
	struct vfp_vf_state state;
	char vf[VFP_VF_SIZE];
	int rc = vfp_pool_vf_state(candidate->pool, &candidate->ask->vf, &state, err);

	vfp_vf_format(&candidate->ask->vf, vf);
	if (rc < 0)
		return rc;
	if (state.is_faulty)
		return refuse(candidate,
			      vfp_fail(err, EPERM, "VF %s is faulty: %s; see: vfpool vf scrub %s",
				       vf, state.reason, vf));
	if (state.is_held)
		return refuse(candidate,
			      vfp_fail(err, EPERM,
				       "VF %s is held for the host: %s; see: vfpool vf unhold %s",
				       vf, state.reason, vf));
	if (state.is_dirty)
		return vfp_fail(err, EUCLEAN,
				"VF %s is not scrubbed since its last guest; see: vfpool vf "
				"scrub %s",
				vf, vf);
	return 0;
}

static int lease_one(struct candidate *candidate, struct vfp_lease *ret_lease, struct vfp_err *err)
{
	struct vfp_lease lease = {
		.owner = *candidate->owner,
		.mac = candidate->ask->mac,
		.vf = candidate->ask->vf,
		.state = VFP_LEASE_PREPARING,
		.daemon = *candidate->daemon,
	};
	int rc = check_port(candidate, err);

	if (rc < 0)
		return rc;
	set_memory(&lease, candidate->ask->footprint);
	rc = check_holder(candidate, ret_lease, err);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = check_claim(candidate, err);
	if (rc == 0)
		rc = check_state(candidate, err);
	if (rc < 0)
		return rc;
	rc = insert_lease(candidate->pool, &lease, &candidate->row, ret_lease, err);
	if (rc < 0)
		return rc;
	return vfp_book_note(
		candidate->pool, "lease",
		&(struct vfp_about){&lease.owner, &lease.mac, &lease.vf, candidate->group.pool},
		err, "port group %s", candidate->group.portgroup.name);
}

/* After the transaction, since it looks at the whole pool: is another VF free, or none?  Adds to
 * the words who holds the VF, and gives the code that says the same. */
static int explain_held(struct vfp_pool *pool, const struct vfp_owner *owner,
			const struct refusal *refusal, struct vfp_err *err)
{
	vfp_autofree struct vfp_member *members = NULL;
	vfp_autofree enum vfp_unfit *unfit = NULL;
	const struct vfp_choice choice = {.uuid = owner->uuid};
	const struct vfp_err held = *err;
	char count[128], list[256];
	size_t n;

	if (vfp_inventory_read(pool, refusal->pool, true, &members, &n, NULL) < 0)
		return -EBUSY; /* the words that are there do */
	unfit = vfp_alloc(n, sizeof(*unfit));
	if (vfp_choose(members, n, &choice, unfit) >= 0)
		return vfp_fail(
			err, EBUSY,
			"%s; another VF is free: run 'vfpool domain bind %s' or start again",
			held.msg, owner->name);
	return vfp_fail(
		err, ENOSPC, "no free VF in pool %s (%s); see: vfpool vf list --pool %s; %s; %s",
		refusal->pool, vfp_choose_count(unfit, n, count, sizeof(count)), refusal->pool,
		held.msg, vfp_choose_list(members, unfit, n, list, sizeof(list)));
}

/* --- Taking note of what is ------------------------------------------------------------------- */

/* The book has the domain as the holder: it stays so, with what is known by now. */
static int adopt_leased(struct vfp_pool *pool, const struct vfp_lease *lease,
			const struct vfp_owner *owner, const struct vfp_process *daemon,
			const struct vfp_process *qemu, struct vfp_err *err)
{
	struct vfp_lease now = *lease;
	char words[256];

	if (strcmp(lease->owner.uuid, owner->uuid) != 0)
		return vfp_fail(err, EBUSY, "domain %s cannot have it: %s", owner->name,
				vfp_lease_format(pool->host, lease, words, sizeof(words)));
	now.owner = *owner;
	now.state = *lease->portgroup ? VFP_LEASE_ACTIVE : VFP_LEASE_FOREIGN;
	now.daemon = *daemon;
	now.qemu = *qemu;
	if (now.state == lease->state && !strcmp(now.owner.name, lease->owner.name) &&
	    is_same_process(&now.daemon, &lease->daemon) &&
	    is_same_process(&now.qemu, &lease->qemu))
		return 0;
	return update_lease(pool, &now, "adopt", "seen with its domain", err);
}

static int adopt_unleased(struct vfp_pool *pool, const struct vfp_owner *owner,
			  const struct vfp_ask *ask, const struct vfp_process *daemon,
			  const struct vfp_process *qemu, struct vfp_err *err)
{
	struct vfp_lease lease = {
		.owner = *owner,
		.mac = ask->mac,
		.vf = ask->vf,
		.state = VFP_LEASE_ACTIVE,
		.daemon = *daemon,
		.qemu = *qemu,
	};
	struct vfp_port_row row = {0};
	struct vfp_lease other;
	char words[256];
	int rc = vfp_book_port_of_mac(pool, &ask->mac, &row, err);

	if (rc < 0)
		return rc;
	set_memory(&lease, ask->footprint);
	if (rc == 0 || strcmp(row.port.owner.uuid, owner->uuid) != 0) {
		lease.state = VFP_LEASE_FOREIGN;
		rc = insert_lease(pool, &lease, NULL, NULL, err);
	} else {
		rc = lease_of_port(pool, row.id, &other, err);
		if (rc > 0)
			return vfp_fail(err, EBUSY, "the port has another VF by our book: %s",
					vfp_lease_format(pool->host, &other, words, sizeof(words)));
		if (rc == 0)
			rc = insert_lease(pool, &lease, &row, NULL, err);
	}
	if (rc < 0)
		return rc;
	return vfp_book_note(pool, lease.state == VFP_LEASE_FOREIGN ? "foreign" : "adopt",
			     &(struct vfp_about){owner, &ask->mac, &ask->vf, row.port.pool}, err,
			     "seen with its domain, QEMU %d", (int)qemu->pid);
}

/* --- The book --------------------------------------------------------------------------------- */

static bool is_same_process(const struct vfp_process *a, const struct vfp_process *b)
{
	return a->pid == b->pid && a->start == b->start;
}

static int lease_of_port(struct vfp_pool *pool, int64_t port_id, struct vfp_lease *ret,
			 struct vfp_err *err)
{
	return get_one(pool, VFP_SQL_LEASE_OF_PORT,
		       VFP_VALUES(VFP_TEXT(pool->boot_id), VFP_NUMBER(port_id)), ret, err);
}

static int get_lease(struct vfp_pool *pool, int64_t generation, struct vfp_lease *ret,
		     struct vfp_err *err)
{
	int rc = vfp_db_row(pool->db, VFP_SQL_LEASE_GET,
			    VFP_VALUES(VFP_TEXT(pool->boot_id), VFP_NUMBER(generation)),
			    &lease_shape, ret, err);

	if (rc > 0)
		complete(ret);
	return rc;
}

/* @row NULL: there is no port.  @ret_lease: NULL, or the lease as it was written. */
static int insert_lease(struct vfp_pool *pool, const struct vfp_lease *lease,
			const struct vfp_port_row *row, struct vfp_lease *ret_lease,
			struct vfp_err *err)
{
	const struct vfp_value none = VFP_TEXT(NULL);
	const struct vfp_value dev = VFP_TEXT(lease->vf.pf), index = VFP_NUMBER(lease->vf.index);
	int64_t generation;
	int rc = vfp_book_vf_put(pool, &lease->vf, err);

	if (rc < 0)
		return rc;
	rc = vfp_db_insert(pool->db, VFP_SQL_LEASE_INSERT,
			   VFP_VALUES(VFP_TEXT(lease->owner.uuid), VFP_TEXT(lease->owner.name),
				      VFP_MAC(&lease->mac), row ? VFP_NUMBER(row->id) : none,
				      row ? VFP_TEXT(row->port.pool) : none,
				      row ? VFP_TEXT(row->port.portgroup) : none, dev, index,
				      VFP_WORD(vfp_lease_state_words, lease->state),
				      VFP_TEXT(pool->boot_id), VFP_NUMBER(lease->daemon.pid),
				      VFP_NUMBER(lease->daemon.start), VFP_NUMBER(lease->qemu.pid),
				      VFP_NUMBER(lease->qemu.start),
				      VFP_NUMBER(pool->host->kernel->now_ms()),
				      VFP_NUMBER(lease->locked_kib), VFP_NUMBER(lease->huge_kib)),
			   &generation, err);
	if (rc < 0)
		return rc;
	if (row)
		rc = vfp_db_run(pool->db, VFP_SQL_PORT_LEASED,
				VFP_VALUES(VFP_NUMBER(row->id), dev, index), NULL, err);
	if (rc < 0 || !ret_lease)
		return rc;
	rc = get_lease(pool, generation, ret_lease, err);
	assert(rc != 0);
	return rc < 0 ? rc : 0;
}

/* Writes state, name and processes of a lease, with its journal line. */
static int update_lease(struct vfp_pool *pool, const struct vfp_lease *lease, const char *event,
			const char *text, struct vfp_err *err)
{
	const struct vfp_about about = about_lease(lease);
	int rc = vfp_db_run(pool->db, VFP_SQL_LEASE_UPDATE,
			    VFP_VALUES(VFP_NUMBER(lease->generation),
				       VFP_WORD(vfp_lease_state_words, lease->state),
				       VFP_TEXT(lease->owner.name), VFP_NUMBER(lease->daemon.pid),
				       VFP_NUMBER(lease->daemon.start), VFP_NUMBER(lease->qemu.pid),
				       VFP_NUMBER(lease->qemu.start)),
			    NULL, err);

	if (rc < 0)
		return rc;
	return vfp_book_note(pool, event, &about, err, "%s", text);
}

/* The VF is clean or faulty by now, else the schema refuses this. */
static int end_lease(struct vfp_pool *pool, const struct vfp_lease *lease, const char *event,
		     const char *why, struct vfp_err *err)
{
	const struct vfp_about about = about_lease(lease);
	int rc = vfp_db_run(pool->db, VFP_SQL_LEASE_DELETE,
			    VFP_VALUES(VFP_NUMBER(lease->generation)), NULL, err);

	if (rc < 0)
		return rc;
	return vfp_book_note(pool, event, &about, err, "%s", why);
}

static struct vfp_about about_lease(const struct vfp_lease *lease)
{
	return (struct vfp_about){&lease->owner, &lease->mac, &lease->vf, lease->pool};
}
