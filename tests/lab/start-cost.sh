#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What vfpool adds to `virsh start` and `virsh destroy`: the same domain without OS, 32 MiB and locked, gets its VF
#	hand	written by hand, managed='yes', no hook
#	network	from libvirt's own hostdev network, no hook
#	pool	from a pool that does not park (park='no')
#	parked	from a pool that parks
# in turns, each once in every round; and where the time of a start and stop of "parked" goes.
#
#	start-cost.sh [ROUNDS]		3
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./guest.sh
rounds=${1:-3}
ways="hand network pool parked"
hook=/etc/libvirt/hooks/qemu.d/vfpool

locked='<memoryBacking><locked/></memoryBacking>'
define_way() {
	guest_xml "$1" --bare --top "$locked" "$2" >"/tmp/$1.xml"
	case $1 in
	pool | parked) vfpool domain define "/tmp/$1.xml" ;;
	*) virsh --quiet define "/tmp/$1.xml" ;;
	esac
}

# microseconds COMMAND…
microseconds() {
	local from=${EPOCHREALTIME/./}
	"$@" || return
	echo $((${EPOCHREALTIME/./} - from))
}

# with_hook WAY: vfpool's hook is there, or it is not.
with_hook() {
	case $1 in
	pool | parked) [ -e $hook ] || mv /run/vfpool.hook $hook ;;
	*) [ ! -e $hook ] || mv $hook /run/vfpool.hook ;;
	esac
}

one_round() {
	local way start stop
	for way in $ways; do
		with_hook "$way"
		start=$(microseconds virsh --quiet start "$way") && stop=$(microseconds virsh --quiet destroy "$way") || return
		echo "$way $start $stop" >>"$OUT/times"
	done
	with_hook parked
}

step "Domains"
make_vfs eth0 7
make_vfs eth1 7
check "eth1 is vfpool's" vfpool pf enable eth1 --vfs 7
check "a pool that does not park" vfpool pool define - <<<"<vfpool><name>loose</name><pf dev='eth1' vfs='0-2'/>
	<placement park='no'/></vfpool>"
check "and one that does" vfpool pool define - <<<"<vfpool><name>tidy</name><pf dev='eth1' vfs='3-6'/></vfpool>"
cat >/tmp/net.xml <<-END
	<network><name>hostdevs</name><forward mode='hostdev' managed='yes'><pf dev='eth0'/></forward></network>
END
check "libvirt's network" virsh --quiet net-define /tmp/net.xml
check "is up" virsh --quiet net-start hostdevs
nic() {
	echo "<interface type='network'><mac address='$1'/><source network='$2'/></interface>"
}
check "by hand" define_way hand "$(vf_xml "$(vf_address eth0 6)" 52:54:00:00:00:01)"
check "network" define_way network "$(nic 52:54:00:00:00:02 hostdevs)"
check "pool" define_way pool "$(nic 52:54:00:00:00:03 loose)"
check "parked" define_way parked "$(nic 52:54:00:00:00:04 tidy)"

step "$rounds rounds"
check "one to warm up" one_round
: >"$OUT/times"
for ((i = 0; i < rounds; i++)); do
	check "round $((i + 1))" one_round
done
sort -k 1,1 "$OUT/times" | awk '
	function median(list, n, i, j, t) {
		for (i = 2; i <= n; i++)
			for (j = i; j > 1 && list[j - 1] > list[j]; j--) {
				t = list[j]; list[j] = list[j - 1]; list[j - 1] = t
			}
		return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
	}
	{ n = ++count[$1]; start[$1, n] = $2; stop[$1, n] = $3; both[$1, n] = $2 + $3 }
	function of(table, way, i) {
		for (i = 1; i <= count[way]; i++)
			list[i] = table[way, i]
		return median(list, count[way]) / 1000
	}
	END {
		printf "%-8s %9s %9s %9s %9s %9s\n", "ms", "start", "destroy", "both", "/ hand", "/ network"
		hand = of(both, "hand"); network = of(both, "network")
		split("hand network pool parked", ways, " ")
		for (i = 1; i <= 4; i++)
			printf "%-8s %9.0f %9.0f %9.0f %9.3f %9.3f\n", ways[i], of(start, ways[i]), of(stop, ways[i]),
				of(both, ways[i]), of(both, ways[i]) / hand, of(both, ways[i]) / network
	}' | tee "$OUT/start-cost"

step "Where the time goes"
# Scripts around vfpool's hook write down when they run; between the first two there is nothing but a script's own start.
for name in 00-first 01-second zz-last; do
	cat >"/etc/libvirt/hooks/qemu.d/$name" <<-END
		#!/bin/bash
		echo "\$2 $name \${EPOCHREALTIME/./}" >>/run/stamps
	END
	chmod 755 "/etc/libvirt/hooks/qemu.d/$name"
done
stamped() {
	: >/run/stamps
	echo "virsh begin ${EPOCHREALTIME/./}" >>/run/stamps
	virsh --quiet "$1" parked || return
	echo "virsh end ${EPOCHREALTIME/./}" >>/run/stamps
	# NAME of what ended at that moment, and how long it took without the scripts.
	awk '
		$2 == "begin" { at = $3 }
		$2 == "00-first" { first = $3 }
		$2 == "01-second" { own = $3 - first; print "libvirt, before " $1, first - own - at }
		$2 == "zz-last" { print "vfpool, " $1, $3 - second - own; at = $3 }
		$2 == "01-second" { second = $3 }
		$2 == "end" { print "libvirt, at the end", $3 - at }' /run/stamps | sed "s/^/$1: /" >>"$OUT/parts"
}
for ((i = 0; i < rounds; i++)); do
	check "start, with stamps" stamped start
	check "destroy, with stamps" stamped destroy
done
awk '{ us = $NF; sub(/ [-0-9]+$/, ""); if (!($0 in n)) order[++m] = $0; list[$0, ++n[$0]] = us }
	END {
		for (i = 1; i <= m; i++) {
			name = order[i]
			for (j = 2; j <= n[name]; j++)
				for (k = j; k > 1 && list[name, k - 1] > list[name, k]; k--) {
					t = list[name, k]; list[name, k] = list[name, k - 1]; list[name, k - 1] = t
				}
			printf "%-36s %8.1f ms\n", name, list[name, int((n[name] + 1) / 2)] / 1000
		}
	}' "$OUT/parts" | tee "$OUT/where"
check "all parts are seen" test "$(wc -l <"$OUT/where")" = 12
