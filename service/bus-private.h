/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files service/bus*.c share.
 */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "service/bus.h"
#include "service/lane.h"
#include "service/picture.h"

#define VFP_BUS_NAME	"org.vfpool1"
#define VFP_BUS_MANAGER "org.vfpool1.Manager"

/* Who calls: a unique name is never given twice (D-Bus specification, Unique Connection Name), so
 * what is known once stays true. */
struct vfp_bus_caller {
	char name[32];
	uint32_t uid;
};

struct vfp_bus {
	const struct vfp_host *host;
	const char *uri;
	vfp_bus_wrote *wrote;
	void *opaque;
	sd_bus *bus; /* NULL: not connected */
	sd_event *event;
	int file; /* the event's, in the loop */
	int turn_timer, look_timer, retry_timer;
	int retry_ms;
	struct vfp_lane *writer, *reader, *watcher;
	bool is_looking, wants_look, has_name;
	struct vfp_picture picture;
	struct vfp_bus_caller callers[64]; /* a ring */
	size_t next_caller;
	size_t n_calls; /* that are not answered yet */
	sd_bus_vtable vtables[VFP_N_KINDS][VFP_MAX_PROPERTIES + 2];
	char interfaces[VFP_N_KINDS][32];
};

/* To be called when something was sent: what the socket did not take goes out by the loop. */
void vfp_bus_sent(struct vfp_bus *bus);

/* --- bus-objects.c ---------------------------------------------------------------------------- */

/* -errno of sd-bus. */
int vfp_bus_add_objects(struct vfp_bus *bus);
/* What is to be seen is @now, which is taken; tells of the differences. */
void vfp_bus_show(struct vfp_bus *bus, struct vfp_picture *now);

/* Appends them as a{sv}: s, x, b; what is none is left out.  -errno of sd-bus. */
int vfp_bus_append_items(sd_bus_message *reply, const struct vfp_item *items, size_t n);

/* --- bus-calls.c ------------------------------------------------------------------------------ */

int vfp_bus_add_calls(struct vfp_bus *bus);

/* --- bus-auth.c ------------------------------------------------------------------------------- */

/* @rc 0: go on; -EACCES and others in the words of @err. */
typedef void vfp_bus_verdict(void *opaque, int rc, const struct vfp_err *err);

/* Whether the sender of @m may: root may; others by polkit's action @action, who is asked without
 * waiting.  The verdict comes once, perhaps before this returns. */
void vfp_bus_ask(struct vfp_bus *bus, sd_bus_message *m, const char *action,
		 vfp_bus_verdict *verdict, void *opaque);
