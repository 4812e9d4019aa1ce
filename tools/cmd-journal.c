/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool journal: who held what, and what was refused and why. */

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tools/cmd.h"
#include "tools/print.h"

#define BOOK_FOLDER "/var/lib/vfpool"
#define LOOK_MIN_MS 5
#define LOOK_MAX_MS 1500

/* "10m": so long ago.  false: it is not of that form. */
static bool parse_ago(const char *text, int64_t now_ms, int64_t *ret_ms)
{
	static const struct vfp_word units[] = {
		{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {NULL, 0}};
	const size_t digits = strspn(text, "0123456789");
	vfp_autofree char *number = vfp_strdup(text);
	const int unit = vfp_word_parse(units, text + digits);
	uint64_t n;

	number[digits] = '\0';
	if (unit < 0 || !vfp_number_parse(number, 0, INT32_MAX, &n))
		return false;
	*ret_ms = now_ms - (int64_t)n * unit * 1000;
	return true;
}

static bool parse_clock(const char *text, int64_t now_ms, int64_t *ret_ms)
{
	static const struct {
		const char *format;
		bool is_utc, is_today;
	} formats[] = {
		{"%Y-%m-%d", false, false},
		{"%Y-%m-%d %H:%M", false, false},
		{"%Y-%m-%d %H:%M:%S", false, false},
		{"%Y-%m-%dT%H:%M:%SZ", true, false},
		{"%H:%M", false, true},
		{"%H:%M:%S", false, true},
	};
	const time_t now = (time_t)(now_ms / 1000);

	for (size_t i = 0; i < VFP_N(formats); i++) {
		struct tm tm = {.tm_isdst = -1};
		const char *end;

		if (formats[i].is_today) {
			localtime_r(&now, &tm);
			tm.tm_sec = 0;
			tm.tm_isdst = -1;
		}
		end = strptime(text, formats[i].format, &tm);
		if (!end || *end)
			continue;
		*ret_ms = (int64_t)(formats[i].is_utc ? timegm(&tm) : mktime(&tm)) * 1000;
		return true;
	}
	return false;
}

int vfp_ctx_time(const struct vfp_ctx *ctx, enum vfp_opt opt, int64_t *ret_ms, struct vfp_err *err)
{
	static const char *const names[VFP_N_OPTS] = {
		[VFP_OPT_SINCE] = "since", [VFP_OPT_UNTIL] = "until", [VFP_OPT_AT] = "at"};
	const int64_t now_ms = ctx->host.kernel->now_ms();
	const char *text = ctx->opts[opt];
	uint64_t seconds;

	if (!text) {
		*ret_ms = 0;
		return 0;
	}
	if (parse_clock(text, now_ms, ret_ms) || parse_ago(text, now_ms, ret_ms))
		return 0;
	if (!vfp_number_parse(text, 0, INT64_MAX / 1000, &seconds))
		return vfp_fail(err, EINVAL,
				"--%s %s: \"YYYY-MM-DD\", \"YYYY-MM-DD HH:MM\", HH:MM today, 10m or "
				"2h or 3d ago, or seconds since 1970 was expected",
				names[opt], text);
	*ret_ms = (int64_t)seconds * 1000;
	return 0;
}

static void print_event(struct vfp_print *p, const struct vfp_event *event)
{
	vfp_print_time(p, event->time_ms);
	vfp_print_text(p, "%s", event->event);
	vfp_print_text(p, "%s", event->owner.name);
	vfp_print_text(p, "%s", event->mac);
	vfp_print_text(p, "%s", event->vf);
	vfp_print_text(p, "%s", event->pci);
	vfp_print_text(p, "%s", event->text);
}

/* What is new since filter->after_id, which moves on. */
static int print_new(struct vfp_ctx *ctx, struct vfp_journal_filter *filter, struct vfp_print *p,
		     size_t *ret_n, struct vfp_err *err)
{
	vfp_autofree struct vfp_event *events = NULL;
	size_t n = 0;
	int rc = vfp_pool_journal(ctx->pool, filter, &events, &n, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		print_event(p, &events[i]);
	if (n)
		filter->after_id = events[n - 1].id;
	*ret_n = n;
	return 0;
}

/* The write that woke us comes before the change is to be seen: SQLite syncs the log in between
 * (sqlite.org/src, wal.c, walFrames()).  So one wake-up is worth several looks. */
static int wait_change(struct vfp_ctx *ctx, int watch, struct vfp_err *err)
{
	struct pollfd poller = {.fd = watch, .events = POLLIN};
	bool has_changed = false;
	char events[4096];
	int rc = 0;

	for (int wait_ms = -1; rc == 0 && !has_changed;) {
		int n = poll(&poller, 1, wait_ms);

		if (n < 0 && errno != EINTR)
			return vfp_fail(err, errno, "cannot follow the journal: %s",
					strerror(errno));
		if (n > 0 && read(watch, events, sizeof(events)) < 0)
			return vfp_fail(err, errno, "cannot follow the journal: %s",
					strerror(errno));
		if (n > 0)
			wait_ms = LOOK_MIN_MS;
		else
			wait_ms = wait_ms * 2 > LOOK_MAX_MS ? -1 : wait_ms * 2;
		rc = vfp_pool_has_changed(ctx->pool, &has_changed, err);
	}
	return rc;
}

static int follow(struct vfp_ctx *ctx, struct vfp_journal_filter *filter, int watch,
		  struct vfp_print *p, struct vfp_err *err)
{
	bool has_changed;
	size_t n;
	/* The first answer is always yes. */
	int rc = vfp_pool_has_changed(ctx->pool, &has_changed, err);

	while (rc == 0) {
		rc = print_new(ctx, filter, p, &n, err);
		vfp_print_flush(p);
		if (ferror(stdout))
			return 0; /* nobody reads any more */
		if (rc == 0)
			rc = wait_change(ctx, watch, err);
	}
	return rc;
}

static int open_watch(struct vfp_ctx *ctx, int *ret_fd, struct vfp_err *err)
{
	char path[VFP_PATH_SIZE];
	vfp_autoclose int fd = inotify_init1(IN_CLOEXEC);

	vfp_host_path(&ctx->host, path, BOOK_FOLDER);
	if (fd < 0 || inotify_add_watch(fd, path, IN_MODIFY | IN_CLOSE_WRITE) < 0)
		return vfp_fail(err, errno, "cannot watch %s: %s", path, strerror(errno));
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* What the options ask for.  @mac: room for the MAC in its one form. */
static int read_filter(const struct vfp_ctx *ctx, struct vfp_journal_filter *filter,
		       char mac[VFP_MAC_SIZE], struct vfp_err *err)
{
	struct vfp_mac parsed;
	struct vfp_pci pci;
	struct vfp_vf vf;
	int rc;

	filter->domain = ctx->opts[VFP_OPT_DOMAIN];
	filter->vf = ctx->opts[VFP_OPT_VF];
	filter->pool = ctx->opts[VFP_OPT_POOL];
	filter->event = ctx->opts[VFP_OPT_EVENT];
	rc = vfp_ctx_time(ctx, VFP_OPT_SINCE, &filter->since_ms, err);
	if (rc == 0)
		rc = vfp_ctx_time(ctx, VFP_OPT_UNTIL, &filter->until_ms, err);
	if (rc < 0)
		return rc;
	if (filter->vf && vfp_vf_parse(filter->vf, &vf) < 0 && vfp_pci_parse(filter->vf, &pci) < 0)
		return vfp_fail(err, EINVAL, "--vf %s: PF#NUMBER or a PCI address was expected",
				filter->vf);
	if (!ctx->opts[VFP_OPT_MAC])
		return 0;
	if (vfp_mac_parse(ctx->opts[VFP_OPT_MAC], &parsed) < 0)
		return vfp_fail(err, EINVAL, "--mac %s: not a MAC address", ctx->opts[VFP_OPT_MAC]);
	filter->mac = vfp_mac_format(&parsed, mac);
	return 0;
}

static int journal(struct vfp_ctx *ctx, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		{"TIME", "time"}, {"EVENT", "event"}, {"DOMAIN", "domain"}, {"MAC", "mac"},
		{"VF", "vf"},	  {"PCI", "pci"},     {"TEXT", "text"},
	};
	const bool follows = ctx->opts[VFP_OPT_FOLLOW];
	struct vfp_journal_filter filter = {0};
	char mac[VFP_MAC_SIZE], known[512];
	vfp_autoclose int watch = -1;
	struct vfp_print *p;
	size_t n = 0;
	int rc = read_filter(ctx, &filter, mac, err);

	if (rc == 0)
		rc = vfp_ctx_pool(ctx, VFP_POOL_READ, err);
	if (rc == 0 && follows && !ctx->pool)
		rc = vfp_fail(err, ENOENT, "no journal to follow: no pool is defined");
	/* Before the first look, or what comes between the two would be missed. */
	if (rc == 0 && follows)
		rc = open_watch(ctx, &watch, err);
	if (rc < 0)
		return rc;
	p = vfp_print_begin(columns, VFP_N(columns), vfp_ctx_json(ctx));
	if (ctx->pool)
		rc = print_new(ctx, &filter, p, &n, err);
	if (rc == 0 && follows)
		rc = follow(ctx, &filter, watch, p, err);
	vfp_print_end(p);
	if (rc == 0 && !n && filter.event && ctx->pool &&
	    !strstr(vfp_pool_journal_events(ctx->pool, known, sizeof(known)), filter.event))
		return vfp_fail(err, ENOENT, "no event %s in the journal, which has: %s",
				filter.event, known);
	return rc;
}

const struct vfp_cmd vfp_cmds_journal[] = {
	{"journal", NULL,
	 "[--since TIME] [--until TIME] [--domain NAME] [--mac MAC] [--vf PF#N|PCI] [--pool POOL] "
	 "[--event EVENT] [--follow] [--json]",
	 0, 0,
	 VFP_TAKES(JSON) | VFP_TAKES(SINCE) | VFP_TAKES(UNTIL) | VFP_TAKES(DOMAIN) |
		 VFP_TAKES(MAC) | VFP_TAKES(VF) | VFP_TAKES(POOL) | VFP_TAKES(EVENT) |
		 VFP_TAKES(FOLLOW),
	 0, journal, "What happened, oldest first: leases, refusals, faults."},
	{0},
};
