/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The scene: what the host looks like at one moment, for those who draw it (vfpool top, vfpool
 * graph).  Every PF with SR-IOV, its VFs as cells with who has them, the pools, the ports.
 *
 * A plain value: what draws it needs no host, and a test makes one by hand.
 */
#pragma once

#include "base/pooldef.h"
#include "base/sysfs.h"
#include "pool/pool.h"

enum vfp_cell_state {
	VFP_CELL_FREE,
	VFP_CELL_LEASED,
	VFP_CELL_CLAIMED,
	VFP_CELL_HELD,
	VFP_CELL_FAULTY,
	VFP_CELL_DIRTY,
	VFP_CELL_IN_USE,  /* by others than the pool's domains */
	VFP_CELL_NO_LINK, /* free, but its PF has no link */
	VFP_CELL_UNFIT,	  /* shares its IOMMU group */
	VFP_CELL_GONE,	  /* a pool has it, the host does not */
	VFP_CELL_NO_POOL,
	VFP_N_CELL_STATES
};

struct vfp_cell {
	struct vfp_vf vf;
	enum vfp_cell_state state;
	char pool[VFP_NAME_SIZE];      /* "" none */
	char portgroup[VFP_NAME_SIZE]; /* "" unless leased */
	char holder[VFP_DOMAIN_SIZE];  /* "" nobody */
	char mac[VFP_MAC_SIZE];	       /* of the lease, else "" */
	char why[320];		       /* why nobody can have it; "" when free or leased */
	unsigned int n_bound;	       /* definitions that point at it */
	bool has_counters;
	struct vfp_counters counters;
};

struct vfp_scene_pf {
	bool is_present; /* false: a pool names it and the host does not have it; only dev counts */
	struct vfp_pf pf;
	struct vfp_cell *cells; /* by index */
	size_t n_cells;
};

struct vfp_scene {
	int64_t time_ms;	  /* of the wall, for people */
	int64_t ticks_ms;	  /* for rates */
	struct vfp_scene_pf *pfs; /* by PCI address, those that are gone last */
	size_t n_pfs;
	struct vfp_pooldef *pools;
	size_t n_pools;
	struct vfp_port *ports;
	size_t n_ports;
};

/* "free", "leased" … as vf list says it. */
extern const char *const vfp_cell_words[VFP_N_CELL_STATES];

/* @pool NULL: nothing is defined.  Counters are left out where a driver does not give them.  The
 * caller frees with vfp_scene_free(). */
int vfp_scene_read(const struct vfp_host *host, struct vfp_pool *pool, bool with_counters,
		   struct vfp_scene *ret, struct vfp_err *err);
void vfp_scene_free(struct vfp_scene *scene); /* of all zero, too */

/* How many VFs of the scene are in each state. */
void vfp_scene_count(const struct vfp_scene *scene, size_t ret_counts[VFP_N_CELL_STATES]);
/* "14 VFs: 3 leased, 11 free", into @buf; returns it. */
char *vfp_scene_sum(const size_t counts[VFP_N_CELL_STATES], char *buf, size_t size);
/* Of "held for the host: X" the X, since the state is said already; else all of why. */
const char *vfp_cell_detail(const struct vfp_cell *cell);
/* The VF that a port holds; NULL: its domain does not run. */
const struct vfp_cell *vfp_scene_held(const struct vfp_scene *scene, const struct vfp_port *port);
