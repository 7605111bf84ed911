/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* records_account.c - accounts. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "json/json.h"
#include "psmd/log.h"
#include "psmd/records_sql.h"

bool
account_name_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > ACCOUNT_NAME_MAX || !pj_is_utf8(name))
		return false;
	for (const char *p = name; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (c < 0x20 || c == 0x7f || c == ':' ||
		    (c == 0xc2 && (unsigned char)p[1] < 0xa0)) /* C1 */
			return false;
	}
	return true;
}

/* Text as long as its buffer takes, NULL as "". */
static bool
read_text(sqlite3_stmt *stmt, int column, char *buf, size_t size)
{
	const unsigned char *text = sqlite3_column_text(stmt, column);
	size_t len = (size_t)sqlite3_column_bytes(stmt, column);

	if (len >= size)
		return false;
	memset(buf, 0, size);
	if (text != NULL)
		memcpy(buf, text, len);
	return true;
}

static enum rec_err
read_account(sqlite3_stmt *stmt, struct account *a)
{
	if (!read_text(stmt, 0, a->name, sizeof a->name) ||
	    !read_text(stmt, 3, a->hash, sizeof a->hash) ||
	    !read_text(stmt, 4, a->ha1_md5, sizeof a->ha1_md5) ||
	    !read_text(stmt, 5, a->ha1_sha256, sizeof a->ha1_sha256) ||
	    !read_text(stmt, 6, a->realm, sizeof a->realm)) {
		log_line(LOG_FAILED, "records: an account is damaged");
		return REC_FAILED;
	}
	a->privileges = (unsigned)sqlite3_column_int64(stmt, 1);
	a->enabled = sqlite3_column_int(stmt, 2) != 0;
	a->has_digest = a->ha1_sha256[0] != '\0';
	a->failures = (unsigned)sqlite3_column_int64(stmt, 7);
	a->locked_until = sqlite3_column_int64(stmt, 8);
	a->created = sqlite3_column_int64(stmt, 9);
	a->changed = sqlite3_column_int64(stmt, 10);
	a->generation = sqlite3_column_int64(stmt, 11);
	return REC_OK;
}

/* The text is the caller's until the statement is reset. */
static bool
bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
	return sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC) ==
	       SQLITE_OK;
}

/* NULL for a text that is not there. */
static bool
bind_ha1(sqlite3_stmt *stmt, int at, const struct account *a, const char *ha1)
{
	return bind_text(stmt, at,
	                 a->has_digest && ha1[0] != '\0' ? ha1 : NULL);
}

static bool
bind_number(sqlite3_stmt *stmt, int at, int64_t number)
{
	return sqlite3_bind_int64(stmt, at, number) == SQLITE_OK;
}

static bool
bind_account(sqlite3_stmt *stmt, const struct account *a, int64_t generation)
{
	return bind_text(stmt, 1, a->name) &&
	       bind_number(stmt, 2, a->privileges) &&
	       bind_number(stmt, 3, a->enabled) &&
	       bind_text(stmt, 4, a->hash) &&
	       bind_ha1(stmt, 5, a, a->ha1_md5) &&
	       bind_ha1(stmt, 6, a, a->ha1_sha256) &&
	       bind_text(stmt, 7, a->realm) &&
	       bind_number(stmt, 8, time(NULL)) &&
	       bind_number(stmt, 9, generation);
}

/* Counted over all accounts: one that is removed and made again has another. */
static enum rec_err
next_generation(struct sql *sql, int64_t *ret_generation)
{
	sqlite3_stmt *stmt;
	enum rec_err err = sql_ready(sql, STMT_NEXT_GENERATION, &stmt);

	if (err != REC_OK)
		return err;
	if ((err = sql_step(sql, stmt)) == REC_OK)
		*ret_generation = sqlite3_column_int64(stmt, 0);
	sql_reset(stmt);
	return err == REC_NOT_FOUND ? REC_FAILED : err;
}

/* Add or change, in a transaction. */
static enum rec_err
write_account(struct sql *sql, enum stmt which, const struct account *a)
{
	sqlite3_stmt *stmt;
	int64_t generation;
	enum rec_err err;

	if ((err = next_generation(sql, &generation)) != REC_OK ||
	    (err = sql_ready(sql, which, &stmt)) != REC_OK)
		return err;
	if (!bind_account(stmt, a, generation)) {
		sql_reset(stmt);
		return REC_FAILED;
	}
	return sql_run(sql, stmt);
}

static enum rec_err
write_whole(struct records *r, enum stmt which, const struct account *a)
{
	enum rec_err err = sql_begin(&r->writer);

	if (err != REC_OK)
		return err;
	return sql_end(&r->writer, write_account(&r->writer, which, a));
}

enum rec_err
records_account_add(struct records *r, const struct account *a)
{
	return write_whole(r, STMT_ACCOUNT_ADD, a);
}

enum rec_err
records_account_change(struct records *r, const struct account *a)
{
	return write_whole(r, STMT_ACCOUNT_CHANGE, a);
}

static enum rec_err
get_account(struct sql *sql, const char *name, struct account *a)
{
	sqlite3_stmt *stmt;
	enum rec_err err = sql_ready(sql, STMT_ACCOUNT_GET, &stmt);

	if (err != REC_OK)
		return err;
	err = bind_text(stmt, 1, name) ? sql_step(sql, stmt) : REC_FAILED;
	if (err == REC_OK)
		err = read_account(stmt, a);
	sql_reset(stmt);
	return err;
}

enum rec_err
records_account_get(struct records *r, const char *name,
                    struct account *ret_account)
{
	struct account a;
	enum rec_err err = sql_enter(&r->reader);

	if (err != REC_OK)
		return err;
	if ((err = get_account(&r->reader, name, &a)) == REC_OK)
		*ret_account = a;
	sql_leave(&r->reader);
	sodium_memzero(&a, sizeof a);
	return err;
}

/* Run a statement whose parameters are the n texts, in a transaction. */
static enum rec_err
write_texts(struct records *r, enum stmt which, const char *const *texts,
            int n)
{
	sqlite3_stmt *stmt;
	enum rec_err err = sql_begin(&r->writer);
	bool bound = true;

	if (err != REC_OK)
		return err;
	if ((err = sql_ready(&r->writer, which, &stmt)) == REC_OK) {
		for (int i = 0; i < n; i++)
			bound = bound && bind_text(stmt, i + 1, texts[i]);
		err = bound ? sql_run(&r->writer, stmt) : REC_FAILED;
	}
	return sql_end(&r->writer, err);
}

enum rec_err
records_account_rehash(struct records *r, const char *name, const char *old,
                       const char *hash)
{
	const char *const texts[] = { name, old, hash };

	return write_texts(r, STMT_ACCOUNT_REHASH, texts, 3);
}

enum rec_err
records_account_remove(struct records *r, const char *name)
{
	return write_texts(r, STMT_ACCOUNT_REMOVE, &name, 1);
}

/* What is read so far; its room doubles. */
struct list {
	struct account *accounts;
	size_t n, room;
};

static enum rec_err
append_account(sqlite3_stmt *stmt, struct list *list)
{
	if (list->n == list->room) {
		size_t room = list->room == 0 ? 16 : 2 * list->room;
		struct account *grown = reallocarray(list->accounts, room,
		                                     sizeof *grown);

		if (grown == NULL)
			return REC_FAILED;
		list->accounts = grown;
		list->room = room;
	}
	return read_account(stmt, &list->accounts[list->n++]);
}

static enum rec_err
read_list(struct sql *sql, struct list *list)
{
	sqlite3_stmt *stmt;
	enum rec_err err = sql_ready(sql, STMT_ACCOUNT_LIST, &stmt);

	if (err != REC_OK)
		return err;
	while ((err = sql_step(sql, stmt)) == REC_OK &&
	       (err = append_account(stmt, list)) == REC_OK)
		continue;
	sql_reset(stmt);
	return err == REC_NOT_FOUND ? REC_OK : err;
}

enum rec_err
records_account_list(struct records *r, struct account **ret_accounts,
                     size_t *ret_n)
{
	struct list list = { NULL, 0, 0 };
	enum rec_err err = sql_enter(&r->reader);

	if (err != REC_OK)
		return err;
	err = read_list(&r->reader, &list);
	sql_leave(&r->reader);
	if (err != REC_OK) {
		free(list.accounts);
		return err;
	}
	*ret_accounts = list.accounts;
	*ret_n = list.n;
	return REC_OK;
}

static enum rec_err
count_unknown(struct sql *sql)
{
	sqlite3_stmt *stmt;
	enum rec_err err = sql_ready(sql, STMT_COUNT_UNKNOWN, &stmt);

	return err == REC_OK ? sql_run(sql, stmt) : err;
}

static enum rec_err
set_failures(struct sql *sql, const struct account *a)
{
	sqlite3_stmt *stmt;
	enum rec_err err = sql_ready(sql, STMT_ACCOUNT_FAILURES, &stmt);

	if (err != REC_OK)
		return err;
	if (!bind_text(stmt, 1, a->name) ||
	    !bind_number(stmt, 2, a->failures) ||
	    !bind_number(stmt, 3, a->locked_until)) {
		sql_reset(stmt);
		return REC_FAILED;
	}
	return sql_run(sql, stmt);
}

/* One more; true: that locks it. A lock that is over counts from the start. */
static bool
count_failure(struct account *a, unsigned limit, int64_t now, unsigned seconds)
{
	bool locked = a->locked_until > now;

	if (a->locked_until != 0 && !locked) {
		a->failures = 0;
		a->locked_until = 0;
	}
	if (a->failures < UINT32_MAX)
		a->failures++;
	if (locked || a->failures < limit)
		return false;
	a->locked_until = now + seconds;
	return true;
}

enum rec_err
records_account_failed(struct records *r, const char *name, unsigned limit,
                       int64_t now, unsigned seconds, bool *ret_locked)
{
	struct account a;
	bool known, locked = false;
	enum rec_err err = sql_begin(&r->writer);

	if (err != REC_OK)
		return err;
	err = get_account(&r->writer, name, &a);
	known = err == REC_OK;
	if (known) {
		locked = count_failure(&a, limit, now, seconds);
		err = set_failures(&r->writer, &a);
	} else if (err == REC_NOT_FOUND) {
		err = count_unknown(&r->writer);
	}
	sodium_memzero(&a, sizeof a);
	if ((err = sql_end(&r->writer, err)) != REC_OK)
		return err;
	*ret_locked = locked;
	return known ? REC_OK : REC_NOT_FOUND;
}

enum rec_err
records_account_succeeded(struct records *r, const char *name)
{
	struct account a;
	enum rec_err err = sql_begin(&r->writer);

	if (err != REC_OK)
		return err;
	if ((err = get_account(&r->writer, name, &a)) == REC_OK &&
	    (a.failures != 0 || a.locked_until != 0)) {
		a.failures = 0;
		a.locked_until = 0;
		err = set_failures(&r->writer, &a);
	}
	sodium_memzero(&a, sizeof a);
	return sql_end(&r->writer, err);
}
