/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* hash.h - the digests of HTTP Digest and of certificates, by NSS. This and
 * tls.c are the files of psmd that include NSS. */

#ifndef PSMD_HASH_H
#define PSMD_HASH_H

#include <stdbool.h>
#include <stddef.h>

/* NSS without a database, for a program that opens none. */
bool hash_open(void);
bool hash_close(void);

enum hash_kind { HASH_MD5, HASH_SHA256 };

#define HASH_HEX_MAX 65

/* Lower-case hexadecimal of the hash of len bytes, with its NUL. false: NSS
 * does not offer it, as MD5 in FIPS mode. */
bool hash_hex(enum hash_kind kind, const void *data, size_t len,
              char ret_hex[HASH_HEX_MAX]);

#endif
