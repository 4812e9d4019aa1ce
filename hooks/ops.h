/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hook's second stage: one function per operation of libvirt's qemu hook (hooks/README says
 * what libvirt promises for each).
 *
 * It is a module (PKGLIBDIR/hook.so) that the first stage, hooks/qemu.c, loads into itself only for
 * a domain that can be ours: what it links costs every VM start on the host otherwise, and an exec
 * of another program would be refused by the AppArmor profile of libvirtd.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

struct vfp_hook_call {
	const char *root;      /* "" or the folder that everything is below */
	const char *name;      /* argv[1], the domain's name */
	const char *operation; /* argv[2] */
	const char *reason;    /* argv[4]: of release why, "-" else */
	const char *uuid; /* of the document, as the first stage found it; "" when there is none */
	const char *xml;  /* what came on stdin, with a NUL behind it */
	size_t size;	  /* without the NUL */
	pid_t daemon;	  /* the libvirt daemon that called */
};

/* Carries out the call: 0, or 1 to refuse.  Of a refusal one line goes to stderr, which libvirt
 * shows to whoever started the domain.  Nothing goes to stdout, where libvirt expects XML. */
int vfp_hook_run(const struct vfp_hook_call *call);
