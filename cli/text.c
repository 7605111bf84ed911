/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* text.c - text for a terminal: escaped, aligned, armoured */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"

/* How many bytes at s to print as they are; 0: escape one byte. */
static size_t
safe_length(const unsigned char *s)
{
	size_t len = *s < 0x80 ? 1 : *s < 0xC2 ? 0 : *s < 0xE0 ? 2 :
	             *s < 0xF0 ? 3 : *s < 0xF5 ? 4 : 0;

	if (*s < 0x20 || *s == 0x7F)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	if (*s == 0xC2 && s[1] < 0xA0) /* U+0080 to U+009F: C1 */
		return 0;
	/* U+2028 to U+202E and U+2066 to U+2069: line and direction */
	if (*s == 0xE2 && ((s[1] == 0x80 && s[2] >= 0xA8 && s[2] <= 0xAE) ||
	                   (s[1] == 0x81 && s[2] >= 0xA6 && s[2] <= 0xA9)))
		return 0;
	return len;
}

void
put_text(FILE *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	while (s != NULL && *s != '\0') {
		size_t len = safe_length(s);

		if (len == 0) {
			fprintf(out, "\\x%02X", *s++);
			continue;
		}
		if (fwrite(s, 1, len, out) < len)
			return; /* out remembers the error */
		s += len;
	}
}

const char *
text_date(int64_t seconds, char buf[16])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(buf, 16, "%Y-%m-%d", &tm) == 0)
		strcpy(buf, "?");
	return buf;
}

const char *
text_key(enum psm_key_type type, unsigned bits, char buf[32])
{
	static const char *const names[] = {
		[PSM_KEY_RSA] = "RSA", [PSM_KEY_EC] = "EC",
		[PSM_KEY_DSA] = "DSA", [PSM_KEY_OTHER] = "other",
	};
	const char *name = names[type < COUNT(names) ? type : PSM_KEY_OTHER];

	if (bits == 0)
		snprintf(buf, 32, "%s", name);
	else
		snprintf(buf, 32, "%s %u", name, bits);
	return buf;
}

char *
text_pem(const char *label, const unsigned char *der, size_t len)
{
	json_t *base64 AUTO(json_free) = pj_base64(der, len);
	const char *body = json_string_value(base64);
	char *text = NULL;
	size_t size;
	FILE *out;

	if (body == NULL || (out = open_memstream(&text, &size)) == NULL)
		return NULL;
	fprintf(out, "-----BEGIN %s-----\n", label);
	for (size_t left = strlen(body); left > 0;) {
		int line = left < 64 ? (int)left : 64;

		fprintf(out, "%.*s\n", line, body);
		body += line;
		left -= (size_t)line;
	}
	fprintf(out, "-----END %s-----\n", label);
	if (fclose(out) != 0)
		text_free(&text);
	return text;
}

/* The text as it is printed, to be freed. */
static char *
escape(const char *text)
{
	char *escaped = NULL;
	size_t size;
	FILE *out = open_memstream(&escaped, &size);

	if (out == NULL)
		return NULL;
	put_text(out, text);
	if (fclose(out) != 0)
		text_free(&escaped);
	return escaped;
}

void
table_row(struct table *table, const char *const texts[])
{
	char *(*rows)[TABLE_COLUMNS] = reallocarray(table->cell,
	    table->n_rows + 1, sizeof *rows);

	if (rows == NULL) {
		table->failed = true;
		return;
	}
	table->cell = rows;
	memset(rows[table->n_rows], 0, sizeof rows[0]);
	for (size_t i = 0; i < table->n_columns; i++) {
		char *cell = escape(texts[i] != NULL ? texts[i] : "-");

		rows[table->n_rows][i] = cell;
		if (cell == NULL)
			table->failed = true;
	}
	table->n_rows++;
}

/* Characters, not bytes. */
static size_t
width(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += (*text & 0xC0) != 0x80;
	return n;
}

static size_t
column_width(const struct table *table, size_t column)
{
	size_t widest = 0;

	for (size_t i = 0; i < table->n_rows; i++) {
		size_t w = width(table->cell[i][column]);

		if (w > widest)
			widest = w;
	}
	return widest;
}

enum psm_err
table_print(const struct table *table, FILE *out)
{
	size_t widths[TABLE_COLUMNS] = { 0 };

	if (table->failed)
		return PSM_E_NO_MEMORY;
	if (table->n_rows == 1 && table->has_head)
		return PSM_OK;
	for (size_t c = 0; c + 1 < table->n_columns; c++)
		widths[c] = column_width(table, c) + 2;
	for (size_t r = 0; r < table->n_rows; r++) {
		for (size_t c = 0; c < table->n_columns; c++) {
			const char *cell = table->cell[r][c];
			size_t w = width(cell);

			fprintf(out, "%s%*s", cell, widths[c] > w ?
			        (int)(widths[c] - w) : 0, "");
		}
		putc('\n', out);
	}
	return PSM_OK;
}

void
table_clear(struct table *table)
{
	for (size_t r = 0; r < table->n_rows; r++)
		for (size_t c = 0; c < table->n_columns; c++)
			free(table->cell[r][c]);
	free(table->cell);
	memset(table, 0, sizeof *table);
}
