#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The session that the manual shows: what a new administrator types, and what the screen says.  It is compared with
# docs/session, from which the manual pages take their examples, and docs/session.svg.  To record it anew:
#
#	tests/lab/record
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh

# steady: what is another one each time becomes the same, in as many columns.
steady() {
	sed -E -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}/2026-01-15 12:00:00/g' \
		-e 's/^[0-9]{2}:[0-9]{2}:[0-9]{2} /12:00:00 /' \
		-e 's/since [0-9]{2}:[0-9]{2}/since 12:00/g' \
		-e 's/(active +)[0-9]{4}/\14321/' -e 's/QEMU [0-9]+/QEMU 4321/g' \
		-e 's/\(pid [0-9]+\)/(pid 1234)/' -e 's/the host has [0-9]+ MiB/the host has 2710 MiB/' \
		-e 's/[0-9]+ ms\b/120 ms/g' -e 's/reset in [0-9]+ of/reset in 110 of/' \
		-e 's/[0-9.]+\+deb[0-9]+[a-z0-9+.-]*/6.12.74+deb13-amd64/' \
		-e '/has no carrier: its VFs are given/d' | cat -s
}

# The link comes when it comes: whether it is there right after a change is left out of the record.
both_linked() {
	[ "$(cat /sys/class/net/eth[01]/carrier 2>/dev/null | tr -d '\n')" = 11 ]
}

# type_in COMMAND: as one types it at the prompt of root; what it says is recorded.
type_in() {
	printf '# %s\n' "$1"
	(eval "$1") 2>&1 | steady
	echo
}

# nic MAC [PORTGROUP] [POOL]
nic() {
	cat <<-END
		<interface type='network'>
		      <mac address='$1'/>
		      <source network='${3:-sriov0}'${2:+ portgroup='$2'}/>
		    </interface>
	END
}

# vm NAME TAIL XML…: its file, with a UUID that ends in TAIL.
vm() {
	guest_xml "$1" --bare --top "<uuid>0f6c2b34-7a1d-4c58-9e02-0000000000$2</uuid>" "${@:3}" >"$1.xml"
}

session() {
	type_in 'vfpool doctor'
	type_in 'vfpool pf list'
	type_in 'vfpool pf enable eth0 --vfs 9'
	type_in 'vfpool pf enable eth0 --vfs 7'
	type_in 'vfpool pf enable eth1 --vfs 7'
	wait_until 20 both_linked
	type_in 'vfpool pf list'
	type_in 'vfpool pf show eth0'

	type_in 'cat sriov0.xml'
	type_in 'sed s/100/5000/ sriov0.xml | vfpool pool define -'
	type_in 'sed s/eth1/eth7/ sriov0.xml | vfpool pool define -'
	type_in 'vfpool pool define sriov0.xml'
	type_in 'vfpool pool list'
	type_in 'vfpool portgroup list'
	type_in 'sed s/sriov0/second/ sriov0.xml | vfpool pool define -'

	type_in "grep -A 3 '<interface' web1.xml"
	type_in 'vfpool domain define web1.xml'
	type_in 'vfpool domain define web2.xml'
	type_in 'vfpool domain list'
	type_in 'vfpool domain define same-mac.xml'
	type_in 'vfpool domain define multicast.xml'
	type_in 'vfpool domain define no-group.xml'
	type_in 'vfpool domain define no-pool.xml'

	type_in 'virsh start web1'
	type_in 'vfpool domain start web2'
	type_in 'vfpool lease list'
	type_in "vfpool vf hold eth1#6 --reason 'the router of this host'"
	type_in 'vfpool vf list'
	type_in 'vfpool vf show eth0#0'
	type_in 'vfpool top --once'
	type_in 'vfpool graph >host.svg'
	type_in 'vfpool pf disable eth0'
	type_in 'vfpool vf scrub eth0#0'
	type_in 'virsh define by-hand.xml'
	type_in 'virsh start by-hand'
	type_in 'vfpool journal --event refused'
	type_in 'vfpool domain check web1'
	type_in 'vfpool domain check web1 --op migrate'

	type_in 'vfpool portgroup set sriov0 green vlan=201 maxTxRate=500'
	type_in 'vfpool portgroup show sriov0 green'
	type_in 'vfpool domain pin web1 --mac 52:54:00:00:00:b1 --vf eth0#3'
	type_in 'virsh destroy web1'
	type_in 'vfpool domain start web1'
	type_in 'vfpool who 52:54:00:00:00:b1'
	type_in 'vfpool who eth0#0'
	type_in 'vfpool journal --domain web1'
	type_in 'virsh destroy web1; virsh destroy web2'
	type_in 'vfpool lease list'
	type_in 'vfpool vf unhold eth1#6'
	type_in 'vfpool pool undefine sriov0'
	type_in 'vfpool check'
	type_in 'vfpool domain unbind web1'
}

mkdir /root/session && cd /root/session || exit 1
cat >sriov0.xml <<'END'
<vfpool>
  <name>sriov0</name>
  <physicalNetwork>physnet1</physicalNetwork>
  <pf dev='eth0'/>
  <pf dev='eth1'/>
  <portgroup name='blue' default='yes'>
    <vlan><tag id='100'/></vlan>
    <vf maxTxRate='1000'/>
  </portgroup>
  <portgroup name='green'>
    <vlan><tag id='200'/></vlan>
  </portgroup>
  <portgroup name='trunk'><vlan trunk='yes'/></portgroup>
</vfpool>
END
vm web1 01 "$(nic 52:54:00:00:00:b1 blue)"
vm web2 02 "$(nic 52:54:00:00:00:b2 green)"
vm same-mac 03 "$(nic 52:54:00:00:00:b1)"
vm multicast 04 "$(nic 01:00:5e:00:00:01)"
vm no-group 05 "$(nic 52:54:00:00:00:b5 red)"
vm no-pool 06 "$(nic 52:54:00:00:00:b6 blue sriov9)"
vm by-hand 07 "$(vf_xml 0000:01:10.0 52:54:00:00:00:b7)"
# Process ids of four digits from here on: tables are as wide as their cells.
echo 4000 >/proc/sys/kernel/ns_last_pid

step "The session, as it is now"
session >"$OUT/session"
cat "$OUT/session"
cp host.svg "$OUT/session.svg"

step "Compared with the manual"
for file in session session.svg; do
	check "docs/$file says the same" diff -u "/share/docs/$file" "$OUT/$file"
done
check "the picture is well-formed" xmllint --noout "$OUT/session.svg"
