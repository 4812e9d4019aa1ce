# shellcheck shell=bash
# L2 guests for scripts of the lab, inside L1; source it after lib.sh. A guest is a domain of type kvm that boots
# the lab's small Linux (l2/init says what that does), with its console on a socket and in a log.

guest_log() {
	echo "/var/log/libvirt/qemu/$1.console"
}

# guest_xml NAME [--memory MIB] [--ip ADDRESS/BITS] [--ping ADDRESS,…] [--disk QCOW2] [--top XML] [--bare] [XML…]
# Prints a domain. XML goes among the devices, --top XML among the elements of <domain>. --bare: no OS, and 32 MiB,
# for tests of libvirt that want many guests.
guest_xml() {
	local name=$1 memory=96 bare='' arguments='' top='' disk=''
	shift
	while [ $# -gt 0 ]; do
		case $1 in
		--memory) memory=$2 && shift ;;
		--ip) arguments+=" l2.ip=$2" && shift ;;
		--ping) arguments+=" l2.ping=$2" && shift ;;
		--top) top+=$2 && shift ;;
		--disk) disk=$2 && shift ;;
		--bare) memory=32 bare=yes ;;
		*) break ;;
		esac
		shift
	done
	cat <<-END
		<domain type='kvm'>
		  <name>$name</name>
		  <memory unit='MiB'>$memory</memory>
		  <vcpu>1</vcpu>
		  $top
		  <os>
		    <type arch='x86_64' machine='q35'>hvm</type>
		    $([ "$bare" ] || guest_boot_xml "$arguments")
		  </os>
		  <features><acpi/></features>
		  <cpu mode='host-passthrough'/>
		  <on_poweroff>destroy</on_poweroff>
		  <on_crash>destroy</on_crash>
		  <devices>
		    <emulator>/usr/bin/qemu-system-x86_64</emulator>
		    $([ -z "$disk" ] || guest_disk_xml "$disk")
		    <controller type='usb' model='none'/>
		    $*
		    <serial type='unix'>
		      <source mode='bind' path='/run/$name.console'/>
		      <log file='$(guest_log "$name")' append='off'/>
		    </serial>
		    <memballoon model='none'/>
		  </devices>
		</domain>
	END
}

guest_boot_xml() {
	cat <<-END
		<kernel>/var/lib/libvirt/boot/l2-vmlinux</kernel>
		<initrd>/var/lib/libvirt/boot/l2-initrd</initrd>
		<cmdline>console=ttyS0 quiet mitigations=off nokaslr no_timer_check tsc=reliable audit=0
		cryptomgr.notests random.trust_cpu=on panic=-1$1</cmdline>
	END
}

guest_disk_xml() {
	cat <<-END
		<disk type='file' device='disk'>
		  <driver name='qemu' type='qcow2'/><source file='$1'/><target dev='vda' bus='virtio'/>
		</disk>
	END
}

# pool_define PF… : pool sriov0 of these PFs, of physnet1, with port groups blue (VLAN 100, the default) and green (VLAN 200).
# They have a link from then on. The definition stays in /tmp/sriov0.xml.
pool_define() {
	{
		echo "<vfpool><name>sriov0</name><physicalNetwork>physnet1</physicalNetwork>"
		printf "<pf dev='%s'/>\n" "$@"
		echo "<portgroup name='blue' default='yes'><vlan><tag id='100'/></vlan></portgroup>"
		echo "<portgroup name='green'><vlan><tag id='200'/></vlan></portgroup></vfpool>"
	} >/tmp/sriov0.xml
	links_up "$@" && vfpool pool define /tmp/sriov0.xml
}

# nic MAC [PORTGROUP] : all that a user writes of a NIC of it.
nic() {
	echo "<interface type='network'><mac address='$1'/><source network='sriov0'${2:+ portgroup='$2'}/></interface>"
}

# vf_xml PCI_ADDRESS MAC [VLAN] : libvirt's own interface on a VF, as one writes it without vfpool.
vf_xml() {
	local domain bus slot function vlan=''
	[ -z "${3:-}" ] || vlan="<vlan><tag id='$3'/></vlan>"
	IFS=:. read -r domain bus slot function <<<"$1"
	cat <<-END
		<interface type='hostdev' managed='yes'>
		  <mac address='$2'/>
		  <source>
		    <address type='pci' domain='0x$domain' bus='0x$bus' slot='0x$slot' function='0x$function'/>
		  </source>
		  $vlan
		</interface>
	END
}

# guest_start NAME [OPTION…] [XML…] : defines and starts the domain that guest_xml prints for these.
guest_start() {
	guest_xml "$@" >"/run/$1.xml" && virsh --quiet define "/run/$1.xml" && virsh --quiet start "$1"
}

# guest_wait NAME PATTERN SECONDS : waits for a line on the guest's console, and prints it.
guest_wait() {
	local reader status=0
	exec {reader}< <(exec tail -n +1 -F "$(guest_log "$1")" 2>/dev/null)
	timeout "$3" grep -m 1 -E -e "$2" <&"$reader" || status=$?
	kill $!
	exec {reader}<&-
	return $status
}

# guest_up NAME PATTERN : waits for a line of the guest's boot, and prints it. A guest that hangs in its boot, as the
# emulation makes one do now and then (README, Traps), is reset, once, and the run says so.
guest_up() {
	guest_wait "$1" "$2" 90 && return
	note "$1 hangs in its boot, at $(guest_place "$1"); reset once"
	virsh --quiet reset "$1"
	guest_wait "$1" "$2" 120
}

# guest_place NAME : where its CPU is, and the flags.
guest_place() {
	virsh qemu-monitor-command --hmp "$1" 'info registers' | grep -o -m 1 'RIP=[^ ]* RFL=[^ ]*'
}

# guest_hangs NAME : as the emulation makes one do now and then (README, Traps): it has said nothing for half a minute.
guest_hangs() {
	virsh dumpxml "$1" | grep -q '<cmdline>' && ! guest_run "$1" : 30 >/dev/null
}

# hung_guest : one of those that run.
hung_guest() {
	local guest
	for guest in $(virsh list --name --state-running 2>/dev/null); do
		guest_hangs "$guest" && echo "$guest" && return
	done
	return 1
}

# guest_run NAME COMMAND [SECONDS] : runs a command in the guest, prints its output without the empty lines and returns
# its status; 124 when nothing came for SECONDS (60). The guest has to be up, which a line "L2: NIC …" tells.
guest_run() {
	local mark="L2: end $RANDOM$RANDOM" line status=124
	coproc console { exec socat -t 0.1 - "UNIX-CONNECT:/run/$1.console"; }
	# shellcheck disable=SC2154 # coproc sets console_PID
	local pid=$console_PID to=${console[1]} from=${console[0]}
	printf '{ %s\n} </dev/null 2>&1; printf "\\n%s %%d\\n" $?\n' "$2" "$mark" >&"$to"
	while read -t "${3:-60}" -r line <&"$from"; do
		case $line in
		"$mark "*)
			status=${line##* }
			break
			;;
		'' | 'L2: '*) ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
	exec {to}>&-
	wait "$pid" || :
	return "$status"
}
