/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VFs and the NICs on them in OpenStack's words: Nova's PciDevice, Neutron's port binding.
 *
 * Sources, OpenStack 2023.1: nova/objects/pci_device.py and fields.py (PciDeviceStatus),
 * nova/network/neutron.py, _get_pci_device_profile(), nova/virt/libvirt/vif.py (what is read of a
 * profile), neutron's mech_sriov/mech_driver/mech_driver.py (vif_type and vif_details).
 */
#pragma once

#include "base/item.h"
#include "base/vpd.h"
#include "pool/inventory.h"

/* All that is said of one VF, gathered. */
struct vfp_openstack {
	const char *status; /* one of PciDeviceStatus */
	char pf[IFNAMSIZ];
	struct vfp_pci pci, pf_pci;
	unsigned int index;
	uint16_t vendor, device; /* the VF's own */
	int numa_node;
	struct vfp_mac pf_mac;
	char serial[VFP_SERIAL_SIZE]; /* of the card; "" not known */
	char physnet[VFP_NAME_SIZE];  /* "" the pool has none */
	bool has_port;		      /* leased, or claimed; else what follows is nothing */
	struct vfp_owner owner;
	struct vfp_mac mac;
	uint16_t vlan; /* 0: the NIC tags nothing */
	bool trust;
};

/* @unfit: as vfp_choose() said for nobody in particular.  @defs: the pools.  @before: of another
 * VF, may be @ret itself, so that a card of both is read once; NULL none.  A card's serial
 * number is read once for as long as the pool is open.  What the host does not tell stays 0 or
 * "". */
void vfp_openstack_read(struct vfp_pool *pool, const struct vfp_member *member,
			enum vfp_unfit unfit, const struct vfp_pooldef *defs, size_t n_defs,
			const struct vfp_openstack *before, struct vfp_openstack *ret);
/* The same of a VF that was claimed just now. */
void vfp_openstack_claim(struct vfp_pool *pool, const struct vfp_claim *claim,
			 const struct vfp_openstack *before, struct vfp_openstack *ret);

/* Pure.  Each fills @ret and returns how many. */
#define VFP_OPENSTACK_ITEMS 8
/* PciDevice: address, parent_addr, vendor_id, product_id, dev_type, numa_node, status,
 * instance_uuid. */
size_t vfp_openstack_device(const struct vfp_openstack *vf,
			    struct vfp_item ret[VFP_OPENSTACK_ITEMS]);
/* binding:profile: pci_slot, pci_vendor_info, physical_network, pf_mac_address, vf_num, and where
 * there is one card_serial_number, and trusted.  (Nova leaves pf_mac_address, vf_num and the serial
 * out together when one of them is missing or the number is 0.) */
size_t vfp_openstack_profile(const struct vfp_openstack *vf,
			     struct vfp_item ret[VFP_OPENSTACK_ITEMS]);
/* binding:vif_details of vif_type hw_veb: vlan is a text, "0" for a flat network. */
size_t vfp_openstack_details(const struct vfp_openstack *vf,
			     struct vfp_item ret[VFP_OPENSTACK_ITEMS]);
#define VFP_OPENSTACK_VIF_TYPE	"hw_veb"
#define VFP_OPENSTACK_VNIC_TYPE "direct"
