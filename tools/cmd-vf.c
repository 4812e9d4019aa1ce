/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool vf: the virtual functions of the pools. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/kmsg.h"
#include "pool/choose.h"
#include "pool/setup.h"
#include "tools/cmd.h"
#include "tools/print.h"

/* Who has a VF, or is about to. */
struct holder {
	struct vfp_owner user; /* a process outside the pool */
	const struct vfp_owner *owner;
	const struct vfp_mac *mac; /* NULL: not known */
	const char *portgroup;
	int64_t since_ms;
};

static void find_holder(const struct vfp_member *m, struct holder *ret)
{
	*ret = (struct holder){.owner = &ret->user, .portgroup = ""};
	if (m->is_leased) {
		ret->owner = &m->more->lease.owner;
		ret->mac = &m->more->lease.mac;
		ret->portgroup = m->more->lease.portgroup;
		ret->since_ms = m->more->lease.since_ms;
	} else if (m->is_claimed && !m->is_used) {
		ret->owner = &m->more->claim.owner;
		ret->mac = &m->more->claim.mac;
		ret->portgroup = m->more->claim.portgroup;
	}
	if (m->is_used) {
		vfp_copy(ret->user.name, sizeof(ret->user.name), m->more->used_by);
		vfp_copy(ret->user.uuid, sizeof(ret->user.uuid), m->more->used_uuid);
	}
}

static void print_member(struct vfp_print *p, const struct vfp_member *m, enum vfp_unfit unfit)
{
	struct holder who;
	char vf[VFP_VF_SIZE], pci[VFP_PCI_SIZE], mac[VFP_MAC_SIZE], text[320];

	find_holder(m, &who);
	vfp_print_text(p, "%s", vfp_vf_format(&m->vf, vf));
	vfp_print_text(p, "%s", m->is_present ? vfp_pci_format(&m->vf.pci, pci) : "");
	vfp_print_text(p, "%s", m->pool);
	vfp_print_text(p, "%s", m->info.driver);
	vfp_print_text(p, "%s", vfp_unfit_state(unfit));
	vfp_print_text(p, "%s", who.owner->name);
	vfp_print_text(p, "%s", who.mac ? vfp_mac_format(who.mac, mac) : "");
	vfp_print_text(p, "%s", who.portgroup);
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

	if (ctx->opts[VFP_OPT_OPENSTACK])
		return vfp_ctx_openstack(ctx, VFP_OPENSTACK_VFS, err);
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

static int parse_vf(const struct vfp_ctx *ctx, struct vfp_vf *ret_vf, struct vfp_err *err)
{
	if (vfp_vf_parse(ctx->args[0], ret_vf) < 0)
		return vfp_fail(err, EINVAL,
				"'%s' is no VF: PF#NUMBER was expected, as vf list shows it",
				ctx->args[0]);
	return 0;
}

/* The VF that the command names, and the database. */
static int open_vf(struct vfp_ctx *ctx, struct vfp_vf *ret_vf, struct vfp_err *err)
{
	int rc = parse_vf(ctx, ret_vf, err);

	return rc < 0 ? rc : vfp_ctx_pool(ctx, VFP_POOL_WRITE, err);
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

/* An attribute's value without its name: "100 qos 2". */
static void print_attr(struct vfp_print *p, enum vfp_attr attr, const struct vfp_attrs *attrs)
{
	char words[64] = "";

	if (attrs->known & 1u << attr)
		vfp_attr_format(attr, attrs, words, sizeof(words));
	vfp_print_text(p, "%s", *words ? words + strlen(vfp_attr_name(attr)) + 1 : "");
}

/* What the kernel warned of since the VF's holder has it: a guest's vain tries. */
static void print_warnings(const struct vfp_ctx *ctx, struct vfp_print *p, const struct vfp_pf *pf,
			   unsigned int index, int64_t since_ms)
{
	struct vfp_err err = {0};
	struct vfp_kmsg said;

	vfp_kmsg_of_vf(&ctx->host, pf, index, since_ms, &said, &err);
	vfp_print_number(p, said.n);
	vfp_print_text(p, "%s", *err.msg ? err.msg : said.last);
}

/* When and how it was scrubbed last, by the journal. */
static int print_scrub(struct vfp_ctx *ctx, struct vfp_print *p, struct vfp_err *err)
{
	const struct vfp_journal_filter filter = {.vf = ctx->args[0]};
	vfp_autofree struct vfp_event *events = NULL;
	const struct vfp_event *last = NULL;
	size_t n;
	int rc = vfp_pool_journal(ctx->pool, &filter, &events, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++)
		if (strstr(events[i].text, "scrubbed in "))
			last = &events[i];
	vfp_print_time(p, last ? last->time_ms : 0);
	vfp_print_text(p, "%s", last ? strstr(last->text, "scrubbed in ") : "");
	return rc;
}

static int print_vf(struct vfp_ctx *ctx, struct vfp_print *p, const struct vfp_member *m,
		    const struct vfp_pf *pf, const struct vfp_attrs *attrs, struct vfp_err *err)
{
	static const enum vfp_attr shown[] = {VFP_ATTR_MAC,   VFP_ATTR_VLAN, VFP_ATTR_SPOOFCHK,
					      VFP_ATTR_TRUST, VFP_ATTR_RATE, VFP_ATTR_LINKSTATE};
	static const struct vfp_choice anyone = {.uuid = ""};
	char pci[VFP_PCI_SIZE], text[320];
	struct vfp_err differs = {0};
	enum vfp_unfit unfit = VFP_FIT;
	struct holder who;

	find_holder(m, &who);
	vfp_choose(m, 1, &anyone, &unfit);
	vfp_print_text(p, "%s", ctx->args[0]);
	vfp_print_text(p, "%s", m->is_present ? vfp_pci_format(&m->vf.pci, pci) : "");
	vfp_print_text(p, "%s", m->pool);
	vfp_print_text(p, "%s", m->info.driver);
	vfp_print_text(p, "%s", vfp_unfit_state(unfit));
	vfp_print_text(p, "%s",
		       unfit == VFP_FIT ? "" : vfp_unfit_format(m, unfit, text, sizeof(text)));
	vfp_print_text(p, "%s", who.owner->name);
	vfp_print_text(p, "%s", who.owner->uuid);
	vfp_print_text(p, "%s", who.portgroup);
	vfp_print_time(p, who.since_ms);
	for (size_t i = 0; i < VFP_N(shown); i++)
		print_attr(p, shown[i], attrs);
	if (m->is_leased && m->more->lease.state == VFP_LEASE_ACTIVE)
		vfp_setup_verify(ctx->pool, &m->more->lease, &differs);
	vfp_print_text(p, "%s", differs.msg);
	print_warnings(ctx, p, pf, m->vf.index, who.since_ms);
	return print_scrub(ctx, p, err);
}

static int vf_show(struct vfp_ctx *ctx, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		{"VF", "vf"},
		{"PCI", "pci"},
		{"Pool", "pool"},
		{"Driver", "driver"},
		{"State", "state"},
		{"Why", "why"},
		{"Domain", "domain"},
		{"UUID", "uuid"},
		{"Port group", "portgroup"},
		{"Since", "since"},
		{"MAC", "mac"},
		{"VLAN", "vlan"},
		{"Spoof check", "spoofchk"},
		{"Trust", "trust"},
		{"Rate", "rate"},
		{"Link state", "link_state"},
		{"Difference", "difference"},
		{"Warnings", "kernel_warnings"},
		{"The last", "kernel_warning"},
		{"Last scrub", "scrub_time"},
		{"It was", "scrub"},
	};
	vfp_autofree struct vfp_member *members = NULL;
	vfp_autofree struct vfp_attrs *attrs = NULL;
	const struct vfp_attrs nothing = {.known = 0};
	const struct vfp_member *member = NULL;
	struct vfp_print *p;
	struct vfp_pf pf = {.num_vfs = 0};
	struct vfp_vf vf;
	size_t n = 0, n_attrs = 0;
	int rc = parse_vf(ctx, &vf, err);

	if (rc == 0)
		rc = vfp_ctx_pool(ctx, VFP_POOL_READ, err);
	if (rc == 0 && ctx->pool)
		rc = vfp_inventory_read(ctx->pool, NULL, true, &members, &n, err);
	for (size_t i = 0; i < n; i++)
		if (members[i].vf.index == vf.index && !strcmp(members[i].vf.pf, vf.pf))
			member = &members[i];
	if (rc == 0 && !member)
		rc = vfp_fail(err, ENOENT, "VF %s: is in no pool; see: vfpool vf list",
			      ctx->args[0]);
	if (rc < 0)
		return rc;
	if (vfp_sysfs_pf(&ctx->host, vf.pf, &pf, NULL) == 0 && pf.num_vfs) {
		attrs = vfp_alloc(pf.num_vfs, sizeof(*attrs));
		rc = ctx->host.kernel->vf_read(&ctx->host, vf.pf, false, attrs, pf.num_vfs,
					       &n_attrs, err);
	}
	if (rc < 0)
		return rc;
	p = vfp_print_begin(columns, VFP_N(columns), vfp_ctx_json(ctx));
	rc = print_vf(ctx, p, member, &pf, vf.index < n_attrs ? &attrs[vf.index] : &nothing, err);
	vfp_print_end_one(p);
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
		rc = vfp_setup_scrub(ctx->pool, &vf, err);
	if (rc == 0)
		printf("%s is scrubbed and free\n", ctx->args[0]);
	return rc;
}

const struct vfp_cmd vfp_cmds_vf[] = {
	{"vf", "list", "[--pool POOL] [--json] [--openstack]", 0, 0,
	 VFP_TAKES(JSON) | VFP_TAKES(POOL) | VFP_TAKES(OPENSTACK), 0, vf_list,
	 "The VFs of the pools: who has them, and why one cannot be given."},
	{"vf", "show", "PF#N [--json]", 1, 1, VFP_TAKES(JSON), 0, vf_show,
	 "One VF: who has it, what the kernel says of it, and how it was scrubbed last."},
	{"vf", "hold", "PF#N --reason WORDS", 1, 1, VFP_TAKES(REASON), VFP_TAKES(REASON), vf_hold,
	 "Keep a VF for the host: no domain gets it; one that has it keeps it until it stops."},
	{"vf", "unhold", "PF#N", 1, 1, 0, 0, vf_unhold, "Let the pool have a held VF again."},
	{"vf", "scrub", "PF#N", 1, 1, 0, 0, vf_scrub,
	 "Scrub a VF that nobody holds, for example one that is faulty or dirty."},
	{0},
};
