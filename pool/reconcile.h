/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reconcile: book, host and libvirt compared.  Pure: facts in, differences out.
 *
 * Who calls it gathers the facts (service/check.h does), and carries the repairs out with the
 * functions of pool.h, setup.h and pf.h, each of which looks again before it changes anything: a
 * difference is what was seen a moment ago, never a permission.
 */
#pragma once

#include "pool/inventory.h"

/* --- Facts ------------------------------------------------------------------------------------ */

/* A NIC of a domain that concerns a pool, as libvirt shows it. */
struct vfp_seen_nic {
	struct vfp_mac mac;
	struct vfp_vf vf; /* pf "": it names none, or an address where there is no VF now */
	uint16_t vlan;
};

struct vfp_seen_domain {
	struct vfp_owner owner;
	bool is_running, is_defined;
	struct vfp_process qemu; /* pid 0: not known */
	size_t n_live, n_defined;
	struct vfp_seen_nic *live, *defined;
};

struct vfp_seen_lease {
	struct vfp_lease lease;
	bool is_stale;	 /* vfp_lease_is_stale() */
	bool has_caller; /* who asked for it lives: the start or attach may be on its way */
	char attrs[512]; /* which attribute of the VF is not as leased; "" none, or not looked at */
};

struct vfp_seen_pf {
	struct vfp_wanted wanted;
	bool is_present;
	unsigned int num_vfs;
};

struct vfp_facts {
	bool has_libvirt; /* @domains is all that libvirt has; else nothing is said of domains */
	size_t n_domains, n_leases, n_ports, n_members, n_pfs;
	const struct vfp_seen_domain *domains;
	const struct vfp_seen_lease *leases;
	const struct vfp_port *ports;
	const struct vfp_member *members; /* of all pools, with their holders */
	const struct vfp_seen_pf *pfs;
	const char *members_file; /* what is wrong with it; NULL nothing */
	int64_t now_ms;
	int64_t expire_ms; /* a port that no domain came for may be that old */
};

/* --- Differences ------------------------------------------------------------------------------ */

enum vfp_diff_kind {
	VFP_DIFF_MEMBERS,	   /* the members file is not what the book says */
	VFP_DIFF_PF_GONE,	   /* a PF that is to have VFs is not there */
	VFP_DIFF_VF_COUNT,	   /* a PF has another number of VFs than wanted */
	VFP_DIFF_LEASE_STALE,	   /* its QEMU is gone */
	VFP_DIFF_LEASE_DRAINED,	   /* the same, and it was waiting for that */
	VFP_DIFF_LEASE_ORPHAN,	   /* libvirt does not run the domain, and a QEMU of it lives */
	VFP_DIFF_LEASE_ELSEWHERE,  /* the running domain does not have the leased VF */
	VFP_DIFF_LEASE_MAC,	   /* it has it with another MAC */
	VFP_DIFF_LEASE_NAME,	   /* the domain has another name now */
	VFP_DIFF_LEASE_UNFINISHED, /* the domain runs with it, and nobody finished the lease */
	VFP_DIFF_LEASE_ATTRS, /* the VF has another VLAN, spoof check … than its port group says */
	VFP_DIFF_LEASE_MISSING,	 /* a running domain has a pool's VF without a lease */
	VFP_DIFF_LEASE_CONFLICT, /* a running domain has a VF that is leased to another */
	VFP_DIFF_IN_USE,	 /* some process that is no domain of libvirt has a pool's VF */
	VFP_DIFF_FAULTY,
	VFP_DIFF_DIRTY,
	VFP_DIFF_UNPARKED,	  /* the pool parks, and another driver has the VF */
	VFP_DIFF_PORT_EXPIRED,	  /* no domain ever came for the port */
	VFP_DIFF_PORT_GONE,	  /* libvirt does not have its domain any more */
	VFP_DIFF_PORT_LEFT,	  /* the definition does not have its NIC any more */
	VFP_DIFF_PORT_NAME,	  /* the domain has another name now, or was never seen */
	VFP_DIFF_UNBOUND,	  /* a NIC of a definition has no port, or no VF that is there */
	VFP_DIFF_BOUND_OTHERWISE, /* the definition names another VF than its port */
	VFP_N_DIFFS
};

enum vfp_repair {
	VFP_REPAIR_NONE, /* somebody has to look */
	VFP_REPAIR_MEMBERS,
	VFP_REPAIR_RESTORE,
	VFP_REPAIR_RECLAIM,
	VFP_REPAIR_TAKE_BACK,
	VFP_REPAIR_APPLY,
	VFP_REPAIR_ADOPT,
	VFP_REPAIR_PARK,
	VFP_REPAIR_EXPIRE,
	VFP_REPAIR_UNBIND,
	VFP_REPAIR_SEEN,
	VFP_REPAIR_BIND,
	VFP_N_REPAIRS
};

struct vfp_diff {
	enum vfp_diff_kind kind;
	struct vfp_owner owner;	 /* empty where no domain is concerned */
	struct vfp_mac mac;	 /* of the NIC; none where no NIC is */
	struct vfp_vf vf;	 /* pf "" none; of a PF its name alone matters */
	int64_t generation;	 /* of the lease; 0 none */
	uint16_t vlan;		 /* of the running NIC */
	struct vfp_process qemu; /* of the running domain */
	char found[192], expected[128];
};

/* All differences, in the order in which they are to be repaired.  The caller frees *ret. */
void vfp_reconcile(const struct vfp_facts *facts, struct vfp_diff **ret, size_t *ret_n);

/* Whose work a difference is when nobody asked.  SELF: its repair is safe while domains come and
 * go.  SETTLE: the definition is to be looked at, as after an edit.  ADMIN: what looks like a fault
 * may be meant so (a port group was changed under a running domain, a VF was given to another
 * driver), or somebody could lose what he has. */
enum vfp_care { VFP_CARE_ADMIN, VFP_CARE_SELF, VFP_CARE_SETTLE };
enum vfp_care vfp_diff_care(enum vfp_diff_kind kind);

/* "stale lease", "dirty VF", … */
const char *vfp_diff_word(enum vfp_diff_kind kind);
enum vfp_repair vfp_diff_repair(enum vfp_diff_kind kind);
/* "scrub and free", …; "none: …" says who is to look. */
const char *vfp_repair_word(enum vfp_repair repair);
/* The same thing seen again: kind, domain, NIC and VF. */
bool vfp_diff_equal(const struct vfp_diff *a, const struct vfp_diff *b);
