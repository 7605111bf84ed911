/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_p12_write.c - PKCS#12: certificates and keys to one file (RFC 7292).
 *
 * NSS's encoder repeats a chain for every certificate it issued, so the file
 * is put together here; private keys are still encrypted inside their token. */

#include "nssutil/nu_p12_int.h"

#include <stdint.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_key.h"

/* Guessing a password costs this much a part, and MAC, certificates and keys
 * are guessed at equally well, so all of them have one figure. 100,000 is what
 * everyone opens by default: .NET's loader stops at 300,000 a part and
 * 1,000,000 a file, which is where NSS's own 600,000 fails; OpenSSL, GnuTLS and
 * Java go further. */
enum { ITERATIONS = 100000, SALT_SIZE = 16, PFX_VERSION = 3 };

/* How a file is protected. */
static const struct profile {
	SECOidTag pbe, cipher, prf, mac;
} modern = { SEC_OID_PKCS5_PBES2, SEC_OID_AES_256_CBC, SEC_OID_HMAC_SHA256,
	     SEC_OID_SHA256 },
  compatible = { SEC_OID_PKCS12_V2_PBE_WITH_SHA1_AND_3KEY_TRIPLE_DES_CBC,
	         SEC_OID_UNKNOWN, SEC_OID_UNKNOWN, SEC_OID_SHA1 };

struct writer {
	PLArenaPool *arena;
	struct p12_password password;
	const struct profile *profile;
	void *wincx;
	const struct nu_p12_item *items;
	size_t n_items;
};

/* --- DER --------------------------------------------------------------- */

#define make nu_der_make_all

static SECItem *
make_oid(PLArenaPool *arena, SECOidTag tag)
{
	SECOidData *oid = SECOID_FindOIDByTag(tag);

	if (oid == NULL)
		return NULL;
	return nu_der_make_octets(arena, NU_OID, oid->oid.data, oid->oid.len);
}

static SECItem *
make_octet_string(PLArenaPool *arena, const SECItem *data)
{
	if (data == NULL)
		return NULL;
	return nu_der_make_octets(arena, NU_OCTET_STRING, data->data,
	                          data->len);
}

/* ContentInfo and SafeBag begin alike: a type, and [0] what it is. */
static SECItem *
make_typed(PLArenaPool *arena, SECOidTag type, const SECItem *value)
{
	return make(arena, NU_SEQUENCE, make_oid(arena, type),
	            make(arena, NU_CONTEXT_CONSTRUCTED(0), value));
}

/* A SET OF's elements stand in order of their encodings (X.690, 11.6). */
static SECItem *
make_set_of_two(PLArenaPool *arena, SECItem *a, SECItem *b)
{
	if (a == NULL || b == NULL)
		return NULL;
	return SECITEM_CompareItem(a, b) == SECGreaterThan
	               ? make(arena, NU_SET, b, a)
	               : make(arena, NU_SET, a, b);
}

/* --- what is written --------------------------------------------------- */

static PRBool
same_cert(const struct nu_p12_item *a, const struct nu_p12_item *b)
{
	return SECITEM_ItemsAreEqual(&a->cert->derCert, &b->cert->derCert);
}

/* Of the items with the i-th's certificate, the one to write: the first that
 * has a key, or else the first. */
static PRBool
is_chosen(const struct writer *w, size_t i)
{
	const struct nu_p12_item *item = &w->items[i];

	for (size_t k = 0; k < w->n_items; k++) {
		const struct nu_p12_item *other = &w->items[k];

		if (k == i || !same_cert(other, item))
			continue;
		if ((other->key != NULL) != (item->key != NULL)
		            ? other->key != NULL
		            : k < i)
			return PR_FALSE;
	}
	return PR_TRUE;
}

/* The public key's bits; two certificates of one key share them. */
static SECItem
key_bits(const struct nu_p12_item *item)
{
	SECItem bits = item->cert->subjectPublicKeyInfo.subjectPublicKey;

	DER_ConvertBitString(&bits);
	return bits;
}

static PRBool
is_repeated_key(const struct writer *w, size_t i)
{
	SECItem bits = key_bits(&w->items[i]);

	for (size_t k = 0; k < i; k++) {
		SECItem other = key_bits(&w->items[k]);

		if (w->items[k].key != NULL &&
		    SECITEM_ItemsAreEqual(&bits, &other))
			return PR_TRUE;
	}
	return PR_FALSE;
}

static SECItem *
make_attribute(PLArenaPool *arena, SECOidTag type, const SECItem *value)
{
	return make(arena, NU_SEQUENCE, make_oid(arena, type),
	            make(arena, NU_SET, value));
}

static SECItem *
make_friendly_name(PLArenaPool *arena, const char *name)
{
	enum { BMP_STRING = 0x1e };
	SECItem bmp = { siBuffer, NULL, 0 };

	if (p12_bmp_from_utf8(arena, name, &bmp) != SECSuccess)
		return NULL;
	return make_attribute(
		arena, SEC_OID_PKCS9_FRIENDLY_NAME,
		nu_der_make_octets(arena, BMP_STRING, bmp.data, bmp.len));
}

/* What joins a certificate and its key: SHA-1 of the public key, as in a
 * subjectKeyIdentifier (RFC 5280, 4.2.1.2). */
static SECItem *
make_local_key_id(PLArenaPool *arena, const struct nu_p12_item *item)
{
	unsigned char hash[SHA1_LENGTH];
	SECItem bits = key_bits(item), id = { siBuffer, hash, sizeof hash };

	if (PK11_HashBuf(SEC_OID_SHA1, hash, bits.data, (PRInt32)bits.len) !=
	    SECSuccess)
		return NULL;
	return make_attribute(arena, SEC_OID_PKCS9_LOCAL_KEY_ID,
	                      make_octet_string(arena, &id));
}

static PRBool
has_name(const struct nu_p12_item *item)
{
	return item->friendly_name != NULL && item->friendly_name[0] != '\0';
}

/* A SafeBag. Only what has a key gets a localKeyID: it would claim one. */
static SECItem *
make_bag(const struct writer *w, SECOidTag type, const SECItem *value,
         const struct nu_p12_item *item)
{
	PLArenaPool *a = w->arena;
	SECItem *oid = make_oid(a, type), *attributes;
	SECItem *content = make(a, NU_CONTEXT_CONSTRUCTED(0), value);

	if (item->key != NULL && has_name(item))
		attributes = make_set_of_two(
			a, make_friendly_name(a, item->friendly_name),
			make_local_key_id(a, item));
	else if (item->key != NULL)
		attributes = make(a, NU_SET, make_local_key_id(a, item));
	else if (has_name(item))
		attributes = make(a, NU_SET,
		                  make_friendly_name(a, item->friendly_name));
	else
		return make(a, NU_SEQUENCE, oid, content);
	return make(a, NU_SEQUENCE, oid, content, attributes);
}

static SECItem *
make_cert_bag(const struct writer *w, const struct nu_p12_item *item)
{
	SECItem *octets = make_octet_string(w->arena, &item->cert->derCert);

	return make_bag(w, SEC_OID_PKCS12_V1_CERT_BAG_ID,
	                make_typed(w->arena, SEC_OID_PKCS9_X509_CERT, octets),
	                item);
}

static SECKEYEncryptedPrivateKeyInfo *
encrypt_key(struct writer *w, SECKEYPrivateKey *key)
{
	const struct profile *p = w->profile;
	SECItem *pw = p == &modern ? &w->password.utf8 : &w->password.bmp;

	return PK11_ExportEncryptedPrivKeyInfoV2(NULL, p->pbe, p->cipher,
	                                         p->prf, pw, key, ITERATIONS,
	                                         w->wincx);
}

static SECKEYEncryptedPrivateKeyInfo *
encrypt_carried(struct writer *w, const struct nu_p12_item *item)
{
	nu_auto(SECKEYPrivateKey) copy =
		p12_carry_key(item->key, item->cert, w->wincx);

	return copy != NULL ? encrypt_key(w, copy) : NULL;
}

static SECKEYEncryptedPrivateKeyInfo *
shroud(struct writer *w, const struct nu_p12_item *item)
{
	nu_auto(PK11SlotInfo) slot = PK11_GetSlotFromPrivateKey(item->key);
	SECKEYEncryptedPrivateKeyInfo *epki = NULL;

	if (slot == NULL ||
	    (PK11_NeedLogin(slot) &&
	     PK11_Authenticate(slot, PR_TRUE, w->wincx) != SECSuccess))
		return NULL;
	PORT_SetError(0);
	if (nu_key_may_leave(item->key)) {
		epki = encrypt_key(w, item->key);
		if (epki == NULL && !PK11_IsInternal(slot))
			epki = encrypt_carried(w, item);
	}
	/* What a token says when it keeps its key is anybody's guess. */
	if (epki == NULL && PORT_GetError() != SEC_ERROR_NO_MEMORY)
		PORT_SetError(SEC_ERROR_PKCS12_UNABLE_TO_EXPORT_KEY);
	return epki;
}

static SECItem *
make_key_bag(struct writer *w, const struct nu_p12_item *item)
{
	SECKEYEncryptedPrivateKeyInfo *epki = shroud(w, item);
	SECItem *der;

	if (epki == NULL)
		return NULL;
	der = SEC_ASN1EncodeItem(
		w->arena, NULL, epki,
		SEC_ASN1_GET(SECKEY_EncryptedPrivateKeyInfoTemplate));
	SECKEY_DestroyEncryptedPrivateKeyInfo(epki, PR_TRUE);
	return make_bag(w, SEC_OID_PKCS12_V1_PKCS8_SHROUDED_KEY_BAG_ID, der,
	                item);
}

/* --- safes ------------------------------------------------------------- */

static SECItem *
make_cert_safe(struct writer *w)
{
	nu_auto_mem const SECItem **bags = calloc(w->n_items, sizeof *bags);
	size_t n = 0;

	if (bags == NULL) {
		PORT_SetError(SEC_ERROR_NO_MEMORY);
		return NULL;
	}
	for (size_t i = 0; i < w->n_items; i++) {
		if (is_chosen(w, i))
			bags[n++] = make_cert_bag(w, &w->items[i]);
	}
	return nu_der_wrap_all(w->arena, NU_SEQUENCE, bags, n);
}

static SECItem *
make_key_safe(struct writer *w, size_t *ret_n)
{
	nu_auto_mem const SECItem **bags = calloc(w->n_items, sizeof *bags);
	size_t n = 0;

	if (bags == NULL) {
		PORT_SetError(SEC_ERROR_NO_MEMORY);
		return NULL;
	}
	for (size_t i = 0; i < w->n_items; i++) {
		if (w->items[i].key == NULL || is_repeated_key(w, i))
			continue;
		bags[n] = make_key_bag(w, &w->items[i]);
		if (bags[n++] == NULL)
			return NULL;
	}
	*ret_n = n;
	return nu_der_wrap_all(w->arena, NU_SEQUENCE, bags, n);
}

static SECItem *
make_algorithm(struct writer *w, const SECItem *plain, SECItem *ret_cipher)
{
	const struct profile *p = w->profile;
	SECAlgorithmID *id = PK11_CreatePBEV2AlgorithmID(
		p->pbe, p->cipher, p->prf, 0, ITERATIONS, NULL);
	SECItem *der = NULL;

	if (id == NULL)
		return NULL;
	if (p12_encrypt(w->arena, id, &w->password, plain, w->wincx,
	                ret_cipher) == SECSuccess)
		der = SEC_ASN1EncodeItem(
			w->arena, NULL, id,
			SEC_ASN1_GET(SECOID_AlgorithmIDTemplate));
	SECOID_DestroyAlgorithmID(id, PR_TRUE);
	return der;
}

/* EncryptedData of PKCS#7, as a ContentInfo. */
static SECItem *
make_encrypted(struct writer *w, const SECItem *plain)
{
	PLArenaPool *a = w->arena;
	SECItem cipher = { siBuffer, NULL, 0 }, *algorithm, *content;

	if (plain == NULL)
		return NULL;
	algorithm = make_algorithm(w, plain, &cipher);
	if (algorithm == NULL)
		return NULL;
	content = make(
		a, NU_SEQUENCE, make_oid(a, SEC_OID_PKCS7_DATA), algorithm,
		nu_der_make_octets(a, NU_CONTEXT(0), cipher.data, cipher.len));
	return make_typed(
		a, SEC_OID_PKCS7_ENCRYPTED_DATA,
		make(a, NU_SEQUENCE, nu_der_make_long(a, 0), content));
}

static SECItem *
make_data(PLArenaPool *arena, const SECItem *data)
{
	return make_typed(arena, SEC_OID_PKCS7_DATA,
	                  make_octet_string(arena, data));
}

static SECItem *
make_mac(struct writer *w, const SECItem *data)
{
	PLArenaPool *a = w->arena;
	unsigned char salt[SALT_SIZE];
	struct p12_mac mac = { w->profile->mac,
		               { siBuffer, salt, sizeof salt },
		               ITERATIONS,
		               NULL };
	SECItem value = { siBuffer, NULL, 0 }, *algorithm, *digest_info;

	if (PK11_GenerateRandom(salt, sizeof salt) != SECSuccess ||
	    p12_mac_compute(a, &mac, &w->password, data, w->wincx, &value) !=
	            SECSuccess)
		return NULL;
	algorithm = make(a, NU_SEQUENCE, make_oid(a, mac.digest),
	                 nu_der_make_octets(a, NU_NULL, NULL, 0));
	digest_info =
		make(a, NU_SEQUENCE, algorithm, make_octet_string(a, &value));
	return make(a, NU_SEQUENCE, digest_info,
	            make_octet_string(a, &mac.salt),
	            nu_der_make_long(a, mac.iterations));
}

static SECItem *
make_pfx(struct writer *w)
{
	PLArenaPool *a = w->arena;
	size_t n_keys;
	SECItem *keys = make_key_safe(w, &n_keys);
	SECItem *certs = keys != NULL ? make_cert_safe(w) : NULL;
	SECItem *safes;

	if (certs == NULL)
		return NULL;
	certs = make_encrypted(w, certs);
	safes = n_keys > 0 ? make(a, NU_SEQUENCE, certs, make_data(a, keys))
	                   : make(a, NU_SEQUENCE, certs);
	if (safes == NULL)
		return NULL;
	return make(a, NU_SEQUENCE, nu_der_make_long(a, PFX_VERSION),
	            make_data(a, safes), make_mac(w, safes));
}

/* Before any work: what goes wrong in the middle may be reported as a later
 * call's error. */
static SECStatus
check_items(const struct nu_p12_item *items, size_t n_items)
{
	PRBool good = n_items > 0;

	for (size_t i = 0; i < n_items && good; i++) {
		const char *name = items[i].friendly_name;
		SECItem text = { siBuffer, (unsigned char *)(uintptr_t)name,
			         name != NULL ? (unsigned)strlen(name) : 0 };

		good = nu_der_is_text(&text);
	}
	if (!good)
		PORT_SetError(SEC_ERROR_INVALID_ARGS);
	return good ? SECSuccess : SECFailure;
}

SECItem *
nu_p12_encode(const struct nu_p12_item *items, size_t n_items,
              const char *password, PRBool compat, void *wincx)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct writer w = { .arena = arena,
		            .profile = compat ? &compatible : &modern,
		            .wincx = wincx,
		            .items = items,
		            .n_items = n_items };
	SECItem *pfx;

	if (arena == NULL || check_items(items, n_items) != SECSuccess ||
	    p12_password_make(arena, password, &w.password) != SECSuccess)
		return NULL;
	pfx = make_pfx(&w);
	return pfx != NULL ? SECITEM_DupItem(pfx) : NULL;
}
