/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What may be done with a domain that has a VF, who refuses the rest, and what to do instead. */

#include "service/limits.h"

#include <string.h>

#define QEMU	"QEMU"
#define LIBVIRT "libvirt"
#define HOOK	"the hook"
#define RULE	"the polkit rule; root is not refused"

#define STATE	"the state of a VF can be neither saved nor moved"
#define OFF	"it does not run"
#define REWIND	"memory and disks would go back, the VF would not"
#define BALLOON "all of its memory is locked, so it has no balloon"
#define BACK_UP "back it up while it runs: virsh backup-begin"
#define SHUT	"shut it down"
#define DETACH	"shut it down, or detach the VF: vfpool domain detach"

/* Named as virsh names them; where a command does several things, with what tells them apart. */
const struct vfp_limit vfp_limits[] = {
	{"start", "start", VFP_ALLOWED, VFP_ALLOWED, "", "", ""},
	{"shutdown", "shutdown, destroy", VFP_IDLE, VFP_ALLOWED, "", "", ""},
	{"reset", "reset, reboot", VFP_IDLE, VFP_ALLOWED, "", "", ""},
	{"suspend", "suspend, resume", VFP_IDLE, VFP_ALLOWED, "", "", ""},
	{"define", "define, edit, undefine", VFP_ALLOWED, VFP_ALLOWED, "", "", ""},
	{"backup", "backup-begin", VFP_IDLE, VFP_ALLOWED, "", "", ""},
	{"checkpoint", "checkpoint-create-as", VFP_IDLE, VFP_ALLOWED, "", "", ""},
	{"blockjob", "blockcommit, blockpull, blockcopy", VFP_IDLE, VFP_ALLOWED, "", "", ""},
	{"dump-memory", "dump --memory-only", VFP_IDLE, VFP_ALLOWED, "", "", ""},
	{"dump", "dump", VFP_IDLE, VFP_REFUSED, QEMU, STATE, "virsh dump --memory-only"},
	{"migrate", "migrate --live", VFP_REFUSED, VFP_REFUSED, QEMU ", and the other host's hook",
	 STATE, DETACH},
	{"save", "save", VFP_IDLE, VFP_REFUSED, QEMU, STATE, SHUT},
	{"managedsave", "managedsave", VFP_IDLE, VFP_REFUSED, QEMU, STATE, SHUT},
	{"restore", "restore, start after managedsave", VFP_REFUSED, VFP_REFUSED, HOOK, STATE,
	 "virsh start --force-boot"},
	{"snapshot", "snapshot-create-as", VFP_REFUSED, VFP_REFUSED, LIBVIRT " and " QEMU,
	 "its disks say snapshot='no'",
	 "back it up, or while it is off name the disks: --diskspec"},
	{"snapshot-disk", "snapshot-create-as --disk-only", VFP_REFUSED, VFP_REFUSED, LIBVIRT,
	 "its disks say snapshot='no'", BACK_UP},
	{"snapshot-named", "snapshot-create-as --diskspec", VFP_ALLOWED, VFP_REFUSED, RULE, REWIND,
	 BACK_UP},
	{"snapshot-revert", "snapshot-revert", VFP_ALLOWED, VFP_REFUSED, RULE, REWIND, SHUT},
	{"setmem", "setmem --live", VFP_IDLE, VFP_REFUSED, LIBVIRT, BALLOON,
	 "virsh setmaxmem --config, and setmem --config"},
	{0},
};

const struct vfp_limit *vfp_limit_find(const char *operation)
{
	for (const struct vfp_limit *limit = vfp_limits; limit->operation; limit++)
		if (!strcmp(limit->operation, operation))
			return limit;
	return NULL;
}

struct vfp_answer vfp_limit_ask(const struct vfp_limit *limit,
				const struct vfp_situation *situation)
{
	static const struct vfp_answer allowed = {true, "", "", ""},
				       idle = {false, LIBVIRT, OFF, ""};
	struct vfp_answer answer;
	enum vfp_verdict verdict = situation->is_running ? limit->running : limit->off;

	if (verdict == VFP_IDLE)
		return idle;
	/* The next start is a restore. */
	if (!strcmp(limit->operation, "start") && situation->has_saved_vf && !situation->is_running)
		limit = vfp_limit_find("restore");
	else if (!situation->has_vf || verdict == VFP_ALLOWED)
		return allowed;
	answer = (struct vfp_answer){false, limit->by, limit->why, limit->instead};
	if (!strcmp(limit->operation, "snapshot-disk") && situation->has_snapshot_disk) {
		answer.by = RULE;
		answer.why = "not all of its disks say snapshot='no'";
	}
	return answer;
}
