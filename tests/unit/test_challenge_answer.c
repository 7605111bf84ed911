/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_challenge_answer.c - challenges to keys: the engine's answers, and the
 * authority's judgement. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_crmf.h"
#include "tests/unit/store.h"

static inline void
drop_ca_challenge(struct ca_challenge **c)
{
	ca_challenge_free(*c);
}
#define auto_ca_challenge \
	__attribute__((cleanup(drop_ca_challenge))) struct ca_challenge *

static inline void
drop_requests(struct psm_requests **r)
{
	psm_requests_free(*r);
}
#define auto_requests \
	__attribute__((cleanup(drop_requests))) struct psm_requests *

static inline void
drop_text(char **text)
{
	psm_text_free(*text);
}
#define auto_text __attribute__((cleanup(drop_text))) char *

/* --- the engine's answer, and what comes of it --------------------------- */

/* A request for keys that ask for a challenge, or sign. */
static struct psm_requests *
ask_for(struct store *st, const char *const algs[], size_t n)
{
	struct psm_key_request keys[8] = { 0 };
	struct psm_requests_params params = { .subject = "CN=Alice",
		                              .keys = keys, .n_keys = n };
	struct psm_requests *requests = NULL;

	assert_true(n <= 8);
	for (size_t i = 0; i < n; i++)
		keys[i].alg = algs[i];
	assert_psm(st, psm_request_create_many(st->ctx, &params, &requests),
	           PSM_OK);
	assert_int_equal(requests->n_ids, n);
	return requests;
}

#define ask_for_all(st, ...)                                             \
	ask_for(st, (const char *const[]){ __VA_ARGS__ },                \
	        sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

#define assert_ca(st, call, expected)                                    \
	do {                                                             \
		enum psm_err got_ = (call);                              \
		if (got_ != (expected))                                  \
			fail_msg("%s is %s (%s), not %s", #call,         \
			         psm_err_name(got_), ca_errmsg((st)->ca), \
			         #expected);                             \
	} while (0)

static struct ca_challenge *
challenge_for(struct store *st, const struct psm_requests *requests,
              enum ca_challenge_form form)
{
	struct ca_challenge *challenge = NULL;

	assert_ca(st, ca_challenge(st->ca, requests->text,
	                           strlen(requests->text), form, &challenge),
	          PSM_OK);
	return challenge;
}

/* Issue with what was proved: how many. They are imported. */
static size_t
issue(struct store *st, const struct psm_requests *requests,
      const struct ca_challenge *challenge)
{
	const struct ca_options options = { .challenge = challenge };
	struct ca_answer *answer = NULL;
	size_t n;

	assert_ca(st, ca_issue(st->ca, requests->text, strlen(requests->text),
	                       &options, &answer), PSM_OK);
	n = answer->n_issued;
	if (answer->n_refused == 0)
		psm_import_free(store_import(st, answer->text, NULL, 0));
	ca_answer_free(answer);
	return n;
}

static void
full_circle(struct store *st, const struct psm_requests *requests,
            enum ca_challenge_form form, size_t n_challenged)
{
	auto_ca_challenge challenge = challenge_for(st, requests, form);
	auto_text response = NULL;

	assert_int_equal(ca_challenge_count(challenge), n_challenged);
	assert_int_equal(issue(st, requests, challenge),
	                 requests->n_ids - n_challenged);
	assert_psm(st, psm_pop_challenge_response(st->ctx,
	                                          ca_challenge_text(challenge),
	                                          &response), PSM_OK);
	assert_ca(st, ca_challenge_check(st->ca, challenge, response), PSM_OK);
	for (size_t i = 0; i < n_challenged; i++)
		assert_true(ca_challenge_proved(challenge, i));
	assert_false(ca_challenge_proved(challenge, n_challenged));
	assert_int_equal(issue(st, requests, challenge), requests->n_ids);
}

static void
test_challenge_answered_gets_a_certificate(void **state)
{
	auto_requests requests = ask_for_all(*state, "rsa-ex");

	full_circle(*state, requests, CA_CHALLENGE_CMP, 1);
}

static void
test_challenge_of_netscape_gets_the_certificate(void **state)
{
	auto_requests requests = ask_for_all(*state, "rsa-ex");

	full_circle(*state, requests, CA_CHALLENGE_NETSCAPE, 1);
}

static void
test_challenge_of_an_ec_key_gets_the_certificate(void **state)
{
	auto_requests requests = ask_for_all(*state, "ec-ex");

	full_circle(*state, requests, CA_CHALLENGE_CMP, 1);
}

static void
test_challenge_of_some_gets_all_certificates(void **state)
{
	struct store *st = *state;
	auto_requests others = ask_for_all(st, "rsa-ex", "ec-sign");
	auto_requests requests = ask_for_all(st, "rsa-ex", "ec-sign", "rsa-ex",
	                                     "ec-ex");
	auto_ca_challenge challenge = challenge_for(st, requests,
	                                            CA_CHALLENGE_CMP);

	assert_string_equal(ca_challenge_id(challenge, 1),
	                    store_decimal(requests->ids[2]));
	assert_null(ca_challenge_id(challenge, 3));
	full_circle(st, requests, CA_CHALLENGE_CMP, 3);
	full_circle(st, others, CA_CHALLENGE_NETSCAPE, 1);
}

/* Answering fails so, and hands nothing out. */
static void
assert_unanswered(struct store *st, const char *text, enum psm_err expected)
{
	nu_auto_mem char *before = store_snapshot(st);
	char *response = NULL;

	assert_psm(st, psm_pop_challenge_response(st->ctx, text, &response),
	           expected);
	assert_null(response);
	assert_true(psm_errmsg(st->ctx)[0] != '\0');
	store_assert_unchanged(st, before);
}

static void
test_challenge_malformed_is_a_message_error(void **state)
{
	assert_unanswered(*state, "not base64", PSM_E_MESSAGE);
	assert_unanswered(*state, "", PSM_E_MESSAGE);
	assert_unanswered(*state, "MAA=", PSM_E_MESSAGE);
	assert_unanswered(*state, NULL, PSM_E_ARGUMENT);
}

static void
test_challenge_above_the_limits_is_a_message_error(void **state)
{
	struct store *st = *state;
	/* SEQUENCE OF two empty ones */
	static const char two[] = "MAQwADAA";

	psm_set_limits(st->ctx, 0, 1);
	assert_unanswered(st, two, PSM_E_MESSAGE);
	assert_string_equal(psm_errmsg(st->ctx),
	                    "there are more than 1 challenges");
	psm_set_limits(st->ctx, 7, 0);
	assert_unanswered(st, two, PSM_E_MESSAGE);
	assert_string_equal(psm_errmsg(st->ctx),
	                    "the challenge is longer than 7 characters");
}

static void
test_challenge_of_a_cancelled_one_is_not_answered(void **state)
{
	struct store *st = *state;
	auto_requests requests = ask_for_all(st, "rsa-ex");
	auto_ca_challenge cmp = challenge_for(st, requests, CA_CHALLENGE_CMP);
	auto_ca_challenge netscape = challenge_for(st, requests,
	                                           CA_CHALLENGE_NETSCAPE);

	assert_psm(st, psm_request_cancel(st->ctx, requests->ids[0], 0),
	           PSM_OK);
	assert_unanswered(st, ca_challenge_text(cmp), PSM_E_REQUEST_ID);
	assert_unanswered(st, ca_challenge_text(netscape), PSM_E_REQUEST_ID);
}

static void
test_challenge_of_a_certified_key_is_not_answered(void **state)
{
	struct store *st = *state;
	auto_requests requests = ask_for_all(st, "rsa-ex");
	auto_ca_challenge cmp = challenge_for(st, requests, CA_CHALLENGE_CMP);
	auto_ca_challenge netscape = challenge_for(st, requests,
	                                           CA_CHALLENGE_NETSCAPE);

	full_circle(st, requests, CA_CHALLENGE_CMP, 1);
	assert_unanswered(st, ca_challenge_text(cmp), PSM_E_REQUEST_ID);
	assert_unanswered(st, ca_challenge_text(netscape), PSM_E_REQUEST_ID);
}

/* The challenge with its last octet, which is of the last number's encryption,
 * changed. */
static char *
spoil(const char *text)
{
	nu_auto_item der = { siBuffer, NULL, 0 };

	assert_int_equal(nu_b64_decode(text, strlen(text), 1 << 20, &der),
	                 SECSuccess);
	der.data[der.len - 1] ^= 1;
	return nu_b64_encode(&der);
}

static void
test_challenge_spoilt_is_not_answered(void **state)
{
	struct store *st = *state;
	auto_requests requests = ask_for_all(st, "rsa-ex", "rsa-ex");
	auto_ca_challenge cmp = challenge_for(st, requests, CA_CHALLENGE_CMP);
	auto_ca_challenge netscape = challenge_for(st, requests,
	                                           CA_CHALLENGE_NETSCAPE);
	nu_auto_mem char *bad_cmp = spoil(ca_challenge_text(cmp));
	nu_auto_mem char *bad_netscape = spoil(ca_challenge_text(netscape));

	assert_unanswered(st, bad_cmp, PSM_E_REQUEST_ID);
	assert_unanswered(st, bad_netscape, PSM_E_MESSAGE);
}

static void
test_challenge_to_a_locked_store_asks_for_the_password(void **state)
{
	struct store *st = store_new("right");
	auto_requests requests = ask_for_all(st, "rsa-ex");
	auto_ca_challenge challenge = challenge_for(st, requests,
	                                            CA_CHALLENGE_CMP);
	auto_text response = NULL;

	(void)state;
	store_reopen(st, 0);
	st->user.password_answer = PSM_ANSWER_NO;
	assert_psm(st, psm_pop_challenge_response(st->ctx,
	                                          ca_challenge_text(challenge),
	                                          &response), PSM_E_CANCELLED);
	st->user.password_answer = PSM_ANSWER_YES;
	assert_psm(st, psm_pop_challenge_response(st->ctx,
	                                          ca_challenge_text(challenge),
	                                          &response), PSM_OK);
	store_free(st);
}

/* --- the authority's side ------------------------------------------------ */

static void
test_ca_challenge_of_what_cannot_be_is_an_error(void **state)
{
	struct store *st = *state;
	auto_requests sign = ask_for_all(st, "rsa-sign");
	auto_requests ec = ask_for_all(st, "ec-ex");
	struct ca_challenge *challenge = NULL;

	assert_ca(st, ca_challenge(st->ca, "?", 1, CA_CHALLENGE_CMP,
	                           &challenge), PSM_E_REQUEST);
	assert_ca(st, ca_challenge(st->ca, sign->text, strlen(sign->text),
	                           CA_CHALLENGE_CMP, &challenge),
	          PSM_E_REQUEST);
	assert_ca(st, ca_challenge(st->ca, ec->text, strlen(ec->text),
	                           CA_CHALLENGE_NETSCAPE, &challenge),
	          PSM_E_REQUEST);
	assert_null(challenge);
	ca_challenge_free(challenge);
}

/* A key that gets no certificate gets no challenge; the others do. */
static void
test_ca_challenge_passes_over_a_weak_key(void **state)
{
	struct store *st = *state;
	const unsigned bits[] = { 1024, 2048 };
	nu_auto(SECItem) subject = fresh_name("CN=Bob");
	SECItem *msgs[2], *request;
	struct ca_challenge *challenge = NULL;

	for (unsigned char i = 0; i < 2; i++) {
		struct fresh_key key = fresh_key(rsaKey, bits[i]);
		nu_auto(SECItem) spki = fresh_spki(&key);
		const struct nu_cert_template template = {
			.id = { siBuffer, &i, 1 }, .subject = *subject,
			.spki = *spki
		};

		msgs[i] = nu_crmf_encode_msg_as(&template, NU_PROOF_CHALLENGE,
		                                key.private, NULL, NULL);
		assert_non_null(msgs[i]);
		fresh_key_free(&key);
	}
	request = nu_crmf_encode((const SECItem *const *)msgs, 2);
	assert_non_null(request);
	assert_ca(st, ca_challenge(st->ca, request->data, request->len,
	                           CA_CHALLENGE_CMP, &challenge), PSM_OK);
	assert_int_equal(ca_challenge_count(challenge), 1);
	assert_string_equal(ca_challenge_id(challenge, 0), "1");
	ca_challenge_free(challenge);
	SECITEM_FreeItem(request, PR_TRUE);
	for (int i = 0; i < 2; i++)
		SECITEM_FreeItem(msgs[i], PR_TRUE);
}

static void
test_ca_challenge_answered_wrongly_proves_nothing(void **state)
{
	struct store *st = *state;
	auto_requests requests = ask_for_all(st, "rsa-ex");
	auto_ca_challenge a = challenge_for(st, requests, CA_CHALLENGE_CMP);
	auto_ca_challenge b = challenge_for(st, requests, CA_CHALLENGE_CMP);
	auto_text response = NULL;

	assert_psm(st, psm_pop_challenge_response(st->ctx, ca_challenge_text(b),
	                                          &response), PSM_OK);
	assert_ca(st, ca_challenge_check(st->ca, a, "MAA="), PSM_E_REQUEST);
	assert_ca(st, ca_challenge_check(st->ca, a, "?"), PSM_E_REQUEST);
	assert_ca(st, ca_challenge_check(st->ca, a, response), PSM_OK);
	assert_false(ca_challenge_proved(a, 0));
	assert_int_equal(issue(st, requests, a), 0);
	assert_ca(st, ca_challenge_check(st->ca, a, response), PSM_E_ARGUMENT);
	assert_ca(st, ca_challenge_check(st->ca, b, response), PSM_OK);
	assert_true(ca_challenge_proved(b, 0));
	assert_ca(st, ca_challenge_check(st->ca, b, response), PSM_E_ARGUMENT);
	assert_true(ca_challenge_proved(b, 0));
}

static void
test_ca_challenge_proves_one_request_and_no_other(void **state)
{
	struct store *st = *state;
	auto_requests one = ask_for_all(st, "rsa-ex");
	auto_requests other = ask_for_all(st, "rsa-ex");
	auto_ca_challenge challenge = challenge_for(st, one, CA_CHALLENGE_CMP);
	auto_text response = NULL;

	assert_psm(st, psm_pop_challenge_response(st->ctx,
	                                          ca_challenge_text(challenge),
	                                          &response), PSM_OK);
	assert_ca(st, ca_challenge_check(st->ca, challenge, response), PSM_OK);
	assert_int_equal(issue(st, other, challenge), 0);
	assert_int_equal(issue(st, one, challenge), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_challenge_answered_gets_a_certificate),
		store_test(test_challenge_of_netscape_gets_the_certificate),
		store_test(test_challenge_of_an_ec_key_gets_the_certificate),
		store_test(test_challenge_of_some_gets_all_certificates),
		store_test(test_challenge_malformed_is_a_message_error),
		store_test(test_challenge_above_the_limits_is_a_message_error),
		store_test(test_challenge_of_a_cancelled_one_is_not_answered),
		store_test(test_challenge_of_a_certified_key_is_not_answered),
		store_test(test_challenge_spoilt_is_not_answered),
		cmocka_unit_test(
		        test_challenge_to_a_locked_store_asks_for_the_password),
		store_test(test_ca_challenge_of_what_cannot_be_is_an_error),
		store_test(test_ca_challenge_passes_over_a_weak_key),
		store_test(test_ca_challenge_answered_wrongly_proves_nothing),
		store_test(test_ca_challenge_proves_one_request_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
