/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text: strict numbers, whole files, atomic writes.
 */
#include "base/text.h"

#include <assert.h>
#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

static bool utf8_is_whole(const char *end, size_t n);
static int write_all(int fd, const char *text);
static int fill_and_rename(int fd, const char *temporary, const char *path, unsigned int mode,
			   const char *text, struct vfp_err *err);
static int sync_folder_of(const char *path);

int vfp_word_parse(const struct vfp_word *table, const char *word)
{
	for (; table->word; table++)
		if (!strcmp(table->word, word))
			return table->value;
	return -1;
}

const char *vfp_word_of(const struct vfp_word *table, int value)
{
	while (table->word && table->value != value)
		table++;
	assert(table->word);
	return table->word;
}

bool vfp_number_parse(const char *s, uint64_t min, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		unsigned int digit = (unsigned int)(*s - '0');

		if (digit > 9 || value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (value < min || value > max)
		return false;
	*ret_value = value;
	return true;
}

bool vfp_copy(char *buf, size_t size, const char *s)
{
	size_t length = strlen(s);

	assert(size > 0);
	if (length >= size) {
		*buf = '\0';
		return false;
	}
	memcpy(buf, s, length + 1);
	return true;
}

uint64_t vfp_hash(uint64_t hash, const char *s)
{
	for (; *s; s++)
		hash = (hash ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	return hash;
}

void vfp_text_clean(char *s)
{
	size_t length;

	for (char *c = s; *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?';
	length = strlen(s);
	/* A text that was cut to fit may end inside a character of several bytes; JSON and D-Bus
	 * take only whole ones. */
	for (size_t n = 1; n <= 4 && n <= length; n++) {
		const unsigned char lead = (unsigned char)s[length - n];

		if ((lead & 0xc0) == 0x80)
			continue;
		if (!utf8_is_whole(s + length - n, n))
			s[length - n] = '\0';
		break;
	}
}

int vfp_file_read(const char *path, size_t max, char **ret_text, size_t *ret_size,
		  struct vfp_err *err)
{
	vfp_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return vfp_fail(err, errno, "%s: %s", path, strerror(errno));
	return vfp_fd_read(fd, path, max, ret_text, ret_size, err);
}

int vfp_fd_read(int fd, const char *what, size_t max, char **ret_text, size_t *ret_size,
		struct vfp_err *err)
{
	vfp_autofree char *text = NULL;
	size_t size = 0, room = 0;
	ssize_t got;

	/* Files of sysfs and proc do not tell their size beforehand, so the buffer grows.  Its last
	 * two bytes are for the NUL and for the one byte that tells that there is more than
	 * @max. */
	do {
		if (room - size < 2) {
			room = room ? room * 2 : 4096;
			text = vfp_realloc(text, room, 1);
		}
		got = read(fd, text + size, room - size - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return vfp_fail(err, errno, "%s: %s", what, strerror(errno));
		size += (size_t)got;
		if (size > max)
			return vfp_fail(err, EFBIG, "%s: larger than %zu bytes", what, max);
	} while (got != 0);
	text[size] = '\0';
	if (ret_size)
		*ret_size = size;
	*ret_text = VFP_TAKE(text);
	return 0;
}

int vfp_file_replace(const char *path, unsigned int mode, const char *text, struct vfp_err *err)
{
	vfp_autofree char *temporary = vfp_format("%s.XXXXXX", path);
	vfp_autoclose int fd = mkostemp(temporary, O_CLOEXEC);
	int rc;

	if (fd < 0)
		return vfp_fail(err, errno, "%s: cannot make a file beside it: %s", path,
				strerror(errno));
	rc = fill_and_rename(fd, temporary, path, mode, text, err);
	if (rc < 0) {
		unlink(temporary);
		return rc;
	}
	if (sync_folder_of(path) < 0)
		return vfp_fail(err, errno, "%s: cannot sync its folder: %s", path,
				strerror(errno));
	return 0;
}

int vfp_mkdirs(const char *path, struct vfp_err *err)
{
	vfp_autofree char *part = NULL;
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0; /* as nearly always: one look instead of one for each part */
	part = vfp_strdup(path);
	for (char *slash = part; slash;) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return vfp_fail(err, errno, "%s: cannot make the folder: %s", part,
					strerror(errno));
		if (slash)
			*slash = '/';
	}
	if (stat(path, &st) < 0)
		return vfp_fail(err, errno, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return vfp_fail(err, ENOTDIR, "%s: exists and is not a folder", path);
	return 0;
}

/* Whether the @n bytes from the lead byte at @end to the end of the text are one whole
 * character. */
static bool utf8_is_whole(const char *end, size_t n)
{
	const unsigned char lead = (unsigned char)*end;

	if (lead < 0x80)
		return true;
	return n == (lead >= 0xf0 ? 4u : lead >= 0xe0 ? 3u : 2u);
}

static int write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t done = write(fd, text, left);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		text += done;
		left -= (size_t)done;
	}
	return 0;
}

static int fill_and_rename(int fd, const char *temporary, const char *path, unsigned int mode,
			   const char *text, struct vfp_err *err)
{
	int rc = write_all(fd, text);

	if (rc < 0)
		return vfp_fail(err, -rc, "%s: write: %s", temporary, strerror(-rc));
	if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
		return vfp_fail(err, errno, "%s: %s", temporary, strerror(errno));
	if (rename(temporary, path) < 0)
		return vfp_fail(err, errno, "%s: cannot rename %s to it: %s", path, temporary,
				strerror(errno));
	return 0;
}

/* Returns -1 with errno. */
static int sync_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	vfp_autofree char *folder =
		slash ? strndup(path, (size_t)(slash - path) + 1) : vfp_strdup(".");
	vfp_autoclose int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -1 : fsync(fd);
}
