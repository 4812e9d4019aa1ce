/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The switch that takes VFIO's migration away from a device, in libvirt's <qemu:override>:
 *
 *	<qemu:override>
 *	  <qemu:device alias='ua-vfpool-525400000001'>
 *	    <qemu:frontend>
 *	      <qemu:property name='enable-migration' type='string' value='off'/>
 *	    </qemu:frontend>
 *	  </qemu:device>
 *	</qemu:override>
 *
 * libvirt 8.2 and newer (formatdomain.html, drvqemu.html "Overriding properties of QEMU devices"),
 * the property: QEMU 8.1 and newer (hw/vfio/pci.c; before it is x-enable-migration, and off).  It
 * taints the domain, so it is there only where a driver could migrate the VF (base/variant.h).
 * What an author wrote there of these or other devices stays.
 *
 * Private to xml/.
 */
#pragma once

#include "xml/document.h"
#include "xml/edit.h"

/* What a rewrite found to do. */
struct vfp_override_changes {
	struct vfp_block *former; /* gets a line for each switch that is ours, as it was before */
	size_t n_former;
	bool is_changed; /* @former says something else than the document's */
};

/* Makes the document have the switch for the devices @aliases and take away those of ours that are
 * for others. */
void vfp_override_write(const struct vfp_domain *dom, struct vfp_edits *edits, char *const *aliases,
			size_t n, struct vfp_override_changes *changes);

/* Whether the document has the switch for that device, and by us. */
bool vfp_override_is_ours(const struct vfp_domain *dom, const char *alias);

/* Takes all away that is ours. */
void vfp_override_undo(const struct vfp_domain *dom, struct vfp_edits *edits);
