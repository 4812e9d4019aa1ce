/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the tests of pool/ share.
 */
#include "tests/pool-fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/sysfs.h"

const struct vfp_process fixture_daemon = {.pid = 700, .start = 1700};

int pool_fixture_setup(void **state, const char *driver)
{
	struct pool_fixture *fixture = vfp_alloc(1, sizeof(*fixture));
	struct fake_pf pfs[FAKE_N_PFS];

	setenv("TZ", "UTC", 1);
	tzset();
	fake_clock_set(FIXTURE_NOW);
	for (size_t i = 0; i < FAKE_N_PFS; i++) {
		pfs[i] = fake_pfs[i];
		pfs[i].num_vfs = FIXTURE_N_VFS;
		if (driver)
			pfs[i].driver = driver;
	}
	fake_root_make(&fixture->host, pfs, FAKE_N_PFS);
	fake_process_add(&fixture->host, &(struct fake_process){.pid = 700, .comm = "libvirtd"});
	assert_done(fixture,
		    vfp_pool_open(&fixture->host, VFP_POOL_CREATE, &fixture->pool, &fixture->err));
	*state = fixture;
	return 0;
}

int pool_fixture_teardown(void **state)
{
	struct pool_fixture *fixture = *state;

	vfp_pool_close(fixture->pool);
	fake_root_remove(&fixture->host);
	free(fixture);
	return 0;
}

void fixture_reopen(struct pool_fixture *fixture, enum vfp_pool_mode mode)
{
	vfp_pool_close(fixture->pool);
	fixture->pool = NULL;
	assert_done(fixture, vfp_pool_open(&fixture->host, mode, &fixture->pool, &fixture->err));
}

void fixture_reboot(struct pool_fixture *fixture)
{
	static unsigned int boots;

	fake_process_remove(&fixture->host, fixture_daemon.pid);
	fake_write(&fixture->host, "/proc/sys/kernel/random/boot_id",
		   fake_path("22222222-2222-4333-8444-%012u\n", ++boots));
	fixture_reopen(fixture, VFP_POOL_WRITE);
}

struct vfp_pooldef fixture_def(const char *name, const char *vfs)
{
	struct vfp_pooldef def = {.park = true, .n_pfs = 2, .n_portgroups = 3};
	struct vfp_portgroup *groups = vfp_alloc(def.n_portgroups, sizeof(*groups));

	vfp_copy(def.name, sizeof(def.name), name);
	for (size_t i = 0; i < def.n_pfs; i++) {
		vfp_copy(def.pfs[i].dev, sizeof(def.pfs[i].dev), fake_pfs[i].dev);
		vfp_copy(def.pfs[i].vfs, sizeof(def.pfs[i].vfs), vfs);
	}
	groups[0] = vfp_portgroup_plain;
	vfp_copy(groups[0].name, sizeof(groups[0].name), "plain");
	groups[1] = (struct vfp_portgroup){
		.name = "blue", .vlan_mode = VFP_VLAN_ID, .attrs = VFP_ATTRS_SCRUBBED};
	groups[1].attrs.vlan = 100;
	groups[1].attrs.qos = 2;
	groups[1].attrs.trust = true;
	groups[1].attrs.max_rate_mbps = 1000;
	groups[2] = (struct vfp_portgroup){
		.name = "trunk", .vlan_mode = VFP_VLAN_TRUNK, .attrs = VFP_ATTRS_SCRUBBED};
	def.portgroups = groups;
	return def;
}

void fixture_define(struct pool_fixture *fixture, const char *vfs)
{
	struct vfp_pooldef def = fixture_def("sriov0", vfs);

	assert_done(fixture, vfp_pool_define(fixture->pool, &def, &fixture->err));
	vfp_pooldef_free(&def);
}

struct vfp_owner fixture_owner(unsigned int n)
{
	struct vfp_owner owner;

	snprintf(owner.name, sizeof(owner.name), "web%u", n);
	snprintf(owner.uuid, sizeof(owner.uuid), "00000000-0000-4000-8000-%012u", n);
	return owner;
}

struct vfp_mac fixture_mac(unsigned int n)
{
	return (struct vfp_mac){{0x52, 0x54, 0, 0, 0, (uint8_t)n}};
}

struct vfp_vf fixture_vf(const char *dev, unsigned int index)
{
	struct vfp_vf vf = {.index = index};

	/* VF n is at offset 128 + 2 n from its PF, which is function 0 of device 0. */
	vf.pci = (struct vfp_pci){.bus = strcmp(dev, "ens1f0") ? 2 : 1,
				  .device = (uint8_t)(0x10 + index * 2 / 8),
				  .function = (uint8_t)(index * 2 % 8)};
	vfp_copy(vf.pf, sizeof(vf.pf), dev);
	return vf;
}

struct vfp_want fixture_want(unsigned int mac, const char *portgroup)
{
	struct vfp_want want = {.pool = "sriov0"};

	if (mac)
		want.mac = fixture_mac(mac);
	vfp_copy(want.portgroup, sizeof(want.portgroup), portgroup);
	return want;
}

struct vfp_binding fixture_bind(struct pool_fixture *fixture, unsigned int n, const char *portgroup)
{
	const struct vfp_owner owner = fixture_owner(n);
	const struct vfp_want want = fixture_want(n, portgroup);
	struct vfp_binding binding;

	assert_done(fixture,
		    vfp_pool_bind(fixture->pool, &owner, &want, 1, "", &binding, &fixture->err));
	return binding;
}

struct vfp_ask fixture_ask(const struct vfp_binding *binding)
{
	return (struct vfp_ask){.mac = binding->mac, .vf = binding->vf, .vlan = binding->vlan};
}

struct vfp_lease fixture_lease(struct pool_fixture *fixture, unsigned int n, const char *portgroup)
{
	const struct vfp_owner owner = fixture_owner(n);
	const struct vfp_binding binding = fixture_bind(fixture, n, portgroup);
	const struct vfp_ask ask = fixture_ask(&binding);
	struct vfp_lease lease;

	assert_done(fixture, vfp_pool_lease(fixture->pool, &owner, &fixture_daemon, &ask, 1, &lease,
					    &fixture->err));
	return lease;
}

size_t fixture_events(struct pool_fixture *fixture, const char *event)
{
	vfp_autofree struct vfp_event *events = NULL;
	const struct vfp_journal_filter all = {0};
	size_t n, n_found = 0;

	assert_done(fixture, vfp_pool_journal(fixture->pool, &all, &events, &n, &fixture->err));
	for (size_t i = 0; i < n; i++)
		n_found += !strcmp(events[i].event, event);
	return n_found;
}
