/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests for tools/rune.c. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/rune.h"

static void test_next(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		uint32_t rune;
	} cases[] = {
		{"a", 1, 'a'},
		{"\xc3\xa4x", 2, 0xe4},
		{"\xe2\x82\xac", 3, 0x20ac},
		{"\xf0\x9f\x98\x80", 4, 0x1f600},
		{"\x1b[2J", 1, '?'},
		{"\x7f", 1, '?'},
		{"\xc2\x9b", 2, '?'},	      /* CSI in one character */
		{"\xe2\x80\xae", 3, '?'},     /* writes from right to left */
		{"\xef\xbf\xbe", 3, '?'},     /* no character */
		{"\xed\xa0\x80", 3, '?'},     /* a surrogate */
		{"\xf4\x90\x80\x80", 4, '?'}, /* beyond Unicode */
		{"\xc0\xaf", 2, '?'},	      /* a longer form of '/' */
		{"\xc3", 1, '?'},	      /* half a character */
		{"\xe2\x82", 1, '?'},
		{"\x80", 1, '?'},
		{"\xff", 1, '?'},
	};

	for (size_t i = 0; i < VFP_N(cases); i++) {
		uint32_t rune;

		assert_int_equal(vfp_rune_next(cases[i].text, &rune), cases[i].size);
		assert_int_equal(rune, cases[i].rune);
	}
}

static void test_fit(void **state)
{
	static const struct {
		const char *text;
		size_t width;
		const char *fit;
	} cases[] = {
		{"web1", 4, "web1"},
		{"web-server", 7, "web-..."},
		{"web-server", 2, ".."},
		{"web-server", 0, ""},
		{"", 4, ""},
		{"\x1b[31mred", 20, "?[31mred"},
		{"B\xc3\xa4r", 3, "B\xc3\xa4r"},
		{"\xe4\xb8\xad\xe6\x96\x87", 4, "\xe4\xb8\xad\xe6\x96\x87"}, /* two columns each */
		{"\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad", 5, "\xe4\xb8\xad..."},
		{"\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad", 4, "..."},
	};

	for (size_t i = 0; i < VFP_N(cases); i++) {
		vfp_autofree char *fit = vfp_text_fit(cases[i].text, cases[i].width);

		assert_string_equal(fit, cases[i].fit);
		assert_true(vfp_text_width(fit) <= cases[i].width);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_fit),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
