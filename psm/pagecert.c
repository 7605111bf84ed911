/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pagecert.c - a certificate that a page hands over as base64. */

#include <string.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "psm/internal.h"

void
pagecert_clear(struct pagecert *cert)
{
	if (cert->public != NULL)
		SECKEY_DestroyPublicKey(cert->public);
	SECITEM_FreeItem(&cert->der, PR_FALSE);
	memset(cert, 0, sizeof *cert);
}

static SECStatus
read_key(struct pagecert *cert)
{
	nu_auto(CERTSubjectPublicKeyInfo) info =
	        SECKEY_DecodeDERSubjectPublicKeyInfo(&cert->cert.spki);

	if (info != NULL)
		cert->public = SECKEY_ExtractPublicKey(info);
	return cert->public != NULL ? SECSuccess : SECFailure;
}

SECStatus
pagecert_read(const struct psm_ctx *ctx, const char *text, size_t len,
              struct pagecert *ret_cert)
{
	struct pagecert cert = { .der = { siBuffer, NULL, 0 } };

	if (nu_b64_decode(text, len, ctx->max_base64, &cert.der) !=
	    SECSuccess)
		return SECFailure;
	if (nu_cert_read(&cert.der, &cert.cert) != SECSuccess ||
	    read_key(&cert) != SECSuccess) {
		pagecert_clear(&cert);
		return SECFailure;
	}
	*ret_cert = cert;
	return SECSuccess;
}
