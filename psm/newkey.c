/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* newkey.c - a key on its way to being a pending request. */

#include <string.h>
#include <time.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_key.h"
#include "psm/internal.h"

enum { ID_TRIES = 16, DATE_LEN = 8 };

void
newkey_clear(struct newkey *key)
{
	if (key->private != NULL)
		SECKEY_DestroyPrivateKey(key->private);
	if (key->public != NULL)
		SECKEY_DestroyPublicKey(key->public);
	key->private = NULL;
	key->public = NULL;
}

/* Random, since two programs may draw at once without knowing of each other. */
enum psm_err
newkey_draw_id(struct psm_ctx *ctx, struct newkey *key)
{
	uint32_t drawn;

	for (int i = 0; i < ID_TRIES; i++) {
		if (PK11_GenerateRandom((unsigned char *)&drawn,
		                        sizeof drawn) != SECSuccess)
			return psm_fail_nss(ctx, PSM_E_INTERNAL,
			                    "no random numbers");
		key->id = (int32_t)(drawn & INT32_MAX);
		if (key->id == 0 || pending_exists(ctx, key->slot, key->id))
			continue;
		pending_label(key->id, key->is_ca, key->label);
		return PSM_OK;
	}
	return psm_fail(ctx, PSM_E_INTERNAL, "no request id is free");
}

static enum psm_err
generate(struct psm_ctx *ctx, struct newkey *key, bool session)
{
	PK11AttrFlags flags = PK11_ATTR_PRIVATE | PK11_ATTR_SENSITIVE;

	flags |= session ? PK11_ATTR_SESSION : PK11_ATTR_TOKEN;
	flags |= key->unextractable ? PK11_ATTR_UNEXTRACTABLE
	                            : PK11_ATTR_EXTRACTABLE;
	key->private = nu_key_generate(key->slot, key->type, key->bits, flags,
	                               &ctx->pin, &key->public);
	if (key->private == NULL)
		return psm_fail_nss(ctx, PSM_E_TOKEN, "\"%s\" made no key",
		                    PK11_GetTokenName(key->slot));
	key->on_token = !session;
	return PSM_OK;
}

static SECStatus
set_attribute(struct newkey *key, CK_ATTRIBUTE_TYPE type, const void *data,
              size_t len)
{
	SECItem item = { siBuffer, (unsigned char *)data, (unsigned)len };

	return PK11_WriteRawAttribute(PK11_TypePrivKey, key->private, type,
	                              &item);
}

/* What only tells people about the request. A foreign token may refuse it. */
static SECStatus
describe(struct newkey *key, const char *day)
{
	SECStatus subject = set_attribute(key, CKA_SUBJECT, key->subject->data,
	                                  key->subject->len);
	SECStatus date = set_attribute(key, CKA_START_DATE, day, DATE_LEN);

	return !PK11_IsInternal(key->slot) ||
	                       (subject == SECSuccess && date == SECSuccess)
	               ? SECSuccess
	               : SECFailure;
}

/* The label makes the key a request. */
static enum psm_err
mark(struct psm_ctx *ctx, struct newkey *key)
{
	char day[DATE_LEN + 1];
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(day, sizeof day, "%Y%m%d", &tm) != DATE_LEN)
		return psm_fail(ctx, PSM_E_INTERNAL, "no date can be had");
	if (describe(key, day) != SECSuccess ||
	    set_attribute(key, CKA_LABEL, key->label, strlen(key->label)) !=
	            SECSuccess)
		return psm_fail_nss(ctx, PSM_E_STORE,
		                    "cannot remember the request");
	return PSM_OK;
}

/* On the database the key is complete, label and all, before newkey_store()'s
 * one commit. Another token need not be able to copy keys: made in place. */
enum psm_err
newkey_make(struct psm_ctx *ctx, struct newkey *key)
{
	enum psm_err err = generate(ctx, key, PK11_IsInternal(key->slot));

	return err != PSM_OK ? err : mark(ctx, key);
}

enum psm_err
newkey_lock(struct psm_ctx *ctx, struct newkey *key)
{
	const CK_BBOOL no = CK_FALSE;

	if (set_attribute(key, CKA_EXTRACTABLE, &no, sizeof no) == SECSuccess)
		return PSM_OK;
	return psm_fail_nss(ctx, PSM_E_TOKEN,
	                    "\"%s\" cannot make the key unextractable",
	                    PK11_GetTokenName(key->slot));
}

/* The private half goes last: until it is there, there is no request. A public
 * half that an interruption leaves alone harms nobody. */
enum psm_err
newkey_store(struct psm_ctx *ctx, struct newkey *key)
{
	SECKEYPrivateKey *stored;
	CK_OBJECT_HANDLE public;
	enum psm_err err;

	if (key->on_token)
		return PSM_OK;
	public = PK11_ImportPublicKey(key->slot, key->public, PR_TRUE);
	if (public == CK_INVALID_HANDLE)
		return psm_fail_nss(ctx, PSM_E_STORE, "cannot store the key");
	stored = PK11_ConvertSessionPrivKeyToTokenPrivKey(key->private,
	                                                  &ctx->pin);
	if (stored == NULL) {
		err = psm_fail_nss(ctx, PSM_E_STORE, "cannot store the key");
		(void)PK11_DestroyTokenObject(key->slot, public);
		return err;
	}
	SECKEY_DestroyPrivateKey(key->private);
	key->private = stored;
	key->on_token = true;
	return PSM_OK;
}

void
newkey_delete(struct newkey *key)
{
	if (!key->on_token)
		return;
	(void)PK11_DestroyTokenObject(
	        key->slot,
	        PK11_GetObjectHandle(PK11_TypePrivKey, key->private, NULL));
	if (key->public->pkcs11Slot != NULL)
		(void)PK11_DestroyTokenObject(key->slot,
		                              key->public->pkcs11ID);
	key->on_token = false;
}
