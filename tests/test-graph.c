/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests for tools/graph-svg.c and tools/graph-dot.c: well formed whatever a domain is called, every
 * state and name in it, the same bytes each time. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <libxml/parser.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/scene-fixture.h"
#include "tools/graph.h"

typedef void drawer(const struct vfp_scene *scene, FILE *out);

static char *draw(drawer *write, const struct vfp_scene *scene)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	write(scene, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void assert_well_formed(const char *text)
{
	xmlDocPtr doc = xmlReadMemory(text, (int)strlen(text), "graph.svg", NULL, XML_PARSE_NONET);

	assert_non_null(doc);
	xmlFreeDoc(doc);
}

static void assert_in(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("'%s' is not in the picture", what);
}

static void test_svg(void **state)
{
	static const char *const wanted[] = {
		">web1<",
		">db1<",
		">dpdk<",
		">off1<",
		">held<",
		">faulty<",
		">dirty<",
		">no pool<",
		">router<",
		">blue<",
		">VLAN 100, 1000 Mbit/s<",
		">trunk<",
		">pool sriov0<",
		">not on this host<",
		">3 leased<",
		">1 in use<",
		"3 PFs with 15 VFs: 3 leased, 4 free",
		"52:54:00:00:00:02",
		">b#1<",
		"&lt;b&gt;&amp;&quot;\\?[2J",
	};
	struct vfp_scene scene;

	fixture_scene(&scene);
	vfp_autofree char *text = draw(vfp_graph_svg, &scene);
	vfp_autofree char *again = draw(vfp_graph_svg, &scene);

	assert_well_formed(text);
	assert_string_equal(text, again);
	assert_null(strchr(text, '\x1b'));
	for (size_t i = 0; i < VFP_N(wanted); i++)
		assert_in(text, wanted[i]);
	vfp_scene_free(&scene);
}

static void test_svg_of_nothing(void **state)
{
	struct vfp_scene scene = {0};
	vfp_autofree char *text = draw(vfp_graph_svg, &scene);

	assert_well_formed(text);
	assert_in(text, "no network card with SR-IOV");
}

/* What is too much is left out in words. */
static void test_svg_of_many(void **state)
{
	struct vfp_scene scene;
	struct vfp_portgroup *groups = vfp_alloc(1000, sizeof(*groups));

	fixture_scene(&scene);
	for (size_t i = 0; i < 1000; i++)
		groups[i] = scene.pools[0].portgroups[0];
	free(scene.pools[0].portgroups);
	scene.pools[0].portgroups = groups;
	scene.pools[0].n_portgroups = 1000;
	scene.ports = vfp_realloc(scene.ports, 1000, sizeof(*scene.ports));
	for (size_t i = 1; i < 1000; i++)
		scene.ports[i] = scene.ports[0];
	scene.n_ports = 1000;
	vfp_autofree char *text = draw(vfp_graph_svg, &scene);

	assert_well_formed(text);
	assert_in(text, "and 960 more port groups");
	assert_in(text, "1000 NICs, each with the VF that its definition points at");
	assert_in(text, "Defined, not running (the first 240)");
	vfp_scene_free(&scene);
}

static void test_dot(void **state)
{
	static const char *const wanted[] = {
		"\"domain 00000000-0000-0000-0000-000000000001\" [label=\"web1\"",
		"-> \"vf a#0\" [label=\"52:54:00:00:00:01\", style=solid]",
		"-> \"vf b#1\" [label=\"52:54:00:00:00:09\", style=dashed]",
		"\"other dpdk\" -> \"vf a#6\"",
		"label=\"blue\\nVLAN 100\"",
		"\"cluster pf gone\" {\n    label=\"gone not on this host\"",
	};
	struct vfp_scene scene;

	fixture_scene(&scene);
	strcpy(scene.ports[0].owner.name, "a\"b\\c");
	vfp_autofree char *text = draw(vfp_graph_dot, &scene);

	for (size_t i = 0; i < VFP_N(wanted); i++)
		assert_in(text, wanted[i]);
	assert_in(text, "[label=\"a\\\"b\\\\c\"");
	assert_null(strchr(text, '\x1b'));
	vfp_scene_free(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_svg),
		cmocka_unit_test(test_svg_of_nothing),
		cmocka_unit_test(test_svg_of_many),
		cmocka_unit_test(test_dot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
