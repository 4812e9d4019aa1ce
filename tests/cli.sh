#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The command as a user meets it, on a fake host: tables, JSON, errors and exit statuses.
# shellcheck source=tests/lib.sh
. "${top_srcdir:-$(dirname "$0")/..}/tests/lib.sh"

step "Help and usage"
new_host
prints 0 'vfpool pf enable PF --vfs N' "help has every command" vfpool --help
prints 2 'usage: vfpool pf enable PF' "a missing option shows the usage" vfpool pf enable ens1f0
prints 2 "no command 'pf enabel'" "no guessing at names" vfpool pf enabel ens1f0 --vfs 1
prints 2 "no option '--vfz'" "nor at options" vfpool pf enable ens1f0 --vfz 1
prints 2 'takes no option --vfs' "an option of another command" vfpool pf list --vfs 1
prints 2 'needs a value' "an option without its value" vfpool pf enable ens1f0 --vfs

step "Limits"
prints 0 'migrate +migrate --live +refused +refused +QEMU' "what a domain with a VF can do" vfpool domain limits
check "docs/limits has that table" test "$(vfpool domain limits | sed 's/ *$//' |
	grep -cvxFf "$top_srcdir/docs/limits")" = 0
prints 2 'no such operation; there are: start' "no such operation" vfpool domain check web1 --op fly

step "Before anything is defined"
prints 0 'ens1f0 +0000:01:00.0 +igb +Disabled +0 +- +7' "pf list" vfpool pf list
prints 0 '^\[' "vf list --json is a list" vfpool vf list --json
prints 3 "no pool sriov0" "dumpxml of no pool" vfpool pool dumpxml sriov0
prints 3 'nobody has or had' "who of nobody" vfpool who 52:54:00:00:00:01

step "PFs"
prints 2 'requested 9 virtual functions for ens1f0 \(0000:01:00.0\), valid range is 1 to 7' "out of range" \
	vfpool pf enable ens1f0 --vfs 9
prints 2 'not a number from 1' "no number" vfpool pf enable ens1f0 --vfs many
prints 3 'nosuch' "no such PF" vfpool pf enable nosuch --vfs 1
prints 0 'ens1f0: 3 of 7 VFs, parked on vfio-pci' "enable" vfpool pf enable ens1f0 --vfs 3
prints 0 'ens1f0: 3 of 7' "again" vfpool pf enable ens1f0 --vfs 3
prints 0 'ens1f0: 4 of 7' "another count, as nobody holds one" vfpool pf enable ens1f0 --vfs 4
prints 0 'Enabled +4 +4 +7 +0' "pf list shows it" vfpool pf list
prints 3 'nosuch: no such network device' "show of no PF" vfpool pf show nosuch

step "What a card says of itself"
mkdir -p "$root/fake/card"
printf 'mac 00:1b:21:00:00:10\nversion 6.12.0\nfirmware 3.30, 0x8000079c\n' >"$root/fake/card/0000:01:00.0"
echo 1000 >"$root/sys/class/net/ens1f0/speed"
ip_address=02:00:00:00:00:99
echo $ip_address >"$root/sys/class/net/ens1f0/address"
prints 0 'up +1000 +1500 +00:1b:21:00:00:10' "a card is known by its permanent MAC" vfpool pf list
prints 0 "PRESENT MAC: +$ip_address" "and shows the other too" vfpool pf show ens1f0
prints 0 'FIRMWARE: +3.30, 0x8000079c' "firmware" vfpool pf show ens1f0
prints 0 '"driver_version": ?"6.12.0"' "driver version, as JSON" vfpool pf show ens1f0 --json

step "A PF that the host itself needs"
mkdir -p "$root/sys/class/net/br0/lower_bond0" "$root/sys/class/net/bond0/lower_ens1f1"
echo br0 >"$root/fake/default-routes"
prints 5 'ens1f1 carries this host.s default route \(of br0\)' "default route, over bridge and bond" \
	vfpool pf enable ens1f1 --vfs 2
prints 0 'DEFAULT ROUTE OF: +br0' "pf show says it" vfpool pf show ens1f1
rm "$root/fake/default-routes"
echo '192.0.2.7 bond0' >"$root/fake/addresses"
prints 5 'by which you are logged in \(192.0.2.7, of bond0\)' "the address of the SSH session" \
	env SSH_CONNECTION='198.51.100.1 50000 192.0.2.7 22' "$top_builddir/tests/vfpool-fake" --root "$root" \
	pf enable ens1f1 --vfs 2
prints 0 '2 of 7 VFs' "--force" env SSH_CONNECTION='198.51.100.1 50000 192.0.2.7 22' \
	"$top_builddir/tests/vfpool-fake" --root "$root" pf enable ens1f1 --vfs 2 --force
rm -r "$root/fake/addresses" "$root/sys/class/net/br0" "$root/sys/class/net/bond0"
prints 0 'no VFs' "disable" vfpool pf disable ens1f1

step "VFs for the host itself"
prints 2 'not a number from 0 to 3' "more than there are" vfpool pf enable ens1f1 --vfs 3 --reserve 4
prints 0 '3 of 7 VFs, parked on vfio-pci, the first 1 for the host' "one of three" \
	vfpool pf enable ens1f1 --vfs 3 --reserve 1
check "it is on the host's driver" test -e "$root/sys/class/net/ens1f1v0"
check "the others are parked" test ! -e "$root/sys/class/net/ens1f1v1"
echo 0x1003 >"$root/sys/class/net/ens1f1v0/flags"
prints 5 'number 0 is a network device of this host that is up \(ens1f1v0\)' "which uses it" \
	vfpool pf enable ens1f1 --vfs 4
mv "$root/sys/class/net/ens1f1v0" "$root/sys/bus/pci/devices/0000:02:10.0/net" "$root/fake/"
prints 5 'number 0 is on driver igbvf, and its network device is not to be seen' "one in a container" \
	vfpool pf enable ens1f1 --vfs 4
mv "$root/fake/net" "$root/sys/bus/pci/devices/0000:02:10.0/"
mv "$root/fake/ens1f1v0" "$root/sys/class/net/"
prints 0 '3 of 7' "none any more" vfpool pf enable ens1f1 --vfs 3
check "so it is parked too" test ! -e "$root/sys/class/net/ens1f1v0"
prints 0 'reserved .*its first 0 VFs' "journaled" vfpool journal

step "A change that fails is taken back"
echo 'sysfs_write 3 EIO drivers_probe' >"$root/fake/fail"
prints 1 'as the test asked for' "parking fails half way" vfpool pf enable ens1f1 --vfs 5
prints 0 'ens1f1 .*Enabled +3 +3 ' "the former VFs are there again" vfpool pf list
check "parked" test "$(find "$root/sys/bus/pci/devices/0000:02:00.0/" -name 'virtfn*' -exec readlink {}/driver \; |
	grep -c vfio-pci)" = 3
prints 0 'taken back .*ens1f1: has again 3 VFs' "journaled" vfpool journal
vfpool pf disable ens1f1 >"$root/out"
rm -r "$root/sys/bus/pci/drivers/vfio-pci"
prints 0 '2 of 7' "vfio-pci is loaded when it is not there" vfpool pf enable ens1f1 --vfs 2
check "by its name" grep -qx 'module_load vfio-pci' "$root/fake/log"
vfpool pf disable ens1f1 >"$root/out"
echo 0x1002 >"$root/sys/class/net/ens1f1/flags"
prints 0 'was down and has been set up' "a PF that is down" vfpool pf enable ens1f1 --vfs 2
vfpool pf disable ens1f1 >"$root/out"


step "Boot"
prints 0 'ens1f1: 2 of 7' "another PF, not parked" vfpool pf enable ens1f1 --vfs 2 --no-park
prints 0 'ens1f0: 4 VFs, parked' "restore of what is there changes nothing" vfpool pf restore
check "and notes nothing" test "$(vfpool journal | grep -c restored)" = 0
reboot_host
prints 0 'ens1f0 .*Disabled +0 +4' "after a reboot there is no VF" vfpool pf list
rm "$root/sys/class/net/ens1f1"
prints 1 'ens1f1: .*1 of the above could not be restored' "a PF that is gone fails" vfpool pf restore
prints 1 'FAIL  vfs  .*ens1f1 has 0, expected' "and the doctor names it" vfpool doctor
prints 0 'ens1f0 .*Enabled +4 +4' "and the other one is restored" vfpool pf list
prints 0 'restored .*ens1f0: 4 VFs, there were 0' "journaled" vfpool journal
"$top_builddir/tests/fake-root" "$root" dev=ens1f1,pci=0000:05:00.0,mac=00:1b:21:00:00:77
prints 1 'ens1f1 is another card now: its permanent MAC is 00:1b:21:00:00:77, expected 00:1b:21:00:00:11' \
	"another card bears the name" vfpool pf restore
check "and is left alone" test "$(cat "$root/sys/class/net/ens1f1/device/sriov_numvfs")" = 0
"$top_builddir/tests/fake-root" "$root" dev=ens7f0,pci=0000:07:00.0,mac=00:1b:21:00:00:11
prints 0 'ens7f0: 2 VFs' "a card that was moved is restored under its new name" vfpool pf restore
prints 0 'moved .*ens1f1 is called ens7f0 now' "journaled" vfpool journal
prints 2 'not a number' "--wait" vfpool pf restore --wait long
new_host
prints 0 '^$' "nothing was ever wanted" vfpool pf restore
vfpool pf enable ens1f0 --vfs 4 >"$root/out"

step "Pools"
prints 0 'pool sriov0 defined: 2 PFs, 3 port groups' "define" vfpool pool define "$top_srcdir/tests/data/sriov0.xml"
prints 0 'sriov0 +physnet1 +spread +4 +0 +3 +ens1f0 ens1f1' "list" vfpool pool list
prints 3 'No such file' "a file that is not there" vfpool pool define "$root/nosuch.xml"
vfpool pool dumpxml sriov0 >"$root/dump.xml"
prints 0 'defined' "what dumpxml prints can be defined" vfpool pool define "$root/dump.xml"
check "and dumps the same" diff "$root/dump.xml" <(vfpool pool dumpxml sriov0)
sed "s/id='100'/id='5000'/" "$root/dump.xml" >"$root/bad.xml"
prints 2 '5000' "VLAN 5000" vfpool pool define "$root/bad.xml"
sed "s/sriov0/other/; s/dev='ens1f[01]'/& vfs='5-9'/" "$root/dump.xml" >"$root/bad.xml"
prints 2 'has no VF 7, of 5-9: it can have 7, which are 0-6' "VFs that can never be" vfpool pool define "$root/bad.xml"
sed "s/sriov0/other/" "$root/dump.xml" >"$root/other.xml"
prints 5 'ens1f0' "a VF in two pools" vfpool pool define "$root/other.xml"
check "members tells the hook" grep -qx 'pool sriov0' "$root/var/lib/vfpool/members"

step "Port groups"
prints 0 'sriov0 +blue +100 +0 +on +off +auto +0 +0 +yes +0 +0' "list" vfpool portgroup list
prints 3 'no pool sriov9' "of no pool" vfpool portgroup list sriov9
prints 0 'guestMtu +allow' "show" vfpool portgroup show sriov0 blue
prints 0 'MTU of ens1f0 +1500' "with what the PFs let through" vfpool portgroup show sriov0 blue
prints 3 'has no port group pink; see: vfpool portgroup list sriov0' "show of none" vfpool portgroup show sriov0 pink
prints 2 'nothing to set: attribute=value' "set without a setting" vfpool portgroup set sriov0 blue
prints 0 'port group blue of pool sriov0: vlan 100 -> 300, trust off -> on' "set" \
	vfpool portgroup set sriov0 blue vlan=300 trust=on
prints 0 'as it was' "set again" vfpool portgroup set sriov0 blue vlan=300 trust=on
prints 0 "id='300'.*trust='on'" "dumpxml has it" vfpool pool dumpxml sriov0
prints 2 "vlan='5000', expected 1 to 4094, none" "VLAN 5000" vfpool portgroup set sriov0 blue vlan=5000
prints 5 'port group blue: VF ens1f0#[0-9]: driver igb refuses link state enable: Operation not supported' \
	"what this NIC cannot do" vfpool portgroup set sriov0 blue linkState=enable
prints 5 'driver igb refuses rate 5-10 Mbit/s' "nor that" vfpool portgroup set sriov0 blue minTxRate=5 maxTxRate=10
prints 5 'driver igb refuses VLAN 300 802.1ad' "nor that" vfpool portgroup set sriov0 blue protocol=802.1ad
prints 0 'linkState +auto' "and it is not set" vfpool portgroup show sriov0 blue
check "nor left on a VF" test "$(grep -l 'vlan 300' "$root"/fake/ens1f*/* | wc -l)" = 0
sed "s/<vlan trunk='yes'\/>/<vf linkState='disable'\/>/" "$root/dump.xml" >"$root/bad.xml"
prints 5 'pool sriov0: port group trunk: .*driver igb refuses link state disable' "nor by define" vfpool pool define "$root/bad.xml"
prints 5 'no way to deny it' "what no NIC can do" vfpool portgroup set sriov0 blue guestMtu=deny
prints 0 'portgroup .*blue: vlan 100 -> 300' "journaled" vfpool journal

step "OpenStack's words"
prints 0 '"status": ?"available"' "a VF is a PciDevice" vfpool vf list --openstack --json
prints 0 'type-VF +0 +available' "as a table" vfpool vf list --openstack
check "no port, an empty list" test "$(vfpool lease list --openstack --json | tr -d ' \n')" = '[]'

step "Domains"
new_pool
domain web1 01 "$(pool_nic 52:54:00:00:00:01)" >"$root/web1.xml"
vfpool domain rewrite "$root/web1.xml" >"$root/web1.bound.xml"
check "rewrite makes a hostdev" grep -q "interface type='hostdev'" "$root/web1.bound.xml"
check "and validates" test -s "$root/web1.bound.xml"
vfpool domain rewrite "$root/web1.bound.xml" >"$root/web1.again.xml"
check "rewriting twice changes nothing" cmp "$root/web1.bound.xml" "$root/web1.again.xml"
prints 0 'web1 .*52:54:00:00:00:01 +sriov0 +blue +ens1f[01]#0' "domain list" vfpool domain list
prints 0 'defined +web1' "who, by MAC" vfpool who 52:54:00:00:00:01
domain web2 02 "$(pool_nic 52:54:00:00:00:01)" >"$root/web2.xml"
prints 5 'web1' "a MAC that another domain has" vfpool domain rewrite "$root/web2.xml"
domain web3 03 "$(pool_nic 52:54:00:00:00:03 nosuch)" >"$root/web3.xml"
prints 3 'nosuch' "an unknown port group" vfpool domain rewrite "$root/web3.xml"
domain web4 04 "$(pool_nic 01:00:5e:00:00:01)" >"$root/web4.xml"
prints 2 '01:00:5e:00:00:01' "a multicast MAC" vfpool domain rewrite "$root/web4.xml"
domain web5 05 "" >"$root/web5.xml"
vfpool domain rewrite "$root/web5.xml" >"$root/web5.out"
check "a domain without pool NIC comes out byte for byte" cmp "$root/web5.xml" "$root/web5.out"

step "VFs kept for the host"
prints 3 'is in no pool' "scrub of none" vfpool vf scrub nosuch#1
prints 0 'ens1f0#1 is scrubbed and free' "scrub of a clean one" vfpool vf scrub ens1f0#1
mkdir -p "$root/fake/ens1f0"
printf '%s\n' 'mac 00:00:00:00:00:00' 'vlan 300' 'qos 0' 'proto 8100' 'spoofchk on' 'trust off' 'link auto' 'rate 0 0' 'rx 0 0 0' \
	'tx 0 0 0' 'rss_query off' 'guids 0 0' >"$root/fake/ens1f0/1"
prints 0 'ens1f0#1 is scrubbed and free' "scrub of one that somebody set by hand" vfpool vf scrub ens1f0#1
check "which takes it away" grep -qx 'vlan 0' "$root/fake/ens1f0/1"
prints 0 'ens1f0#1.* scrubbed in' "the journal has it" vfpool journal
prints 2 'usage: vfpool vf hold PF#N --reason WORDS' "hold wants a reason" vfpool vf hold ens1f0#1
prints 2 'no VF: PF#NUMBER' "hold of no VF" vfpool vf hold ens1f0 --reason x
prints 3 'is in no pool' "nor of one that no pool has" vfpool vf hold nosuch#1 --reason x
prints 0 'ens1f0#1 is held for the host: a router' "hold" vfpool vf hold ens1f0#1 --reason "a router"
prints 0 'ens1f0#1 .*held .*a router' "vf list says so" vfpool vf list
prints 75 'ens1f0#1: is held for the host: a router' "it is not scrubbed" vfpool vf scrub ens1f0#1
prints 0 'Why: +held for the host: a router' "so does vf show" vfpool vf show ens1f0#1
prints 3 'is in no pool' "show of a VF that is no pool's" vfpool vf show nosuch#1
prints 0 'hold .*ens1f0#1 .*a router' "and the journal" vfpool journal
prints 0 'is not held' "unhold" vfpool vf unhold ens1f0#1
prints 0 'ens1f0#1 .*free' "free again" vfpool vf list

step "Claims"
agent=00000000-0000-0000-0000-0000000000c1
prints 2 'usage: vfpool claim --domain UUID' "a claim is of a domain" vfpool claim --pool sriov0
prints 2 "'web1' is not a domain's UUID" "by its UUID" vfpool claim --domain web1 --pool sriov0
prints 2 'a pool or a physical network was expected' "in a pool" vfpool claim --domain $agent
prints 2 "\-\-count: '-1' is not a number" "of some VFs" vfpool claim --domain $agent --pool sriov0 --count -1
prints 2 'vlan 4096: 0 to 4094' "and a VLAN that can be" vfpool claim --domain $agent --pool sriov0 --vlan 4096
prints 4 'pool sriov0 has [0-9] VFs for domain .*and 20 were asked for' "too many" \
	vfpool claim --domain $agent --pool sriov0 --count 20
prints 0 'agent1 +'$agent' +52:54:00:00:00:c1 .*sriov0 +physnet1 +green +200 +no .*claimed +2' "a VF" \
	vfpool claim --domain $agent --name agent1 --physnet physnet1 --vlan 200 --mac 52:54:00:00:00:c1
vfpool claim --domain $agent --pool sriov0 --portgroup green --json >"$root/claim"
vf=$(sed -n 's/.*"vf":"\([^"]*\)".*/\1/p' "$root/claim")
for key in domain uuid mac vf pci pf pool physnet portgroup vlan managed numa state expires; do
	check "JSON has $key" grep -q "\"$key\":" "$root/claim"
done
prints 0 "$vf .*claimed +agent1 +52:54:00:00:00:c1 +green +1 +claimed for agent1" "vf list shows it" vfpool vf list
prints 0 'claims +agent1' "who, too" vfpool who 52:54:00:00:00:c1
prints 5 "cannot change the VFs of ens1f[01], $vf is claimed for agent1" "its PF stays as it is" \
	vfpool pf enable "${vf%#*}" --vfs 1
domain agent1 c1 "$(pool_nic 52:54:00:00:00:c1 green)" >"$root/agent1.xml"
vfpool domain rewrite "$root/agent1.xml" >"$root/agent1.bound.xml"
pci=$(sed -n 's/.*"pci":"\([^"]*\)".*/\1/p' "$root/claim")
check "rewrite gives it" grep -q "bus='0x${pci:5:2}' slot='0x${pci:8:2}' function='0x${pci:11:1}'" "$root/agent1.bound.xml"
hook agent1 prepare - "$root/agent1.bound.xml"
prints 0 "agent1 .*$vf .*preparing" "prepare leases it" vfpool lease list
prints 0 'leased +-' "a claim of what it has" vfpool claim --domain $agent --pool sriov0 --portgroup green
prints 0 '^0 VFs' "there is nothing to release" vfpool release --domain $agent
hook agent1 release failed "$root/agent1.bound.xml"
check "the lease ended" test "$(vfpool lease list --json | tr -d ' \n')" = '[]'
prints 0 ' claimed ' "claimed again" vfpool claim --domain $agent --pool sriov0 --portgroup green --ttl 86400
locked() {
	sed "s|<devices>|<memoryBacking><locked/></memoryBacking>&<memballoon model='none'/>|"
}
domain agent1 c1 "$(hostdev_nic 52:54:00:00:00:c1 "$pci" | sed "s|</interface>|<vlan><tag id='200'/></vlan>&|")" | locked >"$root/own.xml"
check "who claims may write the interface himself" hook agent1 prepare - "$root/own.xml"
prints 0 "agent1 .*$vf .*preparing" "and has the lease" vfpool lease list
hook agent1 release failed "$root/own.xml"
prints 1 'may not be named by hand' "which is so once" hook agent1 prepare - "$root/own.xml"
prints 0 ' claimed ' "claimed once more" vfpool claim --domain $agent --pool sriov0 --portgroup green
domain other c2 "$(hostdev_nic 52:54:00:00:00:c1 "$pci")" >"$root/other.xml"
prints 1 'may not be named by hand' "not by another domain" hook other prepare - "$root/other.xml"
domain agent1 c1 "$(hostdev_nic 52:54:00:00:00:c9 "$pci")" >"$root/other.xml"
prints 1 'may not be named by hand' "nor with another MAC" hook agent1 prepare - "$root/other.xml"
prints 0 '^1 VFs were claimed' "release" vfpool release --domain $agent --mac 52:54:00:00:00:c1
prints 0 'unclaim +agent1 .*released' "journaled" vfpool journal --mac 52:54:00:00:00:c1

step "Leases"
hook web1 prepare - "$root/web1.bound.xml"
prints 0 'web1 .*preparing' "prepare leases" vfpool lease list
prints 0 'VLAN: +0' "vf show has what the kernel says" vfpool vf show ens1f0#0
prints 0 'The last: +.*/dev/kmsg: No such file' "or why it does not know" vfpool vf show ens1f0#0
echo '4,1,9000000000000000,-;igb 0000:01:00.0: VF 0 requested MAC filter' >"$root/dev/kmsg"
prints 0 'Warnings: +1[^0-9]' "vf show counts what the kernel warned of" vfpool vf show ens1f0#0
prints 0 'The last: +VF 0 requested MAC filter' "and has the last" vfpool vf show ens1f0#0
prints 0 'Warnings: +0[^0-9]' "of that VF" vfpool vf show ens1f1#0
prints 0 'holds +web1 .*52:54:00:00:00:01 .*ens1f[01]#0' "who, by MAC, in any case" vfpool who 52:54:00:00:00:01
vf=$(vfpool lease list --json | sed -n 's/.*"vf":"\(.*\)".*/\1/p')
prints 0 'holds +web1' "by VF" vfpool who "$vf"
prints 0 'holds +web1' "by address" vfpool who "$(basename "$(readlink "$root/sys/class/net/${vf%#*}/device/virtfn${vf#*#}")")"
prints 0 'holds +web1' "by domain" vfpool who web1
prints 0 'host +ens1f0 ' "a PF's own MAC" vfpool who "$(cat "$root/sys/class/net/ens1f0/address")"
prints 0 'holds +web1' "now" vfpool who 52:54:00:00:00:01 --at "$(date '+%F %T' -d '2 seconds')"
prints 3 'nobody had .* at 1d' "a day ago it was nobody" vfpool who 52:54:00:00:00:01 --at 1d
prints 2 '\-\-at soon: ' "no time" vfpool who web1 --at soon
prints 3 'no lease of such' "release of another domain" vfpool lease release web2
prints 5 'in use by web1' "its daemon lives: not released" vfpool lease release web1
"$top_builddir/tests/fake-root" "$root" -process "$libvirtd_PID"
prints 0 'scrubbed and free; web1 had it' "with the daemon and QEMU gone it is" vfpool lease release web1
prints 0 'held +web1' "who remembers" vfpool who "$vf"
check "once, though it was seen more than once" test "$(vfpool who "$vf" --json | grep -c '"held"')" = 1
check "no lease is left" test "$(vfpool lease list --json | tr -d ' \n')" = '[]'

step "Journal"
prints 0 'lease +web1' "by domain" vfpool journal --domain web1 --event lease
prints 0 'lease +web1' "by MAC" vfpool journal --mac 52:54:00:00:00:01 --event lease
prints 0 'lease +web1' "by VF" vfpool journal --vf "$vf" --event lease
prints 0 'lease +web1' "by pool, in the last hour" vfpool journal --pool sriov0 --since 1h --event lease
check "nothing until an hour ago" test "$(vfpool journal --until 1h --json | tr -d ' \n')" = '[]'
check "nothing of another VF" test "$(vfpool journal --vf ens1f1#2 --event lease --json | tr -d ' \n')" = '[]'
prints 3 'no event leese in the journal, which has: .*lease' "no such event" vfpool journal --event leese
prints 2 'not a MAC address' "no MAC" vfpool journal --mac 52:54
prints 2 'PF#NUMBER or a PCI address was expected' "no VF" vfpool journal --vf ens1f0
prints 2 '10m or 2h or 3d ago' "no time" vfpool journal --until tomorrow
"$top_builddir/tests/vfpool-fake" --root "$root" journal --follow --json --event hold >"$root/followed" &
follower=$!
for n in 1 2; do
	vfpool vf hold "ens1f0#$n" --reason "follow $n" >"$root/said"
	check "follow shows line $n" wait_until 10 grep -q "follow $n" "$root/followed"
done
kill $follower
check "each is one line of JSON" test "$(grep -c '^{.*"follow [12]".*}$' "$root/followed")" = 2

step "Check"
new_pool
domain web1 01 "$(pool_nic 52:54:00:00:00:01)" >"$root/web1.xml"
vfpool domain rewrite "$root/web1.xml" >"$root/web1.bound.xml"
prints 0 'only database and host are compared' "nothing is wrong, and libvirt was not asked" vfpool check
check "an empty list in JSON" test "$(vfpool check --json 2>"$root/said" | tr -d ' \n')" = '[]'
sqlite3 "$root/var/lib/vfpool/pool.db" "INSERT INTO vf (pf_id, idx, dirty) SELECT id, 2, 1 FROM pf WHERE dev = 'ens1f1'"
prints 1 'dirty VF +- +ens1f1#2 +not scrubbed .*scrub and free' "a dirty VF" vfpool check
hook web1 prepare - "$root/web1.bound.xml"
prints 1 '1 difference;' "a start under way is none" vfpool check
"$top_builddir/tests/fake-root" "$root" -process "$libvirtd_PID"
prints 1 'stale lease +web1 +ens1f[01]#0 +preparing, and its QEMU is gone' "a lease left over" vfpool check
echo '# vfpool members 1' >"$root/var/lib/vfpool/members"
prints 1 'members file .*lacks pool sriov0' "the members file" vfpool check
prints 1 '3 differences' "their number" vfpool check
prints 0 'done: scrub and free' "repair mends them" vfpool check --repair
prints 0 'only database' "then nothing is wrong" vfpool check

step "Pictures"
prints 0 '>6 free<.*>web1<' "graph draws the VFs and who is defined" vfpool graph
check "well-formed" xmllint --noout <(vfpool graph)
check "the same each time" cmp <(vfpool graph) <(vfpool graph)
prints 0 'digraph vfpool .*"vf ens1f0#2"' "DOT" vfpool graph --format dot
prints 2 'svg or dot was expected' "no other format" vfpool graph --format png

step "Top, without a terminal"
prints 0 'ens1f0 +up +0/3 +\.\.\..*no VF is leased' "plain text, once" vfpool top
check "JSON has a row for each VF" test "$(vfpool top --interval 0 --json | grep -c '"vf":')" = 6
prints 2 'not a number from 0 to 3600' "--interval" vfpool top --once --interval x

test_driver=(--connect test:///default)
step "Nobody reads, nobody can write"
exec {unread}> >(:)
wait $!
check "without a word, also where libvirt is asked" test -z "$(vfpool check "${test_driver[@]}" 2>&1 >&"$unread")"
exec {unread}>&-
check "what cannot be written is said" grep -q 'cannot write the output: No space' <(vfpool vf list 2>&1 >/dev/full)

step "Attach, detach, pin"
prints 2 'usage: vfpool domain attach' "attach wants a pool" vfpool domain attach test
prints 2 'usage: vfpool domain detach' "detach wants a MAC" vfpool domain detach test
prints 2 'not a MAC' "and takes no other word" vfpool domain detach test --mac x "${test_driver[@]}"
prints 3 'nosuch' "no such domain" vfpool domain attach nosuch --pool sriov0 "${test_driver[@]}"
prints 5 'without <memoryBacking><locked/>' "a domain that runs without locked memory" \
	vfpool domain attach test --pool sriov0 "${test_driver[@]}"
prints 3 'holds no VF' "detach of what is not there" vfpool domain detach test --mac 52:54:00:00:00:09 "${test_driver[@]}"
prints 1 'test: .*support' "what libvirt says" \
	vfpool domain attach test --pool sriov0 --mac 52:54:00:00:00:09 --config "${test_driver[@]}"
prints 2 'PF#NUMBER or auto' "pin to no VF" vfpool domain pin test --mac 52:54:00:00:00:09 --vf x "${test_driver[@]}"
prints 3 'no port has it' "pin of no port" vfpool domain pin test --mac 52:54:00:00:00:09 --vf auto "${test_driver[@]}"
