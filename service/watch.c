/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What wakes the service beside libvirt. */

#include "service/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/netlink.h"
#include "pool/members.h"
#include "service/loop.h"

#define BOOK_FOLDER "/var/lib/vfpool"
#define BOOK_EVENTS (IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO)

struct vfp_watch {
	const struct vfp_host *host;
	vfp_watch_handler *handler;
	void *opaque;
	/* A second handle, which tells of our own changes too: a port that ends may be what another
	 * definition waits for. */
	struct vfp_pool *watched;
	int signals, book, links; /* descriptors */
};

static int watch_signals(struct vfp_watch *watch, struct vfp_err *err);
static int watch_book(struct vfp_watch *watch, struct vfp_err *err);
static int watch_links(struct vfp_watch *watch, struct vfp_err *err);
static void on_signal(void *opaque);
static void on_book(void *opaque);
static void on_link(void *opaque);

int vfp_watch_new(const struct vfp_host *host, vfp_watch_handler *handler, void *opaque,
		  struct vfp_watch **ret, struct vfp_err *err)
{
	int (*const steps[])(struct vfp_watch *, struct vfp_err *) = {watch_signals, watch_book,
								      watch_links};
	struct vfp_watch *watch = vfp_alloc(1, sizeof(*watch));
	int rc;

	*watch = (struct vfp_watch){.host = host,
				    .handler = handler,
				    .opaque = opaque,
				    .signals = -1,
				    .book = -1,
				    .links = -1};
	rc = vfp_pool_open(host, VFP_POOL_READ, &watch->watched, err);
	for (size_t i = 0; rc == 0 && i < VFP_N(steps); i++)
		rc = steps[i](watch, err);
	if (rc < 0)
		vfp_watch_free(watch);
	else
		*ret = watch;
	return rc;
}

void vfp_watch_free(struct vfp_watch *watch)
{
	if (!watch)
		return;
	vfp_pool_close(watch->watched);
	vfp_cleanup_close(&watch->signals);
	vfp_cleanup_close(&watch->book);
	vfp_cleanup_close(&watch->links);
	free(watch);
}

static int watch_file(int fd, const char *what, vfp_loop_callback *callback,
		      struct vfp_watch *watch, struct vfp_err *err)
{
	int rc = fd >= 0 ? vfp_loop_add_file(fd, callback, watch, err)
			 : vfp_fail(err, errno, "cannot watch %s: %s", what, strerror(errno));

	return rc < 0 ? rc : 0;
}

static int watch_signals(struct vfp_watch *watch, struct vfp_err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	watch->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return watch_file(watch->signals, "signals", on_signal, watch, err);
}

/* The book is written through its log beside it, pool.db-wal (sqlite.org/wal.html), which stays as
 * long as we have the book open.  A commit writes, waits for the disk, and only then can be seen,
 * by shared memory that tells nobody: so hooks and commands are heard when they close it, too. */
static int watch_book(struct vfp_watch *watch, struct vfp_err *err)
{
	char path[VFP_PATH_SIZE];

	vfp_host_path(watch->host, path, BOOK_FOLDER);
	watch->book = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->book >= 0 && inotify_add_watch(watch->book, path, BOOK_EVENTS) < 0)
		return vfp_fail(err, errno, "cannot watch %s: %s", path, strerror(errno));
	return watch_file(watch->book, path, on_book, watch, err);
}

static int watch_links(struct vfp_watch *watch, struct vfp_err *err)
{
	int rc = vfp_netlink_watch(&watch->links, err);

	return rc < 0 ? rc : watch_file(watch->links, "links", on_link, watch, err);
}

static void on_signal(void *opaque)
{
	struct vfp_watch *watch = opaque;

	watch->handler(watch->opaque, VFP_WATCH_END);
}

/* Whether the members file is among what changed. */
static bool read_book_events(int fd)
{
	_Alignas(struct inotify_event) char buf[4096];
	const char *const members = strrchr(VFP_MEMBERS_PATH, '/') + 1;
	bool found = false;
	ssize_t size;

	while ((size = read(fd, buf, sizeof(buf))) > 0) {
		for (char *p = buf; p < buf + size;) {
			const struct inotify_event *event = (struct inotify_event *)p;

			found = found || (event->mask & IN_Q_OVERFLOW) ||
				(event->len && !strcmp(event->name, members));
			p += sizeof(*event) + event->len;
		}
	}
	return found;
}

static void on_book(void *opaque)
{
	struct vfp_watch *watch = opaque;
	struct vfp_err err = {0};
	bool has_changed = false;

	if (read_book_events(watch->book))
		watch->handler(watch->opaque, VFP_WATCH_MEMBERS);
	if (vfp_pool_has_changed(watch->watched, &has_changed, &err) < 0)
		vfp_log(VFP_LOG_ERR, "%s", err.msg);
	if (has_changed)
		watch->handler(watch->opaque, VFP_WATCH_BOOK);
}

static void on_link(void *opaque)
{
	struct vfp_watch *watch = opaque;

	if (vfp_netlink_watched(watch->links))
		watch->handler(watch->opaque, VFP_WATCH_LINK);
}
