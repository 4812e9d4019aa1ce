/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests for pool/openstack.c and base/vpd.c: each word, and cards that say less or nonsense. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "pool/openstack.h"
#include "tests/fake-kernel.h"
#include "tests/fake-sysfs.h"

static const char *format(const struct vfp_item *items, size_t n)
{
	static char text[1024];

	text[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used,
			 items[i].kind == VFP_ITEM_TEXT	  ? "%s='%s' "
			 : items[i].kind == VFP_ITEM_NONE ? "%s=none "
							  : "%s=",
			 items[i].key, items[i].text);
		used = strlen(text);
		if (items[i].kind == VFP_ITEM_NUMBER || items[i].kind == VFP_ITEM_BOOL)
			snprintf(text + used, sizeof(text) - used, "%" PRId64 " ", items[i].number);
	}
	return text;
}

static void test_words(void **state)
{
	struct vfp_openstack vf = {
		.status = "allocated",
		.pci = {0, 0x3b, 2, 1},
		.pf_pci = {0, 0x3b, 0, 0},
		.index = 1,
		.vendor = 0x8086,
		.device = 0x1889,
		.numa_node = 1,
		.pf_mac = {{0xb4, 0x96, 0x91, 0xb0, 0, 0}},
		.serial = "K12345",
		.physnet = "physnet1",
		.has_port = true,
		.owner = {.uuid = "00000000-0000-0000-0000-000000000001"},
		.vlan = 100,
		.trust = true,
	};
	struct vfp_item items[VFP_OPENSTACK_ITEMS];

	(void)state;
	assert_string_equal(format(items, vfp_openstack_device(&vf, items)),
			    "address='0000:3b:02.1' parent_addr='0000:3b:00.0' vendor_id='8086' "
			    "product_id='1889' dev_type='type-VF' numa_node=1 status='allocated' "
			    "instance_uuid='00000000-0000-0000-0000-000000000001' ");
	assert_string_equal(format(items, vfp_openstack_profile(&vf, items)),
			    "pci_slot='0000:3b:02.1' pci_vendor_info='8086:1889' "
			    "physical_network='physnet1' pf_mac_address='b4:96:91:b0:00:00' "
			    "vf_num=1 card_serial_number='K12345' trusted='true' ");
	assert_string_equal(format(items, vfp_openstack_details(&vf, items)),
			    "port_filter=0 connectivity='l2' vlan='100' ");
	/* What is not known is none, and what is off is not there. */
	vf = (struct vfp_openstack){.status = "removed", .numa_node = -1};
	assert_string_equal(format(items, vfp_openstack_device(&vf, items)),
			    "address=none parent_addr=none vendor_id='0000' product_id='0000' "
			    "dev_type='type-VF' numa_node=none status='removed' "
			    "instance_uuid=none ");
	assert_string_equal(format(items, vfp_openstack_profile(&vf, items)),
			    "pci_slot=none pci_vendor_info='0000:0000' physical_network=none "
			    "pf_mac_address=none vf_num=0 ");
	assert_string_equal(format(items, vfp_openstack_details(&vf, items)),
			    "port_filter=0 connectivity='l2' vlan='0' ");
}

static void test_status(void **state)
{
	static const struct {
		enum vfp_unfit unfit;
		enum vfp_lease_state lease;
		const char *status;
	} cases[] = {
		{VFP_FIT, 0, "available"},
		{VFP_UNFIT_PF_GONE, 0, "removed"},
		{VFP_UNFIT_VF_GONE, 0, "removed"},
		{VFP_UNFIT_LEASED, VFP_LEASE_PREPARING, "claimed"},
		{VFP_UNFIT_LEASED, VFP_LEASE_ACTIVE, "allocated"},
		{VFP_UNFIT_LEASED, VFP_LEASE_DRAINING, "allocated"},
		{VFP_UNFIT_LEASED, VFP_LEASE_FOREIGN, "allocated"},
		{VFP_UNFIT_CLAIMED, 0, "claimed"},
		{VFP_UNFIT_IN_USE, 0, "unavailable"},
		{VFP_UNFIT_HELD, 0, "unavailable"},
		{VFP_UNFIT_FAULTY, 0, "unavailable"},
		{VFP_UNFIT_DIRTY, 0, "unavailable"},
		{VFP_UNFIT_LINK, 0, "unavailable"},
		{VFP_UNFIT_GROUP, 0, "unavailable"},
		{VFP_UNFIT_PIN, 0, "unavailable"},
	};
	struct vfp_host host = {.kernel = &fake_kernel};
	struct vfp_pool *pool;

	(void)state;
	fake_root_make(&host, fake_pfs, FAKE_N_PFS);
	assert_int_equal(vfp_pool_open(&host, VFP_POOL_CREATE, &pool, NULL), 0);
	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_member_more more = {.lease = {.state = cases[i].lease}};
		struct vfp_member member = {.vf = {.pf = "ens1f0"},
					    .is_leased = cases[i].unfit == VFP_UNFIT_LEASED,
					    .more = &more};
		struct vfp_openstack vf;

		vfp_openstack_read(pool, &member, cases[i].unfit, NULL, 0, NULL, &vf);
		assert_string_equal(vf.status, cases[i].status);
		assert_int_equal(vf.has_port, member.is_leased);
		assert_int_equal(vf.pf_pci.bus, 1);
	}
	vfp_pool_close(pool);
	fake_root_remove(&host);
}

/* A port that is claimed has no lease yet: its port group says what it gets. */
static void test_claimed(void **state)
{
	struct vfp_portgroup groups[] = {
		{.name = "plain"},
		{.name = "blue", .vlan_mode = VFP_VLAN_ID, .attrs = {.vlan = 100, .trust = true}}};
	const struct vfp_pooldef def = {
		.name = "p", .physnet = "physnet1", .portgroups = groups, .n_portgroups = 2};
	struct vfp_member_more more = {.claim = {.portgroup = "blue"}};
	struct vfp_member member = {
		.pool = "p", .vf = {.pf = "nosuch"}, .is_claimed = true, .more = &more};
	struct vfp_host host = {.kernel = &fake_kernel};
	struct vfp_openstack vf;
	struct vfp_pool *pool;

	(void)state;
	fake_root_make(&host, fake_pfs, FAKE_N_PFS);
	assert_int_equal(vfp_pool_open(&host, VFP_POOL_CREATE, &pool, NULL), 0);
	vfp_openstack_read(pool, &member, VFP_UNFIT_CLAIMED, &def, 1, NULL, &vf);
	assert_true(vf.has_port && vf.trust);
	assert_int_equal(vf.vlan, 100);
	assert_string_equal(vf.physnet, "physnet1");
	vfp_pool_close(pool);
	fake_root_remove(&host);
}

#define VPD(text) (const unsigned char *)(text), sizeof(text) - 1

static void test_vpd(void **state)
{
	static const struct {
		const unsigned char *vpd;
		size_t size;
		const char *serial;
	} cases[] = {
		{VPD("\x82\x04\x00"
		     "Card\x90\x0c\x00SN\x03"
		     "K12PN\x03"
		     "abc\x78"),
		 "K12"},
		{VPD("\x90\x0c\x00PN\x03"
		     "abcSN\x03K12\x78"),
		 "K12"},
		{VPD("\x90\x08\x00SN\x05K12  \x78"), "K12"},
		{VPD("\x90\x05\x00SN\x02\x01\x02\x78"), ""},
		{VPD("\x90\x03\x00SN\x00\x78"), ""},
		{VPD("\x90\x08\x00PN\x05"
		     "SN\x02K1\x78"),
		 ""},
		/* Longer than it is. */
		{VPD("\x90\x0c\x00SN\x09K12"), ""},
		{VPD("\x90\x06\x00SN\x09K12\x78"), ""},
		{VPD("\x90\xff\xffSN\x03K12"), ""},
		{VPD("\x90"), ""},
		{VPD("\x90\x02\x00SN\x78"), ""},
		{VPD("\x78\x90\x06\x00SN\x03K12"), ""},
		{VPD("\xff\xff\xff\xff\xff\xff"), ""},
		{VPD(""), ""},
		/* Written by somebody: not what the card says of itself. */
		{VPD("\x91\x06\x00SN\x03K12\x78"), ""},
	};
	char serial[VFP_SERIAL_SIZE];

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		vfp_vpd_parse(cases[i].vpd, cases[i].size, serial);
		if (strcmp(serial, cases[i].serial) != 0)
			fail_msg("case %zu: '%s', not '%s'", i, serial, cases[i].serial);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_claimed),
		cmocka_unit_test(test_vpd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
