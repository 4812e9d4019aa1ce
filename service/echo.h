/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a define of ours brought back a domain that somebody had undefined a moment before:
 * libvirt has no define that wants the domain to be there still.  Pure.
 *
 * libvirt's events of one domain come in the order in which things happened, and before the answer
 * to any question that is asked afterwards.  So whoever defines, asks one more question and then
 * hears all that came, knows:
 *
 *	updated				the domain was there
 *	undefined, added		our define made it anew: it is to be undefined again
 *	undefined, added, updated	somebody undefined and defined it, then came ours
 */
#pragma once

#include "pool/pool.h"

enum vfp_echo_event { VFP_ECHO_ADDED, VFP_ECHO_UPDATED, VFP_ECHO_UNDEFINED };

struct vfp_echo {
	struct vfp_owner owner; /* whom we defined; uuid "" nobody */
	bool is_undefined;	/* heard since */
	unsigned int n_added;	/* after that */
};

/* We have defined @owner. */
void vfp_echo_expect(struct vfp_echo *echo, const struct vfp_owner *owner);
void vfp_echo_hear(struct vfp_echo *echo, const char *uuid, enum vfp_echo_event event);
/* When all events are heard.  Whether echo->owner rose; nobody is expected afterwards. */
bool vfp_echo_has_risen(struct vfp_echo *echo);
