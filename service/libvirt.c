/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The door to libvirt. */

#include "service/libvirt.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

struct vfp_libvirt {
	virConnectPtr conn;
};

VFP_DEFINE_AUTO(virdomain, virDomainPtr, virDomainFree)

/* libvirt's error numbers in ours; all others are -EIO. */
static const struct {
	int libvirt;
	int code;
} codes[] = {
	{VIR_ERR_NO_DOMAIN, ENOENT},	      {VIR_ERR_HOOK_SCRIPT_FAILED, EPERM},
	{VIR_ERR_XML_ERROR, EINVAL},	      {VIR_ERR_XML_DETAIL, EINVAL},
	{VIR_ERR_XML_INVALID_SCHEMA, EINVAL}, {VIR_ERR_CONFIG_UNSUPPORTED, EINVAL},
	{VIR_ERR_NO_CONNECT, ENOTCONN},	      {VIR_ERR_AUTH_FAILED, EACCES},
	{VIR_ERR_ACCESS_DENIED, EACCES},
};

static int fail(struct vfp_err *err, const char *what);
static int find(struct vfp_libvirt *libvirt, const char *key, virDomainPtr *ret,
		struct vfp_err *err);

/* libvirt prints each error on stderr unless told not to; ours carry the words. */
static void be_quiet(void *opaque, virErrorPtr error)
{
	(void)opaque;
	(void)error;
}

int vfp_libvirt_open(const char *uri, struct vfp_libvirt **ret, struct vfp_err *err)
{
	struct vfp_libvirt *libvirt;
	virConnectPtr conn;

	uri = uri ? uri : "qemu:///system";
	virSetErrorFunc(NULL, be_quiet);
	conn = virConnectOpen(uri);
	if (!conn) {
		fail(err, "libvirt");
		return vfp_fail_in(err, -ENOTCONN, "%s", uri);
	}
	libvirt = vfp_alloc(1, sizeof(*libvirt));
	libvirt->conn = conn;
	*ret = libvirt;
	return 0;
}

void vfp_libvirt_close(struct vfp_libvirt *libvirt)
{
	if (!libvirt)
		return;
	virConnectClose(libvirt->conn);
	free(libvirt);
}

int vfp_libvirt_definition(struct vfp_libvirt *libvirt, const char *key, char **ret_text,
			   struct vfp_err *err)
{
	vfp_auto(virdomain) domain = NULL;
	char *text;
	int rc = find(libvirt, key, &domain, err);

	if (rc < 0)
		return rc;
	if (virDomainIsPersistent(domain) != 1)
		return vfp_fail(err, ENOENT,
				"domain %s has no definition: it was created, not defined", key);
	text = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
	if (!text)
		return fail(err, key);
	*ret_text = text;
	return 0;
}

int vfp_libvirt_define(struct vfp_libvirt *libvirt, const char *text, struct vfp_err *err)
{
	vfp_auto(virdomain) domain =
		virDomainDefineXMLFlags(libvirt->conn, text, VIR_DOMAIN_DEFINE_VALIDATE);

	return domain ? 0 : fail(err, "define");
}

int vfp_libvirt_start(struct vfp_libvirt *libvirt, const char *key, struct vfp_err *err)
{
	vfp_auto(virdomain) domain = NULL;
	int rc = find(libvirt, key, &domain, err);

	if (rc < 0 || virDomainIsActive(domain) == 1)
		return rc;
	return virDomainCreate(domain) == 0 ? 0 : fail(err, key);
}

/* The words of libvirt's last error, or of the hook where it was ours that refused. */
static int fail(struct vfp_err *err, const char *what)
{
	const virError *last = virGetLastError();
	const char *words = last && last->message ? last->message : "unknown error";
	const char *ours = strstr(words, "vfpool: ");
	int code = EIO;

	for (size_t i = 0; last && i < VFP_N(codes); i++)
		if (codes[i].libvirt == last->code)
			code = codes[i].code;
	if (code == EPERM && ours)
		return vfp_fail(err, code, "%.*s", (int)strcspn(ours + strlen("vfpool: "), "\n"),
				ours + strlen("vfpool: "));
	return vfp_fail(err, code, "%s: %s", what, words);
}

static int find(struct vfp_libvirt *libvirt, const char *key, virDomainPtr *ret,
		struct vfp_err *err)
{
	char uuid[VFP_UUID_SIZE];
	virDomainPtr domain = NULL;

	if (vfp_uuid_parse(key, uuid) == 0)
		domain = virDomainLookupByUUIDString(libvirt->conn, uuid);
	if (!domain)
		domain = virDomainLookupByName(libvirt->conn, key);
	if (!domain)
		return fail(err, key);
	*ret = domain;
	return 0;
}
