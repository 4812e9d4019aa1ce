/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libFuzzer: files of the host and of ours whose text we read: smaps, stat and the command line of
 * a process, the members file, a boot id, a PF's numbers in sysfs.  The first byte says which file
 * the rest is; all readers of the host run over it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "base/sysfs.h"
#include "base/vpd.h"
#include "pool/members.h"
#include "tests/fake-kernel.h"
#include "tests/fake-sysfs.h"

#define PF "/sys/devices/pci0000:00/0000:01:00.0/"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const files[] = {
	"/proc/42/smaps",
	"/proc/42/stat",
	"/proc/42/cmdline",
	VFP_MEMBERS_PATH,
	"/proc/sys/kernel/random/boot_id",
	PF "sriov_numvfs",
	PF "sriov_totalvfs",
	"/sys/class/net/ens1f0/flags",
	"/run/libvirt/qemu/web1.pid",
	PF "vpd",
};

static struct vfp_host host;

static void put(const char *file, const uint8_t *data, size_t size)
{
	char path[VFP_PATH_SIZE];
	FILE *stream;

	vfp_host_path(&host, path, "%s", file);
	stream = fopen(path, "we");
	if (!stream || fwrite(data, 1, size, stream) != size || fclose(stream) != 0)
		abort();
}

static void remove_root(void)
{
	fake_root_remove(&host);
}

static void make_root(void)
{
	static struct fake_pf pf;

	pf = fake_pfs[0];
	pf.num_vfs = 2;
	fake_root_make(&host, &pf, 1);
	fake_process_add(&host, &(struct fake_process){.pid = 42,
						       .uuid = FAKE_BOOT_ID,
						       .domain = "web1",
						       .guest_kib = 1024,
						       .locked_kib = 512,
						       .groups = {1}});
	fake_write(&host, "/run/libvirt/qemu/web1.pid", "42\n");
	fake_write(&host, VFP_MEMBERS_PATH, "# vfpool members 1\n");
	atexit(remove_root);
}

static void read_all(void)
{
	vfp_autofree struct vfp_vfio_holder *holders = NULL;
	vfp_autofree struct vfp_vfinfo *vfs = NULL;
	struct vfp_members members = {0};
	struct vfp_process process;
	struct vfp_locked locked;
	char boot_id[VFP_BOOT_ID_SIZE], serial[VFP_SERIAL_SIZE];
	struct vfp_pf pf;
	size_t n;

	if (vfp_proc_locked(&host, 42, &locked, NULL) == 0 && locked.locked_kib > locked.guest_kib)
		abort();
	vfp_proc_get(&host, 42, &process, NULL);
	vfp_proc_find_qemu(&host, FAKE_BOOT_ID, "web1", &process, NULL);
	vfp_proc_vfio_holders(&host, &holders, &n, NULL);
	if (vfp_members_read(&host, &members, NULL) == 0)
		vfp_members_free(&members);
	vfp_host_boot_id(&host, boot_id, NULL);
	if (vfp_sysfs_pf(&host, "ens1f0", &pf, NULL) == 0) {
		vfp_sysfs_vfs(&host, &pf.pci, &vfs, &n, NULL);
		vfp_vpd_serial(&host, &pf.pci, serial);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *file;
	vfp_autofree char *former = NULL;

	if (!*host.root)
		make_root();
	if (size == 0)
		return 0;
	file = files[data[0] % VFP_N(files)];
	former = fake_read(&host, file);
	put(file, data + 1, size - 1);
	read_all();
	put(file, (const uint8_t *)former, strlen(former));
	return 0;
}
