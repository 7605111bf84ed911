/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_nickname.c - which nickname an imported certificate gets. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_name.h"
#include "tests/unit/store.h"

/* The nickname that a certificate for subject is stored under. */
static char *
named(struct store *st, const char *subject, const char *wish)
{
	auto_of(psm_request) *request = store_request(st, subject, PSM_KEY_EC);
	nu_auto_mem char *text = store_answer(st, request, CA_DIALECT_CMMF);
	auto_of(psm_import) *got = store_import(st, text, wish, 0);
	const char *nickname = psm_import_get(got, 0)->cert.nickname;
	auto_of(psm_cert_list) *list = NULL;

	/* NSS, too, finds it under that name. */
	assert_psm(st, psm_store_get(st->ctx, nickname, &list), PSM_OK);
	assert_true(psm_cert_list_count(list) >= 1);
	assert_string_equal(psm_cert_list_get(list, 0)->nickname, nickname);
	return strdup(nickname);
}

static void
assert_named(struct store *st, const char *subject, const char *wish,
             const char *expected)
{
	nu_auto_mem char *name = named(st, subject, wish);

	assert_string_equal(name, expected);
}

/* Names in DER, which no text form need be able to express. */
static void
assert_named_by(struct store *st, const char *subject, const char *issuer,
                const char *expected)
{
	auto_of(psm_request) *request = store_request(st, "CN=x", PSM_KEY_EC);
	auto_of(fresh_authority) by = fresh_authority(issuer, NULL);
	nu_auto(SECItem) name = fresh_name(subject);
	struct fresh_spec spec = { .subject = *name };
	nu_auto(SECItem) cert = store_foreign_cert(request, &by, &spec);
	nu_auto_mem char *text = store_grant(store_decimal(request->id), cert);
	auto_of(psm_import) *got = store_import(st, text, NULL, 0);

	assert_string_equal(psm_import_get(got, 0)->cert.nickname, expected);
}

static void
assert_wish_refused(struct store *st, const char *wish)
{
	auto_of(psm_request) *request = store_request(st, "CN=Bob", PSM_KEY_EC);
	nu_auto_mem char *text = store_answer(st, request, CA_DIALECT_CMMF);
	nu_auto_mem char *before = store_snapshot(st);

	assert_psm(st, psm_import_user_certificates(st->ctx, text, wish, 0,
	                                            NULL), PSM_E_ARGUMENT);
	assert_says(st, "nickname");
	store_assert_unchanged(st, before);
}

/* --- the caller's wish ----------------------------------------------- */

static void
test_nickname_the_wish_is_granted(void **state)
{
	assert_named(*state, "CN=Bob", "My certificate", "My certificate");
}

static void
test_nickname_null_forms_are_no_wish(void **state)
{
	assert_named(*state, "CN=Ann", NULL, "Ann's Acme ID");
	assert_named(*state, "CN=Bob", "", "Bob's Acme ID");
	assert_named(*state, "CN=Eve", "null", "Eve's Acme ID");
	assert_named(*state, "CN=Joe", "NULL", "NULL");
}

static void
test_nickname_blanks_around_the_wish_go(void **state)
{
	assert_named(*state, "CN=Bob", "  my own  one ", "my own  one");
}

static void
test_nickname_a_colon_becomes_an_underscore(void **state)
{
	assert_named(*state, "CN=Bob", "token:name::x", "token_name__x");
	assert_named(*state, "CN=Eve:Sub", NULL, "Eve_Sub's Acme ID");
}

static void
test_nickname_utf8_is_kept(void **state)
{
	const char *wish = "J\xc3\xbcrgen \xe2\x82\xac \xf0\x9f\x94\x91";

	assert_named(*state, "CN=Bob", wish, wish);
	assert_named(*state, "CN=Zo\xc3\xab", NULL, "Zo\xc3\xab's Acme ID");
}

static void
test_nickname_control_characters_are_refused(void **state)
{
	assert_wish_refused(*state, "a\nb");
	assert_wish_refused(*state, "\x01");
	assert_wish_refused(*state, "a\tb");
	assert_wish_refused(*state, "del\x7f");
	assert_wish_refused(*state, "C1 \xc2\x85");
}

static void
test_nickname_malformed_utf8_is_refused(void **state)
{
	assert_wish_refused(*state, "\xff");
	assert_wish_refused(*state, "overlong \xc0\xaf");
	assert_wish_refused(*state, "surrogate \xed\xa0\x80");
	assert_wish_refused(*state, "beyond \xf4\x90\x80\x80");
	assert_wish_refused(*state, "cut \xe2\x82");
}

static void
test_nickname_of_blanks_alone_is_refused(void **state)
{
	assert_wish_refused(*state, "   ");
}

static void
test_nickname_up_to_255_octets_is_granted(void **state)
{
	char wish[NU_NICKNAME_MAX + 2];

	memset(wish, 'n', sizeof wish);
	wish[NU_NICKNAME_MAX + 1] = '\0';
	assert_wish_refused(*state, wish);
	wish[NU_NICKNAME_MAX] = '\0';
	assert_named(*state, "CN=Bob", wish, wish);
}

/* --- the same subject ------------------------------------------------ */

static void
test_nickname_a_subject_keeps_its_name(void **state)
{
	assert_named(*state, "CN=Bob,O=Acme", "first", "first");
	assert_named(*state, "CN=Bob,O=Acme", "second", "first");
	assert_named(*state, "CN=Bob,O=Acme", NULL, "first");
	store_reopen(*state, 0);
	assert_named(*state, "CN=Bob,O=Acme", "third", "first");
	assert_named(*state, "CN=Bob,O=Other", "fourth", "fourth");
}

static void
test_nickname_of_a_deleted_certificate_is_free_again(void **state)
{
	struct store *st = *state;

	assert_named(st, "CN=Bob", "first", "first");
	assert_psm(st, psm_store_delete(st->ctx, "first", 0, NULL), PSM_OK);
	assert_named(st, "CN=Eve", "first", "first");
	assert_named(st, "CN=Bob", "second", "second");
}

/* --- the default ----------------------------------------------------- */

static void
test_nickname_by_default_names_subject_and_issuer(void **state)
{
	struct store *st = *state;

	assert_named_by(st, "CN=Bob,E=b@example.com,OU=Sales",
	                "CN=Root,O=Big Bank", "Bob's Big Bank ID");
	assert_named_by(st, "CN=Ann", "CN=Only Name", "Ann's Only Name ID");
	assert_named_by(st, "E=joe@example.com,O=Home", "O=Bank",
	                "joe@example.com's Bank ID");
	assert_named_by(st, "OU=Unit,O=Org", "O=Bank2", "Unit's Bank2 ID");
	assert_named_by(st, "UID=eve", "OU=Just a unit",
	                "eve's Just a unit ID");
}

static void
test_nickname_takes_the_most_specific_common_name(void **state)
{
	assert_named_by(*state, "CN=Bob,CN=Users", "O=Bank", "Bob's Bank ID");
}

/* What stands in a certificate nobody can be asked to mend. */
static void
test_nickname_by_default_mends_what_would_be_refused(void **state)
{
	static unsigned char name[] = {
		/* SEQUENCE { SET { SEQUENCE { CN, UTF8String "a:\nb" } } } */
		0x30, 0x0f, 0x31, 0x0d, 0x30, 0x0b, 0x06, 0x03, 0x55, 0x04,
		0x03, 0x0c, 0x04, 'a', ':', '\n', 'b'
	};
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=x", PSM_KEY_EC);
	auto_of(fresh_authority) by = fresh_authority("O=Bank", NULL);
	struct fresh_spec spec = { .subject = { siBuffer, name, sizeof name } };
	nu_auto(SECItem) cert = store_foreign_cert(request, &by, &spec);
	nu_auto_mem char *text = store_grant(store_decimal(request->id), cert);
	auto_of(psm_import) *got = store_import(st, text, NULL, 0);

	assert_string_equal(psm_import_get(got, 0)->cert.nickname,
	                    "a__b's Bank ID");
}

static void
test_nickname_without_any_subject_is_still_given(void **state)
{
	static unsigned char nobody[] = { 0x30, 0x00 };
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=x", PSM_KEY_EC);
	auto_of(fresh_authority) by = fresh_authority("O=Bank", NULL);
	struct fresh_spec spec = { .subject = { siBuffer, nobody, 2 } };
	nu_auto(SECItem) cert = store_foreign_cert(request, &by, &spec);
	nu_auto_mem char *text = store_grant(store_decimal(request->id), cert);
	auto_of(psm_import) *got = store_import(st, text, NULL, 0);

	assert_string_equal(psm_import_get(got, 0)->cert.nickname,
	                    "Unknown's Bank ID");
}

/* --- taken by another ------------------------------------------------ */

static void
test_nickname_that_is_taken_gets_a_number(void **state)
{
	assert_named(*state, "CN=Bob,O=One", NULL, "Bob's Acme ID");
	assert_named(*state, "CN=Bob,O=Two", NULL, "Bob's Acme ID #2");
	assert_named(*state, "CN=Bob,O=Three", NULL, "Bob's Acme ID #3");
	assert_named(*state, "CN=Bob,O=Two", NULL, "Bob's Acme ID #2");
	store_reopen(*state, 0);
	assert_named(*state, "CN=Bob,O=Four", NULL, "Bob's Acme ID #4");
}

static void
test_nickname_wished_that_is_taken_gets_a_number(void **state)
{
	assert_named(*state, "CN=Bob", "mine", "mine");
	assert_named(*state, "CN=Eve", "mine", "mine #2");
	assert_named(*state, "CN=Joe", "ca", "ca #2"); /* the authority's */
}

/* n requests and one answer to them; the plan's nicknames, a line each. */
static void
assert_all_named(struct store *st, const char *const subjects[], size_t n,
                 const char *wish, const char *expected)
{
	struct store_response r[4];
	struct psm_request *requests[4];
	SECItem *certs[4];
	char ids[4][16];
	nu_auto_mem char *text = NULL;
	auto_of(psm_import) *got = NULL;

	assert_true(n <= 4);
	memset(r, 0, sizeof r);
	for (size_t i = 0; i < n; i++) {
		requests[i] = store_request(st, subjects[i], PSM_KEY_EC);
		certs[i] = store_issue(st, requests[i], NULL);
		snprintf(ids[i], sizeof ids[i], "%d", (int)requests[i]->id);
		r[i].id = ids[i];
		r[i].cert = certs[i];
	}
	text = store_rep(NU_DIALECT_CMMF, r, n, NULL, 0);
	got = store_import(st, text, wish, 0);
	assert_string_equal(st->user.plan, expected);
	for (size_t i = 0; i < n; i++) {
		psm_request_free(requests[i]);
		SECITEM_FreeItem(certs[i], PR_TRUE);
	}
}

static void
test_nickname_of_different_subjects_in_one_answer_differ(void **state)
{
	static const char *const subjects[] = { "CN=Bob,O=One", "CN=Bob,O=Two",
		                                "CN=Eve", "CN=Bob,O=One" };

	assert_all_named(*state, subjects, 4, "mine",
	                 "mine\nmine #2\nmine #3\nmine\n");
}

static void
test_nickname_by_default_in_one_answer_differ_too(void **state)
{
	static const char *const subjects[] = { "CN=Bob,O=One", "CN=Eve",
		                                "CN=Bob,O=Two",
		                                "CN=Bob,O=Three" };

	assert_all_named(*state, subjects, 4, NULL,
	                 "Bob's Acme ID\nEve's Acme ID\n"
	                 "Bob's Acme ID #2\nBob's Acme ID #3\n");
}

/* A self-signed CA certificate. */
static SECItem *
make_root(const char *subject, unsigned long serial)
{
	struct fresh_key key = fresh_key(ecKey, 256);
	nu_auto(SECItem) spki = fresh_spki(&key);
	nu_auto(SECItem) name = fresh_name(subject);
	const struct fresh_spec spec = { .spki = *spki, .subject = *name,
		                         .issuer = *name, .by = &key,
		                         .serial = serial, .is_ca = PR_TRUE };
	SECItem *cert = fresh_cert_from(&spec);

	fresh_key_free(&key);
	return cert;
}

static void
test_nickname_of_one_subject_in_a_chain_is_one(void **state)
{
	static const char *const expected[] = { "Root", "Root #2", "Root" };
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Bob", PSM_KEY_EC);
	nu_auto(SECItem) cert = store_issue(st, request, NULL);
	SECItem *roots[] = { make_root("CN=Root,O=One", 2),
		             make_root("CN=Root,O=Two", 3),
		             make_root("CN=Root,O=One", 4) };
	struct store_response r = { .id = store_decimal(request->id),
		                    .cert = cert };
	nu_auto_mem char *text = store_rep(NU_DIALECT_CMMF, &r, 1,
	                                   (const SECItem *const *)roots, 3);
	auto_of(psm_import) *got = store_import(st, text, NULL, 0);

	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(psm_import_chain_get(got, i)->cert.nickname,
		                    expected[i]);
		SECITEM_FreeItem(roots[i], PR_TRUE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_nickname_the_wish_is_granted),
		store_test(test_nickname_null_forms_are_no_wish),
		store_test(test_nickname_blanks_around_the_wish_go),
		store_test(test_nickname_a_colon_becomes_an_underscore),
		store_test(test_nickname_utf8_is_kept),
		store_test(test_nickname_control_characters_are_refused),
		store_test(test_nickname_malformed_utf8_is_refused),
		store_test(test_nickname_of_blanks_alone_is_refused),
		store_test(test_nickname_up_to_255_octets_is_granted),
		store_test(test_nickname_a_subject_keeps_its_name),
		store_test(
		    test_nickname_of_a_deleted_certificate_is_free_again),
		store_test(test_nickname_by_default_names_subject_and_issuer),
		store_test(test_nickname_takes_the_most_specific_common_name),
		store_test(
		    test_nickname_by_default_mends_what_would_be_refused),
		store_test(test_nickname_without_any_subject_is_still_given),
		store_test(test_nickname_that_is_taken_gets_a_number),
		store_test(test_nickname_wished_that_is_taken_gets_a_number),
		store_test(
		    test_nickname_of_different_subjects_in_one_answer_differ),
		store_test(test_nickname_by_default_in_one_answer_differ_too),
		store_test(test_nickname_of_one_subject_in_a_chain_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
