/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libFuzzer: any bytes are read or refused; what is read can be rewritten, read again, rewritten to
 * the same bytes, and undone.
 *
 *	clang -fsanitize=fuzzer,address,undefined …; ./fuzz-domain tests/data/domain
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "tests/bind-all.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const pools[] = {NULL, "sriov0"};
	struct vfp_err err = {0};

	for (size_t i = 0; i < VFP_N(pools); i++) {
		if (bind_check((const char *)data, size, pools[i], false, &err) != BIND_BROKEN)
			continue;
		fprintf(stderr, "broken: %s\n", err.msg);
		abort();
	}
	return 0;
}
