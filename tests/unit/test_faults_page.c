/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* test_faults_page.c - any call fails of answering a challenge and of signing
 * text. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nssutil/nu_auto.h"
#include "tests/unit/sweep.h"

/* --- challenges ------------------------------------------------------ */

static enum psm_err
run_challenge(struct sweep *sw)
{
	return psm_pop_challenge_response(sw->st->ctx, sw->response,
	                                  (char **)&sw->got);
}

/* A challenge, and the answer that proves the key. */
static void
prepare_challenge_of(struct sweep *sw, const char *alg,
                     enum ca_challenge_form form)
{
	const struct psm_key_request key = { .alg = alg };
	const struct psm_requests_params params = { .subject = "CN=User 1",
		                                    .keys = &key,
		                                    .n_keys = 1 };
	struct psm_requests *requests = NULL;
	struct ca_challenge *challenge = NULL;

	assert_psm(sw->st, psm_request_create_many(sw->st->ctx, &params,
	                                           &requests), PSM_OK);
	assert_int_equal(ca_challenge(sw->st->ca, requests->der,
	                              requests->der_len, form, &challenge),
	                 PSM_OK);
	sw->response = strdup(ca_challenge_text(challenge));
	assert_psm(sw->st, run_challenge(sw), PSM_OK);
	sw->expected = sw->got;
	assert_int_equal(ca_challenge_check(sw->st->ca, challenge,
	                                    sw->expected), PSM_OK);
	assert_true(ca_challenge_proved(challenge, 0));
	ca_challenge_free(challenge);
	psm_requests_free(requests);
}

static void
prepare_challenge_named(struct sweep *sw)
{
	prepare_challenge_of(sw, "rsa-ex", CA_CHALLENGE_NETSCAPE);
}

static void
prepare_challenge_rsa(struct sweep *sw)
{
	prepare_challenge_of(sw, "rsa-ex", CA_CHALLENGE_CMP);
}

static void
prepare_challenge_ec(struct sweep *sw)
{
	prepare_challenge_of(sw, "ec-ex", CA_CHALLENGE_CMP);
}

static void
check_text(struct sweep *sw)
{
	assert_string_equal(sw->got, sw->expected);
}

static void
free_text(void *got)
{
	psm_text_free(got);
}

/* --- signatures ------------------------------------------------------ */

static enum psm_err
run_sign_text(struct sweep *sw)
{
	static const char *const cas[] = { "CN=Test CA,O=Acme" };

	return psm_sign_text(sw->st->ctx, "I agree", false, cas, 1,
	                     (char **)&sw->got);
}

static void
prepare_sign_text(struct sweep *sw)
{
	store_own(sw->st, "CN=User 1", PSM_KEY_RSA, NULL);
	assert_psm(sw->st, run_sign_text(sw), PSM_OK);
	sw->expected = sw->got;
}

/* With chain and time, a signature by RSA is always as long. */
static void
check_sign_text(struct sweep *sw)
{
	assert_int_equal(strlen(sw->got), strlen(sw->expected));
}

/* A challenge that one hash does not prove is tried with the other. */
static const char *const proving[] = { "PK11_HashBuf", NULL };

static const struct operation operations[] = {
	{ .name = "challenge_by_name",
	  .prepare = prepare_challenge_named, .run = run_challenge,
	  .check = check_text, .free_got = free_text,
	  .not_told = "opens challenge" },
	{ .name = "challenge",
	  .prepare = prepare_challenge_rsa, .run = run_challenge,
	  .check = check_text, .free_got = free_text, .best_effort = proving,
	  .not_told = "opens challenge" },
	{ .name = "challenge_of_ec_key",
	  .prepare = prepare_challenge_ec, .run = run_challenge,
	  .check = check_text, .free_got = free_text, .best_effort = proving,
	  .not_told = "opens challenge" },
	{ .name = "sign_text", .password = SWEEP_PASSWORD,
	  .prepare = prepare_sign_text, .run = run_sign_text,
	  .check = check_sign_text, .free_got = free_text },
};

int
main(void)
{
	return sweep_main("faults of the page", operations,
	                  sizeof operations / sizeof operations[0]);
}
