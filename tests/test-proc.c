/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/proc.c over a fake root: who is alive, which QEMU is whose, what is locked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "tests/fake-kernel.h"
#include "tests/fake-sysfs.h"

#define UUID_1 "11111111-1111-4111-8111-111111111111"
#define UUID_2 "22222222-2222-4222-8222-222222222222"

static int setup(void **state)
{
	static struct vfp_host host;

	fake_root_make(&host, NULL, 0);
	fake_clock_set(1000);
	fake_write(&host, "/proc/uptime", "1 1\n");
	fake_process_add(&host, &(struct fake_process){.pid = 1, .comm = "systemd"});
	fake_process_add(&host,
			 &(struct fake_process){
				 .pid = 100, .uuid = UUID_1, .domain = "web1", .groups = {7, 8}});
	fake_process_add(&host, &(struct fake_process){.pid = 200,
						       .uuid = UUID_2,
						       .domain = "a,,b",
						       .groups = {9},
						       .guest_kib = 300,
						       .locked_kib = 100});
	*state = &host;
	return 0;
}

static int teardown(void **state)
{
	fake_root_remove(*state);
	return 0;
}

static void test_get(void **state)
{
	static const struct {
		const char *stat;
		int rc;
		uint64_t start;
	} cases[] = {
		{"5 (a) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 777 9 9\n", 0, 777},
		{"5 (a) b) (c) R 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 778 9\n", 0, 778},
		{"5 (a) D 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 18446744073709551615", 0, UINT64_MAX},
		{"5 (a) Z 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 777 9 9\n", -ESRCH, 0},
		{"5 (a) X 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 777 9 9\n", -ESRCH, 0},
		{"5 (a) S 1 1\n", -EPROTO, 0},
		{"5 (a)", -EPROTO, 0},
		{"", -EPROTO, 0},
	};

	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_process p = {.pid = 4711};
		struct vfp_err err;

		fake_write(*state, "/proc/5/stat", cases[i].stat);
		assert_int_equal(vfp_proc_get(*state, 5, &p, &err), cases[i].rc);
		assert_int_equal(p.pid, cases[i].rc < 0 ? 4711 : 5);
		assert_int_equal(p.start, cases[i].start);
	}
}

static void test_alive(void **state)
{
	struct vfp_process p, other, none = {0};
	struct vfp_err err;

	assert_int_equal(vfp_proc_get(*state, 100, &p, &err), 0);
	assert_true(vfp_proc_alive(*state, &p));
	assert_false(vfp_proc_alive(*state, &none));
	other = p;
	other.start++;
	assert_false(vfp_proc_alive(*state, &other));
	fake_process_remove(*state, 100);
	assert_false(vfp_proc_alive(*state, &p));
	assert_int_equal(vfp_proc_get(*state, 100, &p, &err), -ESRCH);
	assert_string_equal(err.msg, "process 100: no such process");
}

static void test_wait_gone(void **state)
{
	struct vfp_process p;
	struct vfp_err err;

	assert_int_equal(vfp_proc_get(*state, 100, &p, &err), 0);
	assert_int_equal(vfp_proc_wait_gone(*state, &p, 300, &err), -ETIMEDOUT);
	assert_string_equal(err.msg, "process 100: still there after 300 ms");
	assert_in_range(fake_ticks_ms(), 1300, 1400);
	fake_process_remove(*state, 100);
	assert_int_equal(vfp_proc_wait_gone(*state, &p, 0, &err), 0);
}

static void test_find_qemu(void **state)
{
	static const struct {
		const char *pid_file; /* of web1; NULL: none */
		const char *uuid, *name;
		pid_t pid; /* 0: none */
	} cases[] = {
		{NULL, UUID_1, "web1", 100},
		{NULL, UUID_1, "", 100},
		{NULL, UUID_1, NULL, 100},
		{"100\n", UUID_1, "web1", 100},
		/* Leftovers: of another domain's process, of no process, of nothing. */
		{"200", UUID_1, "web1", 100},
		{"999", UUID_1, "web1", 100},
		{"rubbish", UUID_1, "web1", 100},
		{NULL, UUID_1, "../web1", 100},
		{NULL, UUID_2, "web1", 200},
		{NULL, "33333333-3333-4333-8333-333333333333", "web1", 0},
	};

	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_process p = {.pid = 4711};
		struct vfp_err err;
		int rc;

		fake_remove(*state, "/run/libvirt/qemu/web1.pid");
		if (cases[i].pid_file)
			fake_write(*state, "/run/libvirt/qemu/web1.pid", cases[i].pid_file);
		rc = vfp_proc_find_qemu(*state, cases[i].uuid, cases[i].name, &p, &err);
		assert_int_equal(rc, cases[i].pid ? 0 : -ESRCH);
		assert_int_equal(p.pid, cases[i].pid ? cases[i].pid : 4711);
	}
}

/* A UUID as the value of another option, or "-uuid" as the last word, is no domain. */
static void test_find_qemu_by_option(void **state)
{
	static const char *const words[] = {"-smbios " UUID_1, "-uuid", "x-uuid " UUID_1,
					    "-uuid " UUID_1 "1"};
	struct vfp_process p;
	struct vfp_err err;

	fake_process_remove(*state, 100);
	for (size_t i = 0; i < VFP_N(words); i++) {
		fake_process_add(*state, &(struct fake_process){.pid = 300, .comm = words[i]});
		fake_write(*state, "/proc/300/cmdline", words[i]);
		assert_int_equal(vfp_proc_find_qemu(*state, UUID_1, "", &p, &err), -ESRCH);
		fake_process_remove(*state, 300);
	}
}

static int compare_holders(const void *a, const void *b)
{
	const struct vfp_vfio_holder *holder_a = a, *holder_b = b;

	return holder_a->group - holder_b->group;
}

static void test_vfio_holders(void **state)
{
	static const struct {
		int group;
		pid_t pid;
		const char *domain, *uuid;
	} expected[] = {
		{7, 100, "web1", UUID_1},
		{8, 100, "web1", UUID_1},
		{9, 200, "a,b", UUID_2},
		{10, 300, "dpdk-testpmd", ""},
	};
	vfp_autofree struct vfp_vfio_holder *holders = NULL;
	struct vfp_err err;
	size_t n;

	fake_process_add(
		*state, &(struct fake_process){.pid = 300, .comm = "dpdk-testpmd", .groups = {10}});
	/* A group open twice counts once; the container is no group. */
	fake_link(*state, "/dev/vfio/10", "/proc/300/fd/50");
	fake_link(*state, "/dev/vfio/vfio", "/proc/300/fd/51");
	fake_link(*state, "socket:[4711]", "/proc/300/fd/52");
	assert_int_equal(vfp_proc_vfio_holders(*state, &holders, &n, &err), 0);
	assert_int_equal(n, VFP_N(expected));
	qsort(holders, n, sizeof(*holders), compare_holders);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(holders[i].group, expected[i].group);
		assert_int_equal(holders[i].process.pid, expected[i].pid);
		assert_int_equal(holders[i].process.start, 1000 + expected[i].pid);
		assert_string_equal(holders[i].domain, expected[i].domain);
		assert_string_equal(holders[i].uuid, expected[i].uuid);
	}
}

#define MAPPING(size, flags)                                        \
	"7f0000000000-7f0010000000 rw-p 00000000 00:00 0 [dc lo]\n" \
	"Size: " size " kB\nKernelPageSize: 4 kB\nLocked: 99 kB\nVmFlags: " flags " \n"

static void test_locked(void **state)
{
	static const struct {
		const char *smaps;
		uint64_t guest_kib, locked_kib;
		size_t n_guest, n_loose;
	} cases[] = {
		{"", 0, 0, 0, 0},
		{MAPPING("262144", "rd wr mr mw me dc ac lo"), 262144, 262144, 1, 0},
		{MAPPING("262144", "rd wr mr mw me dc ac"), 262144, 0, 1, 1},
		{MAPPING("1024", "rd wr mr mw me dc de ht"), 1024, 1024, 1, 0},
		{MAPPING("1024", "rd wr mr mw me ac lo"), 0, 0, 0, 0},
		{MAPPING("64", "rd wr sh mr mw ms pf io dc de lo"), 0, 0, 0, 0},
		{MAPPING("64", "rd wr sh mr mw ms io dc de"), 0, 0, 0, 0},
		{MAPPING("100", "dc lo") MAPPING("50", "dc") MAPPING("7", "lo"), 150, 100, 2, 1},
		/* Letters of a flag inside another are not that flag. */
		{MAPPING("100", "rd dcx lox xlo"), 0, 0, 0, 0},
		/* A guest on huge pages whose ROM is on usual ones, and loose. */
		{MAPPING("1024", "dc ht") MAPPING("64", "dc"), 1088, 1024, 2, 1},
	};

	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_locked sum = {0};
		struct vfp_err err;

		fake_write(*state, "/proc/200/smaps", cases[i].smaps);
		assert_int_equal(vfp_proc_locked(*state, 200, &sum, &err), 0);
		assert_int_equal(sum.guest_kib, cases[i].guest_kib);
		assert_int_equal(sum.locked_kib, cases[i].locked_kib);
		assert_int_equal(sum.n_guest, cases[i].n_guest);
		assert_int_equal(sum.n_loose, cases[i].n_loose);
	}
}

/* What tests/fake-sysfs.c writes for a process is read as it was meant. */
static void test_locked_of_fake(void **state)
{
	struct vfp_locked sum = {.guest_kib = 4711};
	struct vfp_err err;

	assert_int_equal(vfp_proc_locked(*state, 999, &sum, &err), -ESRCH);
	assert_int_equal(sum.guest_kib, 4711);
	assert_int_equal(vfp_proc_locked(*state, 200, &sum, &err), 0);
	assert_int_equal(sum.guest_kib, 300);
	assert_int_equal(sum.locked_kib, 100);
}

/* A shell of SSH, sudo without its variables, and us. */
static void test_variable(void **state)
{
	static const struct {
		pid_t pid, parent;
		const char *environment;
	} chain[] = {{30, 1, "SSH_CONNECTION=a 1 b 22"}, {31, 30, "SSH=x"}, {32, 31, "HOME=/"}};
	const struct vfp_host *host = *state;
	char value[64] = "";

	for (size_t i = 0; i < VFP_N(chain); i++) {
		fake_write(
			host, fake_path("/proc/%d/stat", (int)chain[i].pid),
			fake_path("%d (a) b) S %d 1 1\n", (int)chain[i].pid, (int)chain[i].parent));
		fake_write(host, fake_path("/proc/%d/environ", (int)chain[i].pid),
			   chain[i].environment);
	}
	assert_true(vfp_proc_variable(host, 32, "SSH_CONNECTION", value, sizeof(value)));
	assert_string_equal(value, "a 1 b 22");
	assert_true(vfp_proc_variable(host, 32, "SSH", value, sizeof(value)));
	assert_string_equal(value, "x");
	assert_false(vfp_proc_variable(host, 32, "SSH_CONNECTIO", value, sizeof(value)));
	assert_false(vfp_proc_variable(host, 32, "SSH_CONNECTION", value, 5));
	assert_false(vfp_proc_variable(host, 999, "HOME", value, sizeof(value)));
}

static void test_find(void **state)
{
	struct vfp_process found;
	struct vfp_err err;

	assert_int_equal(vfp_proc_find(*state, "systemd", &found, &err), 0);
	assert_int_equal(found.pid, 1);
	assert_int_equal(vfp_proc_find(*state, "system", &found, &err), -ESRCH);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH(test_get),
		WITH(test_alive),
		WITH(test_wait_gone),
		WITH(test_find_qemu),
		WITH(test_find_qemu_by_option),
		WITH(test_vfio_holders),
		WITH(test_locked),
		WITH(test_locked_of_fake),
		WITH(test_variable),
		WITH(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
