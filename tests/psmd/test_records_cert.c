/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_records_cert.c - certificates, their revocation and the numbers of CRLs
 * in the records. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/psmd/records_place.h"

static void
test_cert_serial_by_table(void **state)
{
	static const struct {
		const char *text, *serial;
	} rows[] = {
		{ "1", "1" },
		{ "0000000000000000000000000000000000000000000000Ab", "ab" },
		{ "fedcbaFEDCBA01234567890123456789ab",
		  "fedcbafedcba01234567890123456789ab" },
		{ "1234567890123456789012345678901234567890",
		  "1234567890123456789012345678901234567890" },
		{ "12345678901234567890123456789012345678901", NULL },
		{ "", NULL },
		{ "0", NULL },
		{ "0x1", NULL },
		{ "1 ", NULL },
		{ "-1", NULL },
		{ "1' OR '1'='1", NULL },
	};
	char serial[CERT_SERIAL_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(cert_serial(rows[i].text, serial),
		                 rows[i].serial != NULL);
		if (rows[i].serial != NULL)
			assert_string_equal(serial, rows[i].serial);
	}
}

static void
test_cert_is_found_by_id_and_serial(void **state)
{
	struct place *place = *state;
	int64_t id = add_cert(place, "aBcD");
	struct cert_record cert;

	assert_int_equal(records_cert_find(place->records, "alice", "00AbCd",
	                                   &cert), REC_OK);
	assert_int_equal(cert.id, id);
	assert_string_equal(cert.serial, "abcd");
	assert_string_equal(cert.issuer, "ca");
	assert_string_equal(cert.account, "alice");
	assert_string_equal(cert.request_id, "7");
	assert_string_equal(cert.subject, "CN=Alice");
	assert_int_equal(cert.order, 100000);
	assert_int_equal(cert.not_before, 1000);
	assert_int_equal(cert.not_after, 9000);
	assert_int_equal(cert.revoked, 0);
	assert_int_equal(cert.der_len, 5);
	assert_memory_equal(cert.der, "\x30\x03\x02\x01\x01", 5);
	cert_record_clear(&cert);
	assert_int_equal(records_cert_get(place->records, NULL, id, &cert),
	                 REC_OK);
	cert_record_clear(&cert);
	assert_int_equal(records_cert_get(place->records, "bob", id, &cert),
	                 REC_NOT_FOUND);
	assert_int_equal(records_cert_find(place->records, "bob", "abcd",
	                                   &cert), REC_NOT_FOUND);
	assert_int_equal(records_cert_find(place->records, NULL, "no number",
	                                   &cert), REC_NOT_FOUND);
}

static void
test_cert_user_may_use_it(void **state)
{
	struct place *place = *state;
	struct records *r = place->records;
	struct account bob;
	int64_t id = add_cert(place, "1");

	assert_int_equal(records_cert_may_use(r, id, "alice"), REC_OK);
	assert_int_equal(records_cert_add_user(r, &somebody, id, "bob"),
	                 REC_NOT_FOUND);
	add_account(place, "bob");
	assert_int_equal(records_cert_may_use(r, id, "bob"), REC_NOT_FOUND);
	assert_int_equal(records_cert_add_user(r, &somebody, id, "bob"),
	                 REC_OK);
	assert_int_equal(records_cert_add_user(r, &somebody, id, "bob"),
	                 REC_OK);
	assert_int_equal(records_cert_may_use(r, id, "bob"), REC_OK);
	assert_int_equal(records_cert_add_user(r, &somebody, 7, "bob"),
	                 REC_NOT_FOUND);
	assert_int_equal(place_number(place, "SELECT count(*) FROM audit"
	                              " WHERE action = 'cert.add-user'"), 1);
	assert_int_equal(records_account_get(r, "bob", &bob), REC_OK);
	assert_int_equal(records_account_remove(r, "bob"), REC_OK);
	assert_int_equal(records_cert_may_use(r, id, "bob"), REC_NOT_FOUND);
	bob.enabled = false;
	assert_int_equal(records_account_add(r, &bob), REC_OK);
	assert_int_equal(records_cert_may_use(r, id, "bob"), REC_NOT_FOUND);
	assert_int_equal(records_cert_add_user(r, &somebody, id, "bob"),
	                 REC_NOT_FOUND);
	place_check(place);
}

static void
test_cert_revoke_by_table(void **state)
{
	static const struct {
		int before, reason; /* before -1: not revoked */
		enum rec_err err;
	} rows[] = {
		{ -1, 0, REC_OK },
		{ -1, 1, REC_OK },
		{ -1, 6, REC_OK },
		{ -1, 10, REC_OK },
		{ -1, 7, REC_STATE },
		{ -1, 8, REC_STATE },
		{ -1, 11, REC_STATE },
		{ -1, -1, REC_STATE },
		{ 1, 4, REC_STATE },
		{ 1, 8, REC_STATE },
		{ 6, 6, REC_STATE },
		{ 6, 1, REC_OK },
		{ 6, 8, REC_OK },
	};
	struct place *place = *state;
	struct records *r = place->records;
	struct cert_record cert;
	char serial[8];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t id;

		snprintf(serial, sizeof serial, "%zx", i + 1);
		id = add_cert(place, serial);
		if (rows[i].before >= 0)
			assert_int_equal(records_cert_revoke(
			                         r, &somebody, id,
			                         rows[i].before, 5000),
			                 REC_OK);
		assert_int_equal(records_cert_revoke(r, &somebody, id,
		                                     rows[i].reason, 6000),
		                 rows[i].err);
		if (rows[i].err != REC_OK)
			continue;
		assert_int_equal(records_cert_get(r, NULL, id, &cert), REC_OK);
		assert_int_equal(cert.revoked,
		                 rows[i].reason == CERT_RELEASE ? 0 : 6000);
		assert_int_equal(cert.reason, rows[i].reason == CERT_RELEASE
		                                      ? 0
		                                      : rows[i].reason);
		cert_record_clear(&cert);
	}
	assert_int_equal(records_cert_revoke(r, &somebody, 7, 0, 5000),
	                 REC_NOT_FOUND);
	/* a time that would read as "not revoked" */
	assert_int_equal(records_cert_revoke(r, &somebody,
	                                     add_cert(place, "f0"), 1, 0),
	                 REC_STATE);
	place_check(place);
}

static enum order_state
state_of(struct place *place, int64_t number)
{
	struct order order;
	enum order_state state;

	assert_int_equal(records_order_get(place->records, NULL, number,
	                                   &order), REC_OK);
	state = order.state;
	order_clear(&order);
	return state;
}

static void
test_order_is_revoked_with_its_last_cert(void **state)
{
	struct place *place = *state;
	struct order_new new = make_order(NULL, "a request");
	struct cert_new certs[] = { make_cert("1"), make_cert("2") };
	int64_t number = add_order(place, &new), ids[2];
	struct records *r = place->records;

	assert_int_equal(records_order_issue(r, &somebody, number, certs, 2,
	                                     ids), REC_OK);
	assert_int_equal(records_cert_revoke(r, &somebody, ids[0], 1, 5000),
	                 REC_OK);
	assert_int_equal(state_of(place, number), ORDER_ISSUED);
	assert_int_equal(records_cert_revoke(r, &somebody, ids[1], CERT_HOLD,
	                                     5000), REC_OK);
	assert_int_equal(state_of(place, number), ORDER_REVOKED);
	assert_int_equal(records_cert_revoke(r, &somebody, ids[1], CERT_RELEASE,
	                                     6000), REC_OK);
	assert_int_equal(state_of(place, number), ORDER_ISSUED);
	place_check(place);
}

struct seen {
	struct records *records;
	int64_t sum;
	int n, most;
};

/* It may use the records meanwhile. */
static bool
see(const struct cert_revoked *cert, void *arg)
{
	struct seen *seen = arg;
	struct cert_record found;

	assert_int_equal(records_cert_find(seen->records, NULL, cert->serial,
	                                   &found), REC_OK);
	assert_int_equal(found.revoked, cert->time);
	assert_int_equal(found.reason, cert->reason);
	cert_record_clear(&found);
	seen->sum += cert->time;
	return ++seen->n < seen->most;
}

/* More than two pages: every second is revoked. */
static void
add_revoked(struct place *place, int n)
{
	struct order_new new = make_order(NULL, "a request");
	struct cert_new *certs = calloc((size_t)n, sizeof *certs);
	char (*serials)[16] = calloc((size_t)n, sizeof *serials);

	assert_non_null(certs);
	assert_non_null(serials);
	for (int i = 0; i < n; i++) {
		snprintf(serials[i], sizeof *serials, "%x", i + 1);
		certs[i] = make_cert(serials[i]);
	}
	assert_int_equal(records_order_issue(place->records, &somebody,
	                                     add_order(place, &new), certs,
	                                     (size_t)n, NULL), REC_OK);
	free(certs);
	free(serials);
	place_run(place, "UPDATE certificate SET revoked = 5000, reason = 1"
	                 " WHERE id % 2 = 0");
}

static void
test_revoked_are_listed_page_by_page(void **state)
{
	struct place *place = *state;
	struct seen all = { place->records, 0, 0, 1000000 };
	struct seen three = { place->records, 0, 0, 3 };

	add_revoked(place, 2 * (2 * CERT_REVOKED_PAGE + 10));
	assert_int_equal(records_cert_revoked(place->records, "ca", 9000, see,
	                                      &all), REC_OK);
	assert_int_equal(all.n, 2 * CERT_REVOKED_PAGE + 10);
	assert_int_equal(all.sum, all.n * 5000);
	assert_int_equal(records_cert_revoked(place->records, "ca", 0, see,
	                                      &three), REC_OK);
	assert_int_equal(three.n, 3);
	/* expired, or another's */
	all.n = 0;
	assert_int_equal(records_cert_revoked(place->records, "ca", 9001, see,
	                                      &all), REC_OK);
	assert_int_equal(records_cert_revoked(place->records, "other", 0, see,
	                                      &all), REC_OK);
	assert_int_equal(all.n, 0);
}

static void
test_crl_numbers_grow(void **state)
{
	struct place *place = *state;
	int64_t first = 0, second = 0;

	assert_int_equal(records_crl_next(place->records, &somebody, "ca",
	                                  0, &first), REC_OK);
	place_close(place);
	place_open(place);
	assert_int_equal(records_crl_next(place->records, &somebody, "ca",
	                                  0, &second), REC_OK);
	assert_true(first > 0 && second > first);
}

static void
test_crl_number_is_above_one_that_was_published(void **state)
{
	struct place *place = *state;
	int64_t number = 0, last = 0;

	assert_int_equal(records_crl_next(place->records, &somebody, "ca",
	                                  1000, &number), REC_OK);
	assert_int_equal(number, 1001);
	assert_int_equal(records_crl_next(place->records, &somebody, "ca",
	                                  7, &number), REC_OK);
	assert_int_equal(number, 1002);
	assert_int_equal(records_crl_next(place->records, &somebody, "ca",
	                                  INT64_MAX, &number), REC_STATE);
	assert_int_equal(records_crl_last(place->records, &last), REC_OK);
	assert_int_equal(last, 1002);
}

static void
test_crl_is_the_last_until_one_is_revoked(void **state)
{
	const int64_t id = 1000000000000000;
	struct place *place = *state;
	int64_t number = 0, last = 0;

	add_revoked(place, 2);
	assert_int_equal(records_crl_next(place->records, &somebody, "ca",
	                                  0, &number), REC_OK);
	assert_int_equal(records_crl_last(place->records, &last), REC_OK);
	assert_int_equal(last, number);
	place_run(place, "UPDATE certificate SET revoked = 0, reason = 0");
	assert_int_equal(records_cert_revoke(place->records, &somebody,
	                                     id, CERT_HOLD, 5000), REC_OK);
	assert_int_equal(records_crl_last(place->records, &last), REC_OK);
	assert_true(last > number);
	number = last;
	assert_int_equal(records_cert_revoke(place->records, &somebody,
	                                     id, CERT_RELEASE, 6000), REC_OK);
	assert_int_equal(records_crl_last(place->records, &last), REC_OK);
	assert_true(last > number);
}

#define OPENED(test) \
	cmocka_unit_test_setup_teardown(test, place_setup_open, place_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cert_serial_by_table),
		OPENED(test_cert_is_found_by_id_and_serial),
		OPENED(test_cert_user_may_use_it),
		OPENED(test_cert_revoke_by_table),
		OPENED(test_order_is_revoked_with_its_last_cert),
		OPENED(test_revoked_are_listed_page_by_page),
		OPENED(test_crl_numbers_grow),
		OPENED(test_crl_number_is_above_one_that_was_published),
		OPENED(test_crl_is_the_last_until_one_is_revoked),
	};

	return cmocka_run_group_tests_name("certificates", tests, NULL, NULL);
}
