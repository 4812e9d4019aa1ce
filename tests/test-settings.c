/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/settings.c: what is read, and what is refused with file and line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/settings.h"
#include "tests/fake-sysfs.h"

#define NONE VFP_SETTING_DEFAULT

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

static void test_good(void **state)
{
	static const struct {
		const char *text; /* NULL: there is no file */
		uint64_t reserve_mib, qemu_mib;
	} cases[] = {
		{NULL, NONE, NONE},
		{"", NONE, NONE},
		{"# memory_reserve_mib = 1\n\n \t \n", NONE, NONE},
		{"memory_reserve_mib = 2048\n", 2048, NONE},
		{"memory_reserve_mib=0", 0, NONE},
		{"\t qemu_memory_mib\t=\t256  # of each\r\n memory_reserve_mib = 7", 7, 256},
		{"memory_reserve_mib = 17592186044415", 17592186044415, NONE},
	};

	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_settings settings = {1, 1, 1};
		struct vfp_err err = {0};

		if (cases[i].text)
			fake_write(*state, VFP_SETTINGS_PATH, cases[i].text);
		if (vfp_settings_read(*state, &settings, &err) < 0)
			fail_msg("case %zu: %s", i, err.msg);
		assert_true(settings.memory_reserve_mib == cases[i].reserve_mib);
		assert_true(settings.qemu_memory_mib == cases[i].qemu_mib);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"memory_reserv_mib = 1", "vfpool.conf:1: there is no setting 'memory_reserv_mib'"},
		{"\n# x\nMEMORY_RESERVE_MIB = 1", "vfpool.conf:3: there is no setting"},
		{"memory_reserve_mib", "vfpool.conf:1: 'memory_reserve_mib' is no setting"},
		{"= 5", "vfpool.conf:1: there is no setting ''"},
		{"memory_reserve_mib = ", "memory_reserve_mib: '' is not a number of MiB"},
		{"memory_reserve_mib = -1", "'-1' is not a number"},
		{"memory_reserve_mib = 2 GiB", "'2 GiB' is not a number"},
		{"memory_reserve_mib = 17592186044416", "is not a number of MiB"},
		{"qemu_memory_mib = 1\nqemu_memory_mib = 1",
		 "vfpool.conf:2: qemu_memory_mib is set twice"},
	};

	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_settings settings = {4711, 4711, 4711};
		struct vfp_err err = {0};

		fake_write(*state, VFP_SETTINGS_PATH, cases[i].text);
		assert_int_equal(vfp_settings_read(*state, &settings, &err), -EINVAL);
		if (!strstr(err.msg, cases[i].words))
			fail_msg("case %zu: \"%s\" lacks \"%s\"", i, err.msg, cases[i].words);
		assert_int_equal(settings.memory_reserve_mib, 4711);
	}
}

/* docs/vfpool.conf is the manual: all that it shows as an example is a setting. */
static void test_documented(void **state)
{
	const char *top = getenv("top_srcdir");
	vfp_autofree char *path = vfp_format("%s/docs/vfpool.conf", top ? top : ".");
	vfp_autofree char *text = NULL;
	struct vfp_settings settings;
	struct vfp_err err = {0};

	if (vfp_file_read(path, 1u << 16, &text, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	for (char *at = text; (at = strstr(at, "\n#")); at++)
		if (at[2] != ' ')
			at[1] = ' ';
	fake_write(*state, VFP_SETTINGS_PATH, text);
	if (vfp_settings_read(*state, &settings, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(settings.memory_reserve_mib != NONE);
	assert_true(settings.qemu_memory_mib != NONE);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH(test_good),
		WITH(test_bad),
		WITH(test_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
