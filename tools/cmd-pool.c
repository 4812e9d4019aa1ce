/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool pool: pools and their port groups. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "pool/inventory.h"
#include "pool/trial.h"
#include "tools/cmd.h"
#include "tools/print.h"
#include "xml/pooldef.h"

#define POOLDEF_MAX (4u << 20)

static int pool_define(struct vfp_ctx *ctx, struct vfp_err *err)
{
	vfp_autofree char *text = NULL, *untried = NULL;
	struct vfp_pooldef def = {0};
	size_t size;
	int rc;

	rc = vfp_ctx_read(ctx->args[0], POOLDEF_MAX, &text, &size, err);
	if (rc < 0)
		return rc;
	rc = vfp_pooldef_read(text, size, &def, err);
	if (rc < 0)
		return vfp_fail_in(err, rc, "%s", ctx->args[0]);
	rc = vfp_ctx_pool(ctx, VFP_POOL_CREATE, err);
	if (rc == 0)
		rc = vfp_trial(ctx->pool, &def, &untried, err);
	if (rc == 0)
		rc = vfp_pool_define(ctx->pool, &def, err);
	if (rc == 0)
		printf("pool %s defined: %zu PF%s, %zu port group%s\n", def.name, def.n_pfs,
		       def.n_pfs == 1 ? "" : "s", def.n_portgroups,
		       def.n_portgroups == 1 ? "" : "s");
	if (rc == 0)
		vfp_ctx_print_untried(untried);
	if (rc == 0)
		rc = vfp_ctx_follow(ctx, def.name, NULL, err);
	vfp_pooldef_free(&def);
	return rc;
}

static int pool_undefine(struct vfp_ctx *ctx, struct vfp_err *err)
{
	int rc = vfp_ctx_pool(ctx, VFP_POOL_WRITE, err);

	if (rc == 0)
		rc = vfp_pool_undefine(ctx->pool, ctx->args[0], err);
	if (rc == 0)
		printf("pool %s undefined\n", ctx->args[0]);
	return rc;
}

static int pool_dumpxml(struct vfp_ctx *ctx, struct vfp_err *err)
{
	vfp_autofree char *text = NULL;
	struct vfp_pooldef def = {0};
	int rc = vfp_ctx_pool(ctx, VFP_POOL_READ, err);

	if (rc < 0)
		return rc;
	if (!ctx->pool)
		return vfp_fail(err, ENOENT, "no pool %s: no pool is defined", ctx->args[0]);
	rc = vfp_pool_get(ctx->pool, ctx->args[0], &def, err);
	if (rc == 0)
		rc = vfp_pooldef_write(&def, &text, err);
	if (rc == 0)
		fputs(text, stdout);
	vfp_pooldef_free(&def);
	return rc;
}

static void print_pool(struct vfp_print *p, const struct vfp_pooldef *def,
		       const struct vfp_member *members, size_t n)
{
	unsigned int vfs = 0, leased = 0;
	char pfs[512] = "";
	size_t size = 0;

	for (size_t i = 0; i < n; i++) {
		bool is_ours = !strcmp(members[i].pool, def->name);

		vfs += is_ours && members[i].is_present;
		leased += is_ours && members[i].is_leased;
	}
	for (size_t i = 0; i < def->n_pfs && size < sizeof(pfs); i++)
		size += (size_t)snprintf(pfs + size, sizeof(pfs) - size, "%s%s%s%s", i ? " " : "",
					 def->pfs[i].dev, *def->pfs[i].vfs ? "#" : "",
					 def->pfs[i].vfs);
	vfp_print_text(p, "%s", def->name);
	vfp_print_text(p, "%s", def->physnet);
	vfp_print_text(p, "%s", vfp_word_of(vfp_policy_words, (int)def->policy));
	vfp_print_number(p, vfs);
	vfp_print_number(p, leased);
	vfp_print_number(p, (int64_t)def->n_portgroups);
	vfp_print_text(p, "%s", pfs);
}

static int pool_list(struct vfp_ctx *ctx, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		{"POOL", "pool"},     {"PHYSNET", "physical_network"},
		{"POLICY", "policy"}, {"VFS", "vfs"},
		{"LEASED", "leased"}, {"PORT GROUPS", "portgroups"},
		{"PFS", "pfs"},
	};
	vfp_autofree struct vfp_pooldef *defs = NULL;
	vfp_autofree struct vfp_member *members = NULL;
	size_t n = 0, n_members = 0;
	struct vfp_print *p;
	int rc;

	rc = vfp_ctx_pool(ctx, VFP_POOL_READ, err);
	if (rc == 0 && ctx->pool)
		rc = vfp_inventory_read(ctx->pool, NULL, false, &members, &n_members, err);
	if (rc == 0 && ctx->pool)
		rc = vfp_pool_list(ctx->pool, &defs, &n, err);
	if (rc < 0)
		return rc;
	p = vfp_print_begin(columns, VFP_N(columns), vfp_ctx_json(ctx));
	for (size_t i = 0; i < n; i++) {
		print_pool(p, &defs[i], members, n_members);
		vfp_pooldef_free(&defs[i]);
	}
	vfp_print_end(p);
	return 0;
}

const struct vfp_cmd vfp_cmds_pool[] = {
	{"pool", "define", "FILE [--live] [--connect URI]", 1, 1,
	 VFP_TAKES(LIVE) | VFP_TAKES(CONNECT), 0, pool_define,
	 "Make a pool, or change it, from XML; \"-\" reads stdin; --live: as portgroup set."},
	{"pool", "undefine", "POOL", 1, 1, 0, 0, pool_undefine,
	 "Forget a pool that no domain uses."},
	{"pool", "list", "[--json]", 0, 0, VFP_TAKES(JSON), 0, pool_list, "The pools."},
	{"pool", "dumpxml", "POOL", 1, 1, 0, 0, pool_dumpxml, "A pool's XML."},
	{0},
};
