/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_pkimessage.c - CMP PKIMessage, read as slices. */

#include "nssutil/nu_pkimessage.h"

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_cert.h"
#include "nssutil/nu_der.h"

enum {
	MAX_DEPTH = 32,
	MAX_INFOS = 100,   /* of generalInfo */
	MAX_OCTETS = 1024, /* of a nonce, an id or a key's */
	CMP_1999 = 1,
	CMP_2021 = 3,
	NUMBER = 0x1f,
	GENERALIZED_TIME = 0x18
};

/* --- header -------------------------------------------------------------- */

/* GeneralName ::= CHOICE [0] .. [8], of which some are constructed. */
static SECStatus
read_general_name(struct nu_der *r, SECItem *ret_name)
{
	static const unsigned char tags[] = {
		NU_CONTEXT_CONSTRUCTED(0), NU_CONTEXT(1), NU_CONTEXT(2),
		NU_CONTEXT_CONSTRUCTED(3), NU_CONTEXT_CONSTRUCTED(4),
		NU_CONTEXT_CONSTRUCTED(5), NU_CONTEXT(6), NU_CONTEXT(7),
		NU_CONTEXT(8),
	};
	int tag = nu_der_peek(r);
	struct nu_tlv tlv;

	if (tag < 0 || (size_t)(tag & NUMBER) >= sizeof tags ||
	    tags[tag & NUMBER] != tag ||
	    nu_der_any(r, &tlv) != SECSuccess ||
	    nu_der_check(&tlv.whole, MAX_DEPTH) != SECSuccess)
		return nu_der_bad();
	*ret_name = tlv.whole;
	return SECSuccess;
}

/* The element in an explicit [n], if that is next. */
static SECStatus
read_explicit(struct nu_der *r, unsigned n, unsigned char tag,
              struct nu_tlv *ret_tlv)
{
	struct nu_tlv outer;
	struct nu_der inner;
	PRBool found;

	ret_tlv->whole.data = NULL;
	if (nu_der_optional(r, (unsigned char)NU_CONTEXT_CONSTRUCTED(n), &found,
	                    &outer) != SECSuccess)
		return SECFailure;
	if (!found)
		return SECSuccess;
	inner = nu_der_reader(&outer.value);
	if (nu_der_get(&inner, tag, ret_tlv) != SECSuccess)
		return SECFailure;
	return nu_der_end(&inner);
}

static SECStatus
read_time(struct nu_der *r)
{
	struct nu_tlv time;

	if (read_explicit(r, 0, GENERALIZED_TIME, &time) != SECSuccess)
		return SECFailure;
	return time.whole.data == NULL || time.value.len < 32 ? SECSuccess
	                                                     : nu_der_bad();
}

static SECStatus
read_algorithm(struct nu_der *r, SECItem *ret_algorithm)
{
	struct nu_tlv algorithm, oid;
	struct nu_der parts;

	if (read_explicit(r, 1, NU_SEQUENCE, &algorithm) != SECSuccess)
		return SECFailure;
	if (algorithm.whole.data == NULL)
		return SECSuccess;
	parts = nu_der_reader(&algorithm.value);
	if (nu_der_get(&parts, NU_OID, &oid) != SECSuccess ||
	    nu_der_check(&algorithm.whole, MAX_DEPTH) != SECSuccess)
		return SECFailure;
	*ret_algorithm = algorithm.whole;
	return SECSuccess;
}

/* senderKID [2], recipKID [3], transactionID [4], senderNonce [5], recipNonce
 * [6]. */
static SECStatus
read_octets(struct nu_der *r)
{
	struct nu_tlv octets;

	for (unsigned n = 2; n <= 6; n++) {
		if (read_explicit(r, n, NU_OCTET_STRING, &octets) != SECSuccess)
			return SECFailure;
		if (octets.whole.data != NULL && octets.value.len > MAX_OCTETS)
			return nu_der_bad();
	}
	return SECSuccess;
}

static SECStatus
read_texts(const SECItem *contents, SECItem *texts, size_t n)
{
	struct nu_der r = nu_der_reader(contents);

	for (size_t i = 0; i < n; i++) {
		if (nu_der_text(&r, &texts[i]) != SECSuccess)
			return SECFailure;
	}
	return nu_der_end(&r);
}

/* PKIFreeText ::= SEQUENCE SIZE (1..MAX) OF UTF8String */
static SECStatus
count_texts(const SECItem *contents, size_t max, size_t *ret_n)
{
	struct nu_der r = nu_der_reader(contents);

	if (nu_der_count(&r, max, ret_n) != SECSuccess)
		return SECFailure;
	return *ret_n > 0 ? SECSuccess : nu_der_bad();
}

static SECStatus
read_free_text(struct nu_der *r)
{
	SECItem texts[NU_CMMF_MAX_TEXTS];
	struct nu_tlv list;
	size_t n;

	if (read_explicit(r, 7, NU_SEQUENCE, &list) != SECSuccess)
		return SECFailure;
	if (list.whole.data == NULL)
		return SECSuccess;
	if (count_texts(&list.value, NU_CMMF_MAX_TEXTS, &n) != SECSuccess)
		return SECFailure;
	return read_texts(&list.value, texts, n);
}

/* SEQUENCE OF InfoTypeAndValue ::= SEQUENCE { OID, ANY OPTIONAL } */
static SECStatus
read_general_info(struct nu_der *r)
{
	struct nu_tlv list, info, part;
	struct nu_der infos, parts;
	size_t n;

	if (read_explicit(r, 8, NU_SEQUENCE, &list) != SECSuccess)
		return SECFailure;
	if (list.whole.data == NULL)
		return SECSuccess;
	infos = nu_der_reader(&list.value);
	if (nu_der_count(&infos, MAX_INFOS, &n) != SECSuccess ||
	    nu_der_check(&list.whole, MAX_DEPTH) != SECSuccess)
		return SECFailure;
	while (n-- > 0) {
		if (nu_der_get(&infos, NU_SEQUENCE, &info) != SECSuccess)
			return SECFailure;
		parts = nu_der_reader(&info.value);
		if (nu_der_get(&parts, NU_OID, &part) != SECSuccess ||
		    (!nu_der_at_end(&parts) &&
		     nu_der_any(&parts, &part) != SECSuccess) ||
		    nu_der_end(&parts) != SECSuccess)
			return SECFailure;
	}
	return SECSuccess;
}

static SECStatus
read_header(const struct nu_tlv *header, struct nu_pkimessage *message)
{
	struct nu_der r = nu_der_reader(&header->value);
	SECItem octets, recipient;
	long version;

	if (nu_der_integer(&r, &octets) != SECSuccess ||
	    nu_der_to_long(&octets, &version) != SECSuccess)
		return SECFailure;
	if (version < CMP_1999 || version > CMP_2021)
		return nu_der_bad();
	if (read_general_name(&r, &message->sender) != SECSuccess ||
	    read_general_name(&r, &recipient) != SECSuccess ||
	    read_time(&r) != SECSuccess ||
	    read_algorithm(&r, &message->protection_alg) != SECSuccess ||
	    read_octets(&r) != SECSuccess ||
	    read_free_text(&r) != SECSuccess ||
	    read_general_info(&r) != SECSuccess)
		return SECFailure;
	return nu_der_end(&r);
}

/* --- body ---------------------------------------------------------------- */

/* errorDetails, if it is next: its texts come behind those of the status. */
static SECStatus
read_details(struct nu_der *r, PLArenaPool *arena,
             struct nu_cert_response *error)
{
	struct nu_tlv list;
	size_t n, before = error->n_texts;
	SECItem *texts;
	PRBool found;

	if (nu_der_optional(r, NU_SEQUENCE, &found, &list) != SECSuccess)
		return SECFailure;
	if (!found)
		return SECSuccess;
	if (count_texts(&list.value, NU_CMMF_MAX_TEXTS, &n) != SECSuccess)
		return SECFailure;
	texts = PORT_ArenaZNewArray(arena, SECItem, before + n);
	if (texts == NULL)
		return SECFailure;
	if (before > 0)
		memcpy(texts, error->texts, before * sizeof *texts);
	if (read_texts(&list.value, texts + before, n) != SECSuccess)
		return SECFailure;
	error->texts = texts;
	error->n_texts = before + n;
	return SECSuccess;
}

/* ErrorMsgContent ::= SEQUENCE { pKIStatusInfo, errorCode INTEGER OPTIONAL,
 * errorDetails PKIFreeText OPTIONAL } */
static SECStatus
read_error(const SECItem *body, PLArenaPool *arena,
           struct nu_cert_response *error)
{
	SECItem code;
	struct nu_der r;

	if (nu_der_only(body, NU_SEQUENCE, &r) != SECSuccess ||
	    nu_cmmf_read_status(&r, arena, error) != SECSuccess)
		return SECFailure;
	if (nu_der_peek(&r) == NU_INTEGER &&
	    nu_der_integer(&r, &code) != SECSuccess)
		return SECFailure;
	if (read_details(&r, arena, error) != SECSuccess)
		return SECFailure;
	return nu_der_end(&r);
}

/* PKIBody ::= CHOICE [0] .. [26], each with one element in it. */
static SECStatus
read_body(const struct nu_tlv *body, struct nu_pkimessage *message)
{
	struct nu_der r = nu_der_reader(&body->value);
	struct nu_tlv contents;

	message->body_type = body->tag & NUMBER;
	if (body->tag != NU_CONTEXT_CONSTRUCTED(message->body_type) ||
	    nu_der_any(&r, &contents) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return nu_der_bad();
	message->body = contents.whole;
	if (message->body_type != NU_BODY_ERROR)
		return SECSuccess;
	return read_error(&message->body, message->arena, &message->error);
}

/* --- the rest ------------------------------------------------------------ */

static SECStatus
read_protection(struct nu_der *r, SECItem *ret_octets)
{
	struct nu_tlv bits;
	struct nu_der inner;

	if (read_explicit(r, 0, NU_BIT_STRING, &bits) != SECSuccess)
		return SECFailure;
	if (bits.whole.data == NULL)
		return SECSuccess;
	inner = nu_der_reader(&bits.whole);
	return nu_der_bits(&inner, ret_octets);
}

static SECStatus
read_extra_certs(struct nu_der *from, size_t max,
                 struct nu_pkimessage *message)
{
	struct nu_tlv list, cert;
	struct nu_cert parts;
	struct nu_der r;
	SECItem *certs;
	size_t n;

	if (read_explicit(from, 1, NU_SEQUENCE, &list) != SECSuccess)
		return SECFailure;
	if (list.whole.data == NULL)
		return SECSuccess;
	r = nu_der_reader(&list.value);
	if (nu_der_count(&r, max, &n) != SECSuccess)
		return SECFailure;
	certs = PORT_ArenaZNewArray(message->arena, SECItem, n);
	if (certs == NULL)
		return SECFailure;
	for (size_t i = 0; i < n; i++) {
		if (nu_der_any(&r, &cert) != SECSuccess ||
		    nu_der_check(&cert.whole, MAX_DEPTH) != SECSuccess ||
		    nu_cert_read(&cert.whole, &parts) != SECSuccess)
			return SECFailure;
		certs[i] = cert.whole;
	}
	message->extra_certs = certs;
	message->n_extra_certs = n;
	return SECSuccess;
}

/* PKIMessage ::= SEQUENCE { header, body, protection [0] BIT STRING OPTIONAL,
 * extraCerts [1] SEQUENCE OF CMPCertificate OPTIONAL } */
static SECStatus
read_message(const SECItem *der, size_t max, struct nu_pkimessage *message)
{
	struct nu_tlv header, body;
	SECItem *protected;
	struct nu_der r;

	if (nu_der_only(der, NU_SEQUENCE, &r) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &header) != SECSuccess ||
	    read_header(&header, message) != SECSuccess ||
	    nu_der_any(&r, &body) != SECSuccess ||
	    read_body(&body, message) != SECSuccess ||
	    read_protection(&r, &message->protection) != SECSuccess ||
	    read_extra_certs(&r, max, message) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return SECFailure;
	if ((message->protection.data == NULL) !=
	    (message->protection_alg.data == NULL))
		return nu_der_bad();
	protected = nu_der_make(message->arena, NU_SEQUENCE, &header.whole,
	                        &body.whole);
	if (protected == NULL)
		return SECFailure;
	message->protected_part = *protected;
	return SECSuccess;
}

SECStatus
nu_pkimessage_decode(const SECItem *der, size_t max_certs,
                     struct nu_pkimessage **ret_message)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct nu_pkimessage *message;

	if (arena == NULL)
		return SECFailure;
	message = PORT_ArenaZNew(arena, struct nu_pkimessage);
	if (message == NULL)
		return SECFailure;
	message->arena = arena;
	if (read_message(der, max_certs, message) != SECSuccess)
		return SECFailure;
	(void)nu_take(arena);
	*ret_message = message;
	return SECSuccess;
}

void
nu_pkimessage_free(struct nu_pkimessage *message)
{
	if (message != NULL)
		PORT_FreeArena(message->arena, PR_FALSE);
}
