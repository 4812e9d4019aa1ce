#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# org.vfpool1 on a system bus of its own, with a fake host: what it looks like, what it answers, what nobody sane sends.
# Where polkitd is installed and mounts are allowed it is on that bus too, with our actions and the rule for a group.
for program in dbus-daemon busctl setpriv; do
	command -v $program >/dev/null || { echo "no $program: nothing is tried"; exit 77; }
done
polkitd=/usr/lib/polkit-1/polkitd
if [ -z "${BUS_MOUNTS:-}" ] && [ -x $polkitd ] && unshare --mount true 2>/dev/null; then
	BUS_MOUNTS=yes exec unshare --mount "$0" "$@"
fi
# shellcheck source=tests/lib.sh
. "${top_srcdir:-$(dirname "$0")/..}/tests/lib.sh"
long=${BUS_SECONDS:-5}

new_pool
for pf in 0 1; do
	printf '\x90\x0b\x00SN\x08K1234567\x78' >"$root/sys/bus/pci/devices/0000:01:00.$pf/vpd"
done
for vf in "$root"/sys/bus/pci/devices/0000:01:1*; do
	echo 0x8086 >"$vf/vendor"
	echo 0x10ca >"$vf/device"
done
chmod 755 "$root"
mkdir "$root/dbus"
# agent1 and agent2 are users, the first of them in the group vfpool.
if [ -n "${BUS_MOUNTS:-}" ]; then
	mkdir -p "$root/polkit/actions" "$root/polkit/rules"
	cp "$top_srcdir/service/org.vfpool1.policy" "$root/polkit/actions"
	cp "$top_srcdir/service/claim-group.rules" "$root/polkit/rules/50-vfpool.rules"
	{ cat /etc/passwd && printf 'agent%s:x:6000%s:6000%s::/:/bin/sh\n' 1 1 1 2 2 2; } >"$root/polkit/passwd"
	{ cat /etc/group && printf 'agent%s:x:6000%s:\n' 1 1 2 2 && echo 'vfpool:x:60009:agent1'; } >"$root/polkit/group"
	chmod -R a+rX "$root/polkit"
	mount --bind "$root/polkit/actions" /usr/share/polkit-1/actions
	mount --bind "$root/polkit/rules" /etc/polkit-1/rules.d
	mount --bind "$root/polkit/passwd" /etc/passwd
	mount --bind "$root/polkit/group" /etc/group
fi
# What a system bus allows, and the name to root: service/org.vfpool1.conf.
sed 's|<policy user="root">|<policy context="default"><allow user="*"/><allow own="org.freedesktop.PolicyKit1"/><allow send_destination="org.freedesktop.PolicyKit1"/><allow send_type="signal"/>\
<allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/>\
<allow receive_type="method_call"/><allow receive_type="method_return"/><allow receive_type="error"/>\
<allow receive_type="signal"/><allow send_destination="org.freedesktop.DBus"/></policy>&|
	s|<busconfig>|&<type>system</type><listen>unix:path='"$root"'/dbus/socket</listen><auth>EXTERNAL</auth>|' \
	"$top_srcdir/service/org.vfpool1.conf" >"$root/dbus/conf"
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$root/dbus/socket

start_bus() {
	dbus-daemon --config-file="$root/dbus/conf" --nofork 2>>"$root/dbus/log" &
	bus=$!
	wait_until 5 test -S "$root/dbus/socket"
}

start_vfpoold() {
	"$top_builddir/tests/vfpoold-fake" --root "$root" --connect test:///default 2>>"$root/service.log" &
	vfpoold=$!
}

# ask MEMBER ARGUMENT…: a call; as: the same as nobody.
ask() {
	timeout 10 busctl --no-pager -- call org.vfpool1 /org/vfpool1 org.vfpool1.Manager "$@"
}
# as_user UID ARGUMENT…: one that is known, with the groups that it has.
as_user() {
	setpriv --reuid="$1" --regid="$1" --init-groups timeout 10 busctl --no-pager "${@:2}"
}
as_nobody() {
	as_user 65534 "$@"
}
# error MEMBER ARGUMENT…: the name of the error.
error() {
	timeout 10 dbus-send --system --print-reply --dest=org.vfpool1 /org/vfpool1 org.vfpool1.Manager."$1" "${@:2}" 2>&1
}
lives() {
	kill -0 "$vfpoold" && timeout 10 busctl --no-pager get-property org.vfpool1 /org/vfpool1 org.vfpool1.Manager Version
}
is_there() {
	busctl --no-pager --timeout=1 get-property org.vfpool1 /org/vfpool1 org.vfpool1.Manager Version 2>/dev/null
}
property() {
	timeout 10 busctl --no-pager get-property org.vfpool1 "/org/vfpool1/$1" "org.vfpool1.$2" "$3"
}
has_property() {
	[ "$(property "$1" "$2" "$3" 2>&1)" = "$4" ]
}

step "Without a bus"
start_vfpoold
check "vfpoold goes on" wait_until 5 grep -q 'connected to libvirt' "$root/service.log"
check "and has said so, in one line" test "$(grep -c 'not on D-Bus: system bus: ' "$root/service.log")" = 1
kill $vfpoold
wait $vfpoold

step "What it looks like"
start_bus
start_vfpoold
check "the name is taken" wait_until 10 is_there
# introspected PATH INTERFACE: its members, types and signatures; documented INTERFACE: as the manual has them.
introspected() {
	busctl --no-pager introspect org.vfpool1 "/org/vfpool1$1" "$2" |
		awk '$1 ~ /^\./ { print $1, $2, $3, $2 == "method" ? $4 : "" }' | sed 's/ *$//' | sort
}
documented() {
	sed -n "/^\.\\\\\" $1\$/,/^\.EE/p" "$top_srcdir/docs/man/org.vfpool1.5.in" |
		sed -n 's/^\\&\(\.[A-Z].*\)/\1/p' | sed 's/ *-- .*//; s/  */ /g; s/ $//' | sort
}
while read -r path interface; do
	[ "$path" != '""' ] || path=
	check "$interface is as the manual says" diff <(introspected "$path" "$interface") <(documented "$interface")
	check "which has it" test -n "$(documented "$interface")"
done <<-END
	"" org.vfpool1.Manager
	/pf/ens1f0 org.vfpool1.PF
	/vf/ens1f0_230 org.vfpool1.VF
	/pool/sriov0 org.vfpool1.Pool
	/portgroup/sriov0/blue org.vfpool1.PortGroup
END
check "there are all VFs" test "$(busctl --no-pager --list tree org.vfpool1 | grep -c /vf/)" = 6
check "a port group's VLAN" has_property portgroup/sriov0/blue PortGroup VLAN 'u 100'
check "a PF" has_property pf/ens1f0 PF VFs 'u 3'

step "A claim"
one=00000000-0000-0000-0000-000000000001
busctl --no-pager monitor org.vfpool1 --match "type='signal',sender='org.vfpool1'" >"$root/signals" 2>&1 &
monitor=$!
check "somebody listens" wait_until 5 grep -q Monitoring "$root/signals"
claimed='aa\{sv\} 1 18 .*"mac" s "52:54:00:00:00:01".*"vlan" u 100 .*"expires" t 1[0-9]* '
claimed+='"binding:vnic_type" s "direct" "binding:vif_type" s "hw_veb" '
claimed+='"binding:vif_details" a\{sv\} 3 "port_filter" b false "connectivity" s "l2" "vlan" s "100" '
claimed+='"binding:profile" a\{sv\} 6 "pci_slot" s "0000:01:1[0-9.]*" "pci_vendor_info" s "8086:10ca" '
claimed+='"physical_network" s "physnet1" "pf_mac_address" s "[0-9a-f:]{17}" "vf_num" x 0 "card_serial_number" s "K1234567"$'
prints 0 "$claimed" "Claim" \
	ask Claim 'a{sv}' 6 uuid s $one domain s web1 physnet s physnet1 vlan q 100 mac s 52:54:00:00:00:01 ttl i 60
vf=$(vfpool who 52:54:00:00:00:01 --json | sed -n 's/.*"vf":"\([^"]*\)".*/\1/p')
path=vf/${vf/\#/_23}
check "the VF is claimed" wait_until 5 has_property "$path" VF State 's "claimed"'
check "for that domain" has_property "$path" VF Domain 's "web1"'
# openstack PATH INTERFACE PROPERTY: a dictionary in JSON as the command has it; tells NOUN JSON: the command does.
openstack() {
	timeout 10 busctl --no-pager --json=short get-property org.vfpool1 "/org/vfpool1/$1" "org.vfpool1.$2" "$3" |
		sed -E 's/\{"type":"[sxb]","data":("[^"]*"|[a-z0-9]+)\}/\1/g; s/^\{"type":"a\{sv\}","data":\{(.*)\}\}$/\1/'
}
tells() {
	test -n "$2" && vfpool "$1" list --openstack --json | tr -d '\n' | sed 's/  *\([]["{}]\)/\1/g; s/,  */,/g' | grep -F "$2"
}
device=$(openstack "$path" VF PciDevice)
check "in Nova's words" grep -q "\"status\":\"claimed\",\"instance_uuid\":\"$one\"" <<<"$device"
check "which are the command's" tells vf "$device"
check "the pool counts it" has_property pool/sriov0 Pool Claimed 'u 1'
port=port/52_3a54_3a00_3a00_3a00_3a01
check "it is a port" has_property $port Port UUID "s \"$one\""
check "whose interface is as the manual says" diff <(introspected /$port org.vfpool1.Port) <(documented org.vfpool1.Port)
check "which Neutron knows as bound" has_property $port Port VIFType 's "hw_veb"'
check "for the card's serial number" grep -q '"card_serial_number":"K1234567"' <(openstack $port Port BindingProfile)
prints 0 '"claims" "web1"' "Who" ask Who st 52:54:00:00:00:01 0
domain web1 01 "$(pool_nic 52:54:00:00:00:01 blue)" | vfpool domain rewrite >"$root/web1.xml"
hook web1 prepare - "$root/web1.xml"
check "the domain starts: the VF is leased" wait_until 5 has_property "$path" VF State 's "leased"'
lease=$(busctl --no-pager --list tree org.vfpool1 | sed -n 's|/org/vfpool1/\(lease/.*\)|\1|p')
check "there is a lease" has_property "$lease" Lease State 's "preparing"'
check "whose interface is as the manual says" diff <(introspected "/$lease" org.vfpool1.Lease) <(documented org.vfpool1.Lease)
for of in BindingProfile:binding:profile VIFDetails:binding:vif_details; do
	check "its ${of%%:*} is the command's" tells lease "\"${of#*:}\":{$(openstack "$lease" Lease "${of%%:*}")}"
done
check "the VF is Nova's" tells vf "$(openstack "$path" VF PciDevice)"
prints 0 'u 0' "nothing is claimed any more" ask Release ss $one ''
hook web1 release failed "$root/web1.xml"
check "it ends" wait_until 5 has_property "$path" VF State 's "free"'
check "and the port is on no VF" has_property $port Port BindingProfile 'a{sv} 0'
for signal in InterfacesAdded InterfacesRemoved PropertiesChanged; do
	check "$signal was told" wait_until 5 grep -q "Member=$signal" "$root/signals"
done
kill $monitor
prints 0 'a\(ssss\) [0-9]+ "iommu" ' "Doctor" ask Doctor
prints 0 'a\(sbsss\) [0-9]+ "start" true ' "Check" ask Check s test
prints 0 '^$' "Hold" ask Hold ss 'ens1f0#1' 'a router'
check "is seen" wait_until 5 has_property vf/ens1f0_231 VF State 's "held"'
prints 0 '^$' "Unhold" ask Unhold s 'ens1f0#1'
prints 0 '^$' "Scrub" ask Scrub s 'ens1f0#1'

step "Who may"
prints 0 'free' "anybody may look" as_nobody get-property org.vfpool1 /org/vfpool1/vf/ens1f0_231 org.vfpool1.VF State
prints 1 'org.vfpool1.claim: polkit does not answer' "without polkit nobody but root may claim" \
	as_nobody call org.vfpool1 /org/vfpool1 org.vfpool1.Manager Claim 'a{sv}' 2 uuid s $one pool s sriov0
prints 1 'org.vfpool1.read: ' "nor ask" as_nobody call org.vfpool1 /org/vfpool1 org.vfpool1.Manager Doctor
prints 1 'ot allowed|Access denied|rejected' "nor take the name" as_nobody call org.freedesktop.DBus / org.freedesktop.DBus \
	RequestName su org.vfpool1 2

manager='org.vfpool1 /org/vfpool1 org.vfpool1.Manager'
if [ -n "${BUS_MOUNTS:-}" ]; then
	$polkitd >"$root/polkit/log" 2>&1 &
	polkit=$!
	check "polkit comes" wait_until 10 grep -q 'Acquired the name' "$root/polkit/log"
	# shellcheck disable=SC2086
	{
		prints 0 'aa' "with the rule a member of the group may claim" \
			as_user 60001 call $manager Claim 'a{sv}' 2 uuid s $one pool s sriov0
		prints 0 'u 1' "and release" as_user 60001 call $manager Release ss $one ''
		prints 1 'org.vfpool1.admin: polkit does not allow it' "but not hold" \
			as_user 60001 call $manager Hold ss 'ens1f0#1' x
		prints 1 'org.vfpool1.claim: polkit does not allow it' "others may not claim" \
			as_user 60002 call $manager Claim 'a{sv}' 2 uuid s $one pool s sriov0
		prints 0 'a\(ssss\)' "they may ask" as_user 60002 call $manager Doctor
	}
	kill $polkit
	wait $polkit 2>/dev/null
fi

step "What is no question"
# NAME-OF-ERROR WORDS MEMBER ARGUMENT…
n_bad=0
while read -r name member arguments; do
	n_bad=$((n_bad + 1))
	# shellcheck disable=SC2086
	check "$member $arguments: $name" grep -q "Error $name" <(error "$member" $arguments)
done <<-END
	org.freedesktop.DBus.Error.InvalidArgs Claim string:web1
	org.vfpool1.Error.InvalidArgument Release string:web1 string:
	org.vfpool1.Error.InvalidArgument Release string:$one string:52:54
	org.vfpool1.Error.NotFound Check string:nosuch
	org.vfpool1.Error.InvalidArgument Hold string:ens1f0 string:x
	org.vfpool1.Error.NotFound Hold string:nosuch#1 string:x
	org.vfpool1.Error.InvalidArgument Hold string:ens1f0#1 string:
	org.vfpool1.Error.NotFound Scrub string:nosuch#1
	org.freedesktop.DBus.Error.UnknownMethod Nothing
END
# ERROR EXIT-STATUS WORDS KEY=VALUE…: the same on the bus and by the command, and neither claims anything.
refused() {
	local name=$1 status=$2 words=${3//_/ } option options=()
	shift 3
	for option; do
		option=${option/#domain=/name=}
		options+=("--${option/#uuid=/domain=}")
	done
	prints 1 "^org.vfpool1.Error.$name: .*$words" "Claim $*: $name" "$top_builddir/tests/bus-client" claim "$@"
	[ "$status" = - ] || prints "$status" "$words|is not a number" "vfpool claim: the same, $status" vfpool claim "${options[@]}"
}
two=00000000-0000-0000-0000-000000000002
while read -r name status words pairs; do
	# shellcheck disable=SC2086
	refused "$name" "$status" "$words" $pairs
done <<-END
	InvalidArgument 2 is_not_a_domain's_UUID uuid=web1 pool=sriov0
	InvalidArgument 2 is_not_a_domain's_UUID uuid= pool=sriov0
	InvalidArgument 2 is_not_a_domain's_UUID uuid=$two-0 pool=sriov0
	InvalidArgument - is_not_a_domain's_UUID pool=sriov0
	InvalidArgument 2 a_pool_or_a_physical_network uuid=$two
	InvalidArgument 2 one_of_them uuid=$two pool=sriov0 physnet=physnet1
	InvalidArgument 2 one_of_them uuid=$two pool=
	InvalidArgument 2 not_both uuid=$two pool=sriov0 portgroup=blue vlan=100
	InvalidArgument 2 01:00:5e:00:00:01 uuid=$two pool=sriov0 mac=01:00:5e:00:00:01
	InvalidArgument 2 ff:ff:ff:ff:ff:ff uuid=$two pool=sriov0 mac=ff:ff:ff:ff:ff:ff
	InvalidArgument 2 00:00:00:00:00:00 uuid=$two pool=sriov0 mac=00:00:00:00:00:00
	InvalidArgument 2 is_not_a_MAC uuid=$two pool=sriov0 mac=52:54
	InvalidArgument 2 one_NIC_has_it uuid=$two pool=sriov0 mac=52:54:00:00:00:02 count=2
	InvalidArgument 2 vlan_4096:_0_to_4094 uuid=$two pool=sriov0 vlan=4096
	InvalidArgument 2 vlan_4095:_0_to_4094 uuid=$two pool=sriov0 vlan=4095
	InvalidArgument 2 vlan_-1:_not_less uuid=$two pool=sriov0 vlan=-1
	NotFound 3 no_port_group_of_VLAN_0 uuid=$two pool=sriov0 vlan=0
	NotFound 3 no_port_group_of_VLAN_101 uuid=$two pool=sriov0 vlan=101
	InvalidArgument 2 count_0:_1_to_64 uuid=$two pool=sriov0 count=0
	InvalidArgument 2 count_65:_1_to_64 uuid=$two pool=sriov0 count=65
	InvalidArgument 2 count_-1:_not_less uuid=$two pool=sriov0 count=-1
	NoCapacity 4 and_20_were_asked_for uuid=$two pool=sriov0 count=20
	NotFound 3 there_is_none_of_that_name uuid=$two pool=nosuch
	NotFound 3 no_pool_is_of_it uuid=$two physnet=nosuch
	NotFound 3 no_port_group_red uuid=$two pool=sriov0 portgroup=red
	InvalidArgument 2 ttl_-1:_not_less uuid=$two pool=sriov0 ttl=-1
	InvalidArgument 2 ttl_0:_1_to_86400 uuid=$two pool=sriov0 ttl=0
	InvalidArgument 2 ttl_86401: uuid=$two pool=sriov0 ttl=86401
	InvalidArgument 2 ttl_9223372036854775807 uuid=$two pool=sriov0 ttl=9223372036854775807
	InvalidArgument 2 numa_1024: uuid=$two pool=sriov0 numa=1024
	InvalidArgument 2 is_not_a_domain's_name uuid=$two pool=sriov0 domain=../etc
	InvalidArgument - 'pools'_is_nothing uuid=$two pools=sriov0
END
check "nothing was claimed" test "$(vfpool vf list --json | grep -c "\"state\":\"free\"")" = 6
# WORDS ASK…: types that busctl can say.
while read -r words arguments; do
	# shellcheck disable=SC2086
	prints 1 "${words//_/ }" "Claim $arguments" ask Claim 'a{sv}' $arguments
done <<-END
	ttl_9223372036854775807 3 uuid s $one pool s sriov0 ttl t 18446744073709551615
	vlan_4096:_0_to_4094 3 uuid s $one pool s sriov0 vlan q 4096
	count:_a_number_was_expected,_not_type_s 3 uuid s $one pool s sriov0 count s 1
	ttl:_a_number_was_expected,_not_type_d 3 uuid s $one pool s sriov0 ttl d 1.5
	pool:_a_text_was_expected 2 uuid s $one pool u 1
END
prints 0 '^org.vfpool1.Error.InvalidArgument: ' "a message of 10 MiB" "$top_builddir/tests/bus-client" big $((10 << 20))
prints 2 "is not a domain's UUID" "for the command as long as Linux lets a word be" \
	vfpool claim --domain "$(head -c 131000 /dev/zero | tr '\0' x)" --pool sriov0
check "calls that are none" timeout 120 "$top_builddir/tests/bus-client" fuzz 500 "$RANDOM"
check "a client that does not wait for its answers" "$top_builddir/tests/bus-client" gone 100
check "vfpoold lives" lives
vfpool vf list --json >"$root/vfs"

step "Load: 1000 claims and releases a second, 8 clients, $long s"
timeout $((long + 70)) "$top_builddir/tests/bus-client" load 8 1000 "$long" >"$root/load"
check "each is done, or refused for a reason" [ $? = 0 ]
cat "$root/load"
check "vfpoold lives" lives
n_claimed() {
	[ "$(vfpool vf list --json | grep -o '"state":"claimed"' | wc -l)" = "$1" ]
}
check "what was left claimed is free after its time" wait_until 15 n_claimed 0

step "The bus goes and comes"
kill $bus
wait $bus 2>/dev/null
check "vfpoold goes on" wait_until 5 grep -q 'the system bus went away' "$root/service.log"
rm -f "$root/dbus/socket"
start_bus
check "and is there again" wait_until 15 is_there
prints 0 'u 0' "and answers" ask Release ss $one ''
kill $vfpoold
wait $vfpoold
check "it ends in peace" [ $? = 0 ]
check "and has said nothing else" test -z "$(grep -vE 'not on D-Bus|connected to|went away|claims are over' "$root/service.log")"
kill $bus
