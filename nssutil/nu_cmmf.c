/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_cmmf.c - CertRepContent, read in every dialect and written in each. */

#include "nssutil/nu_cmmf.h"

#include <secerr.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"

enum { MAX_DEPTH = 32 }; /* a certificate has about ten levels */

/* --- reading ----------------------------------------------------------- */

/* Certificate ::= SEQUENCE { SEQUENCE, SEQUENCE, BIT STRING }, all DER. */
static SECStatus
check_cert(const SECItem *cert)
{
	struct nu_tlv part;
	struct nu_der r;

	if (nu_der_only(cert, NU_SEQUENCE, &r) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &part) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &part) != SECSuccess ||
	    nu_der_get(&r, NU_BIT_STRING, &part) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return SECFailure;
	return nu_der_check(cert, MAX_DEPTH);
}

/* Is this one element alone, and of this tag? */
static PRBool
is_lone(const SECItem *contents, unsigned char tag)
{
	struct nu_der unused;

	return nu_der_only(contents, tag, &unused) == SECSuccess;
}

/* Are all elements of a SEQUENCE SEQUENCEs themselves? */
static PRBool
holds_sequences(struct nu_der r)
{
	struct nu_tlv tlv;

	while (!nu_der_at_end(&r)) {
		if (nu_der_get(&r, NU_SEQUENCE, &tlv) != SECSuccess)
			return PR_FALSE;
	}
	return PR_TRUE;
}

/* Where in the [1] the certificates stand: an explicit tag has one SEQUENCE of
 * them; a lone certificate is one SEQUENCE too, but ends in a BIT STRING. */
static struct nu_der
enter_ca_pubs(const SECItem *contents)
{
	struct nu_der inner;

	if (nu_der_only(contents, NU_SEQUENCE, &inner) == SECSuccess &&
	    holds_sequences(inner))
		return inner;
	return nu_der_reader(contents);
}

static SECStatus
read_ca_pubs(struct nu_der r, size_t max, struct nu_cert_rep *rep)
{
	struct nu_tlv tlv;
	SECItem *certs;
	size_t i, n;

	if (nu_der_count(&r, max, &n) != SECSuccess)
		return SECFailure;
	certs = PORT_ArenaZNewArray(rep->arena, SECItem, n);
	if (certs == NULL)
		return SECFailure;
	for (i = 0; i < n; i++) {
		if (nu_der_any(&r, &tlv) != SECSuccess ||
		    check_cert(&tlv.whole) != SECSuccess)
			return SECFailure;
		certs[i] = tlv.whole;
	}
	rep->ca_pubs = certs;
	rep->n_ca_pubs = n;
	return SECSuccess;
}

static SECStatus
read_texts(struct nu_der r, PLArenaPool *arena, struct nu_cert_response *resp)
{
	SECItem *texts;
	size_t i, n;

	if (nu_der_count(&r, NU_CMMF_MAX_TEXTS, &n) != SECSuccess)
		return SECFailure;
	texts = PORT_ArenaZNewArray(arena, SECItem, n);
	if (texts == NULL)
		return SECFailure;
	for (i = 0; i < n; i++) {
		if (nu_der_text(&r, &texts[i]) != SECSuccess)
			return SECFailure;
	}
	resp->texts = texts;
	resp->n_texts = n;
	return SECSuccess;
}

/* statusString, a SEQUENCE of texts or one bare text, if it is next. */
static SECStatus
read_status_string(struct nu_der *r, PLArenaPool *arena,
                   struct nu_cert_response *resp)
{
	struct nu_tlv tlv;

	switch (nu_der_peek(r)) {
	case NU_SEQUENCE:
		if (nu_der_any(r, &tlv) != SECSuccess)
			return SECFailure;
		return read_texts(nu_der_reader(&tlv.value), arena, resp);
	case NU_UTF8_STRING:
		if (nu_der_any(r, &tlv) != SECSuccess)
			return SECFailure;
		return read_texts(nu_der_reader(&tlv.whole), arena, resp);
	default:
		return SECSuccess;
	}
}

SECStatus
nu_cmmf_read_status(struct nu_der *from, PLArenaPool *arena,
                    struct nu_cert_response *resp)
{
	struct nu_tlv tlv;
	struct nu_der r;
	SECItem status;

	if (nu_der_get(from, NU_SEQUENCE, &tlv) != SECSuccess)
		return SECFailure;
	r = nu_der_reader(&tlv.value);
	if (nu_der_integer(&r, &status) != SECSuccess ||
	    nu_der_to_long(&status, &resp->status) != SECSuccess ||
	    read_status_string(&r, arena, resp) != SECSuccess)
		return SECFailure;
	if (nu_der_peek(&r) == NU_BIT_STRING &&
	    nu_der_named_bits(&r, &resp->fail_info) != SECSuccess)
		return SECFailure;
	return nu_der_end(&r);
}

/* A copy of an implicitly tagged SEQUENCE with its own tag back. */
static SECStatus
retag_sequence(PLArenaPool *arena, const SECItem *whole, SECItem *ret_sequence)
{
	SECItem *copy = nu_der_retag(arena, NU_SEQUENCE, whole);

	if (copy == NULL)
		return SECFailure;
	*ret_sequence = *copy;
	return SECSuccess;
}

/* certificate [0]: an explicit tag holds one SEQUENCE, an implicit one a
 * certificate's three parts. */
static SECStatus
read_tagged_cert(const struct nu_tlv *tlv, PLArenaPool *arena,
                 SECItem *ret_cert)
{
	if (is_lone(&tlv->value, NU_SEQUENCE)) {
		*ret_cert = tlv->value;
		return SECSuccess;
	}
	return retag_sequence(arena, &tlv->whole, ret_cert);
}

/* encryptedCert [1] and privateKey [0]: an explicit tag holds one
 * EncryptedValue or one [0] EnvelopedData, an implicit one the parts of an
 * EncryptedValue, of which the last is a BIT STRING. */
static SECStatus
read_encrypted(const struct nu_tlv *tlv, PLArenaPool *arena,
               SECItem *ret_encrypted)
{
	if (nu_der_check(&tlv->whole, MAX_DEPTH) != SECSuccess)
		return SECFailure;
	if (tlv->value.len == 0)
		return nu_der_bad();
	if (is_lone(&tlv->value, NU_SEQUENCE) ||
	    is_lone(&tlv->value, NU_CONTEXT_CONSTRUCTED(0))) {
		*ret_encrypted = tlv->value;
		return SECSuccess;
	}
	return retag_sequence(arena, &tlv->whole, ret_encrypted);
}

/* certOrEncCert, the first element of a CertifiedKeyPair whatever its tag. */
static SECStatus
read_cert_or_enc_cert(struct nu_der *r, PLArenaPool *arena,
                      struct nu_cert_response *resp)
{
	struct nu_tlv tlv;

	if (nu_der_any(r, &tlv) != SECSuccess)
		return SECFailure;
	switch (tlv.tag) {
	case NU_SEQUENCE:
		resp->cert = tlv.whole;
		break;
	case NU_CONTEXT_CONSTRUCTED(0):
		if (read_tagged_cert(&tlv, arena, &resp->cert) != SECSuccess)
			return SECFailure;
		break;
	case NU_CONTEXT_CONSTRUCTED(1):
		return read_encrypted(&tlv, arena, &resp->encrypted_cert);
	default:
		return nu_der_bad();
	}
	return check_cert(&resp->cert);
}

/* privateKey [0], if it is next. */
static SECStatus
read_private_key(struct nu_der *r, PLArenaPool *arena, SECItem *ret_key)
{
	struct nu_tlv tlv;
	PRBool found;

	if (nu_der_optional(r, NU_CONTEXT_CONSTRUCTED(0), &found, &tlv) !=
	    SECSuccess)
		return SECFailure;
	return found ? read_encrypted(&tlv, arena, ret_key) : SECSuccess;
}

/* The contents of publicationInfo [1], if it is next. */
static SECStatus
read_publication(struct nu_der *r, SECItem *ret_contents)
{
	struct nu_tlv tlv;
	PRBool found;

	if (nu_der_optional(r, NU_CONTEXT_CONSTRUCTED(1), &found, &tlv) !=
	    SECSuccess)
		return SECFailure;
	if (!found)
		return SECSuccess;
	*ret_contents = tlv.value;
	return nu_der_check(&tlv.whole, MAX_DEPTH);
}

/* CertifiedKeyPair, if it is next. */
static SECStatus
read_key_pair(struct nu_der *from, PLArenaPool *arena,
              struct nu_cert_response *resp)
{
	struct nu_tlv tlv;
	struct nu_der r;

	if (nu_der_optional(from, NU_SEQUENCE, &resp->has_key_pair, &tlv) !=
	    SECSuccess)
		return SECFailure;
	if (!resp->has_key_pair)
		return SECSuccess;
	r = nu_der_reader(&tlv.value);
	if (read_cert_or_enc_cert(&r, arena, resp) != SECSuccess ||
	    read_private_key(&r, arena, &resp->private_key) != SECSuccess ||
	    read_publication(&r, &resp->publication) != SECSuccess)
		return SECFailure;
	return nu_der_end(&r);
}

static SECStatus
read_response(struct nu_der *from, PLArenaPool *arena,
              struct nu_cert_response *resp)
{
	struct nu_tlv tlv;
	struct nu_der r;
	PRBool found;

	if (nu_der_get(from, NU_SEQUENCE, &tlv) != SECSuccess)
		return SECFailure;
	r = nu_der_reader(&tlv.value);
	if (nu_der_integer(&r, &resp->id) != SECSuccess)
		return SECFailure;
	if (resp->id.len > NU_CMMF_MAX_ID)
		return nu_der_bad();
	if (nu_cmmf_read_status(&r, arena, resp) != SECSuccess ||
	    read_key_pair(&r, arena, resp) != SECSuccess ||
	    nu_der_optional(&r, NU_OCTET_STRING, &found, &tlv) != SECSuccess)
		return SECFailure;
	if (found)
		resp->rsp_info = tlv.value;
	return nu_der_end(&r);
}

static SECStatus
read_responses(struct nu_der r, size_t max, struct nu_cert_rep *rep)
{
	size_t i, n;

	if (nu_der_count(&r, max, &n) != SECSuccess)
		return SECFailure;
	rep->responses =
	        PORT_ArenaZNewArray(rep->arena, struct nu_cert_response, n);
	if (rep->responses == NULL)
		return SECFailure;
	rep->n_responses = n;
	for (i = 0; i < n; i++) {
		if (read_response(&r, rep->arena, &rep->responses[i]) !=
		    SECSuccess)
			return SECFailure;
	}
	return SECSuccess;
}

static SECStatus
read_content(const SECItem *der, size_t max, struct nu_cert_rep *rep)
{
	struct nu_tlv ca_pubs, responses;
	struct nu_der r;
	PRBool found;

	if (nu_der_only(der, NU_SEQUENCE, &r) != SECSuccess ||
	    nu_der_optional(&r, NU_CONTEXT_CONSTRUCTED(1), &found, &ca_pubs) !=
	            SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &responses) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return SECFailure;
	if (found && read_ca_pubs(enter_ca_pubs(&ca_pubs.value), max, rep) !=
	                     SECSuccess)
		return SECFailure;
	return read_responses(nu_der_reader(&responses.value), max, rep);
}

SECStatus
nu_cmmf_decode(const SECItem *der, size_t max_responses,
               struct nu_cert_rep **ret_rep)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct nu_cert_rep *rep;

	if (arena == NULL)
		return SECFailure;
	rep = PORT_ArenaZNew(arena, struct nu_cert_rep);
	if (rep == NULL)
		return SECFailure;
	rep->arena = arena;
	if (read_content(der, max_responses, rep) != SECSuccess)
		return SECFailure;
	(void)nu_take(arena);
	*ret_rep = rep;
	return SECSuccess;
}

void
nu_cert_rep_free(struct nu_cert_rep *rep)
{
	if (rep != NULL)
		PORT_FreeArena(rep->arena, PR_FALSE);
}

/* --- writing: NULL is an NSS error ------------------------------------- */

static SECItem *
invalid_args(void)
{
	PORT_SetError(SEC_ERROR_INVALID_ARGS);
	return NULL;
}

/* An array for n elements, or one for none. */
static const SECItem **
new_parts(PLArenaPool *arena, size_t n)
{
	return PORT_ArenaZNewArray(arena, const SECItem *, n);
}

static SECItem *
write_ca_pubs(PLArenaPool *arena, const struct nu_cert_rep *rep,
              enum nu_dialect dialect)
{
	const SECItem **parts = new_parts(arena, rep->n_ca_pubs), *list;
	size_t i;

	if (parts == NULL)
		return NULL;
	for (i = 0; i < rep->n_ca_pubs; i++) {
		if (check_cert(&rep->ca_pubs[i]) != SECSuccess)
			return invalid_args();
		parts[i] = &rep->ca_pubs[i];
	}
	if (dialect != NU_DIALECT_CMP)
		return nu_der_wrap(arena, NU_CONTEXT_CONSTRUCTED(1), parts,
		                   rep->n_ca_pubs);
	list = nu_der_wrap(arena, NU_SEQUENCE, parts, rep->n_ca_pubs);
	if (list == NULL)
		return NULL;
	return nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(1), list);
}

static SECItem *
write_status_string(PLArenaPool *arena, const struct nu_cert_response *resp,
                    enum nu_dialect dialect)
{
	const SECItem **parts = new_parts(arena, resp->n_texts);
	size_t i;

	if (parts == NULL)
		return NULL;
	for (i = 0; i < resp->n_texts; i++) {
		parts[i] = nu_der_make_octets(arena, NU_UTF8_STRING,
		                              resp->texts[i].data,
		                              resp->texts[i].len);
		if (parts[i] == NULL)
			return NULL;
	}
	if (dialect != NU_DIALECT_UNTAGGED)
		return nu_der_wrap(arena, NU_SEQUENCE, parts, resp->n_texts);
	if (resp->n_texts > 1)
		return invalid_args();
	return SECITEM_ArenaDupItem(arena, parts[0]);
}

static SECItem *
write_status(PLArenaPool *arena, const struct nu_cert_response *resp,
             enum nu_dialect dialect)
{
	SECItem *status = nu_der_make_long(arena, resp->status);
	SECItem *texts = NULL, *fail_info = NULL;

	if (status == NULL)
		return NULL;
	if (resp->n_texts > 0) {
		texts = write_status_string(arena, resp, dialect);
		if (texts == NULL)
			return NULL;
	}
	if (resp->fail_info != 0) {
		fail_info = nu_der_make_named_bits(arena, resp->fail_info);
		if (fail_info == NULL)
			return NULL;
	}
	return nu_der_make(arena, NU_SEQUENCE, status, texts, fail_info);
}

static SECItem *
write_cert(PLArenaPool *arena, const SECItem *cert, enum nu_dialect dialect)
{
	if (check_cert(cert) != SECSuccess)
		return invalid_args();
	switch (dialect) {
	case NU_DIALECT_CMMF:
		return nu_der_retag(arena, NU_CONTEXT_CONSTRUCTED(0), cert);
	case NU_DIALECT_CMP:
		return nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(0), cert);
	default:
		return SECITEM_ArenaDupItem(arena, cert);
	}
}

/* Would its contents, under an implicit tag, be read as something else? Those
 * of a good EncryptedValue never are. */
static PRBool
needs_explicit_tag(const struct nu_der *contents)
{
	SECItem value = { siBuffer, (unsigned char *)contents->next,
		          (unsigned)(contents->end - contents->next) };

	return value.len == 0 || is_lone(&value, NU_SEQUENCE) ||
	       is_lone(&value, NU_CONTEXT_CONSTRUCTED(0));
}

/* An EncryptedKey under [n]: explicit in CMP, and for EnvelopedData, which is
 * one of a CHOICE, everywhere. */
static SECItem *
write_encrypted(PLArenaPool *arena, unsigned char tag, const SECItem *encrypted,
                enum nu_dialect dialect)
{
	struct nu_der contents;

	if (is_lone(encrypted, NU_CONTEXT_CONSTRUCTED(0)))
		return nu_der_make(arena, tag, encrypted);
	if (nu_der_only(encrypted, NU_SEQUENCE, &contents) != SECSuccess)
		return invalid_args();
	return dialect == NU_DIALECT_CMP || needs_explicit_tag(&contents)
	               ? nu_der_make(arena, tag, encrypted)
	               : nu_der_retag(arena, tag, encrypted);
}

/* CertifiedKeyPair */
static SECItem *
write_key_pair(PLArenaPool *arena, const struct nu_cert_response *resp,
               enum nu_dialect dialect)
{
	SECItem *choice, *key = NULL;

	if ((resp->cert.data != NULL) == (resp->encrypted_cert.data != NULL))
		return invalid_args();
	choice = resp->cert.data != NULL
	                 ? write_cert(arena, &resp->cert, dialect)
	                 : write_encrypted(arena, NU_CONTEXT_CONSTRUCTED(1),
	                                   &resp->encrypted_cert, dialect);
	if (choice == NULL)
		return NULL;
	if (resp->private_key.data != NULL) {
		key = write_encrypted(arena, NU_CONTEXT_CONSTRUCTED(0),
		                      &resp->private_key, dialect);
		if (key == NULL)
			return NULL;
	}
	return nu_der_make(arena, NU_SEQUENCE, choice, key);
}

static SECItem *
write_response(PLArenaPool *arena, const struct nu_cert_response *resp,
               enum nu_dialect dialect)
{
	SECItem *id, *status, *key_pair = NULL, *rsp_info = NULL;

	if (resp->id.len == 0)
		return invalid_args();
	id = nu_der_make_integer(arena, &resp->id);
	status = write_status(arena, resp, dialect);
	if (id == NULL || status == NULL)
		return NULL;
	if (resp->cert.data != NULL || resp->encrypted_cert.data != NULL ||
	    resp->private_key.data != NULL) {
		key_pair = write_key_pair(arena, resp, dialect);
		if (key_pair == NULL)
			return NULL;
	}
	if (resp->rsp_info.data != NULL) {
		rsp_info = nu_der_make_octets(arena, NU_OCTET_STRING,
		                              resp->rsp_info.data,
		                              resp->rsp_info.len);
		if (rsp_info == NULL)
			return NULL;
	}
	return nu_der_make(arena, NU_SEQUENCE, id, status, key_pair, rsp_info);
}

static SECItem *
write_responses(PLArenaPool *arena, const struct nu_cert_rep *rep,
                enum nu_dialect dialect)
{
	const SECItem **parts = new_parts(arena, rep->n_responses);
	size_t i;

	if (parts == NULL)
		return NULL;
	for (i = 0; i < rep->n_responses; i++) {
		parts[i] = write_response(arena, &rep->responses[i], dialect);
		if (parts[i] == NULL)
			return NULL;
	}
	return nu_der_wrap(arena, NU_SEQUENCE, parts, rep->n_responses);
}

SECItem *
nu_cmmf_encode(const struct nu_cert_rep *rep, enum nu_dialect dialect)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	SECItem *ca_pubs = NULL, *responses, *content;

	if (arena == NULL)
		return NULL;
	if (rep->n_ca_pubs > 0) {
		ca_pubs = write_ca_pubs(arena, rep, dialect);
		if (ca_pubs == NULL)
			return NULL;
	}
	responses = write_responses(arena, rep, dialect);
	if (responses == NULL)
		return NULL;
	content = nu_der_make(arena, NU_SEQUENCE, ca_pubs, responses);
	return content != NULL ? SECITEM_DupItem(content) : NULL;
}
