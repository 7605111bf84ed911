/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* p12_made.c - PKCS#12 files as no program writes them. */

#include "tests/unit/p12_made.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "nssutil/nu_der.h"
#include "nssutil/nu_p12_int.h"

SECItem *
make_oid(PLArenaPool *arena, SECOidTag tag)
{
	const SECItem *oid = &SECOID_FindOIDByTag(tag)->oid;

	return nu_der_make_octets(arena, NU_OID, oid->data, oid->len);
}

SECItem *
make_typed(PLArenaPool *arena, SECOidTag tag, const SECItem *value)
{
	return nu_der_make(
		arena, NU_SEQUENCE, make_oid(arena, tag),
		nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(0), value));
}

SECItem *
make_data(PLArenaPool *arena, const SECItem *der)
{
	return make_typed(arena, SEC_OID_PKCS7_DATA,
	                  nu_der_make_octets(arena, NU_OCTET_STRING, der->data,
	                                     der->len));
}

SECItem *
make_pfx(PLArenaPool *arena, const SECItem *safes, const SECItem *algorithm,
         const SECItem *mac, const SECItem *salt, long iterations)
{
	SECItem *info = nu_der_make(arena, NU_SEQUENCE, algorithm,
	                            nu_der_make_octets(arena, NU_OCTET_STRING,
	                                               mac->data, mac->len));

	return nu_der_make(
		arena, NU_SEQUENCE, nu_der_make_long(arena, 3),
		make_data(arena, safes),
		nu_der_make(arena, NU_SEQUENCE, info,
	                    nu_der_make_octets(arena, NU_OCTET_STRING,
	                                       salt->data, salt->len),
	                    nu_der_make_long(arena, iterations)));
}

SECItem *
make_file(PLArenaPool *arena, const SECItem *safes, const char *text)
{
	struct p12_mac mac = {
		SEC_OID_SHA256, { siBuffer, (void *)"salt", 4 }, 1, NULL
	};
	SECItem *algorithm = nu_der_make(arena, NU_SEQUENCE,
	                                 make_oid(arena, SEC_OID_SHA256));
	SECItem digest = { siBuffer, NULL, 0 };
	struct p12_password password;

	assert_int_equal(p12_password_make(arena, text, &password), SECSuccess);
	assert_int_equal(
		p12_mac_compute(arena, &mac, &password, safes, NULL, &digest),
		SECSuccess);
	return make_pfx(arena, safes, algorithm, &digest, &mac.salt, 1);
}

SECItem *
make_plain_file(PLArenaPool *arena, const SECItem *contents, const char *text)
{
	return make_file(
		arena,
		nu_der_make(arena, NU_SEQUENCE, make_data(arena, contents)),
		text);
}

SECItem *
make_cert_bag(PLArenaPool *arena, const CERTCertificate *cert)
{
	const SECItem *der = &cert->derCert;

	return make_typed(arena, SEC_OID_PKCS12_V1_CERT_BAG_ID,
	                  make_typed(arena, SEC_OID_PKCS9_X509_CERT,
	                             nu_der_make_octets(arena, NU_OCTET_STRING,
	                                                der->data, der->len)));
}
