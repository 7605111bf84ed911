/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* encrypted.c - certificates that came encrypted to their request's key. */

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_envelope.h"
#include "nssutil/nu_err.h"
#include "psm/internal.h"

/* One of them. */
struct sealed {
	struct nu_cert_response *response;
	PLArenaPool *arena; /* where the certificate goes */
	char *id;           /* decimal, for people */
};

/* Whatever is wrong with it, the sender learns no more than this. */
static enum psm_err
cannot_open(struct psm_ctx *ctx, const struct sealed *sealed)
{
	PRErrorCode why = PORT_GetError();

	if (nu_err_is_trouble(why) || why == SEC_ERROR_INVALID_ALGORITHM)
		return psm_fail_nss(ctx, nu_err_is_trouble(why)
		                                 ? PSM_E_STORE
		                                 : PSM_E_CERTIFICATE,
		                    "the encrypted certificate for request %s",
		                    sealed->id);
	return psm_fail(ctx, PSM_E_CERTIFICATE,
	                "the encrypted certificate for request %s cannot be "
	                "opened", sealed->id);
}

/* It is not the certificate's fault if a key's token opens none. */
static bool
can_open(struct psm_ctx *ctx, SECKEYPrivateKeyList *keys)
{
	for (SECKEYPrivateKeyListNode *n = PRIVKEY_LIST_HEAD(keys);
	     !PRIVKEY_LIST_END(n, keys); n = PRIVKEY_LIST_NEXT(n)) {
		if (!nu_envelope_can_open(n->key, &ctx->pin))
			return false;
	}
	return true;
}

/* Under another key one in some hundreds is padded as it should be, by chance:
 * what is no DER was not opened. */
static SECItem *
open_one_with(struct psm_ctx *ctx, const struct sealed *sealed,
              SECKEYPrivateKey *key)
{
	nu_auto(SECItem) cert = nu_envelope_open(
	        &sealed->response->encrypted_cert, key, &ctx->pin);
	struct nu_der contents;

	if (cert == NULL)
		return NULL;
	if (nu_der_only(cert, NU_SEQUENCE, &contents) != SECSuccess) {
		PORT_SetError(SEC_ERROR_BAD_DATA);
		return NULL;
	}
	return nu_take(cert);
}

/* A label only finds keys: the one that opens it is the right one. */
static enum psm_err
open_with(struct psm_ctx *ctx, struct sealed *sealed,
          SECKEYPrivateKeyList *keys)
{
	enum psm_err err;

	for (SECKEYPrivateKeyListNode *n = PRIVKEY_LIST_HEAD(keys);
	     !PRIVKEY_LIST_END(n, keys); n = PRIVKEY_LIST_NEXT(n)) {
		nu_auto(SECItem) cert = open_one_with(ctx, sealed, n->key);

		if (cert == NULL)
			continue;
		if (SECITEM_CopyItem(sealed->arena, &sealed->response->cert,
		                     cert) != SECSuccess)
			return psm_fail_nss(ctx, PSM_E_NO_MEMORY,
			                    "opening a certificate");
		return PSM_OK;
	}
	err = cannot_open(ctx, sealed);
	if (err == PSM_E_CERTIFICATE && !can_open(ctx, keys))
		return psm_fail(ctx, PSM_E_TOKEN,
		                "the token with the key of request %s cannot "
		                "open what is encrypted to EC keys",
		                sealed->id);
	return err;
}

/* PSM_E_REQUEST_ID, without words: no key here has the label. */
static enum psm_err
open_in_slot(struct psm_ctx *ctx, struct sealed *sealed, PK11SlotInfo *slot,
             const char *label)
{
	nu_auto(SECKEYPrivateKeyList) keys = NULL;

	if (nu_slot_keys(slot, label, &ctx->pin, &keys) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_STORE, "cannot search for keys");
	if (keys == NULL || PRIVKEY_LIST_END(PRIVKEY_LIST_HEAD(keys), keys))
		return PSM_E_REQUEST_ID;
	return open_with(ctx, sealed, keys);
}

static enum psm_err
open_one(struct psm_ctx *ctx, const struct nu_slots *slots,
         struct sealed *sealed)
{
	enum psm_err err = PSM_E_REQUEST_ID;
	char label[LABEL_KINDS][PSM_LABEL_SIZE];
	int32_t id;

	if (!label_id(&sealed->response->id, &id))
		return psm_fail(ctx, PSM_E_REQUEST_ID,
		                "%s is no request id of ours", sealed->id);
	label_all(id, label);
	for (size_t i = 0;
	     i < LABEL_KINDS * slots->n && err == PSM_E_REQUEST_ID; i++)
		err = open_in_slot(ctx, sealed, slots->slot[i / LABEL_KINDS],
		                   label[i % LABEL_KINDS]);
	if (err == PSM_E_REQUEST_ID)
		return psm_fail(ctx, PSM_E_REQUEST_ID,
		                "no request with the id %s is pending here",
		                sealed->id);
	return err;
}

/* What fn says of each; an unknown id weighs more than what does not open. */
static enum psm_err
for_each(struct psm_ctx *ctx, struct import *import,
         enum psm_err (*fn)(struct psm_ctx *, const struct nu_slots *,
                            struct sealed *))
{
	enum psm_err err = PSM_OK, first = PSM_OK;

	for (size_t i = 0; i < import->rep->n_responses; i++) {
		struct sealed sealed = { .response = &import->rep->responses[i],
			                 .arena = import->rep->arena };
		nu_auto_mem char *id = NULL;

		if (sealed.response->encrypted_cert.data == NULL)
			continue;
		sealed.id = id = nu_der_to_decimal(&sealed.response->id);
		if (id == NULL)
			return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
		err = fn(ctx, import->slots, &sealed);
		if (err != PSM_OK && err != PSM_E_CERTIFICATE)
			return err;
		if (first == PSM_OK)
			first = err;
	}
	return first;
}

/* Without any key, as a certificate that does not parse. */
static enum psm_err
check_one(struct psm_ctx *ctx, const struct nu_slots *slots,
          struct sealed *sealed)
{
	(void)slots;
	return nu_envelope_check(&sealed->response->encrypted_cert) ==
	                       SECSuccess
	               ? PSM_OK
	               : cannot_open(ctx, sealed);
}

static bool
has_sealed(const struct nu_cert_rep *rep)
{
	for (size_t i = 0; i < rep->n_responses; i++) {
		if (rep->responses[i].encrypted_cert.data != NULL)
			return true;
	}
	return false;
}

enum psm_err
encrypted_open_certs(struct psm_ctx *ctx, struct import *import)
{
	enum psm_err err;

	if (!has_sealed(import->rep))
		return PSM_OK;
	if ((err = for_each(ctx, import, check_one)) != PSM_OK ||
	    (err = import_find_slots(ctx, import)) != PSM_OK)
		return err;
	return for_each(ctx, import, open_one);
}
