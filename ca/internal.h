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
#include "nssutil/nu_der.h"
#include "nssutil/nu_envelope.h"
#include "nssutil/nu_p10.h"

enum { CA_MAX_ABOVE = 8 };

struct ca {
	CERTCertificate *cert;
	CERTCertificate *above[CA_MAX_ABOVE]; /* its issuer, and so on */
	size_t n_above;
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
/* A token's slot (NULL: the database's), unlocked and ready for a key to sign.
 * PSM_E_TOKEN: there is none. */
enum psm_err ca_slot(struct ca *ca, const char *token,
                     PK11SlotInfo **ret_slot);
/* The slot of "token:nickname", or the database's, and the nickname to find
 * there; free() it. */
enum psm_err ca_slot_of(struct ca *ca, const char *nickname,
                        PK11SlotInfo **ret_slot, char **ret_name);
/* Is the authority's own key ready to sign? */
enum psm_err ca_key_is_ready(struct ca *ca);
/* Open another authority, ca's errmsg telling why not; free it. */
enum psm_err ca_find(struct ca *ca, const char *nickname,
                     struct ca **ret_found);
/* Seconds since 1970. */
int64_t ca_now(void);

/* --- chain.c ---------------------------------------------------------- */

/* Find the certificates above ca's, as far as they are here. */
void ca_chain_find(struct ca *ca);

/* --- der.c ------------------------------------------------------------ */

#define ca_der_make nu_der_make_all
SECItem *ca_der_oid(PLArenaPool *arena, SECOidTag tag);
/* Of an OID in dotted decimal; NULL: it is none, or no memory. */
SECItem *ca_der_dotted_oid(PLArenaPool *arena, const char *dotted);
/* An OID's contents in dotted decimal. NULL: no memory, or too long for it. */
char *ca_oid_text(PLArenaPool *arena, const SECItem *oid);
/* UTCTime to 2049, GeneralizedTime from 2050: RFC 5280, 4.1.2.5. */
SECItem *ca_der_time(PLArenaPool *arena, int64_t seconds);
/* AlgorithmIdentifier as SEC_DerSignData() will write it behind the body. */
SECItem *ca_der_algorithm(PLArenaPool *arena, SECOidTag tag);
/* SHA-1 of the key's bits: RFC 5280, 4.2.1.2, method 1. */
SECItem *ca_der_key_id(PLArenaPool *arena, const SECItem *spki);

/* --- cert.c ----------------------------------------------------------- */

/* Seconds since 1970. */
struct ca_validity {
	int64_t not_before, not_after;
};
enum { CA_DAY = 24 * 60 * 60 };
/* So long from not_before (0: now, less five minutes), cut at limit. */
enum psm_err ca_validity_choose(struct ca *ca, int64_t not_before,
                                uint64_t seconds, int64_t limit,
                                struct ca_validity *ret_validity);
/* The end of the time that X.509 can express: 9999-12-31T23:59:59Z. */
#define CA_TIME_MAX INT64_C(253402300799)

/* What a certificate says; each item is a whole DER element. */
struct ca_cert_content {
	const SECItem *issuer, *subject, *spki, *extensions;
	struct ca_validity validity;
};

/* Sign a certificate with a fresh serial: 128 random bits, 16 octets without
 * their sign's. */
SECStatus ca_cert_sign(PLArenaPool *arena,
                       const struct ca_cert_content *content,
                       SECKEYPrivateKey *key, SECOidTag algorithm,
                       SECItem *ret_cert);

/* --- request.c -------------------------------------------------------- */

/* One certificate that is asked for. The slices borrow the request's bytes. */
struct ca_wish {
	SECItem id;         /* certReqId, INTEGER octets; PKCS#10: NULL */
	SECItem subject;    /* Name, whole; or NULL */
	SECItem spki;       /* SubjectPublicKeyInfo, whole; or NULL */
	SECItem extensions; /* contents: Extension after Extension; or NULL */
	const struct nu_crmf_msg *msg; /* where it comes from ... */
	const struct nu_p10 *p10;      /* ... the one or the other */
	bool proved;        /* the possession of its key, once and for all */
};

struct ca_request {
	PLArenaPool *arena;
	SECItem der;
	struct nu_crmf *crmf;
	struct nu_p10 p10;
	struct ca_wish *wishes;
	struct ca_wish_info *infos; /* for each wish; NULL: nobody asks */
	size_t n_wishes;
};

/* Decode a request of either kind. Proofs are not verified yet. Free it with
 * ca_request_free(). */
enum psm_err ca_request_read(struct ca *ca, const void *bytes, size_t len,
                             struct ca_request **ret_request);

/* --- challenge.c ------------------------------------------------------ */

/* Has an answer to challenge (or NULL) proved this very wish? */
bool ca_challenge_proves(const struct ca_challenge *challenge,
                         const struct ca_wish *wish);

/* --- judge.c ---------------------------------------------------------- */

/* What a wish is answered with. Parts live in the job's arena. */
struct ca_grant {
	struct ca_wish *wish;
	SECItem id;         /* certReqId, INTEGER octets */
	bool refused;
	bool modified;      /* granted, but not all that was asked for */
	enum ca_fail fail;  /* when refused */
	const char *reason; /* when refused or modified */
	SECItem subject;    /* Name, whole: what the certificate will have */
	CERTName name;      /* the same, decoded */
	bool is_ca;
	unsigned key_usage; /* KU_... of certt.h */
	SECItem *emails;    /* ASCII */
	size_t n_emails;
	bool encrypt;       /* when granted: only the key may open it */
	SECItem cert;       /* when granted */
	SECItem encrypted_cert; /* instead of cert; no data: cert goes */
	SECItem private_key; /* EncryptedKey that goes along; or no data */
};

/* A list of elements; NULL parts are no list at all. */
struct ca_list {
	const SECItem **parts;
	size_t n;
};

/* One call of ca_issue(), ca_request_issue() ... */
struct ca_job {
	struct ca *ca;
	const struct ca_options *options;
	const struct ca_profile *profile; /* never NULL */
	PLArenaPool *arena;
	struct ca_request *request; /* borrowed */
	SECItem p10_id;          /* INTEGER octets */
	SECItem *refusal_ids;    /* INTEGER octets; a NULL is every request */
	const SECItem *subject;  /* options' own; NULL: what is asked for */
	struct ca_list parts;    /* of subjects that are kept, OIDs */
	struct ca_list purposes; /* OIDs */
	SECItem *alt_names;      /* GeneralNames that the caller gives */
	bool mail;               /* an address is among them */
	struct ca_grant *grants; /* one for each wish */
	size_t n_grants;
};

/* Decide about every wish. Refusals are results, not errors. */
enum psm_err ca_judge(struct ca_job *job);
/* Of enum ca_key; 0: none of them. */
unsigned ca_key_kind(const SECKEYPublicKey *key);
/* What a key of this kind may be used for (KU_...); 0: it is too weak, RSA with
 * less than rsa_bits, or of a kind that gets no certificate. */
unsigned ca_permitted_usage(const SECKEYPublicKey *key, unsigned rsa_bits);
enum { CA_MIN_RSA_BITS = 2048, CA_MIN_DSA_BITS = 2048, CA_MAX_DEPTH = 16 };
/* Can this be the address in a certificate? */
bool ca_email_is_fine(const char *text, size_t len);

/* --- options.c -------------------------------------------------------- */

/* Are options and the authority's key fit for work? Then there is an arena, and
 * the job has everything but a request. */
enum psm_err ca_job_start(struct ca_job *job);
void ca_job_clear(struct ca_job *job);
/* Is each of them absent, or can it be in a certificate? */
bool ca_urls_are_fine(const struct ca_urls *urls);
/* Can it be written, and read again? reason may be NULL. */
bool ca_refusal_is_fine(enum ca_fail fail, const char *reason);
/* When what is granted is valid. */
enum psm_err ca_job_validity(struct ca_job *job,
                             struct ca_validity *ret_validity);

/* --- issue.c ---------------------------------------------------------- */

/* Plain certificates cannot say that one of them is missing. */
enum psm_err ca_check_refusals(struct ca_job *job);

/* --- attribute.c ------------------------------------------------------ */

/* OID of an attribute type by its name. NULL: there is none, or no memory. */
SECItem *ca_attribute_oid(PLArenaPool *arena, const char *type);
/* Name of options' attributes, each an RDN. */
enum psm_err ca_subject_make(struct ca *ca, PLArenaPool *arena,
                             const struct ca_options *options,
                             const SECItem **ret_name);
/* What parts (OIDs) keep of a Name, in their order. NULL: it is malformed, or
 * no memory. */
SECItem *ca_subject_keep(PLArenaPool *arena, const SECItem *name,
                         const struct ca_list *parts);

/* --- encrypt.c -------------------------------------------------------- */

/* Would the wish's key be proved by an encrypted answer that only it opens? */
bool ca_encrypt_proves(const struct ca_job *job, const struct ca_grant *grant);
/* Will what is granted be encrypted? */
bool ca_encrypt_is_due(const struct ca_job *job, const struct ca_grant *grant);
/* Encrypt what is granted to keys that cannot sign, if that is wanted. */
enum psm_err ca_encrypt_grants(struct ca_job *job);
/* Encrypt this one. */
enum psm_err ca_encrypt_grant(struct ca_job *job, struct ca_grant *grant);
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

/* authorityKeyIdentifier, an extension. */
SECItem *ca_make_authority_key_id(PLArenaPool *arena, const struct ca *ca);
/* The extensions, a SEQUENCE, of a new authority below issuer (NULL: a root),
 * and of what is granted. */
SECItem *ca_profile_authority(PLArenaPool *arena, const SECItem *spki,
                              const struct ca *issuer,
                              const struct ca_urls *urls);
SECItem *ca_profile_grant(const struct ca_job *job,
                          const struct ca_grant *grant);

/* --- crl.c ------------------------------------------------------------ */

enum { CA_MAX_CRL_ENTRIES = 10000000 };
/* Can it stand on a CRL? */
bool ca_reason_is_fine(enum ca_reason reason);

/* --- names.c ---------------------------------------------------------- */

/* Can it be in a certificate? */
bool ca_alt_name_is_fine(PLArenaPool *arena, const struct ca_alt_name *name);
/* GeneralNames of names that are fine. */
SECItem *ca_alt_names_make(PLArenaPool *arena,
                           const struct ca_alt_name names[], size_t n);
/* The same of host names and addresses. */
SECItem *ca_server_names(PLArenaPool *arena, const struct ca_options *options);
/* Read what subjectAltName the extensions ask for. SECFailure: no memory. */
SECStatus ca_alt_names_read(PLArenaPool *arena, const SECItem *extensions,
                            struct ca_wish_info *info);

/* --- answer.c --------------------------------------------------------- */

/* Write the answer down. It takes job's arena along. */
enum psm_err ca_answer_make(struct ca_job *job, struct ca_answer **ret_answer);

#endif
