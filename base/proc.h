/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processes as /proc shows them, below host->root: who is alive, which QEMU belongs to a domain,
 * who holds a VFIO group, and whether a QEMU's guest memory is locked.
 *
 * A process is known by its pid together with its start time (field 22 of /proc/PID/stat, proc(5)),
 * since pids come round again.
 */
#pragma once

#include <sys/types.h>

#include "base/host.h"

struct vfp_process {
	pid_t pid;	/* 0: none */
	uint64_t start; /* clock ticks since boot */
};

/* -ESRCH: no such process, or a zombie (its memory and devices are given back by then). */
int vfp_proc_get(const struct vfp_host *host, pid_t pid, struct vfp_process *ret,
		 struct vfp_err *err);
/* false also for pid 0. */
bool vfp_proc_alive(const struct vfp_host *host, const struct vfp_process *p);
/* Waits until @p is gone; -ETIMEDOUT when it is not after @timeout_ms. */
int vfp_proc_wait_gone(const struct vfp_host *host, const struct vfp_process *p, int timeout_ms,
		       struct vfp_err *err);

/* A descriptor that becomes readable when @p is gone, pidfd_open(2).  -ESRCH: it is already. */
int vfp_proc_watch(const struct vfp_host *host, const struct vfp_process *p, int *ret_fd,
		   struct vfp_err *err);

/* The QEMU that runs domain @uuid, by "-uuid @uuid" on its command line (libvirt's
 * qemuBuildCommandLine() always writes it); @name's pid file in /run/libvirt/qemu is tried first.
 * -ESRCH: none. */
int vfp_proc_find_qemu(const struct vfp_host *host, const char *uuid, const char *name,
		       struct vfp_process *ret, struct vfp_err *err);

/* The value that variable @name has in the environment of process @pid or of the nearest of its
 * ancestors that has it: what sudo has taken out is still in the shell that called it.  false:
 * none, or it does not fit. */
bool vfp_proc_variable(const struct vfp_host *host, pid_t pid, const char *name, char *buf,
		       size_t size);

/* The first process of that name (its comm); -ESRCH: none. */
int vfp_proc_find(const struct vfp_host *host, const char *comm, struct vfp_process *ret,
		  struct vfp_err *err);

struct vfp_vfio_holder {
	int group;
	struct vfp_process process;
	char domain[VFP_DOMAIN_SIZE]; /* "guest=NAME" of a libvirt QEMU, else the process's comm */
	char uuid[VFP_UUID_SIZE];     /* "" when it is not a libvirt domain */
};

/* Every VFIO group that some process has open, by the links of all /proc/PID/fd.  Needs root to see
 * the processes of others.  Costs a walk over the host's open files: not for the hook's usual way.
 * The caller frees *ret. */
int vfp_proc_vfio_holders(const struct vfp_host *host, struct vfp_vfio_holder **ret, size_t *ret_n,
			  struct vfp_err *err);

struct vfp_locked {
	uint64_t guest_kib;  /* guest-RAM mappings in all; 0: none found, which proves nothing */
	uint64_t locked_kib; /* of those, mlocked ("lo") or hugetlb ("ht") in VmFlags */
	size_t n_guest;	     /* how many there are */
	size_t n_loose;	     /* how many of them are neither */
};

/* Sums the guest-RAM mappings of QEMU @pid by /proc/PID/smaps: all RAM blocks, the small ones too
 * (ROMs, ACPI tables, video memory).  -ESRCH: no such process.  They are the ones marked "dc" in
 * VmFlags: QEMU sets MADV_DONTFORK on every RAM block (system/physmem.c, ram_block_add()) and on
 * nothing else; device memory ("io", "pf") is left out.  VmLck proves nothing: VFIO's pinning counts
 * into it too.
 * The kernel walks the page tables for this: 16 ms for each GiB on pages of 4 KiB (docs/memory). */
int vfp_proc_locked(const struct vfp_host *host, pid_t pid, struct vfp_locked *ret,
		    struct vfp_err *err);
