/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_key.h - making keys, proving that two halves belong together. */

#ifndef NU_KEY_H
#define NU_KEY_H

#include <keyhi.h>
#include <pk11pub.h>

/* A fresh key pair: rsaKey with bits of modulus (exponent 65537), ecKey on
 * P-256, P-384 or P-521 (bits 256, 384, 521), or dsaKey with parameters of its
 * own (bits 2048; the subgroup has 256). flags are PK11_ATTR_... . The
 * slot is logged in. NULL and an NSS error; SEC_ERROR_INVALID_ARGS for
 * a kind or size that is none of these. The caller owns both halves. */
SECKEYPrivateKey *nu_key_generate(PK11SlotInfo *slot, KeyType type,
                                  unsigned bits, PK11AttrFlags flags,
                                  void *wincx, SECKEYPublicKey **ret_public);

/* The OID of the curve with so many bits, whole, in arena: EC's parameters.
 * SEC_ERROR_INVALID_ARGS: there is none. */
SECItem *nu_key_curve(PLArenaPool *arena, unsigned bits);

/* The signature algorithm that fits a key: PKCS#1 v1.5 or DSA with SHA-256, or
 * ECDSA with the hash of the curve's strength. SEC_OID_UNKNOWN: none does. */
SECOidTag nu_key_signature_oid(KeyType type, unsigned bits);

/* AlgorithmIdentifier and signature octets of data, in arena: RSA carries the
 * NULL parameters of RFC 4055, DSA and ECDSA none (RFC 5758). */
SECStatus nu_key_sign(PLArenaPool *arena, SECKEYPrivateKey *key,
                      const SECItem *data, SECItem **ret_algorithm,
                      SECItem *ret_signature);
/* Was data signed so by the key in spki (a whole SubjectPublicKeyInfo)?
 * algorithm is a whole AlgorithmIdentifier. SEC_ERROR_BAD_SIGNATURE. */
SECStatus nu_key_verify(const SECItem *spki, const SECItem *data,
                        const SECItem *algorithm, const SECItem *signature);

/* Size of a public key as people say it: RSA modulus or EC order, in bits. */
unsigned nu_key_bits(const SECKEYPublicKey *key);

/* Is pub the other half of key? It has to sign what pub verifies: for a key
 * from outside, whose private parts may be another's, or damaged. PR_FALSE and
 * an NSS error when it cannot be told; SEC_ERROR_BAD_KEY when it is not. */
PRBool nu_key_proves(SECKEYPrivateKey *key, SECKEYPublicKey *pub);
/* The same for a key of the store's, ten times faster: RSA is compared by its
 * modulus, and of EC NSS notes the public value when it makes a key. An import
 * notes what it is told, so a key that has just come in has to prove itself. */
PRBool nu_key_matches(SECKEYPrivateKey *key, SECKEYPublicKey *pub);

/* The key in a whole SubjectPublicKeyInfo. The caller owns it. */
SECKEYPublicKey *nu_key_from_spki(const SECItem *spki);
/* What NSS derives the CKA_ID of both halves from: RSA's modulus, the public
 * value of others. SEC_ERROR_UNSUPPORTED_KEYALG: there is none. */
SECItem *nu_key_public_value(SECKEYPublicKey *pub);

/* May the key leave its token, encrypted? NSS's own token would wrap keys that
 * it said were not extractable. */
PRBool nu_key_may_leave(SECKEYPrivateKey *key);

#endif
