/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which domain is, or was, behind a MAC, a VF or a PCI address.
 *
 * What was comes from the journal, folded into holdings; what is from the leases, from the ports of
 * domains that are off, and from the kernel, which also knows the VFs that are no pool's.
 */
#include "service/who.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/proc.h"
#include "base/sysfs.h"

/* What begins and what ends the time in which a domain holds a VF, as the journal words it. */
static const struct vfp_word turns[] = {
	{"lease", 1},  {"adopt", 1}, {"foreign", 1}, {"free", 0},
	{"faulty", 0}, {"void", 0},  {NULL, 0},
};

/* What was asked for: a MAC, a VF by number or address, else a domain by name or UUID. */
struct question {
	char mac[VFP_MAC_SIZE], vf[VFP_VF_SIZE], pci[VFP_PCI_SIZE];
	const char *domain;
	int64_t at_ms; /* 0: at any time */
};

struct answer {
	const struct vfp_host *host;
	struct vfp_pool *pool; /* NULL: nothing was ever defined */
	struct question question;
	struct vfp_who *rows;
	size_t n;
};

static void free_answer(struct answer *answer)
{
	free(answer->rows);
}
VFP_DEFINE_AUTO(answer, struct answer *, free_answer)

static void question_parse(const struct vfp_host *host, const char *text, struct question *ret)
{
	struct vfp_pci pci, pf_pci;
	struct vfp_mac mac;
	struct vfp_vf vf;

	*ret = (struct question){0};
	if (vfp_mac_parse(text, &mac) == 0) {
		vfp_mac_format(&mac, ret->mac);
	} else if (vfp_pci_parse(text, &pci) == 0) {
		vfp_pci_format(&pci, ret->pci);
		/* An address moves, the VF that has it now stays: its past counts as well. */
		if (vfp_sysfs_whose_vf(host, &pci, &vf, &pf_pci, NULL) == 0 && *vf.pf)
			vfp_vf_format(&vf, ret->vf);
	} else if (vfp_vf_parse(text, &vf) == 0) {
		vfp_vf_format(&vf, ret->vf);
	} else {
		ret->domain = text;
	}
}

static bool is_about(const struct vfp_who *row, const struct question *question)
{
	if (question->at_ms &&
	    (row->from_ms > question->at_ms || (row->until_ms && row->until_ms <= question->at_ms)))
		return false;
	if (question->domain)
		return !strcmp(row->owner.name, question->domain) ||
		       !strcmp(row->owner.uuid, question->domain);
	if (*question->mac)
		return !strcmp(row->mac, question->mac);
	return (*question->vf && !strcmp(row->vf, question->vf)) ||
	       (*question->pci && !strcmp(row->pci, question->pci));
}

static struct vfp_who *add_row(struct answer *answer, const struct vfp_who *row)
{
	answer->rows = vfp_realloc(answer->rows, answer->n + 1, sizeof(*answer->rows));
	answer->rows[answer->n] = *row;
	return &answer->rows[answer->n++];
}

static void name_vf(struct vfp_who *row, const struct vfp_vf *vf)
{
	if (*vf->pf)
		vfp_vf_format(vf, row->vf);
	if (!vfp_pci_is_none(&vf->pci))
		vfp_pci_format(&vf->pci, row->pci);
}

/* --- What was --------------------------------------------------------------------------------- */

/* The holding of a VF that has not ended by the lines so far. */
static struct vfp_who *find_open(struct answer *answer, const char *vf)
{
	for (size_t i = answer->n; i-- > 0;)
		if (!answer->rows[i].until_ms && !strcmp(answer->rows[i].vf, vf))
			return &answer->rows[i];
	return NULL;
}

static void fold(struct answer *answer, const struct vfp_event *event)
{
	const int turn = vfp_word_parse(turns, event->event);
	struct vfp_who *open = turn < 0 ? NULL : find_open(answer, event->vf);
	struct vfp_who row = {.what = "held", .owner = event->owner, .from_ms = event->time_ms};

	/* A domain that is seen again on its VF holds it as before. */
	if (turn < 0 || (turn == 1 && open && !strcmp(open->owner.uuid, event->owner.uuid) &&
			 !strcmp(open->mac, event->mac)))
		return;
	if (open)
		open->until_ms = event->time_ms;
	if (turn == 0)
		return;
	vfp_copy(row.mac, sizeof(row.mac), event->mac);
	vfp_copy(row.vf, sizeof(row.vf), event->vf);
	vfp_copy(row.pci, sizeof(row.pci), event->pci);
	add_row(answer, &row);
}

static int add_past(struct answer *answer, struct vfp_err *err)
{
	const struct question *question = &answer->question;
	const struct vfp_journal_filter filter = {
		.mac = *question->mac ? question->mac : NULL,
	};
	vfp_autofree struct vfp_event *events = NULL;
	size_t n;
	int rc = vfp_pool_journal(answer->pool, &filter, &events, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++)
		fold(answer, &events[i]);
	return rc;
}

/* --- What is ---------------------------------------------------------------------------------- */

/* The journal may have been trimmed since a lease began, and a lease may have ended without a line
 * where a copy of the database was put back. */
static int add_leases(struct answer *answer, struct vfp_err *err)
{
	vfp_autofree struct vfp_lease *leases = NULL;
	size_t n, n_past = answer->n;
	int rc = vfp_pool_leases(answer->pool, NULL, &leases, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct vfp_who row = {.owner = leases[i].owner, .from_ms = leases[i].since_ms},
			       *open;

		vfp_mac_format(&leases[i].mac, row.mac);
		name_vf(&row, &leases[i].vf);
		open = find_open(answer, row.vf);
		if (!open || (size_t)(open - answer->rows) >= n_past)
			open = add_row(answer, &row);
		open->what = "holds";
		vfp_copy(open->pci, sizeof(open->pci), row.pci);
	}
	return rc;
}

static bool is_held(const struct answer *answer, const char *vf)
{
	for (size_t i = 0; i < answer->n; i++)
		if (!strcmp(answer->rows[i].what, "holds") && !strcmp(answer->rows[i].vf, vf))
			return true;
	return false;
}

/* Of domains that are off, too: where they would start. */
static int add_ports(struct answer *answer, struct vfp_err *err)
{
	vfp_autofree struct vfp_port *ports = NULL;
	size_t n;
	int rc = vfp_pool_ports(answer->pool, NULL, &ports, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct vfp_who row = {
			.what = ports[i].claimed_until_ms ? "claims" : "defined",
			.owner = ports[i].owner,
			.from_ms = ports[i].created_ms,
		};

		vfp_mac_format(&ports[i].mac, row.mac);
		name_vf(&row, &ports[i].vf);
		add_row(answer, &row);
	}
	return rc;
}

/* A VF that no lease is on, as the kernel and /proc show it. */
static void add_vf(struct answer *answer, const struct vfp_pf *pf, const struct vfp_vfinfo *info,
		   const struct vfp_attrs *attrs, const struct vfp_vfio_holder *holder)
{
	struct vfp_vf vf = {.index = info->index, .pci = info->pci};
	struct vfp_who row = {.what = holder ? "uses" : "carries"};

	vfp_copy(vf.pf, sizeof(vf.pf), pf->dev);
	name_vf(&row, &vf);
	if (attrs && !vfp_mac_is_none(&attrs->mac))
		vfp_mac_format(&attrs->mac, row.mac);
	if (is_held(answer, row.vf) || (!holder && !*row.mac))
		return;
	if (holder) {
		vfp_copy(row.owner.name, sizeof(row.owner.name), holder->domain);
		vfp_copy(row.owner.uuid, sizeof(row.owner.uuid), holder->uuid);
	}
	add_row(answer, &row);
}

static const struct vfp_vfio_holder *find_holder(const struct vfp_vfio_holder *holders, size_t n,
						 int group)
{
	for (size_t i = 0; i < n; i++)
		if (group >= 0 && holders[i].group == group)
			return &holders[i];
	return NULL;
}

static void add_pf(struct answer *answer, const struct vfp_pf *pf,
		   const struct vfp_vfio_holder *holders, size_t n_holders)
{
	const struct vfp_host *host = answer->host;
	vfp_autofree struct vfp_vfinfo *vfs = NULL;
	vfp_autofree struct vfp_attrs *attrs = vfp_alloc(pf->num_vfs + 1, sizeof(*attrs));
	struct vfp_who row = {.what = "host"};
	size_t n = 0, n_attrs = 0;

	vfp_mac_format(&pf->mac, row.mac);
	vfp_pci_format(&pf->pci, row.pci);
	vfp_copy(row.owner.name, sizeof(row.owner.name), pf->dev);
	add_row(answer, &row);
	if (!pf->num_vfs || vfp_sysfs_vfs(host, &pf->pci, &vfs, &n, NULL) < 0)
		return;
	/* Too many VFs for one message: then without their MACs. */
	if (host->kernel->vf_read(host, pf->dev, false, attrs, pf->num_vfs, &n_attrs, NULL) < 0)
		n_attrs = 0;
	for (size_t i = 0; i < n; i++)
		add_vf(answer, pf, &vfs[i], vfs[i].index < n_attrs ? &attrs[vfs[i].index] : NULL,
		       find_holder(holders, n_holders, vfs[i].iommu_group));
}

static int add_host(struct answer *answer, struct vfp_err *err)
{
	const struct vfp_host *host = answer->host;
	vfp_autofree struct vfp_vfio_holder *holders = NULL;
	vfp_autofree struct vfp_pf *pfs = NULL;
	size_t n = 0, n_holders = 0;
	int rc = vfp_sysfs_pfs(host, &pfs, &n, err);

	if (rc == 0)
		rc = vfp_proc_vfio_holders(host, &holders, &n_holders, err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		add_pf(answer, &pfs[i], holders, n_holders);
	return rc;
}

/* --- The answer ------------------------------------------------------------------------------- */

static int answer_it(struct answer *answer, struct vfp_err *err)
{
	const bool is_past = answer->question.at_ms;
	int rc = 0;

	if (answer->pool)
		rc = add_past(answer, err);
	if (rc == 0 && answer->pool)
		rc = add_leases(answer, err);
	if (rc == 0 && !is_past)
		rc = add_host(answer, err);
	if (rc == 0 && answer->pool && !is_past)
		rc = add_ports(answer, err);
	return rc;
}

int vfp_who(const struct vfp_host *host, struct vfp_pool *pool, const char *text, int64_t at_ms,
	    struct vfp_who **ret, size_t *ret_n, struct vfp_err *err)
{
	struct answer made = {.host = host, .pool = pool};
	vfp_auto(answer) answer = &made;
	size_t n = 0;
	int rc;

	question_parse(host, text, &answer->question);
	answer->question.at_ms = at_ms;
	rc = answer_it(answer, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < answer->n; i++)
		if (is_about(&answer->rows[i], &answer->question))
			answer->rows[n++] = answer->rows[i];
	*ret = VFP_TAKE(answer->rows);
	*ret_n = n;
	return 0;
}
