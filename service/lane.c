/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads that take their work from a queue. */

#include "service/lane.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define MAX_THREADS 8
#define PATIENCE_S  5
#define GROUP_MAX   32

struct task {
	vfp_lane_work *work;
	vfp_loop_callback *done;
	void *opaque;
};

/* A ring. */
struct queue {
	struct task *tasks;
	size_t room, first, n;
};

struct vfp_lane {
	const struct vfp_host *host;
	enum vfp_pool_mode mode;
	int group_ms;
	pthread_mutex_t lock;
	pthread_cond_t has_work;
	struct queue waiting, finished;
	size_t n_idle, n_threads, max_threads;
	pthread_t threads[MAX_THREADS];
	bool is_over;
	int fd, file; /* readable when something is finished */
};

static void *run(void *opaque);
static void on_finished(void *opaque);
static void put(struct queue *queue, const struct task *task);
static bool take(struct queue *queue, struct task *ret);

int vfp_lane_new(const struct vfp_host *host, enum vfp_pool_mode mode, int group_ms,
		 size_t n_threads, size_t room, struct vfp_lane **ret, struct vfp_err *err)
{
	struct vfp_lane *lane = vfp_alloc(1, sizeof(*lane));

	*lane = (struct vfp_lane){
		.host = host,
		.mode = mode,
		.group_ms = group_ms,
		.max_threads = n_threads < MAX_THREADS ? n_threads : MAX_THREADS,
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	pthread_mutex_init(&lane->lock, NULL);
	pthread_cond_init(&lane->has_work, NULL);
	lane->waiting.room = room;
	lane->waiting.tasks = vfp_alloc(room, sizeof(struct task));
	/* Beside those that wait, each thread has some in its hands. */
	lane->finished.room = room + MAX_THREADS * GROUP_MAX;
	lane->finished.tasks = vfp_alloc(lane->finished.room, sizeof(struct task));
	lane->file = lane->fd < 0 ? vfp_fail(err, errno, "no eventfd: %s", strerror(errno))
				  : vfp_loop_add_file(lane->fd, on_finished, lane, err);
	if (lane->file < 0) {
		vfp_lane_free(lane);
		return -err->code;
	}
	*ret = lane;
	return 0;
}

void vfp_lane_free(struct vfp_lane *lane)
{
	struct timespec until;
	bool is_left = false;

	if (!lane)
		return;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	pthread_mutex_lock(&lane->lock);
	lane->is_over = true;
	pthread_cond_broadcast(&lane->has_work);
	pthread_mutex_unlock(&lane->lock);
	for (size_t i = 0; i < lane->n_threads; i++)
		if (pthread_timedjoin_np(lane->threads[i], NULL, &until) != 0)
			is_left = true;
	if (lane->file >= 0)
		vfp_loop_remove_file(lane->file);
	if (is_left)
		return;
	vfp_cleanup_close(&lane->fd);
	free(lane->waiting.tasks);
	free(lane->finished.tasks);
	free(lane);
}

int vfp_lane_push(struct vfp_lane *lane, vfp_lane_work *work, vfp_loop_callback *done, void *opaque,
		  struct vfp_err *err)
{
	const struct task task = {work, done, opaque};
	int rc = 0;

	pthread_mutex_lock(&lane->lock);
	if (lane->n_idle <= lane->waiting.n && lane->n_threads < lane->max_threads &&
	    pthread_create(&lane->threads[lane->n_threads], NULL, run, lane) == 0)
		lane->n_threads++;
	/* What is finished and not yet answered counts, or a slow loop would let it grow. */
	if (!lane->n_threads)
		rc = vfp_fail(err, EBUSY, "no thread can be started now; try again");
	else if (lane->waiting.n + lane->finished.n >= lane->waiting.room)
		rc = vfp_fail(err, EBUSY, "%zu calls wait already; try again", lane->waiting.room);
	else
		put(&lane->waiting, &task);
	pthread_cond_signal(&lane->has_work);
	pthread_mutex_unlock(&lane->lock);
	return rc;
}

/* --- In a thread ------------------------------------------------------------------------------ */

/* Waits for work; false: it is over. */
static bool next(struct vfp_lane *lane, struct task *ret)
{
	bool found;

	pthread_mutex_lock(&lane->lock);
	lane->n_idle++;
	while (!(found = !lane->is_over && take(&lane->waiting, ret)) && !lane->is_over)
		pthread_cond_wait(&lane->has_work, &lane->lock);
	lane->n_idle--;
	pthread_mutex_unlock(&lane->lock);
	return found;
}

static bool next_at_once(struct vfp_lane *lane, struct task *ret)
{
	bool found;

	pthread_mutex_lock(&lane->lock);
	found = !lane->is_over && take(&lane->waiting, ret);
	pthread_mutex_unlock(&lane->lock);
	return found;
}

/* Does @tasks[0] and @tasks[1], and those that wait behind them; returns how many. */
static size_t work_together(struct vfp_lane *lane, struct vfp_pool *pool, struct task *tasks)
{
	const struct vfp_err none = {0};
	struct vfp_err err = {0};
	size_t n = 2, n_done = 0;
	int rc = vfp_pool_begin_group(pool, &err);
	const int64_t until_ms = lane->host->kernel->ticks_ms() + lane->group_ms;

	while (rc == 0 && n_done < n) {
		tasks[n_done].work(tasks[n_done].opaque, pool, &none);
		n_done++;
		if (n_done == n && n < GROUP_MAX && lane->host->kernel->ticks_ms() < until_ms &&
		    next_at_once(lane, &tasks[n]))
			n++;
	}
	if (rc == 0)
		rc = vfp_pool_end_group(pool, &err);
	for (size_t i = 0; rc < 0 && i < n; i++)
		tasks[i].work(tasks[i].opaque, NULL, &err);
	return n;
}

static void *run(void *opaque)
{
	struct vfp_lane *lane = opaque;
	struct vfp_pool *pool = NULL;
	struct task tasks[GROUP_MAX];

	while (next(lane, &tasks[0])) {
		struct vfp_err err = {0};
		size_t n = 1;

		if (!pool)
			vfp_pool_open(lane->host, lane->mode, &pool, &err);
		if (pool && lane->group_ms && next_at_once(lane, &tasks[1]))
			n = work_together(lane, pool, tasks);
		else
			tasks[0].work(tasks[0].opaque, pool, &err);
		pthread_mutex_lock(&lane->lock);
		for (size_t i = 0; i < n; i++)
			put(&lane->finished, &tasks[i]);
		pthread_mutex_unlock(&lane->lock);
		eventfd_write(lane->fd, 1);
	}
	vfp_pool_close(pool);
	return NULL;
}

/* --- In the loop ------------------------------------------------------------------------------ */

static void on_finished(void *opaque)
{
	struct vfp_lane *lane = opaque;
	struct task task;
	eventfd_t count;
	bool found;

	eventfd_read(lane->fd, &count);
	do {
		pthread_mutex_lock(&lane->lock);
		found = take(&lane->finished, &task);
		pthread_mutex_unlock(&lane->lock);
		if (found)
			task.done(task.opaque);
	} while (found);
}

static void put(struct queue *queue, const struct task *task)
{
	queue->tasks[(queue->first + queue->n++) % queue->room] = *task;
}

static bool take(struct queue *queue, struct task *ret)
{
	if (!queue->n)
		return false;
	*ret = queue->tasks[queue->first];
	queue->first = (queue->first + 1) % queue->room;
	queue->n--;
	return true;
}
