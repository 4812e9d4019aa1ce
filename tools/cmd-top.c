/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool top: the VFs of this host as they are now, again and again. */

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/cmd.h"
#include "tools/print.h"
#include "tools/screen.h"
#include "tools/top.h"

#define PLAIN_WIDTH 100
#define MAX_EVENTS  64		 /* kept */
#define EVENTS_MS   (600 * 1000) /* of the journal's, when top begins */

/* What is looked at, again and again. */
struct look {
	struct vfp_ctx *ctx;
	struct vfp_scene now, before;
	bool has_before;
	struct vfp_event *events; /* oldest first */
	size_t n_events;
	int64_t last_id;
};

static int look_again(struct look *look, struct vfp_err *err);
static void look_end(struct look *look);
static int live(struct look *look, int interval_ms, struct vfp_err *err);
static void print_json(const struct look *look);

static int top(struct vfp_ctx *ctx, struct vfp_err *err)
{
	const char *interval = ctx->opts[VFP_OPT_INTERVAL] ? ctx->opts[VFP_OPT_INTERVAL] : "1";
	const bool is_live =
		!ctx->opts[VFP_OPT_ONCE] && !vfp_ctx_json(ctx) && isatty(0) && isatty(1);
	const struct vfp_top_view view = {.width = PLAIN_WIDTH};
	struct look look = {.ctx = ctx};
	struct vfp_lines lines;
	uint64_t seconds;
	int rc;

	if (!vfp_number_parse(interval, is_live ? 1 : 0, 3600, &seconds))
		return vfp_fail(err, EINVAL, "--interval %s: not a number from %d to 3600",
				interval, is_live ? 1 : 0);
	setlocale(LC_CTYPE, "");
	rc = look_again(&look, err);
	if (rc == 0 && is_live) {
		rc = live(&look, (int)seconds * 1000, err);
	} else if (rc == 0) {
		if (seconds) {
			ctx->host.kernel->pause_ms((int)seconds * 1000);
			rc = look_again(&look, err);
		}
		if (rc == 0 && vfp_ctx_json(ctx)) {
			print_json(&look);
		} else if (rc == 0) {
			vfp_top_layout(&look.now, look.has_before ? &look.before : NULL,
				       look.events, look.n_events, &view, &lines);
			vfp_lines_print(&lines, stdout);
			vfp_lines_free(&lines);
		}
	}
	look_end(&look);
	return rc;
}

/* The journal's new lines; the first time those of the last minutes. */
static int look_at_journal(struct look *look, struct vfp_err *err)
{
	struct vfp_journal_filter filter = {.after_id = look->last_id};
	vfp_autofree struct vfp_event *events = NULL;
	size_t n, kept;
	int rc;

	if (!look->last_id)
		filter.since_ms = look->now.time_ms - EVENTS_MS;
	rc = vfp_pool_journal(look->ctx->pool, &filter, &events, &n, err);
	if (rc < 0 || !n)
		return rc;
	look->last_id = events[n - 1].id;
	kept = look->n_events + n > MAX_EVENTS ? MAX_EVENTS : look->n_events + n;
	look->events = vfp_realloc(look->events, look->n_events + n, sizeof(*events));
	memcpy(look->events + look->n_events, events, n * sizeof(*events));
	memmove(look->events, look->events + look->n_events + n - kept, kept * sizeof(*events));
	look->n_events = kept;
	return 0;
}

static int look_again(struct look *look, struct vfp_err *err)
{
	struct vfp_ctx *ctx = look->ctx;
	struct vfp_scene scene;
	int rc = 0;

	if (!ctx->pool)
		rc = vfp_ctx_pool(ctx, VFP_POOL_READ, err);
	if (rc == 0)
		rc = vfp_scene_read(&ctx->host, ctx->pool, true, &scene, err);
	if (rc < 0)
		return rc;
	vfp_scene_free(&look->before);
	look->has_before = look->now.ticks_ms;
	look->before = look->now;
	look->now = scene;
	return ctx->pool ? look_at_journal(look, err) : 0;
}

static void look_end(struct look *look)
{
	vfp_scene_free(&look->now);
	vfp_scene_free(&look->before);
	free(look->events);
}

/* --- Live ------------------------------------------------------------------------------------- */

static void draw(const struct look *look, struct vfp_top_view *view, const char *trouble)
{
	struct vfp_lines lines;

	vfp_screen_size(&view->width, &view->height);
	view->trouble = trouble;
	vfp_top_layout(&look->now, look->has_before ? &look->before : NULL, look->events,
		       look->n_events, view, &lines);
	vfp_screen_draw(&lines);
	vfp_lines_free(&lines);
}

/* What a key does; false: it ends the show. */
static bool obey(int key, struct vfp_top_view *view)
{
	static const struct {
		char key;
		enum vfp_top_sort sort;
	} sorts[] = {{'v', VFP_TOP_BY_VF},
		     {'r', VFP_TOP_BY_RATE},
		     {'d', VFP_TOP_BY_DOMAIN},
		     {'s', VFP_TOP_BY_STATE}};

	for (size_t i = 0; i < VFP_N(sorts); i++)
		if (key == sorts[i].key)
			view->sort = sorts[i].sort;
	if (key == VFP_KEY_UP && view->first)
		view->first--;
	if (key == VFP_KEY_DOWN)
		view->first++;
	return key != 'q' && key != VFP_KEY_END;
}

static int live(struct look *look, int interval_ms, struct vfp_err *err)
{
	const struct vfp_kernel *kernel = look->ctx->host.kernel;
	struct vfp_top_view view = {.sort = VFP_TOP_BY_VF};
	int64_t next = kernel->ticks_ms() + interval_ms;
	struct vfp_err failed = {0};
	int rc = vfp_screen_open(err), key = VFP_KEY_NONE;

	if (rc < 0)
		return rc;
	do {
		int64_t now = kernel->ticks_ms();

		if (now >= next) {
			/* The database may be locked, a PF just gone: show it and go on. */
			if (look_again(look, &failed) == 0)
				failed = (struct vfp_err){0};
			next = now + interval_ms;
		}
		draw(look, &view, *failed.msg ? failed.msg : NULL);
		now = kernel->ticks_ms();
		key = vfp_screen_key(next > now ? (int)(next - now) : 0);
	} while (obey(key, &view));
	vfp_screen_close();
	return 0;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void print_rate(struct vfp_print *p, bool is_known, uint64_t value)
{
	if (is_known)
		vfp_print_number(p, (int64_t)value);
	else
		vfp_print_text(p, "%s", "");
}

static void print_json(const struct look *look)
{
	static const struct vfp_column columns[] = {
		{"VF", "vf"},
		{"STATE", "state"},
		{"POOL", "pool"},
		{"DOMAIN", "domain"},
		{"MAC", "mac"},
		{"PORT GROUP", "portgroup"},
		{"RX bit/s", "rx_bits_per_second"},
		{"TX bit/s", "tx_bits_per_second"},
		{"RX pkt/s", "rx_packets_per_second"},
		{"TX pkt/s", "tx_packets_per_second"},
		{"DROP/s", "dropped_per_second"},
	};
	struct vfp_print *p = vfp_print_begin(columns, VFP_N(columns), true);
	char vf[VFP_VF_SIZE];

	for (size_t i = 0; i < look->now.n_pfs; i++)
		for (size_t k = 0; k < look->now.pfs[i].n_cells; k++) {
			const struct vfp_cell *cell = &look->now.pfs[i].cells[k];
			const struct vfp_rates rates = vfp_top_rates(
				&look->now, look->has_before ? &look->before : NULL, cell);

			vfp_print_text(p, "%s", vfp_vf_format(&cell->vf, vf));
			vfp_print_text(p, "%s", vfp_cell_words[cell->state]);
			vfp_print_text(p, "%s", cell->pool);
			vfp_print_text(p, "%s", cell->holder);
			vfp_print_text(p, "%s", cell->mac);
			vfp_print_text(p, "%s", cell->portgroup);
			print_rate(p, rates.is_known, rates.rx_bits);
			print_rate(p, rates.is_known, rates.tx_bits);
			print_rate(p, rates.is_known, rates.rx_packets);
			print_rate(p, rates.is_known, rates.tx_packets);
			print_rate(p, rates.is_known, rates.dropped);
		}
	vfp_print_end(p);
}

const struct vfp_cmd vfp_cmds_top[] = {
	{"top", NULL, "[--once] [--interval SECONDS] [--json]", 0, 0,
	 VFP_TAKES(ONCE) | VFP_TAKES(INTERVAL) | VFP_TAKES(JSON), 0, top,
	 "Watch PFs, VFs, who has them, traffic and refusals; once as text where there is no terminal."},
	{0},
};
