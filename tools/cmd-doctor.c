/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool doctor: what passing VFs to guests needs of this host. */

#include <stdio.h>

#include "base/cleanup.h"
#include "service/doctor.h"
#include "tools/cmd.h"
#include "tools/print.h"

static void print_line(const struct vfp_finding *f)
{
	printf("%s  %-19s  %s\n", vfp_word_of(vfp_health_words, (int)f->health), f->check,
	       f->found);
	if (*f->todo)
		printf("%27s-> %s\n", "", f->todo);
}

/* @first: the check to mend first; NULL none. */
static void print_sum(const size_t *n, const struct vfp_finding *first)
{
	printf("\n%zu passed, %zu warnings, %zu failed\n", n[VFP_PASS], n[VFP_WARN], n[VFP_FAIL]);
	if (first)
		printf("First: %s: %s\n", first->check, first->todo);
}

static int doctor(struct vfp_ctx *ctx, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		{"CHECK", "check"}, {"RESULT", "result"}, {"FOUND", "found"}, {"TO DO", "todo"}};
	vfp_autofree struct vfp_finding *findings = NULL;
	const struct vfp_finding *first = NULL;
	size_t n[VFP_FAIL + 1] = {0}, n_findings = 0;
	struct vfp_print *p;
	int rc = vfp_doctor(&ctx->host, &findings, &n_findings, err);

	if (rc < 0)
		return rc;
	p = vfp_ctx_json(ctx) ? vfp_print_begin(columns, VFP_N(columns), true) : NULL;
	for (size_t i = 0; i < n_findings; i++) {
		const struct vfp_finding *f = &findings[i];

		n[f->health]++;
		/* The first failure; where there is none, the first warning. */
		if (f->health > (first ? first->health : VFP_PASS))
			first = f;
		if (!p) {
			print_line(f);
			continue;
		}
		vfp_print_text(p, "%s", f->check);
		vfp_print_text(p, "%s", vfp_word_of(vfp_health_words, (int)f->health));
		vfp_print_text(p, "%s", f->found);
		vfp_print_text(p, "%s", f->todo);
	}
	if (p)
		vfp_print_end(p);
	else
		print_sum(n, first);
	fflush(stdout); /* before what comes on stderr */
	return n[VFP_FAIL] ? vfp_fail(err, EIO, "%zu of %zu checks failed", n[VFP_FAIL], n_findings)
			   : 0;
}

const struct vfp_cmd vfp_cmds_doctor[] = {
	{"doctor", NULL, "[--json]", 0, 0, VFP_TAKES(JSON), 0, doctor,
	 "What passing VFs to guests needs of this host: what is there, and how to get the rest."},
	{0},
};
