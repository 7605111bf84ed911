/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_records_order.c - orders in the records. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "tests/psmd/records_place.h"

static const char injection[] =
        "'\"; DROP TABLE orders; -- %s%n \\ \xc3\xbc \x01\n</script>{\"a\":1}";

static void
test_order_add_is_read_back(void **state)
{
	struct place *place = *state;
	struct order_new new = make_order("F-1", "a request");
	struct order order;
	int64_t number;

	new.form = ORDER_CRMF;
	new.approved = false;
	number = add_order(place, &new);
	assert_int_equal(number, 100000);
	place_close(place);
	place_open(place);
	assert_int_equal(records_order_get(place->records, "alice", number,
	                                   &order), REC_OK);
	assert_string_equal(order.account, "alice");
	assert_string_equal(order.foreign_number, "F-1");
	assert_string_equal(order.profile, "client");
	assert_int_equal(order.form, ORDER_CRMF);
	assert_int_equal(order.days, 365);
	assert_int_equal(order.state, ORDER_APPLIED);
	assert_int_equal(order.request_len, 9);
	assert_memory_equal(order.request, "a request", 9);
	assert_true(order.applied > 0);
	assert_int_equal(order.decided, 0);
	assert_int_equal(order.issued, 0);
	order_clear(&order);
	place_check(place);
}

static void
test_order_again_is_the_same(void **state)
{
	struct place *place = *state;
	struct order_new order = make_order("F-1", "a request");
	int64_t number = add_order(place, &order), again = 0;
	bool is_new = true;

	assert_int_equal(records_order_add(place->records, &somebody, &order,
	                                   &again, &is_new), REC_OK);
	assert_int_equal(again, number);
	assert_false(is_new);
	place_check(place);
}

static void
test_order_foreign_number_of_another_request_exists(void **state)
{
	struct place *place = *state;
	struct order_new order = make_order("F-1", "a request");
	struct order_new other = make_order("F-1", "another");
	int64_t number = -1;
	bool is_new = true;

	add_order(place, &order);
	assert_int_equal(records_order_add(place->records, &somebody, &other,
	                                   &number, &is_new), REC_EXISTS);
	assert_int_equal(number, -1);
	other.account = "bob"; /* whose numbers are his own */
	add_order(place, &other);
}

static void
test_order_without_foreign_number_is_new(void **state)
{
	struct place *place = *state;
	struct order_new order = make_order(NULL, "a request");

	assert_int_equal(add_order(place, &order), 100000);
	assert_int_equal(add_order(place, &order), 100001);
}

static void
test_order_of_another_is_not_found(void **state)
{
	struct place *place = *state;
	struct order_new new = make_order("F-1", "a request");
	int64_t number = add_order(place, &new);
	struct order order;

	assert_int_equal(records_order_get(place->records, "bob", number,
	                                   &order), REC_NOT_FOUND);
	assert_int_equal(records_order_find(place->records, "bob", "F-1",
	                                    &order), REC_NOT_FOUND);
	assert_int_equal(records_order_get(place->records, NULL, number + 1,
	                                   &order), REC_NOT_FOUND);
	assert_int_equal(records_order_find(place->records, "alice", "F-1",
	                                    &order), REC_OK);
	assert_int_equal(order.number, number);
	order_clear(&order);
	assert_int_equal(records_order_get(place->records, NULL, number,
	                                   &order), REC_OK);
	order_clear(&order);
}

/* Which state, after which decision in it. */
static void
test_order_decide_by_table(void **state)
{
	static const struct {
		bool approved, approve;
		enum rec_err err;
		enum order_state state;
	} rows[] = {
		{ false, true, REC_OK, ORDER_APPROVED },
		{ false, false, REC_OK, ORDER_REJECTED },
		{ true, true, REC_STATE, ORDER_APPROVED },
		{ true, false, REC_OK, ORDER_REJECTED },
	};
	struct place *place = *state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct order_new new = make_order(NULL, "a request");
		struct order order;
		int64_t number;

		new.approved = rows[i].approved;
		number = add_order(place, &new);
		assert_int_equal(records_order_decide(place->records, &somebody,
		                                      number, rows[i].approve,
		                                      "so be it"),
		                 rows[i].err);
		assert_int_equal(records_order_get(place->records, NULL, number,
		                                   &order), REC_OK);
		assert_int_equal(order.state, rows[i].state);
		assert_string_equal(order.reason,
		                    rows[i].err == REC_OK ? "so be it" : "");
		order_clear(&order);
	}
	assert_int_equal(records_order_decide(place->records, &somebody, 7,
	                                      true, ""), REC_NOT_FOUND);
	place_check(place);
}

/* What it is compared by stays. */
static void
test_order_request_is_forgotten_when_done_with(void **state)
{
	struct place *place = *state;
	struct order_new new = make_order("F-1", "a request");
	struct order_new waits = make_order("F-2", "another request");
	struct cert_new cert = make_cert("1");
	int64_t number = add_order(place, &new), rejected, again = 0;
	struct order order;
	bool is_new = true;

	waits.approved = false;
	rejected = add_order(place, &waits);
	assert_int_equal(records_order_issue(place->records, &somebody, number,
	                                     &cert, 1, NULL), REC_OK);
	assert_int_equal(records_order_decide(place->records, &somebody,
	                                      rejected, false, ""), REC_OK);
	for (int64_t i = number; i <= rejected; i++) {
		assert_int_equal(records_order_get(place->records, NULL, i,
		                                   &order), REC_OK);
		assert_null(order.request);
		assert_int_equal(order.request_len, 0);
		order_clear(&order);
	}
	assert_int_equal(place_number(place, "SELECT count(*) FROM orders"
	                              " WHERE request <> X''"), 0);
	assert_int_equal(records_order_add(place->records, &somebody, &new,
	                                   &again, &is_new), REC_OK);
	assert_int_equal(again, number);
	assert_false(is_new);
	place_check(place);
}

static int64_t
size_of_log(const struct place *place)
{
	char path[128];
	struct stat found;

	snprintf(path, sizeof path, "%s-wal", place->path);
	return stat(path, &found) == 0 ? found.st_size : -1;
}

static bool
file_has(const char *path, const char *text)
{
	struct stat found;
	FILE *in = fopen(path, "r");
	char *bytes;
	bool has;

	assert_non_null(in);
	assert_int_equal(fstat(fileno(in), &found), 0);
	bytes = malloc((size_t)found.st_size);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, (size_t)found.st_size, in),
	                 found.st_size);
	has = memmem(bytes, (size_t)found.st_size, text, strlen(text)) != NULL;
	free(bytes);
	assert_int_equal(fclose(in), 0);
	return has;
}

static void
test_order_request_is_not_in_the_log_either(void **state)
{
	struct place *place = *state;
	struct order_new new = make_order(NULL, "a request with a secret");
	struct cert_new cert = make_cert("1");
	sqlite3 *beside = place_beside(place);
	int64_t number = add_order(place, &new);

	assert_int_equal(sqlite3_exec(beside, "BEGIN; SELECT * FROM orders",
	                              NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(records_order_issue(place->records, &somebody, number,
	                                     &cert, 1, NULL), REC_OK);
	assert_int_equal(records_forget(place->records), REC_BUSY);
	assert_true(size_of_log(place) > 0);
	assert_int_equal(sqlite3_close(beside), SQLITE_OK);
	assert_int_equal(records_forget(place->records), REC_OK);
	assert_int_equal(size_of_log(place), 0);
	assert_false(file_has(place->path, "a request with a secret"));
	assert_true(file_has(place->path, "CREATE TABLE orders"));
	place_check(place);
}

/* An approval is no end. */
static void
test_order_request_is_kept_until_issued(void **state)
{
	struct place *place = *state;
	struct order_new new = make_order(NULL, "a request");
	struct order order;
	int64_t number;

	new.approved = false;
	number = add_order(place, &new);
	assert_int_equal(records_order_decide(place->records, &somebody, number,
	                                      true, ""), REC_OK);
	assert_int_equal(records_order_get(place->records, NULL, number,
	                                   &order), REC_OK);
	assert_int_equal(order.request_len, 9);
	assert_memory_equal(order.request, "a request", 9);
	order_clear(&order);
}

static void
test_order_issue_is_all(void **state)
{
	struct place *place = *state;
	struct order_new new = make_order(NULL, "a request");
	struct cert_new certs[] = { make_cert("00AB"), make_cert("cd") };
	int64_t number = add_order(place, &new), ids[2] = { 0, 0 };
	struct cert_record *list = NULL;
	struct order order;
	size_t n = 0;

	certs[1].encrypted = true;
	assert_int_equal(records_cert_list(place->records, number, &list, &n),
	                 REC_OK);
	assert_int_equal(n, 0);
	cert_records_free(list, n);
	assert_int_equal(records_order_issue(place->records, &somebody, number,
	                                     certs, 2, ids), REC_OK);
	assert_int_equal(ids[0], 1000000000000000);
	assert_int_equal(ids[1], ids[0] + 1);
	assert_int_equal(records_order_get(place->records, NULL, number,
	                                   &order), REC_OK);
	assert_int_equal(order.state, ORDER_ISSUED);
	assert_true(order.issued > 0);
	order_clear(&order);
	assert_int_equal(records_cert_list(place->records, number, &list, &n),
	                 REC_OK);
	assert_int_equal(n, 2);
	assert_string_equal(list[0].serial, "ab");
	assert_string_equal(list[1].serial, "cd");
	assert_int_equal(list[1].id, ids[1]);
	assert_false(list[0].encrypted);
	assert_true(list[1].encrypted);
	cert_records_free(list, n);
	place_check(place);
}

static void
test_order_issue_serial_there_changes_nothing(void **state)
{
	struct place *place = *state;
	struct order_new new = make_order(NULL, "a request");
	struct cert_new certs[] = { make_cert("1"), make_cert("0000FF") };
	int64_t number, ids[2] = { -1, -1 };

	add_cert(place, "ff");
	number = add_order(place, &new);
	assert_int_equal(records_order_issue(place->records, &somebody, number,
	                                     certs, 2, ids), REC_SERIAL);
	assert_int_equal(ids[0], -1);
	place_check(place);
	certs[1] = make_cert("fe");
	assert_int_equal(records_order_issue(place->records, &somebody, number,
	                                     certs, 2, ids), REC_OK);
	place_check(place);
}

static void
test_order_issue_in_another_state_is_refused(void **state)
{
	struct place *place = *state;
	struct order_new new = make_order(NULL, "a request");
	struct cert_new cert = make_cert("1");
	int64_t number;

	new.approved = false;
	number = add_order(place, &new);
	assert_int_equal(records_order_issue(place->records, &somebody, number,
	                                     &cert, 1, NULL), REC_STATE);
	assert_int_equal(records_order_decide(place->records, &somebody, number,
	                                      true, ""), REC_OK);
	assert_int_equal(records_order_issue(place->records, &somebody, number,
	                                     &cert, 0, NULL), REC_STATE);
	assert_int_equal(records_order_issue(place->records, &somebody, number,
	                                     &cert, 1, NULL), REC_OK);
	cert.serial = "2";
	assert_int_equal(records_order_issue(place->records, &somebody, number,
	                                     &cert, 1, NULL), REC_STATE);
	assert_int_equal(records_order_issue(place->records, &somebody, 7,
	                                     &cert, 1, NULL), REC_NOT_FOUND);
	assert_int_equal(records_order_decide(place->records, &somebody, number,
	                                      false, ""), REC_STATE);
	place_check(place);
}

/* Ten orders: alice's and bob's in turns, every third approved. */
static void
add_ten(struct place *place)
{
	for (int i = 0; i < 10; i++) {
		struct order_new order = make_order(NULL, "a request");

		order.account = i % 2 == 0 ? "alice" : "bob";
		order.approved = i % 3 == 0;
		add_order(place, &order);
	}
}

static void
test_order_list_by_table(void **state)
{
	static const struct {
		struct order_filter filter;
		size_t n;
		int64_t first;
	} rows[] = {
		{ { NULL, ORDER_N_STATES, 0 }, 10, 100009 },
		{ { NULL, ORDER_N_STATES, 100004 }, 4, 100003 },
		{ { "alice", ORDER_N_STATES, 0 }, 5, 100008 },
		{ { NULL, ORDER_APPROVED, 0 }, 4, 100009 },
		{ { "alice", ORDER_APPROVED, 0 }, 2, 100006 },
		{ { "bob", ORDER_APPLIED, 100007 }, 2, 100005 },
		{ { "carol", ORDER_N_STATES, 0 }, 0, 0 },
		{ { NULL, ORDER_ISSUED, 0 }, 0, 0 },
	};
	struct place *place = *state;
	struct order orders[20];
	size_t n = 0;

	add_ten(place);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(records_order_list(place->records,
		                                    &rows[i].filter, orders, 20,
		                                    &n), REC_OK);
		assert_int_equal(n, rows[i].n);
		for (size_t k = 1; k < n; k++)
			assert_true(orders[k].number < orders[k - 1].number);
		if (n > 0)
			assert_int_equal(orders[0].number, rows[i].first);
	}
	assert_int_equal(records_order_list(place->records, &rows[0].filter,
	                                    orders, 3, &n), REC_OK);
	assert_int_equal(n, 3);
}

static void
test_injection_is_text_in_every_field(void **state)
{
	struct place *place = *state;
	const struct rec_actor actor = { injection, injection };
	struct order_new new = make_order(injection, injection);
	struct cert_new cert = make_cert("1");
	struct order order;
	struct cert_record found;
	int64_t number = 0, id = 0;
	bool is_new;

	new.account = new.profile = injection;
	new.approved = false;
	cert.issuer = cert.request_id = cert.subject = injection;
	assert_int_equal(records_order_add(place->records, &actor, &new,
	                                   &number, &is_new), REC_OK);
	assert_int_equal(records_order_decide(place->records, &actor, number,
	                                      true, injection), REC_OK);
	assert_int_equal(records_order_issue(place->records, &actor, number,
	                                     &cert, 1, &id), REC_OK);
	assert_int_equal(records_order_find(place->records, injection,
	                                    injection, &order), REC_OK);
	assert_string_equal(order.profile, injection);
	assert_string_equal(order.reason, injection);
	order_clear(&order);
	assert_int_equal(records_cert_get(place->records, injection, id,
	                                  &found), REC_OK);
	assert_string_equal(found.issuer, injection);
	assert_string_equal(found.request_id, injection);
	assert_string_equal(found.subject, injection);
	cert_record_clear(&found);
	assert_int_equal(records_cert_add_user(place->records, &actor, id, "x"),
	                 REC_NOT_FOUND);
	place_check(place);
}

/* Each a byte longer than it may be: nothing is kept of it. */
static void
test_too_long_is_refused(void **state)
{
	struct place *place = *state;
	struct order_new new = make_order(NULL, "a request");
	struct order_new rows[3] = { new, new, new };
	char text[ORDER_REASON_MAX + 2] = "";
	int64_t number, none = 0;
	bool is_new;

	memset(text, 'a', 65);
	rows[0].foreign_number = rows[1].account = rows[2].profile = text;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(records_order_add(place->records, &somebody,
		                                   &rows[i], &none, &is_new),
		                 REC_FAILED);
	number = add_order(place, &new);
	memset(text, 'a', sizeof text - 1);
	assert_int_equal(records_order_decide(place->records, &somebody, number,
	                                      false, text), REC_FAILED);
	assert_int_equal(number, 100000);
	place_check(place);
}

#define OPENED(test) \
	cmocka_unit_test_setup_teardown(test, place_setup_open, place_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		OPENED(test_order_add_is_read_back),
		OPENED(test_order_again_is_the_same),
		OPENED(test_order_foreign_number_of_another_request_exists),
		OPENED(test_order_without_foreign_number_is_new),
		OPENED(test_order_of_another_is_not_found),
		OPENED(test_order_decide_by_table),
		OPENED(test_order_request_is_forgotten_when_done_with),
		OPENED(test_order_request_is_not_in_the_log_either),
		OPENED(test_order_request_is_kept_until_issued),
		OPENED(test_order_issue_is_all),
		OPENED(test_order_issue_serial_there_changes_nothing),
		OPENED(test_order_issue_in_another_state_is_refused),
		OPENED(test_order_list_by_table),
		OPENED(test_injection_is_text_in_every_field),
		OPENED(test_too_long_is_refused),
	};

	return cmocka_run_group_tests_name("orders", tests, NULL, NULL);
}
