/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes of a PF: the number of its VFs, and parking them. */

#include "pool/pf.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/proc.h"

/* @ret_former: how many VFs there were. */
static int apply(struct vfp_pool *pool, const char *dev, const struct vfp_pf_change *change,
		 unsigned int *ret_former, struct vfp_err *err);
static int check_range(const struct vfp_pf *pf, unsigned int vfs, struct vfp_err *err);
static int check_unused(struct vfp_pool *pool, const struct vfp_pf *pf, struct vfp_err *err);
static int park_all(const struct vfp_host *host, const struct vfp_pf *pf, struct vfp_err *err);

int vfp_pf_set(struct vfp_pool *pool, const char *dev, const struct vfp_pf_change *change,
	       struct vfp_err *err)
{
	unsigned int former;
	int rc = apply(pool, dev, change, &former, err);

	if (rc < 0)
		return rc;
	return vfp_pool_set_wanted(pool, dev, change->vfs, change->park, err);
}

int vfp_pf_restore(struct vfp_pool *pool, const struct vfp_wanted *wanted, int timeout_ms,
		   struct vfp_err *err)
{
	const struct vfp_pf_change change = {wanted->vfs, wanted->park, timeout_ms};
	unsigned int former;
	char text[96];
	int rc = apply(pool, wanted->dev, &change, &former, err);

	if (rc < 0 || former == wanted->vfs)
		return rc;
	snprintf(text, sizeof(text), "PF %s: %u VFs, there were %u", wanted->dev, wanted->vfs,
		 former);
	return vfp_pool_note(pool, "restored", NULL, NULL, NULL, text, err);
}

static int apply(struct vfp_pool *pool, const char *dev, const struct vfp_pf_change *change,
		 unsigned int *ret_former, struct vfp_err *err)
{
	const struct vfp_host *host = vfp_pool_host(pool);
	struct vfp_pf pf;
	int rc;

	rc = vfp_sysfs_pf(host, dev, &pf, err);
	if (rc < 0)
		return rc;
	rc = check_range(&pf, change->vfs, err);
	if (rc < 0)
		return rc;
	if (pf.num_vfs != change->vfs) {
		rc = check_unused(pool, &pf, err);
		if (rc == 0 && pf.num_vfs)
			rc = vfp_sysfs_set_num_vfs(host, &pf, 0, !change->park, change->timeout_ms,
						   err);
		if (rc == 0 && change->vfs)
			rc = vfp_sysfs_set_num_vfs(host, &pf, change->vfs, !change->park,
						   change->timeout_ms, err);
	}
	if (rc == 0 && change->park)
		rc = park_all(host, &pf, err);
	if (rc < 0)
		return rc;
	*ret_former = pf.num_vfs;
	return 0;
}

static int check_range(const struct vfp_pf *pf, unsigned int vfs, struct vfp_err *err)
{
	char pci[VFP_PCI_SIZE];

	vfp_pci_format(&pf->pci, pci);
	if (vfs == 0)
		return 0;
	if (pf->status == VFP_SRIOV_UNSUPPORTED)
		return vfp_fail(
			err, EINVAL,
			"%s (%s, driver %s) does not support SR-IOV: the device has no such capability, or "
			"its driver does not use it",
			pf->dev, pci, *pf->driver ? pf->driver : "none");
	if (pf->total_vfs == 0)
		return vfp_fail(
			err, EINVAL,
			"%s (%s) has no virtual functions to give: SR-IOV is off in its firmware; switch it "
			"on in the machine's setup or with the vendor's tool",
			pf->dev, pci);
	if (vfs > pf->total_vfs)
		return vfp_fail(
			err, ERANGE,
			"requested %u virtual functions for %s (%s), valid range is 1 to %u", vfs,
			pf->dev, pci, pf->total_vfs);
	return 0;
}

/* Leases first: they name domains.  Then whoever else has a VF open. */
static int check_unused(struct vfp_pool *pool, const struct vfp_pf *pf, struct vfp_err *err)
{
	vfp_autofree struct vfp_vfio_holder *holders = NULL;
	vfp_autofree struct vfp_lease *leases = NULL;
	vfp_autofree struct vfp_vfinfo *vfs = NULL;
	size_t n_leases, n_holders, n_vfs;
	char text[300] = "", vf[VFP_VF_SIZE];
	size_t size = 0;
	int rc;

	if (!pf->num_vfs)
		return 0;
	rc = vfp_pool_leases(pool, NULL, &leases, &n_leases, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n_leases && size < sizeof(text); i++)
		if (!strcmp(leases[i].vf.pf, pf->dev))
			size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%s by %s",
						 size ? ", " : "", vfp_vf_format(&leases[i].vf, vf),
						 leases[i].owner.name);
	if (size)
		return vfp_fail(err, EPERM, "cannot change the VFs of %s, they are leased: %s",
				pf->dev, text);

	rc = vfp_sysfs_vfs(vfp_pool_host(pool), &pf->pci, &vfs, &n_vfs, err);
	if (rc == 0)
		rc = vfp_proc_vfio_holders(vfp_pool_host(pool), &holders, &n_holders, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n_vfs; i++)
		for (size_t k = 0; k < n_holders; k++)
			if (vfs[i].iommu_group >= 0 && vfs[i].iommu_group == holders[k].group)
				return vfp_fail(
					err, EPERM,
					"cannot change the VFs of %s: number %u is in use by %s (pid %d), "
					"which did not get it from a pool",
					pf->dev, vfs[i].index, holders[k].domain,
					holders[k].process.pid);
	return 0;
}

static int park_all(const struct vfp_host *host, const struct vfp_pf *pf, struct vfp_err *err)
{
	vfp_autofree struct vfp_vfinfo *vfs = NULL;
	size_t n;
	int rc = vfp_sysfs_vfs(host, &pf->pci, &vfs, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = vfp_sysfs_park(host, &vfs[i].pci, err);
	return rc;
}
