/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The door to libvirt. */

#include "service/libvirt.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

/* libvirt's own cast, by way of the type that a compiler takes for any function's. */
#define EVENT_CALLBACK(function) VIR_DOMAIN_EVENT_CALLBACK((void (*)(void))(function))

struct vfp_libvirt {
	virConnectPtr conn;
	vfp_libvirt_handler *handler; /* NULL: nobody watches */
	void *opaque;
	int callbacks[4];     /* their numbers, -1 none */
	virDomainPtr defined; /* the one last heard of; NULL none */
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
static void on_lifecycle(virConnectPtr conn, virDomainPtr domain, int event, int detail,
			 void *opaque);
static void on_device(virConnectPtr conn, virDomainPtr domain, const char *alias, void *opaque);
static void on_reboot(virConnectPtr conn, virDomainPtr domain, void *opaque);
static void on_close(virConnectPtr conn, int reason, void *opaque);
static bool owner_of(virDomainPtr domain, struct vfp_owner *ret_owner);
static void remember(struct vfp_libvirt *libvirt, virDomainPtr domain);
static int find(struct vfp_libvirt *libvirt, const char *key, virDomainPtr *ret,
		struct vfp_err *err);
static int find_defined(struct vfp_libvirt *libvirt, const char *key, virDomainPtr *ret,
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
	/* A daemon that has just died is an error of the call, and not our end (docs/facts). */
	signal(SIGPIPE, SIG_IGN);
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
	if (libvirt->handler) {
		virConnectUnregisterCloseCallback(libvirt->conn, on_close);
		for (size_t i = 0; i < VFP_N(libvirt->callbacks); i++)
			virConnectDomainEventDeregisterAny(libvirt->conn, libvirt->callbacks[i]);
	}
	remember(libvirt, NULL);
	virConnectClose(libvirt->conn);
	free(libvirt);
}

unsigned long vfp_libvirt_qemu_version(struct vfp_libvirt *libvirt)
{
	unsigned long version = 0;

	return virConnectGetVersion(libvirt->conn, &version) == 0 ? version : 0;
}

int vfp_libvirt_definition(struct vfp_libvirt *libvirt, const char *key, char **ret_text,
			   struct vfp_err *err)
{
	vfp_auto(virdomain) domain = NULL;
	char *text;
	int is_persistent, rc = find_defined(libvirt, key, &domain, err);

	if (rc < 0)
		return rc;
	is_persistent = virDomainIsPersistent(domain);
	if (is_persistent < 0)
		return fail(err, key);
	if (!is_persistent)
		return vfp_fail(err, ENOENT,
				"domain %s has no definition: it was created, not defined", key);
	text = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
	if (!text)
		return fail(err, key);
	*ret_text = text;
	return 0;
}

int vfp_libvirt_owner(struct vfp_libvirt *libvirt, const char *key, struct vfp_owner *ret_owner,
		      struct vfp_err *err)
{
	vfp_auto(virdomain) domain = NULL;
	int rc = find(libvirt, key, &domain, err);

	if (rc < 0)
		return rc;
	return owner_of(domain, ret_owner) ? 0 : fail(err, key);
}

int vfp_libvirt_define(struct vfp_libvirt *libvirt, const char *text, struct vfp_err *err)
{
	vfp_auto(virdomain) domain =
		virDomainDefineXMLFlags(libvirt->conn, text, VIR_DOMAIN_DEFINE_VALIDATE);

	return domain ? 0 : fail(err, "define");
}

int vfp_libvirt_is_running(struct vfp_libvirt *libvirt, const char *uuid, bool *ret_is_running,
			   struct vfp_err *err)
{
	vfp_auto(virdomain) domain = NULL;
	int is_active = 0, rc = find(libvirt, uuid, &domain, err);

	if (rc == 0)
		is_active = virDomainIsActive(domain);
	if (is_active < 0)
		rc = fail(err, uuid);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	*ret_is_running = is_active > 0;
	return 0;
}

int vfp_libvirt_is_autostart(struct vfp_libvirt *libvirt, const char *uuid, bool *ret_is,
			     struct vfp_err *err)
{
	vfp_auto(virdomain) domain = NULL;
	int is_autostart, rc = find(libvirt, uuid, &domain, err);

	if (rc < 0)
		return rc;
	if (virDomainGetAutostart(domain, &is_autostart) < 0)
		return fail(err, uuid);
	*ret_is = is_autostart;
	return 0;
}

int vfp_libvirt_start(struct vfp_libvirt *libvirt, const char *key, struct vfp_err *err)
{
	vfp_auto(virdomain) domain = NULL;
	int rc = find(libvirt, key, &domain, err);

	if (rc < 0 || virDomainIsActive(domain) == 1)
		return rc;
	return virDomainCreate(domain) == 0 ? 0 : fail(err, key);
}

int vfp_libvirt_redefine(struct vfp_libvirt *libvirt, const char *text, struct vfp_err *err)
{
	vfp_auto(virdomain) domain = virDomainDefineXMLFlags(libvirt->conn, text, 0);

	return domain ? 0 : fail(err, "define");
}

int vfp_libvirt_update(struct vfp_libvirt *libvirt, const char *uuid, const char *interface,
		       struct vfp_err *err)
{
	vfp_auto(virdomain) domain = NULL;
	int rc = find(libvirt, uuid, &domain, err);

	if (rc < 0)
		return rc;
	return virDomainUpdateDeviceFlags(domain, interface, VIR_DOMAIN_AFFECT_CONFIG) == 0
		       ? 0
		       : fail(err, uuid);
}

int vfp_libvirt_undefine(struct vfp_libvirt *libvirt, const char *uuid, struct vfp_err *err)
{
	vfp_auto(virdomain) domain = NULL;
	int rc = find(libvirt, uuid, &domain, err);

	if (rc < 0)
		return rc;
	return virDomainUndefineFlags(domain, VIR_DOMAIN_UNDEFINE_KEEP_NVRAM) == 0
		       ? 0
		       : fail(err, uuid);
}

int vfp_libvirt_live(struct vfp_libvirt *libvirt, const char *uuid, char **ret_text,
		     struct vfp_err *err)
{
	vfp_auto(virdomain) domain = NULL;
	char *text;
	int rc = find(libvirt, uuid, &domain, err);

	if (rc < 0)
		return rc;
	if (virDomainIsActive(domain) != 1)
		return vfp_fail(err, ENOENT, "domain %s does not run", uuid);
	text = virDomainGetXMLDesc(domain, 0);
	if (!text)
		return fail(err, uuid);
	*ret_text = text;
	return 0;
}

int vfp_libvirt_list(struct vfp_libvirt *libvirt, enum vfp_libvirt_which which,
		     struct vfp_owner **ret, size_t *ret_n, struct vfp_err *err)
{
	static const unsigned int flags[] = {
		[VFP_LIBVIRT_DEFINITIONS] = VIR_CONNECT_LIST_DOMAINS_PERSISTENT,
		[VFP_LIBVIRT_RUNNING] = VIR_CONNECT_LIST_DOMAINS_ACTIVE,
	};
	virDomainPtr *domains;
	struct vfp_owner *owners;
	size_t n_owners = 0;
	int n = virConnectListAllDomains(libvirt->conn, &domains, flags[which]);

	if (n < 0)
		return fail(err, "list");
	owners = vfp_alloc((size_t)n, sizeof(*owners));
	for (int i = 0; i < n; i++) {
		if (owner_of(domains[i], &owners[n_owners]))
			n_owners++;
		virDomainFree(domains[i]);
	}
	free(domains);
	*ret = owners;
	*ret_n = n_owners;
	return 0;
}

int vfp_libvirt_watch(struct vfp_libvirt *libvirt, vfp_libvirt_handler *handler, void *opaque,
		      struct vfp_err *err)
{
	static const struct {
		int id;
		virConnectDomainEventGenericCallback callback;
	} events[] = {
		{VIR_DOMAIN_EVENT_ID_LIFECYCLE, EVENT_CALLBACK(on_lifecycle)},
		{VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, EVENT_CALLBACK(on_device)},
		{VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, EVENT_CALLBACK(on_device)},
		{VIR_DOMAIN_EVENT_ID_REBOOT, EVENT_CALLBACK(on_reboot)},
	};

	libvirt->handler = handler;
	libvirt->opaque = opaque;
	memset(libvirt->callbacks, -1, sizeof(libvirt->callbacks));
	for (size_t i = 0; i < VFP_N(events); i++) {
		libvirt->callbacks[i] = virConnectDomainEventRegisterAny(
			libvirt->conn, NULL, events[i].id, events[i].callback, libvirt, NULL);
		if (libvirt->callbacks[i] < 0)
			return fail(err, "events");
	}
	if (virConnectRegisterCloseCallback(libvirt->conn, on_close, libvirt, NULL) < 0)
		return fail(err, "events");
	return 0;
}

static void on_lifecycle(virConnectPtr conn, virDomainPtr domain, int event, int detail,
			 void *opaque)
{
	struct vfp_libvirt *libvirt = opaque;
	enum vfp_libvirt_what what;
	struct vfp_owner owner;

	if (event == VIR_DOMAIN_EVENT_DEFINED && detail == VIR_DOMAIN_EVENT_DEFINED_ADDED)
		what = VFP_LIBVIRT_ADDED;
	else if (event == VIR_DOMAIN_EVENT_DEFINED ||
		 (event == VIR_DOMAIN_EVENT_STARTED &&
		  detail == VIR_DOMAIN_EVENT_STARTED_FROM_SNAPSHOT))
		what = VFP_LIBVIRT_DEFINED;
	else if (event == VIR_DOMAIN_EVENT_UNDEFINED)
		what = VFP_LIBVIRT_UNDEFINED;
	else if (event == VIR_DOMAIN_EVENT_STOPPED)
		what = VFP_LIBVIRT_STOPPED;
	else
		return;
	if (what == VFP_LIBVIRT_ADDED || what == VFP_LIBVIRT_DEFINED)
		remember(libvirt, domain);
	if (owner_of(domain, &owner))
		libvirt->handler(libvirt->opaque, what, &owner);
}

static void on_device(virConnectPtr conn, virDomainPtr domain, const char *alias, void *opaque)
{
	struct vfp_libvirt *libvirt = opaque;
	struct vfp_owner owner;

	if (owner_of(domain, &owner))
		libvirt->handler(libvirt->opaque, VFP_LIBVIRT_DEVICES, &owner);
}

static void on_reboot(virConnectPtr conn, virDomainPtr domain, void *opaque)
{
	struct vfp_libvirt *libvirt = opaque;
	struct vfp_owner owner;

	if (owner_of(domain, &owner))
		libvirt->handler(libvirt->opaque, VFP_LIBVIRT_REBOOTED, &owner);
}

static void on_close(virConnectPtr conn, int reason, void *opaque)
{
	struct vfp_libvirt *libvirt = opaque;
	const struct vfp_owner none = {.uuid = ""};

	libvirt->handler(libvirt->opaque, VFP_LIBVIRT_CLOSED, &none);
}

/* A name that does not fit is cut: it is for people, the UUID is the key. */
static bool owner_of(virDomainPtr domain, struct vfp_owner *ret_owner)
{
	if (virDomainGetUUIDString(domain, ret_owner->uuid) < 0)
		return false;
	snprintf(ret_owner->name, sizeof(ret_owner->name), "%s", virDomainGetName(domain));
	return true;
}

/* The words of libvirt's last error, or of the hook where it was ours that refused.  @what has to
 * be known before the call that failed: to ask for a domain's name takes the error away. */
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

/* Its definition is read next, and more than once: that spares asking for it by its UUID each time,
 * a way to the daemon and back. */
static void remember(struct vfp_libvirt *libvirt, virDomainPtr domain)
{
	if (domain)
		virDomainRef(domain);
	if (libvirt->defined)
		virDomainFree(libvirt->defined);
	libvirt->defined = domain;
}

/* A handle is hardly more than the UUID: one that is gone, or was made anew, is so for it too. */
static int find_defined(struct vfp_libvirt *libvirt, const char *key, virDomainPtr *ret,
			struct vfp_err *err)
{
	char uuid[VFP_UUID_SIZE];

	if (!libvirt->defined || virDomainGetUUIDString(libvirt->defined, uuid) < 0 ||
	    strcmp(key, uuid) != 0)
		return find(libvirt, key, ret, err);
	virDomainRef(libvirt->defined);
	*ret = libvirt->defined;
	return 0;
}

/* --- For check, attach and detach ----------------------------------------------------------- */

#define BUSY_PAUSE_MS  1000  /* until a guest that is busy is asked again */
#define ASK_AGAIN_MS   10000 /* until one that says nothing is */

/* A device on its way out. */
struct removal {
	const char *alias;
	bool is_due; /* to be asked for, again */
	enum { REMOVAL_WAITS, REMOVAL_DONE, REMOVAL_FAILED, REMOVAL_LATE, REMOVAL_UNHEARD } state;
};

static const unsigned int affects[] = {
	[VFP_LIBVIRT_LIVE] = VIR_DOMAIN_AFFECT_LIVE,
	[VFP_LIBVIRT_CONFIG] = VIR_DOMAIN_AFFECT_CONFIG,
};

static void clear_domain(struct vfp_libvirt_domain *domain)
{
	free(VFP_TAKE(domain->definition));
	free(VFP_TAKE(domain->live));
	free(VFP_TAKE(domain->saved));
}

static int read_domain(virDomainPtr domain, struct vfp_libvirt_domain *ret, struct vfp_err *err)
{
	int is_so;

	virDomainGetUUIDString(domain, ret->uuid);
	snprintf(ret->name, sizeof(ret->name), "%s", virDomainGetName(domain));
	is_so = virDomainIsPersistent(domain);
	if (is_so == 1)
		ret->definition = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
	if (is_so < 0 || (is_so && !ret->definition))
		return fail(err, ret->name);
	is_so = virDomainIsActive(domain);
	if (is_so == 1)
		ret->live = virDomainGetXMLDesc(domain, 0);
	if (is_so < 0 || (is_so && !ret->live))
		return fail(err, ret->name);
	is_so = virDomainHasManagedSaveImage(domain, 0);
	if (is_so == 1)
		ret->saved = virDomainManagedSaveGetXMLDesc(domain, 0);
	return is_so < 0 ? fail(err, ret->name) : 0;
}

int vfp_libvirt_domains(struct vfp_libvirt *libvirt, const char *key,
			struct vfp_libvirt_domain **ret, size_t *ret_n, struct vfp_err *err)
{
	struct vfp_libvirt_domain *domains;
	virDomainPtr *found = NULL;
	size_t n_domains = 0;
	int n = 1, rc = 0;

	if (key) {
		found = vfp_alloc(1, sizeof(virDomainPtr));
		rc = find(libvirt, key, &found[0], err);
	} else {
		n = virConnectListAllDomains(libvirt->conn, &found, 0);
		rc = n < 0 ? fail(err, "list") : 0;
	}
	if (rc < 0) {
		free(found);
		return rc;
	}
	domains = vfp_alloc((size_t)n, sizeof(*domains));
	for (int i = 0; i < n; i++) {
		struct vfp_libvirt_domain *domain = &domains[n_domains];

		if (rc == 0)
			rc = read_domain(found[i], domain, err);
		if (rc == 0 && (domain->definition || domain->live))
			n_domains++;
		else
			clear_domain(domain);
		if (rc == -ENOENT)
			rc = 0;
		virDomainFree(found[i]);
	}
	free(found);
	if (rc < 0) {
		vfp_libvirt_domains_free(domains, n_domains);
		return rc;
	}
	*ret = domains;
	*ret_n = n_domains;
	return 0;
}

void vfp_libvirt_domains_free(struct vfp_libvirt_domain *domains, size_t n)
{
	for (size_t i = 0; i < n; i++)
		clear_domain(&domains[i]);
	free(domains);
}

int vfp_libvirt_attach(struct vfp_libvirt *libvirt, const char *uuid, const char *device,
		       enum vfp_libvirt_target target, struct vfp_err *err)
{
	vfp_auto(virdomain) domain = NULL;
	int rc = find(libvirt, uuid, &domain, err);
	const char *name;

	if (rc < 0)
		return rc;
	name = virDomainGetName(domain);
	return virDomainAttachDeviceFlags(domain, device, affects[target]) == 0 ? 0
										: fail(err, name);
}

int vfp_libvirt_detach(struct vfp_libvirt *libvirt, const char *uuid, const char *device,
		       enum vfp_libvirt_target target, struct vfp_err *err)
{
	vfp_auto(virdomain) domain = NULL;
	int rc = find(libvirt, uuid, &domain, err);
	const char *name;

	if (rc < 0)
		return rc;
	name = virDomainGetName(domain);
	return virDomainDetachDeviceFlags(domain, device, affects[target]) == 0 ? 0
										: fail(err, name);
}

static void on_removed(virConnectPtr conn, virDomainPtr domain, const char *alias, void *opaque)
{
	struct removal *removal = opaque;

	if (!removal->alias || !strcmp(alias, removal->alias))
		removal->state = REMOVAL_DONE;
}

static void on_removal_failed(virConnectPtr conn, virDomainPtr domain, const char *alias,
			      void *opaque)
{
	struct removal *removal = opaque;

	if (!removal->alias || !strcmp(alias, removal->alias))
		removal->state = REMOVAL_FAILED;
}

static void on_removal_unheard(virConnectPtr conn, int reason, void *opaque)
{
	struct removal *removal = opaque;

	if (removal->state == REMOVAL_WAITS)
		removal->state = REMOVAL_UNHEARD;
}

static void on_deadline(int timer, void *opaque)
{
	struct removal *removal = opaque;

	if (removal->state == REMOVAL_WAITS)
		removal->state = REMOVAL_LATE;
}

static void on_due(int timer, void *opaque)
{
	struct removal *removal = opaque;

	removal->is_due = true;
}

/* Whether it was QEMU who refused, and the next try may work (docs/facts): the guest has the slot's
 * light blinking, or was asked less than 5 s ago. */
static bool is_busy(const virError *error)
{
	return error && error->message &&
	       (strstr(error->message, "guest is busy") ||
		strstr(error->message, "already in the process of unplug"));
}

/* Asks for the removal until it is decided, as a guest may be busy with a device that has just
 * come, or miss that it is asked. */
static int detach_and_wait(virDomainPtr domain, const char *device, struct removal *removal,
			   int timeout_ms, struct vfp_err *err)
{
	const char *name = virDomainGetName(domain);
	const int deadline = virEventAddTimeout(timeout_ms, on_deadline, removal, NULL);
	const int due = virEventAddTimeout(0, on_due, removal, NULL);
	bool is_asked = false;
	int rc = 0;

	while (rc == 0 && removal->state == REMOVAL_WAITS && virEventRunDefaultImpl() == 0) {
		const virError *error;

		if (!removal->is_due)
			continue;
		removal->is_due = false;
		virEventUpdateTimeout(due, ASK_AGAIN_MS);
		if (virDomainDetachDeviceFlags(domain, device, VIR_DOMAIN_AFFECT_LIVE) < 0) {
			error = virGetLastError();
			if (is_busy(error))
				virEventUpdateTimeout(due, BUSY_PAUSE_MS);
			else if (is_asked && error && error->code == VIR_ERR_DEVICE_MISSING)
				removal->state = REMOVAL_DONE;
			else
				rc = fail(err, name);
		}
		is_asked = true;
	}
	virEventRemoveTimeout(due);
	virEventRemoveTimeout(deadline);
	if (rc < 0)
		return rc;
	if (removal->state == REMOVAL_DONE)
		return 0;
	if (removal->state == REMOVAL_FAILED)
		return vfp_fail(err, EPERM, "%s: the guest refused to let the device go", name);
	if (removal->state == REMOVAL_UNHEARD)
		return vfp_fail(err, EIO,
				"%s: libvirt went away before the guest had let the device go",
				name);
	return vfp_fail(err, ETIMEDOUT,
			"%s: the guest has not let the device go in %d s; does it run?", name,
			timeout_ms / 1000);
}

/* On a connection of its own, since events come only to one that was opened after the loop was set
 * up. */
int vfp_libvirt_detach_wait(struct vfp_libvirt *libvirt, const char *uuid, const char *device,
			    const char *alias, int timeout_ms, struct vfp_err *err)
{
	vfp_autofree char *uri = virConnectGetURI(libvirt->conn);
	struct removal removal = {.alias = alias};
	struct vfp_libvirt own = {0};
	int done = -1, failed = -1, closed = -1, rc;
	virDomainPtr domain = NULL;

	if (virEventRegisterDefaultImpl() < 0)
		return fail(err, "event loop");
	own.conn = virConnectOpen(uri);
	if (!own.conn)
		return fail(err, "libvirt");
	rc = find(&own, uuid, &domain, err);
	if (rc == 0) {
		done = virConnectDomainEventRegisterAny(
			own.conn, domain, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
			EVENT_CALLBACK(on_removed), &removal, NULL);
		failed = virConnectDomainEventRegisterAny(
			own.conn, domain, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED,
			EVENT_CALLBACK(on_removal_failed), &removal, NULL);
		closed = virConnectRegisterCloseCallback(own.conn, on_removal_unheard, &removal,
							 NULL);
		rc = done < 0 || failed < 0 || closed < 0
			     ? fail(err, "events")
			     : detach_and_wait(domain, device, &removal, timeout_ms, err);
	}
	if (closed >= 0)
		virConnectUnregisterCloseCallback(own.conn, on_removal_unheard);
	if (done >= 0)
		virConnectDomainEventDeregisterAny(own.conn, done);
	if (failed >= 0)
		virConnectDomainEventDeregisterAny(own.conn, failed);
	if (domain)
		virDomainFree(domain);
	virConnectClose(own.conn);
	return rc;
}
