/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who may call: root, and whom polkit lets. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "service/bus-private.h"

#define ASK_US	     (25ull * 1000000)
#define ASK_HUMAN_US (120ull * 1000000) /* somebody types a password */

struct question {
	struct vfp_bus *bus;
	sd_bus_message *m;
	const char *action;
	vfp_bus_verdict *verdict;
	void *opaque;
};

static const struct vfp_bus_caller *find_caller(const struct vfp_bus *bus, const char *name);
static int on_user(sd_bus_message *reply, void *opaque, sd_bus_error *error);
static int ask_polkit(struct question *question);
static int on_polkit(sd_bus_message *reply, void *opaque, sd_bus_error *error);
static void answer(struct question *question, int rc, const struct vfp_err *err);
static void refuse(struct question *question, const char *why);

void vfp_bus_ask(struct vfp_bus *bus, sd_bus_message *m, const char *action,
		 vfp_bus_verdict *verdict, void *opaque)
{
	const char *sender = sd_bus_message_get_sender(m);
	const struct vfp_bus_caller *caller = sender ? find_caller(bus, sender) : NULL;
	struct question *question = vfp_alloc(1, sizeof(*question));
	int rc;

	*question = (struct question){bus, sd_bus_message_ref(m), action, verdict, opaque};
	if (!sender) {
		refuse(question, "the bus does not say who calls");
		return;
	}
	if (caller && caller->uid == 0) {
		answer(question, 0, NULL);
		return;
	}
	if (caller)
		rc = ask_polkit(question);
	else
		rc = sd_bus_call_method_async(bus->bus, NULL, "org.freedesktop.DBus",
					      "/org/freedesktop/DBus", "org.freedesktop.DBus",
					      "GetConnectionUnixUser", on_user, question, "s",
					      sender);
	if (rc < 0)
		refuse(question, strerror(-rc));
}

static const struct vfp_bus_caller *find_caller(const struct vfp_bus *bus, const char *name)
{
	for (size_t i = 0; i < VFP_N(bus->callers); i++)
		if (!strcmp(bus->callers[i].name, name))
			return &bus->callers[i];
	return NULL;
}

static void remember_caller(struct vfp_bus *bus, const char *name, uint32_t uid)
{
	struct vfp_bus_caller *caller = &bus->callers[bus->next_caller];

	if (!vfp_copy(caller->name, sizeof(caller->name), name))
		return;
	caller->uid = uid;
	bus->next_caller = (bus->next_caller + 1) % VFP_N(bus->callers);
}

static int on_user(sd_bus_message *reply, void *opaque, sd_bus_error *error)
{
	struct question *question = opaque;
	uint32_t uid;
	int rc;

	if (sd_bus_message_is_method_error(reply, NULL) ||
	    sd_bus_message_read(reply, "u", &uid) < 0) {
		refuse(question, "the caller is gone");
		return 0;
	}
	remember_caller(question->bus, sd_bus_message_get_sender(question->m), uid);
	if (uid == 0) {
		answer(question, 0, NULL);
		return 0;
	}
	rc = ask_polkit(question);
	if (rc < 0)
		refuse(question, strerror(-rc));
	return 0;
}

/* polkit(8), org.freedesktop.PolicyKit1.Authority; flag 1: AllowUserInteraction. */
static int ask_polkit(struct question *question)
{
	const bool may_type = sd_bus_message_get_allow_interactive_authorization(question->m) > 0;
	sd_bus_message *m = NULL;
	int rc = sd_bus_message_new_method_call(
		question->bus->bus, &m, "org.freedesktop.PolicyKit1",
		"/org/freedesktop/PolicyKit1/Authority", "org.freedesktop.PolicyKit1.Authority",
		"CheckAuthorization");

	if (rc >= 0)
		rc = sd_bus_message_append(m, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
					   sd_bus_message_get_sender(question->m), question->action,
					   0, may_type ? 1u : 0u, "");
	if (rc >= 0)
		rc = sd_bus_call_async(question->bus->bus, NULL, m, on_polkit, question,
				       may_type ? ASK_HUMAN_US : ASK_US);
	sd_bus_message_unref(m);
	return rc;
}

static int on_polkit(sd_bus_message *reply, void *opaque, sd_bus_error *error)
{
	struct question *question = opaque;
	int is_authorized = 0;

	if (sd_bus_message_is_method_error(reply, NULL))
		refuse(question, "polkit does not answer, and without it only root may");
	else if (sd_bus_message_enter_container(reply, 'r', "bba{ss}") < 0 ||
		 sd_bus_message_read(reply, "b", &is_authorized) < 0)
		refuse(question, "polkit's answer is none");
	else if (!is_authorized)
		refuse(question, "polkit does not allow it");
	else
		answer(question, 0, NULL);
	return 0;
}

static void answer(struct question *question, int rc, const struct vfp_err *err)
{
	const struct question asked = *question;

	free(question);
	asked.verdict(asked.opaque, rc, err);
	sd_bus_message_unref(asked.m);
	vfp_bus_sent(asked.bus);
}

static void refuse(struct question *question, const char *why)
{
	struct vfp_err err = {0};

	answer(question, vfp_fail(&err, EACCES, "%s: %s", question->action, why), &err);
}
