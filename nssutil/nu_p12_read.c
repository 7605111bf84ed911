/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_p12_read.c - PKCS#12: a file taken apart (RFC 7292), to nothing but memory.
 *
 * Old NSS, Java and Windows write BER, so NSS's streaming decoder reads the
 * structure. NSS's PKCS#12 importer is not used: it writes while it reads,
 * and calls a damaged file a wrong password. */

#include "nssutil/nu_p12_int.h"

#include <stddef.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_cert.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_key.h"

enum {
	MAX_FILE = 16 * 1024 * 1024,
	MAX_OBJECTS = 2000, /* certificates, keys and safes, each */
	MAX_DEPTH = 8,      /* of SafeContents in SafeContents */
	PFX_VERSION = 3,
	OWN_ITERATIONS = 1000
};

/* An encrypted SafeContents. */
struct safe {
	SECAlgorithmID algorithm;
	SECItem cipher;
};

/* A private key, shrouded or plain (a PrivateKeyInfo). */
struct key {
	SECKEYEncryptedPrivateKeyInfo shrouded;
	SECItem plain;
	SECItem local_id;
	const char *name;
	PRBool is_taken; /* a certificate has it */
};

struct cert {
	struct nu_p12_cert shown;
	SECItem local_id;
	struct key *key;
};

struct list {
	void *items;
	size_t n, item_size;
};

struct nu_p12 {
	PLArenaPool *arena; /* zeroed when freed: it sees plain keys */
	struct p12_password password;
	struct list safes, keys, certs;
	long iterations; /* spent so far */
	void *wincx;     /* during nu_p12_open() */
	enum nu_p12_verdict verdict;
	const char *why;
};

/* --- templates --------------------------------------------------------- */

struct content_info {
	SECItem type, content;
};

struct pfx {
	SECItem version;
	struct content_info auth_safe;
	SECItem mac;
};

struct mac_data {
	SECAlgorithmID algorithm;
	SECItem digest;
};

struct mac {
	struct mac_data info;
	SECItem salt, iterations;
};

struct encrypted_content {
	SECItem type;
	SECAlgorithmID algorithm;
	SECItem cipher;
};

struct encrypted_data {
	SECItem version;
	struct encrypted_content content;
	SECItem attributes;
};

struct attribute {
	SECItem type;
	SECItem **values;
};

struct bag {
	SECItem type, value;
	struct attribute **attributes;
};

struct contents {
	struct bag **bags;
};

struct auth_safe {
	struct content_info **infos;
};

#define END { 0, 0, NULL, 0 }

static const SEC_ASN1Template any_template[] = {
	{ SEC_ASN1_ANY, 0, NULL, sizeof(SECItem) }, END
};

static const SEC_ASN1Template octets_template[] = {
	{ SEC_ASN1_OCTET_STRING, 0, NULL, sizeof(SECItem) }, END
};

static const SEC_ASN1Template bmp_template[] = {
	{ SEC_ASN1_BMP_STRING, 0, NULL, sizeof(SECItem) }, END
};

static const SEC_ASN1Template algorithm_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(SECAlgorithmID) },
	{ SEC_ASN1_OBJECT_ID, offsetof(SECAlgorithmID, algorithm), NULL, 0 },
	{ SEC_ASN1_OPTIONAL | SEC_ASN1_ANY,
	  offsetof(SECAlgorithmID, parameters), NULL, 0 },
	END
};

#define EXPLICIT_0                                                   \
	(SEC_ASN1_CONTEXT_SPECIFIC | SEC_ASN1_CONSTRUCTED |          \
	 SEC_ASN1_EXPLICIT | 0)

static const SEC_ASN1Template content_info_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(struct content_info) },
	{ SEC_ASN1_OBJECT_ID, offsetof(struct content_info, type), NULL, 0 },
	{ SEC_ASN1_OPTIONAL | EXPLICIT_0,
	  offsetof(struct content_info, content), any_template, 0 },
	END
};

static const SEC_ASN1Template pfx_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(struct pfx) },
	{ SEC_ASN1_INTEGER, offsetof(struct pfx, version), NULL, 0 },
	{ SEC_ASN1_INLINE, offsetof(struct pfx, auth_safe),
	  content_info_template, 0 },
	{ SEC_ASN1_OPTIONAL | SEC_ASN1_ANY, offsetof(struct pfx, mac), NULL,
	  0 },
	END
};

static const SEC_ASN1Template mac_data_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(struct mac_data) },
	{ SEC_ASN1_INLINE, offsetof(struct mac_data, algorithm),
	  algorithm_template, 0 },
	{ SEC_ASN1_OCTET_STRING, offsetof(struct mac_data, digest), NULL, 0 },
	END
};

static const SEC_ASN1Template mac_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(struct mac) },
	{ SEC_ASN1_INLINE, offsetof(struct mac, info), mac_data_template, 0 },
	{ SEC_ASN1_OCTET_STRING, offsetof(struct mac, salt), NULL, 0 },
	{ SEC_ASN1_OPTIONAL | SEC_ASN1_INTEGER,
	  offsetof(struct mac, iterations), NULL, 0 },
	END
};

static const SEC_ASN1Template encrypted_content_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(struct encrypted_content) },
	{ SEC_ASN1_OBJECT_ID, offsetof(struct encrypted_content, type), NULL,
	  0 },
	{ SEC_ASN1_INLINE, offsetof(struct encrypted_content, algorithm),
	  algorithm_template, 0 },
	{ SEC_ASN1_CONTEXT_SPECIFIC | 0,
	  offsetof(struct encrypted_content, cipher), octets_template, 0 },
	END
};

static const SEC_ASN1Template encrypted_data_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(struct encrypted_data) },
	{ SEC_ASN1_INTEGER, offsetof(struct encrypted_data, version), NULL, 0 },
	{ SEC_ASN1_INLINE, offsetof(struct encrypted_data, content),
	  encrypted_content_template, 0 },
	{ SEC_ASN1_OPTIONAL | SEC_ASN1_ANY,
	  offsetof(struct encrypted_data, attributes), NULL, 0 },
	END
};

static const SEC_ASN1Template shrouded_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(SECKEYEncryptedPrivateKeyInfo) },
	{ SEC_ASN1_INLINE, offsetof(SECKEYEncryptedPrivateKeyInfo, algorithm),
	  algorithm_template, 0 },
	{ SEC_ASN1_OCTET_STRING,
	  offsetof(SECKEYEncryptedPrivateKeyInfo, encryptedData), NULL, 0 },
	END
};

static const SEC_ASN1Template attribute_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(struct attribute) },
	{ SEC_ASN1_OBJECT_ID, offsetof(struct attribute, type), NULL, 0 },
	{ SEC_ASN1_SET_OF, offsetof(struct attribute, values), any_template,
	  0 },
	END
};

static const SEC_ASN1Template bag_template[] = {
	{ SEC_ASN1_SEQUENCE, 0, NULL, sizeof(struct bag) },
	{ SEC_ASN1_OBJECT_ID, offsetof(struct bag, type), NULL, 0 },
	{ EXPLICIT_0, offsetof(struct bag, value), any_template, 0 },
	{ SEC_ASN1_OPTIONAL | SEC_ASN1_SET_OF, offsetof(struct bag, attributes),
	  attribute_template, 0 },
	END
};

static const SEC_ASN1Template contents_template[] = {
	{ SEC_ASN1_SEQUENCE_OF, offsetof(struct contents, bags), bag_template,
	  sizeof(struct contents) },
	END
};

static const SEC_ASN1Template auth_safe_template[] = {
	{ SEC_ASN1_SEQUENCE_OF, offsetof(struct auth_safe, infos),
	  content_info_template, sizeof(struct auth_safe) },
	END
};

/* --- verdicts ---------------------------------------------------------- */

static SECStatus
fail(struct nu_p12 *p12, enum nu_p12_verdict verdict, const char *why)
{
	p12->verdict = verdict;
	p12->why = why;
	return SECFailure;
}

/* For NSS's failures: what it could not read is damaged, unless it is only
 * short of memory. */
static SECStatus
fail_nss(struct nu_p12 *p12, enum nu_p12_verdict verdict, const char *why)
{
	if (PORT_GetError() == SEC_ERROR_NO_MEMORY)
		return fail(p12, NU_P12_FAILED, "could not be read");
	return fail(p12, verdict, why);
}

static SECStatus
damaged(struct nu_p12 *p12)
{
	return fail_nss(p12, NU_P12_DAMAGED, "is cut or damaged");
}

static SECStatus
decode(struct nu_p12 *p12, const SEC_ASN1Template *template,
       const SECItem *encoded, void *ret_value)
{
	PORT_SetError(SEC_ERROR_BAD_DER);
	if (encoded->len == 0)
		return SECFailure;
	return SEC_ASN1DecodeItem(p12->arena, ret_value, template, encoded);
}

static SECStatus
check_kdf(struct nu_p12 *p12, enum p12_kdf kdf)
{
	switch (kdf) {
	case P12_KDF_GOOD:
		return SECSuccess;
	case P12_KDF_UNKNOWN:
		return fail(p12, NU_P12_UNSUPPORTED,
		            "is encrypted in a way this NSS cannot read");
	case P12_KDF_TOO_SLOW:
		return fail(p12, NU_P12_UNSUPPORTED,
		            "asks for more than 10,000,000 iterations");
	case P12_KDF_MALFORMED:
		break;
	}
	return damaged(p12);
}

/* Many parts can add up to hours, too. */
static SECStatus
spend(struct nu_p12 *p12, long iterations)
{
	p12->iterations += iterations;
	if (p12->iterations > P12_MAX_TOTAL_ITERATIONS)
		return fail(p12, NU_P12_UNSUPPORTED,
		            "asks for more than 20,000,000 iterations in all");
	return SECSuccess;
}

static SECStatus
spend_on(struct nu_p12 *p12, SECAlgorithmID *algorithm)
{
	long iterations = 0;

	if (check_kdf(p12, p12_pbe_check(algorithm, &iterations)) != SECSuccess)
		return SECFailure;
	return spend(p12, iterations);
}

/* --- lists ------------------------------------------------------------- */

/* A zeroed new item; it moves when the next one is added. */
static void *
add(struct nu_p12 *p12, struct list *list)
{
	char *items = list->items, *item;

	if (list->n == MAX_OBJECTS) {
		fail(p12, NU_P12_UNSUPPORTED, "holds too many objects");
		return NULL;
	}
	if ((list->n & (list->n - 1)) == 0) { /* full at each power of two */
		size_t room = list->n > 0 ? 2 * list->n : 1;

		items = realloc(items, room * list->item_size);
		if (items == NULL) {
			PORT_SetError(SEC_ERROR_NO_MEMORY);
			fail(p12, NU_P12_FAILED, "could not be read");
			return NULL;
		}
		list->items = items;
	}
	item = items + list->n++ * list->item_size;
	memset(item, 0, list->item_size);
	return item;
}

static struct key *
keys_of(const struct nu_p12 *p12)
{
	return p12->keys.items;
}

static struct cert *
certs_of(const struct nu_p12 *p12)
{
	return p12->certs.items;
}

/* --- bags -------------------------------------------------------------- */

static const SECItem *
find_attribute(const struct bag *bag, SECOidTag type)
{
	for (struct attribute **a = bag->attributes; a != NULL && *a != NULL;
	     a++) {
		if (SECOID_FindOIDTag(&(*a)->type) == type &&
		    (*a)->values != NULL && (*a)->values[0] != NULL)
			return (*a)->values[0];
	}
	return NULL;
}

/* Both attributes are a help only: one that does not parse is not there. */
static SECItem
read_local_id(struct nu_p12 *p12, const struct bag *bag)
{
	const SECItem *value = find_attribute(bag, SEC_OID_PKCS9_LOCAL_KEY_ID);
	SECItem id = { siBuffer, NULL, 0 }, none = id;

	if (value == NULL ||
	    decode(p12, octets_template, value, &id) != SECSuccess)
		return none;
	return id;
}

static const char *
read_name(struct nu_p12 *p12, const struct bag *bag)
{
	const SECItem *value = find_attribute(bag, SEC_OID_PKCS9_FRIENDLY_NAME);
	SECItem bmp = { siBuffer, NULL, 0 };
	const char *name;

	if (value == NULL ||
	    decode(p12, bmp_template, value, &bmp) != SECSuccess)
		return NULL;
	name = p12_bmp_to_utf8(p12->arena, &bmp);
	return name != NULL && name[0] != '\0' ? name : NULL;
}

/* The certificate if it is there already: old NSS repeats the chain. */
static struct cert *
find_cert(const struct nu_p12 *p12, const SECItem *der)
{
	for (size_t i = 0; i < p12->certs.n; i++) {
		if (SECITEM_ItemsAreEqual(&certs_of(p12)[i].shown.der, der))
			return &certs_of(p12)[i];
	}
	return NULL;
}

static SECStatus
read_cert(struct nu_p12 *p12, const struct bag *bag)
{
	struct content_info info; /* a CertBag looks like one */
	SECItem der = { siBuffer, NULL, 0 };
	struct cert *cert;

	memset(&info, 0, sizeof info);
	if (decode(p12, content_info_template, &bag->value, &info) !=
	    SECSuccess)
		return damaged(p12);
	if (SECOID_FindOIDTag(&info.type) != SEC_OID_PKCS9_X509_CERT)
		return SECSuccess;
	if (decode(p12, octets_template, &info.content, &der) != SECSuccess ||
	    der.len == 0)
		return damaged(p12);
	cert = find_cert(p12, &der);
	if (cert == NULL && (cert = add(p12, &p12->certs)) == NULL)
		return SECFailure;
	cert->shown.der = der;
	if (cert->local_id.len == 0)
		cert->local_id = read_local_id(p12, bag);
	if (cert->shown.friendly_name == NULL)
		cert->shown.friendly_name = read_name(p12, bag);
	return SECSuccess;
}

static SECStatus
read_key(struct nu_p12 *p12, const struct bag *bag, PRBool is_shrouded)
{
	struct key *key = add(p12, &p12->keys);
	long ignored;

	if (key == NULL)
		return SECFailure;
	key->local_id = read_local_id(p12, bag);
	key->name = read_name(p12, bag);
	if (!is_shrouded) {
		key->plain = bag->value;
		return SECSuccess;
	}
	if (decode(p12, shrouded_template, &bag->value, &key->shrouded) !=
	            SECSuccess ||
	    key->shrouded.encryptedData.len == 0)
		return damaged(p12);
	return check_kdf(p12,
	                 p12_pbe_check(&key->shrouded.algorithm, &ignored));
}

static SECStatus read_contents(struct nu_p12 *p12, const SECItem *encoded,
                               unsigned depth);

static SECStatus
read_bag(struct nu_p12 *p12, const struct bag *bag, unsigned depth)
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
	struct contents contents = { NULL };

	if (depth > MAX_DEPTH)
		return fail(p12, NU_P12_UNSUPPORTED, "is nested too deep");
	if (decode(p12, contents_template, encoded, &contents) != SECSuccess)
		return damaged(p12);
	for (struct bag **b = contents.bags; b != NULL && *b != NULL; b++) {
		if (read_bag(p12, *b, depth) != SECSuccess)
			return SECFailure;
	}
	return SECSuccess;
}

/* --- safes ------------------------------------------------------------- */

static SECStatus
read_plain_safe(struct nu_p12 *p12, const struct content_info *info)
{
	SECItem octets = { siBuffer, NULL, 0 };

	if (decode(p12, octets_template, &info->content, &octets) != SECSuccess)
		return damaged(p12);
	return read_contents(p12, &octets, 0);
}

static SECStatus
read_encrypted_safe(struct nu_p12 *p12, const struct content_info *info)
{
	struct encrypted_data data;
	struct safe *safe;
	long ignored;

	memset(&data, 0, sizeof data);
	if (decode(p12, encrypted_data_template, &info->content, &data) !=
	            SECSuccess ||
	    SECOID_FindOIDTag(&data.content.type) != SEC_OID_PKCS7_DATA ||
	    data.content.cipher.len == 0)
		return damaged(p12);
	safe = add(p12, &p12->safes);
	if (safe == NULL)
		return SECFailure;
	safe->algorithm = data.content.algorithm;
	safe->cipher = data.content.cipher;
	return check_kdf(p12, p12_pbe_check(&safe->algorithm, &ignored));
}

static SECStatus
read_safe(struct nu_p12 *p12, const struct content_info *info)
{
	switch (SECOID_FindOIDTag(&info->type)) {
	case SEC_OID_PKCS7_DATA:
		return read_plain_safe(p12, info);
	case SEC_OID_PKCS7_ENCRYPTED_DATA:
		return read_encrypted_safe(p12, info);
	case SEC_OID_PKCS7_ENVELOPED_DATA:
		return fail(p12, NU_P12_UNSUPPORTED,
		            "is encrypted to a certificate");
	default:
		return damaged(p12);
	}
}

static SECStatus
read_auth_safe(struct nu_p12 *p12, const SECItem *encoded)
{
	struct auth_safe auth_safe = { NULL };

	if (decode(p12, auth_safe_template, encoded, &auth_safe) != SECSuccess)
		return damaged(p12);
	for (struct content_info **c = auth_safe.infos;
	     c != NULL && *c != NULL; c++) {
		if (read_safe(p12, *c) != SECSuccess)
			return SECFailure;
	}
	return SECSuccess;
}

static SECStatus
open_safe(struct nu_p12 *p12, struct safe *safe, SECItem *ret_plain)
{
	struct contents ignored = { NULL };

	if (spend_on(p12, &safe->algorithm) != SECSuccess)
		return SECFailure;
	PORT_SetError(0);
	if (p12_decrypt(p12->arena, &safe->algorithm, &p12->password,
	                &safe->cipher, p12->wincx, ret_plain) != SECSuccess ||
	    decode(p12, contents_template, ret_plain, &ignored) != SECSuccess)
		return fail_nss(p12, NU_P12_UNSUPPORTED,
		                "has a second password inside");
	return SECSuccess;
}

/* The MAC was right, so nothing in here can be damaged by accident. */
static SECStatus
read_encrypted_safes(struct nu_p12 *p12)
{
	struct safe *safes = p12->safes.items;

	for (size_t i = 0; i < p12->safes.n; i++) {
		SECItem plain = { siBuffer, NULL, 0 };

		if (open_safe(p12, &safes[i], &plain) != SECSuccess ||
		    read_contents(p12, &plain, 0) != SECSuccess)
			return SECFailure;
	}
	return SECSuccess;
}

/* --- MAC --------------------------------------------------------------- */

/* No parameters or NULL ones: nothing else is said of a hash. */
static PRBool
has_parameters(const SECAlgorithmID *algorithm)
{
	const SECItem *p = &algorithm->parameters;

	return p->len > 0 &&
	       !(p->len == 2 && p->data[0] == NU_NULL && p->data[1] == 0);
}

/* Salt and count stand in the algorithm's parameters. */
static SECStatus
read_pbmac1(struct nu_p12 *p12, struct mac *m, struct p12_mac *ret_mac)
{
	struct p12_mac mac = { SEC_OID_PKCS5_PBMAC1, { siBuffer, NULL, 0 }, 0,
		               &m->info.algorithm };
	enum p12_kdf kdf = p12_pbe_check(mac.pbmac1, &mac.iterations);

	if (kdf == P12_KDF_TOO_SLOW)
		return check_kdf(p12, kdf);
	if (kdf != P12_KDF_GOOD)
		return fail_nss(p12, NU_P12_UNSUPPORTED,
		                "is protected by PBMAC1 (RFC 9579) in a way "
		                "this NSS cannot read");
	*ret_mac = mac;
	return SECSuccess;
}

static SECStatus
read_hmac(struct nu_p12 *p12, const struct mac *m, struct p12_mac *ret_mac)
{
	struct p12_mac mac = { SECOID_GetAlgorithmTag(&m->info.algorithm),
		               m->salt, 1, NULL };

	if (!p12_mac_known(mac.digest))
		return fail(p12, NU_P12_UNSUPPORTED,
		            "has a MAC of a kind this NSS cannot read");
	if (has_parameters(&m->info.algorithm))
		return damaged(p12);
	if (m->iterations.len > 0 &&
	    check_kdf(p12, p12_iterations(&m->iterations, &mac.iterations)) !=
	            SECSuccess)
		return SECFailure;
	*ret_mac = mac;
	return SECSuccess;
}

static SECStatus
read_mac(struct nu_p12 *p12, const SECItem *encoded, struct mac *m,
         struct p12_mac *ret_mac)
{
	if (encoded->len == 0)
		return fail(p12, NU_P12_UNSUPPORTED, "carries no MAC");
	memset(m, 0, sizeof *m);
	if (decode(p12, mac_template, encoded, m) != SECSuccess)
		return damaged(p12);
	return SECOID_GetAlgorithmTag(&m->info.algorithm) ==
	                       SEC_OID_PKCS5_PBMAC1
	               ? read_pbmac1(p12, m, ret_mac)
	               : read_hmac(p12, m, ret_mac);
}

static SECStatus
mac_fits(struct nu_p12 *p12, const struct p12_mac *mac, const SECItem *data,
         const SECItem *digest, PRBool *ret_fits)
{
	SECItem own = { siBuffer, NULL, 0 };

	if (spend(p12, mac->iterations) != SECSuccess)
		return SECFailure;
	if (p12_mac_compute(p12->arena, mac, &p12->password, data, p12->wincx,
	                    &own) != SECSuccess)
		return fail(p12, NU_P12_FAILED, "could not be read");
	*ret_fits = own.len == digest->len &&
	            NSS_SecureMemcmp(own.data, digest->data, own.len) == 0;
	return SECSuccess;
}

/* An empty password is two NULs to most and nothing at all to some. */
static SECStatus
mac_fits_any(struct nu_p12 *p12, const struct p12_mac *mac,
             const SECItem *data, const SECItem *digest, PRBool *ret_fits)
{
	SECItem *bmp = &p12->password.bmp;

	if (mac_fits(p12, mac, data, digest, ret_fits) != SECSuccess)
		return SECFailure;
	if (*ret_fits || p12->password.utf8.len > 0)
		return SECSuccess;
	bmp->len = 0;
	if (mac_fits(p12, mac, data, digest, ret_fits) != SECSuccess)
		return SECFailure;
	if (!*ret_fits)
		bmp->len = 2;
	return SECSuccess;
}

/* Does it begin as a PrivateKeyInfo does, and is it nothing more? */
static PRBool
is_private_key_info(const SECItem *plain)
{
	struct nu_der r;
	struct nu_tlv part;
	SECItem version;

	return nu_der_only(plain, NU_SEQUENCE, &r) == SECSuccess &&
	       nu_der_integer(&r, &version) == SECSuccess &&
	       nu_der_get(&r, NU_SEQUENCE, &part) == SECSuccess &&
	       nu_der_get(&r, NU_OCTET_STRING, &part) == SECSuccess;
}

static PRBool
password_opens_key(struct nu_p12 *p12, struct key *key)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	SECItem plain = { siBuffer, NULL, 0 };

	return arena != NULL && key->plain.len == 0 &&
	       spend_on(p12, &key->shrouded.algorithm) == SECSuccess &&
	       p12_decrypt(arena, &key->shrouded.algorithm, &p12->password,
	                   &key->shrouded.encryptedData, p12->wincx,
	                   &plain) == SECSuccess &&
	       is_private_key_info(&plain);
}

/* The MAC is wrong. If the password still opens a part, it is right and the
 * file is not. */
static SECStatus
blame(struct nu_p12 *p12)
{
	PRBool opens = PR_FALSE;
	size_t i;

	for (i = 0; i < p12->safes.n && !opens; i++) {
		struct safe *safes = p12->safes.items;
		SECItem plain = { siBuffer, NULL, 0 };

		opens = open_safe(p12, &safes[i], &plain) == SECSuccess;
	}
	for (i = 0; i < p12->keys.n && !opens; i++)
		opens = password_opens_key(p12, &keys_of(p12)[i]);
	if (opens)
		return fail(p12, NU_P12_DAMAGED,
		            "is damaged: the password opens parts of it, but "
		            "it was changed after it was written");
	return fail_nss(p12, NU_P12_PASSWORD, "does not open with this password");
}

static SECStatus
check_mac(struct nu_p12 *p12, const SECItem *encoded, const SECItem *data)
{
	struct p12_mac mac;
	struct mac m;
	PRBool fits = PR_FALSE;

	if (read_mac(p12, encoded, &m, &mac) != SECSuccess ||
	    mac_fits_any(p12, &mac, data, &m.info.digest, &fits) != SECSuccess)
		return SECFailure;
	return fits ? SECSuccess : blame(p12);
}

/* --- which key is whose ------------------------------------------------ */

static void
give_key(struct cert *cert, struct key *key)
{
	cert->key = key;
	cert->shown.has_key = PR_TRUE;
	if (cert->shown.friendly_name == NULL)
		cert->shown.friendly_name = key->name;
	key->is_taken = PR_TRUE;
}

/* The one key with this localKeyID; several are none. */
static struct key *
find_key(const struct nu_p12 *p12, const SECItem *local_id)
{
	struct key *found = NULL;

	for (size_t i = 0; i < p12->keys.n; i++) {
		struct key *key = &keys_of(p12)[i];

		if (!SECITEM_ItemsAreEqual(&key->local_id, local_id))
			continue;
		if (found != NULL)
			return NULL;
		found = key;
	}
	return found;
}

static PRBool
is_only_cert(const struct nu_p12 *p12, const struct cert *cert)
{
	for (size_t i = 0; i < p12->certs.n; i++) {
		const struct cert *other = &certs_of(p12)[i];

		if (other != cert && SECITEM_ItemsAreEqual(&other->local_id,
		                                           &cert->local_id))
			return PR_FALSE;
	}
	return PR_TRUE;
}

static void
match_by_id(struct nu_p12 *p12)
{
	for (size_t i = 0; i < p12->certs.n; i++) {
		struct cert *cert = &certs_of(p12)[i];
		struct key *key = NULL;

		if (cert->local_id.len > 0 && is_only_cert(p12, cert))
			key = find_key(p12, &cert->local_id);
		if (key != NULL)
			give_key(cert, key);
	}
}

static SECKEYPublicKey *
public_key(const SECItem *cert_der)
{
	nu_auto(CERTSubjectPublicKeyInfo) spki = NULL;
	struct nu_cert cert;

	if (nu_cert_read(cert_der, &cert) != SECSuccess)
		return NULL;
	spki = SECKEY_DecodeDERSubjectPublicKeyInfo(&cert.spki);
	return spki != NULL ? SECKEY_ExtractPublicKey(spki) : NULL;
}

/* What NSS derives CKA_ID from. */
static SECItem *
public_value(SECKEYPublicKey *pub)
{
	switch (SECKEY_GetPublicKeyType(pub)) {
	case rsaKey:
		return &pub->u.rsa.modulus;
	case ecKey:
		return &pub->u.ec.publicValue;
	case dsaKey:
		return &pub->u.dsa.publicValue;
	default:
		PORT_SetError(SEC_ERROR_UNSUPPORTED_KEYALG);
		return NULL;
	}
}

/* --- keys into a token ------------------------------------------------- */

struct target {
	PK11SlotInfo *slot;
	SECKEYPublicKey *pub;
	void *wincx;
};

static SECKEYPrivateKey *
import_shrouded(struct nu_p12 *p12, SECKEYEncryptedPrivateKeyInfo *epki,
                const struct target *to, const char *label, PRBool permanent)
{
	SECItem name = { siBuffer, NULL, 0 }, *value = public_value(to->pub);
	SECKEYPrivateKey *key = NULL;

	if (value == NULL)
		return NULL;
	if (label != NULL) {
		name.data = (unsigned char *)PORT_ArenaStrdup(p12->arena, label);
		name.len = (unsigned)strlen(label);
		if (name.data == NULL)
			return NULL;
	}
	PORT_SetError(SEC_ERROR_BAD_KEY); /* NSS does not always say */
	if (PK11_ImportEncryptedPrivateKeyInfoAndReturnKey(
	            to->slot, epki,
	            p12_password_for(&p12->password, &epki->algorithm),
	            label != NULL ? &name : NULL, value, permanent, PR_TRUE,
	            SECKEY_GetPublicKeyType(to->pub), KU_ALL, &key,
	            to->wincx) != SECSuccess)
		return NULL;
	return key;
}

/* A token in FIPS mode takes no plain key, so encrypt it first. */
static SECKEYPrivateKey *
import_plain(struct nu_p12 *p12, const SECItem *plain, const struct target *to,
             const char *label, PRBool permanent)
{
	SECAlgorithmID *algorithm = PK11_CreatePBEV2AlgorithmID(
	        SEC_OID_PKCS5_PBES2, SEC_OID_AES_256_CBC, SEC_OID_HMAC_SHA256,
	        0, OWN_ITERATIONS, NULL);
	SECKEYEncryptedPrivateKeyInfo epki;
	SECKEYPrivateKey *key = NULL;

	if (algorithm == NULL)
		return NULL;
	memset(&epki, 0, sizeof epki);
	epki.algorithm = *algorithm;
	if (p12_encrypt(p12->arena, algorithm, &p12->password, plain,
	                to->wincx, &epki.encryptedData) == SECSuccess)
		key = import_shrouded(p12, &epki, to, label, permanent);
	SECOID_DestroyAlgorithmID(algorithm, PR_TRUE);
	return key;
}

static SECKEYPrivateKey *
import(struct nu_p12 *p12, struct key *key, const struct target *to,
       const char *label, PRBool permanent)
{
	return key->plain.len > 0
	               ? import_plain(p12, &key->plain, to, label, permanent)
	               : import_shrouded(p12, &key->shrouded, to, label,
	                                 permanent);
}

/* A session key that is proved to be the public key's other half. */
static SECKEYPrivateKey *
import_proved(struct nu_p12 *p12, struct key *key, const struct target *to)
{
	nu_auto(SECKEYPrivateKey) session = import(p12, key, to, NULL, PR_FALSE);

	if (session == NULL || !nu_key_matches(session, to->pub))
		return NULL;
	return nu_take(session);
}

static PRBool
is_key_of(struct nu_p12 *p12, struct key *key, const struct cert *cert,
          PK11SlotInfo *slot)
{
	nu_auto(SECKEYPublicKey) pub = public_key(&cert->shown.der);
	nu_auto(SECKEYPrivateKey) session = NULL;
	struct target to = { slot, pub, p12->wincx };

	if (pub == NULL || (key->plain.len == 0 &&
	                    spend_on(p12, &key->shrouded.algorithm) !=
	                            SECSuccess))
		return PR_FALSE;
	session = import_proved(p12, key, &to);
	return session != NULL;
}

/* The certificate and every other one of its public key. */
static void
give_key_to_all(const struct nu_p12 *p12, struct cert *cert, struct key *key)
{
	struct nu_cert own, other;

	give_key(cert, key);
	if (nu_cert_read(&cert->shown.der, &own) != SECSuccess)
		return;
	for (size_t i = 0; i < p12->certs.n; i++) {
		struct cert *c = &certs_of(p12)[i];

		if (c->key == NULL &&
		    nu_cert_read(&c->shown.der, &other) == SECSuccess &&
		    SECITEM_ItemsAreEqual(&own.spki, &other.spki))
			give_key(c, key);
	}
}

static void
find_owner(struct nu_p12 *p12, struct key *key, PK11SlotInfo *slot)
{
	for (size_t i = 0; i < p12->certs.n; i++) {
		struct cert *cert = &certs_of(p12)[i];

		if (cert->key == NULL && is_key_of(p12, key, cert, slot)) {
			give_key_to_all(p12, cert, key);
			return;
		}
	}
}

/* Where localKeyIDs are missing or shared, the keys themselves tell. */
static SECStatus
match_by_proof(struct nu_p12 *p12)
{
	nu_auto(PK11SlotInfo) slot = NULL;

	for (size_t i = 0; i < p12->keys.n; i++) {
		struct key *key = &keys_of(p12)[i];

		if (key->is_taken)
			continue;
		if (slot == NULL && (slot = p12_slot(p12->wincx)) == NULL)
			return fail(p12, NU_P12_FAILED, "could not be read");
		find_owner(p12, key, slot);
	}
	return SECSuccess;
}

SECKEYPrivateKey *
nu_p12_import_key(struct nu_p12 *p12, size_t i, PK11SlotInfo *slot,
                  PRBool permanent, const char *label, void *wincx)
{
	struct cert *cert = i < p12->certs.n ? &certs_of(p12)[i] : NULL;
	nu_auto(SECKEYPrivateKey) session = NULL;
	nu_auto(SECKEYPublicKey) pub = NULL;
	struct target to = { slot, NULL, wincx };

	if (cert == NULL || cert->key == NULL) {
		PORT_SetError(SEC_ERROR_NO_KEY);
		return NULL;
	}
	to.pub = pub = public_key(&cert->shown.der);
	if (pub == NULL ||
	    (PK11_NeedLogin(slot) &&
	     PK11_Authenticate(slot, PR_TRUE, wincx) != SECSuccess))
		return NULL;
	session = import_proved(p12, cert->key, &to);
	if (session == NULL)
		return NULL;
	return permanent ? import(p12, cert->key, &to, label, PR_TRUE)
	                 : nu_take(session);
}

/* --- the file ---------------------------------------------------------- */

static SECStatus
read_pfx(struct nu_p12 *p12, const SECItem *file)
{
	SECItem data = { siBuffer, NULL, 0 };
	struct pfx pfx;
	long version;

	memset(&pfx, 0, sizeof pfx);
	if (file->len > MAX_FILE)
		return fail(p12, NU_P12_UNSUPPORTED, "is larger than 16 MiB");
	if (decode(p12, pfx_template, file, &pfx) != SECSuccess ||
	    nu_der_to_long(&pfx.version, &version) != SECSuccess)
		return fail_nss(p12, NU_P12_DAMAGED,
		                "is not a PKCS#12 file, or is cut");
	if (version != PFX_VERSION)
		return fail(p12, NU_P12_UNSUPPORTED,
		            "is not of PKCS#12 version 3");
	if (SECOID_FindOIDTag(&pfx.auth_safe.type) == SEC_OID_PKCS7_SIGNED_DATA)
		return fail(p12, NU_P12_UNSUPPORTED,
		            "is signed rather than protected by a password");
	if (SECOID_FindOIDTag(&pfx.auth_safe.type) != SEC_OID_PKCS7_DATA ||
	    decode(p12, octets_template, &pfx.auth_safe.content, &data) !=
	            SECSuccess)
		return damaged(p12);
	if (read_auth_safe(p12, &data) != SECSuccess ||
	    check_mac(p12, &pfx.mac, &data) != SECSuccess ||
	    read_encrypted_safes(p12) != SECSuccess)
		return SECFailure;
	match_by_id(p12);
	return match_by_proof(p12);
}

static struct nu_p12 *
new_p12(void *wincx)
{
	struct nu_p12 *p12 = calloc(1, sizeof *p12);

	if (p12 == NULL) {
		PORT_SetError(SEC_ERROR_NO_MEMORY);
		return NULL;
	}
	p12->arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	if (p12->arena == NULL) {
		free(p12);
		return NULL;
	}
	p12->safes.item_size = sizeof(struct safe);
	p12->keys.item_size = sizeof(struct key);
	p12->certs.item_size = sizeof(struct cert);
	p12->wincx = wincx;
	return p12;
}

enum nu_p12_verdict
nu_p12_open(const SECItem *file, const char *password, void *wincx,
            struct nu_p12 **ret_p12, const char **ret_why)
{
	struct nu_p12 *p12 = new_p12(wincx);
	enum nu_p12_verdict verdict;

	if (p12 == NULL) {
		*ret_why = "could not be read";
		return NU_P12_FAILED;
	}
	if (p12_password_make(p12->arena, password, &p12->password) !=
	    SECSuccess)
		fail_nss(p12, NU_P12_PASSWORD, 
		         "does not open with a password that is not UTF-8");
	else if (read_pfx(p12, file) == SECSuccess) {
		p12->verdict = NU_P12_GOOD;
		p12->wincx = NULL;
		*ret_p12 = p12;
		return NU_P12_GOOD;
	}
	verdict = p12->verdict;
	*ret_why = p12->why;
	nu_p12_free(p12);
	return verdict;
}

void
nu_p12_free(struct nu_p12 *p12)
{
	if (p12 == NULL)
		return;
	PORT_FreeArena(p12->arena, PR_TRUE);
	free(p12->safes.items);
	free(p12->keys.items);
	free(p12->certs.items);
	free(p12);
}

size_t
nu_p12_count(const struct nu_p12 *p12)
{
	return p12->certs.n;
}

const struct nu_p12_cert *
nu_p12_cert_at(const struct nu_p12 *p12, size_t i)
{
	return i < p12->certs.n ? &certs_of(p12)[i].shown : NULL;
}

size_t
nu_p12_stray_keys(const struct nu_p12 *p12)
{
	size_t n = 0;

	for (size_t i = 0; i < p12->keys.n; i++)
		n += !keys_of(p12)[i].is_taken;
	return n;
}
