/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What `started` costs for a big guest: a process with guest RAM like QEMU's, and the time that
 * vfp_proc_locked() takes for it.
 *
 *	bench-smaps GIB [MAPPINGS [huge]]
 *
 * GIB of memory, MADV_DONTFORK and locked, on pages of the usual size (huge: transparent huge
 * pages), beside MAPPINGS (400) small ones.  Needs that much free memory and no limit on locking.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/proc.h"

#define N_RUNS 5

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *map(size_t size, int flags)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1,
		       0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

int main(int argc, char **argv)
{
	const size_t size = argc > 1 ? strtoull(argv[1], NULL, 10) << 30 : 0;
	const size_t n_small = argc > 2 ? strtoull(argv[2], NULL, 10) : 400;
	const bool is_huge = argc > 3 && !strcmp(argv[3], "huge");
	struct vfp_host host;
	void *ram;

	if (!size || vfp_host_init(&host, "", NULL) < 0) {
		fputs("usage: bench-smaps GIB [MAPPINGS [huge]]\n", stderr);
		return 2;
	}
	/* Of two kinds in turn, or the kernel joins them into one. */
	for (size_t i = 0; i < n_small; i++)
		if (i % 2)
			madvise(map(4096, 0), 4096, MADV_DONTFORK);
		else
			map(4096, 0);
	ram = map(size, 0);
	madvise(ram, size, is_huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	madvise(ram, size, MADV_DONTFORK);
	if (mlock(ram, size) < 0) {
		perror("mlock");
		return 1;
	}
	for (int i = 0; i < N_RUNS; i++) {
		const double start = now();
		struct vfp_locked locked;
		struct vfp_err err;

		if (vfp_proc_locked(&host, getpid(), &locked, &err) < 0) {
			fprintf(stderr, "%s\n", err.msg);
			return 1;
		}
		printf("%.1f ms: %llu MiB of RAM in %zu mappings, %llu MiB locked\n",
		       (now() - start) * 1000, (unsigned long long)locked.guest_kib >> 10,
		       locked.n_guest, (unsigned long long)locked.locked_kib >> 10);
	}
	return 0;
}
