/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* records.c - SQLite: open, close, statements, transactions. */

#include "psmd/records.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "psmd/log.h"
#include "psmd/records_sql.h"

static const struct {
	unsigned bit;
	const char *name;
} privileges[] = {
	{ PRIV_SYSTEM, "system-control" },
	{ PRIV_ORDERS, "order-control" },
};

static const char *const texts[] = {
	[REC_OK] = "success",
	[REC_NOT_FOUND] = "there is none of that name",
	[REC_EXISTS] = "there is one of that name already",
	[REC_BUSY] = "the records are locked by another process",
	[REC_FULL] = "no room on the disk",
	[REC_READ_ONLY] = "the file may not be written",
	[REC_VERSION] = "the records were made by a later version of psmd",
	[REC_SERIAL] = "a certificate has that serial number already",
	[REC_STATE] = "that is decided already, or not to be decided yet",
	[REC_FAILED] = "the records cannot be read or written",
};

const char *
rec_strerror(enum rec_err err)
{
	return texts[err];
}

const char *
privilege_name(unsigned bit)
{
	for (size_t i = 0; i < sizeof privileges / sizeof *privileges; i++) {
		if (privileges[i].bit == bit)
			return privileges[i].name;
	}
	return NULL;
}

unsigned
privilege_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof privileges / sizeof *privileges; i++) {
		if (strcmp(privileges[i].name, name) == 0)
			return privileges[i].bit;
	}
	return 0;
}

/* Why the last write to the file, or the log beside it, went wrong. */
static int
last_errno(sqlite3 *db, int which_file)
{
	sqlite3_file *file = NULL;
	int why = 0;

	if (sqlite3_file_control(db, "main", which_file, &file) != SQLITE_OK ||
	    file == NULL || file->pMethods == NULL ||
	    file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO,
	                                 &why) != SQLITE_OK)
		return 0;
	return why;
}

/* SQLite knows ENOSPC alone; there are quotas and limits of a file's size. */
static bool
is_full(sqlite3 *db, int rc)
{
	static const int files[] = { SQLITE_FCNTL_FILE_POINTER,
		                     SQLITE_FCNTL_JOURNAL_POINTER };

	for (size_t i = 0; rc == SQLITE_IOERR_WRITE && i < 2; i++) {
		int why = last_errno(db, files[i]);

		if (why == ENOSPC || why == EDQUOT || why == EFBIG)
			return true;
	}
	return (rc & 0xff) == SQLITE_FULL || rc == SQLITE_IOERR_SHMSIZE;
}

enum rec_err
sql_err(sqlite3 *db, int rc, const char *doing)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return REC_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return REC_BUSY;
	case SQLITE_READONLY:
		return REC_READ_ONLY;
	case SQLITE_CONSTRAINT:
		if (rc == SQLITE_CONSTRAINT_UNIQUE)
			return REC_EXISTS;
		break;
	default:
		if (is_full(db, rc))
			return REC_FULL;
	}
	log_line(LOG_FAILED, "records: %s: %s (%d)", doing,
	         sqlite3_errmsg(db), rc);
	return REC_FAILED;
}

enum rec_err
sql_exec(sqlite3 *db, const char *text)
{
	return sql_err(db, sqlite3_exec(db, text, NULL, NULL, NULL), text);
}

enum rec_err
sql_number(sqlite3 *db, const char *text, int64_t *ret_number)
{
	sqlite3_stmt *stmt;
	int rc = sqlite3_prepare_v2(db, text, -1, &stmt, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		*ret_number = sqlite3_column_int64(stmt, 0);
	else if (rc == SQLITE_DONE)
		rc = SQLITE_CORRUPT;
	sqlite3_finalize(stmt);
	return sql_err(db, rc, text);
}

static enum rec_err
enter_until(struct sql *sql, const struct timespec *until)
{
	switch (pthread_mutex_timedlock(&sql->lock, until)) {
	case 0:
		return REC_OK;
	case ETIMEDOUT:
		return REC_BUSY;
	default:
		return REC_FAILED;
	}
}

/* From now on. */
static bool
set_until(struct timespec *until)
{
	if (clock_gettime(CLOCK_REALTIME, until) != 0)
		return false;
	until->tv_sec += WAIT_SECONDS;
	return true;
}

enum rec_err
sql_enter(struct sql *sql)
{
	struct timespec until;

	return set_until(&until) ? enter_until(sql, &until) : REC_FAILED;
}

void
sql_leave(struct sql *sql)
{
	pthread_mutex_unlock(&sql->lock);
}

enum rec_err
sql_ready(struct sql *sql, enum stmt which, sqlite3_stmt **ret_stmt)
{
	sqlite3_stmt **stmt = &sql->stmts[which];
	int rc = SQLITE_OK;

	if (*stmt == NULL)
		rc = sqlite3_prepare_v3(sql->db, sql_texts[which], -1,
		                        SQLITE_PREPARE_PERSISTENT, stmt, NULL);
	*ret_stmt = *stmt;
	return sql_err(sql->db, rc, sql_texts[which]);
}

/* What it was given may be a secret: it does not stay. */
void
sql_reset(sqlite3_stmt *stmt)
{
	sqlite3_reset(stmt); /* returns what the last step did */
	sqlite3_clear_bindings(stmt);
}

enum rec_err
sql_step(struct sql *sql, sqlite3_stmt *stmt)
{
	int rc = sqlite3_step(stmt);

	return rc == SQLITE_DONE ? REC_NOT_FOUND
	                         : sql_err(sql->db, rc, sqlite3_sql(stmt));
}

enum rec_err
sql_run(struct sql *sql, sqlite3_stmt *stmt)
{
	enum rec_err err = sql_err(sql->db, sqlite3_step(stmt),
	                           sqlite3_sql(stmt));

	sql_reset(stmt);
	if (err == REC_OK && sqlite3_changes(sql->db) == 0)
		err = REC_NOT_FOUND;
	return err;
}

/* BEGIN, COMMIT and ROLLBACK change no row, and tell nothing of it. */
static enum rec_err
run_plain(struct sql *sql, enum stmt which)
{
	sqlite3_stmt *stmt;
	enum rec_err err = sql_ready(sql, which, &stmt);

	if (err != REC_OK)
		return err;
	err = sql_err(sql->db, sqlite3_step(stmt), sql_texts[which]);
	sqlite3_reset(stmt);
	return err;
}

static int
ms_left(const struct timespec *until)
{
	struct timespec now;
	int64_t ms;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return 0;
	ms = (int64_t)(until->tv_sec - now.tv_sec) * 1000 +
	     (until->tv_nsec - now.tv_nsec) / 1000000;
	return ms < 0 ? 0 : ms > WAIT_SECONDS * 1000 ? WAIT_SECONDS * 1000
	                                             : (int)ms;
}

/* Who has waited for another thread waits for another process as much less. */
enum rec_err
sql_begin(struct sql *sql)
{
	struct timespec until;
	enum rec_err err;

	if (!set_until(&until))
		return REC_FAILED;
	if ((err = enter_until(sql, &until)) != REC_OK)
		return err;
	err = sql_err(sql->db, sqlite3_busy_timeout(sql->db, ms_left(&until)),
	              "setting a time limit");
	if (err == REC_OK)
		err = run_plain(sql, STMT_BEGIN);
	if (err != REC_OK)
		sql_leave(sql);
	return err;
}

enum rec_err
sql_end(struct sql *sql, enum rec_err err)
{
	if (err == REC_OK)
		err = run_plain(sql, STMT_COMMIT);
	/* some failures have ended the transaction already */
	if (err != REC_OK && !sqlite3_get_autocommit(sql->db))
		(void)run_plain(sql, STMT_ROLLBACK); /* err is the news */
	sql_leave(sql);
	return err;
}

static enum rec_err
sql_open(struct sql *sql, const char *path)
{
	int rc = sqlite3_open_v2(path, &sql->db,
	                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
	                                 SQLITE_OPEN_EXRESCODE,
	                         NULL);

	if (sql->db == NULL)
		return REC_FAILED;
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(sql->db, WAIT_SECONDS * 1000);
	if (rc != SQLITE_OK)
		return sql_err(sql->db, rc, path);
	if (sqlite3_db_readonly(sql->db, "main") == 1)
		return REC_READ_ONLY;
	return sql_exec(sql->db, "PRAGMA synchronous = FULL;"
	                         "PRAGMA foreign_keys = ON;"
	                         "PRAGMA secure_delete = ON;"
	                         "PRAGMA trusted_schema = OFF");
}

static void
sql_close(struct sql *sql)
{
	for (size_t i = 0; i < STMT_N; i++)
		sqlite3_finalize(sql->stmts[i]);
	sqlite3_close(sql->db);
	pthread_mutex_destroy(&sql->lock);
}

/* Nobody else's to read from its first moment; SQLite makes the files beside
 * it with the same mode and owner. */
static enum rec_err
make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_CREAT | O_EXCL, 0600);
	int why = errno;

	if (fd >= 0) {
		close(fd);
		return REC_OK;
	}
	/* one that is there is not opened: to close it would take away the
	 * locks that another connection of this process has */
	if (why == EEXIST)
		return REC_OK;
	log_line(LOG_FAILED, "records: %s: %s", path, strerror(why));
	return why == ENOSPC || why == EDQUOT ? REC_FULL : REC_FAILED;
}

static enum rec_err
find_file(const char *path, bool create)
{
	if (create)
		return make_file(path);
	return access(path, F_OK) != 0 && errno == ENOENT ? REC_NOT_FOUND
	                                                  : REC_OK;
}

static enum rec_err
open_both(struct records *r, const char *path, bool create)
{
	enum rec_err err;

	if (asprintf(&r->claims_path, "%s-claims", path) < 0) {
		r->claims_path = NULL;
		return REC_FAILED;
	}
	if ((err = find_file(path, create)) != REC_OK ||
	    (err = sql_open(&r->writer, path)) != REC_OK ||
	    (err = schema_bring_up(r->writer.db, create)) != REC_OK ||
	    (err = sql_open(&r->reader, path)) != REC_OK)
		return err;
	return sql_exec(r->reader.db, "PRAGMA query_only = ON");
}

enum rec_err
records_open(const char *path, bool create, struct records **ret_records)
{
	struct records *r = calloc(1, sizeof *r);
	enum rec_err err;

	if (r == NULL)
		return REC_FAILED;
	r->claims_fd = -1;
	pthread_mutex_init(&r->reader.lock, NULL);
	pthread_mutex_init(&r->writer.lock, NULL);
	if ((err = open_both(r, path, create)) != REC_OK) {
		records_close(r);
		return err;
	}
	*ret_records = r;
	return REC_OK;
}

void
records_close(struct records *records)
{
	if (records == NULL)
		return;
	sql_close(&records->reader);
	sql_close(&records->writer);
	if (records->claims_fd >= 0)
		close(records->claims_fd); /* and its lock goes */
	free(records->claims_path);
	free(records);
}

enum rec_err
records_forget(struct records *r)
{
	struct sql *sql = &r->writer;
	enum rec_err err = sql_enter(sql);
	int rc;

	if (err != REC_OK)
		return err;
	/* nobody is to wait for a reader here */
	sqlite3_busy_timeout(sql->db, 0);
	rc = sqlite3_wal_checkpoint_v2(sql->db, "main",
	                               SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	err = sql_err(sql->db, rc, "forgetting");
	sqlite3_busy_timeout(sql->db, WAIT_SECONDS * 1000);
	sql_leave(sql);
	return err;
}
