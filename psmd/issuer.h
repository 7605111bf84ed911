/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* issuer.h - the authority that signs, and what it takes to use it: the one
 * issuing core below the APIs and the commands. */

#ifndef PSMD_ISSUER_H
#define PSMD_ISSUER_H

#include "ca/ca.h"
#include "psmd/config.h"
#include "psmd/engine.h"
#include "psmd/records.h"

/* The configured authority, opened when it is first asked for. */
struct issuer;

/* NULL: out of memory. */
struct issuer *issuer_new(void);
/* NULL is fine. Before the engine ends. */
void issuer_free(struct issuer *issuer);

/* What issuing takes, borrowed: the daemon has it all (server_issuing()), a
 * command makes it. */
struct issuing {
	const struct config *config;
	struct records *records;
	struct engine *engine;
	struct issuer *issuer;
};

/* The authority, on the engine's thread alone. NULL, and a sentence in why:
 * there is none of config's name (psmd ca init makes it), or no key for it. One
 * that is made later is found. */
struct ca *issuer_ca(const struct issuing *issuing, struct psm_ctx *ctx,
                     char *why, size_t size);

#endif
