/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_cert_user_put.c - /api/cert/user: PUT and DELETE, and the certificates
 * that are the system's own. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/psmd/cert_user_house.h"

/* --- PUT ----------------------------------------------------------------- */

static void
test_put_every_form_is_taken(void **state)
{
	static const struct {
		const char *cert, *key, *password;
	} forms[] = {
		{ "a.pem", "a.key", NULL }, { "a.der", "a.key", NULL },
		{ "a.p7", "a.key", NULL },  { "a.pem", "a.p8", "secret" },
		{ "c.p12", NULL, "secret" }, { "c.p12", "empty", "secret" },
	};
	struct house *house = *state;

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		ask_put(house, forms[i].cert, forms[i].key, forms[i].password,
		        "@one");
		assert_int_equal(json_array_size(certificates(house)), 1);
		ask_about(house, "DELETE", "id", "@one");
		assert_true(json_is_true(
		        json_object_get(house->answer, "success")));
		assert_int_equal(count(house), 0);
	}
}

static void
test_put_same_id_is_replaced(void **state)
{
	struct house *house = *state;
	char *a = put(house, "a.pem", "a.key", "@vpn"), *b;

	assert_string_equal(member(house, 0, "replaced"), "");
	b = put(house, "b.pem", "b.key", "@vpn"); /* of the same subject */
	assert_string_equal(member(house, 0, "replaced"), a);
	assert_int_equal(count(house), 1);
	assert_string_equal(member(house, 0, "fingerprint"), b);
	free(put(house, "c.pem", "c.key", "@vpn")); /* of another */
	assert_string_equal(member(house, 0, "replaced"), b);
	assert_int_equal(count(house), 1);
	ask_about(house, "GET", "id", "@vpn");
	assert_int_equal(json_array_size(certificates(house)), 1);
	free(a);
	free(b);
}

static void
test_put_same_certificate_is_overwritten(void **state)
{
	struct house *house = *state;
	char *a = put(house, "a.pem", "a.key", "@vpn");

	free(put(house, "a.pem", "a.key", "@vpn"));
	assert_string_equal(member(house, 0, "replaced"), a);
	free(put(house, "a.pem", "a.key", "@mail"));
	assert_string_equal(member(house, 0, "replaced"), a);
	assert_int_equal(count(house), 1);
	assert_string_equal(member(house, 0, "id"), "@mail");
	ask_about(house, "GET", "id", "@vpn");
	assert_error(house, 12, "id");
	ask_about(house, "DELETE", "id", "@vpn");
	assert_error(house, 12, "id");
	assert_int_equal(count(house), 1);
	free(a);
}

static void
test_put_two_of_one_subject_keep_their_ids(void **state)
{
	struct house *house = *state;

	free(put(house, "a.pem", "a.key", "@first"));
	free(put(house, "b.pem", "b.key", "@second"));
	assert_int_equal(count(house), 2);
	assert_string_equal(member(house, 0, "id"), "@second");
	assert_string_equal(member(house, 1, "id"), "@first");
	house_close(house);
	house_open(house);
	assert_int_equal(count(house), 2);
	assert_string_equal(member(house, 0, "id"), "@second");
	assert_string_equal(member(house, 1, "id"), "@first");
}

static void
test_put_wrong_part_is_named(void **state)
{
	static const struct {
		const char *cert, *key, *password;
		int code;
		const char *param;
	} cases[] = {
		{ "rubbish", "a.key", NULL, 12, "blob-cert" },
		{ "a.key", "a.key", NULL, 12, "blob-cert" },
		{ "empty", "a.key", NULL, 11, "blob-cert" },
		{ "big", "a.key", NULL, 13, "blob-cert" },
		{ "a.pem", "b.key", NULL, 12, "blob-pk" },
		{ "a.pem", "c.key", NULL, 12, "blob-pk" },
		{ "a.pem", "rubbish", NULL, 12, "blob-pk" },
		{ "a.pem", "a.pem", NULL, 12, "blob-pk" },
		{ "a.pem", "big", NULL, 13, "blob-pk" },
		{ "a.pem", "empty", NULL, 11, "blob-pk" },
		{ "a.pem", NULL, NULL, 11, "blob-pk" },
		{ "a.pem", "a.p8", "wrong", 12, "password" },
		{ "a.pem", "a.p8", "", 11, "password" },
		{ "a.pem", "a.p8", NULL, 11, "password" },
		{ "c.p12", NULL, "wrong", 12, "password" },
		{ "c.p12", NULL, NULL, 11, "password" },
		{ "a.pem", "a.p8", "\xff", 12, "password" },
	};
	struct house *house = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ask_put(house, cases[i].cert, cases[i].key, cases[i].password,
		        "@x");
		assert_error(house, cases[i].code, cases[i].param);
	}
	assert_int_equal(count(house), 0);
}

static void
test_put_bad_id_is_invalid(void **state)
{
	static const char *const bad[] = {
		"x", "@", "#server", "#x", "@a.b", "@a b", "@\303\244",
		"@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"0123456789012345678901234567890123456789",
	};
	struct house *house = *state;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ask_put(house, "a.pem", "a.key", NULL, bad[i]);
		assert_error(house, 12, "id");
	}
	free(put(house, "a.pem", "a.key",
	         "@aZ09_-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
	free(put(house, "c.pem", "c.key", "")); /* not filled in */
	assert_int_equal(count(house), 2);
}

static void
test_put_password_limit_is_128(void **state)
{
	struct house *house = *state;
	char password[130];

	memset(password, 'x', sizeof password);
	password[129] = '\0';
	ask_put(house, "a.pem", "a.key", password, NULL);
	assert_error(house, 12, "password");
	password[128] = '\0';
	ask_put(house, "a.pem", "a.key", password, NULL);
	assert_int_equal(json_array_size(certificates(house)), 1);
}

static void
test_put_blob_elsewhere_is_missing(void **state)
{
	struct house *house = *state;

	give_file_from(house, PARAM_QUERY, "blob-cert", "a.pem");
	give_file(house, "blob-pk", "a.key");
	ask(house, "PUT");
	assert_error(house, 11, "blob-cert");
	assert_non_null(strstr(house->reply.body, "multipart/form-data"));
	give_file(house, "blob-cert", "a.pem");
	give_file_from(house, PARAM_URLENCODED, "blob-pk", "a.key");
	ask(house, "PUT");
	assert_error(house, 11, "blob-pk");
}

static void
test_put_without_key_completes_one_that_is_here(void **state)
{
	struct house *house = *state;

	free(put(house, "a.pem", "a.key", "@a"));
	ask_put(house, "a.pem", NULL, NULL, "@b");
	assert_int_equal(json_array_size(certificates(house)), 1);
	assert_int_equal(count(house), 1);
}

/* --- internal ones ------------------------------------------------------- */

static void
test_internal_is_protected(void **state)
{
	struct house *house = *state;
	char *s;

	import_server(house);
	ask_about(house, "GET", "id", "#server");
	s = strdup(member(house, 0, "fingerprint"));
	assert_true(json_is_true(json_object_get(
	        json_array_get(certificates(house), 0), "protected")));
	assert_true(json_is_true(json_object_get(
	        json_array_get(certificates(house), 0), "systemUseOnly")));
	ask_about(house, "DELETE", "id", "#server");
	assert_error(house, 18, "id");
	ask_about(house, "DELETE", "fingerprint", s);
	assert_error(house, 18, "fingerprint");
	ask_put(house, "s.pem", "s.key", NULL, "@mine");
	assert_error(house, 18, "blob-cert");
	ask_put(house, "s.pem", "s.key", NULL, NULL);
	assert_string_equal(member(house, 0, "replaced"), s);
	ask_about(house, "GET", "id", "#server");
	assert_string_equal(member(house, 0, "fingerprint"), s);
	free(s);
}

static void
test_internal_follows_the_configuration(void **state)
{
	struct house *house = *state;
	struct internal_id open = { (char *)"#server", false, false };
	struct config changed = house->config;

	import_server(house);
	assert_int_equal(count(house), 1);
	changed.ids = &open;
	__atomic_store_n(&house->server.config, &changed, __ATOMIC_RELEASE);
	ask_about(house, "GET", "id", "#server");
	assert_true(json_is_false(json_object_get(
	        json_array_get(certificates(house), 0), "protected")));
	ask_about(house, "DELETE", "id", "#server");
	assert_int_equal(count(house), 0);
	house->server.config = &house->config;
}

/* Of names that are too long, which differ by one octet, one is cut off within
 * a character. */
static void
test_internal_name_that_is_quoted_in_part_is_an_answer(void **state)
{
	static const char rename[] =
	        "certutil --rename -n \"$(certutil -L -d %s | "
	        "sed -n 's/ *u,u,u *$//p')\" "
	        "--new-n \"#%s$(printf '\\303\\251%%.0s' $(seq 300))\"";
	static const char *const begins[] = { "a", "ab" };
	struct house *house = *state;
	char words[sizeof rename + 64];

	free(put(house, "a.pem", "a.key", "@a"));
	for (size_t i = 0; i < 2; i++) {
		snprintf(words, sizeof words, rename, house->dir, begins[i]);
		elsewhere(house, words);
		ask_put(house, "a.pem", "a.key", NULL, "@mine");
		assert_error(house, 18, "blob-cert");
	}
}

/* --- DELETE -------------------------------------------------------------- */

static void
test_delete_takes_the_key_too(void **state)
{
	struct house *house = *state;
	char *a = put(house, "a.pem", "a.key", NULL);

	ask_about(house, "DELETE", "fingerprint", a);
	assert_string_equal(house->reply.body, "{\"success\":true}");
	assert_int_equal(count(house), 0);
	ask_put(house, "a.pem", NULL, NULL, NULL);
	assert_error(house, 11, "blob-pk"); /* no key is here */
	ask_about(house, "DELETE", "id", a);
	assert_error(house, 12, "id");
	free(a);
}

static void
test_delete_without_name_is_missing(void **state)
{
	struct house *house = *state;

	ask(house, "DELETE");
	assert_error(house, 11, "id");
	ask_about(house, "DELETE", "id", "");
	assert_error(house, 11, "id");
}

static void
test_delete_shared_id_takes_all_of_it(void **state)
{
	struct house *house = *state;

	free(put(house, "a.pem", "a.key", "@a"));
	free(put(house, "b.pem", "b.key", "@b"));
	free(put(house, "c.pem", "c.key", "@c"));
	elsewhere(house, "certutil --rename -n @b --new-n @a");
	ask_about(house, "GET", "id", "@a");
	assert_int_equal(json_array_size(certificates(house)), 2);
	give_text(house, "format", "der");
	ask_about(house, "GET", "id", "@a");
	assert_error(house, 12, "id");
	ask_about(house, "DELETE", "id", "@a");
	assert_true(json_is_true(json_object_get(house->answer, "success")));
	assert_int_equal(count(house), 1);
	assert_string_equal(member(house, 0, "id"), "@c");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE(test_put_every_form_is_taken),
		HOUSE(test_put_same_id_is_replaced),
		HOUSE(test_put_same_certificate_is_overwritten),
		HOUSE(test_put_two_of_one_subject_keep_their_ids),
		HOUSE(test_put_wrong_part_is_named),
		HOUSE(test_put_bad_id_is_invalid),
		HOUSE(test_put_password_limit_is_128),
		HOUSE(test_put_blob_elsewhere_is_missing),
		HOUSE(test_put_without_key_completes_one_that_is_here),
		HOUSE(test_internal_is_protected),
		HOUSE(test_internal_follows_the_configuration),
		HOUSE(test_internal_name_that_is_quoted_in_part_is_an_answer),
		HOUSE(test_delete_takes_the_key_too),
		HOUSE(test_delete_without_name_is_missing),
		HOUSE(test_delete_shared_id_takes_all_of_it),
	};

	return cmocka_run_group_tests(tests, house_files, files_remove);
}
