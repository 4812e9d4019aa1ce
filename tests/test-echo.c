/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * service/echo.c: which streams of events say that a domain rose.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "service/echo.h"

#define UUID "00000000-0000-0000-0000-000000000001"

static void test_streams(void **state)
{
	/* a: added, d: updated, u: undefined, o: another domain is undefined and added */
	static const struct {
		const char *heard;
		bool has_risen;
	} cases[] = {
		{"", false},	{"d", false},	{"a", false},	{"u", false},	{"ua", true},
		{"uad", false}, {"dua", false}, {"uau", false}, {"uaua", true}, {"aua", true},
		{"uaa", false}, {"o", false},	{"ouao", true}, {"ud", false},
	};
	const struct vfp_owner owner = {.uuid = UUID, .name = "web1"};
	const char *const other = "00000000-0000-0000-0000-000000000002";

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_echo echo = {0};

		vfp_echo_hear(&echo, UUID, VFP_ECHO_UNDEFINED); /* before ours: does not count */
		vfp_echo_expect(&echo, &owner);
		for (const char *c = cases[i].heard; *c; c++) {
			if (*c == 'o') {
				vfp_echo_hear(&echo, other, VFP_ECHO_UNDEFINED);
				vfp_echo_hear(&echo, other, VFP_ECHO_ADDED);
				continue;
			}
			vfp_echo_hear(&echo, UUID,
				      *c == 'a'	  ? VFP_ECHO_ADDED
				      : *c == 'd' ? VFP_ECHO_UPDATED
						  : VFP_ECHO_UNDEFINED);
		}
		if (vfp_echo_has_risen(&echo) != cases[i].has_risen)
			fail_msg("%s", cases[i].heard);
		assert_false(vfp_echo_has_risen(&echo));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_streams)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
