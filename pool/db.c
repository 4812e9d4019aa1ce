/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The database: the only file that knows SQLite, and all of its SQL.
 */
#include "pool/db.h"

#include <assert.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/lock.h"
#include "schemas/schemas.h"

#define BUSY_TIMEOUT_MS 5000
#define TURN_TIMEOUT_MS 30000
#define SCHEMA_VERSION	1 /* of schemas/pool.sql */

struct vfp_db {
	sqlite3 *sqlite;
	char *path;
	int turn;      /* our place in the writers' line (base/lock.h) while we are the first; -1 */
	bool is_group; /* the transaction is one */
	bool is_change;			     /* of the group, one has begun */
	sqlite3_stmt *statements[VFP_N_SQL]; /* NULL until first run */
};

/* A running statement is always reset, or it would keep its transaction open. */
VFP_DEFINE_AUTO(running, sqlite3_stmt *, sqlite3_reset)
VFP_DEFINE_AUTO(db, struct vfp_db *, vfp_db_close)

/* How a database gets from one version to a later one; 0 is an empty file. */
static const struct step {
	int from;
	const char *sql;
} steps[] = {
	{0, vfp_schema_pool_sql},
};

/* --- The statements --------------------------------------------------------------------------- */

/* The VF (PF, index) that two parameters name. */
#define VF_ID(dev, idx)                                                         \
	"(SELECT vf.id FROM vf JOIN pf ON pf.id = vf.pf_id WHERE pf.dev = " dev \
	" AND vf.idx = " idx ")"

#define SELECT_POOL "SELECT id, name, physnet, policy, numa, park FROM pool "

/* Of a port group or a lease. */
#define ATTR_COLUMNS(of)                                                                      \
	" " of ".vlan_mode, " of ".vlan, " of ".vlan_proto, " of ".qos, " of ".spoofchk, " of \
	".trust, " of ".link_state, " of ".min_rate_mbps, " of ".max_rate_mbps "
#define PORTGROUP_COLUMNS ATTR_COLUMNS("portgroup")

#define SELECT_PORT                                                                              \
	"SELECT port.id, uuid, domain, mac, pool.name, portgroup.name, bound_pf.dev, bound.idx," \
	" last_pf.dev, last.idx, pinned, seen, created_ms, claim_until_ms, claim_boot"           \
	" FROM port JOIN portgroup ON portgroup.id = portgroup_id"                               \
	" JOIN pool ON pool.id = pool_id"                                                        \
	" LEFT JOIN vf AS bound ON bound.id = vf_id"                                             \
	" LEFT JOIN pf AS bound_pf ON bound_pf.id = bound.pf_id"                                 \
	" LEFT JOIN vf AS last ON last.id = last_vf_id"                                          \
	" LEFT JOIN pf AS last_pf ON last_pf.id = last.pf_id "

/* A lease of an earlier boot is void, also before the first writer of this boot has cleared it
 * away. */
#define SELECT_LEASE                                                                             \
	"SELECT generation, uuid, domain, mac, pool.name, portgroup.name, pf.dev, vf.idx,"       \
	" lease.state, lease.boot_id, daemon_pid, daemon_start, qemu_pid, qemu_start, since_ms," \
	" locked_kib, huge_kib, pool.park," ATTR_COLUMNS(                                        \
		"lease") "FROM lease JOIN vf ON vf.id = vf_id"                                   \
			 " JOIN pf ON pf.id = pf_id"                                             \
			 " LEFT JOIN portgroup ON portgroup.id = portgroup_id"                   \
			 " LEFT JOIN pool ON pool.id = pool_id"                                  \
			 " WHERE lease.boot_id = ?1 "

#define SELECT_GENERATION "SELECT generation FROM lease WHERE boot_id = ?1 "

#define SELECT_VF "SELECT dirty, held, faulty"

#define SELECT_EVENT                                                                             \
	"SELECT id, time_ms, event, uuid, domain, mac, vf, pci, pool, reason, text FROM journal" \
	" WHERE id > ?1 AND time_ms >= ?2 AND (?3 = 0 OR time_ms < ?3)"                          \
	" AND (?4 IS NULL OR vf = ?4 OR pci = ?4) AND (?5 IS NULL OR pool = ?5)"                 \
	" AND (?6 IS NULL OR event = ?6) "

static const char *const sql_of[VFP_N_SQL] = {
	[VFP_SQL_BEGIN] = "BEGIN IMMEDIATE",
	[VFP_SQL_BEGIN_READ] = "BEGIN",
	[VFP_SQL_COMMIT] = "COMMIT",
	[VFP_SQL_ROLLBACK] = "ROLLBACK",
	[VFP_SQL_SAVE] = "SAVEPOINT change",
	[VFP_SQL_SAVE_KEEP] = "RELEASE change",
	[VFP_SQL_SAVE_UNDO] = "ROLLBACK TO change",
	[VFP_SQL_USE_WAL] = "PRAGMA journal_mode = WAL",
	[VFP_SQL_USE_FULL_SYNC] = "PRAGMA synchronous = FULL",
	[VFP_SQL_USE_SHORT_LOG] = "PRAGMA journal_size_limit = 1048576",
	[VFP_SQL_USE_FOREIGN_KEYS] = "PRAGMA foreign_keys = ON",
	[VFP_SQL_VERSION] = "PRAGMA user_version",
	[VFP_SQL_DATA_VERSION] = "PRAGMA data_version",

	[VFP_SQL_BOOT_GET] = "SELECT boot_id FROM host",
	[VFP_SQL_BOOT_SET] = "UPDATE host SET boot_id = ?1",
	/* ?1 this boot, ?2 now */
	[VFP_SQL_VOID_NOTE] =
		"INSERT INTO journal (time_ms, event, uuid, domain, mac, vf, pool, text)"
		" SELECT ?2, 'void', uuid, domain, mac, pf.dev || '#' || vf.idx,"
		" coalesce(pool.name, ''), 'the host was restarted; the VF waits for its scrub'"
		" FROM lease JOIN vf ON vf.id = vf_id JOIN pf ON pf.id = pf_id"
		" LEFT JOIN portgroup ON portgroup.id = portgroup_id"
		" LEFT JOIN pool ON pool.id = pool_id"
		" WHERE lease.boot_id <> ?1 ORDER BY generation",
	[VFP_SQL_VOID_DELETE] = "DELETE FROM lease WHERE boot_id <> ?1",

	[VFP_SQL_POOL_LIST] = SELECT_POOL "ORDER BY name",
	[VFP_SQL_POOL_GET] = SELECT_POOL "WHERE name = ?1",
	[VFP_SQL_POOL_PUT] =
		"INSERT INTO pool (name, physnet, policy, numa, park) VALUES (?1, ?2, ?3, ?4, ?5)"
		" ON CONFLICT (name) DO UPDATE SET physnet = ?2, policy = ?3, numa = ?4, park = ?5",
	[VFP_SQL_POOL_DELETE] = "DELETE FROM pool WHERE id = ?1",
	[VFP_SQL_POOL_PF_LIST] = "SELECT dev, vfs FROM pool_pf JOIN pf ON pf.id = pf_id"
				 " WHERE pool_id = ?1 ORDER BY place",
	[VFP_SQL_POOL_PF_CLEAR] = "DELETE FROM pool_pf WHERE pool_id = ?1",
	[VFP_SQL_POOL_PF_PUT] = "INSERT INTO pool_pf (pool_id, pf_id, place, vfs)"
				" SELECT ?1, id, ?3, ?4 FROM pf WHERE dev = ?2",
	[VFP_SQL_PF_PUT] = "INSERT INTO pf (dev) VALUES (?1) ON CONFLICT DO NOTHING",
	/* Which pools have VFs of a PF. */
	[VFP_SQL_PF_POOLS] = "SELECT name, vfs FROM pool_pf JOIN pf ON pf.id = pf_id"
			     " JOIN pool ON pool.id = pool_id WHERE dev = ?1 ORDER BY name",
	[VFP_SQL_PF_WANT] =
		"INSERT INTO pf (dev, wanted_vfs, park, reserved) VALUES (?1, ?2, ?3, ?4)"
		" ON CONFLICT (dev) DO UPDATE SET wanted_vfs = ?2, park = ?3, reserved = ?4",
	[VFP_SQL_PF_WANTED] =
		"SELECT dev, wanted_vfs, park, reserved FROM pf WHERE wanted_vfs > 0 ORDER BY dev",
	[VFP_SQL_PF_LIST] = "SELECT id, dev, perm_mac FROM pf ORDER BY dev",
	[VFP_SQL_PF_MAC] = "UPDATE pf SET perm_mac = ?2 WHERE dev = ?1 AND perm_mac <> ?2",
	[VFP_SQL_PF_RENAME] = "UPDATE pf SET dev = ?2 WHERE id = ?1",
	/* ?1 PF, ?2 the first index that is no longer reserved, ?3 the words of a reserved one */
	[VFP_SQL_PF_UNRESERVE] = "UPDATE vf SET held = '' WHERE held = ?3 AND idx >= ?2"
				 " AND pf_id = (SELECT id FROM pf WHERE dev = ?1)",

	[VFP_SQL_PORTGROUP_LIST] = "SELECT id, name, is_default," PORTGROUP_COLUMNS
				   "FROM portgroup WHERE pool_id = ?1 ORDER BY place",
	/* ?1 pool, ?2 port group, '' the default one */
	[VFP_SQL_PORTGROUP_FIND] =
		"SELECT portgroup.id, portgroup.name, is_default," PORTGROUP_COLUMNS
		", pool.name, policy, numa, park"
		" FROM portgroup JOIN pool ON pool.id = pool_id WHERE pool.name = ?1"
		" AND CASE ?2 WHEN '' THEN is_default ELSE portgroup.name = ?2 END",
	[VFP_SQL_PORTGROUP_UNDEFAULT] = "UPDATE portgroup SET is_default = 0 WHERE pool_id = ?1",
	[VFP_SQL_PORTGROUP_PUT] =
		"INSERT INTO portgroup (pool_id, name, place, is_default, vlan_mode, vlan, vlan_proto,"
		" qos, spoofchk, trust, link_state, min_rate_mbps, max_rate_mbps)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
		" ON CONFLICT (pool_id, name) DO UPDATE SET place = ?3, is_default = ?4,"
		" vlan_mode = ?5, vlan = ?6, vlan_proto = ?7, qos = ?8, spoofchk = ?9, trust = ?10,"
		" link_state = ?11, min_rate_mbps = ?12, max_rate_mbps = ?13",
	[VFP_SQL_PORTGROUP_DELETE] = "DELETE FROM portgroup WHERE id = ?1",
	/* Who keeps a port group from going: a port, or a lease that still runs with it. */
	[VFP_SQL_PORTGROUP_USER] =
		"SELECT uuid, domain, mac FROM port WHERE portgroup_id = ?1 UNION ALL"
		" SELECT uuid, domain, mac FROM lease WHERE portgroup_id = ?1 LIMIT 1",
	[VFP_SQL_POOL_USER] = "SELECT uuid, domain, mac FROM port WHERE portgroup_id IN"
			      " (SELECT id FROM portgroup WHERE pool_id = ?1) UNION ALL"
			      " SELECT uuid, domain, mac FROM lease WHERE portgroup_id IN"
			      " (SELECT id FROM portgroup WHERE pool_id = ?1) LIMIT 1",

	[VFP_SQL_VF_PUT] = "INSERT INTO vf (pf_id, idx) SELECT id, ?2 FROM pf WHERE dev = ?1"
			   " ON CONFLICT DO NOTHING",
	[VFP_SQL_VF_GET] = SELECT_VF " FROM vf WHERE id = " VF_ID("?1", "?2"),
	[VFP_SQL_VF_LIST] = SELECT_VF ", dev, idx, (SELECT count(*) FROM port WHERE vf_id = vf.id)"
				      " FROM vf JOIN pf ON pf.id = pf_id ORDER BY dev, idx",
	/* Each of the three writes only what it changes, so that their count tells whether it
	 * did. */
	[VFP_SQL_VF_CLEAN] = "UPDATE vf SET dirty = 0, faulty = ''"
			     " WHERE id = " VF_ID("?1", "?2") " AND (dirty OR faulty <> '')",
	[VFP_SQL_VF_DIRTY] = "UPDATE vf SET dirty = 1 WHERE id = " VF_ID("?1", "?2"),
	[VFP_SQL_VF_FAULT] = "UPDATE vf SET faulty = ?3"
			     " WHERE id = " VF_ID("?1", "?2") " AND faulty <> ?3",
	[VFP_SQL_VF_HOLD] = "UPDATE vf SET held = ?3"
			    " WHERE id = " VF_ID("?1", "?2") " AND held <> ?3",

	[VFP_SQL_PORT_LIST] = SELECT_PORT "ORDER BY domain, uuid, mac",
	[VFP_SQL_PORT_OF_DOMAIN] = SELECT_PORT "WHERE uuid = ?1 ORDER BY mac",
	[VFP_SQL_PORT_OF_MAC] = SELECT_PORT "WHERE mac = ?1",
	/* ?1 uuid, ?2 domain, ?3 mac, ?4 port group, ?5 ?6 VF, ?7 now, ?8 claimed until, ?9 in
	 * which boot */
	[VFP_SQL_PORT_INSERT] =
		"INSERT INTO port (uuid, domain, mac, portgroup_id, vf_id, created_ms,"
		" claim_until_ms, claim_boot)"
		" VALUES (?1, ?2, ?3, ?4, " VF_ID("?5", "?6") ", ?7, ?8, ?9)",
	/* ?1 port, ?2 domain, ?3 port group, ?4 ?5 VF, ?6 ?7 as ?8 ?9 above */
	[VFP_SQL_PORT_UPDATE] =
		"UPDATE port SET domain = ?2, portgroup_id = ?3,"
		" vf_id = " VF_ID("?4",
				  "?5") ", claim_until_ms = ?6, claim_boot = ?7 WHERE id = ?1",
	[VFP_SQL_PORT_SEEN] = "UPDATE port SET seen = 1, domain = ?2"
			      " WHERE uuid = ?1 AND (NOT seen OR domain <> ?2)",
	[VFP_SQL_PORT_UNSEEN] = "UPDATE port SET seen = 0 WHERE id = ?1",
	/* The definition decides: what it points at is the binding, too.  A claim has become the
	 * lease. */
	[VFP_SQL_PORT_LEASED] =
		"UPDATE port SET vf_id = " VF_ID("?2", "?3") ", last_vf_id = " VF_ID(
			"?2", "?3") ", claim_until_ms = 0, claim_boot = '' WHERE id = ?1",
	/* Pinned elsewhere, a port is claimed no more. */
	[VFP_SQL_PORT_PIN] =
		"UPDATE port SET pinned = 1, vf_id = " VF_ID("?2", "?3") ", claim_until_ms = iif(vf_id IS " VF_ID(
			"?2", "?3") ", claim_until_ms, 0),"
				    " claim_boot = iif(vf_id IS " VF_ID(
					    "?2", "?3") ", claim_boot, '') WHERE id = ?1",
	[VFP_SQL_PORT_UNPIN] = "UPDATE port SET pinned = 0 WHERE id = ?1",
	[VFP_SQL_PORT_DELETE] = "DELETE FROM port WHERE id = ?1",
	/* Both have those whose time is over, too.  A hook asks the first: it is prepared in no
	 * time, and on most hosts there are none. */
	[VFP_SQL_CLAIM_ANY] = "SELECT 1 FROM port WHERE claim_until_ms <> 0 LIMIT 1",
	[VFP_SQL_CLAIM_LIST] = SELECT_PORT "WHERE claim_until_ms <> 0 ORDER BY port.id",
	[VFP_SQL_CLAIM_END] = "UPDATE port SET claim_until_ms = 0, claim_boot = '' WHERE id = ?1",

	[VFP_SQL_TROUBLE_LIST] = "SELECT uuid, domain, reason, since_ms FROM trouble"
				 " ORDER BY domain, uuid",
	/* ?1 uuid, ?2 domain, ?3 reason, ?4 now; nothing is written when that is known */
	[VFP_SQL_TROUBLE_PUT] =
		"INSERT INTO trouble (uuid, domain, reason, since_ms) VALUES (?1, ?2, ?3, ?4)"
		" ON CONFLICT (uuid) DO UPDATE SET domain = ?2, reason = ?3, since_ms = ?4"
		" WHERE reason <> ?3",
	[VFP_SQL_TROUBLE_DELETE] = "DELETE FROM trouble WHERE uuid = ?1",

	[VFP_SQL_ALONE_GET] = "SELECT asks FROM alone WHERE uuid = ?1",
	[VFP_SQL_ALONE_PUT] = "INSERT INTO alone (uuid, asks) VALUES (?1, ?2)"
			      " ON CONFLICT (uuid) DO UPDATE SET asks = ?2",
	[VFP_SQL_ALONE_DELETE] = "DELETE FROM alone WHERE uuid = ?1",

	/* ?1 is this boot.  Which lease is asked apart from what stands in it: the second takes
	 * SQLite a tenth of a hook to compile, and the first next to nothing. */
	[VFP_SQL_LEASE_LIST] = SELECT_LEASE "ORDER BY domain, uuid, mac",
	[VFP_SQL_LEASE_GET] = SELECT_LEASE "AND generation = ?2",
	[VFP_SQL_LEASE_STANDS] = SELECT_GENERATION "AND generation = ?2",
	[VFP_SQL_LEASE_OF_DOMAIN] = SELECT_GENERATION "AND uuid = ?2 ORDER BY mac",
	[VFP_SQL_LEASE_OF_VF] = SELECT_GENERATION "AND vf_id = " VF_ID("?2", "?3"),
	[VFP_SQL_LEASE_OF_PORT] = SELECT_GENERATION "AND port_id = ?2",
	/* ?1 uuid, ?2 domain, ?3 mac, ?4 port or NULL, ?5 ?6 pool and port group or NULL, ?7 ?8 VF,
	 * ?9 state, ?10 boot, ?11 ?12 daemon, ?13 ?14 QEMU, ?15 now, ?16 ?17 memory */
	[VFP_SQL_LEASE_INSERT] =
		"INSERT INTO lease (uuid, domain, mac, port_id, vf_id, state, boot_id, daemon_pid,"
		" daemon_start, qemu_pid, qemu_start, since_ms, locked_kib, huge_kib, portgroup_id,"
		" vlan_mode, vlan, vlan_proto, qos, spoofchk, trust, link_state, min_rate_mbps, max_rate_mbps)"
		" SELECT ?1, ?2, ?3, ?4, " VF_ID(
			"?7",
			"?8") ", ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17,"
			      " portgroup.id," PORTGROUP_COLUMNS
			      "FROM (SELECT 1) LEFT JOIN portgroup ON"
			      " name = ?6 AND pool_id = (SELECT id FROM pool WHERE pool.name = ?5)",
	/* ?1 generation, ?2 state, ?3 domain, ?4 ?5 daemon, ?6 ?7 QEMU */
	[VFP_SQL_LEASE_UPDATE] = "UPDATE lease SET state = ?2, domain = ?3, daemon_pid = ?4,"
				 " daemon_start = ?5, qemu_pid = ?6, qemu_start = ?7"
				 " WHERE generation = ?1",
	/* ?1 generation, then as PORTGROUP_COLUMNS */
	[VFP_SQL_LEASE_ATTRS] =
		"UPDATE lease SET vlan_mode = ?2, vlan = ?3, vlan_proto = ?4, qos = ?5,"
		" spoofchk = ?6, trust = ?7, link_state = ?8, min_rate_mbps = ?9,"
		" max_rate_mbps = ?10 WHERE generation = ?1",
	[VFP_SQL_LEASE_DELETE] = "DELETE FROM lease WHERE generation = ?1",

	[VFP_SQL_NOTE] =
		"INSERT INTO journal (time_ms, event, uuid, domain, mac, vf, pci, pool, reason, text)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
	[VFP_SQL_TALLY_LIST] = "SELECT event, reason, pool, n, n_scrubs, scrub_ms FROM tally"
			       " ORDER BY event, reason, pool",
	/* ?1 after this one, ?2 since, ?3 until, 0 none; then what is not NULL: ?4 VF, ?5 pool,
	 * ?6 event, ?7 domain or MAC, ?8 domain */
	[VFP_SQL_JOURNAL] = SELECT_EVENT "ORDER BY id",
	[VFP_SQL_JOURNAL_OF_DOMAIN] = SELECT_EVENT
	"AND ((uuid <> '' AND uuid = ?7) OR (domain <> '' AND domain = ?7)) ORDER BY id",
	[VFP_SQL_JOURNAL_OF_MAC] = SELECT_EVENT
	"AND mac <> '' AND mac = ?7 AND (?8 IS NULL OR uuid = ?8 OR domain = ?8) ORDER BY id",
	[VFP_SQL_JOURNAL_EVENTS] = "SELECT DISTINCT event FROM journal ORDER BY event",
	[VFP_SQL_JOURNAL_TRIM] = "DELETE FROM journal WHERE time_ms < ?1",
	[VFP_SQL_JOURNAL_END] = "SELECT coalesce(max(id), 0) FROM journal",
	/* Whose first start of this boot was refused for its binding, and who has not been started,
	 * nor refused for another reason, since; an attempt of ours that never came to the hook
	 * does not count. */
	[VFP_SQL_UNSTARTED] =
		"WITH boot AS (SELECT coalesce(max(id), 0) AS id FROM journal WHERE event = 'boot'),"
		" start AS (SELECT journal.id, uuid, domain, event FROM journal, boot"
		" WHERE journal.id > boot.id AND event IN"
		" ('refused', 'refused-binding', 'lease', 'adopt', 'autostart'))"
		" SELECT uuid, domain FROM start AS first WHERE event = 'refused-binding'"
		" AND NOT EXISTS (SELECT 1 FROM start WHERE uuid = first.uuid AND"
		" (id < first.id OR event IN ('lease', 'adopt', 'refused')))"
		" AND NOT EXISTS (SELECT 1 FROM start JOIN start AS later ON later.uuid = start.uuid"
		" WHERE start.uuid = first.uuid AND start.event = 'autostart' AND later.id > start.id"
		" AND later.event IN ('refused-binding', 'autostart')) ORDER BY id",
	[VFP_SQL_OLDEST] = "SELECT (SELECT min(created_ms) FROM port WHERE NOT seen"
			   " AND claim_until_ms = 0 AND id NOT IN"
			   " (SELECT port_id FROM lease WHERE port_id IS NOT NULL)),"
			   " (SELECT min(time_ms) FROM journal),"
			   " (SELECT min(claim_until_ms) FROM port WHERE claim_until_ms <> 0)",
};

/* --- Open, close, transactions ---------------------------------------------------------------- */

static int fail(const struct vfp_db *db, struct vfp_err *err);
static int check_group(const struct vfp_db *db, struct vfp_err *err);
static int begin_in_group(struct vfp_db *db, struct vfp_db **ret_change, struct vfp_err *err);
static int check_file(const char *path, enum vfp_pool_mode mode, struct vfp_err *err);
static int set_up(struct vfp_db *db, enum vfp_pool_mode mode, struct vfp_err *err);
static int wait_turn(struct vfp_db *db, struct vfp_err *err);
static void end_turn(struct vfp_db *db);
static int check_version(struct vfp_db *db, enum vfp_pool_mode mode, struct vfp_err *err);
static int upgrade(struct vfp_db *db, struct vfp_err *err);
static int start(struct vfp_db *db, enum vfp_sql sql, const struct vfp_value *values,
		 sqlite3_stmt **ret_statement, struct vfp_err *err);
static int read_row(const struct vfp_db *db, sqlite3_stmt *statement, const struct vfp_shape *shape,
		    void *ret_row, struct vfp_err *err);

int vfp_db_open(const char *path, enum vfp_pool_mode mode, struct vfp_db **ret_db,
		struct vfp_err *err)
{
	vfp_auto(db) db = NULL;
	int rc = check_file(path, mode, err);

	if (rc < 0)
		return rc;
	db = vfp_alloc(1, sizeof(*db));
	db->path = vfp_strdup(path);
	db->turn = -1;
	rc = set_up(db, mode, err);
	if (rc < 0)
		return rc;
	rc = check_version(db, mode, err);
	if (rc < 0)
		return rc;
	*ret_db = VFP_TAKE(db);
	return 0;
}

void vfp_db_close(struct vfp_db *db)
{
	if (!db)
		return;
	for (size_t i = 0; i < VFP_N(db->statements); i++)
		sqlite3_finalize(db->statements[i]);
	sqlite3_close(db->sqlite);
	free(db->path);
	free(db);
}

void vfp_db_rollback(struct vfp_db *db)
{
	if (db->is_change) {
		db->is_change = false;
		if (!sqlite3_get_autocommit(db->sqlite) &&
		    vfp_db_run(db, VFP_SQL_SAVE_UNDO, NULL, NULL, NULL) == 0)
			vfp_db_run(db, VFP_SQL_SAVE_KEEP, NULL, NULL, NULL);
		return;
	}
	db->is_group = false;
	/* SQLite rolls back by itself on a full disk and the like; then there is nothing left to
	 * do. */
	if (!sqlite3_get_autocommit(db->sqlite))
		vfp_db_run(db, VFP_SQL_ROLLBACK, NULL, NULL, NULL);
	end_turn(db);
}

int vfp_db_begin(struct vfp_db *db, struct vfp_db **ret_change, struct vfp_err *err)
{
	int rc;

	if (db->is_group)
		return begin_in_group(db, ret_change, err);
	rc = wait_turn(db, err);
	if (rc < 0)
		return rc;
	rc = vfp_db_run(db, VFP_SQL_BEGIN, NULL, NULL, err);
	if (rc < 0) {
		end_turn(db);
		return rc;
	}
	*ret_change = db;
	return 0;
}

int vfp_db_begin_read(struct vfp_db *db, struct vfp_db **ret_view, struct vfp_err *err)
{
	int rc;

	if (!sqlite3_get_autocommit(db->sqlite)) {
		*ret_view = NULL;
		return 0;
	}
	rc = vfp_db_run(db, VFP_SQL_BEGIN_READ, NULL, NULL, err);
	if (rc < 0)
		return rc;
	*ret_view = db;
	return 0;
}

int vfp_db_commit(struct vfp_db **change, struct vfp_err *err)
{
	const bool is_change = (*change)->is_change;
	int rc = vfp_db_run(*change, is_change ? VFP_SQL_SAVE_KEEP : VFP_SQL_COMMIT, NULL, NULL,
			    err);

	if (rc < 0)
		return rc;
	if (is_change) {
		(*change)->is_change = false;
		*change = NULL;
		return 0;
	}
	end_turn(*change);
	*change = NULL;
	return 0;
}

int vfp_db_begin_group(struct vfp_db *db, struct vfp_db **ret_group, struct vfp_err *err)
{
	int rc = vfp_db_begin(db, ret_group, err);

	if (rc == 0)
		db->is_group = true;
	return rc;
}

int vfp_db_commit_group(struct vfp_db **group, struct vfp_err *err)
{
	int rc = check_group(*group, err);

	if (rc < 0)
		return rc;
	(*group)->is_group = false;
	return vfp_db_commit(group, err);
}

/* SQLite ends a whole transaction by itself on a full disk and the like: what came then would each
 * be a transaction of its own. */
static int check_group(const struct vfp_db *db, struct vfp_err *err)
{
	assert(db->is_group && !db->is_change);
	if (!sqlite3_get_autocommit(db->sqlite))
		return 0;
	return vfp_fail(err, EIO, "%s: a change before this one could not be written", db->path);
}

static int begin_in_group(struct vfp_db *db, struct vfp_db **ret_change, struct vfp_err *err)
{
	int rc = check_group(db, err);

	if (rc == 0)
		rc = vfp_db_run(db, VFP_SQL_SAVE, NULL, NULL, err);
	if (rc < 0)
		return rc;
	db->is_change = true;
	*ret_change = db;
	return 0;
}

/* SQLite's own lock knows no line: whoever waits for it asks ever more seldom, sleeping meanwhile,
 * so that of many writers the late ones win, the early ones fail, and nobody writes for a while.
 * We queue before it, and with those who do not it settles as it always did.  A line is waited in
 * for longer than one writer is: it moves, and its length is only how many start at once. */
static int wait_turn(struct vfp_db *db, struct vfp_err *err)
{
	vfp_autofree char *path = vfp_format("%s-turn", db->path);

	assert(db->turn < 0);
	if (vfp_lock_line(path, TURN_TIMEOUT_MS, &db->turn) == -EBUSY)
		return vfp_fail(err, EBUSY,
				"%s: database is locked: other writers came first for %d s",
				db->path, TURN_TIMEOUT_MS / 1000);
	return 0; /* without the line too: what keeps us from the file SQLite will say */
}

static void end_turn(struct vfp_db *db)
{
	if (db->turn >= 0)
		close(db->turn);
	db->turn = -1;
}

/* Tells apart what SQLite would all call "unable to open database file", and makes a new file with
 * our mode: SQLite gives the files beside it the same one. */
static int check_file(const char *path, enum vfp_pool_mode mode, struct vfp_err *err)
{
	vfp_autofree char *copy = vfp_strdup(path);
	vfp_autoclose int fd = -1;
	int rc;

	if (mode == VFP_POOL_CREATE) {
		rc = vfp_mkdirs(dirname(copy), err);
		if (rc < 0)
			return rc;
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
		if (fd >= 0 && fchmod(fd, 0640) < 0)
			return vfp_fail(err, errno, "%s: cannot set its mode: %s", path,
					strerror(errno));
		if (fd < 0 && errno != EEXIST)
			return vfp_fail(err, errno, "%s: cannot make it: %s", path,
					strerror(errno));
	}
	if (access(path, mode == VFP_POOL_READ ? R_OK : R_OK | W_OK) == 0)
		return 0;
	if (errno == ENOENT)
		return vfp_fail(err, ENOENT, "%s: no pool is defined; see vfpool pool define",
				path);
	return vfp_fail(err, errno, "%s: cannot open it to %s: %s", path,
			mode == VFP_POOL_READ ? "read" : "write", strerror(errno));
}

/* Nobody asks how much memory SQLite uses; counting costs a lock for each piece. */
static void configure(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int set_up(struct vfp_db *db, enum vfp_pool_mode mode, struct vfp_err *err)
{
	static pthread_once_t configured = PTHREAD_ONCE_INIT;
	const int flags = SQLITE_OPEN_NOMUTEX |
			  (mode == VFP_POOL_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
	static const enum vfp_sql uses[] = {
		VFP_SQL_USE_FOREIGN_KEYS,
		VFP_SQL_USE_FULL_SYNC,
		VFP_SQL_USE_SHORT_LOG,
	};
	int keep = 1, rc;

	/* A handle is one thread's at a time, as its statements and its turn are. */
	pthread_once(&configured, configure);
	if (sqlite3_open_v2(db->path, &db->sqlite, flags, NULL) != SQLITE_OK)
		return fail(db, err);
	/* Where it cannot open the file to write, for whatever reason, SQLite opens it to read, and
	 * leaves it at that for as long as the handle lives (unixOpen()). */
	if (mode != VFP_POOL_READ && sqlite3_db_readonly(db->sqlite, "main") == 1)
		return vfp_fail(err, EIO,
				"%s: cannot be opened to write, though it can to read: too many "
				"files are open, or its disk fails",
				db->path);
	sqlite3_busy_timeout(db->sqlite, BUSY_TIMEOUT_MS);
	/* The files beside the database stay when its last user leaves: a reader who may not write
	 * into the folder could not make them.  The log among them is emptied then, which SQLite
	 * does only when its size is limited: the database file alone is whole, and an older copy
	 * can be put in its place. */
	sqlite3_file_control(db->sqlite, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
	for (size_t i = 0; i < VFP_N(uses); i++) {
		rc = vfp_db_run(db, uses[i], NULL, NULL, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int get_version(struct vfp_db *db, int *ret_version, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {{VFP_COLUMN_IS_NUMBER, 0, sizeof(int), NULL}};
	static const struct vfp_shape shape = VFP_SHAPE(int, columns);

	return vfp_db_row(db, VFP_SQL_VERSION, NULL, &shape, ret_version, err);
}

static int check_version(struct vfp_db *db, enum vfp_pool_mode mode, struct vfp_err *err)
{
	int version, rc = get_version(db, &version, err);

	if (rc < 0)
		return rc;
	if (version > SCHEMA_VERSION)
		return vfp_fail(
			err, EUCLEAN,
			"%s: written by a newer vfpool (version %d of the database, this one "
			"knows %d); install that one",
			db->path, version, SCHEMA_VERSION);
	if (version == SCHEMA_VERSION)
		return 0;
	/* An empty file: somebody's CREATE was cut short, or is at work now. */
	if (version == 0 && mode != VFP_POOL_CREATE)
		return vfp_fail(err, ENOENT, "%s: no pool is defined; see vfpool pool define",
				db->path);
	if (mode == VFP_POOL_READ)
		return vfp_fail(
			err, EUCLEAN,
			"%s: written by an older vfpool (version %d of the database); the next "
			"change by root brings it to version %d",
			db->path, version, SCHEMA_VERSION);
	return upgrade(db, err);
}

/* All steps in one transaction: a power cut leaves the old version. */
static int upgrade(struct vfp_db *db, struct vfp_err *err)
{
	vfp_auto(db_transaction) change = NULL;
	int version, rc = vfp_db_run(db, VFP_SQL_USE_WAL, NULL, NULL, err);

	if (rc < 0)
		return rc;
	rc = vfp_db_begin(db, &change, err);
	if (rc < 0)
		return rc;
	/* Looked at again under the lock: another process may have done it meanwhile. */
	rc = get_version(db, &version, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < VFP_N(steps) && version < SCHEMA_VERSION; i++) {
		if (steps[i].from != version)
			continue;
		if (sqlite3_exec(db->sqlite, steps[i].sql, NULL, NULL, NULL) != SQLITE_OK)
			return fail(db, err);
		rc = get_version(db, &version, err);
		if (rc < 0)
			return rc;
	}
	assert(version == SCHEMA_VERSION);
	return vfp_db_commit(&change, err);
}

/* --- Statements ------------------------------------------------------------------------------- */

int vfp_db_run(struct vfp_db *db, enum vfp_sql sql, const struct vfp_value *values,
	       unsigned int *ret_changed, struct vfp_err *err)
{
	vfp_auto(running) statement = NULL;
	int rc = start(db, sql, values, &statement, err);

	if (rc < 0)
		return rc;
	do
		rc = sqlite3_step(statement);
	while (rc == SQLITE_ROW); /* PRAGMAs answer with their new value */
	if (rc != SQLITE_DONE)
		return fail(db, err);
	if (ret_changed)
		*ret_changed = (unsigned int)sqlite3_changes(db->sqlite);
	return 0;
}

int vfp_db_insert(struct vfp_db *db, enum vfp_sql sql, const struct vfp_value *values,
		  int64_t *ret_id, struct vfp_err *err)
{
	int rc = vfp_db_run(db, sql, values, NULL, err);

	if (rc < 0)
		return rc;
	*ret_id = sqlite3_last_insert_rowid(db->sqlite);
	return 0;
}

int vfp_db_row(struct vfp_db *db, enum vfp_sql sql, const struct vfp_value *values,
	       const struct vfp_shape *shape, void *ret_row, struct vfp_err *err)
{
	vfp_auto(running) statement = NULL;
	vfp_autofree void *row = vfp_alloc(1, shape->size);
	int rc = start(db, sql, values, &statement, err);

	if (rc < 0)
		return rc;
	rc = sqlite3_step(statement);
	if (rc == SQLITE_DONE)
		return 0;
	if (rc != SQLITE_ROW)
		return fail(db, err);
	rc = read_row(db, statement, shape, row, err);
	if (rc < 0)
		return rc;
	memcpy(ret_row, row, shape->size);
	return 1;
}

int vfp_db_rows(struct vfp_db *db, enum vfp_sql sql, const struct vfp_value *values,
		const struct vfp_shape *shape, void *ret_rows, size_t *ret_n, struct vfp_err *err)
{
	vfp_auto(running) statement = NULL;
	vfp_autofree char *rows = NULL;
	size_t n = 0, room = 0;
	int rc = start(db, sql, values, &statement, err);

	if (rc < 0)
		return rc;
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
		if (n == room) {
			room = room ? room * 2 : 16;
			rows = vfp_realloc(rows, room, shape->size);
		}
		memset(rows + n * shape->size, 0, shape->size);
		rc = read_row(db, statement, shape, rows + n * shape->size, err);
		if (rc < 0)
			return rc;
		n++;
	}
	if (rc != SQLITE_DONE)
		return fail(db, err);
	memcpy(ret_rows, &rows, sizeof(rows));
	rows = NULL;
	*ret_n = n;
	return 0;
}

int vfp_db_prepare(struct vfp_db *db, enum vfp_sql sql, struct vfp_err *err)
{
	assert(sql < VFP_N_SQL && sql_of[sql]);
	if (!db->statements[sql] &&
	    sqlite3_prepare_v3(db->sqlite, sql_of[sql], -1, SQLITE_PREPARE_PERSISTENT,
			       &db->statements[sql], NULL) != SQLITE_OK)
		return fail(db, err);
	return 0;
}

/* SQLite's result codes as errno.  A full disk is no -ENOSPC: that means "no free VF" everywhere
 * else. */
static int fail(const struct vfp_db *db, struct vfp_err *err)
{
	static const struct {
		int result, code;
	} codes[] = {
		{SQLITE_BUSY, EBUSY},	   {SQLITE_LOCKED, EBUSY},	{SQLITE_CORRUPT, EUCLEAN},
		{SQLITE_NOTADB, EUCLEAN},  {SQLITE_READONLY, EROFS},	{SQLITE_PERM, EACCES},
		{SQLITE_CANTOPEN, EACCES}, {SQLITE_CONSTRAINT, EEXIST},
	};
	const int result = sqlite3_errcode(db->sqlite) & 0xff;
	int code = EIO;

	if (result == SQLITE_NOMEM)
		abort();
	for (size_t i = 0; i < VFP_N(codes); i++)
		if (codes[i].result == result)
			code = codes[i].code;
	return vfp_fail(err, code, "%s: %s", db->path, sqlite3_errmsg(db->sqlite));
}

static void bind_value(sqlite3_stmt *statement, int place, const struct vfp_value *value)
{
	char mac[VFP_MAC_SIZE];

	/* These fail for a wrong place only, or without memory: the first is a broken invariant. */
	int rc = SQLITE_MISUSE;

	if (value->kind == VFP_VALUE_NUMBER)
		rc = sqlite3_bind_int64(statement, place, value->number);
	else if (value->kind == VFP_VALUE_TEXT)
		rc = sqlite3_bind_text(statement, place, value->text, -1, SQLITE_TRANSIENT);
	else if (value->kind == VFP_VALUE_MAC)
		rc = sqlite3_bind_text(statement, place, vfp_mac_format(value->mac, mac), -1,
				       SQLITE_TRANSIENT);
	assert(rc == SQLITE_OK);
	(void)rc;
}

static int start(struct vfp_db *db, enum vfp_sql sql, const struct vfp_value *values,
		 sqlite3_stmt **ret_statement, struct vfp_err *err)
{
	int n = 0, rc = vfp_db_prepare(db, sql, err);

	if (rc < 0)
		return rc;
	for (; values && values[n].kind != VFP_VALUE_END; n++)
		bind_value(db->statements[sql], n + 1, &values[n]);
	assert(n == sqlite3_bind_parameter_count(db->statements[sql]));
	*ret_statement = db->statements[sql];
	return 0;
}

static void put_number(void *member, size_t size, int64_t number)
{
	switch (size) {
	case 1:
		*(uint8_t *)member = (uint8_t)number;
		break;
	case 2:
		*(uint16_t *)member = (uint16_t)number;
		break;
	case 4:
		*(uint32_t *)member = (uint32_t)number;
		break;
	default:
		assert(size == 8);
		*(int64_t *)member = number;
	}
}

/* false: what stands in the row is nothing that we would have written. */
static bool read_column(sqlite3_stmt *statement, int place, const struct vfp_column *column,
			void *member)
{
	const char *text;
	int value;

	if (sqlite3_column_type(statement, place) == SQLITE_NULL)
		return true;
	if (column->kind == VFP_COLUMN_IS_NUMBER) {
		put_number(member, column->size, sqlite3_column_int64(statement, place));
		return true;
	}
	text = (const char *)sqlite3_column_text(statement, place);
	if (!text)
		abort(); /* out of memory */
	if (column->kind == VFP_COLUMN_IS_TEXT)
		return vfp_copy(member, column->size, text);
	if (column->kind == VFP_COLUMN_IS_MAC)
		return vfp_mac_parse(text, member) == 0;
	value = vfp_word_parse(column->words, text);
	put_number(member, column->size, value);
	return value >= 0;
}

static int read_row(const struct vfp_db *db, sqlite3_stmt *statement, const struct vfp_shape *shape,
		    void *ret_row, struct vfp_err *err)
{
	assert((size_t)sqlite3_column_count(statement) == shape->n_columns);
	for (size_t i = 0; i < shape->n_columns; i++) {
		const struct vfp_column *column = &shape->columns[i];

		if (!read_column(statement, (int)i, column, (char *)ret_row + column->offset))
			return vfp_fail(err, EUCLEAN, "%s: corrupt: column %s of '%s' holds '%s'",
					db->path, sqlite3_column_name(statement, (int)i),
					sqlite3_sql(statement),
					sqlite3_column_text(statement, (int)i));
	}
	return 0;
}
