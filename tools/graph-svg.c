/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The picture as SVG.
 *
 *	title, counts, legend
 *	+--------+      +---------------------------+
 *	| pool   |------| PF   [VF][VF][VF][VF] …   |
 *	| groups |      +---------------------------+
 *	+--------+
 *	domains that are defined and off
 *
 * Everything is placed with the numbers below; a cell is an <svg> of its own, so that nothing in it
 * can stick out.
 */

#include <string.h>

#include "base/cleanup.h"
#include "tools/graph.h"
#include "tools/rune.h"

/* Lengths in pixels. */
#define MARGIN	     28
#define TOP	     112 /* below title and legend */
#define GAP	     18	 /* between cards */
#define POOL_WIDTH   272
#define POOL_HEAD    84
#define GROUP_HEIGHT 26
#define LANE	     72 /* between pools and PFs, for the lines */
#define CELL_WIDTH   136
#define CELL_HEIGHT  46
#define CELL_GAP     6
#define CELL_COLUMNS 8
#define PF_PAD	     14
#define PF_HEAD	     50
#define CHIP_WIDTH   226
#define CHIP_HEIGHT  46

/* So many are drawn; of the rest the number is said. */
#define MAX_GROUPS 40
#define MAX_CHIPS  240

struct paint {
	const char *fill, *line, *text;
};

static const struct paint paints[VFP_N_CELL_STATES] = {
	[VFP_CELL_FREE] = {"#e9f7ee", "#86cfa2", "#1d7044"},
	[VFP_CELL_LEASED] = {"#deeafd", "#6a9cf0", "#123e86"},
	[VFP_CELL_CLAIMED] = {"#e2f4f7", "#5fb3c4", "#0f5968"},
	[VFP_CELL_HELD] = {"#eee8fa", "#a58fd8", "#55379b"},
	[VFP_CELL_FAULTY] = {"#fde3e1", "#e0625a", "#a11c14"},
	[VFP_CELL_DIRTY] = {"#fdf3d6", "#ddb13c", "#7d5c00"},
	[VFP_CELL_IN_USE] = {"#fce8d9", "#de8a4c", "#8f4309"},
	[VFP_CELL_NO_LINK] = {"#eef1f5", "#aab4c0", "#535f6e"},
	[VFP_CELL_UNFIT] = {"#eef1f5", "#aab4c0", "#535f6e"},
	[VFP_CELL_GONE] = {"#ffffff", "#c3cad4", "#7b8694"},
	[VFP_CELL_NO_POOL] = {"#ffffff", "#d5dbe3", "#7b8694"},
};

/* Of port groups, in the order of their definition, and of pools' lines. */
static const char *const group_colours[] = {
	"#2f6fde", "#1e9e6a", "#d97706", "#b83280", "#0e8fa8", "#8056d6", "#c0392b", "#6b7c1f",
};
static const char *const pool_colours[] = {"#5b7db1", "#7a9a5b", "#b0885a", "#96699c", "#5a9aa0"};

struct drawing {
	const struct vfp_scene *scene;
	FILE *out;
	unsigned int columns; /* of cells in a PF's card */
	unsigned int width;
	unsigned int pf_x, pf_width;
};

static void draw_defs(const struct drawing *d, unsigned int height);
static void draw_title(const struct drawing *d);
static void draw_pools(const struct drawing *d);
static void draw_pfs(const struct drawing *d);
static void draw_chips(const struct drawing *d, unsigned int y);
static unsigned int pools_height(const struct vfp_scene *scene);
static unsigned int pf_height(const struct drawing *d, const struct vfp_scene_pf *pf);
static unsigned int chips_height(const struct drawing *d);
static void draw_lines(const struct drawing *d);
static void put_text(FILE *out, const char *s);

static unsigned int max(unsigned int a, unsigned int b)
{
	return a > b ? a : b;
}

void vfp_graph_svg(const struct vfp_scene *scene, FILE *out)
{
	struct drawing d = {.scene = scene, .out = out, .columns = 4};
	unsigned int pfs = TOP, body;

	for (size_t i = 0; i < scene->n_pfs; i++)
		d.columns = max(d.columns, (unsigned int)scene->pfs[i].n_cells);
	d.columns = d.columns > CELL_COLUMNS ? CELL_COLUMNS : d.columns;
	d.pf_x = MARGIN + (scene->n_pools ? POOL_WIDTH + LANE : 0);
	d.pf_width = 2 * PF_PAD + d.columns * (CELL_WIDTH + CELL_GAP) - CELL_GAP;
	d.width = d.pf_x + d.pf_width + MARGIN;
	for (size_t i = 0; i < scene->n_pfs; i++)
		pfs += pf_height(&d, &scene->pfs[i]) + GAP;
	body = max(TOP + pools_height(scene), pfs);
	draw_defs(&d, body + chips_height(&d) + MARGIN);
	draw_title(&d);
	draw_pools(&d);
	draw_pfs(&d);
	draw_lines(&d);
	draw_chips(&d, body);
	fputs("</svg>\n", out);
}

/* --- Parts ------------------------------------------------------------------------------------ */

static void draw_defs(const struct drawing *d, unsigned int height)
{
	fprintf(d->out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
		"viewBox=\"0 0 %u %u\" font-family=\"'DejaVu Sans', 'Segoe UI', Roboto, "
		"Helvetica, Arial, sans-serif\" font-size=\"12\" fill=\"#1f2937\">\n"
		"<title>SR-IOV virtual functions of this host</title>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#f5f7fa\"/>\n",
		d->width, height, d->width, height);
}

/* One line of text; @more: attributes beside x and y. */
static void draw_text(const struct drawing *d, unsigned int x, unsigned int y, const char *more,
		      const char *text, size_t max_columns)
{
	vfp_autofree char *cut = vfp_text_fit(text, max_columns);

	fprintf(d->out, "<text x=\"%u\" y=\"%u\"%s%s>", x, y, *more ? " " : "", more);
	put_text(d->out, cut);
	fputs("</text>\n", d->out);
}

static void draw_box(const struct drawing *d, unsigned int x, unsigned int y, unsigned int width,
		     unsigned int height)
{
	fprintf(d->out,
		"<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" rx=\"9\" fill=\"#ffffff\" "
		"stroke=\"#d8dee6\"/>\n",
		x, y, width, height);
}

/* The states that occur, each with its number. */
static void draw_legend(const struct drawing *d, const size_t counts[VFP_N_CELL_STATES])
{
	unsigned int x = MARGIN;
	char text[64];

	for (size_t i = 0; i < VFP_N_CELL_STATES; i++) {
		if (!counts[i])
			continue;
		snprintf(text, sizeof(text), "%zu %s", counts[i], vfp_cell_words[i]);
		fprintf(d->out,
			"<rect x=\"%u\" y=\"76\" width=\"16\" height=\"16\" rx=\"4\" fill=\"%s\" "
			"stroke=\"%s\"%s/>\n",
			x, paints[i].fill, paints[i].line,
			i == VFP_CELL_GONE ? " stroke-dasharray=\"3 2\"" : "");
		draw_text(d, x + 22, 89, "fill=\"#4b5563\"", text, 40);
		x += 22 + 8 * (unsigned int)strlen(text) + 18;
	}
}

static void draw_title(const struct drawing *d)
{
	const struct vfp_scene *scene = d->scene;
	size_t counts[VFP_N_CELL_STATES];
	char text[320], sum[256];

	vfp_scene_count(scene, counts);
	snprintf(text, sizeof(text), "%zu PF%s with %s · %zu pool%s · %zu NIC%s of domains",
		 scene->n_pfs, scene->n_pfs == 1 ? "" : "s",
		 vfp_scene_sum(counts, sum, sizeof(sum)), scene->n_pools,
		 scene->n_pools == 1 ? "" : "s", scene->n_ports, scene->n_ports == 1 ? "" : "s");
	draw_text(d, MARGIN, 42, "font-size=\"20\" font-weight=\"bold\"",
		  "SR-IOV virtual functions of this host", 80);
	draw_text(d, MARGIN, 62, "fill=\"#6b7280\"", text, d->width / 8);
	draw_legend(d, counts);
}

/* The colour of a port group; NULL when the pool does not have it. */
static const char *group_colour(const struct vfp_scene *scene, const char *pool, const char *group)
{
	size_t n = 0;

	for (size_t i = 0; i < scene->n_pools; i++)
		for (size_t k = 0; k < scene->pools[i].n_portgroups; k++, n++)
			if (!strcmp(scene->pools[i].name, pool) &&
			    !strcmp(scene->pools[i].portgroups[k].name, group))
				return group_colours[n % VFP_N(group_colours)];
	return NULL;
}

/* --- Pools ------------------------------------------------------------------------------------ */

static unsigned int n_groups_drawn(const struct vfp_pooldef *pool)
{
	return pool->n_portgroups > MAX_GROUPS ? MAX_GROUPS + 1 : (unsigned int)pool->n_portgroups;
}

static unsigned int pool_height(const struct vfp_pooldef *pool)
{
	return POOL_HEAD + n_groups_drawn(pool) * GROUP_HEIGHT + 8;
}

static unsigned int pools_height(const struct vfp_scene *scene)
{
	unsigned int height = 0;

	for (size_t i = 0; i < scene->n_pools; i++)
		height += pool_height(&scene->pools[i]) + GAP;
	return height;
}

/* "VLAN 100 qos 2, 1000 Mbit/s, trust": what a port group sets. */
static char *group_format(const struct vfp_portgroup *group, char *buf, size_t size)
{
	const struct vfp_attrs *attrs = &group->attrs;
	char rate[32] = "";

	if (attrs->max_rate_mbps)
		snprintf(rate, sizeof(rate), ", %u Mbit/s", attrs->max_rate_mbps);
	if (group->vlan_mode == VFP_VLAN_ID)
		snprintf(buf, size, "VLAN %u%s%s%s", attrs->vlan, rate,
			 attrs->trust ? ", trust" : "", attrs->spoofchk ? "" : ", no spoof check");
	else
		snprintf(buf, size, "%s%s%s%s",
			 group->vlan_mode == VFP_VLAN_TRUNK ? "trunk" : "untagged", rate,
			 attrs->trust ? ", trust" : "", attrs->spoofchk ? "" : ", no spoof check");
	return buf;
}

static void draw_group(const struct drawing *d, const struct vfp_pooldef *pool, size_t k,
		       unsigned int y)
{
	const struct vfp_portgroup *group = &pool->portgroups[k];
	char text[96];

	fprintf(d->out,
		"<rect x=\"%u\" y=\"%u\" width=\"12\" height=\"12\" rx=\"3\" fill=\"%s\"/>\n",
		MARGIN + 16, y - 10, group_colour(d->scene, pool->name, group->name));
	draw_text(d, MARGIN + 36, y, group->is_default ? "font-weight=\"bold\"" : "", group->name,
		  14);
	draw_text(d, MARGIN + POOL_WIDTH - 14, y, "text-anchor=\"end\" fill=\"#6b7280\"",
		  group_format(group, text, sizeof(text)), 22);
}

/* How much of the pool is given away, as a bar. */
static void draw_bar(const struct drawing *d, const char *pool, unsigned int x, unsigned int y,
		     unsigned int width)
{
	size_t counts[VFP_N_CELL_STATES] = {0}, total = 0, before = 0;
	char text[64];

	for (size_t i = 0; i < d->scene->n_pfs; i++)
		for (size_t k = 0; k < d->scene->pfs[i].n_cells; k++)
			if (!strcmp(d->scene->pfs[i].cells[k].pool, pool)) {
				counts[d->scene->pfs[i].cells[k].state]++;
				total++;
			}
	snprintf(text, sizeof(text), "%zu of %zu VFs leased", counts[VFP_CELL_LEASED], total);
	draw_text(d, x, y - 6, "fill=\"#6b7280\" font-size=\"11\"", text, 40);
	for (size_t i = 0; i < VFP_N_CELL_STATES; i++) {
		/* Leased first, free last. */
		size_t state = (i + 1) % VFP_N_CELL_STATES;
		unsigned int from, to;

		if (!counts[state])
			continue;
		from = (unsigned int)(width * before / total);
		before += counts[state];
		to = (unsigned int)(width * before / total);
		fprintf(d->out,
			"<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"8\" fill=\"%s\" "
			"stroke=\"#ffffff\" stroke-width=\"1\"/>\n",
			x + from, y, to - from, paints[state].line);
	}
}

static void draw_pool(const struct drawing *d, size_t index, unsigned int y)
{
	const struct vfp_pooldef *pool = &d->scene->pools[index];
	char text[160];
	unsigned int at = y + POOL_HEAD + 10;

	draw_box(d, MARGIN, y, POOL_WIDTH, pool_height(pool));
	fprintf(d->out,
		"<rect x=\"%u\" y=\"%u\" width=\"4\" height=\"34\" rx=\"2\" fill=\"%s\"/>\n",
		MARGIN + 5, y + 10, pool_colours[index % VFP_N(pool_colours)]);
	snprintf(text, sizeof(text), "pool %s", pool->name);
	draw_text(d, MARGIN + 16, y + 24, "font-size=\"14\" font-weight=\"bold\"", text, 28);
	snprintf(text, sizeof(text), "%s%s%s%s", pool->physnet, *pool->physnet ? " · " : "",
		 vfp_word_of(vfp_policy_words, (int)pool->policy),
		 pool->park ? " · parked on vfio-pci" : "");
	draw_text(d, MARGIN + 16, y + 41, "fill=\"#6b7280\" font-size=\"11\"", text, 38);
	draw_bar(d, pool->name, MARGIN + 16, y + 65, POOL_WIDTH - 32);
	for (size_t k = 0; k < pool->n_portgroups && k < MAX_GROUPS; k++, at += GROUP_HEIGHT)
		draw_group(d, pool, k, at);
	if (pool->n_portgroups > MAX_GROUPS) {
		snprintf(text, sizeof(text), "and %zu more port groups",
			 pool->n_portgroups - MAX_GROUPS);
		draw_text(d, MARGIN + 36, at, "fill=\"#6b7280\"", text, 40);
	}
}

static void draw_pools(const struct drawing *d)
{
	unsigned int y = TOP;

	for (size_t i = 0; i < d->scene->n_pools; i++) {
		draw_pool(d, i, y);
		y += pool_height(&d->scene->pools[i]) + GAP;
	}
}

/* --- PFs -------------------------------------------------------------------------------------- */

static unsigned int pf_height(const struct drawing *d, const struct vfp_scene_pf *pf)
{
	unsigned int rows = ((unsigned int)pf->n_cells + d->columns - 1) / d->columns;

	return PF_HEAD + (rows ? rows * (CELL_HEIGHT + CELL_GAP) - CELL_GAP + PF_PAD : 16);
}

/* What a pointer over the cell shows: all there is to say of it. */
static void draw_cell_title(const struct drawing *d, const struct vfp_cell *cell)
{
	char vf[VFP_VF_SIZE], pci[VFP_PCI_SIZE];
	vfp_autofree char *text = vfp_format(
		"%s %s: %s%s%s%s%s%s%s%s%s", vfp_vf_format(&cell->vf, vf),
		vfp_pci_is_none(&cell->vf.pci) ? "" : vfp_pci_format(&cell->vf.pci, pci),
		vfp_cell_words[cell->state], *cell->holder ? ", " : "", cell->holder,
		*cell->mac ? ", MAC " : "", cell->mac, *cell->portgroup ? ", port group " : "",
		cell->portgroup, *cell->why ? ", " : "", cell->why);

	fputs("<title>", d->out);
	put_text(d->out, text);
	fputs("</title>", d->out);
}

/* The second line of a cell. */
static char *cell_detail(const struct vfp_cell *cell, char *buf, size_t size)
{
	if (cell->state == VFP_CELL_LEASED)
		snprintf(buf, size, "%s", cell->mac);
	else if (cell->state == VFP_CELL_FREE && cell->n_bound)
		snprintf(buf, size, "%s, %u bound", cell->pool, cell->n_bound);
	else if (cell->state == VFP_CELL_FREE)
		snprintf(buf, size, "%s", cell->pool);
	else if (*cell->holder)
		snprintf(buf, size, "%s", vfp_cell_words[cell->state]);
	else
		snprintf(buf, size, "%s", vfp_cell_detail(cell));
	return buf;
}

static void draw_cell(const struct drawing *d, const struct vfp_cell *cell, unsigned int x,
		      unsigned int y)
{
	const struct paint *paint = &paints[cell->state];
	const char *colour = group_colour(d->scene, cell->pool, cell->portgroup);
	const char *name = *cell->holder ? cell->holder : vfp_cell_words[cell->state];
	char more[96], text[400], number[16];

	snprintf(number, sizeof(number), "%u", cell->vf.index);
	fprintf(d->out, "<svg x=\"%u\" y=\"%u\" width=\"%d\" height=\"%d\">", x, y, CELL_WIDTH,
		CELL_HEIGHT);
	draw_cell_title(d, cell);
	fprintf(d->out,
		"\n<rect x=\"0.5\" y=\"0.5\" width=\"%d\" height=\"%d\" rx=\"6\" fill=\"%s\" "
		"stroke=\"%s\"%s/>\n",
		CELL_WIDTH - 1, CELL_HEIGHT - 1, paint->fill, paint->line,
		cell->state == VFP_CELL_GONE ? " stroke-dasharray=\"4 3\"" : "");
	if (colour)
		fprintf(d->out,
			"<rect x=\"4\" y=\"7\" width=\"4\" height=\"%d\" rx=\"2\" fill=\"%s\"/>\n",
			CELL_HEIGHT - 14, colour);
	snprintf(more, sizeof(more), "fill=\"%s\"%s", paint->text,
		 *cell->holder ? " font-weight=\"bold\"" : "");
	draw_text(d, 14, 19, more, name, 13);
	snprintf(more, sizeof(more),
		 "text-anchor=\"end\" font-size=\"10\" fill=\"%s\" opacity=\"0.75\"", paint->text);
	draw_text(d, CELL_WIDTH - 7, 17, more, number, 6);
	snprintf(more, sizeof(more), "font-size=\"10\" fill=\"%s\" opacity=\"0.85\"", paint->text);
	draw_text(d, 14, 35, more, cell_detail(cell, text, sizeof(text)), 21);
	fputs("</svg>\n", d->out);
}

static void draw_pf(const struct drawing *d, const struct vfp_scene_pf *pf, unsigned int y)
{
	char pci[VFP_PCI_SIZE], text[200], numa[24] = "";

	draw_box(d, d->pf_x, y, d->pf_width, pf_height(d, pf));
	draw_text(d, d->pf_x + PF_PAD, y + 23, "font-size=\"14\" font-weight=\"bold\"", pf->pf.dev,
		  IFNAMSIZ);
	if (pf->pf.numa_node >= 0)
		snprintf(numa, sizeof(numa), " · NUMA %d", pf->pf.numa_node);
	if (pf->is_present)
		snprintf(text, sizeof(text), "%s · %s · %u of %u VFs · MTU %u%s",
			 vfp_pci_format(&pf->pf.pci, pci), pf->pf.driver, pf->pf.num_vfs,
			 pf->pf.total_vfs, pf->pf.mtu, numa);
	else
		snprintf(text, sizeof(text), "not on this host");
	draw_text(d, d->pf_x + PF_PAD, y + 40, "fill=\"#6b7280\" font-size=\"11\"", text, 80);
	if (pf->is_present)
		draw_text(d, d->pf_x + d->pf_width - PF_PAD, y + 23,
			  pf->pf.has_carrier ? "text-anchor=\"end\" fill=\"#1d7044\""
					     : "text-anchor=\"end\" fill=\"#a11c14\"",
			  pf->pf.has_carrier ? "link up"
			  : pf->pf.is_up     ? "no carrier"
					     : "down",
			  20);
	for (unsigned int i = 0; i < pf->n_cells; i++)
		draw_cell(d, &pf->cells[i],
			  d->pf_x + PF_PAD + i % d->columns * (CELL_WIDTH + CELL_GAP),
			  y + PF_HEAD + i / d->columns * (CELL_HEIGHT + CELL_GAP));
}

static void draw_pfs(const struct drawing *d)
{
	unsigned int y = TOP;

	for (size_t i = 0; i < d->scene->n_pfs; i++) {
		draw_pf(d, &d->scene->pfs[i], y);
		y += pf_height(d, &d->scene->pfs[i]) + GAP;
	}
	if (!d->scene->n_pfs)
		draw_text(d, d->pf_x, TOP + 24, "fill=\"#6b7280\"", "no network card with SR-IOV",
			  80);
}

/* --- Lines between pools and PFs -------------------------------------------------------------- */

/* The pool's place on the left edge of a PF: those that have it share the edge. */
static unsigned int edge_y(const struct vfp_scene *scene, const char *dev, size_t pool)
{
	unsigned int place = 0;

	for (size_t i = 0; i < pool; i++)
		for (size_t k = 0; k < scene->pools[i].n_pfs; k++)
			place += !strcmp(scene->pools[i].pfs[k].dev, dev);
	return 20 + place * 12;
}

/* Each pool has a lane of its own in which its lines run down, with round corners. */
static void draw_line(const struct drawing *d, size_t pool, unsigned int from_y, unsigned int to_y)
{
	const char *colour = pool_colours[pool % VFP_N(pool_colours)];
	unsigned int from_x = MARGIN + POOL_WIDTH, middle = from_x + LANE / 2;
	unsigned int lane = from_x + 14 + (unsigned int)pool % 5 * 11;
	int turn = to_y > from_y ? 8 : -8;

	fprintf(d->out, "<path d=\"M%u %u ", from_x, from_y);
	if ((to_y > from_y ? to_y - from_y : from_y - to_y) < 16)
		fprintf(d->out, "C%u %u %u %u %u %u", middle, from_y, middle, to_y, d->pf_x, to_y);
	else
		fprintf(d->out, "H%u Q%u %u %u %d V%d Q%u %u %u %u H%u", lane - 8, lane, from_y,
			lane, (int)from_y + turn, (int)to_y - turn, lane, to_y, lane + 8, to_y,
			d->pf_x);
	fprintf(d->out,
		"\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>\n"
		"<circle cx=\"%u\" cy=\"%u\" r=\"4\" fill=\"%s\"/>\n",
		colour, d->pf_x, to_y, colour);
}

/* From the pool at @from_y to every PF that it has VFs of. */
static void draw_lines_of(const struct drawing *d, size_t pool, unsigned int from_y)
{
	const struct vfp_pooldef *def = &d->scene->pools[pool];
	unsigned int y = TOP;

	for (size_t i = 0; i < d->scene->n_pfs; i++) {
		const char *dev = d->scene->pfs[i].pf.dev;

		for (size_t k = 0; k < def->n_pfs; k++)
			if (!strcmp(def->pfs[k].dev, dev))
				draw_line(d, pool, from_y, y + edge_y(d->scene, dev, pool));
		y += pf_height(d, &d->scene->pfs[i]) + GAP;
	}
}

static void draw_lines(const struct drawing *d)
{
	unsigned int y = TOP;

	for (size_t i = 0; i < d->scene->n_pools; i++) {
		draw_lines_of(d, i, y + 20);
		y += pool_height(&d->scene->pools[i]) + GAP;
	}
}

/* --- Domains that hold nothing ---------------------------------------------------------------- */

static bool is_off(const struct vfp_scene *scene, const struct vfp_port *port)
{
	return !vfp_scene_held(scene, port);
}

static size_t n_off(const struct vfp_scene *scene)
{
	size_t n = 0;

	for (size_t i = 0; i < scene->n_ports; i++)
		n += is_off(scene, &scene->ports[i]);
	return n;
}

static unsigned int chips_per_row(const struct drawing *d)
{
	return max(1, (d->width - 2 * MARGIN + CELL_GAP) / (CHIP_WIDTH + CELL_GAP));
}

static unsigned int chips_height(const struct drawing *d)
{
	size_t n = n_off(d->scene), drawn = n > MAX_CHIPS ? MAX_CHIPS : n;
	unsigned int rows = ((unsigned int)drawn + chips_per_row(d) - 1) / chips_per_row(d);

	return n ? 34 + rows * (CHIP_HEIGHT + CELL_GAP) : 0;
}

static void draw_chip(const struct drawing *d, const struct vfp_port *port, unsigned int x,
		      unsigned int y)
{
	const char *colour = group_colour(d->scene, port->pool, port->portgroup);
	char vf[VFP_VF_SIZE], mac[VFP_MAC_SIZE];

	fprintf(d->out, "<svg x=\"%u\" y=\"%u\" width=\"%d\" height=\"%d\"><title>", x, y,
		CHIP_WIDTH, CHIP_HEIGHT);
	put_text(d->out, port->owner.name);
	fprintf(d->out,
		"</title>\n<rect x=\"0.5\" y=\"0.5\" width=\"%d\" height=\"%d\" rx=\"6\" "
		"fill=\"#ffffff\" stroke=\"#d8dee6\"/>\n",
		CHIP_WIDTH - 1, CHIP_HEIGHT - 1);
	if (colour)
		fprintf(d->out,
			"<rect x=\"4\" y=\"7\" width=\"4\" height=\"%d\" rx=\"2\" fill=\"%s\"/>\n",
			CHIP_HEIGHT - 14, colour);
	draw_text(d, 14, 19, "font-weight=\"bold\"", port->owner.name, 18);
	draw_text(d, CHIP_WIDTH - 8, 19, "text-anchor=\"end\" font-size=\"10\" fill=\"#6b7280\"",
		  *port->vf.pf ? vfp_vf_format(&port->vf, vf) : "no VF", 14);
	draw_text(d, 14, 35, "font-size=\"10\" fill=\"#6b7280\"", vfp_mac_format(&port->mac, mac),
		  17);
	draw_text(d, CHIP_WIDTH - 8, 35, "text-anchor=\"end\" font-size=\"10\" fill=\"#6b7280\"",
		  port->portgroup, 16);
	fputs("</svg>\n", d->out);
}

static void draw_chips(const struct drawing *d, unsigned int y)
{
	unsigned int per_row = chips_per_row(d), drawn = 0;
	size_t n = n_off(d->scene);
	char text[96];

	if (!n)
		return;
	if (n > MAX_CHIPS)
		snprintf(text, sizeof(text), "Defined, not running (the first %d)", MAX_CHIPS);
	else
		snprintf(text, sizeof(text), "Defined, not running");
	draw_text(d, MARGIN, y + 20, "font-size=\"14\" font-weight=\"bold\"", text, 60);
	snprintf(text, sizeof(text), "%zu NIC%s, each with the VF that its definition points at", n,
		 n == 1 ? "" : "s");
	draw_text(d, MARGIN + (n > MAX_CHIPS ? 282 : 172), y + 20, "fill=\"#6b7280\"", text, 80);
	for (size_t i = 0; i < d->scene->n_ports && drawn < MAX_CHIPS; i++) {
		if (!is_off(d->scene, &d->scene->ports[i]))
			continue;
		draw_chip(d, &d->scene->ports[i],
			  MARGIN + drawn % per_row * (CHIP_WIDTH + CELL_GAP),
			  y + 34 + drawn / per_row * (CHIP_HEIGHT + CELL_GAP));
		drawn++;
	}
}

/* Text of others, harmless in XML. */
static void put_text(FILE *out, const char *s)
{
	static const struct {
		uint32_t rune;
		const char *entity;
	} entities[] = {{'<', "&lt;"}, {'>', "&gt;"}, {'&', "&amp;"}, {'"', "&quot;"}};
	uint32_t rune;

	while (*s) {
		size_t size = vfp_rune_next(s, &rune), i = 0;

		while (i < VFP_N(entities) && entities[i].rune != rune)
			i++;
		if (i < VFP_N(entities))
			fputs(entities[i].entity, out);
		else if (rune == '?')
			putc('?', out);
		else
			fwrite(s, 1, size, out);
		s += size;
	}
}
