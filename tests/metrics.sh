#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# vfpool metrics on a fake host: what is counted, the file, and what promtool says where it is installed (Debian:
# prometheus; PROMTOOL names another).
# shellcheck source=tests/lib.sh
. "${top_srcdir:-$(dirname "$0")/..}/tests/lib.sh"
PROMTOOL=${PROMTOOL:-promtool}

# has LINE: the metrics have that very line.
has() {
	check "$1" grep -qxF "$1" <(vfpool metrics)
}

step "Before anything is defined"
new_host
prints 0 'vfpool_pf_vfs_limit\{pf="ens1f0"\} 7' "the cards are there" vfpool metrics
check "and no pool" test -z "$(vfpool metrics | grep '^vfpool_pool')"

step "A pool and a domain"
new_pool
domain web1 01 "$(pool_nic 52:54:00:00:00:01)" >"$root/web1.xml"
vfpool domain rewrite "$root/web1.xml" >"$root/web1.bound.xml"
has 'vfpool_pool_vfs{pool="sriov0",state="free"} 6'
check "the start" hook web1 prepare - "$root/web1.bound.xml"
has 'vfpool_pool_vfs{pool="sriov0",state="free"} 5'
has 'vfpool_leases{pool="sriov0",state="preparing"} 1'
has 'vfpool_vf_info{pciAddr="0000:01:10.0",pf="ens1f0",vf="0",domain="web1",uuid="00000000-0000-0000-0000-000000000001",mac="52:54:00:00:00:01",vlan="100",pool="sriov0",portgroup="blue"} 1'
has 'sriov_vf_rx_bytes{numa_node="0",pciAddr="0000:01:10.0",pf="ens1f0",vf="0"} 0'

step "Refusals by reason"
domain web2 02 "$(hostdev_nic 52:54:00:00:00:02 0000:01:10.0)" >"$root/web2.xml"
expect_fail "a VF that is named by hand" 'web2' hook web2 prepare - "$root/web2.xml"
prints 0 'vfpool_refusals_total\{pool="sriov0",event="refused[a-z-]*",reason="[a-z ]+"\} 1' "is counted" vfpool metrics
vfpool vf hold 'ens1f0#1' --reason test >"$root/out"
for n in 4 5 6 7 8 9; do
	domain "web$n" "0$n" "$(pool_nic "52:54:00:00:00:0$n")" >"$root/web$n.xml"
	vfpool domain rewrite "$root/web$n.xml" >"$root/web$n.bound.xml"
	hook "web$n" prepare - "$root/web$n.bound.xml" >"$root/out" 2>&1
done
prints 0 'reason="no capacity"\} [1-9]' "a pool that is full" vfpool metrics
has 'vfpool_pool_vfs{pool="sriov0",state="free"} 0'
has 'vfpool_pool_vfs{pool="sriov0",state="held"} 1'

step "Scrubs"
check "the end of a domain" hook web1 release shutdown "$root/web1.bound.xml"
has 'vfpool_scrub_duration_seconds_count 1'
has 'vfpool_scrub_failures_total 0'
has 'vfpool_events_total{event="free"} 1'
hook web4 start - "$root/web4.bound.xml" >"$root/out" 2>&1
echo 'vf_write 0 EIO' >"$root/fake/fail"
hook web4 release shutdown "$root/web4.bound.xml" >"$root/out" 2>&1
has 'vfpool_scrub_failures_total 1'
has 'vfpool_differences{kind="faulty VF"} 1'

step "The file"
mkdir "$root/textfiles"
check "is written" vfpool metrics --textfile "$root/textfiles/vfpool.prom"
check "with the same lines" diff <(vfpool metrics) "$root/textfiles/vfpool.prom"
check "for everybody to read" test "$(stat -c %a "$root/textfiles/vfpool.prom")" = 644
check "and nothing beside it" test "$(ls "$root/textfiles")" = vfpool.prom
prints 3 'nosuch/vfpool.prom: cannot make a file beside it' "a folder that is not there" \
	vfpool metrics --textfile "$root/nosuch/vfpool.prom"
cp -a "$root/var/lib/vfpool/pool.db" "$root/kept.db"
echo garbage >"$root/var/lib/vfpool/pool.db"
cp "$root/textfiles/vfpool.prom" "$root/before"
prints 1 'pool.db' "a database that is none" vfpool metrics --textfile "$root/textfiles/vfpool.prom"
check "leaves the file as it was" cmp "$root/before" "$root/textfiles/vfpool.prom"

step "Over HTTP"
exporter=$top_builddir/tests/vfpool-exporter-fake
# ask METHOD PATH: the answer's first line, and what comes behind the empty one.
ask() {
	local line
	exec 3<>"/dev/tcp/127.0.0.1/$port"
	printf '%s %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$1" "$2" >&3
	read -r line <&3
	echo "${line%$'\r'}"
	while read -r line <&3 && [ "${line%$'\r'}" ]; do :; done
	cat <&3
	exec 3>&-
}
if [ -x "$exporter" ]; then
	cp -a "$root/kept.db" "$root/var/lib/vfpool/pool.db"
	rm -f "$root"/var/lib/vfpool/pool.db-*
	mkfifo "$root/address"
	VFPOOL_ROOT=$root "$exporter" 127.0.0.1:0 >"$root/address" 2>"$root/exporter.err" &
	exporter_pid=$!
	read -r address <"$root/address"
	port=${address##*:}
	port=${port%/metrics}
	prints 0 '^HTTP/1.. 200 OK' "GET /metrics" ask GET /metrics
	check "the same lines" diff <(vfpool metrics) <(ask GET /metrics | sed 1d)
	prints 0 '404 Not Found' "another path" ask GET /
	prints 0 '405' "another method" ask POST /metrics
	prints 1 'cannot listen there' "a port that is taken" "$exporter" "127.0.0.1:$port"
	echo garbage >"$root/var/lib/vfpool/pool.db"
	prints 0 '503' "a database that is none" ask GET /metrics
	check "is in the log" grep -q 'pool.db' "$root/exporter.err"
	check "it lives" kill -0 "$exporter_pid"
	kill "$exporter_pid"
	wait "$exporter_pid"
	check "until it is told to end" test $? = 0
	prints 1 'is no loopback address' "an address for all" "$exporter" 0.0.0.0:0
	prints 1 'ADDRESS:PORT was expected' "no address" "$exporter" localhost
else
	echo "skipped: built without libmicrohttpd"
fi

step "promtool"
if command -v "$PROMTOOL" >/dev/null; then
	# sriov-network-metrics-exporter's names and labels stay as they are: its counters lack _total, and its label
	# pciAddr, which vfpool_vf_info has to be joined by, is in camelCase.
	for name in {rx,tx}_{bytes,dropped,packets} rx_broadcast rx_multicast; do
		printf 'sriov_vf_%s %s\n' $name 'counter metrics should have "_total" suffix' \
			$name "label names should be written in 'snake_case' not 'camelCase'"
	done >"$root/foreign"
	echo "vfpool_vf_info label names should be written in 'snake_case' not 'camelCase'" >>"$root/foreign"
	rc=0
	"$PROMTOOL" check metrics <"$root/before" >"$root/lint" 2>&1 || rc=$?
	check "it can be read, and there is something to say" test $rc = 3
	check "of these names, and of nothing else" diff <(sort -u "$root/lint") <(sort "$root/foreign")
	check "the alert rules" "$PROMTOOL" check rules "$top_srcdir/docs/prometheus/vfpool.rules.yml"
	check "fire when they are to" "$PROMTOOL" test rules "$top_srcdir/docs/prometheus/vfpool.rules.test.yml"
else
	echo "skipped: no promtool"
fi

step "Rules and dashboard name what there is"
cat "$root/before" | sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' | sort -u >"$root/names"
echo vfpool_scrub_duration_seconds_sum >>"$root/names"
echo vfpool_scrub_duration_seconds_count >>"$root/names"
for file in vfpool.rules.yml vfpool-dashboard.json; do
	check "$file" test -z "$(grep -oE '\b(vfpool|sriov_vf)_[a-z_]+' "$top_srcdir/docs/prometheus/$file" | sort -u |
		grep -vxFf "$root/names")"
done
if command -v jq >/dev/null; then
	check "the dashboard is JSON" jq -e '.panels | length > 5' "$top_srcdir/docs/prometheus/vfpool-dashboard.json"
fi
