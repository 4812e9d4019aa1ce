/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A folder that looks like a host.
 */
#include "tests/fake-sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sysfs.h"

/* The fake is not what is tested: where a test lets the n-th system call fail, it tries again. */
#define N_TRIES 3
#include "tests/fake-kernel.h"

#define DEVICES "/sys/devices/pci0000:00"

const struct fake_pf fake_pfs[FAKE_N_PFS] = {
	{
		.dev = "ens1f0",
		.pci = "0000:01:00.0",
		.driver = "igb",
		.total_vfs = 7,
		.numa_node = 0,
		.mac = "00:1b:21:00:00:10",
	},
	{
		.dev = "ens1f1",
		.pci = "0000:02:00.0",
		.driver = "igb",
		.total_vfs = 7,
		.numa_node = 1,
		.mac = "00:1b:21:00:00:11",
	},
};

static void must(bool is_good, const char *what, const char *path);
static void add_card(const struct vfp_host *host, const struct fake_pf *pf);
static void write_config(const struct vfp_host *host, const char *pci, unsigned int total_vfs);
static bool make_folders(const struct vfp_host *host, const char *folder);
static bool write_once(const struct vfp_host *host, const char *folder, const char *made,
		       const char *full, const char *text);
static void add_sriov(const struct vfp_host *host, const struct fake_pf *pf);
static void share_group(const struct vfp_host *host, const struct fake_pf *pf);
static void park_all(const struct vfp_host *host, const struct fake_pf *pf);
static void write_cmdline(const struct vfp_host *host, const struct fake_process *process);
static void write_smaps(const struct vfp_host *host, const struct fake_process *process);
static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw);

void fake_root_make(struct vfp_host *host, const struct fake_pf *pfs, size_t n)
{
	const char *folder = getenv("TMPDIR");

	*host = (struct vfp_host){.kernel = &fake_kernel};
	snprintf(host->root, sizeof(host->root), "%s/vfpool-test.XXXXXX", folder ? folder : "/tmp");
	must(mkdtemp(host->root), "mkdtemp", host->root);
	fake_root_fill(host, pfs, n);
}

void fake_root_fill(const struct vfp_host *host, const struct fake_pf *pfs, size_t n)
{
	static const char *const folders[] = {
		"/dev/vfio",
		"/etc",
		"/fake",
		"/proc",
		"/run",
		"/sys/bus/pci/devices",
		"/sys/bus/pci/drivers/vfio-pci",
		"/sys/class/net",
		"/sys/kernel/iommu_groups",
		"/var/lib",
	};

	for (size_t i = 0; i < VFP_N(folders); i++)
		fake_folder(host, folders[i]);
	fake_write(host, "/proc/sys/kernel/random/boot_id", FAKE_BOOT_ID "\n");
	fake_memory_set(host, 64u << 10, 0);
	fake_write(host, "/sys/bus/pci/drivers_probe", "");
	fake_write(host, "/sys/bus/pci/drivers/vfio-pci/unbind", "");
	fake_write(host, "/sys/bus/pci/drivers/igbvf/unbind", "");
	for (size_t i = 0; i < n; i++)
		fake_pf_add(host, &pfs[i]);
}

void fake_memory_set(const struct vfp_host *host, uint64_t total_mib, uint64_t huge_mib)
{
	static const char *const zeros[] = {"resv_hugepages", "nr_overcommit_hugepages",
					    "surplus_hugepages"};
	static const char folder[] = "/sys/kernel/mm/hugepages/hugepages-2048kB";

	fake_write(host, "/proc/meminfo",
		   fake_path("MemTotal:       %8" PRIu64 " kB\nMemFree:               1 kB\n"
			     "Hugepagesize:       2048 kB\nHugetlb:        %8" PRIu64 " kB\n",
			     total_mib << 10, huge_mib << 10));
	fake_write(host, fake_path("%s/free_hugepages", folder),
		   fake_path("%" PRIu64 "\n", huge_mib / 2));
	for (size_t i = 0; i < VFP_N(zeros); i++)
		fake_write(host, fake_path("%s/%s", folder, zeros[i]), "0\n");
}

void fake_root_remove(const struct vfp_host *host)
{
	fake_remove(host, "");
}

void fake_pf_add(const struct vfp_host *host, const struct fake_pf *pf)
{
	fake_pci_add(host, pf->pci, "0x020000", pf->lacks_iommu ? -1 : fake_next_group(host));
	fake_write(host, fake_path(DEVICES "/%s/numa_node", pf->pci),
		   fake_path("%d\n", pf->numa_node));
	fake_write(host, fake_path("/sys/bus/pci/drivers/%s/unbind", pf->driver), "");
	fake_link(host, fake_path("../../../bus/pci/drivers/%s", pf->driver),
		  fake_path(DEVICES "/%s/driver", pf->pci));
	fake_netdev_add(host, pf);
	add_card(host, pf);
	if (pf->total_vfs >= 0)
		add_sriov(host, pf);
}

void fake_netdev_add(const struct vfp_host *host, const struct fake_pf *pf)
{
	const struct {
		const char *name, *value;
	} files[] = {
		{"address", pf->mac ? pf->mac : "00:1b:21:00:00:01"},
		{"mtu", fake_path("%u", pf->mtu ? pf->mtu : 1500)},
		{"flags", pf->is_down ? "0x1002" : "0x1003"},
		{"carrier", pf->is_unplugged ? "0" : "1"},
	};

	for (size_t i = 0; i < VFP_N(files); i++)
		fake_write(host,
			   fake_path(DEVICES "/%s/net/%s/%s", pf->pci, pf->dev, files[i].name),
			   files[i].value);
	/* Linux answers a read of "carrier" with EINVAL while the netdev is down. */
	if (pf->is_down)
		fake_remove(host, fake_path(DEVICES "/%s/net/%s/carrier", pf->pci, pf->dev));
	fake_link(host, fake_path("../../../%s", pf->pci),
		  fake_path(DEVICES "/%s/net/%s/device", pf->pci, pf->dev));
	fake_link(host, fake_path("../../devices/pci0000:00/%s/net/%s", pf->pci, pf->dev),
		  fake_path("/sys/class/net/%s", pf->dev));
}

void fake_process_add(const struct vfp_host *host, const struct fake_process *process)
{
	const int pid = (int)process->pid;
	const uint64_t start = process->start ? process->start : 1000 + (uint64_t)pid;
	const char *comm = process->comm ? process->comm : "qemu-system-x86";

	fake_write(host, fake_path("/proc/%d/comm", pid), fake_path("%s\n", comm));
	fake_write(host, fake_path("/proc/%d/stat", pid),
		   fake_path("%d (%s) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 %" PRIu64
			     " 20 21\n",
			     pid, comm, start));
	fake_folder(host, fake_path("/proc/%d/fd", pid));
	for (int i = 0; i < 8 && process->groups[i]; i++)
		fake_link(host, fake_path("/dev/vfio/%d", process->groups[i]),
			  fake_path("/proc/%d/fd/%d", pid, 20 + i));
	write_cmdline(host, process);
	write_smaps(host, process);
}

void fake_process_remove(const struct vfp_host *host, pid_t pid)
{
	fake_remove(host, fake_path("/proc/%d", (int)pid));
}

void fake_write(const struct vfp_host *host, const char *path, const char *text)
{
	char full[VFP_PATH_SIZE], folder[VFP_PATH_SIZE], made[VFP_PATH_SIZE];
	bool is_done = false;

	vfp_host_path(host, full, "%s", path);
	vfp_host_path(host, made, "/fake/new.%d", (int)getpid());
	strcpy(folder, full);
	*strrchr(folder, '/') = '\0';
	for (int i = 0; i < N_TRIES && !is_done; i++)
		is_done = write_once(host, folder, made, full, text);
	must(is_done, "write", full);
}

char *fake_read(const struct vfp_host *host, const char *path)
{
	char full[VFP_PATH_SIZE], *text = NULL;
	size_t size;
	int rc = -EIO;

	vfp_host_path(host, full, "%s", path);
	for (int i = 0; i < N_TRIES && rc < 0 && rc != -ENOENT && rc != -ENOTDIR; i++)
		rc = vfp_file_read(full, 1u << 20, &text, &size, NULL);
	if (rc < 0)
		return vfp_strdup("");
	if (size > 0 && text[size - 1] == '\n')
		text[size - 1] = '\0';
	return text;
}

void fake_link(const struct vfp_host *host, const char *target, const char *path)
{
	char full[VFP_PATH_SIZE], folder[VFP_PATH_SIZE], made[VFP_PATH_SIZE];
	bool is_done = false;

	vfp_host_path(host, full, "%s", path);
	vfp_host_path(host, made, "/fake/new.%d", (int)getpid());
	strcpy(folder, full);
	*strrchr(folder, '/') = '\0';
	for (int i = 0; i < N_TRIES && !is_done; i++) {
		unlink(made);
		is_done = make_folders(host, folder) && symlink(target, made) == 0 &&
			  rename(made, full) == 0;
	}
	must(is_done, "symlink", full);
}

void fake_folder(const struct vfp_host *host, const char *path)
{
	char full[VFP_PATH_SIZE];

	must(vfp_mkdirs(vfp_host_path(host, full, "%s", path), NULL) == 0, "mkdir", full);
}

bool fake_exists(const struct vfp_host *host, const char *path)
{
	char full[VFP_PATH_SIZE];

	return faccessat(AT_FDCWD, vfp_host_path(host, full, "%s", path), F_OK,
			 AT_SYMLINK_NOFOLLOW) == 0;
}

void fake_remove(const struct vfp_host *host, const char *path)
{
	char full[VFP_PATH_SIZE];
	bool is_gone = false;

	vfp_host_path(host, full, "%s", path);
	for (int i = 0; !is_gone && i < N_TRIES; i++)
		is_gone = nftw(full, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT;
	must(is_gone, "remove", full);
}

const char *fake_path(const char *fmt, ...)
{
	static char bufs[8][1024];
	static unsigned int next;
	char made[sizeof(bufs[0])];
	va_list args;

	va_start(args, fmt);
	must(vsnprintf(made, sizeof(made), fmt, args) < (int)sizeof(made), "path", fmt);
	va_end(args);
	return strcpy(bufs[next++ % VFP_N(bufs)], made);
}

void fake_pci_add(const struct vfp_host *host, const char *addr, const char *class, int group)
{
	fake_write(host, fake_path(DEVICES "/%s/class", addr), fake_path("%s\n", class));
	fake_write(host, fake_path(DEVICES "/%s/driver_override", addr), "(null)\n");
	fake_write(host, fake_path(DEVICES "/%s/reset", addr), "");
	fake_link(host, fake_path("../../../devices/pci0000:00/%s", addr),
		  fake_path("/sys/bus/pci/devices/%s", addr));
	if (group < 0)
		return;
	fake_link(host, fake_path("../../../../devices/pci0000:00/%s", addr),
		  fake_path("/sys/kernel/iommu_groups/%d/devices/%s", group, addr));
	fake_link(host, fake_path("../../../kernel/iommu_groups/%d", group),
		  fake_path(DEVICES "/%s/iommu_group", addr));
}

static bool has_group(const struct vfp_host *host, int group)
{
	return fake_exists(host, fake_path("/sys/kernel/iommu_groups/%d", group));
}

/* Looked for in steps that double and then halve: a host may have tens of thousands. */
int fake_next_group(const struct vfp_host *host)
{
	int group = 0, step = 1;

	while (has_group(host, group + step)) {
		group += step;
		step *= 2;
	}
	for (; step > 0; step /= 2)
		if (has_group(host, group + step))
			group += step;
	return group + 1;
}

static void must(bool is_good, const char *what, const char *path)
{
	if (is_good)
		return;
	fprintf(stderr, "fake root: %s %s: %s\n", what, path, strerror(errno));
	abort();
}

/* What the card says of itself, where anything is given. */
static void add_card(const struct vfp_host *host, const struct fake_pf *pf)
{
	if (pf->vendor) {
		fake_write(host, fake_path(DEVICES "/%s/vendor", pf->pci),
			   fake_path("0x%04x\n", pf->vendor));
		fake_write(host, fake_path(DEVICES "/%s/device", pf->pci),
			   fake_path("0x%04x\n", pf->device));
		fake_write(host, fake_path(DEVICES "/%s/sriov_vf_device", pf->pci),
			   fake_path("%x\n", pf->vf_device));
	}
	if (pf->speed)
		fake_write(host, fake_path("/sys/class/net/%s/speed", pf->dev),
			   fake_path("%u\n", pf->speed));
	if (pf->firmware || pf->version)
		fake_write(host, fake_path("/fake/card/%s", pf->pci),
			   fake_path("version %s\nfirmware %s\n", pf->version ? pf->version : "",
				     pf->firmware ? pf->firmware : ""));
	if (pf->capability)
		write_config(host, pf->pci, (unsigned int)atoi(pf->capability));
}

/* A configuration space with two extended capabilities, of which the second is SR-IOV. */
static void write_config(const struct vfp_host *host, const char *pci, unsigned int total_vfs)
{
	unsigned char config[4096] = {0};
	char full[VFP_PATH_SIZE];
	FILE *file;

	memcpy(config + 0x100, (unsigned char[]){0x01, 0x00, 0x01, 0x16}, 4); /* AER, next 0x160 */
	memcpy(config + 0x160, (unsigned char[]){0x10, 0x00, 0x01, 0x00}, 4);
	config[0x160 + 0x0e] = (unsigned char)total_vfs;
	config[0x160 + 0x0f] = (unsigned char)(total_vfs >> 8);
	vfp_host_path(host, full, DEVICES "/%s/config", pci);
	file = fopen(full, "we");
	must(file && fwrite(config, sizeof(config), 1, file) == 1 && fclose(file) == 0, "write",
	     full);
}

/* All its VFs into the group of the first, as behind a bridge without ACS. */
static void share_group(const struct vfp_host *host, const struct fake_pf *pf)
{
	vfp_autofree struct vfp_vfinfo *vfs = NULL;
	char addr[VFP_PCI_SIZE];
	struct vfp_pci pci;
	size_t n;

	must(vfp_pci_parse(pf->pci, &pci) == 0, "address", pf->pci);
	must(vfp_sysfs_vfs(host, &pci, &vfs, &n, NULL) == 0, "VFs of", pf->dev);
	for (size_t i = 1; i < n; i++) {
		vfp_pci_format(&vfs[i].pci, addr);
		fake_remove(host, fake_path("/sys/kernel/iommu_groups/%d", vfs[i].iommu_group));
		fake_remove(host, fake_path(DEVICES "/%s/iommu_group", addr));
		fake_link(host, fake_path("../../../../devices/pci0000:00/%s", addr),
			  fake_path("/sys/kernel/iommu_groups/%d/devices/%s", vfs[0].iommu_group,
				    addr));
		fake_link(host, fake_path("../../../kernel/iommu_groups/%d", vfs[0].iommu_group),
			  fake_path(DEVICES "/%s/iommu_group", addr));
	}
}

/* And the folder of what is not in its place yet. */
static bool make_folders(const struct vfp_host *host, const char *folder)
{
	char fake[VFP_PATH_SIZE];

	return vfp_mkdirs(folder, NULL) == 0 &&
	       vfp_mkdirs(vfp_host_path(host, fake, "/fake"), NULL) == 0;
}

/* All of the file or nothing: a program that is killed here leaves no half of it. */
static bool write_once(const struct vfp_host *host, const char *folder, const char *made,
		       const char *full, const char *text)
{
	FILE *file = make_folders(host, folder) ? fopen(made, "we") : NULL;
	bool is_good = file && fputs(text, file) >= 0;

	if (file && fclose(file) != 0)
		is_good = false;
	return is_good && rename(made, full) == 0;
}

static void add_sriov(const struct vfp_host *host, const struct fake_pf *pf)
{
	const struct {
		const char *name;
		unsigned int value;
	} files[] = {
		{"sriov_totalvfs", (unsigned int)pf->total_vfs},
		{"sriov_numvfs", 0},
		{"sriov_offset", pf->vf_offset ? pf->vf_offset : 128},
		{"sriov_stride", pf->vf_stride ? pf->vf_stride : 2},
		{"sriov_drivers_autoprobe", !pf->is_parked},
	};

	for (size_t i = 0; i < VFP_N(files); i++)
		fake_write(host, fake_path(DEVICES "/%s/%s", pf->pci, files[i].name),
			   fake_path("%u\n", files[i].value));
	if (pf->num_vfs > 0)
		fake_kernel_set_num_vfs(host, pf->dev, pf->num_vfs);
	if (pf->is_parked)
		park_all(host, pf);
	if (pf->shares_group)
		share_group(host, pf);
}

static void park_all(const struct vfp_host *host, const struct fake_pf *pf)
{
	vfp_autofree struct vfp_vfinfo *vfs = NULL;
	struct vfp_pci pci;
	size_t n;

	must(vfp_pci_parse(pf->pci, &pci) == 0, "address", pf->pci);
	must(vfp_sysfs_vfs(host, &pci, &vfs, &n, NULL) == 0, "VFs of", pf->dev);
	for (size_t i = 0; i < n; i++)
		must(vfp_sysfs_park(host, &vfs[i].pci, NULL) == 0, "park a VF of", pf->dev);
	fake_kernel_forget_calls(host);
}

/* The arguments end with NULs, so the file cannot be written as a string. */
static void write_cmdline(const struct vfp_host *host, const struct fake_process *process)
{
	char full[VFP_PATH_SIZE];
	FILE *file;

	vfp_host_path(host, full, "/proc/%d/cmdline", (int)process->pid);
	file = fopen(full, "we");
	must(file, "open", full);
	if (process->uuid)
		fprintf(file,
			"/usr/bin/qemu-system-x86_64%c-name%cguest=%s,debug-threads=on%c"
			"-uuid%c%s%c",
			0, 0, process->domain, 0, 0, process->uuid, 0);
	else
		fprintf(file, "%s%c", process->comm ? process->comm : "qemu-system-x86", 0);
	must(fclose(file) == 0, "write", full);
}

/* Guest RAM in two mappings, locked and not, between two that are none. */
static void write_smaps(const struct vfp_host *host, const struct fake_process *process)
{
	const struct {
		uint64_t size_kib;
		const char *flags;
	} mappings[] = {
		{9216, "rd ex mr mw me lo sd"},
		{process->locked_kib, "rd wr mr mw me dc ac lo sd"},
		{process->guest_kib - process->locked_kib, "rd wr mr mw me dc ac sd"},
		{16, "rd wr sh mr mw me ms pf io dc de dd"},
	};
	char full[VFP_PATH_SIZE];
	FILE *file;

	vfp_host_path(host, full, "/proc/%d/smaps", (int)process->pid);
	file = fopen(full, "we");
	must(file, "open", full);
	for (size_t i = 0; i < VFP_N(mappings); i++)
		if (mappings[i].size_kib > 0)
			fprintf(file,
				"7f000000%zu000-7f000000%zu000 rw-p 00000000 00:00 0\n"
				"Size:           %8" PRIu64 " kB\nRss:   0 kB\nVmFlags: %s \n",
				i, i + 1, mappings[i].size_kib, mappings[i].flags);
	must(fclose(file) == 0, "write", full);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}
