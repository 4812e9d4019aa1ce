/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Linked into a program of ours, in front of libvirt's library: the calls that service/libvirt.c
 * makes, of which one can be made to fail.
 *
 *	FAIL_LIBVIRT=N		the N-th call fails, and is not made
 *	FAIL_LIBVIRT_LOG=FILE	each call's name is added to FILE
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_uint n_calls;
static _Thread_local bool has_failed;

/* Counts a call; true: it is the one. */
static bool fails(const char *name)
{
	const char *wanted = getenv("FAIL_LIBVIRT"), *log = getenv("FAIL_LIBVIRT_LOG");
	const unsigned int n = atomic_fetch_add(&n_calls, 1) + 1;
	char line[64];
	int fd = log ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

	has_failed = wanted && strtoul(wanted, NULL, 10) == n;
	snprintf(line, sizeof(line), "%s%s\n", name, has_failed ? " fails" : "");
	if (fd >= 0 && write(fd, line, strlen(line)) < 0)
		abort();
	if (fd >= 0)
		close(fd);
	return has_failed;
}

static void *next_of(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (!found)
		abort();
	return found;
}

/* One that gives @failure when it fails. */
#define CALL(type, failure, name, parameters, arguments)          \
	type name parameters                                      \
	{                                                         \
		static __typeof__(name) *next;                    \
                                                                  \
		if (!next)                                        \
			next = (__typeof__(next))next_of(#name);  \
		return fails(#name) ? (failure) : next arguments; \
	}

CALL(virConnectPtr, NULL, virConnectOpen, (const char *name), (name))
CALL(int, -1, virConnectGetVersion, (virConnectPtr conn, unsigned long *version), (conn, version))
CALL(int, -1, virConnectDomainEventRegisterAny,
     (virConnectPtr conn, virDomainPtr domain, int event,
      virConnectDomainEventGenericCallback callback, void *opaque, virFreeCallback free_it),
     (conn, domain, event, callback, opaque, free_it))
CALL(int, -1, virConnectRegisterCloseCallback,
     (virConnectPtr conn, virConnectCloseFunc callback, void *opaque, virFreeCallback free_it),
     (conn, callback, opaque, free_it))
CALL(int, -1, virConnectListAllDomains,
     (virConnectPtr conn, virDomainPtr **domains, unsigned int flags), (conn, domains, flags))
CALL(virDomainPtr, NULL, virDomainLookupByName, (virConnectPtr conn, const char *name),
     (conn, name))
CALL(virDomainPtr, NULL, virDomainLookupByUUIDString, (virConnectPtr conn, const char *uuid),
     (conn, uuid))
CALL(int, -1, virDomainAttachDeviceFlags,
     (virDomainPtr domain, const char *xml, unsigned int flags), (domain, xml, flags))
CALL(int, -1, virDomainDetachDeviceFlags,
     (virDomainPtr domain, const char *xml, unsigned int flags), (domain, xml, flags))
CALL(int, -1, virDomainUpdateDeviceFlags,
     (virDomainPtr domain, const char *xml, unsigned int flags), (domain, xml, flags))
CALL(int, -1, virDomainCreate, (virDomainPtr domain), (domain))
CALL(virDomainPtr, NULL, virDomainDefineXMLFlags,
     (virConnectPtr conn, const char *xml, unsigned int flags), (conn, xml, flags))
CALL(int, -1, virDomainUndefineFlags, (virDomainPtr domain, unsigned int flags), (domain, flags))
CALL(int, -1, virDomainGetAutostart, (virDomainPtr domain, int *autostart), (domain, autostart))
CALL(char *, NULL, virDomainGetXMLDesc, (virDomainPtr domain, unsigned int flags), (domain, flags))
CALL(int, -1, virDomainHasManagedSaveImage, (virDomainPtr domain, unsigned int flags),
     (domain, flags))
CALL(char *, NULL, virDomainManagedSaveGetXMLDesc, (virDomainPtr domain, unsigned int flags),
     (domain, flags))
CALL(int, -1, virDomainIsActive, (virDomainPtr domain), (domain))
CALL(int, -1, virDomainIsPersistent, (virDomainPtr domain), (domain))

virErrorPtr virGetLastError(void)
{
	static char words[] = "this call was made to fail";
	static virError made = {.code = VIR_ERR_INTERNAL_ERROR, .message = words};
	static virErrorPtr (*next)(void);

	if (!next)
		next = (virErrorPtr(*)(void))next_of("virGetLastError");
	return has_failed ? &made : next();
}
