/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The queue of the service: domains whose definition is to be settled, or whose devices are to be
 * inspected.  A domain is in it once, whatever happens to it meanwhile.  Pure.
 *
 *	due	is taken next, the oldest first
 *	late	it met something that passes by itself: waits, each time twice as long
 *	blocked	its domain starts just now: waits until the book changes, or for a while
 *
 * Times are those of vfp_kernel.ticks_ms.  All that are late become due together.
 */
#pragma once

#include "pool/pool.h"

struct vfp_job {
	struct vfp_owner owner;
	int64_t since_ms;     /* when it came in */
	bool settle, inspect; /* what is to be done; whoever adds a job says so */
	bool is_known;	      /* libvirt knew the domain */
	unsigned int n_tries; /* that met something */
	bool is_late;
	bool is_blocked; /* and late */
};

/* Zeroed at first. */
struct vfp_jobs {
	struct vfp_job *list; /* oldest first */
	size_t n;
	int64_t retry_at_ms; /* 0: none is late */
};

/* Gives the domain's job, a new one where it has none; it is due.  Good until the next call. */
struct vfp_job *vfp_jobs_add(struct vfp_jobs *jobs, const struct vfp_owner *owner, int64_t now_ms);
/* The first job that is due, out of the queue.  False: there is none. */
bool vfp_jobs_take(struct vfp_jobs *jobs, struct vfp_job *ret_job);
bool vfp_jobs_has_due(const struct vfp_jobs *jobs);
/* Puts back a job that was taken and could not be done; what came in for its domain meanwhile is
 * done with it.  Being blocked is no try.
 * False: it was tried too often, and is dropped. */
bool vfp_jobs_put_back(struct vfp_jobs *jobs, const struct vfp_job *job, bool is_blocked,
		       int64_t now_ms);
/* How long until vfp_jobs_retry() is to be called; -1: none is late. */
int vfp_jobs_wait_ms(const struct vfp_jobs *jobs, int64_t now_ms);
/* All that are late are due. */
void vfp_jobs_retry(struct vfp_jobs *jobs);
/* All that are blocked are due.  Whether there was one. */
bool vfp_jobs_unblock(struct vfp_jobs *jobs);
void vfp_jobs_clear(struct vfp_jobs *jobs);
