/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pfx_key.c - a key for another: its kind, its request, its PKCS#12 file */

#include <stdlib.h>
#include <strings.h>

#include <cert.h>
#include <secerr.h>

#include "ca/pfx_int.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_name.h"
#include "nssutil/nu_p10.h"
#include "nssutil/nu_p12.h"

static const struct kind {
	const char *name;
	KeyType type;
	unsigned bits;
} kinds[PFX_N_KINDS] = {
	[PFX_RSA_1024] = { "RSA-1024", rsaKey, 1024 },
	[PFX_RSA_2048] = { "RSA-2048", rsaKey, 2048 },
	[PFX_RSA_3072] = { "RSA-3072", rsaKey, 3072 },
	[PFX_RSA_4096] = { "RSA-4096", rsaKey, 4096 },
	[PFX_EC_P256] = { "EC-P256", ecKey, 256 },
	[PFX_EC_P384] = { "EC-P384", ecKey, 384 },
};

bool
pfx_kind_by_name(const char *name, enum pfx_kind *ret_kind)
{
	for (int i = 0; i < PFX_N_KINDS; i++) {
		if (strcasecmp(name, kinds[i].name) == 0) {
			*ret_kind = (enum pfx_kind)i;
			return true;
		}
	}
	return false;
}

const char *
pfx_kind_name(enum pfx_kind kind)
{
	return kinds[kind].name;
}

enum psm_err
pfx_key_make(enum pfx_kind kind, struct pfx_key **ret_key)
{
	struct pfx_key *key = calloc(1, sizeof *key);

	if (key == NULL)
		return PSM_E_NO_MEMORY;
	key->kind = kind;
	if (nu_session_key_make(kinds[kind].type, kinds[kind].bits,
	                        &key->half) != SECSuccess) {
		free(key);
		return pfx_error(PSM_E_STORE);
	}
	*ret_key = key;
	return PSM_OK;
}

void
pfx_key_free(struct pfx_key *key)
{
	if (key == NULL)
		return;
	nu_session_key_clear(&key->half);
	free(key);
}

/* --- the request -------------------------------------------------------- */

enum psm_err
pfx_key_request(const struct pfx_key *key, unsigned char **ret_der,
                size_t *ret_len)
{
	/* a name of some kind has to be there */
	nu_auto(SECItem) subject = nu_name_from_text("CN=-");
	nu_auto(SECItem) spki =
	        SECKEY_EncodeDERSubjectPublicKeyInfo(key->half.public);
	nu_auto(SECItem) der = NULL;
	struct nu_cert_template template = { .key_usage = 0 };

	if (subject == NULL || spki == NULL)
		return pfx_error(PSM_E_INTERNAL);
	template.subject = *subject;
	template.spki = *spki;
	der = nu_p10_encode(&template, key->half.private);
	if (der == NULL)
		return pfx_error(PSM_E_INTERNAL);
	return pfx_hand_out(der, ret_der, ret_len);
}

/* --- the file ----------------------------------------------------------- */

static void
clear_items(struct nu_p12_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (items[i].cert != NULL)
			CERT_DestroyCertificate(items[i].cert);
	}
	free(items);
}

static enum psm_err
read_certs(const struct pfx_cert *certs, size_t n, struct nu_p12_item *items)
{
	for (size_t i = 0; i < n; i++) {
		SECItem der = pfx_item(certs[i].der, certs[i].len);

		items[i].cert = CERT_NewTempCertificate(
		        CERT_GetDefaultCertDB(), &der, NULL, PR_FALSE,
		        PR_TRUE);
		if (items[i].cert == NULL)
			return pfx_error(PSM_E_CERTIFICATE);
	}
	return PSM_OK;
}

static enum psm_err
prove(const struct pfx_key *key, CERTCertificate *cert)
{
	nu_auto(SECKEYPublicKey) public = CERT_ExtractPublicKey(cert);

	if (public == NULL || !nu_key_proves(key->half.private, public))
		return pfx_error(PSM_E_CERTIFICATE);
	return PSM_OK;
}

static enum psm_err
encode(const struct pfx_key *key, struct nu_p12_item *items, size_t n,
       const char *password, SECItem **ret_file)
{
	enum psm_err err = prove(key, items[0].cert);
	nu_auto(SECItem) file = NULL;

	if (err != PSM_OK)
		return err;
	items[0].key = key->half.private;
	file = nu_p12_encode(items, n, password, PR_FALSE, NULL);
	err = file != NULL ? PSM_OK :
	      pfx_error(PORT_GetError() == SEC_ERROR_INVALID_ARGS ?
	                PSM_E_ARGUMENT : PSM_E_INTERNAL);
	if (nu_p12_forget(NULL) != SECSuccess && err == PSM_OK)
		err = pfx_error(PSM_E_INTERNAL);
	if (err == PSM_OK)
		*ret_file = nu_take(file);
	return err;
}

enum psm_err
pfx_make(const struct pfx_key *key, const struct pfx_cert *certs,
         size_t n_certs, const char *password, const char *name,
         unsigned char **ret_file, size_t *ret_len)
{
	struct nu_p12_item *items = calloc(n_certs + 1, sizeof *items);
	nu_auto(SECItem) file = NULL;
	enum psm_err err;

	if (items == NULL)
		return PSM_E_NO_MEMORY;
	items[0].friendly_name = name;
	err = n_certs > 0 ? read_certs(certs, n_certs, items) :
	                    PSM_E_CERTIFICATE;
	if (err == PSM_OK)
		err = encode(key, items, n_certs, password, &file);
	clear_items(items, n_certs);
	return err == PSM_OK ? pfx_hand_out(file, ret_file, ret_len) : err;
}
