/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/kmsg.c over a fake /dev/kmsg: which messages are about a VF.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/kmsg.h"
#include "tests/fake-kernel.h"
#include "tests/fake-sysfs.h"

static const struct vfp_pf pf = {.dev = "eth0", .pci = {.bus = 1}};

static int setup(void **state)
{
	static struct vfp_host host;

	fake_root_make(&host, NULL, 0);
	fake_clock_set(1000000);
	*state = &host;
	return 0;
}

static int teardown(void **state)
{
	fake_root_remove(*state);
	return 0;
}

static void test_names(void **state)
{
	static const struct {
		const char *text;
		int index; /* of the VF that it is about; -1: of none */
	} cases[] = {
		{"igb 0000:01:00.0: VF 0 requested MAC filter but is administratively denied", 0},
		{"igb 0000:01:00.0: Spoof event(s) detected on VF 11", 11},
		{"igb 0000:01:00.0 eth0: VF 3 attempted to override administratively set MAC", 3},
		{"ice 0000:01:00.0: 4 Rx Malicious Driver Detection events detected on PF 0 VF 7 "
		 "MAC 52:54:00:00:00:01",
		 7},
		{"eth0: vf 2 is gone", 2},
		{"i40e 0000:01:00.0: Too many MDD events on VF[5]", 5},
		{"eth0: VF#6: no link", 6},
		{"igb 0000:01:00.1: VF 0 requested MAC filter", -1},
		{"igb 0000:01:00.01: VF 0 requested MAC filter", -1},
		{"eth01: VF 0 is odd", -1},
		{"veth0: VF 0 is odd", -1},
		{"igb 0000:01:00.0: 7 VFs allocated", -1},
		{"igb 0000:01:00.0: MVF 1", -1},
		{"VF 1", -1},
		{"", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (unsigned int index = 0; index < 16; index++)
			if (vfp_kmsg_names_vf(cases[i].text, &pf, index) !=
			    (cases[i].index == (int)index))
				fail_msg("'%s' and VF %u", cases[i].text, index);
}

/* The clock's 1,000,000 ms are those since boot as well: a stamp is the time. */
static void test_count(void **state)
{
	static const char log[] =
		"4,1,900000000,-;igb 0000:01:00.0: VF 0 requested MAC filter\n"
		" SUBSYSTEM=pci\n"
		"6,2,910000000,-;igb 0000:01:00.0: setting MAC 52:54:00:00:00:01 on VF 0\n"
		"4,3,920000000,-,caller=T1;igb 0000:01:00.0: Spoof\x1b event(s) detected on VF 0\n"
		"12,4,930000000,-;eth0: VF 0 has facility 1, level 4\n"
		"3,5,940000000,-;igb 0000:01:00.0: VF 1 requested MAC filter\n"
		"no record\n";
	static const struct {
		unsigned int index;
		int64_t since_ms;
		unsigned int n;
		int64_t last_ms;
		const char *last;
	} cases[] = {
		{0, 0, 3, 930000, "VF 0 has facility 1, level 4"},
		{0, 920500, 2, 930000, "VF 0 has facility 1, level 4"},
		{0, 931500, 0, 0, ""},
		{1, 0, 1, 940000, "VF 1 requested MAC filter"},
		{2, 0, 0, 0, ""},
	};
	struct vfp_kmsg said;

	fake_write(*state, "/dev/kmsg", log);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			vfp_kmsg_of_vf(*state, &pf, cases[i].index, cases[i].since_ms, &said, NULL),
			0);
		assert_int_equal(said.n, cases[i].n);
		assert_int_equal(said.last_ms, cases[i].last_ms);
		assert_string_equal(said.last, cases[i].last);
	}
}

static void test_none(void **state)
{
	struct vfp_err err = {0};
	struct vfp_kmsg said;

	assert_int_equal(vfp_kmsg_of_vf(*state, &pf, 0, 0, &said, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/dev/kmsg: No such file"));
	assert_int_equal(said.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_count, setup, teardown),
		cmocka_unit_test_setup_teardown(test_none, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
