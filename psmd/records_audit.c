/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* records_audit.c - the audit trail: a chain of entries. */

#include "psmd/records_audit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "psmd/records_sql.h"

enum { HASH_SIZE = crypto_hash_sha256_BYTES, PAGE = 64, N_TEXTS = 5 };
_Static_assert(AUDIT_HASH_HEX == 2 * HASH_SIZE + 1, "and a NUL");

/* --- the chain ----------------------------------------------------------- */

static void
hash_number(crypto_hash_sha256_state *state, uint64_t number, unsigned size)
{
	unsigned char bytes[8];

	for (unsigned i = 0; i < size; i++)
		bytes[i] = (unsigned char)(number >> (8 * (size - 1 - i)));
	crypto_hash_sha256_update(state, bytes, size);
}

static void
hash_text(crypto_hash_sha256_state *state, const char *text)
{
	size_t len = strlen(text);

	hash_number(state, len, 4);
	crypto_hash_sha256_update(state, (const unsigned char *)text, len);
}

/* From the hash of the entry before, in hash, to that of this one. */
static void
hash_entry(const struct audit_entry *entry, unsigned char hash[HASH_SIZE])
{
	crypto_hash_sha256_state state;

	crypto_hash_sha256_init(&state);
	crypto_hash_sha256_update(&state, hash, HASH_SIZE);
	hash_number(&state, (uint64_t)entry->number, 8);
	hash_number(&state, (uint64_t)entry->time, 8);
	hash_text(&state, entry->account);
	hash_text(&state, entry->address);
	hash_text(&state, entry->action);
	hash_text(&state, entry->object);
	hash_text(&state, entry->details);
	crypto_hash_sha256_final(&state, hash);
}

static enum rec_err
get_last_hash(struct sql *sql, unsigned char hash[HASH_SIZE])
{
	struct call call = call_begin(sql, STMT_AUDIT_LAST);

	memset(hash, 0, HASH_SIZE);
	if (call_row(&call))
		get_fixed(&call, hash, HASH_SIZE);
	return call_end_rows(&call);
}

static enum rec_err
append_entry(struct sql *sql, struct audit_entry *entry)
{
	unsigned char hash[HASH_SIZE];
	struct call call;
	enum rec_err err;

	if ((err = get_last_hash(sql, hash)) != REC_OK ||
	    (err = counter_next(sql, "audit", &entry->number)) != REC_OK)
		return err;
	hash_entry(entry, hash);
	call = call_begin(sql, STMT_AUDIT_ADD);
	put_number(&call, entry->number);
	put_number(&call, entry->time);
	put_text(&call, entry->account);
	put_text(&call, entry->address);
	put_text(&call, entry->action);
	put_text(&call, entry->object);
	put_text(&call, entry->details);
	put_blob(&call, hash, sizeof hash);
	return call_run(&call);
}

enum rec_err
audit_append(struct sql *sql, const struct rec_actor *actor, const char *action,
             const char *object, const char *format, ...)
{
	struct audit_entry entry = {
		.time = time(NULL),
		.account = actor->account,
		.address = actor->address,
		.action = action,
		.object = object,
	};
	char *details;
	enum rec_err err;
	va_list args;
	int len;

	va_start(args, format);
	len = vasprintf(&details, format, args);
	va_end(args);
	if (len < 0)
		return REC_FAILED;
	entry.details = details;
	err = append_entry(sql, &entry);
	free(details);
	return err;
}

enum rec_err
records_audit_add(struct records *r, const struct rec_actor *actor,
                  const char *action, const char *object, const char *details)
{
	enum rec_err err = sql_begin(&r->writer);

	if (err != REC_OK)
		return err;
	return sql_end(&r->writer, audit_append(&r->writer, actor, action,
	                                        object, "%s", details));
}

/* --- reading it ---------------------------------------------------------- */

/* Entries that own their texts, so that the database need not wait until
 * somebody has read them. */
struct page {
	struct audit_entry entries[PAGE];
	char *texts[PAGE * N_TEXTS];
	size_t n, n_texts;
};

static void
page_clear(struct page *page)
{
	for (size_t i = 0; i < page->n_texts; i++)
		free(page->texts[i]);
	page->n = page->n_texts = 0;
}

/* In a table that was made anew by force there may be no text, or a NUL within
 * one: no such thing was ever written. */
static const char *
read_text(struct call *call, struct page *page, bool *good)
{
	size_t len = 0;
	char *text = get_blob(call, &len);

	if (text == NULL) {
		*good = false;
		return "";
	}
	if (strlen(text) != len)
		*good = false;
	return page->texts[page->n_texts++] = text;
}

/* "", which is no entry's, when it is none. */
static void
read_hash(struct call *call, bool good, char hex[AUDIT_HASH_HEX])
{
	size_t len = 0;
	unsigned char *hash = get_blob(call, &len);

	hex[0] = '\0';
	if (good && hash != NULL && len == HASH_SIZE)
		sodium_bin2hex(hex, AUDIT_HASH_HEX, hash, HASH_SIZE);
	free(hash);
}

static bool
read_entry(struct call *call, struct page *page)
{
	struct audit_entry *entry = &page->entries[page->n];
	bool good = true;

	if (!call_row(call))
		return false;
	entry->number = get_number(call);
	entry->time = get_number(call);
	entry->account = read_text(call, page, &good);
	entry->address = read_text(call, page, &good);
	entry->action = read_text(call, page, &good);
	entry->object = read_text(call, page, &good);
	entry->details = read_text(call, page, &good);
	read_hash(call, good, entry->hash);
	return call->err == REC_OK;
}

/* The entries from the number from on, as many as a page takes. */
static enum rec_err
read_page(struct records *r, int64_t from, struct page *page)
{
	struct call call;
	enum rec_err err = sql_enter(&r->reader);

	if (err != REC_OK)
		return err;
	call = call_begin(&r->reader, STMT_AUDIT_LIST);
	put_number(&call, from);
	put_number(&call, PAGE);
	while (page->n < PAGE && read_entry(&call, page))
		page->n++;
	err = call_end_rows(&call);
	sql_leave(&r->reader);
	return err;
}

enum rec_err
records_audit_list(struct records *r, int64_t from,
                   bool (*fn)(const struct audit_entry *entry, void *arg),
                   void *arg)
{
	struct page *page = calloc(1, sizeof *page);
	enum rec_err err = REC_OK;
	bool more = page != NULL;

	while (more && (err = read_page(r, from, page)) == REC_OK) {
		more = page->n == PAGE &&
		       page->entries[PAGE - 1].number < INT64_MAX;
		if (more)
			from = page->entries[PAGE - 1].number + 1;
		for (size_t i = 0; i < page->n; i++)
			if (!fn(&page->entries[i], arg)) {
				more = false;
				break;
			}
		page_clear(page);
	}
	if (page == NULL)
		return REC_FAILED;
	page_clear(page);
	free(page);
	return err;
}

/* --- verifying it -------------------------------------------------------- */

struct walk {
	unsigned char hash[HASH_SIZE]; /* of the entry before */
	int64_t last;
	const char *noted;
	struct audit_check *check;
};

static bool
complain(struct walk *walk, enum audit_verdict verdict, int64_t number)
{
	walk->check->verdict = verdict;
	walk->check->number = number;
	return false;
}

static bool
verify_entry(const struct audit_entry *entry, void *arg)
{
	struct walk *walk = arg;
	char hex[AUDIT_HASH_HEX];

	if (entry->number != walk->last + 1)
		return complain(walk, AUDIT_MISSING, walk->last + 1);
	hash_entry(entry, walk->hash);
	sodium_bin2hex(hex, sizeof hex, walk->hash, sizeof walk->hash);
	if (strcmp(hex, entry->hash) != 0)
		return complain(walk, AUDIT_CHANGED, entry->number);
	if (walk->noted != NULL && strcasecmp(hex, walk->noted) == 0)
		walk->noted = NULL;
	walk->last = entry->number;
	memcpy(walk->check->hash, hex, sizeof hex);
	return true;
}

/* How many entries were written. */
static enum rec_err
count_entries(struct records *r, int64_t *ret_n)
{
	struct call call;
	enum rec_err err = sql_enter(&r->reader);

	if (err != REC_OK)
		return err;
	call = call_begin(&r->reader, STMT_COUNTER_GET);
	put_text(&call, "audit");
	if (call_row(&call))
		*ret_n = get_number(&call);
	err = call_end(&call);
	sql_leave(&r->reader);
	return err == REC_NOT_FOUND ? REC_FAILED : err;
}

enum rec_err
records_audit_verify(struct records *r, const char *noted,
                     struct audit_check *ret_check)
{
	struct audit_check check = { .verdict = AUDIT_INTACT };
	struct walk walk = { .noted = noted, .check = &check };
	int64_t written = 0;
	enum rec_err err;

	/* first, for others may add some on our way */
	if ((err = count_entries(r, &written)) != REC_OK ||
	    (err = records_audit_list(r, INT64_MIN, verify_entry, &walk)) !=
	            REC_OK)
		return err;
	if (check.verdict == AUDIT_INTACT) {
		check.number = walk.last;
		if (walk.last < written)
			complain(&walk, AUDIT_MISSING, walk.last + 1);
		else if (walk.noted != NULL)
			complain(&walk, AUDIT_UNKNOWN, 0);
	}
	*ret_check = check;
	return REC_OK;
}
