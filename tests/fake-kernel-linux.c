/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Linked in place of base/kernel.c and base/netlink.c: a program of ours that takes the fake for
 * the kernel.
 */
#include "tests/fake-kernel.h"

const struct vfp_kernel vfp_kernel_linux = FAKE_KERNEL_DOORS;
