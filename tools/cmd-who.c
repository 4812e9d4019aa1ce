/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool who: which domain is, or was, behind a MAC, a VF or a PCI address. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "service/who.h"
#include "tools/cmd.h"
#include "tools/print.h"

static void print_rows(struct vfp_ctx *ctx, const struct vfp_who *rows, size_t n)
{
	static const struct vfp_column columns[] = {
		{"WHAT", "what"}, {"DOMAIN", "domain"}, {"UUID", "uuid"}, {"MAC", "mac"},
		{"VF", "vf"},	  {"PCI", "pci"},	{"FROM", "from"}, {"UNTIL", "until"},
	};
	struct vfp_print *p;

	/* A table of nothing says less than the error that follows. */
	if (!n && !vfp_ctx_json(ctx))
		return;
	p = vfp_print_begin(columns, VFP_N(columns), vfp_ctx_json(ctx));
	for (size_t i = 0; i < n; i++) {
		vfp_print_text(p, "%s", rows[i].what);
		vfp_print_text(p, "%s", rows[i].owner.name);
		vfp_print_text(p, "%s", rows[i].owner.uuid);
		vfp_print_text(p, "%s", rows[i].mac);
		vfp_print_text(p, "%s", rows[i].vf);
		vfp_print_text(p, "%s", rows[i].pci);
		vfp_print_time(p, rows[i].from_ms);
		vfp_print_time(p, rows[i].until_ms);
	}
	vfp_print_end(p);
}

static int who(struct vfp_ctx *ctx, struct vfp_err *err)
{
	vfp_autofree struct vfp_who *rows = NULL;
	int64_t at_ms;
	size_t n = 0;
	int rc = vfp_ctx_time(ctx, VFP_OPT_AT, &at_ms, err);

	if (rc == 0)
		rc = vfp_ctx_pool(ctx, VFP_POOL_READ, err);
	if (rc == 0)
		rc = vfp_who(&ctx->host, ctx->pool, ctx->args[0], at_ms, &rows, &n, err);
	if (rc < 0)
		return rc;
	print_rows(ctx, rows, n);
	if (n)
		return 0;
	if (ctx->opts[VFP_OPT_AT])
		return vfp_fail(err, ENOENT, "nobody had %s at %s; without --at: all times",
				ctx->args[0], ctx->opts[VFP_OPT_AT]);
	return vfp_fail(err, ENOENT,
			"nobody has or had %s (a MAC, a VF PF#N, a PCI address, or a domain); see: "
			"vfpool journal",
			ctx->args[0]);
}

const struct vfp_cmd vfp_cmds_who[] = {
	{"who", NULL, "MAC|PCI|PF#N|DOMAIN [--at TIME] [--json]", 1, 1,
	 VFP_TAKES(JSON) | VFP_TAKES(AT), 0, who,
	 "Which domain has, and had, a MAC or a VF; which VFs a domain has and had."},
	{0},
};
