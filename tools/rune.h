/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text of others (names of domains, reasons) for a screen or a picture: character by character, so
 * that it can be cut, measured and made harmless.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The character at @s, which is not at its end, and the bytes that it takes.  What is not UTF-8, a
 * control character (ESC among them), a mark that turns the writing direction and a character that
 * XML does not allow come as '?'. */
size_t vfp_rune_next(const char *s, uint32_t *ret_rune);
/* The columns of a terminal that it takes, 0 to 2 (wcwidth(3), by the locale of the program); what
 * the locale does not know takes 1. */
unsigned int vfp_rune_width(uint32_t rune);

/* The columns that @s takes. */
size_t vfp_text_width(const char *s);
/* A copy of @s, made harmless, that takes @width columns at the most; what is cut off ends in
 * "...".  The caller frees it. */
char *vfp_text_fit(const char *s, size_t width);
