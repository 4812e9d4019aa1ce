/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pool/inventory.c: the host's VFs joined with the book.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pool/inventory.h"
#include "tests/pool-fixture.h"

static int setup(void **state)
{
	return pool_fixture_setup(state, NULL);
}

static struct vfp_member *read_all(struct pool_fixture *fixture, const char *pool,
				   bool with_holders, size_t *ret_n)
{
	struct vfp_member *members;

	assert_done(fixture, vfp_inventory_read(fixture->pool, pool, with_holders, &members, ret_n,
						&fixture->err));
	return members;
}

static void test_order_and_presence(void **state)
{
	/* Pool a: all of ens1f0; pool b: a range of ens1f1 that goes beyond what there is. */
	static const struct {
		const char *pool, *pf;
		unsigned int index;
		bool is_present;
	} expected[] = {
		{"a", "ens1f0", 0, true},  {"a", "ens1f0", 1, true},  {"a", "ens1f0", 2, true},
		{"a", "ens1f0", 3, true},  {"b", "ens1f1", 1, true},  {"b", "ens1f1", 3, true},
		{"b", "ens1f1", 4, false}, {"b", "ens1f1", 5, false},
	};
	struct pool_fixture *fixture = *state;
	struct vfp_pooldef a = fixture_def("a", ""), b = fixture_def("b", "1,3-5");
	vfp_autofree struct vfp_member *members = NULL;
	size_t n;

	a.n_pfs = b.n_pfs = 1;
	b.pfs[0] = b.pfs[1];
	assert_done(fixture, vfp_pool_define(fixture->pool, &b, &fixture->err));
	assert_done(fixture, vfp_pool_define(fixture->pool, &a, &fixture->err));
	vfp_pooldef_free(&a);
	vfp_pooldef_free(&b);
	members = read_all(fixture, NULL, false, &n);
	assert_int_equal(n, VFP_N(expected));
	for (size_t i = 0; i < n; i++) {
		const struct vfp_vf vf = fixture_vf(expected[i].pf, expected[i].index);

		assert_string_equal(members[i].pool, expected[i].pool);
		assert_string_equal(members[i].vf.pf, expected[i].pf);
		assert_int_equal(members[i].vf.index, expected[i].index);
		assert_int_equal(members[i].is_present, expected[i].is_present);
		assert_true(members[i].pf_is_present && members[i].has_carrier);
		assert_int_equal(members[i].numa_node, i < 4 ? 0 : 1);
		if (expected[i].is_present)
			assert_int_equal(vfp_pci_compare(&members[i].vf.pci, &vf.pci), 0);
		else
			assert_true(vfp_pci_is_none(&members[i].vf.pci));
	}
	free(VFP_TAKE(members));
	members = read_all(fixture, "b", false, &n);
	assert_int_equal(n, 4);
	assert_refused(fixture,
		       vfp_inventory_read(fixture->pool, "c", false, &members, &n, &fixture->err),
		       ENOENT, "pool c");
}

static void test_gone(void **state)
{
	struct pool_fixture *fixture = *state;
	vfp_autofree struct vfp_member *members = NULL;
	size_t n;

	fixture_define(fixture, "0-1");
	fake_kernel_set_num_vfs(&fixture->host, "ens1f0", 0);
	fake_remove(&fixture->host, "/sys/class/net/ens1f1");
	members = read_all(fixture, "sriov0", false, &n);
	assert_int_equal(n, 4);
	assert_true(members[0].pf_is_present);
	assert_false(members[0].is_present);
	assert_false(members[2].pf_is_present);
	assert_false(members[2].is_present);
	assert_int_equal(members[2].numa_node, -1);
}

static void test_book(void **state)
{
	struct pool_fixture *fixture = *state;
	vfp_autofree struct vfp_member *members = NULL;
	const struct vfp_vf held = fixture_vf("ens1f0", 3), faulty = fixture_vf("ens1f1", 2);
	size_t n;

	fixture_define(fixture, "");
	fixture_bind(fixture, 1, "");
	fixture_lease(fixture, 2, "blue");
	assert_done(fixture, vfp_pool_hold(fixture->pool, &held, "host", &fixture->err));
	assert_done(fixture, vfp_pool_fault(fixture->pool, &faulty, 0, "broken", &fixture->err));
	members = read_all(fixture, "sriov0", false, &n);
	assert_int_equal(n, 2 * FIXTURE_N_VFS);
	assert_int_equal(members[0].n_bound, 1);
	assert_false(members[0].is_leased);
	assert_true(members[3].is_held);
	assert_string_equal(members[3].more->reason, "host");
	assert_true(members[4].is_leased && members[4].is_dirty);
	assert_string_equal(members[4].more->lease.owner.name, "web2");
	assert_string_equal(members[4].more->lease.portgroup, "blue");
	assert_int_equal(vfp_pci_compare(&members[4].more->lease.vf.pci, &members[4].vf.pci), 0);
	assert_true(members[6].is_faulty);
	assert_string_equal(members[6].pool, "sriov0");
	assert_int_equal(members[7].n_bound, 0);
}

/* The lessee's own QEMU is no foreign holder; any other process is. */
static void test_holders(void **state)
{
	struct pool_fixture *fixture = *state;
	vfp_autofree struct vfp_member *members = NULL;
	struct fake_process qemu = {.pid = 4711, .domain = "web1"};
	struct fake_process dpdk = {.pid = 99, .comm = "dpdk-testpmd"};
	struct vfp_lease lease;
	size_t n;

	fixture_define(fixture, "");
	lease = fixture_lease(fixture, 1, "");
	members = read_all(fixture, "sriov0", false, &n);
	qemu.uuid = lease.owner.uuid;
	qemu.groups[0] = members[0].info.iommu_group;
	dpdk.groups[0] = members[2].info.iommu_group;
	fake_process_add(&fixture->host, &qemu);
	fake_process_add(&fixture->host, &dpdk);
	free(VFP_TAKE(members));
	members = read_all(fixture, "sriov0", true, &n);
	assert_false(members[0].is_used);
	assert_false(members[1].is_used);
	assert_true(members[2].is_used);
	assert_string_equal(members[2].more->used_by, "dpdk-testpmd");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, pool_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_order_and_presence),
		TEST(test_gone),
		TEST(test_book),
		TEST(test_holders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
