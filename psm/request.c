/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* request.c - make a key and its request; list what waits; cancel. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_crmf.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_name.h"
#include "nssutil/nu_p10.h"
#include "psm/internal.h"

enum { RSA_MIN_BITS = 2048 };

/* --- create --------------------------------------------------------------- */

/* A request on its way. */
struct draft {
	const struct psm_request_params *params;
	bool recovery;
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
check_key(struct psm_ctx *ctx, struct draft *draft)
{
	static const struct {
		enum psm_key_type type;
		unsigned bits;
	} offered[] = {
		{ PSM_KEY_RSA, 2048 }, { PSM_KEY_RSA, 3072 },
		{ PSM_KEY_RSA, 4096 }, { PSM_KEY_EC, 256 },
		{ PSM_KEY_EC, 384 },   { PSM_KEY_EC, 521 },
	};
	const struct psm_request_params *p = draft->params;
	bool rsa = p->key_type == PSM_KEY_RSA;

	draft->key.type = rsa ? rsaKey : ecKey;
	draft->key.bits = p->key_bits ? p->key_bits : rsa ? RSA_MIN_BITS : 256;
	for (size_t i = 0; i < sizeof offered / sizeof offered[0]; i++) {
		if (offered[i].type == p->key_type &&
		    offered[i].bits == draft->key.bits)
			return PSM_OK;
	}
	return psm_fail(ctx, PSM_E_ARGUMENT,
	                "a key of this kind with %u bits is not offered: RSA "
	                "has 2048, 3072 or 4096, EC 256, 384 or 521",
	                draft->key.bits);
}

bool
request_is_text(const char *text)
{
	const SECItem item = { siBuffer, (unsigned char *)text,
		               text != NULL ? (unsigned)strlen(text) : 0 };

	return text == NULL || nu_der_is_text(&item);
}

static enum psm_err
check_controls(struct psm_ctx *ctx, const struct psm_request_params *p)
{
	if (p->format == PSM_REQUEST_PKCS10 &&
	    (p->reg_token != NULL || p->authenticator != NULL))
		return psm_fail(ctx, PSM_E_ARGUMENT,
		                "PKCS#10 has no registration controls");
	if (!request_is_text(p->reg_token) ||
	    !request_is_text(p->authenticator))
		return psm_fail(ctx, PSM_E_ARGUMENT,
		                "a registration control is not UTF-8");
	return PSM_OK;
}

static enum psm_err
check_params(struct psm_ctx *ctx, struct draft *draft)
{
	const struct psm_request_params *p = draft->params;
	enum psm_err err = check_key(ctx, draft);

	if (err != PSM_OK)
		return err;
	if (p->format != PSM_REQUEST_CRMF && p->format != PSM_REQUEST_PKCS10)
		return psm_fail(ctx, PSM_E_ARGUMENT, "no such request format");
	if ((err = check_controls(ctx, p)) != PSM_OK)
		return err;
	draft->subject = p->subject ? nu_name_from_text(p->subject) : NULL;
	if (draft->subject == NULL)
		return psm_fail(ctx, PSM_E_ARGUMENT,
		                "\"%s\" is no distinguished name",
		                p->subject != NULL ? p->subject : "");
	return PSM_OK;
}

static unsigned
usage_of(const struct draft *draft)
{
	if (draft->params->key_usage != 0)
		return draft->params->key_usage;
	if (draft->params->flags & PSM_REQUEST_CA)
		return KU_KEY_CERT_SIGN | KU_CRL_SIGN;
	return draft->key.type == rsaKey
	               ? KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT
	               : KU_DIGITAL_SIGNATURE;
}

/* Whoever asks for a lost key cannot prove it, and shows another instead. */
static SECItem *
encode_crmf(struct psm_ctx *ctx, const struct draft *draft,
            const struct nu_cert_template *template)
{
	nu_auto(SECItem) msg = nu_crmf_encode_msg_as(
	        template, draft->recovery ? NU_PROOF_NONE : NU_PROOF_SIGNATURE,
	        draft->key.private, NULL, &ctx->pin);
	const SECItem *msgs[] = { msg };

	return msg != NULL ? nu_crmf_encode(msgs, 1) : NULL;
}

/* The parts that differ: what is to be certified, or to be recovered under. */
static void
fill_template(const struct draft *draft, const SECItem *spki,
              struct nu_cert_template *template)
{
	if (draft->recovery) {
		template->protocol_key = spki;
		return;
	}
	template->spki = *spki;
	template->key_usage = usage_of(draft);
	template->is_ca = (draft->params->flags & PSM_REQUEST_CA) != 0;
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
	};
	char decimal[16];

	snprintf(decimal, sizeof decimal, "%d", (int)draft->key.id);
	if (spki == NULL || arena == NULL ||
	    nu_der_from_decimal(arena, decimal, &template.id) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_INTERNAL,
		                    "cannot encode the request");
	fill_template(draft, spki, &template);
	draft->der = draft->params->format == PSM_REQUEST_CRMF
	                     ? encode_crmf(ctx, draft, &template)
	                     : nu_p10_encode(&template, draft->key.private);
	if (draft->der == NULL)
		return psm_fail_nss(ctx, PSM_E_TOKEN,
		                    "cannot make the request");
	return PSM_OK;
}

/* psm_request with what its members point to. */
struct request_box {
	struct psm_request request;
	SECItem *der;
	char *text;
};

void
psm_request_free(struct psm_request *request)
{
	struct request_box *box = (struct request_box *)request;

	if (box == NULL)
		return;
	SECITEM_ZfreeItem(box->der, PR_TRUE);
	free(box->text);
	free(box);
}

/* It takes *der along. NULL: NSS's error. */
static struct psm_request *
make_result(const struct newkey *key, SECItem **der,
            enum psm_request_format format)
{
	nu_auto_item key_id = { siBuffer, NULL, 0 };
	struct request_box *box;

	/* A token need not give it one. */
	if (nu_key_attribute(key->private, CKA_ID, &key_id) != SECSuccess &&
	    nu_err_is_trouble(PORT_GetError()))
		return NULL;
	box = calloc(1, sizeof *box);
	if (box == NULL) {
		PORT_SetError(SEC_ERROR_NO_MEMORY);
		return NULL;
	}
	box->text = format == PSM_REQUEST_CRMF
	                    ? nu_b64_encode(*der)
	                    : nu_pem_encode("CERTIFICATE REQUEST", *der);
	if (box->text == NULL) {
		free(box);
		return NULL;
	}
	if (2 * key_id.len < sizeof box->request.key_id)
		nu_hex(key_id.data, key_id.len, box->request.key_id);
	box->der = nu_take(*der);
	box->request.id = key->id;
	box->request.text = box->text;
	box->request.der = box->der->data;
	box->request.der_len = box->der->len;
	return &box->request;
}

static enum psm_err
make_and_encode(struct psm_ctx *ctx, struct draft *draft)
{
	enum psm_err err;

	ctx_progress(ctx, "making the key", 0, 0);
	if ((err = newkey_make(ctx, &draft->key)) != PSM_OK ||
	    (err = encode(ctx, draft)) != PSM_OK)
		return err;
	return newkey_store(ctx, &draft->key);
}

static enum psm_err
find_place(struct psm_ctx *ctx, struct draft *draft)
{
	enum psm_err err = ctx_token(ctx, draft->params->token, &draft->slot);

	if (err != PSM_OK || (err = ctx_writable(ctx, draft->slot)) != PSM_OK)
		return err;
	draft->key.slot = draft->slot;
	draft->key.subject = draft->subject;
	draft->key.unextractable =
	        draft->params->flags & PSM_REQUEST_UNEXTRACTABLE;
	draft->key.is_ca = draft->params->flags & PSM_REQUEST_CA;
	err = newkey_draw_id(ctx, &draft->key);
	if (err == PSM_OK && draft->recovery)
		recovery_label(draft->key.id, draft->key.label);
	return err;
}

static enum psm_err
create(struct psm_ctx *ctx, struct draft *draft,
       struct psm_request **ret_request)
{
	enum psm_err err;

	if ((err = check_params(ctx, draft)) != PSM_OK ||
	    (err = find_place(ctx, draft)) != PSM_OK)
		return err;
	err = make_and_encode(ctx, draft);
	if (err == PSM_OK &&
	    (*ret_request = make_result(&draft->key, &draft->der,
	                                draft->params->format)) == NULL)
		err = psm_fail_nss(ctx, PSM_E_STORE, "cannot hand it out");
	if (err != PSM_OK)
		newkey_delete(&draft->key);
	return err;
}

enum psm_err
request_create(struct psm_ctx *ctx, const struct psm_request_params *params,
               bool recovery, struct psm_request **ret_request)
{
	struct draft draft = { .params = params, .recovery = recovery };
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

enum psm_err
psm_request_create(struct psm_ctx *ctx, const struct psm_request_params *params,
                   struct psm_request **ret_request)
{
	return request_create(ctx, params, false, ret_request);
}
