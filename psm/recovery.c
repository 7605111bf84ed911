/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* recovery.c - a lost key comes back: asking for it, and what is answered. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_crmf.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_envelope.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_name.h"
#include "psm/internal.h"

#define PREFIX "recovery:"

enum { TRANSPORT_BITS = 3072 };

void
recovery_label(int32_t id, char label[PSM_LABEL_SIZE])
{
	snprintf(label, PSM_LABEL_SIZE, PREFIX "%d", (int)id);
}

bool
recovery_parse(const char *label, int32_t *ret_id)
{
	const char *digits = label + strlen(PREFIX);
	char *end;
	long id;

	if (strncmp(label, PREFIX, strlen(PREFIX)) != 0 || *digits < '1' ||
	    *digits > '9')
		return false;
	errno = 0;
	id = strtol(digits, &end, 10);
	if (errno != 0 || id > INT32_MAX || *end != '\0')
		return false;
	*ret_id = (int32_t)id;
	return true;
}

/* --- asking ----------------------------------------------------------- */

/* A request on its way. */
struct draft {
	const struct psm_recovery_params *params;
	PK11SlotInfo *slot;
	SECItem *subject;
	struct newkey key;
	SECItem *der;
};

static void
draft_clear(struct draft *draft)
{
	newkey_clear(&draft->key);
	SECITEM_ZfreeItem(draft->subject, PR_TRUE);
	SECITEM_ZfreeItem(draft->der, PR_TRUE);
	if (draft->slot != NULL)
		PK11_FreeSlot(draft->slot);
}

static enum psm_err
check_params(struct psm_ctx *ctx, struct draft *draft)
{
	const struct psm_recovery_params *p = draft->params;
	unsigned bits = p->key_bits != 0 ? p->key_bits : TRANSPORT_BITS;

	if (bits != 2048 && bits != 3072 && bits != 4096)
		return psm_fail(ctx, PSM_E_ARGUMENT,
		                "an RSA key has 2048, 3072 or 4096 bits, not "
		                "%u", bits);
	draft->subject = p->subject ? nu_name_from_text(p->subject) : NULL;
	if (draft->subject == NULL)
		return psm_fail(ctx, PSM_E_ARGUMENT,
		                "\"%s\" is no distinguished name",
		                p->subject != NULL ? p->subject : "");
	draft->key.type = rsaKey;
	draft->key.bits = bits;
	draft->key.unextractable = true; /* it never has to be anywhere else */
	draft->key.subject = draft->subject;
	return PSM_OK;
}

static enum psm_err
find_place(struct psm_ctx *ctx, struct draft *draft)
{
	enum psm_err err;

	if ((err = ctx_token(ctx, NULL, &draft->slot)) != PSM_OK ||
	    (err = ctx_writable(ctx, draft->slot)) != PSM_OK)
		return err;
	draft->key.slot = draft->slot;
	if ((err = newkey_draw_id(ctx, &draft->key)) != PSM_OK)
		return err;
	recovery_label(draft->key.id, draft->key.label);
	return PSM_OK;
}

static SECItem *
encode_message(const struct nu_cert_template *template, struct psm_ctx *ctx,
               SECKEYPrivateKey *key)
{
	nu_auto(SECItem) msg = nu_crmf_encode_msg_as(template, NU_PROOF_NONE,
	                                             key, NULL, &ctx->pin);
	const SECItem *msgs[] = { msg };

	return msg != NULL ? nu_crmf_encode(msgs, 1) : NULL;
}

static enum psm_err
encode(struct psm_ctx *ctx, struct draft *draft)
{
	nu_auto(SECItem) spki =
	        SECKEY_EncodeDERSubjectPublicKeyInfo(draft->key.public);
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct nu_cert_template template = {
		.subject = *draft->subject,
		.reg_token = draft->params->reg_token,
		.authenticator = draft->params->authenticator,
		.protocol_key = spki,
	};
	char decimal[16];

	snprintf(decimal, sizeof decimal, "%d", (int)draft->key.id);
	if (spki != NULL && arena != NULL &&
	    nu_der_from_decimal(arena, decimal, &template.id) == SECSuccess)
		draft->der = encode_message(&template, ctx, draft->key.private);
	if (draft->der == NULL)
		return psm_fail_nss(ctx, PSM_E_INTERNAL,
		                    "cannot encode the request");
	return PSM_OK;
}

static enum psm_err
create(struct psm_ctx *ctx, struct draft *draft,
       struct psm_request **ret_request)
{
	enum psm_err err;

	if ((err = check_params(ctx, draft)) != PSM_OK ||
	    (err = find_place(ctx, draft)) != PSM_OK)
		return err;
	ctx_progress(ctx, "making the key", 0, 0);
	if ((err = newkey_make(ctx, &draft->key)) == PSM_OK &&
	    (err = encode(ctx, draft)) == PSM_OK &&
	    (err = newkey_store(ctx, &draft->key)) == PSM_OK) {
		*ret_request = request_result(&draft->key, &draft->der,
		                              PSM_REQUEST_CRMF);
		if (*ret_request == NULL)
			err = psm_fail_nss(ctx, PSM_E_STORE,
			                   "cannot hand the request out");
	}
	if (err != PSM_OK)
		newkey_delete(&draft->key);
	return err;
}

enum psm_err
psm_request_recovery(struct psm_ctx *ctx,
                     const struct psm_recovery_params *params,
                     struct psm_request **ret_request)
{
	struct draft draft = { .params = params };
	struct psm_request *request = NULL;
	enum psm_err err = ctx_enter(ctx);

	if (err != PSM_OK)
		return err;
	err = create(ctx, &draft, &request);
	draft_clear(&draft);
	if (err == PSM_OK)
		*ret_request = request;
	return err;
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
	long id;

	if (nu_der_to_long(&response->id, &id) != SECSuccess || id < 1 ||
	    id > INT32_MAX)
		return PSM_E_REQUEST_ID;
	a.id = (int32_t)id;
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
