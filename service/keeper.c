/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps what libvirt has in step with what the pool says. */

#include "service/keeper.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/sysfs.h"
#include "pool/members.h"
#include "pool/setup.h"
#include "service/bind.h"
#include "xml/domain.h"

#define MAX_ROUNDS 4 /* of one look; then others come first */

VFP_DEFINE_AUTO(domain, struct vfp_domain *, vfp_domain_free)
VFP_DEFINE_AUTO(members, struct vfp_members *, vfp_members_free)

/* What a step gives beside 0, nothing more to do, and errors. */
enum { DEFINED = 1, AGAIN = 2 };

/* A domain's definition on its way. */
struct job {
	const struct vfp_keeper *keeper;
	struct vfp_owner owner; /* the name as the definition has it */
	int64_t since_ms;
	char *text;  /* as libvirt has it */
	char *bound; /* as it is to be */
};

static int look(struct job *job, struct vfp_err *err);
static int forget(struct job *job, struct vfp_err *err);
static int leave(struct job *job, struct vfp_err *err);
static int settled(struct job *job, struct vfp_err *err);
static int move(struct job *job, struct vfp_err *err);
static int define(struct job *job, struct vfp_err *err);
static int complain(struct job *job, int rc, struct vfp_err *err);
static bool is_passing(int rc);

int vfp_keeper_settle(const struct vfp_keeper *keeper, const struct vfp_owner *owner,
		      int64_t since_ms, struct vfp_err *err)
{
	struct job job = {.keeper = keeper, .owner = *owner, .since_ms = since_ms};
	int rc = AGAIN;

	for (unsigned int i = 0; rc == AGAIN && i < MAX_ROUNDS; i++) {
		rc = look(&job, err);
		free(VFP_TAKE(job.text));
		free(VFP_TAKE(job.bound));
	}
	if (rc == AGAIN)
		return vfp_fail(err, EAGAIN,
				"domain %s: its definition changes faster than it is bound",
				owner->name);
	return rc;
}

/* One round; AGAIN: something was changed, by us or another, that wants one more. */
static int look(struct job *job, struct vfp_err *err)
{
	struct vfp_pool *pool = job->keeper->pool;
	int rc = vfp_libvirt_definition(job->keeper->libvirt, job->owner.uuid, &job->text, err);

	if (rc == -ENOENT)
		return forget(job, err);
	if (rc < 0)
		return rc;
	rc = vfp_bind(pool, job->text, strlen(job->text), job->owner.uuid, &job->owner, &job->bound,
		      err);
	if (rc < 0)
		return complain(job, rc, err);
	if (!job->bound)
		return leave(job, err);
	if (!strcmp(job->text, job->bound))
		return settled(job, err);
	rc = move(job, err);
	return rc ? rc : define(job, err);
}

/* There is no definition.  Ports of a domain that libvirt never knew wait for it, and expire. */
static int forget(struct job *job, struct vfp_err *err)
{
	struct vfp_pool *pool = job->keeper->pool;
	vfp_autofree struct vfp_port *ports = NULL;
	bool is_known = false;
	size_t n = 0;
	int rc = vfp_pool_ports(pool, job->owner.uuid, &ports, &n, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		is_known = is_known || ports[i].is_seen;
	rc = is_known ? vfp_pool_unbind(pool, job->owner.uuid, err) : 0;
	if (rc == 0 && is_known)
		vfp_log(VFP_LOG_INFO, "domain %s: undefined, its ports end", job->owner.name);
	/* One that runs on without a definition has them until it stops. */
	if (rc == 0 || rc == -EBUSY)
		rc = vfp_pool_set_trouble(pool, &job->owner, "", err);
	return rc;
}

/* No NIC of it is a pool's any more: its ports end, and what was made of the rest of it for their
 * sake is undone. */
static int leave(struct job *job, struct vfp_err *err)
{
	struct vfp_pool *pool = job->keeper->pool;
	vfp_auto(domain) dom = NULL;
	int rc = vfp_pool_unbind(pool, job->owner.uuid, err);

	if (rc == -EBUSY)
		return 0; /* it runs: when it stops */
	if (rc == 0)
		rc = vfp_pool_set_trouble(pool, &job->owner, "", err);
	if (rc == 0)
		rc = vfp_domain_read(job->text, strlen(job->text), &dom, err);
	if (rc < 0 || vfp_domain_undo(dom, &job->bound, NULL) < 0)
		return rc;
	return define(job, err);
}

static int settled(struct job *job, struct vfp_err *err)
{
	int rc = vfp_pool_seen(job->keeper->pool, &job->owner, err);

	return rc < 0 ? rc : vfp_pool_set_trouble(job->keeper->pool, &job->owner, "", err);
}

static bool is_same_but_vf(const struct vfp_nic *a, const struct vfp_nic *b)
{
	return a->kind == VFP_NIC_BOUND && b->kind == VFP_NIC_BOUND && a->vlan == b->vlan &&
	       a->managed == b->managed && vfp_mac_equal(&a->want.mac, &b->want.mac);
}

/* Writes the VFs that changed, when nothing else of their interfaces does.  0: it takes a
 * define. */
static int move(struct job *job, struct vfp_err *err)
{
	vfp_auto(domain) is = NULL, shall = NULL;
	const struct vfp_nic *from, *to;
	char pci[VFP_PCI_SIZE];
	size_t n, n_moved = 0;
	int rc = vfp_domain_read(job->text, strlen(job->text), &is, err);

	if (rc == 0)
		rc = vfp_domain_read(job->bound, strlen(job->bound), &shall, err);
	if (rc < 0)
		return rc;
	n = vfp_domain_nics(is, &from);
	if (vfp_domain_nics(shall, &to) != n)
		return 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		vfp_autofree char *xml = NULL;

		if (!vfp_pci_compare(&from[i].pci, &to[i].pci))
			continue;
		if (!is_same_but_vf(&from[i], &to[i]))
			return 0;
		xml = vfp_domain_nic_xml(shall, i);
		rc = vfp_libvirt_update(job->keeper->libvirt, job->owner.uuid, xml, err);
		if (rc == 0)
			vfp_log(VFP_LOG_INFO, "domain %s: moved to %s", job->owner.name,
				vfp_pci_format(&to[i].pci, pci));
		n_moved += rc == 0;
	}
	if (rc == -ENOENT)
		return AGAIN; /* undefined meanwhile */
	if (rc < 0)
		vfp_log(VFP_LOG_WARN, "domain %s: %s", job->owner.name, err->msg);
	return n_moved ? AGAIN : 0;
}

static int define(struct job *job, struct vfp_err *err)
{
	const struct vfp_host *host = vfp_pool_host(job->keeper->pool);
	struct vfp_libvirt *libvirt = job->keeper->libvirt;
	vfp_autofree char *now = NULL, *after = NULL;
	int rc = vfp_libvirt_definition(libvirt, job->owner.uuid, &now, err);

	if (rc == -ENOENT || (rc == 0 && strcmp(now, job->text) != 0))
		return AGAIN; /* somebody was faster */
	if (rc == 0)
		rc = vfp_libvirt_redefine(libvirt, job->bound, err);
	if (rc < 0)
		return complain(job, rc, err);
	vfp_log(VFP_LOG_INFO, "domain %s: bound after %" PRId64 " ms", job->owner.name,
		host->kernel->ticks_ms() - job->since_ms);
	/* The question after which all events have come, see service/echo.h. */
	vfp_libvirt_definition(libvirt, job->owner.uuid, &after, NULL);
	return DEFINED;
}

int vfp_keeper_step_back(const struct vfp_keeper *keeper, const struct vfp_owner *owner,
			 struct vfp_err *err)
{
	int rc;

	vfp_log(VFP_LOG_INFO, "domain %s: was undefined while it was bound, and is so again",
		owner->name);
	rc = vfp_libvirt_undefine(keeper->libvirt, owner->uuid, err);
	return rc == -ENOENT ? 0 : rc;
}

/* What passes by itself is tried again, what its author has to mend is said. */
static int complain(struct job *job, int rc, struct vfp_err *err)
{
	if (is_passing(rc))
		return rc;
	vfp_log(VFP_LOG_WARN, "domain %s: not bound: %s", job->owner.name, err->msg);
	return vfp_pool_set_trouble(job->keeper->pool, &job->owner, err->msg, err);
}

static bool is_passing(int rc)
{
	return rc == -EBUSY || rc == -EAGAIN || rc == -EIO || rc == -ENOTCONN;
}

/* --- Devices of a running domain
 * ------------------------------------------------------------------ */

struct found {
	struct vfp_vf vf;
	struct vfp_mac mac;
	uint16_t vlan;
};

/* The VFs of pools among the devices of the domain as it runs. */
static int find_vfs(const struct vfp_keeper *keeper, const struct vfp_owner *owner,
		    struct found found[VFP_MAX_NICS], size_t *ret_n, struct vfp_err *err)
{
	const struct vfp_host *host = vfp_pool_host(keeper->pool);
	struct vfp_members read = {0};
	vfp_auto(members) members = &read;
	vfp_auto(domain) dom = NULL;
	vfp_autofree char *text = NULL;
	const struct vfp_nic *nics;
	size_t n = 0, n_nics;
	int rc = vfp_libvirt_live(keeper->libvirt, owner->uuid, &text, err);

	if (rc == 0)
		rc = vfp_domain_read(text, strlen(text), &dom, err);
	if (rc == 0)
		rc = vfp_members_read(host, members, err);
	if (rc < 0)
		return rc;
	n_nics = vfp_domain_nics(dom, &nics);
	for (size_t i = 0; i < n_nics; i++) {
		struct vfp_pci pf;

		if (nics[i].kind == VFP_NIC_NETWORK ||
		    vfp_sysfs_whose_vf(host, &nics[i].pci, &found[n].vf, &pf, NULL) < 0 ||
		    !vfp_members_pool_of(members, &found[n].vf, &pf))
			continue;
		found[n].mac = nics[i].want.mac;
		found[n++].vlan = nics[i].vlan;
	}
	*ret_n = n;
	return 0;
}

/* A VF that runs and has no lease. */
static int take_foreign(const struct vfp_keeper *keeper, const struct vfp_owner *owner,
			const struct found *found, struct vfp_err *err)
{
	const struct vfp_ask ask = {.mac = found->mac, .vf = found->vf, .vlan = found->vlan};
	const struct vfp_process none = {0};
	struct vfp_process qemu;
	struct vfp_lease lease;
	char vf[VFP_VF_SIZE];
	int rc = vfp_pool_lease_of(keeper->pool, &found->vf, &lease, err);

	if (rc != -ENOENT)
		return rc;
	rc = vfp_proc_find_qemu(vfp_pool_host(keeper->pool), owner->uuid, owner->name, &qemu, err);
	if (rc == 0)
		rc = vfp_pool_adopt(keeper->pool, owner, &ask, &none, &qemu, err);
	if (rc == 0)
		vfp_log(VFP_LOG_WARN,
			"domain %s: VF %s was attached by hand; use: vfpool domain attach",
			owner->name, vfp_vf_format(&found->vf, vf));
	return rc;
}

/* A lease whose VF the domain has no more.  Only what QEMU has let go of is scrubbed. */
static int end_detached(const struct vfp_keeper *keeper, const struct vfp_lease *lease,
			struct vfp_err *err)
{
	const struct vfp_host *host = vfp_pool_host(keeper->pool);
	char vf[VFP_VF_SIZE];
	struct vfp_vfinfo info;
	struct vfp_pf pf;
	bool busy;
	int rc = vfp_sysfs_pf(host, lease->vf.pf, &pf, err);

	if (rc == 0)
		rc = vfp_sysfs_vf(host, &pf.pci, lease->vf.index, &info, err);
	if (rc == 0)
		rc = host->kernel->vfio_busy(host, info.iommu_group, &busy, err);
	if (rc < 0)
		return rc;
	if (busy)
		return vfp_fail(err, EBUSY,
				"domain %s: its VF %s is detached, and QEMU has it still",
				lease->owner.name, vfp_vf_format(&lease->vf, vf));
	vfp_log(VFP_LOG_INFO, "domain %s: VF %s was detached", lease->owner.name,
		vfp_vf_format(&lease->vf, vf));
	return vfp_setup_end(keeper->pool, lease, "detached", err);
}

static bool is_found(const struct found *found, size_t n, const struct vfp_vf *vf)
{
	for (size_t i = 0; i < n; i++)
		if (found[i].vf.index == vf->index && !strcmp(found[i].vf.pf, vf->pf))
			return true;
	return false;
}

int vfp_keeper_inspect(const struct vfp_keeper *keeper, const struct vfp_owner *owner,
		       struct vfp_err *err)
{
	vfp_autofree struct vfp_lease *leases = NULL;
	struct found found[VFP_MAX_NICS];
	size_t n = 0, n_leases = 0;
	int rc = find_vfs(keeper, owner, found, &n, err);

	if (rc == -ENOENT)
		return 0; /* it has stopped: its release ends what it held */
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = take_foreign(keeper, owner, &found[i], err);
	if (rc == 0)
		rc = vfp_pool_leases(keeper->pool, owner->uuid, &leases, &n_leases, err);
	for (size_t i = 0; rc == 0 && i < n_leases; i++) {
		const enum vfp_lease_state state = leases[i].state;

		if ((state == VFP_LEASE_ACTIVE || state == VFP_LEASE_FOREIGN) &&
		    !is_found(found, n, &leases[i].vf))
			rc = end_detached(keeper, &leases[i], err);
	}
	return rc;
}

void vfp_keeper_heal(const struct vfp_keeper *keeper)
{
	const struct vfp_host *host = vfp_pool_host(keeper->pool);
	vfp_autofree struct vfp_lease *leases = NULL;
	struct vfp_err err = {0};
	size_t n = 0;

	if (vfp_pool_leases(keeper->pool, NULL, &leases, &n, &err) < 0)
		vfp_log(VFP_LOG_ERR, "%s", err.msg);
	for (size_t i = 0; i < n; i++) {
		if (!vfp_lease_is_stale(host, &leases[i]))
			continue;
		if (vfp_setup_reclaim(keeper->pool, &leases[i].vf, &err) < 0)
			vfp_log(VFP_LOG_WARN, "domain %s: %s", leases[i].owner.name, err.msg);
		else
			vfp_log(VFP_LOG_INFO, "domain %s: its lease was stale and is ended",
				leases[i].owner.name);
	}
}
