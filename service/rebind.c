/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Binds the definition that libvirt has, anew. */

#include "service/rebind.h"

#include <string.h>

#include "base/cleanup.h"
#include "service/bind.h"
#include "xml/domain.h"

VFP_DEFINE_AUTO(domain, struct vfp_domain *, vfp_domain_free)

static int forget(struct vfp_pool *pool, struct vfp_libvirt *libvirt, const char *text,
		  const struct vfp_owner *owner, struct vfp_err *err);

int vfp_rebind(struct vfp_pool *pool, struct vfp_libvirt *libvirt, const char *uuid,
	       struct vfp_err *err)
{
	vfp_autofree char *text = NULL, *bound = NULL;
	struct vfp_owner owner;
	int rc = vfp_libvirt_definition(libvirt, uuid, &text, err);

	if (rc == 0)
		rc = vfp_bind(pool, text, strlen(text), NULL, &owner, &bound, err);
	if (rc < 0)
		return rc;
	if (!bound)
		return forget(pool, libvirt, text, &owner, err);
	if (strcmp(text, bound) != 0)
		rc = vfp_libvirt_define(libvirt, bound, err);
	return rc < 0 ? rc : vfp_pool_seen(pool, &owner, err);
}

static int forget(struct vfp_pool *pool, struct vfp_libvirt *libvirt, const char *text,
		  const struct vfp_owner *owner, struct vfp_err *err)
{
	const struct vfp_want none = {.pool = ""};
	vfp_auto(domain) dom = NULL;
	vfp_autofree char *undone = NULL;
	struct vfp_binding unused;
	int rc = vfp_domain_read(text, strlen(text), &dom, err);

	if (rc < 0)
		return rc;
	rc = vfp_domain_undo(dom, &undone, err);
	if (rc == 0)
		rc = vfp_libvirt_define(libvirt, undone, err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	return vfp_pool_bind(pool, owner, &none, 0, "", &unused, err);
}
