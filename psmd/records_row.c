/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* records_row.c - parameters into a statement, columns out of its rows. */

#include <stdlib.h>
#include <string.h>

#include "psmd/log.h"
#include "psmd/records_sql.h"

struct call
call_begin(struct sql *sql, enum stmt which)
{
	struct call call = { .sql = sql };

	call.err = sql_ready(sql, which, &call.stmt);
	return call;
}

/* Bindings fail only for want of memory, or of a parameter to bind. */
static void
check_bound(struct call *call, int rc)
{
	call->err = sql_err(call->sql->db, rc, sqlite3_sql(call->stmt));
}

void
put_text(struct call *call, const char *text)
{
	if (call->err == REC_OK)
		check_bound(call, sqlite3_bind_text(call->stmt, ++call->put,
		                                    text, -1, SQLITE_STATIC));
}

void
put_number(struct call *call, int64_t number)
{
	if (call->err == REC_OK)
		check_bound(call, sqlite3_bind_int64(call->stmt, ++call->put,
		                                     number));
}

void
put_blob(struct call *call, const void *data, size_t len)
{
	if (call->err == REC_OK)
		check_bound(call, sqlite3_bind_blob64(call->stmt, ++call->put,
		                                      data, len,
		                                      SQLITE_STATIC));
}

enum rec_err
call_run(struct call *call)
{
	if (call->err == REC_OK)
		return call->err = sql_run(call->sql, call->stmt);
	return call_end(call);
}

bool
call_row(struct call *call)
{
	if (call->err == REC_OK)
		call->err = sql_step(call->sql, call->stmt);
	call->got = 0;
	return call->err == REC_OK;
}

enum rec_err
call_end(struct call *call)
{
	if (call->stmt != NULL)
		sql_reset(call->stmt);
	return call->err;
}

enum rec_err
call_end_rows(struct call *call)
{
	enum rec_err err = call_end(call);

	return err == REC_NOT_FOUND ? REC_OK : err;
}

static void
fail_damaged(struct call *call)
{
	log_line(LOG_FAILED, "records: damaged: %s", sqlite3_sql(call->stmt));
	call->err = REC_FAILED;
}

void
get_text(struct call *call, char *buf, size_t size)
{
	const unsigned char *text;
	size_t len;
	int at = call->got++;

	if (call->err != REC_OK)
		return;
	text = sqlite3_column_text(call->stmt, at);
	len = (size_t)sqlite3_column_bytes(call->stmt, at);
	if (len >= size) {
		fail_damaged(call);
		return;
	}
	memset(buf, 0, size);
	if (text != NULL)
		memcpy(buf, text, len);
}

int64_t
get_number(struct call *call)
{
	int at = call->got++;

	return call->err == REC_OK ? sqlite3_column_int64(call->stmt, at) : 0;
}

void
get_fixed(struct call *call, unsigned char *buf, size_t size)
{
	int at = call->got++;

	if (call->err != REC_OK)
		return;
	if ((size_t)sqlite3_column_bytes(call->stmt, at) != size)
		fail_damaged(call);
	else
		memcpy(buf, sqlite3_column_blob(call->stmt, at), size);
}

void *
get_blob(struct call *call, size_t *ret_len)
{
	int at = call->got++;
	const void *data;
	unsigned char *copy;
	size_t len;

	if (call->err != REC_OK ||
	    sqlite3_column_type(call->stmt, at) == SQLITE_NULL)
		return NULL;
	data = sqlite3_column_blob(call->stmt, at);
	len = (size_t)sqlite3_column_bytes(call->stmt, at);
	if ((copy = malloc(len + 1)) == NULL) {
		call->err = REC_FAILED;
		return NULL;
	}
	if (data != NULL)
		memcpy(copy, data, len);
	copy[len] = '\0';
	if (ret_len != NULL)
		*ret_len = len;
	return copy;
}

/* RETURNING has its row before the change is done with: step to the end. */
enum rec_err
counter_next(struct sql *sql, const char *name, int64_t *ret_value)
{
	struct call call = call_begin(sql, STMT_COUNTER_NEXT);
	int64_t value = 0;

	put_text(&call, name);
	if (call_row(&call)) {
		value = get_number(&call);
		call_row(&call);
	} else if (call.err == REC_NOT_FOUND) {
		call.err = REC_FAILED;
	}
	if (call_end_rows(&call) != REC_OK)
		return call.err;
	*ret_value = value;
	return REC_OK;
}
