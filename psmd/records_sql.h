/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* records_sql.h - the records in SQLite, as records*.c see them.
 *
 * Two connections, each with a mutex: one writes, the other reads, so that a
 * request that looks up its account does not wait for a change to reach the
 * disk. A connection a thread would gain nothing more: look-ups take
 * microseconds, and SQLite lets one write at a time. */

#ifndef PSMD_RECORDS_SQL_H
#define PSMD_RECORDS_SQL_H

#include <pthread.h>

#include <sqlite3.h>

#include "psmd/records.h"

enum stmt {
	STMT_BEGIN,
	STMT_COMMIT,
	STMT_ROLLBACK,
	STMT_NEXT_GENERATION,
	STMT_COUNT_UNKNOWN,
	STMT_ACCOUNT_GET,
	STMT_ACCOUNT_LIST,
	STMT_ACCOUNT_ADD,
	STMT_ACCOUNT_CHANGE,
	STMT_ACCOUNT_REHASH,
	STMT_ACCOUNT_FAILURES,
	STMT_ACCOUNT_REMOVE,
	STMT_N
};

struct sql {
	sqlite3 *db;
	pthread_mutex_t lock;
	sqlite3_stmt *stmts[STMT_N]; /* prepared at the first use */
};

struct records {
	struct sql reader, writer;
};

/* Run text that has no parameters. */
enum rec_err sql_exec(sqlite3 *db, const char *text);
/* A number: the first column of the first row. */
enum rec_err sql_number(sqlite3 *db, const char *text, int64_t *ret_number);

/* Have the connection for this thread alone; REC_BUSY after ten seconds. */
enum rec_err sql_enter(struct sql *sql);
void sql_leave(struct sql *sql);
/* The same with a transaction, which ends well when err is REC_OK. Returns err,
 * or why the end did not work. */
enum rec_err sql_begin(struct sql *sql);
enum rec_err sql_end(struct sql *sql, enum rec_err err);

/* A statement that is ready for its parameters. */
enum rec_err sql_ready(struct sql *sql, enum stmt which,
                       sqlite3_stmt **ret_stmt);
/* Run it, and make it ready for another time. REC_NOT_FOUND: it changed no
 * row. */
enum rec_err sql_run(struct sql *sql, sqlite3_stmt *stmt);
/* The next row: REC_NOT_FOUND when there is none. */
enum rec_err sql_step(struct sql *sql, sqlite3_stmt *stmt);
void sql_reset(sqlite3_stmt *stmt);

/* Bring the file up to today's layout. REC_FAILED: it is not psmd's. */
enum rec_err schema_bring_up(sqlite3 *db, bool create);

#endif
