/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the kernel has warned of.
 */
#include "base/kmsg.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "base/text.h"

#define RECORD_MAX 8192 /* of one read(); the kernel's own reader has as much */
#define CLOCKS_MS  1000

static void take_record(char *record, const struct vfp_pf *pf, unsigned int index, int64_t boot_ms,
			int64_t since_ms, struct vfp_kmsg *sum);
static bool has_word(const char *text, const char *word);

int vfp_kmsg_of_vf(const struct vfp_host *host, const struct vfp_pf *pf, unsigned int index,
		   int64_t since_ms, struct vfp_kmsg *ret, struct vfp_err *err)
{
	const int64_t boot_ms = host->kernel->now_ms() - host->kernel->ticks_ms();
	char path[VFP_PATH_SIZE], chunk[RECORD_MAX + 1], *rest;
	ssize_t got;

	*ret = (struct vfp_kmsg){.n = 0};
	vfp_host_path(host, path, "/dev/kmsg");
	vfp_autoclose int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return vfp_fail(err, errno, "%s: %s", path, strerror(errno));
	/* A record for each read(); -EPIPE: the ring has lost some, and goes on behind them. */
	while ((got = read(fd, chunk, RECORD_MAX)) > 0 || (got < 0 && errno == EPIPE)) {
		chunk[got < 0 ? 0 : got] = '\0';
		rest = chunk;
		for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
			take_record(line, pf, index, boot_ms, since_ms - CLOCKS_MS, ret);
	}
	if (got < 0 && errno != EAGAIN)
		return vfp_fail(err, errno, "%s: %s", path, strerror(errno));
	return 0;
}

bool vfp_kmsg_names_vf(const char *text, const struct vfp_pf *pf, unsigned int index)
{
	char pci[VFP_PCI_SIZE], digits[16];
	size_t n;

	if (!has_word(text, vfp_pci_format(&pf->pci, pci)) && !has_word(text, pf->dev))
		return false;
	n = (size_t)snprintf(digits, sizeof(digits), "%u", index);
	for (const char *at = text; (at = strcasestr(at, "vf")); at += 2) {
		const char *number = at + 2 + strspn(at + 2, " [#:");

		if ((at == text || !isalnum((unsigned char)at[-1])) &&
		    !strncmp(number, digits, n) && !isdigit((unsigned char)number[n]))
			return true;
	}
	return false;
}

/* "LEVEL,NUMBER,MICROSECONDS,FLAGS[,…];TEXT"; a line that begins with a blank belongs to the one
 * before it. */
static void take_record(char *record, const struct vfp_pf *pf, unsigned int index, int64_t boot_ms,
			int64_t since_ms, struct vfp_kmsg *sum)
{
	unsigned long long stamp_us;
	unsigned int level;
	char *text = strchr(record, ';');
	int64_t at_ms;

	if (!text || sscanf(record, "%u,%*u,%llu,", &level, &stamp_us) != 2)
		return;
	text++;
	at_ms = boot_ms + (int64_t)(stamp_us / 1000);
	if (LOG_PRI(level) > LOG_WARNING || at_ms < since_ms || !vfp_kmsg_names_vf(text, pf, index))
		return;
	if (strstr(text, ": "))
		text = strstr(text, ": ") + 2;
	sum->n++;
	sum->last_ms = at_ms;
	snprintf(sum->last, sizeof(sum->last), "%s", text);
	vfp_text_clean(sum->last);
}

/* @word stands in @text, and is no part of a longer one. */
static bool has_word(const char *text, const char *word)
{
	const size_t n = strlen(word);

	for (const char *at = text; n && (at = strstr(at, word)); at++)
		if ((at == text || !isalnum((unsigned char)at[-1])) &&
		    !isalnum((unsigned char)at[n]))
			return true;
	return false;
}
