/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* internal.h - what the files of libca share; only ca/ includes it. */

#ifndef CA_INTERNAL_H
#define CA_INTERNAL_H

#include <cert.h>
#include <keyhi.h>

#include "ca/ca.h"
#include "nssutil/nu_crmf.h"
#include "nssutil/nu_envelope.h"
#include "nssutil/nu_p10.h"

struct ca {
	CERTCertificate *cert;
	SECKEYPrivateKey *key;
	SECOidTag algorithm; /* of its signatures */
	long path_len;       /* of its basicConstraints; -1: none */
	char errmsg[512];
};

/* Record why a call fails, and return err. */
enum psm_err ca_error(struct ca *ca, enum psm_err err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same right after an NSS call failed: its error makes err more exact. */
enum psm_err ca_error_nss(struct ca *ca, enum psm_err err, const char *doing);
/* The database's slot, unlocked and ready for a key to sign. */
enum psm_err ca_slot(struct ca *ca, PK11SlotInfo **ret_slot);

/* --- der.c: nu_der_wrap() for parts that all must be there ------------ */

/* NULL when a part is NULL: the call that should have made it failed. */
SECItem *ca_der_wrap(PLArenaPool *arena, unsigned char tag,
                     const SECItem *const parts[], size_t n_parts);
#define ca_der_make(arena, tag, ...)                                         \
	ca_der_wrap((arena), (tag), (const SECItem *const[]){ __VA_ARGS__ }, \
	            sizeof((const SECItem *const[]){ __VA_ARGS__ }) /        \
	                    sizeof(const SECItem *))
SECItem *ca_der_oid(PLArenaPool *arena, SECOidTag tag);
/* SHA-1 of the key's bits: RFC 5280, 4.2.1.2, method 1. */
SECItem *ca_der_key_id(PLArenaPool *arena, const SECItem *spki);

/* --- cert.c ----------------------------------------------------------- */

/* Seconds since 1970. */
struct ca_validity {
	int64_t not_before, not_after;
};
/* days from not_before (0: now, less five minutes), cut at limit. */
enum psm_err ca_validity_choose(struct ca *ca, int64_t not_before,
                                unsigned days, int64_t limit,
                                struct ca_validity *ret_validity);
/* The end of the time that X.509 can express: 9999-12-31T23:59:59Z. */
#define CA_TIME_MAX INT64_C(253402300799)

/* What a certificate says; each item is a whole DER element. */
struct ca_cert_content {
	const SECItem *issuer, *subject, *spki, *extensions;
	struct ca_validity validity;
};

/* Sign a certificate with a fresh random serial, of 16 octets. */
SECStatus ca_cert_sign(PLArenaPool *arena,
                       const struct ca_cert_content *content,
                       SECKEYPrivateKey *key, SECOidTag algorithm,
                       SECItem *ret_serial, SECItem *ret_cert);

/* --- request.c -------------------------------------------------------- */

/* One certificate that is asked for. The slices borrow the request's bytes. */
struct ca_wish {
	SECItem id;         /* certReqId, INTEGER octets */
	SECItem subject;    /* Name, whole; or NULL */
	SECItem spki;       /* SubjectPublicKeyInfo, whole; or NULL */
	SECItem extensions; /* contents: Extension after Extension; or NULL */
	const struct nu_crmf_msg *msg; /* where it comes from ... */
	const struct nu_p10 *p10;      /* ... the one or the other */
};

struct ca_request {
	PLArenaPool *arena;
	SECItem der;
	struct nu_crmf *crmf;
	struct nu_p10 p10;
	struct ca_wish *wishes;
	size_t n_wishes;
};

/* Decode a request of either kind; id (or NULL) is for a PKCS#10. Proofs are
 * not verified yet. Free it with ca_request_free(). */
enum psm_err ca_request_read(struct ca *ca, const void *bytes, size_t len,
                             const char *id, struct ca_request **ret_request);
void ca_request_free(struct ca_request *request);

/* --- challenge.c ------------------------------------------------------ */

/* Has an answer to challenge (or NULL) proved this very wish? */
bool ca_challenge_proves(const struct ca_challenge *challenge,
                         const struct ca_wish *wish);

/* --- judge.c ---------------------------------------------------------- */

/* What a wish is answered with. Parts live in the job's arena. */
struct ca_grant {
	const struct ca_wish *wish;
	bool refused;
	bool modified;      /* granted, but not all that was asked for */
	enum ca_fail fail;  /* when refused */
	const char *reason; /* when refused or modified */
	CERTName name;      /* the subject, decoded */
	bool is_ca;
	unsigned key_usage; /* KU_... of certt.h */
	SECItem *emails;    /* ASCII */
	size_t n_emails;
	bool encrypt;       /* when granted: only the key may open it */
	SECItem serial, cert; /* when granted */
	SECItem encrypted_cert; /* instead of cert; no data: cert goes */
	SECItem private_key; /* EncryptedKey that goes along; or no data */
};

/* One call of ca_issue(). */
struct ca_job {
	struct ca *ca;
	const struct ca_options *options;
	PLArenaPool *arena;
	struct ca_request *request;
	SECItem *refusal_ids;    /* INTEGER octets; a NULL is every request */
	SECItem *server_names;   /* GeneralNames; NULL: for clients */
	struct ca_grant *grants; /* one for each wish */
};

/* Decide about every wish. Refusals are results, not errors. */
enum psm_err ca_judge(struct ca_job *job);
/* What a key of this kind may be used for (KU_...); 0: it is too weak, or of a
 * kind that gets no certificate. */
unsigned ca_permitted_usage(const SECKEYPublicKey *key);
/* Can this be the address in a certificate? */
bool ca_email_is_fine(const char *text, size_t len);

/* --- issue.c ---------------------------------------------------------- */

/* Are options and the authority's key fit for work? Then there is an arena. */
enum psm_err ca_job_start(struct ca_job *job);
void ca_job_clear(struct ca_job *job);

/* --- encrypt.c -------------------------------------------------------- */

/* Would the wish's key be proved by an encrypted answer that only it opens? */
bool ca_encrypt_proves(const struct ca_job *job, const struct ca_grant *grant);
/* Encrypt what is granted to keys that cannot sign, if that is wanted. */
enum psm_err ca_encrypt_grants(struct ca_job *job);
/* The form for a key, which for EC is not to be chosen. */
enum nu_envelope_form ca_encrypt_form(const struct ca_job *job,
                                      const SECKEYPublicKey *to);
/* SubjectPublicKeyInfo, also an absent one -> key, or NULL and an NSS error. */
SECKEYPublicKey *ca_public_key(const SECItem *spki);

/* --- proof.c ---------------------------------------------------------- */

/* A certificate of ours and its key. */
struct ca_holder {
	CERTCertificate *cert;
	SECKEYPrivateKey *key;
};
/* By nickname; NULL: the authority itself. PSM_E_NOT_FOUND. */
enum psm_err ca_holder_find(struct ca *ca, const char *nickname,
                            struct ca_holder *ret_holder);
void ca_holder_clear(struct ca_holder *holder);

/* NULL in *ret_disproof: the proof of possession holds. Else why not: a static
 * sentence. PSM_E_NOT_FOUND: a key that the options name is not here. */
enum psm_err ca_proof_check(struct ca_job *job, const struct ca_wish *wish,
                            const char **ret_disproof);

/* --- profile.c -------------------------------------------------------- */

/* The extensions, a SEQUENCE, of a root and of what is issued below it. */
SECItem *ca_profile_root(PLArenaPool *arena, const SECItem *spki);
SECItem *ca_profile_grant(const struct ca_job *job,
                          const struct ca_grant *grant);

/* --- names.c ---------------------------------------------------------- */

/* GeneralNames of options' server_names, which are fine. */
SECItem *ca_server_names(PLArenaPool *arena, const struct ca_options *options);

/* --- answer.c --------------------------------------------------------- */

/* Write the answer down. It takes job's arena along. */
enum psm_err ca_answer_make(struct ca_job *job, struct ca_answer **ret_answer);

#endif
