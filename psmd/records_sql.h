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
#include <stdatomic.h>

#include <sqlite3.h>

#include "psmd/records.h"

enum { WAIT_SECONDS = 10 };

enum stmt {
	STMT_BEGIN,
	STMT_COMMIT,
	STMT_ROLLBACK,
	STMT_COUNTER_NEXT,
	STMT_COUNTER_RAISE,
	STMT_COUNTER_GET,
	STMT_ACCOUNT_GET,
	STMT_ACCOUNT_LIST,
	STMT_ACCOUNT_ADD,
	STMT_ACCOUNT_CHANGE,
	STMT_ACCOUNT_REHASH,
	STMT_ACCOUNT_FAILURES,
	STMT_ACCOUNT_REMOVE,
	STMT_ORDER_ADD,
	STMT_ORDER_REPEATED,
	STMT_ORDER_GET,
	STMT_ORDER_FIND,
	STMT_ORDER_LIST,
	STMT_ORDER_LIST_STATE,
	STMT_ORDER_LIST_ACCOUNT,
	STMT_ORDER_LIST_BOTH,
	STMT_ORDER_WAITING,
	STMT_ORDER_STATE,
	STMT_ORDER_DECIDE,
	STMT_ORDER_ISSUED,
	STMT_ORDER_RECKON,
	STMT_CERT_ADD,
	STMT_CERT_GET,
	STMT_CERT_FIND,
	STMT_CERT_LIST,
	STMT_CERT_STATE,
	STMT_CERT_REVOKE,
	STMT_CERT_REVOKED,
	STMT_CERT_ADD_USER,
	STMT_CERT_MAY_USE,
	STMT_CERT_USERS,
	STMT_PKCS12_GET,
	STMT_PKCS12_ADD,
	STMT_PKCS12_CLAIM,
	STMT_PKCS12_CLAIMED,
	STMT_PKCS12_DONE,
	STMT_PKCS12_LEAVE,
	STMT_PKCS12_STATE,
	STMT_PKCS12_DECIDE,
	STMT_PKCS12_WAITING,
	STMT_PKCS12_INFO,
	STMT_AUDIT_LAST,
	STMT_AUDIT_ADD,
	STMT_AUDIT_LIST,
	STMT_N
};

extern const char *const sql_texts[STMT_N];

struct sql {
	sqlite3 *db;
	pthread_mutex_t lock;
	sqlite3_stmt *stmts[STMT_N]; /* prepared at the first use */
};

struct records {
	struct sql reader, writer;
	/* PKCS#12 files that are being made */
	char *claims_path;
	atomic_int claims_fd; /* opened under the writer's lock; -1: not yet */
};

/* Run text that has no parameters. */
enum rec_err sql_exec(sqlite3 *db, const char *text);
/* A number: the first column of the first row. */
enum rec_err sql_number(sqlite3 *db, const char *text, int64_t *ret_number);

/* What SQLite's answer means; writes the log a line when it is REC_FAILED. */
enum rec_err sql_err(sqlite3 *db, int rc, const char *doing);

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

/* A statement with its parameters put in one after the other, and the columns
 * of a row read one after the other. After an error the rest does nothing, and
 * what is read is 0, NULL or as it was. What is put in stays the caller's until
 * the end. */
struct call {
	struct sql *sql;
	sqlite3_stmt *stmt;
	int put, got;
	enum rec_err err;
};

struct call call_begin(struct sql *sql, enum stmt which);
void put_text(struct call *call, const char *text); /* NULL: NULL */
void put_number(struct call *call, int64_t number);
void put_blob(struct call *call, const void *data, size_t len);
/* Its end, of one without rows. As sql_run(). */
enum rec_err call_run(struct call *call);
/* The next row; false: an error, or REC_NOT_FOUND when there is none. */
bool call_row(struct call *call);
/* Text as long as buf takes, NULL as "". */
void get_text(struct call *call, char *buf, size_t size);
int64_t get_number(struct call *call);
/* Exactly size bytes. */
void get_fixed(struct call *call, unsigned char *buf, size_t size);
/* A copy with a NUL behind it, to be freed; of NULL there is none. ret_len may
 * be NULL. */
void *get_blob(struct call *call, size_t *ret_len);
/* The end, of one with rows. Returns err; the second, for all of the rows:
 * there being no more is fine. */
enum rec_err call_end(struct call *call);
enum rec_err call_end_rows(struct call *call);

/* Count a counter up. */
enum rec_err counter_next(struct sql *sql, const char *name,
                          int64_t *ret_value);

/* An entry of the audit trail, in the transaction of what it records. */
enum rec_err audit_append(struct sql *sql, const struct rec_actor *actor,
                          const char *action, const char *object,
                          const char *format, ...)
	__attribute__((format(printf, 5, 6)));

struct cert_new;

/* A certificate and its entry, likewise. order 0: of none. REC_SERIAL. */
enum rec_err cert_append(struct sql *sql, const struct rec_actor *actor,
                         const struct cert_new *cert, const char *account,
                         int64_t order, int64_t *ret_id);

/* Bring the file up to today's layout. REC_FAILED: it is not psmd's. */
enum rec_err schema_bring_up(sqlite3 *db, bool create);

#endif
