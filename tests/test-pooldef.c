/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/pooldef.c: ranges of VFs in their one form.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/pooldef.h"

static void test_parse(void **state)
{
	/* 46 single indexes take 132 characters, and 127 fit. */
	static const char scattered[] =
		"0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,38,40,42,44,46,48,50,52,54,56,"
		"58,60,62,64,66,68,70,72,74,76,78,80,82,84,86,88,90";
	static const struct {
		const char *text, *form; /* NULL: refused */
	} cases[] = {
		{"", ""},
		{"0", "0"},
		{"5,0-1,2", "0-2,5"},
		{"0,1", "0-1"},
		{"3-3", "3"},
		{"0-3,2-5", "0-5"},
		{"63,64", "63-64"},
		{"0-65535", "0-65535"},
		{"65535", "65535"},
		{"00007", "7"},
		{"65536", NULL},
		{"5-2", NULL},
		{"1-", NULL},
		{"-1", NULL},
		{"1-2-3", NULL},
		{"1,", NULL},
		{",1", NULL},
		{"1,,2", NULL},
		{"1, 2", NULL},
		{"a", NULL},
		{"-", NULL},
		{",", NULL},
		{"00000000000000000001", NULL},
		{"1-00000000000000000001", NULL},
		{scattered, NULL},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		char range[VFP_RANGE_SIZE] = "unchanged";
		struct vfp_err err = {0};

		assert_int_equal(vfp_range_parse(cases[i].text, range, &err),
				 cases[i].form ? 0 : -EINVAL);
		assert_string_equal(range, cases[i].form ? cases[i].form : "unchanged");
		if (!cases[i].form)
			assert_memory_equal(err.msg, "VF range '", 10);
	}
}

static void test_has(void **state)
{
	static const struct {
		const char *range;
		unsigned int index;
		bool has;
	} cases[] = {
		{"", 0, true},	     {"", 65535, true},	 {"0", 0, true},     {"0", 1, false},
		{"2-5,9", 1, false}, {"2-5,9", 2, true}, {"2-5,9", 5, true}, {"2-5,9", 6, false},
		{"2-5,9", 9, true},  {"19", 9, false},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++)
		assert_int_equal(vfp_range_has(cases[i].range, cases[i].index), cases[i].has);
}

static void test_overlap(void **state)
{
	static const struct {
		const char *a, *b;
		bool overlap;
	} cases[] = {
		{"", "", true},
		{"", "3", true},
		{"0-1", "2-3", false},
		{"0-2", "2-3", true},
		{"0,4,8", "1-3,5-7", false},
		{"0,4,8", "1-3,8-9", true},
		{"0-100", "50", true},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		assert_int_equal(vfp_range_overlap(cases[i].a, cases[i].b), cases[i].overlap);
		assert_int_equal(vfp_range_overlap(cases[i].b, cases[i].a), cases[i].overlap);
	}
}

static void test_pooldef(void **state)
{
	struct vfp_pooldef def = {.n_portgroups = 1};

	(void)state;
	def.portgroups = vfp_alloc(1, sizeof(*def.portgroups));
	vfp_pooldef_free(&def);
	assert_null(def.portgroups);
	vfp_pooldef_free(&def);
	assert_true(vfp_portgroup_plain.is_default);
	for (int attr = 0; attr < VFP_N_ATTRS; attr++)
		assert_true(vfp_attr_equal((enum vfp_attr)attr, &vfp_portgroup_plain.attrs,
					   &vfp_attrs_scrubbed));
	assert_int_equal(vfp_word_parse(vfp_vlan_mode_words, "trunk"), VFP_VLAN_TRUNK);
	assert_int_equal(vfp_word_parse(vfp_policy_words, "pack"), VFP_POLICY_PACK);
	assert_int_equal(vfp_word_parse(vfp_numa_words, "strict"), VFP_NUMA_STRICT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_has),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_pooldef),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
