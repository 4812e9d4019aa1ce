/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hook's first stage, installed as /etc/libvirt/hooks/qemu.d/vfpool.
 *
 * libvirt runs it five times in the life of every VM on the host, so it needs libc only and leaves
 * at once when nothing of the VM can be ours.  Otherwise it loads the second stage (hooks/ops.h)
 * and hands over.
 *
 * It decides on the text, without a parser: libvirt writes the document itself, in one form.
 * Looking twice at a domain that turns out not to be ours costs time; not looking would cost an
 * invariant.
 */

#include "hooks/ops.h"

#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pool/mark.h"
#include "pool/members.h"

#define XML_MAX	    (64u << 20) /* libvirt's own messages end at 32 MiB */
#define MEMBERS_MAX (1u << 20)
#define MODULE	    PKGLIBDIR "/hook.so"

/* What in the text makes a look worth while. */
enum look {
	LOOK_WIDE, /* anything that could name a pool or a pool VF, bound by us or not */
	LOOK_OURS, /* what prepare has let pass: our alias, or our mark */
};

/* What libvirt makes of a status other than 0: hooks/README. */
enum failure {
	REFUSES,
	IS_IGNORED,
	HARMS, /* it kills the running VM, or discards its saved memory */
};

static const struct operation {
	const char *name;
	enum look look;
	enum failure failure;
} operations[] = {
	/* start too: a libvirt network's VF stands in the XML only after prepare. */
	{"prepare", LOOK_WIDE, REFUSES},    {"start", LOOK_WIDE, REFUSES},
	{"started", LOOK_OURS, REFUSES},    {"stopped", LOOK_OURS, IS_IGNORED},
	{"release", LOOK_OURS, IS_IGNORED}, {"reconnect", LOOK_WIDE, HARMS},
	{"migrate", LOOK_WIDE, REFUSES},    {"restore", LOOK_WIDE, HARMS},
};

static const struct operation *operation_find(const char *name);
static char *read_all(int fd, size_t max, size_t *ret_size);
static void uuid_find(const char *xml, char uuid[VFP_UUID_SIZE]);
static bool is_marked(const char *root, const char *uuid);
static bool names_ours(const char *root, const char *xml, enum look look);
static int run_second_stage(const struct vfp_hook_call *call);
static int run_apart(const struct vfp_hook_call *call);

int main(int argc, char **argv)
{
	const struct operation *operation;
	const char *root = getenv("VFPOOL_ROOT");
	char uuid[VFP_UUID_SIZE];
	struct vfp_hook_call call;
	size_t size;
	char *xml;
	int rc;

	if (argc < 3) {
		fprintf(stderr,
			"usage: %s DOMAIN OPERATION SUBOPERATION EXTRA <XML; libvirt runs it\n",
			argv[0]);
		return 2;
	}
	operation = operation_find(argv[2]);
	if (!operation)
		return 0; /* one that a later libvirt has: not ours to refuse */
	root = root ? root : "";
	xml = read_all(STDIN_FILENO, XML_MAX, &size);
	if (!xml) {
		fprintf(stderr, "vfpool: %s: cannot read the domain's XML from stdin: %s\n",
			argv[1], strerror(errno));
		return operation->failure == REFUSES;
	}
	uuid_find(xml, uuid);
	call = (struct vfp_hook_call){
		.root = root,
		.name = argv[1],
		.operation = argv[2],
		.reason = argc > 4 ? argv[4] : "-",
		.uuid = uuid,
		.xml = xml,
		.size = size,
		.daemon = getppid(),
	};
	rc = is_marked(root, uuid) || names_ours(root, xml, operation->look)
		     ? operation->failure == HARMS ? run_apart(&call) : run_second_stage(&call)
		     : 0;
	free(xml);
	return operation->failure == REFUSES ? rc : 0;
}

static const struct operation *operation_find(const char *name)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (!strcmp(operations[i].name, name))
			return &operations[i];
	return NULL;
}

/* The whole of @fd with a NUL behind it; NULL with errno when it cannot be read or is longer than
 * @max. */
static char *read_all(int fd, size_t max, size_t *ret_size)
{
	size_t size = 0, room = 32768;
	char *text = malloc(room), *more;
	ssize_t n = 0;

	while (text) {
		n = read(fd, text + size, room - 1 - size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		size += (size_t)n;
		if (size < room - 1)
			continue;
		errno = EFBIG;
		more = room < max ? realloc(text, room * 2) : NULL;
		if (!more)
			free(text);
		text = more;
		room *= 2;
	}
	if (!text)
		return NULL;
	if (n < 0) {
		free(text);
		return NULL;
	}
	text[size] = '\0';
	*ret_size = size;
	return text;
}

/* The domain's UUID: libvirt writes it before anything that could hold another <uuid> element. */
static void uuid_find(const char *xml, char uuid[VFP_UUID_SIZE])
{
	const char *at = strstr(xml, "<uuid>");
	size_t n = 0;

	if (at)
		for (at += strlen("<uuid>"); n < VFP_UUID_SIZE - 1; n++) {
			if (!isxdigit((unsigned char)at[n]) && at[n] != '-')
				break;
			uuid[n] = (char)tolower((unsigned char)at[n]);
		}
	uuid[n == VFP_UUID_SIZE - 1 ? n : 0] = '\0';
}

static bool is_marked(const char *root, const char *uuid)
{
	char path[512];

	if (!*uuid)
		return false;
	snprintf(path, sizeof(path), "%s" VFP_MARK_DOMAINS "/%s", root, uuid);
	return access(path, F_OK) == 0;
}

/* Whether @xml has <source network='NAME'…> of the pool whose name is the @n bytes at @name. */
static bool names_pool(const char *xml, const char *name, size_t n)
{
	static const char attribute[] = "network=";

	for (const char *at = xml; (at = strstr(at, attribute)); at++) {
		const char *value = at + sizeof(attribute) - 1;

		if ((*value == '\'' || *value == '"') && !strncmp(value + 1, name, n) &&
		    value[n + 1] == *value)
			return true;
	}
	return false;
}

/* Whether @xml names one of the pools in the members file. */
static bool names_member(const char *xml, int members_fd)
{
	size_t size;
	char *members = read_all(members_fd, MEMBERS_MAX, &size);
	bool found = !members; /* unreadable: a closer look will say why */

	for (char *line = members ? strtok(members, "\n") : NULL; line && !found;
	     line = strtok(NULL, "\n"))
		found = !strncmp(line, "pool ", 5) && names_pool(xml, line + 5, strlen(line + 5));
	free(members);
	return found;
}

/* Without a members file there is no pool, and nothing is ours. */
static bool names_ours(const char *root, const char *xml, enum look look)
{
	bool found = strstr(xml, "ua-vfpool-");
	char path[512];
	int fd;

	if (found || look == LOOK_OURS)
		return found;
	snprintf(path, sizeof(path), "%s" VFP_MEMBERS_PATH, root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno != ENOENT;
	found = strstr(xml, "<hostdev") || strstr(xml, "type='hostdev'") ||
		strstr(xml, "type=\"hostdev\"") || names_member(xml, fd);
	close(fd);
	return found;
}

static int run_second_stage(const struct vfp_hook_call *call)
{
	int (*run)(const struct vfp_hook_call *call) = NULL;
	char path[512];
	void *module;

	snprintf(path, sizeof(path), "%s" MODULE, call->root);
	module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (module)
		*(void **)&run = dlsym(module, "vfp_hook_run");
	if (!run) {
		fprintf(stderr, "vfpool: %s: cannot load %s: %s; is vfpool installed as a whole?\n",
			call->name, path, dlerror());
		return 1;
	}
	return run(call);
}

/* In a process of its own, so that its death (out of memory, killed, a bug) is no failure of the
 * hook. */
static int run_apart(const struct vfp_hook_call *call)
{
	pid_t self = getpid(), pid = fork();
	int status = 0;

	if (pid == 0) {
		/* Without whom libvirt waits for, it would be at work in the domain's next life. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(getppid() == self ? run_second_stage(call) : 1);
	}
	if (pid < 0)
		return run_second_stage(call);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		fprintf(stderr, "vfpool: %s: %s ended by signal %d; see: vfpool check\n",
			call->name, call->operation, WTERMSIG(status));
	return 0;
}
