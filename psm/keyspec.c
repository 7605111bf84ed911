/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* keyspec.c - the kind of key that a page asks for, in its own words. */

#include <certt.h>
#include <string.h>

#include <secerr.h>
#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "psm/internal.h"

#define BLANKS " \t\r\n\v\f"

enum {
	RSA_MIN_BITS = 2048,
	RSA_WEAK_BITS = 1024,
	RSA_MAX_BITS = 4096,
	RSA_STEP = 256,
	DSA_BITS = 2048
};
enum {
	SIGN = KU_DIGITAL_SIGNATURE,
	COMMIT = KU_NON_REPUDIATION,
	ENCIPHER = KU_KEY_ENCIPHERMENT,
	AGREE = KU_KEY_AGREEMENT
};

static const struct algorithm {
	const char *name;
	KeyType type;
	bool exchange; /* it cannot sign: proved otherwise, and escrowed */
	unsigned usage;
} algorithms[] = {
	{ "rsa-ex", rsaKey, true, ENCIPHER },
	{ "rsa-dual-use", rsaKey, false, SIGN | COMMIT | ENCIPHER },
	{ "rsa-sign", rsaKey, false, SIGN },
	{ "rsa-nonrepudiation", rsaKey, false, COMMIT },
	{ "rsa-sign-nonrepudiation", rsaKey, false, SIGN | COMMIT },
	{ "ec-ex", ecKey, true, AGREE },
	{ "ec-dual-use", ecKey, false, SIGN | COMMIT | AGREE },
	{ "ec-sign", ecKey, false, SIGN },
	{ "ec-nonrepudiation", ecKey, false, COMMIT },
	{ "ec-sign-nonrepudiation", ecKey, false, SIGN | COMMIT },
	{ "dsa-sign", dsaKey, false, SIGN },
	{ "dsa-nonrepudiation", dsaKey, false, COMMIT },
	{ "dsa-sign-nonrepudiation", dsaKey, false, SIGN | COMMIT },
};

static const struct curve {
	unsigned bits;
	SECOidTag oid;
	const char *names[4]; /* NIST's in two spellings, SEC's and X9.62's */
} curves[] = {
	{ 256, SEC_OID_SECG_EC_SECP256R1,
	  { "nistp256", "P-256", "secp256r1", "prime256v1" } },
	{ 384, SEC_OID_SECG_EC_SECP384R1,
	  { "nistp384", "P-384", "secp384r1" } },
	{ 521, SEC_OID_SECG_EC_SECP521R1,
	  { "nistp521", "P-521", "secp521r1" } },
};

/* A piece of the page's text. */
struct word {
	const char *text;
	size_t len;
};

static struct word
trim(const char *text, size_t len)
{
	struct word word = { text, len };

	while (word.len > 0 && strchr(BLANKS, *word.text) != NULL) {
		word.text++;
		word.len--;
	}
	while (word.len > 0 && strchr(BLANKS, word.text[word.len - 1]) != NULL)
		word.len--;
	return word;
}

static bool
is(struct word word, const char *name)
{
	return strlen(name) == word.len &&
	       memcmp(word.text, name, word.len) == 0;
}

/* Does word begin with "<key>="? Then it becomes what is behind that. */
static bool
skip_key(struct word *word, const char *key)
{
	size_t n = strlen(key);

	if (word->len < n || memcmp(word->text, key, n) != 0)
		return false;
	*word = trim(word->text + n, word->len - n);
	return true;
}

void
keyspec_clear(struct keyspec *spec)
{
	pagecert_clear(&spec->popcert);
}

static const struct algorithm *
find_algorithm(const char *text)
{
	struct word word = trim(text, strlen(text));

	for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
		if (is(word, algorithms[i].name))
			return &algorithms[i];
	}
	return NULL;
}

static enum psm_err
parse_algorithm(struct psm_ctx *ctx, const char *text, unsigned flags,
                struct keyspec *spec)
{
	const struct algorithm *found = text ? find_algorithm(text) : NULL;

	if (found == NULL)
		return psm_fail_param(ctx, "keyGenAlg",
		                      "\"%s\" is no key generation algorithm",
		                      text != NULL ? text : "");
	if (found->type == dsaKey && !(flags & PSM_REQUEST_ALLOW_WEAK))
		return psm_fail_param(ctx, "keyGenAlg",
		                      "\"%s\": DSA is not made unless weak "
		                      "keys are allowed", found->name);
	spec->type = found->type;
	spec->exchange = found->exchange;
	spec->key_usage = found->usage;
	return PSM_OK;
}

/* --- RSA and DSA: a size ------------------------------------------------- */

static bool
is_offered(KeyType type, int size, unsigned flags)
{
	int least = flags & PSM_REQUEST_ALLOW_WEAK ? RSA_WEAK_BITS
	                                           : RSA_MIN_BITS;

	if (type == dsaKey)
		return size == DSA_BITS;
	return size >= least && size <= RSA_MAX_BITS && size % RSA_STEP == 0;
}

static enum psm_err
parse_size(struct psm_ctx *ctx, const struct psm_key_request *from,
           unsigned flags, struct keyspec *spec)
{
	int size = from->size > 0 ? from->size
	           : spec->type == dsaKey ? DSA_BITS
	                                  : RSA_MIN_BITS;

	if (from->params != NULL)
		return psm_fail_param(ctx, "keyParams",
		                      "\"%s\" takes no parameters, not even "
		                      "empty ones", from->alg);
	if (!is_offered(spec->type, size, flags))
		return psm_fail_param(ctx, "keySize",
		                      "\"%s\" is not offered with %d bits",
		                      from->alg, size);
	spec->bits = (unsigned)size;
	return PSM_OK;
}

/* --- EC: "curve=NAME;popcert=BASE64" ------------------------------------- */

static const struct curve *
find_curve(struct word word)
{
	for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
		for (size_t j = 0; j < 4 && curves[i].names[j] != NULL; j++) {
			if (is(word, curves[i].names[j]))
				return &curves[i];
		}
	}
	return NULL;
}

static const struct curve *
curve_of_size(int size)
{
	for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
		if ((int)curves[i].bits == size)
			return &curves[i];
	}
	return &curves[0];
}

static enum psm_err
parse_curve(struct psm_ctx *ctx, struct word name, const struct curve **curve)
{
	if (*curve != NULL)
		return psm_fail_param(ctx, "keyParams",
		                      "two curves are named");
	*curve = find_curve(name);
	if (*curve == NULL)
		return psm_fail_param(ctx, "keyParams",
		                      "\"%.*s\" is no curve that is offered",
		                      (int)name.len, name.text);
	return PSM_OK;
}

static enum psm_err
parse_popcert(struct psm_ctx *ctx, struct word base64, struct keyspec *spec)
{
	if (spec->popcert.der.data != NULL)
		return psm_fail_param(ctx, "keyParams",
		                      "two certificates are given as popcert");
	if (pagecert_read(ctx, base64.text, base64.len, &spec->popcert) ==
	    SECSuccess)
		return PSM_OK;
	if (PORT_GetError() == SEC_ERROR_NO_MEMORY)
		return psm_fail_nss(ctx, PSM_E_NO_MEMORY, "popcert");
	return psm_fail_param(ctx, "keyParams",
	                      "popcert is no certificate in base64");
}

static enum psm_err
parse_word(struct psm_ctx *ctx, struct word word, struct keyspec *spec,
           const struct curve **curve)
{
	if (word.len == 0)
		return PSM_OK;
	if (skip_key(&word, "curve="))
		return parse_curve(ctx, word, curve);
	if (skip_key(&word, "popcert="))
		return parse_popcert(ctx, word, spec);
	return psm_fail_param(ctx, "keyParams", "what does \"%.*s\" mean?",
	                      (int)(word.len < 40 ? word.len : 40), word.text);
}

static enum psm_err
parse_words(struct psm_ctx *ctx, const char *text, struct keyspec *spec,
            const struct curve **curve)
{
	enum psm_err err = PSM_OK;
	size_t len;

	for (; err == PSM_OK && *text != '\0'; text += len) {
		len = strcspn(text, ";");
		err = parse_word(ctx, trim(text, len), spec, curve);
		len += text[len] == ';';
	}
	return err;
}

/* An agreement needs two keys on one curve. */
static enum psm_err
check_popcert(struct psm_ctx *ctx, const struct keyspec *spec,
              const struct curve *curve)
{
	SECKEYPublicKey *key = spec->popcert.public;
	struct nu_tlv oid;
	struct nu_der r;

	if (key == NULL)
		return PSM_OK;
	if (SECKEY_GetPublicKeyType(key) == ecKey) {
		r = nu_der_reader(&key->u.ec.DEREncodedParams);
		if (nu_der_get(&r, NU_OID, &oid) == SECSuccess &&
		    SECOID_FindOIDTag(&oid.value) == curve->oid)
			return PSM_OK;
	}
	return psm_fail_param(ctx, "keyParams",
	                      "popcert's key is not on the curve %s",
	                      curve->names[0]);
}

static enum psm_err
parse_ec(struct psm_ctx *ctx, const struct psm_key_request *from,
         struct keyspec *spec)
{
	const struct curve *curve = NULL;
	enum psm_err err = PSM_OK;

	if (from->params != NULL)
		err = parse_words(ctx, from->params, spec, &curve);
	if (err != PSM_OK)
		return err;
	if (curve == NULL)
		curve = curve_of_size(from->size);
	spec->bits = curve->bits;
	return check_popcert(ctx, spec, curve);
}

enum psm_err
keyspec_parse(struct psm_ctx *ctx, const struct psm_key_request *from,
              unsigned flags, struct keyspec *spec)
{
	enum psm_err err = parse_algorithm(ctx, from->alg, flags, spec);

	if (err != PSM_OK)
		return err;
	return spec->type == ecKey ? parse_ec(ctx, from, spec)
	                           : parse_size(ctx, from, flags, spec);
}
