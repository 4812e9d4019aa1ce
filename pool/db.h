/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The database, private to pool/: open and upgrade it, run a statement of the one table in db.c.
 *
 * No caller sees SQL or SQLite.  A statement goes in by its name, with its values in the order of
 * its parameters; rows come out as structs, by a table that says which column goes where:
 *
 *	static const struct vfp_column columns[] = {
 *		VFP_COLUMN_TEXT(struct thing, name),
 *		VFP_COLUMN_NUMBER(struct thing, id),
 *	};
 *	static const struct vfp_shape shape = VFP_SHAPE(struct thing, columns);
 *
 *	rc = vfp_db_row(db, VFP_SQL_THING_GET, VFP_VALUES(VFP_TEXT(name)), &shape, &thing, err);
 *
 * A statement is prepared when it is first run: a hook runs few of them.
 *
 *	vfp_auto(db_transaction) change = NULL;
 *	rc = vfp_db_begin(db, &change, err);	BEGIN IMMEDIATE: waits for other writers
 *	…					leaving the scope here rolls back
 *	return vfp_db_commit(&change, err);
 */
#pragma once

#include <stddef.h>

#include "base/cleanup.h"
#include "pool/pool.h"

struct vfp_db;

/* What each does stands beside its text in db.c. */
enum vfp_sql {
	VFP_SQL_BEGIN,
	VFP_SQL_BEGIN_READ,
	VFP_SQL_COMMIT,
	VFP_SQL_ROLLBACK,
	VFP_SQL_SAVE,
	VFP_SQL_SAVE_KEEP,
	VFP_SQL_SAVE_UNDO,
	VFP_SQL_USE_WAL,
	VFP_SQL_USE_FULL_SYNC,
	VFP_SQL_USE_SHORT_LOG,
	VFP_SQL_USE_FOREIGN_KEYS,
	VFP_SQL_VERSION,
	VFP_SQL_DATA_VERSION,
	VFP_SQL_BOOT_GET,
	VFP_SQL_BOOT_SET,
	VFP_SQL_VOID_NOTE,
	VFP_SQL_VOID_DELETE,
	VFP_SQL_POOL_LIST,
	VFP_SQL_POOL_GET,
	VFP_SQL_POOL_PUT,
	VFP_SQL_POOL_DELETE,
	VFP_SQL_POOL_PF_LIST,
	VFP_SQL_POOL_PF_CLEAR,
	VFP_SQL_POOL_PF_PUT,
	VFP_SQL_PF_PUT,
	VFP_SQL_PF_POOLS,
	VFP_SQL_PF_WANT,
	VFP_SQL_PF_WANTED,
	VFP_SQL_PF_LIST,
	VFP_SQL_PF_MAC,
	VFP_SQL_PF_RENAME,
	VFP_SQL_PF_UNRESERVE,
	VFP_SQL_PORTGROUP_LIST,
	VFP_SQL_PORTGROUP_FIND,
	VFP_SQL_PORTGROUP_UNDEFAULT,
	VFP_SQL_PORTGROUP_PUT,
	VFP_SQL_PORTGROUP_DELETE,
	VFP_SQL_PORTGROUP_USER,
	VFP_SQL_POOL_USER,
	VFP_SQL_VF_PUT,
	VFP_SQL_VF_GET,
	VFP_SQL_VF_LIST,
	VFP_SQL_VF_CLEAN,
	VFP_SQL_VF_DIRTY,
	VFP_SQL_VF_FAULT,
	VFP_SQL_VF_HOLD,
	VFP_SQL_PORT_LIST,
	VFP_SQL_PORT_OF_DOMAIN,
	VFP_SQL_PORT_OF_MAC,
	VFP_SQL_PORT_INSERT,
	VFP_SQL_PORT_UPDATE,
	VFP_SQL_PORT_SEEN,
	VFP_SQL_PORT_UNSEEN,
	VFP_SQL_PORT_LEASED,
	VFP_SQL_PORT_PIN,
	VFP_SQL_PORT_UNPIN,
	VFP_SQL_PORT_DELETE,
	VFP_SQL_CLAIM_ANY,
	VFP_SQL_CLAIM_LIST,
	VFP_SQL_CLAIM_END,
	VFP_SQL_TROUBLE_LIST,
	VFP_SQL_TROUBLE_PUT,
	VFP_SQL_TROUBLE_DELETE,
	VFP_SQL_ALONE_GET,
	VFP_SQL_ALONE_PUT,
	VFP_SQL_ALONE_DELETE,
	VFP_SQL_LEASE_LIST,
	VFP_SQL_LEASE_GET,
	VFP_SQL_LEASE_STANDS,
	VFP_SQL_LEASE_OF_DOMAIN,
	VFP_SQL_LEASE_OF_VF,
	VFP_SQL_LEASE_OF_PORT,
	VFP_SQL_LEASE_INSERT,
	VFP_SQL_LEASE_UPDATE,
	VFP_SQL_LEASE_ATTRS,
	VFP_SQL_LEASE_DELETE,
	VFP_SQL_NOTE,
	VFP_SQL_TALLY_LIST,
	VFP_SQL_JOURNAL,
	VFP_SQL_JOURNAL_OF_DOMAIN,
	VFP_SQL_JOURNAL_OF_MAC,
	VFP_SQL_JOURNAL_EVENTS,
	VFP_SQL_JOURNAL_TRIM,
	VFP_SQL_JOURNAL_END,
	VFP_SQL_OLDEST,
	VFP_SQL_UNSTARTED,
	VFP_N_SQL
};

/* READ opens read-only; WRITE wants an existing database and upgrades it; CREATE makes one first.
 * Errors as vfp_pool_open() has them. */
int vfp_db_open(const char *path, enum vfp_pool_mode mode, struct vfp_db **ret_db,
		struct vfp_err *err);
void vfp_db_close(struct vfp_db *db); /* NULL is fine */

void vfp_db_rollback(struct vfp_db *db);
VFP_DEFINE_AUTO(db_transaction, struct vfp_db *, vfp_db_rollback)

/* *ret_change: see above.  Writers of ours stand in a line and come in the order in which they
 * asked (base/lock.h); one that is first waits 5 s for a stranger.  -EBUSY: somebody kept the
 * database for 5 s, or the line was longer than 30 s. */
int vfp_db_begin(struct vfp_db *db, struct vfp_db **ret_change, struct vfp_err *err);
/* One view of the database over several reads.  Inside a transaction that is given anyway:
 * *ret_view is then NULL. */
int vfp_db_begin_read(struct vfp_db *db, struct vfp_db **ret_view, struct vfp_err *err);
int vfp_db_commit(struct vfp_db **change, struct vfp_err *err);

/* A group is a transaction that has several changes in it, one after the other, each of which
 * begins, and ends or is undone, as it would by itself: it does not know of the others.  They are
 * durable when the group is committed. */
int vfp_db_begin_group(struct vfp_db *db, struct vfp_db **ret_group, struct vfp_err *err);
/* An error says that no change of the group was made. */
int vfp_db_commit_group(struct vfp_db **group, struct vfp_err *err);

/* --- Values in -------------------------------------------------------------------------------- */

struct vfp_value {
	enum { VFP_VALUE_END, VFP_VALUE_NUMBER, VFP_VALUE_TEXT, VFP_VALUE_MAC } kind;
	int64_t number;
	const char *text; /* NULL is SQL's NULL */
	const struct vfp_mac *mac;
};
#define VFP_NUMBER(n)	((struct vfp_value){.kind = VFP_VALUE_NUMBER, .number = (int64_t)(n)})
#define VFP_TEXT(s)	((struct vfp_value){.kind = VFP_VALUE_TEXT, .text = (s)})
#define VFP_MAC(m)	((struct vfp_value){.kind = VFP_VALUE_MAC, .mac = (m)})
#define VFP_WORD(t, v)	VFP_TEXT(vfp_word_of((t), (int)(v)))
#define VFP_VALUES(...) ((const struct vfp_value[]){__VA_ARGS__, {.kind = VFP_VALUE_END}})

/* --- Rows out --------------------------------------------------------------------------------- */

struct vfp_column {
	enum {
		VFP_COLUMN_IS_NUMBER,
		VFP_COLUMN_IS_TEXT,
		VFP_COLUMN_IS_WORD,
		VFP_COLUMN_IS_MAC
	} kind;
	size_t offset, size;
	const struct vfp_word *words;
};
#define VFP_COLUMN(kind, type, member, words)                                                    \
	{                                                                                        \
		VFP_COLUMN_IS_##kind, offsetof(type, member), sizeof(((type *)0)->member), words \
	}
/* A number of any integer type, bool among them.  A NULL leaves the member 0. */
#define VFP_COLUMN_NUMBER(type, member)	     VFP_COLUMN(NUMBER, type, member, NULL)
#define VFP_COLUMN_TEXT(type, member)	     VFP_COLUMN(TEXT, type, member, NULL)
#define VFP_COLUMN_MAC(type, member)	     VFP_COLUMN(MAC, type, member, NULL)
#define VFP_COLUMN_WORD(type, member, words) VFP_COLUMN(WORD, type, member, words)

struct vfp_shape {
	const struct vfp_column *columns;
	size_t n_columns, size;
};
#define VFP_SHAPE(type, columns)                      \
	{                                             \
		columns, VFP_N(columns), sizeof(type) \
	}

/* All take @values, NULL for a statement without parameters.  -EUCLEAN: a value of the row is none
 * that this program could have written. */

/* Runs a statement that gives no rows.  @ret_changed, unless NULL: how many rows it wrote. */
int vfp_db_run(struct vfp_db *db, enum vfp_sql sql, const struct vfp_value *values,
	       unsigned int *ret_changed, struct vfp_err *err);
/* Inserts one row and gives its key. */
int vfp_db_insert(struct vfp_db *db, enum vfp_sql sql, const struct vfp_value *values,
		  int64_t *ret_id, struct vfp_err *err);
/* The first row into the struct @ret_row: 1.  There is none: 0, and it is not touched. */
int vfp_db_row(struct vfp_db *db, enum vfp_sql sql, const struct vfp_value *values,
	       const struct vfp_shape *shape, void *ret_row, struct vfp_err *err);
/* All rows.  @ret_rows is the address of a pointer to the struct; the caller frees the array. */
int vfp_db_rows(struct vfp_db *db, enum vfp_sql sql, const struct vfp_value *values,
		const struct vfp_shape *shape, void *ret_rows, size_t *ret_n, struct vfp_err *err);

/* Prepares a statement without running it: for the test that goes through the table. */
int vfp_db_prepare(struct vfp_db *db, enum vfp_sql sql, struct vfp_err *err);
