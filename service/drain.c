/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Leases that wait for the end of their QEMU. */

#include "service/drain.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "pool/setup.h"
#include "service/loop.h"

/* One process that is waited for. */
struct wait {
	struct vfp_drain *drain;
	struct wait *next;
	struct vfp_lease lease;
	int fd, file; /* its pidfd, and its number in the loop */
};

struct vfp_drain {
	struct vfp_pool *pool;
	vfp_drain_odd *odd;
	void *opaque;
	struct wait *waits;
};

static void wait_for(struct vfp_drain *drain, const struct vfp_lease *lease);
static void on_end(void *opaque);
static void end(struct vfp_drain *drain, const struct vfp_lease *lease);
static void free_wait(struct wait *wait);

struct vfp_drain *vfp_drain_new(struct vfp_pool *pool, vfp_drain_odd *odd, void *opaque)
{
	struct vfp_drain *drain = vfp_alloc(1, sizeof(*drain));

	*drain = (struct vfp_drain){.pool = pool, .odd = odd, .opaque = opaque};
	return drain;
}

void vfp_drain_free(struct vfp_drain *drain)
{
	while (drain && drain->waits) {
		struct wait *wait = drain->waits;

		drain->waits = wait->next;
		free_wait(wait);
	}
	free(drain);
}

void vfp_drain_look(struct vfp_drain *drain, const struct vfp_lease *leases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct wait *wait = drain->waits;

		if (leases[i].state != VFP_LEASE_DRAINING)
			continue;
		while (wait && wait->lease.generation != leases[i].generation)
			wait = wait->next;
		if (!wait)
			wait_for(drain, &leases[i]);
	}
}

static void wait_for(struct vfp_drain *drain, const struct vfp_lease *lease)
{
	const struct vfp_host *host = vfp_pool_host(drain->pool);
	struct wait *wait;
	struct vfp_process qemu = lease->qemu;
	struct vfp_err err = {0};
	int fd = -1, rc = 0;

	if (!qemu.pid)
		rc = vfp_proc_find_qemu(host, lease->owner.uuid, lease->owner.name, &qemu, &err);
	if (rc == 0)
		rc = vfp_proc_watch(host, &qemu, &fd, &err);
	if (rc == -ESRCH) {
		end(drain, lease);
		return;
	}
	wait = vfp_alloc(1, sizeof(*wait));
	*wait = (struct wait){
		.drain = drain, .next = drain->waits, .lease = *lease, .fd = fd, .file = -1};
	if (rc == 0)
		wait->file = vfp_loop_add_file(fd, on_end, wait, &err);
	/* One that cannot be watched stays in the list: it is said once. */
	drain->waits = wait;
	if (wait->file < 0)
		drain->odd(drain->opaque, err.msg);
}

static void on_end(void *opaque)
{
	struct wait *wait = opaque, **place = &wait->drain->waits;

	while (*place != wait)
		place = &(*place)->next;
	*place = wait->next;
	end(wait->drain, &wait->lease);
	free_wait(wait);
}

static void end(struct vfp_drain *drain, const struct vfp_lease *lease)
{
	struct vfp_err err = {0};
	char vf[VFP_VF_SIZE];

	vfp_vf_format(&lease->vf, vf);
	if (vfp_setup_end(drain->pool, lease, "its QEMU is gone at last", &err) < 0)
		drain->odd(drain->opaque, err.msg);
	else
		vfp_log(VFP_LOG_INFO, "domain %s: VF %s: its QEMU is gone at last",
			lease->owner.name, vf);
}

static void free_wait(struct wait *wait)
{
	if (wait->file >= 0)
		vfp_loop_remove_file(wait->file);
	vfp_cleanup_close(&wait->fd);
	free(wait);
}
