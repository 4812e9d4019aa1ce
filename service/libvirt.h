/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The door to libvirt: all that vfpool asks of it.  The only user of libvirt's library; the hook
 * never comes here (hooks/README: a call about the domain that is starting hangs).
 */
#pragma once

#include "pool/pool.h"

struct vfp_libvirt;

/* @uri NULL: qemu:///system.  -ENOTCONN: no daemon answers there. */
int vfp_libvirt_open(const char *uri, struct vfp_libvirt **ret, struct vfp_err *err);
void vfp_libvirt_close(struct vfp_libvirt *libvirt); /* NULL is fine */
/* QEMU's: 1000000 * major + 1000 * minor + release; 0 when libvirt does not say. */
unsigned long vfp_libvirt_qemu_version(struct vfp_libvirt *libvirt);

/* The persistent definition of the domain whose name or UUID @key is, with its secrets (it is to be
 * defined again).  -ENOENT: there is no such domain, or it has no definition.  The caller frees. */
int vfp_libvirt_definition(struct vfp_libvirt *libvirt, const char *key, char **ret_text,
			   struct vfp_err *err);
/* The domain whose name or UUID @key is.  -ENOENT. */
int vfp_libvirt_owner(struct vfp_libvirt *libvirt, const char *key, struct vfp_owner *ret_owner,
		      struct vfp_err *err);
/* Defines; libvirt checks it against its own schema. */
int vfp_libvirt_define(struct vfp_libvirt *libvirt, const char *text, struct vfp_err *err);
/* Waits while the domain is being started or stopped.  One that there is not does not run. */
int vfp_libvirt_is_running(struct vfp_libvirt *libvirt, const char *uuid, bool *ret_is_running,
			   struct vfp_err *err);
/* Whether libvirt starts the domain at boot. */
int vfp_libvirt_is_autostart(struct vfp_libvirt *libvirt, const char *uuid, bool *ret_is,
			     struct vfp_err *err);
/* Starts; 0 also when it runs already.  -EPERM: a hook refused, in the hook's own words. */
int vfp_libvirt_start(struct vfp_libvirt *libvirt, const char *key, struct vfp_err *err);

/* --- For check, attach and detach ----------------------------------------------------------- */

struct vfp_libvirt_domain {
	char uuid[VFP_UUID_SIZE], name[VFP_DOMAIN_SIZE];
	char *definition; /* without secrets; NULL: it has none */
	char *live;	  /* NULL: it does not run */
	char *saved;	  /* what managedsave saved, which the next start restores; NULL: nothing
			   * that can be read */
};
/* The domain whose name or UUID @key is; NULL: all.  One that goes away meanwhile is left out.
 * -ENOENT. */
int vfp_libvirt_domains(struct vfp_libvirt *libvirt, const char *key,
			struct vfp_libvirt_domain **ret, size_t *ret_n, struct vfp_err *err);
void vfp_libvirt_domains_free(struct vfp_libvirt_domain *domains, size_t n);

enum vfp_libvirt_target { VFP_LIBVIRT_LIVE, VFP_LIBVIRT_CONFIG }; /* what runs, or the definition */
int vfp_libvirt_attach(struct vfp_libvirt *libvirt, const char *uuid, const char *device,
		       enum vfp_libvirt_target target, struct vfp_err *err);
int vfp_libvirt_detach(struct vfp_libvirt *libvirt, const char *uuid, const char *device,
		       enum vfp_libvirt_target target, struct vfp_err *err);
/* Takes a device out of what runs and waits until it is gone, which the guest has to agree to:
 * libvirt says so with an event.  A guest that is busy with the slot, or says nothing, is asked
 * again.  @alias: the device's; NULL takes the next one that goes.
 * -ETIMEDOUT: the guest has not let it go in that time, and may still do so; -EPERM: it refused;
 * -EIO: libvirt went away. */
int vfp_libvirt_detach_wait(struct vfp_libvirt *libvirt, const char *uuid, const char *device,
			    const char *alias, int timeout_ms, struct vfp_err *err);
/* --- For the service -------------------------------------------------------------------------- */

/* Defines a text that libvirt wrote itself, with our changes in it.  Without the check against the
 * schema: that takes longer than all else, and what another one defines meanwhile would be
 * overwritten. */
int vfp_libvirt_redefine(struct vfp_libvirt *libvirt, const char *text, struct vfp_err *err);
/* Replaces one interface, known by its MAC, in the definition of domain @uuid; what runs is not
 * touched.
 * -ENOENT: the domain was undefined meanwhile. */
int vfp_libvirt_update(struct vfp_libvirt *libvirt, const char *uuid, const char *interface,
		       struct vfp_err *err);
/* Takes the definition away again; firmware variables stay. */
int vfp_libvirt_undefine(struct vfp_libvirt *libvirt, const char *uuid, struct vfp_err *err);
/* The XML of the domain as it runs.  -ENOENT: it does not.  The caller frees. */
int vfp_libvirt_live(struct vfp_libvirt *libvirt, const char *uuid, char **ret_text,
		     struct vfp_err *err);

enum vfp_libvirt_which { VFP_LIBVIRT_DEFINITIONS, VFP_LIBVIRT_RUNNING };
/* All domains that have a definition, or that run.  The caller frees *ret. */
int vfp_libvirt_list(struct vfp_libvirt *libvirt, enum vfp_libvirt_which which,
		     struct vfp_owner **ret, size_t *ret_n, struct vfp_err *err);

enum vfp_libvirt_what {
	VFP_LIBVIRT_ADDED,   /* it has a definition, and had none */
	VFP_LIBVIRT_DEFINED, /* its definition is another; also after a snapshot's revert */
	VFP_LIBVIRT_UNDEFINED,
	VFP_LIBVIRT_STOPPED, /* after the hook's release */
	VFP_LIBVIRT_DEVICES, /* the running domain got a device, or lost one */
	VFP_LIBVIRT_REBOOTED,
	VFP_LIBVIRT_CLOSED, /* the daemon went away; @owner is empty */
};
typedef void vfp_libvirt_handler(void *opaque, enum vfp_libvirt_what what,
				 const struct vfp_owner *owner);
/* Calls @handler for all that happens from now on, out of the event loop (service/loop.h), which
 * must have been set up before vfp_libvirt_open().  The handler may not call libvirt: it notes what
 * there is to do. */
int vfp_libvirt_watch(struct vfp_libvirt *libvirt, vfp_libvirt_handler *handler, void *opaque,
		      struct vfp_err *err);
