/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* cmp.c - CMP messages by hand. */

#include "tests/unit/cmp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hasht.h>
#include <pk11pub.h>
#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_key.h"

enum { MAX_BODY = 1 << 20, ITERATIONS = 100, BLOCK = 64 };

#define SALT "salt"

SECItem *
cmp_explicit(PLArenaPool *arena, unsigned n, const SECItem *element)
{
	return nu_der_make(arena, (unsigned char)NU_CONTEXT_CONSTRUCTED(n),
	                   element);
}

SECItem *
cmp_body_of(PLArenaPool *arena, const char *base64)
{
	nu_auto_item der = { siBuffer, NULL, 0 };

	assert_int_equal(nu_b64_decode(base64, strlen(base64), MAX_BODY, &der),
	                 SECSuccess);
	return SECITEM_ArenaDupItem(arena, &der);
}

/* --- by a secret: RFC 4210, 5.1.3.1 ------------------------------------ */

static void
sha256(const void *data, size_t len, unsigned char hash[SHA256_LENGTH])
{
	assert_int_equal(PK11_HashBuf(SEC_OID_SHA256, hash, data, (PRInt32)len),
	                 SECSuccess);
}

/* The hash of pad and key in one block, then data. */
static void
hash_padded(const unsigned char key[SHA256_LENGTH], unsigned char pad,
            const void *data, size_t len, unsigned char hash[SHA256_LENGTH])
{
	unsigned char *all = malloc(BLOCK + len);

	assert_non_null(all);
	memset(all, pad, BLOCK);
	for (size_t i = 0; i < SHA256_LENGTH; i++)
		all[i] ^= key[i];
	memcpy(all + BLOCK, data, len);
	sha256(all, BLOCK + len, hash);
	free(all);
}

/* HMAC (RFC 2104) without a key on a token: in FIPS mode there is none. */
static void
hmac(const unsigned char key[SHA256_LENGTH], const SECItem *data,
     unsigned char mac[SHA256_LENGTH])
{
	unsigned char inner[SHA256_LENGTH];

	hash_padded(key, 0x36, data->data, data->len, inner);
	hash_padded(key, 0x5c, inner, sizeof inner, mac);
}

static SECItem *
make_algorithm(PLArenaPool *a, SECOidTag tag)
{
	SECOidData *oid = SECOID_FindOIDByTag(tag);

	return nu_der_make(a, NU_SEQUENCE,
	                   nu_der_make_octets(a, NU_OID, oid->oid.data,
	                                      oid->oid.len));
}

static SECItem *
make_pbm(PLArenaPool *a)
{
	static const unsigned char oid[] = { 0x2a, 0x86, 0x48, 0x86, 0xf6,
		                             0x7d, 0x07, 0x42, 0x0d };
	SECItem *params = nu_der_make(
	        a, NU_SEQUENCE,
	        nu_der_make_octets(a, NU_OCTET_STRING, SALT, strlen(SALT)),
	        make_algorithm(a, SEC_OID_SHA256),
	        nu_der_make_long(a, ITERATIONS),
	        make_algorithm(a, SEC_OID_HMAC_SHA256));

	return nu_der_make(a, NU_SEQUENCE,
	                   nu_der_make_octets(a, NU_OID, oid, sizeof oid),
	                   params);
}

static void
compute_pbm(const char *secret, const SECItem *data,
            unsigned char mac[SHA256_LENGTH])
{
	unsigned char key[SHA256_LENGTH];
	char both[256];

	assert_true(strlen(secret) + strlen(SALT) < sizeof both);
	strcpy(both, secret);
	strcat(both, SALT);
	sha256(both, strlen(both), key);
	for (int i = 1; i < ITERATIONS; i++)
		sha256(key, sizeof key, key);
	hmac(key, data, mac);
}

/* --- the message --------------------------------------------------------- */

static SECItem *
make_header(PLArenaPool *a, const struct cmp_message *m,
            const SECItem *algorithm)
{
	SECItem *empty = nu_der_make(a, NU_SEQUENCE, NULL);

	return nu_der_make(
	        a, NU_SEQUENCE, nu_der_make_long(a, 2),
	        cmp_explicit(a, 4, m->sender != NULL ? m->sender : empty),
	        cmp_explicit(a, 4, empty),
	        algorithm != NULL ? cmp_explicit(a, 1, algorithm) : NULL);
}

static SECItem *
make_extra(PLArenaPool *a, const struct cmp_message *m)
{
	size_t n = sizeof m->extra / sizeof m->extra[0];

	if (m->extra[0] == NULL)
		return NULL;
	return cmp_explicit(a, 1, nu_der_wrap(a, NU_SEQUENCE, m->extra, n));
}

/* The algorithm that protects it, or NULL. */
static SECItem *
find_algorithm(PLArenaPool *a, const struct cmp_message *m)
{
	SECItem any = { siBuffer, (unsigned char *)SALT, strlen(SALT) };
	SECItem signature;
	SECItem *algorithm = NULL;

	if (m->secret != NULL)
		return make_pbm(a);
	if (m->by != NULL) /* a first signature tells */
		assert_int_equal(nu_key_sign(a, m->by->private, &any,
		                             &algorithm, &signature),
		                 SECSuccess);
	return algorithm;
}

static SECItem *
protect(PLArenaPool *a, const struct cmp_message *m, const SECItem *part)
{
	unsigned char mac[SHA256_LENGTH];
	SECItem bits = { siBuffer, mac, sizeof mac };
	SECItem *algorithm;

	if (m->secret != NULL)
		compute_pbm(m->secret, part, mac);
	else if (m->by != NULL)
		assert_int_equal(nu_key_sign(a, m->by->private, part,
		                             &algorithm, &bits), SECSuccess);
	else
		return NULL;
	return cmp_explicit(a, 0, nu_der_make_bits(a, &bits));
}

SECItem *
cmp_make(PLArenaPool *a, const struct cmp_message *m)
{
	SECItem *header = make_header(a, m, find_algorithm(a, m));
	SECItem *body = cmp_explicit(a, m->choice != 0 ? m->choice : 3,
	                             m->body);
	SECItem *part = nu_der_make(a, NU_SEQUENCE, header, body);
	SECItem *message = nu_der_make(a, NU_SEQUENCE, header, body,
	                               protect(a, m, part), make_extra(a, m));

	assert_non_null(message);
	return message;
}
