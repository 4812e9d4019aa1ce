/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The terminal as a screen, by ncurses. */

#include "tools/screen.h"

#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <wchar.h>

#include "base/cleanup.h"
#include "tools/rune.h"

static SCREEN *screen;

/* Number of a colour pair and attributes; pairs are the terminal's own background. */
static const struct {
	short colour;
	attr_t attributes;
} styles[VFP_N_STYLES] = {
	[VFP_STYLE_PLAIN] = {-1, A_NORMAL},    [VFP_STYLE_DIM] = {-1, A_DIM},
	[VFP_STYLE_HEAD] = {-1, A_BOLD},       [VFP_STYLE_TITLE] = {-1, A_REVERSE},
	[VFP_STYLE_GOOD] = {COLOR_GREEN, 0},   [VFP_STYLE_BUSY] = {COLOR_BLUE, A_BOLD},
	[VFP_STYLE_ODD] = {COLOR_MAGENTA, 0},  [VFP_STYLE_WARN] = {COLOR_YELLOW, A_BOLD},
	[VFP_STYLE_BAD] = {COLOR_RED, A_BOLD},
};

int vfp_screen_open(struct vfp_err *err)
{
	const char *term = getenv("TERM");

	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return vfp_fail(err, ENOTTY,
				"terminal type '%s' is not known: set TERM, or use --once",
				term ? term : "");
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(50);
	curs_set(0);
	if (has_colors()) {
		start_color();
		use_default_colors();
		for (short i = 0; i < VFP_N_STYLES; i++)
			init_pair((short)(i + 1), styles[i].colour, -1);
	}
	return 0;
}

void vfp_screen_close(void)
{
	endwin();
	delscreen(screen);
	screen = NULL;
}

void vfp_screen_size(size_t *ret_width, size_t *ret_height)
{
	*ret_width = COLS > 0 ? (size_t)COLS : 1;
	*ret_height = LINES > 0 ? (size_t)LINES : 1;
}

/* Character by character, so that none is written beyond the right edge, where it would go on in
 * the next line. */
static size_t draw_text(int y, size_t x, const char *text)
{
	uint32_t rune;

	while (*text) {
		const char *from = text;
		size_t width;

		text += vfp_rune_next(from, &rune);
		width = vfp_rune_width(rune);
		if (x + width > (size_t)COLS)
			break;
		/* A locale of single bytes cannot show more than ASCII. */
		if (rune >= 0x80 && MB_CUR_MAX == 1)
			mvaddch(y, (int)x, '?');
		else
			mvaddnstr(y, (int)x, from, (int)(text - from));
		x += width;
	}
	return x;
}

void vfp_screen_draw(const struct vfp_lines *lines)
{
	erase();
	for (size_t i = 0; i < lines->n && i < (size_t)LINES; i++) {
		const struct vfp_line *line = &lines->lines[i];
		size_t x = 0;

		for (size_t k = 0; k < line->n; k++) {
			enum vfp_style style = line->spans[k].style;

			attr_set(styles[style].attributes, (short)(has_colors() ? style + 1 : 0),
				 NULL);
			x = draw_text((int)i, x, line->spans[k].text);
		}
	}
	attr_set(A_NORMAL, 0, NULL);
	refresh();
}

int vfp_screen_key(int timeout_ms)
{
	static const struct {
		int curses, key;
	} keys[] = {{KEY_RESIZE, VFP_KEY_RESIZE}, {KEY_UP, VFP_KEY_UP}, {KEY_DOWN, VFP_KEY_DOWN}};
	struct pollfd input = {.fd = 0, .events = POLLIN};
	int n = poll(&input, 1, timeout_ms), key;

	if (n > 0 && input.revents & (POLLHUP | POLLERR | POLLNVAL))
		return VFP_KEY_END;
	key = getch();
	if (key == ERR)
		return n > 0 ? VFP_KEY_END : VFP_KEY_NONE;
	for (size_t i = 0; i < VFP_N(keys); i++)
		if (keys[i].curses == key)
			return keys[i].key;
	return key < KEY_MIN ? key : VFP_KEY_NONE;
}
