/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pool/pool.c, define.c, vfstate.c and journal.c: definitions, the members file, what a VF is, the
 * journal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pool/members.h"
#include "tests/pool-fixture.h"

static int setup(void **state)
{
	return pool_fixture_setup(state, NULL);
}

static int define(struct pool_fixture *fixture, struct vfp_pooldef def)
{
	int rc = vfp_pool_define(fixture->pool, &def, &fixture->err);

	vfp_pooldef_free(&def);
	return rc;
}

static void assert_members(struct pool_fixture *fixture, const char *expected)
{
	vfp_autofree char *text = fake_read(&fixture->host, VFP_MEMBERS_PATH);

	assert_string_equal(text, expected);
}

static void test_there_and_back(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_pooldef def = fixture_def("sriov0", "0-3"), got;

	vfp_copy(def.physnet, sizeof(def.physnet), "physnet1");
	def.policy = VFP_POLICY_PACK;
	def.numa = VFP_NUMA_STRICT;
	def.pfs[0] = def.pfs[1];
	vfp_copy(def.pfs[1].dev, IFNAMSIZ, "ens1f0");
	vfp_copy(def.pfs[1].vfs, VFP_RANGE_SIZE, "");
	assert_done(fixture, vfp_pool_define(fixture->pool, &def, &fixture->err));
	fixture_reopen(fixture, VFP_POOL_READ);
	assert_done(fixture, vfp_pool_get(fixture->pool, "sriov0", &got, &fixture->err));
	assert_string_equal(got.physnet, "physnet1");
	assert_int_equal(got.policy, VFP_POLICY_PACK);
	assert_int_equal(got.numa, VFP_NUMA_STRICT);
	assert_true(got.park);
	assert_int_equal(got.n_pfs, 2);
	/* In the order of the definition, not of the names. */
	assert_string_equal(got.pfs[0].dev, "ens1f1");
	assert_string_equal(got.pfs[0].vfs, "0-3");
	assert_string_equal(got.pfs[1].vfs, "");
	assert_int_equal(got.n_portgroups, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct vfp_portgroup *a = &def.portgroups[i], *b = &got.portgroups[i];

		assert_string_equal(a->name, b->name);
		assert_int_equal(a->is_default, b->is_default);
		assert_int_equal(a->vlan_mode, b->vlan_mode);
		assert_int_equal(a->attrs.known, b->attrs.known);
		for (enum vfp_attr attr = 0; attr < VFP_N_ATTRS; attr++)
			assert_true(vfp_attr_equal(attr, &a->attrs, &b->attrs));
	}
	vfp_pooldef_free(&def);
	vfp_pooldef_free(&got);
}

static void test_default_portgroup(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_pooldef def = fixture_def("sriov0", ""), got;

	vfp_pooldef_free(&def);
	assert_done(fixture, vfp_pool_define(fixture->pool, &def, &fixture->err));
	assert_done(fixture, vfp_pool_get(fixture->pool, "sriov0", &got, &fixture->err));
	assert_int_equal(got.n_portgroups, 1);
	assert_string_equal(got.portgroups[0].name, "default");
	vfp_pooldef_free(&got);
}

static void test_list_and_undefine(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_pooldef *defs, def;
	size_t n;

	assert_done(fixture, define(fixture, fixture_def("b", "2-3")));
	assert_done(fixture, define(fixture, fixture_def("a", "0-1")));
	assert_done(fixture, vfp_pool_list(fixture->pool, &defs, &n, &fixture->err));
	assert_int_equal(n, 2);
	assert_string_equal(defs[0].name, "a");
	assert_string_equal(defs[1].name, "b");
	for (size_t i = 0; i < n; i++)
		vfp_pooldef_free(&defs[i]);
	free(defs);
	assert_done(fixture, vfp_pool_undefine(fixture->pool, "a", &fixture->err));
	assert_refused(fixture, vfp_pool_undefine(fixture->pool, "a", &fixture->err), ENOENT,
		       "pool a");
	assert_refused(fixture, vfp_pool_get(fixture->pool, "a", &def, &fixture->err), ENOENT,
		       "pool a");
	assert_int_equal(fixture_events(fixture, "define"), 2);
	assert_int_equal(fixture_events(fixture, "undefine"), 1);
}

static void test_members(void **state)
{
	struct pool_fixture *fixture = *state;

	assert_done(fixture, define(fixture, fixture_def("b", "2-3")));
	assert_done(fixture, define(fixture, fixture_def("a", "0-1")));
	assert_members(fixture, "# vfpool members 1\n"
				"pool a\n"
				"pool b\n"
				"pf a ens1f0 0000:01:00.0 0-1\n"
				"pf a ens1f1 0000:02:00.0 0-1\n"
				"pf b ens1f0 0000:01:00.0 2-3\n"
				"pf b ens1f1 0000:02:00.0 2-3");
}

/* What cannot be written into the file first is not committed. */
static void test_members_come_first(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_pooldef got;

	fake_folder(&fixture->host, VFP_MEMBERS_PATH "/in-the-way");
	assert_true(define(fixture, fixture_def("a", "")) < 0);
	assert_int_equal(vfp_pool_get(fixture->pool, "a", &got, NULL), -ENOENT);
	fake_remove(&fixture->host, VFP_MEMBERS_PATH);
	assert_done(fixture, define(fixture, fixture_def("a", "")));
	/* What cannot be taken out of it is gone from the database all the same, and said so. */
	fake_remove(&fixture->host, VFP_MEMBERS_PATH);
	fake_folder(&fixture->host, VFP_MEMBERS_PATH "/in-the-way");
	assert_true(vfp_pool_undefine(fixture->pool, "a", &fixture->err) < 0);
	assert_non_null(strstr(fixture->err.msg, "the change is made, but not the members file"));
	assert_int_equal(vfp_pool_get(fixture->pool, "a", &got, NULL), -ENOENT);
}

static void test_refused_definitions(void **state)
{
	static const struct {
		const char *what;
		const char *name, *dev0, *dev1, *vfs;
		size_t n_pfs;
		int code;
		const char *words;
	} cases[] = {
		{"name", "-a", "ens1f0", "ens1f1", "", 2, EINVAL, "pool -a"},
		{"no PF", "a", "ens1f0", "ens1f1", "", 0, EINVAL, "names no PF"},
		{"PF twice", "a", "ens1f0", "ens1f0", "", 2, EINVAL, "names PF ens1f0 twice"},
		{"no such PF", "a", "ens7", "", "", 1, ENODEV,
		 "PF ens7: there is no such network device"},
		{"no SR-IOV", "a", "eno1", "", "", 1, ENODEV,
		 "PF eno1 (driver e1000e): has no SR-IOV"},
		{"overlap", "a", "ens1f1", "", "3-6", 1, EEXIST,
		 "PF ens1f1: VFs 3-6 of it overlap with pool sriov0, which has 2-3"},
		{"VFs that cannot be", "a", "ens1f1", "", "5-9", 1, ERANGE,
		 "PF ens1f1: has no VF 7, of 5-9: it can have 7, which are 0-6"},
		{"overlap with all", "a", "ens1f1", "", "", 1, EEXIST, "VFs (all) of it overlap"},
		{"libvirt's network", "default", "ens1f0", "", "0", 1, EEXIST,
		 "libvirt has a network of that name"},
		{"a running one", "live", "ens1f0", "", "0", 1, EEXIST,
		 "/run/libvirt/network/live.xml"},
	};
	struct pool_fixture *fixture = *state;

	fake_pf_add(&fixture->host, &(struct fake_pf){.dev = "eno1",
						      .pci = "0000:00:1f.6",
						      .driver = "e1000e",
						      .total_vfs = -1});
	fake_write(&fixture->host, "/etc/libvirt/qemu/networks/default.xml", "<network/>");
	fake_write(&fixture->host, "/run/libvirt/network/live.xml", "<networkstatus/>");
	fixture_define(fixture, "2-3");
	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_pooldef def = fixture_def(cases[i].name, cases[i].vfs), got;

		def.n_pfs = cases[i].n_pfs;
		vfp_copy(def.pfs[0].dev, IFNAMSIZ, cases[i].dev0);
		vfp_copy(def.pfs[1].dev, IFNAMSIZ, cases[i].dev1);
		assert_refused(fixture, define(fixture, def), cases[i].code, cases[i].words);
		assert_int_equal(vfp_pool_get(fixture->pool, cases[i].name, &got, NULL), -ENOENT);
	}
	assert_int_equal(fixture_events(fixture, "define"), 1);
}

/* A pulled card makes no change of its pool impossible, and its place is remembered. */
static void test_absent_pf(void **state)
{
	struct pool_fixture *fixture = *state;

	fixture_define(fixture, "");
	fake_remove(&fixture->host, "/sys/class/net/ens1f1");
	fixture_define(fixture, "0-2");
	assert_members(fixture, "# vfpool members 1\n"
				"pool sriov0\n"
				"pf sriov0 ens1f0 0000:01:00.0 0-2\n"
				"pf sriov0 ens1f1 0000:02:00.0 0-2");
}

static void test_redefine_in_use(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_pooldef def;

	fixture_define(fixture, "");
	fixture_lease(fixture, 1, "blue");
	/* The VF of a lease stays, and so does a port group that a port uses. */
	assert_refused(
		fixture, define(fixture, fixture_def("sriov0", "1-3")), EBUSY,
		"pool sriov0: would lose a VF that is in use: VF ens1f0#0 is leased by web1 since "
		"12:03");
	def = fixture_def("sriov0", "");
	def.n_portgroups = 1;
	assert_refused(fixture, define(fixture, def), EBUSY,
		       "pool sriov0: would lose port group blue, which domain web1 uses "
		       "(MAC 52:54:00:00:00:01)");
	assert_refused(fixture, vfp_pool_undefine(fixture->pool, "sriov0", &fixture->err), EBUSY,
		       "pool sriov0: domain web1 has a port on it");
	/* What nobody uses may go, the default may change, and the port keeps its group. */
	def = fixture_def("sriov0", "0-1");
	def.portgroups[0] = def.portgroups[1];
	def.portgroups[0].is_default = true;
	def.portgroups[0].attrs.vlan = 200;
	def.n_portgroups = 1;
	assert_done(fixture, define(fixture, def));
	{
		vfp_autofree struct vfp_lease *leases = NULL;
		size_t n;

		assert_done(fixture,
			    vfp_pool_leases(fixture->pool, NULL, &leases, &n, &fixture->err));
		assert_int_equal(n, 1);
		assert_string_equal(leases[0].portgroup, "blue");
		/* What runs keeps what it was started with. */
		assert_int_equal(leases[0].attrs.vlan, 100);
	}
}

static void test_set_portgroup(void **state)
{
	static const struct {
		const char *settings[3];
		int code;
		const char *words;
	} cases[] = {
		{{"vlan=200", "trust=off"}, 0, "vlan 100 -> 200, trust on -> off"},
		{{"vlan=200"}, 0, ""},
		{{"default=yes"}, 0, "default no -> yes"},
		{{"vlan=trunk", "qos=0"}, 0, "vlan 200 -> trunk, qos 2 -> 0"},
		{{"vlan=none", "guestMtu=allow"}, 0, "vlan trunk -> none"},
		{{"vlan=5", "protocol=802.1ad"}, 0, "vlan none -> 5, protocol 802.1Q -> 802.1ad"},
		{{"vlan=none"}, EINVAL, "port group blue: protocol='802.1ad' without a VLAN tag"},
		{{"qos=8"}, EINVAL, "qos='8', expected 0 to 7"},
		{{"vlan=5000"},
		 EINVAL,
		 "vlan='5000', expected 1 to 4094, none (untagged) or trunk"},
		{{"vlan=0"}, EINVAL, "vlan='0', expected 1 to 4094"},
		{{"vlan"}, EINVAL, "'vlan': attribute=value was expected"},
		{{"vlna=1"}, EINVAL, "a port group has no vlna, expected one of: default, vlan,"},
		{{"trust=yes"}, EINVAL, "trust='yes', expected on or off"},
		{{"minTxRate=2000"}, EINVAL, "minTxRate='2000' is above maxTxRate='1000'"},
		{{"guestMtu=deny"}, EOPNOTSUPP, "guestMtu='deny': Linux gives a host no way"},
	};
	struct pool_fixture *fixture = *state;
	size_t n_events = 0;

	fixture_define(fixture, "");
	for (size_t i = 0; i < VFP_N(cases); i++) {
		vfp_autofree char *words = NULL;
		size_t n = 0;
		int rc;

		while (n < 3 && cases[i].settings[n])
			n++;
		rc = vfp_pool_set_portgroup(fixture->pool, "sriov0", "blue", cases[i].settings, n,
					    &words, &fixture->err);
		if (cases[i].code) {
			assert_refused(fixture, rc, cases[i].code, cases[i].words);
			continue;
		}
		assert_done(fixture, rc);
		assert_string_equal(words, cases[i].words);
		n_events += *words != '\0';
		assert_int_equal(fixture_events(fixture, "portgroup"), n_events);
	}
}

static void test_set_no_portgroup(void **state)
{
	static const char *const settings[] = {"vlan=7"};
	struct pool_fixture *fixture = *state;
	struct vfp_pooldef def;
	char *words;

	fixture_define(fixture, "");
	assert_refused(fixture,
		       vfp_pool_set_portgroup(fixture->pool, "sriov0", "pink", settings, 1, &words,
					      &fixture->err),
		       ENOENT, "pool sriov0 has no port group pink; see: vfpool portgroup list");
	assert_refused(fixture,
		       vfp_pool_set_portgroup(fixture->pool, "sriov1", "blue", settings, 1, &words,
					      &fixture->err),
		       ENOENT, "sriov1");
	/* One default only: the former one has stepped back. */
	assert_done(fixture, vfp_pool_set_portgroup(fixture->pool, "sriov0", "blue",
						    (const char *const[]){"default=yes"}, 1, &words,
						    &fixture->err));
	free(words);
	assert_done(fixture, vfp_pool_get(fixture->pool, "sriov0", &def, &fixture->err));
	for (size_t i = 0; i < def.n_portgroups; i++)
		assert_int_equal(def.portgroups[i].is_default,
				 !strcmp(def.portgroups[i].name, "blue"));
	vfp_pooldef_free(&def);
}

static void test_wanted(void **state)
{
	struct pool_fixture *fixture = *state;
	vfp_autofree struct vfp_wanted *wanted = NULL;
	size_t n;

	assert_done(fixture,
		    vfp_pool_set_wanted(fixture->pool, &(struct vfp_wanted){"ens1f1", 4, true, 0},
					&fixture->err));
	assert_done(fixture,
		    vfp_pool_set_wanted(fixture->pool, &(struct vfp_wanted){"ens1f0", 7, true, 2},
					&fixture->err));
	assert_done(fixture,
		    vfp_pool_set_wanted(fixture->pool, &(struct vfp_wanted){"ens1f0", 2, false, 1},
					&fixture->err));
	assert_done(fixture,
		    vfp_pool_set_wanted(fixture->pool, &(struct vfp_wanted){"ens1f1", 0, false, 0},
					&fixture->err));
	assert_done(fixture, vfp_pool_wanted(fixture->pool, &wanted, &n, &fixture->err));
	assert_int_equal(n, 1);
	assert_string_equal(wanted[0].dev, "ens1f0");
	assert_int_equal(wanted[0].vfs, 2);
	assert_false(wanted[0].park);
	assert_int_equal(wanted[0].reserved, 1);
}

static void test_hold(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_vf vf = fixture_vf("ens1f0", 2);
	struct vfp_vf_state now;

	fixture_define(fixture, "2-3");
	assert_done(fixture, vfp_pool_hold(fixture->pool, &vf, "for tests", &fixture->err));
	assert_done(fixture, vfp_pool_hold(fixture->pool, &vf, "for tests", &fixture->err));
	assert_int_equal(fixture_events(fixture, "hold"), 1);
	assert_done(fixture, vfp_pool_fault(fixture->pool, &vf, 0, "MAC stays", &fixture->err));
	assert_done(fixture, vfp_pool_vf_state(fixture->pool, &vf, &now, &fixture->err));
	assert_true(now.is_held && now.is_faulty && !now.is_dirty);
	assert_string_equal(now.reason, "MAC stays");
	assert_string_equal(now.pool, "sriov0");
	/* A scrub ends the fault and leaves it held. */
	assert_done(fixture, vfp_pool_clean(fixture->pool, &vf, "test", &fixture->err));
	assert_done(fixture, vfp_pool_vf_state(fixture->pool, &vf, &now, &fixture->err));
	assert_true(now.is_held && !now.is_faulty);
	assert_string_equal(now.reason, "for tests");
	assert_done(fixture, vfp_pool_unhold(fixture->pool, &vf, &fixture->err));
	assert_done(fixture, vfp_pool_vf_state(fixture->pool, &vf, &now, &fixture->err));
	assert_false(now.is_held);
}

static void test_long_reason_is_cut(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_vf vf = fixture_vf("ens1f0", 2);
	struct vfp_vf_state now;
	char reason[600];

	memset(reason, 'x', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	assert_done(fixture, vfp_pool_hold(fixture->pool, &vf, reason, &fixture->err));
	assert_done(fixture, vfp_pool_vf_state(fixture->pool, &vf, &now, &fixture->err));
	assert_int_equal(strlen(now.reason), sizeof(now.reason) - 1);
}

static void test_unheard_of_vf(void **state)
{
	struct pool_fixture *fixture = *state;
	const struct vfp_vf vf = fixture_vf("ens1f0", 2);
	struct vfp_vf_state now;

	assert_done(fixture, vfp_pool_vf_state(fixture->pool, &vf, &now, &fixture->err));
	assert_false(now.is_held || now.is_faulty || now.is_dirty);
	assert_string_equal(now.pool, "");
}

static size_t count(struct pool_fixture *fixture, struct vfp_journal_filter filter)
{
	vfp_autofree struct vfp_event *events = NULL;
	size_t n;

	assert_done(fixture, vfp_pool_journal(fixture->pool, &filter, &events, &n, &fixture->err));
	return n;
}

static void test_journal(void **state)
{
	struct pool_fixture *fixture = *state;
	vfp_autofree struct vfp_event *events = NULL;
	const struct vfp_owner web1 = fixture_owner(1), web2 = fixture_owner(2);
	const struct vfp_mac mac = fixture_mac(1);
	const struct vfp_vf vf = fixture_vf("ens1f0", 3);
	size_t n;

	assert_done(fixture,
		    vfp_pool_note(fixture->pool, "counters", &web1, &mac, &vf, "rx\n1", NULL));
	fake_clock_set(FIXTURE_NOW + 1000);
	assert_done(fixture,
		    vfp_pool_note(fixture->pool, "warning", &web2, &mac, NULL, "two", NULL));
	assert_done(fixture,
		    vfp_pool_note(fixture->pool, "warning", NULL, NULL, NULL, "three", NULL));
	assert_done(fixture, vfp_pool_journal(fixture->pool, &(struct vfp_journal_filter){0},
					      &events, &n, &fixture->err));
	assert_int_equal(n, 4);
	assert_string_equal(events[0].event, "boot"); /* by whoever writes first */
	assert_int_equal(events[1].time_ms, FIXTURE_NOW);
	assert_string_equal(events[1].event, "counters");
	assert_string_equal(events[1].owner.uuid, web1.uuid);
	assert_string_equal(events[1].owner.name, "web1");
	assert_string_equal(events[1].mac, "52:54:00:00:00:01");
	assert_string_equal(events[1].vf, "ens1f0#3");
	assert_string_equal(events[1].pci, "0000:01:10.6");
	assert_string_equal(events[1].text, "rx?1");
	assert_string_equal(events[3].vf, "");
	assert_int_equal(count(fixture, (struct vfp_journal_filter){.since_ms = FIXTURE_NOW + 1}),
			 2);
	assert_int_equal(count(fixture, (struct vfp_journal_filter){.after_id = events[2].id}), 1);
	assert_int_equal(count(fixture, (struct vfp_journal_filter){.domain = "web1"}), 1);
	assert_int_equal(count(fixture, (struct vfp_journal_filter){.domain = web2.uuid}), 1);
	assert_int_equal(count(fixture, (struct vfp_journal_filter){.domain = ""}), 0);
	assert_int_equal(count(fixture, (struct vfp_journal_filter){.mac = "52:54:00:00:00:01"}),
			 2);
	assert_int_equal(count(fixture, (struct vfp_journal_filter){.mac = "52:54:00:00:00:01",
								    .domain = "web2"}),
			 1);
}

static void test_open(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_pool *pool = NULL;

	vfp_pool_close(fixture->pool);
	fixture->pool = NULL;
	fake_remove(&fixture->host, "/var/lib/vfpool");
	assert_refused(fixture, vfp_pool_open(&fixture->host, VFP_POOL_WRITE, &pool, &fixture->err),
		       ENOENT,
		       "/var/lib/vfpool/pool.db: no pool is defined; see vfpool pool define");
	assert_null(pool);
	assert_false(fake_exists(&fixture->host, "/var/lib/vfpool"));
}

/* By age, never the last day's.  The schema asks the real clock: the lines are of long ago. */
static void test_trim(void **state)
{
	const int64_t day = 86400000, then = INT64_C(1000000000000);
	struct pool_fixture *fixture = *state;
	unsigned int n;

	fake_clock_set(then);
	assert_done(fixture, vfp_pool_note(fixture->pool, "refused", NULL, NULL, NULL, "old",
					   &fixture->err));
	fake_clock_set(then + day);
	assert_done(fixture, vfp_pool_note(fixture->pool, "refused", NULL, NULL, NULL, "new",
					   &fixture->err));
	fake_clock_set(then + 3 * day);
	assert_refused(fixture, vfp_pool_trim(fixture->pool, day, NULL, &fixture->err), EINVAL,
		       "last day");
	assert_done(fixture, vfp_pool_trim(fixture->pool, 2 * day + 1, &n, &fixture->err));
	assert_int_equal(n, 2);
	assert_int_equal(fixture_events(fixture, "boot"), 0);
	assert_int_equal(fixture_events(fixture, "refused"), 1);
}

static void test_check_members(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"", "begins with"},
		{"# vfpool members 1\n", "lacks pool sriov0"},
		{"# vfpool members 1\npool sriov0\npool other\n", "names pool other"},
		{"# vfpool members 1\npool sriov0\npf sriov0 ens1f0 0000:01:00.0 -\n",
		 "lacks PF ens1f1"},
		{"# vfpool members 1\npool sriov0\npf sriov0 ens1f0 0000:01:00.0 -\n"
		 "pf sriov0 ens1f1 0000:02:00.0 -\npf sriov0 eno1 - -\n",
		 "names PF eno1"},
	};
	struct pool_fixture *fixture = *state;

	fixture_define(fixture, "");
	assert_done(fixture, vfp_pool_check_members(fixture->pool, &fixture->err));
	for (size_t i = 0; i < VFP_N(cases); i++) {
		fake_write(&fixture->host, "/var/lib/vfpool/members", cases[i].text);
		assert_refused(fixture, vfp_pool_check_members(fixture->pool, &fixture->err),
			       ESTALE, cases[i].words);
		assert_done(fixture, vfp_pool_write_members(fixture->pool, &fixture->err));
		assert_done(fixture, vfp_pool_check_members(fixture->pool, &fixture->err));
	}
	assert_int_equal(fixture_events(fixture, "members"), VFP_N(cases));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, pool_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_there_and_back),
		TEST(test_default_portgroup),
		TEST(test_list_and_undefine),
		TEST(test_members),
		TEST(test_members_come_first),
		TEST(test_refused_definitions),
		TEST(test_absent_pf),
		TEST(test_redefine_in_use),
		TEST(test_set_portgroup),
		TEST(test_set_no_portgroup),
		TEST(test_wanted),
		TEST(test_hold),
		TEST(test_long_reason_is_cut),
		TEST(test_unheard_of_vf),
		TEST(test_journal),
		TEST(test_trim),
		TEST(test_check_members),
		TEST(test_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
