/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* fuzz_ca.c - whatever is asked of the small CA: each wish is granted or
 * refused, and what is granted is an ordinary certificate of its own. */

#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "ca/ca.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_cert.h"
#include "nssutil/nu_certs.h"
#include "nssutil/nu_cmmf.h"
#include "tests/unit/fresh.h"

enum { MAX = 1000 };

static struct ca *ca;

static void
close_ca(void)
{
	ca_free(ca);
	fresh_close();
}

static void
open_ca(void)
{
	static const struct ca_params params = { .subject = "CN=Root,O=Test",
		                                 .key_type = PSM_KEY_EC };

	fresh_open();
	ca = ca_new();
	FUZZ_REQUIRE(ca != NULL && ca_init(ca, &params) == PSM_OK);
	FUZZ_REQUIRE(atexit(close_ca) == 0);
}

static void
check_response(const struct nu_cert_response *response)
{
	size_t len = 0;
	const unsigned char *der = ca_cert_der(ca, &len);
	const SECItem root = { siBuffer, (unsigned char *)der, (unsigned)len };
	struct nu_cert parts;

	if (response->status == NU_STATUS_REJECTION) {
		FUZZ_REQUIRE(!response->has_key_pair);
		FUZZ_REQUIRE(response->fail_info != 0);
		return;
	}
	if (response->encrypted_cert.data != NULL)
		return;
	FUZZ_REQUIRE(nu_cert_issued(&root, &response->cert));
	FUZZ_REQUIRE(nu_cert_read(&response->cert, &parts) == SECSuccess);
	FUZZ_REQUIRE(!nu_cert_is_ca(&parts));
	FUZZ_REQUIRE(!SECITEM_ItemsAreEqual(&parts.subject, &parts.issuer));
}

static void
issue(const void *request, size_t size, const struct ca_options *options)
{
	struct ca_answer *answer = NULL;
	struct nu_cert_rep *rep = NULL;
	SECItem der;

	if (ca_issue(ca, request, size, options, &answer) != PSM_OK)
		return;
	der = (SECItem){ siBuffer, (unsigned char *)answer->der,
		         (unsigned)answer->der_len };
	FUZZ_REQUIRE(nu_cmmf_decode(&der, MAX, &rep) == SECSuccess);
	FUZZ_REQUIRE(rep->n_responses == answer->n_issued + answer->n_refused);
	for (size_t i = 0; i < rep->n_responses; i++)
		check_response(&rep->responses[i]);
	nu_cert_rep_free(rep);
	ca_answer_free(answer);
}

/* What was read is what is then said. */
static void
check_wish(const struct ca_wish_info *wish, const struct ca_result *result)
{
	FUZZ_REQUIRE(wish != NULL && result != NULL);
	FUZZ_REQUIRE(strcmp(wish->id, result->id) == 0);
	FUZZ_REQUIRE(wish->refused == !result->granted);
	FUZZ_REQUIRE(wish->refused == (wish->reason != NULL));
	FUZZ_REQUIRE(wish->refused || wish->proof == CA_PROOF_PROVED);
	FUZZ_REQUIRE((wish->proof == CA_PROOF_FAILED) ==
	             (wish->disproof != NULL));
	for (size_t i = 0; i < wish->n_alt_names; i++)
		FUZZ_REQUIRE(wish->alt_names[i].value[0] != '\0');
}

/* The names that it asks for can be given. */
static void
give_names(struct ca_request *read, const struct ca_wish_info *wish)
{
	static const struct ca_profile profile = {
		.alt_names = CA_ALT_NAMES_GIVEN
	};
	const struct ca_options options = {
		.profile = &profile, .alt_names = wish->alt_names,
		.n_alt_names = wish->n_alt_names
	};
	struct ca_answer *answer = NULL;

	FUZZ_REQUIRE(ca_request_issue(ca, read, &options, &answer) == PSM_OK);
	ca_answer_free(answer);
}

static void
read_and_decide(const void *request, size_t size)
{
	struct ca_request *read = NULL;
	struct ca_answer *answer = NULL;
	size_t i;

	if (ca_request_open(ca, request, size, NULL, &read) != PSM_OK)
		return;
	FUZZ_REQUIRE(ca_request_issue(ca, read, NULL, &answer) == PSM_OK);
	for (i = 0; i < answer->n_issued + answer->n_refused; i++)
		check_wish(ca_request_wish(read, i), ca_answer_get(answer, i));
	FUZZ_REQUIRE(ca_request_wish(read, i) == NULL);
	give_names(read, ca_request_wish(read, 0));
	ca_answer_free(answer);
	ca_request_free(read);
}

/* Nobody guesses the answer. */
static void
challenge(const void *request, size_t size)
{
	struct ca_challenge *made = NULL;

	if (ca_challenge(ca, request, size, CA_CHALLENGE_CMP, &made) != PSM_OK)
		return;
	FUZZ_REQUIRE(ca_challenge_count(made) > 0);
	FUZZ_REQUIRE(ca_challenge_check(ca, made, "MAMCAQU=") != PSM_OK ||
	             !ca_challenge_proved(made, 0));
	ca_challenge_free(made);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ca_options plain = { .escrow_nickname = "ca" };
	static const struct ca_options sealed = {
		.dialect = CA_DIALECT_CMP, .encrypt = CA_ENCRYPT_CMS
	};

	if (ca == NULL)
		open_ca();
	issue(data, size, &plain);
	issue(data, size, &sealed);
	read_and_decide(data, size);
	challenge(data, size);
	return 0;
}
