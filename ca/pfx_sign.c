/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pfx_sign.c - the signature of a request, made and verified */

#include <stdint.h>
#include <stdlib.h>

#include <cert.h>
#include <secerr.h>

#include "ca/pfx_int.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_cert.h"
#include "nssutil/nu_p12.h"
#include "nssutil/nu_signed.h"

/* --- signing ------------------------------------------------------------ */

static enum psm_err
open_file(const SECItem *file, const char *password, struct nu_p12 **ret_p12)
{
	const char *why;

	switch (nu_p12_open(file, password, NULL, ret_p12, &why)) {
	case NU_P12_GOOD:
		return PSM_OK;
	case NU_P12_PASSWORD:
		return PSM_E_PASSWORD;
	case NU_P12_UNSUPPORTED:
		return PSM_E_PKCS12_KIND;
	case NU_P12_FAILED:
		return pfx_error(PSM_E_INTERNAL);
	case NU_P12_DAMAGED:
		break;
	}
	return PSM_E_PKCS12;
}

/* The first certificate that has a key. */
static size_t
find_signer(const struct nu_p12 *p12)
{
	size_t i = 0;

	while (i < nu_p12_count(p12) && !nu_p12_cert_at(p12, i)->has_key)
		i++;
	return i;
}

static enum psm_err
sign_with(struct nu_p12 *p12, const SECItem *content, SECItem **ret_signed)
{
	size_t i = find_signer(p12);
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalSlot();
	nu_auto(SECKEYPrivateKey) key = NULL;
	struct nu_signing signing = { .content = content, .n_certs = 1,
		                      .time = PR_Now() };

	if (slot == NULL)
		return pfx_error(PSM_E_INTERNAL);
	if (i == nu_p12_count(p12))
		return PSM_E_PKCS12;
	key = nu_p12_import_key(p12, i, slot, PR_FALSE, NULL, NULL);
	if (key == NULL)
		return pfx_error(PSM_E_PKCS12);
	signing.key = key;
	signing.certs = &nu_p12_cert_at(p12, i)->der;
	*ret_signed = nu_signed_encode(&signing);
	return *ret_signed != NULL ? PSM_OK : pfx_error(PSM_E_INTERNAL);
}

enum psm_err
pfx_sign(const void *file, size_t file_len, const char *password,
         const void *content, size_t len, unsigned char **ret_signed,
         size_t *ret_len)
{
	SECItem file_item = pfx_item(file, file_len);
	SECItem content_item = pfx_item(content, len);
	nu_auto(SECItem) der = NULL;
	struct nu_p12 *p12 = NULL;
	enum psm_err err;

	if (file_len > UINT32_MAX || len > PFX_TEXT_MAX)
		return PSM_E_ARGUMENT;
	if ((err = open_file(&file_item, password, &p12)) != PSM_OK)
		return err;
	err = sign_with(p12, &content_item, &der);
	nu_p12_free(p12);
	return err == PSM_OK ? pfx_hand_out(der, ret_signed, ret_len) : err;
}

/* --- verifying ---------------------------------------------------------- */

bool
pfx_is_cert(const void *der, size_t len)
{
	SECItem item = pfx_item(der, len);
	struct nu_cert cert;

	return len <= PFX_TEXT_MAX && nu_cert_read(&item, &cert) == SECSuccess;
}

enum psm_err
pfx_verify(const void *signed_data, size_t signed_len, const void *cert,
           size_t cert_len, unsigned char **ret_content, size_t *ret_len)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	SECItem message = pfx_item(signed_data, signed_len);
	SECItem cert_item = pfx_item(cert, cert_len);
	SECItem content;

	if (arena == NULL)
		return PSM_E_NO_MEMORY;
	if (signed_len > PFX_TEXT_MAX || cert_len > PFX_TEXT_MAX)
		return PSM_E_REQUEST;
	if (nu_signed_verify(arena, &message, &cert_item, &content) !=
	    SECSuccess)
		return pfx_error(PSM_E_REQUEST);
	return pfx_hand_out(&content, ret_content, ret_len);
}
