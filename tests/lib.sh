# shellcheck shell=bash
# What the black-box tests of hook and command are written with: a fake host, the programs built against the fake
# kernel, and the lab's counted checks.  A test sources it and ends with the tally.
set -u
: "${top_srcdir:=$(cd "$(dirname "$0")/.." && pwd)}" "${top_builddir:=$PWD}" "${PKGLIBDIR:=/usr/local/lib/vfpool}"
root=$(mktemp -d "${TMPDIR:-/tmp}/vfpool-test.XXXXXX")
chmod 755 "$root"
OUT=$root
# shellcheck source=tests/lab/lib.sh
. "$top_srcdir/tests/lab/lib.sh"
trap 'rm -rf "$root"; tally' EXIT

# The libvirt daemon: one process that runs every hook, since the hook asks who its parent is.
# Reads NAME OPERATION REASON FILE, answers with the exit status; what the hook says is in $root/said.
coproc libvirtd {
	while read -r name operation reason file; do
		VFPOOL_ROOT=$root "$root/hook" "$name" "$operation" begin "$reason" <"$file" >"$root/said" 2>&1
		echo $?
	done
} 2>/dev/null # where bash tells of each hook that a test kills

vfpool() {
	"$top_builddir/tests/vfpool-fake" --root "$root" "$@"
}

# hook NAME OPERATION REASON FILE: as libvirt runs it.
hook() {
	local status
	echo "$@" >&"${libvirtd[1]}"
	read -r status <&"${libvirtd[0]}"
	cat "$root/said"
	return "$status"
}

# new_host: two igb PFs without VFs, the hook installed.
new_host() {
	rm -rf "${root:?}"/*
	"$top_builddir/tests/fake-root" "$root" || exit 99
	mkdir -p "$root$PKGLIBDIR"
	cp "$top_builddir/tests/.libs/hook-fake.so" "$root$PKGLIBDIR/hook.so"
	cp "$top_builddir/hooks/vfpool" "$root/hook"
	# shellcheck disable=SC2154 # coproc sets it
	"$top_builddir/tests/fake-root" "$root" +process "pid=$libvirtd_PID,start=5,comm=libvirtd"
}

# reboot_host: what lies on the disk stays, VFs and processes go, and it is another boot.
reboot_host() {
	local kept
	kept=$(mktemp -d "${TMPDIR:-/tmp}/vfpool-test.XXXXXX")
	mv "$root/var" "$kept"
	new_host
	cp -a "$kept/var" "$root"
	rm -rf "$kept"
	cat /proc/sys/kernel/random/uuid >"$root/proc/sys/kernel/random/boot_id"
}

# new_pool: VFs on both and pool sriov0 with port groups blue (VLAN 100), green (VLAN 200) and trunk.
new_pool() {
	new_host
	{
		vfpool pf enable ens1f0 --vfs 3
		vfpool pf enable ens1f1 --vfs 3
		vfpool pool define "$top_srcdir/tests/data/sriov0.xml"
	} >/dev/null || exit 99
}

# domain NAME UUID-TAIL DEVICES…: a domain's XML; the UUID ends in the two digits given.
domain() {
	local name=$1 tail=$2
	shift 2
	cat <<-END
		<domain type='kvm' id='1'>
		  <name>$name</name>
		  <uuid>00000000-0000-0000-0000-0000000000$tail</uuid>
		  <memory unit='KiB'>262144</memory>
		  <os><type>hvm</type></os>
		  <devices>
		    $*
		  </devices>
		</domain>
	END
}

# pool_nic MAC [PORTGROUP]
pool_nic() {
	echo "<interface type='network'><mac address='$1'/><source network='sriov0'${2:+ portgroup='$2'}/></interface>"
}

# hostdev_nic MAC PCI: as one writes it by hand.
hostdev_nic() {
	local domain bus slot function
	IFS=:. read -r domain bus slot function <<<"$2"
	echo "<interface type='hostdev' managed='yes'><mac address='$1'/><source><address type='pci' domain='0x$domain'
		bus='0x$bus' slot='0x$slot' function='0x$function'/></source></interface>"
}

# prints STATUS REGEX WORDS COMMAND…: the exit status and, on stdout and stderr together, a line that matches.
prints() {
	local status=$1 regex=$2 words=$3 output rc=0
	shift 3
	output=$("$@" 2>&1) || rc=$?
	if [ "$rc" != "$status" ]; then
		fail "$words" "exit $rc, not $status: $*"$'\n'"$output"
	elif ! [[ $output =~ $regex ]]; then
		fail "$words" "does not match '$regex': $*"$'\n'"$output"
	else
		ok "$words"
	fi
}
