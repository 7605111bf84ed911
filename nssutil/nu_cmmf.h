/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_cmmf.h - CertRepContent <-> C, in the three dialects that exist.
 *
 * RFC 4210, 5.3.4 (CMP, explicit tags); CMMF as Netscape's and Dogtag's
 * servers write it (implicit tags); and NSS's lib/crmf (no tags, and a
 * statusString that is one bare UTF8String). */

#ifndef NU_CMMF_H
#define NU_CMMF_H

#include <secitem.h>

#include "nssutil/nu_der.h"

enum nu_dialect {
	NU_DIALECT_CMMF,    /* A1 {certs}, A0 in place of a certificate's 30 */
	NU_DIALECT_CMP,     /* A1 {30 {certs}}, A0 {certificate} */
	NU_DIALECT_UNTAGGED /* A1 {certs}, the bare certificate */
};

enum { NU_STATUS_GRANTED = 0, NU_STATUS_GRANTED_WITH_MODS = 1,
       NU_STATUS_REJECTION = 2 };

enum { NU_CMMF_MAX_ID = 64, NU_CMMF_MAX_TEXTS = 64 };

/* One CertResponse. Slices borrow the decoded bytes or the content's arena; an
 * absent part has a NULL data pointer. */
struct nu_cert_response {
	SECItem id;              /* certReqId, INTEGER octets */
	long status;             /* PKIStatus */
	const SECItem *texts;    /* statusString, each UTF-8 without a NUL */
	size_t n_texts;
	unsigned long fail_info; /* bit n of PKIFailureInfo is 1ul << n */
	PRBool has_key_pair;     /* certifiedKeyPair is there */
	SECItem cert;            /* Certificate, a whole SEQUENCE */
	SECItem encrypted_cert;  /* EncryptedKey or EncryptedValue, whole: what
	                          * the [1] holds, as a SEQUENCE or a [0] */
	SECItem private_key;     /* of [0] privateKey, in the same way */
	SECItem publication;     /* contents of [1] publicationInfo */
	SECItem rsp_info;        /* OCTET STRING contents */
};

struct nu_cert_rep {
	PLArenaPool *arena;
	const SECItem *ca_pubs;  /* whole Certificates */
	size_t n_ca_pubs;
	struct nu_cert_response *responses;
	size_t n_responses;
};

/* Decode der, which must outlive the result. Every dialect, even mixed; see
 * the file's head for how they are told apart. Certificates are checked to be
 * SEQUENCE { SEQUENCE, SEQUENCE, BIT STRING }, not further.
 * SEC_ERROR_BAD_DER: malformed. SEC_ERROR_INPUT_LEN: more than max_responses
 * (or as many caPubs), or more than NU_CMMF_MAX_TEXTS texts in one. An id has
 * at most NU_CMMF_MAX_ID octets. An empty response sequence is decoded as such.
 * Free it with nu_cert_rep_free(). */
SECStatus nu_cmmf_decode(const SECItem *der, size_t max_responses,
                         struct nu_cert_rep **ret_rep);
/* Read the next element, a PKIStatusInfo (RFC 4210, 5.2.3): status, texts and
 * fail_info of resp, which has what it needs of arena. */
SECStatus nu_cmmf_read_status(struct nu_der *from, PLArenaPool *arena,
                              struct nu_cert_response *resp);
/* Encode rep in one dialect. Of each response id, status, texts, fail_info,
 * cert or else encrypted_cert, private_key and rsp_info are written.
 * SEC_ERROR_INVALID_ARGS: an empty id, what is no certificate or no
 * EncryptedKey, both kinds of certificate, a key without one, or several texts
 * where the dialect has room for one.
 * Free it with SECITEM_ZfreeItem(x, PR_TRUE). */
SECItem *nu_cmmf_encode(const struct nu_cert_rep *rep,
                        enum nu_dialect dialect);
void nu_cert_rep_free(struct nu_cert_rep *rep);

#endif
