/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the scene: sysfs, the inventory, and counters over netlink. */

#include "tools/scene.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "pool/choose.h"
#include "pool/inventory.h"

const char *const vfp_cell_words[VFP_N_CELL_STATES] = {
	[VFP_CELL_FREE] = "free",	[VFP_CELL_LEASED] = "leased",
	[VFP_CELL_CLAIMED] = "claimed", [VFP_CELL_HELD] = "held",
	[VFP_CELL_FAULTY] = "faulty",	[VFP_CELL_DIRTY] = "dirty",
	[VFP_CELL_IN_USE] = "in use",	[VFP_CELL_NO_LINK] = "no link",
	[VFP_CELL_UNFIT] = "unfit",	[VFP_CELL_GONE] = "gone",
	[VFP_CELL_NO_POOL] = "no pool",
};

static const enum vfp_cell_state state_of[] = {
	[VFP_FIT] = VFP_CELL_FREE,
	[VFP_UNFIT_PF_GONE] = VFP_CELL_GONE,
	[VFP_UNFIT_VF_GONE] = VFP_CELL_GONE,
	[VFP_UNFIT_LEASED] = VFP_CELL_LEASED,
	[VFP_UNFIT_CLAIMED] = VFP_CELL_CLAIMED,
	[VFP_UNFIT_IN_USE] = VFP_CELL_IN_USE,
	[VFP_UNFIT_HELD] = VFP_CELL_HELD,
	[VFP_UNFIT_FAULTY] = VFP_CELL_FAULTY,
	[VFP_UNFIT_DIRTY] = VFP_CELL_DIRTY,
	[VFP_UNFIT_LINK] = VFP_CELL_NO_LINK,
	[VFP_UNFIT_GROUP] = VFP_CELL_UNFIT,
};

static int add_pf(const struct vfp_host *host, struct vfp_scene *scene, const struct vfp_pf *pf,
		  struct vfp_err *err);
static int add_members(struct vfp_scene *scene, struct vfp_pool *pool, struct vfp_err *err);
static void add_counters(const struct vfp_host *host, struct vfp_scene_pf *pf);
static struct vfp_scene_pf *pf_of(struct vfp_scene *scene, const char *dev);
static struct vfp_cell *cell_of(struct vfp_scene_pf *pf, unsigned int index);

int vfp_scene_read(const struct vfp_host *host, struct vfp_pool *pool, bool with_counters,
		   struct vfp_scene *ret, struct vfp_err *err)
{
	vfp_autofree struct vfp_pf *pfs = NULL;
	struct vfp_scene scene = {
		.time_ms = host->kernel->now_ms(),
		.ticks_ms = host->kernel->ticks_ms(),
	};
	size_t n;
	int rc = vfp_sysfs_pfs(host, &pfs, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++)
		if (pfs[i].status != VFP_SRIOV_UNSUPPORTED)
			rc = add_pf(host, &scene, &pfs[i], err);
	if (rc == 0 && pool)
		rc = add_members(&scene, pool, err);
	if (rc == 0 && pool)
		rc = vfp_pool_list(pool, &scene.pools, &scene.n_pools, err);
	if (rc == 0 && pool)
		rc = vfp_pool_ports(pool, NULL, &scene.ports, &scene.n_ports, err);
	if (rc < 0) {
		vfp_scene_free(&scene);
		return rc;
	}
	for (size_t i = 0; with_counters && i < scene.n_pfs; i++)
		add_counters(host, &scene.pfs[i]);
	*ret = scene;
	return 0;
}

void vfp_scene_free(struct vfp_scene *scene)
{
	for (size_t i = 0; i < scene->n_pfs; i++)
		free(scene->pfs[i].cells);
	for (size_t i = 0; i < scene->n_pools; i++)
		vfp_pooldef_free(&scene->pools[i]);
	free(scene->pfs);
	free(scene->pools);
	free(scene->ports);
	*scene = (struct vfp_scene){0};
}

void vfp_scene_count(const struct vfp_scene *scene, size_t ret_counts[VFP_N_CELL_STATES])
{
	memset(ret_counts, 0, VFP_N_CELL_STATES * sizeof(*ret_counts));
	for (size_t i = 0; i < scene->n_pfs; i++)
		for (size_t k = 0; k < scene->pfs[i].n_cells; k++)
			ret_counts[scene->pfs[i].cells[k].state]++;
}

char *vfp_scene_sum(const size_t counts[VFP_N_CELL_STATES], char *buf, size_t size)
{
	/* What people look for first comes first. */
	static const enum vfp_cell_state order[] = {
		VFP_CELL_LEASED, VFP_CELL_FREE,	   VFP_CELL_IN_USE, VFP_CELL_HELD, VFP_CELL_FAULTY,
		VFP_CELL_DIRTY,	 VFP_CELL_NO_LINK, VFP_CELL_UNFIT,  VFP_CELL_GONE, VFP_CELL_NO_POOL,
	};
	size_t total = 0, used;
	const char *between = ": ";

	for (size_t i = 0; i < VFP_N_CELL_STATES; i++)
		total += counts[i];
	used = (size_t)snprintf(buf, size, "%zu VF%s", total, total == 1 ? "" : "s");
	for (size_t i = 0; i < VFP_N(order) && used < size; i++) {
		if (!counts[order[i]])
			continue;
		used += (size_t)snprintf(buf + used, size - used, "%s%zu %s", between,
					 counts[order[i]], vfp_cell_words[order[i]]);
		between = ", ";
	}
	return buf;
}

const char *vfp_cell_detail(const struct vfp_cell *cell)
{
	const char *colon = strstr(cell->why, ": ");

	return colon ? colon + 2 : cell->why;
}

const struct vfp_cell *vfp_scene_held(const struct vfp_scene *scene, const struct vfp_port *port)
{
	char mac[VFP_MAC_SIZE];

	vfp_mac_format(&port->mac, mac);
	for (size_t i = 0; i < scene->n_pfs; i++)
		for (size_t k = 0; k < scene->pfs[i].n_cells; k++)
			if (!strcmp(scene->pfs[i].cells[k].mac, mac))
				return &scene->pfs[i].cells[k];
	return NULL;
}

static int add_pf(const struct vfp_host *host, struct vfp_scene *scene, const struct vfp_pf *pf,
		  struct vfp_err *err)
{
	vfp_autofree struct vfp_vfinfo *infos = NULL;
	struct vfp_scene_pf *to = pf_of(scene, pf->dev);
	size_t n;
	int rc;

	to->is_present = true;
	to->pf = *pf;
	rc = vfp_sysfs_vfs(host, &pf->pci, &infos, &n, err);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct vfp_cell *cell = cell_of(to, infos[i].index);

		cell->vf.pci = infos[i].pci;
		cell->state = VFP_CELL_NO_POOL;
	}
	return rc;
}

static void cell_fill(struct vfp_cell *cell, const struct vfp_member *member, enum vfp_unfit unfit)
{
	assert(unfit < VFP_N(state_of));
	cell->state = state_of[unfit];
	cell->n_bound = member->n_bound;
	vfp_copy(cell->pool, sizeof(cell->pool), member->pool);
	if (member->is_leased) {
		vfp_copy(cell->holder, sizeof(cell->holder), member->more->lease.owner.name);
		vfp_copy(cell->portgroup, sizeof(cell->portgroup), member->more->lease.portgroup);
		vfp_mac_format(&member->more->lease.mac, cell->mac);
	} else if (member->is_claimed) {
		vfp_copy(cell->holder, sizeof(cell->holder), member->more->claim.owner.name);
		vfp_copy(cell->portgroup, sizeof(cell->portgroup), member->more->claim.portgroup);
		vfp_mac_format(&member->more->claim.mac, cell->mac);
	} else if (member->is_used) {
		vfp_copy(cell->holder, sizeof(cell->holder), member->more->used_by);
	}
	if (cell->state != VFP_CELL_FREE && cell->state != VFP_CELL_LEASED)
		vfp_unfit_format(member, unfit, cell->why, sizeof(cell->why));
}

/* What the pools say of the VFs; those that the host does not have are added. */
static int add_members(struct vfp_scene *scene, struct vfp_pool *pool, struct vfp_err *err)
{
	static const struct vfp_choice anyone = {.uuid = ""};
	vfp_autofree struct vfp_member *members = NULL;
	vfp_autofree enum vfp_unfit *unfit = NULL;
	size_t n;
	int rc = vfp_inventory_read(pool, NULL, true, &members, &n, err);

	if (rc < 0)
		return rc;
	unfit = vfp_alloc(n + 1, sizeof(*unfit));
	vfp_choose(members, n, &anyone, unfit);
	for (size_t i = 0; i < n; i++) {
		struct vfp_cell *cell =
			cell_of(pf_of(scene, members[i].vf.pf), members[i].vf.index);

		cell_fill(cell, &members[i], unfit[i]);
	}
	return 0;
}

static void add_counters(const struct vfp_host *host, struct vfp_scene_pf *pf)
{
	size_t room = pf->pf.num_vfs, n = 0;
	vfp_autofree struct vfp_attrs *attrs = vfp_alloc(room + 1, sizeof(*attrs));

	if (!pf->is_present || !room ||
	    host->kernel->vf_read(host, pf->pf.dev, true, attrs, room, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < pf->n_cells; i++) {
		struct vfp_cell *cell = &pf->cells[i];

		if (cell->vf.index >= n || !attrs[cell->vf.index].has_counters)
			continue;
		cell->has_counters = true;
		cell->counters = attrs[cell->vf.index].counters;
	}
}

/* Added when it is not there yet. */
static struct vfp_scene_pf *pf_of(struct vfp_scene *scene, const char *dev)
{
	for (size_t i = 0; i < scene->n_pfs; i++)
		if (!strcmp(scene->pfs[i].pf.dev, dev))
			return &scene->pfs[i];
	scene->pfs = vfp_realloc(scene->pfs, ++scene->n_pfs, sizeof(*scene->pfs));
	scene->pfs[scene->n_pfs - 1] = (struct vfp_scene_pf){.is_present = false};
	vfp_copy(scene->pfs[scene->n_pfs - 1].pf.dev, IFNAMSIZ, dev);
	return &scene->pfs[scene->n_pfs - 1];
}

static struct vfp_cell *cell_of(struct vfp_scene_pf *pf, unsigned int index)
{
	size_t at = 0;

	while (at < pf->n_cells && pf->cells[at].vf.index < index)
		at++;
	if (at < pf->n_cells && pf->cells[at].vf.index == index)
		return &pf->cells[at];
	pf->cells = vfp_realloc(pf->cells, ++pf->n_cells, sizeof(*pf->cells));
	memmove(&pf->cells[at + 1], &pf->cells[at], (pf->n_cells - 1 - at) * sizeof(*pf->cells));
	pf->cells[at] = (struct vfp_cell){.vf = {.index = index}};
	vfp_copy(pf->cells[at].vf.pf, IFNAMSIZ, pf->pf.dev);
	return &pf->cells[at];
}
