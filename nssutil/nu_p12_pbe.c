/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_p12_pbe.c - PKCS#12: passwords, password-based encryption, MAC. */

#include "nssutil/nu_p12_int.h"

#include <stddef.h>
#include <stdint.h>

#include <secerr.h>
#include <secpkcs5.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"

enum { MAX_BLOCK = 16, MAX_MAC = 64, MIN_MAC_KEY = 20, MAX_KEY = 64 };

/* --- text -------------------------------------------------------------- */

static void
put_unit(SECItem *bmp, unsigned unit)
{
	bmp->data[bmp->len++] = (unsigned char)(unit >> 8);
	bmp->data[bmp->len++] = (unsigned char)unit;
}

/* The next character of valid UTF-8. */
static unsigned long
next_utf8(const unsigned char **p)
{
	unsigned long c = *(*p)++;
	int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;

	if (more > 0)
		c &= 0x3ful >> more;
	while (more-- > 0)
		c = c << 6 | (*(*p)++ & 0x3f);
	return c;
}

SECStatus
p12_bmp_from_utf8(PLArenaPool *arena, const char *text, SECItem *ret_bmp)
{
	const unsigned char *p = (const unsigned char *)text;
	SECItem utf8 = { siBuffer, (unsigned char *)(uintptr_t)text,
		         (unsigned)strlen(text) };

	if (!nu_der_is_text(&utf8)) {
		PORT_SetError(SEC_ERROR_INVALID_ARGS);
		return SECFailure;
	}
	if (SECITEM_AllocItem(arena, ret_bmp, 2 * utf8.len + 2) == NULL)
		return SECFailure;
	ret_bmp->len = 0;
	while (*p != '\0') {
		unsigned long c = next_utf8(&p);

		if (c > 0xffff) {
			c -= 0x10000;
			put_unit(ret_bmp, 0xd800 | (unsigned)(c >> 10));
			c = 0xdc00 | (c & 0x3ff);
		}
		put_unit(ret_bmp, (unsigned)c);
	}
	return SECSuccess;
}

static unsigned long
unit_at(const SECItem *bmp, unsigned i)
{
	return (unsigned long)bmp->data[i] << 8 | bmp->data[i + 1];
}

static unsigned char *
put_utf8(unsigned char *out, unsigned long c)
{
	int more = c >= 0x10000 ? 3 : c >= 0x800 ? 2 : c >= 0x80 ? 1 : 0;
	static const unsigned char lead[] = { 0, 0xc0, 0xe0, 0xf0 };

	*out++ = (unsigned char)(lead[more] | c >> 6 * more);
	while (more-- > 0)
		*out++ = (unsigned char)(0x80 | (c >> 6 * more & 0x3f));
	return out;
}

/* A NUL ends the text, as some write one. */
char *
p12_bmp_to_utf8(PLArenaPool *arena, const SECItem *bmp)
{
	unsigned char *text = NULL, *out;
	unsigned i;

	if (bmp->len % 2 == 0)
		text = PORT_ArenaZAlloc(arena, bmp->len / 2 * 3 + 1);
	if (text == NULL)
		return NULL;
	out = text;
	for (i = 0; i < bmp->len && unit_at(bmp, i) != 0; i += 2) {
		unsigned long c = unit_at(bmp, i), low;

		if (c >= 0xd800 && c < 0xdc00 && i + 3 < bmp->len &&
		    (low = unit_at(bmp, i + 2)) >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
			i += 2;
		} else if (c >= 0xd800 && c < 0xe000) {
			PORT_SetError(SEC_ERROR_INVALID_ARGS);
			return NULL;
		}
		out = put_utf8(out, c);
	}
	*out = '\0';
	return (char *)text;
}

/* --- passwords --------------------------------------------------------- */

SECStatus
p12_password_make(PLArenaPool *arena, const char *text,
                  struct p12_password *ret_password)
{
	struct p12_password pw = { { siBuffer, NULL, 0 },
		                   { siBuffer, NULL, 0 } };

	if (p12_bmp_from_utf8(arena, text, &pw.bmp) != SECSuccess)
		return SECFailure;
	put_unit(&pw.bmp, 0);
	pw.utf8.data = (unsigned char *)PORT_ArenaStrdup(arena, text);
	if (pw.utf8.data == NULL)
		return SECFailure;
	pw.utf8.len = (unsigned)strlen(text);
	*ret_password = pw;
	return SECSuccess;
}

SECItem *
p12_password_for(struct p12_password *password, SECAlgorithmID *algorithm)
{
	switch (SECOID_GetAlgorithmTag(algorithm)) {
	case SEC_OID_PKCS5_PBES2:
	case SEC_OID_PKCS5_PBE_WITH_MD5_AND_DES_CBC:
	case SEC_OID_PKCS5_PBE_WITH_SHA1_AND_DES_CBC:
		return &password->utf8;
	default:
		return &password->bmp;
	}
}

/* --- algorithms -------------------------------------------------------- */

static const struct mac_row {
	SECOidTag digest, hmac;
	CK_MECHANISM_TYPE derive, mechanism;
} macs[] = {
	{ SEC_OID_SHA1, SEC_OID_HMAC_SHA1, CKM_NSS_PBE_SHA1_HMAC_KEY_GEN,
	  CKM_SHA_1_HMAC },
	{ SEC_OID_SHA224, SEC_OID_HMAC_SHA224,
	  CKM_NSS_PKCS12_PBE_SHA224_HMAC_KEY_GEN, CKM_SHA224_HMAC },
	{ SEC_OID_SHA256, SEC_OID_HMAC_SHA256,
	  CKM_NSS_PKCS12_PBE_SHA256_HMAC_KEY_GEN, CKM_SHA256_HMAC },
	{ SEC_OID_SHA384, SEC_OID_HMAC_SHA384,
	  CKM_NSS_PKCS12_PBE_SHA384_HMAC_KEY_GEN, CKM_SHA384_HMAC },
	{ SEC_OID_SHA512, SEC_OID_HMAC_SHA512,
	  CKM_NSS_PKCS12_PBE_SHA512_HMAC_KEY_GEN, CKM_SHA512_HMAC },
};

static const struct mac_row *
find_mac(SECOidTag tag, PRBool is_hmac)
{
	for (size_t i = 0; i < sizeof macs / sizeof macs[0]; i++) {
		if ((is_hmac ? macs[i].hmac : macs[i].digest) == tag)
			return &macs[i];
	}
	PORT_SetError(SEC_ERROR_INVALID_ALGORITHM);
	return NULL;
}

PRBool
p12_mac_known(SECOidTag digest)
{
	return find_mac(digest, PR_FALSE) != NULL;
}

static PRBool
hmac_known(const SECAlgorithmID *algorithm)
{
	return find_mac(SECOID_GetAlgorithmTag(algorithm), PR_TRUE) != NULL;
}

static PRBool
cipher_known(SECOidTag cipher)
{
	CK_MECHANISM_TYPE mechanism = PK11_AlgtagToMechanism(cipher);

	return mechanism != CKM_INVALID_MECHANISM &&
	       PK11_TokenExists(mechanism);
}

/* A block cipher in CBC mode with its IV, whole: NSS would read past one that
 * is too short. */
static PRBool
scheme_known(PLArenaPool *arena, const SECAlgorithmID *scheme)
{
	SECOidTag cipher = SECOID_GetAlgorithmTag(scheme);
	SECItem iv = { siBuffer, NULL, 0 };

	return cipher_known(cipher) && scheme->parameters.len > 0 &&
	       SEC_ASN1DecodeItem(arena, &iv, p12_octets_template,
	                          &scheme->parameters) == SECSuccess &&
	       iv.len > 0 &&
	       (int)iv.len == PK11_GetIVLength(PK11_AlgtagToMechanism(cipher));
}

/* --- is it worth trying? ----------------------------------------------- */

/* PBES2 and PBMAC1 have the same parameters. */
struct pbe2 {
	SECAlgorithmID kdf, scheme;
};

struct kdf {
	SECItem salt, iterations;
	SECItem key_length; /* PBKDF2 alone has these two */
	SECAlgorithmID prf;
};

static const SEC_ASN1Template pbe2_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(struct pbe2) },
	{ SEC_ASN1_INLINE, offsetof(struct pbe2, kdf), p12_algorithm_template,
	  0 },
	{ SEC_ASN1_INLINE, offsetof(struct pbe2, scheme),
	  p12_algorithm_template, 0 },
	{ 0, 0, NULL, 0 }
};

static const SEC_ASN1Template pbkdf2_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(struct kdf) },
	{ SEC_ASN1_OCTET_STRING, offsetof(struct kdf, salt), NULL, 0 },
	{ SEC_ASN1_INTEGER, offsetof(struct kdf, iterations), NULL, 0 },
	{ SEC_ASN1_OPTIONAL | SEC_ASN1_INTEGER,
	  offsetof(struct kdf, key_length), NULL, 0 },
	{ SEC_ASN1_OPTIONAL | SEC_ASN1_INLINE, offsetof(struct kdf, prf),
	  p12_algorithm_template, 0 },
	{ 0, 0, NULL, 0 }
};

static const SEC_ASN1Template kdf_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(struct kdf) },
	{ SEC_ASN1_OCTET_STRING, offsetof(struct kdf, salt), NULL, 0 },
	{ SEC_ASN1_INTEGER, offsetof(struct kdf, iterations), NULL, 0 },
	{ 0, 0, NULL, 0 }
};

enum p12_kdf
p12_iterations(const SECItem *octets, long *ret_iterations)
{
	long n;

	if (nu_der_to_long(octets, &n) != SECSuccess)
		return octets->len > sizeof n ? P12_KDF_TOO_SLOW
		                              : P12_KDF_MALFORMED;
	if (n < 1)
		return P12_KDF_MALFORMED;
	if (n > P12_MAX_ITERATIONS)
		return P12_KDF_TOO_SLOW;
	*ret_iterations = n;
	return P12_KDF_GOOD;
}

/* A cipher has its own key length; an HMAC has none, so it must be there (RFC
 * 9579, 5), and a short key would let forgeries and wrong passwords through. */
static enum p12_kdf
check_pbkdf2(PLArenaPool *arena, const SECItem *params, long min_length,
             struct kdf *kdf)
{
	long length = 0;

	if (SEC_ASN1DecodeItem(arena, kdf, pbkdf2_template, params) !=
	            SECSuccess ||
	    (kdf->key_length.len > 0 &&
	     nu_der_to_long(&kdf->key_length, &length) != SECSuccess) ||
	    length < min_length || length > MAX_KEY)
		return P12_KDF_MALFORMED;
	if (kdf->prf.algorithm.len > 0 && !hmac_known(&kdf->prf))
		return P12_KDF_UNKNOWN;
	return P12_KDF_GOOD;
}

static enum p12_kdf
check_pbe2(PLArenaPool *arena, const SECItem *params, PRBool is_mac,
           struct kdf *kdf)
{
	struct pbe2 pbe2;

	memset(&pbe2, 0, sizeof pbe2);
	if (SEC_ASN1DecodeItem(arena, &pbe2, pbe2_template, params) !=
	    SECSuccess)
		return P12_KDF_MALFORMED;
	if (SECOID_GetAlgorithmTag(&pbe2.kdf) != SEC_OID_PKCS5_PBKDF2 ||
	    pbe2.kdf.parameters.len == 0 ||
	    !(is_mac ? hmac_known(&pbe2.scheme)
	             : scheme_known(arena, &pbe2.scheme)))
		return P12_KDF_UNKNOWN;
	return check_pbkdf2(arena, &pbe2.kdf.parameters,
	                    is_mac ? MIN_MAC_KEY : 0, kdf);
}

/* PBE of PKCS#12 or of PKCS#5, version 1. */
static enum p12_kdf
check_pbe1(PLArenaPool *arena, SECAlgorithmID *algorithm, struct kdf *kdf)
{
	if (!cipher_known(SEC_PKCS5GetCryptoAlgorithm(algorithm)))
		return P12_KDF_UNKNOWN;
	return SEC_ASN1DecodeItem(arena, kdf, kdf_template,
	                          &algorithm->parameters) == SECSuccess
	               ? P12_KDF_GOOD
	               : P12_KDF_MALFORMED;
}

static enum p12_kdf
check(SECAlgorithmID *algorithm, PRBool is_mac, long *ret_iterations)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	SECOidTag tag = SECOID_GetAlgorithmTag(algorithm);
	enum p12_kdf verdict;
	struct kdf kdf;

	memset(&kdf, 0, sizeof kdf);
	if (arena == NULL || algorithm->parameters.len == 0)
		return P12_KDF_MALFORMED;
	if (is_mac || tag == SEC_OID_PKCS5_PBES2)
		verdict =
			check_pbe2(arena, &algorithm->parameters, is_mac, &kdf);
	else
		verdict = check_pbe1(arena, algorithm, &kdf);
	return verdict != P12_KDF_GOOD
	               ? verdict
	               : p12_iterations(&kdf.iterations, ret_iterations);
}

enum p12_kdf
p12_pbe_check(SECAlgorithmID *algorithm, long *ret_iterations)
{
	SECOidTag tag = SECOID_GetAlgorithmTag(algorithm);

	PORT_SetError(0); /* an unknown one need not set any */
	if (!SEC_PKCS5IsAlgorithmPBEAlgTag(tag) ||
	    tag == SEC_OID_PKCS5_PBKDF2 || tag == SEC_OID_PKCS5_PBMAC1)
		return P12_KDF_UNKNOWN;
	return check(algorithm, PR_FALSE, ret_iterations);
}

enum p12_kdf
p12_pbmac1_check(SECAlgorithmID *algorithm, long *ret_iterations)
{
	return check(algorithm, PR_TRUE, ret_iterations);
}

/* --- encryption -------------------------------------------------------- */

PK11SlotInfo *
p12_slot(void *wincx)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalSlot();

	if (slot == NULL)
		return NULL;
	if (PK11_NeedLogin(slot) &&
	    PK11_Authenticate(slot, PR_TRUE, wincx) != SECSuccess)
		return NULL;
	return nu_take(slot);
}

/* The salt is fresh each time, so nothing is found remembered. */
static SECStatus
derive_nothing(PK11SlotInfo *slot, void *wincx)
{
	unsigned char octets[] = "nobody's";
	SECItem password = { siBuffer, octets, sizeof octets - 1 };
	SECAlgorithmID *algorithm = PK11_CreatePBEV2AlgorithmID(
		SEC_OID_PKCS5_PBES2, SEC_OID_AES_256_CBC, SEC_OID_HMAC_SHA256,
		0, 1, NULL);
	nu_auto(PK11SymKey) key = NULL;

	if (algorithm == NULL)
		return SECFailure;
	key = PK11_PBEKeyGen(slot, algorithm, &password, PR_FALSE, wincx);
	SECOID_DestroyAlgorithmID(algorithm, PR_TRUE);
	return key != NULL ? SECSuccess : SECFailure;
}

SECStatus
nu_p12_forget(void *wincx)
{
	enum { REMEMBERED = 3 };
	nu_auto(PK11SlotInfo) slot = p12_slot(wincx);

	if (slot == NULL)
		return SECFailure;
	for (int i = 0; i < REMEMBERED; i++) {
		if (derive_nothing(slot, wincx) != SECSuccess)
			return SECFailure;
	}
	return SECSuccess;
}

typedef SECStatus (*crypt_fn)(PK11SymKey *key, CK_MECHANISM_TYPE mechanism,
                              SECItem *param, unsigned char *out,
                              unsigned *ret_len, unsigned size,
                              const unsigned char *data, unsigned len);

static SECStatus
run_cipher(crypt_fn fn, PLArenaPool *arena, SECAlgorithmID *algorithm,
           struct p12_password *password, const SECItem *data, void *wincx,
           SECItem *ret_data)
{
	nu_auto(PK11SlotInfo) slot = p12_slot(wincx);
	SECItem *pw = p12_password_for(password, algorithm);
	nu_auto(PK11SymKey) key = NULL;
	nu_auto(SECItem) param = NULL;
	CK_MECHANISM_TYPE mechanism;
	SECItem out = { siBuffer, NULL, 0 };

	if (slot == NULL)
		return SECFailure;
	key = PK11_PBEKeyGen(slot, algorithm, pw, PR_FALSE, wincx);
	if (key == NULL)
		return SECFailure;
	mechanism = PK11_GetPBECryptoMechanism(algorithm, &param, pw);
	if (mechanism == CKM_INVALID_MECHANISM ||
	    SECITEM_AllocItem(arena, &out, data->len + MAX_BLOCK) == NULL ||
	    fn(key, PK11_GetPadMechanism(mechanism), param, out.data, &out.len,
	       out.len, data->data, data->len) != SECSuccess)
		return SECFailure;
	*ret_data = out;
	return SECSuccess;
}

SECStatus
p12_encrypt(PLArenaPool *arena, SECAlgorithmID *algorithm,
            struct p12_password *password, const SECItem *data, void *wincx,
            SECItem *ret_data)
{
	return run_cipher(PK11_Encrypt, arena, algorithm, password, data, wincx,
	                  ret_data);
}

SECStatus
p12_decrypt(PLArenaPool *arena, SECAlgorithmID *algorithm,
            struct p12_password *password, const SECItem *data, void *wincx,
            SECItem *ret_data)
{
	return run_cipher(PK11_Decrypt, arena, algorithm, password, data, wincx,
	                  ret_data);
}

/* --- MAC --------------------------------------------------------------- */

static PK11SymKey *
derive_mac_key(PK11SlotInfo *slot, CK_MECHANISM_TYPE derive,
               const struct p12_mac *mac, struct p12_password *password,
               void *wincx)
{
	SECItem salt = mac->salt, *params;
	PK11SymKey *key;

	params = PK11_CreatePBEParams(&salt, &password->bmp,
	                              (unsigned)mac->iterations);
	if (params == NULL)
		return NULL;
	key = PK11_KeyGen(slot, derive, params, 0, wincx);
	PK11_DestroyPBEParams(params);
	return key;
}

/* The HMAC that PBMAC1's parameters name. */
static const struct mac_row *
find_pbmac1(SECAlgorithmID *algorithm)
{
	return find_mac(SEC_PKCS5GetCryptoAlgorithm(algorithm), PR_TRUE);
}

SECStatus
p12_mac_compute(PLArenaPool *arena, const struct p12_mac *mac,
                struct p12_password *password, const SECItem *data, void *wincx,
                SECItem *ret_mac)
{
	nu_auto(PK11SlotInfo) slot = p12_slot(wincx);
	PRBool is_pbmac1 = mac->digest == SEC_OID_PKCS5_PBMAC1;
	const struct mac_row *row = is_pbmac1 ? find_pbmac1(mac->pbmac1)
	                                      : find_mac(mac->digest, PR_FALSE);
	nu_auto(PK11SymKey) key = NULL;
	SECItem out = { siBuffer, NULL, 0 };

	if (slot == NULL || row == NULL)
		return SECFailure;
	key = is_pbmac1
	              ? PK11_PBEKeyGen(slot, mac->pbmac1, &password->utf8,
	                               PR_FALSE, wincx)
	              : derive_mac_key(slot, row->derive, mac, password, wincx);
	if (key == NULL || SECITEM_AllocItem(arena, &out, MAX_MAC) == NULL ||
	    PK11_SignWithSymKey(key, row->mechanism, NULL, &out, data) !=
	            SECSuccess)
		return SECFailure;
	*ret_mac = out;
	return SECSuccess;
}
