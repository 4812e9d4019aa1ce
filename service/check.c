/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gathers the facts, and repairs. */

#include "service/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pool/members.h"
#include "pool/pf.h"
#include "pool/setup.h"
#include "service/rebind.h"
#include "xml/domain.h"

#define VFS_TIMEOUT_MS 180000

VFP_DEFINE_AUTO(domain, struct vfp_domain *, vfp_domain_free)

/* What the facts point into. */
struct gathered {
	struct vfp_pool *pool;
	struct vfp_members file;
	struct vfp_seen_domain *domains;
	struct vfp_seen_lease *leases;
	struct vfp_port *ports;
	struct vfp_member *members;
	struct vfp_seen_pf *pfs;
	struct vfp_err members_file;
	struct vfp_facts facts;
};

static void free_gathered(struct gathered *gathered);
VFP_DEFINE_AUTO(gathered, struct gathered *, free_gathered)

static int look(struct vfp_pool *pool, struct vfp_libvirt *libvirt, struct vfp_diff **ret,
		size_t *ret_n, struct vfp_err *err);
static int gather_leases(struct gathered *gathered, struct vfp_err *err);
static int gather_domains(struct gathered *gathered, struct vfp_libvirt *libvirt,
			  struct vfp_err *err);
static int gather_pfs(struct gathered *gathered, struct vfp_err *err);

int vfp_check(struct vfp_pool *pool, struct vfp_libvirt *libvirt, struct vfp_diff **ret,
	      size_t *ret_n, struct vfp_err *err)
{
	vfp_autofree struct vfp_diff *first = NULL;
	struct vfp_diff *second = NULL;
	size_t n_first, n_second, n = 0;
	int rc = look(pool, libvirt, &first, &n_first, err);

	if (rc == 0)
		rc = look(pool, libvirt, &second, &n_second, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n_second; i++)
		for (size_t j = 0; j < n_first; j++)
			if (vfp_diff_equal(&second[i], &first[j])) {
				second[n++] = second[i];
				break;
			}
	*ret = second;
	*ret_n = n;
	return 0;
}

/* Leases and ports are read before what libvirt has: a domain that stops in between has its lease
 * still, and that is not taken for a domain without one. */
static int look(struct vfp_pool *pool, struct vfp_libvirt *libvirt, struct vfp_diff **ret,
		size_t *ret_n, struct vfp_err *err)
{
	struct gathered own = {.pool = pool};
	vfp_auto(gathered) gathered = &own;
	struct vfp_facts *facts = &own.facts;
	const struct vfp_host *host = vfp_pool_host(pool);
	int rc = vfp_pool_ports(pool, NULL, &own.ports, &facts->n_ports, err);

	if (rc == 0)
		rc = gather_leases(gathered, err);
	/* A members file that is broken is a difference, not a failure. */
	if (rc == 0 && vfp_members_read(host, &own.file, NULL) < 0)
		own.file = (struct vfp_members){0};
	if (rc == 0 && libvirt)
		rc = gather_domains(gathered, libvirt, err);
	if (rc == 0)
		rc = vfp_inventory_read(pool, NULL, true, &own.members, &facts->n_members, err);
	if (rc == 0)
		rc = gather_pfs(gathered, err);
	if (rc == 0)
		rc = vfp_pool_check_members(pool, &own.members_file);
	if (rc < 0 && rc != -ESTALE)
		return own.members_file.code ? vfp_fail(err, -rc, "%s", own.members_file.msg) : rc;
	facts->members_file = rc < 0 ? own.members_file.msg : NULL;
	facts->has_libvirt = libvirt;
	facts->domains = own.domains;
	facts->leases = own.leases;
	facts->ports = own.ports;
	facts->members = own.members;
	facts->pfs = own.pfs;
	facts->now_ms = host->kernel->now_ms();
	facts->expire_ms = VFP_CHECK_EXPIRE_MS;
	vfp_reconcile(facts, ret, ret_n);
	return 0;
}

/* Of a lease that a start or an attach has finished with. */
static void look_at_attrs(const struct gathered *gathered, struct vfp_seen_lease *seen)
{
	struct vfp_err wrong = {0};

	if (seen->lease.state == VFP_LEASE_ACTIVE && !seen->is_stale &&
	    vfp_setup_verify(gathered->pool, &seen->lease, &wrong) == -EIO)
		vfp_copy(seen->attrs, sizeof(seen->attrs), wrong.msg);
}

static int gather_leases(struct gathered *gathered, struct vfp_err *err)
{
	const struct vfp_host *host = vfp_pool_host(gathered->pool);
	vfp_autofree struct vfp_lease *leases = NULL;
	size_t n;
	int rc = vfp_pool_leases(gathered->pool, NULL, &leases, &n, err);

	if (rc < 0)
		return rc;
	gathered->leases = vfp_alloc(n, sizeof(*gathered->leases));
	gathered->facts.n_leases = n;
	for (size_t i = 0; i < n; i++) {
		gathered->leases[i] = (struct vfp_seen_lease){
			.lease = leases[i],
			.is_stale = vfp_lease_is_stale(host, &leases[i]),
			.has_caller = vfp_proc_alive(host, &leases[i].daemon),
		};
		look_at_attrs(gathered, &gathered->leases[i]);
	}
	return 0;
}

static int gather_pfs(struct gathered *gathered, struct vfp_err *err)
{
	vfp_autofree struct vfp_wanted *wanted = NULL;
	size_t n;
	int rc = vfp_pool_wanted(gathered->pool, &wanted, &n, err);

	if (rc < 0)
		return rc;
	gathered->pfs = vfp_alloc(n, sizeof(*gathered->pfs));
	gathered->facts.n_pfs = n;
	for (size_t i = 0; i < n; i++) {
		struct vfp_pf pf = {.num_vfs = 0};

		gathered->pfs[i].wanted = wanted[i];
		gathered->pfs[i].is_present =
			vfp_sysfs_pf(vfp_pool_host(gathered->pool), wanted[i].dev, &pf, NULL) == 0;
		gathered->pfs[i].num_vfs = pf.num_vfs;
	}
	return 0;
}

/* Whether the NIC concerns a pool; of what runs it does when it has a VF, whoever gave it. */
static bool is_seen(const struct gathered *gathered, const struct vfp_nic *nic, bool is_live,
		    struct vfp_seen_nic *ret)
{
	struct vfp_pci pf;

	*ret = (struct vfp_seen_nic){.mac = nic->want.mac, .vlan = nic->vlan};
	if (nic->kind == VFP_NIC_NETWORK)
		return !is_live && vfp_members_has_pool(&gathered->file, nic->want.pool);
	if (nic->kind == VFP_NIC_HOSTDEV && !is_live)
		return false;
	if (vfp_sysfs_whose_vf(vfp_pool_host(gathered->pool), &nic->pci, &ret->vf, &pf, NULL) < 0)
		ret->vf = (struct vfp_vf){0};
	return !is_live || *ret->vf.pf;
}

/* false: it cannot be read, so nothing is said of it. */
static bool read_nics(const struct gathered *gathered, const char *text, bool is_live,
		      struct vfp_seen_nic **ret, size_t *ret_n)
{
	vfp_auto(domain) dom = NULL;
	const struct vfp_nic *nics;
	size_t n, n_seen = 0;

	if (!text || vfp_domain_read(text, strlen(text), &dom, NULL) < 0)
		return false;
	n = vfp_domain_nics(dom, &nics);
	*ret = vfp_alloc(n, sizeof(**ret));
	for (size_t i = 0; i < n; i++)
		n_seen += is_seen(gathered, &nics[i], is_live, &(*ret)[n_seen]);
	*ret_n = n_seen;
	return true;
}

/* Its user has unbound it: what its NICs ask for is nobody's business. */
static bool is_left_alone(const struct gathered *gathered, const char *uuid)
{
	char asks[VFP_DIGEST_SIZE] = "";

	return vfp_pool_alone(gathered->pool, uuid, asks, NULL) == 0 && *asks;
}

static int gather_domains(struct gathered *gathered, struct vfp_libvirt *libvirt,
			  struct vfp_err *err)
{
	const struct vfp_host *host = vfp_pool_host(gathered->pool);
	struct vfp_libvirt_domain *domains;
	size_t n;
	int rc = vfp_libvirt_domains(libvirt, NULL, &domains, &n, err);

	if (rc < 0)
		return rc;
	gathered->domains = vfp_alloc(n, sizeof(*gathered->domains));
	gathered->facts.n_domains = n;
	for (size_t i = 0; i < n; i++) {
		struct vfp_seen_domain *seen = &gathered->domains[i];

		vfp_copy(seen->owner.uuid, sizeof(seen->owner.uuid), domains[i].uuid);
		vfp_copy(seen->owner.name, sizeof(seen->owner.name), domains[i].name);
		seen->is_running =
			read_nics(gathered, domains[i].live, true, &seen->live, &seen->n_live);
		seen->is_defined = !is_left_alone(gathered, domains[i].uuid) &&
				   read_nics(gathered, domains[i].definition, false, &seen->defined,
					     &seen->n_defined);
		if (seen->n_live)
			vfp_proc_find_qemu(host, seen->owner.uuid, seen->owner.name, &seen->qemu,
					   NULL);
	}
	vfp_libvirt_domains_free(domains, n);
	return 0;
}

static void free_gathered(struct gathered *gathered)
{
	for (size_t i = 0; i < gathered->facts.n_domains; i++) {
		free(gathered->domains[i].live);
		free(gathered->domains[i].defined);
	}
	vfp_members_free(&gathered->file);
	free(gathered->domains);
	free(gathered->leases);
	free(gathered->ports);
	free(gathered->members);
	free(gathered->pfs);
}

/* --- Repairs -------------------------------------------------------------------------------- */

static int repair_none(struct vfp_pool *pool, struct vfp_libvirt *libvirt,
		       const struct vfp_diff *diff, struct vfp_err *err)
{
	return vfp_fail(err, EPERM, "an administrator has to look");
}

static int repair_members(struct vfp_pool *pool, struct vfp_libvirt *libvirt,
			  const struct vfp_diff *diff, struct vfp_err *err)
{
	return vfp_pool_write_members(pool, err);
}

static int repair_restore(struct vfp_pool *pool, struct vfp_libvirt *libvirt,
			  const struct vfp_diff *diff, struct vfp_err *err)
{
	vfp_autofree struct vfp_wanted *wanted = NULL;
	size_t n = 0;
	int rc = vfp_pool_wanted(pool, &wanted, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++)
		if (!strcmp(wanted[i].dev, diff->vf.pf))
			rc = vfp_pf_restore(pool, &wanted[i], VFS_TIMEOUT_MS, err);
	return rc;
}

static int repair_reclaim(struct vfp_pool *pool, struct vfp_libvirt *libvirt,
			  const struct vfp_diff *diff, struct vfp_err *err)
{
	struct vfp_lease lease;
	bool is_running = false;
	int rc = vfp_pool_lease_of(pool, &diff->vf, &lease, err);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	/* While libvirt is on its way to end the domain it writes to the VF; it answers when it has
	 * done so. */
	if (rc == 0 && libvirt) {
		rc = vfp_libvirt_is_running(libvirt, lease.owner.uuid, &is_running, err);
		if (rc < 0)
			return rc;
	}
	if (is_running)
		return vfp_fail(err, EBUSY, "libvirt has not ended its domain yet");
	return vfp_setup_reclaim(pool, &diff->vf, err);
}

static int repair_take_back(struct vfp_pool *pool, struct vfp_libvirt *libvirt,
			    const struct vfp_diff *diff, struct vfp_err *err)
{
	struct vfp_lease lease;
	int rc = vfp_pool_lease_of(pool, &diff->vf, &lease, err);

	if (rc == -ENOENT || (rc == 0 && lease.generation != diff->generation))
		return 0; /* it ended meanwhile */
	if (rc < 0)
		return rc;
	return vfp_setup_take_back(pool, &lease, "its domain runs without it", err);
}

static int repair_apply(struct vfp_pool *pool, struct vfp_libvirt *libvirt,
			const struct vfp_diff *diff, struct vfp_err *err)
{
	struct vfp_lease lease;
	int rc = vfp_pool_lease_of(pool, &diff->vf, &lease, err);

	if (rc == -ENOENT || (rc == 0 && lease.generation != diff->generation))
		return 0; /* it ended meanwhile */
	if (rc == 0)
		rc = vfp_setup_apply(pool, &lease, err);
	if (rc < 0)
		return rc;
	return vfp_pool_note(pool, "mended", &lease.owner, &lease.mac, &lease.vf, diff->found, err);
}

static int repair_adopt(struct vfp_pool *pool, struct vfp_libvirt *libvirt,
			const struct vfp_diff *diff, struct vfp_err *err)
{
	const struct vfp_ask ask = {.mac = diff->mac, .vf = diff->vf, .vlan = diff->vlan};
	const struct vfp_process none = {0};

	if (!diff->qemu.pid)
		return vfp_fail(err, ESRCH, "its QEMU was not found");
	return vfp_pool_adopt(pool, &diff->owner, &ask, &none, &diff->qemu, err);
}

static int repair_park(struct vfp_pool *pool, struct vfp_libvirt *libvirt,
		       const struct vfp_diff *diff, struct vfp_err *err)
{
	return vfp_setup_repark(pool, &diff->vf, err);
}

static int repair_expire(struct vfp_pool *pool, struct vfp_libvirt *libvirt,
			 const struct vfp_diff *diff, struct vfp_err *err)
{
	return vfp_pool_expire(pool, VFP_CHECK_EXPIRE_MS, NULL, err);
}

static int repair_unbind(struct vfp_pool *pool, struct vfp_libvirt *libvirt,
			 const struct vfp_diff *diff, struct vfp_err *err)
{
	return vfp_pool_unbind(pool, diff->owner.uuid, err);
}

static int repair_seen(struct vfp_pool *pool, struct vfp_libvirt *libvirt,
		       const struct vfp_diff *diff, struct vfp_err *err)
{
	return vfp_pool_seen(pool, &diff->owner, err);
}

static int repair_bind(struct vfp_pool *pool, struct vfp_libvirt *libvirt,
		       const struct vfp_diff *diff, struct vfp_err *err)
{
	return vfp_rebind(pool, libvirt, diff->owner.uuid, NULL, err);
}

int vfp_check_repair(struct vfp_pool *pool, struct vfp_libvirt *libvirt,
		     const struct vfp_diff *diff, struct vfp_err *err)
{
	static int (*const repairs[VFP_N_REPAIRS])(struct vfp_pool *, struct vfp_libvirt *,
						   const struct vfp_diff *, struct vfp_err *) = {
		[VFP_REPAIR_NONE] = repair_none,	   [VFP_REPAIR_MEMBERS] = repair_members,
		[VFP_REPAIR_RESTORE] = repair_restore,	   [VFP_REPAIR_RECLAIM] = repair_reclaim,
		[VFP_REPAIR_TAKE_BACK] = repair_take_back, [VFP_REPAIR_ADOPT] = repair_adopt,
		[VFP_REPAIR_APPLY] = repair_apply,	   [VFP_REPAIR_PARK] = repair_park,
		[VFP_REPAIR_EXPIRE] = repair_expire,	   [VFP_REPAIR_UNBIND] = repair_unbind,
		[VFP_REPAIR_SEEN] = repair_seen,	   [VFP_REPAIR_BIND] = repair_bind,
	};

	return repairs[vfp_diff_repair(diff->kind)](pool, libvirt, diff, err);
}
