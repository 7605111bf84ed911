/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pending.c - keys that wait for a certificate, found by their label. */

#include <string.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_key.h"
#include "psm/internal.h"

void
pending_clear(struct pending *pending)
{
	if (pending->key != NULL)
		SECKEY_DestroyPrivateKey(pending->key);
	if (pending->slot != NULL)
		PK11_FreeSlot(pending->slot);
	memset(pending, 0, sizeof *pending);
}

static enum psm_err
take_key(struct psm_ctx *ctx, PK11SlotInfo *slot, SECKEYPrivateKey *key,
         bool is_ca, struct pending *ret_pending)
{
	SECKEYPrivateKey *copy = SECKEY_CopyPrivateKey(key);

	if (copy == NULL)
		return psm_fail_nss(ctx, PSM_E_STORE, "cannot read the key");
	ret_pending->key = copy;
	ret_pending->slot = PK11_ReferenceSlot(slot);
	ret_pending->is_ca = is_ca;
	return PSM_OK;
}

static SECKEYPublicKey *
public_key_of(struct psm_ctx *ctx, CERTCertificate *cert, enum psm_err *ret_err)
{
	SECKEYPublicKey *pub = CERT_ExtractPublicKey(cert);

	if (pub == NULL)
		*ret_err = psm_fail_nss(ctx, PSM_E_CERTIFICATE,
		                        "the certificate's key is of no use");
	return pub;
}

/* The first key of the list that is pub's other half. NULL: none, or an error
 * that nu_err_is_trouble() knows. */
static SECKEYPrivateKey *
match_of(SECKEYPrivateKeyList *list, SECKEYPublicKey *pub)
{
	for (SECKEYPrivateKeyListNode *n = PRIVKEY_LIST_HEAD(list);
	     !PRIVKEY_LIST_END(n, list); n = PRIVKEY_LIST_NEXT(n)) {
		if (nu_key_matches(n->key, pub))
			return n->key;
		if (nu_err_is_trouble(PORT_GetError()))
			return NULL;
	}
	PORT_SetError(0);
	return NULL;
}

static bool
is_empty(SECKEYPrivateKeyList *list)
{
	return list == NULL || PRIVKEY_LIST_END(PRIVKEY_LIST_HEAD(list), list);
}

/* A label only finds keys, since anyone who may write the database may change
 * it: that one belongs to the certificate is proved on the keys. */
static enum psm_err
find_in_slot(struct psm_ctx *ctx, PK11SlotInfo *slot, int32_t id, bool is_ca,
             CERTCertificate *cert, struct pending *ret_pending)
{
	nu_auto(SECKEYPrivateKeyList) list = NULL;
	nu_auto(SECKEYPublicKey) pub = NULL;
	char label[PSM_LABEL_SIZE];
	enum psm_err err = PSM_OK;
	SECKEYPrivateKey *key;

	pending_label(id, is_ca, label);
	if (nu_slot_keys(slot, label, &ctx->pin, &list) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_STORE, "cannot search for keys");
	if (is_empty(list))
		return PSM_E_REQUEST_ID;
	pub = public_key_of(ctx, cert, &err);
	if (pub == NULL)
		return err;
	key = match_of(list, pub);
	if (key == NULL && PORT_GetError() != 0)
		return psm_fail_nss(ctx, PSM_E_STORE, "cannot compare keys");
	if (key == NULL)
		return psm_fail(ctx, PSM_E_CERTIFICATE,
		                "the certificate for request %d is for "
		                "another key", (int)id);
	return take_key(ctx, slot, key, is_ca, ret_pending);
}

enum psm_err
pending_find(struct psm_ctx *ctx, const struct nu_slots *slots,
             const SECItem *id_octets, CERTCertificate *cert,
             struct pending *ret_pending)
{
	nu_auto_mem char *text = nu_der_to_decimal(id_octets);
	enum psm_err err;
	int32_t id;

	if (text == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	if (!label_id(id_octets, &id))
		return psm_fail(ctx, PSM_E_REQUEST_ID,
		                "%s is no request id of ours", text);
	for (size_t i = 0; i < 2 * slots->n; i++) {
		err = find_in_slot(ctx, slots->slot[i / 2], id, i % 2, cert,
		                   ret_pending);
		if (err != PSM_E_REQUEST_ID)
			return err;
	}
	return psm_fail(ctx, PSM_E_REQUEST_ID,
	                "no request with the id %s is pending here", text);
}

bool
pending_exists(struct psm_ctx *ctx, PK11SlotInfo *slot, int32_t id)
{
	char labels[LABEL_KINDS][PSM_LABEL_SIZE];

	label_all(id, labels);
	for (int kind = 0; kind < LABEL_KINDS; kind++) {
		nu_auto(SECKEYPrivateKeyList) list = NULL;

		if (nu_slot_keys(slot, labels[kind], &ctx->pin, &list) !=
		            SECSuccess ||
		    !is_empty(list))
			return true;
	}
	return false;
}

/* --- by the public key alone --------------------------------------------- */

static enum psm_err
take_found_key(struct psm_ctx *ctx, PK11SlotInfo *slot, SECKEYPrivateKey *key,
               struct pending *ret_pending)
{
	nu_auto_port char *label = nu_key_label(key);
	int32_t id;
	bool is_ca = false;

	if (label == NULL)
		return psm_fail_nss(ctx, PSM_E_STORE,
		                    "cannot read the label of a key");
	(void)pending_parse(label, &id, &is_ca);
	return take_key(ctx, slot, key, is_ca, ret_pending);
}

/* After key was not found, or is not the one. */
static enum psm_err
not_found(struct psm_ctx *ctx)
{
	return nu_err_is_trouble(PORT_GetError())
	               ? psm_fail_nss(ctx, PSM_E_STORE, "cannot compare keys")
	               : PSM_E_REQUEST_ID;
}

/* A key whose CKA_ID is not NSS's for it, as after an interrupted generation or
 * from another program, can only be found by trying them all. */
static enum psm_err
try_all_keys(struct psm_ctx *ctx, PK11SlotInfo *slot, SECKEYPublicKey *pub,
             struct pending *ret_pending)
{
	nu_auto(SECKEYPrivateKeyList) list = NULL;
	SECKEYPrivateKey *key;

	if (nu_slot_keys(slot, NULL, &ctx->pin, &list) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_STORE, "cannot search for keys");
	if (is_empty(list))
		return PSM_E_REQUEST_ID;
	key = match_of(list, pub);
	return key != NULL ? take_found_key(ctx, slot, key, ret_pending)
	                   : not_found(ctx);
}

static enum psm_err
find_key_in_slot(struct psm_ctx *ctx, PK11SlotInfo *slot, CERTCertificate *cert,
                 SECKEYPublicKey *pub, struct pending *ret_pending)
{
	nu_auto(SECKEYPrivateKey) key =
	        nu_slot_key_for_cert(slot, cert, &ctx->pin);

	return key != NULL && nu_key_matches(key, pub)
	               ? take_found_key(ctx, slot, key, ret_pending)
	               : not_found(ctx);
}

enum psm_err
pending_find_by_key(struct psm_ctx *ctx, const struct nu_slots *slots,
                    CERTCertificate *cert, struct pending *ret_pending)
{
	nu_auto(SECKEYPublicKey) pub = NULL;
	enum psm_err err = PSM_E_REQUEST_ID;

	pub = public_key_of(ctx, cert, &err);
	if (pub == NULL)
		return err;
	for (size_t i = 0; i < slots->n && err == PSM_E_REQUEST_ID; i++)
		err = find_key_in_slot(ctx, slots->slot[i], cert, pub,
		                       ret_pending);
	for (size_t i = 0; i < slots->n && err == PSM_E_REQUEST_ID; i++)
		err = try_all_keys(ctx, slots->slot[i], pub, ret_pending);
	if (err == PSM_E_REQUEST_ID)
		return psm_fail(ctx, PSM_E_REQUEST_ID,
		                "no private key here is the certificate's");
	return err;
}
