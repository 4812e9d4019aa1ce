#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What libvirt lets do with a domain that has a VF, as root and as a member of group libvirt with vfpool's polkit
# rule on: operations.table says what is expected, and each line is tried.  Needs systemd as PID 1 (polkit).
# Usage: operations.sh [NAME]: only the lines of that name.
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh
only=${1:-}
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
images=/var/lib/libvirt/images

# as WHO COMMAND…: root, or the user. virsh of the user talks to the same daemon.
as() {
	local who=$1
	shift
	if [ "$who" = user ]; then
		setpriv --reuid tenant --regid tenant --init-groups env LIBVIRT_DEFAULT_URI=qemu:///system "$@"
	else
		"$@"
	fi
}

# intact: the guest is the one that was started, and holds its VF.
intact() {
	[ "$(cat /run/libvirt/qemu/v1.pid 2>/dev/null)" = "$pid" ] && kill -0 "$pid" &&
		[[ $(virsh domstate v1) == running* ]] && [[ $(vfpool lease list) =~ v1\ .*\ active ]]
}

# expected COLUMN: of this suite, where a cell says "trixie: … // bookworm: …".
expected() {
	local cell=$1
	if [[ $cell == *" // "* ]]; then
		cell=${cell##*"$suite": }
		cell=${cell%% // *}
	fi
	echo "$cell"
}

# try WHO STATE NAME COMMAND AFTER EXPECTED: one cell of the table.
try() {
	local who=$1 state=$2 name=$3 command=$4 after=$5 wanted=$6 output status=0 found
	# shellcheck disable=SC2086 # a command of words
	output=$(as "$who" timeout 60 bash -c "$command" 2>&1) || status=$?
	found=$(grep -v '^$' <<<"$output" | tr '\n' ' ')
	[ $status != 0 ] || found="done"
	printf '%s | %s | %s | %s\n' "$state" "$name" "$who" "$found" >>"$OUT/operations"
	[ -z "$after" ] || [ $status != 0 ] || bash -c "$after" >"$OUT/after" 2>&1 # takes back what it did
	if [ "$wanted" = "done" ] && [ "$found" != "done" ] || ! [[ $found =~ $wanted ]]; then
		fail "$state, $who: $command" "expected: $wanted"$'\n'"found:    $output"
	elif [ "$state" = on ] && ! intact; then
		fail "$state, $who: $command" "the guest or its lease is not what it was: $(virsh domstate v1), $(vfpool lease list)"
	else
		ok "$state, $who: $name: $found"
	fi
}

# agree STATE: vfpool domain check says of each operation what the table says of the user.
agree() {
	local state name command root user allowed
	allowed=" $(vfpool domain check v1 --json | jq -r '.[] | select(.allowed).operation' | tr '\n' ' ')"
	while IFS='|' read -r state name command root user _; do
		read -r state <<<"$state"
		read -r name <<<"$name"
		[ "$state" = "$1" ] && [ "$name" != - ] || continue
		user=$(tr -d ' ' <<<"$user")
		[ "$user" != same ] || user=$(tr -d ' ' <<<"$root")
		if [ "$user" = "done" ]; then
			[[ $allowed == *" $name "* ]] || fail "vfpool domain check refuses $name, and it works: $command"
		else
			[[ $allowed != *" $name "* ]] || fail "vfpool domain check allows $name, and it is refused: $command"
		fi
	done <operations.table
	ok "vfpool domain check was held against the table"
}

# lines STATE: of the table, each tried by both.
lines() {
	local state name command root user after
	while IFS='|' read -r state name command root user after; do
		read -r state <<<"$state"
		read -r name <<<"$name"
		[ "$state" = "$1" ] || continue
		[ -z "$only" ] || [ "$name" = "$only" ] || continue
		read -r after <<<"$after"
		read -r root <<<"$(expected "$(sed 's/^ *//; s/ *$//' <<<"$root")")"
		read -r user <<<"$(expected "$(sed 's/^ *//; s/ *$//' <<<"$user")")"
		[ "$user" != same ] || user=$root
		[ "$user" = - ] || try user "$state" "$name" "$command" "$after" "$user"
		[ "$root" = - ] || try root "$state" "$name" "$command" "$after" "$root"
	done <operations.table
}

step "A pool, a domain with a disk, and a user in group libvirt"
modprobe vfio-pci
ip link set eth0 up
check "VFs" vfpool pf enable eth0 --vfs 7
check "their PF has a link" links_up eth0
check "pool" vfpool pool define - <<<"<vfpool><name>sriov0</name><pf dev='eth0'/><portgroup name='blue' default='yes'/></vfpool>"
qemu-img create -q -f qcow2 $images/v1.qcow2 4M
qemu-io -c 'write -P 0x5a 64k 1M' $images/v1.qcow2 >/dev/null
qemu-img create -q -f qcow2 -b $images/v1.qcow2 -F qcow2 $images/v1.top
guest_xml v1 --bare --disk $images/v1.top "<interface type='network'>
	<mac address='52:54:00:00:00:b1'/><source network='sriov0'/></interface>" >/tmp/v1.xml
guest_xml p1 --bare >/tmp/p1.xml
useradd -M -G libvirt tenant
mkdir -m 777 /tmp/t

step "libvirt's polkit access driver"
as user virsh --quiet define /tmp/p1.xml || fail "before it is on a member of group libvirt may define"
echo 'access_drivers = [ "polkit" ]' >>/etc/libvirt/libvirtd.conf
systemctl restart libvirtd
expect_fail "switched on without a rule, a member of group libvirt may nothing" 'access denied' as user virsh undefine p1
check "root may all" virsh --quiet list --all
cp /usr/share/vfpool/libvirt-group.rules /etc/polkit-1/rules.d/90-libvirt-group.rules
check "with the rule for the group it may again" wait_until 10 as user virsh --quiet undefine p1
check "the domain with a VF is defined" vfpool domain define /tmp/v1.xml
virsh dumpxml --inactive v1 >/tmp/t/v1.bound.xml
chmod 644 /tmp/t/v1.bound.xml

step "Off"
virsh --quiet snapshot-create-as v1 s0 --diskspec vda,snapshot=internal
lines off
agree off
check "it is still defined" virsh --quiet domstate v1

step "Running"
check "the user starts it" as user virsh --quiet start v1
pid=$(cat /run/libvirt/qemu/v1.pid)
check "it runs, with its VF" intact
vfpoold 2>/tmp/vfpoold.log &
vfpoold=$!
check "vfpoold is there" wait_until 10 grep -q 'connected to libvirt' /tmp/vfpoold.log
lines on
agree on
vfpool domain check v1 --op backup
check "a program may ask for a backup" vfpool domain check v1 --op backup
vfpool domain check v1 --op migrate --json
check "and is told no for migration, by status 5" test $? = 5

step "The disk snapshot that root took is noticed"
noted() {
	vfpool journal --domain v1 | grep -q 'snapshot .*disk vda'
}
check "in the journal" wait_until 10 noted
check "and in vfpoold's log, as a warning" grep 'a snapshot of disk vda was taken' /tmp/vfpoold.log
check "once" test "$(vfpool journal --domain v1 | grep -c 'snapshot .*disk vda')" = 1
kill $vfpoold
wait $vfpoold
virsh --quiet snapshot-create-as v1 --no-metadata --disk-only --diskspec "vda,snapshot=external,file=$images/v1.late"
vfpoold 2>/tmp/vfpoold.log &
vfpoold=$!
noted_again() {
	[ "$(vfpool journal --domain v1 | grep -c 'snapshot .*disk vda')" = 2 ]
}
check "one that was taken while vfpoold was away is noticed when it comes" wait_until 20 noted_again
kill $vfpoold
wait $vfpoold

step "A backup of the running guest, written and compared"
cat >/tmp/t/backup.xml <<END
<domainbackup><disks><disk name='vda' type='file' backupmode='full'>
<target file='$images/v1.backup'/><driver type='raw'/></disk></disks></domainbackup>
END
backup_done() {
	virsh domjobinfo v1 --completed | grep -q 'Operation: *Backup'
}
check "the user begins it" as user virsh --quiet backup-begin v1 /tmp/t/backup.xml
check "it ends" wait_until 30 backup_done
check "it is what the disk is" qemu-img compare -U -F qcow2 -f raw $images/v1.backup $images/v1.late
check "and not empty" cmp -n 65536 -i 65536:0 $images/v1.backup <(head -c 65536 /dev/zero | tr '\0' '\132')
check "the guest was not disturbed" intact

step "root reverts to a snapshot of the domain shut off: it stops, and its VF is free"
check "polkit does not keep root" virsh --quiet snapshot-revert v1 s0
check "the domain is off" grep -q 'shut off' <(virsh domstate v1)
check "no lease is left" test "$(entries lease)" = 0
check "it starts again, on a VF" as user virsh --quiet start v1

step "The end"
check "the user destroys it" as user virsh --quiet destroy v1
check "no lease is left" test "$(entries lease)" = 0
check "the user undefines it" as user virsh --quiet undefine v1 --snapshots-metadata
