/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The event loop, which is libvirt's own: files and timers that call back.
 *
 *	vfp_loop_init(err);			before the connection is opened
 *	vfp_loop_add_file(fd, on_book, daemon, err);
 *	timer = vfp_loop_add_timer(on_work, daemon, err);
 *	vfp_loop_set_timer(timer, 0);		calls back once, after 0 ms
 *	while (!daemon.is_over)
 *		vfp_loop_run_once(err);
 *
 * One per process, one thread.
 */
#pragma once

#include "base/err.h"

typedef void vfp_loop_callback(void *opaque);

int vfp_loop_init(struct vfp_err *err);
/* Calls back whenever @fd, which stays the caller's, is readable or its other end is gone.  Gives a
 * number for vfp_loop_remove_file(), or -errno. */
int vfp_loop_add_file(int fd, vfp_loop_callback *callback, void *opaque, struct vfp_err *err);
void vfp_loop_remove_file(int file);
/* A timer that does not run yet.  Gives its number, or -errno. */
int vfp_loop_add_timer(vfp_loop_callback *callback, void *opaque, struct vfp_err *err);
/* Calls back once in @ms from now; set again before that, the new time counts.  -1 stops it. */
void vfp_loop_set_timer(int timer, int ms);
/* Calls @work beside the loop, in a thread of its own, and then @done out of the loop: for what may
 * take long.  @work shares nothing with the rest but *@opaque. */
int vfp_loop_run_beside(vfp_loop_callback *work, vfp_loop_callback *done, void *opaque,
			struct vfp_err *err);
/* Waits for something to happen and calls back. */
int vfp_loop_run_once(struct vfp_err *err);
