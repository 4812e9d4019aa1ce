/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes of a PF: the number of its VFs, parking them, which are the host's. */

#include "pool/pf.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/nic.h"
#include "base/proc.h"
#include "pool/book.h"
#include "pool/card.h"

#define MAX_UPLINKS 16

/* How a PF's VFs are, or are to be. */
struct shape {
	unsigned int vfs, reserved;
	bool park;
};

/* @ret_former: how many VFs there were. */
static int apply(struct vfp_pool *pool, const char *dev, const struct vfp_pf_change *change,
		 unsigned int *ret_former, struct vfp_err *err);
static int check_range(const struct vfp_host *host, const struct vfp_pf *pf, unsigned int vfs,
		       struct vfp_err *err);
static int check_leases(struct vfp_pool *pool, const struct vfp_pf *pf, unsigned int n,
			struct vfp_err *err);
static int check_holders(const struct vfp_host *host, const struct vfp_pf *pf, unsigned int n,
			 bool force, struct vfp_err *err);
static int check_uplink(const struct vfp_host *host, const struct vfp_pf *pf,
			const char *admin_address, struct vfp_err *err);
static int make(const struct vfp_host *host, const struct vfp_pf *pf, const struct shape *shape,
		int timeout_ms, struct vfp_err *err);
static int make_count(const struct vfp_host *host, const struct vfp_pf *pf, unsigned int n,
		      bool autoprobe, int timeout_ms, struct vfp_err *err);
static int place_all(const struct vfp_host *host, const struct vfp_pf *pf,
		     const struct shape *shape, struct vfp_err *err);
static int check_readable(const struct vfp_host *host, const struct vfp_pf *pf, unsigned int n,
			  struct vfp_err *err);
static void take_back(struct vfp_pool *pool, const struct vfp_pf *former, const struct shape *shape,
		      int timeout_ms, struct vfp_err *err);
static bool is_parked(const struct vfp_host *host, const struct vfp_pf *pf);

int vfp_pf_set(struct vfp_pool *pool, const char *dev, const struct vfp_pf_change *change,
	       struct vfp_err *err)
{
	struct vfp_wanted wanted = {
		.vfs = change->vfs, .park = change->park, .reserved = change->reserved};
	unsigned int former;
	int rc = apply(pool, dev, change, &former, err);

	if (rc < 0)
		return rc;
	vfp_copy(wanted.dev, sizeof(wanted.dev), dev);
	rc = vfp_pool_set_wanted(pool, &wanted, err);
	if (rc == 0)
		rc = vfp_card_remember(pool, dev, err);
	/* After the VFs are there: until then the former reservation is the safe one. */
	return rc < 0 ? rc : vfp_pool_reserve(pool, dev, change->reserved, err);
}

int vfp_pf_restore(struct vfp_pool *pool, const struct vfp_wanted *wanted, int timeout_ms,
		   struct vfp_err *err)
{
	const struct vfp_pf_change change = {
		.vfs = wanted->vfs,
		.park = wanted->park,
		.reserved = wanted->reserved,
		.timeout_ms = timeout_ms,
		.force = true, /* was decided when it was enabled */
	};
	unsigned int former;
	char text[96];
	int rc = vfp_card_check(pool, wanted->dev, err);

	if (rc == 0)
		rc = apply(pool, wanted->dev, &change, &former, err);
	if (rc < 0 || former == wanted->vfs)
		return rc;
	snprintf(text, sizeof(text), "PF %s: %u VFs, there were %u", wanted->dev, wanted->vfs,
		 former);
	return vfp_pool_note(pool, "restored", NULL, NULL, NULL, text, err);
}

static int apply(struct vfp_pool *pool, const char *dev, const struct vfp_pf_change *change,
		 unsigned int *ret_former, struct vfp_err *err)
{
	const struct shape wanted = {change->vfs, change->reserved, change->park};
	const struct vfp_host *host = vfp_pool_host(pool);
	struct vfp_pf pf;
	struct shape former;
	bool is_other;
	int rc;

	rc = vfp_sysfs_pf(host, dev, &pf, err);
	if (rc == 0)
		rc = check_range(host, &pf, change->vfs, err);
	if (rc < 0)
		return rc;
	is_other = pf.num_vfs != change->vfs;
	/* Another count takes all VFs away first; the same one only what becomes the host's. */
	rc = check_leases(pool, &pf, is_other ? pf.num_vfs : change->reserved, err);
	if (rc == 0)
		rc = check_holders(host, &pf, is_other ? pf.num_vfs : change->reserved,
				   change->force || !is_other, err);
	if (rc == 0 && is_other && !change->force)
		rc = check_uplink(host, &pf, change->admin_address, err);
	if (rc < 0)
		return rc;
	former = (struct shape){pf.num_vfs, 0, is_parked(host, &pf)};
	rc = make(host, &pf, &wanted, change->timeout_ms, err);
	if (rc < 0) {
		take_back(pool, &pf, &former, change->timeout_ms, err);
		return rc;
	}
	*ret_former = pf.num_vfs;
	return 0;
}

/* --- What stands against it ------------------------------------------------------------------- */

static int check_range(const struct vfp_host *host, const struct vfp_pf *pf, unsigned int vfs,
		       struct vfp_err *err)
{
	char pci[VFP_PCI_SIZE], todo[300];
	struct vfp_nic nic;

	vfp_pci_format(&pf->pci, pci);
	if (vfs == 0 && pf->num_vfs == 0)
		return 0;
	vfp_nic_read(host, pf, &nic);
	if (nic.why != VFP_WHY_NONE)
		return vfp_fail(err, EINVAL,
				"%s (%s, driver %s) cannot have virtual functions: %s; %s", pf->dev,
				pci, *pf->driver ? pf->driver : "none",
				vfp_word_of(vfp_sriov_why_words, (int)nic.why),
				vfp_nic_remedy(&nic, pf, todo, sizeof(todo)));
	if (vfs > pf->total_vfs)
		return vfp_fail(
			err, ERANGE,
			"requested %u virtual functions for %s (%s), valid range is 1 to %u", vfs,
			pf->dev, pci, pf->total_vfs);
	return 0;
}

/* That none of the first @n VFs is leased: a lease names its domain. */
static int check_claims(struct vfp_pool *pool, const struct vfp_pf *pf, unsigned int n,
			struct vfp_err *err)
{
	vfp_autofree struct vfp_port *ports = NULL;
	char vf[VFP_VF_SIZE];
	size_t n_ports;
	int rc = vfp_pool_ports(pool, NULL, &ports, &n_ports, err);

	for (size_t i = 0; rc == 0 && i < n_ports; i++)
		if (ports[i].claimed_until_ms && !strcmp(ports[i].vf.pf, pf->dev) &&
		    ports[i].vf.index < n)
			return vfp_fail(
				err, EPERM,
				"cannot change the VFs of %s, %s is claimed for %s; let it start and "
				"stop first, or run: vfpool release --domain %s",
				pf->dev, vfp_vf_format(&ports[i].vf, vf), ports[i].owner.name,
				ports[i].owner.uuid);
	return rc;
}

static int check_leases(struct vfp_pool *pool, const struct vfp_pf *pf, unsigned int n,
			struct vfp_err *err)
{
	vfp_autofree struct vfp_lease *leases = NULL;
	char text[300] = "", vf[VFP_VF_SIZE];
	size_t n_leases, size = 0;
	int rc = vfp_pool_leases(pool, NULL, &leases, &n_leases, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n_leases && size < sizeof(text); i++)
		if (!strcmp(leases[i].vf.pf, pf->dev) && leases[i].vf.index < n)
			size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%s by %s",
						 size ? ", " : "", vfp_vf_format(&leases[i].vf, vf),
						 leases[i].owner.name);
	if (size)
		return vfp_fail(
			err, EPERM,
			"cannot change the VFs of %s, they are leased: %s; stop these domains "
			"first",
			pf->dev, text);
	return check_claims(pool, pf, n, err);
}

/* Who has one VF without a lease: "" nobody.  @force leaves the host itself out. */
static void find_holder(const struct vfp_host *host, const struct vfp_vfinfo *vf,
			const struct vfp_vfio_holder *holders, size_t n_holders, bool force,
			char *buf, size_t size)
{
	buf[0] = '\0';
	for (size_t i = 0; i < n_holders; i++)
		if (vf->iommu_group >= 0 && vf->iommu_group == holders[i].group)
			snprintf(
				buf, size,
				"in use by %.100s (pid %d), which did not get it from a pool; end it",
				holders[i].domain, holders[i].process.pid);
	if (*buf || force)
		return;
	if (*vf->netdev &&
	    vfp_sysfs_number(host, 0, "/sys/class/net/%s/flags", vf->netdev) & IFF_UP)
		snprintf(
			buf, size,
			"a network device of this host that is up (%s); set it down, or use --force",
			vf->netdev);
	else if (*vf->driver && !*vf->netdev && strcmp(vf->driver, "vfio-pci") != 0)
		snprintf(buf, size,
			 "on driver %s, and its network device is not to be seen: a container may "
			 "have it; take it back, or use --force",
			 vf->driver);
}

/* That nobody has one of the first @n VFs without a lease. */
static int check_holders(const struct vfp_host *host, const struct vfp_pf *pf, unsigned int n,
			 bool force, struct vfp_err *err)
{
	vfp_autofree struct vfp_vfio_holder *holders = NULL;
	vfp_autofree struct vfp_vfinfo *vfs = NULL;
	size_t n_holders, n_vfs;
	char words[256];
	int rc;

	if (!pf->num_vfs || !n)
		return 0;
	rc = vfp_sysfs_vfs(host, &pf->pci, &vfs, &n_vfs, err);
	if (rc == 0)
		rc = vfp_proc_vfio_holders(host, &holders, &n_holders, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n_vfs; i++) {
		if (vfs[i].index >= n)
			continue;
		find_holder(host, &vfs[i], holders, n_holders, force, words, sizeof(words));
		if (*words)
			return vfp_fail(err, EPERM, "cannot change the VFs of %s: number %u is %s",
					pf->dev, vfs[i].index, words);
	}
	return 0;
}

/* Making VFs resets many cards, and with it whatever goes through them. */
static int check_uplink(const struct vfp_host *host, const struct vfp_pf *pf,
			const char *admin_address, struct vfp_err *err)
{
	static const char words[] = "changing its VFs may interrupt that; if it is meant: --force";
	char devs[MAX_UPLINKS][IFNAMSIZ], dev[IFNAMSIZ];
	size_t n;
	int rc = host->kernel->default_devs(host, devs, VFP_N(devs), &n, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		if (vfp_nic_carries(host, pf->dev, devs[i]))
			return vfp_fail(err, EPERM,
					"%s carries this host's default route (of %s), and %s",
					pf->dev, devs[i], words);
	/* An address that is nowhere, behind NAT for one, is on no PF. */
	if (admin_address && host->kernel->address_dev(host, admin_address, dev, NULL) == 0 &&
	    vfp_nic_carries(host, pf->dev, dev))
		return vfp_fail(
			err, EPERM,
			"%s carries the address by which you are logged in (%s, of %s), and %s",
			pf->dev, admin_address, dev, words);
	return 0;
}

/* --- Doing it --------------------------------------------------------------------------------- */

static int make(const struct vfp_host *host, const struct vfp_pf *pf, const struct shape *shape,
		int timeout_ms, struct vfp_err *err)
{
	char path[VFP_PATH_SIZE];
	int rc = 0;

	if (shape->vfs && shape->park &&
	    access(vfp_host_path(host, path, "/sys/bus/pci/drivers/vfio-pci"), F_OK) < 0)
		rc = host->kernel->module_load(host, "vfio-pci", err);
	if (rc == 0 && shape->vfs && !pf->is_up)
		rc = host->kernel->link_up(host, pf->dev, err);
	if (rc == 0 && pf->num_vfs != shape->vfs)
		rc = make_count(host, pf, shape->vfs, !shape->park, timeout_ms, err);
	if (rc == 0)
		rc = place_all(host, pf, shape, err);
	return rc < 0 ? rc : check_readable(host, pf, shape->vfs, err);
}

static int make_count(const struct vfp_host *host, const struct vfp_pf *pf, unsigned int n,
		      bool autoprobe, int timeout_ms, struct vfp_err *err)
{
	int rc = 0;

	if (pf->num_vfs)
		rc = vfp_sysfs_set_num_vfs(host, pf, 0, autoprobe, timeout_ms, err);
	if (rc == 0 && n)
		rc = vfp_sysfs_set_num_vfs(host, pf, n, autoprobe, timeout_ms, err);
	/* Linux, drivers/pci/iov.c, sriov_numvfs_store(): a driver without sriov_configure(). */
	if (rc == -ENOENT)
		return vfp_fail(
			err, EINVAL,
			"%s: its driver %s does not make virtual functions on demand; see its "
			"documentation, or use another driver",
			pf->dev, *pf->driver ? pf->driver : "(none)");
	return rc;
}

/* The reserved VFs to the host's driver, the others to vfio-pci. */
static int place_all(const struct vfp_host *host, const struct vfp_pf *pf,
		     const struct shape *shape, struct vfp_err *err)
{
	vfp_autofree struct vfp_vfinfo *vfs = NULL;
	size_t n;
	int rc = vfp_sysfs_vfs(host, &pf->pci, &vfs, &n, err);

	for (size_t i = 0; rc == 0 && shape->park && i < n; i++) {
		if (vfs[i].index < shape->reserved)
			rc = vfp_sysfs_unpark(host, &pf->pci, &vfs[i].pci, err);
		else
			rc = vfp_sysfs_park(host, &vfs[i].pci, err);
	}
	return rc;
}

/* VFs whose attributes cannot be read back are of no use to a pool. */
static int check_readable(const struct vfp_host *host, const struct vfp_pf *pf, unsigned int n,
			  struct vfp_err *err)
{
	vfp_autofree struct vfp_attrs *attrs = NULL;
	size_t n_read;

	return n ? vfp_book_dump(host, pf->dev, false, &attrs, &n_read, err) : 0;
}

/* What failed is what the caller hears; that this failed too is added to it. */
static void take_back(struct vfp_pool *pool, const struct vfp_pf *former, const struct shape *shape,
		      int timeout_ms, struct vfp_err *err)
{
	const struct vfp_host *host = vfp_pool_host(pool);
	struct vfp_err failed = {0};
	vfp_autofree char *text = NULL, *words = NULL;
	struct vfp_pf pf;
	int rc = vfp_sysfs_pf(host, former->dev, &pf, &failed);

	if (rc == 0 && pf.num_vfs == shape->vfs &&
	    (!shape->vfs || is_parked(host, &pf) == shape->park))
		return;
	if (rc == 0 && pf.num_vfs != shape->vfs)
		rc = make_count(host, &pf, shape->vfs, !shape->park, timeout_ms, &failed);
	if (rc == 0 && shape->vfs && shape->park)
		rc = place_all(host, &pf, shape, &failed);
	text = vfp_format("PF %s: %s %u VFs%s%s, since: %s", former->dev,
			  rc < 0 ? "should have had" : "has again", shape->vfs, rc < 0 ? ": " : "",
			  failed.msg, err ? err->msg : "");
	vfp_pool_note(pool, "taken back", NULL, NULL, NULL, text, NULL);
	if (err && rc < 0) {
		words = vfp_format("%s; and the former %u VFs could not be made again: %s",
				   err->msg, shape->vfs, failed.msg);
		vfp_fail(err, err->code, "%s", words);
	}
}

/* Whether one of its VFs is on vfio-pci. */
static bool is_parked(const struct vfp_host *host, const struct vfp_pf *pf)
{
	vfp_autofree struct vfp_vfinfo *vfs = NULL;
	size_t n = 0;

	vfp_sysfs_vfs(host, &pf->pci, &vfs, &n, NULL);
	for (size_t i = 0; i < n; i++)
		if (!strcmp(vfs[i].driver, "vfio-pci"))
			return true;
	return false;
}
