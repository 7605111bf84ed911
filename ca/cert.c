/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* cert.c - putting a certificate together (RFC 5280, 4.1) and signing it */

#include <cryptohi.h>
#include <pk11pub.h>
#include <secasn1.h>
#include <secder.h>
#include <secoid.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"

enum { DAY = 24 * 60 * 60, CLOCK_SKEW = 5 * 60, SERIAL_LEN = 16 };
enum { UTC_TIME = 0x17, GENERALIZED_TIME = 0x18 };

enum psm_err
ca_validity_choose(struct ca *ca, int64_t not_before, unsigned days,
                   int64_t limit, struct ca_validity *ret_validity)
{
	int64_t start = not_before, end;

	if (start == 0)
		start = PR_Now() / PR_USEC_PER_SEC - CLOCK_SKEW;
	if (start < 0 || start > CA_TIME_MAX)
		return ca_error(ca, PSM_E_ARGUMENT,
		                "a validity from %lld cannot be written",
		                (long long)start);
	if (start >= limit)
		return ca_error(ca, PSM_E_ARGUMENT, "the authority's own "
		                "certificate ends before the new one begins");
	end = start + (int64_t)days * DAY;
	ret_validity->not_before = start;
	ret_validity->not_after = end < limit ? end : limit;
	return PSM_OK;
}

/* UTCTime to 2049, GeneralizedTime from 2050: RFC 5280, 4.1.2.5. */
static SECItem *
make_time(PLArenaPool *arena, int64_t seconds)
{
	SECItem text = { siBuffer, NULL, 0 };

	if (DER_EncodeTimeChoice(arena, &text, seconds * PR_USEC_PER_SEC) !=
	    SECSuccess)
		return NULL;
	return nu_der_make_octets(arena, text.type == siUTCTime ? UTC_TIME :
	                          GENERALIZED_TIME, text.data, text.len);
}

static SECItem *
make_validity(PLArenaPool *arena, const struct ca_validity *validity)
{
	return ca_der_make(arena, NU_SEQUENCE,
	                   make_time(arena, validity->not_before),
	                   make_time(arena, validity->not_after));
}

/* As SEC_DerSignData() will write it behind the certificate's body. */
static SECItem *
make_algorithm(PLArenaPool *arena, SECOidTag tag)
{
	SECAlgorithmID algorithm = { { siBuffer, NULL, 0 },
	                             { siBuffer, NULL, 0 } };

	if (SECOID_SetAlgorithmID(arena, &algorithm, tag, NULL) != SECSuccess)
		return NULL;
	return SEC_ASN1EncodeItem(arena, NULL, &algorithm,
	                          SEC_ASN1_GET(SECOID_AlgorithmIDTemplate));
}

/* Positive, and always of the same length in its shortest form. */
static SECStatus
make_serial(PLArenaPool *arena, SECItem *ret_serial)
{
	if (SECITEM_AllocItem(arena, ret_serial, SERIAL_LEN) == NULL)
		return SECFailure;
	do {
		if (PK11_GenerateRandom(ret_serial->data, SERIAL_LEN) !=
		    SECSuccess)
			return SECFailure;
		ret_serial->data[0] &= 0x7f;
	} while (ret_serial->data[0] == 0);
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
	                   make_algorithm(arena, algorithm), content->issuer,
	                   make_validity(arena, &content->validity),
	                   content->subject, content->spki, extensions);
}

SECStatus
ca_cert_sign(PLArenaPool *arena, const struct ca_cert_content *content,
             SECKEYPrivateKey *key, SECOidTag algorithm, SECItem *ret_serial,
             SECItem *ret_cert)
{
	SECItem serial = { siBuffer, NULL, 0 };
	const SECItem *body;

	if (make_serial(arena, &serial) != SECSuccess)
		return SECFailure;
	body = make_body(arena, content, algorithm, &serial);
	if (body == NULL ||
	    SEC_DerSignData(arena, ret_cert, body->data, (int)body->len, key,
	                    algorithm) != SECSuccess)
		return SECFailure;
	*ret_serial = serial;
	return SECSuccess;
}
