/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vfpoold(8): hears what happens, and has service/keeper.h look.
 *
 *	libvirt's events ----> a job per domain: settle its definition, inspect its devices
 *	the book's file -----> definitions that want another VF, and those that could not be bound
 *	the members file ----> a pool was defined: every definition
 *	a PF's link ---------> as the book's file
 *	the end of a process-> a lease that waited for it ends (service/drain.h)
 *	something odd -------> book, host and libvirt are compared (service/mend.h), as at start
 *	a timer -------------> ports that no domain came for, and old lines of the journal
 *	libvirt's status ----> disks: did somebody take a snapshot? (service/snapshots.h)
 *
 * Jobs are done one at a time, between two events.  While nothing happens nothing runs but the
 * watchdog, and the last timer when there is something to expire.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/netlink.h"
#include "pool/members.h"
#include "service/drain.h"
#include "service/echo.h"
#include "service/keeper.h"
#include "service/loop.h"
#include "service/mend.h"
#include "service/snapshots.h"

#define BOOK_FOLDER	 "/var/lib/vfpool"
#define BOOK_EVENTS	 (IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO)
#define RECONNECT_MIN_MS 100
#define RECONNECT_MAX_MS 5000
#define RETRY_MS	 300 /* a job that met something passing; each further try twice as late */
#define MAX_TRIES	 6
#define BLOCKED_MS	 5000 /* should nothing tell that a start is over */
#define REARRANGE_MS	 5    /* a change of the book seldom comes alone */
#define MEND_MS		 1000 /* odd things seldom come alone, and often pass */
#define DAY_MS		 INT64_C(86400000)
#define JOURNAL_DAYS	 365
#define JOURNAL_DAYS_MIN 2 /* the last day is never deleted (vfp_pool_trim()) */
#define JOURNAL_DAYS_MAX 3650
#define EXPIRE_MIN_MS	 (DAY_MS / 24) /* old lines go together */
#define EXPIRE_MAX_MS	 (20 * DAY_MS) /* a timer's number is an int */

struct job {
	struct vfp_owner owner;
	int64_t since_ms;
	bool settle, inspect; /* what is to be done */
	bool is_known;	      /* libvirt knew the domain */
	unsigned int n_tries;
	bool is_late;	 /* waits for the retry timer */
	bool is_blocked; /* until its domain has started: for a change of the book, too */
};

enum timer {
	TIMER_CONNECT,
	TIMER_WORK,
	TIMER_RETRY,
	TIMER_REARRANGE,
	TIMER_STEP,
	TIMER_MEND,
	TIMER_EXPIRE,
	TIMER_WATCHDOG,
	N_TIMERS,
};

struct daemon {
	struct vfp_host host;
	const char *uri; /* NULL: the default */
	struct vfp_keeper keeper;
	struct vfp_snapshots snapshots;
	/* A second handle, which tells of our own changes too: a port that ends may be what another
	 * definition waits for. */
	struct vfp_pool *watched;
	bool is_closed; /* the connection is to be given up */
	bool is_over;
	int timers[N_TIMERS];
	int reconnect_ms, watchdog_ms;
	int signals, book, links; /* descriptors */
	/* A define on its way, which the next job waits for: the loop goes round once before it, so
	 * that all events of before are heard, and twice behind it. */
	enum { STEP_NONE, STEP_DEFINE, STEP_HEAR, STEP_JUDGE } step;
	struct job defined;
	struct vfp_rebind rebind;
	struct vfp_echo echo;
	bool is_ours;
	struct vfp_drain *drain;
	struct vfp_mend mend;
	bool wants_mend;
	int64_t retry_at_ms;	     /* vfp_kernel.ticks_ms; 0: the timer does not run */
	size_t n_left;		     /* that mend could not mend */
	int64_t journal_days;	     /* how long its lines are kept */
	int64_t since_ms, last_line; /* of the journal, as far as it is read */
	/* Domains that libvirt could not start at boot (vfp_pool_unstarted()). */
	bool has_unstarted; /* there may be some */
	struct start {
		const char *uri;
		struct vfp_owner owner; /* uuid "": none is being started */
		struct vfp_err err;
	} start;
	struct job *jobs; /* oldest first */
	size_t n_jobs;
};

static int options_parse(int argc, char **argv, struct daemon *daemon, bool *ret_is_done);
static int set_up(struct daemon *daemon, struct vfp_err *err);
static int watch_signals(struct daemon *daemon, struct vfp_err *err);
static int watch_book(struct daemon *daemon, struct vfp_err *err);
static int watch_links(struct daemon *daemon, struct vfp_err *err);
static void on_signal(void *opaque);
static void on_book(void *opaque);
static void on_link(void *opaque);
static void on_connect(void *opaque);
static void on_work(void *opaque);
static void on_retry(void *opaque);
static void on_rearrange(void *opaque);
static void on_step(void *opaque);
static void go_to(struct daemon *daemon, int step);
static void retry_in(struct daemon *daemon, int ms);
static void on_watchdog(void *opaque);
static void on_libvirt(void *opaque, enum vfp_libvirt_what what, const struct vfp_owner *owner);
static void on_mend(void *opaque);
static void on_expire(void *opaque);
static void on_odd(void *opaque, const char *words);
static void want_mend(struct daemon *daemon);
static void read_journal(struct daemon *daemon);
static void set_expiry(struct daemon *daemon);
static void tell_status(struct daemon *daemon);
static void start_one(struct daemon *daemon);
static void sweep(struct daemon *daemon);
static struct job *add_job(struct daemon *daemon, const struct vfp_owner *owner);
static bool is_starting(struct daemon *daemon, const struct job *job);
static int do_job(struct daemon *daemon, const struct job *job, struct vfp_err *err);

int main(int argc, char **argv)
{
	struct daemon daemon = {
		.signals = -1, .book = -1, .links = -1, .journal_days = JOURNAL_DAYS};
	struct vfp_err err = {0};
	bool is_done = false;
	int rc = options_parse(argc, argv, &daemon, &is_done);

	if (rc || is_done)
		return rc;
	rc = set_up(&daemon, &err);
	if (rc == 0)
		sd_notify(0, "READY=1");
	while (rc == 0 && !daemon.is_over)
		rc = vfp_loop_run_once(&err);
	sd_notify(0, "STOPPING=1");
	if (rc < 0)
		vfp_log(VFP_LOG_ERR, "%s", err.msg);
	vfp_rebind_clear(&daemon.rebind);
	vfp_mend_clear(&daemon.mend);
	vfp_drain_free(daemon.drain);
	vfp_libvirt_close(daemon.keeper.libvirt);
	vfp_pool_close(daemon.watched);
	vfp_pool_close(daemon.keeper.pool);
	vfp_cleanup_close(&daemon.signals);
	vfp_cleanup_close(&daemon.book);
	vfp_cleanup_close(&daemon.links);
	free(daemon.jobs);
	return rc < 0;
}

/* 0: it is none. */
static int64_t days_parse(const char *text)
{
	uint64_t days = 0;

	return vfp_number_parse(text, JOURNAL_DAYS_MIN, JOURNAL_DAYS_MAX, &days) ? (int64_t)days
										 : 0;
}

static int options_parse(int argc, char **argv, struct daemon *daemon, bool *ret_is_done)
{
	static const struct option options[] = {
		{"root", required_argument, NULL, 'r'},
		{"connect", required_argument, NULL, 'c'},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{"journal-days", required_argument, NULL, 'j'},
		{0},
	};
	const char *root = getenv("VFPOOL_ROOT");
	struct vfp_err err = {0};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == 'r')
			root = optarg;
		else if (option == 'c')
			daemon->uri = optarg;
		else if (option == 'j')
			daemon->journal_days = days_parse(optarg);
		else if (option == 'v')
			vfp_log_set_level(VFP_LOG_DEBUG);
		else
			*ret_is_done = true;
		if (option == 'V')
			puts("vfpoold " PACKAGE_VERSION);
		if (option == 'h')
			puts("usage: vfpoold [--root DIR] [--connect URI] [--journal-days N] [--verbose]");
		if (option == '?')
			return 2;
		if (!daemon->journal_days) {
			fprintf(stderr,
				"vfpoold: --journal-days: %d to %d were expected, not '%s'\n",
				JOURNAL_DAYS_MIN, JOURNAL_DAYS_MAX, optarg);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "vfpoold: it takes no argument '%s'\n", argv[optind]);
		return 2;
	}
	if (vfp_host_init(&daemon->host, root, &err) < 0) {
		fprintf(stderr, "vfpoold: %s\n", err.msg);
		return 1;
	}
	return 0;
}

static int set_up(struct daemon *daemon, struct vfp_err *err)
{
	static vfp_loop_callback *const callbacks[N_TIMERS] = {
		[TIMER_CONNECT] = on_connect, [TIMER_WORK] = on_work,
		[TIMER_RETRY] = on_retry,     [TIMER_REARRANGE] = on_rearrange,
		[TIMER_STEP] = on_step,	      [TIMER_WATCHDOG] = on_watchdog,
		[TIMER_MEND] = on_mend,	      [TIMER_EXPIRE] = on_expire,
	};
	int (*const steps[])(struct daemon *, struct vfp_err *) = {watch_signals, watch_book,
								   watch_links};
	uint64_t watchdog_us = 0;
	int rc = vfp_loop_init(err);

	if (rc == 0)
		rc = vfp_pool_open(&daemon->host, VFP_POOL_CREATE, &daemon->keeper.pool, err);
	if (rc == 0)
		rc = vfp_pool_open(&daemon->host, VFP_POOL_READ, &daemon->watched, err);
	if (rc == 0)
		rc = vfp_pool_void(daemon->keeper.pool, err);
	for (size_t i = 0; rc == 0 && i < VFP_N(steps); i++)
		rc = steps[i](daemon, err);
	for (size_t i = 0; rc == 0 && i < N_TIMERS; i++) {
		daemon->timers[i] = vfp_loop_add_timer(callbacks[i], daemon, err);
		rc = daemon->timers[i] < 0 ? daemon->timers[i] : 0;
	}
	if (rc < 0)
		return rc;
	daemon->drain = vfp_drain_new(daemon->keeper.pool, on_odd, daemon);
	daemon->since_ms = daemon->host.kernel->now_ms();
	daemon->reconnect_ms = RECONNECT_MIN_MS;
	vfp_loop_set_timer(daemon->timers[TIMER_CONNECT], 0);
	vfp_loop_set_timer(daemon->timers[TIMER_REARRANGE], 0);
	if (sd_watchdog_enabled(0, &watchdog_us) > 0) {
		daemon->watchdog_ms = (int)(watchdog_us / 2000);
		on_watchdog(daemon);
	}
	return 0;
}

/* --- What happens
 * ---------------------------------------------------------------------------------- */

static int watch_file(int fd, const char *what, vfp_loop_callback *callback, struct daemon *daemon,
		      struct vfp_err *err)
{
	int rc = fd >= 0 ? vfp_loop_add_file(fd, callback, daemon, err)
			 : vfp_fail(err, errno, "cannot watch %s: %s", what, strerror(errno));

	return rc < 0 ? rc : 0;
}

static int watch_signals(struct daemon *daemon, struct vfp_err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	daemon->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return watch_file(daemon->signals, "signals", on_signal, daemon, err);
}

/* The book is written through its log beside it, pool.db-wal (sqlite.org/wal.html), which stays as
 * long as we have the book open.  A commit writes, waits for the disk, and only then can be seen,
 * by shared memory that tells nobody: so hooks and commands are heard when they close it, too. */
static int watch_book(struct daemon *daemon, struct vfp_err *err)
{
	char path[VFP_PATH_SIZE];

	vfp_host_path(&daemon->host, path, BOOK_FOLDER);
	daemon->book = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (daemon->book >= 0 && inotify_add_watch(daemon->book, path, BOOK_EVENTS) < 0)
		return vfp_fail(err, errno, "cannot watch %s: %s", path, strerror(errno));
	return watch_file(daemon->book, path, on_book, daemon, err);
}

static int watch_links(struct daemon *daemon, struct vfp_err *err)
{
	int rc = vfp_netlink_watch(&daemon->links, err);

	return rc < 0 ? rc : watch_file(daemon->links, "links", on_link, daemon, err);
}

static void on_signal(void *opaque)
{
	struct daemon *daemon = opaque;

	daemon->is_over = true;
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
	struct daemon *daemon = opaque;
	struct vfp_err err = {0};
	bool has_changed = false;

	if (read_book_events(daemon->book))
		sweep(daemon);
	if (vfp_pool_has_changed(daemon->watched, &has_changed, &err) < 0)
		vfp_log(VFP_LOG_ERR, "%s", err.msg);
	if (!has_changed)
		return;
	vfp_loop_set_timer(daemon->timers[TIMER_REARRANGE], REARRANGE_MS);
	for (size_t i = 0; i < daemon->n_jobs; i++) {
		struct job *job = &daemon->jobs[i];

		if (!job->is_blocked)
			continue;
		job->is_late = job->is_blocked = false;
		vfp_loop_set_timer(daemon->timers[TIMER_WORK], 0);
	}
	read_journal(daemon);
}

/* What others write there that wants a look at all there is. */
static void read_journal(struct daemon *daemon)
{
	static const char *const odd[] = {"faulty", "disagreement"};
	const struct vfp_journal_filter filter = {.since_ms = daemon->since_ms,
						  .after_id = daemon->last_line};
	vfp_autofree struct vfp_event *events = NULL;
	struct vfp_err err = {0};
	size_t n = 0;

	if (vfp_pool_journal(daemon->keeper.pool, &filter, &events, &n, &err) < 0)
		vfp_log(VFP_LOG_ERR, "%s", err.msg);
	for (size_t i = 0; i < n; i++) {
		daemon->last_line = events[i].id;
		for (size_t k = 0; k < VFP_N(odd); k++)
			if (!strcmp(events[i].event, odd[k]))
				want_mend(daemon);
		if (!strcmp(events[i].event, "refused-binding"))
			daemon->has_unstarted = true;
	}
}

static void on_link(void *opaque)
{
	struct daemon *daemon = opaque;

	if (vfp_netlink_watched(daemon->links))
		vfp_loop_set_timer(daemon->timers[TIMER_REARRANGE], REARRANGE_MS);
}

static void on_watchdog(void *opaque)
{
	struct daemon *daemon = opaque;

	sd_notify(0, "WATCHDOG=1");
	vfp_loop_set_timer(daemon->timers[TIMER_WATCHDOG], daemon->watchdog_ms);
}

static void on_libvirt(void *opaque, enum vfp_libvirt_what what, const struct vfp_owner *owner)
{
	struct daemon *daemon = opaque;
	struct job *job;

	if (what == VFP_LIBVIRT_ADDED || what == VFP_LIBVIRT_DEFINED ||
	    what == VFP_LIBVIRT_UNDEFINED)
		vfp_echo_hear(&daemon->echo, owner->uuid,
			      what == VFP_LIBVIRT_ADDED	    ? VFP_ECHO_ADDED
			      : what == VFP_LIBVIRT_DEFINED ? VFP_ECHO_UPDATED
							    : VFP_ECHO_UNDEFINED);
	if (what == VFP_LIBVIRT_CLOSED) {
		daemon->is_closed = true;
		vfp_loop_set_timer(daemon->timers[TIMER_CONNECT], 0);
		return;
	}
	if (what == VFP_LIBVIRT_REBOOTED)
		want_mend(daemon); /* a guest's reset may have changed its VF's attributes */
	job = add_job(daemon, owner);
	if (what == VFP_LIBVIRT_DEVICES || what == VFP_LIBVIRT_REBOOTED)
		job->inspect = true;
	else
		job->settle = job->is_known = true;
}

/* --- The connection
 * -------------------------------------------------------------------------------- */

static bool is_connected(const struct daemon *daemon)
{
	return daemon->keeper.libvirt && !daemon->is_closed;
}

/* What is on its way over the connection is dropped: the sweep that follows a new one sees it. */
static void disconnect(struct daemon *daemon)
{
	daemon->step = STEP_NONE;
	daemon->echo = (struct vfp_echo){.owner.uuid = ""};
	vfp_libvirt_close(daemon->keeper.libvirt);
	daemon->keeper.libvirt = NULL;
	daemon->is_closed = false;
}

static void on_connect(void *opaque)
{
	struct daemon *daemon = opaque;
	struct vfp_err err = {0};
	int rc;

	if (daemon->is_closed) {
		vfp_log(VFP_LOG_WARN, "libvirt went away");
		disconnect(daemon);
	}
	rc = vfp_libvirt_open(daemon->uri, &daemon->keeper.libvirt, &err);
	if (rc == 0)
		rc = vfp_libvirt_watch(daemon->keeper.libvirt, on_libvirt, daemon, &err);
	if (rc < 0) {
		/* The first failure is news, what follows is waiting. */
		if (daemon->reconnect_ms == RECONNECT_MIN_MS)
			vfp_log(VFP_LOG_WARN, "waiting for libvirt: %s", err.msg);
		sd_notifyf(0, "STATUS=waiting for libvirt: %s", err.msg);
		disconnect(daemon);
		vfp_loop_set_timer(daemon->timers[TIMER_CONNECT], daemon->reconnect_ms);
		daemon->reconnect_ms = daemon->reconnect_ms * 2 < RECONNECT_MAX_MS
					       ? daemon->reconnect_ms * 2
					       : RECONNECT_MAX_MS;
		return;
	}
	daemon->reconnect_ms = RECONNECT_MIN_MS;
	vfp_log(VFP_LOG_INFO, "connected to libvirt");
	tell_status(daemon);
	want_mend(daemon);
	daemon->has_unstarted = true;
	vfp_snapshots_start(&daemon->snapshots, &daemon->keeper);
	sweep(daemon);
	vfp_loop_set_timer(daemon->timers[TIMER_REARRANGE], REARRANGE_MS);
}

/* --- Jobs
 * ------------------------------------------------------------------------------------------ */

/* Gives the domain's job, a new one where it has none. */
static struct job *add_job(struct daemon *daemon, const struct vfp_owner *owner)
{
	struct job *job = NULL;

	for (size_t i = 0; !job && i < daemon->n_jobs; i++)
		if (!strcmp(daemon->jobs[i].owner.uuid, owner->uuid))
			job = &daemon->jobs[i];
	if (!job) {
		daemon->jobs = vfp_realloc(daemon->jobs, daemon->n_jobs + 1, sizeof(*job));
		job = &daemon->jobs[daemon->n_jobs++];
		*job = (struct job){.owner = *owner, .since_ms = daemon->host.kernel->ticks_ms()};
	}
	job->is_late = job->is_blocked = false;
	vfp_loop_set_timer(daemon->timers[TIMER_WORK], 0);
	return job;
}

/* The first job that is due, out of the list. */
static bool take_job(struct daemon *daemon, struct job *ret_job)
{
	for (size_t i = 0; i < daemon->n_jobs; i++) {
		if (daemon->jobs[i].is_late)
			continue;
		*ret_job = daemon->jobs[i];
		daemon->n_jobs--;
		memmove(&daemon->jobs[i], &daemon->jobs[i + 1],
			(daemon->n_jobs - i) * sizeof(*daemon->jobs));
		return true;
	}
	return false;
}

static bool has_due_job(const struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->n_jobs; i++)
		if (!daemon->jobs[i].is_late)
			return true;
	return false;
}

/* What failed and passes by itself is tried again, but not for ever. */
static void put_back(struct daemon *daemon, const struct job *job, int rc,
		     const struct vfp_err *why)
{
	struct vfp_err err = {0};
	struct job *again;

	const bool is_blocked = rc == -EINPROGRESS;

	if (!is_blocked && rc != -EBUSY && rc != -EAGAIN && rc != -EIO) {
		vfp_log(VFP_LOG_WARN, "domain %s: %s", job->owner.name, why->msg);
		want_mend(daemon);
		return;
	}
	vfp_log(VFP_LOG_DEBUG, "domain %s: %s", job->owner.name, why->msg);
	if (job->n_tries == MAX_TRIES) {
		vfp_log(VFP_LOG_WARN, "domain %s: given up after %u tries: %s", job->owner.name,
			job->n_tries, why->msg);
		want_mend(daemon);
		if (job->settle &&
		    vfp_pool_set_trouble(daemon->keeper.pool, &job->owner, why->msg, &err) < 0)
			vfp_log(VFP_LOG_ERR, "%s", err.msg);
		return;
	}
	again = add_job(daemon, &job->owner);
	again->settle = again->settle || job->settle;
	again->inspect = again->inspect || job->inspect;
	again->is_known = again->is_known || job->is_known;
	again->since_ms = job->since_ms;
	again->n_tries = job->n_tries + !is_blocked;
	again->is_late = true;
	again->is_blocked = is_blocked;
	retry_in(daemon, is_blocked ? BLOCKED_MS : RETRY_MS << job->n_tries);
}

/* One timer for all: the earliest counts. */
static void retry_in(struct daemon *daemon, int ms)
{
	const int64_t at = daemon->host.kernel->ticks_ms() + ms;

	if (daemon->retry_at_ms && daemon->retry_at_ms <= at)
		return;
	daemon->retry_at_ms = at;
	vfp_loop_set_timer(daemon->timers[TIMER_RETRY], ms);
}

static void on_work(void *opaque)
{
	struct daemon *daemon = opaque;
	struct vfp_err err = {0};
	struct job job;
	int rc;

	if (!is_connected(daemon) || daemon->step != STEP_NONE || !take_job(daemon, &job))
		return;
	rc = do_job(daemon, &job, &err);
	if (rc > 0) {
		daemon->defined = job;
		go_to(daemon, STEP_DEFINE);
		return;
	}
	if (rc < 0)
		put_back(daemon, &job, rc, &err);
	vfp_loop_set_timer(daemon->timers[TIMER_WORK], 0);
}

static void go_to(struct daemon *daemon, int step)
{
	daemon->step = step;
	vfp_loop_set_timer(daemon->timers[step == STEP_NONE ? TIMER_WORK : TIMER_STEP],
			   step == STEP_JUDGE ? 1 : 0);
}

/* All events that have come are called back within one round of the loop, whatever the order of its
 * timers: what was due when the first call came has been done when the second one does. */
static void on_step(void *opaque)
{
	struct daemon *daemon = opaque;
	const struct vfp_owner *owner = &daemon->rebind.owner;
	struct vfp_err err = {0};
	enum vfp_echo_verdict verdict;
	int rc;

	if (daemon->step == STEP_DEFINE) {
		vfp_echo_expect(&daemon->echo, owner);
		rc = is_connected(daemon) ? vfp_keeper_define(&daemon->keeper, &daemon->rebind,
							      daemon->defined.since_ms, &err)
					  : 0; /* the sweep that follows a connection sees it */
		if (rc < 0)
			put_back(daemon, &daemon->defined, rc, &err);
		/* The question after which all events have come, see service/echo.h. */
		daemon->is_ours = rc > 0 && vfp_rebind_is_ours(&daemon->rebind);
		go_to(daemon, rc > 0 ? STEP_HEAR : STEP_NONE);
	} else if (daemon->step == STEP_HEAR) {
		go_to(daemon, STEP_JUDGE);
	} else if (daemon->step == STEP_JUDGE) {
		verdict = vfp_echo_judge(&daemon->echo, daemon->is_ours);
		if (is_connected(daemon) &&
		    vfp_keeper_judge(&daemon->keeper, owner, verdict, &err) < 0)
			vfp_log(VFP_LOG_ERR, "domain %s: %s", owner->name, err.msg);
		go_to(daemon, STEP_NONE);
	}
}

static int do_job(struct daemon *daemon, const struct job *job, struct vfp_err *err)
{
	int rc = 0;

	if (is_starting(daemon, job))
		return vfp_fail(err, EINPROGRESS, "it starts just now");
	if (job->inspect && vfp_keeper_inspect(&daemon->keeper, &job->owner, err) < 0) {
		vfp_log(VFP_LOG_WARN, "domain %s: %s", job->owner.name, err->msg);
		want_mend(daemon);
	}
	if (job->settle)
		rc = vfp_keeper_settle(&daemon->keeper, &job->owner, job->is_known, &daemon->rebind,
				       err);
	return rc;
}

/* libvirt answers no question about a domain whose hook runs, which can take minutes. */
static bool is_starting(struct daemon *daemon, const struct job *job)
{
	vfp_autofree struct vfp_lease *leases = NULL;
	size_t n = 0;

	vfp_pool_leases(daemon->keeper.pool, job->owner.uuid, &leases, &n, NULL);
	for (size_t i = 0; i < n; i++)
		if (leases[i].state == VFP_LEASE_PREPARING)
			return true;
	return false;
}

static void on_retry(void *opaque)
{
	struct daemon *daemon = opaque;

	daemon->retry_at_ms = 0;

	for (size_t i = 0; i < daemon->n_jobs; i++)
		daemon->jobs[i].is_late = false;
	vfp_loop_set_timer(daemon->timers[TIMER_WORK], 0);
}

/* Something has changed that may let a definition be bound, or bound better.  What is to be done
 * anyway comes first. */
static void on_rearrange(void *opaque)
{
	struct daemon *daemon = opaque;
	vfp_autofree struct vfp_owner *misplaced = NULL;
	vfp_autofree struct vfp_trouble *troubles = NULL;
	struct vfp_err err = {0};
	size_t n = 0;
	int rc;

	vfp_drain_look(daemon->drain);
	set_expiry(daemon);
	if (!is_connected(daemon))
		return; /* the sweep that follows a connection sees it all */
	tell_status(daemon);
	if (has_due_job(daemon)) {
		vfp_loop_set_timer(daemon->timers[TIMER_REARRANGE], REARRANGE_MS);
		return;
	}
	rc = vfp_pool_misplaced(daemon->keeper.pool, &misplaced, &n, &err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		add_job(daemon, &misplaced[i])->settle = true;
	if (rc == 0)
		rc = vfp_pool_troubles(daemon->keeper.pool, &troubles, &n, &err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		add_job(daemon, &troubles[i].owner)->settle = true;
	if (rc < 0)
		vfp_log(VFP_LOG_ERR, "%s", err.msg);
	start_one(daemon);
}

/* All there is: definitions, ports (their domain may be gone), and what runs. */
static void sweep(struct daemon *daemon)
{
	vfp_autofree struct vfp_owner *defined = NULL, *running = NULL;
	vfp_autofree struct vfp_port *ports = NULL;
	struct vfp_libvirt *libvirt = daemon->keeper.libvirt;
	size_t n_defined = 0, n_running = 0, n_ports = 0;
	struct vfp_err err = {0};
	int rc;

	if (!is_connected(daemon))
		return;
	rc = vfp_libvirt_list(libvirt, VFP_LIBVIRT_DEFINITIONS, &defined, &n_defined, &err);
	if (rc == 0)
		rc = vfp_libvirt_list(libvirt, VFP_LIBVIRT_RUNNING, &running, &n_running, &err);
	if (rc == 0)
		rc = vfp_pool_ports(daemon->keeper.pool, NULL, &ports, &n_ports, &err);
	if (rc < 0)
		vfp_log(VFP_LOG_ERR, "%s", err.msg);
	for (size_t i = 0; i < n_defined; i++)
		add_job(daemon, &defined[i])->settle = true;
	for (size_t i = 0; i < n_ports; i++)
		add_job(daemon, &ports[i].owner)->settle = true;
	for (size_t i = 0; i < n_running; i++)
		add_job(daemon, &running[i])->inspect = true;
}

/* --- Mending, and expiry ---------------------------------------------------------------------- */

static void want_mend(struct daemon *daemon)
{
	if (!daemon->wants_mend)
		vfp_loop_set_timer(daemon->timers[TIMER_MEND], MEND_MS);
	daemon->wants_mend = true;
}

static void on_odd(void *opaque, const char *words)
{
	vfp_log(VFP_LOG_WARN, "%s", words);
	want_mend(opaque);
}

static void on_settle(void *opaque, const struct vfp_owner *owner)
{
	add_job(opaque, owner)->settle = true;
}

/* What is on its way is no difference: jobs come first. */
static void on_mend(void *opaque)
{
	struct daemon *daemon = opaque;
	struct vfp_err err = {0};

	if (!is_connected(daemon)) {
		daemon->wants_mend = false; /* a connection wants it anew */
		return;
	}
	if (daemon->step != STEP_NONE || has_due_job(daemon)) {
		vfp_loop_set_timer(daemon->timers[TIMER_MEND], MEND_MS);
		return;
	}
	daemon->wants_mend = false;
	if (vfp_mend(&daemon->mend, daemon->keeper.pool, daemon->keeper.libvirt, on_settle, daemon,
		     &daemon->n_left, &err) < 0)
		vfp_log(VFP_LOG_WARN, "%s", err.msg);
	tell_status(daemon);
}

/* The timer runs only while there is something that will be too old one day. */
static void set_expiry(struct daemon *daemon)
{
	const int64_t now = daemon->host.kernel->now_ms();
	struct vfp_oldest oldest = {0};
	struct vfp_err err = {0};
	int64_t wait = EXPIRE_MAX_MS;

	if (vfp_pool_oldest(daemon->keeper.pool, &oldest, &err) < 0)
		vfp_log(VFP_LOG_ERR, "%s", err.msg);
	if (oldest.line_ms)
		wait = oldest.line_ms + daemon->journal_days * DAY_MS - now;
	if (wait < EXPIRE_MIN_MS)
		wait = EXPIRE_MIN_MS;
	if (oldest.port_ms && oldest.port_ms + VFP_CHECK_EXPIRE_MS - now < wait)
		wait = oldest.port_ms + VFP_CHECK_EXPIRE_MS - now;
	if (wait > EXPIRE_MAX_MS)
		wait = EXPIRE_MAX_MS;
	vfp_loop_set_timer(daemon->timers[TIMER_EXPIRE], !oldest.line_ms && !oldest.port_ms ? -1
							 : wait < 1			    ? 1
								    : (int)wait);
}

static void on_expire(void *opaque)
{
	struct daemon *daemon = opaque;
	unsigned int n_ports = 0, n_lines = 0;
	struct vfp_err err = {0};
	int rc = vfp_pool_expire(daemon->keeper.pool, VFP_CHECK_EXPIRE_MS, &n_ports, &err);

	if (rc == 0)
		rc = vfp_pool_trim(daemon->keeper.pool, daemon->journal_days * DAY_MS, &n_lines,
				   &err);
	if (rc < 0)
		vfp_log(VFP_LOG_ERR, "%s", err.msg);
	if (n_ports || n_lines)
		vfp_log(VFP_LOG_INFO,
			"%u ports that no domain came for and %u old lines of the "
			"journal are gone",
			n_ports, n_lines);
	set_expiry(daemon);
}

/* One line for systemctl status: what an administrator looks for first. */
static void tell_status(struct daemon *daemon)
{
	vfp_autofree struct vfp_trouble *troubles = NULL;
	vfp_autofree struct vfp_lease *leases = NULL;
	size_t n_troubles = 0, n_leases = 0;

	vfp_pool_leases(daemon->keeper.pool, NULL, &leases, &n_leases, NULL);
	vfp_pool_troubles(daemon->keeper.pool, &troubles, &n_troubles, NULL);
	sd_notifyf(0,
		   "STATUS=connected to libvirt; %zu VFs leased, %zu domains not bound, %zu "
		   "differences left",
		   n_leases, n_troubles, daemon->n_left);
}

/* --- Domains that libvirt could not start at boot --------------------------------------------- */

/* libvirt tries once a boot.  Whose definition was not right then gets its chance when it is. */
static bool may_start(struct daemon *daemon, const struct vfp_owner *owner, struct vfp_err *err)
{
	struct vfp_libvirt *libvirt = daemon->keeper.libvirt;
	bool is_autostart = false, is_running = true, is_startable = false;

	if (vfp_pool_startable(daemon->keeper.pool, owner->uuid, &is_startable, err) < 0 ||
	    !is_startable)
		return false;
	return vfp_libvirt_is_autostart(libvirt, owner->uuid, &is_autostart, err) == 0 &&
	       is_autostart &&
	       vfp_libvirt_is_running(libvirt, owner->uuid, &is_running, err) == 0 && !is_running;
}

/* In a thread: a start takes seconds, and with much memory minutes. */
static void run_start(void *opaque)
{
	struct start *start = opaque;
	struct vfp_libvirt *libvirt = NULL;

	if (vfp_libvirt_open(start->uri, &libvirt, &start->err) == 0)
		vfp_libvirt_start(libvirt, start->owner.uuid, &start->err);
	vfp_libvirt_close(libvirt);
}

static void on_started(void *opaque)
{
	struct start *start = opaque;
	struct daemon *daemon = (struct daemon *)((char *)start - offsetof(struct daemon, start));
	vfp_autofree char *words = NULL;

	if (start->err.code) {
		words = vfp_format("could not be started: %s", start->err.msg);
		vfp_log(VFP_LOG_WARN, "domain %s: autostart: %s", start->owner.name, words);
		vfp_pool_note(daemon->keeper.pool, "autostart", &start->owner, NULL, NULL, words,
			      NULL);
	}
	start->owner.uuid[0] = '\0';
	vfp_loop_set_timer(daemon->timers[TIMER_REARRANGE], REARRANGE_MS);
}

/* One at a time: each start can move the definitions of the others. */
static void start_one(struct daemon *daemon)
{
	static const char words[] = "libvirt could not start it at boot, now it can";
	struct start *start = &daemon->start;
	vfp_autofree struct vfp_owner *owners = NULL;
	struct vfp_err err = {0};
	size_t n = 0, i = 0;

	if (!daemon->has_unstarted || *start->owner.uuid || daemon->step != STEP_NONE ||
	    has_due_job(daemon))
		return;
	if (vfp_pool_unstarted(daemon->keeper.pool, &owners, &n, &err) < 0)
		vfp_log(VFP_LOG_ERR, "%s", err.msg);
	daemon->has_unstarted = n;
	while (i < n && !may_start(daemon, &owners[i], &err))
		i++;
	if (i == n)
		return;
	*start = (struct start){.uri = daemon->uri, .owner = owners[i]};
	if (vfp_pool_note(daemon->keeper.pool, "autostart", &owners[i], NULL, NULL, words, &err) <
		    0 ||
	    vfp_loop_run_beside(run_start, on_started, start, &err) < 0) {
		vfp_log(VFP_LOG_ERR, "domain %s: autostart: %s", owners[i].name, err.msg);
		start->owner.uuid[0] = '\0';
		return;
	}
	vfp_log(VFP_LOG_INFO, "domain %s: autostart: %s", owners[i].name, words);
}
