/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PCI address, MAC, UUID, name, VF and VF attributes: parse, format, compare.
 */
#include "base/vf.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ETH_P_8021AD_HOST 0x88a8

static bool mac_equal(const struct vfp_attrs *a, const struct vfp_attrs *b);
static bool vlan_equal(const struct vfp_attrs *a, const struct vfp_attrs *b);
static bool spoofchk_equal(const struct vfp_attrs *a, const struct vfp_attrs *b);
static bool trust_equal(const struct vfp_attrs *a, const struct vfp_attrs *b);
static bool link_state_equal(const struct vfp_attrs *a, const struct vfp_attrs *b);
static bool rate_equal(const struct vfp_attrs *a, const struct vfp_attrs *b);
static void mac_copy(struct vfp_attrs *to, const struct vfp_attrs *from);
static void vlan_copy(struct vfp_attrs *to, const struct vfp_attrs *from);
static void spoofchk_copy(struct vfp_attrs *to, const struct vfp_attrs *from);
static void trust_copy(struct vfp_attrs *to, const struct vfp_attrs *from);
static void link_state_copy(struct vfp_attrs *to, const struct vfp_attrs *from);
static void rate_copy(struct vfp_attrs *to, const struct vfp_attrs *from);
static void mac_format(const struct vfp_attrs *attrs, char *buf, size_t size);
static void vlan_format(const struct vfp_attrs *attrs, char *buf, size_t size);
static void spoofchk_format(const struct vfp_attrs *attrs, char *buf, size_t size);
static void trust_format(const struct vfp_attrs *attrs, char *buf, size_t size);
static void link_state_format(const struct vfp_attrs *attrs, char *buf, size_t size);
static void rate_format(const struct vfp_attrs *attrs, char *buf, size_t size);
static bool rss_query_equal(const struct vfp_attrs *a, const struct vfp_attrs *b);
static void rss_query_copy(struct vfp_attrs *to, const struct vfp_attrs *from);
static void rss_query_format(const struct vfp_attrs *attrs, char *buf, size_t size);
static bool node_guid_equal(const struct vfp_attrs *a, const struct vfp_attrs *b);
static void node_guid_copy(struct vfp_attrs *to, const struct vfp_attrs *from);
static void node_guid_format(const struct vfp_attrs *attrs, char *buf, size_t size);
static bool port_guid_equal(const struct vfp_attrs *a, const struct vfp_attrs *b);
static void port_guid_copy(struct vfp_attrs *to, const struct vfp_attrs *from);
static void port_guid_format(const struct vfp_attrs *attrs, char *buf, size_t size);
static int hex_value(char c);
static bool hex_number(const char **s, int min_digits, int max_digits, uint32_t *ret_value);
static bool takes(const char **s, char c);
static void uuid_format(const uint8_t byte[16], char ret_uuid[VFP_UUID_SIZE]);

const struct vfp_word vfp_link_state_words[] = {
	{"auto", VFP_LINK_AUTO},
	{"enable", VFP_LINK_ENABLE},
	{"disable", VFP_LINK_DISABLE},
	{NULL, 0},
};

const struct vfp_attrs vfp_attrs_scrubbed = VFP_ATTRS_SCRUBBED;

/* What is to be said about each attribute, once. */
static const struct {
	const char *name;
	bool (*equal)(const struct vfp_attrs *a, const struct vfp_attrs *b);
	void (*copy)(struct vfp_attrs *to, const struct vfp_attrs *from);
	void (*format)(const struct vfp_attrs *attrs, char *buf, size_t size);
} attr_kinds[VFP_N_ATTRS] = {
	[VFP_ATTR_MAC] = {"MAC", mac_equal, mac_copy, mac_format},
	[VFP_ATTR_VLAN] = {"VLAN", vlan_equal, vlan_copy, vlan_format},
	[VFP_ATTR_SPOOFCHK] = {"spoof check", spoofchk_equal, spoofchk_copy, spoofchk_format},
	[VFP_ATTR_TRUST] = {"trust", trust_equal, trust_copy, trust_format},
	[VFP_ATTR_LINKSTATE] = {"link state", link_state_equal, link_state_copy, link_state_format},
	[VFP_ATTR_RATE] = {"rate", rate_equal, rate_copy, rate_format},
	[VFP_ATTR_RSSQUERY] = {"RSS query", rss_query_equal, rss_query_copy, rss_query_format},
	[VFP_ATTR_NODE_GUID] = {"node GUID", node_guid_equal, node_guid_copy, node_guid_format},
	[VFP_ATTR_PORT_GUID] = {"port GUID", port_guid_equal, port_guid_copy, port_guid_format},
};

/* What a MAC reads as after a scrub on drivers that refuse zero. */
static const struct vfp_mac local_zero_mac = {{0x02, 0, 0, 0, 0, 0}};

int vfp_pci_parse(const char *s, struct vfp_pci *ret_pci)
{
	uint32_t domain, bus, device, function;

	if (!hex_number(&s, 4, 8, &domain) || !takes(&s, ':') || !hex_number(&s, 2, 2, &bus) ||
	    !takes(&s, ':') || !hex_number(&s, 2, 2, &device) || !takes(&s, '.') ||
	    !hex_number(&s, 1, 1, &function) || *s || device > 31 || function > 7)
		return -EINVAL;
	*ret_pci = (struct vfp_pci){domain, (uint8_t)bus, (uint8_t)device, (uint8_t)function};
	return 0;
}

char *vfp_pci_format(const struct vfp_pci *pci, char *buf)
{
	snprintf(buf, VFP_PCI_SIZE, "%04x:%02x:%02x.%x", pci->domain, pci->bus, pci->device,
		 pci->function);
	return buf;
}

int vfp_pci_compare(const struct vfp_pci *a, const struct vfp_pci *b)
{
	const int difference[] = {
		(a->domain > b->domain) - (a->domain < b->domain),
		a->bus - b->bus,
		a->device - b->device,
		a->function - b->function,
	};

	for (size_t i = 0; i < sizeof(difference) / sizeof(difference[0]); i++)
		if (difference[i])
			return difference[i];
	return 0;
}

bool vfp_pci_is_none(const struct vfp_pci *pci)
{
	return !pci->domain && !pci->bus && !pci->device && !pci->function;
}

int vfp_mac_parse(const char *s, struct vfp_mac *ret_mac)
{
	struct vfp_mac mac;
	uint32_t byte;

	for (int i = 0; i < 6; i++) {
		if ((i > 0 && !takes(&s, ':')) || !hex_number(&s, 2, 2, &byte))
			return -EINVAL;
		mac.byte[i] = (uint8_t)byte;
	}
	if (*s)
		return -EINVAL;
	*ret_mac = mac;
	return 0;
}

char *vfp_mac_format(const struct vfp_mac *mac, char *buf)
{
	const uint8_t *b = mac->byte;

	snprintf(buf, VFP_MAC_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
		 b[5]);
	return buf;
}

bool vfp_mac_equal(const struct vfp_mac *a, const struct vfp_mac *b)
{
	return !memcmp(a->byte, b->byte, sizeof(a->byte));
}

bool vfp_mac_is_none(const struct vfp_mac *mac)
{
	return vfp_mac_equal(mac, &(struct vfp_mac){{0}});
}

int vfp_mac_check(const struct vfp_mac *mac, struct vfp_err *err)
{
	char text[VFP_MAC_SIZE];

	if (vfp_mac_is_none(mac))
		return vfp_fail(err, EINVAL, "MAC %s: all zero is no address of a NIC",
				vfp_mac_format(mac, text));
	if (mac->byte[0] & 1)
		return vfp_fail(err, EINVAL,
				"MAC %s: a multicast address (its first byte is odd), expected a "
				"NIC's own, such as 52:54:00:12:34:56",
				vfp_mac_format(mac, text));
	return 0;
}

int vfp_uuid_parse(const char *s, char ret_uuid[VFP_UUID_SIZE])
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	const size_t length = strlen(s);
	char uuid[VFP_UUID_SIZE];

	if (length != 36 && length != 32)
		return -EINVAL;
	for (size_t i = 0; i < 36; i++) {
		if (form[i] == '-') {
			if (length == 36 && *s++ != '-')
				return -EINVAL;
			uuid[i] = '-';
		} else {
			if (hex_value(*s) < 0)
				return -EINVAL;
			uuid[i] = (char)tolower((unsigned char)*s++);
		}
	}
	uuid[36] = '\0';
	memcpy(ret_uuid, uuid, sizeof(uuid));
	return 0;
}

void vfp_uuid_make(char ret_uuid[VFP_UUID_SIZE])
{
	uint8_t byte[16];

	/* getentropy() fails only where the kernel has no random numbers at all, and then a UUID
	 * that looks like one would be worse than none. */
	if (getentropy(byte, sizeof(byte)) < 0)
		abort();
	byte[6] = (byte[6] & 0x0f) | 0x40; /* version 4 */
	byte[8] = (byte[8] & 0x3f) | 0x80; /* the variant of RFC 9562 */
	uuid_format(byte, ret_uuid);
}

int vfp_name_check(const char *what, const char *name, struct vfp_err *err)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789._-";
	const size_t length = strlen(name);

	if (length == 0)
		return vfp_fail(err, EINVAL, "%s: the name is empty", what);
	if (length >= VFP_NAME_SIZE)
		return vfp_fail(err, EINVAL, "%s %s: the name has %zu characters, at most %d", what,
				name, length, VFP_NAME_SIZE - 1);
	if (name[0] == '.' || name[0] == '-')
		return vfp_fail(err, EINVAL, "%s %s: a name does not begin with '%c'", what, name,
				name[0]);
	if (name[strspn(name, allowed)])
		return vfp_fail(err, EINVAL, "%s %s: a name has letters, digits and . _ - only",
				what, name);
	return 0;
}

int vfp_vf_parse(const char *s, struct vfp_vf *ret_vf)
{
	const char *number = strchr(s, '#');
	struct vfp_vf vf = {0};
	uint64_t index;

	if (!number || number == s || (size_t)(number - s) >= sizeof(vf.pf) ||
	    !vfp_number_parse(number + 1, 0, UINT16_MAX - 1, &index))
		return -EINVAL;
	memcpy(vf.pf, s, (size_t)(number - s));
	vf.index = (unsigned int)index;
	*ret_vf = vf;
	return 0;
}

char *vfp_vf_format(const struct vfp_vf *vf, char *buf)
{
	snprintf(buf, VFP_VF_SIZE, "%s#%u", vf->pf, vf->index);
	return buf;
}

const char *vfp_attr_name(enum vfp_attr attr)
{
	assert(attr < VFP_N_ATTRS);
	return attr_kinds[attr].name;
}

bool vfp_attr_equal(enum vfp_attr attr, const struct vfp_attrs *a, const struct vfp_attrs *b)
{
	assert(attr < VFP_N_ATTRS);
	return attr_kinds[attr].equal(a, b);
}

void vfp_attr_copy(enum vfp_attr attr, struct vfp_attrs *to, const struct vfp_attrs *from)
{
	assert(attr < VFP_N_ATTRS);
	attr_kinds[attr].copy(to, from);
}

char *vfp_attr_format(enum vfp_attr attr, const struct vfp_attrs *attrs, char *buf, size_t size)
{
	assert(attr < VFP_N_ATTRS);
	attr_kinds[attr].format(attrs, buf, size);
	return buf;
}

static bool mac_equal(const struct vfp_attrs *a, const struct vfp_attrs *b)
{
	const struct vfp_mac none = {{0}};
	const struct vfp_mac *mac_a = vfp_mac_equal(&a->mac, &local_zero_mac) ? &none : &a->mac;
	const struct vfp_mac *mac_b = vfp_mac_equal(&b->mac, &local_zero_mac) ? &none : &b->mac;

	return vfp_mac_equal(mac_a, mac_b);
}

static bool vlan_equal(const struct vfp_attrs *a, const struct vfp_attrs *b)
{
	return a->vlan == b->vlan && a->qos == b->qos &&
	       (a->vlan == 0 || a->vlan_proto == b->vlan_proto);
}

static bool spoofchk_equal(const struct vfp_attrs *a, const struct vfp_attrs *b)
{
	return a->spoofchk == b->spoofchk;
}

static bool trust_equal(const struct vfp_attrs *a, const struct vfp_attrs *b)
{
	return a->trust == b->trust;
}

static bool link_state_equal(const struct vfp_attrs *a, const struct vfp_attrs *b)
{
	return a->link_state == b->link_state;
}

static bool rate_equal(const struct vfp_attrs *a, const struct vfp_attrs *b)
{
	return a->min_rate_mbps == b->min_rate_mbps && a->max_rate_mbps == b->max_rate_mbps;
}

static void mac_copy(struct vfp_attrs *to, const struct vfp_attrs *from)
{
	to->mac = from->mac;
}

static void vlan_copy(struct vfp_attrs *to, const struct vfp_attrs *from)
{
	to->vlan = from->vlan;
	to->qos = from->qos;
	to->vlan_proto = from->vlan_proto;
}

static void spoofchk_copy(struct vfp_attrs *to, const struct vfp_attrs *from)
{
	to->spoofchk = from->spoofchk;
}

static void trust_copy(struct vfp_attrs *to, const struct vfp_attrs *from)
{
	to->trust = from->trust;
}

static void link_state_copy(struct vfp_attrs *to, const struct vfp_attrs *from)
{
	to->link_state = from->link_state;
}

static void rate_copy(struct vfp_attrs *to, const struct vfp_attrs *from)
{
	to->min_rate_mbps = from->min_rate_mbps;
	to->max_rate_mbps = from->max_rate_mbps;
}

static void mac_format(const struct vfp_attrs *attrs, char *buf, size_t size)
{
	char text[VFP_MAC_SIZE];

	snprintf(buf, size, "MAC %s", vfp_mac_format(&attrs->mac, text));
}

static void vlan_format(const struct vfp_attrs *attrs, char *buf, size_t size)
{
	char qos[16] = "";

	if (attrs->qos)
		snprintf(qos, sizeof(qos), " qos %u", attrs->qos);
	snprintf(buf, size, "VLAN %u%s%s", attrs->vlan, qos,
		 attrs->vlan && attrs->vlan_proto == ETH_P_8021AD_HOST ? " 802.1ad" : "");
}

static void spoofchk_format(const struct vfp_attrs *attrs, char *buf, size_t size)
{
	snprintf(buf, size, "spoof check %s", attrs->spoofchk ? "on" : "off");
}

static void trust_format(const struct vfp_attrs *attrs, char *buf, size_t size)
{
	snprintf(buf, size, "trust %s", attrs->trust ? "on" : "off");
}

static void link_state_format(const struct vfp_attrs *attrs, char *buf, size_t size)
{
	snprintf(buf, size, "link state %s",
		 vfp_word_of(vfp_link_state_words, (int)attrs->link_state));
}

static void rate_format(const struct vfp_attrs *attrs, char *buf, size_t size)
{
	if (attrs->min_rate_mbps)
		snprintf(buf, size, "rate %u-%u Mbit/s", attrs->min_rate_mbps,
			 attrs->max_rate_mbps);
	else if (attrs->max_rate_mbps)
		snprintf(buf, size, "rate %u Mbit/s", attrs->max_rate_mbps);
	else
		snprintf(buf, size, "rate unlimited");
}

static bool rss_query_equal(const struct vfp_attrs *a, const struct vfp_attrs *b)
{
	return a->rss_query == b->rss_query;
}

static void rss_query_copy(struct vfp_attrs *to, const struct vfp_attrs *from)
{
	to->rss_query = from->rss_query;
}

static void rss_query_format(const struct vfp_attrs *attrs, char *buf, size_t size)
{
	snprintf(buf, size, "RSS query %s", attrs->rss_query ? "on" : "off");
}

static bool node_guid_equal(const struct vfp_attrs *a, const struct vfp_attrs *b)
{
	return a->node_guid == b->node_guid;
}

static void node_guid_copy(struct vfp_attrs *to, const struct vfp_attrs *from)
{
	to->node_guid = from->node_guid;
}

static void node_guid_format(const struct vfp_attrs *attrs, char *buf, size_t size)
{
	snprintf(buf, size, "node GUID %016" PRIx64, attrs->node_guid);
}

static bool port_guid_equal(const struct vfp_attrs *a, const struct vfp_attrs *b)
{
	return a->port_guid == b->port_guid;
}

static void port_guid_copy(struct vfp_attrs *to, const struct vfp_attrs *from)
{
	to->port_guid = from->port_guid;
}

static void port_guid_format(const struct vfp_attrs *attrs, char *buf, size_t size)
{
	snprintf(buf, size, "port GUID %016" PRIx64, attrs->port_guid);
}

static int hex_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Takes @min_digits to @max_digits hex digits off the front of *@s. */
static bool hex_number(const char **s, int min_digits, int max_digits, uint32_t *ret_value)
{
	uint32_t value = 0;
	int n = 0;

	for (; n < max_digits && hex_value(**s) >= 0; n++)
		value = value << 4 | (uint32_t)hex_value(*(*s)++);
	*ret_value = value;
	return n >= min_digits;
}

static bool takes(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

static void uuid_format(const uint8_t byte[16], char ret_uuid[VFP_UUID_SIZE])
{
	size_t used = 0;

	for (int i = 0; i < 16; i++) {
		const char *hyphen = i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";

		used += (size_t)snprintf(ret_uuid + used, VFP_UUID_SIZE - used, "%s%02x", hyphen,
					 byte[i]);
	}
}
