/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_p10.h - PKCS#10 CertificationRequest <-> C (RFC 2986). */

#ifndef NU_P10_H
#define NU_P10_H

#include "nssutil/nu_crmf.h"

/* A request signed by key: subject, spki, key_usage and is_ca of template are
 * used, the extensions in an extensionRequest attribute. NULL and an NSS
 * error. Free it with SECITEM_ZfreeItem(x, PR_TRUE). */
SECItem *nu_p10_encode(const struct nu_cert_template *template,
                       SECKEYPrivateKey *key);

/* A decoded request; slices borrow the decoded bytes. */
struct nu_p10 {
	SECItem info;       /* CertificationRequestInfo, whole: what is signed */
	SECItem subject;    /* Name, whole */
	SECItem spki;       /* SubjectPublicKeyInfo, whole */
	SECItem extensions; /* contents: Extension after Extension; or NULL */
	SECItem algorithm;  /* AlgorithmIdentifier, whole */
	SECItem signature;  /* octets */
	PRBool has_password; /* a challengePassword (RFC 2985, 5.4.1) */
};

/* SEC_ERROR_BAD_DER: malformed. der must outlive the result. */
SECStatus nu_p10_decode(const SECItem *der, struct nu_p10 *ret_p10);
/* SEC_ERROR_BAD_SIGNATURE: its own key did not sign it. */
SECStatus nu_p10_verify(const struct nu_p10 *p10);

#endif
