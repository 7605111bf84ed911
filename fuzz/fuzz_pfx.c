/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* fuzz_pfx.c - sealed and signed requests. The first octet says which: a
 * sealed text, or the length of a certificate (two octets), the certificate,
 * and what it may have signed. */

#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "ca/pfx.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"

enum { DEPTH = 64 };

static const unsigned char key[PFX_KEY_SIZE] = "fuzz";

static void
begin(void)
{
	static bool begun;

	if (begun)
		return;
	FUZZ_REQUIRE(pfx_begin() == PSM_OK);
	FUZZ_REQUIRE(atexit(pfx_end) == 0);
	begun = true;
}

/* What opens is no longer than it was sealed, and opens when sealed again. */
static void
open_sealed(enum pfx_cipher cipher, const uint8_t *data, size_t size)
{
	unsigned char *text = NULL, *sealed = NULL, *again = NULL;
	size_t len, sealed_len, again_len;

	if (pfx_open(cipher, key, data, size, &text, &len) != PSM_OK)
		return;
	FUZZ_REQUIRE(len <= size && text[len] == '\0');
	if (pfx_seal(cipher, key, text, len, &sealed, &sealed_len) == PSM_OK) {
		FUZZ_REQUIRE(pfx_open(cipher, key, sealed, sealed_len, &again,
		                      &again_len) == PSM_OK);
		FUZZ_REQUIRE(again_len == len && memcmp(again, text, len) == 0);
		pfx_wipe(again, again_len);
		free(sealed);
	}
	pfx_wipe(text, len);
}

/* What is verified stands in the message: of DER, in one piece. */
static void
verify(const uint8_t *data, size_t size)
{
	size_t cert_len = size >= 2 ? (size_t)(data[0] << 8 | data[1]) : 0;
	unsigned char *content = NULL;
	size_t len;
	SECItem message;

	if (size < 2 || cert_len > size - 2)
		return;
	message = (SECItem){ siBuffer, (unsigned char *)data + 2 + cert_len,
		             (unsigned)(size - 2 - cert_len) };
	if (pfx_verify(message.data, message.len, data + 2, cert_len, &content,
	               &len) != PSM_OK)
		return;
	FUZZ_REQUIRE(len < message.len && content[len] == '\0');
	if (nu_der_check(&message, DEPTH) == SECSuccess)
		FUZZ_REQUIRE(memmem(message.data, message.len, content, len) !=
		             NULL);
	pfx_wipe(content, len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	begin();
	if (size == 0)
		return 0;
	switch (data[0] % 4) {
	case 0:
		verify(data + 1, size - 1);
		break;
	case 1:
		open_sealed(PFX_CBC, data + 1, size - 1);
		break;
	case 2:
		open_sealed(PFX_GCM, data + 1, size - 1);
		break;
	default:
		open_sealed(PFX_ECB, data + 1, size - 1);
	}
	return 0;
}
