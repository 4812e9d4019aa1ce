/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the serial number in a card's Vital Product Data. */

#include "base/vpd.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"

#define VPD_MAX	  32768 /* PCI 3.0, 6.4: its addresses have 15 bits */
#define TAG_LARGE 0x80
#define TAG_READ  0x90 /* VPD-R: the fields that nobody changes */

/* A field is two letters, a length of one byte, and that many bytes. */
static void parse_fields(const unsigned char *field, size_t size, char *ret_serial)
{
	while (size >= 3 && size - 3 >= field[2]) {
		size_t length = field[2];

		if (!memcmp(field, "SN", 2)) {
			memcpy(ret_serial, field + 3, length);
			while (length && strchr(" ", ret_serial[length - 1]))
				length--;
			ret_serial[length] = '\0';
			return;
		}
		size -= length + 3;
		field += length + 3;
	}
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (!isprint((unsigned char)*text))
			return false;
	return true;
}

void vfp_vpd_parse(const unsigned char *vpd, size_t size, char ret_serial[VFP_SERIAL_SIZE])
{
	char serial[VFP_SERIAL_SIZE] = "";

	while (size >= 3 && vpd[0] & TAG_LARGE) {
		const size_t length = (size_t)vpd[1] | (size_t)vpd[2] << 8;

		if (length > size - 3)
			break;
		if (vpd[0] == TAG_READ)
			parse_fields(vpd + 3, length, serial);
		vpd += length + 3;
		size -= length + 3;
	}
	vfp_copy(ret_serial, VFP_SERIAL_SIZE, is_printable(serial) ? serial : "");
}

void vfp_vpd_serial(const struct vfp_host *host, const struct vfp_pci *pci,
		    char ret_serial[VFP_SERIAL_SIZE])
{
	char path[VFP_PATH_SIZE], addr[VFP_PCI_SIZE];
	vfp_autofree char *vpd = NULL;
	size_t size = 0;

	ret_serial[0] = '\0';
	vfp_host_path(host, path, "/sys/bus/pci/devices/%s/vpd", vfp_pci_format(pci, addr));
	if (vfp_file_read(path, VPD_MAX, &vpd, &size, NULL) == 0)
		vfp_vpd_parse((const unsigned char *)vpd, size, ret_serial);
}
