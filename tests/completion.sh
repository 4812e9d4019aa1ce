#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion in bash: the file as it is installed, sourced, and what bash would offer.
# shellcheck source=tests/lib.sh
. "${top_srcdir:-$(dirname "$0")/..}/tests/lib.sh"
# shellcheck source=tools/completion.bash
. "$top_srcdir/tools/completion.bash"

# completes LINE WORDS…: at the end of LINE, bash offers these and no others, in any order.
completes() {
	local line=$1
	shift
	COMP_LINE=$line COMP_POINT=${#line} COMPREPLY=()
	_vfpool vfpool_fake
	check "$line" diff <(printf '%s\n' "$@" | sort) <(printf '%s\n' "${COMPREPLY[@]}" | sort)
}

vfpool_fake() {
	VFPOOL_ROOT=$root "$top_builddir/tests/vfpool-fake" "$@"
}

new_pool
domain web1 01 "$(pool_nic 52:54:00:00:00:01)" >"$root/web1.xml"
domain web2 02 "$(pool_nic 52:54:00:00:00:02 green)" >"$root/web2.xml"
for vm in web1 web2; do
	vfpool domain rewrite "$root/$vm.xml" >"$root/out" || exit 99
done

step "Commands"
check "every noun of the help" diff <(vfpool_fake --complete '' | sed 1d | sort) \
	<(vfpool --help | sed -n 's/^  vfpool \([a-z]*\).*/\1/p' | sort -u)
while read -r noun verb; do
	prints 0 "(^|[[:space:]])$verb([[:space:]]|\$)" "vfpool $noun offers $verb" vfpool_fake --complete "$noun" "$verb"
done < <(vfpool --help | sed -nE 's/^  vfpool ([a-z]+) ([a-z]+)( .*|$)/\1 \2/p')
completes "vfpool portg" portgroup
completes "vfpool vf h" hold
completes "vfpool nosuch " ''

step "Options"
completes "vfpool graph --f" --format
completes "vfpool graph --format " svg dot
completes "vfpool graph --format=s" svg
completes "vfpool claim --physnet " physnet1
completes "vfpool claim --pool sriov0 --portgroup g" green
completes "vfpool journal --domain web" web1 web2
completes "vfpool vf list --pool sriov0 --p" ''
completes "vfpool vf list " --pool --json --openstack --root --help --version

step "Names"
completes "vfpool pf enable " ens1f0 ens1f1
completes "vfpool pool dumpxml sr" sriov0
completes "vfpool portgroup show " sriov0
completes "vfpool portgroup show sriov0 " blue green trunk
completes "vfpool domain attach web1 --pool sriov0 --portgroup g" green
completes "vfpool domain start web" web1 web2
completes "vfpool vf hold ens1f1" 'ens1f1#0' 'ens1f1#1' 'ens1f1#2'
completes "vfpool domain pin web2 --mac " 52:54:00:00:00:02
completes "vfpool domain pin web2 --vf a" auto
# What stands before a colon is bash's own.
completes "vfpool domain pin web2 --mac 52:54:00:00:00:" 02
completes "vfpool who 0000:01:10." 10.0 10.2 10.4
touch "$root/sriov0.xml"
completes "vfpool pool define $root/sri" "$root/sriov0.xml"
completes "vfpool --root /nosuch pool dumpxml " ''
