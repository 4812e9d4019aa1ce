/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The calls of org.vfpool1.Manager: read, allowed, done in a lane, answered.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "pool/openstack.h"
#include "pool/setup.h"
#include "service/bus-private.h"
#include "service/doctor.h"
#include "service/situation.h"
#include "service/who.h"

#define MAX_CALLS 512 /* on their way at once, from all clients */

struct call;

/* One row of the table: a method, from its arguments to its answer. */
struct method {
	const char *member;
	const char *action; /* polkit's */
	bool is_ordered;    /* one after the other */
	bool writes;
	int (*read)(struct call *call, struct vfp_err *err);
	int (*work)(struct call *call, struct vfp_pool *pool, struct vfp_err *err);
	int (*answer)(const struct call *call, sd_bus_message *reply);
};

/* A call on its way.  Texts are the message's. */
struct call {
	struct vfp_bus *bus;
	sd_bus_message *m;
	const struct method *method;
	int rc;
	struct vfp_err err;
	struct vfp_claim_ask ask;
	const char *texts[2]; /* the arguments of the others */
	int64_t at_ms;
	/* What came of it. */
	unsigned int n_ended;
	size_t n;
	struct vfp_claim *claims;
	struct vfp_openstack *words; /* of the claims */
	struct vfp_who *rows;
	struct vfp_finding *findings;
	struct vfp_situation situation;
};

static int on_call(sd_bus_message *m, void *opaque, sd_bus_error *error);
static void on_verdict(void *opaque, int rc, const struct vfp_err *err);
static void work(void *opaque, struct vfp_pool *pool, const struct vfp_err *err);
static void on_done(void *opaque);
static int get_version(sd_bus *sd_bus, const char *path, const char *interface,
		       const char *property, sd_bus_message *reply, void *opaque,
		       sd_bus_error *error);

static int read_claim(struct call *call, struct vfp_err *err);
static int read_text(struct call *call, struct vfp_err *err);
static int read_texts(struct call *call, struct vfp_err *err);
static int read_who(struct call *call, struct vfp_err *err);
static int read_nothing(struct call *call, struct vfp_err *err);
static int do_claim(struct call *call, struct vfp_pool *pool, struct vfp_err *err);
static int do_release(struct call *call, struct vfp_pool *pool, struct vfp_err *err);
static int do_check(struct call *call, struct vfp_pool *pool, struct vfp_err *err);
static int do_who(struct call *call, struct vfp_pool *pool, struct vfp_err *err);
static int do_doctor(struct call *call, struct vfp_pool *pool, struct vfp_err *err);
static int do_hold(struct call *call, struct vfp_pool *pool, struct vfp_err *err);
static int do_unhold(struct call *call, struct vfp_pool *pool, struct vfp_err *err);
static int do_scrub(struct call *call, struct vfp_pool *pool, struct vfp_err *err);
static int answer_claim(const struct call *call, sd_bus_message *reply);
static int answer_release(const struct call *call, sd_bus_message *reply);
static int answer_check(const struct call *call, sd_bus_message *reply);
static int answer_who(const struct call *call, sd_bus_message *reply);
static int answer_doctor(const struct call *call, sd_bus_message *reply);
static int answer_nothing(const struct call *call, sd_bus_message *reply);

#define READ  "org.vfpool1.read"
#define CLAIM "org.vfpool1.claim"
#define ADMIN "org.vfpool1.admin"

static const struct method methods[] = {
	{"Claim", CLAIM, true, true, read_claim, do_claim, answer_claim},
	{"Release", CLAIM, true, true, read_texts, do_release, answer_release},
	{"Check", READ, false, false, read_text, do_check, answer_check},
	{"Who", READ, false, false, read_who, do_who, answer_who},
	{"Doctor", READ, false, false, read_nothing, do_doctor, answer_doctor},
	{"Hold", ADMIN, true, true, read_texts, do_hold, answer_nothing},
	{"Unhold", ADMIN, true, true, read_text, do_unhold, answer_nothing},
	{"Scrub", ADMIN, false, true, read_text, do_scrub, answer_nothing},
};

/* The same for sd-bus, with names for whoever introspects. */
#define P SD_BUS_PARAM
#define METHOD(member, in, in_names, out, out_names)                            \
	SD_BUS_METHOD_WITH_NAMES(member, in, in_names, out, out_names, on_call, \
				 SD_BUS_VTABLE_UNPRIVILEGED)
static const sd_bus_vtable manager[] = {
	SD_BUS_VTABLE_START(0),
	METHOD("Claim", "a{sv}", P(ask), "aa{sv}", P(claims)),
	METHOD("Release", "ss", P(uuid) P(mac), "u", P(released)),
	METHOD("Check", "s", P(domain), "a(sbsss)", P(operations)),
	METHOD("Who", "st", P(what) P(at), "a(sssssstt)", P(holders)),
	METHOD("Doctor", "", , "a(ssss)", P(findings)),
	METHOD("Hold", "ss", P(vf) P(reason), "", ),
	METHOD("Unhold", "s", P(vf), "", ),
	METHOD("Scrub", "s", P(vf), "", ),
	SD_BUS_PROPERTY("Version", "s", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_VTABLE_END,
};

/* What an error is called.  All others: Failed. */
static const struct {
	int code;
	const char *name;
} errors[] = {
	{EINVAL, "org.vfpool1.Error.InvalidArgument"},
	{ERANGE, "org.vfpool1.Error.InvalidArgument"},
	{ENOENT, "org.vfpool1.Error.NotFound"},
	{ENODEV, "org.vfpool1.Error.NotFound"},
	{ENOSPC, "org.vfpool1.Error.NoCapacity"},
	{EBUSY, "org.vfpool1.Error.Busy"},
	{EAGAIN, "org.vfpool1.Error.Busy"},
	{EEXIST, "org.vfpool1.Error.Exists"},
	{EPERM, "org.vfpool1.Error.Refused"},
	{EOPNOTSUPP, "org.vfpool1.Error.Refused"},
	{EACCES, "org.vfpool1.Error.NotAuthorized"},
	{ENOTCONN, "org.vfpool1.Error.NoLibvirt"},
};

int vfp_bus_add_calls(struct vfp_bus *bus)
{
	return sd_bus_add_object_vtable(bus->bus, NULL, VFP_PICTURE_ROOT, VFP_BUS_MANAGER, manager,
					bus);
}

/* --- The way of a call ------------------------------------------------------------------------ */

static int reply_error(sd_bus_message *m, int rc, struct vfp_err *err)
{
	const char *name = "org.vfpool1.Error.Failed";

	for (size_t i = 0; i < VFP_N(errors); i++)
		if (errors[i].code == -rc)
			name = errors[i].name;
	vfp_picture_clean(err->msg);
	return sd_bus_reply_method_errorf(m, name, "%s", err->msg);
}

static void free_call(struct call *call)
{
	call->bus->n_calls--;
	sd_bus_message_unref(call->m);
	free(call->claims);
	free(call->words);
	free(call->rows);
	free(call->findings);
	free(call);
}

static const struct method *find_method(const char *member)
{
	for (size_t i = 0; i < VFP_N(methods); i++)
		if (!strcmp(methods[i].member, member))
			return &methods[i];
	return NULL;
}

static int on_call(sd_bus_message *m, void *opaque, sd_bus_error *error)
{
	const struct method *method = find_method(sd_bus_message_get_member(m));
	struct vfp_bus *bus = opaque;
	struct vfp_err err = {0};
	struct call *call;
	int rc;

	if (!method)
		return -ENOSYS;
	if (bus->n_calls >= MAX_CALLS)
		return reply_error(
			m, vfp_fail(&err, EBUSY, "%d calls are on their way; try again", MAX_CALLS),
			&err);
	call = vfp_alloc(1, sizeof(*call));
	*call = (struct call){.bus = bus, .m = sd_bus_message_ref(m), .method = method};
	bus->n_calls++;
	rc = method->read(call, &err);
	if (rc < 0) {
		rc = reply_error(m, rc, &err);
		free_call(call);
		return rc < 0 ? rc : 1;
	}
	vfp_bus_ask(bus, m, method->action, on_verdict, call);
	return 1;
}

static void on_verdict(void *opaque, int rc, const struct vfp_err *err)
{
	struct call *call = opaque;
	struct vfp_bus *bus = call->bus;

	if (rc < 0)
		call->err = *err;
	else
		rc = vfp_lane_push(call->method->is_ordered ? bus->writer : bus->reader, work,
				   on_done, call, &call->err);
	if (rc == 0)
		return;
	call->rc = rc;
	on_done(call);
}

/* In a thread. */
static void work(void *opaque, struct vfp_pool *pool, const struct vfp_err *err)
{
	struct call *call = opaque;

	call->err = *err;
	call->rc = pool ? call->method->work(call, pool, &call->err) : -err->code;
}

static int send_answer(struct call *call)
{
	sd_bus_message *reply = NULL;
	int rc = sd_bus_message_new_method_return(call->m, &reply);

	if (rc >= 0)
		rc = call->method->answer(call, reply);
	if (rc >= 0)
		rc = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return rc;
}

/* A client that is gone gets no answer, and that is all. */
static void on_done(void *opaque)
{
	struct call *call = opaque;
	int rc;

	if (call->rc < 0)
		rc = reply_error(call->m, call->rc, &call->err);
	else
		rc = send_answer(call);
	if (rc < 0)
		vfp_log(VFP_LOG_DEBUG, "system bus: no answer to %s: %s", call->method->member,
			strerror(-rc));
	vfp_bus_sent(call->bus);
	if (call->rc == 0 && call->method->writes)
		call->bus->wrote(call->bus->opaque);
	free_call(call);
}

static int get_version(sd_bus *sd_bus, const char *path, const char *interface,
		       const char *property, sd_bus_message *reply, void *opaque,
		       sd_bus_error *error)
{
	return sd_bus_message_append(reply, "s", PACKAGE_VERSION);
}

/* --- Reading ---------------------------------------------------------------------------------- */

static int unreadable(int rc, struct vfp_err *err)
{
	return vfp_fail(err, EINVAL, "the arguments cannot be read: %s", strerror(-rc));
}

/* A number of any type. */
static int read_number(sd_bus_message *m, char type, int64_t *ret)
{
	union {
		uint8_t y;
		int16_t n;
		uint16_t q;
		int32_t i;
		uint32_t u;
		int64_t x;
		uint64_t t;
	} value = {.t = 0};
	int rc = sd_bus_message_read_basic(m, type, &value);

	if (rc < 0)
		return rc;
	*ret = type == 'y'	     ? value.y
	       : type == 'n'	     ? value.n
	       : type == 'q'	     ? value.q
	       : type == 'i'	     ? value.i
	       : type == 'u'	     ? value.u
	       : type == 'x'	     ? value.x
	       : value.t > INT64_MAX ? INT64_MAX
				     : (int64_t)value.t;
	return 0;
}

static int read_entry(struct call *call, struct vfp_err *err)
{
	struct vfp_claim_ask *ask = &call->ask;
	const struct {
		const char *key;
		const char **text;
		int64_t *number;
	} keys[] = {
		{"uuid", &ask->uuid, NULL},	      {"domain", &ask->name, NULL},
		{"pool", &ask->pool, NULL},	      {"physnet", &ask->physnet, NULL},
		{"portgroup", &ask->portgroup, NULL}, {"mac", &ask->mac, NULL},
		{"vlan", NULL, &ask->vlan},	      {"numa", NULL, &ask->numa},
		{"count", NULL, &ask->count},	      {"ttl", NULL, &ask->ttl_seconds},
	};
	const char *key, *contents;
	int rc = sd_bus_message_read(call->m, "s", &key);

	if (rc >= 0)
		rc = sd_bus_message_peek_type(call->m, NULL, &contents);
	if (rc >= 0)
		rc = sd_bus_message_enter_container(call->m, 'v', contents);
	if (rc < 0)
		return unreadable(rc, err);
	for (size_t i = 0; i < VFP_N(keys); i++) {
		if (strcmp(key, keys[i].key) != 0)
			continue;
		if (strlen(contents) != 1 || !strchr(keys[i].text ? "s" : "ynqiuxt", *contents))
			return vfp_fail(err, EINVAL, "%s: %s was expected, not type %.16s", key,
					keys[i].text ? "a text" : "a number", contents);
		rc = keys[i].text ? sd_bus_message_read_basic(call->m, 's', keys[i].text)
				  : read_number(call->m, *contents, keys[i].number);
		if (rc >= 0 && keys[i].number && *keys[i].number < 0)
			return vfp_fail(err, EINVAL, "%s %" PRId64 ": not less than 0 was expected",
					key, *keys[i].number);
		if (rc >= 0)
			rc = sd_bus_message_exit_container(call->m);
		return rc < 0 ? unreadable(rc, err) : 0;
	}
	return vfp_fail(err, EINVAL, "'%.64s' is nothing that a claim asks for", key);
}

static int read_claim(struct call *call, struct vfp_err *err)
{
	int rc = sd_bus_message_enter_container(call->m, 'a', "{sv}");

	call->ask = (struct vfp_claim_ask)VFP_CLAIM_ASK_INIT;
	while (rc >= 0) {
		int rc_entry;

		rc = sd_bus_message_enter_container(call->m, 'e', "sv");
		if (rc <= 0)
			break;
		rc_entry = read_entry(call, err);
		if (rc_entry < 0)
			return rc_entry;
		rc = sd_bus_message_exit_container(call->m);
	}
	return rc < 0 ? unreadable(rc, err) : 0;
}

static int read_text(struct call *call, struct vfp_err *err)
{
	int rc = sd_bus_message_read(call->m, "s", &call->texts[0]);

	return rc < 0 ? unreadable(rc, err) : 0;
}

static int read_texts(struct call *call, struct vfp_err *err)
{
	int rc = sd_bus_message_read(call->m, "ss", &call->texts[0], &call->texts[1]);

	return rc < 0 ? unreadable(rc, err) : 0;
}

static int read_who(struct call *call, struct vfp_err *err)
{
	uint64_t at;
	int rc = sd_bus_message_read(call->m, "st", &call->texts[0], &at);

	if (rc < 0)
		return unreadable(rc, err);
	call->at_ms = at > INT64_MAX ? INT64_MAX : (int64_t)at;
	return 0;
}

static int read_nothing(struct call *call, struct vfp_err *err)
{
	return 0;
}

/* --- Doing, in a thread ----------------------------------------------------------------------- */

static int do_claim(struct call *call, struct vfp_pool *pool, struct vfp_err *err)
{
	int rc;

	call->claims = vfp_alloc(VFP_CLAIM_MAX, sizeof(*call->claims));
	rc = vfp_pool_claim(pool, &call->ask, call->claims, err);
	if (rc < 0)
		return rc;
	call->words = vfp_alloc((size_t)call->ask.count, sizeof(*call->words));
	for (; call->n < (size_t)call->ask.count; call->n++)
		vfp_openstack_claim(pool, &call->claims[call->n],
				    call->n ? &call->words[call->n - 1] : NULL,
				    &call->words[call->n]);
	return 0;
}

static int do_release(struct call *call, struct vfp_pool *pool, struct vfp_err *err)
{
	const char *mac = call->texts[1];

	return vfp_pool_release(pool, call->texts[0], *mac ? mac : NULL, &call->n_ended, err);
}

static int do_check(struct call *call, struct vfp_pool *pool, struct vfp_err *err)
{
	struct vfp_owner owner;

	return vfp_situation_read(call->bus->host, call->bus->uri, call->texts[0], &call->situation,
				  &owner, err);
}

static int do_who(struct call *call, struct vfp_pool *pool, struct vfp_err *err)
{
	return vfp_who(call->bus->host, pool, call->texts[0], call->at_ms, &call->rows, &call->n,
		       err);
}

static int do_doctor(struct call *call, struct vfp_pool *pool, struct vfp_err *err)
{
	return vfp_doctor(call->bus->host, &call->findings, &call->n, err);
}

/* The VF that a call names: of a pool. */
static int find_vf(const struct call *call, struct vfp_pool *pool, struct vfp_vf *ret,
		   struct vfp_err *err)
{
	struct vfp_vf_state state;
	int rc = 0;

	if (vfp_vf_parse(call->texts[0], ret) < 0)
		return vfp_fail(err, EINVAL, "'%.64s' is no VF: PF#NUMBER was expected",
				call->texts[0]);
	rc = vfp_pool_vf_state(pool, ret, &state, err);
	if (rc == 0 && !*state.pool)
		return vfp_fail(err, ENOENT, "VF %s: is in no pool", call->texts[0]);
	return rc;
}

static int do_hold(struct call *call, struct vfp_pool *pool, struct vfp_err *err)
{
	struct vfp_vf vf;
	int rc = find_vf(call, pool, &vf, err);

	if (rc == 0 && !*call->texts[1])
		return vfp_fail(err, EINVAL, "say in some words what the VF is kept for");
	return rc < 0 ? rc : vfp_pool_hold(pool, &vf, call->texts[1], err);
}

static int do_unhold(struct call *call, struct vfp_pool *pool, struct vfp_err *err)
{
	struct vfp_vf vf;
	int rc = find_vf(call, pool, &vf, err);

	return rc < 0 ? rc : vfp_pool_unhold(pool, &vf, err);
}

static int do_scrub(struct call *call, struct vfp_pool *pool, struct vfp_err *err)
{
	struct vfp_vf vf;
	int rc = find_vf(call, pool, &vf, err);

	return rc < 0 ? rc : vfp_setup_reclaim(pool, &vf, err);
}

/* --- Answering -------------------------------------------------------------------------------- */

static int add_text(sd_bus_message *reply, const char *key, const char *text)
{
	vfp_autofree char *copy = vfp_strdup(text);

	vfp_picture_clean(copy);
	return sd_bus_message_append(reply, "{sv}", key, "s", copy);
}

static int add_items(sd_bus_message *reply, const char *key, const struct vfp_item *items, size_t n)
{
	int rc = sd_bus_message_open_container(reply, 'e', "sv");

	if (rc >= 0)
		rc = sd_bus_message_append(reply, "s", key);
	if (rc >= 0)
		rc = sd_bus_message_open_container(reply, 'v', "a{sv}");
	if (rc >= 0)
		rc = vfp_bus_append_items(reply, items, n);
	if (rc >= 0)
		rc = sd_bus_message_close_container(reply);
	return rc < 0 ? rc : sd_bus_message_close_container(reply);
}

static int add_binding(sd_bus_message *reply, const struct vfp_openstack *words)
{
	struct vfp_item items[VFP_OPENSTACK_ITEMS];
	int rc = sd_bus_message_append(reply, "{sv}{sv}", "binding:vnic_type", "s",
				       VFP_OPENSTACK_VNIC_TYPE, "binding:vif_type", "s",
				       VFP_OPENSTACK_VIF_TYPE);

	if (rc >= 0)
		rc = add_items(reply, "binding:vif_details", items,
			       vfp_openstack_details(words, items));
	if (rc >= 0)
		rc = add_items(reply, "binding:profile", items,
			       vfp_openstack_profile(words, items));
	return rc;
}

static int add_claim(sd_bus_message *reply, const struct vfp_claim *claim,
		     const struct vfp_openstack *words)
{
	const struct vfp_binding *binding = &claim->binding;
	char mac[VFP_MAC_SIZE], vf[VFP_VF_SIZE], pci[VFP_PCI_SIZE];
	const struct {
		const char *key, *text;
	} texts[] = {
		{"uuid", claim->owner.uuid},
		{"domain", claim->owner.name},
		{"mac", vfp_mac_format(&binding->mac, mac)},
		{"vf", vfp_vf_format(&binding->vf, vf)},
		{"pci", vfp_pci_format(&binding->vf.pci, pci)},
		{"pf", binding->vf.pf},
		{"pool", binding->pool},
		{"physnet", claim->physnet},
		{"portgroup", binding->portgroup},
		{"state", claim->until_ms ? "claimed" : "leased"},
	};
	int rc = sd_bus_message_open_container(reply, 'a', "{sv}");

	for (size_t i = 0; rc >= 0 && i < VFP_N(texts); i++)
		rc = add_text(reply, texts[i].key, texts[i].text);
	if (rc >= 0)
		rc = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}", "vlan", "u",
					   (uint32_t)binding->vlan, "managed", "b",
					   (int)binding->managed, "numa", "i", claim->numa_node,
					   "expires", "t", (uint64_t)claim->until_ms);
	if (rc >= 0)
		rc = add_binding(reply, words);
	return rc < 0 ? rc : sd_bus_message_close_container(reply);
}

static int answer_claim(const struct call *call, sd_bus_message *reply)
{
	int rc = sd_bus_message_open_container(reply, 'a', "a{sv}");

	for (size_t i = 0; rc >= 0 && i < call->n; i++)
		rc = add_claim(reply, &call->claims[i], &call->words[i]);
	return rc < 0 ? rc : sd_bus_message_close_container(reply);
}

static int answer_release(const struct call *call, sd_bus_message *reply)
{
	return sd_bus_message_append(reply, "u", (uint32_t)call->n_ended);
}

static int answer_check(const struct call *call, sd_bus_message *reply)
{
	int rc = sd_bus_message_open_container(reply, 'a', "(sbsss)");

	for (const struct vfp_limit *limit = vfp_limits; rc >= 0 && limit->operation; limit++) {
		const struct vfp_answer answer = vfp_limit_ask(limit, &call->situation);

		rc = sd_bus_message_append(reply, "(sbsss)", limit->operation,
					   (int)answer.is_allowed, answer.by ? answer.by : "",
					   answer.why ? answer.why : "",
					   answer.instead ? answer.instead : "");
	}
	return rc < 0 ? rc : sd_bus_message_close_container(reply);
}

static int answer_who(const struct call *call, sd_bus_message *reply)
{
	int rc = sd_bus_message_open_container(reply, 'a', "(sssssstt)");

	for (size_t i = 0; rc >= 0 && i < call->n; i++) {
		struct vfp_who *row = &call->rows[i];

		vfp_picture_clean(row->owner.name);
		rc = sd_bus_message_append(reply, "(sssssstt)", row->what, row->owner.name,
					   row->owner.uuid, row->mac, row->vf, row->pci,
					   (uint64_t)row->from_ms, (uint64_t)row->until_ms);
	}
	return rc < 0 ? rc : sd_bus_message_close_container(reply);
}

static int answer_doctor(const struct call *call, sd_bus_message *reply)
{
	int rc = sd_bus_message_open_container(reply, 'a', "(ssss)");

	for (size_t i = 0; rc >= 0 && i < call->n; i++) {
		struct vfp_finding *finding = &call->findings[i];

		vfp_picture_clean(finding->found);
		vfp_picture_clean(finding->todo);
		rc = sd_bus_message_append(reply, "(ssss)", finding->check,
					   vfp_word_of(vfp_health_words, (int)finding->health),
					   finding->found, finding->todo);
	}
	return rc < 0 ? rc : sd_bus_message_close_container(reply);
}

static int answer_nothing(const struct call *call, sd_bus_message *reply)
{
	return 0;
}
