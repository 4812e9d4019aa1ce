/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The attributes that a PF keeps for its VFs, a link's being up and the default routes, over
 * rtnetlink (rtnetlink(7), linux/if_link.h, linux/rtnetlink.h).
 *
 * The doors of struct vfp_kernel that base/kernel.c puts into its table; all others go through
 * host->kernel.  Each call is one request on a socket of its own, answered within 5 s or given up.
 * A driver that is busy for a moment after a reset is asked again within that time.
 */
#pragma once

#include "base/host.h"

/* See vf_read and vf_write in base/host.h.  -ETIMEDOUT: no answer; -EBUSY and -EAGAIN: the driver
 * was still busy after 5 s.  Other errors are the kernel's or the driver's own. */
int vfp_netlink_vf_read(const struct vfp_host *host, const char *netdev, bool with_counters,
			struct vfp_attrs *attrs, size_t n, size_t *ret_n, struct vfp_err *err);
int vfp_netlink_vf_write(const struct vfp_host *host, const char *netdev, unsigned int index,
			 enum vfp_attr attr, const struct vfp_attrs *attrs, struct vfp_err *err);

/* See link_up and default_devs in base/host.h.  A route of more than one way counts with each. */
int vfp_netlink_link_up(const struct vfp_host *host, const char *netdev, struct vfp_err *err);
int vfp_netlink_default_devs(const struct vfp_host *host, char (*devs)[IFNAMSIZ], size_t n,
			     size_t *ret_n, struct vfp_err *err);

/* A socket, readable whenever a network device of the host appears, goes or changes, its link for
 * one.  The caller closes *ret_fd. */
int vfp_netlink_watch(int *ret_fd, struct vfp_err *err);
/* Empties it.  Whether there was anything; what has changed is to be looked up. */
bool vfp_netlink_watched(int fd);

/* The pure halves of the two, for tests: an RTM_NEWLINK message of @size bytes into values, and the
 * RTM_SETLINK message that sets one attribute, without sequence number; the caller frees
 * *ret_message. */
int vfp_netlink_parse(const void *message, size_t size, const char *netdev, struct vfp_attrs *attrs,
		      size_t n, size_t *ret_n, struct vfp_err *err);
int vfp_netlink_build(const char *netdev, unsigned int index, enum vfp_attr attr,
		      const struct vfp_attrs *attrs, void **ret_message, size_t *ret_size,
		      struct vfp_err *err);
