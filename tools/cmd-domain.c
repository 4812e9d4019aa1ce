/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vfpool domain: definitions with NICs in a pool. */

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "service/bind.h"
#include "service/libvirt.h"
#include "service/rebind.h"
#include "tools/cmd.h"
#include "tools/print.h"
#include "xml/domain.h"

VFP_DEFINE_AUTO(libvirt, struct vfp_libvirt *, vfp_libvirt_close)
VFP_DEFINE_AUTO(domain, struct vfp_domain *, vfp_domain_free)

/* The UUID of the domain that libvirt knows by the name in @text: a file without <uuid> means that
 * one.  "" when there is none, or when the text says one itself. */
static void uuid_of_name(struct vfp_libvirt *libvirt, const char *text, size_t size,
			 char ret_uuid[VFP_UUID_SIZE]);
static int print_bound(const struct vfp_owner *owner, bool is_bound, const char *done);

/* Database and libvirt. */
static int open_both(struct vfp_ctx *ctx, struct vfp_libvirt **ret_libvirt, struct vfp_err *err)
{
	int rc = vfp_ctx_pool(ctx, VFP_POOL_WRITE, err);

	return rc < 0 ? rc : vfp_libvirt_open(ctx->opts[VFP_OPT_CONNECT], ret_libvirt, err);
}

static int domain_define(struct vfp_ctx *ctx, struct vfp_err *err)
{
	vfp_auto(libvirt) libvirt = NULL;
	vfp_autofree char *text = NULL;
	char uuid[VFP_UUID_SIZE];
	struct vfp_owner owner;
	bool is_bound;
	size_t size;
	int rc;

	rc = vfp_ctx_read(ctx->args[0], VFP_XML_MAX, &text, &size, err);
	if (rc == 0)
		rc = open_both(ctx, &libvirt, err);
	if (rc < 0)
		return rc;
	uuid_of_name(libvirt, text, size, uuid);
	rc = vfp_define(ctx->pool, libvirt, text, *uuid ? uuid : NULL, &owner, &is_bound, err);
	return rc < 0 ? rc : print_bound(&owner, is_bound, "defined");
}

/* Binds what libvirt has.  @ret_is_bound: a NIC of it is a pool's. */
static int bind_anew(struct vfp_ctx *ctx, struct vfp_libvirt *libvirt, struct vfp_owner *ret_owner,
		     bool *ret_is_bound, struct vfp_err *err)
{
	vfp_autofree struct vfp_port *ports = NULL;
	size_t n = 0;
	int rc = vfp_rebind(ctx->pool, libvirt, ctx->args[0], ret_owner, err);

	if (rc == 0)
		rc = vfp_pool_ports(ctx->pool, ret_owner->uuid, &ports, &n, err);
	if (rc == 0)
		*ret_is_bound = n;
	return rc;
}

static int domain_bind(struct vfp_ctx *ctx, struct vfp_err *err)
{
	vfp_auto(libvirt) libvirt = NULL;
	struct vfp_owner owner;
	bool is_bound;
	int rc = open_both(ctx, &libvirt, err);

	if (rc == 0)
		rc = bind_anew(ctx, libvirt, &owner, &is_bound, err);
	return rc < 0 ? rc : print_bound(&owner, is_bound, "bound");
}

static int domain_unbind(struct vfp_ctx *ctx, struct vfp_err *err)
{
	vfp_auto(libvirt) libvirt = NULL;
	int rc = open_both(ctx, &libvirt, err);

	if (rc == 0)
		rc = vfp_unbind(ctx->pool, libvirt, ctx->args[0], err);
	if (rc == 0)
		printf("domain %s is as it was before vfpool, and is left alone\n", ctx->args[0]);
	return rc;
}

static int domain_start(struct vfp_ctx *ctx, struct vfp_err *err)
{
	vfp_auto(libvirt) libvirt = NULL;
	struct vfp_owner owner;
	bool is_bound;
	int rc = open_both(ctx, &libvirt, err);

	if (rc == 0)
		rc = bind_anew(ctx, libvirt, &owner, &is_bound, err);
	if (rc == 0)
		rc = vfp_libvirt_start(libvirt, owner.uuid, err);
	return rc < 0 ? rc : print_bound(&owner, is_bound, "started");
}

static int domain_rewrite(struct vfp_ctx *ctx, struct vfp_err *err)
{
	vfp_autofree char *text = NULL, *bound = NULL;
	struct vfp_owner owner;
	size_t size;
	int rc;

	rc = vfp_ctx_read(ctx->args[0] ? ctx->args[0] : "-", VFP_XML_MAX, &text, &size, err);
	if (rc == 0)
		rc = vfp_ctx_pool(ctx, VFP_POOL_WRITE, err);
	if (rc == 0)
		rc = vfp_bind(ctx->pool, NULL, text, size, NULL, &owner, &bound, err);
	if (rc < 0)
		return rc;
	if (bound)
		fputs(bound, stdout);
	else
		fwrite(text, 1, size, stdout);
	return 0;
}

static const char *trouble_of(const struct vfp_trouble *troubles, size_t n, const char *uuid)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(troubles[i].owner.uuid, uuid))
			return troubles[i].reason;
	return "";
}

static bool has_port(const struct vfp_port *ports, size_t n, const char *uuid)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(ports[i].owner.uuid, uuid))
			return true;
	return false;
}

static int domain_list(struct vfp_ctx *ctx, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		{"DOMAIN", "domain"},
		{"UUID", "uuid"},
		{"MAC", "mac"},
		{"POOL", "pool"},
		{"PORT GROUP", "portgroup"},
		{"BOUND TO", "vf"},
		{"PINNED", "pinned"},
		{"TROUBLE", "trouble"},
	};
	vfp_autofree struct vfp_trouble *troubles = NULL;
	vfp_autofree struct vfp_port *ports = NULL;
	char mac[VFP_MAC_SIZE], vf[VFP_VF_SIZE];
	struct vfp_print *p;
	size_t n = 0, n_troubles = 0;
	int rc;

	rc = vfp_ctx_pool(ctx, VFP_POOL_READ, err);
	if (rc == 0 && ctx->pool)
		rc = vfp_pool_ports(ctx->pool, NULL, &ports, &n, err);
	if (rc == 0 && ctx->pool)
		rc = vfp_pool_troubles(ctx->pool, &troubles, &n_troubles, err);
	if (rc < 0)
		return rc;
	p = vfp_print_begin(columns, VFP_N(columns), vfp_ctx_json(ctx));
	for (size_t i = 0; i < n; i++) {
		vfp_print_text(p, "%s", ports[i].owner.name);
		vfp_print_text(p, "%s", ports[i].owner.uuid);
		vfp_print_text(p, "%s", vfp_mac_format(&ports[i].mac, mac));
		vfp_print_text(p, "%s", ports[i].pool);
		vfp_print_text(p, "%s", ports[i].portgroup);
		vfp_print_text(p, "%s", *ports[i].vf.pf ? vfp_vf_format(&ports[i].vf, vf) : "");
		vfp_print_bool(p, ports[i].is_pinned);
		vfp_print_text(p, "%s", trouble_of(troubles, n_troubles, ports[i].owner.uuid));
	}
	/* Those that got no port at all. */
	for (size_t i = 0; i < n_troubles; i++) {
		if (has_port(ports, n, troubles[i].owner.uuid))
			continue;
		vfp_print_text(p, "%s", troubles[i].owner.name);
		vfp_print_text(p, "%s", troubles[i].owner.uuid);
		for (size_t k = 0; k < 5; k++)
			vfp_print_text(p, "%s", "");
		vfp_print_text(p, "%s", troubles[i].reason);
	}
	vfp_print_end(p);
	return 0;
}

const struct vfp_cmd vfp_cmds_domain[] = {
	{"domain", "define", "FILE [--connect URI]", 1, 1, VFP_TAKES(CONNECT), 0, domain_define,
	 "Give the pool NICs of a domain's XML their VFs and define it; \"-\" reads stdin."},
	{"domain", "start", "DOMAIN [--connect URI]", 1, 1, VFP_TAKES(CONNECT), 0, domain_start,
	 "Bind a domain to free VFs and start it."},
	{"domain", "bind", "DOMAIN [--connect URI]", 1, 1, VFP_TAKES(CONNECT), 0, domain_bind,
	 "Bind the definition that libvirt has, or bind it anew."},
	{"domain", "unbind", "DOMAIN [--connect URI]", 1, 1, VFP_TAKES(CONNECT), 0, domain_unbind,
	 "Make a definition again what it was before, and leave it alone until it is bound or its NICs are edited."},
	{"domain", "rewrite", "[FILE]", 0, 1, 0, 0, domain_rewrite,
	 "A filter: domain XML in, bound XML out; records the ports as define does."},
	{"domain", "list", "[--json]", 0, 0, VFP_TAKES(JSON), 0, domain_list,
	 "The NICs of all domains that are in a pool, and why one could not be bound."},
	{0},
};

static void uuid_of_name(struct vfp_libvirt *libvirt, const char *text, size_t size,
			 char ret_uuid[VFP_UUID_SIZE])
{
	vfp_auto(domain) dom = NULL, known = NULL;
	vfp_autofree char *definition = NULL;

	ret_uuid[0] = '\0';
	if (vfp_domain_read(text, size, &dom, NULL) < 0 || *vfp_domain_uuid(dom) ||
	    vfp_libvirt_definition(libvirt, vfp_domain_name(dom), &definition, NULL) < 0 ||
	    vfp_domain_read(definition, strlen(definition), &known, NULL) < 0)
		return;
	vfp_copy(ret_uuid, VFP_UUID_SIZE, vfp_domain_uuid(known));
}

static int print_bound(const struct vfp_owner *owner, bool is_bound, const char *done)
{
	printf("domain %s %s%s\n", owner->name, done,
	       is_bound ? "" : " (no NIC of it is in a pool)");
	return 0;
}
