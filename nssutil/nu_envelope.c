/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_envelope.c - what is encrypted to a key: bytes, sealed and opened. */

#include "nssutil/nu_envelope_int.h"

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_err.h"

void
envelope_fresh_clear(struct envelope_fresh *fresh)
{
	if (fresh->key != NULL)
		PK11_FreeSymKey(fresh->key);
}

SECStatus
envelope_make_fresh(PK11SlotInfo *wanted, CK_FLAGS operations, void *wincx,
                    struct envelope_fresh *ret_fresh)
{
	const struct envelope_cipher *cipher = &envelope_aes256;
	PRBool able = wanted != NULL &&
	              PK11_DoesMechanism(wanted, CKM_AES_KEY_GEN) &&
	              PK11_DoesMechanism(wanted, cipher->mechanism);
	nu_auto(PK11SlotInfo) slot =
	        able ? PK11_ReferenceSlot(wanted)
	             : PK11_GetBestSlot(cipher->mechanism, wincx);

	if (slot == NULL || envelope_log_in(slot, wincx) != SECSuccess ||
	    PK11_GenerateRandom(ret_fresh->octets, ENVELOPE_MAX_IV) !=
	            SECSuccess)
		return SECFailure;
	ret_fresh->iv = (SECItem){ siBuffer, ret_fresh->octets,
		                   cipher->iv_len };
	ret_fresh->key = PK11_TokenKeyGenWithFlags(
	        slot, CKM_AES_KEY_GEN, NULL, (int)cipher->key_len, NULL,
	        operations, PK11_ATTR_SESSION, wincx);
	return ret_fresh->key != NULL ? SECSuccess : SECFailure;
}

SECStatus
envelope_log_in(PK11SlotInfo *slot, void *wincx)
{
	return PK11_NeedLogin(slot)
	               ? PK11_Authenticate(slot, PR_TRUE, wincx)
	               : SECSuccess;
}

SECStatus
envelope_encrypt(PLArenaPool *arena, const struct envelope_fresh *fresh,
                 const SECItem *data, SECItem *ret_encrypted)
{
	SECItem iv = fresh->iv;
	unsigned room = data->len + ENVELOPE_MAX_IV;
	SECItem encrypted = { siBuffer, PORT_ArenaAlloc(arena, room), 0 };

	if (encrypted.data == NULL ||
	    PK11_Encrypt(fresh->key, envelope_aes256.mechanism, &iv,
	                 encrypted.data, &encrypted.len, room, data->data,
	                 data->len) != SECSuccess)
		return SECFailure;
	*ret_encrypted = encrypted;
	return SECSuccess;
}

SECStatus
envelope_decrypt(PLArenaPool *arena, PK11SymKey *key,
                 CK_MECHANISM_TYPE mechanism, const SECItem *iv,
                 const SECItem *encrypted, SECItem *ret_data)
{
	SECItem param = *iv;
	unsigned room = encrypted->len;
	SECItem data = { siBuffer, PORT_ArenaAlloc(arena, room), 0 };

	if (data.data == NULL ||
	    PK11_Decrypt(key, mechanism, &param, data.data, &data.len, room,
	                 encrypted->data, encrypted->len) != SECSuccess)
		return SECFailure;
	*ret_data = data;
	return SECSuccess;
}

SECStatus
envelope_cannot_open(void)
{
	if (!nu_err_is_trouble(PORT_GetError()))
		PORT_SetError(SEC_ERROR_BAD_DATA);
	return SECFailure;
}

SECStatus
envelope_open(PLArenaPool *arena, const struct envelope *e,
              SECKEYPrivateKey *opener, void *wincx, SECItem *ret_data)
{
	KeyType type = SECKEY_GetPrivateKeyType(opener);

	PORT_SetError(0);
	for (size_t i = 0; i < e->n_recipients; i++) {
		nu_auto(PK11SymKey) key = NULL;

		if (e->recipients[i].type == type)
			key = envelope_receive(e, &e->recipients[i], opener,
			                       CKA_DECRYPT, wincx);
		if (key != NULL &&
		    envelope_decrypt(arena, key, e->cipher->mechanism, &e->iv,
		                     &e->encrypted, ret_data) == SECSuccess)
			return SECSuccess;
	}
	return envelope_cannot_open();
}

SECItem *
envelope_seal(const SECItem *data, enum envelope_content content,
              SECKEYPublicKey *to, enum nu_envelope_form form, void *wincx)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	envelope_auto_fresh fresh = { .key = NULL };
	struct envelope_parcel parcel;
	SECItem encrypted;

	if (arena == NULL ||
	    envelope_make_fresh(NULL, CKF_ENCRYPT, wincx, &fresh) !=
	            SECSuccess ||
	    envelope_encrypt(arena, &fresh, data, &encrypted) != SECSuccess)
		return NULL;
	parcel = (struct envelope_parcel){ content, fresh.key, &fresh.iv,
		                           &encrypted };
	return envelope_write(&parcel, to, form, wincx);
}

SECItem *
nu_envelope_seal(const SECItem *data, SECKEYPublicKey *to,
                 enum nu_envelope_form form, void *wincx)
{
	return envelope_seal(data, ENVELOPE_BARE, to, form, wincx);
}

SECItem *
nu_envelope_open(const SECItem *sealed, SECKEYPrivateKey *opener, void *wincx)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct envelope *e =
	        arena != NULL ? envelope_read(arena, sealed) : NULL;
	SECItem data;

	if (e == NULL ||
	    envelope_open(arena, e, opener, wincx, &data) != SECSuccess)
		return NULL;
	return SECITEM_DupItem(&data);
}

SECStatus
nu_envelope_check(const SECItem *sealed)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);

	return arena != NULL && envelope_read(arena, sealed) != NULL
	               ? SECSuccess
	               : SECFailure;
}
