/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */
/* nu_envelope.h - what is encrypted to a key: EncryptedValue (RFC 4211, 2.1.9
 * of RFC 2511) and CMS EnvelopedData (RFC 5652, 6), made and opened. */

#ifndef NU_ENVELOPE_H
#define NU_ENVELOPE_H

#include <cert.h>
#include <keyhi.h>
#include <pk11pub.h>

enum nu_envelope_form {
	NU_ENVELOPE_VALUE, /* EncryptedValue, a SEQUENCE */
	NU_ENVELOPE_CMS    /* [0] EnvelopedData, implicit */
};

/* EncryptedKey (RFC 4211, 6.4) with key as PKCS#8 PrivateKeyInfo, for the
 * holder of to. The key never leaves its token in the clear. NULL and an NSS
 * error. Free it with SECITEM_ZfreeItem(x, PR_TRUE), as what follows. */
SECItem *nu_envelope_wrap_key(SECKEYPrivateKey *key, SECKEYPublicKey *to,
                              enum nu_envelope_form form, void *wincx);
/* The key in encrypted (a whole EncryptedKey of either form), decrypted with
 * opener into slot: a session object, or with permanent a token object
 * labelled label. pub is its other half, which is proved. The caller owns it. */
SECKEYPrivateKey *nu_envelope_unwrap_key(const SECItem *encrypted,
                                         SECKEYPrivateKey *opener,
                                         SECKEYPublicKey *pub,
                                         PK11SlotInfo *slot, PRBool permanent,
                                         const char *label, void *wincx);
/* Any bytes, as a certificate, to a public key and back. */
SECItem *nu_envelope_seal(const SECItem *data, SECKEYPublicKey *to,
                          enum nu_envelope_form form, void *wincx);
SECItem *nu_envelope_open(const SECItem *sealed, SECKEYPrivateKey *opener,
                          void *wincx);

#endif
