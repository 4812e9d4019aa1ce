/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool lease: which running domain holds which VF. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "pool/setup.h"
#include "tools/cmd.h"
#include "tools/print.h"

static int lease_list(struct vfp_ctx *ctx, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		{"DOMAIN", "domain"},
		{"UUID", "uuid"},
		{"MAC", "mac"},
		{"VF", "vf"},
		{"PCI", "pci"},
		{"POOL", "pool"},
		{"PORT GROUP", "portgroup"},
		{"VLAN", "vlan"},
		{"STATE", "state"},
		{"QEMU", "qemu_pid"},
		{"SINCE", "since"},
	};
	vfp_autofree struct vfp_lease *leases = NULL;
	char mac[VFP_MAC_SIZE], vf[VFP_VF_SIZE], pci[VFP_PCI_SIZE];
	struct vfp_print *p;
	size_t n = 0;
	int rc;

	if (ctx->opts[VFP_OPT_OPENSTACK])
		return vfp_ctx_openstack(ctx, VFP_OPENSTACK_PORTS, err);
	rc = vfp_ctx_pool(ctx, VFP_POOL_READ, err);
	if (rc == 0 && ctx->pool)
		rc = vfp_pool_leases(ctx->pool, NULL, &leases, &n, err);
	if (rc < 0)
		return rc;
	p = vfp_print_begin(columns, VFP_N(columns), vfp_ctx_json(ctx));
	for (size_t i = 0; i < n; i++) {
		const struct vfp_lease *lease = &leases[i];

		vfp_print_text(p, "%s", lease->owner.name);
		vfp_print_text(p, "%s", lease->owner.uuid);
		vfp_print_text(p, "%s", vfp_mac_format(&lease->mac, mac));
		vfp_print_text(p, "%s", vfp_vf_format(&lease->vf, vf));
		vfp_print_text(
			p, "%s",
			vfp_pci_is_none(&lease->vf.pci) ? "" : vfp_pci_format(&lease->vf.pci, pci));
		vfp_print_text(p, "%s", lease->pool);
		vfp_print_text(p, "%s", lease->portgroup);
		if (lease->vlan_mode == VFP_VLAN_ID)
			vfp_print_number(p, lease->attrs.vlan);
		else
			vfp_print_text(p, "%s",
				       vfp_word_of(vfp_vlan_mode_words, (int)lease->vlan_mode));
		vfp_print_text(p, "%s", vfp_word_of(vfp_lease_state_words, (int)lease->state));
		if (lease->qemu.pid)
			vfp_print_number(p, lease->qemu.pid);
		else
			vfp_print_text(p, "%s", "");
		vfp_print_time(p, lease->since_ms);
	}
	vfp_print_end(p);
	return 0;
}

/* Whether the command names this lease: by its VF, or by its domain's name or UUID. */
static bool is_named(const struct vfp_lease *lease, const char *key)
{
	char vf[VFP_VF_SIZE];

	return !strcmp(key, vfp_vf_format(&lease->vf, vf)) || !strcmp(key, lease->owner.name) ||
	       !strcmp(key, lease->owner.uuid);
}

static int release_one(struct vfp_ctx *ctx, const struct vfp_lease *lease, struct vfp_err *err)
{
	char vf[VFP_VF_SIZE];
	int rc;

	vfp_vf_format(&lease->vf, vf);
	if (!vfp_lease_is_stale(&ctx->host, lease))
		return vfp_fail(
			err, EPERM,
			"VF %s is in use by %s (QEMU %d): stop the domain, or detach the interface",
			vf, lease->owner.name, (int)lease->qemu.pid);
	rc = vfp_setup_reclaim(ctx->pool, &lease->vf, err);
	if (rc == 0)
		printf("%s is scrubbed and free; %s had it\n", vf, lease->owner.name);
	return rc;
}

static int lease_release(struct vfp_ctx *ctx, struct vfp_err *err)
{
	vfp_autofree struct vfp_lease *leases = NULL;
	size_t n, n_named = 0;
	int rc = vfp_ctx_pool(ctx, VFP_POOL_WRITE, err);

	if (rc == 0)
		rc = vfp_pool_leases(ctx->pool, NULL, &leases, &n, err);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!is_named(&leases[i], ctx->args[0]))
			continue;
		n_named++;
		rc = release_one(ctx, &leases[i], err);
	}
	if (rc == 0 && !n_named)
		return vfp_fail(err, ENOENT,
				"%s: no lease of such a domain or VF; see: vfpool "
				"lease list",
				ctx->args[0]);
	return rc;
}

const struct vfp_cmd vfp_cmds_lease[] = {
	{"lease", "list", "[--json] [--openstack]", 0, 0, VFP_TAKES(JSON) | VFP_TAKES(OPENSTACK), 0,
	 lease_list, "Which running domain holds which VF."},
	{"lease", "release", "DOMAIN|PF#N", 1, 1, 0, 0, lease_release,
	 "End a lease that nothing alive holds: scrub the VF and free it."},
	{0},
};
