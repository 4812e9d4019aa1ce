/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commands of vfpool(1).
 *
 * Each noun is a file cmd-<noun>.c that ends in its own table of struct vfp_cmd; tools/vfpool.c
 * strings the tables together, parses the options and prints the help from the same rows. A command
 * returns 0 or -errno with words; vfpool.c prints them and turns them into the exit status.
 */
#pragma once

#include "base/host.h"
#include "pool/pool.h"

/* Exit statuses (DESIGN 7). */
enum vfp_exit {
	VFP_EXIT_DONE = 0,
	VFP_EXIT_FAILED = 1,
	VFP_EXIT_USAGE = 2,
	VFP_EXIT_NOT_FOUND = 3,
	VFP_EXIT_NO_CAPACITY = 4,
	VFP_EXIT_REFUSED = 5,
	VFP_EXIT_BUSY = 75, /* EX_TEMPFAIL of sysexits.h */
};

enum vfp_opt {
	VFP_OPT_ROOT,
	VFP_OPT_HELP,
	VFP_OPT_VERSION,
	VFP_OPT_JSON,
	VFP_OPT_VFS,
	VFP_OPT_NO_PARK,
	VFP_OPT_POOL,
	VFP_OPT_SINCE,
	VFP_OPT_DOMAIN,
	VFP_OPT_MAC,
	VFP_OPT_CONNECT,
	VFP_OPT_WAIT,
	VFP_OPT_REPAIR,
	VFP_OPT_REASON,
	VFP_OPT_VF,
	VFP_OPT_PORTGROUP,
	VFP_OPT_NAME,
	VFP_OPT_PHYSNET,
	VFP_OPT_VLAN,
	VFP_OPT_COUNT,
	VFP_OPT_TTL,
	VFP_OPT_NUMA,
	VFP_OPT_LIVE,
	VFP_OPT_CONFIG,
	VFP_OPT_UNTIL,
	VFP_OPT_AT,
	VFP_OPT_EVENT,
	VFP_OPT_FOLLOW,
	VFP_OPT_FORMAT,
	VFP_OPT_ONCE,
	VFP_OPT_INTERVAL,
	VFP_OPT_RESERVE,
	VFP_OPT_FORCE,
	VFP_OPT_OP,
	VFP_OPT_TEXTFILE,
	VFP_OPT_OPENSTACK,
	VFP_OPT_NOVA,
	VFP_OPT_NEUTRON,
	VFP_OPT_KUBERNETES,
	VFP_OPT_DRY_RUN,
	VFP_OPT_AS,
	VFP_OPT_REST,
	VFP_N_OPTS
};
_Static_assert(VFP_N_OPTS <= 64, "the sets of options below have one bit for each");
#define VFP_TAKES(opt) (UINT64_C(1) << VFP_OPT_##opt)

#define VFP_MAX_ARGS  14
#define VFP_MAX_GIVEN 64

struct vfp_ctx {
	struct vfp_host host;
	const char *args[VFP_MAX_ARGS]; /* what stands after the verb; NULL where nothing does */
	const char *opts[VFP_N_OPTS];	/* NULL: not given; "" for one without a value */
	struct {
		enum vfp_opt opt;
		const char *value;
	} given[VFP_MAX_GIVEN]; /* every option as it was given: one may stand there repeatedly */
	size_t n_given;
	struct vfp_pool *pool; /* opened by vfp_ctx_pool(), closed by vfpool.c */
};

struct vfp_cmd {
	const char *noun;
	const char *verb;  /* NULL: the noun is the command ("who", "journal") */
	const char *usage; /* of the arguments, as the help shows it: "PF --vfs N" */
	unsigned int min_args, max_args;
	uint64_t opts;	   /* VFP_TAKES() of those beside --root, --help and --version */
	uint64_t required; /* of @opts, those that must be there */
	int (*run)(struct vfp_ctx *ctx, struct vfp_err *err);
	const char *help; /* one sentence */
};

struct vfp_option {
	const char *name;
	const char *value; /* what the help calls it, "POOL", "svg|dot"; NULL: takes none */
	const char *help;
};
extern const struct vfp_option vfp_options[VFP_N_OPTS];
/* Those that every command takes. */
#define VFP_ALWAYS_TAKES (VFP_TAKES(ROOT) | VFP_TAKES(HELP) | VFP_TAKES(VERSION))
/* The one whose name is @name up to @end (NULL: all of it), without the hyphens; -1: none. */
int vfp_option_find(const char *name, const char *end);

extern const struct vfp_cmd *const vfp_cmd_tables[];
extern const size_t vfp_n_cmd_tables;
/* @verb may be NULL.  @ret_n_words: how many words name the command.  NULL: there is none. */
const struct vfp_cmd *vfp_cmd_find(const char *noun, const char *verb, int *ret_n_words);

/* The tables, each closed by a row without noun. */
extern const struct vfp_cmd vfp_cmds_doctor[];
extern const struct vfp_cmd vfp_cmds_pf[];
extern const struct vfp_cmd vfp_cmds_pool[];
extern const struct vfp_cmd vfp_cmds_import[]; /* of the noun pool, too */
extern const struct vfp_cmd vfp_cmds_portgroup[];
extern const struct vfp_cmd vfp_cmds_vf[];
extern const struct vfp_cmd vfp_cmds_domain[];
extern const struct vfp_cmd vfp_cmds_attach[]; /* of the noun domain, too */
extern const struct vfp_cmd vfp_cmds_limits[]; /* as well */
extern const struct vfp_cmd vfp_cmds_lease[];
extern const struct vfp_cmd vfp_cmds_claim[];
extern const struct vfp_cmd vfp_cmds_release[];
extern const struct vfp_cmd vfp_cmds_who[];
extern const struct vfp_cmd vfp_cmds_journal[];
extern const struct vfp_cmd vfp_cmds_check[];
extern const struct vfp_cmd vfp_cmds_metrics[];
extern const struct vfp_cmd vfp_cmds_graph[];
extern const struct vfp_cmd vfp_cmds_top[];

/* Opens the database for this call.  For READ a missing one is no error: ctx->pool stays NULL, and
 * a list is empty. */
int vfp_ctx_pool(struct vfp_ctx *ctx, enum vfp_pool_mode mode, struct vfp_err *err);

/* The file that a command is given, "-" for stdin. */
int vfp_ctx_read(const char *path, size_t max, char **ret_text, size_t *ret_size,
		 struct vfp_err *err);

/* The VFs of the pools, or of --pool, as Nova's PciDevice; or those that are leased as Neutron's
 * ports. */
enum vfp_openstack_list { VFP_OPENSTACK_VFS, VFP_OPENSTACK_PORTS };
int vfp_ctx_openstack(struct vfp_ctx *ctx, enum vfp_openstack_list list, struct vfp_err *err);
/* What was claimed just now, as Neutron's ports. */
void vfp_ctx_openstack_claims(struct vfp_ctx *ctx, const struct vfp_claim *claims, size_t n);

/* The moment that a time option names, 0 when it is not given: "2026-11-23", "2026-11-23 14:05"
 * (:30), "14:05" (today), all local; "2026-11-23T14:05:30Z", as JSON has it; "10m" (s, m, h, d) ago;
 * or seconds since 1970. */
int vfp_ctx_time(const struct vfp_ctx *ctx, enum vfp_opt opt, int64_t *ret_ms, struct vfp_err *err);

/* Where vfp_trial() could try nothing (pool/trial.h), for the user; NULL and "" nowhere. */
void vfp_ctx_print_untried(const char *untried);

/* After a change of a pool or of its port group @portgroup (NULL: perhaps all): what follows it,
 * and with --live what runs; prints what there is to say.  -EIO: not all that runs could be
 * changed. */
int vfp_ctx_follow(struct vfp_ctx *ctx, const char *pool, const char *portgroup,
		   struct vfp_err *err);

static inline bool vfp_ctx_json(const struct vfp_ctx *ctx)
{
	return ctx->opts[VFP_OPT_JSON];
}
