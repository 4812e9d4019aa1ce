/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/sysfs.c over a fake root: finding PFs and VFs, making VFs, parking them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sysfs.h"
#include "tests/fake-kernel.h"
#include "tests/fake-sysfs.h"

#define PF_FOLDER "/sys/bus/pci/devices/0000:01:00.0/"

static const struct vfp_pci pf_pci = {.bus = 1};
static const struct vfp_pci vf2_pci = {.bus = 1, .device = 0x10, .function = 4};

static const struct fake_pf many_pfs[] = {
	{.dev = "ens9",
	 .pci = "0000:09:00.0",
	 .driver = "fakefull",
	 .total_vfs = 0,
	 .numa_node = -1},
	{.dev = "eno1",
	 .pci = "0000:00:1f.6",
	 .driver = "e1000e",
	 .total_vfs = -1,
	 .is_down = true},
	{.dev = "ens2",
	 .pci = "0000:02:00.0",
	 .driver = "igb",
	 .total_vfs = 7,
	 .num_vfs = 2,
	 .mtu = 9000,
	 .is_unplugged = true,
	 .mac = "00:1b:21:aa:bb:cc"},
	{.dev = "ens1f1", .pci = "0000:01:00.1", .driver = "igb", .total_vfs = 7, .numa_node = 1},
};

static int setup(void **state)
{
	static struct vfp_host host;

	fake_root_make(&host, fake_pfs, FAKE_N_PFS);
	fake_clock_set(1000);
	*state = &host;
	return 0;
}

static int setup_many(void **state)
{
	static struct vfp_host host;

	fake_root_make(&host, many_pfs, VFP_N(many_pfs));
	/* What else has a netdev: no device at all, a device that is not PCI's, a representor. */
	fake_write(&host, "/sys/class/net/lo/mtu", "65536\n");
	fake_folder(&host, "/sys/devices/pci0000:00/virtio0");
	fake_link(&host, "../../../devices/pci0000:00/virtio0", "/sys/class/net/eth0/device");
	fake_netdev_add(&host, &(struct fake_pf){.dev = "ens9pf0vf1", .pci = "0000:09:00.0"});
	fake_write(&host, "/sys/class/net/ens9pf0vf1/phys_port_name", "pf0vf1\n");
	fake_write(&host, "/sys/class/net/ens9/phys_port_name", "p0\n");
	*state = &host;
	return 0;
}

static int teardown(void **state)
{
	fake_root_remove(*state);
	return 0;
}

static struct vfp_pf get_pf(const struct vfp_host *host, const char *dev)
{
	struct vfp_err err = {0};
	struct vfp_pf pf;

	if (vfp_sysfs_pf(host, dev, &pf, &err) < 0)
		fail_msg("%s", err.msg);
	return pf;
}

static void test_pfs(void **state)
{
	static const struct {
		const char *dev, *driver;
		enum vfp_sriov_status status;
		unsigned int total_vfs, num_vfs, mtu;
		int numa_node;
		bool has_carrier, is_up;
	} expected[] = {
		{"eno1", "e1000e", VFP_SRIOV_UNSUPPORTED, 0, 0, 1500, 0, false, false},
		{"ens1f1", "igb", VFP_SRIOV_DISABLED, 7, 0, 1500, 1, true, true},
		{"ens2", "igb", VFP_SRIOV_ENABLED, 7, 2, 9000, 0, false, true},
		{"ens9", "fakefull", VFP_SRIOV_UNSUPPORTED, 0, 0, 1500, -1, true, true},
	};
	vfp_autofree struct vfp_pf *pfs = NULL;
	char mac[VFP_MAC_SIZE];
	struct vfp_err err;
	size_t n;

	assert_int_equal(vfp_sysfs_pfs(*state, &pfs, &n, &err), 0);
	assert_int_equal(n, VFP_N(expected));
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(pfs[i].dev, expected[i].dev);
		assert_string_equal(pfs[i].driver, expected[i].driver);
		assert_int_equal(pfs[i].status, expected[i].status);
		assert_int_equal(pfs[i].total_vfs, expected[i].total_vfs);
		assert_int_equal(pfs[i].num_vfs, expected[i].num_vfs);
		assert_int_equal(pfs[i].mtu, expected[i].mtu);
		assert_int_equal(pfs[i].numa_node, expected[i].numa_node);
		assert_int_equal(pfs[i].has_carrier, expected[i].has_carrier);
		assert_int_equal(pfs[i].is_up, expected[i].is_up);
	}
	assert_string_equal(vfp_mac_format(&pfs[2].mac, mac), "00:1b:21:aa:bb:cc");
	assert_string_equal(vfp_word_of(vfp_sriov_status_words, pfs[0].status), "Not supported");
}

static void test_pf_refused(void **state)
{
	static const struct {
		const char *dev;
		int rc;
		const char *words;
	} cases[] = {
		{"ens7", -ENOENT, "PF ens7: no such network device"},
		{"lo", -ENODEV, "PF lo: this network device is no PCI device"},
		{"eth0", -ENODEV, "PF eth0: this network device is no PCI device"},
		{"ens2v1", -ENODEV, "PF ens2v1: this network device is a VF"},
		{"../../x", -ENOENT, "no name of a network device"},
		{"..", -ENOENT, "no name of a network device"},
		{"", -ENOENT, "no name of a network device"},
		{"a-name-that-is-too-long", -ENOENT, "no name of a network device"},
	};

	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_pf pf = {.mtu = 4711};
		struct vfp_err err = {0};

		assert_int_equal(vfp_sysfs_pf(*state, cases[i].dev, &pf, &err), cases[i].rc);
		assert_non_null(strstr(err.msg, cases[i].words));
		assert_int_equal(pf.mtu, 4711);
	}
}

static void test_vfs(void **state)
{
	vfp_autofree struct vfp_vfinfo *vfs = NULL, *none = NULL;
	struct vfp_vfinfo vf;
	struct vfp_err err;
	size_t n;

	assert_int_equal(vfp_sysfs_vfs(*state, &pf_pci, &none, &n, &err), 0);
	assert_int_equal(n, 0);
	assert_non_null(none);
	fake_kernel_set_num_vfs(*state, "ens1f0", 7);
	assert_int_equal(vfp_sysfs_vfs(*state, &pf_pci, &vfs, &n, &err), 0);
	assert_int_equal(n, 7);
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(vfs[i].index, i);
	assert_int_equal(vfp_pci_compare(&vfs[2].pci, &vf2_pci), 0);
	assert_string_equal(vfs[2].driver, "igbvf");
	assert_string_equal(vfs[2].netdev, "ens1f0v2");
	assert_true(vfs[2].iommu_group > 0);
	assert_int_equal(vfs[2].group_others, 0);
	assert_int_equal(vfp_sysfs_vf(*state, &pf_pci, 7, &vf, &err), -ENOENT);
	assert_string_equal(err.msg, "PF 0000:01:00.0: has no VF 7 now");
	n = 4711;
	assert_int_equal(vfp_sysfs_vfs(*state, &(struct vfp_pci){.bus = 9}, &vfs, &n, &err),
			 -ENODEV);
	assert_int_equal(n, 4711);
}

/* Index 10 follows 9 and not 1, whatever order the folder has. */
static void test_vfs_order(void **state)
{
	static const struct fake_pf large = {.dev = "ens5",
					     .pci = "0000:05:00.0",
					     .driver = "fakefull",
					     .total_vfs = 300,
					     .num_vfs = 300,
					     .vf_offset = 16,
					     .vf_stride = 1};
	vfp_autofree struct vfp_vfinfo *vfs = NULL, *again = NULL;
	struct vfp_groups *groups;
	struct vfp_err err;
	size_t n;

	fake_pf_add(*state, &large);
	assert_int_equal(vfp_sysfs_vfs(*state, &(struct vfp_pci){.bus = 5}, &vfs, &n, &err), 0);
	assert_int_equal(n, 300);
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(vfs[i].index, i);
	/* The addresses go on on the next bus. */
	assert_int_equal(vfs[239].pci.bus, 5);
	assert_int_equal(vfs[240].pci.bus, 6);
	/* With all groups looked at before it is the same. */
	assert_int_equal(vfp_sysfs_groups(*state, &groups, &err), 0);
	assert_int_equal(
		vfp_sysfs_vfs_in(*state, groups, &(struct vfp_pci){.bus = 5}, &again, &n, &err), 0);
	assert_int_equal(n, 300);
	for (unsigned int i = 0; i < n; i++) {
		assert_true(again[i].iommu_group > 0);
		assert_int_equal(again[i].iommu_group, vfs[i].iommu_group);
		assert_int_equal(again[i].group_others, 0);
	}
	vfp_groups_free(groups);
}

static void test_iommu_group(void **state)
{
	struct vfp_groups *groups;
	struct vfp_vfinfo *vfs;
	size_t n;
	static const struct {
		const char *neighbour, *class;
		unsigned int others;
	} cases[] = {
		{"0000:01:0f.0", "0x060400", 0},
		{"0000:01:0f.1", "0x020000", 1},
		{"0000:01:0f.2", "0x010802", 2},
	};
	static const struct fake_pf bare = {.dev = "ens6",
					    .pci = "0000:06:00.0",
					    .driver = "igb",
					    .total_vfs = 7,
					    .num_vfs = 1,
					    .lacks_iommu = true};
	struct vfp_vfinfo vf;
	struct vfp_err err;

	fake_kernel_set_num_vfs(*state, "ens1f0", 1);
	assert_int_equal(vfp_sysfs_vf(*state, &pf_pci, 0, &vf, &err), 0);
	for (size_t i = 0; i < VFP_N(cases); i++) {
		fake_pci_add(*state, cases[i].neighbour, cases[i].class, vf.iommu_group);
		assert_int_equal(vfp_sysfs_vf(*state, &pf_pci, 0, &vf, &err), 0);
		assert_int_equal(vf.group_others, cases[i].others);
		assert_int_equal(vfp_sysfs_groups(*state, &groups, &err), 0);
		assert_int_equal(vfp_sysfs_vfs_in(*state, groups, &pf_pci, &vfs, &n, &err), 0);
		assert_int_equal(vfs[0].iommu_group, vf.iommu_group);
		assert_int_equal(vfs[0].group_others, cases[i].others);
		free(vfs);
		vfp_groups_free(groups);
	}
	fake_pf_add(*state, &bare);
	assert_int_equal(vfp_sysfs_vf(*state, &(struct vfp_pci){.bus = 6}, 0, &vf, &err), 0);
	assert_int_equal(vf.iommu_group, -1);
	assert_int_equal(vf.group_others, 0);
}

static void test_whose_vf(void **state)
{
	const struct vfp_pci nobody = {.bus = 0x44};
	struct vfp_vf vf = {.index = 4711};
	char text[VFP_VF_SIZE];
	struct vfp_pci pf;
	struct vfp_err err;

	fake_kernel_set_num_vfs(*state, "ens1f0", 7);
	assert_int_equal(vfp_sysfs_whose_vf(*state, &pf_pci, &vf, &pf, &err), -ENODEV);
	assert_int_equal(vfp_sysfs_whose_vf(*state, &nobody, &vf, &pf, &err), -ENODEV);
	assert_int_equal(vf.index, 4711);
	assert_int_equal(vfp_sysfs_whose_vf(*state, &vf2_pci, &vf, &pf, &err), 0);
	assert_string_equal(vfp_vf_format(&vf, text), "ens1f0#2");
	assert_int_equal(vfp_pci_compare(&vf.pci, &vf2_pci), 0);
	assert_int_equal(vfp_pci_compare(&pf, &pf_pci), 0);
	/* A PF without netdev, as with a driver for guests. */
	fake_remove(*state, PF_FOLDER "net/ens1f0");
	assert_int_equal(vfp_sysfs_whose_vf(*state, &vf2_pci, &vf, &pf, &err), 0);
	assert_string_equal(vf.pf, "");
	assert_int_equal(vf.index, 2);
}

static void test_set_num_vfs(void **state)
{
	struct vfp_pf pf = get_pf(*state, "ens1f0");
	vfp_autofree char *autoprobe = NULL;
	struct vfp_vfinfo vf;
	struct vfp_err err;

	assert_int_equal(vfp_sysfs_set_num_vfs(*state, &pf, 7, false, 1000, &err), 0);
	autoprobe = fake_read(*state, PF_FOLDER "sriov_drivers_autoprobe");
	assert_string_equal(autoprobe, "0");
	assert_int_equal(get_pf(*state, "ens1f0").num_vfs, 7);
	assert_int_equal(vfp_sysfs_vf(*state, &pf_pci, 6, &vf, &err), 0);
	assert_string_equal(vf.driver, "");
	assert_string_equal(vf.netdev, "");
	/* The same again is harmless, another number is not. */
	assert_int_equal(vfp_sysfs_set_num_vfs(*state, &pf, 7, false, 1000, &err), 0);
	assert_int_equal(vfp_sysfs_set_num_vfs(*state, &pf, 3, false, 1000, &err), -EBUSY);
	assert_string_equal(err.msg, "PF ens1f0: has 7 VFs, set 0 before 3");
	assert_int_equal(get_pf(*state, "ens1f0").num_vfs, 7);
	assert_int_equal(vfp_sysfs_set_num_vfs(*state, &pf, 0, false, 1000, &err), 0);
	assert_int_equal(vfp_sysfs_vf(*state, &pf_pci, 0, &vf, &err), -ENOENT);
	assert_int_equal(vfp_sysfs_set_num_vfs(*state, &pf, 1, true, 1000, &err), 0);
	assert_int_equal(vfp_sysfs_vf(*state, &pf_pci, 0, &vf, &err), 0);
	assert_string_equal(vf.driver, "igbvf");
}

static void test_set_num_vfs_refused(void **state)
{
	static const struct {
		const char *dev;
		unsigned int n;
		int rc;
		const char *words;
	} cases[] = {
		{"ens1f1", 8, -ERANGE, "PF ens1f1: 8 VFs, expected at most 7"},
		{"ens9", 1, -ERANGE, "PF ens9: 1 VFs, expected at most 0; SR-IOV is switched off"},
		{"eno1", 1, -EOPNOTSUPP, "PF eno1: SR-IOV is not supported"},
	};

	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_pf pf = get_pf(*state, cases[i].dev);
		struct vfp_err err;

		assert_int_equal(vfp_sysfs_set_num_vfs(*state, &pf, cases[i].n, false, 1000, &err),
				 cases[i].rc);
		assert_memory_equal(err.msg, cases[i].words, strlen(cases[i].words));
	}
	assert_int_equal(fake_kernel_calls(*state, ""), 0);
}

/* Some VFs never appear: after the time limit there are none, and the words tell how many there
 * were. */
static void test_set_num_vfs_late(void **state)
{
	struct vfp_pf pf = get_pf(*state, "ens1f0");
	const int64_t began = fake_ticks_ms();
	struct vfp_err err;

	fake_write(*state, "/fake/missing", "2");
	assert_int_equal(vfp_sysfs_set_num_vfs(*state, &pf, 7, false, 500, &err), -ETIMEDOUT);
	assert_string_equal(err.msg, "PF ens1f0: after 500 ms there are 5 VFs, expected 7");
	assert_int_equal(get_pf(*state, "ens1f0").num_vfs, 0);
	assert_in_range(fake_ticks_ms() - began, 500, 600);
}

static void test_set_num_vfs_write_fails(void **state)
{
	static const char *const files[] = {"sriov_drivers_autoprobe", "sriov_numvfs"};
	struct vfp_pf pf = get_pf(*state, "ens1f0");

	for (size_t i = 0; i < VFP_N(files); i++) {
		struct vfp_err err;

		fake_kernel_fail(*state, "sysfs_write", 1, "EIO", files[i]);
		assert_int_equal(vfp_sysfs_set_num_vfs(*state, &pf, 7, false, 500, &err), -EIO);
		assert_memory_equal(err.msg, "PF ens1f0: setting the number of VFs: ", 38);
		assert_int_equal(get_pf(*state, "ens1f0").num_vfs, 0);
	}
}

static void test_park(void **state)
{
	vfp_autofree char *override = NULL;
	struct vfp_vfinfo vf;
	struct vfp_err err;

	/* From the host's driver. */
	fake_kernel_set_num_vfs(*state, "ens1f0", 3);
	assert_int_equal(vfp_sysfs_park(*state, &vf2_pci, &err), 0);
	assert_int_equal(vfp_sysfs_vf(*state, &pf_pci, 2, &vf, &err), 0);
	assert_string_equal(vf.driver, "vfio-pci");
	assert_string_equal(vf.netdev, "");
	override = fake_read(*state, "/sys/bus/pci/devices/0000:01:10.4/driver_override");
	assert_string_equal(override, "vfio-pci");
	assert_int_equal(fake_kernel_calls(*state, "/igbvf/unbind 0000:01:10.4"), 1);
	/* Again: nothing is written. */
	fake_kernel_forget_calls(*state);
	assert_int_equal(vfp_sysfs_park(*state, &vf2_pci, &err), 0);
	assert_int_equal(fake_kernel_calls(*state, ""), 0);
	/* Bound to vfio-pci by another hand: only the override is missing. */
	fake_write(*state, "/sys/bus/pci/devices/0000:01:10.4/driver_override", "(null)\n");
	assert_int_equal(vfp_sysfs_park(*state, &vf2_pci, &err), 0);
	assert_int_equal(fake_kernel_calls(*state, ""), 1);
}

static void test_park_fails(void **state)
{
	static const struct {
		const char *word;
		int rc;
	} cases[] = {
		{"driver_override", -EACCES},
		{"unbind", -EACCES},
		{"drivers_probe", -EACCES},
	};
	const struct vfp_pci nobody = {.bus = 0x44};
	struct vfp_err err;

	assert_int_equal(vfp_sysfs_park(*state, &nobody, &err), -ENODEV);
	for (size_t i = 0; i < VFP_N(cases); i++) {
		fake_kernel_set_num_vfs(*state, "ens1f0", 3);
		fake_kernel_fail(*state, "sysfs_write", 1, "EACCES", cases[i].word);
		assert_int_equal(vfp_sysfs_park(*state, &vf2_pci, &err), cases[i].rc);
		fake_kernel_set_num_vfs(*state, "ens1f0", 0);
	}
	fake_kernel_set_num_vfs(*state, "ens1f0", 3);
	fake_remove(*state, "/sys/bus/pci/drivers/vfio-pci");
	assert_int_equal(vfp_sysfs_park(*state, &vf2_pci, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "modprobe vfio-pci"));
}

static int write_nothing(const struct vfp_host *host, const char *path, const char *value,
			 struct vfp_err *err)
{
	(void)host;
	(void)path;
	(void)value;
	(void)err;
	return 0;
}

/* Every write says yes and does nothing: what is read back decides. */
static void test_park_unbound(void **state)
{
	struct vfp_kernel kernel = fake_kernel;
	struct vfp_host host = *(struct vfp_host *)*state;
	struct vfp_err err;

	fake_kernel_set_num_vfs(&host, "ens1f0", 3);
	kernel.sysfs_write = write_nothing;
	host.kernel = &kernel;
	assert_int_equal(vfp_sysfs_park(&host, &vf2_pci, &err), -EIO);
	assert_string_equal(err.msg, "VF 0000:01:10.4: its driver is igbvf, expected vfio-pci");
}

int main(void)
{
#define WITH(setup, test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH(setup_many, test_pfs),
		WITH(setup_many, test_pf_refused),
		WITH(setup, test_vfs),
		WITH(setup, test_vfs_order),
		WITH(setup, test_iommu_group),
		WITH(setup, test_whose_vf),
		WITH(setup, test_set_num_vfs),
		WITH(setup_many, test_set_num_vfs_refused),
		WITH(setup, test_set_num_vfs_late),
		WITH(setup, test_set_num_vfs_write_fails),
		WITH(setup, test_park),
		WITH(setup, test_park_fails),
		WITH(setup, test_park_unbound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
