/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* cert.c - putting a certificate together (RFC 5280, 4.1) and signing it */

#include <cryptohi.h>
#include <pk11pub.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"

enum { CLOCK_SKEW = 5 * 60, SERIAL_LEN = 16 };

/* For clocks that are slow, but not all of a short validity. */
static int64_t
choose_skew(uint64_t seconds)
{
	return seconds / 10 < CLOCK_SKEW ? (int64_t)(seconds / 10) : CLOCK_SKEW;
}

enum psm_err
ca_validity_choose(struct ca *ca, int64_t not_before, uint64_t seconds,
                   int64_t limit, struct ca_validity *ret_validity)
{
	int64_t start = not_before;

	if (start == 0)
		start = ca_now() - choose_skew(seconds);
	if (start < 0 || start > CA_TIME_MAX)
		return ca_error(ca, PSM_E_ARGUMENT,
		                "a validity from %lld cannot be written",
		                (long long)start);
	if (start >= limit)
		return ca_error(ca, PSM_E_ARGUMENT, "the authority's own "
		                "certificate ends before the new one begins");
	ret_validity->not_before = start;
	ret_validity->not_after = seconds < (uint64_t)(limit - start) ?
	                          start + (int64_t)seconds : limit;
	return PSM_OK;
}

static SECItem *
make_validity(PLArenaPool *arena, const struct ca_validity *validity)
{
	return ca_der_make(arena, NU_SEQUENCE,
	                   ca_der_time(arena, validity->not_before),
	                   ca_der_time(arena, validity->not_after));
}

/* Positive: the octets that are drawn come behind a sign's when they need it.
 * The first is never 0, so that their text has always the same length. */
static SECStatus
make_serial(PLArenaPool *arena, SECItem *ret_serial)
{
	unsigned char *drawn = PORT_ArenaZAlloc(arena, 1 + SERIAL_LEN);

	if (drawn == NULL)
		return SECFailure;
	do {
		if (PK11_GenerateRandom(drawn + 1, SERIAL_LEN) != SECSuccess)
			return SECFailure;
	} while (drawn[1] == 0);
	ret_serial->type = siBuffer;
	ret_serial->data = drawn[1] & 0x80 ? drawn : drawn + 1;
	ret_serial->len = drawn[1] & 0x80 ? 1 + SERIAL_LEN : SERIAL_LEN;
	return SECSuccess;
}

static SECItem *
make_body(PLArenaPool *arena, const struct ca_cert_content *content,
          SECOidTag algorithm, const SECItem *serial)
{
	const SECItem *v3 = ca_der_make(arena, NU_CONTEXT_CONSTRUCTED(0),
	                                nu_der_make_long(arena, 2));
	const SECItem *extensions = ca_der_make(arena,
	                                        NU_CONTEXT_CONSTRUCTED(3),
	                                        content->extensions);

	return ca_der_make(arena, NU_SEQUENCE, v3,
	                   nu_der_make_integer(arena, serial),
	                   ca_der_algorithm(arena, algorithm), content->issuer,
	                   make_validity(arena, &content->validity),
	                   content->subject, content->spki, extensions);
}

SECStatus
ca_cert_sign(PLArenaPool *arena, const struct ca_cert_content *content,
             SECKEYPrivateKey *key, SECOidTag algorithm, SECItem *ret_cert)
{
	SECItem serial = { siBuffer, NULL, 0 };
	const SECItem *body;

	if (make_serial(arena, &serial) != SECSuccess)
		return SECFailure;
	body = make_body(arena, content, algorithm, &serial);
	if (body == NULL)
		return SECFailure;
	return SEC_DerSignData(arena, ret_cert, body->data, (int)body->len,
	                       key, algorithm);
}
