/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The netlink door with a PF of many VFs, against the running kernel: for tests/lab/many-vfs.sh.
 *
 *	many-vfs NETDEV N set		gives each of the N VFs attributes of its own, reads all of
 *					them back in one dump and compares
 *	many-vfs NETDEV N read		one dump: the number of VFs, and of those that are as set
 *	many-vfs NETDEV N counters	the same with statistics: how many VFs have any
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/host.h"

/* Those that Ethernet has; InfiniBand's come behind them. */
#define N_ATTRS VFP_ATTR_NODE_GUID

static void fill(unsigned int index, struct vfp_attrs *attrs);
static int set_all(const struct vfp_host *host, const char *dev, unsigned int n,
		   struct vfp_err *err);

int main(int argc, char **argv)
{
	const struct vfp_host host = {.kernel = &vfp_kernel_linux};
	vfp_autofree struct vfp_attrs *attrs = NULL;
	size_t n, seen = 0, n_same = 0, n_counters = 0;
	struct vfp_err err = {0};
	int64_t start;
	int rc = 0;

	if (argc != 4) {
		fputs("usage: many-vfs NETDEV N set|read|counters\n", stderr);
		return 2;
	}
	n = (size_t)atoi(argv[2]);
	attrs = vfp_alloc(n, sizeof(*attrs));
	if (!strcmp(argv[3], "set"))
		rc = set_all(&host, argv[1], (unsigned int)n, &err);
	start = host.kernel->ticks_ms();
	if (rc == 0)
		rc = host.kernel->vf_read(&host, argv[1], !strcmp(argv[3], "counters"), attrs, n,
					  &seen, &err);
	if (rc < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	for (unsigned int i = 0; i < seen; i++) {
		struct vfp_attrs expected;
		bool is_same = true;

		fill(i, &expected);
		for (size_t k = 0; k < N_ATTRS; k++)
			is_same = is_same && attrs[i].known & 1u << k &&
				  vfp_attr_equal((enum vfp_attr)k, &attrs[i], &expected);
		n_same += is_same;
		n_counters += attrs[i].has_counters;
	}
	printf("%zu VFs, %zu as set, %zu with counters, read in %d ms\n", seen, n_same, n_counters,
	       (int)(host.kernel->ticks_ms() - start));
	return 0;
}

/* Values that differ from VF to VF and from what a VF has at first. */
static void fill(unsigned int index, struct vfp_attrs *attrs)
{
	*attrs = (struct vfp_attrs){
		.mac = {{0x52, 0x54, 0, 1, (uint8_t)(index >> 8), (uint8_t)index}},
		.vlan = (uint16_t)(1 + index % 4094),
		.qos = (uint8_t)(index % 8),
		.vlan_proto = index % 2 ? 0x88a8 : 0x8100,
		.spoofchk = index % 2,
		.trust = index % 3 == 0,
		.link_state = (enum vfp_link_state)(index % 3),
		.min_rate_mbps = index,
		.max_rate_mbps = 1000 + index,
	};
}

static int set_all(const struct vfp_host *host, const char *dev, unsigned int n,
		   struct vfp_err *err)
{
	struct vfp_attrs attrs;
	int rc = 0;

	for (unsigned int i = 0; i < n; i++) {
		fill(i, &attrs);
		for (size_t k = 0; rc == 0 && k < N_ATTRS; k++)
			rc = host->kernel->vf_write(host, dev, i, (enum vfp_attr)k, &attrs, err);
	}
	return rc;
}
