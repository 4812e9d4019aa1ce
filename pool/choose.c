/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which VF a port gets.
 */
#include "pool/choose.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/* Text that grows in a buffer of fixed size and is cut at its end. */
struct words {
	char *buf;
	size_t size, used;
};

/* What decides between two VFs that can be had, the weightiest first; less is better. */
struct rank {
	int key[5];
};

static enum vfp_unfit unfit_of(const struct vfp_member *member, const struct vfp_choice *choice,
			       bool may_share);
static const char *word_of(enum vfp_unfit unfit);
static bool is_same(const struct vfp_vf *a, const struct vfp_vf *b);
static unsigned int load_of(const struct vfp_member *first, size_t n);
static struct rank rank_of(const struct vfp_member *member, const struct vfp_choice *choice,
			   enum vfp_unfit unfit, unsigned int load);
static int compare_ranks(const struct rank *a, const struct rank *b);
static void add(struct words *words, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool pf_gone(const struct vfp_member *member, const struct vfp_choice *choice)
{
	return !member->pf_is_present;
}

static bool vf_gone(const struct vfp_member *member, const struct vfp_choice *choice)
{
	return !member->is_present;
}

static bool leased(const struct vfp_member *member, const struct vfp_choice *choice)
{
	return member->is_leased &&
	       !(choice->uuid && !strcmp(member->more->lease.owner.uuid, choice->uuid));
}

static bool claimed(const struct vfp_member *member, const struct vfp_choice *choice)
{
	return member->is_claimed &&
	       !(choice->uuid && !strcmp(member->more->claim.owner.uuid, choice->uuid) &&
		 (!choice->mac || vfp_mac_equal(choice->mac, &member->more->claim.mac)));
}

static bool in_use(const struct vfp_member *member, const struct vfp_choice *choice)
{
	return member->is_used;
}

static bool held(const struct vfp_member *member, const struct vfp_choice *choice)
{
	return member->is_held;
}

static bool faulty(const struct vfp_member *member, const struct vfp_choice *choice)
{
	return member->is_faulty;
}

/* A lease makes its VF dirty: that of the domain's own does not stand in its way. */
static bool dirty(const struct vfp_member *member, const struct vfp_choice *choice)
{
	return member->is_dirty && !member->is_leased;
}

static bool without_link(const struct vfp_member *member, const struct vfp_choice *choice)
{
	return !member->has_carrier;
}

static bool shares_group(const struct vfp_member *member, const struct vfp_choice *choice)
{
	return member->info.group_others > 0;
}

static bool taken(const struct vfp_member *member, const struct vfp_choice *choice)
{
	for (size_t i = 0; i < choice->n_taken; i++)
		if (is_same(&choice->taken[i], &member->vf))
			return true;
	return false;
}

/* A domain without nodes and a PF of which the kernel does not know the node are near to each
 * other. */
static bool is_far(const struct vfp_member *member, const struct vfp_choice *choice)
{
	return choice->numa_nodes && *choice->numa_nodes && member->numa_node >= 0 &&
	       !vfp_range_has(choice->numa_nodes, (unsigned int)member->numa_node);
}

static bool wrong_node(const struct vfp_member *member, const struct vfp_choice *choice)
{
	return choice->numa == VFP_NUMA_STRICT && is_far(member, choice);
}

static bool pinned_elsewhere(const struct vfp_member *member, const struct vfp_choice *choice)
{
	return *choice->pinned.pf && !is_same(&choice->pinned, &member->vf);
}

/* In the order in which they apply; @word is what a count says of them. */
static const struct {
	enum vfp_unfit unfit;
	const char *word;
	bool (*applies)(const struct vfp_member *member, const struct vfp_choice *choice);
	bool can_share; /* a definition may point there all the same, when nothing better is left */
} reasons[] = {
	{VFP_UNFIT_PF_GONE, "not there", pf_gone, false},
	{VFP_UNFIT_VF_GONE, "not there", vf_gone, false},
	{VFP_UNFIT_LEASED, "leased", leased, true},
	{VFP_UNFIT_CLAIMED, "claimed", claimed, true},
	{VFP_UNFIT_IN_USE, "in use", in_use, false},
	{VFP_UNFIT_HELD, "held", held, false},
	{VFP_UNFIT_FAULTY, "faulty", faulty, false},
	{VFP_UNFIT_DIRTY, "not scrubbed", dirty, true},
	{VFP_UNFIT_LINK, "without link", without_link, false},
	{VFP_UNFIT_GROUP, "in a shared IOMMU group", shares_group, false},
	{VFP_UNFIT_TAKEN, "taken by this domain", taken, false},
	{VFP_UNFIT_NUMA, "on another NUMA node", wrong_node, false},
	{VFP_UNFIT_PIN, "not the pinned one", pinned_elsewhere, false},
};

ssize_t vfp_choose(const struct vfp_member *members, size_t n, const struct vfp_choice *choice,
		   enum vfp_unfit *ret_unfit)
{
	struct rank best_rank = {{0}};
	unsigned int load = 0;
	ssize_t best = -1;

	for (size_t i = 0; i < n; i++) {
		const enum vfp_unfit unfit = unfit_of(&members[i], choice, false);
		struct rank rank;

		if (ret_unfit)
			ret_unfit[i] = unfit;
		if (i == 0 || strcmp(members[i].vf.pf, members[i - 1].vf.pf) != 0)
			load = load_of(&members[i], n - i);
		if (unfit != VFP_FIT &&
		    (!choice->may_share || unfit_of(&members[i], choice, true) != VFP_FIT))
			continue;
		rank = rank_of(&members[i], choice, unfit, load);
		if (best >= 0 && compare_ranks(&rank, &best_rank) >= 0)
			continue;
		best = (ssize_t)i;
		best_rank = rank;
	}
	return best;
}

bool vfp_may_stay(const struct vfp_member *member, const char *uuid, bool with_link)
{
	const struct vfp_choice choice = {.uuid = uuid};

	return member->is_present && !member->is_faulty && !member->is_held && !member->is_used &&
	       !leased(member, &choice) && !claimed(member, &choice) &&
	       (member->has_carrier || !with_link);
}

char *vfp_choose_count(const enum vfp_unfit *unfit, size_t n, char *buf, size_t size)
{
	struct words words = {buf, size, 0};
	const char *separator = ": ";

	add(&words, "%zu VF%s", n, n == 1 ? "" : "s");
	for (size_t i = 0; i < VFP_N(reasons); i++) {
		size_t count = 0;

		/* Two reasons with one word stand next to each other and are counted together. */
		if (i > 0 && !strcmp(reasons[i].word, reasons[i - 1].word))
			continue;
		for (size_t j = 0; j < n; j++)
			count += unfit[j] != VFP_FIT && !strcmp(word_of(unfit[j]), reasons[i].word);
		if (!count)
			continue;
		add(&words, "%s%zu %s", separator, count, reasons[i].word);
		separator = ", ";
	}
	return buf;
}

char *vfp_choose_list(const struct vfp_member *members, const enum vfp_unfit *unfit, size_t n,
		      char *buf, size_t size)
{
	struct words words = {buf, size, 0};
	char vf[VFP_VF_SIZE];

	*buf = '\0';
	for (size_t i = 0; i < n; i++) {
		if (unfit[i] == VFP_FIT)
			continue;
		add(&words, "%s%s %s", *buf ? ", " : "", vfp_vf_format(&members[i].vf, vf),
		    unfit[i] == VFP_UNFIT_LEASED    ? members[i].more->lease.owner.name
		    : unfit[i] == VFP_UNFIT_CLAIMED ? members[i].more->claim.owner.name
						    : word_of(unfit[i]));
	}
	return buf;
}

char *vfp_choose_explain(const struct vfp_member *members, const enum vfp_unfit *unfit, size_t n,
			 char *buf, size_t size)
{
	struct words words = {buf, size, 0};

	vfp_choose_count(unfit, n, buf, size);
	words.used = strlen(buf);
	add(&words, "; ");
	vfp_choose_list(members, unfit, n, buf + words.used, size - words.used);
	return buf;
}

char *vfp_unfit_format(const struct vfp_member *member, enum vfp_unfit unfit, char *buf,
		       size_t size)
{
	struct words words = {buf, size, 0};
	const char *pf = member->vf.pf;

	switch (unfit) {
	case VFP_FIT:
		add(&words, "free");
		break;
	case VFP_UNFIT_PF_GONE:
		add(&words, "PF %s is not there", pf);
		break;
	case VFP_UNFIT_VF_GONE:
		add(&words, "PF %s has fewer VFs now; see: vfpool pf enable", pf);
		break;
	case VFP_UNFIT_LEASED:
		add(&words, "leased by %s", member->more->lease.owner.name);
		break;
	case VFP_UNFIT_CLAIMED:
		add(&words, "claimed for %s", member->more->claim.owner.name);
		break;
	case VFP_UNFIT_IN_USE:
		add(&words, "in use by %s, without a lease", member->more->used_by);
		break;
	case VFP_UNFIT_HELD:
		add(&words, "held for the host: %s", member->more->reason);
		break;
	case VFP_UNFIT_FAULTY:
		add(&words, "faulty: %s", member->more->reason);
		break;
	case VFP_UNFIT_DIRTY:
		add(&words, "not yet scrubbed");
		break;
	case VFP_UNFIT_LINK:
		add(&words, "PF %s has no link", pf);
		break;
	case VFP_UNFIT_GROUP:
		add(&words, "shares IOMMU group %d with %u other devices", member->info.iommu_group,
		    member->info.group_others);
		break;
	case VFP_UNFIT_TAKEN:
		add(&words, "taken by another NIC of the same domain");
		break;
	case VFP_UNFIT_NUMA:
		add(&words, "on NUMA node %d", member->numa_node);
		break;
	case VFP_UNFIT_PIN:
		add(&words, "not the pinned one");
		break;
	}
	return buf;
}

const char *vfp_unfit_state(enum vfp_unfit unfit)
{
	static const char *const states[] = {
		[VFP_FIT] = "free",
		[VFP_UNFIT_PF_GONE] = "gone",
		[VFP_UNFIT_VF_GONE] = "gone",
		[VFP_UNFIT_LEASED] = "leased",
		[VFP_UNFIT_CLAIMED] = "claimed",
		[VFP_UNFIT_IN_USE] = "in use",
		[VFP_UNFIT_HELD] = "held",
		[VFP_UNFIT_FAULTY] = "faulty",
		[VFP_UNFIT_DIRTY] = "dirty",
		[VFP_UNFIT_LINK] = "no link",
	};

	return unfit < VFP_N(states) && states[unfit] ? states[unfit] : "unfit";
}

static enum vfp_unfit unfit_of(const struct vfp_member *member, const struct vfp_choice *choice,
			       bool may_share)
{
	for (size_t i = 0; i < VFP_N(reasons); i++)
		if (!(may_share && reasons[i].can_share) &&
		    !(choice->may_scrub && reasons[i].unfit == VFP_UNFIT_DIRTY) &&
		    reasons[i].applies(member, choice))
			return reasons[i].unfit;
	return VFP_FIT;
}

static const char *word_of(enum vfp_unfit unfit)
{
	size_t i = 0;

	while (i < VFP_N(reasons) && reasons[i].unfit != unfit)
		i++;
	assert(i < VFP_N(reasons));
	return reasons[i].word;
}

static bool is_same(const struct vfp_vf *a, const struct vfp_vf *b)
{
	return a->index == b->index && !strcmp(a->pf, b->pf);
}

/* How many leases and bindings the pool has on the PF of @first: its VFs stand together. */
static unsigned int load_of(const struct vfp_member *first, size_t n)
{
	unsigned int load = 0;

	for (size_t i = 0; i < n && !strcmp(first[i].vf.pf, first->vf.pf); i++)
		load += first[i].is_leased + first[i].n_bound;
	return load;
}

/* A VF that can be had comes before one that can only be pointed at, and of those a dirty one,
 * which a start scrubs, before a leased one.  Then the order that the header gives. */
static struct rank rank_of(const struct vfp_member *member, const struct vfp_choice *choice,
			   enum vfp_unfit unfit, unsigned int load)
{
	const bool is_last = *choice->last.pf && is_same(&choice->last, &member->vf);
	const bool minds_numa = choice->numa != VFP_NUMA_IGNORE;

	return (struct rank){{
		unfit == VFP_FIT	   ? dirty(member, choice)
		: unfit == VFP_UNFIT_DIRTY ? 1
					   : 2,
		!is_last,
		minds_numa && is_far(member, choice),
		(int)member->n_bound,
		choice->policy == VFP_POLICY_PACK ? -(int)load : (int)load,
	}};
}

static int compare_ranks(const struct rank *a, const struct rank *b)
{
	for (size_t i = 0; i < VFP_N(a->key); i++)
		if (a->key[i] != b->key[i])
			return a->key[i] < b->key[i] ? -1 : 1;
	return 0;
}

static void add(struct words *words, const char *fmt, ...)
{
	const size_t left = words->size - words->used;
	va_list args;
	int size;

	va_start(args, fmt);
	size = vsnprintf(words->buf + words->used, left, fmt, args);
	va_end(args);
	assert(size >= 0);
	words->used += (size_t)size < left ? (size_t)size : left - 1;
}
