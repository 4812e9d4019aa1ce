/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the disks of a domain lie on, and whether one was put on top of another since. */

#include <string.h>

#include "xml/document.h"

static char *line_of(const struct vfp_xml_node *disk, const struct vfp_xml_node *layer);
static const char *name_of(const struct vfp_xml_node *source);
static bool has_line(const char *lines, const char *line);

char *vfp_domain_disks(const struct vfp_domain *dom)
{
	const struct vfp_xml_node *disk = vfp_xml_child(dom->devices, "disk");
	char *lines = vfp_strdup("");

	for (; disk; disk = vfp_xml_again(disk)) {
		vfp_autofree char *line = line_of(disk, disk);
		vfp_autofree char *former = lines;

		lines = vfp_format("%s%s", former, line);
	}
	return lines;
}

const char *vfp_domain_overlaid(const struct vfp_domain *dom, const char *disks)
{
	const struct vfp_xml_node *disk = vfp_xml_child(dom->devices, "disk");

	for (; disk; disk = vfp_xml_again(disk)) {
		const struct vfp_xml_node *layer = vfp_xml_child(disk, "backingStore");

		for (; layer; layer = vfp_xml_child(layer, "backingStore")) {
			vfp_autofree char *line = line_of(disk, layer);

			if (has_line(disks, line))
				return vfp_xml_attr(vfp_xml_child(disk, "target"), "dev");
		}
	}
	return NULL;
}

/* "vda /var/lib/libvirt/images/web1.qcow2\n": the disk's target and what that layer of it is; "" for
 * a disk without medium. */
static char *line_of(const struct vfp_xml_node *disk, const struct vfp_xml_node *layer)
{
	const char *target = vfp_xml_attr(vfp_xml_child(disk, "target"), "dev");
	const char *name = name_of(vfp_xml_child(layer, "source"));
	vfp_autofree char *line = NULL;

	if (!target || !name)
		return vfp_strdup("");
	line = vfp_format("%s %s", target, name);
	for (char *p = line; *p; p++)
		*p = *p == '\n' ? ' ' : *p;
	return vfp_format("%s\n", line);
}

/* A <source> says where it lies by one of these, its type decides which. */
static const char *name_of(const struct vfp_xml_node *source)
{
	static const char *const names[] = {"file", "dev", "name", "volume", "path", "dir"};

	for (size_t i = 0; i < VFP_N(names); i++)
		if (vfp_xml_attr(source, names[i]))
			return vfp_xml_attr(source, names[i]);
	return NULL;
}

static bool has_line(const char *lines, const char *line)
{
	const char *at = *line ? strstr(lines, line) : NULL;

	while (at && at != lines && at[-1] != '\n')
		at = strstr(at + 1, line);
	return at;
}
