/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_envelope_alg.c - envelopes: their algorithms, as tables. */

#include "nssutil/nu_envelope_int.h"

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

const struct envelope_cipher envelope_aes256 = { SEC_OID_AES_256_CBC,
	                                         CKM_AES_CBC_PAD, 32, 16 };

static const struct envelope_cipher other_ciphers[] = {
	{ SEC_OID_AES_192_CBC, CKM_AES_CBC_PAD, 24, 16 },
	{ SEC_OID_AES_128_CBC, CKM_AES_CBC_PAD, 16, 16 },
	{ SEC_OID_DES_EDE3_CBC, CKM_DES3_CBC_PAD, 24, 8 },
};

/* dhSinglePass-stdDH-*kdf-scheme (RFC 5753, 7.1.4), which NSS has no tags
 * for. Ours comes first. */
static const struct {
	unsigned char oid[9];
	unsigned char oid_len;
	CK_ULONG kdf;
} agreements[] = {
	{ { 0x2b, 0x81, 0x04, 0x01, 0x0b, 0x01 }, 6, CKD_SHA256_KDF },
	{ { 0x2b, 0x81, 0x05, 0x10, 0x86, 0x48, 0x3f, 0x00, 0x02 }, 9,
	  CKD_SHA1_KDF },
	{ { 0x2b, 0x81, 0x04, 0x01, 0x0b, 0x00 }, 6, CKD_SHA224_KDF },
	{ { 0x2b, 0x81, 0x04, 0x01, 0x0b, 0x02 }, 6, CKD_SHA384_KDF },
	{ { 0x2b, 0x81, 0x04, 0x01, 0x0b, 0x03 }, 6, CKD_SHA512_KDF },
};

static const struct {
	SECOidTag oid;
	unsigned key_len;
} key_wraps[] = {
	{ SEC_OID_AES_256_KEY_WRAP, 32 },
	{ SEC_OID_AES_192_KEY_WRAP, 24 },
	{ SEC_OID_AES_128_KEY_WRAP, 16 },
};

/* A hash of OAEP, and the mask made with it. */
static const struct {
	SECOidTag oid;
	CK_MECHANISM_TYPE mechanism;
	CK_RSA_PKCS_MGF_TYPE mgf;
} hashes[] = {
	{ SEC_OID_SHA1, CKM_SHA_1, CKG_MGF1_SHA1 },
	{ SEC_OID_SHA224, CKM_SHA224, CKG_MGF1_SHA224 },
	{ SEC_OID_SHA256, CKM_SHA256, CKG_MGF1_SHA256 },
	{ SEC_OID_SHA384, CKM_SHA384, CKG_MGF1_SHA384 },
	{ SEC_OID_SHA512, CKM_SHA512, CKG_MGF1_SHA512 },
};

static const struct {
	unsigned char oid[11];
	unsigned char oid_len;
} content_types[] = {
	[ENVELOPE_BARE] = { /* id-data */
		{ 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01 }, 9 },
	[ENVELOPE_KEY_WITH_ID] = { /* id-ct-encKeyWithID */
		{ 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01,
		  0x15 }, 11 },
	[ENVELOPE_KEY_PACKAGE] = { /* id-ct-KP-aKeyPackage */
		{ 0x60, 0x86, 0x48, 0x01, 0x65, 0x02, 0x01, 0x02, 0x4e, 0x05 },
		10 },
};

static SECStatus
unknown_algorithm(void)
{
	PORT_SetError(SEC_ERROR_INVALID_ALGORITHM);
	return SECFailure;
}

/* --- reading ---------------------------------------------------------- */

SECStatus
envelope_read_content_type(const SECItem *oid,
                           enum envelope_content *ret_content)
{
	for (size_t i = 0; i < COUNT(content_types); i++) {
		if (oid->len == content_types[i].oid_len &&
		    memcmp(oid->data, content_types[i].oid, oid->len) == 0) {
			*ret_content = (enum envelope_content)i;
			return SECSuccess;
		}
	}
	return unknown_algorithm();
}

/* Contents of an AlgorithmIdentifier: its OID, and what follows it. */
static SECStatus
read_algorithm(const SECItem *contents, SECItem *ret_oid,
               struct nu_der *ret_params)
{
	struct nu_der r = nu_der_reader(contents);
	struct nu_tlv oid;

	if (nu_der_get(&r, NU_OID, &oid) != SECSuccess)
		return SECFailure;
	*ret_oid = oid.value;
	*ret_params = r;
	return SECSuccess;
}

/* Parameters that are NULL or absent. */
static SECStatus
read_no_params(struct nu_der *params)
{
	struct nu_tlv null;
	PRBool found;

	if (nu_der_optional(params, NU_NULL, &found, &null) != SECSuccess)
		return SECFailure;
	return nu_der_end(params);
}

static const struct envelope_cipher *
find_cipher(SECOidTag oid)
{
	if (oid == envelope_aes256.oid)
		return &envelope_aes256;
	for (size_t i = 0; i < COUNT(other_ciphers); i++) {
		if (other_ciphers[i].oid == oid)
			return &other_ciphers[i];
	}
	return NULL;
}

SECStatus
envelope_read_cipher(const SECItem *contents,
                     const struct envelope_cipher **ret_cipher, SECItem *ret_iv)
{
	const struct envelope_cipher *cipher;
	struct nu_der params;
	struct nu_tlv iv;
	SECItem oid;

	if (read_algorithm(contents, &oid, &params) != SECSuccess)
		return SECFailure;
	cipher = find_cipher(SECOID_FindOIDTag(&oid));
	if (cipher == NULL)
		return unknown_algorithm();
	if (nu_der_get(&params, NU_OCTET_STRING, &iv) != SECSuccess ||
	    nu_der_end(&params) != SECSuccess)
		return SECFailure;
	if (iv.value.len != cipher->iv_len)
		return nu_der_bad();
	*ret_cipher = cipher;
	*ret_iv = iv.value;
	return SECSuccess;
}

/* [n] EXPLICIT AlgorithmIdentifier, if it is next: its contents. */
static SECStatus
read_tagged_algorithm(struct nu_der *r, unsigned char tag, PRBool *ret_found,
                      SECItem *ret_oid, struct nu_der *ret_params)
{
	struct nu_tlv outer, inner;
	struct nu_der r_inner;

	if (nu_der_optional(r, tag, ret_found, &outer) != SECSuccess)
		return SECFailure;
	if (!*ret_found)
		return SECSuccess;
	r_inner = nu_der_reader(&outer.value);
	if (nu_der_get(&r_inner, NU_SEQUENCE, &inner) != SECSuccess ||
	    nu_der_end(&r_inner) != SECSuccess)
		return SECFailure;
	return read_algorithm(&inner.value, ret_oid, ret_params);
}

static SECStatus
find_hash(const SECItem *oid, struct nu_der *params, size_t *ret_i)
{
	SECOidTag tag = SECOID_FindOIDTag(oid);

	for (size_t i = 0; i < COUNT(hashes); i++) {
		if (hashes[i].oid == tag) {
			*ret_i = i;
			return read_no_params(params);
		}
	}
	return unknown_algorithm();
}

/* hashAlgorithm [0], SHA-1 when absent. */
static SECStatus
read_oaep_hash(struct nu_der *r, CK_RSA_PKCS_OAEP_PARAMS *oaep)
{
	struct nu_der params;
	SECItem oid;
	PRBool found;
	size_t i = 0;

	if (read_tagged_algorithm(r, NU_CONTEXT_CONSTRUCTED(0), &found, &oid,
	                          &params) != SECSuccess ||
	    (found && find_hash(&oid, &params, &i) != SECSuccess))
		return SECFailure;
	oaep->hashAlg = hashes[i].mechanism;
	return SECSuccess;
}

/* maskGenAlgorithm [1], MGF1 with SHA-1 when absent. */
static SECStatus
read_oaep_mask(struct nu_der *r, CK_RSA_PKCS_OAEP_PARAMS *oaep)
{
	struct nu_der params, hash_params;
	struct nu_tlv hash;
	SECItem oid, hash_oid;
	PRBool found;
	size_t i = 0;

	if (read_tagged_algorithm(r, NU_CONTEXT_CONSTRUCTED(1), &found, &oid,
	                          &params) != SECSuccess)
		return SECFailure;
	if (found) {
		if (SECOID_FindOIDTag(&oid) != SEC_OID_PKCS1_MGF1)
			return unknown_algorithm();
		if (nu_der_get(&params, NU_SEQUENCE, &hash) != SECSuccess ||
		    nu_der_end(&params) != SECSuccess ||
		    read_algorithm(&hash.value, &hash_oid, &hash_params) !=
		            SECSuccess ||
		    find_hash(&hash_oid, &hash_params, &i) != SECSuccess)
			return SECFailure;
	}
	oaep->mgf = hashes[i].mgf;
	return SECSuccess;
}

/* pSourceAlgorithm [2], an empty label when absent. */
static SECStatus
read_oaep_label(struct nu_der *r, CK_RSA_PKCS_OAEP_PARAMS *oaep)
{
	struct nu_der params;
	struct nu_tlv label;
	SECItem oid;
	PRBool found;

	oaep->source = CKZ_DATA_SPECIFIED;
	if (read_tagged_algorithm(r, NU_CONTEXT_CONSTRUCTED(2), &found, &oid,
	                          &params) != SECSuccess)
		return SECFailure;
	if (!found)
		return SECSuccess;
	if (SECOID_FindOIDTag(&oid) != SEC_OID_PKCS1_PSPECIFIED)
		return unknown_algorithm();
	if (nu_der_get(&params, NU_OCTET_STRING, &label) != SECSuccess)
		return SECFailure;
	if (label.value.len > 0) {
		oaep->pSourceData = label.value.data;
		oaep->ulSourceDataLen = label.value.len;
	}
	return nu_der_end(&params);
}

/* RSAES-OAEP-params (RFC 8017, A.2.1). */
static SECStatus
read_oaep(struct nu_der *params, CK_RSA_PKCS_OAEP_PARAMS *oaep)
{
	struct nu_tlv tlv;
	struct nu_der r;

	if (nu_der_get(params, NU_SEQUENCE, &tlv) != SECSuccess ||
	    nu_der_end(params) != SECSuccess)
		return SECFailure;
	r = nu_der_reader(&tlv.value);
	if (read_oaep_hash(&r, oaep) != SECSuccess ||
	    read_oaep_mask(&r, oaep) != SECSuccess ||
	    read_oaep_label(&r, oaep) != SECSuccess)
		return SECFailure;
	return nu_der_end(&r);
}

SECStatus
envelope_read_transport(const SECItem *contents,
                        struct envelope_transport *ret_transport)
{
	struct nu_der params;
	SECItem oid;

	if (read_algorithm(contents, &oid, &params) != SECSuccess)
		return SECFailure;
	switch (SECOID_FindOIDTag(&oid)) {
	case SEC_OID_PKCS1_RSA_ENCRYPTION:
		ret_transport->mechanism = CKM_RSA_PKCS;
		return read_no_params(&params);
	case SEC_OID_PKCS1_RSA_OAEP_ENCRYPTION:
		ret_transport->mechanism = CKM_RSA_PKCS_OAEP;
		return read_oaep(&params, &ret_transport->oaep);
	default:
		return unknown_algorithm();
	}
}

/* The parameters of a key agreement: which AES key wrap? */
static SECStatus
read_key_wrap(struct nu_der *params, struct envelope_agreement *agreement)
{
	struct nu_tlv wrap;
	struct nu_der wrap_params;
	SECItem oid;
	SECOidTag tag;

	if (nu_der_get(params, NU_SEQUENCE, &wrap) != SECSuccess ||
	    nu_der_end(params) != SECSuccess ||
	    read_algorithm(&wrap.value, &oid, &wrap_params) != SECSuccess)
		return SECFailure;
	tag = SECOID_FindOIDTag(&oid);
	for (size_t i = 0; i < COUNT(key_wraps); i++) {
		if (key_wraps[i].oid != tag)
			continue;
		agreement->kek_len = key_wraps[i].key_len;
		agreement->wrap = wrap.whole;
		return read_no_params(&wrap_params);
	}
	return unknown_algorithm();
}

SECStatus
envelope_read_agreement(const SECItem *contents,
                        struct envelope_agreement *ret_agreement)
{
	struct nu_der params;
	SECItem oid;

	if (read_algorithm(contents, &oid, &params) != SECSuccess)
		return SECFailure;
	for (size_t i = 0; i < COUNT(agreements); i++) {
		if (oid.len != agreements[i].oid_len ||
		    memcmp(oid.data, agreements[i].oid, oid.len) != 0)
			continue;
		ret_agreement->kdf = agreements[i].kdf;
		return read_key_wrap(&params, ret_agreement);
	}
	return unknown_algorithm();
}

/* --- writing ---------------------------------------------------------- */

SECItem *
envelope_make_oid(PLArenaPool *arena, SECOidTag tag)
{
	SECOidData *known = SECOID_FindOIDByTag(tag);

	if (known == NULL)
		return NULL;
	return nu_der_make_octets(arena, NU_OID, known->oid.data,
	                          known->oid.len);
}

SECItem *
envelope_make_content_type(PLArenaPool *arena, enum envelope_content content)
{
	return nu_der_make_octets(arena, NU_OID, content_types[content].oid,
	                          content_types[content].oid_len);
}

SECItem *
envelope_make_cipher(PLArenaPool *arena, const struct envelope_cipher *cipher,
                     const SECItem *iv)
{
	SECItem *oid = envelope_make_oid(arena, cipher->oid);
	SECItem *octets =
	        nu_der_make_octets(arena, NU_OCTET_STRING, iv->data, iv->len);

	if (oid == NULL || octets == NULL)
		return NULL;
	return nu_der_make(arena, NU_SEQUENCE, oid, octets);
}

SECItem *
envelope_make_rsa(PLArenaPool *arena)
{
	SECItem *oid = envelope_make_oid(arena, SEC_OID_PKCS1_RSA_ENCRYPTION);
	SECItem *null = nu_der_make_octets(arena, NU_NULL, NULL, 0);

	if (oid == NULL || null == NULL)
		return NULL;
	return nu_der_make(arena, NU_SEQUENCE, oid, null);
}

SECItem *
envelope_make_agreement(PLArenaPool *arena,
                        struct envelope_agreement *ret_agreement)
{
	SECItem *scheme = nu_der_make_octets(arena, NU_OID, agreements[0].oid,
	                                     agreements[0].oid_len);
	SECItem *wrap_oid = envelope_make_oid(arena, key_wraps[0].oid), *wrap;

	if (scheme == NULL || wrap_oid == NULL)
		return NULL;
	wrap = nu_der_make(arena, NU_SEQUENCE, wrap_oid);
	if (wrap == NULL)
		return NULL;
	ret_agreement->kdf = agreements[0].kdf;
	ret_agreement->kek_len = key_wraps[0].key_len;
	ret_agreement->wrap = *wrap;
	return nu_der_make(arena, NU_SEQUENCE, scheme, wrap);
}

SECItem *
envelope_make_shared_info(PLArenaPool *arena,
                          const struct envelope_agreement *agreement,
                          const SECItem *ukm)
{
	const unsigned char bits[4] = {
		0, 0, (unsigned char)(agreement->kek_len * 8 >> 8),
		(unsigned char)(agreement->kek_len * 8)
	};
	SECItem *size = nu_der_make_octets(arena, NU_OCTET_STRING, bits,
	                                   sizeof bits);
	SECItem *supp = nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(2), size);
	SECItem *octets, *entity = NULL;

	if (size == NULL || supp == NULL)
		return NULL;
	if (ukm->data != NULL) {
		octets = nu_der_make_octets(arena, NU_OCTET_STRING, ukm->data,
		                            ukm->len);
		if (octets == NULL)
			return NULL;
		entity = nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(0), octets);
		if (entity == NULL)
			return NULL;
	}
	return nu_der_make(arena, NU_SEQUENCE, &agreement->wrap, entity, supp);
}
