/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Made-up bindings for the NICs of any domain, and the promises of xml/domain.h checked on it: for
 * the tests, the corpus and the fuzzer.
 *
 * The bindings are a function of the document alone: NIC i gets VF i below 0000:01:10.0, and the
 * VLAN is its port group's: red 200, trunk none, all others 100.  Only the pools "managed0"
 * and "migrating0" do not park their VFs; those of the latter could migrate.
 */
#pragma once

#include "xml/domain.h"

struct bind_all {
	size_t n;
	size_t nics[VFP_MAX_NICS];
	struct vfp_binding bindings[VFP_MAX_NICS];
};

/* For each NETWORK and BOUND NIC of @pool, NULL: of all. */
void bind_all(const struct vfp_domain *dom, const char *pool, struct bind_all *ret_bind);

enum bind_outcome {
	BIND_UNREAD,  /* no domain, or a broken one: @err says why */
	BIND_NOTHING, /* no NIC concerns the pool, and the text came out as it was */
	BIND_REFUSED, /* by name: @err says why */
	BIND_DONE,
	BIND_BROKEN, /* a promise is broken: @err says which */
	BIND_N_OUTCOMES
};

/* Reads, rewrites, reads again, rewrites again, undoes.  With @is_strict the undone document must
 * also mean what the first one meant, element by element; only a document that libvirt would take
 * can be held to that. */
enum bind_outcome bind_check(const char *text, size_t size, const char *pool, bool is_strict,
			     struct vfp_err *err);
