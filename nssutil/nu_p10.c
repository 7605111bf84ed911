/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_p10.c - PKCS#10 requests, written, signed, read and verified. */

#include "nssutil/nu_p10.h"

#include <secerr.h>
#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_ext.h"
#include "nssutil/nu_key.h"

enum { MAX_DEPTH = 32, VERSION_1 = 0 };

/* --- writing: NULL is an NSS error ------------------------------------- */

/* Attribute extensionRequest: SEQUENCE { OID, SET { Extensions } }. */
static SECItem *
write_extension_request(PLArenaPool *arena,
                        const struct nu_cert_template *template)
{
	SECOidData *known =
	        SECOID_FindOIDByTag(SEC_OID_PKCS9_EXTENSION_REQUEST);
	SECItem *id, *list, *set;

	if (known == NULL)
		return NULL;
	id = nu_der_make_octets(arena, NU_OID, known->oid.data, known->oid.len);
	list = nu_ext_make_requested(arena, NU_SEQUENCE, template->key_usage,
	                             template->is_ca);
	if (id == NULL || list == NULL)
		return NULL;
	set = nu_der_make(arena, NU_SET, list);
	if (set == NULL)
		return NULL;
	return nu_der_make(arena, NU_SEQUENCE, id, set);
}

/* CertificationRequestInfo */
static SECItem *
write_info(PLArenaPool *arena, const struct nu_cert_template *template)
{
	SECItem *version = nu_der_make_long(arena, VERSION_1);
	SECItem *request = NULL, *attributes;

	if (version == NULL)
		return NULL;
	if (template->key_usage != 0 || template->is_ca) {
		request = write_extension_request(arena, template);
		if (request == NULL)
			return NULL;
	}
	attributes = nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(0), request);
	if (attributes == NULL)
		return NULL;
	return nu_der_make(arena, NU_SEQUENCE, version, &template->subject,
	                   &template->spki, attributes);
}

SECItem *
nu_p10_encode(const struct nu_cert_template *template, SECKEYPrivateKey *key)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	SECItem *info, *algorithm, *bits, *request, signature;

	if (arena == NULL)
		return NULL;
	if (template->subject.len == 0 || template->spki.len == 0) {
		PORT_SetError(SEC_ERROR_INVALID_ARGS);
		return NULL;
	}
	info = write_info(arena, template);
	if (info == NULL ||
	    nu_key_sign(arena, key, info, &algorithm, &signature) != SECSuccess)
		return NULL;
	bits = nu_der_make_bits(arena, &signature);
	if (bits == NULL)
		return NULL;
	request = nu_der_make(arena, NU_SEQUENCE, info, algorithm, bits);
	return request != NULL ? SECITEM_DupItem(request) : NULL;
}

/* --- reading ----------------------------------------------------------- */

/* Attribute ::= SEQUENCE { OID, SET OF value }; an extensionRequest, of which
 * there is at most one, has exactly one value. */
static SECStatus
read_attribute(struct nu_der *from, struct nu_p10 *p10)
{
	struct nu_tlv tlv, id, values, list;
	struct nu_der r;
	SECOidTag tag;

	if (nu_der_get(from, NU_SEQUENCE, &tlv) != SECSuccess)
		return SECFailure;
	r = nu_der_reader(&tlv.value);
	if (nu_der_get(&r, NU_OID, &id) != SECSuccess ||
	    nu_der_get(&r, NU_SET, &values) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return SECFailure;
	tag = SECOID_FindOIDTag(&id.value);
	if (tag == SEC_OID_PKCS9_CHALLENGE_PASSWORD)
		p10->has_password = PR_TRUE;
	if (tag != SEC_OID_PKCS9_EXTENSION_REQUEST)
		return SECSuccess;
	if (p10->extensions.data != NULL)
		return nu_der_bad();
	r = nu_der_reader(&values.value);
	if (nu_der_get(&r, NU_SEQUENCE, &list) != SECSuccess)
		return SECFailure;
	p10->extensions = list.value;
	return nu_der_end(&r);
}

/* [0] attributes. Required, but some leave it out when there are none. */
static SECStatus
read_attributes(struct nu_der *from, struct nu_p10 *p10)
{
	struct nu_tlv tlv;
	struct nu_der r;
	PRBool found;

	if (nu_der_optional(from, NU_CONTEXT_CONSTRUCTED(0), &found, &tlv) !=
	    SECSuccess)
		return SECFailure;
	if (!found)
		return SECSuccess;
	r = nu_der_reader(&tlv.value);
	while (!nu_der_at_end(&r)) {
		if (read_attribute(&r, p10) != SECSuccess)
			return SECFailure;
	}
	return SECSuccess;
}

static SECStatus
check_spki(const SECItem *spki)
{
	struct nu_tlv algorithm;
	struct nu_der r;
	SECItem bits;

	if (nu_der_only(spki, NU_SEQUENCE, &r) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &algorithm) != SECSuccess ||
	    nu_der_bits(&r, &bits) != SECSuccess)
		return SECFailure;
	return nu_der_end(&r);
}

static SECStatus
read_info(struct nu_der r, struct nu_p10 *p10)
{
	struct nu_tlv subject, spki;
	SECItem version;
	long number;

	if (nu_der_integer(&r, &version) != SECSuccess ||
	    nu_der_to_long(&version, &number) != SECSuccess)
		return SECFailure;
	if (number != VERSION_1)
		return nu_der_bad();
	if (nu_der_get(&r, NU_SEQUENCE, &subject) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &spki) != SECSuccess ||
	    check_spki(&spki.whole) != SECSuccess ||
	    read_attributes(&r, p10) != SECSuccess)
		return SECFailure;
	p10->subject = subject.whole;
	p10->spki = spki.whole;
	return nu_der_end(&r);
}

SECStatus
nu_p10_decode(const SECItem *der, struct nu_p10 *ret_p10)
{
	struct nu_p10 p10 = { 0 };
	struct nu_tlv info, algorithm;
	struct nu_der r;

	if (nu_der_check(der, MAX_DEPTH) != SECSuccess ||
	    nu_der_only(der, NU_SEQUENCE, &r) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &info) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &algorithm) != SECSuccess ||
	    nu_der_bits(&r, &p10.signature) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess ||
	    read_info(nu_der_reader(&info.value), &p10) != SECSuccess)
		return SECFailure;
	p10.info = info.whole;
	p10.algorithm = algorithm.whole;
	*ret_p10 = p10;
	return SECSuccess;
}

SECStatus
nu_p10_verify(const struct nu_p10 *p10)
{
	return nu_key_verify(&p10->spki, &p10->info, &p10->algorithm,
	                     &p10->signature);
}
