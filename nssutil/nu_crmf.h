/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_crmf.h - CertReqMessages <-> C (RFC 4211), with proof of possession. */

#ifndef NU_CRMF_H
#define NU_CRMF_H

#include <keyhi.h>
#include <secitem.h>

#include "nssutil/nu_cert.h"

/* What a request asks for. */
struct nu_cert_template {
	SECItem id;        /* certReqId, INTEGER octets; CRMF only */
	SECItem subject;   /* Name, DER */
	SECItem spki;      /* SubjectPublicKeyInfo, DER; none for
	                    * NU_PROOF_NONE */
	unsigned key_usage; /* KU_... of certt.h (bits of the first octet);
	                     * 0: no keyUsage extension */
	PRBool is_ca;      /* basicConstraints with cA TRUE */
	const char *reg_token;     /* UTF-8, or NULL */
	const char *authenticator; /* UTF-8, or NULL */
	const SECItem *archive;    /* EncryptedKey, whole, for the control
	                            * pkiArchiveOptions; or NULL. CRMF only */
	const SECItem *protocol_key; /* SubjectPublicKeyInfo, whole, for the
	                              * control protocolEncrKey; or NULL */
};

/* How the possession of a key is proved. All but the signature go into
 * keyEncipherment for RSA and into keyAgreement for EC. */
enum nu_proof {
	NU_PROOF_SIGNATURE,
	NU_PROOF_THIS_MESSAGE, /* by the template's archive */
	NU_PROOF_CHALLENGE,    /* subsequentMessage challengeResp */
	NU_PROOF_AGREE_MAC,    /* RFC 4211, 4.3, with RFC 6955: EC only */
	NU_PROOF_NONE          /* no proof, and no key in the template: what
	                        * recovery asks for is lost */
};

/* One CertReqMsg, with a signature made by key over the CertRequest
 * (RSA: PKCS#1 v1.5 with SHA-256; DSA with SHA-256; EC: ECDSA with SHA-256,
 * SHA-384 or SHA-512 by the curve's size). NULL and an NSS error. Free it
 * with SECITEM_ZfreeItem(x, PR_TRUE). */
SECItem *nu_crmf_encode_msg(const struct nu_cert_template *template,
                            SECKEYPrivateKey *key);
/* The same with another proof. verifier is the certificate that an agreeMAC is
 * for, on the same curve, and NULL for the rest. */
SECItem *nu_crmf_encode_msg_as(const struct nu_cert_template *template,
                               enum nu_proof proof, SECKEYPrivateKey *key,
                               const struct nu_cert *verifier, void *wincx);
/* CertReqMessages of these CertReqMsg. Free it the same way. */
SECItem *nu_crmf_encode(const SECItem *const msgs[], size_t n_msgs);

enum nu_pop {
	NU_POP_NONE,
	NU_POP_RA_VERIFIED,
	NU_POP_SIGNATURE,
	NU_POP_KEY_ENCIPHERMENT,
	NU_POP_KEY_AGREEMENT
};

/* The alternative of a POPOPrivKey. */
enum nu_pop_private {
	NU_POP_PRIVATE_NONE,   /* it is neither, or asks for what is unknown */
	NU_POP_THIS_MESSAGE,
	NU_POP_ENCR_CERT,      /* subsequentMessage: by an encrypted answer */
	NU_POP_CHALLENGE_RESP, /* subsequentMessage: by a challenge */
	NU_POP_DH_MAC,
	NU_POP_AGREE_MAC,
	NU_POP_ENCRYPTED_KEY
};

/* One decoded CertReqMsg. Slices borrow the decoded bytes or the arena; an
 * absent part has a NULL data pointer. */
struct nu_crmf_msg {
	SECItem cert_req;      /* the whole CertRequest: what is signed */
	SECItem id;            /* INTEGER octets */
	SECItem subject;       /* Name, whole */
	SECItem spki;          /* SubjectPublicKeyInfo, whole, as a SEQUENCE */
	SECItem extensions;    /* contents: Extension after Extension */
	SECItem reg_token;     /* UTF-8 */
	SECItem authenticator; /* UTF-8 */
	SECItem archive;       /* EncryptedKey of pkiArchiveOptions, whole */
	SECItem protocol_key;  /* SubjectPublicKeyInfo, whole, of
	                        * protocolEncrKey */
	enum nu_pop pop;
	enum nu_pop_private how;
	SECItem pop_value;     /* the chosen alternative, its contents */
};

struct nu_crmf {
	PLArenaPool *arena;
	struct nu_crmf_msg *msgs;
	size_t n_msgs;
};

enum { NU_CRMF_MAX_ID = 64 }; /* octets */

/* Decode der, which must outlive the result. SEC_ERROR_BAD_DER: malformed,
 * or no message at all; SEC_ERROR_INPUT_LEN: more than max_msgs. */
SECStatus nu_crmf_decode(const SECItem *der, size_t max_msgs,
                         struct nu_crmf **ret_crmf);
void nu_crmf_free(struct nu_crmf *crmf);
/* Does the signature proof hold? poposkInput is refused unless the template
 * lacks subject or key, as RFC 4211, 4.1 has it. SEC_ERROR_BAD_SIGNATURE: it
 * does not, or there is none. */
SECStatus nu_crmf_verify_signature(const struct nu_crmf_msg *msg);
/* Does the agreeMAC hold? cert is the verifier's certificate and key its
 * private key. SEC_ERROR_BAD_SIGNATURE: it does not, or is for another curve. */
SECStatus nu_crmf_verify_agree_mac(const struct nu_crmf_msg *msg,
                                   const struct nu_cert *cert,
                                   SECKEYPrivateKey *key, void *wincx);

#endif
