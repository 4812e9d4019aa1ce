/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mark of a domain that has a VF. */

#include "pool/mark.h"

#include <unistd.h>

#include "base/text.h"

#define MARK_MAX (1u << 20)

int vfp_mark_put(const struct vfp_host *host, const char *uuid, const char *disks,
		 struct vfp_err *err)
{
	char path[VFP_PATH_SIZE];
	int rc = vfp_mkdirs(vfp_host_path(host, path, VFP_MARK_DOMAINS), err);

	if (rc < 0)
		return rc;
	return vfp_file_replace(vfp_host_path(host, path, VFP_MARK_DOMAINS "/%s", uuid), 0644,
				disks, err);
}

char *vfp_mark_get(const struct vfp_host *host, const char *uuid)
{
	char path[VFP_PATH_SIZE];
	char *text = NULL;

	vfp_host_path(host, path, VFP_MARK_DOMAINS "/%s", uuid);
	return vfp_file_read(path, MARK_MAX, &text, NULL, NULL) < 0 ? NULL : text;
}

void vfp_mark_remove(const struct vfp_host *host, const char *uuid)
{
	char path[VFP_PATH_SIZE];

	unlink(vfp_host_path(host, path, VFP_MARK_DOMAINS "/%s", uuid));
}
