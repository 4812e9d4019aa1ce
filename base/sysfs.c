/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PFs and VFs as sysfs shows them, and the writes that make, remove and park VFs.
 */
#include "base/sysfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define PCI_FOLDER	  "/sys/bus/pci/devices/"
#define PARK_DRIVER	  "vfio-pci"
#define LOOK_AGAIN_MS	  20
#define PCI_CLASS_BRIDGES 0x06 /* the upper byte of the class: bridges of all kinds */

#define MAX_GROUP (1u << 20) /* they count from 0; above, none is taken into the table */

VFP_DEFINE_AUTO(dir, DIR *, closedir)
VFP_DEFINE_AUTO(groups, struct vfp_groups *, vfp_groups_free)

struct vfp_groups {
	struct device {
		uint64_t address; /* in one number, address_of() */
		int group;
	} * devices; /* by address */
	size_t n, room;
	unsigned int *counts; /* of the devices in a group */
	size_t n_counts;
};

static int read_pf(const struct vfp_host *host, const char *dev, struct vfp_pf *ret_pf,
		   struct vfp_err *err);
static bool is_representor(const struct vfp_host *host, const char *dev);
static bool read_vf(const struct vfp_host *host, const struct vfp_groups *groups, int pf_folder,
		    unsigned int index, struct vfp_vfinfo *ret_vf);
static bool has_own_group(const struct vfp_groups *groups, const struct vfp_pci *pci,
			  int *ret_group);
static uint64_t address_of(const struct vfp_pci *pci);
static void read_iommu_group(const struct vfp_host *host, int pf_folder, char *path,
			     const char *addr, struct vfp_vfinfo *vf);
static bool is_bridge(const struct vfp_host *host, const char *addr);
static void find_netdev(const struct vfp_host *host, const struct vfp_pci *pci,
			char ret_dev[IFNAMSIZ]);
static int find_virtfn(const struct vfp_host *host, const struct vfp_pci *pf,
		       const struct vfp_pci *vf, unsigned int *ret_index, struct vfp_err *err);
static int list_virtfns(const struct vfp_host *host, const struct vfp_pci *pf,
			unsigned int **ret_indexes, size_t *ret_n, struct vfp_err *err);
static int write_num_vfs(const struct vfp_host *host, const struct vfp_pf *pf, unsigned int n,
			 bool autoprobe, struct vfp_err *err);
static int wait_for_virtfns(const struct vfp_host *host, const struct vfp_pf *pf, unsigned int n,
			    int timeout_ms, struct vfp_err *err);
static void take_back(const struct vfp_host *host, const struct vfp_pf *pf);
static int rebind(const struct vfp_host *host, const char *addr, const char *driver,
		  struct vfp_err *err);
static DIR *open_folder(const struct vfp_host *host, const char *path);
static int open_device(const struct vfp_host *host, const struct vfp_pci *pci);
static bool link_at(int folder, const char *path, char *buf, size_t size);
static const char *next_name(DIR *folder);
static bool parse_virtfn(const char *name, unsigned int *ret_index);
static int compare_pfs(const void *a, const void *b);
static int compare_indexes(const void *a, const void *b);
static int compare_devices(const void *a, const void *b);

const struct vfp_word vfp_sriov_status_words[] = {
	{"Disabled", VFP_SRIOV_DISABLED},
	{"Enabled", VFP_SRIOV_ENABLED},
	{"Not supported", VFP_SRIOV_UNSUPPORTED},
	{NULL, 0},
};

bool vfp_sysfs_line(const struct vfp_host *host, char *buf, size_t size, const char *fmt, ...)
{
	char path[VFP_PATH_SIZE], inner[VFP_PATH_SIZE], text[4096];
	vfp_autoclose int fd = -1;
	va_list args;
	ssize_t n;

	va_start(args, fmt);
	vsnprintf(inner, sizeof(inner), fmt, args);
	va_end(args);
	fd = open(vfp_host_path(host, path, "%s", inner), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	/* The kernel gives an attribute, a page at the most, in one piece: kernfs_fop_read_iter()
	 * and seq_read_iter(). */
	do
		n = read(fd, text, sizeof(text) - 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return false;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return vfp_copy(buf, size, text);
}

int64_t vfp_sysfs_number(const struct vfp_host *host, int64_t fallback, const char *fmt, ...)
{
	char inner[VFP_PATH_SIZE], text[32], *end;
	va_list args;
	int64_t value;

	va_start(args, fmt);
	vsnprintf(inner, sizeof(inner), fmt, args);
	va_end(args);
	if (!vfp_sysfs_line(host, text, sizeof(text), "%s", inner) || !*text)
		return fallback;
	value = strtoll(text, &end, 0);
	return *end ? fallback : value;
}

bool vfp_sysfs_link(const struct vfp_host *host, char *buf, size_t size, const char *fmt, ...)
{
	char path[VFP_PATH_SIZE], inner[VFP_PATH_SIZE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(inner, sizeof(inner), fmt, args);
	va_end(args);
	return link_at(AT_FDCWD, vfp_host_path(host, path, "%s", inner), buf, size);
}

int vfp_sysfs_pfs(const struct vfp_host *host, struct vfp_pf **ret_pfs, size_t *ret_n,
		  struct vfp_err *err)
{
	vfp_auto(dir) folder = open_folder(host, "/sys/class/net");
	vfp_autofree struct vfp_pf *pfs = vfp_alloc(1, sizeof(*pfs));
	const char *dev;
	size_t n = 0;

	if (!folder)
		return vfp_fail(err, errno, "%s/sys/class/net: %s", host->root, strerror(errno));
	while ((dev = next_name(folder))) {
		pfs = vfp_realloc(pfs, n + 1, sizeof(*pfs));
		/* What is no PF, or went away since the folder was read, is left out. */
		if (!is_representor(host, dev) && read_pf(host, dev, &pfs[n], NULL) == 0)
			n++;
	}
	qsort(pfs, n, sizeof(*pfs), compare_pfs);
	*ret_pfs = VFP_TAKE(pfs);
	*ret_n = n;
	return 0;
}

/* It comes from a user and becomes part of a path. */
static bool is_name(const char *dev)
{
	return *dev && strlen(dev) < IFNAMSIZ && !strchr(dev, '/') && dev[0] != '.';
}

int vfp_sysfs_pf(const struct vfp_host *host, const char *dev, struct vfp_pf *ret_pf,
		 struct vfp_err *err)
{
	if (!is_name(dev))
		return vfp_fail(err, ENOENT, "PF %s: this is no name of a network device", dev);
	return read_pf(host, dev, ret_pf, err);
}

int vfp_sysfs_pf_address(const struct vfp_host *host, const char *dev, struct vfp_pci *ret_pci,
			 struct vfp_err *err)
{
	char addr[NAME_MAX];
	struct vfp_pf pf;
	int rc;

	if (is_name(dev) &&
	    vfp_sysfs_link(host, addr, sizeof(addr), "/sys/class/net/%s/device", dev) &&
	    vfp_pci_parse(addr, ret_pci) == 0)
		return 0;
	rc = vfp_sysfs_pf(host, dev, &pf, err); /* says why */
	if (rc == 0)
		*ret_pci = pf.pci;
	return rc;
}

int vfp_sysfs_num_vfs(const struct vfp_host *host, const char *dev, unsigned int *ret_n,
		      struct vfp_err *err)
{
	struct vfp_pf pf;
	int64_t n = -1;
	int rc;

	if (is_name(dev))
		n = vfp_sysfs_number(host, -1, "/sys/class/net/%s/device/sriov_numvfs", dev);
	if (n >= 0) {
		*ret_n = (unsigned int)n;
		return 0;
	}
	rc = vfp_sysfs_pf(host, dev, &pf, err); /* says why, or that there is no SR-IOV: 0 */
	if (rc == 0)
		*ret_n = pf.num_vfs;
	return rc;
}

int vfp_sysfs_vfs(const struct vfp_host *host, const struct vfp_pci *pf,
		  struct vfp_vfinfo **ret_vfs, size_t *ret_n, struct vfp_err *err)
{
	return vfp_sysfs_vfs_in(host, NULL, pf, ret_vfs, ret_n, err);
}

void vfp_groups_free(struct vfp_groups *groups)
{
	if (!groups)
		return;
	free(groups->devices);
	free(groups->counts);
	free(groups);
}

static void add_device(struct vfp_groups *groups, const struct vfp_pci *pci, unsigned int group)
{
	if (groups->n == groups->room) {
		groups->room = groups->room * 2 + 256;
		groups->devices = vfp_realloc(groups->devices, groups->room, sizeof(struct device));
	}
	groups->devices[groups->n++] = (struct device){address_of(pci), (int)group};
	if (group >= groups->n_counts) {
		const size_t n = (size_t)group * 2 + 256;

		groups->counts = vfp_realloc(groups->counts, n, sizeof(groups->counts[0]));
		memset(groups->counts + groups->n_counts, 0,
		       (n - groups->n_counts) * sizeof(groups->counts[0]));
		groups->n_counts = n;
	}
	groups->counts[group]++;
}

int vfp_sysfs_groups(const struct vfp_host *host, struct vfp_groups **ret_groups,
		     struct vfp_err *err)
{
	vfp_auto(dir) folder = open_folder(host, PCI_FOLDER);
	vfp_auto(groups) groups = vfp_alloc(1, sizeof(*groups));
	char path[NAME_MAX + sizeof("/iommu_group")], link[16];
	const char *name;
	struct vfp_pci pci;
	uint64_t group;

	if (!folder)
		return vfp_fail(err, errno, "%s" PCI_FOLDER ": %s", host->root, strerror(errno));
	while ((name = next_name(folder))) {
		stpcpy(stpcpy(path, name), "/iommu_group");
		if (vfp_pci_parse(name, &pci) == 0 &&
		    link_at(dirfd(folder), path, link, sizeof(link)) &&
		    vfp_number_parse(link, 0, MAX_GROUP, &group))
			add_device(groups, &pci, (unsigned int)group);
	}
	qsort(groups->devices, groups->n, sizeof(struct device), compare_devices);
	*ret_groups = VFP_TAKE(groups);
	return 0;
}

int vfp_sysfs_vfs_in(const struct vfp_host *host, const struct vfp_groups *groups,
		     const struct vfp_pci *pf, struct vfp_vfinfo **ret_vfs, size_t *ret_n,
		     struct vfp_err *err)
{
	vfp_autofree struct vfp_vfinfo *vfs = NULL;
	vfp_autofree unsigned int *indexes = NULL;
	vfp_autoclose int folder = -1;
	size_t n_indexes, n = 0;
	int rc;

	rc = list_virtfns(host, pf, &indexes, &n_indexes, err);
	if (rc < 0)
		return rc;
	folder = open_device(host, pf);
	vfs = vfp_alloc(n_indexes, sizeof(*vfs));
	for (size_t i = 0; i < n_indexes; i++)
		if (read_vf(host, groups, folder, indexes[i], &vfs[n]))
			n++;
	*ret_vfs = VFP_TAKE(vfs);
	*ret_n = n;
	return 0;
}

int vfp_sysfs_vf(const struct vfp_host *host, const struct vfp_pci *pf, unsigned int index,
		 struct vfp_vfinfo *ret_vf, struct vfp_err *err)
{
	vfp_autoclose int folder = open_device(host, pf);
	char addr[VFP_PCI_SIZE];

	if (!read_vf(host, NULL, folder, index, ret_vf))
		return vfp_fail(err, ENOENT, "PF %s: has no VF %u now", vfp_pci_format(pf, addr),
				index);
	return 0;
}

int vfp_sysfs_whose_vf(const struct vfp_host *host, const struct vfp_pci *vf, struct vfp_vf *ret_vf,
		       struct vfp_pci *ret_pf, struct vfp_err *err)
{
	char addr[VFP_PCI_SIZE], pf_addr[NAME_MAX];
	struct vfp_vf found = {.pci = *vf};
	struct vfp_pci pf;
	int rc;

	vfp_pci_format(vf, addr);
	if (!vfp_sysfs_link(host, pf_addr, sizeof(pf_addr), PCI_FOLDER "%s/physfn", addr) ||
	    vfp_pci_parse(pf_addr, &pf) < 0)
		return vfp_fail(err, ENODEV, "PCI device %s: there is none, or it is no VF", addr);
	rc = find_virtfn(host, &pf, vf, &found.index, err);
	if (rc < 0)
		return rc;
	find_netdev(host, &pf, found.pf);
	*ret_vf = found;
	*ret_pf = pf;
	return 0;
}

int vfp_sysfs_set_num_vfs(const struct vfp_host *host, const struct vfp_pf *pf, unsigned int n,
			  bool autoprobe, int timeout_ms, struct vfp_err *err)
{
	char addr[VFP_PCI_SIZE];
	int64_t present;
	int rc;

	vfp_pci_format(&pf->pci, addr);
	present = vfp_sysfs_number(host, -1, PCI_FOLDER "%s/sriov_numvfs", addr);
	if (present < 0)
		return vfp_fail(err, EOPNOTSUPP, "PF %s: SR-IOV is not supported", pf->dev);
	if (n > pf->total_vfs)
		return vfp_fail(err, ERANGE, "PF %s: %u VFs, expected at most %u%s", pf->dev, n,
				pf->total_vfs,
				pf->total_vfs ? "" : "; SR-IOV is switched off in its firmware");
	if (present > 0 && n > 0 && present != n)
		return vfp_fail(err, EBUSY, "PF %s: has %d VFs, set 0 before %u", pf->dev,
				(int)present, n);
	rc = write_num_vfs(host, pf, n, autoprobe, err);
	if (rc == 0)
		rc = wait_for_virtfns(host, pf, n, timeout_ms, err);
	if (rc < 0 && present == 0)
		take_back(host, pf);
	return rc;
}

int vfp_sysfs_park(const struct vfp_host *host, const struct vfp_pci *vf, struct vfp_err *err)
{
	char addr[VFP_PCI_SIZE], path[VFP_PATH_SIZE], override[64];
	char driver[VFP_DRIVER_SIZE] = "";
	int rc;

	vfp_pci_format(vf, addr);
	if (!vfp_sysfs_line(host, override, sizeof(override), PCI_FOLDER "%s/driver_override",
			    addr))
		return vfp_fail(err, ENODEV, "VF %s: no such PCI device", addr);
	vfp_sysfs_link(host, driver, sizeof(driver), PCI_FOLDER "%s/driver", addr);
	if (strcmp(override, PARK_DRIVER) != 0) {
		snprintf(path, sizeof(path), PCI_FOLDER "%s/driver_override", addr);
		rc = host->kernel->sysfs_write(host, path, PARK_DRIVER, err);
		if (rc < 0)
			return rc;
	}
	if (!strcmp(driver, PARK_DRIVER))
		return 0;
	if (access(vfp_host_path(host, path, "/sys/bus/pci/drivers/" PARK_DRIVER), F_OK) < 0)
		return vfp_fail(err, ENOENT,
				"VF %s: the driver " PARK_DRIVER
				" is not loaded; see: modprobe " PARK_DRIVER,
				addr);
	return rebind(host, addr, driver, err);
}

int vfp_sysfs_unpark(const struct vfp_host *host, const struct vfp_pci *pf,
		     const struct vfp_pci *vf, struct vfp_err *err)
{
	char pf_addr[VFP_PCI_SIZE], addr[VFP_PCI_SIZE], driver[VFP_DRIVER_SIZE];
	char autoprobe[VFP_PATH_SIZE], path[VFP_PATH_SIZE];
	int rc, reset;

	vfp_pci_format(pf, pf_addr);
	vfp_pci_format(vf, addr);
	if (vfp_sysfs_link(host, driver, sizeof(driver), PCI_FOLDER "%s/driver", addr) &&
	    strcmp(driver, PARK_DRIVER) != 0)
		return 0;
	snprintf(path, sizeof(path), PCI_FOLDER "%s/driver_override", addr);
	rc = host->kernel->sysfs_write(host, path, "\n", err);
	if (rc == 0 && *driver)
		rc = host->kernel->sysfs_write(host, "/sys/bus/pci/drivers/" PARK_DRIVER "/unbind",
					       addr, err);
	if (rc < 0)
		return rc;
	snprintf(autoprobe, sizeof(autoprobe), PCI_FOLDER "%s/sriov_drivers_autoprobe", pf_addr);
	rc = host->kernel->sysfs_write(host, autoprobe, "1", err);
	if (rc < 0)
		return rc;
	rc = host->kernel->sysfs_write(host, "/sys/bus/pci/drivers_probe", addr, err);
	reset = host->kernel->sysfs_write(host, autoprobe, "0", rc < 0 ? NULL : err);
	return rc < 0 ? rc : reset;
}

int vfp_sysfs_reset(const struct vfp_host *host, const struct vfp_pci *vf, bool *ret_is_done,
		    struct vfp_err *err)
{
	char addr[VFP_PCI_SIZE], path[VFP_PATH_SIZE];
	int rc = 0;

	vfp_host_path(host, path, PCI_FOLDER "%s/reset", vfp_pci_format(vf, addr));
	if (access(path, F_OK) < 0) {
		*ret_is_done = false;
		return 0;
	}
	snprintf(path, sizeof(path), PCI_FOLDER "%s/reset", addr);
	rc = host->kernel->sysfs_write(host, path, "1", err);
	/* The file is there and no method left, as reset_method may say. */
	*ret_is_done = rc == 0;
	return rc == -ENOTTY ? 0 : rc;
}

static int read_pf(const struct vfp_host *host, const char *dev, struct vfp_pf *ret_pf,
		   struct vfp_err *err)
{
	struct vfp_pf pf = {0};
	char path[VFP_PATH_SIZE], addr[NAME_MAX], mac[VFP_MAC_SIZE];
	int64_t total;

	if (access(vfp_host_path(host, path, "/sys/class/net/%s", dev), F_OK) < 0)
		return vfp_fail(err, ENOENT, "PF %s: no such network device", dev);
	if (!vfp_sysfs_link(host, addr, sizeof(addr), "/sys/class/net/%s/device", dev) ||
	    vfp_pci_parse(addr, &pf.pci) < 0)
		return vfp_fail(err, ENODEV, "PF %s: this network device is no PCI device", dev);
	if (access(vfp_host_path(host, path, PCI_FOLDER "%s/physfn", addr), F_OK) == 0)
		return vfp_fail(err, ENODEV, "PF %s: this network device is a VF", dev);
	vfp_copy(pf.dev, sizeof(pf.dev), dev);
	vfp_sysfs_link(host, pf.driver, sizeof(pf.driver), PCI_FOLDER "%s/driver", addr);
	total = vfp_sysfs_number(host, -1, PCI_FOLDER "%s/sriov_totalvfs", addr);
	pf.total_vfs = total > 0 ? (unsigned int)total : 0;
	pf.num_vfs = (unsigned int)vfp_sysfs_number(host, 0, PCI_FOLDER "%s/sriov_numvfs", addr);
	if (total <= 0)
		pf.status = VFP_SRIOV_UNSUPPORTED;
	else
		pf.status = pf.num_vfs > 0 ? VFP_SRIOV_ENABLED : VFP_SRIOV_DISABLED;
	pf.numa_node = (int)vfp_sysfs_number(host, -1, PCI_FOLDER "%s/numa_node", addr);
	/* Reading "carrier" of a netdev that is down fails. */
	pf.has_carrier = vfp_sysfs_number(host, 0, "/sys/class/net/%s/carrier", dev) == 1;
	pf.is_up = vfp_sysfs_number(host, 0, "/sys/class/net/%s/flags", dev) & IFF_UP;
	pf.mtu = (unsigned int)vfp_sysfs_number(host, 0, "/sys/class/net/%s/mtu", dev);
	if (vfp_sysfs_line(host, mac, sizeof(mac), "/sys/class/net/%s/address", dev))
		vfp_mac_parse(mac, &pf.mac);
	*ret_pf = pf;
	return 0;
}

/* A NIC in switchdev mode shows a netdev for each VF on the PF's own PCI device; its port name
 * tells it from the PF: "pf0vf3" (Linux, Documentation/networking/switchdev.rst). */
static bool is_representor(const struct vfp_host *host, const char *dev)
{
	char port[32];
	const char *pf;

	if (!vfp_sysfs_line(host, port, sizeof(port), "/sys/class/net/%s/phys_port_name", dev))
		return false;
	pf = strstr(port, "pf");
	return pf && (strstr(pf + 2, "vf") || strstr(pf + 2, "sf"));
}

/* All below the PF's folder, which is open: the kernel walks three steps then, and not twelve, and
 * hosts have thousands of VFs.  false: the PF has no VF @index. */
static bool read_vf(const struct vfp_host *host, const struct vfp_groups *groups, int pf_folder,
		    unsigned int index, struct vfp_vfinfo *ret_vf)
{
	struct vfp_vfinfo vf = {.index = index};
	char path[64], addr[NAME_MAX];
	char *end = path + snprintf(path, sizeof(path), "virtfn%u", index);

	if (!link_at(pf_folder, path, addr, sizeof(addr)) || vfp_pci_parse(addr, &vf.pci) < 0)
		return false;
	stpcpy(end, "/driver");
	link_at(pf_folder, path, vf.driver, sizeof(vf.driver));
	/* A driver for guests makes no netdev. */
	if (strcmp(vf.driver, PARK_DRIVER) != 0)
		find_netdev(host, &vf.pci, vf.netdev);
	stpcpy(end, "/iommu_group");
	if (!groups || !has_own_group(groups, &vf.pci, &vf.iommu_group))
		read_iommu_group(host, pf_folder, path, addr, &vf);
	*ret_vf = vf;
	return true;
}

/* false: it shares its group, or it is not known. */
static bool has_own_group(const struct vfp_groups *groups, const struct vfp_pci *pci,
			  int *ret_group)
{
	const struct device wanted = {.address = address_of(pci)};
	const struct device *found = bsearch(&wanted, groups->devices, groups->n,
					     sizeof(struct device), compare_devices);

	if (!found || groups->counts[found->group] != 1)
		return false;
	*ret_group = found->group;
	return true;
}

/* @path: of the link to the group of the VF at @addr; it is written to. */
static void read_iommu_group(const struct vfp_host *host, int pf_folder, char *path,
			     const char *addr, struct vfp_vfinfo *vf)
{
	char group[16], names[2048];
	vfp_autoclose int folder = -1;
	uint64_t number;
	ssize_t size;

	vf->iommu_group = -1;
	if (!link_at(pf_folder, path, group, sizeof(group)) ||
	    !vfp_number_parse(group, 0, INT_MAX, &number))
		return;
	vf->iommu_group = (int)number;
	stpcpy(path + strlen(path), "/devices");
	folder = openat(pf_folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* opendir() looks at the folder and takes 32 KiB for each. */
	while (folder >= 0 && (size = getdents64(folder, names, sizeof(names))) > 0)
		for (ssize_t at = 0; at < size;) {
			const struct dirent64 *entry = (const void *)(names + at);
			const char *other = entry->d_name;

			if (other[0] != '.' && strcmp(other, addr) != 0 && !is_bridge(host, other))
				vf->group_others++;
			at += entry->d_reclen;
		}
}

/* A bridge in a group does not keep its neighbours from a guest: its driver leaves the group's DMA
 * to others (Linux, drivers/pci/pcie/portdrv.c, driver_managed_dma). */
static bool is_bridge(const struct vfp_host *host, const char *addr)
{
	return vfp_sysfs_number(host, 0, PCI_FOLDER "%s/class", addr) >> 16 == PCI_CLASS_BRIDGES;
}

/* The netdev of a PCI device, "" when it has none. */
static void find_netdev(const struct vfp_host *host, const struct vfp_pci *pci,
			char ret_dev[IFNAMSIZ])
{
	char addr[VFP_PCI_SIZE], path[VFP_PATH_SIZE];
	vfp_auto(dir) folder = NULL;
	const char *dev;

	ret_dev[0] = '\0';
	snprintf(path, sizeof(path), PCI_FOLDER "%s/net", vfp_pci_format(pci, addr));
	folder = open_folder(host, path);
	while (folder && (dev = next_name(folder)))
		if (!is_representor(host, dev) && vfp_copy(ret_dev, IFNAMSIZ, dev))
			return;
}

/* A VF's number on its PCI domain: where the next one is, PCIe 6.0, 9.3.3.10 VF Stride. */
static unsigned int routing_id(const struct vfp_pci *pci)
{
	return (unsigned int)pci->bus << 8 | (unsigned int)pci->device << 3 | pci->function;
}

static uint64_t address_of(const struct vfp_pci *pci)
{
	return (uint64_t)pci->domain << 16 | routing_id(pci);
}

static bool is_virtfn(int pf_folder, unsigned int index, const struct vfp_pci *vf,
		      struct vfp_pci *ret_found)
{
	char path[64], target[NAME_MAX];

	snprintf(path, sizeof(path), "virtfn%u", index);
	return link_at(pf_folder, path, target, sizeof(target)) &&
	       vfp_pci_parse(target, ret_found) == 0 && vfp_pci_compare(ret_found, vf) == 0;
}

/* By the first two VFs' addresses, since those of a PF lie at equal distances: the folder of a PF
 * with many VFs is not to be searched. */
static bool guess_virtfn(const struct vfp_host *host, const struct vfp_pci *pf,
			 const struct vfp_pci *vf, unsigned int *ret_index)
{
	vfp_autoclose int folder = open_device(host, pf);
	struct vfp_pci first = {0}, second = {0}, found;
	unsigned int stride;

	for (*ret_index = 0; *ret_index < 2; (*ret_index)++)
		if (is_virtfn(folder, *ret_index, vf, *ret_index ? &second : &first))
			return true;
	stride = routing_id(&second) - routing_id(&first);
	if (stride == 0 || stride > UINT16_MAX || routing_id(vf) < routing_id(&first))
		return false;
	*ret_index = (routing_id(vf) - routing_id(&first)) / stride;
	return is_virtfn(folder, *ret_index, vf, &found);
}

static int find_virtfn(const struct vfp_host *host, const struct vfp_pci *pf,
		       const struct vfp_pci *vf, unsigned int *ret_index, struct vfp_err *err)
{
	char addr[VFP_PCI_SIZE], pf_addr[VFP_PCI_SIZE], target[NAME_MAX];
	vfp_autofree unsigned int *indexes = NULL;
	size_t n;
	int rc;

	if (guess_virtfn(host, pf, vf, ret_index))
		return 0;
	rc = list_virtfns(host, pf, &indexes, &n, err);
	if (rc < 0)
		return rc;
	vfp_pci_format(vf, addr);
	vfp_pci_format(pf, pf_addr);
	for (size_t i = 0; i < n; i++) {
		if (vfp_sysfs_link(host, target, sizeof(target), PCI_FOLDER "%s/virtfn%u", pf_addr,
				   indexes[i]) &&
		    !strcmp(target, addr)) {
			*ret_index = indexes[i];
			return 0;
		}
	}
	return vfp_fail(err, ENODEV, "VF %s: its PF %s does not know it (any more)", addr, pf_addr);
}

static int list_virtfns(const struct vfp_host *host, const struct vfp_pci *pf,
			unsigned int **ret_indexes, size_t *ret_n, struct vfp_err *err)
{
	vfp_autofree unsigned int *indexes = vfp_alloc(1, sizeof(*indexes));
	char addr[VFP_PCI_SIZE], path[VFP_PATH_SIZE];
	vfp_auto(dir) folder = NULL;
	const char *name;
	size_t n = 0;

	snprintf(path, sizeof(path), PCI_FOLDER "%s", vfp_pci_format(pf, addr));
	folder = open_folder(host, path);
	if (!folder)
		return vfp_fail(err, ENODEV, "PF %s: no such PCI device", addr);
	while ((name = next_name(folder))) {
		indexes = vfp_realloc(indexes, n + 1, sizeof(*indexes));
		if (parse_virtfn(name, &indexes[n]))
			n++;
	}
	qsort(indexes, n, sizeof(*indexes), compare_indexes);
	*ret_indexes = VFP_TAKE(indexes);
	*ret_n = n;
	return 0;
}

static int write_num_vfs(const struct vfp_host *host, const struct vfp_pf *pf, unsigned int n,
			 bool autoprobe, struct vfp_err *err)
{
	char addr[VFP_PCI_SIZE], path[VFP_PATH_SIZE], number[16];
	int rc;

	vfp_pci_format(&pf->pci, addr);
	snprintf(path, sizeof(path), PCI_FOLDER "%s/sriov_drivers_autoprobe", addr);
	rc = host->kernel->sysfs_write(host, path, autoprobe ? "1" : "0", err);
	if (rc == 0) {
		snprintf(path, sizeof(path), PCI_FOLDER "%s/sriov_numvfs", addr);
		snprintf(number, sizeof(number), "%u", n);
		rc = host->kernel->sysfs_write(host, path, number, err);
	}
	return rc < 0 ? vfp_fail_in(err, rc, "PF %s: setting the number of VFs", pf->dev) : 0;
}

static int wait_for_virtfns(const struct vfp_host *host, const struct vfp_pf *pf, unsigned int n,
			    int timeout_ms, struct vfp_err *err)
{
	const int64_t deadline = host->kernel->ticks_ms() + timeout_ms;

	for (;;) {
		vfp_autofree unsigned int *indexes = NULL;
		size_t seen;
		int rc = list_virtfns(host, &pf->pci, &indexes, &seen, err);

		if (rc < 0 || seen == n)
			return rc;
		if (host->kernel->ticks_ms() >= deadline)
			return vfp_fail(err, ETIMEDOUT,
					"PF %s: after %d ms there are %zu VFs, expected %u",
					pf->dev, timeout_ms, seen, n);
		host->kernel->pause_ms(LOOK_AGAIN_MS);
	}
}

/* Sets the count back to 0 where a failure left VFs behind; the failure itself is what the caller
 * tells. */
static void take_back(const struct vfp_host *host, const struct vfp_pf *pf)
{
	char addr[VFP_PCI_SIZE], path[VFP_PATH_SIZE];

	vfp_pci_format(&pf->pci, addr);
	if (vfp_sysfs_number(host, 0, PCI_FOLDER "%s/sriov_numvfs", addr) == 0)
		return;
	snprintf(path, sizeof(path), PCI_FOLDER "%s/sriov_numvfs", addr);
	host->kernel->sysfs_write(host, path, "0", NULL);
}

static int rebind(const struct vfp_host *host, const char *addr, const char *driver,
		  struct vfp_err *err)
{
	char path[VFP_PATH_SIZE], bound[VFP_DRIVER_SIZE] = "";
	int rc = 0;

	if (*driver) {
		snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/unbind", driver);
		rc = host->kernel->sysfs_write(host, path, addr, err);
	}
	if (rc == 0)
		rc = host->kernel->sysfs_write(host, "/sys/bus/pci/drivers_probe", addr, err);
	if (rc < 0)
		return vfp_fail_in(err, rc, "VF %s: binding it to " PARK_DRIVER, addr);
	vfp_sysfs_link(host, bound, sizeof(bound), PCI_FOLDER "%s/driver", addr);
	if (strcmp(bound, PARK_DRIVER) != 0)
		return vfp_fail(err, EIO, "VF %s: its driver is %s, expected " PARK_DRIVER, addr,
				*bound ? bound : "none");
	return 0;
}

static DIR *open_folder(const struct vfp_host *host, const char *path)
{
	char full[VFP_PATH_SIZE];

	return opendir(vfp_host_path(host, full, "%s", path));
}

/* The folder of a PCI device, to look at what lies in it; -1: there is none. */
static int open_device(const struct vfp_host *host, const struct vfp_pci *pci)
{
	char path[VFP_PATH_SIZE], addr[VFP_PCI_SIZE];

	vfp_host_path(host, path, PCI_FOLDER "%s", vfp_pci_format(pci, addr));
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* vfp_sysfs_link(), of a path below an open folder. */
static bool link_at(int folder, const char *path, char *buf, size_t size)
{
	char target[VFP_PATH_SIZE];
	const char *slash;
	ssize_t length = readlinkat(folder, path, target, sizeof(target) - 1);

	buf[0] = '\0';
	if (length < 0)
		return false;
	target[length] = '\0';
	slash = strrchr(target, '/');
	return vfp_copy(buf, size, slash ? slash + 1 : target);
}

/* The next name in a folder but "." and "..", NULL at the end. */
static const char *next_name(DIR *folder)
{
	struct dirent *entry;

	do
		entry = readdir(folder);
	while (entry && entry->d_name[0] == '.');
	return entry ? entry->d_name : NULL;
}

static bool parse_virtfn(const char *name, unsigned int *ret_index)
{
	static const char prefix[] = "virtfn";
	const size_t length = sizeof(prefix) - 1;
	uint64_t index;

	if (strncmp(name, prefix, length) != 0 ||
	    !vfp_number_parse(name + length, 0, UINT16_MAX, &index))
		return false;
	*ret_index = (unsigned int)index;
	return true;
}

static int compare_pfs(const void *a, const void *b)
{
	const struct vfp_pf *pf_a = a, *pf_b = b;
	int difference = vfp_pci_compare(&pf_a->pci, &pf_b->pci);

	return difference ? difference : strcmp(pf_a->dev, pf_b->dev);
}

static int compare_indexes(const void *a, const void *b)
{
	const unsigned int *index_a = a, *index_b = b;

	return (*index_a > *index_b) - (*index_a < *index_b);
}

static int compare_devices(const void *a, const void *b)
{
	const struct device *device_a = a, *device_b = b;

	return (device_a->address > device_b->address) - (device_a->address < device_b->address);
}
