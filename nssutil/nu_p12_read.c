/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_p12_read.c - PKCS#12: a file taken apart, to nothing but memory.
 *
 * Old NSS, Java and Windows write BER, so NSS's streaming decoder reads the
 * structure. NSS's PKCS#12 importer is not used: it writes while it reads,
 * and calls a damaged file a wrong password. */

#include "nssutil/nu_p12_int.h"

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_err.h"

enum {
	MAX_OBJECTS = 2000, /* certificates, keys and safes, each */
	MAX_DEPTH = 8       /* of SafeContents in SafeContents */
};

/* --- verdicts ---------------------------------------------------------- */

SECStatus
p12_fail(struct nu_p12 *p12, enum nu_p12_verdict verdict, const char *why)
{
	p12->verdict = verdict;
	p12->why = why;
	return SECFailure;
}

/* For NSS's failures: what it could not read is damaged, unless it is only
 * short of memory. */
SECStatus
p12_fail_nss(struct nu_p12 *p12, enum nu_p12_verdict verdict, const char *why)
{
	if (nu_err_is_trouble(PORT_GetError()))
		return p12_fail(p12, NU_P12_FAILED, "could not be read");
	return p12_fail(p12, verdict, why);
}

SECStatus
p12_damaged(struct nu_p12 *p12)
{
	return p12_fail_nss(p12, NU_P12_DAMAGED, "is cut or damaged");
}

SECStatus
p12_decode(struct nu_p12 *p12, const SEC_ASN1Template *template,
           const SECItem *encoded, void *ret_value)
{
	PORT_SetError(SEC_ERROR_BAD_DER);
	if (encoded->len == 0)
		return SECFailure;
	return SEC_ASN1DecodeItem(p12->arena, ret_value, template, encoded);
}

SECStatus
p12_check_kdf(struct nu_p12 *p12, enum p12_kdf kdf)
{
	switch (kdf) {
	case P12_KDF_GOOD:
		return SECSuccess;
	case P12_KDF_UNKNOWN:
		return p12_fail_nss(
			p12, NU_P12_UNSUPPORTED,
			"is encrypted in a way this NSS cannot read");
	case P12_KDF_TOO_SLOW:
		return p12_fail(p12, NU_P12_UNSUPPORTED,
		                "asks for more than 10,000,000 iterations");
	case P12_KDF_MALFORMED:
		break;
	}
	return p12_damaged(p12);
}

/* Many parts can add up to hours, too. */
SECStatus
p12_spend(struct nu_p12 *p12, long iterations)
{
	p12->iterations += iterations;
	if (p12->iterations > P12_MAX_TOTAL_ITERATIONS)
		return p12_fail(
			p12, NU_P12_UNSUPPORTED,
			"asks for more than 100,000,000 iterations in all");
	return SECSuccess;
}

SECStatus
p12_spend_on(struct nu_p12 *p12, SECAlgorithmID *algorithm)
{
	long iterations = 0;

	if (p12_check_kdf(p12, p12_pbe_check(algorithm, &iterations)) !=
	    SECSuccess)
		return SECFailure;
	return p12_spend(p12, iterations);
}

/* --- lists ------------------------------------------------------------- */

/* A zeroed new item; it moves when the next one is added. */
static void *
add(struct nu_p12 *p12, struct p12_list *list)
{
	char *items = list->items, *item;

	if (list->n == MAX_OBJECTS) {
		p12_fail(p12, NU_P12_UNSUPPORTED, "holds too many objects");
		return NULL;
	}
	if ((list->n & (list->n - 1)) == 0) { /* full at each power of two */
		size_t room = list->n > 0 ? 2 * list->n : 1;

		items = realloc(items, room * list->item_size);
		if (items == NULL) {
			PORT_SetError(SEC_ERROR_NO_MEMORY);
			p12_fail(p12, NU_P12_FAILED, "could not be read");
			return NULL;
		}
		list->items = items;
	}
	item = items + list->n++ * list->item_size;
	memset(item, 0, list->item_size);
	return item;
}

struct p12_key *
p12_keys(const struct nu_p12 *p12)
{
	return p12->keys.items;
}

struct p12_cert *
p12_certs(const struct nu_p12 *p12)
{
	return p12->certs.items;
}

/* --- bags -------------------------------------------------------------- */

static const SECItem *
find_attribute(const struct p12_bag *bag, SECOidTag type)
{
	for (struct p12_attribute **a = bag->attributes;
	     a != NULL && *a != NULL; a++) {
		if (SECOID_FindOIDTag(&(*a)->type) == type &&
		    (*a)->values != NULL && (*a)->values[0] != NULL)
			return (*a)->values[0];
	}
	return NULL;
}

/* Both attributes are a help only: one that does not parse is not there. */
static SECStatus
missing(struct nu_p12 *p12)
{
	return PORT_GetError() == SEC_ERROR_NO_MEMORY ? p12_damaged(p12)
	                                              : SECSuccess;
}

static SECStatus
read_local_id(struct nu_p12 *p12, const struct p12_bag *bag, SECItem *ret_id)
{
	const SECItem *value = find_attribute(bag, SEC_OID_PKCS9_LOCAL_KEY_ID);
	SECItem id = { siBuffer, NULL, 0 };

	if (value == NULL)
		return SECSuccess;
	if (p12_decode(p12, p12_octets_template, value, &id) != SECSuccess)
		return missing(p12);
	*ret_id = id;
	return SECSuccess;
}

static SECStatus
read_name(struct nu_p12 *p12, const struct p12_bag *bag, const char **ret_name)
{
	const SECItem *value = find_attribute(bag, SEC_OID_PKCS9_FRIENDLY_NAME);
	SECItem bmp = { siBuffer, NULL, 0 };
	const char *name;

	if (value == NULL)
		return SECSuccess;
	if (p12_decode(p12, p12_bmp_template, value, &bmp) != SECSuccess ||
	    (name = p12_bmp_to_utf8(p12->arena, &bmp)) == NULL)
		return missing(p12);
	if (name[0] != '\0')
		*ret_name = name;
	return SECSuccess;
}

/* The certificate if it is there already: old NSS repeats the chain. */
static struct p12_cert *
find_cert(const struct nu_p12 *p12, const SECItem *der)
{
	for (size_t i = 0; i < p12->certs.n; i++) {
		if (SECITEM_ItemsAreEqual(&p12_certs(p12)[i].shown.der, der))
			return &p12_certs(p12)[i];
	}
	return NULL;
}

static SECStatus
read_cert(struct nu_p12 *p12, const struct p12_bag *bag)
{
	struct p12_content_info info; /* a CertBag looks like one */
	SECItem der = { siBuffer, NULL, 0 };
	struct p12_cert *cert;

	memset(&info, 0, sizeof info);
	if (p12_decode(p12, p12_content_info_template, &bag->value, &info) !=
	    SECSuccess)
		return p12_damaged(p12);
	if (SECOID_FindOIDTag(&info.type) != SEC_OID_PKCS9_X509_CERT)
		return SECSuccess;
	if (p12_decode(p12, p12_octets_template, &info.content, &der) !=
	            SECSuccess ||
	    der.len == 0)
		return p12_damaged(p12);
	cert = find_cert(p12, &der);
	if (cert == NULL && (cert = add(p12, &p12->certs)) == NULL)
		return SECFailure;
	cert->shown.der = der;
	if (cert->local_id.len == 0 &&
	    read_local_id(p12, bag, &cert->local_id) != SECSuccess)
		return SECFailure;
	if (cert->shown.friendly_name == NULL)
		return read_name(p12, bag, &cert->shown.friendly_name);
	return SECSuccess;
}

static SECStatus
read_key(struct nu_p12 *p12, const struct p12_bag *bag, PRBool is_shrouded)
{
	struct p12_key *key = add(p12, &p12->keys);
	long ignored;

	if (key == NULL)
		return SECFailure;
	if (read_local_id(p12, bag, &key->local_id) != SECSuccess ||
	    read_name(p12, bag, &key->name) != SECSuccess)
		return SECFailure;
	if (!is_shrouded) {
		key->plain = bag->value;
		return SECSuccess;
	}
	if (p12_decode(p12, p12_shrouded_template, &bag->value,
	               &key->shrouded) != SECSuccess ||
	    key->shrouded.encryptedData.len == 0)
		return p12_damaged(p12);
	return p12_check_kdf(p12,
	                     p12_pbe_check(&key->shrouded.algorithm, &ignored));
}

static SECStatus read_contents(struct nu_p12 *p12, const SECItem *encoded,
                               unsigned depth);

static SECStatus
read_bag(struct nu_p12 *p12, const struct p12_bag *bag, unsigned depth)
{
	switch (SECOID_FindOIDTag(&bag->type)) {
	case SEC_OID_PKCS12_V1_CERT_BAG_ID:
		return read_cert(p12, bag);
	case SEC_OID_PKCS12_V1_KEY_BAG_ID:
		return read_key(p12, bag, PR_FALSE);
	case SEC_OID_PKCS12_V1_PKCS8_SHROUDED_KEY_BAG_ID:
		return read_key(p12, bag, PR_TRUE);
	case SEC_OID_PKCS12_V1_SAFE_CONTENTS_BAG_ID:
		return read_contents(p12, &bag->value, depth + 1);
	default: /* CRLs, secrets, what others invented: not ours to keep */
		return SECSuccess;
	}
}

static SECStatus
read_contents(struct nu_p12 *p12, const SECItem *encoded, unsigned depth)
{
	struct p12_contents contents = { NULL };

	if (depth > MAX_DEPTH)
		return p12_fail(p12, NU_P12_UNSUPPORTED, "is nested too deep");
	if (p12_decode(p12, p12_contents_template, encoded, &contents) !=
	    SECSuccess)
		return p12_damaged(p12);
	for (struct p12_bag **b = contents.bags; b != NULL && *b != NULL; b++) {
		if (read_bag(p12, *b, depth) != SECSuccess)
			return SECFailure;
	}
	return SECSuccess;
}

/* --- safes ------------------------------------------------------------- */

static SECStatus
read_plain_safe(struct nu_p12 *p12, const struct p12_content_info *info)
{
	SECItem octets = { siBuffer, NULL, 0 };

	if (p12_decode(p12, p12_octets_template, &info->content, &octets) !=
	    SECSuccess)
		return p12_damaged(p12);
	return read_contents(p12, &octets, 0);
}

static SECStatus
read_encrypted_safe(struct nu_p12 *p12, const struct p12_content_info *info)
{
	struct p12_encrypted_data data;
	struct p12_safe *safe;

	memset(&data, 0, sizeof data);
	if (p12_decode(p12, p12_encrypted_data_template, &info->content,
	               &data) != SECSuccess ||
	    SECOID_FindOIDTag(&data.content.type) != SEC_OID_PKCS7_DATA ||
	    data.content.cipher.len == 0)
		return p12_damaged(p12);
	safe = add(p12, &p12->safes);
	if (safe == NULL)
		return SECFailure;
	safe->algorithm = data.content.algorithm;
	safe->cipher = data.content.cipher;
	return p12_spend_on(p12, &safe->algorithm);
}

static SECStatus
read_safe(struct nu_p12 *p12, const struct p12_content_info *info)
{
	switch (SECOID_FindOIDTag(&info->type)) {
	case SEC_OID_PKCS7_DATA:
		return read_plain_safe(p12, info);
	case SEC_OID_PKCS7_ENCRYPTED_DATA:
		return read_encrypted_safe(p12, info);
	case SEC_OID_PKCS7_ENVELOPED_DATA:
		return p12_fail(p12, NU_P12_UNSUPPORTED,
		                "is encrypted to a certificate");
	default:
		return p12_damaged(p12);
	}
}

SECStatus
p12_read_auth_safe(struct nu_p12 *p12, const SECItem *encoded)
{
	struct p12_auth_safe auth_safe = { NULL };

	if (p12_decode(p12, p12_auth_safe_template, encoded, &auth_safe) !=
	    SECSuccess)
		return p12_damaged(p12);
	for (struct p12_content_info **c = auth_safe.infos;
	     c != NULL && *c != NULL; c++) {
		if (read_safe(p12, *c) != SECSuccess)
			return SECFailure;
	}
	return SECSuccess;
}

SECStatus
p12_open_safe(struct nu_p12 *p12, struct p12_safe *safe, SECItem *ret_plain)
{
	struct p12_contents ignored = { NULL };

	PORT_SetError(0);
	if (p12_decrypt(p12->arena, &safe->algorithm, &p12->password,
	                &safe->cipher, p12->wincx, ret_plain) != SECSuccess ||
	    p12_decode(p12, p12_contents_template, ret_plain, &ignored) !=
	            SECSuccess)
		return p12_fail_nss(p12, NU_P12_UNSUPPORTED,
		                    "has a second password inside");
	return SECSuccess;
}

/* The MAC was right, so nothing in here can be damaged by accident. */
SECStatus
p12_read_encrypted(struct nu_p12 *p12)
{
	struct p12_safe *safes = p12->safes.items;

	for (size_t i = 0; i < p12->safes.n; i++) {
		SECItem plain = { siBuffer, NULL, 0 };

		if (p12_open_safe(p12, &safes[i], &plain) != SECSuccess ||
		    read_contents(p12, &plain, 0) != SECSuccess)
			return SECFailure;
	}
	return SECSuccess;
}
