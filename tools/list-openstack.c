/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool vf list, lease list and claim in OpenStack's words. */

#include "base/cleanup.h"
#include "pool/choose.h"
#include "pool/openstack.h"
#include "tools/cmd.h"
#include "tools/print.h"

static void print_device(struct vfp_print *p, const struct vfp_openstack *vf)
{
	struct vfp_item items[VFP_OPENSTACK_ITEMS];
	const size_t n = vfp_openstack_device(vf, items);

	for (size_t i = 0; i < n; i++)
		vfp_print_item(p, &items[i]);
}

static void print_port(struct vfp_print *p, const struct vfp_openstack *vf)
{
	struct vfp_item items[VFP_OPENSTACK_ITEMS];
	char mac[VFP_MAC_SIZE];
	size_t n;

	vfp_print_text(p, "%s", vf->owner.uuid);
	vfp_print_text(p, "%s", vfp_mac_format(&vf->mac, mac));
	vfp_print_text(p, "%s", VFP_OPENSTACK_VNIC_TYPE);
	vfp_print_text(p, "%s", VFP_OPENSTACK_VIF_TYPE);
	n = vfp_openstack_details(vf, items);
	vfp_print_items(p, items, n);
	n = vfp_openstack_profile(vf, items);
	vfp_print_items(p, items, n);
}

static const struct vfp_column device_columns[] = {
	{"ADDRESS", "address"},	   {"PARENT", "parent_addr"},	  {"VENDOR", "vendor_id"},
	{"PRODUCT", "product_id"}, {"TYPE", "dev_type"},	  {"NUMA", "numa_node"},
	{"STATUS", "status"},	   {"INSTANCE", "instance_uuid"},
};
static const struct vfp_column port_columns[] = {
	{"DEVICE ID", "device_id"},
	{"MAC", "mac_address"},
	{"VNIC TYPE", "binding:vnic_type"},
	{"VIF TYPE", "binding:vif_type"},
	{"VIF DETAILS", "binding:vif_details"},
	{"PROFILE", "binding:profile"},
};

static const struct {
	const struct vfp_column *columns;
	size_t n;
	void (*print)(struct vfp_print *p, const struct vfp_openstack *vf);
} lists[] = {
	[VFP_OPENSTACK_VFS] = {device_columns, VFP_N(device_columns), print_device},
	[VFP_OPENSTACK_PORTS] = {port_columns, VFP_N(port_columns), print_port},
};

int vfp_ctx_openstack(struct vfp_ctx *ctx, enum vfp_openstack_list list, struct vfp_err *err)
{
	static const struct vfp_choice anyone = {.uuid = ""};
	vfp_autofree struct vfp_member *members = NULL;
	vfp_autofree struct vfp_pooldef *defs = NULL;
	vfp_autofree enum vfp_unfit *unfit = NULL;
	struct vfp_openstack vf = {.pf = ""};
	size_t n = 0, n_defs = 0;
	struct vfp_print *p;
	int rc = vfp_ctx_pool(ctx, VFP_POOL_READ, err);

	if (rc == 0 && ctx->pool)
		rc = vfp_inventory_read(ctx->pool, ctx->opts[VFP_OPT_POOL], true, &members, &n,
					err);
	if (rc == 0 && ctx->pool)
		rc = vfp_pool_list(ctx->pool, &defs, &n_defs, err);
	if (rc < 0)
		return rc;
	unfit = vfp_alloc(n + 1, sizeof(*unfit));
	vfp_choose(members, n, &anyone, unfit);
	p = vfp_print_begin(lists[list].columns, lists[list].n, vfp_ctx_json(ctx));
	for (size_t i = 0; i < n; i++) {
		if (list == VFP_OPENSTACK_PORTS && !members[i].is_leased)
			continue;
		vfp_openstack_read(ctx->pool, &members[i], unfit[i], defs, n_defs, &vf, &vf);
		lists[list].print(p, &vf);
	}
	vfp_print_end(p);
	for (size_t i = 0; i < n_defs; i++)
		vfp_pooldef_free(&defs[i]);
	return 0;
}

void vfp_ctx_openstack_claims(struct vfp_ctx *ctx, const struct vfp_claim *claims, size_t n)
{
	struct vfp_print *p = vfp_print_begin(port_columns, VFP_N(port_columns), vfp_ctx_json(ctx));
	struct vfp_openstack vf = {.pf = ""};

	for (size_t i = 0; i < n; i++) {
		vfp_openstack_claim(ctx->pool, &claims[i], &vf, &vf);
		print_port(p, &vf);
	}
	vfp_print_end(p);
}
