/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one way in which a definition that libvirt has gets its VFs, and loses them: the service, the
 * command and the repairs go it alike.
 *
 *	look	reads the definition, asks the pool, and makes of it what it is to be
 *	define	reads it again, and defines when both readings agree
 *
 * libvirt cannot compare and define in one: an edit by another client between the second reading
 * and the define is lost.  Who hears libvirt's events learns of it (service/echo.h).  Where a VF
 * alone changes, look writes it itself, by virDomainUpdateDeviceFlags(CONFIG): by that nothing else
 * of the definition can be lost.
 *
 * A definition that cannot be bound stays as its author wrote it.
 */
#pragma once

#include "pool/pool.h"
#include "service/libvirt.h"

enum vfp_rebound {
	VFP_REBOUND_RIGHT, /* it is as it is to be; also when no NIC of it is a pool's */
	VFP_REBOUND_GONE,  /* libvirt has no definition of it */
	VFP_REBOUND_ALONE, /* it is left alone: vfp_unbind() */
};

/* One definition on its way.  Set pool, libvirt and owner; vfp_rebind_clear() frees the rest. */
struct vfp_rebind {
	struct vfp_pool *pool;
	struct vfp_libvirt *libvirt;
	struct vfp_owner owner; /* the name as the definition has it, once that is read */
	enum vfp_rebound found;
	char moved[256]; /* what look has moved, in words; "" nothing */
	char *text;	 /* as libvirt has it */
	char *bound;	 /* as it is to be; NULL: there is nothing to define */
	bool is_leaving; /* no NIC of it is a pool's any more */
};

/* 1: vfp_rebind_define() is to follow; 0: rebind->found says why not.
 * -EAGAIN: the definition changes faster than it is bound; the errors of vfp_bind(). */
int vfp_rebind_look(struct vfp_rebind *rebind, struct vfp_err *err);
/* -EAGAIN: the definition is another by now, to be looked at again. */
int vfp_rebind_define(struct vfp_rebind *rebind, struct vfp_err *err);
/* Whether libvirt's definition is the one of vfp_rebind_define() still: nobody has written another
 * since. */
bool vfp_rebind_is_ours(const struct vfp_rebind *rebind);
void vfp_rebind_clear(struct vfp_rebind *rebind);

/* Both, until the definition of the domain whose name or UUID @key is, is right.  One that was left
 * alone is so no more.  When no NIC of it is in a pool any more, what a rewrite had put in goes,
 * and its ports end.
 * @ret_owner: NULL, or room for it.  -ENOENT: no such domain, or it has no definition. */
int vfp_rebind(struct vfp_pool *pool, struct vfp_libvirt *libvirt, const char *key,
	       struct vfp_owner *ret_owner, struct vfp_err *err);

/* Binds a text that its author hands in, and defines it: an edit like any other.  When libvirt
 * refuses it the ports are again those of the definition that libvirt has, or gone.
 * @uuid: for a text without one; NULL makes one up.  @ret_is_bound: false: no NIC of it is a
 * pool's. */
int vfp_define(struct vfp_pool *pool, struct vfp_libvirt *libvirt, const char *text,
	       const char *uuid, struct vfp_owner *ret_owner, bool *ret_is_bound,
	       struct vfp_err *err);

/* Makes the definition again what it was before it was bound; then its ports end.  It is left alone
 * from then on, until vfp_rebind() or vfp_define(), or until somebody edits what its NICs ask of a
 * pool.
 * -ENOENT: nothing of ours is in it; -EBUSY: it runs. */
int vfp_unbind(struct vfp_pool *pool, struct vfp_libvirt *libvirt, const char *key,
	       struct vfp_err *err);
