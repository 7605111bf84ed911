/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* fuzz_cmmf.c - CertRepContent: what decodes is the same when it is encoded
 * in each dialect and decoded again. */

#include "fuzz/fuzz.h"

#include <stdlib.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_cmmf.h"
#include "nssutil/nu_der.h"

enum { MAX = 100 };

static void
require_same_items(const SECItem *a, const SECItem *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		FUZZ_REQUIRE(SECITEM_ItemsAreEqual(&a[i], &b[i]));
}

/* What nu_cmmf_encode() writes of a response. */
static void
require_same_response(const struct nu_cert_response *a,
                      const struct nu_cert_response *b)
{
	require_same_items(&a->id, &b->id, 1);
	FUZZ_REQUIRE(a->status == b->status);
	FUZZ_REQUIRE(a->fail_info == b->fail_info);
	FUZZ_REQUIRE(a->n_texts == b->n_texts);
	require_same_items(a->texts, b->texts, a->n_texts);
	FUZZ_REQUIRE((a->cert.data == NULL) == (b->cert.data == NULL));
	require_same_items(&a->cert, &b->cert, 1);
	require_same_items(&a->encrypted_cert, &b->encrypted_cert, 1);
	require_same_items(&a->private_key, &b->private_key, 1);
	FUZZ_REQUIRE((a->rsp_info.data == NULL) == (b->rsp_info.data == NULL));
	require_same_items(&a->rsp_info, &b->rsp_info, 1);
}

static void
require_same(const struct nu_cert_rep *a, const struct nu_cert_rep *b)
{
	FUZZ_REQUIRE(a->n_ca_pubs == b->n_ca_pubs);
	require_same_items(a->ca_pubs, b->ca_pubs, a->n_ca_pubs);
	FUZZ_REQUIRE(a->n_responses == b->n_responses);
	for (size_t i = 0; i < a->n_responses; i++)
		require_same_response(&a->responses[i], &b->responses[i]);
}

/* No dialect but one has room for several texts. */
static PRBool
fits(const struct nu_cert_rep *rep, enum nu_dialect dialect)
{
	for (size_t i = 0; i < rep->n_responses; i++) {
		if (dialect == NU_DIALECT_UNTAGGED &&
		    rep->responses[i].n_texts > 1)
			return PR_FALSE;
	}
	return PR_TRUE;
}

static void
round_trip(const struct nu_cert_rep *rep, enum nu_dialect dialect)
{
	nu_auto(SECItem) der = nu_cmmf_encode(rep, dialect);
	struct nu_cert_rep *again;

	if (!fits(rep, dialect)) {
		FUZZ_REQUIRE(der == NULL);
		return;
	}
	FUZZ_REQUIRE(der != NULL);
	FUZZ_REQUIRE(nu_cmmf_decode(der, MAX, &again) == SECSuccess);
	require_same(rep, again);
	nu_cert_rep_free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SECItem der = { siBuffer, (unsigned char *)data, (unsigned)size };
	struct nu_cert_rep *rep;

	if (nu_cmmf_decode(&der, MAX, &rep) != SECSuccess)
		return 0;
	FUZZ_REQUIRE(nu_der_check(&der, 64) == SECSuccess);
	round_trip(rep, NU_DIALECT_CMMF);
	round_trip(rep, NU_DIALECT_CMP);
	round_trip(rep, NU_DIALECT_UNTAGGED);
	nu_cert_rep_free(rep);
	return 0;
}
