/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_generate_circle.c - several keys in one request, from the request to the
 * certificates. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_b64.h"
#include "nssutil/nu_name.h"
#include "tests/unit/generated.h"

/* Issue and import what was asked for: every certificate comes in, by id. */
static void
complete(struct store *st, const struct psm_requests *requests,
         const struct ca_options *options)
{
	const struct psm_request request = { .text = requests->text };
	nu_auto_mem char *answer = store_answer_with(st, &request, options);
	auto_of(psm_import) *import = store_import(st, answer, NULL, 0);

	assert_int_equal(psm_import_count(import), requests->n_ids);
	for (size_t i = 0; i < requests->n_ids; i++) {
		const struct psm_imported *one = psm_import_get(import, i);

		assert_string_equal(one->request_id,
		                    store_decimal(requests->ids[i]));
		assert_true(one->cert.has_key);
		assert_int_equal(store_pending_state(st, requests->ids[i]),
		                 -1);
	}
}

static void
test_generate_proved_requests_come_full_circle(void **state)
{
	struct store *st = *state;
	nu_auto_mem char *cert = base64_of(st, "ca");
	char text[4096];
	struct psm_key_request keys[] = { { .alg = "rsa-sign" },
		                          { .alg = "rsa-dual-use" },
		                          { .alg = "dsa-sign" },
		                          { .alg = "ec-nonrepudiation" },
		                          { 0, text, "ec-ex" } };
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys),
		                              .flags = PSM_REQUEST_ALLOW_WEAK };
	struct psm_requests *requests;

	snprintf(text, sizeof text, "popcert=%s", cert);
	requests = create(st, &params);
	complete(st, requests, NULL);
	psm_requests_free(requests);
}

static void
come_full_circle(struct store *st, enum psm_key_type type)
{
	static const struct psm_key_request keys[] = { { .alg = "rsa-ex" },
		                                       { .alg = "rsa-sign" },
		                                       { .alg = "ec-ex" } };
	static const struct ca_options options = {
		.escrow_nickname = ESCROW_NICKNAME
	};
	nu_auto_mem char *cert = make_escrow(st, type);
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys),
		                              .escrow_cert = cert };
	struct psm_requests *requests;

	ask_about_escrow(st, PSM_ANSWER_YES);
	requests = create(st, &params);
	complete(st, requests, &options);
	psm_requests_free(requests);
}

static void
test_generate_escrowed_keys_come_full_circle(void **state)
{
	come_full_circle(*state, PSM_KEY_RSA);
}

static void
test_generate_keys_escrowed_to_ec_come_full_circle(void **state)
{
	come_full_circle(*state, PSM_KEY_EC);
}

static void
test_generate_agree_mac_for_another_key_of_the_authority(void **state)
{
	static const struct ca_options options = {
		.pop_nickname = ESCROW_NICKNAME
	};
	struct store *st = *state;
	nu_auto_mem char *cert = make_escrow(st, PSM_KEY_EC);
	char text[4096];
	struct psm_key_request key = { 0, text, "ec-ex" };
	struct psm_requests *requests;

	snprintf(text, sizeof text, "curve=P-256;popcert=%s", cert);
	requests = create_one(st, &key);
	complete(st, requests, &options);
	psm_requests_free(requests);
}

/* Answered by a refusal with failInfo badPOP. */
static void
assert_unproved(struct store *st, const struct psm_requests *requests,
                const struct ca_options *options)
{
	struct ca_answer *answer = NULL;
	struct nu_cert_rep *rep = NULL;
	SECItem der = { siBuffer, NULL, 0 };

	assert_int_equal(ca_issue(st->ca, requests->text,
	                          strlen(requests->text), options, &answer),
	                 PSM_OK);
	assert_int_equal(answer->n_issued, 0);
	assert_int_equal(answer->n_refused, requests->n_ids);
	der.data = (unsigned char *)answer->der;
	der.len = (unsigned)answer->der_len;
	assert_int_equal(nu_cmmf_decode(&der, MAX, &rep), SECSuccess);
	for (size_t i = 0; i < rep->n_responses; i++)
		assert_int_equal(rep->responses[i].fail_info,
		                 1ul << CA_FAIL_BAD_POP);
	nu_cert_rep_free(rep);
	ca_answer_free(answer);
}

static void
test_generate_unproved_exchange_keys_get_no_certificate(void **state)
{
	static const struct psm_key_request keys[] = { { .alg = "rsa-ex" },
		                                       { .alg = "ec-ex" } };
	struct store *st = *state;
	nu_auto_mem char *cert = make_escrow(st, PSM_KEY_RSA);
	struct psm_requests_params params = { .subject = SUBJECT, .keys = keys,
		                              .n_keys = COUNT(keys) };
	static const struct ca_options wrong = { .escrow_nickname = "ca" };
	struct psm_requests *requests = create(st, &params);

	assert_unproved(st, requests, NULL);
	psm_requests_free(requests);
	params.escrow_cert = cert;
	ask_about_escrow(st, PSM_ANSWER_YES);
	requests = create(st, &params);
	assert_unproved(st, requests, NULL);
	assert_unproved(st, requests, &wrong);
	psm_requests_free(requests);
}

/* msg's key and its copy for the escrow, in a request of Eve's. */
static char *
steal(const struct nu_crmf_msg *msg)
{
	nu_auto(SECItem) subject = nu_name_from_text("CN=Eve,O=Example");
	nu_auto(SECKEYPrivateKey) any = escrow_key();
	const struct nu_cert_template template = {
		.id = msg->id,
		.subject = *subject,
		.spki = msg->spki,
		.key_usage = KU_KEY_AGREEMENT,
		.archive = &msg->archive
	};
	nu_auto(SECItem) stolen = nu_crmf_encode_msg_as(
	        &template, NU_PROOF_THIS_MESSAGE, any, NULL, NULL);
	const SECItem *msgs[] = { stolen };
	nu_auto(SECItem) all = nu_crmf_encode(msgs, 1);

	assert_non_null(all);
	return nu_b64_encode(all);
}

static void
test_generate_escrowed_key_proves_nothing_for_another(void **state)
{
	static const struct psm_key_request key = { .alg = "ec-ex" };
	static const struct ca_options options = {
		.escrow_nickname = ESCROW_NICKNAME
	};
	struct store *st = *state;
	nu_auto_mem char *cert = make_escrow(st, PSM_KEY_EC);
	nu_auto_mem char *stolen = NULL;
	struct psm_requests_params params = { .subject = SUBJECT, .keys = &key,
		                              .n_keys = 1,
		                              .escrow_cert = cert };
	struct psm_requests *requests, eves = { .n_ids = 1 };
	struct nu_crmf *crmf;

	ask_about_escrow(st, PSM_ANSWER_YES);
	requests = create(st, &params);
	crmf = decode(requests);
	eves.text = stolen = steal(&crmf->msgs[0]);
	assert_unproved(st, &eves, &options);
	complete(st, requests, &options);
	nu_crmf_free(crmf);
	psm_requests_free(requests);
}

static void
test_generate_authority_without_the_named_key_says_so(void **state)
{
	static const struct ca_options options = { .pop_nickname = "nobody" };
	struct store *st = *state;
	auto_of(psm_requests) *requests = create_agreed(st);
	struct ca_answer *answer = NULL;

	assert_int_equal(ca_issue(st->ca, requests->text,
	                          strlen(requests->text), &options, &answer),
	                 PSM_E_NOT_FOUND);
	assert_null(answer);
	assert_non_null(strstr(ca_errmsg(st->ca), "nobody"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_generate_proved_requests_come_full_circle),
		store_test(test_generate_escrowed_keys_come_full_circle),
		store_test(test_generate_keys_escrowed_to_ec_come_full_circle),
		store_test(
		        test_generate_escrowed_key_proves_nothing_for_another),
		store_test(
		  test_generate_agree_mac_for_another_key_of_the_authority),
		store_test(
		  test_generate_unproved_exchange_keys_get_no_certificate),
		store_test(
		        test_generate_authority_without_the_named_key_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
