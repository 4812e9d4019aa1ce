/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * service/jobs.c: who comes next.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "service/jobs.h"

static struct vfp_owner owner(char name)
{
	struct vfp_owner made = {.name = {name}};

	snprintf(made.uuid, sizeof(made.uuid), "00000000-0000-0000-0000-00000000000%c", name);
	return made;
}

static void test_order(void **state)
{
	/* A, B, C: comes in; t: one is taken; l, b: the last one taken is put back late, blocked;
	 * r: the time of the late ones has come; u: the book has changed. */
	static const struct {
		const char *steps, *taken; /* -: none was due */
	} cases[] = {
		{"t", "-"},
		{"ABCtttt", "ABC-"},
		{"AABAttt", "AB-"},
		{"ABtAtt", "ABA"},
		{"AtltBt", "A-B"},
		{"Atltrt", "A-A"},
		{"AtlAt", "AA"},
		{"Atlut", "A-"},
		{"Atbt", "A-"},
		{"Atbut", "AA"},
		{"Atbrt", "AA"},
		{"ABtbtbutt", "ABAB"},
		{"ABtltbutrt", "ABBA"},
		{"AtAlt", "A-"},
		{"AtAlrtt", "AA-"},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_jobs jobs = {0};
		struct vfp_job job = {0};
		char taken[16] = "";

		for (const char *step = cases[i].steps; *step; step++) {
			const struct vfp_owner who = owner(*step);
			const bool has_due = vfp_jobs_has_due(&jobs);

			switch (*step) {
			case 't':
				assert_int_equal(vfp_jobs_take(&jobs, &job), has_due);
				taken[strlen(taken)] = has_due ? job.owner.name[0] : '-';
				break;
			case 'l':
			case 'b':
				assert_true(vfp_jobs_put_back(&jobs, &job, *step == 'b', 1));
				break;
			case 'r':
				vfp_jobs_retry(&jobs);
				break;
			case 'u':
				vfp_jobs_unblock(&jobs);
				break;
			default:
				vfp_jobs_add(&jobs, &who, 1);
			}
		}
		if (strcmp(taken, cases[i].taken) != 0)
			fail_msg("%s: %s, expected %s", cases[i].steps, taken, cases[i].taken);
		vfp_jobs_clear(&jobs);
	}
}

/* Each try waits twice as long, the seventh is the last; a start that goes on is no try. */
static void test_tries(void **state)
{
	static const int waits[] = {300, 600, 1200, 2400, 4800, 9600};
	const struct vfp_owner web = owner('a');
	struct vfp_jobs jobs = {0};
	struct vfp_job job;

	(void)state;
	assert_int_equal(vfp_jobs_wait_ms(&jobs, 50), -1);
	vfp_jobs_add(&jobs, &web, 50)->settle = true;
	for (int64_t now = 100, i = 0; i < (int64_t)VFP_N(waits); i++, now += 20000) {
		assert_true(vfp_jobs_take(&jobs, &job));
		assert_true(vfp_jobs_put_back(&jobs, &job, true, now));
		assert_int_equal(vfp_jobs_wait_ms(&jobs, now), 5000);
		assert_true(vfp_jobs_unblock(&jobs));
		vfp_jobs_retry(&jobs);
		assert_true(vfp_jobs_take(&jobs, &job));
		assert_true(vfp_jobs_put_back(&jobs, &job, false, now));
		assert_int_equal(vfp_jobs_wait_ms(&jobs, now), waits[i]);
		assert_int_equal(vfp_jobs_wait_ms(&jobs, now + 20000), 0);
		vfp_jobs_retry(&jobs);
		assert_int_equal(vfp_jobs_wait_ms(&jobs, now), -1);
	}
	assert_true(vfp_jobs_take(&jobs, &job));
	assert_int_equal(job.since_ms, 50);
	assert_true(job.settle && !job.inspect);
	assert_false(vfp_jobs_put_back(&jobs, &job, false, 1));
	assert_false(vfp_jobs_take(&jobs, &job));
	vfp_jobs_clear(&jobs);
}

/* What came in meanwhile is done with what is put back; the earliest time counts for all. */
static void test_merged(void **state)
{
	const struct vfp_owner web = owner('a'), db = owner('b');
	struct vfp_jobs jobs = {0};
	struct vfp_job job;

	(void)state;
	vfp_jobs_add(&jobs, &web, 10)->inspect = true;
	assert_true(vfp_jobs_take(&jobs, &job));
	vfp_jobs_add(&jobs, &web, 20)->is_known = true;
	assert_true(vfp_jobs_put_back(&jobs, &job, true, 1000));
	vfp_jobs_add(&jobs, &db, 30)->settle = true;
	assert_true(vfp_jobs_take(&jobs, &job));
	assert_true(vfp_jobs_put_back(&jobs, &job, false, 2000));
	assert_int_equal(vfp_jobs_wait_ms(&jobs, 2100), 200);
	vfp_jobs_retry(&jobs);
	assert_true(vfp_jobs_take(&jobs, &job));
	assert_true(job.inspect && job.is_known && !job.settle);
	assert_int_equal(job.since_ms, 10);
	vfp_jobs_clear(&jobs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_tries),
		cmocka_unit_test(test_merged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
