/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hook's second stage: prepare … release, one function each. */

#include "hooks/ops.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sysfs.h"
#include "hooks/marks.h"
#include "pool/mark.h"
#include "pool/members.h"
#include "pool/setup.h"
#include "xml/domain.h"

#define QEMU_GONE_MS 3000 /* libvirt has killed it already: what is waited for is the kernel */

/* A NIC of the domain that concerns a pool. */
struct mine {
	const struct vfp_nic *nic;
	const char *pool; /* the pool's name; NULL: a bound NIC whose VF is no pool's any more */
	struct vfp_vf vf; /* pf "" of a NETWORK, and of a VF that is not there */
	struct vfp_pci pf_pci;
};

/* One call of the hook.  What an operation needs is opened before it runs, by its row. */
struct hook {
	struct vfp_host host;
	const struct vfp_hook_call *call;
	struct vfp_owner owner;
	struct vfp_process daemon; /* the libvirt daemon that called: our parent */
	struct vfp_pool *pool;
	struct vfp_domain *dom;
	struct vfp_members members;
	struct mine mine[VFP_MAX_NICS];
	size_t n_mine;
	struct vfp_lease *leases;
	size_t n_leases;
	bool is_noted;	 /* the refusal stands in the journal already */
	bool is_binding; /* it is for the binding alone: another VF would do */
};

static int op_prepare(struct hook *hook, struct vfp_err *err);
static int op_start(struct hook *hook, struct vfp_err *err);
static int op_started(struct hook *hook, struct vfp_err *err);
static int op_stopped(struct hook *hook, struct vfp_err *err);
static int op_release(struct hook *hook, struct vfp_err *err);
static int op_reconnect(struct hook *hook, struct vfp_err *err);
static int op_migrate(struct hook *hook, struct vfp_err *err);
static int op_restore(struct hook *hook, struct vfp_err *err);

enum needs { NEED_NICS = 1, NEED_LEASES = 2 };

static const struct operation {
	const char *name;
	unsigned int needs;
	int (*run)(struct hook *hook, struct vfp_err *err);
} operations[] = {
	{"prepare", NEED_NICS, op_prepare},
	{"start", NEED_NICS | NEED_LEASES, op_start},
	{"started", NEED_NICS | NEED_LEASES, op_started},
	{"stopped", NEED_LEASES, op_stopped},
	{"release", NEED_LEASES, op_release},
	{"reconnect", NEED_NICS, op_reconnect},
	{"migrate", NEED_NICS, op_migrate},
	{"restore", NEED_NICS, op_restore},
};

static const struct operation *operation_find(const char *name);
static int hook_run(struct hook *hook, const struct operation *operation, struct vfp_err *err);
static int read_nics(struct hook *hook, struct vfp_err *err);
static int read_leases(struct hook *hook, struct vfp_err *err);
static int open_pool(struct hook *hook, struct vfp_err *err);
static int check_nics(struct hook *hook, struct vfp_err *err);
static int check_claims(struct hook *hook, struct vfp_err *err);
static int check_locked(const struct hook *hook, const struct vfp_process *qemu,
			struct vfp_err *err);
static int check_link(const struct hook *hook, const struct mine *mine, struct vfp_err *err);
static int check_unused(struct hook *hook, const struct mine *mine, struct vfp_err *err);
static int check_leased(const struct hook *hook, struct vfp_err *err);
static void reclaim_own(struct hook *hook);
static int put_mark(const struct hook *hook, struct vfp_err *err);
static void note_refusal(struct hook *hook, const struct vfp_err *why);

int vfp_hook_run(const struct vfp_hook_call *call)
{
	const struct operation *operation = operation_find(call->operation);
	struct hook hook = {.call = call};
	struct vfp_err err = {0};
	int rc;

	if (!operation)
		return 0;
	rc = hook_run(&hook, operation, &err);
	if (rc < 0) {
		fprintf(stderr, "vfpool: %s: %s\n", hook.owner.name, err.msg);
		note_refusal(&hook, &err);
	}
	free(hook.leases);
	vfp_members_free(&hook.members);
	vfp_domain_free(hook.dom);
	vfp_pool_close(hook.pool);
	return rc < 0;
}

static const struct operation *operation_find(const char *name)
{
	for (size_t i = 0; i < VFP_N(operations); i++)
		if (!strcmp(operations[i].name, name))
			return &operations[i];
	return NULL;
}

static int hook_run(struct hook *hook, const struct operation *operation, struct vfp_err *err)
{
	const struct vfp_hook_call *call = hook->call;
	int rc;

	rc = vfp_host_init(&hook->host, call->root, err);
	if (rc < 0)
		return rc;
	/* A name that does not fit is cut: it is for people, the UUID is the key. */
	snprintf(hook->owner.name, sizeof(hook->owner.name), "%s", call->name);
	vfp_copy(hook->owner.uuid, sizeof(hook->owner.uuid), call->uuid);
	if (vfp_proc_get(&hook->host, call->daemon, &hook->daemon, NULL) < 0)
		hook->daemon = (struct vfp_process){0};
	if (operation->needs & NEED_NICS) {
		rc = read_nics(hook, err);
		if (rc < 0)
			return rc;
	}
	if (operation->needs & NEED_LEASES) {
		rc = read_leases(hook, err);
		if (rc < 0)
			return rc;
	}
	return operation->run(hook, err);
}

/* --- The operations ------------------------------------------------------------------------- */

/* Everything that can be refused is looked at before the lease; what follows the lease is undone by
 * the release that libvirt calls even when prepare itself fails. */
static int op_prepare(struct hook *hook, struct vfp_err *err)
{
	struct vfp_ask asks[VFP_MAX_NICS];
	struct vfp_lease leases[VFP_MAX_NICS];
	bool restoring = vfp_take_restore(&hook->host, hook->owner.uuid, &hook->daemon);
	struct vfp_footprint footprint;
	int rc;

	if (!hook->n_mine)
		return 0;
	if (restoring)
		return vfp_fail(
			err, EPERM,
			"the memory of a domain with a VF cannot be restored; the saved image is kept: start "
			"with --force-boot to discard it, or remove it with managedsave-remove");
	rc = check_nics(hook, err);
	if (rc == 0)
		rc = check_claims(hook, err);
	if (rc < 0)
		return rc;
	footprint = vfp_domain_memory(hook->dom)->footprint;
	rc = vfp_domain_check_memory(hook->dom, err);
	if (rc == 0)
		rc = vfp_footprint_settle(&hook->host, &footprint, err);
	if (rc < 0)
		return rc;
	rc = open_pool(hook, err);
	if (rc < 0)
		return rc;
	reclaim_own(hook);
	for (size_t i = 0; i < hook->n_mine; i++) {
		struct mine *mine = &hook->mine[i];

		/* That somebody alive holds the VF is said better by vfp_pool_lease(). */
		vfp_setup_reclaim(hook->pool, &mine->vf, NULL);
		hook->is_binding = true;
		rc = check_link(hook, mine, err);
		if (rc == 0)
			rc = check_unused(hook, mine, err);
		if (rc < 0)
			return rc;
		hook->is_binding = false;
		asks[i] = (struct vfp_ask){.mac = mine->nic->want.mac,
					   .vf = mine->vf,
					   .vlan = mine->nic->vlan,
					   .footprint = &footprint};
	}
	rc = put_mark(hook, err);
	if (rc < 0)
		return rc;
	hook->is_noted = true;
	rc = vfp_pool_lease(hook->pool, &hook->owner, &hook->daemon, asks, hook->n_mine, leases,
			    err);
	hook->is_noted = rc < 0;
	for (size_t i = 0; rc == 0 && i < hook->n_mine; i++)
		rc = vfp_setup_park(hook->pool, &leases[i], err);
	return rc;
}

static int op_start(struct hook *hook, struct vfp_err *err)
{
	int rc = check_leased(hook, err);

	for (size_t i = 0; rc == 0 && i < hook->n_leases; i++)
		rc = vfp_setup_apply(hook->pool, &hook->leases[i], err);
	return rc;
}

static int op_started(struct hook *hook, struct vfp_err *err)
{
	struct vfp_process qemu;
	int rc = check_leased(hook, err);

	for (size_t i = 0; rc == 0 && i < hook->n_leases; i++)
		rc = vfp_setup_verify(hook->pool, &hook->leases[i], err);
	if (rc < 0 || !hook->n_leases)
		return rc;
	rc = vfp_proc_find_qemu(&hook->host, hook->owner.uuid, hook->owner.name, &qemu, err);
	if (rc < 0)
		return rc;
	rc = check_locked(hook, &qemu, err);
	if (rc < 0)
		return rc;
	return vfp_pool_activate(hook->pool, hook->owner.uuid, &qemu, err);
}

static int op_stopped(struct hook *hook, struct vfp_err *err)
{
	for (size_t i = 0; i < hook->n_leases; i++) {
		const struct vfp_lease *lease = &hook->leases[i];
		struct vfp_counters counters;
		char text[256];

		if (vfp_setup_counters(hook->pool, lease, &counters, NULL) < 0)
			continue; /* not every driver counts */
		snprintf(text, sizeof(text),
			 "rx %" PRIu64 " packets %" PRIu64 " bytes %" PRIu64 " dropped, tx %" PRIu64
			 " packets %" PRIu64 " bytes %" PRIu64 " dropped",
			 counters.rx_packets, counters.rx_bytes, counters.rx_dropped,
			 counters.tx_packets, counters.tx_bytes, counters.tx_dropped);
		vfp_pool_note(hook->pool, "counters", &hook->owner, &lease->mac, &lease->vf, text,
			      NULL);
	}
	return 0;
}

/* Of a life of the domain that another daemon, alive, has begun: a release that outlived its own
 * daemon may come to read the book only then. */
static bool is_of_another_life(const struct hook *hook, const struct vfp_lease *lease)
{
	return (lease->daemon.pid != hook->daemon.pid ||
		lease->daemon.start != hook->daemon.start) &&
	       vfp_proc_alive(&hook->host, &lease->daemon);
}

/* Keyed by UUID: the XML of a start that failed may name a VF that is somebody else's. */
static int op_release(struct hook *hook, struct vfp_err *err)
{
	size_t left = 0;
	int worst = 0;

	for (size_t i = 0; i < hook->n_leases; i++) {
		const struct vfp_lease *lease = &hook->leases[i];
		struct vfp_process qemu = lease->qemu;
		char vf[VFP_VF_SIZE];
		int rc;

		if (is_of_another_life(hook, lease)) {
			left++;
			worst = vfp_fail(err, EBUSY,
					 "VF %s stays leased: process %d, which started the domain "
					 "with it, lives, and is not who releases it",
					 vfp_vf_format(&lease->vf, vf), (int)lease->daemon.pid);
			continue;
		}
		if (!qemu.pid)
			vfp_proc_find_qemu(&hook->host, hook->owner.uuid, hook->owner.name, &qemu,
					   NULL);
		rc = qemu.pid ? vfp_proc_wait_gone(&hook->host, &qemu, QEMU_GONE_MS, err) : 0;
		if (rc < 0) {
			left++;
			vfp_pool_drain(hook->pool, lease->generation, err->msg, NULL);
		} else {
			rc = vfp_setup_end(hook->pool, lease, hook->call->reason, err);
			if (rc == -EBUSY)
				left++; /* the lease stands and is healed later */
		}
		worst = rc < 0 ? rc : worst;
	}
	if (!left)
		vfp_mark_remove(&hook->host, hook->owner.uuid);
	return worst;
}

static int op_reconnect(struct hook *hook, struct vfp_err *err)
{
	struct vfp_footprint footprint;
	vfp_autofree char *mark = NULL;
	struct vfp_process qemu;
	int rc, worst = 0;

	if (!hook->n_mine)
		return 0;
	rc = open_pool(hook, err);
	if (rc < 0)
		return rc;
	rc = vfp_proc_find_qemu(&hook->host, hook->owner.uuid, hook->owner.name, &qemu, err);
	if (rc < 0)
		return rc;
	footprint = vfp_domain_memory(hook->dom)->footprint;
	vfp_footprint_settle(&hook->host, &footprint, NULL); /* else the estimate does */
	/* What the mark says of the disks is from before the restart: vfpoold compares. */
	mark = vfp_mark_get(&hook->host, hook->owner.uuid);
	if (!mark)
		put_mark(hook, NULL);
	for (size_t i = 0; i < hook->n_mine; i++) {
		const struct mine *mine = &hook->mine[i];
		const struct vfp_ask ask = {.mac = mine->nic->want.mac,
					    .vf = mine->vf,
					    .vlan = mine->nic->vlan,
					    .footprint = &footprint};

		if (!mine->pool || !*mine->vf.pf)
			continue;
		rc = vfp_pool_adopt(hook->pool, &hook->owner, &ask, &hook->daemon, &qemu, err);
		if (rc < 0) {
			vfp_pool_note(hook->pool, "disagreement", &hook->owner, &ask.mac, &ask.vf,
				      err->msg, NULL);
			worst = rc;
		}
	}
	return worst;
}

static int op_migrate(struct hook *hook, struct vfp_err *err)
{
	char mac[VFP_MAC_SIZE];

	if (!hook->n_mine)
		return 0;
	return vfp_fail(
		err, EPERM,
		"cannot migrate to this host: its interface %s has a VF of a pool, and a VF does not "
		"migrate; detach it first (vfpool domain detach), or shut the domain off and unbind "
		"its definition (vfpool domain unbind)",
		vfp_mac_format(&hook->mine[0].nic->want.mac, mac));
}

/* Never refuses: a failure here makes libvirt drop a managed-save image (hooks/README).  prepare
 * does. */
static int op_restore(struct hook *hook, struct vfp_err *err)
{
	if (!hook->n_mine)
		return 0;
	return vfp_mark_restore(&hook->host, hook->owner.uuid, &hook->daemon, err);
}

/* --- What an operation needs ---------------------------------------------------------------- */

static int open_pool(struct hook *hook, struct vfp_err *err)
{
	int rc = hook->pool ? 0 : vfp_pool_open(&hook->host, VFP_POOL_WRITE, &hook->pool, err);

	if (rc == -EACCES && geteuid() != 0)
		return vfp_fail(
			err, EACCES,
			"a VF of a pool is for domains of the system daemon only (qemu:///system), and "
			"this one runs as uid %d",
			geteuid());
	return rc;
}

static int read_leases(struct hook *hook, struct vfp_err *err)
{
	int rc;

	if (!*hook->owner.uuid)
		return 0;
	/* A hostdev that is not a pool's must start without our database (DESIGN 3, invariant 8),
	 * and no mark says that this domain ever had a lease. */
	if (hook->dom && !hook->n_mine)
		return 0;
	rc = open_pool(hook, err);
	if (rc < 0)
		return rc;
	return vfp_pool_leases(hook->pool, hook->owner.uuid, &hook->leases, &hook->n_leases, err);
}

/* Whether @nic concerns a pool, and whose VF it names.  Needs no database. */
static bool is_mine(const struct hook *hook, const struct vfp_nic *nic, struct mine *ret)
{
	struct mine mine = {.nic = nic};

	if (nic->kind == VFP_NIC_NETWORK) {
		mine.pool = nic->want.pool;
		*ret = mine;
		return vfp_members_has_pool(&hook->members, nic->want.pool);
	}
	if (vfp_sysfs_whose_vf(&hook->host, &nic->pci, &mine.vf, &mine.pf_pci, NULL) == 0)
		mine.pool = vfp_members_pool_of(&hook->members, &mine.vf, &mine.pf_pci);
	*ret = mine;
	return mine.pool || nic->kind == VFP_NIC_BOUND;
}

static int read_nics(struct hook *hook, struct vfp_err *err)
{
	const struct vfp_nic *nics;
	size_t n;
	int rc;

	rc = vfp_members_read(&hook->host, &hook->members, err);
	if (rc < 0)
		return rc;
	rc = vfp_domain_read(hook->call->xml, hook->call->size, &hook->dom, err);
	if (rc < 0)
		return rc;
	n = vfp_domain_nics(hook->dom, &nics);
	for (size_t i = 0; i < n; i++)
		if (is_mine(hook, &nics[i], &hook->mine[hook->n_mine]))
			hook->n_mine++;
	if (*vfp_domain_uuid(hook->dom))
		vfp_copy(hook->owner.uuid, sizeof(hook->owner.uuid), vfp_domain_uuid(hook->dom));
	if (hook->n_mine && !*hook->owner.uuid)
		return vfp_fail(err, EINVAL,
				"the domain's XML has no <uuid>: libvirt always writes one");
	return 0;
}

/* --- Checks --------------------------------------------------------------------------------- */

static int refuse_by_hand(const struct hook *hook, const struct mine *mine, struct vfp_err *err)
{
	char pci[VFP_PCI_SIZE], vf[VFP_VF_SIZE];

	return vfp_fail(
		err, EPERM,
		"PCI device %s is VF %s of pool %s and may not be named by hand; use <interface "
		"type='network'> with <source network='%s'/>, then: vfpool domain bind %s; who "
		"writes it himself claims it first, see: vfpool claim",
		vfp_pci_format(&mine->nic->pci, pci), vfp_vf_format(&mine->vf, vf), mine->pool,
		mine->pool, hook->owner.name);
}

/* Whether the domain has claimed a VF for that MAC, or has its lease already. */
static bool is_claimed(const struct vfp_port *ports, size_t n, const struct vfp_lease *leases,
		       size_t n_leases, const struct vfp_mac *mac)
{
	for (size_t i = 0; i < n; i++)
		if (ports[i].claimed_until_ms && vfp_mac_equal(&ports[i].mac, mac))
			return true;
	for (size_t i = 0; i < n_leases; i++)
		if (vfp_mac_equal(&leases[i].mac, mac))
			return true;
	return false;
}

/* Who claims writes the interface himself, and knows nothing of our alias. */
static int check_claims(struct hook *hook, struct vfp_err *err)
{
	vfp_autofree struct vfp_lease *leases = NULL;
	vfp_autofree struct vfp_port *ports = NULL;
	size_t n = 0, n_leases = 0;
	bool is_asked = false;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < hook->n_mine; i++) {
		if (hook->mine[i].nic->kind != VFP_NIC_HOSTDEV)
			continue;
		if (!is_asked)
			rc = open_pool(hook, err);
		if (rc == 0 && !is_asked)
			rc = vfp_pool_ports(hook->pool, hook->owner.uuid, &ports, &n, err);
		if (rc == 0 && !is_asked)
			rc = vfp_pool_leases(hook->pool, hook->owner.uuid, &leases, &n_leases, err);
		is_asked = true;
		if (rc == 0 &&
		    !is_claimed(ports, n, leases, n_leases, &hook->mine[i].nic->want.mac))
			rc = refuse_by_hand(hook, &hook->mine[i], err);
	}
	return rc;
}

/* Only a NIC that a rewrite has bound may start, or one that was claimed. */
static int check_nic(struct hook *hook, const struct mine *mine, struct vfp_err *err)
{
	const struct vfp_nic *nic = mine->nic;
	char mac[VFP_MAC_SIZE], pci[VFP_PCI_SIZE];

	vfp_mac_format(&nic->want.mac, mac);
	vfp_pci_format(&nic->pci, pci);
	hook->is_binding = nic->kind == VFP_NIC_NETWORK ||
			   (nic->kind == VFP_NIC_BOUND && (!*mine->vf.pf || !mine->pool));
	if (nic->kind == VFP_NIC_NETWORK)
		return vfp_fail(
			err, EPERM,
			"interface %s is in pool %s and has no VF yet: start again in a moment, or run: "
			"vfpool domain bind %s (for a domain without a definition: vfpool domain rewrite)",
			mac, mine->pool, hook->owner.name);
	/* An <interface> may be claimed: check_claims(). */
	if (nic->kind == VFP_NIC_HOSTDEV && vfp_mac_is_none(&nic->want.mac))
		return refuse_by_hand(hook, mine, err);
	if (!*mine->vf.pf || !mine->pool)
		return vfp_fail(
			err, ENODEV,
			"interface %s is bound to %s, which is %s; run: vfpool domain bind %s", mac,
			pci, *mine->vf.pf ? "in no pool any more" : "no VF of this host now",
			hook->owner.name);
	if (nic->has_teaming)
		return vfp_fail(
			err, EPERM,
			"interface %s has <teaming>, with which libvirt would migrate the domain without its "
			"VF: remove it",
			mac);
	return 0;
}

static int check_nics(struct hook *hook, struct vfp_err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < hook->n_mine; i++)
		rc = check_nic(hook, &hook->mine[i], err);
	return rc;
}

/* What the kernel says of the QEMU that runs: locked can only be what is mapped. */
static int check_locked(const struct hook *hook, const struct vfp_process *qemu,
			struct vfp_err *err)
{
	const struct vfp_domain_memory *memory = vfp_domain_memory(hook->dom);
	const uint64_t guest_kib = memory->memory_kib + memory->dimm_kib;
	struct vfp_locked locked;
	int rc = vfp_proc_locked(&hook->host, qemu->pid, &locked, err);

	if (rc < 0 || (locked.n_loose == 0 && locked.guest_kib >= guest_kib))
		return rc;
	return vfp_fail(
		err, EPERM,
		"guest memory is not locked: the domain has %llu MiB, QEMU (pid %d) maps %llu "
		"MiB as RAM in %zu pieces, and %zu of them with %llu MiB are neither locked "
		"nor on huge pages; see <memoryBacking><locked/>",
		vfp_mib(guest_kib), qemu->pid, vfp_mib_up(locked.guest_kib), locked.n_guest,
		locked.n_loose, vfp_mib_up(locked.guest_kib - locked.locked_kib));
}

/* libvirt refuses it, too, but after prepare, and nobody would know why. */
static int check_link(const struct hook *hook, const struct mine *mine, struct vfp_err *err)
{
	char vf[VFP_VF_SIZE];
	struct vfp_pf pf;
	int rc = vfp_sysfs_pf(&hook->host, mine->vf.pf, &pf, err);

	if (rc < 0 || pf.is_up)
		return rc;
	return vfp_fail(err, ENETDOWN,
			"VF %s: its PF %s is down; run: ip link set %s up, or for a VF of another "
			"PF: vfpool domain bind %s",
			vfp_vf_format(&mine->vf, vf), pf.dev, pf.dev, hook->owner.name);
}

/* A VF that some process has open without a lease of ours is somebody else's: libvirt may not know
 * that process, and a scrub after the failed start would hit its VF. */
static int check_unused(struct hook *hook, const struct mine *mine, struct vfp_err *err)
{
	vfp_autofree struct vfp_vfio_holder *holders = NULL;
	struct vfp_vfinfo info;
	struct vfp_lease lease;
	char vf[VFP_VF_SIZE];
	size_t n = 0;
	bool busy;
	int rc;

	if (vfp_pool_lease_of(hook->pool, &mine->vf, &lease, NULL) == 0)
		return 0; /* by our book it is somebody's: vfp_pool_lease() decides */
	rc = vfp_sysfs_vf(&hook->host, &mine->pf_pci, mine->vf.index, &info, err);
	if (rc < 0)
		return rc;
	if (info.iommu_group < 0)
		return vfp_fail(
			err, ENODEV,
			"VF %s has no IOMMU group: switch the IOMMU on (firmware, and intel_iommu=on or "
			"amd_iommu=on on the kernel command line)",
			vfp_vf_format(&mine->vf, vf));
	rc = hook->host.kernel->vfio_busy(&hook->host, info.iommu_group, &busy, err);
	if (rc < 0 || !busy)
		return rc;
	vfp_proc_vfio_holders(&hook->host, &holders, &n, NULL);
	for (size_t i = 0; i < n; i++)
		if (holders[i].group == info.iommu_group)
			return vfp_fail(
				err, EBUSY,
				"VF %s is in use by %s (pid %d), which did not get it from pool %s; to take another: vfpool domain bind %s",
				vfp_vf_format(&mine->vf, vf), holders[i].domain,
				holders[i].process.pid, mine->pool, hook->owner.name);
	return vfp_fail(err, EBUSY, "VF %s is in use by a process that did not get it from pool %s",
			vfp_vf_format(&mine->vf, vf), mine->pool);
}

/* After prepare: each VF of the document is leased to this domain.  What libvirt's own networks
 * hand out is seen here first. */
static int check_leased(const struct hook *hook, struct vfp_err *err)
{
	for (size_t i = 0; i < hook->n_mine; i++) {
		const struct mine *mine = &hook->mine[i];
		bool leased = false;
		char vf[VFP_VF_SIZE], pci[VFP_PCI_SIZE];

		for (size_t k = 0; k < hook->n_leases && !leased; k++)
			leased = !vfp_pci_compare(&hook->leases[k].vf.pci, &mine->nic->pci);
		if (!leased)
			return vfp_fail(
				err, EPERM,
				"VF %s (%s) belongs to pool %s and is not leased to this domain; if a libvirt "
				"network hands it out, take the PF out of that network or of the pool",
				vfp_vf_format(&mine->vf, vf), vfp_pci_format(&mine->nic->pci, pci),
				mine->pool ? mine->pool : "(none)");
	}
	return 0;
}

/* Leases that this domain kept from a life whose release was lost, on VFs that its definition may
 * not name any more. */
static void reclaim_own(struct hook *hook)
{
	vfp_autofree struct vfp_lease *leases = NULL;
	size_t n = 0;

	vfp_pool_leases(hook->pool, hook->owner.uuid, &leases, &n, NULL);
	for (size_t i = 0; i < n; i++)
		vfp_setup_reclaim(hook->pool, &leases[i].vf, NULL);
}

static int put_mark(const struct hook *hook, struct vfp_err *err)
{
	vfp_autofree char *disks = vfp_domain_disks(hook->dom);

	return vfp_mark_put(&hook->host, hook->owner.uuid, disks, err);
}

/* The line that the user saw, for those who ask later; what stops it from being written is no news
 * by then. */
static void note_refusal(struct hook *hook, const struct vfp_err *why)
{
	const struct mine *mine = &hook->mine[0];

	if (hook->is_noted || !hook->n_mine || open_pool(hook, NULL) < 0)
		return;
	vfp_pool_refused(hook->pool, &hook->owner, &mine->nic->want.mac,
			 *mine->vf.pf ? &mine->vf : NULL, hook->is_binding, why, NULL);
}
