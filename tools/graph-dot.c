/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The picture in DOT, for graphviz: PFs and pools are clusters, domains point at their VFs. */

#include <string.h>

#include "tools/graph.h"
#include "tools/rune.h"

/* Inside double quotes.  DOT's own escapes begin with a backslash. */
static void put_quoted(FILE *out, const char *s)
{
	uint32_t rune;

	while (*s) {
		size_t size = vfp_rune_next(s, &rune);

		if (rune == '"' || rune == '\\')
			fprintf(out, "\\%c", (int)rune);
		else if (rune == '?')
			putc('?', out);
		else
			fwrite(s, 1, size, out);
		s += size;
	}
}

/* A node "KIND NAME" with attributes; what stands after it is the caller's. */
static void put_id(FILE *out, const char *kind, const char *name, const char *more)
{
	fprintf(out, "\"%s ", kind);
	put_quoted(out, name);
	if (*more) {
		putc('/', out);
		put_quoted(out, more);
	}
	putc('"', out);
}

static void put_cell(FILE *out, const struct vfp_cell *cell)
{
	static const char *const colours[VFP_N_CELL_STATES] = {
		[VFP_CELL_FREE] = "palegreen",	  [VFP_CELL_LEASED] = "lightblue",
		[VFP_CELL_CLAIMED] = "lightcyan", [VFP_CELL_HELD] = "thistle",
		[VFP_CELL_FAULTY] = "salmon",	  [VFP_CELL_DIRTY] = "khaki",
		[VFP_CELL_IN_USE] = "sandybrown", [VFP_CELL_NO_LINK] = "lightgray",
		[VFP_CELL_UNFIT] = "lightgray",	  [VFP_CELL_GONE] = "white",
		[VFP_CELL_NO_POOL] = "white",
	};
	char vf[VFP_VF_SIZE];

	fputs("    ", out);
	put_id(out, "vf", vfp_vf_format(&cell->vf, vf), "");
	fprintf(out, " [label=\"#%u %s\", fillcolor=%s];\n", cell->vf.index,
		vfp_cell_words[cell->state], colours[cell->state]);
}

static void put_pf(FILE *out, const struct vfp_scene_pf *pf)
{
	char pci[VFP_PCI_SIZE];

	fputs("  subgraph ", out);
	put_id(out, "cluster pf", pf->pf.dev, "");
	fputs(" {\n    label=\"", out);
	put_quoted(out, pf->pf.dev);
	if (pf->is_present)
		fprintf(out, " %s %s", vfp_pci_format(&pf->pf.pci, pci),
			pf->pf.has_carrier ? "link up" : "no link");
	else
		fputs(" not on this host", out);
	fputs("\";\n", out);
	for (size_t i = 0; i < pf->n_cells; i++)
		put_cell(out, &pf->cells[i]);
	fputs("  }\n", out);
}

static void put_pool(FILE *out, const struct vfp_pooldef *pool)
{
	fputs("  subgraph ", out);
	put_id(out, "cluster pool", pool->name, "");
	fputs(" {\n    label=\"pool ", out);
	put_quoted(out, pool->name);
	fputs("\";\n", out);
	for (size_t i = 0; i < pool->n_portgroups; i++) {
		const struct vfp_portgroup *group = &pool->portgroups[i];

		fputs("    ", out);
		put_id(out, "group", pool->name, group->name);
		fputs(" [label=\"", out);
		put_quoted(out, group->name);
		if (group->vlan_mode == VFP_VLAN_ID)
			fprintf(out, "\\nVLAN %u", group->attrs.vlan);
		else if (group->vlan_mode == VFP_VLAN_TRUNK)
			fputs("\\ntrunk", out);
		fputs("\", shape=tab];\n", out);
	}
	fputs("  }\n", out);
}

/* The domain's NIC: to its port group, and to the VF that it holds or that its definition names. */
static void put_port(FILE *out, const struct vfp_scene *scene, const struct vfp_port *port)
{
	const struct vfp_cell *held = vfp_scene_held(scene, port);
	const struct vfp_vf *at = held ? &held->vf : &port->vf;
	char mac[VFP_MAC_SIZE], vf[VFP_VF_SIZE];

	fputs("  ", out);
	put_id(out, "domain", port->owner.uuid, "");
	fputs(" [label=\"", out);
	put_quoted(out, port->owner.name);
	fputs("\", shape=box3d];\n  ", out);
	put_id(out, "group", port->pool, port->portgroup);
	fputs(" -> ", out);
	put_id(out, "domain", port->owner.uuid, "");
	fputs(" [arrowhead=none];\n", out);
	if (!*at->pf)
		return;
	fputs("  ", out);
	put_id(out, "domain", port->owner.uuid, "");
	fputs(" -> ", out);
	put_id(out, "vf", vfp_vf_format(at, vf), "");
	fprintf(out, " [label=\"%s\", style=%s];\n", vfp_mac_format(&port->mac, mac),
		held ? "solid" : "dashed");
}

/* Who has a VF without a port of ours. */
static void put_stranger(FILE *out, const struct vfp_cell *cell)
{
	char vf[VFP_VF_SIZE];

	if (!*cell->holder || *cell->portgroup)
		return;
	fputs("  ", out);
	put_id(out, "other", cell->holder, "");
	fputs(" [label=\"", out);
	put_quoted(out, cell->holder);
	fputs("\", shape=octagon];\n  ", out);
	put_id(out, "other", cell->holder, "");
	fputs(" -> ", out);
	put_id(out, "vf", vfp_vf_format(&cell->vf, vf), "");
	fputs(";\n", out);
}

void vfp_graph_dot(const struct vfp_scene *scene, FILE *out)
{
	fputs("digraph vfpool {\n  rankdir=LR;\n  node [shape=box, style=filled, fillcolor=white, "
	      "fontname=\"sans-serif\"];\n",
	      out);
	for (size_t i = 0; i < scene->n_pools; i++)
		put_pool(out, &scene->pools[i]);
	for (size_t i = 0; i < scene->n_pfs; i++)
		put_pf(out, &scene->pfs[i]);
	for (size_t i = 0; i < scene->n_ports; i++)
		put_port(out, scene, &scene->ports[i]);
	for (size_t i = 0; i < scene->n_pfs; i++)
		for (size_t k = 0; k < scene->pfs[i].n_cells; k++)
			put_stranger(out, &scene->pfs[i].cells[k]);
	fputs("}\n", out);
}
