/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a define of ours brought back a domain. */

#include "service/echo.h"

#include <string.h>

void vfp_echo_expect(struct vfp_echo *echo, const struct vfp_owner *owner)
{
	*echo = (struct vfp_echo){.owner = *owner};
}

void vfp_echo_hear(struct vfp_echo *echo, const char *uuid, enum vfp_echo_event event)
{
	if (!*echo->owner.uuid || strcmp(echo->owner.uuid, uuid) != 0)
		return;
	switch (event) {
	case VFP_ECHO_UPDATED: /* ours, or another one's who wants the domain */
		echo->owner.uuid[0] = '\0';
		break;
	case VFP_ECHO_UNDEFINED:
		echo->is_undefined = true;
		echo->n_added = 0;
		break;
	case VFP_ECHO_ADDED:
		echo->n_added++;
		break;
	}
}

bool vfp_echo_has_risen(struct vfp_echo *echo)
{
	const bool has = *echo->owner.uuid && echo->is_undefined && echo->n_added == 1;

	echo->owner.uuid[0] = '\0';
	return has;
}
