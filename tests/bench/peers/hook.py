#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same job as a hook in Python, as one writes it: prepare takes the lease, any other domain is left alone."""
import os
import re
import sqlite3
import subprocess
import sys
import xml.etree.ElementTree as ET


def main():
    name, operation = sys.argv[1:3]
    if operation != "prepare":
        return 0
    domain = ET.parse(sys.stdin).getroot()
    nics = [i for i in domain.findall("devices/interface[@type='hostdev']")
            if (i.find("alias") is not None and i.find("alias").get("name", "").startswith("ua-vfpool-"))]
    if not nics:
        return 0
    if domain.find("memoryBacking/locked") is None:
        print(f"{name}: its memory is not locked", file=sys.stderr)
        return 1
    text = subprocess.run(["ip", "-d", "link", "show", "dev", os.environ["PEER_PF"]],
                          check=True, capture_output=True, text=True).stdout
    macs = set(re.findall(r"vf \d+ .*link/ether (\S+)", text))
    db = sqlite3.connect(os.environ["PEER_DB"], isolation_level=None, timeout=5)
    db.execute("PRAGMA synchronous = FULL")
    db.execute("BEGIN IMMEDIATE")
    for nic in nics:
        at = nic.find("source/address")
        pci = "{:04x}:{:02x}:{:02x}.{:x}".format(
            *(int(at.get(k), 16) for k in ("domain", "bus", "slot", "function")))
        mac = nic.find("mac").get("address")
        if mac in macs:
            print(f"{name}: MAC {mac} is on another VF", file=sys.stderr)
            return 1
        holder = db.execute("SELECT domain FROM lease WHERE pci = ?", (pci,)).fetchone()
        if holder and holder[0] != name:
            print(f"{name}: {pci} is held by {holder[0]}", file=sys.stderr)
            return 1
        db.execute("INSERT OR REPLACE INTO lease VALUES (?, ?, ?)", (pci, name, mac))
        db.execute("INSERT INTO journal VALUES (datetime(), 'lease', ?, ?)", (name, pci))
    db.execute("COMMIT")
    return 0


sys.exit(main())
