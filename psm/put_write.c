/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* put_write.c - what psm_store_put() writes, and how it is taken back.
 *
 * Each step is a commit or two, and a process may be killed after any. The new
 * key comes first, under a label that says what for; the old key is marked
 * before its certificate goes. So whatever is left alone can be told from what
 * other programs left, and psm_store_tidy() ends the work. */

#include <string.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_err.h"
#include "psm/internal.h"

/* --- forward ----------------------------------------------------------- */

/* The public half first: the private one makes it a key, in one commit. */
static SECStatus
store_key(struct psm_ctx *ctx, struct put *put)
{
	if (put->key != NULL)
		return SECSuccess;
	if (nu_key_set_label(put->session, put->new_label) != SECSuccess)
		return SECFailure;
	put->public = PK11_ImportPublicKey(put->slot, put->pub, PR_TRUE);
	if (put->public == CK_INVALID_HANDLE)
		return SECFailure;
	put->key = PK11_ConvertSessionPrivKeyToTokenPrivKey(put->session,
	                                                    &ctx->pin);
	if (put->key == NULL) {
		(void)PK11_DestroyTokenObject(put->slot, put->public);
		return SECFailure;
	}
	put->key_stored = true;
	return SECSuccess;
}

/* NSS gives a nickname to one subject only. */
static bool
is_held_by_another(const struct put *put)
{
	for (size_t i = 0; i < put->n_olds; i++) {
		if (!SECITEM_ItemsAreEqual(&put->olds[i].cert->derSubject,
		                           &put->step->cert->derSubject))
			return true;
	}
	return false;
}

static SECStatus
set_label(const struct put *put, const char *label)
{
	return certobj_set(&put->object, CKA_LABEL, label, strlen(label));
}

static SECStatus
add_cert(struct psm_ctx *ctx, struct put *put, const char *label)
{
	if (PK11_ImportCert(put->slot, put->step->cert, CK_INVALID_HANDLE,
	                    *label != '\0' ? label : NULL,
	                    PR_FALSE) != SECSuccess)
		return SECFailure;
	put->cert_stored = true;
	return certobj_read(put->plan.result->arena, put->slot,
	                    put->step->cert, &ctx->pin, &put->object);
}

/* It is here already: another name, and a key that it had not, perhaps. */
static SECStatus
change_cert(struct put *put, const char *label)
{
	nu_auto(SECItem) id = nu_cert_key_id(put->step->cert);

	put->object = put->here;
	if (id == NULL)
		return SECFailure;
	if (put->key_stored && !SECITEM_ItemsAreEqual(&put->here.id, id)) {
		if (certobj_set(&put->here, CKA_ID, id->data, id->len) !=
		    SECSuccess)
			return SECFailure;
		put->cert_linked = true;
	}
	if (*label == '\0' || strcmp(put->here.label, label) == 0)
		return SECSuccess;
	if (set_label(put, label) != SECSuccess)
		return SECFailure;
	put->cert_renamed = true;
	return SECSuccess;
}

static SECStatus
store_cert(struct psm_ctx *ctx, struct put *put)
{
	const char *label = put->nickname;

	put->on_temporary = is_held_by_another(put);
	if (put->on_temporary)
		label = put->new_label;
	return put->step->present ? change_cert(put, label)
	                          : add_cert(ctx, put, label);
}

static SECStatus
delete_old_certs(struct put *put)
{
	for (size_t i = 0; i < put->n_olds; i++) {
		struct put_old *old = &put->olds[i];

		if (old->key != NULL) {
			if (nu_key_set_label(old->key, put->old_label) !=
			    SECSuccess)
				return SECFailure;
			old->marked = true;
		}
		if (SEC_DeletePermCertificate(old->cert) != SECSuccess)
			return SECFailure;
		old->cert_deleted = true;
	}
	return SECSuccess;
}

static SECStatus
name_cert(struct put *put)
{
	if (!put->on_temporary)
		return SECSuccess;
	if (set_label(put, put->nickname) != SECSuccess)
		return SECFailure;
	put->cert_named = true;
	return SECSuccess;
}

/* Is it of a put or a request, or none at all? */
static bool
is_our_label(const char *label)
{
	int32_t id;
	bool is_ca;

	return *label == '\0' || pending_parse(label, &id, &is_ca) ||
	       strncmp(label, PUT_NEW, sizeof PUT_NEW - 1) == 0 ||
	       strncmp(label, PUT_OLD, sizeof PUT_OLD - 1) == 0;
}

/* Must the key's label become the nickname? One that others' certificates know
 * it by stays. */
static SECStatus
wants_label(const struct put *put, const char *label, bool *ret_wants)
{
	size_t n = 1;

	*ret_wants = false;
	if (strcmp(label, put->nickname) == 0 ||
	    (*put->nickname == '\0' && !put->key_stored))
		return SECSuccess;
	if (!is_our_label(label) && (n = store_count_certs(put->key)) == 0)
		return SECFailure;
	*ret_wants = n == 1;
	return SECSuccess;
}

/* After this there is nothing to tidy up. */
static SECStatus
label_key(struct put *put)
{
	nu_auto_port char *label = nu_key_label(put->key);
	bool wants;

	if (label == NULL || wants_label(put, label, &wants) != SECSuccess)
		return SECFailure;
	if (!wants)
		return SECSuccess;
	put->key_label = plan_strdup(&put->plan, label);
	if (put->key_label == NULL ||
	    nu_key_set_label(put->key, put->nickname) != SECSuccess)
		return SECFailure;
	put->key_labelled = true;
	return SECSuccess;
}

static SECStatus
delete_old_keys(struct put *put)
{
	for (size_t i = 0; i < put->n_olds; i++) {
		struct put_old *old = &put->olds[i];

		if (old->key == NULL)
			continue;
		if (store_delete_key(put->slot, old->key) != SECSuccess)
			return SECFailure;
		old->key_deleted = true;
	}
	return SECSuccess;
}

/* --- backward ---------------------------------------------------------- */

static bool
is_past_undoing(const struct put *put)
{
	for (size_t i = 0; i < put->n_olds; i++) {
		if (put->olds[i].key_deleted)
			return true;
	}
	return false;
}

static void
undo_old(struct put *put, struct put_old *old)
{
	if (old->cert_deleted)
		store_again(put->slot, &old->cert->derCert, old->object.label,
		            &old->object.id);
	if (old->marked)
		(void)nu_key_set_label(old->key, old->key_label);
}

static void
undo_change(struct put *put)
{
	if (put->cert_renamed)
		(void)set_label(put, put->here.label);
	if (put->cert_linked)
		(void)certobj_set(&put->here, CKA_ID, put->here.id.data,
		                  put->here.id.len);
}

/* Best effort: the token may be gone. What an old one needs comes back before
 * the new one goes, and a certificate that stays keeps its key. */
static void
undo(struct psm_ctx *ctx, struct put *put)
{
	if (put->key_labelled &&
	    nu_key_set_label(put->key, put->key_label) != SECSuccess)
		return;
	if (put->cert_named && set_label(put, put->new_label) != SECSuccess)
		return;
	for (size_t i = put->n_olds; i-- > 0;)
		undo_old(put, &put->olds[i]);
	undo_change(put);
	if (put->cert_stored &&
	    SEC_DeletePermCertificate(put->step->cert) != SECSuccess)
		return;
	if (put->key_stored) {
		(void)PK11_DestroyTokenObject(
		        put->slot,
		        PK11_GetObjectHandle(PK11_TypePrivKey, put->key, NULL));
		(void)PK11_DestroyTokenObject(put->slot, put->public);
	}
	plan_undo(ctx, &put->plan);
}

enum psm_err
put_write(struct psm_ctx *ctx, struct put *put)
{
	enum psm_err err = plan_commit_chain(ctx, &put->plan);

	if (err == PSM_OK &&
	    (store_key(ctx, put) != SECSuccess ||
	     store_cert(ctx, put) != SECSuccess ||
	     delete_old_certs(put) != SECSuccess ||
	     name_cert(put) != SECSuccess || label_key(put) != SECSuccess ||
	     (delete_old_keys(put) != SECSuccess && !is_past_undoing(put))))
		err = psm_fail_nss(ctx, PSM_E_STORE,
		                   "cannot store the certificate");
	if (err != PSM_OK)
		undo(ctx, put);
	return err;
}
