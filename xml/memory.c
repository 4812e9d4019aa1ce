/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a domain's definition says about memory: how much, on which pages, locked or not, and what
 * it takes of the host for good.
 *
 * What QEMU takes of its own was measured (docs/memory): with <locked/>, one vCPU and a VF it has
 * 99 MiB (QEMU 7.2) to 118 MiB (10.0) resident beside the guest's memory, half of it files that
 * all QEMUs share, and 286 to 310 MiB mapped.  Each further vCPU adds 8 MiB of stack, and 74 MiB of
 * mappings, since malloc gives each thread a place of its own.  Video memory is RAM like the
 * guest's.  Without KVM there is the buffer of translated code, at most 1 GiB (tcg/region.c).
 */
#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "xml/document.h"

#define KIB_MAX		  (1ull << 50) /* of anything: so that no sum of ours can overflow */
#define THREADS_MAX	  4096
#define QEMU_KIB	  (96ull << 10)
#define QEMU_THREAD_KIB	  (8ull << 10)
#define MAPPED_KIB	  (256ull << 10)
#define MAPPED_THREAD_KIB (80ull << 10)
#define CODE_KIB	  (1ull << 20)
#define VIDEO_KIB	  (16ull << 10) /* libvirt's default */

/* The document's <memoryBacking><hugepages>: which pages a piece of memory is on. */
#define PAGES_USUAL UINT64_MAX

static int read_sizes(struct vfp_domain *dom, struct vfp_err *err);
static int read_cells(struct vfp_domain *dom, uint64_t *ret_kib, struct vfp_err *err);
static int read_dimms(struct vfp_domain *dom, uint64_t *ret_kib, struct vfp_err *err);
static int read_dimm(struct vfp_domain *dom, const struct vfp_xml_node *dimm, uint64_t *ret_kib,
		     struct vfp_err *err);
static int find_pages(const struct vfp_domain *dom, const char *node, uint64_t *ret_page_kib,
		      struct vfp_err *err);
static int add_guest(struct vfp_domain *dom, uint64_t page_kib, uint64_t kib, struct vfp_err *err);
static uint64_t usual_or(uint64_t page_kib);
static uint64_t count_threads(const struct vfp_domain *dom);
static uint64_t sum_video_kib(const struct vfp_domain *dom);
static int check_fixable(const struct vfp_domain *dom, struct vfp_err *err);
static int parse_memory(const struct vfp_xml_node *node, const char *text, uint64_t *ret_kib,
			struct vfp_err *err);
static bool scale(uint64_t value, const char *unit, uint64_t *ret_kib);

int vfp_xml_read_memory(struct vfp_domain *dom, struct vfp_err *err)
{
	struct vfp_domain_memory *memory = &dom->memory;
	const struct vfp_xml_node *backing = vfp_xml_child(dom->root, "memoryBacking");
	const struct vfp_xml_node *balloon = vfp_xml_child(dom->devices, "memballoon");
	uint64_t threads = count_threads(dom);
	uint64_t video_kib = sum_video_kib(dom);
	uint64_t code_kib = vfp_xml_attr_is(dom->root, "type", "qemu") ? CODE_KIB : 0;

	memory->is_locked = vfp_xml_child(backing, "locked");
	memory->is_hugepages = vfp_xml_child(backing, "hugepages");
	memory->has_balloon = !vfp_xml_attr_is(balloon, "model", "none");
	memory->footprint.qemu_kib = QEMU_KIB + threads * QEMU_THREAD_KIB + video_kib + code_kib;
	memory->mapped_kib = MAPPED_KIB + threads * MAPPED_THREAD_KIB + video_kib + code_kib;
	return read_sizes(dom, err);
}

int vfp_domain_check_memory(const struct vfp_domain *dom, struct vfp_err *err)
{
	size_t n_vfs = 0;
	int rc;

	for (size_t i = 0; i < dom->n_nics; i++)
		n_vfs += dom->nics[i].kind != VFP_NIC_NETWORK;
	/* First what a new binding, to which the other words send people, would refuse as well. */
	rc = vfp_xml_check_memory(dom, n_vfs, err);
	return rc < 0 ? rc : check_fixable(dom, err);
}

int vfp_xml_check_memory(const struct vfp_domain *dom, size_t n_vfs, struct vfp_err *err)
{
	const struct vfp_domain_memory *memory = &dom->memory;
	const bool has_viommu = vfp_xml_child(dom->devices, "iommu");
	const uint64_t huge_kib = vfp_footprint_huge_kib(&memory->footprint);
	const uint64_t guest_kib = memory->footprint.guest_kib;
	const uint64_t vfio_kib = (guest_kib + huge_kib) * (has_viommu ? n_vfs : 1);
	const uint64_t need_kib = guest_kib + vfio_kib + memory->mapped_kib;

	if (memory->has_virtio_mem)
		return vfp_fail(
			err, EPERM,
			"<memory model='virtio-mem'> cannot be locked (QEMU: Incompatible "
			"with mlock), and a domain with a VF has all its memory locked: use "
			"model='dimm', or remove it");
	if (!memory->hard_limit_kib || memory->hard_limit_kib >= need_kib)
		return 0;
	return vfp_fail(
		err, EPERM,
		"<hard_limit> of %llu MiB is below the %llu MiB that count as locked for a domain "
		"with a VF: guest memory %llu MiB, the same for VFIO %llu MiB%s, QEMU's own %llu "
		"MiB%s; remove it, or raise it to that",
		vfp_mib(memory->hard_limit_kib), vfp_mib_up(need_kib), vfp_mib_up(guest_kib),
		vfp_mib_up(vfio_kib), has_viommu && n_vfs > 1 ? " (for each VF, with <iommu>)" : "",
		vfp_mib_up(memory->mapped_kib),
		memory->max_kib ? ", with what <maxMemory> lets in" : "");
}

int vfp_xml_memory(const struct vfp_xml_node *node, uint64_t *ret_kib, struct vfp_err *err)
{
	vfp_autofree char *text = vfp_xml_text(node);

	if (node)
		return parse_memory(node, text, ret_kib, err);
	*ret_kib = 0;
	return 0;
}

/* libvirt's form: "0-3,^1,5", from left to right. */
bool vfp_xml_nodeset_parse(const char *s, bool nodes[VFP_XML_MAX_NODES])
{
	while (*s) {
		bool is_in = *s != '^';
		unsigned long first, last;
		char *end;

		s += !is_in;
		if (!isdigit((unsigned char)*s))
			return false;
		first = last = strtoul(s, &end, 10);
		if (*end == '-' && isdigit((unsigned char)end[1]))
			last = strtoul(end + 1, &end, 10);
		if (first > last || last >= VFP_XML_MAX_NODES)
			return false;
		for (unsigned long i = first; i <= last; i++)
			nodes[i] = is_in;
		end += strspn(end, " ");
		if (*end && *end != ',')
			return false;
		s = end + (*end == ',');
		s += strspn(s, " ");
	}
	return true;
}

/* What a rewrite makes right. */
static int check_fixable(const struct vfp_domain *dom, struct vfp_err *err)
{
	const struct vfp_domain_memory *memory = &dom->memory;

	if (!memory->is_locked)
		return vfp_fail(
			err, EPERM,
			"a domain with a VF needs its memory locked: <memoryBacking><locked/></memoryBacking> "
			"is missing%s; run: vfpool domain bind %s",
			memory->is_hugepages ? " (<hugepages> alone leave QEMU's small RAM blocks)"
					     : "",
			dom->name);
	if (memory->has_balloon)
		return vfp_fail(
			err, EPERM,
			"a domain with a VF cannot have a memory balloon, since its memory is locked: "
			"<memballoon model='none'/> is missing; run: vfpool domain bind %s",
			dom->name);
	/* Below by less than a huge page is libvirt's rounding. */
	if (memory->current_kib + 2048 <= dom->total_kib)
		return vfp_fail(
			err, EPERM,
			"a domain with a VF has all its memory from the start: <currentMemory> of %llu "
			"MiB is below the %llu MiB of <memory>; run: vfpool domain bind %s",
			vfp_mib(memory->current_kib), vfp_mib(dom->total_kib), dom->name);
	return 0;
}

/* The guest's memory is what the NUMA cells have, where there are some: libvirt then corrects
 * <memory>. */
static int read_sizes(struct vfp_domain *dom, struct vfp_err *err)
{
	struct vfp_domain_memory *memory = &dom->memory;
	const struct vfp_xml_node *current = vfp_xml_child(dom->root, "currentMemory");
	const struct {
		const struct vfp_xml_node *node;
		uint64_t *kib;
	} sizes[] = {
		{vfp_xml_child(dom->root, "memory"), &dom->total_kib},
		{vfp_xml_child(dom->root, "maxMemory"), &memory->max_kib},
		{vfp_xml_child(vfp_xml_child(dom->root, "memtune"), "hard_limit"),
		 &memory->hard_limit_kib},
		{current, &memory->current_kib},
	};
	uint64_t cells_kib = 0, page_kib = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < VFP_N(sizes); i++)
		rc = vfp_xml_memory(sizes[i].node, sizes[i].kib, err);
	if (rc == 0)
		rc = read_dimms(dom, &memory->dimm_kib, err);
	if (rc == 0)
		rc = read_cells(dom, &cells_kib, err);
	if (rc < 0)
		return rc;
	if (cells_kib)
		dom->total_kib = cells_kib + memory->dimm_kib;
	if (dom->total_kib > KIB_MAX || memory->max_kib > KIB_MAX)
		return vfp_fail(err, EINVAL, "too much memory");
	if (memory->dimm_kib > dom->total_kib)
		return vfp_fail(err, EINVAL, "DIMMs of %llu KiB in %llu KiB of <memory>",
				(unsigned long long)memory->dimm_kib,
				(unsigned long long)dom->total_kib);
	memory->memory_kib = dom->total_kib - memory->dimm_kib;
	if (!current)
		memory->current_kib = dom->total_kib;
	rc = find_pages(dom, cells_kib ? NULL : "0", &page_kib, err);
	if (rc == 0 && !cells_kib)
		rc = add_guest(dom, page_kib, memory->memory_kib, err);
	/* What may be plugged into it: no hook runs then, so it has to be there from the start. */
	if (rc == 0 && memory->max_kib > dom->total_kib)
		rc = add_guest(dom, page_kib, memory->max_kib - dom->total_kib, err);
	return rc;
}

static int read_cells(struct vfp_domain *dom, uint64_t *ret_kib, struct vfp_err *err)
{
	const struct vfp_xml_node *numa = vfp_xml_child(vfp_xml_child(dom->root, "cpu"), "numa");
	const struct vfp_xml_node *cell = vfp_xml_child(numa, "cell");
	uint64_t sum = 0;

	for (unsigned int place = 0; cell; cell = vfp_xml_again(cell), place++) {
		const char *memory = vfp_xml_attr(cell, "memory");
		const char *id = vfp_xml_attr(cell, "id");
		vfp_autofree char *node = id ? vfp_strdup(id) : vfp_format("%u", place);
		uint64_t kib, page_kib;
		int rc = parse_memory(cell, memory ? memory : "0", &kib, err);

		if (rc == 0)
			rc = find_pages(dom, node, &page_kib, err);
		if (rc == 0)
			rc = add_guest(dom, page_kib, kib, err);
		if (rc < 0)
			return rc;
		sum += kib;
		if (sum > KIB_MAX)
			return vfp_xml_fail(cell, err, "too much memory");
	}
	*ret_kib = sum;
	return 0;
}

static int read_dimms(struct vfp_domain *dom, uint64_t *ret_kib, struct vfp_err *err)
{
	const struct vfp_xml_node *dimm = vfp_xml_child(dom->devices, "memory");
	uint64_t sum = 0, kib;

	for (; dimm; dimm = vfp_xml_again(dimm)) {
		int rc = read_dimm(dom, dimm, &kib, err);

		if (rc < 0)
			return rc;
		if (vfp_xml_attr_is(dimm, "model", "virtio-mem"))
			dom->memory.has_virtio_mem = true;
		sum += kib;
		if (sum > KIB_MAX)
			return vfp_xml_fail(dimm, err, "too much memory");
	}
	*ret_kib = sum;
	return 0;
}

static int read_dimm(struct vfp_domain *dom, const struct vfp_xml_node *dimm, uint64_t *ret_kib,
		     struct vfp_err *err)
{
	const struct vfp_xml_node *target = vfp_xml_child(dimm, "target");
	const struct vfp_xml_node *page = vfp_xml_child(vfp_xml_child(dimm, "source"), "pagesize");
	vfp_autofree char *node = vfp_xml_text(vfp_xml_child(target, "node"));
	uint64_t page_kib, kib;
	int rc = vfp_xml_memory(vfp_xml_child(target, "size"), &kib, err);

	if (rc == 0 && page)
		rc = vfp_xml_memory(page, &page_kib, err);
	else if (rc == 0)
		rc = find_pages(dom, *node ? node : "0", &page_kib, err);
	if (rc == 0)
		rc = add_guest(dom, page ? usual_or(page_kib) : page_kib, kib, err);
	if (rc < 0)
		return rc;
	*ret_kib = kib;
	return 0;
}

/* The pages of guest node @node: those of a <page> that names it, else of the <page> that names
 * none.  @node NULL: of no node in particular. */
static int find_pages(const struct vfp_domain *dom, const char *node, uint64_t *ret_page_kib,
		      struct vfp_err *err)
{
	const struct vfp_xml_node *backing = vfp_xml_child(dom->root, "memoryBacking");
	const struct vfp_xml_node *hugepages = vfp_xml_child(backing, "hugepages");
	const struct vfp_xml_node *page = vfp_xml_child(hugepages, "page");
	uint64_t number = 0, page_kib = hugepages && !page ? 0 : PAGES_USUAL;

	if (node && !vfp_number_parse(node, 0, VFP_XML_MAX_NODES - 1, &number))
		node = NULL;
	for (; page; page = vfp_xml_again(page)) {
		const char *size = vfp_xml_attr(page, "size");
		const char *nodeset = vfp_xml_attr(page, "nodeset");
		bool nodes[VFP_XML_MAX_NODES] = {false};
		bool is_named =
			node && nodeset && vfp_xml_nodeset_parse(nodeset, nodes) && nodes[number];
		uint64_t kib;
		int rc = parse_memory(page, size ? size : "", &kib, err);

		if (rc < 0)
			return rc;
		if (is_named || !nodeset)
			page_kib = usual_or(kib);
		if (is_named)
			break;
	}
	*ret_page_kib = page_kib;
	return 0;
}

/* <page size='4'/> is no huge page. */
static uint64_t usual_or(uint64_t page_kib)
{
	return page_kib <= (uint64_t)getpagesize() / 1024 ? PAGES_USUAL : page_kib;
}

static int add_guest(struct vfp_domain *dom, uint64_t page_kib, uint64_t kib, struct vfp_err *err)
{
	struct vfp_footprint *footprint = &dom->memory.footprint;
	struct vfp_pages *huge = footprint->huge;
	size_t i = 0;

	if (kib == 0)
		return 0;
	if (kib > KIB_MAX)
		return vfp_fail(err, EINVAL, "too much memory");
	if (page_kib == PAGES_USUAL) {
		footprint->guest_kib += kib;
		return 0;
	}
	while (i < VFP_MAX_PAGE_SIZES && huge[i].kib && huge[i].page_kib != page_kib)
		i++;
	if (i == VFP_MAX_PAGE_SIZES)
		return vfp_fail(err, EINVAL, "<hugepages> of more than %d sizes",
				VFP_MAX_PAGE_SIZES);
	huge[i].page_kib = page_kib;
	huge[i].kib += kib;
	return 0;
}

/* vCPUs and I/O threads, as many as there may ever be. */
static uint64_t count_threads(const struct vfp_domain *dom)
{
	static const char *const names[] = {"vcpu", "iothreads"};
	uint64_t sum = 0;

	for (size_t i = 0; i < VFP_N(names); i++) {
		vfp_autofree char *text = vfp_xml_text(vfp_xml_child(dom->root, names[i]));
		uint64_t n = 0;

		if (vfp_number_parse(text, 0, THREADS_MAX, &n))
			sum += n;
	}
	return sum ? sum : 1;
}

static uint64_t sum_video_kib(const struct vfp_domain *dom)
{
	static const char *const attrs[] = {"ram", "vram"};
	const struct vfp_xml_node *video = vfp_xml_child(dom->devices, "video");
	uint64_t sum = 0;

	for (; video; video = vfp_xml_again(video)) {
		const struct vfp_xml_node *model = vfp_xml_child(video, "model");
		uint64_t kib, found = 0;

		for (size_t i = 0; i < VFP_N(attrs); i++) {
			const char *value = vfp_xml_attr(model, attrs[i]);

			if (value && vfp_number_parse(value, 0, UINT32_MAX, &kib))
				found += kib;
		}
		if (!vfp_xml_attr_is(model, "type", "none"))
			sum += found ? found : VIDEO_KIB;
	}
	return sum;
}

static int parse_memory(const struct vfp_xml_node *node, const char *text, uint64_t *ret_kib,
			struct vfp_err *err)
{
	const char *unit = vfp_xml_attr(node, "unit");
	uint64_t value;

	if (!unit)
		unit = "KiB";
	if (!vfp_number_parse(text, 0, UINT64_MAX, &value) || !scale(value, unit, ret_kib))
		return vfp_xml_fail(
			node, err,
			"'%s' with unit '%s' is no amount of memory, expected for example "
			"512 with unit='MiB'",
			text, unit);
	return 0;
}

/* libvirt's units (virScaleInteger): b, bytes; K or KiB for 1024, KB for 1000, and so on, in any
 * case. */
static bool scale(uint64_t value, const char *unit, uint64_t *ret_kib)
{
	static const char letters[] = "kmgtpe";
	const char *letter = strchr(letters, tolower((unsigned char)*unit));
	uint64_t factor = 1;
	uint64_t base;

	if (*unit && letter) {
		if (!unit[1] || !strcasecmp(unit + 1, "ib"))
			base = 1024;
		else if (!strcasecmp(unit + 1, "b"))
			base = 1000;
		else
			return false;
		for (const char *l = letters; l <= letter; l++)
			factor *= base;
	} else if (strcasecmp(unit, "b") != 0 && strcasecmp(unit, "bytes") != 0) {
		return false;
	}
	if (__builtin_mul_overflow(value, factor, &value))
		return false;
	*ret_kib = value / 1024 + (value % 1024 != 0);
	return true;
}
