/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_signed.h - CMS SignedData of one signer (RFC 5652, 5): written as DER,
 * read as BER. */

#ifndef NU_SIGNED_H
#define NU_SIGNED_H

#include <keyhi.h>
#include <prtime.h>
#include <secitem.h>

struct nu_signing {
	const SECItem *content;
	PRBool detached;      /* the content does not go along */
	SECKEYPrivateKey *key;
	const SECItem *certs; /* whole: the signer's, then others that go
	                       * along */
	size_t n_certs;
	PRTime time;          /* signingTime */
};

/* A ContentInfo, with SHA-256 and signed attributes. NULL and an NSS error.
 * Free it with SECITEM_ZfreeItem(x, PR_TRUE). */
SECItem *nu_signed_encode(const struct nu_signing *signing);

/* The content of a SignedData that has one, id-data, and exactly one signer:
 * cert (whole) signed just that, by RSA or ECDSA with SHA-256, 384 or 512.
 * Certificates that came along are not looked at. Content that could be signed
 * attributes is refused where there are none: it might be another message's.
 * The content is put together in arena. SEC_ERROR_BAD_DER: malformed.
 * SEC_ERROR_BAD_SIGNATURE: something else. */
SECStatus nu_signed_verify(PLArenaPool *arena, const SECItem *signed_data,
                           const SECItem *cert, SECItem *ret_content);

#endif
