/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* object.c - what is left of the crypto object: random bytes, locking up, and
 * the text that other calls hand out. */

#include <stdlib.h>
#include <string.h>

#include "psm/internal.h"

/* NSS's generator gives no more than 64 KiB at once. */
enum { RANDOM_STEP = 32 << 10 };

enum psm_err
psm_random(struct psm_ctx *ctx, unsigned char *buf, size_t len)
{
	enum psm_err err = ctx_enter(ctx);

	if (err != PSM_OK)
		return err;
	for (size_t done = 0, step; done < len; done += step) {
		step = len - done < RANDOM_STEP ? len - done : RANDOM_STEP;
		if (PK11_GenerateRandom(buf + done, (int)step) != SECSuccess)
			return psm_fail_nss(ctx, PSM_E_INTERNAL,
			                    "no random numbers");
	}
	return PSM_OK;
}

enum psm_err
psm_logout(struct psm_ctx *ctx)
{
	enum psm_err err = ctx_enter(ctx);

	if (err == PSM_OK)
		PK11_LogoutAll();
	return err;
}

void
psm_text_free(char *text)
{
	if (text == NULL)
		return;
	explicit_bzero(text, strlen(text));
	free(text);
}
