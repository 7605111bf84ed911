/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_records_order.c - orders and certificates in the records. */

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
		cmocka_unit_test(test_cert_serial_by_table),
		OPENED(test_cert_is_found_by_id_and_serial),
		OPENED(test_cert_user_may_use_it),
		OPENED(test_cert_revoke_by_table),
		OPENED(test_order_is_revoked_with_its_last_cert),
		OPENED(test_revoked_are_listed_page_by_page),
		OPENED(test_crl_numbers_grow),
		OPENED(test_crl_number_is_above_one_that_was_published),
		OPENED(test_crl_is_the_last_until_one_is_revoked),
		OPENED(test_injection_is_text_in_every_field),
		OPENED(test_too_long_is_refused),
	};

	return cmocka_run_group_tests_name("orders", tests, NULL, NULL);
}
