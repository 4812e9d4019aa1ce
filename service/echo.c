/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a define of ours met. */

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
	if (event == VFP_ECHO_UNDEFINED) {
		echo->is_undefined = true;
		echo->n_before += echo->n_defined;
		echo->n_defined = 0;
	} else {
		echo->n_defined++;
	}
}

enum vfp_echo_verdict vfp_echo_judge(struct vfp_echo *echo, bool is_ours)
{
	const struct vfp_echo heard = *echo;

	*echo = (struct vfp_echo){.owner.uuid = ""};
	if (!*heard.owner.uuid || heard.n_defined == 0)
		return VFP_ECHO_FINE;
	/* When nothing else was defined, it was ours that was. */
	if (heard.n_defined == 1 && heard.is_undefined && (is_ours || heard.n_before == 0))
		return VFP_ECHO_RISEN;
	return heard.n_defined > 1 && is_ours ? VFP_ECHO_LOST : VFP_ECHO_FINE;
}
