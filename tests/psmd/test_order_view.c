/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_order_view.c - orders and PKCS#12 in one list, and one by one. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "psmd/order_view.h"
#include "tests/psmd/records_place.h"

/* An order that waits, of account. */
static int64_t
apply(struct place *place, const char *account, const char *foreign)
{
	struct order_new order = make_order(foreign, "a request");

	order.account = account;
	order.approved = false;
	return add_order(place, &order);
}

/* A PKCS#12 that waits. */
static int64_t
ask_pkcs12(struct place *place, const char *user, const char *application)
{
	const struct pkcs12_ask ask = { user, application, "S-1",
		                        "profileID=made~CN=A=b~dNSName=a.b" };
	struct pkcs12_result result = { 0 };

	assert_int_equal(records_pkcs12_begin(place->records, &ask, 0, &result),
	                 REC_OK);
	assert_int_equal(records_pkcs12_wait(place->records, &somebody,
	                                     result.claim), REC_OK);
	return result.request;
}

static json_t *
list(struct place *place, const struct order_filter *filter, size_t limit)
{
	json_t *view = NULL;

	assert_int_equal(order_view_list(place->records, filter, limit, &view),
	                 REC_OK);
	return view;
}

static int64_t
number_at(const json_t *view, size_t i)
{
	const json_t *row =
	        json_array_get(json_object_get(view, "orders"), i);

	return json_integer_value(json_object_get(row, "number"));
}

static const char *
text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static enum rec_err
show(struct place *place, int64_t number, json_t **ret_view)
{
	const struct issuing issuing = { .records = place->records };

	*ret_view = NULL;
	return order_view_one(&issuing, number, ret_view);
}

static void
assert_state(struct place *place, int64_t number, const char *state)
{
	json_t *view;

	assert_int_equal(show(place, number, &view), REC_OK);
	assert_string_equal(text(view, "state"), state);
	json_decref(view);
}

/* --- the list ------------------------------------------------------------- */

static void
test_list_both_kinds_by_number(void **state)
{
	struct place *place = *state;
	const struct order_filter any = { .state = ORDER_N_STATES };
	int64_t numbers[4];
	json_t *view;

	numbers[3] = apply(place, "alice", "A");
	numbers[2] = ask_pkcs12(place, "alice", "A");
	numbers[1] = apply(place, "bob", "B");
	numbers[0] = ask_pkcs12(place, "bob", "B");
	view = list(place, &any, 10);
	assert_int_equal(json_array_size(json_object_get(view, "orders")), 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(number_at(view, i), numbers[i]);
	assert_true(json_is_false(json_object_get(view, "more")));
	json_decref(view);
}

/* Page after page all of them, each once, whatever the pages' size. */
static void
test_list_pages_leave_none_out(void **state)
{
	struct place *place = *state;
	int64_t numbers[7];

	for (size_t i = 0; i < 7; i++)
		numbers[6 - i] = i % 3 == 1 ? ask_pkcs12(place, "alice",
		                                         i == 1 ? "1" : "4")
		                            : apply(place, "alice", NULL);
	for (size_t size = 1; size <= 8; size++) {
		struct order_filter filter = { .state = ORDER_N_STATES };
		size_t n = 0;
		bool more = true;

		while (more) {
			json_t *view = list(place, &filter, size);
			size_t got = json_array_size(
			        json_object_get(view, "orders"));

			assert_true(got <= size && n + got <= 7);
			for (size_t i = 0; i < got; i++)
				assert_int_equal(number_at(view, i),
				                 numbers[n++]);
			more = json_is_true(json_object_get(view, "more"));
			filter.before = numbers[n - 1];
			json_decref(view);
		}
		assert_int_equal(n, 7);
	}
}

static void
test_list_filter_holds_for_both(void **state)
{
	struct place *place = *state;
	struct order_filter filter = { "bob", ORDER_APPLIED, 0 };
	int64_t order = apply(place, "bob", "B"), pkcs12;
	json_t *view;

	apply(place, "alice", "A");
	ask_pkcs12(place, "alice", "A");
	pkcs12 = ask_pkcs12(place, "bob", "B");
	view = list(place, &filter, 10);
	assert_int_equal(json_array_size(json_object_get(view, "orders")), 2);
	assert_int_equal(number_at(view, 0), pkcs12);
	assert_int_equal(number_at(view, 1), order);
	json_decref(view);
	filter.state = ORDER_ISSUED;
	view = list(place, &filter, 10);
	assert_int_equal(json_array_size(json_object_get(view, "orders")), 0);
	json_decref(view);
}

static void
test_waiting_counts_what_waits(void **state)
{
	struct place *place = *state;
	size_t n = 7;
	int64_t order = apply(place, "alice", "A"), pkcs12;

	pkcs12 = ask_pkcs12(place, "alice", "A");
	assert_int_equal(records_orders_waiting(place->records, &n), REC_OK);
	assert_int_equal(n, 2);
	assert_int_equal(records_order_decide(place->records, &somebody, order,
	                                      false, "no"), REC_OK);
	assert_int_equal(records_pkcs12_decide(place->records, &somebody,
	                                       pkcs12, true, ""), REC_OK);
	assert_int_equal(records_orders_waiting(place->records, &n), REC_OK);
	assert_int_equal(n, 0);
}

static void
test_waiting_many_stops_counting(void **state)
{
	struct place *place = *state;
	size_t n = 0;

	place_run(place, "WITH RECURSIVE c(i) AS (SELECT 100000 UNION ALL"
	                 " SELECT i + 1 FROM c WHERE i < 101099)"
	                 " INSERT INTO orders SELECT i, 'a', NULL, 0, 'p', 1,"
	                 " 0, '', 1, 0, 0, zeroblob(32), x'00' FROM c");
	assert_int_equal(records_orders_waiting(place->records, &n), REC_OK);
	assert_int_equal(n, ORDERS_WAITING_MAX);
}

/* --- one ------------------------------------------------------------------ */

static void
test_pkcs12_shows_its_state_on_the_way(void **state)
{
	struct place *place = *state;
	struct records *r = place->records;
	int64_t number = ask_pkcs12(place, "alice", "A"), id = 0;
	const struct pkcs12_ask ask = { "alice", "A", "S-1",
		                        "profileID=made~CN=A=b~dNSName=a.b" };
	struct cert_new cert = make_cert("ab");
	struct pkcs12_result result = { 0 };

	assert_state(place, number, "applied");
	assert_int_equal(records_pkcs12_decide(r, &somebody, number, true, ""),
	                 REC_OK);
	assert_state(place, number, "approved");
	assert_int_equal(records_pkcs12_begin(r, &ask, 0, &result), REC_OK);
	assert_state(place, number, "approved"); /* it is being made */
	assert_int_equal(records_pkcs12_finish(r, &somebody, result.claim,
	                                       &cert, "p", 1, &id), REC_OK);
	assert_state(place, number, "issued");
	assert_int_equal(records_cert_revoke(r, &somebody, id, 1, 5), REC_OK);
	assert_state(place, number, "revoked");
	number = ask_pkcs12(place, "alice", "B");
	assert_int_equal(records_pkcs12_decide(r, &somebody, number, false,
	                                       "no"), REC_OK);
	assert_state(place, number, "rejected");
}

static void
test_pkcs12_nobody_was_asked_about_is_not_there(void **state)
{
	struct place *place = *state;
	const struct pkcs12_ask ask = { "alice", "A", "S-1", "CN=a" };
	struct pkcs12_result result = { 0 };
	json_t *view;

	assert_int_equal(records_pkcs12_begin(place->records, &ask, 0, &result),
	                 REC_OK);
	assert_int_equal(show(place, result.request, &view), REC_NOT_FOUND);
	assert_null(view);
	assert_int_equal(show(place, 7, &view), REC_NOT_FOUND);
}

static void
test_pkcs12_asked_is_read_in_parts(void **state)
{
	static const char *const parts[][2] = {
		{ "profileID", "made" }, { "CN", "A=b" }, { "dNSName", "a.b" },
	};
	struct place *place = *state;
	json_t *view, *asked;

	assert_int_equal(show(place, ask_pkcs12(place, "alice", "A"), &view),
	                 REC_OK);
	asked = json_object_get(view, "asked");
	assert_int_equal(json_array_size(asked), 3);
	for (size_t i = 0; i < 3; i++) {
		const json_t *part = json_array_get(asked, i);

		assert_string_equal(text(part, "kind"), parts[i][0]);
		assert_string_equal(text(part, "value"), parts[i][1]);
	}
	json_decref(view);
}

static void
test_order_shows_certificates_and_their_users(void **state)
{
	struct place *place = *state;
	struct records *r = place->records;
	int64_t id = add_cert(place, "ab");
	struct order_filter any = { .state = ORDER_N_STATES };
	json_t *all = list(place, &any, 1), *view, *cert, *users;
	char name[16];

	for (int i = 0; i < 70; i++) {
		snprintf(name, sizeof name, "user%02d", i);
		add_account(place, name);
		assert_int_equal(records_cert_add_user(r, &somebody, id, name),
		                 REC_OK);
	}
	assert_int_equal(records_cert_revoke(r, &somebody, id, 4, 5), REC_OK);
	assert_int_equal(show(place, number_at(all, 0), &view), REC_OK);
	cert = json_array_get(json_object_get(view, "certificates"), 0);
	assert_string_equal(text(cert, "serial"), "ab");
	assert_string_equal(text(cert, "revocationReason"), "superseded");
	users = json_object_get(cert, "users");
	assert_int_equal(json_array_size(users), 70);
	assert_string_equal(json_string_value(json_array_get(users, 69)),
	                    "user69");
	json_decref(view);
	json_decref(all);
}

/* --- words ---------------------------------------------------------------- */

static void
test_reason_is_a_line_of_text(void **state)
{
	char longest[ORDER_REASON_MAX + 2];

	(void)state;
	memset(longest, 'a', sizeof longest - 1);
	longest[ORDER_REASON_MAX] = '\0';
	assert_true(order_reason_valid(longest));
	assert_true(order_reason_valid("\xc3\xa9"));
	longest[ORDER_REASON_MAX] = 'a';
	longest[ORDER_REASON_MAX + 1] = '\0';
	assert_false(order_reason_valid(longest));
	assert_false(order_reason_valid(""));
	assert_false(order_reason_valid("a\nb"));
	assert_false(order_reason_valid("a\x7f"));
	assert_false(order_reason_valid("a\xc2\x85"));
	assert_false(order_reason_valid("\xc3"));
}

static void
test_state_is_known_by_name(void **state)
{
	(void)state;
	for (int i = 0; i < ORDER_N_STATES; i++)
		assert_int_equal(order_state_by_name(order_state_name(
		                         (enum order_state)i)), i);
	assert_int_equal(order_state_by_name("Applied"), ORDER_N_STATES);
	assert_int_equal(order_state_by_name(""), ORDER_N_STATES);
}

#define OPENED(test) \
	cmocka_unit_test_setup_teardown(test, place_setup_open, place_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		OPENED(test_list_both_kinds_by_number),
		OPENED(test_list_pages_leave_none_out),
		OPENED(test_list_filter_holds_for_both),
		OPENED(test_waiting_counts_what_waits),
		OPENED(test_waiting_many_stops_counting),
		OPENED(test_pkcs12_shows_its_state_on_the_way),
		OPENED(test_pkcs12_nobody_was_asked_about_is_not_there),
		OPENED(test_pkcs12_asked_is_read_in_parts),
		OPENED(test_order_shows_certificates_and_their_users),
		cmocka_unit_test(test_reason_is_a_line_of_text),
		cmocka_unit_test(test_state_is_known_by_name),
	};

	return cmocka_run_group_tests_name("order_view", tests, NULL, NULL);
}
