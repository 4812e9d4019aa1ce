/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The event loop: libvirt's default implementation. */

#include "service/loop.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>

/* What libvirt keeps for us between two calls. */
struct target {
	vfp_loop_callback *callback;
	void *opaque;
};

static int fail(struct vfp_err *err, const char *what);
static struct target *new_target(vfp_loop_callback *callback, void *opaque);
static void on_file(int watch, int fd, int events, void *opaque);
static void on_timer(int timer, void *opaque);

int vfp_loop_init(struct vfp_err *err)
{
	return virEventRegisterDefaultImpl() == 0 ? 0 : fail(err, "event loop");
}

int vfp_loop_add_file(int fd, vfp_loop_callback *callback, void *opaque, struct vfp_err *err)
{
	const int events =
		VIR_EVENT_HANDLE_READABLE | VIR_EVENT_HANDLE_HANGUP | VIR_EVENT_HANDLE_ERROR;
	int watch = virEventAddHandle(fd, events, on_file, new_target(callback, opaque), free);

	return watch >= 0 ? watch : fail(err, "event loop");
}

void vfp_loop_remove_file(int file)
{
	virEventRemoveHandle(file);
}

int vfp_loop_add_timer(vfp_loop_callback *callback, void *opaque, struct vfp_err *err)
{
	int timer = virEventAddTimeout(-1, on_timer, new_target(callback, opaque), free);

	return timer >= 0 ? timer : fail(err, "event loop");
}

void vfp_loop_set_timer(int timer, int ms)
{
	virEventUpdateTimeout(timer, ms);
}

int vfp_loop_run_once(struct vfp_err *err)
{
	return virEventRunDefaultImpl() == 0 ? 0 : fail(err, "event loop");
}

static int fail(struct vfp_err *err, const char *what)
{
	const virError *last = virGetLastError();

	return vfp_fail(err, EIO, "%s: %s", what,
			last && last->message ? last->message : "unknown error");
}

static struct target *new_target(vfp_loop_callback *callback, void *opaque)
{
	struct target *target = vfp_alloc(1, sizeof(*target));

	target->callback = callback;
	target->opaque = opaque;
	return target;
}

static void on_file(int watch, int fd, int events, void *opaque)
{
	const struct target target = *(struct target *)opaque;

	target.callback(target.opaque);
}

/* libvirt's timers go on until they are stopped. */
static void on_timer(int timer, void *opaque)
{
	const struct target target = *(struct target *)opaque;

	virEventUpdateTimeout(timer, -1);
	target.callback(target.opaque);
}
