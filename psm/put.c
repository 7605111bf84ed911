/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* put.c - a certificate and its key, stored; what has its nickname goes.
 *
 * All is decided before anything is written: put_read.c, then put_write.c. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_name.h"
#include "nssutil/nu_p12.h"
#include "psm/internal.h"

static void
clear_olds(struct put *put)
{
	for (size_t i = 0; i < put->n_olds; i++) {
		struct put_old *old = &put->olds[i];

		if (old->cert != NULL)
			CERT_DestroyCertificate(old->cert);
		if (old->key != NULL)
			SECKEY_DestroyPrivateKey(old->key);
	}
}

static void
put_clear(struct put *put)
{
	clear_olds(put);
	plan_clear(&put->plan);
	if (put->key != NULL)
		SECKEY_DestroyPrivateKey(put->key);
	if (put->session != NULL)
		SECKEY_DestroyPrivateKey(put->session);
	if (put->pub != NULL)
		SECKEY_DestroyPublicKey(put->pub);
	nu_certs_free(put->certs);
	nu_p12_free(put->p12);
	SECITEM_ZfreeItem(&put->der, PR_FALSE);
	if (put->slot != NULL)
		PK11_FreeSlot(put->slot);
	free(put->new_label);
	free(put->old_label);
}

/* --- what it will be called -------------------------------------------- */

static enum psm_err
take_nickname(struct psm_ctx *ctx, struct put *put)
{
	const char *wish = put->params->nickname;
	nu_auto_mem char *clean = NULL;

	put->nickname = wish != NULL ? wish : "";
	if (*put->nickname != '\0') {
		clean = nu_nickname_clean(wish);
		if (clean == NULL && PORT_GetError() != SEC_ERROR_INVALID_ARGS)
			return psm_fail_nss(ctx, PSM_E_NO_MEMORY, "naming it");
		if (clean == NULL || strcmp(clean, wish) != 0) {
			put->part = PSM_PUT_NICKNAME;
			return psm_fail(ctx, PSM_E_ARGUMENT,
			                "this cannot be a nickname");
		}
	}
	if (asprintf(&put->new_label, PUT_NEW "%s", put->nickname) < 0)
		put->new_label = NULL;
	if (asprintf(&put->old_label, PUT_OLD "%s", put->nickname) < 0)
		put->old_label = NULL;
	return put->new_label != NULL && put->old_label != NULL
	               ? PSM_OK
	               : psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
}

/* --- what is here ------------------------------------------------------ */

static enum psm_err
fail_search(struct psm_ctx *ctx)
{
	return psm_fail_nss(ctx, PSM_E_STORE, "cannot search the database");
}

/* The key of an object in the token, or NULL with SECSuccess: none is there. */
static SECStatus
key_of(struct psm_ctx *ctx, const struct certobj *object,
       SECKEYPrivateKey **ret_key)
{
	nu_auto(SECKEYPrivateKey) key = NULL;

	*ret_key = NULL;
	if (object->id.len == 0)
		return SECSuccess;
	PORT_SetError(0);
	key = PK11_FindKeyByKeyID(object->slot, (SECItem *)&object->id,
	                          &ctx->pin);
	if (key != NULL && nu_key_is_stored(key))
		*ret_key = nu_take(key);
	else if (nu_err_is_trouble(PORT_GetError()))
		return SECFailure;
	return SECSuccess;
}

/* Its key, by NSS's CKA_ID or, if it is here, by its own. */
static enum psm_err
find_key(struct psm_ctx *ctx, struct put *put)
{
	nu_auto(SECKEYPrivateKey) key =
	        nu_slot_key_for_cert(put->slot, put->step->cert, &ctx->pin);

	if (key == NULL && nu_err_is_trouble(PORT_GetError()))
		return fail_search(ctx);
	if (key == NULL && put->step->present &&
	    key_of(ctx, &put->here, &key) != SECSuccess)
		return fail_search(ctx);
	if (key != NULL && nu_key_matches(key, put->pub))
		put->key = nu_take(key);
	else if (key != NULL && nu_err_is_trouble(PORT_GetError()))
		return fail_search(ctx);
	return PSM_OK;
}

static enum psm_err
keep_nickname(struct psm_ctx *ctx, struct put *put)
{
	const char *keep = put->params->keep;

	if (keep == NULL || !put->step->present || *put->nickname == '\0' ||
	    strncmp(put->here.label, keep, strlen(keep)) != 0 ||
	    strcmp(put->here.label, put->nickname) == 0)
		return PSM_OK;
	put->part = PSM_PUT_CERT;
	return psm_fail(ctx, PSM_E_EXISTS,
	                "this certificate is \"%s\", which it stays",
	                put->here.label);
}

static enum psm_err
find_here(struct psm_ctx *ctx, struct put *put)
{
	enum psm_err err;

	if (put->step->present &&
	    certobj_read(put->plan.result->arena, put->slot, put->step->cert,
	                 &ctx->pin, &put->here) != SECSuccess)
		return fail_search(ctx);
	if ((err = keep_nickname(ctx, put)) != PSM_OK)
		return err;
	return find_key(ctx, put);
}

/* --- what gives way ---------------------------------------------------- */

static size_t
count_list(CERTCertList *certs)
{
	size_t n = 0;

	if (certs == NULL)
		return 0;
	for (CERTCertListNode *node = CERT_LIST_HEAD(certs);
	     !CERT_LIST_END(node, certs); node = CERT_LIST_NEXT(node))
		n++;
	return n;
}

static enum psm_err
add_olds(struct psm_ctx *ctx, struct put *put, CERTCertList *certs)
{
	if (certs == NULL)
		return PSM_OK;
	for (CERTCertListNode *n = CERT_LIST_HEAD(certs);
	     !CERT_LIST_END(n, certs); n = CERT_LIST_NEXT(n)) {
		struct put_old *old = &put->olds[put->n_olds];

		if (SECITEM_ItemsAreEqual(&n->cert->derCert,
		                          &put->step->cert->derCert))
			continue;
		if (certobj_read(put->plan.result->arena, put->slot, n->cert,
		                 &ctx->pin, &old->object) != SECSuccess)
			return fail_search(ctx);
		old->cert = CERT_DupCertificate(n->cert);
		put->n_olds++;
	}
	return PSM_OK;
}

static size_t
count_olds_with(const struct put *put, const SECItem *id)
{
	size_t n = 0;

	for (size_t i = 0; i < put->n_olds; i++)
		n += SECITEM_ItemsAreEqual(&put->olds[i].object.id, id);
	return n;
}

/* The key goes with the first of its certificates, if all of them go. */
static enum psm_err
find_old_key(struct psm_ctx *ctx, struct put *put, struct put_old *old)
{
	const SECItem *id = &old->object.id;
	nu_auto(SECItem) new_id = nu_cert_key_id(put->step->cert);
	nu_auto(SECKEYPrivateKey) key = NULL;
	nu_auto_port char *label = NULL;
	size_t n;

	if (new_id == NULL)
		return fail_search(ctx);
	if (SECITEM_ItemsAreEqual(new_id, id) ||
	    SECITEM_ItemsAreEqual(&put->here.id, id))
		return PSM_OK;
	for (const struct put_old *o = put->olds; o != old; o++) {
		if (SECITEM_ItemsAreEqual(&o->object.id, id))
			return PSM_OK;
	}
	if (key_of(ctx, &old->object, &key) != SECSuccess)
		return fail_search(ctx);
	if (key == NULL)
		return PSM_OK;
	if ((n = store_count_certs(key)) == 0 ||
	    (label = nu_key_label(key)) == NULL)
		return fail_search(ctx);
	old->key_label = plan_strdup(&put->plan, label);
	if (old->key_label == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	if (n == count_olds_with(put, id))
		old->key = nu_take(key);
	return PSM_OK;
}

/* All that has the nickname, or had it in an interrupted put. */
static enum psm_err
find_olds(struct psm_ctx *ctx, struct put *put)
{
	nu_auto(CERTCertList) named = NULL;
	nu_auto(CERTCertList) left = NULL;
	enum psm_err err = PSM_OK;

	if (*put->nickname == '\0')
		return PSM_OK;
	if (certobj_find(put->slot, put->nickname, &ctx->pin, &named) !=
	            SECSuccess ||
	    certobj_find(put->slot, put->new_label, &ctx->pin, &left) !=
	            SECSuccess)
		return fail_search(ctx);
	put->olds = PORT_ArenaZNewArray(put->plan.result->arena,
	                                struct put_old,
	                                count_list(named) + count_list(left) +
	                                        1);
	if (put->olds == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	if ((err = add_olds(ctx, put, named)) != PSM_OK ||
	    (err = add_olds(ctx, put, left)) != PSM_OK)
		return err;
	if (put->n_olds > 0 && !(put->params->flags & PSM_PUT_REPLACE)) {
		put->part = PSM_PUT_NICKNAME;
		return psm_fail(ctx, PSM_E_EXISTS,
		                "there is a certificate called \"%s\"",
		                put->nickname);
	}
	for (size_t i = 0; i < put->n_olds && err == PSM_OK; i++)
		err = find_old_key(ctx, put, &put->olds[i]);
	return err;
}

/* --- the whole --------------------------------------------------------- */

static enum psm_err
decide(struct psm_ctx *ctx, struct put *put)
{
	enum psm_err err;

	if ((err = take_nickname(ctx, put)) != PSM_OK ||
	    (err = ctx_token(ctx, NULL, &put->slot)) != PSM_OK ||
	    (err = ctx_writable(ctx, put->slot)) != PSM_OK ||
	    (err = put_read_certs(ctx, put)) != PSM_OK ||
	    (err = find_here(ctx, put)) != PSM_OK ||
	    (err = put_read_key(ctx, put)) != PSM_OK)
		return err;
	return find_olds(ctx, put);
}

/* Of what gave way, or else of itself if it was here. */
static enum psm_err
describe_replaced(struct psm_ctx *ctx, const struct put *put,
                  struct psm_put *report)
{
	struct psm_cert old;

	if (put->n_olds == 0) {
		if (put->step->present)
			memcpy(report->replaced, report->sha1,
			       sizeof report->replaced);
		return PSM_OK;
	}
	if (cert_describe(put->plan.result->arena,
	                  &put->olds[0].cert->derCert, &old) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_INTERNAL,
		                    "cannot describe a certificate");
	memcpy(report->replaced, old.sha1, sizeof report->replaced);
	return PSM_OK;
}

static enum psm_err
run(struct psm_ctx *ctx, struct put *put, struct psm_put *ret_put)
{
	struct psm_put report = { .replaced = "" };
	enum psm_err err = decide(ctx, put);

	if (err != PSM_OK)
		return err;
	memcpy(report.sha1, put->step->report->cert.sha1, sizeof report.sha1);
	memcpy(report.sha256, put->step->report->cert.sha256,
	       sizeof report.sha256);
	if ((err = describe_replaced(ctx, put, &report)) != PSM_OK ||
	    (err = put_write(ctx, put)) != PSM_OK)
		return err;
	if (ret_put != NULL)
		*ret_put = report;
	return PSM_OK;
}

/* Is it about what came, and not about memory or the token? */
static bool
is_about_input(enum psm_err err)
{
	switch (err) {
	case PSM_E_CERTIFICATE:
	case PSM_E_ARGUMENT:
	case PSM_E_PASSWORD:
	case PSM_E_PKCS12:
	case PSM_E_PKCS12_KIND:
	case PSM_E_NOT_FOUND:
	case PSM_E_EXISTS:
		return true;
	default:
		return false;
	}
}

enum psm_err
psm_store_put(struct psm_ctx *ctx, const struct psm_put_params *params,
              struct psm_put *ret_put, enum psm_put_part *ret_part)
{
	struct put put = { .params = params, .part = PSM_PUT_NOTHING };
	enum psm_err err = ctx_enter(ctx);

	if (err == PSM_OK && (params->flags & ~PSM_PUT_REPLACE))
		err = psm_fail(ctx, PSM_E_ARGUMENT, "no such flag");
	else if (err == PSM_OK)
		err = run(ctx, &put, ret_put);
	put_clear(&put);
	if (err != PSM_OK && ret_part != NULL)
		*ret_part = is_about_input(err) ? put.part : PSM_PUT_NOTHING;
	return err;
}
