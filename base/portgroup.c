/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words of a port group: what a definition and `portgroup set` say of it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/pooldef.h"

#define MAX_VLAN	4094
#define MAX_QOS		7
#define ETHERTYPE_8021Q 0x8100

/* One attribute: by its table of words, or a number up to @max, or by functions of its own. */
struct kind {
	const char *attr;
	const struct vfp_word *words;
	uint64_t max;
	size_t offset, size;
	int (*set)(struct vfp_portgroup *group, const char *value, struct vfp_err *err);
	char *(*get)(const struct vfp_portgroup *group);
};

static int set_vlan(struct vfp_portgroup *group, const char *value, struct vfp_err *err);
static char *get_vlan(const struct vfp_portgroup *group);
static int set_mtu(struct vfp_portgroup *group, const char *value, struct vfp_err *err);
static char *get_mtu(const struct vfp_portgroup *group);
static const struct kind *find_kind(const char *attr);
static void list_words(const struct vfp_word *words, char *buf, size_t size);
static uint64_t get_number(const struct vfp_portgroup *group, const struct kind *kind);
static void set_number(struct vfp_portgroup *group, const struct kind *kind, uint64_t value);

static const struct vfp_word yes_no[] = {{"yes", 1}, {"no", 0}, {NULL, 0}};
static const struct vfp_word on_off[] = {{"on", 1}, {"off", 0}, {NULL, 0}};
const struct vfp_word vfp_vlan_proto_words[] = {{"802.1Q", 0x8100}, {"802.1ad", 0x88a8}, {NULL, 0}};

#define MEMBER(m) \
	.offset = offsetof(struct vfp_portgroup, m), .size = sizeof(((struct vfp_portgroup *)0)->m)

static const struct kind kinds[] = {
	{"default", .words = yes_no, MEMBER(is_default)},
	{"vlan", .set = set_vlan, .get = get_vlan},
	{"protocol", .words = vfp_vlan_proto_words, MEMBER(attrs.vlan_proto)},
	{"qos", .max = MAX_QOS, MEMBER(attrs.qos)},
	{"spoofchk", .words = on_off, MEMBER(attrs.spoofchk)},
	{"trust", .words = on_off, MEMBER(attrs.trust)},
	{"linkState", .words = vfp_link_state_words, MEMBER(attrs.link_state)},
	{"minTxRate", .max = UINT32_MAX, MEMBER(attrs.min_rate_mbps)},
	{"maxTxRate", .max = UINT32_MAX, MEMBER(attrs.max_rate_mbps)},
	{"guestMtu", .set = set_mtu, .get = get_mtu},
};

const char *vfp_portgroup_attr(size_t place)
{
	return place < VFP_N(kinds) ? kinds[place].attr : NULL;
}

int vfp_portgroup_set(struct vfp_portgroup *group, const char *attr, const char *value,
		      struct vfp_err *err)
{
	const struct kind *kind = find_kind(attr);
	char list[128] = "";
	uint64_t number;

	for (size_t i = 0; !kind && i < VFP_N(kinds); i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", i ? ", " : "",
			 kinds[i].attr);
	if (!kind)
		return vfp_fail(err, EINVAL, "a port group has no %s, expected one of: %s", attr,
				list);
	if (kind->set)
		return kind->set(group, value, err);
	if (kind->words) {
		list_words(kind->words, list, sizeof(list));
		if (vfp_word_parse(kind->words, value) < 0)
			return vfp_fail(err, EINVAL, "%s='%s', expected %s", attr, value, list);
		set_number(group, kind, (uint64_t)vfp_word_parse(kind->words, value));
		return 0;
	}
	if (!vfp_number_parse(value, 0, kind->max, &number))
		return vfp_fail(err, EINVAL, "%s='%s', expected 0 to %" PRIu64, attr, value,
				kind->max);
	set_number(group, kind, number);
	return 0;
}

/* One "attr=value". */
static int change_one(struct vfp_portgroup *group, const char *setting, struct vfp_err *err)
{
	vfp_autofree char *attr = vfp_strdup(setting);
	char *value = strchr(attr, '=');

	if (!value)
		return vfp_fail(err, EINVAL, "'%s': attribute=value was expected, as in vlan=100",
				setting);
	*value++ = '\0';
	return vfp_portgroup_set(group, attr, value, err);
}

int vfp_portgroup_change(struct vfp_portgroup *group, const char *const *settings, size_t n,
			 struct vfp_err *err)
{
	struct vfp_portgroup changed = *group;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = change_one(&changed, settings[i], err);
	if (rc == 0)
		rc = vfp_portgroup_check(&changed, err);
	if (rc < 0)
		return vfp_fail_in(err, rc, "port group %s", group->name);
	*group = changed;
	return 0;
}

char *vfp_portgroup_get(const struct vfp_portgroup *group, const char *attr)
{
	const struct kind *kind = find_kind(attr);

	if (kind->get)
		return kind->get(group);
	if (kind->words)
		return vfp_strdup(vfp_word_of(kind->words, (int)get_number(group, kind)));
	return vfp_format("%" PRIu64, get_number(group, kind));
}

int vfp_portgroup_check(const struct vfp_portgroup *group, struct vfp_err *err)
{
	const struct vfp_attrs *attrs = &group->attrs;

	if (attrs->qos && group->vlan_mode != VFP_VLAN_ID)
		return vfp_fail(err, EINVAL, "qos='%u' without a VLAN tag, which carries it",
				attrs->qos);
	if (attrs->vlan_proto != ETHERTYPE_8021Q && group->vlan_mode != VFP_VLAN_ID)
		return vfp_fail(err, EINVAL,
				"protocol='%s' without a VLAN tag, whose protocol it is",
				vfp_word_of(vfp_vlan_proto_words, attrs->vlan_proto));
	if (attrs->max_rate_mbps && attrs->min_rate_mbps > attrs->max_rate_mbps)
		return vfp_fail(err, EINVAL, "minTxRate='%u' is above maxTxRate='%u'",
				attrs->min_rate_mbps, attrs->max_rate_mbps);
	return 0;
}

char *vfp_portgroup_diff(const struct vfp_portgroup *from, const struct vfp_portgroup *to)
{
	char *words = vfp_strdup("");

	for (size_t i = 0; i < VFP_N(kinds); i++) {
		vfp_autofree char *a = vfp_portgroup_get(from, kinds[i].attr);
		vfp_autofree char *b = vfp_portgroup_get(to, kinds[i].attr);
		vfp_autofree char *before = words;

		words = strcmp(a, b) ? vfp_format("%s%s%s %s -> %s", before, *before ? ", " : "",
						  kinds[i].attr, a, b)
				     : vfp_strdup(before);
	}
	return words;
}

static const struct kind *find_kind(const char *attr)
{
	for (size_t i = 0; i < VFP_N(kinds); i++)
		if (!strcmp(kinds[i].attr, attr))
			return &kinds[i];
	return NULL;
}

static void list_words(const struct vfp_word *words, char *buf, size_t size)
{
	buf[0] = '\0';
	for (; words->word; words++)
		snprintf(buf + strlen(buf), size - strlen(buf), "%s%s", *buf ? " or " : "",
			 words->word);
}

static uint64_t get_number(const struct vfp_portgroup *group, const struct kind *kind)
{
	const char *member = (const char *)group + kind->offset;
	uint32_t value32;
	uint16_t value16;

	if (kind->size == 1)
		return *(const uint8_t *)member;
	if (kind->size == 2) {
		memcpy(&value16, member, sizeof(value16));
		return value16;
	}
	memcpy(&value32, member, sizeof(value32));
	return value32;
}

static void set_number(struct vfp_portgroup *group, const struct kind *kind, uint64_t value)
{
	char *member = (char *)group + kind->offset;
	const uint32_t value32 = (uint32_t)value;
	const uint16_t value16 = (uint16_t)value;

	if (kind->size == 1)
		*(uint8_t *)member = (uint8_t)value;
	else if (kind->size == 2)
		memcpy(member, &value16, sizeof(value16));
	else
		memcpy(member, &value32, sizeof(value32));
}

static int set_vlan(struct vfp_portgroup *group, const char *value, struct vfp_err *err)
{
	const bool is_none = !strcmp(value, "none"), is_trunk = !strcmp(value, "trunk");
	uint64_t id = 0;

	if (!is_none && !is_trunk && !vfp_number_parse(value, 1, MAX_VLAN, &id))
		return vfp_fail(err, EINVAL,
				"vlan='%s', expected 1 to %d, none (untagged) or trunk (the guest "
				"tags; ESXi's 4095)",
				value, MAX_VLAN);
	group->vlan_mode = is_none ? VFP_VLAN_NONE : is_trunk ? VFP_VLAN_TRUNK : VFP_VLAN_ID;
	group->attrs.vlan = (uint16_t)id;
	return 0;
}

static char *get_vlan(const struct vfp_portgroup *group)
{
	if (group->vlan_mode == VFP_VLAN_ID)
		return vfp_format("%u", group->attrs.vlan);
	return vfp_strdup(vfp_word_of(vfp_vlan_mode_words, (int)group->vlan_mode));
}

/* ESXi's "Guest OS MTU Change: Deny" has no counterpart: struct ifla_vf_* in linux/if_link.h know
 * no MTU, so the guest's driver and the PF's agree on it between themselves.  A setting that would
 * do nothing is not taken. */
static int set_mtu(struct vfp_portgroup *group, const char *value, struct vfp_err *err)
{
	(void)group;
	if (!strcmp(value, "allow"))
		return 0;
	if (!strcmp(value, "deny"))
		return vfp_fail(err, EOPNOTSUPP,
				"guestMtu='deny': Linux gives a host no way to deny it, whatever "
				"the NIC; the largest frame is the PF driver's decision");
	return vfp_fail(err, EINVAL, "guestMtu='%s', expected allow", value);
}

static char *get_mtu(const struct vfp_portgroup *group)
{
	(void)group;
	return vfp_strdup("allow");
}
