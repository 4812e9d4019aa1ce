/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The selectors of Kubernetes' SR-IOV device plugin. */

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/pooldef.h"
#include "tools/pattern.h"
#include "tools/selector-json.h"
#include "tools/selector.h"

enum list { VENDORS, DEVICES, DRIVERS, ADDRESSES, PF_NAMES, ROOTS, LINK_TYPES, N_LISTS };

struct item {
	char *text;
	regex_t regex; /* of PF_NAMES and ROOTS: the part before the range */
	char range[VFP_RANGE_SIZE];
	bool has_range, has_regex;
};

struct items {
	struct item *items;
	size_t n;
	bool is_given;
};

struct selectors {
	struct items lists[N_LISTS];
};

struct vfp_resource {
	char *name;
	struct selectors *selectors; /* any of them */
	size_t n;
};

static const char *const list_names[N_LISTS] = {
	"vendors", "devices", "drivers", "pciAddresses", "pfNames", "rootDevices", "linkTypes"};
/* What the plugin does with a VF that it gives to a container, and none of a selection. */
static const char *const without_effect[] = {"isRdma", "needVhostNet", "vdpaType"};

static int parse_item(enum list list, const char *text, struct item *item, struct vfp_err *err)
{
	const char *hash = strchr(text, '#');
	vfp_autofree char *name =
		vfp_format("%.*s", hash ? (int)(hash - text) : (int)strlen(text), text);
	struct vfp_pci pci;
	int rc = 0;

	item->text = vfp_strdup(list == PF_NAMES || list == ROOTS ? name : text);
	if ((list == ADDRESSES || list == ROOTS) &&
	    vfp_pci_parse(list == ROOTS ? name : text, &pci) < 0 && list == ADDRESSES)
		return vfp_fail(err, EINVAL,
				"'%s' is no PCI address, expected for example 0000:01:10.0", text);
	if (list == LINK_TYPES && strcmp(text, "ether") != 0)
		return vfp_fail(err, EINVAL, "'%s': vfpool knows of VFs with link type ether only",
				text);
	if (list != PF_NAMES && list != ROOTS)
		return 0;
	if (hash) {
		if (!hash[1])
			return vfp_fail(err, EINVAL, "'%s': no VF behind the #", text);
		rc = vfp_range_parse(hash + 1, item->range, err);
		item->has_range = true;
	}
	if (rc == 0)
		rc = vfp_pattern_compile(name, false, &item->regex, err);
	item->has_regex = rc == 0;
	return rc;
}

static int parse_list(enum list list, json_object *value, struct items *items, struct vfp_err *err)
{
	int rc = 0;

	if (!json_object_is_type(value, json_type_array))
		return vfp_fail(err, EINVAL, "%s: a list of texts was expected", list_names[list]);
	for (size_t i = 0; rc == 0 && i < json_object_array_length(value); i++) {
		json_object *text = json_object_array_get_idx(value, i);

		if (!json_object_is_type(text, json_type_string))
			return vfp_fail(err, EINVAL, "%s: a list of texts was expected",
					list_names[list]);
		items->items = vfp_realloc(items->items, items->n + 1, sizeof(*items->items));
		items->items[items->n++] = (struct item){.text = NULL};
		rc = parse_item(list, json_object_get_string(text), &items->items[i], err);
	}
	/* An empty list selects nothing by: the plugin leaves that selector out. */
	items->is_given = items->n > 0;
	return rc < 0 ? vfp_fail_in(err, rc, "%s", list_names[list]) : 0;
}

static int parse_selector(const char *key, json_object *value, struct selectors *selectors,
			  struct vfp_err *err)
{
	for (int list = 0; list < N_LISTS; list++)
		if (!strcmp(key, list_names[list])) {
			return parse_list((enum list)list, value, &selectors->lists[list], err);
		}
	for (size_t i = 0; i < VFP_N(without_effect); i++)
		if (!strcmp(key, without_effect[i]))
			return 0;
	return vfp_fail(
		err, EINVAL,
		"selector %s says what vfpool does not know of a VF: leave it out, or say it "
		"by vendors, devices, drivers, pciAddresses, pfNames or rootDevices",
		key);
}

static int parse_selectors(json_object *object, struct vfp_resource *resource, struct vfp_err *err)
{
	int rc = 0;

	if (!json_object_is_type(object, json_type_object))
		return vfp_fail(err, EINVAL,
				"selectors: a JSON object was expected, or a list of them");
	resource->selectors =
		vfp_realloc(resource->selectors, resource->n + 1, sizeof(*resource->selectors));
	resource->selectors[resource->n] = (struct selectors){0};
	resource->n++;
	json_object_object_foreach(object, key, value)
	{
		rc = parse_selector(key, value, &resource->selectors[resource->n - 1], err);
		if (rc < 0)
			break;
	}
	return rc;
}

static int parse_resource(json_object *object, struct vfp_resource *resource, struct vfp_err *err)
{
	json_object *selectors = json_object_object_get(object, "selectors");
	json_object *type = json_object_object_get(object, "deviceType");
	json_object *name = json_object_object_get(object, "resourceName");
	int rc;

	if (!json_object_is_type(name, json_type_string))
		return vfp_fail(err, EINVAL, "resourceName is missing");
	resource->name = vfp_strdup(json_object_get_string(name));
	rc = vfp_name_check("pool", resource->name, err);
	if (rc < 0)
		return vfp_fail_in(err, rc, "resourceName");
	if (type && (!json_object_is_type(type, json_type_string) ||
		     strcmp(json_object_get_string(type), "netDevice") != 0))
		return vfp_fail(
			err, EINVAL,
			"resource %s: deviceType %s is no VF of a network card: take it out",
			resource->name, json_object_get_string(type));
	if (!json_object_is_type(selectors, json_type_array)) {
		rc = parse_selectors(selectors, resource, err);
	} else {
		for (size_t i = 0; rc == 0 && i < json_object_array_length(selectors); i++)
			rc = parse_selectors(json_object_array_get_idx(selectors, i), resource,
					     err);
	}
	return rc < 0 ? vfp_fail_in(err, rc, "resource %s", resource->name) : 0;
}

int vfp_resources_parse(const char *text, struct vfp_resources *ret, struct vfp_err *err)
{
	struct vfp_resources resources = {0};
	vfp_auto(json) root = NULL;
	json_object *list = NULL;
	int rc = vfp_json_parse(text, &root, err);

	if (rc < 0)
		return rc;
	if (json_object_is_type(root, json_type_object))
		list = json_object_object_get(root, "resourceList");
	if (!json_object_is_type(list, json_type_array))
		return vfp_fail(
			err, EINVAL,
			"no list \"resourceList\" in it: the device plugin's config.json was expected");
	for (size_t i = 0; rc == 0 && i < json_object_array_length(list); i++) {
		json_object *object = json_object_array_get_idx(list, i);

		resources.resources = vfp_realloc(resources.resources, resources.n + 1,
						  sizeof(struct vfp_resource *));
		resources.resources[resources.n++] = vfp_alloc(1, sizeof(struct vfp_resource));
		rc = json_object_is_type(object, json_type_object)
			     ? parse_resource(object, resources.resources[i], err)
			     : vfp_fail(err, EINVAL, "a JSON object was expected");
		if (rc < 0)
			vfp_fail_in(err, rc, "number %zu of resourceList", i + 1);
	}
	if (rc < 0) {
		vfp_resources_free(&resources);
		return rc;
	}
	*ret = resources;
	return 0;
}

static void free_items(struct items *items)
{
	for (size_t i = 0; i < items->n; i++) {
		if (items->items[i].has_regex)
			regfree(&items->items[i].regex);
		free(items->items[i].text);
	}
	free(items->items);
}

void vfp_resources_free(struct vfp_resources *resources)
{
	for (size_t i = 0; i < resources->n; i++) {
		struct vfp_resource *resource = resources->resources[i];

		for (size_t k = 0; k < resource->n; k++)
			for (int list = 0; list < N_LISTS; list++)
				free_items(&resource->selectors[k].lists[list]);
		free(resource->selectors);
		free(resource->name);
		free(resource);
	}
	free(resources->resources);
	*resources = (struct vfp_resources){0};
}

const char *vfp_resource_name(const struct vfp_resource *resource)
{
	return resource->name;
}

/* --- Kubernetes: matching --------------------------------------------------------------------- */

static bool has_text(const struct items *items, const char *text)
{
	for (size_t i = 0; i < items->n; i++)
		if (!strcmp(items->items[i].text, text))
			return true;
	return false;
}

/* The first item that names the PF, as a name in any case or as a regular expression that occurs
 * in it, decides by its range, whatever stands behind it. */
static bool has_pf(const struct items *items, const char *pf, unsigned int index)
{
	for (size_t i = 0; i < items->n; i++) {
		const struct item *item = &items->items[i];

		if (!strcasecmp(item->text, pf) || regexec(&item->regex, pf, 0, NULL, 0) == 0)
			return !item->has_range || vfp_range_has(item->range, index);
	}
	return false;
}

static bool is_selected(const struct selectors *selectors, const struct vfp_candidate *vf)
{
	char texts[N_LISTS][VFP_DRIVER_SIZE] = {"", "", "", "", "", "", "ether"};

	snprintf(texts[VENDORS], sizeof(texts[0]), "%04x", vf->vendor);
	snprintf(texts[DEVICES], sizeof(texts[0]), "%04x", vf->device);
	vfp_copy(texts[DRIVERS], sizeof(texts[0]), vf->driver);
	vfp_pci_format(&vf->vf.pci, texts[ADDRESSES]);
	vfp_copy(texts[PF_NAMES], sizeof(texts[0]), vf->vf.pf);
	vfp_pci_format(&vf->pf_pci, texts[ROOTS]);
	for (int list = 0; list < N_LISTS; list++) {
		const struct items *items = &selectors->lists[list];

		if (!items->is_given)
			continue;
		if (list == PF_NAMES || list == ROOTS ? !has_pf(items, texts[list], vf->vf.index)
						      : !has_text(items, texts[list]))
			return false;
	}
	return true;
}

bool vfp_resource_match(const struct vfp_resource *resource, const struct vfp_candidate *vf)
{
	for (size_t i = 0; i < resource->n; i++)
		if (is_selected(&resource->selectors[i], vf))
			return true;
	return false;
}
