/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_envelope_read.c - envelopes: EncryptedValue and EnvelopedData, read. */

#include "nssutil/nu_envelope_int.h"

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"

enum { MAX_DEPTH = 32 };

/* An algorithm that we do not have spoils nothing but its own recipient. */
static SECStatus
pass_over_unknown(void)
{
	return PORT_GetError() == SEC_ERROR_INVALID_ALGORITHM ? SECSuccess
	                                                      : SECFailure;
}

/* Where the next recipient goes. */
static SECStatus
next_recipient(struct envelope *e, struct envelope_recipient **ret_place)
{
	if (e->n_recipients == ENVELOPE_MAX_RECIPIENTS) {
		PORT_SetError(SEC_ERROR_INPUT_LEN);
		return SECFailure;
	}
	*ret_place = &e->recipients[e->n_recipients];
	return SECSuccess;
}

/* --- EncryptedValue (RFC 2511, 5.1), implicit tags -------------------- */

enum field { INTENDED, CIPHER, ENC_KEY, KEY_ALG, HINT, N_FIELDS };

static const unsigned char field_tag[N_FIELDS] = {
	[INTENDED] = NU_CONTEXT_CONSTRUCTED(0),
	[CIPHER] = NU_CONTEXT_CONSTRUCTED(1),
	[ENC_KEY] = NU_CONTEXT(2),
	[KEY_ALG] = NU_CONTEXT_CONSTRUCTED(3),
	[HINT] = NU_CONTEXT(4),
};

/* What follows the unused bits of a BIT STRING, of which there are none. */
static SECStatus
read_bits(const SECItem *contents, SECItem *ret_octets)
{
	if (contents->len == 0 || contents->data[0] != 0)
		return nu_der_bad();
	ret_octets->data = contents->data + 1;
	ret_octets->len = contents->len - 1;
	return SECSuccess;
}

/* Without a keyAlg, PKCS#1 v1.5. */
static SECStatus
read_value_key(const struct nu_tlv *field, struct envelope_recipient *to)
{
	to->type = rsaKey;
	to->transport.mechanism = CKM_RSA_PKCS;
	if (read_bits(&field[ENC_KEY].value, &to->encrypted_key) != SECSuccess)
		return SECFailure;
	if (field[KEY_ALG].whole.data == NULL)
		return SECSuccess;
	return envelope_read_transport(&field[KEY_ALG].value, &to->transport);
}

static SECStatus
read_value(struct nu_der r, struct envelope *e)
{
	struct nu_tlv field[N_FIELDS] = { 0 };
	PRBool found;

	for (int i = 0; i < N_FIELDS; i++) {
		if (nu_der_optional(&r, field_tag[i], &found, &field[i]) !=
		    SECSuccess)
			return SECFailure;
	}
	if (nu_der_bits(&r, &e->encrypted) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return SECFailure;
	/* Agreed on by other means, which we know nothing of. */
	if (field[CIPHER].whole.data == NULL ||
	    field[ENC_KEY].whole.data == NULL) {
		PORT_SetError(SEC_ERROR_INVALID_ALGORITHM);
		return SECFailure;
	}
	e->n_recipients = 1;
	if (envelope_read_cipher(&field[CIPHER].value, &e->cipher, &e->iv) !=
	    SECSuccess)
		return SECFailure;
	return read_value_key(field, &e->recipients[0]);
}

/* --- EnvelopedData (RFC 5652, 6.1) ------------------------------------ */

/* KeyTransRecipientInfo */
static SECStatus
read_transport_info(const SECItem *contents, struct envelope *e)
{
	struct nu_der r = nu_der_reader(contents);
	struct nu_tlv rid, algorithm, key;
	struct envelope_recipient *to;
	SECItem version;

	if (nu_der_integer(&r, &version) != SECSuccess ||
	    nu_der_any(&r, &rid) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &algorithm) != SECSuccess ||
	    nu_der_get(&r, NU_OCTET_STRING, &key) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess ||
	    next_recipient(e, &to) != SECSuccess)
		return SECFailure;
	to->type = rsaKey;
	to->encrypted_key = key.value;
	if (envelope_read_transport(&algorithm.value, &to->transport) !=
	    SECSuccess)
		return pass_over_unknown();
	e->n_recipients++;
	return SECSuccess;
}

/* originator [0]: the point of originatorKey [1], or no data for one that is
 * only named. */
static SECStatus
read_originator(struct nu_der *from, SECItem *ret_point)
{
	struct nu_tlv tagged, choice, algorithm;
	struct nu_der r;

	if (nu_der_get(from, NU_CONTEXT_CONSTRUCTED(0), &tagged) != SECSuccess)
		return SECFailure;
	r = nu_der_reader(&tagged.value);
	if (nu_der_any(&r, &choice) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return SECFailure;
	if (choice.tag != NU_CONTEXT_CONSTRUCTED(1))
		return SECSuccess;
	r = nu_der_reader(&choice.value);
	if (nu_der_get(&r, NU_SEQUENCE, &algorithm) != SECSuccess ||
	    nu_der_bits(&r, ret_point) != SECSuccess)
		return SECFailure;
	return nu_der_end(&r);
}

/* ukm [1], if it is next. */
static SECStatus
read_ukm(struct nu_der *from, SECItem *ret_ukm)
{
	struct nu_tlv tagged, octets;
	struct nu_der r;
	PRBool found;

	if (nu_der_optional(from, NU_CONTEXT_CONSTRUCTED(1), &found, &tagged) !=
	    SECSuccess)
		return SECFailure;
	if (!found)
		return SECSuccess;
	r = nu_der_reader(&tagged.value);
	if (nu_der_get(&r, NU_OCTET_STRING, &octets) != SECSuccess)
		return SECFailure;
	*ret_ukm = octets.value;
	return nu_der_end(&r);
}

/* RecipientEncryptedKeys: each is like common but for its key. */
static SECStatus
read_agreed_keys(const SECItem *contents, struct envelope *e,
                 const struct envelope_recipient *common)
{
	struct nu_der r = nu_der_reader(contents), inner;
	struct nu_tlv one, rid, key;
	struct envelope_recipient *to;

	while (!nu_der_at_end(&r)) {
		if (nu_der_get(&r, NU_SEQUENCE, &one) != SECSuccess)
			return SECFailure;
		inner = nu_der_reader(&one.value);
		if (nu_der_any(&inner, &rid) != SECSuccess ||
		    nu_der_get(&inner, NU_OCTET_STRING, &key) != SECSuccess ||
		    nu_der_end(&inner) != SECSuccess ||
		    next_recipient(e, &to) != SECSuccess)
			return SECFailure;
		*to = *common;
		to->encrypted_key = key.value;
		e->n_recipients++;
	}
	return SECSuccess;
}

/* KeyAgreeRecipientInfo [1] */
static SECStatus
read_agreement_info(const SECItem *contents, struct envelope *e)
{
	struct envelope_recipient common = { .type = ecKey };
	struct nu_der r = nu_der_reader(contents);
	struct nu_tlv algorithm, keys;
	SECItem version;

	if (nu_der_integer(&r, &version) != SECSuccess ||
	    read_originator(&r, &common.point) != SECSuccess ||
	    read_ukm(&r, &common.ukm) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &algorithm) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &keys) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return SECFailure;
	if (common.point.data == NULL)
		return SECSuccess;
	if (envelope_read_agreement(&algorithm.value, &common.agreement) !=
	    SECSuccess)
		return pass_over_unknown();
	return read_agreed_keys(&keys.value, e, &common);
}

/* Of other kinds, as by password, we have none. */
static SECStatus
read_recipients(struct nu_der r, struct envelope *e)
{
	struct nu_tlv info;
	SECStatus rv = SECSuccess;

	while (rv == SECSuccess && !nu_der_at_end(&r)) {
		rv = nu_der_any(&r, &info);
		if (rv == SECSuccess && info.tag == NU_SEQUENCE)
			rv = read_transport_info(&info.value, e);
		else if (rv == SECSuccess &&
		         info.tag == NU_CONTEXT_CONSTRUCTED(1))
			rv = read_agreement_info(&info.value, e);
	}
	if (rv == SECSuccess && e->n_recipients == 0) {
		PORT_SetError(SEC_ERROR_INVALID_ALGORITHM);
		return SECFailure;
	}
	return rv;
}

/* Some write the OCTET STRING in pieces, even where lengths are definite. */
static SECStatus
join_pieces(PLArenaPool *arena, const SECItem *contents, SECItem *ret_octets)
{
	struct nu_der r = nu_der_reader(contents);
	SECItem joined = { siBuffer, NULL, 0 };
	struct nu_tlv piece;

	joined.data = PORT_ArenaAlloc(arena, contents->len + 1);
	if (joined.data == NULL)
		return SECFailure;
	while (!nu_der_at_end(&r)) {
		if (nu_der_get(&r, NU_OCTET_STRING, &piece) != SECSuccess)
			return SECFailure;
		memcpy(joined.data + joined.len, piece.value.data,
		       piece.value.len);
		joined.len += piece.value.len;
	}
	*ret_octets = joined;
	return SECSuccess;
}

/* EncryptedContentInfo */
static SECStatus
read_content(PLArenaPool *arena, const SECItem *contents, struct envelope *e)
{
	struct nu_der r = nu_der_reader(contents);
	struct nu_tlv type, algorithm, octets;

	if (nu_der_get(&r, NU_OID, &type) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &algorithm) != SECSuccess ||
	    nu_der_any(&r, &octets) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess ||
	    envelope_read_content_type(&type.value, &e->content) !=
	            SECSuccess ||
	    envelope_read_cipher(&algorithm.value, &e->cipher, &e->iv) !=
	            SECSuccess)
		return SECFailure;
	switch (octets.tag) {
	case NU_CONTEXT(0):
		e->encrypted = octets.value;
		return SECSuccess;
	case NU_CONTEXT_CONSTRUCTED(0):
		return join_pieces(arena, &octets.value, &e->encrypted);
	default:
		return nu_der_bad();
	}
}

static SECStatus
read_enveloped(PLArenaPool *arena, struct nu_der r, struct envelope *e)
{
	struct nu_tlv unused, recipients, content;
	SECItem version;
	PRBool found;

	if (nu_der_integer(&r, &version) != SECSuccess ||
	    nu_der_optional(&r, NU_CONTEXT_CONSTRUCTED(0), &found, &unused) !=
	            SECSuccess ||
	    nu_der_get(&r, NU_SET, &recipients) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &content) != SECSuccess ||
	    nu_der_optional(&r, NU_CONTEXT_CONSTRUCTED(1), &found, &unused) !=
	            SECSuccess ||
	    nu_der_end(&r) != SECSuccess ||
	    read_recipients(nu_der_reader(&recipients.value), e) != SECSuccess)
		return SECFailure;
	return read_content(arena, &content.value, e);
}

/* --- either ----------------------------------------------------------- */

struct envelope *
envelope_read(PLArenaPool *arena, const SECItem *der)
{
	struct envelope *e = PORT_ArenaZNew(arena, struct envelope);
	struct nu_der r;
	SECStatus rv;

	if (e == NULL || nu_der_check(der, MAX_DEPTH) != SECSuccess)
		return NULL;
	if (nu_der_only(der, NU_CONTEXT_CONSTRUCTED(0), &r) == SECSuccess)
		rv = read_enveloped(arena, r, e);
	else if (nu_der_only(der, NU_SEQUENCE, &r) == SECSuccess)
		rv = read_value(r, e);
	else
		rv = nu_der_bad();
	if (rv == SECSuccess && (e->encrypted.len == 0 ||
	                         e->encrypted.len % e->cipher->iv_len != 0))
		rv = nu_der_bad(); /* no CBC mode makes such a thing */
	return rv == SECSuccess ? e : NULL;
}
