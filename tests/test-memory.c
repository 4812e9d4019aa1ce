/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/memory.c: what the host can lock, and which huge pages are free.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "tests/fake-sysfs.h"

#define FOLDER "/sys/kernel/mm/hugepages/hugepages-2048kB"

static int setup(void **state)
{
	static struct vfp_host host;

	fake_root_make(&host, NULL, 0);
	*state = &host;
	return 0;
}

static int teardown(void **state)
{
	fake_root_remove(*state);
	return 0;
}

static void test_lockable(void **state)
{
	static const struct {
		uint64_t total_mib, huge_mib, setting_mib;
		uint64_t reserve_kib, kib;
	} cases[] = {
		{1000, 0, VFP_SETTING_DEFAULT, (512 << 10) + 20480, (468 << 10)},
		{1000, 0, 0, 0, 1000 << 10},
		{1000, 200, 100, 100 << 10, 700 << 10},
		{1000, 900, 100, 100 << 10, 0},
		{1000, 0, 1001, 1001 << 10, 0},
		{1000, 1000, VFP_SETTING_DEFAULT, (512 << 10) + 20480, 0},
	};

	for (size_t i = 0; i < VFP_N(cases); i++) {
		const struct vfp_settings settings = {.memory_reserve_mib = cases[i].setting_mib};
		struct vfp_lockable lockable;
		struct vfp_err err = {0};

		fake_memory_set(*state, cases[i].total_mib, cases[i].huge_mib);
		assert_int_equal(vfp_memory_lockable(*state, &settings, &lockable, &err), 0);
		assert_int_equal(lockable.total_kib, cases[i].total_mib << 10);
		assert_int_equal(lockable.hugetlb_kib, cases[i].huge_mib << 10);
		assert_int_equal(lockable.reserve_kib, cases[i].reserve_kib);
		assert_int_equal(lockable.kib, cases[i].kib);
	}
}

static void test_no_meminfo(void **state)
{
	const struct vfp_settings settings = {0};
	struct vfp_lockable lockable;
	struct vfp_err err = {0};

	fake_write(*state, "/proc/meminfo", "MemTotal: 5 kB\n");
	assert_int_equal(vfp_memory_lockable(*state, &settings, &lockable, &err), -EPROTO);
	assert_non_null(strstr(err.msg, "has no line Hugetlb:"));
	fake_remove(*state, "/proc/meminfo");
	assert_int_equal(vfp_memory_lockable(*state, &settings, &lockable, &err), -ENOENT);
}

static void test_free_pages(void **state)
{
	static const struct {
		const char *available, *reserved, *overcommit, *surplus;
		uint64_t page_kib; /* asked for */
		int rc;
		uint64_t kib;
	} cases[] = {
		{"10", "0", "0", "0", 2048, 0, 20480},	    {"10", "0", "0", "0", 0, 0, 20480},
		{"10", "3", "0", "0", 2048, 0, 14336},	    {"3", "10", "0", "0", 2048, 0, 0},
		{"10", "3", "5", "1", 2048, 0, 22528},	    {"10", "0", "5", "6", 2048, 0, 20480},
		{"10", "0", "0", "0", 1048576, -ENOENT, 0},
	};

	for (size_t i = 0; i < VFP_N(cases); i++) {
		uint64_t page_kib = 0, kib = 0;
		struct vfp_err err = {0};

		fake_write(*state, FOLDER "/free_hugepages", cases[i].available);
		fake_write(*state, FOLDER "/resv_hugepages", cases[i].reserved);
		fake_write(*state, FOLDER "/nr_overcommit_hugepages", cases[i].overcommit);
		fake_write(*state, FOLDER "/surplus_hugepages", cases[i].surplus);
		assert_int_equal(
			vfp_memory_free_pages(*state, cases[i].page_kib, &page_kib, &kib, &err),
			cases[i].rc);
		assert_int_equal(kib, cases[i].kib);
		if (cases[i].rc == 0)
			assert_int_equal(page_kib, 2048);
		else
			assert_string_equal(err.msg, "this host has no huge pages of 1048576 KiB");
	}
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH(test_lockable),
		WITH(test_no_meminfo),
		WITH(test_free_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
