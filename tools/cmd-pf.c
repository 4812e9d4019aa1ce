/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool pf: the physical functions of this host. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/nic.h"
#include "base/proc.h"
#include "pool/card.h"
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

/* All that is known of one card. */
struct card {
	struct vfp_pf pf;
	struct vfp_nic nic;
	const struct vfp_wanted *wanted; /* NULL: nothing */
	unsigned int n_leased;
};

/* A row of the book for each card of the host, for as long as the command runs. */
struct cards {
	struct card *all;
	size_t n;
	struct vfp_wanted *wanted;
	struct vfp_lease *leases;
};

static void free_cards(struct cards *cards)
{
	free(cards->all);
	free(cards->wanted);
	free(cards->leases);
}
VFP_DEFINE_AUTO(cards, struct cards *, free_cards)

static void print_count(struct vfp_print *p, bool is_known, int64_t value)
{
	if (is_known)
		vfp_print_number(p, value);
	else
		vfp_print_text(p, "%s", "");
}

/* By which the card is known: the permanent one, where it has that. */
static void print_mac(struct vfp_print *p, const struct card *card)
{
	const struct vfp_mac *permanent = &card->nic.card.permanent;
	const bool has_permanent = !vfp_mac_is_none(permanent);
	char mac[VFP_MAC_SIZE];

	vfp_print_text(p, "%s",
		       *card->pf.dev
			       ? vfp_mac_format(has_permanent ? permanent : &card->pf.mac, mac)
			       : "");
}

static const char *link_word(const struct vfp_pf *pf)
{
	if (!*pf->dev)
		return "";
	return pf->has_carrier ? "up" : pf->is_up ? "no carrier" : "down";
}

/* The columns that list and show share, first in both. */
#define COLUMNS_OF_BOTH                                                                            \
	{"PF", "pf"}, {"PCI", "pci"}, {"DRIVER", "driver"}, {"SR-IOV", "sriov"}, {"VFS", "vfs"},   \
		{"WANTED", "wanted"}, {"MAX", "max"}, {"LEASED", "leased"}, {"NUMA", "numa_node"}, \
		{"LINK", "link"}, {"SPEED", "speed_mbps"}, {"MTU", "mtu"}, {"MAC", "mac"},         \
	{                                                                                          \
		"WHY NOT", "why_not"                                                               \
	}

static void print_card(struct vfp_print *p, const struct card *card)
{
	const struct vfp_pf *pf = &card->pf;
	char pci[VFP_PCI_SIZE];

	vfp_print_text(p, "%s", pf->dev);
	vfp_print_text(p, "%s", vfp_pci_format(&pf->pci, pci));
	vfp_print_text(p, "%s", pf->driver);
	vfp_print_text(p, "%s",
		       vfp_word_of(vfp_sriov_status_words,
				   card->nic.why ? VFP_SRIOV_UNSUPPORTED : (int)pf->status));
	vfp_print_number(p, pf->num_vfs);
	print_count(p, card->wanted, card->wanted ? card->wanted->vfs : 0);
	vfp_print_number(p, pf->total_vfs);
	vfp_print_number(p, card->n_leased);
	print_count(p, pf->numa_node >= 0, pf->numa_node);
	vfp_print_text(p, "%s", link_word(pf));
	print_count(p, card->nic.speed_mbps, card->nic.speed_mbps);
	print_count(p, *pf->dev, pf->mtu);
	print_mac(p, card);
	vfp_print_text(p, "%s", vfp_word_of(vfp_sriov_why_words, (int)card->nic.why));
}

/* @dev NULL: all, those that have no netdev last. */
static int read_cards(struct vfp_ctx *ctx, const char *dev, struct cards *ret, struct vfp_err *err)
{
	vfp_autofree struct vfp_pf *pfs = vfp_alloc(1, sizeof(*pfs)), *bare = NULL;
	size_t n = 1, n_bare = 0, n_leases = 0, n_wanted = 0;
	int rc;

	if (dev) {
		rc = vfp_sysfs_pf(&ctx->host, dev, pfs, err);
	} else {
		free(VFP_TAKE(pfs));
		rc = vfp_sysfs_pfs(&ctx->host, &pfs, &n, err);
		if (rc == 0)
			rc = vfp_nic_bare(&ctx->host, &bare, &n_bare, err);
	}
	if (rc == 0)
		rc = vfp_ctx_pool(ctx, VFP_POOL_READ, err);
	if (rc == 0 && ctx->pool)
		rc = vfp_pool_leases(ctx->pool, NULL, &ret->leases, &n_leases, err);
	if (rc == 0 && ctx->pool)
		rc = vfp_pool_wanted(ctx->pool, &ret->wanted, &n_wanted, err);
	if (rc < 0)
		return rc;
	ret->n = n + n_bare;
	ret->all = vfp_alloc(ret->n, sizeof(*ret->all));
	for (size_t i = 0; i < ret->n; i++) {
		struct card *card = &ret->all[i];

		card->pf = i < n ? pfs[i] : bare[i - n];
		vfp_nic_read(&ctx->host, &card->pf, &card->nic);
		card->wanted = wanted_of(ret->wanted, n_wanted, card->pf.dev);
		card->n_leased = n_leased(ret->leases, n_leases, card->pf.dev);
	}
	return 0;
}

static int pf_list(struct vfp_ctx *ctx, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {COLUMNS_OF_BOTH};
	struct cards found = {0};
	vfp_auto(cards) cards = &found;
	struct vfp_print *p;
	int rc = read_cards(ctx, NULL, cards, err);

	if (rc < 0)
		return rc;
	p = vfp_print_begin(columns, VFP_N(columns), vfp_ctx_json(ctx));
	for (size_t i = 0; i < cards->n; i++)
		print_card(p, &cards->all[i]);
	vfp_print_end(p);
	return 0;
}

/* Which of the host's default routes go through it. */
static void print_routes(struct vfp_print *p, const struct vfp_host *host, const char *dev)
{
	char devs[16][IFNAMSIZ], text[sizeof(devs)] = "";
	size_t n, size = 0;

	if (host->kernel->default_devs(host, devs, VFP_N(devs), &n, NULL) < 0)
		n = 0;
	for (size_t i = 0; i < n; i++)
		if (vfp_nic_carries(host, dev, devs[i]))
			size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%s",
						 size ? " " : "", devs[i]);
	vfp_print_text(p, "%s", text);
}

static int pf_show(struct vfp_ctx *ctx, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		COLUMNS_OF_BOTH,
		{"TO DO", "todo"},
		{"VENDOR:DEVICE", "device"},
		{"PRESENT MAC", "present_mac"},
		{"FIRMWARE", "firmware"},
		{"DRIVER VERSION", "driver_version"},
		{"PARKED", "parked"},
		{"RESERVED", "reserved"},
		{"DEFAULT ROUTE OF", "default_route"},
	};
	struct cards found = {0};
	vfp_auto(cards) cards = &found;
	vfp_autofree struct vfp_vfinfo *vfs = NULL;
	char mac[VFP_MAC_SIZE], todo[300];
	const struct card *card;
	size_t n_vfs = 0, n_parked = 0;
	struct vfp_print *p;
	int rc = read_cards(ctx, ctx->args[0], cards, err);

	if (rc == 0)
		rc = vfp_sysfs_vfs(&ctx->host, &cards->all[0].pf.pci, &vfs, &n_vfs, err);
	if (rc < 0)
		return rc;
	card = &cards->all[0];
	for (size_t i = 0; i < n_vfs; i++)
		n_parked += !strcmp(vfs[i].driver, "vfio-pci");
	p = vfp_print_begin(columns, VFP_N(columns), vfp_ctx_json(ctx));
	print_card(p, card);
	vfp_print_text(p, "%s", vfp_nic_remedy(&card->nic, &card->pf, todo, sizeof(todo)));
	vfp_print_text(p, "%04x:%04x", card->nic.vendor, card->nic.device);
	vfp_print_text(p, "%s", vfp_mac_format(&card->pf.mac, mac));
	vfp_print_text(p, "%s", card->nic.card.firmware);
	vfp_print_text(p, "%s", card->nic.card.driver_version);
	vfp_print_number(p, (int64_t)n_parked);
	vfp_print_number(p, card->wanted ? card->wanted->reserved : 0);
	print_routes(p, &ctx->host, card->pf.dev);
	vfp_print_end_one(p);
	return 0;
}

/* The server's address of the SSH session that this is called from: "client port server port". */
static const char *admin_address(const struct vfp_host *host, char *buf, size_t size)
{
	const char *session = getenv("SSH_CONNECTION");
	char line[256], address[128];

	/* sudo takes it out of the environment; the shell above it has it. */
	if (!session && vfp_proc_variable(host, getpid(), "SSH_CONNECTION", line, sizeof(line)))
		session = line;
	if (!session || sscanf(session, "%*s %*s %127s", address) != 1)
		return NULL;
	address[strcspn(address, "%")] = '\0'; /* the zone of a link-local one */
	return vfp_copy(buf, size, address) ? buf : NULL;
}

static int pf_enable(struct vfp_ctx *ctx, struct vfp_err *err)
{
	const char *reserve = ctx->opts[VFP_OPT_RESERVE] ? ctx->opts[VFP_OPT_RESERVE] : "0";
	char address[128], kept[64] = "";
	struct vfp_pf_change change = {
		.park = !ctx->opts[VFP_OPT_NO_PARK],
		.force = ctx->opts[VFP_OPT_FORCE],
		.timeout_ms = ENABLE_TIMEOUT_MS,
		.admin_address = admin_address(&ctx->host, address, sizeof(address)),
	};
	struct vfp_pf before, pf;
	uint64_t vfs, reserved;
	int rc;

	if (!vfp_number_parse(ctx->opts[VFP_OPT_VFS], 1, VFP_MAX_VFS - 1, &vfs))
		return vfp_fail(err, EINVAL, "--vfs %s: not a number from 1 to %d",
				ctx->opts[VFP_OPT_VFS], VFP_MAX_VFS - 1);
	if (!vfp_number_parse(reserve, 0, vfs, &reserved))
		return vfp_fail(err, EINVAL,
				"--reserve %s: not a number from 0 to %s, the number of VFs",
				reserve, ctx->opts[VFP_OPT_VFS]);
	change.vfs = (unsigned int)vfs;
	change.reserved = (unsigned int)reserved;
	rc = vfp_sysfs_pf(&ctx->host, ctx->args[0], &before, err);
	if (rc == 0)
		rc = vfp_ctx_pool(ctx, VFP_POOL_CREATE, err);
	if (rc == 0)
		rc = vfp_pf_set(ctx->pool, ctx->args[0], &change, err);
	if (rc == 0)
		rc = vfp_sysfs_pf(&ctx->host, ctx->args[0], &pf, err);
	if (rc < 0)
		return rc;
	if (reserved)
		snprintf(kept, sizeof(kept), ", the first %s for the host", reserve);
	printf("%s: %u of %u VFs%s%s\n", pf.dev, pf.num_vfs, pf.total_vfs,
	       change.park ? ", parked on vfio-pci" : "", kept);
	if (!before.is_up)
		printf("%s was down and has been set up: VFs need that\n", pf.dev);
	else if (!pf.has_carrier)
		printf("%s has no carrier: its VFs are given to nobody until it has\n", pf.dev);
	return 0;
}

static int pf_disable(struct vfp_ctx *ctx, struct vfp_err *err)
{
	char address[128];
	const struct vfp_pf_change change = {
		.force = ctx->opts[VFP_OPT_FORCE],
		.timeout_ms = ENABLE_TIMEOUT_MS,
		.admin_address = admin_address(&ctx->host, address, sizeof(address)),
	};
	struct vfp_pf pf;
	int rc = vfp_sysfs_pf(&ctx->host, ctx->args[0], &pf, err);

	if (rc == 0)
		rc = vfp_ctx_pool(ctx, VFP_POOL_CREATE, err);
	if (rc == 0)
		rc = vfp_pf_set(ctx->pool, ctx->args[0], &change, err);
	if (rc == 0)
		printf("%s: no VFs\n", ctx->args[0]);
	return rc;
}

/* Whether each card that is to get VFs is there, by whatever name. */
static int are_all_there(struct vfp_ctx *ctx, bool *ret_are, struct vfp_err *err)
{
	vfp_autofree struct vfp_wanted *wanted = NULL;
	bool are = true;
	struct vfp_pf pf;
	size_t n;
	int rc = vfp_card_follow(ctx->pool, err);

	if (rc == 0)
		rc = vfp_pool_wanted(ctx->pool, &wanted, &n, err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		are = are && vfp_sysfs_pf(&ctx->host, wanted[i].dev, &pf, NULL) == 0;
	*ret_are = are;
	return rc;
}

/* At boot a driver may still be on its way. */
static int wait_for_cards(struct vfp_ctx *ctx, int64_t deadline, struct vfp_err *err)
{
	bool are = false;
	int rc;

	while ((rc = are_all_there(ctx, &are, err)) == 0 && !are &&
	       ctx->host.kernel->ticks_ms() < deadline)
		ctx->host.kernel->pause_ms(100);
	return rc;
}

/* Each PF; one that fails does not keep the others from theirs. */
static int restore_pfs(struct vfp_ctx *ctx, size_t *n_failed, struct vfp_err *err)
{
	vfp_autofree struct vfp_wanted *wanted = NULL;
	struct vfp_err failed = {0};
	size_t n;
	int rc = vfp_pool_wanted(ctx->pool, &wanted, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
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
		    (!member->is_dirty && !member->is_faulty))
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
		rc = wait_for_cards(ctx, deadline, err);
	if (rc == 0)
		rc = restore_pfs(ctx, &n_failed, err);
	if (rc == 0)
		rc = restore_vfs(ctx, &n_failed, err);
	if (rc == 0 && n_failed)
		rc = vfp_fail(err, EIO, "%zu of the above could not be restored", n_failed);
	return rc;
}

const struct vfp_cmd vfp_cmds_pf[] = {
	{"pf", "list", "[--json]", 0, 0, VFP_TAKES(JSON), 0, pf_list,
	 "The network cards of this host: SR-IOV status, VFs, leases, link."},
	{"pf", "show", "PF [--json]", 1, 1, VFP_TAKES(JSON), 0, pf_show,
	 "One card: the same, firmware, driver, what to do where it has no SR-IOV."},
	{"pf", "enable", "PF --vfs N [--reserve N] [--no-park] [--force]", 1, 1,
	 VFP_TAKES(VFS) | VFP_TAKES(NO_PARK) | VFP_TAKES(RESERVE) | VFP_TAKES(FORCE),
	 VFP_TAKES(VFS), pf_enable,
	 "Give a card N virtual functions and keep them on vfio-pci; remembered for the next boot."},
	{"pf", "disable", "PF [--force]", 1, 1, VFP_TAKES(FORCE), 0, pf_disable,
	 "Take all virtual functions of a card away."},
	{"pf", "restore", "[--wait SECONDS]", 0, 0, VFP_TAKES(WAIT), 0, pf_restore,
	 "Give every card the VFs that it had before the reboot, and scrub what was left dirty."},
	{0},
};
