/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What wakes the service beside libvirt: signals, the book, the links of the host's network
 * devices, out of the event loop (service/loop.h).
 */
#pragma once

#include "pool/pool.h"

struct vfp_watch;

enum vfp_watch_what {
	VFP_WATCH_END,	   /* SIGTERM or SIGINT */
	VFP_WATCH_BOOK,	   /* it was changed, by us or another */
	VFP_WATCH_MEMBERS, /* the members file was written: a pool was defined */
	VFP_WATCH_LINK,	   /* a network device came, went or changed, its carrier for one */
};
typedef void vfp_watch_handler(void *opaque, enum vfp_watch_what what);

/* The two signals are blocked from then on.  The book must be there. */
int vfp_watch_new(const struct vfp_host *host, vfp_watch_handler *handler, void *opaque,
		  struct vfp_watch **ret, struct vfp_err *err);
void vfp_watch_free(struct vfp_watch *watch); /* NULL is fine */
