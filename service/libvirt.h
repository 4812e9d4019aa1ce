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

/* --- For check, attach and detach ------------------------------------------------------------------ */

struct vfp_libvirt_domain {
	char uuid[VFP_UUID_SIZE], name[VFP_DOMAIN_SIZE];
	char *definition; /* without secrets; NULL: it has none */
	char *live;	  /* NULL: it does not run */
};
/* The domain whose name or UUID @key is; NULL: all.  One that goes away meanwhile is left out.  -ENOENT. */
int vfp_libvirt_domains(struct vfp_libvirt *libvirt, const char *key,
			struct vfp_libvirt_domain **ret, size_t *ret_n, struct vfp_err *err);
void vfp_libvirt_domains_free(struct vfp_libvirt_domain *domains, size_t n);

enum vfp_libvirt_target { VFP_LIBVIRT_LIVE, VFP_LIBVIRT_CONFIG }; /* what runs, or the definition */
int vfp_libvirt_attach(struct vfp_libvirt *libvirt, const char *uuid, const char *device,
		       enum vfp_libvirt_target target, struct vfp_err *err);
int vfp_libvirt_detach(struct vfp_libvirt *libvirt, const char *uuid, const char *device,
		       enum vfp_libvirt_target target, struct vfp_err *err);
/* Takes a device out of what runs and waits until it is gone, which the guest has to agree to: libvirt says so
 * with an event.  @alias: the device's; NULL takes the next one that goes.
 * -ETIMEDOUT: the guest has not let it go in that time, and may still do so; -EPERM: it refused. */
int vfp_libvirt_detach_wait(struct vfp_libvirt *libvirt, const char *uuid, const char *device,
			    const char *alias, int timeout_ms, struct vfp_err *err);
