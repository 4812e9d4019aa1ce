/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads what there is to count, and writes it in Prometheus' text format. */

#include "tools/metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/rune.h"

struct label {
	const char *name, *value;
};
#define LABELS(...) ((const struct label[]){__VA_ARGS__, {NULL, NULL}})
#define NO_LABELS   ((const struct label[]){{NULL, NULL}})

/* One metric: its lines, and what stands before them. */
struct family {
	const char *name, *type, *help;
	void (*write)(const struct family *family, const struct vfp_metrics *metrics, FILE *out);
	size_t offset; /* of the number that is printed, in the struct that the family goes over */
};

static void write_value(FILE *out, const char *value);
static void sample(FILE *out, const char *name, const struct label *labels, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static const struct vfp_lease *lease_of(const struct vfp_metrics *metrics, const struct vfp_vf *vf);

int vfp_metrics_read(const struct vfp_host *host, struct vfp_pool *pool,
		     struct vfp_libvirt *libvirt, struct vfp_metrics *ret, struct vfp_err *err)
{
	struct vfp_metrics metrics = {.n_leases = 0};
	int rc = vfp_scene_read(host, pool, true, &metrics.scene, err);

	if (rc < 0)
		return rc;
	if (pool)
		rc = vfp_pool_leases(pool, NULL, &metrics.leases, &metrics.n_leases, err);
	if (rc == 0 && pool)
		rc = vfp_pool_tallies(pool, &metrics.tallies, &metrics.n_tallies, err);
	if (rc == 0 && pool)
		rc = vfp_pool_troubles(pool, &metrics.troubles, &metrics.n_troubles, err);
	if (rc == 0 && pool)
		rc = vfp_check(pool, libvirt, &metrics.diffs, &metrics.n_diffs, err);
	if (rc < 0) {
		vfp_metrics_free(&metrics);
		return rc;
	}
	*ret = metrics;
	return 0;
}

void vfp_metrics_free(struct vfp_metrics *metrics)
{
	vfp_scene_free(&metrics->scene);
	free(metrics->leases);
	free(metrics->tallies);
	free(metrics->troubles);
	free(metrics->diffs);
}

/* --- Cards and VFs ---------------------------------------------------------------------------- */

static uint64_t number_at(const void *object, size_t offset)
{
	uint64_t value;

	memcpy(&value, (const char *)object + offset, sizeof(value));
	return value;
}

/* In the order of the exporter's own output.  A node that the kernel does not know is -1 there. */
static void write_counter(const struct family *family, const struct vfp_metrics *metrics, FILE *out)
{
	char pci[VFP_PCI_SIZE], index[16], node[16];

	for (size_t i = 0; i < metrics->scene.n_pfs; i++) {
		const struct vfp_scene_pf *pf = &metrics->scene.pfs[i];

		snprintf(node, sizeof(node), "%d", pf->pf.numa_node);
		for (size_t k = 0; k < pf->n_cells; k++) {
			const struct vfp_cell *cell = &pf->cells[k];

			if (!cell->has_counters || vfp_pci_is_none(&cell->vf.pci))
				continue;
			snprintf(index, sizeof(index), "%u", cell->vf.index);
			sample(out, family->name,
			       LABELS({"numa_node", node},
				      {"pciAddr", vfp_pci_format(&cell->vf.pci, pci)},
				      {"pf", pf->pf.dev}, {"vf", index}),
			       "%" PRIu64, number_at(&cell->counters, family->offset));
		}
	}
}

static void write_vf_info(const struct family *family, const struct vfp_metrics *metrics, FILE *out)
{
	for (size_t i = 0; i < metrics->scene.n_pfs; i++)
		for (size_t k = 0; k < metrics->scene.pfs[i].n_cells; k++) {
			const struct vfp_cell *cell = &metrics->scene.pfs[i].cells[k];
			const struct vfp_lease *lease = lease_of(metrics, &cell->vf);
			char pci[VFP_PCI_SIZE], index[16], vlan[16] = "";

			if (!*cell->pool || vfp_pci_is_none(&cell->vf.pci))
				continue;
			snprintf(index, sizeof(index), "%u", cell->vf.index);
			if (lease && lease->vlan_mode == VFP_VLAN_ID)
				snprintf(vlan, sizeof(vlan), "%u", lease->attrs.vlan);
			else if (lease && *lease->portgroup)
				vfp_copy(vlan, sizeof(vlan),
					 vfp_word_of(vfp_vlan_mode_words, (int)lease->vlan_mode));
			sample(out, family->name,
			       LABELS({"pciAddr", vfp_pci_format(&cell->vf.pci, pci)},
				      {"pf", cell->vf.pf}, {"vf", index}, {"domain", cell->holder},
				      {"uuid", lease ? lease->owner.uuid : ""}, {"mac", cell->mac},
				      {"vlan", vlan}, {"pool", cell->pool},
				      {"portgroup", cell->portgroup}),
			       "1");
		}
}

static void write_pf_vfs(const struct family *family, const struct vfp_metrics *metrics, FILE *out)
{
	for (size_t i = 0; i < metrics->scene.n_pfs; i++)
		if (metrics->scene.pfs[i].is_present)
			sample(out, family->name, LABELS({"pf", metrics->scene.pfs[i].pf.dev}),
			       "%u", metrics->scene.pfs[i].pf.num_vfs);
}

static void write_pf_max(const struct family *family, const struct vfp_metrics *metrics, FILE *out)
{
	for (size_t i = 0; i < metrics->scene.n_pfs; i++)
		if (metrics->scene.pfs[i].is_present)
			sample(out, family->name, LABELS({"pf", metrics->scene.pfs[i].pf.dev}),
			       "%u", metrics->scene.pfs[i].pf.total_vfs);
}

/* One that a pool names and the host does not have has no link either: an alert tells of it. */
static void write_pf_link(const struct family *family, const struct vfp_metrics *metrics, FILE *out)
{
	for (size_t i = 0; i < metrics->scene.n_pfs; i++)
		sample(out, family->name, LABELS({"pf", metrics->scene.pfs[i].pf.dev}), "%d",
		       metrics->scene.pfs[i].is_present && metrics->scene.pfs[i].pf.has_carrier);
}

/* --- Pools ------------------------------------------------------------------------------------ */

static size_t count_cells(const struct vfp_scene *scene, const char *pool,
			  enum vfp_cell_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < scene->n_pfs; i++)
		for (size_t k = 0; k < scene->pfs[i].n_cells; k++)
			n += scene->pfs[i].cells[k].state == state &&
			     !strcmp(scene->pfs[i].cells[k].pool, pool);
	return n;
}

/* Every state, those of no VF too: what is 0 today is to be seen when it is not tomorrow. */
static void write_pool_vfs(const struct family *family, const struct vfp_metrics *metrics,
			   FILE *out)
{
	for (size_t i = 0; i < metrics->scene.n_pools; i++)
		for (int state = 0; state < VFP_N_CELL_STATES; state++)
			if (state != VFP_CELL_NO_POOL)
				sample(out, family->name,
				       LABELS({"pool", metrics->scene.pools[i].name},
					      {"state", vfp_cell_words[state]}),
				       "%zu",
				       count_cells(&metrics->scene, metrics->scene.pools[i].name,
						   (enum vfp_cell_state)state));
}

static void write_pool_capacity(const struct family *family, const struct vfp_metrics *metrics,
				FILE *out)
{
	for (size_t i = 0; i < metrics->scene.n_pools; i++) {
		const struct vfp_pooldef *pool = &metrics->scene.pools[i];
		size_t n = 0;

		for (int state = 0; state < VFP_N_CELL_STATES; state++)
			if (state != VFP_CELL_GONE)
				n += count_cells(&metrics->scene, pool->name,
						 (enum vfp_cell_state)state);
		sample(out, family->name,
		       LABELS({"pool", pool->name}, {"physical_network", pool->physnet}), "%zu", n);
	}
}

static void write_pool_ports(const struct family *family, const struct vfp_metrics *metrics,
			     FILE *out)
{
	for (size_t i = 0; i < metrics->scene.n_pools; i++) {
		size_t n = 0;

		for (size_t k = 0; k < metrics->scene.n_ports; k++)
			n += !strcmp(metrics->scene.ports[k].pool, metrics->scene.pools[i].name);
		sample(out, family->name, LABELS({"pool", metrics->scene.pools[i].name}), "%zu", n);
	}
}

/* A foreign lease is of no port group, but its VF is of a pool. */
static void write_leases(const struct family *family, const struct vfp_metrics *metrics, FILE *out)
{
	const struct vfp_scene *scene = &metrics->scene;

	for (size_t i = 0; i < scene->n_pools; i++)
		for (const struct vfp_word *state = vfp_lease_state_words; state->word; state++) {
			size_t n = 0;

			for (size_t p = 0; p < scene->n_pfs; p++)
				for (size_t k = 0; k < scene->pfs[p].n_cells; k++) {
					const struct vfp_cell *cell = &scene->pfs[p].cells[k];
					const struct vfp_lease *lease =
						lease_of(metrics, &cell->vf);

					n += lease && (int)lease->state == state->value &&
					     !strcmp(cell->pool, scene->pools[i].name);
				}
			sample(out, family->name,
			       LABELS({"pool", scene->pools[i].name}, {"state", state->word}),
			       "%zu", n);
		}
}

/* --- What happened, and what is wrong --------------------------------------------------------- */

static void write_events(const struct family *family, const struct vfp_metrics *metrics, FILE *out)
{
	uint64_t n = 0;

	for (size_t i = 0; i < metrics->n_tallies; i++) {
		const struct vfp_tally *tally = &metrics->tallies[i], *next = tally + 1;

		/* A refusal's reasons have a metric of their own: here they are one. */
		n += tally->n;
		if (i + 1 < metrics->n_tallies && !strcmp(tally->event, next->event))
			continue;
		sample(out, family->name, LABELS({"event", tally->event}), "%" PRIu64, n);
		n = 0;
	}
}

static void write_refusals(const struct family *family, const struct vfp_metrics *metrics,
			   FILE *out)
{
	for (size_t i = 0; i < metrics->n_tallies; i++) {
		const struct vfp_tally *tally = &metrics->tallies[i];

		if (*tally->reason)
			sample(out, family->name,
			       LABELS({"pool", tally->pool}, {"event", tally->event},
				      {"reason", tally->reason}),
			       "%" PRIu64, tally->n);
	}
}

static void write_scrub_failures(const struct family *family, const struct vfp_metrics *metrics,
				 FILE *out)
{
	uint64_t n = 0;

	for (size_t i = 0; i < metrics->n_tallies; i++)
		if (!strcmp(metrics->tallies[i].event, "faulty"))
			n += metrics->tallies[i].n;
	sample(out, family->name, NO_LABELS, "%" PRIu64, n);
}

static void write_scrubs(const struct family *family, const struct vfp_metrics *metrics, FILE *out)
{
	uint64_t n = 0, ms = 0;

	for (size_t i = 0; i < metrics->n_tallies; i++) {
		n += metrics->tallies[i].n_scrubs;
		ms += metrics->tallies[i].scrub_ms;
	}
	fprintf(out, "%s_sum %" PRIu64 ".%03" PRIu64 "\n", family->name, ms / 1000, ms % 1000);
	fprintf(out, "%s_count %" PRIu64 "\n", family->name, n);
}

static void write_diffs(const struct family *family, const struct vfp_metrics *metrics, FILE *out)
{
	for (int kind = 0; kind < VFP_N_DIFFS; kind++) {
		size_t n = 0;

		for (size_t i = 0; i < metrics->n_diffs; i++)
			n += (int)metrics->diffs[i].kind == kind;
		sample(out, family->name, LABELS({"kind", vfp_diff_word((enum vfp_diff_kind)kind)}),
		       "%zu", n);
	}
}

static void write_troubles(const struct family *family, const struct vfp_metrics *metrics,
			   FILE *out)
{
	sample(out, family->name, NO_LABELS, "%zu", metrics->n_troubles);
}

static void write_build(const struct family *family, const struct vfp_metrics *metrics, FILE *out)
{
	(void)metrics;
	sample(out, family->name, LABELS({"version", PACKAGE_VERSION}), "1");
}

/* --- The table -------------------------------------------------------------------------------- */

#define COUNTER(member, help)                                        \
	{                                                            \
		"sriov_vf_" #member, "counter", help, write_counter, \
			offsetof(struct vfp_counters, member)        \
	}

static const struct family families[] = {
	COUNTER(rx_bytes, "Bytes that the VF received."),
	COUNTER(rx_packets, "Packets that the VF received."),
	COUNTER(rx_broadcast, "Broadcast packets that the VF received."),
	COUNTER(rx_multicast, "Multicast packets that the VF received."),
	COUNTER(rx_dropped, "Packets to the VF that were dropped."),
	COUNTER(tx_bytes, "Bytes that the VF sent."),
	COUNTER(tx_packets, "Packets that the VF sent."),
	COUNTER(tx_dropped, "Packets of the VF that were dropped."),
	{"vfpool_vf_info", "gauge", "The VFs of the pools and who has them; empty: nobody.",
	 write_vf_info, 0},
	{"vfpool_pf_vfs", "gauge", "Virtual functions that the PF has.", write_pf_vfs, 0},
	{"vfpool_pf_vfs_limit", "gauge", "Virtual functions that the PF can have.", write_pf_max,
	 0},
	{"vfpool_pf_link_up", "gauge", "1: the PF has link; 0: not, or it is not there.",
	 write_pf_link, 0},
	{"vfpool_pool_capacity", "gauge", "VFs of the pool that are there.", write_pool_capacity,
	 0},
	{"vfpool_pool_vfs", "gauge", "VFs of the pool by state.", write_pool_vfs, 0},
	{"vfpool_pool_ports", "gauge", "NICs of defined domains that belong to the pool.",
	 write_pool_ports, 0},
	{"vfpool_leases", "gauge", "VFs that running domains hold, by the lease's state.",
	 write_leases, 0},
	{"vfpool_events_total", "counter", "Lines of the journal, by event.", write_events, 0},
	{"vfpool_refusals_total", "counter", "Starts that were refused, by reason.", write_refusals,
	 0},
	{"vfpool_scrub_failures_total", "counter", "Scrubs that failed: the VF became faulty.",
	 write_scrub_failures, 0},
	{"vfpool_scrub_duration_seconds", "summary", "How long scrubs took.", write_scrubs, 0},
	{"vfpool_differences", "gauge", "What vfpool check finds, by kind.", write_diffs, 0},
	{"vfpool_unbound_domains", "gauge", "Domains whose definition cannot be bound.",
	 write_troubles, 0},
	{"vfpool_build_info", "gauge", "The version.", write_build, 0},
};

void vfp_metrics_write(const struct vfp_metrics *metrics, FILE *out)
{
	for (size_t i = 0; i < VFP_N(families); i++) {
		fprintf(out, "# HELP %s %s\n", families[i].name, families[i].help);
		fprintf(out, "# TYPE %s %s\n", families[i].name, families[i].type);
		families[i].write(&families[i], metrics, out);
	}
}

static const struct vfp_lease *lease_of(const struct vfp_metrics *metrics, const struct vfp_vf *vf)
{
	for (size_t i = 0; i < metrics->n_leases; i++)
		if (metrics->leases[i].vf.index == vf->index &&
		    !strcmp(metrics->leases[i].vf.pf, vf->pf))
			return &metrics->leases[i];
	return NULL;
}

static void sample(FILE *out, const char *name, const struct label *labels, const char *fmt, ...)
{
	const char *between = "{";
	va_list args;

	fputs(name, out);
	for (; labels->name; labels++) {
		fprintf(out, "%s%s=\"", between, labels->name);
		write_value(out, labels->value);
		fputc('"', out);
		between = ",";
	}
	fputs(*between == ',' ? "} " : " ", out);
	va_start(args, fmt);
	vfprintf(out, fmt, args);
	va_end(args);
	fputc('\n', out);
}

/* "label_value can be any sequence of UTF-8 characters, but the backslash, double-quote, and line
 * feed characters have to be escaped as \\, \", and \n."  Other control characters come as '?'. */
static void write_value(FILE *out, const char *value)
{
	uint32_t rune;

	while (*value) {
		size_t size = vfp_rune_next(value, &rune);

		if (*value == '\n')
			fputs("\\n", out);
		else if (rune == '"' || rune == '\\')
			fprintf(out, "\\%c", (int)rune);
		else if (rune == '?')
			fputc('?', out);
		else
			fwrite(value, 1, size, out);
		value += size;
	}
}
