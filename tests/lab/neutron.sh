#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Neutron's SR-IOV agent code looks at a host of vfpool's: it finds the (MAC, PCI slot) pairs that lease list has.  It is
# not in L1's root file system and comes in a tar beside this script, which is made on L0 (Debian 12) where
# python3-neutron is installed, or lies below a folder that PYTHONPATH names:
#
#	/usr/bin/python3 tests/lab/neutron-agent.py --bundle /tmp/neutron.tar
#	tests/lab/run --suite bookworm --beside /tmp/neutron.tar tests/lab/neutron.sh
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh

[ -e neutron.tar ] || {
	echo "skipped: no neutron.tar beside this script"
	exit 77
}
mkdir /run/neutron
tar -x -f neutron.tar -C /run/neutron || exit 1
cp neutron-agent.py /run/neutron

neutron() {
	PYTHONHOME=/run/neutron/home PYTHONPATH=/run/neutron/dist LD_LIBRARY_PATH=/run/neutron/lib \
		PYTHONDONTWRITEBYTECODE=1 python3 -S -W ignore /run/neutron/neutron-agent.py "$@"
}

# pairs: of the VFs that somebody has; a free VF that is parked has no MAC, and the agent takes it for one of a guest.
pairs() {
	neutron eth0 eth1 | grep -v '^00:00:00:00:00:00 ' | sort
}

leases() {
	vfpool lease list --openstack --json |
		jq -r '.[] | .mac_address + " " + ."binding:profile".pci_slot' | sort
}

nic() {
	echo "<interface type='network'><mac address='$1'/><source network='sriov0'/></interface>"
}

define_bare() {
	guest_xml "$1" --bare "$(nic "$2")" >"/tmp/$1.xml"
	vfpool domain define "/tmp/$1.xml"
}

# same NUMBER WORDS
same() {
	check "$2: so many leases" test "$(leases | wc -l)" = "$1"
	check "$2: Neutron's agent and lease list agree" diff <(leases) <(pairs)
}

step "A pool"
for pf in eth0 eth1; do
	check "$pf" vfpool pf enable $pf --vfs 3
done
check "both have a link" links_up eth0 eth1
check "define" vfpool pool define - <<<"<vfpool><name>sriov0</name><physicalNetwork>physnet1</physicalNetwork>
	<pf dev='eth0'/><pf dev='eth1'/><portgroup name='blue' default='yes'><vlan><tag id='100'/></vlan></portgroup></vfpool>"
check "what it would be by Neutron's configuration" test "$(printf '[sriov_nic]\nphysical_device_mappings = physnet1:eth0,physnet1:eth1\n' |
	vfpool pool import --dry-run --neutron - | grep -c "<pf dev='eth[01]'/>")" = 2

step "Two domains"
for n in 1 2; do
	check "vm$n is defined" define_bare vm$n 52:54:00:00:00:b$n
	check "vm$n starts" virsh --quiet start vm$n
done
same 2 "both run"
leases
check "they are on two PFs" test "$(vfpool lease list --json | jq -r '.[].vf' | cut -d '#' -f 1 | sort -u | wc -l)" = 2

step "One of them"
check "vm1 ends" virsh --quiet destroy vm1
same 1 "one runs"
