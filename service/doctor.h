/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What passing VFs to guests needs of this host: what is there, and what to do about the rest.
 */
#pragma once

#include "pool/pool.h"

enum vfp_health { VFP_PASS, VFP_WARN, VFP_FAIL };
extern const struct vfp_word vfp_health_words[]; /* PASS WARN FAIL */

#define VFP_FINDING_SIZE 400

struct vfp_finding {
	const char *check; /* "iommu" */
	enum vfp_health health;
	char found[VFP_FINDING_SIZE];
	char todo[VFP_FINDING_SIZE]; /* "" of what passed */
};

/* All checks, in the order in which one sets a host up: the first that does not pass is what to do
 * first.  Needs no database.  The caller frees *ret. */
int vfp_doctor(const struct vfp_host *host, struct vfp_finding **ret, size_t *ret_n,
	       struct vfp_err *err);
