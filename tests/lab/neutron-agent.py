# SPDX-License-Identifier: LGPL-2.1-or-later
"""Neutron's SR-IOV agent code, without Neutron around it: the VFs that it takes for assigned.

    neutron-agent.py PF...            prints "MAC SLOT" of each, as eswitch_manager and pci_lib see them
    neutron-agent.py --bundle FILE    on L0: puts all that this loads into a tar, for neutron.sh
"""
import os
import subprocess
import sys
import tarfile
import warnings

warnings.simplefilter('ignore')

from neutron import privileged
for what in vars(privileged).values():
    if hasattr(what, 'set_client_mode'):
        what.set_client_mode(False)  # in this process, being root
from neutron.plugins.ml2.drivers.mech_sriov.agent import eswitch_manager
from neutron.plugins.ml2.drivers.mech_sriov.agent import pci_lib


def assigned(pfs):
    manager = eswitch_manager.ESwitchManager()
    manager.discover_devices({'physnet1': pfs}, {})
    return sorted((device.mac, device.pci_slot) for device in manager.get_assigned_devices_info())


def modules():
    for module in list(sys.modules.values()):
        path = getattr(module, '__file__', None)
        if path and os.path.exists(path):
            yield path
            cached = getattr(module, '__cached__', None)
            if cached and os.path.exists(cached):
                yield cached


def libraries(paths):
    """What the extension modules need beyond the C library."""
    for path in [sys.executable, *paths]:
        if path == sys.executable or path.endswith('.so'):
            told = subprocess.run(['ldd', path], capture_output=True, text=True).stdout
            for line in told.splitlines():
                word = line.split()
                if len(word) > 2 and word[1] == '=>' and os.path.exists(word[2]) and \
                        not os.path.basename(word[2]).startswith(('libc.so', 'libm.so', 'ld-linux')):
                    yield word[2]


def place(path):
    for folder in sys.path:
        if folder.endswith('dist-packages') and path.startswith(folder + '/'):
            return 'dist/' + path[len(folder) + 1:]
    return 'home' + path.replace('/usr/', '/', 1)


def bundle(name):
    paths = set(modules())
    # What is loaded late.
    for folder in sys.path:
        for part in os.listdir(folder) if folder.endswith('dist-packages') and os.path.isdir(folder) else []:
            late = part == 'pyroute2' or part.startswith('pyroute2.') or part.endswith(('.egg-info', '.dist-info'))
            for where, _, files in os.walk(os.path.join(folder, part)) if late else []:
                paths.update(os.path.join(where, file) for file in files)
    for folder in {os.path.dirname(path) for path in paths if 'dist-packages' in path}:
        for where, _, files in os.walk(os.path.join(folder, 'data')):
            paths.update(os.path.join(where, file) for file in files)
    stdlib = os.path.dirname(os.__file__)
    for where, folders, files in os.walk(stdlib):
        folders[:] = [f for f in folders if f not in ('test', 'tests', 'idlelib', 'tkinter', 'lib2to3', 'ensurepip')]
        paths.update(os.path.join(where, file) for file in files)
    with tarfile.open(name, 'w') as tar:
        for path in sorted(paths):
            tar.add(path, place(path), recursive=False)
        for path in sorted(set(libraries(paths))):
            tar.add(os.path.realpath(path), 'lib/' + os.path.basename(path))


if sys.argv[1] == '--bundle':
    try:
        pci_lib.PciDeviceIPWrapper('lo').get_assigned_macs([0])  # for what this loads
    except Exception as error:
        print(f'neutron-agent.py: {error}', file=sys.stderr)
    bundle(sys.argv[2])
else:
    for mac, slot in assigned(sys.argv[1:]):
        print(mac, slot)
