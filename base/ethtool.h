/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a card's driver says of itself and of the card, by the SIOCETHTOOL ioctl (linux/ethtool.h).
 *
 * The door card_read of struct vfp_kernel.  An ioctl and not ethtool's netlink family, since that
 * one has no counterpart of ETHTOOL_GDRVINFO, which is the only place of firmware and driver
 * version that every driver fills in (Linux, Documentation/networking/ethtool-netlink.rst, "Request
 * translation").
 */
#pragma once

#include "base/host.h"

/* See card_read in base/host.h. */
int vfp_ethtool_card_read(const struct vfp_host *host, const char *netdev,
			  struct vfp_card *ret_card, struct vfp_err *err);
