/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* p12_made.h - PKCS#12 files as no program writes them, in an arena. */

#ifndef P12_MADE_H
#define P12_MADE_H

#include <cert.h>
#include <secoid.h>

SECItem *make_oid(PLArenaPool *arena, SECOidTag tag);
/* SEQUENCE { type, [0] { value } }: a ContentInfo, a SafeBag, a CertBag. */
SECItem *make_typed(PLArenaPool *arena, SECOidTag tag, const SECItem *value);
/* A ContentInfo of data. */
SECItem *make_data(PLArenaPool *arena, const SECItem *der);
/* A PFX around one AuthenticatedSafe with a digestAlgorithm and MAC. */
SECItem *make_pfx(PLArenaPool *arena, const SECItem *safes,
                  const SECItem *algorithm, const SECItem *mac,
                  const SECItem *salt, long iterations);
/* A file of these safes with a good MAC; text is its password. */
SECItem *make_file(PLArenaPool *arena, const SECItem *safes, const char *text);
/* The same of one SafeContents, in the clear. */
SECItem *make_plain_file(PLArenaPool *arena, const SECItem *contents,
                         const char *text);
SECItem *make_cert_bag(PLArenaPool *arena, const CERTCertificate *cert);

#endif
