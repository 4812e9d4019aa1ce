/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What vfpool top shows: two scenes, one a moment after the other, and the journal's last lines, as
 * lines of text.
 *
 * Pure: neither terminal nor host.
 */
#pragma once

#include "tools/lines.h"
#include "tools/scene.h"

enum vfp_top_sort { VFP_TOP_BY_VF, VFP_TOP_BY_RATE, VFP_TOP_BY_DOMAIN, VFP_TOP_BY_STATE };
extern const struct vfp_word vfp_top_sort_words[]; /* vf rate domain state */

struct vfp_top_view {
	size_t width;  /* columns; a line that is longer is cut */
	size_t height; /* lines; 0: as many as there are */
	enum vfp_top_sort sort;
	size_t first;	     /* the row to begin with; one beyond the last is the last */
	const char *trouble; /* for the last line instead of the keys; NULL none */
};

struct vfp_rates {
	bool is_known; /* both scenes have counters, and they did not run backwards */
	/* Per second, as the VF sees it. */
	uint64_t rx_bits, tx_bits, rx_packets, tx_packets, dropped;
};

/* Of a cell of @now since @before (NULL: unknown). */
struct vfp_rates vfp_top_rates(const struct vfp_scene *now, const struct vfp_scene *before,
			       const struct vfp_cell *cell);
/* "0", "950", "12.3k", "1.2G": at most five characters.  Returns @buf of 8 bytes. */
char *vfp_top_number(uint64_t value, char buf[8]);

/* @events: oldest first; the last ones are shown.  With a height the last line says the keys.  The
 * caller frees with vfp_lines_free(). */
void vfp_top_layout(const struct vfp_scene *now, const struct vfp_scene *before,
		    const struct vfp_event *events, size_t n_events,
		    const struct vfp_top_view *view, struct vfp_lines *ret);
