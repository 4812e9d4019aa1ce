/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/text.c: numbers that are numbers, files read and replaced as a whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/fake-sysfs.h"

static int make_root(void **state)
{
	static struct vfp_host host;

	fake_root_make(&host, NULL, 0);
	*state = &host;
	return 0;
}

static int remove_root(void **state)
{
	fake_root_remove(*state);
	return 0;
}

static void test_number(void **state)
{
	static const struct {
		const char *text;
		uint64_t min, max;
		bool is_good;
		uint64_t value;
	} cases[] = {
		{"0", 0, 10, true, 0},
		{"10", 0, 10, true, 10},
		{"007", 0, 10, true, 7},
		{"11", 0, 10, false, 0},
		{"1", 2, 10, false, 0},
		{"", 0, 10, false, 0},
		{"-1", 0, UINT64_MAX, false, 0},
		{"+1", 0, 10, false, 0},
		{" 1", 0, 10, false, 0},
		{"1 ", 0, 10, false, 0},
		{"1\n", 0, 10, false, 0},
		{"0x1", 0, 10, false, 0},
		{"1.0", 0, 10, false, 0},
		{"18446744073709551615", 0, UINT64_MAX, true, UINT64_MAX},
		{"18446744073709551616", 0, UINT64_MAX, false, 0},
		{"184467440737095516150", 0, UINT64_MAX, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		uint64_t value = 4711;

		assert_int_equal(
			vfp_number_parse(cases[i].text, cases[i].min, cases[i].max, &value),
			cases[i].is_good);
		assert_int_equal(value, cases[i].is_good ? cases[i].value : 4711);
	}
}

static void test_words(void **state)
{
	static const struct vfp_word table[] = {{"on", 1}, {"off", 0}, {NULL, 0}};

	(void)state;
	assert_int_equal(vfp_word_parse(table, "on"), 1);
	assert_int_equal(vfp_word_parse(table, "off"), 0);
	assert_int_equal(vfp_word_parse(table, "o"), -1);
	assert_int_equal(vfp_word_parse(table, "On"), -1);
	assert_int_equal(vfp_word_parse(table, ""), -1);
	assert_string_equal(vfp_word_of(table, 0), "off");
}

static void test_copy(void **state)
{
	char buf[4] = "zzz";

	(void)state;
	assert_true(vfp_copy(buf, sizeof(buf), "abc"));
	assert_string_equal(buf, "abc");
	assert_false(vfp_copy(buf, sizeof(buf), "abcd"));
	assert_string_equal(buf, "");
}

static void test_read(void **state)
{
	char path[VFP_PATH_SIZE], *text = NULL;
	vfp_autofree char *large = vfp_alloc(10001, 1);
	struct vfp_err err;
	size_t size = 0;

	fake_write(*state, "/file", memset(large, 'x', 10000));
	vfp_host_path(*state, path, "/file");
	assert_int_equal(vfp_file_read(path, 10000, &text, &size, &err), 0);
	assert_int_equal(size, 10000);
	assert_string_equal(text, large);
	free(text);
	text = NULL;
	assert_int_equal(vfp_file_read(path, 9999, &text, NULL, &err), -EFBIG);
	assert_non_null(strstr(err.msg, "/file: larger than 9999 bytes"));
	assert_null(text);
	fake_write(*state, "/file", "");
	assert_int_equal(vfp_file_read(path, 0, &text, &size, &err), 0);
	assert_string_equal(text, "");
	assert_int_equal(size, 0);
	free(text);
	vfp_host_path(*state, path, "/nowhere");
	assert_int_equal(vfp_file_read(path, 10, &text, NULL, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/nowhere: No such file or directory"));
	vfp_host_path(*state, path, "/proc");
	assert_int_equal(vfp_file_read(path, 10, &text, NULL, &err), -EISDIR);
}

static size_t count_files(const char *folder)
{
	DIR *dir = opendir(folder);
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void test_replace(void **state)
{
	char path[VFP_PATH_SIZE], folder[VFP_PATH_SIZE];
	vfp_autofree char *text = NULL;
	struct vfp_err err;
	struct stat st;

	fake_folder(*state, "/new");
	vfp_host_path(*state, path, "/new/file");
	vfp_host_path(*state, folder, "/new");
	assert_int_equal(vfp_file_replace(path, 0640, "one\n", &err), 0);
	assert_int_equal(vfp_file_replace(path, 0644, "two\n", &err), 0);
	text = fake_read(*state, "/new/file");
	assert_string_equal(text, "two");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(count_files(folder), 1);
}

static void test_replace_fails(void **state)
{
	char path[VFP_PATH_SIZE], folder[VFP_PATH_SIZE];
	struct vfp_err err;

	/* A folder in the file's place: the rename fails, and nothing is left beside it. */
	fake_folder(*state, "/full/file/x");
	vfp_host_path(*state, path, "/full/file");
	vfp_host_path(*state, folder, "/full");
	assert_int_equal(vfp_file_replace(path, 0644, "one\n", &err), -EISDIR);
	assert_int_equal(count_files(folder), 1);
	vfp_host_path(*state, path, "/missing/file");
	assert_int_equal(vfp_file_replace(path, 0644, "one\n", &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/missing/file"));
}

static void test_mkdirs(void **state)
{
	char path[VFP_PATH_SIZE];
	struct vfp_err err;

	vfp_host_path(*state, path, "/a/b/c");
	assert_int_equal(vfp_mkdirs(path, &err), 0);
	assert_int_equal(vfp_mkdirs(path, &err), 0);
	assert_true(fake_exists(*state, "/a/b/c"));
	vfp_host_path(*state, path, "/d/e/");
	assert_int_equal(vfp_mkdirs(path, &err), 0);
	fake_write(*state, "/a/file", "");
	vfp_host_path(*state, path, "/a/file");
	assert_int_equal(vfp_mkdirs(path, &err), -ENOTDIR);
	vfp_host_path(*state, path, "/a/file/below");
	assert_int_equal(vfp_mkdirs(path, &err), -ENOTDIR);
}

static void test_hash(void **state)
{
	/* draft-eastlake-fnv, test vectors */
	(void)state;
	assert_true(vfp_hash(VFP_HASH_START, "") == UINT64_C(0xcbf29ce484222325));
	assert_true(vfp_hash(VFP_HASH_START, "a") == UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(vfp_hash(vfp_hash(VFP_HASH_START, "foo"), "bar") ==
		    UINT64_C(0x85944171f73967e8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_copy),
		cmocka_unit_test_setup_teardown(test_read, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_replace, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_replace_fails, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_mkdirs, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
