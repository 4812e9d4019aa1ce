/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes the bound definition: each rule looks whether the document already means what it is to
 * mean, and edits it only where it does not.  That is why a second rewrite changes nothing, also
 * after libvirt has written the document its own way.
 *
 * What the rules do, and how libvirt 9.0 made them so:
 *
 * - <interface> becomes type='hostdev'.  <boot>, <rom>, <acpi>, the guest's PCI <address> and
 *   <driver name='vfio'/> apply to a VF too and stay.  Of the others libvirt refuses some by name
 *   for a hostdev interface (<mtu>, <coalesce>, <ip>, other drivers and addresses), and keeps or
 *   drops the rest without effect: they live on in the metadata only.
 * - A disk gets snapshot='no' unless it is read-only and says nothing: then that is the default,
 *   and libvirt drops the attribute.  A CD-ROM is always read-only, a floppy is not.
 * - A VF whose driver could migrate it gets that switched off (xml/override.h).
 * - <currentMemory> that is absent means <memory>, so it stays absent.
 * - <locked/> is for hugepages too: QEMU's small RAM blocks (ROMs, ACPI tables) are on usual pages.
 * - The balloon always goes.  It does nothing beside VFIO (QEMU: ram_block_discard_disable()), and
 *   a guest that has the driver finds one device less; what is lost are its statistics.
 */
#include "xml/domain.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "xml/document.h"
#include "xml/edit.h"
#include "xml/override.h"

/* A rewrite under way. */
struct work {
	const struct vfp_domain *dom;
	struct vfp_source *source;
	struct vfp_edits *edits;
	struct vfp_block *ports, *former; /* what our metadata is to hold */
	size_t n_ports, n_former;
	bool is_changed; /* it holds something else now */
};

static int check(const struct vfp_domain *dom, const char *uuid, const struct vfp_binding *bindings,
		 const size_t *nics, size_t n, struct vfp_err *err);
static int check_elements(const struct vfp_domain *dom, size_t nic,
			  const struct vfp_binding *binding, struct vfp_err *err);
static int check_mac(const struct vfp_domain *dom, const struct vfp_binding *bindings,
		     const size_t *nics, size_t n, size_t i, struct vfp_err *err);
static const struct vfp_binding *binding_of(const struct vfp_binding *bindings, const size_t *nics,
					    size_t n, size_t nic);
static void add_uuid(struct work *work, const char *uuid);
static void bind_nics(struct work *work, const struct vfp_binding *bindings, const size_t *nics,
		      size_t n);
static void bind_nic(struct work *work, size_t i, const struct vfp_binding *binding);
static void drop_unfit(struct work *work, const struct vfp_xml_node *interface);
static void bind_children(struct work *work, const struct vfp_nic *nic,
			  const struct vfp_xml_node *interface, const struct vfp_binding *binding);
static void bind_mac(struct work *work, const struct vfp_nic *nic,
		     const struct vfp_xml_node *interface, const struct vfp_binding *binding,
		     struct vfp_block *missing);
static void bind_source(struct work *work, const struct vfp_nic *nic,
			const struct vfp_xml_node *interface, const struct vfp_binding *binding,
			struct vfp_block *missing);
static void bind_vlan(struct work *work, const struct vfp_nic *nic,
		      const struct vfp_xml_node *interface, const struct vfp_binding *binding,
		      struct vfp_block *missing);
static bool is_plain_vlan(const struct vfp_xml_node *vlan, uint16_t id);
static void bind_alias(struct work *work, const struct vfp_xml_node *interface,
		       const struct vfp_binding *binding, struct vfp_block *missing);
static void keep_port(struct work *work, size_t i, const struct vfp_binding *binding);
static void write_port(struct work *work, const struct vfp_mac *mac, const char *pool,
		       const char *portgroup, const struct vfp_xml_node *interface);
static void lock_memory(struct work *work);
static void fill_current_memory(struct work *work);
static char *unit_attr(const struct vfp_xml_node *memory);
static void remove_balloon(struct work *work);
static void leave_disks_out(struct work *work);
static void switch_migration_off(struct work *work, const struct vfp_binding *bindings,
				 const size_t *nics, size_t n);
static char *alias_of(const struct vfp_mac *mac);
static void add_former_disk(struct work *work, const struct vfp_xml_node *disk);
static void add_former(struct work *work, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void keep_former(struct work *work, const struct vfp_xml_node *record);
static void write_metadata(struct work *work);
static void write_ours(struct work *work, struct vfp_block *block, unsigned int depth);
static size_t count_children(const struct vfp_xml_node *node);
static void insert_after_one_of(struct work *work, const char *const *names,
				const struct vfp_block *block);

int vfp_domain_rewrite(const struct vfp_domain *dom, const char *uuid,
		       const struct vfp_binding *bindings, const size_t *nics, size_t n,
		       char **ret_text, struct vfp_err *err)
{
	vfp_auto(source) source = NULL;
	vfp_auto(edits) edits = NULL;
	vfp_auto(block) ports = vfp_block_new();
	vfp_auto(block) former = vfp_block_new();
	struct work work = {.dom = dom, .ports = ports, .former = former};
	int rc = check(dom, uuid, bindings, nics, n, err);

	if (rc < 0)
		return rc;
	work.source = source = vfp_source_new(dom->text, dom->size, dom->root);
	work.edits = edits = vfp_edits_new(source);
	if (n > 0) {
		add_uuid(&work, uuid);
		bind_nics(&work, bindings, nics, n);
		lock_memory(&work);
		fill_current_memory(&work);
		remove_balloon(&work);
		leave_disks_out(&work);
		switch_migration_off(&work, bindings, nics, n);
		write_metadata(&work);
	}
	return vfp_edits_apply(edits, ret_text, err);
}

/* Everything that can be refused is refused here, before the first edit. */
static int check(const struct vfp_domain *dom, const char *uuid, const struct vfp_binding *bindings,
		 const size_t *nics, size_t n, struct vfp_err *err)
{
	char made[VFP_UUID_SIZE];
	size_t n_vfs = 0;
	int rc;

	if (n == 0)
		return 0;
	if (!*dom->uuid && (!uuid || vfp_uuid_parse(uuid, made) < 0))
		return vfp_fail(err, EINVAL,
				"the domain has no <uuid>, and '%s' is none to give it",
				uuid ? uuid : "");
	for (size_t i = 0; i < n; i++) {
		assert(nics[i] < dom->n_nics);
		assert(dom->nics[nics[i]].kind != VFP_NIC_HOSTDEV);
		assert(!vfp_mac_is_none(&bindings[i].mac));
		rc = check_elements(dom, nics[i], &bindings[i], err);
		if (rc == 0)
			rc = check_mac(dom, bindings, nics, n, i, err);
		if (rc < 0)
			return rc;
		n_vfs += dom->nics[nics[i]].kind == VFP_NIC_NETWORK;
	}
	for (size_t i = 0; i < dom->n_nics; i++)
		n_vfs += dom->nics[i].kind != VFP_NIC_NETWORK;
	return vfp_xml_check_memory(dom, n_vfs, err);
}

/* What a VF would silently not do, and somebody relies on. */
static int check_elements(const struct vfp_domain *dom, size_t nic,
			  const struct vfp_binding *binding, struct vfp_err *err)
{
	static const struct {
		const char *element;
		const char *attr; /* only with this one at "yes"; NULL: always */
		const char *why;
	} refused[] = {
		{"filterref", NULL,
		 "cannot apply to a VF (libvirt would not filter): remove it or use port group "
		 "settings"},
		{"bandwidth", NULL,
		 "cannot apply to a VF (libvirt shapes none): remove it or set maxTxRate in the port "
		 "group"},
		{"teaming", NULL,
		 "would let the domain migrate by unplugging the VF: remove it, vfpool does not "
		 "support it"},
		{"port", "isolated",
		 "cannot apply to a VF (libvirt isolates only ports of a bridge): remove it"},
	};
	char mac[VFP_MAC_SIZE];

	for (size_t i = 0; i < VFP_N(refused); i++) {
		const struct vfp_xml_node *node =
			vfp_xml_child(dom->places[nic].node, refused[i].element);

		if (node && (!refused[i].attr || vfp_xml_attr_is(node, refused[i].attr, "yes")))
			return vfp_fail(err, EPERM, "interface %s: <%s%s%s> %s",
					vfp_mac_format(&binding->mac, mac), refused[i].element,
					refused[i].attr ? " " : "",
					refused[i].attr ? "isolated='yes'" : "", refused[i].why);
	}
	return 0;
}

/* Two NICs with one MAC or alias: nobody could tell them apart. */
static int check_mac(const struct vfp_domain *dom, const struct vfp_binding *bindings,
		     const size_t *nics, size_t n, size_t i, struct vfp_err *err)
{
	vfp_autofree char *alias = alias_of(&bindings[i].mac);
	char text[VFP_MAC_SIZE];

	for (size_t other = 0; other < dom->n_nics; other++) {
		const struct vfp_binding *binding = binding_of(bindings, nics, n, other);

		if (other == nics[i])
			continue;
		if (vfp_mac_equal(binding ? &binding->mac : &dom->nics[other].want.mac,
				  &bindings[i].mac))
			return vfp_fail(err, EINVAL,
					"MAC %s is on two NICs of the domain: give each its own",
					vfp_mac_format(&bindings[i].mac, text));
		if (!binding &&
		    vfp_xml_attr_is(vfp_xml_child(dom->places[other].node, "alias"), "name", alias))
			return vfp_fail(err, EINVAL,
					"interface %s: another NIC of the domain has its alias, "
					"'%s': remove that <alias>",
					vfp_mac_format(&bindings[i].mac, text), alias);
	}
	return 0;
}

/* NULL: NIC @nic stays as it is. */
static const struct vfp_binding *binding_of(const struct vfp_binding *bindings, const size_t *nics,
					    size_t n, size_t nic)
{
	for (size_t i = 0; i < n; i++)
		if (nics[i] == nic)
			return &bindings[i];
	return NULL;
}

static void add_uuid(struct work *work, const char *uuid)
{
	const struct vfp_xml_node *name = vfp_xml_child(work->dom->root, "name");
	vfp_auto(block) block = vfp_block_new();
	char written[VFP_UUID_SIZE];

	if (*work->dom->uuid)
		return;
	vfp_uuid_parse(uuid, written);
	vfp_block_line(block, 0, "<uuid>%s</uuid>", written);
	if (name)
		vfp_edit_after(work->edits, name, block);
	else
		vfp_edit_before(work->edits, work->dom->root->first, block);
}

/* In the document's order.  A BOUND NIC that the caller does not name stays as it is, and so does
 * its port. */
static void bind_nics(struct work *work, const struct vfp_binding *bindings, const size_t *nics,
		      size_t n)
{
	const struct vfp_domain *dom = work->dom;

	for (size_t i = 0; i < dom->n_nics; i++) {
		const struct vfp_binding *binding = binding_of(bindings, nics, n, i);

		if (binding) {
			bind_nic(work, i, binding);
			keep_port(work, i, binding);
		} else if (dom->places[i].port) {
			const struct vfp_xml_port *port = dom->places[i].port;

			write_port(work, &port->mac, port->pool, port->portgroup, port->interface);
		}
	}
	if (work->n_ports != dom->n_ports)
		work->is_changed = true;
}

static void bind_nic(struct work *work, size_t i, const struct vfp_binding *binding)
{
	const struct vfp_nic *nic = &work->dom->nics[i];
	const struct vfp_xml_node *node = work->dom->places[i].node;

	if (nic->kind == VFP_NIC_NETWORK) {
		vfp_edit_attr(work->edits, node, "type", "hostdev");
		vfp_edit_attr(work->edits, node, "managed", binding->managed ? "yes" : "no");
		vfp_edit_attr(work->edits, node, "trustGuestRxFilters", NULL);
		drop_unfit(work, node);
	} else if (nic->managed != binding->managed) {
		vfp_edit_attr(work->edits, node, "managed", binding->managed ? "yes" : "no");
	}
	bind_children(work, nic, node, binding);
}

static void drop_unfit(struct work *work, const struct vfp_xml_node *interface)
{
	static const char *const rewritten[] = {"mac", "source", "vlan", "alias"};

	for (const struct vfp_xml_node *child = interface->first; child; child = child->next) {
		bool stays = child->space || vfp_xml_fits_vf(child);

		for (size_t i = 0; i < VFP_N(rewritten); i++)
			stays = stays || child == vfp_xml_child(interface, rewritten[i]);
		if (!stays)
			vfp_edit_remove(work->edits, child);
	}
}

/* <mac>, <source>, <vlan>, <alias>: each is changed where it stands; what is missing goes beside
 * <source>. */
static void bind_children(struct work *work, const struct vfp_nic *nic,
			  const struct vfp_xml_node *interface, const struct vfp_binding *binding)
{
	const struct vfp_xml_node *source = vfp_xml_child(interface, "source");
	vfp_auto(block) before = vfp_block_new();
	vfp_auto(block) after = vfp_block_new();

	bind_mac(work, nic, interface, binding, before);
	bind_source(work, nic, interface, binding, before);
	bind_vlan(work, nic, interface, binding, after);
	bind_alias(work, interface, binding, after);
	if (!source) {
		vfp_block_add(before, 0, after);
		vfp_edit_append(work->edits, interface, before);
		return;
	}
	if (!vfp_block_is_empty(before))
		vfp_edit_before(work->edits, source, before);
	if (!vfp_block_is_empty(after))
		vfp_edit_after(work->edits, source, after);
}

static void bind_mac(struct work *work, const struct vfp_nic *nic,
		     const struct vfp_xml_node *interface, const struct vfp_binding *binding,
		     struct vfp_block *missing)
{
	const struct vfp_xml_node *node = vfp_xml_child(interface, "mac");
	char mac[VFP_MAC_SIZE];

	vfp_mac_format(&binding->mac, mac);
	if (!node)
		vfp_block_line(missing, 0, "<mac address='%s'/>", mac);
	else if (!vfp_mac_equal(&nic->want.mac, &binding->mac) || !vfp_xml_attr(node, "address"))
		vfp_edit_attr(work->edits, node, "address", mac);
}

static void bind_source(struct work *work, const struct vfp_nic *nic,
			const struct vfp_xml_node *interface, const struct vfp_binding *binding,
			struct vfp_block *missing)
{
	const struct vfp_pci *pci = &binding->vf.pci;
	const struct vfp_xml_node *node = vfp_xml_child(interface, "source");
	vfp_auto(block) block = vfp_block_new();

	if (nic->kind == VFP_NIC_BOUND && vfp_pci_compare(&nic->pci, pci) == 0 &&
	    vfp_xml_attr_is(vfp_xml_child(node, "address"), "type", "pci"))
		return;
	vfp_block_line(block, 0, "<source>");
	vfp_block_line(block, 1,
		       "<address type='pci' domain='0x%04x' bus='0x%02x' slot='0x%02x' "
		       "function='0x%x'/>",
		       pci->domain, pci->bus, pci->device, pci->function);
	vfp_block_line(block, 0, "</source>");
	if (node)
		vfp_edit_replace(work->edits, node, block);
	else
		vfp_block_add(missing, 0, block);
}

static void bind_vlan(struct work *work, const struct vfp_nic *nic,
		      const struct vfp_xml_node *interface, const struct vfp_binding *binding,
		      struct vfp_block *missing)
{
	const struct vfp_xml_node *node = vfp_xml_child(interface, "vlan");
	vfp_auto(block) block = vfp_block_new();

	if (binding->vlan == 0) {
		if (node)
			vfp_edit_remove(work->edits, node);
		return;
	}
	if (node && is_plain_vlan(node, binding->vlan))
		return;
	vfp_block_line(block, 0, "<vlan>");
	vfp_block_line(block, 1, "<tag id='%u'/>", binding->vlan);
	vfp_block_line(block, 0, "</vlan>");
	if (node)
		vfp_edit_replace(work->edits, node, block);
	else
		vfp_block_add(missing, 0, block);
}

/* One tag and nothing more: libvirt refuses to start a trunk on a VF. */
static bool is_plain_vlan(const struct vfp_xml_node *vlan, uint16_t id)
{
	const struct vfp_xml_node *tag = vfp_xml_child(vlan, "tag");
	vfp_autofree char *wanted = vfp_format("%u", id);

	return tag && vfp_xml_attr_is(tag, "id", wanted) && !tag->next && vlan->n_attrs == 0 &&
	       tag->n_attrs == 1;
}

static void bind_alias(struct work *work, const struct vfp_xml_node *interface,
		       const struct vfp_binding *binding, struct vfp_block *missing)
{
	const struct vfp_xml_node *node = vfp_xml_child(interface, "alias");
	vfp_autofree char *alias = alias_of(&binding->mac);

	if (!node)
		vfp_block_line(missing, 0, "<alias name='%s'/>", alias);
	else if (!vfp_xml_attr_is(node, "name", alias))
		vfp_edit_attr(work->edits, node, "name", alias);
}

static char *alias_of(const struct vfp_mac *mac)
{
	const uint8_t *byte = mac->byte;

	return vfp_format(VFP_ALIAS_PREFIX "%02x%02x%02x%02x%02x%02x", byte[0], byte[1], byte[2],
			  byte[3], byte[4], byte[5]);
}

/* Notes the port of a NIC that is bound now. */
static void keep_port(struct work *work, size_t i, const struct vfp_binding *binding)
{
	const struct vfp_nic *nic = &work->dom->nics[i];
	const struct vfp_xml_port *port = work->dom->places[i].port;
	const char *portgroup = binding->portgroup;
	const struct vfp_xml_node *interface = port ? port->interface : NULL;

	/* Who names no port group means the pool's default, also when that will be another one. */
	if (nic->has_want && !*nic->want.portgroup && !strcmp(nic->want.pool, binding->pool))
		portgroup = "";
	if (nic->kind == VFP_NIC_NETWORK)
		interface = work->dom->places[i].node;
	if (!port || !vfp_mac_equal(&port->mac, &binding->mac) ||
	    strcmp(port->pool, binding->pool) || strcmp(port->portgroup, portgroup))
		work->is_changed = true;
	write_port(work, &binding->mac, binding->pool, portgroup, interface);
}

/* Names of pools and port groups have no character that needs an escape. */
static void write_port(struct work *work, const struct vfp_mac *mac, const char *pool,
		       const char *portgroup, const struct vfp_xml_node *interface)
{
	char text[VFP_MAC_SIZE];
	vfp_autofree char *tag =
		vfp_format("vfpool:port mac='%s' pool='%s'%s%s%s", vfp_mac_format(mac, text), pool,
			   *portgroup ? " portgroup='" : "", portgroup, *portgroup ? "'" : "");

	work->n_ports++;
	if (!interface) {
		vfp_block_line(work->ports, 0, "<%s/>", tag);
		return;
	}
	vfp_block_line(work->ports, 0, "<%s>", tag);
	vfp_source_copy(work->source, interface, work->ports, 1);
	vfp_block_line(work->ports, 0, "</vfpool:port>");
}

static void lock_memory(struct work *work)
{
	const struct vfp_domain *dom = work->dom;
	const struct vfp_xml_node *backing = vfp_xml_child(dom->root, "memoryBacking");
	vfp_auto(block) block = vfp_block_new();

	if (dom->memory.is_locked) {
		keep_former(work, vfp_xml_our_child(dom->former, "memoryBacking"));
		keep_former(work, vfp_xml_our_child(dom->former, "locked"));
		return;
	}
	if (backing) {
		vfp_block_line(block, 0, "<locked/>");
		vfp_edit_append(work->edits, backing, block);
		add_former(work, "<vfpool:locked/>");
		return;
	}
	vfp_block_line(block, 0, "<memoryBacking>");
	vfp_block_line(block, 1, "<locked/>");
	vfp_block_line(block, 0, "</memoryBacking>");
	insert_after_one_of(
		work, (const char *const[]){"currentMemory", "memory", "maxMemory", NULL}, block);
	add_former(work, "<vfpool:memoryBacking/>");
}

static void fill_current_memory(struct work *work)
{
	const struct vfp_domain *dom = work->dom;
	const struct vfp_xml_node *node = vfp_xml_child(dom->root, "currentMemory");
	const struct vfp_xml_node *memory = vfp_xml_child(dom->root, "memory");
	vfp_autofree char *was = vfp_xml_text(node);
	vfp_autofree char *was_unit = unit_attr(node);
	vfp_autofree char *text = vfp_xml_text(memory);
	vfp_autofree char *unit = unit_attr(memory);
	vfp_auto(block) block = vfp_block_new();
	uint64_t kib = 0;

	if (!node || !dom->total_kib || dom->memory.current_kib == dom->total_kib) {
		keep_former(work, vfp_xml_our_child(dom->former, "currentMemory"));
		return;
	}
	/* In the words of <memory>, unless libvirt is going to correct these. */
	if (vfp_xml_memory(memory, &kib, NULL) == 0 && kib == dom->total_kib)
		vfp_block_line(block, 0, "<currentMemory%s>%s</currentMemory>", unit, text);
	else
		vfp_block_line(block, 0, "<currentMemory unit='KiB'>%llu</currentMemory>",
			       (unsigned long long)dom->total_kib);
	vfp_edit_replace(work->edits, node, block);
	add_former(work, "<vfpool:currentMemory%s>%s</vfpool:currentMemory>", was_unit, was);
}

/* " unit='MiB'", or nothing.  Reading the document has checked that it is a unit. */
static char *unit_attr(const struct vfp_xml_node *memory)
{
	const char *unit = vfp_xml_attr(memory, "unit");

	return unit ? vfp_format(" unit='%s'", unit) : vfp_strdup("");
}

static void remove_balloon(struct work *work)
{
	const struct vfp_domain *dom = work->dom;
	const struct vfp_xml_node *node = vfp_xml_child(dom->devices, "memballoon");
	vfp_auto(block) block = vfp_block_new();

	if (!dom->memory.has_balloon) {
		keep_former(work, vfp_xml_our_child(dom->former, "memballoon"));
		return;
	}
	vfp_block_line(block, 0, "<memballoon model='none'/>");
	if (!node) {
		vfp_edit_append(work->edits, dom->devices, block);
		add_former(work, "<vfpool:memballoon/>");
		return;
	}
	vfp_edit_replace(work->edits, node, block);
	add_former(work, "<vfpool:memballoon>");
	vfp_source_copy(work->source, node, work->former, 1);
	vfp_block_line(work->former, 0, "</vfpool:memballoon>");
}

static void leave_disks_out(struct work *work)
{
	const struct vfp_domain *dom = work->dom;
	const struct vfp_xml_node *disk = vfp_xml_child(dom->devices, "disk");

	for (; disk; disk = vfp_xml_again(disk)) {
		if (vfp_xml_disk_is_left_out(disk)) {
			keep_former(work, vfp_xml_former_disk(dom, disk));
			continue;
		}
		vfp_edit_attr(work->edits, disk, "snapshot", "no");
		if (vfp_xml_disk_name(disk))
			add_former_disk(work, disk);
	}
}

static void add_former_disk(struct work *work, const struct vfp_xml_node *disk)
{
	const char *snapshot = vfp_xml_attr(disk, "snapshot");
	vfp_autofree char *dev = vfp_xml_escape(vfp_xml_disk_name(disk));
	vfp_autofree char *was = vfp_xml_escape(snapshot ? snapshot : "");

	if (snapshot)
		add_former(work, "<vfpool:disk dev='%s' snapshot='%s'/>", dev, was);
	else
		add_former(work, "<vfpool:disk dev='%s'/>", dev);
}

/* Where the VF's driver could migrate it.  A BOUND NIC that the caller does not name stays as it
 * is. */
static void switch_migration_off(struct work *work, const struct vfp_binding *bindings,
				 const size_t *nics, size_t n)
{
	const struct vfp_domain *dom = work->dom;
	struct vfp_override_changes changes = {.former = work->former};
	char *aliases[VFP_MAX_NICS];
	size_t n_aliases = 0;

	for (size_t i = 0; i < dom->n_nics; i++) {
		const struct vfp_binding *binding = binding_of(bindings, nics, n, i);
		vfp_autofree char *alias = NULL;

		if (!binding && dom->nics[i].kind != VFP_NIC_BOUND)
			continue;
		alias = alias_of(binding ? &binding->mac : &dom->nics[i].want.mac);
		if (binding ? binding->could_migrate : vfp_override_is_ours(dom, alias))
			aliases[n_aliases++] = VFP_TAKE(alias);
	}
	vfp_override_write(dom, work->edits, aliases, n_aliases, &changes);
	work->n_former += changes.n_former;
	work->is_changed = work->is_changed || changes.is_changed;
	for (size_t i = 0; i < n_aliases; i++)
		free(aliases[i]);
}

/* Notes how something was that this rewrite changes. */
static void add_former(struct work *work, const char *fmt, ...)
{
	vfp_autofree char *line = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&line, fmt, args) < 0)
		abort();
	va_end(args);
	vfp_block_line(work->former, 0, "%s", line);
	work->n_former++;
	work->is_changed = true;
}

/* Goes on to say what an earlier rewrite noted. */
static void keep_former(struct work *work, const struct vfp_xml_node *record)
{
	if (!record)
		return;
	vfp_source_copy(work->source, record, work->former, 0);
	work->n_former++;
}

/* Only when it is to hold something else than it does: what libvirt or a user made of its layout
 * stays. */
static void write_metadata(struct work *work)
{
	const struct vfp_domain *dom = work->dom;
	const struct vfp_xml_node *metadata = vfp_xml_child(dom->root, "metadata");
	vfp_auto(block) block = vfp_block_new();

	if (work->n_former != count_children(dom->former))
		work->is_changed = true;
	if (!work->is_changed)
		return;
	if (!metadata)
		vfp_block_line(block, 0, "<metadata>");
	write_ours(work, block, metadata ? 0 : 1);
	if (!metadata)
		vfp_block_line(block, 0, "</metadata>");
	if (dom->ours)
		vfp_edit_replace(work->edits, dom->ours, block);
	else if (metadata)
		vfp_edit_append(work->edits, metadata, block);
	else
		insert_after_one_of(work,
				    (const char *const[]){"description", "title", "genid", "uuid",
							  "name", NULL},
				    block);
}

static void write_ours(struct work *work, struct vfp_block *block, unsigned int depth)
{
	vfp_block_line(block, depth, "<vfpool:domain xmlns:vfpool='" VFP_XML_NS "'>");
	vfp_block_add(block, depth + 1, work->ports);
	if (!vfp_block_is_empty(work->former)) {
		vfp_block_line(block, depth + 1, "<vfpool:former>");
		vfp_block_add(block, depth + 2, work->former);
		vfp_block_line(block, depth + 1, "</vfpool:former>");
	}
	vfp_block_line(block, depth, "</vfpool:domain>");
}

static size_t count_children(const struct vfp_xml_node *node)
{
	size_t n = 0;

	for (node = node ? node->first : NULL; node; node = node->next)
		n++;
	return n;
}

/* Behind the first of @names that the document has, so that elements stand where libvirt writes
 * them. */
static void insert_after_one_of(struct work *work, const char *const *names,
				const struct vfp_block *block)
{
	const struct vfp_xml_node *node = NULL;

	for (; *names && !node; names++)
		node = vfp_xml_child(work->dom->root, *names);
	if (node)
		vfp_edit_after(work->edits, node, block);
	else
		vfp_edit_before(work->edits, work->dom->root->first, block);
}
