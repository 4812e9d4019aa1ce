/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A network card: why it has no VFs, its speed, what goes through it.
 */
#include "base/nic.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define PCI_FOLDER	   "/sys/bus/pci/devices/"
#define CONFIG_SIZE	   4096
#define FIRST_EXTENDED	   0x100 /* PCIe 6.0, 7.6.2: extended capabilities begin here */
#define CAPABILITY_SRIOV   0x10
#define SRIOV_TOTAL_VFS	   0x0e /* 9.3.3.6 */
#define PCI_CLASS_NETWORK  0x02 /* the upper byte of the class */
#define OPENVSWITCH_MASTER "ovs-system"

VFP_DEFINE_AUTO(dir, DIR *, closedir)

static void fill_in(char *buf, size_t size, const char *todo, const char *dev, const char *pci);
static enum vfp_sriov_why find_why(const struct vfp_host *host, const struct vfp_pf *pf);
static int firmware_maximum(const struct vfp_host *host, const char *addr);
static bool is_virtual_machine(const struct vfp_host *host);
static bool read_bare(const struct vfp_host *host, const char *addr, struct vfp_pf *ret_pf);
static bool has_netdev(const struct vfp_host *host, const char *addr);
static bool is_below(const struct vfp_host *host, const char *dev, const char *upper, int depth);
static int compare_addresses(const void *a, const void *b);

const struct vfp_word vfp_sriov_why_words[] = {
	{"", VFP_WHY_NONE},
	{"no SR-IOV capability", VFP_WHY_NO_CAPABILITY},
	{"no SR-IOV capability in this VM", VFP_WHY_IN_VM},
	{"maximum in firmware is 0", VFP_WHY_FIRMWARE},
	{"driver without SR-IOV", VFP_WHY_DRIVER},
	{"no network driver", VFP_WHY_NO_DRIVER},
	{"whole card given to a guest", VFP_WHY_GIVEN_AWAY},
	{"kernel without SR-IOV", VFP_WHY_KERNEL},
	{NULL, 0},
};

/* Drivers of SR-IOV cards without sriov_configure() in their struct pci_driver (Linux 6.12). */
static const char *const drivers_without[] = {"mlx4_core"};

/* What to do, by reason and, where it has an own tool, by vendor; the row without vendor is for all
 * others; @PF and @PCI stand for the card's.  sfboot is as the Solarflare Server Adapter User
 * Guide, issue 20, has it; the other vendors' tools were not at hand and not tried. */
static const struct {
	enum vfp_sriov_why why;
	unsigned int vendor;
	const char *todo;
} remedies[] = {
	{VFP_WHY_NONE, 0, ""},
	{VFP_WHY_NO_CAPABILITY, 0, "use another card"},
	{VFP_WHY_IN_VM, 0,
	 "run vfpool on the machine below, or give this VM a card whose SR-IOV its hypervisor emulates"},
	{VFP_WHY_FIRMWARE, 0x8086,
	 "switch SR-IOV on in the machine's setup (system and card), then, if the maximum stays 0, update "
	 "the card's firmware with nvmupdate64e; reboot"},
	{VFP_WHY_FIRMWARE, 0x15b3,
	 "mstconfig -d @PCI set SRIOV_EN=1 NUM_OF_VFS=N, and SR-IOV on in the machine's setup; "
	 "reboot"},
	{VFP_WHY_FIRMWARE, 0x1924,
	 "sfboot --adapter=@PF switch-mode=sriov vf-count=N, and SR-IOV on in the machine's setup; power "
	 "the machine off and on"},
	{VFP_WHY_FIRMWARE, 0x14e4,
	 "switch SR-IOV on in the card's page of the machine's setup, or with niccli (nvm option "
	 "enable_sriov); reboot"},
	{VFP_WHY_FIRMWARE, 0x1077,
	 "switch the card's virtualization mode to SR-IOV in the machine's setup; reboot"},
	{VFP_WHY_FIRMWARE, 0,
	 "switch SR-IOV on in the machine's setup (BIOS) and in the card's firmware with its vendor's "
	 "tool; reboot"},
	{VFP_WHY_DRIVER, 0x15b3,
	 "mlx4_core makes VFs when it is loaded only: options mlx4_core num_vfs=N in /etc/modprobe.d, then "
	 "reboot; vfpool pool define takes them as they are"},
	{VFP_WHY_DRIVER, 0, "use a driver that supports SR-IOV"},
	{VFP_WHY_NO_DRIVER, 0, "load the card's driver; dmesg may say why there is none"},
	{VFP_WHY_GIVEN_AWAY, 0,
	 "take it out of the guest, and give it back to its driver: virsh nodedev-reattach"},
	{VFP_WHY_KERNEL, 0, "boot a kernel with CONFIG_PCI_IOV; dmesg may say more"},
};

void vfp_nic_read(const struct vfp_host *host, const struct vfp_pf *pf, struct vfp_nic *ret)
{
	struct vfp_nic nic = {0};
	char addr[VFP_PCI_SIZE];
	int64_t speed;

	vfp_pci_format(&pf->pci, addr);
	nic.vendor = (unsigned int)vfp_sysfs_number(host, 0, PCI_FOLDER "%s/vendor", addr);
	nic.device = (unsigned int)vfp_sysfs_number(host, 0, PCI_FOLDER "%s/device", addr);
	nic.why = find_why(host, pf);
	if (*pf->dev) {
		/* -1 while there is no link. */
		speed = vfp_sysfs_number(host, 0, "/sys/class/net/%s/speed", pf->dev);
		nic.speed_mbps = pf->has_carrier && speed > 0 ? (int)speed : 0;
		host->kernel->card_read(host, pf->dev, &nic.card, NULL);
	}
	*ret = nic;
}

char *vfp_nic_remedy(const struct vfp_nic *nic, const struct vfp_pf *pf, char *buf, size_t size)
{
	const char *todo = "";
	char pci[VFP_PCI_SIZE];

	for (size_t i = VFP_N(remedies); i-- > 0;)
		if (remedies[i].why == nic->why &&
		    (!remedies[i].vendor || remedies[i].vendor == nic->vendor))
			todo = remedies[i].todo;
	fill_in(buf, size, todo, *pf->dev ? pf->dev : "PF", vfp_pci_format(&pf->pci, pci));
	return buf;
}

int vfp_nic_bare(const struct vfp_host *host, struct vfp_pf **ret, size_t *ret_n,
		 struct vfp_err *err)
{
	vfp_autofree struct vfp_pf *pfs = vfp_alloc(1, sizeof(*pfs));
	char path[VFP_PATH_SIZE];
	vfp_auto(dir) folder = opendir(vfp_host_path(host, path, PCI_FOLDER));
	const struct dirent *entry;
	size_t n = 0;

	/* A machine without PCI has none. */
	while (folder && (entry = readdir(folder))) {
		pfs = vfp_realloc(pfs, n + 1, sizeof(*pfs));
		n += read_bare(host, entry->d_name, &pfs[n]);
	}
	qsort(pfs, n, sizeof(*pfs), compare_addresses);
	*ret = VFP_TAKE(pfs);
	*ret_n = n;
	return 0;
}

bool vfp_nic_carries(const struct vfp_host *host, const char *dev, const char *upper)
{
	char master[IFNAMSIZ], path[VFP_PATH_SIZE];

	if (is_below(host, dev, upper, 0))
		return true;
	return vfp_sysfs_link(host, master, sizeof(master), "/sys/class/net/%s/master", dev) &&
	       !strcmp(master, OPENVSWITCH_MASTER) &&
	       access(vfp_host_path(host, path, "/sys/devices/virtual/net/%s", upper), F_OK) == 0 &&
	       access(vfp_host_path(host, path, "/sys/class/net/%s/bridge", upper), F_OK) < 0;
}

static void fill_in(char *buf, size_t size, const char *todo, const char *dev, const char *pci)
{
	size_t at = 0;

	buf[0] = '\0';
	while (*todo && at + 1 < size) {
		const bool is_dev = !strncmp(todo, "@PF", 3), is_pci = !strncmp(todo, "@PCI", 4);

		if (!is_dev && !is_pci) {
			buf[at++] = *todo++;
			buf[at] = '\0';
			continue;
		}
		at += (size_t)snprintf(buf + at, size - at, "%s", is_dev ? dev : pci);
		todo += is_dev ? 3 : 4;
	}
}

static enum vfp_sriov_why find_why(const struct vfp_host *host, const struct vfp_pf *pf)
{
	char addr[VFP_PCI_SIZE];
	int64_t total;
	int maximum;

	vfp_pci_format(&pf->pci, addr);
	if (!strcmp(pf->driver, "vfio-pci"))
		return VFP_WHY_GIVEN_AWAY;
	total = vfp_sysfs_number(host, -1, PCI_FOLDER "%s/sriov_totalvfs", addr);
	maximum = total < 0 ? firmware_maximum(host, addr) : 0;
	if (total < 0 && maximum < 0)
		return is_virtual_machine(host) ? VFP_WHY_IN_VM : VFP_WHY_NO_CAPABILITY;
	if (!*pf->driver || !*pf->dev)
		return VFP_WHY_NO_DRIVER;
	if (total > 0) {
		for (size_t i = 0; i < VFP_N(drivers_without); i++)
			if (!strcmp(pf->driver, drivers_without[i]) && !pf->num_vfs)
				return VFP_WHY_DRIVER;
		return VFP_WHY_NONE;
	}
	/* With TotalVFs 0 the kernel shows no sriov_totalvfs at all (sriov_init() in iov.c); a
	 * driver may also lower it to 0 (pci_sriov_set_totalvfs()). */
	return maximum > 0 ? VFP_WHY_KERNEL : VFP_WHY_FIRMWARE;
}

/* TotalVFs in the device's own configuration space; -1 when it has no SR-IOV capability.  Only root
 * reads beyond the first 64 bytes. */
static int firmware_maximum(const struct vfp_host *host, const char *addr)
{
	char path[VFP_PATH_SIZE];
	vfp_autofree char *text = NULL;
	const unsigned char *config;
	size_t size, at = FIRST_EXTENDED;

	vfp_host_path(host, path, PCI_FOLDER "%s/config", addr);
	if (vfp_file_read(path, CONFIG_SIZE, &text, &size, NULL) < 0)
		return -1;
	config = (const unsigned char *)text;
	/* Capabilities are 4 bytes at least, so a list that goes round in circles ends here. */
	for (size_t i = 0; i < CONFIG_SIZE / 4 && at >= FIRST_EXTENDED && at + 16 <= size; i++) {
		if ((config[at] | config[at + 1] << 8) == CAPABILITY_SRIOV)
			return config[at + SRIOV_TOTAL_VFS] | config[at + SRIOV_TOTAL_VFS + 1] << 8;
		at = (size_t)(config[at + 2] >> 4 | config[at + 3] << 4);
	}
	return -1;
}

/* x86 shows it as a CPU flag (Linux, X86_FEATURE_HYPERVISOR). */
static bool is_virtual_machine(const struct vfp_host *host)
{
	char path[VFP_PATH_SIZE];
	vfp_autofree char *text = NULL;

	if (vfp_file_read(vfp_host_path(host, path, "/proc/cpuinfo"), 8u << 20, &text, NULL, NULL) <
	    0)
		return false;
	return strstr(text, " hypervisor");
}

static bool read_bare(const struct vfp_host *host, const char *addr, struct vfp_pf *ret_pf)
{
	struct vfp_pf pf = {.status = VFP_SRIOV_UNSUPPORTED};
	char path[VFP_PATH_SIZE];

	if (vfp_pci_parse(addr, &pf.pci) < 0 ||
	    vfp_sysfs_number(host, 0, PCI_FOLDER "%s/class", addr) >> 16 != PCI_CLASS_NETWORK ||
	    access(vfp_host_path(host, path, PCI_FOLDER "%s/physfn", addr), F_OK) == 0 ||
	    has_netdev(host, addr))
		return false;
	vfp_sysfs_link(host, pf.driver, sizeof(pf.driver), PCI_FOLDER "%s/driver", addr);
	pf.numa_node = (int)vfp_sysfs_number(host, -1, PCI_FOLDER "%s/numa_node", addr);
	*ret_pf = pf;
	return true;
}

static bool has_netdev(const struct vfp_host *host, const char *addr)
{
	char path[VFP_PATH_SIZE];
	vfp_auto(dir) folder = opendir(vfp_host_path(host, path, PCI_FOLDER "%s/net", addr));
	const struct dirent *entry;

	while (folder && (entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			return true;
	return false;
}

/* Walks down the lower_NAME links of @upper (Linux, net/core/dev.c,
 * netdev_adjacent_sysfs_add()). */
static bool is_below(const struct vfp_host *host, const char *dev, const char *upper, int depth)
{
	static const char prefix[] = "lower_";
	char path[VFP_PATH_SIZE];
	vfp_auto(dir) folder = NULL;
	const struct dirent *entry;

	if (!strcmp(dev, upper))
		return true;
	if (!*upper || strchr(upper, '/') || depth == 8)
		return false;
	folder = opendir(vfp_host_path(host, path, "/sys/class/net/%s", upper));
	while (folder && (entry = readdir(folder)))
		if (!strncmp(entry->d_name, prefix, sizeof(prefix) - 1) &&
		    is_below(host, dev, entry->d_name + sizeof(prefix) - 1, depth + 1))
			return true;
	return false;
}

static int compare_addresses(const void *a, const void *b)
{
	const struct vfp_pf *pf_a = a, *pf_b = b;

	return vfp_pci_compare(&pf_a->pci, &pf_b->pci);
}
