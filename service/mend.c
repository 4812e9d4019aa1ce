/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reconcile without an administrator. */

#include "service/mend.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"

static bool is_known(const struct vfp_mend *mend, const struct vfp_diff *diff);
static bool mend_one(struct vfp_pool *pool, struct vfp_libvirt *libvirt,
		     const struct vfp_diff *diff);
static void say(enum vfp_log_level level, const struct vfp_diff *diff, const char *done);

void vfp_mend_clear(struct vfp_mend *mend)
{
	free(VFP_TAKE(mend->known));
	mend->n_known = 0;
}

int vfp_mend(struct vfp_mend *mend, struct vfp_pool *pool, struct vfp_libvirt *libvirt,
	     vfp_mend_settle *settle, void *opaque, size_t *ret_n_left, struct vfp_err *err)
{
	struct vfp_diff *diffs;
	size_t n, n_left = 0;
	bool has_mended = false;
	int rc = vfp_check(pool, libvirt, &diffs, &n, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++) {
		const struct vfp_diff diff = diffs[i];
		const enum vfp_care care = vfp_diff_care(diff.kind);
		const bool is_news = !is_known(mend, &diff);

		if (care == VFP_CARE_SETTLE) {
			settle(opaque, &diff.owner);
			continue;
		}
		if (is_news && care == VFP_CARE_SELF && mend_one(pool, libvirt, &diff)) {
			has_mended = true;
			continue;
		}
		if (is_news && care == VFP_CARE_ADMIN)
			say(VFP_LOG_WARN, &diff, "see: vfpool check");
		diffs[n_left++] = diff;
	}
	vfp_mend_clear(mend);
	mend->known = diffs;
	mend->n_known = n_left;
	*ret_n_left = n_left;
	return has_mended;
}

static bool is_known(const struct vfp_mend *mend, const struct vfp_diff *diff)
{
	for (size_t i = 0; i < mend->n_known; i++)
		if (vfp_diff_equal(&mend->known[i], diff))
			return true;
	return false;
}

static bool mend_one(struct vfp_pool *pool, struct vfp_libvirt *libvirt,
		     const struct vfp_diff *diff)
{
	struct vfp_err err = {0};
	const bool is_done = vfp_check_repair(pool, libvirt, diff, &err) == 0;

	if (is_done)
		say(VFP_LOG_INFO, diff, vfp_repair_word(vfp_diff_repair(diff->kind)));
	else
		say(VFP_LOG_WARN, diff, err.msg);
	return is_done;
}

/* "domain web1: VF ens1f0#3: stale lease: active, and its QEMU is gone: scrub and free" */
static void say(enum vfp_log_level level, const struct vfp_diff *diff, const char *done)
{
	vfp_autofree char *domain = NULL, *vf = NULL;
	char name[VFP_VF_SIZE];

	if (*diff->owner.name)
		domain = vfp_format("domain %s: ", diff->owner.name);
	if (*diff->vf.pf)
		vf = vfp_format("VF %s: ", vfp_vf_format(&diff->vf, name));
	vfp_log(level, "%s%s%s: %s: %s", domain ? domain : "", vf ? vf : "",
		vfp_diff_word(diff->kind), diff->found, done);
}
