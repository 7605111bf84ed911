/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* generate.c - several keys and one request for all of them. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_crmf.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_envelope.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_name.h"
#include "psm/internal.h"

enum { RSA_MIN_BITS = 2048, RSA_WEAK_BITS = 1024 };

/* One key of the request. */
struct part {
	struct keyspec spec;
	struct newkey key;
	SECItem *msg;  /* CertReqMsg */
};

struct batch {
	const struct psm_requests_params *params;
	struct part *parts;      /* params->n_keys */
	SECItem *subject;
	struct pagecert escrow;  /* the escrow authority's, when there is one */
	PK11SlotInfo *slot;
	struct psm_requests *result;
};

static void
batch_clear(struct batch *batch)
{
	for (size_t i = 0; batch->parts && i < batch->params->n_keys; i++) {
		keyspec_clear(&batch->parts[i].spec);
		newkey_clear(&batch->parts[i].key);
		SECITEM_ZfreeItem(batch->parts[i].msg, PR_TRUE);
	}
	free(batch->parts);
	SECITEM_ZfreeItem(batch->subject, PR_TRUE);
	pagecert_clear(&batch->escrow);
	if (batch->slot != NULL)
		PK11_FreeSlot(batch->slot);
	psm_requests_free(batch->result);
}

/* --- what is asked for --------------------------------------------------- */

static enum psm_err
check_names(struct psm_ctx *ctx, struct batch *batch)
{
	const struct psm_requests_params *p = batch->params;

	if (p->n_keys == 0 || p->keys == NULL)
		return psm_fail(ctx, PSM_E_ARGUMENT, "no key is asked for");
	if (p->n_keys > ctx->max_responses)
		return psm_fail(ctx, PSM_E_ARGUMENT,
		                "%zu keys are more than an answer may have",
		                p->n_keys);
	if (p->flags & PSM_REQUEST_CA)
		return psm_fail(ctx, PSM_E_ARGUMENT,
		                "a page's keys are not for CA certificates");
	batch->subject = p->subject ? nu_name_from_text(p->subject) : NULL;
	if (batch->subject == NULL)
		return psm_fail_param(ctx, "requestedDN",
		                      "\"%s\" is no distinguished name",
		                      p->subject != NULL ? p->subject : "");
	return PSM_OK;
}

static enum psm_err
check_control(struct psm_ctx *ctx, const char *which, const char *text)
{
	return request_is_text(text)
	               ? PSM_OK
	               : psm_fail_param(ctx, which, "%s is not UTF-8", which);
}

/* Keys can be encrypted to RSA and to EC keys, but not to one that is weaker
 * than they may be themselves: everybody sees the request. */
static enum psm_err
check_escrow_key(struct psm_ctx *ctx, const struct batch *batch)
{
	SECKEYPublicKey *key = batch->escrow.public;
	KeyType type = SECKEY_GetPublicKeyType(key);
	unsigned least = batch->params->flags & PSM_REQUEST_ALLOW_WEAK
	                         ? RSA_WEAK_BITS
	                         : RSA_MIN_BITS;

	if (type != rsaKey && type != ecKey)
		return psm_fail_param(ctx, "escrowAuthorityCert",
		                      "nothing can be encrypted to the escrow "
		                      "authority's key");
	if (type == rsaKey && nu_key_bits(key) < least)
		return psm_fail_param(ctx, "escrowAuthorityCert",
		                      "the escrow authority's key has %u bits, "
		                      "less than %u", nu_key_bits(key), least);
	return PSM_OK;
}

static enum psm_err
check_escrow(struct psm_ctx *ctx, struct batch *batch)
{
	const char *text = batch->params->escrow_cert;

	if (text == NULL)
		return PSM_OK;
	if (pagecert_read(ctx, text, strlen(text), &batch->escrow) !=
	    SECSuccess) {
		if (PORT_GetError() == SEC_ERROR_NO_MEMORY)
			return psm_fail_nss(ctx, PSM_E_NO_MEMORY, "escrow");
		return psm_fail_param(ctx, "escrowAuthorityCert",
		                      "the escrow authority's certificate is "
		                      "none, or is not in base64");
	}
	return check_escrow_key(ctx, batch);
}

static enum psm_err
check_keys(struct psm_ctx *ctx, struct batch *batch)
{
	const struct psm_requests_params *p = batch->params;
	enum psm_err err = PSM_OK;

	batch->parts = calloc(p->n_keys, sizeof *batch->parts);
	if (batch->parts == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < p->n_keys && err == PSM_OK; i++)
		err = keyspec_parse(ctx, &p->keys[i], p->flags,
		                    &batch->parts[i].spec);
	return err;
}

static enum psm_err
check_params(struct psm_ctx *ctx, struct batch *batch)
{
	const struct psm_requests_params *p = batch->params;
	enum psm_err err;

	if ((err = check_names(ctx, batch)) != PSM_OK ||
	    (err = check_control(ctx, "regToken", p->reg_token)) != PSM_OK ||
	    (err = check_control(ctx, "authenticator", p->authenticator)) !=
	            PSM_OK ||
	    (err = check_escrow(ctx, batch)) != PSM_OK)
		return err;
	return check_keys(ctx, batch);
}

static enum psm_err
find_place(struct psm_ctx *ctx, struct batch *batch)
{
	enum psm_err err = ctx_token(ctx, batch->params->token, &batch->slot);

	return err != PSM_OK ? err : ctx_writable(ctx, batch->slot);
}

/* --- escrow -------------------------------------------------------------- */

static bool
is_escrowed(const struct batch *batch, const struct part *part)
{
	return part->spec.exchange && batch->escrow.public != NULL;
}

static size_t
count_escrowed(const struct batch *batch)
{
	size_t n = 0;

	for (size_t i = 0; i < batch->params->n_keys; i++)
		n += is_escrowed(batch, &batch->parts[i]);
	return n;
}

/* Once, before there is any key. */
static enum psm_err
ask_escrow(struct psm_ctx *ctx, const struct batch *batch)
{
	nu_auto(PLArenaPool) arena = NULL;
	struct psm_cert holder = { .nickname = NULL };
	size_t n = count_escrowed(batch);

	if (n == 0)
		return PSM_OK;
	arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	if (arena == NULL ||
	    cert_describe(arena, &batch->escrow.der, &holder) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_INTERNAL,
		                    "the escrow authority's certificate");
	if (ctx->ui.escrow == NULL ||
	    ctx->ui.escrow(ctx->arg, &holder, n) != PSM_ANSWER_YES)
		return psm_fail(ctx, PSM_E_CANCELLED,
		                "the keys may not go to %s", holder.subject);
	return PSM_OK;
}

/* A token may let a key out wrapped, but not in the clear. */
static enum psm_err
cannot_archive(struct psm_ctx *ctx, const struct batch *batch)
{
	bool rsa = SECKEY_GetPublicKeyType(batch->escrow.public) == rsaKey;

	if (PORT_GetError() != SEC_ERROR_PKCS12_UNABLE_TO_EXPORT_KEY)
		return psm_fail_nss(ctx, PSM_E_TOKEN,
		                    "cannot encrypt the key to its escrow");
	return psm_fail(ctx, PSM_E_TOKEN,
	                "\"%s\" does not let the key out for its escrow%s",
	                PK11_GetTokenName(batch->slot),
	                rsa ? "" : " authority, which has an EC key; one with "
	                           "an RSA key needs less");
}

/* EncryptedKey, for the certificate's holder. */
static enum psm_err
make_archive(struct psm_ctx *ctx, const struct batch *batch,
             const struct part *part, SECItem **ret_archive)
{
	if (!is_escrowed(batch, part))
		return PSM_OK;
	*ret_archive = nu_envelope_archive_key(part->key.private,
	                                       batch->escrow.public,
	                                       batch->subject, &ctx->pin);
	return *ret_archive != NULL ? PSM_OK : cannot_archive(ctx, batch);
}

/* --- keys and messages --------------------------------------------------- */

static bool
id_is_drawn(const struct batch *batch, size_t n, int32_t id)
{
	for (size_t i = 0; i < n; i++) {
		if (batch->parts[i].key.id == id)
			return true;
	}
	return false;
}

static enum psm_err
make_key(struct psm_ctx *ctx, struct batch *batch, size_t i)
{
	struct part *part = &batch->parts[i];
	enum psm_err err;

	part->key.slot = batch->slot;
	part->key.subject = batch->subject;
	part->key.type = part->spec.type;
	part->key.bits = part->spec.bits;
	part->key.unextractable =
	        (batch->params->flags & PSM_REQUEST_UNEXTRACTABLE) &&
	        !is_escrowed(batch, part);
	do {
		err = newkey_draw_id(ctx, &part->key);
	} while (err == PSM_OK && id_is_drawn(batch, i, part->key.id));
	return err != PSM_OK ? err : newkey_make(ctx, &part->key);
}

static enum nu_proof
proof_of(const struct batch *batch, const struct part *part)
{
	if (!part->spec.exchange)
		return NU_PROOF_SIGNATURE;
	if (is_escrowed(batch, part))
		return NU_PROOF_THIS_MESSAGE;
	return part->spec.popcert.public != NULL ? NU_PROOF_AGREE_MAC
	                                         : NU_PROOF_CHALLENGE;
}

static enum psm_err
encode_msg(struct psm_ctx *ctx, const struct batch *batch, struct part *part)
{
	nu_auto(SECItem) spki =
	        SECKEY_EncodeDERSubjectPublicKeyInfo(part->key.public);
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	nu_auto(SECItem) archive = NULL;
	enum nu_proof proof = proof_of(batch, part);
	struct nu_cert_template template = {
		.subject = *batch->subject,
		.key_usage = part->spec.key_usage,
		.reg_token = batch->params->reg_token,
		.authenticator = batch->params->authenticator,
	};
	char decimal[16];
	enum psm_err err;

	snprintf(decimal, sizeof decimal, "%d", (int)part->key.id);
	if (spki == NULL || arena == NULL ||
	    nu_der_from_decimal(arena, decimal, &template.id) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_INTERNAL,
		                    "cannot encode the request");
	if ((err = make_archive(ctx, batch, part, &archive)) != PSM_OK)
		return err;
	template.spki = *spki;
	template.archive = archive;
	part->msg = nu_crmf_encode_msg_as(
	        &template, proof, part->key.private,
	        proof == NU_PROOF_AGREE_MAC ? &part->spec.popcert.cert : NULL,
	        &ctx->pin);
	if (part->msg == NULL)
		return psm_fail_nss(ctx, PSM_E_TOKEN,
		                    "cannot prove possession of the key");
	return PSM_OK;
}

/* The escrow has its copy; nobody else gets one. */
static enum psm_err
lock_escrowed(struct psm_ctx *ctx, const struct batch *batch,
              struct part *part)
{
	if (!(batch->params->flags & PSM_REQUEST_UNEXTRACTABLE) ||
	    !is_escrowed(batch, part))
		return PSM_OK;
	return newkey_lock(ctx, &part->key);
}

static enum psm_err
make_parts(struct psm_ctx *ctx, struct batch *batch)
{
	size_t n = batch->params->n_keys;
	enum psm_err err;

	for (size_t i = 0; i < n; i++) {
		struct part *part = &batch->parts[i];

		ctx_progress(ctx, "making the keys", i, n);
		if ((err = make_key(ctx, batch, i)) != PSM_OK ||
		    (err = encode_msg(ctx, batch, part)) != PSM_OK ||
		    (err = lock_escrowed(ctx, batch, part)) != PSM_OK)
			return err;
	}
	return PSM_OK;
}

/* --- the result ---------------------------------------------------------- */

/* psm_requests with what its members point to. */
struct requests_box {
	struct psm_requests requests;
	SECItem *der;
	char *text;
	int32_t ids[];
};

void
psm_requests_free(struct psm_requests *requests)
{
	struct requests_box *box = (struct requests_box *)requests;

	if (box == NULL)
		return;
	SECITEM_ZfreeItem(box->der, PR_TRUE);
	free(box->text);
	free(box);
}

static SECItem *
encode_all(const struct batch *batch)
{
	size_t n = batch->params->n_keys;
	nu_auto_mem const SECItem **msgs = calloc(n, sizeof(SECItem *));

	if (msgs == NULL) {
		PORT_SetError(SEC_ERROR_NO_MEMORY);
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		msgs[i] = batch->parts[i].msg;
	return nu_crmf_encode(msgs, n);
}

static enum psm_err
make_result(struct psm_ctx *ctx, struct batch *batch)
{
	size_t n = batch->params->n_keys;
	struct requests_box *box = calloc(1, sizeof *box +
	                                             n * sizeof box->ids[0]);

	if (box == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	batch->result = &box->requests;
	box->der = encode_all(batch);
	if (box->der == NULL)
		return psm_fail_nss(ctx, PSM_E_INTERNAL,
		                    "cannot encode the request");
	box->text = nu_b64_encode(box->der);
	if (box->text == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	for (size_t i = 0; i < n; i++)
		box->ids[i] = batch->parts[i].key.id;
	box->requests = (struct psm_requests){
		.text = box->text,
		.der = box->der->data,
		.der_len = box->der->len,
		.ids = box->ids,
		.n_ids = n,
	};
	return PSM_OK;
}

static enum psm_err
store_keys(struct psm_ctx *ctx, struct batch *batch)
{
	enum psm_err err = PSM_OK;

	for (size_t i = 0; i < batch->params->n_keys && err == PSM_OK; i++)
		err = newkey_store(ctx, &batch->parts[i].key);
	return err;
}

/* Nothing can fail any more once the last key is stored. */
static enum psm_err
generate(struct psm_ctx *ctx, struct batch *batch)
{
	enum psm_err err;

	if ((err = check_params(ctx, batch)) != PSM_OK ||
	    (err = find_place(ctx, batch)) != PSM_OK ||
	    (err = ask_escrow(ctx, batch)) != PSM_OK)
		return err;
	if ((err = make_parts(ctx, batch)) == PSM_OK &&
	    (err = make_result(ctx, batch)) == PSM_OK &&
	    (err = store_keys(ctx, batch)) == PSM_OK)
		return PSM_OK;
	for (size_t i = 0; i < batch->params->n_keys; i++)
		newkey_delete(&batch->parts[i].key);
	return err;
}

enum psm_err
psm_request_create_many(struct psm_ctx *ctx,
                        const struct psm_requests_params *params,
                        struct psm_requests **ret_requests)
{
	struct batch batch = { .params = params };
	enum psm_err err = ctx_enter(ctx);

	if (err != PSM_OK)
		return err;
	err = generate(ctx, &batch);
	if (err == PSM_OK)
		*ret_requests = nu_take(batch.result);
	batch_clear(&batch);
	return err;
}
