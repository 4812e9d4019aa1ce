/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Linked into a program of ours, in front of libvirt's library: the calls that service/libvirt.c
 * makes, of which one can be made to fail, or to meet a libvirtd that has just died.
 *
 *	FAIL_LIBVIRT=N		the N-th call fails, and is not made
 *	END_LIBVIRTD=N		before the N-th call is made libvirtd is killed
 *	FAIL_LIBVIRT_LOG=FILE	each call's name is added to FILE
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_uint n_calls;
static _Thread_local bool has_failed;

/* Whether the N-th call is the one that @variable names. */
static bool is_wanted(const char *variable, unsigned int n)
{
	const char *wanted = getenv(variable);

	return wanted && strtoul(wanted, NULL, 10) == n;
}

/* Dead when it returns, with its sockets, also where nobody has waited for it yet. */
static void end_libvirtd(void)
{
	FILE *file = fopen("/run/libvirtd.pid", "r");
	struct pollfd end = {.events = POLLIN};
	int pid = 0;

	if (!file || fscanf(file, "%d", &pid) != 1)
		abort();
	fclose(file);
	end.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (end.fd < 0 || kill(pid, SIGKILL) < 0 || poll(&end, 1, -1) != 1)
		abort();
	close(end.fd);
}

/* Counts a call; true: it is the one that fails. */
static bool fails(const char *name)
{
	const char *log = getenv("FAIL_LIBVIRT_LOG");
	const unsigned int n = atomic_fetch_add(&n_calls, 1) + 1;
	char line[64];
	int fd = log ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;

	if (is_wanted("END_LIBVIRTD", n))
		end_libvirtd();
	has_failed = is_wanted("FAIL_LIBVIRT", n);
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
