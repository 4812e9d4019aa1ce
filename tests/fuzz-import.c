/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libFuzzer: configuration files of Nova, Neutron and Kubernetes' device plugin.  Each input is
 * read as all three, over a host with two PFs; what comes out is a pool that could be defined, and
 * what is written of it selects the same again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/export.h"
#include "tools/import.h"

#define N_VFS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int reader(struct vfp_import *import, const char *file, const char *text, size_t size,
		   struct vfp_err *err);

static struct vfp_candidate vfs[N_VFS];

static void make_vfs(void)
{
	for (unsigned int i = 0; i < N_VFS; i++) {
		const uint8_t port = i >= N_VFS / 2;

		vfs[i] = (struct vfp_candidate){
			.vf = {.index = i % (N_VFS / 2),
			       .pci = {0, 0x3b, (uint8_t)(1 + 16 * port), i % (N_VFS / 2)}},
			.pf_pci = {0, 0x3b, 0, port},
			.vendor = 0x8086,
			.device = 0x1889,
			.driver = "vfio-pci",
			.is_present = true,
		};
		vfp_copy(vfs[i].vf.pf, IFNAMSIZ, port ? "ens1f1" : "ens1f0");
	}
}

static void check(bool is_right, const char *what)
{
	if (is_right)
		return;
	fprintf(stderr, "broken: %s\n", what);
	abort();
}

static void check_def(const struct vfp_pooldef *def)
{
	char range[VFP_RANGE_SIZE];

	check(vfp_name_check("pool", def->name, NULL) == 0, "a name that no pool may have");
	check(def->n_pfs > 0 && def->n_pfs <= 2, "PFs");
	check(def->n_portgroups > 0, "no port group");
	for (size_t i = 0; i < def->n_pfs; i++)
		check(vfp_range_parse(def->pfs[i].vfs, range, NULL) == 0 &&
			      !strcmp(range, def->pfs[i].vfs),
		      "a range that is not in its one form");
}

/* Nova's words for the pool mean the pool. */
static void check_way_back(const struct vfp_pooldef *def)
{
	const struct vfp_export export = {.pool = def, .vfs = vfs, .n = N_VFS};
	struct vfp_import import = {.mappings = NULL};
	struct vfp_imported made = {.n = 0};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	check(out && vfp_export_write(&export, "nova", out, NULL) == 0 && fclose(out) == 0,
	      "a pool that cannot be written");
	check(vfp_import_nova(&import, "back", text, size, NULL) == 0 &&
		      vfp_import_pools(&import, vfs, N_VFS, &made, NULL) == 0 && made.n == 1 &&
		      made.defs[0].n_pfs == def->n_pfs,
	      "what was written is not read");
	for (size_t i = 0; i < def->n_pfs; i++)
		check(!strcmp(made.defs[0].pfs[i].vfs, def->pfs[i].vfs), "other VFs come back");
	vfp_imported_free(&made);
	vfp_import_free(&import);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static reader *const readers[] = {vfp_import_nova, vfp_import_neutron,
					  vfp_import_kubernetes};
	vfp_autofree char *text = vfp_alloc(size + 1, 1);

	make_vfs();
	memcpy(text, data, size);
	for (size_t i = 0; i < VFP_N(readers); i++) {
		struct vfp_import import = {.mappings = NULL};
		struct vfp_imported made = {.n = 0};
		struct vfp_err err = {0};

		if (readers[i](&import, "in", text, size, &err) < 0 ||
		    vfp_import_pools(&import, vfs, N_VFS, &made, &err) < 0)
			check(*err.msg, "a failure without words");
		for (size_t k = 0; k < made.n; k++) {
			check_def(&made.defs[k]);
			check_way_back(&made.defs[k]);
		}
		vfp_imported_free(&made);
		vfp_import_free(&import);
	}
	return 0;
}
