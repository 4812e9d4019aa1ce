/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool(1): finds the command in the tables, parses its options, runs it. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/cmd.h"
#include "tools/complete.h"

const struct vfp_cmd *const vfp_cmd_tables[] = {
	vfp_cmds_pf,	 vfp_cmds_pool,	   vfp_cmds_import,  vfp_cmds_portgroup, vfp_cmds_vf,
	vfp_cmds_domain, vfp_cmds_attach,  vfp_cmds_lease,   vfp_cmds_claim,	 vfp_cmds_release,
	vfp_cmds_who,	 vfp_cmds_journal, vfp_cmds_check,   vfp_cmds_top,	 vfp_cmds_graph,
	vfp_cmds_limits, vfp_cmds_doctor,  vfp_cmds_metrics,
};

const size_t vfp_n_cmd_tables = VFP_N(vfp_cmd_tables);

const struct vfp_option vfp_options[VFP_N_OPTS] = {
	[VFP_OPT_ROOT] = {"root", "DIR", "put every path below DIR (or VFPOOL_ROOT)"},
	[VFP_OPT_HELP] = {"help", NULL, "this text"},
	[VFP_OPT_VERSION] = {"version", NULL, "the version"},
	[VFP_OPT_JSON] = {"json", NULL, "JSON instead of a table"},
	[VFP_OPT_VFS] = {"vfs", "N", "how many virtual functions"},
	[VFP_OPT_NO_PARK] = {"no-park", NULL, "leave the VFs to the host's driver"},
	[VFP_OPT_POOL] = {"pool", "POOL", "of this pool"},
	[VFP_OPT_SINCE] = {"since", "TIME",
			   "from then on: \"YYYY-MM-DD\", \"YYYY-MM-DD HH:MM\", HH:MM today, 10m "
			   "or 2h or 3d ago, or seconds since 1970"},
	[VFP_OPT_DOMAIN] = {"domain", "NAME", "of this domain only, by name or UUID"},
	[VFP_OPT_MAC] = {"mac", "MAC", "of this MAC"},
	[VFP_OPT_CONNECT] = {"connect", "URI", "libvirt's URI (qemu:///system)"},
	[VFP_OPT_WAIT] = {"wait", "SECONDS", "so long for cards that the kernel has not found yet"},
	[VFP_OPT_REPAIR] = {"repair", NULL, "mend what is found"},
	[VFP_OPT_REASON] = {"reason", "WORDS", "why, for the journal and the lists"},
	[VFP_OPT_VF] = {"vf", "PF#N|auto", "this VF, or any"},
	[VFP_OPT_PORTGROUP] = {"portgroup", "GROUP", "the pool's port group (its default)"},
	[VFP_OPT_NAME] = {"name", "WORD", "what the domain will be called"},
	[VFP_OPT_PHYSNET] = {"physnet", "NETWORK", "a pool of this physical network"},
	[VFP_OPT_VLAN] = {"vlan", "ID", "the port group with this VLAN; 0: with none"},
	[VFP_OPT_COUNT] = {"count", "N", "so many NICs (1)"},
	[VFP_OPT_TTL] = {"ttl", "SECONDS", "so long (300)"},
	[VFP_OPT_NUMA] = {"numa", "NODE", "near this NUMA node, as the pool's placement says"},
	[VFP_OPT_LIVE] = {"live", NULL, "the running domain"},
	[VFP_OPT_CONFIG] = {"config", NULL, "the definition, for the next start"},
	[VFP_OPT_UNTIL] = {"until", "TIME", "before then"},
	[VFP_OPT_AT] = {"at", "TIME", "at that moment"},
	[VFP_OPT_EVENT] = {"event", "EVENT", "of this kind: lease, refused, faulty …"},
	[VFP_OPT_FOLLOW] = {"follow", NULL, "go on with what happens, until interrupted"},
	[VFP_OPT_FORMAT] = {"format", "svg|dot", "as what to draw (svg)"},
	[VFP_OPT_ONCE] = {"once", NULL, "print once as text and end"},
	[VFP_OPT_INTERVAL] = {"interval", "SECONDS", "between two looks (1)"},
	[VFP_OPT_RESERVE] = {"reserve", "N", "keep the first N VFs for the host itself"},
	[VFP_OPT_FORCE] = {"force", NULL, "although the host's own traffic may be interrupted"},
	[VFP_OPT_OP] = {"op", "OPERATION",
			"of this operation only; the status is 5 when it is refused"},
	[VFP_OPT_NOVA] = {"nova", "FILE", "nova.conf of nova-compute; may stand there repeatedly"},
	[VFP_OPT_NEUTRON] = {"neutron", "FILE", "sriov_agent.ini of Neutron; the same"},
	[VFP_OPT_KUBERNETES] = {"kubernetes", "FILE", "config.json of the SR-IOV device plugin"},
	[VFP_OPT_DRY_RUN] = {"dry-run", NULL, "print the XML and change nothing"},
	[VFP_OPT_AS] = {"as", "nova|neutron|kubernetes", "in whose words"},
	[VFP_OPT_REST] = {"rest", NULL, "of the pool's PFs the VFs that no pool has"},
	[VFP_OPT_OPENSTACK] = {"openstack", NULL, "in Nova's and Neutron's words"},
	[VFP_OPT_TEXTFILE] = {"textfile", "FILE",
			      "replace this file as a whole, for node_exporter"},
};

/* What an error means to the caller's shell.  All others: failed. */
static const struct {
	int code;
	enum vfp_exit status;
} statuses[] = {
	{EINVAL, VFP_EXIT_USAGE},     {ERANGE, VFP_EXIT_USAGE},	      {ENOENT, VFP_EXIT_NOT_FOUND},
	{ENODEV, VFP_EXIT_NOT_FOUND}, {ENOSPC, VFP_EXIT_NO_CAPACITY}, {EPERM, VFP_EXIT_REFUSED},
	{EEXIST, VFP_EXIT_REFUSED},   {EOPNOTSUPP, VFP_EXIT_REFUSED}, {EBUSY, VFP_EXIT_BUSY},
};

static int args_parse(int argc, char **argv, struct vfp_ctx *ctx, const char **words, size_t *ret_n,
		      struct vfp_err *err);
static int cmd_check(const struct vfp_cmd *cmd, const struct vfp_ctx *ctx, size_t n_args,
		     struct vfp_err *err);
static void help_print(const char *noun);
static int exit_status(int rc);

#define MAX_WORDS (VFP_MAX_ARGS + 2)

int main(int argc, char **argv)
{
	const char *words[MAX_WORDS] = {NULL};
	const struct vfp_cmd *cmd;
	struct vfp_ctx ctx = {0};
	struct vfp_err err = {0};
	size_t n_words = 0;
	int rc, n_named;

	if (argc > 1 && !strcmp(argv[1], "--complete")) { /* the shell asks, not a user */
		vfp_complete((const char *const *)argv + 2, (size_t)argc - 2);
		return VFP_EXIT_DONE;
	}
	if (args_parse(argc, argv, &ctx, words, &n_words, &err) < 0) {
		fprintf(stderr, "vfpool: %s; see: vfpool --help\n", err.msg);
		return VFP_EXIT_USAGE;
	}
	if (ctx.opts[VFP_OPT_VERSION]) {
		puts(PACKAGE_STRING);
		return VFP_EXIT_DONE;
	}
	if (ctx.opts[VFP_OPT_HELP] || !n_words) {
		help_print(words[0]);
		return ctx.opts[VFP_OPT_HELP] ? VFP_EXIT_DONE : VFP_EXIT_USAGE;
	}
	cmd = vfp_cmd_find(words[0], words[1], &n_named);
	if (!cmd) {
		fprintf(stderr, "vfpool: no command '%s%s%s'; see: vfpool --help\n", words[0],
			words[1] ? " " : "", words[1] ? words[1] : "");
		return VFP_EXIT_USAGE;
	}
	for (size_t i = (size_t)n_named; i < n_words && i - (size_t)n_named < VFP_MAX_ARGS; i++)
		ctx.args[i - (size_t)n_named] = words[i];

	rc = cmd_check(cmd, &ctx, n_words - (size_t)n_named, &err);
	if (rc == 0)
		rc = vfp_host_init(&ctx.host,
				   ctx.opts[VFP_OPT_ROOT] ? ctx.opts[VFP_OPT_ROOT]
							  : getenv("VFPOOL_ROOT"),
				   &err);
	if (rc == 0)
		rc = cmd->run(&ctx, &err);
	vfp_pool_close(ctx.pool);
	/* EPIPE, where SIGPIPE is ignored (service/libvirt.c): nobody reads any more. */
	if (fflush(stdout) != 0 && errno != EPIPE && rc == 0)
		rc = vfp_fail(&err, errno, "cannot write the output: %s", strerror(errno));
	if (rc < 0)
		fprintf(stderr, "vfpool: %s\n", err.msg);
	return exit_status(rc);
}

const struct vfp_cmd *vfp_cmd_find(const char *noun, const char *verb, int *ret_n_words)
{
	for (size_t i = 0; i < VFP_N(vfp_cmd_tables); i++)
		for (const struct vfp_cmd *cmd = vfp_cmd_tables[i]; cmd->noun; cmd++) {
			if (strcmp(cmd->noun, noun) ||
			    (cmd->verb && (!verb || strcmp(cmd->verb, verb))))
				continue;
			*ret_n_words = cmd->verb ? 2 : 1;
			return cmd;
		}
	return NULL;
}

int vfp_option_find(const char *name, const char *end)
{
	size_t size = end ? (size_t)(end - name) : strlen(name);

	for (int i = 0; i < VFP_N_OPTS; i++)
		if (strlen(vfp_options[i].name) == size &&
		    !strncmp(vfp_options[i].name, name, size))
			return i;
	return -1;
}

int vfp_ctx_pool(struct vfp_ctx *ctx, enum vfp_pool_mode mode, struct vfp_err *err)
{
	int rc = vfp_pool_open(&ctx->host, mode, &ctx->pool, err);

	return rc == -ENOENT && mode == VFP_POOL_READ ? 0 : rc;
}

int vfp_ctx_read(const char *path, size_t max, char **ret_text, size_t *ret_size,
		 struct vfp_err *err)
{
	if (!strcmp(path, "-"))
		return vfp_fd_read(0, "stdin", max, ret_text, ret_size, err);
	return vfp_file_read(path, max, ret_text, ret_size, err);
}

/* One "--name", "--name VALUE" or "--name=VALUE".  Exact names only.  Moves *at over the value. */
static int option_parse(int argc, char **argv, int *at, struct vfp_ctx *ctx, struct vfp_err *err)
{
	const char *name = argv[*at] + 2, *equals = strchr(name, '=');
	int i = vfp_option_find(name, equals);

	if (i < 0)
		return vfp_fail(err, EINVAL, "no option '%s'", argv[*at]);
	if (!vfp_options[i].value && equals)
		return vfp_fail(err, EINVAL, "option --%s takes no value", vfp_options[i].name);
	if (vfp_options[i].value && !equals && *at + 1 >= argc)
		return vfp_fail(err, EINVAL, "option --%s needs a value (%s)", vfp_options[i].name,
				vfp_options[i].value);
	ctx->opts[i] = !vfp_options[i].value ? "" : equals ? equals + 1 : argv[++*at];
	if (ctx->n_given == VFP_MAX_GIVEN)
		return vfp_fail(err, EINVAL, "more than %d options", VFP_MAX_GIVEN);
	ctx->given[ctx->n_given].opt = (enum vfp_opt)i;
	ctx->given[ctx->n_given++].value = ctx->opts[i];
	return 0;
}

static int args_parse(int argc, char **argv, struct vfp_ctx *ctx, const char **words, size_t *ret_n,
		      struct vfp_err *err)
{
	bool only_words = false;
	size_t n = 0;
	int rc;

	for (int i = 1; i < argc; i++) {
		if (!only_words && !strcmp(argv[i], "--")) {
			only_words = true;
		} else if (!only_words && !strncmp(argv[i], "--", 2)) {
			rc = option_parse(argc, argv, &i, ctx, err);
			if (rc < 0)
				return rc;
		} else if (n == MAX_WORDS) {
			return vfp_fail(err, EINVAL, "too many arguments, from '%s' on", argv[i]);
		} else {
			words[n++] = argv[i];
		}
	}
	*ret_n = n;
	return 0;
}

static int cmd_check(const struct vfp_cmd *cmd, const struct vfp_ctx *ctx, size_t n_args,
		     struct vfp_err *err)
{
	const char *space = cmd->verb ? " " : "", *verb = cmd->verb ? cmd->verb : "";

	for (size_t i = 0; i < VFP_N_OPTS; i++) {
		if (ctx->opts[i] && !((cmd->opts | VFP_ALWAYS_TAKES) & UINT64_C(1) << i))
			return vfp_fail(err, EINVAL, "%s%s%s takes no option --%s", cmd->noun,
					space, verb, vfp_options[i].name);
		if (!ctx->opts[i] && cmd->required & UINT64_C(1) << i)
			return vfp_fail(err, EINVAL, "usage: vfpool %s%s%s %s", cmd->noun, space,
					verb, cmd->usage);
	}
	if (n_args < cmd->min_args || n_args > cmd->max_args)
		return vfp_fail(err, EINVAL, "usage: vfpool %s%s%s %s", cmd->noun, space, verb,
				cmd->usage);
	return 0;
}

/* Of one noun, or of all when @noun is NULL or unknown. */
static void help_print(const char *noun)
{
	bool known = false;
	char text[64];

	for (size_t i = 0; noun && i < VFP_N(vfp_cmd_tables); i++)
		known = known || !strcmp(vfp_cmd_tables[i]->noun, noun);
	puts("vfpool: the SR-IOV virtual functions of this host as a pool for libvirt domains\n");
	for (size_t i = 0; i < VFP_N(vfp_cmd_tables); i++)
		for (const struct vfp_cmd *cmd = vfp_cmd_tables[i]; cmd->noun; cmd++)
			if (!known || !strcmp(cmd->noun, noun))
				printf("  vfpool %s%s%s %s\n      %s\n", cmd->noun,
				       cmd->verb ? " " : "", cmd->verb ? cmd->verb : "", cmd->usage,
				       cmd->help);
	puts("\nOptions, where a command takes them:");
	for (size_t i = 0; i < VFP_N_OPTS; i++) {
		const struct vfp_option *option = &vfp_options[i];

		snprintf(text, sizeof(text), "--%s%s%s", option->name, option->value ? " " : "",
			 option->value ? option->value : "");
		printf("  %-18s  %s\n", text, option->help);
	}
	puts("\nExit status: 0 done, 1 failed, 2 usage, 3 not found, 4 no capacity, 5 refused by policy, "
	     "75 busy: try again");
}

static int exit_status(int rc)
{
	for (size_t i = 0; i < VFP_N(statuses); i++)
		if (statuses[i].code == -rc)
			return statuses[i].status;
	return rc == 0 ? VFP_EXIT_DONE : VFP_EXIT_FAILED;
}
