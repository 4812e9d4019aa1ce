/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pool/setup.c against the fake kernel, which can fail each of its calls.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/lock.h"
#include "base/sysfs.h"
#include "pool/setup.h"
#include "tests/pool-fixture.h"

static int setup_driver(void **state, const char *driver)
{
	int rc = pool_fixture_setup(state, driver);

	fixture_define(*state, "");
	fake_kernel_forget_calls(&((struct pool_fixture *)*state)->host);
	return rc;
}

static int setup(void **state)
{
	return setup_driver(state, "igb");
}

static int setup_zero(void **state)
{
	return setup_driver(state, "fakezero");
}

static int setup_blind(void **state)
{
	return setup_driver(state, "fakeblind");
}

static struct vfp_attrs kernel_attrs(struct pool_fixture *fixture, const struct vfp_vf *vf)
{
	struct vfp_attrs attrs;

	fake_kernel_get(&fixture->host, vf->pf, vf->index, &attrs);
	return attrs;
}

static void assert_attrs(struct pool_fixture *fixture, const struct vfp_vf *vf,
			 const struct vfp_attrs *expected)
{
	const struct vfp_attrs found = kernel_attrs(fixture, vf);
	char words[64];

	for (enum vfp_attr attr = 0; attr < VFP_N_ATTRS; attr++)
		if (!vfp_attr_equal(attr, &found, expected))
			fail_msg("has %s", vfp_attr_format(attr, &found, words, sizeof(words)));
}

static struct vfp_vf_state state_of(struct pool_fixture *fixture, const struct vfp_vf *vf)
{
	struct vfp_vf_state state;

	assert_done(fixture, vfp_pool_vf_state(fixture->pool, vf, &state, &fixture->err));
	return state;
}

static bool is_leased(struct pool_fixture *fixture, const struct vfp_vf *vf)
{
	struct vfp_lease lease;

	return vfp_pool_lease_of(fixture->pool, vf, &lease, NULL) == 0;
}

static void test_apply(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = fixture_lease(fixture, 1, "blue");

	fake_kernel_forget_calls(&fixture->host);
	assert_refused(fixture, vfp_setup_verify(fixture->pool, &lease, &fixture->err), EIO,
		       "VF ens1f0#0: has MAC 00:00:00:00:00:00, expected MAC 52:54:00:00:00:01");
	assert_done(fixture, vfp_setup_apply(fixture->pool, &lease, &fixture->err));
	assert_attrs(fixture, &lease.vf, &lease.attrs);
	assert_done(fixture, vfp_setup_verify(fixture->pool, &lease, &fixture->err));
	/* Only what differs is written, and two dumps do for one apply. */
	assert_int_equal(fake_kernel_calls(&fixture->host, "vf_write"), 4);
	assert_int_equal(fake_kernel_calls(&fixture->host, "vf_read"), 4);
	fake_kernel_forget_calls(&fixture->host);
	assert_done(fixture, vfp_setup_apply(fixture->pool, &lease, &fixture->err));
	assert_int_equal(fake_kernel_calls(&fixture->host, "vf_write"), 0);
	assert_int_equal(fake_kernel_calls(&fixture->host, "vf_read"), 1);
}

/* A write that the driver takes and forgets is seen by the read-back. */
static void test_read_back(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = fixture_lease(fixture, 1, "blue");
	struct vfp_attrs attrs;

	assert_done(fixture, vfp_setup_apply(fixture->pool, &lease, &fixture->err));
	attrs = kernel_attrs(fixture, &lease.vf);
	attrs.trust = false;
	fake_kernel_set(&fixture->host, lease.vf.pf, lease.vf.index, &attrs);
	assert_refused(fixture, vfp_setup_verify(fixture->pool, &lease, &fixture->err), EIO,
		       "VF ens1f0#0: has trust off, expected trust on");
}

/* What a driver cannot do is named with attribute, value and driver; what it does not report passes
 * as default. */
static void test_unsupported(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_lease lease = fixture_lease(fixture, 1, "");

	assert_done(fixture, vfp_setup_apply(fixture->pool, &lease, &fixture->err));
	lease.attrs.link_state = VFP_LINK_ENABLE;
	assert_refused(
		fixture, vfp_setup_apply(fixture->pool, &lease, &fixture->err), EOPNOTSUPP,
		"VF ens1f0#0: driver igb refuses link state enable: Operation not supported");
	lease.attrs.link_state = VFP_LINK_AUTO;
	lease.attrs.min_rate_mbps = 10;
	assert_refused(fixture, vfp_setup_apply(fixture->pool, &lease, &fixture->err), EOPNOTSUPP,
		       "driver igb refuses rate 10-0 Mbit/s: Invalid argument");
}

static void test_unreported(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_lease lease = fixture_lease(fixture, 1, "");

	assert_done(fixture, vfp_setup_apply(fixture->pool, &lease, &fixture->err));
	lease.attrs.trust = true;
	assert_refused(fixture, vfp_setup_apply(fixture->pool, &lease, &fixture->err), EOPNOTSUPP,
		       "VF ens1f0#0: driver fakeblind does not support trust on");
	assert_done(fixture, vfp_setup_end(fixture->pool, &lease, "test", &fixture->err));
}

static struct vfp_portgroup group_of(const char *vlan, const char *trust, const char *link)
{
	struct vfp_portgroup group = vfp_portgroup_plain;

	vfp_portgroup_set(&group, "vlan", vlan, NULL);
	vfp_portgroup_set(&group, "trust", trust, NULL);
	vfp_portgroup_set(&group, "linkState", link, NULL);
	return group;
}

static int setup_full(void **state)
{
	return setup_driver(state, "fakefull");
}

/* What a VF keeps is taken away: by a reset first, then by attributes, those too that nobody of us
 * has set.  A VF that a host driver has is not reset behind its back. */
static void test_scrub(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = fixture_lease(fixture, 1, "blue");
	struct vfp_attrs attrs = lease.attrs;
	vfp_autofree struct vfp_event *events = NULL;
	struct vfp_journal_filter filter = {0};
	vfp_autofree char *log = NULL;
	size_t n;

	attrs.rss_query = true;
	attrs.node_guid = 7;
	attrs.port_guid = 8;
	fake_kernel_set(&fixture->host, lease.vf.pf, lease.vf.index, &attrs);
	assert_done(fixture, vfp_setup_park(fixture->pool, &lease, &fixture->err));
	fake_kernel_forget_calls(&fixture->host);
	assert_done(fixture, vfp_setup_end(fixture->pool, &lease, "shutdown", &fixture->err));
	assert_attrs(fixture, &lease.vf, &vfp_attrs_scrubbed);
	log = fake_read(&fixture->host, "/fake/log");
	assert_non_null(strstr(log, "0000:01:10.0/reset 1\nvf_read"));
	assert_done(fixture, vfp_pool_journal(fixture->pool, &filter, &events, &n, &fixture->err));
	assert_string_equal(events[n - 1].event, "free");
	assert_string_equal(events[n - 1].text, "shutdown; scrubbed in 0 ms, reset in 0 of them");
}

static void test_scrub_without_reset(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease one = fixture_lease(fixture, 1, "blue");
	const struct vfp_lease two = fixture_lease(fixture, 2, "blue");
	const struct vfp_lease three = fixture_lease(fixture, 3, "blue");
	char addr[VFP_PCI_SIZE];

	assert_done(fixture, vfp_setup_park(fixture->pool, &one, &fixture->err));
	/* The kernel offers none, or the file and no method; the driver has it. */
	fake_remove(&fixture->host,
		    fake_path("/sys/bus/pci/devices/%s/reset", vfp_pci_format(&one.vf.pci, addr)));
	assert_done(fixture, vfp_setup_end(fixture->pool, &one, "shutdown", &fixture->err));
	assert_done(fixture, vfp_setup_park(fixture->pool, &two, &fixture->err));
	fake_kernel_fail(&fixture->host, "sysfs_write", 1, "ENOTTY", "/reset");
	assert_done(fixture, vfp_setup_end(fixture->pool, &two, "shutdown", &fixture->err));
	fake_kernel_forget_calls(&fixture->host);
	assert_done(fixture, vfp_setup_end(fixture->pool, &three, "shutdown", &fixture->err));
	assert_int_equal(fake_kernel_calls(&fixture->host, "/reset"), 0);
}

/* The MAC that stays on a VF whose scrub failed is in the way of its own domain, and is named with
 * what to do. */
static void test_mac_that_stays(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = fixture_lease(fixture, 1, "blue");
	struct vfp_lease again = lease;
	struct vfp_binding binding;
	struct vfp_ask ask;

	assert_done(fixture, vfp_setup_apply(fixture->pool, &lease, &fixture->err));
	fake_kernel_fail(&fixture->host, "vf_write", 1, "EIO", "MAC");
	assert_refused(fixture, vfp_setup_end(fixture->pool, &lease, "crashed", &fixture->err), EIO,
		       "VF ens1f0#0");
	binding = fixture_bind(fixture, 1, "blue");
	assert_string_equal(binding.vf.pf, "ens1f0");
	assert_int_equal(binding.vf.index, 1);
	ask = fixture_ask(&binding);
	assert_done(fixture, vfp_pool_lease(fixture->pool, &lease.owner, &fixture_daemon, &ask, 1,
					    &again, &fixture->err));
	assert_refused(fixture, vfp_setup_park(fixture->pool, &again, &fixture->err), EEXIST,
		       "MAC 52:54:00:00:00:01: VF ens1f0#0 carries it still, since its scrub "
		       "failed (");
	assert_refused(fixture, vfp_setup_park(fixture->pool, &again, &fixture->err), EEXIST,
		       "run: vfpool vf scrub ens1f0#0");
	assert_done(fixture, vfp_setup_reclaim(fixture->pool, &lease.vf, &fixture->err));
	assert_done(fixture, vfp_setup_park(fixture->pool, &again, &fixture->err));
}

/* What somebody set on a VF that is free by the book: in the way of who has that MAC, until it is
 * scrubbed; not of a VF that is held, where somebody may want it. */
static void test_set_by_hand(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = fixture_lease(fixture, 1, "blue");
	const struct vfp_vf other = {.pf = "ens1f0", .index = 1};
	struct vfp_attrs attrs = vfp_attrs_scrubbed;

	attrs.mac = lease.mac;
	fake_kernel_set(&fixture->host, "ens1f0", 1, &attrs);
	assert_refused(fixture, vfp_setup_park(fixture->pool, &lease, &fixture->err), EEXIST,
		       "run: vfpool vf scrub ens1f0#1");
	assert_done(fixture, vfp_pool_hold(fixture->pool, &other, "a router", &fixture->err));
	assert_refused(fixture, vfp_setup_scrub(fixture->pool, &other, &fixture->err), EBUSY,
		       "VF ens1f0#1: is held for the host: a router");
	assert_refused(fixture, vfp_setup_park(fixture->pool, &lease, &fixture->err), EEXIST,
		       "ip link set ens1f0 vf 1 mac 00:00:00:00:00:00");
	assert_done(fixture, vfp_pool_unhold(fixture->pool, &other, &fixture->err));
	assert_done(fixture, vfp_setup_scrub(fixture->pool, &other, &fixture->err));
	assert_done(fixture, vfp_setup_park(fixture->pool, &lease, &fixture->err));
}

/* While a domain runs: what the driver takes is changed, read back and in the lease; what it
 * refuses stays, and is said. */
static void test_change(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = fixture_lease(fixture, 1, "blue");
	const struct vfp_portgroup group = group_of("200", "off", "disable");
	const struct vfp_process qemu = {.pid = 4711, .start = 99};
	struct vfp_change change;
	struct vfp_lease now;

	assert_done(fixture, vfp_setup_apply(fixture->pool, &lease, &fixture->err));
	assert_refused(fixture,
		       vfp_setup_change(fixture->pool, &lease, &group, &change, &fixture->err),
		       ESTALE, "domain web1: it does not run by our book");
	assert_done(fixture,
		    vfp_pool_activate(fixture->pool, lease.owner.uuid, &qemu, &fixture->err));
	assert_done(fixture,
		    vfp_setup_change(fixture->pool, &lease, &group, &change, &fixture->err));
	assert_string_equal(change.done, "VLAN 100 qos 2 -> VLAN 200; trust on -> trust off; "
					 "rate 1000 Mbit/s -> rate unlimited");
	assert_string_equal(change.refused,
			    "VF ens1f0#0: driver igb refuses link state disable: Operation not "
			    "supported");
	assert_int_equal(kernel_attrs(fixture, &lease.vf).vlan, 200);
	assert_done(fixture, vfp_pool_lease_of(fixture->pool, &lease.vf, &now, &fixture->err));
	assert_int_equal(now.attrs.vlan, 200);
	assert_false(now.attrs.trust);
	assert_int_equal(now.attrs.link_state, VFP_LINK_AUTO);
	assert_done(fixture, vfp_setup_verify(fixture->pool, &now, &fixture->err));
	assert_int_equal(fixture_events(fixture, "changed"), 1);
	/* Once more there is nothing left but what is refused. */
	assert_done(fixture,
		    vfp_setup_change(fixture->pool, &lease, &group, &change, &fixture->err));
	assert_string_equal(change.done, "");
	assert_int_equal(fixture_events(fixture, "changed"), 1);
	/* The next owner of the VF is not touched. */
	assert_done(fixture, vfp_setup_end(fixture->pool, &lease, "shutdown", &fixture->err));
	assert_refused(fixture,
		       vfp_setup_change(fixture->pool, &lease, &group, &change, &fixture->err),
		       ESTALE, "ended meanwhile");
	assert_attrs(fixture, &lease.vf, &vfp_attrs_scrubbed);
}

static void test_end(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = fixture_lease(fixture, 1, "blue");

	assert_done(fixture, vfp_setup_apply(fixture->pool, &lease, &fixture->err));
	assert_done(fixture, vfp_setup_end(fixture->pool, &lease, "shutdown", &fixture->err));
	assert_attrs(fixture, &lease.vf, &vfp_attrs_scrubbed);
	assert_false(is_leased(fixture, &lease.vf));
	assert_false(state_of(fixture, &lease.vf).is_dirty);
	assert_int_equal(fixture_events(fixture, "free"), 1);
}

/* The next owner's settings survive a late end, apply, park and look of the former one. */
static void test_late(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease first = fixture_lease(fixture, 1, "blue");
	struct vfp_lease second;
	struct vfp_counters counters;

	assert_done(fixture, vfp_setup_end(fixture->pool, &first, "shutdown", &fixture->err));
	second = fixture_lease(fixture, 1, "blue");
	assert_done(fixture, vfp_setup_apply(fixture->pool, &second, &fixture->err));
	fake_kernel_forget_calls(&fixture->host);
	assert_done(fixture, vfp_setup_end(fixture->pool, &first, "late", &fixture->err));
	assert_refused(fixture, vfp_setup_apply(fixture->pool, &first, &fixture->err), ESTALE,
		       "VF ens1f0#0: the lease of web1 ended meanwhile");
	assert_refused(fixture, vfp_setup_verify(fixture->pool, &first, &fixture->err), ESTALE,
		       "ens1f0#0");
	assert_refused(fixture, vfp_setup_park(fixture->pool, &first, &fixture->err), ESTALE,
		       "ens1f0#0");
	assert_refused(fixture, vfp_setup_counters(fixture->pool, &first, &counters, &fixture->err),
		       ESTALE, "ens1f0#0");
	assert_int_equal(fake_kernel_calls(&fixture->host, ""), 0);
	assert_attrs(fixture, &second.vf, &second.attrs);
	assert_true(is_leased(fixture, &second.vf));
}

static void test_mac_that_cannot_be_zero(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = fixture_lease(fixture, 1, "");

	assert_done(fixture, vfp_setup_apply(fixture->pool, &lease, &fixture->err));
	assert_done(fixture, vfp_setup_end(fixture->pool, &lease, "shutdown", &fixture->err));
	assert_int_equal(kernel_attrs(fixture, &lease.vf).mac.byte[0], 0x02);
	assert_false(state_of(fixture, &lease.vf).is_dirty);
}

/* Whichever call of the scrub fails: the lease ends, the VF is faulty and nobody's, and a later
 * scrub mends it. */
static void test_scrub_fails(void **state)
{
	static const struct {
		const char *door;
		unsigned int n;
		const char *word;
	} cases[] = {
		{"sysfs_write", 1, "/reset"}, {"vf_read", 1, NULL},    {"vf_read", 2, NULL},
		{"vf_write", 1, "MAC"},	      {"vf_write", 1, "VLAN"}, {"vf_write", 1, "trust"},
		{"vf_write", 1, "rate"},
	};

	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct pool_fixture *fixture;
		struct vfp_lease lease, again;
		struct vfp_ask ask;
		void *own;

		setup(&own);
		fixture = own;
		lease = fixture_lease(fixture, 1, "blue");
		assert_done(fixture, vfp_setup_park(fixture->pool, &lease, &fixture->err));
		assert_done(fixture, vfp_setup_apply(fixture->pool, &lease, &fixture->err));
		fake_kernel_fail(&fixture->host, cases[i].door, cases[i].n, "EIO", cases[i].word);
		assert_refused(fixture,
			       vfp_setup_end(fixture->pool, &lease, "shutdown", &fixture->err), EIO,
			       "VF ens1f0#0");
		assert_false(is_leased(fixture, &lease.vf));
		assert_true(state_of(fixture, &lease.vf).is_faulty &&
			    state_of(fixture, &lease.vf).is_dirty);
		assert_int_equal(fixture_events(fixture, "faulty"), 1);
		ask = (struct vfp_ask){.mac = lease.mac, .vf = lease.vf, .vlan = 100};
		assert_refused(fixture,
			       vfp_pool_lease(fixture->pool, &lease.owner, &fixture_daemon, &ask, 1,
					      &again, &fixture->err),
			       EPERM, "is faulty");
		assert_done(fixture, vfp_setup_reclaim(fixture->pool, &lease.vf, &fixture->err));
		assert_false(state_of(fixture, &lease.vf).is_faulty ||
			     state_of(fixture, &lease.vf).is_dirty);
		assert_attrs(fixture, &lease.vf, &vfp_attrs_scrubbed);
		pool_fixture_teardown(&own);
	}
}

/* A VF that is not there cannot be scrubbed: its lease ends, and what comes back in its place is
 * not given. */
static void test_absent(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = fixture_lease(fixture, 1, "blue");

	fake_kernel_set_num_vfs(&fixture->host, "ens1f0", 0);
	assert_refused(fixture, vfp_setup_apply(fixture->pool, &lease, &fixture->err), ENODEV,
		       "VF ens1f0#0: is not there, the PF has 0 VFs now");
	assert_refused(fixture, vfp_setup_end(fixture->pool, &lease, "shutdown", &fixture->err),
		       ENODEV, "VF ens1f0#0");
	assert_false(is_leased(fixture, &lease.vf));
	assert_true(state_of(fixture, &lease.vf).is_faulty);
	assert_done(fixture, vfp_setup_end(fixture->pool, &lease, "late", &fixture->err));
	assert_refused(fixture, vfp_setup_reclaim(fixture->pool, &lease.vf, &fixture->err), ENODEV,
		       "VF ens1f0#0");
	fake_kernel_set_num_vfs(&fixture->host, "ens1f0", FIXTURE_N_VFS);
	assert_done(fixture, vfp_setup_reclaim(fixture->pool, &lease.vf, &fixture->err));
	assert_false(state_of(fixture, &lease.vf).is_faulty);
}

static void test_absent_pf(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = fixture_lease(fixture, 1, "");

	fake_remove(&fixture->host, "/sys/class/net/ens1f0");
	assert_refused(fixture, vfp_setup_end(fixture->pool, &lease, "shutdown", &fixture->err),
		       ENODEV, "VF ens1f0#0: its PF is not there");
	assert_false(is_leased(fixture, &lease.vf));
}

/* Who cannot have the lock changes nothing, neither on the device nor in the book. */
static void test_locked(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = fixture_lease(fixture, 1, "blue");
	const struct vfp_pci pf = {.bus = 1};
	vfp_autoclose int fd = -1;

	assert_int_equal(vfp_lock_vf(&fixture->host, &pf, 0, 0, &fd, NULL), 0);
	fake_kernel_forget_calls(&fixture->host);
	assert_refused(fixture, vfp_setup_apply(fixture->pool, &lease, &fixture->err), EBUSY, "");
	assert_refused(fixture, vfp_setup_end(fixture->pool, &lease, "shutdown", &fixture->err),
		       EBUSY, "");
	assert_int_equal(fake_kernel_calls(&fixture->host, ""), 0);
	assert_true(is_leased(fixture, &lease.vf));
	assert_false(state_of(fixture, &lease.vf).is_faulty);
}

static void test_reclaim_stale(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = fixture_lease(fixture, 1, "blue");

	assert_done(fixture, vfp_setup_apply(fixture->pool, &lease, &fixture->err));
	assert_refused(fixture, vfp_setup_reclaim(fixture->pool, &lease.vf, &fixture->err), EBUSY,
		       "VF ens1f0#0 is leased by web1 since 12:03");
	fake_process_remove(&fixture->host, fixture_daemon.pid);
	assert_done(fixture, vfp_setup_reclaim(fixture->pool, &lease.vf, &fixture->err));
	assert_false(is_leased(fixture, &lease.vf));
	assert_attrs(fixture, &lease.vf, &vfp_attrs_scrubbed);
	/* Nothing to do any more. */
	fake_kernel_forget_calls(&fixture->host);
	assert_done(fixture, vfp_setup_reclaim(fixture->pool, &lease.vf, &fixture->err));
	assert_int_equal(fake_kernel_calls(&fixture->host, ""), 0);
}

static void test_reclaim_after_reboot(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = fixture_lease(fixture, 1, "blue");
	struct vfp_lease again;

	assert_done(fixture, vfp_setup_apply(fixture->pool, &lease, &fixture->err));
	fixture_reboot(fixture);
	assert_done(fixture, vfp_setup_reclaim(fixture->pool, &lease.vf, &fixture->err));
	assert_attrs(fixture, &lease.vf, &vfp_attrs_scrubbed);
	assert_int_equal(fixture_events(fixture, "scrubbed"), 1);
	again = fixture_lease(fixture, 1, "blue");
	assert_true(again.generation > lease.generation);
}

/* Process 99 has ens1f0#0 open. */
static void opens_first(struct pool_fixture *fixture, const char *comm)
{
	struct fake_process process = {.pid = 99, .comm = comm};
	const struct vfp_pci pf = {.bus = 1};
	struct vfp_vfinfo info;

	assert_int_equal(vfp_sysfs_vf(&fixture->host, &pf, 0, &info, NULL), 0);
	process.groups[0] = info.iommu_group;
	fake_process_add(&fixture->host, &process);
}

/* A dirty VF that some process has, without a lease, keeps its settings. */
static void test_reclaim_in_use(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = fixture_lease(fixture, 1, "blue");

	assert_done(fixture, vfp_setup_apply(fixture->pool, &lease, &fixture->err));
	assert_done(fixture, vfp_setup_park(fixture->pool, &lease, &fixture->err));
	fixture_reboot(fixture);
	opens_first(fixture, "dpdk");
	assert_refused(fixture, vfp_setup_reclaim(fixture->pool, &lease.vf, &fixture->err), EBUSY,
		       "VF ens1f0#0: some process has it");
	assert_attrs(fixture, &lease.vf, &lease.attrs);
	fake_process_remove(&fixture->host, 99);
	assert_done(fixture, vfp_setup_reclaim(fixture->pool, &lease.vf, &fixture->err));
}

static struct pool_fixture *closing;

static void closes(int ms)
{
	(void)ms;
	fake_process_remove(&closing->host, 99);
	closing = NULL;
}

/* Its daemon died before it said which QEMU it started; that one is on its way out, without a name
 * any more, and has not closed the VF yet. */
static void test_reclaim_dying(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = fixture_lease(fixture, 1, "blue");
	struct vfp_kernel kernel = *fixture->host.kernel;

	assert_done(fixture, vfp_setup_apply(fixture->pool, &lease, &fixture->err));
	assert_done(fixture, vfp_setup_park(fixture->pool, &lease, &fixture->err));
	fake_process_remove(&fixture->host, fixture_daemon.pid);
	opens_first(fixture, "qemu-system-x86");
	assert_refused(fixture, vfp_setup_reclaim(fixture->pool, &lease.vf, &fixture->err), EBUSY,
		       "VF ens1f0#0: some process has it");
	assert_attrs(fixture, &lease.vf, &lease.attrs);
	/* It closes it while we wait. */
	closing = fixture;
	kernel.pause_ms = closes;
	fixture->host.kernel = &kernel;
	assert_done(fixture, vfp_setup_reclaim(fixture->pool, &lease.vf, &fixture->err));
	assert_null(closing);
	assert_attrs(fixture, &lease.vf, &vfp_attrs_scrubbed);
}

static void test_park(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_lease lease = fixture_lease(fixture, 1, "");
	const struct vfp_pci pf = {.bus = 1};
	struct vfp_vfinfo info;

	lease.park = false;
	assert_done(fixture, vfp_setup_park(fixture->pool, &lease, &fixture->err));
	assert_int_equal(vfp_sysfs_vf(&fixture->host, &pf, 0, &info, NULL), 0);
	assert_string_not_equal(info.driver, "vfio-pci");
	lease.park = true;
	assert_done(fixture, vfp_setup_park(fixture->pool, &lease, &fixture->err));
	assert_int_equal(vfp_sysfs_vf(&fixture->host, &pf, 0, &info, NULL), 0);
	assert_string_equal(info.driver, "vfio-pci");
}

static void test_counters(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = fixture_lease(fixture, 1, "");
	struct vfp_attrs attrs = vfp_attrs_scrubbed;
	struct vfp_counters counters;

	attrs.counters.rx_bytes = 123456789;
	fake_kernel_set(&fixture->host, lease.vf.pf, lease.vf.index, &attrs);
	assert_done(fixture, vfp_setup_counters(fixture->pool, &lease, &counters, &fixture->err));
	assert_int_equal(counters.rx_bytes, 123456789);
}

/* A lease whose VF the running domain does not have ends by a scrub, unless it is open. */
static void test_take_back(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_lease lease = fixture_lease(fixture, 1, "blue");

	assert_done(fixture, vfp_setup_apply(fixture->pool, &lease, &fixture->err));
	fake_kernel_fail(&fixture->host, "vfio_busy", 1, "EIO", NULL);
	assert_refused(fixture, vfp_setup_take_back(fixture->pool, &lease, "x", &fixture->err), EIO,
		       "");
	assert_true(is_leased(fixture, &lease.vf));
	assert_done(fixture, vfp_setup_take_back(fixture->pool, &lease, "x", &fixture->err));
	assert_false(is_leased(fixture, &lease.vf));
	assert_attrs(fixture, &lease.vf, &vfp_attrs_scrubbed);
}

static void test_repark(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_vf vf = fixture_vf("ens1f0", 1);

	assert_done(fixture, vfp_setup_repark(fixture->pool, &vf, &fixture->err));
	assert_int_equal(fixture_events(fixture, "parked"), 1);
	assert_done(fixture, vfp_setup_repark(fixture->pool, &vf, &fixture->err));
	assert_int_equal(fixture_events(fixture, "parked"), 1);
}

int main(void)
{
#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, pool_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_apply, setup),
		TEST(test_read_back, setup),
		TEST(test_unsupported, setup),
		TEST(test_unreported, setup_blind),
		TEST(test_scrub, setup_full),
		TEST(test_scrub_without_reset, setup),
		TEST(test_mac_that_stays, setup),
		TEST(test_set_by_hand, setup),
		TEST(test_change, setup),
		TEST(test_end, setup),
		TEST(test_late, setup),
		TEST(test_mac_that_cannot_be_zero, setup_zero),
		cmocka_unit_test(test_scrub_fails),
		TEST(test_absent, setup),
		TEST(test_absent_pf, setup),
		TEST(test_locked, setup),
		TEST(test_reclaim_stale, setup),
		TEST(test_reclaim_after_reboot, setup),
		TEST(test_reclaim_in_use, setup),
		TEST(test_reclaim_dying, setup),
		TEST(test_park, setup),
		TEST(test_take_back, setup),
		TEST(test_repark, setup),
		TEST(test_counters, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
