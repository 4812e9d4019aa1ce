/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xml/: what is read out of a definition, what a rewrite makes of it, what is refused, and that all
 * of it can be undone.  tests/data/domain holds whole documents: NAME.xml, NAME.bound.xml with the
 * bindings of tests/bind-all.h in it, and NAME.undone.xml where the undo of that is not NAME.xml to
 * the byte.
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
#include "tests/bind-all.h"

#define UUID "6e3ff0f7-7e1c-4d6b-9b0f-0b9b1c9d2a01"

VFP_DEFINE_AUTO(domain, struct vfp_domain *, vfp_domain_free)

/* The rest of a document around what a case is about. */
#define DOMAIN(outside, devices)                                                               \
	"<domain type='kvm'>\n  <name>web1</name>\n  <uuid>" UUID "</uuid>\n"                  \
	"  <memory unit='MiB'>512</memory>\n" outside "  <devices>\n" devices "  </devices>\n" \
	"</domain>\n"
#define NIC(children)                                                                \
	"    <interface type='network'>\n      <mac address='52:54:00:00:00:01'/>\n" \
	"      <source network='sriov0' portgroup='blue'/>\n" children "    </interface>\n"
#define HOSTDEV(children) \
	"    <interface type='hostdev' managed='yes'>\n" children "    </interface>\n"

static struct vfp_domain *must_read(const char *text)
{
	struct vfp_domain *dom = NULL;
	struct vfp_err err = {0};

	if (vfp_domain_read(text, strlen(text), &dom, &err) < 0)
		fail_msg("%s", err.msg);
	return dom;
}

static char *must_bind(const char *text)
{
	vfp_auto(domain) dom = must_read(text);
	struct bind_all bind;
	struct vfp_err err = {0};
	char *bound = NULL;

	bind_all(dom, NULL, &bind);
	if (vfp_domain_rewrite(dom, "11111111-2222-4333-8444-555555555555", bind.bindings,
			       bind.nics, bind.n, &bound, &err) < 0)
		fail_msg("%s", err.msg);
	return bound;
}

static char *must_undo(const char *text)
{
	vfp_auto(domain) dom = must_read(text);
	struct vfp_err err = {0};
	char *undone = NULL;

	if (vfp_domain_undo(dom, &undone, &err) < 0)
		fail_msg("%s", err.msg);
	return undone;
}

/* "SRCDIR/tests/data/domain/NAME.KIND", NULL when there is none. */
static char *data(const char *name, const char *kind)
{
	const char *top = getenv("top_srcdir");
	vfp_autofree char *path =
		vfp_format("%s/tests/data/domain/%s.%s", top ? top : ".", name, kind);
	char *text = NULL;

	vfp_file_read(path, VFP_XML_MAX, &text, NULL, NULL);
	return text;
}

static void test_documents(void **state)
{
	static const char *const names[] = {"plain", "one-line", "rich", "mixed", "migrating"};

	(void)state;
	for (size_t i = 0; i < VFP_N(names); i++) {
		vfp_autofree char *text = data(names[i], "xml");
		vfp_autofree char *expected = data(names[i], "bound.xml");
		vfp_autofree char *expected_undone = data(names[i], "undone.xml");
		vfp_autofree char *bound = NULL;
		vfp_autofree char *again = NULL;
		vfp_autofree char *undone = NULL;

		assert_non_null(text);
		assert_non_null(expected);
		bound = must_bind(text);
		assert_string_equal(bound, expected);
		again = must_bind(bound);
		assert_string_equal(again, bound);
		undone = must_undo(bound);
		assert_string_equal(undone, expected_undone ? expected_undone : text);
	}
}

static void test_nics(void **state)
{
	vfp_autofree char *text = data("rich", "xml");
	vfp_autofree char *bound_text = data("rich", "bound.xml");
	vfp_auto(domain) dom = must_read(text);
	vfp_auto(domain) bound = must_read(bound_text);
	static const struct {
		const char *pool, *portgroup, *mac, *pci;
		uint16_t vlan;
		bool managed;
	} expected[] = {
		{"sriov0", "red", "52:54:00:aa:bb:01", "0000:01:10.0", 200, false},
		{"sriov1", "trunk", "52:54:00:aa:bb:02", "0000:01:10.1", 0, false},
		{"managed0", "", "52:54:00:aa:bb:03", "0000:01:10.2", 100, true},
		{"", "", "52:54:00:aa:bb:04", "0000:02:10.1", 0, true},
	};
	const struct vfp_nic *before, *after;
	char buf[VFP_PCI_SIZE];

	(void)state;
	assert_string_equal(vfp_domain_name(dom), "rich & famous");
	assert_string_equal(vfp_domain_uuid(dom), "6e3ff0f7-7e1c-4d6b-9b0f-0b9b1c9d2a02");
	assert_int_equal(vfp_domain_nics(dom, &before), VFP_N(expected));
	assert_int_equal(vfp_domain_nics(bound, &after), VFP_N(expected));
	for (size_t i = 0; i < VFP_N(expected); i++) {
		bool is_ours = *expected[i].pool;

		assert_int_equal(before[i].kind, is_ours ? VFP_NIC_NETWORK : VFP_NIC_HOSTDEV);
		assert_int_equal(after[i].kind, is_ours ? VFP_NIC_BOUND : VFP_NIC_HOSTDEV);
		assert_int_equal(before[i].has_want, is_ours);
		assert_int_equal(after[i].has_want, is_ours);
		assert_string_equal(before[i].want.pool, expected[i].pool);
		assert_string_equal(after[i].want.pool, expected[i].pool);
		assert_string_equal(before[i].want.portgroup, expected[i].portgroup);
		assert_string_equal(after[i].want.portgroup, expected[i].portgroup);
		assert_string_equal(vfp_mac_format(&before[i].want.mac, buf), expected[i].mac);
		assert_string_equal(vfp_mac_format(&after[i].want.mac, buf), expected[i].mac);
		assert_string_equal(vfp_pci_format(&after[i].pci, buf), expected[i].pci);
		assert_int_equal(vfp_pci_is_none(&before[i].pci), is_ours);
		assert_int_equal(after[i].vlan, expected[i].vlan);
		assert_int_equal(after[i].managed, expected[i].managed);
	}
}

/* What is no pool's is not listed, and what is wrong in it is none of our business. */
static void test_others_nics(void **state)
{
	static const struct {
		const char *devices;
		size_t n;
		enum vfp_nic_kind kind; /* of the first */
		const char *pci;
	} cases[] = {
		{"<interface type='bridge'><mac address='no MAC'/><source bridge='br0'/></interface>",
		 0, 0, ""},
		{"<interface type='network'><source network='a b'/><mac address='x'/></interface>",
		 0, 0, ""},
		{"<interface type='network'><source/></interface>", 0, 0, ""},
		{"<interface/>", 0, 0, ""},
		{"<x:interface xmlns:x='urn:x' type='network'><source network='sriov0'/></x:interface>",
		 0, 0, ""},
		{"<hostdev mode='subsystem' type='usb'><source/></hostdev>", 0, 0, ""},
		{"<hostdev type='pci'><source><address bus='0x01' slot='0x1f' function='7'/></source>"
		 "</hostdev>",
		 1, VFP_NIC_HOSTDEV, "0000:01:1f.7"},
		{"<hostdev type='pci'><alias name='ua-vfpool-525400000001'/></hostdev>", 1,
		 VFP_NIC_HOSTDEV, "0000:00:00.0"},
		{"<interface type='hostdev'><source><address type='usb' bus='900'/></source></interface>",
		 1, VFP_NIC_HOSTDEV, "0000:00:00.0"},
		{"<interface type='hostdev'><alias name='ua-mine'/></interface>", 1,
		 VFP_NIC_HOSTDEV, "0000:00:00.0"},
		{"<interface type='hostdev'><alias name='ua-vfpool-x'/></interface>", 1,
		 VFP_NIC_BOUND, "0000:00:00.0"},
		/* libvirt reads these with base 0: a leading zero is octal. */
		{"<interface type='hostdev'><source><address type='pci' domain='0x10000' bus='16' "
		 "slot='010' function='0x1'/></source></interface>",
		 1, VFP_NIC_HOSTDEV, "10000:10:08.1"},
		/* A teaming pair has one MAC, and is libvirt's business. */
		{"<interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/>"
		 "<teaming type='persistent'/></interface>"
		 "<interface type='hostdev'><mac address='52:54:00:00:00:01'/><teaming type='transient'/>"
		 "</interface>",
		 2, VFP_NIC_NETWORK, "0000:00:00.0"},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		vfp_autofree char *text =
			vfp_format("<domain><devices>%s</devices></domain>", cases[i].devices);
		vfp_auto(domain) dom = must_read(text);
		const struct vfp_nic *nics;
		char buf[VFP_PCI_SIZE];

		assert_int_equal(vfp_domain_nics(dom, &nics), cases[i].n);
		if (!cases[i].n)
			continue;
		assert_int_equal(nics[0].kind, cases[i].kind);
		assert_string_equal(vfp_pci_format(&nics[0].pci, buf), cases[i].pci);
	}
}

static void test_bad_documents(void **state)
{
	static const struct {
		const char *text;
		const char *words;
	} cases[] = {
		{"", "empty"},
		{"web1", "line 1, column 1: "},
		{"<domain>\n<name>a</nam>\n</domain>", "line 2, column "},
		{"<domain><name>\xff</name></domain>", "line 1, column "},
		{"<domstatus><domain/></domstatus>", "<domstatus>, expected libvirt's <domain>"},
		{"<domainsnapshot/>", "<domainsnapshot>"},
		{"<domain xmlns='urn:x'/>", "in a namespace"},
		{"<!DOCTYPE domain [<!ENTITY a 'aaaaaaaa'>]><domain><name>&a;</name></domain>",
		 "<!DOCTYPE>"},
		{"<!DOCTYPE domain SYSTEM 'http://example.org/x.dtd'><domain/>", "<!DOCTYPE>"},
		{"<domain><name>&nothing;</name></domain>", "line 1, column "},
		{"<domain><uuid>no</uuid></domain>", "<uuid>: 'no' is no UUID"},
		{"<domain><memory unit='Mio'>1</memory></domain>", "unit 'Mio'"},
		{"<domain><memory>-1</memory></domain>", "'-1'"},
		{"<domain><memory unit='EiB'>999999999</memory></domain>", "no amount"},
		{"<domain>\n<devices>\n<interface type='network'><source network='a'/>"
		 "<mac address='52:54:00:00:00'/></interface></devices></domain>",
		 "line 3: <mac>: '52:54:00:00:00' is no MAC"},
		{"<domain><devices><hostdev type='pci'><source><address slot='32'/></source></hostdev>"
		 "</devices></domain>",
		 "slot='32'"},
		{"<domain><devices><hostdev type='pci'><source><address bus='1f'/></source></hostdev>"
		 "</devices></domain>",
		 "bus='1f'"},
		{"<domain><devices><hostdev type='pci'><source><address bus=' 1'/></source></hostdev>"
		 "</devices></domain>",
		 "bus=' 1'"},
		{"<domain><devices><interface type='hostdev'><vlan><tag id='4096'/></vlan></interface>"
		 "</devices></domain>",
		 "'4096' is no VLAN"},
		{"<domain><metadata><p:domain xmlns:p='urn:vfpool:domain:1'><p:port mac='x' pool='a'/>"
		 "</p:domain></metadata></domain>",
		 "<port>: mac='x'"},
		{"<domain><metadata><p:domain xmlns:p='urn:vfpool:domain:1'>"
		 "<p:port mac='52:54:00:00:00:01' pool='a b'/></p:domain></metadata></domain>",
		 "pool"},
		{"<domain><devices><interface type='hostdev'><mac address='52:54:00:00:00:01'/>"
		 "<alias name='ua-vfpool-1'/></interface><interface type='hostdev'>"
		 "<mac address='52:54:00:00:00:01'/><alias name='ua-vfpool-2'/></interface></devices>"
		 "</domain>",
		 "on two NICs"},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		struct vfp_domain *dom = (void *)state;
		struct vfp_err err = {0};

		if (vfp_domain_read(cases[i].text, strlen(cases[i].text), &dom, &err) != -EINVAL)
			fail_msg("case %zu is read: %s", i, cases[i].text);
		if (!strstr(err.msg, cases[i].words))
			fail_msg("case %zu: \"%s\" lacks \"%s\"", i, err.msg, cases[i].words);
		assert_ptr_equal(dom, state);
	}
}

static void test_limits(void **state)
{
	vfp_autofree char *text = vfp_alloc(VFP_XML_MAX + 2, 1);
	struct vfp_domain *dom = NULL;
	struct vfp_err err;

	(void)state;
	memset(text, ' ', VFP_XML_MAX + 1);
	memcpy(text, "<domain/>", 9);
	assert_int_equal(vfp_domain_read(text, VFP_XML_MAX + 1, &dom, &err), -EFBIG);
	assert_int_equal(vfp_domain_read(text, VFP_XML_MAX, &dom, &err), 0);
	vfp_domain_free(dom);
	assert_int_equal(vfp_domain_read("<domain>\0</domain>", 18, &dom, &err), -EINVAL);
	for (size_t n = VFP_MAX_NICS; n <= VFP_MAX_NICS + 1; n++) {
		char *end = stpcpy(text, "<domain><devices>");

		for (size_t i = 0; i < n; i++)
			end = stpcpy(end, "<hostdev type='pci'/>");
		end = stpcpy(end, "</devices></domain>");
		assert_int_equal(vfp_domain_read(text, (size_t)(end - text), &dom, &err),
				 n > VFP_MAX_NICS ? -EINVAL : 0);
		if (n == VFP_MAX_NICS)
			vfp_domain_free(dom);
	}
}

static void test_memory(void **state)
{
	static const struct {
		const char *xml;
		struct vfp_domain_memory memory;
	} cases[] = {
		{"<memory>1024</memory>",
		 {.memory_kib = 1024, .current_kib = 1024, .has_balloon = true}},
		{"<memory unit='b'>1025</memory>",
		 {.memory_kib = 2, .current_kib = 2, .has_balloon = true}},
		{"<memory unit='MB'>1</memory><currentMemory unit='k'>\n 512 </currentMemory>",
		 {.memory_kib = 977, .current_kib = 512, .has_balloon = true}},
		{"<memory unit='GiB'>2</memory><maxMemory slots='4' unit='T'>1</maxMemory>"
		 "<memtune><hard_limit unit='G'>3</hard_limit></memtune>"
		 "<memoryBacking><hugepages/><locked/></memoryBacking>"
		 "<devices><memballoon model='none'/></devices>",
		 {.memory_kib = 2 << 20,
		  .current_kib = 2 << 20,
		  .max_kib = 1 << 30,
		  .hard_limit_kib = 3 << 20,
		  .is_locked = true,
		  .is_hugepages = true}},
		{"<memory unit='MiB'>3</memory><devices><memory model='dimm'><target><size unit='MiB'>1"
		 "</size></target></memory><memballoon model='virtio'/></devices>",
		 {.memory_kib = 2048, .dimm_kib = 1024, .current_kib = 3072, .has_balloon = true}},
		/* NUMA cells overrule <memory>. */
		{"<memory unit='MiB'>9</memory><cpu><numa><cell memory='1' unit='MiB'/>"
		 "<cell memory='1024'/></numa></cpu><devices><memory model='dimm'><target>"
		 "<size unit='MiB'>1</size></target></memory></devices>",
		 {.memory_kib = 2048, .dimm_kib = 1024, .current_kib = 3072, .has_balloon = true}},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		vfp_autofree char *text = vfp_format("<domain>%s</domain>", cases[i].xml);
		vfp_auto(domain) dom = must_read(text);
		const struct vfp_domain_memory *memory = vfp_domain_memory(dom);

		assert_int_equal(memory->memory_kib, cases[i].memory.memory_kib);
		assert_int_equal(memory->dimm_kib, cases[i].memory.dimm_kib);
		assert_int_equal(memory->current_kib, cases[i].memory.current_kib);
		assert_int_equal(memory->max_kib, cases[i].memory.max_kib);
		assert_int_equal(memory->hard_limit_kib, cases[i].memory.hard_limit_kib);
		assert_int_equal(memory->is_locked, cases[i].memory.is_locked);
		assert_int_equal(memory->is_hugepages, cases[i].memory.is_hugepages);
		assert_int_equal(memory->has_balloon, cases[i].memory.has_balloon);
	}
}

/* What the domain takes of the host, and on which pages. */
static void test_footprint(void **state)
{
#define HUGE(pages) "<memoryBacking><hugepages>" pages "</hugepages></memoryBacking>"
#define CELLS                                                                                 \
	"<cpu><numa><cell id='0' memory='1' unit='GiB'/><cell id='1' memory='2' unit='GiB'/>" \
	"</numa></cpu>"
#define DIMM(source)                   \
	"<memory model='dimm'>" source \
	"<target><size unit='MiB'>256</size><node>1</node></target></memory>"
	static const struct {
		const char *xml;
		unsigned int guest_mib, qemu_mib;
		struct {
			unsigned int page_kib, mib;
		} huge[3];
	} cases[] = {
		{"<memory unit='MiB'>512</memory>", 512, 104, {{0}}},
		{"<memory unit='MiB'>512</memory><vcpu current='1'>4</vcpu>", 512, 128, {{0}}},
		{"<memory unit='MiB'>512</memory><vcpu>2</vcpu><iothreads>2</iothreads>",
		 512,
		 128,
		 {{0}}},
		{"<devices><video><model type='qxl' ram='65536' vram='65536'/></video>"
		 "<video><model type='virtio'/></video><video><model type='none'/></video></devices>",
		 0,
		 104 + 128 + 16,
		 {{0}}},
		{"<maxMemory slots='2' unit='MiB'>700</maxMemory><memory unit='MiB'>512</memory>",
		 700,
		 104,
		 {{0}}},
		{HUGE("") "<memory unit='MiB'>512</memory>", 0, 104, {{0, 512}}},
		{HUGE("<page size='2' unit='MiB'/>") "<memory unit='MiB'>512</memory>"
						     "<maxMemory unit='MiB'>600</maxMemory>",
		 0,
		 104,
		 {{2048, 600}}},
		{HUGE("<page size='4'/>") "<memory unit='MiB'>512</memory>", 512, 104, {{0}}},
		{HUGE("<page size='2048' nodeset='0'/>") "<memory unit='MiB'>512</memory>",
		 0,
		 104,
		 {{2048, 512}}},
		{HUGE("<page size='1' unit='G' nodeset='1'/>") CELLS, 1024, 104, {{1048576, 2048}}},
		{HUGE("<page size='1' unit='G' nodeset='1'/><page size='2048'/>") CELLS,
		 0,
		 104,
		 {{2048, 1024}, {1048576, 2048}}},
		{HUGE("<page size='2048' nodeset='0-1,^1'/>") "<cpu><numa><cell memory='1024'/><cell memory='2048'/></numa></cpu>",
		 2,
		 104,
		 {{2048, 1}}},
		{HUGE("<page size='2048' nodeset='1'/>") CELLS "<devices>" DIMM("") "</devices>",
		 1024,
		 104,
		 {{2048, 2048 + 256}}},
		{"<memory unit='MiB'>512</memory><devices>" DIMM(
			 "<source><pagesize unit='MiB'>2</pagesize></source>") "</devices>",
		 256,
		 104,
		 {{2048, 256}}},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		vfp_autofree char *text =
			vfp_format("<domain type='kvm'>%s</domain>", cases[i].xml);
		vfp_auto(domain) dom = must_read(text);
		const struct vfp_footprint *footprint = &vfp_domain_memory(dom)->footprint;
		uint64_t huge_kib = 0;

		if (footprint->guest_kib >> 10 != cases[i].guest_mib)
			fail_msg("case %zu: guest %llu MiB", i, vfp_mib(footprint->guest_kib));
		assert_int_equal(footprint->qemu_kib >> 10, cases[i].qemu_mib);
		for (size_t k = 0; k < 3; k++) {
			bool found = !cases[i].huge[k].mib;

			for (size_t j = 0; j < VFP_MAX_PAGE_SIZES && !found; j++)
				found = footprint->huge[j].page_kib == cases[i].huge[k].page_kib &&
					footprint->huge[j].kib >> 10 == cases[i].huge[k].mib;
			if (!found)
				fail_msg("case %zu: lacks %u MiB of %u KiB pages", i,
					 cases[i].huge[k].mib, cases[i].huge[k].page_kib);
			huge_kib += cases[i].huge[k].mib << 10;
		}
		assert_int_equal(vfp_footprint_huge_kib(footprint), huge_kib);
	}
}

/* A TCG guest has the buffer of translated code. */
static void test_footprint_of_tcg(void **state)
{
	vfp_auto(domain) dom = must_read("<domain type='qemu'/>");

	(void)state;
	assert_int_equal(vfp_domain_memory(dom)->footprint.qemu_kib, (104 + 1024) << 10);
}

/* What may start; the rewrite's own result may. */
static void test_check_memory(void **state)
{
	static const struct {
		const char *from, *to; /* an edit of the bound document */
		const char *words;     /* NULL: it may start */
	} cases[] = {
		{"<locked/>", "<locked/>", NULL},
		{"<locked/>", "", "needs its memory locked: <memoryBacking><locked/>"},
		{"<locked/>", "<hugepages/>", "(<hugepages> alone leave QEMU's small RAM blocks)"},
		{"<locked/>", "<hugepages/><locked/>", NULL},
		{"<memballoon model='none'/>", "<memballoon model='virtio'/>",
		 "cannot have a memory balloon"},
		{"<memballoon model='none'/>", "", "cannot have a memory balloon"},
		{"</memory>\n", "</memory><currentMemory unit='MiB'>511</currentMemory>", NULL},
		{"</memory>\n", "</memory><currentMemory unit='MiB'>510</currentMemory>",
		 "<currentMemory> of 510 MiB is below the 512 MiB of <memory>"},
		{"</memory>\n",
		 "</memory><memtune><hard_limit unit='MiB'>1360</hard_limit></memtune>", NULL},
		{"</memory>\n",
		 "</memory><memtune><hard_limit unit='MiB'>1359</hard_limit></memtune>",
		 "<hard_limit> of 1359 MiB is below the 1360 MiB"},
		{"</devices>",
		 "<memory model='virtio-mem'><target><size>1</size></target></memory></devices>",
		 "virtio-mem"},
	};
	vfp_autofree char *bound = must_bind(DOMAIN("", NIC("")));

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		const char *at = strstr(bound, cases[i].from);
		vfp_autofree char *edited = vfp_format("%.*s%s%s", (int)(at - bound), bound,
						       cases[i].to, at + strlen(cases[i].from));
		vfp_auto(domain) dom = must_read(edited);
		struct vfp_err err = {0};
		int rc = vfp_domain_check_memory(dom, &err);

		assert_int_equal(rc, cases[i].words ? -EPERM : 0);
		if (cases[i].words && !strstr(err.msg, cases[i].words))
			fail_msg("case %zu: \"%s\" lacks \"%s\"", i, err.msg, cases[i].words);
	}
}

static void test_numa_nodes(void **state)
{
	static const char *const cases[][2] = {
		{"0", "0"},
		{"0-3,^1", "0,2-3"},
		{"4,0-1", "0-1,4"},
		{"0-7,^2-5", "0-1,6-7"},
		{"1, 2", "1-2"},
		{"1023", "1023"},
		{"1024", ""},
		{"3-1", ""},
		{"a", ""},
		{"0,,1", ""},
		{"^0", ""},
		{"", ""},
		{"99999999999999999999", ""},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		vfp_autofree char *text = vfp_format(
			"<domain><numatune><memory mode='strict' nodeset='%s'/></numatune>"
			"</domain>",
			cases[i][0]);
		vfp_auto(domain) dom = must_read(text);

		assert_string_equal(vfp_domain_numa_nodes(dom), cases[i][1]);
	}
}

#define LIMITED(mib, outside, devices)                                                   \
	DOMAIN("<memtune><hard_limit unit='MiB'>" mib "</hard_limit></memtune>" outside, \
	       NIC("") devices)

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		int code;
		const char *words;
	} cases[] = {
		{DOMAIN("", NIC("<filterref filter='clean-traffic'/>")), EPERM,
		 "interface 52:54:00:00:00:01: <filterref> cannot apply to a VF (libvirt would not "
		 "filter): remove it or use port group settings"},
		{DOMAIN("", NIC("<bandwidth><inbound average='1'/></bandwidth>")), EPERM,
		 "<bandwidth>"},
		{DOMAIN("", NIC("<teaming type='persistent'/>")), EPERM, "<teaming>"},
		{DOMAIN("", NIC("<port isolated='yes'/>")), EPERM, "<port isolated='yes'>"},
		{DOMAIN("", HOSTDEV("<alias name='ua-vfpool-1'/><teaming type='transient'/>")),
		 EPERM, "<teaming>"},
		{LIMITED("1359", "", ""), EPERM,
		 "<hard_limit> of 1359 MiB is below the 1360 MiB that count as locked for a domain "
		 "with a VF: guest memory 512 MiB, the same for VFIO 512 MiB, QEMU's own 336 MiB; "
		 "remove it, or raise it to that"},
		{LIMITED("1371", "<vcpu>8</vcpu><iothreads>1</iothreads>", ""), EPERM,
		 "QEMU's own 976 MiB"},
		{LIMITED("2000", "<maxMemory slots='1' unit='GiB'>1</maxMemory>", ""), EPERM,
		 "guest memory 1024 MiB, the same for VFIO 1024 MiB, QEMU's own 336 MiB, with what "
		 "<maxMemory> lets in"},
		{LIMITED("847", "<memoryBacking><hugepages/></memoryBacking>", ""), EPERM,
		 "below the 848 MiB that count as locked for a domain with a VF: guest memory 0 MiB, "
		 "the same for VFIO 512 MiB"},
		{LIMITED("1871", "", HOSTDEV("") "<iommu model='intel'/>"), EPERM,
		 "VFIO 1024 MiB (for each VF, with <iommu>)"},
		{DOMAIN("", NIC("") "<memory model='virtio-mem'><target><size unit='MiB'>1</size>"
				    "</target></memory>"),
		 EPERM, "<memory model='virtio-mem'> cannot be locked"},
		{DOMAIN("", NIC("") NIC("")), EINVAL, "MAC 52:54:00:00:00:01 is on two NICs"},
		{DOMAIN("", NIC("") HOSTDEV("<mac address='52:54:00:00:00:01'/>")), EINVAL,
		 "MAC 52:54:00:00:00:01 is on two NICs"},
		{DOMAIN("", NIC("") "<hostdev type='pci'>"
				    "<alias name='ua-vfpool-525400000001'/></hostdev>"),
		 EINVAL, "another NIC of the domain has its alias, 'ua-vfpool-525400000001'"},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		vfp_auto(domain) dom = must_read(cases[i].text);
		char *text = (void *)state;
		struct bind_all bind;
		struct vfp_err err = {0};

		bind_all(dom, NULL, &bind);
		assert_int_equal(
			vfp_domain_rewrite(dom, "", bind.bindings, bind.nics, bind.n, &text, &err),
			-cases[i].code);
		if (!strstr(err.msg, cases[i].words))
			fail_msg("case %zu: \"%s\" lacks \"%s\"", i, err.msg, cases[i].words);
		assert_ptr_equal(text, state);
	}
}

/* The same elements on NICs that no pool concerns are nobody's business here. */
static void test_unconcerned(void **state)
{
	static const char *const documents[] = {
		DOMAIN("", NIC("<filterref filter='clean-traffic'/>")),
		DOMAIN("<memtune><hard_limit>1</hard_limit></memtune>", NIC("") NIC("")),
		"<domain/>\n",
		"<?xml version='1.0'?>\n<domain  a = 'b'\n><devices\n/></domain\n>\n<!-- end -->\n",
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(documents); i++) {
		vfp_auto(domain) dom = must_read(documents[i]);
		vfp_autofree char *text = NULL;

		assert_int_equal(vfp_domain_rewrite(dom, NULL, NULL, NULL, 0, &text, NULL), 0);
		assert_string_equal(text, documents[i]);
		free(VFP_TAKE(text));
		text = (void *)state;
		assert_int_equal(vfp_domain_undo(dom, &text, NULL), -ENOENT);
		assert_ptr_equal(VFP_TAKE(text), state);
	}
}

/* Each edit touches the lines that it has to. */
static void test_rules(void **state)
{
	static const struct {
		const char *text;
		const char *expected[4];   /* in the bound form */
		const char *unexpected[3]; /* not in it */
	} cases[] = {
		{DOMAIN("", NIC("")),
		 {"</uuid>\n  <metadata>\n    <vfpool:domain",
		  "</memory>\n  <memoryBacking>\n    <locked/>\n  </memoryBacking>\n",
		  "\n    <memballoon model='none'/>\n  </devices>"},
		 {"<currentMemory"}},
		{DOMAIN("  <currentMemory unit='KiB'>524288</currentMemory>\n  <memoryBacking/>\n",
			NIC("") "    <memballoon model='none'/>\n"),
		 {"<currentMemory unit='KiB'>524288</currentMemory>",
		  "  <memoryBacking>\n    <locked/>\n  </memoryBacking>\n", "<vfpool:locked/>"},
		 {"<vfpool:memballoon", "<vfpool:currentMemory", "<memoryBacking/>"}},
		{DOMAIN("  <memoryBacking>\n    <locked/>\n  </memoryBacking>\n", NIC("")),
		 {"<vfpool:memballoon/>"},
		 {"<vfpool:locked", "<vfpool:memoryBacking"}},
		{DOMAIN("  <memoryBacking>\n  </memoryBacking>\n", NIC("")),
		 {"  <memoryBacking>\n    <locked/>\n  </memoryBacking>\n"},
		 {NULL}},
		{DOMAIN("  <metadata/>\n", NIC("")),
		 {"  <metadata>\n    <vfpool:domain xmlns:vfpool='urn:vfpool:domain:1'>\n",
		  "    </vfpool:domain>\n  </metadata>\n"},
		 {"<metadata/>"}},
		{DOMAIN("  <metadata>\n    <o:o xmlns:o='urn:o'/>\n  </metadata>\n", NIC("")),
		 {"    <o:o xmlns:o='urn:o'/>\n    <vfpool:domain"},
		 {NULL}},
		{DOMAIN("  <cpu><numa><cell memory='1' unit='GiB'/></numa></cpu>\n"
			"  <currentMemory unit='MiB'>512</currentMemory>\n",
			NIC("")),
		 {"<currentMemory unit='KiB'>1048576</currentMemory>",
		  "<vfpool:currentMemory unit='MiB'>512</vfpool:currentMemory>"},
		 {NULL}},
		{DOMAIN("", "    <disk><target dev='a&apos;b'/></disk>\n" NIC("")),
		 {"<disk snapshot='no'><target dev='a&apos;b'/>", "<vfpool:disk dev='a&apos;b'/>"},
		 {NULL}},
		/* What fits a VF stays, the guest's own number for it too. */
		{DOMAIN("", NIC("      <acpi index='7'/>\n      <boot order='1'/>\n"
				"      <tune><sndbuf>0</sndbuf></tune>\n")),
		 {"      <alias name='ua-vfpool-525400000001'/>\n      <acpi index='7'/>\n"
		  "      <boot order='1'/>\n    </interface>\n    <memballoon"},
		 {NULL}},
		{"<domain>\r\n\t<name>x</name>\r\n\t<devices>\r\n\t\t<interface type='network'>\r\n"
		 "\t\t\t<source network='p'/>\r\n\t\t</interface>\r\n\t</devices>\r\n</domain>\r\n",
		 {"</name>\r\n\t<uuid>11111111-", "</uuid>\r\n\t<metadata>\r\n\t\t<vfpool:domain",
		  "\r\n\t\t\t<source>\r\n\t\t\t\t<address ",
		  "\r\n\t\t<memballoon model='none'/>\r\n\t</dev"},
		 {"r\n\n", ">\n"}},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		vfp_autofree char *bound = must_bind(cases[i].text);
		struct vfp_err err = {0};

		for (size_t j = 0; j < VFP_N(cases[i].expected) && cases[i].expected[j]; j++)
			if (!strstr(bound, cases[i].expected[j]))
				fail_msg("case %zu lacks \"%s\":\n%s", i, cases[i].expected[j],
					 bound);
		for (size_t j = 0; j < VFP_N(cases[i].unexpected) && cases[i].unexpected[j]; j++)
			if (strstr(bound, cases[i].unexpected[j]))
				fail_msg("case %zu has \"%s\":\n%s", i, cases[i].unexpected[j],
					 bound);
		/* The undo takes an empty <metadata/> along. */
		if (bind_check(cases[i].text, strlen(cases[i].text), NULL,
			       !strstr(cases[i].text, "<metadata/>"), &err) != BIND_DONE)
			fail_msg("case %zu: %s", i, err.msg);
	}
}

/* Counts the lines in which two texts of as many lines differ. */
static size_t lines_changed(const char *a, const char *b)
{
	size_t n = 0;

	while (*a && *b) {
		size_t size_a = strcspn(a, "\n"), size_b = strcspn(b, "\n");

		n += size_a != size_b || memcmp(a, b, size_a) != 0;
		a += size_a + (a[size_a] == '\n');
		b += size_b + (b[size_b] == '\n');
	}
	assert_int_equal(*a, *b);
	return n;
}

/* A bound NIC that gets another VF, VLAN, MAC, port group or manner: only what says so changes. */
static void test_rebind(void **state)
{
	vfp_autofree char *text = data("plain", "bound.xml");
	vfp_auto(domain) dom = must_read(text);
	struct vfp_binding same, moved, tagged, renamed, managed, regrouped, untagged;
	struct bind_all bind;
	vfp_autofree char *without_vlan = NULL;

	(void)state;
	bind_all(dom, NULL, &bind);
	assert_int_equal(bind.n, 1);
	same = moved = tagged = renamed = managed = regrouped = untagged = bind.bindings[0];
	moved.vf.pci.function = 5;
	tagged.vlan = 101;
	renamed.mac.byte[5] = 0x77;
	managed.managed = true;
	vfp_copy(regrouped.portgroup, sizeof(regrouped.portgroup), "red");
	untagged.vlan = 0;

	const struct {
		const struct vfp_binding *binding;
		size_t lines;
		const char *words;
	} cases[] = {
		{&same, 0, "<vfpool:port mac='52:54:00:00:00:01' pool='sriov0' portgroup='blue'>"},
		{&moved, 1, "slot='0x10' function='0x5'/>"},
		{&tagged, 1, "<tag id='101'/>"},
		{&renamed, 3, "<alias name='ua-vfpool-525400000077'/>"},
		{&managed, 1, "<interface type='hostdev' managed='yes'>"},
		{&regrouped, 1, "pool='sriov0' portgroup='red'>"},
	};

	for (size_t i = 0; i < VFP_N(cases); i++) {
		vfp_autofree char *changed = NULL;

		assert_int_equal(vfp_domain_rewrite(dom, NULL, cases[i].binding, bind.nics, 1,
						    &changed, NULL),
				 0);
		assert_int_equal(lines_changed(text, changed), cases[i].lines);
		assert_non_null(strstr(changed, cases[i].words));
	}
	assert_int_equal(
		vfp_domain_rewrite(dom, NULL, &untagged, bind.nics, 1, &without_vlan, NULL), 0);
	assert_null(strstr(without_vlan, "<vlan>"));
	assert_non_null(strstr(without_vlan, "      </source>\n      <alias"));
}

/* NICs are told apart by alias and MAC, never by their order. */
static void test_swapped(void **state)
{
	vfp_autofree char *bound = must_bind(DOMAIN(
		"", NIC("") "    <interface type='network'><mac address='52:54:00:00:00:02'/>"
			    "<source network='sriov1' portgroup='red'/></interface>\n"));
	const char *first = strstr(bound, "    <interface type='hostdev'");
	const char *second = strstr(first + 1, "    <interface type='hostdev'");
	const char *end = strstr(second, "    <memballoon");
	vfp_autofree char *swapped =
		vfp_format("%.*s%.*s%.*s%s", (int)(first - bound), bound, (int)(end - second),
			   second, (int)(second - first), first, end);
	vfp_auto(domain) dom = must_read(swapped);
	vfp_autofree char *again = NULL;
	struct bind_all bind;
	const struct vfp_nic *nics;
	struct vfp_binding binding;

	(void)state;
	assert_int_equal(vfp_domain_nics(dom, &nics), 2);
	assert_string_equal(nics[0].want.pool, "sriov1");
	assert_string_equal(nics[1].want.pool, "sriov0");
	/* With the bindings that they have there is nothing to write, whatever the order. */
	bind_all(dom, NULL, &bind);
	binding = bind.bindings[0];
	bind.bindings[0].vf = bind.bindings[1].vf;
	bind.bindings[1].vf = binding.vf;
	assert_int_equal(vfp_domain_rewrite(dom, NULL, bind.bindings, bind.nics, 2, &again, NULL),
			 0);
	assert_string_equal(again, swapped);
	free(VFP_TAKE(again));
	/* One of them alone: the other stays as it is, with its port. */
	assert_int_equal(vfp_domain_rewrite(dom, NULL, bind.bindings, bind.nics, 1, &again, NULL),
			 0);
	assert_string_equal(again, swapped);
}

/* The bound NIC as a user may have left it; what it is then, and what the next rewrite and the undo
 * make of it. */
/* An interface alone is a document that says the same. */
static void test_nic_xml(void **state)
{
	vfp_autofree char *bound = must_bind(DOMAIN("", NIC("")));
	vfp_auto(domain) dom = must_read(bound);
	vfp_autofree char *nic = vfp_domain_nic_xml(dom, 0);
	vfp_autofree char *around = vfp_format("<domain><devices>%s</devices></domain>", nic);
	vfp_auto(domain) alone = must_read(around);
	const struct vfp_nic *nics, *was;

	(void)state;
	assert_int_equal(strncmp(nic, "<interface type='hostdev'", 25), 0);
	vfp_domain_nics(dom, &was);
	assert_int_equal(vfp_domain_nics(alone, &nics), 1);
	assert_int_equal(nics[0].kind, VFP_NIC_BOUND);
	assert_int_equal(vfp_pci_compare(&nics[0].pci, &was[0].pci), 0);
	assert_true(vfp_mac_equal(&nics[0].want.mac, &was[0].want.mac));
}

static void test_edited(void **state)
{
	vfp_autofree char *bound = must_bind(DOMAIN("", NIC("")));
	static const struct {
		const char *from, *to;	/* the edit */
		const char *mac, *pool; /* "": it has none */
		const char *undone;	/* in the undone document */
	} cases[] = {
		{"      <mac address='52:54:00:00:00:01'/>\n      <source>\n",
		 "      <mac address='52:54:00:00:00:07'/>\n      <source>\n", "52:54:00:00:00:07",
		 "sriov0",
		 "<mac address='52:54:00:00:00:07'/>\n      <source network='sriov0' portgroup='blue'/>"},
		{"      <mac address='52:54:00:00:00:01'/>\n      <source>\n", "      <source>\n",
		 "52:54:00:00:00:01", "sriov0", "<mac address='52:54:00:00:00:01'/>"},
		{"ua-vfpool-525400000001", "ua-vfpool-none", "52:54:00:00:00:01", "sriov0",
		 "<source network='sriov0' portgroup='blue'/>"},
		{"pool='sriov0' portgroup='blue'>", "pool='sriov1'>", "52:54:00:00:00:01", "sriov1",
		 "<source network='sriov1'/>"},
		{"      <alias name", "      <boot order='2'/>\n      <alias name",
		 "52:54:00:00:00:01", "sriov0", "<boot order='2'/>\n    </interface>"},
		{"<vfpool:memballoon/>", "", "52:54:00:00:00:01", "sriov0",
		 "<memballoon model='none'/>"},
		{"<memballoon model='none'/>", "<memballoon model='virtio'/>", "52:54:00:00:00:01",
		 "sriov0", "<memballoon model='virtio'/>"},
		{"<locked/>", "<locked/><nosharepages/>", "52:54:00:00:00:01", "sriov0",
		 "<memoryBacking><nosharepages/>"},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		const char *at = strstr(bound, cases[i].from);
		vfp_autofree char *edited = vfp_format("%.*s%s%s", (int)(at - bound), bound,
						       cases[i].to, at + strlen(cases[i].from));
		vfp_auto(domain) dom = must_read(edited);
		vfp_autofree char *undone = must_undo(edited);
		vfp_autofree char *again = must_bind(edited);
		vfp_autofree char *fixed = must_bind(again);
		const struct vfp_nic *nics;
		char mac[VFP_MAC_SIZE];

		assert_int_equal(vfp_domain_nics(dom, &nics), 1);
		assert_int_equal(nics[0].kind, VFP_NIC_BOUND);
		assert_true(nics[0].has_want);
		assert_string_equal(vfp_mac_format(&nics[0].want.mac, mac), cases[i].mac);
		assert_string_equal(nics[0].want.pool, cases[i].pool);
		if (!strstr(undone, cases[i].undone))
			fail_msg("case %zu lacks \"%s\":\n%s", i, cases[i].undone, undone);
		assert_string_equal(again, fixed);
	}
}

/* A balloon comes back with its guest address, unless another device has that by now. */
static void test_balloon_address(void **state)
{
	static const struct {
		const char *address; /* the balloon's */
		const char *other;   /* another device's, after the rewrite */
		bool is_kept;
	} cases[] = {
		{"<address type='pci' bus='0x06' slot='0x00'/>", "<address type='pci' bus='0x07'/>",
		 true},
		{"<address type='pci' bus='0x06' slot='0x00'/>", "<address type='pci' bus='6'/>",
		 false},
		{"<address type='pci'/>", "<address type='pci'/>", true},
		{"<address type='virtio-mmio'/>", "<address type='virtio-mmio'/>", true},
		{"<address type='ccw' devno='0x1'/>", "<address type='ccw' devno='0x1'/>", false},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		vfp_autofree char *text = vfp_format(
			DOMAIN("", NIC("") "<memballoon model='virtio'>%s</memballoon>\n"),
			cases[i].address);
		vfp_autofree char *bound = must_bind(text);
		const char *end = strstr(bound, "<memballoon model='none'/>");
		vfp_autofree char *later = vfp_format("%.*s<rng>%s</rng>%s", (int)(end - bound),
						      bound, cases[i].other, end);
		vfp_autofree char *undone = must_undo(later);
		const char *balloon = strstr(undone, "<memballoon model='virtio'>");

		assert_non_null(balloon);
		assert_int_equal(strstr(balloon, cases[i].address) != NULL, cases[i].is_kept);
	}
}

/* The metadata is lost: the NIC is still known as ours, but nobody knows whose it was. */
static void test_metadata_lost(void **state)
{
	vfp_autofree char *bound = must_bind(DOMAIN("", NIC("")));
	const char *start = strstr(bound, "  <metadata>");
	const char *end = strstr(bound, "  <memory ");
	vfp_autofree char *text = vfp_format("%.*s%s", (int)(start - bound), bound, end);
	vfp_auto(domain) dom = must_read(text);
	vfp_autofree char *again = must_bind(text);
	vfp_autofree char *undone = must_undo(again);
	const struct vfp_nic *nics;

	(void)state;
	assert_int_equal(vfp_domain_nics(dom, &nics), 1);
	assert_int_equal(nics[0].kind, VFP_NIC_BOUND);
	assert_false(nics[0].has_want);
	assert_non_null(strstr(again, "<vfpool:port mac='52:54:00:00:00:01' pool='sriov0' "
				      "portgroup='blue'/>"));
	assert_non_null(strstr(undone, "    <interface type='network'>\n"
				       "      <mac address='52:54:00:00:00:01'/>\n"
				       "      <source network='sriov0' portgroup='blue'/>\n"
				       "    </interface>\n"));
}

/* The author's interface was kept with a prefix that is only declared in our metadata. */
static void test_kept_with_our_prefix(void **state)
{
	static const char was[] = "      <source network=";
	vfp_autofree char *bound = must_bind(DOMAIN("", NIC("")));
	char *at = strstr(bound, was);
	vfp_autofree char *text = vfp_format("%.*s<vfpool:x/>%s", (int)(at - bound), bound, at);
	vfp_auto(domain) dom = must_read(text);
	char *undone = (void *)state;
	struct vfp_err err = {0};

	assert_int_equal(vfp_domain_undo(dom, &undone, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "unbound prefix"));
	assert_ptr_equal(undone, state);
}

/* What lies on what: a snapshot puts a file above the one that a disk had. */
static void test_disks(void **state)
{
#define SOURCE(file) "<source file='" file "' index='1'/>"
#define DISK(in)     "<disk type='file' device='disk'>" in "<target dev='vda'/></disk>"
#define BELOW(in)    "<backingStore type='file'>" in "</backingStore>"
	static const struct {
		const char *before, *now, *overlaid; /* overlaid NULL: none */
	} cases[] = {
		{DISK(SOURCE("/a")), DISK(SOURCE("/a")), NULL},
		{DISK(SOURCE("/a")), DISK(SOURCE("/b") BELOW(SOURCE("/a"))), "vda"},
		{DISK(SOURCE("/a")), DISK(SOURCE("/c") BELOW(SOURCE("/b") BELOW(SOURCE("/a")))),
		 "vda"},
		/* Copied, or committed into what lay below. */
		{DISK(SOURCE("/a")), DISK(SOURCE("/b") "<backingStore/>"), NULL},
		{DISK(SOURCE("/b") BELOW(SOURCE("/a"))), DISK(SOURCE("/a")), NULL},
		{DISK(SOURCE("/a")), DISK(SOURCE("/a") BELOW(SOURCE("/aa"))), NULL},
		{DISK(SOURCE("/a")), DISK(SOURCE("/b") BELOW(SOURCE("/a/a"))), NULL},
		/* A medium that is changed, and another disk. */
		{DISK(""), DISK(SOURCE("/b") BELOW(SOURCE("/a"))), NULL},
		{"", DISK(SOURCE("/b") BELOW(SOURCE("/a"))), NULL},
		{DISK("<source dev='/dev/vg/a'/>"),
		 DISK(SOURCE(
			 "/b") "<backingStore type='block'><source dev='/dev/vg/a'/></backingStore>"),
		 "vda"},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		vfp_autofree char *before = vfp_format(DOMAIN("", "%s"), cases[i].before);
		vfp_autofree char *now = vfp_format(DOMAIN("", "%s"), cases[i].now);
		vfp_auto(domain) was = must_read(before);
		vfp_auto(domain) is = must_read(now);
		vfp_autofree char *disks = vfp_domain_disks(was);
		const char *overlaid = vfp_domain_overlaid(is, disks);

		if (!overlaid != !cases[i].overlaid ||
		    (overlaid && strcmp(overlaid, cases[i].overlaid) != 0))
			fail_msg("case %zu: '%s' above\n%s", i, overlaid ? overlaid : "", disks);
	}
}

static void test_snapshot_disk(void **state)
{
	static const struct {
		const char *disks, *found;
	} cases[] = {
		{"", NULL},
		{"<disk device='cdrom'><target dev='sda'/></disk>", NULL},
		{"<disk snapshot='no'><target dev='vda'/></disk>", NULL},
		{"<disk snapshot='no'><target dev='vda'/></disk><disk><target dev='vdb'/></disk>",
		 "vdb"},
	};

	(void)state;
	for (size_t i = 0; i < VFP_N(cases); i++) {
		vfp_autofree char *text = vfp_format(DOMAIN("", "%s"), cases[i].disks);
		vfp_auto(domain) dom = must_read(text);
		const char *found = vfp_domain_snapshot_disk(dom);

		assert_int_equal(!found, !cases[i].found);
		if (found)
			assert_string_equal(found, cases[i].found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),	cmocka_unit_test(test_nics),
		cmocka_unit_test(test_others_nics),	cmocka_unit_test(test_bad_documents),
		cmocka_unit_test(test_limits),		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_footprint),	cmocka_unit_test(test_footprint_of_tcg),
		cmocka_unit_test(test_check_memory),	cmocka_unit_test(test_numa_nodes),
		cmocka_unit_test(test_refused),		cmocka_unit_test(test_unconcerned),
		cmocka_unit_test(test_rules),		cmocka_unit_test(test_rebind),
		cmocka_unit_test(test_swapped),		cmocka_unit_test(test_edited),
		cmocka_unit_test(test_balloon_address), cmocka_unit_test(test_metadata_lost),
		cmocka_unit_test(test_nic_xml),		cmocka_unit_test(test_disks),
		cmocka_unit_test(test_snapshot_disk),	cmocka_unit_test(test_kept_with_our_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
