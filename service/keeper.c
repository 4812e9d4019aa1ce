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
#include "xml/domain.h"

VFP_DEFINE_AUTO(domain, struct vfp_domain *, vfp_domain_free)
VFP_DEFINE_AUTO(members, struct vfp_members *, vfp_members_free)

static int forget(const struct vfp_keeper *keeper, const struct vfp_owner *owner, bool is_known,
		  struct vfp_err *err);
static int leave_alone(const struct vfp_keeper *keeper, const struct vfp_owner *owner,
		       struct vfp_err *err);
static int complain(struct vfp_rebind *rebind, int rc, struct vfp_err *err);
static bool is_passing(int rc);

int vfp_keeper_settle(const struct vfp_keeper *keeper, const struct vfp_owner *owner, bool is_known,
		      struct vfp_rebind *rebind, struct vfp_err *err)
{
	int rc;

	vfp_rebind_clear(rebind);
	*rebind = (struct vfp_rebind){
		.pool = keeper->pool, .libvirt = keeper->libvirt, .owner = *owner};
	rc = vfp_rebind_look(rebind, err);
	if (*rebind->moved)
		vfp_log(VFP_LOG_INFO, "domain %s: %s", rebind->owner.name, rebind->moved);
	if (rc < 0)
		return complain(rebind, rc, err);
	if (rc == 0 && rebind->found == VFP_REBOUND_GONE)
		return forget(keeper, owner, is_known, err);
	if (rc == 0 && rebind->found == VFP_REBOUND_ALONE)
		return leave_alone(keeper, &rebind->owner, err);
	return rc;
}

int vfp_keeper_define(const struct vfp_keeper *keeper, struct vfp_rebind *rebind, int64_t since_ms,
		      struct vfp_err *err)
{
	const struct vfp_host *host = vfp_pool_host(keeper->pool);
	int rc = vfp_rebind_define(rebind, err);

	if (rc < 0)
		return complain(rebind, rc, err);
	vfp_log(VFP_LOG_INFO, "domain %s: %s after %" PRId64 " ms", rebind->owner.name,
		rebind->is_leaving ? "unbound" : "bound", host->kernel->ticks_ms() - since_ms);
	return 1;
}

/* There is no definition.  Ports of a domain that libvirt never knew wait for it, and expire. */
static int forget(const struct vfp_keeper *keeper, const struct vfp_owner *owner, bool is_known,
		  struct vfp_err *err)
{
	struct vfp_pool *pool = keeper->pool;
	vfp_autofree struct vfp_port *ports = NULL;
	size_t n = 0;
	int rc = vfp_pool_ports(pool, owner->uuid, &ports, &n, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		is_known = is_known || ports[i].is_seen;
	rc = is_known ? vfp_pool_unbind(pool, owner->uuid, err) : 0;
	if (rc == 0 && is_known && n)
		vfp_log(VFP_LOG_INFO, "domain %s: undefined, its ports end", owner->name);
	/* One that runs on without a definition has them until it stops. */
	if (rc == 0 || rc == -EBUSY)
		rc = vfp_pool_set_alone(pool, owner, "", err);
	return rc < 0 ? rc : vfp_pool_set_trouble(pool, owner, "", err);
}

static int leave_alone(const struct vfp_keeper *keeper, const struct vfp_owner *owner,
		       struct vfp_err *err)
{
	vfp_autofree char *words = vfp_format("left alone since 'vfpool domain unbind'; to bind it "
					      "again: vfpool domain bind %s",
					      owner->name);

	return vfp_pool_set_trouble(keeper->pool, owner, words, err);
}

int vfp_keeper_judge(const struct vfp_keeper *keeper, const struct vfp_owner *owner,
		     enum vfp_echo_verdict verdict, struct vfp_err *err)
{
	static const char words[] =
		"another client edited its definition in the moment in which it was bound, and that "
		"edit is lost: look at it with virsh dumpxml --inactive, and edit it again";
	int rc = 0;

	switch (verdict) {
	case VFP_ECHO_FINE:
		break;
	case VFP_ECHO_RISEN:
		vfp_log(VFP_LOG_INFO,
			"domain %s: was undefined while it was bound, and is so again",
			owner->name);
		rc = vfp_libvirt_undefine(keeper->libvirt, owner->uuid, err);
		break;
	case VFP_ECHO_LOST:
		vfp_log(VFP_LOG_WARN, "domain %s: %s", owner->name, words);
		rc = vfp_pool_note(keeper->pool, "overwritten", owner, NULL, NULL, words, err);
		break;
	}
	return rc == -ENOENT ? 0 : rc;
}

/* What passes by itself is tried again, what its author has to mend is said. */
static int complain(struct vfp_rebind *rebind, int rc, struct vfp_err *err)
{
	if (is_passing(rc))
		return rc;
	vfp_log(VFP_LOG_WARN, "domain %s: not bound: %s", rebind->owner.name, err->msg);
	return vfp_pool_set_trouble(rebind->pool, &rebind->owner, err->msg, err);
}

static bool is_passing(int rc)
{
	return rc == -EBUSY || rc == -EAGAIN || rc == -EIO || rc == -ENOTCONN;
}

/* --- Devices of a running domain ------------------------------------------------------------ */

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
			"domain %s: VF %s: was attached by hand; use: vfpool domain attach",
			owner->name, vfp_vf_format(&found->vf, vf));
	return rc;
}

/* A lease whose VF the domain has no more.  Only what QEMU has let go of is scrubbed. */
static int end_detached(const struct vfp_keeper *keeper, const struct vfp_lease *lease,
			struct vfp_err *err)
{
	char vf[VFP_VF_SIZE];
	int rc = vfp_setup_take_back(keeper->pool, lease, "detached", err);

	if (rc == 0)
		vfp_log(VFP_LOG_INFO, "domain %s: VF %s: was detached", lease->owner.name,
			vfp_vf_format(&lease->vf, vf));
	return rc;
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
