/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_crmf_read.c - CertReqMessages as slices. */

#include "nssutil/nu_crmf_int.h"

#include <secoid.h>

#include "nssutil/nu_auto.h"

enum { MAX_DEPTH = 32 };

/* The fields of a CertTemplate, all optional, in their order. */
enum field {
	VERSION, SERIAL, SIGNING_ALG, ISSUER, VALIDITY,
	SUBJECT, PUBLIC_KEY, ISSUER_UID, SUBJECT_UID, EXTENSIONS,
	N_FIELDS
};

static const unsigned char field_tag[N_FIELDS] = {
	[VERSION] = NU_CONTEXT(0),
	[SERIAL] = NU_CONTEXT(1),
	[SIGNING_ALG] = NU_CONTEXT_CONSTRUCTED(2),
	[ISSUER] = NU_CONTEXT_CONSTRUCTED(3), /* explicit: a CHOICE */
	[VALIDITY] = NU_CONTEXT_CONSTRUCTED(4),
	[SUBJECT] = NU_CONTEXT_CONSTRUCTED(5), /* explicit: a CHOICE */
	[PUBLIC_KEY] = NU_CONTEXT_CONSTRUCTED(6),
	[ISSUER_UID] = NU_CONTEXT(7),
	[SUBJECT_UID] = NU_CONTEXT(8),
	[EXTENSIONS] = NU_CONTEXT_CONSTRUCTED(9),
};

/* Name, alone in an explicit tag. */
static SECStatus
read_name(const struct nu_tlv *field, SECItem *ret_name)
{
	struct nu_der unused;

	if (field->whole.data == NULL)
		return SECSuccess;
	if (nu_der_only(&field->value, NU_SEQUENCE, &unused) != SECSuccess)
		return SECFailure;
	*ret_name = field->value;
	return SECSuccess;
}

/* SubjectPublicKeyInfo, with its own tag back. */
static SECStatus
read_key(const struct nu_tlv *field, PLArenaPool *arena, SECItem *ret_spki)
{
	struct nu_der r = nu_der_reader(&field->value);
	struct nu_tlv algorithm;
	SECItem bits, *spki;

	if (field->whole.data == NULL)
		return SECSuccess;
	if (nu_der_get(&r, NU_SEQUENCE, &algorithm) != SECSuccess ||
	    nu_der_bits(&r, &bits) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return SECFailure;
	spki = nu_der_retag(arena, NU_SEQUENCE, &field->whole);
	if (spki == NULL)
		return SECFailure;
	*ret_spki = *spki;
	return SECSuccess;
}

/* CertTemplate: what we use of it; the rest only has to be DER, in order. */
static SECStatus
read_template(struct nu_der *from, PLArenaPool *arena, struct nu_crmf_msg *msg)
{
	struct nu_tlv tlv, field[N_FIELDS] = { 0 };
	SECItem issuer;
	struct nu_der r;
	PRBool found;
	int i;

	if (nu_der_get(from, NU_SEQUENCE, &tlv) != SECSuccess ||
	    nu_der_check(&tlv.whole, MAX_DEPTH) != SECSuccess)
		return SECFailure;
	r = nu_der_reader(&tlv.value);
	for (i = 0; i < N_FIELDS; i++) {
		if (nu_der_optional(&r, field_tag[i], &found, &field[i]) !=
		    SECSuccess)
			return SECFailure;
	}
	if (nu_der_end(&r) != SECSuccess ||
	    read_name(&field[ISSUER], &issuer) != SECSuccess ||
	    read_name(&field[SUBJECT], &msg->subject) != SECSuccess ||
	    read_key(&field[PUBLIC_KEY], arena, &msg->spki) != SECSuccess)
		return SECFailure;
	msg->extensions = field[EXTENSIONS].value;
	return SECSuccess;
}

/* PKIArchiveOptions: its EncryptedKey, if it has that. */
static SECStatus
read_archive(struct nu_der *r, SECItem *archive)
{
	struct nu_tlv options, key;
	struct nu_der inner;

	if (archive->data != NULL || nu_der_any(r, &options) != SECSuccess)
		return nu_der_bad();
	if (options.tag != NU_CONTEXT_CONSTRUCTED(0))
		return SECSuccess;
	inner = nu_der_reader(&options.value);
	if (nu_der_any(&inner, &key) != SECSuccess ||
	    nu_der_end(&inner) != SECSuccess)
		return SECFailure;
	if (key.tag != NU_SEQUENCE && key.tag != NU_CONTEXT_CONSTRUCTED(0))
		return nu_der_bad();
	*archive = key.whole;
	return SECSuccess;
}

/* SubjectPublicKeyInfo, which is not there yet. */
static SECStatus
read_protocol_key(struct nu_der *r, SECItem *spki)
{
	struct nu_tlv key;

	if (spki->data != NULL ||
	    nu_der_get(r, NU_SEQUENCE, &key) != SECSuccess)
		return nu_der_bad();
	*spki = key.whole;
	return SECSuccess;
}

/* A text control into *text, which has none yet. */
static SECStatus
read_text_control(struct nu_der *r, SECItem *text)
{
	if (text->data != NULL)
		return nu_der_bad();
	return nu_der_text(r, text);
}

/* AttributeTypeAndValue */
static SECStatus
read_control(struct nu_der *from, struct nu_crmf_msg *msg)
{
	struct nu_tlv tlv, id, other;
	struct nu_der r;
	SECStatus rv;

	if (nu_der_get(from, NU_SEQUENCE, &tlv) != SECSuccess)
		return SECFailure;
	r = nu_der_reader(&tlv.value);
	if (nu_der_get(&r, NU_OID, &id) != SECSuccess)
		return SECFailure;
	switch (SECOID_FindOIDTag(&id.value)) {
	case SEC_OID_PKIX_REGCTRL_REGTOKEN:
		rv = read_text_control(&r, &msg->reg_token);
		break;
	case SEC_OID_PKIX_REGCTRL_AUTHENTICATOR:
		rv = read_text_control(&r, &msg->authenticator);
		break;
	case SEC_OID_PKIX_REGCTRL_PKI_ARCH_OPTIONS:
		rv = read_archive(&r, &msg->archive);
		break;
	case SEC_OID_PKIX_REGCTRL_PROTOCOL_ENC_KEY:
		rv = read_protocol_key(&r, &msg->protocol_key);
		break;
	default:
		rv = nu_der_any(&r, &other);
		break;
	}
	return rv == SECSuccess ? nu_der_end(&r) : SECFailure;
}

/* Controls, if they are next. */
static SECStatus
read_controls(struct nu_der *from, struct nu_crmf_msg *msg)
{
	struct nu_tlv tlv;
	struct nu_der r;
	PRBool found;

	if (nu_der_optional(from, NU_SEQUENCE, &found, &tlv) != SECSuccess)
		return SECFailure;
	if (!found)
		return SECSuccess;
	if (nu_der_check(&tlv.whole, MAX_DEPTH) != SECSuccess)
		return SECFailure;
	r = nu_der_reader(&tlv.value);
	while (!nu_der_at_end(&r)) {
		if (read_control(&r, msg) != SECSuccess)
			return SECFailure;
	}
	return SECSuccess;
}

static SECStatus
read_cert_request(struct nu_der *from, PLArenaPool *arena,
                  struct nu_crmf_msg *msg)
{
	struct nu_tlv tlv;
	struct nu_der r;

	if (nu_der_get(from, NU_SEQUENCE, &tlv) != SECSuccess)
		return SECFailure;
	msg->cert_req = tlv.whole;
	r = nu_der_reader(&tlv.value);
	if (nu_der_integer(&r, &msg->id) != SECSuccess)
		return SECFailure;
	if (msg->id.len > NU_CRMF_MAX_ID)
		return nu_der_bad();
	if (read_template(&r, arena, msg) != SECSuccess ||
	    read_controls(&r, msg) != SECSuccess)
		return SECFailure;
	return nu_der_end(&r);
}

SECStatus
crmf_read_signing_proof(const SECItem *contents,
                        struct crmf_signing_proof *proof)
{
	struct nu_der r = nu_der_reader(contents);
	struct nu_tlv algorithm;
	PRBool found;

	if (nu_der_optional(&r, NU_CONTEXT_CONSTRUCTED(0), &found,
	                    &proof->input) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &algorithm) != SECSuccess ||
	    nu_der_bits(&r, &proof->signature) != SECSuccess)
		return SECFailure;
	proof->algorithm = algorithm.whole;
	return nu_der_end(&r);
}

/* subsequentMessage [1] INTEGER */
static enum nu_pop_private
read_subsequent(const SECItem *octets)
{
	if (octets->len == 1 && octets->data[0] == CRMF_ENCR_CERT)
		return NU_POP_ENCR_CERT;
	if (octets->len == 1 && octets->data[0] == CRMF_CHALLENGE_RESP)
		return NU_POP_CHALLENGE_RESP;
	return NU_POP_PRIVATE_NONE;
}

/* POPOPrivKey: one alternative, [0] to [4], each context-specific. */
static SECStatus
read_private_proof(const SECItem *contents, enum nu_pop_private *ret_how)
{
	static const enum nu_pop_private alternatives[] = {
		NU_POP_THIS_MESSAGE, NU_POP_ENCR_CERT, NU_POP_DH_MAC,
		NU_POP_AGREE_MAC, NU_POP_ENCRYPTED_KEY
	};
	struct nu_der r = nu_der_reader(contents);
	struct nu_tlv choice;
	unsigned n;

	if (nu_der_any(&r, &choice) != SECSuccess)
		return SECFailure;
	n = choice.tag & 0x1f;
	if ((choice.tag & 0xc0) != 0x80 ||
	    n >= sizeof alternatives / sizeof alternatives[0])
		return nu_der_bad();
	*ret_how = alternatives[n];
	if (n == 1)
		*ret_how = read_subsequent(&choice.value);
	return nu_der_end(&r);
}

/* ProofOfPossession, if it is next. */
static SECStatus
read_proof(struct nu_der *from, struct nu_crmf_msg *msg)
{
	struct crmf_signing_proof proof = { 0 };
	struct nu_tlv tlv;
	int tag = nu_der_peek(from);

	if (tag == -1 || tag == NU_SEQUENCE)
		return SECSuccess;
	if (nu_der_any(from, &tlv) != SECSuccess ||
	    nu_der_check(&tlv.whole, MAX_DEPTH) != SECSuccess)
		return SECFailure;
	msg->pop_value = tlv.value;
	switch (tag) {
	case NU_CONTEXT(0):
		msg->pop = NU_POP_RA_VERIFIED;
		return tlv.value.len == 0 ? SECSuccess : nu_der_bad();
	case NU_CONTEXT_CONSTRUCTED(1):
		msg->pop = NU_POP_SIGNATURE;
		return crmf_read_signing_proof(&tlv.value, &proof);
	case NU_CONTEXT_CONSTRUCTED(2):
		msg->pop = NU_POP_KEY_ENCIPHERMENT;
		return read_private_proof(&tlv.value, &msg->how);
	case NU_CONTEXT_CONSTRUCTED(3):
		msg->pop = NU_POP_KEY_AGREEMENT;
		return read_private_proof(&tlv.value, &msg->how);
	default:
		return nu_der_bad();
	}
}

/* CertReqMsg. Its regInfo has to be DER, and is not used. */
static SECStatus
read_msg(struct nu_der *from, PLArenaPool *arena, struct nu_crmf_msg *msg)
{
	struct nu_tlv tlv, reg_info;
	struct nu_der r;
	PRBool found;

	if (nu_der_get(from, NU_SEQUENCE, &tlv) != SECSuccess)
		return SECFailure;
	r = nu_der_reader(&tlv.value);
	if (read_cert_request(&r, arena, msg) != SECSuccess ||
	    read_proof(&r, msg) != SECSuccess ||
	    nu_der_optional(&r, NU_SEQUENCE, &found, &reg_info) != SECSuccess)
		return SECFailure;
	if (found && nu_der_check(&reg_info.whole, MAX_DEPTH) != SECSuccess)
		return SECFailure;
	return nu_der_end(&r);
}

static SECStatus
read_msgs(const SECItem *der, size_t max, struct nu_crmf *crmf)
{
	struct nu_der r;
	size_t i, n;

	if (nu_der_only(der, NU_SEQUENCE, &r) != SECSuccess ||
	    nu_der_count(&r, max, &n) != SECSuccess)
		return SECFailure;
	if (n == 0) /* SIZE (1..MAX) */
		return nu_der_bad();
	crmf->msgs = PORT_ArenaZNewArray(crmf->arena, struct nu_crmf_msg, n);
	if (crmf->msgs == NULL)
		return SECFailure;
	crmf->n_msgs = n;
	for (i = 0; i < n; i++) {
		if (read_msg(&r, crmf->arena, &crmf->msgs[i]) != SECSuccess)
			return SECFailure;
	}
	return SECSuccess;
}

SECStatus
nu_crmf_decode(const SECItem *der, size_t max_msgs, struct nu_crmf **ret_crmf)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	struct nu_crmf *crmf;

	if (arena == NULL)
		return SECFailure;
	crmf = PORT_ArenaZNew(arena, struct nu_crmf);
	if (crmf == NULL)
		return SECFailure;
	crmf->arena = arena;
	if (read_msgs(der, max_msgs, crmf) != SECSuccess)
		return SECFailure;
	(void)nu_take(arena);
	*ret_crmf = crmf;
	return SECSuccess;
}

void
nu_crmf_free(struct nu_crmf *crmf)
{
	if (crmf != NULL)
		PORT_FreeArena(crmf->arena, PR_FALSE);
}
