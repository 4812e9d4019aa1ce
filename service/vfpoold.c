/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vfpoold(8): hears what happens, and says who is to look.
 *
 *	libvirt's events ----> a job for the domain (service/worker.h)
 *	the book's file -----> definitions that want another VF, and those that could not be bound
 *	the members file ----> a pool was defined: every definition
 *	a PF's link ---------> as the book's file
 *	the end of a process-> a lease that waited for it ends (service/drain.h)
 *	a start on its way --> is it still? As something odd when it was cut short
 *	something odd -------> book, host and libvirt are compared (service/mend.h), as at start
 *	a timer -------------> what is too old ends (service/expiry.h)
 *	libvirt's status ----> disks: did somebody take a snapshot? (service/snapshots.h)
 *	a definition is right> a domain that could not start at boot (service/autostart.h)
 *	D-Bus ---------------> what programs ask for; and what they are told of (service/bus.h)
 *
 * While nothing happens nothing runs but the watchdog, and a timer when there is something to
 * expire.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "service/autostart.h"
#include "service/bus.h"
#include "service/drain.h"
#include "service/expiry.h"
#include "service/loop.h"
#include "service/mend.h"
#include "service/snapshots.h"
#include "service/watch.h"
#include "service/worker.h"

#define RECONNECT_MIN_MS 100
#define RECONNECT_MAX_MS 5000
#define REARRANGE_MS	 5    /* a change of the book seldom comes alone */
#define MEND_MS		 1000 /* odd things seldom come alone, and often pass */
#define START_MS	 5000 /* between two looks at what starts */

enum timer {
	TIMER_CONNECT,
	TIMER_REARRANGE,
	TIMER_MEND,
	TIMER_BOOK,
	TIMER_LEASES,
	TIMER_WATCHDOG,
	N_TIMERS,
};

struct options {
	const char *root;
	const char *uri; /* NULL: the default */
	unsigned int journal_days;
};

struct daemon {
	struct options options;
	struct vfp_host host;
	struct vfp_keeper keeper;
	struct vfp_worker *worker;
	struct vfp_watch *watch;
	struct vfp_drain *drain;
	struct vfp_expiry *expiry;
	struct vfp_autostart *autostart;
	struct vfp_bus *bus; /* NULL: there is no system bus */
	struct vfp_snapshots snapshots;
	struct vfp_mend mend;
	bool wants_mend;
	size_t n_leases;
	size_t n_left; /* that mend could not mend */
	int timers[N_TIMERS];
	int reconnect_ms, watchdog_ms;
	int64_t last_line; /* of the journal, as far as it is read */
	bool is_over;
};

static int options_parse(int argc, char **argv, struct options *options, bool *ret_is_done);
static int set_up(struct daemon *daemon, struct vfp_err *err);
static void open_bus(struct daemon *daemon);
static void clear(struct daemon *daemon);
static void on_connect(void *opaque);
static void on_rearrange(void *opaque);
static void on_mend(void *opaque);
static void on_book(void *opaque);
static void on_leases(void *opaque);
static void on_wrote(void *opaque);
static void on_watchdog(void *opaque);
static void on_watch(void *opaque, enum vfp_watch_what what);
static void on_libvirt(void *opaque, enum vfp_libvirt_what what, const struct vfp_owner *owner);
static void on_odd(void *opaque, const char *words);
static void want_mend(void *opaque);
static void want_rearrange(void *opaque);
static void read_journal(struct daemon *daemon);
static void sweep(struct daemon *daemon);
static void tell_status(struct daemon *daemon);

int main(int argc, char **argv)
{
	struct daemon daemon = {.options.journal_days = VFP_JOURNAL_DAYS};
	struct vfp_err err = {0};
	bool is_done = false;
	int rc = options_parse(argc, argv, &daemon.options, &is_done);

	if (rc || is_done)
		return rc;
	if (vfp_host_init(&daemon.host, daemon.options.root, &err) < 0) {
		fprintf(stderr, "vfpoold: %s\n", err.msg);
		return 1;
	}
	rc = set_up(&daemon, &err);
	if (rc == 0)
		sd_notify(0, "READY=1");
	while (rc == 0 && !daemon.is_over)
		rc = vfp_loop_run_once(&err);
	sd_notify(0, "STOPPING=1");
	if (rc < 0)
		vfp_log(VFP_LOG_ERR, "%s", err.msg);
	clear(&daemon);
	return rc < 0;
}

/* 0: it is none. */
static unsigned int days_parse(const char *text)
{
	uint64_t days = 0;

	return vfp_number_parse(text, VFP_JOURNAL_DAYS_MIN, VFP_JOURNAL_DAYS_MAX, &days)
		       ? (unsigned int)days
		       : 0;
}

static int options_parse(int argc, char **argv, struct options *ret, bool *ret_is_done)
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
	int option;

	ret->root = getenv("VFPOOL_ROOT");
	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == 'r')
			ret->root = optarg;
		else if (option == 'c')
			ret->uri = optarg;
		else if (option == 'j')
			ret->journal_days = days_parse(optarg);
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
		if (!ret->journal_days) {
			fprintf(stderr,
				"vfpoold: --journal-days: %d to %d were expected, not '%s'\n",
				VFP_JOURNAL_DAYS_MIN, VFP_JOURNAL_DAYS_MAX, optarg);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "vfpoold: it takes no argument '%s'\n", argv[optind]);
		return 2;
	}
	return 0;
}

static int set_up(struct daemon *daemon, struct vfp_err *err)
{
	static vfp_loop_callback *const callbacks[N_TIMERS] = {
		[TIMER_CONNECT] = on_connect,	[TIMER_REARRANGE] = on_rearrange,
		[TIMER_MEND] = on_mend,		[TIMER_BOOK] = on_book,
		[TIMER_LEASES] = on_leases,	[TIMER_WATCHDOG] = on_watchdog,
	};
	uint64_t watchdog_us = 0;
	struct vfp_pool *pool;
	int rc = vfp_loop_init(err);

	if (rc == 0)
		rc = vfp_pool_open(&daemon->host, VFP_POOL_CREATE, &daemon->keeper.pool, err);
	pool = daemon->keeper.pool;
	if (rc == 0)
		rc = vfp_pool_void(pool, err);
	if (rc == 0)
		rc = vfp_pool_journal_end(pool, &daemon->last_line, err);
	if (rc == 0)
		rc = vfp_watch_new(&daemon->host, on_watch, daemon, &daemon->watch, err);
	if (rc == 0)
		rc = vfp_worker_new(&daemon->keeper, want_mend, daemon, &daemon->worker, err);
	if (rc == 0)
		rc = vfp_expiry_new(pool, daemon->options.journal_days, &daemon->expiry, err);
	for (size_t i = 0; rc == 0 && i < N_TIMERS; i++) {
		daemon->timers[i] = vfp_loop_add_timer(callbacks[i], daemon, err);
		rc = daemon->timers[i] < 0 ? daemon->timers[i] : 0;
	}
	if (rc < 0)
		return rc;
	open_bus(daemon);
	daemon->drain = vfp_drain_new(pool, on_odd, daemon);
	daemon->autostart = vfp_autostart_new(pool, daemon->options.uri, want_rearrange, daemon);
	daemon->reconnect_ms = RECONNECT_MIN_MS;
	vfp_loop_set_timer(daemon->timers[TIMER_CONNECT], 0);
	vfp_loop_set_timer(daemon->timers[TIMER_REARRANGE], 0);
	if (sd_watchdog_enabled(0, &watchdog_us) > 0) {
		daemon->watchdog_ms = (int)(watchdog_us / 2000);
		on_watchdog(daemon);
	}
	return 0;
}

/* The pool works without. */
static void open_bus(struct daemon *daemon)
{
	struct vfp_err err = {0};

	if (vfp_bus_new(&daemon->host, daemon->options.uri, on_wrote, daemon, &daemon->bus, &err) <
	    0)
		vfp_log(VFP_LOG_INFO, "not on D-Bus: %s", err.msg);
}

static void clear(struct daemon *daemon)
{
	vfp_bus_free(daemon->bus);
	vfp_worker_free(daemon->worker);
	vfp_mend_clear(&daemon->mend);
	vfp_drain_free(daemon->drain);
	vfp_expiry_free(daemon->expiry);
	vfp_autostart_free(daemon->autostart);
	vfp_libvirt_close(daemon->keeper.libvirt);
	vfp_watch_free(daemon->watch);
	vfp_pool_close(daemon->keeper.pool);
}

/* --- The connection --------------------------------------------------------------------------- */

static void disconnect(struct daemon *daemon)
{
	vfp_worker_close(daemon->worker);
	vfp_libvirt_close(daemon->keeper.libvirt);
	daemon->keeper.libvirt = NULL;
}

static void on_connect(void *opaque)
{
	struct daemon *daemon = opaque;
	struct vfp_err err = {0};
	int rc;

	if (daemon->keeper.libvirt) {
		vfp_log(VFP_LOG_WARN, "libvirt went away");
		disconnect(daemon);
	}
	rc = vfp_libvirt_open(daemon->options.uri, &daemon->keeper.libvirt, &err);
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
	vfp_worker_open(daemon->worker);
	tell_status(daemon);
	want_mend(daemon);
	vfp_autostart_expect(daemon->autostart);
	vfp_snapshots_start(&daemon->snapshots, &daemon->keeper);
	sweep(daemon);
	want_rearrange(daemon);
}

/* --- What happens ----------------------------------------------------------------------------- */

static void on_libvirt(void *opaque, enum vfp_libvirt_what what, const struct vfp_owner *owner)
{
	struct daemon *daemon = opaque;

	if (what == VFP_LIBVIRT_CLOSED) {
		vfp_worker_close(daemon->worker);
		vfp_loop_set_timer(daemon->timers[TIMER_CONNECT], 0);
		return;
	}
	if (what == VFP_LIBVIRT_REBOOTED)
		want_mend(daemon); /* a guest's reset may have changed its VF's attributes */
	vfp_worker_hear(daemon->worker, what, owner);
}

static void on_watch(void *opaque, enum vfp_watch_what what)
{
	struct daemon *daemon = opaque;

	switch (what) {
	case VFP_WATCH_END:
		daemon->is_over = true;
		break;
	case VFP_WATCH_MEMBERS:
		sweep(daemon);
		break;
	case VFP_WATCH_BOOK:
		vfp_bus_changed(daemon->bus);
		want_rearrange(daemon);
		vfp_worker_unblock(daemon->worker);
		read_journal(daemon);
		break;
	case VFP_WATCH_LINK:
		vfp_bus_changed(daemon->bus);
		want_rearrange(daemon);
		break;
	}
}

/* A call from D-Bus, beside the loop: its commit can be seen for sure only now, the file was heard
 * before (service/watch.c). */
static void on_wrote(void *opaque)
{
	struct daemon *daemon = opaque;

	vfp_loop_set_timer(daemon->timers[TIMER_BOOK], REARRANGE_MS);
}

static void on_book(void *opaque)
{
	on_watch(opaque, VFP_WATCH_BOOK);
}

/* What others write there that wants a look at all there is. */
static void read_journal(struct daemon *daemon)
{
	static const char *const odd[] = {"faulty", "disagreement"};
	const struct vfp_journal_filter filter = {.after_id = daemon->last_line};
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
			vfp_autostart_expect(daemon->autostart);
	}
}

static void on_watchdog(void *opaque)
{
	struct daemon *daemon = opaque;

	sd_notify(0, "WATCHDOG=1");
	vfp_loop_set_timer(daemon->timers[TIMER_WATCHDOG], daemon->watchdog_ms);
}

/* --- What is done then ------------------------------------------------------------------------ */

static void want_rearrange(void *opaque)
{
	struct daemon *daemon = opaque;

	vfp_loop_set_timer(daemon->timers[TIMER_REARRANGE], REARRANGE_MS);
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

	on_leases(daemon);
	vfp_expiry_look(daemon->expiry);
	if (!vfp_worker_is_open(daemon->worker))
		return; /* the sweep that follows a connection sees it all */
	tell_status(daemon);
	if (vfp_worker_is_busy(daemon->worker)) {
		want_rearrange(daemon);
		return;
	}
	rc = vfp_pool_misplaced(daemon->keeper.pool, &misplaced, &n, &err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		vfp_worker_settle(daemon->worker, &misplaced[i]);
	if (rc == 0)
		rc = vfp_pool_troubles(daemon->keeper.pool, &troubles, &n, &err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		vfp_worker_settle(daemon->worker, &troubles[i].owner);
	if (rc < 0)
		vfp_log(VFP_LOG_ERR, "%s", err.msg);
	if (!vfp_worker_is_busy(daemon->worker))
		vfp_autostart_look(daemon->autostart, daemon->keeper.libvirt);
}

/* Leases that wait for the end of their QEMU, and for their start: one that is cut short tells
 * nobody, so what is on its way is looked at again. */
static void on_leases(void *opaque)
{
	struct daemon *daemon = opaque;
	vfp_autofree struct vfp_lease *leases = NULL;
	struct vfp_err err = {0};

	if (vfp_pool_leases(daemon->keeper.pool, NULL, &leases, &daemon->n_leases, &err) < 0) {
		on_odd(daemon, err.msg);
		return;
	}
	vfp_drain_look(daemon->drain, leases, daemon->n_leases);
	for (size_t i = 0; i < daemon->n_leases; i++) {
		if (leases[i].state != VFP_LEASE_PREPARING)
			continue;
		if (vfp_proc_alive(&daemon->host, &leases[i].daemon))
			vfp_loop_set_timer(daemon->timers[TIMER_LEASES], START_MS);
		else
			want_mend(daemon);
	}
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

	if (!vfp_worker_is_open(daemon->worker))
		return;
	rc = vfp_libvirt_list(libvirt, VFP_LIBVIRT_DEFINITIONS, &defined, &n_defined, &err);
	if (rc == 0)
		rc = vfp_libvirt_list(libvirt, VFP_LIBVIRT_RUNNING, &running, &n_running, &err);
	if (rc == 0)
		rc = vfp_pool_ports(daemon->keeper.pool, NULL, &ports, &n_ports, &err);
	if (rc < 0)
		vfp_log(VFP_LOG_ERR, "%s", err.msg);
	for (size_t i = 0; i < n_defined; i++)
		vfp_worker_settle(daemon->worker, &defined[i]);
	for (size_t i = 0; i < n_ports; i++)
		vfp_worker_settle(daemon->worker, &ports[i].owner);
	for (size_t i = 0; i < n_running; i++)
		vfp_worker_inspect(daemon->worker, &running[i]);
}

static void want_mend(void *opaque)
{
	struct daemon *daemon = opaque;

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
	struct daemon *daemon = opaque;

	vfp_worker_settle(daemon->worker, owner);
}

/* What is on its way is no difference: jobs come first. */
static void on_mend(void *opaque)
{
	struct daemon *daemon = opaque;
	struct vfp_err err = {0};
	int rc;

	if (!vfp_worker_is_open(daemon->worker)) {
		daemon->wants_mend = false; /* a connection wants it anew */
		return;
	}
	if (vfp_worker_is_busy(daemon->worker)) {
		vfp_loop_set_timer(daemon->timers[TIMER_MEND], MEND_MS);
		return;
	}
	daemon->wants_mend = false;
	rc = vfp_mend(&daemon->mend, daemon->keeper.pool, daemon->keeper.libvirt, on_settle, daemon,
		      &daemon->n_left, &err);
	if (rc < 0)
		vfp_log(VFP_LOG_WARN, "%s", err.msg);
	if (rc > 0)
		want_mend(daemon);
	tell_status(daemon);
}

/* One line for systemctl status: what an administrator looks for first. */
static void tell_status(struct daemon *daemon)
{
	vfp_autofree struct vfp_trouble *troubles = NULL;
	size_t n_troubles = 0;

	vfp_pool_troubles(daemon->keeper.pool, &troubles, &n_troubles, NULL);
	sd_notifyf(0,
		   "STATUS=connected to libvirt; %zu VFs leased, %zu domains not bound, %zu "
		   "differences left",
		   daemon->n_leases, n_troubles, daemon->n_left);
}
