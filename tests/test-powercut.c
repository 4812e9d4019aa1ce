/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The power is cut: every write to the database's files is logged, and a life of leases is replayed
 * up to each write.  What a disk may have made of it by then opens, has all that was reported as
 * done, has nothing half, and can be written again (DESIGN 3, invariants 6 and 10).
 *
 * A disk may have: all of it; the last write in part; nothing that no sync followed; any sectors of
 * what no sync followed.
 *
 *	POWERCUT_STEP=1		after each write (make torture); else after every 23rd
 *	POWERCUT_SEEDS=20	so many throws of the last kind
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "pool/setup.h"
#include "tests/pool-fixture.h"

#define SECTOR	512
#define FOLDER	"/var/lib/vfpool/"
#define N_FILES 3

static const char *const file_names[N_FILES] = {"pool.db", "pool.db-wal", "pool.db-journal"};

/* --- The log ---------------------------------------------------------------------------------- */

enum op { OP_WRITE, OP_TRUNCATE, OP_DELETE };

struct entry {
	enum op op;
	size_t file;
	int64_t offset; /* of a truncation: the new size */
	size_t size;
	char *data;
	size_t synced_at; /* how many entries there were when a sync made it last; SIZE_MAX: none */
};

/* From here on this journal line was reported as written. */
struct promise {
	size_t at;
	int64_t line;
};

static struct {
	bool is_on;
	struct entry *entries;
	size_t n;
	struct promise *promises;
	size_t n_promises;
} disk;

static void log_entry(struct entry entry, const void *data)
{
	if (!disk.is_on || entry.file == N_FILES)
		return;
	entry.synced_at = SIZE_MAX;
	if (data) {
		entry.data = vfp_alloc(1, entry.size);
		memcpy(entry.data, data, entry.size);
	}
	disk.entries = vfp_realloc(disk.entries, disk.n + 1, sizeof(*disk.entries));
	disk.entries[disk.n++] = entry;
}

/* SQLite's first sync of a file that it made is one of the folder too (os_unix.c, unixSync()), and
 * with it of what was removed there. */
static void log_sync(size_t file)
{
	static bool is_known[N_FILES];

	for (size_t i = 0; i < disk.n && disk.is_on && file < N_FILES; i++) {
		struct entry *entry = &disk.entries[i];

		if (entry->synced_at == SIZE_MAX &&
		    (entry->op == OP_DELETE ? !is_known[file] : entry->file == file))
			entry->synced_at = disk.n;
	}
	if (file < N_FILES)
		is_known[file] = true;
}

/* --- SQLite's door to the disk, with the log in it -------------------------------------------- */

struct logged {
	sqlite3_file base;
	size_t file; /* N_FILES: another */
	sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;

static sqlite3_file *real(sqlite3_file *file)
{
	return ((struct logged *)file)->real;
}

static int on_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
	log_entry((struct entry){.op = OP_WRITE,
				 .file = ((struct logged *)file)->file,
				 .offset = offset,
				 .size = (size_t)size},
		  data);
	return real(file)->pMethods->xWrite(real(file), data, size, offset);
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	log_entry((struct entry){.op = OP_TRUNCATE,
				 .file = ((struct logged *)file)->file,
				 .offset = size},
		  NULL);
	return real(file)->pMethods->xTruncate(real(file), size);
}

/* The real disk need not be bothered: that of the test is the log. */
static int on_sync(sqlite3_file *file, int flags)
{
	log_sync(((struct logged *)file)->file);
	return SQLITE_OK;
}

#define PASS(method, ...) return real(file)->pMethods->method(real(file), ##__VA_ARGS__)

static int on_close(sqlite3_file *file)
{
	int rc = real(file)->pMethods->xClose(real(file));

	sqlite3_free(real(file));
	return rc;
}

static int on_read(sqlite3_file *file, void *data, int size, sqlite3_int64 offset)
{
	PASS(xRead, data, size, offset);
}

static int on_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	PASS(xFileSize, ret_size);
}

static int on_lock(sqlite3_file *file, int level)
{
	PASS(xLock, level);
}

static int on_unlock(sqlite3_file *file, int level)
{
	PASS(xUnlock, level);
}

static int on_check_lock(sqlite3_file *file, int *ret_locked)
{
	PASS(xCheckReservedLock, ret_locked);
}

static int on_control(sqlite3_file *file, int op, void *arg)
{
	PASS(xFileControl, op, arg);
}

static int on_sector_size(sqlite3_file *file)
{
	(void)file;
	return SECTOR;
}

/* Without "powersafe overwrite" SQLite would have to keep neighbours of what it writes safe. */
static int on_characteristics(sqlite3_file *file)
{
	(void)file;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static int on_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret)
{
	PASS(xShmMap, page, size, extend, ret);
}

static int on_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
	PASS(xShmLock, offset, n, flags);
}

static void on_shm_barrier(sqlite3_file *file)
{
	real(file)->pMethods->xShmBarrier(real(file));
}

static int on_shm_unmap(sqlite3_file *file, int delete)
{
	PASS(xShmUnmap, delete);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = on_close,
	.xRead = on_read,
	.xWrite = on_write,
	.xTruncate = on_truncate,
	.xSync = on_sync,
	.xFileSize = on_size,
	.xLock = on_lock,
	.xUnlock = on_unlock,
	.xCheckReservedLock = on_check_lock,
	.xFileControl = on_control,
	.xSectorSize = on_sector_size,
	.xDeviceCharacteristics = on_characteristics,
	.xShmMap = on_shm_map,
	.xShmLock = on_shm_lock,
	.xShmBarrier = on_shm_barrier,
	.xShmUnmap = on_shm_unmap,
};

static size_t file_of(const char *path)
{
	const char *name = path && strrchr(path, '/') ? strrchr(path, '/') + 1 : "";
	size_t i = 0;

	while (i < N_FILES && strcmp(name, file_names[i]) != 0)
		i++;
	return i;
}

static int on_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
		   int *ret_flags)
{
	struct logged *logged = (struct logged *)file;
	int rc;

	*logged =
		(struct logged){.file = file_of(path), .real = sqlite3_malloc(real_vfs->szOsFile)};
	rc = real_vfs->xOpen(real_vfs, path, logged->real, flags, ret_flags);
	if (rc == SQLITE_OK)
		logged->base.pMethods = &methods;
	else
		sqlite3_free(logged->real);
	return rc;
}

static int on_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
	log_entry((struct entry){.op = OP_DELETE, .file = file_of(path)}, NULL);
	if (sync_folder && disk.is_on && disk.n)
		disk.entries[disk.n - 1].synced_at = disk.n;
	return real_vfs->xDelete(real_vfs, path, sync_folder);
}

/* --- A life ----------------------------------------------------------------------------------- */

/* What is reported as done has its line in the journal. */
static void promise(struct pool_fixture *fixture)
{
	vfp_autofree struct vfp_event *events = NULL;
	const struct vfp_journal_filter all = {0};
	size_t n;

	assert_done(fixture, vfp_pool_journal(fixture->pool, &all, &events, &n, &fixture->err));
	disk.promises = vfp_realloc(disk.promises, disk.n_promises + 1, sizeof(*disk.promises));
	disk.promises[disk.n_promises++] =
		(struct promise){.at = disk.n, .line = n ? events[n - 1].id : 0};
}

static void live_once(struct pool_fixture *fixture, unsigned int domain)
{
	const struct vfp_process qemu = {.pid = 4000, .start = 5000};
	struct vfp_lease lease = fixture_lease(fixture, domain, domain % 2 ? "blue" : "trunk");

	promise(fixture);
	assert_done(fixture, vfp_setup_apply(fixture->pool, &lease, &fixture->err));
	assert_done(fixture,
		    vfp_pool_activate(fixture->pool, lease.owner.uuid, &qemu, &fixture->err));
	promise(fixture);
	if (domain % 3 == 0) {
		assert_done(fixture, vfp_pool_drain(fixture->pool, lease.generation, "it stays",
						    &fixture->err));
		promise(fixture);
	}
	if (domain % 4 == 1)
		return; /* until the next boot */
	assert_done(fixture, vfp_setup_end(fixture->pool, &lease, "shutdown", &fixture->err));
	promise(fixture);
}

/* Domains come and go, some over a reboot; the log grows until it is checkpointed, and the database
 * is closed and opened in between. */
static void live(struct pool_fixture *fixture)
{
	const struct vfp_vf vf = fixture_vf("ens1f1", 3);

	fixture_define(fixture, "");
	promise(fixture);
	for (unsigned int round = 0; round < 4; round++) {
		for (unsigned int domain = 1; domain < 7; domain++)
			live_once(fixture, domain);
		assert_done(fixture,
			    vfp_pool_hold(fixture->pool, &vf, "for a test", &fixture->err));
		promise(fixture);
		if (round % 2)
			fixture_reopen(fixture, VFP_POOL_WRITE);
		assert_done(fixture, vfp_pool_unhold(fixture->pool, &vf, &fixture->err));
		promise(fixture);
		fixture_reboot(fixture);
		for (unsigned int i = 0; i < FIXTURE_N_VFS; i++) {
			const struct vfp_vf dirty = fixture_vf("ens1f0", i);
			const struct vfp_vf other = fixture_vf("ens1f1", i);

			assert_done(fixture,
				    vfp_setup_reclaim(fixture->pool, &dirty, &fixture->err));
			assert_done(fixture,
				    vfp_setup_reclaim(fixture->pool, &other, &fixture->err));
		}
		promise(fixture);
	}
}

/* --- What the disk has ------------------------------------------------------------------------ */

enum kind { DISK_ALL, DISK_TORN, DISK_SYNCED, DISK_ANY, N_KINDS };

static const char *const kind_names[N_KINDS] = {"all of it", "the last write in part",
						"what was synced", "any sectors of the rest"};

struct image {
	char *data[N_FILES];
	size_t sizes[N_FILES];
	bool is_there[N_FILES];
};

static void put(struct image *image, size_t file, size_t offset, const char *data, size_t size)
{
	if (image->sizes[file] < offset + size) {
		image->data[file] = vfp_realloc(image->data[file], offset + size, 1);
		memset(image->data[file] + image->sizes[file], 0,
		       offset + size - image->sizes[file]);
		image->sizes[file] = offset + size;
	}
	memcpy(image->data[file] + offset, data, size);
	image->is_there[file] = true;
}

static void apply_entry(struct image *image, const struct entry *entry)
{
	const size_t file = entry->file;

	if (entry->op == OP_WRITE) {
		put(image, file, (size_t)entry->offset, entry->data, entry->size);
	} else if (entry->op == OP_TRUNCATE) {
		if ((size_t)entry->offset < image->sizes[file])
			image->sizes[file] = (size_t)entry->offset;
		image->is_there[file] = true;
	} else {
		image->sizes[file] = 0;
		image->is_there[file] = false;
	}
}

/* Each sector of a write by the throw of a coin. */
static void apply_some(struct image *image, const struct entry *entry, unsigned int *seed)
{
	if (entry->op != OP_WRITE) {
		if (rand_r(seed) & 16)
			apply_entry(image, entry);
		return;
	}
	for (size_t at = 0; at < entry->size; at += SECTOR) {
		const size_t left = entry->size - at;

		if (rand_r(seed) & 16)
			put(image, entry->file, (size_t)entry->offset + at, entry->data + at,
			    left < SECTOR ? left : SECTOR);
	}
}

/* The disk when the power goes after @n entries: before a sync that follows the last of them, where
 * that one is written in part, or any sectors of it. */
static void make_image(struct image *image, size_t n, enum kind kind, unsigned int seed)
{
	for (size_t i = 0; i < n; i++) {
		const struct entry *entry = &disk.entries[i];
		const bool is_synced =
			kind == DISK_ANY ? entry->synced_at < n : entry->synced_at <= n;

		if (kind == DISK_TORN && i == n - 1 && entry->op == OP_WRITE)
			put(image, entry->file, (size_t)entry->offset, entry->data,
			    entry->size > SECTOR ? entry->size / 2 / SECTOR * SECTOR
						 : entry->size / 2);
		else if (is_synced || kind == DISK_ALL || kind == DISK_TORN)
			apply_entry(image, entry);
		else if (kind == DISK_ANY)
			apply_some(image, entry, &seed);
	}
}

static void write_image(const struct vfp_host *host, const struct image *image)
{
	fake_remove(host, FOLDER "pool.db-shm");
	for (size_t i = 0; i < N_FILES; i++) {
		char path[VFP_PATH_SIZE];
		vfp_autoclose int fd = -1;

		/* The empty database is made before SQLite comes to it. */
		if (!image->is_there[i] && i > 0) {
			fake_remove(host, fake_path(FOLDER "%s", file_names[i]));
			continue;
		}
		fd = open(vfp_host_path(host, path, FOLDER "%s", file_names[i]),
			  O_WRONLY | O_CREAT | O_TRUNC, 0640);
		assert_int_equal(write(fd, image->data[i], image->sizes[i]), image->sizes[i]);
	}
}

static void free_image(struct image *image)
{
	for (size_t i = 0; i < N_FILES; i++)
		free(image->data[i]);
}

/* --- What must be true of it ------------------------------------------------------------------ */

static int complain(void *opaque, int n, char **values, char **names)
{
	(void)names;
	snprintf(opaque, 256, "%s", n ? values[0] : "");
	return 0;
}

/* Runs tests/invariants.sql over the database; the last line that it prints into @said. */
static void look(const struct vfp_host *host, const char *sql, char said[256], int64_t *ret_line)
{
	char path[VFP_PATH_SIZE], *words = NULL;
	sqlite3 *db;
	sqlite3_stmt *line;

	assert_int_equal(sqlite3_open(vfp_host_path(host, path, FOLDER "pool.db"), &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, complain, said, &words) != SQLITE_OK)
		snprintf(said, 256, "%s", words);
	sqlite3_free(words);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT max(id) FROM journal", -1, &line, NULL),
			 SQLITE_OK);
	if (sqlite3_step(line) == SQLITE_ROW)
		*ret_line = sqlite3_column_int64(line, 0);
	sqlite3_finalize(line);
	sqlite3_close(db);
}

static int64_t promised(size_t n)
{
	int64_t line = -1;

	for (size_t i = 0; i < disk.n_promises; i++)
		if (disk.promises[i].at <= n)
			line = disk.promises[i].line;
	return line;
}

/* false, with words in @said. */
static bool is_good(const struct vfp_host *host, int64_t promised_line, const char *sql,
		    char said[256])
{
	struct vfp_pool *pool = NULL;
	struct vfp_err err = {0};
	int64_t line = 0;
	int rc = vfp_pool_open(host, VFP_POOL_WRITE, &pool, &err);

	if (rc == -ENOENT && promised_line < 0)
		return true; /* cut short before it was there */
	if (rc == 0)
		look(host, sql, said, &line);
	if (rc == 0 && !*said && line < promised_line)
		snprintf(said, 256, "the journal ends at %lld, promised was %lld", (long long)line,
			 (long long)promised_line);
	if (rc == 0 && !*said)
		rc = vfp_pool_note(pool, "probe", NULL, NULL, NULL, "", &err);
	vfp_pool_close(pool);
	if (rc < 0)
		snprintf(said, 256, "%.250s", err.msg);
	return !*said;
}

static size_t number_of(const char *name, size_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 10) : otherwise;
}

static char *read_sql(void)
{
	static const char tables[] =
		"CREATE TEMP TABLE device (vf TEXT, is_set INTEGER);"
		"CREATE TEMP TABLE guest (vf TEXT, uuid TEXT);"
		"CREATE TEMP TABLE boot (id TEXT); INSERT INTO boot SELECT boot_id FROM host;"
		"INSERT INTO device SELECT dev || '#' || idx, 0 FROM vf JOIN pf ON pf.id = pf_id;";
	const char *top = getenv("top_srcdir");
	vfp_autofree char *path = vfp_format("%s/tests/invariants.sql", top ? top : ".");
	vfp_autofree char *text = NULL;

	assert_int_equal(vfp_file_read(path, 1u << 20, &text, NULL, NULL), 0);
	return vfp_format("%s%s", tables, text);
}

/* @returns whether that was good. */
static bool try_one(struct pool_fixture *fixture, size_t n, enum kind kind, unsigned int seed,
		    const char *sql)
{
	struct image image = {0};
	char said[256] = "";
	bool good;

	make_image(&image, n, kind, seed);
	write_image(&fixture->host, &image);
	good = is_good(&fixture->host,
		       promised((kind == DISK_TORN || kind == DISK_ANY) && n ? n - 1 : n), sql,
		       said);
	if (!good)
		print_error("cut after write %zu of %zu, the disk has %s (seed %u): %s\n", n,
			    disk.n, kind_names[kind], seed, said);
	free_image(&image);
	return good;
}

static void test_power_cut(void **state)
{
	const size_t step = number_of("POWERCUT_STEP", 23);
	const unsigned int n_seeds = (unsigned int)number_of("POWERCUT_SEEDS", 1);
	struct pool_fixture *fixture = *state;
	vfp_autofree char *sql = read_sql();
	size_t n_images = 0, n_bad = 0;

	live(fixture);
	vfp_pool_close(VFP_TAKE(fixture->pool));
	disk.is_on = false;
	for (size_t n = 0; n <= disk.n; n += step) {
		for (enum kind kind = 0; kind < N_KINDS; kind++) {
			const unsigned int n_throws = kind == DISK_ANY ? n_seeds : 1;

			for (unsigned int seed = 0; seed < n_throws; seed++, n_images++)
				n_bad += !try_one(fixture, n, kind, seed + 1, sql);
		}
		if (n_bad > 10)
			break;
	}
	print_message("%zu writes, %zu promises, %zu images of the disk, %zu broken\n", disk.n,
		      disk.n_promises, n_images, n_bad);
	assert_int_equal(n_bad, 0);
	assert_true(disk.n > 500 && disk.n_promises > 50);
}

static int setup(void **state)
{
	static sqlite3_vfs vfs;

	real_vfs = sqlite3_vfs_find(NULL);
	vfs = *real_vfs;
	vfs.szOsFile = sizeof(struct logged);
	vfs.zName = "logged";
	vfs.xOpen = on_open;
	vfs.xDelete = on_delete;
	sqlite3_vfs_register(&vfs, 1);
	disk.is_on = true;
	return pool_fixture_setup(state, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_power_cut, setup, pool_fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
