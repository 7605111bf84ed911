/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_key.c - making keys, proving that two halves belong together. */

#include "nssutil/nu_key.h"

#include <string.h>

#include <cryptohi.h>
#include <pk11pqg.h>
#include <pk11pub.h>
#include <secerr.h>
#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_err.h"

enum {
	RSA_EXPONENT = 65537,
	RSA_MAX_BITS = 4096,
	RSA_PADDING = 11, /* at least, of PKCS #1 */
	DSA_BITS = 2048,
	DSA_SUBGROUP_BITS = 256,
	CHALLENGE_SIZE = 32
};

/* The offered curves, and the hash of each one's strength (RFC 5758). */
static const struct curve {
	unsigned bits;
	SECOidTag oid, signature;
} curves[] = {
	{ 256, SEC_OID_SECG_EC_SECP256R1,
	  SEC_OID_ANSIX962_ECDSA_SHA256_SIGNATURE },
	{ 384, SEC_OID_SECG_EC_SECP384R1,
	  SEC_OID_ANSIX962_ECDSA_SHA384_SIGNATURE },
	{ 521, SEC_OID_SECG_EC_SECP521R1,
	  SEC_OID_ANSIX962_ECDSA_SHA512_SIGNATURE },
};

static const struct curve *
find_curve(unsigned bits)
{
	for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
		if (curves[i].bits == bits)
			return &curves[i];
	}
	return NULL;
}

static SECKEYPrivateKey *
generate_rsa(PK11SlotInfo *slot, unsigned bits, PK11AttrFlags flags,
             void *wincx, SECKEYPublicKey **ret_public)
{
	PK11RSAGenParams params = { (int)bits, RSA_EXPONENT };

	return PK11_GenerateKeyPairWithOpFlags(
	        slot, CKM_RSA_PKCS_KEY_PAIR_GEN, &params, ret_public, flags, 0,
	        0, wincx);
}

SECItem *
nu_key_curve(PLArenaPool *arena, unsigned bits)
{
	const struct curve *curve = find_curve(bits);
	SECOidData *oid;

	if (curve == NULL) {
		PORT_SetError(SEC_ERROR_INVALID_ARGS);
		return NULL;
	}
	oid = SECOID_FindOIDByTag(curve->oid);
	if (oid == NULL)
		return NULL;
	return nu_der_make_octets(arena, NU_OID, oid->oid.data, oid->oid.len);
}

static SECKEYPrivateKey *
generate_ec(PK11SlotInfo *slot, unsigned bits, PK11AttrFlags flags, void *wincx,
            SECKEYPublicKey **ret_public)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	SECItem *params;

	if (arena == NULL)
		return NULL;
	params = nu_key_curve(arena, bits);
	if (params == NULL)
		return NULL;
	return PK11_GenerateKeyPairWithOpFlags(slot, CKM_EC_KEY_PAIR_GEN,
	                                       params, ret_public, flags, 0, 0,
	                                       wincx);
}

/* The parameters are proved prime by how they are made: FIPS 186-4, A.1.1.2. */
static SECKEYPrivateKey *
generate_dsa(PK11SlotInfo *slot, PK11AttrFlags flags, void *wincx,
             SECKEYPublicKey **ret_public)
{
	SECKEYPrivateKey *key = NULL;
	PQGParams *params = NULL;
	PQGVerify *proof = NULL;

	if (PK11_PQG_ParamGenV2(DSA_BITS, DSA_SUBGROUP_BITS, 0, &params,
	                        &proof) == SECSuccess)
		key = PK11_GenerateKeyPairWithOpFlags(
		        slot, CKM_DSA_KEY_PAIR_GEN, params, ret_public, flags,
		        0, 0, wincx);
	if (params != NULL)
		PK11_PQG_DestroyParams(params);
	if (proof != NULL)
		PK11_PQG_DestroyVerify(proof);
	return key;
}

SECKEYPrivateKey *
nu_key_generate(PK11SlotInfo *slot, KeyType type, unsigned bits,
                PK11AttrFlags flags, void *wincx, SECKEYPublicKey **ret_public)
{
	if (type == rsaKey && bits >= 1024 && bits <= RSA_MAX_BITS)
		return generate_rsa(slot, bits, flags, wincx, ret_public);
	if (type == ecKey && find_curve(bits) != NULL)
		return generate_ec(slot, bits, flags, wincx, ret_public);
	if (type == dsaKey && bits == DSA_BITS)
		return generate_dsa(slot, flags, wincx, ret_public);
	PORT_SetError(SEC_ERROR_INVALID_ARGS);
	return NULL;
}

SECOidTag
nu_key_signature_oid(KeyType type, unsigned bits)
{
	const struct curve *curve = find_curve(bits);

	if (type == rsaKey)
		return SEC_OID_PKCS1_SHA256_WITH_RSA_ENCRYPTION;
	if (type == ecKey && curve != NULL)
		return curve->signature;
	if (type == dsaKey)
		return SEC_OID_NIST_DSA_SIGNATURE_WITH_SHA256_DIGEST;
	return SEC_OID_UNKNOWN;
}

/* An ECDSA signature is two numbers of the order's size. */
static unsigned
bits_of_private(SECKEYPrivateKey *key)
{
	unsigned order_octets = (unsigned)PK11_SignatureLen(key) / 2;

	return order_octets > 64 ? 521 : order_octets * 8;
}

static SECItem *
make_algorithm(PLArenaPool *arena, SECOidTag tag, KeyType type)
{
	SECOidData *oid = SECOID_FindOIDByTag(tag);
	SECItem *id, *null = NULL;

	if (oid == NULL)
		return NULL;
	id = nu_der_make_octets(arena, NU_OID, oid->oid.data, oid->oid.len);
	if (id == NULL)
		return NULL;
	if (type == rsaKey &&
	    (null = nu_der_make_octets(arena, NU_NULL, NULL, 0)) == NULL)
		return NULL;
	return nu_der_make(arena, NU_SEQUENCE, id, null);
}

SECStatus
nu_key_sign(PLArenaPool *arena, SECKEYPrivateKey *key, const SECItem *data,
            SECItem **ret_algorithm, SECItem *ret_signature)
{
	KeyType type = SECKEY_GetPrivateKeyType(key);
	SECOidTag tag = nu_key_signature_oid(
	        type, type == ecKey ? bits_of_private(key) : 0);
	nu_auto_item signature = { siBuffer, NULL, 0 };
	SECItem *algorithm;

	if (tag == SEC_OID_UNKNOWN) {
		PORT_SetError(SEC_ERROR_UNSUPPORTED_KEYALG);
		return SECFailure;
	}
	algorithm = make_algorithm(arena, tag, type);
	if (algorithm == NULL ||
	    SEC_SignData(&signature, data->data, (int)data->len, key, tag) !=
	            SECSuccess ||
	    SECITEM_CopyItem(arena, ret_signature, &signature) != SECSuccess)
		return SECFailure;
	*ret_algorithm = algorithm;
	return SECSuccess;
}

SECKEYPublicKey *
nu_key_from_spki(const SECItem *spki)
{
	nu_auto(CERTSubjectPublicKeyInfo) info =
	        SECKEY_DecodeDERSubjectPublicKeyInfo(spki);

	return info != NULL ? SECKEY_ExtractPublicKey(info) : NULL;
}

SECStatus
nu_key_verify(const SECItem *spki, const SECItem *data,
              const SECItem *algorithm, const SECItem *signature)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	nu_auto(SECKEYPublicKey) key = nu_key_from_spki(spki);
	SECAlgorithmID id;

	memset(&id, 0, sizeof id);
	if (arena == NULL || key == NULL ||
	    SEC_QuickDERDecodeItem(arena, &id,
	                           SEC_ASN1_GET(SECOID_AlgorithmIDTemplate),
	                           algorithm) != SECSuccess)
		return SECFailure;
	return VFY_VerifyDataWithAlgorithmID(data->data, (int)data->len, key,
	                                     signature, &id, NULL, NULL);
}

SECItem *
nu_key_public_value(SECKEYPublicKey *pub)
{
	switch (SECKEY_GetPublicKeyType(pub)) {
	case rsaKey:
		return &pub->u.rsa.modulus;
	case dsaKey:
		return &pub->u.dsa.publicValue;
	case dhKey:
		return &pub->u.dh.publicValue;
	case ecKey:
		return &pub->u.ec.publicValue;
	default:
		PORT_SetError(SEC_ERROR_UNSUPPORTED_KEYALG);
		return NULL;
	}
}

unsigned
nu_key_bits(const SECKEYPublicKey *key)
{
	return SECKEY_PublicKeyStrengthInBits(key);
}

static SECItem
without_leading_zeros(const SECItem *number)
{
	SECItem n = *number;

	while (n.len > 0 && n.data[0] == 0) {
		n.data++;
		n.len--;
	}
	return n;
}

static PRBool
same_modulus(SECKEYPrivateKey *key, SECKEYPublicKey *pub)
{
	nu_auto_item modulus = { siBuffer, NULL, 0 };
	SECItem a, b;

	if (PK11_ReadRawAttribute(PK11_TypePrivKey, key, CKA_MODULUS,
	                          &modulus) != SECSuccess)
		return PR_FALSE;
	a = without_leading_zeros(&modulus);
	b = without_leading_zeros(&pub->u.rsa.modulus);
	if (a.len == 0 || !SECITEM_ItemsAreEqual(&a, &b)) {
		PORT_SetError(SEC_ERROR_BAD_KEY);
		return PR_FALSE;
	}
	return PR_TRUE;
}

/* NSS's own tokens note the public value beside the private one. */
static PRBool
same_recorded_value(SECKEYPrivateKey *key, const SECItem *value)
{
	nu_auto_item recorded = { siBuffer, NULL, 0 };

	return PK11_ReadRawAttribute(PK11_TypePrivKey, key, CKA_NSS_DB,
	                             &recorded) == SECSuccess &&
	       recorded.len > 0 && SECITEM_ItemsAreEqual(&recorded, value);
}

/* The private half signs what nobody could foresee, the public verifies. */
static PRBool
answers_challenge(SECKEYPrivateKey *key, SECKEYPublicKey *pub)
{
	unsigned char challenge[CHALLENGE_SIZE];
	SECItem hash = { siBuffer, challenge, sizeof challenge }, signature;
	nu_auto_item room = { siBuffer, NULL, 0 };
	int len = PK11_SignatureLen(key);

	if (len > 0 && len < CHALLENGE_SIZE + RSA_PADDING &&
	    SECKEY_GetPrivateKeyType(key) == rsaKey) {
		PORT_SetError(SEC_ERROR_BAD_KEY);
		return PR_FALSE;
	}
	if (len <= 0 ||
	    PK11_GenerateRandom(challenge, sizeof challenge) != SECSuccess ||
	    SECITEM_AllocItem(NULL, &room, (unsigned)len) == NULL)
		return PR_FALSE;
	signature = room; /* PK11_Sign() sets any length at all when it fails */
	if (PK11_Sign(key, &signature, &hash) != SECSuccess)
		return PR_FALSE;
	if (PK11_Verify(pub, &signature, &hash, NULL) == SECSuccess)
		return PR_TRUE;
	if (!nu_err_is_trouble(PORT_GetError()))
		PORT_SetError(SEC_ERROR_BAD_KEY);
	return PR_FALSE;
}

static PRBool
same_type(SECKEYPrivateKey *key, SECKEYPublicKey *pub)
{
	if (SECKEY_GetPrivateKeyType(key) == SECKEY_GetPublicKeyType(pub))
		return PR_TRUE;
	PORT_SetError(SEC_ERROR_BAD_KEY);
	return PR_FALSE;
}

PRBool
nu_key_proves(SECKEYPrivateKey *key, SECKEYPublicKey *pub)
{
	if (!same_type(key, pub) ||
	    (SECKEY_GetPrivateKeyType(key) == rsaKey &&
	     !same_modulus(key, pub)))
		return PR_FALSE;
	return answers_challenge(key, pub);
}

PRBool
nu_key_matches(SECKEYPrivateKey *key, SECKEYPublicKey *pub)
{
	if (!same_type(key, pub))
		return PR_FALSE;
	switch (SECKEY_GetPrivateKeyType(key)) {
	case rsaKey:
		return same_modulus(key, pub);
	case ecKey:
		return same_recorded_value(key, &pub->u.ec.publicValue) ||
		       answers_challenge(key, pub);
	default:
		return answers_challenge(key, pub);
	}
}

PRBool
nu_key_may_leave(SECKEYPrivateKey *key)
{
	nu_auto_item value = { siBuffer, NULL, 0 };

	if (PK11_ReadRawAttribute(PK11_TypePrivKey, key, CKA_EXTRACTABLE,
	                          &value) != SECSuccess)
		return !nu_err_is_trouble(PORT_GetError());
	return value.len != sizeof(CK_BBOOL) || value.data[0] != CK_FALSE;
}
