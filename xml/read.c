/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads what a domain's definition says about NICs and NUMA nodes, and what a rewrite kept in it.
 * (Memory: memory.c.)
 */
#include "xml/domain.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/pooldef.h"
#include "xml/document.h"
#include "xml/edit.h"
#include "xml/tree.h"

VFP_DEFINE_AUTO(domain, struct vfp_domain *, vfp_domain_free)

static const char *disk_target(const struct vfp_xml_node *disk);
static int read_root(struct vfp_domain *dom, struct vfp_err *err);
static int read_uuid(struct vfp_domain *dom, struct vfp_err *err);
static void read_numa_nodes(struct vfp_domain *dom);
static bool nodeset_format(const bool nodes[VFP_XML_MAX_NODES], char ret_range[VFP_RANGE_SIZE]);
static int read_kept(struct vfp_domain *dom, struct vfp_err *err);
static int read_port(const struct vfp_xml_node *node, struct vfp_xml_port *ret_port,
		     struct vfp_err *err);
static int read_nics(struct vfp_domain *dom, struct vfp_err *err);
static int read_nic(const struct vfp_xml_node *node, struct vfp_nic *ret_nic, bool *ret_concerns,
		    struct vfp_err *err);
static int read_network(const struct vfp_xml_node *node, struct vfp_nic *ret_nic,
			bool *ret_concerns, struct vfp_err *err);
static int read_hostdev(const struct vfp_xml_node *node, struct vfp_nic *ret_nic,
			struct vfp_err *err);
static int read_mac(const struct vfp_xml_node *interface, struct vfp_mac *ret_mac,
		    struct vfp_err *err);
static int read_vlan(const struct vfp_xml_node *interface, uint16_t *ret_vlan, struct vfp_err *err);
static bool c_number_parse(const char *s, uint64_t max, uint64_t *ret_value);
static void find_port(struct vfp_domain *dom, size_t i, bool by_alias);
static bool alias_mac(const struct vfp_xml_node *interface, struct vfp_mac *ret_mac);
static int check_macs(const struct vfp_domain *dom, struct vfp_err *err);

int vfp_domain_read(const char *text, size_t size, struct vfp_domain **ret_dom, struct vfp_err *err)
{
	vfp_auto(domain) dom = vfp_alloc(1, sizeof(*dom));
	int rc;

	rc = vfp_xml_parse(text, size, &dom->root, err);
	if (rc < 0)
		return rc;
	dom->text = memcpy(vfp_alloc(size + 1, 1), text, size);
	dom->size = size;
	rc = read_root(dom, err);
	if (rc < 0)
		return rc;
	*ret_dom = VFP_TAKE(dom);
	return 0;
}

void vfp_domain_free(struct vfp_domain *dom)
{
	if (!dom)
		return;
	vfp_xml_free(dom->root);
	free(dom->ports);
	free(dom->name);
	free(dom->text);
	free(dom);
}

const char *vfp_domain_name(const struct vfp_domain *dom)
{
	return dom->name;
}

const char *vfp_domain_uuid(const struct vfp_domain *dom)
{
	return dom->uuid;
}

size_t vfp_domain_nics(const struct vfp_domain *dom, const struct vfp_nic **ret_nics)
{
	*ret_nics = dom->nics;
	return dom->n_nics;
}

char *vfp_domain_nic_xml(const struct vfp_domain *dom, size_t place)
{
	const struct vfp_layout layout = {.eol = "\n", .indent = "", .unit = "  ", .unit_size = 2};
	vfp_auto(source) source = vfp_source_new(dom->text, dom->size, dom->root);
	vfp_auto(block) block = vfp_block_new();

	vfp_source_copy(source, dom->places[place].node, block, 0);
	return vfp_block_lay_out(block, &layout, false);
}

const struct vfp_domain_memory *vfp_domain_memory(const struct vfp_domain *dom)
{
	return &dom->memory;
}

const char *vfp_domain_numa_nodes(const struct vfp_domain *dom)
{
	return dom->numa_nodes;
}

const char *vfp_domain_snapshot_disk(const struct vfp_domain *dom)
{
	const struct vfp_xml_node *disk = vfp_xml_child(dom->devices, "disk");

	while (disk && vfp_xml_disk_is_left_out(disk))
		disk = vfp_xml_again(disk);
	return disk ? disk_target(disk) : NULL;
}

const struct vfp_xml_node *vfp_xml_our_child(const struct vfp_xml_node *parent, const char *name)
{
	return vfp_xml_child_in(parent, VFP_XML_NS, name);
}

int vfp_xml_pci(const struct vfp_xml_node *address, struct vfp_pci *ret_pci, struct vfp_err *err)
{
	static const struct {
		const char *attr;
		uint64_t max;
	} parts[] = {{"domain", UINT32_MAX}, {"bus", 255}, {"slot", 31}, {"function", 7}};
	uint64_t values[VFP_N(parts)] = {0};

	for (size_t i = 0; i < VFP_N(parts); i++) {
		const char *text = vfp_xml_attr(address, parts[i].attr);

		if (text && !c_number_parse(text, parts[i].max, &values[i]))
			return vfp_xml_fail(address, err,
					    "%s='%s' is no part of a PCI address, "
					    "expected 0 to 0x%llx",
					    parts[i].attr, text, (unsigned long long)parts[i].max);
	}
	*ret_pci = (struct vfp_pci){(uint32_t)values[0], (uint8_t)values[1], (uint8_t)values[2],
				    (uint8_t)values[3]};
	return 0;
}

bool vfp_xml_fits_vf(const struct vfp_xml_node *child)
{
	static const struct {
		const char *element;
		const char *attr, *value; /* only with this value; NULL: always */
	} fitting[] = {
		{"boot", NULL, NULL},	    {"rom", NULL, NULL},	{"acpi", NULL, NULL},
		{"address", "type", "pci"}, {"driver", "name", "vfio"},
	};

	for (size_t i = 0; i < VFP_N(fitting); i++)
		if (vfp_xml_is(child, fitting[i].element))
			return !fitting[i].attr ||
			       vfp_xml_attr_is(child, fitting[i].attr, fitting[i].value);
	return false;
}

bool vfp_xml_disk_is_left_out(const struct vfp_xml_node *disk)
{
	const char *snapshot = vfp_xml_attr(disk, "snapshot");

	if (snapshot)
		return !strcmp(snapshot, "no");
	return vfp_xml_child(disk, "readonly") || vfp_xml_attr_is(disk, "device", "cdrom");
}

const char *vfp_xml_disk_name(const struct vfp_xml_node *disk)
{
	const char *name = disk_target(disk);
	const struct vfp_xml_node *other = vfp_xml_child(disk->parent, "disk");

	for (; name && other != disk; other = vfp_xml_again(other))
		if (disk_target(other) && !strcmp(disk_target(other), name))
			return NULL;
	return name;
}

const struct vfp_xml_node *vfp_xml_former_disk(const struct vfp_domain *dom,
					       const struct vfp_xml_node *disk)
{
	const char *dev = vfp_xml_disk_name(disk);
	const struct vfp_xml_node *record = vfp_xml_our_child(dom->former, "disk");

	while (dev && record && !vfp_xml_attr_is(record, "dev", dev))
		record = vfp_xml_again(record);
	return dev ? record : NULL;
}

static const char *disk_target(const struct vfp_xml_node *disk)
{
	return vfp_xml_attr(vfp_xml_child(disk, "target"), "dev");
}

static int read_root(struct vfp_domain *dom, struct vfp_err *err)
{
	int rc;

	if (!vfp_xml_is(dom->root, "domain"))
		return vfp_fail(err, EINVAL,
				"the document is a <%s>%s, expected libvirt's <domain>",
				dom->root->name, dom->root->space ? " in a namespace" : "");
	dom->name = vfp_xml_text(vfp_xml_child(dom->root, "name"));
	dom->devices = vfp_xml_child(dom->root, "devices");
	read_numa_nodes(dom);
	rc = read_uuid(dom, err);
	if (rc == 0)
		rc = vfp_xml_read_memory(dom, err);
	if (rc == 0)
		rc = read_kept(dom, err);
	if (rc == 0)
		rc = read_nics(dom, err);
	return rc;
}

static int read_uuid(struct vfp_domain *dom, struct vfp_err *err)
{
	const struct vfp_xml_node *node = vfp_xml_child(dom->root, "uuid");
	vfp_autofree char *text = vfp_xml_text(node);

	if (node && vfp_uuid_parse(text, dom->uuid) < 0)
		return vfp_xml_fail(node, err, "'%s' is no UUID", text);
	return 0;
}

/* A node set that is not understood is none: it only says which VFs are nearer. */
static void read_numa_nodes(struct vfp_domain *dom)
{
	const struct vfp_xml_node *memory =
		vfp_xml_child(vfp_xml_child(dom->root, "numatune"), "memory");
	const char *nodeset = vfp_xml_attr(memory, "nodeset");
	bool nodes[VFP_XML_MAX_NODES] = {false};

	if (!nodeset || !vfp_xml_nodeset_parse(nodeset, nodes) ||
	    !nodeset_format(nodes, dom->numa_nodes))
		dom->numa_nodes[0] = '\0';
}

static bool nodeset_format(const bool nodes[VFP_XML_MAX_NODES], char ret_range[VFP_RANGE_SIZE])
{
	size_t used = 0;

	ret_range[0] = '\0';
	for (unsigned int first = 0; first < VFP_XML_MAX_NODES; first++) {
		unsigned int last = first;

		if (!nodes[first])
			continue;
		while (last + 1 < VFP_XML_MAX_NODES && nodes[last + 1])
			last++;
		used += (size_t)snprintf(ret_range + used, VFP_RANGE_SIZE - used,
					 last > first ? "%s%u-%u" : "%s%u", used ? "," : "", first,
					 last);
		if (used >= VFP_RANGE_SIZE)
			return false;
		first = last;
	}
	return true;
}

/* What an earlier rewrite left in <metadata>. */
static int read_kept(struct vfp_domain *dom, struct vfp_err *err)
{
	uint64_t former_kib;
	const struct vfp_xml_node *node;
	size_t n = 0;
	int rc;

	dom->ours = vfp_xml_our_child(vfp_xml_child(dom->root, "metadata"), "domain");
	dom->former = vfp_xml_our_child(dom->ours, "former");
	node = vfp_xml_our_child(dom->ours, "port");
	for (const struct vfp_xml_node *port = node; port; port = vfp_xml_again(port))
		n++;
	dom->ports = vfp_alloc(n, sizeof(*dom->ports));
	for (; node; node = vfp_xml_again(node)) {
		rc = read_port(node, &dom->ports[dom->n_ports], err);
		if (rc < 0)
			return rc;
		dom->n_ports++;
	}
	return vfp_xml_memory(vfp_xml_our_child(dom->former, "currentMemory"), &former_kib, err);
}

static int read_port(const struct vfp_xml_node *node, struct vfp_xml_port *ret_port,
		     struct vfp_err *err)
{
	const char *mac = vfp_xml_attr(node, "mac");
	const char *pool = vfp_xml_attr(node, "pool");
	const char *portgroup = vfp_xml_attr(node, "portgroup");
	const struct vfp_xml_node *interface = vfp_xml_child(node, "interface");
	struct vfp_xml_port port = {0};
	struct vfp_err why = {0};

	if (!mac || vfp_mac_parse(mac, &port.mac) < 0)
		return vfp_xml_fail(node, err, "mac='%s' is no MAC address", mac ? mac : "");
	if (!pool || vfp_name_check("pool", pool, &why) < 0 ||
	    (portgroup && *portgroup && vfp_name_check("port group", portgroup, &why) < 0))
		return vfp_xml_fail(node, err, "%s", pool ? why.msg : "it names no pool='…'");
	if (vfp_xml_attr_is(interface, "type", "network"))
		port.interface = interface;
	vfp_copy(port.pool, sizeof(port.pool), pool);
	vfp_copy(port.portgroup, sizeof(port.portgroup), portgroup ? portgroup : "");
	*ret_port = port;
	return 0;
}

static int read_nics(struct vfp_domain *dom, struct vfp_err *err)
{
	const struct vfp_xml_node *node = dom->devices ? dom->devices->first : NULL;
	bool concerns;
	int rc;

	for (; node; node = node->next) {
		struct vfp_nic nic = {0};

		rc = read_nic(node, &nic, &concerns, err);
		if (rc < 0)
			return rc;
		if (!concerns)
			continue;
		if (dom->n_nics == VFP_MAX_NICS)
			return vfp_xml_fail(node, err,
					    "the domain has more than %d NICs that could "
					    "be a pool's",
					    VFP_MAX_NICS);
		dom->nics[dom->n_nics] = nic;
		dom->places[dom->n_nics].node = node;
		dom->n_nics++;
	}
	/* The alias says which port a NIC is even when its <mac> was edited; the MAC finds those
	 * whose alias says nothing. */
	for (size_t i = 0; i < dom->n_nics; i++)
		find_port(dom, i, true);
	for (size_t i = 0; i < dom->n_nics; i++)
		find_port(dom, i, false);
	return check_macs(dom, err);
}

/* Tells the kinds apart.  Of a device that can be no pool's nothing is read, so nothing in it can
 * be wrong. */
static int read_nic(const struct vfp_xml_node *node, struct vfp_nic *ret_nic, bool *ret_concerns,
		    struct vfp_err *err)
{
	bool is_interface = vfp_xml_is(node, "interface");
	bool is_hostdev =
		is_interface ? vfp_xml_attr_is(node, "type", "hostdev")
			     : vfp_xml_is(node, "hostdev") && vfp_xml_attr_is(node, "type", "pci");

	*ret_concerns = is_hostdev || (is_interface && vfp_xml_attr_is(node, "type", "network"));
	if (!*ret_concerns)
		return 0;
	ret_nic->has_teaming = vfp_xml_child(node, "teaming");
	ret_nic->has_filterref = vfp_xml_child(node, "filterref");
	ret_nic->has_bandwidth = vfp_xml_child(node, "bandwidth");
	if (is_hostdev)
		return read_hostdev(node, ret_nic, err);
	return read_network(node, ret_nic, ret_concerns, err);
}

/* A network whose name can be no pool's does not concern us. */
static int read_network(const struct vfp_xml_node *node, struct vfp_nic *ret_nic,
			bool *ret_concerns, struct vfp_err *err)
{
	const struct vfp_xml_node *source = vfp_xml_child(node, "source");
	const char *network = vfp_xml_attr(source, "network");
	const char *portgroup = vfp_xml_attr(source, "portgroup");

	*ret_concerns = network && vfp_name_check("pool", network, NULL) == 0;
	if (!*ret_concerns)
		return 0;
	ret_nic->kind = VFP_NIC_NETWORK;
	ret_nic->has_want = true;
	vfp_copy(ret_nic->want.pool, sizeof(ret_nic->want.pool), network);
	/* Cut when too long: there is no such port group, and whoever looks for it says so. */
	snprintf(ret_nic->want.portgroup, sizeof(ret_nic->want.portgroup), "%s",
		 portgroup ? portgroup : "");
	return read_mac(node, &ret_nic->want.mac, err);
}

static int read_hostdev(const struct vfp_xml_node *node, struct vfp_nic *ret_nic,
			struct vfp_err *err)
{
	const char *alias = vfp_xml_attr(vfp_xml_child(node, "alias"), "name");
	const struct vfp_xml_node *address =
		vfp_xml_child(vfp_xml_child(node, "source"), "address");
	int rc;

	ret_nic->kind = VFP_NIC_HOSTDEV;
	if (vfp_xml_is(node, "interface") && alias &&
	    !strncmp(alias, VFP_ALIAS_PREFIX, strlen(VFP_ALIAS_PREFIX)))
		ret_nic->kind = VFP_NIC_BOUND;
	ret_nic->managed = vfp_xml_attr_is(node, "managed", "yes");
	if (vfp_xml_attr_is(address, "type", "usb"))
		address = NULL;
	rc = vfp_xml_pci(address, &ret_nic->pci, err);
	if (rc == 0)
		rc = read_mac(node, &ret_nic->want.mac, err);
	if (rc == 0)
		rc = read_vlan(node, &ret_nic->vlan, err);
	return rc;
}

static int read_mac(const struct vfp_xml_node *interface, struct vfp_mac *ret_mac,
		    struct vfp_err *err)
{
	const struct vfp_xml_node *node = vfp_xml_child(interface, "mac");
	const char *mac = vfp_xml_attr(node, "address");

	if (mac && vfp_mac_parse(mac, ret_mac) < 0)
		return vfp_xml_fail(node, err,
				    "'%s' is no MAC address, expected six pairs of hex "
				    "digits with colons",
				    mac);
	return 0;
}

static int read_vlan(const struct vfp_xml_node *interface, uint16_t *ret_vlan, struct vfp_err *err)
{
	const struct vfp_xml_node *tag = vfp_xml_child(vfp_xml_child(interface, "vlan"), "tag");
	const char *id = vfp_xml_attr(tag, "id");
	uint64_t value = 0;

	if (id && !c_number_parse(id, 4095, &value))
		return vfp_xml_fail(tag, err, "'%s' is no VLAN, expected 0 to 4095", id);
	*ret_vlan = (uint16_t)value;
	return 0;
}

/* A number as libvirt takes it (strtoul with base 0): 16, 0x10 or, with a leading zero, octal 020.
 * */
static bool c_number_parse(const char *s, uint64_t max, uint64_t *ret_value)
{
	unsigned long long value;
	char *end;

	if (!isdigit((unsigned char)*s))
		return false;
	errno = 0;
	value = strtoull(s, &end, 0);
	if (errno || *end || value > max)
		return false;
	*ret_value = value;
	return true;
}

/* Gives BOUND NIC @i its port out of the metadata, unless another NIC has it. */
static void find_port(struct vfp_domain *dom, size_t i, bool by_alias)
{
	struct vfp_nic *nic = &dom->nics[i];
	struct vfp_mac mac = nic->want.mac;

	if (nic->kind != VFP_NIC_BOUND || dom->places[i].port ||
	    (by_alias && !alias_mac(dom->places[i].node, &mac)))
		return;
	for (size_t p = 0; p < dom->n_ports; p++) {
		struct vfp_xml_port *port = &dom->ports[p];

		if (port->is_taken || !vfp_mac_equal(&port->mac, &mac))
			continue;
		port->is_taken = true;
		dom->places[i].port = port;
		nic->has_want = true;
		if (vfp_mac_is_none(&nic->want.mac))
			nic->want.mac = port->mac;
		memcpy(nic->want.pool, port->pool, sizeof(port->pool));
		memcpy(nic->want.portgroup, port->portgroup, sizeof(port->portgroup));
		return;
	}
}

/* "ua-vfpool-525400000001" */
static bool alias_mac(const struct vfp_xml_node *interface, struct vfp_mac *ret_mac)
{
	const char *digits = vfp_xml_attr(vfp_xml_child(interface, "alias"), "name");
	char mac[VFP_MAC_SIZE];

	digits += strlen(VFP_ALIAS_PREFIX);
	if (strlen(digits) != 12)
		return false;
	for (size_t i = 0; i < 6; i++)
		snprintf(mac + 3 * i, sizeof(mac) - 3 * i, "%.2s:", digits + 2 * i);
	return vfp_mac_parse(mac, ret_mac) == 0;
}

/* Two NICs with one MAC are libvirt's to judge (a teaming pair is that), unless both are ours. */
static int check_macs(const struct vfp_domain *dom, struct vfp_err *err)
{
	char text[VFP_MAC_SIZE];

	for (size_t i = 0; i < dom->n_nics; i++) {
		const struct vfp_nic *nic = &dom->nics[i];

		if (nic->kind != VFP_NIC_BOUND || vfp_mac_is_none(&nic->want.mac))
			continue;
		for (size_t j = 0; j < i; j++)
			if (dom->nics[j].kind == VFP_NIC_BOUND &&
			    vfp_mac_equal(&dom->nics[j].want.mac, &nic->want.mac))
				return vfp_xml_fail(dom->places[i].node, err,
						    "MAC %s is on two NICs of the domain",
						    vfp_mac_format(&nic->want.mac, text));
	}
	return 0;
}
