#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# vfpool pool import and export on a fake host: whole files of OpenStack and Kubernetes, and what is wrong with some.
# (Which VFs a selection means, case by case: tests/test-import.c, tests/openstack.sh.)
# shellcheck source=tests/lib.sh
. "${top_srcdir:-$(dirname "$0")/..}/tests/lib.sh"
configs=$top_srcdir/tests/data/import

# cards: an E810 with two ports, eight VFs on the first, four on the second, and an X710 without VFs.
cards() {
	rm -rf "${root:?}"/*
	"$top_builddir/tests/fake-root" "$root" \
		dev=ens1f0,pci=0000:3b:00.0,driver=ice,totalvfs=8,numvfs=8,parked=1,offset=8,stride=1,vendor=0x8086,device=0x1592,vfdevice=0x1889,mac=b4:96:91:b0:00:00 \
		dev=ens1f1,pci=0000:3b:00.1,driver=ice,totalvfs=8,numvfs=4,offset=135,stride=1,vendor=0x8086,device=0x1592,vfdevice=0x1889,mac=b4:96:91:b0:00:01 \
		dev=ens2f0,pci=0000:5e:00.0,driver=i40e,totalvfs=4,offset=16,stride=1,vendor=0x8086,device=0x1572,vfdevice=0x154c,mac=3c:fd:fe:a0:00:10 || exit 99
}

# selects FILE-OPTIONS… : what pool import --dry-run makes of them, in short: "POOL PHYSNET PF#RANGE …", a pool a line.
selected() {
	vfpool pool import --dry-run "$@" | sed -nE "s/.*<name>(.*)<\/name>/\n\1 /p
		s/.*<physicalNetwork>(.*)<\/physicalNetwork>/(\1) /p
		s/.*<pf dev='([^']*)'\/>/\1 /p; s/.*<pf dev='([^']*)' vfs='([^']*)'\/>/\1#\2 /p" | tr '\n' ' ' |
		sed 's/  */ /g; s/^ //; s/ $//'
}

# selects WANTED OPTIONS…
selects() {
	local wanted=$1 found
	shift
	found=$(selected "$@" 2>"$root/notes")
	if [ "$found" = "$wanted" ]; then
		ok "$*"
	else
		fail "$*" "'$found', not '$wanted'"$'\n'"$(cat "$root/notes")"
	fi
}

cards
step "Whole files"
selects 'physnet1 (physnet1) ens1f0 ens1f1' --nova "$configs/nova.conf"
selects 'nova ens2f0 physnet1 (physnet1) ens1f0 physnet2 (physnet2) ens1f1' --nova "$configs/nova-old.conf"
selects 'physnet1 (physnet1) ens1f0#0-1,3-7 ens1f1' --neutron "$configs/sriov_agent.ini"
selects 'physnet1 (physnet1) ens1f0#0-1,3-7 ens1f1' --nova "$configs/nova.conf" --neutron "$configs/sriov_agent.ini"
selects 'vmnet ens1f0#0-3,5 dpdk ens1f1' --kubernetes "$configs/config.json"
printf '[SRIOV_NIC]\nphysical_device_mappings = physnet2:ens2f0\nexclude_devices =\n' >"$root/second.ini"
selects 'physnet2 (physnet2) ens2f0' --neutron "$configs/sriov_agent.ini" --neutron "$root/second.ini"

step "What is said of them"
selects 'physnet1 (physnet1) ens1f0' --nova <(printf '[pci]\ndevice_spec={"devname":"ens1f0","physical_network":"physnet1","colour":"red"}\n')
check "a key that is none" grep -q ":2: \[pci\] device_spec: key 'colour' is none that is known" "$root/notes"
selects 'physnet1 (physnet1) ens1f0' --nova <(printf '[pci]\ndevice_spec={"devname":"ens1f0","physical_network":"physnet1"}\ndevice_spec={"devname":"ens9","physical_network":"physnet2"}\n')
check "a selection of nothing" grep -q ':3: \[pci\] device_spec: selects no VF' "$root/notes"

# refused STATUS REGEX OPTION TEXT
refused() {
	printf '%b' "$4" >"$root/in"
	prints "$1" "$2" "$2" vfpool pool import --dry-run "$3" "$root/in"
}

step "Bad input"
prints 2 'which files' "no file" vfpool pool import
prints 3 'nosuch: No such file' "a file that is not there" vfpool pool import --nova "$root/nosuch"
refused 2 "in: line 1: 'hello': neither a .section. nor option = value" --nova 'hello\n'
refused 2 'in: line 1: begins with a blank' --nova ' a = b\n'
refused 2 "in: line 1: '\[pci': a section was expected" --nova '[pci\n'
refused 2 'in: line 1: option device_spec stands before any' --nova 'device_spec = {}\n'
refused 2 'in: not a text' --neutron '[a]\nb = \000c\n'
refused 2 'in:2: \[pci\] device_spec: not JSON: .* at character 2 of line 1' --nova '[pci]\ndevice_spec = {]\n'
refused 2 'in:3: \[pci\] passthrough_whitelist: a JSON object was expected' --nova '[pci]\n\npassthrough_whitelist = 17\n'
refused 2 'number 2 of the list: a JSON object was expected' --nova '[pci]\ndevice_spec = [{}, 3]\n'
refused 2 "vendor_id: '10000' is above ffff" --nova '[pci]\ndevice_spec = {"vendor_id": "10000"}\n'
refused 2 "product_id: 'zz' is no hexadecimal number" --nova '[pci]\ndevice_spec = {"product_id": "zz"}\n'
refused 2 'vendor_id: a text was expected, found null' --nova '[pci]\ndevice_spec = {"vendor_id": null}\n'
refused 2 'product_id: a text was expected, found null' --nova '[pci]\ndevice_spec = {"product_id": null, "devname": "ens1f0"}\n'
refused 2 'in:2: \[pci\] device_spec: ' --nova '[pci]\ndevice_spec =\n'
refused 2 'not JSON: ' --nova '[pci]\ndevice_spec = {"vendor_id": "8086" /* Intel */}\n'
refused 2 "'a-network-device-with-a-long-name' is too long" --nova '[pci]\ndevice_spec = {"devname": "a-network-device-with-a-long-name"}\n'
refused 3 'no VF of this host is selected' --nova '[pci]\ndevice_spec = []\n'
refused 2 "'\(\?' is not supported" --nova '[pci]\ndevice_spec = {"address": {"function": "(?!0)."}}\n'
refused 2 'a regular expression of more than 256' --nova "[pci]\ndevice_spec = {\"address\": {\"function\": \"$(printf 'a%.0s' {1..300})\"}}\n"
refused 2 'not JSON: nesting too deep' --nova "[pci]\ndevice_spec = $(printf '[%.0s' {1..1000})\n"
refused 2 'vendor_id: a text was expected, found 8086' --nova '[pci]\ndevice_spec = {"vendor_id": 8086}\n'
refused 2 "address '0000:3b:20.0': slot: '20' is above 1f" --nova '[pci]\ndevice_spec = {"address": "0000:3b:20.0"}\n'
refused 2 "address '0:0:3b:00.0': more than domain:bus:slot" --nova '[pci]\ndevice_spec = {"address": "0:0:3b:00.0"}\n'
refused 2 "address: bus: '\[' is no regular expression" --nova '[pci]\ndevice_spec = {"address": {"bus": "["}}\n'
refused 2 "address: 'func' is none of domain, bus, slot, function" --nova '[pci]\ndevice_spec = {"address": {"func": "0"}}\n'
refused 2 'devname and address exclude each other' --nova '[pci]\ndevice_spec = {"address": "*:*:*.*", "devname": "ens1f0"}\n'
refused 2 "physical network 'phys net': a pool cannot have that name" --nova '[pci]\ndevice_spec = {"devname": "ens1f0", "physical_network": "phys net"}\n'
refused 2 'managed=yes and with managed=no' --nova '[pci]\ndevice_spec = {"devname": "ens1f0", "managed": "yes"}\ndevice_spec = {"devname": "ens1f1", "managed": "no"}\n'
refused 2 "stands for another option's value" --nova '[pci]\ndevice_spec = {"devname": "$my_nic"}\n'
refused 3 'no VF of this host is selected' --nova '[pci]\ndevice_spec = {"vendor_id": "15b3"}\n'
refused 2 "in:2: \[sriov_nic\] physical_device_mappings: 'ens1f0' was found, physical_network:device" --neutron '[sriov_nic]\nphysical_device_mappings = ens1f0\n'
refused 2 'lacks the device' --neutron '[sriov_nic]\nphysical_device_mappings = a:\n'
refused 3 'PF ens9: is not on this host' --neutron '[sriov_nic]\nphysical_device_mappings = a:ens9\n'
refused 2 'PF ens1f0 is of two physical networks, a and b' --neutron '[sriov_nic]\nphysical_device_mappings = a:ens1f0,b:ens1f0\n'
refused 2 'PF ens1f1 is not in physical_device_mappings' --neutron '[sriov_nic]\nphysical_device_mappings = a:ens1f0\nexclude_devices = ens1f1:0000:3b:01.0\n'
refused 2 "PF ens1f0: '3b:01' is no PCI address" --neutron '[sriov_nic]\nphysical_device_mappings = a:ens1f0\nexclude_devices = ens1f0:3b:01\n'
refused 2 'in: not JSON: .*of line 2' --kubernetes '{\n"resourceList": [}\n'
refused 2 'no list "resourceList" in it' --kubernetes '{}'
refused 2 'number 1 of resourceList: resourceName is missing' --kubernetes '{"resourceList": [{}]}'
refused 2 'resource a: deviceType accelerator is no VF' --kubernetes '{"resourceList": [{"resourceName": "a", "deviceType": "accelerator"}]}'
refused 2 'resource a: selector ddpProfiles says what vfpool does not know' --kubernetes '{"resourceList": [{"resourceName": "a", "selectors": {"ddpProfiles": ["GTP"]}}]}'
refused 2 "resource a: pfNames: VF range '3-': '3-' is no VF index" --kubernetes '{"resourceList": [{"resourceName": "a", "selectors": {"pfNames": ["ens1f0#3-"]}}]}'
refused 2 "resource a: pfNames: 'ens.\(': .*no regular expression|resource a: pfNames: 'ens\(' is no regular expression" --kubernetes '{"resourceList": [{"resourceName": "a", "selectors": {"pfNames": ["ens("]}}]}'
refused 2 "pciAddresses: '0000:3b:01' is no PCI address" --kubernetes '{"resourceList": [{"resourceName": "a", "selectors": {"pciAddresses": ["0000:3b:01"]}}]}'
printf '[pci]\ndevice_spec = {"devname": "ens1f0", "physical_network": "physnet2"}\n' >"$root/other.conf"
prints 2 'PF ens1f0: .*other.conf:2: \[pci\] device_spec says physnet2, and .*sriov_agent.ini:10: .* says physnet1: make them agree' \
	"Nova and Neutron at odds" vfpool pool import --nova "$root/other.conf" --neutron "$configs/sriov_agent.ini"
check "nothing of all this made a pool" test ! -e "$root/var/lib/vfpool/pool.db"

step "Defining"
printf '[pci]\ndevice_spec = {"address": "0000:3b:01.[0-3]"}\n' >"$root/half.conf"
prints 2 "function: '\[0-3\]' is no hexadecimal number" "a set within a glob, which Nova refuses too" \
	vfpool pool import --nova "$root/half.conf"
printf '[pci]\ndevice_spec = {"address": {"bus": "3b", "slot": "01", "function": "[0-3]"}, "physical_network": "physnet1", "trusted": "true"}\n' >"$root/half.conf"
prints 0 'pool physnet1 defined: 1 PF, 2 port groups' "half of a PF" vfpool pool import --nova "$root/half.conf"
prints 0 'physnet1 +physnet1 +spread +4 +0 +2 +ens1f0#0-3' "is a pool" vfpool pool list
prints 0 'trusted +none .* on ' "with a port group that may" vfpool portgroup list physnet1
vfpool portgroup set physnet1 trusted vlan=100 >"$root/out"
prints 0 'take the VFs out of its configuration; see: vfpool pool export POOL --as nova --rest' "again" vfpool pool import --nova "$root/half.conf"
prints 0 'trusted +100' "its port groups stay as they are" vfpool portgroup list physnet1
printf '{"resourceList": [{"resourceName": "k8s", "selectors": {"pfNames": ["ens1f0#3-7"]}}]}' >"$root/k8s.json"
prints 5 'pool k8s: PF ens1f0: VFs 3-7 of it overlap with pool physnet1, which has 0-3' "what another pool has already" vfpool pool import --kubernetes "$root/k8s.json"
check "the other pool is not there" test "$(vfpool pool list | wc -l)" = 2

step "The way back"
vfpool pool export physnet1 --as nova >"$root/back.conf"
check "a spec for each VF" test "$(grep -c '^device_spec = {"address": "0000:3b:01.[0-3]", "physical_network": "physnet1", "trusted": "true"}$' "$root/back.conf")" = 4
selects 'physnet1 (physnet1) ens1f0#0-3' --nova "$root/back.conf"
vfpool pool export physnet1 --as nova --rest >"$root/rest.conf"
selects 'physnet1 (physnet1) ens1f0#4-7' --nova "$root/rest.conf"
vfpool pool export physnet1 --as neutron >"$root/back.ini"
selects 'physnet1 (physnet1) ens1f0#0-3' --neutron "$root/back.ini"
vfpool pool export physnet1 --as neutron --rest >"$root/rest.ini"
selects 'physnet1 (physnet1) ens1f0#4-7' --nova "$root/rest.conf" --neutron "$root/rest.ini"
vfpool pool export physnet1 --as kubernetes --rest >"$root/rest.json"
selects 'physnet1 ens1f0#4-7' --kubernetes "$root/rest.json"
prints 2 'nova, neutron or kubernetes was expected' "another language" vfpool pool export physnet1 --as xml
prints 3 'no pool nosuch' "no such pool" vfpool pool export nosuch --as nova
printf '<vfpool><name>whole</name><pf dev="ens1f1"/></vfpool>' >"$root/whole.xml"
vfpool pool define "$root/whole.xml" >"$root/out"
prints 0 'device_spec = \{"devname": "ens1f1"\}' "a PF as a whole" vfpool pool export whole --as nova
prints 3 'the pools have all of its PFs' "has no rest" vfpool pool export whole --as nova --rest
prints 2 'has no <physicalNetwork>' "Neutron goes by that" vfpool pool export whole --as neutron
