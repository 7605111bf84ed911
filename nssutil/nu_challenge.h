/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_challenge.h - a CA's challenges to decryption keys, and the answers:
 * POPODecKeyChallContent and POPODecKeyRespContent (RFC 4210, 5.2.8.3, and
 * RFC 9810). */

#ifndef NU_CHALLENGE_H
#define NU_CHALLENGE_H

#include <keyhi.h>
#include <secitem.h>
#include <secoidt.h>

enum nu_challenge_form {
	NU_CHALLENGE_CMP,      /* RFC 2510 and 4210: it names no key */
	NU_CHALLENGE_NETSCAPE, /* NSS's lib/crmf: with sender and key */
	NU_CHALLENGE_ENVELOPED /* RFC 9810, 5.2.8.3: in EnvelopedData, so that
	                        * EC keys can be challenged too */
};

/* One Challenge. Slices borrow the decoded bytes or the arena; what its form
 * has not has a NULL data pointer. */
struct nu_challenge {
	enum nu_challenge_form form;
	SECOidTag owf;     /* a hash: its own, or that of one before it */
	SECItem witness;   /* the hash of the number */
	SECItem sender;    /* GeneralName, whole; Netscape's */
	SECItem key;       /* an RSA modulus, octets; Netscape's */
	SECItem challenge; /* Rand, encrypted by PKCS#1 v1.5; or empty, and */
	SECItem enveloped; /* [0] EnvelopedData, implicit, as nu_envelope.h's */
};

struct nu_challenges {
	PLArenaPool *arena;
	struct nu_challenge *items;
	size_t n;
};

/* Decode der, which must outlive the result. SEC_ERROR_BAD_DER: malformed, or
 * none at all; SEC_ERROR_INVALID_ALGORITHM: a hash we do not take;
 * SEC_ERROR_INPUT_LEN: more than max. */
SECStatus nu_challenges_decode(const SECItem *der, size_t max,
                               struct nu_challenges **ret_challenges);
void nu_challenges_free(struct nu_challenges *challenges);

/* The number in it, INTEGER octets, if key opens it and the witness is right.
 * If not, SEC_ERROR_BAD_DATA and no word about what was wrong: padding,
 * contents or witness. Free ret_number's data with SECITEM_ZfreeItem(). */
SECStatus nu_challenge_open(const struct nu_challenge *challenge,
                            SECKEYPrivateKey *key, void *wincx,
                            SECItem *ret_number);

/* What goes into a Challenge that is made. */
struct nu_challenge_spec {
	enum nu_challenge_form form;
	SECOidTag owf;
	PRBool omit_owf;       /* the one before it has the same */
	SECItem number;        /* positive; INTEGER octets */
	SECItem sender;        /* GeneralName, whole */
	SECKEYPublicKey *key;  /* RSA; or EC, enveloped */
};
/* NULL and an NSS error; SEC_ERROR_OUTPUT_LEN: a key too short for sender. */
SECItem *nu_challenge_make(PLArenaPool *arena,
                           const struct nu_challenge_spec *spec);
/* POPODecKeyChallContent of these. */
SECItem *nu_challenges_encode(PLArenaPool *arena,
                              const SECItem *const challenges[], size_t n);

/* POPODecKeyRespContent, of INTEGER octets and back: the slices borrow der.
 * SEC_ERROR_BAD_DER: malformed, or not n numbers. */
SECItem *nu_challenges_encode_response(PLArenaPool *arena,
                                       const SECItem numbers[], size_t n);
SECStatus nu_challenges_decode_response(const SECItem *der, SECItem numbers[],
                                        size_t n);

#endif
