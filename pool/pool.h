/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pool: which VFs there are, which port is bound to which, and who holds one.
 *
 * The database below /var/lib/vfpool holds what the host cannot tell; sysfs tells the rest at each
 * question (pool/inventory.h joins the two).  Each function here is one transaction, with its
 * journal line in it; a writer waits 5 s for another one, and 30 s in a line of many, then gives up
 * with -EBUSY.
 *
 * Invariants (DESIGN 3): a VF has one lease at the most; a MAC is on one port; a lease is given on
 * a scrubbed VF only, and ends after the scrub only; leases of an earlier boot are void.
 *
 *	lease:   preparing --started--> active --release--> (gone)
 *	             |                     \--QEMU still there--> draining --> (gone)
 *	             \--start failed--> (gone)
 */
#pragma once

#include "base/host.h"
#include "base/memory.h"
#include "base/pooldef.h"
#include "base/proc.h"

struct vfp_pool;

enum vfp_pool_mode { VFP_POOL_READ, VFP_POOL_WRITE, VFP_POOL_CREATE };

/* Opens host->root/var/lib/vfpool/pool.db; CREATE makes and upgrades it.  The handle keeps @host.
 * -ENOENT: there is none (nothing was ever defined); -EACCES, -EROFS: not ours to open; -EUCLEAN:
 * not a database, corrupt, or written by a newer vfpool; -EBUSY: locked for 5 s.  The words name
 * the file. */
int vfp_pool_open(const struct vfp_host *host, enum vfp_pool_mode mode, struct vfp_pool **ret_pool,
		  struct vfp_err *err);
void vfp_pool_close(struct vfp_pool *pool); /* NULL is fine */
const struct vfp_host *vfp_pool_host(const struct vfp_pool *pool);
/* Whether anybody else, another process or another handle, has changed the database since the last
 * call; true the first time.  Cheap: sqlite.org/pragma.html#pragma_data_version. */
int vfp_pool_has_changed(struct vfp_pool *pool, bool *ret_has, struct vfp_err *err);

/* --- Pools ------------------------------------------------------------------------------------ */

/* Makes the pool, or makes it what @def says, and writes the members file (pool/members.h says in
 * which order).  Ports keep their port group by name.  A definition without port groups gets
 * vfp_portgroup_plain.
 * -EBUSY: a port group or VF that would go is in use, in words that name the port or the holder;
 * -EEXIST: a VF range overlaps another pool's, or a libvirt network has that name; -ENODEV: a PF is
 * not there or has no SR-IOV (one that the pool had already may be absent: a pulled card does not
 * stop a change); -ERANGE: a PF that is new to the pool can never have a VF of its range;
 * -EINVAL: a name that is none, no PF, a PF twice. */
int vfp_pool_define(struct vfp_pool *pool, const struct vfp_pooldef *def, struct vfp_err *err);
/* Changes a port group by @n settings "attr=value", in the words of vfp_portgroup_set().  Domains
 * that run keep what their leases say.
 * @ret_words: what changed, "vlan 100 -> 200"; "": nothing did, and nothing is written.  The caller
 * frees it.
 * -ENOENT: no such pool or port group; -EINVAL, -EOPNOTSUPP: a setting that is none. */
int vfp_pool_set_portgroup(struct vfp_pool *pool, const char *name, const char *portgroup,
			   const char *const *settings, size_t n, char **ret_words,
			   struct vfp_err *err);
/* Whether the members file says what the database does: 0, or -ESTALE with words that say where
 * not. */
int vfp_pool_check_members(struct vfp_pool *pool, struct vfp_err *err);
/* Writes it anew. */
int vfp_pool_write_members(struct vfp_pool *pool, struct vfp_err *err);
/* -ENOENT; -EBUSY: it has ports. */
int vfp_pool_undefine(struct vfp_pool *pool, const char *name, struct vfp_err *err);
/* One by name, -ENOENT.  The caller frees with vfp_pooldef_free(). */
int vfp_pool_get(struct vfp_pool *pool, const char *name, struct vfp_pooldef *ret_def,
		 struct vfp_err *err);
/* All, by name.  The caller frees each and the array. */
int vfp_pool_list(struct vfp_pool *pool, struct vfp_pooldef **ret_defs, size_t *ret_n,
		  struct vfp_err *err);

struct vfp_wanted {
	char dev[IFNAMSIZ];
	unsigned int vfs;
	bool park;
	unsigned int reserved; /* the first so many of them are the host's */
};
/* Remembers what `pf enable` set, for the next boot; 0 VFs forget it. */
int vfp_pool_set_wanted(struct vfp_pool *pool, const struct vfp_wanted *wanted,
			struct vfp_err *err);
/* Holds the first @n VFs of the PF @dev for the host, whether they exist or not, and lets those go
 * that were reserved so and are not among them.  A hold of another reason stays. */
int vfp_pool_reserve(struct vfp_pool *pool, const char *dev, unsigned int n, struct vfp_err *err);
/* The caller frees *ret. */
int vfp_pool_wanted(struct vfp_pool *pool, struct vfp_wanted **ret, size_t *ret_n,
		    struct vfp_err *err);

/* Ends the leases of earlier boots now.  Every writer does so as its first step: this is for boot,
 * so that it is done before anybody asks. */
int vfp_pool_void(struct vfp_pool *pool, struct vfp_err *err);

/* --- Ports and bindings ----------------------------------------------------------------------- */

struct vfp_owner { /* a domain, as every change and journal line names it */
	char uuid[VFP_UUID_SIZE];
	char name[VFP_DOMAIN_SIZE];
};

struct vfp_port {
	struct vfp_owner owner;
	struct vfp_mac mac;
	char pool[VFP_NAME_SIZE], portgroup[VFP_NAME_SIZE];
	struct vfp_vf vf; /* the binding; pf is "" when there is none */
	bool is_pinned, is_seen;
	int64_t created_ms;
	int64_t claimed_until_ms; /* 0: vf is not claimed for it, or no more */
};

/* Gives each want its port and VF, all or none: what a definition is to say.
 * The wants are the whole definition: ports of @owner that are not in it end, unless leased or
 * claimed.
 * A port that is bound to a usable VF keeps it, so a repeated call changes nothing.  When no VF is
 * free the binding shares one (a lease is another matter); two NICs of one domain never share.
 * @numa_nodes: a range of nodes to be near to, "" none.  @ret_bindings: room for @n.
 * -ENOENT: no such pool or port group; -EEXIST: the MAC is on another port, on a PF or on a VF that
 * is not this port's; -ENOSPC: the pool has not that many VFs that could ever be used, with the
 * count and the reason VF by VF; -EINVAL: a MAC that no NIC may have. */
int vfp_pool_bind(struct vfp_pool *pool, const struct vfp_owner *owner,
		  const struct vfp_want *wants, size_t n, const char *numa_nodes,
		  struct vfp_binding *ret_bindings, struct vfp_err *err);
/* Ends all ports of domain @uuid; one that is claimed ends with its claim.  -EBUSY: one is leased.
 * None: 0. */
int vfp_pool_unbind(struct vfp_pool *pool, const char *uuid, struct vfp_err *err);
/* libvirt knows the domain now: its ports do not expire. */
int vfp_pool_seen(struct vfp_pool *pool, const struct vfp_owner *owner, struct vfp_err *err);
/* Ends the ports that no domain ever came for: not seen, not leased, not claimed, and made more
 * than @older_than_ms ago.  @ret_n: how many; NULL where nobody asks. */
int vfp_pool_expire(struct vfp_pool *pool, int64_t older_than_ms, unsigned int *ret_n,
		    struct vfp_err *err);
/* Binds the port of domain @uuid with @mac to @vf and to no other from now on; NULL: to any again.
 * Its definition follows with the next vfp_pool_bind().  The pin is of the card and the VF's
 * number, so it goes with a card that moves, and it stays until the port ends.
 * -ENOENT: no such port, or no VF of its pool, or none that its PF could have; -EEXIST: another NIC
 * of the domain is pinned to that VF. */
int vfp_pool_pin(struct vfp_pool *pool, const char *uuid, const struct vfp_mac *mac,
		 const struct vfp_vf *vf, struct vfp_err *err);
/* A MAC for the NIC at @place (0 the first) of domain @uuid that has none: the host's OUI
 * (base/settings.h, 52:54:00 where it says nothing), a hash of both, and from there on the first
 * one that no port, no lease, no VF and no network device of the host has.  The same as
 * vfp_pool_bind() gives to a want without one; it is not reserved. */
int vfp_pool_make_mac(struct vfp_pool *pool, const char *uuid, size_t place,
		      struct vfp_mac *ret_mac, struct vfp_err *err);
/* @uuid NULL: all.  Ordered by domain name and MAC.  The caller frees *ret. */
int vfp_pool_ports(struct vfp_pool *pool, const char *uuid, struct vfp_port **ret, size_t *ret_n,
		   struct vfp_err *err);

/* Domains that do not run and have a port whose VF they could not start on (leased by another,
 * held, faulty, not there, without link), while another VF of its pool is free: vfp_pool_bind()
 * would move them.  Only domains that libvirt knows.  The caller frees *ret. */
int vfp_pool_misplaced(struct vfp_pool *pool, struct vfp_owner **ret, size_t *ret_n,
		       struct vfp_err *err);

/* Domains whose first start of this boot was refused because their definition named the wrong VF,
 * and of which nobody has heard since: those that libvirt wanted to start at boot are among them.
 * The journal tells; whoever starts one writes "autostart" before, and again when that fails.  The
 * caller frees *ret. */
int vfp_pool_unstarted(struct vfp_pool *pool, struct vfp_owner **ret, size_t *ret_n,
		       struct vfp_err *err);
/* Whether all VFs that the domain's ports are bound to could be leased to it now; false also when
 * it has no port, or a trouble. */
int vfp_pool_startable(struct vfp_pool *pool, const char *uuid, bool *ret_is_startable,
		       struct vfp_err *err);

/* A domain whose definition cannot be bound, and why: it stays as its author wrote it. */
struct vfp_trouble {
	struct vfp_owner owner;
	char reason[512];
	int64_t since_ms;
};
/* @reason "": it has none any more.  What is known already is not written again. */
int vfp_pool_set_trouble(struct vfp_pool *pool, const struct vfp_owner *owner, const char *reason,
			 struct vfp_err *err);
/* Ordered by domain name.  The caller frees *ret. */
int vfp_pool_troubles(struct vfp_pool *pool, struct vfp_trouble **ret, size_t *ret_n,
		      struct vfp_err *err);

/* A domain whose definition its user has unbound is left alone as long as it asks for the same: a
 * word that the caller makes of what its NICs ask for (service/bind.h). */
#define VFP_DIGEST_SIZE 17
/* @asks "": it is bound like any other again. */
int vfp_pool_set_alone(struct vfp_pool *pool, const struct vfp_owner *owner, const char *asks,
		       struct vfp_err *err);
/* "": it is not left alone. */
int vfp_pool_alone(struct vfp_pool *pool, const char *uuid, char ret_asks[VFP_DIGEST_SIZE],
		   struct vfp_err *err);

/* --- Groups ----------------------------------------------------------------------------------- */

/* For who has many calls at hand that write: those between these two are each a transaction as they
 * would be by themselves, all or nothing, and what one refuses is no matter to the others; but they
 * are durable together, with the end of the group, and nobody may be told of them before.  They see
 * the host as it was at the group's beginning; from there to its end other writers wait. */
int vfp_pool_begin_group(struct vfp_pool *pool, struct vfp_err *err);
/* An error: nothing that was done in it is. */
int vfp_pool_end_group(struct vfp_pool *pool, struct vfp_err *err);

/* --- Claims ----------------------------------------------------------------------------------- */

/* A claim keeps VFs for a domain that is about to start: nobody else gets them, neither by a lease
 * nor by another claim.  Each is a port with its VF, until a moment by the wall clock and in this
 * boot; it becomes the lease when the domain's prepare comes with the same UUID and MAC, whoever
 * wrote the definition.  A claim whose time is over is none for every reader.
 *
 * The wall clock is what agents on other hosts know, and it may be set.  Set forward, claims end
 * early: the claimant's prepare is refused, or its next claim gets another VF.  Set back, they last
 * longer by as much; but one that has twice the longest time before it is over, so that a clock
 * that was years ahead keeps no VF.  Set forward and back before anybody writes, a claim is what it
 * was.  Leases have no time: a clock frees nothing that a domain has. */

#define VFP_CLAIM_MAX	    64 /* NICs of one call */
#define VFP_CLAIM_TTL_S	    300
#define VFP_CLAIM_TTL_MAX_S 86400

/* What an agent asks for, as it says it: vfp_pool_claim() checks all of it. */
struct vfp_claim_ask {
	const char *uuid;
	const char *name;      /* NULL: as the domain's ports have it, else its UUID */
	const char *pool;      /* or */
	const char *physnet;   /* any pool of that physical network */
	const char *portgroup; /* or */
	int64_t vlan;	       /* the one with that VLAN, 0: with none; -1: the default one */
	const char *mac;       /* NULL: made; one NIC alone */
	int64_t numa;	       /* a node to be near to, as the pool's numa= says; -1 none */
	int64_t count, ttl_seconds;
};
#define VFP_CLAIM_ASK_INIT                                                          \
	{                                                                           \
		.vlan = -1, .numa = -1, .count = 1, .ttl_seconds = VFP_CLAIM_TTL_S, \
	}

struct vfp_claim {
	struct vfp_owner owner;
	struct vfp_binding binding; /* as a definition is to have it */
	int numa_node;		    /* of the PF, -1: the kernel does not know it */
	char physnet[VFP_NAME_SIZE];
	bool trust;	  /* the VF is, or will be, trusted */
	int64_t until_ms; /* 0: the domain has the lease already */
};

/* Claims, all or none.  A NIC that has its VF keeps it, and its time begins anew; without @mac the
 * NICs that the domain has in that port group come first, so a repeated call changes nothing else.
 * Of a physical network's pools the one comes first in which the domain has such NICs, then by
 * name; all VFs are of one pool.
 * @ret: room for ask->count.
 * -EINVAL: an ask that is none, in words; -ENOENT: no such pool, physical network or port group;
 * -ENOSPC: not so many free VFs: how many there are, and why not the others; -EEXIST: the MAC is on
 * another port or on the host; -EBUSY: the domain runs with that MAC on another network. */
int vfp_pool_claim(struct vfp_pool *pool, const struct vfp_claim_ask *ask, struct vfp_claim *ret,
		   struct vfp_err *err);
/* Ends the claims of a domain, or that of one MAC (NULL: all), and its ports of which libvirt knows
 * nothing and that hold no lease.  @ret_n: how many claims; none is no error.  -EINVAL: no UUID, no
 * MAC. */
int vfp_pool_release(struct vfp_pool *pool, const char *uuid, const char *mac, unsigned int *ret_n,
		     struct vfp_err *err);
/* Ends those whose time is over.  @ret_n: how many; NULL where nobody asks. */
int vfp_pool_end_claims(struct vfp_pool *pool, unsigned int *ret_n, struct vfp_err *err);

/* --- Leases ----------------------------------------------------------------------------------- */

enum vfp_lease_state {
	VFP_LEASE_PREPARING,
	VFP_LEASE_ACTIVE,
	VFP_LEASE_DRAINING,
	VFP_LEASE_FOREIGN
};
extern const struct vfp_word vfp_lease_state_words[];

struct vfp_lease {
	int64_t generation;
	struct vfp_owner owner;
	struct vfp_mac mac;
	char pool[VFP_NAME_SIZE], portgroup[VFP_NAME_SIZE]; /* "" of a foreign one */
	struct vfp_vf vf; /* pci: as resolved now, none when the VF is not there */
	enum vfp_lease_state state;
	char boot_id[VFP_BOOT_ID_SIZE];
	struct vfp_process daemon, qemu;
	int64_t since_ms;
	bool park; /* of its pool */
	/* As the VF is to read while leased: the MAC, and what the port group said when the
	 * lease was made or what vfp_pool_change() said since. */
	struct vfp_attrs attrs;
	enum vfp_vlan_mode vlan_mode;
	/* What its domain takes of the host's memory, the same in all leases of the domain: locked,
	 * and on huge pages.  0: not known (attached live, or found by vfpoold). */
	uint64_t locked_kib, huge_kib;
};

/* One NIC of a domain that starts: the definition says which VF, it cannot be another. */
struct vfp_ask {
	struct vfp_mac mac;
	struct vfp_vf vf;
	uint16_t vlan; /* what the definition says; must be the port group's */
	/* The domain's, the same in all asks of a call.  NULL: it runs already, or nobody knows. */
	const struct vfp_footprint *footprint;
};

/* Gives domain @owner the VFs that its definition names, all or none, as preparing.  A VF that the
 * domain holds as preparing is given again, so a repeated call is harmless: it is @daemon's then,
 * unless another daemon asked for it that is alive.  One that a QEMU has, and be it the domain's
 * own of before, is not.  Voids the leases of earlier boots first.  @ret_leases: room for @n.
 * -EBUSY: held by another, or claimed for it, in words that name the holder; -ENOSPC: the same, and
 * no VF of the pool is free: one line with the count and the reason per VF; -EUCLEAN: a VF is
 * dirty, or a stale lease is in the way, be it the VF's or the port's own on another VF
 * (vfp_setup_reclaim() the VFs of @asks and those of vfp_pool_leases(@owner), then ask again);
 * -EPERM: held for the host or faulty;
 * -ENOENT: no such port, or the VF is no pool's; -ESTALE: the definition says another VLAN than the
 * port group, or a VF of another pool than the port's.
 * With a footprint the domain is also admitted by its memory, in the same transaction: what all
 * leased domains lock, this one included, has to be within what the host can (base/memory.h), and
 * its huge pages free.  -ENOMEM: it is not, in MiB; -EINVAL: the settings are broken.
 * A refusal gets its line in the journal, in a transaction of its own: "refused-binding" where the
 * definition bound anew would do, else "refused"; -EUCLEAN gets none. */
int vfp_pool_lease(struct vfp_pool *pool, const struct vfp_owner *owner,
		   const struct vfp_process *daemon, const struct vfp_ask *asks, size_t n,
		   struct vfp_lease *ret_leases, struct vfp_err *err);
/* QEMU runs and its memory is locked: all leases of the domain become active.  -ENOENT: it has
 * none. */
int vfp_pool_activate(struct vfp_pool *pool, const char *uuid, const struct vfp_process *qemu,
		      struct vfp_err *err);
/* Records that @owner holds @ask->vf, seen and not asked for: after a restart of libvirt, or
 * attached by hand.  A port with that MAC makes it active, else it is foreign.  @qemu: must be
 * known.  -ESRCH: it is gone; -EBUSY: another holds it by our book, or the port has its lease on
 * another VF. */
int vfp_pool_adopt(struct vfp_pool *pool, const struct vfp_owner *owner, const struct vfp_ask *ask,
		   const struct vfp_process *daemon, const struct vfp_process *qemu,
		   struct vfp_err *err);
/* The VF of a running domain was given other attributes: the lease says so from now on.
 * @words: what changed, for the journal.  -ESTALE: the lease ended meanwhile. */
int vfp_pool_change(struct vfp_pool *pool, int64_t generation, const struct vfp_attrs *attrs,
		    enum vfp_vlan_mode mode, const char *words, struct vfp_err *err);
/* QEMU outlives the release: vfpoold or the next hook ends it.  0 also when the lease is ended
 * already. */
int vfp_pool_drain(struct vfp_pool *pool, int64_t generation, const char *why, struct vfp_err *err);
/* Ends a lease after its scrub was read back: the VF is clean and free.  0 also when it is ended
 * already. */
int vfp_pool_free(struct vfp_pool *pool, int64_t generation, const char *why, struct vfp_err *err);
/* The scrub failed: the lease, if @generation is not 0, ends and the VF is faulty with @reason.  0,
 * and nothing changes, when that lease is ended already; -EBUSY: @generation is 0 and the VF is
 * leased. */
int vfp_pool_fault(struct vfp_pool *pool, const struct vfp_vf *vf, int64_t generation,
		   const char *reason, struct vfp_err *err);
/* A VF without a lease was scrubbed: neither dirty nor faulty any more.  @words: for the journal.
 * -EBUSY: it is leased. */
int vfp_pool_clean(struct vfp_pool *pool, const struct vfp_vf *vf, const char *words,
		   struct vfp_err *err);
/* Keeps the VF for the host, for @reason (not ""): nobody gets it; a lease that it has goes on. */
int vfp_pool_hold(struct vfp_pool *pool, const struct vfp_vf *vf, const char *reason,
		  struct vfp_err *err);
/* Ends that; 0 also when it was not held. */
int vfp_pool_unhold(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_err *err);

/* @uuid NULL: all.  Ordered by domain name and MAC.  The caller frees *ret.  Leases of an earlier
 * boot are void and not in it. */
int vfp_pool_leases(struct vfp_pool *pool, const char *uuid, struct vfp_lease **ret, size_t *ret_n,
		    struct vfp_err *err);
/* The lease of a VF; -ENOENT: it has none. */
int vfp_pool_lease_of(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_lease *ret,
		      struct vfp_err *err);

struct vfp_vf_state {
	bool is_dirty, is_held, is_faulty;
	char reason[256];	  /* of faulty, else of held */
	char pool[VFP_NAME_SIZE]; /* "" none has it */
};
/* What the book says of a VF; one that was never heard of is clean. */
int vfp_pool_vf_state(struct vfp_pool *pool, const struct vfp_vf *vf, struct vfp_vf_state *ret,
		      struct vfp_err *err);

/* Whether a lease is stale: made before this boot; or active, draining or foreign and its QEMU
 * gone; or preparing, and both the libvirt daemon that asked for it and any QEMU of that domain
 * gone.  Never by age. */
bool vfp_lease_is_stale(const struct vfp_host *host, const struct vfp_lease *lease);
/* "VF ens1f0#3 (0000:01:10.6) is leased by web1 since 12:03", with the day when it was not today.
 * Returns @buf. */
char *vfp_lease_format(const struct vfp_host *host, const struct vfp_lease *lease, char *buf,
		       size_t size);

/* --- Journal ---------------------------------------------------------------------------------- */

struct vfp_event {
	int64_t id, time_ms;
	char event[24];
	struct vfp_owner owner;
	char mac[VFP_MAC_SIZE], vf[VFP_VF_SIZE], pci[VFP_PCI_SIZE];
	char pool[VFP_NAME_SIZE];
	char reason[24]; /* of a refusal: docs/journal; else "" */
	char text[512];
};

/* A line of its own, for what changes nothing: a refusal, a warning, counters.  @vf may be NULL.
 * Words of @event: docs/journal. */
int vfp_pool_note(struct vfp_pool *pool, const char *event, const struct vfp_owner *owner,
		  const struct vfp_mac *mac, const struct vfp_vf *vf, const char *text,
		  struct vfp_err *err);
/* A refusal, of the pool that has @vf: "refused", or "refused-binding" where the definition bound
 * anew would do.  @why: its words, and by its code the reason. */
int vfp_pool_refused(struct vfp_pool *pool, const struct vfp_owner *owner,
		     const struct vfp_mac *mac, const struct vfp_vf *vf, bool is_binding,
		     const struct vfp_err *why, struct vfp_err *err);

/* How often each event was since the database was made, whatever has been trimmed since. */
struct vfp_tally {
	char event[24], reason[24], pool[VFP_NAME_SIZE]; /* "" none */
	uint64_t n;
	uint64_t n_scrubs, scrub_ms; /* the scrubs among them, and what these took in all */
};
/* Ordered by event, reason and pool.  The caller frees *ret. */
int vfp_pool_tallies(struct vfp_pool *pool, struct vfp_tally **ret, size_t *ret_n,
		     struct vfp_err *err);

struct vfp_journal_filter {
	int64_t since_ms;   /* 0 all */
	int64_t until_ms;   /* before this moment; 0 all */
	int64_t after_id;   /* 0 all; for following */
	const char *domain; /* name or UUID; NULL any */
	const char *mac;    /* NULL any; as vfp_mac_format() writes it */
	const char *vf;	    /* PF#N, or a PCI address as it was; NULL any */
	const char *pool;   /* NULL any; lines that are about no pool have none */
	const char *event;  /* NULL any */
};
/* Deletes the lines that are older than @older_than_ms, by the wall clock: where it is far ahead
 * that is all there is.  -EINVAL: less than a day, which the schema keeps.  @ret_n: how many; NULL
 * where nobody asks. */
int vfp_pool_trim(struct vfp_pool *pool, int64_t older_than_ms, unsigned int *ret_n,
		  struct vfp_err *err);
/* The last line's id, 0: there is none.  Who follows the journal goes by ids, since a clock may be
 * set back. */
int vfp_pool_journal_end(struct vfp_pool *pool, int64_t *ret_id, struct vfp_err *err);
/* The events that the journal has, "bind, free, lease".  Returns @buf. */
char *vfp_pool_journal_events(struct vfp_pool *pool, char *buf, size_t size);
/* What there is to expire: when the oldest port was made that vfp_pool_expire() could end, when the
 * oldest line was written, and when the first claim is over; 0: there is none. */
struct vfp_oldest {
	int64_t port_ms, line_ms, claim_ms;
};
int vfp_pool_oldest(struct vfp_pool *pool, struct vfp_oldest *ret, struct vfp_err *err);
/* Oldest first.  The caller frees *ret. */
int vfp_pool_journal(struct vfp_pool *pool, const struct vfp_journal_filter *filter,
		     struct vfp_event **ret, size_t *ret_n, struct vfp_err *err);
