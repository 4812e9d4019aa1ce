/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The connection to the bus, within the event loop, and the pictures of what changes. */

#include "service/bus.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "service/bus-private.h"

#define N_READERS	4 /* some may wait for libvirt, which waits for a hook */
#define WRITES_WAITING	256
#define READS_WAITING	64
#define GROUP_MS	20 /* then another writer has its turn: a hook waits no longer */
#define EVENTS_PER_TURN 64 /* then others come first */
#define LOOK_FIRST_MS	10 /* a change seldom comes alone */
#define LOOK_AGAIN_MS	100
#define RETRY_MIN_MS	1000
#define RETRY_MAX_MS	60000

static int connect_bus(struct vfp_bus *bus, struct vfp_err *err);
static void disconnect_bus(struct vfp_bus *bus);
static void on_turn(void *opaque);
static void on_look(void *opaque);
static void on_retry(void *opaque);

int vfp_bus_new(const struct vfp_host *host, const char *uri, vfp_bus_wrote *wrote, void *opaque,
		struct vfp_bus **ret, struct vfp_err *err)
{
	struct vfp_bus *bus = vfp_alloc(1, sizeof(*bus));
	int rc;

	*bus = (struct vfp_bus){
		.host = host,
		.uri = uri,
		.wrote = wrote,
		.opaque = opaque,
		.file = -1,
		.retry_ms = RETRY_MIN_MS,
	};
	bus->turn_timer = vfp_loop_add_timer(on_turn, bus, err);
	bus->look_timer = vfp_loop_add_timer(on_look, bus, err);
	bus->retry_timer = vfp_loop_add_timer(on_retry, bus, err);
	rc = connect_bus(bus, err);
	if (rc < 0 && rc != -ENOENT) {
		vfp_log(VFP_LOG_WARN, "%s; it is tried again", err->msg);
		vfp_loop_set_timer(bus->retry_timer, bus->retry_ms);
		rc = 0;
	}
	if (rc == 0)
		rc = vfp_lane_new(host, VFP_POOL_WRITE, GROUP_MS, 1, WRITES_WAITING, &bus->writer,
				  err);
	if (rc == 0)
		rc = vfp_lane_new(host, VFP_POOL_WRITE, 0, N_READERS, READS_WAITING, &bus->reader,
				  err);
	if (rc == 0)
		rc = vfp_lane_new(host, VFP_POOL_READ, 0, 1, 1, &bus->watcher, err);
	if (rc < 0) {
		vfp_bus_free(bus);
		return rc;
	}
	vfp_bus_changed(bus);
	*ret = bus;
	return 0;
}

void vfp_bus_free(struct vfp_bus *bus)
{
	if (!bus)
		return;
	vfp_loop_set_timer(bus->turn_timer, -1);
	vfp_loop_set_timer(bus->look_timer, -1);
	vfp_loop_set_timer(bus->retry_timer, -1);
	vfp_lane_free(bus->writer);
	vfp_lane_free(bus->reader);
	vfp_lane_free(bus->watcher);
	disconnect_bus(bus);
	vfp_picture_free(&bus->picture);
	free(bus);
}

void vfp_bus_changed(struct vfp_bus *bus)
{
	if (!bus || !bus->bus)
		return;
	if (!bus->is_looking && !bus->wants_look)
		vfp_loop_set_timer(bus->look_timer, LOOK_FIRST_MS);
	bus->wants_look = true;
}

void vfp_bus_sent(struct vfp_bus *bus)
{
	vfp_loop_set_timer(bus->turn_timer, 0);
}

/* --- The connection --------------------------------------------------------------------------- */

static int fail(struct vfp_bus *bus, int rc, struct vfp_err *err)
{
	disconnect_bus(bus);
	return vfp_fail(err, -rc, "system bus: %s", strerror(-rc));
}

/* The name means that there is somebody to be asked: it is taken when there is a picture. */
static int connect_bus(struct vfp_bus *bus, struct vfp_err *err)
{
	int rc;

	if (*bus->host->root && !getenv("DBUS_SYSTEM_BUS_ADDRESS"))
		return vfp_fail(err, ENOENT, "system bus: it is not that of %s", bus->host->root);
	rc = sd_event_new(&bus->event);
	if (rc >= 0)
		rc = sd_bus_open_system(&bus->bus);
	if (rc >= 0)
		rc = sd_bus_attach_event(bus->bus, bus->event, SD_EVENT_PRIORITY_NORMAL);
	if (rc >= 0)
		rc = vfp_bus_add_objects(bus);
	if (rc >= 0)
		rc = vfp_bus_add_calls(bus);
	if (rc < 0)
		return fail(bus, rc, err);
	bus->file = vfp_loop_add_file(sd_event_get_fd(bus->event), on_turn, bus, err);
	if (bus->file < 0) {
		disconnect_bus(bus);
		return -err->code;
	}
	vfp_bus_sent(bus);
	return 0;
}

static void disconnect_bus(struct vfp_bus *bus)
{
	if (bus->file >= 0)
		vfp_loop_remove_file(bus->file);
	bus->file = -1;
	bus->bus = sd_bus_flush_close_unref(bus->bus);
	bus->event = sd_event_unref(bus->event);
	bus->has_name = false;
	memset(bus->callers, 0, sizeof(bus->callers));
}

static void on_retry(void *opaque)
{
	struct vfp_bus *bus = opaque;
	struct vfp_err err = {0};

	if (connect_bus(bus, &err) == 0) {
		vfp_log(VFP_LOG_INFO, "connected to the system bus again");
		vfp_bus_changed(bus);
		return;
	}
	vfp_log(VFP_LOG_DEBUG, "%s", err.msg);
	bus->retry_ms = bus->retry_ms * 2 < RETRY_MAX_MS ? bus->retry_ms * 2 : RETRY_MAX_MS;
	vfp_loop_set_timer(bus->retry_timer, bus->retry_ms);
}

/* What is due: messages in, messages out, calls whose time is over.  sd_event_run(3) leaves its
 * descriptor armed for what comes next. */
static void on_turn(void *opaque)
{
	struct vfp_bus *bus = opaque;
	int rc = 1;

	if (!bus->bus)
		return;
	for (unsigned int i = 0; rc > 0 && i < EVENTS_PER_TURN; i++)
		rc = sd_event_run(bus->event, 0);
	if (rc > 0) {
		vfp_bus_sent(bus);
	} else if (rc < 0 || sd_bus_is_open(bus->bus) <= 0) {
		vfp_log(VFP_LOG_WARN, "the system bus went away");
		disconnect_bus(bus);
		bus->retry_ms = RETRY_MIN_MS;
		vfp_loop_set_timer(bus->retry_timer, bus->retry_ms);
	}
}

static int on_name(sd_bus_message *m, void *opaque, sd_bus_error *error)
{
	uint32_t answer = 0;

	/* 1: DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER */
	if (sd_bus_message_is_method_error(m, NULL))
		vfp_log(VFP_LOG_WARN, "system bus: no name %s: %s", VFP_BUS_NAME,
			sd_bus_message_get_error(m)->message);
	else if (sd_bus_message_read(m, "u", &answer) < 0 || answer != 1)
		vfp_log(VFP_LOG_WARN, "system bus: another program has the name %s", VFP_BUS_NAME);
	return 0;
}

static void take_name(struct vfp_bus *bus)
{
	const int rc = sd_bus_request_name_async(bus->bus, NULL, VFP_BUS_NAME, 0, on_name, bus);

	if (rc < 0)
		vfp_log(VFP_LOG_WARN, "system bus: no name %s: %s", VFP_BUS_NAME, strerror(-rc));
	bus->has_name = true;
}

/* --- Pictures --------------------------------------------------------------------------------- */

struct look {
	struct vfp_bus *bus;
	struct vfp_picture picture;
	struct vfp_err err;
	int rc;
};

static void look(void *opaque, struct vfp_pool *pool, const struct vfp_err *err)
{
	struct look *look = opaque;

	look->err = *err;
	look->rc = pool ? vfp_picture_read(pool, &look->picture, &look->err) : -err->code;
}

static void on_looked(void *opaque)
{
	struct look *look = opaque;
	struct vfp_bus *bus = look->bus;

	bus->is_looking = false;
	if (look->rc < 0)
		vfp_log(VFP_LOG_WARN, "what is on the bus stays as it was: %s", look->err.msg);
	else
		vfp_bus_show(bus, &look->picture);
	free(look);
	if (bus->wants_look)
		vfp_loop_set_timer(bus->look_timer, LOOK_AGAIN_MS);
	if (bus->bus && !bus->has_name)
		take_name(bus);
	vfp_bus_sent(bus);
}

static void on_look(void *opaque)
{
	struct vfp_bus *bus = opaque;
	struct look *next;

	if (bus->is_looking)
		return;
	next = vfp_alloc(1, sizeof(*next));
	next->bus = bus;
	bus->wants_look = false;
	bus->is_looking = true;
	if (vfp_lane_push(bus->watcher, look, on_looked, next, &next->err) < 0) {
		next->rc = -EBUSY;
		on_looked(next);
	}
}
