/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Says of a VF what Nova and Neutron say of it. */

#include "pool/openstack.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/vpd.h"
#include "pool/book.h"
#include "pool/hostview.h"

#define DEVICES "/sys/bus/pci/devices/"

/* What nobody can have for another reason is unavailable. */
static const char *const statuses[] = {
	[VFP_FIT] = "available",	 [VFP_UNFIT_PF_GONE] = "removed",
	[VFP_UNFIT_VF_GONE] = "removed", [VFP_UNFIT_LEASED] = "allocated",
	[VFP_UNFIT_CLAIMED] = "claimed",
};

static const struct vfp_pooldef *pool_of(const char *name, const struct vfp_pooldef *defs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(defs[i].name, name))
			return &defs[i];
	return NULL;
}

static const char *status_of(const struct vfp_member *member, enum vfp_unfit unfit)
{
	/* The domain is about to start, as Nova's is between claim and spawn. */
	if (unfit == VFP_UNFIT_LEASED && member->more->lease.state == VFP_LEASE_PREPARING)
		return statuses[VFP_UNFIT_CLAIMED];
	return unfit < VFP_N(statuses) && statuses[unfit] ? statuses[unfit] : "unavailable";
}

static void read_port(const struct vfp_member *member, const struct vfp_pooldef *def,
		      struct vfp_openstack *to)
{
	if (member->is_leased) {
		to->has_port = true;
		to->owner = member->more->lease.owner;
		to->mac = member->more->lease.mac;
		to->vlan = member->more->lease.vlan_mode == VFP_VLAN_ID
				   ? member->more->lease.attrs.vlan
				   : 0;
		to->trust = member->more->lease.attrs.trust;
		return;
	}
	if (!member->is_claimed)
		return;
	to->has_port = true;
	to->owner = member->more->claim.owner;
	to->mac = member->more->claim.mac;
	for (size_t i = 0; def && i < def->n_portgroups; i++) {
		const struct vfp_portgroup *group = &def->portgroups[i];

		if (strcmp(group->name, member->more->claim.portgroup) != 0)
			continue;
		to->vlan = group->vlan_mode == VFP_VLAN_ID ? group->attrs.vlan : 0;
		to->trust = group->attrs.trust;
	}
}

/* A card's serial number, read once: one that is changed for another has other addresses. */
struct vfp_serial {
	struct vfp_pci pci;
	struct vfp_mac mac;
	char text[VFP_SERIAL_SIZE];
};

const char *vfp_book_serial(struct vfp_pool *pool, const struct vfp_pf *pf)
{
	struct vfp_serial *serial;

	for (size_t i = 0; i < pool->n_serials; i++)
		if (vfp_pci_compare(&pool->serials[i].pci, &pf->pci) == 0 &&
		    vfp_mac_equal(&pool->serials[i].mac, &pf->mac))
			return pool->serials[i].text;
	pool->serials = vfp_realloc(pool->serials, pool->n_serials + 1, sizeof(*pool->serials));
	serial = &pool->serials[pool->n_serials++];
	*serial = (struct vfp_serial){.pci = pf->pci, .mac = pf->mac};
	vfp_vpd_serial(pool->host, &pf->pci, serial->text);
	return serial->text;
}

static bool find_pf(const struct vfp_pool *pool, const char *dev, struct vfp_pf *ret)
{
	for (size_t i = 0; pool->view && i < pool->view->n_pfs; i++)
		if (!strcmp(pool->view->pfs[i].dev, dev)) {
			*ret = pool->view->pfs[i];
			return true;
		}
	return vfp_sysfs_pf(pool->host, dev, ret, NULL) == 0;
}

/* What all VFs of a PF have in common: their vendor and device too (PCI Express 4.0, 9.3.4.1.1 and
 * 9.3.3.11). */
static void read_card(struct vfp_pool *pool, const struct vfp_vf *of,
		      const struct vfp_openstack *before, struct vfp_openstack *to)
{
	const bool is_present = !vfp_pci_is_none(&of->pci);
	struct vfp_pf pf;
	char addr[VFP_PCI_SIZE];

	vfp_copy(to->pf, sizeof(to->pf), of->pf);
	if (before && !strcmp(before->pf, of->pf)) {
		to->pf_pci = before->pf_pci;
		to->pf_mac = before->pf_mac;
		vfp_copy(to->serial, sizeof(to->serial), before->serial);
	} else if (find_pf(pool, of->pf, &pf)) {
		to->pf_pci = pf.pci;
		to->pf_mac = pf.mac;
		vfp_copy(to->serial, sizeof(to->serial), vfp_book_serial(pool, &pf));
	}
	if (!is_present)
		return;
	if (before && !strcmp(before->pf, of->pf) && before->vendor) {
		to->vendor = before->vendor;
		to->device = before->device;
		return;
	}
	vfp_pci_format(&of->pci, addr);
	to->vendor = (uint16_t)vfp_sysfs_number(pool->host, 0, DEVICES "%s/vendor", addr);
	to->device = (uint16_t)vfp_sysfs_number(pool->host, 0, DEVICES "%s/device", addr);
}

void vfp_openstack_read(struct vfp_pool *pool, const struct vfp_member *member,
			enum vfp_unfit unfit, const struct vfp_pooldef *defs, size_t n_defs,
			const struct vfp_openstack *before, struct vfp_openstack *ret)
{
	const struct vfp_pooldef *def = pool_of(member->pool, defs, n_defs);
	struct vfp_openstack vf = {
		.status = status_of(member, unfit),
		.pci = member->vf.pci,
		.index = member->vf.index,
		.numa_node = member->numa_node,
	};

	read_card(pool, &member->vf, before, &vf);
	if (def)
		vfp_copy(vf.physnet, sizeof(vf.physnet), def->physnet);
	read_port(member, def, &vf);
	*ret = vf;
}

void vfp_openstack_claim(struct vfp_pool *pool, const struct vfp_claim *claim,
			 const struct vfp_openstack *before, struct vfp_openstack *ret)
{
	const struct vfp_binding *binding = &claim->binding;
	struct vfp_openstack vf = {
		.status = statuses[claim->until_ms ? VFP_UNFIT_CLAIMED : VFP_UNFIT_LEASED],
		.pci = binding->vf.pci,
		.index = binding->vf.index,
		.numa_node = claim->numa_node,
		.has_port = true,
		.owner = claim->owner,
		.mac = binding->mac,
		.vlan = binding->vlan,
		.trust = claim->trust,
	};

	read_card(pool, &binding->vf, before, &vf);
	vfp_copy(vf.physnet, sizeof(vf.physnet), claim->physnet);
	*ret = vf;
}

/* --- The words -------------------------------------------------------------------------------- */

struct items {
	struct vfp_item *items;
	size_t n;
};

/* An empty text is none. */
static void add_text(struct items *to, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void add_text(struct items *to, const char *key, const char *fmt, ...)
{
	struct vfp_item *item = &to->items[to->n++];
	va_list args;

	*item = (struct vfp_item){.key = key};
	va_start(args, fmt);
	vsnprintf(item->text, sizeof(item->text), fmt, args);
	va_end(args);
	item->kind = *item->text ? VFP_ITEM_TEXT : VFP_ITEM_NONE;
}

static void add_number(struct items *to, const char *key, enum vfp_item_kind kind, int64_t number)
{
	to->items[to->n++] = (struct vfp_item){.key = key, .kind = kind, .number = number};
}

static void add_address(struct items *to, const char *key, const struct vfp_pci *pci)
{
	char addr[VFP_PCI_SIZE] = "";

	if (!vfp_pci_is_none(pci))
		vfp_pci_format(pci, addr);
	add_text(to, key, "%s", addr);
}

size_t vfp_openstack_device(const struct vfp_openstack *vf,
			    struct vfp_item ret[VFP_OPENSTACK_ITEMS])
{
	struct items to = {.items = ret};

	add_address(&to, "address", &vf->pci);
	add_address(&to, "parent_addr", &vf->pf_pci);
	add_text(&to, "vendor_id", "%04x", vf->vendor);
	add_text(&to, "product_id", "%04x", vf->device);
	add_text(&to, "dev_type", "type-VF");
	add_number(&to, "numa_node", vf->numa_node < 0 ? VFP_ITEM_NONE : VFP_ITEM_NUMBER,
		   vf->numa_node);
	add_text(&to, "status", "%s", vf->status);
	add_text(&to, "instance_uuid", "%s", vf->has_port ? vf->owner.uuid : "");
	return to.n;
}

size_t vfp_openstack_profile(const struct vfp_openstack *vf,
			     struct vfp_item ret[VFP_OPENSTACK_ITEMS])
{
	struct items to = {.items = ret};
	char mac[VFP_MAC_SIZE] = "";

	if (!vfp_mac_is_none(&vf->pf_mac))
		vfp_mac_format(&vf->pf_mac, mac);
	add_address(&to, "pci_slot", &vf->pci);
	add_text(&to, "pci_vendor_info", "%04x:%04x", vf->vendor, vf->device);
	add_text(&to, "physical_network", "%s", vf->physnet);
	add_text(&to, "pf_mac_address", "%s", mac);
	add_number(&to, "vf_num", VFP_ITEM_NUMBER, vf->index);
	if (*vf->serial)
		add_text(&to, "card_serial_number", "%s", vf->serial);
	if (vf->trust)
		add_text(&to, "trusted", "true");
	return to.n;
}

size_t vfp_openstack_details(const struct vfp_openstack *vf,
			     struct vfp_item ret[VFP_OPENSTACK_ITEMS])
{
	struct items to = {.items = ret};

	add_number(&to, "port_filter", VFP_ITEM_BOOL, false);
	add_text(&to, "connectivity", "l2");
	add_text(&to, "vlan", "%u", vf->vlan);
	return to.n;
}
