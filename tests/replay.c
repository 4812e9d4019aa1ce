/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hands files to a fuzz target, one after the other, without libFuzzer: make check's regression. */
#include <stdint.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		vfp_autofree char *text = NULL;
		struct vfp_err err;
		size_t size;

		if (vfp_file_read(argv[i], 64u << 20, &text, &size, &err) < 0) {
			fprintf(stderr, "replay: %s\n", err.msg);
			return 1;
		}
		LLVMFuzzerTestOneInput((const uint8_t *)text, size);
	}
	printf("%d inputs\n", argc - 1);
	return argc < 2;
}
