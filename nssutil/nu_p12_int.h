/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_p12_int.h - what nu_p12_pbe.c offers to nu_p12_read.c and nu_p12_write.c:
 * passwords, password-based encryption and the MAC of PKCS#12. */

#ifndef NU_P12_INT_H
#define NU_P12_INT_H

#include <pk11pub.h>
#include <secasn1.h>
#include <secoid.h>

#include "nssutil/nu_p12.h"

/* A password in the two forms that key derivations take: PBKDF2 takes UTF-8
 * without its NUL; PKCS#12's own takes UTF-16, big-endian, with two NULs (RFC
 * 7292, B.1). OpenSSL 3, GnuTLS and NSS agree on both. */
struct p12_password {
	SECItem utf8, bmp;
};

/* Both forms, in arena. SEC_ERROR_INVALID_ARGS: text is not UTF-8. */
SECStatus p12_password_make(PLArenaPool *arena, const char *text,
                            struct p12_password *ret_password);
/* The form that this algorithm takes. */
SECItem *p12_password_for(struct p12_password *password,
                          SECAlgorithmID *algorithm);

/* UTF-8 -> BMPString contents, and back; in arena. BMPString knows no
 * characters beyond U+FFFF, but everybody writes their UTF-16.
 * SEC_ERROR_INVALID_ARGS: malformed. */
SECStatus p12_bmp_from_utf8(PLArenaPool *arena, const char *text,
                            SECItem *ret_bmp);
char *p12_bmp_to_utf8(PLArenaPool *arena, const SECItem *bmp);

/* A slot that does password-based encryption, logged in if it needs that, as
 * in FIPS mode. The caller owns it. */
PK11SlotInfo *p12_slot(void *wincx);

enum p12_kdf {
	P12_KDF_GOOD,
	P12_KDF_MALFORMED,
	P12_KDF_UNKNOWN,  /* an algorithm we do not have */
	P12_KDF_TOO_SLOW  /* an absurd number of iterations */
};

/* What a file may ask for; each of its parts, and all of them. */
#define P12_MAX_ITERATIONS       10000000L
#define P12_MAX_TOTAL_ITERATIONS 20000000L

/* Can algorithm, a PBE or PBMAC1, be computed, and is it worth it? */
enum p12_kdf p12_pbe_check(SECAlgorithmID *algorithm, long *ret_iterations);
/* INTEGER octets of an iteration count. */
enum p12_kdf p12_iterations(const SECItem *octets, long *ret_iterations);

/* Encrypt or decrypt data, to arena. A wrong password is some NSS error, or
 * success and garbage. */
SECStatus p12_encrypt(PLArenaPool *arena, SECAlgorithmID *algorithm,
                      struct p12_password *password, const SECItem *data,
                      void *wincx, SECItem *ret_data);
SECStatus p12_decrypt(PLArenaPool *arena, SECAlgorithmID *algorithm,
                      struct p12_password *password, const SECItem *data,
                      void *wincx, SECItem *ret_data);

/* HMAC of data with a key that PKCS#12's own derivation makes (RFC 7292, 4 and
 * B.4) or, for PBMAC1, PBKDF2 (RFC 9579). */
struct p12_mac {
	SECOidTag digest;       /* a hash, or SEC_OID_PKCS5_PBMAC1 */
	SECItem salt;           /* for a hash */
	long iterations;
	SECAlgorithmID *pbmac1; /* for PBMAC1 */
};
PRBool p12_mac_known(SECOidTag digest);
/* SEC_ERROR_INVALID_ALGORITHM: one that we do not have. */
SECStatus p12_mac_compute(PLArenaPool *arena, const struct p12_mac *mac,
                          struct p12_password *password, const SECItem *data,
                          void *wincx, SECItem *ret_mac);

#endif
