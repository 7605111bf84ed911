/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_envelope.h - what is encrypted to a key: EncryptedValue (RFC 2511, 2.1.9
 * of RFC 4211) and CMS EnvelopedData (RFC 5652, 6), made and opened.
 *
 * Written: AES-256-CBC, under a key that goes by RSA (PKCS#1 v1.5, which every
 * reader has) or, in CMS only, by ECDH with a fresh key (RFC 5753:
 * dhSinglePass-stdDH-sha256kdf, AES-256 key wrap). Read: AES and 3DES in CBC
 * mode, RSA-OAEP, and ECDH with the other hashes and AES wraps too.
 *
 * In CMS the recipient is named by the SHA-1 of its public key's bits; when
 * opening, names are not looked at: whatever the key opens is its own. */

#ifndef NU_ENVELOPE_H
#define NU_ENVELOPE_H

#include <cert.h>
#include <keyhi.h>
#include <pk11pub.h>

enum nu_envelope_form {
	NU_ENVELOPE_VALUE, /* EncryptedValue, a SEQUENCE; RSA only */
	NU_ENVELOPE_CMS    /* [0] EnvelopedData, implicit */
};

/* EncryptedKey (RFC 4211, 6.4) with key as PKCS#8 PrivateKeyInfo, for the
 * holder of to. The key never leaves its token in the clear, so EnvelopedData
 * holds it as id-data. NULL and an NSS error; SEC_ERROR_UNSUPPORTED_KEYALG: no
 * such form for such a key; SEC_ERROR_PKCS12_UNABLE_TO_EXPORT_KEY: it may not
 * leave. Free it with SECITEM_ZfreeItem(x, PR_TRUE), as what follows. */
SECItem *nu_envelope_wrap_key(SECKEYPrivateKey *key, SECKEYPublicKey *to,
                              enum nu_envelope_form form, void *wincx);
/* The same for the control pkiArchiveOptions of a request by subject (a whole
 * Name). RSA gets EncryptedValue, which authorities have always read; EC gets
 * EnvelopedData with an EncKeyWithID, which says that the key is subject's.
 * That is put together outside, so the key is for a moment in our memory.
 * SEC_ERROR_PKCS12_UNABLE_TO_EXPORT_KEY: also when its token forbids this. */
SECItem *nu_envelope_archive_key(SECKEYPrivateKey *key, SECKEYPublicKey *to,
                                 const SECItem *subject, void *wincx);
/* The key in encrypted (a whole EncryptedKey of either form), decrypted with
 * opener into slot: a session object, or with permanent a token object
 * labelled label. pub is its other half, which is proved first. EncKeyWithID
 * and AsymmetricKeyPackage (RFC 5958) are opened too; only then is the key for
 * a moment in our memory. The caller owns it. */
SECKEYPrivateKey *nu_envelope_unwrap_key(const SECItem *encrypted,
                                         SECKEYPrivateKey *opener,
                                         SECKEYPublicKey *pub,
                                         PK11SlotInfo *slot, PRBool permanent,
                                         const char *label, void *wincx);
/* Is the key in encrypted pub's other half, and is it subject's (a whole Name),
 * if it says whose it is? SEC_ERROR_BAD_DATA: it is not. */
SECStatus nu_envelope_proves_key(const SECItem *encrypted,
                                 SECKEYPrivateKey *opener, SECKEYPublicKey *pub,
                                 const SECItem *subject, void *wincx);
/* Any bytes, as a certificate, to a public key and back. SEC_ERROR_BAD_DATA:
 * opener does not open it, or it was changed. */
SECItem *nu_envelope_seal(const SECItem *data, SECKEYPublicKey *to,
                          enum nu_envelope_form form, void *wincx);
SECItem *nu_envelope_open(const SECItem *sealed, SECKEYPrivateKey *opener,
                          void *wincx);
/* Is opener on a token that can open envelopes at all? Tried with a key of our
 * own, so that no sender learns anything. Not every token derives from an EC
 * key what ECDH needs here. */
PRBool nu_envelope_can_open(SECKEYPrivateKey *opener, void *wincx);

/* Could some key open it? SEC_ERROR_BAD_DER: it is neither form, or malformed;
 * SEC_ERROR_INVALID_ALGORITHM: it uses what we do not have. Opening says the
 * same. */
SECStatus nu_envelope_check(const SECItem *sealed);

#endif
