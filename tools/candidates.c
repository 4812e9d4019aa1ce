/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The VFs that the host has and could have, as selectors see them. */

#include <string.h>

#include "base/cleanup.h"
#include "tools/selector.h"

#define DEVICES "/sys/bus/pci/devices/"

/* A VF's routing ID is the PF's plus First VF Offset plus strides (PCIe 6.0, 9.3.3.9). */
static struct vfp_pci pci_of(const struct vfp_pf *pf, unsigned int index, unsigned int offset,
			     unsigned int stride)
{
	const unsigned int id = ((unsigned int)pf->pci.bus << 8 |
				 (unsigned int)pf->pci.device << 3 | pf->pci.function) +
				offset + index * stride;
	struct vfp_pci pci = pf->pci;

	pci.bus = (uint8_t)(id >> 8);
	pci.device = id >> 3 & 0x1f;
	pci.function = id & 7;
	return pci;
}

/* Those that there would be, from @from on. */
static void add_possible(const struct vfp_host *host, const struct vfp_pf *pf, unsigned int from,
			 struct vfp_candidate *to)
{
	char addr[VFP_PCI_SIZE];
	const char *name = vfp_pci_format(&pf->pci, addr);
	const unsigned int offset =
		(unsigned int)vfp_sysfs_number(host, 0, DEVICES "%s/sriov_offset", name);
	const unsigned int stride =
		(unsigned int)vfp_sysfs_number(host, 0, DEVICES "%s/sriov_stride", name);
	const int64_t vendor = vfp_sysfs_number(host, 0, DEVICES "%s/vendor", name);
	char digits[16] = "0x";

	/* This one has no 0x before its digits. */
	vfp_sysfs_line(host, digits + 2, sizeof(digits) - 2, DEVICES "%s/sriov_vf_device", name);
	for (unsigned int i = from; i < pf->total_vfs; i++, to++) {
		*to = (struct vfp_candidate){
			.vf = {.index = i, .pci = pci_of(pf, i, offset, stride)},
			.pf_pci = pf->pci,
			.vendor = (uint16_t)vendor,
			.device = (uint16_t)strtoul(digits, NULL, 16),
		};
		vfp_copy(to->vf.pf, sizeof(to->vf.pf), pf->dev);
	}
}

static void add_present(const struct vfp_host *host, const struct vfp_pf *pf,
			const struct vfp_vfinfo *info, struct vfp_candidate *to)
{
	char addr[VFP_PCI_SIZE];

	vfp_pci_format(&info->pci, addr);
	*to = (struct vfp_candidate){
		.vf = {.index = info->index, .pci = info->pci},
		.pf_pci = pf->pci,
		.vendor = (uint16_t)vfp_sysfs_number(host, 0, DEVICES "%s/vendor", addr),
		.device = (uint16_t)vfp_sysfs_number(host, 0, DEVICES "%s/device", addr),
		.is_present = true,
	};
	vfp_copy(to->vf.pf, sizeof(to->vf.pf), pf->dev);
	vfp_copy(to->driver, sizeof(to->driver), info->driver);
	vfp_copy(to->netdev, sizeof(to->netdev), info->netdev);
}

int vfp_candidates_read(const struct vfp_host *host, struct vfp_candidate **ret, size_t *ret_n,
			struct vfp_err *err)
{
	vfp_autofree struct vfp_candidate *vfs = vfp_alloc(1, sizeof(*vfs));
	vfp_autofree struct vfp_pf *pfs = NULL;
	size_t n_pfs, n = 0;
	int rc = vfp_sysfs_pfs(host, &pfs, &n_pfs, err);

	for (size_t i = 0; rc == 0 && i < n_pfs; i++) {
		vfp_autofree struct vfp_vfinfo *infos = NULL;
		size_t n_present = 0, from;

		if (pfs[i].status == VFP_SRIOV_UNSUPPORTED)
			continue;
		rc = vfp_sysfs_vfs(host, &pfs[i].pci, &infos, &n_present, err);
		if (rc < 0)
			break;
		vfs = vfp_realloc(vfs, n + n_present + pfs[i].total_vfs + 1, sizeof(*vfs));
		for (size_t k = 0; k < n_present; k++)
			add_present(host, &pfs[i], &infos[k], &vfs[n++]);
		from = n_present ? infos[n_present - 1].index + 1 : 0;
		if (from < pfs[i].total_vfs) {
			add_possible(host, &pfs[i], (unsigned int)from, &vfs[n]);
			n += pfs[i].total_vfs - from;
		}
	}
	if (rc < 0)
		return rc;
	*ret = VFP_TAKE(vfs);
	*ret_n = n;
	return 0;
}
