/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_p12_carry.c - a private key from another token into NSS's own, wrapped.
 *
 * Tokens hardly ever have the encryption that PKCS#12 wants, but many can wrap
 * a key by AES (RFC 5649), which NSS's token then unwraps. */

#include "nssutil/nu_p12_int.h"

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_key.h"

enum { KEK_SIZE = 32, MAX_WRAPPED = 1 << 14 };

/* One mechanism with two numbers: PKCS#11 2.40 had the first. */
static const CK_MECHANISM_TYPE wrap_mechanisms[] = { CKM_AES_KEY_WRAP_PAD,
	                                             CKM_AES_KEY_WRAP_KWP };

static PK11SymKey *
import_kek(PK11SlotInfo *slot, CK_ATTRIBUTE_TYPE operation,
           CK_FLAGS flags, SECItem *kek, void *wincx)
{
	return PK11_ImportSymKeyWithFlags(slot, CKM_AES_CBC, PK11_OriginUnwrap,
	                                  operation, kek, flags, PR_FALSE,
	                                  wincx);
}

/* key, wrapped inside its token by kek. */
static SECStatus
wrap(SECKEYPrivateKey *key, SECItem *kek, void *wincx, SECItem *ret_wrapped)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetSlotFromPrivateKey(key);
	nu_auto(PK11SymKey) wrapper = NULL;

	for (size_t i = 0; i < sizeof wrap_mechanisms / sizeof *wrap_mechanisms;
	     i++) {
		if (!PK11_DoesMechanism(slot, wrap_mechanisms[i]))
			continue;
		wrapper = import_kek(slot, CKA_WRAP, CKF_WRAP, kek, wincx);
		if (wrapper == NULL)
			return SECFailure;
		return PK11_WrapPrivKey(slot, wrapper, key, wrap_mechanisms[i],
		                        NULL, ret_wrapped, wincx);
	}
	PORT_SetError(SEC_ERROR_INVALID_ALGORITHM);
	return SECFailure;
}

/* A session key on NSS's own token, which needs no login. pub, its other half,
 * gives it its id. */
static SECKEYPrivateKey *
unwrap(SECKEYPublicKey *pub, SECItem *kek, SECItem *wrapped, void *wincx)
{
	CK_ATTRIBUTE_TYPE usage[] = { CKA_SIGN };
	SECItem label = { siBuffer, NULL, 0 };
	PRBool rsa = SECKEY_GetPublicKeyType(pub) == rsaKey;
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalSlot();
	nu_auto(PK11SymKey) wrapper = NULL;

	if (slot == NULL)
		return NULL;
	wrapper = import_kek(slot, CKA_UNWRAP, CKF_UNWRAP, kek, wincx);
	if (wrapper == NULL)
		return NULL;
	return PK11_UnwrapPrivKey(slot, wrapper, CKM_AES_KEY_WRAP_KWP, NULL,
	                          wrapped, &label,
	                          nu_key_public_value(pub), PR_FALSE, PR_TRUE,
	                          rsa ? CKK_RSA : CKK_EC, usage, 1, wincx);
}

SECKEYPrivateKey *
p12_carry_key(SECKEYPrivateKey *key, CERTCertificate *cert, void *wincx)
{
	nu_auto(SECKEYPublicKey) pub = CERT_ExtractPublicKey(cert);
	nu_auto(SECItem) kek = SECITEM_AllocItem(NULL, NULL, KEK_SIZE);
	nu_auto(SECItem) wrapped = SECITEM_AllocItem(NULL, NULL, MAX_WRAPPED);

	if (pub == NULL || kek == NULL || wrapped == NULL)
		return NULL;
	if (SECKEY_GetPublicKeyType(pub) != rsaKey &&
	    SECKEY_GetPublicKeyType(pub) != ecKey) {
		PORT_SetError(SEC_ERROR_UNSUPPORTED_KEYALG);
		return NULL;
	}
	if (PK11_GenerateRandom(kek->data, KEK_SIZE) != SECSuccess ||
	    wrap(key, kek, wincx, wrapped) != SECSuccess)
		return NULL;
	return unwrap(pub, kek, wrapped, wincx);
}
