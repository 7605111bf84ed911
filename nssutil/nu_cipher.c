/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_cipher.c - AES under a key that comes as octets. */

#include "nssutil/nu_cipher.h"

#include <hasht.h>
#include <pkcs11t.h>
#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_p12_int.h"

enum { CARRIER_KEY = 32, KEY_MAX = HASH_LENGTH_MAX };

/* The key comes encrypted to another one. */
PK11SymKey *
nu_cipher_key(PK11SlotInfo *slot, CK_MECHANISM_TYPE mechanism,
              CK_ATTRIBUTE_TYPE operation, const SECItem *octets)
{
	unsigned char iv[NU_CIPHER_BLOCK], sealed[KEY_MAX + NU_CIPHER_BLOCK];
	SECItem iv_item = { siBuffer, iv, sizeof iv };
	SECItem sealed_item = { siBuffer, sealed, 0 };
	nu_auto(PK11SymKey) other = NULL;

	if (PK11_GenerateRandom(iv, sizeof iv) != SECSuccess)
		return NULL;
	other = PK11_TokenKeyGenWithFlags(
	        slot, CKM_AES_KEY_GEN, NULL, CARRIER_KEY, NULL,
	        CKF_ENCRYPT | CKF_UNWRAP, PK11_ATTR_SESSION, NULL);
	if (other == NULL ||
	    PK11_Encrypt(other, CKM_AES_CBC_PAD, &iv_item, sealed,
	                 &sealed_item.len, sizeof sealed, octets->data,
	                 octets->len) != SECSuccess)
		return NULL;
	return PK11_UnwrapSymKey(other, CKM_AES_CBC_PAD, &iv_item,
	                         &sealed_item, mechanism, operation,
	                         (int)octets->len);
}

/* What a mechanism wants to be told. */
struct parameter {
	CK_GCM_PARAMS gcm;
	SECItem item;
};

static CK_MECHANISM_TYPE
choose(enum nu_cipher cipher, const SECItem *iv, struct parameter *ret)
{
	*ret = (struct parameter){ .item = *iv };
	switch (cipher) {
	case NU_CIPHER_CBC:
		return CKM_AES_CBC;
	case NU_CIPHER_ECB:
		return CKM_AES_ECB;
	case NU_CIPHER_GCM:
		break;
	}
	ret->gcm.pIv = iv->data;
	ret->gcm.ulIvLen = iv->len;
	ret->gcm.ulIvBits = iv->len * 8ul;
	ret->gcm.ulTagBits = NU_CIPHER_TAG * 8;
	ret->item.data = (unsigned char *)&ret->gcm;
	ret->item.len = sizeof ret->gcm;
	return CKM_AES_GCM;
}

typedef SECStatus (*crypt_fn)(PK11SymKey *key, CK_MECHANISM_TYPE mechanism,
                              SECItem *param, unsigned char *out,
                              unsigned *ret_len, unsigned size,
                              const unsigned char *data, unsigned len);

struct run {
	crypt_fn fn;
	CK_ATTRIBUTE_TYPE operation;
	enum nu_cipher cipher;
	const SECItem *key, *iv, *in;
	void *wincx;
};

static SECStatus
run(const struct run *run, SECItem *out)
{
	nu_auto(PK11SlotInfo) slot = p12_slot(run->wincx);
	nu_auto(PK11SymKey) key = NULL;
	struct parameter parameter;
	CK_MECHANISM_TYPE mechanism =
	        choose(run->cipher, run->iv, &parameter);
	unsigned len = 0;

	if (slot == NULL)
		return SECFailure;
	key = nu_cipher_key(slot, mechanism, run->operation, run->key);
	if (key == NULL ||
	    run->fn(key, mechanism,
	            parameter.item.len > 0 ? &parameter.item : NULL, out->data,
	            &len, out->len, run->in->data, run->in->len) != SECSuccess)
		return SECFailure;
	out->len = len;
	return SECSuccess;
}

SECStatus
nu_cipher_encrypt(enum nu_cipher cipher, const SECItem *key, const SECItem *iv,
                  const SECItem *text, void *wincx, SECItem *out)
{
	const struct run how = { PK11_Encrypt, CKA_ENCRYPT, cipher, key,
		                 iv, text, wincx };

	return run(&how, out);
}

SECStatus
nu_cipher_decrypt(enum nu_cipher cipher, const SECItem *key, const SECItem *iv,
                  const SECItem *sealed, void *wincx, SECItem *out)
{
	const struct run how = { PK11_Decrypt, CKA_DECRYPT, cipher, key,
		                 iv, sealed, wincx };

	PORT_SetError(0);
	if (run(&how, out) == SECSuccess)
		return SECSuccess;
	if (!nu_err_is_trouble(PORT_GetError()))
		PORT_SetError(SEC_ERROR_BAD_DATA);
	return SECFailure;
}
