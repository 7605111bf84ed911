/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* certobj.c - a certificate as it lies in a token. NSS's own objects remember
 * a label that another call, or another process, has changed since. */

#include <string.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_err.h"
#include "psm/internal.h"

/* Any object with this handle will do: PK11_TypeCert would compare all
 * certificates, and PK11_WriteRawAttribute() leaks the slot of one. */
static SECKEYPublicKey
stand_in(const struct certobj *object)
{
	return (SECKEYPublicKey){ .pkcs11Slot = object->slot,
		                  .pkcs11ID = object->handle };
}

/* Is this cert, and what else is there? */
static SECStatus
read_object(PLArenaPool *arena, const SECItem *der, struct certobj *object,
            bool *ret_is)
{
	CK_ATTRIBUTE attributes[] = { { CKA_VALUE, NULL, 0 },
		                      { CKA_LABEL, NULL, 0 },
		                      { CKA_ID, NULL, 0 } };
	SECKEYPublicKey stand = stand_in(object);
	SECItem value;

	*ret_is = false;
	if (PK11_ReadRawAttributes(arena, PK11_TypePubKey, &stand, attributes,
	                           3) != SECSuccess)
		return nu_err_is_trouble(PORT_GetError()) ? SECFailure
		                                          : SECSuccess;
	value = (SECItem){ siBuffer, attributes[0].pValue,
		           (unsigned)attributes[0].ulValueLen };
	object->id = (SECItem){ siBuffer, attributes[2].pValue,
		                (unsigned)attributes[2].ulValueLen };
	object->label = PORT_ArenaZAlloc(arena, attributes[1].ulValueLen + 1);
	if (object->label == NULL)
		return SECFailure;
	if (attributes[1].pValue != NULL)
		memcpy(object->label, attributes[1].pValue,
		       attributes[1].ulValueLen);
	*ret_is = SECITEM_ItemsAreEqual(&value, der);
	return SECSuccess;
}

SECStatus
certobj_read(PLArenaPool *arena, PK11SlotInfo *slot, CERTCertificate *cert,
             void *wincx, struct certobj *ret_object)
{
	struct certobj object = { .slot = slot, .handle = cert->pkcs11ID };
	bool is_it = false;

	if (cert->slot == slot && object.handle != CK_INVALID_HANDLE &&
	    read_object(arena, &cert->derCert, &object, &is_it) != SECSuccess)
		return SECFailure;
	if (!is_it) { /* what NSS remembered is stale */
		object.handle = PK11_FindCertInSlot(slot, cert, wincx);
		if (object.handle == CK_INVALID_HANDLE ||
		    read_object(arena, &cert->derCert, &object, &is_it) !=
		            SECSuccess)
			return SECFailure;
	}
	if (!is_it) {
		PORT_SetError(SEC_ERROR_UNKNOWN_CERT);
		return SECFailure;
	}
	*ret_object = object;
	return SECSuccess;
}

SECStatus
certobj_set(const struct certobj *object, CK_ATTRIBUTE_TYPE type,
            const void *data, size_t len)
{
	SECItem item = { siBuffer, (unsigned char *)data, (unsigned)len };
	SECKEYPublicKey stand = stand_in(object);

	return PK11_WriteRawAttribute(PK11_TypePubKey, &stand, type, &item);
}

/* NSS also finds what once had the label, and e-mail addresses. */
static SECStatus
keep_labelled(CERTCertList *certs, PK11SlotInfo *slot, const char *label,
              void *wincx)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	CERTCertListNode *n = CERT_LIST_HEAD(certs), *next;
	struct certobj object;

	if (arena == NULL)
		return SECFailure;
	for (; !CERT_LIST_END(n, certs); n = next) {
		next = CERT_LIST_NEXT(n);
		if (certobj_read(arena, slot, n->cert, wincx, &object) ==
		    SECSuccess) {
			if (strcmp(object.label, label) == 0)
				continue;
		} else if (nu_err_is_trouble(PORT_GetError())) {
			return SECFailure;
		}
		CERT_RemoveCertListNode(n);
	}
	return SECSuccess;
}

SECStatus
certobj_find(PK11SlotInfo *slot, const char *name, void *wincx,
             CERTCertList **ret_certs)
{
	const char *colon = strchr(name, ':');
	const char *label = colon != NULL ? colon + 1 : name;
	nu_auto(CERTCertList) certs = NULL;

	PORT_SetError(0);
	certs = PK11_FindCertsFromNickname(name, wincx);
	if (certs == NULL)
		return nu_err_is_trouble(PORT_GetError()) ? SECFailure
		                                          : SECSuccess;
	if (keep_labelled(certs, slot, label, wincx) != SECSuccess)
		return SECFailure;
	*ret_certs = CERT_LIST_EMPTY(certs) ? NULL : nu_take(certs);
	return SECSuccess;
}
