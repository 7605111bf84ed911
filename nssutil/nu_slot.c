/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_slot.c - tokens, login, and keys by their label or id. */

#include "nssutil/nu_slot.h"

#include <stdlib.h>
#include <string.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_key.h"

PK11SlotInfo *
nu_slot_find(const char *token)
{
	PK11SlotInfo *slot;

	if (token == NULL)
		return PK11_GetInternalKeySlot();
	slot = PK11_FindSlotByName(token);
	if (slot != NULL && PK11_IsInternal(slot)) {
		PK11_FreeSlot(slot); /* NSS's own names for the database */
		slot = PK11_GetInternalKeySlot();
	}
	return slot;
}

static PRBool
holds_user_keys(PK11SlotInfo *slot)
{
	return !PK11_IsInternal(slot) && !PK11_HasRootCerts(slot) &&
	       PK11_IsPresent(slot);
}

static size_t
count_elements(PK11SlotList *list)
{
	size_t n = 0;

	for (PK11SlotListElement *e = PK11_GetFirstSafe(list); e != NULL;
	     e = PK11_GetNextSafe(list, e, PR_FALSE))
		n++;
	return n;
}

struct nu_slots *
nu_slots_new(void)
{
	nu_auto(PK11SlotList) all = PK11_GetAllTokens(
	        CKM_INVALID_MECHANISM, PR_FALSE, PR_FALSE, NULL);
	struct nu_slots *slots;

	if (all == NULL)
		return NULL;
	slots = calloc(1, sizeof *slots +
	                      (count_elements(all) + 1) * sizeof slots->slot[0]);
	if (slots == NULL) {
		PORT_SetError(SEC_ERROR_NO_MEMORY);
		return NULL;
	}
	slots->slot[0] = PK11_GetInternalKeySlot();
	if (slots->slot[0] == NULL) {
		free(slots);
		return NULL;
	}
	slots->n = 1;
	for (PK11SlotListElement *e = PK11_GetFirstSafe(all); e != NULL;
	     e = PK11_GetNextSafe(all, e, PR_FALSE)) {
		if (holds_user_keys(e->slot))
			slots->slot[slots->n++] = PK11_ReferenceSlot(e->slot);
	}
	return slots;
}

void
nu_slots_free(struct nu_slots *slots)
{
	if (slots == NULL)
		return;
	for (size_t i = 0; i < slots->n; i++)
		PK11_FreeSlot(slots->slot[i]);
	free(slots);
}

PRBool
nu_slot_needs_init(PK11SlotInfo *slot)
{
	return PK11_IsInternal(slot) && PK11_NeedUserInit(slot);
}

SECStatus
nu_slot_login(PK11SlotInfo *slot, struct nu_pin *pin)
{
	if (!PK11_NeedLogin(slot) || PK11_IsLoggedIn(slot, pin))
		return SECSuccess;
	if (PK11_Authenticate(slot, PR_FALSE, pin) == SECSuccess)
		return SECSuccess;
	/* No password given leaves an older error standing. */
	if (pin == NULL || pin->last != NU_PIN_GIVEN)
		PORT_SetError(SEC_ERROR_BAD_PASSWORD);
	return SECFailure;
}

static PRBool
all_are_keys(SECKEYPrivateKeyList *list)
{
	for (SECKEYPrivateKeyListNode *n = PRIVKEY_LIST_HEAD(list);
	     !PRIVKEY_LIST_END(n, list); n = PRIVKEY_LIST_NEXT(n)) {
		if (n->key == NULL)
			return PR_FALSE;
	}
	return PR_TRUE;
}

SECStatus
nu_slot_keys(PK11SlotInfo *slot, const char *label, void *wincx,
             SECKEYPrivateKeyList **ret_keys)
{
	nu_auto(SECKEYPrivateKeyList) list = NULL;

	PORT_SetError(0);
	list = PK11_ListPrivKeysInSlot(slot, (char *)label, wincx);
	if (list == NULL && nu_err_is_trouble(PORT_GetError()))
		return SECFailure;
	/* NSS lists NULL for a key that it could not read. */
	if (list != NULL && !all_are_keys(list))
		return SECFailure;
	*ret_keys = nu_take(list);
	return SECSuccess;
}

SECKEYPrivateKey *
nu_slot_key_by_label(PK11SlotInfo *slot, const char *label, void *wincx)
{
	nu_auto(SECKEYPrivateKeyList) list = NULL;

	if (nu_slot_keys(slot, label, wincx, &list) != SECSuccess)
		return NULL;
	PORT_SetError(0);
	if (list == NULL || PRIVKEY_LIST_END(PRIVKEY_LIST_HEAD(list), list))
		return NULL;
	return SECKEY_CopyPrivateKey(PRIVKEY_LIST_HEAD(list)->key);
}

PRBool
nu_key_is_stored(SECKEYPrivateKey *key)
{
	PORT_SetError(0);
	return PK11_HasAttributeSet(key->pkcs11Slot, key->pkcs11ID, CKA_TOKEN,
	                            PR_FALSE);
}

SECItem *
nu_cert_key_id(CERTCertificate *cert)
{
	nu_auto(SECKEYPublicKey) key = CERT_ExtractPublicKey(cert);
	SECItem *value = key != NULL ? nu_key_public_value(key) : NULL;

	return value != NULL ? PK11_MakeIDFromPubKey(value) : NULL;
}

struct sought {
	const SECItem *der;
	PRBool found;
};

static SECStatus
compare_cert(CERTCertificate *cert, void *arg)
{
	struct sought *sought = arg;

	if (SECITEM_ItemsAreEqual(&cert->derCert, sought->der))
		sought->found = PR_TRUE;
	return SECSuccess;
}

SECStatus
nu_slot_has_cert(PK11SlotInfo *slot, CERTCertificate *cert, PRBool *ret_has)
{
	struct sought sought = { &cert->derCert, PR_FALSE };

	if (PK11_TraverseCertsForSubjectInSlot(cert, slot, compare_cert,
	                                       &sought) != SECSuccess)
		return SECFailure;
	*ret_has = sought.found;
	return SECSuccess;
}

SECKEYPrivateKey *
nu_slot_key_for_cert(PK11SlotInfo *slot, CERTCertificate *cert, void *wincx)
{
	nu_auto(SECItem) id = nu_cert_key_id(cert);
	nu_auto(SECKEYPrivateKey) key = NULL;

	if (id == NULL)
		return NULL;
	PORT_SetError(0);
	key = PK11_FindKeyByKeyID(slot, id, wincx);
	return key != NULL && nu_key_is_stored(key) ? nu_take(key) : NULL;
}

SECStatus
nu_key_attribute(SECKEYPrivateKey *key, CK_ATTRIBUTE_TYPE type,
                 SECItem *ret_value)
{
	SECItem value = { siBuffer, NULL, 0 };

	if (PK11_ReadRawAttribute(PK11_TypePrivKey, key, type, &value) !=
	    SECSuccess)
		return SECFailure;
	if (value.data == NULL || value.len == 0) {
		SECITEM_FreeItem(&value, PR_FALSE);
		PORT_SetError(0);
		return SECFailure;
	}
	*ret_value = value;
	return SECSuccess;
}

char *
nu_key_label(SECKEYPrivateKey *key)
{
	char *label;

	PORT_SetError(0);
	label = PK11_GetPrivateKeyNickname(key);
	if (label == NULL && !nu_err_is_trouble(PORT_GetError()))
		label = PORT_Strdup("");
	return label;
}

SECStatus
nu_key_set_label(SECKEYPrivateKey *key, const char *label)
{
	SECItem item = { siBuffer, (unsigned char *)label,
		         (unsigned)strlen(label) };

	return PK11_WriteRawAttribute(PK11_TypePrivKey, key, CKA_LABEL, &item);
}
