/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One line per event on stderr.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

static bool stderr_is_journal(void);

static enum vfp_log_level log_level = VFP_LOG_INFO;

void vfp_log_set_level(enum vfp_log_level level)
{
	log_level = level;
}

void vfp_log(enum vfp_log_level level, const char *fmt, ...)
{
	char line[1024];
	va_list args;

	if (level > log_level)
		return;
	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	vfp_text_clean(line);
	/* The journal knows the program's name by itself, and a terminal has no use for "<4>". */
	if (stderr_is_journal())
		fprintf(stderr, "<%d>%s\n", (int)level, line);
	else
		fprintf(stderr, "vfpool: %s\n", line);
}

/* systemd tells device and inode of the stream that it gave (systemd.exec(5), $JOURNAL_STREAM),
 * since a child may have another stderr than its parent. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}
