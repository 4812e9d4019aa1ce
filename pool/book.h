/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of pool/ share about the book, which is the database in the field's words.
 * Private to pool/.
 *
 * A writer begins with vfp_book_begin(), writes what it changes and, for each change, one line with
 * vfp_book_note(), and ends with vfp_db_commit().  No function here waits for a device or its lock.
 */
#pragma once

#include "base/sysfs.h"
#include "pool/db.h"

struct vfp_pool {
	const struct vfp_host *host;
	struct vfp_db *db;
	struct vfp_db *group;	    /* the transaction of vfp_pool_begin_group() */
	struct vfp_host_view *view; /* and what it knows of the host; NULL */
	char boot_id[VFP_BOOT_ID_SIZE];
	int64_t data_version;	    /* as vfp_pool_has_changed() saw it last; 0 never */
	struct vfp_serial *serials; /* of the cards that were asked for it (pool/openstack.c) */
	size_t n_serials;
};

/* vfp_db_begin(); but the first writer of a boot first ends the leases of earlier ones, in a
 * transaction of their own: that stays done when the change itself is rolled back. */
int vfp_book_begin(struct vfp_pool *pool, struct vfp_db **ret_change, struct vfp_err *err);
/* The same for vfp_db_begin_group(). */
int vfp_book_begin_group(struct vfp_pool *pool, struct vfp_db **ret_group, struct vfp_err *err);
void vfp_book_forget_view(struct vfp_pool *pool);

/* The serial number of the PF's card, read when it is first asked for; "" none.  The pool's. */
const char *vfp_book_serial(struct vfp_pool *pool, const struct vfp_pf *pf);

/* What a journal line is about; what is NULL stays empty. */
struct vfp_about {
	const struct vfp_owner *owner;
	const struct vfp_mac *mac;
	const struct vfp_vf *vf;
	const char *pool;
};
/* Writes a journal line into the transaction at hand.  @err stands before the words for the
 * format's sake. */
int vfp_book_note(struct vfp_pool *pool, const char *event, const struct vfp_about *about,
		  struct vfp_err *err, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* What a port group and a lease say of the VF's attributes; PORTGROUP_COLUMNS in db.c, behind
 * vlan_mode. */
#define VFP_COLUMNS_ATTRS(type, attrs)                                                       \
	VFP_COLUMN_NUMBER(type, attrs.vlan), VFP_COLUMN_NUMBER(type, attrs.vlan_proto),      \
		VFP_COLUMN_NUMBER(type, attrs.qos), VFP_COLUMN_NUMBER(type, attrs.spoofchk), \
		VFP_COLUMN_NUMBER(type, attrs.trust),                                        \
		VFP_COLUMN_WORD(type, attrs.link_state, vfp_link_state_words),               \
		VFP_COLUMN_NUMBER(type, attrs.min_rate_mbps),                                \
		VFP_COLUMN_NUMBER(type, attrs.max_rate_mbps)
/* The same as values, vlan_mode before them. */
#define VFP_VALUES_ATTRS(mode, attrs)                                      \
	VFP_WORD(vfp_vlan_mode_words, (mode)), VFP_NUMBER((attrs)->vlan),  \
		VFP_NUMBER((attrs)->vlan_proto), VFP_NUMBER((attrs)->qos), \
		VFP_NUMBER((attrs)->spoofchk), VFP_NUMBER((attrs)->trust), \
		VFP_WORD(vfp_link_state_words, (attrs)->link_state),       \
		VFP_NUMBER((attrs)->min_rate_mbps), VFP_NUMBER((attrs)->max_rate_mbps)

/* -ENOENT in words. */
int vfp_book_pool_id(struct vfp_pool *pool, const char *name, int64_t *ret_id, struct vfp_err *err);
void vfp_book_free_defs(struct vfp_pooldef *defs, size_t n);

struct vfp_portgroup_row {
	int64_t id;
	struct vfp_portgroup portgroup;
};
int vfp_book_portgroups(struct vfp_pool *pool, int64_t pool_id, struct vfp_portgroup_row **ret,
			size_t *ret_n, struct vfp_err *err);

/* A port group with what its pool says of the choice of a VF. */
struct vfp_group {
	int64_t id;
	struct vfp_portgroup portgroup;
	char pool[VFP_NAME_SIZE];
	enum vfp_policy policy;
	enum vfp_numa numa;
	bool park;
};
/* @name "": the pool's default one.  -ENOENT: no such pool, or port group, in words. */
int vfp_book_group(struct vfp_pool *pool, const char *pool_name, const char *name,
		   struct vfp_group *ret_group, struct vfp_err *err);
/* The VLAN that a definition is to have: 0 for none and for a trunk, which the guest tags. */
uint16_t vfp_book_vlan(enum vfp_vlan_mode mode, const struct vfp_attrs *attrs);

/* Gives the VF a row, so that something can be remembered about it. */
int vfp_book_vf_put(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_err *err);
/* Nobody is given the VF until it is scrubbed.  A change of its own. */
int vfp_book_dirty(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_err *err);
/* Writes @reason, cut to what struct vfp_vf_state holds, by VFP_SQL_VF_HOLD or VFP_SQL_VF_FAULT. */
int vfp_book_vf_mark(struct vfp_pool *pool, const struct vfp_vf *vf, enum vfp_sql mark,
		     const char *reason, unsigned int *ret_changed, struct vfp_err *err);
/* The pool that has the VF; "" when none has. */
int vfp_book_pool_of(struct vfp_pool *pool, const struct vfp_vf *vf, char ret_pool[VFP_NAME_SIZE],
		     struct vfp_err *err);

/* Words for a VF of the host that carries @mac and should not: who has it, or what is to be done.
 * Returns @buf. */
char *vfp_book_carrier(struct vfp_pool *pool, const struct vfp_vf *vf, const struct vfp_mac *mac,
		       char *buf, size_t size);

/* A port as the book has it: without PCI address. */
struct vfp_port_row {
	int64_t id;
	struct vfp_port port;
	struct vfp_vf last; /* the VF of its last lease; pf is "" when there was none */
	char claim_boot[VFP_BOOT_ID_SIZE];
	bool is_claim_over; /* the book has a claim whose time is over: to all else it has none */
};
int vfp_book_ports(struct vfp_pool *pool, const char *uuid, struct vfp_port_row **ret,
		   size_t *ret_n, struct vfp_err *err);
/* Ends it; @event is the journal's word for why. */
int vfp_book_drop_port(struct vfp_pool *pool, const struct vfp_port_row *row, const char *event,
		       struct vfp_err *err);
/* 1: there is a port with this MAC; 0: none. */
int vfp_book_port_of_mac(struct vfp_pool *pool, const struct vfp_mac *mac, struct vfp_port_row *ret,
			 struct vfp_err *err);

/* Those that are claimed. */
int vfp_book_claims(struct vfp_pool *pool, struct vfp_port_row **ret, size_t *ret_n,
		    struct vfp_err *err);
/* Ends the claims whose time is over, within the transaction at hand: who gives a VF away does it
 * first.  @ret_n: how many; NULL where nobody asks. */
int vfp_book_end_claims(struct vfp_pool *pool, unsigned int *ret_n, struct vfp_err *err);
/* Ends a claim, if there is one, with its journal line, and the port with it, when that is all it
 * was: libvirt does not know the domain, and no lease is on it. */
int vfp_book_unclaim(struct vfp_pool *pool, const struct vfp_port_row *row, const char *why,
		     struct vfp_err *err);

/* What vfp_pool_bind() and vfp_pool_claim() ask for. */
struct vfp_request {
	const struct vfp_owner *owner;
	const struct vfp_want *wants;
	size_t n;
	const char *numa_nodes; /* NULL or "" none */
	/* Not 0: the VFs are claimed until then.  They are not shared, and the wants are not the
	 * whole domain. */
	int64_t claim_until_ms;
};
struct vfp_grant {
	struct vfp_binding binding;
	int numa_node;	/* of the PF, -1: the kernel does not know it */
	bool is_leased; /* of a claim: the domain has the VF already */
	bool trust;	/* the VF is, or will be, trusted */
};
/* @ret_grants: room for @n.  The errors of both. */
int vfp_book_grant(struct vfp_pool *pool, const struct vfp_request *request,
		   struct vfp_grant *ret_grants, struct vfp_err *err);

/* Leases as the book has them: without PCI address. */
int vfp_book_leases(struct vfp_pool *pool, const char *uuid, struct vfp_lease **ret, size_t *ret_n,
		    struct vfp_err *err);
/* One of these leases has the MAC. */
bool vfp_book_has_mac(const struct vfp_lease *leases, size_t n, const struct vfp_mac *mac);
/* 1: the lease has not ended; 0: it has. */
int vfp_book_stands(struct vfp_pool *pool, int64_t generation, struct vfp_err *err);
/* 1: the VF is leased; 0: it is not. */
int vfp_book_lease_of(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_lease *ret,
		      struct vfp_err *err);

/* Fills in vf->pci, as it is now; none when the VF is not there.  @cache, zeroed before the first
 * call, saves reading a PF twice in a row. */
void vfp_book_resolve(const struct vfp_host *host, struct vfp_vf *vf, struct vfp_pf *cache);

/* One dump of the attributes of all VFs of a PF.  The caller frees *ret_attrs. */
int vfp_book_dump(const struct vfp_host *host, const char *dev, bool with_counters,
		  struct vfp_attrs **ret_attrs, size_t *ret_n, struct vfp_err *err);
