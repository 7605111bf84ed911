/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pfx.h - PKCS#12 files made for others: the sealed and signed request, the
 * key, the file. NSS is open (psm_open(), psm_login()); any thread, unless it
 * says otherwise. Not installed.
 *
 * Errors are psm.h's, without further details. */

#ifndef CA_PFX_H
#define CA_PFX_H

#include "ca/ca.h"

/* --- for a program without a database --------------------------------- */

/* NSS in memory alone, in place of psm_open(); pfx_end() closes it. */
PSM_MUST enum psm_err pfx_begin(void);
void pfx_end(void);

/* Strict base64, white space anywhere; pfx_wipe() it. PSM_E_REQUEST: it is
 * none, or empty. Needs no NSS. */
PSM_MUST enum psm_err pfx_base64(const char *text, size_t len,
                                 unsigned char **ret_bytes, size_t *ret_len);

/* --- the request ------------------------------------------------------ */

enum pfx_cipher {
	PFX_CBC, /* AES-256-CBC: IV (16 bytes), then PKCS#7-padded text */
	PFX_GCM, /* AES-256-GCM: nonce (12 bytes), text, tag (16 bytes) */
	PFX_ECB  /* AES-256-ECB, PKCS#7-padded: for old clients */
};

enum { PFX_KEY_SIZE = 32 }; /* bytes */

/* *ret_sealed is the caller's to free(). PSM_E_ARGUMENT: more than pfx_open()
 * takes, which is 256 KiB when it is sealed. */
PSM_MUST enum psm_err pfx_seal(enum pfx_cipher cipher,
                               const unsigned char key[PFX_KEY_SIZE],
                               const void *text, size_t len,
                               unsigned char **ret_sealed, size_t *ret_len);
/* The text, with a NUL after it that is not counted; pfx_wipe() it.
 * PSM_E_REQUEST: malformed. Of CBC and ECB a wrong padding is not told from
 * garbage, in words or time: the text is then bytes of no meaning, as long as
 * they would be without padding. Who reads it looks whether it is text. */
PSM_MUST enum psm_err pfx_open(enum pfx_cipher cipher,
                               const unsigned char key[PFX_KEY_SIZE],
                               const void *sealed, size_t len,
                               unsigned char **ret_text, size_t *ret_len);
/* Zero and free. NULL is fine. */
void pfx_wipe(unsigned char *text, size_t len);

/* A CMS SignedData (RFC 5652) with content inside, by the key of a PKCS#12
 * file, whose certificate goes along: SHA-256. For who calls the service.
 * PSM_E_PASSWORD, PSM_E_PKCS12, PSM_E_PKCS12_KIND: the file does not open, or
 * has no key. PSM_E_ARGUMENT: over 256 KiB. *ret_signed is the caller's to
 * free(). */
PSM_MUST enum psm_err pfx_sign(const void *file, size_t file_len,
                               const char *password, const void *content,
                               size_t len, unsigned char **ret_signed,
                               size_t *ret_len);
/* The content of a SignedData (DER or BER, at most 256 KiB), with a NUL after
 * it that is not counted, if cert (DER) signed just that, with SHA-256 or
 * better; pfx_wipe() it. PSM_E_REQUEST: not so, whatever is wrong. Whether cert
 * is to be trusted, or has expired, is not asked. */
PSM_MUST enum psm_err pfx_verify(const void *signed_data, size_t signed_len,
                                 const void *cert, size_t cert_len,
                                 unsigned char **ret_content, size_t *ret_len);
/* Is it a certificate (DER), which pfx_verify() could take? Needs no NSS. */
bool pfx_is_cert(const void *der, size_t len);

/* --- keys ------------------------------------------------------------- */

enum pfx_kind {
	PFX_RSA_1024, PFX_RSA_2048, PFX_RSA_3072, PFX_RSA_4096,
	PFX_EC_P256, PFX_EC_P384,
	PFX_N_KINDS
};

/* "RSA-2048" and so on, in any case. false: there is none. */
bool pfx_kind_by_name(const char *name, enum pfx_kind *ret_kind);
const char *pfx_kind_name(enum pfx_kind kind);

/* A private key in memory alone: a session object. */
struct pfx_key;
/* Keys made ahead, by a thread of its own of low priority. */
struct pfx_pool;

/* ready[kind]: how many are kept, 1,000 at most. NULL: out of memory, or no
 * thread. */
PSM_MUST struct pfx_pool *pfx_pool_new(const unsigned ready[PFX_N_KINDS]);
/* Another number of them from now on; those there are stay. */
void pfx_pool_want(struct pfx_pool *pool, const unsigned ready[PFX_N_KINDS]);
/* A key for the caller alone: a ready one, or one made now. Neither waits for
 * what the thread is making. */
PSM_MUST enum psm_err pfx_pool_take(struct pfx_pool *pool, enum pfx_kind kind,
                                    struct pfx_key **ret_key);
/* How many are ready. */
size_t pfx_pool_ready(struct pfx_pool *pool, enum pfx_kind kind);
/* Destroy those that are left; one that is being made is waited for, seconds if
 * it is RSA-4096. Before NSS is closed. NULL is fine. */
void pfx_pool_free(struct pfx_pool *pool);
void pfx_key_free(struct pfx_key *key);

/* A PKCS#10 for ca_request_open(), which proves possession of it; subject and
 * extensions are ca_options' to say. *ret_der is the caller's to free(). */
PSM_MUST enum psm_err pfx_key_request(const struct pfx_key *key,
                                      unsigned char **ret_der,
                                      size_t *ret_len);

/* --- the file --------------------------------------------------------- */

struct pfx_cert {
	const void *der;
	size_t len;
};

/* The key, its certificate (certs[0]) and the rest of the chain as PKCS#12
 * under password (UTF-8), called name, as psm_backup() writes it.
 * PSM_E_CERTIFICATE: certs[0] is not the key's. *ret_file is the caller's to
 * free(). Takes a hundred milliseconds or more. */
PSM_MUST enum psm_err pfx_make(const struct pfx_key *key,
                               const struct pfx_cert *certs, size_t n_certs,
                               const char *password, const char *name,
                               unsigned char **ret_file, size_t *ret_len);

#endif
