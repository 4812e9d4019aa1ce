/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool portgroup: how the VFs of a pool are set up. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sysfs.h"
#include "pool/trial.h"
#include "service/follow.h"
#include "tools/cmd.h"
#include "tools/print.h"

VFP_DEFINE_AUTO(pooldef, struct vfp_pooldef *, vfp_pooldef_free)

/* The ports on a port group, and the domains that run on it. */
struct use {
	size_t n_ports, n_running;
};

static void count(const struct vfp_port *ports, size_t n_ports, const struct vfp_lease *leases,
		  size_t n_leases, const char *pool, const char *group, struct use *ret)
{
	*ret = (struct use){0};
	for (size_t i = 0; i < n_ports; i++)
		ret->n_ports += !strcmp(ports[i].pool, pool) && !strcmp(ports[i].portgroup, group);
	for (size_t i = 0; i < n_leases; i++)
		ret->n_running +=
			!strcmp(leases[i].pool, pool) && !strcmp(leases[i].portgroup, group);
}

/* The attributes that stand in the list, each under its own name. */
static void print_group(struct vfp_print *p, const struct vfp_pooldef *def,
			const struct vfp_portgroup *group, const struct use *use)
{
	static const char *const shown[] = {"vlan",	 "qos",	      "spoofchk",  "trust",
					    "linkState", "minTxRate", "maxTxRate", "default"};

	vfp_print_text(p, "%s", def->name);
	vfp_print_text(p, "%s", group->name);
	for (size_t i = 0; i < VFP_N(shown); i++) {
		vfp_autofree char *value = vfp_portgroup_get(group, shown[i]);

		vfp_print_text(p, "%s", value);
	}
	vfp_print_number(p, (int64_t)use->n_ports);
	vfp_print_number(p, (int64_t)use->n_running);
}

static int portgroup_list(struct vfp_ctx *ctx, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		{"POOL", "pool"},
		{"PORT GROUP", "portgroup"},
		{"VLAN", "vlan"},
		{"QOS", "qos"},
		{"SPOOF CHECK", "spoofchk"},
		{"TRUST", "trust"},
		{"LINK", "link_state"},
		{"MIN MBIT/S", "min_tx_rate"},
		{"MAX MBIT/S", "max_tx_rate"},
		{"DEFAULT", "default"},
		{"PORTS", "ports"},
		{"RUNNING", "running"},
	};
	vfp_autofree struct vfp_pooldef *defs = NULL;
	vfp_autofree struct vfp_port *ports = NULL;
	vfp_autofree struct vfp_lease *leases = NULL;
	size_t n = 0, n_ports = 0, n_leases = 0, n_found = 0;
	const char *wanted = ctx->args[0];
	struct vfp_print *p;
	int rc = vfp_ctx_pool(ctx, VFP_POOL_READ, err);

	if (rc == 0 && ctx->pool)
		rc = vfp_pool_ports(ctx->pool, NULL, &ports, &n_ports, err);
	if (rc == 0 && ctx->pool)
		rc = vfp_pool_leases(ctx->pool, NULL, &leases, &n_leases, err);
	if (rc == 0 && ctx->pool)
		rc = vfp_pool_list(ctx->pool, &defs, &n, err);
	for (size_t i = 0; i < n; i++)
		n_found += wanted && !strcmp(defs[i].name, wanted);
	if (rc == 0 && wanted && !n_found)
		rc = vfp_fail(err, ENOENT, "no pool %s; see: vfpool pool list", wanted);
	if (rc < 0) {
		for (size_t i = 0; i < n; i++)
			vfp_pooldef_free(&defs[i]);
		return rc;
	}
	p = vfp_print_begin(columns, VFP_N(columns), vfp_ctx_json(ctx));
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < defs[i].n_portgroups; j++) {
			const struct vfp_portgroup *group = &defs[i].portgroups[j];
			struct use use;

			if (wanted && strcmp(defs[i].name, wanted))
				continue;
			count(ports, n_ports, leases, n_leases, defs[i].name, group->name, &use);
			print_group(p, &defs[i], group, &use);
		}
		vfp_pooldef_free(&defs[i]);
	}
	vfp_print_end(p);
	return 0;
}

static int find_group(const struct vfp_pooldef *def, const char *name,
		      const struct vfp_portgroup **ret, struct vfp_err *err)
{
	for (size_t i = 0; i < def->n_portgroups; i++)
		if (!strcmp(def->portgroups[i].name, name)) {
			*ret = &def->portgroups[i];
			return 0;
		}
	return vfp_fail(err, ENOENT, "pool %s has no port group %s; see: vfpool portgroup list %s",
			def->name, name, def->name);
}

/* The largest frames that a guest can hope for: what its driver and the PF's agree on. */
static void print_mtus(struct vfp_print *p, const struct vfp_host *host,
		       const struct vfp_pooldef *def)
{
	for (size_t i = 0; i < def->n_pfs; i++) {
		struct vfp_pf pf;

		if (vfp_sysfs_pf(host, def->pfs[i].dev, &pf, NULL) < 0)
			continue;
		vfp_print_text(p, "MTU of %s", pf.dev);
		vfp_print_number(p, pf.mtu);
	}
}

static int portgroup_show(struct vfp_ctx *ctx, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {{"ATTRIBUTE", "attribute"}, {"VALUE", "value"}};
	struct vfp_pooldef read = {0};
	vfp_auto(pooldef) def = &read;
	const struct vfp_portgroup *group = NULL;
	const char *attr;
	struct vfp_print *p;
	int rc = vfp_ctx_pool(ctx, VFP_POOL_READ, err);

	if (rc == 0 && !ctx->pool)
		rc = vfp_fail(err, ENOENT, "no pool %s: no pool is defined", ctx->args[0]);
	if (rc == 0)
		rc = vfp_pool_get(ctx->pool, ctx->args[0], def, err);
	if (rc == 0)
		rc = find_group(def, ctx->args[1], &group, err);
	if (rc < 0)
		return rc;
	p = vfp_print_begin(columns, VFP_N(columns), vfp_ctx_json(ctx));
	for (size_t i = 0; (attr = vfp_portgroup_attr(i)); i++) {
		vfp_autofree char *value = vfp_portgroup_get(group, attr);

		vfp_print_text(p, "%s", attr);
		vfp_print_text(p, "%s", value);
	}
	print_mtus(p, &ctx->host, def);
	vfp_print_end(p);
	return 0;
}

static void say(void *opaque, const char *line)
{
	(void)opaque;
	puts(line);
}

/* Who runs is told before what could not be done, and what is done is not undone by it. */
int vfp_ctx_follow(struct vfp_ctx *ctx, const char *pool, const char *portgroup,
		   struct vfp_err *err)
{
	const bool live = ctx->opts[VFP_OPT_LIVE];
	struct vfp_err wrong = {0};
	int rc;

	if (vfp_follow_definitions(ctx->pool, ctx->opts[VFP_OPT_CONNECT], pool, portgroup, say,
				   NULL, &wrong) < 0)
		printf("definitions follow when vfpoold runs, or at their next 'vfpool domain "
		       "start': %s\n",
		       wrong.msg);
	rc = vfp_follow_running(ctx->pool, pool, portgroup, live, say, NULL, err);
	return rc;
}

void vfp_ctx_print_untried(const char *untried)
{
	if (untried && *untried)
		printf("not tried on the NIC: %s; what its driver cannot do shows when a domain "
		       "starts\n",
		       untried);
}

/* What the pool would be, tried before it is that.  Whatever is wrong with pool, port group or
 * settings the change itself says. */
static int try_change(struct vfp_ctx *ctx, const char *const *settings, size_t n,
		      char **ret_untried, struct vfp_err *err)
{
	struct vfp_pooldef read = {0};
	vfp_auto(pooldef) def = &read;

	if (vfp_pool_get(ctx->pool, ctx->args[0], def, NULL) < 0)
		return 0;
	for (size_t i = 0; i < def->n_portgroups; i++)
		if (!strcmp(def->portgroups[i].name, ctx->args[1]) &&
		    vfp_portgroup_change(&def->portgroups[i], settings, n, NULL) == 0)
			return vfp_trial(ctx->pool, def, ret_untried, err);
	return 0;
}

static int portgroup_set(struct vfp_ctx *ctx, struct vfp_err *err)
{
	const char *pool = ctx->args[0], *group = ctx->args[1];
	const char *const *settings = &ctx->args[2];
	vfp_autofree char *words = NULL, *untried = NULL;
	size_t n = 0;
	int rc;

	while (n + 2 < VFP_MAX_ARGS && settings[n])
		n++;
	if (!n && !ctx->opts[VFP_OPT_LIVE])
		return vfp_fail(err, EINVAL,
				"nothing to set: attribute=value was expected, as in vlan=100, or "
				"--live; see: vfpool portgroup show %s %s",
				pool, group);
	rc = vfp_ctx_pool(ctx, VFP_POOL_WRITE, err);
	if (rc == 0)
		rc = try_change(ctx, settings, n, &untried, err);
	if (rc == 0)
		rc = vfp_pool_set_portgroup(ctx->pool, pool, group, settings, n, &words, err);
	if (rc < 0)
		return rc;
	printf("port group %s of pool %s: %s\n", group, pool, *words ? words : "as it was");
	vfp_ctx_print_untried(untried);
	return vfp_ctx_follow(ctx, pool, group, err);
}

const struct vfp_cmd vfp_cmds_portgroup[] = {
	{"portgroup", "list", "[POOL] [--json]", 0, 1, VFP_TAKES(JSON), 0, portgroup_list,
	 "The port groups of all pools or of one: VLAN and the other settings, and their users."},
	{"portgroup", "show", "POOL GROUP [--json]", 2, 2, VFP_TAKES(JSON), 0, portgroup_show,
	 "All settings of a port group, by the names that set takes."},
	{"portgroup", "set", "POOL GROUP [ATTRIBUTE=VALUE…] [--live] [--connect URI]", 2,
	 VFP_MAX_ARGS, VFP_TAKES(LIVE) | VFP_TAKES(CONNECT), 0, portgroup_set,
	 "Change settings, as in vlan=100 trust=on; --live: of the domains that run as well."},
	{0},
};
