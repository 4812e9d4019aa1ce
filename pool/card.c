/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which card is behind a PF's name: known again by its permanent MAC.
 */
#include "pool/card.h"

#include <stdio.h>
#include <string.h>

#include "base/sysfs.h"
#include "pool/book.h"

/* A PF of the book; SQL of VFP_SQL_PF_LIST. */
struct booked {
	int64_t id;
	char dev[IFNAMSIZ];
	char mac[VFP_MAC_SIZE]; /* "" never seen */
	char new_dev[IFNAMSIZ]; /* "" keeps its name */
};

/* A PF of the host. */
struct seen {
	struct vfp_pf pf;
	char mac[VFP_MAC_SIZE]; /* permanent; "" it has none */
};

static int read_booked(struct vfp_pool *pool, struct booked **ret, size_t *ret_n,
		       struct vfp_err *err);
static int read_seen(const struct vfp_host *host, struct seen **ret, size_t *ret_n,
		     struct vfp_err *err);
static void read_mac(const struct vfp_host *host, const char *dev, char ret_mac[VFP_MAC_SIZE]);
static size_t find_moved(struct booked *rows, size_t n, const struct seen *cards, size_t n_cards);
static void displace(struct booked *rows, size_t n);
static int rename_all(struct vfp_pool *pool, const struct booked *rows, size_t n,
		      struct vfp_err *err);
static const struct seen *find_name(const struct seen *cards, size_t n, const char *dev);

int vfp_card_follow(struct vfp_pool *pool, struct vfp_err *err)
{
	vfp_autofree struct booked *rows = NULL;
	vfp_autofree struct seen *cards = NULL;
	size_t n, n_cards = 0, n_moved;
	int rc = read_booked(pool, &rows, &n, err);

	if (rc == 0)
		rc = read_seen(pool->host, &cards, &n_cards, err);
	if (rc < 0)
		return rc;
	n_moved = find_moved(rows, n, cards, n_cards);
	if (n_moved) {
		displace(rows, n);
		rc = rename_all(pool, rows, n, err);
	}
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (!*rows[i].mac && !*rows[i].new_dev && find_name(cards, n_cards, rows[i].dev))
			rc = vfp_card_remember(pool, rows[i].dev, err);
	/* The file has addresses too, which change with the slot where the name does not. */
	if (rc == 0 && vfp_pool_check_members(pool, NULL) == -ESTALE)
		rc = vfp_pool_write_members(pool, err);
	return rc;
}

int vfp_card_remember(struct vfp_pool *pool, const char *dev, struct vfp_err *err)
{
	vfp_auto(db_transaction) change = NULL;
	char mac[VFP_MAC_SIZE];
	unsigned int n_changed;
	int rc;

	read_mac(pool->host, dev, mac);
	if (!*mac)
		return 0;
	rc = vfp_book_begin(pool, &change, err);
	if (rc == 0)
		rc = vfp_db_run(pool->db, VFP_SQL_PF_MAC, VFP_VALUES(VFP_TEXT(dev), VFP_TEXT(mac)),
				&n_changed, err);
	if (rc == 0 && n_changed)
		rc = vfp_book_note(pool, "card", &(struct vfp_about){.vf = NULL}, err,
				   "PF %s is the card with permanent MAC %s", dev, mac);
	return rc < 0 ? rc : vfp_db_commit(&change, err);
}

int vfp_card_check(struct vfp_pool *pool, const char *dev, struct vfp_err *err)
{
	vfp_autofree struct booked *rows = NULL;
	char mac[VFP_MAC_SIZE], booked[VFP_MAC_SIZE] = "";
	struct vfp_pf pf;
	size_t n;
	int rc = read_booked(pool, &rows, &n, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(rows[i].dev, dev))
			vfp_copy(booked, sizeof(booked), rows[i].mac);
	rc = vfp_sysfs_pf(pool->host, dev, &pf, err);
	if (rc < 0)
		return *booked ? vfp_fail(err, ENODEV,
					  "PF %s is gone: no card has its permanent MAC %s", dev,
					  booked)
			       : rc;
	read_mac(pool->host, dev, mac);
	if (*booked && strcmp(mac, booked) != 0)
		return vfp_fail(
			err, ENODEV,
			"PF %s is another card now: its permanent MAC is %s, expected %s; if it "
			"replaces that one: vfpool pf enable %s --vfs N",
			dev, *mac ? mac : "none", booked, dev);
	return 0;
}

static int read_booked(struct vfp_pool *pool, struct booked **ret, size_t *ret_n,
		       struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		VFP_COLUMN_NUMBER(struct booked, id),
		VFP_COLUMN_TEXT(struct booked, dev),
		VFP_COLUMN_TEXT(struct booked, mac),
	};
	static const struct vfp_shape shape = VFP_SHAPE(struct booked, columns);

	return vfp_db_rows(pool->db, VFP_SQL_PF_LIST, NULL, &shape, ret, ret_n, err);
}

static int read_seen(const struct vfp_host *host, struct seen **ret, size_t *ret_n,
		     struct vfp_err *err)
{
	vfp_autofree struct vfp_pf *pfs = NULL;
	struct seen *cards;
	size_t n;
	int rc = vfp_sysfs_pfs(host, &pfs, &n, err);

	if (rc < 0)
		return rc;
	cards = vfp_alloc(n, sizeof(*cards));
	for (size_t i = 0; i < n; i++) {
		cards[i].pf = pfs[i];
		read_mac(host, pfs[i].dev, cards[i].mac);
	}
	*ret = cards;
	*ret_n = n;
	return 0;
}

/* "" when the card has none, or does not tell. */
static void read_mac(const struct vfp_host *host, const char *dev, char ret_mac[VFP_MAC_SIZE])
{
	struct vfp_card card;

	ret_mac[0] = '\0';
	if (host->kernel->card_read(host, dev, &card, NULL) == 0 &&
	    !vfp_mac_is_none(&card.permanent))
		vfp_mac_format(&card.permanent, ret_mac);
}

/* Gives each PF of the book whose card bears another name now its new_dev; how many. */
static size_t find_moved(struct booked *rows, size_t n, const struct seen *cards, size_t n_cards)
{
	size_t n_moved = 0;

	for (size_t i = 0; i < n; i++) {
		const struct seen *here = find_name(cards, n_cards, rows[i].dev), *there = NULL;
		size_t n_there = 0;

		if (!*rows[i].mac || (here && !strcmp(here->mac, rows[i].mac)))
			continue;
		for (size_t k = 0; k < n; k++)
			n_there += k != i && !strcmp(rows[k].mac, rows[i].mac);
		for (size_t k = 0; k < n_cards; k++)
			if (!strcmp(cards[k].mac, rows[i].mac)) {
				there = &cards[k];
				n_there++;
			}
		if (n_there != 1)
			continue;
		vfp_copy(rows[i].new_dev, sizeof(rows[i].new_dev), there->pf.dev);
		n_moved++;
	}
	return n_moved;
}

/* A PF whose name is taken by one that moved, and that did not move itself, is a card that is gone:
 * it gets the name that the other one left, until its own card is seen again. */
static void displace(struct booked *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *left = NULL;

		for (size_t k = 0; k < n && !*rows[i].new_dev; k++)
			if (k != i && !strcmp(rows[k].new_dev, rows[i].dev))
				left = rows[k].dev;
		if (!left)
			continue;
		/* Of a chain of moves the end, so that no name is given twice. */
		for (size_t k = 0, steps = 0; k < n && steps < n; k++)
			if (!strcmp(rows[k].new_dev, left)) {
				left = rows[k].dev;
				k = (size_t)-1;
				steps++;
			}
		vfp_copy(rows[i].new_dev, sizeof(rows[i].new_dev), left);
	}
}

/* In two steps, since two cards may have changed their places. */
static int rename_all(struct vfp_pool *pool, const struct booked *rows, size_t n,
		      struct vfp_err *err)
{
	vfp_auto(db_transaction) change = NULL;
	int rc = vfp_book_begin(pool, &change, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		char between[IFNAMSIZ];

		/* No netdev is called so. */
		snprintf(between, sizeof(between), "/%u", (unsigned int)i);
		if (*rows[i].new_dev)
			rc = vfp_db_run(pool->db, VFP_SQL_PF_RENAME,
					VFP_VALUES(VFP_NUMBER(rows[i].id), VFP_TEXT(between)), NULL,
					err);
	}
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!*rows[i].new_dev)
			continue;
		rc = vfp_db_run(pool->db, VFP_SQL_PF_RENAME,
				VFP_VALUES(VFP_NUMBER(rows[i].id), VFP_TEXT(rows[i].new_dev)), NULL,
				err);
		if (rc == 0)
			rc = vfp_book_note(pool, "moved", &(struct vfp_about){.vf = NULL}, err,
					   "PF %s is called %s now (permanent MAC %s)", rows[i].dev,
					   rows[i].new_dev, *rows[i].mac ? rows[i].mac : "unknown");
	}
	return rc < 0 ? rc : vfp_db_commit(&change, err);
}

static const struct seen *find_name(const struct seen *cards, size_t n, const char *dev)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(cards[i].pf.dev, dev))
			return &cards[i];
	return NULL;
}
