/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* recovery.c - a lost key comes back: asking for it, and what is answered. */

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_envelope.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_key.h"
#include "psm/internal.h"

enum { TRANSPORT_BITS = 3072 };

/* The new key never has to be anywhere else. */
enum psm_err
psm_request_recovery(struct psm_ctx *ctx,
                     const struct psm_recovery_params *params,
                     struct psm_request **ret_request)
{
	const struct psm_request_params request = {
		.subject = params->subject,
		.key_type = PSM_KEY_RSA,
		.key_bits = params->key_bits != 0 ? params->key_bits
		                                  : TRANSPORT_BITS,
		.format = PSM_REQUEST_CRMF,
		.flags = PSM_REQUEST_UNEXTRACTABLE,
		.reg_token = params->reg_token,
		.authenticator = params->authenticator,
	};

	return request_create(ctx, &request, true, ret_request);
}

/* --- the answer ------------------------------------------------------- */

/* What is to be matched. */
struct answer {
	const SECItem *encrypted; /* EncryptedKey */
	int32_t id;
	PK11SlotInfo *slot;       /* where the transport key was found */
	SECKEYPublicKey *pub;     /* of the certificate */
};

/* Was the key not lost, or stored before an interruption? */
static enum psm_err
find_key_here(struct psm_ctx *ctx, const struct answer *a,
              CERTCertificate *cert, SECKEYPrivateKey **ret_key)
{
	nu_auto(SECKEYPrivateKey) key =
	        nu_slot_key_for_cert(a->slot, cert, &ctx->pin);

	*ret_key = NULL;
	if (key != NULL && nu_key_matches(key, a->pub))
		*ret_key = nu_take(key);
	else if (nu_err_is_trouble(PORT_GetError()))
		return psm_fail_nss(ctx, PSM_E_STORE, "cannot search for keys");
	return PSM_OK;
}

static enum psm_err
cannot_unwrap(struct psm_ctx *ctx, const struct answer *a)
{
	if (nu_err_is_trouble(PORT_GetError()))
		return psm_fail_nss(ctx, PSM_E_STORE, "unwrapping a key");
	return psm_fail(ctx, PSM_E_CERTIFICATE,
	                "the key that came for recovery request %d cannot be "
	                "opened, or is not the certificate's", (int)a->id);
}

static enum psm_err
take_keys(struct psm_ctx *ctx, const struct answer *a,
          SECKEYPrivateKey *transport, struct step *step)
{
	step->transport = SECKEY_CopyPrivateKey(transport);
	if (step->transport == NULL)
		return psm_fail_nss(ctx, PSM_E_STORE, "cannot read the key");
	step->pending.slot = PK11_ReferenceSlot(a->slot);
	return PSM_OK;
}

/* Label and id only find the transport key: what it opens is proved. */
static enum psm_err
match_with(struct psm_ctx *ctx, const struct answer *a,
           SECKEYPrivateKeyList *transports, struct step *step)
{
	SECKEYPrivateKeyListNode *n = PRIVKEY_LIST_HEAD(transports);
	enum psm_err err =
	        find_key_here(ctx, a, step->cert, &step->pending.key);

	if (err != PSM_OK)
		return err;
	if (step->pending.key != NULL)
		return take_keys(ctx, a, n->key, step);
	for (; !PRIVKEY_LIST_END(n, transports); n = PRIVKEY_LIST_NEXT(n)) {
		step->pending.key =
		        nu_envelope_unwrap_key(a->encrypted, n->key, a->pub,
		                               a->slot, PR_FALSE, NULL,
		                               &ctx->pin);
		if (step->pending.key == NULL)
			continue;
		step->recovered = *a->encrypted;
		return take_keys(ctx, a, n->key, step);
	}
	return cannot_unwrap(ctx, a);
}

static enum psm_err
match_in_slot(struct psm_ctx *ctx, struct answer *a, struct step *step)
{
	nu_auto(SECKEYPrivateKeyList) transports = NULL;
	nu_auto(SECKEYPublicKey) pub = NULL;
	char label[PSM_LABEL_SIZE];

	recovery_label(a->id, label);
	if (nu_slot_keys(a->slot, label, &ctx->pin, &transports) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_STORE, "cannot search for keys");
	if (transports == NULL ||
	    PRIVKEY_LIST_END(PRIVKEY_LIST_HEAD(transports), transports))
		return PSM_E_REQUEST_ID;
	if (a->encrypted->data == NULL)
		return psm_fail(ctx, PSM_E_CERTIFICATE,
		                "the answer to recovery request %d brings no "
		                "key", (int)a->id);
	a->pub = pub = CERT_ExtractPublicKey(step->cert);
	if (pub == NULL)
		return psm_fail_nss(ctx, PSM_E_CERTIFICATE,
		                    "the certificate's key is of no use");
	return match_with(ctx, a, transports, step);
}

enum psm_err
recovery_match(struct psm_ctx *ctx, const struct nu_slots *slots,
               const struct nu_cert_response *response, struct step *step)
{
	struct answer a = { .encrypted = &response->private_key };
	enum psm_err err = PSM_E_REQUEST_ID;

	if (!label_id(&response->id, &a.id))
		return PSM_E_REQUEST_ID;
	for (size_t i = 0; i < slots->n && err == PSM_E_REQUEST_ID; i++) {
		a.slot = slots->slot[i];
		err = match_in_slot(ctx, &a, step);
	}
	return err;
}

SECStatus
recovery_store_key(struct psm_ctx *ctx, struct step *step)
{
	nu_auto(SECKEYPublicKey) pub = CERT_ExtractPublicKey(step->cert);
	SECKEYPrivateKey *key;

	if (step->recovered.data == NULL)
		return SECSuccess;
	key = pub != NULL ? nu_envelope_unwrap_key(&step->recovered,
	                                           step->transport, pub,
	                                           step->slot, PR_TRUE,
	                                           step->nickname, &ctx->pin)
	                  : NULL;
	if (key == NULL)
		return SECFailure;
	SECKEY_DestroyPrivateKey(step->pending.key);
	step->pending.key = key;
	step->key_stored = true;
	return SECSuccess;
}

/* Up to the first that is gone all can be taken back. Then nothing can, but
 * then the work is done, and a transport key that stays is only litter. */
enum psm_err
recovery_finish(struct psm_ctx *ctx, struct plan *plan)
{
	bool begun = false;

	for (size_t i = 0; i < plan->n_users; i++) {
		struct step *step = &plan->users[i];

		if (step->transport == NULL)
			continue;
		if (store_delete_key(step->pending.slot, step->transport) !=
		            SECSuccess &&
		    !begun)
			return psm_fail_nss(ctx, PSM_E_STORE,
			                    "cannot delete the transport key "
			                    "of \"%s\"", step->nickname);
		begun = true;
	}
	return PSM_OK;
}
