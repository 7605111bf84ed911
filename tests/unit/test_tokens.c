/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_tokens.c - keys that only decrypt or sign, where keys never leave in the
 * clear: on a token of another kind, and in FIPS mode. */

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pk11pub.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "tests/unit/cmp.h"
#include "tests/unit/store.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
/* Fit for FIPS mode; the PIN of the card too. */
#define PASSWORD "Long enough, 140 too"
#define TEXT "I agree"

static const char *token; /* where the test's keys are; NULL: the database */

/* --- places ---------------------------------------------------------- */

/* SoftHSM's library in path, if it is installed. */
static bool
find_softhsm(char path[256])
{
	static const char *const patterns[] = {
		"/usr/lib/softhsm/libsofthsm2.so",
		"/usr/lib*/*/libsofthsm2.so",
		"/usr/lib*/*/softhsm/libsofthsm2.so",
	};
	bool found = false;
	glob_t files;

	for (size_t i = 0; i < COUNT(patterns) && !found; i++) {
		found = glob(patterns[i], 0, NULL, &files) == 0;
		if (found)
			snprintf(path, 256, "%s", files.gl_pathv[0]);
		globfree(&files);
	}
	return found && system("command -v softhsm2-util modutil >/dev/null") ==
	                        0;
}

/* A database with a card in its reader. */
static int
setup_card(void **state)
{
	struct store *st = store_new(PASSWORD);
	char module[256];

	*state = NULL;
	token = "card";
	if (!find_softhsm(module)) {
		store_free(st);
		return 0; /* the test skips itself */
	}
	setenv("SOFTHSM2_CONF", store_path(st, "softhsm2.conf"), 1);
	store_close(st);
	if (store_shell(st, "mkdir tokens && printf 'directories.tokendir = "
	                    "%%s\\nlog.level = ERROR\\n' \"$PWD/tokens\" "
	                    ">softhsm2.conf && softhsm2-util --init-token "
	                    "--free --label card --pin '" PASSWORD "' "
	                    "--so-pin 5678 >out && modutil -force -dbdir db "
	                    "-add softhsm -libfile %s >out 2>&1", module) != 0)
		return -1;
	store_reopen(st, 0);
	assert_psm(st, psm_login(st->ctx, NULL), PSM_OK); /* for the CA */
	*state = st;
	return 0;
}

static int
setup_fips(void **state)
{
	struct store *st = store_new(PASSWORD);

	token = NULL;
	*state = st;
	store_close(st);
	(void)store_shell(st, "modutil -force -dbdir db -fips true >out 2>&1");
	store_reopen(st, 0);
	if (!PK11_IsFIPS()) {
		store_free(st);
		*state = NULL;
	}
	return 0;
}

static int
teardown(void **state)
{
	store_free(*state);
	unsetenv("SOFTHSM2_CONF");
	return 0;
}

/* What these tests begin with: without SoftHSM or FIPS mode there is no store.
 */
#define store_or_skip(state) \
	__extension__({ if (*(state) == NULL) skip(); *(state); })

/* --- challenges ------------------------------------------------------ */

STORE_DEFINE_AUTO(psm_requests, psm_requests_free)
STORE_DEFINE_AUTO(ca_challenge, ca_challenge_free)

static struct psm_requests *
ask_for(struct store *st, const char *alg)
{
	const struct psm_key_request key = { .alg = alg };
	const struct psm_requests_params params = { .subject = "CN=Alice",
		                                    .keys = &key,
		                                    .n_keys = 1,
		                                    .token = token };
	struct psm_requests *requests = NULL;

	assert_psm(st, psm_request_create_many(st->ctx, &params, &requests),
	           PSM_OK);
	return requests;
}

/* With what the challenge proved, there is a certificate. */
static void
issue(struct store *st, const struct psm_requests *requests,
      const struct ca_challenge *challenge)
{
	const struct ca_options options = { .challenge = challenge };
	const struct psm_request request = { .text = requests->text };
	nu_auto_mem char *answer = store_answer_with(st, &request, &options);
	struct psm_import *import = store_import(st, answer, NULL, 0);

	assert_int_equal(psm_import_count(import), 1);
	assert_true(psm_import_get(import, 0)->cert.has_key);
	psm_import_free(import);
}

static struct ca_challenge *
challenge_for(struct store *st, const struct psm_requests *requests,
              enum ca_challenge_form form)
{
	struct ca_challenge *challenge = NULL;

	assert_int_equal(ca_open(st->ca, NULL), PSM_OK);
	assert_int_equal(ca_challenge(st->ca, requests->text,
	                              strlen(requests->text), form,
	                              &challenge), PSM_OK);
	return challenge;
}

static void
answer_challenge(struct store *st, const char *alg,
                 enum ca_challenge_form form)
{
	auto_of(psm_requests) *requests = ask_for(st, alg);
	auto_of(ca_challenge) *challenge = challenge_for(st, requests, form);
	char *response = NULL;

	assert_psm(st, psm_pop_challenge_response(st->ctx,
	                                          ca_challenge_text(challenge),
	                                          &response), PSM_OK);
	assert_int_equal(ca_challenge_check(st->ca, challenge, response),
	                 PSM_OK);
	assert_true(ca_challenge_proved(challenge, 0));
	issue(st, requests, challenge);
	psm_text_free(response);
}

static void
test_tokens_challenge_to_rsa_key_is_answered(void **state)
{
	struct store *st = store_or_skip(state);

	answer_challenge(st, "rsa-ex", CA_CHALLENGE_CMP);
	answer_challenge(st, "rsa-ex", CA_CHALLENGE_NETSCAPE);
}

static void
test_tokens_challenge_to_ec_key_is_answered(void **state)
{
	answer_challenge(store_or_skip(state), "ec-ex", CA_CHALLENGE_CMP);
}

/* SoftHSM has ECDH without a key derivation function only. */
static void
test_tokens_challenge_names_a_token_that_cannot(void **state)
{
	struct store *st = store_or_skip(state);
	auto_of(psm_requests) *requests = ask_for(st, "ec-ex");
	auto_of(ca_challenge) *challenge =
	        challenge_for(st, requests, CA_CHALLENGE_CMP);
	char *response = NULL;

	assert_psm(st, psm_pop_challenge_response(st->ctx,
	                                          ca_challenge_text(challenge),
	                                          &response), PSM_E_TOKEN);
	assert_says(st, "cannot open what is encrypted to EC keys");
	assert_null(response);
	assert_int_equal(store_pending_state(st, requests->ids[0]),
	                 PSM_PENDING);
}

/* --- encrypted certificates ------------------------------------------ */

static struct psm_request *
request_ex(struct store *st, enum psm_key_type type)
{
	const struct psm_request_params params = {
		.subject = "CN=Alice",
		.key_type = type,
		.key_usage = type == PSM_KEY_RSA ? PSM_USAGE_KEY_ENCIPHERMENT
		                                 : PSM_USAGE_KEY_AGREEMENT,
		.token = token,
	};
	struct psm_request *request = NULL;

	assert_psm(st, psm_request_create(st->ctx, &params, &request), PSM_OK);
	return request;
}

static void
import_encrypted(struct store *st, enum psm_key_type type,
                 enum ca_encrypt encrypt)
{
	const struct ca_options options = { .dialect = CA_DIALECT_CMP,
		                            .encrypt = encrypt };
	auto_of(psm_request) *request = request_ex(st, type);
	nu_auto_mem char *answer = store_answer_with(st, request, &options);
	auto_of(psm_import) *import = store_import(st, answer, NULL, 0);

	assert_int_equal(psm_import_count(import), 1);
	assert_true(psm_import_get(import, 0)->cert.has_key);
	assert_int_equal(store_pending_state(st, request->id), -1);
}

static void
test_tokens_certificate_for_rsa_key_is_opened(void **state)
{
	struct store *st = store_or_skip(state);

	import_encrypted(st, PSM_KEY_RSA, CA_ENCRYPT_VALUE);
	import_encrypted(st, PSM_KEY_RSA, CA_ENCRYPT_CMS);
}

static void
test_tokens_certificate_for_ec_key_is_opened(void **state)
{
	import_encrypted(store_or_skip(state), PSM_KEY_EC, CA_ENCRYPT_CMS);
}

/* The request waits on: the authority can send it in the open. */
static void
test_tokens_certificate_names_a_token_that_cannot(void **state)
{
	static const struct ca_options options = {
		.dialect = CA_DIALECT_CMP,
		.encrypt = CA_ENCRYPT_CMS
	};
	struct store *st = store_or_skip(state);
	auto_of(psm_request) *request = request_ex(st, PSM_KEY_EC);
	nu_auto_mem char *answer = store_answer_with(st, request, &options);

	store_assert_refused(st, answer, 0, PSM_E_TOKEN);
	assert_psm(st, psm_import_user_certificates(st->ctx, answer, NULL, 0,
	                                            NULL), PSM_E_TOKEN);
	assert_says(st, "cannot open what is encrypted to EC keys");
	assert_int_equal(store_pending_state(st, request->id), PSM_PENDING);
}

/* --- signatures ------------------------------------------------------ */

static void
own(struct store *st, enum psm_key_type type)
{
	const struct psm_request_params params = { .subject = "CN=Alice",
		                                   .key_type = type,
		                                   .token = token };
	struct psm_request *request = NULL;
	nu_auto_mem char *answer = NULL;

	assert_psm(st, psm_request_create(st->ctx, &params, &request), PSM_OK);
	answer = store_answer(st, request, CA_DIALECT_CMMF);
	psm_import_free(store_import(st, answer, NULL, 0));
	psm_request_free(request);
}

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

static void
sign(struct store *st, enum psm_key_type type)
{
	nu_auto_item der = { siBuffer, NULL, 0 };
	char *signature = NULL;

	own(st, type);
	save_ca(st);
	assert_psm(st, psm_sign_text(st->ctx, TEXT, false, NULL, 0,
	                             &signature), PSM_OK);
	assert_int_equal(nu_b64_decode(signature, strlen(signature), 1 << 20,
	                               &der), SECSuccess);
	store_write_file(store_path(st, "sig.der"), der.data, der.len);
	store_write_file(store_path(st, "text"), TEXT, strlen(TEXT));
	assert_int_equal(store_shell(st, "openssl cms -verify -binary -inform "
	                                 "DER -in sig.der -content text "
	                                 "-CAfile ca.pem -purpose any "
	                                 ">out 2>err && cmp -s out text"), 0);
	psm_text_free(signature);
}

static void
test_tokens_text_signed_by_rsa_key_is_verified(void **state)
{
	sign(store_or_skip(state), PSM_KEY_RSA);
}

static void
test_tokens_text_signed_by_ec_key_is_verified(void **state)
{
	sign(store_or_skip(state), PSM_KEY_EC);
}

/* --- messages -------------------------------------------------------- */

static void
test_tokens_message_by_a_secret_is_verified(void **state)
{
	struct store *st = store_or_skip(state);
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	auto_of(psm_request) *request = request_ex(st, PSM_KEY_RSA);
	const struct ca_options encrypted = { .dialect = CA_DIALECT_CMP,
		                              .encrypt = CA_ENCRYPT_CMS };
	nu_auto_mem char *answer = store_answer_with(st, request, &encrypted);
	struct cmp_message message = { .secret = "word" };
	struct psm_import_options options = { .secret = "Word" };
	struct psm_import *import = NULL;
	SECItem *der;

	message.body = cmp_body_of(arena, answer);
	der = cmp_make(arena, &message);
	assert_psm(st, psm_import(st->ctx, der->data, der->len, &options,
	                          &import), PSM_E_MESSAGE);
	options.secret = "word";
	assert_psm(st, psm_import(st->ctx, der->data, der->len, &options,
	                          &import), PSM_OK);
	assert_int_equal(psm_import_protection(import),
	                 PSM_PROTECTION_VERIFIED);
	psm_import_free(import);
}

#define token_test(place, f)                                             \
	{ #f " " #place, f, setup_##place, teardown, NULL }
#define each_place(f) token_test(card, f), token_test(fips, f)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		each_place(test_tokens_challenge_to_rsa_key_is_answered),
		token_test(fips, test_tokens_challenge_to_ec_key_is_answered),
		token_test(card,
		           test_tokens_challenge_names_a_token_that_cannot),
		each_place(test_tokens_certificate_for_rsa_key_is_opened),
		token_test(fips, test_tokens_certificate_for_ec_key_is_opened),
		token_test(card,
		           test_tokens_certificate_names_a_token_that_cannot),
		each_place(test_tokens_text_signed_by_rsa_key_is_verified),
		each_place(test_tokens_text_signed_by_ec_key_is_verified),
		each_place(test_tokens_message_by_a_secret_is_verified),
	};

	cmocka_set_test_filter(getenv("PSM_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
