/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* crl.h - revocation, and the list of what is revoked. */

#ifndef PSMD_CRL_H
#define PSMD_CRL_H

#include <stdint.h>

#include "psmd/issuer.h"

/* What the file with the CRLs of the whole chain has behind crl_file's name. */
#define CRL_CHAIN_SUFFIX ".pem"

/* Make a CRL of all that is revoked now and put it, DER, in the place of
 * config's crl_file: whole, or not at all. Before that put it, PEM, with one of
 * each authority above whose key is here, beside it. One process at a time does
 * so, from the number on to the files; others wait. Not on the engine's thread.
 * false, and a sentence in why. */
bool crl_publish(const struct issuing *issuing, const struct rec_actor *actor,
                 char *why, size_t size);
/* The same if there is none that says what it would, or half of its time is
 * over. */
bool crl_renew(const struct issuing *issuing, const struct rec_actor *actor,
               char *why, size_t size);
/* What the one that is published says of itself. */
bool crl_look(const struct issuing *issuing, struct ca_crl_info *ret_info,
              char *why, size_t size);
/* Revoke the certificate (a CRLReason, or CERT_RELEASE) now, and publish. What
 * records_cert_revoke() says; REC_OK and a why that is not "": it is revoked,
 * and that could not be published, or only another authority's CRL would say
 * it. */
enum rec_err crl_revoke(const struct issuing *issuing,
                        const struct rec_actor *actor, int64_t id, int reason,
                        char *why, size_t size);
/* "keyCompromise" and so on, RFC 5280, 5.3.1, in any case; -1: there is none. */
int crl_reason(const char *name);
/* NULL: there is none. */
const char *crl_reason_name(int reason);

#endif
