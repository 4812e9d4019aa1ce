#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Migration between two libvirt daemons of one host, the second with its own /run, /etc/libvirt, /var/lib/libvirt and
# host UUID: a domain without a VF arrives, one with a VF is refused by the destination's hook.  And managed saves,
# which are never lost by us.
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh
there='qemu+unix:///system?socket=/srv/there/libvirt-sock'

# plain NAME [XML…]: a domain without OS and console: both daemons would make its files.
plain() {
	guest_xml "$1" --bare "${@:2}" | sed '/<serial/,/<\/serial>/d'
}

# there COMMAND…: virsh of the second daemon.
there() {
	virsh --quiet -c "$there" "$@"
}

image() {
	ls /var/lib/libvirt/qemu/save/"$1".save
}

step "A pool, and a second libvirt daemon"
ip link set eth0 up
check "VFs" vfpool pf enable eth0 --vfs 7
check "their PF has a link" links_up eth0
check "pool" vfpool pool define - <<<"<vfpool><name>sriov0</name><pf dev='eth0'/><portgroup name='blue' default='yes'/></vfpool>"
mkdir -p /srv/there /srv/lib /srv/etc /srv/run
cp -a /etc/libvirt/. /srv/etc
cat >>/srv/etc/libvirtd.conf <<END
host_uuid = "11111111-2222-4333-8444-555555555555"
unix_sock_dir = "/srv/there"
END
echo 'stdio_handler = "file"' >>/srv/etc/qemu.conf
rm -rf /srv/etc/qemu/*.xml
# shellcheck disable=SC2016 # for the inner shell
unshare --mount --uts bash -c '
	hostname there
	mount --bind /srv/etc /etc/libvirt
	mount --bind /srv/lib /var/lib/libvirt
	mkdir -p /run/libvirt /srv/run/libvirt && mount --bind /srv/run/libvirt /run/libvirt
	exec libvirtd -p /srv/run/libvirtd.pid' >/tmp/there.log 2>&1 &
check "it is up" wait_until 60 there list
check "it is another one" test "$(there hostname)" = there

step "A domain without a VF"
plain plain >/tmp/plain.xml
virsh --quiet define /tmp/plain.xml
virsh --quiet start plain
check "migrates" timeout 120 virsh migrate --live plain "$there" --migrateuri tcp://127.0.0.1:49160
check "it runs there" grep -q running <(there domstate plain)
expect_fail "and not here" '^$' grep running <(virsh domstate plain)
there destroy plain
check "its definition moves, too" virsh --quiet migrate --offline --persistent plain "$there"
there undefine plain

step "A domain with a VF"
plain v1 "$(nic 52:54:00:00:00:b1)" >/tmp/v1.xml
vfpool domain define /tmp/v1.xml
check "starts" virsh --quiet start v1
expect_fail "QEMU does not let it go" 'cannot migrate domain' virsh migrate --live v1 "$there" --migrateuri tcp://127.0.0.1:49161
expect_fail "nor to a daemon that fetches it" 'cannot migrate domain' virsh migrate --live --p2p v1 "$there" --migrateuri tcp://127.0.0.1:49162
expect_fail "the other host's hook refuses its definition" 'vfpool: v1: cannot migrate to this host: .* a VF does not migrate' \
	virsh migrate --offline --persistent v1 "$there"
virsh migrate --offline --persistent v1 "$there" 2>&1 | tail -n 1
expect_fail "nothing arrived" '^$' grep v1 <(there list --all --name)
check "it runs on" grep -q running <(virsh domstate v1)
check "with its lease" grep -q 'v1 .*active' <(vfpool lease list)
check "the journal has the refusal" grep -q 'refused.*cannot migrate' <(vfpool journal --domain v1)
check "it stops" virsh --quiet destroy v1

step "A domain that gets a VF on its way"
# libvirt compares what leaves with what is to arrive; teaming takes the VF out of that, and QEMU unplugs it.
pci=$(virsh dumpxml --inactive v1 | grep -A 3 '<source>' | grep -m 1 '<address')
plain hand "<interface type='hostdev' managed='no'><mac address='52:54:00:00:00:b2'/><source>$pci</source></interface>" >/tmp/hand.xml
virsh --quiet define /tmp/hand.xml
expect_fail "a definition that names a VF by hand is refused there too" 'vfpool: hand: cannot migrate to this host' \
	virsh migrate --offline --persistent hand "$there"
virsh --quiet undefine hand
virsh --quiet start plain
sed "s|</devices>|<interface type='hostdev' managed='no'><mac address='52:54:00:00:00:b3'/><source>$pci</source></interface>&|" \
	<(virsh dumpxml --migratable plain) >/tmp/plain.vf.xml
expect_fail "a running one is refused before that, by libvirt" 'error:' \
	virsh migrate --live plain "$there" --xml /tmp/plain.vf.xml --migrateuri tcp://127.0.0.1:49163
virsh migrate --live plain "$there" --xml /tmp/plain.vf.xml --migrateuri tcp://127.0.0.1:49163 2>&1 | tail -n 1
check "it runs on here" grep -q running <(virsh domstate plain)
virsh --quiet destroy plain

step "A managed save from before the domain had a VF"
uuid=$(virsh domuuid plain | head -n 1)
virsh --quiet start plain
check "saved" virsh --quiet managedsave plain
check "the image is there" image plain
sed "s|<name>plain</name>|&<uuid>$uuid</uuid>|; s|</devices>|$(nic 52:54:00:00:00:b4)&|" /tmp/plain.xml >/tmp/plain.nic.xml
check "its definition gets a VF" vfpool domain define /tmp/plain.nic.xml
# libvirt restores what was saved, whatever the definition says by now.
check "it may start" vfpool domain check plain --op start
check "and does" virsh --quiet start plain
check "as it was saved, without a VF" test "$(virsh dumpxml plain | grep -c "type='hostdev'")" = 0
check "and without a lease" test "$(entries lease)" = 0
virsh --quiet destroy plain
check "the next start is a plain one, with a VF" virsh --quiet start plain
check "and a lease" grep -q 'plain .*active' <(vfpool lease list)
virsh --quiet destroy plain

step "A managed save whose own XML has a VF"
# Nobody can make one with libvirt's commands: a file of a domain without a VF gets the XML of one with.
plain saved --top "<description>$(printf %0600d 0)</description>" >/tmp/saved.xml
virsh --quiet define /tmp/saved.xml
virsh --quiet start saved
virsh --quiet managedsave saved
file=$(image saved)
python3 - "$file" "$pci" <<'END'
# The header of a save image (libvirt, qemu_saveimage.h, struct _virQEMUSaveHeader): magic of 16 bytes, version,
# size of what follows at offset 92, and where in that a cookie begins: the XML, NULs, the cookie, then QEMU's state.
import re, struct, sys
path, pci = sys.argv[1:]
image = open(path, "rb").read()
version, size, running, compressed, cookie = struct.unpack_from("<IIIII", image, 16)
size = cookie or size
text = image[92:92 + size].rstrip(b"\0")
nic = b"<interface type='hostdev' managed='no'><mac address='52:54:00:00:00:b5'/><source>" + pci.strip().encode() + \
    b"</source></interface></devices>"
text = text.replace(b"</devices>", nic, 1)
# The place for it: the description, which is there for that.
text = re.sub(rb"<description>.*</description>", b"", text)
if len(text) + 1 > size:
    sys.exit("no room for %d bytes in %d" % (len(text), size))
open(path, "wb").write(image[:92] + text + b"\0" * (size - len(text)) + image[92 + size:])
END
sum=$(sha256sum <"$file")
vfpool domain check saved --op start
check "vfpool domain check says that it may not start" test $? = 5
expect_fail "its start is refused" 'vfpool: saved: the memory of a domain with a VF cannot be restored; the saved image is kept' \
	virsh start saved
check "it does not run" grep -q 'shut off' <(virsh domstate saved)
check "the image is there, to the byte" test "$(sha256sum <"$file")" = "$sum"
expect_fail "again" 'the saved image is kept' virsh start saved
check "and still there" test "$(sha256sum <"$file")" = "$sum"
cp "$file" /tmp/file
expect_fail "virsh restore of that file is refused as well" 'the memory of a domain with a VF cannot be restored' virsh restore /tmp/file
check "--force-boot starts it" virsh --quiet start saved --force-boot
virsh --quiet destroy saved

step "A VF whose VFIO driver could migrate it"
# The kernel says so in modules.alias; the driver is made up, so it is gone again before the start.
aliases=/lib/modules/$(uname -r)/modules.alias
check "VFs that are not parked" vfpool pf enable eth1 --vfs 2 --no-park
check "whose PF has a link" links_up eth1
vfpool pool define - <<<"<vfpool><name>sriov1</name><pf dev='eth1'/><placement park='no'/></vfpool>"
cp "$aliases" /tmp/aliases
echo 'alias vfio_pci:v00008086d000010CAsv*sd*bc*sc*i* igb_vfio_pci' >>"$aliases"
plain could "$(nic 52:54:00:00:00:c1 | sed s/sriov0/sriov1/)" >/tmp/could.xml
check "a domain on one is defined" vfpool domain define /tmp/could.xml
cp /tmp/aliases "$aliases"
virsh dumpxml --inactive could >/tmp/could.bound.xml
check "libvirt's validator takes the definition" virt-xml-validate /tmp/could.bound.xml domain
if qemu-system-x86_64 -device vfio-pci,help | grep -q ' enable-migration='; then
	check "migration is switched off in it" grep -q "name='enable-migration' type='string' value='off'" /tmp/could.bound.xml
	check "it starts" virsh --quiet start could
	expect_fail "and may not migrate, by that switch" 'Migration is disabled for VFIO device' \
		virsh migrate --live could "$there" --migrateuri tcp://127.0.0.1:49164
else
	expect_fail "this QEMU does not know the switch, and it is not there" '^$' grep enable-migration /tmp/could.bound.xml
	check "it starts" virsh --quiet start could
	expect_fail "and may not migrate" 'cannot migrate domain' \
		virsh migrate --live could "$there" --migrateuri tcp://127.0.0.1:49164
fi
virsh --quiet destroy could
check "it is unbound" vfpool domain unbind could
expect_fail "and the switch is gone" '^$' grep -e enable-migration -e qemu:device <(virsh dumpxml --inactive could)

step "The end"
kill "$(cat /srv/run/libvirtd.pid)"
check "no lease is left" test "$(entries lease)" = 0
grep -i error /tmp/there.log | head -n 5
