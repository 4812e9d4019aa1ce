/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domains that libvirt could not start at boot (vfp_pool_unstarted()): it tries once, and whose
 * definition was not right then is started when it is.
 */
#pragma once

#include "pool/pool.h"
#include "service/libvirt.h"

struct vfp_autostart;

/* A start is over, which may have changed what others can have. */
typedef void vfp_autostart_done(void *opaque);

/* @uri: libvirt's, NULL the default; kept by the caller. */
struct vfp_autostart *vfp_autostart_new(struct vfp_pool *pool, const char *uri,
					vfp_autostart_done *done, void *opaque);
void vfp_autostart_free(struct vfp_autostart *autostart); /* NULL is fine */
/* There may be some.  vfp_autostart_look() does nothing before that, nor once it has found none. */
void vfp_autostart_expect(struct vfp_autostart *autostart);
/* Starts one that can start now, beside the loop and as long as none is being started: to be called
 * when the book has changed, after everything else. */
void vfp_autostart_look(struct vfp_autostart *autostart, struct vfp_libvirt *libvirt);
