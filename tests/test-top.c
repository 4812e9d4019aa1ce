/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests for tools/top.c and tools/lines.c: what vfpool top shows of a scene. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/scene-fixture.h"
#include "tools/rune.h"
#include "tools/top.h"

static char *print(const struct vfp_lines *lines)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	vfp_lines_print(lines, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static char *show(const struct vfp_scene *now, const struct vfp_scene *before,
		  const struct vfp_event *events, size_t n_events, const struct vfp_top_view *view)
{
	struct vfp_lines lines;
	char *text;

	vfp_top_layout(now, before, events, n_events, view, &lines);
	text = print(&lines);
	vfp_lines_free(&lines);
	return text;
}

static void assert_in(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("'%s' is not in:\n%s", what, text);
}

static void test_number(void **state)
{
	static const struct {
		uint64_t value;
		const char *text;
	} cases[] = {
		{0, "0"},	  {999, "999"},	     {1000, "1.0k"},	   {12345, "12.3k"},
		{999999, "999k"}, {1000000, "1.0M"}, {9876543210, "9.8G"}, {UINT64_MAX, "18.4E"},
	};
	char buf[8];

	for (size_t i = 0; i < VFP_N(cases); i++)
		assert_string_equal(vfp_top_number(cases[i].value, buf), cases[i].text);
}

static void test_rates(void **state)
{
	struct vfp_scene now, before;
	struct vfp_cell *cell;
	struct vfp_rates rates;

	fixture_scene(&before);
	fixture_scene(&now);
	now.ticks_ms = before.ticks_ms + 2000;
	cell = &now.pfs[0].cells[0];
	cell->counters = (struct vfp_counters){.rx_bytes = 1000,
					       .tx_bytes = 500,
					       .rx_packets = 20,
					       .tx_packets = 10,
					       .rx_dropped = 4,
					       .tx_dropped = 2};
	rates = vfp_top_rates(&now, &before, cell);
	assert_true(rates.is_known);
	assert_int_equal(rates.rx_bits, 4000);
	assert_int_equal(rates.tx_bits, 2000);
	assert_int_equal(rates.rx_packets, 10);
	assert_int_equal(rates.tx_packets, 5);
	assert_int_equal(rates.dropped, 3);
	assert_false(vfp_top_rates(&now, NULL, cell).is_known);
	/* A driver that begins anew counts from 0. */
	before.pfs[0].cells[0].counters.tx_bytes = 501;
	assert_false(vfp_top_rates(&now, &before, cell).is_known);
	before.pfs[0].cells[0].counters.tx_bytes = 0;
	before.pfs[0].cells[0].has_counters = false;
	assert_false(vfp_top_rates(&now, &before, cell).is_known);
	before.pfs[0].cells[0].has_counters = true;
	before.ticks_ms = now.ticks_ms;
	assert_false(vfp_top_rates(&now, &before, cell).is_known);
	vfp_scene_free(&now);
	vfp_scene_free(&before);
}

static void test_plain(void **state)
{
	static const char *const wanted =
		"vfpool top  1970-01-01 00:00:00  15 VFs: 3 leased, 4 free, 1 in use, 1 held, "
		"1 faulty, 1 dirty, 1 no link, 1 unfit, 1 gone, 1 no pool\n"
		"a               up           3/7  ###HFdu\n"
		"b               up           0/7  ....!xo\n"
		"gone            not on ...   0/1  -\n"
		"                                  . free  # leased  H held  F faulty  d dirty  "
		"u in use  ! no link  x unfit  - gone  o no pool\n"
		"\n"
		"VF           STATE   DOMAIN                        MAC               PORT GROUP   "
		"RX bit/s TX bit/s\n"
		"a#0          leased  web1                          52:54:00:00:00:01 blue         "
		"       -        -\n"
		"a#1          leased  db1                           52:54:00:00:00:02 green        "
		"       -        -\n"
		"a#2          leased  <b>&\"\\?[2J??                  52:54:00:00:00:03 trunk        "
		"       -        -\n"
		"a#3          held    router                                                       "
		"       -        -\n"
		"a#4          faulty  VLAN 100 stays                                               "
		"       -        -\n"
		"a#5          dirty   not yet scrubbed                                             "
		"       -        -\n"
		"a#6          in use  dpdk                                                         "
		"       -        -\n"
		"b#5          unfit   shares IOMMU group 7                                         "
		"       -        -\n"
		"\n"
		"00:00:01 refused   web2 b#1: no free VF in pool sriov0\n";
	const struct vfp_event event = {
		.time_ms = 1000,
		.event = "refused",
		.owner.name = "web2",
		.vf = "b#1",
		.text = "no free VF in pool sriov0",
	};
	const struct vfp_top_view view = {.width = 100};
	struct vfp_scene scene;

	fixture_scene(&scene);
	vfp_autofree char *text = show(&scene, NULL, &event, 1, &view);

	assert_string_equal(text, wanted);
	vfp_scene_free(&scene);
}

/* The first words of the rows. */
static void assert_order(const char *text, const char *const *rows, size_t n)
{
	const char *at = strstr(text, "\nVF ");

	for (size_t i = 0; i < n; i++) {
		assert_non_null(at);
		at = strchr(at + 1, '\n');
		assert_non_null(at);
		if (strncmp(at + 1, rows[i], strlen(rows[i])) != 0)
			fail_msg("row %zu is not %s in:\n%s", i, rows[i], text);
	}
}

static void test_sort(void **state)
{
	static const struct {
		enum vfp_top_sort sort;
		const char *rows[4];
	} cases[] = {
		{VFP_TOP_BY_VF, {"a#0", "a#1", "a#2", "a#3"}},
		{VFP_TOP_BY_RATE, {"a#2", "a#1", "a#0", "a#3"}},
		{VFP_TOP_BY_DOMAIN, {"a#2", "a#1", "a#6", "a#0"}},
		{VFP_TOP_BY_STATE, {"a#4", "a#5", "a#6", "a#3"}},
	};
	struct vfp_scene now, before;

	fixture_scene(&before);
	fixture_scene(&now);
	now.ticks_ms += 1000;
	now.pfs[0].cells[1].counters.rx_bytes = 10;
	now.pfs[0].cells[2].counters.tx_bytes = 20;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		const struct vfp_top_view view = {.width = 100, .sort = cases[i].sort};
		vfp_autofree char *text = show(&now, &before, NULL, 0, &view);

		assert_order(text, cases[i].rows, VFP_N(cases[i].rows));
	}
	vfp_scene_free(&now);
	vfp_scene_free(&before);
}

static void test_scroll(void **state)
{
	struct vfp_top_view view = {.width = 80, .height = 14, .first = 3};
	const char *const from_third[] = {"a#3", "a#4", "a#5"}, *const last[] = {"b#5"};
	struct vfp_scene scene;

	fixture_scene(&scene);
	vfp_autofree char *text = show(&scene, NULL, NULL, 0, &view);
	assert_order(text, from_third, VFP_N(from_third));
	assert_in(text, "3 above, 1 below");
	view.first = 1000;
	vfp_autofree char *end = show(&scene, NULL, NULL, 0, &view);
	assert_order(end, last, 1);
	assert_in(end, "7 above, 0 below");
	vfp_scene_free(&scene);
}

/* Whatever the size is: no more lines than fit, the keys in the last one, and nothing breaks. */
static void test_sizes(void **state)
{
	struct vfp_event events[20] = {0};
	struct vfp_scene scene;

	for (size_t i = 0; i < VFP_N(events); i++)
		vfp_copy(events[i].text, sizeof(events[i].text), "\x1b[31mwords of a refusal");
	fixture_scene(&scene);
	for (size_t width = 1; width < 200; width += 7)
		for (size_t height = 1; height < 60; height++) {
			const struct vfp_top_view view = {.width = width, .height = height};
			struct vfp_lines lines;

			vfp_top_layout(&scene, NULL, events, VFP_N(events), &view, &lines);
			assert_int_equal(lines.n, height);
			assert_int_equal(
				strncmp(lines.lines[height - 1].spans[0].text, "q quit", 6), 0);
			vfp_autofree char *text = print(&lines);
			assert_null(strchr(text, '\x1b'));
			vfp_lines_free(&lines);
		}
	vfp_scene_free(&scene);
}

static void test_events(void **state)
{
	struct vfp_top_view view = {.width = 80, .height = 40, .trouble = "pool.db: locked"};
	struct vfp_event events[20] = {0};
	struct vfp_scene scene;

	for (size_t i = 0; i < VFP_N(events); i++)
		snprintf(events[i].text, sizeof(events[i].text), "number %zu.", i);
	fixture_scene(&scene);
	vfp_autofree char *text = show(&scene, NULL, events, VFP_N(events), &view);
	assert_in(text, "number 19.");
	assert_in(text, "number 12.");
	assert_null(strstr(text, "number 11."));
	assert_in(text, "pool.db: locked");
	assert_null(strstr(text, "q quit"));
	vfp_scene_free(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_number), cmocka_unit_test(test_rates),
		cmocka_unit_test(test_plain),  cmocka_unit_test(test_sort),
		cmocka_unit_test(test_scroll), cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_events),
	};

	setenv("TZ", "UTC", 1);
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
