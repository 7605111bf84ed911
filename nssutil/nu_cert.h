/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_cert.h - a certificate as slices (RFC 5280, 4.1): no database is asked and
 * nothing is copied, which CERT_DecodeDERCertificate() cannot offer. */

#ifndef NU_CERT_H
#define NU_CERT_H

#include <keyhi.h>
#include <prtime.h>
#include <secitem.h>

/* Slices of the certificate's own bytes; an absent part has no data. */
struct nu_cert {
	SECItem serial;     /* INTEGER octets */
	SECItem issuer;     /* Name, whole */
	SECItem subject;    /* Name, whole */
	SECItem spki;       /* SubjectPublicKeyInfo, whole */
	SECItem extensions; /* contents: Extension after Extension */
	PRTime not_before, not_after;
	PRBool one_algorithm; /* signatureAlgorithm is what was signed (RFC
	                       * 5280, 4.1.1.2) */
};

/* SEC_ERROR_BAD_DER or SEC_ERROR_INVALID_TIME: malformed. */
SECStatus nu_cert_read(const SECItem *der, struct nu_cert *ret_cert);

/* Two certificates of one issuer and serial number. */
PRBool nu_cert_same_serial(const struct nu_cert *a, const struct nu_cert *b);
/* Does extension basicConstraints say cA TRUE? No when it does not parse. */
PRBool nu_cert_is_ca(const struct nu_cert *cert);
/* The kind of its key, and its size in bits; nullKey and 0: neither RSA,
 * EC on a curve we know, nor DSA. */
KeyType nu_cert_key(const struct nu_cert *cert, unsigned *ret_bits);
/* subjectKeyIdentifier and authorityKeyIdentifier's keyIdentifier, octets; no
 * data when absent or malformed. */
SECItem nu_cert_subject_key_id(const struct nu_cert *cert);
SECItem nu_cert_authority_key_id(const struct nu_cert *cert);

#endif
