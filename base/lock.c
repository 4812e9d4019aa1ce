/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The device lock of a VF, and a line to stand in.
 */
#include "base/lock.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define LOCK_FOLDER   "/run/vfpool/vf"
#define LOOK_AGAIN_MS 20

static int take(const struct vfp_host *host, int fd, int timeout_ms);
static int wait_in_line(int fd, int timeout_ms);

int vfp_lock_vf(const struct vfp_host *host, const struct vfp_pci *pf, unsigned int index,
		int timeout_ms, int *ret_fd, struct vfp_err *err)
{
	char path[VFP_PATH_SIZE], addr[VFP_PCI_SIZE];
	vfp_autoclose int fd = -1;
	int rc;

	rc = vfp_mkdirs(vfp_host_path(host, path, LOCK_FOLDER), err);
	if (rc < 0)
		return rc;
	vfp_host_path(host, path, LOCK_FOLDER "/%s-%u", vfp_pci_format(pf, addr), index);
	/* The file stays for ever: removing it would let two holders lock two files of one name. */
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return vfp_fail(err, errno, "%s: cannot open the VF's lock: %s", path,
				strerror(errno));
	rc = take(host, fd, timeout_ms);
	if (rc == -EBUSY)
		return vfp_fail(err, EBUSY,
				"VF %u of PF %s: somebody else changed it for more than %d ms; "
				"see: lsof %s",
				index, addr, timeout_ms, path);
	if (rc < 0)
		return vfp_fail(err, -rc, "%s: cannot lock it: %s", path, strerror(-rc));
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* An OFD lock cannot be waited for with a limit, so this looks again and again. */
static int take(const struct vfp_host *host, int fd, int timeout_ms)
{
	const int64_t deadline = host->kernel->ticks_ms() + timeout_ms;
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	while (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
		if (errno != EAGAIN && errno != EACCES)
			return -errno;
		if (host->kernel->ticks_ms() >= deadline)
			return -EBUSY;
		host->kernel->pause_ms(LOOK_AGAIN_MS);
	}
	return 0;
}

int vfp_lock_line(const char *path, int timeout_ms, int *ret_fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	vfp_autoclose int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
		rc = errno == EAGAIN || errno == EACCES ? wait_in_line(fd, timeout_ms) : -errno;
	if (rc < 0)
		return rc;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static void wake_up(int signal)
{
	(void)signal;
}

/* Once its time is over the timer has less than its interval left; other signals do not count. */
static bool is_over(timer_t timer)
{
	struct itimerspec left = {.it_value = {.tv_sec = 0}};

	timer_gettime(timer, &left);
	return left.it_value.tv_sec == 0 && left.it_value.tv_nsec <= left.it_interval.tv_nsec;
}

/* The kernel keeps the line, but knows no limit: a timer's signal to this thread alone ends the
 * wait.  It comes again, in case that it came just before the wait. */
static int wait_in_line(int fd, int timeout_ms)
{
	const struct itimerspec limit = {
		.it_value = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L},
		.it_interval = {.tv_nsec = LOOK_AGAIN_MS * 1000000L},
	};
	const struct sigaction wakes = {.sa_handler = wake_up};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMAX};
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct sigaction action_before;
	sigset_t woken_by, mask_before;
	timer_t timer;
	int rc;

	if (timeout_ms <= 0)
		return -EBUSY;
	event._sigev_un._tid = gettid();
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0)
		return -errno;
	sigemptyset(&woken_by);
	sigaddset(&woken_by, SIGRTMAX);
	sigaction(SIGRTMAX, &wakes, &action_before);
	pthread_sigmask(SIG_UNBLOCK, &woken_by, &mask_before);
	timer_settime(timer, 0, &limit, NULL);
	do
		rc = fcntl(fd, F_OFD_SETLKW, &lock) < 0 ? -errno : 0;
	while (rc == -EINTR && !is_over(timer));
	timer_delete(timer);
	pthread_sigmask(SIG_SETMASK, &mask_before, NULL);
	sigaction(SIGRTMAX, &action_before, NULL);
	return rc == -EINTR ? -EBUSY : rc;
}
