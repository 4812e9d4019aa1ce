/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Set up, read back, scrub.
 */
#include "pool/setup.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/lock.h"
#include "pool/book.h"
#include "pool/mark.h"

#define LOCK_TIMEOUT_MS 5000
#define CLOSE_MS	3000
#define CLOSE_PAUSE_MS	50

/* A VF under its lock. */
struct device {
	struct vfp_pool *pool;
	struct vfp_vf vf;
	struct vfp_pf pf;
	struct vfp_vfinfo info;
	int fd; /* the lock */
};

/* How long a scrub took, for the journal. */
struct took {
	char words[64];
};

static void let_go(struct device *device);
VFP_DEFINE_AUTO(device, struct device *, let_go)

static int end_lease(struct vfp_pool *pool, const struct vfp_lease *lease, bool checks_use,
		     const char *why, struct vfp_err *err);
static void unmark(struct vfp_pool *pool, const char *uuid);
static int make_dirty(struct vfp_pool *pool, const struct vfp_vf *vf,
		      const struct vfp_vf_state *state, struct vfp_err *err);
static int hold(struct vfp_pool *pool, const struct vfp_vf *vf, struct device *device,
		struct vfp_err *err);
static int hold_lease(struct vfp_pool *pool, const struct vfp_lease *lease, struct device *device,
		      struct vfp_err *err);
static int is_still_leased(struct vfp_pool *pool, const struct vfp_lease *lease,
			   struct vfp_err *err);
static int scrub_dirty(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_err *err);
static int is_unscrubbed(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_err *err);
static int scrub_device(const struct device *device, struct took *ret_took, struct vfp_err *err);
static int check_unused(const struct device *device, struct vfp_err *err);
static int wait_unused(const struct device *device, struct vfp_err *err);
static int check_mac(const struct device *device, const struct vfp_mac *mac, struct vfp_err *err);
static int set_attrs(const struct device *device, const struct vfp_attrs *wanted,
		     struct vfp_err *err);
static int write_attr(const struct device *device, enum vfp_attr attr,
		      const struct vfp_attrs *wanted, struct vfp_err *err);
static int change_attr(const struct device *device, enum vfp_attr attr,
		       const struct vfp_attrs *wanted, struct vfp_attrs *attrs,
		       struct vfp_change *change, struct vfp_err *err);
static int read_attrs(const struct device *device, bool with_counters, struct vfp_attrs *ret_attrs,
		      struct vfp_err *err);
static int compare_attrs(const struct device *device, const struct vfp_attrs *wanted,
			 const struct vfp_attrs *found, struct vfp_err *err);

/* The order of the writes.  The link comes last: it may go up when all else is in place. */
static const enum vfp_attr order[] = {
	VFP_ATTR_MAC,	    VFP_ATTR_VLAN,	VFP_ATTR_SPOOFCHK,
	VFP_ATTR_TRUST,	    VFP_ATTR_RATE,	VFP_ATTR_RSSQUERY,
	VFP_ATTR_NODE_GUID, VFP_ATTR_PORT_GUID, VFP_ATTR_LINKSTATE,
};

int vfp_setup_park(struct vfp_pool *pool, const struct vfp_lease *lease, struct vfp_err *err)
{
	struct device held = {.fd = -1};
	vfp_auto(device) device = &held;
	int rc = hold_lease(pool, lease, device, err);

	if (rc == 0)
		rc = check_mac(device, &lease->mac, err);
	if (rc < 0)
		return rc;
	return lease->park ? vfp_sysfs_park(pool->host, &device->info.pci, err) : 0;
}

int vfp_setup_apply(struct vfp_pool *pool, const struct vfp_lease *lease, struct vfp_err *err)
{
	struct device held = {.fd = -1};
	vfp_auto(device) device = &held;
	int rc = hold_lease(pool, lease, device, err);

	if (rc < 0)
		return rc;
	return set_attrs(device, &lease->attrs, err);
}

int vfp_setup_verify(struct vfp_pool *pool, const struct vfp_lease *lease, struct vfp_err *err)
{
	struct device held = {.fd = -1};
	vfp_auto(device) device = &held;
	struct vfp_attrs found;
	int rc = hold_lease(pool, lease, device, err);

	if (rc < 0)
		return rc;
	rc = read_attrs(device, false, &found, err);
	if (rc < 0)
		return rc;
	return compare_attrs(device, &lease->attrs, &found, err);
}

int vfp_setup_change(struct vfp_pool *pool, const struct vfp_lease *lease,
		     const struct vfp_portgroup *group, struct vfp_change *ret, struct vfp_err *err)
{
	struct device held = {.fd = -1};
	vfp_auto(device) device = &held;
	struct vfp_change change = {.done = ""};
	struct vfp_attrs attrs, wanted = group->attrs;
	struct vfp_lease now;
	enum vfp_vlan_mode mode;
	int rc = hold_lease(pool, lease, device, err);

	/* What the lease says now, which the caller may have read before another change. */
	if (rc == 0)
		rc = vfp_book_lease_of(pool, &lease->vf, &now, err);
	if (rc < 0)
		return rc;
	if (rc == 0 || now.state != VFP_LEASE_ACTIVE)
		return vfp_fail(err, ESTALE, "domain %s: it does not run by our book",
				lease->owner.name);
	attrs = now.attrs;
	wanted.mac = attrs.mac;
	wanted.known = attrs.known;
	for (size_t i = 0; rc >= 0 && i < VFP_N(order); i++)
		rc = change_attr(device, order[i], &wanted, &attrs, &change, err);
	if (rc < 0)
		return rc;
	/* None and trunk are one to the NIC. */
	mode = attrs.vlan == wanted.vlan ? group->vlan_mode : now.vlan_mode;
	if (*change.done || mode != now.vlan_mode)
		rc = vfp_pool_change(pool, now.generation, &attrs, mode,
				     *change.done ? change.done : "the guest's tags", err);
	if (rc < 0)
		return rc;
	*ret = change;
	return 0;
}

int vfp_setup_end(struct vfp_pool *pool, const struct vfp_lease *lease, const char *why,
		  struct vfp_err *err)
{
	int rc = end_lease(pool, lease, false, why, err);

	unmark(pool, lease->owner.uuid);
	return rc;
}

int vfp_setup_take_back(struct vfp_pool *pool, const struct vfp_lease *lease, const char *why,
			struct vfp_err *err)
{
	int rc = end_lease(pool, lease, true, why, err);

	unmark(pool, lease->owner.uuid);
	return rc;
}

int vfp_setup_repark(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_err *err)
{
	struct device held = {.fd = -1};
	vfp_auto(device) device = &held;
	struct vfp_lease lease;
	int rc = hold(pool, vf, device, err);

	if (rc == 0)
		rc = vfp_book_lease_of(pool, vf, &lease, err);
	if (rc != 0 || !strcmp(device->info.driver, "vfio-pci"))
		return rc < 0 ? rc : 0;
	rc = check_unused(device, err);
	if (rc == 0)
		rc = vfp_sysfs_park(pool->host, &device->info.pci, err);
	if (rc < 0)
		return rc;
	return vfp_pool_note(pool, "parked", NULL, NULL, &device->vf, "it was with another driver",
			     err);
}

/* Whether it may be tried on: the owner of a lease, a hold or a netdev would notice. */
static int check_free(const struct device *device, struct vfp_err *err)
{
	struct vfp_vf_state state;
	struct vfp_lease lease;
	char vf[VFP_VF_SIZE];
	int rc = vfp_pool_vf_state(device->pool, &device->vf, &state, err);

	if (rc == 0)
		rc = vfp_book_lease_of(device->pool, &device->vf, &lease, err);
	if (rc < 0)
		return rc;
	if (rc > 0 || state.is_dirty || state.is_faulty || state.is_held ||
	    (*device->info.driver && strcmp(device->info.driver, "vfio-pci") != 0))
		return vfp_fail(err, EBUSY, "VF %s: is not free", vfp_vf_format(&device->vf, vf));
	return check_unused(device, err);
}

int vfp_setup_try(struct vfp_pool *pool, const struct vfp_vf *vf,
		  const struct vfp_portgroup *groups, size_t n, struct vfp_err *err)
{
	struct device held = {.fd = -1};
	vfp_auto(device) device = &held;
	struct vfp_err scrub = {0};
	int rc_scrub, rc_clean, rc = hold(pool, vf, device, err);

	if (rc == 0)
		rc = check_free(device, err);
	if (rc == 0)
		rc = vfp_book_dirty(pool, vf, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = set_attrs(device, &groups[i].attrs, err);
		if (rc < 0)
			vfp_fail_in(err, rc, "port group %s", groups[i].name);
	}
	rc_scrub = set_attrs(device, &vfp_attrs_scrubbed, &scrub);
	if (rc_scrub == 0)
		rc_clean = vfp_pool_clean(pool, vf, "after a try of what port groups say",
					  rc < 0 ? NULL : err);
	else
		rc_clean = vfp_pool_fault(pool, vf, 0, scrub.msg, rc < 0 ? NULL : err);
	return rc < 0 ? rc : rc_clean;
}

/* @checks_use: nobody has seen that the VF is closed. */
static int end_lease(struct vfp_pool *pool, const struct vfp_lease *lease, bool checks_use,
		     const char *why, struct vfp_err *err)
{
	struct device held = {.fd = -1};
	vfp_auto(device) device = &held;
	vfp_autofree char *words = NULL;
	struct vfp_err scrub = {0};
	char vf[VFP_VF_SIZE];
	struct took took;
	int rc, rc_scrub = hold(pool, &lease->vf, device, &scrub);

	/* Of a VF that is not there the lease ends, too; it comes back as faulty, since whatever
	 * comes back at that place was not scrubbed. */
	if (rc_scrub < 0 && rc_scrub != -ENODEV) {
		if (err)
			*err = scrub;
		return rc_scrub;
	}
	rc = is_still_leased(pool, lease, err);
	if (rc <= 0)
		return rc;
	if (rc_scrub == 0 && checks_use) {
		rc = wait_unused(device, err);
		if (rc == -EBUSY)
			return vfp_fail(err, EBUSY,
					"VF %s: some process has it still; if that is the QEMU of "
					"domain %s, and libvirt knows nothing of it, it comes back "
					"when the domain stops; see: vfpool vf list",
					vfp_vf_format(&lease->vf, vf), lease->owner.name);
		if (rc < 0)
			return rc;
	}
	if (rc_scrub == 0)
		rc_scrub = scrub_device(device, &took, &scrub);
	if (rc_scrub == 0) {
		words = vfp_format("%s%s%s", why, *why ? "; " : "", took.words);
		return vfp_pool_free(pool, lease->generation, words, err);
	}
	rc = vfp_pool_fault(pool, &lease->vf, lease->generation, scrub.msg, err);
	if (rc < 0)
		return rc;
	if (err)
		*err = scrub;
	return rc_scrub;
}

/* With its last lease a domain loses its mark. */
static void unmark(struct vfp_pool *pool, const char *uuid)
{
	vfp_autofree struct vfp_lease *leases = NULL;
	size_t n = 0;

	if (vfp_pool_leases(pool, uuid, &leases, &n, NULL) == 0 && !n)
		vfp_mark_remove(pool->host, uuid);
}

int vfp_setup_reclaim(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_err *err)
{
	struct vfp_lease lease;
	char words[256];
	int rc = vfp_book_lease_of(pool, vf, &lease, err);

	if (rc < 0)
		return rc;
	if (rc == 0)
		return scrub_dirty(pool, vf, err);
	if (!vfp_lease_is_stale(pool->host, &lease))
		return vfp_fail(err, EBUSY, "%s",
				vfp_lease_format(pool->host, &lease, words, sizeof(words)));
	/* Where a daemon died before it said which QEMU it started, that one may be on its way out
	 * and not have closed the VF yet. */
	return vfp_setup_take_back(pool, &lease, "its domain is gone, and the lease was left over",
				   err);
}

int vfp_setup_scrub(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_err *err)
{
	struct vfp_vf_state state;
	struct vfp_lease lease;
	int rc = vfp_pool_vf_state(pool, vf, &state, err);

	if (rc == 0)
		rc = vfp_book_lease_of(pool, vf, &lease, err);
	if (rc == 0 && !state.is_dirty && !state.is_faulty)
		rc = make_dirty(pool, vf, &state, err);
	return rc < 0 ? rc : vfp_setup_reclaim(pool, vf, err);
}

/* A pool's VF that is there, unused and clean.  Where somebody leases it meanwhile it is dirty
 * anyway. */
static int make_dirty(struct vfp_pool *pool, const struct vfp_vf *vf,
		      const struct vfp_vf_state *state, struct vfp_err *err)
{
	struct device held = {.fd = -1};
	vfp_auto(device) device = &held;
	char name[VFP_VF_SIZE];
	int rc;

	if (!*state->pool)
		return vfp_fail(err, ENOENT, "VF %s: is in no pool; see: vfpool vf list",
				vfp_vf_format(vf, name));
	if (state->is_held)
		return vfp_fail(err, EBUSY, "VF %s: is held for the host: %s",
				vfp_vf_format(vf, name), state->reason);
	rc = hold(pool, vf, device, err);
	if (rc == 0)
		rc = check_unused(device, err);
	return rc < 0 ? rc : vfp_book_dirty(pool, vf, err);
}

int vfp_setup_counters(struct vfp_pool *pool, const struct vfp_lease *lease,
		       struct vfp_counters *ret, struct vfp_err *err)
{
	struct device held = {.fd = -1};
	vfp_auto(device) device = &held;
	struct vfp_attrs found;
	char vf[VFP_VF_SIZE];
	int rc = hold_lease(pool, lease, device, err);

	if (rc < 0)
		return rc;
	rc = read_attrs(device, true, &found, err);
	if (rc < 0)
		return rc;
	if (!found.has_counters)
		return vfp_fail(err, ENODATA, "VF %s: driver %s has no counters of a VF",
				vfp_vf_format(&device->vf, vf), device->pf.driver);
	*ret = found.counters;
	return 0;
}

/* --- The lock, and what is looked at again under it ------------------------------------------- */

static void let_go(struct device *device)
{
	vfp_cleanup_close(&device->fd);
}

/* Looks the VF up and takes its lock.  -ENODEV: PF or VF is not there.  No transaction is open
 * here: whoever has the lock may be waiting for the database. */
static int hold(struct vfp_pool *pool, const struct vfp_vf *vf, struct device *device,
		struct vfp_err *err)
{
	char name[VFP_VF_SIZE];
	int rc;

	device->pool = pool;
	device->vf = *vf;
	vfp_vf_format(vf, name);
	rc = vfp_sysfs_pf(pool->host, vf->pf, &device->pf, err);
	if (rc == -ENOENT || rc == -ENODEV)
		return vfp_fail(err, ENODEV, "VF %s: its PF is not there", name);
	if (rc < 0)
		return rc;
	rc = vfp_lock_vf(pool->host, &device->pf.pci, vf->index, LOCK_TIMEOUT_MS, &device->fd, err);
	if (rc < 0)
		return rc;
	rc = vfp_sysfs_vf(pool->host, &device->pf.pci, vf->index, &device->info, err);
	if (rc == -ENOENT)
		return vfp_fail(err, ENODEV, "VF %s: is not there, the PF has %u VFs now", name,
				device->pf.num_vfs);
	return rc;
}

/* 1: the lease is still the one that the caller means; 0: it ended, the VF may be another's. */
static int is_still_leased(struct vfp_pool *pool, const struct vfp_lease *lease,
			   struct vfp_err *err)
{
	return vfp_book_stands(pool, lease->generation, err);
}

static int hold_lease(struct vfp_pool *pool, const struct vfp_lease *lease, struct device *device,
		      struct vfp_err *err)
{
	char vf[VFP_VF_SIZE];
	int rc = hold(pool, &lease->vf, device, err);

	if (rc < 0)
		return rc;
	rc = is_still_leased(pool, lease, err);
	if (rc == 0)
		return vfp_fail(err, ESTALE, "VF %s: the lease of %s ended meanwhile",
				vfp_vf_format(&lease->vf, vf), lease->owner.name);
	return rc < 0 ? rc : 0;
}

/* --- A VF that nobody has a lease on ---------------------------------------------------------- */

static int scrub_dirty(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_err *err)
{
	struct device held = {.fd = -1};
	vfp_auto(device) device = &held;
	struct vfp_err scrub = {0};
	struct took took;
	int rc_scrub, rc = is_unscrubbed(pool, vf, err);

	if (rc <= 0)
		return rc;
	rc = hold(pool, vf, device, err);
	if (rc < 0)
		return rc;
	/* Another one may have scrubbed it while we waited for the lock, and somebody have leased
	 * it. */
	rc = is_unscrubbed(pool, vf, err);
	if (rc <= 0)
		return rc;
	rc = check_unused(device, err);
	if (rc < 0)
		return rc;
	rc_scrub = scrub_device(device, &took, &scrub);
	if (rc_scrub == 0)
		return vfp_pool_clean(pool, vf, took.words, err);
	rc = vfp_pool_fault(pool, vf, 0, scrub.msg, err);
	if (rc < 0)
		return rc;
	if (err)
		*err = scrub;
	return rc_scrub;
}

/* The reset takes away what the guest has programmed into the VF, the attributes are what the PF
 * keeps for it.  A VF that a host driver has is not reset behind its back: it is there because
 * libvirt gave it back, and libvirt resets what it gives back (virHostdevReAttachPCIDevices()). */
static int scrub_device(const struct device *device, struct took *ret_took, struct vfp_err *err)
{
	const struct vfp_host *host = device->pool->host;
	const int64_t start = host->kernel->ticks_ms();
	const char *driver = device->info.driver;
	char vf[VFP_VF_SIZE];
	int64_t reset, end;
	bool is_reset = false;
	int rc = 0;

	if (!*driver || !strcmp(driver, "vfio-pci"))
		rc = vfp_sysfs_reset(host, &device->info.pci, &is_reset, err);
	if (rc < 0)
		return vfp_fail_in(err, rc, "VF %s: its reset failed",
				   vfp_vf_format(&device->vf, vf));
	reset = host->kernel->ticks_ms();
	rc = set_attrs(device, &vfp_attrs_scrubbed, err);
	if (rc < 0)
		return rc;
	end = host->kernel->ticks_ms();
	if (is_reset)
		snprintf(ret_took->words, sizeof(ret_took->words),
			 "scrubbed in %" PRId64 " ms, reset in %" PRId64 " of them", end - start,
			 reset - start);
	else
		snprintf(ret_took->words, sizeof(ret_took->words),
			 "scrubbed in %" PRId64 " ms, not reset", end - start);
	return 0;
}

/* 1: a scrub is due; 0: it is not, also when the VF is leased. */
static int is_unscrubbed(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_err *err)
{
	struct vfp_vf_state state;
	struct vfp_lease lease;
	int rc = vfp_pool_vf_state(pool, vf, &state, err);

	if (rc < 0 || (!state.is_dirty && !state.is_faulty))
		return rc;
	rc = vfp_book_lease_of(pool, vf, &lease, err);
	return rc < 0 ? rc : rc == 0;
}

/* A process that has the VF without a lease would lose its MAC and VLAN under its hands. */
static int check_unused(const struct device *device, struct vfp_err *err)
{
	const struct vfp_host *host = device->pool->host;
	char vf[VFP_VF_SIZE];
	bool is_busy = false;
	int rc;

	if (device->info.iommu_group < 0)
		return 0;
	rc = host->kernel->vfio_busy(host, device->info.iommu_group, &is_busy, err);
	if (rc < 0)
		return rc;
	if (is_busy)
		return vfp_fail(
			err, EBUSY,
			"VF %s: some process has it (IOMMU group %d), though by our book none should; "
			"see: vfpool vf list",
			vfp_vf_format(&device->vf, vf), device->info.iommu_group);
	return 0;
}

/* Who ends loses its name first and closes its VFs some moments later. */
static int wait_unused(const struct device *device, struct vfp_err *err)
{
	const struct vfp_kernel *kernel = device->pool->host->kernel;
	const int64_t deadline = kernel->ticks_ms() + CLOSE_MS;
	int rc = check_unused(device, err);

	while (rc == -EBUSY && kernel->ticks_ms() < deadline) {
		kernel->pause_ms(CLOSE_PAUSE_MS);
		rc = check_unused(device, err);
	}
	return rc;
}

/* A MAC that another VF of the PF has, too, would get its frames in part: the NIC switches by MAC.
 * It is there still where a scrub failed. */
static int check_mac(const struct device *device, const struct vfp_mac *mac, struct vfp_err *err)
{
	vfp_autofree struct vfp_attrs *attrs = NULL;
	struct vfp_vf other = device->vf;
	char words[512];
	size_t n;
	int rc = vfp_book_dump(device->pool->host, device->vf.pf, false, &attrs, &n, err);

	for (unsigned int i = 0; rc == 0 && i < n; i++) {
		if (i == device->vf.index || !vfp_mac_equal(&attrs[i].mac, mac))
			continue;
		other.index = i;
		return vfp_fail(err, EEXIST, "%s",
				vfp_book_carrier(device->pool, &other, mac, words, sizeof(words)));
	}
	return rc;
}

/* --- Attributes ------------------------------------------------------------------------------- */

/* Writes what differs.  What a driver does not support and reads as wanted is never written, so it
 * is no error.  The read-back is the proof; when nothing was written the first look is it.
 * What was set before a failure stays set: the lease's end scrubs it, and until then the VF is
 * nobody else's. */
static int set_attrs(const struct device *device, const struct vfp_attrs *wanted,
		     struct vfp_err *err)
{
	struct vfp_attrs found;
	bool has_written = false;
	int rc = read_attrs(device, false, &found, err);

	for (size_t i = 0; rc == 0 && i < VFP_N(order); i++) {
		const enum vfp_attr attr = order[i];

		if (!(wanted->known & found.known & 1u << attr) ||
		    vfp_attr_equal(attr, wanted, &found))
			continue;
		rc = write_attr(device, attr, wanted, err);
		has_written = true;
	}
	if (rc == 0 && has_written)
		rc = read_attrs(device, false, &found, err);
	if (rc < 0)
		return rc;
	return compare_attrs(device, wanted, &found, err);
}

static int write_attr(const struct device *device, enum vfp_attr attr,
		      const struct vfp_attrs *wanted, struct vfp_err *err)
{
	/* What drivers answer to a value that they do not support; EADDRNOTAVAIL to a MAC. */
	static const int refusals[] = {EOPNOTSUPP, EINVAL, EPROTONOSUPPORT, EADDRNOTAVAIL};
	const struct vfp_attrs local_zero = {.mac = {{0x02, 0, 0, 0, 0, 0}}};
	const struct vfp_host *host = device->pool->host;
	const struct vfp_vf *vf = &device->vf;
	char name[VFP_VF_SIZE], words[64];
	bool is_refused = false;
	int rc = host->kernel->vf_write(host, vf->pf, vf->index, attr, wanted, err);

	for (size_t i = 0; i < VFP_N(refusals); i++)
		is_refused = is_refused || rc == -refusals[i];
	/* Some drivers do not take a MAC back: they get the local address that stands for none. */
	if (is_refused && attr == VFP_ATTR_MAC && vfp_mac_is_none(&wanted->mac))
		return host->kernel->vf_write(host, vf->pf, vf->index, attr, &local_zero, err);
	vfp_vf_format(vf, name);
	vfp_attr_format(attr, wanted, words, sizeof(words));
	if (is_refused)
		return vfp_fail(err, EOPNOTSUPP, "VF %s: driver %s refuses %s: %s", name,
				device->pf.driver, words, strerror(-rc));
	if (rc < 0)
		return vfp_fail_in(err, rc, "VF %s: cannot set %s", name, words);
	return 0;
}

static void add_words(char *buf, size_t size, const char *words)
{
	const size_t used = strlen(buf);

	if ((size_t)snprintf(buf + used, size - used, "%s%s", used ? "; " : "", words) >=
	    size - used)
		vfp_text_clean(buf); /* cut, perhaps within a character */
}

/* Changes one attribute from what is in @attrs to what is in @wanted, there too.  A refusal is no
 * failure: it is noted, and the VF has what it had. */
static int change_attr(const struct device *device, enum vfp_attr attr,
		       const struct vfp_attrs *wanted, struct vfp_attrs *attrs,
		       struct vfp_change *change, struct vfp_err *err)
{
	char from[64], to[64];
	vfp_autofree char *words = NULL;
	const struct vfp_attrs former = *attrs;
	struct vfp_attrs next = *wanted, found;
	struct vfp_err refusal = {0};
	int rc;

	if (vfp_attr_equal(attr, wanted, attrs))
		return 0;
	next.known = 1u << attr;
	rc = write_attr(device, attr, &next, &refusal);
	if (rc == 0) {
		rc = read_attrs(device, false, &found, err);
		if (rc < 0)
			return rc;
		rc = compare_attrs(device, &next, &found, &refusal);
		if (rc < 0)
			write_attr(device, attr, &former, NULL);
	}
	if (rc < 0) {
		add_words(change->refused, sizeof(change->refused), refusal.msg);
		return 0;
	}
	vfp_attr_copy(attr, attrs, wanted);
	words = vfp_format("%s -> %s", vfp_attr_format(attr, &former, from, sizeof(from)),
			   vfp_attr_format(attr, wanted, to, sizeof(to)));
	add_words(change->done, sizeof(change->done), words);
	return 0;
}

static int read_attrs(const struct device *device, bool with_counters, struct vfp_attrs *ret_attrs,
		      struct vfp_err *err)
{
	vfp_autofree struct vfp_attrs *attrs = NULL;
	char name[VFP_VF_SIZE];
	size_t n;
	int rc = vfp_book_dump(device->pool->host, device->vf.pf, with_counters, &attrs, &n, err);

	vfp_vf_format(&device->vf, name);
	if (rc < 0)
		return vfp_fail_in(err, rc, "VF %s: cannot read its attributes", name);
	if (device->vf.index >= n)
		return vfp_fail(err, EIO, "VF %s: the PF reports %zu VFs only", name, n);
	*ret_attrs = attrs[device->vf.index];
	return 0;
}

/* An attribute that the driver does not report is taken for its default, and cannot be anything
 * else. */
static int compare_attrs(const struct device *device, const struct vfp_attrs *wanted,
			 const struct vfp_attrs *found, struct vfp_err *err)
{
	char name[VFP_VF_SIZE], want[64], have[64];

	vfp_vf_format(&device->vf, name);
	for (size_t i = 0; i < VFP_N(order); i++) {
		const enum vfp_attr attr = order[i];
		const bool is_reported = found->known & 1u << attr;

		if (!(wanted->known & 1u << attr) ||
		    vfp_attr_equal(attr, wanted, is_reported ? found : &vfp_attrs_scrubbed))
			continue;
		vfp_attr_format(attr, wanted, want, sizeof(want));
		if (!is_reported)
			return vfp_fail(err, EOPNOTSUPP, "VF %s: driver %s does not support %s",
					name, device->pf.driver, want);
		return vfp_fail(err, EIO, "VF %s: has %s, expected %s", name,
				vfp_attr_format(attr, found, have, sizeof(have)), want);
	}
	return 0;
}
