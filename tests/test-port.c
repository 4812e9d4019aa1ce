/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pool/port.c: ports and bindings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sysfs.h"
#include "pool/card.h"
#include "tests/fake-sysfs.h"
#include "tests/pool-fixture.h"

static int setup(void **state)
{
	int rc = pool_fixture_setup(state, NULL);

	fixture_define(*state, "");
	return rc;
}

static int bind_wants(struct pool_fixture *fixture, unsigned int n, const struct vfp_want *wants,
		      size_t n_wants, struct vfp_binding *ret_bindings)
{
	const struct vfp_owner owner = fixture_owner(n);

	return vfp_pool_bind(fixture->pool, &owner, wants, n_wants, "", ret_bindings,
			     &fixture->err);
}

static size_t n_ports(struct pool_fixture *fixture, const char *uuid)
{
	vfp_autofree struct vfp_port *ports = NULL;
	size_t n;

	assert_done(fixture, vfp_pool_ports(fixture->pool, uuid, &ports, &n, &fixture->err));
	return n;
}

static void assert_vf(const struct vfp_vf *vf, const char *dev, unsigned int index)
{
	const struct vfp_vf expected = fixture_vf(dev, index);

	assert_string_equal(vf->pf, dev);
	assert_int_equal(vf->index, index);
	assert_int_equal(vfp_pci_compare(&vf->pci, &expected.pci), 0);
}

static void test_binding(void **state)
{
	static const struct {
		const char *asked, *portgroup;
		uint16_t vlan;
	} cases[] = {{"", "plain", 0}, {"blue", "blue", 100}, {"trunk", "trunk", 0}};
	struct pool_fixture *fixture = *state;

	for (unsigned int i = 0; i < VFP_N(cases); i++) {
		struct vfp_binding binding = fixture_bind(fixture, i + 1, cases[i].asked);
		const struct vfp_mac mac = fixture_mac(i + 1);

		assert_true(vfp_mac_equal(&binding.mac, &mac));
		assert_string_equal(binding.pool, "sriov0");
		assert_string_equal(binding.portgroup, cases[i].portgroup);
		assert_int_equal(binding.vlan, cases[i].vlan);
		assert_false(binding.managed);
		/* Spread: one PF, the other, the first again. */
		assert_vf(&binding.vf, i % 2 ? "ens1f1" : "ens1f0", i / 2);
	}
	assert_int_equal(fixture_events(fixture, "bind"), 3);
}

static void test_repeat_changes_nothing(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_binding first = fixture_bind(fixture, 1, "blue"), again;

	fixture_bind(fixture, 2, "blue");
	fake_kernel_forget_calls(&fixture->host);
	again = fixture_bind(fixture, 1, "blue");
	assert_memory_equal(&first, &again, sizeof(first));
	assert_int_equal(fixture_events(fixture, "bind"), 2);
	assert_int_equal(fake_kernel_calls(&fixture->host, "vf_read"), 0);
}

static void test_made_mac(void **state)
{
	const struct vfp_want wants[] = {fixture_want(0, ""), fixture_want(0, "blue")};
	struct pool_fixture *fixture = *state;
	struct vfp_binding first[2], again[2], other[2];

	assert_done(fixture, bind_wants(fixture, 1, wants, 2, first));
	assert_done(fixture, bind_wants(fixture, 1, wants, 2, again));
	assert_done(fixture, bind_wants(fixture, 2, wants, 2, other));
	assert_memory_equal(first, again, sizeof(first));
	for (size_t i = 0; i < 2; i++) {
		assert_memory_equal(first[i].mac.byte, "\x52\x54\x00", 3);
		assert_false(vfp_mac_equal(&first[i].mac, &other[i].mac));
	}
	assert_false(vfp_mac_equal(&first[0].mac, &first[1].mac));
	assert_int_equal(n_ports(fixture, NULL), 4);
	fake_write(&fixture->host, "/etc/vfpool/vfpool.conf", "mac_oui = 02:aa:bb\n");
	assert_done(fixture, bind_wants(fixture, 3, wants, 2, other));
	assert_memory_equal(other[0].mac.byte, "\x02\xaa\xbb", 3);
	fake_write(&fixture->host, "/etc/vfpool/vfpool.conf", "mac_oui = 01:aa:bb\n");
	assert_refused(fixture, bind_wants(fixture, 4, wants, 2, other), EINVAL,
		       "vfpool.conf:1: mac_oui: '01:aa:bb' is not the first half of a NIC's MAC");
}

/* A made MAC steps aside for one that is taken: by another domain's port, and by a NIC of the same
 * domain. */
static void test_made_mac_collides(void **state)
{
	struct vfp_want wants[] = {fixture_want(0, ""), fixture_want(0, "")};
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web1 = fixture_owner(1);
	struct vfp_binding first, other, both[2];
	struct vfp_mac next;

	assert_done(fixture, bind_wants(fixture, 1, wants, 1, &first));
	assert_done(fixture, vfp_pool_unbind(fixture->pool, web1.uuid, &fixture->err));
	wants[1].mac = first.mac;
	assert_done(fixture, bind_wants(fixture, 2, &wants[1], 1, &other));
	assert_done(fixture, bind_wants(fixture, 1, wants, 1, &both[0]));
	next = first.mac;
	next.byte[5]++;
	assert_true(vfp_mac_equal(&both[0].mac, &next));

	assert_done(fixture, vfp_pool_unbind(fixture->pool, web1.uuid, &fixture->err));
	assert_done(fixture, vfp_pool_unbind(fixture->pool, fixture_owner(2).uuid, &fixture->err));
	assert_done(fixture, bind_wants(fixture, 1, wants, 2, both));
	assert_true(vfp_mac_equal(&both[0].mac, &next));
	assert_true(vfp_mac_equal(&both[1].mac, &first.mac));
}

/* Nor does it meet one that a VF carries, be it of another PF or of no pool; the place decides, and
 * a NIC that gets a MAC of its own moves no other. */
static void test_made_mac_is_nobodys(void **state)
{
	struct vfp_want wants[] = {fixture_want(0, ""), fixture_want(0, "")};
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web1 = fixture_owner(1);
	struct vfp_attrs carries = vfp_attrs_scrubbed;
	struct vfp_binding first[2], again[2];
	struct vfp_mac made, next;

	assert_done(fixture, vfp_pool_make_mac(fixture->pool, web1.uuid, 0, &made, &fixture->err));
	assert_done(fixture, bind_wants(fixture, 1, wants, 2, first));
	assert_true(vfp_mac_equal(&first[0].mac, &made));
	wants[0] = fixture_want(7, "");
	assert_done(fixture, bind_wants(fixture, 1, wants, 2, again));
	assert_true(vfp_mac_equal(&first[1].mac, &again[1].mac));
	assert_done(fixture, vfp_pool_unbind(fixture->pool, web1.uuid, &fixture->err));

	carries.mac = made;
	fake_kernel_set(&fixture->host, "ens1f1", 3, &carries);
	next = made;
	next.byte[5]++;
	wants[0] = fixture_want(0, "");
	assert_done(fixture, bind_wants(fixture, 1, wants, 1, first));
	assert_true(vfp_mac_equal(&first[0].mac, &next));
	/* The next one that a command asks for is of another place. */
	assert_done(fixture, vfp_pool_make_mac(fixture->pool, web1.uuid, 0, &made, &fixture->err));
	assert_false(vfp_mac_equal(&first[0].mac, &made));
}

static void test_refused(void **state)
{
	const struct {
		struct vfp_want wants[2];
		size_t n;
		int code;
		const char *words;
	} cases[] = {
		{{{.pool = "sriov9"}}, 1, ENOENT, "pool sriov9"},
		{{fixture_want(5, "red")}, 1, ENOENT, "pool sriov0: has no port group red"},
		{{{.pool = "sriov0", .mac = {{0x53}}}}, 1, EINVAL, "multicast"},
		{{fixture_want(1, "")},
		 1,
		 EEXIST,
		 "MAC 52:54:00:00:00:01: is on a port of domain web1"},
		{{fixture_want(5, ""), fixture_want(5, "")}, 2, EEXIST, "two NICs of domain web9"},
		{{{.pool = "sriov0", .mac = {{0x00, 0x1b, 0x21, 0, 0, 0x11}}}},
		 1,
		 EEXIST,
		 "network device ens1f1 of the host has it"},
		{{fixture_want(6, "")}, 1, EEXIST, "network device ens1f0v3 of the host has it"},
		{{fixture_want(7, "")}, 1, EEXIST, "MAC 52:54:00:00:00:07: VF ens1f1#3 carries it"},
		{{fixture_want(5, ""), {.pool = "sriov9"}}, 2, ENOENT, "pool sriov9"},
	};
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web9 = fixture_owner(9);
	struct vfp_attrs attrs = vfp_attrs_scrubbed;
	size_t n_events;

	fixture_bind(fixture, 1, "");
	fake_write(&fixture->host, "/sys/class/net/ens1f0v3/address", "52:54:00:00:00:06\n");
	attrs.mac = fixture_mac(7);
	fake_kernel_set(&fixture->host, "ens1f1", 3, &attrs);
	n_events = fixture_events(fixture, "bind");
	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_binding bindings[2] = {{.vlan = 77}};

		assert_refused(fixture,
			       bind_wants(fixture, 9, cases[i].wants, cases[i].n, bindings),
			       cases[i].code, cases[i].words);
		assert_int_equal(bindings[0].vlan, 77);
		assert_int_equal(n_ports(fixture, web9.uuid), 0);
	}
	assert_int_equal(fixture_events(fixture, "bind"), n_events);
}

static void test_kernel_is_asked_once_per_pf(void **state)
{
	const struct vfp_want wants[] = {fixture_want(1, ""), fixture_want(2, ""),
					 fixture_want(3, "")};
	struct pool_fixture *fixture = *state;
	struct vfp_pooldef def = fixture_def("sriov0", "");
	struct vfp_binding bindings[3];

	def.n_pfs = 1;
	assert_done(fixture, vfp_pool_define(fixture->pool, &def, &fixture->err));
	vfp_pooldef_free(&def);
	fake_kernel_forget_calls(&fixture->host);
	assert_done(fixture, bind_wants(fixture, 1, wants, 3, bindings));
	assert_int_equal(fake_kernel_calls(&fixture->host, "vf_read ens1f0"), 1);
	assert_int_equal(fake_kernel_calls(&fixture->host, "vfio_busy"), 3);
	assert_int_equal(fake_kernel_calls(&fixture->host, ""), 1 + 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_vf(&bindings[i].vf, "ens1f0", i);
}

/* More definitions than VFs: they share, but two NICs of a domain do not. */
static void test_sharing(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_want wants[2 * FIXTURE_N_VFS + 1];
	struct vfp_binding bindings[2 * FIXTURE_N_VFS + 1];
	struct vfp_vf vf;

	for (unsigned int i = 1; i <= 2 * FIXTURE_N_VFS; i++)
		fixture_bind(fixture, i, "");
	vf = fixture_bind(fixture, 100, "").vf;
	assert_vf(&vf, "ens1f0", 0);
	vf = fixture_bind(fixture, 101, "").vf;
	assert_vf(&vf, "ens1f1", 0);
	for (unsigned int i = 0; i < VFP_N(wants); i++)
		wants[i] = fixture_want(200 + i, "");
	assert_done(fixture, bind_wants(fixture, 50, wants, 2 * FIXTURE_N_VFS, bindings));
	assert_refused(fixture, bind_wants(fixture, 51, &wants[0], 1, bindings), EEXIST, "web50");
	wants[0] = fixture_want(0, "");
	assert_refused(
		fixture, bind_wants(fixture, 50, wants, VFP_N(wants), bindings), ENOSPC,
		"no usable VF in pool sriov0 for NIC 9 of web50; 8 VFs: 8 taken by this domain");
}

static void test_no_usable_vf(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_pooldef def = fixture_def("sriov0", "0-1");
	const struct vfp_vf first = fixture_vf("ens1f0", 0), second = fixture_vf("ens1f0", 1);
	const struct vfp_want want = fixture_want(1, "");
	struct vfp_binding binding;

	def.n_pfs = 1;
	assert_done(fixture, vfp_pool_define(fixture->pool, &def, &fixture->err));
	vfp_pooldef_free(&def);
	assert_done(fixture, vfp_pool_hold(fixture->pool, &first, "host", &fixture->err));
	assert_done(fixture, vfp_pool_fault(fixture->pool, &second, 0, "broken", &fixture->err));
	assert_refused(fixture, bind_wants(fixture, 1, &want, 1, &binding), ENOSPC,
		       "2 VFs: 1 held, 1 faulty; ens1f0#0 held, ens1f0#1 faulty");
	assert_int_equal(n_ports(fixture, NULL), 0);
}

/* A process outside the pool has opened the VF. */
static struct fake_process take_vf(struct pool_fixture *fixture, const char *dev,
				   unsigned int index, pid_t pid)
{
	struct fake_process process = {.pid = pid, .comm = "dpdk-testpmd"};
	struct vfp_vfinfo info;
	struct vfp_pf pf;

	assert_done(fixture, vfp_sysfs_pf(&fixture->host, dev, &pf, &fixture->err));
	assert_done(fixture, vfp_sysfs_vf(&fixture->host, &pf.pci, index, &info, &fixture->err));
	process.groups[0] = info.iommu_group;
	fake_process_add(&fixture->host, &process);
	return process;
}

/* Only the VF that is chosen is asked about, and another one taken where it is in use. */
static void test_in_use(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_want want = fixture_want(1, "");
	struct vfp_binding binding;
	struct vfp_vf vf;

	vf = fixture_bind(fixture, 1, "").vf;
	assert_vf(&vf, "ens1f0", 0);
	assert_int_equal(fake_kernel_calls(&fixture->host, "vfio_busy"), 1);
	take_vf(fixture, "ens1f0", 0, 90);
	take_vf(fixture, "ens1f0", 1, 91);
	vf = fixture_bind(fixture, 1, "").vf;
	assert_vf(&vf, "ens1f0", 2);
	take_vf(fixture, "ens1f0", 2, 92);
	/* When it cannot be found out so, all processes are looked at. */
	fake_kernel_fail(&fixture->host, "vfio_busy", 1, "EACCES", NULL);
	vf = fixture_bind(fixture, 1, "").vf;
	assert_vf(&vf, "ens1f0", 3);
	for (unsigned int i = 0; i < 2 * FIXTURE_N_VFS; i++)
		take_vf(fixture, i % 2 ? "ens1f1" : "ens1f0", i / 2, 100 + (pid_t)i);
	assert_refused(fixture, bind_wants(fixture, 1, &want, 1, &binding), ENOSPC,
		       "8 VFs: 8 in use");
}

/* The domain's own QEMU is no stranger, nor is that of another domain that has a lease. */
static void test_in_use_by_lessee(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = fixture_lease(fixture, 1, "");
	struct fake_process qemu = take_vf(fixture, lease.vf.pf, lease.vf.index, 4711);
	struct vfp_vf vf;

	qemu.domain = "web1";
	qemu.uuid = lease.owner.uuid;
	fake_process_add(&fixture->host, &qemu);
	take_vf(fixture, "ens1f1", 0, 90);
	vf = fixture_bind(fixture, 1, "").vf;
	assert_vf(&vf, lease.vf.pf, lease.vf.index);
	vf = fixture_bind(fixture, 2, "").vf;
	assert_vf(&vf, "ens1f1", 1);
}

/* A definition is moved when, and only when, its VF is of no use to it. */
/* Whether domain @n wants another VF; one that libvirt does not know never does. */
static bool is_misplaced(struct pool_fixture *fixture, unsigned int n)
{
	const struct vfp_owner owner = fixture_owner(n);
	vfp_autofree struct vfp_owner *owners = NULL;
	size_t n_owners;

	assert_done(fixture, vfp_pool_seen(fixture->pool, &owner, &fixture->err));
	assert_done(fixture, vfp_pool_misplaced(fixture->pool, &owners, &n_owners, &fixture->err));
	assert_true(n_owners <= 1);
	return n_owners && !strcmp(owners[0].uuid, owner.uuid);
}

static void test_moves(void **state)
{
	static const struct {
		const char *what;
		enum { NOTHING, DIRTY, HELD, FAULTY, LEASED, GONE, UNPLUGGED, OUT_OF_POOL } happens;
		bool moves;
	} cases[] = {
		{"nothing", NOTHING, false},
		{"dirty", DIRTY, false},
		{"held", HELD, true},
		{"faulty", FAULTY, true},
		{"leased by another", LEASED, true},
		{"gone", GONE, true},
		{"without link", UNPLUGGED, true},
		{"out of the pool", OUT_OF_POOL, true},
	};

	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct pool_fixture *fixture;
		struct vfp_binding before, after;
		struct vfp_lease lease;
		struct vfp_ask ask;
		void *own;

		setup(&own);
		fixture = own;
		before = fixture_bind(fixture, 1, "");
		assert_vf(&before.vf, "ens1f0", 0);
		switch (cases[i].happens) {
		case NOTHING:
			break;
		case DIRTY:
			fixture_lease(fixture, 1, "");
			fixture_reboot(fixture);
			break;
		case HELD:
			assert_done(fixture, vfp_pool_hold(fixture->pool, &before.vf, "host",
							   &fixture->err));
			break;
		case FAULTY:
			assert_done(fixture, vfp_pool_fault(fixture->pool, &before.vf, 0, "broken",
							    &fixture->err));
			break;
		case LEASED:
			ask = (struct vfp_ask){.mac = fixture_bind(fixture, 2, "").mac,
					       .vf = before.vf};
			{
				const struct vfp_owner web2 = fixture_owner(2);

				assert_done(fixture,
					    vfp_pool_lease(fixture->pool, &web2, &fixture_daemon,
							   &ask, 1, &lease, &fixture->err));
			}
			break;
		case GONE:
			fake_kernel_set_num_vfs(&fixture->host, "ens1f0", 0);
			break;
		case UNPLUGGED:
			fake_write(&fixture->host, "/sys/class/net/ens1f0/carrier", "0\n");
			break;
		case OUT_OF_POOL:
			fixture_define(fixture, "1-3");
			break;
		}
		if (is_misplaced(fixture, 1) != cases[i].moves)
			fail_msg("%s: is%s misplaced", cases[i].what, cases[i].moves ? " not" : "");
		after = fixture_bind(fixture, 1, "");
		if (is_misplaced(fixture, 1))
			fail_msg("%s: is still misplaced", cases[i].what);
		if ((vfp_pci_compare(&before.vf.pci, &after.vf.pci) != 0) != cases[i].moves)
			fail_msg("%s: %s", cases[i].what, cases[i].moves ? "stays" : "moves");
		pool_fixture_teardown(&own);
	}
}

/* Every definition points at a free VF as long as there is one. */
static void test_each_points_at_a_free_one(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_binding binding;

	for (unsigned int i = 1; i <= 2 * FIXTURE_N_VFS - 1; i++)
		fixture_lease(fixture, i, "");
	for (unsigned int i = 20; i < 23; i++) {
		binding = fixture_bind(fixture, i, "");
		assert_vf(&binding.vf, "ens1f1", 3);
	}
}

/* The VF that a port had last is chosen again, even when another definition points at it by now. */
static void test_sticky(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_binding binding;
	struct vfp_lease lease;

	fixture_bind(fixture, 1, "");
	fixture_bind(fixture, 2, "");
	lease = fixture_lease(fixture, 3, "");
	assert_vf(&lease.vf, "ens1f0", 1);
	assert_done(fixture, vfp_pool_free(fixture->pool, lease.generation, "test", &fixture->err));
	assert_done(fixture, vfp_pool_hold(fixture->pool, &lease.vf, "host", &fixture->err));
	binding = fixture_bind(fixture, 3, "");
	assert_vf(&binding.vf, "ens1f0", 2);
	assert_done(fixture, vfp_pool_unhold(fixture->pool, &lease.vf, &fixture->err));
	assert_done(fixture, vfp_pool_hold(fixture->pool, &binding.vf, "host", &fixture->err));
	fixture_bind(fixture, 4, "");
	binding = fixture_bind(fixture, 5, "");
	assert_vf(&binding.vf, "ens1f0", 1);
	binding = fixture_bind(fixture, 3, "");
	assert_vf(&binding.vf, "ens1f0", 1);
}

static void test_numa(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_owner owner = fixture_owner(1);
	const struct vfp_want want = fixture_want(1, "");
	struct vfp_binding binding;

	assert_done(fixture,
		    vfp_pool_bind(fixture->pool, &owner, &want, 1, "1", &binding, &fixture->err));
	assert_vf(&binding.vf, "ens1f1", 0);
}

static void test_definition_loses_a_nic(void **state)
{
	const struct vfp_want wants[] = {fixture_want(1, ""), fixture_want(2, "blue")};
	struct pool_fixture *fixture = *state;
	const struct vfp_owner owner = fixture_owner(1);
	struct vfp_binding bindings[2];
	struct vfp_lease lease;
	struct vfp_ask ask;

	assert_done(fixture, bind_wants(fixture, 1, wants, 2, bindings));
	assert_done(fixture, bind_wants(fixture, 1, wants, 1, bindings));
	assert_int_equal(n_ports(fixture, owner.uuid), 1);
	assert_int_equal(fixture_events(fixture, "unbind"), 1);
	/* Not while it runs with it. */
	assert_done(fixture, bind_wants(fixture, 1, wants, 2, bindings));
	ask = fixture_ask(&bindings[1]);
	assert_done(fixture, vfp_pool_lease(fixture->pool, &owner, &fixture_daemon, &ask, 1, &lease,
					    &fixture->err));
	assert_done(fixture, bind_wants(fixture, 1, wants, 1, bindings));
	assert_int_equal(n_ports(fixture, owner.uuid), 2);
	assert_refused(fixture, vfp_pool_unbind(fixture->pool, owner.uuid, &fixture->err), EBUSY,
		       "domain web1 runs");
	assert_done(fixture, vfp_pool_free(fixture->pool, lease.generation, "test", &fixture->err));
	assert_done(fixture, vfp_pool_unbind(fixture->pool, owner.uuid, &fixture->err));
	assert_int_equal(n_ports(fixture, owner.uuid), 0);
	assert_done(fixture, vfp_pool_unbind(fixture->pool, owner.uuid, &fixture->err));
}

/* What a running domain was started with stays its lease's, whatever its definition becomes. */
static void test_rebind_while_running(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease before = fixture_lease(fixture, 1, "blue");
	struct vfp_lease after;

	fixture_bind(fixture, 1, "trunk");
	assert_done(fixture, vfp_pool_lease_of(fixture->pool, &before.vf, &after, &fixture->err));
	assert_string_equal(after.portgroup, "blue");
	assert_int_equal(after.attrs.vlan, 100);
}

static void test_ports_and_seen(void **state)
{
	struct pool_fixture *fixture = *state;
	vfp_autofree struct vfp_port *ports = NULL;
	struct vfp_owner renamed = fixture_owner(2);
	size_t n;

	fixture_bind(fixture, 2, "blue");
	fixture_bind(fixture, 1, "");
	vfp_copy(renamed.name, sizeof(renamed.name), "db");
	assert_done(fixture, vfp_pool_seen(fixture->pool, &renamed, &fixture->err));
	assert_done(fixture, vfp_pool_seen(fixture->pool, &renamed, &fixture->err));
	assert_int_equal(fixture_events(fixture, "seen"), 1);
	assert_done(fixture, vfp_pool_ports(fixture->pool, NULL, &ports, &n, &fixture->err));
	assert_int_equal(n, 2);
	assert_string_equal(ports[0].owner.name, "db");
	assert_true(ports[0].is_seen);
	assert_string_equal(ports[0].portgroup, "blue");
	assert_string_equal(ports[0].pool, "sriov0");
	assert_vf(&ports[0].vf, "ens1f0", 0);
	assert_int_equal(ports[0].created_ms, FIXTURE_NOW);
	assert_string_equal(ports[1].owner.name, "web1");
	assert_false(ports[1].is_seen);
}

/* Ports that no domain came for go by age; those that are seen, leased or young stay. */
static void test_expire(void **state)
{
	const int64_t hour = 3600000;
	struct pool_fixture *fixture = *state;
	const struct vfp_owner seen = fixture_owner(2);
	unsigned int n;

	fixture_bind(fixture, 1, "");
	fixture_bind(fixture, 2, "");
	assert_done(fixture, vfp_pool_seen(fixture->pool, &seen, &fixture->err));
	fixture_lease(fixture, 3, "");
	fake_clock_set(FIXTURE_NOW + hour);
	fixture_bind(fixture, 4, "");
	assert_done(fixture, vfp_pool_expire(fixture->pool, hour, &n, &fixture->err));
	assert_int_equal(n, 0);
	fake_clock_set(FIXTURE_NOW + hour + 1);
	assert_done(fixture, vfp_pool_expire(fixture->pool, hour, &n, &fixture->err));
	assert_int_equal(n, 1);
	assert_int_equal(n_ports(fixture, fixture_owner(1).uuid), 0);
	assert_int_equal(n_ports(fixture, NULL), 3);
	assert_int_equal(fixture_events(fixture, "expired"), 1);
}

/* A pin moves the binding, holds it where the definition would have kept its VF, and ends. */
static void test_pin_set(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web1 = fixture_owner(1);
	const struct vfp_mac mac = fixture_mac(1), other = fixture_mac(9);
	const struct vfp_vf vf = fixture_vf("ens1f1", 2);
	struct vfp_vf strange = vf;
	struct vfp_binding binding = fixture_bind(fixture, 1, "");

	assert_vf(&binding.vf, "ens1f0", 0);
	assert_refused(fixture, vfp_pool_pin(fixture->pool, web1.uuid, &other, &vf, &fixture->err),
		       ENOENT, "no port has it");
	vfp_copy(strange.pf, sizeof(strange.pf), "eno1");
	assert_refused(fixture,
		       vfp_pool_pin(fixture->pool, web1.uuid, &mac, &strange, &fixture->err),
		       ENOENT, "VF eno1#2: is none of pool sriov0");
	assert_done(fixture, vfp_pool_pin(fixture->pool, web1.uuid, &mac, &vf, &fixture->err));
	binding = fixture_bind(fixture, 1, "");
	assert_vf(&binding.vf, "ens1f1", 2);
	assert_done(fixture, vfp_pool_hold(fixture->pool, &vf, "for tests", &fixture->err));
	assert_refused(
		fixture, bind_wants(fixture, 1, &(struct vfp_want){mac, "sriov0", ""}, 1, &binding),
		ENOSPC,
		"no usable VF in pool sriov0 for NIC 1 of web1: it is pinned to ens1f1#2 (held "
		"for the host: for tests); see: vfpool domain pin web1 --mac "
		"52:54:00:00:00:01 --vf auto");
	assert_done(fixture, vfp_pool_pin(fixture->pool, web1.uuid, &mac, NULL, &fixture->err));
	binding = fixture_bind(fixture, 1, "");
	assert_vf(&binding.vf, "ens1f0", 0);
	assert_int_equal(fixture_events(fixture, "pin") + fixture_events(fixture, "unpin"), 2);
}

/* Pins that could never be kept, or that are another domain's business. */
static void test_pin_refused(void **state)
{
	const struct vfp_want wants[] = {fixture_want(1, ""), fixture_want(2, "")};
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web1 = fixture_owner(1), web3 = fixture_owner(3);
	const struct vfp_mac one = fixture_mac(1), two = fixture_mac(2);
	struct vfp_vf vf = fixture_vf("ens1f1", 2), high = vf;
	struct vfp_pooldef def = fixture_def("sriov0", "0-1");
	struct vfp_binding bindings[2];

	assert_done(fixture, bind_wants(fixture, 1, wants, 2, bindings));
	fixture_bind(fixture, 3, "");
	assert_refused(fixture, vfp_pool_pin(fixture->pool, web3.uuid, &one, &vf, &fixture->err),
		       ENOENT,
		       "MAC 52:54:00:00:00:01: is on a port of domain web1, not of the one that");
	high.index = 60;
	assert_refused(fixture, vfp_pool_pin(fixture->pool, web1.uuid, &one, &high, &fixture->err),
		       ENOENT, "VF ens1f1#60: the PF can have 7 VFs, ens1f1#0 to ens1f1#6");
	assert_done(fixture, vfp_pool_pin(fixture->pool, web1.uuid, &one, &vf, &fixture->err));
	assert_refused(fixture, vfp_pool_pin(fixture->pool, web1.uuid, &two, &vf, &fixture->err),
		       EEXIST,
		       "VF ens1f1#2: NIC 52:54:00:00:00:01 of the same domain is pinned to it");
	/* Two domains may: they run in turns. */
	assert_done(fixture,
		    vfp_pool_pin(fixture->pool, web3.uuid,
				 &(struct vfp_mac){{0x52, 0x54, 0, 0, 0, 3}}, &vf, &fixture->err));
	assert_refused(fixture, vfp_pool_define(fixture->pool, &def, &fixture->err), EBUSY,
		       "pool sriov0: would lose VF ens1f1#2, which domain web1 is pinned to; see: "
		       "vfpool domain pin web1 --mac 52:54:00:00:00:01 --vf auto");
	vfp_pooldef_free(&def);
}

/* A pin stays over a reboot and over definitions of pool and domain, and goes with its card. */
static void test_pin_stays(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web1 = fixture_owner(1);
	const struct vfp_mac mac = fixture_mac(1);
	const struct vfp_vf vf = fixture_vf("ens1f1", 3);
	struct vfp_binding binding = fixture_bind(fixture, 1, "");
	struct fake_pf moved = fake_pfs[1];

	assert_done(fixture, vfp_pool_pin(fixture->pool, web1.uuid, &mac, &vf, &fixture->err));
	fixture_reboot(fixture);
	fixture_define(fixture, "");
	binding = fixture_bind(fixture, 1, "blue");
	assert_vf(&binding.vf, "ens1f1", 3);
	assert_done(fixture, vfp_card_follow(fixture->pool, &fixture->err));
	/* The card in another slot. */
	moved.dev = "ens7f1";
	moved.pci = "0000:07:00.0";
	moved.num_vfs = FIXTURE_N_VFS;
	fake_remove(&fixture->host, "/sys/class/net/ens1f1");
	fake_pf_add(&fixture->host, &moved);
	assert_done(fixture, vfp_card_follow(fixture->pool, &fixture->err));
	binding = fixture_bind(fixture, 1, "blue");
	assert_string_equal(binding.vf.pf, "ens7f1");
	assert_int_equal(binding.vf.index, 3);
}

/* Where there is nothing better the definition waits. */
static void test_no_link_anywhere(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_binding before = fixture_bind(fixture, 1, "");
	const struct vfp_want want = fixture_want(2, "");
	struct vfp_binding after;

	fake_write(&fixture->host, "/sys/class/net/ens1f0/carrier", "0\n");
	fake_write(&fixture->host, "/sys/class/net/ens1f1/carrier", "0\n");
	assert_false(is_misplaced(fixture, 1));
	after = fixture_bind(fixture, 1, "");
	assert_int_equal(vfp_pci_compare(&before.vf.pci, &after.vf.pci), 0);
	assert_refused(fixture, bind_wants(fixture, 2, &want, 1, &after), ENOSPC, "without link");
}

static void test_startable(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web1 = fixture_owner(1);
	bool is_startable = true;

#define assert_startable(expected)                                                               \
	do {                                                                                     \
		assert_done(fixture, vfp_pool_startable(fixture->pool, web1.uuid, &is_startable, \
							&fixture->err));                         \
		assert_int_equal(is_startable, expected);                                        \
	} while (0)
	assert_startable(false);
	fixture_bind(fixture, 1, "");
	assert_startable(false); /* libvirt does not know it yet */
	assert_done(fixture, vfp_pool_seen(fixture->pool, &web1, &fixture->err));
	assert_startable(true);
	assert_done(fixture, vfp_pool_set_trouble(fixture->pool, &web1, "x", &fixture->err));
	assert_startable(false);
	assert_done(fixture, vfp_pool_set_trouble(fixture->pool, &web1, "", &fixture->err));
	fake_write(&fixture->host, "/sys/class/net/ens1f0/carrier", "0\n");
	assert_startable(false);
#undef assert_startable
}

static void test_alone(void **state)
{
	static const char *const said[] = {"", "0123456789abcdef", "fedcba9876543210", ""};
	struct pool_fixture *fixture = *state;
	const struct vfp_owner owner = fixture_owner(1);

	for (size_t i = 0; i < VFP_N(said); i++) {
		char asks[VFP_DIGEST_SIZE];

		assert_done(fixture,
			    vfp_pool_set_alone(fixture->pool, &owner, said[i], &fixture->err));
		assert_done(fixture,
			    vfp_pool_alone(fixture->pool, owner.uuid, asks, &fixture->err));
		assert_string_equal(asks, said[i]);
	}
}

static void test_troubles(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web1 = fixture_owner(1), web2 = fixture_owner(2);
	const struct {
		const struct vfp_owner *owner;
		const char *reason;
		size_t n, notes;
	} cases[] = {
		{&web1, "no port group red", 1, 1},
		{&web1, "no port group red", 1, 1},
		{&web2, "MAC", 2, 2},
		{&web1, "no pool", 2, 3},
		{&web1, "", 1, 3},
		{&web1, "", 1, 3},
	};

	for (size_t i = 0; i < VFP_N(cases); i++) {
		vfp_autofree struct vfp_trouble *troubles = NULL;
		size_t n;

		assert_done(fixture, vfp_pool_set_trouble(fixture->pool, cases[i].owner,
							  cases[i].reason, &fixture->err));
		assert_done(fixture,
			    vfp_pool_troubles(fixture->pool, &troubles, &n, &fixture->err));
		assert_int_equal(n, cases[i].n);
		assert_int_equal(fixture_events(fixture, "unbound"), cases[i].notes);
		if (*cases[i].reason && cases[i].owner == &web1)
			assert_string_equal(troubles[0].reason, cases[i].reason);
	}
}

/* Another handle's changes count, one's own and what changes nothing do not. */
static void test_has_changed(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web1 = fixture_owner(1);
	struct vfp_pool *other;
	bool has;

	assert_done(fixture, vfp_pool_open(&fixture->host, VFP_POOL_READ, &other, &fixture->err));
	assert_done(fixture, vfp_pool_has_changed(other, &has, &fixture->err));
	assert_true(has);
	for (unsigned int i = 0; i < 2; i++) {
		fixture_bind(fixture, 1, "");
		assert_done(fixture, vfp_pool_seen(fixture->pool, &web1, &fixture->err));
		assert_done(fixture, vfp_pool_has_changed(other, &has, &fixture->err));
		assert_int_equal(has, i == 0);
	}
	vfp_pool_close(other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, pool_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_binding),
		TEST(test_repeat_changes_nothing),
		TEST(test_made_mac),
		TEST(test_made_mac_collides),
		TEST(test_made_mac_is_nobodys),
		TEST(test_refused),
		TEST(test_kernel_is_asked_once_per_pf),
		TEST(test_sharing),
		TEST(test_no_usable_vf),
		TEST(test_in_use),
		TEST(test_in_use_by_lessee),
		TEST(test_expire),
		TEST(test_pin_set),
		TEST(test_pin_refused),
		TEST(test_pin_stays),
		cmocka_unit_test(test_moves),
		TEST(test_each_points_at_a_free_one),
		TEST(test_sticky),
		TEST(test_numa),
		TEST(test_definition_loses_a_nic),
		TEST(test_rebind_while_running),
		TEST(test_ports_and_seen),
		TEST(test_no_link_anywhere),
		TEST(test_troubles),
		TEST(test_alone),
		TEST(test_startable),
		TEST(test_has_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
