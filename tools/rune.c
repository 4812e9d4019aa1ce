/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Characters of UTF-8: RFC 3629. */

#include "tools/rune.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/err.h"

static bool is_harmful(uint32_t rune);

size_t vfp_rune_next(const char *s, uint32_t *ret_rune)
{
	/* The least value that may take so many bytes: a longer form of a lesser one is none. */
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *byte = (const unsigned char *)s;
	size_t n = *byte < 0x80 ? 1 : *byte < 0xc0 ? 0 : *byte < 0xe0 ? 2 : *byte < 0xf0 ? 3 : 4;
	uint32_t rune = n < 2 ? *byte : *byte & (0xffu >> (n + 1));

	for (size_t i = 1; i < n; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			n = 0;
		else
			rune = rune << 6 | (byte[i] & 0x3f);
	}
	if (n == 0 || *byte > 0xf4 || rune < least[n] || is_harmful(rune))
		rune = '?';
	*ret_rune = rune;
	return n ? n : 1;
}

unsigned int vfp_rune_width(uint32_t rune)
{
	int width = wcwidth((wchar_t)rune);

	return width < 0 ? 1 : (unsigned int)width;
}

size_t vfp_text_width(const char *s)
{
	size_t width = 0;
	uint32_t rune;

	while (*s) {
		s += vfp_rune_next(s, &rune);
		width += vfp_rune_width(rune);
	}
	return width;
}

char *vfp_text_fit(const char *s, size_t width)
{
	const bool is_cut = vfp_text_width(s) > width;
	const size_t dots = !is_cut ? 0 : width < 3 ? width : 3, room = width - dots;
	char *text = vfp_alloc(strlen(s) + dots + 1, 1), *to = text;
	size_t used = 0;
	uint32_t rune;

	while (*s) {
		size_t size = vfp_rune_next(s, &rune);

		used += vfp_rune_width(rune);
		if (used > room && is_cut)
			break;
		if (rune == '?')
			*to++ = '?';
		else
			to = mempcpy(to, s, size);
		s += size;
	}
	memset(to, '.', dots);
	to[dots] = '\0';
	return text;
}

static bool is_harmful(uint32_t rune)
{
	static const struct {
		uint32_t first, last;
	} harmful[] = {
		{0x00, 0x1f},	  {0x7f, 0x9f},	    /* C0 and C1 controls */
		{0x200e, 0x200f}, {0x2028, 0x202e}, /* separators and marks of direction */
		{0x2066, 0x2069}, {0xd800, 0xdfff}, /* isolates, surrogates */
		{0xfffe, 0xffff}, {0x110000, ~0u},
	};

	for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++)
		if (rune >= harmful[i].first && rune <= harmful[i].last)
			return true;
	return false;
}
