/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_ber.c - BER read as slices: many messages are written by a stream. */

#include "nssutil/nu_ber.h"

#include <string.h>

#include <secport.h>

enum { MAX_DEPTH = 32, CONSTRUCTED = 0x20, NUMBER = 0x1f, INDEFINITE = 0x80 };

/* Any length, in any number of octets up to four. *ret_indefinite: there are
 * two NULs at the end instead. */
static SECStatus
ber_length(struct nu_der *r, size_t *ret_len, PRBool *ret_indefinite)
{
	size_t n, len = 0;

	if (nu_der_at_end(r))
		return nu_der_bad();
	n = *r->next++;
	*ret_indefinite = n == INDEFINITE;
	if (n < INDEFINITE) {
		*ret_len = n;
		return SECSuccess;
	}
	n &= 0x7f;
	if (n > 4 || n > (size_t)(r->end - r->next))
		return nu_der_bad();
	while (n-- > 0)
		len = len << 8 | *r->next++;
	*ret_len = len;
	return SECSuccess;
}

static SECStatus read_any(struct nu_der *r, unsigned depth,
                          struct nu_tlv *ret_tlv);

/* Go to the two NULs, over the elements before them. */
static SECStatus
skip_contents(struct nu_der *r, unsigned depth)
{
	struct nu_tlv tlv;

	if (depth == 0)
		return nu_der_bad();
	while (nu_der_peek(r) != 0) {
		if (read_any(r, depth - 1, &tlv) != SECSuccess)
			return SECFailure;
	}
	return r->end - r->next >= 2 && r->next[1] == 0 ? SECSuccess
	                                                : nu_der_bad();
}

/* As nu_der_any(), for BER. */
static SECStatus
read_any(struct nu_der *r, unsigned depth, struct nu_tlv *ret_tlv)
{
	struct nu_der at = *r;
	const unsigned char *start;
	PRBool indefinite = PR_FALSE;
	size_t len = 0;

	if (nu_der_at_end(&at) || (*at.next & NUMBER) == NUMBER)
		return nu_der_bad();
	ret_tlv->tag = *at.next++;
	if (ber_length(&at, &len, &indefinite) != SECSuccess ||
	    (indefinite && !(ret_tlv->tag & CONSTRUCTED)) ||
	    len > (size_t)(at.end - at.next))
		return nu_der_bad();
	start = at.next;
	if (indefinite) {
		if (skip_contents(&at, depth) != SECSuccess)
			return SECFailure;
		len = (size_t)(at.next - start);
		at.next += 2;
	} else {
		at.next += len;
	}
	ret_tlv->value = (SECItem){ siBuffer, (unsigned char *)start,
		                    (unsigned)len };
	ret_tlv->whole = (SECItem){ siBuffer, (unsigned char *)r->next,
		                    (unsigned)(at.next - r->next) };
	*r = at;
	return SECSuccess;
}

SECStatus
nu_ber_any(struct nu_der *r, struct nu_tlv *ret_tlv)
{
	return read_any(r, MAX_DEPTH, ret_tlv);
}

SECStatus
nu_ber_get(struct nu_der *r, unsigned char tag, struct nu_tlv *ret_tlv)
{
	if (nu_der_peek(r) != tag)
		return nu_der_bad();
	return nu_ber_any(r, ret_tlv);
}

SECStatus
nu_ber_enter(struct nu_der *r, unsigned char tag, struct nu_der *ret_contents)
{
	struct nu_tlv tlv;

	if (nu_ber_get(r, tag, &tlv) != SECSuccess)
		return SECFailure;
	*ret_contents = nu_der_reader(&tlv.value);
	return SECSuccess;
}

/* The pieces of contents, and theirs, to *to. */
static SECStatus
join_pieces(struct nu_der contents, unsigned depth, SECItem *to)
{
	struct nu_tlv piece;
	SECStatus status = SECSuccess;

	if (depth == 0)
		return nu_der_bad();
	while (status == SECSuccess && !nu_der_at_end(&contents)) {
		if (nu_ber_any(&contents, &piece) != SECSuccess)
			return SECFailure;
		if (piece.tag == (NU_OCTET_STRING | CONSTRUCTED)) {
			status = join_pieces(nu_der_reader(&piece.value),
			                     depth - 1, to);
			continue;
		}
		if (piece.tag != NU_OCTET_STRING)
			return nu_der_bad();
		if (piece.value.len > 0)
			memcpy(to->data + to->len, piece.value.data,
			       piece.value.len);
		to->len += piece.value.len;
	}
	return status;
}

SECStatus
nu_ber_octets(PLArenaPool *arena, struct nu_der *r, SECItem *ret_octets)
{
	SECItem octets = { siBuffer, NULL, 0 };
	struct nu_tlv tlv;

	if (nu_ber_any(r, &tlv) != SECSuccess)
		return SECFailure;
	if (tlv.tag != NU_OCTET_STRING &&
	    tlv.tag != (NU_OCTET_STRING | CONSTRUCTED))
		return nu_der_bad();
	/* no longer than all the pieces with their heads */
	octets.data = PORT_ArenaAlloc(arena, (size_t)tlv.whole.len);
	if (octets.data == NULL)
		return SECFailure;
	if (join_pieces(nu_der_reader(&tlv.whole), MAX_DEPTH, &octets) !=
	    SECSuccess)
		return SECFailure;
	*ret_octets = octets;
	return SECSuccess;
}
