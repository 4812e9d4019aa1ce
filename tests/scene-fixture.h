/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A scene made by hand, for what draws one: two PFs of seven VFs in every state that there is, one
 * PF that is gone, one pool with three port groups, and names that would break a screen or a
 * picture.
 */
#pragma once

#include "tools/scene.h"

/* What the domain on a#2 is called: markup, quotes, a terminal's escape, half a character. */
#define FIXTURE_EVIL "<b>&\"\\\x1b[2J\xe2\x82"

/* The caller frees with vfp_scene_free(). */
void fixture_scene(struct vfp_scene *ret);
