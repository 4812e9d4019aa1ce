/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether the NICs of a pool can do what its port groups say: found out by doing it, on a VF that
 * nobody has.
 *
 * No table of drivers says it: what a NIC supports goes by driver, its version and the card's
 * firmware, and the kernel has no question for it.  A try is what every start does, on a parked VF,
 * under its lock and with the scrub behind it.  Where no VF is free nothing is known, and a start
 * refuses then what the driver does.
 */
#pragma once

#include "pool/pool.h"

/* Tries those port groups of @def that are new or other than in the pool of that name, one VF of
 * each of its PFs.  The pool need not be defined yet.
 * @ret_untried: the PFs on which nothing could be tried, and rates on those without link, in words;
 * "" none.  The caller frees it.
 * -EOPNOTSUPP: port group, attribute, value and driver, in words. */
int vfp_trial(struct vfp_pool *pool, const struct vfp_pooldef *def, char **ret_untried,
	      struct vfp_err *err);
