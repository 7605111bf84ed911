/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_p12_int.h - what the nu_p12_*.c share. */

#ifndef NU_P12_INT_H
#define NU_P12_INT_H

#include <pk11pub.h>
#include <secasn1.h>
#include <secoid.h>

#include "nssutil/nu_p12.h"

/* --- nu_p12_pbe.c: passwords, encryption, MAC --------------------------- */

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

/* What a file may ask for: each of its parts, and all that must be opened. NSS
 * makes a part of 600,000 for each certificate. */
#define P12_MAX_ITERATIONS       10000000L
#define P12_MAX_TOTAL_ITERATIONS 100000000L

/* Can algorithm, of encryption or PBMAC1, be computed, and is it worth it? */
enum p12_kdf p12_pbe_check(SECAlgorithmID *algorithm, long *ret_iterations);
enum p12_kdf p12_pbmac1_check(SECAlgorithmID *algorithm, long *ret_iterations);
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

/* --- nu_p12_tmpl.c: what the decoder makes of the bytes ------------------ */

struct p12_content_info {
	SECItem type, content;
};

struct p12_pfx {
	SECItem version;
	struct p12_content_info auth_safe;
	SECItem mac;
};

struct p12_digest_info {
	SECAlgorithmID algorithm;
	SECItem digest;
};

/* MacData. */
struct p12_mac_part {
	struct p12_digest_info info;
	SECItem salt, iterations;
};

struct p12_encrypted_content {
	SECItem type;
	SECAlgorithmID algorithm;
	SECItem cipher;
};

struct p12_encrypted_data {
	SECItem version;
	struct p12_encrypted_content content;
	SECItem attributes;
};

struct p12_attribute {
	SECItem type;
	SECItem **values;
};

struct p12_bag {
	SECItem type, value;
	struct p12_attribute **attributes;
};

struct p12_contents {
	struct p12_bag **bags;
};

struct p12_auth_safe {
	struct p12_content_info **infos;
};

extern const SEC_ASN1Template p12_octets_template[];
extern const SEC_ASN1Template p12_bmp_template[];
extern const SEC_ASN1Template p12_algorithm_template[];
extern const SEC_ASN1Template p12_content_info_template[];
extern const SEC_ASN1Template p12_pfx_template[];
extern const SEC_ASN1Template p12_mac_template[];
extern const SEC_ASN1Template p12_encrypted_data_template[];
extern const SEC_ASN1Template p12_shrouded_template[];
extern const SEC_ASN1Template p12_contents_template[];
extern const SEC_ASN1Template p12_auth_safe_template[];

/* --- nu_p12_read.c: a file's contents ----------------------------------- */

/* An encrypted SafeContents. */
struct p12_safe {
	SECAlgorithmID algorithm;
	SECItem cipher;
};

/* A private key, shrouded or plain (a PrivateKeyInfo). */
struct p12_key {
	SECKEYEncryptedPrivateKeyInfo shrouded;
	SECItem plain;
	SECItem local_id;
	const char *name;
	PRBool is_taken; /* a certificate has it */
};

struct p12_cert {
	struct nu_p12_cert shown;
	SECItem local_id;
	struct p12_key *key;
};

struct p12_list {
	void *items;
	size_t n, item_size;
};

struct nu_p12 {
	PLArenaPool *arena; /* zeroed when freed: it sees plain keys */
	struct p12_password password;
	struct p12_list safes, keys, certs;
	long iterations; /* asked for so far */
	size_t trials;   /* of a key with a certificate, so far */
	void *wincx;     /* during nu_p12_open() */
	enum nu_p12_verdict verdict;
	const char *why;
};

struct p12_key *p12_keys(const struct nu_p12 *p12);
struct p12_cert *p12_certs(const struct nu_p12 *p12);

/* Note a verdict; all of these are SECFailure. */
SECStatus p12_fail(struct nu_p12 *p12, enum nu_p12_verdict verdict,
                   const char *why);
/* After a failure of NSS's: as above, unless it is about memory or a token. */
SECStatus p12_fail_nss(struct nu_p12 *p12, enum nu_p12_verdict verdict,
                       const char *why);
SECStatus p12_damaged(struct nu_p12 *p12);

/* BER by a template; copies to the arena. No verdict. */
SECStatus p12_decode(struct nu_p12 *p12, const SEC_ASN1Template *template,
                     const SECItem *encoded, void *ret_value);
/* With verdicts: is this good, and may so many iterations still be spent? */
SECStatus p12_check_kdf(struct nu_p12 *p12, enum p12_kdf kdf);
SECStatus p12_spend(struct nu_p12 *p12, long iterations);
SECStatus p12_spend_on(struct nu_p12 *p12, SECAlgorithmID *algorithm);

/* AuthenticatedSafe: its plain parts go to keys and certs, the others to safes,
 * as yet unopened. */
SECStatus p12_read_auth_safe(struct nu_p12 *p12, const SECItem *encoded);
/* Decrypt one, and see that SafeContents come out. */
SECStatus p12_open_safe(struct nu_p12 *p12, struct p12_safe *safe,
                        SECItem *ret_plain);
/* What all the safes hold goes to keys and certs. */
SECStatus p12_read_encrypted(struct nu_p12 *p12);

/* --- nu_p12_key.c: keys -------------------------------------------------- */

/* Give the certificates their keys. */
SECStatus p12_match_keys(struct nu_p12 *p12);

/* Where a key goes. */
struct p12_target {
	PLArenaPool *arena;            /* of what is needed on the way */
	struct p12_password *password; /* it is, or will be, encrypted by */
	PK11SlotInfo *slot;
	SECKEYPublicKey *pub;          /* the other half */
	void *wincx;
};
/* A PrivateKeyInfo into a slot, as a session object or a token's. label may be
 * NULL. Nothing is proved. NULL and an NSS error. */
SECKEYPrivateKey *p12_import_plain(const SECItem *plain,
                                   const struct p12_target *to,
                                   const char *label, PRBool permanent);

/* A copy of key, which cert belongs to, on NSS's own token for this session,
 * carried there wrapped. NULL and an NSS error: its token cannot wrap it. */
SECKEYPrivateKey *p12_carry_key(SECKEYPrivateKey *key, CERTCertificate *cert,
                                void *wincx);

#endif
