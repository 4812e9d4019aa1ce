/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A domain as the table of what may be done sees it. */

#include "service/situation.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/sysfs.h"
#include "pool/members.h"
#include "service/libvirt.h"
#include "xml/domain.h"

/* A domain as libvirt has it. */
struct subject {
	struct vfp_libvirt *libvirt;
	struct vfp_libvirt_domain *domain; /* one */
	size_t n;
	struct vfp_domain *dom;	  /* what runs, else the definition */
	struct vfp_domain *saved; /* by managedsave; NULL: nothing */
	struct vfp_members members;
};

static void subject_close(struct subject *subject)
{
	vfp_members_free(&subject->members);
	vfp_domain_free(subject->dom);
	vfp_domain_free(subject->saved);
	vfp_libvirt_domains_free(subject->domain, subject->n);
	vfp_libvirt_close(subject->libvirt);
}
VFP_DEFINE_AUTO(subject, struct subject *, subject_close)

static int subject_open(const struct vfp_host *host, const char *uri, const char *key,
			struct subject *subject, struct vfp_err *err)
{
	const char *text;
	int rc = vfp_members_read(host, &subject->members, err);

	if (rc == 0)
		rc = vfp_libvirt_open(uri, &subject->libvirt, err);
	if (rc == 0)
		rc = vfp_libvirt_domains(subject->libvirt, key, &subject->domain, &subject->n, err);
	if (rc < 0)
		return rc;
	if (!subject->n)
		return vfp_fail(err, ENOENT, "domain %s is gone", key);
	text = subject->domain->live ? subject->domain->live : subject->domain->definition;
	if (!text)
		return vfp_fail(err, ENOENT, "domain %s is gone", key);
	return vfp_domain_read(text, strlen(text), &subject->dom, err);
}

/* Needs no database: the members file tells what is a pool's. */
static bool has_vf(const struct vfp_host *host, const struct subject *subject,
		   const struct vfp_domain *dom)
{
	const struct vfp_nic *nics;
	size_t n = vfp_domain_nics(dom, &nics);

	for (size_t i = 0; i < n; i++) {
		struct vfp_vf vf;
		struct vfp_pci pf;

		if (nics[i].kind == VFP_NIC_BOUND ||
		    (nics[i].kind == VFP_NIC_NETWORK &&
		     vfp_members_has_pool(&subject->members, nics[i].want.pool)) ||
		    (nics[i].kind == VFP_NIC_HOSTDEV &&
		     vfp_sysfs_whose_vf(host, &nics[i].pci, &vf, &pf, NULL) == 0 &&
		     vfp_members_pool_of(&subject->members, &vf, &pf)))
			return true;
	}
	return false;
}

int vfp_situation_read(const struct vfp_host *host, const char *uri, const char *key,
		       struct vfp_situation *ret, struct vfp_owner *ret_owner, struct vfp_err *err)
{
	struct subject opened = {.libvirt = NULL};
	vfp_auto(subject) subject = &opened;
	const char *saved;
	int rc = subject_open(host, uri, key, subject, err);

	saved = rc == 0 ? subject->domain->saved : NULL;
	if (saved)
		rc = vfp_domain_read(saved, strlen(saved), &subject->saved, err);
	if (rc < 0)
		return rc;
	*ret = (struct vfp_situation){
		.has_vf = has_vf(host, subject, subject->dom),
		.has_saved_vf = subject->saved && has_vf(host, subject, subject->saved),
		.is_running = subject->domain->live,
		.has_snapshot_disk = vfp_domain_snapshot_disk(subject->dom),
	};
	vfp_copy(ret_owner->uuid, sizeof(ret_owner->uuid), subject->domain->uuid);
	vfp_copy(ret_owner->name, sizeof(ret_owner->name), subject->domain->name);
	return 0;
}
