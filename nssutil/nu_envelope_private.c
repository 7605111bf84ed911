/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_envelope_private.c - what is encrypted to a key: private keys, out of a
 * token and into one. */

#include "nssutil/nu_envelope_int.h"

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_key.h"

enum { MAX_DEPTH = 16, DIRECTORY_NAME = 4 /* of a GeneralName */ };

/* --- out of a token --------------------------------------------------- */

/* The token encrypts: the first call tells how much room it needs. */
static SECStatus
wrap(PLArenaPool *arena, const struct envelope_fresh *fresh,
     SECKEYPrivateKey *key, void *wincx, SECItem *ret_wrapped)
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

/* key, under a fresh one that may do operations. */
static SECStatus
wrap_out(PLArenaPool *arena, SECKEYPrivateKey *key, CK_FLAGS operations,
         void *wincx, struct envelope_fresh *fresh, SECItem *ret_wrapped)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetSlotFromPrivateKey(key);

	if (slot == NULL || envelope_log_in(slot, wincx) != SECSuccess)
		return SECFailure;
	if (!nu_key_may_leave(key)) {
		PORT_SetError(SEC_ERROR_PKCS12_UNABLE_TO_EXPORT_KEY);
		return SECFailure;
	}
	if (envelope_make_fresh(slot, operations, wincx, fresh) != SECSuccess)
		return SECFailure;
	return wrap(arena, fresh, key, wincx, ret_wrapped);
}

SECItem *
nu_envelope_wrap_key(SECKEYPrivateKey *key, SECKEYPublicKey *to,
                     enum nu_envelope_form form, void *wincx)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	envelope_auto_fresh fresh = { .key = NULL };
	struct envelope_parcel parcel;
	SECItem wrapped;

	if (arena == NULL ||
	    wrap_out(arena, key, CKF_WRAP, wincx, &fresh, &wrapped) !=
	            SECSuccess)
		return NULL;
	parcel = (struct envelope_parcel){ ENVELOPE_BARE, fresh.key, &fresh.iv,
		                           &wrapped };
	return envelope_write(&parcel, to, form, wincx);
}

/* PrivateKeyInfo in the clear, in arena. The token wraps it and decrypts what
 * it wrapped, unless it knows that as a way to make keys come out. */
static SECStatus
export(PLArenaPool *arena, SECKEYPrivateKey *key, void *wincx,
       SECItem *ret_info)
{
	envelope_auto_fresh fresh = { .key = NULL };
	SECItem wrapped;

	if (wrap_out(arena, key, CKF_WRAP | CKF_DECRYPT, wincx, &fresh,
	             &wrapped) == SECSuccess &&
	    envelope_decrypt(arena, fresh.key, envelope_aes256.mechanism,
	                     &fresh.iv, &wrapped, ret_info) == SECSuccess &&
	    nu_der_check(ret_info, MAX_DEPTH) == SECSuccess)
		return SECSuccess;
	if (!nu_err_is_trouble(PORT_GetError()))
		PORT_SetError(SEC_ERROR_PKCS12_UNABLE_TO_EXPORT_KEY);
	return SECFailure;
}

/* EncKeyWithID: PrivateKeyInfo, and subject as a GeneralName. */
static SECItem *
make_key_with_id(PLArenaPool *arena, SECKEYPrivateKey *key,
                 const SECItem *subject, void *wincx)
{
	SECItem *name = nu_der_make(arena,
	                            NU_CONTEXT_CONSTRUCTED(DIRECTORY_NAME),
	                            subject);
	SECItem info;

	if (name == NULL || export(arena, key, wincx, &info) != SECSuccess)
		return NULL;
	return nu_der_make(arena, NU_SEQUENCE, &info, name);
}

/* The arena is zeroed, as all that are nu_auto(). */
SECItem *
nu_envelope_archive_key(SECKEYPrivateKey *key, SECKEYPublicKey *to,
                        const SECItem *subject, void *wincx)
{
	nu_auto(PLArenaPool) arena = NULL;
	SECItem *data;

	if (SECKEY_GetPublicKeyType(to) == rsaKey)
		return nu_envelope_wrap_key(key, to, NU_ENVELOPE_VALUE, wincx);
	arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	if (arena == NULL ||
	    (data = make_key_with_id(arena, key, subject, wincx)) == NULL)
		return NULL;
	return envelope_seal(data, ENVELOPE_KEY_WITH_ID, to, NU_ENVELOPE_CMS,
	                     wincx);
}

/* --- into a token ----------------------------------------------------- */

/* Where a key goes. */
struct target {
	PK11SlotInfo *slot;
	SECKEYPublicKey *pub;
	PRBool permanent;
	const char *label;
	const SECItem *subject; /* whom an EncKeyWithID must name, if anybody;
	                         * or NULL */
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
	                         nu_key_public_value(to->pub), permanent,
	                         PR_TRUE, kind->ck, usage, kind->n_usage, to->wincx);
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
	(void)envelope_cannot_open();
	return NULL;
}

/* EncKeyWithID: its identifier may name subject, or be a text between its
 * sender and its reader, of which we know nothing. */
static SECStatus
read_key_with_id(struct nu_der *r, const SECItem *subject, SECItem *ret_info)
{
	struct nu_tlv info, id;

	if (nu_der_get(r, NU_SEQUENCE, &info) != SECSuccess)
		return SECFailure;
	*ret_info = info.whole;
	if (nu_der_at_end(r))
		return SECSuccess;
	if (nu_der_any(r, &id) != SECSuccess || nu_der_end(r) != SECSuccess)
		return SECFailure;
	if (subject != NULL &&
	    id.tag == NU_CONTEXT_CONSTRUCTED(DIRECTORY_NAME) &&
	    !SECITEM_ItemsAreEqual(&id.value, subject))
		return nu_der_bad();
	return SECSuccess;
}

/* AsymmetricKeyPackage of one key. */
static SECStatus
read_key_package(struct nu_der *r, SECItem *ret_info)
{
	struct nu_tlv info;

	if (nu_der_get(r, NU_SEQUENCE, &info) != SECSuccess)
		return SECFailure;
	*ret_info = info.whole;
	return nu_der_end(r);
}

/* The PrivateKeyInfo in what e holds. */
static SECStatus
open_info(PLArenaPool *arena, const struct envelope *e,
          SECKEYPrivateKey *opener, const struct target *to, SECItem *ret_info)
{
	struct nu_der r;
	SECItem data;
	SECStatus rv;

	if (envelope_open(arena, e, opener, to->wincx, &data) != SECSuccess)
		return SECFailure;
	rv = nu_der_only(&data, NU_SEQUENCE, &r);
	if (rv == SECSuccess)
		rv = e->content == ENVELOPE_KEY_WITH_ID
		             ? read_key_with_id(&r, to->subject, ret_info)
		             : read_key_package(&r, ret_info);
	return rv == SECSuccess ? SECSuccess : envelope_cannot_open();
}

/* A token in FIPS mode takes no plain key, so encrypt it again. */
static SECKEYPrivateKey *
unwrap_packed(PLArenaPool *arena, const struct envelope *e,
              SECKEYPrivateKey *opener, const struct target *to)
{
	envelope_auto_fresh fresh = { .key = NULL };
	struct wrapped from = { .mechanism = envelope_aes256.mechanism };
	SECKEYPrivateKey *key;
	SECItem info;

	if (open_info(arena, e, opener, to, &info) != SECSuccess ||
	    envelope_make_fresh(to->slot, CKF_ENCRYPT | CKF_UNWRAP, to->wincx,
	                        &fresh) != SECSuccess ||
	    envelope_encrypt(arena, &fresh, &info, &from.octets) != SECSuccess)
		return NULL;
	from.key = fresh.key;
	from.iv = fresh.iv;
	key = load_proved(&from, to);
	if (key == NULL)
		(void)envelope_cannot_open();
	return key;
}

static SECKEYPrivateKey *
unwrap(const SECItem *encrypted, SECKEYPrivateKey *opener,
       const struct target *to)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct envelope *e =
	        arena != NULL ? envelope_read(arena, encrypted) : NULL;

	if (e == NULL || envelope_log_in(to->slot, to->wincx) != SECSuccess ||
	    find_kind(SECKEY_GetPublicKeyType(to->pub)) == NULL)
		return NULL;
	return e->content == ENVELOPE_BARE
	               ? unwrap_bare(e, opener, to)
	               : unwrap_packed(arena, e, opener, to);
}

SECKEYPrivateKey *
nu_envelope_unwrap_key(const SECItem *encrypted, SECKEYPrivateKey *opener,
                       SECKEYPublicKey *pub, PK11SlotInfo *slot,
                       PRBool permanent, const char *label, void *wincx)
{
	const struct target to = { .slot = slot, .pub = pub,
		                   .permanent = permanent, .label = label,
		                   .wincx = wincx };

	return unwrap(encrypted, opener, &to);
}

SECStatus
nu_envelope_proves_key(const SECItem *encrypted, SECKEYPrivateKey *opener,
                       SECKEYPublicKey *pub, const SECItem *subject,
                       void *wincx)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	nu_auto(SECKEYPrivateKey) key = NULL;
	const struct target to = { .slot = slot, .pub = pub,
		                   .subject = subject, .wincx = wincx };

	if (slot != NULL)
		key = unwrap(encrypted, opener, &to);
	return key != NULL ? SECSuccess : SECFailure;
}
