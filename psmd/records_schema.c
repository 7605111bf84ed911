/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* records_schema.c - the layout of the records; older ones brought up to it. */

#include <stdio.h>

#include "psmd/log.h"
#include "psmd/records_sql.h"

#define APPLICATION_ID 0x70736d64 /* "psmd", for file(1) and ourselves */

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
};

enum { LAYOUT = sizeof migrations / sizeof *migrations };

static enum rec_err
set_pragma(sqlite3 *db, const char *name, int value)
{
	char text[64];

	snprintf(text, sizeof text, "PRAGMA %s = %d", name, value);
	return sql_exec(db, text);
}

/* The number of the layout; 0: an empty file, fine if one is to be made. */
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
	if ((err = read_layout(db, create, &layout)) != REC_OK ||
	    (err = sql_exec(db, "PRAGMA journal_mode = WAL")) != REC_OK ||
	    layout == LAYOUT)
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
