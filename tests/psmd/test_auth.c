/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_auth.c - who may: the order of the checks, Basic, locks, throttles. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "psmd/password.h"
#include "tests/psmd/auth_world.h"

/* --- the order ----------------------------------------------------------- */

static void
test_check_order_is_as_documented(void **state)
{
	struct world *w = *state;

	add_account(w, "guest", "guest", 0);
	w->peer.tls = false;
	w->config.system.enabled = false;
	assert_int_equal(judge(w), REFUSED_DISABLED);
	w->config.system.enabled = true;
	set_header(w, "Authorization", "Bearer x");
	assert_int_equal(judge(w), REFUSED_HTTPS_REQUIRED);
	w->config.system.transport = TRANSPORT_BOTH;
	assert_int_equal(judge(w), REFUSED_AUTH_METHOD);
	assert_int_equal(basic(w, "guest:wrong"), REFUSED_AUTHORIZATION);
	assert_int_equal(basic(w, "guest:guest"), REFUSED_PRIVILEGE);
	assert_int_equal(basic(w, "admin:s3cret"), 0);
	assert_string_equal(w->request.account, "admin");
	assert_int_equal(w->request.privileges, PRIV_SYSTEM);
}

static void
test_check_none_needs_nothing(void **state)
{
	struct world *w = *state;

	w->config.system.auth = AUTH_NONE;
	assert_int_equal(judge(w), 0);
	assert_string_equal(w->request.account, "");
	assert_int_equal(w->request.privileges, PRIV_SYSTEM);
}

static void
test_check_none_write_from_another_site_is_refused(void **state)
{
	struct world *w = *state;

	w->config.system.auth = AUTH_NONE;
	set_header(w, "Sec-Fetch-Site", "cross-site");
	assert_int_equal(judge(w), 0);
	w->request.method = "PUT";
	assert_int_equal(judge(w), REFUSED_PRIVILEGE);
	set_header(w, "Sec-Fetch-Site", "same-origin");
	assert_int_equal(judge(w), 0);
}

/* --- Basic --------------------------------------------------------------- */

static void
test_basic_without_header_is_challenged(void **state)
{
	struct world *w = *state;

	assert_int_equal(judge(w), REFUSED_AUTHORIZATION);
	assert_string_equal(answered(w, "WWW-Authenticate", 0),
	                    "Basic realm=\"psm \\\"test\\\"\", "
	                    "charset=\"UTF-8\"");
	assert_null(answered(w, "WWW-Authenticate", 1));
	set_header(w, "X-PSM-Token", "");
	assert_int_equal(judge(w), REFUSED_AUTHORIZATION);
	assert_null(answered(w, "WWW-Authenticate", 0));
}

static void
test_basic_malformed_is_not_counted(void **state)
{
	static const char *const headers[] = {
		"Basic", "Basic ", "Basic =", "Basic YWRtaW4", "Basic ????",
		"Basic YWRtaW4=",          /* admin */
		"Basic YWRtaW46czNjcmV0=", /* too much padding */
		"Basic YWRtaW46\nczNjcmV0",
		"Basic YWRtaW4AOnMzY3JldA==", /* admin NUL :s3cret */
		"Basic YWRtaW46czNjcmV0AA==", /* s3cret NUL */
		"Basic YWRtaW4NOnMzY3JldA==", /* admin CR */
		"Basic Og==",                 /* : */
		"Basic /zp4",                 /* not UTF-8 */
	};
	struct world *w = *state;

	verified = 0;
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		set_header(w, "Authorization", headers[i]);
		assert_int_equal(judge(w), REFUSED_AUTHORIZATION);
	}
	assert_int_equal(verified, 0);
	assert_int_equal(get_account(w, "admin").failures, 0);
}

static void
test_basic_odd_passwords_are_taken(void **state)
{
	struct world *w = *state;

	add_account(w, "J\xc3\xbcrgen", "p\xc3\xa4ss:w\xc3\xb6rd:", PRIV_ALL);
	assert_int_equal(basic(w, "J\xc3\xbcrgen:p\xc3\xa4ss:w\xc3\xb6rd:"), 0);
	assert_string_equal(w->request.account, "J\xc3\xbcrgen");
}

static void
test_basic_wrong_unknown_locked_disabled_cost_the_same(void **state)
{
	struct world *w = *state;
	struct account a;

	add_account(w, "locked", "s3cret", PRIV_ALL);
	add_account(w, "disabled", "s3cret", PRIV_ALL);
	a = get_account(w, "disabled");
	a.enabled = false;
	assert_int_equal(records_account_change(w->server.records, &a,
	                                        CHANGE_ENABLED), REC_OK);
	for (int i = 0; i < LOCK_AFTER; i++)
		assert_int_equal(basic(w, "locked:no"), REFUSED_AUTHORIZATION);
	assert_string_equal(audited, "locked 192.0.2.7 account.lock");
	verified = 0;
	assert_int_equal(basic(w, "admin:wrong"), REFUSED_AUTHORIZATION);
	assert_int_equal(basic(w, "nobody:s3cret"), REFUSED_AUTHORIZATION);
	assert_int_equal(basic(w, "locked:s3cret"), REFUSED_AUTHORIZATION);
	assert_int_equal(basic(w, "disabled:s3cret"), REFUSED_AUTHORIZATION);
	assert_int_equal(verified, 4);
}

static void
test_basic_lock_ends(void **state)
{
	struct world *w = *state;

	assert_int_equal(basic(w, "admin:s3cret"), 0); /* now remembered */
	for (int i = 0; i < LOCK_AFTER; i++)
		assert_int_equal(basic(w, "admin:no"), REFUSED_AUTHORIZATION);
	assert_int_equal(basic(w, "admin:s3cret"), REFUSED_AUTHORIZATION);
	later = LOCK_SECONDS + 1;
	assert_int_equal(basic(w, "admin:no"), REFUSED_AUTHORIZATION);
	assert_int_equal(basic(w, "admin:s3cret"), 0);
}

static void
test_basic_right_is_remembered_for_a_while(void **state)
{
	struct world *w = *state;

	assert_int_equal(basic(w, "admin:s3cret"), 0);
	verified = 0;
	assert_int_equal(basic(w, "admin:s3cret"), 0);
	assert_int_equal(verified, 0);
	assert_int_equal(basic(w, "admin:s3cret2"), REFUSED_AUTHORIZATION);
	assert_int_equal(verified, 1);
	later = 301;
	assert_int_equal(basic(w, "admin:s3cret"), 0);
	assert_int_equal(verified, 2);
	assert_int_equal(get_account(w, "admin").failures, 0);
}

static void
test_basic_change_voids_what_is_remembered(void **state)
{
	struct world *w = *state;
	struct account a;

	assert_int_equal(basic(w, "admin:s3cret"), 0);
	a = get_account(w, "admin");
	assert_true(password_set(&a, "other", REALM, true));
	assert_int_equal(records_account_change(w->server.records, &a,
	                                        CHANGE_PASSWORD), REC_OK);
	assert_int_equal(basic(w, "admin:s3cret"), REFUSED_AUTHORIZATION);
	assert_int_equal(basic(w, "admin:other"), 0);
	assert_int_equal(records_account_remove(w->server.records, "admin"),
	                 REC_OK);
	assert_int_equal(basic(w, "admin:other"), REFUSED_AUTHORIZATION);
}

static void
test_basic_outdated_hash_is_renewed(void **state)
{
	struct world *w = *state;
	struct account before = get_account(w, "admin"), after;

	assert_true(password_is_outdated(&before));
	assert_int_equal(basic(w, "admin:s3cret"), 0);
	after = get_account(w, "admin");
	assert_false(password_is_outdated(&after));
	assert_int_equal(after.generation, before.generation);
	assert_true(password_fits(&after, "s3cret"));
}

static struct world *world; /* of the test that is running */

static void
lock_account(void)
{
	bool locked = false;

	while (!locked)
		assert_int_equal(records_account_failed(
		                         world->server.records, "admin",
		                         LOCK_AFTER, time(NULL), LOCK_SECONDS,
		                         &locked), REC_OK);
}

static void
change_account(void)
{
	struct account a = get_account(world, "admin");

	assert_int_equal(records_account_change(world->server.records, &a,
	                                        CHANGE_PRIVILEGES), REC_OK);
}

/* Somebody else's guesses, or the administrator, were faster. */
static void
test_basic_right_but_changed_meanwhile_is_refused(void **state)
{
	world = *state;
	while_verifying = change_account;
	assert_int_equal(basic(world, "admin:s3cret"), REFUSED_AUTHORIZATION);
	while_verifying = NULL;
	assert_int_equal(basic(world, "admin:s3cret"), 0);
	change_account(); /* so that it is not remembered */
	while_verifying = lock_account;
	assert_int_equal(basic(world, "admin:s3cret"), REFUSED_AUTHORIZATION);
}

static void
test_basic_many_names_are_throttled(void **state)
{
	struct world *w = *state;
	char pair[32];

	assert_int_equal(basic(w, "admin:s3cret"), 0);
	verify_fails = true;
	strcpy(w->peer.address, "2001:db8::1");
	for (int i = 0; i < 20; i++) {
		snprintf(pair, sizeof pair, "name%d:x", i);
		assert_int_equal(basic(w, pair), REFUSED_AUTHORIZATION);
	}
	verified = 0;
	strcpy(w->peer.address, "2001:db8::ffff:2"); /* the same /64 */
	assert_int_equal(basic(w, "name:x"), REFUSED_BUSY);
	assert_int_equal(verified, 0);
	assert_int_equal(basic(w, "admin:s3cret"), 0); /* remembered */
	strcpy(w->peer.address, "2001:db8:0:1::1");
	assert_int_equal(basic(w, "name:x"), REFUSED_AUTHORIZATION);
	strcpy(w->peer.address, "2001:db8::1");
	later = 4;
	assert_int_equal(basic(w, "name:x"), REFUSED_AUTHORIZATION);
	assert_int_equal(basic(w, "name:x"), REFUSED_BUSY);
}

static void
test_basic_write_from_another_site_is_refused(void **state)
{
	struct world *w = *state;

	w->request.method = "DELETE";
	set_header(w, "Sec-Fetch-Site", "cross-site");
	assert_int_equal(basic(w, "admin:s3cret"), REFUSED_AUTHORIZATION);
	set_header(w, "Sec-Fetch-Site", "same-origin");
	assert_int_equal(basic(w, "admin:s3cret"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_check_order_is_as_documented),
		TEST(test_check_none_needs_nothing),
		TEST(test_check_none_write_from_another_site_is_refused),
		TEST(test_basic_without_header_is_challenged),
		TEST(test_basic_malformed_is_not_counted),
		TEST(test_basic_odd_passwords_are_taken),
		TEST(test_basic_wrong_unknown_locked_disabled_cost_the_same),
		TEST(test_basic_lock_ends),
		TEST(test_basic_right_is_remembered_for_a_while),
		TEST(test_basic_change_voids_what_is_remembered),
		TEST(test_basic_outdated_hash_is_renewed),
		TEST(test_basic_right_but_changed_meanwhile_is_refused),
		TEST(test_basic_many_names_are_throttled),
		TEST(test_basic_write_from_another_site_is_refused),
	};

	return cmocka_run_group_tests_name("auth", tests, world_begin,
	                                   world_end);
}
