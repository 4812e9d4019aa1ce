/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests for tools/ini.c, pattern.c, selector-*.c and import.c: which VFs a selection means.  (What
 * Nova itself says of the same: tests/openstack.sh.) */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/import.h"

/* Two PFs a and b of one card with four VFs each, and c without any, which could have two. */
static const struct vfp_candidate vfs[] = {
#define VF(pf_name, i, pf_slot, slot, fn, id, drv, dev, there)                                  \
	{                                                                                       \
		.vf = {.pf = pf_name, .index = i, .pci = {0, 0x3b, slot, fn}},                  \
		.pf_pci = {0, 0x3b, 0, pf_slot}, .vendor = 0x8086, .device = id, .driver = drv, \
		.netdev = dev, .is_present = there                                              \
	}
	VF("a", 0, 0, 2, 0, 0x1889, "vfio-pci", "", true),
	VF("a", 1, 0, 2, 1, 0x1889, "vfio-pci", "", true),
	VF("a", 2, 0, 2, 2, 0x1889, "iavf", "av2", true),
	VF("a", 3, 0, 2, 3, 0x1889, "vfio-pci", "", true),
	VF("b", 0, 1, 0xa, 0, 0x1889, "vfio-pci", "", true),
	VF("b", 1, 1, 0xa, 1, 0x1889, "vfio-pci", "", true),
	VF("b", 2, 1, 0xa, 2, 0x1889, "vfio-pci", "", true),
	VF("b", 3, 1, 0xa, 3, 0x1889, "", "", false),
	VF("c", 0, 2, 0x12, 0, 0x154c, "", "", false),
	VF("c", 1, 2, 0x12, 1, 0x154c, "", "", false),
};

struct test {
	const char *text;   /* of the file */
	const char *wanted; /* "POOL:PF#RANGE PF …", a pool after the other */
};

static void describe(const struct vfp_imported *made, char *buf, size_t size)
{
	buf[0] = '\0';
	for (size_t i = 0; i < made->n; i++) {
		snprintf(buf + strlen(buf), size - strlen(buf), "%s%s:", i ? " " : "",
			 made->defs[i].name);
		for (size_t k = 0; k < made->defs[i].n_pfs; k++)
			snprintf(buf + strlen(buf), size - strlen(buf), "%s%s%s%s", k ? " " : "",
				 made->defs[i].pfs[k].dev, *made->defs[i].pfs[k].vfs ? "#" : "",
				 made->defs[i].pfs[k].vfs);
	}
}

typedef int reader(struct vfp_import *import, const char *file, const char *text, size_t size,
		   struct vfp_err *err);

static void run(reader *read, const struct test *tests, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct vfp_import import = {.mappings = NULL};
		struct vfp_imported made = {.n = 0};
		struct vfp_err err = {0};
		char found[256] = "";
		int rc = read(&import, "f", tests[i].text, strlen(tests[i].text), &err);

		if (rc == 0)
			rc = vfp_import_pools(&import, vfs, VFP_N(vfs), &made, &err);
		if (rc == 0)
			describe(&made, found, sizeof(found));
		else
			vfp_copy(found, sizeof(found), rc == -ENOENT ? "" : err.msg);
		if (strcmp(found, tests[i].wanted) != 0)
			fail_msg("%s\nfound '%s', not '%s' (%s)", tests[i].text, found,
				 tests[i].wanted, err.msg);
		vfp_imported_free(&made);
		vfp_import_free(&import);
	}
}

#define SPEC(json) "[pci]\ndevice_spec = " json "\n"

static void test_nova(void **state)
{
	static const struct test tests[] = {
		/* Globs. */
		{SPEC("{\"address\": \"*:*:*.*\"}"), "nova:a b c"},
		{SPEC("{}"), "nova:a b c"},
		{SPEC("{\"address\": \"0000:3b:02.1\"}"), "nova:a#1"},
		{SPEC("{\"address\": \"0000:3b:02.*\"}"), "nova:a"},
		{SPEC("{\"address\": \":02.\"}"), "nova:a"},
		{SPEC("{\"address\": \"*:3b:0a.2\"}"), "nova:b#2"},
		{SPEC("{\"address\": \"3b:0A.2\"}"), "nova:b#2"},
		{SPEC("{\"address\": \"0x3b:a.2\"}"), "nova:b#2"},
		{SPEC("{\"address\": \".2\"}"), "nova:a#2 b#2"},
		{SPEC("{\"address\": \"0001:*:*.*\"}"), ""},
		/* A PF's address means its VFs; a VF is meant by its own. */
		{SPEC("{\"address\": \"0000:3b:00.1\"}"), "nova:b"},
		{SPEC("{\"address\": \"3b:00.1\"}"), ""},
		{SPEC("{\"address\": {\"domain\": \"0000\", \"bus\": \"3b\", \"slot\": \"00\", "
		      "\"function\": \"1\"}}"),
		 "nova:b"},
		/* Regular expressions are anchored at the beginning, not at the end. */
		{SPEC("{\"address\": {\"function\": \"[0-1]\"}}"), "nova:a#0-1 b#0-1 c"},
		{SPEC("{\"address\": {\"slot\": \"0\", \"function\": \"3|1\"}}"), "nova:a#1,3 b#1"},
		{SPEC("{\"address\": {\"slot\": \"2\"}}"), ""},
		{SPEC("{\"address\": {\"slot\": \"0[12]$$\"}}"), "nova:a"},
		{SPEC("{\"address\": {\"bus\": \"\\\\d\\\\w\"}}"),
		 "f:2: [pci] device_spec: address: bus: '\\d\\w': '\\w' is not supported, write it as "
		 "characters or a set, [0-9a-f]"},
		{SPEC("{\"address\": {\"bus\": \"\\\\d[a-f]\"}}"), "nova:a b c"},
		{SPEC("{\"address\": {\"function\": \"(?!0)\"}}"),
		 "f:2: [pci] device_spec: address: function: '(?!0)': '(?' is not supported, write ( "
		 ") and |"},
		{SPEC("{\"address\": {\"function\": \"[0-7]**\"}}"),
		 "f:2: [pci] device_spec: address: function: '[0-7]**': '**' is not supported, write '*'"},
		{SPEC("{\"address\": {\"function\": \"0{1,17}\"}}"),
		 "f:2: [pci] device_spec: address: function: '0{1,17}': {} of more than 16 is not supported"},
		{SPEC("{\"address\": {\"function\": \"(((0)+)+)+\"}}"),
		 "f:2: [pci] device_spec: address: function: '(((0)+)+)+': more than 2 groups with + or {} are not supported"},
		{SPEC("{\"address\": {\"bus\": \"([0-9a-f]{2})+\"}}"), "nova:a b c"},
		/* Devices. */
		{SPEC("{\"devname\": \"b\"}"), "nova:b"},
		{SPEC("{\"devname\": \"av2\"}"), "nova:a#2"},
		{SPEC("{\"devname\": \"a\", \"product_id\": \"1889\"}"), "nova:a"},
		{SPEC("{\"devname\": \"a\", \"product_id\": \"1592\"}"), ""},
		{SPEC("{\"vendor_id\": \"8086\", \"product_id\": \"154C\"}"), "nova:c"},
		{SPEC("{\"vendor_id\": \"*\", \"product_id\": \" 0x154c \"}"), "nova:c"},
		/* Pools are physical networks; the first spec that matches has the VF. */
		{SPEC("{\"devname\": \"a\", \"physical_network\": \"p1\"}") "device_spec = {\"devname\": \"b\", \"physical_network\": \"p2\"}\n",
		 "p1:a p2:b"},
		{SPEC("[{\"address\": \"3b:02.1\", \"physical_network\": \"p2\"}, "
		      "{\"devname\": \"a\", \"physical_network\": \"p1\"}]"),
		 "p2:a#1 p1:a#0,2-3"},
		{SPEC("{\"devname\": \"a\", \"physical_network\": null}"), "nova:a"},
		/* What a DPU sets up is nobody's, and not the next spec's. */
		{SPEC("[{\"address\": \"3b:02.1\", \"remote_managed\": \"true\"}, "
		      "{\"devname\": \"a\"}]"),
		 "nova:a#0,2-3"},
		/* Former names come first, as oslo.config has it. */
		{"[DEFAULT]\npci_passthrough_whitelist = {\"address\": \":02.0\", "
		 "\"physical_network\": \"old\"}\n" SPEC(
			 "{\"devname\": \"a\", \"physical_network\": \"p1\"}") "passthrough_whitelist = {\"address\": \":02.1\", \"physical_network\": "
									       "\"p1\"}\n",
		 "old:a#0 p1:a#1-3"},
		{"[PCI]\ndevice_spec: '{\"devname\": \"a\"}'\n", "nova:a"},
		{"[pci]\ndevice_spec =\n  {\"devname\":\n# a comment ends it\n",
		 "f:2: [pci] device_spec: not JSON: unexpected end of data at character 12 of line 2, "
		 "near 'the end'"},
		{"[other]\ndevice_spec = {\"devname\": \"a\"}\n", ""},
	};

	(void)state;
	run(vfp_import_nova, tests, VFP_N(tests));
}

#define NEUTRON(maps, excludes) \
	"[sriov_nic]\nphysical_device_mappings = " maps "\nexclude_devices = " excludes "\n"

static void test_neutron(void **state)
{
	static const struct test tests[] = {
		{NEUTRON("p1:a", ""), "p1:a"},
		{NEUTRON("p1:a,p1:b, p2 : c ,", ""), "p1:a b p2:c"},
		{NEUTRON("p1:a", "a:0000:3b:02.0;0000:3b:02.2"), "p1:a#1,3"},
		{NEUTRON("p1:a,p1:b", " a: 0000:3b:02.0 ; , b:0000:3b:0a.3"), "p1:a#1-3 b#0-2"},
		/* Of another PF, and of none: said, and nothing is left out. */
		{NEUTRON("p1:a,p1:b", "a:0000:3b:0a.0"), "p1:a b"},
		{NEUTRON("p1:a", "a:"), "p1:a"},
		/* None of its VFs is there: those that there would be. */
		{NEUTRON("p1:c", "c:0000:3b:12.0"), "p1:c#1"},
		/* Everything is excluded. */
		{NEUTRON("p1:c", "c:0000:3b:12.0;0000:3b:12.1"), ""},
		{NEUTRON("p1:a:b", ""),
		 "f:2: [sriov_nic] physical_device_mappings: 'p1:a:b' was found, "
		 "physical_network:device was expected, for example physnet1:ens1f0"},
	};

	(void)state;
	run(vfp_import_neutron, tests, VFP_N(tests));
}

#define RESOURCE(name, selectors) "{\"resourceName\": \"" name "\", \"selectors\": " selectors "}"
#define RESOURCES(list)		  "{\"resourceList\": [" list "]}"

static void test_kubernetes(void **state)
{
	static const struct test tests[] = {
		{RESOURCES(RESOURCE("r", "{}")), "r:a b c"},
		{RESOURCES(RESOURCE("r", "{\"vendors\": [\"8086\", \"15b3\"]}")), "r:a b c"},
		{RESOURCES(RESOURCE("r", "{\"vendors\": [\"15b3\"]}")), ""},
		{RESOURCES(RESOURCE("r", "{\"devices\": [\"154c\"]}")), "r:c"},
		{RESOURCES(RESOURCE("r", "{\"devices\": [\"154C\"]}")), ""},
		{RESOURCES(RESOURCE("r", "{\"drivers\": [\"iavf\"]}")), "r:a#2"},
		{RESOURCES(RESOURCE("r", "{\"drivers\": [\"vfio-pci\"], \"pfNames\": [\"a\"]}")),
		 "r:a#0-1,3"},
		{RESOURCES(RESOURCE("r", "{\"pciAddresses\": [\"0000:3b:02.0\", "
					 "\"0000:3b:0a.1\"]}")),
		 "r:a#0 b#1"},
		{RESOURCES(RESOURCE("r", "{\"pfNames\": [\"a#0-1,3\", \"b#2\"]}")),
		 "r:a#0-1,3 b#2"},
		/* The first item that names a PF decides; a name counts in any case and as a
		 * regular expression. */
		{RESOURCES(RESOURCE("r", "{\"pfNames\": [\"a#0\", \"a#1\"]}")), "r:a#0"},
		{RESOURCES(RESOURCE("r", "{\"pfNames\": [\"A#0\"]}")), "r:a#0"},
		{RESOURCES(RESOURCE("r", "{\"pfNames\": [\"[ab]#1\"]}")), "r:a#1 b#1"},
		{RESOURCES(RESOURCE("r", "{\"rootDevices\": [\"0000:3b:00.1\"]}")), "r:b"},
		{RESOURCES(RESOURCE("r", "{\"rootDevices\": [\"0000:3b:00.[01]#1\"]}")),
		 "r:a#1 b#1"},
		/* An empty list is no selector; of several sets any will do. */
		{RESOURCES(RESOURCE("r", "{\"drivers\": [], \"pfNames\": [\"a\"]}")), "r:a"},
		{RESOURCES(RESOURCE("r", "[{\"pfNames\": [\"a#0\"]}, {\"pfNames\": [\"b#1\"]}]")),
		 "r:a#0 b#1"},
		{RESOURCES(RESOURCE("r", "[]")), ""},
		/* The first resource has the VF. */
		{RESOURCES(RESOURCE("r", "{\"pfNames\": [\"a#0-1\"]}") "," RESOURCE(
			 "s", "{\"pfNames\": [\"a\"]}")),
		 "r:a#0-1 s:a#2-3"},
		{RESOURCES(RESOURCE("r", "{\"linkTypes\": [\"infiniband\"]}")),
		 "f: number 1 of resourceList: resource r: linkTypes: 'infiniband': vfpool knows of VFs "
		 "with link type ether only"},
		{RESOURCES("7"), "f: number 1 of resourceList: a JSON object was expected"},
		{"null", "f: JSON: null is no selection"},
	};

	(void)state;
	run(vfp_import_kubernetes, tests, VFP_N(tests));
}

/* Both files: what the two have in common. */
static void test_both(void **state)
{
	static const char nova[] = SPEC("{\"address\": {\"function\": \"[0-2]\"}, "
					"\"physical_network\": \"p1\"}"),
			  neutron[] = NEUTRON("p1:a", "a:0000:3b:02.0");
	struct vfp_import import = {.mappings = NULL};
	struct vfp_imported made = {.n = 0};
	struct vfp_err err = {0};
	char found[256];

	(void)state;
	assert_int_equal(vfp_import_nova(&import, "n", nova, strlen(nova), &err), 0);
	assert_int_equal(vfp_import_neutron(&import, "s", neutron, strlen(neutron), &err), 0);
	assert_int_equal(vfp_import_pools(&import, vfs, VFP_N(vfs), &made, &err), 0);
	describe(&made, found, sizeof(found));
	assert_string_equal(found, "p1:a#1-2");
	assert_non_null(strstr(made.notes, "PF b is not in Neutron's physical_device_mappings"));
	vfp_imported_free(&made);
	vfp_import_free(&import);
}

/* What tags become. */
static void test_tags(void **state)
{
	static const struct {
		const char *text;
		bool park;
		size_t n_portgroups;
		const char *note;
	} cases[] = {
		{SPEC("{\"devname\": \"a\"}"), true, 1, ""},
		{SPEC("{\"devname\": \"a\", \"trusted\": \"True\"}"), true, 2, ""},
		{SPEC("{\"devname\": \"a\", \"trusted\": \"false\"}"), true, 1, ""},
		{SPEC("{\"devname\": \"a\", \"trusted\": true}"), true, 2, ""},
		{SPEC("{\"devname\": \"a\", \"managed\": \"no\"}"), true, 1, ""},
		{SPEC("{\"devname\": \"a\", \"managed\": \"yes\"}"), false, 1, ""},
		{SPEC("{\"devname\": \"a\", \"live_migratable\": \"yes\"}"), true, 1,
		 "f:2: [pci] device_spec: live_migratable is not taken over"},
		{SPEC("{\"devname\": \"a\", \"traits\": \"x\"}"), true, 1, ""},
		{SPEC("{\"devname\": \"a\", \"physical_netwrok\": \"x\"}"), true, 1,
		 "key 'physical_netwrok' is none that is known"},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_import import = {.mappings = NULL};
		struct vfp_imported made = {.n = 0};
		struct vfp_err err = {0};

		assert_int_equal(
			vfp_import_nova(&import, "f", cases[i].text, strlen(cases[i].text), &err),
			0);
		assert_int_equal(vfp_import_pools(&import, vfs, VFP_N(vfs), &made, &err), 0);
		assert_int_equal(made.defs[0].park, cases[i].park);
		assert_int_equal(made.defs[0].n_portgroups, cases[i].n_portgroups);
		if (cases[i].n_portgroups == 2)
			assert_true(made.defs[0].portgroups[1].attrs.trust);
		if (*cases[i].note ? !strstr(made.notes, cases[i].note) : *made.notes)
			fail_msg("%s: '%s'", cases[i].text, made.notes);
		vfp_imported_free(&made);
		vfp_import_free(&import);
	}
}

/* How oslo.config takes a file apart. */
static void test_ini(void **state)
{
	static const struct {
		const char *text, *wanted; /* "section/key=value@line;" */
	} cases[] = {
		{"", ""},
		{"# c\n; c\n\n[a]\n", ""},
		{"[a]\nx=1\nx = 2\n", "a/x=1@2;a/x=2@3;"},
		{"[a]\nx : 1=2\n", "a/x=1=2@2;"},
		{"[a]\nx=1:2\n", "a/x=1:2@2;"},
		{"[a]\nx=\n", "a/x=@2;"},
		{"[a]\nx=1\n  2\n\t3\ny=4\n", "a/x=1\n2\n3@2;a/y=4@5;"},
		{"[a]\nx=\"1 # 2\"\ny='z'\nz=\"1'\n", "a/x=1 # 2@2;a/y=z@3;a/z=\"1'@4;"},
		{"[a]\r\nx=1\r\n", "a/x=1@2;"},
		{"[a]\nx=1", "a/x=1@2;"},
		{"[a]\nx=\"\n", "a/x=\"@2;"},
		{"[ a b ]\nx=1\n", " a b /x=1@2;"},
		{"[a]\nx=1\n\n  2\n", "line 4: begins with a blank"},
		{"[a]\nx=1\n[b]\n 2\n", "line 4: begins with a blank"},
		{"[]\n", "line 1: '[]': a section"},
		{"[a]\n=1\n", "line 2: there is no option"},
		{"[a]\nx\n", "line 2: 'x': neither"},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_err err = {0};
		struct vfp_ini ini = {0};
		char found[256] = "";

		if (vfp_ini_parse(cases[i].text, strlen(cases[i].text), &ini, &err) < 0)
			vfp_copy(found, sizeof(found), err.msg);
		for (size_t k = 0; k < ini.n; k++)
			snprintf(found + strlen(found), sizeof(found) - strlen(found),
				 "%s/%s=%s@%u;", ini.values[k].section, ini.values[k].key,
				 ini.values[k].value, ini.values[k].line);
		if (*err.msg ? strncmp(found, cases[i].wanted, strlen(cases[i].wanted))
			     : strcmp(found, cases[i].wanted))
			fail_msg("'%s': found '%s', not '%s'", cases[i].text, found,
				 cases[i].wanted);
		vfp_ini_free(&ini);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nova),	   cmocka_unit_test(test_neutron),
		cmocka_unit_test(test_kubernetes), cmocka_unit_test(test_both),
		cmocka_unit_test(test_tags),	   cmocka_unit_test(test_ini),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
