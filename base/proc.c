/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processes as /proc shows them.
 */
#include "base/proc.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

#define STAT_MAX      4096
#define CMDLINE_MAX   (4u << 20)
#define SMAPS_MAX     (256u << 20)
#define START_FIELD   22
#define LOOK_AGAIN_MS 50
#define MAX_ANCESTORS 64

VFP_DEFINE_AUTO(dir, DIR *, closedir)

/* One mapping of smaps, as far as it has been read. */
struct mapping {
	uint64_t size_kib;
	bool is_guest_ram, is_device, is_locked;
};

static pid_t parent_of(const struct vfp_host *host, pid_t pid);
static int read_cmdline(const struct vfp_host *host, pid_t pid, char **ret_text, size_t *ret_size);
static const char *cmdline_value(const char *cmdline, size_t size, const char *option);
static bool is_qemu_of(const struct vfp_host *host, pid_t pid, const char *uuid,
		       struct vfp_process *ret);
static bool find_by_pid_file(const struct vfp_host *host, const char *uuid, const char *name,
			     struct vfp_process *ret);
static bool next_pid(DIR *proc, pid_t *ret_pid);
static int vfio_group(const char *path);
static void add_holder(struct vfp_vfio_holder **holders, size_t *n, int group, pid_t pid);
static void add_holders_of(const struct vfp_host *host, pid_t pid, struct vfp_vfio_holder **holders,
			   size_t *n);
static void name_holder(const struct vfp_host *host, struct vfp_vfio_holder *holder);
static bool guest_name(const char *name_option, char ret_name[VFP_DOMAIN_SIZE]);
static void read_flags(const char *flags, struct mapping *mapping);
static void add_mapping(const struct mapping *mapping, struct vfp_locked *sum);

int vfp_proc_get(const struct vfp_host *host, pid_t pid, struct vfp_process *ret,
		 struct vfp_err *err)
{
	vfp_autofree char *text = NULL;
	char path[VFP_PATH_SIZE], *field, *rest;
	uint64_t start = 0;
	int rc;

	vfp_host_path(host, path, "/proc/%d/stat", (int)pid);
	rc = vfp_file_read(path, STAT_MAX, &text, NULL, err);
	if (rc == -ENOENT || rc == -ESRCH)
		return vfp_fail(err, ESRCH, "process %d: no such process", (int)pid);
	if (rc < 0)
		return rc;
	/* Field 2 is the name in parentheses and may itself hold blanks and parentheses, so
	 * counting begins behind the last one, with field 3. */
	rest = strrchr(text, ')');
	field = rest ? strtok_r(rest + 1, " ", &rest) : NULL;
	if (field && (*field == 'Z' || *field == 'X'))
		return vfp_fail(err, ESRCH, "process %d: has ended", (int)pid);
	for (int i = 3; field && i < START_FIELD; i++)
		field = strtok_r(NULL, " ", &rest);
	if (!field || !vfp_number_parse(field, 0, UINT64_MAX, &start))
		return vfp_fail(err, EPROTO, "%s: has no start time in field %d", path,
				START_FIELD);
	*ret = (struct vfp_process){.pid = pid, .start = start};
	return 0;
}

bool vfp_proc_alive(const struct vfp_host *host, const struct vfp_process *p)
{
	struct vfp_process now;

	return p->pid > 0 && vfp_proc_get(host, p->pid, &now, NULL) == 0 && now.start == p->start;
}

int vfp_proc_watch(const struct vfp_host *host, const struct vfp_process *p, int *ret_fd,
		   struct vfp_err *err)
{
	vfp_autoclose int fd = -1;

	if (p->pid > 0)
		fd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	if (fd < 0 && p->pid > 0 && errno != ESRCH)
		return vfp_fail(err, errno, "cannot watch process %d: %s", (int)p->pid,
				strerror(errno));
	/* Of the process that has the number now; whether it is the one that is meant is seen
	 * after. */
	if (fd < 0 || !vfp_proc_alive(host, p))
		return vfp_fail(err, ESRCH, "process %d is gone", (int)p->pid);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

int vfp_proc_wait_gone(const struct vfp_host *host, const struct vfp_process *p, int timeout_ms,
		       struct vfp_err *err)
{
	const int64_t deadline = host->kernel->ticks_ms() + timeout_ms;

	while (vfp_proc_alive(host, p)) {
		if (host->kernel->ticks_ms() >= deadline)
			return vfp_fail(err, ETIMEDOUT, "process %d: still there after %d ms",
					(int)p->pid, timeout_ms);
		host->kernel->pause_ms(LOOK_AGAIN_MS);
	}
	return 0;
}

int vfp_proc_find_qemu(const struct vfp_host *host, const char *uuid, const char *name,
		       struct vfp_process *ret, struct vfp_err *err)
{
	char path[VFP_PATH_SIZE];
	vfp_auto(dir) proc = NULL;
	pid_t pid;

	if (find_by_pid_file(host, uuid, name, ret))
		return 0;
	proc = opendir(vfp_host_path(host, path, "/proc"));
	if (!proc)
		return vfp_fail(err, errno, "%s: %s", path, strerror(errno));
	while (next_pid(proc, &pid))
		if (is_qemu_of(host, pid, uuid, ret))
			return 0;
	return vfp_fail(err, ESRCH, "domain %s: no QEMU runs it", uuid);
}

bool vfp_proc_variable(const struct vfp_host *host, pid_t pid, const char *name, char *buf,
		       size_t size)
{
	const size_t length = strlen(name);

	for (int depth = 0; pid > 1 && depth < MAX_ANCESTORS; depth++) {
		vfp_autofree char *text = NULL;
		char path[VFP_PATH_SIZE];
		size_t all = 0;

		vfp_host_path(host, path, "/proc/%d/environ", (int)pid);
		vfp_file_read(path, CMDLINE_MAX, &text, &all, NULL);
		for (size_t at = 0; text && at < all; at += strlen(text + at) + 1)
			if (!strncmp(text + at, name, length) && text[at + length] == '=')
				return vfp_copy(buf, size, text + at + length + 1);
		pid = parent_of(host, pid);
	}
	return false;
}

int vfp_proc_find(const struct vfp_host *host, const char *comm, struct vfp_process *ret,
		  struct vfp_err *err)
{
	char path[VFP_PATH_SIZE];
	vfp_auto(dir) proc = opendir(vfp_host_path(host, path, "/proc"));
	pid_t pid;

	while (proc && next_pid(proc, &pid)) {
		vfp_autofree char *text = NULL;

		vfp_host_path(host, path, "/proc/%d/comm", (int)pid);
		if (vfp_file_read(path, STAT_MAX, &text, NULL, NULL) < 0)
			continue;
		text[strcspn(text, "\n")] = '\0';
		if (!strcmp(text, comm) && vfp_proc_get(host, pid, ret, NULL) == 0)
			return 0;
	}
	return vfp_fail(err, ESRCH, "no process is called %s", comm);
}

int vfp_proc_vfio_holders(const struct vfp_host *host, struct vfp_vfio_holder **ret, size_t *ret_n,
			  struct vfp_err *err)
{
	vfp_autofree struct vfp_vfio_holder *holders = vfp_alloc(1, sizeof(*holders));
	char path[VFP_PATH_SIZE];
	vfp_auto(dir) proc = opendir(vfp_host_path(host, path, "/proc"));
	size_t n = 0;
	pid_t pid;

	if (!proc)
		return vfp_fail(err, errno, "%s: %s", path, strerror(errno));
	while (next_pid(proc, &pid)) {
		const size_t first = n;

		add_holders_of(host, pid, &holders, &n);
		for (size_t i = first; i < n; i++)
			name_holder(host, &holders[i]);
	}
	*ret = VFP_TAKE(holders);
	*ret_n = n;
	return 0;
}

int vfp_proc_locked(const struct vfp_host *host, pid_t pid, struct vfp_locked *ret,
		    struct vfp_err *err)
{
	vfp_autofree char *text = NULL;
	char path[VFP_PATH_SIZE], *rest;
	struct vfp_locked sum = {0};
	struct mapping mapping = {0};
	int rc;

	rc = vfp_file_read(vfp_host_path(host, path, "/proc/%d/smaps", (int)pid), SMAPS_MAX, &text,
			   NULL, err);
	if (rc == -ENOENT)
		return vfp_fail(err, ESRCH, "process %d: no such process", (int)pid);
	if (rc < 0)
		return rc;
	/* A mapping is some lines, of which "Size:" is the first that counts and "VmFlags:" the
	 * last. */
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (!strncmp(line, "Size:", 5)) {
			mapping = (struct mapping){.size_kib = strtoull(line + 5, NULL, 10)};
		} else if (!strncmp(line, "VmFlags:", 8)) {
			read_flags(line + 8, &mapping);
			add_mapping(&mapping, &sum);
		}
	}
	*ret = sum;
	return 0;
}

/* A command line is arguments that each end with a NUL, so its size says where it ends. */
/* 0: it has none that we see. */
static pid_t parent_of(const struct vfp_host *host, pid_t pid)
{
	vfp_autofree char *text = NULL;
	char path[VFP_PATH_SIZE];
	const char *rest;
	int parent = 0;

	vfp_host_path(host, path, "/proc/%d/stat", (int)pid);
	if (vfp_file_read(path, STAT_MAX, &text, NULL, NULL) < 0)
		return 0;
	rest = strrchr(text, ')');
	return rest && sscanf(rest + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

static int read_cmdline(const struct vfp_host *host, pid_t pid, char **ret_text, size_t *ret_size)
{
	char path[VFP_PATH_SIZE];

	vfp_host_path(host, path, "/proc/%d/cmdline", (int)pid);
	return vfp_file_read(path, CMDLINE_MAX, ret_text, ret_size, NULL);
}

/* The argument that follows @option, or NULL. */
static const char *cmdline_value(const char *cmdline, size_t size, const char *option)
{
	const char *end = cmdline + size;

	for (const char *arg = cmdline; arg < end; arg += strlen(arg) + 1) {
		const char *next = arg + strlen(arg) + 1;

		if (!strcmp(arg, option))
			return next < end ? next : NULL;
	}
	return NULL;
}

static bool is_qemu_of(const struct vfp_host *host, pid_t pid, const char *uuid,
		       struct vfp_process *ret)
{
	vfp_autofree char *cmdline = NULL;
	const char *value;
	size_t size;

	if (read_cmdline(host, pid, &cmdline, &size) < 0)
		return false;
	value = cmdline_value(cmdline, size, "-uuid");
	return value && !strcmp(value, uuid) && vfp_proc_get(host, pid, ret, NULL) == 0;
}

/* The pid file may be a leftover, so the process that it names still has to be the right one. */
static bool find_by_pid_file(const struct vfp_host *host, const char *uuid, const char *name,
			     struct vfp_process *ret)
{
	vfp_autofree char *text = NULL;
	char path[VFP_PATH_SIZE];
	uint64_t pid;

	if (!name || !*name || strchr(name, '/'))
		return false;
	vfp_host_path(host, path, "/run/libvirt/qemu/%s.pid", name);
	if (vfp_file_read(path, 64, &text, NULL, NULL) < 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	return vfp_number_parse(text, 1, INT_MAX, &pid) && is_qemu_of(host, (pid_t)pid, uuid, ret);
}

static bool next_pid(DIR *proc, pid_t *ret_pid)
{
	struct dirent *entry;
	uint64_t pid;

	while ((entry = readdir(proc))) {
		if (vfp_number_parse(entry->d_name, 1, INT_MAX, &pid)) {
			*ret_pid = (pid_t)pid;
			return true;
		}
	}
	return false;
}

/* The number in "/dev/vfio/N", or -1; /dev/vfio/vfio is the container and no group. */
static int vfio_group(const char *path)
{
	static const char folder[] = "/dev/vfio/";
	uint64_t group;

	if (strncmp(path, folder, sizeof(folder) - 1) != 0 ||
	    !vfp_number_parse(path + sizeof(folder) - 1, 0, INT_MAX, &group))
		return -1;
	return (int)group;
}

static void add_holder(struct vfp_vfio_holder **holders, size_t *n, int group, pid_t pid)
{
	*holders = vfp_realloc(*holders, *n + 1, sizeof(**holders));
	(*holders)[*n] = (struct vfp_vfio_holder){.group = group, .process.pid = pid};
	(*n)++;
}

/* Adds the groups that @pid has open, each once.  A process that ends meanwhile, or
 * whose files may not be looked at, has none. */
static void add_holders_of(const struct vfp_host *host, pid_t pid, struct vfp_vfio_holder **holders,
			   size_t *n)
{
	char path[VFP_PATH_SIZE], target[64];
	vfp_auto(dir) folder = opendir(vfp_host_path(host, path, "/proc/%d/fd", (int)pid));
	const size_t first = *n;
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		ssize_t length =
			readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);
		size_t i = first;
		int group;

		target[length > 0 ? length : 0] = '\0';
		group = vfio_group(target);
		while (i < *n && (*holders)[i].group != group)
			i++;
		if (group >= 0 && i == *n)
			add_holder(holders, n, group, pid);
	}
}

static void name_holder(const struct vfp_host *host, struct vfp_vfio_holder *holder)
{
	const pid_t pid = holder->process.pid;
	vfp_autofree char *cmdline = NULL, *comm = NULL;
	const char *name, *uuid;
	char path[VFP_PATH_SIZE];
	size_t size = 0;

	vfp_proc_get(host, pid, &holder->process, NULL);
	read_cmdline(host, pid, &cmdline, &size);
	name = cmdline_value(cmdline, size, "-name");
	uuid = cmdline_value(cmdline, size, "-uuid");
	if (uuid && name && guest_name(name, holder->domain) &&
	    vfp_uuid_parse(uuid, holder->uuid) == 0)
		return;
	vfp_host_path(host, path, "/proc/%d/comm", (int)pid);
	if (vfp_file_read(path, VFP_DOMAIN_SIZE - 1, &comm, NULL, NULL) == 0) {
		comm[strcspn(comm, "\n")] = '\0';
		vfp_copy(holder->domain, sizeof(holder->domain), comm);
	}
}

/* Takes the name out of "guest=NAME,debug-threads=on", where a comma of the name is written
 * twice. */
static bool guest_name(const char *name_option, char ret_name[VFP_DOMAIN_SIZE])
{
	static const char key[] = "guest=";
	const char *from = name_option + sizeof(key) - 1;
	size_t n = 0;

	if (strncmp(name_option, key, sizeof(key) - 1) != 0)
		return false;
	for (; *from && n < VFP_DOMAIN_SIZE - 1; from++) {
		if (*from == ',' && *++from != ',')
			break;
		ret_name[n++] = *from;
	}
	ret_name[n] = '\0';
	return true;
}

static void read_flags(const char *flags, struct mapping *mapping)
{
	const struct {
		const char *flag;
		bool *seen;
	} table[] = {
		{"dc", &mapping->is_guest_ram}, {"io", &mapping->is_device},
		{"pf", &mapping->is_device},	{"lo", &mapping->is_locked},
		{"ht", &mapping->is_locked},
	};

	for (flags += strspn(flags, " "); *flags; flags += strspn(flags, " ")) {
		size_t length = strcspn(flags, " ");

		for (size_t i = 0; i < VFP_N(table); i++)
			if (length == 2 && !strncmp(flags, table[i].flag, 2))
				*table[i].seen = true;
		flags += length;
	}
}

static void add_mapping(const struct mapping *mapping, struct vfp_locked *sum)
{
	if (!mapping->is_guest_ram || mapping->is_device)
		return;
	sum->guest_kib += mapping->size_kib;
	sum->n_guest++;
	if (mapping->is_locked)
		sum->locked_kib += mapping->size_kib;
	else
		sum->n_loose++;
}
