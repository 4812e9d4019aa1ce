/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base/variant.h and xml/override.h: which VF could migrate, and the switch in the definition that
 * takes that away: added beside what an author has there, kept by a second rewrite, undone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/variant.h"
#include "tests/bind-all.h"
#include "tests/fake-sysfs.h"

VFP_DEFINE_AUTO(domain, struct vfp_domain *, vfp_domain_free)

#define VF	 "0000:01:10.0"
#define RELEASE	 "6.12.0-test"
#define MELLANOX "pci:v000015B3d0000101Esv000015B3sd00000061bc02sc00i00\n"

static void test_variant(void **state)
{
	static const struct {
		const char *modalias, *aliases;
		bool exists;
	} cases[] = {
		{MELLANOX,
		 "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n"
		 "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n",
		 true},
		/* vfio_pci itself fits all and migrates none. */
		{MELLANOX, "alias vfio_pci:v*d*sv*sd*bc*sc*i* vfio_pci\n", false},
		/* A network driver is none of VFIO's. */
		{MELLANOX, "alias pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_core\n", false},
		{"pci:v00008086d000010CAsv00000000sd00000000bc02sc00i00\n",
		 "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n", false},
		{MELLANOX, "alias vfio_pci:v000015B3d0000101Esv*\n", false}, /* no module */
		{"\n", "alias vfio_pci:* x\n", false},
		{NULL, "alias vfio_pci:* x\n", false},
		{MELLANOX, NULL, false},
	};
	struct vfp_pci pci;

	(void)state;
	vfp_pci_parse(VF, &pci);
	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_host host;

		fake_root_make(&host, fake_pfs, FAKE_N_PFS);
		fake_write(&host, "/proc/sys/kernel/osrelease", RELEASE "\n");
		if (cases[i].modalias)
			fake_write(&host, "/sys/bus/pci/devices/" VF "/modalias",
				   cases[i].modalias);
		if (cases[i].aliases)
			fake_write(&host, "/lib/modules/" RELEASE "/modules.alias",
				   cases[i].aliases);
		if (vfp_variant_exists(&host, &pci) != cases[i].exists)
			fail_msg("case %zu", i);
		fake_root_remove(&host);
	}
}

#define DOMAIN(attrs, end)                                                                         \
	"<domain type='kvm'" attrs ">\n  <name>web1</name>\n"                                      \
	"  <uuid>6e3ff0f7-7e1c-4d6b-9b0f-0b9b1c9d2a01</uuid>\n  <memory unit='MiB'>512</memory>\n" \
	"  <devices>\n    <interface type='network'>\n"                                            \
	"      <mac address='52:54:00:00:00:01'/>\n      <source network='migrating0'/>\n"         \
	"    </interface>\n    <memballoon model='none'/>\n  </devices>\n" end "</domain>\n"
#define NS(prefix) " xmlns:" prefix "='http://libvirt.org/schemas/domain/qemu/1.0'"
#define DEVICE(prefix, alias, in)                                                   \
	"    <" prefix "device alias='" alias "'>\n      <" prefix "frontend>\n" in \
	"      </" prefix "frontend>\n    </" prefix "device>\n"
#define PROPERTY(prefix, name, value) \
	"        <" prefix "property name='" name "' type='string' value='" value "'/>\n"
#define OURS "ua-vfpool-525400000001"
#define OFF  "<%sproperty name='enable-migration' type='string' value='off'/>"

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (text = strstr(text, what); text; text = strstr(text + 1, what))
		n++;
	return n;
}

static char *bound_of(const char *text, bool could_migrate)
{
	vfp_auto(domain) dom = NULL;
	struct bind_all all;
	char *bound = NULL;

	assert_int_equal(vfp_domain_read(text, strlen(text), &dom, NULL), 0);
	bind_all(dom, NULL, &all);
	all.bindings[0].could_migrate = could_migrate;
	assert_int_equal(vfp_domain_rewrite(dom, NULL, all.bindings, all.nics, all.n, &bound, NULL),
			 0);
	return bound;
}

static char *undone_of(const char *text)
{
	vfp_auto(domain) dom = NULL;
	char *undone = NULL;

	assert_int_equal(vfp_domain_read(text, strlen(text), &dom, NULL), 0);
	assert_int_equal(vfp_domain_undo(dom, &undone, NULL), 0);
	return undone;
}

/* Each: the switch is there once, a second rewrite changes nothing, the undo gives the document
 * back, and so does a binding to a VF that could not migrate as far as the switch goes. */
static void test_switch(void **state)
{
	static const struct {
		const char *text, *prefix;
		bool is_lossy; /* an empty device goes with the undo */
	} cases[] = {
		{DOMAIN("", ""), "qemu:", false},
		{DOMAIN(NS("qemu"), "  <qemu:override>\n" DEVICE(
					    "qemu:", "ua-other",
					    PROPERTY("qemu:", "x", "1")) "  </qemu:override>\n"),
		 "qemu:", false},
		{DOMAIN(NS("q"), "  <q:override>\n" DEVICE(
					 "q:", OURS, PROPERTY("q:", "x", "1")) "  </q:override>\n"),
		 "q:", false},
		{DOMAIN(NS("q"),
			"  <q:override>\n    <q:device alias='" OURS "'>\n    </q:device>\n"
			"  </q:override>\n"),
		 "q:", true},
		{DOMAIN("",
			"  <override xmlns='http://libvirt.org/schemas/domain/qemu/1.0'>\n" DEVICE(
				"", "ua-other", PROPERTY("", "x", "1")) "  </override>\n"),
		 "", false},
		{DOMAIN(NS("qemu"),
			"  <qemu:override>\n" DEVICE("qemu:", OURS,
						     PROPERTY("qemu:", "enable-migration",
							      "on")) "  </qemu:override>\n"),
		 "qemu:", false},
		/* Their author's own: it stays. */
		{DOMAIN(NS("qemu"),
			"  <qemu:override>\n" DEVICE("qemu:", OURS,
						     PROPERTY("qemu:", "enable-migration",
							      "off")) "  </qemu:override>\n"),
		 "qemu:", false},
		{DOMAIN(NS("qemu"), "  <qemu:commandline>\n    <qemu:arg value='-S'/>\n"
				    "  </qemu:commandline>\n"),
		 "qemu:", false},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		vfp_autofree char *bound = bound_of(cases[i].text, true);
		vfp_autofree char *again = bound_of(bound, true);
		vfp_autofree char *undone = undone_of(bound);
		vfp_autofree char *plain = bound_of(cases[i].text, false);
		vfp_autofree char *moved = bound_of(bound, false);
		vfp_autofree char *moved_undone = undone_of(moved);
		vfp_autofree char *line = vfp_format(OFF, cases[i].prefix);
		struct vfp_err err;

		if (count(bound, line) != 1)
			fail_msg("case %zu has no, or not one, %s:\n%s", i, line, bound);
		assert_string_equal(again, bound);
		if (count(undone, "enable-migration") != count(cases[i].text, "enable-migration") ||
		    count(undone, "device alias") > count(cases[i].text, "device alias"))
			fail_msg("case %zu, undone:\n%s", i, undone);
		assert_int_equal(count(moved, "enable-migration"),
				 count(plain, "enable-migration"));
		assert_string_equal(moved_undone, undone);
		if (bind_check(cases[i].text, strlen(cases[i].text), NULL, !cases[i].is_lossy,
			       &err) != BIND_DONE)
			fail_msg("case %zu: %s", i, err.msg);
	}
}

/* Another MAC is another alias: the switch goes with it. */
static void test_new_mac(void **state)
{
	vfp_autofree char *bound = bound_of(DOMAIN("", ""), true);
	char *at = strstr(bound, "      <mac address='52:54:00:00:00:01'/>\n      <source>");
	vfp_autofree char *again = NULL;

	(void)state;
	assert_non_null(at);
	memcpy(at + strlen("      <mac address='"), "52:54:00:00:00:07", 17);
	again = bound_of(bound, true);
	assert_int_equal(count(again, "device alias"), 1);
	assert_non_null(strstr(again, "device alias='ua-vfpool-525400000007'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_variant),
		cmocka_unit_test(test_switch),
		cmocka_unit_test(test_new_mac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
