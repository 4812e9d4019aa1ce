/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The terminal as a screen: the only user of ncurses.
 *
 * One at a time; the program's locale must have been set (setlocale(3)), since it says how text
 * becomes bytes.  A signal that ends the program leaves the terminal as it was (ncurses' own
 * handlers of SIGINT and SIGTERM).
 */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "tools/lines.h"

/* stdin and stdout must be a terminal.  -ENOTTY: its type (TERM) is not known. */
int vfp_screen_open(struct vfp_err *err);
void vfp_screen_close(void);
void vfp_screen_size(size_t *ret_width, size_t *ret_height);
/* What does not fit is not shown. */
void vfp_screen_draw(const struct vfp_lines *lines);

enum {			    /* beside the characters */
       VFP_KEY_NONE = -1,   /* nothing in that time */
       VFP_KEY_RESIZE = -2, /* the terminal has another size now */
       VFP_KEY_END = -3,    /* there is no terminal any more */
       VFP_KEY_UP = -4,
       VFP_KEY_DOWN = -5,
};
int vfp_screen_key(int timeout_ms);
