-- SPDX-License-Identifier: LGPL-2.1-or-later
-- The pool's database, version 1.  What an SQL constraint can hold of DESIGN's invariants is held here and
-- not in code.  What the host itself can tell at any time (PCI addresses, drivers, link) is not stored.
-- Upgrades: pool-N-to-M.sql, one step each; PRAGMA user_version says where a file stands, and each step sets
-- it in its last line.

CREATE TABLE pool (
	id      INTEGER PRIMARY KEY,
	name    TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 63),
	physnet TEXT NOT NULL DEFAULT '',
	policy  TEXT NOT NULL CHECK (policy IN ('spread', 'pack')),
	numa    TEXT NOT NULL CHECK (numa IN ('prefer', 'ignore', 'strict')),
	park    INTEGER NOT NULL CHECK (park IN (0, 1))
) STRICT;

CREATE TABLE portgroup (
	id            INTEGER PRIMARY KEY,
	pool_id       INTEGER NOT NULL REFERENCES pool (id) ON DELETE CASCADE,
	name          TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 63),
	place         INTEGER NOT NULL, -- in the definition
	is_default    INTEGER NOT NULL CHECK (is_default IN (0, 1)),
	vlan_mode     TEXT NOT NULL CHECK (vlan_mode IN ('none', 'id', 'trunk')),
	vlan          INTEGER NOT NULL,
	vlan_proto    INTEGER NOT NULL CHECK (vlan_proto IN (0x8100, 0x88a8)),
	qos           INTEGER NOT NULL CHECK (qos BETWEEN 0 AND 7),
	spoofchk      INTEGER NOT NULL CHECK (spoofchk IN (0, 1)),
	trust         INTEGER NOT NULL CHECK (trust IN (0, 1)),
	link_state    TEXT NOT NULL CHECK (link_state IN ('auto', 'enable', 'disable')),
	min_rate_mbps INTEGER NOT NULL CHECK (min_rate_mbps >= 0),
	max_rate_mbps INTEGER NOT NULL CHECK (max_rate_mbps >= 0),
	UNIQUE (pool_id, name),
	-- VLAN 4095 is accepted by igb and 0 means none: neither is ever a port group's number.
	CHECK (CASE vlan_mode WHEN 'id' THEN vlan BETWEEN 1 AND 4094 ELSE vlan = 0 AND qos = 0 END),
	CHECK (max_rate_mbps = 0 OR min_rate_mbps <= max_rate_mbps)
) STRICT;
CREATE UNIQUE INDEX portgroup_one_default ON portgroup (pool_id) WHERE is_default;

-- A PF that vfpool has been told of.  wanted_vfs is what `pf enable` promised to bring back at boot, the first
-- `reserved` of them for the host.  perm_mac is its permanent MAC, by which a card that has another name now is known
-- again, '' while it was never seen: names go by slot, and cards move.
CREATE TABLE pf (
	id         INTEGER PRIMARY KEY,
	dev        TEXT NOT NULL UNIQUE CHECK (length(dev) BETWEEN 1 AND 15),
	perm_mac   TEXT NOT NULL DEFAULT '' CHECK (perm_mac = '' OR (length(perm_mac) = 17 AND perm_mac = lower(perm_mac))),
	reserved   INTEGER NOT NULL DEFAULT 0 CHECK (reserved BETWEEN 0 AND 65535),
	wanted_vfs INTEGER CHECK (wanted_vfs BETWEEN 0 AND 65535),
	park       INTEGER NOT NULL DEFAULT 1 CHECK (park IN (0, 1))
) STRICT;

-- Which VFs are a pool's.  vfs is a range ("0,2-5"), '' all; that ranges of two pools do not overlap is
-- checked by vfp_pool_define(), inside the writing transaction.
CREATE TABLE pool_pf (
	pool_id INTEGER NOT NULL REFERENCES pool (id) ON DELETE CASCADE,
	pf_id   INTEGER NOT NULL REFERENCES pf (id),
	place   INTEGER NOT NULL, -- in the definition
	vfs     TEXT NOT NULL,
	PRIMARY KEY (pool_id, pf_id)
) STRICT, WITHOUT ROWID;

-- A VF by its identity.  It gets a row when something is first remembered about it.
-- held: why it is kept for the host, '' it is not.  faulty: why its scrub failed, '' it did not.  A VF can be
-- both, and a scrub that succeeds ends only the fault.
-- dirty: it was given to somebody and no scrub has been read back since.
CREATE TABLE vf (
	id     INTEGER PRIMARY KEY,
	pf_id  INTEGER NOT NULL REFERENCES pf (id),
	idx    INTEGER NOT NULL CHECK (idx BETWEEN 0 AND 65534),
	held   TEXT NOT NULL DEFAULT '',
	faulty TEXT NOT NULL DEFAULT '',
	dirty  INTEGER NOT NULL DEFAULT 0 CHECK (dirty IN (0, 1)),
	UNIQUE (pf_id, idx)
) STRICT;

-- One NIC of one domain.  vf_id is the binding: soft, so many ports may name one VF.  last_vf_id is the VF
-- of its last lease.  seen is 1 once libvirt knows the domain; a port that never gets there expires.
-- A claim makes the binding hard for a while: until that moment (0: no claim), in that boot.
CREATE TABLE port (
	id           INTEGER PRIMARY KEY,
	uuid         TEXT NOT NULL CHECK (length(uuid) = 36 AND uuid = lower(uuid)),
	domain       TEXT NOT NULL,
	mac          TEXT NOT NULL UNIQUE CHECK (length(mac) = 17 AND mac = lower(mac)
	                                         AND mac <> '00:00:00:00:00:00'),
	portgroup_id INTEGER NOT NULL REFERENCES portgroup (id),
	vf_id        INTEGER REFERENCES vf (id),
	last_vf_id   INTEGER REFERENCES vf (id),
	pinned       INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1)),
	seen         INTEGER NOT NULL DEFAULT 0 CHECK (seen IN (0, 1)),
	created_ms   INTEGER NOT NULL,
	claim_until_ms INTEGER NOT NULL DEFAULT 0,
	claim_boot     TEXT NOT NULL DEFAULT '',
	CHECK ((claim_until_ms = 0) = (claim_boot = '')),
	CHECK (claim_until_ms = 0 OR vf_id IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX port_one_claim ON port (vf_id) WHERE claim_until_ms <> 0;
CREATE INDEX port_of_domain ON port (uuid);
CREATE INDEX port_of_vf ON port (vf_id);
CREATE INDEX port_of_portgroup ON port (portgroup_id);

-- The VF that a running domain holds.  The generation is never used twice: a late release compares it.
-- A lease without a port is foreign: somebody gave the VF to a guest by hand.  portgroup_id is the lease's own:
-- the port's changes with the definition while the domain runs on.  So are the attributes, NULL of a foreign one:
-- what the port group said when the lease was made, or what was changed while the domain ran.
-- locked_kib and huge_kib are the whole domain's, in each of its leases: what it takes of the host's memory, 0 where
-- nobody knows.
CREATE TABLE lease (
	generation   INTEGER PRIMARY KEY AUTOINCREMENT,
	vf_id        INTEGER NOT NULL UNIQUE REFERENCES vf (id),
	port_id      INTEGER UNIQUE REFERENCES port (id),
	portgroup_id INTEGER REFERENCES portgroup (id),
	uuid         TEXT NOT NULL,
	domain       TEXT NOT NULL,
	mac          TEXT NOT NULL,
	state        TEXT NOT NULL CHECK (state IN ('preparing', 'active', 'draining', 'foreign')),
	boot_id      TEXT NOT NULL CHECK (length(boot_id) = 36),
	daemon_pid   INTEGER NOT NULL,
	daemon_start INTEGER NOT NULL,
	qemu_pid     INTEGER NOT NULL DEFAULT 0,
	qemu_start   INTEGER NOT NULL DEFAULT 0,
	since_ms     INTEGER NOT NULL,
	locked_kib   INTEGER NOT NULL DEFAULT 0 CHECK (locked_kib >= 0),
	huge_kib     INTEGER NOT NULL DEFAULT 0 CHECK (huge_kib >= 0),
	vlan_mode     TEXT,
	vlan          INTEGER,
	vlan_proto    INTEGER,
	qos           INTEGER,
	spoofchk      INTEGER,
	trust         INTEGER,
	link_state    TEXT,
	min_rate_mbps INTEGER,
	max_rate_mbps INTEGER,
	CHECK ((port_id IS NULL) = (portgroup_id IS NULL)),
	CHECK ((vlan_mode IS NULL) = (portgroup_id IS NULL)),
	CHECK (port_id IS NOT NULL OR state IN ('foreign', 'draining')),
	CHECK (state <> 'active' OR qemu_pid > 0)
) STRICT;
CREATE INDEX lease_of_domain ON lease (uuid);
CREATE INDEX lease_of_portgroup ON lease (portgroup_id);

-- A lease means that the VF is given away, whoever wrote it.
CREATE TRIGGER lease_makes_dirty AFTER INSERT ON lease
BEGIN
	UPDATE vf SET dirty = 1 WHERE id = NEW.vf_id;
END;
-- A lease may end only when the scrub has been read back, when the VF is out of the choice as faulty, or by
-- a reboot, after which the VF stays dirty until somebody scrubs it.
CREATE TRIGGER lease_ends_clean BEFORE DELETE ON lease
WHEN EXISTS (SELECT 1 FROM vf WHERE id = OLD.vf_id AND dirty AND faulty = '')
     AND OLD.boot_id = (SELECT boot_id FROM host)
BEGIN
	SELECT RAISE(ABORT, 'a lease ends only after its scrub');
END;
-- A dirty VF is given to nobody.  (A lease that is inserted in another state was not given but found: QEMU has
-- the VF already, whatever the book says of it.)
CREATE TRIGGER lease_of_clean_vf BEFORE INSERT ON lease
WHEN NEW.state = 'preparing'
     AND EXISTS (SELECT 1 FROM vf WHERE id = NEW.vf_id AND (dirty OR held <> '' OR faulty <> ''))
BEGIN
	SELECT RAISE(ABORT, 'a VF is given only when it is scrubbed, healthy and not held');
END;

-- Nor is one that is claimed for another domain.  Whoever writes a lease ends the claims first whose time is over.
CREATE TRIGGER lease_of_unclaimed_vf BEFORE INSERT ON lease
WHEN NEW.state = 'preparing'
     AND EXISTS (SELECT 1 FROM port WHERE vf_id = NEW.vf_id AND claim_until_ms <> 0 AND uuid <> NEW.uuid)
BEGIN
	SELECT RAISE(ABORT, 'a VF that is claimed is given to its claimant only');
END;

-- Domains whose definition asks a pool for something that it cannot have, and why.  Their definitions are left as
-- their authors wrote them; vfpoold tries again when something changes.
CREATE TABLE trouble (
	uuid     TEXT PRIMARY KEY CHECK (length(uuid) = 36 AND uuid = lower(uuid)),
	domain   TEXT NOT NULL,
	reason   TEXT NOT NULL CHECK (reason <> ''),
	since_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Domains whose definition was unbound by its user: vfpoold leaves them alone while their NICs ask of a pool
-- what they asked then, which asks is a digest of.
CREATE TABLE alone (
	uuid TEXT PRIMARY KEY CHECK (length(uuid) = 36 AND uuid = lower(uuid)),
	asks TEXT NOT NULL CHECK (asks <> '')
) STRICT, WITHOUT ROWID;

-- One row: the boot in which the leases were made.
CREATE TABLE host (
	id      INTEGER PRIMARY KEY CHECK (id = 1),
	boot_id TEXT NOT NULL
) STRICT;
INSERT INTO host VALUES (1, '');

-- Who held what, and what was refused and why.  Written in the transaction of the change that it tells of.
-- reason: of a refusal, the kind of its cause in one word or two (docs/journal); text says it in full.
CREATE TABLE journal (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	time_ms INTEGER NOT NULL,
	event   TEXT NOT NULL,
	uuid    TEXT NOT NULL DEFAULT '',
	domain  TEXT NOT NULL DEFAULT '',
	mac     TEXT NOT NULL DEFAULT '',
	vf      TEXT NOT NULL DEFAULT '',
	pci     TEXT NOT NULL DEFAULT '',
	pool    TEXT NOT NULL DEFAULT '',
	reason  TEXT NOT NULL DEFAULT '',
	text    TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX journal_by_mac ON journal (mac, id) WHERE mac <> '';
CREATE INDEX journal_by_uuid ON journal (uuid, id) WHERE uuid <> '';
CREATE INDEX journal_by_domain ON journal (domain, id) WHERE domain <> '';
CREATE INDEX journal_by_time ON journal (time_ms);
CREATE INDEX journal_of_boot ON journal (id) WHERE event = 'boot';
CREATE INDEX journal_of_starts ON journal (uuid, id)
	WHERE event IN ('refused', 'refused-binding', 'lease', 'adopt', 'autostart');
CREATE TRIGGER journal_is_written_once BEFORE UPDATE ON journal
BEGIN
	SELECT RAISE(ABORT, 'the journal is never changed');
END;
-- How often each event was: the journal's lines go by age, and a counter must not go down.  scrub_ms is what the
-- scrubs among them took, n_scrubs how many these were.
CREATE TABLE tally (
	event    TEXT NOT NULL,
	reason   TEXT NOT NULL,
	pool     TEXT NOT NULL,
	n        INTEGER NOT NULL CHECK (n > 0),
	n_scrubs INTEGER NOT NULL CHECK (n_scrubs >= 0),
	scrub_ms INTEGER NOT NULL CHECK (scrub_ms >= 0),
	PRIMARY KEY (event, reason, pool)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER journal_is_counted AFTER INSERT ON journal
BEGIN
	INSERT INTO tally VALUES (NEW.event, NEW.reason, NEW.pool, 1, instr(NEW.text, 'scrubbed in ') > 0,
		CASE instr(NEW.text, 'scrubbed in ') WHEN 0 THEN 0
		ELSE max(0, CAST(substr(NEW.text, instr(NEW.text, 'scrubbed in ') + length('scrubbed in ')) AS INTEGER)) END)
	ON CONFLICT (event, reason, pool) DO UPDATE
		SET n = n + 1, n_scrubs = n_scrubs + excluded.n_scrubs, scrub_ms = scrub_ms + excluded.scrub_ms;
END;
CREATE TRIGGER journal_goes_by_age BEFORE DELETE ON journal
WHEN OLD.time_ms > (unixepoch() - 86400) * 1000
BEGIN
	SELECT RAISE(ABORT, 'the journal of the last day is never deleted');
END;

PRAGMA user_version = 1;
