/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* waiting.c - the keys that wait for a certificate: list, cancel. */

#include <stdlib.h>
#include <string.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_name.h"
#include "psm/internal.h"

#define CANCELLED_LABEL "cancelled request"

enum { DATE_LEN = 8 };

struct psm_pending_list {
	PLArenaPool *arena;
	struct psm_pending *keys;
	size_t n, room;
};

size_t
psm_pending_list_count(const struct psm_pending_list *list)
{
	return list->n;
}

const struct psm_pending *
psm_pending_list_get(const struct psm_pending_list *list, size_t i)
{
	return i < list->n ? &list->keys[i] : NULL;
}

void
psm_pending_list_free(struct psm_pending_list *list)
{
	if (list == NULL)
		return;
	if (list->arena != NULL)
		PORT_FreeArena(list->arena, PR_FALSE);
	free(list->keys);
	free(list);
}

/* --- what can be said of a key -------------------------------------------- */

/* After something was not there: must its absence be believed? */
static SECStatus
absent(void)
{
	return nu_err_is_trouble(PORT_GetError()) ? SECFailure : SECSuccess;
}

static SECStatus
describe_subject(PLArenaPool *arena, SECKEYPrivateKey *key,
                 struct psm_pending *out)
{
	nu_auto_item subject = { siBuffer, NULL, 0 };
	nu_auto_mem char *text = NULL;

	if (nu_key_attribute(key, CKA_SUBJECT, &subject) != SECSuccess)
		return absent();
	text = nu_name_to_text(&subject);
	if (text == NULL)
		return absent();
	out->subject = PORT_ArenaStrdup(arena, text);
	return out->subject != NULL ? SECSuccess : SECFailure;
}

static SECStatus
describe_date(SECKEYPrivateKey *key, struct psm_pending *out)
{
	nu_auto_item date = { siBuffer, NULL, 0 };
	const char *d;

	if (nu_key_attribute(key, CKA_START_DATE, &date) != SECSuccess)
		return absent();
	if (date.len != DATE_LEN)
		return SECSuccess;
	d = (const char *)date.data;
	for (int i = 0; i < DATE_LEN; i++) {
		if (d[i] < '0' || d[i] > '9')
			return SECSuccess;
	}
	memcpy(out->created, (char[]){ d[0], d[1], d[2], d[3], '-', d[4], d[5],
	                               '-', d[6], d[7], '\0' }, 11);
	return SECSuccess;
}

static unsigned
private_bits(SECKEYPrivateKey *key, KeyType type)
{
	int len = PK11_SignatureLen(key);

	if (len <= 0)
		return 0;
	if (type == rsaKey)
		return (unsigned)len * 8;
	return len > 128 ? 521 : (unsigned)len * 4;
}

static SECStatus
describe_key(SECKEYPrivateKey *key, struct psm_pending *out)
{
	nu_auto_item id = { siBuffer, NULL, 0 };
	KeyType type = SECKEY_GetPrivateKeyType(key);

	out->key_type = cert_key_type(type);
	if (type == rsaKey || type == ecKey) {
		PORT_SetError(0);
		out->key_bits = private_bits(key, type);
		if (out->key_bits == 0 && nu_err_is_trouble(PORT_GetError()))
			return SECFailure;
	}
	if (nu_key_attribute(key, CKA_ID, &id) != SECSuccess)
		return absent();
	if (2 * (size_t)id.len < sizeof out->key_id)
		nu_hex(id.data, id.len, out->key_id);
	return SECSuccess;
}

/* --- list ------------------------------------------------------------------ */

static struct psm_pending *
next_place(struct psm_pending_list *list)
{
	size_t room = list->room ? list->room * 2 : 16;
	struct psm_pending *grown;

	if (list->n == list->room) {
		grown = reallocarray(list->keys, room, sizeof *grown);
		if (grown == NULL) {
			PORT_SetError(SEC_ERROR_NO_MEMORY);
			return NULL;
		}
		list->keys = grown;
		list->room = room;
	}
	memset(&list->keys[list->n], 0, sizeof list->keys[0]);
	return &list->keys[list->n++];
}

static SECStatus
has_cert(const struct idset *cert_ids, SECKEYPrivateKey *key, bool *ret_has)
{
	nu_auto_item id = { siBuffer, NULL, 0 };

	*ret_has = false;
	if (nu_key_attribute(key, CKA_ID, &id) != SECSuccess)
		return absent();
	*ret_has = idset_has(cert_ids, &id);
	return SECSuccess;
}

static SECStatus
describe(PLArenaPool *arena, PK11SlotInfo *slot, SECKEYPrivateKey *key,
         const char *label, struct psm_pending *out)
{
	out->token = PORT_ArenaStrdup(arena, PK11_GetTokenName(slot));
	if (out->token == NULL)
		return SECFailure;
	if (*label != '\0' &&
	    (out->label = PORT_ArenaStrdup(arena, label)) == NULL)
		return SECFailure;
	if (describe_subject(arena, key, out) != SECSuccess ||
	    describe_date(key, out) != SECSuccess)
		return SECFailure;
	return describe_key(key, out);
}

static SECStatus
add_key(struct psm_pending_list *list, PK11SlotInfo *slot,
        const struct idset *cert_ids, SECKEYPrivateKey *key)
{
	nu_auto_port char *label = nu_key_label(key);
	struct psm_pending *out;
	int32_t id = 0;
	bool is_ca = false, pending, recovery, stored;

	if (label == NULL || has_cert(cert_ids, key, &stored) != SECSuccess)
		return SECFailure;
	pending = pending_parse(label, &id, &is_ca);
	recovery = recovery_parse(label, &id);
	if (stored && !pending)
		return SECSuccess;
	if ((out = next_place(list)) == NULL)
		return SECFailure;
	out->state = stored     ? PSM_PENDING_STORED
	             : pending  ? PSM_PENDING
	             : recovery ? PSM_RECOVERY
	                        : PSM_ORPHAN;
	out->id = id;
	out->is_ca = is_ca;
	return describe(list->arena, slot, key, label, out);
}

static SECStatus
list_slot(struct psm_ctx *ctx, struct psm_pending_list *list,
          PK11SlotInfo *slot)
{
	nu_auto(SECKEYPrivateKeyList) keys = NULL;
	struct idset *cert_ids;
	SECStatus rv = SECSuccess;

	if (nu_slot_keys(slot, NULL, &ctx->pin, &keys) != SECSuccess)
		return SECFailure;
	if (keys == NULL)
		return SECSuccess; /* none */
	cert_ids = idset_new(slot, CKO_CERTIFICATE);
	if (cert_ids == NULL)
		return SECFailure;
	for (SECKEYPrivateKeyListNode *n = PRIVKEY_LIST_HEAD(keys);
	     rv == SECSuccess && !PRIVKEY_LIST_END(n, keys);
	     n = PRIVKEY_LIST_NEXT(n)) {
		rv = add_key(list, slot, cert_ids, n->key);
		ctx_progress(ctx, "listing keys", list->n, 0);
	}
	idset_free(cert_ids);
	return rv;
}

static enum psm_err
list_slots(struct psm_ctx *ctx, struct psm_pending_list *list)
{
	struct nu_slots *slots;
	enum psm_err err = ctx_key_slots(ctx, &slots);

	if (err != PSM_OK)
		return err;
	for (size_t i = 0; i < slots->n && err == PSM_OK; i++) {
		if (list_slot(ctx, list, slots->slot[i]) != SECSuccess)
			err = psm_fail_nss(ctx, PSM_E_STORE,
			                   "cannot list the keys of \"%s\"",
			                   PK11_GetTokenName(slots->slot[i]));
	}
	nu_slots_free(slots);
	return err;
}

enum psm_err
psm_request_list(struct psm_ctx *ctx, struct psm_pending_list **ret_list)
{
	struct psm_pending_list *list;
	enum psm_err err = ctx_enter(ctx);

	if (err != PSM_OK)
		return err;
	list = calloc(1, sizeof *list);
	if (list == NULL ||
	    (list->arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE)) == NULL) {
		psm_pending_list_free(list);
		return psm_fail(ctx, PSM_E_NO_MEMORY, "out of memory");
	}
	err = list_slots(ctx, list);
	if (err != PSM_OK) {
		psm_pending_list_free(list);
		return err;
	}
	*ret_list = list;
	return PSM_OK;
}

/* --- cancel ---------------------------------------------------------------- */

static enum psm_err
find_request(struct psm_ctx *ctx, int32_t id, struct pending *ret_pending,
             bool *ret_recovery)
{
	struct nu_slots *slots;
	char label[LABEL_KINDS][PSM_LABEL_SIZE];
	PRErrorCode why = 0;
	enum psm_err err = ctx_key_slots(ctx, &slots);

	if (err != PSM_OK)
		return err;
	label_all(id, label);
	for (size_t i = 0; i < LABEL_KINDS * slots->n && why == 0; i++) {
		PK11SlotInfo *slot = slots->slot[i / LABEL_KINDS];

		ret_pending->key =
		        nu_slot_key_by_label(slot, label[i % LABEL_KINDS], &ctx->pin);
		if (ret_pending->key != NULL) {
			ret_pending->slot = PK11_ReferenceSlot(slot);
			*ret_recovery = i % LABEL_KINDS == LABEL_RECOVERY;
			break;
		}
		why = PORT_GetError();
	}
	nu_slots_free(slots);
	PORT_SetError(why);
	if (why != 0)
		return psm_fail_nss(ctx, PSM_E_STORE, "cannot search for keys");
	if (ret_pending->key == NULL)
		return psm_fail(ctx, PSM_E_REQUEST_ID,
		                "no request with the id %d is pending here",
		                (int)id);
	return PSM_OK;
}

static enum psm_err
forget_label(struct psm_ctx *ctx, SECKEYPrivateKey *key)
{
	if (PK11_SetPrivateKeyNickname(key, CANCELLED_LABEL) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_STORE,
		                    "cannot forget the request");
	return PSM_OK;
}

static enum psm_err
delete_key(struct psm_ctx *ctx, const struct pending *pending)
{
	nu_auto(CERTCertificate) cert = NULL;

	PORT_SetError(0);
	cert = PK11_GetCertFromPrivateKey(pending->key);
	if (cert == NULL && nu_err_is_trouble(PORT_GetError()))
		return psm_fail_nss(ctx, PSM_E_STORE,
		                    "cannot search for certificates");
	if (cert != NULL)
		return psm_fail(ctx, PSM_E_EXISTS,
		                "the certificate \"%s\" uses the key",
		                cert->nickname != NULL ? cert->nickname : "");
	if (store_delete_key(pending->slot, pending->key) != SECSuccess)
		return psm_fail_nss(ctx, PSM_E_STORE, "cannot delete the key");
	return PSM_OK;
}

enum psm_err
psm_request_cancel(struct psm_ctx *ctx, int32_t id, unsigned flags)
{
	struct pending pending = { NULL, NULL, false };
	bool recovery = false;
	enum psm_err err = ctx_enter(ctx);

	if (err != PSM_OK)
		return err;
	if ((err = find_request(ctx, id, &pending, &recovery)) == PSM_OK &&
	    (err = ctx_writable(ctx, pending.slot)) == PSM_OK)
		err = recovery || (flags & PSM_CANCEL_DELETE_KEY)
		              ? delete_key(ctx, &pending)
		              : forget_label(ctx, pending.key);
	pending_clear(&pending);
	return ctx_name_locked(ctx, err);
}
