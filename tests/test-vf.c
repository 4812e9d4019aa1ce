/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/vf.c: what is an address and what only looks like one; when two attributes are the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/vf.h"

static void test_pci(void **state)
{
	static const struct {
		const char *text, *form; /* NULL: refused */
	} cases[] = {
		{"0000:01:10.0", "0000:01:10.0"},
		{"0000:FF:1f.7", "0000:ff:1f.7"},
		{"10000:e1:00.0", "10000:e1:00.0"},
		{"00000000:01:10.0", "0000:01:10.0"},
		{"ffffffff:01:10.0", "ffffffff:01:10.0"},
		{"000000000:01:10.0", NULL},
		{"000:01:10.0", NULL},
		{"01:10.0", NULL},
		{"0000:01:20.0", NULL},
		{"0000:01:10.8", NULL},
		{"0000:1:10.0", NULL},
		{"0000:01:10.0 ", NULL},
		{"0000:01:10.00", NULL},
		{"0000:01:10:0", NULL},
		{"0000:01:10.", NULL},
		{"0x00:01:10.0", NULL},
		{"virtio0", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_pci pci = {.bus = 0x77};
		char buf[VFP_PCI_SIZE];

		if (cases[i].form) {
			assert_int_equal(vfp_pci_parse(cases[i].text, &pci), 0);
			assert_string_equal(vfp_pci_format(&pci, buf), cases[i].form);
		} else {
			assert_int_equal(vfp_pci_parse(cases[i].text, &pci), -EINVAL);
			assert_int_equal(pci.bus, 0x77);
		}
	}
}

static void test_pci_order(void **state)
{
	static const char *const ascending[] = {
		"0000:00:00.0", "0000:01:00.0", "0000:01:00.1",	    "0000:01:10.0",
		"0000:02:00.0", "0001:00:00.0", "ffffffff:00:00.0",
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(ascending); i++) {
		for (size_t j = 0; j < VFP_N(ascending); j++) {
			struct vfp_pci a, b;
			int order;

			vfp_pci_parse(ascending[i], &a);
			vfp_pci_parse(ascending[j], &b);
			order = vfp_pci_compare(&a, &b);
			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
			assert_int_equal(vfp_pci_is_none(&a), i == 0);
		}
	}
}

static void test_mac(void **state)
{
	static const struct {
		const char *text, *form; /* NULL: refused */
		bool is_usable;
	} cases[] = {
		{"52:54:00:aB:Cd:0e", "52:54:00:ab:cd:0e", true},
		{"02:00:00:00:00:00", "02:00:00:00:00:00", true},
		{"00:00:00:00:00:00", "00:00:00:00:00:00", false},
		{"01:00:5e:00:00:01", "01:00:5e:00:00:01", false},
		{"ff:ff:ff:ff:ff:ff", "ff:ff:ff:ff:ff:ff", false},
		{"52-54-00-ab-cd-0e", NULL, false},
		{"52:54:00:ab:cd", NULL, false},
		{"52:54:00:ab:cd:0e:11", NULL, false},
		{"52:54:00:ab:cd:e", NULL, false},
		{"52:54:00:ab:cd:0g", NULL, false},
		{" 52:54:00:ab:cd:0e", NULL, false},
		{"", NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_mac mac = {{0x77}};
		struct vfp_err err = {0};
		char buf[VFP_MAC_SIZE];

		if (!cases[i].form) {
			assert_int_equal(vfp_mac_parse(cases[i].text, &mac), -EINVAL);
			assert_int_equal(mac.byte[0], 0x77);
			continue;
		}
		assert_int_equal(vfp_mac_parse(cases[i].text, &mac), 0);
		assert_string_equal(vfp_mac_format(&mac, buf), cases[i].form);
		assert_int_equal(vfp_mac_check(&mac, &err), cases[i].is_usable ? 0 : -EINVAL);
		if (!cases[i].is_usable)
			assert_non_null(strstr(err.msg, cases[i].form));
	}
}

static void test_uuid(void **state)
{
	static const char good[] = "11111111-2222-4333-8444-abcdefabcdef";
	static const char *const same[] = {
		"11111111-2222-4333-8444-abcdefabcdef",
		"11111111-2222-4333-8444-ABCDEFABCDEF",
		"11111111222243338444abcdefABCDEF",
	};
	static const char *const bad[] = {
		"",
		"11111111-2222-4333-8444-abcdefabcde",
		"11111111-2222-4333-8444-abcdefabcdefa",
		"11111111-2222-4333-8444-abcdefabcdeg",
		"111111112-222-4333-8444-abcdefabcdef",
		"11111111222243338444abcdefabcde",
		"11111111222243338444abcdefabcdexx",
		"1111-111122224333-8444abcdefabcd",
	};
	char uuid[VFP_UUID_SIZE] = "unchanged";

	(void)state;
	for (size_t i = 0; i < VFP_N(bad); i++) {
		assert_int_equal(vfp_uuid_parse(bad[i], uuid), -EINVAL);
		assert_string_equal(uuid, "unchanged");
	}
	for (size_t i = 0; i < VFP_N(same); i++) {
		assert_int_equal(vfp_uuid_parse(same[i], uuid), 0);
		assert_string_equal(uuid, good);
	}
}

static void test_uuid_make(void **state)
{
	char one[VFP_UUID_SIZE], two[VFP_UUID_SIZE], parsed[VFP_UUID_SIZE];

	(void)state;
	vfp_uuid_make(one);
	vfp_uuid_make(two);
	assert_string_not_equal(one, two);
	assert_int_equal(vfp_uuid_parse(one, parsed), 0);
	assert_string_equal(one, parsed);
	assert_int_equal(one[14], '4');
	assert_non_null(strchr("89ab", one[19]));
}

static void test_name(void **state)
{
	static const char longest[] =
		"a23456789012345678901234567890123456789012345678901234567890123";
	static const struct {
		const char *name, *words; /* NULL: allowed */
	} cases[] = {
		{"sriov0", NULL},
		{"A_b.c-9", NULL},
		{"0", NULL},
		{longest, NULL},
		{"", "pool: the name is empty"},
		{".hidden", "does not begin with '.'"},
		{"-rf", "does not begin with '-'"},
		{"a b", "letters, digits"},
		{"a/b", "letters, digits"},
		{"gr\303\274n", "letters, digits"},
		{"a23456789012345678901234567890123456789012345678901234567890123x", "at most 63"},
	};

	(void)state;
	assert_int_equal(strlen(longest), VFP_NAME_SIZE - 1);
	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_err err = {0};

		assert_int_equal(vfp_name_check("pool", cases[i].name, &err),
				 cases[i].words ? -EINVAL : 0);
		if (cases[i].words)
			assert_non_null(strstr(err.msg, cases[i].words));
	}
}

static void test_vf_format(void **state)
{
	const struct vfp_vf vf = {.pf = "enp200s0f1np15x", .index = UINT32_MAX};
	char buf[VFP_VF_SIZE];

	(void)state;
	assert_string_equal(vfp_vf_format(&vf, buf), "enp200s0f1np15x#4294967295");
}

static void test_attr_equal(void **state)
{
	const struct vfp_attrs scrubbed = vfp_attrs_scrubbed;
	const struct {
		enum vfp_attr attr;
		struct vfp_attrs a, b;
		bool is_equal;
	} cases[] = {
		{VFP_ATTR_MAC, scrubbed, {.mac = {{2, 0, 0, 0, 0, 0}}}, true},
		{VFP_ATTR_MAC, scrubbed, {.mac = {{2, 0, 0, 0, 0, 1}}}, false},
		{VFP_ATTR_MAC, {.mac = {{2, 0, 0, 0, 0, 0}}}, scrubbed, true},
		{VFP_ATTR_VLAN, scrubbed, {.vlan_proto = 0x88a8}, true},
		{VFP_ATTR_VLAN, scrubbed, {.vlan_proto = 0x8100, .vlan = 1}, false},
		{VFP_ATTR_VLAN, {.vlan = 5, .qos = 1}, {.vlan = 5, .qos = 2}, false},
		{VFP_ATTR_VLAN,
		 {.vlan = 5, .vlan_proto = 0x8100},
		 {.vlan = 5, .vlan_proto = 0x88a8},
		 false},
		{VFP_ATTR_SPOOFCHK, scrubbed, {.spoofchk = false}, false},
		{VFP_ATTR_SPOOFCHK, scrubbed, {.spoofchk = true, .trust = true}, true},
		{VFP_ATTR_TRUST, scrubbed, {.trust = true}, false},
		{VFP_ATTR_LINKSTATE, scrubbed, {.link_state = VFP_LINK_ENABLE}, false},
		{VFP_ATTR_RATE, scrubbed, {.max_rate_mbps = 10}, false},
		{VFP_ATTR_RATE, scrubbed, {.min_rate_mbps = 10}, false},
		{VFP_ATTR_RATE, scrubbed, {.vlan = 7}, true},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++)
		assert_int_equal(vfp_attr_equal(cases[i].attr, &cases[i].a, &cases[i].b),
				 cases[i].is_equal);
}

static void test_attr_format(void **state)
{
	const struct vfp_attrs scrubbed = vfp_attrs_scrubbed;
	const struct {
		enum vfp_attr attr;
		struct vfp_attrs attrs;
		const char *words;
	} cases[] = {
		{VFP_ATTR_MAC, {.mac = {{0x52, 0x54, 0, 1, 2, 3}}}, "MAC 52:54:00:01:02:03"},
		{VFP_ATTR_VLAN, {.vlan = 100, .qos = 2}, "VLAN 100 qos 2"},
		{VFP_ATTR_VLAN, {.vlan = 100, .vlan_proto = 0x88a8}, "VLAN 100 802.1ad"},
		{VFP_ATTR_VLAN, scrubbed, "VLAN 0"},
		{VFP_ATTR_SPOOFCHK, scrubbed, "spoof check on"},
		{VFP_ATTR_TRUST, scrubbed, "trust off"},
		{VFP_ATTR_LINKSTATE, {.link_state = VFP_LINK_DISABLE}, "link state disable"},
		{VFP_ATTR_RATE, scrubbed, "rate unlimited"},
		{VFP_ATTR_RATE, {.max_rate_mbps = 1000}, "rate 1000 Mbit/s"},
		{VFP_ATTR_RATE, {.min_rate_mbps = 5, .max_rate_mbps = 9}, "rate 5-9 Mbit/s"},
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		const char *name = vfp_attr_name(cases[i].attr);

		vfp_attr_format(cases[i].attr, &cases[i].attrs, buf, sizeof(buf));
		assert_string_equal(buf, cases[i].words);
		assert_memory_equal(buf, name, strlen(name));
	}
}

static void test_scrubbed(void **state)
{
	const struct vfp_attrs *s = &vfp_attrs_scrubbed;

	(void)state;
	assert_int_equal(s->known, 0x1ff);
	assert_false(s->rss_query || s->node_guid || s->port_guid);
	assert_true(vfp_mac_is_none(&s->mac) && s->spoofchk && !s->trust && !s->vlan && !s->qos);
	assert_int_equal(s->link_state, VFP_LINK_AUTO);
	assert_int_equal(s->min_rate_mbps + s->max_rate_mbps, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pci),	    cmocka_unit_test(test_pci_order),
		cmocka_unit_test(test_mac),	    cmocka_unit_test(test_uuid),
		cmocka_unit_test(test_uuid_make),   cmocka_unit_test(test_name),
		cmocka_unit_test(test_vf_format),   cmocka_unit_test(test_attr_equal),
		cmocka_unit_test(test_attr_format), cmocka_unit_test(test_scrubbed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
