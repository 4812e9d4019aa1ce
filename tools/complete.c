/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Completion of command lines. */

#include "tools/complete.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sysfs.h"
#include "pool/inventory.h"
#include "service/libvirt.h"

VFP_DEFINE_AUTO(libvirt, struct vfp_libvirt *, vfp_libvirt_close)

struct line {
	const char *words[VFP_MAX_ARGS + 2]; /* noun, verb, arguments */
	size_t n_words;
	struct vfp_ctx ctx; /* options that were given, host, pool */
	const char *last;   /* the word that is being typed */
	const char *before; /* "--pool=" where last goes on behind it, else "" */
};

static void complete_value(struct line *line, const char *value);
static void complete_option(const struct line *line, const struct vfp_cmd *cmd);
static void complete_word(struct line *line);

void vfp_complete(const char *const *words, size_t n)
{
	struct line line = {.last = n ? words[n - 1] : "", .before = ""};
	int option = -1; /* that waits for its value */
	const char *equals;

	for (size_t i = 0; i < n; i++) {
		const bool is_last = i + 1 == n;

		equals = strchr(words[i], '=');
		if (option >= 0 && !is_last) {
			line.ctx.opts[option] = words[i];
			option = -1;
		} else if (!is_last && !strncmp(words[i], "--", 2)) {
			option = vfp_option_find(words[i] + 2, equals);
			if (option < 0)
				continue;
			line.ctx.opts[option] = equals ? equals + 1 : "";
			if (equals || !vfp_options[option].value)
				option = -1;
		} else if (!is_last && line.n_words < VFP_N(line.words)) {
			line.words[line.n_words++] = words[i];
		}
	}
	if (vfp_host_init(&line.ctx.host,
			  line.ctx.opts[VFP_OPT_ROOT] ? line.ctx.opts[VFP_OPT_ROOT]
						      : getenv("VFPOOL_ROOT"),
			  NULL) < 0)
		return;
	equals = strchr(line.last, '=');
	if (option < 0 && !strncmp(line.last, "--", 2) && equals) {
		option = vfp_option_find(line.last + 2, equals);
		line.before = vfp_format("%.*s", (int)(equals + 1 - line.last), line.last);
		line.last = equals + 1;
	}
	if (option >= 0 && vfp_options[option].value)
		complete_value(&line, vfp_options[option].value);
	else if (!*line.before)
		complete_word(&line);
	if (*line.before)
		free((char *)line.before);
	vfp_pool_close(line.ctx.pool);
}

/* --- Names of this host -------------------------------------------------------------------- */

static void offer(const struct line *line, const char *word)
{
	if (*word && !strncmp(word, line->last, strlen(line->last)))
		printf("%s%s\n", line->before, word);
}

static struct vfp_pool *pool_of(struct line *line)
{
	if (!line->ctx.pool)
		vfp_ctx_pool(&line->ctx, VFP_POOL_READ, NULL);
	return line->ctx.pool;
}

static void offer_pfs(struct line *line)
{
	vfp_autofree struct vfp_pf *pfs = NULL;
	size_t n = 0;

	if (vfp_sysfs_pfs(&line->ctx.host, &pfs, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		offer(line, pfs[i].dev);
}

enum what { NAME, ADDRESS };

static void offer_members(struct line *line, enum what what)
{
	vfp_autofree struct vfp_member *members = NULL;
	char text[VFP_VF_SIZE + VFP_PCI_SIZE];
	size_t n = 0;

	if (!pool_of(line) ||
	    vfp_inventory_read(line->ctx.pool, NULL, false, &members, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		if (what == NAME)
			vfp_vf_format(&members[i].vf, text);
		else
			vfp_pci_format(&members[i].vf.pci, text);
		if (what == NAME || members[i].is_present)
			offer(line, text);
	}
}

static void offer_vfs(struct line *line)
{
	offer_members(line, NAME);
}

static void offer_addresses(struct line *line)
{
	offer_members(line, ADDRESS);
}

/* Pools, or the port groups of @pool_name ("": of all). */
static void offer_pools_or_groups(struct line *line, const char *pool_name)
{
	vfp_autofree struct vfp_pooldef *defs = NULL;
	size_t n = 0;

	if (!pool_of(line) || vfp_pool_list(line->ctx.pool, &defs, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		if (!pool_name)
			offer(line, defs[i].name);
		for (size_t k = 0; pool_name && k < defs[i].n_portgroups; k++)
			if (!*pool_name || !strcmp(pool_name, defs[i].name))
				offer(line, defs[i].portgroups[k].name);
		vfp_pooldef_free(&defs[i]);
	}
}

static void offer_pools(struct line *line)
{
	offer_pools_or_groups(line, NULL);
}

static void offer_networks(struct line *line)
{
	vfp_autofree struct vfp_pooldef *defs = NULL;
	size_t n = 0;

	if (!pool_of(line) || vfp_pool_list(line->ctx.pool, &defs, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		offer(line, defs[i].physnet);
		vfp_pooldef_free(&defs[i]);
	}
}

/* Of the pool that the line names: by option, or as the first argument of "portgroup". */
static void offer_groups(struct line *line)
{
	const char *pool = line->ctx.opts[VFP_OPT_POOL];

	if (!pool && line->n_words > 2 && !strcmp(line->words[0], "portgroup"))
		pool = line->words[2];
	offer_pools_or_groups(line, pool ? pool : "");
}

/* Of the domain that the line names, where it names one. */
static void offer_macs(struct line *line)
{
	const bool is_of_domain = line->n_words > 2 && !strcmp(line->words[0], "domain");
	vfp_autofree struct vfp_port *ports = NULL;
	char mac[VFP_MAC_SIZE];
	size_t n = 0;

	if (!pool_of(line) || vfp_pool_ports(line->ctx.pool, NULL, &ports, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		if (!is_of_domain || !strcmp(ports[i].owner.name, line->words[2]))
			offer(line, vfp_mac_format(&ports[i].mac, mac));
}

/* Those that the pool knows, and those that libvirt has. */
static void offer_domains(struct line *line)
{
	vfp_autofree struct vfp_port *ports = NULL;
	vfp_autofree struct vfp_owner *owners = NULL;
	vfp_auto(libvirt) libvirt = NULL;
	size_t n = 0, n_owners = 0;

	if (pool_of(line))
		vfp_pool_ports(line->ctx.pool, NULL, &ports, &n, NULL);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || strcmp(ports[i].owner.name, ports[i - 1].owner.name))
			offer(line, ports[i].owner.name);
	/* Another root has nothing to do with this host's libvirt. */
	if ((*line->ctx.host.root && !line->ctx.opts[VFP_OPT_CONNECT]) ||
	    vfp_libvirt_open(line->ctx.opts[VFP_OPT_CONNECT], &libvirt, NULL) < 0 ||
	    vfp_libvirt_list(libvirt, VFP_LIBVIRT_DEFINITIONS, &owners, &n_owners, NULL) < 0)
		return;
	for (size_t i = 0; i < n_owners; i++) {
		bool is_known = false;

		for (size_t k = 0; k < n; k++)
			is_known = is_known || !strcmp(ports[k].owner.name, owners[i].name);
		if (!is_known)
			offer(line, owners[i].name);
	}
}

/* What the words in capitals stand for, in usages and as values of options. */
static const struct {
	const char *word;
	void (*offer)(struct line *line); /* NULL: files */
} kinds[] = {
	{"PF", offer_pfs},
	{"PF#N", offer_vfs},
	{"PCI", offer_addresses},
	{"POOL", offer_pools},
	{"GROUP", offer_groups},
	{"NETWORK", offer_networks},
	{"MAC", offer_macs},
	{"DOMAIN", offer_domains},
	{"NAME", offer_domains},
	{"FILE", NULL},
	{"DIR", NULL},
};

/* --- The grammar --------------------------------------------------------------------------- */

/* @value: "PF", "PF#N|auto" … : words in capitals by the table, others are offered as they are. */
static void complete_value(struct line *line, const char *value)
{
	vfp_autofree char *copy = vfp_strdup(value);
	char *rest;

	puts(!strcmp(value, "FILE") || !strcmp(value, "DIR") ? "files" : "words");
	for (char *word = strtok_r(copy, "|", &rest); word; word = strtok_r(NULL, "|", &rest)) {
		if (islower((unsigned char)*word))
			offer(line, word);
		for (size_t i = 0; i < VFP_N(kinds); i++)
			if (kinds[i].offer && !strcmp(word, kinds[i].word))
				kinds[i].offer(line);
	}
}

/* Argument @index of a usage: "MAC|PCI|DOMAIN [--json]", "PF --vfs N [--no-park]", "[FILE]".  Into
 * @ret; false when there is none. */
static bool usage_argument(const char *usage, size_t index, char *ret, size_t size)
{
	vfp_autofree char *copy = vfp_strdup(usage);
	bool is_value = false;
	char *rest;

	for (char *word = strtok_r(copy, " []", &rest); word; word = strtok_r(NULL, " []", &rest)) {
		if (!strcmp(word, "|"))
			continue; /* another option may stand here */
		if (!strncmp(word, "--", 2)) {
			int option = vfp_option_find(word + 2, NULL);

			is_value = option >= 0 && vfp_options[option].value;
		} else if (is_value) {
			is_value = false;
		} else if (index-- == 0) {
			return vfp_copy(ret, size, word);
		}
	}
	return false;
}

/* The options of @cmd that are not there yet; NULL: those that stand anywhere. */
static void complete_option(const struct line *line, const struct vfp_cmd *cmd)
{
	const uint64_t takes = (cmd ? cmd->opts : 0) | VFP_ALWAYS_TAKES;
	char text[64];

	for (size_t i = 0; i < VFP_N_OPTS; i++) {
		if (!(takes & UINT64_C(1) << i) || line->ctx.opts[i])
			continue;
		snprintf(text, sizeof(text), "--%s", vfp_options[i].name);
		offer(line, text);
	}
}

/* Whether a table before number @table has the noun: the verbs of one may stand in several. */
static bool is_earlier(const char *noun, size_t table)
{
	for (size_t i = 0; i < table; i++)
		if (!strcmp(vfp_cmd_tables[i]->noun, noun))
			return true;
	return false;
}

/* Nouns, or the verbs of @noun. */
static void complete_command(const struct line *line, const char *noun)
{
	for (size_t i = 0; i < vfp_n_cmd_tables; i++) {
		const struct vfp_cmd *cmd = vfp_cmd_tables[i];

		if (!noun && !is_earlier(cmd->noun, i))
			offer(line, cmd->noun);
		for (; noun && cmd->noun; cmd++)
			if (!strcmp(cmd->noun, noun) && cmd->verb)
				offer(line, cmd->verb);
	}
}

static void complete_word(struct line *line)
{
	const struct vfp_cmd *cmd = NULL;
	char argument[64];
	int n_named = 0;

	if (line->n_words)
		cmd = vfp_cmd_find(line->words[0], line->words[1], &n_named);
	if (*line->last == '-') {
		puts("words");
		complete_option(line, cmd);
	} else if (!cmd) {
		puts("words");
		if (line->n_words < 2)
			complete_command(line, line->words[0]);
	} else if (usage_argument(cmd->usage, line->n_words - (size_t)n_named, argument,
				  sizeof(argument))) {
		complete_value(line, argument);
	} else {
		puts("words");
		complete_option(line, cmd);
	}
}
