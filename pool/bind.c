/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bindings: which VF a domain's definition points at, and which MAC its NIC has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/variant.h"
#include "pool/book.h"
#include "pool/choose.h"
#include "pool/hostview.h"

#define MAC_SPACE 0x1000000u /* what an OUI leaves */

/* One want on its way to a binding. */
struct nic {
	const struct vfp_want *want;
	struct vfp_mac mac;
	struct vfp_group group;
	struct vfp_port_row row; /* its port, when it has one already */
	bool is_known;
	struct vfp_member *members; /* of its pool */
	size_t n_members;
	struct vfp_member *chosen; /* NULL not yet */
	bool is_shared;		   /* with whoever has it now */
	bool is_leased;		   /* a claim of what the domain has */
};

/* What a binding is made from.  Host and members are read before the transaction, the rest within
 * it. */
struct plan {
	struct vfp_pool *pool;
	const struct vfp_request *request;
	const struct vfp_owner *owner;
	struct nic *nics;
	size_t n;
	struct vfp_member *members; /* of all pools */
	size_t n_members;
	const struct vfp_host_view *view;
	struct vfp_host_view own;  /* where no group has one; without its members */
	struct vfp_port_row *rows; /* the domain's ports, as they were */
	size_t n_rows;
	struct vfp_vf *taken;	     /* by those of its NICs that are done */
	size_t n_elsewhere, n_taken; /* the first so many are of NICs that a claim is not about */
	bool knows_holders;	     /* the members' used_by is read */
};

static void free_plan(struct plan *plan);
VFP_DEFINE_AUTO(plan, struct plan *, free_plan)

static int read_host(struct plan *plan, bool makes_macs, struct vfp_err *err);
static int make_mac(struct plan *plan, struct nic *nic, size_t place, struct vfp_err *err);
static int find_ports(struct plan *plan, struct vfp_err *err);
static int find_leases(struct plan *plan, struct vfp_err *err);
static int choose_unused(struct plan *plan, struct vfp_err *err);
static int look_for_users(struct plan *plan, struct vfp_err *err);
static int check_kernel(struct plan *plan, struct vfp_err *err);
static int write_all(struct plan *plan, struct vfp_err *err);
static int drop_others(struct plan *plan, struct vfp_err *err);
static const struct vfp_attrs *attrs_of(const struct nic *nic);
static struct vfp_binding binding_of(const struct vfp_host *host, const struct nic *nic);

int vfp_pool_bind(struct vfp_pool *pool, const struct vfp_owner *owner,
		  const struct vfp_want *wants, size_t n, const char *numa_nodes,
		  struct vfp_binding *ret_bindings, struct vfp_err *err)
{
	const struct vfp_request request = {
		.owner = owner, .wants = wants, .n = n, .numa_nodes = numa_nodes};
	vfp_autofree struct vfp_grant *grants = vfp_alloc(n, sizeof(*grants));
	int rc = vfp_book_grant(pool, &request, grants, err);

	for (size_t i = 0; rc == 0 && i < n; i++)
		ret_bindings[i] = grants[i].binding;
	return rc;
}

int vfp_book_grant(struct vfp_pool *pool, const struct vfp_request *request,
		   struct vfp_grant *ret_grants, struct vfp_err *err)
{
	struct plan made = {
		.pool = pool,
		.request = request,
		.owner = request->owner,
		.nics = vfp_alloc(request->n, sizeof(struct nic)),
		.n = request->n,
	};
	vfp_auto(plan) plan = &made;
	vfp_auto(db_transaction) change = NULL;
	int (*const steps[])(struct plan *, struct vfp_err *) = {
		find_ports, find_leases, choose_unused, check_kernel, drop_others, write_all,
	};
	bool makes_macs = false;
	int rc;

	for (size_t i = 0; i < plan->n; i++) {
		plan->nics[i].want = &request->wants[i];
		makes_macs = makes_macs || vfp_mac_is_none(&request->wants[i].mac);
	}
	rc = read_host(plan, makes_macs, err);
	if (rc < 0)
		return rc;
	rc = vfp_book_begin(pool, &change, err);
	if (rc == 0)
		rc = vfp_book_end_claims(pool, NULL, err);
	for (size_t i = 0; rc == 0 && i < VFP_N(steps); i++)
		rc = steps[i](plan, err);
	if (rc < 0)
		return rc;
	rc = vfp_db_commit(&change, err);
	for (size_t i = 0; rc == 0 && i < plan->n; i++)
		ret_grants[i] = (struct vfp_grant){
			.binding = binding_of(vfp_pool_host(pool), &plan->nics[i]),
			.numa_node = plan->nics[i].chosen->numa_node,
			.is_leased = plan->nics[i].is_leased,
			.trust = attrs_of(&plan->nics[i])->trust,
		};
	return rc;
}

int vfp_pool_make_mac(struct vfp_pool *pool, const char *uuid, size_t place,
		      struct vfp_mac *ret_mac, struct vfp_err *err)
{
	struct vfp_owner owner = {.uuid = ""};
	struct plan made = {.pool = pool, .owner = &owner};
	vfp_auto(plan) plan = &made;
	vfp_auto(db_transaction) view = NULL;
	struct nic nic = {.want = NULL};
	int rc = read_host(plan, true, err);

	vfp_copy(owner.uuid, sizeof(owner.uuid), uuid);
	if (rc == 0)
		rc = vfp_db_begin_read(pool->db, &view, err);
	if (rc == 0)
		rc = vfp_inventory_join(pool, plan->members, plan->n_members, err);
	/* A port that the domain has already is another NIC of it. */
	for (bool is_new = false; rc == 0 && !is_new; place++) {
		nic = (struct nic){.want = NULL};
		rc = make_mac(plan, &nic, place, err);
		is_new = !nic.is_known;
	}
	if (rc == 0)
		*ret_mac = nic.mac;
	return rc;
}

/* --- Before the transaction: the host --------------------------------------------------------- */

/* Within a group the host was looked at before it began. */
static int read_host(struct plan *plan, bool makes_macs, struct vfp_err *err)
{
	const struct vfp_host_view *groups = plan->pool->view;
	int rc;

	if (groups) {
		plan->view = groups;
		plan->members = vfp_inventory_copy(groups->members, groups->n_members);
		plan->n_members = groups->n_members;
		return 0;
	}
	rc = vfp_host_view_read(plan->pool, makes_macs, &plan->own, err);
	if (rc < 0)
		return rc;
	plan->view = &plan->own;
	plan->members = VFP_TAKE(plan->own.members);
	plan->n_members = plan->own.n_members;
	return 0;
}

static bool is_carried(const struct plan *plan, const struct vfp_mac *mac)
{
	for (size_t i = 0; i < plan->view->n_carried; i++)
		if (vfp_mac_equal(&plan->view->carried[i], mac))
			return true;
	return false;
}

/* --- The ports: pool, port group, MAC --------------------------------------------------------- */

static int check_mac_of_host(const struct plan *plan, const struct vfp_mac *mac,
			     struct vfp_err *err)
{
	char text[VFP_MAC_SIZE], vf[VFP_VF_SIZE];

	for (size_t i = 0; i < plan->view->n_macs; i++)
		if (vfp_mac_equal(&plan->view->macs[i].mac, mac))
			return vfp_fail(err, EEXIST, "MAC %s: network device %s of the host has it",
					vfp_mac_format(mac, text), plan->view->macs[i].dev);
	for (size_t i = 0; i < plan->n_members; i++) {
		const struct vfp_member *member = &plan->members[i];

		if (member->is_leased && vfp_mac_equal(&member->more->lease.mac, mac))
			return vfp_fail(err, EEXIST, "MAC %s: domain %s has it on VF %s",
					vfp_mac_format(mac, text), member->more->lease.owner.name,
					vfp_vf_format(&member->vf, vf));
	}
	return 0;
}

/* Looks the NIC's port up by its MAC.  A port that exists was checked when it was made. */
static int find_port(struct plan *plan, struct nic *nic, struct vfp_err *err)
{
	char text[VFP_MAC_SIZE];
	int rc = vfp_book_port_of_mac(plan->pool, &nic->mac, &nic->row, err);

	if (rc < 0)
		return rc;
	if (rc == 0)
		return check_mac_of_host(plan, &nic->mac, err);
	if (strcmp(nic->row.port.owner.uuid, plan->owner->uuid) != 0)
		return vfp_fail(err, EEXIST,
				"MAC %s: is on a port of domain %s; see: vfpool domain list",
				vfp_mac_format(&nic->mac, text), nic->row.port.owner.name);
	nic->is_known = true;
	return 0;
}

static bool has_mac(const struct plan *plan, const struct vfp_mac *mac, const struct nic *but)
{
	for (size_t i = 0; i < plan->n; i++)
		if (&plan->nics[i] != but && vfp_mac_equal(&plan->nics[i].mac, mac))
			return true;
	return false;
}

/* FNV-1a, 64 bits (draft-eastlake-fnv): the same domain and place give the same MAC again. */
static uint32_t hash(const char *uuid, size_t place)
{
	vfp_autofree char *text = vfp_format("%s %zu", uuid, place);
	uint64_t value = UINT64_C(0xcbf29ce484222325);

	for (const char *c = text; *c; c++)
		value = (value ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	return (uint32_t)(value ^ value >> 24 ^ value >> 48) & (MAC_SPACE - 1);
}

/* Whether the NIC can have it: the domain's own port of before, or nobody's.  -EEXIST: no. */
static int try_mac(struct plan *plan, struct nic *nic, const struct vfp_mac *mac,
		   struct vfp_err *err)
{
	int rc;

	if (has_mac(plan, mac, nic))
		return -EEXIST;
	nic->mac = *mac;
	rc = find_port(plan, nic, err);
	if (rc == 0 && !nic->is_known && is_carried(plan, mac))
		return -EEXIST;
	return rc;
}

/* A MAC for the NIC at @place, which has none: the OUI, a hash, and from there on the first one
 * that is free.  The one that the same call gave before is the domain's own port, and is given
 * again. */
static int make_mac(struct plan *plan, struct nic *nic, size_t place, struct vfp_err *err)
{
	const uint8_t oui[] = {(uint8_t)(plan->view->oui >> 16), (uint8_t)(plan->view->oui >> 8),
			       (uint8_t)plan->view->oui};
	uint32_t value = hash(plan->owner->uuid, place);

	for (uint32_t tries = 0; tries < MAC_SPACE;
	     tries++, value = (value + 1) & (MAC_SPACE - 1)) {
		const struct vfp_mac mac = {{oui[0], oui[1], oui[2], (uint8_t)(value >> 16),
					     (uint8_t)(value >> 8), (uint8_t)value}};
		int rc = try_mac(plan, nic, &mac, err);

		if (rc != -EEXIST)
			return rc;
	}
	return vfp_fail(err, ENOSPC, "no MAC of %02x:%02x:%02x is free", oui[0], oui[1], oui[2]);
}

static void find_members(struct plan *plan, struct nic *nic)
{
	for (size_t i = 0; i < plan->n_members; i++) {
		if (strcmp(plan->members[i].pool, nic->group.pool) != 0)
			continue;
		if (!nic->members)
			nic->members = &plan->members[i];
		nic->n_members++;
	}
}

/* For a NIC that has none: of a claim the domain's NICs on that network, of a definition those that
 * are claimed; where there is none, one is made. */
static int find_mac(struct plan *plan, struct nic *nic, size_t place, struct vfp_err *err)
{
	const bool is_claim = plan->request->claim_until_ms;
	int rc;

	for (size_t i = 0; i < plan->n_rows; i++) {
		const struct vfp_port *port = &plan->rows[i].port;

		if ((is_claim || port->claimed_until_ms) && !has_mac(plan, &port->mac, nic) &&
		    !strcmp(port->pool, nic->group.pool) &&
		    !strcmp(port->portgroup, nic->group.portgroup.name))
			return try_mac(plan, nic, &port->mac, err);
	}
	rc = make_mac(plan, nic, place, err);
	/* A claim is not all of the domain: its NICs on other networks stay there. */
	while (rc == 0 && is_claim && nic->is_known) {
		nic->is_known = false;
		rc = make_mac(plan, nic, ++place, err);
	}
	return rc;
}

static int find_ports(struct plan *plan, struct vfp_err *err)
{
	char text[VFP_MAC_SIZE];
	int rc = vfp_inventory_join(plan->pool, plan->members, plan->n_members, err);

	if (rc == 0)
		rc = vfp_book_ports(plan->pool, plan->owner->uuid, &plan->rows, &plan->n_rows, err);
	for (size_t i = 0; rc == 0 && i < plan->n; i++) {
		struct nic *nic = &plan->nics[i];

		rc = vfp_book_group(plan->pool, nic->want->pool, nic->want->portgroup, &nic->group,
				    err);
		if (rc == 0)
			find_members(plan, nic);
		if (rc < 0 || vfp_mac_is_none(&nic->want->mac))
			continue;
		nic->mac = nic->want->mac;
		rc = vfp_mac_check(&nic->mac, err);
		if (rc == 0 && has_mac(plan, &nic->mac, nic))
			rc = vfp_fail(err, EEXIST, "MAC %s: two NICs of domain %s have it",
				      vfp_mac_format(&nic->mac, text), plan->owner->name);
		if (rc == 0)
			rc = find_port(plan, nic, err);
	}
	/* When all MACs that the definition has are known, those that it lacks are made. */
	for (size_t i = 0; rc == 0 && i < plan->n; i++)
		if (vfp_mac_is_none(&plan->nics[i].want->mac))
			rc = find_mac(plan, &plan->nics[i], i, err);
	return rc;
}

/* --- What the domain has already -------------------------------------------------------------- */

static struct vfp_member *find_member(struct vfp_member *members, size_t n, const struct vfp_vf *vf)
{
	for (size_t i = 0; i < n; i++)
		if (members[i].vf.index == vf->index && !strcmp(members[i].vf.pf, vf->pf))
			return &members[i];
	return NULL;
}

/* A claim of what the domain has is answered with it. */
static int find_lease(struct plan *plan, struct nic *nic, const struct vfp_lease *lease,
		      struct vfp_err *err)
{
	char words[256];

	if (!vfp_mac_equal(&lease->mac, &nic->mac) ||
	    (lease->state != VFP_LEASE_PREPARING && lease->state != VFP_LEASE_ACTIVE))
		return 0;
	nic->chosen = find_member(nic->members, nic->n_members, &lease->vf);
	nic->is_leased = true;
	if (nic->chosen && !strcmp(lease->portgroup, nic->group.portgroup.name))
		return 0;
	return vfp_fail(err, EBUSY, "the domain runs, in port group %s of pool %s: %s",
			lease->portgroup, lease->pool,
			vfp_lease_format(plan->pool->host, lease, words, sizeof(words)));
}

static int find_leases(struct plan *plan, struct vfp_err *err)
{
	vfp_autofree struct vfp_lease *leases = NULL;
	size_t n = 0;
	int rc = 0;

	plan->taken = vfp_alloc(plan->n + plan->n_rows, sizeof(*plan->taken));
	if (!plan->request->claim_until_ms)
		return 0;
	rc = vfp_book_leases(plan->pool, plan->owner->uuid, &leases, &n, err);
	for (size_t i = 0; rc == 0 && i < plan->n; i++)
		for (size_t j = 0; rc == 0 && j < n; j++)
			rc = find_lease(plan, &plan->nics[i], &leases[j], err);
	/* NICs that are not asked for keep what they are bound to. */
	for (size_t i = 0; rc == 0 && i < plan->n_rows; i++)
		if (*plan->rows[i].port.vf.pf && !has_mac(plan, &plan->rows[i].port.mac, NULL))
			plan->taken[plan->n_elsewhere++] = plan->rows[i].port.vf;
	return rc;
}

/* --- The VFs ---------------------------------------------------------------------------------- */

static void take(struct plan *plan, struct nic *nic, struct vfp_member *member)
{
	nic->chosen = member;
	member->n_bound++;
	plan->taken[plan->n_taken++] = member->vf;
}

/* Whether the port's binding is usable as it is.  Without need no definition is changed. */
static bool can_keep(const struct plan *plan, const struct vfp_member *member, bool with_link)
{
	if (!member || !vfp_may_stay(member, plan->owner->uuid, with_link))
		return false;
	for (size_t i = 0; i < plan->n_taken; i++)
		if (member->vf.index == plan->taken[i].index &&
		    !strcmp(member->vf.pf, plan->taken[i].pf))
			return false;
	return true;
}

static bool keep(struct plan *plan, struct nic *nic, bool with_link)
{
	struct vfp_member *member = find_member(nic->members, nic->n_members, &nic->row.port.vf);

	if (!nic->is_known || !can_keep(plan, member, with_link))
		return false;
	take(plan, nic, member);
	return true;
}

/* Words for a NIC whose VF is given by its user, and cannot be had. */
static int refuse_pinned(const struct plan *plan, const struct nic *nic,
			 const enum vfp_unfit *unfit, struct vfp_err *err)
{
	const struct vfp_port *port = &nic->row.port;
	const struct vfp_member *member = find_member(nic->members, nic->n_members, &port->vf);
	char vf[VFP_VF_SIZE], mac[VFP_MAC_SIZE], why[320] = "not there";

	if (member)
		vfp_unfit_format(member, unfit[member - nic->members], why, sizeof(why));
	return vfp_fail(err, ENOSPC,
			"no usable VF in pool %s for NIC %zu of %s: it is pinned to %s (%s); "
			"see: vfpool domain pin %s --mac %s --vf auto",
			nic->group.pool, (size_t)(nic - plan->nics) + 1, plan->owner->name,
			vfp_vf_format(&port->vf, vf), why, plan->owner->name,
			vfp_mac_format(&port->mac, mac));
}

/* Words for a claim of more than there is. */
static int refuse_claim(const struct plan *plan, const struct nic *nic, const enum vfp_unfit *unfit,
			struct vfp_err *err)
{
	size_t n_free = 0, n_asked = 0;
	char words[320];

	for (size_t i = 0; i < plan->n; i++) {
		n_asked += !strcmp(plan->nics[i].group.pool, nic->group.pool);
		n_free += plan->nics[i].chosen && !plan->nics[i].is_leased &&
			  !strcmp(plan->nics[i].group.pool, nic->group.pool);
	}
	return vfp_fail(
		err, ENOSPC, "pool %s has %zu VFs for domain %s, and %zu were asked for; %s",
		nic->group.pool, n_free, plan->owner->name, n_asked,
		vfp_choose_explain(nic->members, unfit, nic->n_members, words, sizeof(words)));
}

static int choose_one(struct plan *plan, struct nic *nic, struct vfp_err *err)
{
	const struct vfp_port *port = &nic->row.port;
	const bool is_claim = plan->request->claim_until_ms;
	const struct vfp_choice choice = {
		.policy = nic->group.policy,
		.numa = nic->group.numa,
		.numa_nodes = plan->request->numa_nodes,
		.pinned = port->is_pinned ? port->vf : (struct vfp_vf){.pf = ""},
		.last = *nic->row.last.pf ? nic->row.last : port->vf,
		.uuid = plan->owner->uuid,
		.mac = &nic->mac,
		.taken = plan->taken,
		.n_taken = plan->n_taken,
		.may_share = !is_claim,
		.may_scrub = is_claim,
	};
	vfp_autofree enum vfp_unfit *unfit = vfp_alloc(nic->n_members, sizeof(*unfit));
	ssize_t place = vfp_choose(nic->members, nic->n_members, &choice, unfit);
	char words[384];

	/* Where no PF has a link the definition waits as it is. */
	if (place < 0 && !is_claim && keep(plan, nic, false))
		return 0;
	if (place < 0 && is_claim && !port->is_pinned)
		return refuse_claim(plan, nic, unfit, err);
	if (place < 0 && port->is_pinned)
		return refuse_pinned(plan, nic, unfit, err);
	if (place < 0)
		return vfp_fail(err, ENOSPC, "no usable VF in pool %s for NIC %zu of %s; %s",
				nic->group.pool, (size_t)(nic - plan->nics) + 1, plan->owner->name,
				vfp_choose_explain(nic->members, unfit, nic->n_members, words,
						   sizeof(words)));
	take(plan, nic, &nic->members[place]);
	nic->is_shared = unfit[place] != VFP_FIT && unfit[place] != VFP_UNFIT_DIRTY;
	return 0;
}

static void let_go(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		if (plan->nics[i].is_leased || !plan->nics[i].chosen)
			continue;
		plan->nics[i].chosen->n_bound--;
		plan->nics[i].chosen = NULL;
	}
	plan->n_taken = plan->n_elsewhere;
}

static int choose_all(struct plan *plan, struct vfp_err *err)
{
	int rc = 0;

	/* The NICs that keep their VF come first, or another NIC of the domain could choose it. */
	for (size_t i = 0; i < plan->n; i++)
		if (!plan->nics[i].chosen)
			keep(plan, &plan->nics[i], true);
	for (size_t i = 0; rc == 0 && i < plan->n; i++)
		if (!plan->nics[i].chosen)
			rc = choose_one(plan, &plan->nics[i], err);
	return rc;
}

/* The kernel is asked about the chosen VFs alone; only where one of them turns out to be in use is
 * it worth a walk over all processes. */
static int choose_unused(struct plan *plan, struct vfp_err *err)
{
	int rc;

	/* What the domain itself is bound to shall not stand in its own way. */
	for (size_t i = 0; i < plan->n_rows; i++) {
		struct vfp_member *member =
			find_member(plan->members, plan->n_members, &plan->rows[i].port.vf);

		if (member)
			member->n_bound--;
	}
	do {
		let_go(plan);
		rc = choose_all(plan, err);
		if (rc == 0)
			rc = look_for_users(plan, err);
	} while (rc > 0);
	return rc;
}

/* 1: the VF has a user that nobody knew of, and member->more->used_by names it. */
static int look_for_user(struct plan *plan, struct vfp_member *member, struct vfp_err *err)
{
	const struct vfp_host *host = plan->pool->host;
	bool is_busy = false;
	int rc;

	if (member->is_leased || member->is_used || member->info.iommu_group < 0)
		return 0;
	/* Nobody of ours is opening it at this moment: a lease comes first, and this is within the
	 * book's transaction. */
	rc = host->kernel->vfio_busy(host, member->info.iommu_group, &is_busy, NULL);
	if (rc == 0 && !is_busy)
		return 0;
	rc = plan->knows_holders
		     ? 0
		     : vfp_inventory_holders(plan->pool, plan->members, plan->n_members, err);
	if (rc < 0)
		return rc;
	plan->knows_holders = true;
	if (is_busy && !member->is_used)
		vfp_copy(member->more->used_by, sizeof(member->more->used_by),
			 "a process out of sight");
	member->is_used |= is_busy;
	return member->is_used;
}

static int look_for_users(struct plan *plan, struct vfp_err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < plan->n; i++)
		rc = look_for_user(plan, plan->nics[i].chosen, err);
	return rc;
}

/* --- What the kernel says of the MACs --------------------------------------------------------- */

/* Whether VF @index may carry @mac: it is the one that was chosen, or one that the port has a lease
 * on. */
static bool may_carry(const struct plan *plan, const struct nic *nic, unsigned int index)
{
	const struct vfp_vf vf = {.index = index};
	struct vfp_vf named = vf;
	const struct vfp_member *member;

	if (nic->chosen->vf.index == index)
		return true;
	memcpy(named.pf, nic->chosen->vf.pf, sizeof(named.pf));
	member = find_member(plan->members, plan->n_members, &named);
	return member && member->is_leased && vfp_mac_equal(&member->more->lease.mac, &nic->mac) &&
	       !strcmp(member->more->lease.owner.uuid, plan->owner->uuid);
}

/* @attrs: of all VFs of the PF that @nic was given a VF of. */
static int check_attrs(const struct plan *plan, const struct nic *nic,
		       const struct vfp_attrs *attrs, size_t n, struct vfp_err *err)
{
	struct vfp_vf vf = nic->chosen->vf;
	char words[512];

	for (vf.index = 0; vf.index < n; vf.index++)
		if (vfp_mac_equal(&attrs[vf.index].mac, &nic->mac) &&
		    !may_carry(plan, nic, vf.index))
			return vfp_fail(
				err, EEXIST, "%s",
				vfp_book_carrier(plan->pool, &vf, &nic->mac, words, sizeof(words)));
	return 0;
}

/* One dump for each PF that a NIC with a new MAC was given a VF of.  It is made inside the
 * transaction, since only there it is known which PF that is; a dump takes milliseconds, and
 * netlink's own limit is that of a writer's patience. */
static int check_kernel(struct plan *plan, struct vfp_err *err)
{
	const char *dumped = "";
	vfp_autofree struct vfp_attrs *attrs = NULL;
	size_t n_attrs = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < plan->n; i++) {
		const struct nic *nic = &plan->nics[i];

		if (nic->is_known)
			continue;
		if (strcmp(dumped, nic->chosen->vf.pf) != 0) {
			free(VFP_TAKE(attrs));
			rc = vfp_book_dump(plan->pool->host, nic->chosen->vf.pf, false, &attrs,
					   &n_attrs, err);
			if (rc < 0)
				return rc;
			dumped = nic->chosen->vf.pf;
		}
		rc = check_attrs(plan, nic, attrs, n_attrs, err);
	}
	return rc;
}

/* --- The book --------------------------------------------------------------------------------- */

static bool is_unchanged(const struct plan *plan, const struct nic *nic)
{
	const struct vfp_port *port = &nic->row.port;
	const struct vfp_vf *vf = &nic->chosen->vf;

	return nic->is_known && port->vf.index == vf->index && !strcmp(port->vf.pf, vf->pf) &&
	       !strcmp(port->pool, nic->group.pool) &&
	       !strcmp(port->portgroup, nic->group.portgroup.name) &&
	       !strcmp(port->owner.name, plan->owner->name);
}

/* Until when the NIC has its VF for itself.  A claim goes with its port to another VF, when that is
 * free. */
static int64_t claim_of(const struct plan *plan, const struct nic *nic)
{
	if (plan->request->claim_until_ms)
		return plan->request->claim_until_ms;
	return nic->is_known && !nic->is_shared ? nic->row.port.claimed_until_ms : 0;
}

static int write_one(struct plan *plan, struct nic *nic, struct vfp_err *err)
{
	struct vfp_pool *pool = plan->pool;
	const struct vfp_owner *owner = plan->owner;
	const struct vfp_vf *vf = &nic->chosen->vf;
	const struct vfp_value dev = VFP_TEXT(vf->pf), index = VFP_NUMBER(vf->index);
	const struct vfp_value group = VFP_NUMBER(nic->group.id);
	const int64_t until_ms = claim_of(plan, nic);
	const struct vfp_value until = VFP_NUMBER(until_ms);
	const struct vfp_value boot = VFP_TEXT(until_ms ? pool->boot_id : "");
	const struct vfp_about about = {owner, &nic->mac, vf, nic->group.pool};
	char home[VFP_NAME_SIZE];
	int rc = vfp_book_pool_of(pool, vf, home, err);

	if (rc < 0)
		return rc;
	/* The members were read before the transaction. */
	if (strcmp(home, nic->group.pool) != 0)
		return vfp_fail(err, EAGAIN, "pool %s was changed just now; try again",
				nic->group.pool);
	rc = vfp_book_vf_put(pool, vf, err);
	if (rc < 0)
		return rc;
	if (nic->is_known)
		rc = vfp_db_run(pool->db, VFP_SQL_PORT_UPDATE,
				VFP_VALUES(VFP_NUMBER(nic->row.id), VFP_TEXT(owner->name), group,
					   dev, index, until, boot),
				NULL, err);
	else
		rc = vfp_db_run(pool->db, VFP_SQL_PORT_INSERT,
				VFP_VALUES(VFP_TEXT(owner->uuid), VFP_TEXT(owner->name),
					   VFP_MAC(&nic->mac), group, dev, index,
					   VFP_NUMBER(pool->host->kernel->now_ms()), until, boot),
				NULL, err);
	if (rc == 0 && nic->is_known && nic->row.port.claimed_until_ms && !until_ms)
		rc = vfp_book_note(pool, "unclaim", &about, err,
				   "it is bound to a VF that it does not have alone");
	if (rc < 0)
		return rc;
	if (plan->request->claim_until_ms)
		return vfp_book_note(pool, "claim", &about, err, "port group %s, for %lld s",
				     nic->group.portgroup.name,
				     (long long)(until_ms - pool->host->kernel->now_ms()) / 1000);
	return vfp_book_note(pool, "bind", &about, err, "port group %s", nic->group.portgroup.name);
}

static int write_all(struct plan *plan, struct vfp_err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < plan->n; i++)
		if (!plan->nics[i].is_leased &&
		    (plan->request->claim_until_ms || !is_unchanged(plan, &plan->nics[i])))
			rc = write_one(plan, &plan->nics[i], err);
	return rc;
}

/* Ports of the domain that its definition has no more. */
static int drop_others(struct plan *plan, struct vfp_err *err)
{
	vfp_autofree struct vfp_lease *leases = NULL;
	size_t n_leases;
	int rc;

	if (plan->request->claim_until_ms)
		return 0;
	rc = vfp_book_leases(plan->pool, plan->owner->uuid, &leases, &n_leases, err);
	for (size_t i = 0; rc == 0 && i < plan->n_rows; i++) {
		const struct vfp_mac *mac = &plan->rows[i].port.mac;

		if (!has_mac(plan, mac, NULL) && !vfp_book_has_mac(leases, n_leases, mac) &&
		    !plan->rows[i].port.claimed_until_ms)
			rc = vfp_book_drop_port(plan->pool, &plan->rows[i], "unbind", err);
	}
	return rc;
}

/* What the VF has, or will have. */
static const struct vfp_attrs *attrs_of(const struct nic *nic)
{
	return nic->is_leased ? &nic->chosen->more->lease.attrs : &nic->group.portgroup.attrs;
}

static struct vfp_binding binding_of(const struct vfp_host *host, const struct nic *nic)
{
	const struct vfp_portgroup *portgroup = &nic->group.portgroup;
	struct vfp_binding binding = {
		.mac = nic->mac,
		.vf = nic->chosen->vf,
		.vlan = vfp_book_vlan(portgroup->vlan_mode, &portgroup->attrs),
		.managed = !nic->group.park,
	};

	/* A parked VF is on vfio-pci, which cannot. */
	binding.could_migrate = binding.managed && vfp_variant_exists(host, &binding.vf.pci);
	vfp_copy(binding.pool, sizeof(binding.pool), nic->group.pool);
	vfp_copy(binding.portgroup, sizeof(binding.portgroup), portgroup->name);
	return binding;
}

static void free_plan(struct plan *plan)
{
	free(plan->nics);
	free(plan->members);
	vfp_host_view_clear(&plan->own);
	free(plan->rows);
	free(plan->taken);
}
