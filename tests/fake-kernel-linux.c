/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Linked in place of base/kernel.c and base/netlink.c: a program of ours that takes the fake for
 * the kernel.
 */
#include <string.h>
#include <sys/socket.h>

#include "base/netlink.h"
#include "tests/fake-kernel.h"

const struct vfp_kernel vfp_kernel_linux = FAKE_KERNEL_DOORS;

/* A socket on which nothing is ever said. */
int vfp_netlink_watch(int *ret_fd, struct vfp_err *err)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return vfp_fail(err, errno, "socket: %s", strerror(errno));
	*ret_fd = fd;
	return 0;
}

bool vfp_netlink_watched(int fd)
{
	return false;
}
