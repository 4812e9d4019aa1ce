/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a define of ours met: libvirt has none that wants the domain to be there still, and to be
 * still what it was.  Pure.
 *
 * libvirt's events of one domain come in the order in which things happened, and before the answer
 * to any question that is asked afterwards.  So whoever hears all that came, reads the definition,
 * defines, reads it again and hears all that came, knows by what was heard in between, and when
 * what he reads is his own still:
 *
 *	updated				the domain was there
 *	updated, updated		somebody edited it, then came ours: that edit is lost
 *	undefined, added		our define made it anew: it is to be undefined again
 *	undefined, added, updated	somebody undefined and defined it, then came ours: lost, too
 *
 * When it is not his own any more the last word was somebody else's, and all is well.  An edit that
 * changes nothing counts as one, so "lost" may say too much; it never says too little.
 */
#pragma once

#include "pool/pool.h"

enum vfp_echo_event { VFP_ECHO_ADDED, VFP_ECHO_UPDATED, VFP_ECHO_UNDEFINED };
enum vfp_echo_verdict {
	VFP_ECHO_FINE,
	VFP_ECHO_RISEN, /* from the dead: it is to be undefined again */
	VFP_ECHO_LOST,	/* an edit of somebody else is */
};

struct vfp_echo {
	struct vfp_owner owner; /* whom we define; uuid "" nobody */
	bool is_undefined;	/* heard since */
	unsigned int n_before;	/* added or updated before that */
	unsigned int n_defined; /* the same after it, or since the beginning */
};

/* We are about to define @owner. */
void vfp_echo_expect(struct vfp_echo *echo, const struct vfp_owner *owner);
void vfp_echo_hear(struct vfp_echo *echo, const char *uuid, enum vfp_echo_event event);
/* When all events are heard.  @is_ours: the definition is the one of ours still.  Nobody is
 * expected afterwards. */
enum vfp_echo_verdict vfp_echo_judge(struct vfp_echo *echo, bool is_ours);
