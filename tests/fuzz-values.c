/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libFuzzer: the first byte says which of our values the rest is: PCI address, MAC, UUID, VF,
 * range, name.  What is taken is written in its one form, and that form is taken as the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/pooldef.h"
#include "base/vf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_pci(const char *text)
{
	struct vfp_pci pci, again;
	char buf[VFP_PCI_SIZE];

	if (vfp_pci_parse(text, &pci) == 0 &&
	    (vfp_pci_parse(vfp_pci_format(&pci, buf), &again) < 0 ||
	     vfp_pci_compare(&pci, &again) != 0))
		abort();
}

static void try_mac(const char *text)
{
	struct vfp_mac mac, again;
	char buf[VFP_MAC_SIZE];

	if (vfp_mac_parse(text, &mac) == 0 &&
	    (vfp_mac_parse(vfp_mac_format(&mac, buf), &again) < 0 || !vfp_mac_equal(&mac, &again)))
		abort();
}

static void try_uuid(const char *text)
{
	char uuid[VFP_UUID_SIZE], again[VFP_UUID_SIZE];

	if (vfp_uuid_parse(text, uuid) == 0 &&
	    (vfp_uuid_parse(uuid, again) < 0 || strcmp(uuid, again) != 0 || strlen(uuid) != 36))
		abort();
}

static void try_vf(const char *text)
{
	struct vfp_vf vf, again;
	char buf[VFP_VF_SIZE];

	if (vfp_vf_parse(text, &vf) == 0 &&
	    (vfp_vf_parse(vfp_vf_format(&vf, buf), &again) < 0 || vf.index != again.index ||
	     strcmp(vf.pf, again.pf) != 0))
		abort();
}

static void try_range(const char *text)
{
	char range[VFP_RANGE_SIZE], again[VFP_RANGE_SIZE];
	struct vfp_err err;

	if (vfp_range_parse(text, range, &err) < 0)
		return;
	if (vfp_range_parse(range, again, &err) < 0 || strcmp(range, again) != 0)
		abort();
	if (*range &&
	    (!vfp_range_overlap(range, again) || !vfp_range_has(range, (unsigned int)atoi(range))))
		abort();
}

static void try_name(const char *text)
{
	struct vfp_err err = {0};

	if (vfp_name_check("pool", text, &err) == 0 &&
	    (strlen(text) > 63 || strpbrk(text, "/'\"<>&\n")))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(const char *text) = {try_pci, try_mac,   try_uuid,
							  try_vf,  try_range, try_name};
	vfp_autofree char *text = NULL;

	if (size == 0)
		return 0;
	text = vfp_alloc(1, size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	tries[data[0] % VFP_N(tries)](text);
	return 0;
}
