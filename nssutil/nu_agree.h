/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_agree.h - a MAC that only the holders of two EC keys can make: the static
 * ECDH proof of possession of RFC 6955, clause 6. */

#ifndef NU_AGREE_H
#define NU_AGREE_H

#include <keyhi.h>
#include <secitem.h>

#include "nssutil/nu_cert.h"

/* The MAC of data under what key and the public key pub agree upon; cert is the
 * verifier's certificate, whose names go into the derivation, whichever of the
 * two keys is its own. Hash and HMAC are SHA-256, SHA-384 or SHA-512 by the
 * curve. The secret never leaves its token. Both results are of arena: a whole
 * AlgorithmIdentifier, and octets. SEC_ERROR_INVALID_ARGS: the keys are not
 * EC on one curve of ours. */
SECStatus nu_agree_mac(PLArenaPool *arena, SECKEYPrivateKey *key,
                       SECKEYPublicKey *pub, const struct nu_cert *cert,
                       const SECItem *data, void *wincx,
                       SECItem **ret_algorithm, SECItem *ret_mac);

#endif
