/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_p12.h - PKCS#12 in memory (RFC 7292): written as DER, read as BER. */

#ifndef NU_P12_H
#define NU_P12_H

#include <cert.h>
#include <keyhi.h>
#include <pk11pub.h>

/* A certificate to be written, borrowed. */
struct nu_p12_item {
	CERTCertificate *cert;
	SECKEYPrivateKey *key;     /* NULL: a chain's certificate */
	const char *friendly_name; /* UTF-8, or NULL */
};

/* A PFX of these certificates and keys, each once. Keys are shrouded one by
 * one, certificates share one encrypted safe: PBES2 with AES-256-CBC and
 * HMAC-SHA-256, MAC with SHA-256; compat: PBE-SHA1-3DES for both, MAC with
 * SHA-1. password is UTF-8. NULL and an NSS error;
 * SEC_ERROR_PKCS12_UNABLE_TO_EXPORT_KEY: a key may not leave its token.
 * Free it with SECITEM_ZfreeItem(x, PR_TRUE). */
SECItem *nu_p12_encode(const struct nu_p12_item *items, size_t n_items,
                       const char *password, PRBool compat, void *wincx);

/* NSS's token keeps the passwords of its last three derivations, so as not to
 * derive again: make it keep others, which are nobody's. */
SECStatus nu_p12_forget(void *wincx);

enum nu_p12_verdict {
	NU_P12_GOOD,
	NU_P12_PASSWORD,    /* wrong password */
	NU_P12_DAMAGED,     /* not PKCS#12, cut, or changed */
	NU_P12_UNSUPPORTED, /* e.g. public-key integrity, no MAC */
	NU_P12_FAILED       /* out of memory and such: NSS's error says */
};

/* A certificate of an opened file; slices live as long as the nu_p12. */
struct nu_p12_cert {
	SECItem der;
	const char *friendly_name; /* UTF-8, or NULL */
	PRBool has_key;            /* its private key is in the file */
};

struct nu_p12;

/* Open a file's bytes, which are borrowed until nu_p12_free(). The MAC is
 * checked by NSS. When it fails, whatever else the password opens tells a wrong
 * password from a damaged file.
 *   ret_why  for anything but NU_P12_GOOD: what is wrong, static text */
enum nu_p12_verdict nu_p12_open(const SECItem *file, const char *password,
                                void *wincx, struct nu_p12 **ret_p12,
                                const char **ret_why);
void nu_p12_free(struct nu_p12 *p12);
size_t nu_p12_count(const struct nu_p12 *p12);
const struct nu_p12_cert *nu_p12_cert_at(const struct nu_p12 *p12, size_t i);
/* Private keys in the file that no certificate of it belongs to. */
size_t nu_p12_stray_keys(const struct nu_p12 *p12);

/* Decrypt the key of certificate i into slot, as a session object or, with
 * permanent, as a token object labelled label. It is proved to be the
 * certificate's first. NULL and an NSS error. The caller owns it. */
SECKEYPrivateKey *nu_p12_import_key(struct nu_p12 *p12, size_t i,
                                    PK11SlotInfo *slot, PRBool permanent,
                                    const char *label, void *wincx);

#endif
