/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes a pool's VFs as Nova, Neutron and Kubernetes name them. */

#include "tools/export.h"

#include <string.h>

#include "base/cleanup.h"

static const struct vfp_pool_pf *pf_of(const struct vfp_pooldef *pool, const char *dev)
{
	for (size_t i = 0; i < pool->n_pfs; i++)
		if (!strcmp(pool->pfs[i].dev, dev))
			return &pool->pfs[i];
	return NULL;
}

static bool has(const struct vfp_pooldef *pool, const struct vfp_vf *vf)
{
	const struct vfp_pool_pf *pf = pf_of(pool, vf->pf);

	return pf && vfp_range_has(pf->vfs, vf->index);
}

static bool is_meant(const struct vfp_export *export, const struct vfp_vf *vf)
{
	if (!pf_of(export->pool, vf->pf))
		return false;
	if (!export->others)
		return has(export->pool, vf);
	for (size_t i = 0; i < export->n_others; i++)
		if (has(&export->others[i], vf))
			return false;
	return true;
}

/* Whether all VFs of the PF are meant, those too that it could have. */
static bool is_whole(const struct vfp_export *export, const char *dev)
{
	for (size_t i = 0; i < export->n; i++)
		if (!strcmp(export->vfs[i].vf.pf, dev) && !is_meant(export, &export->vfs[i].vf))
			return false;
	return true;
}

static bool can_be_given(const struct vfp_export *export, const struct vfp_candidate *vf)
{
	return vf->is_present && is_meant(export, &vf->vf);
}

/* Within Nova's and Neutron's lists and JSON's quotes these are signs. */
static int check_names(const struct vfp_pooldef *pool, struct vfp_err *err)
{
	for (size_t i = 0; i < pool->n_pfs; i++)
		if (strpbrk(pool->pfs[i].dev, "\"\\,;:$"))
			return vfp_fail(
				err, EINVAL,
				"PF %s: a name with one of \" \\ , ; : $ cannot be written there",
				pool->pfs[i].dev);
	return 0;
}

/* --- Nova ------------------------------------------------------------------------------------- */

static void write_spec(const struct vfp_pooldef *pool, const char *key, const char *value,
		       FILE *out)
{
	bool is_trusted = false;

	for (size_t i = 0; i < pool->n_portgroups; i++)
		is_trusted = is_trusted || pool->portgroups[i].attrs.trust;
	fprintf(out, "device_spec = {\"%s\": \"%s\"", key, value);
	if (*pool->physnet)
		fprintf(out, ", \"physical_network\": \"%s\"", pool->physnet);
	fprintf(out, "%s}\n", is_trusted ? ", \"trusted\": \"true\"" : "");
}

static int write_nova(const struct vfp_export *export, FILE *out, struct vfp_err *err)
{
	char pci[VFP_PCI_SIZE];

	(void)err;
	fputs("[pci]\n", out);
	for (size_t i = 0; i < export->pool->n_pfs; i++) {
		const char *dev = export->pool->pfs[i].dev;

		if (is_whole(export, dev)) {
			write_spec(export->pool, "devname", dev, out);
			continue;
		}
		for (size_t k = 0; k < export->n; k++)
			if (!strcmp(export->vfs[k].vf.pf, dev) &&
			    can_be_given(export, &export->vfs[k]))
				write_spec(export->pool, "address",
					   vfp_pci_format(&export->vfs[k].vf.pci, pci), out);
	}
	return 0;
}

/* --- Neutron ---------------------------------------------------------------------------------- */

static int write_neutron(const struct vfp_export *export, FILE *out, struct vfp_err *err)
{
	const struct vfp_pooldef *pool = export->pool;
	const char *between = "exclude_devices = ";

	if (!*pool->physnet)
		return vfp_fail(err, EINVAL,
				"pool %s: has no <physicalNetwork>, by which Neutron goes",
				pool->name);
	fputs("[sriov_nic]\nphysical_device_mappings = ", out);
	for (size_t i = 0; i < pool->n_pfs; i++)
		fprintf(out, "%s%s:%s", i ? "," : "", pool->physnet, pool->pfs[i].dev);
	fputs("\n", out);
	for (size_t i = 0; i < pool->n_pfs; i++) {
		bool is_first = true;
		char pci[VFP_PCI_SIZE];

		for (size_t k = 0; k < export->n; k++) {
			const struct vfp_candidate *vf = &export->vfs[k];

			if (strcmp(vf->vf.pf, pool->pfs[i].dev) != 0 || !vf->is_present ||
			    is_meant(export, &vf->vf))
				continue;
			if (is_first)
				fprintf(out, "%s%s:", between, vf->vf.pf);
			fprintf(out, "%s%s", is_first ? "" : ";", vfp_pci_format(&vf->vf.pci, pci));
			is_first = false;
			between = ",";
		}
	}
	if (*between == ',')
		fputs("\n", out);
	return 0;
}

/* --- Kubernetes ------------------------------------------------------------------------------- */

/* By address: the plugin takes names for regular expressions, and eth1 would be eth10 too. */
static int write_kubernetes(const struct vfp_export *export, FILE *out, struct vfp_err *err)
{
	const char *between = "";
	char pci[VFP_PCI_SIZE];

	(void)err;
	fprintf(out,
		"{\"resourceList\": [{\"resourceName\": \"%s\", \"selectors\": {\"pciAddresses\": [",
		export->pool->name);
	for (size_t i = 0; i < export->n; i++) {
		if (!can_be_given(export, &export->vfs[i]))
			continue;
		fprintf(out, "%s\"%s\"", between, vfp_pci_format(&export->vfs[i].vf.pci, pci));
		between = ", ";
	}
	fputs("]}}]}\n", out);
	return 0;
}

int vfp_export_write(const struct vfp_export *export, const char *format, FILE *out,
		     struct vfp_err *err)
{
	static const struct {
		const char *name;
		int (*write)(const struct vfp_export *export, FILE *out, struct vfp_err *err);
	} formats[] = {
		{"nova", write_nova}, {"neutron", write_neutron}, {"kubernetes", write_kubernetes}};
	bool is_any = false;
	int rc = check_names(export->pool, err);

	for (size_t i = 0; i < export->n; i++)
		is_any = is_any || can_be_given(export, &export->vfs[i]);
	if (rc == 0 && !is_any)
		return vfp_fail(err, ENOENT, "pool %s: there is no VF to write%s",
				export->pool->name,
				export->others ? ": the pools have all of its PFs" : "");
	for (size_t i = 0; rc == 0 && i < VFP_N(formats); i++)
		if (!strcmp(formats[i].name, format))
			return formats[i].write(export, out, err);
	return rc < 0 ? rc
		      : vfp_fail(err, EINVAL, "--as %s: nova, neutron or kubernetes was expected",
				 format);
}
