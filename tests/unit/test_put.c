/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_put.c - psm_store_put(): every form of key and certificate; what gives
 * way and what stays; and psm_store_stamp(). */

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "tests/unit/p12_made.h"
#include "tests/unit/puts.h"
#include "tests/unit/store.h"

/* --- help --------------------------------------------------------------- */

static struct psm_put
put(struct store *st, const struct psm_put_params *params)
{
	struct psm_put report;
	enum psm_put_part part = PSM_PUT_NOTHING;

	memset(&report, 'x', sizeof report);
	assert_psm(st, psm_store_put(st->ctx, params, &report, &part), PSM_OK);
	assert_int_equal(strlen(report.sha1), 40);
	assert_int_equal(strlen(report.sha256), 64);
	assert_int_equal(store_count(st, "psm-"), 0);
	return report;
}

static struct psm_put
put_files(struct store *st, const char *cert, const char *key,
          const char *nickname)
{
	struct psm_put_params params = puts_params(cert, key, NULL, nickname);

	params.flags = PSM_PUT_REPLACE;
	return put(st, &params);
}

/* It fails so, and changes nothing. */
static void
assert_refused(struct store *st, const struct psm_put_params *params,
               enum psm_err expected, enum psm_put_part expected_part)
{
	char *before = store_snapshot(st);
	struct psm_put report = { .sha1 = "untouched" };
	enum psm_put_part part = PSM_PUT_NOTHING;

	assert_psm(st, psm_store_put(st->ctx, params, &report, &part),
	           expected);
	if (part != expected_part)
		fail_msg("part %d, not %d: %s", part, expected_part,
		         psm_errmsg(st->ctx));
	assert_string_equal(report.sha1, "untouched");
	store_assert_unchanged(st, before);
	free(before);
}

/* The one certificate called name is this one, and has its key. */
static void
assert_stored(struct store *st, const char *name, const char *sha1)
{
	struct psm_cert_list *list = NULL;
	const struct psm_cert *cert;

	assert_psm(st, psm_store_get(st->ctx, name, &list), PSM_OK);
	assert_int_equal(psm_cert_list_count(list), 1);
	cert = psm_cert_list_get(list, 0);
	assert_string_equal(cert->sha1, sha1);
	assert_true(cert->has_key);
	if (*name == '@')
		assert_string_equal(cert->nickname, name);
	psm_cert_list_free(list);
}

static void
assert_absent(struct store *st, const char *name)
{
	struct psm_cert_list *list = NULL;

	assert_psm(st, psm_store_get(st->ctx, name, &list), PSM_E_NOT_FOUND);
}

/* --- forms --------------------------------------------------------------- */

static const struct form {
	const char *cert, *key, *password;
} forms[] = {
	{ "a.pem", "a.key", NULL },
	{ "a.der", "a.p8", NULL },
	{ "a.der", "a.trad", NULL },
	{ "a.der", "a.bin", NULL },
	{ "a.der", "a.params", NULL },
	{ "a.der", "a.crlf", NULL },
	{ "a.der", "a.both", NULL },
	{ "a.der", "a.trad-aes256", PUTS_PASSWORD },
	{ "a.chain", "a.key", NULL },
	{ "a.p7", "a.key", NULL },
	{ "a.p7b", "a.key", NULL },
	{ "a.nokeys.p12", "a.key", NULL },
	{ "c.pem", "c.key", NULL },
	{ "c.pem", "c.p8", NULL },
	{ "c.pem", "c.trad", NULL },
	{ "c.pem", "c.bin", "not needed" },
	{ "c.pem", "c.aes256", PUTS_PASSWORD },
	{ "c.pem", "c.aes128", PUTS_PASSWORD },
	{ "c.pem", "c.des3", PUTS_PASSWORD },
	{ "c.pem", "c.aesder", PUTS_PASSWORD },
	{ "c.pem", "c.sha512", PUTS_PASSWORD },
	{ "c.pem", "c.pbe", PUTS_PASSWORD },
	{ "c.pem", "c.trad-aes128", PUTS_PASSWORD },
	{ "c.pem", "c.trad-aes192", PUTS_PASSWORD },
	{ "c.pem", "c.trad-aes256", PUTS_PASSWORD },
	{ "c.pem", "c.trad-des3", PUTS_PASSWORD },
	{ "c.p12", NULL, PUTS_PASSWORD },
	{ "c.p12", "c.aes256", PUTS_PASSWORD },
	{ "c.open.p12", NULL, NULL },
	{ "c.open.p12", NULL, "" },
	{ "d.pem", "d.key", NULL },
	{ "d.pem", "d.p8", NULL },
	{ "d.pem", "d.trad", NULL },
	{ "d.pem", "d.bin", NULL },
	{ "d.pem", "d.trad-aes256", PUTS_PASSWORD },
	{ "e.pem", "e.key", NULL },
	{ "e.pem", "e.trad", NULL },
	{ "e.pem", "e.bin", NULL },
};

enum { N_FORMS = sizeof forms / sizeof forms[0] };

static void
test_put_each_form_of_key_and_certificate_is_stored(void **state)
{
	struct store *st = *state;
	bool deleted;

	for (size_t i = 0; i < N_FORMS; i++) {
		const struct form *f = &forms[i];
		struct psm_put_params params =
		        puts_params(f->cert, f->key, f->password, "@form");
		struct psm_put report = put(st, &params);

		assert_string_equal(report.replaced, "");
		assert_stored(st, "@form", report.sha1);
		assert_stored(st, report.sha256, report.sha1);
		assert_int_equal(store_count(st, "key [@form]"), 1);
		deleted = false;
		assert_psm(st, psm_store_delete(st->ctx, "@form", 0, &deleted),
		           PSM_OK);
		assert_true(deleted);
		assert_int_equal(store_count(st, "[@form]"), 0);
	}
}

static void
test_put_wrong_or_missing_password_is_told(void **state)
{
	struct store *st = *state;

	for (size_t i = 0; i < N_FORMS; i++) {
		const struct form *f = &forms[i];
		struct psm_put_params params =
		        puts_params(f->cert, f->key, "wrong", "@form");

		if (f->password == NULL || strcmp(f->password, PUTS_PASSWORD))
			continue;
		assert_refused(st, &params, PSM_E_PASSWORD, PSM_PUT_PASSWORD);
		params.password = NULL;
		assert_refused(st, &params, PSM_E_PASSWORD, PSM_PUT_PASSWORD);
	}
}

/* What is stored works as a key: it can be backed up, as PKCS#12 or by
 * certutil. */
static void
test_put_key_can_leave_again(void **state)
{
	struct store *st = *state;
	struct psm_backup_target target = { .flags = 0 };
	const char *const names[] = { "@a", "@c" };

	put_files(st, "a.pem", "a.trad", "@a");
	put_files(st, "c.pem", "c.trad", "@c");
	snprintf(target.path, sizeof target.path, "%s",
	         store_path(st, "out.p12"));
	strcpy(target.password, PUTS_PASSWORD);
	assert_psm(st, psm_backup(st->ctx, names, 2, &target), PSM_OK);
	store_reopen(st, 0);
	assert_int_equal(store_shell(st, "certutil -L -d sql:db >list && "
	                                 "grep -q '^@a  *u,u,u' list && "
	                                 "grep -q '^@c  *u,u,u' list"), 0);
}

/* --- refusals ------------------------------------------------------------- */

static void
test_put_key_that_is_not_the_certificates_is_refused(void **state)
{
	static const char *const pairs[][2] = {
		{ "a.pem", "b.key" }, { "a.pem", "c.key" },
		{ "c.pem", "a.key" }, { "d.pem", "a.key" },
		{ "e.pem", "a.key" }, { "a.pem", "ed.key" },
		{ "a.pem", "ca.pem" }, { "a.pem", "a.pem" },
		{ "a.pem", "a.der" }, { "c.pem", "c.scrypt" },
		{ "c.pem", "c.camellia" }, { "c.p12", "a.key" },
	};

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		struct psm_put_params params = puts_params(
		        pairs[i][0], pairs[i][1], PUTS_PASSWORD, "@a");

		assert_refused(*state, &params, PSM_E_ARGUMENT, PSM_PUT_KEY);
	}
}

/* The public value in a key file may be any: another's private one beside it is
 * no key. */
static void
test_put_key_with_anothers_private_value_is_refused(void **state)
{
	struct psm_put_params params = puts_params("a.pem", "a.bin", NULL,
	                                           "@a");
	unsigned char changed[256];

	assert_in_range(params.key_len, 60, sizeof changed);
	memcpy(changed, params.key, params.key_len);
	changed[20] ^= 1;
	params.key = changed;
	assert_refused(*state, &params, PSM_E_ARGUMENT, PSM_PUT_KEY);
}

/* Cut anywhere, or with any octet changed, it is refused and nothing breaks. */
static void
test_put_damaged_key_is_refused(void **state)
{
	static const char *const names[] = { "a.p8", "a.bin", "c.pbe",
		                             "a.trad-aes256" };
	struct store *st = *state;
	char *before = store_snapshot(st);
	enum psm_err err;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct psm_put_params params = puts_params(
		        *names[i] == 'a' ? "a.pem" : "c.pem", names[i],
		        PUTS_PASSWORD, "@a");
		size_t whole = params.key_len;

		for (size_t n = 0; n + 8 < whole; n += 1 + whole / 150) {
			params.key_len = n;
			err = psm_store_put(st->ctx, &params, NULL, NULL);
			assert_true(err == PSM_E_ARGUMENT ||
			            err == PSM_E_PASSWORD);
		}
	}
	store_assert_unchanged(st, before);
	free(before);
}

static void
test_put_no_certificate_is_refused(void **state)
{
	static const char *const names[] = { "a.key", "a.both" };
	struct psm_put_params params = puts_params("a.pem", "a.key", NULL,
	                                           "@a");

	params.cert_len = params.cert_len / 2;
	assert_refused(*state, &params, PSM_E_CERTIFICATE, PSM_PUT_CERT);
	params.cert_len = 0;
	assert_refused(*state, &params, PSM_E_CERTIFICATE, PSM_PUT_CERT);
	params.cert = NULL;
	assert_refused(*state, &params, PSM_E_CERTIFICATE, PSM_PUT_CERT);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		params = puts_params(names[i], "a.key", NULL, "@a");
		assert_refused(*state, &params, PSM_E_CERTIFICATE,
		               PSM_PUT_CERT);
	}
	params = puts_params("c.p12", NULL, PUTS_PASSWORD, "@a");
	params.cert_len -= 100;
	assert_refused(*state, &params, PSM_E_PKCS12, PSM_PUT_CERT);
}

/* PrivateKeyInfo of a file as a KeyBag. */
static SECItem *
make_key_bag(PLArenaPool *arena, const char *name)
{
	size_t len;
	const unsigned char *info = puts_file(name, &len);
	const SECItem der = { siBuffer, (unsigned char *)info, (unsigned)len };

	return make_typed(arena, SEC_OID_PKCS12_V1_KEY_BAG_ID, &der);
}

/* Its certificate is not in the file: it would get lost. */
static void
test_put_pkcs12_with_another_key_is_refused(void **state)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(2048);
	struct psm_put_params params = puts_params("a.der", NULL,
	                                           PUTS_PASSWORD, "@a");
	const CERTCertificate cert = {
		.derCert = { siBuffer, (unsigned char *)params.cert,
		             (unsigned)params.cert_len }
	};
	SECItem *file = make_plain_file(
	        arena,
	        nu_der_make(arena, NU_SEQUENCE, make_cert_bag(arena, &cert),
	                    make_key_bag(arena, "a.info"),
	                    make_key_bag(arena, "b.info")),
	        PUTS_PASSWORD);

	params.cert = file->data;
	params.cert_len = file->len;
	assert_refused(*state, &params, PSM_E_CERTIFICATE, PSM_PUT_CERT);
}

static void
test_put_without_any_key_is_refused(void **state)
{
	struct psm_put_params params = puts_params("a.pem", NULL, NULL, "@a");

	assert_refused(*state, &params, PSM_E_NOT_FOUND, PSM_PUT_KEY);
}

static void
test_put_what_cannot_be_a_nickname_is_refused(void **state)
{
	static const char *const names[] = { "a:b", " a", "a\n", "\xff", "  " };
	struct psm_put_params params = puts_params("a.pem", "a.key", NULL,
	                                           NULL);

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		params.nickname = names[i];
		assert_refused(*state, &params, PSM_E_ARGUMENT,
		               PSM_PUT_NICKNAME);
	}
	params.nickname = "@a";
	params.flags = 0x80;
	assert_refused(*state, &params, PSM_E_ARGUMENT, PSM_PUT_NOTHING);
}

static void
test_put_nickname_that_is_taken_is_refused(void **state)
{
	struct psm_put_params params = puts_params("c.pem", "c.key", NULL,
	                                           "@a");

	put_files(*state, "a.pem", "a.key", "@a");
	assert_refused(*state, &params, PSM_E_EXISTS, PSM_PUT_NICKNAME);
	params = puts_params("b.pem", "b.key", NULL, "@a");
	assert_refused(*state, &params, PSM_E_EXISTS, PSM_PUT_NICKNAME);
}

/* --- one gives way to another ------------------------------------------------ */

/* The nickname passes on, and the old key goes. */
static void
replace(struct store *st, const char *cert, const char *key, size_t n_keys)
{
	struct psm_put old = put_files(st, "a.pem", "a.key", "@a");
	size_t n_public = store_count(st, "public ");
	struct psm_put new = put_files(st, cert, key, "@a");

	assert_string_equal(new.replaced, old.sha1);
	assert_string_not_equal(new.sha1, old.sha1);
	assert_stored(st, "@a", new.sha1);
	assert_absent(st, old.sha1);
	assert_int_equal(store_count(st, "cert [@a]"), 1);
	assert_int_equal(store_count(st, "key [@a]"), n_keys);
	assert_int_equal(store_count(st, "public "), n_public);
	store_reopen(st, 0);
	assert_psm(st, psm_login(st->ctx, NULL), PSM_OK);
	assert_stored(st, "@a", new.sha1);
}

static void
test_put_of_same_subject_takes_the_nickname(void **state)
{
	replace(*state, "b.pem", "b.key", 1);
}

static void
test_put_of_another_subject_takes_the_nickname(void **state)
{
	replace(*state, "c.pem", "c.key", 1);
}

static void
test_put_renewal_keeps_the_key(void **state)
{
	replace(*state, "ar.pem", "a.key", 1);
}

static void
test_put_renewal_without_key_keeps_the_key(void **state)
{
	replace(*state, "ar.pem", NULL, 1);
}

static void
test_put_renewal_under_another_subject_keeps_the_key(void **state)
{
	replace(*state, "ax.pem", NULL, 1);
}

static void
test_put_twice_there_and_back_again(void **state)
{
	for (int i = 0; i < 3; i++) {
		replace(*state, "c.pem", "c.key", 1);
		replace(*state, "b.pem", "b.key", 1);
	}
}

/* A key that another certificate uses is not the replaced one's alone. */
static void
test_put_leaves_a_key_that_is_still_used(void **state)
{
	struct store *st = *state;
	struct psm_put other = put_files(st, "ax.pem", "a.key", "@x");

	put_files(st, "a.pem", "a.key", "@a");
	put_files(st, "c.pem", "c.key", "@a");
	assert_stored(st, "@x", other.sha1);
	assert_int_equal(store_count(st, "key "), 3); /* the CA's, too */
}

static void
test_put_same_again_changes_nothing(void **state)
{
	struct store *st = *state;
	struct psm_put first = put_files(st, "a.pem", "a.key", "@a"), again;
	char *before = store_snapshot(st);
	struct psm_put_params params = puts_params("a.chain", NULL, NULL, "@a");

	again = put_files(st, "a.pem", "a.trad", "@a");
	assert_string_equal(again.replaced, first.sha1);
	assert_string_equal(again.sha1, first.sha1);
	store_assert_unchanged(st, before);
	again = put_files(st, "a.pem", NULL, "@a");
	again = put_files(st, "a.pem", "a.key", NULL);
	assert_string_equal(again.replaced, first.sha1);
	store_assert_unchanged(st, before);
	put(st, &params); /* and no REPLACE is needed */
	assert_int_equal(store_count(st, "cert [Far CA]"), 1);
	free(before);
}

static void
test_put_same_under_another_nickname_is_renamed(void **state)
{
	struct store *st = *state;
	struct psm_put first = put_files(st, "a.pem", "a.key", "@a"), again;

	again = put_files(st, "a.pem", "a.key", "@new");
	assert_string_equal(again.replaced, first.sha1);
	assert_absent(st, "@a");
	assert_stored(st, "@new", first.sha1);
	assert_int_equal(store_count(st, "key [@new]"), 1);
	assert_int_equal(store_count(st, "[@a]"), 0);
	/* Onto a name that others have, of its own subject and of another. */
	again = put_files(st, "b.pem", "b.key", "@b");
	put_files(st, "c.pem", "c.key", "@c");
	first = put_files(st, "a.pem", NULL, "@b");
	assert_string_equal(first.replaced, again.sha1);
	first = put_files(st, "a.pem", NULL, "@c");
	assert_stored(st, "@c", first.sha1);
	assert_absent(st, "@b");
	assert_int_equal(store_count(st, "key "), 2);
}

static void
test_put_under_a_kept_nickname_is_not_renamed(void **state)
{
	struct store *st = *state;
	struct psm_put_params params = puts_params("a.pem", "a.key", NULL,
	                                           "@a");
	struct psm_put first = put_files(st, "a.pem", "a.key", "#a");

	params.flags = PSM_PUT_REPLACE;
	params.keep = "#";
	assert_refused(st, &params, PSM_E_EXISTS, PSM_PUT_CERT);
	params.nickname = NULL;
	put(st, &params);
	assert_stored(st, first.sha1, first.sha1);
	assert_int_equal(store_count(st, "cert [#a]"), 1);
	params.nickname = "#a";
	put(st, &params);
	params.nickname = "@a";
	params.keep = "##";
	put(st, &params);
	assert_stored(st, "@a", first.sha1);
}

static void
test_put_two_of_one_subject_keep_their_nicknames(void **state)
{
	struct store *st = *state;
	struct psm_put a = put_files(st, "a.pem", "a.key", "@a");
	struct psm_put b = put_files(st, "b.pem", "b.key", "@b");
	struct psm_put nameless = put_files(st, "ar.pem", NULL, NULL);

	assert_string_equal(b.replaced, "");
	for (int i = 0; i < 2; i++) {
		assert_stored(st, "@a", a.sha1);
		assert_stored(st, "@b", b.sha1);
		assert_stored(st, nameless.sha1, nameless.sha1);
		store_reopen(st, 0);
		assert_psm(st, psm_login(st->ctx, NULL), PSM_OK);
	}
	assert_psm(st, psm_store_delete(st->ctx, "@a", 0, NULL), PSM_OK);
	assert_stored(st, "@b", b.sha1);
	assert_stored(st, nameless.sha1, nameless.sha1);
}

/* --- what is here already ------------------------------------------------------ */

static void
test_put_for_a_pending_request_needs_no_key(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=User 1",
	                                              PSM_KEY_EC);
	SECItem *cert = store_issue(st, request, NULL);
	struct psm_put_params params = { .cert = cert->data,
		                         .cert_len = cert->len,
		                         .nickname = "@pending" };
	struct psm_put report = put(st, &params);

	assert_stored(st, "@pending", report.sha1);
	assert_int_equal(store_pending_state(st, request->id), -1);
	assert_int_equal(store_count(st, "key [@pending]"), 1);
	SECITEM_ZfreeItem(cert, PR_TRUE);
}

static void
test_put_certificate_without_its_key_gets_it(void **state)
{
	struct store *st = *state;
	SECItem der = { siBuffer, NULL, 0 };
	struct psm_put report;
	size_t len;

	der.data = (unsigned char *)puts_file("a.der", &len);
	der.len = (unsigned)len;
	store_put(st, &der, "@a");
	report = put_files(st, "a.pem", "a.key", "@a");
	assert_string_equal(report.replaced, report.sha1);
	assert_stored(st, "@a", report.sha1);
	assert_int_equal(store_count(st, "cert [@a]"), 1);
}

static void
test_put_chain_comes_without_trust(void **state)
{
	struct store *st = *state;
	struct psm_put_params params = puts_params("c.p12", NULL,
	                                           PUTS_PASSWORD, "@c");
	size_t n_trust = store_count(st, "trust ");

	put(st, &params);
	assert_int_equal(store_count(st, "cert [Far CA]"), 1);
	assert_int_equal(store_count(st, "[friendly]"), 0);
	assert_int_equal(store_count(st, "trust "), n_trust);
	put_files(st, "a.p7", "a.key", "@a");
	assert_int_equal(store_count(st, "cert [Far CA]"), 1);
}

static void
test_put_in_a_database_with_password_asks_for_it(void **state)
{
	auto_of(store) *st = store_new("a password");
	struct psm_put_params params = puts_params("c.pem", "c.aes256",
	                                           PUTS_PASSWORD, "@c");
	struct psm_put report;

	(void)state;
	store_reopen(st, 0);
	report = put(st, &params);
	assert_int_equal(st->user.passwords, 1);
	assert_stored(st, "@c", report.sha1);
}

/* --- tidy ------------------------------------------------------------------------ */

static void
test_tidy_leaves_what_no_put_left(void **state)
{
	struct store *st = *state;
	size_t n = 99;
	char *before;

	put_files(st, "a.pem", "a.key", "@a");
	put_files(st, "b.pem", "b.key", "@b");
	put_files(st, "c.pem", "c.key", NULL);
	psm_request_free(store_request(st, "CN=User 1", PSM_KEY_EC));
	before = store_snapshot(st);
	assert_psm(st, psm_store_tidy(st->ctx, "@", &n), PSM_OK);
	assert_int_equal(n, 0);
	assert_psm(st, psm_store_tidy(st->ctx, "", NULL), PSM_OK);
	store_assert_unchanged(st, before);
	free(before);
}

/* --- stamp ------------------------------------------------------------------------ */

static uint64_t
stamp(struct store *st)
{
	uint64_t value = 0, again = 1;

	assert_psm(st, psm_store_stamp(st->ctx, &value), PSM_OK);
	assert_psm(st, psm_store_stamp(st->ctx, &again), PSM_OK);
	assert_int_equal(value, again);
	return value;
}

static void
test_stamp_changes_with_every_commit(void **state)
{
	struct store *st = *state;
	uint64_t seen[8];
	size_t n = 0;

	seen[n++] = stamp(st);
	put_files(st, "a.pem", "a.key", "@a");
	seen[n++] = stamp(st);
	put_files(st, "a.pem", "a.key", "@b"); /* a label */
	seen[n++] = stamp(st);
	psm_request_free(store_request(st, "CN=User 1", PSM_KEY_EC));
	seen[n++] = stamp(st);
	assert_psm(st, psm_store_delete(st->ctx, "@b", 0, NULL), PSM_OK);
	seen[n++] = stamp(st);
	store_write_file(store_path(st, "c.pem"),
	                 puts_file("c.pem", &(size_t){ 0 }),
	                 strlen((const char *)puts_file("c.pem",
	                                                &(size_t){ 0 })));
	assert_int_equal(store_shell(st, "certutil -A -d sql:db -n c -t ,, "
	                                 "-i c.pem"), 0);
	seen[n++] = stamp(st);
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(seen[i], seen[j]);
	}
}

/* A commit of the same size within the clock's tick, a hundred times. */
static void
test_stamp_misses_no_commit_however_quick(void **state)
{
	struct store *st = *state;
	uint64_t last = stamp(st), now;

	for (int i = 0; i < 100; i++) {
		put_files(st, "a.pem", "a.key", i % 2 ? "@a" : "@b");
		now = stamp(st);
		assert_int_not_equal(now, last);
		last = now;
	}
}

/* SQLite is there wherever NSS is. */
static void
set_write_ahead_log(struct store *st, const char *name)
{
	void *library = dlopen("libsqlite3.so.0", RTLD_NOW), *db = NULL;
	int (*open_file)(const char *, void **);
	int (*run)(void *, const char *, void *, void *, char **);
	int (*close_file)(void *);

	assert_non_null(library);
	*(void **)&open_file = dlsym(library, "sqlite3_open");
	*(void **)&run = dlsym(library, "sqlite3_exec");
	*(void **)&close_file = dlsym(library, "sqlite3_close");
	assert_int_equal(open_file(store_path(st, name), &db), 0);
	assert_int_equal(run(db, "pragma journal_mode=wal", NULL, NULL, NULL),
	                 0);
	assert_int_equal(close_file(db), 0);
	dlclose(library);
}

static void
test_stamp_with_write_ahead_log_misses_no_commit(void **state)
{
	struct store *st = *state;
	uint64_t last, now;

	store_close(st);
	set_write_ahead_log(st, "db/cert9.db");
	set_write_ahead_log(st, "db/key4.db");
	assert_psm(st, psm_open(st->ctx, st->db, 0), PSM_OK);
	assert_psm(st, psm_login(st->ctx, NULL), PSM_OK);
	assert_int_equal(store_shell(st, "test -e db/cert9.db-wal"), 0);
	last = stamp(st);
	for (int i = 0; i < 300; i++) {
		put_files(st, "a.pem", "a.key", i % 2 ? "@a" : "@b");
		now = stamp(st);
		assert_int_not_equal(now, last);
		last = now;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_put_each_form_of_key_and_certificate_is_stored),
		store_test(test_put_wrong_or_missing_password_is_told),
		store_test(test_put_key_can_leave_again),
		store_test(test_put_key_that_is_not_the_certificates_is_refused),
		store_test(test_put_key_with_anothers_private_value_is_refused),
		store_test(test_put_damaged_key_is_refused),
		store_test(test_put_no_certificate_is_refused),
		store_test(test_put_pkcs12_with_another_key_is_refused),
		store_test(test_put_without_any_key_is_refused),
		store_test(test_put_what_cannot_be_a_nickname_is_refused),
		store_test(test_put_nickname_that_is_taken_is_refused),
		store_test(test_put_of_same_subject_takes_the_nickname),
		store_test(test_put_of_another_subject_takes_the_nickname),
		store_test(test_put_renewal_keeps_the_key),
		store_test(test_put_renewal_without_key_keeps_the_key),
		store_test(test_put_renewal_under_another_subject_keeps_the_key),
		store_test(test_put_twice_there_and_back_again),
		store_test(test_put_leaves_a_key_that_is_still_used),
		store_test(test_put_same_again_changes_nothing),
		store_test(test_put_same_under_another_nickname_is_renamed),
		store_test(test_put_under_a_kept_nickname_is_not_renamed),
		store_test(test_put_two_of_one_subject_keep_their_nicknames),
		store_test(test_put_for_a_pending_request_needs_no_key),
		store_test(test_put_certificate_without_its_key_gets_it),
		store_test(test_put_chain_comes_without_trust),
		cmocka_unit_test(
		        test_put_in_a_database_with_password_asks_for_it),
		store_test(test_tidy_leaves_what_no_put_left),
		store_test(test_stamp_changes_with_every_commit),
		store_test(test_stamp_misses_no_commit_however_quick),
		store_test(test_stamp_with_write_ahead_log_misses_no_commit),
	};

	cmocka_set_test_filter(getenv("PSM_TEST"));
	return cmocka_run_group_tests(tests, puts_setup, puts_teardown);
}
