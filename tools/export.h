/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pool in other people's words: the way back of tools/import.h.
 */
#pragma once

#include <stdio.h>

#include "base/pooldef.h"
#include "tools/selector.h"

struct vfp_export {
	const struct vfp_pooldef *pool;
	/* NULL: the pool's own VFs.  Else all pools of the host: those VFs of the pool's PFs that
	 * none of them has, so that both never have the same. */
	const struct vfp_pooldef *others;
	size_t n_others;
	const struct vfp_candidate *vfs; /* as vfp_candidates_read() has them */
	size_t n;
};

/* Writes it as "nova", "neutron" or "kubernetes" has it.  -EINVAL: @format is none of these, a
 * device's name cannot stand in it, or Neutron is to be told of a pool without physical network;
 * -ENOENT: there is no VF to write. */
int vfp_export_write(const struct vfp_export *export, const char *format, FILE *out,
		     struct vfp_err *err);
