/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_pkcs12_judge.c - createPKCS12ById: who asks for it, and what a profile
 * grants; one thing after another. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "psmd/auth_internal.h"
#include "tests/psmd/pkcs12_wish.h"

int64_t __real_auth_now(void);
int64_t __wrap_auth_now(void);

/* --- one thing after another --------------------------------------------- */

/* In the order they are looked at. */
static const struct defect {
	const char *message; /* NULL: what was made before is answered */
	struct wish wish;    /* but for fields */
	const char *field, *value;
} defects[] = {
	{ INPUT, { .outer_user = "nobody" }, NULL, NULL },
	{ PARAMETER, { 0 }, "subscriberId", "" },
	{ VALIDITY, { 0 }, "validity", "365" },
	{ FROM, { 0 }, "validFrom", "tomorrow" },
	{ DETAILS, { .em_key = "wrong" }, NULL, NULL },
	{ SIGNATURE, { .signer = "other" }, NULL, NULL },
	{ PROFILE, { 0 }, "profileID", "none" },
	{ NULL, { 0 }, "applicationId", "order" },
	{ PARAMETER, { .content = KIND("RSA-1024") }, NULL, NULL },
};
enum { N_DEFECTS = sizeof defects / sizeof *defects };

static struct wish
both(const struct defect *a, const struct defect *b)
{
	struct wish wish = a->wish;

	wish.fields = json_pack("{s:s}", "applicationId", "order of none");
	if (a->field != NULL)
		json_object_set_new(wish.fields, a->field,
		                    json_string(a->value));
	if (b->field != NULL)
		json_object_set_new(wish.fields, b->field,
		                    json_string(b->value));
	if (b->wish.outer_user != NULL)
		wish.outer_user = b->wish.outer_user;
	if (b->wish.em_key != NULL)
		wish.em_key = b->wish.em_key;
	if (b->wish.signer != NULL)
		wish.signer = b->wish.signer;
	if (b->wish.content != NULL)
		wish.content = b->wish.content;
	return wish;
}

static void
test_of_two_defects_the_first_is_said(void **state)
{
	struct wish wish = { .fields = app("order") };
	char *file = is_file(ask(&wish)), *again;

	(void)state;
	for (size_t i = 0; i < N_DEFECTS; i++)
		for (size_t n = i; n < N_DEFECTS; n++) {
			wish = both(&defects[i], &defects[n]);
			if (defects[i].message != NULL) {
				is_failure(ask(&wish), defects[i].message);
				continue;
			}
			again = is_file(ask(&wish));
			assert_string_equal(again, file);
			free(again);
		}
	free(file);
}

static void
test_each_wrong_detail_is_the_same_answer(void **state)
{
	static const struct wish wishes[] = {
		{ .user = "ghost" },
		{ .user = "off" },
		{ .address = "192.0.3.1" },
		{ .address = "2001:db8::1" },
		{ .address = "not an address" },
		{ .em_key = "" },
		{ .em_key = "0123456789abcdef0123456789abcdef0123456" },
		{ .em_key = "0123456789abcdef0123456789abcdef012345678" },
		{ .em_key = "0123456789ABCDEF0123456789abcdef01234567" },
	};
	struct wish wish = { .fields = field("password", "wrong") };

	(void)state;
	is_failure(ask(&wish), DETAILS);
	for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++)
		is_failure(ask(&wishes[i]), DETAILS);
}

static unsigned
failures(const char *name)
{
	struct account account;

	assert_int_equal(records_account_get(house.server.records, name,
	                                     &account), REC_OK);
	return account.failures;
}

/* A right password is no more than a wrong one where the rest is wrong. */
static void
test_each_wrong_detail_is_counted(void **state)
{
	struct wish wishes[] = {
		{ .user = "bob", .em_key = "wrong" },
		{ .user = "bob", .address = "198.51.100.1" },
		{ .user = "bob", .fields = field("password", "wrong") },
	};
	struct wish good = { .user = "bob", .fields = app("counted") };

	(void)state;
	free(is_file(ask(&good)));
	for (unsigned i = 0; i < sizeof wishes / sizeof *wishes; i++) {
		assert_int_equal(failures("bob"), i);
		is_failure(ask(&wishes[i]), DETAILS);
	}
	assert_int_equal(failures("bob"), 3);
}

static bool time_stands; /* so that none is forgiven meanwhile */

int64_t
__wrap_auth_now(void)
{
	return time_stands ? 1 : __real_auth_now();
}

static struct told
ask_with_wrong_password(void)
{
	struct wish wish = { .address = "192.0.2.99",
		             .fields = field("password", "wrong") };

	return ask(&wish);
}

static void
test_many_wrong_passwords_are_throttled(void **state)
{
	struct told told;

	(void)state;
	time_stands = true;
	for (int i = 0; i < BURST; i++)
		is_failure(ask_with_wrong_password(), DETAILS);
	told = ask_with_wrong_password();
	time_stands = false;
	assert_int_equal(told.status, 503);
	is_failure(told, "Too many requests, try again later");
}

static void
test_content_that_makes_no_sense_is_refused(void **state)
{
	static const char *const contents[] = {
		"CN=Test", "CN=Test~KeyAlgorithmAndSize=RSA-2048",
		"rubbish", "O=Test~KeyAlgorithmAndSize=RSA-2048~Password=x",
		"CN=Test~What=x~KeyAlgorithmAndSize=RSA-2048~Password=x"
	};

	(void)state;
	for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
		struct wish wish = { .content = contents[i] };

		is_failure(ask(&wish), SIGNATURE);
	}
}

static void
test_signature_that_is_none_is_refused(void **state)
{
	struct wish wish = { .fields = field("signature", "AAAA") };

	(void)state;
	is_failure(ask(&wish), SIGNATURE);
	wish.fields = field("signature", "not base64");
	is_failure(ask(&wish), PARAMETER);
}

static void
test_profile_of_others_does_not_exist(void **state)
{
	struct wish wish = { .user = "carol",
		             .fields = field("profileID", "ec") };

	(void)state;
	is_failure(ask(&wish), PROFILE);
	wish.fields = field("profileID", "Client");
	is_failure(ask(&wish), PROFILE);
}

/* --- what a profile grants ----------------------------------------------- */

static json_t *
with_profile(const char *profile)
{
	return json_pack("{s:s, s:s}", "applicationId", "profile", "profileID",
	                 profile);
}

static void
test_key_that_the_profile_has_not_is_refused(void **state)
{
	static const struct {
		const char *profile, *content;
	} rows[] = {
		{ "client", KIND("RSA-1024") },
		{ "ec", KIND("RSA-2048") },
		{ "ec", KIND("EC-P384") },
	};

	(void)state;
	fail_take = 1;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct wish wish = { .content = rows[i].content,
			             .fields = with_profile(rows[i].profile) };

		is_failure(ask(&wish), PARAMETER);
	}
	assert_int_equal(fail_take, 1); /* none was made for it */
	fail_take = 0;
}

static void
test_weak_key_is_made_where_the_profile_has_it(void **state)
{
	struct wish wish = { .content = KIND("RSA-1024"),
		             .fields = json_pack("{s:s, s:s}", "applicationId",
		                                 "weak", "profileID", "weak") };

	(void)state;
	free(is_file(ask(&wish)));
}

static void
test_validity_beyond_the_profile_is_refused(void **state)
{
	struct wish wish = { .fields = json_pack("{s:s, s:s}", "validity",
		                                 "365:0:0:1", "applicationId",
		                                 "validity") };

	(void)state;
	is_failure(ask(&wish), VALIDITY);
	wish.fields = json_pack("{s:s, s:s}", "validity", "365:0:0:0",
	                        "applicationId", "validity");
	free(is_file(ask(&wish)));
}

static char *
moment(int64_t days)
{
	static char text[32];
	time_t then = time(NULL) + (time_t)(days * 86400);
	struct tm date;

	gmtime_r(&then, &date);
	strftime(text, sizeof text, "%d:%m:%Y %H:%M:%S", &date);
	return text;
}

static void
test_start_beyond_the_profile_is_refused(void **state)
{
	static const int days[] = { -31, 31 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct wish wish = { .fields = manual("start",
			                              moment(days[i])) };

		is_failure(ask(&wish), FROM);
	}
	struct wish wish = { .fields = manual("start", moment(29)) };

	is_waiting(ask(&wish));
}

static void
test_name_that_is_malformed_is_refused(void **state)
{
	static const char *const parts[] = {
		"C=Nowhere", "dNSName=*", "dNSName=a..b", "iPAddress=1.2.3",
		"rfc822Name=nobody", "registeredID=9.9", "2.5.4.=x",
		"E=\303\274@example.org"
	};
	char content[200];

	(void)state;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		struct wish wish = { .content = content,
			             .fields = app("malformed") };

		snprintf(content, sizeof content,
		         "CN=Test~%s~KeyAlgorithmAndSize=EC-P256~Password=x",
		         parts[i]);
		is_failure(ask(&wish), PARAMETER);
	}
}

static void
test_subject_of_the_account_is_nothing_else(void **state)
{
	struct wish wish = { .user = "bob",
		             .fields = json_pack("{s:s, s:s}", "applicationId",
		                                 "subject", "profileID",
		                                 "account") };
	const struct pkcs12_ask again = { "bob", "subject", "", "" };
	struct pkcs12_result result;
	struct cert_record cert;

	(void)state;
	free(is_file(ask(&wish)));
	assert_int_equal(records_pkcs12_begin(house.server.records, &again, 0,
	                                      &result), REC_OK);
	assert_int_equal(records_cert_get(house.server.records, "bob",
	                                  result.cert, &cert), REC_OK);
	assert_string_equal(cert.subject, "CN=bob");
	assert_int_equal(cert.order, 0);
	cert_record_clear(&cert);
	pkcs12_result_clear(&result);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_two_defects_the_first_is_said),
		cmocka_unit_test(test_each_wrong_detail_is_the_same_answer),
		cmocka_unit_test(test_each_wrong_detail_is_counted),
		cmocka_unit_test(test_many_wrong_passwords_are_throttled),
		cmocka_unit_test(test_content_that_makes_no_sense_is_refused),
		cmocka_unit_test(test_signature_that_is_none_is_refused),
		cmocka_unit_test(test_profile_of_others_does_not_exist),
		cmocka_unit_test(test_key_that_the_profile_has_not_is_refused),
		cmocka_unit_test(
		        test_weak_key_is_made_where_the_profile_has_it),
		cmocka_unit_test(test_validity_beyond_the_profile_is_refused),
		cmocka_unit_test(test_start_beyond_the_profile_is_refused),
		cmocka_unit_test(test_name_that_is_malformed_is_refused),
		cmocka_unit_test(test_subject_of_the_account_is_nothing_else),
	};

	return cmocka_run_group_tests(tests, house_open, house_close);
}
