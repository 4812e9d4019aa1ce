/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xml/pooldef.c: pool definitions read, written and refused.  tests/data/pool holds whole ones:
 * NAME.xml, and NAME.written.xml where the one written form is another; bad-*.xml are refused, and
 * by the schema alone too unless their name begins with bad-code-.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "xml/domain.h"
#include "xml/pooldef.h"

#define POOL(inside)  "<vfpool>\n<name>p</name>\n<pf dev='ens1f0'/>\n" inside "</vfpool>"
#define GROUP(inside) POOL("<portgroup name='g'>" inside "</portgroup>\n")

static char *data(const char *name)
{
	const char *top = getenv("top_srcdir");
	vfp_autofree char *path = vfp_format("%s/tests/data/pool/%s.xml", top ? top : ".", name);
	char *text = NULL;

	vfp_file_read(path, VFP_XML_MAX, &text, NULL, NULL);
	return text;
}

static struct vfp_pooldef must_read(const char *text)
{
	struct vfp_pooldef def;
	struct vfp_err err;

	if (vfp_pooldef_read(text, strlen(text), &def, &err) < 0)
		fail_msg("%s", err.msg);
	return def;
}

static void test_values(void **state)
{
	vfp_autofree char *text = data("full");
	struct vfp_pooldef def = must_read(text);
	const struct vfp_portgroup *group = def.portgroups;

	(void)state;
	assert_string_equal(def.name, "sriov0");
	assert_string_equal(def.physnet, "physnet1");
	assert_int_equal(def.policy, VFP_POLICY_PACK);
	assert_int_equal(def.numa, VFP_NUMA_STRICT);
	assert_false(def.park);
	assert_int_equal(def.n_pfs, 2);
	assert_string_equal(def.pfs[0].dev, "ens1f0");
	assert_string_equal(def.pfs[0].vfs, "0,2-7");
	assert_string_equal(def.pfs[1].dev, "ens1f1");
	assert_string_equal(def.pfs[1].vfs, "");
	assert_int_equal(def.n_portgroups, 4);
	assert_string_equal(group[0].name, "blue");
	assert_true(group[0].is_default);
	assert_int_equal(group[0].vlan_mode, VFP_VLAN_ID);
	assert_int_equal(group[0].attrs.vlan, 100);
	assert_int_equal(group[0].attrs.vlan_proto, 0x8100);
	assert_int_equal(group[0].attrs.qos, 3);
	assert_false(group[0].attrs.spoofchk);
	assert_true(group[0].attrs.trust);
	assert_int_equal(group[0].attrs.link_state, VFP_LINK_ENABLE);
	assert_int_equal(group[0].attrs.min_rate_mbps, 100);
	assert_int_equal(group[0].attrs.max_rate_mbps, 1000);
	assert_int_equal(group[1].attrs.vlan, 4094);
	assert_int_equal(group[1].attrs.vlan_proto, 0x88a8);
	assert_false(group[1].is_default);
	assert_int_equal(group[2].vlan_mode, VFP_VLAN_TRUNK);
	assert_int_equal(group[2].attrs.vlan, 0);
	assert_int_equal(group[3].vlan_mode, VFP_VLAN_NONE);
	assert_true(group[3].attrs.spoofchk);
	assert_int_equal(group[3].attrs.known, vfp_attrs_scrubbed.known);
	assert_true(vfp_mac_is_none(&group[3].attrs.mac));
	vfp_pooldef_free(&def);
}

/* What is not said. */
static void test_defaults(void **state)
{
	struct vfp_pooldef def = must_read(POOL(""));

	(void)state;
	assert_string_equal(def.physnet, "");
	assert_int_equal(def.policy, VFP_POLICY_SPREAD);
	assert_int_equal(def.numa, VFP_NUMA_PREFER);
	assert_true(def.park);
	assert_int_equal(def.n_portgroups, 1);
	assert_string_equal(def.portgroups[0].name, vfp_portgroup_plain.name);
	assert_true(def.portgroups[0].is_default);
	for (enum vfp_attr attr = 0; attr < VFP_N_ATTRS; attr++)
		assert_true(vfp_attr_equal(attr, &def.portgroups[0].attrs, &vfp_attrs_scrubbed));
	vfp_pooldef_free(&def);
}

static void test_written(void **state)
{
	static const char *const names[] = {"full", "least", "any-order"};

	(void)state;
	for (size_t i = 0; i < VFP_N(names); i++) {
		vfp_autofree char *written_name = vfp_format("%s.written", names[i]);
		vfp_autofree char *text = data(names[i]);
		vfp_autofree char *expected = data(written_name);
		vfp_autofree char *written = NULL;
		vfp_autofree char *again = NULL;
		struct vfp_pooldef def, second;

		assert_non_null(text);
		def = must_read(text);
		assert_int_equal(vfp_pooldef_write(&def, &written, NULL), 0);
		assert_string_equal(written, expected ? expected : text);
		second = must_read(written);
		assert_int_equal(vfp_pooldef_write(&second, &again, NULL), 0);
		assert_string_equal(again, written);
		vfp_pooldef_free(&def);
		vfp_pooldef_free(&second);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		const char *words;
	} cases[] = {
		{"<network/>", "is a <network>, expected <vfpool>"},
		{"<vfpool><name>p</name>", "line 1, column 23"},
		{"<!DOCTYPE vfpool><vfpool/>", "<!DOCTYPE>"},
		{"<vfpool/>", "no <name>"},
		{"<vfpool><name/><pf dev='a'/></vfpool>", "<name>: pool"},
		{"<vfpool><name>a b</name><pf dev='a'/></vfpool>", "a b"},
		{"<vfpool><name>p</name></vfpool>", "no <pf dev='…'/>"},
		{"<vfpool><name>p</name><pf/></vfpool>", "dev=''"},
		{"<vfpool><name>p</name><pf dev='a/b'/></vfpool>", "dev='a/b'"},
		{"<vfpool><name>p</name><pf dev='abcdefghijklmnop'/></vfpool>",
		 "1 to 15 characters"},
		{"<vfpool><name>p</name><pf dev='a' vfs=''/></vfpool>", "vfs=''"},
		{"<vfpool><name>p</name><pf dev='a' vfs='5-2'/></vfpool>", "PF a: VF range '5-2'"},
		{"<vfpool><name>p</name><pf dev='a' vfs='1,x'/></vfpool>", "'x'"},
		{"<vfpool><name>p</name><name>q</name><pf dev='a'/></vfpool>",
		 "a second one in <vfpool>"},
		{"<vfpool mode='x'><name>p</name><pf dev='a'/></vfpool>",
		 "unknown attribute mode, expected none"},
		{POOL("<pf dev='ens1f0' vfs='1'/>"), "line 4: <pf>: PF ens1f0 is there twice"},
		{POOL("text"), "text in it"},
		{POOL("<portgruop name='x'/>"),
		 "line 4: <portgruop>: unknown element in vfpool, expected one of: name physicalNetwork pf "
		 "placement portgroup"},
		{POOL("<placement policy='fair'/>"), "policy='fair', expected spread or pack"},
		{POOL("<placement numa='never'/>"), "expected prefer or ignore or strict"},
		{POOL("<placement park='on'/>"), "park='on', expected yes or no"},
		{POOL("<portgroup/>"), "<portgroup>: port group"},
		{POOL("<portgroup name='-x'/>"), "<portgroup>: port group"},
		{POOL("<portgroup name='x' default='true'/>"),
		 "default='true', expected yes or no"},
		{POOL("<portgroup name='x'/>\n<portgroup name='x'/>"),
		 "line 5: <portgroup>: port group x is there twice"},
		{POOL("<portgroup name='x' default='yes'/><portgroup name='y' default='yes'/>"),
		 "port groups x and y are both default='yes'"},
		{GROUP("<vlan/>"), "port group g: line 4: <vlan>: expected either"},
		{GROUP("<vlan trunk='yes'><tag id='1'/></vlan>"), "expected either"},
		{GROUP("<vlan trunk='no'><tag id='1'/></vlan>"), "trunk='no', expected yes"},
		{GROUP("<vlan><tag/></vlan>"), "no id in it, expected 1 to 4094"},
		{GROUP("<vlan><tag id='0'/></vlan>"), "id='0', expected 1 to 4094"},
		{GROUP("<vlan><tag id='4095'/></vlan>"), "id='4095', expected 1 to 4094"},
		{GROUP("<vlan><tag id='5000'/></vlan>"),
		 "port group g: line 4: <tag>: id='5000', expected 1 to 4094"},
		{GROUP("<vlan><tag id='1'/><tag id='2'/></vlan>"), "a second one in <vlan>"},
		{GROUP("<vlan><tag id='1' protocol='802.1q'/></vlan>"),
		 "expected 802.1Q or 802.1ad"},
		{GROUP("<vf spoofcheck='on'/>"),
		 "<vf>: unknown attribute spoofcheck, expected one of: spoofchk trust linkState qos "
		 "minTxRate maxTxRate"},
		{GROUP("<vf spoofchk='yes'/>"), "spoofchk='yes', expected on or off"},
		{GROUP("<vf linkState='up'/>"),
		 "linkState='up', expected auto or enable or disable"},
		{GROUP("<vf qos='8'/>"), "qos='8', expected 0 to 7"},
		{GROUP("<vf qos='1'/>"), "qos='1' without a VLAN tag"},
		{GROUP("<vlan trunk='yes'/><vf qos='1'/>"), "qos='1' without a VLAN tag"},
		{GROUP("<vf maxTxRate='4294967296'/>"), "expected 0 to 4294967295"},
		{GROUP("<vf maxTxRate='1G'/>"), "maxTxRate='1G'"},
		{GROUP("<vf minTxRate='2' maxTxRate='1'/>"),
		 "minTxRate='2' is above maxTxRate='1'"},
		{GROUP("<x:vf xmlns:x='urn:x'/>"), "unknown element in portgroup"},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_pooldef def = {.n_pfs = 77};
		struct vfp_err err = {0};

		if (vfp_pooldef_read(cases[i].text, strlen(cases[i].text), &def, &err) != -EINVAL)
			fail_msg("case %zu is read: %s", i, cases[i].text);
		if (!strstr(err.msg, cases[i].words))
			fail_msg("case %zu: \"%s\" lacks \"%s\"", i, err.msg, cases[i].words);
		assert_int_equal(def.n_pfs, 77);
	}
}

/* @one, "<pf dev='n%'/>" or the like, @n times with a number for the '%'. */
static char *many(const char *before, const char *one, unsigned int n, const char *after)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fputs(before, out);
	for (unsigned int i = 0; i < n; i++) {
		fwrite(one, 1, strcspn(one, "%"), out);
		fprintf(out, "%u%s", i, strchr(one, '%') + 1);
	}
	fputs(after, out);
	fclose(out);
	return text;
}

static void test_limits(void **state)
{
	static const struct {
		const char *before, *one, *after;
		unsigned int max;
	} cases[] = {
		{"<vfpool><name>p</name><pf dev='a'/>", "<portgroup name='n%'/>", "</vfpool>",
		 VFP_POOL_MAX_PORTGROUPS},
		{"<vfpool><name>p</name>", "<pf dev='n%'/>", "</vfpool>", VFP_POOL_MAX_PFS},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		for (unsigned int n = cases[i].max; n <= cases[i].max + 1; n++) {
			vfp_autofree char *text =
				many(cases[i].before, cases[i].one, n, cases[i].after);
			struct vfp_pooldef def = {0};
			struct vfp_err err;

			assert_int_equal(vfp_pooldef_read(text, strlen(text), &def, &err),
					 n > cases[i].max ? -EINVAL : 0);
			vfp_pooldef_free(&def);
		}
	}
}

static void test_bad_files(void **state)
{
	static const char *const names[] = {
		"bad-vlan",  "bad-attribute", "bad-element",	  "bad-name",	    "bad-policy",
		"bad-no-pf", "bad-vlan-both", "bad-code-default", "bad-code-range",
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(names); i++) {
		vfp_autofree char *text = data(names[i]);
		struct vfp_pooldef def;
		struct vfp_err err = {0};

		assert_non_null(text);
		if (vfp_pooldef_read(text, strlen(text), &def, &err) != -EINVAL)
			fail_msg("%s is read", names[i]);
		assert_non_null(strstr(err.msg, "line "));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),	cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_written), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),	cmocka_unit_test(test_bad_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
