/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* fuzz_ca.c - whatever is asked of the small CA: each wish is granted or
 * refused, and what is granted is an ordinary certificate of its own. */

#include "fuzz/fuzz.h"

#include <stdlib.h>

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
	challenge(data, size);
	return 0;
}
