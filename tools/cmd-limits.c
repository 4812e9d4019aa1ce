/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool domain check, limits: what may be done with a domain that has a VF. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "service/limits.h"
#include "service/situation.h"
#include "tools/cmd.h"
#include "tools/print.h"

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
	const struct vfp_limit *only;
	struct vfp_answer answer = {.is_allowed = true};
	struct vfp_situation situation;
	struct vfp_owner owner;
	struct vfp_print *p;
	int rc = find_operation(ctx->opts[VFP_OPT_OP], &only, err);

	if (rc == 0)
		rc = vfp_situation_read(&ctx->host, ctx->opts[VFP_OPT_CONNECT], ctx->args[0],
					&situation, &owner, err);
	if (rc < 0)
		return rc;
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
		return vfp_fail(err, EPERM, "%s: %s is refused: %s", owner.name, only->operation,
				answer.why);
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
