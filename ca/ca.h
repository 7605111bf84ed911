/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* ca.h - a small certification authority whose key is in the NSS database that
 * this process has open: psm_open() and psm_login() come first. Not installed.
 *
 * Errors are psm.h's. A failed call changes nothing. A struct ca belongs to
 * one thread at a time. */

#ifndef CA_H
#define CA_H

#include "psm/psm.h" /* enum psm_err; no call of it is used here */

struct ca;

/* A handle without an authority, or NULL when out of memory. */
PSM_MUST struct ca *ca_new(void);
void ca_free(struct ca *ca);
/* The details of the last failed call, or "". Valid until the next call. */
const char *ca_errmsg(const struct ca *ca);

/* Zero it, then set what differs. */
struct ca_params {
	const char *subject;        /* RFC 4514; needed */
	const char *nickname;       /* NULL: "ca" */
	enum psm_key_type key_type; /* PSM_KEY_RSA or PSM_KEY_EC */
	unsigned key_bits;          /* 0: RSA 3072, EC 256 */
	unsigned days;              /* 0: 3650 */
	const char *trust;          /* as certutil -t has it; NULL: "CT,C,C",
	                             * trusted to issue what there is */
};

/* Make a key and its self-signed certificate, and open it as ca_open() does.
 * PSM_E_EXISTS: the nickname is taken. PSM_E_ARGUMENT: no such trust. */
PSM_MUST enum psm_err ca_init(struct ca *ca, const struct ca_params *params);
/* Use the authority called nickname (NULL: "ca"). PSM_E_NOT_FOUND: no such
 * certificate, no key for it, or it is no CA's. */
PSM_MUST enum psm_err ca_open(struct ca *ca, const char *nickname);
/* Its certificate in DER, borrowed. NULL before ca_init() or ca_open(). */
const unsigned char *ca_cert_der(const struct ca *ca, size_t *ret_len);

enum ca_dialect {
	CA_DIALECT_CMMF,     /* CertRepContent with implicit tags */
	CA_DIALECT_CMP,      /* CertRepContent as RFC 4210 has it */
	CA_DIALECT_UNTAGGED, /* CertRepContent as NSS's lib/crmf wrote it */
	CA_DIALECT_CERT,     /* the certificates in PEM, the CA's last */
	CA_DIALECT_PKCS7     /* certificates only, PEM */
};

/* PKIFailureInfo bit numbers, RFC 4210, 5.2.3 (those a refusal can need). */
enum ca_fail {
	CA_FAIL_BAD_ALG = 0,
	CA_FAIL_BAD_REQUEST = 2,
	CA_FAIL_BAD_CERT_ID = 4,
	CA_FAIL_BAD_DATA_FORMAT = 5,
	CA_FAIL_BAD_POP = 9,
	CA_FAIL_BAD_CERT_TEMPLATE = 19
};

/* A request the caller wants refused. */
struct ca_refusal {
	const char *id;     /* certReqId in decimal; NULL: every request */
	const char *reason; /* statusString, UTF-8 */
	enum ca_fail fail;
};

/* Zero it, then set what differs. */
struct ca_options {
	enum ca_dialect dialect;
	unsigned days;       /* validity; 0: 365; never past the CA's own end */
	int64_t not_before;  /* 0: now, less five minutes */
	bool no_ca_pubs;     /* leave the CA's certificate out */
	bool allow_ca;       /* grant basicConstraints CA when asked for;
	                      * else such a request is refused */
	const char *email;   /* subjectAltName rfc822Name; NULL: the subject's
	                      * own e-mail attributes */
	const char *id;      /* certReqId in decimal to answer a PKCS#10 with;
	                      * NULL: -1, as RFC 4210 has it for p10cr */
	const struct ca_refusal *refusals;
	size_t n_refusals;
};

/* An answer. Borrowed parts live as long as it does. */
struct ca_answer {
	const char *text;         /* base64 in lines of 64, or PEM */
	const unsigned char *der; /* the same without armour;
	                           * CA_DIALECT_CERT: the first certificate */
	size_t der_len;           /* bytes */
	size_t n_issued, n_refused;
	const char *const *serials; /* n_issued, lower-case hexadecimal */
};

/* Answer a request: CertReqMessages (base64 or DER) or PKCS#10 (PEM, base64 or
 * DER). Each proof of possession is verified; one that fails, or a key too
 * weak, is answered by a rejection in the CertRepContent dialects and is
 * PSM_E_REQUEST in the others, which cannot say no.
 * PSM_E_REQUEST: it does not parse at all. Free with ca_answer_free(). */
PSM_MUST enum psm_err ca_issue(struct ca *ca, const void *request,
                               size_t request_len,
                               const struct ca_options *options,
                               struct ca_answer **ret_answer);
void ca_answer_free(struct ca_answer *answer);

#endif
