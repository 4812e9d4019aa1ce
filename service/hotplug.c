/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* NICs of a pool into and out of a domain. */

#include "service/hotplug.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "pool/mark.h"
#include "pool/setup.h"
#include "service/rebind.h"
#include "xml/domain.h"

VFP_DEFINE_AUTO(domain, struct vfp_domain *, vfp_domain_free)

/* A NIC found in a document. */
struct place {
	char *xml;	/* its element; the caller frees */
	char alias[64]; /* "": libvirt's own, which is not in the list of NICs */
};

static int check_live(const struct vfp_domain *dom, const struct vfp_mac *mac, struct vfp_err *err);
static int make_port(const struct vfp_hotplug *plug, const struct vfp_want *want,
		     const char *numa_nodes, struct vfp_binding *ret, struct vfp_err *err);
static int drop_port(const struct vfp_hotplug *plug, const struct vfp_mac *mac,
		     struct vfp_err *err);
static int take_lease(const struct vfp_hotplug *plug, const struct vfp_domain *dom,
		      const struct vfp_binding *binding, struct vfp_lease *ret_lease,
		      struct vfp_err *err);
static int plug_in(const struct vfp_hotplug *plug, const struct vfp_binding *binding,
		   const struct vfp_lease *lease, struct vfp_err *err);
static int device_xml(const struct vfp_binding *binding, char **ret_xml, struct vfp_err *err);
static int find_nic(const char *text, const struct vfp_mac *mac, struct place *ret,
		    struct vfp_err *err);
static struct vfp_owner owner_of(const struct vfp_hotplug *plug);

int vfp_attach_live(const struct vfp_hotplug *plug, const struct vfp_want *want,
		    struct vfp_vf *ret_vf, struct vfp_err *err)
{
	vfp_auto(domain) dom = NULL;
	vfp_autofree char *disks = NULL;
	struct vfp_binding binding;
	struct vfp_lease lease;
	int rc;

	if (!plug->domain->live)
		return vfp_fail(err, ENOENT, "domain %s does not run", plug->domain->name);
	rc = vfp_domain_read(plug->domain->live, strlen(plug->domain->live), &dom, err);
	if (rc == 0)
		rc = check_live(dom, &want->mac, err);
	if (rc == 0)
		rc = make_port(plug, want, vfp_domain_numa_nodes(dom), &binding, err);
	if (rc < 0)
		return vfp_fail_in(err, rc, "%s", plug->domain->name);
	disks = vfp_domain_disks(dom);
	rc = take_lease(plug, dom, &binding, &lease, err);
	if (rc == 0) {
		/* It may have had no VF until now. */
		rc = vfp_mark_put(vfp_pool_host(plug->pool), plug->domain->uuid, disks, err);
		if (rc == 0)
			rc = plug_in(plug, &binding, &lease, err);
		if (rc < 0)
			vfp_setup_take_back(plug->pool, &lease, "the attach failed", NULL);
	}
	if (rc < 0) {
		if (find_nic(plug->domain->definition, &want->mac, NULL, NULL) < 0)
			drop_port(plug, &want->mac, NULL);
		return rc;
	}
	*ret_vf = binding.vf;
	return 0;
}

int vfp_attach_config(const struct vfp_hotplug *plug, const struct vfp_want *want,
		      struct vfp_err *err)
{
	vfp_autofree char *device = NULL, *group = NULL;
	const char *uuid = plug->domain->uuid;
	char mac[VFP_MAC_SIZE];
	int rc;

	if (find_nic(plug->domain->definition, &want->mac, NULL, NULL) == 0)
		return vfp_fail(err, EEXIST,
				"the definition of %s has an interface with MAC %s already",
				plug->domain->name, vfp_mac_format(&want->mac, mac));
	/* Names of pools and port groups need no escaping (vfp_name_check()). */
	if (*want->portgroup)
		group = vfp_format(" portgroup='%s'", want->portgroup);
	device = vfp_format("<interface type='network'><mac address='%s'/>"
			    "<source network='%s'%s/></interface>",
			    vfp_mac_format(&want->mac, mac), want->pool, group ? group : "");
	rc = vfp_libvirt_attach(plug->libvirt, uuid, device, VFP_LIBVIRT_CONFIG, err);
	if (rc < 0)
		return rc;
	rc = vfp_rebind(plug->pool, plug->libvirt, uuid, NULL, err);
	if (rc < 0)
		vfp_libvirt_detach(plug->libvirt, uuid, device, VFP_LIBVIRT_CONFIG, NULL);
	return rc;
}

int vfp_detach_live(const struct vfp_hotplug *plug, const struct vfp_mac *mac, int timeout_ms,
		    struct vfp_err *err)
{
	const char *uuid = plug->domain->uuid;
	vfp_autofree struct vfp_lease *leases = NULL;
	const struct vfp_lease *lease = NULL;
	char text[VFP_MAC_SIZE];
	struct place place;
	size_t n;
	int rc;

	if (!plug->domain->live)
		return vfp_fail(err, ENOENT, "domain %s does not run", plug->domain->name);
	rc = vfp_pool_leases(plug->pool, uuid, &leases, &n, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		if (vfp_mac_equal(&leases[i].mac, mac))
			lease = &leases[i];
	if (!lease)
		return vfp_fail(err, ENOENT, "domain %s holds no VF with MAC %s",
				plug->domain->name, vfp_mac_format(mac, text));
	rc = find_nic(plug->domain->live, mac, &place, err);
	if (rc == 0) {
		rc = vfp_libvirt_detach_wait(plug->libvirt, uuid, place.xml,
					     *place.alias ? place.alias : NULL, timeout_ms, err);
		free(place.xml);
	}
	/* What libvirt has not any more was detached by hand: the lease is what is left. */
	if (rc == 0 || rc == -ENOENT)
		rc = vfp_setup_take_back(plug->pool, lease, "detached", err);
	if (rc == 0 && find_nic(plug->domain->definition, mac, NULL, NULL) < 0)
		rc = drop_port(plug, mac, err);
	return rc;
}

int vfp_detach_config(const struct vfp_hotplug *plug, const struct vfp_mac *mac,
		      struct vfp_err *err)
{
	const char *uuid = plug->domain->uuid;
	struct place place;
	int rc = find_nic(plug->domain->definition, mac, &place, err);

	if (rc == 0) {
		rc = vfp_libvirt_detach(plug->libvirt, uuid, place.xml, VFP_LIBVIRT_CONFIG, err);
		free(place.xml);
	} else if (rc == -ENOENT && plug->domain->live) {
		/* One that was cut short may have left our metadata of it. */
		vfp_rebind(plug->pool, plug->libvirt, uuid, NULL, NULL);
	}
	return rc < 0 ? rc : vfp_rebind(plug->pool, plug->libvirt, uuid, NULL, err);
}

/* --- In ------------------------------------------------------------------------------------- */

/* A VF pins all memory of the guest: a domain that was started without that in mind would exceed
 * its limits, or move pages away under the device. */
static int check_live(const struct vfp_domain *dom, const struct vfp_mac *mac, struct vfp_err *err)
{
	const struct vfp_domain_memory *memory = vfp_domain_memory(dom);
	const struct vfp_nic *nics;
	size_t n = vfp_domain_nics(dom, &nics);
	char text[VFP_MAC_SIZE];

	if (!memory->is_locked)
		return vfp_fail(
			err, EPERM,
			"it runs without <memoryBacking><locked/>, so it cannot get a VF now: attach with "
			"--config and start it anew");
	for (size_t i = 0; i < n; i++)
		if (vfp_mac_equal(&nics[i].want.mac, mac))
			return vfp_fail(err, EEXIST, "it has an interface with MAC %s already",
					vfp_mac_format(mac, text));
	return 0;
}

/* The domain's ports as they are, without the one of @mac, as wants. */
static int wants_of(const struct vfp_hotplug *plug, const struct vfp_mac *mac,
		    struct vfp_want **ret, size_t *ret_n, struct vfp_err *err)
{
	vfp_autofree struct vfp_port *ports = NULL;
	struct vfp_want *wants;
	size_t n_ports, n = 0;
	int rc = vfp_pool_ports(plug->pool, plug->domain->uuid, &ports, &n_ports, err);

	if (rc < 0)
		return rc;
	wants = vfp_alloc(n_ports + 1, sizeof(*wants));
	for (size_t i = 0; i < n_ports; i++) {
		if (vfp_mac_equal(&ports[i].mac, mac))
			continue;
		wants[n].mac = ports[i].mac;
		vfp_copy(wants[n].pool, sizeof(wants[n].pool), ports[i].pool);
		vfp_copy(wants[n].portgroup, sizeof(wants[n].portgroup), ports[i].portgroup);
		n++;
	}
	*ret = wants;
	*ret_n = n;
	return 0;
}

static int bind_ports(const struct vfp_hotplug *plug, const struct vfp_want *wants, size_t n,
		      const char *numa_nodes, struct vfp_binding *ret_last, struct vfp_err *err)
{
	vfp_autofree struct vfp_binding *bindings = vfp_alloc(n + 1, sizeof(*bindings));
	const struct vfp_owner owner = owner_of(plug);
	int rc = vfp_pool_bind(plug->pool, &owner, wants, n, numa_nodes, bindings, err);

	if (rc == 0 && ret_last)
		*ret_last = bindings[n - 1];
	return rc;
}

static int make_port(const struct vfp_hotplug *plug, const struct vfp_want *want,
		     const char *numa_nodes, struct vfp_binding *ret, struct vfp_err *err)
{
	vfp_autofree struct vfp_want *wants = NULL;
	size_t n;
	int rc = wants_of(plug, &want->mac, &wants, &n, err);

	if (rc < 0)
		return rc;
	wants[n] = *want;
	return bind_ports(plug, wants, n + 1, numa_nodes, ret, err);
}

static int drop_port(const struct vfp_hotplug *plug, const struct vfp_mac *mac, struct vfp_err *err)
{
	vfp_autofree struct vfp_want *wants = NULL;
	size_t n;
	int rc = wants_of(plug, mac, &wants, &n, err);

	return rc < 0 ? rc : bind_ports(plug, wants, n, "", NULL, err);
}

/* As preparing, and ours: it is not stale while this process lives.  Its memory counts from now on;
 * its huge pages it has taken out of their pool when it started. */
static int take_lease(const struct vfp_hotplug *plug, const struct vfp_domain *dom,
		      const struct vfp_binding *binding, struct vfp_lease *ret_lease,
		      struct vfp_err *err)
{
	const struct vfp_host *host = vfp_pool_host(plug->pool);
	const struct vfp_owner owner = owner_of(plug);
	struct vfp_footprint footprint = {
		.guest_kib = vfp_domain_memory(dom)->footprint.guest_kib,
		.qemu_kib = vfp_domain_memory(dom)->footprint.qemu_kib,
	};
	const struct vfp_ask ask = {.mac = binding->mac,
				    .vf = binding->vf,
				    .vlan = binding->vlan,
				    .footprint = &footprint};
	struct vfp_process self;
	int rc = vfp_proc_get(host, getpid(), &self, err);

	if (rc == 0)
		rc = vfp_footprint_settle(host, &footprint, err);
	if (rc < 0)
		return rc;
	/* Its error is that somebody alive holds the VF: vfp_pool_lease() says it better. */
	vfp_setup_reclaim(plug->pool, &binding->vf, NULL);
	return vfp_pool_lease(plug->pool, &owner, &self, &ask, 1, ret_lease, err);
}

static int plug_in(const struct vfp_hotplug *plug, const struct vfp_binding *binding,
		   const struct vfp_lease *lease, struct vfp_err *err)
{
	const struct vfp_libvirt_domain *domain = plug->domain;
	vfp_autofree char *device = NULL;
	struct vfp_process qemu;
	int rc = vfp_proc_find_qemu(vfp_pool_host(plug->pool), domain->uuid, domain->name, &qemu,
				    err);

	if (rc == 0)
		rc = device_xml(binding, &device, err);
	if (rc == 0)
		rc = vfp_setup_park(plug->pool, lease, err);
	if (rc == 0)
		rc = vfp_setup_apply(plug->pool, lease, err);
	if (rc == 0)
		rc = vfp_libvirt_attach(plug->libvirt, domain->uuid, device, VFP_LIBVIRT_LIVE, err);
	if (rc < 0)
		return rc;
	/* libvirt has written MAC and VLAN itself by now. */
	rc = vfp_setup_verify(plug->pool, lease, err);
	if (rc == 0)
		rc = vfp_pool_activate(plug->pool, domain->uuid, &qemu, err);
	if (rc < 0)
		vfp_libvirt_detach(plug->libvirt, domain->uuid, device, VFP_LIBVIRT_LIVE, NULL);
	return rc;
}

/* The interface as a rewrite writes it, out of a domain that has nothing else. */
static int device_xml(const struct vfp_binding *binding, char **ret_xml, struct vfp_err *err)
{
	static const size_t first = 0;
	vfp_auto(domain) dom = NULL, bound = NULL;
	vfp_autofree char *text = NULL, *rewritten = NULL;
	char mac[VFP_MAC_SIZE], uuid[VFP_UUID_SIZE];
	int rc;

	vfp_uuid_make(uuid);
	text = vfp_format("<domain type='kvm'><name>device</name><memory>1</memory><devices>"
			  "<interface type='network'><mac address='%s'/><source network='%s'/>"
			  "</interface></devices></domain>",
			  vfp_mac_format(&binding->mac, mac), binding->pool);
	rc = vfp_domain_read(text, strlen(text), &dom, err);
	if (rc == 0)
		rc = vfp_domain_rewrite(dom, uuid, binding, &first, 1, &rewritten, err);
	if (rc == 0)
		rc = vfp_domain_read(rewritten, strlen(rewritten), &bound, err);
	if (rc == 0)
		*ret_xml = vfp_domain_nic_xml(bound, first);
	return rc;
}

/* --- Both ----------------------------------------------------------------------------------- */

/* The NIC with that MAC in a domain's document, NULL: there is none.  @ret NULL: only whether it is
 * there. */
static int find_nic(const char *text, const struct vfp_mac *mac, struct place *ret,
		    struct vfp_err *err)
{
	vfp_auto(domain) dom = NULL;
	const uint8_t *byte = mac->byte;
	const struct vfp_nic *nics;
	char words[VFP_MAC_SIZE];
	size_t n = 0;
	int rc = text ? vfp_domain_read(text, strlen(text), &dom, err) : 0;

	if (rc < 0)
		return rc;
	if (text)
		n = vfp_domain_nics(dom, &nics);
	for (size_t i = 0; i < n; i++) {
		if (!vfp_mac_equal(&nics[i].want.mac, mac))
			continue;
		if (!ret)
			return 0;
		*ret = (struct place){.xml = vfp_domain_nic_xml(dom, i)};
		if (nics[i].kind == VFP_NIC_BOUND)
			snprintf(ret->alias, sizeof(ret->alias),
				 VFP_ALIAS_PREFIX "%02x%02x%02x%02x%02x%02x", byte[0], byte[1],
				 byte[2], byte[3], byte[4], byte[5]);
		return 0;
	}
	return vfp_fail(err, ENOENT, "the domain has no interface with MAC %s",
			vfp_mac_format(mac, words));
}

static struct vfp_owner owner_of(const struct vfp_hotplug *plug)
{
	struct vfp_owner owner = {.uuid = ""};

	vfp_copy(owner.uuid, sizeof(owner.uuid), plug->domain->uuid);
	vfp_copy(owner.name, sizeof(owner.name), plug->domain->name);
	return owner;
}
