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

/* Where more is to be had about an authority; each NULL or a URL. */
struct ca_urls {
	const char *crl;    /* cRLDistributionPoints: ca_crl_make()'s */
	const char *ocsp;   /* authorityInfoAccess: its OCSP responder */
	const char *issuer; /* authorityInfoAccess: its certificate, DER */
};

/* Zero it, then set what differs. */
struct ca_params {
	const char *subject;        /* RFC 4514; needed */
	const char *nickname;       /* NULL: "ca" */
	enum psm_key_type key_type; /* PSM_KEY_RSA or PSM_KEY_EC */
	unsigned key_bits;          /* 0: RSA 3072, EC 256 */
	unsigned days;              /* 0: 3650; never past the issuer's end */
	const char *trust;          /* as certutil -t has it; NULL: "CT,C,C",
	                             * trusted to issue what there is, and
	                             * below an issuer ",,": none of its own */
	const char *token;          /* PKCS#11 token for key and certificate,
	                             * which psm_login() has unlocked, and
	                             * the key never leaves; NULL: the
	                             * database */
	const char *issuer;         /* the authority that signs it, named as
	                             * for ca_open(); the new one then has
	                             * none below it (pathLenConstraint 0).
	                             * NULL: it signs itself, as a root */
	struct ca_urls urls;        /* the issuer's */
};

/* Make a key and its certificate, and open it as ca_open() does.
 * PSM_E_EXISTS: the nickname is taken. PSM_E_ARGUMENT: no such trust, or the
 * issuer may not have others below it. PSM_E_TOKEN: no such token.
 * PSM_E_NOT_FOUND: no such issuer. */
PSM_MUST enum psm_err ca_init(struct ca *ca, const struct ca_params *params);
/* Use the authority called nickname (NULL: "ca"; "token:nickname": of another
 * token than the database, unlocked by psm_login()), and know the authorities
 * above it that are here. PSM_E_NOT_FOUND: no such certificate, no key for it,
 * or it is no CA's. */
PSM_MUST enum psm_err ca_open(struct ca *ca, const char *nickname);
/* Its certificate in DER, borrowed. NULL before ca_init() or ca_open(). */
const unsigned char *ca_cert_der(const struct ca *ca, size_t *ret_len);
/* The same for the i-th of its chain: 0 is its own, then each one's issuer, up
 * to the root. NULL: there are no more. */
const unsigned char *ca_chain_der(const struct ca *ca, size_t i,
                                  size_t *ret_len);
/* What ca_open() may know the i-th of its chain by, borrowed: another one may
 * share it. NULL: it has none, or there are no more. */
const char *ca_chain_nickname(const struct ca *ca, size_t i);

enum ca_dialect {
	CA_DIALECT_CMMF,     /* CertRepContent with implicit tags */
	CA_DIALECT_CMP,      /* CertRepContent as RFC 4210 has it */
	CA_DIALECT_UNTAGGED, /* CertRepContent as NSS's lib/crmf wrote it */
	CA_DIALECT_CERT,     /* the certificates in PEM, the chain last */
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

/* --- profiles --------------------------------------------------------- */

/* Kinds of keys. */
enum ca_key {
	CA_KEY_RSA = 1,
	CA_KEY_DSA = 2, /* 2048 bits or more */
	CA_KEY_P256 = 4,
	CA_KEY_P384 = 8,
	CA_KEY_P521 = 16
};

/* keyUsage of what is no authority's. */
enum ca_usage {
	CA_USAGE_ASKED, /* what is asked for and the key can do; else
	                 * digitalSignature, for RSA keyEncipherment too */
	CA_USAGE_SIGN,  /* digitalSignature; a key asked for encryption alone
	                 * is refused */
	CA_USAGE_BOTH   /* digitalSignature, for RSA keyEncipherment too; or for
	                 * a key asked for encryption alone, that */
};

/* Where subjectAltName comes from. */
enum ca_alt_names {
	CA_ALT_NAMES_USUAL, /* as purpose has it: options' email or else the
	                     * subject's e-mail attributes; or server_names */
	CA_ALT_NAMES_NONE,
	CA_ALT_NAMES_GIVEN  /* options' alt_names */
};

enum ca_alt_kind {
	CA_ALT_EMAIL, /* rfc822Name */
	CA_ALT_HOST,  /* dNSName, as server_names has it */
	CA_ALT_IP,    /* iPAddress */
	CA_ALT_ID     /* registeredID: an OID in dotted decimal */
};

struct ca_alt_name {
	enum ca_alt_kind kind;
	const char *value;
};

/* What an authority grants. Zero it, then set what differs: all zero is what
 * goes without a profile. */
struct ca_profile {
	unsigned days;       /* validity when options have none; 0: 365, or
	                      * max_days if that is less */
	unsigned max_days;   /* longest validity; 0: any */
	unsigned start_days; /* how far from now options' not_before may lie,
	                      * on either side; 0: any */
	const char *const *subject_parts; /* attributes kept of the subject
	                      * that is asked for, in this order, named as
	                      * in struct ca_attribute, each once; NULL: all
	                      * of it */
	size_t n_subject_parts;
	unsigned keys;       /* of enum ca_key, or'ed; 0: each */
	unsigned rsa_bits;   /* the least, 1024 or more; 0: 2048 */
	enum ca_usage usage;
	const char *const *purposes; /* extendedKeyUsage, OIDs in dotted
	                      * decimal, each once; NULL: as options' purpose
	                      * has it */
	size_t n_purposes;
	enum ca_alt_names alt_names;
	struct ca_urls urls; /* the authority's */
};

/* Can it be granted by? PSM_E_ARGUMENT: no, and ca_errmsg() says why. There
 * need not be an authority yet. */
PSM_MUST enum psm_err ca_profile_check(struct ca *ca,
                                       const struct ca_profile *profile);

/* A part of a subject. */
struct ca_attribute {
	const char *type;  /* CN, O, OU, L, S or ST, C, E, SERIALNUMBER, T,
	                    * UID, STREET, postalCode, Phone, pseudonym,
	                    * houseIdentifier, DC, GN, SN, ... in any case, or
	                    * an OID in dotted decimal */
	const char *value; /* UTF-8 */
};

/* Zero it, then set what differs. */
struct ca_options {
	const struct ca_profile *profile; /* or NULL */
	enum ca_dialect dialect;
	enum ca_purpose purpose;
	const char *const *server_names; /* subjectAltName of CA_PURPOSE_SERVER,
	                      * one or more: host names, "*." before one for
	                      * those below it, or numeric addresses */
	size_t n_server_names;
	const char *subject; /* RFC 4514: of what is issued, whatever is asked
	                      * for; NULL: what is asked for */
	const struct ca_attribute *attributes; /* the same in parts, each an
	                      * RDN; NULL: none. Not both */
	size_t n_attributes;
	const struct ca_alt_name *alt_names; /* CA_ALT_NAMES_GIVEN's; none:
	                      * no subjectAltName */
	size_t n_alt_names;
	unsigned days;       /* validity; 0: the profile's; never past the
	                      * CA's own end */
	uint64_t seconds;    /* the same where days are too coarse; 0: days */
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
	size_t max_wishes;   /* ca_request_open(): more in a request are
	                      * PSM_E_REQUEST before any is verified; 0: 1000 */
};

/* What became of one wish. */
struct ca_result {
	const char *id;       /* certReqId in decimal */
	bool granted;
	bool modified;        /* not all that was asked for */
	enum ca_fail fail;    /* when not granted */
	const char *reason;   /* when modified or not granted, else NULL */
	const unsigned char *cert; /* DER, also when the answer has it
	                            * encrypted; NULL: not granted */
	size_t cert_len;      /* bytes */
	bool encrypted;       /* it is for its key's holder alone */
	const char *serial;   /* as in ca_answer; NULL: not granted */
	const char *subject;  /* RFC 4514; NULL: not granted, or it has no
	                       * text */
	int64_t not_before, not_after; /* seconds since 1970 */
};

/* An answer. Borrowed parts live as long as it does. */
struct ca_answer {
	const char *text;         /* base64 in lines of 64, or PEM */
	const unsigned char *der; /* the same without armour;
	                           * CA_DIALECT_CERT: the first certificate */
	size_t der_len;           /* bytes */
	size_t n_issued, n_refused;
	const char *const *serials; /* n_issued, lower-case hexadecimal
	                             * without leading zeros in pairs */
};

/* Answer a request: CertReqMessages (base64 or DER) or PKCS#10 (PEM, base64 or
 * DER). Each proof of possession is verified; one that fails, a key too weak,
 * or a subject that is malformed or an authority's own, is answered by a
 * rejection in the CertRepContent dialects and is PSM_E_REQUEST in the others,
 * which cannot say no. PEM that lost its ends of lines is taken too.
 * PSM_E_REQUEST: it does not parse at all. Free with ca_answer_free(). */
PSM_MUST enum psm_err ca_issue(struct ca *ca, const void *request,
                               size_t request_len,
                               const struct ca_options *options,
                               struct ca_answer **ret_answer);
void ca_answer_free(struct ca_answer *answer);
/* The i-th wish's result, borrowed; NULL: there are no more. */
const struct ca_result *ca_answer_get(const struct ca_answer *answer,
                                      size_t i);
/* Answer again what was decided before, from what the caller has kept: of each
 * result id, cert, encrypted and modified, and of a refusal fail and reason.
 * options say dialect, no_ca_pubs and encrypt, which is the form for those that
 * are encrypted (CA_ENCRYPT_NOTHING: CA_ENCRYPT_VALUE).
 * PSM_E_CERTIFICATE: this authority did not issue it. PSM_E_ARGUMENT: the
 * dialect has no encrypted certificates. PSM_E_REQUEST: it cannot say no. */
PSM_MUST enum psm_err ca_answer_again(struct ca *ca,
                                      const struct ca_result *results,
                                      size_t n_results,
                                      const struct ca_options *options,
                                      struct ca_answer **ret_answer);
/* The serial number of a certificate (DER) as in ca_answer. false: malformed,
 * or a number that RFC 5280, 4.1.2.2, does not allow. Any thread; NSS need not
 * be open. */
enum { CA_SERIAL_HEX = 41 }; /* with its NUL */
bool ca_cert_serial(const void *der, size_t len,
                    char ret_serial[CA_SERIAL_HEX]);
/* Can this be one of server_names? */
bool ca_server_name_is_fine(const char *name);

/* --- reading before deciding ------------------------------------------ */

/* A request that was read: ca_issue() in two steps, with a person's or a
 * database's word between them. */
struct ca_request;

enum ca_proof {
	CA_PROOF_PROVED,
	CA_PROOF_FAILED,
	CA_PROOF_CHALLENGE, /* it asks for a challenge: ca_challenge(), or
	                     * options' encrypt, which proves as much */
	CA_PROOF_ENCRYPTED  /* it asks for an answer that only its key opens:
	                     * options' encrypt */
};

/* What a request wishes for, and what ca_request_issue() with the same options
 * would say to it. An absent text is NULL. */
struct ca_wish_info {
	const char *id;            /* certReqId in decimal */
	const char *subject;       /* RFC 4514; NULL: malformed, too */
	unsigned key;              /* of enum ca_key; 0: none of them */
	unsigned key_bits;         /* 0: there is no key, or a malformed one */
	unsigned char spki_sha256[32]; /* of its SubjectPublicKeyInfo */
	enum ca_proof proof;       /* of the possession of its key */
	const char *disproof;      /* CA_PROOF_FAILED: why */
	const char *reg_token, *authenticator; /* the controls, UTF-8 */
	const struct ca_alt_name *alt_names; /* subjectAltName asked for */
	size_t n_alt_names;
	bool other_alt_names;      /* there are some of other kinds */
	bool pkcs10;               /* of a PKCS#10, no CertReqMsg */
	bool encrypted;            /* its certificate will be */
	bool password;             /* there is a challengePassword in it */
	bool refused;
	enum ca_fail fail;         /* when refused */
	const char *reason;        /* when refused */
};

/* Read a request, verify its proofs of possession, and judge it by options.
 * Fails as ca_issue() does, but for refusals. Free with ca_request_free(). */
PSM_MUST enum psm_err ca_request_open(struct ca *ca, const void *request,
                                      size_t request_len,
                                      const struct ca_options *options,
                                      struct ca_request **ret_request);
/* The i-th wish, borrowed; NULL: there are no more. */
const struct ca_wish_info *ca_request_wish(const struct ca_request *request,
                                           size_t i);
/* The request in DER, whatever armour it came in. Borrowed. */
const unsigned char *ca_request_der(const struct ca_request *request,
                                    size_t *ret_len);
/* Judge it by these options and answer it. What was proved stays so: it may be
 * done again, and costs a signature for each certificate and no more. That is
 * how serial numbers become unique: each call draws fresh ones, 128 random
 * bits; when the caller's table has one of them already, it drops the answer
 * and asks for another. */
PSM_MUST enum psm_err ca_request_issue(struct ca *ca,
                                       struct ca_request *request,
                                       const struct ca_options *options,
                                       struct ca_answer **ret_answer);
void ca_request_free(struct ca_request *request);

/* --- revocation ------------------------------------------------------- */

/* CRLReason, RFC 5280, 5.3.1, but for removeFromCRL, which is not for whole
 * CRLs. */
enum ca_reason {
	CA_REASON_UNSPECIFIED = 0,
	CA_REASON_KEY_COMPROMISE = 1,
	CA_REASON_CA_COMPROMISE = 2,
	CA_REASON_AFFILIATION_CHANGED = 3,
	CA_REASON_SUPERSEDED = 4,
	CA_REASON_CESSATION_OF_OPERATION = 5,
	CA_REASON_CERTIFICATE_HOLD = 6,
	CA_REASON_PRIVILEGE_WITHDRAWN = 9,
	CA_REASON_AA_COMPROMISE = 10
};

struct ca_revoked {
	const char *serial; /* hexadecimal, either case, 40 digits at most */
	int64_t time;       /* of the revocation, seconds since 1970 */
	enum ca_reason reason;
};

struct ca_crl {
	const struct ca_revoked *revoked; /* in any order */
	size_t n_revoked;
	uint64_t number;     /* cRLNumber: more than the last one's */
	int64_t this_update; /* 0: now */
	int64_t next_update;
};

/* Sign a CRL, version 2; *ret_der is the caller's to free(). PSM_E_ARGUMENT: a
 * malformed entry, a serial number twice, times that do not follow one another,
 * or the authority may not sign CRLs. */
PSM_MUST enum psm_err ca_crl_make(struct ca *ca, const struct ca_crl *crl,
                                  unsigned char **ret_der, size_t *ret_len);

/* What a CRL says of itself. */
struct ca_crl_info {
	uint64_t number;
	int64_t this_update, next_update;
	size_t n_revoked;
};

/* Read one, DER, that this very authority signed, as ca_crl_make() writes it.
 * PSM_E_CERTIFICATE: it is none. */
PSM_MUST enum psm_err ca_crl_read(struct ca *ca, const void *der, size_t len,
                                  struct ca_crl_info *ret_info);
/* Call fn for each entry of such a CRL, until it returns false; the serial
 * number is in lower case, borrowed for the call. */
PSM_MUST enum psm_err ca_crl_each(struct ca *ca, const void *der, size_t len,
                                  bool (*fn)(const struct ca_revoked *revoked,
                                             void *arg),
                                  void *arg);

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
