/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* fuzz_envelope.c - EncryptedValue and EnvelopedData: what is read lies within
 * the message, and is whole. No key is there to open it with. */

#include "fuzz/fuzz.h"

#include <stdlib.h>

#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_envelope_int.h"

static void
require_readable(const SECItem *item)
{
	volatile unsigned char sum = 0;

	for (unsigned i = 0; i < item->len; i++)
		sum = (unsigned char)(sum + item->data[i]);
}

static void
require_recipient(const struct envelope_recipient *to)
{
	FUZZ_REQUIRE(to->type == rsaKey || to->type == ecKey);
	require_readable(&to->encrypted_key);
	require_readable(&to->ukm);
	if (to->type == rsaKey) {
		FUZZ_REQUIRE(to->transport.mechanism == CKM_RSA_PKCS ||
		             to->transport.mechanism == CKM_RSA_PKCS_OAEP);
		return;
	}
	FUZZ_REQUIRE(to->point.data != NULL);
	FUZZ_REQUIRE(to->agreement.kek_len >= 16);
	require_readable(&to->point);
	require_readable(&to->agreement.wrap);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const SECItem der = { siBuffer, (unsigned char *)data,
		              (unsigned)size };
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct envelope *e;

	FUZZ_REQUIRE(arena != NULL && SECOID_Init() == SECSuccess);
	e = envelope_read(arena, &der);
	FUZZ_REQUIRE((e != NULL) == (nu_envelope_check(&der) == SECSuccess));
	if (e == NULL)
		return 0;
	FUZZ_REQUIRE(e->n_recipients > 0 &&
	             e->n_recipients <= ENVELOPE_MAX_RECIPIENTS);
	FUZZ_REQUIRE(e->iv.len == e->cipher->iv_len);
	FUZZ_REQUIRE(e->encrypted.len > 0 &&
	             e->encrypted.len % e->cipher->iv_len == 0);
	require_readable(&e->iv);
	require_readable(&e->encrypted);
	for (size_t i = 0; i < e->n_recipients; i++)
		require_recipient(&e->recipients[i]);
	return 0;
}
