/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* service/limits.h: the answers for a domain in each situation, and that the table is whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "service/limits.h"

static void test_answers(void **state)
{
	static const struct vfp_situation none = {.has_vf = false}, none_on = {.is_running = true},
					  off = {.has_vf = true},
					  on = {.has_vf = true, .is_running = true},
					  saved = {.has_vf = true, .has_saved_vf = true},
					  none_saved = {.has_saved_vf = true},
					  disk = {.has_vf = true,
						  .is_running = true,
						  .has_snapshot_disk = true};
	static const struct {
		const char *operation;
		const struct vfp_situation *situation;
		bool is_allowed;
		const char *by; /* a part of it */
	} cases[] = {
		{"migrate", &on, false, "QEMU"},
		{"migrate", &off, false, "hook"},
		{"migrate", &none_on, true, ""},
		{"save", &on, false, "QEMU"},
		{"save", &off, false, "libvirt"},
		{"save", &none, false, "libvirt"},
		{"save", &none_on, true, ""},
		{"start", &off, true, ""},
		{"start", &saved, false, "hook"},
		{"start", &none_saved, false, "hook"},
		{"backup", &on, true, ""},
		{"backup", &off, false, "libvirt"},
		{"checkpoint", &on, true, ""},
		{"dump-memory", &on, true, ""},
		{"dump", &on, false, "QEMU"},
		{"suspend", &on, true, ""},
		{"snapshot", &off, false, "libvirt"},
		{"snapshot-disk", &on, false, "libvirt"},
		{"snapshot-disk", &disk, false, "polkit"},
		{"snapshot-named", &on, false, "polkit"},
		{"snapshot-named", &off, true, ""},
		{"setmem", &on, false, "libvirt"},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		const struct vfp_limit *limit = vfp_limit_find(cases[i].operation);
		struct vfp_answer answer;

		assert_non_null(limit);
		answer = vfp_limit_ask(limit, cases[i].situation);
		if (answer.is_allowed != cases[i].is_allowed || !strstr(answer.by, cases[i].by) ||
		    !*answer.by != answer.is_allowed || !*answer.why != answer.is_allowed)
			fail_msg("case %zu: %s: allowed %d by '%s', why '%s'", i,
				 cases[i].operation, answer.is_allowed, answer.by, answer.why);
	}
	assert_null(vfp_limit_find("nosuch"));
}

/* Who refuses is named exactly where something is refused; no operation is there twice. */
static void test_table(void **state)
{
	(void)state;
	for (const struct vfp_limit *limit = vfp_limits; limit->operation; limit++) {
		bool refused = limit->off == VFP_REFUSED || limit->running == VFP_REFUSED;

		assert_ptr_equal(vfp_limit_find(limit->operation), limit);
		if (!*limit->by == refused || !*limit->why == refused || !limit->instead)
			fail_msg("%s", limit->operation);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
