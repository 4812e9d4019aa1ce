/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Marks below /run/vfpool that one call of the hook leaves for the next. */

#include "hooks/marks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

int vfp_mark_restore(const struct vfp_host *host, const char *uuid,
		     const struct vfp_process *daemon, struct vfp_err *err)
{
	char path[VFP_PATH_SIZE], text[64];
	int rc;

	snprintf(text, sizeof(text), "%d %" PRIu64 "\n", daemon->pid, daemon->start);
	rc = vfp_mkdirs(vfp_host_path(host, path, VFP_MARK_RESTORE), err);
	if (rc < 0)
		return rc;
	return vfp_file_replace(vfp_host_path(host, path, VFP_MARK_RESTORE "/%s", uuid), 0644, text,
				err);
}

bool vfp_take_restore(const struct vfp_host *host, const char *uuid,
		      const struct vfp_process *daemon)
{
	char path[VFP_PATH_SIZE], wanted[64];
	vfp_autofree char *text = NULL;

	vfp_host_path(host, path, VFP_MARK_RESTORE "/%s", uuid);
	if (vfp_file_read(path, sizeof(wanted), &text, NULL, NULL) < 0)
		return false;
	unlink(path);
	snprintf(wanted, sizeof(wanted), "%d %" PRIu64 "\n", daemon->pid, daemon->start);
	return !strcmp(text, wanted);
}
