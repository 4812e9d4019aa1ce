/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool metrics: the pool in Prometheus' text format. */

#include "base/cleanup.h"
#include "service/libvirt.h"
#include "tools/cmd.h"
#include "tools/metrics.h"

VFP_DEFINE_AUTO(libvirt, struct vfp_libvirt *, vfp_libvirt_close)

static char *as_text(const struct vfp_metrics *all)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	vfp_metrics_write(all, out);
	if (fclose(out) != 0)
		abort();
	return text;
}

/* libvirt is asked only when told to: it answers late, or not at all, when one domain hangs. */
static int metrics(struct vfp_ctx *ctx, struct vfp_err *err)
{
	const char *path = ctx->opts[VFP_OPT_TEXTFILE], *uri = ctx->opts[VFP_OPT_CONNECT];
	vfp_auto(libvirt) libvirt = NULL;
	vfp_autofree char *text = NULL;
	struct vfp_metrics all;
	int rc = vfp_ctx_pool(ctx, VFP_POOL_READ, err);

	if (rc == 0 && uri)
		rc = vfp_libvirt_open(uri, &libvirt, err);
	if (rc == 0)
		rc = vfp_metrics_read(&ctx->host, ctx->pool, libvirt, &all, err);
	if (rc < 0)
		return rc;
	text = as_text(&all);
	vfp_metrics_free(&all);
	if (path)
		return vfp_file_replace(path, 0644, text, err);
	fputs(text, stdout);
	return 0;
}

const struct vfp_cmd vfp_cmds_metrics[] = {
	{"metrics", NULL, "[--textfile FILE] [--connect URI]", 0, 0,
	 VFP_TAKES(TEXTFILE) | VFP_TAKES(CONNECT), 0, metrics,
	 "Counters, capacity, leases and differences, in Prometheus' text format."},
	{0},
};
