/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The device lock of a VF.
 */
#include "base/lock.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define LOCK_FOLDER   "/run/vfpool/vf"
#define LOOK_AGAIN_MS 20

static int take(const struct vfp_host *host, int fd, int timeout_ms);

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
