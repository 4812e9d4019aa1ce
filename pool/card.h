/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which card is behind a PF's name.
 *
 * Pools name PFs by netdev, and a netdev's name goes by slot: a card that is moved comes back under
 * another name, and another card may come under its old one.  The book remembers the permanent MAC
 * of each PF, which is the card's own, and asks it at boot (`pf restore`); at `pf enable` the card
 * that bears the name is the one that is meant.  `pool define` takes names as they are now: to
 * define one pool renames nothing in another.
 */
#pragma once

#include "pool/pool.h"

/* Finds the cards of the book again.  One that has another name now is renamed in the book, with
 * all that hangs on it, VFs, pools, ports and leases, and gets a line "moved" in the journal; one
 * that was never seen is remembered.  Where two cards have one permanent MAC the name counts.
 * Brings the members file up to date. */
int vfp_card_follow(struct vfp_pool *pool, struct vfp_err *err);

/* The card that bears the name @dev now is the one that is meant from now on. */
int vfp_card_remember(struct vfp_pool *pool, const char *dev, struct vfp_err *err);

/* -ENODEV: @dev is another card than the book knows by that name, in words that say what to do; or
 * there is none of that name. */
int vfp_card_check(struct vfp_pool *pool, const char *dev, struct vfp_err *err);
