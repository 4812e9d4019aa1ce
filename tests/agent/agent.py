#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An example of a host agent: it starts domains with VFs of a pool, and stops them again.

    agent.py work NAME NETWORK SECONDS      claim, start, stop, again and again
    agent.py watch                          print what changes on org.vfpool1
    agent.py claim NETWORK                  one claim and its release, for whoever calls

It writes the domain itself from what the claim says; org.vfpool1(5) has the names.  Killed at any moment it
leaves nothing behind that does not end by itself: its claims have a time, its leases end with their domain.
"""
import random
import sys
import time
import uuid

import dbus
import dbus.mainloop.glib
import libvirt
from gi.repository import GLib

BUS, ROOT, MANAGER = 'org.vfpool1', '/org/vfpool1', 'org.vfpool1.Manager'
PASSING = ('org.vfpool1.Error.Busy', 'org.vfpool1.Error.NoCapacity',
           # vfpoold is being restarted
           'org.freedesktop.DBus.Error.ServiceUnknown', 'org.freedesktop.DBus.Error.NameHasNoOwner',
           'org.freedesktop.DBus.Error.NoReply', 'org.freedesktop.DBus.Error.UnknownObject')

DOMAIN = """<domain type='kvm'>
  <name>{name}</name><uuid>{uuid}</uuid>
  <memory unit='MiB'>32</memory><vcpu>1</vcpu>
  <memoryBacking><locked/></memoryBacking>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features><cpu mode='host-passthrough'/>
  <devices>{nics}<controller type='usb' model='none'/><memballoon model='none'/></devices>
</domain>"""
NIC = """<interface type='hostdev' managed='{managed}'><mac address='{mac}'/>
  <source><address type='pci' domain='0x{domain}' bus='0x{bus}' slot='0x{slot}' function='0x{function}'/></source>{vlan}
</interface>"""


class Pool:
    """vfpoold, by calls and signals."""

    def __init__(self):
        dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
        self.bus, self.changed = dbus.SystemBus(), False
        self.manager = dbus.Interface(self.bus.get_object(BUS, ROOT, introspect=False), MANAGER)
        self.bus.add_signal_receiver(self.on_pool, 'PropertiesChanged', dbus.PROPERTIES_IFACE, BUS, arg0=BUS + '.Pool')

    def on_pool(self, *_):
        self.changed = True

    def wait(self, seconds):
        """Until the pool has more or fewer free VFs, or so long."""
        self.changed, end = False, time.monotonic() + seconds
        GLib.timeout_add(int(seconds * 1000), lambda: False)
        while not self.changed and time.monotonic() < end:
            GLib.MainContext.default().iteration(True)

    def claim(self, **ask):
        """What passes by itself is waited for."""
        while True:
            try:
                return self.manager.Claim(dbus.Dictionary(ask, signature='sv'))
            except dbus.DBusException as error:
                if error.get_dbus_name() not in PASSING:
                    raise
                self.wait(2)

    def release(self, owner):
        try:
            self.manager.Release(owner, '')
        except dbus.DBusException as error:
            if error.get_dbus_name() not in PASSING:
                raise  # what passes: the claim's time is over soon


def nic_xml(claim):
    domain, bus, slot = claim['pci'].split(':')[0], claim['pci'].split(':')[1], claim['pci'].split(':')[2]
    return NIC.format(mac=claim['mac'], managed='yes' if claim['managed'] else 'no', domain=domain, bus=bus,
                      slot=slot.split('.')[0], function=slot.split('.')[1],
                      vlan="<vlan><tag id='%d'/></vlan>" % claim['vlan'] if claim['vlan'] else '')


def destroy(connection, owner):
    try:
        connection.lookupByUUIDString(owner).destroy()
    except libvirt.libvirtError:
        pass  # it is gone


def work(name, network, seconds):
    owner = str(uuid.uuid5(uuid.NAMESPACE_DNS, name))
    libvirt.registerErrorHandler(lambda *_: None, None)
    pool, connection, end = Pool(), libvirt.open('qemu:///system'), time.monotonic() + seconds
    destroy(connection, owner)  # of the life before
    pool.release(owner)
    while time.monotonic() < end:
        claims = pool.claim(uuid=owner, domain=name, physnet=network, count=random.randint(1, 6), ttl=20)
        try:
            connection.createXML(DOMAIN.format(name=name, uuid=owner, nics=''.join(map(nic_xml, claims))))
            print(name, 'runs with', ' '.join(claim['vf'] for claim in claims), flush=True)
            pool.wait(random.uniform(0, 3))
            destroy(connection, owner)
        except libvirt.libvirtError as error:
            print(name, 'did not start:', error, flush=True)
            if not connection.isAlive():
                connection = libvirt.open('qemu:///system')
        pool.release(owner)


def watch():
    def on_change(interface, changed, _, path):
        for name, value in changed.items():
            if isinstance(value, dict):  # OpenStack's words
                value = ' '.join('%s=%s' % item for item in value.items())
            print(path[len(ROOT) + 1:], interface[len(BUS) + 1:], name, value, flush=True)

    pool = Pool()
    pool.bus.add_signal_receiver(on_change, 'PropertiesChanged', dbus.PROPERTIES_IFACE, BUS, path_keyword='path')
    for member, sign in ('InterfacesAdded', '+'), ('InterfacesRemoved', '-'):
        pool.bus.add_signal_receiver(lambda path, _, sign=sign: print(sign + path[len(ROOT) + 1:], flush=True), member,
                                     'org.freedesktop.DBus.ObjectManager', BUS)
    GLib.MainLoop().run()


def main():
    if len(sys.argv) == 5 and sys.argv[1] == 'work':
        work(sys.argv[2], sys.argv[3], float(sys.argv[4]))
    elif len(sys.argv) == 3 and sys.argv[1] == 'claim':
        pool, owner = Pool(), str(uuid.uuid4())
        print(pool.manager.Claim(dbus.Dictionary({'uuid': owner, 'physnet': sys.argv[2]}, signature='sv'))[0]['vf'])
        pool.manager.Release(owner, '')
    elif sys.argv[1:] == ['watch']:
        watch()
    else:
        sys.exit(__doc__)


main()
