/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The switch that takes VFIO's migration away from a device. */

#include "xml/override.h"

#include <string.h>

#define QEMU_NS	 "http://libvirt.org/schemas/domain/qemu/1.0"
#define PROPERTY "enable-migration"
#define RECORD	 "override" /* <vfpool:override alias='…' value='…'/>, value: it said that */

/* Where the switch of one device is, as far as there is one. */
struct place {
	const struct vfp_xml_node *device, *frontend, *property;
};

static struct place find_place(const struct vfp_domain *dom, const char *alias);
static const struct vfp_xml_node *find_record(const struct vfp_domain *dom, const char *alias);
static bool is_one_of(const char *alias, char *const *aliases, size_t n);
static void add_switch(struct vfp_edits *edits, const struct place *place, const char *prefix,
		       const char *alias, struct vfp_block *devices);
static void note(struct vfp_override_changes *changes, const char *alias, const char *value);
static void remove_others(const struct vfp_domain *dom, struct vfp_edits *edits,
			  char *const *aliases, size_t n, bool is_needed);
static bool is_alone(const struct vfp_xml_node *node);
static char *prefix_of(const struct vfp_domain *dom, const struct vfp_xml_node *override);

void vfp_override_write(const struct vfp_domain *dom, struct vfp_edits *edits, char *const *aliases,
			size_t n, struct vfp_override_changes *changes)
{
	const struct vfp_xml_node *override = vfp_xml_child_in(dom->root, QEMU_NS, "override");
	vfp_autofree char *prefix = prefix_of(dom, override);
	vfp_auto(block) devices = vfp_block_new();
	vfp_auto(block) block = vfp_block_new();

	for (size_t i = 0; i < n; i++) {
		struct place place = find_place(dom, aliases[i]);
		const struct vfp_xml_node *record = find_record(dom, aliases[i]);
		const char *value = vfp_xml_attr(place.property, "value");

		if (record && place.property)
			note(changes, aliases[i], vfp_xml_attr(record, "value"));
		else if (!place.property || !value || strcmp(value, "off") != 0)
			note(changes, aliases[i], value);
		changes->is_changed = changes->is_changed || (!record && changes->n_former);
		if (place.property && (!value || strcmp(value, "off") != 0))
			vfp_edit_attr(edits, place.property, "value", "off");
		else if (!place.property)
			add_switch(edits, &place, prefix, aliases[i], devices);
	}
	remove_others(dom, edits, aliases, n, !vfp_block_is_empty(devices));
	if (vfp_block_is_empty(devices))
		return;
	if (override) {
		vfp_edit_append(edits, override, devices);
		return;
	}
	vfp_block_line(block, 0, "<qemu:override xmlns:qemu='" QEMU_NS "'>");
	vfp_block_add(block, 1, devices);
	vfp_block_line(block, 0, "</qemu:override>");
	vfp_edit_append(edits, dom->root, block);
}

bool vfp_override_is_ours(const struct vfp_domain *dom, const char *alias)
{
	return find_record(dom, alias) && find_place(dom, alias).property;
}

void vfp_override_undo(const struct vfp_domain *dom, struct vfp_edits *edits)
{
	remove_others(dom, edits, NULL, 0, false);
}

/* What is missing of device, frontend and property, at the place where it is missing; a whole
 * device goes into @devices. */
static void add_switch(struct vfp_edits *edits, const struct place *place, const char *prefix,
		       const char *alias, struct vfp_block *devices)
{
	vfp_auto(block) block = vfp_block_new();
	vfp_autofree char *property =
		vfp_format("<%sproperty name='" PROPERTY "' type='string' value='off'/>", prefix);

	if (place->frontend) {
		vfp_block_line(block, 0, "%s", property);
		vfp_edit_append(edits, place->frontend, block);
		return;
	}
	vfp_block_line(block, 0, "<%sfrontend>", prefix);
	vfp_block_line(block, 1, "%s", property);
	vfp_block_line(block, 0, "</%sfrontend>", prefix);
	if (place->device) {
		vfp_edit_append(edits, place->device, block);
		return;
	}
	vfp_block_line(devices, 0, "<%sdevice alias='%s'>", prefix, alias);
	vfp_block_add(devices, 1, block);
	vfp_block_line(devices, 0, "</%sdevice>", prefix);
}

/* @value: what the property said before it was ours; NULL: it was not there. */
static void note(struct vfp_override_changes *changes, const char *alias, const char *value)
{
	vfp_autofree char *escaped = vfp_xml_escape(value ? value : "");

	if (value)
		vfp_block_line(changes->former, 0, "<vfpool:" RECORD " alias='%s' value='%s'/>",
			       alias, escaped);
	else
		vfp_block_line(changes->former, 0, "<vfpool:" RECORD " alias='%s'/>", alias);
	changes->n_former++;
}

/* Undoes what our records name and @aliases do not.  @is_needed: <qemu:override> gets a device
 * more. */
static void remove_others(const struct vfp_domain *dom, struct vfp_edits *edits,
			  char *const *aliases, size_t n, bool is_needed)
{
	const struct vfp_xml_node *override = vfp_xml_child_in(dom->root, QEMU_NS, "override");
	const struct vfp_xml_node *removed[VFP_MAX_NICS];
	size_t n_removed = 0, n_devices = 0;
	const struct vfp_xml_node *record = vfp_xml_our_child(dom->former, RECORD);

	for (; record; record = vfp_xml_again(record)) {
		const char *alias = vfp_xml_attr(record, "alias");
		const char *value = vfp_xml_attr(record, "value");
		struct place place = find_place(dom, alias ? alias : "");

		if (!alias || !place.property || is_one_of(alias, aliases, n) ||
		    !vfp_xml_attr_is(place.property, "value", "off"))
			continue;
		if (value)
			vfp_edit_attr(edits, place.property, "value", value);
		else if (!is_alone(place.property) || !is_alone(place.frontend))
			vfp_edit_remove(edits, place.property);
		else if (n_removed < VFP_N(removed))
			removed[n_removed++] = place.device;
	}
	for (const struct vfp_xml_node *node = override ? override->first : NULL; node;
	     node = node->next)
		n_devices++;
	if (n_removed && n_removed == n_devices && !is_needed) {
		vfp_edit_remove(edits, override);
		return;
	}
	for (size_t i = 0; i < n_removed; i++)
		vfp_edit_remove(edits, removed[i]);
}

static struct place find_place(const struct vfp_domain *dom, const char *alias)
{
	const struct vfp_xml_node *override = vfp_xml_child_in(dom->root, QEMU_NS, "override");
	struct place place = {.device = vfp_xml_child_in(override, QEMU_NS, "device")};

	while (place.device && !vfp_xml_attr_is(place.device, "alias", alias))
		place.device = vfp_xml_again(place.device);
	place.frontend = vfp_xml_child_in(place.device, QEMU_NS, "frontend");
	place.property = vfp_xml_child_in(place.frontend, QEMU_NS, "property");
	while (place.property && !vfp_xml_attr_is(place.property, "name", PROPERTY))
		place.property = vfp_xml_again(place.property);
	return place;
}

static const struct vfp_xml_node *find_record(const struct vfp_domain *dom, const char *alias)
{
	const struct vfp_xml_node *record = vfp_xml_our_child(dom->former, RECORD);

	while (record && !vfp_xml_attr_is(record, "alias", alias))
		record = vfp_xml_again(record);
	return record;
}

static bool is_one_of(const char *alias, char *const *aliases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(aliases[i], alias))
			return true;
	return false;
}

static bool is_alone(const struct vfp_xml_node *node)
{
	return node->parent->first == node && !node->next;
}

/* With the colon, "" for the default namespace. */
static char *prefix_of(const struct vfp_domain *dom, const struct vfp_xml_node *override)
{
	const char *tag = override ? dom->text + override->start + 1 : "qemu:";
	size_t size = strcspn(tag, ": \t\r\n/>");

	return vfp_format("%.*s", tag[size] == ':' ? (int)size + 1 : 0, tag);
}
