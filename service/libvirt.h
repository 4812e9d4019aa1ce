/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The door to libvirt: all that vfpool asks of it.  The only user of libvirt's library; the hook
 * never comes here (hooks/README: a call about the domain that is starting hangs).
 */
#pragma once

#include "base/vf.h"

struct vfp_libvirt;

/* @uri NULL: qemu:///system.  -ENOTCONN: no daemon answers there. */
int vfp_libvirt_open(const char *uri, struct vfp_libvirt **ret, struct vfp_err *err);
void vfp_libvirt_close(struct vfp_libvirt *libvirt); /* NULL is fine */

/* The persistent definition of the domain whose name or UUID @key is, with its secrets (it is to be
 * defined again).  -ENOENT: there is no such domain, or it has no definition.  The caller frees. */
int vfp_libvirt_definition(struct vfp_libvirt *libvirt, const char *key, char **ret_text,
			   struct vfp_err *err);
/* Defines; libvirt checks it against its own schema. */
int vfp_libvirt_define(struct vfp_libvirt *libvirt, const char *text, struct vfp_err *err);
/* Starts; 0 also when it runs already.  -EPERM: a hook refused, in the hook's own words. */
int vfp_libvirt_start(struct vfp_libvirt *libvirt, const char *key, struct vfp_err *err);
