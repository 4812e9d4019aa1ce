/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Book, host and libvirt compared.
 */
#include "pool/reconcile.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* The differences while they are found. */
struct list {
	const struct vfp_facts *facts;
	struct vfp_diff *diffs;
	size_t n;
};

static void compare_pfs(struct list *list);
static void compare_leases(struct list *list);
static void compare_lease(struct list *list, const struct vfp_seen_lease *seen);
static void compare_attrs(struct list *list, const struct vfp_seen_lease *seen);
static void compare_running(struct list *list, const struct vfp_seen_lease *seen,
			    const struct vfp_seen_domain *domain);
static void compare_live(struct list *list);
static void compare_live_nic(struct list *list, const struct vfp_seen_domain *domain,
			     const struct vfp_seen_nic *nic);
static void compare_members(struct list *list);
static void compare_ports(struct list *list);
static void compare_port(struct list *list, const struct vfp_port *port);
static void compare_definitions(struct list *list);
static void compare_defined_nic(struct list *list, const struct vfp_seen_domain *domain,
				const struct vfp_seen_nic *nic);

static struct vfp_diff *add(struct list *list, enum vfp_diff_kind kind,
			    const struct vfp_owner *owner, const struct vfp_mac *mac,
			    const struct vfp_vf *vf);
static void say(struct vfp_diff *diff, const char *expected, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static bool is_same_vf(const struct vfp_vf *a, const struct vfp_vf *b);
static const struct vfp_seen_domain *find_domain(const struct vfp_facts *facts, const char *uuid);
static const struct vfp_seen_lease *find_lease(const struct vfp_facts *facts,
					       const struct vfp_vf *vf);
static const struct vfp_seen_lease *find_lease_of(const struct vfp_facts *facts,
						  const struct vfp_port *port);
static const struct vfp_port *find_port(const struct vfp_facts *facts, const char *uuid,
					const struct vfp_mac *mac);
static const struct vfp_seen_nic *nic_on(const struct vfp_seen_nic *nics, size_t n,
					 const struct vfp_vf *vf);
static const struct vfp_seen_nic *nic_of(const struct vfp_seen_nic *nics, size_t n,
					 const struct vfp_mac *mac);
static bool has_member(const struct vfp_facts *facts, const struct vfp_vf *vf);
static bool is_with_domain(const struct vfp_facts *facts, const struct vfp_vf *vf);

static const struct kind {
	const char *word;
	enum vfp_repair repair;
} kinds[VFP_N_DIFFS] = {
	[VFP_DIFF_MEMBERS] = {"members file", VFP_REPAIR_MEMBERS},
	[VFP_DIFF_PF_GONE] = {"PF gone", VFP_REPAIR_NONE},
	[VFP_DIFF_VF_COUNT] = {"number of VFs", VFP_REPAIR_RESTORE},
	[VFP_DIFF_LEASE_STALE] = {"stale lease", VFP_REPAIR_RECLAIM},
	[VFP_DIFF_LEASE_DRAINED] = {"drained lease", VFP_REPAIR_RECLAIM},
	[VFP_DIFF_LEASE_ORPHAN] = {"QEMU without domain", VFP_REPAIR_NONE},
	[VFP_DIFF_LEASE_ELSEWHERE] = {"lease on another VF", VFP_REPAIR_TAKE_BACK},
	[VFP_DIFF_LEASE_MAC] = {"MAC of a lease", VFP_REPAIR_NONE},
	[VFP_DIFF_LEASE_NAME] = {"name in a lease", VFP_REPAIR_ADOPT},
	[VFP_DIFF_LEASE_UNFINISHED] = {"unfinished lease", VFP_REPAIR_ADOPT},
	[VFP_DIFF_LEASE_ATTRS] = {"attributes of a VF", VFP_REPAIR_APPLY},
	[VFP_DIFF_LEASE_MISSING] = {"VF without lease", VFP_REPAIR_ADOPT},
	[VFP_DIFF_LEASE_CONFLICT] = {"VF leased to another", VFP_REPAIR_NONE},
	[VFP_DIFF_IN_USE] = {"VF in foreign use", VFP_REPAIR_NONE},
	[VFP_DIFF_FAULTY] = {"faulty VF", VFP_REPAIR_RECLAIM},
	[VFP_DIFF_DIRTY] = {"dirty VF", VFP_REPAIR_RECLAIM},
	[VFP_DIFF_UNPARKED] = {"VF not parked", VFP_REPAIR_PARK},
	[VFP_DIFF_PORT_EXPIRED] = {"expired port", VFP_REPAIR_EXPIRE},
	[VFP_DIFF_PORT_GONE] = {"port without domain", VFP_REPAIR_UNBIND},
	[VFP_DIFF_PORT_LEFT] = {"port without NIC", VFP_REPAIR_BIND},
	[VFP_DIFF_PORT_NAME] = {"name of a port", VFP_REPAIR_SEEN},
	[VFP_DIFF_UNBOUND] = {"unbound NIC", VFP_REPAIR_BIND},
	[VFP_DIFF_BOUND_OTHERWISE] = {"definition's VF", VFP_REPAIR_BIND},
};

static const struct {
	const char *word;
	enum vfp_care care;
} repairs[VFP_N_REPAIRS] = {
	[VFP_REPAIR_NONE] = {"none: an administrator has to look", VFP_CARE_ADMIN},
	[VFP_REPAIR_MEMBERS] = {"write it anew", VFP_CARE_SELF},
	[VFP_REPAIR_RESTORE] = {"restore the number", VFP_CARE_ADMIN},
	[VFP_REPAIR_RECLAIM] = {"scrub and free", VFP_CARE_SELF},
	[VFP_REPAIR_TAKE_BACK] = {"take back, scrub and free", VFP_CARE_SELF},
	[VFP_REPAIR_APPLY] = {"set them again", VFP_CARE_ADMIN},
	[VFP_REPAIR_ADOPT] = {"record what is", VFP_CARE_SELF},
	[VFP_REPAIR_PARK] = {"park", VFP_CARE_ADMIN},
	[VFP_REPAIR_EXPIRE] = {"end the port", VFP_CARE_SELF},
	[VFP_REPAIR_UNBIND] = {"end the domain's ports", VFP_CARE_SETTLE},
	[VFP_REPAIR_SEEN] = {"record what is", VFP_CARE_SETTLE},
	[VFP_REPAIR_BIND] = {"bind the definition anew", VFP_CARE_SETTLE},
};

void vfp_reconcile(const struct vfp_facts *facts, struct vfp_diff **ret, size_t *ret_n)
{
	struct list list = {.facts = facts};

	if (facts->members_file)
		say(add(&list, VFP_DIFF_MEMBERS, NULL, NULL, NULL), "what the database says", "%s",
		    facts->members_file);
	compare_pfs(&list);
	compare_leases(&list);
	compare_live(&list);
	compare_members(&list);
	compare_ports(&list);
	compare_definitions(&list);
	*ret = list.diffs;
	*ret_n = list.n;
}

const char *vfp_diff_word(enum vfp_diff_kind kind)
{
	assert(kind < VFP_N_DIFFS);
	return kinds[kind].word;
}

enum vfp_repair vfp_diff_repair(enum vfp_diff_kind kind)
{
	assert(kind < VFP_N_DIFFS);
	return kinds[kind].repair;
}

enum vfp_care vfp_diff_care(enum vfp_diff_kind kind)
{
	assert(kind < VFP_N_DIFFS);
	return repairs[kinds[kind].repair].care;
}

const char *vfp_repair_word(enum vfp_repair repair)
{
	assert(repair < VFP_N_REPAIRS);
	return repairs[repair].word;
}

bool vfp_diff_equal(const struct vfp_diff *a, const struct vfp_diff *b)
{
	return a->kind == b->kind && !strcmp(a->owner.uuid, b->owner.uuid) &&
	       vfp_mac_equal(&a->mac, &b->mac) && is_same_vf(&a->vf, &b->vf) &&
	       a->generation == b->generation;
}

/* --- The host --------------------------------------------------------------------------------- */

static void compare_pfs(struct list *list)
{
	for (size_t i = 0; i < list->facts->n_pfs; i++) {
		const struct vfp_seen_pf *seen = &list->facts->pfs[i];
		char expected[32];
		struct vfp_vf pf = {0};

		vfp_copy(pf.pf, sizeof(pf.pf), seen->wanted.dev);
		snprintf(expected, sizeof(expected), "%u VFs", seen->wanted.vfs);
		if (!seen->is_present)
			say(add(list, VFP_DIFF_PF_GONE, NULL, NULL, &pf), expected,
			    "no such network card now");
		else if (seen->num_vfs != seen->wanted.vfs)
			say(add(list, VFP_DIFF_VF_COUNT, NULL, NULL, &pf), expected, "%u VFs",
			    seen->num_vfs);
	}
}

/* A VF that nobody has a lease on. */
static void compare_member(struct list *list, const struct vfp_member *member)
{
	const struct vfp_vf *vf = &member->vf;

	if (member->is_used) {
		say(add(list, VFP_DIFF_IN_USE, NULL, NULL, vf), "nobody", "%s has it",
		    member->more->used_by);
		return;
	}
	if (member->is_faulty)
		say(add(list, VFP_DIFF_FAULTY, NULL, NULL, vf), "a scrub that succeeds", "%s",
		    member->more->reason);
	else if (member->is_dirty)
		say(add(list, VFP_DIFF_DIRTY, NULL, NULL, vf), "scrubbed",
		    "not scrubbed since its last guest");
	/* One that is held for the host may be on the host's driver. */
	if (member->park && !member->is_held && strcmp(member->info.driver, "vfio-pci") != 0)
		say(add(list, VFP_DIFF_UNPARKED, NULL, NULL, vf), "driver vfio-pci", "driver %s",
		    *member->info.driver ? member->info.driver : "none");
}

static void compare_members(struct list *list)
{
	for (size_t i = 0; i < list->facts->n_members; i++) {
		const struct vfp_member *member = &list->facts->members[i];

		if (member->is_present && !find_lease(list->facts, &member->vf) &&
		    !is_with_domain(list->facts, &member->vf))
			compare_member(list, member);
	}
}

/* --- Leases ----------------------------------------------------------------------------------- */

static void compare_leases(struct list *list)
{
	for (size_t i = 0; i < list->facts->n_leases; i++)
		compare_lease(list, &list->facts->leases[i]);
}

static void compare_lease(struct list *list, const struct vfp_seen_lease *seen)
{
	const struct vfp_lease *lease = &seen->lease;
	const struct vfp_seen_domain *domain = find_domain(list->facts, lease->owner.uuid);
	const bool is_draining = lease->state == VFP_LEASE_DRAINING;

	if (seen->is_stale)
		say(add(list, is_draining ? VFP_DIFF_LEASE_DRAINED : VFP_DIFF_LEASE_STALE,
			&lease->owner, &lease->mac, &lease->vf),
		    "no lease", "%s, and its QEMU is gone",
		    vfp_word_of(vfp_lease_state_words, (int)lease->state));
	else if (*seen->attrs)
		compare_attrs(list, seen);
	else if (!list->facts->has_libvirt ||
		 (lease->state == VFP_LEASE_PREPARING && seen->has_caller))
		return;
	else if (domain && domain->is_running)
		compare_running(list, seen, domain);
	else
		say(add(list, VFP_DIFF_LEASE_ORPHAN, &lease->owner, &lease->mac, &lease->vf),
		    "a domain that runs, or no QEMU", "libvirt does not run it, QEMU %d lives",
		    (int)lease->qemu.pid);
}

static void compare_attrs(struct list *list, const struct vfp_seen_lease *seen)
{
	const struct vfp_lease *lease = &seen->lease;
	struct vfp_diff *diff =
		add(list, VFP_DIFF_LEASE_ATTRS, &lease->owner, &lease->mac, &lease->vf);
	vfp_autofree char *expected = vfp_format("as port group %s says", lease->portgroup);

	diff->generation = lease->generation;
	say(diff, expected, "%s", seen->attrs);
}

static void compare_running(struct list *list, const struct vfp_seen_lease *seen,
			    const struct vfp_seen_domain *domain)
{
	const struct vfp_lease *lease = &seen->lease;
	const struct vfp_seen_nic *nic = nic_on(domain->live, domain->n_live, &lease->vf);
	const struct vfp_seen_nic *moved = nic_of(domain->live, domain->n_live, &lease->mac);
	enum vfp_diff_kind kind = VFP_N_DIFFS;
	char vf[VFP_VF_SIZE], mac[VFP_MAC_SIZE], expected[VFP_MAC_SIZE];
	struct vfp_diff *diff;

	if (!nic)
		kind = VFP_DIFF_LEASE_ELSEWHERE;
	else if (!vfp_mac_equal(&nic->mac, &lease->mac))
		kind = VFP_DIFF_LEASE_MAC;
	else if (lease->state == VFP_LEASE_PREPARING)
		kind = VFP_DIFF_LEASE_UNFINISHED;
	else if (strcmp(domain->owner.name, lease->owner.name) != 0)
		kind = VFP_DIFF_LEASE_NAME;
	else
		return;
	diff = add(list, kind, &domain->owner, &lease->mac, &lease->vf);
	diff->generation = lease->generation;
	diff->qemu = domain->qemu;
	diff->vlan = nic ? nic->vlan : 0;
	if (kind == VFP_DIFF_LEASE_ELSEWHERE)
		say(diff, "the leased VF", "the domain has %s",
		    moved ? vfp_vf_format(&moved->vf, vf) : "no such NIC");
	else if (kind == VFP_DIFF_LEASE_MAC)
		say(diff, vfp_mac_format(&lease->mac, expected), "%s",
		    vfp_mac_format(&nic->mac, mac));
	else if (kind == VFP_DIFF_LEASE_UNFINISHED)
		say(diff, "active", "preparing, and who prepared it is gone");
	else
		say(diff, domain->owner.name, "%s", lease->owner.name);
}

/* --- What runs -------------------------------------------------------------------------------- */

static void compare_live(struct list *list)
{
	for (size_t i = 0; i < list->facts->n_domains; i++) {
		const struct vfp_seen_domain *domain = &list->facts->domains[i];

		for (size_t j = 0; domain->is_running && j < domain->n_live; j++)
			if (has_member(list->facts, &domain->live[j].vf))
				compare_live_nic(list, domain, &domain->live[j]);
	}
}

static void compare_live_nic(struct list *list, const struct vfp_seen_domain *domain,
			     const struct vfp_seen_nic *nic)
{
	const struct vfp_seen_lease *seen = find_lease(list->facts, &nic->vf);
	struct vfp_diff *diff;

	if (!seen) {
		diff = add(list, VFP_DIFF_LEASE_MISSING, &domain->owner, &nic->mac, &nic->vf);
		diff->qemu = domain->qemu;
		diff->vlan = nic->vlan;
		say(diff, "a lease", "no lease");
	} else if (strcmp(seen->lease.owner.uuid, domain->owner.uuid) != 0) {
		say(add(list, VFP_DIFF_LEASE_CONFLICT, &domain->owner, &nic->mac, &nic->vf),
		    "a lease of its own", "leased by %s", seen->lease.owner.name);
	}
}

/* --- Ports and definitions -------------------------------------------------------------------- */

static void compare_ports(struct list *list)
{
	for (size_t i = 0; i < list->facts->n_ports; i++)
		compare_port(list, &list->facts->ports[i]);
}

static void compare_port(struct list *list, const struct vfp_port *port)
{
	const struct vfp_facts *facts = list->facts;
	const struct vfp_seen_domain *domain = find_domain(facts, port->owner.uuid);
	/* Or about to be. */
	const bool is_leased = find_lease_of(facts, port) || port->claimed_until_ms;

	if (!domain && !port->is_seen && !is_leased &&
	    port->created_ms < facts->now_ms - facts->expire_ms)
		say(add(list, VFP_DIFF_PORT_EXPIRED, &port->owner, &port->mac, &port->vf),
		    "a domain, or no port", "no domain ever came for it");
	else if (!facts->has_libvirt || is_leased)
		return;
	else if (!domain && port->is_seen)
		say(add(list, VFP_DIFF_PORT_GONE, &port->owner, &port->mac, &port->vf), "no port",
		    "libvirt does not have the domain any more");
	else if (!domain || !domain->is_defined)
		return;
	else if (!nic_of(domain->defined, domain->n_defined, &port->mac))
		say(add(list, VFP_DIFF_PORT_LEFT, &domain->owner, &port->mac, &port->vf), "no port",
		    "the definition does not have this NIC");
	else if (!port->is_seen || strcmp(port->owner.name, domain->owner.name) != 0)
		say(add(list, VFP_DIFF_PORT_NAME, &domain->owner, &port->mac, &port->vf),
		    domain->owner.name, "%s%s", port->owner.name,
		    port->is_seen ? "" : ", not seen yet");
}

static void compare_definitions(struct list *list)
{
	for (size_t i = 0; i < list->facts->n_domains; i++) {
		const struct vfp_seen_domain *domain = &list->facts->domains[i];

		for (size_t j = 0; domain->is_defined && j < domain->n_defined; j++)
			compare_defined_nic(list, domain, &domain->defined[j]);
	}
}

static void compare_defined_nic(struct list *list, const struct vfp_seen_domain *domain,
				const struct vfp_seen_nic *nic)
{
	const struct vfp_port *port = find_port(list->facts, domain->owner.uuid, &nic->mac);
	char vf[VFP_VF_SIZE], expected[VFP_VF_SIZE] = "a VF";

	if (port && *port->vf.pf)
		vfp_vf_format(&port->vf, expected);
	if (!*nic->vf.pf)
		say(add(list, VFP_DIFF_UNBOUND, &domain->owner, &nic->mac, NULL), expected,
		    "it names no VF that is there");
	else if (!port)
		say(add(list, VFP_DIFF_UNBOUND, &domain->owner, &nic->mac, &nic->vf), "a port",
		    "no port");
	else if (!is_same_vf(&port->vf, &nic->vf))
		say(add(list, VFP_DIFF_BOUND_OTHERWISE, &domain->owner, &nic->mac, &nic->vf),
		    expected, "%s", vfp_vf_format(&nic->vf, vf));
}

/* --- The list, and looking things up ---------------------------------------------------------- */

static struct vfp_diff *add(struct list *list, enum vfp_diff_kind kind,
			    const struct vfp_owner *owner, const struct vfp_mac *mac,
			    const struct vfp_vf *vf)
{
	struct vfp_diff *diff;

	list->diffs = vfp_realloc(list->diffs, list->n + 1, sizeof(*list->diffs));
	diff = &list->diffs[list->n++];
	*diff = (struct vfp_diff){.kind = kind};
	if (owner)
		diff->owner = *owner;
	if (mac)
		diff->mac = *mac;
	if (vf)
		diff->vf = *vf;
	return diff;
}

static void say(struct vfp_diff *diff, const char *expected, const char *fmt, ...)
{
	va_list args;

	snprintf(diff->expected, sizeof(diff->expected), "%s", expected);
	va_start(args, fmt);
	vsnprintf(diff->found, sizeof(diff->found), fmt, args);
	va_end(args);
	vfp_text_clean(diff->expected);
	vfp_text_clean(diff->found);
}

static bool is_same_vf(const struct vfp_vf *a, const struct vfp_vf *b)
{
	return a->index == b->index && !strcmp(a->pf, b->pf);
}

static const struct vfp_seen_domain *find_domain(const struct vfp_facts *facts, const char *uuid)
{
	for (size_t i = 0; i < facts->n_domains; i++)
		if (!strcmp(facts->domains[i].owner.uuid, uuid))
			return &facts->domains[i];
	return NULL;
}

static const struct vfp_seen_lease *find_lease(const struct vfp_facts *facts,
					       const struct vfp_vf *vf)
{
	for (size_t i = 0; i < facts->n_leases; i++)
		if (is_same_vf(&facts->leases[i].lease.vf, vf))
			return &facts->leases[i];
	return NULL;
}

static const struct vfp_seen_lease *find_lease_of(const struct vfp_facts *facts,
						  const struct vfp_port *port)
{
	for (size_t i = 0; i < facts->n_leases; i++) {
		const struct vfp_lease *lease = &facts->leases[i].lease;

		if (vfp_mac_equal(&lease->mac, &port->mac) &&
		    !strcmp(lease->owner.uuid, port->owner.uuid))
			return &facts->leases[i];
	}
	return NULL;
}

static const struct vfp_port *find_port(const struct vfp_facts *facts, const char *uuid,
					const struct vfp_mac *mac)
{
	for (size_t i = 0; i < facts->n_ports; i++)
		if (vfp_mac_equal(&facts->ports[i].mac, mac) &&
		    !strcmp(facts->ports[i].owner.uuid, uuid))
			return &facts->ports[i];
	return NULL;
}

static const struct vfp_seen_nic *nic_on(const struct vfp_seen_nic *nics, size_t n,
					 const struct vfp_vf *vf)
{
	for (size_t i = 0; i < n; i++)
		if (is_same_vf(&nics[i].vf, vf))
			return &nics[i];
	return NULL;
}

static const struct vfp_seen_nic *nic_of(const struct vfp_seen_nic *nics, size_t n,
					 const struct vfp_mac *mac)
{
	for (size_t i = 0; i < n; i++)
		if (vfp_mac_equal(&nics[i].mac, mac))
			return &nics[i];
	return NULL;
}

static bool has_member(const struct vfp_facts *facts, const struct vfp_vf *vf)
{
	for (size_t i = 0; i < facts->n_members; i++)
		if (is_same_vf(&facts->members[i].vf, vf))
			return true;
	return false;
}

static bool is_with_domain(const struct vfp_facts *facts, const struct vfp_vf *vf)
{
	for (size_t i = 0; i < facts->n_domains; i++)
		if (nic_on(facts->domains[i].live, facts->domains[i].n_live, vf))
			return true;
	return false;
}
