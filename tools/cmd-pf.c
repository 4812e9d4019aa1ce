/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool pf: the physical functions of this host. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sysfs.h"
#include "pool/inventory.h"
#include "pool/pf.h"
#include "pool/setup.h"
#include "tools/cmd.h"
#include "tools/print.h"

#define ENABLE_TIMEOUT_MS 180000

static unsigned int n_leased(const struct vfp_lease *leases, size_t n, const char *dev)
{
	unsigned int count = 0;

	for (size_t i = 0; i < n; i++)
		count += !strcmp(leases[i].vf.pf, dev);
	return count;
}

static const struct vfp_wanted *wanted_of(const struct vfp_wanted *wanted, size_t n,
					  const char *dev)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(wanted[i].dev, dev))
			return &wanted[i];
	return NULL;
}

static void print_pf(struct vfp_print *p, const struct vfp_pf *pf, const struct vfp_wanted *wanted,
		     unsigned int leased)
{
	char pci[VFP_PCI_SIZE], mac[VFP_MAC_SIZE];

	vfp_print_text(p, "%s", pf->dev);
	vfp_print_text(p, "%s", vfp_pci_format(&pf->pci, pci));
	vfp_print_text(p, "%s", pf->driver);
	vfp_print_text(p, "%s", vfp_word_of(vfp_sriov_status_words, pf->status));
	vfp_print_number(p, pf->num_vfs);
	if (wanted)
		vfp_print_number(p, wanted->vfs);
	else
		vfp_print_text(p, "%s", "");
	vfp_print_number(p, pf->total_vfs);
	vfp_print_number(p, leased);
	if (pf->numa_node >= 0)
		vfp_print_number(p, pf->numa_node);
	else
		vfp_print_text(p, "%s", "");
	vfp_print_text(p, "%s", pf->has_carrier ? "up" : pf->is_up ? "no carrier" : "down");
	vfp_print_number(p, pf->mtu);
	vfp_print_text(p, "%s", vfp_mac_format(&pf->mac, mac));
}

static int pf_list(struct vfp_ctx *ctx, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		{"PF", "pf"},	     {"PCI", "pci"},	   {"DRIVER", "driver"},
		{"SR-IOV", "sriov"}, {"VFS", "vfs"},	   {"WANTED", "wanted"},
		{"MAX", "max"},	     {"LEASED", "leased"}, {"NUMA", "numa_node"},
		{"LINK", "link"},    {"MTU", "mtu"},	   {"MAC", "mac"},
	};
	vfp_autofree struct vfp_pf *pfs = NULL;
	vfp_autofree struct vfp_lease *leases = NULL;
	vfp_autofree struct vfp_wanted *wanted = NULL;
	size_t n, n_leases = 0, n_wanted = 0;
	struct vfp_print *p;
	int rc;

	rc = vfp_sysfs_pfs(&ctx->host, &pfs, &n, err);
	if (rc == 0)
		rc = vfp_ctx_pool(ctx, VFP_POOL_READ, err);
	if (rc == 0 && ctx->pool)
		rc = vfp_pool_leases(ctx->pool, NULL, &leases, &n_leases, err);
	if (rc == 0 && ctx->pool)
		rc = vfp_pool_wanted(ctx->pool, &wanted, &n_wanted, err);
	if (rc < 0)
		return rc;
	p = vfp_print_begin(columns, VFP_N(columns), vfp_ctx_json(ctx));
	for (size_t i = 0; i < n; i++)
		print_pf(p, &pfs[i], wanted_of(wanted, n_wanted, pfs[i].dev),
			 n_leased(leases, n_leases, pfs[i].dev));
	vfp_print_end(p);
	return 0;
}

static int pf_enable(struct vfp_ctx *ctx, struct vfp_err *err)
{
	struct vfp_pf_change change = {
		.park = !ctx->opts[VFP_OPT_NO_PARK],
		.timeout_ms = ENABLE_TIMEOUT_MS,
	};
	struct vfp_pf pf;
	uint64_t vfs;
	int rc;

	if (!vfp_number_parse(ctx->opts[VFP_OPT_VFS], 1, VFP_MAX_VFS - 1, &vfs))
		return vfp_fail(err, EINVAL, "--vfs %s: not a number from 1 to %d",
				ctx->opts[VFP_OPT_VFS], VFP_MAX_VFS - 1);
	change.vfs = (unsigned int)vfs;
	rc = vfp_ctx_pool(ctx, VFP_POOL_CREATE, err);
	if (rc == 0)
		rc = vfp_pf_set(ctx->pool, ctx->args[0], &change, err);
	if (rc == 0)
		rc = vfp_sysfs_pf(&ctx->host, ctx->args[0], &pf, err);
	if (rc < 0)
		return rc;
	printf("%s: %u of %u VFs%s\n", pf.dev, pf.num_vfs, pf.total_vfs,
	       change.park ? ", parked on vfio-pci" : "");
	if (!pf.is_up)
		printf("%s is down: its VFs are not given to a domain until it has a link (ip link set %s up)\n",
		       pf.dev, pf.dev);
	return 0;
}

static int pf_disable(struct vfp_ctx *ctx, struct vfp_err *err)
{
	const struct vfp_pf_change change = {.park = false, .timeout_ms = ENABLE_TIMEOUT_MS};
	int rc = vfp_ctx_pool(ctx, VFP_POOL_CREATE, err);

	if (rc == 0)
		rc = vfp_pf_set(ctx->pool, ctx->args[0], &change, err);
	if (rc == 0)
		printf("%s: no VFs\n", ctx->args[0]);
	return rc;
}

/* At boot the driver may still be on its way. */
static void wait_for_pf(const struct vfp_host *host, const char *dev, int64_t deadline)
{
	struct vfp_pf pf;

	while (vfp_sysfs_pf(host, dev, &pf, NULL) < 0 && host->kernel->ticks_ms() < deadline)
		host->kernel->pause_ms(100);
}

/* Each PF; one that fails does not keep the others from theirs. */
static int restore_pfs(struct vfp_ctx *ctx, int64_t deadline, size_t *n_failed, struct vfp_err *err)
{
	vfp_autofree struct vfp_wanted *wanted = NULL;
	struct vfp_err failed = {0};
	size_t n;
	int rc = vfp_pool_wanted(ctx->pool, &wanted, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		wait_for_pf(&ctx->host, wanted[i].dev, deadline);
		if (vfp_pf_restore(ctx->pool, &wanted[i], ENABLE_TIMEOUT_MS, &failed) < 0) {
			fprintf(stderr, "vfpool: %s: %s\n", wanted[i].dev, failed.msg);
			*n_failed += 1;
		} else {
			printf("%s: %u VFs%s\n", wanted[i].dev, wanted[i].vfs,
			       wanted[i].park ? ", parked on vfio-pci" : "");
		}
	}
	return rc;
}

/* What the last boot left unscrubbed, or could not scrub. */
static int restore_vfs(struct vfp_ctx *ctx, size_t *n_failed, struct vfp_err *err)
{
	vfp_autofree struct vfp_member *members = NULL;
	struct vfp_err failed = {0};
	char vf[VFP_VF_SIZE];
	size_t n;
	int rc = vfp_inventory_read(ctx->pool, NULL, false, &members, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct vfp_member *member = &members[i];

		if (!member->is_present || member->is_leased ||
		    (!member->state.is_dirty && !member->state.is_faulty))
			continue;
		vfp_vf_format(&member->vf, vf);
		if (vfp_setup_reclaim(ctx->pool, &member->vf, &failed) < 0) {
			fprintf(stderr, "vfpool: %s: %s\n", vf, failed.msg);
			*n_failed += 1;
		} else {
			printf("%s: scrubbed\n", vf);
		}
	}
	return rc;
}

static int pf_restore(struct vfp_ctx *ctx, struct vfp_err *err)
{
	const char *wait = ctx->opts[VFP_OPT_WAIT] ? ctx->opts[VFP_OPT_WAIT] : "0";
	size_t n_failed = 0;
	uint64_t seconds;
	int64_t deadline;
	int rc;

	if (!vfp_number_parse(wait, 0, 3600, &seconds))
		return vfp_fail(err, EINVAL, "--wait %s: not a number from 0 to 3600", wait);
	deadline = ctx->host.kernel->ticks_ms() + (int64_t)seconds * 1000;
	rc = vfp_ctx_pool(ctx, VFP_POOL_WRITE, err);
	if (rc == -ENOENT)
		return 0; /* nothing was ever wanted */
	if (rc == 0)
		rc = vfp_pool_void(ctx->pool, err);
	if (rc == 0)
		rc = restore_pfs(ctx, deadline, &n_failed, err);
	if (rc == 0)
		rc = restore_vfs(ctx, &n_failed, err);
	if (rc == 0 && n_failed)
		rc = vfp_fail(err, EIO, "%zu of the above could not be restored", n_failed);
	return rc;
}

const struct vfp_cmd vfp_cmds_pf[] = {
	{"pf", "list", "[--json]", 0, 0, VFP_TAKES(JSON), 0, pf_list,
	 "The network cards of this host: SR-IOV status, VFs, leases, link."},
	{"pf", "enable", "PF --vfs N [--no-park]", 1, 1, VFP_TAKES(VFS) | VFP_TAKES(NO_PARK),
	 VFP_TAKES(VFS), pf_enable,
	 "Give a card N virtual functions and keep them on vfio-pci; remembered for the next boot."},
	{"pf", "disable", "PF", 1, 1, 0, 0, pf_disable,
	 "Take all virtual functions of a card away."},
	{"pf", "restore", "[--wait SECONDS]", 0, 0, VFP_TAKES(WAIT), 0, pf_restore,
	 "Give every card the VFs that it had before the reboot, and scrub what was left dirty."},
	{0},
};
