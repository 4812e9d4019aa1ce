#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What OpenStack's own code says of the same: for a table of configuration files, and for a few that chance made, Nova's
# PciDeviceSpec and Neutron's agent select exactly the VFs that our import selects; what our lists say in OpenStack's
# words is what Nova would have written, and passes the code of both that reads it.
#
# Not part of make check.  Needs, on Debian: apt-get install --no-install-recommends python3-nova python3-neutron, or
# the same below another folder that OPENSTACK_PATH names (…/usr/lib/python3/dist-packages).  Without: skipped, 77.
#
#	make check-build && tests/openstack.sh		CHANCE=100	how many files chance makes
# shellcheck source=tests/lib.sh
. "${top_srcdir:-$(dirname "$0")/..}/tests/lib.sh"
export top_srcdir
python=(env PYTHONPATH="${OPENSTACK_PATH:-}" /usr/bin/python3 -W ignore)
"${python[@]}" -c 'import nova.pci.devspec, neutron.plugins.ml2.drivers.mech_sriov.agent.sriov_nic_agent' \
	2>"$root/err" || {
	tail -n 1 "$root/err"
	echo "skipped: python3-nova or python3-neutron is not there"
	trap - EXIT
	rm -rf "$root"
	exit 77
}

# judge PART: what it counts is added to ours.
judge() {
	local n_passed n_failed
	PART=$1 "${python[@]}" "$top_srcdir/tests/openstack-judge.py" "$root" "$top_builddir/tests/vfpool-fake" --root "$root" \
		>"$root/judged" 2>"$root/err" || { grep -v '^[0-9]* passed' "$root/judged"; tail -n 5 "$root/err"; }
	read -r n_passed _ n_failed _ < <(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 x \2 x/p' "$root/judged")
	check "$1: OpenStack judged" test "${n_passed:-0}" -gt 10
	passed=$((passed + ${n_passed:-0})) failed=$((failed + ${n_failed:-1}))
}

rm -rf "${root:?}"/*
"$top_builddir/tests/fake-root" "$root" \
	dev=ens1f0,pci=0000:3b:00.0,driver=ice,totalvfs=8,numvfs=8,parked=1,offset=8,stride=1,vendor=0x8086,device=0x1592,vfdevice=0x1889,mac=b4:96:91:b0:00:00 \
	dev=ens1f1,pci=0000:3b:00.1,driver=ice,totalvfs=8,numvfs=4,offset=135,stride=1,vendor=0x8086,device=0x1592,vfdevice=0x1889,mac=b4:96:91:b0:00:01 \
	dev=ens2f0,pci=0000:5e:00.0,driver=i40e,totalvfs=4,offset=16,stride=1,vendor=0x8086,device=0x1572,vfdevice=0x154c,mac=3c:fd:fe:a0:00:10 ||
	exit 99

step "Which VFs a configuration means"
judge import

step "What is said of VFs and ports"
"$top_builddir/tests/fake-root" "$root" +process "pid=$libvirtd_PID,start=5,comm=libvirtd"
mkdir -p "$root$PKGLIBDIR"
cp "$top_builddir/tests/.libs/hook-fake.so" "$root$PKGLIBDIR/hook.so"
cp "$top_builddir/hooks/vfpool" "$root/hook"
printf '\x82\x04\x00Card\x90\x0b\x00SN\x08K1234567\x78' >"$root/sys/bus/pci/devices/0000:3b:00.0/vpd"
vfpool pf enable ens1f0 --vfs 8 >"$root/out"
cat >"$root/pool.xml" <<-END
	<vfpool><name>sriov0</name><physicalNetwork>physnet1</physicalNetwork><pf dev='ens1f0'/>
	<portgroup name='blue' default='yes'><vlan><tag id='100'/></vlan><vf trust='on'/></portgroup>
	<portgroup name='plain'/></vfpool>
END
vfpool pool define "$root/pool.xml" >"$root/out" || exit 99
for n in 1 2 3; do
	group=blue
	[ $n != 2 ] || group=plain
	domain "web$n" "0$n" "$(pool_nic "52:54:00:00:00:0$n" $group)" >"$root/web$n.xml"
	vfpool domain rewrite "$root/web$n.xml" >"$root/web$n.bound.xml"
	check "web$n starts" hook "web$n" prepare - "$root/web$n.bound.xml"
done
vfpool vf hold 'ens1f0#7' --reason test >"$root/out"
# Two of the three run.
for n in 1 2; do
	"$top_builddir/tests/fake-root" "$root" +process "pid=90$n,comm=qemu-system-x86,uuid=00000000-0000-0000-0000-00000000000$n,domain=web$n,guest=262144,locked=262144"
	check "web$n gets its VF" hook "web$n" start - "$root/web$n.bound.xml"
	check "web$n runs" hook "web$n" started - "$root/web$n.bound.xml"
done
judge words
