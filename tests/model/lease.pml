/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The life of a lease, as pool/lease.c, pool/setup.c and hooks/ops.c mean it: the reference for what may happen between
 * any two steps of any two programs.
 *
 *	tests/model/run			checks it, and that each deliberate bug is found
 *
 * Modelled: N_DOMAINS domains that want one VF each of two, their QEMUs, the libvirt daemon with one hook per domain at a
 * time, hooks that a dead daemon leaves behind and that go on (N_ORPHANS at most, the others die with it), vfpoold, and
 * N_CRASHES crashes: a hook or vfpoold killed at any step, the daemon killed and started anew, the host reset.  A QEMU
 * may live on for any time after `release` is called.  With FAILURES who waits for a lock may give up, and a scrub may
 * fail.  With CLAIMS a VF may be claimed for a domain that is off, and the claim end at any time.
 *
 * What a step is: one transaction, one look, one write to a device.  Everything between two steps is the others'.  To
 * take a lock and to look again under it is one step: whatever comes between the two might as well have come before.
 *
 * Left out: several NICs of one domain (all or none is one transaction), MACs (invariant 2 is an index alone), the
 * journal (invariant 6: it is in the same transaction), what is on the disk (tests/test-powercut.c), PF changes.
 *
 * What keeps it small.  A generation is never used twice; its numbers would make the model endless, so each actor has,
 * in place of one, a bit: the lease that it read is still the one that is there.  There is one process, which takes a
 * step of any actor at a time, so that the whole state lies in these records; and since domains are alike and VFs are
 * alike, after each step they are put in order (canonical()): of the states that differ by names only one is looked at.
 * What stands for nothing is 0 or NONE.
 */
#ifndef N_DOMAINS
#define N_DOMAINS 3
#endif
#ifndef N_CRASHES
#define N_CRASHES 1
#endif
#ifndef N_ORPHANS
#define N_ORPHANS N_DOMAINS
#endif

#define NONE	  3	/* no VF, no domain; an actor is never 15 */
#define NOBODY	  15
#define ORPHAN	  N_DOMAINS	  /* the actors: a hook per domain, as many left behind, and vfpoold */
#define VFPOOLD	  (2 * N_DOMAINS)
#define N_ACTORS  (2 * N_DOMAINS + 1)

/* What an actor does.  Of a domain's own: what libvirt is at with it, most of it by its hook. */
#define OFF	  0
#define PREPARE	  1
#define START	  2
#define LAUNCH	  3
#define STARTED	  4
#define RUNNING	  5
#define RELEASE	  6
#define RECONNECT 7
#define CARE	  8	/* vfpoold's: one VF after the other, whenever it likes */
#define is_hook(j) ((j) == PREPARE || (j) == START || (j) == STARTED || (j) == RELEASE || (j) == RECONNECT)

/* The step that comes next. */
#define READ	  0
#define LOOK	  1	/* vfp_setup_reclaim() */
#define E_LOCK	  2	/* end_lease() */
#define E_SCRUB	  3
#define E_COMMIT  4
#define E_FAULT	  5
#define S_LOCK	  6	/* scrub_dirty() */
#define S_SCRUB	  7
#define S_COMMIT  8
#define S_FAULT	  9
#define CHECK	  10
#define LEASE	  11
#define LOCK	  12
#define WRITE	  13
#define WAIT	  14
#define ACTIVATE  15

typedef Actor {
	unsigned job : 4;
	unsigned step : 4;
	unsigned vf : 2;	/* that the definition names, or that it read */
	unsigned other : 1;	/* it is at the other one: what the domain still has from a life before */
	unsigned same : 1	/* the lease that it read is still there */
}
typedef Domain {
	unsigned runs : 2;	/* the VF that its QEMU has open */
	unsigned dying : 1
}
#define PREPARING 0
#define IN_USE	  1
#define DRAINING  2
#define UNKNOWN	  0	/* the QEMU that a lease names */
#define ALIVE	  1
#define DEAD	  2
typedef Vf {
	/* The database. */
	unsigned domain : 2;	/* whose lease */
	unsigned state : 2;
	unsigned qemu : 2;
	unsigned daemon : 1;	/* the daemon that called prepare lives */
	unsigned boot : 1;	/* the lease is of this boot */
	unsigned dirty : 1;
	unsigned faulty : 1;
	unsigned claim : 2;	/* whose */
	/* The device: whose setting it has, NONE when it is scrubbed.  Who has its lock. */
	unsigned set : 2;
	unsigned lock : 4
}

Actor actor[N_ACTORS];
Domain domain[N_DOMAINS];
Vf vf[2];
unsigned n_crashes : 2 = N_CRASHES;
unsigned n_orphans : 2 = N_ORPHANS;

/* Within a step only: 0 between any two. */
byte a, d, v, t, i, k;
bit ended, ok;
int key[3];

/* --- What is looked at ----------------------------------------------------------------------------------------- */

#if N_DOMAINS == 3
#define is_open(v)	  (domain[0].runs == (v) || domain[1].runs == (v) || domain[2].runs == (v))
#define other_has(x, v)	  (((x) != 0 && domain[0].runs == (v)) || ((x) != 1 && domain[1].runs == (v)) || \
	((x) != 2 && domain[2].runs == (v)))
#else
#define is_open(v)	  (domain[0].runs == (v) || domain[1].runs == (v))
#define other_has(x, v)	  (((x) != 0 && domain[0].runs == (v)) || ((x) != 1 && domain[1].runs == (v)))
#endif
#define is_leased(v)	  (vf[v].domain != NONE && vf[v].boot)
#define is_leased_to(v, x) (is_leased(v) && vf[v].domain == (x))
#define has_any_lease(x)  (is_leased_to(0, x) || is_leased_to(1, x))
#define is_unscrubbed(v)  (!is_leased(v) && (vf[v].dirty || vf[v].faulty))

/* vfp_lease_is_stale() */
#ifdef BUG_HEALED_BY_AGE
#define is_stale(v) true
#else
#define is_stale(v) (!vf[v].boot || \
	(vf[v].qemu != UNKNOWN -> vf[v].qemu == DEAD : \
	 !(vf[v].state == PREPARING && vf[v].daemon) && domain[vf[v].domain].runs == NONE))
#endif

#ifdef BUG_GENERATION_IGNORED
#define is_still_leased(v) is_leased(v)
#else
#define is_still_leased(v) (is_leased(v) && actor[a].same)
#endif

/* --- Transactions ------------------------------------------------------------------------------------------------ */

inline drop_lease(v)
{
	vf[v].domain = NONE;
	vf[v].state = PREPARING;
	vf[v].qemu = UNKNOWN;
	vf[v].daemon = 0;
	vf[v].boot = 1;
	/* Nobody's lease is this one any more; who is at another VF has read another. */
	i = 0;
	do
	:: i < N_ACTORS ->
		actor[i].same = ((actor[i].other -> 1 - actor[i].vf : actor[i].vf) == v -> 0 : actor[i].same);
		i++
	:: else -> break
	od;
	i = 0
}

/* vfp_book_begin(): leases of an earlier boot go before anything is written; their VFs stay dirty. */
inline begin()
{
	if
	:: vf[0].domain != NONE && !vf[0].boot -> drop_lease(0)
	:: else
	fi;
	if
	:: vf[1].domain != NONE && !vf[1].boot -> drop_lease(1)
	:: else
	fi
}

inline insert_lease(x, v, what, which)
{
	vf[v].domain = x;
	vf[v].state = what;
	vf[v].qemu = which;
	vf[v].daemon = (a < ORPHAN);
	vf[v].dirty = 1;
	/* Its claim has become the lease. */
	vf[0].claim = (vf[0].claim == x -> NONE : vf[0].claim);
	vf[1].claim = (vf[1].claim == x -> NONE : vf[1].claim)
}

/* --- A VF under its lock ------------------------------------------------------------------------------------------ */

#ifdef BUG_LOCK_NOT_TAKEN
#define can_lock(v) true
#define take(v)	    skip
#else
#define can_lock(v) (vf[v].lock == NOBODY)
#define take(v)	    vf[v].lock = a
#endif
#define let_go(v) vf[v].lock = (vf[v].lock == a -> NOBODY : vf[v].lock)

/* The VF is done with: what comes next. */
inline go_on()
{
	actor[a].same = 0;
	if
	:: actor[a].job == PREPARE && actor[a].other -> actor[a].other = 0; actor[a].step = LOOK
	:: actor[a].job == PREPARE && !actor[a].other -> actor[a].step = CHECK
	:: else -> ended = 1; ok = 1
	fi
}

/* pool/setup.c: reclaim, end_lease(), scrub_dirty().  That nobody has the VF open when it is scrubbed is invariants 4
 * and 5 as the device sees them. */
inline reclaim()
{
	t = (actor[a].other -> 1 - actor[a].vf : actor[a].vf);
	if
	:: actor[a].step == LOOK && actor[a].other && !is_leased_to(t, d) -> go_on()
	:: actor[a].step == LOOK && !(actor[a].other && !is_leased_to(t, d)) ->
		if
		:: is_leased(t) && is_stale(t) -> actor[a].same = 1; actor[a].step = E_LOCK
		:: !is_leased(t) && is_unscrubbed(t) -> actor[a].step = S_LOCK
		:: else -> go_on()
		fi
	:: actor[a].step == E_LOCK && can_lock(t) ->
		if
#ifdef BUG_FREE_BEFORE_SCRUB
		:: is_still_leased(t) -> take(t); begin(); vf[t].dirty = 0; drop_lease(t); actor[a].step = S_SCRUB
#else
		:: is_still_leased(t) -> take(t); actor[a].step = E_SCRUB
#endif
		:: else -> go_on()
		fi
	:: actor[a].step == E_SCRUB ->
		assert(!is_open(t));
		if
		:: vf[t].set = NONE; actor[a].step = E_COMMIT
#ifdef FAILURES
		:: actor[a].step = E_FAULT	/* it fails, or reads back as something else */
#endif
		fi
	:: (actor[a].step == E_COMMIT || actor[a].step == E_FAULT) ->
		begin();
		if
		:: is_still_leased(t) ->
			vf[t].faulty = (actor[a].step == E_FAULT);
			vf[t].dirty = (actor[a].step == E_FAULT);
			drop_lease(t)
		:: else
		fi;
		let_go(t);
		go_on()
	:: actor[a].step == S_LOCK && can_lock(t) ->
		if
		:: is_unscrubbed(t) && !is_open(t) -> take(t); actor[a].step = S_SCRUB
		:: else -> go_on()
		fi
	:: actor[a].step == S_SCRUB ->
		assert(!is_open(t));
		if
		:: vf[t].set = NONE; actor[a].step = S_COMMIT
#ifdef FAILURES
		:: actor[a].step = S_FAULT
#endif
		fi
	:: (actor[a].step == S_COMMIT || actor[a].step == S_FAULT) ->
		begin();
		if
		:: vf[t].domain == NONE ->
			vf[t].faulty = (actor[a].step == S_FAULT);
			vf[t].dirty = (actor[a].step == S_FAULT)
		:: else
		fi;
		let_go(t);
		go_on()
#ifdef FAILURES
	:: (actor[a].step == E_LOCK || actor[a].step == S_LOCK) && !can_lock(t) -> go_on()	/* -EBUSY after 5 s */
#endif
	fi
}
#define can_reclaim(v) ((actor[a].step != E_LOCK && actor[a].step != S_LOCK) || can_lock(v) || may_give_up)
#ifdef FAILURES
#define may_give_up true
#else
#define may_give_up false
#endif

/* --- The hook: hooks/ops.c ------------------------------------------------------------------------------------------ */

inline prepare()
{
	if
	:: actor[a].step < CHECK -> reclaim()
	:: actor[a].step == CHECK ->	/* check_unused() */
		if
		:: !is_leased(v) && is_open(v) -> ended = 1
		:: else -> actor[a].step = LEASE
		fi
	:: actor[a].step == LEASE ->
		ended = 1;
		begin();
		if
#ifdef BUG_FORMER_QEMUS_LEASE
		:: is_leased_to(v, d) && !is_stale(v) && vf[v].state != DRAINING -> ok = 1
#else
		/* What a prepare before it got, of the same daemon or of one that is gone. */
		:: is_leased_to(v, d) && !is_stale(v) && vf[v].state == PREPARING && (a < ORPHAN || !vf[v].daemon) ->
			vf[v].daemon = (a < ORPHAN);
			ok = 1
#endif
#ifdef BUG_CLAIM_IGNORED
		:: !is_leased(v) && !has_any_lease(d) && !vf[v].dirty && !vf[v].faulty ->
#else
#ifdef BUG_VF_GIVEN_DIRTY
		:: !is_leased(v) && !has_any_lease(d) && (vf[v].claim == NONE || vf[v].claim == d) ->
#else
		:: !is_leased(v) && !has_any_lease(d) && (vf[v].claim == NONE || vf[v].claim == d) &&
			!vf[v].dirty && !vf[v].faulty ->
#endif
#endif
			assert(vf[v].set == NONE);				/* invariant 4 */
			assert(vf[v].claim == NONE || vf[v].claim == d);
			insert_lease(d, v, PREPARING, UNKNOWN);
			ok = 1
		:: else
		fi
	fi
}

inline start()
{
	if
	:: actor[a].step == READ ->
		if
		:: is_leased_to(v, d) -> actor[a].same = 1; actor[a].step = LOCK
		:: else -> ended = 1
		fi
	:: actor[a].step == LOCK && can_lock(v) ->
		if
		:: is_still_leased(v) -> take(v); actor[a].step = WRITE
		:: else -> ended = 1
		fi
	:: actor[a].step == WRITE ->
		assert(!other_has(d, v));					/* invariant 5 */
		vf[v].set = d;
		let_go(v);
		ended = 1;
		ok = 1
#ifdef FAILURES
	:: actor[a].step == LOCK && !can_lock(v) -> ended = 1
#endif
	fi
}

inline started()
{
	if
	:: actor[a].step == READ ->
		if
		:: is_leased_to(v, d) -> actor[a].same = 1; actor[a].step = LOCK
		:: else -> ended = 1
		fi
	:: actor[a].step == LOCK && can_lock(v) ->
		if
		:: is_still_leased(v) && vf[v].set == d -> actor[a].step = ACTIVATE
		:: else -> ended = 1
		fi
	:: actor[a].step == ACTIVATE ->
		ended = 1;
		begin();
		if
		:: is_leased_to(v, d) && domain[d].runs == v && vf[v].state != DRAINING ->
			vf[v].state = IN_USE;
			vf[v].qemu = ALIVE;
			ok = 1
		:: else
		fi
#ifdef FAILURES
	:: actor[a].step == LOCK && !can_lock(v) -> ended = 1
#endif
	fi
}

inline release()
{
	if
	:: actor[a].step == READ ->
		if
		:: has_any_lease(d) ->
			actor[a].vf = (is_leased_to(0, d) -> 0 : 1);
			actor[a].same = 1;
			actor[a].step = WAIT
		:: else -> ended = 1
		fi
	:: actor[a].step == WAIT ->
		if
#ifndef BUG_ANOTHER_LIFE_ENDED
		/* is_of_another_life() */
		:: a >= ORPHAN && actor[a].same && vf[v].daemon -> ended = 1
		:: !(a >= ORPHAN && actor[a].same && vf[v].daemon) &&
#else
		::
#endif
#ifdef BUG_QEMU_NOT_WAITED_FOR
			false ->
#else
			(actor[a].same && vf[v].qemu != UNKNOWN -> vf[v].qemu == ALIVE : domain[d].runs != NONE) ->
#endif
			begin();
			vf[v].state = (is_still_leased(v) -> DRAINING : vf[v].state);	/* after 3 s */
			ended = 1
		:: else -> actor[a].step = E_LOCK
		fi
	:: actor[a].step != READ && actor[a].step != WAIT -> reclaim()
	fi
}

inline reconnect()
{
	ended = 1;
	begin();
	if
	:: domain[d].runs != v -> ok = 1
	:: domain[d].runs == v && is_leased_to(v, d) ->
		vf[v].state = IN_USE;
		vf[v].qemu = ALIVE;
		vf[v].daemon = (a < ORPHAN);
		ok = 1
	:: domain[d].runs == v && !is_leased(v) && !has_any_lease(d) ->
		insert_lease(d, v, IN_USE, ALIVE);
		ok = 1
	:: else
	fi
}

/* --- libvirt and its QEMUs ------------------------------------------------------------------------------------------ */

inline begin_job(what, which)
{
	actor[a].job = what;
	actor[a].vf = which;
	actor[a].step = (what == PREPARE || what == CARE -> LOOK : READ);
	actor[a].other = (what == PREPARE);
	actor[a].same = 0
}

inline stop()
{
	domain[d].dying = (domain[d].runs != NONE);
	begin_job(RELEASE, 0)
}

/* The hook, or vfpoold's care, is over, or was killed: the kernel lets go of its locks. */
inline finish()
{
	let_go(0);
	let_go(1);
	if
	:: a >= ORPHAN || actor[a].job == RELEASE -> begin_job(OFF, NONE)
	:: a < ORPHAN && actor[a].job != RELEASE && !ok -> stop()
	:: a < ORPHAN && actor[a].job == PREPARE && ok -> begin_job(START, v)
	:: a < ORPHAN && actor[a].job == START && ok -> begin_job(LAUNCH, v)
	:: a < ORPHAN && (actor[a].job == STARTED || actor[a].job == RECONNECT) && ok -> begin_job(RUNNING, v)
	fi
}

inline launch()
{
	if
	/* The kernel opens a VFIO group once: that is for the domain's own former QEMU, and never what keeps two
	 * domains apart. */
	:: domain[d].runs != NONE -> stop()
	:: else ->
		assert(!other_has(d, v));				/* invariant 1 */
		assert(is_leased_to(v, d));				/* invariant 3 */
		assert(vf[v].set == d);
		domain[d].runs = v;
		begin_job(STARTED, v)
	fi
}

/* It ends by itself, or because it was told to. */
inline qemu_ends()
{
	vf[0].qemu = (vf[0].domain == d && vf[0].qemu == ALIVE -> DEAD : vf[0].qemu);
	vf[1].qemu = (vf[1].domain == d && vf[1].qemu == ALIVE -> DEAD : vf[1].qemu);
	domain[d].runs = NONE;
	domain[d].dying = 0
}

/* --- Crashes that are not a single program's ------------------------------------------------------------------------ */

/* The daemon dies; some of its hooks go on.  The new one finds what runs, all else is off. */
inline daemon_restarts()
{
	vf[0].daemon = 0;
	vf[1].daemon = 0;
	d = 0;
	do
	:: d < N_DOMAINS ->
		a = d;
		if
		:: is_hook(actor[a].job) && actor[a + ORPHAN].job == OFF && n_orphans > 0 ->
			n_orphans--;
			actor[a + ORPHAN].job = actor[a].job;
			actor[a + ORPHAN].step = actor[a].step;
			actor[a + ORPHAN].vf = actor[a].vf;
			actor[a + ORPHAN].other = actor[a].other;
			actor[a + ORPHAN].same = actor[a].same;
			vf[0].lock = (vf[0].lock == a -> a + ORPHAN : vf[0].lock);
			vf[1].lock = (vf[1].lock == a -> a + ORPHAN : vf[1].lock)
		:: true -> let_go(0); let_go(1)
		fi;
		if
		:: domain[d].runs == NONE || domain[d].dying -> begin_job(OFF, NONE)
		:: else -> begin_job(RECONNECT, domain[d].runs)
		fi;
		d++
	:: else -> break
	od
}

/* Nothing runs any more, what is on the disk stays, and the devices may keep what they had. */
inline host_resets()
{
	d = 0;
	do
	:: d < N_DOMAINS -> qemu_ends(); d++
	:: else -> break
	od;
	a = 0;
	do
	:: a < N_ACTORS -> let_go(0); let_go(1); begin_job(OFF, NONE); a++
	:: else -> break
	od;
	vf[0].daemon = 0;
	vf[1].daemon = 0;
	vf[0].boot = (vf[0].domain == NONE);
	vf[1].boot = (vf[1].domain == NONE);
	vf[0].claim = NONE;
	vf[1].claim = NONE
}

/* --- Order ------------------------------------------------------------------------------------------------------------ */

/* x in place of y and y in place of x, where one is one of them. */
#define swapped(is, x, y) ((is) == (x) -> (y) : ((is) == (y) -> (x) : (is)))
#define other_vf(is)	  ((is) == NONE -> NONE : 1 - (is))

inline swap(x, y)
{
	k = x; x = y; y = k
}

inline swap_actors(x, y)
{
	swap(actor[x].job, actor[y].job);
	swap(actor[x].step, actor[y].step);
	swap(actor[x].vf, actor[y].vf);
	swap(actor[x].other, actor[y].other);
	swap(actor[x].same, actor[y].same)
}

inline rename_domains(n, x, y)
{
	vf[n].domain = swapped(vf[n].domain, x, y);
	vf[n].claim = swapped(vf[n].claim, x, y);
	vf[n].set = swapped(vf[n].set, x, y);
	vf[n].lock = (vf[n].lock < ORPHAN -> swapped(vf[n].lock, x, y) : swapped(vf[n].lock, x + ORPHAN, y + ORPHAN))
}

inline swap_domains(x, y)
{
	swap_actors(x, y);
	swap_actors(x + ORPHAN, y + ORPHAN);
	swap(domain[x].runs, domain[y].runs);
	swap(domain[x].dying, domain[y].dying);
	rename_domains(0, x, y);
	rename_domains(1, x, y);
	i = key[x]; key[x] = key[y]; key[y] = i
}

inline swap_vfs()
{
	swap(vf[0].domain, vf[1].domain);
	swap(vf[0].state, vf[1].state);
	swap(vf[0].qemu, vf[1].qemu);
	swap(vf[0].daemon, vf[1].daemon);
	swap(vf[0].boot, vf[1].boot);
	swap(vf[0].dirty, vf[1].dirty);
	swap(vf[0].faulty, vf[1].faulty);
	swap(vf[0].claim, vf[1].claim);
	swap(vf[0].set, vf[1].set);
	swap(vf[0].lock, vf[1].lock);
	i = 0;
	do
	:: i < N_ACTORS -> actor[i].vf = other_vf(actor[i].vf); i++
	:: else -> break
	od;
	i = 0;
	do
	:: i < N_DOMAINS -> domain[i].runs = other_vf(domain[i].runs); i++
	:: else -> break
	od
}

/* By what they are, not by whose: whatever is equal here may stay in either order, which costs states and no more. */
#define at(x)	  (actor[x].job * 16 + actor[x].step)
#define vf_key(n) (((((((((((vf[n].state * 4 + vf[n].qemu) * 2 + vf[n].daemon) * 2 + vf[n].boot) * 2 + vf[n].dirty) * 2 + \
	vf[n].faulty) * 2 + (vf[n].lock != NOBODY)) * 2 + (vf[n].domain != NONE)) * 2 + (vf[n].set != NONE)) * 2 + \
	(vf[n].claim != NONE)) * 256) + (vf[n].domain == NONE -> 0 : at(vf[n].domain)))
#define domain_key(x) ((((((((((at(x) * 4 + actor[x].vf) * 2 + actor[x].other) * 2 + actor[x].same) * 4 + \
	domain[x].runs) * 2 + domain[x].dying) * 256 + at(x + ORPHAN)) * 4 + actor[x + ORPHAN].vf) * 2 + \
	(vf[0].domain == x)) * 2 + (vf[1].domain == x)) * 2 + (vf[0].set == x))

inline canonical()
{
	key[0] = vf_key(0);
	key[1] = vf_key(1);
	if
	:: key[0] < key[1] -> swap_vfs()
	:: else
	fi;
	key[0] = domain_key(0);
	key[1] = domain_key(1);
	if
	:: key[0] < key[1] -> swap_domains(0, 1)
	:: else
	fi;
#if N_DOMAINS == 3
	key[2] = domain_key(2);
	if
	:: key[1] < key[2] -> swap_domains(1, 2)
	:: else
	fi;
	if
	:: key[0] < key[1] -> swap_domains(0, 1)
	:: else
	fi;
#endif
	a = 0; d = 0; v = 0; t = 0; i = 0; k = 0; ended = 0; ok = 0;
	key[0] = 0; key[1] = 0; key[2] = 0
}

/* What holds between any two steps. */
#define vf_is_right(n) ((vf[n].set == NONE || vf[n].dirty || vf[n].faulty) &&	/* invariant 4 */ \
	!(is_leased(n) && vf[n].claim != NONE))
#define has_its_lease(x) (domain[x].runs == NONE || is_leased_to(domain[x].runs, x))	/* invariant 3 */

/* --- Any of it, at any time ------------------------------------------------------------------------------------------- */

inline hook_step()
{
	if
	:: actor[a].job == PREPARE -> prepare()
	:: actor[a].job == START -> start()
	:: actor[a].job == STARTED -> started()
	:: actor[a].job == RELEASE -> release()
	:: actor[a].job == RECONNECT -> reconnect()
	fi
}

#define t_of ((actor[a].other -> 1 - actor[a].vf : actor[a].vf))
#define is_waiting (!may_give_up && (actor[a].step == E_LOCK || actor[a].step == S_LOCK || actor[a].step == LOCK) && \
	!can_lock(t_of))
#define wants_care(n) ((vf[n].domain != NONE && is_stale(n)) || (is_unscrubbed(n) && !is_open(n)))

#define CASE(n) :: a = n
inline choose_actor()
{
	if
	CASE(0) CASE(1)
#if N_DOMAINS == 3
	CASE(2) CASE(3) CASE(4) CASE(5)
#else
	CASE(2) CASE(3)
#endif
	fi;
	d = (a >= ORPHAN -> a - ORPHAN : a);
	v = actor[a].vf
}

init {
	atomic {
		do
		:: i < N_ACTORS -> actor[i].vf = NONE; i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < N_DOMAINS -> domain[i].runs = NONE; i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < 2 ->
			vf[i].domain = NONE; vf[i].boot = 1; vf[i].claim = NONE; vf[i].set = NONE; vf[i].lock = NOBODY;
			i++
		:: else -> break
		od;
		i = 0
	}
	do
	:: atomic {
		if
		/* A step of a hook, or its death. */
		:: choose_actor();
			if
			:: is_hook(actor[a].job) && !is_waiting -> hook_step()
			:: is_hook(actor[a].job) && n_crashes > 0 -> n_crashes--; ended = 1; ok = 0
			:: a < ORPHAN && actor[a].job == OFF ->
				if
				:: begin_job(PREPARE, 0)
				:: begin_job(PREPARE, 1)
#ifdef CLAIMS
				/* For a domain that is off and has no lease: a VF that nobody has. */
				:: !has_any_lease(a) && !is_leased(0) && vf[0].claim == NONE && vf[1].claim != a -> vf[0].claim = a
				:: !has_any_lease(a) && !is_leased(1) && vf[1].claim == NONE && vf[0].claim != a -> vf[1].claim = a
#endif
				fi
			:: a < ORPHAN && actor[a].job == LAUNCH -> launch()
			:: a < ORPHAN && actor[a].job == RUNNING -> stop()
			:: a < ORPHAN && domain[d].runs != NONE -> qemu_ends()
			:: else
			fi
		/* vfpoold, or its death. */
		:: a = VFPOOLD;
			if
			:: actor[a].job == OFF && wants_care(0) -> begin_job(CARE, 0)
			:: actor[a].job == OFF && wants_care(1) -> begin_job(CARE, 1)
			:: actor[a].job == CARE && !is_waiting -> reclaim()
			:: actor[a].job == CARE && n_crashes > 0 -> n_crashes--; ended = 1
			:: else
			fi
		:: n_crashes > 0 -> n_crashes--; daemon_restarts()
		:: n_crashes > 0 -> n_crashes--; host_resets()
#ifdef CLAIMS
		/* Released, or its time is over. */
		:: vf[0].claim != NONE -> vf[0].claim = NONE
		:: vf[1].claim != NONE -> vf[1].claim = NONE
#endif
		fi;
		d_step {
			if
			:: ended -> finish()
			:: else
			fi;
			assert(vf_is_right(0));
			assert(vf_is_right(1));
			assert(has_its_lease(0));
			assert(has_its_lease(1));
#if N_DOMAINS == 3
			assert(has_its_lease(2));
#endif
			canonical()
		}
	   }
	od
}
