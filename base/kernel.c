/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's doors for real: the table vfp_kernel_linux and those of its functions that need no
 * library.
 */
#include "base/host.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/netlink.h"

static int sysfs_write(const struct vfp_host *host, const char *path, const char *value,
		       struct vfp_err *err);
static int vfio_busy(const struct vfp_host *host, int group, bool *ret_busy, struct vfp_err *err);
static int64_t now_ms(void);
static int64_t ticks_ms(void);
static void pause_ms(int ms);
static int64_t clock_ms(clockid_t clock);

const struct vfp_kernel vfp_kernel_linux = {
	.sysfs_write = sysfs_write,
	.vf_read = vfp_netlink_vf_read,
	.vf_write = vfp_netlink_vf_write,
	.vfio_busy = vfio_busy,
	.now_ms = now_ms,
	.ticks_ms = ticks_ms,
	.pause_ms = pause_ms,
};

/* An attribute takes its value in one write(); a second one would be a second value. */
static int sysfs_write(const struct vfp_host *host, const char *path, const char *value,
		       struct vfp_err *err)
{
	char full[VFP_PATH_SIZE];
	vfp_autoclose int fd = -1;
	ssize_t done;

	fd = open(vfp_host_path(host, full, "%s", path), O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return vfp_fail(err, errno, "%s: cannot open it for writing: %s", full,
				strerror(errno));
	do
		done = write(fd, value, strlen(value));
	while (done < 0 && errno == EINTR);
	if (done < 0)
		return vfp_fail(err, errno, "%s: cannot write '%s': %s", full, value,
				strerror(errno));
	if ((size_t)done != strlen(value))
		return vfp_fail(err, EIO, "%s: the kernel took %zd bytes of '%s'", full, done,
				value);
	return 0;
}

static int vfio_busy(const struct vfp_host *host, int group, bool *ret_busy, struct vfp_err *err)
{
	char path[VFP_PATH_SIZE];
	vfp_autoclose int fd = -1;

	fd = open(vfp_host_path(host, path, "/dev/vfio/%d", group), O_RDWR | O_CLOEXEC);
	if (fd < 0 && errno != EBUSY && errno != ENOENT)
		return vfp_fail(err, errno, "%s: cannot see whether it is in use: %s", path,
				strerror(errno));
	*ret_busy = fd < 0 && errno == EBUSY;
	return 0;
}

static int64_t now_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

static int64_t ticks_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

static void pause_ms(int ms)
{
	struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static int64_t clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
