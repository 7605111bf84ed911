/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_der.h - strict DER: a reader of slices and a writer (X.690, clause 10).
 *
 * A slice is a SECItem that borrows the caller's bytes; nothing is copied.
 * Strict: definite lengths in their shortest form, low tag numbers, contents
 * within the enclosing element. Anything else is SEC_ERROR_BAD_DER. */

#ifndef NU_DER_H
#define NU_DER_H

#include <secitem.h>

/* Identifier octets that we meet. */
enum {
	NU_BOOLEAN = 0x01,
	NU_INTEGER = 0x02,
	NU_BIT_STRING = 0x03,
	NU_OCTET_STRING = 0x04,
	NU_NULL = 0x05,
	NU_OID = 0x06,
	NU_UTF8_STRING = 0x0c,
	NU_SEQUENCE = 0x30,
	NU_SET = 0x31
};
#define NU_CONTEXT(n) (0x80 | (n))             /* [n] IMPLICIT, primitive */
#define NU_CONTEXT_CONSTRUCTED(n) (0xa0 | (n)) /* [n], constructed */

/* One element: its identifier octet, its contents, and all of it. */
struct nu_tlv {
	unsigned char tag;
	SECItem value;
	SECItem whole;
};

/* What is left to read of an enclosing element. */
struct nu_der {
	const unsigned char *next, *end;
};

struct nu_der nu_der_reader(const SECItem *contents);
PRBool nu_der_at_end(const struct nu_der *r);
/* The next identifier octet, or -1 at the end. */
int nu_der_peek(const struct nu_der *r);
/* Read the next element, whatever it is. */
SECStatus nu_der_any(struct nu_der *r, struct nu_tlv *ret_tlv);
/* Read the next element, which must have this identifier octet. */
SECStatus nu_der_get(struct nu_der *r, unsigned char tag,
                     struct nu_tlv *ret_tlv);
/* Read it if it is next: *ret_found says so. */
SECStatus nu_der_optional(struct nu_der *r, unsigned char tag,
                          PRBool *ret_found, struct nu_tlv *ret_tlv);
/* Read an INTEGER in its shortest form; the slice keeps its octets. */
SECStatus nu_der_integer(struct nu_der *r, SECItem *ret_octets);
/* Read a UTF8String: valid UTF-8 without a NUL. */
SECStatus nu_der_text(struct nu_der *r, SECItem *ret_text);
/* Read a BIT STRING of whole octets. */
SECStatus nu_der_bits(struct nu_der *r, SECItem *ret_octets);
/* Read a BIT STRING of named bits: bit n is 1ul << n. Trailing zero bits, as
 * some write them, are accepted; bits that do not fit are not. */
SECStatus nu_der_named_bits(struct nu_der *r, unsigned long *ret_bits);
/* How many elements are left to read; none is read. More than max:
 * SEC_ERROR_INPUT_LEN, found out without looking at the rest. */
SECStatus nu_der_count(const struct nu_der *r, size_t max, size_t *ret_n);
/* Fails with SEC_ERROR_BAD_DER unless everything was read. */
SECStatus nu_der_end(const struct nu_der *r);
/* Enter the one element of this tag that is all of der: nothing after it. */
SECStatus nu_der_only(const SECItem *der, unsigned char tag,
                      struct nu_der *ret_contents);
/* Is der one well-formed element, and everything constructed within it too?
 * Descends at most max_depth levels. */
SECStatus nu_der_check(const SECItem *der, unsigned max_depth);

/* Octets of the UTF-8 character at p, of avail > 0; 0: it is none, or NUL. */
size_t nu_der_utf8_length(const unsigned char *p, size_t avail);
/* Is text valid UTF-8 without a NUL? */
PRBool nu_der_is_text(const SECItem *text);
/* Sets SEC_ERROR_BAD_DER and is SECFailure: for what a caller finds wrong. */
SECStatus nu_der_bad(void);

/* INTEGER octets <-> long; SEC_ERROR_BAD_DER when it does not fit. */
SECStatus nu_der_to_long(const SECItem *octets, long *ret_value);
/* INTEGER octets -> decimal text of any size; free() it. NULL: no memory. */
char *nu_der_to_decimal(const SECItem *octets);
/* Decimal text, with a "-" or not -> octets in arena. SEC_ERROR_INVALID_ARGS:
 * anything else, or more than 1,024 digits. */
SECStatus nu_der_from_decimal(PLArenaPool *arena, const char *text,
                              SECItem *ret_octets);

/* --- writing: elements are built inside out, in an arena -------------- */

/* tag, length and the parts one after another. NULL: no memory. A part that is
 * NULL or empty adds nothing. */
SECItem *nu_der_wrap(PLArenaPool *arena, unsigned char tag,
                     const SECItem *const parts[], size_t n_parts);
#define nu_der_make(arena, tag, ...)                                      \
	nu_der_wrap((arena), (tag), (const SECItem *const[]){ __VA_ARGS__ }, \
	            sizeof((const SECItem *const[]){ __VA_ARGS__ }) /     \
	                    sizeof(const SECItem *))
/* The same, but a part that is NULL, which could not be made, is a failure. */
SECItem *nu_der_wrap_all(PLArenaPool *arena, unsigned char tag,
                         const SECItem *const parts[], size_t n_parts);
#define nu_der_make_all(arena, tag, ...)                                  \
	nu_der_wrap_all((arena), (tag),                                   \
	                (const SECItem *const[]){ __VA_ARGS__ },          \
	                sizeof((const SECItem *const[]){ __VA_ARGS__ }) / \
	                        sizeof(const SECItem *))
SECItem *nu_der_make_octets(PLArenaPool *arena, unsigned char tag,
                            const void *data, size_t len);
SECItem *nu_der_make_integer(PLArenaPool *arena, const SECItem *octets);
SECItem *nu_der_make_long(PLArenaPool *arena, long value);
SECItem *nu_der_make_text(PLArenaPool *arena, unsigned char tag,
                          const char *text);
/* A BIT STRING whose bits are those of data, whole octets. */
SECItem *nu_der_make_bits(PLArenaPool *arena, const SECItem *data);
/* A named-bit-list BIT STRING, trailing zero bits removed: bit n is 1ul << n,
 * and bit 0 is the highest of the first octet. */
SECItem *nu_der_make_named_bits(PLArenaPool *arena, unsigned long bits_from_0);
/* A copy of a whole element under another identifier octet: from an implicit
 * tag to the type's own and back. */
SECItem *nu_der_retag(PLArenaPool *arena, unsigned char tag,
                      const SECItem *whole);

#endif
