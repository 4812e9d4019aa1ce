/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pool on D-Bus: org.vfpool1 on the system bus, for programs that are not root.
 *
 *	/org/vfpool1		org.vfpool1.Manager, the calls; and the objects' manager
 *	/org/vfpool1/KIND/NAME	a thing with properties (service/picture.h), which tells of changes
 *
 * Names and types stay as they are; what is to be otherwise gets org.vfpool2.  docs/man has them,
 * tests/bus.sh compares.
 *
 *	sd-bus ------> bus.c: the connection, within the event loop (service/loop.h)
 *	a call ------> bus-calls.c: read -> bus-auth.c: polkit -> a lane (service/lane.h) -> answer
 *	a change ----> a picture, made beside the loop -> bus-objects.c: signals
 *
 * A call never keeps another one, nor the loop, waiting, but for its turn in the lane: claims and
 * releases are done one after the other, as the book's writers are anyway.  Nothing belongs to a
 * client: what it claimed stays until its time is over, whether the client lives or not.
 */
#pragma once

#include "pool/pool.h"

struct vfp_bus;

/* A call has changed the book. */
typedef void vfp_bus_wrote(void *opaque);

/* Connects, when there is a system bus; below another root only to the one that the variable
 * DBUS_SYSTEM_BUS_ADDRESS names.  A bus that is there and does not answer, now or later, is tried
 * again after 1 to 60 s.  @host, @uri (NULL: libvirt's default): kept as long.
 * -ENOENT: there is no bus. */
int vfp_bus_new(const struct vfp_host *host, const char *uri, vfp_bus_wrote *wrote, void *opaque,
		struct vfp_bus **ret, struct vfp_err *err);
void vfp_bus_free(struct vfp_bus *bus); /* NULL is fine */
/* Book or host have changed: whoever watches will hear of it.  NULL is fine. */
void vfp_bus_changed(struct vfp_bus *bus);
