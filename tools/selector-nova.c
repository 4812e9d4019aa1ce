/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Nova's device_spec. */

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tools/pattern.h"
#include "tools/selector-json.h"
#include "tools/selector.h"

#define ANY (-1)

enum field { DOMAIN, BUS, SLOT, FUNCTION, N_FIELDS };

static const struct {
	const char *name; /* in the form with regular expressions */
	int max;
} fields[N_FIELDS] = {{"domain", 0xffff}, {"bus", 0xff}, {"slot", 0x1f}, {"function", 7}};

enum style { STYLE_NONE, STYLE_GLOB, STYLE_REGEX };

struct vfp_device_spec {
	char *where;
	int vendor, product; /* or ANY */
	char devname[IFNAMSIZ];
	enum style style;
	int numbers[N_FIELDS]; /* of a glob, or ANY */
	regex_t regexes[N_FIELDS];
	unsigned int n_regexes; /* that are to be freed */
	char literal[64];	/* the address that it could be one of, as written */
	char *physnet, *unknown;
	bool is_trusted, is_remote_managed, can_migrate;
	enum vfp_managed managed;
};

/* A device's fields as both write them. */
struct address {
	int numbers[N_FIELDS];
	char texts[N_FIELDS][12];
};

static int add_spec(struct vfp_device_specs *specs, const char *where, json_object *object,
		    struct vfp_err *err);
static void free_spec(struct vfp_device_spec *spec);

/* --- Nova: reading ---------------------------------------------------------------------------- */

int vfp_device_specs_add(struct vfp_device_specs *specs, const char *where, const char *value,
			 struct vfp_err *err)
{
	vfp_auto(json) root = NULL;
	int rc = vfp_json_parse(value, &root, err);
	size_t n;

	if (rc == 0 && json_object_is_type(root, json_type_object))
		rc = add_spec(specs, where, root, err);
	else if (rc == 0 && !json_object_is_type(root, json_type_array))
		rc = vfp_fail(err, EINVAL,
			      "a JSON object was expected, {\"devname\": \"ens1f0\", …}, or a list "
			      "of them");
	n = json_object_is_type(root, json_type_array) ? json_object_array_length(root) : 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		json_object *object = json_object_array_get_idx(root, i);

		rc = json_object_is_type(object, json_type_object)
			     ? add_spec(specs, where, object, err)
			     : vfp_fail(err, EINVAL, "a JSON object was expected");
		if (rc < 0)
			vfp_fail_in(err, rc, "number %zu of the list", i + 1);
	}
	return rc < 0 ? vfp_fail_in(err, rc, "%s", where) : 0;
}

void vfp_device_specs_free(struct vfp_device_specs *specs)
{
	for (size_t i = 0; i < specs->n; i++)
		free_spec(specs->specs[i]);
	free(specs->specs);
	*specs = (struct vfp_device_specs){0};
}

static void free_spec(struct vfp_device_spec *spec)
{
	for (unsigned int i = 0; i < spec->n_regexes; i++)
		regfree(&spec->regexes[i]);
	free(spec->where);
	free(spec->physnet);
	free(spec->unknown);
	free(spec);
}

/* "0x8086", "8086", "*". */
static int parse_hex(const char *what, const char *text, int max, int *ret, struct vfp_err *err)
{
	const char *digits = text;
	char *end;
	unsigned long number;

	if (!strcmp(text, "*")) {
		*ret = ANY;
		return 0;
	}
	if (!strncmp(digits, "0x", 2) || !strncmp(digits, "0X", 2))
		digits += 2;
	if (!isxdigit((unsigned char)*digits) || strlen(digits) > 8)
		return vfp_fail(err, EINVAL, "%s: '%s' is no hexadecimal number, and not *", what,
				text);
	number = strtoul(digits, &end, 16);
	if (*end)
		return vfp_fail(err, EINVAL, "%s: '%s' is no hexadecimal number, and not *", what,
				text);
	if (number > (unsigned long)max)
		return vfp_fail(err, EINVAL, "%s: '%s' is above %x, the largest there is", what,
				text, (unsigned int)max);
	*ret = (int)number;
	return 0;
}

/* What stands in @text without the blanks around it, which Nova takes off. */
static char *stripped(const char *text)
{
	size_t size;

	text += strspn(text, " \t\n\r");
	size = strlen(text);
	while (size && isspace((unsigned char)text[size - 1]))
		size--;
	return vfp_format("%.*s", (int)size, text);
}

/* "*:0a:00.*": domain and bus may be left off, a field that is empty is any. */
static int parse_glob(struct vfp_device_spec *spec, const char *text, struct vfp_err *err)
{
	vfp_autofree char *copy = vfp_strdup(text);
	char *dot = strchr(copy, '.'), *rest = copy;
	const char *parts[3];
	size_t n = 0;
	int rc = 0;

	for (int i = 0; i < N_FIELDS; i++)
		spec->numbers[i] = ANY;
	if (dot)
		*dot++ = '\0';
	for (char *part = strsep(&rest, ":"); part; part = strsep(&rest, ":")) {
		if (n == 3)
			return vfp_fail(
				err, EINVAL,
				"address '%s': more than domain:bus:slot before the function",
				text);
		parts[n++] = part;
	}
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const enum field field = (enum field)(3 - n + i);
		vfp_autofree char *part = stripped(parts[i]);

		if (*part)
			rc = parse_hex(fields[field].name, part, fields[field].max,
				       &spec->numbers[field], err);
	}
	if (rc == 0 && dot) {
		vfp_autofree char *part = stripped(dot);

		if (*part)
			rc = parse_hex("function", part, fields[FUNCTION].max,
				       &spec->numbers[FUNCTION], err);
	}
	if (rc < 0)
		return vfp_fail_in(err, rc, "address '%s'", text);
	spec->style = STYLE_GLOB;
	return 0;
}

/* {"domain": ".*", "bus": "02", "slot": "01", "function": "[2-7]"}: what is left out is any. */
static int parse_regexes(struct vfp_device_spec *spec, json_object *object, struct vfp_err *err)
{
	const char *texts[N_FIELDS] = {".*", ".*", ".*", ".*"};
	int rc;

	json_object_object_foreach(object, key, value)
	{
		int field = 0;

		while (field < N_FIELDS && strcmp(key, fields[field].name) != 0)
			field++;
		if (field == N_FIELDS)
			return vfp_fail(err, EINVAL,
					"address: '%s' is none of domain, bus, slot, function",
					key);
		if (!json_object_is_type(value, json_type_string))
			return vfp_fail(err, EINVAL,
					"address: %s: a regular expression was expected, as text",
					key);
		texts[field] = json_object_get_string(value);
	}
	for (int i = 0; i < N_FIELDS; i++) {
		rc = vfp_pattern_compile(texts[i], true, &spec->regexes[i], err);
		if (rc < 0)
			return vfp_fail_in(err, rc, "address: %s", fields[i].name);
		spec->n_regexes++;
	}
	snprintf(spec->literal, sizeof(spec->literal), "%s:%s:%s.%s", texts[DOMAIN], texts[BUS],
		 texts[SLOT], texts[FUNCTION]);
	spec->style = STYLE_REGEX;
	return 0;
}

/* oslo_utils.strutils.bool_from_string(): anything else is false. */
static bool is_true(const char *text)
{
	static const char *const words[] = {"1", "t", "true", "on", "y", "yes"};
	vfp_autofree char *word = stripped(text);

	for (size_t i = 0; i < VFP_N(words); i++)
		if (!strcasecmp(word, words[i]))
			return true;
	return false;
}

/* How a key of a spec is taken; @text is NULL where the value is null or an object. */
static int take_vendor(struct vfp_device_spec *spec, const char *text, struct vfp_err *err)
{
	vfp_autofree char *id = stripped(text);

	return parse_hex("vendor_id", id, 0xffff, &spec->vendor, err);
}

static int take_product(struct vfp_device_spec *spec, const char *text, struct vfp_err *err)
{
	vfp_autofree char *id = stripped(text);

	return parse_hex("product_id", id, 0xffff, &spec->product, err);
}

static int take_devname(struct vfp_device_spec *spec, const char *text, struct vfp_err *err)
{
	if (!vfp_copy(spec->devname, sizeof(spec->devname), text))
		return vfp_fail(err, EINVAL, "devname: '%s' is too long for a network device",
				text);
	return 0;
}

static int take_physnet(struct vfp_device_spec *spec, const char *text, struct vfp_err *err)
{
	(void)err;
	free(spec->physnet);
	spec->physnet = vfp_strdup(text);
	return 0;
}

static int take_trusted(struct vfp_device_spec *spec, const char *text, struct vfp_err *err)
{
	(void)err;
	spec->is_trusted = is_true(text);
	return 0;
}

static int take_remote(struct vfp_device_spec *spec, const char *text, struct vfp_err *err)
{
	(void)err;
	spec->is_remote_managed = is_true(text);
	return 0;
}

static int take_managed(struct vfp_device_spec *spec, const char *text, struct vfp_err *err)
{
	(void)err;
	spec->managed = is_true(text) ? VFP_MANAGED_YES : VFP_MANAGED_NO;
	return 0;
}

static int take_migratable(struct vfp_device_spec *spec, const char *text, struct vfp_err *err)
{
	(void)err;
	spec->can_migrate = is_true(text);
	return 0;
}

static int take_nothing(struct vfp_device_spec *spec, const char *text, struct vfp_err *err)
{
	(void)spec;
	(void)text;
	(void)err;
	return 0;
}

static const struct {
	const char *key;
	int (*take)(struct vfp_device_spec *spec, const char *text, struct vfp_err *err);
	bool may_be_null; /* which is as if the key were not there */
} keys[] = {
	{"vendor_id", take_vendor, false},
	{"product_id", take_product, false},
	{"devname", take_devname, true},
	{"physical_network", take_physnet, true}, /* how Nova is told of tunnels */
	{"trusted", take_trusted, true},
	{"remote_managed", take_remote, true},
	{"managed", take_managed, true},
	{"live_migratable", take_migratable, true},
	/* The scheduler's business alone. */
	{"resource_class", take_nothing, true},
	{"traits", take_nothing, true},
	{"one_time_use", take_nothing, true},
};

/* An address that is null or empty is none, as Nova has it ("address or '*:*:*.*'"). */
static bool is_nothing(json_object *value)
{
	if (json_object_is_type(value, json_type_object))
		return json_object_object_length(value) == 0;
	return !value ||
	       (json_object_is_type(value, json_type_string) && !*json_object_get_string(value));
}

static int take_key(struct vfp_device_spec *spec, const char *key, json_object *value,
		    struct vfp_err *err)
{
	if (!strcmp(key, "address")) {
		if (is_nothing(value))
			return 0;
		if (json_object_is_type(value, json_type_object))
			return parse_regexes(spec, value, err);
		if (json_object_is_type(value, json_type_string))
			return parse_glob(spec, json_object_get_string(value), err);
		return vfp_fail(
			err, EINVAL,
			"address: a text was expected, as in \"*:0a:00.*\", or an object of "
			"regular expressions");
	}
	for (size_t i = 0; i < VFP_N(keys); i++) {
		if (strcmp(key, keys[i].key) != 0)
			continue;
		if (!value && keys[i].may_be_null)
			return 0;
		if (!json_object_is_type(value, json_type_string) &&
		    !json_object_is_type(value, json_type_boolean))
			return vfp_fail(
				err, EINVAL, "%s: a text was expected, found %s", key,
				json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
		return keys[i].take(spec, json_object_get_string(value), err);
	}
	free(spec->unknown);
	spec->unknown = vfp_strdup(key);
	return 0;
}

static int add_spec(struct vfp_device_specs *specs, const char *where, json_object *object,
		    struct vfp_err *err)
{
	struct vfp_device_spec *spec = vfp_alloc(1, sizeof(*spec));
	int rc = 0;

	spec->vendor = spec->product = ANY;
	json_object_object_foreach(object, key, value)
	{
		rc = take_key(spec, key, value, err);
		if (rc < 0)
			break;
	}
	if (rc == 0 && *spec->devname && spec->style != STYLE_NONE)
		rc = vfp_fail(err, EINVAL, "devname and address exclude each other: name one");
	if (rc < 0) {
		free_spec(spec);
		return rc;
	}
	spec->where = vfp_strdup(where);
	specs->specs = vfp_realloc(specs->specs, specs->n + 1, sizeof(struct vfp_device_spec *));
	specs->specs[specs->n++] = spec;
	return 0;
}

struct vfp_spec_tags vfp_device_spec_tags(const struct vfp_device_spec *spec)
{
	return (struct vfp_spec_tags){
		.where = spec->where,
		.physnet = spec->physnet ? spec->physnet : "",
		.is_trusted = spec->is_trusted,
		.is_remote_managed = spec->is_remote_managed,
		.can_migrate = spec->can_migrate,
		.managed = spec->managed,
		.unknown = spec->unknown ? spec->unknown : "",
	};
}

/* --- Nova: matching --------------------------------------------------------------------------- */

static struct address address_of(const struct vfp_pci *pci)
{
	struct address address = {
		.numbers = {(int)pci->domain, pci->bus, pci->device, pci->function}};

	snprintf(address.texts[DOMAIN], sizeof(address.texts[0]), "%04x", pci->domain);
	snprintf(address.texts[BUS], sizeof(address.texts[0]), "%02x", pci->bus);
	snprintf(address.texts[SLOT], sizeof(address.texts[0]), "%02x", pci->device);
	snprintf(address.texts[FUNCTION], sizeof(address.texts[0]), "%x", pci->function);
	return address;
}

static bool fits(const struct vfp_device_spec *spec, const struct vfp_pci *pci)
{
	const struct address address = address_of(pci);

	for (int i = 0; i < N_FIELDS; i++) {
		if (spec->style == STYLE_GLOB && spec->numbers[i] != ANY &&
		    spec->numbers[i] != address.numbers[i])
			return false;
		if (spec->style == STYLE_REGEX &&
		    regexec(&spec->regexes[i], address.texts[i], 0, NULL, 0) != 0)
			return false;
	}
	return true;
}

/* An address that is a PF's means all its VFs. */
static bool is_of_pf(const struct vfp_device_spec *spec, const struct vfp_pci *pf)
{
	char text[VFP_PCI_SIZE];

	if (spec->style == STYLE_REGEX)
		return !strcmp(spec->literal, vfp_pci_format(pf, text));
	for (int i = 0; i < N_FIELDS; i++)
		if (spec->numbers[i] == ANY)
			return false;
	return fits(spec, pf);
}

bool vfp_device_spec_match(const struct vfp_device_spec *spec, const struct vfp_candidate *vf)
{
	if ((spec->vendor != ANY && spec->vendor != vf->vendor) ||
	    (spec->product != ANY && spec->product != vf->device))
		return false;
	if (*spec->devname)
		return !strcmp(spec->devname, vf->vf.pf) || !strcmp(spec->devname, vf->netdev);
	if (spec->style == STYLE_NONE)
		return true;
	return is_of_pf(spec, &vf->pf_pci) || fits(spec, &vf->vf.pci);
}
