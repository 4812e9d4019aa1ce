/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain of libvirt's as the table of what may be done sees it (service/limits.h).
 */
#pragma once

#include "pool/pool.h"
#include "service/limits.h"

/* @uri: as vfp_libvirt_open() takes it.  @key: the domain's name or UUID.  Needs no database.
 * -ENOENT: no such domain; -ENOTCONN: libvirt does not answer. */
int vfp_situation_read(const struct vfp_host *host, const char *uri, const char *key,
		       struct vfp_situation *ret, struct vfp_owner *ret_owner, struct vfp_err *err);
