/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* fuzz_b64.c - base64 and PEM: what decodes is the same when it is encoded and
 * decoded again. */

#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"

static void
require_same(const char *text, const SECItem *der)
{
	nu_auto_item again = { siBuffer, NULL, 0 };
	size_t len = strlen(text);

	FUZZ_REQUIRE(nu_b64_decode(text, len, len, &again) == SECSuccess);
	FUZZ_REQUIRE(SECITEM_ItemsAreEqual(&again, der));
}

static void
round_trip(const SECItem *der)
{
	nu_auto_mem char *text = nu_b64_encode(der);
	nu_auto_mem char *pem = nu_pem_encode("FUZZ", der);

	FUZZ_REQUIRE(text != NULL && pem != NULL);
	require_same(text, der);
	require_same(pem, der);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	nu_auto_item plain = { siBuffer, NULL, 0 };
	nu_auto_item block = { siBuffer, NULL, 0 };
	const char *text = (const char *)data, *rest = NULL;

	if (nu_b64_decode(text, size, size, &plain) == SECSuccess)
		round_trip(&plain);
	if (nu_pem_decode(text, size, NULL, &block, &rest) == SECSuccess) {
		FUZZ_REQUIRE(rest > text && rest <= text + size);
		round_trip(&block);
	}
	return 0;
}
