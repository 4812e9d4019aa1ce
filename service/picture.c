/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Things with properties, and what became another. */

#include "service/picture.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sysfs.h"
#include "pool/choose.h"
#include "pool/openstack.h"

/* Of a port on its VF, as Neutron has it. */
#define BINDING                                                       \
	{"VNICType", "s"}, {"VIFType", "s"}, {"VIFDetails", "a{sv}"}, \
	{                                                             \
		"BindingProfile", "a{sv}"                             \
	}

const struct vfp_kind_def vfp_kind_defs[VFP_N_KINDS] = {
	[VFP_KIND_PF] = {"PF",
			 "pf",
			 {{"Name", "s"},
			  {"PCI", "s"},
			  {"Driver", "s"},
			  {"MAC", "s"},
			  {"VFs", "u"},
			  {"MaxVFs", "u"},
			  {"NUMANode", "i"},
			  {"Link", "b"},
			  {"MTU", "u"}}},
	[VFP_KIND_VF] = {"VF",
			 "vf",
			 {{"Name", "s"},
			  {"PF", "s"},
			  {"Index", "u"},
			  {"PCI", "s"},
			  {"Pool", "s"},
			  {"State", "s"},
			  {"Why", "s"},
			  {"UUID", "s"},
			  {"Domain", "s"},
			  {"MAC", "s"},
			  {"NUMANode", "i"},
			  {"Driver", "s"},
			  {"PciDevice", "a{sv}"}}},
	[VFP_KIND_POOL] = {"Pool",
			   "pool",
			   {{"Name", "s"},
			    {"PhysicalNetwork", "s"},
			    {"Policy", "s"},
			    {"NUMA", "s"},
			    {"Park", "b"},
			    {"VFs", "u"},
			    {"Free", "u"},
			    {"Claimed", "u"},
			    {"Leased", "u"}}},
	[VFP_KIND_PORTGROUP] = {"PortGroup",
				"portgroup",
				{{"Name", "s"},
				 {"Pool", "s"},
				 {"Default", "b"},
				 {"VLANMode", "s"},
				 {"VLAN", "u"},
				 {"QoS", "u"},
				 {"SpoofCheck", "b"},
				 {"Trust", "b"},
				 {"LinkState", "s"},
				 {"MinTxRate", "u"},
				 {"MaxTxRate", "u"}}},
	[VFP_KIND_PORT] = {"Port",
			   "port",
			   {{"UUID", "s"},
			    {"Domain", "s"},
			    {"MAC", "s"},
			    {"Pool", "s"},
			    {"PortGroup", "s"},
			    {"VF", "s"},
			    {"PCI", "s"},
			    {"Pinned", "b"},
			    {"Seen", "b"},
			    {"ClaimedUntil", "t"},
			    BINDING}},
	[VFP_KIND_LEASE] = {"Lease",
			    "lease",
			    {{"Generation", "t"},
			     {"UUID", "s"},
			     {"Domain", "s"},
			     {"MAC", "s"},
			     {"VF", "s"},
			     {"PCI", "s"},
			     {"Pool", "s"},
			     {"PortGroup", "s"},
			     {"VLAN", "u"},
			     {"State", "s"},
			     {"QEMU", "u"},
			     {"Since", "t"},
			     BINDING}},
};

/* A picture while it is made. */
struct drawing {
	struct vfp_pool *pool;
	struct vfp_picture picture;
	size_t room;
	struct vfp_openstack *vfs; /* those of the pools in OpenStack's words, in their order */
	size_t n_vfs;
};

static int add_pfs(struct drawing *d, struct vfp_err *err);
static int add_vfs_and_pools(struct drawing *d, struct vfp_err *err);
static int add_ports(struct drawing *d, struct vfp_err *err);
static int add_leases(struct drawing *d, struct vfp_err *err);
static int compare_things(const void *a, const void *b);

int vfp_picture_read(struct vfp_pool *pool, struct vfp_picture *ret, struct vfp_err *err)
{
	int (*const parts[])(struct drawing *, struct vfp_err *) = {add_pfs, add_vfs_and_pools,
								    add_ports, add_leases};
	struct drawing d = {.pool = pool};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < VFP_N(parts); i++)
		rc = parts[i](&d, err);
	free(d.vfs);
	if (rc < 0) {
		vfp_picture_free(&d.picture);
		return rc;
	}
	qsort(d.picture.things, d.picture.n, sizeof(*d.picture.things), compare_things);
	*ret = d.picture;
	return 0;
}

void vfp_picture_free(struct vfp_picture *picture)
{
	for (size_t i = 0; i < picture->n; i++) {
		for (size_t j = 0; j < picture->things[i].n; j++) {
			free(picture->things[i].properties[j].text);
			free(picture->things[i].properties[j].items);
		}
		free(picture->things[i].path);
	}
	free(picture->things);
	*picture = (struct vfp_picture){0};
}

static int compare_path(const void *path, const void *thing)
{
	return strcmp(path, ((const struct vfp_thing *)thing)->path);
}

const struct vfp_thing *vfp_picture_find(const struct vfp_picture *picture, const char *path)
{
	if (!picture->n)
		return NULL;
	return bsearch(path, picture->things, picture->n, sizeof(*picture->things), compare_path);
}

static bool are_equal(const struct vfp_item *left, const struct vfp_item *right, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(left[i].key, right[i].key) != 0 || left[i].kind != right[i].kind ||
		    left[i].number != right[i].number || strcmp(left[i].text, right[i].text) != 0)
			return false;
	return true;
}

static unsigned int changes_of(const struct vfp_thing *before, const struct vfp_thing *now)
{
	unsigned int changed = 0;

	for (size_t i = 0; i < now->n; i++) {
		const char *was = before->properties[i].text, *is = now->properties[i].text;

		if (before->properties[i].number != now->properties[i].number ||
		    (is && strcmp(was, is) != 0) ||
		    (now->properties[i].items &&
		     !are_equal(before->properties[i].items, now->properties[i].items,
				(size_t)now->properties[i].number)))
			changed |= 1u << i;
	}
	return changed;
}

void vfp_picture_compare(const struct vfp_picture *before, const struct vfp_picture *now,
			 vfp_picture_change *change, void *opaque)
{
	size_t i = 0, j = 0;

	while (i < before->n || j < now->n) {
		const struct vfp_thing *was = i < before->n ? &before->things[i] : NULL;
		const struct vfp_thing *is = j < now->n ? &now->things[j] : NULL;
		const int order = !was ? 1 : !is ? -1 : strcmp(was->path, is->path);
		unsigned int changed = order ? 0 : changes_of(was, is);

		i += order <= 0;
		j += order >= 0;
		if (order || changed)
			change(opaque, order <= 0 ? was : NULL, order >= 0 ? is : NULL, changed);
	}
}

/* How many bytes the UTF-8 character at @s has (RFC 3629); 0: it is none. */
static size_t character_size(const unsigned char *s)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t min;
		size_t size;
	} forms[] = {{0xe0, 0xc0, 0x80, 2}, {0xf0, 0xe0, 0x800, 3}, {0xf8, 0xf0, 0x10000, 4}};
	uint32_t code;

	if (*s < 0x80)
		return 1;
	for (size_t i = 0; i < VFP_N(forms); i++) {
		if ((*s & forms[i].mask) != forms[i].lead)
			continue;
		code = *s & ~forms[i].mask & 0xff;
		for (size_t k = 1; k < forms[i].size; k++) {
			if ((s[k] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (s[k] & 0x3f);
		}
		return code < forms[i].min || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)
			       ? 0
			       : forms[i].size;
	}
	return 0;
}

void vfp_picture_clean(char *text)
{
	unsigned char *s = (unsigned char *)text;
	size_t size;

	for (; *s; s += size) {
		size = character_size(s);
		if (size == 0)
			break;
	}
	if (!*s)
		return;
	for (s = (unsigned char *)text; *s; s++)
		if (*s >= 0x80)
			*s = '?';
}

/* --- Drawing ---------------------------------------------------------------------------------- */

/* A path's element out of @id: letters and digits stay, all else is _ and two hex digits, as
 * sd_bus_path_encode(3) does. */
static char *path_of(enum vfp_kind kind, const char *id, const char *sub_id)
{
	char escaped[2][3 * VFP_NAME_SIZE];
	const char *const ids[] = {id, sub_id};

	for (size_t i = 0; i < VFP_N(ids); i++) {
		size_t size = 0;

		for (const char *c = ids[i]; c && *c && size + 4 < sizeof(escaped[i]); c++)
			size += (size_t)snprintf(escaped[i] + size, sizeof(escaped[i]) - size,
						 isalnum((unsigned char)*c) ? "%c" : "_%02x",
						 (unsigned char)*c);
		escaped[i][size] = '\0';
	}
	return vfp_format("%s/%s/%s%s%s", VFP_PICTURE_ROOT, vfp_kind_defs[kind].folder, escaped[0],
			  sub_id ? "/" : "", escaped[1]);
}

/* @sub_id: of what is known by two names; NULL none. */
static struct vfp_thing *add_thing(struct drawing *d, enum vfp_kind kind, const char *id,
				   const char *sub_id)
{
	struct vfp_picture *picture = &d->picture;
	struct vfp_thing *thing;

	if (picture->n == d->room) {
		d->room = d->room ? d->room * 2 : 64;
		picture->things = vfp_realloc(picture->things, d->room, sizeof(*picture->things));
	}
	thing = &picture->things[picture->n++];
	*thing = (struct vfp_thing){.kind = kind, .path = path_of(kind, id, sub_id)};
	return thing;
}

/* The next property, in the order of the table. */
static void put_text(struct vfp_thing *thing, const char *text)
{
	assert(vfp_kind_defs[thing->kind].properties[thing->n].type[0] == 's');
	thing->properties[thing->n].text = vfp_strdup(text);
	vfp_picture_clean(thing->properties[thing->n++].text);
}

static void put_number(struct vfp_thing *thing, int64_t number)
{
	assert(strchr("buit", vfp_kind_defs[thing->kind].properties[thing->n].type[0]));
	thing->properties[thing->n++].number = number;
}

/* What is none is left out. */
static void put_items(struct vfp_thing *thing, const struct vfp_item *items, size_t n)
{
	struct vfp_item *copy = vfp_alloc(n + 1, sizeof(*copy));
	size_t n_some = 0;

	assert(vfp_kind_defs[thing->kind].properties[thing->n].type[0] == 'a');
	for (size_t i = 0; i < n; i++) {
		if (items[i].kind == VFP_ITEM_NONE)
			continue;
		copy[n_some] = items[i];
		vfp_picture_clean(copy[n_some++].text);
	}
	thing->properties[thing->n].items = copy;
	thing->properties[thing->n++].number = (int64_t)n_some;
}

/* The port of that domain with that MAC, as it is on a VF now: nothing where it is on none. */
static void put_binding(struct vfp_thing *thing, const struct drawing *d, const char *uuid,
			const struct vfp_mac *mac)
{
	const struct vfp_openstack *vf = NULL;
	struct vfp_item items[VFP_OPENSTACK_ITEMS];

	for (size_t i = 0; !vf && i < d->n_vfs; i++)
		if (d->vfs[i].has_port && vfp_mac_equal(&d->vfs[i].mac, mac) &&
		    !strcmp(d->vfs[i].owner.uuid, uuid))
			vf = &d->vfs[i];
	put_text(thing, vf ? VFP_OPENSTACK_VNIC_TYPE : "");
	put_text(thing, vf ? VFP_OPENSTACK_VIF_TYPE : "");
	put_items(thing, items, vf ? vfp_openstack_details(vf, items) : 0);
	put_items(thing, items, vf ? vfp_openstack_profile(vf, items) : 0);
}

static void put_mac(struct vfp_thing *thing, const struct vfp_mac *mac)
{
	char text[VFP_MAC_SIZE];

	put_text(thing, mac && !vfp_mac_is_none(mac) ? vfp_mac_format(mac, text) : "");
}

static void put_pci(struct vfp_thing *thing, const struct vfp_pci *pci)
{
	char text[VFP_PCI_SIZE];

	put_text(thing, vfp_pci_is_none(pci) ? "" : vfp_pci_format(pci, text));
}

static void put_vf(struct vfp_thing *thing, const struct vfp_vf *vf)
{
	char text[VFP_VF_SIZE];

	put_text(thing, *vf->pf ? vfp_vf_format(vf, text) : "");
}

static int add_pfs(struct drawing *d, struct vfp_err *err)
{
	vfp_autofree struct vfp_pf *pfs = NULL;
	size_t n = 0;
	int rc = vfp_sysfs_pfs(vfp_pool_host(d->pool), &pfs, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct vfp_thing *thing = add_thing(d, VFP_KIND_PF, pfs[i].dev, NULL);

		put_text(thing, pfs[i].dev);
		put_pci(thing, &pfs[i].pci);
		put_text(thing, pfs[i].driver);
		put_mac(thing, &pfs[i].mac);
		put_number(thing, pfs[i].num_vfs);
		put_number(thing, pfs[i].total_vfs);
		put_number(thing, pfs[i].numa_node);
		put_number(thing, pfs[i].has_carrier);
		put_number(thing, pfs[i].mtu);
	}
	return rc;
}

static void add_vf(struct drawing *d, const struct vfp_member *member, enum vfp_unfit unfit,
		   const struct vfp_openstack *words)
{
	const struct vfp_owner *owner = member->is_leased    ? &member->more->lease.owner
					: member->is_claimed ? &member->more->claim.owner
							     : NULL;
	const struct vfp_mac *mac =
		member->is_leased ? &member->more->lease.mac : &member->more->claim.mac;
	struct vfp_item items[VFP_OPENSTACK_ITEMS];
	char name[VFP_VF_SIZE], why[320];
	struct vfp_thing *thing = add_thing(d, VFP_KIND_VF, vfp_vf_format(&member->vf, name), NULL);

	put_text(thing, name);
	put_text(thing, member->vf.pf);
	put_number(thing, member->vf.index);
	put_pci(thing, &member->vf.pci);
	put_text(thing, member->pool);
	put_text(thing, vfp_unfit_state(unfit));
	put_text(thing, unfit == VFP_FIT ? "" : vfp_unfit_format(member, unfit, why, sizeof(why)));
	put_text(thing, owner ? owner->uuid : "");
	put_text(thing, owner ? owner->name : "");
	put_mac(thing, owner ? mac : NULL);
	put_number(thing, member->numa_node);
	put_text(thing, member->info.driver);
	put_items(thing, items, vfp_openstack_device(words, items));
}

static void add_portgroup(struct drawing *d, const struct vfp_pooldef *def,
			  const struct vfp_portgroup *group)
{
	const struct vfp_attrs *attrs = &group->attrs;
	struct vfp_thing *thing = add_thing(d, VFP_KIND_PORTGROUP, def->name, group->name);

	put_text(thing, group->name);
	put_text(thing, def->name);
	put_number(thing, group->is_default);
	put_text(thing, vfp_word_of(vfp_vlan_mode_words, (int)group->vlan_mode));
	put_number(thing, attrs->vlan);
	put_number(thing, attrs->qos);
	put_number(thing, attrs->spoofchk);
	put_number(thing, attrs->trust);
	put_text(thing, vfp_word_of(vfp_link_state_words, (int)attrs->link_state));
	put_number(thing, attrs->min_rate_mbps);
	put_number(thing, attrs->max_rate_mbps);
}

static void add_pool(struct drawing *d, const struct vfp_pooldef *def,
		     const struct vfp_member *members, const enum vfp_unfit *unfit, size_t n)
{
	struct vfp_thing *thing = add_thing(d, VFP_KIND_POOL, def->name, NULL);
	size_t n_vfs = 0, n_free = 0, n_claimed = 0, n_leased = 0;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(members[i].pool, def->name) != 0)
			continue;
		n_vfs += members[i].is_present;
		n_free += unfit[i] == VFP_FIT;
		n_claimed += unfit[i] == VFP_UNFIT_CLAIMED;
		n_leased += unfit[i] == VFP_UNFIT_LEASED;
	}
	put_text(thing, def->name);
	put_text(thing, def->physnet);
	put_text(thing, vfp_word_of(vfp_policy_words, (int)def->policy));
	put_text(thing, vfp_word_of(vfp_numa_words, (int)def->numa));
	put_number(thing, def->park);
	put_number(thing, (int64_t)n_vfs);
	put_number(thing, (int64_t)n_free);
	put_number(thing, (int64_t)n_claimed);
	put_number(thing, (int64_t)n_leased);
	for (size_t i = 0; i < def->n_portgroups; i++)
		add_portgroup(d, def, &def->portgroups[i]);
}

static int add_vfs_and_pools(struct drawing *d, struct vfp_err *err)
{
	static const struct vfp_choice anyone = {.uuid = ""};
	vfp_autofree struct vfp_member *members = NULL;
	vfp_autofree enum vfp_unfit *unfit = NULL;
	vfp_autofree struct vfp_pooldef *defs = NULL;
	size_t n = 0, n_defs = 0;
	int rc = vfp_inventory_read(d->pool, NULL, false, &members, &n, err);

	if (rc == 0)
		rc = vfp_pool_list(d->pool, &defs, &n_defs, err);
	if (rc < 0)
		return rc;
	unfit = vfp_alloc(n + 1, sizeof(*unfit));
	vfp_choose(members, n, &anyone, unfit);
	d->vfs = vfp_alloc(n + 1, sizeof(*d->vfs));
	for (d->n_vfs = 0; d->n_vfs < n; d->n_vfs++) {
		struct vfp_openstack *vf = &d->vfs[d->n_vfs];

		vfp_openstack_read(d->pool, &members[d->n_vfs], unfit[d->n_vfs], defs, n_defs,
				   d->n_vfs ? vf - 1 : NULL, vf);
		add_vf(d, &members[d->n_vfs], unfit[d->n_vfs], vf);
	}
	for (size_t i = 0; i < n_defs; i++) {
		add_pool(d, &defs[i], members, unfit, n);
		vfp_pooldef_free(&defs[i]);
	}
	return 0;
}

static int add_ports(struct drawing *d, struct vfp_err *err)
{
	vfp_autofree struct vfp_port *ports = NULL;
	char mac[VFP_MAC_SIZE];
	size_t n = 0;
	int rc = vfp_pool_ports(d->pool, NULL, &ports, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct vfp_port *port = &ports[i];
		struct vfp_thing *thing =
			add_thing(d, VFP_KIND_PORT, vfp_mac_format(&port->mac, mac), NULL);

		put_text(thing, port->owner.uuid);
		put_text(thing, port->owner.name);
		put_text(thing, mac);
		put_text(thing, port->pool);
		put_text(thing, port->portgroup);
		put_vf(thing, &port->vf);
		put_pci(thing, &port->vf.pci);
		put_number(thing, port->is_pinned);
		put_number(thing, port->is_seen);
		put_number(thing, port->claimed_until_ms);
		put_binding(thing, d, port->owner.uuid, &port->mac);
	}
	return rc;
}

static int add_leases(struct drawing *d, struct vfp_err *err)
{
	vfp_autofree struct vfp_lease *leases = NULL;
	char id[24];
	size_t n = 0;
	int rc = vfp_pool_leases(d->pool, NULL, &leases, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct vfp_lease *lease = &leases[i];
		struct vfp_thing *thing;

		snprintf(id, sizeof(id), "%lld", (long long)lease->generation);
		thing = add_thing(d, VFP_KIND_LEASE, id, NULL);
		put_number(thing, lease->generation);
		put_text(thing, lease->owner.uuid);
		put_text(thing, lease->owner.name);
		put_mac(thing, &lease->mac);
		put_vf(thing, &lease->vf);
		put_pci(thing, &lease->vf.pci);
		put_text(thing, lease->pool);
		put_text(thing, lease->portgroup);
		put_number(thing, lease->vlan_mode == VFP_VLAN_ID ? lease->attrs.vlan : 0);
		put_text(thing, vfp_word_of(vfp_lease_state_words, (int)lease->state));
		put_number(thing, lease->qemu.pid);
		put_number(thing, lease->since_ms);
		put_binding(thing, d, lease->owner.uuid, &lease->mac);
	}
	return rc;
}

static int compare_things(const void *a, const void *b)
{
	const struct vfp_thing *left = a, *right = b;

	return strcmp(left->path, right->path);
}
