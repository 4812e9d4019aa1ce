/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/lock.c: one holder per VF, within a program and between programs, however it ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/lock.h"
#include "tests/fake-kernel.h"
#include "tests/fake-sysfs.h"

static const struct vfp_pci pf = {.bus = 1};
static const struct vfp_pci other_pf = {.bus = 2};

static int setup(void **state)
{
	static struct vfp_host host;

	fake_root_make(&host, NULL, 0);
	fake_clock_set(1000);
	*state = &host;
	return 0;
}

static int teardown(void **state)
{
	fake_root_remove(*state);
	return 0;
}

/* Open file description locks conflict within one process too, unlike those of fcntl(F_SETLK). */
static void test_one_holder(void **state)
{
	vfp_autoclose int same_index = -1, same_pf = -1, again = -1;
	struct vfp_err err;
	int fd = -1, refused = 4711;

	assert_int_equal(vfp_lock_vf(*state, &pf, 3, 100, &fd, &err), 0);
	assert_true(fake_exists(*state, "/run/vfpool/vf/0000:01:00.0-3"));
	assert_int_equal(vfp_lock_vf(*state, &pf, 3, 100, &refused, &err), -EBUSY);
	assert_int_equal(refused, 4711);
	assert_memory_equal(err.msg, "VF 3 of PF 0000:01:00.0: ", 25);
	assert_in_range(fake_ticks_ms(), 1100, 1200);
	assert_int_equal(vfp_lock_vf(*state, &other_pf, 3, 0, &same_index, &err), 0);
	assert_int_equal(vfp_lock_vf(*state, &pf, 4, 0, &same_pf, &err), 0);
	close(fd);
	assert_int_equal(vfp_lock_vf(*state, &pf, 3, 0, &again, &err), 0);
}

/* A holder that is killed gives the lock back. */
static void test_killed_holder(void **state)
{
	vfp_autoclose int fd = -1;
	int pipes[2], refused = -1;
	struct vfp_err err;
	pid_t child;
	char go;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int held;

		if (vfp_lock_vf(*state, &pf, 3, 0, &held, NULL) == 0 &&
		    write(pipes[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &go, 1), 1);
	close(pipes[0]);
	assert_int_equal(vfp_lock_vf(*state, &pf, 3, 50, &refused, &err), -EBUSY);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(vfp_lock_vf(*state, &pf, 3, 0, &fd, &err), 0);
}

static void test_no_folder(void **state)
{
	struct vfp_err err;
	int fd = 4711;

	fake_write(*state, "/run/vfpool", "in the way");
	assert_int_equal(vfp_lock_vf(*state, &pf, 3, 0, &fd, &err), -ENOTDIR);
	assert_int_equal(fd, 4711);
}

/* A link in the lock's place is not followed: what it points to is none of ours. */
static void test_link(void **state)
{
	struct vfp_err err;
	int fd = 4711;

	fake_write(*state, "/victim", "");
	fake_link(*state, "../../../victim", "/run/vfpool/vf/0000:01:00.0-3");
	assert_int_equal(vfp_lock_vf(*state, &pf, 3, 0, &fd, &err), -ELOOP);
}

/* Who came first is first; nobody waits for ever, and what holds the place dies with its holder. */
static void test_line(void **state)
{
	char path[VFP_PATH_SIZE];
	int first = -1, second = -1, pipe_fds[2], status;
	char letter = '\0';
	pid_t child;

	vfp_host_path(*state, path, "/line");
	assert_int_equal(vfp_lock_line(path, 0, &first), 0);
	assert_int_equal(vfp_lock_line(path, 30, &second), -EBUSY);
	assert_int_equal(second, -1);
	assert_int_equal(pipe(pipe_fds), 0);
	child = fork();
	if (child == 0) {
		/* The description of @first is shared with the parent, who gives it back. */
		close(first);
		if (vfp_lock_line(path, 5000, &second) < 0 || write(pipe_fds[1], "c", 1) != 1)
			_exit(1);
		raise(SIGKILL);
	}
	close(first);
	assert_int_equal(read(pipe_fds[0], &letter, 1), 1);
	assert_int_equal(letter, 'c');
	assert_int_equal(vfp_lock_line(path, 5000, &second), 0);
	close(second);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	vfp_host_path(*state, path, "/not/there");
	assert_int_equal(vfp_lock_line(path, 0, &second), -ENOENT);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH(test_one_holder), WITH(test_killed_holder), WITH(test_no_folder),
		WITH(test_link),       WITH(test_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
