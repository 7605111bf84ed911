/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* records_account.c - accounts. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "psmd/records_sql.h"
#include "psmd/text.h"

bool
account_name_valid(const char *name)
{
	return text_is_line(name, ACCOUNT_NAME_MAX) &&
	       strchr(name, ':') == NULL;
}

static bool
read_account(struct call *call, struct account *a)
{
	if (!call_row(call))
		return false;
	get_text(call, a->name, sizeof a->name);
	a->privileges = (unsigned)get_number(call);
	a->enabled = get_number(call) != 0;
	get_text(call, a->hash, sizeof a->hash);
	get_text(call, a->ha1_md5, sizeof a->ha1_md5);
	get_text(call, a->ha1_sha256, sizeof a->ha1_sha256);
	get_text(call, a->realm, sizeof a->realm);
	a->has_digest = a->ha1_sha256[0] != '\0';
	a->failures = (unsigned)get_number(call);
	a->locked_until = get_number(call);
	a->created = get_number(call);
	a->changed = get_number(call);
	a->generation = get_number(call);
	return call->err == REC_OK;
}

/* NULL for a text that is not there. */
static void
put_ha1(struct call *call, const struct account *a, const char *ha1)
{
	put_text(call, a->has_digest && ha1[0] != '\0' ? ha1 : NULL);
}

static void
put_account(struct call *call, const struct account *a, int64_t generation)
{
	put_text(call, a->name);
	put_number(call, a->privileges);
	put_number(call, a->enabled);
	put_text(call, a->hash);
	put_ha1(call, a, a->ha1_md5);
	put_ha1(call, a, a->ha1_sha256);
	put_text(call, a->realm);
	put_number(call, time(NULL));
	put_number(call, generation);
}

/* Accounts are changed by commands: whoever may write to the file. */
static const struct rec_actor local = { "", "local" };
/* They are locked by whoever tries passwords. */
static const struct rec_actor nobody = { "", "" };

/* In a transaction. The generation is counted over all accounts: one that is
 * removed and made again has another. */
static enum rec_err
write_account(struct sql *sql, enum stmt which, const struct account *a)
{
	struct call call;
	int64_t generation;
	enum rec_err err = counter_next(sql, "generation", &generation);

	if (err != REC_OK)
		return err;
	call = call_begin(sql, which);
	put_account(&call, a, generation);
	return call_run(&call);
}

static enum rec_err
add_account(struct sql *sql, const struct account *a)
{
	enum rec_err err = write_account(sql, STMT_ACCOUNT_ADD, a);

	if (err != REC_OK)
		return err;
	return audit_append(sql, &local, "account.add", a->name,
	                    "uid=%ju privileges=%#x enabled=%d digest=%d",
	                    (uintmax_t)getuid(), a->privileges, a->enabled,
	                    a->has_digest);
}

enum rec_err
records_account_add(struct records *r, const struct account *a)
{
	enum rec_err err = sql_begin(&r->writer);

	if (err != REC_OK)
		return err;
	return sql_end(&r->writer, add_account(&r->writer, a));
}

static enum rec_err
get_account(struct sql *sql, const char *name, struct account *a)
{
	struct call call = call_begin(sql, STMT_ACCOUNT_GET);

	put_text(&call, name);
	read_account(&call, a);
	return call_end(&call);
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

enum rec_err
records_account_rehash(struct records *r, const char *name, const char *old,
                       const char *hash)
{
	struct call call;
	enum rec_err err = sql_begin(&r->writer);

	if (err != REC_OK)
		return err;
	call = call_begin(&r->writer, STMT_ACCOUNT_REHASH);
	put_text(&call, name);
	put_text(&call, old);
	put_text(&call, hash);
	return sql_end(&r->writer, call_run(&call));
}

static enum rec_err
remove_account(struct sql *sql, const char *name)
{
	struct call call = call_begin(sql, STMT_ACCOUNT_REMOVE);

	put_text(&call, name);
	if (call_run(&call) != REC_OK)
		return call.err;
	return audit_append(sql, &local, "account.remove", name, "uid=%ju",
	                    (uintmax_t)getuid());
}

enum rec_err
records_account_remove(struct records *r, const char *name)
{
	enum rec_err err = sql_begin(&r->writer);

	if (err != REC_OK)
		return err;
	return sql_end(&r->writer, remove_account(&r->writer, name));
}

/* What is read so far; its room doubles. */
struct list {
	struct account *accounts;
	size_t n, room;
};

/* HA1 is as good as a password: no copy of it stays. */
static void
list_clear(struct list *list)
{
	if (list->accounts != NULL)
		sodium_memzero(list->accounts,
		               list->room * sizeof *list->accounts);
	free(list->accounts);
}

static bool
grow(struct list *list)
{
	struct list grown = { NULL, list->n,
		              list->room == 0 ? 16 : 2 * list->room };

	if (list->n < list->room)
		return true;
	grown.accounts = calloc(grown.room, sizeof *grown.accounts);
	if (grown.accounts == NULL)
		return false;
	if (list->n > 0)
		memcpy(grown.accounts, list->accounts,
		       list->n * sizeof *grown.accounts);
	list_clear(list);
	*list = grown;
	return true;
}

static enum rec_err
read_list(struct sql *sql, struct list *list)
{
	struct call call = call_begin(sql, STMT_ACCOUNT_LIST);

	while (call.err == REC_OK) {
		if (!grow(list))
			call.err = REC_FAILED;
		else if (read_account(&call, &list->accounts[list->n]))
			list->n++;
	}
	return call_end_rows(&call);
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
		list_clear(&list);
		return err;
	}
	*ret_accounts = list.accounts;
	*ret_n = list.n;
	return REC_OK;
}

static enum rec_err
set_failures(struct sql *sql, const struct account *a)
{
	struct call call = call_begin(sql, STMT_ACCOUNT_FAILURES);

	put_text(&call, a->name);
	put_number(&call, a->failures);
	put_number(&call, a->locked_until);
	return call_run(&call);
}

static void
take_over(struct account *a, const struct account *from, unsigned which)
{
	if ((which & CHANGE_PRIVILEGES) != 0)
		a->privileges = from->privileges;
	if ((which & CHANGE_ENABLED) != 0)
		a->enabled = from->enabled;
	if ((which & CHANGE_LOCK) != 0) {
		a->failures = 0;
		a->locked_until = 0;
	}
	if ((which & CHANGE_PASSWORD) == 0)
		return;
	memcpy(a->hash, from->hash, sizeof a->hash);
	a->has_digest = from->has_digest;
	memcpy(a->ha1_md5, from->ha1_md5, sizeof a->ha1_md5);
	memcpy(a->ha1_sha256, from->ha1_sha256, sizeof a->ha1_sha256);
	memcpy(a->realm, from->realm, sizeof a->realm);
}

static enum rec_err
audit_change(struct sql *sql, const struct account *a, unsigned which)
{
	return audit_append(sql, &local, "account.change", a->name,
	                    "uid=%ju privileges=%#x enabled=%d digest=%d"
	                    " password=%s lock=%s",
	                    (uintmax_t)getuid(), a->privileges, a->enabled,
	                    a->has_digest,
	                    (which & CHANGE_PASSWORD) != 0 ? "new" : "kept",
	                    (which & CHANGE_LOCK) != 0 ? "ended" : "kept");
}

static enum rec_err
change_account(struct sql *sql, const struct account *from, unsigned which)
{
	struct account a;
	enum rec_err err = get_account(sql, from->name, &a);

	if (err == REC_OK) {
		take_over(&a, from, which);
		err = write_account(sql, STMT_ACCOUNT_CHANGE, &a);
	}
	if (err == REC_OK && (which & CHANGE_LOCK) != 0)
		err = set_failures(sql, &a);
	if (err == REC_OK)
		err = audit_change(sql, &a, which);
	sodium_memzero(&a, sizeof a);
	return err;
}

enum rec_err
records_account_change(struct records *r, const struct account *a,
                       unsigned which)
{
	enum rec_err err = sql_begin(&r->writer);

	if (err != REC_OK)
		return err;
	return sql_end(&r->writer, change_account(&r->writer, a, which));
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
	int64_t unknown;
	bool known, locked = false;
	enum rec_err err = sql_begin(&r->writer);

	if (err != REC_OK)
		return err;
	err = get_account(&r->writer, name, &a);
	known = err == REC_OK;
	if (known) {
		locked = count_failure(&a, limit, now, seconds);
		err = set_failures(&r->writer, &a);
		if (err == REC_OK && locked)
			err = audit_append(&r->writer, &nobody, "account.lock",
			                   name, "seconds=%u", seconds);
	} else if (err == REC_NOT_FOUND) {
		err = counter_next(&r->writer, "unknown-name", &unknown);
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
