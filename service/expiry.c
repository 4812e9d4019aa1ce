/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ends claims and ports that no domain came for, and old lines of the journal. */

#include "service/expiry.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "service/check.h"
#include "service/loop.h"

#define DAY_MS INT64_C(86400000)
#define MIN_MS (DAY_MS / 24) /* old lines go together */
#define MAX_MS (20 * DAY_MS) /* a timer's number is an int */

struct vfp_expiry {
	struct vfp_pool *pool;
	int64_t journal_ms;
	int timer;
};

static int wait_ms(const struct vfp_expiry *expiry, const struct vfp_oldest *oldest);
static void on_timer(void *opaque);

int vfp_expiry_new(struct vfp_pool *pool, unsigned int journal_days, struct vfp_expiry **ret,
		   struct vfp_err *err)
{
	struct vfp_expiry *expiry = vfp_alloc(1, sizeof(*expiry));

	*expiry = (struct vfp_expiry){.pool = pool, .journal_ms = journal_days * DAY_MS};
	expiry->timer = vfp_loop_add_timer(on_timer, expiry, err);
	if (expiry->timer < 0) {
		free(expiry);
		return -err->code;
	}
	*ret = expiry;
	return 0;
}

void vfp_expiry_free(struct vfp_expiry *expiry)
{
	free(expiry);
}

void vfp_expiry_look(struct vfp_expiry *expiry)
{
	struct vfp_oldest oldest = {0};
	struct vfp_err err = {0};

	if (vfp_pool_oldest(expiry->pool, &oldest, &err) < 0)
		vfp_log(VFP_LOG_ERR, "%s", err.msg);
	vfp_loop_set_timer(expiry->timer, wait_ms(expiry, &oldest));
}

/* -1: nothing will be too old. */
static int wait_ms(const struct vfp_expiry *expiry, const struct vfp_oldest *oldest)
{
	const int64_t now = vfp_pool_host(expiry->pool)->kernel->now_ms();
	int64_t wait = MAX_MS;

	if (!oldest->line_ms && !oldest->port_ms && !oldest->claim_ms)
		return -1;
	if (oldest->line_ms)
		wait = oldest->line_ms + expiry->journal_ms - now;
	if (wait < MIN_MS)
		wait = MIN_MS;
	if (oldest->port_ms && oldest->port_ms + VFP_CHECK_EXPIRE_MS - now < wait)
		wait = oldest->port_ms + VFP_CHECK_EXPIRE_MS - now;
	if (oldest->claim_ms && oldest->claim_ms - now < wait)
		wait = oldest->claim_ms - now;
	if (wait > MAX_MS)
		wait = MAX_MS;
	return wait < 1 ? 1 : (int)wait;
}

static void on_timer(void *opaque)
{
	struct vfp_expiry *expiry = opaque;
	unsigned int n_ports = 0, n_lines = 0, n_claims = 0;
	struct vfp_err err = {0};
	int rc = vfp_pool_end_claims(expiry->pool, &n_claims, &err);

	if (rc == 0)
		rc = vfp_pool_expire(expiry->pool, VFP_CHECK_EXPIRE_MS, &n_ports, &err);

	if (rc == 0)
		rc = vfp_pool_trim(expiry->pool, expiry->journal_ms, &n_lines, &err);
	if (rc < 0)
		vfp_log(VFP_LOG_ERR, "%s", err.msg);
	if (n_claims)
		vfp_log(VFP_LOG_INFO, "%u claims are over that no domain came for", n_claims);
	if (n_ports || n_lines)
		vfp_log(VFP_LOG_INFO,
			"%u ports that no domain came for and %u old lines of the journal are gone",
			n_ports, n_lines);
	vfp_expiry_look(expiry);
}
