/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Does the jobs of the queue, one at a time. */

#include "service/worker.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "service/echo.h"
#include "service/jobs.h"
#include "service/loop.h"

enum step {
	STEP_NONE,
	STEP_DEFINE, /* all events of before are heard: define */
	STEP_HEAR,   /* defined; what was due then is heard in this round */
	STEP_JUDGE,
};

struct vfp_worker {
	const struct vfp_keeper *keeper;
	vfp_worker_odd *odd;
	void *opaque;
	bool is_open;
	int work_timer, retry_timer, step_timer;
	struct vfp_jobs jobs;
	/* The define on its way, which the next job waits for. */
	enum step step;
	struct vfp_job defined;
	struct vfp_rebind rebind;
	struct vfp_echo echo;
	bool is_ours;
};

static void on_work(void *opaque);
static void on_retry(void *opaque);
static void on_step(void *opaque);
static struct vfp_job *add_job(struct vfp_worker *worker, const struct vfp_owner *owner);
static int do_job(struct vfp_worker *worker, const struct vfp_job *job, struct vfp_err *err);
static bool is_starting(const struct vfp_worker *worker, const struct vfp_job *job);
static void put_back(struct vfp_worker *worker, const struct vfp_job *job, int rc,
		     const struct vfp_err *why);
static void go_to(struct vfp_worker *worker, enum step step);

int vfp_worker_new(const struct vfp_keeper *keeper, vfp_worker_odd *odd, void *opaque,
		   struct vfp_worker **ret, struct vfp_err *err)
{
	struct vfp_worker *worker = vfp_alloc(1, sizeof(*worker));

	*worker = (struct vfp_worker){.keeper = keeper, .odd = odd, .opaque = opaque};
	worker->work_timer = vfp_loop_add_timer(on_work, worker, err);
	worker->retry_timer = vfp_loop_add_timer(on_retry, worker, err);
	worker->step_timer = vfp_loop_add_timer(on_step, worker, err);
	if (worker->work_timer < 0 || worker->retry_timer < 0 || worker->step_timer < 0) {
		free(worker);
		return -err->code;
	}
	*ret = worker;
	return 0;
}

void vfp_worker_free(struct vfp_worker *worker)
{
	if (!worker)
		return;
	vfp_rebind_clear(&worker->rebind);
	vfp_jobs_clear(&worker->jobs);
	free(worker);
}

void vfp_worker_open(struct vfp_worker *worker)
{
	worker->is_open = true;
	vfp_loop_set_timer(worker->work_timer, 0);
}

/* The sweep that follows a new connection sees what is dropped here. */
void vfp_worker_close(struct vfp_worker *worker)
{
	worker->is_open = false;
	worker->step = STEP_NONE;
	worker->echo = (struct vfp_echo){.owner.uuid = ""};
}

bool vfp_worker_is_open(const struct vfp_worker *worker)
{
	return worker->is_open;
}

void vfp_worker_hear(struct vfp_worker *worker, enum vfp_libvirt_what what,
		     const struct vfp_owner *owner)
{
	static const struct {
		bool settle, inspect, is_known;
	} wanted[] = {
		[VFP_LIBVIRT_ADDED] = {.settle = true, .is_known = true},
		[VFP_LIBVIRT_DEFINED] = {.settle = true, .is_known = true},
		[VFP_LIBVIRT_UNDEFINED] = {.settle = true, .is_known = true},
		[VFP_LIBVIRT_STOPPED] = {.settle = true, .is_known = true},
		/* With a device that goes its port may end, if the definition is without it. */
		[VFP_LIBVIRT_DEVICES] = {.settle = true, .inspect = true},
		[VFP_LIBVIRT_REBOOTED] = {.inspect = true},
	};
	struct vfp_job *job;

	if (what == VFP_LIBVIRT_ADDED || what == VFP_LIBVIRT_DEFINED ||
	    what == VFP_LIBVIRT_UNDEFINED)
		vfp_echo_hear(&worker->echo, owner->uuid,
			      what == VFP_LIBVIRT_ADDED	    ? VFP_ECHO_ADDED
			      : what == VFP_LIBVIRT_DEFINED ? VFP_ECHO_UPDATED
							    : VFP_ECHO_UNDEFINED);
	job = add_job(worker, owner);
	job->settle = job->settle || wanted[what].settle;
	job->inspect = job->inspect || wanted[what].inspect;
	job->is_known = job->is_known || wanted[what].is_known;
}

void vfp_worker_settle(struct vfp_worker *worker, const struct vfp_owner *owner)
{
	add_job(worker, owner)->settle = true;
}

void vfp_worker_inspect(struct vfp_worker *worker, const struct vfp_owner *owner)
{
	add_job(worker, owner)->inspect = true;
}

void vfp_worker_unblock(struct vfp_worker *worker)
{
	if (vfp_jobs_unblock(&worker->jobs))
		vfp_loop_set_timer(worker->work_timer, 0);
}

bool vfp_worker_is_busy(const struct vfp_worker *worker)
{
	return worker->step != STEP_NONE || vfp_jobs_has_due(&worker->jobs);
}

static int64_t now_ms(const struct vfp_worker *worker)
{
	return vfp_pool_host(worker->keeper->pool)->kernel->ticks_ms();
}

static struct vfp_job *add_job(struct vfp_worker *worker, const struct vfp_owner *owner)
{
	vfp_loop_set_timer(worker->work_timer, 0);
	return vfp_jobs_add(&worker->jobs, owner, now_ms(worker));
}

/* --- A job ------------------------------------------------------------------------------------ */

static void on_work(void *opaque)
{
	struct vfp_worker *worker = opaque;
	struct vfp_err err = {0};
	struct vfp_job job;
	int rc;

	if (!worker->is_open || worker->step != STEP_NONE || !vfp_jobs_take(&worker->jobs, &job))
		return;
	rc = do_job(worker, &job, &err);
	if (rc > 0) {
		worker->defined = job;
		go_to(worker, STEP_DEFINE);
		return;
	}
	if (rc < 0)
		put_back(worker, &job, rc, &err);
	vfp_loop_set_timer(worker->work_timer, 0);
}

static void on_retry(void *opaque)
{
	struct vfp_worker *worker = opaque;

	vfp_jobs_retry(&worker->jobs);
	vfp_loop_set_timer(worker->work_timer, 0);
}

/* 1: a define is to follow. */
static int do_job(struct vfp_worker *worker, const struct vfp_job *job, struct vfp_err *err)
{
	int rc = 0;

	if (is_starting(worker, job))
		return vfp_fail(err, EINPROGRESS, "it starts just now");
	if (job->inspect && vfp_keeper_inspect(worker->keeper, &job->owner, err) < 0) {
		vfp_log(VFP_LOG_WARN, "domain %s: %s", job->owner.name, err->msg);
		worker->odd(worker->opaque);
	}
	if (job->settle)
		rc = vfp_keeper_settle(worker->keeper, &job->owner, job->is_known, &worker->rebind,
				       err);
	return rc;
}

/* libvirt answers no question about a domain whose hook runs, which can take minutes. */
static bool is_starting(const struct vfp_worker *worker, const struct vfp_job *job)
{
	vfp_autofree struct vfp_lease *leases = NULL;
	size_t n = 0;

	vfp_pool_leases(worker->keeper->pool, job->owner.uuid, &leases, &n, NULL);
	for (size_t i = 0; i < n; i++)
		if (leases[i].state == VFP_LEASE_PREPARING)
			return true;
	return false;
}

/* What failed and passes by itself is tried again, but not for ever. */
static void put_back(struct vfp_worker *worker, const struct vfp_job *job, int rc,
		     const struct vfp_err *why)
{
	const bool is_blocked = rc == -EINPROGRESS;
	const int64_t now = now_ms(worker);
	struct vfp_err err = {0};

	if (!is_blocked && rc != -EBUSY && rc != -EAGAIN && rc != -EIO) {
		vfp_log(VFP_LOG_WARN, "domain %s: %s", job->owner.name, why->msg);
		worker->odd(worker->opaque);
		return;
	}
	vfp_log(VFP_LOG_DEBUG, "domain %s: %s", job->owner.name, why->msg);
	if (vfp_jobs_put_back(&worker->jobs, job, is_blocked, now)) {
		vfp_loop_set_timer(worker->retry_timer, vfp_jobs_wait_ms(&worker->jobs, now));
		return;
	}
	vfp_log(VFP_LOG_WARN, "domain %s: given up after %u tries: %s", job->owner.name,
		job->n_tries, why->msg);
	worker->odd(worker->opaque);
	if (job->settle &&
	    vfp_pool_set_trouble(worker->keeper->pool, &job->owner, why->msg, &err) < 0)
		vfp_log(VFP_LOG_ERR, "%s", err.msg);
}

/* --- A define --------------------------------------------------------------------------------- */

static void go_to(struct vfp_worker *worker, enum step step)
{
	worker->step = step;
	vfp_loop_set_timer(step == STEP_NONE ? worker->work_timer : worker->step_timer,
			   step == STEP_JUDGE ? 1 : 0);
}

static void define(struct vfp_worker *worker)
{
	struct vfp_err err = {0};
	int rc;

	vfp_echo_expect(&worker->echo, &worker->rebind.owner);
	rc = vfp_keeper_define(worker->keeper, &worker->rebind, worker->defined.since_ms, &err);
	if (rc < 0)
		put_back(worker, &worker->defined, rc, &err);
	/* The question after which all events have come, see service/echo.h. */
	worker->is_ours = rc > 0 && vfp_rebind_is_ours(&worker->rebind);
	go_to(worker, rc > 0 ? STEP_HEAR : STEP_NONE);
}

static void judge(struct vfp_worker *worker)
{
	const enum vfp_echo_verdict verdict = vfp_echo_judge(&worker->echo, worker->is_ours);
	const struct vfp_owner *owner = &worker->rebind.owner;
	struct vfp_err err = {0};

	if (vfp_keeper_judge(worker->keeper, owner, verdict, &err) < 0)
		vfp_log(VFP_LOG_ERR, "domain %s: %s", owner->name, err.msg);
	go_to(worker, STEP_NONE);
}

/* All events that have come are called back within one round of the loop, whatever the order of its
 * timers: what was due when the first call came has been done when the second one does. */
static void on_step(void *opaque)
{
	struct vfp_worker *worker = opaque;

	if (worker->step == STEP_DEFINE)
		define(worker);
	else if (worker->step == STEP_HEAR)
		go_to(worker, STEP_JUDGE);
	else if (worker->step == STEP_JUDGE)
		judge(worker);
}
