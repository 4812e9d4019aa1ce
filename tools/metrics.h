/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pool as metrics: Prometheus' text format, version 0.0.4
 * (prometheus.io/docs/instrumenting/exposition_formats).
 *
 * The counters of VFs have the names and labels of sriov-network-metrics-exporter (its README: pf,
 * vf, pciAddr, numa_node), so that its dashboards go on working; what is ours begins with vfpool_.
 * Counters of events are the database's (struct vfp_tally) and never go down.  No line has a time:
 * node_exporter's textfile collector takes none.
 */
#pragma once

#include <stdio.h>

#include "service/check.h"
#include "tools/scene.h"

struct vfp_metrics {
	struct vfp_scene scene; /* with counters */
	struct vfp_lease *leases;
	struct vfp_tally *tallies;
	struct vfp_trouble *troubles;
	struct vfp_diff *diffs; /* between database and host, and libvirt where it was asked */
	size_t n_leases, n_tallies, n_troubles, n_diffs;
};

/* @pool NULL: nothing is defined; the cards are there all the same.  @libvirt may be NULL.  The
 * caller frees with vfp_metrics_free(). */
int vfp_metrics_read(const struct vfp_host *host, struct vfp_pool *pool,
		     struct vfp_libvirt *libvirt, struct vfp_metrics *ret, struct vfp_err *err);
void vfp_metrics_free(struct vfp_metrics *metrics);

/* Pure; the same metrics give the same bytes. */
void vfp_metrics_write(const struct vfp_metrics *metrics, FILE *out);
