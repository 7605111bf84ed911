/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_certs.h - certificates as they are sent in heaps, and who issued whom. */

#ifndef NU_CERTS_H
#define NU_CERTS_H

#include <secitem.h>

/* What an answer begins with tells what it is: no two of these look alike. */
enum nu_answer {
	NU_ANSWER_NONE,       /* none of these */
	NU_ANSWER_CERT_REP,   /* SEQUENCE { [1] ... or { SEQUENCE } */
	NU_ANSWER_PKIMESSAGE, /* SEQUENCE { SEQUENCE, [n] ... */
	NU_ANSWER_CERTS       /* SEQUENCE { OID ... or { SEQUENCE twice ... */
};
enum nu_answer nu_answer_kind(const SECItem *der);
/* The same for bytes that may be text: DER begins with a SEQUENCE's octet,
 * which no base64 of it and no PEM does. */
PRBool nu_answer_is_der(const void *data, size_t len);

enum nu_certs_form {
	NU_CERTS_PLAIN,   /* certificates one after another */
	NU_CERTS_PKCS7,   /* SignedData without signers (RFC 2315, 9) */
	NU_CERTS_NETSCAPE /* a Netscape certificate sequence */
};

/* At least one certificate, each a whole Certificate, in the order sent: slices
 * of the decoded bytes. */
struct nu_certs {
	PLArenaPool *arena;
	enum nu_certs_form form;
	const SECItem *certs;
	size_t n;
};

/* Decode der, which must outlive the result. PKCS#7 may be BER; certificates
 * are DER, and checked as far as nu_cert_read() goes. SEC_ERROR_BAD_DER:
 * malformed, or without a certificate. SEC_ERROR_UNSUPPORTED_MESSAGE_TYPE: a
 * ContentInfo of another kind, or one that is signed. SEC_ERROR_INPUT_LEN: more
 * than max. Free it with nu_certs_free(). */
SECStatus nu_certs_decode(const SECItem *der, size_t max,
                          struct nu_certs **ret_certs);
void nu_certs_free(struct nu_certs *certs);

/* Has text a PEM block? */
PRBool nu_pem_is(const char *text, size_t len);
/* What the PEM blocks in text hold: of the only one, whatever it is, or of
 * several, certificates one after another. Words may stand around them.
 * SEC_ERROR_BAD_DATA: one is damaged. SEC_ERROR_BAD_DER: one of several is
 * no certificate. Free ret_der's data with SECITEM_ZfreeItem(ret_der, 0). */
SECStatus nu_pem_decode_all(const char *text, size_t len, SECItem *ret_der);

/* Was cert signed by issuer, whose subject is its issuer and who may sign
 * certificates? Both are whole Certificates. No, with an NSS error, when it
 * cannot be told. */
PRBool nu_cert_issued(const SECItem *issuer, const SECItem *cert);

#endif
