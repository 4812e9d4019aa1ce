/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables and JSON from the same rows.  The only place that uses json-c. */

#include "tools/print.h"

#include <assert.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/err.h"

struct vfp_print {
	const struct vfp_column *columns;
	size_t n_columns;
	json_object *rows; /* of a JSON print; each row an object */
	json_object *row;
	char *texts; /* of a table: its cells, row after row, each ending with a NUL */
	size_t texts_size, texts_room;
	size_t *cells; /* where each begins there */
	size_t n_cells, cells_room;
	size_t *widths;	 /* of a table's columns, once it has been begun */
	bool is_flushed; /* part of it is printed */
};

static void add(struct vfp_print *p, const char *text, json_object *value);
static void add_cell(struct vfp_print *p, size_t size);
static char *room_for(struct vfp_print *p, size_t size);
static void print_json(json_object *object);
static void finish(struct vfp_print *p);
static const char *cell(const struct vfp_print *p, size_t row, size_t column);
static void print_table(struct vfp_print *p);

struct vfp_print *vfp_print_begin(const struct vfp_column *columns, size_t n, bool json)
{
	struct vfp_print *p = vfp_alloc(1, sizeof(*p));

	p->columns = columns;
	p->n_columns = n;
	p->rows = json ? json_object_new_array() : NULL;
	return p;
}

void vfp_print_text(struct vfp_print *p, const char *fmt, ...)
{
	size_t size = 64;
	va_list ap;
	char *text;
	int length;

	/* Written where the cell will be: a table may have hundreds of thousands. */
	do {
		text = room_for(p, size);
		va_start(ap, fmt);
		length = vsnprintf(text, size, fmt, ap);
		va_end(ap);
		if (length < 0)
			abort();
	} while ((size_t)length >= size && (size = (size_t)length + 1));
	if (p->rows)
		add(p, text, *text ? json_object_new_string(text) : NULL);
	else
		add_cell(p, (size_t)length + 1);
}

void vfp_print_number(struct vfp_print *p, int64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, value);
	add(p, text, p->rows ? json_object_new_int64(value) : NULL);
}

void vfp_print_bool(struct vfp_print *p, bool value)
{
	add(p, value ? "yes" : "no", p->rows ? json_object_new_boolean(value) : NULL);
}

/* One of them by itself: an item's key is its column's. */
void vfp_print_item(struct vfp_print *p, const struct vfp_item *item)
{
	if (item->kind == VFP_ITEM_NUMBER)
		vfp_print_number(p, item->number);
	else if (item->kind == VFP_ITEM_BOOL)
		vfp_print_bool(p, item->number != 0);
	else
		vfp_print_text(p, "%s", item->kind == VFP_ITEM_TEXT ? item->text : "");
}

static json_object *item_json(const struct vfp_item *item)
{
	switch (item->kind) {
	case VFP_ITEM_TEXT:
		return json_object_new_string(item->text);
	case VFP_ITEM_NUMBER:
		return json_object_new_int64(item->number);
	case VFP_ITEM_BOOL:
		return json_object_new_boolean(item->number != 0);
	case VFP_ITEM_NONE:
		break;
	}
	return NULL;
}

void vfp_print_items(struct vfp_print *p, const struct vfp_item *items, size_t n)
{
	json_object *object = p->rows ? json_object_new_object() : NULL;
	vfp_autofree char *text = vfp_strdup("");

	for (size_t i = 0; i < n; i++) {
		vfp_autofree char *before = text;
		json_object *value = item_json(&items[i]);

		text = vfp_format("%s%s%s=%s", before, *before ? ", " : "", items[i].key,
				  !value ? ""
				  : items[i].kind == VFP_ITEM_TEXT
					  ? items[i].text
					  : json_object_to_json_string(value));
		if (object)
			json_object_object_add(object, items[i].key, value);
		else
			json_object_put(value);
	}
	add(p, text, object);
}

void vfp_print_time(struct vfp_print *p, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	char text[64] = "";
	struct tm tm;

	if (ms && p->rows)
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &tm));
	else if (ms)
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", localtime_r(&seconds, &tm));
	vfp_print_text(p, "%s", text);
}

void vfp_print_flush(struct vfp_print *p)
{
	const size_t n_rows = p->rows ? json_object_array_length(p->rows) : 0;

	for (size_t i = 0; i < n_rows; i++)
		puts(json_object_to_json_string_ext(json_object_array_get_idx(p->rows, i),
						    JSON_C_TO_STRING_PLAIN |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
	if (p->rows) {
		json_object_put(p->rows);
		p->rows = json_object_new_array();
	} else {
		print_table(p);
	}
	p->n_cells = p->texts_size = 0;
	p->is_flushed = true;
	fflush(stdout);
}

void vfp_print_end(struct vfp_print *p)
{
	assert(p->n_cells % p->n_columns == 0);
	if (p->is_flushed)
		vfp_print_flush(p);
	else if (p->rows)
		print_json(p->rows);
	else
		print_table(p);
	finish(p);
}

void vfp_print_end_one(struct vfp_print *p)
{
	int width = 0;

	assert(p->n_cells == p->n_columns);
	if (p->rows)
		print_json(p->row);
	for (size_t i = 0; i < p->n_columns; i++)
		if ((int)strlen(p->columns[i].head) > width)
			width = (int)strlen(p->columns[i].head);
	for (size_t i = 0; !p->rows && i < p->n_columns; i++)
		printf("%s:%*s %s\n", p->columns[i].head, width - (int)strlen(p->columns[i].head),
		       "", cell(p, 0, i));
	finish(p);
}

static void print_json(json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void finish(struct vfp_print *p)
{
	json_object_put(p->rows);
	free(p->texts);
	free(p->cells);
	free(p->widths);
	free(p);
}

/* Takes @value over. */
static void add(struct vfp_print *p, const char *text, json_object *value)
{
	const size_t size = strlen(text) + 1;
	size_t column;

	if (!p->rows) {
		memcpy(room_for(p, size), text, size);
		add_cell(p, size);
		return;
	}
	column = p->n_cells++ % p->n_columns;
	if (column == 0) {
		p->row = json_object_new_object();
		json_object_array_add(p->rows, p->row);
	}
	json_object_object_add(p->row, p->columns[column].key, value);
}

/* The end of the texts, with room for @size bytes more. */
static char *room_for(struct vfp_print *p, size_t size)
{
	if (p->texts_room - p->texts_size < size) {
		p->texts_room = p->texts_room * 2 + size;
		p->texts = vfp_realloc(p->texts, p->texts_room, 1);
	}
	return p->texts + p->texts_size;
}

/* The cell of a table whose @size bytes stand at the end of the texts. */
static void add_cell(struct vfp_print *p, size_t size)
{
	if (p->n_cells == p->cells_room) {
		p->cells_room = p->cells_room * 2 + p->n_columns;
		p->cells = vfp_realloc(p->cells, p->cells_room, sizeof(*p->cells));
	}
	p->cells[p->n_cells++] = p->texts_size;
	p->texts_size += size;
}

static const char *cell(const struct vfp_print *p, size_t row, size_t column)
{
	const char *text = p->texts + p->cells[row * p->n_columns + column];

	return *text ? text : "-";
}

/* The last column is not padded: it may be long. */
static void print_line(const struct vfp_print *p, const size_t *widths, const char *const *texts)
{
	for (size_t i = 0; i + 1 < p->n_columns; i++) {
		fputs(texts[i], stdout);
		for (size_t width = strlen(texts[i]); width < widths[i] + 2; width++)
			putc_unlocked(' ', stdout);
	}
	fputs(texts[p->n_columns - 1], stdout);
	putc_unlocked('\n', stdout);
}

static void print_table(struct vfp_print *p)
{
	vfp_autofree const char **texts = vfp_alloc(p->n_columns, sizeof(*texts));
	const size_t n_rows = p->n_cells / p->n_columns;
	const bool is_begun = p->widths;

	if (!is_begun)
		p->widths = vfp_alloc(p->n_columns, sizeof(*p->widths));
	for (size_t i = 0; i < p->n_columns; i++) {
		texts[i] = p->columns[i].head;
		if (strlen(texts[i]) > p->widths[i])
			p->widths[i] = strlen(texts[i]);
		for (size_t row = 0; row < n_rows; row++)
			if (strlen(cell(p, row, i)) > p->widths[i])
				p->widths[i] = strlen(cell(p, row, i));
	}
	if (!is_begun)
		print_line(p, p->widths, texts);
	for (size_t row = 0; row < n_rows; row++) {
		for (size_t i = 0; i < p->n_columns; i++)
			texts[i] = cell(p, row, i);
		print_line(p, p->widths, texts);
	}
}
