/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the kernel has a VFIO driver of the vendor's own for a device. */

#include "base/variant.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define ALIASES_MAX (16u << 20) /* Debian's has 1.5 MiB */

static bool is_variant(char *line, const char *device);

bool vfp_variant_exists(const struct vfp_host *host, const struct vfp_pci *vf)
{
	vfp_autofree char *modalias = NULL, *release = NULL, *aliases = NULL;
	char path[VFP_PATH_SIZE], addr[VFP_PCI_SIZE];
	bool found = false;
	char *device, *rest = NULL;

	vfp_pci_format(vf, addr);
	vfp_host_path(host, path, "/sys/bus/pci/devices/%s/modalias", addr);
	if (vfp_file_read(path, 4096, &modalias, NULL, NULL) < 0)
		return false;
	vfp_host_path(host, path, "/proc/sys/kernel/osrelease");
	if (vfp_file_read(path, 256, &release, NULL, NULL) < 0)
		return false;
	modalias[strcspn(modalias, "\n")] = release[strcspn(release, "\n")] = '\0';
	device = strchr(modalias, ':');
	vfp_host_path(host, path, "/lib/modules/%s/modules.alias", release);
	if (!device || vfp_file_read(path, ALIASES_MAX, &aliases, NULL, NULL) < 0)
		return false;
	for (char *line = strtok_r(aliases, "\n", &rest); line && !found;
	     line = strtok_r(NULL, "\n", &rest))
		found = is_variant(line, device + 1);
	return found;
}

/* "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci"; vfio_pci's own fits all. */
static bool is_variant(char *line, const char *device)
{
	static const char prefix[] = "alias vfio_pci:";
	char *module;

	if (strncmp(line, prefix, sizeof(prefix) - 1) != 0)
		return false;
	line += sizeof(prefix) - 1;
	module = strchr(line, ' ');
	if (!module)
		return false;
	*module++ = '\0';
	return strcmp(module, "vfio_pci") != 0 && fnmatch(line, device, 0) == 0;
}
