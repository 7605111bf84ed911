/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* fuzz_pkimessage.c - whatever a CA sends, as psm_import() tells it apart: what
 * is handed out lies within what came in, and is well-formed. */

#include "fuzz/fuzz.h"

#include <stdlib.h>

#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_cert.h"
#include "nssutil/nu_certs.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_pkimessage.h"

enum { MAX = 100, DEPTH = 64 };

static void
require_within(const SECItem *item, const SECItem *outer)
{
	FUZZ_REQUIRE(item->data == NULL ||
	             (item->data >= outer->data &&
	              item->data + item->len <= outer->data + outer->len));
}

static void
check_certs(const SECItem *certs, size_t n, const SECItem *der)
{
	struct nu_cert parts;

	for (size_t i = 0; i < n; i++) {
		require_within(&certs[i], der);
		FUZZ_REQUIRE(nu_der_check(&certs[i], DEPTH) == SECSuccess);
		FUZZ_REQUIRE(nu_cert_read(&certs[i], &parts) == SECSuccess);
	}
}

static void
check_error(const struct nu_cert_response *error, const SECItem *der)
{
	for (size_t i = 0; i < error->n_texts; i++) {
		require_within(&error->texts[i], der);
		FUZZ_REQUIRE(nu_der_is_text(&error->texts[i]));
	}
}

/* ProtectedPart is header and body as they came: it is the message's begin. */
static void
check_protected_part(const struct nu_pkimessage *message, const SECItem *der)
{
	struct nu_der part, whole;
	struct nu_tlv a, b;

	FUZZ_REQUIRE(nu_der_only(&message->protected_part, NU_SEQUENCE,
	                         &part) == SECSuccess);
	FUZZ_REQUIRE(nu_der_only(der, NU_SEQUENCE, &whole) == SECSuccess);
	for (int i = 0; i < 2; i++) {
		FUZZ_REQUIRE(nu_der_any(&part, &a) == SECSuccess);
		FUZZ_REQUIRE(nu_der_any(&whole, &b) == SECSuccess);
		FUZZ_REQUIRE(SECITEM_ItemsAreEqual(&a.whole, &b.whole));
	}
	FUZZ_REQUIRE(nu_der_at_end(&part));
}

static void
check_message(const SECItem *der)
{
	struct nu_pkimessage *message;

	if (nu_pkimessage_decode(der, MAX, &message) != SECSuccess)
		return;
	FUZZ_REQUIRE(nu_answer_kind(der) == NU_ANSWER_PKIMESSAGE);
	require_within(&message->sender, der);
	require_within(&message->body, der);
	require_within(&message->protection, der);
	require_within(&message->protection_alg, der);
	FUZZ_REQUIRE((message->protection.data == NULL) ==
	             (message->protection_alg.data == NULL));
	check_protected_part(message, der);
	check_error(&message->error, der);
	check_certs(message->extra_certs, message->n_extra_certs, der);
	(void)nu_pkimessage_is_mac(message);
	nu_pkimessage_free(message);
}

static void
check_heap(const SECItem *der)
{
	struct nu_certs *certs;

	if (nu_certs_decode(der, MAX, &certs) != SECSuccess)
		return;
	FUZZ_REQUIRE(nu_answer_kind(der) == NU_ANSWER_CERTS);
	FUZZ_REQUIRE(certs->n > 0 && certs->n <= MAX);
	check_certs(certs->certs, certs->n, der);
	nu_certs_free(certs);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SECItem der = { siBuffer, (unsigned char *)data, (unsigned)size };
	nu_auto_item pem = { siBuffer, NULL, 0 };

	FUZZ_REQUIRE(SECOID_Init() == SECSuccess); /* it knows PKCS#7 */
	check_message(&der);
	check_heap(&der);
	if (nu_pem_decode_all((const char *)data, size, &pem) == SECSuccess) {
		check_message(&pem);
		check_heap(&pem);
	}
	return 0;
}
