/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_envelope_key.c - envelopes: how the content key goes and comes. */

#include "nssutil/nu_envelope_int.h"

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_slot.h"

enum { WRAP_OVERHEAD = 8, MAX_CONTENT_KEY = 32 };

/* --- going ------------------------------------------------------------ */

SECStatus
envelope_send_rsa(PLArenaPool *arena, PK11SymKey *content_key,
                  SECKEYPublicKey *to, SECItem *ret_encrypted)
{
	SECItem encrypted = { siBuffer, NULL, SECKEY_PublicKeyStrength(to) };

	encrypted.data = PORT_ArenaAlloc(arena, encrypted.len);
	if (encrypted.data == NULL ||
	    PK11_PubWrapSymKey(CKM_RSA_PKCS, to, content_key, &encrypted) !=
	            SECSuccess)
		return SECFailure;
	*ret_encrypted = encrypted;
	return SECSuccess;
}

/* The key that wraps the content key. */
static PK11SymKey *
agree(PLArenaPool *arena, SECKEYPrivateKey *ours, SECKEYPublicKey *theirs,
      const struct envelope_agreement *agreement, const SECItem *ukm,
      CK_ATTRIBUTE_TYPE operation, void *wincx)
{
	SECItem *info = envelope_make_shared_info(arena, agreement, ukm);

	if (info == NULL)
		return NULL;
	return PK11_PubDeriveWithKDF(ours, theirs, PR_FALSE, NULL, NULL,
	                             CKM_ECDH1_DERIVE, CKM_AES_KEY_WRAP,
	                             operation, (int)agreement->kek_len,
	                             agreement->kdf, info, wincx);
}

SECStatus
envelope_send_ec(PLArenaPool *arena, PK11SymKey *content_key,
                 SECKEYPublicKey *to,
                 const struct envelope_agreement *agreement, void *wincx,
                 SECItem *ret_point, SECItem *ret_encrypted)
{
	const SECItem no_ukm = { siBuffer, NULL, 0 };
	nu_auto(SECKEYPublicKey) public = NULL;
	nu_auto(SECKEYPrivateKey) private = SECKEY_CreateECPrivateKey(
	        &to->u.ec.DEREncodedParams, &public, wincx);
	nu_auto(PK11SymKey) kek = NULL;
	SECItem encrypted = { siBuffer, NULL,
		              MAX_CONTENT_KEY + WRAP_OVERHEAD };

	if (private == NULL)
		return SECFailure;
	kek = agree(arena, private, to, agreement, &no_ukm, CKA_WRAP, wincx);
	encrypted.data = PORT_ArenaAlloc(arena, encrypted.len);
	if (kek == NULL || encrypted.data == NULL ||
	    PK11_WrapSymKey(CKM_AES_KEY_WRAP, NULL, kek, content_key,
	                    &encrypted) != SECSuccess ||
	    SECITEM_CopyItem(arena, ret_point, &public->u.ec.publicValue) !=
	            SECSuccess)
		return SECFailure;
	*ret_encrypted = encrypted;
	return SECSuccess;
}

/* --- coming ----------------------------------------------------------- */

static PK11SymKey *
receive_rsa(const struct envelope *e, const struct envelope_recipient *from,
            SECKEYPrivateKey *opener, CK_ATTRIBUTE_TYPE operation)
{
	CK_RSA_PKCS_OAEP_PARAMS oaep = from->transport.oaep;
	SECItem param = { siBuffer, (unsigned char *)&oaep, sizeof oaep };
	SECItem wrapped = from->encrypted_key;
	CK_MECHANISM_TYPE mechanism = from->transport.mechanism;

	return PK11_PubUnwrapSymKeyWithMechanism(
	        opener, mechanism,
	        mechanism == CKM_RSA_PKCS_OAEP ? &param : NULL, &wrapped,
	        e->cipher->mechanism, operation, (int)e->cipher->key_len);
}

static PK11SymKey *
receive_ec(const struct envelope *e, const struct envelope_recipient *from,
           SECKEYPrivateKey *opener, CK_ATTRIBUTE_TYPE operation, void *wincx)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	nu_auto_item params = { siBuffer, NULL, 0 };
	nu_auto(PK11SymKey) kek = NULL;
	SECItem wrapped = from->encrypted_key;
	SECKEYPublicKey theirs = { .keyType = ecKey };

	if (arena == NULL ||
	    nu_key_attribute(opener, CKA_EC_PARAMS, &params) != SECSuccess)
		return NULL;
	/* A point on another curve is refused by the token. */
	theirs.u.ec.DEREncodedParams = params;
	theirs.u.ec.publicValue = from->point;
	kek = agree(arena, opener, &theirs, &from->agreement, &from->ukm,
	            CKA_UNWRAP, wincx);
	if (kek == NULL)
		return NULL;
	return PK11_UnwrapSymKey(kek, CKM_AES_KEY_WRAP, NULL, &wrapped,
	                         e->cipher->mechanism, operation,
	                         (int)e->cipher->key_len);
}

PK11SymKey *
envelope_receive(const struct envelope *envelope,
                 const struct envelope_recipient *recipient,
                 SECKEYPrivateKey *opener, CK_ATTRIBUTE_TYPE operation,
                 void *wincx)
{
	return recipient->type == rsaKey
	               ? receive_rsa(envelope, recipient, opener, operation)
	               : receive_ec(envelope, recipient, opener, operation,
	                            wincx);
}

/* An error of ours is no answer: then what failed first may say more. */
PRBool
nu_envelope_can_open(SECKEYPrivateKey *opener, void *wincx)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	const SECItem no_ukm = { siBuffer, NULL, 0 };
	struct envelope_agreement agreement;
	nu_auto_item params = { siBuffer, NULL, 0 };
	nu_auto(SECKEYPrivateKey) private = NULL;
	nu_auto(SECKEYPublicKey) public = NULL;
	nu_auto(PK11SymKey) kek = NULL;

	if (SECKEY_GetPrivateKeyType(opener) != ecKey || arena == NULL ||
	    envelope_make_agreement(arena, &agreement) == NULL ||
	    nu_key_attribute(opener, CKA_EC_PARAMS, &params) != SECSuccess)
		return PR_TRUE;
	private = SECKEY_CreateECPrivateKey(&params, &public, wincx);
	if (private == NULL)
		return PR_TRUE;
	kek = agree(arena, opener, public, &agreement, &no_ukm, CKA_UNWRAP,
	            wincx);
	return kek != NULL;
}
