/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* plan.c - what an import or a restore is about to do, and doing it. */

#include <stdlib.h>
#include <string.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_err.h"
#include "psm/internal.h"

char *
plan_strdup(struct plan *plan, const char *text)
{
	return PORT_ArenaStrdup(plan->result->arena, text);
}

/* --- the result ----------------------------------------------------------- */

size_t
psm_import_count(const struct psm_import *import)
{
	return import->n_users;
}

const struct psm_imported *
psm_import_get(const struct psm_import *import, size_t i)
{
	return i < import->n_users ? &import->users[i] : NULL;
}

size_t
psm_import_chain_count(const struct psm_import *import)
{
	return import->n_chain;
}

const struct psm_imported *
psm_import_chain_get(const struct psm_import *import, size_t i)
{
	return i < import->n_chain ? &import->chain[i] : NULL;
}

const char *
psm_import_backup_path(const struct psm_import *import)
{
	return import->backup_path;
}

void
psm_import_free(struct psm_import *import)
{
	if (import != NULL)
		PORT_FreeArena(import->arena, PR_FALSE);
}

const char *
psm_warning(unsigned bit)
{
	switch (bit) {
	case PSM_WARN_EXPIRED:
		return "the certificate has expired";
	case PSM_WARN_NOT_YET_VALID:
		return "the certificate is not valid yet";
	case PSM_WARN_UNVERIFIED:
		return "its issuer is not known here, so its signature could "
		       "not be checked";
	case PSM_WARN_MODIFIED:
		return "the CA granted it with modifications";
	case PSM_WARN_ALREADY_STORED:
		return "it was stored before";
	case PSM_WARN_KEY_ELSEWHERE:
		return "its key was no pending request";
	case PSM_WARN_WEAK_SIGNATURE:
		return "it is signed by an algorithm too weak to be checked";
	default:
		return NULL;
	}
}

/* --- building -------------------------------------------------------------- */

enum psm_err
plan_init(struct psm_ctx *ctx, struct plan *plan, size_t n_users,
          size_t n_chain)
{
	PLArenaPool *arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct psm_import *result;

	memset(plan, 0, sizeof *plan);
	if (arena == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	result = PORT_ArenaZNew(arena, struct psm_import);
	if (result == NULL) {
		PORT_FreeArena(arena, PR_FALSE);
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	}
	result->arena = arena;
	plan->result = result;
	result->users = PORT_ArenaZNewArray(arena, struct psm_imported,
	                                    n_users + 1);
	result->chain = PORT_ArenaZNewArray(arena, struct psm_imported,
	                                    n_chain + 1);
	plan->users = PORT_ArenaZNewArray(arena, struct step, n_users + 1);
	plan->chain = PORT_ArenaZNewArray(arena, struct step, n_chain + 1);
	if (result->users == NULL || result->chain == NULL ||
	    plan->users == NULL || plan->chain == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	return PSM_OK;
}

static void
step_clear(struct step *step)
{
	if (step->cert != NULL)
		CERT_DestroyCertificate(step->cert);
	if (step->slot != NULL)
		PK11_FreeSlot(step->slot);
	SECITEM_FreeItem(step->old_cert_id, PR_TRUE);
	pending_clear(&step->pending);
	if (step->transport != NULL)
		SECKEY_DestroyPrivateKey(step->transport);
}

void
plan_clear(struct plan *plan)
{
	for (size_t i = 0; i < plan->n_users; i++)
		step_clear(&plan->users[i]);
	for (size_t i = 0; i < plan->n_chain; i++)
		step_clear(&plan->chain[i]);
	psm_import_free(plan->result);
}

static enum psm_err
fail_certificate(struct psm_ctx *ctx, const char *what)
{
	if (PORT_GetError() == SEC_ERROR_REUSED_ISSUER_AND_SERIAL)
		return psm_fail(ctx, PSM_E_CERTIFICATE,
		                "another certificate with the issuer and "
		                "serial number of %s is here", what);
	return psm_fail_nss(ctx, PSM_E_CERTIFICATE, "%s does not parse", what);
}

/* Decode into a step; no database is written. */
static enum psm_err
fill_step(struct psm_ctx *ctx, struct plan *plan, struct step *step,
          struct psm_imported *report, const SECItem *der, const char *what)
{
	struct nu_cert parts;

	step->report = report;
	if (nu_cert_read(der, &parts) != SECSuccess)
		return fail_certificate(ctx, what);
	if (cert_describe(plan->result->arena, der, &report->cert) !=
	    SECSuccess)
		return psm_fail_nss(ctx, PSM_E_INTERNAL, "cannot describe %s",
		                    what);
	step->cert = CERT_NewTempCertificate(CERT_GetDefaultCertDB(),
	                                     (SECItem *)der, NULL, PR_FALSE,
	                                     PR_TRUE);
	if (step->cert == NULL)
		return fail_certificate(ctx, what);
	/* Slices of bytes that live as long as the step. */
	if (nu_cert_read(&step->cert->derCert, &step->parts) != SECSuccess)
		return fail_certificate(ctx, what);
	return PSM_OK;
}

enum psm_err
plan_add_user(struct psm_ctx *ctx, struct plan *plan, const SECItem *der,
              struct step **ret_step)
{
	size_t i = plan->n_users++;

	plan->result->n_users = plan->n_users;
	*ret_step = &plan->users[i];
	return fill_step(ctx, plan, &plan->users[i], &plan->result->users[i],
	                 der, "a certificate");
}

enum psm_err
plan_find(struct psm_ctx *ctx, struct step *step)
{
	PRBool present = PR_FALSE;

	if (nu_slot_has_cert(step->slot, step->cert, &present) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_STORE, "cannot search \"%s\"",
		                    PK11_GetTokenName(step->slot));
	step->present = present;
	if (present)
		step->report->warnings |= PSM_WARN_ALREADY_STORED;
	return PSM_OK;
}

static bool
is_in_plan(const struct plan *plan, const SECItem *der)
{
	for (size_t i = 0; i < plan->n_users; i++) {
		if (SECITEM_ItemsAreEqual(der, &plan->users[i].cert->derCert))
			return true;
	}
	for (size_t i = 0; i < plan->n_chain; i++) {
		if (SECITEM_ItemsAreEqual(der, &plan->chain[i].cert->derCert))
			return true;
	}
	return false;
}

enum psm_err
plan_add_chain(struct psm_ctx *ctx, struct plan *plan, const SECItem *der)
{
	size_t i = plan->n_chain;
	enum psm_err err;

	if (is_in_plan(plan, der))
		return PSM_OK;
	plan->n_chain++;
	plan->result->n_chain = plan->n_chain;
	plan->result->chain[i].matched = PSM_MATCHED_NOTHING;
	plan->chain[i].slot = PK11_GetInternalKeySlot();
	if (plan->chain[i].slot == NULL)
		return psm_fail_nss(ctx, PSM_E_STORE, "no database");
	err = fill_step(ctx, plan, &plan->chain[i], &plan->result->chain[i],
	                der, "a CA certificate");
	return err == PSM_OK ? plan_find(ctx, &plan->chain[i]) : err;
}

/* --- names ------------------------------------------------------------------ */

static enum psm_err
name_step(struct psm_ctx *ctx, struct plan *plan, struct step *step,
          const char *wish)
{
	const char *stored;
	enum psm_err err;

	stored = step->present ? store_bare_nickname(step->cert) : NULL;
	if (stored != NULL && *stored != '\0') {
		step->nickname = plan_strdup(plan, stored);
		if (step->nickname == NULL)
			return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	} else {
		err = nickname_choose(ctx, plan, step,
		                      wish != NULL ? wish : step->wish,
		                      &step->nickname);
		if (err != PSM_OK)
			return err;
	}
	step->report->cert.nickname = step->nickname;
	step->report->cert.token =
	        plan_strdup(plan, PK11_GetTokenName(step->slot));
	if (step->report->cert.token == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	return PSM_OK;
}

enum psm_err
plan_name_chain(struct psm_ctx *ctx, struct plan *plan)
{
	enum psm_err err = PSM_OK;

	for (size_t i = 0; i < plan->n_chain && err == PSM_OK; i++)
		err = name_step(ctx, plan, &plan->chain[i], NULL);
	return err;
}

enum psm_err
plan_name(struct psm_ctx *ctx, struct plan *plan)
{
	enum psm_err err = PSM_OK;

	for (size_t i = 0; i < plan->n_users && err == PSM_OK; i++) {
		err = plan_find(ctx, &plan->users[i]);
		if (err == PSM_OK)
			err = name_step(ctx, plan, &plan->users[i], plan->wish);
	}
	return err == PSM_OK ? plan_name_chain(ctx, plan) : err;
}

enum psm_err
plan_confirm(struct psm_ctx *ctx, const struct plan *plan)
{
	if (ctx->ui.confirm == NULL ||
	    ctx->ui.confirm(ctx->arg, plan->result) != PSM_ANSWER_NO)
		return PSM_OK;
	return psm_fail(ctx, PSM_E_CANCELLED, "the user refused the import");
}

/* --- doing ------------------------------------------------------------------ */

/* PK11_WriteRawAttribute() on a PK11_TypeCert leaks its slot, after which NSS
 * cannot be closed; any other object with that handle will do as well. */
static SECStatus
set_cert_attribute(struct psm_ctx *ctx, const struct step *step,
                   CK_ATTRIBUTE_TYPE type, const void *data, size_t len)
{
	SECItem item = { siBuffer, (unsigned char *)data, (unsigned)len };
	SECKEYPublicKey object = {
		.pkcs11Slot = step->slot,
		.pkcs11ID = PK11_FindCertInSlot(step->slot, step->cert,
		                                &ctx->pin),
	};

	return PK11_WriteRawAttribute(PK11_TypePubKey, &object, type, &item);
}

static SECStatus
set_key_id(SECKEYPrivateKey *key, const SECItem *id)
{
	return PK11_WriteRawAttribute(PK11_TypePrivKey, key, CKA_ID,
	                              (SECItem *)id);
}

/* The key's CKA_ID; one that has none is given this. */
static SECStatus
ensure_key_id(struct step *step, const SECItem *id, SECItem *ret_id)
{
	if (nu_key_attribute(step->pending.key, CKA_ID, ret_id) == SECSuccess)
		return SECSuccess;
	if (nu_err_is_trouble(PORT_GetError()) ||
	    set_key_id(step->pending.key, id) != SECSuccess)
		return SECFailure;
	step->key_linked = true;
	return SECITEM_CopyItem(NULL, ret_id, id);
}

/* NSS finds a certificate's key by CKA_ID. A key made elsewhere keeps its own
 * and the certificate follows. */
static SECStatus
link_to_key(struct psm_ctx *ctx, struct step *step)
{
	nu_auto(SECItem) ours =
	        step->stored ? nu_cert_key_id(step->cert)
	                     : PK11_GetLowLevelKeyIDForCert(NULL, step->cert,
	                                                    &ctx->pin);
	nu_auto_item theirs = { siBuffer, NULL, 0 };

	if (ours == NULL)
		return SECFailure;
	if (ensure_key_id(step, ours, &theirs) != SECSuccess)
		return SECFailure;
	if (SECITEM_ItemsAreEqual(ours, &theirs))
		return SECSuccess;
	if (set_cert_attribute(ctx, step, CKA_ID, theirs.data, theirs.len) !=
	    SECSuccess)
		return SECFailure;
	step->old_cert_id = nu_take(ours);
	return SECSuccess;
}

/* What another process stored since we looked, as the CA certificate that comes
 * with everybody's answer, is as good as ours, and not ours to take back. */
static SECStatus
put_cert(struct step *step)
{
	PRBool present = PR_FALSE;
	PRErrorCode why;

	if (PK11_ImportCert(step->slot, step->cert, CK_INVALID_HANDLE,
	                    step->nickname, PR_FALSE) == SECSuccess) {
		step->stored = true;
		return SECSuccess;
	}
	why = PORT_GetError();
	if (nu_slot_has_cert(step->slot, step->cert, &present) == SECSuccess &&
	    present)
		return SECSuccess;
	PORT_SetError(why);
	return SECFailure;
}

/* Its key gets a CKA_ID first, lest the certificate be there without it. */
static SECStatus
store_cert(struct step *step)
{
	nu_auto(SECItem) id = NULL;
	nu_auto_item theirs = { siBuffer, NULL, 0 };

	if (step->pending.key != NULL &&
	    ((id = nu_cert_key_id(step->cert)) == NULL ||
	     ensure_key_id(step, id, &theirs) != SECSuccess))
		return SECFailure;
	return put_cert(step);
}

static SECStatus
store_step(struct psm_ctx *ctx, struct step *step)
{
	if (step->transport != NULL &&
	    recovery_store_key(ctx, step) != SECSuccess)
		return SECFailure;
	if (!step->present) {
		if (store_cert(step) != SECSuccess)
			return SECFailure;
	} else if (step->cert->nickname == NULL) {
		if (set_cert_attribute(ctx, step, CKA_LABEL, step->nickname,
		                       strlen(step->nickname)) != SECSuccess)
			return SECFailure;
		step->named = true;
	}
	return step->pending.key != NULL ? link_to_key(ctx, step) : SECSuccess;
}

static enum psm_err
store_steps(struct psm_ctx *ctx, struct step *steps, size_t n,
            const char *doing)
{
	for (size_t i = 0; i < n; i++) {
		ctx_progress(ctx, doing, i, n);
		if (store_step(ctx, &steps[i]) != SECSuccess)
			return psm_fail_nss(ctx, PSM_E_STORE,
			                    "cannot store \"%s\"",
			                    steps[i].nickname);
	}
	ctx_progress(ctx, doing, n, n);
	return PSM_OK;
}

enum psm_err
plan_commit_chain(struct psm_ctx *ctx, struct plan *plan)
{
	return store_steps(ctx, plan->chain, plan->n_chain,
	                   "storing CA certificates");
}

enum psm_err
plan_commit(struct psm_ctx *ctx, struct plan *plan)
{
	enum psm_err err = store_steps(ctx, plan->users, plan->n_users,
	                               "storing certificates");

	if (err == PSM_OK)
		err = plan_commit_chain(ctx, plan);
	if (err != PSM_OK)
		plan_undo(ctx, plan);
	return err;
}

static enum psm_err
retire_step(struct psm_ctx *ctx, struct plan *plan, struct step *step)
{
	nu_auto_port char *label = nu_key_label(step->pending.key);
	int32_t id;
	bool is_ca;

	if (label == NULL)
		return psm_fail_nss(ctx, PSM_E_STORE,
		                    "cannot read the label of a key");
	/* A label that is not ours is another program's to keep. */
	if (*label != '\0' && !pending_parse(label, &id, &is_ca))
		return PSM_OK;
	step->old_label = plan_strdup(plan, label);
	if (step->old_label == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	if (PK11_SetPrivateKeyNickname(step->pending.key, step->nickname) !=
	    SECSuccess)
		return psm_fail_nss(ctx, PSM_E_STORE,
		                    "cannot retire the request of \"%s\"",
		                    step->nickname);
	step->retired = true;
	return PSM_OK;
}

enum psm_err
plan_retire(struct psm_ctx *ctx, struct plan *plan)
{
	enum psm_err err = PSM_OK;

	for (size_t i = 0; i < plan->n_users && err == PSM_OK; i++) {
		if (plan->users[i].pending.key != NULL)
			err = retire_step(ctx, plan, &plan->users[i]);
	}
	return err == PSM_OK ? recovery_finish(ctx, plan) : err;
}

static void
undo_step(struct psm_ctx *ctx, struct step *step)
{
	const SECItem none = { siBuffer, NULL, 0 };

	/* What can be no request again stays whole: with the others' requests
	 * still pending, the answer can be imported again. */
	if (step->retired &&
	    PK11_SetPrivateKeyNickname(step->pending.key, step->old_label) !=
	            SECSuccess)
		return;
	if (step->key_linked)
		(void)set_key_id(step->pending.key, &none);
	if (step->old_cert_id != NULL && !step->stored)
		(void)set_cert_attribute(ctx, step, CKA_ID,
		                         step->old_cert_id->data,
		                         step->old_cert_id->len);
	if (step->named)
		(void)set_cert_attribute(ctx, step, CKA_LABEL, "", 0);
	/* A key that its certificate still needs stays. */
	if (step->stored &&
	    SEC_DeletePermCertificate(step->cert) != SECSuccess)
		step->key_stored = false;
	if (step->key_stored)
		(void)store_delete_key(step->pending.slot, step->pending.key);
	step->retired = step->named = step->stored = step->key_stored = false;
	step->key_linked = false;
}

void
plan_undo(struct psm_ctx *ctx, struct plan *plan)
{
	ctx_progress(ctx, "taking the import back", 0, 0);
	for (size_t i = plan->n_chain; i-- > 0;)
		undo_step(ctx, &plan->chain[i]);
	for (size_t i = plan->n_users; i-- > 0;)
		undo_step(ctx, &plan->users[i]);
}
