/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_order.c - orders that people decide about, CRMF, and the answers. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "psmd/records_pkcs12.h"
#include "tests/psmd/order_house.h"

/* --- requests of our own ------------------------------------------------- */

struct made {
	const struct psm_requests_params *params;
	char *text;
};

static void
make_crmf(struct psm_ctx *ctx, void *arg)
{
	struct psm_requests *requests = NULL;
	struct made *made = arg;

	if (psm_request_create_many(ctx, made->params, &requests) != PSM_OK)
		return;
	made->text = strdup(requests->text);
	psm_requests_free(requests);
}

/* CertReqMessages for n keys, each of alg, or by turns of two; free() it. */
static char *
crmf(struct house *house, const char *alg, const char *other, size_t n)
{
	struct psm_key_request keys[32] = { { .alg = alg } };
	struct psm_requests_params params = { .subject = "CN=Mallory",
		                              .keys = keys,
		                              .n_keys = n };
	struct made made = { &params, NULL };

	for (size_t i = 1; i < n; i++)
		keys[i].alg = i % 2 == 0 ? alg : other;
	assert_true(engine_call(house->issuing.engine, make_crmf, &made));
	assert_non_null(made.text);
	return made.text;
}

static enum order_err
place_crmf(struct house *house, const char *text, bool in_clear)
{
	struct order_ask ask = make_ask(house, NULL);

	order_clear(&house->order);
	ask.form = ORDER_CRMF;
	ask.in_clear = in_clear;
	ask.request = text;
	ask.request_len = strlen(text);
	return order_place(&house->issuing, &somebody, &ask, &house->order,
	                   house->why);
}

/* --- deciding ------------------------------------------------------------ */

static int64_t
place_waiting(struct house *house)
{
	house->profile.approval = APPROVAL_MANUAL;
	assert_order(house, place(house, NULL, "a.pem"), ORDER_OK);
	assert_int_equal(house->order.state, ORDER_APPLIED);
	assert_non_null(house->order.request);
	return house->order.number;
}

static void
test_approve_issues(void **state)
{
	struct house *house = *state;
	int64_t number = place_waiting(house);

	assert_order(house, answer(house, CA_DIALECT_CERT), ORDER_STATE);
	assert_order(house, order_issue(&house->issuing, &somebody, number,
	                                house->why), ORDER_STATE);
	assert_order(house, order_decide(&house->issuing, &somebody, number,
	                                 true, "fine", house->why), ORDER_OK);
	assert_int_equal(state_of(house, number), ORDER_ISSUED);
	assert_order(house, order_decide(&house->issuing, &somebody, number,
	                                 true, "", house->why), ORDER_STATE);
	assert_order(house, order_decide(&house->issuing, &somebody, number,
	                                 false, "", house->why), ORDER_STATE);
	assert_order(house, order_decide(&house->issuing, &somebody, 7, true,
	                                 "", house->why), ORDER_NOT_FOUND);
}

static void
test_reject_keeps_the_reason_alone(void **state)
{
	struct house *house = *state;
	int64_t number = place_waiting(house);

	assert_order(house, order_decide(&house->issuing, &somebody, number,
	                                 false, "not you, \xc3\xa4",
	                                 house->why), ORDER_OK);
	assert_int_equal(state_of(house, number), ORDER_REJECTED);
	assert_null(house->order.request);
	assert_order(house, order_issue(&house->issuing, &somebody, number,
	                                house->why), ORDER_STATE);
	assert_string_equal(house->order.reason, "not you, \xc3\xa4");
	assert_order(house, answer(house, CA_DIALECT_CMMF), ORDER_STATE);
}

/* They have one row of numbers. */
static void
test_decide_is_about_pkcs12_too(void **state)
{
	static const struct pkcs12_ask ask = { "alice", "A-1", "S-1",
		                               "CN=Alice" };
	struct house *house = *state;
	struct records *r = house->issuing.records;
	struct pkcs12_result result = { 0 };

	assert_int_equal(records_pkcs12_begin(r, &ask, 0, &result), REC_OK);
	assert_int_equal(records_pkcs12_wait(r, &somebody, result.claim),
	                 REC_OK);
	assert_order(house, order_decide(&house->issuing, &somebody,
	                                 result.request, true, "", house->why),
	             ORDER_OK);
	assert_order(house, order_decide(&house->issuing, &somebody,
	                                 result.request, true, "", house->why),
	             ORDER_STATE);
	pkcs12_result_clear(&result);
	assert_int_equal(records_pkcs12_begin(r, &ask, 0, &result), REC_OK);
	assert_true(result.approved);
	pkcs12_result_clear(&result);
}

/* --- CRMF ---------------------------------------------------------------- */

static void
test_crmf_key_that_cannot_sign_is_answered_encrypted(void **state)
{
	struct house *house = *state;
	char *text = crmf(house, "ec-sign", "ec-ex", 2);
	struct cert_record *certs;

	assert_order(house, place_crmf(house, text, true), ORDER_ENCRYPTED);
	assert_int_equal(count_orders(house), 0);
	assert_order(house, place_crmf(house, text, false), ORDER_OK);
	assert_int_equal(house->order.state, ORDER_ISSUED);
	certs = certs_of(house, house->order.number, 2);
	assert_false(certs[0].encrypted);
	assert_true(certs[1].encrypted);
	assert_string_not_equal(certs[0].request_id, certs[1].request_id);
	assert_order(house, answer(house, CA_DIALECT_CERT), ORDER_ENCRYPTED);
	assert_order(house, answer(house, CA_DIALECT_PKCS7), ORDER_ENCRYPTED);
	assert_order(house, answer(house, CA_DIALECT_CMMF), ORDER_OK);
	/* in the answer there is the one, but for its tag, and not the other */
	assert_non_null(memmem(house->text.der, house->text.der_len,
	                       certs[0].der + 1, certs[0].der_len - 1));
	assert_null(memmem(house->text.der, house->text.der_len,
	                   certs[1].der + 1, certs[1].der_len - 1));
	cert_records_free(certs, 2);
	free(text);
}

static void
test_crmf_messages_are_limited(void **state)
{
	struct house *house = *state;
	char *most = crmf(house, "ec-sign", "ec-sign", ORDER_MESSAGES_MAX);
	char *more = crmf(house, "ec-sign", "ec-sign", ORDER_MESSAGES_MAX + 1);

	assert_order(house, place_crmf(house, more, false), ORDER_MALFORMED);
	assert_order(house, place_crmf(house, most, false), ORDER_OK);
	cert_records_free(certs_of(house, house->order.number,
	                           ORDER_MESSAGES_MAX), ORDER_MESSAGES_MAX);
	free(most);
	free(more);
}

/* --- answering ----------------------------------------------------------- */

static void
test_answer_is_alone_or_with_the_chain(void **state)
{
	struct house *house = *state;
	struct cert_record *cert;

	assert_order(house, place(house, NULL, "a.pem"), ORDER_OK);
	assert_order(house, answer(house, CA_DIALECT_PKCS7), ORDER_OK);
	assert_prints(house->text.text, "2\n", "openssl pkcs7 -print_certs | "
	              "grep -c BEGIN");
	cert = certs_of(house, house->order.number, 1);
	order_text_clear(&house->text);
	assert_order(house, order_answer_certs(&house->issuing, cert, 1,
	                                       CA_DIALECT_CERT, true,
	                                       &house->text, house->why),
	             ORDER_OK);
	assert_prints(house->text.text, "1\n", "grep -c BEGIN");
	assert_int_equal(house->text.der_len, cert->der_len);
	assert_memory_equal(house->text.der, cert->der, cert->der_len);
	cert_records_free(cert, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE(test_approve_issues),
		HOUSE(test_reject_keeps_the_reason_alone),
		HOUSE(test_decide_is_about_pkcs12_too),
		HOUSE(test_crmf_key_that_cannot_sign_is_answered_encrypted),
		HOUSE(test_crmf_messages_are_limited),
		HOUSE(test_answer_is_alone_or_with_the_chain),
	};

	return cmocka_run_group_tests_name("an order", tests,
	                                   house_files, files_remove);
}
