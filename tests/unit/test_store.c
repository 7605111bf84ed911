/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_store.c - the certificates in the store: listed, found, deleted. */

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "tests/unit/store.h"

static struct psm_cert_list *
list_all(struct store *st)
{
	struct psm_cert_list *list = NULL;

	assert_psm(st, psm_store_list(st->ctx, &list), PSM_OK);
	return list;
}

static const struct psm_cert *
find_in(const struct psm_cert_list *list, const char *nickname)
{
	const struct psm_cert *cert;

	for (size_t i = 0; (cert = psm_cert_list_get(list, i)) != NULL; i++) {
		if (cert->nickname != NULL &&
		    strcmp(cert->nickname, nickname) == 0)
			return cert;
	}
	return NULL;
}

static size_t
count_named(struct store *st, const char *name)
{
	auto_of(psm_cert_list) *list = NULL;

	assert_psm(st, psm_store_get(st->ctx, name, &list), PSM_OK);
	return psm_cert_list_count(list);
}

static void
assert_no(struct store *st, const char *name)
{
	struct psm_cert_list *untouched = (struct psm_cert_list *)st;

	assert_psm(st, psm_store_get(st->ctx, name, &untouched),
	           PSM_E_NOT_FOUND);
	assert_ptr_equal(untouched, st);
}

/* --- list ------------------------------------------------------------ */

static void
test_store_list_describes_each_certificate(void **state)
{
	struct store *st = *state;
	auto_of(psm_cert_list) *list = NULL;
	const struct psm_cert *cert;
	char sha1[41];

	store_own(st, "CN=Bob,O=People", PSM_KEY_RSA, sha1);
	list = list_all(st);
	assert_int_equal(psm_cert_list_count(list), 2);
	assert_null(psm_cert_list_get(list, 2));
	cert = find_in(list, "Bob's Acme ID");
	assert_non_null(cert);
	assert_string_equal(cert->subject, "CN=Bob,O=People");
	assert_string_equal(cert->issuer, "CN=Test CA,O=Acme");
	assert_string_equal(cert->sha1, sha1);
	assert_int_equal(strlen(cert->sha256), 64);
	assert_int_equal(cert->key_type, PSM_KEY_RSA);
	assert_int_equal(cert->key_bits, 2048);
	assert_true(cert->has_key);
	assert_false(cert->is_ca);
	assert_true(cert->not_before < cert->not_after);
	store_write_file(store_path(st, "bob.der"), cert->der, cert->der_len);
	assert_int_equal(store_shell(st, "openssl x509 -inform DER -in bob.der "
	                             "-noout -serial | tr A-F a-f | "
	                             "sed 's/serial=0*//' | grep -qx '%s'",
	                             cert->serial + strspn(cert->serial, "0")),
	                 0);
	cert = find_in(list, "ca");
	assert_true(cert->is_ca);
	assert_int_equal(cert->key_type, PSM_KEY_EC);
	assert_int_equal(cert->key_bits, 256);
}

static void
test_store_list_knows_which_have_no_key(void **state)
{
	struct store *st = *state;
	auto_of(fresh_authority) other = fresh_authority("CN=Root", NULL);
	auto_of(psm_cert_list) *list = NULL;

	store_put(st, other.cert, "Root");
	list = list_all(st);
	assert_false(find_in(list, "Root")->has_key);
	assert_true(find_in(list, "ca")->has_key);
}

static void
test_store_list_shows_a_certificate_without_a_nickname(void **state)
{
	struct store *st = *state;
	auto_of(fresh_authority) other = fresh_authority("CN=Root", NULL);
	auto_of(psm_cert_list) *list = NULL;
	size_t nameless = 0;

	store_put(st, other.cert, NULL);
	list = list_all(st);
	assert_int_equal(psm_cert_list_count(list), 2);
	for (size_t i = 0; i < 2; i++)
		nameless += psm_cert_list_get(list, i)->nickname == NULL;
	assert_int_equal(nameless, 1);
}

static void
test_store_list_knows_the_keys_of_a_locked_store(void **state)
{
	struct store *st = store_new("secret");
	auto_of(psm_cert_list) *list = NULL;

	(void)state;
	store_own(st, "CN=Bob", PSM_KEY_EC, NULL);
	store_reopen(st, 0);
	list = list_all(st);
	assert_true(find_in(list, "Bob's Acme ID")->has_key);
	store_free(st);
}

static void
test_store_list_of_nothing_is_empty(void **state)
{
	struct store *st = store_new_empty();
	auto_of(psm_cert_list) *list = NULL;

	(void)state;
	assert_psm(st, psm_open(st->ctx, st->db, PSM_OPEN_CREATE), PSM_OK);
	list = list_all(st);
	assert_int_equal(psm_cert_list_count(list), 0);
	assert_null(psm_cert_list_get(list, 0));
	psm_cert_list_free(NULL);
	store_free(st);
}

/* --- get ------------------------------------------------------------- */

static void
test_store_get_finds_a_nickname(void **state)
{
	struct store *st = *state;

	store_own(st, "CN=Bob", PSM_KEY_EC, NULL);
	assert_int_equal(count_named(st, "Bob's Acme ID"), 1);
	assert_no(st, "Bob's Acme");
	assert_no(st, "bob's acme id");
	assert_no(st, "Bob's Acme ID ");
	assert_no(st, "");
	assert_no(st, ":");
	assert_no(st, "no such token:Bob's Acme ID");
}

static void
spell(const char *hex, bool colons, bool upper, char *out)
{
	for (size_t i = 0; hex[i] != '\0'; i++) {
		if (colons && i > 0 && i % 2 == 0)
			*out++ = ':';
		*out++ = (char)(upper ? toupper((unsigned char)hex[i])
		                      : hex[i]);
	}
	*out = '\0';
}

static void
assert_found_by(struct store *st, const char *fingerprint)
{
	char text[128];

	for (int how = 0; how < 4; how++) {
		auto_of(psm_cert_list) *list = NULL;

		spell(fingerprint, how & 1, how & 2, text);
		assert_psm(st, psm_store_get(st->ctx, text, &list), PSM_OK);
		assert_int_equal(psm_cert_list_count(list), 1);
		assert_string_equal(psm_cert_list_get(list, 0)->subject,
		                    "CN=Bob");
		assert_true(psm_cert_list_get(list, 0)->has_key);
	}
}

static void
test_store_get_finds_fingerprints_in_every_spelling(void **state)
{
	struct store *st = *state;
	auto_of(psm_cert_list) *list = NULL;
	const struct psm_cert *bob;
	char wrong[65];

	store_own(st, "CN=Bob", PSM_KEY_EC, NULL);
	store_own(st, "CN=Eve", PSM_KEY_EC, NULL);
	list = list_all(st);
	bob = find_in(list, "Bob's Acme ID");
	assert_found_by(st, bob->sha1);
	assert_found_by(st, bob->sha256);
	memcpy(wrong, bob->sha256, sizeof wrong);
	wrong[63] = wrong[63] == '0' ? '1' : '0';
	assert_no(st, wrong);
	wrong[63] = '\0';
	assert_no(st, wrong);
	wrong[0] = 'g';
	assert_no(st, wrong);
}

static void
test_store_get_finds_all_of_one_nickname(void **state)
{
	struct store *st = *state;

	store_own(st, "CN=Bob", PSM_KEY_EC, NULL);
	store_own(st, "CN=Bob", PSM_KEY_EC, NULL);
	assert_int_equal(count_named(st, "Bob's Acme ID"), 2);
}

/* NSS itself does not find these again. */
static void
test_store_get_finds_a_nickname_with_a_colon(void **state)
{
	struct store *st = *state;
	auto_of(fresh_authority) other = fresh_authority("CN=Root", NULL);
	auto_of(psm_cert_list) *list = NULL;

	store_put(st, other.cert, "http://example.com: root");
	assert_psm(st, psm_store_get(st->ctx, "http://example.com: root",
	                             &list), PSM_OK);
	assert_int_equal(psm_cert_list_count(list), 1);
	assert_string_equal(psm_cert_list_get(list, 0)->nickname,
	                    "http://example.com: root");
	assert_psm(st, psm_store_delete(st->ctx, "http://example.com: root", 0,
	                                NULL), PSM_OK);
	assert_no(st, "http://example.com: root");
}

/* A CA, or who may write to the database, chooses nicknames. */
static void
test_store_get_prefers_a_fingerprint_to_a_nickname(void **state)
{
	struct store *st = *state;
	auto_of(fresh_authority) other = fresh_authority("CN=Root", NULL);
	auto_of(psm_cert_list) *list = NULL;
	char sha1[41];

	store_own(st, "CN=Bob", PSM_KEY_EC, sha1);
	store_put(st, other.cert, sha1);
	assert_psm(st, psm_store_get(st->ctx, sha1, &list), PSM_OK);
	assert_int_equal(psm_cert_list_count(list), 1);
	assert_string_equal(psm_cert_list_get(list, 0)->subject, "CN=Bob");
}

static void
test_store_get_takes_a_fingerprint_of_nothing_for_a_nickname(void **state)
{
	static const char name[] = "0123456789abcdef0123456789abcdef01234567";
	struct store *st = *state;
	auto_of(fresh_authority) other = fresh_authority("CN=Root", NULL);
	auto_of(psm_cert_list) *list = NULL;

	assert_no(st, name);
	store_put(st, other.cert, name);
	assert_psm(st, psm_store_get(st->ctx, name, &list), PSM_OK);
	assert_int_equal(psm_cert_list_count(list), 1);
	assert_no(st, "");
	assert_no(st, ":");
}

/* --- delete ---------------------------------------------------------- */

static void
test_store_delete_takes_the_key_along(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *before = store_snapshot(st);
	bool key_deleted = false;

	store_own(st, "CN=Bob", PSM_KEY_EC, NULL);
	assert_psm(st, psm_store_delete(st->ctx, "Bob's Acme ID", 0,
	                                &key_deleted), PSM_OK);
	assert_true(key_deleted);
	store_assert_unchanged(st, before);
	store_reopen(st, 0);
	store_assert_unchanged(st, before);
}

static void
test_store_delete_can_keep_the_key(void **state)
{
	struct store *st = *state;
	bool key_deleted = true;

	store_own(st, "CN=Bob", PSM_KEY_EC, NULL);
	assert_psm(st, psm_store_delete(st->ctx, "Bob's Acme ID",
	                                PSM_DELETE_KEEP_KEY, &key_deleted),
	           PSM_OK);
	assert_false(key_deleted);
	assert_int_equal(store_count(st, "key [Bob's Acme ID]"), 1);
	assert_int_equal(store_count(st, "cert [Bob's Acme ID]"), 0);
}

/* NSS's own look-up finds mail addresses and URIs, too. */
static void
test_store_delete_by_what_is_no_nickname_deletes_nothing(void **state)
{
	static const char *const names[] = {
		"bob@example.com", "BOB@example.com",
		"NSS Certificate DB:bob@example.com", "pkcs11:type=cert",
		"pkcs11:object=Bob%27s%20Acme%20ID"
	};
	struct store *st = *state;
	nu_auto_mem char *before = NULL;

	store_own(st, "E=bob@example.com,CN=Bob", PSM_KEY_EC, NULL);
	before = store_snapshot(st);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		assert_no(st, names[i]);
		assert_psm(st, psm_store_delete(st->ctx, names[i], 0, NULL),
		           PSM_E_NOT_FOUND);
	}
	store_assert_unchanged(st, before);
	assert_int_equal(count_named(st, "NSS Certificate DB:Bob's Acme ID"),
	                 1);
}

/* Two certificates on one key, as after a renewal. */
static void
test_store_delete_keeps_a_key_in_use(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Bob", PSM_KEY_EC);
	nu_auto(SECItem) one = store_issue(st, request, NULL);
	nu_auto(SECItem) two = store_issue(st, request, NULL);
	nu_auto_mem char *a = store_grant(store_decimal(request->id), one);
	nu_auto_mem char *b = store_grant("0", two);
	auto_of(psm_import) *first = store_import(st, a, NULL, 0);
	auto_of(psm_import) *second = store_import(st, b, NULL,
	                                           PSM_MATCH_BY_KEY);
	bool key_deleted = true;

	assert_psm(st, psm_store_delete(st->ctx,
	                                psm_import_get(first, 0)->cert.sha1, 0,
	                                &key_deleted), PSM_OK);
	assert_false(key_deleted);
	assert_psm(st, psm_store_delete(st->ctx,
	                                psm_import_get(second, 0)->cert.sha256,
	                                0, &key_deleted), PSM_OK);
	assert_true(key_deleted);
	assert_int_equal(store_count(st, "Bob"), 0);
}

static void
test_store_delete_of_an_ambiguous_nickname_is_refused(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *before = NULL;
	char sha1[41];

	store_own(st, "CN=Bob", PSM_KEY_EC, NULL);
	store_own(st, "CN=Bob", PSM_KEY_EC, sha1);
	before = store_snapshot(st);
	assert_psm(st, psm_store_delete(st->ctx, "Bob's Acme ID", 0, NULL),
	           PSM_E_AMBIGUOUS);
	assert_says(st, "fingerprint");
	store_assert_unchanged(st, before);
	assert_psm(st, psm_store_delete(st->ctx, sha1, 0, NULL), PSM_OK);
	assert_int_equal(store_count(st, "cert [Bob's Acme ID]"), 1);
	assert_int_equal(store_count(st, "key [Bob's Acme ID]"), 1);
}

static void
test_store_delete_of_what_is_not_there_is_refused(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *before = store_snapshot(st);
	bool untouched = true;

	assert_psm(st, psm_store_delete(st->ctx, "nobody", 0, &untouched),
	           PSM_E_NOT_FOUND);
	assert_true(untouched);
	store_assert_unchanged(st, before);
}

static void
test_store_delete_takes_the_trust_along(void **state)
{
	struct store *st = *state;
	auto_of(fresh_authority) other = fresh_authority("CN=Root", NULL);
	nu_auto_mem char *before = store_snapshot(st);

	store_put(st, other.cert, "Root");
	assert_int_equal(store_shell(st, "certutil -M -d sql:db -n Root "
	                             "-t CT,C,C"), 0);
	assert_psm(st, psm_store_delete(st->ctx, "Root", 0, NULL), PSM_OK);
	store_assert_unchanged(st, before);
}

static void
test_store_delete_asks_for_the_password(void **state)
{
	struct store *st = store_new("secret");
	nu_auto_mem char *before = NULL;

	(void)state;
	store_own(st, "CN=Bob", PSM_KEY_EC, NULL);
	store_reopen(st, 0);
	before = store_snapshot(st);
	st->user.password_answer = PSM_ANSWER_NO;
	assert_psm(st, psm_store_delete(st->ctx, "Bob's Acme ID", 0, NULL),
	           PSM_E_CANCELLED);
	store_assert_unchanged(st, before);
	st->user.password_answer = PSM_ANSWER_YES;
	assert_psm(st, psm_store_delete(st->ctx, "Bob's Acme ID", 0, NULL),
	           PSM_OK);
	assert_int_equal(store_count(st, "Bob"), 0);
	store_free(st);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_store_list_describes_each_certificate),
		store_test(test_store_list_knows_which_have_no_key),
		store_test(
		    test_store_list_shows_a_certificate_without_a_nickname),
		cmocka_unit_test(
		    test_store_list_knows_the_keys_of_a_locked_store),
		cmocka_unit_test(test_store_list_of_nothing_is_empty),
		store_test(test_store_get_finds_a_nickname),
		store_test(test_store_get_finds_fingerprints_in_every_spelling),
		store_test(test_store_get_finds_all_of_one_nickname),
		store_test(test_store_get_finds_a_nickname_with_a_colon),
		store_test(test_store_get_prefers_a_fingerprint_to_a_nickname),
		store_test(
		    test_store_get_takes_a_fingerprint_of_nothing_for_a_nickname),
		store_test(test_store_delete_takes_the_key_along),
		store_test(test_store_delete_can_keep_the_key),
		store_test(
		    test_store_delete_by_what_is_no_nickname_deletes_nothing),
		store_test(test_store_delete_keeps_a_key_in_use),
		store_test(
		    test_store_delete_of_an_ambiguous_nickname_is_refused),
		store_test(test_store_delete_of_what_is_not_there_is_refused),
		store_test(test_store_delete_takes_the_trust_along),
		cmocka_unit_test(test_store_delete_asks_for_the_password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
