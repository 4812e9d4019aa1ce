/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the tests of pool/ share: a host with VFs, a pool on it, and shorthands for domains, NICs
 * and VFs.
 *
 *	static int setup(void **state) { return pool_fixture_setup(state, NULL); }
 *
 * makes tests/fake-sysfs.h's two PFs ens1f0 and ens1f1 with four VFs each (VF n of ens1f0 is
 * 0000:01:1x), a clock that stands at 2026-11-22 12:03 UTC, an open and empty database, and a
 * libvirt daemon with pid 700.
 */
#pragma once

#include "pool/pool.h"
#include "tests/fake-kernel.h"
#include "tests/fake-sysfs.h"

#define FIXTURE_NOW   INT64_C(1795348980000) /* 2026-11-22 12:03:00 UTC */
#define FIXTURE_N_VFS 4

struct pool_fixture {
	struct vfp_host host;
	struct vfp_pool *pool;
	struct vfp_err err;
};

extern const struct vfp_process fixture_daemon;

/* @driver: of both PFs; NULL: igb. */
int pool_fixture_setup(void **state, const char *driver);
int pool_fixture_teardown(void **state);
/* Closes the database and opens it again in @mode. */
void fixture_reopen(struct pool_fixture *fixture, enum vfp_pool_mode mode);
/* The host starts anew: another boot id, and no process of before. */
void fixture_reboot(struct pool_fixture *fixture);

/* A pool of both PFs, each with the range @vfs, and three port groups: "plain" (default), "blue"
 * (VLAN 100, qos 2, trust, 1000 Mbit/s) and "trunk". */
struct vfp_pooldef fixture_def(const char *name, const char *vfs);
/* Defines the pool "sriov0" so. */
void fixture_define(struct pool_fixture *fixture, const char *vfs);

/* Domain "web@n", and what goes with the number. */
struct vfp_owner fixture_owner(unsigned int n);
struct vfp_mac fixture_mac(unsigned int n); /* 52:54:00:00:00:n */
/* At its present address. */
struct vfp_vf fixture_vf(const char *dev, unsigned int index);
struct vfp_want fixture_want(unsigned int mac, const char *portgroup); /* of sriov0; @mac 0: none */

/* Binds domain @n with one NIC, MAC @n and port group @portgroup; aborts the test when it fails. */
struct vfp_binding fixture_bind(struct pool_fixture *fixture, unsigned int n,
				const char *portgroup);
/* Asks for what was bound, as a hook does. */
struct vfp_ask fixture_ask(const struct vfp_binding *binding);
/* Binds and leases. */
struct vfp_lease fixture_lease(struct pool_fixture *fixture, unsigned int n, const char *portgroup);

/* How many lines with this event the journal has. */
size_t fixture_events(struct pool_fixture *fixture, const char *event);

/* Fails the test unless the call gave -@code and words with @words in them. */
#define assert_refused(fixture, rc, number, words)                                \
	do {                                                                      \
		assert_int_equal((rc), -(number));                                \
		assert_int_equal((fixture)->err.code, (number));                  \
		if (!strstr((fixture)->err.msg, (words)))                         \
			fail_msg("'%s' lacks '%s'", (fixture)->err.msg, (words)); \
	} while (0)
#define assert_done(fixture, rc)                            \
	do {                                                \
		if ((rc) != 0)                              \
			fail_msg("%s", (fixture)->err.msg); \
	} while (0)
