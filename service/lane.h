/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A lane: calls from outside that may take long wait here for their turn, and are done beside the
 * event loop (service/loop.h), each thread with the book open for itself.
 *
 *	vfp_lane_new(host, VFP_POOL_WRITE, 20, 1, 256, &lane, err);
 *							one writer at a time; 256 may wait
 *	vfp_lane_push(lane, work, done, call, err);	-EBUSY: so many wait already
 *
 * @work runs in a thread, and shares nothing with the rest but its opaque; @done follows out of the
 * loop.  Threads are started when there is work for them, and stay.
 *
 * A commit waits for the disk, milliseconds.  So of a lane of writers what waits together is
 * written together, as a group (pool/pool.h), which ends before the first of them is done.
 */
#pragma once

#include "pool/pool.h"
#include "service/loop.h"

struct vfp_lane;

/* @pool NULL: the book cannot be opened or written, in the words of @err; it may be the second time
 * then, and what was done the first time is undone. */
typedef void vfp_lane_work(void *opaque, struct vfp_pool *pool, const struct vfp_err *err);

/* @host: kept as long.  @mode: how the book is opened.  @group_ms: 0: no groups; else
 * how long one may last, of writers all of whose @work does nothing but write the book. */
int vfp_lane_new(const struct vfp_host *host, enum vfp_pool_mode mode, int group_ms,
		 size_t n_threads, size_t room, struct vfp_lane **ret, struct vfp_err *err);
/* What waits is dropped without a word.  A thread that is at work for longer than 5 s is left
 * alone with the lane: the process is about to end.  NULL is fine. */
void vfp_lane_free(struct vfp_lane *lane);
/* -EBUSY: the lane is full. */
int vfp_lane_push(struct vfp_lane *lane, vfp_lane_work *work, vfp_loop_callback *done, void *opaque,
		  struct vfp_err *err);
