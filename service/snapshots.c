/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Notices that a running domain with a VF got a snapshot of its disks. */

#include "service/snapshots.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "pool/mark.h"
#include "service/loop.h"
#include "xml/domain.h"

#define STATUS_FOLDER "/run/libvirt/qemu" /* libvirt: src/qemu/qemu_conf.c, stateDir */

VFP_DEFINE_AUTO(domain, struct vfp_domain *, vfp_domain_free)

static void watch(struct vfp_snapshots *snapshots);
static void on_status(void *opaque);
static void look_at(const struct vfp_keeper *keeper, const char *file);
static int put(const struct vfp_keeper *keeper, const struct vfp_owner *owner, const char *disks,
	       struct vfp_err *err);

void vfp_snapshots_start(struct vfp_snapshots *snapshots, const struct vfp_keeper *keeper)
{
	if (!snapshots->keeper) {
		snapshots->keeper = keeper;
		watch(snapshots);
	}
	look_at(keeper, NULL);
}

/* A file of libvirt's is written beside itself and renamed. */
static void watch(struct vfp_snapshots *snapshots)
{
	const struct vfp_host *host = vfp_pool_host(snapshots->keeper->pool);
	char path[VFP_PATH_SIZE];
	struct vfp_err err = {0};
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	vfp_host_path(host, path, STATUS_FOLDER);
	if (fd >= 0 && inotify_add_watch(fd, path, IN_MOVED_TO) >= 0 &&
	    vfp_loop_add_file(fd, on_status, snapshots, &err) >= 0) {
		snapshots->fd = fd;
		return;
	}
	vfp_log(VFP_LOG_DEBUG, "cannot watch %s: snapshots are noticed late", path);
	if (fd >= 0)
		close(fd);
	snapshots->keeper = NULL; /* again after the next connection */
}

static void on_status(void *opaque)
{
	const struct vfp_snapshots *snapshots = opaque;
	_Alignas(struct inotify_event) char buf[4096];
	ssize_t size;

	while ((size = read(snapshots->fd, buf, sizeof(buf))) > 0) {
		for (char *p = buf; p < buf + size;) {
			const struct inotify_event *event = (struct inotify_event *)p;

			if (event->len || (event->mask & IN_Q_OVERFLOW))
				look_at(snapshots->keeper, event->len ? event->name : NULL);
			p += sizeof(*event) + event->len;
		}
	}
}

/* The domain whose status file that is, "NAME.xml"; NULL: all. */
static void look_at(const struct vfp_keeper *keeper, const char *file)
{
	vfp_autofree struct vfp_lease *leases = NULL;
	struct vfp_err err = {0};
	size_t n = 0;

	if (!keeper->libvirt)
		return;
	if (vfp_pool_leases(keeper->pool, NULL, &leases, &n, &err) < 0)
		vfp_log(VFP_LOG_ERR, "%s", err.msg);
	for (size_t i = 0; i < n; i++) {
		const struct vfp_owner *owner = &leases[i].owner;
		vfp_autofree char *its = vfp_format("%s.xml", owner->name);

		/* libvirt answers no question about a domain that starts. */
		if (leases[i].state == VFP_LEASE_PREPARING || (file && strcmp(its, file) != 0) ||
		    (i && !strcmp(owner->uuid, leases[i - 1].owner.uuid)))
			continue;
		if (vfp_snapshots_look(keeper, owner, &err) < 0)
			vfp_log(VFP_LOG_WARN, "domain %s: %s", owner->name, err.msg);
	}
}

int vfp_snapshots_look(const struct vfp_keeper *keeper, const struct vfp_owner *owner,
		       struct vfp_err *err)
{
	const struct vfp_host *host = vfp_pool_host(keeper->pool);
	vfp_autofree char *before = vfp_mark_get(host, owner->uuid);
	vfp_autofree char *text = NULL, *now = NULL;
	vfp_auto(domain) dom = NULL;
	const char *disk;
	char words[256];
	int rc = vfp_libvirt_live(keeper->libvirt, owner->uuid, &text, err);

	if (rc == -ENOENT)
		return 0; /* it has stopped */
	if (rc == 0)
		rc = vfp_domain_read(text, strlen(text), &dom, err);
	if (rc < 0)
		return rc;
	now = vfp_domain_disks(dom);
	if (before && !strcmp(before, now))
		return 0;
	disk = before ? vfp_domain_overlaid(dom, before) : NULL;
	if (disk) {
		snprintf(
			words, sizeof(words),
			"a snapshot of disk %s was taken: memory and VF are not in it, and it stops "
			"the domain to go back",
			disk);
		vfp_log(VFP_LOG_WARN, "domain %s: %s", owner->name, words);
		rc = vfp_pool_note(keeper->pool, "snapshot", owner, NULL, NULL, words, err);
	}
	if (rc == 0)
		rc = put(keeper, owner, now, err);
	return rc < 0 ? rc : disk != NULL;
}

/* The hook's release may have taken the mark away meanwhile: then it is not to stand again. */
static int put(const struct vfp_keeper *keeper, const struct vfp_owner *owner, const char *disks,
	       struct vfp_err *err)
{
	const struct vfp_host *host = vfp_pool_host(keeper->pool);
	vfp_autofree struct vfp_lease *leases = NULL;
	size_t n = 0;
	int rc = vfp_mark_put(host, owner->uuid, disks, err);

	if (rc == 0)
		rc = vfp_pool_leases(keeper->pool, owner->uuid, &leases, &n, err);
	if (rc == 0 && !n)
		vfp_mark_remove(host, owner->uuid);
	return rc;
}
