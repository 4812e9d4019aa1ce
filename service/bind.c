/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a definition to its bound form and back. */

#include "service/bind.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "pool/members.h"
#include "xml/domain.h"

VFP_DEFINE_AUTO(domain, struct vfp_domain *, vfp_domain_free)

/* The first QEMU that lets a VF's migration be switched off, and the first that could migrate one
 * unasked (its release notes; 7.2 of Debian 12 knows x-enable-migration alone, and that is off). */
#define QEMU_MIGRATES 8001000

static bool qemu_can_switch(struct vfp_libvirt *libvirt)
{
	return libvirt && vfp_libvirt_qemu_version(libvirt) >= QEMU_MIGRATES;
}

static int wants_of(struct vfp_pool *pool, const struct vfp_domain *dom, struct vfp_want *wants,
		    size_t *nics, size_t *ret_n, struct vfp_err *err);

int vfp_bind(struct vfp_pool *pool, struct vfp_libvirt *libvirt, const char *text, size_t size,
	     const char *uuid, struct vfp_owner *ret_owner, char **ret_text, struct vfp_err *err)
{
	vfp_auto(domain) dom = NULL;
	struct vfp_want wants[VFP_MAX_NICS];
	struct vfp_binding bindings[VFP_MAX_NICS];
	size_t nics[VFP_MAX_NICS], n;
	struct vfp_owner owner = {0};
	char *bound = NULL;
	int rc;

	rc = vfp_domain_read(text, size, &dom, err);
	if (rc < 0)
		return rc;
	rc = wants_of(pool, dom, wants, nics, &n, err);
	if (rc < 0)
		return rc;
	if (!vfp_copy(owner.name, sizeof(owner.name), vfp_domain_name(dom)) || !*owner.name)
		return vfp_fail(err, EINVAL,
				"the domain has no <name>, or one above %zu characters",
				sizeof(owner.name) - 1);
	if (*vfp_domain_uuid(dom))
		uuid = vfp_domain_uuid(dom);
	if (uuid)
		vfp_copy(owner.uuid, sizeof(owner.uuid), uuid);
	else
		vfp_uuid_make(owner.uuid);
	if (n) {
		rc = vfp_pool_bind(pool, &owner, wants, n, vfp_domain_numa_nodes(dom), bindings,
				   err);
		if (rc < 0)
			return vfp_fail_in(err, rc, "%s", owner.name);
		for (size_t i = 0; i < n; i++)
			bindings[i].could_migrate =
				bindings[i].could_migrate && qemu_can_switch(libvirt);
		rc = vfp_domain_rewrite(dom, owner.uuid, bindings, nics, n, &bound, err);
		if (rc < 0)
			return vfp_fail_in(err, rc, "%s", owner.name);
	}
	*ret_owner = owner;
	*ret_text = bound;
	return 0;
}

int vfp_wants_digest(struct vfp_pool *pool, const char *text, char ret[VFP_DIGEST_SIZE],
		     struct vfp_err *err)
{
	vfp_auto(domain) dom = NULL;
	struct vfp_want wants[VFP_MAX_NICS];
	size_t nics[VFP_MAX_NICS], n = 0;
	const struct vfp_nic *all = NULL;
	uint64_t hash = VFP_HASH_START;
	bool is_bound = false;
	char mac[VFP_MAC_SIZE];
	int rc = vfp_domain_read(text, strlen(text), &dom, err);

	if (rc == 0)
		rc = wants_of(pool, dom, wants, nics, &n, err);
	if (rc < 0)
		return rc;
	vfp_domain_nics(dom, &all);
	for (size_t i = 0; i < n; i++) {
		const char *const words[] = {vfp_mac_format(&wants[i].mac, mac), wants[i].pool,
					     wants[i].portgroup};

		is_bound = is_bound || all[nics[i]].kind == VFP_NIC_BOUND;
		for (size_t k = 0; k < VFP_N(words); k++)
			hash = vfp_hash(vfp_hash(hash, words[k]), " ");
	}
	ret[0] = '\0';
	if (n && !is_bound)
		snprintf(ret, VFP_DIGEST_SIZE, "%016" PRIx64, hash);
	return 0;
}

/* The NICs of @dom that are a pool's, and their places in it. */
static int wants_of(struct vfp_pool *pool, const struct vfp_domain *dom, struct vfp_want *wants,
		    size_t *nics, size_t *ret_n, struct vfp_err *err)
{
	struct vfp_members members;
	const struct vfp_nic *all;
	size_t n = 0, n_all = vfp_domain_nics(dom, &all);
	int rc = vfp_members_read(vfp_pool_host(pool), &members, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < n_all; i++) {
		char mac[VFP_MAC_SIZE];

		if (all[i].kind == VFP_NIC_HOSTDEV ||
		    (all[i].kind == VFP_NIC_NETWORK &&
		     !vfp_members_has_pool(&members, all[i].want.pool)))
			continue;
		if (!all[i].has_want)
			rc = vfp_fail(
				err, EINVAL,
				"interface %s has vfpool's alias, but <metadata> does not say which pool it "
				"is in: make it <interface type='network'> again",
				vfp_mac_format(&all[i].want.mac, mac));
		wants[n] = all[i].want;
		nics[n++] = i;
	}
	vfp_members_free(&members);
	*ret_n = n;
	return rc;
}
