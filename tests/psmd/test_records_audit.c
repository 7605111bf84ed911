/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_records_audit.c - the audit trail: it grows, and a change
 * of it shows. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/psmd/records_place.h"

enum { ENTRIES = 150 }; /* more than two pages */

static void
fill(struct place *place, int n)
{
	char object[16];

	for (int i = 1; i <= n; i++) {
		snprintf(object, sizeof object, "%d", i);
		assert_int_equal(records_audit_add(place->records, &somebody,
		                                   "test.add", object,
		                                   "a=b c=d"), REC_OK);
	}
}

static struct audit_check
verify(struct place *place, const char *noted)
{
	struct audit_check check;

	assert_int_equal(records_audit_verify(place->records, noted, &check),
	                 REC_OK);
	return check;
}

struct seen {
	int n, most;
	int64_t next;
};

static bool
see(const struct audit_entry *entry, void *arg)
{
	struct seen *seen = arg;
	char object[16];

	assert_int_equal(entry->number, seen->next++);
	snprintf(object, sizeof object, "%d", (int)entry->number);
	assert_string_equal(entry->object, object);
	assert_string_equal(entry->account, "alice");
	assert_string_equal(entry->address, "192.0.2.7");
	assert_string_equal(entry->action, "test.add");
	assert_string_equal(entry->details, "a=b c=d");
	assert_int_equal(strlen(entry->hash), AUDIT_HASH_HEX - 1);
	assert_true(entry->time > 0);
	return ++seen->n < seen->most;
}

static void
test_audit_list_is_all_in_order(void **state)
{
	struct place *place = *state;
	struct seen all = { 0, 1000, 1 }, some = { 0, 70, 10 };

	fill(place, ENTRIES);
	assert_int_equal(records_audit_list(place->records, 1, see, &all),
	                 REC_OK);
	assert_int_equal(all.n, ENTRIES);
	assert_int_equal(records_audit_list(place->records, 10, see, &some),
	                 REC_OK);
	assert_int_equal(some.n, 70);
	some.n = 0;
	assert_int_equal(records_audit_list(place->records, ENTRIES + 1, see,
	                                    &some), REC_OK);
	assert_int_equal(some.n, 0);
}

static void
test_audit_verify_intact_says_the_last(void **state)
{
	struct place *place = *state;
	struct audit_check none = verify(place, NULL), first, all;

	assert_int_equal(none.verdict, AUDIT_INTACT);
	assert_int_equal(none.number, 0);
	assert_string_equal(none.hash, "");
	fill(place, 1);
	first = verify(place, NULL);
	fill(place, ENTRIES - 1);
	all = verify(place, first.hash);
	assert_int_equal(all.verdict, AUDIT_INTACT);
	assert_int_equal(all.number, ENTRIES);
	assert_string_not_equal(all.hash, first.hash);
	none = verify(place, "0123");
	assert_int_equal(none.verdict, AUDIT_UNKNOWN);
}

/* The chain of one entry, as the header tells it, computed by openssl(1):
 * 32 zeros, 1, 1700000000, "a", "b", "c", "d", "e". */
static void
test_audit_hash_is_as_documented(void **state)
{
	struct place *place = *state;
	struct audit_check check;

	place_run(place,
	          "UPDATE counter SET value = 1 WHERE name = 'audit';"
	          "INSERT INTO audit VALUES (1, 1700000000, 'a', 'b', 'c', 'd',"
	          " 'e', x'f6d257ab214900a497d203e53b517d7e"
	          "8b5b239ce56804f9db18ad4f10885302')");
	check = verify(place, NULL);
	assert_int_equal(check.verdict, AUDIT_INTACT);
}

static void
test_audit_change_is_refused(void **state)
{
	static const char *const changes[] = {
		"UPDATE audit SET details = '' WHERE number = 2",
		"DELETE FROM audit WHERE number = 3",
		"DELETE FROM audit",
		"INSERT OR REPLACE INTO audit SELECT 2, 0, '', '', '', '', '',"
		" randomblob(32)",
		"REPLACE INTO audit SELECT number, 0, '', '', '', '', '', hash"
		" FROM audit WHERE number = 3",
		"REPLACE INTO audit (time, account, address, action, object,"
		" details, hash) SELECT 0, '', '', '', '', '', hash"
		" FROM audit WHERE number = 3",
		"INSERT INTO audit SELECT -1, 0, '', '', '', '', '',"
		" randomblob(32)",
	};
	struct place *place = *state;
	sqlite3 *db;

	fill(place, 3);
	db = place_beside(place);
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
		assert_int_equal(sqlite3_exec(db, changes[i], NULL, NULL, NULL),
		                 SQLITE_CONSTRAINT);
	/* one more is fine for SQLite, and takes no other's place */
	assert_int_equal(sqlite3_exec(db,
	                              "REPLACE INTO audit SELECT 4, 0, '', '',"
	                              " '', '', '', hash FROM audit"
	                              " WHERE number = 2", NULL, NULL, NULL),
	                 SQLITE_OK);
	assert_int_equal(sqlite3_changes(db), 1);
	sqlite3_close(db);
	assert_int_equal(place_number(place, "SELECT count(*) FROM audit"), 4);
	assert_int_equal(verify(place, NULL).number, 4);
	assert_int_equal(verify(place, NULL).verdict, AUDIT_CHANGED);
}

/* Who takes the triggers away first can; and it shows. */
static void
test_audit_verify_finds_each_change(void **state)
{
	static const struct {
		const char *sql;
		enum audit_verdict verdict;
		int64_t number;
	} rows[] = {
		{ "UPDATE audit SET time = time + 1 WHERE number = 100",
		  AUDIT_CHANGED, 100 },
		{ "UPDATE audit SET account = 'bob' WHERE number = 1",
		  AUDIT_CHANGED, 1 },
		{ "UPDATE audit SET address = '' WHERE number = 64",
		  AUDIT_CHANGED, 64 },
		{ "UPDATE audit SET action = 'x' WHERE number = 65",
		  AUDIT_CHANGED, 65 },
		{ "UPDATE audit SET object = 'x' WHERE number = 150",
		  AUDIT_CHANGED, 150 },
		{ "UPDATE audit SET details = details || ' ' WHERE number = 9",
		  AUDIT_CHANGED, 9 },
		/* the same bytes, cut elsewhere */
		{ "UPDATE audit SET action = 'test.add1', object = '2'"
		  " WHERE number = 12",
		  AUDIT_CHANGED, 12 },
		{ "UPDATE audit SET hash = randomblob(32) WHERE number = 9",
		  AUDIT_CHANGED, 9 },
		{ "DELETE FROM audit WHERE number = 1", AUDIT_MISSING, 1 },
		{ "DELETE FROM audit WHERE number = 70", AUDIT_MISSING, 70 },
		{ "DELETE FROM audit WHERE number = 150", AUDIT_MISSING, 150 },
		{ "DELETE FROM audit", AUDIT_MISSING, 1 },
		{ "DELETE FROM audit WHERE number = 70;"
		  "UPDATE audit SET number = number - 1 WHERE number > 70",
		  AUDIT_CHANGED, 70 },
		{ "INSERT INTO audit SELECT 0, 0, '', '', '', '', '',"
		  " randomblob(32)",
		  AUDIT_MISSING, 1 },
	};
	struct place *place = *state;
	struct audit_check check;
	char sql[512];

	fill(place, ENTRIES);
	place_run(place, "CREATE TABLE copy AS SELECT * FROM audit;"
	                 "DROP TRIGGER audit_update;"
	                 "DROP TRIGGER audit_delete;"
	                 "DROP TRIGGER audit_insert");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(sql, sizeof sql,
		         "DELETE FROM audit;"
		         "INSERT INTO audit SELECT * FROM copy;%s",
		         rows[i].sql);
		place_run(place, sql);
		check = verify(place, NULL);
		if (check.verdict != rows[i].verdict ||
		    check.number != rows[i].number)
			fail_msg("%s: %d at %d", rows[i].sql, check.verdict,
			         (int)check.number);
	}
}

static bool
is_whole(const struct audit_entry *entry, void *arg)
{
	int *n = arg;

	*n += entry->hash[0] != '\0';
	return entry->account != NULL && entry->details != NULL;
}

/* A table without the constraints of ours: what it has is damaged, and neither
 * reading nor verifying stumbles. */
static void
test_audit_verify_stands_any_table(void **state)
{
	static const char *const rows[] = {
		"UPDATE audit SET account = NULL WHERE number = 2",
		"UPDATE audit SET details = NULL WHERE number = 2",
		("UPDATE audit SET details = details || char(0) || 'more'"
		 " WHERE number = 2"),
		"UPDATE audit SET hash = NULL WHERE number = 2",
		"UPDATE audit SET hash = x'00' WHERE number = 2",
		"UPDATE audit SET hash = hash || x'00' WHERE number = 2",
	};
	struct place *place = *state;
	struct audit_check check;
	char sql[512];
	int whole;

	fill(place, 3);
	place_run(place, "CREATE TABLE copy AS SELECT * FROM audit");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(sql, sizeof sql,
		         "DROP TABLE audit;"
		         "CREATE TABLE audit AS SELECT * FROM copy;%s",
		         rows[i]);
		place_run(place, sql);
		check = verify(place, NULL);
		if (check.verdict != AUDIT_CHANGED || check.number != 2)
			fail_msg("%s: %d", rows[i], check.verdict);
		whole = 0;
		assert_int_equal(records_audit_list(place->records, 1, is_whole,
		                                    &whole), REC_OK);
		assert_int_equal(whole, 2);
	}
}

/* There is none after it, though a page is full. */
static void
test_audit_list_with_the_last_number_ends(void **state)
{
	struct place *place = *state;
	int n = 0;

	fill(place, 63);
	place_run(place, "INSERT INTO audit SELECT 9223372036854775807, 0, '',"
	                 " '', '', '', '', hash FROM audit WHERE number = 1");
	assert_int_equal(records_audit_list(place->records, 1, is_whole, &n),
	                 REC_OK);
	assert_int_equal(n, 64);
	assert_int_equal(verify(place, NULL).verdict, AUDIT_MISSING);
}

/* Its end taken off, and the count set back. */
static void
test_audit_shorter_lacks_what_was_noted(void **state)
{
	struct place *place = *state;
	struct audit_check noted;

	fill(place, 5);
	noted = verify(place, NULL);
	place_run(place, "DROP TRIGGER audit_delete;"
	                 "DELETE FROM audit WHERE number = 5;"
	                 "UPDATE counter SET value = 4 WHERE name = 'audit'");
	assert_int_equal(verify(place, NULL).verdict, AUDIT_INTACT);
	assert_int_equal(verify(place, noted.hash).verdict, AUDIT_UNKNOWN);
}

/* All of it made anew, and the count too: only what was noted tells. */
static void
test_audit_made_anew_lacks_what_was_noted(void **state)
{
	struct place *place = *state;
	struct audit_check noted;

	fill(place, 5);
	assert_int_equal(records_audit_add(place->records, &somebody, "shame",
	                                   "", ""), REC_OK);
	noted = verify(place, NULL);
	place_run(place, "DROP TRIGGER audit_delete; DELETE FROM audit;"
	                 "UPDATE counter SET value = 0 WHERE name = 'audit'");
	fill(place, 6);
	assert_int_equal(verify(place, NULL).verdict, AUDIT_INTACT);
	assert_int_equal(verify(place, noted.hash).verdict, AUDIT_UNKNOWN);
}

static bool
is_action(const struct audit_entry *entry, void *arg)
{
	const char *const **next = arg;

	assert_non_null(**next);
	assert_string_equal(entry->action, *(*next)++);
	assert_string_equal(entry->address,
	                    strcmp(entry->action, "account.lock") == 0
	                            ? ""
	                            : "local");
	assert_string_equal(entry->object, "admin");
	assert_null(strstr(entry->details, "argon2"));
	return true;
}

static void
test_audit_knows_what_became_of_accounts(void **state)
{
	static const char *const actions[] = { "account.add", "account.change",
		                               "account.lock",
		                               "account.remove", NULL };
	const char *const *next = actions;
	struct place *place = *state;
	struct account a;
	bool locked = false;

	add_account(place, "admin");
	assert_int_equal(records_account_get(place->records, "admin", &a),
	                 REC_OK);
	a.privileges = 0;
	assert_int_equal(records_account_change(place->records, &a,
	                                        CHANGE_PRIVILEGES), REC_OK);
	for (int i = 0; i < 3; i++)
		assert_int_equal(records_account_failed(place->records, "admin",
		                                        2, 1000, 60, &locked),
		                 REC_OK);
	assert_int_equal(records_account_remove(place->records, "admin"),
	                 REC_OK);
	assert_int_equal(records_account_remove(place->records, "admin"),
	                 REC_NOT_FOUND);
	assert_int_equal(records_audit_list(place->records, 1, is_action,
	                                    &next), REC_OK);
	assert_null(*next);
	assert_int_equal(verify(place, NULL).verdict, AUDIT_INTACT);
}

#define OPENED(test) \
	cmocka_unit_test_setup_teardown(test, place_setup_open, place_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		OPENED(test_audit_list_is_all_in_order),
		OPENED(test_audit_verify_intact_says_the_last),
		OPENED(test_audit_hash_is_as_documented),
		OPENED(test_audit_change_is_refused),
		OPENED(test_audit_verify_finds_each_change),
		OPENED(test_audit_verify_stands_any_table),
		OPENED(test_audit_list_with_the_last_number_ends),
		OPENED(test_audit_shorter_lacks_what_was_noted),
		OPENED(test_audit_made_anew_lacks_what_was_noted),
		OPENED(test_audit_knows_what_became_of_accounts),
	};

	return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
