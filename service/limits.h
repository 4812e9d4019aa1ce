/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What may be done with a domain that has a VF, who refuses the rest, and what to do instead.
 *
 * One table, pure: the command asks it for a domain (vfpool domain check) and prints all of it
 * (vfpool domain limits), which is what docs/limits has.  tests/lab/operations.sh holds it against
 * what libvirt really does.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum vfp_verdict {
	VFP_ALLOWED,
	VFP_REFUSED,
	VFP_IDLE, /* libvirt does it with running domains only, whoever they are */
};

struct vfp_limit {
	const char *operation; /* as --op takes it */
	const char *command;   /* how virsh spells it */
	enum vfp_verdict off, running;
	const char *by;	     /* who refuses it; "" where nobody does */
	const char *why;     /* one clause; "" for what needs no word */
	const char *instead; /* what to do; "" */
};

/* Closed by a row without operation. */
extern const struct vfp_limit vfp_limits[];

/* NULL: no such operation. */
const struct vfp_limit *vfp_limit_find(const char *operation);

/* A domain as the table sees it. */
struct vfp_situation {
	bool has_vf;		   /* of a pool; of what runs, else of the definition */
	bool is_running;	   /* or paused */
	bool has_saved_vf;	   /* by what managedsave saved, and the next start restores */
	bool has_snapshot_disk;	   /* that a snapshot takes without being named */
};

struct vfp_answer {
	bool is_allowed;
	const char *by, *why, *instead; /* static; "" none */
};

/* What holds for one domain now.  A domain without a VF of a pool is none of our business: all that
 * is not idle is allowed. */
struct vfp_answer vfp_limit_ask(const struct vfp_limit *limit,
				const struct vfp_situation *situation);
