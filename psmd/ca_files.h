/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* ca_files.h - what the authority tells everybody: GET /ca/crl, /ca/cert (both
 * DER) and /ca/chain (PEM, up to the root). */

#ifndef PSMD_CA_FILES_H
#define PSMD_CA_FILES_H

#include "psmd/request.h"

/* What was sent last, for others to be sent it as well: however many are slow
 * to take it, it is in memory once. */
struct ca_files;

/* NULL: out of memory. */
struct ca_files *ca_files_new(void);
/* NULL is fine. */
void ca_files_free(struct ca_files *files);

void ca_crl_handler(const struct request *request, struct reply *reply);
void ca_cert_handler(const struct request *request, struct reply *reply);
void ca_chain_handler(const struct request *request, struct reply *reply);

#endif
