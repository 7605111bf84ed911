/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_challenge.c - challenges to decryption keys, read, written and opened. */

#include "nssutil/nu_challenge.h"

#include <nss.h>
#include <pk11pub.h>
#include <sechash.h>
#include <secerr.h>
#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_envelope.h"

enum {
	MAX_DEPTH = 32,
	MAX_RSA = 2048,     /* octets of a modulus */
	PKCS1_OVERHEAD = 11 /* octets, RFC 8017, 7.2.1 */
};

/* SHA-1 is what lib/crmf takes; here it only has to hide a random number. */
static PRBool
is_owf(SECOidTag tag)
{
	switch (tag) {
	case SEC_OID_SHA1:
	case SEC_OID_SHA224:
	case SEC_OID_SHA256:
	case SEC_OID_SHA384:
	case SEC_OID_SHA512:
		return PR_TRUE;
	default:
		return PR_FALSE;
	}
}

/* GeneralName ::= CHOICE { [0] ... [8] } */
static PRBool
is_general_name(const struct nu_tlv *tlv)
{
	return (tlv->tag & 0xc0) == 0x80 && (tlv->tag & 0x1f) <= 8 &&
	       nu_der_check(&tlv->whole, MAX_DEPTH) == SECSuccess;
}

/* --- reading ----------------------------------------------------------- */

/* AlgorithmIdentifier of a hash: parameters are absent or NULL. */
static SECStatus
read_owf(const struct nu_tlv *algorithm, SECOidTag *ret_owf)
{
	struct nu_der r = nu_der_reader(&algorithm->value);
	struct nu_tlv oid, none;
	SECOidTag tag;
	PRBool found;

	if (nu_der_get(&r, NU_OID, &oid) != SECSuccess ||
	    nu_der_optional(&r, NU_NULL, &found, &none) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return SECFailure;
	if (found && none.value.len != 0)
		return nu_der_bad();
	tag = SECOID_FindOIDTag(&oid.value);
	if (!is_owf(tag)) {
		PORT_SetError(SEC_ERROR_INVALID_ALGORITHM);
		return SECFailure;
	}
	*ret_owf = tag;
	return SECSuccess;
}

/* What lib/crmf puts between witness and challenge. */
static SECStatus
read_netscape(struct nu_der *r, struct nu_challenge *challenge)
{
	struct nu_tlv sender, key;

	if (nu_der_any(r, &sender) != SECSuccess ||
	    nu_der_get(r, NU_OCTET_STRING, &key) != SECSuccess)
		return SECFailure;
	if (!is_general_name(&sender) || key.value.len == 0)
		return nu_der_bad();
	challenge->form = NU_CHALLENGE_NETSCAPE;
	challenge->sender = sender.whole;
	challenge->key = key.value;
	return SECSuccess;
}

/* encryptedRand [0] EXPLICIT EnvelopedData, which comes with an empty
 * challenge. The implicit tag, which CRMF gives it, is taken too: it begins
 * with an INTEGER. */
static SECStatus
read_enveloped(PLArenaPool *arena, const struct nu_tlv *tagged,
               struct nu_challenge *challenge)
{
	struct nu_der r = nu_der_reader(&tagged->value);
	struct nu_tlv data;
	SECItem *implicit;

	if (challenge->form != NU_CHALLENGE_CMP ||
	    challenge->challenge.len != 0 ||
	    nu_der_check(&tagged->whole, MAX_DEPTH) != SECSuccess)
		return nu_der_bad();
	challenge->form = NU_CHALLENGE_ENVELOPED;
	challenge->enveloped = tagged->whole;
	if (nu_der_peek(&r) != NU_SEQUENCE)
		return SECSuccess;
	if (nu_der_get(&r, NU_SEQUENCE, &data) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return SECFailure;
	implicit = nu_der_retag(arena, NU_CONTEXT_CONSTRUCTED(0), &data.whole);
	if (implicit == NULL)
		return SECFailure;
	challenge->enveloped = *implicit;
	return SECSuccess;
}

/* What comes after owf. */
static SECStatus
read_body(struct nu_der *r, PLArenaPool *arena, struct nu_challenge *challenge)
{
	struct nu_tlv witness, encrypted, tagged;
	PRBool found;

	if (nu_der_get(r, NU_OCTET_STRING, &witness) != SECSuccess)
		return SECFailure;
	challenge->form = NU_CHALLENGE_CMP;
	if (nu_der_peek(r) != NU_OCTET_STRING &&
	    read_netscape(r, challenge) != SECSuccess)
		return SECFailure;
	if (nu_der_get(r, NU_OCTET_STRING, &encrypted) != SECSuccess ||
	    nu_der_optional(r, NU_CONTEXT_CONSTRUCTED(0), &found, &tagged) !=
	            SECSuccess)
		return SECFailure;
	challenge->witness = witness.value;
	challenge->challenge = encrypted.value;
	if (found && read_enveloped(arena, &tagged, challenge) != SECSuccess)
		return SECFailure;
	return nu_der_end(r);
}

static SECStatus
read_challenge(struct nu_der *from, PLArenaPool *arena, SECOidTag *owf,
               struct nu_challenge *challenge)
{
	struct nu_tlv tlv, algorithm;
	struct nu_der r;
	PRBool found;

	if (nu_der_get(from, NU_SEQUENCE, &tlv) != SECSuccess)
		return SECFailure;
	r = nu_der_reader(&tlv.value);
	if (nu_der_optional(&r, NU_SEQUENCE, &found, &algorithm) != SECSuccess)
		return SECFailure;
	if (found && read_owf(&algorithm, owf) != SECSuccess)
		return SECFailure;
	if (*owf == SEC_OID_UNKNOWN) /* the first one must have it */
		return nu_der_bad();
	challenge->owf = *owf;
	return read_body(&r, arena, challenge);
}

static SECStatus
read_challenges(const SECItem *der, size_t max, struct nu_challenges *all)
{
	SECOidTag owf = SEC_OID_UNKNOWN;
	struct nu_der r;

	if (nu_der_only(der, NU_SEQUENCE, &r) != SECSuccess ||
	    nu_der_count(&r, max, &all->n) != SECSuccess)
		return SECFailure;
	if (all->n == 0)
		return nu_der_bad();
	all->items = PORT_ArenaZNewArray(all->arena, struct nu_challenge,
	                                 all->n);
	if (all->items == NULL)
		return SECFailure;
	for (size_t i = 0; i < all->n; i++) {
		if (read_challenge(&r, all->arena, &owf,
		                   &all->items[i]) != SECSuccess)
			return SECFailure;
	}
	return SECSuccess;
}

SECStatus
nu_challenges_decode(const SECItem *der, size_t max,
                     struct nu_challenges **ret_challenges)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct nu_challenges *all;

	if (arena == NULL)
		return SECFailure;
	all = PORT_ArenaZNew(arena, struct nu_challenges);
	if (all == NULL)
		return SECFailure;
	all->arena = arena;
	if (read_challenges(der, max, all) != SECSuccess)
		return SECFailure;
	(void)nu_take(arena);
	*ret_challenges = all;
	return SECSuccess;
}

void
nu_challenges_free(struct nu_challenges *challenges)
{
	if (challenges != NULL)
		PORT_FreeArena(challenges->arena, PR_FALSE);
}

/* --- opening ----------------------------------------------------------- */

/* Rand ::= SEQUENCE { int INTEGER, sender GeneralName }, or lib/crmf's hash of
 * the sender in the name's place. */
struct rand {
	SECItem number;       /* octets */
	SECItem number_whole; /* the INTEGER */
	struct nu_tlv sender;
};

static PRBool
read_rand(const SECItem *plain, struct rand *rand)
{
	struct nu_tlv number;
	struct nu_der r, again;

	if (nu_der_only(plain, NU_SEQUENCE, &r) != SECSuccess)
		return PR_FALSE;
	again = r;
	if (nu_der_integer(&r, &rand->number) != SECSuccess ||
	    nu_der_any(&again, &number) != SECSuccess ||
	    nu_der_any(&r, &rand->sender) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return PR_FALSE;
	rand->number_whole = number.whole;
	return PR_TRUE;
}

static PRBool
is_hash_of(const SECItem *hash, SECOidTag owf, const SECItem *data)
{
	unsigned char digest[HASH_LENGTH_MAX];

	return hash->len == HASH_ResultLenByOidTag(owf) &&
	       PK11_HashBuf(owf, digest, data->data, (PRInt32)data->len) ==
	               SECSuccess &&
	       NSS_SecureMemcmp(digest, hash->data, hash->len) == 0;
}

/* The hash of an INTEGER is for lib/crmf that of its octets, for others (Bouncy
 * Castle) that of all its DER; RFC 4210 does not say. */
static PRBool
is_proved(const struct nu_challenge *challenge, const struct rand *rand)
{
	const SECItem *sender = &rand->sender.value;

	if (!is_hash_of(&challenge->witness, challenge->owf, &rand->number) &&
	    !is_hash_of(&challenge->witness, challenge->owf,
	                &rand->number_whole))
		return PR_FALSE;
	if (challenge->form != NU_CHALLENGE_NETSCAPE)
		return is_general_name(&rand->sender);
	return rand->sender.tag == NU_OCTET_STRING &&
	       is_hash_of(sender, challenge->owf, &challenge->sender);
}

/* NULL: key is not the one, or has no RSA. Bad padding is no error of its own:
 * its callers hear of one failure, whatever it was. */
static SECItem *
decrypt(const SECItem *encrypted, SECKEYPrivateKey *key)
{
	nu_auto(SECItem) plain = SECITEM_AllocItem(NULL, NULL, MAX_RSA);
	unsigned len = 0;

	if (plain == NULL || SECKEY_GetPrivateKeyType(key) != rsaKey ||
	    encrypted->len == 0 || encrypted->len > MAX_RSA ||
	    PK11_PrivDecryptPKCS1(key, plain->data, &len, MAX_RSA,
	                          encrypted->data, encrypted->len) !=
	            SECSuccess ||
	    len > MAX_RSA)
		return NULL;
	plain->len = len;
	return nu_take(plain);
}

SECStatus
nu_challenge_open(const struct nu_challenge *challenge, SECKEYPrivateKey *key,
                  void *wincx, SECItem *ret_number)
{
	nu_auto(SECItem) plain = NULL;
	struct rand rand = { 0 };

	PORT_SetError(0);
	plain = challenge->form == NU_CHALLENGE_ENVELOPED
	                ? nu_envelope_open(&challenge->enveloped, key, wincx)
	                : decrypt(&challenge->challenge, key);
	if (plain != NULL && read_rand(plain, &rand) &&
	    is_proved(challenge, &rand))
		return SECITEM_CopyItem(NULL, ret_number, &rand.number);
	if (PORT_GetError() != SEC_ERROR_NO_MEMORY)
		PORT_SetError(SEC_ERROR_BAD_DATA);
	return SECFailure;
}

/* --- writing: NULL is an NSS error ------------------------------------- */

static SECItem *
make_hash(PLArenaPool *arena, SECOidTag owf, const SECItem *data)
{
	unsigned char digest[HASH_LENGTH_MAX];

	if (PK11_HashBuf(owf, digest, data->data, (PRInt32)data->len) !=
	    SECSuccess)
		return NULL;
	return nu_der_make_octets(arena, NU_OCTET_STRING, digest,
	                          HASH_ResultLenByOidTag(owf));
}

static SECItem *
make_owf(PLArenaPool *arena, SECOidTag owf)
{
	SECOidData *known = SECOID_FindOIDByTag(owf);
	SECItem *oid, *none;

	if (known == NULL || !is_owf(owf)) {
		PORT_SetError(SEC_ERROR_INVALID_ALGORITHM);
		return NULL;
	}
	oid = nu_der_make_octets(arena, NU_OID, known->oid.data,
	                         known->oid.len);
	none = nu_der_make_octets(arena, NU_NULL, NULL, 0);
	if (oid == NULL || none == NULL)
		return NULL;
	return nu_der_make(arena, NU_SEQUENCE, oid, none);
}

/* data, encrypted, in an OCTET STRING */
static SECItem *
encrypt(PLArenaPool *arena, SECKEYPublicKey *key, const SECItem *data)
{
	unsigned char buf[MAX_RSA];
	unsigned len = SECKEY_PublicKeyStrength(key);

	if (SECKEY_GetPublicKeyType(key) != rsaKey || len > MAX_RSA) {
		PORT_SetError(SEC_ERROR_INVALID_KEY);
		return NULL;
	}
	if (data->len + PKCS1_OVERHEAD > len) {
		PORT_SetError(SEC_ERROR_OUTPUT_LEN);
		return NULL;
	}
	if (PK11_PubEncryptPKCS1(key, buf, data->data, data->len, NULL) !=
	    SECSuccess)
		return NULL;
	return nu_der_make_octets(arena, NU_OCTET_STRING, buf, len);
}

static SECItem *
make_rand(PLArenaPool *arena, const struct nu_challenge_spec *spec,
          const SECItem *number)
{
	const SECItem *sender = &spec->sender;

	if (spec->form == NU_CHALLENGE_NETSCAPE) {
		sender = make_hash(arena, spec->owf, sender);
		if (sender == NULL)
			return NULL;
	}
	return nu_der_make(arena, NU_SEQUENCE, number, sender);
}

static SECItem *
make_key(PLArenaPool *arena, const SECKEYPublicKey *key)
{
	SECItem n = key->u.rsa.modulus;

	while (n.len > 0 && n.data[0] == 0) {
		n.data++;
		n.len--;
	}
	return nu_der_make_octets(arena, NU_OCTET_STRING, n.data, n.len);
}

/* encryptedRand [0] */
static SECItem *
make_enveloped(PLArenaPool *arena, SECKEYPublicKey *key, const SECItem *rand)
{
	nu_auto(SECItem) sealed =
	        nu_envelope_seal(rand, key, NU_ENVELOPE_CMS, NULL);
	SECItem *data;

	if (sealed == NULL)
		return NULL;
	data = nu_der_retag(arena, NU_SEQUENCE, sealed);
	if (data == NULL)
		return NULL;
	return nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(0), data);
}

static SECItem *
make_body(PLArenaPool *arena, const struct nu_challenge_spec *spec,
          const SECItem *owf, const SECItem *witness, const SECItem *rand)
{
	SECItem *key, *encrypted;

	if (spec->form == NU_CHALLENGE_ENVELOPED) {
		encrypted = nu_der_make_octets(arena, NU_OCTET_STRING, NULL, 0);
		rand = make_enveloped(arena, spec->key, rand);
		if (encrypted == NULL || rand == NULL)
			return NULL;
		return nu_der_make(arena, NU_SEQUENCE, owf, witness, encrypted,
		                   rand);
	}
	encrypted = encrypt(arena, spec->key, rand);
	if (encrypted == NULL)
		return NULL;
	if (spec->form == NU_CHALLENGE_CMP)
		return nu_der_make(arena, NU_SEQUENCE, owf, witness, encrypted);
	key = make_key(arena, spec->key);
	if (key == NULL)
		return NULL;
	return nu_der_make(arena, NU_SEQUENCE, owf, witness, &spec->sender, key,
	                   encrypted);
}

SECItem *
nu_challenge_make(PLArenaPool *arena, const struct nu_challenge_spec *spec)
{
	PRBool netscape = spec->form == NU_CHALLENGE_NETSCAPE;
	SECItem *number = nu_der_make_integer(arena, &spec->number);
	SECItem *owf = make_owf(arena, spec->owf);
	SECItem *rand, *witness;

	if (number == NULL || owf == NULL)
		return NULL;
	rand = make_rand(arena, spec, number);
	witness = make_hash(arena, spec->owf,
	                    netscape ? &spec->number : number);
	if (rand == NULL || witness == NULL)
		return NULL;
	return make_body(arena, spec, spec->omit_owf ? NULL : owf, witness,
	                 rand);
}

SECItem *
nu_challenges_encode(PLArenaPool *arena, const SECItem *const challenges[],
                     size_t n)
{
	return nu_der_wrap(arena, NU_SEQUENCE, challenges, n);
}

/* --- the answers ------------------------------------------------------- */

SECItem *
nu_challenges_encode_response(PLArenaPool *arena, const SECItem numbers[],
                              size_t n)
{
	const SECItem **parts = PORT_ArenaZNewArray(arena, const SECItem *,
	                                            n + 1);

	if (parts == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		parts[i] = nu_der_make_integer(arena, &numbers[i]);
		if (parts[i] == NULL)
			return NULL;
	}
	return nu_der_wrap(arena, NU_SEQUENCE, parts, n);
}

SECStatus
nu_challenges_decode_response(const SECItem *der, SECItem numbers[], size_t n)
{
	struct nu_der r;

	if (nu_der_only(der, NU_SEQUENCE, &r) != SECSuccess)
		return SECFailure;
	for (size_t i = 0; i < n; i++) {
		if (nu_der_integer(&r, &numbers[i]) != SECSuccess)
			return SECFailure;
	}
	return nu_der_end(&r);
}
