/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_keyfile.c - the forms of a private key, all made PKCS#8. */

#include "nssutil/nu_keyfile_int.h"

#include <string.h>

#include <secerr.h>
#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_certs.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_name.h"
#include "nssutil/nu_p12_int.h"

enum { MAX_FILE = 1 << 20, OWN_PASSWORD = 16 };
enum { RSA_NUMBERS = 8, DSA_NUMBERS = 5 };

/* --- verdicts ---------------------------------------------------------- */

SECStatus
keyfile_fail(struct keyfile *kf, enum nu_keyfile_verdict verdict,
             const char *why)
{
	kf->verdict = verdict;
	kf->why = why;
	return SECFailure;
}

SECStatus
keyfile_fail_nss(struct keyfile *kf, enum nu_keyfile_verdict verdict,
                 const char *why)
{
	return nu_err_is_trouble(PORT_GetError())
	               ? keyfile_fail(kf, NU_KEYFILE_FAILED,
	                              "could not be read")
	               : keyfile_fail(kf, verdict, why);
}

SECStatus
keyfile_wrong_password(struct keyfile *kf)
{
	return keyfile_fail_nss(kf, NU_KEYFILE_PASSWORD,
	                        "does not open with this password");
}

SECStatus
keyfile_needs_password(struct keyfile *kf)
{
	return keyfile_fail(kf, NU_KEYFILE_PASSWORD, "needs a password");
}

SECStatus
keyfile_damaged(struct keyfile *kf)
{
	return kf->was_opened ? keyfile_wrong_password(kf)
	                      : keyfile_fail_nss(kf, NU_KEYFILE_DAMAGED,
	                                         "is damaged, or no key");
}

/* --- plain keys -------------------------------------------------------- */

/* PrivateKeyInfo ::= SEQUENCE { version 0, algorithm, OCTET STRING } */
static SECStatus
make_info(struct keyfile *kf, const SECItem *algorithm, const SECItem *key)
{
	SECItem *version = nu_der_make_long(kf->arena, 0);
	SECItem *octets = NULL;

	if (version != NULL && algorithm != NULL)
		octets = nu_der_make_octets(kf->arena, NU_OCTET_STRING,
		                            key->data, key->len);
	if (octets != NULL)
		kf->info = nu_der_make(kf->arena, NU_SEQUENCE, version,
		                       algorithm, octets);
	return kf->info != NULL ? SECSuccess : keyfile_damaged(kf);
}

static SECItem *
make_algorithm(struct keyfile *kf, SECOidTag tag, const SECItem *params)
{
	SECOidData *oid = SECOID_FindOIDByTag(tag);
	SECItem *id = NULL;

	if (oid != NULL)
		id = nu_der_make_octets(kf->arena, NU_OID, oid->oid.data,
		                        oid->oid.len);
	return id != NULL && params != NULL
	               ? nu_der_make(kf->arena, NU_SEQUENCE, id, params)
	               : NULL;
}

/* Is it one that NSS can take? */
static SECStatus
check_algorithm(struct keyfile *kf, const SECItem *contents)
{
	struct nu_der r = nu_der_reader(contents);
	struct nu_tlv id;

	if (nu_der_get(&r, NU_OID, &id) != SECSuccess)
		return keyfile_damaged(kf);
	switch (SECOID_FindOIDTag(&id.value)) {
	case SEC_OID_PKCS1_RSA_ENCRYPTION:
	case SEC_OID_ANSIX9_DSA_SIGNATURE:
	case SEC_OID_ANSIX962_EC_PUBLIC_KEY:
		return SECSuccess;
	default:
		return keyfile_fail(kf, NU_KEYFILE_UNSUPPORTED,
		                    "is neither RSA nor EC nor DSA");
	}
}

/* Behind the version. Attributes, and the public key of version 1 (RFC 5958),
 * are left out: NSS would stumble over them. */
static SECStatus
read_pkcs8(struct keyfile *kf, struct nu_der *r)
{
	struct nu_tlv algorithm, key;

	if (nu_der_get(r, NU_SEQUENCE, &algorithm) != SECSuccess ||
	    nu_der_get(r, NU_OCTET_STRING, &key) != SECSuccess)
		return keyfile_damaged(kf);
	if (check_algorithm(kf, &algorithm.value) != SECSuccess)
		return SECFailure;
	return make_info(kf, &algorithm.whole, &key.value);
}

/* ECPrivateKey behind its version: the key, [0] parameters, [1] public key. */
static SECStatus
read_sec1(struct keyfile *kf, struct nu_der *r, const SECItem *der)
{
	SECItem *curve = kf->curve.data != NULL ? &kf->curve : NULL;
	struct nu_tlv key, parameters;
	PRBool found = PR_FALSE;

	if (nu_der_get(r, NU_OCTET_STRING, &key) != SECSuccess ||
	    nu_der_optional(r, NU_CONTEXT_CONSTRUCTED(0), &found,
	                    &parameters) != SECSuccess)
		return keyfile_damaged(kf);
	if (found)
		curve = &parameters.value;
	if (curve == NULL)
		return keyfile_fail(kf, NU_KEYFILE_UNSUPPORTED,
		                    "does not say which curve it is on");
	return make_info(kf,
	                 make_algorithm(kf, SEC_OID_ANSIX962_EC_PUBLIC_KEY,
	                                curve),
	                 der);
}

/* OpenSSL's DSA behind its version: p, q, g, public and private value. */
static SECStatus
read_dsa(struct keyfile *kf, struct nu_der *r)
{
	struct nu_tlv n[DSA_NUMBERS];
	SECItem *params;

	for (size_t i = 0; i < DSA_NUMBERS; i++) {
		if (nu_der_get(r, NU_INTEGER, &n[i]) != SECSuccess)
			return keyfile_damaged(kf);
	}
	params = nu_der_make(kf->arena, NU_SEQUENCE, &n[0].whole, &n[1].whole,
	                     &n[2].whole);
	return make_info(kf,
	                 make_algorithm(kf, SEC_OID_ANSIX9_DSA_SIGNATURE,
	                                params),
	                 &n[4].whole);
}

/* What begins with two INTEGERs: their number tells RSA from DSA. */
static SECStatus
read_numbers(struct keyfile *kf, struct nu_der *r, const SECItem *der)
{
	SECItem *none;
	size_t n = 0;

	if (nu_der_count(r, RSA_NUMBERS, &n) != SECSuccess)
		return keyfile_damaged(kf);
	if (n == DSA_NUMBERS)
		return read_dsa(kf, r);
	if (n != RSA_NUMBERS)
		return keyfile_damaged(kf);
	none = nu_der_make_octets(kf->arena, NU_NULL, NULL, 0);
	return make_info(kf,
	                 make_algorithm(kf, SEC_OID_PKCS1_RSA_ENCRYPTION, none),
	                 der);
}

/* Forms that begin with a version differ in what comes next. */
static SECStatus
read_plain(struct keyfile *kf, struct nu_der *r, const SECItem *der)
{
	SECItem version;

	if (nu_der_integer(r, &version) != SECSuccess)
		return keyfile_damaged(kf);
	switch (nu_der_peek(r)) {
	case NU_SEQUENCE:
		return read_pkcs8(kf, r);
	case NU_OCTET_STRING:
		return read_sec1(kf, r, der);
	case NU_INTEGER:
		return read_numbers(kf, r, der);
	default:
		return keyfile_damaged(kf);
	}
}

/* --- EncryptedPrivateKeyInfo ------------------------------------------- */

static SECStatus
check_kdf(struct keyfile *kf, SECAlgorithmID *algorithm)
{
	long iterations;

	switch (p12_pbe_check(algorithm, &iterations)) {
	case P12_KDF_GOOD:
		return SECSuccess;
	case P12_KDF_MALFORMED:
		return keyfile_damaged(kf);
	case P12_KDF_TOO_SLOW:
		return keyfile_fail(kf, NU_KEYFILE_UNSUPPORTED,
		                    "asks for too many iterations");
	default:
		return keyfile_fail_nss(kf, NU_KEYFILE_UNSUPPORTED,
		                        "is encrypted in an unknown way");
	}
}

static SECStatus
open_shrouded(struct keyfile *kf, SECKEYEncryptedPrivateKeyInfo *shrouded,
              SECItem *ret_plain)
{
	struct p12_password password;

	if (check_kdf(kf, &shrouded->algorithm) != SECSuccess)
		return SECFailure;
	if (kf->password == NULL)
		return keyfile_needs_password(kf);
	if (p12_password_make(kf->arena, kf->password, &password) !=
	            SECSuccess ||
	    p12_decrypt(kf->arena, &shrouded->algorithm, &password,
	                &shrouded->encryptedData, kf->wincx, ret_plain) !=
	            SECSuccess)
		return keyfile_wrong_password(kf);
	return SECSuccess;
}

static SECStatus
read_shrouded(struct keyfile *kf, const SECItem *der)
{
	SECKEYEncryptedPrivateKeyInfo shrouded;
	SECItem plain = { siBuffer, NULL, 0 };

	if (kf->was_opened)
		return keyfile_damaged(kf); /* what for, twice? */
	memset(&shrouded, 0, sizeof shrouded);
	PORT_SetError(0);
	if (SEC_ASN1DecodeItem(kf->arena, &shrouded, p12_shrouded_template,
	                       der) != SECSuccess)
		return keyfile_damaged(kf);
	if (open_shrouded(kf, &shrouded, &plain) != SECSuccess)
		return SECFailure;
	kf->was_opened = PR_TRUE;
	return keyfile_read_der(kf, &plain);
}

SECStatus
keyfile_read_der(struct keyfile *kf, const SECItem *der)
{
	struct nu_der r;

	if (nu_der_only(der, NU_SEQUENCE, &r) != SECSuccess)
		return keyfile_damaged(kf);
	return nu_der_peek(&r) == NU_SEQUENCE ? read_shrouded(kf, der)
	                                      : read_plain(kf, &r, der);
}

/* --- a file ------------------------------------------------------------ */

static SECStatus
read_file(struct keyfile *kf, const SECItem *file)
{
	if (file->len > MAX_FILE)
		return keyfile_fail(kf, NU_KEYFILE_UNSUPPORTED,
		                    "is larger than 1 MiB");
	return nu_answer_is_der(file->data, file->len)
	               ? keyfile_read_der(kf, file)
	               : keyfile_read_pem(kf, (const char *)file->data,
	                                  file->len);
}

enum nu_keyfile_verdict
nu_keyfile_read(const SECItem *file, const char *password, void *wincx,
                SECItem *ret_info, const char **ret_why)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct keyfile kf = { .arena = arena,
		              .password = password,
		              .wincx = wincx,
		              .verdict = NU_KEYFILE_FAILED,
		              .why = "could not be read" };

	PORT_SetError(arena != NULL ? 0 : SEC_ERROR_NO_MEMORY);
	if (arena != NULL && read_file(&kf, file) == SECSuccess &&
	    SECITEM_CopyItem(NULL, ret_info, kf.info) == SECSuccess)
		return NU_KEYFILE_GOOD;
	*ret_why = kf.why;
	return kf.verdict;
}

/* --- into a token ------------------------------------------------------ */

SECKEYPrivateKey *
nu_keyfile_import(const SECItem *info, SECKEYPublicKey *pub,
                  PK11SlotInfo *slot, void *wincx)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	unsigned char drawn[OWN_PASSWORD];
	char text[2 * OWN_PASSWORD + 1];
	struct p12_password password;
	struct p12_target to = { arena, &password, slot, pub, wincx };
	nu_auto(SECKEYPrivateKey) key = NULL;
	SECStatus made;

	if (arena == NULL ||
	    PK11_GenerateRandom(drawn, sizeof drawn) != SECSuccess)
		return NULL;
	nu_hex(drawn, sizeof drawn, text);
	made = p12_password_make(arena, text, &password);
	explicit_bzero(drawn, sizeof drawn);
	explicit_bzero(text, sizeof text);
	if (made != SECSuccess)
		return NULL;
	key = p12_import_plain(info, &to, NULL, PR_FALSE);
	return key != NULL && nu_key_proves(key, pub) ? nu_take(key) : NULL;
}
