/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What ends by itself: claims at their time, ports that no domain came for (VFP_CHECK_EXPIRE_MS),
 * and old lines of the journal.  A timer that runs only while there is something that will be too
 * old one day.
 */
#pragma once

#include "pool/pool.h"

/* How long lines of the journal are kept; the last day is never deleted (vfp_pool_trim()). */
#define VFP_JOURNAL_DAYS     365
#define VFP_JOURNAL_DAYS_MIN 2
#define VFP_JOURNAL_DAYS_MAX 3650

struct vfp_expiry;

int vfp_expiry_new(struct vfp_pool *pool, unsigned int journal_days, struct vfp_expiry **ret,
		   struct vfp_err *err);
void vfp_expiry_free(struct vfp_expiry *expiry); /* NULL is fine */
/* Sets the timer: to be called when the book has changed. */
void vfp_expiry_look(struct vfp_expiry *expiry);
