/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The things of a picture as objects on the bus. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "service/bus-private.h"

static int get(sd_bus *sd_bus, const char *path, const char *interface, const char *property,
	       sd_bus_message *reply, void *opaque, sd_bus_error *error);
static int find(sd_bus *sd_bus, const char *path, const char *interface, void *opaque,
		void **ret_found, sd_bus_error *error);
static int list(sd_bus *sd_bus, const char *prefix, void *opaque, char ***ret_nodes,
		sd_bus_error *error);

/* The table of an interface, made from that of its kind. */
static void make_vtable(struct vfp_bus *bus, enum vfp_kind kind)
{
	const struct vfp_kind_def *def = &vfp_kind_defs[kind];
	sd_bus_vtable *row = bus->vtables[kind];

	snprintf(bus->interfaces[kind], sizeof(bus->interfaces[kind]), "%s.%s", VFP_BUS_NAME,
		 def->name);
	*row++ = (sd_bus_vtable)SD_BUS_VTABLE_START(0);
	for (size_t i = 0; def->properties[i].name; i++)
		*row++ = (sd_bus_vtable)SD_BUS_PROPERTY(def->properties[i].name,
							def->properties[i].type, get, 0,
							SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE);
	*row = (sd_bus_vtable)SD_BUS_VTABLE_END;
}

int vfp_bus_add_objects(struct vfp_bus *bus)
{
	int rc = sd_bus_add_object_manager(bus->bus, NULL, VFP_PICTURE_ROOT);

	if (rc >= 0)
		rc = sd_bus_add_node_enumerator(bus->bus, NULL, VFP_PICTURE_ROOT, list, bus);
	for (enum vfp_kind kind = 0; rc >= 0 && kind < VFP_N_KINDS; kind++) {
		vfp_autofree char *prefix =
			vfp_format("%s/%s", VFP_PICTURE_ROOT, vfp_kind_defs[kind].folder);

		make_vtable(bus, kind);
		rc = sd_bus_add_fallback_vtable(bus->bus, NULL, prefix, bus->interfaces[kind],
						bus->vtables[kind], find, bus);
	}
	return rc;
}

static void tell_gone(void *opaque, const struct vfp_thing *before, const struct vfp_thing *now,
		      unsigned int changed)
{
	struct vfp_bus *bus = opaque;

	if (!now)
		sd_bus_emit_object_removed(bus->bus, before->path);
}

static void tell_new(void *opaque, const struct vfp_thing *before, const struct vfp_thing *now,
		     unsigned int changed)
{
	char *names[VFP_MAX_PROPERTIES + 1] = {NULL};
	struct vfp_bus *bus = opaque;
	size_t n = 0;

	if (!now)
		return;
	if (!before) {
		sd_bus_emit_object_added(bus->bus, now->path);
		return;
	}
	for (size_t i = 0; i < now->n; i++)
		if (changed & 1u << i)
			names[n++] = (char *)vfp_kind_defs[now->kind].properties[i].name;
	sd_bus_emit_properties_changed_strv(bus->bus, now->path, bus->interfaces[now->kind], names);
}

/* What goes is told of while it is still there, what comes when it is. */
void vfp_bus_show(struct vfp_bus *bus, struct vfp_picture *now)
{
	struct vfp_picture before;

	if (bus->bus && bus->has_name)
		vfp_picture_compare(&bus->picture, now, tell_gone, bus);
	before = bus->picture;
	bus->picture = *now;
	if (bus->bus && bus->has_name)
		vfp_picture_compare(&before, &bus->picture, tell_new, bus);
	vfp_picture_free(&before);
}

static int append_item(sd_bus_message *reply, const struct vfp_item *item)
{
	char text[sizeof(item->text)];

	switch (item->kind) {
	case VFP_ITEM_TEXT:
		memcpy(text, item->text, sizeof(text));
		vfp_picture_clean(text);
		return sd_bus_message_append(reply, "{sv}", item->key, "s", text);
	case VFP_ITEM_NUMBER:
		return sd_bus_message_append(reply, "{sv}", item->key, "x", item->number);
	case VFP_ITEM_BOOL:
		return sd_bus_message_append(reply, "{sv}", item->key, "b", item->number != 0);
	default:
		return 0;
	}
}

int vfp_bus_append_items(sd_bus_message *reply, const struct vfp_item *items, size_t n)
{
	int rc = sd_bus_message_open_container(reply, 'a', "{sv}");

	for (size_t i = 0; rc >= 0 && i < n; i++)
		rc = append_item(reply, &items[i]);
	return rc < 0 ? rc : sd_bus_message_close_container(reply);
}

/* --- Asked by sd-bus -------------------------------------------------------------------------- */

static int get(sd_bus *sd_bus, const char *path, const char *interface, const char *property,
	       sd_bus_message *reply, void *opaque, sd_bus_error *error)
{
	const struct vfp_thing *thing = opaque;
	const struct vfp_kind_def *def = &vfp_kind_defs[thing->kind];
	size_t i = 0;

	while (def->properties[i].name && strcmp(def->properties[i].name, property) != 0)
		i++;
	if (i == thing->n)
		return -ENOENT;
	switch (def->properties[i].type[0]) {
	case 's':
		return sd_bus_message_append(reply, "s", thing->properties[i].text);
	case 'a':
		return vfp_bus_append_items(reply, thing->properties[i].items,
					    (size_t)thing->properties[i].number);
	case 't':
		return sd_bus_message_append(reply, "t", (uint64_t)thing->properties[i].number);
	default: /* 32 bits: a truth, a number with or without sign */
		return sd_bus_message_append(reply, def->properties[i].type,
					     (int)thing->properties[i].number);
	}
}

static int find(sd_bus *sd_bus, const char *path, const char *interface, void *opaque,
		void **ret_found, sd_bus_error *error)
{
	struct vfp_bus *bus = opaque;
	const struct vfp_thing *thing = vfp_picture_find(&bus->picture, path);

	if (!thing)
		return 0;
	*ret_found = (void *)thing;
	return 1;
}

static int list(sd_bus *sd_bus, const char *prefix, void *opaque, char ***ret_nodes,
		sd_bus_error *error)
{
	struct vfp_bus *bus = opaque;
	char **nodes = vfp_alloc(bus->picture.n + 1, sizeof(*nodes));

	for (size_t i = 0; i < bus->picture.n; i++)
		nodes[i] = vfp_strdup(bus->picture.things[i].path);
	*ret_nodes = nodes;
	return 0;
}
