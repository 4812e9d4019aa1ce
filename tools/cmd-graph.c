/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool graph: the host as a picture. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/cmd.h"
#include "tools/graph.h"

static const struct {
	const char *name;
	void (*write)(const struct vfp_scene *scene, FILE *out);
} formats[] = {{"svg", vfp_graph_svg}, {"dot", vfp_graph_dot}};

static int graph(struct vfp_ctx *ctx, struct vfp_err *err)
{
	const char *name = ctx->opts[VFP_OPT_FORMAT] ? ctx->opts[VFP_OPT_FORMAT] : "svg";
	struct vfp_scene scene;
	size_t format = 0;
	int rc;

	while (format < VFP_N(formats) && strcmp(formats[format].name, name))
		format++;
	if (format == VFP_N(formats))
		return vfp_fail(err, EINVAL, "--format %s: svg or dot was expected", name);
	rc = vfp_ctx_pool(ctx, VFP_POOL_READ, err);
	if (rc == 0)
		rc = vfp_scene_read(&ctx->host, ctx->pool, false, &scene, err);
	if (rc < 0)
		return rc;
	formats[format].write(&scene, stdout);
	vfp_scene_free(&scene);
	return 0;
}

const struct vfp_cmd vfp_cmds_graph[] = {
	{"graph", NULL, "[--format svg|dot]", 0, 0, VFP_TAKES(FORMAT), 0, graph,
	 "Draw PFs, VFs, pools, port groups and domains, on stdout: SVG, or DOT for graphviz."},
	{0},
};
