/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pool/claim.c: claims, and what they mean to ports, bindings and leases.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pool/choose.h"
#include "tests/fake-sysfs.h"
#include "tests/pool-fixture.h"

#define TTL_MS INT64_C(300000)
#define N_VFS  (2 * FIXTURE_N_VFS)

static int setup(void **state)
{
	struct pool_fixture *fixture;
	struct vfp_pooldef def;
	int rc = pool_fixture_setup(state, NULL);

	fixture = *state;
	def = fixture_def("sriov0", "");
	vfp_copy(def.physnet, sizeof(def.physnet), "physnet1");
	assert_done(fixture, vfp_pool_define(fixture->pool, &def, &fixture->err));
	vfp_pooldef_free(&def);
	return rc;
}

static struct vfp_claim_ask ask_of(const struct vfp_owner *owner)
{
	struct vfp_claim_ask ask = VFP_CLAIM_ASK_INIT;

	ask.uuid = owner->uuid;
	ask.name = owner->name;
	ask.pool = "sriov0";
	return ask;
}

/* Domain @n claims a VF for MAC @n; aborts the test when it fails. */
static struct vfp_claim claim(struct pool_fixture *fixture, unsigned int n)
{
	const struct vfp_owner owner = fixture_owner(n);
	const struct vfp_mac mac = fixture_mac(n);
	struct vfp_claim_ask ask = ask_of(&owner);
	struct vfp_claim claim;
	char text[VFP_MAC_SIZE];

	ask.mac = vfp_mac_format(&mac, text);
	assert_done(fixture, vfp_pool_claim(fixture->pool, &ask, &claim, &fixture->err));
	return claim;
}

static int release(struct pool_fixture *fixture, unsigned int n, unsigned int *ret_n)
{
	const struct vfp_owner owner = fixture_owner(n);

	return vfp_pool_release(fixture->pool, owner.uuid, NULL, ret_n, &fixture->err);
}

/* How many VFs the inventory shows as claimed. */
static size_t n_claimed(struct pool_fixture *fixture)
{
	static const struct vfp_choice anyone = {.uuid = ""};
	vfp_autofree struct vfp_member *members = NULL;
	enum vfp_unfit unfit[N_VFS];
	size_t n, found = 0;

	assert_done(fixture,
		    vfp_inventory_read(fixture->pool, NULL, false, &members, &n, &fixture->err));
	assert_int_equal(n, N_VFS);
	vfp_choose(members, n, &anyone, unfit);
	for (size_t i = 0; i < n; i++)
		found += unfit[i] == VFP_UNFIT_CLAIMED;
	return found;
}

static size_t n_ports(struct pool_fixture *fixture, const char *uuid)
{
	vfp_autofree struct vfp_port *ports = NULL;
	size_t n;

	assert_done(fixture, vfp_pool_ports(fixture->pool, uuid, &ports, &n, &fixture->err));
	return n;
}

static bool is_same_vf(const struct vfp_vf *a, const struct vfp_vf *b)
{
	return a->index == b->index && !strcmp(a->pf, b->pf);
}

static void test_claim(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_mac mac = fixture_mac(1);
	struct vfp_claim first = claim(fixture, 1), again;

	assert_true(vfp_mac_equal(&first.binding.mac, &mac));
	assert_string_equal(first.owner.name, "web1");
	assert_string_equal(first.binding.pool, "sriov0");
	assert_string_equal(first.binding.portgroup, "plain");
	assert_string_equal(first.physnet, "physnet1");
	assert_int_equal(first.until_ms, FIXTURE_NOW + TTL_MS);
	assert_false(vfp_pci_is_none(&first.binding.vf.pci));
	assert_int_equal(n_claimed(fixture), 1);
	/* Again: the same VF, and its time begins anew. */
	fake_clock_set(FIXTURE_NOW + 1000);
	again = claim(fixture, 1);
	assert_true(is_same_vf(&first.binding.vf, &again.binding.vf));
	assert_int_equal(again.until_ms, FIXTURE_NOW + 1000 + TTL_MS);
	assert_int_equal(n_claimed(fixture), 1);
	assert_int_equal(fixture_events(fixture, "claim"), 2);
}

/* A case says only what is other than usual. */
#pragma GCC diagnostic ignored "-Woverride-init"

/* What an ask may be: the words of a refusal, or where it leads. */
static void test_asks(void **state)
{
	static const char uuid[] = "00000000-0000-0000-0000-000000000007";
#define ASK(...)                                                                    \
	{                                                                           \
		.uuid = uuid, .pool = "sriov0", .vlan = -1, .numa = -1, .count = 1, \
		.ttl_seconds = 60, __VA_ARGS__                                      \
	}
	static const struct {
		struct vfp_claim_ask ask;
		int code;
		const char *words; /* or the port group */
	} cases[] = {
		{ASK(), 0, "plain"},
		{ASK(.portgroup = "blue"), 0, "blue"},
		{ASK(.vlan = 100), 0, "blue"},
		{ASK(.vlan = 0), 0, "plain"},
		{ASK(.pool = NULL, .physnet = "physnet1", .vlan = 100), 0, "blue"},
		{ASK(.numa = 0), 0, "plain"},
		{ASK(.uuid = NULL), EINVAL, "'' is not a domain's UUID"},
		{ASK(.uuid = "web1"), EINVAL, "'web1' is not a domain's UUID"},
		{ASK(.name = "a/b"), EINVAL, "is not a domain's name"},
		{ASK(.name = ""), EINVAL, "is not a domain's name"},
		{ASK(.name = "a\nb"), EINVAL, "is not a domain's name"},
		{ASK(.pool = NULL), EINVAL,
		 "a pool or a physical network was expected, one of them"},
		{ASK(.physnet = "physnet1"), EINVAL, "one of them"},
		{ASK(.pool = ""), EINVAL, "one of them"},
		{ASK(.pool = "nosuch"), ENOENT, "pool nosuch: there is none of that name"},
		{ASK(.pool = NULL, .physnet = "no"), ENOENT,
		 "physical network no: no pool is of it"},
		{ASK(.portgroup = "pink"), ENOENT, "pool sriov0: has no port group pink"},
		{ASK(.vlan = 7), ENOENT, "has no port group of VLAN 7"},
		{ASK(.vlan = 4095), EINVAL, "vlan 4095: 0 to 4094 was expected"},
		{ASK(.vlan = 100, .portgroup = "blue"), EINVAL, "not both"},
		{ASK(.mac = "52:54:00"), EINVAL, "'52:54:00' is not a MAC address"},
		{ASK(.mac = "01:00:5e:00:00:01"), EINVAL, "01:00:5e:00:00:01"},
		{ASK(.mac = "00:00:00:00:00:00"), EINVAL, "00:00:00:00:00:00"},
		{ASK(.mac = "52:54:00:00:00:07", .count = 2), EINVAL, "one NIC has it, not 2"},
		{ASK(.count = 0), EINVAL, "count 0: 1 to 64 was expected"},
		{ASK(.count = 65), EINVAL, "count 65"},
		{ASK(.count = -1), EINVAL, "count -1"},
		{ASK(.ttl_seconds = 0), EINVAL, "ttl 0: 1 to 86400 was expected"},
		{ASK(.ttl_seconds = -5), EINVAL, "ttl -5"},
		{ASK(.ttl_seconds = 86401), EINVAL, "ttl 86401"},
		{ASK(.numa = 4096), EINVAL, "numa 4096"},
		{ASK(.count = 9), ENOSPC,
		 "pool sriov0 has 8 VFs for domain 00000000-0000-0000-0000-000000000007, and 9 were asked "
		 "for; 8 VFs: 8 taken by this domain"},
	};
	struct pool_fixture *fixture = *state;
	struct vfp_claim claims[VFP_CLAIM_MAX];

	for (size_t i = 0; i < VFP_N(cases); i++) {
		int rc = vfp_pool_claim(fixture->pool, &cases[i].ask, claims, &fixture->err);
		unsigned int n;

		if (cases[i].code) {
			assert_refused(fixture, rc, cases[i].code, cases[i].words);
			assert_int_equal(n_ports(fixture, NULL), 0);
			continue;
		}
		assert_done(fixture, rc);
		assert_string_equal(claims[0].binding.portgroup, cases[i].words);
		assert_string_equal(claims[0].owner.name, uuid);
		assert_done(fixture,
			    vfp_pool_release(fixture->pool, uuid, NULL, &n, &fixture->err));
		assert_int_equal(n, 1);
	}
}

/* All or none, and never one that another has. */
static void test_count(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web1 = fixture_owner(1), web2 = fixture_owner(2);
	struct vfp_claim_ask ask = ask_of(&web1), other = ask_of(&web2);
	struct vfp_claim first[6], again[6], rest[6];

	ask.count = 6;
	other.count = 3;
	assert_done(fixture, vfp_pool_claim(fixture->pool, &ask, first, &fixture->err));
	assert_int_equal(n_claimed(fixture), 6);
	for (size_t i = 0; i < 6; i++)
		for (size_t j = 0; j < i; j++) {
			assert_false(is_same_vf(&first[i].binding.vf, &first[j].binding.vf));
			assert_false(vfp_mac_equal(&first[i].binding.mac, &first[j].binding.mac));
		}
	assert_refused(
		fixture, vfp_pool_claim(fixture->pool, &other, rest, &fixture->err), ENOSPC,
		"pool sriov0 has 2 VFs for domain web2, and 3 were asked for; 8 VFs: 6 claimed, "
		"2 taken by this domain; ens1f0#0 web1");
	assert_int_equal(n_claimed(fixture), 6);
	other.count = 2;
	assert_done(fixture, vfp_pool_claim(fixture->pool, &other, rest, &fixture->err));
	assert_int_equal(n_claimed(fixture), 8);
	/* Without MACs again: the NICs of before, in whatever order. */
	assert_done(fixture, vfp_pool_claim(fixture->pool, &ask, again, &fixture->err));
	for (size_t i = 0; i < 6; i++) {
		size_t j = 0;

		while (j < 6 && !vfp_mac_equal(&first[i].binding.mac, &again[j].binding.mac))
			j++;
		assert_true(j < 6 && is_same_vf(&first[i].binding.vf, &again[j].binding.vf));
	}
	assert_int_equal(n_claimed(fixture), 8);
}

/* The NICs of other networks are left alone. */
static void test_two_networks(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web1 = fixture_owner(1);
	struct vfp_claim_ask plain = ask_of(&web1), blue = ask_of(&web1);
	struct vfp_claim a, b, again;

	blue.portgroup = "blue";
	assert_done(fixture, vfp_pool_claim(fixture->pool, &plain, &a, &fixture->err));
	assert_done(fixture, vfp_pool_claim(fixture->pool, &blue, &b, &fixture->err));
	assert_int_equal(b.binding.vlan, 100);
	assert_false(vfp_mac_equal(&a.binding.mac, &b.binding.mac));
	assert_false(is_same_vf(&a.binding.vf, &b.binding.vf));
	assert_done(fixture, vfp_pool_claim(fixture->pool, &plain, &again, &fixture->err));
	assert_true(vfp_mac_equal(&a.binding.mac, &again.binding.mac));
	assert_int_equal(n_claimed(fixture), 2);
}

static void test_release(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web1 = fixture_owner(1);
	struct vfp_claim_ask ask = ask_of(&web1);
	struct vfp_claim claims[2];
	char mac[VFP_MAC_SIZE];
	unsigned int n;

	ask.count = 2;
	assert_done(fixture, vfp_pool_claim(fixture->pool, &ask, claims, &fixture->err));
	assert_done(fixture, vfp_pool_release(fixture->pool, web1.uuid,
					      vfp_mac_format(&claims[0].binding.mac, mac), &n,
					      &fixture->err));
	assert_int_equal(n, 1);
	assert_int_equal(n_ports(fixture, NULL), 1);
	for (unsigned int expected = 1; expected <= 1; expected--) {
		assert_done(fixture, release(fixture, 1, &n));
		assert_int_equal(n, expected);
		assert_int_equal(n_ports(fixture, NULL), 0);
	}
	assert_int_equal(fixture_events(fixture, "unclaim"), 2);
	assert_refused(fixture, vfp_pool_release(fixture->pool, "x", NULL, &n, &fixture->err),
		       EINVAL, "'x' is not a domain's UUID");
	assert_refused(fixture, vfp_pool_release(fixture->pool, web1.uuid, "x", &n, &fixture->err),
		       EINVAL, "'x' is not a MAC address");
}

/* Its time: readers do not wait for a writer to end it. */
static void test_time(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_oldest oldest;
	unsigned int n;

	claim(fixture, 1);
	assert_done(fixture, vfp_pool_oldest(fixture->pool, &oldest, &fixture->err));
	assert_int_equal(oldest.claim_ms, FIXTURE_NOW + TTL_MS);
	assert_int_equal(oldest.port_ms, 0);
	/* A clock that is set back a little, and one that was years ahead. */
	fake_clock_set(FIXTURE_NOW - VFP_CLAIM_TTL_MAX_S * INT64_C(1000));
	assert_int_equal(n_claimed(fixture), 1);
	fake_clock_set(FIXTURE_NOW + TTL_MS - 2000 * INT64_C(86400) - 1);
	assert_int_equal(n_claimed(fixture), 0);
	fake_clock_set(FIXTURE_NOW + TTL_MS - 1);
	assert_int_equal(n_claimed(fixture), 1);
	assert_done(fixture, vfp_pool_end_claims(fixture->pool, &n, &fixture->err));
	assert_int_equal(n, 0);
	fake_clock_set(FIXTURE_NOW + TTL_MS);
	assert_int_equal(n_claimed(fixture), 0);
	assert_int_equal(n_ports(fixture, NULL), 1);
	assert_done(fixture, vfp_pool_end_claims(fixture->pool, &n, &fixture->err));
	assert_int_equal(n, 1);
	assert_int_equal(n_ports(fixture, NULL), 0);
	assert_done(fixture, vfp_pool_oldest(fixture->pool, &oldest, &fixture->err));
	assert_int_equal(oldest.claim_ms, 0);
}

static void test_reboot(void **state)
{
	struct pool_fixture *fixture = *state;
	unsigned int n;

	claim(fixture, 1);
	fixture_reboot(fixture);
	assert_int_equal(n_claimed(fixture), 0);
	assert_done(fixture, vfp_pool_end_claims(fixture->pool, &n, &fixture->err));
	assert_int_equal(n, 1);
}

static int lease(struct pool_fixture *fixture, unsigned int n, const struct vfp_binding *binding)
{
	const struct vfp_owner owner = fixture_owner(n);
	const struct vfp_ask ask = fixture_ask(binding);
	struct vfp_lease got;

	return vfp_pool_lease(fixture->pool, &owner, &fixture_daemon, &ask, 1, &got, &fixture->err);
}

/* The agent writes the definition itself. */
static void test_becomes_the_lease(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_claim first = claim(fixture, 1), again;
	unsigned int n;

	assert_done(fixture, lease(fixture, 1, &first.binding));
	assert_int_equal(n_claimed(fixture), 0);
	/* A claim of what the domain has is answered with it, and claims nothing. */
	again = claim(fixture, 1);
	assert_int_equal(again.until_ms, 0);
	assert_true(is_same_vf(&first.binding.vf, &again.binding.vf));
	assert_done(fixture, release(fixture, 1, &n));
	assert_int_equal(n, 0);
	assert_int_equal(n_ports(fixture, NULL), 1);
	assert_int_equal(fixture_events(fixture, "lease"), 1);
}

/* The agent has its definition bound. */
static void test_bind_keeps_it(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web1 = fixture_owner(1);
	const struct vfp_want with_mac = fixture_want(1, ""), without = fixture_want(0, "");
	struct vfp_claim first = claim(fixture, 1);
	struct vfp_binding bound;

	assert_done(fixture,
		    vfp_pool_bind(fixture->pool, &web1, &with_mac, 1, "", &bound, &fixture->err));
	assert_true(is_same_vf(&first.binding.vf, &bound.vf));
	/* One that says no MAC gets that of the claim. */
	assert_done(fixture,
		    vfp_pool_bind(fixture->pool, &web1, &without, 1, "", &bound, &fixture->err));
	assert_true(vfp_mac_equal(&first.binding.mac, &bound.mac));
	assert_true(is_same_vf(&first.binding.vf, &bound.vf));
	assert_int_equal(n_claimed(fixture), 1);
	/* And one that has no NIC at all does not end it, nor does an undefine. */
	assert_done(fixture,
		    vfp_pool_bind(fixture->pool, &web1, NULL, 0, "", &bound, &fixture->err));
	assert_done(fixture, vfp_pool_seen(fixture->pool, &web1, &fixture->err));
	assert_done(fixture, vfp_pool_unbind(fixture->pool, web1.uuid, &fixture->err));
	assert_int_equal(n_claimed(fixture), 1);
	/* With its time the port is over as well, since the domain is gone. */
	fake_clock_set(FIXTURE_NOW + TTL_MS);
	assert_done(fixture, vfp_pool_end_claims(fixture->pool, NULL, &fixture->err));
	assert_int_equal(n_ports(fixture, NULL), 0);
}

/* Of a domain that libvirt knows only the claim ends. */
static void test_known_domain(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web1 = fixture_owner(1);
	struct vfp_binding bound = fixture_bind(fixture, 1, "");
	struct vfp_claim first;
	unsigned int n;

	assert_done(fixture, vfp_pool_seen(fixture->pool, &web1, &fixture->err));
	first = claim(fixture, 1);
	assert_true(is_same_vf(&bound.vf, &first.binding.vf));
	assert_done(fixture, release(fixture, 1, &n));
	assert_int_equal(n, 1);
	assert_int_equal(n_ports(fixture, web1.uuid), 1);
	assert_done(fixture, lease(fixture, 1, &bound));
}

/* Nobody else gets it: by a definition that points there, by a claim, by a binding. */
static void test_others(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_binding bound = fixture_bind(fixture, 2, ""), moved;
	struct vfp_owner *misplaced;
	const struct vfp_owner web2 = fixture_owner(2), web1 = fixture_owner(1);
	struct vfp_claim_ask ask = ask_of(&web1);
	struct vfp_claim claims[N_VFS];
	unsigned int n;
	size_t n_misplaced;

	assert_done(fixture, vfp_pool_seen(fixture->pool, &web2, &fixture->err));
	/* All of them are claimed, the one that web2 points at as well. */
	ask.count = N_VFS;
	assert_done(fixture, vfp_pool_claim(fixture->pool, &ask, claims, &fixture->err));
	assert_refused(fixture, lease(fixture, 2, &bound), ENOSPC,
		       "VF ens1f0#0 is claimed for web1, which is about to start");
	assert_int_equal(fixture_events(fixture, "refused"), 1);
	moved = fixture_bind(fixture, 3, "");
	assert_int_equal(n_claimed(fixture), N_VFS);
	assert_refused(fixture, lease(fixture, 3, &moved), ENOSPC, "8 claimed");
	/* One is given back: web2 is to be moved there, and starts. */
	assert_done(fixture, release(fixture, 1, &n));
	assert_int_equal(n, N_VFS);
	assert_done(fixture, vfp_pool_claim(fixture->pool,
					    &(struct vfp_claim_ask){.uuid = web1.uuid,
								    .pool = "sriov0",
								    .vlan = -1,
								    .numa = -1,
								    .count = N_VFS - 1,
								    .ttl_seconds = 60},
					    claims, &fixture->err));
	assert_done(fixture,
		    vfp_pool_misplaced(fixture->pool, &misplaced, &n_misplaced, &fixture->err));
	free(misplaced);
	bound = fixture_bind(fixture, 2, "");
	assert_done(fixture, lease(fixture, 2, &bound));
}

/* Whose time is over stands in nobody's way, also when no writer has ended it yet. */
static void test_over_and_leased_by_another(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web1 = fixture_owner(1);
	struct vfp_binding bound = fixture_bind(fixture, 2, "");
	struct vfp_claim_ask ask = ask_of(&web1);
	struct vfp_claim claims[N_VFS];

	ask.count = N_VFS;
	assert_done(fixture, vfp_pool_claim(fixture->pool, &ask, claims, &fixture->err));
	fake_clock_set(FIXTURE_NOW + TTL_MS);
	assert_done(fixture, lease(fixture, 2, &bound));
	assert_int_equal(fixture_events(fixture, "unclaim"), N_VFS);
}

/* A VF that breaks: the claim goes on with another one, or ends when there is none. */
static void test_vf_breaks(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web1 = fixture_owner(1), web2 = fixture_owner(2);
	const struct vfp_want want = fixture_want(1, "");
	struct vfp_claim_ask ask = ask_of(&web2);
	struct vfp_claim first = claim(fixture, 1), others[N_VFS];
	struct vfp_binding bound;

	assert_done(fixture, vfp_pool_fault(fixture->pool, &first.binding.vf, 0, "MAC stays",
					    &fixture->err));
	assert_done(fixture,
		    vfp_pool_bind(fixture->pool, &web1, &want, 1, "", &bound, &fixture->err));
	assert_false(is_same_vf(&first.binding.vf, &bound.vf));
	assert_int_equal(n_claimed(fixture), 1);
	ask.count = N_VFS - 2;
	assert_done(fixture, vfp_pool_claim(fixture->pool, &ask, others, &fixture->err));
	assert_done(fixture,
		    vfp_pool_fault(fixture->pool, &bound.vf, 0, "MAC stays", &fixture->err));
	assert_done(fixture,
		    vfp_pool_bind(fixture->pool, &web1, &want, 1, "", &bound, &fixture->err));
	assert_int_equal(n_claimed(fixture), N_VFS - 2);
	assert_int_equal(fixture_events(fixture, "unclaim"), 1);
}

/* After a reboot VFs wait for their scrub, which a start does: they can be claimed. */
static void test_dirty(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web1 = fixture_owner(1);
	struct vfp_claim_ask ask = ask_of(&web1);
	struct vfp_claim claims[N_VFS];

	fixture_lease(fixture, 2, "");
	fixture_reboot(fixture);
	ask.count = N_VFS;
	assert_done(fixture, vfp_pool_claim(fixture->pool, &ask, claims, &fixture->err));
	assert_true(is_same_vf(&claims[N_VFS - 1].binding.vf, &(struct vfp_vf){.pf = "ens1f0"}));
}

static void test_taken_mac(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web2 = fixture_owner(2);
	struct vfp_claim_ask ask = ask_of(&web2);
	struct vfp_claim got;

	claim(fixture, 1);
	ask.mac = "52:54:00:00:00:01";
	assert_refused(fixture, vfp_pool_claim(fixture->pool, &ask, &got, &fixture->err), EEXIST,
		       "is on a port of domain web1");
	fake_clock_set(FIXTURE_NOW + TTL_MS);
	assert_done(fixture, vfp_pool_claim(fixture->pool, &ask, &got, &fixture->err));
}

/* Another pool of the same physical network comes next when the first has not enough. */
static void test_physnet(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web1 = fixture_owner(1), web2 = fixture_owner(2);
	struct vfp_pooldef def = fixture_def("sriov0", "0-1");
	struct vfp_claim_ask ask = ask_of(&web1);
	struct vfp_claim got[N_VFS];

	vfp_copy(def.physnet, sizeof(def.physnet), "physnet1");
	assert_done(fixture, vfp_pool_define(fixture->pool, &def, &fixture->err));
	vfp_copy(def.name, sizeof(def.name), "sriov1");
	for (size_t i = 0; i < def.n_pfs; i++)
		vfp_copy(def.pfs[i].vfs, sizeof(def.pfs[i].vfs), "2-3");
	assert_done(fixture, vfp_pool_define(fixture->pool, &def, &fixture->err));
	vfp_pooldef_free(&def);
	ask.pool = NULL;
	ask.physnet = "physnet1";
	ask.count = 3;
	assert_done(fixture, vfp_pool_claim(fixture->pool, &ask, got, &fixture->err));
	assert_string_equal(got[0].binding.pool, "sriov0");
	ask.uuid = web2.uuid;
	assert_done(fixture, vfp_pool_claim(fixture->pool, &ask, got, &fixture->err));
	assert_string_equal(got[0].binding.pool, "sriov1");
	/* Its own pool first, although the other one is free by now. */
	assert_done(fixture, vfp_pool_release(fixture->pool, web1.uuid, NULL, &(unsigned int){0},
					      &fixture->err));
	assert_done(fixture, vfp_pool_claim(fixture->pool, &ask, got, &fixture->err));
	assert_string_equal(got[0].binding.pool, "sriov1");
	ask.uuid = "00000000-0000-0000-0000-0000000000ff";
	ask.count = 5;
	assert_refused(fixture, vfp_pool_claim(fixture->pool, &ask, got, &fixture->err), ENOSPC,
		       "none of the 2 pools of physical network physnet1: pool sriov1 has 1 VFs");
}

/* A pin elsewhere is stronger. */
static void test_pin(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_owner web1 = fixture_owner(1);
	const struct vfp_mac mac = fixture_mac(1);
	struct vfp_claim first = claim(fixture, 1), again;
	struct vfp_vf vf = fixture_vf("ens1f1", 3);

	assert_done(fixture,
		    vfp_pool_pin(fixture->pool, web1.uuid, &mac, &first.binding.vf, &fixture->err));
	assert_int_equal(n_claimed(fixture), 1);
	assert_done(fixture, vfp_pool_pin(fixture->pool, web1.uuid, &mac, &vf, &fixture->err));
	assert_int_equal(n_claimed(fixture), 0);
	again = claim(fixture, 1);
	assert_true(is_same_vf(&again.binding.vf, &vf));
}

/* Claims and releases in a group are what they are by themselves; one that is refused spoils
 * nothing. */
static void test_group(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_owner owner = fixture_owner(3);
	struct vfp_claim_ask ask = ask_of(&owner);
	struct vfp_claim many[VFP_CLAIM_MAX];
	struct vfp_pool *other;
	unsigned int n_ended;
	struct vfp_claim one, two;
	struct vfp_port *ports;
	size_t n;

	assert_done(fixture, vfp_pool_begin_group(fixture->pool, &fixture->err));
	one = claim(fixture, 1);
	ask.count = N_VFS;
	assert_refused(fixture, vfp_pool_claim(fixture->pool, &ask, many, &fixture->err), ENOSPC,
		       "and 8 were asked for");
	two = claim(fixture, 2);
	assert_true(one.binding.vf.index != two.binding.vf.index ||
		    strcmp(one.binding.vf.pf, two.binding.vf.pf) != 0);
	assert_int_equal(release(fixture, 1, &n_ended), 0);
	assert_int_equal(n_ended, 1);
	assert_done(fixture, vfp_pool_open(&fixture->host, VFP_POOL_READ, &other, &fixture->err));
	assert_done(fixture, vfp_pool_ports(other, NULL, &ports, &n, &fixture->err));
	assert_int_equal(n, 0);
	free(ports);
	assert_done(fixture, vfp_pool_end_group(fixture->pool, &fixture->err));
	assert_done(fixture, vfp_pool_ports(other, NULL, &ports, &n, &fixture->err));
	assert_int_equal(n, 1);
	assert_true(vfp_mac_equal(&ports[0].mac, &two.binding.mac));
	free(ports);
	vfp_pool_close(other);
	assert_int_equal(fixture_events(fixture, "claim"), 2);
	assert_int_equal(fixture_events(fixture, "unclaim"), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, pool_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_claim),	  TEST(test_asks),
		TEST(test_count),	  TEST(test_two_networks),
		TEST(test_release),	  TEST(test_time),
		TEST(test_reboot),	  TEST(test_becomes_the_lease),
		TEST(test_bind_keeps_it), TEST(test_known_domain),
		TEST(test_others),	  TEST(test_over_and_leased_by_another),
		TEST(test_vf_breaks),	  TEST(test_dirty),
		TEST(test_taken_mac),	  TEST(test_physnet),
		TEST(test_pin),		  TEST(test_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
