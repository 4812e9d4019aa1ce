/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * service/echo.c: what streams of events say of a define.
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
		enum vfp_echo_verdict ours, others; /* when the last definition is ours, is not */
	} cases[] = {
		{"", VFP_ECHO_FINE, VFP_ECHO_FINE},	  {"d", VFP_ECHO_FINE, VFP_ECHO_FINE},
		{"a", VFP_ECHO_FINE, VFP_ECHO_FINE},	  {"dd", VFP_ECHO_LOST, VFP_ECHO_FINE},
		{"ddd", VFP_ECHO_LOST, VFP_ECHO_FINE},	  {"ua", VFP_ECHO_RISEN, VFP_ECHO_RISEN},
		{"uad", VFP_ECHO_LOST, VFP_ECHO_FINE},	  {"dua", VFP_ECHO_RISEN, VFP_ECHO_FINE},
		{"uaua", VFP_ECHO_RISEN, VFP_ECHO_FINE},  {"aua", VFP_ECHO_RISEN, VFP_ECHO_FINE},
		{"uaa", VFP_ECHO_LOST, VFP_ECHO_FINE},	  {"o", VFP_ECHO_FINE, VFP_ECHO_FINE},
		{"od", VFP_ECHO_FINE, VFP_ECHO_FINE},	  {"dod", VFP_ECHO_LOST, VFP_ECHO_FINE},
		{"ouao", VFP_ECHO_RISEN, VFP_ECHO_RISEN}, {"u", VFP_ECHO_FINE, VFP_ECHO_FINE},
		{"uau", VFP_ECHO_FINE, VFP_ECHO_FINE},
	};
	const struct vfp_owner owner = {.uuid = UUID, .name = "web1"};
	const char *const other = "00000000-0000-0000-0000-000000000002";

	(void)state;
	for (size_t i = 0; i < 2 * VFP_N(cases); i++) {
		const bool is_ours = i % 2;
		const enum vfp_echo_verdict expected =
			is_ours ? cases[i / 2].ours : cases[i / 2].others;
		struct vfp_echo echo = {0};

		vfp_echo_hear(&echo, UUID, VFP_ECHO_UNDEFINED); /* before ours: does not count */
		vfp_echo_expect(&echo, &owner);
		for (const char *c = cases[i / 2].heard; *c; c++) {
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
		if (vfp_echo_judge(&echo, is_ours) != expected)
			fail_msg("%s, %s", cases[i / 2].heard, is_ours ? "ours" : "another's");
		assert_int_equal(vfp_echo_judge(&echo, true), VFP_ECHO_FINE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_streams)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
