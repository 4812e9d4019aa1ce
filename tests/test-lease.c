/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pool/lease.c: leases, what is refused and in which words, stale ones, and what the schema itself
 * forbids.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/pool-fixture.h"

static int setup(void **state)
{
	int rc = pool_fixture_setup(state, NULL);

	fixture_define(*state, "");
	return rc;
}

static int ask(struct pool_fixture *fixture, unsigned int n, const struct vfp_ask *asks,
	       size_t n_asks, struct vfp_lease *ret_leases)
{
	const struct vfp_owner owner = fixture_owner(n);

	return vfp_pool_lease(fixture->pool, &owner, &fixture_daemon, asks, n_asks, ret_leases,
			      &fixture->err);
}

static size_t n_leases(struct pool_fixture *fixture)
{
	vfp_autofree struct vfp_lease *leases = NULL;
	size_t n;

	assert_done(fixture, vfp_pool_leases(fixture->pool, NULL, &leases, &n, &fixture->err));
	return n;
}

static struct vfp_vf_state state_of(struct pool_fixture *fixture, const struct vfp_vf *vf)
{
	struct vfp_vf_state state;

	assert_done(fixture, vfp_pool_vf_state(fixture->pool, vf, &state, &fixture->err));
	return state;
}

static void test_lease(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = fixture_lease(fixture, 1, "blue");
	const struct vfp_mac mac = fixture_mac(1);

	assert_true(lease.generation > 0);
	assert_string_equal(lease.owner.name, "web1");
	assert_string_equal(lease.pool, "sriov0");
	assert_string_equal(lease.portgroup, "blue");
	assert_string_equal(lease.vf.pf, "ens1f0");
	assert_int_equal(lease.vf.pci.device, 0x10);
	assert_int_equal(lease.state, VFP_LEASE_PREPARING);
	assert_string_equal(lease.boot_id, FAKE_BOOT_ID);
	assert_int_equal(lease.daemon.pid, fixture_daemon.pid);
	assert_int_equal(lease.qemu.pid, 0);
	assert_int_equal(lease.since_ms, FIXTURE_NOW);
	assert_true(lease.park);
	assert_int_equal(lease.vlan_mode, VFP_VLAN_ID);
	assert_int_equal(lease.attrs.known, vfp_attrs_scrubbed.known);
	assert_true(vfp_mac_equal(&lease.attrs.mac, &mac));
	assert_int_equal(lease.attrs.vlan, 100);
	assert_int_equal(lease.attrs.qos, 2);
	assert_true(lease.attrs.trust && lease.attrs.spoofchk);
	assert_int_equal(lease.attrs.max_rate_mbps, 1000);
	assert_true(state_of(fixture, &lease.vf).is_dirty);
	assert_int_equal(fixture_events(fixture, "lease"), 1);
}

static void test_repeat(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease first = fixture_lease(fixture, 1, "blue");
	const struct vfp_lease again = fixture_lease(fixture, 1, "blue");

	assert_memory_equal(&first, &again, sizeof(first));
	assert_int_equal(n_leases(fixture), 1);
	assert_int_equal(fixture_events(fixture, "lease"), 1);
}

/* The domain has the VF already, and somebody asks for it: who, and what became of whoever had
 * asked before, decides. */
static void test_again(void **state)
{
	static const struct vfp_process other = {.pid = 710, .start = 1710};
	static const struct {
		bool is_asker_alive, is_other, has_qemu;
		int code;
		const char *words;
	} cases[] = {
		{true, false, false, 0, ""},
		{true, true, false, EBUSY, "VF ens1f0#0 (0000:01:10.0) is leased by web1"},
		{false, true, false, 0, ""},
		{true, false, true, EBUSY, "and its QEMU of before, process 4711, is not gone yet"},
		{false, true, true, EBUSY, "and its QEMU of before, process 4711, is not gone yet"},
	};
	const struct vfp_process qemu = {.pid = 4711, .start = 5711};
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web1 = fixture_owner(1);
	const struct vfp_lease first = fixture_lease(fixture, 1, "blue");
	const struct vfp_ask again = {.mac = first.mac, .vf = first.vf, .vlan = 100};

	fake_process_add(&fixture->host, &(struct fake_process){.pid = 710, .start = 1710});
	/* So that a lease without a daemon is none that is left over. */
	fake_process_add(&fixture->host, &(struct fake_process){.pid = 4711,
								.start = 5711,
								.comm = "qemu-system-x86",
								.uuid = web1.uuid});
	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_lease lease;
		int rc;

		if (cases[i].has_qemu)
			assert_done(fixture, vfp_pool_activate(fixture->pool, web1.uuid, &qemu,
							       &fixture->err));
		if (cases[i].is_asker_alive)
			fake_process_add(&fixture->host,
					 &(struct fake_process){.pid = 700, .start = 1700});
		else
			fake_process_remove(&fixture->host, 700);
		rc = vfp_pool_lease(fixture->pool, &web1,
				    cases[i].is_other ? &other : &fixture_daemon, &again, 1, &lease,
				    &fixture->err);
		if (cases[i].code) {
			assert_refused(fixture, rc, cases[i].code, cases[i].words);
			continue;
		}
		assert_done(fixture, rc);
		assert_int_equal(lease.generation, first.generation);
		assert_int_equal(lease.daemon.pid, cases[i].is_other ? 710 : 700);
	}
	assert_int_equal(fixture_events(fixture, "refused-binding"), 1);
	assert_int_equal(fixture_events(fixture, "refused"), 2);
}

static void test_all_or_none(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease taken = fixture_lease(fixture, 1, "");
	const struct vfp_want wants[] = {fixture_want(2, ""), fixture_want(3, "")};
	const struct vfp_owner owner = fixture_owner(2);
	struct vfp_binding bindings[2];
	struct vfp_lease leases[2] = {{.generation = 77}};
	struct vfp_ask asks[2];

	assert_done(fixture,
		    vfp_pool_bind(fixture->pool, &owner, wants, 2, "", bindings, &fixture->err));
	asks[0] = fixture_ask(&bindings[0]);
	asks[1] = fixture_ask(&bindings[1]);
	asks[1].vf = taken.vf;
	assert_refused(fixture, ask(fixture, 2, asks, 2, leases), EBUSY, "is leased by web1");
	assert_int_equal(n_leases(fixture), 1);
	assert_int_equal(leases[0].generation, 77);
	assert_false(state_of(fixture, &asks[0].vf).is_dirty);
	asks[1] = fixture_ask(&bindings[1]);
	assert_done(fixture, ask(fixture, 2, asks, 2, leases));
	assert_int_equal(n_leases(fixture), 3);
	assert_int_not_equal(leases[0].generation, leases[1].generation);
}

/* One ask that is wrong in one way, and the words for it. */
static void test_refused(void **state)
{
	static const struct {
		unsigned int mac, index; /* of ens1f0 */
		uint16_t vlan;
		int code;
		const char *words;
	} cases[] = {
		{9, 1, 100, ENOENT,
		 "NIC 52:54:00:00:00:09 (VF ens1f0#1) is no port of web2; run: vfpool "
		 "domain bind web2"},
		{1, 1, 100, ENOENT, "is no port of web2"},
		{2, 3, 100, ENOENT, "VF ens1f0#3 is in no pool"},
		{2, 2, 100, ESTALE, "VF ens1f0#2 is of pool other, the port's is sriov0"},
		{2, 1, 0, ESTALE,
		 "the definition has VLAN 0, port group blue has 100; run: vfpool domain bind "
		 "web2"},
		{2, 0, 100, EBUSY,
		 "VF ens1f0#0 (0000:01:10.0) is leased by web1 since 12:03; another VF is free: "
		 "run 'vfpool domain bind web2' or start again"},
	};
	struct pool_fixture *fixture = *state;
	struct vfp_pooldef other = fixture_def("other", "2");
	struct vfp_lease lease;

	fixture_define(fixture, "0-1");
	assert_done(fixture, vfp_pool_define(fixture->pool, &other, &fixture->err));
	vfp_pooldef_free(&other);
	fixture_lease(fixture, 1, "blue");
	fixture_bind(fixture, 2, "blue");
	for (size_t i = 0; i < VFP_N(cases); i++) {
		const struct vfp_ask wrong = {
			.mac = fixture_mac(cases[i].mac),
			.vf = fixture_vf("ens1f0", cases[i].index),
			.vlan = cases[i].vlan,
		};

		assert_refused(fixture, ask(fixture, 2, &wrong, 1, &lease), cases[i].code,
			       cases[i].words);
		assert_int_equal(fixture_events(fixture, "refused-binding"), i + 1);
	}
	assert_int_equal(fixture_events(fixture, "refused"), 0);
	assert_int_equal(n_leases(fixture), 1);
}

/* Which domains libvirt could not start at boot and nobody has since. */
static void test_unstarted(void **state)
{
	/* b: boot, r: refused for its binding, f: refused, l: leased, s: started by us */
	static const struct {
		const char *lines;
		bool is_unstarted;
	} cases[] = {
		{"b", false},	 {"br", true},	  {"rb", false},   {"brl", false}, {"bfr", false},
		{"brf", false},	 {"blr", false},  {"brr", true},   {"brs", true},  {"brsr", false},
		{"brss", false}, {"brsl", false}, {"brsbr", true}, {"blbr", true},
	};
	static const struct {
		char letter;
		const char *event;
	} events[] = {
		{'b', "boot"},	{'r', "refused-binding"}, {'f', "refused"},
		{'l', "lease"}, {'s', "autostart"},
	};
	struct pool_fixture *fixture = *state;

	for (size_t i = 0; i < VFP_N(cases); i++) {
		const struct vfp_owner owner = fixture_owner((unsigned int)i % 9 + 1);
		vfp_autofree struct vfp_owner *owners = NULL;
		size_t n;

		for (const char *c = cases[i].lines; *c; c++)
			for (size_t k = 0; k < VFP_N(events); k++)
				if (events[k].letter == *c)
					assert_done(fixture,
						    vfp_pool_note(fixture->pool, events[k].event,
								  *c == 'b' ? NULL : &owner, NULL,
								  NULL, "", &fixture->err));
		assert_done(fixture, vfp_pool_unstarted(fixture->pool, &owners, &n, &fixture->err));
		if (n != cases[i].is_unstarted)
			fail_msg("%s: %zu", cases[i].lines, n);
		if (n)
			assert_string_equal(owners[0].uuid, owner.uuid);
	}
}

static void test_vf_that_is_not_given(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_binding binding = fixture_bind(fixture, 1, "");
	const struct vfp_ask one = fixture_ask(&binding);
	struct vfp_lease lease;

	assert_done(fixture, vfp_pool_hold(fixture->pool, &one.vf, "for tests", &fixture->err));
	assert_refused(
		fixture, ask(fixture, 1, &one, 1, &lease), EPERM,
		"VF ens1f0#0 is held for the host: for tests; see: vfpool vf unhold ens1f0#0");
	assert_done(fixture, vfp_pool_fault(fixture->pool, &one.vf, 0, "MAC stays", &fixture->err));
	assert_refused(fixture, ask(fixture, 1, &one, 1, &lease), EPERM,
		       "VF ens1f0#0 is faulty: MAC stays; see: vfpool vf scrub ens1f0#0");
	assert_done(fixture, vfp_pool_clean(fixture->pool, &one.vf, "test", &fixture->err));
	assert_done(fixture, vfp_pool_unhold(fixture->pool, &one.vf, &fixture->err));
	assert_done(fixture, ask(fixture, 1, &one, 1, &lease));
	assert_refused(fixture, vfp_pool_clean(fixture->pool, &one.vf, "test", &fixture->err),
		       EBUSY, "is leased by web1");
	assert_refused(fixture, vfp_pool_fault(fixture->pool, &one.vf, 0, "x", &fixture->err),
		       EBUSY, "is leased by web1");
}

static void test_no_free_vf(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_pooldef def = fixture_def("sriov0", "0-2");
	const struct vfp_vf broken = fixture_vf("ens1f0", 2);
	struct vfp_binding binding;
	struct vfp_lease lease;
	struct vfp_ask one;

	def.n_pfs = 1;
	assert_done(fixture, vfp_pool_define(fixture->pool, &def, &fixture->err));
	vfp_pooldef_free(&def);
	assert_done(fixture, vfp_pool_fault(fixture->pool, &broken, 0, "broken", &fixture->err));
	fixture_lease(fixture, 1, "");
	fixture_lease(fixture, 2, "");
	binding = fixture_bind(fixture, 3, "");
	one = fixture_ask(&binding);
	/* The day is named when it was not today. */
	fake_clock_set(FIXTURE_NOW + INT64_C(86400000));
	assert_refused(
		fixture, ask(fixture, 3, &one, 1, &lease), ENOSPC,
		"no free VF in pool sriov0 (3 VFs: 2 leased, 1 faulty); see: vfpool vf list --pool "
		"sriov0; VF ens1f0#0 (0000:01:10.0) is leased by web1 since 2026-11-22 12:03; "
		"ens1f0#0 web1, ens1f0#1 web2, ens1f0#2 faulty");
	assert_int_equal(fixture_events(fixture, "refused"), 1);
}

static void test_activate(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = fixture_lease(fixture, 1, "");
	const struct vfp_process qemu = {.pid = 4711, .start = 5711};
	struct vfp_lease now;

	assert_done(fixture,
		    vfp_pool_activate(fixture->pool, lease.owner.uuid, &qemu, &fixture->err));
	assert_done(fixture,
		    vfp_pool_activate(fixture->pool, lease.owner.uuid, &qemu, &fixture->err));
	assert_int_equal(fixture_events(fixture, "active"), 1);
	assert_done(fixture, vfp_pool_lease_of(fixture->pool, &lease.vf, &now, &fixture->err));
	assert_int_equal(now.state, VFP_LEASE_ACTIVE);
	assert_int_equal(now.qemu.pid, 4711);
	assert_int_equal(now.qemu.start, 5711);
	assert_int_equal(now.generation, lease.generation);
	assert_int_equal(vfp_pci_compare(&now.vf.pci, &lease.vf.pci), 0);
	assert_refused(
		fixture,
		vfp_pool_activate(fixture->pool, fixture_owner(2).uuid, &qemu, &fixture->err),
		ENOENT, "has no lease");
}

static void test_ends(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease first = fixture_lease(fixture, 1, "");
	struct vfp_lease second, now;

	assert_done(fixture,
		    vfp_pool_drain(fixture->pool, first.generation, "QEMU lives", &fixture->err));
	assert_done(fixture,
		    vfp_pool_drain(fixture->pool, first.generation, "QEMU lives", &fixture->err));
	assert_int_equal(fixture_events(fixture, "draining"), 1);
	assert_done(fixture, vfp_pool_free(fixture->pool, first.generation, "done", &fixture->err));
	assert_false(state_of(fixture, &first.vf).is_dirty);
	assert_int_equal(n_leases(fixture), 0);

	/* A late one, in all its forms, leaves the next owner alone. */
	second = fixture_lease(fixture, 1, "");
	assert_true(second.generation > first.generation);
	assert_done(fixture,
		    vfp_pool_drain(fixture->pool, first.generation, "late", &fixture->err));
	assert_done(fixture, vfp_pool_free(fixture->pool, first.generation, "late", &fixture->err));
	assert_done(fixture, vfp_pool_fault(fixture->pool, &first.vf, first.generation, "late",
					    &fixture->err));
	assert_done(fixture, vfp_pool_lease_of(fixture->pool, &second.vf, &now, &fixture->err));
	assert_int_equal(now.generation, second.generation);
	assert_int_equal(now.state, VFP_LEASE_PREPARING);
	assert_false(state_of(fixture, &second.vf).is_faulty);
	assert_int_equal(fixture_events(fixture, "free"), 1);

	assert_done(fixture, vfp_pool_fault(fixture->pool, &second.vf, second.generation,
					    "MAC stays", &fixture->err));
	assert_int_equal(n_leases(fixture), 0);
	assert_true(state_of(fixture, &second.vf).is_faulty);
	assert_true(state_of(fixture, &second.vf).is_dirty);
	assert_refused(fixture, vfp_pool_lease_of(fixture->pool, &second.vf, &now, &fixture->err),
		       ENOENT, "VF ens1f0#0: is not leased");
}

static void test_adopt(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web1 = fixture_owner(1), web2 = fixture_owner(2);
	const struct vfp_process qemu = {.pid = 4711, .start = 5711};
	const struct vfp_binding binding = fixture_bind(fixture, 1, "blue");
	const struct vfp_ask own = fixture_ask(&binding);
	const struct vfp_ask foreign = {.vf = fixture_vf("ens1f0", 3)};
	const struct vfp_ask other = {.mac = own.mac, .vf = fixture_vf("ens1f0", 2)};
	struct vfp_lease now;

	fake_process_add(&fixture->host,
			 &(struct fake_process){.pid = 4711, .start = 5711, .comm = "qemu"});
	for (int i = 0; i < 2; i++)
		assert_done(fixture, vfp_pool_adopt(fixture->pool, &web1, &own, &fixture_daemon,
						    &qemu, &fixture->err));
	assert_int_equal(fixture_events(fixture, "adopt"), 1);
	assert_done(fixture, vfp_pool_lease_of(fixture->pool, &own.vf, &now, &fixture->err));
	assert_int_equal(now.state, VFP_LEASE_ACTIVE);
	assert_string_equal(now.portgroup, "blue");
	assert_refused(
		fixture,
		vfp_pool_adopt(fixture->pool, &web2, &own, &fixture_daemon, &qemu, &fixture->err),
		EBUSY, "domain web2 cannot have it: VF ens1f0#0 is leased by web1");
	assert_refused(
		fixture,
		vfp_pool_adopt(fixture->pool, &web1, &other, &fixture_daemon, &qemu, &fixture->err),
		EBUSY, "the port has another VF by our book: VF ens1f0#0");

	assert_done(fixture, vfp_pool_adopt(fixture->pool, &web2, &foreign, &fixture_daemon, &qemu,
					    &fixture->err));
	assert_done(fixture, vfp_pool_lease_of(fixture->pool, &foreign.vf, &now, &fixture->err));
	assert_int_equal(now.state, VFP_LEASE_FOREIGN);
	assert_string_equal(now.pool, "");
	assert_int_equal(now.attrs.known, 0);
	assert_true(vfp_mac_is_none(&now.mac));
	/* The MAC of somebody else's port makes nobody its owner. */
	assert_done(fixture, vfp_pool_adopt(fixture->pool, &web2, &other, &fixture_daemon, &qemu,
					    &fixture->err));
	assert_int_equal(fixture_events(fixture, "foreign"), 2);

	fake_process_remove(&fixture->host, qemu.pid);
	assert_refused(
		fixture,
		vfp_pool_adopt(fixture->pool, &web1, &own, &fixture_daemon, &qemu, &fixture->err),
		ESRCH, "domain web1: its QEMU 4711 is gone");
}

/* What is seen to be so is recorded, even where it would not have been given. */
static void test_adopt_of_a_dirty_vf(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_process qemu = {.pid = 4711, .start = 5711};
	const struct vfp_lease lease = fixture_lease(fixture, 1, "");
	const struct vfp_ask own = {.mac = lease.mac, .vf = lease.vf};

	fake_process_add(&fixture->host,
			 &(struct fake_process){.pid = 4711, .start = 5711, .comm = "qemu"});
	fixture_reboot(fixture);
	assert_done(fixture, vfp_pool_hold(fixture->pool, &lease.vf, "host", &fixture->err));
	assert_done(fixture, vfp_pool_adopt(fixture->pool, &lease.owner, &own, &fixture_daemon,
					    &qemu, &fixture->err));
	assert_int_equal(n_leases(fixture), 1);
}

static void test_reboot(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease first = fixture_lease(fixture, 1, "");
	const struct vfp_ask one = {.mac = first.mac, .vf = first.vf};
	struct vfp_lease lease;

	fixture_lease(fixture, 2, "");
	fixture_reboot(fixture);
	/* Void for readers at once, and for good with the first write, even one that is refused. */
	assert_int_equal(n_leases(fixture), 0);
	assert_int_equal(fixture_events(fixture, "void"), 0);
	assert_refused(fixture, ask(fixture, 1, &one, 1, &lease), EUCLEAN,
		       "not scrubbed since its last guest");
	assert_int_equal(fixture_events(fixture, "void"), 2);
	assert_true(state_of(fixture, &first.vf).is_dirty);
	assert_int_equal(fixture_events(fixture, "refused"), 0);
	assert_done(fixture, vfp_pool_free(fixture->pool, first.generation, "late", &fixture->err));
	assert_true(state_of(fixture, &first.vf).is_dirty);
	assert_done(fixture, vfp_pool_clean(fixture->pool, &first.vf, "test", &fixture->err));
	assert_done(fixture, ask(fixture, 1, &one, 1, &lease));
	assert_int_equal(fixture_events(fixture, "void"), 2);
}

/* A stale lease is no holder: it is to be reclaimed. */
static void test_stale_lease_in_the_way(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = fixture_lease(fixture, 1, "");
	const struct vfp_binding binding = fixture_bind(fixture, 2, "");
	struct vfp_ask others = fixture_ask(&binding), own = {.mac = lease.mac, .vf = lease.vf};
	struct vfp_lease got;

	others.vf = lease.vf;
	assert_refused(fixture, ask(fixture, 2, &others, 1, &got), EBUSY, "is leased by web1");
	fake_process_remove(&fixture->host, fixture_daemon.pid);
	assert_refused(fixture, ask(fixture, 2, &others, 1, &got), EUCLEAN,
		       "the lease of web1 is stale");
	assert_refused(fixture, ask(fixture, 1, &own, 1, &got), EUCLEAN,
		       "the lease of web1 is stale");
	/* Also when the port's lease is on another VF than the definition names by now. */
	own.vf = fixture_vf("ens1f1", 3);
	assert_refused(fixture, ask(fixture, 1, &own, 1, &got), EUCLEAN,
		       "VF ens1f0#0: the lease of web1");
	fake_process_add(&fixture->host, &(struct fake_process){.pid = 700, .comm = "libvirtd"});
	assert_refused(fixture, ask(fixture, 1, &own, 1, &got), EBUSY,
		       "VF ens1f0#0 is leased by web1");
}

static void test_draining_is_held(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_process qemu = {.pid = 4711, .start = 5711};
	const struct vfp_lease lease = fixture_lease(fixture, 1, "");
	const struct vfp_ask own = {.mac = lease.mac, .vf = lease.vf};
	struct vfp_lease got;

	fake_process_add(&fixture->host, &(struct fake_process){.pid = 4711});
	assert_done(fixture,
		    vfp_pool_activate(fixture->pool, lease.owner.uuid, &qemu, &fixture->err));
	assert_done(fixture,
		    vfp_pool_drain(fixture->pool, lease.generation, "QEMU lives", &fixture->err));
	assert_refused(fixture, ask(fixture, 1, &own, 1, &got), EBUSY, "is leased by web1");
}

static void test_is_stale(void **state)
{
	static const struct {
		const char *what;
		enum vfp_lease_state state;
		bool is_earlier_boot, has_daemon, knows_qemu, has_qemu, is_stale;
	} cases[] = {
		{"preparing", VFP_LEASE_PREPARING, false, true, false, false, false},
		{"preparing, daemon gone", VFP_LEASE_PREPARING, false, false, false, false, true},
		{"preparing, daemon gone, QEMU there", VFP_LEASE_PREPARING, false, false, false,
		 true, false},
		{"preparing, all there, earlier boot", VFP_LEASE_PREPARING, true, true, false, true,
		 true},
		{"active", VFP_LEASE_ACTIVE, false, true, true, true, false},
		{"active, QEMU gone", VFP_LEASE_ACTIVE, false, true, true, false, true},
		{"active, daemon gone", VFP_LEASE_ACTIVE, false, false, true, true, false},
		{"foreign, QEMU gone", VFP_LEASE_FOREIGN, false, true, true, false, true},
		{"draining", VFP_LEASE_DRAINING, false, true, true, true, false},
		{"draining, QEMU gone", VFP_LEASE_DRAINING, false, true, true, false, true},
		{"draining before QEMU was known", VFP_LEASE_DRAINING, false, true, false, true,
		 false},
		{"draining, never a QEMU", VFP_LEASE_DRAINING, false, true, false, false, true},
	};
	struct pool_fixture *fixture = *state;

	fake_process_remove(&fixture->host, fixture_daemon.pid);
	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_lease lease = {
			.owner = fixture_owner(1),
			.state = cases[i].state,
			.boot_id = FAKE_BOOT_ID,
			.daemon = fixture_daemon,
		};

		if (cases[i].is_earlier_boot)
			lease.boot_id[0] = '9';
		if (cases[i].knows_qemu)
			lease.qemu = (struct vfp_process){.pid = 4711, .start = 5711};
		if (cases[i].has_daemon)
			fake_process_add(&fixture->host,
					 &(struct fake_process){.pid = 700, .comm = "libvirtd"});
		if (cases[i].has_qemu)
			fake_process_add(&fixture->host,
					 &(struct fake_process){.pid = 4711,
								.uuid = lease.owner.uuid,
								.domain = "web1"});
		if (vfp_lease_is_stale(&fixture->host, &lease) != cases[i].is_stale)
			fail_msg("%s: expected %s", cases[i].what,
				 cases[i].is_stale ? "stale" : "alive");
		fake_process_remove(&fixture->host, 700);
		fake_process_remove(&fixture->host, 4711);
	}
}

/* A pid that came round again is another process. */
static void test_pid_reuse(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = {
		.owner = fixture_owner(1),
		.state = VFP_LEASE_ACTIVE,
		.boot_id = FAKE_BOOT_ID,
		.qemu = {.pid = 4711, .start = 5711},
	};

	fake_process_add(&fixture->host, &(struct fake_process){.pid = 4711, .start = 9999});
	assert_true(vfp_lease_is_stale(&fixture->host, &lease));
}

static void test_list(void **state)
{
	struct pool_fixture *fixture = *state;
	vfp_autofree struct vfp_lease *leases = NULL;
	const struct vfp_lease second = fixture_lease(fixture, 2, "");
	size_t n;

	fixture_lease(fixture, 1, "");
	assert_done(fixture, vfp_pool_leases(fixture->pool, NULL, &leases, &n, &fixture->err));
	assert_int_equal(n, 2);
	assert_string_equal(leases[0].owner.name, "web1");
	assert_string_equal(leases[1].owner.name, "web2");
	assert_int_equal(leases[0].vf.pci.bus, 2);
	free(VFP_TAKE(leases));
	fake_kernel_set_num_vfs(&fixture->host, "ens1f0", 0);
	assert_done(fixture,
		    vfp_pool_leases(fixture->pool, second.owner.uuid, &leases, &n, &fixture->err));
	assert_int_equal(n, 1);
	assert_true(vfp_pci_is_none(&leases[0].vf.pci));
}

/* Binds and leases domain @n with a footprint in MiB. */
static int ask_memory(struct pool_fixture *fixture, unsigned int n, uint64_t guest_mib,
		      uint64_t huge_mib, struct vfp_lease *ret_lease)
{
	const struct vfp_binding binding = fixture_bind(fixture, n, "blue");
	const struct vfp_footprint footprint = {.guest_kib = guest_mib << 10,
						.qemu_kib = 100 << 10,
						.huge = {{2048, huge_mib << 10}}};
	struct vfp_ask one = fixture_ask(&binding);

	one.footprint = &footprint;
	return ask(fixture, n, &one, 1, ret_lease);
}

/* A host of 4000 MiB that keeps 1000. */
static void make_small(struct pool_fixture *fixture, uint64_t huge_mib)
{
	fake_memory_set(&fixture->host, 4000, huge_mib);
	fake_write(&fixture->host, "/etc/vfpool/vfpool.conf", "memory_reserve_mib = 1000\n");
}

static void test_admission(void **state)
{
	static const struct {
		uint64_t huge_pool_mib;
		uint64_t first_mib, second_mib; /* guest memory */
		uint64_t first_huge_mib, second_huge_mib;
		const char *words; /* NULL: both are admitted */
	} cases[] = {
		{0, 1400, 1400, 0, 0, NULL},
		{0, 1400, 1401, 0, 0,
		 "not enough memory to lock: web2 needs 1501 MiB (guest 1401, QEMU 100), the running "
		 "domains with VFs (1) have 1500 MiB, and the host can lock 3000 MiB (4000, less 0 for "
		 "huge pages and 1000 kept for itself: memory_reserve_mib in "
		 "/etc/vfpool/vfpool.conf)"},
		{0, 2900, 1, 0, 0, "needs 101 MiB"},
		{1000, 900, 901, 0, 0,
		 "the host can lock 2000 MiB (4000, less 1000 for huge pages"},
		{1000, 0, 0, 500, 500, NULL},
		{1000, 0, 0, 500, 502,
		 "not enough huge pages: the guest needs 502 MiB of 2048 KiB pages, and 1000 MiB are "
		 "free, of which domains that are starting take 500 MiB"},
		{1000, 0, 1801, 500, 0, "not enough memory to lock"},
	};

	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct pool_fixture *fixture;
		struct vfp_lease lease;
		int rc;

		setup(state);
		fixture = *state;
		make_small(fixture, cases[i].huge_pool_mib);
		assert_done(fixture, ask_memory(fixture, 1, cases[i].first_mib,
						cases[i].first_huge_mib, &lease));
		assert_int_equal(lease.locked_kib, (cases[i].first_mib + 100) << 10);
		assert_int_equal(lease.huge_kib, cases[i].first_huge_mib << 10);
		rc = ask_memory(fixture, 2, cases[i].second_mib, cases[i].second_huge_mib, &lease);
		if (cases[i].words) {
			assert_refused(fixture, rc, ENOMEM, cases[i].words);
			assert_int_equal(fixture_events(fixture, "refused"), 1);
		} else {
			assert_done(fixture, rc);
		}
		assert_int_equal(n_leases(fixture), cases[i].words ? 1 : 2);
		pool_fixture_teardown(state);
	}
}

/* Who counts, and for how long. */
static void test_admission_of_whom(void **state)
{
	const struct vfp_process qemu = {.pid = 4242, .start = 77};
	struct pool_fixture *fixture = *state;
	struct vfp_lease first, second;

	make_small(fixture, 0);
	assert_done(fixture, ask_memory(fixture, 1, 2000, 0, &first));
	/* Itself does not, so a repeated prepare passes. */
	assert_done(fixture, ask_memory(fixture, 1, 2000, 0, &first));
	assert_refused(fixture, ask_memory(fixture, 2, 2000, 0, &second), ENOMEM, "needs 2100 MiB");
	/* A domain of which nothing is known takes nothing, and is not asked. */
	fixture_lease(fixture, 3, "blue");
	/* It runs, then its QEMU is gone: its lease is still there and counts no more. */
	fake_process_add(
		&fixture->host,
		&(struct fake_process){.pid = 4242, .start = 77, .uuid = first.owner.uuid});
	assert_done(fixture,
		    vfp_pool_activate(fixture->pool, first.owner.uuid, &qemu, &fixture->err));
	assert_refused(fixture, ask_memory(fixture, 2, 2000, 0, &second), ENOMEM,
		       "domains with VFs (1) have");
	fake_process_remove(&fixture->host, 4242);
	assert_done(fixture, ask_memory(fixture, 2, 2000, 0, &second));
	assert_int_equal(n_leases(fixture), 3);
}

/* Two VFs, one domain: its memory counts once. */
static void test_admission_of_two_vfs(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_owner owner = fixture_owner(1);
	const struct vfp_want wants[] = {fixture_want(1, "blue"), fixture_want(2, "blue")};
	const struct vfp_footprint footprint = {.guest_kib = 1400 << 10, .qemu_kib = 100 << 10};
	struct vfp_binding bindings[2];
	struct vfp_ask asks[2];
	struct vfp_lease leases[2], third;

	make_small(fixture, 0);
	assert_done(fixture,
		    vfp_pool_bind(fixture->pool, &owner, wants, 2, "", bindings, &fixture->err));
	for (size_t i = 0; i < 2; i++) {
		asks[i] = fixture_ask(&bindings[i]);
		asks[i].footprint = &footprint;
	}
	assert_done(fixture, ask(fixture, 1, asks, 2, leases));
	assert_int_equal(leases[0].locked_kib, 1500 << 10);
	assert_int_equal(leases[1].locked_kib, 1500 << 10);
	assert_refused(fixture, ask_memory(fixture, 3, 1401, 0, &third), ENOMEM,
		       "the running domains with VFs (1) have 1500 MiB");
	assert_done(fixture, ask_memory(fixture, 3, 1400, 0, &third));
}

static void test_admission_settings(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_lease lease;

	fake_write(&fixture->host, "/etc/vfpool/vfpool.conf", "memory_reserve = 1\n");
	assert_refused(fixture, ask_memory(fixture, 1, 1, 0, &lease), EINVAL,
		       "vfpool.conf:1: there is no setting 'memory_reserve'");
	assert_int_equal(n_leases(fixture), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, pool_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_lease),
		TEST(test_repeat),
		TEST(test_again),
		TEST(test_all_or_none),
		TEST(test_refused),
		TEST(test_unstarted),
		TEST(test_vf_that_is_not_given),
		TEST(test_no_free_vf),
		TEST(test_activate),
		TEST(test_ends),
		TEST(test_adopt),
		TEST(test_adopt_of_a_dirty_vf),
		TEST(test_reboot),
		TEST(test_stale_lease_in_the_way),
		TEST(test_draining_is_held),
		TEST(test_is_stale),
		TEST(test_pid_reuse),
		TEST(test_list),
		cmocka_unit_test(test_admission),
		TEST(test_admission_of_whom),
		TEST(test_admission_of_two_vfs),
		TEST(test_admission_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
