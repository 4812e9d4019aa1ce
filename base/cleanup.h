/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is taken is given back when the variable leaves its scope.
 *
 *	vfp_autofree char *text = NULL;		free()
 *	vfp_autoclose int fd = -1;		close() unless negative
 *	vfp_auto(stmt) s = …;			the module's own type, see VFP_DEFINE_AUTO
 *	*ret_text = VFP_TAKE(text);		hands over: the variable is NULL afterwards
 *
 * errno survives the cleanup, so `return -errno;` is right with these in scope.
 */
#pragma once

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static inline void vfp_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void vfp_cleanup_close(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

#define vfp_autofree  __attribute__((cleanup(vfp_cleanup_free)))
#define vfp_autoclose __attribute__((cleanup(vfp_cleanup_close)))

/* VFP_DEFINE_AUTO(stmt, sqlite3_stmt *, sqlite3_finalize) makes vfp_auto(stmt): a variable of that
 * type whose value, unless NULL, is given to the function at the end of the scope. */
#define VFP_DEFINE_AUTO(name, type, fn)                           \
	typedef type vfp_auto_##name;                             \
	static inline void vfp_cleanup_##name(vfp_auto_##name *p) \
	{                                                         \
		if (*p)                                           \
			fn(*p);                                   \
	}
#define vfp_auto(name) __attribute__((cleanup(vfp_cleanup_##name))) vfp_auto_##name

#define VFP_TAKE(p)                            \
	({                                     \
		__typeof__(p) vfp_taken = (p); \
		(p) = NULL;                    \
		vfp_taken;                     \
	})

#define VFP_N(array) (sizeof(array) / sizeof((array)[0]))
