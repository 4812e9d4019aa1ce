/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a pool is defined as: the values behind the XML of schemas/pool.rng.
 *
 * xml/pooldef.c makes it from a document, pool/ stores it.  Counts are bounded so that the struct
 * is a plain value.
 */
#pragma once

#include "base/text.h"
#include "base/vf.h"

#define VFP_POOL_MAX_PFS	256
#define VFP_POOL_MAX_PORTGROUPS 4094
#define VFP_MAX_VFS		65536 /* VF numbers are 16 bits wide: PCIe 6.0, 9.3.3.7 NumVFs */

/* A set of VF indexes as text: "0,2-5", ascending, without overlap; "" means all. */
#define VFP_RANGE_SIZE 128
/* Puts @s into the one form (sorted, joined: "5,0-1,2" becomes "0-2,5").  "" stays "".  -EINVAL
 * with words. */
int vfp_range_parse(const char *s, char ret_range[VFP_RANGE_SIZE], struct vfp_err *err);
bool vfp_range_has(const char *range, unsigned int index);
bool vfp_range_overlap(const char *a, const char *b);

struct vfp_pool_pf {
	char dev[IFNAMSIZ];
	char vfs[VFP_RANGE_SIZE];
};

enum vfp_vlan_mode { VFP_VLAN_NONE, VFP_VLAN_ID, VFP_VLAN_TRUNK };
extern const struct vfp_word vfp_vlan_mode_words[]; /* none id trunk */

/* VLAN 0 and 4095 never stand in @vlan: none and trunk are modes. */
struct vfp_portgroup {
	char name[VFP_NAME_SIZE];
	bool is_default;
	enum vfp_vlan_mode vlan_mode;
	struct vfp_attrs attrs; /* as the VF is to read; mac is none */
};

/* The words that a definition and `portgroup set` have for a port group: default, vlan, protocol,
 * qos, spoofchk, trust, linkState, minTxRate, maxTxRate, guestMtu; NULL behind the last. */
const char *vfp_portgroup_attr(size_t place);
/* Sets one of them, by its text.  -EINVAL: no such word, or a value that is none of its;
 * -EOPNOTSUPP: guestMtu deny, which no driver can do. */
int vfp_portgroup_set(struct vfp_portgroup *group, const char *attr, const char *value,
		      struct vfp_err *err);
/* The same for @n settings "attr=value", with vfp_portgroup_check() behind them; of a failure
 * nothing is set. */
int vfp_portgroup_change(struct vfp_portgroup *group, const char *const *settings, size_t n,
			 struct vfp_err *err);
/* The value as text; the caller frees it.  @attr is one of them. */
char *vfp_portgroup_get(const struct vfp_portgroup *group, const char *attr);
/* Whether its values go together; -EINVAL in words. */
int vfp_portgroup_check(const struct vfp_portgroup *group, struct vfp_err *err);
/* "vlan 100 -> 200, trust off -> on", "" where they are the same but for their names.  The caller
 * frees it. */
char *vfp_portgroup_diff(const struct vfp_portgroup *from, const struct vfp_portgroup *to);
extern const struct vfp_word vfp_vlan_proto_words[]; /* 802.1Q 802.1ad */

enum vfp_policy { VFP_POLICY_SPREAD, VFP_POLICY_PACK };
extern const struct vfp_word vfp_policy_words[]; /* spread pack */
enum vfp_numa { VFP_NUMA_PREFER, VFP_NUMA_IGNORE, VFP_NUMA_STRICT };
extern const struct vfp_word vfp_numa_words[]; /* prefer ignore strict */

struct vfp_pooldef {
	char name[VFP_NAME_SIZE];
	char physnet[VFP_NAME_SIZE]; /* "": none */
	enum vfp_policy policy;
	enum vfp_numa numa;
	bool park;
	size_t n_pfs;
	struct vfp_pool_pf pfs[VFP_POOL_MAX_PFS];
	size_t n_portgroups;
	struct vfp_portgroup *portgroups; /* the owner frees it */
};

void vfp_pooldef_free(struct vfp_pooldef *def);

/* A pool without any port group gets this one: "default", no VLAN, everything as scrubbed. */
extern const struct vfp_portgroup vfp_portgroup_plain;
