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
#include "nssutil/nu_pin.h"
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
void ctx_progress(struct psm_ctx *ctx, const char *doing, size_t done,
                  size_t total);

/* --- error.c ----------------------------------------------------------- */

/* A failure of our own, where NSS's error is stale. Returns err. */
enum psm_err psm_fail(struct psm_ctx *ctx, enum psm_err err, const char *fmt,
                      ...) __attribute__((format(printf, 3, 4)));
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

/* --- pending.c: keys that wait, found by their label -------------------- */

/* "pending:<id>", or "pending:<id>:ca" for a CA certificate's request. */
void pending_label(int32_t id, bool is_ca, char label[PSM_LABEL_SIZE]);
/* The id in a label; false: it is not a pending one. */
bool pending_parse(const char *label, int32_t *ret_id, bool *ret_is_ca);

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
/* Is it stored already, and under which nickname will it be? */
enum psm_err plan_name(struct psm_ctx *ctx, struct plan *plan);
/* Show the whole to the user. */
enum psm_err plan_confirm(struct psm_ctx *ctx, const struct plan *plan);
/* Store what is not stored yet, chain last; undone after a failure. */
enum psm_err plan_commit(struct psm_ctx *ctx, struct plan *plan);
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
};

/* --- nickname.c --------------------------------------------------------- */

/* The nickname of a step, by the documented rule. */
enum psm_err nickname_choose(struct psm_ctx *ctx, struct plan *plan,
                             const struct step *step, const char *wish,
                             const char **ret_nickname);

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
