/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool top on a terminal, which is a pseudo terminal here: it draws, obeys keys and a change of
 * size, sends nothing that a domain's name commands, and leaves the terminal as it was. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

#include "base/cleanup.h"
#include "tests/pool-fixture.h"

#define TIMEOUT_MS 20000
#define EVIL	   "evil\x1b]0;title\x07"

struct terminal {
	struct termios before, after; /* its state before the program ran, and when it has ended */
	int fd, slave; /* the slave stays open: its settings are asked for at the end */
	pid_t pid;
	char text[1 << 20]; /* all that was sent so far */
	size_t size, seen;
};

static struct terminal terminal;

static int setup(void **state)
{
	struct pool_fixture *fixture;
	struct vfp_binding binding;
	struct vfp_owner owner = fixture_owner(2);
	const struct vfp_want want = fixture_want(2, "blue");
	struct vfp_lease lease;

	if (pool_fixture_setup(state, NULL) != 0)
		return -1;
	fixture = *state;
	fixture_define(fixture, "");
	fixture_lease(fixture, 1, "blue");
	vfp_copy(owner.name, sizeof(owner.name), EVIL);
	assert_done(fixture,
		    vfp_pool_bind(fixture->pool, &owner, &want, 1, "", &binding, &fixture->err));
	const struct vfp_ask ask = fixture_ask(&binding);
	assert_done(fixture, vfp_pool_lease(fixture->pool, &owner, &fixture_daemon, &ask, 1, &lease,
					    &fixture->err));
	return 0;
}

static void start(const struct pool_fixture *fixture, const char *term)
{
	const struct winsize size = {.ws_row = 24, .ws_col = 80};
	const char *top = getenv("top_builddir");
	vfp_autofree char *path = vfp_format("%s/tests/vfpool-fake", top ? top : ".");

	terminal.size = terminal.seen = 0;
	assert_int_equal(openpty(&terminal.fd, &terminal.slave, NULL, NULL, &size), 0);
	assert_int_equal(tcgetattr(terminal.slave, &terminal.before), 0);
	terminal.pid = fork();
	assert_true(terminal.pid >= 0);
	if (terminal.pid == 0) {
		/* A shell that put the tests into the background had it ignored. */
		signal(SIGINT, SIG_DFL);
		login_tty(terminal.slave);
		close(terminal.fd);
		setenv("TERM", term, 1);
		setenv("LC_ALL", "C.UTF-8", 1);
		execl(path, path, "--root", fixture->host.root, "top", NULL);
		_exit(127);
	}
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads until @what came; what came before it is done with. */
static void expect(const char *what)
{
	const int64_t deadline = now_ms() + TIMEOUT_MS;

	for (;;) {
		struct pollfd input = {.fd = terminal.fd, .events = POLLIN};
		char *at = memmem(terminal.text + terminal.seen, terminal.size - terminal.seen,
				  what, strlen(what));
		ssize_t n;

		if (at) {
			terminal.seen = (size_t)(at - terminal.text) + strlen(what);
			return;
		}
		if (now_ms() > deadline || poll(&input, 1, TIMEOUT_MS) <= 0)
			fail_msg("'%s' did not come in:\n%.*s", what, (int)terminal.size,
				 terminal.text);
		n = read(terminal.fd, terminal.text + terminal.size,
			 sizeof(terminal.text) - terminal.size);
		if (n <= 0)
			fail_msg("'%s' did not come before the end in:\n%.*s", what,
				 (int)terminal.size, terminal.text);
		terminal.size += (size_t)n;
	}
}

static void type(const char *keys)
{
	assert_int_equal(write(terminal.fd, keys, strlen(keys)), (ssize_t)strlen(keys));
}

static void resize(unsigned short rows, unsigned short columns)
{
	const struct winsize size = {.ws_row = rows, .ws_col = columns};

	assert_int_equal(ioctl(terminal.fd, TIOCSWINSZ, &size), 0);
}

static int finish(void)
{
	int status;

	assert_int_equal(waitpid(terminal.pid, &status, 0), terminal.pid);
	assert_int_equal(tcgetattr(terminal.slave, &terminal.after), 0);
	close(terminal.fd);
	close(terminal.slave);
	return status;
}

static void test_live(void **state)
{
	start(*state, "xterm");
	expect("\x1b[?1049h"); /* the other screen of xterm */
	expect("ens1f0");
	expect("web1");
	expect("evil?]0;title?");
	expect("scroll"); /* the end of the last line, which says "by vf" */
	type("s");
	expect("state");
	resize(30, 130); /* wide enough for one more column */
	expect("DROP/s");
	type("q");
	expect("\x1b[?1049l");
	assert_int_equal(finish(), 0);
	assert_int_equal(terminal.before.c_lflag, terminal.after.c_lflag);
	assert_null(memmem(terminal.text, terminal.size, "\x1b]0;", 4));
}

static void test_signal(void **state)
{
	int status;

	start(*state, "xterm");
	expect("quit");
	assert_int_equal(kill(terminal.pid, SIGINT), 0);
	expect("\x1b[?1049l");
	status = finish();
	assert_true(WIFEXITED(status));
}

/* The other end is closed, as when a window is. */
static void test_hangup(void **state)
{
	int status;

	start(*state, "xterm");
	expect("quit");
	close(terminal.slave);
	close(terminal.fd);
	assert_int_equal(waitpid(terminal.pid, &status, 0), terminal.pid);
}

static void test_unknown_terminal(void **state)
{
	start(*state, "nosuch");
	expect("terminal type 'nosuch' is not known: set TERM, or use --once");
	assert_int_equal(WEXITSTATUS(finish()), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_live),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_hangup),
		cmocka_unit_test(test_unknown_terminal),
	};

	if (openpty(&terminal.fd, &terminal.slave, NULL, NULL, NULL) != 0)
		return 77;
	close(terminal.fd);
	close(terminal.slave);
	return cmocka_run_group_tests(tests, setup, pool_fixture_teardown);
}
