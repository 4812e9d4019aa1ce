/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pool/db.c: opening, what is refused at opening, every statement, and a transaction that is left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pool/db.h"
#include "tests/fake-sysfs.h"

#define FILE_PATH "/var/lib/vfpool/pool.db"

VFP_DEFINE_AUTO(db, struct vfp_db *, vfp_db_close)

struct fixture {
	struct vfp_host host;
	char path[VFP_PATH_SIZE];
	struct vfp_err err;
};

static int setup(void **state)
{
	static struct fixture fixture;

	fake_root_make(&fixture.host, NULL, 0);
	vfp_host_path(&fixture.host, fixture.path, FILE_PATH);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	fake_root_remove(&fixture->host);
	return 0;
}

static struct vfp_db *open_db(struct fixture *fixture, enum vfp_pool_mode mode)
{
	struct vfp_db *db = NULL;

	if (vfp_db_open(fixture->path, mode, &db, &fixture->err) < 0)
		fail_msg("%s", fixture->err.msg);
	return db;
}

static unsigned int mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

/* Writes @text over the file's bytes from @offset on. */
static void damage(struct fixture *fixture, off_t offset, const void *text, size_t size)
{
	vfp_autoclose int fd = open(fixture->path, O_WRONLY);

	assert_int_equal(pwrite(fd, text, size, offset), size);
}

static void test_every_statement_prepares(void **state)
{
	struct fixture *fixture = *state;
	vfp_auto(db) db = open_db(fixture, VFP_POOL_CREATE);

	for (enum vfp_sql sql = 0; sql < VFP_N_SQL; sql++)
		if (vfp_db_prepare(db, sql, &fixture->err) < 0)
			fail_msg("statement %d: %s", (int)sql, fixture->err.msg);
}

static void test_create(void **state)
{
	struct fixture *fixture = *state;
	mode_t mask = umask(077);

	vfp_db_close(open_db(fixture, VFP_POOL_CREATE));
	umask(mask);
	assert_int_equal(mode_of(fixture->path), 0640);
	/* A second one finds what the first one made. */
	vfp_db_close(open_db(fixture, VFP_POOL_CREATE));
	vfp_db_close(open_db(fixture, VFP_POOL_WRITE));
	vfp_db_close(open_db(fixture, VFP_POOL_READ));
}

static void test_missing(void **state)
{
	static const enum vfp_pool_mode modes[] = {VFP_POOL_READ, VFP_POOL_WRITE};
	struct fixture *fixture = *state;
	struct vfp_db *db = NULL;

	for (size_t i = 0; i < VFP_N(modes); i++) {
		assert_int_equal(vfp_db_open(fixture->path, modes[i], &db, &fixture->err), -ENOENT);
		assert_non_null(
			strstr(fixture->err.msg, "no pool is defined; see vfpool pool define"));
	}
	/* The same when a CREATE did not get further than the empty file. */
	fake_write(&fixture->host, FILE_PATH, "");
	for (size_t i = 0; i < VFP_N(modes); i++)
		assert_int_equal(vfp_db_open(fixture->path, modes[i], &db, &fixture->err), -ENOENT);
	vfp_db_close(open_db(fixture, VFP_POOL_CREATE));
	assert_null(db);
}

static void test_no_database(void **state)
{
	struct fixture *fixture = *state;
	struct vfp_db *db = NULL;
	char text[8192];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	fake_write(&fixture->host, FILE_PATH, text);
	for (enum vfp_pool_mode mode = VFP_POOL_READ; mode <= VFP_POOL_CREATE; mode++) {
		assert_int_equal(vfp_db_open(fixture->path, mode, &db, &fixture->err), -EUCLEAN);
		assert_non_null(strstr(fixture->err.msg, FILE_PATH));
	}
}

static void test_newer_version(void **state)
{
	/* The user version's place in the header: https://sqlite.org/fileformat2.html, 1.3. */
	static const unsigned char version[] = {0, 0, 0, 99};
	struct fixture *fixture = *state;
	struct vfp_db *db = NULL;

	vfp_db_close(open_db(fixture, VFP_POOL_CREATE));
	damage(fixture, 60, version, sizeof(version));
	for (enum vfp_pool_mode mode = VFP_POOL_READ; mode <= VFP_POOL_CREATE; mode++) {
		assert_int_equal(vfp_db_open(fixture->path, mode, &db, &fixture->err), -EUCLEAN);
		assert_non_null(strstr(fixture->err.msg, "written by a newer vfpool (version 99"));
	}
}

/* The file alone is the database when nobody uses it: it can be copied, and replaced by a copy. */
static void test_log_is_emptied(void **state)
{
	struct fixture *fixture = *state;
	char path[VFP_PATH_SIZE];
	struct stat st;

	vfp_db_close(open_db(fixture, VFP_POOL_CREATE));
	assert_int_equal(stat(vfp_host_path(&fixture->host, path, FILE_PATH "-wal"), &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static const struct vfp_column name_columns[] = {{VFP_COLUMN_IS_TEXT, 0, VFP_BOOT_ID_SIZE, NULL}};
static const struct vfp_shape name_shape = {name_columns, 1, VFP_BOOT_ID_SIZE};

static void test_corrupt_page(void **state)
{
	struct fixture *fixture = *state;
	vfp_auto(db) db = NULL;
	char page[4096], boot[VFP_BOOT_ID_SIZE];
	struct stat st;

	vfp_db_close(open_db(fixture, VFP_POOL_CREATE));
	assert_int_equal(stat(fixture->path, &st), 0);
	memset(page, 0xa5, sizeof(page));
	for (off_t at = sizeof(page); at < st.st_size; at += (off_t)sizeof(page))
		damage(fixture, at, page, sizeof(page));
	/* The schema may or may not reach beyond the first page, so it is one of the two that
	 * tells. */
	if (vfp_db_open(fixture->path, VFP_POOL_WRITE, &db, &fixture->err) == 0)
		assert_true(vfp_db_row(db, VFP_SQL_BOOT_GET, NULL, &name_shape, boot,
				       &fixture->err) < 0);
	assert_int_equal(fixture->err.code, EUCLEAN);
}

static void test_read_only(void **state)
{
	struct fixture *fixture = *state;
	vfp_auto(db) db = NULL;

	vfp_db_close(open_db(fixture, VFP_POOL_CREATE));
	db = open_db(fixture, VFP_POOL_READ);
	assert_int_equal(
		vfp_db_run(db, VFP_SQL_BOOT_SET, VFP_VALUES(VFP_TEXT("x")), NULL, &fixture->err),
		-EROFS);
}

static void test_left_transaction_is_rolled_back(void **state)
{
	struct fixture *fixture = *state;
	vfp_auto(db) db = open_db(fixture, VFP_POOL_CREATE);
	char boot[VFP_BOOT_ID_SIZE];

	for (int i = 0; i < 2; i++) {
		vfp_auto(db_transaction) change = NULL;

		assert_int_equal(vfp_db_begin(db, &change, NULL), 0);
		assert_int_equal(
			vfp_db_run(db, VFP_SQL_BOOT_SET, VFP_VALUES(VFP_TEXT("left")), NULL, NULL),
			0);
	}
	assert_int_equal(vfp_db_row(db, VFP_SQL_BOOT_GET, NULL, &name_shape, boot, NULL), 1);
	assert_string_equal(boot, "");
	{
		vfp_auto(db_transaction) change = NULL;
		unsigned int n_changed = 0;

		assert_int_equal(vfp_db_begin(db, &change, NULL), 0);
		assert_int_equal(vfp_db_run(db, VFP_SQL_BOOT_SET, VFP_VALUES(VFP_TEXT("kept")),
					    &n_changed, NULL),
				 0);
		assert_int_equal(n_changed, 1);
		assert_int_equal(vfp_db_commit(&change, NULL), 0);
	}
	assert_int_equal(vfp_db_row(db, VFP_SQL_BOOT_GET, NULL, &name_shape, boot, NULL), 1);
	assert_string_equal(boot, "kept");
}

static int put_pf(struct vfp_db *db, const char *dev, bool keeps)
{
	vfp_auto(db_transaction) change = NULL;
	int rc = vfp_db_begin(db, &change, NULL);

	if (rc == 0)
		rc = vfp_db_run(db, VFP_SQL_PF_PUT, VFP_VALUES(VFP_TEXT(dev)), NULL, NULL);
	return rc == 0 && keeps ? vfp_db_commit(&change, NULL) : rc;
}

/* The PFs that another handle sees, as "ens1 ens3". */
static void assert_pfs(struct fixture *fixture, const char *names)
{
	struct pf {
		int64_t id;
		char dev[IFNAMSIZ];
		char mac[VFP_MAC_SIZE];
	};
	static const struct vfp_column columns[] = {
		VFP_COLUMN_NUMBER(struct pf, id),
		VFP_COLUMN_TEXT(struct pf, dev),
		VFP_COLUMN_TEXT(struct pf, mac),
	};
	static const struct vfp_shape shape = VFP_SHAPE(struct pf, columns);
	vfp_auto(db) db = open_db(fixture, VFP_POOL_READ);
	vfp_autofree struct pf *pfs = NULL;
	char found[64] = "";
	size_t n;

	assert_int_equal(vfp_db_rows(db, VFP_SQL_PF_LIST, NULL, &shape, &pfs, &n, NULL), 0);
	for (size_t i = 0; i < n; i++)
		strcat(strcat(found, i ? " " : ""), pfs[i].dev);
	assert_string_equal(found, names);
}

/* Each change is one, and all are there when the group ends. */
static void test_group(void **state)
{
	struct fixture *fixture = *state;
	vfp_auto(db) db = open_db(fixture, VFP_POOL_CREATE);
	vfp_auto(db_transaction) group = NULL;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(vfp_db_begin_group(db, &group, NULL), 0);
		assert_int_equal(put_pf(db, i ? "ens4" : "ens1", true), 0);
		assert_int_equal(put_pf(db, "ens2", false), 0);
		assert_int_equal(put_pf(db, i ? "ens5" : "ens3", true), 0);
		assert_pfs(fixture, i ? "ens1 ens3" : "");
		assert_int_equal(vfp_db_commit_group(&group, NULL), 0);
		assert_null(group);
	}
	assert_pfs(fixture, "ens1 ens3 ens4 ens5");
	/* What comes behind is by itself again. */
	assert_int_equal(put_pf(db, "ens6", true), 0);
	assert_pfs(fixture, "ens1 ens3 ens4 ens5 ens6");
}

/* When SQLite gives the transaction up, nothing of the group is done behind its back. */
static void test_lost_group(void **state)
{
	struct fixture *fixture = *state;
	vfp_auto(db) db = open_db(fixture, VFP_POOL_CREATE);
	vfp_auto(db_transaction) group = NULL;

	assert_int_equal(vfp_db_begin_group(db, &group, NULL), 0);
	assert_int_equal(put_pf(db, "ens1", true), 0);
	assert_int_equal(vfp_db_run(db, VFP_SQL_ROLLBACK, NULL, NULL, NULL), 0);
	assert_int_equal(put_pf(db, "ens2", true), -EIO);
	assert_int_equal(vfp_db_commit_group(&group, &fixture->err), -EIO);
	assert_non_null(strstr(fixture->err.msg, "pool.db: a change before"));
	vfp_db_rollback(VFP_TAKE(group));
	assert_pfs(fixture, "");
	assert_int_equal(put_pf(db, "ens3", true), 0);
	assert_pfs(fixture, "ens3");
}

/* A disk that is full says so to the group, and to no change of it. */
static void test_group_on_full_disk(void **state)
{
	struct fixture *fixture = *state;
	vfp_auto(db) db = open_db(fixture, VFP_POOL_CREATE);
	vfp_auto(db_transaction) group = NULL;
	struct rlimit limit, none;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	none = (struct rlimit){.rlim_max = limit.rlim_max};
	assert_int_equal(vfp_db_begin_group(db, &group, NULL), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(put_pf(db, "ens1", true), 0);
	assert_int_equal(put_pf(db, "ens2", true), 0);
	assert_int_equal(vfp_db_commit_group(&group, &fixture->err), -EIO);
	vfp_db_rollback(VFP_TAKE(group));
	setrlimit(RLIMIT_FSIZE, &limit);
	assert_pfs(fixture, "");
	assert_int_equal(put_pf(db, "ens3", true), 0);
	assert_pfs(fixture, "ens3");
}

/* What does not fit into the struct is not ours, and is said so. */
static void test_value_that_does_not_fit(void **state)
{
	static const struct vfp_column columns[] = {{VFP_COLUMN_IS_TEXT, 0, 4, NULL}};
	static const struct vfp_shape shape = {columns, 1, 4};
	struct fixture *fixture = *state;
	vfp_auto(db) db = open_db(fixture, VFP_POOL_CREATE);
	char boot[4] = "abc";

	assert_int_equal(vfp_db_run(db, VFP_SQL_BOOT_SET, VFP_VALUES(VFP_TEXT("long")), NULL, NULL),
			 0);
	assert_int_equal(vfp_db_row(db, VFP_SQL_BOOT_GET, NULL, &shape, boot, &fixture->err),
			 -EUCLEAN);
	assert_non_null(strstr(fixture->err.msg, "boot_id"));
	assert_string_equal(boot, "abc");
}

static void test_constraint(void **state)
{
	struct fixture *fixture = *state;
	vfp_auto(db) db = open_db(fixture, VFP_POOL_CREATE);

	assert_int_equal(
		vfp_db_run(db, VFP_SQL_POOL_PF_CLEAR, VFP_VALUES(VFP_NUMBER(1)), NULL, NULL), 0);
	assert_int_equal(vfp_db_run(db, VFP_SQL_PF_WANT,
				    VFP_VALUES(VFP_TEXT("ens1f0"), VFP_NUMBER(70000), VFP_NUMBER(1),
					       VFP_NUMBER(0)),
				    NULL, &fixture->err),
			 -EEXIST);
	/* A port group that is not there. */
	assert_int_equal(vfp_db_run(db, VFP_SQL_PORT_INSERT,
				    VFP_VALUES(VFP_TEXT("00000000-0000-4000-8000-000000000001"),
					       VFP_TEXT("web1"), VFP_TEXT("52:54:00:00:00:01"),
					       VFP_NUMBER(99), VFP_TEXT("ens1f0"), VFP_NUMBER(0),
					       VFP_NUMBER(1), VFP_NUMBER(0), VFP_TEXT("")),
				    NULL, &fixture->err),
			 -EEXIST);
	assert_non_null(strstr(fixture->err.msg, "FOREIGN KEY"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_statement_prepares, setup, teardown),
		cmocka_unit_test_setup_teardown(test_create, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_database, setup, teardown),
		cmocka_unit_test_setup_teardown(test_newer_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_log_is_emptied, setup, teardown),
		cmocka_unit_test_setup_teardown(test_corrupt_page, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_left_transaction_is_rolled_back, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_group, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost_group, setup, teardown),
		cmocka_unit_test_setup_teardown(test_group_on_full_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_value_that_does_not_fit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_constraint, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
