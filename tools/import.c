/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which pools other people's configuration means. */

#include "tools/import.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

#define NAMELESS "nova" /* the pool of Nova's VFs without a physical network */
#define NOBODY	 SIZE_MAX

/* A pool that comes into being. */
struct share {
	char name[VFP_NAME_SIZE], physnet[VFP_NAME_SIZE];
	bool is_trusted;
	enum vfp_managed managed;
};

struct mapping {
	char physnet[VFP_NAME_SIZE], dev[IFNAMSIZ];
};

struct exclude {
	char dev[IFNAMSIZ];
	struct vfp_pci pci;
};

struct work {
	const struct vfp_import *import;
	const struct vfp_candidate *vfs;
	size_t n;
	size_t *owners; /* of each VF the number of its share, or NOBODY */
	struct share *shares;
	size_t n_shares;
	struct mapping *mappings;
	struct exclude *excludes;
	size_t n_mappings, n_excludes;
	char *notes;
};

static int read_list(struct work *work, const char *list, const char *where,
		     int (*read_one)(struct work *work, char *text, struct vfp_err *err),
		     struct vfp_err *err);
static int read_mapping(struct work *work, char *text, struct vfp_err *err);
static int read_exclude(struct work *work, char *text, struct vfp_err *err);
static int share_by_nova(struct work *work, struct vfp_err *err);
static int share_by_neutron(struct work *work, struct vfp_err *err);
static int share_by_kubernetes(struct work *work, struct vfp_err *err);
static int make_def(const struct work *work, size_t share, struct vfp_pooldef *ret,
		    struct vfp_err *err);
static void free_work(struct work *work);
VFP_DEFINE_AUTO(work, struct work *, free_work)
static void note(struct work *work, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* --- Reading files ---------------------------------------------------------------------------- */

/* Reads the option's values, those of each of @names in turn, and gives them to @take. */
struct option {
	const char *section, *key;
};

static int take_values(const struct vfp_ini *ini, const char *file, const struct option *option,
		       struct vfp_import *import,
		       int (*take)(struct vfp_import *import, const char *where, const char *value,
				   struct vfp_err *err),
		       struct vfp_err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ini->n; i++) {
		const struct vfp_ini_value *value = &ini->values[i];
		vfp_autofree char *expanded = NULL;
		vfp_autofree char *where =
			vfp_format("%s:%u: [%s] %s", file, value->line, value->section, value->key);

		if (!vfp_ini_is(value, option->section, option->key))
			continue;
		rc = vfp_ini_expand(value->value, &expanded, err);
		if (rc < 0)
			return vfp_fail_in(err, rc, "%s", where);
		rc = take(import, where, expanded, err);
	}
	return rc;
}

static int take_spec(struct vfp_import *import, const char *where, const char *value,
		     struct vfp_err *err)
{
	return vfp_device_specs_add(&import->specs, where, value, err);
}

static int take_mappings(struct vfp_import *import, const char *where, const char *value,
			 struct vfp_err *err)
{
	(void)err;
	free(import->mappings);
	free(import->mappings_where);
	import->mappings = vfp_strdup(value);
	import->mappings_where = vfp_strdup(where);
	return 0;
}

static int take_excludes(struct vfp_import *import, const char *where, const char *value,
			 struct vfp_err *err)
{
	(void)err;
	free(import->excludes);
	free(import->excludes_where);
	import->excludes = vfp_strdup(value);
	import->excludes_where = vfp_strdup(where);
	return 0;
}

VFP_DEFINE_AUTO(ini, struct vfp_ini *, vfp_ini_free)

int vfp_import_nova(struct vfp_import *import, const char *file, const char *text, size_t size,
		    struct vfp_err *err)
{
	/* oslo.config puts the values of an option's former names before those of its present. */
	static const struct option options[] = {
		{"DEFAULT", "pci_passthrough_whitelist"},
		{"pci", "passthrough_whitelist"},
		{"pci", "device_spec"},
	};
	struct vfp_ini read = {0};
	vfp_auto(ini) ini = &read;
	int rc = vfp_ini_parse(text, size, ini, err);

	if (rc < 0)
		return vfp_fail_in(err, rc, "%s", file);
	for (size_t i = 0; rc == 0 && i < VFP_N(options); i++)
		rc = take_values(ini, file, &options[i], import, take_spec, err);
	return rc;
}

int vfp_import_neutron(struct vfp_import *import, const char *file, const char *text, size_t size,
		       struct vfp_err *err)
{
	static const struct option mappings = {"sriov_nic", "physical_device_mappings"},
				   excludes = {"sriov_nic", "exclude_devices"};
	struct vfp_ini read = {0};
	vfp_auto(ini) ini = &read;
	int rc = vfp_ini_parse(text, size, ini, err);

	if (rc < 0)
		return vfp_fail_in(err, rc, "%s", file);
	rc = take_values(ini, file, &mappings, import, take_mappings, err);
	if (rc == 0)
		rc = take_values(ini, file, &excludes, import, take_excludes, err);
	return rc;
}

int vfp_import_kubernetes(struct vfp_import *import, const char *file, const char *text,
			  size_t size, struct vfp_err *err)
{
	int rc = strlen(text) == size
			 ? 0
			 : vfp_fail(err, EINVAL, "not a text: it has a byte 0 at offset %zu",
				    strlen(text));

	if (rc == 0 && import->resources.n)
		rc = vfp_fail(err, EINVAL, "one configuration of the device plugin at a time");
	if (rc == 0)
		rc = vfp_resources_parse(text, &import->resources, err);
	return rc < 0 ? vfp_fail_in(err, rc, "%s", file) : 0;
}

void vfp_import_free(struct vfp_import *import)
{
	vfp_device_specs_free(&import->specs);
	vfp_resources_free(&import->resources);
	free(import->mappings);
	free(import->mappings_where);
	free(import->excludes);
	free(import->excludes_where);
	*import = (struct vfp_import){.mappings = NULL};
}

/* --- Pools ------------------------------------------------------------------------------------ */

int vfp_import_pools(const struct vfp_import *import, const struct vfp_candidate *vfs, size_t n,
		     struct vfp_imported *ret, struct vfp_err *err)
{
	struct work own = {.import = import,
			   .vfs = vfs,
			   .n = n,
			   .owners = vfp_alloc(n + 1, sizeof(size_t)),
			   .notes = vfp_strdup("")};
	vfp_auto(work) work = &own;
	struct vfp_imported imported = {.n = 0};
	int rc = read_list(work, import->mappings, import->mappings_where, read_mapping, err);

	for (size_t i = 0; i < n; i++)
		work->owners[i] = NOBODY;
	if (rc == 0)
		rc = read_list(work, import->excludes, import->excludes_where, read_exclude, err);
	if (rc == 0 && import->specs.n)
		rc = share_by_nova(work, err);
	else if (rc == 0)
		rc = share_by_neutron(work, err);
	if (rc == 0)
		rc = share_by_kubernetes(work, err);
	if (rc == 0 && !work->n_shares)
		rc = vfp_fail(err, ENOENT, "no VF of this host is selected%s%s",
			      *work->notes ? ": " : "", work->notes);
	imported.defs = vfp_alloc(work->n_shares + 1, sizeof(*imported.defs));
	for (size_t i = 0; rc == 0 && i < work->n_shares; i++) {
		struct vfp_pooldef *def = &imported.defs[imported.n];

		rc = make_def(work, i, def, err);
		if (rc == 0 && !def->n_pfs) {
			note(work, "pool %s: none of its VFs is there; see: vfpool pf enable",
			     def->name);
			vfp_pooldef_free(def);
		} else if (rc == 0) {
			imported.n++;
		}
	}
	imported.notes = VFP_TAKE(work->notes);
	if (rc < 0) {
		vfp_imported_free(&imported);
		return rc;
	}
	*ret = imported;
	return 0;
}

void vfp_imported_free(struct vfp_imported *imported)
{
	for (size_t i = 0; i < imported->n; i++)
		vfp_pooldef_free(&imported->defs[i]);
	free(imported->defs);
	free(imported->notes);
	*imported = (struct vfp_imported){.n = 0};
}

static void free_work(struct work *work)
{
	free(work->owners);
	free(work->shares);
	free(work->mappings);
	free(work->excludes);
	free(work->notes);
}

static void note(struct work *work, const char *fmt, ...)
{
	vfp_autofree char *before = work->notes, *line = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&line, fmt, args) < 0)
		abort();
	va_end(args);
	work->notes = vfp_format("%s%s\n", before, line);
}

static bool has_pf(const struct work *work, const char *dev)
{
	for (size_t i = 0; i < work->n; i++)
		if (!strcmp(work->vfs[i].vf.pf, dev))
			return true;
	return false;
}

/* Takes blanks off both ends, in place. */
static char *strip(char *text)
{
	size_t size;

	text += strspn(text, " \t\n\r");
	size = strlen(text);
	while (size && strchr(" \t\n\r", text[size - 1]))
		text[--size] = '\0';
	return text;
}

static int read_mapping(struct work *work, char *text, struct vfp_err *err)
{
	char *colon = strchr(text, ':');
	struct mapping mapping;
	const char *dev, *physnet;

	if (!colon || strchr(colon + 1, ':'))
		return vfp_fail(err, EINVAL,
				"'%s' was found, physical_network:device was expected, for example "
				"physnet1:ens1f0",
				text);
	*colon = '\0';
	physnet = strip(text);
	dev = strip(colon + 1);
	if (!*physnet || !*dev)
		return vfp_fail(err, EINVAL, "'%s:%s' lacks the %s", physnet, dev,
				*physnet ? "device" : "physical network");
	if (!vfp_copy(mapping.physnet, sizeof(mapping.physnet), physnet) ||
	    vfp_name_check("pool", physnet, err) < 0)
		return vfp_fail(
			err, EINVAL,
			"physical network '%s': a pool cannot have that name (at most 63 of A-Z a-z "
			"0-9 . _ -)",
			physnet);
	if (!vfp_copy(mapping.dev, sizeof(mapping.dev), dev) || !has_pf(work, dev))
		return vfp_fail(err, ENOENT,
				"PF %s: is not on this host, or has no SR-IOV; see: vfpool pf list",
				dev);
	for (size_t i = 0; i < work->n_mappings; i++)
		if (!strcmp(work->mappings[i].dev, mapping.dev) &&
		    strcmp(work->mappings[i].physnet, mapping.physnet) != 0)
			return vfp_fail(
				err, EINVAL,
				"PF %s is of two physical networks, %s and %s: a VF can be in "
				"one pool only",
				dev, work->mappings[i].physnet, physnet);
	work->mappings = vfp_realloc(work->mappings, work->n_mappings + 1, sizeof(mapping));
	work->mappings[work->n_mappings++] = mapping;
	return 0;
}

static const struct mapping *mapping_of(const struct work *work, const char *dev)
{
	for (size_t i = 0; i < work->n_mappings; i++)
		if (!strcmp(work->mappings[i].dev, dev))
			return &work->mappings[i];
	return NULL;
}

/* "ens1f0:0000:01:10.2;0000:01:10.4" */
static int read_exclude(struct work *work, char *text, struct vfp_err *err)
{
	char *colon = strchr(text, ':'), *rest;
	struct exclude exclude;

	if (!colon)
		return vfp_fail(err, EINVAL,
				"'%s' was found, device:VF;VF was expected, for example "
				"ens1f0:0000:01:10.2",
				text);
	*colon = '\0';
	rest = colon + 1;
	if (!vfp_copy(exclude.dev, sizeof(exclude.dev), strip(text)) ||
	    !mapping_of(work, exclude.dev))
		return vfp_fail(err, EINVAL, "PF %s is not in physical_device_mappings",
				strip(text));
	for (char *part = strsep(&rest, ";"); part; part = strsep(&rest, ";")) {
		const char *pci = strip(part);
		bool is_known = false;

		if (!*pci)
			continue;
		if (vfp_pci_parse(pci, &exclude.pci) < 0)
			return vfp_fail(err, EINVAL,
					"PF %s: '%s' is no PCI address, expected for example "
					"0000:01:10.2",
					exclude.dev, pci);
		for (size_t i = 0; i < work->n; i++)
			is_known =
				is_known || (!vfp_pci_compare(&work->vfs[i].vf.pci, &exclude.pci) &&
					     !strcmp(work->vfs[i].vf.pf, exclude.dev));
		if (!is_known)
			note(work, "%s: %s is no VF of PF %s, nothing is left out for it",
			     work->import->excludes_where, pci, exclude.dev);
		work->excludes = vfp_realloc(work->excludes, work->n_excludes + 1, sizeof(exclude));
		work->excludes[work->n_excludes++] = exclude;
	}
	return 0;
}

/* An option that is a list with commas; NULL: it was not there.  @where: for errors. */
static int read_list(struct work *work, const char *list, const char *where,
		     int (*read_one)(struct work *work, char *text, struct vfp_err *err),
		     struct vfp_err *err)
{
	vfp_autofree char *text = vfp_strdup(list ? list : "");
	char *rest = text;
	int rc = 0;

	for (char *part = strsep(&rest, ","); rc == 0 && part; part = strsep(&rest, ","))
		if (*strip(part))
			rc = read_one(work, strip(part), err);
	return rc < 0 ? vfp_fail_in(err, rc, "%s", where) : 0;
}

static bool is_excluded(const struct work *work, const struct vfp_candidate *vf)
{
	for (size_t i = 0; i < work->n_excludes; i++)
		if (!strcmp(work->excludes[i].dev, vf->vf.pf) &&
		    !vfp_pci_compare(&work->excludes[i].pci, &vf->vf.pci))
			return true;
	return false;
}

/* The share of that name, made when it is not there yet. */
static size_t share_of(struct work *work, const char *name, const char *physnet)
{
	struct share share = {.managed = VFP_MANAGED_UNSAID};

	for (size_t i = 0; i < work->n_shares; i++)
		if (!strcmp(work->shares[i].name, name))
			return i;
	vfp_copy(share.name, sizeof(share.name), name);
	vfp_copy(share.physnet, sizeof(share.physnet), physnet);
	work->shares = vfp_realloc(work->shares, work->n_shares + 1, sizeof(share));
	work->shares[work->n_shares] = share;
	return work->n_shares++;
}

static int join_share(struct work *work, size_t at, const struct vfp_spec_tags *tags,
		      struct vfp_err *err)
{
	const char *physnet = tags->physnet, *name = *physnet ? physnet : NAMELESS;
	struct share *share;

	if (vfp_name_check("pool", name, err) < 0)
		return vfp_fail(
			err, EINVAL,
			"%s: physical network '%s': a pool cannot have that name (at most 63 of "
			"A-Z a-z 0-9 . _ -)",
			tags->where, physnet);
	work->owners[at] = share_of(work, name, physnet);
	share = &work->shares[work->owners[at]];
	share->is_trusted = share->is_trusted || tags->is_trusted;
	if (tags->managed == VFP_MANAGED_UNSAID)
		return 0;
	if (share->managed != VFP_MANAGED_UNSAID && share->managed != tags->managed)
		return vfp_fail(
			err, EINVAL,
			"%s: physical network %s has VFs with managed=yes and with managed=no: a "
			"pool parks all of its VFs or none",
			tags->where, name);
	share->managed = tags->managed;
	return 0;
}

static int share_one_by_nova(struct work *work, size_t at, const struct vfp_spec_tags *tags,
			     struct vfp_err *err)
{
	const struct vfp_candidate *vf = &work->vfs[at];
	const struct mapping *mapping = mapping_of(work, vf->vf.pf);

	if (tags->is_remote_managed || is_excluded(work, vf))
		return 0;
	if (work->import->mappings && !mapping)
		return 0;
	if (mapping && *tags->physnet && strcmp(mapping->physnet, tags->physnet) != 0)
		return vfp_fail(err, EINVAL, "PF %s: %s says %s, and %s says %s: make them agree",
				vf->vf.pf, tags->where, tags->physnet, work->import->mappings_where,
				mapping->physnet);
	return join_share(work, at, tags, err);
}

static void note_spec(struct work *work, const struct vfp_spec_tags *tags, size_t n_matched)
{
	if (!n_matched)
		note(work, "%s: selects no VF of this host that is not selected before",
		     tags->where);
	if (tags->is_remote_managed)
		note(work, "%s: left out, since a DPU sets these VFs up (remote_managed)",
		     tags->where);
	if (tags->can_migrate)
		note(work, "%s: live_migratable is not taken over; see: vfpool domain limits",
		     tags->where);
	if (*tags->unknown)
		note(work, "%s: key '%s' is none that is known; Nova takes it for a tag",
		     tags->where, tags->unknown);
}

static void note_unmapped(struct work *work)
{
	for (size_t i = 0; i < work->n; i++) {
		const char *dev = work->vfs[i].vf.pf;

		if (work->vfs[i].vf.index || mapping_of(work, dev) || !work->import->mappings)
			continue;
		for (size_t k = 0; k < work->import->specs.n; k++)
			if (vfp_device_spec_match(work->import->specs.specs[k], &work->vfs[i])) {
				note(work,
				     "PF %s is not in Neutron's physical_device_mappings: left out",
				     dev);
				break;
			}
	}
}

static int share_by_nova(struct work *work, struct vfp_err *err)
{
	const struct vfp_device_specs *specs = &work->import->specs;
	vfp_autofree bool *is_done = vfp_alloc(work->n + 1, sizeof(*is_done));
	int rc = 0;

	for (size_t k = 0; rc == 0 && k < specs->n; k++) {
		const struct vfp_spec_tags tags = vfp_device_spec_tags(specs->specs[k]);
		size_t n_matched = 0;

		for (size_t i = 0; rc == 0 && i < work->n; i++) {
			if (is_done[i] || !vfp_device_spec_match(specs->specs[k], &work->vfs[i]))
				continue;
			is_done[i] = true;
			n_matched++;
			rc = share_one_by_nova(work, i, &tags, err);
		}
		if (rc == 0)
			note_spec(work, &tags, n_matched);
	}
	if (rc == 0)
		note_unmapped(work);
	return rc;
}

static int share_by_neutron(struct work *work, struct vfp_err *err)
{
	(void)err;
	for (size_t i = 0; i < work->n; i++) {
		const struct mapping *mapping = mapping_of(work, work->vfs[i].vf.pf);

		if (mapping && !is_excluded(work, &work->vfs[i]))
			work->owners[i] = share_of(work, mapping->physnet, mapping->physnet);
	}
	return 0;
}

static int share_by_kubernetes(struct work *work, struct vfp_err *err)
{
	const struct vfp_resources *resources = &work->import->resources;

	for (size_t k = 0; k < resources->n; k++) {
		const char *name = vfp_resource_name(resources->resources[k]);
		size_t n_matched = 0;

		for (size_t i = 0; i < work->n; i++) {
			if (!vfp_resource_match(resources->resources[k], &work->vfs[i]))
				continue;
			n_matched++;
			if (work->owners[i] == NOBODY)
				work->owners[i] = share_of(work, name, "");
			else if (strcmp(work->shares[work->owners[i]].physnet, "") != 0)
				return vfp_fail(err, EEXIST,
						"VF %s#%u is selected by OpenStack (%s) and by "
						"Kubernetes (%s)",
						work->vfs[i].vf.pf, work->vfs[i].vf.index,
						work->shares[work->owners[i]].name, name);
		}
		if (!n_matched)
			note(work, "resource %s: selects no VF of this host", name);
	}
	return 0;
}

/* --- Definitions ------------------------------------------------------------------------------ */

/* The VFs of the PF whose first is at @at, up to @end, that are share @share's. */
static int add_pf(const struct work *work, size_t share, size_t at, size_t end,
		  struct vfp_pooldef *def, struct vfp_err *err)
{
	size_t n_selected = 0, n_present = 0;
	vfp_autofree char *range = vfp_alloc((end - at) * 8 + 1, 1);
	struct vfp_pool_pf *pf;
	char *to = range;
	int rc = 0;

	for (size_t i = at; i < end; i++) {
		n_selected += work->owners[i] == share;
		n_present += work->vfs[i].is_present;
	}
	if (!n_selected)
		return 0;
	if (def->n_pfs == VFP_POOL_MAX_PFS)
		return vfp_fail(err, EINVAL, "more than %d PFs", VFP_POOL_MAX_PFS);
	pf = &def->pfs[def->n_pfs];
	for (size_t i = at; i < end; i++)
		if (work->owners[i] == share && (work->vfs[i].is_present || !n_present))
			to += snprintf(to, 8, "%s%u", to == range ? "" : ",",
				       work->vfs[i].vf.index);
	if (n_selected < end - at)
		rc = vfp_range_parse(range, pf->vfs, err);
	if (rc < 0 || (n_selected < end - at && !*range))
		return rc;
	vfp_copy(pf->dev, sizeof(pf->dev), work->vfs[at].vf.pf);
	def->n_pfs++;
	return 0;
}

static int make_def(const struct work *work, size_t share, struct vfp_pooldef *ret,
		    struct vfp_err *err)
{
	const struct share *from = &work->shares[share];
	struct vfp_pooldef def = {.park = from->managed != VFP_MANAGED_YES};
	int rc = 0;

	vfp_copy(def.name, sizeof(def.name), from->name);
	vfp_copy(def.physnet, sizeof(def.physnet), from->physnet);
	for (size_t at = 0, end; rc == 0 && at < work->n; at = end) {
		for (end = at + 1;
		     end < work->n && !strcmp(work->vfs[end].vf.pf, work->vfs[at].vf.pf);)
			end++;
		rc = add_pf(work, share, at, end, &def, err);
	}
	if (rc < 0)
		return vfp_fail_in(err, rc, "pool %s", def.name);
	def.n_portgroups = from->is_trusted ? 2 : 1;
	def.portgroups = vfp_alloc(def.n_portgroups, sizeof(*def.portgroups));
	for (size_t i = 0; i < def.n_portgroups; i++)
		def.portgroups[i] = vfp_portgroup_plain;
	if (from->is_trusted) {
		vfp_copy(def.portgroups[1].name, VFP_NAME_SIZE, "trusted");
		def.portgroups[1].is_default = false;
		def.portgroups[1].attrs.trust = true;
	}
	*ret = def;
	return 0;
}
