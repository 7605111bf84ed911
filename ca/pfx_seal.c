/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* pfx_seal.c - AES-256 over a request */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <pk11pub.h>
#include <secerr.h>

#include "ca/pfx_int.h"
#include "nssutil/nu_cipher.h"
#include "nssutil/nu_err.h"

enum { BLOCK = NU_CIPHER_BLOCK };

/* What comes before the text and behind it. */
static const struct form {
	enum nu_cipher cipher;
	unsigned iv, tag;
	bool padded;
} forms[] = {
	[PFX_CBC] = { NU_CIPHER_CBC, BLOCK, 0, true },
	[PFX_GCM] = { NU_CIPHER_GCM, 12, NU_CIPHER_TAG, false },
	[PFX_ECB] = { NU_CIPHER_ECB, 0, 0, true },
};

enum psm_err
pfx_error(enum psm_err err)
{
	PRErrorCode why = PORT_GetError();

	if (why == SEC_ERROR_NO_MEMORY || why == PR_OUT_OF_MEMORY_ERROR)
		return PSM_E_NO_MEMORY;
	if (why == SEC_ERROR_TOKEN_NOT_LOGGED_IN)
		return PSM_E_PASSWORD;
	return nu_err_is_trouble(why) ? PSM_E_STORE : err;
}

SECItem
pfx_item(const void *data, size_t len)
{
	return (SECItem){ siBuffer, (unsigned char *)(uintptr_t)data,
		          (unsigned)len };
}

enum psm_err
pfx_hand_out(const SECItem *octets, unsigned char **ret_octets, size_t *ret_len)
{
	unsigned char *kept = malloc((size_t)octets->len + 1);

	if (kept == NULL)
		return PSM_E_NO_MEMORY;
	if (octets->len > 0)
		memcpy(kept, octets->data, octets->len);
	kept[octets->len] = '\0';
	*ret_octets = kept;
	*ret_len = octets->len;
	return PSM_OK;
}

void
pfx_wipe(unsigned char *text, size_t len)
{
	if (text != NULL)
		explicit_bzero(text, len);
	free(text);
}

/* --- sealing ------------------------------------------------------------ */

/* The text, padded (RFC 5652, 6.3) if the form wants that; pfx_wipe() it. */
static unsigned char *
pad(const struct form *form, const void *text, size_t len, SECItem *ret_padded)
{
	size_t n = form->padded ? BLOCK - len % BLOCK : 0;
	unsigned char *padded = malloc(len + n + 1);

	if (padded == NULL)
		return NULL;
	if (len > 0)
		memcpy(padded, text, len);
	memset(padded + len, (int)n, n);
	*ret_padded = pfx_item(padded, len + n);
	return padded;
}

static enum psm_err
seal_padded(const struct form *form, const SECItem *key, const SECItem *text,
            unsigned char **ret_sealed, size_t *ret_len)
{
	size_t size = (size_t)form->iv + text->len + form->tag;
	unsigned char *sealed = malloc(size);
	SECItem iv = pfx_item(sealed, form->iv), out;

	if (sealed == NULL)
		return PSM_E_NO_MEMORY;
	out = pfx_item(sealed + form->iv, size - form->iv);
	if ((iv.len > 0 &&
	     PK11_GenerateRandom(iv.data, (int)iv.len) != SECSuccess) ||
	    nu_cipher_encrypt(form->cipher, key, &iv, text, NULL, &out) !=
	            SECSuccess) {
		free(sealed);
		return pfx_error(PSM_E_INTERNAL);
	}
	*ret_sealed = sealed;
	*ret_len = form->iv + out.len;
	return PSM_OK;
}

enum psm_err
pfx_seal(enum pfx_cipher cipher, const unsigned char key[PFX_KEY_SIZE],
         const void *text, size_t len, unsigned char **ret_sealed,
         size_t *ret_len)
{
	const struct form *form = &forms[cipher];
	SECItem key_item = pfx_item(key, PFX_KEY_SIZE), padded;
	unsigned char *copy;
	enum psm_err err;

	if (len > PFX_TEXT_MAX - form->iv - form->tag - BLOCK)
		return PSM_E_ARGUMENT;
	copy = pad(form, text, len, &padded);
	if (copy == NULL)
		return PSM_E_NO_MEMORY;
	err = seal_padded(form, &key_item, &padded, ret_sealed, ret_len);
	pfx_wipe(copy, padded.len);
	return err;
}

/* --- opening ------------------------------------------------------------ */

/* All bits if a <= b, else none; both are small. */
static uint32_t
mask_le(uint32_t a, uint32_t b)
{
	return 0 - ((a - b - 1) >> 31);
}

static uint32_t
mask_eq(uint32_t a, uint32_t b)
{
	return mask_le(a, b) & mask_le(b, a);
}

/* The length without padding; all of it when the padding is wrong. The octets
 * that go become zero. The same steps whatever they are. */
static size_t
unpad(unsigned char *text, size_t len)
{
	uint32_t n = text[len - 1];
	uint32_t good = mask_le(1, n) & mask_le(n, BLOCK);

	for (uint32_t i = 1; i <= BLOCK; i++)
		good &= mask_eq(text[len - i], n) | ~mask_le(i, n);
	n &= good;
	for (uint32_t i = 1; i <= BLOCK; i++)
		text[len - i] &= (unsigned char)~mask_le(i, n);
	return len - n;
}

static bool
is_sealed(const struct form *form, size_t len)
{
	size_t least = form->iv + (form->padded ? BLOCK : form->tag);

	return len >= least && len <= PFX_TEXT_MAX &&
	       (!form->padded || len % BLOCK == 0);
}

enum psm_err
pfx_open(enum pfx_cipher cipher, const unsigned char key[PFX_KEY_SIZE],
         const void *sealed, size_t len, unsigned char **ret_text,
         size_t *ret_len)
{
	const struct form *form = &forms[cipher];
	SECItem key_item = pfx_item(key, PFX_KEY_SIZE);
	SECItem iv = pfx_item(sealed, form->iv), in, out;
	unsigned char *text;

	if (!is_sealed(form, len))
		return PSM_E_REQUEST;
	in = pfx_item((const unsigned char *)sealed + form->iv, len - form->iv);
	text = calloc(1, (size_t)in.len + 1);
	if (text == NULL)
		return PSM_E_NO_MEMORY;
	out = pfx_item(text, in.len);
	if (nu_cipher_decrypt(form->cipher, &key_item, &iv, &in, NULL, &out) !=
	    SECSuccess) {
		pfx_wipe(text, in.len);
		return pfx_error(PSM_E_REQUEST);
	}
	*ret_len = form->padded ? unpad(text, out.len) : out.len;
	text[out.len] = '\0';
	*ret_text = text;
	return PSM_OK;
}
