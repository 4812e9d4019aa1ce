/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A fake host for shell tests.
 *
 *	fake-root DIR
 *		makes DIR with the two PFs of tests/fake-sysfs.h
 *	fake-root DIR KEY=VALUE,… …
 *		makes DIR with one PF for each argument: dev, pci, driver, totalvfs (-1: not SR-IOV
 *		capable), numvfs, parked, numa, down, unplugged, mtu, mac, offset, stride, noiommu;
 *		what is not given is the first default PF's
 *	fake-root DIR +process KEY=VALUE,…
 *		adds a process: pid, start, comm, uuid, domain, group, guest and locked (KiB)
 *	fake-root DIR -process PID
 *		ends it
 *	fake-root DIR memory MIB HUGE-MIB
 *		gives it that much memory, and of that so much as free huge pages
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/fake-kernel.h"
#include "tests/fake-sysfs.h"

/* One KEY=VALUE: where it goes, as text or as a number. */
struct key {
	const char *name;
	const char **text;
	void *number;
	size_t size; /* of the number */
};

static void read_pf(char *spec, struct fake_pf *pf);
static void read_process(char *spec, struct fake_process *process);
static void read_keys(char *spec, const struct key *keys, size_t n);
static void store(const struct key *key, const char *value);

int main(int argc, char **argv)
{
	struct fake_pf *pfs = vfp_alloc((size_t)argc, sizeof(*pfs));
	struct fake_process process = {0};
	struct vfp_host host = {.kernel = &fake_kernel};

	if (argc < 2 || !vfp_copy(host.root, sizeof(host.root), argv[1])) {
		fputs("usage: fake-root DIR [PF … | +process SPEC | -process PID | memory MIB HUGE-MIB]\n", stderr);
		return 2;
	}
	if (argc == 4 && !strcmp(argv[2], "+process")) {
		read_process(argv[3], &process);
		fake_process_add(&host, &process);
	} else if (argc == 4 && !strcmp(argv[2], "-process")) {
		fake_process_remove(&host, atoi(argv[3]));
	} else if (argc == 5 && !strcmp(argv[2], "memory")) {
		fake_memory_set(&host, strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
	} else if (argc == 2) {
		fake_root_fill(&host, fake_pfs, FAKE_N_PFS);
	} else {
		for (int i = 2; i < argc; i++)
			read_pf(argv[i], &pfs[i - 2]);
		fake_root_fill(&host, pfs, (size_t)argc - 2);
	}
	free(pfs);
	return 0;
}

static void read_pf(char *spec, struct fake_pf *pf)
{
	const struct key keys[] = {
		{"dev", &pf->dev, NULL, 0},
		{"pci", &pf->pci, NULL, 0},
		{"driver", &pf->driver, NULL, 0},
		{"mac", &pf->mac, NULL, 0},
		{"totalvfs", NULL, &pf->total_vfs, sizeof(pf->total_vfs)},
		{"numvfs", NULL, &pf->num_vfs, sizeof(pf->num_vfs)},
		{"numa", NULL, &pf->numa_node, sizeof(pf->numa_node)},
		{"down", NULL, &pf->is_down, sizeof(pf->is_down)},
		{"unplugged", NULL, &pf->is_unplugged, sizeof(pf->is_unplugged)},
		{"mtu", NULL, &pf->mtu, sizeof(pf->mtu)},
		{"offset", NULL, &pf->vf_offset, sizeof(pf->vf_offset)},
		{"stride", NULL, &pf->vf_stride, sizeof(pf->vf_stride)},
		{"parked", NULL, &pf->is_parked, sizeof(pf->is_parked)},
		{"noiommu", NULL, &pf->lacks_iommu, sizeof(pf->lacks_iommu)},
	};

	*pf = fake_pfs[0];
	read_keys(spec, keys, VFP_N(keys));
}

static void read_process(char *spec, struct fake_process *process)
{
	const struct key keys[] = {
		{"comm", &process->comm, NULL, 0},
		{"uuid", &process->uuid, NULL, 0},
		{"domain", &process->domain, NULL, 0},
		{"pid", NULL, &process->pid, sizeof(process->pid)},
		{"start", NULL, &process->start, sizeof(process->start)},
		{"group", NULL, &process->groups[0], sizeof(process->groups[0])},
		{"guest", NULL, &process->guest_kib, sizeof(process->guest_kib)},
		{"locked", NULL, &process->locked_kib, sizeof(process->locked_kib)},
	};

	read_keys(spec, keys, VFP_N(keys));
}

static void read_keys(char *spec, const struct key *keys, size_t n)
{
	char *rest;

	for (char *word = strtok_r(spec, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
		char *value = strchr(word, '=');
		size_t i = 0;

		if (value)
			*value++ = '\0';
		while (i < n && strcmp(keys[i].name, word) != 0)
			i++;
		if (!value || i == n) {
			fprintf(stderr, "fake-root: %s: no such key, or it has no value\n", word);
			exit(2);
		}
		store(&keys[i], value);
	}
}

static void store(const struct key *key, const char *value)
{
	const long long number = strtoll(value, NULL, 0);

	if (key->text)
		*key->text = value;
	else if (key->size == sizeof(bool))
		*(bool *)key->number = number != 0;
	else if (key->size == sizeof(int))
		*(int *)key->number = (int)number;
	else
		*(uint64_t *)key->number = (uint64_t)number;
}
