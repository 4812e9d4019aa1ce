/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pools out of other people's configuration, and back: Nova's [pci] device_spec and Neutron's
 * [sriov_nic], by physical network; Kubernetes' device plugin, by resource.
 *
 * What a selection means is a set of VFs of this host, each as (PF, index).  A PF of which all VFs
 * are meant, those too that it could have and has not now, is taken as a whole; of another one
 * those that are there, or, where none is, those that there would be.
 */
#pragma once

#include "base/pooldef.h"
#include "tools/ini.h"
#include "tools/selector.h"

/* What was read; all zero is nothing.  vfp_import_free() gives it back. */
struct vfp_import {
	struct vfp_device_specs specs;
	struct vfp_resources resources;
	/* Neutron's options, those of the last file that has them; NULL none has. */
	char *mappings, *mappings_where, *excludes, *excludes_where;
};

/* Each adds one file's text; @file begins the messages.  -EINVAL with file, line, option, what was
 * found and what was expected. */
int vfp_import_nova(struct vfp_import *import, const char *file, const char *text, size_t size,
		    struct vfp_err *err);
int vfp_import_neutron(struct vfp_import *import, const char *file, const char *text, size_t size,
		       struct vfp_err *err);
int vfp_import_kubernetes(struct vfp_import *import, const char *file, const char *text,
			  size_t size, struct vfp_err *err);
void vfp_import_free(struct vfp_import *import);

struct vfp_imported {
	struct vfp_pooldef *defs;
	size_t n;
	char *notes; /* what is worth knowing, a line each; "" nothing */
};
/* The pools that it makes of these VFs.  The caller frees with vfp_imported_free().
 * -EINVAL: Nova and Neutron say different things of a PF, a PF is of two networks, a name that no
 * pool can have; -ENOENT: a PF that is not there; nothing is selected. */
int vfp_import_pools(const struct vfp_import *import, const struct vfp_candidate *vfs, size_t n,
		     struct vfp_imported *ret, struct vfp_err *err);
void vfp_imported_free(struct vfp_imported *imported);
