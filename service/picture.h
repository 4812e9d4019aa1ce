/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a program sees that watches the pool: things with properties, all read at one moment, and
 * what became another from one picture to the next.
 *
 * The table below is the public interface, in which names and types stay as they are: each kind is
 * an interface org.vfpool1.NAME, each thing an object below /org/vfpool1/FOLDER (service/bus.h).
 * Pure but for the reading.
 */
#pragma once

#include "base/item.h"
#include "pool/pool.h"

enum vfp_kind {
	VFP_KIND_PF,
	VFP_KIND_VF,
	VFP_KIND_POOL,
	VFP_KIND_PORTGROUP,
	VFP_KIND_PORT,
	VFP_KIND_LEASE,
	VFP_N_KINDS
};

#define VFP_MAX_PROPERTIES 16

struct vfp_kind_def {
	const char *name, *folder;
	struct {
		const char *name;
		const char *
			type; /* as D-Bus has it: s text, b yes or no, u i t numbers, a{sv} items */
	} properties[VFP_MAX_PROPERTIES + 1]; /* closed by one without a name */
};
extern const struct vfp_kind_def vfp_kind_defs[VFP_N_KINDS];

struct vfp_thing {
	enum vfp_kind kind;
	char *path; /* "/org/vfpool1/vf/ens1f0_233" */
	size_t n;   /* properties */
	struct {
		char *text;		/* UTF-8; NULL of all else */
		int64_t number;		/* of -1 to 2^63 - 1; of items how many */
		struct vfp_item *items; /* NULL of all else */
	} properties[VFP_MAX_PROPERTIES];
};

/* Zeroed: nothing. */
struct vfp_picture {
	struct vfp_thing *things; /* by path */
	size_t n;
};
#define VFP_PICTURE_ROOT "/org/vfpool1"

/* Host and book, without looking for processes. */
int vfp_picture_read(struct vfp_pool *pool, struct vfp_picture *ret, struct vfp_err *err);
void vfp_picture_free(struct vfp_picture *picture);
/* NULL: there is none. */
const struct vfp_thing *vfp_picture_find(const struct vfp_picture *picture, const char *path);

/* @before NULL: it came; @now NULL: it went; else bit i of @changed says that property i did. */
typedef void vfp_picture_change(void *opaque, const struct vfp_thing *before,
				const struct vfp_thing *now, unsigned int changed);
/* Calls @change for each difference, by path. */
void vfp_picture_compare(const struct vfp_picture *before, const struct vfp_picture *now,
			 vfp_picture_change *change, void *opaque);

/* Puts '?' in the place of all that is not ASCII unless the whole is UTF-8, which D-Bus demands. */
void vfp_picture_clean(char *text);
