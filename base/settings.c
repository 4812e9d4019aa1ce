/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's settings, out of their file.
 */
#include "base/settings.h"

#include <string.h>

#include "base/cleanup.h"

static bool parse_oui(const char *value, uint64_t *ret);

#define SETTINGS_MAX (64u << 10)
#define MEMORY_MAX   (UINT64_MAX >> 20) /* MiB, so that it fits in bytes */

static const struct key {
	const char *name;
	size_t offset; /* of a uint64_t in struct vfp_settings */
	uint64_t max;
	const char *what;
	bool (*parse)(const char *value, uint64_t *ret); /* NULL: a number */
} keys[] = {
	{"memory_reserve_mib", offsetof(struct vfp_settings, memory_reserve_mib), MEMORY_MAX,
	 "a number of MiB", NULL},
	{"qemu_memory_mib", offsetof(struct vfp_settings, qemu_memory_mib), MEMORY_MAX,
	 "a number of MiB", NULL},
	{"mac_oui", offsetof(struct vfp_settings, mac_oui), 0xffffff,
	 "the first half of a NIC's MAC, as in 52:54:00", parse_oui},
};

static int read_line(char *line, struct vfp_settings *settings, struct vfp_err *err);
static const struct key *key_find(const char *name);
static char *trim(char *s);

int vfp_settings_read(const struct vfp_host *host, struct vfp_settings *ret, struct vfp_err *err)
{
	struct vfp_settings settings = {
		VFP_SETTING_DEFAULT,
		VFP_SETTING_DEFAULT,
		VFP_SETTING_DEFAULT,
	};
	vfp_autofree char *text = NULL;
	char path[VFP_PATH_SIZE], *rest, *line;
	int rc = vfp_file_read(vfp_host_path(host, path, VFP_SETTINGS_PATH), SETTINGS_MAX, &text,
			       NULL, err);

	if (rc == -ENOENT) {
		*ret = settings;
		return 0;
	}
	if (rc < 0)
		return rc;
	rest = text;
	for (unsigned int number = 1; (line = strsep(&rest, "\n")); number++) {
		rc = read_line(line, &settings, err);
		if (rc < 0)
			return vfp_fail_in(err, rc, "%s:%u", path, number);
	}
	*ret = settings;
	return 0;
}

static int read_line(char *line, struct vfp_settings *settings, struct vfp_err *err)
{
	const struct key *key;
	uint64_t *place;
	char *value;

	line[strcspn(line, "#")] = '\0';
	value = strchr(line, '=');
	if (value)
		*value++ = '\0';
	line = trim(line);
	if (!*line && !value)
		return 0;
	if (!value)
		return vfp_fail(err, EINVAL, "'%s' is no setting, expected: key = value", line);
	value = trim(value);
	key = key_find(line);
	if (!key)
		return vfp_fail(err, EINVAL, "there is no setting '%s'; docs/vfpool.conf has all",
				line);
	place = (uint64_t *)((char *)settings + key->offset);
	if (*place != VFP_SETTING_DEFAULT)
		return vfp_fail(err, EINVAL, "%s is set twice", key->name);
	if (key->parse ? !key->parse(value, place) : !vfp_number_parse(value, 0, key->max, place))
		return vfp_fail(err, EINVAL, "%s: '%s' is not %s", key->name, value, key->what);
	return 0;
}

/* Three bytes, none of them a multicast's: bit 0 of the first (IEEE 802, 8.2). */
static bool parse_oui(const char *value, uint64_t *ret)
{
	vfp_autofree char *text = vfp_format("%s:00:00:00", value);
	struct vfp_mac mac;

	if (strlen(value) != 8 || vfp_mac_parse(text, &mac) < 0 || (mac.byte[0] & 1))
		return false;
	*ret = (uint64_t)mac.byte[0] << 16 | (uint64_t)mac.byte[1] << 8 | mac.byte[2];
	return true;
}

static const struct key *key_find(const char *name)
{
	for (size_t i = 0; i < VFP_N(keys); i++)
		if (!strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

/* Without the blanks around it. */
static char *trim(char *s)
{
	size_t length;

	s += strspn(s, " \t\r");
	for (length = strlen(s); length > 0 && strchr(" \t\r", s[length - 1]);)
		s[--length] = '\0';
	return s;
}
