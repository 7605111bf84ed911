/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* put_read.c - what psm_store_put() was given: certificates and a key. */

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_keyfile.h"
#include "nssutil/nu_p12.h"
#include "psm/internal.h"

enum { MAX_CERTS = 100, LONG_FORM = 0x80 };

/* --- certificates ------------------------------------------------------ */

/* A PFX begins with its version, no list of certificates does so. It may be
 * BER. */
static bool
is_pfx(const SECItem *file)
{
	size_t at = 2;

	if (file->len < 2 || file->data[0] != NU_SEQUENCE)
		return false;
	if (file->data[1] > LONG_FORM)
		at += file->data[1] - LONG_FORM;
	return file->len > at && file->data[at] == NU_INTEGER;
}

/* Exactly one of a file's certificates is the user's: the one with a key. */
static enum psm_err
choose_user(struct psm_ctx *ctx, struct put *put)
{
	size_t n = nu_p12_count(put->p12), n_keys = nu_p12_stray_keys(put->p12);

	if (n == 0)
		return psm_fail(ctx, PSM_E_CERTIFICATE,
		                "the PKCS#12 file holds no certificate");
	for (size_t i = n; i-- > 0;) {
		if (!nu_p12_cert_at(put->p12, i)->has_key)
			continue;
		put->p12_user = i;
		n_keys++;
	}
	if (n_keys > 1)
		return psm_fail(ctx, PSM_E_CERTIFICATE,
		                "the PKCS#12 file holds several private keys, "
		                "or several certificates of one");
	return PSM_OK;
}

static enum psm_err
open_p12(struct psm_ctx *ctx, struct put *put, const SECItem *file)
{
	const char *password = put->params->password, *why = "";

	switch (nu_p12_open(file, password != NULL ? password : "", &ctx->pin,
	                    &put->p12, &why)) {
	case NU_P12_GOOD:
		return choose_user(ctx, put);
	case NU_P12_PASSWORD:
		put->part = PSM_PUT_PASSWORD;
		return psm_fail(ctx, PSM_E_PASSWORD, "the PKCS#12 file %s",
		                password != NULL ? why : "needs a password");
	case NU_P12_UNSUPPORTED:
		return psm_fail(ctx, PSM_E_PKCS12_KIND, "the PKCS#12 file %s",
		                why);
	case NU_P12_DAMAGED:
		return psm_fail(ctx, PSM_E_PKCS12, "the PKCS#12 file %s", why);
	default:
		return psm_fail_nss(ctx, PSM_E_INTERNAL,
		                    "cannot open the PKCS#12 file");
	}
}

static enum psm_err
open_certs(struct psm_ctx *ctx, struct put *put, const SECItem *file)
{
	const char *text = (const char *)file->data;
	const SECItem *der = file;

	if (nu_pem_is(text, file->len)) {
		if (nu_pem_decode_all(text, file->len, &put->der) !=
		    SECSuccess)
			return psm_fail_nss(ctx, PSM_E_CERTIFICATE,
			                    "cannot read the certificate");
		der = &put->der;
	}
	if (nu_certs_decode(der, MAX_CERTS, &put->certs) == SECSuccess)
		return PSM_OK;
	if (PORT_GetError() == SEC_ERROR_INPUT_LEN)
		return psm_fail(ctx, PSM_E_CERTIFICATE,
		                "more than %d certificates", MAX_CERTS);
	return psm_fail_nss(ctx, PSM_E_CERTIFICATE,
	                    "cannot read the certificate");
}

static size_t
count_certs(const struct put *put)
{
	return put->certs != NULL ? put->certs->n : nu_p12_count(put->p12);
}

static const SECItem *
cert_at(const struct put *put, size_t i)
{
	return put->certs != NULL ? &put->certs->certs[i]
	                          : &nu_p12_cert_at(put->p12, i)->der;
}

static enum psm_err
plan_certs(struct psm_ctx *ctx, struct put *put)
{
	size_t n = count_certs(put);
	enum psm_err err = plan_init(ctx, &put->plan, 1, n);

	if (err != PSM_OK)
		return err;
	err = plan_add_user(ctx, &put->plan, cert_at(put, put->p12_user),
	                    &put->step);
	if (err != PSM_OK)
		return err;
	put->step->slot = PK11_ReferenceSlot(put->slot);
	for (size_t i = 0; i < n && err == PSM_OK; i++)
		err = plan_add_chain(ctx, &put->plan, cert_at(put, i));
	if (err == PSM_OK)
		err = plan_find(ctx, put->step);
	if (err == PSM_OK)
		err = plan_verify(ctx, &put->plan);
	return err == PSM_OK ? plan_name_chain(ctx, &put->plan) : err;
}

static enum psm_err
read_public_key(struct psm_ctx *ctx, struct put *put)
{
	put->pub = CERT_ExtractPublicKey(put->step->cert);
	return put->pub != NULL
	               ? PSM_OK
	               : psm_fail_nss(ctx, PSM_E_CERTIFICATE,
	                              "cannot read the certificate's key");
}

enum psm_err
put_read_certs(struct psm_ctx *ctx, struct put *put)
{
	SECItem file = { siBuffer, (unsigned char *)put->params->cert,
		         (unsigned)put->params->cert_len };
	enum psm_err err;

	put->part = PSM_PUT_CERT;
	if (put->params->cert == NULL || put->params->cert_len > INT32_MAX)
		return psm_fail(ctx, PSM_E_CERTIFICATE,
		                "there is no certificate");
	err = is_pfx(&file) ? open_p12(ctx, put, &file)
	                    : open_certs(ctx, put, &file);
	if (err == PSM_OK)
		err = plan_certs(ctx, put);
	if (err == PSM_OK)
		err = read_public_key(ctx, put);
	if (err == PSM_OK)
		put->part = PSM_PUT_NOTHING;
	return err;
}

/* --- the key ----------------------------------------------------------- */

static enum psm_err
fail_key(struct psm_ctx *ctx, struct put *put,
         enum nu_keyfile_verdict verdict, const char *why)
{
	switch (verdict) {
	case NU_KEYFILE_PASSWORD:
		put->part = PSM_PUT_PASSWORD;
		return psm_fail(ctx, PSM_E_PASSWORD, "the key %s", why);
	case NU_KEYFILE_FAILED:
		return psm_fail_nss(ctx, PSM_E_STORE, "cannot read the key");
	default:
		return psm_fail(ctx, PSM_E_ARGUMENT, "the key %s", why);
	}
}

/* Nothing came of an import. */
static enum psm_err
fail_import(struct psm_ctx *ctx, enum psm_err err)
{
	if (nu_err_is_trouble(PORT_GetError()))
		return psm_fail_nss(ctx, PSM_E_STORE, "cannot read the key");
	return psm_fail(ctx, err,
	                "the key is not the certificate's, or is damaged");
}

static enum psm_err
read_keyfile(struct psm_ctx *ctx, struct put *put)
{
	SECItem file = { siBuffer, (unsigned char *)put->params->key,
		         (unsigned)put->params->key_len };
	nu_auto_item info = { siBuffer, NULL, 0 };
	const char *why = "";
	enum nu_keyfile_verdict verdict;

	put->part = PSM_PUT_KEY;
	if (put->params->key_len > INT32_MAX)
		return psm_fail(ctx, PSM_E_ARGUMENT, "the key is too large");
	verdict = nu_keyfile_read(&file, put->params->password, &ctx->pin,
	                          &info, &why);
	if (verdict != NU_KEYFILE_GOOD)
		return fail_key(ctx, put, verdict, why);
	PORT_SetError(0);
	put->session = nu_keyfile_import(&info, put->pub, put->slot,
	                                 &ctx->pin);
	return put->session != NULL ? PSM_OK
	                            : fail_import(ctx, PSM_E_ARGUMENT);
}

static enum psm_err
read_p12_key(struct psm_ctx *ctx, struct put *put)
{
	put->part = PSM_PUT_CERT;
	PORT_SetError(0);
	put->session = nu_p12_import_key(put->p12, put->p12_user, put->slot,
	                                 PR_FALSE, NULL, &ctx->pin);
	return put->session != NULL ? PSM_OK
	                            : fail_import(ctx, PSM_E_PKCS12);
}

/* The key that is here already was looked for before: a session's has the same
 * CKA_ID. */
enum psm_err
put_read_key(struct psm_ctx *ctx, struct put *put)
{
	enum psm_err err = PSM_OK;

	if (put->params->key != NULL)
		err = read_keyfile(ctx, put);
	else if (put->p12 != NULL &&
	         nu_p12_cert_at(put->p12, put->p12_user)->has_key)
		err = read_p12_key(ctx, put);
	else if (put->key == NULL) {
		put->part = PSM_PUT_KEY;
		err = psm_fail(ctx, PSM_E_NOT_FOUND,
		               "there is no key for the certificate");
	}
	if (err == PSM_OK)
		put->part = PSM_PUT_NOTHING;
	return err;
}
