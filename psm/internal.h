/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* internal.h - the structs behind psm.h, and the calls across psm/'s files. */

#ifndef PSM_INTERNAL_H
#define PSM_INTERNAL_H

#include <cert.h>
#include <keyhi.h>
#include <pk11pub.h>

#include "nssutil/nu_cert.h"
#include "nssutil/nu_certs.h"
#include "nssutil/nu_cmmf.h"
#include "nssutil/nu_pin.h"
#include "nssutil/nu_pkimessage.h"
#include "nssutil/nu_slot.h"
#include "psm/psm.h"

enum { PSM_ERRMSG_SIZE = 1024, PSM_LABEL_SIZE = 40 };

/* --- context.c --------------------------------------------------------- */

struct psm_ctx {
	struct psm_ui ui;
	void *arg;
	struct nu_pin pin;
	bool open, read_only;
	size_t max_base64, max_responses;
	char errmsg[PSM_ERRMSG_SIZE];
	const char *errparam; /* static; NULL: the last error has none */
	char locked[64]; /* a token that ctx_key_slots() left out, or "" */
};

/* Every public call begins with it: forgets the last error and the last
 * password question. PSM_E_ARGUMENT when no database is open. */
enum psm_err ctx_enter(struct psm_ctx *ctx);
/* The token called name (NULL: the database), logged in. The caller owns it. */
enum psm_err ctx_token(struct psm_ctx *ctx, const char *name,
                       PK11SlotInfo **ret_slot);
enum psm_err ctx_login(struct psm_ctx *ctx, PK11SlotInfo *slot);
/* May this token be written, and is it ready for keys? */
enum psm_err ctx_writable(struct psm_ctx *ctx, PK11SlotInfo *slot);
/* All tokens that hold keys; those that cannot be unlocked are left out, except
 * for the database. Free it with nu_slots_free(). */
enum psm_err ctx_key_slots(struct psm_ctx *ctx, struct nu_slots **ret_slots);
/* After PSM_E_REQUEST_ID psm_errmsg() names the token that was left out, where
 * what is missing may be. Returns err. */
enum psm_err ctx_name_locked(struct psm_ctx *ctx, enum psm_err err);
void ctx_progress(struct psm_ctx *ctx, const char *doing, size_t done,
                  size_t total);
/* The directory of the open database. */
const char *ctx_dir(void);
/* Strict base64, PEM or not, within the limit; err for what is malformed. what
 * is for messages: "the answer". */
enum psm_err ctx_decode_base64(struct psm_ctx *ctx, enum psm_err err,
                               const char *what, const char *text, size_t len,
                               SECItem *ret_der);

/* --- stamp.c ----------------------------------------------------------- */

/* Forget the files it reads: NSS has closed them. */
void stamp_close(void);

/* --- error.c ----------------------------------------------------------- */

/* Text that was cut to fit: drop the beginning of a character at its end. */
void psm_end_text(char *text);

/* A failure of our own, where NSS's error is stale. Returns err. */
enum psm_err psm_fail(struct psm_ctx *ctx, enum psm_err err, const char *fmt,
                      ...) __attribute__((format(printf, 3, 4)));
/* PSM_E_PARAMETER for the parameter called param (static), as psm_errparam() has
 * them. */
enum psm_err psm_fail_param(struct psm_ctx *ctx, const char *param,
                            const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
/* Right after an NSS call failed: the next one may overwrite its error. Out of
 * memory, a wrong password and a cancelled prompt have codes of their
 * own, err is for the rest. */
enum psm_err psm_fail_nss(struct psm_ctx *ctx, enum psm_err err,
                          const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
/* The same for a failed system call: PSM_E_FILE and errno's sentence. */
enum psm_err psm_fail_errno(struct psm_ctx *ctx, const char *doing,
                            const char *path);

/* --- idset.c: CKA_IDs, to ask often whether one is there ---------------- */

struct idset;

/* The CKA_IDs of all objects of a class in a slot. NULL: NSS's error. */
struct idset *idset_new(PK11SlotInfo *slot, CK_OBJECT_CLASS class);
bool idset_has(const struct idset *set, const SECItem *id);
void idset_free(struct idset *set);

/* --- cert.c: struct psm_cert and lists of them -------------------------- */

/* Fill *ret_cert from DER, in arena; nickname, token and has_key are the
 * caller's. Fails with NSS's error. */
SECStatus cert_describe(PLArenaPool *arena, const SECItem *der,
                        struct psm_cert *ret_cert);
/* psm_key_type and NSS's. */
enum psm_key_type cert_key_type(KeyType type);
/* extendedKeyUsage is absent, or names a purpose that fits. */
bool cert_purpose_fits(const SECItem *extensions,
                       bool (*fits)(const SECItem *oid));
struct psm_cert_list *cert_list_new(void);
/* Add a certificate; the list copies everything. NULL: NSS's error. */
struct psm_cert *cert_list_add(struct psm_cert_list *list, const SECItem *der,
                               const char *nickname, const char *token);

/* --- store.c ------------------------------------------------------------ */

/* The certificates called name, as psm_store_get() has it: NSS's own objects.
 * PSM_E_NOT_FOUND: none. Free it with CERT_DestroyCertList(). */
enum psm_err store_find(struct psm_ctx *ctx, const char *name,
                        CERTCertList **ret_certs);
/* Delete a private key and, best effort, its public key object. */
SECStatus store_delete_key(PK11SlotInfo *slot, SECKEYPrivateKey *key);
/* Its nickname without the token's name, or NULL. */
const char *store_bare_nickname(const CERTCertificate *cert);

/* A certificate object as it lies in a token, borrowed. */
struct store_object {
	PK11SlotInfo *slot;
	SECItem der, id;
	char *label; /* or NULL */
};
typedef SECStatus (*store_object_fn)(const struct store_object *object,
                                     void *arg);
/* Call fn for each of a token's. NSS's error, or fn's. */
SECStatus store_walk(PK11SlotInfo *slot, store_object_fn fn, void *arg);
/* Delete cert, which is called name, and its key, unless others use that. */
enum psm_err store_delete(struct psm_ctx *ctx, CERTCertificate *cert,
                          const char *name, unsigned flags,
                          bool *ret_key_deleted);
/* How many certificates of its token have this CKA_ID; 0 is an error, for a
 * key that has one. */
size_t store_count_certs(SECKEYPrivateKey *key);
/* Store a certificate that was deleted, best effort, with the CKA_ID it had, by
 * which its key is found; nickname may be "". */
void store_again(PK11SlotInfo *slot, const SECItem *der, const char *nickname,
                 const SECItem *id);

/* --- certobj.c: a certificate as it lies in a token ---------------------- */

/* Text and data are of the arena. */
struct certobj {
	PK11SlotInfo *slot;      /* borrowed */
	CK_OBJECT_HANDLE handle;
	char *label;             /* "": none */
	SECItem id;              /* CKA_ID; no data: none */
};

/* Where cert lies in slot, and what is written there, whatever NSS remembers of
 * it. NSS's error. */
SECStatus certobj_read(PLArenaPool *arena, PK11SlotInfo *slot,
                       CERTCertificate *cert, void *wincx,
                       struct certobj *ret_object);
SECStatus certobj_set(const struct certobj *object, CK_ATTRIBUTE_TYPE type,
                      const void *data, size_t len);
/* Those in slot whose label is exactly name, or what is behind the token and
 * the colon in name; NULL and SECSuccess: none. */
SECStatus certobj_find(PK11SlotInfo *slot, const char *name, void *wincx,
                       CERTCertList **ret_certs);

/* --- label.c: what a key's label says that it waits for ------------------ */

/* "pending:<id>", or "pending:<id>:ca" for a CA certificate's request. */
void pending_label(int32_t id, bool is_ca, char label[PSM_LABEL_SIZE]);
/* "recovery:<id>", of the transport key. */
void recovery_label(int32_t id, char label[PSM_LABEL_SIZE]);
/* The id in a label; false: it is not of this kind. */
bool pending_parse(const char *label, int32_t *ret_id, bool *ret_is_ca);
bool recovery_parse(const char *label, int32_t *ret_id);
/* Every label that a request with this id may have, a recovery's last. */
enum { LABEL_RECOVERY = 2, LABEL_KINDS };
void label_all(int32_t id, char labels[LABEL_KINDS][PSM_LABEL_SIZE]);
/* INTEGER octets as an id; false: no request here can have it. */
bool label_id(const SECItem *octets, int32_t *ret_id);

/* --- pending.c: keys that wait, found by their label -------------------- */

struct pending {
	SECKEYPrivateKey *key;
	PK11SlotInfo *slot;
	bool is_ca;
};
void pending_clear(struct pending *pending);
/* The key of the pending request id (INTEGER octets) that is cert's key.
 * PSM_E_REQUEST_ID: no such request. PSM_E_CERTIFICATE: it has another key. */
enum psm_err pending_find(struct psm_ctx *ctx, const struct nu_slots *slots,
                          const SECItem *id, CERTCertificate *cert,
                          struct pending *ret_pending);
/* Any key of ours that is cert's key. PSM_E_REQUEST_ID: none. */
enum psm_err pending_find_by_key(struct psm_ctx *ctx,
                                 const struct nu_slots *slots,
                                 CERTCertificate *cert,
                                 struct pending *ret_pending);
/* Is there a key with this id's label? Also yes when it cannot be told. */
bool pending_exists(struct psm_ctx *ctx, PK11SlotInfo *slot, int32_t id);

/* --- pagecert.c: a certificate that a page hands over -------------------- */

struct pagecert {
	SECItem der;
	struct nu_cert cert;      /* slices of der */
	SECKEYPublicKey *public;  /* NULL: there is no such certificate */
};

/* Base64, PEM or not. Fails with NSS's error, and then sets nothing. */
SECStatus pagecert_read(const struct psm_ctx *ctx, const char *text, size_t len,
                        struct pagecert *ret_cert);
void pagecert_clear(struct pagecert *cert);

/* --- keyspec.c: the kind of key that a page asks for --------------------- */

struct keyspec {
	KeyType type;
	unsigned bits;
	unsigned key_usage;       /* KU_... of certt.h */
	bool exchange;            /* an "-ex" algorithm */
	struct pagecert popcert;
};

/* Into *spec, which comes zeroed, and is to be cleared even after a failure.
 * PSM_E_PARAMETER. */
enum psm_err keyspec_parse(struct psm_ctx *ctx,
                           const struct psm_key_request *from, unsigned flags,
                           struct keyspec *spec);
void keyspec_clear(struct keyspec *spec);

/* --- newkey.c: a key on its way to being a pending request --------------- */

struct newkey {
	PK11SlotInfo *slot;       /* where it goes; borrowed */
	const SECItem *subject;   /* Name, as requested; borrowed */
	KeyType type;
	unsigned bits;
	bool unextractable, is_ca;
	int32_t id;
	char label[PSM_LABEL_SIZE];
	SECKEYPrivateKey *private;
	SECKEYPublicKey *public;
	bool on_token;            /* it is there to stay until it is deleted */
};

/* Choose id, which no request in the slot has, and the label for it. */
enum psm_err newkey_draw_id(struct psm_ctx *ctx, struct newkey *key);
/* Generate and label it: in the database a session object, which nobody else
 * sees and which newkey_store() makes permanent; elsewhere in place. */
enum psm_err newkey_make(struct psm_ctx *ctx, struct newkey *key);
/* From now on it cannot be extracted any more. */
enum psm_err newkey_lock(struct psm_ctx *ctx, struct newkey *key);
enum psm_err newkey_store(struct psm_ctx *ctx, struct newkey *key);
/* Take back what was stored, best effort; then there is still the clearing. */
void newkey_delete(struct newkey *key);
void newkey_clear(struct newkey *key);

/* --- plan.c: what an import or a restore is about to do ----------------- */

/* One certificate on its way in. */
struct step {
	struct psm_imported *report; /* its line in the result */
	struct nu_cert parts;        /* slices of cert's bytes */
	CERTCertificate *cert;
	struct pending pending;      /* key NULL: a chain's certificate */
	PK11SlotInfo *slot;          /* where it is or goes; owned */
	const char *wish;            /* this one's own, or NULL */
	const char *nickname;        /* of the arena */
	char *old_label;             /* of the arena: what retiring replaced */
	bool present;                /* in the slot before this call */
	bool stored, key_stored;     /* by this call */
	bool named;                  /* by this call: it had no nickname */
	bool retired;                /* by this call */
	bool key_linked;             /* by this call: the key had no CKA_ID */
	SECItem *old_cert_id;        /* the CKA_ID that this call replaced */
	SECKEYPrivateKey *transport; /* of a recovery, or NULL: the key that
	                              * the lost one came under */
	SECItem recovered;           /* the lost key, an EncryptedKey; no data:
	                              * it was not lost */
};

struct plan {
	struct psm_import *result;
	struct step *users, *chain;  /* of the result's arena */
	size_t n_users, n_chain;
	const char *wish;            /* the caller's for all users, or NULL */
	unsigned long last_number;   /* nickname.c: where to go on counting */
	const char *last_base;
};

enum psm_err plan_init(struct psm_ctx *ctx, struct plan *plan, size_t n_users,
                       size_t n_chain);
/* Everything but the result, which is freed too unless it was taken. */
void plan_clear(struct plan *plan);
/* Decode a certificate into the next step. PSM_E_CERTIFICATE. */
enum psm_err plan_add_user(struct psm_ctx *ctx, struct plan *plan,
                           const SECItem *der, struct step **ret_step);
enum psm_err plan_add_chain(struct psm_ctx *ctx, struct plan *plan,
                            const SECItem *der);
/* No two of one issuer and serial; signatures hold; warnings are set. */
enum psm_err plan_verify(struct psm_ctx *ctx, struct plan *plan);
/* Is a step's certificate in its slot already? plan_add_chain() asks by itself,
 * plan_name() for the users'. */
enum psm_err plan_find(struct psm_ctx *ctx, struct step *step);
/* Is it stored already, and under which nickname will it be? */
enum psm_err plan_name(struct psm_ctx *ctx, struct plan *plan);
/* The nicknames of the chain alone. */
enum psm_err plan_name_chain(struct psm_ctx *ctx, struct plan *plan);
/* Show the whole to the user. */
enum psm_err plan_confirm(struct psm_ctx *ctx, const struct plan *plan);
/* Store what is not stored yet, chain last; undone after a failure. */
enum psm_err plan_commit(struct psm_ctx *ctx, struct plan *plan);
/* The chain alone. After a failure, plan_undo() is the caller's to call. */
enum psm_err plan_commit_chain(struct psm_ctx *ctx, struct plan *plan);
/* The keys' labels become the nicknames; undone after a failure. */
enum psm_err plan_retire(struct psm_ctx *ctx, struct plan *plan);
/* Take back what this call did. Best effort: the token may be gone. */
void plan_undo(struct psm_ctx *ctx, struct plan *plan);
/* Text in the result's arena; NULL: no memory. */
char *plan_strdup(struct plan *plan, const char *text);

struct psm_import {
	PLArenaPool *arena;
	struct psm_imported *users, *chain;
	size_t n_users, n_chain;
	const char *backup_path;
	enum psm_form form;
	enum psm_protection protection;
};

/* --- import.c: the story of an import; import_any.c: what else CAs send ---- */

/* An import, from the answer's bytes to its end. */
struct import {
	/* From data to rep, whose arena or der, message or certs hold all. */
	enum psm_err (*decode)(struct psm_ctx *ctx, struct import *import);
	const void *data;
	size_t len;
	const char *nickname;
	unsigned flags;
	const struct psm_import_options *options; /* psm_import() has some */
	SECItem der;
	struct nu_pkimessage *message;
	struct nu_certs *certs;
	struct nu_cert_rep *rep;     /* a response without an id (no data) is
	                              * matched by key */
	enum psm_form form;
	enum psm_protection protection;
	struct nu_slots *slots;
	struct plan plan;
	size_t n_finished;           /* by an import before */
	struct psm_backup_target *backup; /* NULL: none is wanted */
	bool backup_written;
};

/* Decode, plan, ask, write; import is cleared. */
enum psm_err import_run(struct psm_ctx *ctx, struct import *import,
                        struct psm_import **ret_import);
/* Strict base64 in data to der. */
enum psm_err import_decode_text(struct psm_ctx *ctx, struct import *import);
/* CertRepContent in der, which lives as long as the import, to rep. */
enum psm_err import_decode_rep(struct psm_ctx *ctx, struct import *import,
                               const SECItem *der);
enum psm_err import_find_slots(struct psm_ctx *ctx, struct import *import);
/* Those of message's extraCerts that issued something in rep, whose encrypted
 * certificates are open, join its caPubs. */
enum psm_err import_add_issuers(struct psm_ctx *ctx, struct import *import);
/* PSM_E_CERTIFICATE, in the CA's words. */
enum psm_err import_refused(struct psm_ctx *ctx,
                            const struct nu_cert_response *response);

/* --- encrypted.c --------------------------------------------------------- */

/* Open every certificate of rep that is encrypted, with the key that its id
 * names: then it is as if it had come in the open. PSM_E_CERTIFICATE,
 * PSM_E_REQUEST_ID. */
enum psm_err encrypted_open_certs(struct psm_ctx *ctx, struct import *import);

/* --- recovery.c: a lost key comes back ------------------------------------ */

/* If the response answers a request for recovery: its key, proved, is the
 * step's pending key, as a session object. PSM_E_REQUEST_ID: it does not, and
 * psm_errmsg() is as it was. PSM_E_CERTIFICATE: it does, badly. */
enum psm_err recovery_match(struct psm_ctx *ctx, const struct nu_slots *slots,
                            const struct nu_cert_response *response,
                            struct step *step);
/* Store the recovered key. NSS's error. */
SECStatus recovery_store_key(struct psm_ctx *ctx, struct step *step);
/* Delete the transport keys: the very last that an import does. */
enum psm_err recovery_finish(struct psm_ctx *ctx, struct plan *plan);

/* --- request.c ------------------------------------------------------------ */

/* psm_request_create(), and with recovery psm_request_recovery(): the key is
 * the one that a lost key is to come under. */
enum psm_err request_create(struct psm_ctx *ctx,
                            const struct psm_request_params *params,
                            bool recovery, struct psm_request **ret_request);
/* Can text be a registration control? NULL can. */
bool request_is_text(const char *text);

/* --- nickname.c --------------------------------------------------------- */

/* The nickname of a step, by the documented rule. */
enum psm_err nickname_choose(struct psm_ctx *ctx, struct plan *plan,
                             const struct step *step, const char *wish,
                             const char **ret_nickname);

/* --- put.c, put_read.c, put_write.c: psm_store_put() ----------------------- */

/* Until a put is over, its new key's label is this and the nickname, and so is
 * its certificate's while another subject's still holds the nickname. The keys
 * that are to go are marked too. psm_store_tidy() knows by them what an
 * interrupted put was about. No colon: NSS would look for a token. */
#define PUT_NEW "psm-put "
#define PUT_OLD "psm-old "

/* A certificate that gives way. */
struct put_old {
	CERTCertificate *cert;
	struct certobj object;
	SECKEYPrivateKey *key;   /* goes along; NULL: none, or still needed */
	char *key_label;         /* before it was marked */
	bool marked, cert_deleted, key_deleted;
};

struct put {
	const struct psm_put_params *params;
	const char *nickname;    /* "": none */
	char *new_label, *old_label; /* PUT_NEW or PUT_OLD and the nickname */
	enum psm_put_part part;  /* what was wrong */
	PK11SlotInfo *slot;

	/* --- put_read.c: what came */
	SECItem der;             /* out of PEM */
	struct nu_certs *certs;  /* or NULL: it is a PKCS#12 */
	struct nu_p12 *p12;
	size_t p12_user;         /* which of its certificates is the user's */
	struct plan plan;        /* one user */
	struct step *step;       /* that one */
	SECKEYPublicKey *pub;
	SECKEYPrivateKey *session; /* the key that came; NULL: none did */

	/* --- what is here */
	struct certobj here;     /* if step->present */
	SECKEYPrivateKey *key;   /* in the token; NULL: not yet */
	struct put_old *olds;
	size_t n_olds;

	/* --- put_write.c: what was done */
	struct certobj object;   /* the certificate, once it is stored */
	bool on_temporary;       /* it still has the label new_label */
	CK_OBJECT_HANDLE public;
	char *key_label;         /* what relabelling the key replaced */
	bool key_stored, cert_stored, cert_renamed, cert_linked, cert_named;
	bool key_labelled;
};

/* Certificates and key, decoded and proved. Sets part. */
enum psm_err put_read_certs(struct psm_ctx *ctx, struct put *put);
enum psm_err put_read_key(struct psm_ctx *ctx, struct put *put);
/* Do all of it, or undo it again. */
enum psm_err put_write(struct psm_ctx *ctx, struct put *put);

/* --- backup.c ----------------------------------------------------------- */

/* Is this a place where a backup can go? Says so before anything is done. */
enum psm_err backup_check_target(struct psm_ctx *ctx,
                                 const struct psm_backup_target *target);
/* Write, read back and verify a PKCS#12 of these, with their chains. */
enum psm_err backup_write(struct psm_ctx *ctx,
                          CERTCertificate *const certs[],
                          SECKEYPrivateKey *const keys[], size_t n,
                          const struct psm_backup_target *target);

#endif
