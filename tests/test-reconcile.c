/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pool/reconcile.c: one thing wrong at a time in a made-up world, and what is said of it.
 *
 * In the world web1 runs on a#0, web2 is defined and bound to a#1, and a#2 is free.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pool/reconcile.h"

#define NOW  INT64_C(1795348980000)
#define HOUR INT64_C(3600000)
#define N    3

struct world {
	struct vfp_facts facts;
	struct vfp_member members[N];
	struct vfp_member_more more[N];
	struct vfp_seen_lease leases[2];
	struct vfp_seen_nic live[2], defined[2][2];
	struct vfp_seen_domain domains[2];
	struct vfp_port ports[2];
	struct vfp_seen_pf pf;
};

static struct vfp_vf vf(unsigned int index)
{
	return (struct vfp_vf){.pf = "a", .index = index};
}

static struct vfp_mac mac(unsigned int n)
{
	return (struct vfp_mac){{0x52, 0x54, 0, 0, 0, (uint8_t)n}};
}

static struct vfp_owner web(unsigned int n)
{
	struct vfp_owner owner = {.uuid = "00000000-0000-4000-8000-000000000000", .name = "web"};

	owner.uuid[35] = owner.name[3] = (char)('0' + n);
	return owner;
}

static void make(struct world *world)
{
	*world = (struct world){
		.leases[0].lease = {.generation = 7,
				    .owner = web(1),
				    .mac = mac(1),
				    .vf = vf(0),
				    .state = VFP_LEASE_ACTIVE,
				    .qemu = {900, 5}},
		.live = {{mac(1), vf(0), 100}},
		.defined = {{{mac(1), vf(0), 100}}, {{mac(2), vf(1), 100}}},
		.pf = {{.dev = "a", .vfs = N, .park = true}, true, N},
	};
	for (unsigned int i = 0; i < N; i++)
		world->members[i] = (struct vfp_member){
			.more = &world->more[i],
			.pool = "p",
			.vf = vf(i),
			.info.driver = "vfio-pci",
			.is_present = true,
			.park = true,
		};
	world->members[0].is_leased = world->members[0].is_dirty = true;
	for (unsigned int i = 0; i < 2; i++) {
		world->ports[i] = (struct vfp_port){
			.owner = web(i + 1), .mac = mac(i + 1), .vf = vf(i), .is_seen = true};
		world->domains[i] = (struct vfp_seen_domain){.owner = web(i + 1),
							     .is_defined = true,
							     .defined = world->defined[i],
							     .n_defined = 1};
	}
	world->domains[0].is_running = true;
	world->domains[0].qemu = (struct vfp_process){900, 5};
	world->domains[0].live = world->live;
	world->domains[0].n_live = 1;
	world->facts = (struct vfp_facts){
		.has_libvirt = true,
		.n_domains = 2,
		.n_leases = 1,
		.n_ports = 2,
		.n_members = N,
		.n_pfs = 1,
		.domains = world->domains,
		.leases = world->leases,
		.ports = world->ports,
		.members = world->members,
		.pfs = &world->pf,
		.now_ms = NOW,
		.expire_ms = HOUR,
	};
}

/* --- What can be wrong ------------------------------------------------------------------------ */

static void nothing(struct world *world)
{
	(void)world;
}

static void no_libvirt(struct world *world)
{
	world->facts.has_libvirt = false;
	world->facts.n_domains = 0;
}

static void stale(struct world *world)
{
	world->leases[0].is_stale = true;
	world->domains[0].is_running = false;
}

static void stale_unseen(struct world *world)
{
	no_libvirt(world);
	world->leases[0].is_stale = true;
}

static void drained(struct world *world)
{
	stale(world);
	world->leases[0].lease.state = VFP_LEASE_DRAINING;
}

static void orphan(struct world *world)
{
	world->domains[0].is_running = false;
}

static void being_started(struct world *world)
{
	world->leases[0].lease.state = VFP_LEASE_PREPARING;
	world->leases[0].has_caller = true;
	world->domains[0].is_running = false;
}

static void being_attached(struct world *world)
{
	world->leases[0].lease.state = VFP_LEASE_PREPARING;
	world->leases[0].has_caller = true;
	world->domains[0].n_live = 0;
}

static void attach_died(struct world *world)
{
	world->leases[0].lease.state = VFP_LEASE_PREPARING;
	world->domains[0].n_live = 0;
}

static void start_died(struct world *world)
{
	world->leases[0].lease.state = VFP_LEASE_PREPARING;
}

static void moved(struct world *world)
{
	world->live[0].vf = vf(2);
}

static void detached(struct world *world)
{
	world->domains[0].n_live = 0;
}

static void other_mac(struct world *world)
{
	world->live[0].mac = mac(9);
}

static void other_vlan(struct world *world)
{
	vfp_copy(world->leases[0].attrs, sizeof(world->leases[0].attrs), "VF a#0: has VLAN 9");
}

static void renamed(struct world *world)
{
	vfp_copy(world->domains[0].owner.name, VFP_DOMAIN_SIZE, "new");
	vfp_copy(world->ports[0].owner.name, VFP_DOMAIN_SIZE, "new");
}

static void renamed_off(struct world *world)
{
	vfp_copy(world->domains[1].owner.name, VFP_DOMAIN_SIZE, "new");
}

static void unleased(struct world *world)
{
	world->facts.n_leases = 0;
}

static void by_hand(struct world *world)
{
	world->live[1] = (struct vfp_seen_nic){mac(9), vf(2), 0};
	world->domains[0].n_live = 2;
}

static void not_ours(struct world *world)
{
	by_hand(world);
	vfp_copy(world->live[1].vf.pf, IFNAMSIZ, "b");
}

static void conflict(struct world *world)
{
	world->leases[1] = world->leases[0];
	world->leases[1].lease.vf = vf(2);
	world->leases[1].lease.mac = mac(2);
	world->leases[1].lease.owner = web(2);
	world->leases[1].lease.state = VFP_LEASE_PREPARING;
	world->leases[1].has_caller = true;
	world->facts.n_leases = 2;
	by_hand(world);
}

static void in_use(struct world *world)
{
	world->members[2].is_used = true;
	vfp_copy(world->members[2].more->used_by, VFP_DOMAIN_SIZE, "dpdk");
	world->members[2].is_dirty = true;
}

static void dirty(struct world *world)
{
	world->members[2].is_dirty = true;
}

static void faulty(struct world *world)
{
	dirty(world);
	world->members[2].is_faulty = true;
	vfp_copy(world->members[2].more->reason, 256, "MAC stays");
}

static void unparked(struct world *world)
{
	vfp_copy(world->members[2].info.driver, VFP_DRIVER_SIZE, "igbvf");
}

static void unbound_driver(struct world *world)
{
	world->members[2].info.driver[0] = '\0';
}

static void not_to_park(struct world *world)
{
	unparked(world);
	world->members[2].park = false;
}

static void vf_gone(struct world *world)
{
	unparked(world);
	dirty(world);
	world->members[2].is_present = false;
	world->pf.num_vfs = 2;
}

static void pf_gone(struct world *world)
{
	world->pf.is_present = false;
}

static void old_port(struct world *world)
{
	world->facts.n_domains = 1;
	world->ports[1].is_seen = false;
	world->ports[1].created_ms = NOW - HOUR - 1;
}

static void young_port(struct world *world)
{
	old_port(world);
	world->ports[1].created_ms = NOW - HOUR;
}

static void claimed_port(struct world *world)
{
	old_port(world);
	world->ports[1].claimed_until_ms = NOW + 1;
}

static void old_port_unseen(struct world *world)
{
	no_libvirt(world);
	world->ports[1].is_seen = false;
}

static void undefined(struct world *world)
{
	world->facts.n_domains = 1;
}

static void unseen(struct world *world)
{
	world->ports[1].is_seen = false;
}

static void nic_removed(struct world *world)
{
	world->domains[1].n_defined = 0;
}

static void transient(struct world *world)
{
	world->domains[0].is_defined = false;
	world->domains[0].n_defined = 0;
}

static void unbound(struct world *world)
{
	world->defined[1][0].vf = (struct vfp_vf){0};
}

static void portless(struct world *world)
{
	world->facts.n_ports = 1;
}

static void bound_otherwise(struct world *world)
{
	world->defined[1][0].vf = vf(2);
}

static void members_file(struct world *world)
{
	world->facts.members_file = "lacks pool p";
}

#define LEASE(word) VFP_DIFF_LEASE_##word
#define END	    VFP_N_DIFFS

static const struct {
	const char *what;
	void (*change)(struct world *world);
	enum vfp_diff_kind kinds[4]; /* closed by END */
	const char *found;	     /* in the words of the first */
} cases[] = {
	{"all is well", nothing, {END}, ""},
	{"nor without libvirt", no_libvirt, {END}, ""},
	{"QEMU is gone", stale, {LEASE(STALE), END}, "active, and its QEMU is gone"},
	{"which the host alone tells", stale_unseen, {LEASE(STALE), END}, "gone"},
	{"it was draining", drained, {LEASE(DRAINED), END}, "draining"},
	{"QEMU lives on", orphan, {LEASE(ORPHAN), END}, "QEMU 900 lives"},
	{"a start under way", being_started, {END}, ""},
	{"an attach under way", being_attached, {END}, ""},
	{"an attach that died", attach_died, {LEASE(ELSEWHERE), END}, "no such NIC"},
	{"a start whose hook died", start_died, {LEASE(UNFINISHED), END}, "preparing"},
	{"another VF", moved, {LEASE(ELSEWHERE), LEASE(MISSING), END}, "the domain has a#2"},
	{"detached by hand", detached, {LEASE(ELSEWHERE), END}, "no such NIC"},
	{"another MAC", other_mac, {LEASE(MAC), END}, "52:54:00:00:00:09"},
	{"another VLAN", other_vlan, {LEASE(ATTRS), END}, "has VLAN 9"},
	{"renamed while it ran", renamed, {LEASE(NAME), END}, "web1"},
	{"renamed while off", renamed_off, {VFP_DIFF_PORT_NAME, END}, "web2"},
	{"a domain without its lease", unleased, {LEASE(MISSING), END}, "no lease"},
	{"a VF attached by hand", by_hand, {LEASE(MISSING), END}, "no lease"},
	{"of a PF that is no pool's", not_ours, {END}, ""},
	{"that another starts with", conflict, {LEASE(CONFLICT), END}, "leased by web2"},
	{"another program", in_use, {VFP_DIFF_IN_USE, END}, "dpdk has it"},
	{"dirty", dirty, {VFP_DIFF_DIRTY, END}, "not scrubbed"},
	{"faulty", faulty, {VFP_DIFF_FAULTY, END}, "MAC stays"},
	{"not parked", unparked, {VFP_DIFF_UNPARKED, END}, "driver igbvf"},
	{"without driver", unbound_driver, {VFP_DIFF_UNPARKED, END}, "driver none"},
	{"of a pool that does not park", not_to_park, {END}, ""},
	{"fewer VFs", vf_gone, {VFP_DIFF_VF_COUNT, END}, "2 VFs"},
	{"a pulled card", pf_gone, {VFP_DIFF_PF_GONE, END}, "no such network card"},
	{"an old port", old_port, {VFP_DIFF_PORT_EXPIRED, END}, "no domain ever came"},
	{"not quite so old", young_port, {END}, ""},
	{"old, and claimed", claimed_port, {END}, ""},
	{"old, without libvirt", old_port_unseen, {VFP_DIFF_PORT_EXPIRED, END}, ""},
	{"undefined", undefined, {VFP_DIFF_PORT_GONE, END}, "does not have the domain"},
	{"never marked as seen", unseen, {VFP_DIFF_PORT_NAME, END}, "web2, not seen yet"},
	{"a NIC less", nic_removed, {VFP_DIFF_PORT_LEFT, END}, "not have this NIC"},
	{"a transient domain", transient, {END}, ""},
	{"a NIC not bound", unbound, {VFP_DIFF_UNBOUND, END}, "names no VF"},
	{"a NIC without port", portless, {VFP_DIFF_UNBOUND, END}, "no port"},
	{"edited by hand", bound_otherwise, {VFP_DIFF_BOUND_OTHERWISE, END}, "a#2"},
	{"the members file", members_file, {VFP_DIFF_MEMBERS, END}, "lacks pool p"},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		vfp_autofree struct vfp_diff *diffs = NULL;
		struct world world;
		size_t n, k;

		make(&world);
		cases[i].change(&world);
		vfp_reconcile(&world.facts, &diffs, &n);
		for (k = 0; k < n && diffs[k].kind == cases[i].kinds[k]; k++)
			;
		if (k < n || cases[i].kinds[k] != END)
			fail_msg("%s: difference %zu is '%s'", cases[i].what, k,
				 k < n ? vfp_diff_word(diffs[k].kind) : "none");
		if (n && !strstr(diffs[0].found, cases[i].found))
			fail_msg("%s: '%s' lacks '%s'", cases[i].what, diffs[0].found,
				 cases[i].found);
		assert_true(!n || *diffs[0].expected);
	}
}

/* What a repair needs stands in the difference. */
static void test_repairs(void **state)
{
	vfp_autofree struct vfp_diff *diffs = NULL;
	const struct vfp_owner web1 = web(1);
	const struct vfp_mac mac1 = mac(1);
	struct world world;
	size_t n;

	(void)state;
	make(&world);
	moved(&world);
	vfp_reconcile(&world.facts, &diffs, &n);
	assert_int_equal(n, 2);
	assert_int_equal(vfp_diff_repair(diffs[0].kind), VFP_REPAIR_TAKE_BACK);
	assert_int_equal(diffs[0].generation, 7);
	assert_int_equal(diffs[0].vf.index, 0);
	assert_int_equal(vfp_diff_repair(diffs[1].kind), VFP_REPAIR_ADOPT);
	assert_int_equal(diffs[1].vf.index, 2);
	assert_int_equal(diffs[1].vlan, 100);
	assert_int_equal(diffs[1].qemu.pid, 900);
	assert_string_equal(diffs[1].owner.uuid, web1.uuid);
	assert_true(vfp_mac_equal(&diffs[1].mac, &mac1));
	assert_true(vfp_diff_equal(&diffs[1], &diffs[1]));
	assert_false(vfp_diff_equal(&diffs[0], &diffs[1]));
}

static void test_words(void **state)
{
	(void)state;
	for (enum vfp_diff_kind kind = 0; kind < VFP_N_DIFFS; kind++) {
		assert_non_null(vfp_diff_word(kind));
		assert_non_null(vfp_repair_word(vfp_diff_repair(kind)));
	}
}

/* Without being asked nobody's settings are changed, and nothing is done that has no repair. */
static void test_care(void **state)
{
	static const enum vfp_care cares[VFP_N_REPAIRS] = {
		[VFP_REPAIR_NONE] = VFP_CARE_ADMIN,	[VFP_REPAIR_RESTORE] = VFP_CARE_ADMIN,
		[VFP_REPAIR_APPLY] = VFP_CARE_ADMIN,	[VFP_REPAIR_PARK] = VFP_CARE_ADMIN,
		[VFP_REPAIR_MEMBERS] = VFP_CARE_SELF,	[VFP_REPAIR_RECLAIM] = VFP_CARE_SELF,
		[VFP_REPAIR_TAKE_BACK] = VFP_CARE_SELF, [VFP_REPAIR_ADOPT] = VFP_CARE_SELF,
		[VFP_REPAIR_EXPIRE] = VFP_CARE_SELF,	[VFP_REPAIR_UNBIND] = VFP_CARE_SETTLE,
		[VFP_REPAIR_SEEN] = VFP_CARE_SETTLE,	[VFP_REPAIR_BIND] = VFP_CARE_SETTLE,
	};

	(void)state;
	for (enum vfp_diff_kind kind = 0; kind < VFP_N_DIFFS; kind++)
		assert_int_equal(vfp_diff_care(kind), cares[vfp_diff_repair(kind)]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_repairs),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_care),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
