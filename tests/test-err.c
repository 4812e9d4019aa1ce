/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/err.c and base/log.c: words, prefixes, and what a terminal must not get to see.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"

static void test_fail(void **state)
{
	struct vfp_err err = {0};

	(void)state;
	assert_int_equal(vfp_fail(&err, ENOENT, "VF %s: no such device", "0000:01:10.0"), -ENOENT);
	assert_int_equal(err.code, ENOENT);
	assert_string_equal(err.msg, "VF 0000:01:10.0: no such device");
	assert_int_equal(vfp_fail(NULL, EIO, "nobody reads this"), -EIO);
}

static void test_fail_in(void **state)
{
	struct vfp_err err = {0};
	int rc = vfp_fail(&err, ENOENT, "no such device");

	(void)state;
	assert_int_equal(vfp_fail_in(&err, rc, "pool %s", "sriov0"), -ENOENT);
	assert_string_equal(err.msg, "pool sriov0: no such device");
	assert_int_equal(vfp_fail_in(&err, -EBUSY, "web1"), -EBUSY);
	assert_int_equal(err.code, EBUSY);
	assert_string_equal(err.msg, "web1: pool sriov0: no such device");
	assert_int_equal(vfp_fail_in(NULL, -EIO, "nobody reads this"), -EIO);
}

/* The words may quote the message that they replace. */
static void test_fail_quotes_itself(void **state)
{
	struct vfp_err err = {0};

	(void)state;
	vfp_fail(&err, EIO, "inner");
	vfp_fail(&err, EPERM, "outer (%s)", err.msg);
	assert_string_equal(err.msg, "outer (inner)");
	vfp_fail_in(&err, -EPERM, "twice %s", err.msg);
	assert_string_equal(err.msg, "twice outer (inner): outer (inner)");
}

static void test_long_words(void **state)
{
	struct vfp_err err = {0};
	char words[2000];

	(void)state;
	memset(words, 'x', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	vfp_fail(&err, EIO, "%s", words);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	/* The prefix, which is nearer to the user, stays. */
	vfp_fail_in(&err, -EIO, "web1");
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
	assert_memory_equal(err.msg, "web1: xxx", 9);
	vfp_fail_in(&err, -EIO, "%s", words);
	assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
}

static void test_clean(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{"", ""},
		{"plain", "plain"},
		{"a\nb\tc\033[31m\177", "a?b?c?[31m?"},
		{"gr\303\274n", "gr\303\274n"},
		{"cut \303", "cut "},
		{"cut \342\202", "cut "},
		{"\342\202\254", "\342\202\254"},
		{"\360\237\230", ""},
		{"\360\237\230\200", "\360\237\230\200"},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		vfp_autofree char *text = vfp_strdup(cases[i].from);

		vfp_text_clean(text);
		assert_string_equal(text, cases[i].to);
	}
}

static void test_memory(void **state)
{
	vfp_autofree char *text = vfp_format("%d-%s", 7, "x");
	vfp_autofree unsigned char *zero = vfp_alloc(3, 5);
	vfp_autofree void *nothing = vfp_alloc(0, 8);
	vfp_autofree void *grown = vfp_realloc(NULL, 0, 8);

	(void)state;
	assert_string_equal(text, "7-x");
	for (int i = 0; i < 15; i++)
		assert_int_equal(zero[i], 0);
	assert_non_null(nothing);
	assert_non_null(grown);
}

/* What vfp_log() writes when stderr is a file and $JOURNAL_STREAM is what @is_journal says. */
static char *logged(bool is_journal, enum vfp_log_level limit, enum vfp_log_level level)
{
	char path[] = "/tmp/vfpool-test.XXXXXX";
	int saved = dup(STDERR_FILENO), fd = mkstemp(path);
	vfp_autofree char *stream = NULL;
	struct stat st;
	char *text;

	assert_true(saved >= 0 && fd >= 0 && fstat(fd, &st) == 0);
	stream = vfp_format("%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino + !is_journal);
	setenv("JOURNAL_STREAM", stream, 1);
	dup2(fd, STDERR_FILENO);
	vfp_log_set_level(limit);
	vfp_log(level, "web1: %s", "VF\nlost");
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(fd);
	assert_int_equal(vfp_file_read(path, 1000, &text, NULL, NULL), 0);
	unlink(path);
	return text;
}

static void test_log(void **state)
{
	static const struct {
		bool is_journal;
		enum vfp_log_level limit, level;
		const char *line;
	} cases[] = {
		{false, VFP_LOG_INFO, VFP_LOG_WARN, "vfpool: web1: VF?lost\n"},
		{true, VFP_LOG_INFO, VFP_LOG_WARN, "<4>web1: VF?lost\n"},
		{true, VFP_LOG_DEBUG, VFP_LOG_DEBUG, "<7>web1: VF?lost\n"},
		{true, VFP_LOG_INFO, VFP_LOG_DEBUG, ""},
		{false, VFP_LOG_ERR, VFP_LOG_WARN, ""},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		vfp_autofree char *line =
			logged(cases[i].is_journal, cases[i].limit, cases[i].level);

		assert_string_equal(line, cases[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fail),
		cmocka_unit_test(test_fail_in),
		cmocka_unit_test(test_fail_quotes_itself),
		cmocka_unit_test(test_long_words),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
