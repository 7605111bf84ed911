/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_protection.c - does a PKIMessage's protection hold? */

#include "nssutil/nu_pkimessage.h"

#include <hasht.h>
#include <pk11pub.h>
#include <prerror.h>
#include <secerr.h>
#include <sechash.h>
#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_cipher.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_p12_int.h"

enum {
	PBM_MIN_ITERATIONS = 100, /* bounds as OpenSSL has them */
	PBM_MAX_ITERATIONS = 100000,
	PBMAC1_MAX_ITERATIONS = 1000000,
	MAX_SALT = 1024
};

static SECStatus
fail(PRErrorCode why)
{
	PORT_SetError(why);
	return SECFailure;
}

/* id-PasswordBasedMac, 1.2.840.113533.7.66.13: NSS has no tag for it. */
static const unsigned char pbm_oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf6,
	                                 0x7d, 0x07, 0x42, 0x0d };
/* hMAC-SHA1, 1.3.6.1.5.5.8.1.2 (RFC 4210, F.2), nor for this. */
static const unsigned char old_hmac_sha1[] = { 0x2b, 0x06, 0x01, 0x05,
	                                       0x05, 0x08, 0x01, 0x02 };

static PRBool
is_oid(const SECItem *oid, const unsigned char *octets, size_t len)
{
	return oid->len == len && memcmp(oid->data, octets, len) == 0;
}

/* An AlgorithmIdentifier's OID; r is left before the parameters. */
static SECStatus
read_algorithm(const SECItem *whole, SECItem *ret_oid, struct nu_der *ret_r)
{
	struct nu_tlv oid;

	if (nu_der_only(whole, NU_SEQUENCE, ret_r) != SECSuccess ||
	    nu_der_get(ret_r, NU_OID, &oid) != SECSuccess)
		return SECFailure;
	*ret_oid = oid.value;
	return SECSuccess;
}

enum kind { SIGNATURE, PBM, PBMAC1 };

static enum kind
kind_of(const struct nu_pkimessage *message)
{
	struct nu_der r;
	SECItem oid;

	if (message->protection_alg.data == NULL ||
	    read_algorithm(&message->protection_alg, &oid, &r) != SECSuccess)
		return SIGNATURE;
	if (is_oid(&oid, pbm_oid, sizeof pbm_oid))
		return PBM;
	return SECOID_FindOIDTag(&oid) == SEC_OID_PKCS5_PBMAC1 ? PBMAC1
	                                                       : SIGNATURE;
}

PRBool
nu_pkimessage_is_mac(const struct nu_pkimessage *message)
{
	return kind_of(message) != SIGNATURE;
}

/* Was the MAC right? In the same time wherever it was not. */
static SECStatus
compare_mac(const struct nu_pkimessage *message, const SECItem *mac)
{
	if (mac->len != message->protection.len ||
	    NSS_SecureMemcmp(mac->data, message->protection.data, mac->len) !=
	            0)
		return fail(SEC_ERROR_BAD_SIGNATURE);
	return SECSuccess;
}

/* --- password-based MAC, RFC 4210, 5.1.3.1 ------------------------------- */

struct pbm {
	SECItem salt;
	SECOidTag hash; /* the one-way function */
	long iterations;
	CK_MECHANISM_TYPE hmac;
};

static SECStatus
find_hash(const SECItem *algorithm, SECOidTag *ret_hash)
{
	struct nu_der r;
	SECItem oid;

	if (read_algorithm(algorithm, &oid, &r) != SECSuccess)
		return SECFailure;
	*ret_hash = SECOID_FindOIDTag(&oid);
	switch (*ret_hash) {
	case SEC_OID_SHA1:
	case SEC_OID_SHA224:
	case SEC_OID_SHA256:
	case SEC_OID_SHA384:
	case SEC_OID_SHA512:
		return SECSuccess;
	default:
		return fail(SEC_ERROR_INVALID_ALGORITHM);
	}
}

static SECStatus
find_hmac(const SECItem *algorithm, CK_MECHANISM_TYPE *ret_hmac)
{
	static const struct {
		SECOidTag tag;
		CK_MECHANISM_TYPE hmac;
	} rows[] = {
		{ SEC_OID_HMAC_SHA1, CKM_SHA_1_HMAC },
		{ SEC_OID_HMAC_SHA224, CKM_SHA224_HMAC },
		{ SEC_OID_HMAC_SHA256, CKM_SHA256_HMAC },
		{ SEC_OID_HMAC_SHA384, CKM_SHA384_HMAC },
		{ SEC_OID_HMAC_SHA512, CKM_SHA512_HMAC },
	};
	struct nu_der r;
	SECItem oid;
	SECOidTag tag;

	if (read_algorithm(algorithm, &oid, &r) != SECSuccess)
		return SECFailure;
	tag = is_oid(&oid, old_hmac_sha1, sizeof old_hmac_sha1)
	              ? SEC_OID_HMAC_SHA1
	              : SECOID_FindOIDTag(&oid);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (rows[i].tag == tag) {
			*ret_hmac = rows[i].hmac;
			return SECSuccess;
		}
	}
	return fail(SEC_ERROR_INVALID_ALGORITHM);
}

/* PBMParameter ::= SEQUENCE { salt OCTET STRING, owf AlgorithmIdentifier,
 * iterationCount INTEGER, mac AlgorithmIdentifier } */
static SECStatus
read_pbm(const SECItem *algorithm, struct pbm *pbm)
{
	struct nu_tlv params, salt, owf, mac;
	SECItem oid, count;
	struct nu_der r;

	if (read_algorithm(algorithm, &oid, &r) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &params) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return SECFailure;
	r = nu_der_reader(&params.value);
	if (nu_der_get(&r, NU_OCTET_STRING, &salt) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &owf) != SECSuccess ||
	    nu_der_integer(&r, &count) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &mac) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess ||
	    find_hash(&owf.whole, &pbm->hash) != SECSuccess ||
	    find_hmac(&mac.whole, &pbm->hmac) != SECSuccess)
		return SECFailure;
	if (salt.value.len > MAX_SALT ||
	    nu_der_to_long(&count, &pbm->iterations) != SECSuccess ||
	    pbm->iterations < PBM_MIN_ITERATIONS ||
	    pbm->iterations > PBM_MAX_ITERATIONS)
		return fail(SEC_ERROR_INVALID_ALGORITHM);
	pbm->salt = salt.value;
	return SECSuccess;
}

/* The hash of the hash of ... of secret and salt; it is HMAC's key. */
static SECStatus
hash_secret(const struct pbm *pbm, const char *secret, unsigned char *key,
            unsigned len)
{
	nu_auto_item both = { siBuffer, NULL, 0 };
	size_t n = strlen(secret);
	SECStatus status;

	if (n > PR_INT16_MAX)
		return fail(SEC_ERROR_INPUT_LEN);
	if (SECITEM_AllocItem(NULL, &both, (unsigned)n + pbm->salt.len + 1) ==
	    NULL)
		return SECFailure;
	memcpy(both.data, secret, n);
	if (pbm->salt.len > 0)
		memcpy(both.data + n, pbm->salt.data, pbm->salt.len);
	status = PK11_HashBuf(pbm->hash, key, both.data, (PRInt32)both.len - 1);
	for (long i = 1; i < pbm->iterations && status == SECSuccess; i++)
		status = PK11_HashBuf(pbm->hash, key, key, (PRInt32)len);
	return status;
}

static SECStatus
sign_with(const struct pbm *pbm, const SECItem *key_octets,
          const SECItem *data, SECItem *ret_mac)
{
	nu_auto(PK11SlotInfo) slot = p12_slot(NULL);
	nu_auto(PK11SymKey) key = NULL;

	if (slot == NULL)
		return SECFailure;
	key = nu_cipher_key(slot, pbm->hmac, CKA_SIGN, key_octets);
	if (key == NULL)
		return SECFailure;
	return PK11_SignWithSymKey(key, pbm->hmac, NULL, ret_mac, data);
}

static SECStatus
verify_pbm(const struct nu_pkimessage *message, const char *secret)
{
	unsigned char key[HASH_LENGTH_MAX], mac[HASH_LENGTH_MAX];
	SECItem key_item = { siBuffer, key, 0 }, mac_item = { siBuffer, mac,
		                                              sizeof mac };
	struct pbm pbm;
	SECStatus status;

	if (read_pbm(&message->protection_alg, &pbm) != SECSuccess)
		return SECFailure;
	key_item.len = HASH_ResultLenByOidTag(pbm.hash);
	status = hash_secret(&pbm, secret, key, key_item.len);
	if (status == SECSuccess)
		status = sign_with(&pbm, &key_item, &message->protected_part,
		                   &mac_item);
	explicit_bzero(key, sizeof key);
	return status == SECSuccess ? compare_mac(message, &mac_item)
	                            : SECFailure;
}

/* --- PBMAC1, RFC 8018, 7.1 ----------------------------------------------- */

static SECStatus
verify_pbmac1(const struct nu_pkimessage *message, const char *secret)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct p12_mac mac = { .digest = SEC_OID_PKCS5_PBMAC1 };
	struct p12_password password;
	SECAlgorithmID algorithm;
	SECItem computed;

	memset(&algorithm, 0, sizeof algorithm);
	if (arena == NULL ||
	    SEC_ASN1DecodeItem(arena, &algorithm, p12_algorithm_template,
	                       &message->protection_alg) != SECSuccess)
		return SECFailure;
	mac.pbmac1 = &algorithm;
	if (p12_pbmac1_check(&algorithm, &mac.iterations) != P12_KDF_GOOD ||
	    mac.iterations > PBMAC1_MAX_ITERATIONS)
		return fail(SEC_ERROR_INVALID_ALGORITHM);
	if (p12_password_make(arena, secret, &password) != SECSuccess ||
	    p12_mac_compute(arena, &mac, &password, &message->protected_part,
	                    NULL, &computed) != SECSuccess)
		return SECFailure;
	return compare_mac(message, &computed);
}

/* --- all of them --------------------------------------------------------- */

SECStatus
nu_pkimessage_verify_secret(const struct nu_pkimessage *message,
                            const char *secret)
{
	if (message->protection_alg.data == NULL)
		return fail(SEC_ERROR_BAD_SIGNATURE);
	switch (kind_of(message)) {
	case PBM:
		return verify_pbm(message, secret);
	case PBMAC1:
		return verify_pbmac1(message, secret);
	default:
		return fail(SEC_ERROR_INVALID_ALGORITHM);
	}
}

SECStatus
nu_pkimessage_verify_key(const struct nu_pkimessage *message,
                         const SECItem *spki)
{
	if (message->protection_alg.data == NULL)
		return fail(SEC_ERROR_BAD_SIGNATURE);
	if (nu_pkimessage_is_mac(message))
		return fail(SEC_ERROR_INVALID_ALGORITHM);
	return nu_key_verify(spki, &message->protected_part,
	                     &message->protection_alg, &message->protection);
}
