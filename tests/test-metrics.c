/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests for tools/metrics.c: every line in Prometheus' form, whatever a domain is called, and what
 * is counted. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/scene-fixture.h"
#include "tools/metrics.h"

static char *write_out(const struct vfp_metrics *metrics)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	vfp_metrics_write(metrics, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* @line with its newline, at the beginning of a line. */
static void assert_line(const char *text, const char *line)
{
	vfp_autofree char *whole = vfp_format("\n%s\n", line);

	if (!strstr(text, whole))
		fail_msg("'%s' is not in\n%s", line, text);
}

static void test_lines(void **state)
{
	static const char *const wanted[] = {
		"# TYPE sriov_vf_rx_bytes counter",
		"sriov_vf_rx_bytes{numa_node=\"0\",pciAddr=\"0000:01:10.2\",pf=\"a\",vf=\"1\"} 17",
		"sriov_vf_tx_dropped{numa_node=\"0\",pciAddr=\"0000:01:10.2\",pf=\"a\",vf=\"1\"} "
		"18446744073709551615",
		"vfpool_vf_info{pciAddr=\"0000:01:10.2\",pf=\"a\",vf=\"1\",domain=\"db1\",uuid=\"\","
		"mac=\"52:54:00:00:00:02\",vlan=\"\",pool=\"sriov0\",portgroup=\"green\"} 1",
		"vfpool_pf_vfs{pf=\"b\"} 7",
		"vfpool_pf_link_up{pf=\"a\"} 1",
		"vfpool_pf_link_up{pf=\"gone\"} 0",
		"vfpool_pool_capacity{pool=\"sriov0\",physical_network=\"physnet1\"} 13",
		"vfpool_pool_vfs{pool=\"sriov0\",state=\"leased\"} 3",
		"vfpool_pool_vfs{pool=\"sriov0\",state=\"in use\"} 1",
		"vfpool_pool_vfs{pool=\"sriov0\",state=\"gone\"} 1",
		"vfpool_pool_ports{pool=\"sriov0\"} 2",
		"vfpool_leases{pool=\"sriov0\",state=\"active\"} 1",
		"vfpool_leases{pool=\"sriov0\",state=\"draining\"} 0",
		"vfpool_events_total{event=\"refused\"} 9",
		"vfpool_events_total{event=\"free\"} 3",
		"vfpool_refusals_total{pool=\"\",event=\"refused\",reason=\"memory\"} 2",
		"vfpool_refusals_total{pool=\"sriov0\",event=\"refused\",reason=\"no capacity\"} 7",
		"vfpool_scrub_failures_total 4",
		"vfpool_scrub_duration_seconds_sum 1.042",
		"vfpool_scrub_duration_seconds_count 3",
		"vfpool_differences{kind=\"stale lease\"} 1",
		"vfpool_differences{kind=\"dirty VF\"} 0",
		"vfpool_unbound_domains 5",
		"vfpool_build_info{version=\"" PACKAGE_VERSION "\"} 1",
	};
	struct vfp_tally tallies[] = {
		{.event = "faulty", .n = 4},
		{.event = "free", .pool = "sriov0", .n = 3, .n_scrubs = 3, .scrub_ms = 1042},
		{.event = "refused", .reason = "memory", .n = 2},
		{.event = "refused", .reason = "no capacity", .pool = "sriov0", .n = 7},
	};
	struct vfp_lease leases[] = {{.vf = {.pf = "a", .index = 0},
				      .state = VFP_LEASE_ACTIVE,
				      .owner = {.uuid = "0"},
				      .portgroup = "blue"}};
	struct vfp_diff diffs[] = {{.kind = VFP_DIFF_LEASE_STALE}};
	struct vfp_metrics metrics = {.tallies = tallies,
				      .n_tallies = VFP_N(tallies),
				      .leases = leases,
				      .n_leases = 1,
				      .diffs = diffs,
				      .n_diffs = 1,
				      .n_troubles = 5};
	struct vfp_cell *cell;

	(void)state;
	fixture_scene(&metrics.scene);
	cell = &metrics.scene.pfs[0].cells[1];
	vfp_pci_parse("0000:01:10.2", &cell->vf.pci);
	cell->counters = (struct vfp_counters){.rx_bytes = 17, .tx_dropped = UINT64_MAX};
	vfp_autofree char *text = write_out(&metrics);

	for (size_t i = 0; i < VFP_N(wanted); i++)
		assert_line(text, wanted[i]);
	vfp_scene_free(&metrics.scene);
}

/* What a label's value becomes. */
static void test_escape(void **state)
{
	static const struct {
		const char *name, *value;
	} cases[] = {
		{"plain", "plain"},
		{"two words", "two words"},
		{"a\"b", "a\\\"b"},
		{"a\\b", "a\\\\b"},
		{"a\nb", "a\\nb"},
		{"\\n", "\\\\n"},
		{"{x=\"y\"} 1\n", "{x=\\\"y\\\"} 1\\n"},
		{"\x1b[2J\t\r", "?[2J??"},
		{"M\xc3\xbcller", "M\xc3\xbcller"},
		{"half \xe2\x82", "half ??"},
		{"\xff", "?"},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_metrics metrics = {.n_leases = 0};
		vfp_autofree char *wanted = vfp_format(
			"vfpool_vf_info{pciAddr=\"0000:01:10.2\",pf=\"a\",vf=\"1\",domain=\"%s\","
			"uuid=\"\",mac=\"52:54:00:00:00:02\",vlan=\"\",pool=\"sriov0\","
			"portgroup=\"green\"} 1",
			cases[i].value);
		vfp_autofree char *text = NULL;

		fixture_scene(&metrics.scene);
		vfp_pci_parse("0000:01:10.2", &metrics.scene.pfs[0].cells[1].vf.pci);
		vfp_copy(metrics.scene.pfs[0].cells[1].holder, VFP_DOMAIN_SIZE, cases[i].name);
		text = write_out(&metrics);
		assert_line(text, wanted);
		vfp_scene_free(&metrics.scene);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
