/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A fake host for shell tests.
 *
 *	fake-root DIR
 *		makes DIR with the two PFs of tests/fake-sysfs.h
 *	fake-root DIR KEY=VALUE,… …
 *		makes DIR with one PF for each argument: dev, pci, driver, totalvfs (-1: not SR-IOV
 *		capable), numvfs, parked, numa, down, unplugged, mtu, mac, offset, stride, noiommu,
 *		sharegroup, vendor, device, vfdevice, speed, firmware, version, capability
 *		(TotalVFs);
 *		what is not given is the first default PF's
 *	fake-root DIR +process KEY=VALUE,…
 *		adds a process: pid, start, comm, uuid, domain, group, guest and locked (KiB)
 *	fake-root DIR -process PID
 *		ends it
 *	fake-root DIR memory MIB HUGE-MIB
 *		gives it that much memory, and of that so much as free huge pages
 *	fake-root DIR @FILE
 *		makes DIR as FILE says, line by line:
 *			pf KEY=VALUE,…		as above
 *			process KEY=VALUE,…	as above
 *			bare PCI CLASS DRIVER	a PCI device without netdev; DRIVER "-": none
 *			write PATH TEXT		a file; \\n in TEXT is a newline
 *			program PATH		one that can be executed
 *			folder PATH
 *			link PATH TARGET
 *			remove PATH
 *			include FILE		beside FILE
 *		Lines with another first word are left to whoever calls this.
 *	fake-root DIR settle
 *		finishes what a killed program had begun to write into sysfs
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

static void read_file(const struct vfp_host *host, const char *path);
static void do_line(const struct vfp_host *host, const char *path, char *line);
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
		fputs("usage: fake-root DIR [PF … | +process SPEC | -process PID | memory MIB HUGE-MIB | settle]\n",
		      stderr);
		return 2;
	}
	if (argc == 4 && !strcmp(argv[2], "+process")) {
		read_process(argv[3], &process);
		fake_process_add(&host, &process);
	} else if (argc == 4 && !strcmp(argv[2], "-process")) {
		fake_process_remove(&host, atoi(argv[3]));
	} else if (argc == 5 && !strcmp(argv[2], "memory")) {
		fake_memory_set(&host, strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
	} else if (argc == 3 && argv[2][0] == '@') {
		fake_root_fill(&host, NULL, 0);
		read_file(&host, argv[2] + 1);
	} else if (argc == 3 && !strcmp(argv[2], "settle")) {
		fake_kernel_settle(&host);
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

static void read_file(const struct vfp_host *host, const char *path)
{
	vfp_autofree char *text = NULL;
	char *rest;

	if (vfp_file_read(path, 1u << 20, &text, NULL, NULL) < 0) {
		fprintf(stderr, "fake-root: %s: cannot read it\n", path);
		exit(2);
	}
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		do_line(host, path, line);
}

/* The next word of a line, "" at its end. */
static char *next_word(char **rest)
{
	static char nothing[] = "";
	char *word = strtok_r(NULL, " \t", rest);

	return word ? word : nothing;
}

static void write_text(const struct vfp_host *host, const char *path, char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++)
		*to++ = from[0] == '\\' && from[1] == 'n' ? (from++, '\n') : *from;
	*to = '\0';
	fake_write(host, path, text);
}

static void add_bare(const struct vfp_host *host, const char *pci, const char *class,
		     const char *driver)
{
	const int group = fake_next_group(host);

	/* The first of all devices has no group: the machine has no IOMMU. */
	fake_pci_add(host, pci, class, group > 1 ? group : -1);
	if (strcmp(driver, "-") == 0)
		return;
	fake_write(host, fake_path("/sys/bus/pci/drivers/%s/unbind", driver), "");
	fake_link(host, fake_path("../../../bus/pci/drivers/%s", driver),
		  fake_path("/sys/devices/pci0000:00/%s/driver", pci));
}

static void do_line(const struct vfp_host *host, const char *path, char *line)
{
	char full[VFP_PATH_SIZE], *rest, *word = strtok_r(line, " \t", &rest), *first;
	struct fake_process process = {0};
	struct fake_pf pf;

	if (!word || *word == '#')
		return;
	if (!strcmp(word, "pf")) {
		read_pf(next_word(&rest), &pf);
		fake_pf_add(host, &pf);
	} else if (!strcmp(word, "process")) {
		read_process(next_word(&rest), &process);
		fake_process_add(host, &process);
	} else if (!strcmp(word, "bare")) {
		first = next_word(&rest);
		word = next_word(&rest);
		add_bare(host, first, word, next_word(&rest));
	} else if (!strcmp(word, "write")) {
		first = next_word(&rest);
		write_text(host, first, rest);
	} else if (!strcmp(word, "program")) {
		first = next_word(&rest);
		fake_write(host, first, "#!/bin/sh\n");
		chmod(vfp_host_path(host, full, "%s", first), 0755);
	} else if (!strcmp(word, "folder")) {
		fake_folder(host, next_word(&rest));
	} else if (!strcmp(word, "remove")) {
		fake_remove(host, next_word(&rest));
	} else if (!strcmp(word, "link")) {
		first = next_word(&rest);
		fake_link(host, next_word(&rest), first);
	} else if (!strcmp(word, "include")) {
		const char *slash = strrchr(path, '/');

		snprintf(full, sizeof(full), "%.*s%s", slash ? (int)(slash - path) + 1 : 0, path,
			 next_word(&rest));
		read_file(host, full);
	}
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
		{"sharegroup", NULL, &pf->shares_group, sizeof(pf->shares_group)},
		{"vendor", NULL, &pf->vendor, sizeof(pf->vendor)},
		{"device", NULL, &pf->device, sizeof(pf->device)},
		{"vfdevice", NULL, &pf->vf_device, sizeof(pf->vf_device)},
		{"speed", NULL, &pf->speed, sizeof(pf->speed)},
		{"firmware", &pf->firmware, NULL, 0},
		{"version", &pf->version, NULL, 0},
		{"capability", &pf->capability, NULL, 0},
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
