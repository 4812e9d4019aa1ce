/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The life of a lease, as pool/lease.c, pool/setup.c and hooks/ops.c mean it: the reference for what may happen between
 * any two steps of any two programs.
 *
 *	tests/model/run			checks it, and that each deliberate bug is found
 *
 * Modelled: N_DOMAINS domains that want one VF each of N_VFS, their QEMUs, the libvirt daemon with one hook per domain
 * at a time, hooks that a dead daemon leaves behind and that go on, vfpoold, and N_CRASHES crashes: a hook or vfpoold
 * killed at any step, the daemon killed and started anew (with its hooks going on or dead), the host reset.  A QEMU may
 * live on for any time after `release` is called.  With FAILURES who waits for a lock may give up, and a scrub may fail.
 *
 * What a step is: one transaction, one look, one write to a device.  Everything between two steps is the others'.
 *
 * Left out: several NICs of one domain (all or none is one transaction), MACs (invariant 2 is an index alone), the
 * journal (invariant 6: it is in the same transaction), what is on the disk (tests/test-powercut.c), PF changes.
 *
 * A generation is never used twice.  Its numbers would make the model endless, so each actor has, in place of one, a
 * bit: the lease that it read is still the one that is there.  The end of a lease clears the bits of all who read it.
 */
#ifndef N_DOMAINS
#define N_DOMAINS 3
#endif
#ifndef N_VFS
#define N_VFS 2
#endif
#ifndef N_CRASHES
#define N_CRASHES 1
#endif

#define NONE	 15
#define VFPOOLD	 (2 * N_DOMAINS)	/* actors: two hooks per domain, of which one is left behind, and vfpoold */
#define N_ACTORS (2 * N_DOMAINS + 1)

mtype = { idle, prepare, start, started, release, reconnect };	/* what a hook does */
mtype = { preparing, in_use, draining };			/* what a lease is */
mtype = { unknown, alive, dead };				/* the QEMU that a lease names */

typedef Lease {
	byte domain = NONE;
	mtype state = preparing;
	mtype qemu = unknown;
	bit has_daemon;		/* the daemon that called prepare lives */
	bit is_of_boot = 1;
}

/* The database. */
Lease lease[N_VFS];
bit dirty[N_VFS];
bit faulty[N_VFS];
/* The devices: 0 scrubbed, else set up for domain n - 1.  Who has the VF's lock. */
byte device[N_VFS];
byte lock[N_VFS] = NONE;
/* The VF that the QEMU of a domain has open. */
byte qemu[N_DOMAINS] = NONE;
bit is_dying[N_DOMAINS];
/* The hooks: what each does, how it ended, whose VF it read and whether that lease is still there. */
mtype job[N_ACTORS] = idle;
byte job_vf[N_ACTORS] = NONE;
bit is_orphan[N_ACTORS];
bit has_failed[N_ACTORS];
byte read_vf[N_ACTORS] = NONE;
bit is_same[N_ACTORS];
/* The daemon: which of the two hooks of a domain is its own, and whether it was restarted under what it was doing. */
byte own[N_DOMAINS];
bit is_restarted[N_DOMAINS];
byte n_crashes = N_CRASHES;
byte i;	/* within d_step only */

/* --- What is looked at --------------------------------------------------------------------------------------- */

#if N_DOMAINS == 3
#define is_open(v)	  (qemu[0] == (v) || qemu[1] == (v) || qemu[2] == (v))
#define other_has(d, v)	  (((d) != 0 && qemu[0] == (v)) || ((d) != 1 && qemu[1] == (v)) || ((d) != 2 && qemu[2] == (v)))
#else
#define is_open(v)	  (qemu[0] == (v) || qemu[1] == (v))
#define other_has(d, v)	  (((d) != 0 && qemu[0] == (v)) || ((d) != 1 && qemu[1] == (v)))
#endif
#define is_leased(v)	  (lease[v].domain != NONE && lease[v].is_of_boot)
#define has_any_lease(d)  ((is_leased(0) && lease[0].domain == (d)) || (is_leased(1) && lease[1].domain == (d)))

/* vfp_lease_is_stale() */
#ifdef BUG_BOOT_IGNORED
#define is_of_earlier_boot(v) false
#else
#define is_of_earlier_boot(v) (!lease[v].is_of_boot)
#endif
#ifdef BUG_HEALED_BY_AGE
#define is_stale(v) true
#else
#define is_stale(v) (is_of_earlier_boot(v) || \
	(lease[v].qemu != unknown -> lease[v].qemu == dead : \
	 !(lease[v].state == preparing && lease[v].has_daemon) && qemu[lease[v].domain] == NONE))
#endif

#ifdef BUG_GENERATION_IGNORED
#define is_still_leased(a, v) is_leased(v)
#else
#define is_still_leased(a, v) (is_leased(v) && is_same[a])
#endif

/* --- Transactions: each within an atomic step ------------------------------------------------------------------ */

inline drop_lease(v)
{
	lease[v].domain = NONE;
	lease[v].state = preparing;
	lease[v].qemu = unknown;
	lease[v].has_daemon = 0;
	lease[v].is_of_boot = 1;
	for (i : 0 .. N_ACTORS - 1) {
		is_same[i] = (read_vf[i] == v -> 0 : is_same[i])
	}
}

/* vfp_book_begin(): leases of an earlier boot go before anything is written; their VFs stay dirty. */
inline begin()
{
	if
	:: lease[0].domain != NONE && !lease[0].is_of_boot -> drop_lease(0)
	:: else
	fi;
	if
	:: lease[1].domain != NONE && !lease[1].is_of_boot -> drop_lease(1)
	:: else
	fi
}

inline read_lease(a, v)
{
	read_vf[a] = v;
	is_same[a] = is_leased(v)
}

inline insert_lease(d, v, what, which, daemon)
{
	lease[v].domain = d;
	lease[v].state = what;
	lease[v].qemu = which;
	lease[v].has_daemon = daemon;
	dirty[v] = 1
}

/* --- What happens to a VF under its lock ------------------------------------------------------------------------ */

/* A kill before the step that this begins; the kernel lets go of the lock. */
#define MAY_DIE \
	if \
	:: n_crashes > 0 -> n_crashes--; goto killed \
	:: true \
	fi

inline take_lock(a, v)
{
#ifdef BUG_LOCK_NOT_TAKEN
	skip
#else
	atomic {
		MAY_DIE;
		if
		:: lock[v] == NONE -> lock[v] = a
#ifdef FAILURES
		:: lock[v] != NONE -> goto failed	/* -EBUSY after 5 s */
#endif
		fi
	}
#endif
}

#define let_go(a, v) lock[v] = (lock[v] == a -> NONE : lock[v])

/* pool/setup.c, end_lease(): @a has read the lease.  That nobody has the VF open when it is scrubbed is invariants 4
 * and 5 as the device sees them. */
inline end_lease(a, v)
{
	take_lock(a, v);
	atomic { MAY_DIE; is_ours = is_still_leased(a, v) }
	if
	:: is_ours ->
#ifdef BUG_FREE_BEFORE_SCRUB
		atomic { MAY_DIE; begin(); dirty[v] = 0; drop_lease(v) }
		atomic { MAY_DIE; assert(!is_open(v)); device[v] = 0; let_go(a, v) }
#else
		atomic {
			MAY_DIE;
			assert(!is_open(v));
			if
			:: device[v] = 0
#ifdef FAILURES
			:: is_ours = 0	/* it fails, or reads back as something else */
#endif
			fi
		}
		atomic {
			MAY_DIE;
			begin();
			if
			:: is_still_leased(a, v) && is_ours -> dirty[v] = 0; faulty[v] = 0; drop_lease(v)
			:: is_still_leased(a, v) && !is_ours -> faulty[v] = 1; drop_lease(v)
			:: else
			fi;
			let_go(a, v)
		}
#endif
	:: else -> let_go(a, v)
	fi
}

/* pool/setup.c, scrub_dirty() */
inline scrub_dirty(a, v)
{
	take_lock(a, v);
	atomic { MAY_DIE; is_ours = (!is_leased(v) && (dirty[v] || faulty[v]) && !is_open(v)) }
	if
	:: is_ours ->
		atomic { MAY_DIE; assert(!is_open(v)); device[v] = 0 }
		atomic {
			MAY_DIE;
			begin();
			if
			:: lease[v].domain == NONE -> dirty[v] = 0; faulty[v] = 0
			:: else
			fi;
			let_go(a, v)
		}
	:: else -> let_go(a, v)
	fi
}

/* pool/setup.c, vfp_setup_reclaim() */
inline reclaim(a, v)
{
	atomic {
		MAY_DIE;
		read_lease(a, v);
		is_ours = (is_leased(v) && is_stale(v));
		is_dirty = (!is_leased(v) && (dirty[v] || faulty[v]))
	}
	if
	:: is_ours -> end_lease(a, v)
	:: is_dirty -> scrub_dirty(a, v)
	:: else
	fi
}

/* --- The hook ------------------------------------------------------------------------------------------------------ */

/* hooks/ops.c.  @a: which actor it is, of which domain; its daemon is alive unless is_orphan[a]. */
proctype Hook(byte a, d)
{
	byte v;
	bit is_ours, is_dirty;
end:
	do
	:: atomic { job[a] != idle -> v = job_vf[a] }
		if
		:: job[a] == prepare ->
			/* What it still has from a life before, then the VF that it is to get. */
			if
			:: is_leased(1 - v) && lease[1 - v].domain == d -> reclaim(a, (1 - v))
			:: else
			fi;
			reclaim(a, v);
			/* check_unused() */
			atomic {
				MAY_DIE;
				if
				:: !is_leased(v) && is_open(v) -> goto failed
				:: else
				fi
			}
			atomic {
				MAY_DIE;
				begin();
				if
				:: is_leased(v) && lease[v].domain == d && !is_stale(v) && lease[v].state != draining -> skip
#ifdef BUG_VF_GIVEN_DIRTY
				:: !is_leased(v) && !has_any_lease(d) ->
#else
				:: !is_leased(v) && !has_any_lease(d) && !dirty[v] && !faulty[v] ->
#endif
					assert(device[v] == 0);	/* invariant 4 */
					insert_lease(d, v, preparing, unknown, !is_orphan[a])
				:: else -> goto failed
				fi;
				goto out
			}
		:: job[a] == start ->
			atomic {
				MAY_DIE;
				read_lease(a, v);
				if
				:: lease[v].domain != d || !is_leased(v) -> goto failed
				:: else
				fi
			}
			take_lock(a, v);
			atomic {
				MAY_DIE;
				if
				:: !is_still_leased(a, v) -> goto failed
				:: else
				fi
			}
			atomic {
				MAY_DIE;
				assert(!other_has(d, v));	/* invariant 5 */
				device[v] = d + 1;
				goto out
			}
		:: job[a] == started ->
			atomic { MAY_DIE; read_lease(a, v) }
			take_lock(a, v);
			atomic {
				MAY_DIE;
				if
				:: !is_still_leased(a, v) || device[v] != d + 1 -> goto failed
				:: else
				fi;
				let_go(a, v)
			}
			atomic {
				MAY_DIE;
				begin();
				if
				:: is_leased(v) && lease[v].domain == d && qemu[d] == v && lease[v].state != draining ->
					lease[v].state = in_use;
					lease[v].qemu = alive
				:: else -> goto failed
				fi;
				goto out
			}
		:: job[a] == release ->
			atomic {
				MAY_DIE;
				v = (is_leased(0) && lease[0].domain == d -> 0 : 1);
				if
				:: !is_leased(v) || lease[v].domain != d -> goto out
				:: else
				fi;
				read_lease(a, v)
			}
#ifndef BUG_QEMU_NOT_WAITED_FOR
			atomic {
				MAY_DIE;
				if
				:: qemu[d] != NONE ->	/* after 3 s */
					begin();
					if
					:: is_still_leased(a, v) -> lease[v].state = draining
					:: else
					fi;
					goto out
				:: else
				fi
			}
#endif
			end_lease(a, v)
		:: job[a] == reconnect ->
			atomic {
				MAY_DIE;
				begin();
				if
				:: qemu[d] != v -> skip
				:: qemu[d] == v && is_leased(v) && lease[v].domain == d ->
					lease[v].state = in_use;
					lease[v].qemu = alive;
					lease[v].has_daemon = !is_orphan[a]
				:: qemu[d] == v && !is_leased(v) && !has_any_lease(d) ->
					insert_lease(d, v, in_use, alive, !is_orphan[a])
				:: else -> goto failed
				fi;
				goto out
			}
		fi;
		goto out;
killed:
failed:
		atomic { has_failed[a] = 1; goto out }
out:
		atomic {
			lock[0] = (lock[0] == a -> NONE : lock[0]);
			lock[1] = (lock[1] == a -> NONE : lock[1]);
			v = 0;
			is_ours = 0;
			is_dirty = 0;
			read_vf[a] = NONE;
			is_same[a] = 0;
			is_orphan[a] = 0;
			job_vf[a] = NONE;
			job[a] = idle
		}
	od
}

/* service/keeper.c: one VF after the other, whenever it likes. */
#define wants_care(v) ((lease[v].domain != NONE && is_stale(v)) || (!is_leased(v) && (dirty[v] || faulty[v]) && !is_open(v)))
proctype Keeper()
{
	byte v = 0;
	bit is_ours, is_dirty;
end:
	do
	:: atomic {
		if
		:: wants_care(0) -> v = 0
		:: wants_care(1) -> v = 1
		fi
	   }
		reclaim(VFPOOLD, v);
killed:
failed:
		atomic {
			let_go(VFPOOLD, 0);
			let_go(VFPOOLD, 1);
			v = 0;
			is_ours = 0;
			is_dirty = 0;
			read_vf[VFPOOLD] = NONE;
			is_same[VFPOOLD] = 0
		}
	od
}

/* --- libvirt and its QEMUs ------------------------------------------------------------------------------------------ */

#define hook (2 * d + own[d])

/* Calls the hook and waits; a daemon that was restarted meanwhile has forgotten the call. */
inline call(what, vf)
{
	atomic {
		if
		:: is_restarted[d] -> goto restarted
		:: job[hook] == idle
		fi;
		has_failed[hook] = 0;
		job_vf[hook] = vf;
		job[hook] = what
	}
	atomic {
		if
		:: is_restarted[d] -> goto restarted
		:: job[hook] == idle && has_failed[hook] -> has_failed[hook] = 0; goto stop
		:: job[hook] == idle && !has_failed[hook]
		fi
	}
}

proctype Libvirt(byte d)
{
	byte v = 0;
off:
	atomic {
		if
		:: v = 0
		:: v = 1
		fi
	}
	call(prepare, v);
	call(start, v);
	atomic {
		if
		:: is_restarted[d] -> goto restarted
		:: else
		fi;
		/* The kernel opens a VFIO group once: that is for the domain's own former QEMU, and never what
		 * keeps two domains apart. */
		if
		:: qemu[d] != NONE -> goto stop
		:: else
		fi;
		assert(!other_has(d, v));				/* invariant 1 */
		assert(is_leased(v) && lease[v].domain == d);		/* invariant 3 */
		assert(device[v] == d + 1);
		qemu[d] = v
	}
	call(started, v);
	assert(qemu[d] == NONE || (is_leased(v) && lease[v].domain == d));
	/* It runs until it is shut down, destroyed, or ends by itself. */
stop:
	atomic {
		if
		:: is_restarted[d] -> goto restarted
		:: job[hook] == idle
		fi;
		is_dying[d] = (qemu[d] != NONE);
		v = 0;
		job_vf[hook] = 0;
		job[hook] = release
	}
	atomic {
		if
		:: is_restarted[d] -> goto restarted
		:: job[hook] == idle -> has_failed[hook] = 0; goto off
		fi
	}
restarted:
	/* A new daemon: what runs is reconnected, all else is off. */
	atomic {
		is_restarted[d] = 0;
		if
		:: qemu[d] == NONE || is_dying[d] -> v = 0; goto off
		:: else -> v = qemu[d]
		fi
	}
	call(reconnect, v);
	goto stop
}

/* No hook is at work, and vfpoold is not within something. */
#if N_DOMAINS == 3
#define is_quiet (job[0] == idle && job[1] == idle && job[2] == idle && job[3] == idle && job[4] == idle && job[5] == idle && read_vf[VFPOOLD] == NONE)
#else
#define is_quiet (job[0] == idle && job[1] == idle && job[2] == idle && job[3] == idle && read_vf[VFPOOLD] == NONE)
#endif

/* A QEMU that is told to end does so at some time; others may at any. */
proctype Kernel()
{
	byte d = 0;
end:
	do
	:: d_step {
		if
		:: qemu[0] != NONE -> d = 0
		:: qemu[1] != NONE -> d = 1
#if N_DOMAINS == 3
		:: qemu[2] != NONE -> d = 2
#endif
		fi;
		lease[0].qemu = (lease[0].domain == d && lease[0].qemu == alive -> dead : lease[0].qemu);
		lease[1].qemu = (lease[1].domain == d && lease[1].qemu == alive -> dead : lease[1].qemu);
		qemu[d] = NONE;
		is_dying[d] = 0;
		d = 0
	   }
	od
}

/* --- Crashes that are not a single program's ------------------------------------------------------------------------ */

proctype Crash()
{
	byte d = 0;
end:
	do
	/* The daemon dies; its hooks go on, and the new one has others. */
	:: atomic { n_crashes > 0 ->
		n_crashes--;
		lease[0].has_daemon = 0;
		lease[1].has_daemon = 0;
		do
		:: d < N_DOMAINS ->
			if
			:: job[2 * d + own[d]] != idle && job[2 * d + 1 - own[d]] == idle ->
				is_orphan[2 * d + own[d]] = 1;
				own[d] = 1 - own[d]
			:: else
			fi;
			has_failed[2 * d + own[d]] = 0;
			is_restarted[d] = 1;
			d++
		:: else -> break
		od;
		d = 0 }
	/* The host is reset: nothing runs any more, what is on the disk stays, and the devices may keep what they had.
	 * (A reset while a hook is at work is the hook's death, and then this.) */
	:: atomic { n_crashes > 0 && is_quiet ->
		n_crashes--;
		lease[0].has_daemon = 0;
		lease[1].has_daemon = 0;
		lease[0].is_of_boot = (lease[0].domain == NONE);
		lease[1].is_of_boot = (lease[1].domain == NONE);
		lease[0].qemu = (lease[0].qemu == alive -> dead : lease[0].qemu);
		lease[1].qemu = (lease[1].qemu == alive -> dead : lease[1].qemu);
		do
		:: d < N_DOMAINS ->
			qemu[d] = NONE;
			is_dying[d] = 0;
			is_restarted[d] = 1;
			d++
		:: else -> break
		od;
		d = 0 }
	od
}

init {
	atomic {
		run Hook(0, 0); run Hook(1, 0);
		run Hook(2, 1); run Hook(3, 1);
#if N_DOMAINS == 3
		run Hook(4, 2); run Hook(5, 2);
#endif
		run Keeper();
		run Kernel();
		run Crash();
		run Libvirt(0); run Libvirt(1);
#if N_DOMAINS == 3
		run Libvirt(2);
#endif
	}
}
