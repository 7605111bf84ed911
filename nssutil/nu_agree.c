/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_agree.c - the static ECDH proof of possession of RFC 6955. */

#include "nssutil/nu_agree.h"

#include <pk11pub.h>
#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_slot.h"

/* id-alg-ecdhPop-static-sha..., { id-pkix 6 26 } to { id-pkix 6 28 } */
#define ID_ALG(last) { 0x2b, 6, 1, 5, 5, 7, 6, (last) }

static const struct scheme {
	unsigned bits; /* of the curve */
	unsigned char oid[8];
	unsigned mac_len;
	CK_MECHANISM_TYPE hash, hmac;
} schemes[] = {
	{ 256, ID_ALG(26), 32, CKM_SHA256_KEY_DERIVATION, CKM_SHA256_HMAC },
	{ 384, ID_ALG(27), 48, CKM_SHA384_KEY_DERIVATION, CKM_SHA384_HMAC },
	{ 521, ID_ALG(28), 64, CKM_SHA512_KEY_DERIVATION, CKM_SHA512_HMAC },
};

/* A point of another curve of that size must not come near the key. */
static PRBool
same_curve(SECKEYPrivateKey *key, const SECKEYPublicKey *pub)
{
	nu_auto_item params = { siBuffer, NULL, 0 };

	return SECKEY_GetPrivateKeyType(key) == ecKey &&
	       SECKEY_GetPublicKeyType(pub) == ecKey &&
	       nu_key_attribute(key, CKA_EC_PARAMS, &params) == SECSuccess &&
	       SECITEM_ItemsAreEqual(&params, &pub->u.ec.DEREncodedParams);
}

static const struct scheme *
find_scheme(SECKEYPrivateKey *key, const SECKEYPublicKey *pub)
{
	unsigned bits = nu_key_bits(pub);

	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
		if (schemes[i].bits == bits && same_curve(key, pub))
			return &schemes[i];
	}
	PORT_SetError(SEC_ERROR_INVALID_ARGS);
	return NULL;
}

/* The secret with a name before or after it, as mechanism has it. */
static PK11SymKey *
join(PK11SymKey *secret, const SECItem *name, CK_MECHANISM_TYPE mechanism,
     CK_MECHANISM_TYPE next)
{
	CK_KEY_DERIVATION_STRING_DATA string = { name->data, name->len };
	SECItem param = { siBuffer, (unsigned char *)&string, sizeof string };

	return PK11_Derive(secret, mechanism, &param, next, CKA_DERIVE, 0);
}

/* K = hash(subject | ZZ | issuer): clause 6, step 3. */
static PK11SymKey *
derive(const struct scheme *scheme, SECKEYPrivateKey *key, SECKEYPublicKey *pub,
       const struct nu_cert *cert, void *wincx)
{
	nu_auto(PK11SymKey) zz = NULL;
	nu_auto(PK11SymKey) led = NULL;
	nu_auto(PK11SymKey) whole = NULL;

	zz = PK11_PubDeriveWithKDF(key, pub, PR_FALSE, NULL, NULL,
	                           CKM_ECDH1_DERIVE,
	                           CKM_CONCATENATE_DATA_AND_BASE, CKA_DERIVE,
	                           0, CKD_NULL, NULL, wincx);
	if (zz == NULL)
		return NULL;
	led = join(zz, &cert->subject, CKM_CONCATENATE_DATA_AND_BASE,
	           CKM_CONCATENATE_BASE_AND_DATA);
	if (led == NULL)
		return NULL;
	whole = join(led, &cert->issuer, CKM_CONCATENATE_BASE_AND_DATA,
	             scheme->hash);
	if (whole == NULL)
		return NULL;
	return PK11_Derive(whole, scheme->hash, NULL, scheme->hmac, CKA_SIGN,
	                   (int)scheme->mac_len);
}

SECStatus
nu_agree_mac(PLArenaPool *arena, SECKEYPrivateKey *key, SECKEYPublicKey *pub,
             const struct nu_cert *cert, const SECItem *data, void *wincx,
             SECItem **ret_algorithm, SECItem *ret_mac)
{
	const struct scheme *scheme = find_scheme(key, pub);
	nu_auto(PK11SymKey) mac_key = NULL;
	SECItem no_param = { siBuffer, NULL, 0 };
	SECItem *id, *algorithm, mac = { siBuffer, NULL, 0 };

	if (scheme == NULL)
		return SECFailure;
	id = nu_der_make_octets(arena, NU_OID, scheme->oid,
	                        sizeof scheme->oid);
	if (id == NULL ||
	    (algorithm = nu_der_make(arena, NU_SEQUENCE, id)) == NULL ||
	    SECITEM_AllocItem(arena, &mac, scheme->mac_len) == NULL)
		return SECFailure;
	mac_key = derive(scheme, key, pub, cert, wincx);
	if (mac_key == NULL ||
	    PK11_SignWithSymKey(mac_key, scheme->hmac, &no_param, &mac, data) !=
	            SECSuccess)
		return SECFailure;
	*ret_algorithm = algorithm;
	*ret_mac = mac;
	return SECSuccess;
}
