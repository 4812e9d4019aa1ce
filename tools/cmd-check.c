/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool check: database, host and libvirt compared, and mended. */

#include <stdio.h>

#include "base/cleanup.h"
#include "service/check.h"
#include "tools/cmd.h"
#include "tools/print.h"

#define MAX_ROUNDS     4
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

static const struct vfp_column columns[] = {
	{"WHAT", "what"},   {"DOMAIN", "domain"},     {"VF", "vf"},
	{"FOUND", "found"}, {"EXPECTED", "expected"}, {"REPAIR", "repair"},
};

/* Mends one and prints how that went; false: it failed. */
static bool mend_one(struct vfp_ctx *ctx, struct vfp_libvirt *libvirt, struct vfp_print *p,
		     const struct vfp_diff *diff)
{
	const char *word = vfp_repair_word(vfp_diff_repair(diff->kind));
	struct vfp_err failed = {0};
	const bool is_done = vfp_check_repair(ctx->pool, libvirt, diff, &failed) == 0;
	vfp_autofree char *text =
		is_done ? vfp_format("done: %s", word) : vfp_format("failed: %s", failed.msg);

	print_diff(p, diff, text);
	return is_done;
}

/* One repair can bring to light what another difference hid: a lease ends, and the port that it
 * kept is left. So there is another round while repairs succeed.  @ret_n: how many are left. */
static int mend(struct vfp_ctx *ctx, struct vfp_libvirt *libvirt, struct vfp_print *p,
		size_t *ret_n, struct vfp_err *err)
{
	size_t n_mended = 1;
	int rc = vfp_pool_trim(ctx->pool, JOURNAL_AGE_MS, NULL, err);

	for (unsigned int round = 0; rc == 0 && n_mended && round < MAX_ROUNDS; round++) {
		vfp_autofree struct vfp_diff *diffs = NULL;

		n_mended = 0;
		rc = vfp_check(ctx->pool, libvirt, &diffs, ret_n, err);
		for (size_t i = 0; rc == 0 && i < *ret_n; i++)
			n_mended += mend_one(ctx, libvirt, p, &diffs[i]);
	}
	return rc;
}

static int look(struct vfp_ctx *ctx, struct vfp_libvirt *libvirt, struct vfp_print *p,
		size_t *ret_n, struct vfp_err *err)
{
	vfp_autofree struct vfp_diff *diffs = NULL;
	int rc = vfp_check(ctx->pool, libvirt, &diffs, ret_n, err);

	for (size_t i = 0; rc == 0 && i < *ret_n; i++)
		print_diff(p, &diffs[i], vfp_repair_word(vfp_diff_repair(diffs[i].kind)));
	return rc;
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
	const bool repairs = ctx->opts[VFP_OPT_REPAIR];
	struct vfp_print *p;
	size_t n = 0;
	int rc = vfp_ctx_pool(ctx, repairs ? VFP_POOL_WRITE : VFP_POOL_READ, err);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	p = vfp_print_begin(columns, VFP_N(columns), vfp_ctx_json(ctx));
	rc = 0;
	if (ctx->pool) {
		open_libvirt(ctx, &libvirt);
		rc = (repairs ? mend : look)(ctx, libvirt, p, &n, err);
	}
	vfp_print_end(p);
	if (rc == 0 && n)
		return vfp_fail(err, EUCLEAN, "%zu difference%s%s", n, n > 1 ? "s" : "",
				repairs ? " left" : "; --repair mends what it can");
	return rc;
}

const struct vfp_cmd vfp_cmds_check[] = {
	{"check", NULL, "[--repair] [--json] [--connect URI]", 0, 0,
	 VFP_TAKES(REPAIR) | VFP_TAKES(JSON) | VFP_TAKES(CONNECT), 0, check,
	 "Compare database, host and libvirt; with --repair, mend what differs."},
	{0},
};
