/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libFuzzer: pool XML is read or refused; what is read is written, read again, and written to the
 * same bytes.  See tests/fuzz.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "xml/pooldef.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	vfp_autofree char *first = NULL, *second = NULL;
	struct vfp_pooldef def = {0}, again = {0};
	struct vfp_err err = {0};

	if (vfp_pooldef_read((const char *)data, size, &def, &err) < 0) {
		if (!*err.msg)
			abort();
		return 0;
	}
	if (vfp_pooldef_write(&def, &first, &err) < 0 ||
	    vfp_pooldef_read(first, strlen(first), &again, &err) < 0 ||
	    vfp_pooldef_write(&again, &second, &err) < 0 || strcmp(first, second) != 0)
		abort();
	vfp_pooldef_free(&def);
	vfp_pooldef_free(&again);
	return 0;
}
