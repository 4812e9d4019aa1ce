/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * service/picture.c: what a program sees that watches the pool, and what became another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "service/picture.h"
#include "tests/pool-fixture.h"

static int setup(void **state)
{
	int rc = pool_fixture_setup(state, NULL);

	fixture_define(*state, "");
	return rc;
}

static struct vfp_picture look(struct pool_fixture *fixture)
{
	struct vfp_picture picture;

	assert_done(fixture, vfp_picture_read(fixture->pool, &picture, &fixture->err));
	return picture;
}

static const char *items_of(const struct vfp_item *items, size_t n)
{
	static char text[1024];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(
			text + used, sizeof(text) - used,
			items[i].kind == VFP_ITEM_TEXT ? "%s%s=%s" : "%s%s=%.0s%lld", i ? " " : "",
			items[i].key, items[i].text, (long long)items[i].number);
	return text;
}

/* The property as text. */
static const char *property(const struct vfp_picture *picture, const char *path, const char *name)
{
	static char number[24];
	const struct vfp_thing *thing = vfp_picture_find(picture, path);

	if (!thing)
		return "no thing";
	for (size_t i = 0; i < thing->n; i++) {
		if (strcmp(vfp_kind_defs[thing->kind].properties[i].name, name) != 0)
			continue;
		if (thing->properties[i].items)
			return items_of(thing->properties[i].items,
					(size_t)thing->properties[i].number);
		snprintf(number, sizeof(number), "%lld", (long long)thing->properties[i].number);
		return thing->properties[i].text ? thing->properties[i].text : number;
	}
	return "no property";
}

/* Every kind has all of its properties, whatever is there. */
static void test_complete(void **state)
{
	struct pool_fixture *fixture = *state;
	unsigned int n_of[VFP_N_KINDS] = {0};
	struct vfp_picture picture;

	fixture_lease(fixture, 1, "blue");
	fixture_bind(fixture, 2, "trunk");
	picture = look(fixture);
	for (size_t i = 0; i < picture.n; i++) {
		const struct vfp_thing *thing = &picture.things[i];
		size_t n = 0;

		n_of[thing->kind]++;
		while (vfp_kind_defs[thing->kind].properties[n].name)
			n++;
		assert_int_equal(thing->n, n);
		assert_ptr_equal(vfp_picture_find(&picture, thing->path), thing);
	}
	assert_int_equal(n_of[VFP_KIND_PF], 2);
	assert_int_equal(n_of[VFP_KIND_VF], 2 * FIXTURE_N_VFS);
	assert_int_equal(n_of[VFP_KIND_POOL], 1);
	assert_int_equal(n_of[VFP_KIND_PORTGROUP], 3);
	assert_int_equal(n_of[VFP_KIND_PORT], 2);
	assert_int_equal(n_of[VFP_KIND_LEASE], 1);
	assert_null(vfp_picture_find(&picture, "/org/vfpool1/vf/nosuch"));
	vfp_picture_free(&picture);
	assert_null(vfp_picture_find(&picture, "/org/vfpool1/vf/ens1f0_230"));
}

static void test_values(void **state)
{
	static const struct {
		const char *path, *name, *value;
	} cases[] = {
		{"/org/vfpool1/pf/ens1f0", "VFs", "4"},
		{"/org/vfpool1/vf/ens1f0_230", "State", "leased"},
		{"/org/vfpool1/vf/ens1f0_230", "Domain", "web1"},
		{"/org/vfpool1/vf/ens1f0_230", "MAC", "52:54:00:00:00:01"},
		{"/org/vfpool1/vf/ens1f1_230", "State", "free"},
		{"/org/vfpool1/vf/ens1f1_230", "Why", ""},
		{"/org/vfpool1/pool/sriov0", "VFs", "8"},
		{"/org/vfpool1/pool/sriov0", "Free", "7"},
		{"/org/vfpool1/pool/sriov0", "Leased", "1"},
		{"/org/vfpool1/portgroup/sriov0/blue", "VLAN", "100"},
		{"/org/vfpool1/portgroup/sriov0/trunk", "VLANMode", "trunk"},
		{"/org/vfpool1/port/52_3a54_3a00_3a00_3a00_3a01", "VF", "ens1f0#0"},
		{"/org/vfpool1/port/52_3a54_3a00_3a00_3a00_3a01", "ClaimedUntil", "0"},
		{"/org/vfpool1/lease/1", "VLAN", "100"},
		{"/org/vfpool1/lease/1", "State", "preparing"},
		/* What is none is left out. */
		{"/org/vfpool1/vf/ens1f1_230", "PciDevice",
		 "address=0000:02:10.0 parent_addr=0000:02:00.0 vendor_id=0000 product_id=0000 "
		 "dev_type=type-VF numa_node=1 status=available"},
		{"/org/vfpool1/lease/1", "VIFType", "hw_veb"},
		{"/org/vfpool1/lease/1", "VIFDetails", "port_filter=0 connectivity=l2 vlan=100"},
		{"/org/vfpool1/port/52_3a54_3a00_3a00_3a00_3a01", "VNICType", "direct"},
		{"/org/vfpool1/port/52_3a54_3a00_3a00_3a00_3a01", "BindingProfile",
		 "pci_slot=0000:01:10.0 pci_vendor_info=0000:0000 "
		 "pf_mac_address=00:1b:21:00:00:10 vf_num=0 trusted=true"},
		/* Bound, but on no VF. */
		{"/org/vfpool1/port/52_3a54_3a00_3a00_3a00_3a02", "VIFType", ""},
		{"/org/vfpool1/port/52_3a54_3a00_3a00_3a00_3a02", "BindingProfile", ""},
	};
	struct pool_fixture *fixture = *state;
	struct vfp_picture picture;

	fixture_lease(fixture, 1, "blue");
	fixture_bind(fixture, 2, "trunk");
	picture = look(fixture);
	for (size_t i = 0; i < VFP_N(cases); i++)
		assert_string_equal(property(&picture, cases[i].path, cases[i].name),
				    cases[i].value);
	vfp_picture_free(&picture);
}

struct seen {
	char text[1024];
};

static void on_change(void *opaque, const struct vfp_thing *before, const struct vfp_thing *now,
		      unsigned int changed)
{
	const struct vfp_thing *thing = now ? now : before;
	struct seen *seen = opaque;
	const size_t used = strlen(seen->text);

	snprintf(seen->text + used, sizeof(seen->text) - used, "%s%s",
		 !before ? "+"
		 : !now	 ? "-"
			 : "",
		 thing->path + strlen(VFP_PICTURE_ROOT "/"));
	for (size_t i = 0; before && now && i < now->n; i++)
		if (changed & 1u << i)
			strncat(strncat(seen->text, " ", 2),
				vfp_kind_defs[now->kind].properties[i].name, 40);
	strncat(seen->text, "\n", 2);
}

/* What changes between two looks at the life of a domain. */
static void test_compare(void **state)
{
	struct pool_fixture *fixture = *state;
	struct vfp_picture none = {0}, before = look(fixture), now;
	struct seen seen = {""};
	struct vfp_lease lease;

	vfp_picture_compare(&before, &before, on_change, &seen);
	assert_string_equal(seen.text, "");
	lease = fixture_lease(fixture, 1, "");
	now = look(fixture);
	vfp_picture_compare(&before, &now, on_change, &seen);
	assert_string_equal(seen.text, "+lease/1\n"
				       "pool/sriov0 Free Leased\n"
				       "+port/52_3a54_3a00_3a00_3a00_3a01\n"
				       "vf/ens1f0_230 State Why UUID Domain MAC PciDevice\n");
	vfp_picture_free(&before);
	before = now;
	seen.text[0] = '\0';
	assert_done(fixture, vfp_pool_free(fixture->pool, lease.generation, "done", &fixture->err));
	now = look(fixture);
	vfp_picture_compare(&before, &now, on_change, &seen);
	assert_string_equal(seen.text,
			    "-lease/1\n"
			    "pool/sriov0 Free Leased\n"
			    "port/52_3a54_3a00_3a00_3a00_3a01 VNICType VIFType VIFDetails "
			    "BindingProfile\n"
			    "vf/ens1f0_230 State Why UUID Domain MAC PciDevice\n");
	seen.text[0] = '\0';
	vfp_picture_compare(&now, &none, on_change, &seen);
	assert_int_equal(seen.text[0], '-');
	vfp_picture_free(&before);
	vfp_picture_free(&now);
}

static void test_clean(void **state)
{
	static const struct {
		const char *text, *clean;
	} cases[] = {
		{"", ""},
		{"web1", "web1"},
		{"w\xc3\xa4hler \xe2\x82\xac \xf0\x9f\x90\xa7",
		 "w\xc3\xa4hler \xe2\x82\xac \xf0\x9f\x90\xa7"},
		{"\xc3", "?"},
		{"\xe4", "?"},
		{"\xc3\xa4 and \xe4", "?? and ?"},
		{"\xc0\x80", "??"},	      /* NUL, too long */
		{"\xe0\x80\xaf", "???"},      /* too long */
		{"\xed\xa0\x80", "???"},      /* a surrogate */
		{"\xf4\x90\x80\x80", "????"}, /* beyond Unicode */
		{"\xff", "?"},
	};

	for (size_t i = 0; i < VFP_N(cases); i++) {
		vfp_autofree char *text = vfp_strdup(cases[i].text);

		vfp_picture_clean(text);
		assert_string_equal(text, cases[i].clean);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, pool_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_complete),
		TEST(test_values),
		TEST(test_compare),
		cmocka_unit_test(test_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
