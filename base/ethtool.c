/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a card's driver says of itself and of the card, by ioctl.
 */
#include "base/ethtool.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"

static int ask(int fd, const char *netdev, void *question);
static void copy_clean(char *to, size_t size, const char *from, size_t from_size);

int vfp_ethtool_card_read(const struct vfp_host *host, const char *netdev,
			  struct vfp_card *ret_card, struct vfp_err *err)
{
	/* The struct ends in an array without a size, whose bytes lie behind it. */
	uint32_t room[(sizeof(struct ethtool_perm_addr) + 32) / sizeof(uint32_t)];
	struct ethtool_perm_addr *address = (struct ethtool_perm_addr *)room;
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct vfp_card card = {0};
	vfp_autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)host;
	if (fd < 0)
		return vfp_fail(err, errno, "%s: cannot ask its driver: %s", netdev,
				strerror(errno));
	if (ask(fd, netdev, &info) == 0) {
		copy_clean(card.driver_version, sizeof(card.driver_version), info.version,
			   sizeof(info.version));
		copy_clean(card.firmware, sizeof(card.firmware), info.fw_version,
			   sizeof(info.fw_version));
	} else if (errno == ENODEV) {
		return vfp_fail(err, ENODEV, "%s: no such network device", netdev);
	}
	*address = (struct ethtool_perm_addr){.cmd = ETHTOOL_GPERMADDR, .size = 32};
	if (ask(fd, netdev, address) == 0 && address->size == sizeof(card.permanent.byte))
		memcpy(card.permanent.byte, address->data, sizeof(card.permanent.byte));
	*ret_card = card;
	return 0;
}

static int ask(int fd, const char *netdev, void *question)
{
	struct ifreq request = {.ifr_data = question};

	if (!vfp_copy(request.ifr_name, sizeof(request.ifr_name), netdev)) {
		errno = ENODEV;
		return -1;
	}
	return ioctl(fd, SIOCETHTOOL, &request);
}

/* The driver's text may fill its field to the end, and "N/A" is none. */
static void copy_clean(char *to, size_t size, const char *from, size_t from_size)
{
	size_t length = strnlen(from, from_size < size ? from_size : size - 1);

	if (length == size)
		length--;
	memcpy(to, from, length);
	to[length] = '\0';
	if (!strcmp(to, "N/A"))
		to[0] = '\0';
	vfp_text_clean(to);
}
