/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the outside world begins: the root folder and paths below it.
 */
#include "base/host.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

int vfp_host_init(struct vfp_host *host, const char *root, struct vfp_err *err)
{
	struct vfp_host made = {.kernel = &vfp_kernel_linux};
	size_t length = root ? strlen(root) : 0;
	struct stat st = {.st_mode = 0}; /* of nothing, it is no folder */

	while (length > 0 && root[length - 1] == '/')
		length--;
	if (length >= sizeof(made.root))
		return vfp_fail(err, ENAMETOOLONG,
				"root folder %s: the path has %zu characters, at most %zu", root,
				length, sizeof(made.root) - 1);
	if (length > 0) {
		memcpy(made.root, root, length);
		if (stat(made.root, &st) < 0 && errno != ENOENT && errno != ENOTDIR)
			return vfp_fail(err, errno, "root folder %s: %s", root, strerror(errno));
		if (!S_ISDIR(st.st_mode))
			return vfp_fail(err, ENOENT, "root folder %s: no such folder", root);
	}
	*host = made;
	return 0;
}

char *vfp_host_path(const struct vfp_host *host, char *buf, const char *fmt, ...)
{
	size_t used = strlen(host->root);
	va_list args;
	int size;

	memcpy(buf, host->root, used);
	va_start(args, fmt);
	size = vsnprintf(buf + used, VFP_PATH_SIZE - used, fmt, args);
	va_end(args);
	if (size < 0 || used + (size_t)size >= VFP_PATH_SIZE)
		abort();
	return buf;
}

int vfp_host_boot_id(const struct vfp_host *host, char ret_id[VFP_BOOT_ID_SIZE],
		     struct vfp_err *err)
{
	char path[VFP_PATH_SIZE];
	vfp_autofree char *text = NULL;
	int rc;

	vfp_host_path(host, path, "/proc/sys/kernel/random/boot_id");
	rc = vfp_file_read(path, 128, &text, NULL, err);
	if (rc < 0)
		return rc;
	text[strcspn(text, "\n")] = '\0';
	if (vfp_uuid_parse(text, ret_id) < 0)
		return vfp_fail(err, EINVAL, "%s: '%s' is no boot id", path, text);
	return 0;
}
