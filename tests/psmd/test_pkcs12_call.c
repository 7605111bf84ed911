/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_pkcs12_call.c - createPKCS12ById from a request to its answer. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/psmd/pkcs12_house.h"

#define INPUT     "Invalid input data"
#define PARAMETER "Invalid parameter"
#define VALIDITY  "Invalid validity"
#define FROM      "Invalid From Date"
#define DETAILS   "Invalid request details found"
#define SIGNATURE "Signature verification failed"
#define PROFILE   "Profile does not exist"
#define INTERNAL  "Internal server error"

#define KIND(kind) "CN=Test~KeyAlgorithmAndSize=" kind "~Password=x"

static json_t *
app(const char *application)
{
	return json_pack("{s:s}", "applicationId", application);
}

static json_t *
field(const char *name, const char *value)
{
	return json_pack("{s:s}", name, value);
}

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

static json_t *
manual(const char *application, const char *from)
{
	return json_pack("{s:s, s:s, s:s}", "applicationId", application,
	                 "profileID", "manual", "validFrom", from);
}

/* It waits; its number. */
static int64_t
is_waiting(struct told told)
{
	int64_t number = strtoll(said(&told, "requestId"), NULL, 10);

	assert_int_equal(told.status, 200);
	assert_string_equal(said(&told, "status"), "success");
	assert_string_equal(said(&told, "subscriberId"), "subscriber 7");
	assert_in_range(number, 100000, INT64_MAX);
	told_clear(&told);
	return number;
}

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

/* --- what is wrong with the body ----------------------------------------- */

static void
flip_first(unsigned char *sealed, size_t *len)
{
	(void)len;
	sealed[0] ^= 1;
}

static void
flip_last(unsigned char *sealed, size_t *len)
{
	sealed[*len - 1] ^= 1;
}

static void
cut_block(unsigned char *sealed, size_t *len)
{
	(void)sealed;
	*len -= 16;
}

static void
cut_byte(unsigned char *sealed, size_t *len)
{
	(void)sealed;
	*len -= 1;
}

static void
leave_little(unsigned char *sealed, size_t *len)
{
	(void)sealed;
	*len = 1;
}

static void
test_sealed_wrong_is_one_answer(void **state)
{
	static void (*const spoilers[])(unsigned char *, size_t *) = {
		flip_first, flip_last, cut_block, cut_byte, leave_little
	};
	static const char *const users[] = { "alice", "bob", "carol" };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t n = 0; n < sizeof spoilers / sizeof *spoilers; n++) {
			struct wish wish = { .user = users[i],
				             .spoil = spoilers[n] };

			is_failure(ask(&wish), INPUT);
		}
}

static void
test_sealed_text_that_is_no_object_is_refused(void **state)
{
#define TEXT(text) { text, sizeof text - 1 }
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
		TEXT(" "), TEXT("no"), TEXT("[]"), TEXT("\"x\""), TEXT("null"),
		TEXT("{"), TEXT("{} x"), TEXT("{\"a\":1,\"a\":2}"),
		TEXT("{\"a\":\"\\u0000\"}"), TEXT("{\"a\":\"\xff\"}"),
		TEXT("{}\0"), TEXT("{\"a\0b\":1}"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct wish wish = { .text = rows[i].text,
			             .text_len = rows[i].len };

		is_failure(ask(&wish), INPUT);
	}
}

static void
test_cipher_that_is_not_the_clients_is_refused(void **state)
{
	static const struct {
		const char *user;
		enum pfx_cipher cipher;
	} rows[] = {
		{ "alice", PFX_ECB }, { "alice", PFX_GCM }, { "bob", PFX_CBC },
		{ "bob", PFX_ECB }, { "carol", PFX_CBC }, { "carol", PFX_GCM }
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct wish wish = { .user = rows[i].user,
			             .cipher = (int)rows[i].cipher + 1 };

		is_failure(ask(&wish), INPUT);
	}
}

static void
test_user_who_is_no_client_is_refused(void **state)
{
	struct wish wish = { .outer_user = "nobody" };

	(void)state;
	is_failure(ask(&wish), INPUT);
	wish.outer_user = "";
	is_failure(ask(&wish), INPUT);
}

static void
test_body_that_is_no_json_of_ours_is_refused(void **state)
{
	static const char *const bodies[] = {
		"", "x", "[]", "{}", "{\"userName\":\"alice\"}",
		"{\"requestData\":\"AAAA\"}",
		"{\"userName\":1,\"requestData\":\"AAAA\"}",
		"{\"userName\":\"alice\",\"requestData\":[]}",
		"{\"userName\":\"alice\",\"requestData\":\"\"}",
		"{\"userName\":\"alice\",\"requestData\":\"*\"}",
		"{\"userName\":\"alice\",\"requestData\":\"AAAA\"}",
		"{\"userName\":\"a\",\"userName\":\"b\",\"requestData\":\"\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		struct wish wish = { .body = bodies[i] };

		is_failure(ask(&wish), INPUT);
	}
}

static void
test_content_type_is_json(void **state)
{
	static const struct {
		const char *type;
		bool good;
	} rows[] = {
		{ "application/json", true },
		{ "Application/JSON; charset=utf-8", true },
		{ "application/json ;charset=utf-8", true },
		{ "application/jsonp", false },
		{ "application/json+x", false },
		{ "text/json", false },
		{ "text/plain", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct wish wish = { .content_type = rows[i].type,
			             .fields = field("subscriberId", "") };

		is_failure(ask(&wish), rows[i].good ? PARAMETER : INPUT);
	}
}

static void
test_other_methods_are_refused(void **state)
{
	static const char *const methods[] = { "GET", "PUT", "post", "DELETE" };

	(void)state;
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		struct wish wish = { .method = methods[i] };
		struct told told = ask(&wish);

		assert_int_equal(told.status, 405);
		is_failure(told, "Only POST is answered here");
	}
}

/* --- fields -------------------------------------------------------------- */

static void
test_field_missing_or_no_text_is_refused(void **state)
{
	static const char *const names[] = { "signature", "userName",
		                             "password", "profileID",
		                             "subscriberId", "applicationId" };
	static const char *const values[] = { "null", "1", "true", "[]", "{}",
		                              "\"\"", "[\"x\"]" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (size_t n = 0; n < sizeof values / sizeof *values; n++) {
			struct wish wish = {
				.fields = json_pack(
				        "{s:o}", names[i],
				        json_loads(values[n],
				                   JSON_DECODE_ANY, NULL))
			};

			is_failure(ask(&wish), PARAMETER);
		}
}

static void
test_field_at_its_limit_is_read(void **state)
{
	static const struct {
		const char *name;
		size_t max;
		const char *then; /* what is wrong then */
	} rows[] = {
		{ "userName", 64, PARAMETER }, /* not the outer one */
		{ "password", 128, DETAILS },
		{ "profileID", 64, PROFILE },
	};
	char value[300];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (size_t len = rows[i].max; len <= rows[i].max + 1; len++) {
			struct wish wish = { 0 };

			memset(value, 'x', len);
			value[len] = '\0';
			wish.fields = field(rows[i].name, value);
			is_failure(ask(&wish), len == rows[i].max
			                               ? rows[i].then
			                               : PARAMETER);
		}
}

static void
test_ids_of_255_bytes_are_taken(void **state)
{
	struct wish wish = { 0 };
	char value[257];

	(void)state;
	memset(value, 'x', 255);
	value[255] = '\0';
	wish.fields = json_pack("{s:s, s:s}", "applicationId", value,
	                        "subscriberId", value);
	free(is_file(ask(&wish)));
	strcat(value, "x");
	wish.fields = app(value);
	is_failure(ask(&wish), PARAMETER);
	wish.fields = field("subscriberId", value);
	is_failure(ask(&wish), PARAMETER);
}

static void
test_field_with_control_characters_is_refused(void **state)
{
	static const char *const names[] = { "password", "profileID",
		                             "subscriberId", "applicationId" };
	static const char *const values[] = { "a\nb", "a\x1b[0m", "a\x7f",
		                              "a\xc2\x9b" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (size_t n = 0; n < sizeof values / sizeof *values; n++) {
			struct wish wish = { .fields = field(names[i],
				                             values[n]) };

			is_failure(ask(&wish), PARAMETER);
		}
}

static void
test_user_inside_is_the_one_outside(void **state)
{
	struct wish wish = { .outer_user = "alice", .user = "off" };

	(void)state;
	is_failure(ask(&wish), PARAMETER);
}

static void
test_optional_fields_may_be_empty(void **state)
{
	static const char *const values[] = { "null", "\"\"" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		json_t *value = json_loads(values[i], JSON_DECODE_ANY, NULL);
		struct wish wish = {
			.fields = json_pack("{s:O, s:o, s:s}", "validity",
			                    value, "validFrom", value,
			                    "profileID", "?")
		};

		is_failure(ask(&wish), PROFILE);
	}
}

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

static void
test_many_wrong_passwords_are_throttled(void **state)
{
	struct told told;

	(void)state;
	for (int i = 0; i < 200; i++) { /* some are forgiven meanwhile */
		struct wish wish = { .address = "192.0.2.99",
			             .fields = field("password", "wrong") };

		told = ask(&wish);
		if (told.status == 503)
			break;
		is_failure(told, DETAILS);
	}
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
		cmocka_unit_test(test_sealed_wrong_is_one_answer),
		cmocka_unit_test(test_sealed_text_that_is_no_object_is_refused),
		cmocka_unit_test(test_cipher_that_is_not_the_clients_is_refused),
		cmocka_unit_test(test_user_who_is_no_client_is_refused),
		cmocka_unit_test(test_body_that_is_no_json_of_ours_is_refused),
		cmocka_unit_test(test_content_type_is_json),
		cmocka_unit_test(test_other_methods_are_refused),
		cmocka_unit_test(test_field_missing_or_no_text_is_refused),
		cmocka_unit_test(test_field_at_its_limit_is_read),
		cmocka_unit_test(test_ids_of_255_bytes_are_taken),
		cmocka_unit_test(test_field_with_control_characters_is_refused),
		cmocka_unit_test(test_user_inside_is_the_one_outside),
		cmocka_unit_test(test_optional_fields_may_be_empty),
		cmocka_unit_test(test_of_two_defects_the_first_is_said),
		cmocka_unit_test(test_each_wrong_detail_is_the_same_answer),
		cmocka_unit_test(test_each_wrong_detail_is_counted),
		cmocka_unit_test(test_many_wrong_passwords_are_throttled),
		cmocka_unit_test(test_content_that_makes_no_sense_is_refused),
		cmocka_unit_test(test_signature_that_is_none_is_refused),
		cmocka_unit_test(test_profile_of_others_does_not_exist),
		cmocka_unit_test(test_key_that_the_profile_has_not_is_refused),
		cmocka_unit_test(test_weak_key_is_made_where_the_profile_has_it),
		cmocka_unit_test(test_validity_beyond_the_profile_is_refused),
		cmocka_unit_test(test_start_beyond_the_profile_is_refused),
		cmocka_unit_test(test_name_that_is_malformed_is_refused),
		cmocka_unit_test(test_subject_of_the_account_is_nothing_else),
		cmocka_unit_test(test_serial_number_that_is_taken_is_not_used),
		cmocka_unit_test(test_any_failure_leaves_it_to_be_made),
		cmocka_unit_test(test_authority_that_is_missing_is_ours_to_mend),
		cmocka_unit_test(
		        test_clients_file_that_is_missing_is_ours_to_mend),
	};

	return cmocka_run_group_tests(tests, house_open, house_close);
}
