/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_p12_open.c - PKCS#12: is the file as it was written, and what is in it?
 *
 * The MAC is computed with NSS's mechanisms, but not by its decoder, which
 * decrypts before it looks at the MAC and cannot tell why one fails. */

#include "nssutil/nu_p12_int.h"

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"

enum { MAX_FILE = 16 * 1024 * 1024, PFX_VERSION = 3 };

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
read_pbmac1(struct nu_p12 *p12, struct p12_mac_part *m, struct p12_mac *ret_mac)
{
	struct p12_mac mac = { SEC_OID_PKCS5_PBMAC1,
		               { siBuffer, NULL, 0 },
		               0,
		               &m->info.algorithm };
	enum p12_kdf kdf = p12_pbmac1_check(mac.pbmac1, &mac.iterations);

	if (kdf == P12_KDF_TOO_SLOW)
		return p12_check_kdf(p12, kdf);
	if (kdf != P12_KDF_GOOD)
		return p12_fail_nss(
			p12, NU_P12_UNSUPPORTED,
			"is protected by PBMAC1 (RFC 9579) in a way "
			"this NSS cannot read");
	*ret_mac = mac;
	return SECSuccess;
}

static SECStatus
read_hmac(struct nu_p12 *p12, const struct p12_mac_part *m,
          struct p12_mac *ret_mac)
{
	struct p12_mac mac = { SECOID_GetAlgorithmTag(&m->info.algorithm),
		               m->salt, 1, NULL };

	if (!p12_mac_known(mac.digest))
		return p12_fail(p12, NU_P12_UNSUPPORTED,
		                "has a MAC of a kind this NSS cannot read");
	if (has_parameters(&m->info.algorithm))
		return p12_damaged(p12);
	if (m->iterations.len > 0 &&
	    p12_check_kdf(p12, p12_iterations(&m->iterations,
	                                      &mac.iterations)) != SECSuccess)
		return SECFailure;
	*ret_mac = mac;
	return SECSuccess;
}

static SECStatus
read_mac(struct nu_p12 *p12, const SECItem *encoded, struct p12_mac_part *m,
         struct p12_mac *ret_mac)
{
	if (encoded->len == 0)
		return p12_fail(p12, NU_P12_UNSUPPORTED, "carries no MAC");
	memset(m, 0, sizeof *m);
	if (p12_decode(p12, p12_mac_template, encoded, m) != SECSuccess)
		return p12_damaged(p12);
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

	if (p12_spend(p12, mac->iterations) != SECSuccess)
		return SECFailure;
	if (p12_mac_compute(p12->arena, mac, &p12->password, data, p12->wincx,
	                    &own) != SECSuccess)
		return p12_fail(p12, NU_P12_FAILED, "could not be read");
	*ret_fits = own.len == digest->len &&
	            NSS_SecureMemcmp(own.data, digest->data, own.len) == 0;
	return SECSuccess;
}

/* An empty password is two NULs to most and nothing at all to some. */
static SECStatus
mac_fits_any(struct nu_p12 *p12, const struct p12_mac *mac, const SECItem *data,
             const SECItem *digest, PRBool *ret_fits)
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
password_opens_key(struct nu_p12 *p12, struct p12_key *key)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	SECItem plain = { siBuffer, NULL, 0 };

	return arena != NULL && key->plain.len == 0 &&
	       p12_spend_on(p12, &key->shrouded.algorithm) == SECSuccess &&
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
		struct p12_safe *safes = p12->safes.items;
		SECItem plain = { siBuffer, NULL, 0 };

		opens = p12_open_safe(p12, &safes[i], &plain) == SECSuccess;
	}
	for (i = 0; i < p12->keys.n && !opens; i++)
		opens = password_opens_key(p12, &p12_keys(p12)[i]);
	if (opens)
		return p12_fail(
			p12, NU_P12_DAMAGED,
			"is damaged: the password opens parts of it, but "
			"it was changed after it was written");
	if (p12->iterations > P12_MAX_TOTAL_ITERATIONS)
		return SECFailure; /* nobody knows */
	return p12_fail_nss(p12, NU_P12_PASSWORD,
	                    "does not open with this password");
}

static SECStatus
check_mac(struct nu_p12 *p12, const SECItem *encoded, const SECItem *data)
{
	struct p12_mac mac;
	struct p12_mac_part m;
	PRBool fits = PR_FALSE;

	if (read_mac(p12, encoded, &m, &mac) != SECSuccess ||
	    mac_fits_any(p12, &mac, data, &m.info.digest, &fits) != SECSuccess)
		return SECFailure;
	return fits ? SECSuccess : blame(p12);
}

/* --- the file ---------------------------------------------------------- */

static SECStatus
read_pfx(struct nu_p12 *p12, const SECItem *file)
{
	SECItem data = { siBuffer, NULL, 0 };
	struct p12_pfx pfx;
	long version;

	memset(&pfx, 0, sizeof pfx);
	if (file->len > MAX_FILE)
		return p12_fail(p12, NU_P12_UNSUPPORTED,
		                "is larger than 16 MiB");
	if (p12_decode(p12, p12_pfx_template, file, &pfx) != SECSuccess ||
	    nu_der_to_long(&pfx.version, &version) != SECSuccess)
		return p12_fail_nss(p12, NU_P12_DAMAGED,
		                    "is not a PKCS#12 file, or is cut");
	if (version != PFX_VERSION)
		return p12_fail(p12, NU_P12_UNSUPPORTED,
		                "is not of PKCS#12 version 3");
	if (SECOID_FindOIDTag(&pfx.auth_safe.type) == SEC_OID_PKCS7_SIGNED_DATA)
		return p12_fail(
			p12, NU_P12_UNSUPPORTED,
			"is signed rather than protected by a password");
	if (SECOID_FindOIDTag(&pfx.auth_safe.type) != SEC_OID_PKCS7_DATA ||
	    p12_decode(p12, p12_octets_template, &pfx.auth_safe.content,
	               &data) != SECSuccess)
		return p12_damaged(p12);
	if (p12_read_auth_safe(p12, &data) != SECSuccess ||
	    check_mac(p12, &pfx.mac, &data) != SECSuccess ||
	    p12_read_encrypted(p12) != SECSuccess)
		return SECFailure;
	return p12_match_keys(p12);
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
	p12->safes.item_size = sizeof(struct p12_safe);
	p12->keys.item_size = sizeof(struct p12_key);
	p12->certs.item_size = sizeof(struct p12_cert);
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
	PORT_SetError(0);
	if (p12_password_make(p12->arena, password, &p12->password) !=
	    SECSuccess)
		p12_fail_nss(p12, NU_P12_PASSWORD,
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
	return i < p12->certs.n ? &p12_certs(p12)[i].shown : NULL;
}

size_t
nu_p12_stray_keys(const struct nu_p12 *p12)
{
	size_t n = 0;

	for (size_t i = 0; i < p12->keys.n; i++)
		n += !p12_keys(p12)[i].is_taken;
	return n;
}
