/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The values that the parts of vfpool hand to each other: PCI address, MAC, UUID, VF, want,
 * binding, and what a VF's attributes are.
 *
 * All of them are open structs with fixed arrays: no free, copied with `=`, compared with the
 * functions below.  Parsing is strict: the one written form of the field, nothing around it.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

#define VFP_NAME_SIZE	64  /* pools and port groups, with the NUL */
#define VFP_DOMAIN_SIZE 256 /* a domain's name, with the NUL: libvirt makes file names of it */

/* --- PCI address: domain:bus:device.function, "0000:01:10.0" ---------------------------------- */

#define VFP_PCI_SIZE 24

struct vfp_pci {
	uint32_t domain; /* 16 bits in the PCI specification; Linux numbers VMD's above 0xffff */
	uint8_t bus;
	uint8_t device;	  /* 0..31; libvirt calls it slot */
	uint8_t function; /* 0..7 */
};

/* Takes "0000:01:10.0": four to eight hex digits of domain, then 2, 2 and 1.  -EINVAL otherwise. */
int vfp_pci_parse(const char *s, struct vfp_pci *ret_pci);
/* Writes it in the kernel's form, into at least VFP_PCI_SIZE bytes; returns @buf. */
char *vfp_pci_format(const struct vfp_pci *pci, char *buf);
int vfp_pci_compare(const struct vfp_pci *a, const struct vfp_pci *b);
/* All zero: no address.  (0000:00:00.0 is the host bridge and never a VF.) */
bool vfp_pci_is_none(const struct vfp_pci *pci);

/* --- MAC -------------------------------------------------------------------------------------- */

#define VFP_MAC_SIZE 18

struct vfp_mac {
	uint8_t byte[6];
};

/* Takes six pairs of hex digits with colons, any case.  -EINVAL otherwise. */
int vfp_mac_parse(const char *s, struct vfp_mac *ret_mac);
/* Lower case, into at least VFP_MAC_SIZE bytes; returns @buf. */
char *vfp_mac_format(const struct vfp_mac *mac, char *buf);
bool vfp_mac_equal(const struct vfp_mac *a, const struct vfp_mac *b);
bool vfp_mac_is_none(const struct vfp_mac *mac); /* all zero */
/* -EINVAL with words unless @mac can be a NIC's: not all zero, not multicast, not broadcast. */
int vfp_mac_check(const struct vfp_mac *mac, struct vfp_err *err);

/* --- UUID: 36 characters, lower case ---------------------------------------------------------- */

#define VFP_UUID_SIZE 37

/* Takes the 36-character form in any case, and 32 hex digits without hyphens as libvirt does;
 * writes the lower-case 36-character form. */
int vfp_uuid_parse(const char *s, char ret_uuid[VFP_UUID_SIZE]);
/* A random one (version 4, RFC 9562). */
void vfp_uuid_make(char ret_uuid[VFP_UUID_SIZE]);

/* The name of a pool or a port group: 1 to 63 of A-Z a-z 0-9 . _ -, not beginning with a dot or
 * hyphen.  -EINVAL with words that begin with @what ("pool", "port group"). */
int vfp_name_check(const char *what, const char *name, struct vfp_err *err);

/* --- VF --------------------------------------------------------------------------------------- */

/* A VF's identity is (PF, index); the PCI address is the resolved value, which moves when slots are
 * renumbered or the PF's VF offset changes. */
struct vfp_vf {
	char pf[IFNAMSIZ];  /* the PF's netdev */
	unsigned int index; /* 0.. */
	struct vfp_pci pci;
};

#define VFP_VF_SIZE (IFNAMSIZ + 12)
/* Takes "ens1f0#3"; the PCI address is none.  -EINVAL otherwise. */
int vfp_vf_parse(const char *s, struct vfp_vf *ret_vf);
/* "ens1f0#3", into at least VFP_VF_SIZE bytes; returns @buf. */
char *vfp_vf_format(const struct vfp_vf *vf, char *buf);

/* --- The attributes that a PF keeps for a VF -------------------------------------------------- */

enum vfp_link_state { VFP_LINK_AUTO, VFP_LINK_ENABLE, VFP_LINK_DISABLE }; /* IFLA_VF_LINK_STATE_* */
extern const struct vfp_word vfp_link_state_words[];			  /* auto enable disable */

/* Linux: struct ifla_vf_* in include/uapi/linux/if_link.h, one member per netlink attribute.  A
 * member in @known is meaningful; a driver that does not report an attribute leaves it out. */
enum vfp_attr {
	VFP_ATTR_MAC,	    /* IFLA_VF_MAC */
	VFP_ATTR_VLAN,	    /* IFLA_VF_VLAN_LIST: VLAN, QoS and protocol in one */
	VFP_ATTR_SPOOFCHK,  /* IFLA_VF_SPOOFCHK */
	VFP_ATTR_TRUST,	    /* IFLA_VF_TRUST */
	VFP_ATTR_LINKSTATE, /* IFLA_VF_LINK_STATE */
	VFP_ATTR_RATE,	    /* IFLA_VF_RATE: minimum and maximum in one */
	/* No port group sets these; somebody else may have, so that a scrub takes them back. */
	VFP_ATTR_RSSQUERY,  /* IFLA_VF_RSS_QUERY_EN: the guest may ask for the RSS key (ixgbe) */
	VFP_ATTR_NODE_GUID, /* IFLA_VF_IB_NODE_GUID, InfiniBand (IPoIB on mlx5); 0 none was set: */
	VFP_ATTR_PORT_GUID, /* drivers/infiniband/hw/mlx5/ib_virt.c, mlx5_ib_get_vf_guid() */
	VFP_N_ATTRS
};

/* "MAC", "VLAN", … as messages name them. */
const char *vfp_attr_name(enum vfp_attr attr);

struct vfp_counters { /* IFLA_VF_STATS */
	uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes, rx_dropped, tx_dropped;
	uint64_t rx_broadcast, rx_multicast; /* packets */
};

struct vfp_attrs {
	unsigned int known; /* bit 1 << enum vfp_attr */
	struct vfp_mac mac;
	uint16_t vlan;	     /* 0 none, 1..4094 */
	uint8_t qos;	     /* 802.1p priority, 0..7; only with a VLAN */
	uint16_t vlan_proto; /* 0x8100 (802.1Q) or 0x88a8 (802.1ad) */
	bool spoofchk;
	bool trust;
	enum vfp_link_state link_state;
	uint32_t min_rate_mbps, max_rate_mbps; /* Mbit/s, 0 no limit */
	bool rss_query;
	uint64_t node_guid, port_guid;
	bool has_counters;
	struct vfp_counters counters;
};

/* What a scrubbed VF reads as: MAC all zero, VLAN 0, spoof check on, trust off, rate 0, link auto,
 * RSS query off, no GUIDs.
 * These are also the values of an attribute that a port group leaves out. */
extern const struct vfp_attrs vfp_attrs_scrubbed;
/* The same as an initializer, for tables that start from it. */
#define VFP_ATTRS_SCRUBBED                                                                \
	{                                                                                 \
		.known = (1u << VFP_N_ATTRS) - 1, .vlan_proto = 0x8100, .spoofchk = true, \
	}

/* Whether @attr has the same value in both; @known is not looked at, since what an unreported
 * attribute means is the caller's decision.  A scrubbed MAC reads as all zero or as
 * 02:00:00:00:00:00, since some drivers refuse zero; the two count as equal.  VLAN 0's protocol
 * does not count. */
bool vfp_attr_equal(enum vfp_attr attr, const struct vfp_attrs *a, const struct vfp_attrs *b);
/* Gives @to the value that @attr has in @from, and nothing else. */
void vfp_attr_copy(enum vfp_attr attr, struct vfp_attrs *to, const struct vfp_attrs *from);
/* "VLAN 100 qos 2", "spoof check on" …: for messages, journal and tables.  Returns @buf. */
char *vfp_attr_format(enum vfp_attr attr, const struct vfp_attrs *attrs, char *buf, size_t size);

/* --- What xml/ and pool/ say to each other ---------------------------------------------------- */

/* A NIC that a domain's definition asks a pool for. */
struct vfp_want {
	struct vfp_mac mac; /* none: the document has no <mac>, the pool makes one */
	char pool[VFP_NAME_SIZE];
	char portgroup[VFP_NAME_SIZE]; /* "": the pool's default */
};

/* What the pool answers: the VF that the NIC's definition is to point at. */
struct vfp_binding {
	struct vfp_mac mac; /* never none */
	char pool[VFP_NAME_SIZE];
	char portgroup[VFP_NAME_SIZE]; /* never "" */
	struct vfp_vf vf;
	uint16_t vlan;	    /* 0: the definition has no <vlan> (none, or trunk) */
	bool managed;	    /* libvirt's managed='yes': the pool does not park its VFs */
	bool could_migrate; /* by its VFIO driver: the definition switches that off */
};
