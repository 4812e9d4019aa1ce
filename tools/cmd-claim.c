/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool claim, release: VFs kept for a domain that is about to start. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/cmd.h"
#include "tools/print.h"

static void print_claim(struct vfp_print *p, const struct vfp_claim *claim)
{
	const struct vfp_binding *binding = &claim->binding;
	char mac[VFP_MAC_SIZE], vf[VFP_VF_SIZE], pci[VFP_PCI_SIZE];

	vfp_print_text(p, "%s", claim->owner.name);
	vfp_print_text(p, "%s", claim->owner.uuid);
	vfp_print_text(p, "%s", vfp_mac_format(&binding->mac, mac));
	vfp_print_text(p, "%s", vfp_vf_format(&binding->vf, vf));
	vfp_print_text(p, "%s", vfp_pci_format(&binding->vf.pci, pci));
	vfp_print_text(p, "%s", binding->vf.pf);
	vfp_print_text(p, "%s", binding->pool);
	vfp_print_text(p, "%s", claim->physnet);
	vfp_print_text(p, "%s", binding->portgroup);
	vfp_print_number(p, binding->vlan);
	vfp_print_bool(p, binding->managed);
	if (claim->numa_node >= 0)
		vfp_print_number(p, claim->numa_node);
	else
		vfp_print_text(p, "%s", "");
	vfp_print_text(p, "%s", claim->until_ms ? "claimed" : "leased");
	vfp_print_time(p, claim->until_ms);
}

static void print_claims(const struct vfp_ctx *ctx, const struct vfp_claim *claims, size_t n)
{
	static const struct vfp_column columns[] = {
		{"DOMAIN", "domain"}, {"UUID", "uuid"},	      {"MAC", "mac"},
		{"VF", "vf"},	      {"PCI", "pci"},	      {"PF", "pf"},
		{"POOL", "pool"},     {"NETWORK", "physnet"}, {"PORT GROUP", "portgroup"},
		{"VLAN", "vlan"},     {"MANAGED", "managed"}, {"NUMA", "numa"},
		{"STATE", "state"},   {"EXPIRES", "expires"},
	};
	struct vfp_print *p = vfp_print_begin(columns, VFP_N(columns), vfp_ctx_json(ctx));

	for (size_t i = 0; i < n; i++)
		print_claim(p, &claims[i]);
	vfp_print_end(p);
}

/* The options that are numbers. */
static int read_numbers(const struct vfp_ctx *ctx, struct vfp_claim_ask *ask, struct vfp_err *err)
{
	const struct {
		enum vfp_opt opt;
		int64_t *number;
	} numbers[] = {
		{VFP_OPT_VLAN, &ask->vlan},
		{VFP_OPT_NUMA, &ask->numa},
		{VFP_OPT_COUNT, &ask->count},
		{VFP_OPT_TTL, &ask->ttl_seconds},
	};

	for (size_t i = 0; i < VFP_N(numbers); i++) {
		const char *text = ctx->opts[numbers[i].opt];
		uint64_t value;

		if (!text)
			continue;
		if (!vfp_number_parse(text, 0, UINT32_MAX, &value))
			return vfp_fail(err, EINVAL, "--%s: '%s' is not a number",
					vfp_options[numbers[i].opt].name, text);
		*numbers[i].number = (int64_t)value;
	}
	return 0;
}

static int claim(struct vfp_ctx *ctx, struct vfp_err *err)
{
	struct vfp_claim_ask ask = VFP_CLAIM_ASK_INIT;
	vfp_autofree struct vfp_claim *claims = NULL;
	int rc = read_numbers(ctx, &ask, err);

	ask.uuid = ctx->opts[VFP_OPT_DOMAIN];
	ask.name = ctx->opts[VFP_OPT_NAME];
	ask.pool = ctx->opts[VFP_OPT_POOL];
	ask.physnet = ctx->opts[VFP_OPT_PHYSNET];
	ask.portgroup = ctx->opts[VFP_OPT_PORTGROUP];
	ask.mac = ctx->opts[VFP_OPT_MAC];
	if (rc == 0)
		rc = vfp_ctx_pool(ctx, VFP_POOL_WRITE, err);
	if (rc < 0)
		return rc;
	claims = vfp_alloc(VFP_CLAIM_MAX, sizeof(*claims));
	rc = vfp_pool_claim(ctx->pool, &ask, claims, err);
	if (rc < 0)
		return rc;
	if (ctx->opts[VFP_OPT_OPENSTACK])
		vfp_ctx_openstack_claims(ctx, claims, (size_t)ask.count);
	else
		print_claims(ctx, claims, (size_t)ask.count);
	return 0;
}

static int release(struct vfp_ctx *ctx, struct vfp_err *err)
{
	unsigned int n;
	int rc = vfp_ctx_pool(ctx, VFP_POOL_WRITE, err);

	if (rc == 0)
		rc = vfp_pool_release(ctx->pool, ctx->opts[VFP_OPT_DOMAIN], ctx->opts[VFP_OPT_MAC],
				      &n, err);
	if (rc == 0)
		printf("%u VFs were claimed and are free\n", n);
	return rc;
}

const struct vfp_cmd vfp_cmds_claim[] = {
	{"claim", NULL,
	 "--domain UUID [--name WORD] --pool POOL | --physnet NETWORK [--portgroup GROUP | --vlan ID] "
	 "[--mac MAC] [--count N] [--ttl SECONDS] [--numa NODE] [--json] [--openstack]",
	 0, 0,
	 VFP_TAKES(DOMAIN) | VFP_TAKES(NAME) | VFP_TAKES(POOL) | VFP_TAKES(PHYSNET) |
		 VFP_TAKES(PORTGROUP) | VFP_TAKES(VLAN) | VFP_TAKES(MAC) | VFP_TAKES(COUNT) |
		 VFP_TAKES(TTL) | VFP_TAKES(NUMA) | VFP_TAKES(JSON) | VFP_TAKES(OPENSTACK),
	 VFP_TAKES(DOMAIN), claim,
	 "Keep VFs for a domain that is about to start, all or none, until it starts or the time is over."},
	{0},
};

const struct vfp_cmd vfp_cmds_release[] = {
	{"release", NULL, "--domain UUID [--mac MAC]", 0, 0, VFP_TAKES(DOMAIN) | VFP_TAKES(MAC),
	 VFP_TAKES(DOMAIN), release, "End a domain's claims, or that of one MAC."},
	{0},
};
