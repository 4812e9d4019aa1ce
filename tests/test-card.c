/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pool/card.c: cards that are moved, exchanged and replaced, known again by their permanent MAC.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pool/card.h"
#include "tests/pool-fixture.h"

#define MAC0 "00:1b:21:00:00:10" /* of ens1f0, tests/fake-sysfs.c */
#define MAC1 "00:1b:21:00:00:11" /* of ens1f1 */

static int setup(void **state)
{
	int rc = pool_fixture_setup(state, NULL);
	struct pool_fixture *fixture = *state;

	if (rc == 0) {
		fixture_define(fixture, "");
		assert_done(fixture, vfp_card_follow(fixture->pool, &fixture->err));
	}
	return rc;
}

/* The host's cards from now on: their names, "-" for one that is gone, by permanent MAC. */
static void place(const struct pool_fixture *fixture, const char *first, const char *second)
{
	const struct vfp_host *host = &fixture->host;
	const struct fake_pf cards[] = {
		{.dev = first, .pci = "0000:01:00.0", .mac = MAC0},
		{.dev = second, .pci = "0000:02:00.0", .mac = MAC1},
	};

	fake_remove(host, "/sys/class/net");
	fake_folder(host, "/sys/class/net");
	for (size_t i = 0; i < VFP_N(cards); i++) {
		fake_remove(host, fake_path("/sys/devices/pci0000:00/%s/net", cards[i].pci));
		if (strcmp(cards[i].dev, "-") != 0)
			fake_netdev_add(host, &cards[i]);
	}
}

/* The PFs of the pool, in the order of its definition. */
static void assert_pfs(struct pool_fixture *fixture, const char *first, const char *second)
{
	struct vfp_pooldef def;

	assert_done(fixture, vfp_pool_get(fixture->pool, "sriov0", &def, &fixture->err));
	assert_int_equal(def.n_pfs, 2);
	assert_string_equal(def.pfs[0].dev, first);
	assert_string_equal(def.pfs[1].dev, second);
	vfp_pooldef_free(&def);
}

static void test_follow(void **state)
{
	static const struct {
		const char *seen[2]; /* the names of the cards */
		const char *pfs[2];  /* the pool's afterwards */
		size_t n_moved;
	} cases[] = {
		{{"ens1f0", "ens1f1"}, {"ens1f0", "ens1f1"}, 0},
		{{"ens1f0", "ens7"}, {"ens1f0", "ens7"}, 1},
		{{"ens1f0", "ens7"}, {"ens1f0", "ens7"}, 1},
		{{"ens7", "ens1f0"}, {"ens7", "ens1f0"}, 3}, /* exchanged */
		{{"ens1f0", "ens7"}, {"ens1f0", "ens7"}, 5},
		/* The second card is gone and the first bears its name: the names change places, so
		 * that the one that is gone is not taken for it. */
		{{"ens7", "-"}, {"ens7", "ens1f0"}, 7},
		{{"-", "-"}, {"ens7", "ens1f0"}, 7},
		{{"ens2", "ens3"}, {"ens2", "ens3"}, 9},
	};
	struct pool_fixture *fixture = *state;

	for (size_t i = 0; i < VFP_N(cases); i++) {
		place(fixture, cases[i].seen[0], cases[i].seen[1]);
		assert_done(fixture, vfp_card_follow(fixture->pool, &fixture->err));
		assert_pfs(fixture, cases[i].pfs[0], cases[i].pfs[1]);
		assert_int_equal(fixture_events(fixture, "moved"), cases[i].n_moved);
		assert_done(fixture, vfp_pool_check_members(fixture->pool, &fixture->err));
	}
}

/* What hangs on a PF goes with it. */
static void test_lease_follows(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_lease lease = fixture_lease(fixture, 1, "blue"), found;

	place(fixture, strcmp(lease.vf.pf, "ens1f0") ? "ens1f0" : "ens7",
	      strcmp(lease.vf.pf, "ens1f1") ? "ens1f1" : "ens7");
	assert_done(fixture, vfp_card_follow(fixture->pool, &fixture->err));
	assert_int_equal(vfp_pool_lease_of(fixture->pool, &lease.vf, &found, NULL), -ENOENT);
	vfp_copy(lease.vf.pf, sizeof(lease.vf.pf), "ens7");
	assert_done(fixture, vfp_pool_lease_of(fixture->pool, &lease.vf, &found, &fixture->err));
	assert_int_equal(found.generation, lease.generation);
	assert_string_equal(found.owner.name, lease.owner.name);
}

/* Another card under a known name: nothing is renamed, and the check says so. */
static void test_replaced(void **state)
{
	struct pool_fixture *fixture = *state;

	fake_write(&fixture->host, "/fake/card/0000:01:00.0", "mac 00:1b:21:00:00:99\n");
	assert_done(fixture, vfp_card_follow(fixture->pool, &fixture->err));
	assert_pfs(fixture, "ens1f0", "ens1f1");
	assert_refused(fixture, vfp_card_check(fixture->pool, "ens1f0", &fixture->err), ENODEV,
		       "its permanent MAC is 00:1b:21:00:00:99, expected " MAC0);
	assert_done(fixture, vfp_card_check(fixture->pool, "ens1f1", &fixture->err));
	assert_done(fixture, vfp_card_remember(fixture->pool, "ens1f0", &fixture->err));
	assert_done(fixture, vfp_card_check(fixture->pool, "ens1f0", &fixture->err));
}

/* Two cards with one permanent MAC, which some boards have: the name counts. */
static void test_two_alike(void **state)
{
	struct pool_fixture *fixture = *state;

	fake_write(&fixture->host, "/fake/card/0000:01:00.0", "mac " MAC1 "\n");
	place(fixture, "ens8", "ens9");
	assert_done(fixture, vfp_card_follow(fixture->pool, &fixture->err));
	assert_pfs(fixture, "ens1f0", "ens1f1");
	assert_refused(fixture, vfp_card_check(fixture->pool, "ens1f1", &fixture->err), ENODEV,
		       "no card has its permanent MAC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_follow, setup, pool_fixture_teardown),
		cmocka_unit_test_setup_teardown(test_lease_follows, setup, pool_fixture_teardown),
		cmocka_unit_test_setup_teardown(test_replaced, setup, pool_fixture_teardown),
		cmocka_unit_test_setup_teardown(test_two_alike, setup, pool_fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
