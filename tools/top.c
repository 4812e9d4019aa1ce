/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The layout of vfpool top. */

#include "tools/top.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "tools/rune.h"

#define MAX_EVENTS 8  /* on a screen */
#define PF_COLUMNS 34 /* of a PF's line, before its cells */

const struct vfp_word vfp_top_sort_words[] = {
	{"vf", VFP_TOP_BY_VF},
	{"rate", VFP_TOP_BY_RATE},
	{"domain", VFP_TOP_BY_DOMAIN},
	{"state", VFP_TOP_BY_STATE},
	{NULL, 0},
};

/* How a state looks: a letter for the cell, and how bad it is, for sorting. */
static const struct look {
	char letter;
	enum vfp_style style;
	int weight;
} looks[VFP_N_CELL_STATES] = {
	[VFP_CELL_FREE] = {'.', VFP_STYLE_GOOD, 0},    [VFP_CELL_LEASED] = {'#', VFP_STYLE_BUSY, 1},
	[VFP_CELL_CLAIMED] = {'c', VFP_STYLE_BUSY, 1}, [VFP_CELL_HELD] = {'H', VFP_STYLE_ODD, 2},
	[VFP_CELL_FAULTY] = {'F', VFP_STYLE_BAD, 5},   [VFP_CELL_DIRTY] = {'d', VFP_STYLE_WARN, 4},
	[VFP_CELL_IN_USE] = {'u', VFP_STYLE_WARN, 3},  [VFP_CELL_NO_LINK] = {'!', VFP_STYLE_DIM, 0},
	[VFP_CELL_UNFIT] = {'x', VFP_STYLE_DIM, 2},    [VFP_CELL_GONE] = {'-', VFP_STYLE_DIM, 0},
	[VFP_CELL_NO_POOL] = {'o', VFP_STYLE_DIM, 0},
};

struct row {
	const struct vfp_cell *cell;
	struct vfp_rates rates;
	size_t place; /* in the scene: what settles a tie */
};

static void add_title(struct vfp_lines *lines, const struct vfp_scene *scene,
		      const struct vfp_top_view *view);
static void add_pf(struct vfp_lines *lines, const struct vfp_scene_pf *pf, size_t width);
static void add_legend(struct vfp_lines *lines, const struct vfp_scene *scene);
static size_t rows_of(const struct vfp_scene *now, const struct vfp_scene *before,
		      struct row **ret);
static int compare_rows(const void *a, const void *b, void *sort);
static void add_rows(struct vfp_lines *lines, const struct row *rows, size_t n, size_t room,
		     const struct vfp_top_view *view);
static void add_event(struct vfp_lines *lines, const struct vfp_event *event, size_t width);
static void add_keys(struct vfp_lines *lines, const struct vfp_top_view *view);

void vfp_top_layout(const struct vfp_scene *now, const struct vfp_scene *before,
		    const struct vfp_event *events, size_t n_events,
		    const struct vfp_top_view *view, struct vfp_lines *ret)
{
	size_t n_shown = n_events > MAX_EVENTS ? MAX_EVENTS : n_events, room = SIZE_MAX, used, n;
	vfp_autofree struct row *rows = NULL;
	struct vfp_lines lines = {0};

	add_title(&lines, now, view);
	for (size_t i = 0; i < now->n_pfs; i++)
		add_pf(&lines, &now->pfs[i], view->width);
	add_legend(&lines, now);
	vfp_lines_begin(&lines);
	n = rows_of(now, before, &rows);
	qsort_r(rows, n, sizeof(*rows), compare_rows, (void *)&view->sort);
	if (view->height) {
		/* The rows come first, down to half of what is left; then the events. */
		used = lines.n + 3; /* the rows' head, a blank line, the keys */
		room = view->height > used ? view->height - used : 0;
		if (n_shown > room / 2 && n_shown + n > room)
			n_shown = n > room / 2 ? room / 2 : room - n;
		room -= n_shown;
	}
	add_rows(&lines, rows, n, room, view);
	if (n_shown)
		vfp_lines_begin(&lines);
	for (size_t i = n_events - n_shown; i < n_events; i++)
		add_event(&lines, &events[i], view->width);
	if (view->height) {
		vfp_lines_cut(&lines, view->height - 1);
		while (lines.n + 1 < view->height)
			vfp_lines_begin(&lines);
		add_keys(&lines, view);
	}
	*ret = lines;
}

struct vfp_rates vfp_top_rates(const struct vfp_scene *now, const struct vfp_scene *before,
			       const struct vfp_cell *cell)
{
	const struct vfp_counters *new = &cell->counters, *old = NULL;
	struct vfp_rates rates = {0};
	uint64_t ms;

	for (size_t i = 0; before && i < before->n_pfs; i++)
		for (size_t k = 0; k < before->pfs[i].n_cells; k++) {
			const struct vfp_cell *same = &before->pfs[i].cells[k];

			if (same->has_counters && same->vf.index == cell->vf.index &&
			    !strcmp(same->vf.pf, cell->vf.pf))
				old = &same->counters;
		}
	if (!old || !cell->has_counters || now->ticks_ms <= before->ticks_ms ||
	    new->rx_bytes < old->rx_bytes || new->tx_bytes < old->tx_bytes ||
	    new->rx_packets < old->rx_packets || new->tx_packets < old->tx_packets ||
	    new->rx_dropped < old->rx_dropped || new->tx_dropped < old->tx_dropped)
		return rates;
	ms = (uint64_t)(now->ticks_ms - before->ticks_ms);
	rates.is_known = true;
	rates.rx_bits = (new->rx_bytes - old->rx_bytes) * 8000 / ms;
	rates.tx_bits = (new->tx_bytes - old->tx_bytes) * 8000 / ms;
	rates.rx_packets = (new->rx_packets - old->rx_packets) * 1000 / ms;
	rates.tx_packets = (new->tx_packets - old->tx_packets) * 1000 / ms;
	rates.dropped =
		(new->rx_dropped - old->rx_dropped + new->tx_dropped - old->tx_dropped) * 1000 / ms;
	return rates;
}

char *vfp_top_number(uint64_t value, char buf[8])
{
	static const char units[] = " kMGTPE";
	uint64_t rest = 0;
	size_t unit = 0;

	for (; value >= 1000; unit++) {
		rest = value % 1000 / 100;
		value /= 1000;
	}
	if (!unit)
		snprintf(buf, 8, "%u", (unsigned int)value);
	else if (value < 100)
		snprintf(buf, 8, "%u.%u%c", (unsigned int)value % 100, (unsigned int)rest % 10,
			 units[unit]);
	else
		snprintf(buf, 8, "%u%c", (unsigned int)value % 1000, units[unit]);
	return buf;
}

/* --- The parts, from the top ----------------------------------------------------------------- */

static void add_title(struct vfp_lines *lines, const struct vfp_scene *scene,
		      const struct vfp_top_view *view)
{
	time_t seconds = (time_t)(scene->time_ms / 1000);
	size_t counts[VFP_N_CELL_STATES];
	char time[32], sum[256];
	struct tm tm;

	strftime(time, sizeof(time), "%Y-%m-%d %H:%M:%S", localtime_r(&seconds, &tm));
	vfp_scene_count(scene, counts);
	vfp_lines_begin(lines);
	vfp_lines_add(lines, VFP_STYLE_TITLE, "vfpool top  %s  %s", time,
		      vfp_scene_sum(counts, sum, sizeof(sum)));
	if (view->height)
		vfp_lines_pad(lines, VFP_STYLE_TITLE, view->width);
}

static const char *link_word(const struct vfp_scene_pf *pf)
{
	if (!pf->is_present)
		return "not on this host";
	return pf->pf.has_carrier ? "up" : pf->pf.is_up ? "no carrier" : "down";
}

/* Cells in groups of eight; a line that is full goes on below. */
static void add_pf(struct vfp_lines *lines, const struct vfp_scene_pf *pf, size_t width)
{
	char text[32];
	size_t leased = 0, used;

	for (size_t i = 0; i < pf->n_cells; i++)
		leased += pf->cells[i].state == VFP_CELL_LEASED;
	snprintf(text, sizeof(text), "%zu/%zu", leased, pf->n_cells);
	vfp_lines_begin(lines);
	vfp_lines_cell(lines, VFP_STYLE_HEAD, IFNAMSIZ - 1, false, pf->pf.dev);
	vfp_lines_cell(lines, pf->is_present && pf->pf.has_carrier ? VFP_STYLE_GOOD : VFP_STYLE_BAD,
		       10, false, link_word(pf));
	vfp_lines_cell(lines, VFP_STYLE_PLAIN, 5, true, text);
	for (size_t i = 0; i < pf->n_cells; i++) {
		const struct look *look = &looks[pf->cells[i].state];

		used = lines->lines[lines->n - 1].width;
		if (i % 8 == 0 && i && used + 9 > width) {
			vfp_lines_begin(lines);
			vfp_lines_pad(lines, VFP_STYLE_PLAIN, PF_COLUMNS - 1);
		}
		vfp_lines_add(lines, look->style, "%s%c", i % 8 ? "" : " ", look->letter);
	}
}

static void add_legend(struct vfp_lines *lines, const struct vfp_scene *scene)
{
	size_t counts[VFP_N_CELL_STATES];

	vfp_scene_count(scene, counts);
	vfp_lines_begin(lines);
	vfp_lines_pad(lines, VFP_STYLE_PLAIN, PF_COLUMNS);
	for (size_t i = 0; i < VFP_N_CELL_STATES; i++) {
		if (!counts[i])
			continue;
		vfp_lines_add(lines, looks[i].style, "%c", looks[i].letter);
		vfp_lines_add(lines, VFP_STYLE_DIM, " %s  ", vfp_cell_words[i]);
	}
}

/* The VFs that somebody has, or that something is wrong with. */
static size_t rows_of(const struct vfp_scene *now, const struct vfp_scene *before, struct row **ret)
{
	struct row *rows = NULL;
	size_t n = 0;

	for (size_t i = 0; i < now->n_pfs; i++)
		for (size_t k = 0; k < now->pfs[i].n_cells; k++) {
			const struct vfp_cell *cell = &now->pfs[i].cells[k];

			if (!looks[cell->state].weight)
				continue;
			rows = vfp_realloc(rows, n + 1, sizeof(*rows));
			rows[n] = (struct row){cell, vfp_top_rates(now, before, cell), n};
			n++;
		}
	*ret = rows ? rows : vfp_alloc(1, sizeof(*rows));
	return n;
}

static uint64_t traffic(const struct row *row)
{
	return row->rates.rx_bits + row->rates.tx_bits;
}

static int compare_rows(const void *a, const void *b, void *sort)
{
	const struct row *x = a, *y = b;
	int order = 0;

	switch (*(const enum vfp_top_sort *)sort) {
	case VFP_TOP_BY_VF:
		break;
	case VFP_TOP_BY_RATE:
		order = (traffic(x) < traffic(y)) - (traffic(x) > traffic(y));
		break;
	case VFP_TOP_BY_DOMAIN: /* those without are last */
		order = !*x->cell->holder - !*y->cell->holder;
		order = order ? order : strcmp(x->cell->holder, y->cell->holder);
		break;
	case VFP_TOP_BY_STATE:
		order = looks[y->cell->state].weight - looks[x->cell->state].weight;
		break;
	}
	return order ? order : (x->place > y->place) - (x->place < y->place);
}

/* --- The table of VFs ------------------------------------------------------------------------ */

enum column {
	C_VF,
	C_STATE,
	C_DOMAIN,
	C_MAC,
	C_GROUP,
	C_RX,
	C_TX,
	C_RX_PACKETS,
	C_TX_PACKETS,
	C_DROPPED,
	N_COLUMNS
};

/* A column shows on screens of at least so many columns.  The domain's takes what is left. */
static const struct {
	const char *head;
	size_t width, from_width;
	bool to_right;
} columns[N_COLUMNS] = {
	[C_VF] = {"VF", 12, 0, false},
	[C_STATE] = {"STATE", 7, 0, false},
	[C_DOMAIN] = {"DOMAIN", 10, 0, false},
	[C_MAC] = {"MAC", 17, 60, false},
	[C_GROUP] = {"PORT GROUP", 12, 90, false},
	[C_RX] = {"RX bit/s", 8, 40, true},
	[C_TX] = {"TX bit/s", 8, 40, true},
	[C_RX_PACKETS] = {"RX pkt/s", 8, 116, true},
	[C_TX_PACKETS] = {"TX pkt/s", 8, 116, true},
	[C_DROPPED] = {"DROP/s", 6, 116, true},
};

static size_t column_width(enum column column, size_t width)
{
	size_t others = 0;

	if (column != C_DOMAIN)
		return columns[column].width;
	for (enum column i = 0; i < N_COLUMNS; i++)
		if (i != C_DOMAIN && columns[i].from_width <= width)
			others += columns[i].width + 1;
	return others + columns[C_DOMAIN].width + 1 > width ? columns[C_DOMAIN].width
							    : width - others - 1;
}

static void cell_text(const struct row *row, enum column column, char *buf, size_t size)
{
	const struct vfp_cell *cell = row->cell;
	const struct vfp_rates *rates = &row->rates;
	const uint64_t values[N_COLUMNS] = {
		[C_RX] = rates->rx_bits,
		[C_TX] = rates->tx_bits,
		[C_RX_PACKETS] = rates->rx_packets,
		[C_TX_PACKETS] = rates->tx_packets,
		[C_DROPPED] = rates->dropped,
	};
	const char *texts[N_COLUMNS] = {
		[C_STATE] = vfp_cell_words[cell->state],
		[C_DOMAIN] = *cell->holder ? cell->holder : vfp_cell_detail(cell),
		[C_MAC] = cell->mac,
		[C_GROUP] = cell->portgroup,
	};
	char number[8], vf[VFP_VF_SIZE];

	texts[C_VF] = vfp_vf_format(&cell->vf, vf);
	if (column >= C_RX)
		texts[column] = rates->is_known ? vfp_top_number(values[column], number) : "-";
	snprintf(buf, size, "%s", texts[column]);
}

static void add_head(struct vfp_lines *lines, size_t width)
{
	vfp_lines_begin(lines);
	for (enum column i = 0; i < N_COLUMNS; i++)
		if (columns[i].from_width <= width)
			vfp_lines_cell(lines, VFP_STYLE_HEAD, column_width(i, width),
				       columns[i].to_right, columns[i].head);
}

/* Why nobody can have a VF may be long: it goes on over the columns of him who would. */
static size_t text_width(const struct row *row, enum column column, size_t width)
{
	size_t own = column_width(column, width);

	if (column == C_DOMAIN && !*row->cell->holder)
		for (enum column i = C_MAC; i <= C_GROUP; i++)
			if (columns[i].from_width <= width)
				own += columns[i].width + 1;
	return own;
}

static void add_row(struct vfp_lines *lines, const struct row *row, size_t width)
{
	char text[400];

	vfp_lines_begin(lines);
	for (enum column i = 0; i < N_COLUMNS; i++) {
		if (columns[i].from_width > width ||
		    ((i == C_MAC || i == C_GROUP) && !*row->cell->holder))
			continue;
		cell_text(row, i, text, sizeof(text));
		vfp_lines_cell(lines,
			       i == C_STATE ? looks[row->cell->state].style : VFP_STYLE_PLAIN,
			       text_width(row, i, width), columns[i].to_right, text);
	}
}

/* The last of @room says how many are not shown. */
static void add_rows(struct vfp_lines *lines, const struct row *rows, size_t n, size_t room,
		     const struct vfp_top_view *view)
{
	size_t first = n && view->first >= n ? n - 1 : view->first, shown = n - first;

	add_head(lines, view->width);
	if (first == 0 && shown <= room) {
		for (size_t i = 0; i < n; i++)
			add_row(lines, &rows[i], view->width);
		if (!n && room) {
			vfp_lines_begin(lines);
			vfp_lines_add(lines, VFP_STYLE_DIM, "no VF is leased, held or in trouble");
		}
		return;
	}
	if (room)
		room--;
	shown = shown > room ? room : shown;
	for (size_t i = first; i < first + shown; i++)
		add_row(lines, &rows[i], view->width);
	vfp_lines_begin(lines);
	vfp_lines_add(lines, VFP_STYLE_DIM, "%zu above, %zu below", first, n - first - shown);
}

/* --- Events and keys ------------------------------------------------------------------------- */

static void add_event(struct vfp_lines *lines, const struct vfp_event *event, size_t width)
{
	static const struct {
		const char *event;
		enum vfp_style style;
	} styles[] = {{"refused", VFP_STYLE_BAD},
		      {"faulty", VFP_STYLE_BAD},
		      {"warning", VFP_STYLE_WARN},
		      {"foreign", VFP_STYLE_WARN}};
	time_t seconds = (time_t)(event->time_ms / 1000);
	enum vfp_style style = VFP_STYLE_PLAIN;
	char time[16];
	struct tm tm;

	for (size_t i = 0; i < VFP_N(styles); i++)
		if (!strcmp(event->event, styles[i].event))
			style = styles[i].style;
	strftime(time, sizeof(time), "%H:%M:%S", localtime_r(&seconds, &tm));
	vfp_lines_begin(lines);
	vfp_lines_cell(lines, VFP_STYLE_DIM, 8, false, time);
	vfp_lines_cell(lines, style, 9, false, event->event);
	if (width > 20) {
		vfp_autofree char *text =
			vfp_format("%s%s%s%s%s", event->owner.name,
				   *event->owner.name && *event->vf ? " " : "", event->vf,
				   *event->text ? ": " : "", event->text);

		vfp_lines_cell(lines, style, width - 20, false, text);
	}
}

static void add_keys(struct vfp_lines *lines, const struct vfp_top_view *view)
{
	vfp_lines_begin(lines);
	if (view->trouble)
		vfp_lines_add(lines, VFP_STYLE_BAD, "%s", view->trouble);
	else
		vfp_lines_add(lines, VFP_STYLE_TITLE,
			      "q quit   by: v VF, r rate, d domain, s state; now by %s   "
			      "up, down: scroll",
			      vfp_word_of(vfp_top_sort_words, (int)view->sort));
	vfp_lines_pad(lines, view->trouble ? VFP_STYLE_BAD : VFP_STYLE_TITLE, view->width);
}
