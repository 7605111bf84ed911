/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* records_schema.c - the layout of the records; older ones brought up to it. */

#include <stdio.h>
#include <time.h>

#include "psmd/log.h"
#include "psmd/records_sql.h"

#define APPLICATION_ID 0x70736d64 /* "psmd", for file(1) and ourselves */

#define TEXT_MAX(name, max) \
	" " name " TEXT NOT NULL" \
	"  CHECK (length(CAST(" name " AS BLOB)) <= " max "),"

/* From layout n to n + 1. One that was ever released stays as it is: what is
 * to change goes below. */
static const char *const migrations[] = {
	"CREATE TABLE counter ("
	" name TEXT PRIMARY KEY,"
	" value INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"INSERT INTO counter VALUES ('generation', 0), ('unknown-name', 0);"
	"CREATE TABLE account ("
	" id INTEGER PRIMARY KEY,"
	" name TEXT NOT NULL UNIQUE"
	"  CHECK (length(CAST(name AS BLOB)) BETWEEN 1 AND 64),"
	" privileges INTEGER NOT NULL,"
	" enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),"
	" hash TEXT NOT NULL,"
	" ha1_md5 TEXT," /* NULL: not offered; both NULL: no Digest */
	" ha1_sha256 TEXT,"
	" realm TEXT NOT NULL,"
	" failures INTEGER NOT NULL DEFAULT 0,"
	" locked_until INTEGER NOT NULL DEFAULT 0,"
	" created INTEGER NOT NULL,"
	" changed INTEGER NOT NULL,"
	" generation INTEGER NOT NULL UNIQUE"
	") STRICT;",

	/* What is long comes last in a row, so that the rest is read without
	 * it. A certificate's id is a number that JavaScript holds. */
	"INSERT INTO counter VALUES ('order', 99999),"
	" ('certificate', 999999999999999), ('crl', 0), ('audit', 0);"
	"CREATE TABLE orders ("
	" number INTEGER PRIMARY KEY CHECK (number >= 100000),"
	TEXT_MAX("account", "64")
	" foreign_number TEXT"
	"  CHECK (length(CAST(foreign_number AS BLOB)) BETWEEN 1 AND 64),"
	" form INTEGER NOT NULL CHECK (form BETWEEN 0 AND 1),"
	TEXT_MAX("profile", "64")
	" days INTEGER NOT NULL,"
	" state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4),"
	TEXT_MAX("reason", "255")
	" applied INTEGER NOT NULL,"
	" decided INTEGER NOT NULL,"
	" issued INTEGER NOT NULL,"
	" hash BLOB NOT NULL CHECK (length(hash) = 32),"
	" request BLOB NOT NULL," /* empty: forgotten */
	" UNIQUE (account, foreign_number)"
	") STRICT;"
	"CREATE INDEX orders_account ON orders (account);"
	"CREATE INDEX orders_account_state ON orders (account, state);"
	"CREATE INDEX orders_state ON orders (state);"
	"CREATE TABLE certificate ("
	" id INTEGER PRIMARY KEY"
	"  CHECK (id BETWEEN 1000000000000000 AND 9007199254740991),"
	" serial TEXT NOT NULL UNIQUE"
	"  CHECK (length(serial) BETWEEN 1 AND 40),"
	TEXT_MAX("issuer", "64")
	" order_number INTEGER REFERENCES orders (number),"
	TEXT_MAX("account", "64")
	" request_id TEXT CHECK (length(CAST(request_id AS BLOB)) <= 64),"
	" encrypted INTEGER NOT NULL CHECK (encrypted IN (0, 1)),"
	" not_before INTEGER NOT NULL,"
	" not_after INTEGER NOT NULL,"
	" revoked INTEGER NOT NULL DEFAULT 0,"
	" reason INTEGER NOT NULL DEFAULT 0,"
	" subject TEXT NOT NULL,"
	" der BLOB NOT NULL"
	") STRICT;"
	"CREATE INDEX certificate_order ON certificate (order_number);"
	"CREATE INDEX certificate_revoked ON certificate (issuer)"
	" WHERE revoked <> 0;"
	"CREATE TABLE certificate_user ("
	" certificate INTEGER NOT NULL REFERENCES certificate (id),"
	" user TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE,"
	" PRIMARY KEY (certificate, user)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX certificate_user_user ON certificate_user (user);"
	"CREATE TABLE pkcs12 ("
	" request INTEGER PRIMARY KEY CHECK (request >= 100000),"
	TEXT_MAX("user", "64")
	TEXT_MAX("application", "255")
	TEXT_MAX("subscriber", "255")
	" state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4),"
	" approved INTEGER NOT NULL DEFAULT 0 CHECK (approved IN (0, 1)),"
	" claim INTEGER NOT NULL," /* while it is made */
	TEXT_MAX("reason", "255")
	" begun INTEGER NOT NULL,"
	TEXT_MAX("asked", "4000")
	" certificate INTEGER REFERENCES certificate (id),"
	" file BLOB,"
	" CHECK ((state = 4) = (file IS NOT NULL AND"
	"  certificate IS NOT NULL)),"
	" UNIQUE (user, application)"
	") STRICT;"
	"CREATE INDEX pkcs12_claim ON pkcs12 (claim) WHERE claim <> 0;"
	"CREATE INDEX pkcs12_waits ON pkcs12 (state) WHERE state = 2;"
	"CREATE TABLE audit ("
	" number INTEGER PRIMARY KEY,"
	" time INTEGER NOT NULL,"
	" account TEXT NOT NULL,"
	" address TEXT NOT NULL,"
	" action TEXT NOT NULL,"
	" object TEXT NOT NULL,"
	" details TEXT NOT NULL,"
	" hash BLOB NOT NULL CHECK (length(hash) = 32)"
	") STRICT;"
	"CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN"
	" SELECT RAISE(ABORT, 'the audit trail only grows'); END;"
	"CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN"
	" SELECT RAISE(ABORT, 'the audit trail only grows'); END;"
	/* INSERT OR REPLACE deletes without asking the one above: so the
	 * number is checked here, and nothing else is unique */
	"CREATE TRIGGER audit_insert BEFORE INSERT ON audit"
	" WHEN NEW.number <= (SELECT max(number) FROM audit) BEGIN"
	" SELECT RAISE(ABORT, 'the audit trail only grows'); END;",
};

enum { LAYOUT = sizeof migrations / sizeof *migrations };

static enum rec_err
set_pragma(sqlite3 *db, const char *name, int value)
{
	char text[64];

	snprintf(text, sizeof text, "PRAGMA %s = %d", name, value);
	return sql_exec(db, text);
}

/* The number of the layout; 0: an empty file, fine if one is to be made. To
 * be called in a transaction: another process may be making the file. */
static enum rec_err
read_layout(sqlite3 *db, bool create, int64_t *ret_layout)
{
	int64_t id, layout, tables;
	enum rec_err err;

	if ((err = sql_number(db, "PRAGMA application_id", &id)) != REC_OK ||
	    (err = sql_number(db, "PRAGMA user_version", &layout)) != REC_OK ||
	    (err = sql_number(db, "SELECT count(*) FROM sqlite_schema",
	                      &tables)) != REC_OK)
		return err;
	if (id == APPLICATION_ID && layout > LAYOUT)
		return REC_VERSION;
	if (id == APPLICATION_ID && layout > 0) {
		*ret_layout = layout;
		return REC_OK;
	}
	if (!create || id != 0 || layout != 0 || tables != 0) {
		log_line(LOG_FAILED, "records: not a file of psmd's");
		return REC_FAILED;
	}
	*ret_layout = 0;
	return REC_OK;
}

static enum rec_err
read_layout_once(sqlite3 *db, bool create, int64_t *ret_layout)
{
	enum rec_err err = sql_exec(db, "BEGIN");

	if (err != REC_OK)
		return err;
	err = read_layout(db, create, ret_layout);
	(void)sql_exec(db, "ROLLBACK"); /* it has only read */
	return err;
}

/* SQLite does not wait for another that is making the same change, as it
 * does elsewhere. */
static enum rec_err
use_wal(sqlite3 *db)
{
	static const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	time_t until = time(NULL) + WAIT_SECONDS;
	enum rec_err err;

	while ((err = sql_exec(db, "PRAGMA journal_mode = WAL")) == REC_BUSY &&
	       time(NULL) < until)
		nanosleep(&pause, NULL);
	return err;
}

static enum rec_err
migrate(sqlite3 *db, bool create)
{
	enum rec_err err;
	int64_t layout;

	/* read again, now that nobody else can change it */
	if ((err = read_layout(db, create, &layout)) != REC_OK)
		return err;
	for (; err == REC_OK && layout < LAYOUT; layout++)
		err = sql_exec(db, migrations[layout]);
	if (err == REC_OK)
		err = set_pragma(db, "application_id", APPLICATION_ID);
	if (err == REC_OK)
		err = set_pragma(db, "user_version", LAYOUT);
	return err;
}

enum rec_err
schema_bring_up(sqlite3 *db, bool create)
{
	enum rec_err err;
	int64_t layout;

	/* a later version's file is left as it is, its journal mode too */
	if ((err = read_layout_once(db, create, &layout)) != REC_OK ||
	    (err = use_wal(db)) != REC_OK || layout == LAYOUT)
		return err;
	if ((err = sql_exec(db, "BEGIN IMMEDIATE")) != REC_OK)
		return err;
	err = migrate(db, create);
	if (err == REC_OK)
		err = sql_exec(db, "COMMIT");
	if (err != REC_OK && !sqlite3_get_autocommit(db))
		(void)sql_exec(db, "ROLLBACK"); /* err says what was wrong */
	return err;
}
