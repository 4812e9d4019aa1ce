/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What passing VFs to guests needs of this host, and what to do about the rest. */

#include "service/doctor.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/nic.h"
#include "base/proc.h"
#include "pool/inventory.h"

#define HOOKS	      "/etc/libvirt/hooks" /* where libvirt looks, built as distributions do */
#define FILE_MAX      (16u << 20)
#define CAP_RESOURCE  24 /* CAP_SYS_RESOURCE of linux/capability.h: may raise any limit */
#define MAX_NAMED_VFS 4	 /* of a list that may have hundreds */

VFP_DEFINE_AUTO(dir, DIR *, closedir)

const struct vfp_word vfp_health_words[] = {
	{"PASS", VFP_PASS},
	{"WARN", VFP_WARN},
	{"FAIL", VFP_FAIL},
	{NULL, 0},
};

/* All that the checks look at, gathered once. */
struct facts {
	const struct vfp_host *host;
	size_t n_pfs, n_bare;
	struct vfp_pf *pfs, *bare;
	struct vfp_nic *nics, *bare_nics;
	struct vfp_pool *pool; /* NULL: there is none, or it cannot be opened */
	struct vfp_err pool_err;
	size_t n_defs, n_wanted, n_leases;
	struct vfp_pooldef *defs;
	struct vfp_wanted *wanted;
	struct vfp_lease *leases;
	struct vfp_process daemon; /* of libvirt; pid 0: none runs */
	const char *daemon_name;
};

static enum vfp_health check_iommu(const struct facts *facts, struct vfp_finding *f);
static enum vfp_health check_remapping(const struct facts *facts, struct vfp_finding *f);
static enum vfp_health check_kvm(const struct facts *facts, struct vfp_finding *f);
static enum vfp_health check_card(const struct facts *facts, struct vfp_finding *f);
static enum vfp_health check_firmware(const struct facts *facts, struct vfp_finding *f);
static enum vfp_health check_driver(const struct facts *facts, struct vfp_finding *f);
static enum vfp_health check_vfio(const struct facts *facts, struct vfp_finding *f);
static enum vfp_health check_vfs(const struct facts *facts, struct vfp_finding *f);
static enum vfp_health check_groups(const struct facts *facts, struct vfp_finding *f);
static enum vfp_health check_link(const struct facts *facts, struct vfp_finding *f);
static enum vfp_health check_mtu(const struct facts *facts, struct vfp_finding *f);
static enum vfp_health check_libvirt(const struct facts *facts, struct vfp_finding *f);
static enum vfp_health check_hook(const struct facts *facts, struct vfp_finding *f);
static enum vfp_health check_hook_seen(const struct facts *facts, struct vfp_finding *f);
static enum vfp_health check_memlock(const struct facts *facts, struct vfp_finding *f);
static enum vfp_health check_apparmor(const struct facts *facts, struct vfp_finding *f);
static enum vfp_health check_selinux(const struct facts *facts, struct vfp_finding *f);
static enum vfp_health check_database(const struct facts *facts, struct vfp_finding *f);
static enum vfp_health check_pool(const struct facts *facts, struct vfp_finding *f);
static enum vfp_health check_service(const struct facts *facts, struct vfp_finding *f);
static enum vfp_health check_boot(const struct facts *facts, struct vfp_finding *f);

/* In the order in which one sets a host up: the first that does not pass is what to do first. */
static const struct {
	const char *id;
	enum vfp_health (*look)(const struct facts *facts, struct vfp_finding *f);
} checks[] = {
	{"iommu", check_iommu},
	{"interrupt-remapping", check_remapping},
	{"kvm", check_kvm},
	{"sriov-card", check_card},
	{"firmware-maximum", check_firmware},
	{"card-driver", check_driver},
	{"vfio-pci", check_vfio},
	{"vfs", check_vfs},
	{"iommu-groups", check_groups},
	{"link", check_link},
	{"mtu", check_mtu},
	{"libvirt", check_libvirt},
	{"hook", check_hook},
	{"hook-seen", check_hook_seen},
	{"memlock", check_memlock},
	{"apparmor", check_apparmor},
	{"selinux", check_selinux},
	{"database", check_database},
	{"pool", check_pool},
	{"vfpoold", check_service},
	{"boot", check_boot},
};

static int gather(struct facts *ret, struct vfp_err *err);
static void free_facts(struct facts *facts);
static void find_daemon(struct facts *facts);
static bool exists(const struct facts *facts, const char *path);
static char *read_text(const struct facts *facts, const char *path);
static unsigned int count_entries(const struct facts *facts, const char *path);
static void say(char *words, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(char *words, const char *separator, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

VFP_DEFINE_AUTO(facts, struct facts *, free_facts)

int vfp_doctor(const struct vfp_host *host, struct vfp_finding **ret, size_t *ret_n,
	       struct vfp_err *err)
{
	struct facts gathered = {.host = host};
	vfp_auto(facts) facts = &gathered;
	struct vfp_finding *findings;
	int rc = gather(facts, err);

	if (rc < 0)
		return rc;
	findings = vfp_alloc(VFP_N(checks), sizeof(*findings));
	for (size_t i = 0; i < VFP_N(checks); i++) {
		findings[i].health = checks[i].look(facts, &findings[i]);
		findings[i].check = checks[i].id; /* last: a look may fill its finding as a whole */
		if (findings[i].health == VFP_PASS)
			findings[i].todo[0] = '\0';
	}
	*ret = findings;
	*ret_n = VFP_N(checks);
	return 0;
}

/* --- The machine ------------------------------------------------------------------------------ */

static enum vfp_health check_iommu(const struct facts *facts, struct vfp_finding *f)
{
	unsigned int n = count_entries(facts, "/sys/kernel/iommu_groups");
	vfp_autofree char *cpu = read_text(facts, "/proc/cpuinfo");
	const bool is_intel = strstr(cpu, "GenuineIntel");
	const bool has_table = exists(facts, is_intel ? "/sys/firmware/acpi/tables/DMAR"
						      : "/sys/firmware/acpi/tables/IVRS");

	if (n) {
		say(f->found, "on, %u groups", n);
		return VFP_PASS;
	}
	if (!strstr(cpu, "GenuineIntel") && !strstr(cpu, "AuthenticAMD")) {
		say(f->found, "off: the kernel shows no IOMMU groups");
		say(f->todo, "switch the IOMMU (SMMU) on in the machine's firmware, then reboot");
	} else if (!has_table) {
		say(f->found, "off: the firmware shows no IOMMU (no ACPI table %s)",
		    is_intel ? "DMAR" : "IVRS");
		say(f->todo, "switch %s on in the machine's setup (BIOS), then reboot",
		    is_intel ? "VT-d" : "IOMMU (AMD-Vi)");
	} else {
		say(f->found, "the machine has one, and the kernel does not use it");
		say(f->todo,
		    "add %s to the kernel's command line (/etc/default/grub, then "
		    "update-grub), and reboot",
		    is_intel ? "intel_iommu=on iommu=pt" : "amd_iommu=on iommu=pt");
	}
	return VFP_FAIL;
}

/* The names of interrupt chips tell: "IR-" on x86 (Linux, drivers/iommu/intel/irq_remapping.c and
 * amd/iommu.c), ITS on ARM, whose interrupts are apart by design. */
static enum vfp_health check_remapping(const struct facts *facts, struct vfp_finding *f)
{
	vfp_autofree char *interrupts = read_text(facts, "/proc/interrupts");
	char unsafe[8] = "";

	if (strstr(interrupts, "IR-") || strstr(interrupts, "ITS-")) {
		say(f->found, "on");
		return VFP_PASS;
	}
	vfp_sysfs_line(facts->host, unsafe, sizeof(unsafe),
		       "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts");
	say(f->todo, "switch interrupt remapping (x2APIC, VT-d) on in the machine's setup");
	if (unsafe[0] == 'Y') {
		say(f->found,
		    "off, and VFIO is told to do without (allow_unsafe_interrupts): a guest "
		    "can raise interrupts of the host's");
		return VFP_WARN;
	}
	say(f->found, "off: VFIO refuses guests a device");
	add(f->todo, "; ",
	    "or, where all guests are trusted: options vfio_iommu_type1 "
	    "allow_unsafe_interrupts=1 in /etc/modprobe.d");
	return VFP_FAIL;
}

static enum vfp_health check_kvm(const struct facts *facts, struct vfp_finding *f)
{
	if (exists(facts, "/dev/kvm")) {
		say(f->found, "/dev/kvm is there");
		return VFP_PASS;
	}
	say(f->found, "no /dev/kvm: guests are emulated, and slow");
	say(f->todo,
	    "switch virtualization (VT-x, SVM) on in the machine's setup; modprobe kvm_intel "
	    "or kvm_amd");
	return VFP_WARN;
}

/* --- Cards ------------------------------------------------------------------------------------ */

static const char *name_of(const struct vfp_pf *pf, char buf[VFP_PCI_SIZE])
{
	return *pf->dev ? pf->dev : vfp_pci_format(&pf->pci, buf);
}

/* Runs over all cards of the reasons @from..@to: how many; their names and reasons into @f, and
 * what to do about the first. */
static size_t name_cards(const struct facts *facts, enum vfp_sriov_why from, enum vfp_sriov_why to,
			 struct vfp_finding *f)
{
	char pci[VFP_PCI_SIZE], todo[300];
	size_t n = 0;

	for (size_t i = 0; i < facts->n_pfs + facts->n_bare; i++) {
		const bool is_bare = i >= facts->n_pfs;
		const struct vfp_pf *pf = is_bare ? &facts->bare[i - facts->n_pfs] : &facts->pfs[i];
		const struct vfp_nic *nic =
			is_bare ? &facts->bare_nics[i - facts->n_pfs] : &facts->nics[i];

		if (nic->why < from || nic->why > to)
			continue;
		if (nic->why == VFP_WHY_NONE)
			add(f->found, ", ", "%s (%s, up to %u VFs)", name_of(pf, pci), pf->driver,
			    pf->total_vfs);
		else
			add(f->found, ", ", "%s: %s", name_of(pf, pci),
			    vfp_word_of(vfp_sriov_why_words, (int)nic->why));
		if (!n++)
			say(f->todo, "%s: %s", name_of(pf, pci),
			    vfp_nic_remedy(nic, pf, todo, sizeof(todo)));
	}
	return n;
}

static enum vfp_health check_card(const struct facts *facts, struct vfp_finding *f)
{
	if (name_cards(facts, VFP_WHY_NONE, VFP_WHY_NONE, f))
		return VFP_PASS;
	if (name_cards(facts, VFP_WHY_NO_CAPABILITY, VFP_WHY_KERNEL, f))
		return VFP_FAIL;
	say(f->found, "no network card");
	say(f->todo, "put in a card with SR-IOV");
	return VFP_FAIL;
}

static enum vfp_health check_firmware(const struct facts *facts, struct vfp_finding *f)
{
	if (name_cards(facts, VFP_WHY_FIRMWARE, VFP_WHY_FIRMWARE, f))
		return VFP_WARN;
	say(f->found, "no card has its VFs switched off in firmware");
	return VFP_PASS;
}

static enum vfp_health check_driver(const struct facts *facts, struct vfp_finding *f)
{
	if (name_cards(facts, VFP_WHY_DRIVER, VFP_WHY_KERNEL, f))
		return VFP_WARN;
	say(f->found, "every card has a driver that makes VFs, or no SR-IOV");
	return VFP_PASS;
}

static enum vfp_health check_vfio(const struct facts *facts, struct vfp_finding *f)
{
	char release[128], path[200];
	vfp_autofree char *modules = NULL;

	if (exists(facts, "/sys/bus/pci/drivers/vfio-pci")) {
		say(f->found, "loaded");
		return VFP_PASS;
	}
	vfp_sysfs_line(facts->host, release, sizeof(release), "/proc/sys/kernel/osrelease");
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", release);
	modules = read_text(facts, path);
	if (strstr(modules, "/vfio-pci.ko")) {
		say(f->found, "not loaded, but there; pf enable and pf restore load it");
		return VFP_PASS;
	}
	say(f->found, "the kernel %s has none", release);
	say(f->todo, "boot a kernel with CONFIG_VFIO_PCI (Debian: linux-image-amd64)");
	return VFP_FAIL;
}

/* Every PF has what it is to have, and there is one that has VFs. */
static enum vfp_health check_vfs(const struct facts *facts, struct vfp_finding *f)
{
	struct vfp_finding missing = {0};

	for (size_t i = 0; i < facts->n_wanted; i++) {
		const struct vfp_wanted *wanted = &facts->wanted[i];
		unsigned int present = 0;

		for (size_t k = 0; k < facts->n_pfs; k++)
			if (!strcmp(facts->pfs[k].dev, wanted->dev))
				present = facts->pfs[k].num_vfs;
		if (present != wanted->vfs)
			add(missing.found, ", ", "%s has %u, expected %u", wanted->dev, present,
			    wanted->vfs);
	}
	if (*missing.found) {
		*f = missing;
		say(f->todo, "vfpool pf restore says why, or does it");
		return VFP_FAIL;
	}
	for (size_t i = 0; i < facts->n_pfs; i++)
		if (facts->pfs[i].num_vfs)
			add(f->found, ", ", "%s has %u", facts->pfs[i].dev, facts->pfs[i].num_vfs);
	if (*f->found)
		return VFP_PASS;
	say(f->found, "no card has any yet");
	for (size_t i = facts->n_pfs; i-- > 0;)
		if (facts->nics[i].why == VFP_WHY_NONE)
			say(f->todo, "vfpool pf enable %s --vfs %u", facts->pfs[i].dev,
			    facts->pfs[i].total_vfs);
	if (!*f->todo)
		say(f->todo, "get a card with SR-IOV first (sriov-card)");
	return VFP_FAIL;
}

static enum vfp_health check_groups(const struct facts *facts, struct vfp_finding *f)
{
	unsigned int n = 0, n_bad = 0;

	for (size_t i = 0; i < facts->n_pfs; i++) {
		vfp_autofree struct vfp_vfinfo *vfs = NULL;
		size_t n_vfs = 0;

		vfp_sysfs_vfs(facts->host, &facts->pfs[i].pci, &vfs, &n_vfs, NULL);
		for (size_t k = 0; k < n_vfs; k++) {
			n++;
			if (vfs[k].iommu_group >= 0 && !vfs[k].group_others)
				continue;
			if (n_bad++ < MAX_NAMED_VFS)
				add(f->found, ", ", "%s#%u %s", facts->pfs[i].dev, vfs[k].index,
				    vfs[k].iommu_group < 0 ? "has no group" : "shares its group");
		}
	}
	if (!n_bad) {
		if (n)
			say(f->found, "each of the %u VFs has one of its own", n);
		else
			say(f->found, "no VFs to look at");
		return VFP_PASS;
	}
	if (n_bad > MAX_NAMED_VFS)
		add(f->found, ", ", "… (%u of %u VFs)", n_bad, n);
	say(f->todo,
	    "a group goes to one guest as a whole: put the card into a slot whose bridge has "
	    "ACS, and switch ACS on in the machine's setup; without any group see iommu");
	return VFP_FAIL;
}

static enum vfp_health check_link(const struct facts *facts, struct vfp_finding *f)
{
	unsigned int n = 0;

	for (size_t i = 0; i < facts->n_pfs; i++) {
		const struct vfp_pf *pf = &facts->pfs[i];

		if (!pf->num_vfs)
			continue;
		n++;
		if (pf->has_carrier)
			continue;
		if (!*f->found)
			say(f->todo,
			    pf->is_up ? "%s: plug the cable in, or look at the switch"
				      : "ip link set %s up",
			    pf->dev);
		add(f->found, ", ", "%s %s", pf->dev, pf->is_up ? "has no carrier" : "is down");
	}
	if (*f->found)
		return VFP_WARN;
	if (n)
		say(f->found, "every card with VFs has one (%u)", n);
	else
		say(f->found, "no card with VFs to look at");
	return VFP_PASS;
}

/* A VF may not exceed its PF's MTU on most cards, and a domain may get a VF of any PF of its
 * pool. */
static enum vfp_health check_mtu(const struct facts *facts, struct vfp_finding *f)
{
	char pools[VFP_FINDING_SIZE] = "";

	for (size_t i = 0; i < facts->n_defs; i++) {
		const struct vfp_pooldef *def = &facts->defs[i];
		unsigned int lowest = 0, highest = 0;

		for (size_t k = 0; k < def->n_pfs * facts->n_pfs; k++) {
			const struct vfp_pf *pf = &facts->pfs[k % facts->n_pfs];

			if (strcmp(pf->dev, def->pfs[k / facts->n_pfs].dev) != 0)
				continue;
			lowest = !lowest || pf->mtu < lowest ? pf->mtu : lowest;
			highest = pf->mtu > highest ? pf->mtu : highest;
		}
		if (lowest != highest)
			add(f->found, ", ", "pool %s has PFs of %u and of %u", def->name, lowest,
			    highest);
		else if (lowest)
			add(pools, ", ", "pool %s: %u", def->name, lowest);
	}
	if (*f->found) {
		say(f->todo,
		    "ip link set PF mtu N, the same on all PFs of a pool, and in the host's "
		    "network configuration");
		return VFP_WARN;
	}
	say(f->found, "%s", *pools ? pools : "no pool to look at");
	return VFP_PASS;
}

/* --- libvirt ---------------------------------------------------------------------------------- */

static enum vfp_health check_libvirt(const struct facts *facts, struct vfp_finding *f)
{
	if (facts->daemon.pid) {
		say(f->found, "%s runs (pid %d)", facts->daemon_name, facts->daemon.pid);
		return VFP_PASS;
	}
	if (exists(facts, "/run/libvirt/virtqemud-sock") ||
	    exists(facts, "/run/libvirt/libvirt-sock")) {
		say(f->found, "its daemon starts when it is called");
		return VFP_PASS;
	}
	say(f->found, "no daemon runs");
	if (exists(facts, "/usr/sbin/libvirtd") || exists(facts, "/usr/sbin/virtqemud"))
		say(f->todo, "systemctl start libvirtd (or virtqemud.socket)");
	else
		say(f->todo, "install it (Debian: apt install libvirt-daemon-system "
			     "libvirt-clients qemu-system-x86)");
	return VFP_FAIL;
}

static enum vfp_health check_hook(const struct facts *facts, struct vfp_finding *f)
{
	char path[VFP_PATH_SIZE];

	if (access(vfp_host_path(facts->host, path, HOOKS "/qemu.d/vfpool"), X_OK) == 0 &&
	    exists(facts, PKGLIBDIR "/hook.so")) {
		say(f->found, "installed");
		return VFP_PASS;
	}
	if (exists(facts, HOOKS "/qemu.d/vfpool") && exists(facts, PKGLIBDIR "/hook.so")) {
		say(f->found, HOOKS "/qemu.d/vfpool is not executable");
		say(f->todo, "chmod 755 " HOOKS "/qemu.d/vfpool");
	} else if (strcmp(HOOKDDIR, HOOKS "/qemu.d") != 0 && exists(facts, HOOKDDIR "/vfpool")) {
		say(f->found, "installed where libvirt does not look");
		say(f->todo,
		    "ln -s " HOOKDDIR "/vfpool " HOOKS "/qemu.d/vfpool, or configure vfpool "
		    "with --sysconfdir=/etc");
	} else {
		say(f->found, "not installed");
		say(f->todo,
		    "make install (configured with --sysconfdir=/etc), then systemctl restart "
		    "libvirtd");
	}
	return VFP_FAIL;
}

/* When a process was started, in seconds since 1970; 0: it cannot be told. */
static int64_t started_at(const struct facts *facts, const struct vfp_process *process)
{
	vfp_autofree char *stat = read_text(facts, "/proc/stat");
	const char *boot = strstr(stat, "btime ");
	const long ticks = sysconf(_SC_CLK_TCK);

	return boot && ticks > 0
		       ? strtoll(boot + 6, NULL, 10) + (int64_t)(process->start / (uint64_t)ticks)
		       : 0;
}

/* The oldest inode change among libvirt's qemu hooks; 0: there is none. */
static int64_t oldest_hook(const struct facts *facts)
{
	char path[VFP_PATH_SIZE];
	vfp_auto(dir) folder = opendir(vfp_host_path(facts->host, path, HOOKS "/qemu.d"));
	const struct dirent *entry;
	int64_t oldest = 0;
	struct stat st;

	if (stat(vfp_host_path(facts->host, path, HOOKS "/qemu"), &st) == 0 && st.st_mode & 0111)
		oldest = st.st_ctime;
	while (folder && (entry = readdir(folder)))
		if (fstatat(dirfd(folder), entry->d_name, &st, 0) == 0 && S_ISREG(st.st_mode) &&
		    st.st_mode & 0111 && (!oldest || st.st_ctime < oldest))
			oldest = st.st_ctime;
	return oldest;
}

/* libvirt looks once, when its daemon starts, whether there is any hook of qemu's, and calls none
 * afterwards if there was not (libvirt, src/util/virhook.c, virHookInitialize()).  So what counts
 * is whether a hook, ours or another, is older than the daemon; or that a lease was made on behalf
 * of this daemon, which only the hook does. */
static enum vfp_health check_hook_seen(const struct facts *facts, struct vfp_finding *f)
{
	const int64_t hook = oldest_hook(facts), daemon = started_at(facts, &facts->daemon);

	if (!facts->daemon.pid) {
		say(f->found,
		    "no daemon that could have: it will see what is there when it starts");
		return hook ? VFP_PASS : (say(f->todo, "install the hook first (hook)"), VFP_FAIL);
	}
	for (size_t i = 0; i < facts->n_leases; i++)
		if (facts->leases[i].daemon.pid == facts->daemon.pid &&
		    facts->leases[i].daemon.start == facts->daemon.start) {
			say(f->found, "%s has called it", facts->daemon_name);
			return VFP_PASS;
		}
	say(f->todo, "systemctl restart %s (running guests stay)", facts->daemon_name);
	if (!hook) {
		say(f->found, "there was none for %s to see", facts->daemon_name);
		say(f->todo, "install the hook first (hook)");
	} else if (!daemon) {
		say(f->found, "when %s was started cannot be told", facts->daemon_name);
		return VFP_WARN;
	} else if (hook > daemon + 1) { /* the boot time has whole seconds */
		say(f->found,
		    "the hook is newer than the running %s, which looks once, when it starts",
		    facts->daemon_name);
	} else {
		say(f->found, "%s was started after it was installed", facts->daemon_name);
		return VFP_PASS;
	}
	return VFP_FAIL;
}

/* libvirt raises the limit of each QEMU that has a VF; its daemon must be allowed to. */
static enum vfp_health check_memlock(const struct facts *facts, struct vfp_finding *f)
{
	vfp_autofree char *limits = NULL, *status = NULL, *memory = NULL;
	char path[64], hard[32] = "";
	const char *line;
	uint64_t kib = 0;

	if (!facts->daemon.pid) {
		say(f->found, "not known while libvirt's daemon does not run");
		say(f->todo, "start it (libvirt)");
		return VFP_WARN;
	}
	memory = read_text(facts, "/proc/meminfo");
	if ((line = strstr(memory, "MemTotal:")))
		kib = strtoull(line + 9, NULL, 10);
	snprintf(path, sizeof(path), "/proc/%d/limits", facts->daemon.pid);
	limits = read_text(facts, path);
	if ((line = strstr(limits, "Max locked memory")))
		sscanf(line + 17, "%*s %31s", hard);
	snprintf(path, sizeof(path), "/proc/%d/status", facts->daemon.pid);
	status = read_text(facts, path);
	line = strstr(status, "CapEff:");
	if (!strcmp(hard, "unlimited") ||
	    (line && strtoull(line + 7, NULL, 16) & UINT64_C(1) << CAP_RESOURCE)) {
		say(f->found, "%s may let QEMU lock memory; the host has %" PRIu64 " MiB",
		    facts->daemon_name, kib / 1024);
		return VFP_PASS;
	}
	say(f->found, "%s is limited to %s bytes of locked memory", facts->daemon_name,
	    *hard ? hard : "an unknown number of");
	say(f->todo, "systemctl edit %s: [Service] LimitMEMLOCK=infinity; then restart it",
	    facts->daemon_name);
	return *hard ? VFP_FAIL : VFP_WARN;
}

/* --- Security modules ------------------------------------------------------------------------- */

static enum vfp_health check_apparmor(const struct facts *facts, struct vfp_finding *f)
{
	char enabled[8] = "", profile[128] = "";

	vfp_sysfs_line(facts->host, enabled, sizeof(enabled),
		       "/sys/module/apparmor/parameters/enabled");
	if (enabled[0] != 'Y') {
		say(f->found, "off");
		return VFP_PASS;
	}
	if (facts->daemon.pid)
		vfp_sysfs_line(facts->host, profile, sizeof(profile), "/proc/%d/attr/current",
			       facts->daemon.pid);
	if (!*profile || !strncmp(profile, "unconfined", 10))
		say(f->found, "on, and libvirt's daemon is not confined");
	else
		say(f->found, "on, %s under %s: Debian's profile lets the hook do its work",
		    facts->daemon_name, profile);
	return VFP_PASS;
}

static enum vfp_health check_selinux(const struct facts *facts, struct vfp_finding *f)
{
	char boolean[8] = "";

	if (vfp_sysfs_number(facts->host, 0, "/sys/fs/selinux/enforce") != 1) {
		say(f->found, exists(facts, "/sys/fs/selinux") ? "permissive" : "off");
		return VFP_PASS;
	}
	vfp_sysfs_line(facts->host, boolean, sizeof(boolean),
		       "/sys/fs/selinux/booleans/virt_hooks_unconfined");
	if (boolean[0] == '1') {
		say(f->found, "enforcing, hooks of libvirt are not confined");
		return VFP_PASS;
	}
	say(f->found, "enforcing, and libvirt's hooks are confined: they may not write to "
		      "/var/lib/vfpool");
	say(f->todo, "setsebool -P virt_hooks_unconfined on");
	return VFP_WARN;
}

/* --- vfpool itself ---------------------------------------------------------------------------- */

static enum vfp_health check_database(const struct facts *facts, struct vfp_finding *f)
{
	struct vfp_err broken = {0};

	if (facts->pool_err.code) {
		say(f->found, "%.350s", facts->pool_err.msg);
		say(f->todo,
		    facts->pool_err.code == EACCES
			    ? "run vfpool as root"
			    : "put a copy back, or move it away and define the pools again; "
			      "guests without VFs start meanwhile");
		return VFP_FAIL;
	}
	if (!facts->pool) {
		say(f->found, "none yet: nothing was ever defined");
		say(f->todo, "vfpool pf enable and vfpool pool define make it");
		return VFP_WARN;
	}
	if (facts->n_defs && vfp_pool_check_members(facts->pool, &broken) < 0) {
		say(f->found, "%.350s", broken.msg);
		say(f->todo, "vfpool check --repair");
		return VFP_FAIL;
	}
	say(f->found, "readable, and the members file says the same");
	return VFP_PASS;
}

static enum vfp_health check_pool(const struct facts *facts, struct vfp_finding *f)
{
	vfp_autofree struct vfp_member *members = NULL;
	size_t n = 0, n_free = 0;

	if (!facts->n_defs) {
		say(f->found, "no pool is defined");
		say(f->todo, "vfpool pool define FILE; docs/pool-example.xml is one");
		return VFP_WARN;
	}
	if (vfp_inventory_read(facts->pool, NULL, false, &members, &n, NULL) == 0)
		for (size_t i = 0; i < n; i++)
			n_free += members[i].is_present && !members[i].is_leased &&
				  !members[i].is_held && !members[i].is_faulty;
	for (size_t i = 0; i < facts->n_defs; i++)
		add(f->found, ", ", "%s", facts->defs[i].name);
	add(f->found, ": ", "%zu VFs, %zu of them free", n, n_free);
	if (n_free)
		return VFP_PASS;
	say(f->todo, "vfpool vf list says of each why it is not free");
	return VFP_WARN;
}

static enum vfp_health check_service(const struct facts *facts, struct vfp_finding *f)
{
	struct vfp_process process;

	if (vfp_proc_find(facts->host, "vfpoold", &process, NULL) == 0) {
		say(f->found, "runs (pid %d)", process.pid);
		return VFP_PASS;
	}
	say(f->found, "does not run: what virsh defines gets no VF (vfpool domain define does)");
	say(f->todo, "systemctl enable --now vfpoold");
	return VFP_WARN;
}

static enum vfp_health check_boot(const struct facts *facts, struct vfp_finding *f)
{
	static const char *const wants[] = {"multi-user.target", "libvirtd.service",
					    "virtqemud.service"};

	if (!exists(facts, "/run/systemd/system")) {
		say(f->found,
		    "no systemd: something has to run `vfpool pf restore` at boot, before "
		    "libvirt");
		say(f->todo, "see service/vfpool-restore.service for when");
		return VFP_WARN;
	}
	for (size_t i = 0; i < VFP_N(wants); i++) {
		char path[200];

		snprintf(path, sizeof(path), "/etc/systemd/system/%s.wants/vfpool-restore.service",
			 wants[i]);
		if (exists(facts, path)) {
			say(f->found, "vfpool-restore.service is enabled");
			return VFP_PASS;
		}
	}
	say(f->found, "vfpool-restore.service is not enabled: no VFs after a reboot");
	say(f->todo, "systemctl enable vfpool-restore");
	return VFP_WARN;
}

/* --- Gathering -------------------------------------------------------------------------------- */

static int gather(struct facts *ret, struct vfp_err *err)
{
	int rc = vfp_sysfs_pfs(ret->host, &ret->pfs, &ret->n_pfs, err);

	if (rc == 0)
		rc = vfp_nic_bare(ret->host, &ret->bare, &ret->n_bare, err);
	if (rc < 0)
		return rc;
	ret->nics = vfp_alloc(ret->n_pfs, sizeof(*ret->nics));
	for (size_t i = 0; i < ret->n_pfs; i++)
		vfp_nic_read(ret->host, &ret->pfs[i], &ret->nics[i]);
	ret->bare_nics = vfp_alloc(ret->n_bare, sizeof(*ret->bare_nics));
	for (size_t i = 0; i < ret->n_bare; i++)
		vfp_nic_read(ret->host, &ret->bare[i], &ret->bare_nics[i]);
	find_daemon(ret);
	/* A database that is broken is a finding, not a failure. */
	rc = vfp_pool_open(ret->host, VFP_POOL_READ, &ret->pool, &ret->pool_err);
	if (rc == -ENOENT)
		rc = 0;
	if (rc == 0 && ret->pool)
		rc = vfp_pool_list(ret->pool, &ret->defs, &ret->n_defs, &ret->pool_err);
	if (rc == 0 && ret->pool)
		rc = vfp_pool_wanted(ret->pool, &ret->wanted, &ret->n_wanted, &ret->pool_err);
	if (rc == 0 && ret->pool)
		rc = vfp_pool_leases(ret->pool, NULL, &ret->leases, &ret->n_leases, &ret->pool_err);
	if (rc == 0)
		ret->pool_err.code = 0;
	return 0;
}

static void free_facts(struct facts *facts)
{
	vfp_pool_close(facts->pool);
	for (size_t i = 0; i < facts->n_defs; i++)
		vfp_pooldef_free(&facts->defs[i]);
	free(facts->defs);
	free(facts->wanted);
	free(facts->leases);
	free(facts->pfs);
	free(facts->nics);
	free(facts->bare);
	free(facts->bare_nics);
}

static void find_daemon(struct facts *facts)
{
	static const char *const names[] = {"virtqemud", "libvirtd"};

	facts->daemon_name = "libvirtd";
	for (size_t i = 0; i < VFP_N(names); i++)
		if (vfp_proc_find(facts->host, names[i], &facts->daemon, NULL) == 0) {
			facts->daemon_name = names[i];
			return;
		}
}

static bool exists(const struct facts *facts, const char *path)
{
	char full[VFP_PATH_SIZE];

	return access(vfp_host_path(facts->host, full, "%s", path), F_OK) == 0;
}

/* "" for a file that cannot be read. */
static char *read_text(const struct facts *facts, const char *path)
{
	char full[VFP_PATH_SIZE], *text;

	if (vfp_file_read(vfp_host_path(facts->host, full, "%s", path), FILE_MAX, &text, NULL,
			  NULL) < 0)
		return vfp_strdup("");
	return text;
}

static unsigned int count_entries(const struct facts *facts, const char *path)
{
	char full[VFP_PATH_SIZE];
	vfp_auto(dir) folder = opendir(vfp_host_path(facts->host, full, "%s", path));
	const struct dirent *entry;
	unsigned int n = 0;

	while (folder && (entry = readdir(folder)))
		n += entry->d_name[0] != '.';
	return n;
}

static void say(char *words, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(words, VFP_FINDING_SIZE, fmt, args);
	va_end(args);
	vfp_text_clean(words);
}

/* The same behind what is there already, with a separator between. */
static void add(char *words, const char *separator, const char *fmt, ...)
{
	size_t length = strlen(words);
	va_list args;

	if (length)
		length += (size_t)snprintf(words + length, VFP_FINDING_SIZE - length, "%s",
					   separator);
	if (length >= VFP_FINDING_SIZE)
		return;
	va_start(args, fmt);
	vsnprintf(words + length, VFP_FINDING_SIZE - length, fmt, args);
	va_end(args);
	vfp_text_clean(words);
}
