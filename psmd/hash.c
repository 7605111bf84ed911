/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* hash.c - digests, by NSS. */

#include "psmd/hash.h"

#include <stdint.h>
#include <string.h>

#include <nss.h>
#include <pk11pub.h>

static const struct {
	SECOidTag tag;
	size_t len; /* bytes */
} kinds[] = {
	[HASH_MD5] = { SEC_OID_MD5, 16 },
	[HASH_SHA256] = { SEC_OID_SHA256, 32 },
};

bool
hash_open(void)
{
	return NSS_NoDB_Init(NULL) == SECSuccess;
}

bool
hash_close(void)
{
	return NSS_Shutdown() == SECSuccess;
}

bool
hash_hex(enum hash_kind kind, const void *data, size_t len,
         char ret_hex[HASH_HEX_MAX])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char digest[(HASH_HEX_MAX - 1) / 2];
	size_t i;

	if (!NSS_IsInitialized() || len > INT32_MAX ||
	    PK11_HashBuf(kinds[kind].tag, digest, data, (PRInt32)len) !=
	            SECSuccess)
		return false;
	for (i = 0; i < kinds[kind].len; i++) {
		ret_hex[2 * i] = digits[digest[i] >> 4];
		ret_hex[2 * i + 1] = digits[digest[i] & 15];
	}
	ret_hex[2 * i] = '\0';
	explicit_bzero(digest, sizeof digest);
	return true;
}
