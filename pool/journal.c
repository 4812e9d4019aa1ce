/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal: who held what, and what was refused and why.
 */
#include "pool/book.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

static int put_line(struct vfp_pool *pool, const char *event, const struct vfp_about *about,
		    const char *reason, const char *words, struct vfp_err *err);
static const char *reason_of(int code);

static const struct vfp_column event_columns[] = {
	VFP_COLUMN_NUMBER(struct vfp_event, id),
	VFP_COLUMN_NUMBER(struct vfp_event, time_ms),
	VFP_COLUMN_TEXT(struct vfp_event, event),
	VFP_COLUMN_TEXT(struct vfp_event, owner.uuid),
	VFP_COLUMN_TEXT(struct vfp_event, owner.name),
	VFP_COLUMN_TEXT(struct vfp_event, mac),
	VFP_COLUMN_TEXT(struct vfp_event, vf),
	VFP_COLUMN_TEXT(struct vfp_event, pci),
	VFP_COLUMN_TEXT(struct vfp_event, pool),
	VFP_COLUMN_TEXT(struct vfp_event, reason),
	VFP_COLUMN_TEXT(struct vfp_event, text),
};
static const struct vfp_shape event_shape = VFP_SHAPE(struct vfp_event, event_columns);

int vfp_pool_note(struct vfp_pool *pool, const char *event, const struct vfp_owner *owner,
		  const struct vfp_mac *mac, const struct vfp_vf *vf, const char *text,
		  struct vfp_err *err)
{
	const struct vfp_about about = {.owner = owner, .mac = mac, .vf = vf};
	vfp_auto(db_transaction) change = NULL;
	int rc = vfp_book_begin(pool, &change, err);

	if (rc < 0)
		return rc;
	rc = vfp_book_note(pool, event, &about, err, "%s", text);
	if (rc < 0)
		return rc;
	return vfp_db_commit(&change, err);
}

int vfp_pool_refused(struct vfp_pool *pool, const struct vfp_owner *owner,
		     const struct vfp_mac *mac, const struct vfp_vf *vf, bool is_binding,
		     const struct vfp_err *why, struct vfp_err *err)
{
	struct vfp_about about = {.owner = owner, .mac = mac, .vf = vf};
	vfp_auto(db_transaction) change = NULL;
	char home[VFP_NAME_SIZE] = "";
	int rc = vfp_book_begin(pool, &change, err);

	if (rc == 0 && vf && *vf->pf)
		rc = vfp_book_pool_of(pool, vf, home, err);
	if (rc < 0)
		return rc;
	about.pool = home;
	rc = put_line(pool, is_binding ? "refused-binding" : "refused", &about,
		      reason_of(why->code), why->msg, err);
	if (rc < 0)
		return rc;
	return vfp_db_commit(&change, err);
}

int vfp_pool_tallies(struct vfp_pool *pool, struct vfp_tally **ret, size_t *ret_n,
		     struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		VFP_COLUMN_TEXT(struct vfp_tally, event),
		VFP_COLUMN_TEXT(struct vfp_tally, reason),
		VFP_COLUMN_TEXT(struct vfp_tally, pool),
		VFP_COLUMN_NUMBER(struct vfp_tally, n),
		VFP_COLUMN_NUMBER(struct vfp_tally, n_scrubs),
		VFP_COLUMN_NUMBER(struct vfp_tally, scrub_ms),
	};
	static const struct vfp_shape shape = VFP_SHAPE(struct vfp_tally, columns);

	return vfp_db_rows(pool->db, VFP_SQL_TALLY_LIST, NULL, &shape, ret, ret_n, err);
}

int vfp_pool_journal(struct vfp_pool *pool, const struct vfp_journal_filter *filter,
		     struct vfp_event **ret, size_t *ret_n, struct vfp_err *err)
{
	const struct vfp_value after = VFP_NUMBER(filter->after_id),
			       since = VFP_NUMBER(filter->since_ms),
			       until = VFP_NUMBER(filter->until_ms), vf = VFP_TEXT(filter->vf),
			       home = VFP_TEXT(filter->pool), event = VFP_TEXT(filter->event);
	const struct vfp_value domain = VFP_TEXT(filter->domain), mac = VFP_TEXT(filter->mac);

	/* A statement for each, since an index serves only where its column is compared in any
	 * case. */
	if (filter->mac)
		return vfp_db_rows(pool->db, VFP_SQL_JOURNAL_OF_MAC,
				   VFP_VALUES(after, since, until, vf, home, event, mac, domain),
				   &event_shape, ret, ret_n, err);
	if (filter->domain)
		return vfp_db_rows(pool->db, VFP_SQL_JOURNAL_OF_DOMAIN,
				   VFP_VALUES(after, since, until, vf, home, event, domain),
				   &event_shape, ret, ret_n, err);
	return vfp_db_rows(pool->db, VFP_SQL_JOURNAL,
			   VFP_VALUES(after, since, until, vf, home, event), &event_shape, ret,
			   ret_n, err);
}

char *vfp_pool_journal_events(struct vfp_pool *pool, char *buf, size_t size)
{
	struct word {
		char event[sizeof(((struct vfp_event *)0)->event)];
	};
	static const struct vfp_column columns[] = {VFP_COLUMN_TEXT(struct word, event)};
	static const struct vfp_shape shape = VFP_SHAPE(struct word, columns);
	vfp_autofree struct word *words = NULL;
	size_t n = 0, used = 0;

	vfp_db_rows(pool->db, VFP_SQL_JOURNAL_EVENTS, NULL, &shape, &words, &n, NULL);
	buf[0] = '\0';
	for (size_t i = 0; i < n && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? ", " : "",
					 words[i].event);
	return buf;
}

int vfp_pool_trim(struct vfp_pool *pool, int64_t older_than_ms, unsigned int *ret_n,
		  struct vfp_err *err)
{
	const int64_t limit = pool->host->kernel->now_ms() - older_than_ms;
	vfp_auto(db_transaction) change = NULL;
	unsigned int n_deleted;
	int rc;

	if (older_than_ms <= DAY_MS)
		return vfp_fail(err, EINVAL, "the journal of the last day is never deleted");
	rc = vfp_book_begin(pool, &change, err);
	if (rc < 0)
		return rc;
	rc = vfp_db_run(pool->db, VFP_SQL_JOURNAL_TRIM, VFP_VALUES(VFP_NUMBER(limit)), &n_deleted,
			err);
	if (rc < 0)
		return rc;
	rc = vfp_db_commit(&change, err);
	if (rc == 0 && ret_n)
		*ret_n = n_deleted;
	return rc;
}

int vfp_pool_journal_end(struct vfp_pool *pool, int64_t *ret_id, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		{VFP_COLUMN_IS_NUMBER, 0, sizeof(int64_t), NULL}};
	static const struct vfp_shape shape = VFP_SHAPE(int64_t, columns);
	int rc = vfp_db_row(pool->db, VFP_SQL_JOURNAL_END, NULL, &shape, ret_id, err);

	return rc < 0 ? rc : 0;
}

int vfp_pool_unstarted(struct vfp_pool *pool, struct vfp_owner **ret, size_t *ret_n,
		       struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		VFP_COLUMN_TEXT(struct vfp_owner, uuid),
		VFP_COLUMN_TEXT(struct vfp_owner, name),
	};
	static const struct vfp_shape shape = VFP_SHAPE(struct vfp_owner, columns);

	return vfp_db_rows(pool->db, VFP_SQL_UNSTARTED, NULL, &shape, ret, ret_n, err);
}

int vfp_pool_oldest(struct vfp_pool *pool, struct vfp_oldest *ret, struct vfp_err *err)
{
	static const struct vfp_column columns[] = {
		VFP_COLUMN_NUMBER(struct vfp_oldest, port_ms),
		VFP_COLUMN_NUMBER(struct vfp_oldest, line_ms),
		VFP_COLUMN_NUMBER(struct vfp_oldest, claim_ms),
	};
	static const struct vfp_shape shape = VFP_SHAPE(struct vfp_oldest, columns);
	struct vfp_oldest oldest = {0};
	int rc = vfp_db_row(pool->db, VFP_SQL_OLDEST, NULL, &shape, &oldest, err);

	if (rc < 0)
		return rc;
	*ret = oldest;
	return 0;
}

int vfp_book_note(struct vfp_pool *pool, const char *event, const struct vfp_about *about,
		  struct vfp_err *err, const char *fmt, ...)
{
	char text[sizeof(((struct vfp_event *)0)->text)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return put_line(pool, event, about, "", text, err);
}

static int put_line(struct vfp_pool *pool, const char *event, const struct vfp_about *about,
		    const char *reason, const char *words, struct vfp_err *err)
{
	char mac[VFP_MAC_SIZE] = "", vf[VFP_VF_SIZE] = "", pci[VFP_PCI_SIZE] = "";
	char text[sizeof(((struct vfp_event *)0)->text)];

	snprintf(text, sizeof(text), "%s", words);
	vfp_text_clean(text);
	if (about->mac && !vfp_mac_is_none(about->mac))
		vfp_mac_format(about->mac, mac);
	if (about->vf && *about->vf->pf)
		vfp_vf_format(about->vf, vf);
	if (about->vf && !vfp_pci_is_none(&about->vf->pci))
		vfp_pci_format(&about->vf->pci, pci);
	return vfp_db_run(pool->db, VFP_SQL_NOTE,
			  VFP_VALUES(VFP_NUMBER(pool->host->kernel->now_ms()), VFP_TEXT(event),
				     VFP_TEXT(about->owner ? about->owner->uuid : ""),
				     VFP_TEXT(about->owner ? about->owner->name : ""),
				     VFP_TEXT(mac), VFP_TEXT(vf), VFP_TEXT(pci),
				     VFP_TEXT(about->pool ? about->pool : ""), VFP_TEXT(reason),
				     VFP_TEXT(text)),
			  NULL, err);
}

/* What a refusal's errno means to those who count refusals; docs/journal has these words. */
static const char *reason_of(int code)
{
	static const struct vfp_word reasons[] = {
		{"no capacity", ENOSPC}, {"in use", EBUSY},	    {"not bound", ENOENT},
		{"not bound", ESTALE},	 {"policy", EPERM},	    {"policy", EOPNOTSUPP},
		{"memory", ENOMEM},	 {"no link", ENETDOWN},	    {"definition", EINVAL},
		{"definition", EEXIST},	 {"device", EIO},	    {"device", ENODEV},
		{"device", ETIMEDOUT},	 {"not scrubbed", EUCLEAN},
	};

	for (size_t i = 0; i < VFP_N(reasons); i++)
		if (reasons[i].value == code)
			return reasons[i].word;
	return "other";
}
