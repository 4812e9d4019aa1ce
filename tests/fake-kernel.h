/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's doors over a fake root folder: what Linux does when somebody writes into sysfs or
 * asks a PF for its VFs' attributes.
 *
 * All its state lies in files below host->root, so that several programs of one test (hook,
 * command, daemon) see the same, and a shell can look and change:
 *
 *	/fake/PF/INDEX
 *		a VF's attributes, "vlan 100" and so on, one a line in the order of
 *		fake_kernel_set(); no file: as scrubbed
 *	/fake/log
 *		every call, one a line: "vf_write ens1f0#3 VLAN 100", "sysfs_write /sys/… 7"
 *	/fake/fail
 *		calls to fail, one a line: "DOOR N ERRNO [WORD]": the Nth call of DOOR from now
 *		(0: every one) whose log line has WORD in it fails with ERRNO, "vf_write 3 EIO"
 *	/fake/card/PCI
 *		what the card at that address says: "mac …", "version …", "firmware …", a line each; no
 *		file: its netdev's MAC, and nothing else
 *	/fake/default-routes
 *		the netdevs that have one, a line each
 *	/fake/addresses
 *		"ADDRESS NETDEV", a line each
 *	/fake/no-modules
 *		while it is there no module can be loaded
 *	/fake/begun/PID
 *		a write into sysfs that is under way; of a program that was killed in it the next
 *		call finishes it
 *	/fake/missing
 *		a number: so many of the VFs that are asked for never appear
 *
 * Behaviour by the PF's driver: "igb" is an Intel 82576 as measured (link state, a minimum rate and
 * 802.1ad are not supported, RSS query and GUIDs not reported); "fakefull" does everything; "fakezero" refuses MAC zero and wants
 * 02:00:00:00:00:00; "fakeblind" reports neither spoof check nor trust.
 */
#pragma once

#include "base/host.h"

extern const struct vfp_kernel fake_kernel;

/* The doors one by one, for tests/fake-kernel-linux.c. */
int fake_sysfs_write(const struct vfp_host *host, const char *path, const char *value,
		     struct vfp_err *err);
int fake_vf_read(const struct vfp_host *host, const char *netdev, bool with_counters,
		 struct vfp_attrs *attrs, size_t n, size_t *ret_n, struct vfp_err *err);
int fake_vf_write(const struct vfp_host *host, const char *netdev, unsigned int index,
		  enum vfp_attr attr, const struct vfp_attrs *attrs, struct vfp_err *err);
int fake_vfio_busy(const struct vfp_host *host, int group, bool *ret_busy, struct vfp_err *err);
int fake_card_read(const struct vfp_host *host, const char *netdev, struct vfp_card *ret_card,
		   struct vfp_err *err);
int fake_link_up(const struct vfp_host *host, const char *netdev, struct vfp_err *err);
int fake_default_devs(const struct vfp_host *host, char (*devs)[IFNAMSIZ], size_t n, size_t *ret_n,
		      struct vfp_err *err);
int fake_address_dev(const struct vfp_host *host, const char *address, char ret_dev[IFNAMSIZ],
		     struct vfp_err *err);
int fake_module_load(const struct vfp_host *host, const char *name, struct vfp_err *err);
int64_t fake_now_ms(void);
int64_t fake_ticks_ms(void);
void fake_pause_ms(int ms);

#define FAKE_KERNEL_DOORS                                                                          \
	{                                                                                          \
		.sysfs_write = fake_sysfs_write, .vf_read = fake_vf_read,                          \
		.vf_write = fake_vf_write, .vfio_busy = fake_vfio_busy,                            \
		.card_read = fake_card_read, .link_up = fake_link_up,                              \
		.default_devs = fake_default_devs, .address_dev = fake_address_dev,                \
		.module_load = fake_module_load, .now_ms = fake_now_ms, .ticks_ms = fake_ticks_ms, \
		.pause_ms = fake_pause_ms,                                                         \
	}

/* The clock runs by itself until it is set; from then on only pause_ms() moves it, and nothing
 * sleeps. */
void fake_clock_set(int64_t now_ms);

/* Adds a line to /fake/fail.  @error: a name, "EIO".  @word: NULL for any call. */
void fake_kernel_fail(const struct vfp_host *host, const char *door, unsigned int n,
		      const char *error, const char *word);
/* How many calls were made whose log line has @word in it; "" for all. */
size_t fake_kernel_calls(const struct vfp_host *host, const char *word);
void fake_kernel_forget_calls(const struct vfp_host *host);

/* Past the doors: not logged, cannot fail. */
void fake_kernel_get(const struct vfp_host *host, const char *netdev, unsigned int index,
		     struct vfp_attrs *ret_attrs);
void fake_kernel_set(const struct vfp_host *host, const char *netdev, unsigned int index,
		     const struct vfp_attrs *attrs);
/* Finishes what a program that was killed had begun to write into sysfs, as Linux would have. */
void fake_kernel_settle(const struct vfp_host *host);
void fake_kernel_set_num_vfs(const struct vfp_host *host, const char *netdev, unsigned int n);
