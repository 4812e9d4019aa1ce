/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Claims: VFs that are kept for a domain that is about to start.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool/book.h"

/* A port group that would do. */
struct network {
	char pool[VFP_NAME_SIZE], physnet[VFP_NAME_SIZE];
	char portgroup[VFP_NAME_SIZE];
	unsigned int n_ports; /* of the domain, in it */
};

/* A claim on its way. */
struct claiming {
	struct vfp_pool *pool;
	const struct vfp_claim_ask *ask;
	struct vfp_owner owner;
	struct vfp_mac mac; /* none: to be made */
	char numa_nodes[12];
	struct network *networks; /* in the order in which they are tried */
	size_t n_networks;
};

static void free_claiming(struct claiming *claiming);
VFP_DEFINE_AUTO(claiming, struct claiming *, free_claiming)

static int check_ask(struct claiming *claiming, struct vfp_err *err);
static int check_uuid(const char *uuid, char ret_uuid[VFP_UUID_SIZE], struct vfp_err *err);
static int check_name(const char *name, struct vfp_owner *owner, struct vfp_err *err);
static int find_networks(struct claiming *claiming, struct vfp_err *err);
static int find_ports(struct claiming *claiming, struct vfp_err *err);
static int try_network(struct claiming *claiming, const struct network *network,
		       struct vfp_claim *ret, struct vfp_err *err);

int vfp_pool_claim(struct vfp_pool *pool, const struct vfp_claim_ask *ask, struct vfp_claim *ret,
		   struct vfp_err *err)
{
	struct claiming made = {.pool = pool, .ask = ask};
	vfp_auto(claiming) claiming = &made;
	int rc = check_ask(claiming, err);

	if (rc == 0)
		rc = find_networks(claiming, err);
	if (rc == 0)
		rc = find_ports(claiming, err);
	if (rc < 0)
		return rc;
	rc = -ENOSPC;
	for (size_t i = 0; rc == -ENOSPC && i < claiming->n_networks; i++)
		rc = try_network(claiming, &claiming->networks[i], ret, err);
	if (rc == -ENOSPC && claiming->n_networks > 1)
		return vfp_fail_in(err, rc, "none of the %zu pools of physical network %s",
				   claiming->n_networks, ask->physnet);
	return rc;
}

int vfp_pool_release(struct vfp_pool *pool, const char *uuid, const char *mac, unsigned int *ret_n,
		     struct vfp_err *err)
{
	vfp_auto(db_transaction) change = NULL;
	vfp_autofree struct vfp_port_row *rows = NULL;
	char domain[VFP_UUID_SIZE];
	struct vfp_mac only = {{0}};
	unsigned int n_ended = 0;
	size_t n;
	int rc = check_uuid(uuid, domain, err);

	if (rc == 0 && mac && vfp_mac_parse(mac, &only) < 0)
		rc = vfp_fail(err, EINVAL, "'%s' is not a MAC address", mac);
	if (rc == 0)
		rc = vfp_book_begin(pool, &change, err);
	if (rc == 0)
		rc = vfp_book_end_claims(pool, NULL, err);
	if (rc == 0)
		rc = vfp_book_ports(pool, domain, &rows, &n, err);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (mac && !vfp_mac_equal(&rows[i].port.mac, &only))
			continue;
		n_ended += rows[i].port.claimed_until_ms != 0;
		rc = vfp_book_unclaim(pool, &rows[i], "released", err);
	}
	if (rc == 0)
		rc = vfp_db_commit(&change, err);
	if (rc == 0)
		*ret_n = n_ended;
	return rc;
}

int vfp_pool_end_claims(struct vfp_pool *pool, unsigned int *ret_n, struct vfp_err *err)
{
	vfp_auto(db_transaction) change = NULL;
	int rc = vfp_book_begin(pool, &change, err);

	if (rc == 0)
		rc = vfp_book_end_claims(pool, ret_n, err);
	return rc < 0 ? rc : vfp_db_commit(&change, err);
}

/* --- What is asked for ------------------------------------------------------------------------ */

/* The numbers of an ask; one that is allowed to be none is -1 then. */
static int check_numbers(const struct vfp_claim_ask *ask, struct vfp_err *err)
{
	const struct {
		const char *what;
		int64_t value, min, max;
	} numbers[] = {
		{"count", ask->count, 1, VFP_CLAIM_MAX},
		{"ttl", ask->ttl_seconds, 1, VFP_CLAIM_TTL_MAX_S},
		{"vlan", ask->vlan, -1, 4094},
		{"numa", ask->numa, -1, 1023},
	};

	for (size_t i = 0; i < VFP_N(numbers); i++)
		if (numbers[i].value < numbers[i].min || numbers[i].value > numbers[i].max)
			return vfp_fail(err, EINVAL, "%s %lld: %lld to %lld was expected",
					numbers[i].what, (long long)numbers[i].value,
					(long long)(numbers[i].min < 0 ? 0 : numbers[i].min),
					(long long)numbers[i].max);
	return 0;
}

static int check_ask(struct claiming *claiming, struct vfp_err *err)
{
	const struct vfp_claim_ask *ask = claiming->ask;
	int rc = check_uuid(ask->uuid, claiming->owner.uuid, err);

	if (rc == 0)
		rc = check_numbers(ask, err);
	if (rc == 0 && ask->name)
		rc = check_name(ask->name, &claiming->owner, err);
	if (rc < 0)
		return rc;
	if (!ask->pool == !ask->physnet || !*(ask->pool ? ask->pool : ask->physnet))
		return vfp_fail(err, EINVAL,
				"a pool or a physical network was expected, one of them");
	if (ask->portgroup && ask->vlan >= 0)
		return vfp_fail(err, EINVAL, "a port group or a VLAN was expected, not both");
	if (ask->mac && vfp_mac_parse(ask->mac, &claiming->mac) < 0)
		return vfp_fail(err, EINVAL, "'%s' is not a MAC address", ask->mac);
	if (ask->mac)
		rc = vfp_mac_check(&claiming->mac, err);
	if (rc == 0 && ask->mac && ask->count != 1)
		return vfp_fail(err, EINVAL, "MAC %s: one NIC has it, not %lld", ask->mac,
				(long long)ask->count);
	if (ask->numa >= 0)
		snprintf(claiming->numa_nodes, sizeof(claiming->numa_nodes), "%d", (int)ask->numa);
	return rc;
}

static int check_uuid(const char *uuid, char ret_uuid[VFP_UUID_SIZE], struct vfp_err *err)
{
	if (!uuid || vfp_uuid_parse(uuid, ret_uuid) < 0)
		return vfp_fail(err, EINVAL, "'%.64s' is not a domain's UUID", uuid ? uuid : "");
	return 0;
}

/* libvirt makes file names of it. */
static int check_name(const char *name, struct vfp_owner *owner, struct vfp_err *err)
{
	bool is_good =
		*name && !strchr(name, '/') && vfp_copy(owner->name, sizeof(owner->name), name);

	for (const char *c = name; is_good && *c; c++)
		is_good = !iscntrl((unsigned char)*c);
	return is_good ? 0 : vfp_fail(err, EINVAL, "'%.64s' is not a domain's name", name);
}

/* --- Where ------------------------------------------------------------------------------------ */

static bool is_asked(const struct vfp_claim_ask *ask, const struct vfp_portgroup *group)
{
	if (ask->portgroup)
		return !strcmp(group->name, ask->portgroup);
	if (ask->vlan < 0)
		return group->is_default;
	if (ask->vlan == 0)
		return group->vlan_mode == VFP_VLAN_NONE;
	return group->vlan_mode == VFP_VLAN_ID && group->attrs.vlan == ask->vlan;
}

/* Of the port groups that would do the default one, else the first. */
static const struct vfp_portgroup *find_group(const struct vfp_claim_ask *ask,
					      const struct vfp_pooldef *def)
{
	const struct vfp_portgroup *found = NULL;

	for (size_t i = 0; i < def->n_portgroups; i++)
		if (is_asked(ask, &def->portgroups[i]) && (!found || def->portgroups[i].is_default))
			found = &def->portgroups[i];
	return found;
}

static int no_network(const struct claiming *claiming, bool is_pool_there, struct vfp_err *err)
{
	const struct vfp_claim_ask *ask = claiming->ask;
	const char *kind = ask->pool ? "pool" : "physical network";
	const char *name = ask->pool ? ask->pool : ask->physnet;

	if (!is_pool_there && ask->pool)
		return vfp_fail(err, ENOENT,
				"pool %.64s: there is none of that name; see: vfpool pool list",
				name);
	if (!is_pool_there)
		return vfp_fail(err, ENOENT,
				"physical network %.64s: no pool is of it; see: vfpool pool list",
				name);
	if (ask->portgroup)
		return vfp_fail(err, ENOENT,
				"%s %s: has no port group %.64s; see: vfpool portgroup "
				"list",
				kind, name, ask->portgroup);
	if (ask->vlan >= 0)
		return vfp_fail(err, ENOENT,
				"%s %s: has no port group %s %lld; see: vfpool portgroup list",
				kind, name, "of VLAN", (long long)ask->vlan);
	return vfp_fail(err, ENOENT,
			"%s %s: has no default port group; name one, see: "
			"vfpool portgroup list",
			kind, name);
}

static int find_networks(struct claiming *claiming, struct vfp_err *err)
{
	const struct vfp_claim_ask *ask = claiming->ask;
	struct vfp_pooldef *defs = NULL;
	bool is_pool_there = false;
	size_t n = 0;
	int rc = vfp_pool_list(claiming->pool, &defs, &n, err);

	if (rc < 0)
		return rc;
	claiming->networks = vfp_alloc(n + 1, sizeof(*claiming->networks));
	for (size_t i = 0; i < n; i++) {
		const struct vfp_portgroup *group = find_group(ask, &defs[i]);
		struct network *network = &claiming->networks[claiming->n_networks];

		if (strcmp(ask->pool ? ask->pool : ask->physnet,
			   ask->pool ? defs[i].name : defs[i].physnet) != 0)
			continue;
		is_pool_there = true;
		if (!group)
			continue;
		vfp_copy(network->pool, sizeof(network->pool), defs[i].name);
		vfp_copy(network->physnet, sizeof(network->physnet), defs[i].physnet);
		vfp_copy(network->portgroup, sizeof(network->portgroup), group->name);
		claiming->n_networks++;
	}
	vfp_book_free_defs(defs, n);
	return claiming->n_networks ? 0 : no_network(claiming, is_pool_there, err);
}

/* Where the domain has NICs first; then by name, as the pools come. */
static int compare_networks(const void *a, const void *b)
{
	const struct network *left = a, *right = b;

	if (left->n_ports != right->n_ports)
		return left->n_ports > right->n_ports ? -1 : 1;
	return strcmp(left->pool, right->pool);
}

static int find_ports(struct claiming *claiming, struct vfp_err *err)
{
	struct vfp_owner *owner = &claiming->owner;
	vfp_autofree struct vfp_port_row *rows = NULL;
	size_t n = 0;
	int rc = vfp_book_ports(claiming->pool, owner->uuid, &rows, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct vfp_port *port = &rows[i].port;

		if (!*owner->name)
			*owner = port->owner;
		for (size_t j = 0; j < claiming->n_networks; j++)
			claiming->networks[j].n_ports +=
				!strcmp(port->pool, claiming->networks[j].pool) &&
				!strcmp(port->portgroup, claiming->networks[j].portgroup) &&
				(!claiming->ask->mac || vfp_mac_equal(&port->mac, &claiming->mac));
	}
	if (!*owner->name)
		vfp_copy(owner->name, sizeof(owner->name), owner->uuid);
	qsort(claiming->networks, claiming->n_networks, sizeof(struct network), compare_networks);
	return rc;
}

/* --- The claim -------------------------------------------------------------------------------- */

static int try_network(struct claiming *claiming, const struct network *network,
		       struct vfp_claim *ret, struct vfp_err *err)
{
	const size_t n = (size_t)claiming->ask->count;
	vfp_autofree struct vfp_want *wants = vfp_alloc(n, sizeof(*wants));
	vfp_autofree struct vfp_grant *grants = vfp_alloc(n, sizeof(*grants));
	const struct vfp_request request = {
		.owner = &claiming->owner,
		.wants = wants,
		.n = n,
		.numa_nodes = claiming->numa_nodes,
		.claim_until_ms =
			claiming->pool->host->kernel->now_ms() + claiming->ask->ttl_seconds * 1000,
	};
	int rc;

	for (size_t i = 0; i < n; i++) {
		wants[i].mac = claiming->mac;
		vfp_copy(wants[i].pool, sizeof(wants[i].pool), network->pool);
		vfp_copy(wants[i].portgroup, sizeof(wants[i].portgroup), network->portgroup);
	}
	rc = vfp_book_grant(claiming->pool, &request, grants, err);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		ret[i] = (struct vfp_claim){
			.owner = claiming->owner,
			.binding = grants[i].binding,
			.numa_node = grants[i].numa_node,
			.trust = grants[i].trust,
			.until_ms = grants[i].is_leased ? 0 : request.claim_until_ms,
		};
		vfp_copy(ret[i].physnet, sizeof(ret[i].physnet), network->physnet);
	}
	return rc;
}

static void free_claiming(struct claiming *claiming)
{
	free(claiming->networks);
}
