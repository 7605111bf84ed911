/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_cert.c - a certificate as slices. */

#include "nssutil/nu_cert.h"

#include <string.h>

#include <secder.h>
#include <secerr.h>
#include <secoid.h>

#include "nssutil/nu_der.h"
#include "nssutil/nu_ext.h"

static SECStatus
read_time(struct nu_der *r, PRTime *ret_time)
{
	struct nu_tlv tlv;
	SECItem item;

	if (nu_der_any(r, &tlv) != SECSuccess)
		return SECFailure;
	item = tlv.value;
	item.type = tlv.tag == 0x18 ? siGeneralizedTime : siUTCTime;
	return DER_DecodeTimeChoice(ret_time, &item);
}

static SECStatus
read_validity(struct nu_der *r, struct nu_cert *cert)
{
	struct nu_tlv validity;
	struct nu_der times;

	if (nu_der_get(r, NU_SEQUENCE, &validity) != SECSuccess)
		return SECFailure;
	times = nu_der_reader(&validity.value);
	if (read_time(&times, &cert->not_before) != SECSuccess ||
	    read_time(&times, &cert->not_after) != SECSuccess)
		return SECFailure;
	return nu_der_end(&times);
}

/* issuerUniqueID [1], subjectUniqueID [2], extensions [3]. */
static SECStatus
read_tail(struct nu_der *r, struct nu_cert *cert)
{
	struct nu_tlv tlv, list;
	struct nu_der inner;
	PRBool found;

	if (nu_der_optional(r, NU_CONTEXT(1), &found, &tlv) != SECSuccess ||
	    nu_der_optional(r, NU_CONTEXT(2), &found, &tlv) != SECSuccess ||
	    nu_der_optional(r, NU_CONTEXT_CONSTRUCTED(3), &found, &tlv) !=
	            SECSuccess)
		return SECFailure;
	if (found) {
		inner = nu_der_reader(&tlv.value);
		if (nu_der_get(&inner, NU_SEQUENCE, &list) != SECSuccess ||
		    nu_der_end(&inner) != SECSuccess)
			return SECFailure;
		cert->extensions = list.value;
	}
	return nu_der_end(r);
}

static SECStatus
read_whole(struct nu_der *r, unsigned char tag, SECItem *ret_whole)
{
	struct nu_tlv tlv;

	if (nu_der_get(r, tag, &tlv) != SECSuccess)
		return SECFailure;
	*ret_whole = tlv.whole;
	return SECSuccess;
}

static SECStatus
read_tbs(struct nu_der *r, struct nu_cert *cert, SECItem *ret_algorithm)
{
	struct nu_tlv version, serial;
	PRBool found;

	if (nu_der_optional(r, NU_CONTEXT_CONSTRUCTED(0), &found, &version) !=
	            SECSuccess ||
	    nu_der_get(r, NU_INTEGER, &serial) != SECSuccess ||
	    read_whole(r, NU_SEQUENCE, ret_algorithm) != SECSuccess ||
	    read_whole(r, NU_SEQUENCE, &cert->issuer) != SECSuccess ||
	    read_validity(r, cert) != SECSuccess ||
	    read_whole(r, NU_SEQUENCE, &cert->subject) != SECSuccess ||
	    read_whole(r, NU_SEQUENCE, &cert->spki) != SECSuccess)
		return SECFailure;
	cert->serial = serial.value; /* old CAs pad it: not strict here */
	return read_tail(r, cert);
}

SECStatus
nu_cert_read(const SECItem *der, struct nu_cert *ret_cert)
{
	struct nu_cert cert;
	struct nu_der outer, inner;
	struct nu_tlv tbs;
	SECItem inside, outside, signature;

	memset(&cert, 0, sizeof cert);
	if (nu_der_only(der, NU_SEQUENCE, &outer) != SECSuccess ||
	    nu_der_get(&outer, NU_SEQUENCE, &tbs) != SECSuccess ||
	    read_whole(&outer, NU_SEQUENCE, &outside) != SECSuccess ||
	    read_whole(&outer, NU_BIT_STRING, &signature) != SECSuccess ||
	    nu_der_end(&outer) != SECSuccess)
		return SECFailure;
	inner = nu_der_reader(&tbs.value);
	if (read_tbs(&inner, &cert, &inside) != SECSuccess)
		return SECFailure;
	cert.one_algorithm = SECITEM_ItemsAreEqual(&inside, &outside);
	*ret_cert = cert;
	return SECSuccess;
}

PRBool
nu_cert_same_serial(const struct nu_cert *a, const struct nu_cert *b)
{
	return SECITEM_ItemsAreEqual(&a->serial, &b->serial) &&
	       SECITEM_ItemsAreEqual(&a->issuer, &b->issuer);
}

PRBool
nu_cert_is_ca(const struct nu_cert *cert)
{
	PRBool is_ca = PR_FALSE;

	if (nu_ext_is_ca(&cert->extensions, &is_ca) != SECSuccess)
		return PR_FALSE;
	return is_ca;
}

static unsigned
bits_of_number(const SECItem *octets)
{
	const unsigned char *p = octets->data;
	unsigned len = octets->len, bits;

	while (len > 0 && *p == 0) {
		p++;
		len--;
	}
	if (len == 0)
		return 0;
	bits = len * 8;
	for (unsigned char top = *p; !(top & 0x80); top <<= 1)
		bits--;
	return bits;
}

static unsigned
bits_of_curve(const SECItem *params)
{
	static const struct {
		SECOidTag curve;
		unsigned bits;
	} curves[] = {
		{ SEC_OID_SECG_EC_SECP256R1, 256 },
		{ SEC_OID_SECG_EC_SECP384R1, 384 },
		{ SEC_OID_SECG_EC_SECP521R1, 521 },
		{ SEC_OID_CURVE25519, 255 },
	};
	SECOidTag tag = SECOID_FindOIDTag(params);

	for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
		if (curves[i].curve == tag)
			return curves[i].bits;
	}
	return 0;
}

/* RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } in the
 * BIT STRING; its first octet counts unused bits. */
static unsigned
bits_of_modulus(const SECItem *bit_string)
{
	SECItem key = *bit_string, modulus;
	struct nu_der r;

	if (key.len < 1)
		return 0;
	key.data++;
	key.len--;
	if (nu_der_only(&key, NU_SEQUENCE, &r) != SECSuccess ||
	    nu_der_integer(&r, &modulus) != SECSuccess)
		return 0;
	return bits_of_number(&modulus);
}

/* Dss-Parms ::= SEQUENCE { p, q, g }, RFC 3279. */
static unsigned
bits_of_prime(struct nu_der *algorithm)
{
	struct nu_tlv params;
	struct nu_der r;
	SECItem p;

	if (nu_der_get(algorithm, NU_SEQUENCE, &params) != SECSuccess)
		return 0;
	r = nu_der_reader(&params.value);
	return nu_der_integer(&r, &p) == SECSuccess ? bits_of_number(&p) : 0;
}

static KeyType
key_of_algorithm(struct nu_der *algorithm, const SECItem *bits,
                 unsigned *ret_bits)
{
	struct nu_tlv oid, curve;

	if (nu_der_get(algorithm, NU_OID, &oid) != SECSuccess)
		return nullKey;
	switch (SECOID_FindOIDTag(&oid.value)) {
	case SEC_OID_PKCS1_RSA_ENCRYPTION:
	case SEC_OID_PKCS1_RSA_PSS_SIGNATURE:
		*ret_bits = bits_of_modulus(bits);
		return rsaKey;
	case SEC_OID_ANSIX962_EC_PUBLIC_KEY:
		if (nu_der_get(algorithm, NU_OID, &curve) != SECSuccess)
			return nullKey;
		*ret_bits = bits_of_curve(&curve.value);
		return ecKey;
	case SEC_OID_ANSIX9_DSA_SIGNATURE:
		*ret_bits = bits_of_prime(algorithm);
		return dsaKey;
	default:
		return nullKey;
	}
}

KeyType
nu_cert_key(const struct nu_cert *cert, unsigned *ret_bits)
{
	struct nu_tlv algorithm, bits;
	struct nu_der spki, inner;

	*ret_bits = 0;
	if (nu_der_only(&cert->spki, NU_SEQUENCE, &spki) != SECSuccess ||
	    nu_der_get(&spki, NU_SEQUENCE, &algorithm) != SECSuccess ||
	    nu_der_get(&spki, NU_BIT_STRING, &bits) != SECSuccess)
		return nullKey;
	inner = nu_der_reader(&algorithm.value);
	return key_of_algorithm(&inner, &bits.value, ret_bits);
}

static SECItem
extension_part(const struct nu_cert *cert, SECOidTag oid,
               unsigned char outer_tag, unsigned char tag)
{
	SECItem none = { siBuffer, NULL, 0 }, value;
	struct nu_tlv tlv;
	struct nu_der r;
	PRBool found;

	if (nu_ext_find(&cert->extensions, oid, &found, &value) != SECSuccess ||
	    !found)
		return none;
	if (outer_tag != 0) {
		if (nu_der_only(&value, outer_tag, &r) != SECSuccess)
			return none;
	} else {
		r = nu_der_reader(&value);
	}
	if (nu_der_optional(&r, tag, &found, &tlv) != SECSuccess || !found)
		return none;
	return tlv.value;
}

SECItem
nu_cert_subject_key_id(const struct nu_cert *cert)
{
	return extension_part(cert, SEC_OID_X509_SUBJECT_KEY_ID, 0,
	                      NU_OCTET_STRING);
}

SECItem
nu_cert_authority_key_id(const struct nu_cert *cert)
{
	return extension_part(cert, SEC_OID_X509_AUTH_KEY_ID, NU_SEQUENCE,
	                      NU_CONTEXT(0));
}
