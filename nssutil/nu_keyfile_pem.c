/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_keyfile_pem.c - private keys in PEM, with the encryption of RFC 1421. */

#include "nssutil/nu_keyfile_int.h"

#include <string.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_err.h"
#include "nssutil/nu_p12_int.h"

enum { MAX_BLOCK = 16, MAX_KEY = 32, MD5_SIZE = 16, SALT_SIZE = 8 };

/* A piece of the file. */
struct span {
	const char *p, *end;
};

struct block {
	struct span label, headers;
	SECItem der; /* in the arena */
};

/* --- blocks ------------------------------------------------------------ */

static size_t
length(const struct span *s)
{
	return (size_t)(s->end - s->p);
}

/* s up to what, and *rest behind it. PR_FALSE: it is not there. */
static PRBool
split(const struct span *s, const char *what, struct span *ret_before,
      struct span *ret_behind)
{
	size_t len = strlen(what);
	const char *at = memmem(s->p, length(s), what, len);
	struct span whole = *s;

	if (at == NULL)
		return PR_FALSE;
	*ret_before = (struct span){ whole.p, at };
	*ret_behind = (struct span){ at + len, whole.end };
	return PR_TRUE;
}

static PRBool
ends_with(const struct span *s, const char *what)
{
	size_t len = strlen(what);

	return length(s) >= len && memcmp(s->end - len, what, len) == 0;
}

static PRBool
is_word(const struct span *s, const char *word)
{
	return length(s) == strlen(word) && ends_with(s, word);
}

/* The lines with a colon at the beginning of a block. */
static struct span
take_headers(struct span *body)
{
	struct span headers = { body->p, body->p }, line, rest;

	while (split(body, "\n", &line, &rest)) {
		PRBool is_header =
		        memchr(line.p, ':', length(&line)) != NULL;

		if (!is_header && headers.end > headers.p)
			break;
		body->p = rest.p;
		if (is_header)
			headers.end = rest.p;
		else if (length(&line) > 1) /* base64 has begun */
			break;
	}
	if (headers.end == headers.p)
		body->p = headers.p;
	return headers;
}

static SECStatus
decode_body(struct keyfile *kf, const struct span *body, SECItem *ret_der)
{
	nu_auto_item der = { siBuffer, NULL, 0 };

	if (nu_b64_decode(body->p, length(body), length(body), &der) !=
	            SECSuccess ||
	    SECITEM_CopyItem(kf->arena, ret_der, &der) != SECSuccess)
		return keyfile_damaged(kf);
	return SECSuccess;
}

/* The next block, whose body is decoded only if it is wanted. PR_FALSE: there
 * is none. */
static PRBool
next_block(struct span *text, struct block *block, struct span *ret_body)
{
	struct span skip, label, end;

	if (!split(text, "-----BEGIN ", &skip, text) ||
	    !split(text, "-----", &label, text) ||
	    !split(text, "-----END ", ret_body, text) ||
	    !split(text, "-----", &end, text))
		return PR_FALSE;
	block->label = label;
	block->headers = take_headers(ret_body);
	return length(&end) == length(&label) &&
	       memcmp(end.p, label.p, length(&label)) == 0;
}

/* --- encryption -------------------------------------------------------- */

static const struct cipher {
	const char *name;
	CK_MECHANISM_TYPE mechanism;
	unsigned key_len, block_len;
} ciphers[] = {
	{ "AES-128-CBC", CKM_AES_CBC, 16, 16 },
	{ "AES-192-CBC", CKM_AES_CBC, 24, 16 },
	{ "AES-256-CBC", CKM_AES_CBC, 32, 16 },
	{ "DES-EDE3-CBC", CKM_DES3_CBC, 24, 8 },
};

static const struct cipher *
find_cipher(const struct span *name)
{
	for (size_t i = 0; i < sizeof ciphers / sizeof ciphers[0]; i++) {
		if (is_word(name, ciphers[i].name))
			return &ciphers[i];
	}
	return NULL;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Exactly len octets, then the end of the line. */
static PRBool
read_iv(const struct span *hex, unsigned len, unsigned char *ret_iv)
{
	if (length(hex) < 2 * (size_t)len)
		return PR_FALSE;
	for (unsigned i = 0; i < len; i++) {
		int high = hex_digit(hex->p[2 * i]);
		int low = hex_digit(hex->p[2 * i + 1]);

		if (high < 0 || low < 0)
			return PR_FALSE;
		ret_iv[i] = (unsigned char)(high << 4 | low);
	}
	return hex->p[2 * len] == '\n' || hex->p[2 * len] == '\r';
}

/* OpenSSL's EVP_BytesToKey(), once round: MD5 of what came last, password and
 * salt, until there is enough. */
static SECStatus
derive_key(const struct keyfile *kf, const unsigned char *salt, unsigned len,
           unsigned char *ret_key)
{
	size_t pw_len = strlen(kf->password);
	size_t size = MD5_SIZE + pw_len + SALT_SIZE, from = MD5_SIZE;
	unsigned char *input = PORT_ArenaAlloc(kf->arena, size);

	if (input == NULL)
		return SECFailure;
	memcpy(input + MD5_SIZE, kf->password, pw_len);
	memcpy(input + MD5_SIZE + pw_len, salt, SALT_SIZE);
	for (unsigned done = 0; done < len; done += MD5_SIZE, from = 0) {
		unsigned n = len - done < MD5_SIZE ? len - done : MD5_SIZE;

		if (PK11_HashBuf(SEC_OID_MD5, input, input + from,
		                 (PRInt32)(size - from)) != SECSuccess)
			return SECFailure;
		memcpy(ret_key + done, input, n);
	}
	return SECSuccess;
}

/* In FIPS mode NSS takes no such key. */
static SECStatus
fail_mode(struct keyfile *kf)
{
	return keyfile_fail_nss(kf, NU_KEYFILE_UNSUPPORTED,
	                        "is encrypted in a way that this mode of NSS "
	                        "does not allow");
}

static SECStatus
run_cipher(struct keyfile *kf, const struct cipher *cipher,
           unsigned char *octets, unsigned char *iv, const SECItem *data,
           SECItem *ret_plain)
{
	nu_auto(PK11SlotInfo) slot = p12_slot(kf->wincx);
	nu_auto(PK11SymKey) key = NULL;
	SECItem raw = { siBuffer, octets, cipher->key_len };
	SECItem param = { siBuffer, iv, cipher->block_len };
	SECItem out = { siBuffer, NULL, 0 };

	if (slot == NULL)
		return fail_mode(kf);
	key = PK11_ImportSymKey(slot, cipher->mechanism, PK11_OriginUnwrap,
	                        CKA_DECRYPT, &raw, kf->wincx);
	if (key == NULL)
		return fail_mode(kf);
	if (SECITEM_AllocItem(kf->arena, &out, data->len + MAX_BLOCK) == NULL ||
	    PK11_Decrypt(key, PK11_GetPadMechanism(cipher->mechanism), &param,
	                 out.data, &out.len, out.len, data->data,
	                 data->len) != SECSuccess)
		return keyfile_wrong_password(kf);
	*ret_plain = out;
	return SECSuccess;
}

static SECStatus
decrypt(struct keyfile *kf, const struct cipher *cipher, unsigned char *iv,
        const SECItem *data, SECItem *ret_plain)
{
	unsigned char key[MAX_KEY];
	SECStatus rv = derive_key(kf, iv, cipher->key_len, key);

	rv = rv == SECSuccess
	             ? run_cipher(kf, cipher, key, iv, data, ret_plain)
	             : fail_mode(kf);
	explicit_bzero(key, sizeof key);
	return rv;
}

/* "DEK-Info: AES-256-CBC,0123..." */
static SECStatus
open_block(struct keyfile *kf, const struct block *block, SECItem *ret_plain)
{
	unsigned char iv[MAX_BLOCK];
	const struct cipher *cipher;
	struct span before, info, name;

	if (!split(&block->headers, "DEK-Info:", &before, &info) ||
	    !split(&info, ",", &name, &info))
		return keyfile_damaged(kf);
	while (name.p < name.end && *name.p == ' ')
		name.p++;
	cipher = find_cipher(&name);
	if (cipher == NULL)
		return keyfile_fail(kf, NU_KEYFILE_UNSUPPORTED,
		                    "is encrypted in an unknown way");
	if (!read_iv(&info, cipher->block_len, iv))
		return keyfile_damaged(kf);
	if (kf->password == NULL)
		return keyfile_needs_password(kf);
	return decrypt(kf, cipher, iv, &block->der, ret_plain);
}

/* --- the key ----------------------------------------------------------- */

static PRBool
is_encrypted(const struct block *block)
{
	struct span before, behind;

	return split(&block->headers, "ENCRYPTED", &before, &behind);
}

static SECStatus
read_block(struct keyfile *kf, const struct block *block)
{
	SECItem plain = { siBuffer, NULL, 0 };

	if (!is_encrypted(block))
		return keyfile_read_der(kf, &block->der);
	PORT_SetError(0);
	if (open_block(kf, block, &plain) != SECSuccess)
		return SECFailure;
	kf->was_opened = PR_TRUE;
	return keyfile_read_der(kf, &plain);
}

SECStatus
keyfile_read_pem(struct keyfile *kf, const char *text, size_t len)
{
	struct span rest = { text, text + len }, body;
	struct block block;

	while (next_block(&rest, &block, &body)) {
		if (is_word(&block.label, "EC PARAMETERS")) {
			if (decode_body(kf, &body, &kf->curve) != SECSuccess)
				return SECFailure;
			continue;
		}
		if (!ends_with(&block.label, "PRIVATE KEY"))
			continue;
		if (is_word(&block.label, "OPENSSH PRIVATE KEY"))
			return keyfile_fail(kf, NU_KEYFILE_UNSUPPORTED,
			                    "is in OpenSSH's own format");
		return decode_body(kf, &body, &block.der) == SECSuccess
		               ? read_block(kf, &block)
		               : SECFailure;
	}
	return keyfile_fail(kf, NU_KEYFILE_DAMAGED, "holds no private key");
}
