/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which VFs others say that they mean: Nova's [pci] device_spec and Kubernetes' SR-IOV device
 * plugin's selectors.  Text in, questions about one VF out.
 *
 * Sources: nova/pci/devspec.py and nova/pci/whitelist.py (OpenStack 2023.1); the README of
 * k8snetworkplumbingwg/sriov-network-device-plugin.
 */
#pragma once

#include "base/sysfs.h"

/* A VF as selectors see it. */
struct vfp_candidate {
	struct vfp_vf vf; /* pci: where it is, or where it will be when the PF has that many */
	struct vfp_pci pf_pci;
	uint16_t vendor, device; /* the VF's own; 0: not known */
	char driver[VFP_DRIVER_SIZE];
	char netdev[IFNAMSIZ]; /* "" none */
	bool is_present;
};

/* All VFs that the host's PFs have or could have, ordered by PF and index.  The caller frees
 * *ret. */
int vfp_candidates_read(const struct vfp_host *host, struct vfp_candidate **ret, size_t *ret_n,
			struct vfp_err *err);

/* --- Nova ------------------------------------------------------------------------------------- */

enum vfp_managed { VFP_MANAGED_UNSAID, VFP_MANAGED_YES, VFP_MANAGED_NO };

struct vfp_device_spec; /* one JSON object; opaque for its regular expressions */

struct vfp_device_specs {
	struct vfp_device_spec **specs; /* in order: the first that matches a VF has it */
	size_t n;
};

/* Adds those of one value of device_spec or passthrough_whitelist: a JSON object, or a list of
 * them.  @where begins every message, now and later: "FILE:LINE: [pci] device_spec".
 * -EINVAL with what was found and what was expected. */
int vfp_device_specs_add(struct vfp_device_specs *specs, const char *where, const char *value,
			 struct vfp_err *err);
void vfp_device_specs_free(struct vfp_device_specs *specs);

bool vfp_device_spec_match(const struct vfp_device_spec *spec, const struct vfp_candidate *vf);

struct vfp_spec_tags {
	const char *where;
	const char *physnet; /* "" none */
	bool is_trusted, is_remote_managed, can_migrate;
	enum vfp_managed managed;
	const char *unknown; /* a key that is none of Nova's, which Nova takes for a tag; "" none */
};
struct vfp_spec_tags vfp_device_spec_tags(const struct vfp_device_spec *spec);

/* --- Kubernetes ------------------------------------------------------------------------------- */

struct vfp_resource; /* one of resourceList */

struct vfp_resources {
	struct vfp_resource **resources; /* in order: the first that matches a VF has it */
	size_t n;
};

/* The whole config.json.  A selector that says something of a device that we do not know is an
 * error, since leaving it out would select more.  -EINVAL with what was found and expected. */
int vfp_resources_parse(const char *text, struct vfp_resources *ret, struct vfp_err *err);
void vfp_resources_free(struct vfp_resources *resources);
bool vfp_resource_match(const struct vfp_resource *resource, const struct vfp_candidate *vf);
const char *vfp_resource_name(const struct vfp_resource *resource);
