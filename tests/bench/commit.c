/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SQLite's own durable commits: opens a database as the pool's is, commits one row so often, and
 * leaves.
 *
 *	commit DATABASE TIMES
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	const long times = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
	int rc = SQLITE_ERROR;
	sqlite3 *db = NULL;

	if (times > 0)
		rc = sqlite3_open(argv[1], &db);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(db, 60000);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
	for (long i = 0; rc == SQLITE_OK && i < times; i++)
		rc = sqlite3_exec(
			db,
			"BEGIN IMMEDIATE; INSERT INTO lease VALUES ('web1', 'ens1f0#1'); COMMIT",
			NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		fprintf(stderr, "commit: %s\n",
			db ? sqlite3_errmsg(db) : "usage: commit DATABASE TIMES");
	sqlite3_close(db);
	return rc != SQLITE_OK;
}
