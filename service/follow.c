/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Definitions and running domains follow their port group. */

#include "service/follow.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "pool/setup.h"
#include "service/rebind.h"

VFP_DEFINE_AUTO(libvirt, struct vfp_libvirt *, vfp_libvirt_close)
VFP_DEFINE_AUTO(pooldef, struct vfp_pooldef *, vfp_pooldef_free)

/* Where the words go. */
struct listener {
	vfp_follow_say *say;
	void *opaque;
};

static void tell(const struct listener *listener, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static const struct vfp_portgroup *find_group(const struct vfp_pooldef *def, const char *name);
static int change_one(struct vfp_pool *pool, const struct vfp_lease *lease,
		      const struct vfp_portgroup *group, bool live,
		      const struct listener *listener);
static char *differences(const struct vfp_lease *lease, const struct vfp_portgroup *group);

static bool is_on(const char *pool, const char *group, const char *name, const char *portgroup)
{
	return !strcmp(pool, name) && (!portgroup || !strcmp(group, portgroup));
}

int vfp_follow_definitions(struct vfp_pool *pool, const char *uri, const char *name,
			   const char *portgroup, vfp_follow_say *say, void *opaque,
			   struct vfp_err *err)
{
	const struct listener listener = {say, opaque};
	vfp_autofree struct vfp_port *ports = NULL;
	vfp_auto(libvirt) libvirt = NULL;
	const char *done = "";
	size_t n;
	int rc = vfp_pool_ports(pool, NULL, &ports, &n, err);

	if (rc < 0)
		return rc;
	/* They are ordered by domain. */
	for (size_t i = 0; i < n; i++) {
		const struct vfp_owner *owner = &ports[i].owner;
		struct vfp_err wrong = {0};

		if (!strcmp(done, owner->uuid) ||
		    !is_on(ports[i].pool, ports[i].portgroup, name, portgroup))
			continue;
		if (!libvirt)
			rc = vfp_libvirt_open(uri, &libvirt, err);
		if (rc < 0)
			return rc;
		done = owner->uuid;
		/* One that is none of libvirt's, yet, has no definition to follow. */
		rc = vfp_rebind(pool, libvirt, owner->uuid, NULL, &wrong);
		if (rc < 0 && rc != -ENOENT)
			tell(&listener, "%s: its definition: %s", owner->name, wrong.msg);
	}
	return 0;
}

int vfp_follow_running(struct vfp_pool *pool, const char *name, const char *portgroup, bool live,
		       vfp_follow_say *say, void *opaque, struct vfp_err *err)
{
	const struct listener listener = {say, opaque};
	vfp_autofree struct vfp_lease *leases = NULL;
	struct vfp_pooldef read = {0};
	vfp_auto(pooldef) def = &read;
	size_t n, n_left = 0;
	int rc = vfp_pool_get(pool, name, def, err);

	if (rc == 0)
		rc = vfp_pool_leases(pool, NULL, &leases, &n, err);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct vfp_portgroup *group = find_group(def, leases[i].portgroup);

		if (group && is_on(leases[i].pool, leases[i].portgroup, name, portgroup))
			n_left += change_one(pool, &leases[i], group, live, &listener) < 0;
	}
	if (rc == 0 && n_left && live)
		return vfp_fail(err, EIO, "%zu of the above have not got it all", n_left);
	return rc;
}

/* A negative number: something is left to do. */
static int change_one(struct vfp_pool *pool, const struct vfp_lease *lease,
		      const struct vfp_portgroup *group, bool live, const struct listener *listener)
{
	vfp_autofree char *words = differences(lease, group);
	struct vfp_change change;
	struct vfp_err err = {0};
	char vf[VFP_VF_SIZE];
	int rc;

	vfp_vf_format(&lease->vf, vf);
	if (!*words)
		return 0;
	if (!live) {
		tell(listener, "%s runs on %s with %s until it stops", lease->owner.name, vf,
		     words);
		return -EAGAIN;
	}
	rc = vfp_setup_change(pool, lease, group, &change, &err);
	if (rc < 0) {
		tell(listener, "%s: on %s nothing is changed: %s", lease->owner.name, vf, err.msg);
		return rc;
	}
	if (*change.done)
		tell(listener, "%s: on %s %s", lease->owner.name, vf, change.done);
	if (*change.refused)
		tell(listener, "%s: on %s not while it runs: %s", lease->owner.name, vf,
		     change.refused);
	return *change.refused ? -EOPNOTSUPP : 0;
}

/* What the lease has and its port group has not: "VLAN 100, trust off". */
static char *differences(const struct vfp_lease *lease, const struct vfp_portgroup *group)
{
	char *words = vfp_strdup(""), text[64];

	for (enum vfp_attr attr = 0; attr < VFP_N_ATTRS; attr++) {
		vfp_autofree char *before = words;

		if (attr == VFP_ATTR_MAC || vfp_attr_equal(attr, &lease->attrs, &group->attrs)) {
			before = NULL;
			continue;
		}
		words = vfp_format("%s%s%s", before, *before ? ", " : "",
				   vfp_attr_format(attr, &lease->attrs, text, sizeof(text)));
	}
	return words;
}

static const struct vfp_portgroup *find_group(const struct vfp_pooldef *def, const char *name)
{
	for (size_t i = 0; i < def->n_portgroups; i++)
		if (!strcmp(def->portgroups[i].name, name))
			return &def->portgroups[i];
	return NULL;
}

static void tell(const struct listener *listener, const char *fmt, ...)
{
	char line[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	listener->say(listener->opaque, line);
}
