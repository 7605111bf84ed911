/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_slot.h - tokens, login, and keys by their label or id. */

#ifndef NU_SLOT_H
#define NU_SLOT_H

#include <pk11pub.h>

#include "nssutil/nu_pin.h"

/* The token of this name, NULL for the database itself. The caller owns it.
 * SEC_ERROR_NO_TOKEN: there is none. */
PK11SlotInfo *nu_slot_find(const char *token);

/* The tokens that can hold a user's keys: present, and not NSS's own
 * cryptography or its built-in roots. The database comes first. */
struct nu_slots {
	size_t n;
	PK11SlotInfo *slot[];
};
/* NULL and an NSS error. Free it with nu_slots_free(). */
struct nu_slots *nu_slots_new(void);
void nu_slots_free(struct nu_slots *slots);

/* Is the database there but without its password (or its empty one) set, so
 * that no key can be made? */
PRBool nu_slot_needs_init(PK11SlotInfo *slot);
/* Log in if the token needs it. SEC_ERROR_BAD_PASSWORD: wrong, or none was
 * to be had; pin->last says if the user cancelled. */
SECStatus nu_slot_login(PK11SlotInfo *slot, struct nu_pin *pin);

/* The token's private keys with this label, or all with NULL. SECSuccess and
 * NULL: there are none. Each key of the list is one. */
SECStatus nu_slot_keys(PK11SlotInfo *slot, const char *label, void *wincx,
                       SECKEYPrivateKeyList **ret_keys);
/* The private key with this label, in constant time, or NULL; PORT_GetError()
 * is 0 when there is simply none. Of several the first. The caller owns it. */
SECKEYPrivateKey *nu_slot_key_by_label(PK11SlotInfo *slot, const char *label,
                                       void *wincx);
/* The private key whose CKA_ID is NSS's for the key of cert, in constant time,
 * as above. A key under another CKA_ID is not found. */
SECKEYPrivateKey *nu_slot_key_for_cert(PK11SlotInfo *slot,
                                       CERTCertificate *cert, void *wincx);
/* The CKA_ID that NSS gives to the key of cert, and to cert as it stores it.
 * Free it with SECITEM_ZfreeItem(x, PR_TRUE). */
SECItem *nu_cert_key_id(CERTCertificate *cert);
/* Is cert in the token? Found by its subject, of which there is an index in the
 * database; PK11_FindCertInSlot() compares all certificates there. */
SECStatus nu_slot_has_cert(PK11SlotInfo *slot, CERTCertificate *cert,
                           PRBool *ret_has);
/* Is it in the token to stay? A session's keys are found by their CKA_ID like
 * any other, but nothing may be built on them. PR_FALSE and an NSS error when it
 * cannot be told; PORT_GetError() is 0 when it is simply not. */
PRBool nu_key_is_stored(SECKEYPrivateKey *key);
/* A raw attribute of a private key; an empty or missing one is SECFailure.
 * Free ret_value's data with SECITEM_ZfreeItem(x, PR_FALSE). */
SECStatus nu_key_attribute(SECKEYPrivateKey *key, CK_ATTRIBUTE_TYPE type,
                           SECItem *ret_value);
/* Its label; "" when it has none. PORT_Free() it. NULL and an NSS error. */
char *nu_key_label(SECKEYPrivateKey *key);
SECStatus nu_key_set_label(SECKEYPrivateKey *key, const char *label);

#endif
