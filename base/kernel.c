/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's doors for real: the table vfp_kernel_linux and those of its functions that need no
 * library.
 */
#include "base/host.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/ethtool.h"
#include "base/netlink.h"

VFP_DEFINE_AUTO(addresses, struct ifaddrs *, freeifaddrs)

static int sysfs_write(const struct vfp_host *host, const char *path, const char *value,
		       struct vfp_err *err);
static int vfio_busy(const struct vfp_host *host, int group, bool *ret_busy, struct vfp_err *err);
static int address_dev(const struct vfp_host *host, const char *address, char ret_dev[IFNAMSIZ],
		       struct vfp_err *err);
static bool has_address(const struct sockaddr *found, int family, const void *bytes);
static int module_load(const struct vfp_host *host, const char *name, struct vfp_err *err);
static int64_t now_ms(void);
static int64_t ticks_ms(void);
static void pause_ms(int ms);
static int64_t clock_ms(clockid_t clock);

const struct vfp_kernel vfp_kernel_linux = {
	.sysfs_write = sysfs_write,
	.vf_read = vfp_netlink_vf_read,
	.vf_write = vfp_netlink_vf_write,
	.vfio_busy = vfio_busy,
	.card_read = vfp_ethtool_card_read,
	.link_up = vfp_netlink_link_up,
	.default_devs = vfp_netlink_default_devs,
	.address_dev = address_dev,
	.module_load = module_load,
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

static int address_dev(const struct vfp_host *host, const char *address, char ret_dev[IFNAMSIZ],
		       struct vfp_err *err)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	const int family = strchr(address, ':') ? AF_INET6 : AF_INET;
	vfp_auto(addresses) all = NULL;

	(void)host;
	if (inet_pton(family, address, bytes) != 1)
		return vfp_fail(err, ENOENT, "%s: this is no IP address", address);
	if (getifaddrs(&all) < 0)
		return vfp_fail(err, errno, "cannot read the addresses of this host: %s",
				strerror(errno));
	for (const struct ifaddrs *one = all; one; one = one->ifa_next)
		if (one->ifa_addr && has_address(one->ifa_addr, family, bytes) &&
		    vfp_copy(ret_dev, IFNAMSIZ, one->ifa_name))
			return 0;
	return vfp_fail(err, ENOENT, "%s: no network device has this address", address);
}

static bool has_address(const struct sockaddr *found, int family, const void *bytes)
{
	struct sockaddr_in6 six;
	struct sockaddr_in four;

	if (found->sa_family != family)
		return false;
	if (family == AF_INET) {
		memcpy(&four, found, sizeof(four));
		return !memcmp(&four.sin_addr, bytes, sizeof(four.sin_addr));
	}
	memcpy(&six, found, sizeof(six));
	return !memcmp(&six.sin6_addr, bytes, sizeof(six.sin6_addr));
}

/* By the program that the kernel itself calls for it, with what it gives that (Linux,
 * kernel/module/kmod.c, call_modprobe()). */
static int module_load(const struct vfp_host *host, const char *name, struct vfp_err *err)
{
	const char *const environment[] = {"HOME=/", "PATH=/sbin:/usr/sbin:/bin:/usr/bin", NULL};
	char program[VFP_PATH_SIZE] = "/sbin/modprobe", path[VFP_PATH_SIZE];
	const char *const arguments[] = {program, "-q", "--", name, NULL};
	vfp_autofree char *text = NULL;
	int rc, status;
	pid_t pid;

	if (vfp_file_read(vfp_host_path(host, path, "/proc/sys/kernel/modprobe"), VFP_PATH_SIZE - 1,
			  &text, NULL, NULL) == 0 &&
	    text[0] == '/') {
		text[strcspn(text, "\n")] = '\0';
		vfp_copy(program, sizeof(program), text);
	}
	rc = posix_spawn(&pid, program, NULL, NULL, (char *const *)arguments,
			 (char *const *)environment);
	if (rc != 0)
		return vfp_fail(err, rc, "module %s: cannot run %s: %s", name, program,
				strerror(rc));
	do
		rc = waitpid(pid, &status, 0);
	while (rc < 0 && errno == EINTR);
	if (rc < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return vfp_fail(err, ENOENT, "module %s: %s could not load it; see: modprobe -v %s",
				name, program, name);
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
