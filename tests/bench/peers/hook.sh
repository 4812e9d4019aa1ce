#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The same job as a hook in shell, as one writes it: prepare takes the lease, any other domain is left alone.
set -eu
[ "$2" = prepare ] || exit 0
xml=$(cat)
nic="/domain/devices/interface[@type='hostdev'][starts-with(alias/@name, 'ua-vfpool-')]"
mac=$(xmllint --xpath "string($nic/mac/@address)" - <<<"$xml")
[ "$mac" ] || exit 0
[ "$(xmllint --xpath 'count(/domain/memoryBacking/locked)' - <<<"$xml")" = 1 ] || {
	echo "$1: its memory is not locked" >&2
	exit 1
}
address="$nic/source/address"
pci=$(xmllint --xpath "concat($address/@domain, ':', $address/@bus, ':', $address/@slot, '.', $address/@function)" - <<<"$xml")
if ip -d link show dev "$PEER_PF" | grep -q "vf .*$mac"; then
	echo "$1: MAC $mac is on another VF" >&2
	exit 1
fi
sqlite3 -bail "$PEER_DB" "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; BEGIN IMMEDIATE;
	INSERT OR REPLACE INTO lease VALUES ('$pci', '$1', '$mac');
	INSERT INTO journal VALUES (datetime(), 'lease', '$1', '$pci'); COMMIT" >/dev/null
