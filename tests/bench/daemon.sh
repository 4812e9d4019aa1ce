#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# vfpool beside a real libvirtd, which has mounts and processes of its own here, and no VFs: what the hook adds to the
# start and stop of a domain that is none of ours; how long vfpoold needs from a definition to its binding, with one
# and with a thousand at once; what it costs while nothing happens; its memory with 10,000 ports.
# Usage, in the build tree, as root: make bench-daemon  (ROUNDS=20, DEFINITIONS=1000)
top_srcdir=$(realpath "${top_srcdir:-$(dirname "$0")/../..}") top_builddir=$(realpath "${top_builddir:-.}")
export top_srcdir top_builddir
if [ "${VFPOOL_TEST_INSIDE:-}" != yes ]; then
	[ "$(id -u)" = 0 ] && type libvirtd virsh >/dev/null 2>&1 || { echo "needs root and libvirtd"; exit 77; }
	VFPOOL_TEST_INSIDE=yes exec unshare --mount --pid --fork --kill-child --mount-proc bash "$0" "$@"
fi
mkdir -p /var/lib/vfpool
for dir in /etc/libvirt /var/lib/libvirt /var/lib/vfpool /var/cache/libvirt /var/log/libvirt /run; do
	mkdir -p $dir && mount -t tmpfs tmpfs $dir || exit 77
done
# shellcheck source=tests/lib.sh
. "$top_srcdir/tests/lib.sh"
rounds=${ROUNDS:-20} definitions=${DEFINITIONS:-1000}
trap 'rm -rf "$root"' EXIT
log=$root/vfpoold.log

# a_domain NAME NUMBER DEVICES…
a_domain() {
	cat <<-END
		<domain type='qemu'><name>$1</name><uuid>00000000-0000-0000-0000-$(printf %012x "$2")</uuid>
		<memory unit='MiB'>64</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
		<devices><controller type='usb' model='none'/>${*:3}</devices></domain>
	END
}

# median_of FILE: of one number a line.
median_of() {
	sort -n "$1" | sed -n "$((($(wc -l <"$1") + 1) / 2))p"
}

new_pool
for pf in ens1f0 ens1f1; do # ten VFs, for domains of ten NICs
	{ vfpool pf disable $pf && vfpool pf enable $pf --vfs 5; } >/dev/null || exit 99
done
mkdir -p /etc/libvirt/hooks/qemu.d /run/vfpool
printf '%s\n' 'user = "root"' 'group = "root"' 'security_driver = "none"' >/etc/libvirt/qemu.conf
cp "$top_builddir/hooks/vfpool" /etc/libvirt/hooks/qemu.d/vfpool
# A pool is there, so the hook has to look whether the domain is one of its own.
cp -r "$root/var/lib/vfpool/." /var/lib/vfpool
cp -r "$root/run/vfpool/." /run/vfpool 2>/dev/null
virtlogd -d && libvirtd -d
wait_until 20 virsh --quiet list >/dev/null

step "A domain that is none of ours: $rounds rounds, with the hook and without in turns"
a_domain plain 1 >"$root/plain.xml"
virsh --quiet define "$root/plain.xml"
virsh --quiet start plain && virsh --quiet destroy plain || exit 1
virsh=$(command -v virsh)
{
	for operation in prepare start started stopped release; do
		printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "hook: $operation" "$root/plain.xml" /etc/libvirt/hooks/qemu.d/vfpool \
			plain $operation begin -
	done
	printf '%s\t/dev/null\t%s\n' "start, with the hook" "$virsh	--quiet	start	plain" \
		"destroy, with the hook" "$virsh	--quiet	destroy	plain" \
		- "$(command -v mv)	/etc/libvirt/hooks/qemu.d/vfpool	/run/vfpool/hook" \
		"start, without" "$virsh	--quiet	start	plain" "destroy, without" "$virsh	--quiet	destroy	plain" \
		- "$(command -v mv)	/run/vfpool/hook	/etc/libvirt/hooks/qemu.d/vfpool"
} >"$root/rows"
"$top_builddir/tests/bench/turns" "$rounds" <"$root/rows" >"$root/times" || exit 1
awk -F '\t' '
	{ printf "%-24s %8.2f ms\n", $1, $3 }
	/^hook/ { hook += $3 }
	/with the/ { with += $3 }
	/without/ { without += $3 }
	END {
		printf "the five calls: %.2f ms of %.0f, %.2f %% (goal 5); with / without the hook: %.3f\n",
			hook, without, hook / without * 100, with / without
	}' "$root/times"

step "vfpoold: from definition to binding"
nice -n -10 "$top_builddir/tests/vfpoold-fake" --root "$root" 2>"$log" & # as its unit does
vfpoold=$!
wait_until 20 grep -q 'connected to libvirt' "$log"
n_bound() {
	[ "$(grep -c 'bound after' "$log")" -ge "$1" ]
}
for ((i = 1; i <= 25; i++)); do
	a_domain "one$i" $((1000 + i)) "$(pool_nic "52:54:00:01:00:$(printf %02x "$i")" blue)" >"$root/one.xml"
	virsh --quiet define "$root/one.xml"
	wait_until 10 n_bound "$i"
done
sed -nE 's/.*bound after ([0-9]+) ms.*/\1/p' "$log" >"$root/one"
echo "one at a time: median $(median_of "$root/one") ms from the event, longest $(sort -n "$root/one" | tail -n 1) (25)"
for ((i = 0; i < definitions; i++)); do
	nics=
	for ((k = 0; k < 10; k++)); do
		nics+=$(pool_nic "$(printf 52:54:10:%02x:%02x:%02x $((i / 256)) $((i % 256)) $k)" blue)
	done
	a_domain "many$i" $((100000 + i)) "$nics" >"$root/many$i.xml"
	echo "define $root/many$i.xml"
done >"$root/script"
# The ports are counted in the book, and so are those that are bound.
n_ports() {
	sqlite3 "$root/var/lib/vfpool/pool.db" 'SELECT count(DISTINCT uuid) FROM port'
}
all_bound() {
	[ "$(n_ports)" -ge $((definitions + 25)) ] && n_bound $((definitions + 25))
}
start=${EPOCHREALTIME/./}
virsh --quiet <"$root/script" >/dev/null
defined=${EPOCHREALTIME/./}
wait_until 900 all_bound || echo "not all are bound"
end=${EPOCHREALTIME/./}
sed -nE 's/.*bound after ([0-9]+) ms.*/\1/p' "$log" | tail -n +26 >"$root/many"
awk "BEGIN { printf \"$definitions definitions of 10 NICs at once: defined in %.1f s, all bound after %.1f s, %.1f ms each\\n\",
	($defined - $start) / 1e6, ($end - $start) / 1e6, ($end - $start) / 1e3 / $definitions }"
echo "ports: $(sqlite3 "$root/var/lib/vfpool/pool.db" 'SELECT count(*) FROM port')"

step "vfpoold while nothing happens"
busy() {
	awk '{ print $14 + $15 }' "/proc/$vfpoold/stat"
	grep ctxt "/proc/$vfpoold/task/"*/status | awk '{ n += $NF } END { print n }'
}
before=
while [ "$before" != "$(busy)" ]; do # what follows the definitions has ended
	before=$(busy)
	sleep 3
done
sleep 30
after=$(busy)
paste -d ' ' <(echo "$before") <(echo "$after") |
	awk '{ print "30 s: " $2 - $1 (NR == 1 ? " ticks of CPU time" : " switches of context") }'
sed -nE 's/^Vm(HWM|RSS):[^0-9]*([0-9]+) kB/\1 \2/p' "/proc/$vfpoold/status" |
	awk '{ printf "%s %.0f MiB\n", $1 == "HWM" ? "most" : "now", $2 / 1024 }'
kill "$vfpoold"
wait "$vfpoold"
