/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A scene made by hand. */

#include "tests/scene-fixture.h"

#include "base/cleanup.h"

static struct vfp_scene_pf make_pf(const char *dev, const char *pci, unsigned int n)
{
	struct vfp_scene_pf pf = {
		.is_present = true,
		.pf = {.status = VFP_SRIOV_ENABLED,
		       .total_vfs = n,
		       .num_vfs = n,
		       .has_carrier = true,
		       .is_up = true,
		       .mtu = 1500},
		.cells = vfp_alloc(n, sizeof(*pf.cells)),
		.n_cells = n,
	};

	vfp_copy(pf.pf.dev, sizeof(pf.pf.dev), dev);
	vfp_copy(pf.pf.driver, sizeof(pf.pf.driver), "igb");
	vfp_pci_parse(pci, &pf.pf.pci);
	for (unsigned int i = 0; i < n; i++) {
		vfp_copy(pf.cells[i].vf.pf, IFNAMSIZ, dev);
		pf.cells[i].vf.index = i;
		vfp_copy(pf.cells[i].pool, VFP_NAME_SIZE, "sriov0");
		pf.cells[i].has_counters = true;
	}
	return pf;
}

static void lease(struct vfp_cell *cell, const char *holder, const char *mac, const char *group)
{
	cell->state = VFP_CELL_LEASED;
	vfp_copy(cell->holder, sizeof(cell->holder), holder);
	vfp_copy(cell->mac, sizeof(cell->mac), mac);
	vfp_copy(cell->portgroup, sizeof(cell->portgroup), group);
}

static void spoil(struct vfp_cell *cell, enum vfp_cell_state state, const char *why)
{
	cell->state = state;
	vfp_copy(cell->why, sizeof(cell->why), why);
}

static struct vfp_portgroup make_group(const char *name, enum vfp_vlan_mode mode, uint16_t vlan)
{
	struct vfp_portgroup group = {.vlan_mode = mode, .attrs = VFP_ATTRS_SCRUBBED};

	vfp_copy(group.name, sizeof(group.name), name);
	group.attrs.vlan = vlan;
	return group;
}

static void make_pool(struct vfp_pooldef *pool)
{
	*pool = (struct vfp_pooldef){
		.name = "sriov0",
		.physnet = "physnet1",
		.park = true,
		.n_pfs = 3,
		.pfs = {{.dev = "a"}, {.dev = "b"}, {.dev = "gone"}},
		.n_portgroups = 3,
		.portgroups = vfp_alloc(3, sizeof(*pool->portgroups)),
	};
	pool->portgroups[0] = make_group("blue", VFP_VLAN_ID, 100);
	pool->portgroups[0].is_default = true;
	pool->portgroups[0].attrs.max_rate_mbps = 1000;
	pool->portgroups[1] = make_group("green", VFP_VLAN_NONE, 0);
	pool->portgroups[2] = make_group("trunk", VFP_VLAN_TRUNK, 0);
}

static void make_port(struct vfp_port *port, const char *name, const char *mac, const char *vf)
{
	vfp_copy(port->owner.name, sizeof(port->owner.name), name);
	vfp_copy(port->owner.uuid, sizeof(port->owner.uuid),
		 "00000000-0000-0000-0000-000000000001");
	vfp_copy(port->pool, sizeof(port->pool), "sriov0");
	vfp_copy(port->portgroup, sizeof(port->portgroup), "blue");
	vfp_mac_parse(mac, &port->mac);
	vfp_vf_parse(vf, &port->vf);
}

void fixture_scene(struct vfp_scene *ret)
{
	struct vfp_scene scene = {
		.ticks_ms = 1000,
		.n_pfs = 3,
		.pfs = vfp_alloc(3, sizeof(*scene.pfs)),
		.n_pools = 1,
		.pools = vfp_alloc(1, sizeof(*scene.pools)),
		.n_ports = 2,
		.ports = vfp_alloc(2, sizeof(*scene.ports)),
	};
	struct vfp_cell *cells;

	scene.pfs[0] = make_pf("a", "0000:01:00.0", 7);
	scene.pfs[1] = make_pf("b", "0000:02:00.0", 7);
	scene.pfs[2] = make_pf("gone", "0000:03:00.0", 1);
	scene.pfs[2].is_present = false;
	cells = scene.pfs[0].cells;
	lease(&cells[0], "web1", "52:54:00:00:00:01", "blue");
	lease(&cells[1], "db1", "52:54:00:00:00:02", "green");
	lease(&cells[2], FIXTURE_EVIL, "52:54:00:00:00:03", "trunk");
	spoil(&cells[3], VFP_CELL_HELD, "held for the host: router");
	spoil(&cells[4], VFP_CELL_FAULTY, "faulty: VLAN 100 stays");
	spoil(&cells[5], VFP_CELL_DIRTY, "not yet scrubbed");
	spoil(&cells[6], VFP_CELL_IN_USE, "in use by dpdk, without a lease");
	vfp_copy(cells[6].holder, sizeof(cells[6].holder), "dpdk");
	cells = scene.pfs[1].cells;
	cells[1].n_bound = 1;
	spoil(&cells[4], VFP_CELL_NO_LINK, "PF b has no link");
	spoil(&cells[5], VFP_CELL_UNFIT, "shares IOMMU group 7");
	cells[6].state = VFP_CELL_NO_POOL;
	*cells[6].pool = '\0';
	spoil(&scene.pfs[2].cells[0], VFP_CELL_GONE, "PF gone is not there");
	make_pool(&scene.pools[0]);
	make_port(&scene.ports[0], "off1", "52:54:00:00:00:09", "b#1");
	make_port(&scene.ports[1], "web1", "52:54:00:00:00:01", "a#0");
	*ret = scene;
}
