/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads oslo.config's files. */

#include "tools/ini.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

/* While a file is read: where we are. */
struct reader {
	struct vfp_ini ini;
	char *section; /* NULL: none yet */
	bool is_open;  /* the last value may go on */
	unsigned int line;
};

static int read_line(struct reader *reader, char *line, struct vfp_err *err);
static int read_section(struct reader *reader, const char *line, struct vfp_err *err);
static int read_option(struct reader *reader, char *line, struct vfp_err *err);
static char *strip(char *text);

int vfp_ini_parse(const char *text, size_t size, struct vfp_ini *ret, struct vfp_err *err)
{
	vfp_autofree char *copy = vfp_strdup(text);
	struct reader reader = {.line = 0};
	int rc = 0;

	if (strlen(text) != size)
		return vfp_fail(err, EINVAL, "not a text: it has a byte 0 at offset %zu",
				strlen(text));
	for (char *line = copy, *next; rc == 0 && line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		reader.line++;
		rc = read_line(&reader, line, err);
	}
	free(reader.section);
	if (rc < 0) {
		vfp_ini_free(&reader.ini);
		return rc;
	}
	*ret = reader.ini;
	return 0;
}

void vfp_ini_free(struct vfp_ini *ini)
{
	for (size_t i = 0; i < ini->n; i++) {
		free(ini->values[i].section);
		free(ini->values[i].key);
		free(ini->values[i].value);
	}
	free(ini->values);
	*ini = (struct vfp_ini){0};
}

bool vfp_ini_is(const struct vfp_ini_value *value, const char *section, const char *key)
{
	const bool is_default = !strcmp(section, "DEFAULT");

	return !strcmp(value->key, key) && (is_default ? !strcmp(value->section, section)
						       : !strcasecmp(value->section, section));
}

int vfp_ini_expand(const char *value, char **ret, struct vfp_err *err)
{
	vfp_autofree char *text = vfp_alloc(strlen(value) + 1, 1);
	char *to = text;

	for (const char *from = value; *from; from++) {
		const bool is_escaped = (*from == '\\' || *from == '$') && from[1] == '$';
		const char *name = from + 1 + (from[1] == '{');

		if (*from == '$' && !is_escaped && (isalpha((unsigned char)*name) || *name == '_'))
			return vfp_fail(
				err, EINVAL,
				"'%.20s' stands for another option's value: write that value, "
				"or $$ for a dollar sign",
				from);
		from += is_escaped;
		*to++ = *from;
	}
	*ret = VFP_TAKE(text);
	return 0;
}

static int read_line(struct reader *reader, char *line, struct vfp_err *err)
{
	const bool goes_on = *line == ' ' || *line == '\t';
	size_t size = strlen(line);

	while (size && isspace((unsigned char)line[size - 1]))
		line[--size] = '\0';
	if (!size) {
		reader->is_open = false;
		return 0;
	}
	if (goes_on && !reader->is_open)
		return vfp_fail(
			err, EINVAL,
			"line %u: begins with a blank, which goes on with an option's value, "
			"and there is none before it",
			reader->line);
	if (goes_on) {
		struct vfp_ini_value *last = &reader->ini.values[reader->ini.n - 1];
		vfp_autofree char *before = last->value;

		last->value = vfp_format("%s\n%s", before, strip(line));
		return 0;
	}
	reader->is_open = false;
	if (*line == '#' || *line == ';')
		return 0;
	return *line == '[' ? read_section(reader, line, err) : read_option(reader, line, err);
}

static int read_section(struct reader *reader, const char *line, struct vfp_err *err)
{
	size_t size = strlen(line);

	if (line[size - 1] != ']' || size < 3)
		return vfp_fail(err, EINVAL, "line %u: '%.60s': a section was expected, [name]",
				reader->line, line);
	free(reader->section);
	reader->section = vfp_format("%.*s", (int)size - 2, line + 1);
	return 0;
}

/* "key = value" or "key: value", whichever sign comes first. */
static int read_option(struct reader *reader, char *line, struct vfp_err *err)
{
	char *sign = strpbrk(line, "=:"), *key, *value;
	size_t size;

	if (!sign)
		return vfp_fail(err, EINVAL,
				"line %u: '%.60s': neither a [section] nor option = value",
				reader->line, line);
	*sign = '\0';
	key = strip(line);
	value = strip(sign + 1);
	if (!*key)
		return vfp_fail(err, EINVAL, "line %u: there is no option before the sign",
				reader->line);
	if (!reader->section)
		return vfp_fail(err, EINVAL, "line %u: option %.60s stands before any [section]",
				reader->line, key);
	size = strlen(value);
	if (size > 1 && (*value == '"' || *value == '\'') && value[size - 1] == *value) {
		value[size - 1] = '\0';
		value++;
	}
	reader->ini.values =
		vfp_realloc(reader->ini.values, reader->ini.n + 1, sizeof(*reader->ini.values));
	reader->ini.values[reader->ini.n++] = (struct vfp_ini_value){
		.section = vfp_strdup(reader->section),
		.key = vfp_strdup(key),
		.value = vfp_strdup(value),
		.line = reader->line,
	};
	reader->is_open = true;
	return 0;
}

static char *strip(char *text)
{
	size_t size;

	text += strspn(text, " \t\r\f\v");
	size = strlen(text);
	while (size && isspace((unsigned char)text[size - 1]))
		text[--size] = '\0';
	return text;
}
