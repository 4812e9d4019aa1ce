/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pool definitions as values, and sets of VF indexes as text.
 */
#include "base/pooldef.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BITS 64

/* One bit per VF index. */
struct index_set {
	uint64_t bits[VFP_MAX_VFS / BITS];
};

struct span {
	unsigned int first, last;
};

static bool span_parse(const char *text, size_t size, struct span *ret_span);
static bool span_next(const char **range, struct span *ret_span);
static bool set_has(const struct index_set *set, unsigned int index);
static bool set_format(const struct index_set *set, char ret_range[VFP_RANGE_SIZE]);

const struct vfp_word vfp_vlan_mode_words[] = {
	{"none", VFP_VLAN_NONE},
	{"id", VFP_VLAN_ID},
	{"trunk", VFP_VLAN_TRUNK},
	{NULL, 0},
};

const struct vfp_word vfp_policy_words[] = {
	{"spread", VFP_POLICY_SPREAD},
	{"pack", VFP_POLICY_PACK},
	{NULL, 0},
};

const struct vfp_word vfp_numa_words[] = {
	{"prefer", VFP_NUMA_PREFER},
	{"ignore", VFP_NUMA_IGNORE},
	{"strict", VFP_NUMA_STRICT},
	{NULL, 0},
};

const struct vfp_portgroup vfp_portgroup_plain = {
	.name = "default",
	.is_default = true,
	.vlan_mode = VFP_VLAN_NONE,
	.attrs = VFP_ATTRS_SCRUBBED,
};

int vfp_range_parse(const char *s, char ret_range[VFP_RANGE_SIZE], struct vfp_err *err)
{
	struct index_set set = {0};
	char range[VFP_RANGE_SIZE];
	const char *part = s;
	struct span span;

	while (*s) {
		size_t size = strcspn(part, ",");

		if (!span_parse(part, size, &span))
			return vfp_fail(err, EINVAL,
					"VF range '%s': '%.*s' is no VF index and no span of them, "
					"expected for example 0,2-5 (at most %d)",
					s, (int)size, part, VFP_MAX_VFS - 1);
		for (unsigned int i = span.first; i <= span.last; i++)
			set.bits[i / BITS] |= UINT64_C(1) << i % BITS;
		if (!part[size])
			break;
		part += size + 1;
	}
	if (!set_format(&set, range))
		return vfp_fail(err, EINVAL,
				"VF range '%s': more than %d characters even in its shortest form",
				s, VFP_RANGE_SIZE - 1);
	memcpy(ret_range, range, sizeof(range));
	return 0;
}

bool vfp_range_has(const char *range, unsigned int index)
{
	struct span span;

	if (!*range)
		return true;
	while (span_next(&range, &span))
		if (span.first <= index && index <= span.last)
			return true;
	return false;
}

bool vfp_range_overlap(const char *a, const char *b)
{
	struct span span_a, span_b;

	if (!*a || !*b)
		return true;
	while (span_next(&a, &span_a)) {
		const char *rest = b;

		while (span_next(&rest, &span_b))
			if (span_a.first <= span_b.last && span_b.first <= span_a.last)
				return true;
	}
	return false;
}

void vfp_pooldef_free(struct vfp_pooldef *def)
{
	free(def->portgroups);
	def->portgroups = NULL;
	def->n_portgroups = 0;
}

/* "7" or "2-5", the @size bytes at @text and nothing else. */
static bool span_parse(const char *text, size_t size, struct span *ret_span)
{
	char number[2][8] = {"", ""};
	size_t first_size = strcspn(text, "-,");
	uint64_t first, last;

	if (first_size >= sizeof(number[0]) || size - first_size > sizeof(number[1]))
		return false;
	memcpy(number[0], text, first_size);
	if (!vfp_number_parse(number[0], 0, VFP_MAX_VFS - 1, &first))
		return false;
	last = first;
	if (first_size < size) {
		memcpy(number[1], text + first_size + 1, size - first_size - 1);
		if (!vfp_number_parse(number[1], first, VFP_MAX_VFS - 1, &last))
			return false;
	}
	*ret_span = (struct span){(unsigned int)first, (unsigned int)last};
	return true;
}

/* Takes one span off the front of a range in its one form. */
static bool span_next(const char **range, struct span *ret_span)
{
	size_t size = strcspn(*range, ",");
	bool is_span;

	if (!**range)
		return false;
	is_span = span_parse(*range, size, ret_span);
	assert(is_span);
	*range += size + ((*range)[size] == ',');
	return is_span;
}

static bool set_has(const struct index_set *set, unsigned int index)
{
	return index < VFP_MAX_VFS && (set->bits[index / BITS] >> index % BITS & 1);
}

static bool set_format(const struct index_set *set, char ret_range[VFP_RANGE_SIZE])
{
	size_t used = 0;

	ret_range[0] = '\0';
	for (unsigned int first = 0; first < VFP_MAX_VFS; first++) {
		const char *comma = used ? "," : "";
		unsigned int last = first;
		int size;

		if (!set_has(set, first))
			continue;
		while (set_has(set, last + 1))
			last++;
		if (last > first)
			size = snprintf(ret_range + used, VFP_RANGE_SIZE - used, "%s%u-%u", comma,
					first, last);
		else
			size = snprintf(ret_range + used, VFP_RANGE_SIZE - used, "%s%u", comma,
					first);
		used += (size_t)size;
		if (used >= VFP_RANGE_SIZE)
			return false;
		first = last;
	}
	return true;
}
