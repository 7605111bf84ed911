/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_der.c - strict DER, read as slices and written inside out. */

#include "nssutil/nu_der.h"

#include <stdint.h>
#include <stdio.h>

#include <secerr.h>

#include "nssutil/nu_auto.h"

enum {
	CLASS = 0xc0,
	CONSTRUCTED = 0x20,
	NUMBER = 0x1f,
	MAX_DIGITS = 1024,    /* of a decimal: its conversion is quadratic */
	MAX_LEN = 0x7ffffff0, /* of an element: an arena gives no more */
	LIMB = 1000000000     /* what a limb of a decimal stays below */
};

SECStatus
nu_der_bad(void)
{
	PORT_SetError(SEC_ERROR_BAD_DER);
	return SECFailure;
}

struct nu_der
nu_der_reader(const SECItem *contents)
{
	struct nu_der r = { contents->data, contents->data };

	if (contents->len > 0)
		r.end += contents->len;
	return r;
}

PRBool
nu_der_at_end(const struct nu_der *r)
{
	return r->next == r->end;
}

int
nu_der_peek(const struct nu_der *r)
{
	return nu_der_at_end(r) ? -1 : *r->next;
}

SECStatus
nu_der_end(const struct nu_der *r)
{
	return nu_der_at_end(r) ? SECSuccess : nu_der_bad();
}

/* A universal type is always constructed or never: X.690, 10.2. Its number 0
 * is BER's end of contents. */
static PRBool
tag_is_der(unsigned char tag)
{
	const uint32_t constructed =
	        1u << 8 | 1u << 11 | 1u << 16 | 1u << 17 | 1u << 29;
	unsigned number = tag & NUMBER;

	if (number == NUMBER) /* the start of a high tag number */
		return PR_FALSE;
	if ((tag & CLASS) != 0)
		return PR_TRUE;
	return number != 0 && ((tag & CONSTRUCTED) != 0) ==
	                              ((constructed >> number & 1) != 0);
}

static SECStatus
read_length(struct nu_der *r, size_t *ret_len)
{
	size_t n, len = 0;

	if (nu_der_at_end(r))
		return nu_der_bad();
	n = *r->next++;
	if (n < 0x80) {
		*ret_len = n;
		return SECSuccess;
	}
	n &= 0x7f;
	if (n == 0 || n > 4 || n > (size_t)(r->end - r->next) || *r->next == 0)
		return nu_der_bad();
	while (n-- > 0)
		len = len << 8 | *r->next++;
	if (len < 0x80)
		return nu_der_bad();
	*ret_len = len;
	return SECSuccess;
}

SECStatus
nu_der_any(struct nu_der *r, struct nu_tlv *ret_tlv)
{
	struct nu_der at = *r;
	size_t len = 0;

	if (nu_der_at_end(&at) || !tag_is_der(*at.next++) ||
	    read_length(&at, &len) != SECSuccess ||
	    len > (size_t)(at.end - at.next))
		return nu_der_bad();
	ret_tlv->tag = *r->next;
	ret_tlv->value = (SECItem){ siBuffer, (unsigned char *)at.next,
		                    (unsigned)len };
	at.next += len;
	ret_tlv->whole = (SECItem){ siBuffer, (unsigned char *)r->next,
		                    (unsigned)(at.next - r->next) };
	*r = at;
	return SECSuccess;
}

SECStatus
nu_der_get(struct nu_der *r, unsigned char tag, struct nu_tlv *ret_tlv)
{
	if (nu_der_peek(r) != tag)
		return nu_der_bad();
	return nu_der_any(r, ret_tlv);
}

SECStatus
nu_der_optional(struct nu_der *r, unsigned char tag, PRBool *ret_found,
                struct nu_tlv *ret_tlv)
{
	PRBool found = nu_der_peek(r) == tag;

	if (found && nu_der_any(r, ret_tlv) != SECSuccess)
		return SECFailure;
	*ret_found = found;
	return SECSuccess;
}

/* X.690, 8.3.2: the first nine bits are neither all zero nor all one. */
static PRBool
integer_is_shortest(const unsigned char *p, size_t len)
{
	if (len < 2)
		return len == 1;
	return !(p[0] == 0x00 && p[1] < 0x80) &&
	       !(p[0] == 0xff && p[1] >= 0x80);
}

SECStatus
nu_der_integer(struct nu_der *r, SECItem *ret_octets)
{
	struct nu_tlv tlv;

	if (nu_der_get(r, NU_INTEGER, &tlv) != SECSuccess)
		return SECFailure;
	if (!integer_is_shortest(tlv.value.data, tlv.value.len))
		return nu_der_bad();
	*ret_octets = tlv.value;
	return SECSuccess;
}

/* RFC 3629, clause 4. */
size_t
nu_der_utf8_length(const unsigned char *p, size_t avail)
{
	unsigned char low = 0x80, high = 0xbf; /* bounds of the second octet */
	size_t i, n;

	if (p[0] < 0x80)
		return p[0] != 0;
	n = p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 :
	    p[0] < 0xf5 ? 4 : 0;
	if (n == 0 || n > avail)
		return 0;
	if (p[0] == 0xe0 || p[0] == 0xf0)
		low = p[0] == 0xe0 ? 0xa0 : 0x90;
	if (p[0] == 0xed || p[0] == 0xf4)
		high = p[0] == 0xed ? 0x9f : 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (i = 2; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

PRBool
nu_der_is_text(const SECItem *text)
{
	size_t i, n;

	for (i = 0; i < text->len; i += n) {
		n = nu_der_utf8_length(text->data + i, text->len - i);
		if (n == 0)
			return PR_FALSE;
	}
	return PR_TRUE;
}

SECStatus
nu_der_text(struct nu_der *r, SECItem *ret_text)
{
	struct nu_tlv tlv;

	if (nu_der_get(r, NU_UTF8_STRING, &tlv) != SECSuccess)
		return SECFailure;
	if (!nu_der_is_text(&tlv.value))
		return nu_der_bad();
	*ret_text = tlv.value;
	return SECSuccess;
}

/* A BIT STRING's octets, and how many bits of the last are unused; they
 * are zero (X.690, 11.2.1). */
static SECStatus
read_bits(struct nu_der *r, SECItem *ret_octets, unsigned *ret_unused)
{
	struct nu_tlv tlv;
	unsigned unused;

	if (nu_der_get(r, NU_BIT_STRING, &tlv) != SECSuccess)
		return SECFailure;
	if (tlv.value.len == 0)
		return nu_der_bad();
	unused = tlv.value.data[0];
	if (unused > 7 || (tlv.value.len == 1 && unused > 0) ||
	    (tlv.value.data[tlv.value.len - 1] & ((1u << unused) - 1)) != 0)
		return nu_der_bad();
	*ret_octets = (SECItem){ siBuffer, tlv.value.data + 1,
		                 tlv.value.len - 1 };
	*ret_unused = unused;
	return SECSuccess;
}

SECStatus
nu_der_bits(struct nu_der *r, SECItem *ret_octets)
{
	SECItem octets;
	unsigned unused;

	if (read_bits(r, &octets, &unused) != SECSuccess)
		return SECFailure;
	if (unused != 0)
		return nu_der_bad();
	*ret_octets = octets;
	return SECSuccess;
}

SECStatus
nu_der_named_bits(struct nu_der *r, unsigned long *ret_bits)
{
	unsigned long bits = 0;
	SECItem octets;
	unsigned unused, i;

	if (read_bits(r, &octets, &unused) != SECSuccess)
		return SECFailure;
	if (octets.len > sizeof bits)
		return nu_der_bad();
	for (i = 0; i < octets.len * 8; i++) {
		if (octets.data[i / 8] & (0x80 >> i % 8))
			bits |= 1ul << i;
	}
	*ret_bits = bits;
	return SECSuccess;
}

SECStatus
nu_der_count(const struct nu_der *r, size_t max, size_t *ret_n)
{
	struct nu_der at = *r;
	struct nu_tlv tlv;
	size_t n;

	for (n = 0; !nu_der_at_end(&at); n++) {
		if (nu_der_any(&at, &tlv) != SECSuccess)
			return SECFailure;
		if (n == max) {
			PORT_SetError(SEC_ERROR_INPUT_LEN);
			return SECFailure;
		}
	}
	*ret_n = n;
	return SECSuccess;
}

SECStatus
nu_der_only(const SECItem *der, unsigned char tag, struct nu_der *ret_contents)
{
	struct nu_der r = nu_der_reader(der);
	struct nu_tlv tlv;

	if (nu_der_get(&r, tag, &tlv) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return SECFailure;
	*ret_contents = nu_der_reader(&tlv.value);
	return SECSuccess;
}

static SECStatus
check_contents(struct nu_der r, unsigned depth)
{
	struct nu_tlv tlv;

	while (!nu_der_at_end(&r)) {
		if (nu_der_any(&r, &tlv) != SECSuccess)
			return SECFailure;
		if ((tlv.tag & CONSTRUCTED) == 0)
			continue;
		if (depth == 0)
			return nu_der_bad();
		if (check_contents(nu_der_reader(&tlv.value), depth - 1) !=
		    SECSuccess)
			return SECFailure;
	}
	return SECSuccess;
}

SECStatus
nu_der_check(const SECItem *der, unsigned max_depth)
{
	struct nu_der r = nu_der_reader(der);
	struct nu_tlv tlv;

	if (nu_der_any(&r, &tlv) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return SECFailure;
	return check_contents(nu_der_reader(der), max_depth);
}

/* --- INTEGER octets ---------------------------------------------------- */

SECStatus
nu_der_to_long(const SECItem *octets, long *ret_value)
{
	unsigned long v;
	unsigned i;

	if (octets->len == 0 || octets->len > sizeof v)
		return nu_der_bad();
	v = octets->data[0] & 0x80 ? ~0ul : 0;
	for (i = 0; i < octets->len; i++)
		v = v << 8 | octets->data[i];
	*ret_value = (long)v;
	return SECSuccess;
}

/* number = number * factor + addend, in limbs, the lowest first. */
static size_t
multiply_add(uint32_t *limb, size_t n, unsigned factor, unsigned addend)
{
	uint64_t carry = addend;
	size_t i;

	for (i = 0; i < n; i++) {
		carry += (uint64_t)limb[i] * factor;
		limb[i] = (uint32_t)(carry % LIMB);
		carry /= LIMB;
	}
	if (carry > 0)
		limb[n++] = (uint32_t)carry;
	return n;
}

static char *
limbs_to_text(const uint32_t *limb, size_t n, PRBool negative)
{
	size_t size = n * 9 + 3;
	char *text = malloc(size), *p = text;

	if (text == NULL)
		return NULL;
	p += snprintf(p, size, "%s%u", negative ? "-" : "",
	              n > 0 ? (unsigned)limb[n - 1] : 0);
	while (n-- > 1)
		p += snprintf(p, size - (size_t)(p - text), "%09u",
		              (unsigned)limb[n - 1]);
	return text;
}

char *
nu_der_to_decimal(const SECItem *octets)
{
	/* a limb holds three octets and a bit */
	nu_auto_mem uint32_t *limb = calloc(octets->len / 3 + 2, sizeof *limb);
	PRBool negative = octets->len > 0 && (octets->data[0] & 0x80) != 0;
	size_t i, n = 0;

	if (limb == NULL)
		return NULL;
	for (i = 0; i < octets->len; i++)
		n = multiply_add(limb, n, 256,
		                 octets->data[i] ^ (negative ? 0xffu : 0));
	if (negative) /* |x| is ~x + 1 */
		n = multiply_add(limb, n, 1, 1);
	return limbs_to_text(limb, n, negative);
}

/* Drop leading octets that the shortest form does not have. */
static void
shorten(SECItem *octets)
{
	while (octets->len > 1 &&
	       !integer_is_shortest(octets->data, octets->len)) {
		octets->data++;
		octets->len--;
	}
}

/* Two's complement of the same length. */
static void
negate(SECItem *octets)
{
	unsigned carry = 1, i;

	for (i = octets->len; i-- > 0;) {
		carry += octets->data[i] ^ 0xffu;
		octets->data[i] = (unsigned char)carry;
		carry >>= 8;
	}
}

static void
push_digit(SECItem *octets, unsigned digit)
{
	unsigned carry = digit, i;

	for (i = octets->len; i-- > 0;) {
		carry += octets->data[i] * 10u;
		octets->data[i] = (unsigned char)carry;
		carry >>= 8;
	}
}

SECStatus
nu_der_from_decimal(PLArenaPool *arena, const char *text, SECItem *ret_octets)
{
	const char *digits = text + (text[0] == '-');
	size_t n = strlen(digits);
	SECItem octets = { siBuffer, NULL, 0 };

	if (n == 0 || n > MAX_DIGITS || strspn(digits, "0123456789") != n) {
		PORT_SetError(SEC_ERROR_INVALID_ARGS);
		return SECFailure;
	}
	octets.len = (unsigned)(n / 2 + 2); /* a digit has under four bits */
	octets.data = PORT_ArenaZAlloc(arena, octets.len);
	if (octets.data == NULL)
		return SECFailure;
	while (n-- > 0)
		push_digit(&octets, (unsigned)(*digits++ - '0'));
	if (text[0] == '-')
		negate(&octets);
	shorten(&octets);
	*ret_octets = octets;
	return SECSuccess;
}

/* --- writing ----------------------------------------------------------- */

/* Identifier and length octets of an element; returns how many. */
static unsigned
write_head(unsigned char head[6], unsigned char tag, size_t len)
{
	unsigned n = 0, i;

	head[0] = tag;
	if (len < 0x80) {
		head[1] = (unsigned char)len;
		return 2;
	}
	while (n < 4 && len >> 8 * n != 0)
		n++;
	head[1] = (unsigned char)(0x80 | n);
	for (i = 0; i < n; i++)
		head[2 + i] = (unsigned char)(len >> 8 * (n - 1 - i));
	return 2 + n;
}

/* An element whose contents are still to be written at *ret_contents. */
static SECItem *
start_element(PLArenaPool *arena, unsigned char tag, size_t len,
              unsigned char **ret_contents)
{
	unsigned char head[6];
	SECItem *item;
	unsigned n;

	if (len > MAX_LEN) {
		PORT_SetError(SEC_ERROR_INPUT_LEN);
		return NULL;
	}
	n = write_head(head, tag, len);
	item = PORT_ArenaZNew(arena, SECItem);
	if (item == NULL)
		return NULL;
	item->len = n + (unsigned)len;
	item->data = PORT_ArenaAlloc(arena, item->len);
	if (item->data == NULL)
		return NULL;
	memcpy(item->data, head, n);
	*ret_contents = item->data + n;
	return item;
}

SECItem *
nu_der_wrap(PLArenaPool *arena, unsigned char tag,
            const SECItem *const parts[], size_t n_parts)
{
	unsigned char *p;
	SECItem *item;
	size_t len = 0, i;

	for (i = 0; i < n_parts && len <= MAX_LEN; i++)
		len += parts[i] != NULL ? parts[i]->len : 0;
	item = start_element(arena, tag, len, &p);
	if (item == NULL)
		return NULL;
	for (i = 0; i < n_parts; i++) {
		if (parts[i] == NULL || parts[i]->len == 0)
			continue;
		memcpy(p, parts[i]->data, parts[i]->len);
		p += parts[i]->len;
	}
	return item;
}

SECItem *
nu_der_wrap_all(PLArenaPool *arena, unsigned char tag,
                const SECItem *const parts[], size_t n_parts)
{
	for (size_t i = 0; i < n_parts; i++) {
		if (parts[i] == NULL)
			return NULL;
	}
	return nu_der_wrap(arena, tag, parts, n_parts);
}

SECItem *
nu_der_make_octets(PLArenaPool *arena, unsigned char tag, const void *data,
                   size_t len)
{
	unsigned char *p;
	SECItem *item = start_element(arena, tag, len, &p);

	if (item != NULL && len > 0)
		memcpy(p, data, len);
	return item;
}

SECItem *
nu_der_make_integer(PLArenaPool *arena, const SECItem *octets)
{
	return nu_der_make_octets(arena, NU_INTEGER, octets->data, octets->len);
}

SECItem *
nu_der_make_long(PLArenaPool *arena, long value)
{
	unsigned char octet[sizeof value];
	SECItem octets = { siBuffer, octet, sizeof octet };
	unsigned i;

	for (i = sizeof octet; i-- > 0; value >>= 8)
		octet[i] = (unsigned char)value;
	shorten(&octets);
	return nu_der_make_integer(arena, &octets);
}

SECItem *
nu_der_make_text(PLArenaPool *arena, unsigned char tag, const char *text)
{
	return nu_der_make_octets(arena, tag, text, strlen(text));
}

SECItem *
nu_der_make_bits(PLArenaPool *arena, const SECItem *data)
{
	unsigned char *p;
	SECItem *item = start_element(arena, NU_BIT_STRING,
	                              (size_t)data->len + 1, &p);

	if (item == NULL)
		return NULL;
	p[0] = 0;
	if (data->len > 0)
		memcpy(p + 1, data->data, data->len);
	return item;
}

SECItem *
nu_der_make_named_bits(PLArenaPool *arena, unsigned long bits_from_0)
{
	unsigned char octet[1 + sizeof bits_from_0] = { 0 };
	unsigned n = 0, i; /* n: bits up to the last one that is set */

	for (i = 0; i < 8 * sizeof bits_from_0; i++) {
		if ((bits_from_0 >> i & 1) == 0)
			continue;
		octet[1 + i / 8] |= (unsigned char)(0x80 >> i % 8);
		n = i + 1;
	}
	octet[0] = (unsigned char)((8 - n % 8) % 8);
	return nu_der_make_octets(arena, NU_BIT_STRING, octet,
	                          1 + (n + 7) / 8);
}

SECItem *
nu_der_retag(PLArenaPool *arena, unsigned char tag, const SECItem *whole)
{
	SECItem *item = PORT_ArenaZNew(arena, SECItem);

	if (item == NULL || SECITEM_CopyItem(arena, item, whole) != SECSuccess)
		return NULL;
	item->data[0] = tag;
	return item;
}
