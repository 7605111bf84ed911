/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_ca_open.c - a request that is read before it is decided about. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "tests/unit/ca_store.h"

static void
test_open_says_what_a_pkcs10_wishes_for(void **state)
{
	static const struct ca_options options = { .id = "77" };
	struct store *st = *state;
	nu_auto_mem char *p10 = make_p10(st, "/O=Acme/CN=Alice", EC_KEY,
		"-addext 'subjectAltName=DNS:a.example,IP:10.0.0.1,IP:::1,"
		"email:a@x.org,RID:1.2.3.4,URI:http://x/,DNS:x y' && openssl "
		"pkey -in key.pem -pubout -outform DER | sha256sum >sum");
	auto_of(ca_request) *request = open_request(st, p10, &options);
	const struct ca_wish_info *wish = ca_request_wish(request, 0);
	nu_auto_mem char *sum = store_read_file(store_path(st, "sum"), NULL);
	char hex[65];

	for (size_t i = 0; i < 32; i++)
		sprintf(hex + 2 * i, "%02x", wish->spki_sha256[i]);
	assert_null(ca_request_wish(request, 1));
	assert_string_equal(wish->id, "77");
	assert_string_equal(wish->subject, "CN=Alice,O=Acme");
	assert_int_equal(wish->key, CA_KEY_P256);
	assert_int_equal(wish->key_bits, 256);
	assert_memory_equal(hex, sum, 64);
	assert_int_equal(wish->proof, CA_PROOF_PROVED);
	assert_int_equal(wish->n_alt_names, 5);
	assert_string_equal(wish->alt_names[0].value, "a.example");
	assert_int_equal(wish->alt_names[1].kind, CA_ALT_IP);
	assert_string_equal(wish->alt_names[1].value, "10.0.0.1");
	assert_string_equal(wish->alt_names[2].value, "::1");
	assert_string_equal(wish->alt_names[3].value, "a@x.org");
	assert_string_equal(wish->alt_names[4].value, "1.2.3.4");
	assert_true(wish->other_alt_names);
	assert_false(wish->refused);
	assert_null(wish->reg_token);
	assert_true(wish->pkcs10);
	assert_false(wish->password);
	assert_false(wish->encrypted);
}

static void
test_open_says_that_a_pkcs10_holds_a_password(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *p10 = NULL;
	auto_of(ca_request) *request = NULL;

	assert_prints(st, "", "printf '[req]\ndistinguished_name=dn\n"
	              "attributes=a\nprompt=no\n[dn]\nCN=A\n[a]\n"
	              "challengePassword=secret\n' >conf && openssl req "
	              "-new -nodes -newkey " EC_KEY " -keyout key.pem "
	              "-config conf -out csr.pem");
	p10 = store_read_file(store_path(st, "csr.pem"), NULL);
	request = open_request(st, p10, NULL);
	assert_true(ca_request_wish(request, 0)->password);
	assert_int_equal(ca_request_wish(request, 0)->proof, CA_PROOF_PROVED);
}

/* In whatever armour. */
static void
test_open_der_is_the_requests(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *p10 = make_p10(st, "/CN=A", EC_KEY,
		"&& openssl req -in csr.pem -outform DER -out csr.der && "
		"openssl base64 -A -in csr.der -out csr.b64");
	nu_auto_mem char *b64 = store_read_file(store_path(st, "csr.b64"),
	                                        NULL);
	size_t len, got;
	nu_auto_mem char *der = store_read_file(store_path(st, "csr.der"),
	                                        &len);
	const char *const armours[] = { p10, b64 };

	for (size_t i = 0; i < COUNT(armours); i++) {
		auto_of(ca_request) *request = open_request(st, armours[i],
		                                            NULL);
		const unsigned char *bytes = ca_request_der(request, &got);

		assert_int_equal(got, len);
		assert_memory_equal(bytes, der, len);
	}
}

static void
test_open_more_wishes_than_allowed_is_request(void **state)
{
	static const struct psm_key_request keys[] = {
		{ .alg = "ec-sign" }, { .alg = "ec-sign" }
	};
	static const struct psm_requests_params params = {
		.subject = "CN=Alice", .keys = keys, .n_keys = 2
	};
	static const struct ca_options two = { .max_wishes = 2 };
	static const struct ca_options one = { .max_wishes = 1 };
	struct store *st = *state;
	auto_of(psm_requests) *made = NULL;
	struct ca_request *request = NULL;

	assert_psm(st, psm_request_create_many(st->ctx, &params, &made),
	           PSM_OK);
	assert_ca(st, ca_request_open(st->ca, made->text, strlen(made->text),
	                              &one, &request), PSM_E_REQUEST);
	assert_null(request);
	request = open_request(st, made->text, &two);
	assert_false(ca_request_wish(request, 1)->pkcs10);
	ca_request_free(request);
}

/* A certificate that begins like openssl's, with a serial number of its own. */
static void
test_cert_serial_is_as_openssl_prints_it(void **state)
{
	static const struct {
		const char *set, *serial;
	} rows[] = {
		{ "1", "01" },
		{ "0x80", "80" },
		{ "0xABCDEF0123456789ABCDEF0123456789",
		  "abcdef0123456789abcdef0123456789" },
		{ "0x7F00000000000000000000000000000000000001",
		  "7f00000000000000000000000000000000000001" },
		{ "0xFF00000000000000000000000000000000000001",
		  "ff00000000000000000000000000000000000001" },
		{ "0x010000000000000000000000000000000000000001", NULL },
		{ "0", NULL },
		{ "-1", NULL },
	};
	struct store *st = *state;
	char serial[CA_SERIAL_HEX];

	for (size_t i = 0; i < COUNT(rows); i++) {
		nu_auto_mem char *der = NULL;
		size_t len;

		assert_prints(st, "", "openssl req -x509 -nodes -newkey "
		              EC_KEY " -keyout key.pem -subj /CN=A "
		              "-set_serial %s -outform DER -out cert.der",
		              rows[i].set);
		der = store_read_file(store_path(st, "cert.der"), &len);
		assert_int_equal(ca_cert_serial(der, len, serial),
		                 rows[i].serial != NULL);
		if (rows[i].serial != NULL)
			assert_string_equal(serial, rows[i].serial);
		assert_false(ca_cert_serial(der, len - 1, serial));
	}
	assert_false(ca_cert_serial("", 0, serial));
}

static void
test_open_says_what_a_crmf_wishes_for(void **state)
{
	static const struct ca_profile profile = { .keys = CA_KEY_RSA };
	static const struct ca_options options = { .profile = &profile };
	static const struct psm_key_request keys[] = {
		{ .alg = "ec-sign" }, { .alg = "rsa-ex" }
	};
	static const struct psm_requests_params params = {
		.subject = "CN=Alice", .reg_token = "token \xc3\xa4",
		.authenticator = "secret", .keys = keys, .n_keys = 2
	};
	struct store *st = *state;
	auto_of(psm_requests) *made = NULL;
	auto_of(ca_request) *request = NULL;
	const struct ca_wish_info *sign, *exchange;

	assert_psm(st, psm_request_create_many(st->ctx, &params, &made),
	           PSM_OK);
	request = open_request(st, made->text, &options);
	sign = ca_request_wish(request, 0);
	exchange = ca_request_wish(request, 1);
	assert_string_equal(sign->reg_token, "token \xc3\xa4");
	assert_string_equal(sign->authenticator, "secret");
	assert_int_equal(sign->proof, CA_PROOF_PROVED);
	assert_true(sign->refused);
	assert_int_equal(sign->fail, CA_FAIL_BAD_ALG);
	assert_int_equal(exchange->key, CA_KEY_RSA);
	assert_int_equal(exchange->proof, CA_PROOF_CHALLENGE);
	assert_int_equal(exchange->fail, CA_FAIL_BAD_POP);
	assert_null(ca_request_wish(request, 2));
}

/* As browsers of old asked: subsequentMessage encrCert, not challengeResp. */
static void
test_open_wish_for_encryption_is_granted_encrypted(void **state)
{
	static const struct psm_key_request key = { .alg = "rsa-ex" };
	static const struct psm_requests_params params = {
		.subject = "CN=Alice", .keys = &key, .n_keys = 1
	};
	static const struct ca_options encrypt = { .encrypt = CA_ENCRYPT_CMS };
	static const unsigned char challenge[] = { 0xa2, 3, 0x81, 1, 1 };
	struct store *st = *state;
	nu_auto_item der = { siBuffer, NULL, 0 };
	auto_of(psm_requests) *made = NULL;
	auto_of(ca_request) *request = NULL;
	auto_of(ca_answer) *answer = NULL;
	unsigned char *at;

	assert_psm(st, psm_request_create_many(st->ctx, &params, &made),
	           PSM_OK);
	assert_int_equal(nu_b64_decode(made->text, strlen(made->text), 10000,
	                               &der), SECSuccess);
	at = memmem(der.data, der.len, challenge, sizeof challenge);
	assert_non_null(at);
	at[4] = 0;
	assert_ca(st, ca_request_open(st->ca, der.data, der.len, &encrypt,
	                              &request), PSM_OK);
	assert_int_equal(ca_request_wish(request, 0)->proof,
	                 CA_PROOF_ENCRYPTED);
	assert_false(ca_request_wish(request, 0)->refused);
	assert_true(ca_request_wish(request, 0)->encrypted);
	assert_ca(st, ca_request_issue(st->ca, request, &encrypt, &answer),
	          PSM_OK);
	assert_true(ca_answer_get(answer, 0)->encrypted);
	psm_import_free(store_import(st, answer->text, NULL, 0));
}

static void
test_open_tampered_proof_is_failed_and_says_why(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *der = NULL;
	auto_of(ca_request) *request = NULL;
	size_t len;

	free(make_p10(st, "/CN=A", EC_KEY, "-outform DER"));
	der = store_read_file(store_path(st, "csr.pem"), &len);
	der[len - 1] ^= 1;
	assert_ca(st, ca_request_open(st->ca, der, len, NULL, &request),
	          PSM_OK);
	assert_int_equal(ca_request_wish(request, 0)->proof, CA_PROOF_FAILED);
	assert_non_null(ca_request_wish(request, 0)->disproof);
	assert_true(ca_request_wish(request, 0)->refused);
	assert_int_equal(ca_request_wish(request, 0)->fail, CA_FAIL_BAD_POP);
}

/* Open it with each octet changed in turn; what opens can be asked about. */
static void
open_changed(struct store *st, unsigned char *der, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		auto_of(ca_request) *request = NULL;
		enum psm_err err;

		der[i] ^= 0x15;
		err = ca_request_open(st->ca, der, len, NULL, &request);
		der[i] ^= 0x15;
		if (err != PSM_OK) {
			assert_int_equal(err, PSM_E_REQUEST);
			assert_null(request);
			continue;
		}
		assert_int_not_equal(ca_request_wish(request, 0)->proof,
		                     CA_PROOF_PROVED);
		assert_true(ca_request_wish(request, 0)->refused);
	}
}

static void
test_open_changed_request_is_never_proved(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *crmf = store_request(st, "CN=Alice", PSM_KEY_EC);
	nu_auto_item der = { siBuffer, NULL, 0 };
	nu_auto_mem char *bytes = NULL;
	size_t len;

	free(make_p10(st, "/CN=A", EC_KEY, "-outform DER -addext "
	              "'subjectAltName=IP:10.0.0.1,email:a@x.org,"
	              "RID:1.2.3.4'"));
	bytes = store_read_file(store_path(st, "csr.pem"), &len);
	open_changed(st, (unsigned char *)bytes, len);
	assert_int_equal(nu_b64_decode(crmf->text, strlen(crmf->text), 10000,
	                               &der), SECSuccess);
	open_changed(st, der.data, der.len);
}

static void
test_open_garbage_is_request(void **state)
{
	struct store *st = *state;
	struct ca_request *request = NULL;

	assert_ca(st, ca_request_open(st->ca, "garbage", 7, NULL, &request),
	          PSM_E_REQUEST);
	assert_null(request);
	ca_request_free(NULL);
}

/* As the samples of ordering portals are written. */
static void
test_open_pem_without_ends_of_lines_is_read(void **state)
{
	static const char *const bad[] = {
		"-----BEGIN X-----", "-----BEGIN X-----MAA=", "-----BEGIN ",
		"-----BEGIN X-----!-----END X-----", "MAA=-----END X-----",
		("-----BEGIN 0123456789 0123456789 0123456789-----MAA="
		 "-----END 0123456789 0123456789 0123456789-----")
	};
	static const char another[] = "-----END ANOTHER REQUEST-----";
	struct store *st = *state;
	nu_auto_mem char *p10 = make_p10(st, "/CN=A", EC_KEY,
	                                 "&& tr -d '\\n' <csr.pem >joined && "
	                                 "mv joined csr.pem");

	assert_null(strchr(p10, '\n'));
	ca_request_free(open_request(st, p10, NULL));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_issue_fails(st, bad[i], NULL, PSM_E_REQUEST);
	memcpy(strstr(p10, "-----END"), another, sizeof another);
	assert_issue_fails(st, p10, NULL, PSM_E_REQUEST);
}

/* The request keeps what an answer to a challenge has proved. */
static void
test_open_challenge_once_answered_stays_proved(void **state)
{
	static const struct psm_key_request key = { .alg = "rsa-ex" };
	static const struct psm_requests_params params = {
		.subject = "CN=Alice", .keys = &key, .n_keys = 1
	};
	struct store *st = *state;
	auto_of(psm_requests) *made = NULL;
	auto_of(ca_request) *request = NULL;
	auto_of(ca_answer) *answer = NULL;
	struct ca_challenge *challenge = NULL;
	struct ca_options options = { 0 };
	nu_auto_mem char *response = NULL;

	assert_psm(st, psm_request_create_many(st->ctx, &params, &made),
	           PSM_OK);
	assert_ca(st, ca_challenge(st->ca, made->text, strlen(made->text),
	                           CA_CHALLENGE_CMP, &challenge), PSM_OK);
	assert_psm(st, psm_pop_challenge_response(st->ctx,
	                                          ca_challenge_text(challenge),
	                                          &response), PSM_OK);
	assert_ca(st, ca_challenge_check(st->ca, challenge, response), PSM_OK);
	options.challenge = challenge;
	request = open_request(st, made->text, &options);
	ca_challenge_free(challenge);
	assert_int_equal(ca_request_wish(request, 0)->proof, CA_PROOF_PROVED);
	assert_ca(st, ca_request_issue(st->ca, request, NULL, &answer),
	          PSM_OK);
	assert_int_equal(answer->n_issued, 1);
}

static void
test_open_request_is_issued_twice_with_other_serials(void **state)
{
	static const struct ca_options options = { .dialect = CA_DIALECT_CERT };
	struct store *st = *state;
	nu_auto_mem char *p10 = make_p10(st, "/CN=A", EC_KEY, "");
	auto_of(ca_request) *request = open_request(st, p10, NULL);
	auto_of(ca_answer) *one = NULL;
	auto_of(ca_answer) *two = NULL;

	assert_ca(st, ca_request_issue(st->ca, request, &options, &one),
	          PSM_OK);
	assert_ca(st, ca_request_issue(st->ca, request, NULL, &two), PSM_OK);
	assert_string_not_equal(one->serials[0], two->serials[0]);
	assert_string_equal(two->serials[0], ca_answer_get(two, 0)->serial);
	assert_string_equal(ca_answer_get(two, 0)->id, "-1");
	assert_null(ca_answer_get(two, 1));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		store_test(test_open_says_what_a_pkcs10_wishes_for),
		store_test(test_open_says_what_a_crmf_wishes_for),
		store_test(
			test_open_wish_for_encryption_is_granted_encrypted),
		store_test(test_open_tampered_proof_is_failed_and_says_why),
		store_test(test_open_changed_request_is_never_proved),
		store_test(test_open_garbage_is_request),
		store_test(test_open_pem_without_ends_of_lines_is_read),
		store_test(test_open_says_that_a_pkcs10_holds_a_password),
		store_test(test_open_der_is_the_requests),
		store_test(test_open_more_wishes_than_allowed_is_request),
		store_test(test_cert_serial_is_as_openssl_prints_it),
		store_test(test_open_challenge_once_answered_stays_proved),
		store_test(
			test_open_request_is_issued_twice_with_other_serials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
