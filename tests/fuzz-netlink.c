/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libFuzzer: a reply of the kernel, or of something that says it were the kernel.  The first byte
 * is how many VFs there is room for.  With no input file, writes seeds: see tests/fuzz.
 */
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/netlink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	vfp_autofree struct vfp_attrs *attrs = NULL;
	vfp_autofree struct nlmsghdr *message = NULL;
	struct vfp_err err = {0};
	size_t n, n_read = SIZE_MAX;

	if (size < 1 + sizeof(*message))
		return 0;
	n = data[0];
	attrs = vfp_alloc(n, sizeof(*attrs));
	message = vfp_alloc(1, size - 1);
	memcpy(message, data + 1, size - 1);
	/* What libnl guarantees before it hands a message on: its length is within what came. */
	if (message->nlmsg_len > size - 1 || message->nlmsg_len < sizeof(*message))
		message->nlmsg_len = (uint32_t)(size - 1);
	if (vfp_netlink_parse(message, size - 1, "ens1f0", attrs, n, &n_read, &err) < 0) {
		if (!*err.msg || n_read != SIZE_MAX)
			abort();
	} else if (n_read > n) {
		abort();
	}
	return 0;
}
