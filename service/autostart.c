/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domains that libvirt could not start at boot. */

#include "service/autostart.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "service/loop.h"

struct vfp_autostart {
	struct vfp_pool *pool;
	const char *uri;
	vfp_autostart_done *done;
	void *opaque;
	bool may_be_some;
	/* The one that is being started; the thread has uri, owner and err. */
	struct vfp_owner owner; /* uuid "": none */
	struct vfp_err err;
};

static bool may_start(struct vfp_autostart *autostart, struct vfp_libvirt *libvirt,
		      const struct vfp_owner *owner, struct vfp_err *err);
static void run_start(void *opaque);
static void on_started(void *opaque);

struct vfp_autostart *vfp_autostart_new(struct vfp_pool *pool, const char *uri,
					vfp_autostart_done *done, void *opaque)
{
	struct vfp_autostart *autostart = vfp_alloc(1, sizeof(*autostart));

	*autostart =
		(struct vfp_autostart){.pool = pool, .uri = uri, .done = done, .opaque = opaque};
	return autostart;
}

void vfp_autostart_free(struct vfp_autostart *autostart)
{
	/* While the thread runs it is the thread's, until the process ends. */
	if (autostart && !*autostart->owner.uuid)
		free(autostart);
}

void vfp_autostart_expect(struct vfp_autostart *autostart)
{
	autostart->may_be_some = true;
}

/* One at a time: each start can move the definitions of the others. */
void vfp_autostart_look(struct vfp_autostart *autostart, struct vfp_libvirt *libvirt)
{
	static const char words[] = "libvirt could not start it at boot, now it can";
	vfp_autofree struct vfp_owner *owners = NULL;
	struct vfp_err err = {0};
	size_t n = 0, i = 0;

	if (!autostart->may_be_some || *autostart->owner.uuid)
		return;
	if (vfp_pool_unstarted(autostart->pool, &owners, &n, &err) < 0)
		vfp_log(VFP_LOG_ERR, "%s", err.msg);
	autostart->may_be_some = n;
	while (i < n && !may_start(autostart, libvirt, &owners[i], &err))
		i++;
	if (i == n)
		return;
	autostart->owner = owners[i];
	autostart->err = (struct vfp_err){0};
	if (vfp_pool_note(autostart->pool, "autostart", &owners[i], NULL, NULL, words, &err) < 0 ||
	    vfp_loop_run_beside(run_start, on_started, autostart, &err) < 0) {
		vfp_log(VFP_LOG_ERR, "domain %s: autostart: %s", owners[i].name, err.msg);
		autostart->owner.uuid[0] = '\0';
		return;
	}
	vfp_log(VFP_LOG_INFO, "domain %s: autostart: %s", owners[i].name, words);
}

static bool may_start(struct vfp_autostart *autostart, struct vfp_libvirt *libvirt,
		      const struct vfp_owner *owner, struct vfp_err *err)
{
	bool is_autostart = false, is_running = true, is_startable = false;

	if (vfp_pool_startable(autostart->pool, owner->uuid, &is_startable, err) < 0 ||
	    !is_startable)
		return false;
	return vfp_libvirt_is_autostart(libvirt, owner->uuid, &is_autostart, err) == 0 &&
	       is_autostart &&
	       vfp_libvirt_is_running(libvirt, owner->uuid, &is_running, err) == 0 && !is_running;
}

/* In a thread, with a connection of its own: a start takes seconds, with much memory minutes. */
static void run_start(void *opaque)
{
	struct vfp_autostart *autostart = opaque;
	struct vfp_libvirt *libvirt = NULL;

	if (vfp_libvirt_open(autostart->uri, &libvirt, &autostart->err) == 0)
		vfp_libvirt_start(libvirt, autostart->owner.uuid, &autostart->err);
	vfp_libvirt_close(libvirt);
}

static void on_started(void *opaque)
{
	struct vfp_autostart *autostart = opaque;
	vfp_autofree char *words = NULL;

	if (autostart->err.code) {
		words = vfp_format("could not be started: %s", autostart->err.msg);
		vfp_log(VFP_LOG_WARN, "domain %s: autostart: %s", autostart->owner.name, words);
		vfp_pool_note(autostart->pool, "autostart", &autostart->owner, NULL, NULL, words,
			      NULL);
	}
	autostart->owner.uuid[0] = '\0';
	autostart->done(autostart->opaque);
}
