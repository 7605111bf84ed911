/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_pkcs12_call.c - createPKCS12ById from a request to its answer: what is
 * made, what waits for people, and what fails. */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/psmd/pkcs12_wish.h"

/* --- what is made -------------------------------------------------------- */

static void
test_each_cipher_opens_its_clients_requests(void **state)
{
	static const char *const users[] = { "alice", "bob", "carol" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct wish wish = { .user = users[i], .fields = app("c") };
		struct told told = ask(&wish);

		assert_string_equal(said(&told, "subscriberId"),
		                    "subscriber 7");
		assert_string_equal(told.account, users[i]);
		free(is_file(told));
	}
}

/* Whatever it is for, once the signature is right. */
static void
test_applicationid_again_answers_the_same(void **state)
{
	struct wish first = { .fields = app("again") };
	struct wish other = { .content = "CN=Other~KeyAlgorithmAndSize="
		                         "RSA-2048~Password=y" };
	struct wish forged = { .signer = "other", .fields = app("again") };
	struct wish bobs = { .user = "bob", .fields = app("again") };
	char *file = is_file(ask(&first)), *again, *of_bob;
	const size_t made = count_entries("pkcs12.issue");

	(void)state;
	first.fields = app("again");
	again = is_file(ask(&first));
	assert_string_equal(again, file);
	free(again);
	other.fields = json_pack("{s:s, s:s, s:s}", "applicationId", "again",
	                         "subscriberId", "another", "validity",
	                         "999:0:0:0");
	again = is_file(ask(&other));
	assert_string_equal(again, file);
	is_failure(ask(&forged), SIGNATURE);
	assert_int_equal(count_entries("pkcs12.issue"), made);
	of_bob = is_file(ask(&bobs));
	assert_string_not_equal(of_bob, file);
	free(of_bob);
	free(again);
	free(file);
}

enum { AT_ONCE = 20 };

static void *
ask_at_once(void *arg)
{
	struct wish wish = { .fields = app("at once") };
	struct told *told = arg;

	*told = ask(&wish);
	return NULL;
}

static void
test_twenty_at_once_make_one(void **state)
{
	const size_t made = count_entries("pkcs12.issue");
	struct told told[AT_ONCE];
	pthread_t threads[AT_ONCE];
	char *file = NULL;

	(void)state;
	for (size_t i = 0; i < AT_ONCE; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_at_once,
		                                &told[i]), 0);
	for (size_t i = 0; i < AT_ONCE; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (size_t i = 0; i < AT_ONCE; i++) {
		char *one = is_file(told[i]);

		if (file == NULL)
			file = strdup(one);
		assert_string_equal(one, file);
		free(one);
	}
	assert_int_equal(count_entries("pkcs12.issue"), made + 1);
	free(file);
}

static void
test_one_that_takes_long_is_not_waited_for(void **state)
{
	const struct pkcs12_ask asked = { "alice", "long", "s", "a" };
	struct wish wish = { .fields = app("long") };
	struct pkcs12_result claimed;

	(void)state;
	assert_int_equal(records_pkcs12_begin(house.server.records, &asked, 0,
	                                      &claimed), REC_OK);
	in_a_hurry = true;
	is_failure(ask(&wish), "Request is being processed");
	in_a_hurry = false;
	assert_int_equal(records_pkcs12_give_up(house.server.records,
	                                        claimed.claim), REC_OK);
	pkcs12_result_clear(&claimed);
	wish.fields = app("long");
	free(is_file(ask(&wish)));
}

/* --- approval ------------------------------------------------------------ */

static void
decide(int64_t number, bool approve)
{
	static const struct rec_actor boss = { "boss", "local" };

	assert_int_equal(records_pkcs12_decide(house.server.records, &boss,
	                                       number, approve,
	                                       "\"why\" not"), REC_OK);
}

static void
test_manual_profile_waits_for_approval(void **state)
{
	struct wish wish = { .fields = manual("m1", "") };
	struct wish changed = { .content = KIND("EC-P384") };
	struct pkcs12_info info;
	int64_t number = is_waiting(ask(&wish));
	char *file, *again;

	(void)state;
	wish.fields = manual("m1", "");
	assert_int_equal(is_waiting(ask(&wish)), number);
	assert_int_equal(records_pkcs12_get(house.server.records, number,
	                                    &info), REC_OK);
	assert_string_equal(info.ask.asked,
	                    "profileID=manual~CN=Test~O=Acme~"
	                    "dNSName=a.example~KeyAlgorithmAndSize=EC-P256");
	decide(number, true);
	changed.fields = manual("m1", "");
	is_failure(ask(&changed), "Not the request that was approved");
	fail_make = 1;
	wish.fields = manual("m1", "");
	is_failure(ask(&wish), INTERNAL);
	wish.fields = manual("m1", "");
	file = is_file(ask(&wish));
	changed.fields = manual("m1", "");
	again = is_file(ask(&changed));
	assert_string_equal(again, file);
	free(again);
	free(file);
}

static void
test_rejected_is_said_with_its_reason(void **state)
{
	struct wish wish = { .fields = manual("m2", "") };

	(void)state;
	decide(is_waiting(ask(&wish)), false);
	wish.fields = manual("m2", "");
	is_failure(ask(&wish), "Request rejected: \\\"why\\\" not");
}

/* Nobody is asked to approve what cannot be made. */
static void
test_manual_profile_judges_first(void **state)
{
	const size_t waiting = count_entries("pkcs12.wait");
	struct wish wish = { .content = "CN=Test~C=Nowhere~KeyAlgorithmAndSize="
		                        "EC-P256~Password=x",
		             .fields = manual("m3", "") };

	(void)state;
	is_failure(ask(&wish), PARAMETER);
	assert_int_equal(count_entries("pkcs12.wait"), waiting);
}

/* --- what fails ---------------------------------------------------------- */

static void
test_serial_number_that_is_taken_is_not_used(void **state)
{
	struct wish wish = { .fields = app("serial") };

	(void)state;
	finish_error = REC_SERIAL;
	fail_finish = 1;
	free(is_file(ask(&wish)));
	fail_finish = 8; /* no generator is as bad */
	wish.fields = app("serial 8");
	is_failure(ask(&wish), INTERNAL);
	assert_int_equal(fail_finish, 0);
}

static void
test_any_failure_leaves_it_to_be_made(void **state)
{
	static unsigned *const failures[] = { &fail_finish, &fail_make,
		                              &fail_take };

	(void)state;
	finish_error = REC_FULL;
	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
		const size_t made = count_entries("pkcs12.issue");
		struct wish wish = { .fields = app("failure") };

		*failures[i] = 1;
		is_failure(ask(&wish), INTERNAL);
		assert_int_equal(*failures[i], 0);
		assert_int_equal(count_entries("pkcs12.issue"), made);
	}
	struct wish wish = { .fields = app("failure") };

	free(is_file(ask(&wish)));
}

static void
test_authority_that_is_missing_is_ours_to_mend(void **state)
{
	struct wish wish = { .fields = app("authority") };
	struct issuer *issuer = house.server.issuer;

	(void)state;
	house.server.issuer = issuer_new();
	house.config.ca = (char *)"nowhere";
	is_failure(ask(&wish), INTERNAL);
	house.config.ca = (char *)"ca";
	wish.fields = app("authority");
	free(is_file(ask(&wish)));
	issuer_free(issuer);
}

static void
test_clients_file_that_is_missing_is_ours_to_mend(void **state)
{
	struct client *alice = &house.config.clients[0];
	char **const files[] = { &alice->aes_key_file, &alice->em_key_file,
		                 &alice->certificate };

	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct wish wish = { .fields = app("files") };
		char *path = *files[i];

		*files[i] = (char *)"/nowhere";
		is_failure(ask(&wish), INTERNAL);
		*files[i] = path;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_cipher_opens_its_clients_requests),
		cmocka_unit_test(test_applicationid_again_answers_the_same),
		cmocka_unit_test(test_twenty_at_once_make_one),
		cmocka_unit_test(test_one_that_takes_long_is_not_waited_for),
		cmocka_unit_test(test_manual_profile_waits_for_approval),
		cmocka_unit_test(test_rejected_is_said_with_its_reason),
		cmocka_unit_test(test_manual_profile_judges_first),
		cmocka_unit_test(test_serial_number_that_is_taken_is_not_used),
		cmocka_unit_test(test_any_failure_leaves_it_to_be_made),
		cmocka_unit_test(
		        test_authority_that_is_missing_is_ours_to_mend),
		cmocka_unit_test(
		        test_clients_file_that_is_missing_is_ours_to_mend),
	};

	return cmocka_run_group_tests(tests, house_open, house_close);
}
