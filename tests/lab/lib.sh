# shellcheck shell=bash
# What a script of the lab is written with, inside L1: checks that are counted, waiting with a deadline, VFs and
# the wire. Source it first: `. ./lib.sh`. When the script ends it prints the tally, and a failed check fails it.

passed=0 failed=0
[ ! -e "$OUT/tally" ] || read -r passed failed <"$OUT/tally"
exec {screen}>&1
trap tally EXIT

tally() {
	local status=$?
	trap - EXIT
	printf '%d passed, %d failed\n' "$passed" "$failed"
	[ "$failed" = 0 ] || [ $status = 125 ] || status=1
	exit "$status"
}

# step WORDS : a heading.
step() {
	printf '\n== %s\n' "$*"
}

# note WORDS : of the lab itself; seen from inside check too, and in what the suite prints.
note() {
	printf 'lab: %s\n' "$*" >&"$screen"
}

ok() {
	passed=$((passed + 1))
	printf 'ok    %s\n' "$*"
}

# fail WORDS [OUTPUT] : the output is shown indented. Where a guest hangs it tells nothing of what is tested: the run ends (125).
fail() {
	local guest
	if declare -F hung_guest >/dev/null && guest=$(hung_guest); then
		note "$1: guest $guest hangs, at $(guest_place "$guest")"
		exit 125
	fi
	failed=$((failed + 1))
	printf 'FAILED  %s\n' "$1"
	[ -z "${2:-}" ] || printf '      %s\n' "${2//$'\n'/$'\n'      }"
}

# check WORDS COMMAND… : the command succeeds. What it prints is shown when it does not.
check() {
	local words=$1 output
	shift
	if output=$("$@" 2>&1); then
		ok "$words"
	else
		fail "$words" "exit $? of: $*"$'\n'"$output"
	fi
}

# expect_fail WORDS REGEX COMMAND… : the command fails, and what it prints matches.
expect_fail() {
	local words=$1 regex=$2 output
	shift 2
	if output=$("$@" 2>&1); then
		fail "$words" "succeeded: $*"$'\n'"$output"
	elif [[ $output =~ $regex ]]; then
		ok "$words"
	else
		fail "$words" "does not match '$regex': $*"$'\n'"$output"
	fi
}

# wait_until SECONDS COMMAND… : tries the command until it succeeds. For states that nothing announces.
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.1
	done
}

# some COUNT|all : so many of the lines that come in, evenly.
some() {
	awk -v n="$1" '{ line[NR] = $0 } END { if (n == "all" || n > NR) n = NR
		for (i = 0; i < n; i++) print line[int((i + 0.5) * NR / n) + 1] }'
}

# power_cut : resets L1. The script is called again with BOOT=2, its tally goes on, memory and what no sync wrote
# are gone. expect_reboot : the same for a reboot that the script is going to make itself.
power_cut() {
	keep_tally
	l0 reset
}

expect_reboot() {
	keep_tally
	l0 expect-reboot
}

keep_tally() {
	echo "$passed $failed" >"$OUT/tally"
}

# make_vfs PF COUNT : of a PF's netdev, by hand, as an administrator without vfpool would.
make_vfs() {
	ip link set "$1" up
	echo "$2" >"/sys/class/net/$1/device/sriov_numvfs"
	wait_until 10 [ -e "/sys/class/net/$1/device/virtfn$(($2 - 1))" ]
}

# links_up PF… : they have a carrier, which comes a moment after they were set up. Without it their VFs go to nobody.
links_up() {
	local pf
	for pf in "$@"; do
		wait_until 10 grep -qs 1 "/sys/class/net/$pf/carrier" || return
	done
}

# vf_address PF INDEX : the PCI address of a VF.
vf_address() {
	basename "$(readlink "/sys/class/net/$1/device/virtfn$2")"
}

# vf_driver ADDRESS : the driver a PCI device is bound to.
vf_driver() {
	basename "$(readlink "/sys/bus/pci/devices/$1/driver")"
}

# wire PF [FILTER…] : the frames that left or entered pf0 or pf1, with tcpdump's filter, a line each, tags shown.
wire() {
	tcpdump -e -nn -r "$OUT/$1.pcap" "${@:2}" 2>/dev/null
}

# on_wire PF [FILTER…] : there is such a frame.
on_wire() {
	wire "$@" | grep -q .
}

# --- What vfpool and the kernel say ---

# entries TABLE [FILTER] : how many entries of `vfpool TABLE list` pass jq's filter.
entries() {
	vfpool "$1" list --json | jq "[.[] | select(${2:-true})] | length"
}

# there_are COUNT TABLE [FILTER] : so many.
there_are() {
	[ "$(entries "${@:2}")" = "$1" ]
}

# are_free COUNT : so many VFs.
are_free() {
	there_are "$1" vf '.state == "free"'
}

# state_of PF#N : its state in `vfpool vf list`.
state_of() {
	vfpool vf list --json | jq -r --arg vf "$1" '.[] | select(.vf == $vf).state'
}

# lease_of DOMAIN|MAC [WHAT] : the VF that it has, or what else jq finds in the lease.
lease_of() {
	vfpool lease list --json | jq -r --arg key "$1" ".[] | select(.domain == \$key or .mac == \$key) | ${2:-.vf}"
}

# vf_of DOMAIN : the VF that its definition points at.
vf_of() {
	vfpool domain list --json | jq -r --arg domain "$1" '.[] | select(.domain == $domain).vf'
}

# nothing_found : vfpool check finds nothing. What it found is printed.
nothing_found() {
	vfpool check --json | jq -e 'length == 0' || { vfpool check && false; }
}

# vf_words PF#N : what the kernel says of it.
vf_words() {
	ip link show "${1%#*}" | grep "vf ${1#*#} "
}

# scrubbed : of lines of `ip link`, those of VFs that are as new.
scrubbed() {
	grep 'vf [0-9].*link/ether 00:00:00:00:00:00.*spoof checking on.*trust off' | grep -v vlan
}
