/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* issuer.c - the authority that signs, found when it is needed. */

#include "psmd/issuer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct issuer {
	struct ca *ca; /* NULL: not open; the engine's thread has it */
};

struct issuer *
issuer_new(void)
{
	return calloc(1, sizeof(struct issuer));
}

void
issuer_free(struct issuer *issuer)
{
	if (issuer == NULL)
		return;
	ca_free(issuer->ca);
	free(issuer);
}

/* One with "token:" before it is gone when its token is, or was locked since.
 * What begins so need be no token's: opening it tells. */
static bool
unlock(const struct issuing *issuing, struct psm_ctx *ctx, bool *ret_stale,
       char *why, size_t size)
{
	const char *name = issuing->config->ca, *colon = strchr(name, ':');
	enum psm_err err;
	char *token;

	*ret_stale = false;
	if (colon == NULL)
		return true;
	token = strndup(name, (size_t)(colon - name));
	if (token == NULL) {
		snprintf(why, size, "out of memory");
		return false;
	}
	err = engine_login(issuing->engine, ctx, token,
	                   issuing->config->token_password_file, ret_stale, why,
	                   size);
	free(token);
	*ret_stale |= err != PSM_OK;
	return err == PSM_OK || err == PSM_E_TOKEN;
}

static struct ca *
open_ca(const char *name, char *why, size_t size)
{
	struct ca *ca = ca_new();
	enum psm_err err;

	if (ca == NULL) {
		snprintf(why, size, "out of memory");
		return NULL;
	}
	err = ca_open(ca, name);
	if (err == PSM_OK)
		return ca;
	snprintf(why, size, "the authority: %s%s", ca_errmsg(ca),
	         err == PSM_E_NOT_FOUND ? " (\"psmd ca init\" makes one)" : "");
	ca_free(ca);
	return NULL;
}

struct ca *
issuer_ca(const struct issuing *issuing, struct psm_ctx *ctx, char *why,
          size_t size)
{
	struct issuer *issuer = issuing->issuer;
	bool stale, unlocked = unlock(issuing, ctx, &stale, why, size);

	if (stale) {
		ca_free(issuer->ca);
		issuer->ca = NULL;
	}
	if (unlocked && issuer->ca == NULL)
		issuer->ca = open_ca(issuing->config->ca, why, size);
	return issuer->ca;
}
