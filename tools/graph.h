/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The scene as a picture: pools with their port groups, PFs with their VFs, who has each, and the
 * domains that are defined and off.
 *
 * Pure: the same scene gives the same bytes.  SVG 1.1 without scripts, links and fonts of its own,
 * so that it shows everywhere; DOT is for those who want another layout (graphviz).
 */
#pragma once

#include <stdio.h>

#include "tools/scene.h"

void vfp_graph_svg(const struct vfp_scene *scene, FILE *out);
void vfp_graph_dot(const struct vfp_scene *scene, FILE *out);
