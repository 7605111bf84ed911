/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_cipher.h - ciphers under keys that come as octets, also in FIPS mode, in
 * which a token takes no key in the clear. */

#ifndef NU_CIPHER_H
#define NU_CIPHER_H

#include <pk11pub.h>

/* A key of at most 64 octets for operation (CKA_SIGN, CKA_ENCRYPT, CKA_DECRYPT)
 * of mechanism, in slot, which is logged in if it needs that. NULL and an NSS
 * error. The caller owns it. */
PK11SymKey *nu_cipher_key(PK11SlotInfo *slot, CK_MECHANISM_TYPE mechanism,
                          CK_ATTRIBUTE_TYPE operation, const SECItem *octets);

enum nu_cipher { NU_CIPHER_CBC, NU_CIPHER_GCM, NU_CIPHER_ECB };
enum { NU_CIPHER_BLOCK = 16, NU_CIPHER_TAG = 16 };

/* AES under key (16, 24 or 32 octets). CBC and ECB: whole blocks, which the
 * caller has padded. GCM: the tag of 16 octets comes after the text.
 *   iv   16 octets for CBC, 12 for GCM, none for ECB
 *   out  has room for out->len octets; gets the length
 * SEC_ERROR_BAD_DATA: the tag is wrong. */
SECStatus nu_cipher_encrypt(enum nu_cipher cipher, const SECItem *key,
                            const SECItem *iv, const SECItem *text,
                            void *wincx, SECItem *out);
SECStatus nu_cipher_decrypt(enum nu_cipher cipher, const SECItem *key,
                            const SECItem *iv, const SECItem *sealed,
                            void *wincx, SECItem *out);

#endif
