/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Binds the definition that libvirt has. */

#include "service/rebind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/lock.h"
#include "base/sysfs.h"
#include "service/bind.h"
#include "xml/domain.h"

#define MAX_ROUNDS 4 /* of one look; then others come first */
#define TURN_FILE  "/run/vfpool/define"
#define TURN_MS	   2000

VFP_DEFINE_AUTO(domain, struct vfp_domain *, vfp_domain_free)
VFP_DEFINE_AUTO(rebind, struct vfp_rebind *, vfp_rebind_clear)

#define AGAIN \
	2 /* beside 0 and 1: something was changed, by us or another, that wants one more look */

static int look_once(struct vfp_rebind *rebind, struct vfp_err *err);
static int look_at_alone(struct vfp_rebind *rebind, struct vfp_err *err);
static int look_at_left(struct vfp_rebind *rebind, struct vfp_err *err);
static int move(struct vfp_rebind *rebind, struct vfp_err *err);
static bool is_same_text(const char *a, const char *b);
static void note_move(struct vfp_rebind *rebind, const struct vfp_nic *nic);

int vfp_rebind_look(struct vfp_rebind *rebind, struct vfp_err *err)
{
	int rc = AGAIN;

	rebind->moved[0] = '\0';
	for (unsigned int i = 0; rc == AGAIN && i < MAX_ROUNDS; i++) {
		vfp_rebind_clear(rebind);
		rc = look_once(rebind, err);
	}
	if (rc == AGAIN)
		return vfp_fail(err, EAGAIN, "its definition changes faster than it is bound");
	return rc;
}

static int look_once(struct vfp_rebind *rebind, struct vfp_err *err)
{
	struct vfp_pool *pool = rebind->pool;
	int rc = vfp_libvirt_definition(rebind->libvirt, rebind->owner.uuid, &rebind->text, err);

	if (rc == -ENOENT) {
		rebind->found = VFP_REBOUND_GONE;
		return 0;
	}
	if (rc == 0)
		rc = look_at_alone(rebind, err);
	if (rc < 0 || rebind->found == VFP_REBOUND_ALONE)
		return rc;
	rc = vfp_bind(pool, rebind->libvirt, rebind->text, strlen(rebind->text), rebind->owner.uuid,
		      &rebind->owner, &rebind->bound, err);
	if (rc < 0)
		return rc;
	if (!rebind->bound)
		return look_at_left(rebind, err);
	if (strcmp(rebind->text, rebind->bound) != 0) {
		rc = move(rebind, err);
		return rc ? rc : 1;
	}
	rc = vfp_pool_seen(pool, &rebind->owner, err);
	return rc < 0 ? rc : vfp_pool_set_trouble(pool, &rebind->owner, "", err);
}

/* Whether it is still as vfp_unbind() left it.  An edit of what it asks for ends that. */
static int look_at_alone(struct vfp_rebind *rebind, struct vfp_err *err)
{
	char asked[VFP_DIGEST_SIZE], asks[VFP_DIGEST_SIZE];
	int rc = vfp_pool_alone(rebind->pool, rebind->owner.uuid, asked, err);

	rebind->found = VFP_REBOUND_RIGHT;
	if (rc < 0 || !*asked)
		return rc;
	rc = vfp_wants_digest(rebind->pool, rebind->text, asks, err);
	/* A NIC of it is bound: who unbinds it is on his way. */
	if (rc < 0 || !*asks)
		return rc;
	if (strcmp(asks, asked) != 0)
		return vfp_pool_set_alone(rebind->pool, &rebind->owner, "", err);
	rebind->found = VFP_REBOUND_ALONE;
	rc = vfp_pool_unbind(rebind->pool, rebind->owner.uuid, err);
	return rc == -EBUSY ? 0 : rc;
}

/* No NIC of it is a pool's any more: what was made of the rest of it for their sake is undone, then
 * its ports end. */
static int look_at_left(struct vfp_rebind *rebind, struct vfp_err *err)
{
	vfp_autofree struct vfp_lease *leases = NULL;
	vfp_auto(domain) dom = NULL;
	size_t n = 0;
	int rc = vfp_pool_leases(rebind->pool, rebind->owner.uuid, &leases, &n, err);

	if (rc < 0 || n)
		return rc; /* it runs: when it stops */
	rc = vfp_domain_read(rebind->text, strlen(rebind->text), &dom, err);
	if (rc == 0 && vfp_domain_undo(dom, &rebind->bound, NULL) == 0) {
		rebind->is_leaving = true;
		return 1;
	}
	if (rc == 0)
		rc = vfp_pool_unbind(rebind->pool, rebind->owner.uuid, err);
	if (rc == -EBUSY)
		return 0;
	return rc < 0 ? rc : vfp_pool_set_trouble(rebind->pool, &rebind->owner, "", err);
}

static bool is_same_but_vf(const struct vfp_nic *a, const struct vfp_nic *b)
{
	return a->kind == VFP_NIC_BOUND && b->kind == VFP_NIC_BOUND && a->vlan == b->vlan &&
	       a->managed == b->managed && vfp_mac_equal(&a->want.mac, &b->want.mac);
}

/* Writes the VFs that changed, when nothing else of their interfaces does.  0: it takes a
 * define. */
static int move(struct vfp_rebind *rebind, struct vfp_err *err)
{
	vfp_auto(domain) is = NULL, shall = NULL;
	const struct vfp_nic *from, *to;
	size_t n, n_moved = 0;
	int rc = vfp_domain_read(rebind->text, strlen(rebind->text), &is, err);

	if (rc == 0)
		rc = vfp_domain_read(rebind->bound, strlen(rebind->bound), &shall, err);
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
			return n_moved ? AGAIN : 0;
		xml = vfp_domain_nic_xml(shall, i);
		rc = vfp_libvirt_update(rebind->libvirt, rebind->owner.uuid, xml, err);
		if (rc == 0)
			note_move(rebind, &to[i]);
		n_moved += rc == 0;
	}
	if (rc == -ENOENT)
		return AGAIN; /* undefined meanwhile */
	/* What a libvirt cannot update is defined. */
	return n_moved ? AGAIN : 0;
}

static void note_move(struct vfp_rebind *rebind, const struct vfp_nic *nic)
{
	const size_t used = strlen(rebind->moved);
	char mac[VFP_MAC_SIZE], pci[VFP_PCI_SIZE], name[VFP_VF_SIZE] = "?";
	struct vfp_pci pf;
	struct vfp_vf vf;

	if (vfp_sysfs_whose_vf(vfp_pool_host(rebind->pool), &nic->pci, &vf, &pf, NULL) == 0)
		vfp_vf_format(&vf, name);
	snprintf(rebind->moved + used, sizeof(rebind->moved) - used, "%s%s moved to VF %s (%s)",
		 used ? ", " : "", vfp_mac_format(&nic->want.mac, mac), name,
		 vfp_pci_format(&nic->pci, pci));
}

int vfp_rebind_define(struct vfp_rebind *rebind, struct vfp_err *err)
{
	vfp_autofree char *now = NULL;
	vfp_autoclose int turn = -1;
	char path[VFP_PATH_SIZE];
	int rc;

	/* A command that attaches binds, and so does the service that hears of it, at the same
	 * time: the second is to see what the first has done.  Without its turn one goes on. */
	vfp_lock_line(vfp_host_path(vfp_pool_host(rebind->pool), path, TURN_FILE), TURN_MS, &turn);
	rc = vfp_libvirt_definition(rebind->libvirt, rebind->owner.uuid, &now, err);
	if (rc == -ENOENT || (rc == 0 && strcmp(now, rebind->text) != 0))
		return vfp_fail(err, EAGAIN, "somebody has just changed its definition");
	if (rc == 0)
		rc = vfp_libvirt_redefine(rebind->libvirt, rebind->bound, err);
	return rc;
}

bool vfp_rebind_is_ours(const struct vfp_rebind *rebind)
{
	vfp_autofree char *now = NULL, *ours = NULL, *found = NULL;
	vfp_auto(domain) dom_ours = NULL, dom_now = NULL;

	if (vfp_libvirt_definition(rebind->libvirt, rebind->owner.uuid, &now, NULL) < 0 ||
	    vfp_domain_read(now, strlen(now), &dom_now, NULL) < 0 ||
	    vfp_domain_read(rebind->bound, strlen(rebind->bound), &dom_ours, NULL) < 0)
		return false;
	if (rebind->is_leaving)
		return is_same_text(now, rebind->bound);
	return vfp_domain_undo(dom_ours, &ours, NULL) == 0 &&
	       vfp_domain_undo(dom_now, &found, NULL) == 0 && is_same_text(ours, found);
}

/* libvirt writes the metadata back with other quotation marks. */
static bool is_same_text(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !(strchr("'\"", *a) && strchr("'\"", *b)))
			return false;
	return *a == *b;
}

void vfp_rebind_clear(struct vfp_rebind *rebind)
{
	free(VFP_TAKE(rebind->text));
	free(VFP_TAKE(rebind->bound));
	rebind->is_leaving = false;
}

int vfp_rebind(struct vfp_pool *pool, struct vfp_libvirt *libvirt, const char *key,
	       struct vfp_owner *ret_owner, struct vfp_err *err)
{
	struct vfp_rebind own = {.pool = pool, .libvirt = libvirt};
	vfp_auto(rebind) rebind = &own;
	int rc = vfp_libvirt_owner(libvirt, key, &own.owner, err);

	if (rc == 0)
		rc = vfp_pool_set_alone(pool, &own.owner, "", err);
	if (rc < 0)
		return rc;
	rc = 1;
	for (unsigned int i = 0; rc == 1 && i < MAX_ROUNDS; i++) {
		rc = vfp_rebind_look(rebind, err);
		if (rc != 1)
			continue;
		rc = vfp_rebind_define(rebind, err);
		if (rc < 0 && rc != -EAGAIN)
			return rc;
		rc = 1;
	}
	if (rc == 1)
		return vfp_fail(err, EAGAIN, "%s: its definition changes faster than it is bound",
				own.owner.name);
	if (rc == 0 && own.found == VFP_REBOUND_GONE)
		return vfp_fail(err, ENOENT, "domain %s has no definition", own.owner.name);
	if (rc == 0 && ret_owner)
		*ret_owner = own.owner;
	return rc;
}

int vfp_define(struct vfp_pool *pool, struct vfp_libvirt *libvirt, const char *text,
	       const char *uuid, struct vfp_owner *ret_owner, bool *ret_is_bound,
	       struct vfp_err *err)
{
	vfp_autofree char *bound = NULL;
	struct vfp_owner owner;
	int rc = vfp_bind(pool, libvirt, text, strlen(text), uuid, &owner, &bound, err);

	if (rc == 0)
		rc = vfp_pool_set_alone(pool, &owner, "", err);
	if (rc < 0)
		return rc;
	rc = vfp_libvirt_define(libvirt, bound ? bound : text, err);
	if (rc < 0 && bound && vfp_rebind(pool, libvirt, owner.uuid, NULL, NULL) < 0)
		vfp_pool_unbind(pool, owner.uuid, NULL);
	if (rc == 0 && bound)
		rc = vfp_pool_seen(pool, &owner, err);
	if (rc < 0)
		return rc;
	*ret_owner = owner;
	*ret_is_bound = bound;
	return 0;
}

/* One try; -EAGAIN: somebody was faster. */
static int undo(struct vfp_rebind *rebind, struct vfp_err *err)
{
	struct vfp_pool *pool = rebind->pool;
	vfp_auto(domain) dom = NULL;
	char asks[VFP_DIGEST_SIZE];
	int rc = vfp_libvirt_definition(rebind->libvirt, rebind->owner.uuid, &rebind->text, err);

	if (rc == 0)
		rc = vfp_domain_read(rebind->text, strlen(rebind->text), &dom, err);
	if (rc == 0)
		rc = vfp_domain_undo(dom, &rebind->bound, err);
	if (rc == 0)
		rc = vfp_wants_digest(pool, rebind->bound, asks, err);
	/* Before the define, since the service hears that at once. */
	if (rc == 0)
		rc = vfp_pool_set_alone(pool, &rebind->owner, asks, err);
	if (rc < 0)
		return rc;
	rc = vfp_rebind_define(rebind, err);
	if (rc < 0)
		vfp_pool_set_alone(pool, &rebind->owner, "", NULL);
	return rc;
}

int vfp_unbind(struct vfp_pool *pool, struct vfp_libvirt *libvirt, const char *key,
	       struct vfp_err *err)
{
	struct vfp_rebind own = {.pool = pool, .libvirt = libvirt};
	vfp_auto(rebind) rebind = &own;
	vfp_autofree struct vfp_lease *leases = NULL;
	char words[256];
	size_t n = 0;
	int rc = vfp_libvirt_owner(libvirt, key, &own.owner, err);

	if (rc == 0)
		rc = vfp_pool_leases(pool, own.owner.uuid, &leases, &n, err);
	if (rc < 0)
		return rc;
	if (n)
		return vfp_fail(
			err, EBUSY, "domain %s runs: %s", own.owner.name,
			vfp_lease_format(vfp_pool_host(pool), &leases[0], words, sizeof(words)));
	rc = -EAGAIN;
	for (unsigned int i = 0; rc == -EAGAIN && i < MAX_ROUNDS; i++) {
		vfp_rebind_clear(rebind);
		rc = undo(rebind, err);
	}
	return rc < 0 ? rc : vfp_pool_unbind(pool, own.owner.uuid, err);
}
