/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/host.c and the doors: the real ones of base/kernel.c as far as a folder shows them, and the
 * fake ones, on whose manners other tests rely.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sysfs.h"
#include "tests/fake-kernel.h"
#include "tests/fake-sysfs.h"

static const struct fake_pf pfs[] = {
	{.dev = "ens1f0", .pci = "0000:01:00.0", .driver = "igb", .total_vfs = 7, .num_vfs = 7},
	{.dev = "full",
	 .pci = "0000:08:00.0",
	 .driver = "fakefull",
	 .total_vfs = 512,
	 .num_vfs = 331,
	 .vf_offset = 1,
	 .vf_stride = 1},
	{.dev = "zero", .pci = "0000:03:00.0", .driver = "fakezero", .total_vfs = 7, .num_vfs = 1},
	{.dev = "blind",
	 .pci = "0000:04:00.0",
	 .driver = "fakeblind",
	 .total_vfs = 7,
	 .num_vfs = 1,
	 .is_parked = true},
};

static int setup(void **state)
{
	static struct vfp_host host;

	fake_root_make(&host, pfs, VFP_N(pfs));
	fake_clock_set(1000);
	*state = &host;
	return 0;
}

static int teardown(void **state)
{
	fake_root_remove(*state);
	return 0;
}

static void test_init(void **state)
{
	const struct vfp_host *fake = *state;
	char longest[300], path[VFP_PATH_SIZE];
	struct vfp_host host = {.root = "unchanged"};
	struct vfp_err err;

	snprintf(path, sizeof(path), "%s//", fake->root);
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(vfp_host_init(&host, "/nowhere/at/all", &err), -ENOENT);
	assert_int_equal(vfp_host_init(&host, longest, &err), -ENAMETOOLONG);
	assert_int_equal(vfp_host_init(&host, "/proc/self/stat", &err), -ENOENT);
	assert_string_equal(host.root, "unchanged");
	assert_int_equal(vfp_host_init(&host, path, &err), 0);
	assert_string_equal(host.root, fake->root);
	assert_ptr_equal(host.kernel, &vfp_kernel_linux);
	assert_int_equal(vfp_host_init(&host, "/", &err), 0);
	assert_string_equal(host.root, "");
	assert_int_equal(vfp_host_init(&host, NULL, &err), 0);
	assert_string_equal(vfp_host_path(&host, path, "/sys/%s/%d", "a", 1), "/sys/a/1");
	host = (struct vfp_host){.root = "/tmp/r"};
	assert_string_equal(vfp_host_path(&host, path, "/sys"), "/tmp/r/sys");
}

static void test_boot_id(void **state)
{
	char id[VFP_BOOT_ID_SIZE] = "unchanged";
	struct vfp_err err;

	assert_int_equal(vfp_host_boot_id(*state, id, &err), 0);
	assert_string_equal(id, FAKE_BOOT_ID);
	fake_write(*state, "/proc/sys/kernel/random/boot_id", "rubbish\n");
	assert_int_equal(vfp_host_boot_id(*state, id, &err), -EINVAL);
	assert_string_equal(id, FAKE_BOOT_ID);
	fake_remove(*state, "/proc/sys/kernel/random/boot_id");
	assert_int_equal(vfp_host_boot_id(*state, id, &err), -ENOENT);
}

static void test_sysfs_write(void **state)
{
	vfp_autofree char *text = NULL;
	struct vfp_err err;

	fake_write(*state, "/sys/attribute", "before\n");
	assert_int_equal(vfp_kernel_linux.sysfs_write(*state, "/sys/attribute", "after\n", &err),
			 0);
	text = fake_read(*state, "/sys/attribute");
	assert_memory_equal(text, "after", 5);
	/* An attribute that is not there is not made. */
	assert_int_equal(vfp_kernel_linux.sysfs_write(*state, "/sys/none", "1", &err), -ENOENT);
	assert_false(fake_exists(*state, "/sys/none"));
	assert_non_null(strstr(err.msg, "/sys/none: cannot open it for writing: No such file"));
	fake_link(*state, "/dev/full", "/sys/full");
	assert_int_equal(vfp_kernel_linux.sysfs_write(*state, "/sys/full", "7", &err), -ENOSPC);
	assert_non_null(strstr(err.msg, "/sys/full: cannot write '7': No space left"));
}

static void test_vfio_busy(void **state)
{
	bool is_busy = true;
	struct vfp_err err;

	assert_int_equal(vfp_kernel_linux.vfio_busy(*state, 7, &is_busy, &err), 0);
	assert_false(is_busy);
	fake_write(*state, "/dev/vfio/8", "");
	assert_int_equal(vfp_kernel_linux.vfio_busy(*state, 8, &is_busy, &err), 0);
	assert_false(is_busy);
	fake_folder(*state, "/dev/vfio/9");
	is_busy = true;
	assert_int_equal(vfp_kernel_linux.vfio_busy(*state, 9, &is_busy, &err), -EISDIR);
	assert_true(is_busy);
	fake_process_add(*state, &(struct fake_process){.pid = 5, .groups = {10}});
	assert_int_equal(fake_kernel.vfio_busy(*state, 10, &is_busy, &err), 0);
	assert_true(is_busy);
	assert_int_equal(fake_kernel.vfio_busy(*state, 11, &is_busy, &err), 0);
	assert_false(is_busy);
}

static void test_clock(void **state)
{
	const struct vfp_kernel *kernel = &vfp_kernel_linux;
	const int64_t began = kernel->ticks_ms();

	(void)state;
	kernel->pause_ms(2);
	assert_in_range(kernel->ticks_ms() - began, 2, 60000);
	/* 2024 to 2100. */
	assert_in_range(kernel->now_ms(), 1704067200000, 4102444800000);
	fake_kernel.pause_ms(60000);
	assert_int_equal(fake_kernel.now_ms(), 61000);
	assert_int_equal(fake_kernel.ticks_ms(), 61000);
}

static void test_fake_drivers(void **state)
{
	const struct {
		const char *netdev;
		unsigned int index;
		enum vfp_attr attr;
		struct vfp_attrs value;
		int rc;
	} cases[] = {
		{"ens1f0", 6, VFP_ATTR_MAC, {.mac = {{2, 0, 0, 0, 0, 9}}}, 0},
		{"ens1f0", 6, VFP_ATTR_MAC, {.known = 0}, 0},
		{"ens1f0", 6, VFP_ATTR_MAC, {.mac = {{1, 0, 0x5e, 0, 0, 1}}}, -EINVAL},
		{"ens1f0", 7, VFP_ATTR_TRUST, {.trust = true}, -EINVAL},
		{"ens1f0", 0, VFP_ATTR_LINKSTATE, {.link_state = VFP_LINK_AUTO}, -EOPNOTSUPP},
		{"ens1f0", 0, VFP_ATTR_RATE, {.max_rate_mbps = 100}, 0},
		{"ens1f0", 0, VFP_ATTR_RATE, {.min_rate_mbps = 1}, -EINVAL},
		{"ens1f0", 0, VFP_ATTR_VLAN, {.vlan = 5, .vlan_proto = 0x88a8}, -EPROTONOSUPPORT},
		{"ens1f0", 0, VFP_ATTR_VLAN, {.vlan = 5, .vlan_proto = 0x8100}, 0},
		{"full", 0, VFP_ATTR_VLAN, {.vlan = 5, .vlan_proto = 0x88a8}, 0},
		{"full", 0, VFP_ATTR_LINKSTATE, {.link_state = VFP_LINK_DISABLE}, 0},
		{"zero", 0, VFP_ATTR_MAC, {.known = 0}, -EADDRNOTAVAIL},
		{"zero", 0, VFP_ATTR_MAC, {.mac = {{2, 0, 0, 0, 0, 0}}}, 0},
		{"blind", 0, VFP_ATTR_SPOOFCHK, {.spoofchk = true}, -EOPNOTSUPP},
		{"eth9", 0, VFP_ATTR_TRUST, {.trust = true}, -ENODEV},
	};

	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_attrs attrs;
		struct vfp_err err = {0};

		assert_int_equal(fake_kernel.vf_write(*state, cases[i].netdev, cases[i].index,
						      cases[i].attr, &cases[i].value, &err),
				 cases[i].rc);
		fake_kernel_get(*state, cases[i].netdev, cases[i].index, &attrs);
		if (cases[i].rc == 0)
			assert_true(vfp_attr_equal(cases[i].attr, &attrs, &cases[i].value));
		else
			assert_non_null(strstr(err.msg, vfp_attr_name(cases[i].attr)));
	}
}

static void test_fake_read(void **state)
{
	struct vfp_attrs attrs[8], set = vfp_attrs_scrubbed;
	struct vfp_err err;
	size_t n = 4711;

	assert_int_equal(fake_kernel.vf_read(*state, "ens1f0", false, attrs, 6, &n, &err),
			 -ENOBUFS);
	assert_int_equal(fake_kernel.vf_read(*state, "full", false, attrs, 8, &n, &err), -EMSGSIZE);
	assert_int_equal(fake_kernel.vf_read(*state, "eth9", false, attrs, 8, &n, &err), -ENODEV);
	assert_int_equal(n, 4711);
	set.vlan = 77;
	set.link_state = VFP_LINK_DISABLE;
	set.trust = true;
	set.counters.tx_dropped = 12;
	fake_kernel_set(*state, "ens1f0", 6, &set);
	assert_int_equal(fake_kernel.vf_read(*state, "ens1f0", true, attrs, 8, &n, &err), 0);
	assert_int_equal(n, 7);
	set.has_counters = true;
	for (int attr = 0; attr < VFP_N_ATTRS; attr++) {
		assert_true(vfp_attr_equal((enum vfp_attr)attr, &attrs[6], &set));
		assert_true(vfp_attr_equal((enum vfp_attr)attr, &attrs[5], &vfp_attrs_scrubbed));
	}
	assert_int_equal(attrs[6].counters.tx_dropped, 12);
	assert_int_equal(fake_kernel.vf_read(*state, "blind", false, attrs, 8, &n, &err), 0);
	assert_false(attrs[0].known & (1u << VFP_ATTR_SPOOFCHK | 1u << VFP_ATTR_TRUST));
	assert_false(attrs[0].has_counters);
}

static void test_fake_fail(void **state)
{
	static const int expected[] = {0, -EIO, 0, -EPERM, -EPERM};
	const struct vfp_attrs attrs = vfp_attrs_scrubbed;
	struct vfp_err err;
	size_t n;

	fake_kernel_fail(*state, "vf_write", 2, "EIO", "ens1f0#3");
	for (size_t i = 0; i < VFP_N(expected); i++) {
		if (i == 3)
			fake_kernel_fail(*state, "vf_write", 0, "EPERM", NULL);
		/* Another VF and another door do not count. */
		assert_int_equal(
			fake_kernel.vf_write(*state, "ens1f0", 2, VFP_ATTR_TRUST, &attrs, &err),
			i >= 3 ? -EPERM : 0);
		assert_int_equal(fake_kernel.vf_read(*state, "zero", false,
						     (struct vfp_attrs[1]){0}, 1, &n, &err),
				 0);
		assert_int_equal(
			fake_kernel.vf_write(*state, "ens1f0", 3, VFP_ATTR_TRUST, &attrs, &err),
			expected[i]);
	}
	assert_int_equal(fake_kernel_calls(*state, "vf_write ens1f0#3 trust off"), 5);
	fake_kernel_forget_calls(*state);
	assert_int_equal(fake_kernel_calls(*state, ""), 0);
}

/* Linux waits in this write for the guest to end. */
static void test_fake_in_use(void **state)
{
	static const char file[] = "/sys/bus/pci/devices/0000:01:00.0/sriov_numvfs";
	struct vfp_vfinfo vf;
	struct vfp_err err;

	assert_int_equal(vfp_sysfs_vf(*state, &(struct vfp_pci){.bus = 1}, 3, &vf, &err), 0);
	fake_process_add(*state, &(struct fake_process){.pid = 5, .groups = {vf.iommu_group}});
	assert_int_equal(fake_kernel.sysfs_write(*state, file, "0", &err), -EDEADLK);
	fake_process_remove(*state, 5);
	assert_int_equal(fake_kernel.sysfs_write(*state, file, "0", &err), 0);
	assert_int_equal(fake_kernel.sysfs_write(*state, file, "8", &err), -ERANGE);
	assert_int_equal(fake_kernel.sysfs_write(*state, file, "2", &err), 0);
	assert_int_equal(fake_kernel.sysfs_write(*state, file, "3", &err), -EBUSY);
	assert_int_equal(fake_kernel.sysfs_write(*state, file, "x", &err), -EINVAL);
}

static void test_fake_parked(void **state)
{
	struct vfp_vfinfo vf;
	struct vfp_err err;

	assert_int_equal(vfp_sysfs_vf(*state, &(struct vfp_pci){.bus = 4}, 0, &vf, &err), 0);
	assert_string_equal(vf.driver, "vfio-pci");
	assert_int_equal(fake_kernel_calls(*state, ""), 0);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH(test_init),	WITH(test_boot_id),   WITH(test_sysfs_write),
		WITH(test_vfio_busy),	WITH(test_clock),     WITH(test_fake_drivers),
		WITH(test_fake_read),	WITH(test_fake_fail), WITH(test_fake_in_use),
		WITH(test_fake_parked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
