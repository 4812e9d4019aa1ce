/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Made-up bindings for the NICs of any domain, and the promises of xml/domain.h checked on it.
 */
#include "tests/bind-all.h"

#include <string.h>

#include "base/cleanup.h"
#include "xml/document.h"

VFP_DEFINE_AUTO(domain, struct vfp_domain *, vfp_domain_free)

static uint16_t vlan_of(const char *portgroup);
static int bind_again(const char *text, const char *pool, char **ret_text, struct vfp_err *err);
static int check_bound(const struct vfp_domain *dom, const struct bind_all *bind,
		       struct vfp_err *err);
static int check_undone(const struct vfp_domain *dom, const char *text, const char *pool,
			bool is_strict, struct vfp_err *err);
static bool is_complete(const struct vfp_domain *dom, const char *pool);
static int check_same(const char *a, const char *b, const char *what, struct vfp_err *err);

void bind_all(const struct vfp_domain *dom, const char *pool, struct bind_all *ret_bind)
{
	const struct vfp_nic *nics;
	size_t n = vfp_domain_nics(dom, &nics);

	memset(ret_bind, 0, sizeof(*ret_bind));
	for (size_t i = 0; i < n; i++) {
		struct vfp_binding *binding = &ret_bind->bindings[ret_bind->n];
		struct vfp_want want = nics[i].want;

		if (nics[i].kind == VFP_NIC_HOSTDEV || (pool && strcmp(want.pool, pool) != 0))
			continue;
		if (vfp_mac_is_none(&want.mac))
			want.mac = (struct vfp_mac){{0x52, 0x54, 0x00, 0xaa, 0x00, (uint8_t)i}};
		if (!*want.pool)
			vfp_copy(want.pool, sizeof(want.pool), "sriov0");
		if (vfp_name_check("port group", want.portgroup, NULL) < 0)
			vfp_copy(want.portgroup, sizeof(want.portgroup), "blue");
		binding->mac = want.mac;
		memcpy(binding->pool, want.pool, sizeof(binding->pool));
		memcpy(binding->portgroup, want.portgroup, sizeof(binding->portgroup));
		binding->vf = (struct vfp_vf){"ens1f0",
					      (unsigned int)i,
					      {0, 1, (uint8_t)(0x10 + i / 8), (uint8_t)(i % 8)}};
		binding->vlan = vlan_of(want.portgroup);
		binding->could_migrate = !strcmp(want.pool, "migrating0");
		binding->managed = binding->could_migrate || !strcmp(want.pool, "managed0");
		ret_bind->nics[ret_bind->n++] = i;
	}
}

enum bind_outcome bind_check(const char *text, size_t size, const char *pool, bool is_strict,
			     struct vfp_err *err)
{
	vfp_auto(domain) dom = NULL;
	vfp_auto(domain) bound = NULL;
	vfp_autofree char *once = NULL;
	vfp_autofree char *twice = NULL;
	struct bind_all bind;
	int rc;

	if (vfp_domain_read(text, size, &dom, err) < 0)
		return BIND_UNREAD;
	bind_all(dom, pool, &bind);
	rc = vfp_domain_rewrite(dom, "11111111-2222-4333-8444-555555555555", bind.bindings,
				bind.nics, bind.n, &once, err);
	/* -EINVAL: two of its NICs have one MAC. */
	if (bind.n && (rc == -EPERM || rc == -EINVAL))
		return BIND_REFUSED;
	if (rc < 0)
		return BIND_BROKEN;
	if (bind.n == 0)
		return !strncmp(once, text, size) && strlen(once) <= size + 1 ? BIND_NOTHING
									      : BIND_BROKEN;
	if (vfp_domain_read(once, strlen(once), &bound, err) < 0 ||
	    check_bound(bound, &bind, err) < 0 || bind_again(once, pool, &twice, err) < 0 ||
	    check_same(once, twice, "the second rewrite gives other bytes", err) < 0 ||
	    check_undone(dom, once, pool, is_strict, err) < 0)
		return BIND_BROKEN;
	return BIND_DONE;
}

static uint16_t vlan_of(const char *portgroup)
{
	if (!strcmp(portgroup, "red"))
		return 200;
	return strcmp(portgroup, "trunk") ? 100 : 0;
}

static int bind_again(const char *text, const char *pool, char **ret_text, struct vfp_err *err)
{
	vfp_auto(domain) dom = NULL;
	struct bind_all bind;
	int rc = vfp_domain_read(text, strlen(text), &dom, err);

	if (rc < 0)
		return rc;
	bind_all(dom, pool, &bind);
	return vfp_domain_rewrite(dom, "99999999-2222-4333-8444-555555555555", bind.bindings,
				  bind.nics, bind.n, ret_text, err);
}

/* Whether the document says what the bindings say, and locks its memory. */
static int check_bound(const struct vfp_domain *dom, const struct bind_all *bind,
		       struct vfp_err *err)
{
	const struct vfp_domain_memory *memory = vfp_domain_memory(dom);
	const struct vfp_nic *nics;
	size_t n = vfp_domain_nics(dom, &nics);

	for (size_t i = 0; i < bind->n; i++) {
		const struct vfp_binding *want = &bind->bindings[i];
		const struct vfp_nic *nic = &nics[bind->nics[i]];

		if (bind->nics[i] >= n || nic->kind != VFP_NIC_BOUND || !nic->has_want ||
		    vfp_pci_compare(&nic->pci, &want->vf.pci) != 0 || nic->vlan != want->vlan ||
		    nic->managed != want->managed || !vfp_mac_equal(&nic->want.mac, &want->mac) ||
		    strcmp(nic->want.pool, want->pool) != 0)
			return vfp_fail(err, EINVAL, "NIC %zu does not say what its binding says",
					bind->nics[i]);
	}
	if (!memory->is_locked || memory->has_balloon ||
	    (memory->memory_kib && memory->current_kib != memory->memory_kib + memory->dimm_kib))
		return vfp_fail(err, EINVAL, "memory is not locked, or there is a balloon");
	if (!*vfp_domain_uuid(dom))
		return vfp_fail(err, EINVAL, "there is no <uuid>");
	return 0;
}

/* Undo, rewrite and undo again: the two undone documents must be the same.  Whether the first of
 * them means what its author wrote can be told when nothing had to be added to it for good. */
static int check_undone(const struct vfp_domain *dom, const char *text, const char *pool,
			bool is_strict, struct vfp_err *err)
{
	vfp_auto(domain) bound = NULL;
	vfp_auto(domain) undone = NULL;
	vfp_auto(domain) bound_again = NULL;
	vfp_autofree char *first = NULL;
	vfp_autofree char *again = NULL;
	vfp_autofree char *second = NULL;
	int rc = vfp_domain_read(text, strlen(text), &bound, err);

	if (rc == 0)
		rc = vfp_domain_undo(bound, &first, err);
	if (rc == -EINVAL && dom->ours)
		return 0; /* what our metadata keeps was somebody else's work */
	if (rc < 0 || vfp_domain_read(first, strlen(first), &undone, err) < 0)
		return -EINVAL;
	if (!is_strict || !is_complete(dom, pool))
		return 0;
	if (!vfp_xml_equal(dom->root, undone->root))
		return vfp_fail(err, EINVAL, "the undone document means something else");
	if (bind_again(first, pool, &again, err) < 0 ||
	    vfp_domain_read(again, strlen(again), &bound_again, err) < 0 ||
	    vfp_domain_undo(bound_again, &second, err) < 0)
		return -EINVAL;
	return check_same(first, second, "the second undo gives other bytes", err);
}

/* Whether it has all that a rewrite adds for good (UUID, MACs) and that libvirt needs (the targets
 * of disks), and nothing of ours yet. */
static bool is_complete(const struct vfp_domain *dom, const char *pool)
{
	const struct vfp_xml_node *disk = vfp_xml_child(dom->devices, "disk");

	if (!*dom->uuid || dom->ours)
		return false;
	for (; disk; disk = vfp_xml_again(disk))
		if (!vfp_xml_disk_name(disk))
			return false;
	for (size_t i = 0; i < dom->n_nics; i++)
		if (dom->nics[i].kind == VFP_NIC_BOUND ||
		    (dom->nics[i].kind == VFP_NIC_NETWORK &&
		     vfp_mac_is_none(&dom->nics[i].want.mac) &&
		     (!pool || !strcmp(dom->nics[i].want.pool, pool))))
			return false;
	return true;
}

static int check_same(const char *a, const char *b, const char *what, struct vfp_err *err)
{
	size_t same = 0;
	size_t line = 1;

	while (a[same] && a[same] == b[same])
		line += a[same++] == '\n';
	if (a[same] == b[same])
		return 0;
	return vfp_fail(err, EINVAL, "%s, from line %zu on: '%.60s' and '%.60s'", what, line,
			a + same, b + same);
}
