/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The members file: write it, read it, and ask it whose a VF is.
 */
#include "pool/members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define FIRST_LINE "# vfpool members 1"
#define NOTHING	   "-"
#define FILE_MAX   (1u << 20)
#define WORDS_MAX  5

VFP_DEFINE_AUTO(members, struct vfp_members *, vfp_members_free)

/* One kind of line: its first word, and what takes the words behind that. */
struct line {
	const char *word;
	int n_words;
	bool (*take)(struct vfp_members *members, char *const words[]);
};

static bool has_pf(const struct vfp_members *members, const struct vfp_members_pf *pf);
static bool take_pool(struct vfp_members *members, char *const words[]);
static bool take_pf(struct vfp_members *members, char *const words[]);
static bool take_line(struct vfp_members *members, char *line);

static const struct line lines[] = {
	{"pool", 2, take_pool},
	{"pf", 5, take_pf},
};

int vfp_members_read(const struct vfp_host *host, struct vfp_members *ret, struct vfp_err *err)
{
	struct vfp_members read = {0};
	vfp_auto(members) members = &read;
	vfp_autofree char *text = NULL;
	char path[VFP_PATH_SIZE], *rest, *line;
	int rc = vfp_file_read(vfp_host_path(host, path, VFP_MEMBERS_PATH), FILE_MAX, &text, NULL,
			       err);

	if (rc == -ENOENT) {
		*ret = read;
		return 0;
	}
	if (rc < 0)
		return rc;
	rest = text;
	line = strsep(&rest, "\n");
	if (strcmp(line, FIRST_LINE) != 0)
		return vfp_fail(err, EUCLEAN,
				"%s: begins with '%s', expected '%s'; see: vfpool check", path,
				line, FIRST_LINE);
	for (int i = 2; (line = strsep(&rest, "\n")); i++)
		if (!take_line(members, line))
			return vfp_fail(err, EUCLEAN,
					"%s: line %d is none of ours; see: vfpool check", path, i);
	*ret = read;
	members = NULL;
	return 0;
}

int vfp_members_write(const struct vfp_host *host, const struct vfp_members *members,
		      struct vfp_err *err)
{
	vfp_autofree char *text = NULL;
	char path[VFP_PATH_SIZE], pci[VFP_PCI_SIZE];
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		abort(); /* out of memory, as below */
	fprintf(file, FIRST_LINE "\n");
	for (size_t i = 0; i < members->n_pools; i++)
		fprintf(file, "pool %s\n", members->pools[i]);
	for (size_t i = 0; i < members->n_pfs; i++) {
		const struct vfp_members_pf *pf = &members->pfs[i];

		fprintf(file, "pf %s %s %s %s\n", pf->pool, pf->dev,
			vfp_pci_is_none(&pf->pci) ? NOTHING : vfp_pci_format(&pf->pci, pci),
			*pf->vfs ? pf->vfs : NOTHING);
	}
	if (fclose(file) != 0)
		abort();
	return vfp_file_replace(vfp_host_path(host, path, VFP_MEMBERS_PATH), 0644, text, err);
}

int vfp_members_compare(const struct vfp_members *expected, const struct vfp_members *file,
			struct vfp_err *err)
{
	for (size_t i = 0; i < expected->n_pools; i++)
		if (!vfp_members_has_pool(file, expected->pools[i]))
			return vfp_fail(err, ESTALE, "lacks pool %s", expected->pools[i]);
	for (size_t i = 0; i < file->n_pools; i++)
		if (!vfp_members_has_pool(expected, file->pools[i]))
			return vfp_fail(err, ESTALE, "names pool %s, which is none",
					file->pools[i]);
	for (size_t i = 0; i < expected->n_pfs; i++)
		if (!has_pf(file, &expected->pfs[i]))
			return vfp_fail(err, ESTALE, "lacks PF %s of pool %s as it is now",
					expected->pfs[i].dev, expected->pfs[i].pool);
	for (size_t i = 0; i < file->n_pfs; i++)
		if (!has_pf(expected, &file->pfs[i]))
			return vfp_fail(err, ESTALE, "names PF %s for pool %s, which has it not so",
					file->pfs[i].dev, file->pfs[i].pool);
	return 0;
}

void vfp_members_free(struct vfp_members *members)
{
	free(members->pools);
	free(members->pfs);
	*members = (struct vfp_members){0};
}

bool vfp_members_has_pool(const struct vfp_members *members, const char *name)
{
	for (size_t i = 0; i < members->n_pools; i++)
		if (!strcmp(members->pools[i], name))
			return true;
	return false;
}

const char *vfp_members_pool_of(const struct vfp_members *members, const struct vfp_vf *vf,
				const struct vfp_pci *pf_pci)
{
	for (size_t i = 0; i < members->n_pfs; i++) {
		const struct vfp_members_pf *pf = &members->pfs[i];
		bool is_same = !strcmp(pf->dev, vf->pf) || (!vfp_pci_is_none(&pf->pci) &&
							    vfp_pci_compare(&pf->pci, pf_pci) == 0);

		if (is_same && vfp_range_has(pf->vfs, vf->index))
			return pf->pool;
	}
	return NULL;
}

void vfp_members_add_pool(struct vfp_members *members, const char *name)
{
	if (vfp_members_has_pool(members, name))
		return;
	members->pools = vfp_realloc(members->pools, members->n_pools + 1, sizeof(*members->pools));
	vfp_copy(members->pools[members->n_pools++], VFP_NAME_SIZE, name);
}

void vfp_members_add_pf(struct vfp_members *members, const struct vfp_members_pf *pf)
{
	members->pfs = vfp_realloc(members->pfs, members->n_pfs + 1, sizeof(*members->pfs));
	members->pfs[members->n_pfs++] = *pf;
}

static bool has_pf(const struct vfp_members *members, const struct vfp_members_pf *pf)
{
	for (size_t i = 0; i < members->n_pfs; i++) {
		const struct vfp_members_pf *other = &members->pfs[i];

		if (!strcmp(other->pool, pf->pool) && !strcmp(other->dev, pf->dev) &&
		    !strcmp(other->vfs, pf->vfs) && vfp_pci_compare(&other->pci, &pf->pci) == 0)
			return true;
	}
	return false;
}

static bool take_line(struct vfp_members *members, char *line)
{
	char *words[WORDS_MAX + 1] = {NULL};
	int n = 0;

	if (!*line || *line == '#')
		return true;
	while (n <= WORDS_MAX && (words[n] = strsep(&line, " ")))
		n++;
	for (size_t i = 0; i < VFP_N(lines); i++)
		if (!strcmp(words[0], lines[i].word))
			return n == lines[i].n_words && lines[i].take(members, words);
	return false;
}

static bool take_pool(struct vfp_members *members, char *const words[])
{
	if (vfp_name_check("pool", words[1], NULL) < 0)
		return false;
	vfp_members_add_pool(members, words[1]);
	return true;
}

static bool take_pf(struct vfp_members *members, char *const words[])
{
	struct vfp_members_pf pf = {0};

	if (!vfp_copy(pf.pool, sizeof(pf.pool), words[1]) ||
	    !vfp_copy(pf.dev, sizeof(pf.dev), words[2]))
		return false;
	if (strcmp(words[3], NOTHING) != 0 && vfp_pci_parse(words[3], &pf.pci) < 0)
		return false;
	if (strcmp(words[4], NOTHING) != 0 && vfp_range_parse(words[4], pf.vfs, NULL) < 0)
		return false;
	vfp_members_add_pf(members, &pf);
	return true;
}
