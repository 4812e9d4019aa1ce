/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a pool's NICs can do, tried on a free VF. */

#include "pool/trial.h"

#include <string.h>

#include "base/sysfs.h"
#include "pool/book.h"
#include "pool/setup.h"

VFP_DEFINE_AUTO(pooldef, struct vfp_pooldef *, vfp_pooldef_free)

/* The port groups that are worth a try. */
struct list {
	const struct vfp_portgroup **groups;
	size_t n;
};

static void list_groups(struct vfp_pool *pool, const struct vfp_pooldef *def, struct list *list);
static int try_pf(struct vfp_pool *pool, const char *name, const struct vfp_pool_pf *pf,
		  const struct list *list, char **untried, struct vfp_err *err);

int vfp_trial(struct vfp_pool *pool, const struct vfp_pooldef *def, char **ret_untried,
	      struct vfp_err *err)
{
	vfp_autofree const struct vfp_portgroup **groups = NULL;
	vfp_autofree char *untried = vfp_strdup("");
	struct list list = {NULL, 0};
	int rc = 0;

	groups = list.groups = vfp_alloc(def->n_portgroups + 1, sizeof(*list.groups));
	list_groups(pool, def, &list);
	for (size_t i = 0; rc == 0 && list.n && i < def->n_pfs; i++)
		rc = try_pf(pool, def->name, &def->pfs[i], &list, &untried, err);
	if (rc < 0)
		return vfp_fail_in(err, rc, "pool %s", def->name);
	*ret_untried = VFP_TAKE(untried);
	return 0;
}

/* Which VLAN it is makes no difference to a driver, whether there is one and of which kind does. */
static bool is_like(const struct vfp_portgroup *a, const struct vfp_portgroup *b)
{
	struct vfp_attrs one = a->attrs, two = b->attrs;

	one.vlan = one.vlan > 0;
	two.vlan = two.vlan > 0;
	for (enum vfp_attr attr = 0; attr < VFP_N_ATTRS; attr++)
		if (!vfp_attr_equal(attr, &one, &two))
			return false;
	return true;
}

static bool has_all_pfs(const struct vfp_pooldef *former, const struct vfp_pooldef *def)
{
	size_t n = 0;

	for (size_t i = 0; i < def->n_pfs; i++)
		for (size_t j = 0; j < former->n_pfs; j++)
			n += !strcmp(def->pfs[i].dev, former->pfs[j].dev);
	return n == def->n_pfs;
}

static void list_groups(struct vfp_pool *pool, const struct vfp_pooldef *def, struct list *list)
{
	struct vfp_pooldef read = {0};
	vfp_auto(pooldef) former = &read;

	vfp_pool_get(pool, def->name, former, NULL);
	for (size_t i = 0; i < def->n_portgroups; i++) {
		const struct vfp_portgroup *group = &def->portgroups[i];
		bool is_known = is_like(group, &vfp_portgroup_plain);

		/* What a PF that is new to the pool can do is not known by the others. */
		for (size_t j = 0; has_all_pfs(former, def) && j < former->n_portgroups; j++)
			is_known = is_known || is_like(group, &former->portgroups[j]);
		for (size_t j = 0; j < list->n; j++)
			is_known = is_known || is_like(group, list->groups[j]);
		if (!is_known)
			list->groups[list->n++] = group;
	}
}

static bool has_rate(const struct list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (!vfp_attr_equal(VFP_ATTR_RATE, &list->groups[i]->attrs, &vfp_attrs_scrubbed))
			return true;
	return false;
}

static void add_words(char **words, const char *more)
{
	vfp_autofree char *before = *words;

	*words = vfp_format("%s%s%s", before, *before ? "; " : "", more);
}

/* All on one VF, so that it is scrubbed once. */
static int try_vf(struct vfp_pool *pool, const struct vfp_pf *pf, const struct vfp_vf *vf,
		  const struct list *list, struct vfp_err *err)
{
	vfp_autofree struct vfp_portgroup *groups = vfp_alloc(list->n, sizeof(*groups));

	for (size_t i = 0; i < list->n; i++) {
		groups[i] = *list->groups[i];
		groups[i].attrs.known &= ~(1u << VFP_ATTR_MAC);
		/* Drivers that go by the speed of the link refuse every rate without one. */
		if (!pf->has_carrier)
			groups[i].attrs.known &= ~(1u << VFP_ATTR_RATE);
	}
	return vfp_setup_try(pool, vf, groups, list->n, err);
}

static int try_pf(struct vfp_pool *pool, const char *name, const struct vfp_pool_pf *pf,
		  const struct list *list, char **untried, struct vfp_err *err)
{
	vfp_autofree struct vfp_vfinfo *vfs = NULL;
	vfp_autofree char *words = NULL;
	char home[VFP_NAME_SIZE];
	struct vfp_pf device;
	size_t n = 0;

	/* One that is absent is another check's business. */
	if (vfp_sysfs_pf(pool->host, pf->dev, &device, NULL) < 0)
		return 0;
	if (device.num_vfs)
		vfp_sysfs_vfs(pool->host, &device.pci, &vfs, &n, NULL);
	for (size_t i = 0; i < n; i++) {
		struct vfp_vf vf = {.index = vfs[i].index, .pci = vfs[i].pci};
		int rc;

		vfp_copy(vf.pf, sizeof(vf.pf), pf->dev);
		/* Another pool's VF is not ours to try on: vfp_pool_define() will say it. */
		if (!vfp_range_has(pf->vfs, vf.index) ||
		    vfp_book_pool_of(pool, &vf, home, NULL) < 0 ||
		    (*home && strcmp(home, name) != 0))
			continue;
		rc = try_vf(pool, &device, &vf, list, err);
		if (rc == 0 && !device.has_carrier && has_rate(list)) {
			words = vfp_format("rates on %s, which has no link", pf->dev);
			add_words(untried, words);
		}
		if (rc != -EBUSY)
			return rc;
	}
	words = vfp_format("%s, of which no VF is parked and free", pf->dev);
	add_words(untried, words);
	return 0;
}
