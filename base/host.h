/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The whole outside world as an argument: where the files are, the kernel's doors, the clock.
 *
 * Programs make one with vfp_host_init(); tests hand in a root folder and doors of their own
 * (tests/fake-kernel.h), which can also fail the n-th call.  No other code asks for the time, opens
 * a netlink socket or writes into sysfs.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/vf.h"

struct vfp_host;

/* What a card says of itself beside sysfs.  An empty text: the driver does not tell. */
struct vfp_card {
	struct vfp_mac
		permanent; /* none: it has none.  Bonding and administrators change the other */
	char driver_version[32]; /* of a driver in the kernel's tree: the kernel's own */
	char firmware[32];
};

/* The kernel, as far as vfpool changes it or cannot read it from a file.
 * All return 0 or -errno with words in @err. */
struct vfp_kernel {
	/* Writes @value into the sysfs attribute @path (absolute, without the root).  The kernel's
	 * own errno, -ERANGE and -EBUSY of sriov_numvfs among them, comes back. */
	int (*sysfs_write)(const struct vfp_host *host, const char *path, const char *value,
			   struct vfp_err *err);
	/* Reads the attributes of all VFs of the PF @netdev in one dump.  @attrs has room for @n;
	 * more VFs than that: -ENOBUFS; the message does not hold all of them: -EMSGSIZE.
	 * @with_counters asks for statistics too, which some drivers read from the device; where
	 * the message does not hold those of all VFs it has none (has_counters), and the attributes
	 * alone.  @ret_n: how many there are. */
	int (*vf_read)(const struct vfp_host *host, const char *netdev, bool with_counters,
		       struct vfp_attrs *attrs, size_t n, size_t *ret_n, struct vfp_err *err);
	/* Sets one attribute of VF @index to the value in @attrs. */
	int (*vf_write)(const struct vfp_host *host, const char *netdev, unsigned int index,
			enum vfp_attr attr, const struct vfp_attrs *attrs, struct vfp_err *err);
	/* Whether some process holds VFIO group @group open: -EBUSY is the kernel's answer to a
	 * second open() of /dev/vfio/N (Linux, drivers/vfio/group.c, vfio_group_fops_open()).  A
	 * negative errno means that it could not be found out; a group that does not exist is not
	 * busy. */
	int (*vfio_busy)(const struct vfp_host *host, int group, bool *ret_busy,
			 struct vfp_err *err);
	/* -ENODEV: no such netdev. */
	int (*card_read)(const struct vfp_host *host, const char *netdev, struct vfp_card *ret_card,
			 struct vfp_err *err);
	/* Sets the netdev up, as `ip link set NETDEV up` does. */
	int (*link_up)(const struct vfp_host *host, const char *netdev, struct vfp_err *err);
	/* The netdevs that have a default route, IPv4 or IPv6, in the main table.  More than @n:
	 * the first @n. */
	int (*default_devs)(const struct vfp_host *host, char (*devs)[IFNAMSIZ], size_t n,
			    size_t *ret_n, struct vfp_err *err);
	/* The netdev that has the IP address @address, as text.  -ENOENT: none. */
	int (*address_dev)(const struct vfp_host *host, const char *address, char ret_dev[IFNAMSIZ],
			   struct vfp_err *err);
	/* Loads a kernel module, as modprobe(8) does; a loaded one is fine. */
	int (*module_load)(const struct vfp_host *host, const char *name, struct vfp_err *err);
	int64_t (*now_ms)(void);   /* wall clock, ms since 1970, for people */
	int64_t (*ticks_ms)(void); /* monotonic, ms, for deadlines */
	void (*pause_ms)(int ms);  /* between two looks at something that announces nothing */
};

struct vfp_host {
	char root[256]; /* "" or a folder, without a slash at the end; every path is below it */
	const struct vfp_kernel *kernel;
};

/* The real doors.  The table stands alone in base/kernel.c, so that a test program can be linked
 * with another one of this name (tests/fake-kernel-linux.c). */
extern const struct vfp_kernel vfp_kernel_linux;

/* @root: NULL, "" and "/" mean the real one.  -ENAMETOOLONG, -ENOENT (not a folder). */
int vfp_host_init(struct vfp_host *host, const char *root, struct vfp_err *err);

#define VFP_PATH_SIZE 4096
/* root + formatted path into @buf of VFP_PATH_SIZE bytes; returns @buf.  Aborts when it does not
 * fit: no path of ours is near that. */
char *vfp_host_path(const struct vfp_host *host, char *buf, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define VFP_BOOT_ID_SIZE 37
/* The kernel's /proc/sys/kernel/random/boot_id. */
int vfp_host_boot_id(const struct vfp_host *host, char ret_id[VFP_BOOT_ID_SIZE],
		     struct vfp_err *err);
