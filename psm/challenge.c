/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* challenge.c - a CA's challenges, answered for keys that are pending here. */

#include <stdlib.h>
#include <string.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_challenge.h"
#include "nssutil/nu_envelope.h"
#include "nssutil/nu_err.h"
#include "psm/internal.h"

/* An answer on its way. */
struct response {
	PLArenaPool *arena;
	struct nu_challenges *challenges;
	SECItem *numbers;      /* one for each, of arena */
	struct nu_slots *slots;
	SECKEYPrivateKey **ring; /* the pending keys; NULL: answered */
	size_t n_ring, room;
	bool has_ring;
};

static void
response_clear(struct response *r)
{
	for (size_t i = 0; i < r->n_ring; i++) {
		if (r->ring[i] != NULL)
			SECKEY_DestroyPrivateKey(r->ring[i]);
	}
	free(r->ring);
	nu_slots_free(r->slots);
	nu_challenges_free(r->challenges);
	if (r->arena != NULL)
		PORT_FreeArena(r->arena, PR_TRUE);
}

static enum psm_err
fail_malformed(struct psm_ctx *ctx)
{
	if (PORT_GetError() == SEC_ERROR_INPUT_LEN)
		return psm_fail(ctx, PSM_E_MESSAGE,
		                "there are more than %zu challenges",
		                ctx->max_responses);
	return psm_fail_nss(ctx, PSM_E_MESSAGE,
	                    "the challenge is no POPODecKeyChallContent");
}

static enum psm_err
decode(struct psm_ctx *ctx, const char *text, struct response *r, SECItem *der)
{
	enum psm_err err;

	if (text == NULL)
		return psm_fail(ctx, PSM_E_ARGUMENT, "there is no challenge");
	err = ctx_decode_base64(ctx, PSM_E_MESSAGE, "the challenge", text,
	                        strlen(text), der);
	if (err != PSM_OK)
		return err;
	if (nu_challenges_decode(der, ctx->max_responses, &r->challenges) !=
	    SECSuccess)
		return fail_malformed(ctx);
	r->arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	if (r->arena != NULL)
		r->numbers = PORT_ArenaZNewArray(r->arena, SECItem,
		                                 r->challenges->n);
	if (r->numbers == NULL)
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	return PSM_OK;
}

/* Is it a request's key? Fails with NSS's error. */
static SECStatus
read_label(SECKEYPrivateKey *key, bool *ret_pending)
{
	nu_auto_port char *label = nu_key_label(key);
	int32_t id;
	bool is_ca;

	if (label == NULL)
		return SECFailure;
	*ret_pending = pending_parse(label, &id, &is_ca);
	return SECSuccess;
}

/* Keep the number that key finds in the i-th challenge. */
static SECStatus
answer_with(struct psm_ctx *ctx, struct response *r, size_t i,
            SECKEYPrivateKey *key)
{
	nu_auto_item number = { siBuffer, NULL, 0 };

	if (nu_challenge_open(&r->challenges->items[i], key, &ctx->pin,
	                      &number) != SECSuccess)
		return SECFailure;
	return SECITEM_CopyItem(r->arena, &r->numbers[i], &number);
}

static enum psm_err
out_of_memory(struct psm_ctx *ctx)
{
	return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
}

/* --- a challenge that names its key -------------------------------------- */

static SECStatus
has_modulus(SECKEYPrivateKey *key, const SECItem *modulus, bool *ret_has)
{
	nu_auto_item own = { siBuffer, NULL, 0 };
	size_t skip;

	if (nu_key_attribute(key, CKA_MODULUS, &own) != SECSuccess)
		return SECFailure;
	skip = own.data[0] == 0 ? 1 : 0;
	*ret_has = own.len - skip == modulus->len &&
	           memcmp(own.data + skip, modulus->data, modulus->len) == 0;
	return SECSuccess;
}

/* The pending key with this modulus, which its CKA_ID only finds; or NULL. */
static SECStatus
find_named(struct psm_ctx *ctx, PK11SlotInfo *slot, SECItem *id,
           const SECItem *modulus, SECKEYPrivateKey **ret_key)
{
	nu_auto(SECKEYPrivateKey) key = NULL;
	bool pending, same;

	PORT_SetError(0);
	key = PK11_FindKeyByKeyID(slot, id, &ctx->pin);
	if (key == NULL)
		return nu_err_is_trouble(PORT_GetError()) ? SECFailure
		                                          : SECSuccess;
	if (SECKEY_GetPrivateKeyType(key) != rsaKey)
		return SECSuccess;
	if (read_label(key, &pending) != SECSuccess ||
	    has_modulus(key, modulus, &same) != SECSuccess)
		return SECFailure;
	if (pending && same)
		*ret_key = nu_take(key);
	return SECSuccess;
}

static enum psm_err
answer_named(struct psm_ctx *ctx, struct response *r, size_t i)
{
	SECItem modulus = r->challenges->items[i].key;
	nu_auto(SECKEYPrivateKey) key = NULL;
	nu_auto(SECItem) id = NULL;

	for (; modulus.len > 1 && modulus.data[0] == 0; modulus.len--)
		modulus.data++;
	id = PK11_MakeIDFromPubKey(&modulus);
	if (id == NULL)
		return out_of_memory(ctx);
	for (size_t s = 0; s < r->slots->n && key == NULL; s++) {
		if (find_named(ctx, r->slots->slot[s], id, &modulus, &key) !=
		    SECSuccess)
			return psm_fail_nss(ctx, PSM_E_STORE,
			                    "looking for the key of challenge "
			                    "%zu", i + 1);
	}
	if (key == NULL)
		return psm_fail(ctx, PSM_E_REQUEST_ID,
		                "challenge %zu is for no key that is pending "
		                "here", i + 1);
	if (answer_with(ctx, r, i, key) == SECSuccess)
		return PSM_OK;
	if (PORT_GetError() == SEC_ERROR_NO_MEMORY)
		return out_of_memory(ctx);
	return psm_fail(ctx, PSM_E_MESSAGE,
	                "challenge %zu does not open, or its witness is wrong",
	                i + 1);
}

/* --- one that does not --------------------------------------------------- */

static enum psm_err
add_to_ring(struct psm_ctx *ctx, struct response *r, SECKEYPrivateKey *key)
{
	size_t room = r->room ? r->room * 2 : 16;
	SECKEYPrivateKey **grown;

	if (r->n_ring == r->room) {
		grown = reallocarray(r->ring, room, sizeof(*grown));
		if (grown == NULL)
			return out_of_memory(ctx);
		r->ring = grown;
		r->room = room;
	}
	r->ring[r->n_ring] = SECKEY_CopyPrivateKey(key);
	if (r->ring[r->n_ring] == NULL)
		return psm_fail_nss(ctx, PSM_E_STORE, "cannot read the key");
	r->n_ring++;
	return PSM_OK;
}

static enum psm_err
ring_slot(struct psm_ctx *ctx, struct response *r, PK11SlotInfo *slot)
{
	nu_auto(SECKEYPrivateKeyList) keys = NULL;
	enum psm_err err = PSM_OK;
	bool pending;

	if (nu_slot_keys(slot, NULL, &ctx->pin, &keys) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_STORE,
		                    "cannot list the keys of \"%s\"",
		                    PK11_GetTokenName(slot));
	if (keys == NULL)
		return PSM_OK;
	for (SECKEYPrivateKeyListNode *n = PRIVKEY_LIST_HEAD(keys);
	     err == PSM_OK && !PRIVKEY_LIST_END(n, keys);
	     n = PRIVKEY_LIST_NEXT(n)) {
		if (read_label(n->key, &pending) != SECSuccess)
			err = psm_fail_nss(ctx, PSM_E_STORE,
			                   "cannot read a key's label");
		else if (pending)
			err = add_to_ring(ctx, r, n->key);
	}
	return err;
}

static enum psm_err
make_ring(struct psm_ctx *ctx, struct response *r)
{
	enum psm_err err = PSM_OK;

	if (r->has_ring)
		return PSM_OK;
	for (size_t s = 0; s < r->slots->n && err == PSM_OK; s++)
		err = ring_slot(ctx, r, r->slots->slot[s]);
	r->has_ring = err == PSM_OK;
	return err;
}

/* A key that could not try may be the one that was meant. */
static enum psm_err
nothing_opens(struct psm_ctx *ctx, const struct response *r, size_t i)
{
	for (size_t k = 0; k < r->n_ring; k++) {
		if (r->challenges->items[i].form == NU_CHALLENGE_ENVELOPED &&
		    r->ring[k] != NULL &&
		    !nu_envelope_can_open(r->ring[k], &ctx->pin))
			return psm_fail(ctx, PSM_E_TOKEN,
			                "nothing opens challenge %zu, and the "
			                "token of a pending key cannot open "
			                "what is encrypted to EC keys", i + 1);
	}
	return psm_fail(ctx, PSM_E_REQUEST_ID,
	                "no key that is pending here opens challenge %zu",
	                i + 1);
}

/* Which pending key opens it has to be tried; each answers once, since a key
 * has one request. */
static enum psm_err
answer_unnamed(struct psm_ctx *ctx, struct response *r, size_t i)
{
	enum psm_err err = make_ring(ctx, r);

	if (err != PSM_OK)
		return err;
	for (size_t k = 0; k < r->n_ring; k++) {
		if (r->ring[k] == NULL)
			continue;
		if (answer_with(ctx, r, i, r->ring[k]) == SECSuccess) {
			SECKEY_DestroyPrivateKey(nu_take(r->ring[k]));
			return PSM_OK;
		}
		if (PORT_GetError() == SEC_ERROR_NO_MEMORY)
			return out_of_memory(ctx);
	}
	return nothing_opens(ctx, r, i);
}

static enum psm_err
answer_all(struct psm_ctx *ctx, struct response *r)
{
	enum psm_err err = PSM_OK;
	size_t n = r->challenges->n;

	for (size_t i = 0; i < n && err == PSM_OK; i++) {
		ctx_progress(ctx, "answering challenges", i, n);
		err = r->challenges->items[i].form == NU_CHALLENGE_NETSCAPE
		              ? answer_named(ctx, r, i)
		              : answer_unnamed(ctx, r, i);
	}
	return err;
}

static enum psm_err
encode(struct psm_ctx *ctx, const struct response *r, char **ret_text)
{
	SECItem *der = nu_challenges_encode_response(r->arena, r->numbers,
	                                             r->challenges->n);
	char *text = der != NULL ? nu_b64_encode(der) : NULL;

	if (text == NULL)
		return out_of_memory(ctx);
	*ret_text = text;
	return PSM_OK;
}

enum psm_err
psm_pop_challenge_response(struct psm_ctx *ctx, const char *challenge,
                           char **ret_response)
{
	nu_auto_item der = { siBuffer, NULL, 0 };
	struct response r = { 0 };
	enum psm_err err = ctx_enter(ctx);

	if (err != PSM_OK)
		return err;
	if ((err = decode(ctx, challenge, &r, &der)) == PSM_OK &&
	    (err = ctx_key_slots(ctx, &r.slots)) == PSM_OK &&
	    (err = answer_all(ctx, &r)) == PSM_OK)
		err = encode(ctx, &r, ret_response);
	response_clear(&r);
	return ctx_name_locked(ctx, err);
}
