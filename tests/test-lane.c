/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * service/lane.c: what waits together is written together, and done when it is durable.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "service/lane.h"
#include "tests/pool-fixture.h"

#define N_TASKS 5

/* What the tasks of a test share; each reads and writes its own row, and the counts belong to the
 * loop. */
struct tasks {
	struct pool_fixture *fixture;
	struct vfp_lane *lane;
	sem_t has_begun, may_go_on; /* the first of them */
	unsigned int n_done;
	struct one {
		struct tasks *all;
		unsigned int n_works;
		int rc;
		size_t n_before, n_seen; /* claims that others see, at work and when it is done */
	} one[N_TASKS];
};

static int setup(void **state)
{
	int rc = pool_fixture_setup(state, NULL);

	fixture_define(*state, "");
	return rc;
}

static size_t count_ports(struct tasks *tasks)
{
	struct vfp_port *ports;
	struct vfp_pool *pool;
	size_t n;

	if (vfp_pool_open(&tasks->fixture->host, VFP_POOL_READ, &pool, NULL) < 0 ||
	    vfp_pool_ports(pool, NULL, &ports, &n, NULL) < 0)
		abort();
	free(ports);
	vfp_pool_close(pool);
	return n;
}

static void wait_for(sem_t *sem)
{
	while (sem_wait(sem) < 0)
		;
}

/* The first one waits, so that the others come together behind it; each of these claims a VF, but
 * the third, which asks for too many. */
static void work(void *opaque, struct vfp_pool *pool, const struct vfp_err *err)
{
	struct one *one = opaque;
	const unsigned int place = (unsigned int)(one - one->all->one);
	const struct vfp_owner owner = fixture_owner(place + 1);
	struct vfp_claim_ask ask = VFP_CLAIM_ASK_INIT;
	struct vfp_claim claims[VFP_CLAIM_MAX];

	one->n_works++;
	if (place == 0) {
		sem_post(&one->all->has_begun);
		wait_for(&one->all->may_go_on);
	}
	ask.uuid = owner.uuid;
	ask.pool = "sriov0";
	ask.count = place == 2 ? 64 : 1;
	one->rc = !pool ? -err->code : place ? vfp_pool_claim(pool, &ask, claims, NULL) : 0;
	one->n_before = count_ports(one->all);
}

static void done(void *opaque)
{
	struct one *one = opaque;

	one->n_seen = count_ports(one->all);
	one->all->n_done++;
}

/* Runs them; the disk is full meanwhile, or it is not. */
static void run(struct tasks *tasks, struct pool_fixture *fixture, bool is_full)
{
	struct rlimit limit, none;

	*tasks = (struct tasks){.fixture = fixture};
	sem_init(&tasks->has_begun, 0, 0);
	sem_init(&tasks->may_go_on, 0, 0);
	getrlimit(RLIMIT_FSIZE, &limit);
	none = (struct rlimit){.rlim_max = limit.rlim_max};
	assert_done(fixture, vfp_lane_new(&fixture->host, VFP_POOL_WRITE, 60000, 1, N_TASKS,
					  &tasks->lane, &fixture->err));
	for (size_t i = 0; i < N_TASKS; i++) {
		tasks->one[i].all = tasks;
		assert_done(fixture,
			    vfp_lane_push(tasks->lane, work, done, &tasks->one[i], &fixture->err));
		if (i == 0)
			wait_for(&tasks->has_begun);
	}
	if (is_full)
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	sem_post(&tasks->may_go_on);
	while (tasks->n_done < N_TASKS)
		assert_done(fixture, vfp_loop_run_once(&fixture->err));
	setrlimit(RLIMIT_FSIZE, &limit);
	vfp_lane_free(tasks->lane);
	sem_destroy(&tasks->has_begun);
	sem_destroy(&tasks->may_go_on);
}

static void test_together(void **state)
{
	static const int rcs[N_TASKS] = {0, 0, -ENOSPC, 0, 0};
	struct tasks tasks;

	run(&tasks, *state, false);
	for (size_t i = 0; i < N_TASKS; i++) {
		assert_int_equal(tasks.one[i].rc, rcs[i]);
		assert_int_equal(tasks.one[i].n_works, 1);
		/* Nothing is there until all is. */
		assert_int_equal(tasks.one[i].n_before, 0);
		assert_int_equal(tasks.one[i].n_seen, i ? 3 : tasks.one[0].n_seen);
	}
	assert_int_equal(count_ports(&tasks), 3);
}

/* All of a group hear of it, those too that were done already. */
static void test_full_disk(void **state)
{
	struct tasks tasks;

	run(&tasks, *state, true);
	assert_int_equal(tasks.one[0].rc, 0);
	for (size_t i = 1; i < N_TASKS; i++) {
		assert_int_equal(tasks.one[i].rc, -EIO);
		assert_int_equal(tasks.one[i].n_works, 2);
		assert_int_equal(tasks.one[i].n_seen, 0);
	}
	assert_int_equal(count_ports(&tasks), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, pool_fixture_teardown)
	const struct CMUnitTest tests[] = {TEST(test_together), TEST(test_full_disk)};

	signal(SIGXFSZ, SIG_IGN);
	if (vfp_loop_init(NULL) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
