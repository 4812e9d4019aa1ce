/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The queue of domains to settle or to inspect. */

#include "service/jobs.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define RETRY_MS   300 /* a job that met something passing; each further try twice as late */
#define MAX_TRIES  6
#define BLOCKED_MS 5000 /* should nothing tell that a start is over */

struct vfp_job *vfp_jobs_add(struct vfp_jobs *jobs, const struct vfp_owner *owner, int64_t now_ms)
{
	struct vfp_job *job = NULL;

	for (size_t i = 0; !job && i < jobs->n; i++)
		if (!strcmp(jobs->list[i].owner.uuid, owner->uuid))
			job = &jobs->list[i];
	if (!job) {
		jobs->list = vfp_realloc(jobs->list, jobs->n + 1, sizeof(*job));
		job = &jobs->list[jobs->n++];
		*job = (struct vfp_job){.owner = *owner, .since_ms = now_ms};
	}
	job->is_late = job->is_blocked = false;
	return job;
}

bool vfp_jobs_take(struct vfp_jobs *jobs, struct vfp_job *ret_job)
{
	for (size_t i = 0; i < jobs->n; i++) {
		if (jobs->list[i].is_late)
			continue;
		*ret_job = jobs->list[i];
		jobs->n--;
		memmove(&jobs->list[i], &jobs->list[i + 1], (jobs->n - i) * sizeof(*jobs->list));
		return true;
	}
	return false;
}

bool vfp_jobs_has_due(const struct vfp_jobs *jobs)
{
	for (size_t i = 0; i < jobs->n; i++)
		if (!jobs->list[i].is_late)
			return true;
	return false;
}

bool vfp_jobs_put_back(struct vfp_jobs *jobs, const struct vfp_job *job, bool is_blocked,
		       int64_t now_ms)
{
	const int64_t at = now_ms + (is_blocked ? BLOCKED_MS : RETRY_MS << job->n_tries);
	struct vfp_job *again;

	if (job->n_tries == MAX_TRIES)
		return false;
	again = vfp_jobs_add(jobs, &job->owner, now_ms);
	again->settle = again->settle || job->settle;
	again->inspect = again->inspect || job->inspect;
	again->is_known = again->is_known || job->is_known;
	again->since_ms = job->since_ms;
	again->n_tries = job->n_tries + !is_blocked;
	again->is_late = true;
	again->is_blocked = is_blocked;
	/* One time for all: the earliest counts. */
	if (!jobs->retry_at_ms || jobs->retry_at_ms > at)
		jobs->retry_at_ms = at;
	return true;
}

int vfp_jobs_wait_ms(const struct vfp_jobs *jobs, int64_t now_ms)
{
	if (!jobs->retry_at_ms)
		return -1;
	return jobs->retry_at_ms > now_ms ? (int)(jobs->retry_at_ms - now_ms) : 0;
}

void vfp_jobs_retry(struct vfp_jobs *jobs)
{
	jobs->retry_at_ms = 0;
	for (size_t i = 0; i < jobs->n; i++)
		jobs->list[i].is_late = false;
}

bool vfp_jobs_unblock(struct vfp_jobs *jobs)
{
	bool found = false;

	for (size_t i = 0; i < jobs->n; i++) {
		struct vfp_job *job = &jobs->list[i];

		if (!job->is_blocked)
			continue;
		job->is_late = job->is_blocked = false;
		found = true;
	}
	return found;
}

void vfp_jobs_clear(struct vfp_jobs *jobs)
{
	free(jobs->list);
	*jobs = (struct vfp_jobs){0};
}
