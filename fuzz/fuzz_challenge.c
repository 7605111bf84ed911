/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* fuzz_challenge.c - POPODecKeyChallContent: what is handed out is well-formed,
 * as its form has it; POPODecKeyRespContent: the same when encoded again. */

#include "fuzz/fuzz.h"

#include <stdlib.h>

#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_challenge.h"
#include "nssutil/nu_der.h"

enum { MAX = 100, DEPTH = 64 };

static void
require_within(const SECItem *item, const SECItem *outer)
{
	FUZZ_REQUIRE(item->data != NULL && item->data >= outer->data &&
	             item->data + item->len <= outer->data + outer->len);
}

static void
check_challenge(const struct nu_challenge *challenge, const SECItem *der)
{
	PRBool netscape = challenge->form == NU_CHALLENGE_NETSCAPE;
	PRBool enveloped = challenge->form == NU_CHALLENGE_ENVELOPED;

	FUZZ_REQUIRE(challenge->owf != SEC_OID_UNKNOWN);
	require_within(&challenge->witness, der);
	FUZZ_REQUIRE((challenge->sender.data != NULL) == netscape);
	FUZZ_REQUIRE((challenge->key.data != NULL) == netscape);
	FUZZ_REQUIRE((challenge->enveloped.data != NULL) == enveloped);
	if (netscape) {
		require_within(&challenge->sender, der);
		require_within(&challenge->key, der);
		FUZZ_REQUIRE(nu_der_check(&challenge->sender, DEPTH) ==
		             SECSuccess);
	}
	if (enveloped)
		FUZZ_REQUIRE(challenge->challenge.len == 0 &&
		             challenge->enveloped.data[0] ==
		                     NU_CONTEXT_CONSTRUCTED(0));
	else
		require_within(&challenge->challenge, der);
}

static void
check_challenges(const SECItem *der)
{
	struct nu_challenges *challenges;

	if (nu_challenges_decode(der, MAX, &challenges) != SECSuccess)
		return;
	FUZZ_REQUIRE(challenges->n > 0 && challenges->n <= MAX);
	for (size_t i = 0; i < challenges->n; i++)
		check_challenge(&challenges->items[i], der);
	nu_challenges_free(challenges);
}

static void
check_response(const SECItem *der)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	SECItem numbers[MAX], *again;
	struct nu_der r;
	size_t n;

	FUZZ_REQUIRE(arena != NULL);
	if (nu_der_only(der, NU_SEQUENCE, &r) != SECSuccess ||
	    nu_der_count(&r, MAX, &n) != SECSuccess ||
	    nu_challenges_decode_response(der, numbers, n) != SECSuccess)
		return;
	again = nu_challenges_encode_response(arena, numbers, n);
	FUZZ_REQUIRE(again != NULL && SECITEM_ItemsAreEqual(again, der));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SECItem der = { siBuffer, (unsigned char *)data, (unsigned)size };

	FUZZ_REQUIRE(SECOID_Init() == SECSuccess); /* it knows the hashes */
	check_challenges(&der);
	check_response(&der);
	return 0;
}
