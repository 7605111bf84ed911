/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* request.c - make a key and its request; list what waits; cancel. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_name.h"
#include "nssutil/nu_p10.h"
#include "psm/internal.h"

enum { ID_TRIES = 16, DATE_LEN = 8, RSA_MIN_BITS = 2048 };

/* --- create --------------------------------------------------------------- */

/* A request on its way. */
struct draft {
	const struct psm_request_params *params;
	KeyType key_type;
	unsigned key_bits;
	int32_t id;
	char label[PSM_LABEL_SIZE];
	PK11SlotInfo *slot;
	SECItem *subject;
	SECKEYPrivateKey *key;
	SECKEYPublicKey *pub;
	SECItem *der;
	bool on_token; /* the key is there to stay until it is deleted */
};

static void
draft_clear(struct draft *draft)
{
	if (draft->key != NULL)
		SECKEY_DestroyPrivateKey(draft->key);
	if (draft->pub != NULL)
		SECKEY_DestroyPublicKey(draft->pub);
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

	draft->key_type = rsa ? rsaKey : ecKey;
	draft->key_bits = p->key_bits ? p->key_bits : rsa ? RSA_MIN_BITS : 256;
	for (size_t i = 0; i < sizeof offered / sizeof offered[0]; i++) {
		if (offered[i].type == p->key_type &&
		    offered[i].bits == draft->key_bits)
			return PSM_OK;
	}
	return psm_fail(ctx, PSM_E_ARGUMENT,
	                "a key of this kind with %u bits is not offered: RSA "
	                "has 2048, 3072 or 4096, EC 256, 384 or 521",
	                draft->key_bits);
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
	if (p->format == PSM_REQUEST_PKCS10 &&
	    (p->reg_token != NULL || p->authenticator != NULL))
		return psm_fail(ctx, PSM_E_ARGUMENT,
		                "PKCS#10 has no registration controls");
	draft->subject = p->subject ? nu_name_from_text(p->subject) : NULL;
	if (draft->subject == NULL)
		return psm_fail(ctx, PSM_E_ARGUMENT,
		                "\"%s\" is no distinguished name",
		                p->subject != NULL ? p->subject : "");
	return PSM_OK;
}

/* Random, since two programs may draw at once without knowing of each other. */
static enum psm_err
draw_id(struct psm_ctx *ctx, struct draft *draft)
{
	uint32_t drawn;

	for (int i = 0; i < ID_TRIES; i++) {
		if (PK11_GenerateRandom((unsigned char *)&drawn,
		                        sizeof drawn) != SECSuccess)
			return psm_fail_nss(ctx, PSM_E_INTERNAL,
			                    "no random numbers");
		draft->id = (int32_t)(drawn & INT32_MAX);
		if (draft->id == 0 ||
		    pending_exists(ctx, draft->slot, draft->id))
			continue;
		pending_label(draft->id, draft->params->flags & PSM_REQUEST_CA,
		              draft->label);
		return PSM_OK;
	}
	return psm_fail(ctx, PSM_E_INTERNAL, "no request id is free");
}

static enum psm_err
generate(struct psm_ctx *ctx, struct draft *draft, bool session)
{
	PK11AttrFlags flags = PK11_ATTR_PRIVATE | PK11_ATTR_SENSITIVE;

	flags |= session ? PK11_ATTR_SESSION : PK11_ATTR_TOKEN;
	flags |= draft->params->flags & PSM_REQUEST_UNEXTRACTABLE
	                 ? PK11_ATTR_UNEXTRACTABLE
	                 : PK11_ATTR_EXTRACTABLE;
	ctx_progress(ctx, "making the key", 0, 0);
	draft->key = nu_key_generate(draft->slot, draft->key_type,
	                             draft->key_bits, flags, &ctx->pin,
	                             &draft->pub);
	if (draft->key == NULL)
		return psm_fail_nss(ctx, PSM_E_TOKEN,
		                    "\"%s\" made no key",
		                    PK11_GetTokenName(draft->slot));
	draft->on_token = !session;
	return PSM_OK;
}

static SECStatus
set_attribute(SECKEYPrivateKey *key, CK_ATTRIBUTE_TYPE type, const void *data,
              size_t len)
{
	SECItem item = { siBuffer, (unsigned char *)data, (unsigned)len };

	return PK11_WriteRawAttribute(PK11_TypePrivKey, key, type, &item);
}

/* What only tells people about the request. A foreign token may refuse it. */
static SECStatus
describe(struct draft *draft, const char *day)
{
	SECStatus subject = set_attribute(draft->key, CKA_SUBJECT,
	                                  draft->subject->data,
	                                  draft->subject->len);
	SECStatus date = set_attribute(draft->key, CKA_START_DATE, day,
	                               DATE_LEN);

	return !PK11_IsInternal(draft->slot) ||
	                       (subject == SECSuccess && date == SECSuccess)
	               ? SECSuccess
	               : SECFailure;
}

/* The label makes the key a request. */
static enum psm_err
mark(struct psm_ctx *ctx, struct draft *draft)
{
	char day[DATE_LEN + 1];
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(day, sizeof day, "%Y%m%d", &tm) != DATE_LEN)
		return psm_fail(ctx, PSM_E_INTERNAL, "no date can be had");
	if (describe(draft, day) != SECSuccess ||
	    set_attribute(draft->key, CKA_LABEL, draft->label,
	                  strlen(draft->label)) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_STORE,
		                    "cannot remember the request");
	return PSM_OK;
}

static unsigned
usage_of(const struct draft *draft)
{
	if (draft->params->key_usage != 0)
		return draft->params->key_usage;
	if (draft->params->flags & PSM_REQUEST_CA)
		return KU_KEY_CERT_SIGN | KU_CRL_SIGN;
	return draft->key_type == rsaKey
	               ? KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT
	               : KU_DIGITAL_SIGNATURE;
}

static SECItem *
encode_crmf(const struct nu_cert_template *template, SECKEYPrivateKey *key)
{
	nu_auto(SECItem) msg = nu_crmf_encode_msg(template, key);
	const SECItem *msgs[] = { msg };

	return msg != NULL ? nu_crmf_encode(msgs, 1) : NULL;
}

static enum psm_err
encode(struct psm_ctx *ctx, struct draft *draft)
{
	nu_auto(SECItem) spki =
	        SECKEY_EncodeDERSubjectPublicKeyInfo(draft->pub);
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct nu_cert_template template = {
		.subject = *draft->subject,
		.key_usage = usage_of(draft),
		.is_ca = (draft->params->flags & PSM_REQUEST_CA) != 0,
		.reg_token = draft->params->reg_token,
		.authenticator = draft->params->authenticator,
	};
	char decimal[16];

	snprintf(decimal, sizeof decimal, "%d", (int)draft->id);
	if (spki == NULL || arena == NULL ||
	    nu_der_from_decimal(arena, decimal, &template.id) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_INTERNAL,
		                    "cannot encode the request");
	template.spki = *spki;
	draft->der = draft->params->format == PSM_REQUEST_CRMF
	                     ? encode_crmf(&template, draft->key)
	                     : nu_p10_encode(&template, draft->key);
	if (draft->der == NULL)
		return psm_fail_nss(ctx, PSM_E_TOKEN,
		                    "cannot sign the request");
	return PSM_OK;
}

/* The private half goes last: until it is there, there is no request. A public
 * half that an interruption leaves alone harms nobody. */
static enum psm_err
move_to_token(struct psm_ctx *ctx, struct draft *draft)
{
	SECKEYPrivateKey *key;
	enum psm_err err;
	CK_OBJECT_HANDLE pub =
	        PK11_ImportPublicKey(draft->slot, draft->pub, PR_TRUE);

	if (pub == CK_INVALID_HANDLE)
		return psm_fail_nss(ctx, PSM_E_STORE, "cannot store the key");
	key = PK11_ConvertSessionPrivKeyToTokenPrivKey(draft->key, &ctx->pin);
	if (key == NULL) {
		err = psm_fail_nss(ctx, PSM_E_STORE, "cannot store the key");
		(void)PK11_DestroyTokenObject(draft->slot, pub);
		return err;
	}
	SECKEY_DestroyPrivateKey(draft->key);
	draft->key = key;
	draft->on_token = true;
	return PSM_OK;
}

/* On the database the key is complete, label and all, before one commit
 * stores it. */
static enum psm_err
create_in_database(struct psm_ctx *ctx, struct draft *draft)
{
	enum psm_err err;

	if ((err = generate(ctx, draft, true)) != PSM_OK ||
	    (err = mark(ctx, draft)) != PSM_OK ||
	    (err = encode(ctx, draft)) != PSM_OK)
		return err;
	return move_to_token(ctx, draft);
}

/* Another token need not be able to copy keys: made in place, and deleted again
 * if the rest fails. */
static enum psm_err
create_on_token(struct psm_ctx *ctx, struct draft *draft)
{
	enum psm_err err;

	if ((err = generate(ctx, draft, false)) != PSM_OK)
		return err;
	if ((err = mark(ctx, draft)) != PSM_OK)
		return err;
	return encode(ctx, draft);
}

static void
delete_halves(struct draft *draft)
{
	(void)PK11_DestroyTokenObject(
	        draft->slot,
	        PK11_GetObjectHandle(PK11_TypePrivKey, draft->key, NULL));
	if (draft->pub->pkcs11Slot != NULL)
		(void)PK11_DestroyTokenObject(draft->slot,
		                              draft->pub->pkcs11ID);
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

static struct psm_request *
make_result(struct draft *draft)
{
	nu_auto_item key_id = { siBuffer, NULL, 0 };
	struct request_box *box;

	/* A token need not give it one. */
	if (nu_key_attribute(draft->key, CKA_ID, &key_id) != SECSuccess &&
	    nu_err_is_trouble(PORT_GetError()))
		return NULL;
	box = calloc(1, sizeof *box);
	if (box == NULL) {
		PORT_SetError(SEC_ERROR_NO_MEMORY);
		return NULL;
	}
	box->text = draft->params->format == PSM_REQUEST_CRMF
	                    ? nu_b64_encode(draft->der)
	                    : nu_pem_encode("CERTIFICATE REQUEST", draft->der);
	if (box->text == NULL) {
		free(box);
		return NULL;
	}
	if (2 * key_id.len < sizeof box->request.key_id)
		nu_hex(key_id.data, key_id.len, box->request.key_id);
	box->der = nu_take(draft->der);
	box->request.id = draft->id;
	box->request.text = box->text;
	box->request.der = box->der->data;
	box->request.der_len = box->der->len;
	return &box->request;
}

static enum psm_err
create(struct psm_ctx *ctx, struct draft *draft,
       struct psm_request **ret_request)
{
	enum psm_err err;

	if ((err = check_params(ctx, draft)) != PSM_OK ||
	    (err = ctx_token(ctx, draft->params->token, &draft->slot)) !=
	            PSM_OK ||
	    (err = ctx_writable(ctx, draft->slot)) != PSM_OK ||
	    (err = draw_id(ctx, draft)) != PSM_OK)
		return err;
	err = PK11_IsInternal(draft->slot) ? create_in_database(ctx, draft)
	                                   : create_on_token(ctx, draft);
	if (err == PSM_OK && (*ret_request = make_result(draft)) == NULL)
		err = psm_fail_nss(ctx, PSM_E_STORE, "cannot hand it out");
	if (err != PSM_OK && draft->on_token)
		delete_halves(draft);
	return err;
}

enum psm_err
psm_request_create(struct psm_ctx *ctx, const struct psm_request_params *params,
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
