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

struct ca_challenge;

/* How a certificate goes whose key cannot sign: in the open, or so that only
 * its key's holder can read it, which proves possession of the key (RFC 4210,
 * 5.2.8.2). CertRepContent dialects only. */
enum ca_encrypt {
	CA_ENCRYPT_NOTHING,
	CA_ENCRYPT_VALUE, /* EncryptedValue; to EC keys EnvelopedData */
	CA_ENCRYPT_CMS    /* EnvelopedData (RFC 5652) */
};

/* What a certificate that is no CA's is good for. */
enum ca_purpose {
	CA_PURPOSE_CLIENT, /* extended key usage clientAuth, and with addresses
	                    * emailProtection */
	CA_PURPOSE_SERVER  /* serverAuth */
};

/* Zero it, then set what differs. */
struct ca_options {
	enum ca_dialect dialect;
	enum ca_purpose purpose;
	const char *const *server_names; /* subjectAltName of CA_PURPOSE_SERVER,
	                      * one or more: host names, "*." before one for
	                      * those below it, or numeric addresses */
	size_t n_server_names;
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
	const char *pop_nickname; /* of a certificate with its key here, which an
	                      * agreeMAC is verified with; NULL: the CA's */
	const char *escrow_nickname; /* of another, which opens an archived key
	                      * that proves its own possession; NULL: none
	                      * does */
	const struct ca_challenge *challenge; /* or NULL: what it has proved
	                      * needs no other proof of possession */
	enum ca_encrypt encrypt;
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
 * DER). Each proof of possession is verified; one that fails, a key too weak,
 * or a subject that is malformed or the authority's own, is answered by a
 * rejection in the CertRepContent dialects and is PSM_E_REQUEST in the others,
 * which cannot say no.
 * PSM_E_REQUEST: it does not parse at all. Free with ca_answer_free(). */
PSM_MUST enum psm_err ca_issue(struct ca *ca, const void *request,
                               size_t request_len,
                               const struct ca_options *options,
                               struct ca_answer **ret_answer);
void ca_answer_free(struct ca_answer *answer);
/* Can this be one of server_names? */
bool ca_server_name_is_fine(const char *name);

/* --- key recovery (RFC 4210, 5.3.7) ----------------------------------- */

/* What was kept of a key. */
struct ca_recovery {
	const unsigned char *cert; /* its certificate, DER */
	size_t cert_len;           /* bytes */
	const unsigned char *key;  /* EncryptedKey (RFC 4211, 6.4), as the
	                            * request archived it */
	size_t key_len;            /* bytes */
};

/* Answer a request for recovery, CertReqMessages with one message and a control
 * protocolEncrKey, with the certificate and its key. The key is opened by
 * options' escrow_nickname, else by the CA, proved to be the certificate's, and
 * sent as options' encrypt says (CA_ENCRYPT_NOTHING: as CA_ENCRYPT_VALUE); it
 * never leaves its token in the clear. Who asks is the caller's to know: there
 * is no proof of possession.
 * PSM_E_REQUEST: it is no such request, or for another subject, or the answer
 * would go under a weak key.
 * PSM_E_CERTIFICATE: certificate and key do not belong together, or the key
 * does not open. */
PSM_MUST enum psm_err ca_recover(struct ca *ca, const void *request,
                                 size_t request_len,
                                 const struct ca_recovery *recovery,
                                 const struct ca_options *options,
                                 struct ca_answer **ret_answer);

/* --- proof by challenge (RFC 4210, 5.2.8.3) --------------------------- */

enum ca_challenge_form {
	CA_CHALLENGE_CMP,     /* RFC 4210's, and RFC 9810's for EC keys */
	CA_CHALLENGE_NETSCAPE /* as NSS's lib/crmf has it; RSA keys only */
};

/* Challenge the keys of a request that asks for that: CertReqMessages with
 * subsequentMessage challengeResp. What comes of it is the caller's, and for
 * one answer. PSM_E_REQUEST: it does not parse, or no message of it can be
 * challenged. Free with ca_challenge_free(). */
PSM_MUST enum psm_err ca_challenge(struct ca *ca, const void *request,
                                   size_t request_len,
                                   enum ca_challenge_form form,
                                   struct ca_challenge **ret_challenge);
/* What goes to the keys' holder, base64 in lines of 64. Borrowed. */
const char *ca_challenge_text(const struct ca_challenge *challenge);
/* How many messages were challenged, and the certReqId of each, in decimal:
 * borrowed; NULL when i is past the end. */
size_t ca_challenge_count(const struct ca_challenge *challenge);
const char *ca_challenge_id(const struct ca_challenge *challenge, size_t i);
/* Read the holder's answer, once: base64 of POPODecKeyRespContent.
 * PSM_E_REQUEST: malformed, or not as many answers as challenges; nothing is
 * proved. PSM_E_ARGUMENT: there was an answer already. */
PSM_MUST enum psm_err ca_challenge_check(struct ca *ca,
                                         struct ca_challenge *challenge,
                                         const char *response);
/* Has the answer proved the i-th? */
bool ca_challenge_proved(const struct ca_challenge *challenge, size_t i);
/* Wipes it. */
void ca_challenge_free(struct ca_challenge *challenge);

#endif
