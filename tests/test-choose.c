/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pool/choose.c: which VF of a made-up inventory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "pool/choose.h"

#define N 4 /* VFs: a#0 and a#1 on node 0, b#0 and b#1 on node 1 */

/* What makes one VF of the inventory other than free. */
struct change {
	int member;
	enum {
		END,
		PF_GONE,
		VF_GONE,
		LEASED,
		CLAIMED,
		IN_USE,
		HELD,
		FAULTY,
		DIRTY,
		NO_LINK,
		GROUP,
		BOUND
	} what;
};

static const struct vfp_mac claim_mac = {{0x52, 0x54, 0, 0, 0, 1}};
static const struct vfp_mac other_mac = {{0x52, 0x54, 0, 0, 0, 2}};

static void make(struct vfp_member members[N], const struct change *changes)
{
	static struct vfp_member_more more[N];

	memset(more, 0, sizeof(more));
	for (unsigned int i = 0; i < N; i++) {
		members[i] = (struct vfp_member){
			.more = &more[i],
			.pool = "p",
			.vf = {.pf = {i < 2 ? 'a' : 'b'}, .index = i % 2},
			.numa_node = i < 2 ? 0 : 1,
			.pf_is_present = true,
			.is_present = true,
			.has_carrier = true,
		};
	}
	for (; changes->what != END; changes++) {
		struct vfp_member *member = &members[changes->member];

		switch (changes->what) {
		case PF_GONE:
			member->pf_is_present = false;
			break;
		case VF_GONE:
			member->is_present = false;
			break;
		case LEASED:
			member->is_leased = true;
			member->is_dirty = true;
			vfp_copy(member->more->lease.owner.uuid, VFP_UUID_SIZE, "other");
			vfp_copy(member->more->lease.owner.name, VFP_DOMAIN_SIZE, "web1");
			break;
		case CLAIMED:
			member->is_claimed = true;
			member->more->claim.mac = claim_mac;
			vfp_copy(member->more->claim.owner.uuid, VFP_UUID_SIZE, "other");
			vfp_copy(member->more->claim.owner.name, VFP_DOMAIN_SIZE, "web2");
			break;
		case IN_USE:
			member->is_used = true;
			vfp_copy(member->more->used_by, sizeof(member->more->used_by), "dpdk");
			break;
		case HELD:
			member->is_held = true;
			vfp_copy(member->more->reason, sizeof(member->more->reason), "for tests");
			break;
		case FAULTY:
			member->is_faulty = true;
			vfp_copy(member->more->reason, sizeof(member->more->reason), "MAC stays");
			break;
		case DIRTY:
			member->is_dirty = true;
			break;
		case NO_LINK:
			member->has_carrier = false;
			break;
		case GROUP:
			member->info.iommu_group = 7;
			member->info.group_others = 2;
			break;
		case BOUND:
			member->n_bound++;
			break;
		case END:
			break;
		}
	}
}

#define VF(dev, i)                    \
	{                             \
		.pf = dev, .index = i \
	}

static const struct vfp_vf a0[] = {VF("a", 0)};

static const struct {
	const char *what;
	struct change changes[9];
	struct vfp_choice choice;
	int place;
} orders[] = {
	{"all free: the lowest", {{0}}, {0}, 0},
	{"a pin wins over all", {{3, BOUND}}, {.pinned = VF("b", 1), .last = VF("a", 1)}, 3},
	{"a pin that cannot be had is no VF", {{3, FAULTY}}, {.pinned = VF("b", 1)}, -1},
	{"the last one wins over NUMA and the bound",
	 {{1, BOUND}},
	 {.last = VF("a", 1), .numa_nodes = "1"},
	 1},
	{"the last one is leased", {{1, LEASED}}, {.last = VF("a", 1), .numa_nodes = "1"}, 2},
	{"NUMA is preferred, even to an unbound VF",
	 {{2, BOUND}, {3, BOUND}},
	 {.numa_nodes = "1"},
	 2},
	{"NUMA is preferred, not demanded", {{2, LEASED}, {3, DIRTY}}, {.numa_nodes = "1"}, 0},
	{"NUMA is demanded",
	 {{2, LEASED}, {3, DIRTY}},
	 {.numa_nodes = "1", .numa = VFP_NUMA_STRICT},
	 -1},
	{"NUMA is demanded and there", {{0}}, {.numa_nodes = "1", .numa = VFP_NUMA_STRICT}, 2},
	{"NUMA is ignored", {{0}}, {.numa_nodes = "1", .numa = VFP_NUMA_IGNORE}, 0},
	{"a domain without nodes is near to all",
	 {{0}},
	 {.numa_nodes = "", .numa = VFP_NUMA_STRICT},
	 0},
	{"not one that others are bound to", {{0, BOUND}}, {.policy = VFP_POLICY_PACK}, 1},
	{"else the one with the fewest bound",
	 {{0, BOUND}, {0, BOUND}, {1, BOUND}, {1, BOUND}, {2, BOUND}, {2, BOUND}, {3, BOUND}},
	 {0},
	 3},
	{"spread goes to the PF with less", {{0, LEASED}}, {0}, 2},
	{"spread counts bindings, too", {{0, LEASED}, {2, BOUND}, {2, BOUND}}, {0}, 1},
	{"pack goes to the PF with more", {{2, LEASED}}, {.policy = VFP_POLICY_PACK}, 3},
	{"the domain's own lease is no obstacle",
	 {{0, LEASED}},
	 {.uuid = "other", .last = VF("a", 0)},
	 0},
	{"a claimed one is another's", {{0, CLAIMED}}, {.uuid = "one"}, 1},
	{"the domain's own claim is no obstacle",
	 {{0, CLAIMED}},
	 {.uuid = "other", .last = VF("a", 0)},
	 0},
	{"but that of another NIC of it is",
	 {{0, CLAIMED}},
	 {.uuid = "other", .mac = &other_mac, .last = VF("a", 0)},
	 1},
	{"a claim has a dirty one scrubbed, when there is none else",
	 {{0, LEASED}, {1, DIRTY}, {2, CLAIMED}, {3, LEASED}},
	 {.may_scrub = true},
	 1},
	{"and takes no other's",
	 {{0, LEASED}, {1, CLAIMED}, {2, CLAIMED}, {3, LEASED}},
	 {.may_scrub = true},
	 -1},
	{"a definition may share a claimed one",
	 {{0, LEASED}, {1, FAULTY}, {2, CLAIMED}, {3, HELD}},
	 {.may_share = true, .last = VF("b", 0)},
	 2},
	{"two NICs of a domain never share", {{0}}, {.taken = a0, .n_taken = 1}, 1},
	{"without sharing there is none",
	 {{0, LEASED}, {1, DIRTY}, {2, LEASED}, {3, LEASED}},
	 {0},
	 -1},
	{"a definition may share: the dirty one before the leased",
	 {{0, LEASED}, {1, DIRTY}, {2, LEASED}, {3, LEASED}},
	 {.may_share = true},
	 1},
	{"a definition may share: the one with fewest bound",
	 {{0, LEASED}, {0, BOUND}, {1, LEASED}, {1, BOUND}, {2, LEASED}, {3, LEASED}, {3, BOUND}},
	 {.may_share = true},
	 2},
	{"a free one is better than sharing the last",
	 {{0, LEASED}, {1, BOUND}, {2, LEASED}, {3, LEASED}},
	 {.may_share = true, .last = VF("a", 0)},
	 1},
	{"sharing ends at what is no use",
	 {{0, LEASED}, {0, FAULTY}, {1, HELD}, {2, NO_LINK}, {3, VF_GONE}},
	 {.may_share = true},
	 -1},
};

static void test_order(void **state)
{
	for (size_t i = 0; i < VFP_N(orders); i++) {
		struct vfp_member members[N];
		ssize_t place;

		make(members, orders[i].changes);
		place = vfp_choose(members, N, &orders[i].choice, NULL);
		if (place != orders[i].place)
			fail_msg("%s: got %zd, expected %d", orders[i].what, place,
				 orders[i].place);
	}
}

static const struct {
	struct change changes[3];
	struct vfp_choice choice;
	enum vfp_unfit unfit; /* of VF a#0 */
	const char *words;
} unfits[] = {
	{{{0}}, {0}, VFP_FIT, "free"},
	{{{0, PF_GONE}, {0, VF_GONE}}, {0}, VFP_UNFIT_PF_GONE, "PF a is not there"},
	{{{0, VF_GONE}, {0, FAULTY}},
	 {0},
	 VFP_UNFIT_VF_GONE,
	 "PF a has fewer VFs now; see: vfpool pf enable"},
	{{{0, LEASED}, {0, FAULTY}}, {0}, VFP_UNFIT_LEASED, "leased by web1"},
	{{{0, CLAIMED}, {0, FAULTY}}, {0}, VFP_UNFIT_CLAIMED, "claimed for web2"},
	{{{0, IN_USE}, {0, HELD}}, {0}, VFP_UNFIT_IN_USE, "in use by dpdk, without a lease"},
	{{{0, HELD}}, {0}, VFP_UNFIT_HELD, "held for the host: for tests"},
	{{{0, DIRTY}, {0, FAULTY}}, {0}, VFP_UNFIT_FAULTY, "faulty: MAC stays"},
	{{{0, DIRTY}, {0, NO_LINK}}, {0}, VFP_UNFIT_DIRTY, "not yet scrubbed"},
	{{{0, NO_LINK}, {0, GROUP}}, {0}, VFP_UNFIT_LINK, "PF a has no link"},
	{{{0, GROUP}}, {0}, VFP_UNFIT_GROUP, "shares IOMMU group 7 with 2 other devices"},
	{{{0}},
	 {.taken = a0, .n_taken = 1},
	 VFP_UNFIT_TAKEN,
	 "taken by another NIC of the same domain"},
	{{{0}}, {.numa_nodes = "1", .numa = VFP_NUMA_STRICT}, VFP_UNFIT_NUMA, "on NUMA node 0"},
	{{{0}}, {.pinned = VF("b", 0)}, VFP_UNFIT_PIN, "not the pinned one"},
};

static void test_unfit(void **state)
{
	for (size_t i = 0; i < VFP_N(unfits); i++) {
		enum vfp_unfit unfit[N];
		struct vfp_member members[N];
		char words[128];

		make(members, unfits[i].changes);
		vfp_choose(members, N, &unfits[i].choice, unfit);
		assert_int_equal(unfit[0], unfits[i].unfit);
		assert_string_equal(vfp_unfit_format(&members[0], unfit[0], words, sizeof(words)),
				    unfits[i].words);
	}
}

static void test_words(void **state)
{
	static const struct change changes[] = {
		{0, LEASED}, {1, FAULTY}, {2, VF_GONE}, {3, PF_GONE}, {0}};
	static const struct vfp_choice choice = {0};
	enum vfp_unfit unfit[N];
	struct vfp_member members[N];
	char words[128];

	make(members, changes);
	vfp_choose(members, N, &choice, unfit);
	assert_string_equal(vfp_choose_explain(members, unfit, N, words, sizeof(words)),
			    "4 VFs: 2 not there, 1 leased, 1 faulty; "
			    "a#0 web1, a#1 faulty, b#0 not there, b#1 not there");
	assert_string_equal(vfp_choose_count(unfit, 1, words, sizeof(words)), "1 VF: 1 leased");
	assert_string_equal(vfp_choose_count(unfit, 0, words, sizeof(words)), "0 VFs");
}

static void test_words_are_cut(void **state)
{
	static const struct change changes[] = {
		{0, LEASED}, {1, LEASED}, {2, LEASED}, {3, LEASED}, {0}};
	static const struct vfp_choice choice = {0};
	const char *whole = "4 VFs: 4 leased; a#0 web1, a#1 web1, b#0 web1, b#1 web1";
	enum vfp_unfit unfit[N];
	struct vfp_member members[N];
	char words[64];

	make(members, changes);
	vfp_choose(members, N, &choice, unfit);
	for (size_t size = 8; size < sizeof(words); size++) {
		vfp_choose_explain(members, unfit, N, words, size);
		assert_true(strlen(words) < size);
		assert_memory_equal(words, whole, strlen(words));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_unfit),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_words_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
