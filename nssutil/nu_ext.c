/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_ext.c - X.509 extensions, made and found. */

#include "nssutil/nu_ext.h"

#include <secerr.h>
#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"

static const unsigned char true_octet = 0xff;

SECItem *
nu_ext_make(PLArenaPool *arena, SECOidTag oid, PRBool critical,
            const SECItem *value)
{
	SECOidData *known = SECOID_FindOIDByTag(oid);
	SECItem *id, *octets, *flag = NULL;

	if (known == NULL)
		return NULL;
	id = nu_der_make_octets(arena, NU_OID, known->oid.data, known->oid.len);
	octets = nu_der_make_octets(arena, NU_OCTET_STRING, value->data,
	                            value->len);
	if (id == NULL || octets == NULL)
		return NULL;
	if (critical) {
		flag = nu_der_make_octets(arena, NU_BOOLEAN, &true_octet, 1);
		if (flag == NULL)
			return NULL;
	}
	return nu_der_make(arena, NU_SEQUENCE, id, flag, octets);
}

SECItem *
nu_ext_make_key_usage(PLArenaPool *arena, unsigned key_usage)
{
	unsigned long bits = 0;
	unsigned i;
	SECItem *value;

	for (i = 0; i < 8; i++) { /* KU_... has bit 0 in its highest place */
		if (key_usage & (0x80u >> i))
			bits |= 1ul << i;
	}
	value = nu_der_make_named_bits(arena, bits);
	if (value == NULL)
		return NULL;
	return nu_ext_make(arena, SEC_OID_X509_KEY_USAGE, PR_TRUE, value);
}

SECItem *
nu_ext_make_basic_constraints(PLArenaPool *arena, PRBool is_ca, long path_len)
{
	SECItem *flag = NULL, *len = NULL, *value;

	if (is_ca) {
		flag = nu_der_make_octets(arena, NU_BOOLEAN, &true_octet, 1);
		if (flag == NULL)
			return NULL;
	}
	if (is_ca && path_len >= 0) {
		len = nu_der_make_long(arena, path_len);
		if (len == NULL)
			return NULL;
	}
	value = nu_der_make(arena, NU_SEQUENCE, flag, len);
	if (value == NULL)
		return NULL;
	return nu_ext_make(arena, SEC_OID_X509_BASIC_CONSTRAINTS, PR_TRUE,
	                   value);
}

SECItem *
nu_ext_make_requested(PLArenaPool *arena, unsigned char tag, unsigned key_usage,
                      PRBool is_ca)
{
	SECItem *usage = NULL, *basic = NULL;

	if (key_usage != 0) {
		usage = nu_ext_make_key_usage(arena, key_usage);
		if (usage == NULL)
			return NULL;
	}
	if (is_ca) {
		basic = nu_ext_make_basic_constraints(arena, PR_TRUE, -1);
		if (basic == NULL)
			return NULL;
	}
	return nu_der_make(arena, tag, usage, basic);
}

/* BOOLEAN DEFAULT FALSE. DER leaves the default out; certificates in use that
 * do not are old and many. */
static SECStatus
read_flag(struct nu_der *r, PRBool *ret_flag)
{
	struct nu_tlv tlv;
	PRBool found;

	if (nu_der_optional(r, NU_BOOLEAN, &found, &tlv) != SECSuccess)
		return SECFailure;
	if (found && (tlv.value.len != 1 || (tlv.value.data[0] != true_octet &&
	                                     tlv.value.data[0] != 0)))
		return nu_der_bad();
	*ret_flag = found && tlv.value.data[0] == true_octet;
	return SECSuccess;
}

static SECStatus
read_extension(struct nu_der *from, SECItem *ret_oid, SECItem *ret_value)
{
	struct nu_tlv tlv, id, value;
	struct nu_der r;
	PRBool critical;

	if (nu_der_get(from, NU_SEQUENCE, &tlv) != SECSuccess)
		return SECFailure;
	r = nu_der_reader(&tlv.value);
	if (nu_der_get(&r, NU_OID, &id) != SECSuccess ||
	    read_flag(&r, &critical) != SECSuccess ||
	    nu_der_get(&r, NU_OCTET_STRING, &value) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return SECFailure;
	*ret_oid = id.value;
	*ret_value = value.value;
	return SECSuccess;
}

SECStatus
nu_ext_find(const SECItem *extensions, SECOidTag oid, PRBool *ret_found,
            SECItem *ret_value)
{
	struct nu_der r = nu_der_reader(extensions);
	SECItem id, value, match = { siBuffer, NULL, 0 };
	PRBool found = PR_FALSE;

	while (!nu_der_at_end(&r)) {
		if (read_extension(&r, &id, &value) != SECSuccess)
			return SECFailure;
		if (SECOID_FindOIDTag(&id) != oid)
			continue;
		if (found)
			return nu_der_bad();
		found = PR_TRUE;
		match = value;
	}
	if (found)
		*ret_value = match;
	*ret_found = found;
	return SECSuccess;
}

SECStatus
nu_ext_key_usage(const SECItem *extensions, unsigned *ret_usage)
{
	unsigned usage = 0, i;
	unsigned long bits;
	struct nu_der r;
	SECItem value;
	PRBool found;

	if (nu_ext_find(extensions, SEC_OID_X509_KEY_USAGE, &found, &value) !=
	    SECSuccess)
		return SECFailure;
	if (found) {
		r = nu_der_reader(&value);
		if (nu_der_named_bits(&r, &bits) != SECSuccess ||
		    nu_der_end(&r) != SECSuccess)
			return SECFailure;
		for (i = 0; i < 8; i++)
			usage |= bits >> i & 1 ? 0x80u >> i : 0;
	}
	*ret_usage = usage;
	return SECSuccess;
}

/* BasicConstraints */
static SECStatus
read_basic_constraints(const SECItem *value, PRBool *ret_is_ca)
{
	struct nu_der r;
	SECItem path_len;
	PRBool is_ca;

	if (nu_der_only(value, NU_SEQUENCE, &r) != SECSuccess ||
	    read_flag(&r, &is_ca) != SECSuccess)
		return SECFailure;
	if (nu_der_peek(&r) == NU_INTEGER &&
	    nu_der_integer(&r, &path_len) != SECSuccess)
		return SECFailure;
	if (nu_der_end(&r) != SECSuccess)
		return SECFailure;
	*ret_is_ca = is_ca;
	return SECSuccess;
}

SECStatus
nu_ext_is_ca(const SECItem *extensions, PRBool *ret_is_ca)
{
	PRBool found, is_ca = PR_FALSE;
	SECItem value;

	if (nu_ext_find(extensions, SEC_OID_X509_BASIC_CONSTRAINTS, &found,
	                &value) != SECSuccess)
		return SECFailure;
	if (found && read_basic_constraints(&value, &is_ca) != SECSuccess)
		return SECFailure;
	*ret_is_ca = is_ca;
	return SECSuccess;
}
