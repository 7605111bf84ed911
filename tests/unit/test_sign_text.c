/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_sign_text.c - signatures that OpenSSL verifies, and who makes them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "psm/internal.h"
#include "tests/unit/store.h"

#define TEXT "I owe \xe2\x82\xac" "100.\nSigned, Alice"
#define DAY INT64_C(86400)

/* Who is asked for a signer, and says this. */
static struct {
	enum psm_answer answer;
	size_t choice, n;
	unsigned asked;
	char text[128], first[128];
} chooser;

static enum psm_answer
choose(void *arg, const char *text, const struct psm_cert_list *fit,
       size_t *ret_choice)
{
	(void)arg;
	chooser.asked++;
	chooser.n = psm_cert_list_count(fit);
	assert_true(chooser.n > 0);
	assert_true(psm_cert_list_get(fit, 0)->has_key);
	snprintf(chooser.text, sizeof chooser.text, "%s", text);
	snprintf(chooser.first, sizeof chooser.first, "%s",
	         psm_cert_list_get(fit, 0)->subject);
	*ret_choice = chooser.choice;
	return chooser.answer;
}

static int
setup(void **state)
{
	struct store *st;

	store_setup(state);
	st = *state;
	memset(&chooser, 0, sizeof chooser);
	st->ctx->ui.choose_signer = choose;
	return 0;
}

#define sign_test(f) cmocka_unit_test_setup_teardown(f, setup, store_teardown)

/* The authority's certificate, as ca.pem. */
static void
save_ca(const struct store *st)
{
	SECItem der = { siBuffer, NULL, 0 };
	nu_auto_mem char *pem = NULL;
	size_t len;

	der.data = (unsigned char *)ca_cert_der(st->ca, &len);
	der.len = (unsigned)len;
	pem = nu_pem_encode("CERTIFICATE", &der);
	assert_non_null(pem);
	store_write_file(store_path(st, "ca.pem"), pem, strlen(pem));
}

/* A signature as sig.der, and what it is of as text; psm_text_free()s it. */
static void
save(const struct store *st, char *signature, const char *text)
{
	nu_auto_item der = { siBuffer, NULL, 0 };

	assert_int_equal(nu_b64_decode(signature, strlen(signature), 1 << 20,
	                               &der), SECSuccess);
	store_write_file(store_path(st, "sig.der"), der.data, der.len);
	store_write_file(store_path(st, "text"), text, strlen(text));
	psm_text_free(signature);
}

static int
verify(const struct store *st, const char *tool)
{
	return store_shell(st,
	                   "openssl %s -verify -binary -inform DER -in sig.der "
	                   "-content text -CAfile ca.pem -purpose any "
	                   ">out 2>err && "
	                   "cmp -s out text", tool);
}

static void
assert_signs(struct store *st, const char *text)
{
	char *signature = NULL;

	save_ca(st);
	assert_psm(st, psm_sign_text(st->ctx, text, false, NULL, 0, &signature),
	           PSM_OK);
	save(st, signature, text);
	assert_int_equal(verify(st, "cms"), 0);
	assert_int_equal(verify(st, "smime"), 0);
}

/* Signing fails so, and hands nothing out. */
static void
assert_refused(struct store *st, bool ask, const char *ca,
               enum psm_err expected)
{
	const char *names[] = { ca };
	char *signature = NULL;

	assert_psm(st, psm_sign_text(st->ctx, TEXT, ask, names, ca != NULL,
	                             &signature), expected);
	assert_null(signature);
}

/* --- what is made -------------------------------------------------------- */

static void
test_sign_text_by_rsa_is_verified_by_openssl(void **state)
{
	store_own(*state, "CN=Alice,E=alice@example.com", PSM_KEY_RSA, NULL);
	assert_signs(*state, TEXT);
}

static void
test_sign_text_by_ec_is_verified_by_openssl(void **state)
{
	store_own(*state, "CN=Alice,E=alice@example.com", PSM_KEY_EC, NULL);
	assert_signs(*state, TEXT);
}

static void
test_sign_text_of_no_characters_is_verified_by_openssl(void **state)
{
	store_own(*state, "CN=Alice", PSM_KEY_EC, NULL);
	assert_signs(*state, "");
}

static void
test_sign_text_of_another_text_is_not_verified(void **state)
{
	struct store *st = *state;

	store_own(st, "CN=Alice", PSM_KEY_EC, NULL);
	assert_signs(st, TEXT);
	store_write_file(store_path(st, "text"), "nothing", 7);
	assert_int_not_equal(verify(st, "cms"), 0);
}

static void
test_sign_text_holds_chain_time_and_sha256(void **state)
{
	struct store *st = *state;

	store_own(st, "CN=Alice", PSM_KEY_RSA, NULL);
	assert_signs(st, TEXT);
	assert_int_equal(store_shell(st, "openssl cms -cmsout -print -noout "
	                                 "-inform DER -in sig.der >print"), 0);
	assert_int_equal(store_shell(st, "grep -q 'object: signingTime' print"),
	                 0);
	assert_int_equal(store_shell(st, "grep -q 'algorithm: sha256' print"),
	                 0);
	assert_int_equal(store_shell(st, "grep -q 'eContent: <ABSENT>' print"),
	                 0);
	assert_int_equal(store_shell(st, "test \"$(grep -c 'serialNumber' "
	                                 "print)\" = 3"), 0);
	assert_int_equal(store_shell(st, "grep -q 'subject: O=Acme, CN=Test CA'"
	                                 " print"), 0);
}

/* --- who may ------------------------------------------------------------- */

static void
test_sign_text_without_certificates_finds_nobody(void **state)
{
	assert_refused(*state, false, NULL, PSM_E_NO_CERT);
	assert_string_equal(psm_js_string(PSM_E_NO_CERT),
	                    "error:noMatchingCert");
}

static void
test_sign_text_of_null_is_an_argument_error(void **state)
{
	struct store *st = *state;
	char *signature = NULL;

	assert_psm(st, psm_sign_text(st->ctx, NULL, false, NULL, 0,
	                             &signature), PSM_E_ARGUMENT);
	assert_null(signature);
}

/* A certificate for a new EC key with these options and this key usage. */
static void
own_with(struct store *st, const char *subject, unsigned usage,
         const struct ca_options *options)
{
	struct psm_request_params params = { .subject = subject,
		                             .key_type = PSM_KEY_EC,
		                             .key_usage = usage };
	struct psm_request *request;
	nu_auto_mem char *answer = NULL;

	assert_psm(st, psm_request_create(st->ctx, &params, &request), PSM_OK);
	answer = store_answer_with(st, request, options);
	psm_import_free(store_import(st, answer, NULL, 0));
	psm_request_free(request);
}

static void
test_sign_text_by_an_encryption_key_finds_nobody(void **state)
{
	static const struct ca_options defaults;

	own_with(*state, "CN=Alice", PSM_USAGE_KEY_AGREEMENT, &defaults);
	assert_refused(*state, false, NULL, PSM_E_NO_CERT);
}

static void
test_sign_text_by_non_repudiation_alone_is_verified(void **state)
{
	static const struct ca_options defaults;

	own_with(*state, "CN=Alice", PSM_USAGE_NON_REPUDIATION, &defaults);
	assert_signs(*state, TEXT);
}

static void
test_sign_text_outside_the_validity_finds_nobody(void **state)
{
	const struct ca_options past = { .not_before = time(NULL) - 9 * DAY,
		                         .days = 2 };
	const struct ca_options future = { .not_before = time(NULL) + DAY,
		                           .days = 2 };

	own_with(*state, "CN=Alice", 0, &past);
	own_with(*state, "CN=Bob", 0, &future);
	assert_refused(*state, false, NULL, PSM_E_NO_CERT);
}

/* A certificate that OpenSSL makes with these extensions. */
static void
own_from_openssl(struct store *st, const char *extensions)
{
	struct psm_request *request = store_request_p10(st, "CN=Alice");
	struct psm_import *import = NULL;
	nu_auto_mem char *pem = NULL;
	size_t len;

	store_write_file(store_path(st, "csr"), request->text,
	                 strlen(request->text));
	store_write_file(store_path(st, "ext"), extensions, strlen(extensions));
	assert_int_equal(
	        store_shell(st,
	                    "openssl req -x509 -newkey rsa:2048 -nodes -keyout "
	                    "k -out ca.pem -subj /CN=Other -days 9 2>err && "
	                    "openssl x509 -req -in csr -CA ca.pem -CAkey k "
	                    "-set_serial 5 -days 5 -extfile ext -outform DER "
	                    "-out c.der 2>err"), 0);
	pem = store_read_file(store_path(st, "c.der"), &len);
	{
		SECItem cert = { siBuffer, (unsigned char *)pem,
			         (unsigned)len };
		nu_auto_mem char *answer =
		        store_grant(store_decimal(request->id), &cert);

		import = store_import(st, answer, NULL, 0);
	}
	psm_import_free(import);
	psm_request_free(request);
}

static void
test_sign_text_by_a_server_certificate_finds_nobody(void **state)
{
	own_from_openssl(*state, "extendedKeyUsage=serverAuth,codeSigning\n");
	assert_refused(*state, false, NULL, PSM_E_NO_CERT);
}

static void
test_sign_text_without_the_extensions_signs(void **state)
{
	struct store *st = *state;
	char *signature = NULL;

	own_from_openssl(st, "subjectKeyIdentifier=hash\n");
	assert_psm(st, psm_sign_text(st->ctx, TEXT, false, NULL, 0, &signature),
	           PSM_OK);
	save(st, signature, TEXT);
	assert_int_equal(verify(st, "cms"), 0);
}

/* --- of which CA --------------------------------------------------------- */

static void
test_sign_text_of_a_ca_takes_only_its_certificates(void **state)
{
	struct store *st = *state;
	const char *names[] = { "no name at all", "CN=Nobody",
		                "CN=Test CA,O=Acme" };
	char *signature = NULL;

	store_own(st, "CN=Alice", PSM_KEY_EC, NULL);
	assert_refused(st, false, "CN=Nobody", PSM_E_NO_CERT);
	assert_refused(st, false, "no name at all", PSM_E_NO_CERT);
	assert_refused(st, false, "CN=Alice", PSM_E_NO_CERT);
	assert_psm(st, psm_sign_text(st->ctx, TEXT, false, names, 3,
	                             &signature), PSM_OK);
	psm_text_free(signature);
}

/* An authority below the store's own, which ca then is. */
static void
make_intermediate(struct store *st)
{
	static const struct psm_request_params params = {
		.subject = "CN=Middle,O=Acme", .key_type = PSM_KEY_EC,
		.flags = PSM_REQUEST_CA
	};
	static const struct ca_options options = { .allow_ca = true };
	struct psm_request *request;
	nu_auto_mem char *answer = NULL;

	assert_psm(st, psm_request_create(st->ctx, &params, &request), PSM_OK);
	answer = store_answer_with(st, request, &options);
	psm_import_free(store_import(st, answer, "middle",
	                             PSM_IMPORT_ALLOW_CA));
	psm_request_free(request);
	save_ca(st);
	assert_int_equal(ca_open(st->ca, "middle"), PSM_OK);
}

static void
test_sign_text_of_the_root_takes_one_far_below(void **state)
{
	struct store *st = *state;
	const char *names[] = { "CN=Test CA,O=Acme" };
	char *signature = NULL;

	make_intermediate(st);
	store_own(st, "CN=Alice", PSM_KEY_RSA, NULL);
	assert_psm(st, psm_sign_text(st->ctx, TEXT, false, names, 1,
	                             &signature), PSM_OK);
	save(st, signature, TEXT);
	assert_int_equal(verify(st, "cms"), 0);
	assert_int_equal(store_shell(st, "test \"$(openssl pkcs7 -inform DER "
	                                 "-in sig.der -print_certs | grep -c "
	                                 "^subject)\" = 3"), 0);
}

static void
test_sign_text_of_a_ca_in_the_middle_takes_only_those_below_it(void **state)
{
	struct store *st = *state;
	const char *middle = "CN=Middle,O=Acme";
	char *signature = NULL;

	store_own(st, "CN=Near", PSM_KEY_EC, NULL);
	make_intermediate(st);
	store_own(st, "CN=Far", PSM_KEY_EC, NULL);
	assert_psm(st, psm_sign_text(st->ctx, TEXT, true, &middle, 1,
	                             &signature), PSM_OK);
	assert_int_equal(chooser.n, 1);
	assert_string_equal(chooser.first, "CN=Far");
	psm_text_free(signature);
}

/* The names are compared, not how they are written. */
static void
test_sign_text_of_a_ca_reads_its_name_however_it_is_written(void **state)
{
	static const char *const names[] = { "cn = Test CA , o = Acme",
		                             "CN=\"Test CA\", O=Acme",
		                             ("2.5.4.3=#13075465737420"
		                              "4341,O=Acme") };
	static const char *const others[] = { "O=Acme,CN=Test CA",
		                              "2.5.4.3=Test CA,O=Acme",
		                              "CN=Test CA,O=Acme,C=DE" };
	struct store *st = *state;

	store_own(st, "CN=Alice", PSM_KEY_EC, NULL);
	for (size_t i = 0; i < 3; i++) {
		char *signature = NULL;

		assert_psm(st, psm_sign_text(st->ctx, TEXT, false, &names[i],
		                             1, &signature), PSM_OK);
		psm_text_free(signature);
		assert_refused(st, false, others[i], PSM_E_NO_CERT);
	}
}

/* A root, one below it and Alice's, as other programs bring them: a chain by
 * certutil, in no order, key and certificate by pk12util. */
static void
own_from_certutil(struct store *st)
{
	assert_int_equal(
	        store_shell(st,
	                    "printf 'basicConstraints=critical,CA:TRUE\n' >ca.x && "
	                    "for n in root middle alice; do openssl req -new "
	                    "-newkey rsa:2048 -nodes -keyout $n.key -out $n.csr "
	                    "-subj /O=Elsewhere/CN=$n; done 2>err && "
	                    "openssl x509 -req -in root.csr -signkey root.key "
	                    "-extfile ca.x -out ca.pem -days 9 2>err && "
	                    "openssl x509 -req -in middle.csr -CA ca.pem "
	                    "-CAkey root.key -set_serial 2 -extfile ca.x "
	                    "-out middle.pem -days 9 2>err && "
	                    "openssl x509 -req -in alice.csr -CA middle.pem "
	                    "-CAkey middle.key -set_serial 3 -out alice.pem "
	                    "-days 9 2>err && "
	                    "openssl pkcs12 -export -in alice.pem -inkey "
	                    "alice.key -name alice -passout pass:p -out a.p12 && "
	                    "echo right >pin && "
	                    "pk12util -i a.p12 -d sql:db -k pin -W p >out && "
	                    "certutil -A -d sql:db -f pin -n middle -t ,, "
	                    "-i middle.pem && "
	                    "certutil -A -d sql:db -f pin -n root -t ,, "
	                    "-i ca.pem"), 0);
}

static void
test_sign_text_takes_what_other_programs_brought(void **state)
{
	static const char *const names[] = { "CN=root,O=Elsewhere",
		                             "CN=middle,O=Elsewhere" };
	struct store *st = store_new("right");

	(void)state;
	store_close(st);
	own_from_certutil(st);
	for (size_t i = 0; i < 2; i++) {
		char *signature = NULL;

		store_reopen(st, 0); /* locked */
		assert_psm(st, psm_sign_text(st->ctx, TEXT, false, &names[i],
		                             1, &signature), PSM_OK);
		save(st, signature, TEXT);
		assert_int_equal(verify(st, "cms"), 0);
	}
	assert_refused(st, false, "CN=Test CA,O=Acme", PSM_E_NO_CERT);
	store_free(st);
}

/* --- the user ------------------------------------------------------------ */

static void
test_sign_text_asks_nobody_about_the_only_one(void **state)
{
	store_own(*state, "CN=Alice", PSM_KEY_EC, NULL);
	assert_signs(*state, TEXT);
	assert_int_equal(chooser.asked, 0);
}

static void
test_sign_text_asks_about_the_only_one_when_told_to(void **state)
{
	struct store *st = *state;
	char *signature = NULL;

	store_own(st, "CN=Alice", PSM_KEY_EC, NULL);
	assert_psm(st, psm_sign_text(st->ctx, TEXT, true, NULL, 0, &signature),
	           PSM_OK);
	psm_text_free(signature);
	assert_int_equal(chooser.asked, 1);
	assert_string_equal(chooser.text, TEXT);
	chooser.answer = PSM_ANSWER_NO;
	assert_refused(st, true, NULL, PSM_E_CANCELLED);
	chooser.answer = PSM_ANSWER_NONE;
	assert_refused(st, true, NULL, PSM_E_CANCELLED);
	st->ctx->ui.choose_signer = NULL;
	assert_refused(st, true, NULL, PSM_E_CANCELLED);
}

static bool
is_signed_by(struct store *st, const char *subject)
{
	return store_shell(st, "openssl cms -verify -binary -inform DER -in "
	                       "sig.der -content text -CAfile ca.pem "
	                       "-purpose any -signer "
	                       "signer.pem >out 2>err && openssl x509 -in "
	                       "signer.pem -noout -subject | grep -q '%s'",
	                   subject) == 0;
}

static void
test_sign_text_is_by_the_newest_or_the_chosen(void **state)
{
	const struct ca_options old = { .not_before = time(NULL) - DAY };
	struct store *st = *state;
	char *signature = NULL;

	store_own(st, "CN=New", PSM_KEY_EC, NULL);
	own_with(st, "CN=Old", 0, &old);
	chooser.answer = PSM_ANSWER_NONE;
	assert_signs(st, TEXT);
	assert_int_equal(chooser.asked, 1);
	assert_int_equal(chooser.n, 2);
	assert_string_equal(chooser.first, "CN=New");
	assert_true(is_signed_by(st, "CN = New"));
	chooser.answer = PSM_ANSWER_YES;
	chooser.choice = 1;
	assert_psm(st, psm_sign_text(st->ctx, TEXT, false, NULL, 0, &signature),
	           PSM_OK);
	save(st, signature, TEXT);
	assert_true(is_signed_by(st, "CN = Old"));
	chooser.choice = 2;
	assert_refused(st, false, NULL, PSM_E_ARGUMENT);
	chooser.answer = PSM_ANSWER_NO;
	assert_refused(st, false, NULL, PSM_E_CANCELLED);
}

static void
test_sign_text_by_a_locked_key_asks_for_the_password(void **state)
{
	struct store *st = store_new("right");
	char *signature = NULL;

	(void)state;
	store_own(st, "CN=Alice", PSM_KEY_RSA, NULL);
	store_reopen(st, 0);
	st->user.password = "wrong";
	assert_refused(st, false, NULL, PSM_E_PASSWORD);
	st->user.password_answer = PSM_ANSWER_NO;
	assert_refused(st, false, NULL, PSM_E_CANCELLED);
	st->user.password_answer = PSM_ANSWER_YES;
	st->user.password = "right";
	assert_psm(st, psm_sign_text(st->ctx, TEXT, false, NULL, 0, &signature),
	           PSM_OK);
	psm_text_free(signature);
	store_free(st);
}

/* --- the rest of the object ---------------------------------------------- */

static void
test_logout_makes_a_signature_ask_again(void **state)
{
	struct store *st = store_new("right");
	char *signature = NULL;

	(void)state;
	store_own(st, "CN=Alice", PSM_KEY_EC, NULL);
	assert_int_equal(st->user.passwords, 0);
	assert_psm(st, psm_logout(st->ctx), PSM_OK);
	assert_psm(st, psm_sign_text(st->ctx, TEXT, false, NULL, 0, &signature),
	           PSM_OK);
	assert_int_equal(st->user.passwords, 1);
	psm_text_free(signature);
	store_free(st);
}

static void
test_random_fills_any_length_and_not_twice_the_same(void **state)
{
	enum { LEN = 200001 };
	struct store *st = *state;
	unsigned char *a = calloc(2, LEN), *b = a + LEN;
	size_t zeros = 0;

	assert_psm(st, psm_random(st->ctx, a, LEN), PSM_OK);
	assert_psm(st, psm_random(st->ctx, b, LEN - 1), PSM_OK);
	assert_memory_not_equal(a, b, LEN);
	assert_memory_not_equal(a, a + LEN / 2, LEN / 2);
	for (size_t i = 0; i < LEN; i++)
		zeros += a[i] == 0;
	assert_true(zeros < LEN / 128);
	assert_int_equal(b[LEN - 1], 0);
	assert_psm(st, psm_random(st->ctx, NULL, 0), PSM_OK);
	free(a);
}

static void
test_object_without_a_database_is_an_argument_error(void **state)
{
	struct psm_ctx *ctx = psm_new(NULL, NULL);
	unsigned char byte = 7;
	char *text = NULL;

	(void)state;
	assert_int_equal(psm_random(ctx, &byte, 1), PSM_E_ARGUMENT);
	assert_int_equal(byte, 7);
	assert_int_equal(psm_logout(ctx), PSM_E_ARGUMENT);
	assert_int_equal(psm_sign_text(ctx, "", false, NULL, 0, &text),
	                 PSM_E_ARGUMENT);
	assert_int_equal(psm_pop_challenge_response(ctx, "", &text),
	                 PSM_E_ARGUMENT);
	assert_null(text);
	psm_text_free(NULL);
	psm_free(ctx);
}

static void
test_request_string_names_the_parameter(void **state)
{
	char buf[64], small[10];

	(void)state;
#define js(err, param) psm_js_request_string(err, param, buf, sizeof buf)
	assert_string_equal(js(PSM_OK, NULL), "");
	assert_string_equal(js(PSM_E_CANCELLED, "keySize"), "error:userCancel");
	assert_string_equal(js(PSM_E_PARAMETER, "keySize"),
	                    "error:invalidParameter:keySize");
	assert_string_equal(js(PSM_E_PARAMETER, NULL), "error:internalError");
	assert_string_equal(js(PSM_E_CERTIFICATE, NULL), "error:internalError");
	assert_string_equal(js(PSM_E_COUNT_, NULL), "error:internalError");
#undef js
	assert_string_equal(psm_js_request_string(PSM_E_TOKEN, NULL, small,
	                                          sizeof small), "error:int");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		sign_test(test_sign_text_by_rsa_is_verified_by_openssl),
		sign_test(test_sign_text_by_ec_is_verified_by_openssl),
		sign_test(
		        test_sign_text_of_no_characters_is_verified_by_openssl),
		sign_test(test_sign_text_of_another_text_is_not_verified),
		sign_test(
		        test_sign_text_holds_chain_time_and_sha256),
		sign_test(test_sign_text_without_certificates_finds_nobody),
		sign_test(test_sign_text_of_null_is_an_argument_error),
		sign_test(test_sign_text_by_an_encryption_key_finds_nobody),
		sign_test(test_sign_text_by_non_repudiation_alone_is_verified),
		sign_test(test_sign_text_outside_the_validity_finds_nobody),
		sign_test(test_sign_text_by_a_server_certificate_finds_nobody),
		sign_test(test_sign_text_without_the_extensions_signs),
		sign_test(test_sign_text_of_a_ca_takes_only_its_certificates),
		sign_test(
		        test_sign_text_of_the_root_takes_one_far_below),
		sign_test(
		test_sign_text_of_a_ca_in_the_middle_takes_only_those_below_it),
		sign_test(
		   test_sign_text_of_a_ca_reads_its_name_however_it_is_written),
		cmocka_unit_test(
		        test_sign_text_takes_what_other_programs_brought),
		sign_test(test_sign_text_asks_nobody_about_the_only_one),
		sign_test(test_sign_text_asks_about_the_only_one_when_told_to),
		sign_test(
		        test_sign_text_is_by_the_newest_or_the_chosen),
		cmocka_unit_test(
		        test_sign_text_by_a_locked_key_asks_for_the_password),
		cmocka_unit_test(test_logout_makes_a_signature_ask_again),
		store_test(test_random_fills_any_length_and_not_twice_the_same),
		cmocka_unit_test(
		        test_object_without_a_database_is_an_argument_error),
		cmocka_unit_test(test_request_string_names_the_parameter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
