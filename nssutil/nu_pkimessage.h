/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_pkimessage.h - CMP PKIMessage (RFC 4210, 5.1), as far as the reader of an
 * answer needs it. */

#ifndef NU_PKIMESSAGE_H
#define NU_PKIMESSAGE_H

#include <keyhi.h>
#include <secitem.h>

#include "nssutil/nu_cmmf.h"

/* PKIBody's tags that carry a CertRepMessage. */
enum { NU_BODY_IP = 1, NU_BODY_CP = 3, NU_BODY_KUP = 8, NU_BODY_ERROR = 23 };

/* Slices borrow the decoded bytes; an absent part has a NULL data pointer. */
struct nu_pkimessage {
	SECItem sender;         /* GeneralName, whole */
	int body_type;          /* PKIBody's tag, 0 .. 30 */
	SECItem body;           /* what the body's [n] holds, whole */
	struct nu_cert_response error; /* of NU_BODY_ERROR: status, fail_info,
	                         * and texts, errorDetails behind the others */
	SECItem protected_part; /* ProtectedPart, re-made as a SEQUENCE; of
	                         * arena */
	SECItem protection_alg; /* AlgorithmIdentifier, whole */
	SECItem protection;     /* the BIT STRING's octets */
	const SECItem *extra_certs;
	size_t n_extra_certs;
	PLArenaPool *arena;
};

/* der must outlive the result. Without protection there is no protection_alg
 * and the other way round. SEC_ERROR_BAD_DER: malformed. SEC_ERROR_INPUT_LEN:
 * more than max_certs extraCerts. They are checked as far as nu_cert_read()
 * goes, the body only as that of an error. Free it with
 * nu_pkimessage_free(). */
SECStatus nu_pkimessage_decode(const SECItem *der, size_t max_certs,
                               struct nu_pkimessage **ret_message);
void nu_pkimessage_free(struct nu_pkimessage *message);

/* Is it a MAC, made with a shared secret? Otherwise it is a signature, or of no
 * kind we know. */
PRBool nu_pkimessage_is_mac(const struct nu_pkimessage *message);
/* Does the protection hold? With a shared secret (password-based MAC, RFC 4210,
 * 5.1.3.1, of 100 to 100,000 iterations; or PBMAC1, RFC 9481, of a million at
 * most), or with the signer's key.
 * SEC_ERROR_BAD_SIGNATURE: it does not, or there is none;
 * SEC_ERROR_INVALID_ALGORITHM: it is of another kind, or asks for too much. */
SECStatus nu_pkimessage_verify_secret(const struct nu_pkimessage *message,
                                      const char *secret);
SECStatus nu_pkimessage_verify_key(const struct nu_pkimessage *message,
                                   const SECItem *spki);

#endif
