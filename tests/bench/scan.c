/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The scan of a host's VFs beside a plain walk that reads the same files: the PFs' attributes, and
 * of each VF its address, driver, IOMMU group and who else is in that.
 *
 *	scan ROOT ROUNDS
 *
 * prints both medians in ms, each round doing the one and then the other.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sysfs.h"

#define MAX_ROUNDS 1000

static size_t scan(const char *root);
static size_t walk(const char *root);
static double median_ms(double *times, size_t n);

static double timed_ms(size_t (*run)(const char *root), const char *root, size_t *ret_n)
{
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	*ret_n = run(root);
	clock_gettime(CLOCK_MONOTONIC, &to);
	return (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
}

int main(int argc, char **argv)
{
	size_t rounds = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	double scans[MAX_ROUNDS], walks[MAX_ROUNDS];
	size_t n_scanned, n_walked;

	if (rounds < 1 || rounds > MAX_ROUNDS) {
		fprintf(stderr, "usage: scan ROOT ROUNDS\n");
		return 2;
	}
	for (size_t i = 0; i < rounds; i++) {
		walks[i] = timed_ms(walk, argv[1], &n_walked);
		scans[i] = timed_ms(scan, argv[1], &n_scanned);
		if (n_scanned != n_walked) {
			fprintf(stderr, "scan: %zu VFs seen, %zu walked\n", n_scanned, n_walked);
			return 1;
		}
	}
	printf("%.3f\t%.3f\n", median_ms(walks, rounds), median_ms(scans, rounds));
	return 0;
}

static size_t scan(const char *root)
{
	vfp_autofree struct vfp_pf *pfs = NULL;
	struct vfp_groups *groups = NULL;
	struct vfp_host host;
	size_t n = 0, n_pfs;

	if (vfp_host_init(&host, root, NULL) < 0 || vfp_sysfs_pfs(&host, &pfs, &n_pfs, NULL) < 0)
		exit(1);
	/* As pool/inventory.c does. */
	if (n_pfs > 1 && vfp_sysfs_groups(&host, &groups, NULL) < 0)
		exit(1);
	for (size_t i = 0; i < n_pfs; i++) {
		vfp_autofree struct vfp_vfinfo *vfs = NULL;
		size_t n_vfs;

		if (vfp_sysfs_vfs_in(&host, groups, &pfs[i].pci, &vfs, &n_vfs, NULL) < 0)
			exit(1);
		n += n_vfs;
	}
	vfp_groups_free(groups);
	return n;
}

/* --- What anybody would write ----------------------------------------------------------------- */

static void read_link(const char *folder, const char *name)
{
	vfp_autofree char *path = vfp_format("%s%s", folder, name);
	char target[512];

	if (readlink(path, target, sizeof(target)) < 0)
		target[0] = '\0';
}

static void read_file(const char *folder, const char *name)
{
	vfp_autofree char *path = vfp_format("%s/%s", folder, name);
	FILE *file = fopen(path, "re");
	char text[256];

	if (!file)
		return;
	if (!fgets(text, sizeof(text), file))
		text[0] = '\0';
	fclose(file);
}

/* Calls @each, which may be NULL, with every path in a folder, and counts what it returns. */
static size_t for_all(const char *folder, size_t (*each)(const char *path))
{
	DIR *opened = opendir(folder);
	struct dirent *entry;
	size_t n = 0;

	while (opened && (entry = readdir(opened))) {
		vfp_autofree char *path = vfp_format("%s/%s", folder, entry->d_name);

		if (each && entry->d_name[0] != '.')
			n += each(path);
	}
	if (opened)
		closedir(opened);
	return n;
}

static size_t walk_vf(const char *vf)
{
	vfp_autofree char *others = vfp_format("%s/iommu_group/devices", vf);

	if (!strstr(vf, "/virtfn"))
		return 0;
	read_link(vf, "");
	read_link(vf, "/driver");
	read_link(vf, "/iommu_group");
	for_all(others, NULL);
	return 1;
}

static size_t walk_pf(const char *netdev)
{
	static const char *const of_device[] = {"sriov_totalvfs", "sriov_numvfs", "numa_node"};
	static const char *const of_netdev[] = {"carrier", "flags", "mtu", "address"};
	vfp_autofree char *device = vfp_format("%s/device", netdev);

	read_link(netdev, "/device");
	read_link(device, "/driver");
	for (size_t i = 0; i < VFP_N(of_device); i++)
		read_file(device, of_device[i]);
	for (size_t i = 0; i < VFP_N(of_netdev); i++)
		read_file(netdev, of_netdev[i]);
	return for_all(device, walk_vf);
}

static size_t walk(const char *root)
{
	vfp_autofree char *path = vfp_format("%s/sys/class/net", root);

	return for_all(path, walk_pf);
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median_ms(double *times, size_t n)
{
	qsort(times, n, sizeof(*times), compare);
	return times[n / 2];
}
