/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool pool import and export: to and from OpenStack and Kubernetes. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "pool/trial.h"
#include "tools/cmd.h"
#include "tools/export.h"
#include "tools/import.h"
#include "xml/pooldef.h"

#define CONFIG_MAX (4u << 20)

/* Whose files the options name. */
static const struct {
	enum vfp_opt opt;
	int (*read)(struct vfp_import *import, const char *file, const char *text, size_t size,
		    struct vfp_err *err);
} sources[] = {
	{VFP_OPT_NOVA, vfp_import_nova},
	{VFP_OPT_NEUTRON, vfp_import_neutron},
	{VFP_OPT_KUBERNETES, vfp_import_kubernetes},
};

/* In the order of the command line: of two files that say the same the later counts. */
static int read_files(const struct vfp_ctx *ctx, struct vfp_import *import, struct vfp_err *err)
{
	size_t n_read = 0;

	for (size_t i = 0; i < ctx->n_given; i++)
		for (size_t k = 0; k < VFP_N(sources); k++) {
			vfp_autofree char *text = NULL;
			const char *file = ctx->given[i].value;
			size_t size;
			int rc;

			if (ctx->given[i].opt != sources[k].opt)
				continue;
			rc = vfp_ctx_read(file, CONFIG_MAX, &text, &size, err);
			if (rc == 0)
				rc = sources[k].read(import, file, text, size, err);
			if (rc < 0)
				return rc;
			n_read++;
		}
	if (!n_read)
		return vfp_fail(
			err, EINVAL,
			"which files? see: vfpool pool import --nova FILE --neutron FILE, or "
			"--kubernetes FILE");
	return 0;
}

/* A pool of that name keeps what the files say nothing of. */
static int keep(struct vfp_ctx *ctx, struct vfp_pooldef *def, struct vfp_err *err)
{
	struct vfp_pooldef old = {0};
	int rc = vfp_pool_get(ctx->pool, def->name, &old, NULL);

	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return vfp_fail(err, -rc, "pool %s: cannot be read; see: vfpool pool dumpxml %s",
				def->name, def->name);
	vfp_pooldef_free(def);
	def->portgroups = VFP_TAKE(old.portgroups);
	def->n_portgroups = old.n_portgroups;
	def->policy = old.policy;
	def->numa = old.numa;
	def->park = old.park;
	return 0;
}

static int define(struct vfp_ctx *ctx, struct vfp_pooldef *def, struct vfp_err *err)
{
	vfp_autofree char *untried = NULL;
	int rc = keep(ctx, def, err);

	if (rc == 0)
		rc = vfp_trial(ctx->pool, def, &untried, err);
	if (rc == 0)
		rc = vfp_pool_define(ctx->pool, def, err);
	if (rc < 0)
		return rc;
	printf("pool %s defined: %zu PF%s, %zu port group%s\n", def->name, def->n_pfs,
	       def->n_pfs == 1 ? "" : "s", def->n_portgroups, def->n_portgroups == 1 ? "" : "s");
	vfp_ctx_print_untried(untried);
	return vfp_ctx_follow(ctx, def->name, NULL, err);
}

static int show(const struct vfp_pooldef *def, struct vfp_err *err)
{
	vfp_autofree char *text = NULL;
	int rc = vfp_pooldef_write(def, &text, err);

	if (rc == 0)
		fputs(text, stdout);
	return rc;
}

VFP_DEFINE_AUTO(import, struct vfp_import *, vfp_import_free)
VFP_DEFINE_AUTO(imported, struct vfp_imported *, vfp_imported_free)

static int pool_import(struct vfp_ctx *ctx, struct vfp_err *err)
{
	const bool is_dry = ctx->opts[VFP_OPT_DRY_RUN];
	struct vfp_import read = {0};
	struct vfp_imported made = {0};
	vfp_auto(import) import = &read;
	vfp_auto(imported) imported = &made;
	vfp_autofree struct vfp_candidate *vfs = NULL;
	size_t n = 0;
	int rc = read_files(ctx, import, err);

	if (rc == 0)
		rc = vfp_candidates_read(&ctx->host, &vfs, &n, err);
	if (rc == 0)
		rc = vfp_import_pools(import, vfs, n, imported, err);
	if (rc == 0 && !is_dry)
		rc = vfp_ctx_pool(ctx, VFP_POOL_CREATE, err);
	if (rc == 0)
		fputs(imported->notes, stderr);
	for (size_t i = 0; rc == 0 && i < imported->n; i++)
		rc = is_dry ? show(&imported->defs[i], err) : define(ctx, &imported->defs[i], err);
	if (rc == 0 && !is_dry && import->specs.n)
		fputs("Nova has them, too: take the VFs out of its configuration; see: vfpool pool export "
		      "POOL --as nova --rest\n",
		      stderr);
	return rc;
}

static int pool_export(struct vfp_ctx *ctx, struct vfp_err *err)
{
	vfp_autofree struct vfp_candidate *vfs = NULL;
	vfp_autofree struct vfp_pooldef *defs = NULL;
	struct vfp_export export = {.pool = NULL};
	size_t n_defs = 0;
	int rc = vfp_ctx_pool(ctx, VFP_POOL_READ, err);

	if (rc == 0 && ctx->pool)
		rc = vfp_pool_list(ctx->pool, &defs, &n_defs, err);
	for (size_t i = 0; i < n_defs; i++)
		if (!strcmp(defs[i].name, ctx->args[0]))
			export.pool = &defs[i];
	if (rc == 0 && !export.pool)
		rc = vfp_fail(err, ENOENT, "no pool %s; see: vfpool pool list", ctx->args[0]);
	if (rc == 0)
		rc = vfp_candidates_read(&ctx->host, &vfs, &export.n, err);
	export.vfs = vfs;
	if (ctx->opts[VFP_OPT_REST]) {
		export.others = defs;
		export.n_others = n_defs;
	}
	if (rc == 0)
		rc = vfp_export_write(&export, ctx->opts[VFP_OPT_AS], stdout, err);
	for (size_t i = 0; i < n_defs; i++)
		vfp_pooldef_free(&defs[i]);
	return rc;
}

const struct vfp_cmd vfp_cmds_import[] = {
	{"pool", "import", "[--nova FILE] [--neutron FILE] [--kubernetes FILE] [--dry-run]", 0, 0,
	 VFP_TAKES(NOVA) | VFP_TAKES(NEUTRON) | VFP_TAKES(KUBERNETES) | VFP_TAKES(DRY_RUN), 0,
	 pool_import, "Make pools of what OpenStack's or Kubernetes' configuration selects."},
	{"pool", "export", "POOL --as nova|neutron|kubernetes [--rest]", 1, 1,
	 VFP_TAKES(AS) | VFP_TAKES(REST), VFP_TAKES(AS), pool_export,
	 "Write a pool's VFs, or with --rest those that no pool has, as others name them."},
	{0},
};
