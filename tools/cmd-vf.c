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

static int vf_scrub(struct vfp_ctx *ctx, struct vfp_err *err)
{
	struct vfp_vf vf;
	int rc = vfp_vf_parse(ctx->args[0], &vf);

	if (rc < 0)
		return vfp_fail(err, EINVAL,
				"'%s' is no VF: PF#NUMBER was expected, as vf list shows it",
				ctx->args[0]);
	rc = vfp_ctx_pool(ctx, VFP_POOL_WRITE, err);
	if (rc == 0)
		rc = vfp_setup_reclaim(ctx->pool, &vf, err);
	if (rc == 0)
		printf("%s is scrubbed and free\n", ctx->args[0]);
	return rc;
}

const struct vfp_cmd vfp_cmds_vf[] = {
	{"vf", "list", "[--pool POOL] [--json]", 0, 0, VFP_TAKES(JSON) | VFP_TAKES(POOL), 0,
	 vf_list, "The VFs of the pools: who has them, and why one cannot be given."},
	{"vf", "scrub", "PF#N", 1, 1, 0, 0, vf_scrub,
	 "Scrub a VF that nobody holds, for example one that is faulty or dirty."},
	{0},
};
