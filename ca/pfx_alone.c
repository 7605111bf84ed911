/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pfx_alone.c - what a program needs that has no database open */

#include <stdlib.h>
#include <string.h>

#include <nss.h>
#include <secerr.h>
#include <secport.h>

#include "ca/pfx.h"
#include "nssutil/nu_b64.h"

enum psm_err
pfx_begin(void)
{
	return NSS_NoDB_Init(NULL) == SECSuccess ? PSM_OK : PSM_E_INTERNAL;
}

void
pfx_end(void)
{
	(void)NSS_Shutdown(); /* nothing is kept that could be lost */
}

enum psm_err
pfx_base64(const char *text, size_t len, unsigned char **ret_bytes,
           size_t *ret_len)
{
	SECItem der = { siBuffer, NULL, 0 };
	unsigned char *bytes;

	if (memchr(text, '-', len) != NULL)
		return PSM_E_REQUEST; /* PEM is not meant */
	if (nu_b64_decode(text, len, len, &der) != SECSuccess)
		return PORT_GetError() == SEC_ERROR_NO_MEMORY ?
		       PSM_E_NO_MEMORY : PSM_E_REQUEST;
	bytes = malloc(der.len);
	if (bytes != NULL) {
		memcpy(bytes, der.data, der.len);
		*ret_bytes = bytes;
		*ret_len = der.len;
	}
	SECITEM_ZfreeItem(&der, PR_FALSE);
	return bytes != NULL ? PSM_OK : PSM_E_NO_MEMORY;
}
