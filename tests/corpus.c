/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The promises of xml/domain.h held against whatever domain XML there is.
 *
 *	corpus FOLDER…		every *.xml below: as it is, where nothing in it concerns pool
 *				"sriov0"; then with each network interface bound.  Prints counts; exit
 *				status 1 when a promise is broken.
 *	corpus --bound FILE	the document with made-up bindings (tests/bind-all.h) on stdout
 *	corpus --undone FILE	what the undo makes of it
 */
#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/bind-all.h"

#define N_OPEN_FOLDERS 16

VFP_DEFINE_AUTO(domain, struct vfp_domain *, vfp_domain_free)

static const char *const outcome_words[BIND_N_OUTCOMES] = {
	[BIND_UNREAD] = "not read", [BIND_NOTHING] = "nothing to bind", [BIND_REFUSED] = "refused",
	[BIND_DONE] = "bound",	    [BIND_BROKEN] = "BROKEN",
};

/* nftw() hands nothing through. */
static size_t n_files, n_as_is;
static size_t counts[BIND_N_OUTCOMES];

static int walk(int n, char *const *folders);
static int visit(const char *path, const struct stat *st, int kind, struct FTW *ftw);
static void check_file(const char *path, const char *text, size_t size);
static int print_changed(const char *path, bool is_undo);

int main(int argc, char **argv)
{
	if (argc == 3 && (!strcmp(argv[1], "--bound") || !strcmp(argv[1], "--undone")))
		return print_changed(argv[2], !strcmp(argv[1], "--undone"));
	if (argc < 2 || argv[1][0] == '-') {
		fputs("usage: corpus FOLDER… | corpus --bound|--undone FILE\n", stderr);
		return 2;
	}
	return walk(argc - 1, argv + 1);
}

static int walk(int n, char *const *folders)
{
	for (int i = 0; i < n; i++) {
		if (nftw(folders[i], visit, N_OPEN_FOLDERS, FTW_PHYS) != 0) {
			fprintf(stderr, "corpus: %s: %s\n", folders[i], strerror(errno));
			return 1;
		}
	}
	printf("files: %zu, unchanged for a pool that they do not name: %zu", n_files, n_as_is);
	for (int outcome = 0; outcome < BIND_N_OUTCOMES; outcome++)
		printf(", %s: %zu", outcome_words[outcome], counts[outcome]);
	putchar('\n');
	return counts[BIND_BROKEN] || !n_files ? 1 : 0;
}

static int visit(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	vfp_autofree char *text = NULL;
	const char *dot = strrchr(path, '.');
	size_t size;

	if (kind != FTW_F || !dot || strcmp(dot, ".xml") != 0)
		return 0;
	if (vfp_file_read(path, VFP_XML_MAX, &text, &size, NULL) == 0)
		check_file(path, text, size);
	return 0;
}

static void check_file(const char *path, const char *text, size_t size)
{
	struct vfp_err err = {0};
	enum bind_outcome outcome;

	n_files++;
	if (bind_check(text, size, "sriov0", true, &err) == BIND_NOTHING)
		n_as_is++;
	outcome = bind_check(text, size, NULL, true, &err);
	counts[outcome]++;
	if (outcome == BIND_BROKEN)
		printf("%s: %s\n", path, err.msg);
}

static int print_changed(const char *path, bool is_undo)
{
	vfp_auto(domain) dom = NULL;
	vfp_autofree char *text = NULL;
	vfp_autofree char *changed = NULL;
	struct vfp_err err;
	struct bind_all bind;
	size_t size;
	int rc;

	rc = vfp_file_read(path, VFP_XML_MAX, &text, &size, &err);
	if (rc == 0)
		rc = vfp_domain_read(text, size, &dom, &err);
	if (rc == 0 && is_undo)
		rc = vfp_domain_undo(dom, &changed, &err);
	if (rc == 0 && !is_undo) {
		bind_all(dom, NULL, &bind);
		rc = vfp_domain_rewrite(dom, "11111111-2222-4333-8444-555555555555", bind.bindings,
					bind.nics, bind.n, &changed, &err);
	}
	if (rc < 0) {
		fprintf(stderr, "corpus: %s: %s\n", path, err.msg);
		return 1;
	}
	fputs(changed, stdout);
	return 0;
}
