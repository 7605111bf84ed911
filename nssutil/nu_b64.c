/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_b64.c - strict base64 and PEM armour. */

#include "nssutil/nu_b64.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"

enum {
	DIGIT = 0x80, /* with the six bits it stands for */
	SPACE = 0x40,
	LINE = 64
};

static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* What a character is: DIGIT and its value, SPACE, or 0. */
static const unsigned char kind[UCHAR_MAX + 1] = {
	['\t'] = SPACE, SPACE, SPACE, SPACE, SPACE, /* \t \n \v \f \r */
	[' '] = SPACE,
	['+'] = DIGIT | 62,
	['/'] = DIGIT | 63,
	['0'] = DIGIT | 52, DIGIT | 53, DIGIT | 54, DIGIT | 55, DIGIT | 56,
	        DIGIT | 57, DIGIT | 58, DIGIT | 59, DIGIT | 60, DIGIT | 61,
	['A'] = DIGIT | 0, DIGIT | 1, DIGIT | 2, DIGIT | 3, DIGIT | 4,
	        DIGIT | 5, DIGIT | 6, DIGIT | 7, DIGIT | 8, DIGIT | 9,
	        DIGIT | 10, DIGIT | 11, DIGIT | 12, DIGIT | 13, DIGIT | 14,
	        DIGIT | 15, DIGIT | 16, DIGIT | 17, DIGIT | 18, DIGIT | 19,
	        DIGIT | 20, DIGIT | 21, DIGIT | 22, DIGIT | 23, DIGIT | 24,
	        DIGIT | 25,
	['a'] = DIGIT | 26, DIGIT | 27, DIGIT | 28, DIGIT | 29, DIGIT | 30,
	        DIGIT | 31, DIGIT | 32, DIGIT | 33, DIGIT | 34, DIGIT | 35,
	        DIGIT | 36, DIGIT | 37, DIGIT | 38, DIGIT | 39, DIGIT | 40,
	        DIGIT | 41, DIGIT | 42, DIGIT | 43, DIGIT | 44, DIGIT | 45,
	        DIGIT | 46, DIGIT | 47, DIGIT | 48, DIGIT | 49, DIGIT | 50,
	        DIGIT | 51,
};

/* Text that is still to be read. */
struct text {
	const char *p, *end;
};

static unsigned
kind_of(char c)
{
	return kind[(unsigned char)c];
}

static void
skip_space(struct text *t)
{
	while (t->p < t->end && kind_of(*t->p) == SPACE)
		t->p++;
}

/* Skip word if it is next. */
static PRBool
skip_word(struct text *t, const char *word, size_t len)
{
	if ((size_t)(t->end - t->p) < len || memcmp(t->p, word, len) != 0)
		return PR_FALSE;
	t->p += len;
	return PR_TRUE;
}

static SECStatus
bad_data(void)
{
	PORT_SetError(SEC_ERROR_BAD_DATA);
	return SECFailure;
}

/* The bulk: four digits at a time, as long as they stand together. */
static unsigned char *
decode_fours(struct text *t, unsigned char *out)
{
	while (t->end - t->p >= 4) {
		unsigned a = kind_of(t->p[0]), b = kind_of(t->p[1]);
		unsigned c = kind_of(t->p[2]), d = kind_of(t->p[3]);

		if ((a & b & c & d & DIGIT) == 0)
			break;
		*out++ = (unsigned char)(a << 2 | (b >> 4 & 0x03));
		*out++ = (unsigned char)(b << 4 | (c >> 2 & 0x0f));
		*out++ = (unsigned char)(c << 6 | (d & 0x3f));
		t->p += 4;
	}
	return out;
}

/* Four digits with white space among them, or fewer before the padding or
 * the end: how many there are, and their bits. */
static unsigned
read_digits(struct text *t, uint32_t *ret_bits)
{
	uint32_t bits = 0;
	unsigned n = 0;

	for (; t->p < t->end && n < 4; t->p++) {
		unsigned k = kind_of(*t->p);

		if ((k & DIGIT) != 0) {
			bits = bits << 6 | (k & 0x3f);
			n++;
		} else if (k != SPACE) {
			break;
		}
	}
	*ret_bits = bits << 6 * (4 - n);
	return n;
}

/* The padding that n digits need, and nothing after it. */
static SECStatus
read_padding(struct text *t, unsigned n)
{
	unsigned pad = n == 0 ? 0 : 4 - n;

	if (pad > 2)
		return bad_data();
	while (pad-- > 0) {
		skip_space(t);
		if (!skip_word(t, "=", 1))
			return bad_data();
	}
	skip_space(t);
	return t->p == t->end ? SECSuccess : bad_data();
}

/* Decode all of t into out, which has room for three octets for every four
 * characters, begun fours included. */
static SECStatus
decode_into(struct text t, unsigned char *out, size_t *ret_len)
{
	unsigned char *start = out;
	uint32_t bits;
	unsigned n, i;

	do {
		out = decode_fours(&t, out);
		n = read_digits(&t, &bits);
		for (i = 0; i + 1 < n; i++, bits <<= 8)
			*out++ = (unsigned char)(bits >> 16);
	} while (n == 4);
	if ((bits & 0xffffff) != 0) /* bits that belong to no octet */
		return bad_data();
	if (read_padding(&t, n) != SECSuccess)
		return SECFailure;
	*ret_len = (size_t)(out - start);
	return SECSuccess;
}

static SECStatus
decode_text(struct text t, SECItem *ret_der)
{
	nu_auto_item der = { siBuffer, NULL, 0 };
	size_t room = ((size_t)(t.end - t.p) / 4 + 1) * 3, len;

	if (room > INT_MAX) {
		PORT_SetError(SEC_ERROR_INPUT_LEN);
		return SECFailure;
	}
	if (SECITEM_AllocItem(NULL, &der, (unsigned)room) == NULL)
		return SECFailure;
	if (decode_into(t, der.data, &len) != SECSuccess)
		return SECFailure;
	if (len == 0)
		return bad_data();
	*ret_der = (SECItem){ siBuffer, nu_take(der.data), (unsigned)len };
	return SECSuccess;
}

/* --- PEM --------------------------------------------------------------- */

static const char begin[] = "-----BEGIN ", finish[] = "-----END ";
static const char dashes[] = "-----";

#define SKIP(t, word) skip_word((t), (word), sizeof(word) - 1)

/* The rest of a BEGIN line: its label, and dashes with white space behind. A
 * form field may have made one line of it all. */
static PRBool
read_label(struct text *t, struct text *ret_label)
{
	struct text label = { t->p, t->p };

	while (label.end < t->end && *label.end != '-' && *label.end != '\n')
		label.end++;
	t->p = label.end;
	if (!SKIP(t, dashes) || t->p == t->end || kind_of(*t->p) != SPACE)
		return PR_FALSE;
	*ret_label = label;
	return PR_TRUE;
}

static PRBool
label_is(const struct text *label, const char *wanted)
{
	size_t len = (size_t)(label->end - label->p);

	return wanted == NULL ||
	       (strlen(wanted) == len && memcmp(wanted, label->p, len) == 0);
}

/* t stands behind "-----BEGIN ": split off the base64 and the END line. */
static SECStatus
read_block(struct text *t, const struct text *label, struct text *ret_body)
{
	struct text body = *t;

	body.end = memchr(body.p, '-', (size_t)(t->end - body.p));
	if (body.end == NULL)
		return bad_data();
	t->p = body.end;
	if (!SKIP(t, finish) ||
	    !skip_word(t, label->p, (size_t)(label->end - label->p)) ||
	    !SKIP(t, dashes))
		return bad_data();
	*ret_body = body;
	return SECSuccess;
}

static void
skip_line(struct text *t)
{
	const char *nl = memchr(t->p, '\n', (size_t)(t->end - t->p));

	t->p = nl != NULL ? nl + 1 : t->end;
}

/* Go to the first line that begins a block with this label. */
static SECStatus
find_block(struct text *t, const char *wanted, struct text *ret_label)
{
	for (; t->p < t->end; skip_line(t)) {
		if (SKIP(t, begin) && read_label(t, ret_label) &&
		    label_is(ret_label, wanted))
			return SECSuccess;
	}
	return bad_data();
}

SECStatus
nu_pem_decode(const char *text, size_t len, const char *label,
              SECItem *ret_der, const char **ret_rest)
{
	struct text t = { text, text + len }, found, body;

	if (find_block(&t, label, &found) != SECSuccess ||
	    read_block(&t, &found, &body) != SECSuccess ||
	    decode_text(body, ret_der) != SECSuccess)
		return SECFailure;
	if (ret_rest != NULL)
		*ret_rest = t.p;
	return SECSuccess;
}

SECStatus
nu_b64_decode(const char *text, size_t len, size_t max_len, SECItem *ret_der)
{
	struct text t = { text, text + len }, label;

	if (len > max_len) {
		PORT_SetError(SEC_ERROR_INPUT_LEN);
		return SECFailure;
	}
	skip_space(&t);
	if (SKIP(&t, begin)) {
		struct text body;

		if (!read_label(&t, &label) ||
		    read_block(&t, &label, &body) != SECSuccess)
			return bad_data();
		skip_space(&t);
		if (t.p != t.end)
			return bad_data();
		t = body;
	}
	return decode_text(t, ret_der);
}

/* --- encoding ---------------------------------------------------------- */

/* Up to three octets as four characters. */
static char *
encode_four(const unsigned char *in, size_t n, char *out)
{
	uint32_t bits = (uint32_t)in[0] << 16;

	if (n > 1)
		bits |= (uint32_t)in[1] << 8;
	if (n > 2)
		bits |= in[2];
	*out++ = alphabet[bits >> 18];
	*out++ = alphabet[bits >> 12 & 0x3f];
	*out++ = n > 1 ? alphabet[bits >> 6 & 0x3f] : '=';
	*out++ = n > 2 ? alphabet[bits & 0x3f] : '=';
	return out;
}

char *
nu_b64_encode(const SECItem *der)
{
	size_t chars = ((size_t)der->len + 2) / 3 * 4;
	char *text = malloc(chars + chars / LINE + 2), *out = text;
	size_t i;

	if (text == NULL)
		return NULL;
	for (i = 0; i < der->len; i += 3) {
		out = encode_four(der->data + i, der->len - i, out);
		if ((i / 3 + 1) * 4 % LINE == 0 || i + 3 >= der->len)
			*out++ = '\n';
	}
	*out = '\0';
	return text;
}

char *
nu_pem_encode(const char *label, const SECItem *der)
{
	nu_auto_mem char *body = nu_b64_encode(der);
	size_t size;
	char *text;

	if (body == NULL)
		return NULL;
	size = 2 * strlen(label) + strlen(body) + sizeof begin +
	       sizeof finish + 2 * sizeof dashes;
	text = malloc(size);
	if (text != NULL)
		snprintf(text, size, "%s%s%s\n%s%s%s%s\n", begin, label, dashes,
		         body, finish, label, dashes);
	return text;
}
