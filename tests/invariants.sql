-- SPDX-License-Identifier: LGPL-2.1-or-later
-- What may never be in a database, whatever was killed or failed (DESIGN 3): each line that this prints is a broken
-- invariant.  It trusts no index and no trigger.  Before it runs, tests/strike.sh fills the temporary tables:
--	device (vf, is_set)		each VF that the host has; whether it has anything that a scrub takes away
--	guest (vf, uuid)		each VF that a running QEMU has open
--	boot (id)			this boot
SELECT '10: integrity: ' || integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok';
SELECT '10: foreign keys: ' || "table" || ' row ' || rowid FROM pragma_foreign_key_check;

CREATE TEMP VIEW named AS SELECT vf.*, dev || '#' || idx AS name FROM vf JOIN pf ON pf.id = pf_id;
CREATE TEMP VIEW held_now AS
	SELECT lease.*, named.name AS vf, named.dirty, named.faulty FROM lease JOIN named ON named.id = vf_id
	WHERE boot_id = (SELECT id FROM boot);

SELECT '1: VF ' || name || ' has ' || count(*) || ' leases' FROM lease JOIN named ON named.id = vf_id
	GROUP BY vf_id HAVING count(*) > 1;
SELECT '1: a port has ' || count(*) || ' leases: ' || mac FROM lease WHERE port_id IS NOT NULL
	GROUP BY port_id HAVING count(*) > 1;
SELECT '2: MAC ' || mac || ' is on ' || count(*) || ' ports' FROM port GROUP BY lower(mac) HAVING count(*) > 1;
SELECT '3: ' || guest.uuid || ' runs with VF ' || guest.vf || ' without its lease' FROM guest
	WHERE NOT EXISTS (SELECT 1 FROM held_now WHERE held_now.vf = guest.vf AND held_now.uuid = guest.uuid);
SELECT '3: lease of ' || vf || ' is active without a QEMU' FROM held_now WHERE state = 'active' AND qemu_pid <= 0;
SELECT '4: VF ' || vf || ' is leased and not noted as dirty' FROM held_now WHERE NOT dirty AND faulty = '';
SELECT '4: VF ' || device.vf || ' is free by the book and not scrubbed' FROM device
	LEFT JOIN named ON named.name = device.vf
	WHERE is_set AND NOT coalesce(dirty, 0) AND coalesce(faulty, '') = '';
SELECT '6: VF ' || name || ': the journal ends with ' || coalesce(said, 'nothing') || ', the lease says ' || has
	FROM (SELECT name,
		EXISTS (SELECT 1 FROM lease WHERE vf_id = named.id) AS has,
		(SELECT event FROM journal WHERE journal.vf = named.name AND uuid <> '' AND event IN
			('lease', 'adopt', 'foreign', 'active', 'draining', 'changed', 'free', 'void', 'faulty')
			ORDER BY id DESC LIMIT 1) AS said
		FROM named)
	WHERE has <> (coalesce(said, 'free') NOT IN ('free', 'void', 'faulty'));
SELECT '7: leases of two boots' WHERE (SELECT count(DISTINCT boot_id) FROM lease) > 1;
SELECT '7: the leases are not of the boot that the database stands for' FROM lease
	WHERE boot_id <> (SELECT boot_id FROM host) LIMIT 1;
SELECT '4: VF ' || name || ' has ' || count(*) || ' claims' FROM port JOIN named ON named.id = vf_id
	WHERE claim_until_ms <> 0 GROUP BY vf_id HAVING count(*) > 1;
SELECT '4: the lease of port ' || port.mac || ' left its claim' FROM port JOIN lease ON lease.port_id = port.id
	WHERE claim_until_ms <> 0 AND state IN ('preparing', 'active') AND lease.boot_id = claim_boot;
SELECT '9: the leased VF ' || vf || ' is not there' FROM held_now
	WHERE vf NOT IN (SELECT vf FROM device);
