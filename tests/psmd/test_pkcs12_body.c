/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_pkcs12_body.c - createPKCS12ById: what is wrong with a body and its
 * fields. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/psmd/pkcs12_wish.h"

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
	static void (*const ways[])(unsigned char *, size_t *) = {
		flip_first, flip_last, cut_block, cut_byte, leave_little
	};
	static const char *const users[] = { "alice", "bob", "carol" };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t n = 0; n < sizeof ways / sizeof *ways; n++) {
			struct wish wish = { .user = users[i],
				             .spoil = ways[n] };

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sealed_wrong_is_one_answer),
		cmocka_unit_test(test_sealed_text_that_is_no_object_is_refused),
		cmocka_unit_test(
		        test_cipher_that_is_not_the_clients_is_refused),
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
	};

	return cmocka_run_group_tests(tests, house_open, house_close);
}
