/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool journal: who held what, and what was refused and why. */

#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "tools/cmd.h"
#include "tools/print.h"

/* "2026-11-23", "2026-11-23 14:05" (both local), or seconds since 1970. */
static int parse_time(const char *text, int64_t *ret_ms, struct vfp_err *err)
{
	static const char *const formats[] = {"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"};
	uint64_t seconds;

	for (size_t i = 0; i < VFP_N(formats); i++) {
		struct tm tm = {.tm_isdst = -1};
		const char *end = strptime(text, formats[i], &tm);

		if (end && !*end) {
			*ret_ms = (int64_t)mktime(&tm) * 1000;
			return 0;
		}
	}
	if (!vfp_number_parse(text, 0, INT64_MAX / 1000, &seconds))
		return vfp_fail(err, EINVAL,
				"--since %s: \"YYYY-MM-DD\", \"YYYY-MM-DD HH:MM\" or seconds "
				"since 1970 was expected",
				text);
	*ret_ms = (int64_t)seconds * 1000;
	return 0;
}

static int journal(struct vfp_ctx *ctx, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		{"TIME", "time"}, {"EVENT", "event"}, {"DOMAIN", "domain"}, {"MAC", "mac"},
		{"VF", "vf"},	  {"PCI", "pci"},     {"TEXT", "text"},
	};
	struct vfp_journal_filter filter = {
		.domain = ctx->opts[VFP_OPT_DOMAIN],
		.mac = ctx->opts[VFP_OPT_MAC],
	};
	vfp_autofree struct vfp_event *events = NULL;
	struct vfp_print *p;
	size_t n = 0;
	int rc = 0;

	if (ctx->opts[VFP_OPT_SINCE])
		rc = parse_time(ctx->opts[VFP_OPT_SINCE], &filter.since_ms, err);
	if (rc == 0)
		rc = vfp_ctx_pool(ctx, VFP_POOL_READ, err);
	if (rc == 0 && ctx->pool)
		rc = vfp_pool_journal(ctx->pool, &filter, &events, &n, err);
	if (rc < 0)
		return rc;
	p = vfp_print_begin(columns, VFP_N(columns), vfp_ctx_json(ctx));
	for (size_t i = 0; i < n; i++) {
		vfp_print_time(p, events[i].time_ms);
		vfp_print_text(p, "%s", events[i].event);
		vfp_print_text(p, "%s", events[i].owner.name);
		vfp_print_text(p, "%s", events[i].mac);
		vfp_print_text(p, "%s", events[i].vf);
		vfp_print_text(p, "%s", events[i].pci);
		vfp_print_text(p, "%s", events[i].text);
	}
	vfp_print_end(p);
	return 0;
}

const struct vfp_cmd vfp_cmds_journal[] = {
	{"journal", NULL, "[--since TIME] [--domain NAME] [--mac MAC] [--json]", 0, 0,
	 VFP_TAKES(JSON) | VFP_TAKES(SINCE) | VFP_TAKES(DOMAIN) | VFP_TAKES(MAC), 0, journal,
	 "What happened, oldest first: leases, refusals, faults."},
	{0},
};
