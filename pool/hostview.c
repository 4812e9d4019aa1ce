/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host as a binding needs it. */

#include "pool/hostview.h"

#include <stdlib.h>
#include <string.h>

#include "base/settings.h"
#include "pool/book.h"

#define QEMU_OUI 0x525400u

/* Members of one PF, which stand together. */
struct run {
	const struct vfp_member *members;
	size_t n;
	unsigned int n_present;
};

/* A view on its way. */
struct view_making {
	const struct vfp_host *host;
	struct vfp_host_view view;
	struct run *runs; /* of the members */
	size_t n_runs;
};

static void add_mac(struct view_making *making, const struct vfp_mac *mac, const char *dev)
{
	struct vfp_host_mac *added;

	making->view.macs =
		vfp_realloc(making->view.macs, making->view.n_macs + 1, sizeof(*making->view.macs));
	added = &making->view.macs[making->view.n_macs++];
	added->mac = *mac;
	vfp_copy(added->dev, sizeof(added->dev), dev);
}

/* The MAC of a VF's netdev, which it has when a host driver is bound to it. */
static void add_vf_mac(struct view_making *making, const char *dev)
{
	vfp_autofree char *text = NULL;
	char path[VFP_PATH_SIZE];
	struct vfp_mac mac;

	vfp_host_path(making->host, path, "/sys/class/net/%s/address", dev);
	if (vfp_file_read(path, 128, &text, NULL, NULL) < 0)
		return; /* gone meanwhile */
	text[strcspn(text, "\n")] = '\0';
	if (vfp_mac_parse(text, &mac) == 0)
		add_mac(making, &mac, dev);
}

static void add_carried(struct view_making *making, const struct vfp_pf *pf)
{
	vfp_autofree struct vfp_attrs *attrs = NULL;
	size_t n = 0;

	/* A PF with more VFs than the kernel can list: then those MACs are not known, as the
	 * check of the chosen PF will say. */
	if (vfp_book_dump(making->host, pf->dev, false, &attrs, &n, NULL) < 0)
		return;
	making->view.carried = vfp_realloc(making->view.carried, making->view.n_carried + n,
					   sizeof(*making->view.carried));
	for (size_t i = 0; i < n; i++)
		making->view.carried[making->view.n_carried++] = attrs[i].mac;
}

static int read_oui(struct view_making *making, struct vfp_err *err)
{
	struct vfp_settings settings;
	int rc = vfp_settings_read(making->host, &settings, err);

	if (rc == 0 && settings.mac_oui != VFP_SETTING_DEFAULT)
		making->view.oui = (uint32_t)settings.mac_oui;
	return rc;
}

static void find_runs(struct view_making *making)
{
	struct run *run = NULL;

	for (size_t i = 0; i < making->view.n_members; i++) {
		const struct vfp_member *member = &making->view.members[i];

		if (!run || strcmp(member->vf.pf, run->members->vf.pf) != 0) {
			making->runs = vfp_realloc(making->runs, making->n_runs + 1,
						   sizeof(*making->runs));
			run = &making->runs[making->n_runs++];
			*run = (struct run){.members = member};
		}
		run->n++;
		run->n_present += member->is_present;
	}
}

/* The VFs of a PF that are members are read already: false when there are others. */
static bool add_members_macs(struct view_making *making, const struct vfp_pf *pf)
{
	unsigned int n = 0;

	for (size_t i = 0; i < making->n_runs; i++)
		if (!strcmp(making->runs[i].members->vf.pf, pf->dev))
			n += making->runs[i].n_present;
	if (n != pf->num_vfs)
		return false;
	for (size_t i = 0; i < making->n_runs; i++) {
		const struct run *run = &making->runs[i];

		for (size_t k = 0; k < run->n && !strcmp(run->members->vf.pf, pf->dev); k++)
			if (run->members[k].is_present && *run->members[k].info.netdev)
				add_vf_mac(making, run->members[k].info.netdev);
	}
	return true;
}

/* The MACs of a PF and of its VFs. */
static int add_macs(struct view_making *making, const struct vfp_pf *pf, struct vfp_err *err)
{
	vfp_autofree struct vfp_vfinfo *vfs = NULL;
	size_t n = 0;
	int rc;

	add_mac(making, &pf->mac, pf->dev);
	if (add_members_macs(making, pf))
		return 0;
	rc = vfp_sysfs_vfs(making->host, &pf->pci, &vfs, &n, err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (*vfs[i].netdev)
			add_vf_mac(making, vfs[i].netdev);
	return rc;
}

static void free_making(struct view_making *making)
{
	free(making->runs);
	vfp_host_view_clear(&making->view);
}
VFP_DEFINE_AUTO(making, struct view_making *, free_making)

int vfp_host_view_read(struct vfp_pool *pool, bool makes_macs, struct vfp_host_view *ret,
		       struct vfp_err *err)
{
	struct view_making made = {.host = pool->host, .view = {.oui = QEMU_OUI}};
	vfp_auto(making) making = &made;
	struct vfp_host_view *view = &making->view;
	int rc = makes_macs ? read_oui(making, err) : 0;

	if (rc == 0)
		rc = vfp_inventory_host(pool, NULL, false, &view->members, &view->n_members, err);
	if (rc == 0)
		rc = vfp_sysfs_pfs(pool->host, &view->pfs, &view->n_pfs, err);
	find_runs(making);
	for (size_t i = 0; rc == 0 && i < view->n_pfs; i++) {
		rc = add_macs(making, &view->pfs[i], err);
		if (rc == 0 && makes_macs && view->pfs[i].num_vfs)
			add_carried(making, &view->pfs[i]);
	}
	if (rc < 0)
		return rc;
	*ret = *view;
	*view = (struct vfp_host_view){0};
	return 0;
}

void vfp_host_view_clear(struct vfp_host_view *view)
{
	free(view->members);
	free(view->pfs);
	free(view->macs);
	free(view->carried);
	*view = (struct vfp_host_view){0};
}
