/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pool/members.c: the file there and back, and whose a VF is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "pool/members.h"
#include "tests/fake-sysfs.h"

#define TEXT                                  \
	"# vfpool members 1\n"                \
	"pool sriov0\n"                       \
	"pool sriov1\n"                       \
	"pf sriov0 ens1f0 0000:01:00.0 2-7\n" \
	"pf sriov1 ens1f0 0000:01:00.0 0-1\n" \
	"pf sriov1 ens1f1 - -\n"

static int setup(void **state)
{
	static struct vfp_host host;

	fake_root_make(&host, NULL, 0);
	fake_folder(&host, "/var/lib/vfpool");
	*state = &host;
	return 0;
}

static int teardown(void **state)
{
	fake_root_remove(*state);
	return 0;
}

static void test_there_and_back(void **state)
{
	const struct vfp_host *host = *state;
	vfp_autofree char *text = NULL;
	struct vfp_members members;
	char path[VFP_PATH_SIZE];
	struct stat st;

	fake_write(host, VFP_MEMBERS_PATH, TEXT);
	assert_int_equal(vfp_members_read(host, &members, NULL), 0);
	assert_int_equal(members.n_pools, 2);
	assert_int_equal(members.n_pfs, 3);
	fake_remove(host, VFP_MEMBERS_PATH);
	assert_int_equal(vfp_members_write(host, &members, NULL), 0);
	vfp_members_free(&members);
	text = fake_read(host, VFP_MEMBERS_PATH);
	assert_int_equal(strlen(text), strlen(TEXT) - 1);
	assert_memory_equal(text, TEXT, strlen(text));
	assert_int_equal(stat(vfp_host_path(host, path, VFP_MEMBERS_PATH), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
}

static void test_no_file(void **state)
{
	struct vfp_members members;

	assert_int_equal(vfp_members_read(*state, &members, NULL), 0);
	assert_int_equal(members.n_pools, 0);
	assert_false(vfp_members_has_pool(&members, "sriov0"));
	vfp_members_free(&members);
}

static void test_broken(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"", "begins with ''"},
		{"# vfpool members 2\npool a\n", "begins with '# vfpool members 2'"},
		{"# vfpool members 1\npools a\n", "line 2"},
		{"# vfpool members 1\npool\n", "line 2"},
		{"# vfpool members 1\npool a b\n", "line 2"},
		{"# vfpool members 1\npool -a\n", "line 2"},
		{"# vfpool members 1\npool a\n\n# a comment\npf a ens1f0 0000:01:00.0\n", "line 5"},
		{"# vfpool members 1\npf a ens1f0 0000:01:00.0 1 2\n", "line 2"},
		{"# vfpool members 1\npf a ens1f0 1:0.0 1\n", "line 2"},
		{"# vfpool members 1\npf a ens1f0 - 5-2\n", "line 2"},
		{"# vfpool members 1\npf a a-name-too-long-for-linux - -\n", "line 2"},
	};

	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_members members = {.n_pools = 77};
		struct vfp_err err = {0};

		fake_write(*state, VFP_MEMBERS_PATH, cases[i].text);
		assert_int_equal(vfp_members_read(*state, &members, &err), -EUCLEAN);
		assert_non_null(strstr(err.msg, cases[i].words));
		assert_int_equal(members.n_pools, 77);
	}
}

static void test_pool_of(void **state)
{
	const struct vfp_pci first = {.bus = 1}, elsewhere = {.bus = 9};
	const struct {
		struct vfp_vf vf;
		const struct vfp_pci *pf_pci;
		const char *pool;
	} cases[] = {
		{{.pf = "ens1f0", .index = 2}, &first, "sriov0"},
		{{.pf = "ens1f0", .index = 1}, &first, "sriov1"},
		{{.pf = "ens1f0", .index = 8}, &first, NULL},
		{{.pf = "renamed", .index = 7}, &first, "sriov0"},
		{{.pf = "", .index = 7}, &first, "sriov0"},
		{{.pf = "ens1f0", .index = 2}, &elsewhere, "sriov0"},
		{{.pf = "ens1f1", .index = 99}, &elsewhere, "sriov1"},
		{{.pf = "other", .index = 2}, &elsewhere, NULL},
		{{.pf = "other", .index = 2}, &(struct vfp_pci){0}, NULL},
	};
	struct vfp_members members;

	fake_write(*state, VFP_MEMBERS_PATH, TEXT);
	assert_int_equal(vfp_members_read(*state, &members, NULL), 0);
	for (size_t i = 0; i < VFP_N(cases); i++) {
		const char *pool = vfp_members_pool_of(&members, &cases[i].vf, cases[i].pf_pci);

		if (cases[i].pool)
			assert_string_equal(pool, cases[i].pool);
		else
			assert_null(pool);
	}
	assert_true(vfp_members_has_pool(&members, "sriov1"));
	assert_false(vfp_members_has_pool(&members, "sriov"));
	vfp_members_free(&members);
}

static void test_add(void **state)
{
	struct vfp_members members = {0};

	vfp_members_add_pool(&members, "a");
	vfp_members_add_pool(&members, "b");
	vfp_members_add_pool(&members, "a");
	assert_int_equal(members.n_pools, 2);
	vfp_members_free(&members);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_there_and_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pool_of, setup, teardown),
		cmocka_unit_test(test_add),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
