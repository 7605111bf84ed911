/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* records_place.c - a directory with records, for the tests of them. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/psmd/records_place.h"

const struct rec_actor somebody = { "alice", "192.0.2.7" };

int
place_setup(void **state)
{
	struct place *place = calloc(1, sizeof *place);

	if (place == NULL)
		return -1;
	strcpy(place->dir, "records-XXXXXX");
	if (mkdtemp(place->dir) == NULL)
		return -1;
	snprintf(place->path, sizeof place->path, "%s/records.db", place->dir);
	*state = place;
	return 0;
}

int
place_setup_open(void **state)
{
	if (place_setup(state) != 0)
		return -1;
	place_open(*state);
	return 0;
}

void
place_open(struct place *place)
{
	assert_int_equal(records_open(place->path, true, &place->records),
	                 REC_OK);
}

void
place_close(struct place *place)
{
	records_close(place->records);
	place->records = NULL;
}

void
place_empty(struct place *place)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal",
		                            "-claims" };
	char path[128];

	place_close(place);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		snprintf(path, sizeof path, "%s%s", place->path, ends[i]);
		assert_true(unlink(path) == 0 || errno == ENOENT);
	}
}

int
place_teardown(void **state)
{
	struct place *place = *state;

	place_empty(place);
	if (rmdir(place->dir) != 0)
		return -1;
	free(place);
	return 0;
}

sqlite3 *
place_beside(const struct place *place)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(place->path, &db), SQLITE_OK);
	return db;
}

void
place_run(const struct place *place, const char *sql)
{
	sqlite3 *db = place_beside(place);
	char *why = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
		fail_msg("%s: %s", sql, why);
	sqlite3_close(db);
}

int64_t
place_number(const struct place *place, const char *sql)
{
	sqlite3 *db = place_beside(place);
	sqlite3_stmt *stmt;
	int64_t number;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	number = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return number;
}

/* What has no entry of that action. */
#define NO_FEWER(action, things) \
	"SELECT count(*) FROM (SELECT CAST(t.x AS TEXT) FROM" \
	" (SELECT NULL AS x WHERE 0 UNION ALL " things ") AS t EXCEPT" \
	" SELECT object FROM audit WHERE action = '" action "')"
#define ONE_ENTRY(action, things) \
	NO_FEWER(action, things), \
	"SELECT (SELECT count(*) FROM audit WHERE action = '" action "')" \
	" - (SELECT count(*) FROM (" things "))"

/* Each counts what must not be. */
static const char *const wrongs[] = {
	"SELECT count(*) FROM pragma_integrity_check"
	" WHERE integrity_check <> 'ok'",
	"SELECT count(*) FROM pragma_foreign_key_check",
	/* issued or revoked, without a certificate; or with one, and not */
	"SELECT count(*) FROM orders WHERE (state IN (3, 4)) <> EXISTS"
	" (SELECT 1 FROM certificate WHERE order_number = number)",
	/* revoked, and one certificate is not; or all are, and it is not */
	"SELECT count(*) FROM orders WHERE state IN (3, 4) AND"
	" (state = 3) <> EXISTS (SELECT 1 FROM certificate"
	"  WHERE order_number = number AND revoked = 0)",
	/* made, and its certificate is not, or is another's */
	"SELECT count(*) FROM pkcs12 JOIN certificate ON id = certificate"
	" WHERE account <> user OR order_number IS NOT NULL",
	/* as many entries as things, and none without: each has one */
	ONE_ENTRY("order.add", "SELECT number FROM orders"),
	ONE_ENTRY("order.issue", "SELECT number FROM orders WHERE state >= 3"),
	ONE_ENTRY("cert.issue", "SELECT id FROM certificate"),
	ONE_ENTRY("pkcs12.issue", "SELECT request FROM pkcs12 WHERE state = 4"),
	NO_FEWER("cert.revoke",
	         "SELECT id FROM certificate WHERE revoked <> 0"),
	/* what a CRL is numbered by, and made old by */
	"SELECT value - (SELECT count(*) FROM audit WHERE action IN"
	" ('crl.number', 'cert.revoke', 'cert.release')) FROM counter"
	" WHERE name = 'crl'",
};

void
place_check(const struct place *place)
{
	struct records *records = NULL;
	struct audit_check check;

	/* first, for who died may not have come to make it */
	assert_int_equal(records_open(place->path, true, &records), REC_OK);
	for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++)
		if (place_number(place, wrongs[i]) != 0)
			fail_msg("this is not 0: %s", wrongs[i]);
	assert_int_equal(records_audit_verify(records, NULL, &check), REC_OK);
	assert_int_equal(check.verdict, AUDIT_INTACT);
	records_close(records);
}

void
add_account(struct place *place, const char *name)
{
	struct account a = { .privileges = PRIV_SYSTEM, .enabled = true };

	snprintf(a.name, sizeof a.name, "%s", name);
	strcpy(a.hash, "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA");
	assert_int_equal(records_account_add(place->records, &a), REC_OK);
}

struct order_new
make_order(const char *foreign_number, const char *request)
{
	struct order_new order = { .account = "alice",
		                   .foreign_number = foreign_number,
		                   .profile = "client",
		                   .days = 365,
		                   .request = request,
		                   .request_len = strlen(request),
		                   .approved = true };

	return order;
}

int64_t
add_order(struct place *place, const struct order_new *order)
{
	int64_t number = 0;
	bool is_new = false;

	assert_int_equal(records_order_add(place->records, &somebody, order,
	                                   &number, &is_new), REC_OK);
	assert_true(is_new);
	return number;
}

struct cert_new
make_cert(const char *serial)
{
	struct cert_new cert = { .serial = serial,
		                 .issuer = "ca",
		                 .request_id = "7",
		                 .der = "\x30\x03\x02\x01\x01",
		                 .der_len = 5,
		                 .subject = "CN=Alice",
		                 .not_before = 1000,
		                 .not_after = 9000 };

	return cert;
}

int64_t
add_cert(struct place *place, const char *serial)
{
	struct order_new order = make_order(NULL, "request");
	struct cert_new cert = make_cert(serial);
	int64_t number = add_order(place, &order), id = 0;

	assert_int_equal(records_order_issue(place->records, &somebody, number,
	                                     &cert, 1, &id), REC_OK);
	return id;
}
