/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool domain check, limits: what may be done with a domain that has a VF. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sysfs.h"
#include "pool/members.h"
#include "service/libvirt.h"
#include "service/limits.h"
#include "tools/cmd.h"
#include "tools/print.h"
#include "xml/domain.h"

/* A domain as libvirt has it. */
struct subject {
	struct vfp_libvirt *libvirt;
	struct vfp_libvirt_domain *domain; /* one */
	size_t n;
	struct vfp_domain *dom;	  /* what runs, else the definition */
	struct vfp_domain *saved; /* by managedsave; NULL: nothing */
	struct vfp_members members;
};

static void subject_close(struct subject *subject)
{
	vfp_members_free(&subject->members);
	vfp_domain_free(subject->dom);
	vfp_domain_free(subject->saved);
	vfp_libvirt_domains_free(subject->domain, subject->n);
	vfp_libvirt_close(subject->libvirt);
}
VFP_DEFINE_AUTO(subject, struct subject *, subject_close)

static int subject_open(struct vfp_ctx *ctx, struct subject *subject, struct vfp_err *err)
{
	const char *text;
	int rc = vfp_members_read(&ctx->host, &subject->members, err);

	if (rc == 0)
		rc = vfp_libvirt_open(ctx->opts[VFP_OPT_CONNECT], &subject->libvirt, err);
	if (rc == 0)
		rc = vfp_libvirt_domains(subject->libvirt, ctx->args[0], &subject->domain,
					 &subject->n, err);
	if (rc < 0)
		return rc;
	if (!subject->n)
		return vfp_fail(err, ENOENT, "domain %s is gone", ctx->args[0]);
	text = subject->domain->live ? subject->domain->live : subject->domain->definition;
	if (!text)
		return vfp_fail(err, ENOENT, "domain %s is gone", ctx->args[0]);
	return vfp_domain_read(text, strlen(text), &subject->dom, err);
}

/* Needs no database: the members file tells what is a pool's. */
static bool has_vf(const struct vfp_ctx *ctx, const struct subject *subject,
		   const struct vfp_domain *dom)
{
	const struct vfp_nic *nics;
	size_t n = vfp_domain_nics(dom, &nics);

	for (size_t i = 0; i < n; i++) {
		struct vfp_vf vf;
		struct vfp_pci pf;

		if (nics[i].kind == VFP_NIC_BOUND ||
		    (nics[i].kind == VFP_NIC_NETWORK &&
		     vfp_members_has_pool(&subject->members, nics[i].want.pool)) ||
		    (nics[i].kind == VFP_NIC_HOSTDEV &&
		     vfp_sysfs_whose_vf(&ctx->host, &nics[i].pci, &vf, &pf, NULL) == 0 &&
		     vfp_members_pool_of(&subject->members, &vf, &pf)))
			return true;
	}
	return false;
}

static int find_operation(const char *operation, const struct vfp_limit **ret, struct vfp_err *err)
{
	vfp_autofree char *all = vfp_strdup("");

	*ret = operation ? vfp_limit_find(operation) : NULL;
	if (!operation || *ret)
		return 0;
	for (const struct vfp_limit *limit = vfp_limits; limit->operation; limit++) {
		char *more = vfp_format("%s %s", all, limit->operation);

		free(all);
		all = more;
	}
	return vfp_fail(err, EINVAL, "--op %s: no such operation; there are:%s", operation, all);
}

static int domain_check(struct vfp_ctx *ctx, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		{"OPERATION", "operation"}, {"ALLOWED", "allowed"}, {"REFUSED BY", "refused_by"},
		{"WHY", "reason"},	    {"INSTEAD", "instead"},
	};
	struct subject opened = {.libvirt = NULL};
	vfp_auto(subject) subject = &opened;
	const struct vfp_limit *only;
	struct vfp_answer answer = {.is_allowed = true};
	struct vfp_situation situation;
	struct vfp_print *p;
	int rc = find_operation(ctx->opts[VFP_OPT_OP], &only, err);

	if (rc == 0)
		rc = subject_open(ctx, subject, err);
	if (rc < 0)
		return rc;
	if (subject->domain->saved)
		rc = vfp_domain_read(subject->domain->saved, strlen(subject->domain->saved),
				     &subject->saved, err);
	if (rc < 0)
		return rc;
	situation = (struct vfp_situation){
		.has_vf = has_vf(ctx, subject, subject->dom),
		.has_saved_vf = subject->saved && has_vf(ctx, subject, subject->saved),
		.is_running = subject->domain->live,
		.snapshot_disk = vfp_domain_snapshot_disk(subject->dom),
	};
	p = vfp_print_begin(columns, VFP_N(columns), vfp_ctx_json(ctx));
	for (const struct vfp_limit *limit = vfp_limits; limit->operation; limit++) {
		if (only && limit != only)
			continue;
		answer = vfp_limit_ask(limit, &situation);
		vfp_print_text(p, "%s", limit->operation);
		vfp_print_bool(p, answer.is_allowed);
		vfp_print_text(p, "%s", answer.by);
		vfp_print_text(p, "%s", answer.why);
		vfp_print_text(p, "%s", answer.instead);
	}
	vfp_print_end(p);
	if (only && !answer.is_allowed)
		return vfp_fail(err, EPERM, "%s: %s is refused: %s", subject->domain->name,
				only->operation, answer.why);
	return 0;
}

static int domain_limits(struct vfp_ctx *ctx, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		{"OPERATION", "operation"}, {"VIRSH", "virsh"},		  {"OFF", "off"},
		{"RUNNING", "running"},	    {"REFUSED BY", "refused_by"}, {"WHY", "reason"},
		{"INSTEAD", "instead"},
	};
	static const char *const verdicts[] = {
		[VFP_ALLOWED] = "allowed", [VFP_REFUSED] = "refused", [VFP_IDLE] = ""};
	struct vfp_print *p = vfp_print_begin(columns, VFP_N(columns), vfp_ctx_json(ctx));

	(void)err;
	for (const struct vfp_limit *limit = vfp_limits; limit->operation; limit++) {
		vfp_print_text(p, "%s", limit->operation);
		vfp_print_text(p, "%s", limit->command);
		vfp_print_text(p, "%s", verdicts[limit->off]);
		vfp_print_text(p, "%s", verdicts[limit->running]);
		vfp_print_text(p, "%s", limit->by);
		vfp_print_text(p, "%s", limit->why);
		vfp_print_text(p, "%s", limit->instead);
	}
	vfp_print_end(p);
	return 0;
}

const struct vfp_cmd vfp_cmds_limits[] = {
	{"domain", "check", "DOMAIN [--op OPERATION] [--json] [--connect URI]", 1, 1,
	 VFP_TAKES(OP) | VFP_TAKES(JSON) | VFP_TAKES(CONNECT), 0, domain_check,
	 "What may be done with a domain now, and why the rest may not: ask before you do it."},
	{"domain", "limits", "[--json]", 0, 0, VFP_TAKES(JSON), 0, domain_limits,
	 "The same for any domain that has a VF, off and running."},
	{0},
};
