/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool vf: the virtual functions of the pools. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "pool/choose.h"
#include "pool/setup.h"
#include "tools/cmd.h"
#include "tools/print.h"

/* The first word of what keeps a VF from being chosen; the last column says it in full. */
static const char *const states[] = {
	[VFP_FIT] = "free",
	[VFP_UNFIT_PF_GONE] = "gone",
	[VFP_UNFIT_VF_GONE] = "gone",
	[VFP_UNFIT_LEASED] = "leased",
	[VFP_UNFIT_IN_USE] = "in use",
	[VFP_UNFIT_HELD] = "held",
	[VFP_UNFIT_FAULTY] = "faulty",
	[VFP_UNFIT_DIRTY] = "dirty",
	[VFP_UNFIT_LINK] = "no link",
	[VFP_UNFIT_GROUP] = "unfit",
};

static void print_member(struct vfp_print *p, const struct vfp_member *m, enum vfp_unfit unfit)
{
	char vf[VFP_VF_SIZE], pci[VFP_PCI_SIZE], mac[VFP_MAC_SIZE], text[320];

	vfp_print_text(p, "%s", vfp_vf_format(&m->vf, vf));
	vfp_print_text(p, "%s", m->is_present ? vfp_pci_format(&m->vf.pci, pci) : "");
	vfp_print_text(p, "%s", m->pool);
	vfp_print_text(p, "%s", m->info.driver);
	vfp_print_text(p, "%s", states[unfit]);
	vfp_print_text(p, "%s", m->is_leased ? m->lease.owner.name : m->used_by);
	vfp_print_text(p, "%s", m->is_leased ? vfp_mac_format(&m->lease.mac, mac) : "");
	vfp_print_text(p, "%s", m->is_leased ? m->lease.portgroup : "");
	vfp_print_number(p, m->n_bound);
	vfp_print_text(p, "%s",
		       unfit == VFP_FIT ? "" : vfp_unfit_format(m, unfit, text, sizeof(text)));
}

static int vf_list(struct vfp_ctx *ctx, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		{"VF", "vf"},	    {"PCI", "pci"},
		{"POOL", "pool"},   {"DRIVER", "driver"},
		{"STATE", "state"}, {"DOMAIN", "domain"},
		{"MAC", "mac"},	    {"PORT GROUP", "portgroup"},
		{"BOUND", "bound"}, {"WHY", "why"},
	};
	static const struct vfp_choice anyone = {.uuid = ""};
	vfp_autofree struct vfp_member *members = NULL;
	vfp_autofree enum vfp_unfit *unfit = NULL;
	struct vfp_print *p;
	size_t n = 0;
	int rc;

	rc = vfp_ctx_pool(ctx, VFP_POOL_READ, err);
	if (rc == 0 && ctx->pool)
		rc = vfp_inventory_read(ctx->pool, ctx->opts[VFP_OPT_POOL], true, &members, &n,
					err);
	if (rc < 0)
		return rc;
	unfit = vfp_alloc(n + 1, sizeof(*unfit));
	vfp_choose(members, n, &anyone, unfit);
	p = vfp_print_begin(columns, VFP_N(columns), vfp_ctx_json(ctx));
	for (size_t i = 0; i < n; i++)
		print_member(p, &members[i], unfit[i]);
	vfp_print_end(p);
	return 0;
}

/* The VF that the command names, and the database. */
static int open_vf(struct vfp_ctx *ctx, struct vfp_vf *ret_vf, struct vfp_err *err)
{
	if (vfp_vf_parse(ctx->args[0], ret_vf) < 0)
		return vfp_fail(err, EINVAL,
				"'%s' is no VF: PF#NUMBER was expected, as vf list shows it",
				ctx->args[0]);
	return vfp_ctx_pool(ctx, VFP_POOL_WRITE, err);
}

/* A VF that no pool has cannot be kept from one. */
static int open_member(struct vfp_ctx *ctx, struct vfp_vf *ret_vf, struct vfp_vf_state *ret_state,
		       struct vfp_err *err)
{
	int rc = open_vf(ctx, ret_vf, err);

	if (rc == 0)
		rc = vfp_pool_vf_state(ctx->pool, ret_vf, ret_state, err);
	if (rc == 0 && !*ret_state->pool)
		return vfp_fail(err, ENOENT, "VF %s: is in no pool; see: vfpool vf list",
				ctx->args[0]);
	return rc;
}

static int vf_hold(struct vfp_ctx *ctx, struct vfp_err *err)
{
	struct vfp_vf_state state;
	struct vfp_lease lease;
	struct vfp_vf vf;
	int rc;

	if (!*ctx->opts[VFP_OPT_REASON])
		return vfp_fail(err, EINVAL, "--reason: say in some words what the VF is kept for");
	rc = open_member(ctx, &vf, &state, err);
	if (rc == 0)
		rc = vfp_pool_hold(ctx->pool, &vf, ctx->opts[VFP_OPT_REASON], err);
	if (rc < 0)
		return rc;
	printf("%s is held for the host: %s\n", ctx->args[0], ctx->opts[VFP_OPT_REASON]);
	if (vfp_pool_lease_of(ctx->pool, &vf, &lease, NULL) == 0)
		printf("domain %s has it until it stops\n", lease.owner.name);
	return 0;
}

static int vf_unhold(struct vfp_ctx *ctx, struct vfp_err *err)
{
	struct vfp_vf vf;
	int rc = open_vf(ctx, &vf, err);

	if (rc == 0)
		rc = vfp_pool_unhold(ctx->pool, &vf, err);
	if (rc == 0)
		printf("%s is not held\n", ctx->args[0]);
	return rc;
}

static int vf_scrub(struct vfp_ctx *ctx, struct vfp_err *err)
{
	struct vfp_vf vf;
	int rc = open_vf(ctx, &vf, err);

	if (rc == 0)
		rc = vfp_setup_reclaim(ctx->pool, &vf, err);
	if (rc == 0)
		printf("%s is scrubbed and free\n", ctx->args[0]);
	return rc;
}

const struct vfp_cmd vfp_cmds_vf[] = {
	{"vf", "list", "[--pool POOL] [--json]", 0, 0, VFP_TAKES(JSON) | VFP_TAKES(POOL), 0,
	 vf_list, "The VFs of the pools: who has them, and why one cannot be given."},
	{"vf", "hold", "PF#N --reason WORDS", 1, 1, VFP_TAKES(REASON), VFP_TAKES(REASON), vf_hold,
	 "Keep a VF for the host: no domain gets it; one that has it keeps it until it stops."},
	{"vf", "unhold", "PF#N", 1, 1, 0, 0, vf_unhold, "Let the pool have a held VF again."},
	{"vf", "scrub", "PF#N", 1, 1, 0, 0, vf_scrub,
	 "Scrub a VF that nobody holds, for example one that is faulty or dirty."},
	{0},
};
