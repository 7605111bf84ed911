/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* psm.h - user certificates in an NSS database; the only header of libpsm.
 *
 * A call that can fail returns PSM_OK or says why not; psm_errmsg() then has
 * the details. A failed call changes nothing: not the store, not a ret_
 * argument. Text is UTF-8. Times are seconds since 1970-01-01 UTC.
 *
 * Threads: a psm_ctx belongs to one thread at a time. Several psm_ctx may be
 * used by several threads at once. NSS keeps its database and its password
 * callback once per process, so all open psm_ctx of a process share one
 * directory, and a program that has opened NSS by itself cannot also use
 * libpsm. Several processes may work on one directory. A process that forks
 * must not use a psm_ctx on both sides. */

#ifndef PSM_H
#define PSM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PSM_MUST __attribute__((warn_unused_result))

enum psm_err {
	PSM_OK,
	PSM_E_CANCELLED,      /* the user said no */
	PSM_E_CERTIFICATE,    /* an answer or certificate is malformed or refused */
	PSM_E_REQUEST_ID,     /* an id that answers no pending request */
	PSM_E_STORE,          /* the token refused a read or a write */
	PSM_E_NO_MEMORY,
	PSM_E_PASSWORD,       /* a wrong password, or none to be had */
	PSM_E_READ_ONLY,      /* the database is open, or stored, read-only */
	PSM_E_DATABASE,       /* no NSS database, a damaged or a foreign one */
	PSM_E_BUSY,           /* locked by others, or NSS is in use here already */
	PSM_E_TOKEN,          /* no such PKCS#11 token, or it cannot do this */
	PSM_E_NOT_FOUND,      /* no certificate, key or request of that name */
	PSM_E_EXISTS,         /* it is there already and is not overwritten */
	PSM_E_AMBIGUOUS,      /* a name that fits several certificates */
	PSM_E_ARGUMENT,       /* the caller's argument makes no sense */
	PSM_E_REQUEST,        /* a certification request is malformed or unproved */
	PSM_E_PKCS12,         /* a PKCS#12 file is damaged */
	PSM_E_PKCS12_KIND,    /* a PKCS#12 file uses what cannot be read */
	PSM_E_NOT_EXPORTABLE, /* a private key that may not leave its token */
	PSM_E_FILE,           /* a file cannot be read or written */
	PSM_E_PARAMETER,      /* a parameter of a page: psm_errparam() names it */
	PSM_E_NO_CERT,        /* no certificate of the user's is fit for it */
	PSM_E_MESSAGE,        /* a challenge or message is malformed or refused */
	PSM_E_INTERNAL,       /* a defect of ours or of NSS */
	PSM_E_COUNT_          /* how many there are; no error */
};

/* One sentence, static. */
const char *psm_strerror(enum psm_err err);
/* The name as in this header ("PSM_E_CANCELLED"), static. */
const char *psm_err_name(enum psm_err err);
/* What importUserCertificates() returns to a page: "", "error:userCancel",
 * "error:invalidCertificate", "error:invalidRequestID" or
 * "error:internalError"; for PSM_E_NO_CERT what signText() returns,
 * "error:noMatchingCert"; static. Source: MDN, importUserCertificates. */
const char *psm_js_string(enum psm_err err);
/* What generateCRMFRequest() leaves in .request: "error:userCancel",
 * "error:internalError", or for PSM_E_PARAMETER, with psm_errparam()'s name,
 * "error:invalidParameter:<which>". buf, of size bytes, holds it. Returns
 * buf. */
const char *psm_js_request_string(enum psm_err err, const char *param,
                                  char *buf, size_t size);
/* The version of the library that runs, "MAJOR.MINOR.PATCH", static. */
const char *psm_version(void);

struct psm_ctx;
struct psm_import;
struct psm_backup_target;
struct psm_cert;
struct psm_cert_list;

/* --- the user ---------------------------------------------------------- */

enum psm_answer {
	PSM_ANSWER_YES,  /* done, the answer is in the arguments */
	PSM_ANSWER_NO,   /* the user cancels: PSM_E_CANCELLED */
	PSM_ANSWER_NONE  /* nobody to ask, nothing (more) to offer */
};

enum psm_password_for {
	PSM_PASSWORD_TOKEN,     /* unlocks a token; name is the token's */
	PSM_PASSWORD_NEW_TOKEN, /* protects a new database; "" for none */
	PSM_PASSWORD_RESTORE    /* opens a PKCS#12 file; name is its path */
};

/* Questions to the user. Each member may be NULL. They run in the thread of
 * the call that needs them, and must not use its psm_ctx. */
struct psm_ui {
	/* Put a NUL-terminated password into buf, of size bytes; psm wipes it.
	 * attempt counts from 0: a higher one means the last was wrong, and no
	 * more than three are asked for.
	 * NULL or PSM_ANSWER_NONE: PSM_E_PASSWORD; a new database gets none. */
	enum psm_answer (*password)(void *arg, enum psm_password_for what,
	                            const char *name, unsigned attempt,
	                            char *buf, size_t size);
	/* The whole plan of an import or a restore, before anything is written.
	 * The plan is psm's. NULL: yes. */
	enum psm_answer (*confirm)(void *arg, const struct psm_import *plan);
	/* Where a forced backup goes: fill *target, which comes zeroed.
	 * NULL or PSM_ANSWER_NONE: declined, which is PSM_E_CANCELLED. */
	enum psm_answer (*backup_target)(void *arg,
	                                 const struct psm_import *plan,
	                                 struct psm_backup_target *target);
	/* done of total steps of a long piece of work; total 0: no telling.
	 * NULL: silence. */
	void (*progress)(void *arg, const char *doing, size_t done,
	                 size_t total);
	/* May n_keys new private keys go, encrypted, to the holder of this
	 * certificate? NULL or PSM_ANSWER_NONE: no, PSM_E_CANCELLED. */
	enum psm_answer (*escrow)(void *arg, const struct psm_cert *holder,
	                          size_t n_keys);
	/* Which of these certificates signs text: *ret_choice, an index.
	 * NULL or PSM_ANSWER_NONE: the first, unless the page asked for a
	 * choice: then PSM_E_CANCELLED. */
	enum psm_answer (*choose_signer)(void *arg, const char *text,
	                                 const struct psm_cert_list *fit,
	                                 size_t *ret_choice);
};

/* --- context ----------------------------------------------------------- */

/* A context without a database, or NULL when out of memory. ui (or NULL) is
 * copied, arg is handed to its functions. Free it with psm_free(). */
PSM_MUST struct psm_ctx *psm_new(const struct psm_ui *ui, void *arg);
/* Closes too. NULL is fine. */
void psm_free(struct psm_ctx *ctx);

/* The details of the last failed call on ctx, a sentence that names the cause;
 * "" after a success. Valid until the next call on ctx. */
const char *psm_errmsg(const struct psm_ctx *ctx);
/* After PSM_E_PARAMETER, which one: "requestedDN", "regToken", "authenticator",
 * "escrowAuthorityCert", "keySize", "keyParams" or "keyGenAlg"; static. NULL
 * otherwise. */
const char *psm_errparam(const struct psm_ctx *ctx);

#define PSM_OPEN_READ_ONLY 0x01u
#define PSM_OPEN_CREATE    0x02u /* make the database if there is none */
#define PSM_OPEN_EXCLUSIVE 0x04u /* with CREATE: PSM_E_EXISTS if there is one */

/* Open the NSS database in dir (cert9.db and key4.db; "sql:" before it is
 * fine). Waits up to ten seconds while another process holds its lock.
 * With PSM_OPEN_CREATE the directory (mode 0700) and the database are made, and
 * the user is asked for its password.
 * PSM_E_DATABASE: there is none, half of one, or one that is not NSS's; it is
 * left untouched (half of one is completed by PSM_OPEN_CREATE, as after an
 * interruption). PSM_E_READ_ONLY: it cannot be written, and that was not said
 * to be enough. PSM_E_BUSY: locked, or this process has another one open. */
PSM_MUST enum psm_err psm_open(struct psm_ctx *ctx, const char *dir,
                               unsigned flags);
/* Close what psm_open() opened; the last one in the process ends NSS. */
void psm_close(struct psm_ctx *ctx);

/* Unlock a token now, by its name or NULL for the database itself, asking the
 * user if it is locked. Calls that need a key do this by themselves.
 * PSM_E_PASSWORD, PSM_E_CANCELLED, PSM_E_TOKEN. */
PSM_MUST enum psm_err psm_login(struct psm_ctx *ctx, const char *token);

/* Limits of an answer: base64 characters (16 MiB) and responses (1,000).
 * 0 keeps a limit as it is. */
void psm_set_limits(struct psm_ctx *ctx, size_t max_base64,
                    size_t max_responses);

/* --- certificates ------------------------------------------------------ */

enum psm_key_type { PSM_KEY_RSA, PSM_KEY_EC, PSM_KEY_DSA, PSM_KEY_OTHER };

/* A certificate as it stands in a store. Part of the object it came from and
 * borrowed from it. A later version may add members at the end. */
struct psm_cert {
	const char *nickname; /* NULL: stored without one */
	const char *token;    /* the PKCS#11 token that holds it */
	const char *subject;  /* RFC 4514 */
	const char *issuer;   /* RFC 4514 */
	const char *serial;   /* lower-case hexadecimal */
	char sha1[41];        /* fingerprint, lower-case hexadecimal */
	char sha256[65];
	int64_t not_before, not_after;
	enum psm_key_type key_type;
	unsigned key_bits;
	bool has_key;         /* its private key is in the same token */
	bool is_ca;           /* basicConstraints says so */
	const unsigned char *der;
	size_t der_len;       /* bytes */
};

struct psm_cert_list;

/* Every certificate of every token of the user's, in no order. Nobody is asked
 * for a password: of a token that is still locked, has_key goes by the public
 * keys that lie in the open, as other programs' lists do; psm_login() first
 * makes it sure. One pass over the store. Free it with psm_cert_list_free(). */
PSM_MUST enum psm_err psm_store_list(struct psm_ctx *ctx,
                                     struct psm_cert_list **ret_list);
/* The certificates called name: a SHA-1 or SHA-256 fingerprint in hexadecimal,
 * colons allowed, or else a nickname (with "token:" before it for one
 * elsewhere). PSM_E_NOT_FOUND: none. A nickname may name several. */
PSM_MUST enum psm_err psm_store_get(struct psm_ctx *ctx, const char *name,
                                    struct psm_cert_list **ret_list);
size_t psm_cert_list_count(const struct psm_cert_list *list);
/* Borrowed from list; NULL when i is past its end. */
const struct psm_cert *psm_cert_list_get(const struct psm_cert_list *list,
                                         size_t i);
void psm_cert_list_free(struct psm_cert_list *list);

/* Hand fn each attribute of a certificate's subject (or, with of_issuer, its
 * issuer), in the certificate's order: type is an OID in dotted decimal
 * ("2.5.4.3" is CN; "" when it is malformed), value UTF-8, both borrowed for
 * the call; a value that is no text is "#" and its DER in hexadecimal. fn
 * returns false when it is out of memory. A database is open.
 * PSM_E_CERTIFICATE: the name is malformed. */
PSM_MUST enum psm_err
psm_cert_attributes(const struct psm_cert *cert, bool of_issuer,
                    bool (*fn)(void *arg, const char *type,
                               const char *value),
                    void *arg);

#define PSM_DELETE_KEEP_KEY 0x01u /* the certificate alone */

/* Delete the one certificate called name, as for psm_store_get(), and its
 * private key, unless another certificate still uses that.
 *   ret_key_deleted  or NULL: whether the key went too
 * PSM_E_NOT_FOUND, PSM_E_AMBIGUOUS: a nickname of several; use a fingerprint. */
PSM_MUST enum psm_err psm_store_delete(struct psm_ctx *ctx, const char *name,
                                       unsigned flags, bool *ret_key_deleted);

#define PSM_PUT_REPLACE 0x01u /* what has that nickname goes when the new
                               * one is stored */

/* Zero it, then set what differs. Bytes are borrowed for the call. */
struct psm_put_params {
	/* DER or PEM. Of several certificates in PEM or PKCS#7 the first is the
	 * user's, the others its chain. Or a PKCS#12, with key and chain. */
	const unsigned char *cert;
	size_t cert_len;           /* bytes */
	/* PKCS#8, PKCS#1 or SEC1, DER or PEM, encrypted (PKCS#8, or PEM's own
	 * "Proc-Type: 4,ENCRYPTED") or not. NULL: in the PKCS#12, or here
	 * already. */
	const unsigned char *key;
	size_t key_len;
	const char *password;      /* of the key or the PKCS#12; NULL: none */
	const char *nickname;      /* NULL: none */
	unsigned flags;
	const char *keep;          /* a certificate that is here under a
	                            * nickname beginning so keeps it: another
	                            * one is PSM_E_EXISTS; NULL: any may go */
};

/* What psm_store_put() did. A later version may add members at the end. */
struct psm_put {
	char sha1[41], sha256[65]; /* of the certificate, lower-case hexadecimal */
	/* SHA-1 of the certificate that gave way to it (or its own, when it was
	 * here before and nothing else gave way); "": none. */
	char replaced[41];
};

enum psm_put_part { PSM_PUT_NOTHING, PSM_PUT_CERT, PSM_PUT_KEY,
                    PSM_PUT_PASSWORD, PSM_PUT_NICKNAME };

/* Store a certificate with its key in the database: both or neither. The new
 * one is stored before an old one goes, so that at no moment there is neither;
 * after an interruption between the two, psm_store_tidy() finishes the work. A
 * certificate that is here already is renamed, and gets its key if it had none;
 * without a nickname it keeps its own. The key of what gives way goes too,
 * unless another certificate uses it. Chain certificates come in without trust.
 *   ret_put   or NULL
 *   ret_part  or NULL: which part was wrong, after a failure; PSM_PUT_NOTHING:
 *             it was not what came
 * PSM_E_CERTIFICATE: no certificate in it, or a damaged one. PSM_E_ARGUMENT: a
 * key that is damaged, of an unknown kind, or not the certificate's; or no
 * nickname that NSS finds again. PSM_E_PASSWORD: the password does not open it,
 * or one is needed. PSM_E_PKCS12, PSM_E_PKCS12_KIND. PSM_E_NOT_FOUND: no key
 * was given and none is here. PSM_E_EXISTS: the nickname is taken, and
 * PSM_PUT_REPLACE was not said; or the certificate keeps its own. */
PSM_MUST enum psm_err psm_store_put(struct psm_ctx *ctx,
                                    const struct psm_put_params *params,
                                    struct psm_put *ret_put,
                                    enum psm_put_part *ret_part);
/* Where an interrupted psm_store_put() left two certificates with keys of one
 * nickname beginning with prefix, delete the older one; and the keys that it
 * left alone. Walks certificates and keys. Not while somebody else is in
 * psm_store_put(). After a failure, what was done stays done: call it again.
 *   ret_n  or NULL: how many certificates were deleted */
PSM_MUST enum psm_err psm_store_tidy(struct psm_ctx *ctx, const char *prefix,
                                     size_t *ret_n);

/* A value that changes when the database's certificates or keys change, whoever
 * changed them: some microseconds. Between two calls with the same value
 * nothing has changed in it. Other tokens are not looked at, nor is whether one
 * is locked. PSM_E_FILE: the database's files cannot be read. */
PSM_MUST enum psm_err psm_store_stamp(struct psm_ctx *ctx, uint64_t *ret_stamp);

/* --- requests ---------------------------------------------------------- */

#define PSM_USAGE_DIGITAL_SIGNATURE 0x80u /* bits as in RFC 5280, 4.2.1.3 */
#define PSM_USAGE_NON_REPUDIATION   0x40u
#define PSM_USAGE_KEY_ENCIPHERMENT  0x20u
#define PSM_USAGE_KEY_AGREEMENT     0x08u

enum psm_request_format {
	PSM_REQUEST_CRMF,  /* RFC 4211 CertReqMessages */
	PSM_REQUEST_PKCS10 /* RFC 2986 CertificationRequest */
};

#define PSM_REQUEST_UNEXTRACTABLE 0x01u /* the key can never be backed up */
#define PSM_REQUEST_CA            0x02u /* asks for a CA certificate */

/* Zero it, then set what differs: 0 and NULL are the defaults. */
struct psm_request_params {
	const char *subject;       /* RFC 4514 or 1485; needed */
	enum psm_key_type key_type; /* PSM_KEY_RSA or PSM_KEY_EC */
	unsigned key_bits;         /* RSA 2048 (default), 3072, 4096;
	                            * EC 256 (default), 384, 521 */
	enum psm_request_format format;
	unsigned key_usage;        /* 0: digitalSignature, and for RSA
	                            * keyEncipherment */
	unsigned flags;
	const char *token;         /* where the key is made; NULL: the database */
	const char *reg_token;     /* control id-regCtrl-regToken; CRMF only */
	const char *authenticator; /* control id-regCtrl-authenticator */
};

/* What goes to the CA. A later version may add members at the end. */
struct psm_request {
	int32_t id;                /* 1 .. 2^31-1, the CertRequest's certReqId */
	const char *text;          /* CRMF: base64 in lines of 64;
	                            * PKCS#10: PEM */
	const unsigned char *der;
	size_t der_len;            /* bytes */
	char key_id[41];           /* CKA_ID of the key, hexadecimal */
};

/* Make a key and the request for its certificate. The key is in the store, as
 * a pending request, before the call returns: on the database itself in
 * one commit, so that an interruption leaves all of it or nothing.
 * PSM_E_ARGUMENT: the subject does not parse, a size that is not offered, a
 * control that is not UTF-8.
 * PSM_E_TOKEN: no such token. Free it with psm_request_free(). */
PSM_MUST enum psm_err
psm_request_create(struct psm_ctx *ctx, const struct psm_request_params *params,
                   struct psm_request **ret_request);
void psm_request_free(struct psm_request *request);

#define PSM_REQUEST_ALLOW_WEAK 0x04u /* RSA from 1024 bits, also the escrow
                                      * authority's, and DSA */

/* A key of generateCRMFRequest(), in a page's words. */
struct psm_key_request {
	int size;            /* bits; 0 or less: the default */
	const char *params;  /* RSA and DSA: NULL; EC: NULL or "curve=NAME"
	                      * and "popcert=BASE64", separated by ";" */
	const char *alg;     /* "rsa-ex", "ec-sign" ...; blanks at the ends are
	                      * trimmed */
};

/* Zero it, then set what differs. */
struct psm_requests_params {
	const char *subject;       /* RFC 4514 or 1485; needed */
	const char *reg_token;     /* control id-regCtrl-regToken */
	const char *authenticator; /* control id-regCtrl-authenticator */
	const char *escrow_cert;   /* base64 of a certificate, or NULL: the
	                            * keys of "-ex" algorithms go to its holder */
	const struct psm_key_request *keys;
	size_t n_keys;
	unsigned flags;            /* PSM_REQUEST_... */
	const char *token;
};

/* What goes to the CA. A later version may add members at the end. */
struct psm_requests {
	const char *text;          /* base64 CertReqMessages, lines of 64 */
	const unsigned char *der;
	size_t der_len;            /* bytes */
	const int32_t *ids;        /* a certReqId for each key, in order */
	size_t n_ids;
};

/* Make keys and one CertReqMessages with a CertReqMsg for each. Source: MDN,
 * generateCRMFRequest; RFC 4211. Signing keys prove their possession by a
 * signature; "-ex" keys by a challenge to come, by their escrow, or with
 * popcert by agreeMAC. All keys are pending when it returns, or none is.
 * PSM_E_PARAMETER: psm_errparam() says which. PSM_E_CANCELLED: the escrow was
 * refused. PSM_E_TOKEN: the token makes no such key. */
PSM_MUST enum psm_err
psm_request_create_many(struct psm_ctx *ctx,
                        const struct psm_requests_params *params,
                        struct psm_requests **ret_requests);
void psm_requests_free(struct psm_requests *requests);

/* Zero it, then set what differs. */
struct psm_recovery_params {
	const char *subject;  /* of the certificate whose key is wanted back */
	unsigned key_bits;    /* of the RSA key it is sent under; 0: 3072 */
	const char *reg_token, *authenticator;
};

/* Ask the CA for a lost key and its certificate (RFC 4210, 5.3.7). The
 * request's own key only protects the answer on its way, and is deleted when
 * that is imported. Free it with psm_request_free(). */
PSM_MUST enum psm_err
psm_request_recovery(struct psm_ctx *ctx,
                     const struct psm_recovery_params *params,
                     struct psm_request **ret_request);

/* Answer a CA's challenge, for keys that are pending here.
 *   challenge     base64 of POPODecKeyChallContent (RFC 4210, 5.2.8.3)
 *   ret_response  base64 of POPODecKeyRespContent; free it with
 *                 psm_text_free()
 * All challenges are answered, or none. PSM_E_MESSAGE: malformed, or one does
 * not open with the key it names, or its witness is wrong. PSM_E_REQUEST_ID:
 * one names no key that is pending here, or names none and none opens it.
 * PSM_E_TOKEN: none does, and a pending EC key is on a token that cannot. */
PSM_MUST enum psm_err psm_pop_challenge_response(struct psm_ctx *ctx,
                                                 const char *challenge,
                                                 char **ret_response);
/* Wipes it. NULL is fine. */
void psm_text_free(char *text);

enum psm_pending_state {
	PSM_PENDING,        /* waits for the CA's answer */
	PSM_PENDING_STORED, /* its certificate is stored; importing the answer
	                     * again completes it */
	PSM_ORPHAN,         /* a key without certificate and without request:
	                     * can be matched by key */
	PSM_RECOVERY        /* waits for a lost key; this one only protects
	                     * that on its way: psm_request_recovery() */
};

/* A key without its certificate. A later version may add members. */
struct psm_pending {
	enum psm_pending_state state;
	int32_t id;            /* 0 for an orphan */
	const char *label;     /* the key's label as it stands; NULL: none */
	const char *token;
	const char *subject;   /* as requested; NULL: not known */
	char created[11];      /* YYYY-MM-DD; "" when not known */
	enum psm_key_type key_type;
	unsigned key_bits;     /* 0: not known */
	char key_id[129];      /* CKA_ID, hexadecimal; "" when it has none,
	                        * as after an interrupted key generation */
	bool is_ca;            /* asked for a CA certificate */
};

struct psm_pending_list;

/* Every key that waits for a certificate. This walks all keys: not for a hot
 * path. Free it with psm_pending_list_free(). */
PSM_MUST enum psm_err psm_request_list(struct psm_ctx *ctx,
                                       struct psm_pending_list **ret_list);
size_t psm_pending_list_count(const struct psm_pending_list *list);
/* Borrowed from list; NULL when i is past its end. */
const struct psm_pending *
psm_pending_list_get(const struct psm_pending_list *list, size_t i);
void psm_pending_list_free(struct psm_pending_list *list);

#define PSM_CANCEL_DELETE_KEY 0x01u

/* Forget the pending request id: no answer finds it any more. The key stays,
 * as an orphan, unless PSM_CANCEL_DELETE_KEY says otherwise; a key whose
 * certificate is stored is never deleted. A recovery's key goes in any case.
 * PSM_E_REQUEST_ID: there is no such request. PSM_E_EXISTS: deletion was
 * asked for, but a certificate uses the key; nothing is changed. */
PSM_MUST enum psm_err psm_request_cancel(struct psm_ctx *ctx, int32_t id,
                                         unsigned flags);

/* --- import ------------------------------------------------------------ */

#define PSM_IMPORT_FORCE_BACKUP 0x01u /* no import without a backup */
#define PSM_MATCH_BY_KEY        0x02u /* where an id answers no request, find
                                       * the key by the public key */
#define PSM_IMPORT_ALLOW_CA     0x04u /* take a CA certificate as user's */

enum psm_matched {
	PSM_MATCHED_ID,     /* the request's id, then the public key */
	PSM_MATCHED_KEY,    /* the public key alone: PSM_MATCH_BY_KEY */
	PSM_MATCHED_NOTHING /* no key of ours: a chain's certificate */
};

#define PSM_WARN_EXPIRED        0x01u
#define PSM_WARN_NOT_YET_VALID  0x02u
#define PSM_WARN_UNVERIFIED     0x04u /* no issuer here to check it against */
#define PSM_WARN_MODIFIED       0x08u /* granted with modifications */
#define PSM_WARN_ALREADY_STORED 0x10u /* was here before this call */
#define PSM_WARN_KEY_ELSEWHERE  0x20u /* was no pending request of ours */
#define PSM_WARN_WEAK_SIGNATURE 0x40u /* signed by an algorithm that NSS's
                                       * policy no longer lets it check */

/* The sentence for one warning bit, static; NULL for none such. */
const char *psm_warning(unsigned bit);

/* A certificate of an import or a restore. A later version may add members. */
struct psm_imported {
	struct psm_cert cert;   /* nickname: the one it is stored under */
	enum psm_matched matched;
	const char *request_id; /* decimal, as answered; NULL: none */
	const char *status_text; /* the CA's statusString; NULL: none */
	unsigned warnings;      /* PSM_WARN_ bits */
};

/* Import what a CA returned for requests this store has pending: all or none.
 * A certificate may come encrypted to its request's key. The answer to a
 * request for recovery brings the lost key with it, which is stored too.
 * Source: MDN, importUserCertificates; RFC 4210, 5.3.4; RFC 2510.
 *   response    base64 of a CertRepContent in CMMF or CMP form; PEM armour
 *               and white space are allowed. Borrowed for the call
 *   nickname    a wish; NULL, "" and "null" are none. A subject already
 *               here keeps its name
 *   flags       PSM_IMPORT_..., PSM_MATCH_BY_KEY
 *   ret_import  or NULL: what was done; free it with psm_import_free()
 * PSM_E_REQUEST_ID: a response answers no pending request, and is not the part
 * that an interrupted import of this answer had finished. PSM_E_CERTIFICATE:
 * one does not parse, is refused or is for another key. PSM_E_CANCELLED: the
 * user said no. Anything else: psm_js_string() says error:internalError. */
PSM_MUST enum psm_err
psm_import_user_certificates(struct psm_ctx *ctx, const char *response,
                             const char *nickname, unsigned flags,
                             struct psm_import **ret_import);

enum psm_form {
	PSM_FORM_CERT_REP,          /* CertRepContent, any dialect */
	PSM_FORM_PKI_MESSAGE,       /* CMP ip, cp or kup (RFC 4210, 5.1) */
	PSM_FORM_PKCS7,             /* SignedData with certificates only */
	PSM_FORM_NETSCAPE_SEQUENCE, /* application/x-x509-user-cert chains */
	PSM_FORM_CERTIFICATES,      /* DER, or PEM one after another */
	PSM_FORM_PKCS12             /* psm_restore() */
};

enum psm_protection {
	PSM_PROTECTION_NONE,      /* the form has none, or none was there */
	PSM_PROTECTION_UNCHECKED, /* there is one; nothing to check it with */
	PSM_PROTECTION_VERIFIED
};

/* Zero it, then set what differs. */
struct psm_import_options {
	const char *nickname;   /* as for psm_import_user_certificates() */
	unsigned flags;
	const char *secret;     /* shared with the CA, not empty; or NULL */
	const void *signer;     /* certificate of who signs, or who issued that
	                         * of extraCerts, if its extended key usage,
	                         * if any, has cmcCA, cmcRA or anything; DER
	                         * or PEM; or NULL */
	size_t signer_len;      /* bytes */
};

/* Import what CAs really send, whatever it is: text (base64 or PEM) or DER.
 * CertRepContent and PKIMessage are matched by request id, everything else by
 * key: what has no key here is the chain, and so is a CA's certificate that was
 * not asked for. Of extraCerts, issuers of something in the message come along.
 *   options  or NULL. With a secret or a signer, what they do not verify, or
 *            nobody protected, is PSM_E_MESSAGE
 *   data     it is borrowed for the call
 * PSM_E_REQUEST_ID: no key here is for any of it. Otherwise as
 * psm_import_user_certificates(). */
PSM_MUST enum psm_err psm_import(struct psm_ctx *ctx, const void *data,
                                 size_t len,
                                 const struct psm_import_options *options,
                                 struct psm_import **ret_import);
enum psm_form psm_import_form(const struct psm_import *import);
enum psm_protection psm_import_protection(const struct psm_import *import);

/* The user's certificates of an import, a restore, or a plan of one. */
size_t psm_import_count(const struct psm_import *import);
/* Borrowed from import; NULL when i is past its end. */
const struct psm_imported *psm_import_get(const struct psm_import *import,
                                          size_t i);
/* The CA certificates that came along, stored without trust. */
size_t psm_import_chain_count(const struct psm_import *import);
const struct psm_imported *
psm_import_chain_get(const struct psm_import *import, size_t i);
/* The backup's path; NULL: none was made. Borrowed. */
const char *psm_import_backup_path(const struct psm_import *import);
void psm_import_free(struct psm_import *import);

/* --- PKCS#12 ----------------------------------------------------------- */

#define PSM_BACKUP_COMPAT    0x01u /* 3DES and SHA-1, for old programs */
#define PSM_BACKUP_OVERWRITE 0x02u /* replace a file that is there */

/* psm wipes the password after use; a caller wipes its own copy. */
struct psm_backup_target {
	char path[4096];
	char password[512]; /* UTF-8, NUL-terminated */
	unsigned flags;     /* PSM_BACKUP_... */
};

/* Write the named certificates, their keys and their chains, each once, to a
 * PKCS#12 file (RFC 7292) of mode 0600: AES-256-CBC with a SHA-256 MAC. The
 * file appears whole or not at all, and is read back and verified first.
 *   names  nicknames or fingerprints, as for psm_store_get(); a nickname of
 *          several certificates means all of them
 * PSM_E_NOT_FOUND: no such certificate, or no key for it.
 * PSM_E_NOT_EXPORTABLE, PSM_E_EXISTS, PSM_E_FILE. */
PSM_MUST enum psm_err psm_backup(struct psm_ctx *ctx,
                                 const char *const names[], size_t n_names,
                                 const struct psm_backup_target *target);

/* Bring the certificates and keys of a PKCS#12 file in: all or none. The user
 * is asked for its password, then sees the plan. Nicknames follow the
 * same rule as those of an import, with the file's friendlyName as the
 * wish when nickname is NULL. flags is 0: none are defined.
 * PSM_E_PASSWORD: wrong password. PSM_E_PKCS12: damaged, or with a private
 * key whose certificate is not in it. PSM_E_PKCS12_KIND:
 * of a kind that cannot be read, as without a MAC; psm_errmsg() names it.
 * PSM_E_FILE. */
PSM_MUST enum psm_err psm_restore(struct psm_ctx *ctx, const char *path,
                                  const char *nickname, unsigned flags,
                                  struct psm_import **ret_import);

/* --- the rest of the crypto object ------------------------------------- */

/* Sign text as signText() did: detached PKCS#7 SignedData in BER, SHA-256, with
 * the signer's chain, root and all, as far as it is here, and signingTime. A
 * signer is a certificate of the user's, not a CA's, that is valid now, with
 * its key here; whose keyUsage, if any, has digitalSignature or nonRepudiation;
 * and whose extended key usage, if any, has mail, clients or anything.
 *   text      UTF-8, signed as its bytes are
 *   ask       the user chooses, even between one
 *   ca_names  RFC 4514 names; one of them must be in the signer's chain. None:
 *             any CA will do
 *   ret_text  base64; free it with psm_text_free()
 * PSM_E_NO_CERT: nobody here can sign so. PSM_E_CANCELLED. */
PSM_MUST enum psm_err psm_sign_text(struct psm_ctx *ctx, const char *text,
                                    bool ask, const char *const ca_names[],
                                    size_t n_ca_names, char **ret_text);
/* len random bytes from NSS. */
PSM_MUST enum psm_err psm_random(struct psm_ctx *ctx, unsigned char *buf,
                                 size_t len);
/* Lock every token. */
PSM_MUST enum psm_err psm_logout(struct psm_ctx *ctx);

#ifdef __cplusplus
}
#endif

#endif
