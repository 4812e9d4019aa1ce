#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# virsh define is enough: vfpoold binds, moves, and ends what it finds.
# Usage: define.sh [FRESH-DOMAINS [RACES]]
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh
n_fresh=${1:-20} n_races=${2:-200}
log=$OUT/vfpoold.log

# xml NAME MAC [PORTGROUP]: a domain without an OS.
xml() {
	guest_xml "$1" --bare "$(nic "$2" "${3:-blue}")"
}

# definition NAME: what libvirt has.
definition() {
	virsh dumpxml --inactive "$1"
}

# bound NAME MAC: the NIC's definition has a VF.
bound() {
	definition "$1" | grep -q "ua-vfpool-${2//:/}"
}

# ports [FILTER]: of vfpool domain list, by jq.
ports() {
	vfpool domain list --json | jq -r "$1"
}

is_elsewhere() {
	local now
	now=$(vf_of "$1")
	[ "$now" ] && [ "$now" != "$2" ]
}

# How many definitions are bound to VFs of a PF.
on_pf() {
	entries domain ".vf | startswith(\"$1#\")"
}

none_on_pf() {
	[ "$(on_pf "$1")" = 0 ]
}

# defined_on BUS: whether libvirt has a definition m1 … m16 on that bus.
defined_on() {
	local i
	for i in $(seq 16); do
		definition "m$i"
	done | grep -q "bus='0x$1' slot='0x1"
}

is_unbound() {
	! definition "$1" | grep -q -e '<locked/>' -e urn:vfpool
}

has_vlan() {
	definition "$1" | grep -q "tag id='$2'"
}

connections() {
	[ "$(grep -c 'connected to libvirt' "$log")" = "$1" ]
}

step 'Two cards, a pool, and vfpoold'
ip link set eth0 up
ip link set eth1 up
wait_until 10 grep -q 1 /sys/class/net/eth0/carrier
for pf in eth0 eth1; do
	check "$pf has 7 VFs" vfpool pf enable $pf --vfs 7
done
virsh --quiet define <(xml early 52:54:00:01:00:01)
nice -n -10 vfpoold 2>"$log" & # as its unit says
vfpoold=$!
check 'it connects' wait_until 10 grep -q 'connected to libvirt' "$log"
check 'the pool is defined' pool_define eth0 eth1
check 'a definition from before is bound' wait_until 10 bound early 52:54:00:01:00:01
check 'and is seen' wait_until 5 there_are 1 domain '.domain == "early"'
virsh --quiet undefine early
check 'undefine ends its port' wait_until 5 there_are 0 domain '.domain == "early"'

step "virsh define and virsh start, back to back, $n_fresh fresh domains"
refused=0 late=0 again=0
for i in $(seq "$n_fresh"); do
	mac=$(printf '52:54:00:02:%02x:%02x' $((i / 256)) $((i % 256)))
	xml "fresh$i" "$mac" >/tmp/fresh.xml
	if ! output=$(virsh --quiet define /tmp/fresh.xml 2>&1 && virsh --quiet start "fresh$i" 2>&1); then
		refused=$((refused + 1))
		[[ $output != *'has no VF yet'* ]] || late=$((late + 1))
		printf '      %s\n' "$output"
		virsh --quiet start "fresh$i" && again=$((again + 1))
	fi
	virsh --quiet destroy "fresh$i"
	virsh --quiet undefine "fresh$i"
done
echo "$n_fresh started, $refused refused, $late of them because the binding was late, $again then started"
check 'no start was refused' [ $refused = 0 ]
check 'every refused one started the second time' [ $again = $refused ]
check 'all their ports end' wait_until 10 there_are 0 domain
sed -nE 's/.*domain fresh[0-9]+: bound after ([0-9]+) ms.*/\1/p' "$log" | sort -n >/tmp/times
check 'each was bound once' [ "$(wc -l </tmp/times)" = "$n_fresh" ]
echo "from event to bound, ms: median $(sed -n "$(((n_fresh + 1) / 2))p" /tmp/times), max $(tail -n 1 /tmp/times)"

step 'Edits'
virsh --quiet define <(xml edit 52:54:00:03:00:01)
check 'bound' wait_until 5 bound edit 52:54:00:03:00:01
definition edit | sed 's/52:54:00:03:00:01/52:54:00:03:00:02/' >/tmp/edit.xml
virsh --quiet define /tmp/edit.xml
check 'another MAC is another port' wait_until 5 there_are 1 domain '.mac == "52:54:00:03:00:02"'
check 'and the old one ends' wait_until 5 there_are 0 domain '.mac == "52:54:00:03:00:01"'
check 'the alias follows' wait_until 5 bound edit 52:54:00:03:00:02
definition edit | sed "s/portgroup=.blue./portgroup='green'/" >/tmp/edit.xml
virsh --quiet define /tmp/edit.xml
check 'another port group in the metadata' wait_until 5 there_are 1 domain '.portgroup == "green"'
check 'has its VLAN' wait_until 5 has_vlan edit 200
uuid=$(virsh domuuid edit | head -n 1)
xml edit 52:54:00:03:00:02 blue | sed "s|<name>edit</name>|&<uuid>$uuid</uuid>|" >/tmp/edit.xml
virsh --quiet define /tmp/edit.xml
check 'a network interface put back in' wait_until 5 there_are 1 domain '.portgroup == "blue"'
check 'is bound' wait_until 5 bound edit 52:54:00:03:00:02
check 'rename' virsh --quiet domrename edit edited
check 'keeps the port' wait_until 5 there_are 1 domain ".domain == \"edited\" and .uuid == \"$uuid\""
check 'starts' virsh --quiet start edited
definition edited | sed "/<interface/,/<\/interface>/d" >/tmp/edit.xml
check 'the NIC is removed while it runs' virsh --quiet define /tmp/edit.xml
check 'its port stays' there_are 1 domain '.domain == "edited"'
virsh --quiet destroy edited
check 'and ends with it' wait_until 5 there_are 0 domain '.domain == "edited"'
check 'the rest is undone' wait_until 5 is_unbound edited
check 'it starts without' virsh --quiet start edited
virsh --quiet destroy edited
virsh --quiet undefine edited

step 'Undefined while it runs'
virsh --quiet define <(xml gone 52:54:00:04:00:01)
wait_until 5 bound gone 52:54:00:04:00:01
check 'starts' virsh --quiet start gone
virsh --quiet undefine gone
check 'its port stays' there_are 1 domain '.domain == "gone"'
virsh --quiet destroy gone
check 'and ends with it' wait_until 5 there_are 0 domain '.domain == "gone"'

step 'What cannot be bound says why'
virsh --quiet define <(xml other 52:54:00:05:00:01 red)
check 'no such port group' wait_until 5 there_are 1 domain '.domain == "other" and (.trouble | test("red"))'
check 'it is as its author wrote it' grep -q "portgroup='red'" <(definition other)
sed -i "s|<portgroup name='green'>|<portgroup name='red'/>&|" /tmp/sriov0.xml
check 'the port group comes' vfpool pool define /tmp/sriov0.xml
check 'it is bound' wait_until 5 bound other 52:54:00:05:00:01
check 'and has no trouble' wait_until 5 there_are 0 domain '.trouble'
virsh --quiet define <(xml same 52:54:00:05:00:01)
check 'a MAC of another' wait_until 5 there_are 1 domain '.domain == "same" and (.trouble | test("other"))'
virsh --quiet undefine other
check 'is free when that goes' wait_until 5 bound same 52:54:00:05:00:01
virsh --quiet undefine same

step 'Moves: 16 definitions, 14 VFs'
for i in $(seq 16); do
	virsh --quiet define <(xml "m$i" "52:54:00:06:00:$(printf %02x "$i")")
done
check 'all are bound' wait_until 10 there_are 16 domain '.vf != null'
first=$(vf_of m1)
shared=$(ports "[.[] | select(.vf == \"$first\" and .domain != \"m1\")][0].domain // empty")
[ "$shared" ] || {
	shared=m16
	first=$(vf_of m16)
	shared=$(ports "[.[] | select(.vf == \"$first\" and .domain != \"m16\")][0].domain")
}
holder=$(ports "[.[] | select(.vf == \"$first\" and .domain != \"$shared\")][0].domain")
echo "$holder and $shared are both on $first"
check "$holder starts" virsh --quiet start "$holder"
check "$shared is moved" wait_until 5 is_elsewhere "$shared" "$first"
check "$shared starts" virsh --quiet start "$shared"
check "$holder stays" [ "$(vf_of "$holder")" = "$first" ]
virsh --quiet destroy "$holder"
virsh --quiet destroy "$shared"

step 'The link of a PF'
echo "on eth0 $(on_pf eth0), on eth1 $(on_pf eth1)"
l0 link pf0 off
check 'all definitions leave a PF without link' wait_until 10 none_on_pf eth0
expect_fail 'and libvirt has it so' '^$' defined_on 01
check 'm1 starts' virsh --quiet start m1
l0 link pf0 on
wait_until 10 grep -q 1 /sys/class/net/eth0/carrier
check 'it comes back' wait_until 10 are_free 13
virsh --quiet destroy m1

step 'vfpoold is away'
kill -9 $vfpoold
wait $vfpoold 2>/dev/null
virsh --quiet define <(xml while 52:54:00:07:00:01)
virsh --quiet undefine m16
nice -n -10 vfpoold 2>>"$log" &
vfpoold=$!
check 'what was defined meanwhile is bound' wait_until 10 bound while 52:54:00:07:00:01
check 'what was undefined has ended' wait_until 10 there_are 0 domain '.domain == "m16"'
for i in $(seq 15); do virsh --quiet undefine "m$i"; done
virsh --quiet undefine while

step 'libvirtd is away'
kill -9 "$(pidof libvirtd)"
check 'it is missed' wait_until 10 grep -q 'libvirt went away' "$log"
libvirtd -d
check 'and found again' wait_until 30 connections 3
virsh --quiet define <(xml back 52:54:00:08:00:01)
check 'it binds' wait_until 10 bound back 52:54:00:08:00:01
check 'all ports of before have ended' wait_until 10 there_are 1 domain

step 'Attached by hand'
check 'back starts' virsh --quiet start back
address=$(vfpool vf list --json | jq -r '[.[] | select(.state == "free")][0].pci')
vf_xml "$address" 52:54:00:08:00:02 >/tmp/hand.xml
check 'a VF is attached by hand' virsh --quiet attach-device back /tmp/hand.xml --live
check 'it is seen' wait_until 5 there_are 1 lease '.state == "foreign"'
check 'journaled' grep -q foreign <(vfpool journal)
virsh --quiet destroy back
check 'nothing is leased after' wait_until 5 are_free 14
virsh --quiet undefine back

step "Edits that race with vfpoold: $n_races rounds"
# Each round defines anew, and anew again after a moment of 0 to 39 ms.
lost=0 risen=0
xml race 52:54:00:09:00:01 >/tmp/race.xml
virsh --quiet define /tmp/race.xml
uuid=$(virsh domuuid race | head -n 1)
for i in $(seq "$n_races"); do
	for edit in a b; do
		xml race 52:54:00:09:00:01 |
			sed "s|<name>race</name>|&<uuid>$uuid</uuid><title>$edit$i</title>|" >/tmp/race-$edit.xml
	done
	{
		echo 'define /tmp/race-a.xml'
		sleep "0.0$(printf %02d $((i % 40)))"
		echo 'define /tmp/race-b.xml'
	} | virsh --quiet >/dev/null
	wait_until 5 bound race 52:54:00:09:00:01 || fail "round $i is not bound"
	[[ $(definition race) == *"<title>b$i</title>"* ]] || lost=$((lost + 1))
	if [ $((i % 4)) = 0 ]; then
		printf '%s\n' 'define /tmp/race-a.xml' 'undefine race' | virsh --quiet >/dev/null
		sleep 1
		virsh domuuid race >/dev/null 2>&1 && risen=$((risen + 1)) && virsh --quiet undefine race
	fi
done
echo "$n_races rounds: $lost edits lost, $risen undefined domains risen again"
check 'hardly an edit is lost (tests/daemon.sh says why)' [ $((lost * 5)) -le $((n_races + 5)) ]
check 'no undefine is undone' [ $risen = 0 ]
virsh --quiet undefine race 2>/dev/null

step 'The end'
kill $vfpoold
wait $vfpoold
check 'vfpoold ends in peace' [ $? = 0 ]
grep -vE 'bound after|moved to|undefined, its ports' "$log" | head -n 40
