/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool domain attach, detach, pin: one NIC of a domain that there is. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "service/hotplug.h"
#include "service/rebind.h"
#include "tools/cmd.h"

#define DETACH_TIMEOUT_MS 30000

/* What the three of them begin with. */
struct session {
	struct vfp_libvirt *libvirt;
	struct vfp_libvirt_domain *domain; /* one */
	size_t n;
	bool live, config;
	struct vfp_mac mac;
};

static void session_close(struct session *session)
{
	vfp_libvirt_domains_free(session->domain, session->n);
	vfp_libvirt_close(session->libvirt);
}
VFP_DEFINE_AUTO(session, struct session *, session_close)

/* virsh's habit: what is not said means what runs, and the definition of a domain that is off. */
static int session_open(struct vfp_ctx *ctx, struct session *session, struct vfp_err *err)
{
	int rc = 0;

	if (ctx->opts[VFP_OPT_MAC]) {
		rc = vfp_mac_parse(ctx->opts[VFP_OPT_MAC], &session->mac);
		if (rc < 0)
			return vfp_fail(err, EINVAL, "--mac %s: not a MAC address",
					ctx->opts[VFP_OPT_MAC]);
	}
	rc = vfp_ctx_pool(ctx, VFP_POOL_WRITE, err);
	if (rc == 0)
		rc = vfp_libvirt_open(ctx->opts[VFP_OPT_CONNECT], &session->libvirt, err);
	if (rc == 0)
		rc = vfp_libvirt_domains(session->libvirt, ctx->args[0], &session->domain,
					 &session->n, err);
	if (rc < 0)
		return rc;
	if (!session->n)
		return vfp_fail(err, ENOENT, "domain %s is gone", ctx->args[0]);
	session->live = ctx->opts[VFP_OPT_LIVE];
	session->config = ctx->opts[VFP_OPT_CONFIG];
	if (!session->live && !session->config) {
		session->live = session->domain->live;
		session->config = !session->live;
	}
	if (session->live && !session->domain->live)
		return vfp_fail(err, EPERM, "domain %s does not run", session->domain->name);
	if (session->config && !session->domain->definition)
		return vfp_fail(err, EPERM,
				"domain %s has no definition: it was created, not defined",
				session->domain->name);
	return 0;
}

static int read_want(struct vfp_ctx *ctx, struct session *session, struct vfp_want *ret,
		     struct vfp_err *err)
{
	const char *pool = ctx->opts[VFP_OPT_POOL], *group = ctx->opts[VFP_OPT_PORTGROUP];
	vfp_autofree struct vfp_port *ports = NULL;
	size_t n = 0;
	int rc = vfp_name_check("pool", pool, err);

	if (rc == 0 && group)
		rc = vfp_name_check("port group", group, err);
	if (rc < 0)
		return rc;
	/* Without one: that of the place behind the NICs that the domain has. */
	if (!ctx->opts[VFP_OPT_MAC]) {
		rc = vfp_pool_ports(ctx->pool, session->domain->uuid, &ports, &n, err);
		if (rc == 0)
			rc = vfp_pool_make_mac(ctx->pool, session->domain->uuid, n, &session->mac,
					       err);
		if (rc < 0)
			return rc;
	}
	*ret = (struct vfp_want){.mac = session->mac};
	vfp_copy(ret->pool, sizeof(ret->pool), pool);
	vfp_copy(ret->portgroup, sizeof(ret->portgroup), group ? group : "");
	return 0;
}

/* Whether it runs with that very NIC: an attach to both was cut short behind its first half, and is
 * asked for again. */
static bool runs_with(struct vfp_ctx *ctx, const struct session *session,
		      const struct vfp_want *want)
{
	vfp_autofree struct vfp_lease *leases = NULL;
	size_t n = 0;

	vfp_pool_leases(ctx->pool, session->domain->uuid, &leases, &n, NULL);
	for (size_t i = 0; i < n; i++)
		if (vfp_mac_equal(&leases[i].mac, &want->mac))
			return !strcmp(leases[i].pool, want->pool) &&
			       (!*want->portgroup ||
				!strcmp(leases[i].portgroup, want->portgroup));
	return false;
}

static int domain_attach(struct vfp_ctx *ctx, struct vfp_err *err)
{
	struct session opened = {.libvirt = NULL};
	vfp_auto(session) session = &opened;
	char mac[VFP_MAC_SIZE], vf[VFP_VF_SIZE];
	struct vfp_hotplug plug;
	struct vfp_want want;
	struct vfp_vf got;
	int rc = session_open(ctx, session, err);

	if (rc == 0)
		rc = read_want(ctx, session, &want, err);
	if (rc < 0)
		return rc;
	plug = (struct vfp_hotplug){ctx->pool, session->libvirt, session->domain};
	vfp_mac_format(&want.mac, mac);
	if (session->live)
		rc = vfp_attach_live(&plug, &want, &got, err);
	if (rc == 0 && session->live)
		printf("%s has %s, on VF %s\n", session->domain->name, mac,
		       vfp_vf_format(&got, vf));
	if (rc == -EEXIST && session->config && runs_with(ctx, session, &want))
		rc = 0;
	if (rc == 0 && session->config) {
		rc = vfp_attach_config(&plug, &want, err);
		if (rc < 0 && session->live)
			return vfp_fail_in(err, rc, "it runs with it, but the definition");
	}
	if (rc == 0 && session->config)
		printf("the definition of %s has %s\n", session->domain->name, mac);
	return rc;
}

static int domain_detach(struct vfp_ctx *ctx, struct vfp_err *err)
{
	struct session opened = {.libvirt = NULL};
	vfp_auto(session) session = &opened;
	struct vfp_hotplug plug;
	int rc = session_open(ctx, session, err);

	if (rc < 0)
		return rc;
	plug = (struct vfp_hotplug){ctx->pool, session->libvirt, session->domain};
	/* The definition first: the port ends with the one that is last to have it.  Where it has
	 * none of it, a detach from both was cut short. */
	if (session->config) {
		rc = vfp_detach_config(&plug, &session->mac, err);
		if (rc < 0 && !(rc == -ENOENT && session->live))
			return rc;
		if (rc == 0)
			printf("the definition of %s is without %s\n", session->domain->name,
			       ctx->opts[VFP_OPT_MAC]);
		free(VFP_TAKE(session->domain->definition));
	}
	if (session->live)
		rc = vfp_detach_live(&plug, &session->mac, DETACH_TIMEOUT_MS, err);
	if (rc == 0 && session->live)
		printf("%s runs without %s; its VF is scrubbed and free\n", session->domain->name,
		       ctx->opts[VFP_OPT_MAC]);
	return rc;
}

/* What may keep the domain from starting on the VF that it is pinned to. */
static int print_rivals(struct vfp_ctx *ctx, const struct session *session, const struct vfp_vf *vf,
			struct vfp_err *err)
{
	vfp_autofree struct vfp_port *ports = NULL;
	struct vfp_vf_state state;
	size_t n;
	int rc = vfp_pool_ports(ctx->pool, NULL, &ports, &n, err);

	if (rc == 0)
		rc = vfp_pool_vf_state(ctx->pool, vf, &state, err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		if (ports[i].is_pinned && ports[i].vf.index == vf->index &&
		    !strcmp(ports[i].vf.pf, vf->pf) &&
		    strcmp(ports[i].owner.uuid, session->domain->uuid) != 0)
			printf("%s is pinned to it, too: one of the two can run at a time\n",
			       ports[i].owner.name);
	if (state.is_faulty || state.is_held)
		printf("it cannot start on it now: the VF is %s: %s\n",
		       state.is_faulty ? "faulty" : "held for the host", state.reason);
	if (session->domain->live)
		puts("it runs on as it is until it stops");
	return 0;
}

static int domain_pin(struct vfp_ctx *ctx, struct vfp_err *err)
{
	struct session opened = {.libvirt = NULL};
	vfp_auto(session) session = &opened;
	const char *where = ctx->opts[VFP_OPT_VF];
	const bool is_auto = !strcmp(where, "auto");
	struct vfp_vf vf;
	int rc;

	if (!is_auto && vfp_vf_parse(where, &vf) < 0)
		return vfp_fail(err, EINVAL, "--vf %s: PF#NUMBER or auto was expected", where);
	rc = session_open(ctx, session, err);
	if (rc == 0)
		rc = vfp_pool_pin(ctx->pool, session->domain->uuid, &session->mac,
				  is_auto ? NULL : &vf, err);
	if (rc == 0)
		rc = vfp_rebind(ctx->pool, session->libvirt, session->domain->uuid, NULL, err);
	if (rc < 0)
		return rc;
	printf("%s of %s: %s%s\n", ctx->opts[VFP_OPT_MAC], session->domain->name,
	       is_auto ? "any VF of its pool" : "pinned to VF ", is_auto ? "" : where);
	return is_auto ? 0 : print_rivals(ctx, session, &vf, err);
}

#define WHERE (VFP_TAKES(LIVE) | VFP_TAKES(CONFIG) | VFP_TAKES(CONNECT))

const struct vfp_cmd vfp_cmds_attach[] = {
	{"domain", "attach",
	 "DOMAIN --pool POOL [--portgroup GROUP] [--mac MAC] [--live] [--config] [--connect URI]",
	 1, 1, WHERE | VFP_TAKES(POOL) | VFP_TAKES(PORTGROUP) | VFP_TAKES(MAC), VFP_TAKES(POOL),
	 domain_attach,
	 "Give a domain one more NIC of a pool: the running one, or else its definition."},
	{"domain", "detach", "DOMAIN --mac MAC [--live] [--config] [--connect URI]", 1, 1,
	 WHERE | VFP_TAKES(MAC), VFP_TAKES(MAC), domain_detach,
	 "Take a NIC away again, and scrub its VF when the guest has let it go."},
	{"domain", "pin", "DOMAIN --mac MAC --vf PF#N|auto [--connect URI]", 1, 1,
	 VFP_TAKES(MAC) | VFP_TAKES(VF) | VFP_TAKES(CONNECT), VFP_TAKES(MAC) | VFP_TAKES(VF),
	 domain_pin, "Keep a NIC to one VF, from the next start on; auto: to any."},
	{0},
};
