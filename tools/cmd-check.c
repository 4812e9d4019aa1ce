/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool check: database, host and libvirt compared, and mended. */

#include <stdio.h>

#include "base/cleanup.h"
#include "service/check.h"
#include "tools/cmd.h"
#include "tools/print.h"

#define JOURNAL_AGE_MS (INT64_C(365) * 86400000)

VFP_DEFINE_AUTO(libvirt, struct vfp_libvirt *, vfp_libvirt_close)

static void print_diff(struct vfp_print *p, const struct vfp_diff *diff, const char *repair)
{
	char vf[VFP_VF_SIZE] = "";

	if (*diff->vf.pf)
		vfp_vf_format(&diff->vf, vf);
	vfp_print_text(p, "%s", vfp_diff_word(diff->kind));
	vfp_print_text(p, "%s", diff->owner.name);
	vfp_print_text(p, "%s",
		       diff->kind == VFP_DIFF_VF_COUNT || diff->kind == VFP_DIFF_PF_GONE
			       ? diff->vf.pf
			       : vf);
	vfp_print_text(p, "%s", diff->found);
	vfp_print_text(p, "%s", diff->expected);
	vfp_print_text(p, "%s", repair);
}

/* Mends what is found, unless only asked to look; prints both. */
static void check_each(struct vfp_ctx *ctx, struct vfp_libvirt *libvirt,
		       const struct vfp_diff *diffs, size_t n)
{
	static const struct vfp_column columns[] = {
		{"WHAT", "what"},   {"DOMAIN", "domain"},     {"VF", "vf"},
		{"FOUND", "found"}, {"EXPECTED", "expected"}, {"REPAIR", "repair"},
	};
	struct vfp_print *p = vfp_print_begin(columns, VFP_N(columns), vfp_ctx_json(ctx));

	for (size_t i = 0; i < n; i++) {
		const char *word = vfp_repair_word(vfp_diff_repair(diffs[i].kind));
		vfp_autofree char *done = vfp_strdup(word);
		struct vfp_err failed = {0};

		if (ctx->opts[VFP_OPT_REPAIR]) {
			free(VFP_TAKE(done));
			done = vfp_check_repair(ctx->pool, libvirt, &diffs[i], &failed) < 0
				       ? vfp_format("failed: %s", failed.msg)
				       : vfp_format("done: %s", word);
		}
		print_diff(p, &diffs[i], done);
	}
	vfp_print_end(p);
}

/* Below another root there is no libvirt, unless one is named. */
static void open_libvirt(struct vfp_ctx *ctx, struct vfp_libvirt **ret)
{
	struct vfp_err err = {.msg = "not asked below another root"};

	if (*ctx->host.root && !ctx->opts[VFP_OPT_CONNECT])
		*ret = NULL;
	else if (vfp_libvirt_open(ctx->opts[VFP_OPT_CONNECT], ret, &err) < 0)
		*ret = NULL;
	if (!*ret)
		fprintf(stderr, "vfpool: only database and host are compared: %s\n", err.msg);
}

static int check(struct vfp_ctx *ctx, struct vfp_err *err)
{
	vfp_auto(libvirt) libvirt = NULL;
	vfp_autofree struct vfp_diff *diffs = NULL, *left = NULL;
	const bool repairs = ctx->opts[VFP_OPT_REPAIR];
	size_t n = 0, n_left;
	int rc = vfp_ctx_pool(ctx, repairs ? VFP_POOL_WRITE : VFP_POOL_READ, err);

	if (rc == -ENOENT)
		rc = 0;
	if (rc == 0 && ctx->pool) {
		open_libvirt(ctx, &libvirt);
		rc = vfp_check(ctx->pool, libvirt, &diffs, &n, err);
	}
	if (rc < 0)
		return rc;
	check_each(ctx, libvirt, diffs, n);
	n_left = n;
	if (repairs && ctx->pool) {
		rc = vfp_pool_trim(ctx->pool, JOURNAL_AGE_MS, NULL, err);
		if (rc == 0)
			rc = vfp_check(ctx->pool, libvirt, &left, &n_left, err);
	}
	if (rc == 0 && n_left)
		return vfp_fail(err, EUCLEAN, "%zu difference%s%s", n_left, n_left > 1 ? "s" : "",
				repairs ? " left" : "; --repair mends what it can");
	return rc;
}

const struct vfp_cmd vfp_cmds_check[] = {
	{"check", NULL, "[--repair] [--json] [--connect URI]", 0, 0,
	 VFP_TAKES(REPAIR) | VFP_TAKES(JSON) | VFP_TAKES(CONNECT), 0, check,
	 "Compare database, host and libvirt; with --repair, mend what differs."},
	{0},
};
