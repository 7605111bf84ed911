/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_envelope.c - what is encrypted to a key: sealed, opened, wrapped and
 * unwrapped. */

#include "nssutil/nu_envelope_int.h"

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_key.h"

enum { MAX_IV = 16 };

/* A content key of ours and its first use. */
struct fresh {
	PK11SymKey *key;
	unsigned char octets[MAX_IV];
	SECItem iv;
};

static void
fresh_clear(struct fresh *fresh)
{
	if (fresh->key != NULL)
		PK11_FreeSymKey(fresh->key);
}
#define auto_fresh __attribute__((cleanup(fresh_clear))) struct fresh

static SECStatus
log_in(PK11SlotInfo *slot, void *wincx)
{
	return PK11_NeedLogin(slot)
	               ? PK11_Authenticate(slot, PR_TRUE, wincx)
	               : SECSuccess;
}

/* Made in slot if that can, since a key is wrapped where it lives. */
static SECStatus
make_fresh(PK11SlotInfo *wanted, void *wincx, struct fresh *ret_fresh)
{
	const struct envelope_cipher *cipher = &envelope_aes256;
	PRBool able = wanted != NULL &&
	              PK11_DoesMechanism(wanted, CKM_AES_KEY_GEN) &&
	              PK11_DoesMechanism(wanted, cipher->mechanism);
	nu_auto(PK11SlotInfo) slot =
	        able ? PK11_ReferenceSlot(wanted)
	             : PK11_GetBestSlot(cipher->mechanism, wincx);

	if (slot == NULL || log_in(slot, wincx) != SECSuccess ||
	    PK11_GenerateRandom(ret_fresh->octets, MAX_IV) != SECSuccess)
		return SECFailure;
	ret_fresh->iv = (SECItem){ siBuffer, ret_fresh->octets,
		                   cipher->iv_len };
	ret_fresh->key = PK11_TokenKeyGenWithFlags(
	        slot, CKM_AES_KEY_GEN, NULL, (int)cipher->key_len, NULL,
	        CKF_ENCRYPT | CKF_DECRYPT | CKF_WRAP | CKF_UNWRAP,
	        PK11_ATTR_SESSION, wincx);
	return ret_fresh->key != NULL ? SECSuccess : SECFailure;
}

/* --- bytes ------------------------------------------------------------ */

static SECStatus
encrypt(PLArenaPool *arena, const struct fresh *fresh, const SECItem *data,
        SECItem *ret_encrypted)
{
	SECItem iv = fresh->iv;
	unsigned room = data->len + MAX_IV;
	SECItem encrypted = { siBuffer, PORT_ArenaAlloc(arena, room), 0 };

	if (encrypted.data == NULL ||
	    PK11_Encrypt(fresh->key, envelope_aes256.mechanism, &iv,
	                 encrypted.data, &encrypted.len, room, data->data,
	                 data->len) != SECSuccess)
		return SECFailure;
	*ret_encrypted = encrypted;
	return SECSuccess;
}

static SECStatus
decrypt(PLArenaPool *arena, const struct envelope *e, PK11SymKey *content_key,
        SECItem *ret_data)
{
	SECItem iv = e->iv;
	unsigned room = e->encrypted.len;
	SECItem data = { siBuffer, PORT_ArenaAlloc(arena, room), 0 };

	if (data.data == NULL ||
	    PK11_Decrypt(content_key, e->cipher->mechanism, &iv, data.data,
	                 &data.len, room, e->encrypted.data,
	                 e->encrypted.len) != SECSuccess)
		return SECFailure;
	*ret_data = data;
	return SECSuccess;
}

/* One error for whatever does not open: who sent it need not learn how far we
 * came. */
static SECStatus
cannot_open(void)
{
	if (!nu_err_is_trouble(PORT_GetError()))
		PORT_SetError(SEC_ERROR_BAD_DATA);
	return SECFailure;
}

static SECStatus
open_bytes(PLArenaPool *arena, const struct envelope *e,
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
		    decrypt(arena, e, key, ret_data) == SECSuccess)
			return SECSuccess;
	}
	return cannot_open();
}

SECItem *
nu_envelope_seal(const SECItem *data, SECKEYPublicKey *to,
                 enum nu_envelope_form form, void *wincx)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	auto_fresh fresh = { .key = NULL };
	SECItem encrypted;

	if (arena == NULL || make_fresh(NULL, wincx, &fresh) != SECSuccess ||
	    encrypt(arena, &fresh, data, &encrypted) != SECSuccess)
		return NULL;
	return envelope_write(fresh.key, &fresh.iv, &encrypted, to, form,
	                      wincx);
}

SECItem *
nu_envelope_open(const SECItem *sealed, SECKEYPrivateKey *opener, void *wincx)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct envelope *e =
	        arena != NULL ? envelope_read(arena, sealed) : NULL;
	SECItem data;

	if (e == NULL ||
	    open_bytes(arena, e, opener, wincx, &data) != SECSuccess)
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

/* --- keys out of a token ---------------------------------------------- */

/* The token encrypts: the first call tells how much room it needs. */
static SECStatus
wrap(PLArenaPool *arena, const struct fresh *fresh, SECKEYPrivateKey *key,
     void *wincx, SECItem *ret_wrapped)
{
	CK_MECHANISM_TYPE mechanism = envelope_aes256.mechanism;
	SECItem wrapped = { siBuffer, NULL, 0 }, iv = fresh->iv;

	if (PK11_WrapPrivKey(NULL, fresh->key, key, mechanism, &iv, &wrapped,
	                     wincx) != SECSuccess)
		return SECFailure;
	wrapped.data = PORT_ArenaAlloc(arena, wrapped.len);
	if (wrapped.data == NULL ||
	    PK11_WrapPrivKey(NULL, fresh->key, key, mechanism, &iv, &wrapped,
	                     wincx) != SECSuccess)
		return SECFailure;
	*ret_wrapped = wrapped;
	return SECSuccess;
}

SECItem *
nu_envelope_wrap_key(SECKEYPrivateKey *key, SECKEYPublicKey *to,
                     enum nu_envelope_form form, void *wincx)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	nu_auto(PK11SlotInfo) slot = PK11_GetSlotFromPrivateKey(key);
	auto_fresh fresh = { .key = NULL };
	SECItem wrapped;

	if (arena == NULL || slot == NULL || log_in(slot, wincx) != SECSuccess)
		return NULL;
	if (!nu_key_may_leave(key)) {
		PORT_SetError(SEC_ERROR_PKCS12_UNABLE_TO_EXPORT_KEY);
		return NULL;
	}
	if (make_fresh(slot, wincx, &fresh) != SECSuccess ||
	    wrap(arena, &fresh, key, wincx, &wrapped) != SECSuccess)
		return NULL;
	return envelope_write(fresh.key, &fresh.iv, &wrapped, to, form, wincx);
}

/* --- keys into a token ------------------------------------------------ */

/* Where a key goes. */
struct target {
	PK11SlotInfo *slot;
	SECKEYPublicKey *pub;
	PRBool permanent;
	const char *label;
	void *wincx;
};

/* A PrivateKeyInfo under a content key. */
struct wrapped {
	PK11SymKey *key;
	CK_MECHANISM_TYPE mechanism;
	SECItem iv, octets;
};

/* What a private key of this kind is for, what NSS derives its CKA_ID from. A
 * key that came back may leave again: it can be backed up. */
static const struct kind {
	KeyType type;
	CK_KEY_TYPE ck;
	CK_ATTRIBUTE_TYPE usage[4];
	int n_usage;
} kinds[] = {
	{ rsaKey, CKK_RSA,
	  { CKA_EXTRACTABLE, CKA_SIGN, CKA_DECRYPT, CKA_UNWRAP }, 4 },
	{ ecKey, CKK_EC, { CKA_EXTRACTABLE, CKA_SIGN, CKA_DERIVE }, 3 },
	{ dsaKey, CKK_DSA, { CKA_EXTRACTABLE, CKA_SIGN }, 2 },
};

static const struct kind *
find_kind(KeyType type)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (kinds[i].type == type)
			return &kinds[i];
	}
	PORT_SetError(SEC_ERROR_UNSUPPORTED_KEYALG);
	return NULL;
}

static SECItem *
public_value(SECKEYPublicKey *pub)
{
	switch (SECKEY_GetPublicKeyType(pub)) {
	case rsaKey:
		return &pub->u.rsa.modulus;
	case ecKey:
		return &pub->u.ec.publicValue;
	default:
		return &pub->u.dsa.publicValue;
	}
}

static SECKEYPrivateKey *
load(struct wrapped *from, const struct target *to, PRBool permanent)
{
	const struct kind *kind = find_kind(SECKEY_GetPublicKeyType(to->pub));
	CK_ATTRIBUTE_TYPE usage[4];
	SECItem label = { siBuffer, (unsigned char *)to->label,
		          to->label != NULL ? (unsigned)strlen(to->label) : 0 };
	SECKEYPrivateKey *key;

	if (kind == NULL)
		return NULL;
	memcpy(usage, kind->usage, sizeof usage);
	key = PK11_UnwrapPrivKey(to->slot, from->key, from->mechanism,
	                         &from->iv, &from->octets,
	                         permanent && label.len > 0 ? &label : NULL,
	                         public_value(to->pub), permanent, PR_TRUE,
	                         kind->ck, usage, kind->n_usage, to->wincx);
	if (key != NULL && !permanent)
		key->pkcs11IsTemp = PR_TRUE; /* the object goes with it */
	return key;
}

/* Nothing is stored before a session key has proved what it is. */
static SECKEYPrivateKey *
load_proved(struct wrapped *from, const struct target *to)
{
	nu_auto(SECKEYPrivateKey) session = load(from, to, PR_FALSE);

	if (session == NULL || !nu_key_proves(session, to->pub))
		return NULL;
	return to->permanent ? load(from, to, PR_TRUE) : nu_take(session);
}

/* The token decrypts. */
static SECKEYPrivateKey *
unwrap_bare(const struct envelope *e, SECKEYPrivateKey *opener,
            const struct target *to)
{
	KeyType type = SECKEY_GetPrivateKeyType(opener);

	PORT_SetError(0);
	for (size_t i = 0; i < e->n_recipients; i++) {
		struct wrapped from = { NULL, e->cipher->mechanism, e->iv,
			                e->encrypted };
		nu_auto(PK11SymKey) content_key = NULL;
		SECKEYPrivateKey *key;

		if (e->recipients[i].type == type)
			content_key =
			        envelope_receive(e, &e->recipients[i], opener,
			                         CKA_UNWRAP, to->wincx);
		from.key = content_key;
		key = content_key != NULL ? load_proved(&from, to) : NULL;
		if (key != NULL)
			return key;
	}
	(void)cannot_open();
	return NULL;
}

/* PrivateKeyInfo stands first in a SEQUENCE: of an EncKeyWithID, or of an
 * AsymmetricKeyPackage, which is to hold no other. */
static SECStatus
find_key_info(const SECItem *data, enum envelope_content content,
              SECItem *ret_info)
{
	struct nu_tlv info;
	struct nu_der r;

	if (nu_der_only(data, NU_SEQUENCE, &r) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &info) != SECSuccess ||
	    (content == ENVELOPE_KEY_PACKAGE && nu_der_end(&r) != SECSuccess))
		return cannot_open();
	*ret_info = info.whole;
	return SECSuccess;
}

/* A token in FIPS mode takes no plain key, so encrypt it again. */
static SECKEYPrivateKey *
unwrap_packed(PLArenaPool *arena, const struct envelope *e,
              SECKEYPrivateKey *opener, const struct target *to)
{
	auto_fresh fresh = { .key = NULL };
	struct wrapped from = { .mechanism = envelope_aes256.mechanism };
	SECKEYPrivateKey *key;
	SECItem data, info;

	if (open_bytes(arena, e, opener, to->wincx, &data) != SECSuccess ||
	    find_key_info(&data, e->content, &info) != SECSuccess ||
	    make_fresh(to->slot, to->wincx, &fresh) != SECSuccess ||
	    encrypt(arena, &fresh, &info, &from.octets) != SECSuccess)
		return NULL;
	from.key = fresh.key;
	from.iv = fresh.iv;
	key = load_proved(&from, to);
	if (key == NULL)
		(void)cannot_open();
	return key;
}

SECKEYPrivateKey *
nu_envelope_unwrap_key(const SECItem *encrypted, SECKEYPrivateKey *opener,
                       SECKEYPublicKey *pub, PK11SlotInfo *slot,
                       PRBool permanent, const char *label, void *wincx)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	const struct target to = { slot, pub, permanent, label, wincx };
	struct envelope *e =
	        arena != NULL ? envelope_read(arena, encrypted) : NULL;

	if (e == NULL || log_in(slot, wincx) != SECSuccess)
		return NULL;
	if (find_kind(SECKEY_GetPublicKeyType(pub)) == NULL)
		return NULL;
	return e->content == ENVELOPE_BARE
	               ? unwrap_bare(e, opener, &to)
	               : unwrap_packed(arena, e, opener, &to);
}
