/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes the definition as its author meant it.
 *
 * What a rewrite changed is put back only where it still is what the rewrite made of it: where
 * somebody has changed it since, that is what they mean.  The <uuid> that a rewrite may have added
 * stays: the domain bears it by now, and libvirt would take a definition without it for another
 * domain.
 */
#include "xml/domain.h"

#include <string.h>

#include "xml/document.h"
#include "xml/edit.h"
#include "xml/override.h"

/* Children of a bound interface that mean the same on the author's, so the bound one's are taken
 * over. */
static const char *const shared_children[] = {"boot", "rom", "acpi", "address"};

/* What all steps need: the document, where it is in the text, and the edits that are collected. */
struct work {
	const struct vfp_domain *dom;
	struct vfp_source *source;
	struct vfp_edits *edits;
};

static void restore_nic(struct work *work, size_t i);
static void write_original(struct work *work, size_t i, const struct vfp_xml_node *original,
			   struct vfp_block *block);
static bool original_mac(const struct vfp_xml_node *original, struct vfp_mac *ret_mac);
static void set_mac(struct vfp_edits *edits, const struct vfp_xml_node *original,
		    const struct vfp_mac *mac, struct vfp_block *missing);
static void set_attr(struct vfp_edits *edits, const struct vfp_xml_node *node, const char *name,
		     const char *value);
static void write_source(const struct vfp_nic *nic, struct vfp_block *block, unsigned int depth);
static void take_over(struct work *work, struct vfp_edits *edits, const char *name,
		      const struct vfp_xml_node *bound, const struct vfp_xml_node *original,
		      struct vfp_block *missing);
static void write_plain(struct work *work, size_t i, struct vfp_block *block);
static void restore_memory_backing(struct work *work);
static bool is_alone(const struct vfp_xml_node *node);
static void restore_current_memory(struct work *work);
static void restore_balloon(struct work *work);
static bool is_address_taken(const struct vfp_domain *dom, const struct vfp_xml_node *address);
static bool is_same_address(const struct vfp_xml_node *a, const struct vfp_xml_node *b);
static void restore_disks(struct work *work);
static void remove_metadata(struct work *work);

int vfp_domain_undo(const struct vfp_domain *dom, char **ret_text, struct vfp_err *err)
{
	vfp_auto(source) source = NULL;
	vfp_auto(edits) edits = NULL;
	struct work work = {.dom = dom};

	if (!dom->ours)
		return vfp_fail(
			err, ENOENT,
			"domain %s: its <metadata> has nothing of vfpool's, so there is nothing "
			"to undo",
			dom->name);
	work.source = source = vfp_source_new(dom->text, dom->size, dom->root);
	work.edits = edits = vfp_edits_new(source);
	for (size_t i = 0; i < dom->n_nics; i++)
		if (dom->places[i].port)
			restore_nic(&work, i);
	restore_memory_backing(&work);
	restore_current_memory(&work);
	restore_balloon(&work);
	restore_disks(&work);
	vfp_override_undo(dom, work.edits);
	remove_metadata(&work);
	return vfp_edits_apply(edits, ret_text, err);
}

static void restore_nic(struct work *work, size_t i)
{
	const struct vfp_xml_node *node = work->dom->places[i].node;
	const struct vfp_xml_node *original = work->dom->places[i].port->interface;
	vfp_auto(block) block = vfp_block_new();

	if (original)
		write_original(work, i, original, block);
	else
		write_plain(work, i, block);
	vfp_edit_replace(work->edits, node, block);
}

/* The author's element with what is the NIC's now: MAC, pool and port group, boot order, guest
 * address. */
static void write_original(struct work *work, size_t i, const struct vfp_xml_node *original,
			   struct vfp_block *block)
{
	const struct vfp_nic *nic = &work->dom->nics[i];
	const struct vfp_xml_node *source = vfp_xml_child(original, "source");
	vfp_auto(edits) edits = vfp_edits_new(work->source);
	vfp_auto(block) missing = vfp_block_new();
	struct vfp_mac mac;

	if (!original_mac(original, &mac) || !vfp_mac_equal(&mac, &nic->want.mac))
		set_mac(edits, original, &nic->want.mac, missing);
	if (source) {
		set_attr(edits, source, "network", nic->want.pool);
		set_attr(edits, source, "portgroup", nic->want.portgroup);
	} else {
		write_source(nic, missing, 0);
	}
	for (size_t c = 0; c < VFP_N(shared_children); c++)
		take_over(work, edits, shared_children[c], work->dom->places[i].node, original,
			  missing);
	if (!vfp_block_is_empty(missing))
		vfp_edit_append(edits, original, missing);
	vfp_edits_copy(edits, original, block, 0);
}

static bool original_mac(const struct vfp_xml_node *original, struct vfp_mac *ret_mac)
{
	const char *mac = vfp_xml_attr(vfp_xml_child(original, "mac"), "address");

	return mac && vfp_mac_parse(mac, ret_mac) == 0;
}

static void set_mac(struct vfp_edits *edits, const struct vfp_xml_node *original,
		    const struct vfp_mac *mac, struct vfp_block *missing)
{
	const struct vfp_xml_node *node = vfp_xml_child(original, "mac");
	const struct vfp_xml_node *source = vfp_xml_child(original, "source");
	vfp_auto(block) block = vfp_block_new();
	char text[VFP_MAC_SIZE];

	vfp_mac_format(mac, text);
	vfp_block_line(block, 0, "<mac address='%s'/>", text);
	if (node)
		vfp_edit_attr(edits, node, "address", text);
	else if (source)
		vfp_edit_before(edits, source, block);
	else
		vfp_block_add(missing, 0, block);
}

/* "" is no attribute. */
static void set_attr(struct vfp_edits *edits, const struct vfp_xml_node *node, const char *name,
		     const char *value)
{
	if (!vfp_xml_attr_is(node, name, value))
		vfp_edit_attr(edits, node, name, *value ? value : NULL);
}

static void write_source(const struct vfp_nic *nic, struct vfp_block *block, unsigned int depth)
{
	const char *portgroup = nic->want.portgroup;

	vfp_block_line(block, depth, "<source network='%s'%s%s%s/>", nic->want.pool,
		       *portgroup ? " portgroup='" : "", portgroup, *portgroup ? "'" : "");
}

/* Makes one child of the original what it is on the bound interface.  One that a rewrite left
 * behind, because it does not fit a VF, is missing there for that reason alone and stays. */
static void take_over(struct work *work, struct vfp_edits *edits, const char *name,
		      const struct vfp_xml_node *bound, const struct vfp_xml_node *original,
		      struct vfp_block *missing)
{
	const struct vfp_xml_node *now = vfp_xml_child(bound, name);
	const struct vfp_xml_node *was = vfp_xml_child(original, name);
	vfp_auto(block) block = vfp_block_new();

	if (now && was && vfp_xml_equal(now, was))
		return;
	if (now)
		vfp_source_copy(work->source, now, block, 0);
	if (now && was)
		vfp_edit_replace(edits, was, block);
	else if (now)
		vfp_block_add(missing, 0, block);
	else if (was && vfp_xml_fits_vf(was))
		vfp_edit_remove(edits, was);
}

/* Where the author's element is lost: the least that means the same. */
static void write_plain(struct work *work, size_t i, struct vfp_block *block)
{
	const struct vfp_nic *nic = &work->dom->nics[i];
	char mac[VFP_MAC_SIZE];

	vfp_block_line(block, 0, "<interface type='network'>");
	vfp_block_line(block, 1, "<mac address='%s'/>", vfp_mac_format(&nic->want.mac, mac));
	write_source(nic, block, 1);
	for (size_t c = 0; c < VFP_N(shared_children); c++) {
		const struct vfp_xml_node *now =
			vfp_xml_child(work->dom->places[i].node, shared_children[c]);

		if (now)
			vfp_source_copy(work->source, now, block, 1);
	}
	vfp_block_line(block, 0, "</interface>");
}

static void restore_memory_backing(struct work *work)
{
	const struct vfp_domain *dom = work->dom;
	const struct vfp_xml_node *backing = vfp_xml_child(dom->root, "memoryBacking");
	const struct vfp_xml_node *locked = vfp_xml_child(backing, "locked");
	bool was_none = vfp_xml_our_child(dom->former, "memoryBacking");
	vfp_auto(block) empty = vfp_block_new();

	if (!locked || !(was_none || vfp_xml_our_child(dom->former, "locked")))
		return;
	vfp_block_line(empty, 0, "<memoryBacking/>");
	if (!is_alone(locked))
		vfp_edit_remove(work->edits, locked);
	else if (was_none)
		vfp_edit_remove(work->edits, backing);
	else
		vfp_edit_replace(work->edits, backing, empty);
}

static bool is_alone(const struct vfp_xml_node *node)
{
	return node->parent->first == node && !node->next;
}

static void restore_current_memory(struct work *work)
{
	const struct vfp_domain *dom = work->dom;
	const struct vfp_xml_node *record = vfp_xml_our_child(dom->former, "currentMemory");
	const struct vfp_xml_node *node = vfp_xml_child(dom->root, "currentMemory");
	vfp_auto(block) block = vfp_block_new();
	vfp_autofree char *text = vfp_xml_text(record);
	vfp_autofree char *escaped = vfp_xml_escape(text);
	const char *unit = vfp_xml_attr(record, "unit");
	vfp_autofree char *escaped_unit = vfp_xml_escape(unit ? unit : "");

	if (!record || dom->memory.current_kib != dom->total_kib)
		return;
	vfp_block_line(block, 0, "<currentMemory%s%s%s>%s</currentMemory>", unit ? " unit='" : "",
		       escaped_unit, unit ? "'" : "", escaped);
	if (node)
		vfp_edit_replace(work->edits, node, block);
	else if (vfp_xml_child(dom->root, "memory"))
		vfp_edit_after(work->edits, vfp_xml_child(dom->root, "memory"), block);
}

/* The balloon's old guest address may be another device's by now; libvirt then finds it a new one.
 * */
static void restore_balloon(struct work *work)
{
	const struct vfp_domain *dom = work->dom;
	const struct vfp_xml_node *record = vfp_xml_our_child(dom->former, "memballoon");
	const struct vfp_xml_node *node = vfp_xml_child(dom->devices, "memballoon");
	const struct vfp_xml_node *was = vfp_xml_child(record, "memballoon");
	const struct vfp_xml_node *address = vfp_xml_child(was, "address");
	vfp_auto(edits) edits = vfp_edits_new(work->source);
	vfp_auto(block) block = vfp_block_new();

	if (!record || !node || dom->memory.has_balloon)
		return;
	if (!was) {
		vfp_edit_remove(work->edits, node);
		return;
	}
	if (address && is_address_taken(dom, address))
		vfp_edit_remove(edits, address);
	vfp_edits_copy(edits, was, block, 0);
	vfp_edit_replace(work->edits, node, block);
}

static bool is_address_taken(const struct vfp_domain *dom, const struct vfp_xml_node *address)
{
	/* One that says its type alone leaves the choice to libvirt. */
	if (address->n_attrs < 2)
		return false;
	for (const struct vfp_xml_node *dev = dom->devices->first; dev; dev = dev->next) {
		const struct vfp_xml_node *other = vfp_xml_child(dev, "address");

		if (other && is_same_address(other, address))
			return true;
	}
	return false;
}

static bool is_same_address(const struct vfp_xml_node *a, const struct vfp_xml_node *b)
{
	struct vfp_pci pci_a, pci_b;

	if (vfp_xml_attr_is(a, "type", "pci") && vfp_xml_attr_is(b, "type", "pci") &&
	    vfp_xml_pci(a, &pci_a, NULL) == 0 && vfp_xml_pci(b, &pci_b, NULL) == 0)
		return vfp_pci_compare(&pci_a, &pci_b) == 0;
	return vfp_xml_equal(a, b);
}

static void restore_disks(struct work *work)
{
	const struct vfp_domain *dom = work->dom;
	const struct vfp_xml_node *disk = vfp_xml_child(dom->devices, "disk");

	for (; disk; disk = vfp_xml_again(disk)) {
		const struct vfp_xml_node *record = vfp_xml_former_disk(dom, disk);

		if (record && vfp_xml_disk_is_left_out(disk))
			vfp_edit_attr(work->edits, disk, "snapshot",
				      vfp_xml_attr(record, "snapshot"));
	}
}

static void remove_metadata(struct work *work)
{
	const struct vfp_xml_node *ours = work->dom->ours;

	vfp_edit_remove(work->edits, is_alone(ours) ? ours->parent : ours);
}
