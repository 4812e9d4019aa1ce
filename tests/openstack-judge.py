#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""OpenStack's own code as the judge: see tests/openstack.sh.

    openstack-judge.py ROOT COMMAND...    COMMAND is vfpool with its --root, ROOT the fake host that it sees
"""
import builtins
import contextlib
import glob
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from unittest import mock

# OpenStack's web server is not needed, and warns.
import warnings
warnings.simplefilter('ignore')

from oslo_config import cfg
# In an order in which Nova's modules find each other.
from nova import context  # noqa: F401
from nova.network import neutron as nova_neutron
from nova import objects
from nova.conf import pci as pci_conf
from nova.network import model as network_model
from nova.objects import fields
from nova.pci import utils, whitelist
from nova.virt.libvirt import vif as libvirt_vif
from neutron.plugins.ml2.drivers.mech_sriov.agent import eswitch_manager
from neutron.plugins.ml2.drivers.mech_sriov.agent import sriov_nic_agent
from neutron.plugins.ml2.drivers.mech_sriov.agent.common import config as agent_config
from neutron.plugins.ml2.drivers.mech_sriov.mech_driver import mech_driver

root, command = sys.argv[1], sys.argv[2:]
passed = failed = 0


def check(words, is_right, found=''):
    global passed, failed
    if is_right:
        passed += 1
        return
    failed += 1
    print(f'FAILED  {words}\n      {found}')


# --- The fake host below the real code's feet ----------------------------------------------------

def below(path):
    return path if path.startswith(root) else root + path


class Below:
    """A module whose functions that take a path see it below the fake root."""

    def __init__(self, module, names):
        self._module, self._names = module, names

    def __getattr__(self, name):
        what = getattr(self._module, name)
        if name not in self._names:
            return what
        return lambda path, *rest, **more: what(below(path), *rest, **more)


class Os(Below):
    path = Below(os.path, ('isdir', 'exists', 'islink', 'realpath', 'isfile'))


fake_os = Os(os, ('readlink', 'listdir', 'scandir'))
fake_open = lambda path, *rest: builtins.open(below(path), *rest)
fake_glob = Below(glob, ('glob', 'iglob'))


def patched():
    stack = contextlib.ExitStack()
    for module in utils, eswitch_manager:
        stack.enter_context(mock.patch.object(module, 'os', fake_os))
        stack.enter_context(mock.patch.object(module, 'open', fake_open, create=True))
        if hasattr(module, 'glob'):
            stack.enter_context(mock.patch.object(module, 'glob', fake_glob))
    return stack


def read(path):
    with open(root + path) as file:
        return file.read().strip()


def vfs():
    """The VFs of the fake host as Nova gets them of libvirt."""
    devices = []
    for pf in sorted(os.listdir(root + '/sys/class/net')):
        folder = f'/sys/class/net/{pf}/device'
        if not os.path.exists(f'{root}{folder}/sriov_totalvfs'):
            continue
        parent = os.path.basename(os.path.realpath(root + folder))
        for name in os.listdir(root + folder):
            if name.startswith('virtfn'):
                address = os.path.basename(os.readlink(f'{root}{folder}/{name}'))
                devices.append({
                    'address': address, 'parent_addr': parent, 'pf': pf, 'index': int(name[6:]),
                    'vendor_id': read(f'/sys/bus/pci/devices/{address}/vendor')[2:],
                    'product_id': read(f'/sys/bus/pci/devices/{address}/device')[2:],
                    'dev_type': fields.PciDeviceType.SRIOV_VF})
    return devices


DEVICES = vfs()


# --- What each makes of a file -------------------------------------------------------------------

def by_nova(path):
    """{address: pool} by Nova's Whitelist; None: Nova does not take the file."""
    conf = cfg.ConfigOpts()
    pci_conf.register_opts(conf)
    conf(['--config-file', path], project='nova', default_config_files=[], default_config_dirs=[])
    found = {}
    with patched():
        try:
            specs = whitelist.Whitelist(conf.pci.device_spec)
        except Exception:
            return None
        for device in DEVICES:
            for spec in specs.specs:
                if spec.match(device):
                    if not spec.tags.get('remote_managed') == 'true':
                        found[device['address']] = spec.tags.get('physical_network') or 'nova'
                    break
    return found


def by_neutron(path):
    """The same by the SR-IOV agent's own parsers and its switch."""
    conf = cfg.ConfigOpts()
    from neutron.conf.plugins.ml2.drivers.mech_sriov import agent_common
    agent_common.register_agent_sriov_nic_opts(conf)
    conf(['--config-file', path], project='neutron', default_config_files=[], default_config_dirs=[])
    found = {}
    with patched(), mock.patch.object(cfg, 'CONF', conf):
        try:
            mappings = sriov_nic_agent.helpers.parse_mappings(
                conf.SRIOV_NIC.physical_device_mappings, unique_keys=False)
            excludes = agent_config.parse_exclude_devices(conf.SRIOV_NIC.exclude_devices)
        except ValueError:
            return None
        for physnet, names in mappings.items():
            for name in names:
                switch = eswitch_manager.EmbSwitch(name, excludes.get(name, set()))
                for slot in switch.get_pci_slot_list():
                    found[slot] = physnet
    return found


def by_us(option, path):
    """The same by vfpool pool import; None: refused."""
    run = subprocess.run([*command, 'pool', 'import', '--dry-run', option, path],
                         capture_output=True, text=True)
    if run.returncode == 3 and 'no VF of this host is selected' in run.stderr:
        return {}
    if run.returncode:
        return None
    found = {}
    for pool in ET.fromstring('<all>' + run.stdout.replace('<?xml version="1.0"?>', '') + '</all>'):
        for pf in pool.findall('pf'):
            vfs = pf.get('vfs')
            wanted = None if vfs is None else set(itertools.chain.from_iterable(
                range(int(part.split('-')[0]), int(part.split('-')[-1]) + 1) for part in vfs.split(',')))
            for device in DEVICES:
                if device['pf'] == pf.get('dev') and (wanted is None or device['index'] in wanted):
                    found[device['address']] = pool.findtext('name')
    return found


def compare(words, option, judge, text):
    with tempfile.NamedTemporaryFile('w', suffix='.conf') as file:
        file.write(text)
        file.flush()
        theirs, ours = judge(file.name), by_us(option, file.name)
    check(words, theirs == ours, f'{text}\n      theirs {theirs}\n      ours   {ours}')
    return theirs


# --- Configuration files -------------------------------------------------------------------------

NOVA = [
    ('everything', '{}'),
    ('by vendor', '{"vendor_id": "8086"}'),
    ('of another vendor', '{"vendor_id": "15b3"}'),
    ('by vendor and product', '{"vendor_id": "8086", "product_id": "1889"}'),
    ('the PF\'s product, which no VF has', '{"vendor_id": "8086", "product_id": "1592"}'),
    ('hexadecimal with 0x', '{"vendor_id": "0x8086"}'),
    ('blanks', '{"vendor_id": " 8086 "}'),
    ('a PF by name', '{"devname": "ens1f0", "physical_network": "physnet1"}'),
    ('a VF by name', '{"devname": "ens1f1v2", "physical_network": "physnet1"}'),
    ('a name that is not there', '{"devname": "ens9"}'),
    ('one VF', '{"address": "0000:3b:01.3", "physical_network": "physnet1"}'),
    ('a PF by address', '{"address": "0000:3b:00.0", "physical_network": "physnet1"}'),
    ('any function', '{"address": "0000:3b:01.*"}'),
    ('everything, as a glob', '{"address": "*:*:*.*"}'),
    ('short forms', '{"address": ":01.", "physical_network": "physnet1"}'),
    ('shorter', '{"address": ".2"}'),
    ('bus and slot', '{"address": "3b:01.2"}'),
    ('upper case', '{"address": "0000:3B:01.3"}'),
    ('one digit', '{"address": "0:3b:1.3"}'),
    ('a function range, by expressions',
     '{"address": {"domain": ".*", "bus": "3b", "slot": "01", "function": "[2-5]"}}'),
    ('expressions are anchored in front', '{"address": {"slot": "1"}}'),
    ('and not behind', '{"address": {"slot": "0"}}'),
    ('alternatives', '{"address": {"function": "1|3|5"}}'),
    ('an end', '{"address": {"slot": "01$$", "function": "."}}'),
    ('digits', r'{"address": {"slot": "\\d1", "function": "\\d"}}'),
    ('an expression of a PF\'s address',
     '{"address": {"domain": "0000", "bus": "3b", "slot": "00", "function": "1"}}'),
    ('a list', '[{"address": "0000:3b:01.1", "physical_network": "a"}, {"devname": "ens1f0", "physical_network": "b"}]'),
    ('null', '{"devname": "ens1f0", "physical_network": null}'),
    ('no specs', '[]'),
    ('a list in which nothing is named', '[{}, {}]'),
    ('an address that is none', '{"address": "", "physical_network": "p"}'),
    ('an address that is null', '{"address": null, "vendor_id": "8086"}'),
    ('expressions that are none', '{"address": {}}'),
    ('expressions that are empty', '{"address": {"domain": "", "bus": "", "slot": "", "function": ""}}'),
    ('a name, and an address that is none', '{"devname": "ens1f0", "address": ""}'),
    ('a name, and expressions that are none', '{"devname": "ens1f0", "address": {}}'),
    ('a name that is none', '{"devname": "", "address": ":01.1"}'),
    ('a name that is null', '{"devname": null, "address": ":01.1"}'),
    ('0x in an address', '{"address": "0x0000:0x3b:0x01.0x3"}'),
    ('any domain', '{"address": "*:3b:01.3"}'),
    ('any domain of a PF', '{"address": "*:3b:00.0"}'),
    ('any domain, by expressions', '{"address": {"domain": ".+", "bus": "3b", "slot": "01", "function": "."}}'),
    ('a product without its vendor', '{"product_id": "1889", "physical_network": "p"}'),
    ('product with blanks and 0x', '{"product_id": " 0x1889 "}'),
    ('any vendor and product', '{"vendor_id": "*", "product_id": "*", "devname": "ens1f1"}'),
    ('a key twice: the last one', '{"devname": "ens1f0", "devname": "ens1f1"}'),
    ('upper case in expressions', '{"address": {"bus": "3B"}}'),
    ('a count', '{"address": {"function": "[0-9]{1}", "slot": "0{1}1"}}'),
    ('remote_managed, without a serial number', '{"address": ":01.1", "remote_managed": "true"}'),
    ('remote_managed off', '{"devname": "ens1f1", "remote_managed": "no"}'),
    ('a truth that is none', '{"devname": "ens1f0", "trusted": "maybe"}'),
    ('a truth of JSON', '{"devname": "ens1f0", "trusted": true}'),
    ('tags', '{"devname": "ens1f0", "physical_network": "p", "trusted": "true", "managed": "no", '
             '"live_migratable": "yes", "traits": "a,b", "resource_class": "X"}'),
]
# What is wrong is wrong for both.
NOVA_WRONG = [
    ('not JSON', '{"devname": '),
    ('neither object nor list', '17'),
    ('a list of numbers', '[17]'),
    ('vendor too large', '{"vendor_id": "18086"}'),
    ('vendor no number', '{"vendor_id": "intel"}'),
    ('both address and name', '{"address": "*:*:*.*", "devname": "ens1f0"}'),
    ('address of four colons', '{"address": "0:0:3b:01.3"}'),
    ('slot too large', '{"address": "0000:3b:20.0"}'),
    ('function too large', '{"address": "0000:3b:01.8"}'),
    ('nothing', ''),
    ('null', 'null'),
    ('single quotes', "{'vendor_id': '8086'}"),
    ('a comma at the end', '{"vendor_id": "8086",}'),
    ('a comment', '{"vendor_id": "8086" /* Intel */}'),
    ('something behind it', '{"vendor_id": "8086"} {}'),
    ('a list in a list', '[[{}]]'),
    ('no digits', '{"vendor_id": ""}'),
    ('a vendor as a number', '{"vendor_id": 8086}'),
    ('a vendor that is null', '{"vendor_id": null}'),
    ('a product that is null', '{"product_id": null}'),
    ('a product that is no number', '{"product_id": "zz"}'),
    ('an address as a number', '{"address": 17}'),
    ('an address as a list', '{"address": ["*:*:*.*"]}'),
    ('an expression as a number', '{"address": {"bus": 59}}'),
    ('an expression that is null', '{"address": {"bus": null}}'),
    ('a star alone, which is no expression', '{"address": {"domain": "*"}}'),
    ('a bracket that is not closed', '{"address": {"function": "(0"}}'),
    ('a domain too large', '{"address": "10000:3b:01.3"}'),
    ('a set within a glob', '{"address": "0000:3b:01.[0-3]"}'),
    ('an expression that is none', '{"address": {"bus": "["}}'),
]

NEUTRON = [
    ('one PF', 'physnet1:ens1f0', ''),
    ('two of one network', 'physnet1:ens1f0,physnet1:ens1f1', ''),
    ('two networks', 'physnet1:ens1f0, physnet2:ens1f1', ''),
    ('an excluded VF', 'physnet1:ens1f0', 'ens1f0:0000:3b:01.2'),
    ('several', 'physnet1:ens1f0,physnet1:ens1f1', 'ens1f0:0000:3b:01.2;0000:3b:01.3 , ens1f1: 0000:3b:11.0'),
    ('a VF of another PF', 'physnet1:ens1f0', 'ens1f0:0000:3b:11.0'),
    ('an empty exclude', 'physnet1:ens1f0', 'ens1f0:'),
]
NEUTRON_WRONG = [
    ('no device', 'physnet1:', ''),
    ('three parts', 'physnet1:ens1f0:x', ''),
    ('an exclude without colon', 'physnet1:ens1f0', 'ens1f0'),
]


def judge_nova():
    for words, spec in NOVA + NOVA_WRONG:
        for option in 'device_spec', 'passthrough_whitelist':
            theirs = compare(f'{words}: {option}', '--nova', by_nova, f'[pci]\n{option} = {spec}\n')
            check(f'{words}: taken or not', (theirs is None) == ((words, spec) in NOVA_WRONG), theirs)
    theirs = compare('an old file', '--nova', by_nova, open(
        os.environ['top_srcdir'] + '/tests/data/import/nova-old.conf').read())
    check('which selects something', theirs)
    theirs = compare('a whole file', '--nova', by_nova, open(
        os.environ['top_srcdir'] + '/tests/data/import/nova.conf').read())
    check('which selects something', theirs)
    compare('former names come first', '--nova', by_nova,
            '[DEFAULT]\npci_passthrough_whitelist = {"address": ":01.1", "physical_network": "c"}\n'
            '[pci]\ndevice_spec = {"devname": "ens1f0", "physical_network": "a"}\n'
            'passthrough_whitelist = {"address": ":01.2", "physical_network": "b"}\n')
    compare('a value of several lines', '--nova', by_nova,
            '[pci]\ndevice_spec = [\n    {"devname": "ens1f0",\n     "physical_network": "a"},\n'
            '    {"devname": "ens1f1"}]\n# comment\n')
    compare('quotes around it', '--nova', by_nova, '[pci]\ndevice_spec: \'{"devname": "ens1f0"}\'\n')


def judge_neutron():
    for words, mappings, excludes in NEUTRON + NEUTRON_WRONG:
        theirs = compare(words, '--neutron', by_neutron,
                f'[sriov_nic]\nphysical_device_mappings = {mappings}\nexclude_devices = {excludes}\n')
        check(f'{words}: taken or not', (theirs is None) == ((words, mappings, excludes) in NEUTRON_WRONG), theirs)
    compare('a whole file', '--neutron', by_neutron, open(
        os.environ['top_srcdir'] + '/tests/data/import/sriov_agent.ini').read())


def judge_chance(n):
    """Files of specs that nobody thought of."""
    chance = random.Random(1)
    pick = chance.choice

    def spec():
        one = {}
        if chance.random() < .3:
            one['vendor_id'] = pick(['8086', '*', '15b3', '0x8086'])
        if chance.random() < .3:
            one['product_id'] = pick(['1889', '1592', '154c', '*'])
        kind = chance.random()
        if kind < .2:
            one['devname'] = pick(['ens1f0', 'ens1f1', 'ens2f0', 'ens1f1v0', 'ens7'])
        elif kind < .6:
            one['address'] = ':'.join(pick([['0000', '3b'], ['*', '3b'], ['*', '*'], ['3b'], [''], []]) +
                                      [pick(['00', '01', '1', '11', '*', '', '5'])]) + \
                '.' + pick(['*', '0', '1', '3', '7', ''])
        elif kind < .9:
            one['address'] = {key: pick(values) for key, values in {
                'domain': ['.*', '0000', '0', '0001'], 'bus': ['3b', '.*', '[0-9a-f]+', '3[a-c]'],
                'slot': ['.*', '0[01]', '1', '(01|11)', '[^0].', '11'],
                'function': ['.*', '[0-3]', '1', '[^2]', '0|7', '5?']}.items() if chance.random() < .7}
        if chance.random() < .7:
            one['physical_network'] = pick(['physnet1', 'physnet2'])
        return one

    selected = 0
    for number in range(n):
        values = [json.dumps([spec() for _ in range(pick([1, 2, 3]))]) for _ in range(pick([1, 1, 2]))]
        theirs = compare(f'chance {number}', '--nova', by_nova,
                         '[pci]\n' + ''.join(f'device_spec = {value}\n' for value in values))
        selected += bool(theirs)
    check('chance selects something now and then', selected >= n / 4, selected)


# --- What we say of VFs and ports ----------------------------------------------------------------

def listed(noun):
    return json.loads(subprocess.run([*command, noun, 'list', '--openstack', '--json'],
                                     capture_output=True, text=True, check=True).stdout)


def pci_device(row):
    """Nova's object of our row: a word that is none of Nova's is a ValueError."""
    return objects.PciDevice(
        address=row['address'], parent_addr=row['parent_addr'], vendor_id=row['vendor_id'],
        product_id=row['product_id'], dev_type=row['dev_type'], numa_node=row['numa_node'],
        status=row['status'], instance_uuid=row['instance_uuid'], compute_node_id=1, extra_info={})


def judge_devices():
    rows = listed('vf')
    ours = {row['address']: row for row in rows}
    theirs = {device['address']: device for device in DEVICES}
    check('there are rows', rows)
    for address, row in ours.items():
        device = pci_device(row)
        check(f'{address}: a PciDevice', device.status in fields.PciDeviceStatus.ALL)
        for key in 'parent_addr', 'vendor_id', 'product_id', 'dev_type':
            check(f'{address}: {key}', row[key] == theirs[address][key], (row[key], theirs[address][key]))
    check('free, about to start, running and held',
          {row['status'] for row in rows} == {'available', 'claimed', 'allocated', 'unavailable'},
          sorted({row['status'] for row in rows}))


def judge_ports():
    ports, rows = listed('lease'), {row['address']: row for row in listed('vf')}
    check('there are ports', len(ports) >= 2, ports)
    for port in ports:
        profile, details = port['binding:profile'], port['binding:vif_details']
        words = port['mac_address']
        slot = profile['pci_slot']
        device = next(d for d in DEVICES if d['address'] == slot)

        # Nova: the VIF, the libvirt configuration and os-vif.
        vif = network_model.VIF(
            id='00000000-0000-0000-0000-00000000000a', address=port['mac_address'], profile=profile,
            type=port['binding:vif_type'], vnic_type=port['binding:vnic_type'], details=details,
            network=network_model.Network(id='00000000-0000-0000-0000-00000000000b', bridge=None, subnets=[]))
        check(f'{words}: vif_type', vif['type'] == network_model.VIF_TYPE_HW_VEB)
        driver = libvirt_vif.LibvirtGenericVIFDriver(mock.Mock())
        with patched():
            conf = driver.get_config_hw_veb(mock.Mock(), vif, mock.Mock(), {}, 'kvm')
            check(f'{words}: vf_num', profile['vf_num'] == utils.get_vf_num_by_pci_address(slot) and
                  isinstance(profile['vf_num'], int), profile)
            check(f'{words}: pf_mac_address', profile['pf_mac_address'] == utils.get_mac_by_pci_address(
                device['parent_addr']), profile)
        check(f'{words}: libvirt gets the address', conf.source_dev == slot, conf.source_dev)
        check(f'{words}: and the VLAN', str(conf.vlan) == details['vlan'], conf.vlan)
        xml = conf.to_xml()
        check(f'{words}: XML', "type='hostdev'" in xml.replace('"', "'"), xml)

        # What Nova would have written of this VF.
        with tempfile.NamedTemporaryFile('w', suffix='.conf') as file:
            tag = profile['physical_network']
            file.write('[pci]\ndevice_spec = ' + json.dumps({'address': slot, 'physical_network': tag}) + '\n')
            file.flush()
            conf = cfg.ConfigOpts()
            pci_conf.register_opts(conf)
            conf(['--config-file', file.name], project='nova', default_config_files=[], default_config_dirs=[])
            with patched():
                api = mock.Mock(spec=nova_neutron.API)
                api.pci_whitelist = whitelist.Whitelist(conf.pci.device_spec)
                api._get_vf_pci_device_profile = \
                    lambda pci_dev: nova_neutron.API._get_vf_pci_device_profile(api, pci_dev)
                pci_dev = pci_device(rows[slot])
                pci_dev.extra_info = {'capabilities': json.dumps({
                    'sriov': {'pf_mac_address': profile['pf_mac_address'], 'vf_num': profile['vf_num']},
                    'vpd': {'card_serial_number': profile.get('card_serial_number')}})}
                theirs = nova_neutron.API._get_pci_device_profile(api, pci_dev)
        ours = {key: value for key, value in profile.items() if key != 'trusted'}
        if profile['vf_num'] == 0:
            # Nova takes number 0 for none, and leaves the three out.
            ours = {key: ours[key] for key in ('pci_slot', 'pci_vendor_info', 'physical_network')}
        check(f'{words}: the profile is what Nova writes', ours == theirs, (ours, theirs))

        # Neutron: the driver that binds, and the agent that is told of the port.
        driver = mech_driver.SriovNicSwitchMechanismDriver.__new__(mech_driver.SriovNicSwitchMechanismDriver)
        driver.vif_details = {'port_filter': False, 'connectivity': 'l2'}
        vlan = int(details['vlan'])
        segment = {'network_type': 'vlan' if vlan else 'flat', 'segmentation_id': vlan or None}
        check(f'{words}: vif_details are what Neutron writes',
              driver._get_vif_details(segment) == details, details)
        agent = mock.Mock(updated_devices=set(), conf=mock.Mock(host='h'))
        callbacks = sriov_nic_agent.SriovNicSwitchRpcCallbacks.__new__(sriov_nic_agent.SriovNicSwitchRpcCallbacks)
        callbacks.agent, callbacks.network_map = agent, {}
        callbacks.sg_agent = mock.Mock()
        callbacks.port_update(None, port={
            'id': 'p', 'mac_address': port['mac_address'], 'security_groups': [], 'binding:profile': profile})
        check(f'{words}: the agent hears of (MAC, slot)',
              {(d.mac, d.pci_slot) for d in agent.updated_devices} == {(port['mac_address'], slot)},
              agent.updated_devices)
    check('one is trusted, as a text that Nova takes for true', any(
        port['binding:profile'].get('trusted') == 'true' for port in ports), ports)
    check('one has a VLAN, one has none',
          {port['binding:vif_details']['vlan'] != '0' for port in ports} == {True, False}, ports)


def kernel_macs(wrapper, indexes):
    """What the fake kernel says of the VFs (tests/fake-kernel.h), in place of netlink."""
    macs = {}
    for index in indexes:
        path = f'/fake/{wrapper.dev_name}/{index}'
        macs[index] = read(path).split()[1] if os.path.exists(root + path) else '00:00:00:00:00:00'
    return macs


def judge_agent():
    """The agent's switches find the pairs that lease list has; a free VF that is parked has no MAC."""
    with patched(), mock.patch.object(eswitch_manager.pci_lib.PciDeviceIPWrapper, 'get_assigned_macs', kernel_macs):
        manager = eswitch_manager.ESwitchManager()
        manager.discover_devices({'physnet1': ['ens1f0']}, {})
        theirs = {(d.mac, d.pci_slot) for d in manager.get_assigned_devices_info()
                  if d.mac != '00:00:00:00:00:00'}
    status = {row['address']: row['status'] for row in listed('vf')}
    ours = {(port['mac_address'], port['binding:profile']['pci_slot']) for port in listed('lease')
            if status[port['binding:profile']['pci_slot']] == 'allocated'}
    check('the agent finds what is allocated', theirs == ours and len(ours) == 2, (theirs, ours))


objects.register_all()
parts = {'import': lambda: (judge_nova(), judge_neutron(), judge_chance(int(os.environ.get('CHANCE', 100)))),
         'words': lambda: (judge_devices(), judge_ports(), judge_agent())}
parts[os.environ.get('PART', 'import')]()
print(f'{passed} passed, {failed} failed')
sys.exit(failed > 0)
