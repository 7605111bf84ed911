/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_keyfile.h - a private key as files carry it: PKCS#8 (RFC 5208), PKCS#1
 * (RFC 8017), SEC 1 (RFC 5915) and OpenSSL's DSA, in DER or PEM. */

#ifndef NU_KEYFILE_H
#define NU_KEYFILE_H

#include <keyhi.h>
#include <pk11pub.h>

enum nu_keyfile_verdict {
	NU_KEYFILE_GOOD,
	NU_KEYFILE_PASSWORD,    /* a wrong one, or none where one is needed */
	NU_KEYFILE_DAMAGED,     /* no key, cut, or changed */
	NU_KEYFILE_UNSUPPORTED, /* of a kind, or encrypted in a way, we lack */
	NU_KEYFILE_FAILED       /* out of memory and such: NSS's error says */
};

/* The key in file as a PrivateKeyInfo of version 0 without attributes. It may
 * be encrypted, as an EncryptedPrivateKeyInfo (by what PKCS#5 and PKCS#12 have)
 * or as PEM (RFC 1421's headers, the key made as OpenSSL makes it). Of several
 * keys in PEM the first.
 *   password  UTF-8, or NULL
 *   ret_why   for anything but NU_KEYFILE_GOOD: what is wrong, static text
 * Free ret_info's data with SECITEM_ZfreeItem(x, PR_FALSE). */
enum nu_keyfile_verdict nu_keyfile_read(const SECItem *file,
                                        const char *password, void *wincx,
                                        SECItem *ret_info,
                                        const char **ret_why);

/* A session object in slot of a PrivateKeyInfo, with NSS's CKA_ID for pub,
 * whose other half it is proved to be. NULL and an NSS error;
 * SEC_ERROR_BAD_KEY: it is another's. The caller owns it. */
SECKEYPrivateKey *nu_keyfile_import(const SECItem *info, SECKEYPublicKey *pub,
                                    PK11SlotInfo *slot, void *wincx);

#endif
