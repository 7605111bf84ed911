/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_ca_again.c - answers that are made again, of what was kept. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "tests/unit/ca_store.h"

static void
test_again_every_dialect_carries_what_was_kept(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Alice",
	                                             PSM_KEY_EC);
	auto_of(ca_answer) *first = issue(st, request->text, NULL);
	const struct ca_result *kept = ca_answer_get(first, 0);

	for (int dialect = CA_DIALECT_CMMF; dialect <= CA_DIALECT_PKCS7;
	     dialect++) {
		const struct ca_options options = {
			.dialect = (enum ca_dialect)dialect
		};
		auto_of(ca_answer) *again = NULL;

		assert_ca(st, ca_answer_again(st->ca, kept, 1, &options,
		                              &again), PSM_OK);
		assert_int_equal(again->n_issued, 1);
		assert_string_equal(again->serials[0], first->serials[0]);
		/* A certificate's first octet may be its tag's. */
		assert_non_null(memmem(again->der, again->der_len,
		                       kept->cert + 1, kept->cert_len - 1));
		if (dialect == CA_DIALECT_CMMF)
			assert_string_equal(again->text, first->text);
	}
	psm_import_free(store_import(st, first->text, NULL, 0));
}

static void
test_again_encrypted_certificate_stays_encrypted(void **state)
{
	static const struct psm_key_request key = { .alg = "rsa-ex" };
	static const struct psm_requests_params params = {
		.subject = "CN=Alice", .keys = &key, .n_keys = 1
	};
	static const struct ca_options options = {
		.encrypt = CA_ENCRYPT_VALUE
	}, plain = { .dialect = CA_DIALECT_CERT };
	struct store *st = *state;
	auto_of(psm_requests) *request = NULL;
	auto_of(ca_answer) *first = NULL;
	auto_of(ca_answer) *again = NULL;
	const struct ca_result *kept;
	struct ca_answer *none = NULL;

	assert_psm(st, psm_request_create_many(st->ctx, &params, &request),
	           PSM_OK);
	assert_ca(st, ca_issue(st->ca, request->text, strlen(request->text),
	                       &options, &first), PSM_OK);
	kept = ca_answer_get(first, 0);
	assert_true(kept->encrypted);
	assert_non_null(kept->cert);
	assert_ca(st, ca_answer_again(st->ca, kept, 1, NULL, &again), PSM_OK);
	assert_null(memmem(again->der, again->der_len, kept->cert + 1,
	                   kept->cert_len - 1));
	assert_true(ca_answer_get(again, 0)->encrypted);
	psm_import_free(store_import(st, again->text, NULL, 0));
	assert_ca(st, ca_answer_again(st->ca, kept, 1, &plain, &none),
	          PSM_E_ARGUMENT);
	assert_null(none);
}

static void
test_again_refusal_is_said_where_it_can_be(void **state)
{
	static const struct ca_result refused = {
		.id = "5", .fail = CA_FAIL_BAD_POP, .reason = "no"
	};
	static const struct ca_options pem = { .dialect = CA_DIALECT_CERT };
	struct store *st = *state;
	auto_of(ca_answer) *answer = NULL;
	struct ca_answer *none = NULL;

	assert_ca(st, ca_answer_again(st->ca, &refused, 1, NULL, &answer),
	          PSM_OK);
	assert_int_equal(answer->n_refused, 1);
	assert_int_equal(ca_answer_get(answer, 0)->fail, CA_FAIL_BAD_POP);
	assert_string_equal(ca_answer_get(answer, 0)->reason, "no");
	assert_ca(st, ca_answer_again(st->ca, &refused, 1, &pem, &none),
	          PSM_E_REQUEST);
	assert_ca(st, ca_answer_again(st->ca, &refused, 0, NULL, &none),
	          PSM_E_ARGUMENT);
}

static void
test_again_what_is_not_its_own_is_certificate(void **state)
{
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Alice",
	                                             PSM_KEY_EC);
	auto_of(ca_answer) *first = issue(st, request->text, NULL);
	const struct ca_params params = { .subject = "CN=Other",
		.nickname = "other", .key_type = PSM_KEY_EC };
	struct ca_result result = *ca_answer_get(first, 0);
	struct ca_answer *none = NULL;

	assert_ca(st, ca_init(st->ca, &params), PSM_OK);
	assert_ca(st, ca_answer_again(st->ca, &result, 1, NULL, &none),
	          PSM_E_CERTIFICATE);
	result.cert_len--;
	assert_ca(st, ca_answer_again(st->ca, &result, 1, NULL, &none),
	          PSM_E_CERTIFICATE);
	result.id = "x";
	assert_ca(st, ca_answer_again(st->ca, &result, 1, NULL, &none),
	          PSM_E_ARGUMENT);
}

/* The name alone does not make an issuer: another key has it now. */
static void
test_again_of_another_key_is_certificate(void **state)
{
	static const struct ca_params same = { .subject = "CN=Test CA,O=Acme",
		.nickname = "same", .key_type = PSM_KEY_EC };
	struct store *st = *state;
	auto_of(psm_request) *request = store_request(st, "CN=Alice",
	                                             PSM_KEY_EC);
	auto_of(ca_answer) *first = issue(st, request->text, NULL);
	const struct ca_result *kept = ca_answer_get(first, 0);
	const unsigned char *der;
	size_t len;
	nu_auto_mem unsigned char *old = NULL;
	struct ca_answer *none = NULL;

	der = ca_cert_der(st->ca, &len);
	old = malloc(len);
	memcpy(old, der, len);
	assert_ca(st, ca_init(st->ca, &same), PSM_OK);
	der = ca_cert_der(st->ca, &len);
	assert_memory_not_equal(old, der, len);
	assert_ca(st, ca_answer_again(st->ca, kept, 1, NULL, &none),
	          PSM_E_CERTIFICATE);
}

static void
test_refusal_that_cannot_be_written_is_argument(void **state)
{
	static const struct ca_refusal bad[] = {
		{ NULL, "\xff", CA_FAIL_BAD_REQUEST },
		{ NULL, "no", (enum ca_fail)27 }, { "x", "no", 0 }
	};
	struct store *st = *state;

	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct ca_options options = { .refusals = &bad[i],
			                            .n_refusals = 1 };
		const struct ca_result kept = { .id = bad[i].id != NULL ?
			bad[i].id : "1", .fail = bad[i].fail,
			.reason = bad[i].reason };
		struct ca_answer *none = NULL;

		assert_issue_fails(st, "x", &options, PSM_E_ARGUMENT);
		assert_ca(st, ca_answer_again(st->ca, &kept, 1, NULL, &none),
		          PSM_E_ARGUMENT);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		store_test(test_again_every_dialect_carries_what_was_kept),
		store_test(test_again_encrypted_certificate_stays_encrypted),
		store_test(test_again_refusal_is_said_where_it_can_be),
		store_test(test_again_what_is_not_its_own_is_certificate),
		store_test(test_again_of_another_key_is_certificate),
		store_test(test_refusal_that_cannot_be_written_is_argument),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
