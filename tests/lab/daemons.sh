# shellcheck shell=bash
# vfpoold and libvirtd for scripts of the lab that kill them, in the minimal init; source it after lib.sh.
vfpoold_log=$OUT/vfpoold.log

# keep_vfpoold [OPTION…] : runs vfpoold, and starts it again whenever it ends, until there is a file $OUT/over.
keep_vfpoold() {
	while [ ! -e "$OUT/over" ]; do
		nice -n -10 vfpoold "$@" 2>>"$vfpoold_log" &
		echo $! >"$OUT/vfpoold.pid"
		wait $!
	done
}

libvirtd_is_up() {
	virsh --quiet list >/dev/null 2>&1
}

kill_libvirtd() {
	local pid
	pid=$(cat /run/libvirtd.pid) # a child of it that is about to run a hook bears its name, too
	kill -9 "$pid"
	wait_until 5 [ ! -e "/proc/$pid" ]
	libvirtd -d
}

kill_vfpoold() {
	kill -9 "$(cat "$OUT/vfpoold.pid")"
}

# The VFs that QEMU processes have, as their command lines say.
vfs_of_qemus() {
	cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' |
		sed -nE 's/.*"driver":"vfio-pci","host":"([0-9a-f:.]+)".*/\1/p'
}
