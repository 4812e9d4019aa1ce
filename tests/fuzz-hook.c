/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libFuzzer: what the hook's first stage (hooks/qemu.c) makes of its arguments, of the document on
 * stdin and of the members file.  The first line is the operation, the second one a line of the
 * members file, the rest the document.
 *
 * Whatever stands in either, a document that names a pool or bears our alias is never passed by,
 * and a UUID is never anything that could leave the folder of marks.
 */
#ifndef PKGLIBDIR
#define PKGLIBDIR "/nowhere" /* no second stage is loaded here */
#endif
int hook_main(int argc, char **argv);
#define main hook_main
#include "hooks/qemu.c"
#undef main

#include <stdint.h>

#include "base/cleanup.h"
#include "base/vf.h"
#include "tests/fake-kernel.h"
#include "tests/fake-sysfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define POOL_NIC "<source network='sriov0'/>"
#define OUR_NIC	 "<alias name='ua-vfpool-525400000001'/>"

static struct vfp_host host;

static void remove_root(void)
{
	fake_root_remove(&host);
}

/* The first line of *@text, which begins behind it then. */
static char *take_line(char **text)
{
	char *line = *text, *end = strchrnul(line, '\n');

	*text = *end ? end + 1 : end;
	*end = '\0';
	return line;
}

static void must(bool is)
{
	if (!is)
		abort();
}

static void try_operation(const char *name)
{
	const struct operation *operation = operation_find(name);

	must(!operation || !strcmp(operation->name, name));
}

static void try_uuid(const char *xml)
{
	char uuid[VFP_UUID_SIZE];

	uuid_find(xml, uuid);
	must(!*uuid ||
	     (strlen(uuid) == VFP_UUID_SIZE - 1 && !uuid[strspn(uuid, "0123456789abcdef-")]));
	must(!is_marked(host.root, uuid));
}

/* It is read as a whole, or not at all. */
static void try_reading(const char *xml)
{
	FILE *file = tmpfile();
	size_t size = strlen(xml), n = 0;
	vfp_autofree char *text = NULL, *short_text = NULL;

	must(file && fwrite(xml, 1, size, file) == size && fflush(file) == 0);
	rewind(file);
	text = read_all(fileno(file), XML_MAX, &n);
	must(text && n == size && !memcmp(text, xml, size + 1));
	rewind(file);
	short_text = read_all(fileno(file), 1, &n);
	must(short_text ? size < 32767 : size >= 32767);
	fclose(file);
}

static void try_names(const char *line, const char *xml)
{
	vfp_autofree char *members = NULL, *with_pool = NULL, *with_ours = NULL;

	must(asprintf(&members, "# vfpool members 1\n%s\npool sriov0\n", line) > 0 &&
	     asprintf(&with_pool, "%s" POOL_NIC, xml) > 0 &&
	     asprintf(&with_ours, OUR_NIC "%s", xml) > 0);
	fake_write(&host, VFP_MEMBERS_PATH, members);
	must(names_ours(host.root, with_pool, LOOK_WIDE));
	must(names_ours(host.root, with_ours, LOOK_WIDE) &&
	     names_ours(host.root, with_ours, LOOK_OURS));
	must(!names_ours(host.root, xml, LOOK_OURS) || names_ours(host.root, xml, LOOK_WIDE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	vfp_autofree char *text = NULL;
	char *xml, *operation, *line;

	if (!*host.root) {
		fake_root_make(&host, fake_pfs, 1);
		atexit(remove_root);
	}
	text = vfp_alloc(1, size + 1);
	memcpy(text, data, size);
	text[size] = '\0';
	xml = text;
	operation = take_line(&xml);
	line = take_line(&xml);
	try_operation(operation);
	try_uuid(xml);
	try_reading(xml);
	try_names(line, xml);
	return 0;
}
