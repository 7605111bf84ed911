/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_session.c - a key pair in memory alone, in a session of its own. */

#include "nssutil/nu_session.h"

#include <pkcs11.h>
#include <prerror.h>
#include <secerr.h>
#include <secmod.h>
#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_p12_int.h"

enum { ID_SIZE = 20 }; /* as long as NSS's own */

static CK_FUNCTION_LIST *
functions(PK11SlotInfo *slot)
{
	return PK11_GetModule(slot)->functionList;
}

static SECStatus
map_error(CK_RV rv)
{
	if (rv == CKR_OK)
		return SECSuccess;
	switch (rv) {
	case CKR_HOST_MEMORY:
	case CKR_DEVICE_MEMORY:
		PORT_SetError(SEC_ERROR_NO_MEMORY);
		break;
	case CKR_USER_NOT_LOGGED_IN:
		PORT_SetError(SEC_ERROR_TOKEN_NOT_LOGGED_IN);
		break;
	default:
		PORT_SetError(SEC_ERROR_PKCS11_DEVICE_ERROR);
	}
	return SECFailure;
}

static SECStatus
open_session(struct nu_session_key *key)
{
	return map_error(functions(key->slot)->C_OpenSession(
	        PK11_GetSlotID(key->slot), CKF_SERIAL_SESSION, NULL, NULL,
	        &key->session));
}

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Both halves have one id, by which NSS finds them. */
struct job {
	struct nu_session_key *key;
	CK_MECHANISM_TYPE mechanism;
	unsigned char id[ID_SIZE];
};

static SECStatus
generate(struct job *job, CK_ATTRIBUTE *public, CK_ULONG n_public)
{
	CK_MECHANISM mechanism = { job->mechanism, NULL, 0 };
	CK_ATTRIBUTE private[] = {
		{ CKA_ID, job->id, ID_SIZE },
		{ CKA_TOKEN, &no, sizeof no },
		{ CKA_PRIVATE, &yes, sizeof yes },
		{ CKA_SENSITIVE, &yes, sizeof yes },
		{ CKA_EXTRACTABLE, &yes, sizeof yes },
		{ CKA_SIGN, &yes, sizeof yes },
	};
	CK_OBJECT_HANDLE public_half, private_half;

	return map_error(functions(job->key->slot)->C_GenerateKeyPair(
	        job->key->session, &mechanism, public, n_public, private,
	        COUNT(private), &public_half, &private_half));
}

static SECStatus
generate_rsa(struct job *job, unsigned bits)
{
	unsigned char exponent[] = { 1, 0, 1 };
	CK_ULONG size = bits;
	CK_ATTRIBUTE public[] = {
		{ CKA_ID, job->id, ID_SIZE },
		{ CKA_TOKEN, &no, sizeof no },
		{ CKA_VERIFY, &yes, sizeof yes },
		{ CKA_MODULUS_BITS, &size, sizeof size },
		{ CKA_PUBLIC_EXPONENT, exponent, sizeof exponent },
	};

	job->mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN;
	return generate(job, public, COUNT(public));
}

static SECStatus
generate_ec(struct job *job, unsigned bits)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	SECItem *curve = arena != NULL ? nu_key_curve(arena, bits) : NULL;
	CK_ATTRIBUTE public[] = {
		{ CKA_ID, job->id, ID_SIZE },
		{ CKA_TOKEN, &no, sizeof no },
		{ CKA_VERIFY, &yes, sizeof yes },
		{ CKA_EC_PARAMS, NULL, 0 },
	};

	if (curve == NULL)
		return SECFailure;
	public[3].pValue = curve->data;
	public[3].ulValueLen = curve->len;
	job->mechanism = CKM_EC_KEY_PAIR_GEN;
	return generate(job, public, COUNT(public));
}

/* As NSS knows them. */
static SECStatus
find_halves(struct job *job)
{
	struct nu_session_key *key = job->key;
	SECItem id = { siBuffer, job->id, ID_SIZE };

	key->private = PK11_FindKeyByKeyID(key->slot, &id, NULL);
	if (key->private == NULL)
		return SECFailure;
	key->public = SECKEY_ConvertToPublicKey(key->private);
	return key->public != NULL ? SECSuccess : SECFailure;
}

static SECStatus
make(struct nu_session_key *key, KeyType type, unsigned bits)
{
	struct job job = { .key = key };
	SECStatus status;

	key->slot = p12_slot(NULL);
	if (key->slot == NULL || open_session(key) != SECSuccess ||
	    PK11_GenerateRandom(job.id, sizeof job.id) != SECSuccess)
		return SECFailure;
	status = type == rsaKey ? generate_rsa(&job, bits)
	                        : generate_ec(&job, bits);
	return status == SECSuccess ? find_halves(&job) : SECFailure;
}

SECStatus
nu_session_key_make(KeyType type, unsigned bits,
                    struct nu_session_key *ret_key)
{
	struct nu_session_key key = { .session = CK_INVALID_HANDLE };

	if (make(&key, type, bits) != SECSuccess) {
		nu_session_key_clear(&key);
		return SECFailure;
	}
	*ret_key = key;
	return SECSuccess;
}

void
nu_session_key_clear(struct nu_session_key *key)
{
	PRErrorCode why = PORT_GetError();

	if (key->public != NULL)
		SECKEY_DestroyPublicKey(key->public);
	if (key->private != NULL)
		SECKEY_DestroyPrivateKey(key->private);
	if (key->session != CK_INVALID_HANDLE)
		(void)functions(key->slot)->C_CloseSession(key->session);
	if (key->slot != NULL)
		PK11_FreeSlot(key->slot);
	PORT_SetError(why);
}
