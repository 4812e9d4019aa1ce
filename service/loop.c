/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The event loop: libvirt's default implementation. */

#include "service/loop.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

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

/* What runs beside the loop. */
struct beside {
	vfp_loop_callback *work, *done;
	void *opaque;
	int fd, file; /* becomes readable when it is done */
};

static void *run_beside(void *opaque)
{
	struct beside *beside = opaque;

	beside->work(beside->opaque);
	eventfd_write(beside->fd, 1);
	return NULL;
}

static void on_done(void *opaque)
{
	struct beside beside = *(struct beside *)opaque;

	vfp_loop_remove_file(beside.file);
	close(beside.fd);
	free(opaque);
	beside.done(beside.opaque);
}

int vfp_loop_run_beside(vfp_loop_callback *work, vfp_loop_callback *done, void *opaque,
			struct vfp_err *err)
{
	struct beside *beside = vfp_alloc(1, sizeof(*beside));
	pthread_t thread;
	int rc;

	*beside = (struct beside){.work = work, .done = done, .opaque = opaque};
	beside->fd = eventfd(0, EFD_CLOEXEC);
	beside->file = vfp_loop_add_file(beside->fd, on_done, beside, err);
	rc = beside->file < 0 ? -beside->file : pthread_create(&thread, NULL, run_beside, beside);
	if (rc == 0) {
		pthread_detach(thread);
		return 0;
	}
	if (beside->file >= 0)
		vfp_loop_remove_file(beside->file);
	close(beside->fd);
	free(beside);
	return vfp_fail(err, rc, "no thread: %s", strerror(rc));
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
