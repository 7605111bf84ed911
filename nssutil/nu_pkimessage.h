/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */
/* nu_pkimessage.h - CMP PKIMessage (RFC 4210, 5.1), as far as an answer's reader
 * needs it. */

#ifndef NU_PKIMESSAGE_H
#define NU_PKIMESSAGE_H

#include <keyhi.h>
#include <secitem.h>

/* PKIBody's tags that carry a CertRepMessage. */
enum { NU_BODY_IP = 1, NU_BODY_CP = 3, NU_BODY_KUP = 8, NU_BODY_ERROR = 23 };

/* Slices borrow the decoded bytes; an absent part has a NULL data pointer. */
struct nu_pkimessage {
	int body_type;
	SECItem body;           /* what the body's [n] holds, whole */
	SECItem protected_part; /* ProtectedPart, re-made as a SEQUENCE; of
	                         * arena */
	SECItem protection_alg; /* AlgorithmIdentifier, whole */
	SECItem protection;     /* the BIT STRING's octets */
	const SECItem *extra_certs;
	size_t n_extra_certs;
	PLArenaPool *arena;
};

/* der must outlive the result. SEC_ERROR_BAD_DER: malformed. */
SECStatus nu_pkimessage_decode(const SECItem *der, size_t max_certs,
                               struct nu_pkimessage **ret_message);
void nu_pkimessage_free(struct nu_pkimessage *message);

/* Does the protection hold? With a shared secret (password-based MAC, RFC 4210,
 * 5.1.3.1, or PBMAC1, RFC 9481), or with the signer's key.
 * SEC_ERROR_BAD_SIGNATURE: it does not; SEC_ERROR_INVALID_ALGORITHM: it
 * is of another kind. */
SECStatus nu_pkimessage_verify_secret(const struct nu_pkimessage *message,
                                      const char *secret);
SECStatus nu_pkimessage_verify_key(const struct nu_pkimessage *message,
                                   const SECItem *spki);

#endif
