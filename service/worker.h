/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Does the jobs of the queue (service/jobs.h), one at a time and between two events: has
 * service/keeper.h look at the domain, and sees a define through.
 *
 * A define takes rounds of the event loop: one before it, so that all events of before are heard,
 * and two behind it, so that service/echo.h can say what it met.
 */
#pragma once

#include "service/keeper.h"

struct vfp_worker;

/* A job could not be done: book, host and libvirt may disagree, somebody should compare them. */
typedef void vfp_worker_odd(void *opaque);

/* @keeper: stays the caller's, who keeps it as long. */
int vfp_worker_new(const struct vfp_keeper *keeper, vfp_worker_odd *odd, void *opaque,
		   struct vfp_worker **ret, struct vfp_err *err);
void vfp_worker_free(struct vfp_worker *worker); /* NULL is fine */

/* keeper->libvirt answers from now on: what is in the queue is done. */
void vfp_worker_open(struct vfp_worker *worker);
/* It does not any more.  What is on its way is dropped; the queue stays. */
void vfp_worker_close(struct vfp_worker *worker);
bool vfp_worker_is_open(const struct vfp_worker *worker);

/* Something of libvirt's that is about a domain, VFP_LIBVIRT_CLOSED is not. */
void vfp_worker_hear(struct vfp_worker *worker, enum vfp_libvirt_what what,
		     const struct vfp_owner *owner);
/* The domain's definition, the devices of the one that runs, are to be looked at. */
void vfp_worker_settle(struct vfp_worker *worker, const struct vfp_owner *owner);
void vfp_worker_inspect(struct vfp_worker *worker, const struct vfp_owner *owner);
/* The book has changed: a domain that was starting may have started. */
void vfp_worker_unblock(struct vfp_worker *worker);
/* Whether a job is due, or on its way; what can wait comes after it. */
bool vfp_worker_is_busy(const struct vfp_worker *worker);
