/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool who: which domain is, or was, behind a MAC, a VF or a PCI address. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/cmd.h"
#include "tools/print.h"

/* What begins and what ends the time in which a domain holds a VF, as the journal words it. */
static const struct vfp_word turns[] = {
	{"lease", 1},  {"adopt", 1}, {"foreign", 1}, {"free", 0},
	{"faulty", 0}, {"void", 0},  {NULL, 0},
};

/* What was asked for: a MAC, a VF by number or address, else a domain by name or UUID. */
struct question {
	char mac[VFP_MAC_SIZE], vf[VFP_VF_SIZE], pci[VFP_PCI_SIZE];
	const char *domain;
};

static void question_parse(const char *text, struct question *ret)
{
	struct vfp_mac mac;
	struct vfp_pci pci;
	struct vfp_vf vf;

	*ret = (struct question){0};
	if (vfp_mac_parse(text, &mac) == 0)
		vfp_mac_format(&mac, ret->mac);
	else if (vfp_pci_parse(text, &pci) == 0)
		vfp_pci_format(&pci, ret->pci);
	else if (vfp_vf_parse(text, &vf) == 0)
		vfp_vf_format(&vf, ret->vf);
	else
		ret->domain = text;
}

static bool is_about(const struct vfp_event *event, const struct question *question)
{
	return (!*question->vf || !strcmp(event->vf, question->vf)) &&
	       (!*question->pci || !strcmp(event->pci, question->pci));
}

/* When the holding that began with events[from] ended; 0: it has not. */
static const struct vfp_event *end_of(const struct vfp_event *events, size_t n, size_t from)
{
	for (size_t i = from + 1; i < n; i++)
		if (vfp_word_parse(turns, events[i].event) >= 0 &&
		    !strcmp(events[i].vf, events[from].vf))
			return &events[i];
	return NULL;
}

/* Ports that hold nothing now: the domain is defined and off. */
static int print_ports(struct vfp_ctx *ctx, struct vfp_print *p, const struct question *question,
		       size_t *n_rows, struct vfp_err *err)
{
	vfp_autofree struct vfp_port *ports = NULL;
	char mac[VFP_MAC_SIZE], vf[VFP_VF_SIZE], pci[VFP_PCI_SIZE];
	size_t n;
	int rc = vfp_pool_ports(ctx->pool, NULL, &ports, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct vfp_port *port = &ports[i];

		vfp_mac_format(&port->mac, mac);
		vfp_vf_format(&port->vf, vf);
		vfp_pci_format(&port->vf.pci, pci);
		if ((*question->mac && strcmp(mac, question->mac)) ||
		    (*question->vf && strcmp(vf, question->vf)) ||
		    (*question->pci && strcmp(pci, question->pci)) ||
		    (question->domain && strcmp(port->owner.name, question->domain) &&
		     strcmp(port->owner.uuid, question->domain)))
			continue;
		vfp_print_text(p, "defined");
		vfp_print_text(p, "%s", port->owner.name);
		vfp_print_text(p, "%s", port->owner.uuid);
		vfp_print_text(p, "%s", mac);
		vfp_print_text(p, "%s", *port->vf.pf ? vf : "");
		vfp_print_text(p, "%s", vfp_pci_is_none(&port->vf.pci) ? "" : pci);
		vfp_print_time(p, port->created_ms);
		vfp_print_time(p, 0);
		++*n_rows;
	}
	return rc;
}

static void print_holding(struct vfp_print *p, const struct vfp_event *begin,
			  const struct vfp_event *end)
{
	bool is_over = end;

	vfp_print_text(p, "%s", is_over ? "held" : "holds");
	vfp_print_text(p, "%s", begin->owner.name);
	vfp_print_text(p, "%s", begin->owner.uuid);
	vfp_print_text(p, "%s", begin->mac);
	vfp_print_text(p, "%s", begin->vf);
	vfp_print_text(p, "%s", begin->pci);
	vfp_print_time(p, begin->time_ms);
	vfp_print_time(p, is_over ? end->time_ms : 0);
}

static int who(struct vfp_ctx *ctx, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		{"WHAT", "what"}, {"DOMAIN", "domain"}, {"UUID", "uuid"}, {"MAC", "mac"},
		{"VF", "vf"},	  {"PCI", "pci"},	{"FROM", "from"}, {"UNTIL", "until"},
	};
	struct vfp_journal_filter filter = {0};
	vfp_autofree struct vfp_event *events = NULL;
	struct question question;
	struct vfp_print *p;
	size_t n = 0, n_rows = 0;
	int rc;

	question_parse(ctx->args[0], &question);
	filter.mac = *question.mac ? question.mac : NULL;
	filter.domain = question.domain;
	rc = vfp_ctx_pool(ctx, VFP_POOL_READ, err);
	if (rc == 0 && ctx->pool)
		rc = vfp_pool_journal(ctx->pool, &filter, &events, &n, err);
	if (rc < 0)
		return rc;
	p = vfp_print_begin(columns, VFP_N(columns), vfp_ctx_json(ctx));
	for (size_t i = 0; i < n; i++) {
		if (vfp_word_parse(turns, events[i].event) != 1 || !is_about(&events[i], &question))
			continue;
		print_holding(p, &events[i], end_of(events, n, i));
		n_rows++;
	}
	if (ctx->pool)
		rc = print_ports(ctx, p, &question, &n_rows, err);
	vfp_print_end(p);
	if (rc == 0 && !n_rows)
		return vfp_fail(err, ENOENT, "nobody has or had %s; see: vfpool journal",
				ctx->args[0]);
	return rc;
}

const struct vfp_cmd vfp_cmds_who[] = {
	{"who", NULL, "MAC|PCI|PF#N|DOMAIN [--json]", 1, 1, VFP_TAKES(JSON), 0, who,
	 "Which domain has, and had, a MAC or a VF; which VFs a domain has and had."},
	{0},
};
