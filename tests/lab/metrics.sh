#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Metrics of a host with real VFs: the unit writes the file from within its sandbox, and says what is.
#
#	tests/lab/run --init systemd tests/lab/metrics.sh
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh

file=/var/lib/prometheus/node-exporter/vfpool.prom

has() {
	check "$1" grep -qxF "$1" $file
}

step "A pool and a domain"
check "VFs" vfpool pf enable eth0 --vfs 3
check "their PF has a link" links_up eth0
check "a pool" vfpool pool define - <<<"<vfpool><name>sriov0</name><physicalNetwork>physnet1</physicalNetwork><pf dev='eth0'/>
	<portgroup name='blue' default='yes'><vlan><tag id='100'/></vlan></portgroup></vfpool>"
guest_xml vm1 --bare "<interface type='network'><mac address='52:54:00:00:00:b1'/><source network='sriov0'/></interface>" >/tmp/vm1.xml
check "a domain" vfpool domain define /tmp/vm1.xml
check "runs" virsh --quiet start vm1

step "The unit"
check "without node_exporter's folder it is left out" systemctl start vfpool-metrics.service
check "and writes nothing" test ! -e $file
mkdir -p "${file%/*}"
check "with it" systemctl start vfpool-metrics.service
check "for everybody to read" test "$(stat -c %a $file)" = 644
has 'vfpool_pool_vfs{pool="sriov0",state="leased"} 1'
has 'vfpool_pool_vfs{pool="sriov0",state="free"} 2'
has 'vfpool_leases{pool="sriov0",state="active"} 1'
has 'vfpool_pool_capacity{pool="sriov0",physical_network="physnet1"} 3'
check "who has the VF" grep -q '^vfpool_vf_info{.*domain="vm1",uuid="[0-9a-f-]*",mac="52:54:00:00:00:b1",vlan="100",pool="sriov0",portgroup="blue"} 1$' $file
check "its counters are the kernel's" test "$(sed -n 's/^sriov_vf_rx_packets{.*pf="eth0",vf="0"} //p' $file)" = \
	"$(ip -s -j link show eth0 | jq '.[0].vfinfo_list[0].stats.rx.packets // 0')"
check "nothing differs" test -z "$(grep '^vfpool_differences' $file | grep -v ' 0$')"

step "Later"
check "the domain ends" virsh --quiet destroy vm1
check "the timer runs it" systemctl start vfpool-metrics.timer
wait_until 90 grep -qxF 'vfpool_pool_vfs{pool="sriov0",state="free"} 3' $file
has 'vfpool_pool_vfs{pool="sriov0",state="free"} 3'
has 'vfpool_scrub_duration_seconds_count 1'
