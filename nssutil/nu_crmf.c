/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_crmf.c - CertReqMessages, written, signed, read and verified. */

#include "nssutil/nu_crmf.h"

#include <secerr.h>
#include <secoid.h>

#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_ext.h"
#include "nssutil/nu_key.h"

enum { MAX_DEPTH = 32, VERSION_3 = 2 };

/* --- writing: NULL is an NSS error ------------------------------------- */

static SECItem *
write_template(PLArenaPool *arena, const struct nu_cert_template *template)
{
	const unsigned char v3 = VERSION_3;
	SECItem *version, *subject, *key, *extensions = NULL;

	version = nu_der_make_octets(arena, NU_CONTEXT(0), &v3, 1);
	subject = nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(5),
	                      &template->subject);
	key = nu_der_retag(arena, NU_CONTEXT_CONSTRUCTED(6), &template->spki);
	if (version == NULL || subject == NULL || key == NULL)
		return NULL;
	if (template->key_usage != 0 || template->is_ca) {
		extensions = nu_ext_make_requested(
		        arena, NU_CONTEXT_CONSTRUCTED(9), template->key_usage,
		        template->is_ca);
		if (extensions == NULL)
			return NULL;
	}
	return nu_der_make(arena, NU_SEQUENCE, version, subject, key,
	                   extensions);
}

/* One text control: AttributeTypeAndValue. */
static SECItem *
write_control(PLArenaPool *arena, SECOidTag tag, const char *text)
{
	SECOidData *known = SECOID_FindOIDByTag(tag);
	SECItem *id, *value;

	if (known == NULL)
		return NULL;
	id = nu_der_make_octets(arena, NU_OID, known->oid.data, known->oid.len);
	value = nu_der_make_text(arena, NU_UTF8_STRING, text);
	if (id == NULL || value == NULL)
		return NULL;
	return nu_der_make(arena, NU_SEQUENCE, id, value);
}

static SECItem *
write_controls(PLArenaPool *arena, const struct nu_cert_template *template)
{
	SECItem *reg_token = NULL, *authenticator = NULL;

	if (template->reg_token != NULL) {
		reg_token = write_control(arena, SEC_OID_PKIX_REGCTRL_REGTOKEN,
		                          template->reg_token);
		if (reg_token == NULL)
			return NULL;
	}
	if (template->authenticator != NULL) {
		authenticator =
		        write_control(arena, SEC_OID_PKIX_REGCTRL_AUTHENTICATOR,
		                      template->authenticator);
		if (authenticator == NULL)
			return NULL;
	}
	return nu_der_make(arena, NU_SEQUENCE, reg_token, authenticator);
}

static SECItem *
write_cert_request(PLArenaPool *arena, const struct nu_cert_template *template)
{
	SECItem *id = nu_der_make_integer(arena, &template->id);
	SECItem *body = write_template(arena, template), *controls = NULL;

	if (id == NULL || body == NULL)
		return NULL;
	if (template->reg_token != NULL || template->authenticator != NULL) {
		controls = write_controls(arena, template);
		if (controls == NULL)
			return NULL;
	}
	return nu_der_make(arena, NU_SEQUENCE, id, body, controls);
}

/* signature [1] POPOSigningKey without a poposkInput. */
static SECItem *
write_proof(PLArenaPool *arena, SECKEYPrivateKey *key, const SECItem *request)
{
	SECItem *algorithm, *bits, signature;

	if (nu_key_sign(arena, key, request, &algorithm, &signature) !=
	    SECSuccess)
		return NULL;
	bits = nu_der_make_bits(arena, &signature);
	if (bits == NULL)
		return NULL;
	return nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(1), algorithm, bits);
}

static PRBool
template_is_whole(const struct nu_cert_template *template)
{
	return template->id.len > 0 && template->subject.len > 0 &&
	       template->spki.len > 0;
}

SECItem *
nu_crmf_encode_msg(const struct nu_cert_template *template,
                   SECKEYPrivateKey *key)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	SECItem *request, *proof, *msg;

	if (arena == NULL)
		return NULL;
	if (!template_is_whole(template)) {
		PORT_SetError(SEC_ERROR_INVALID_ARGS);
		return NULL;
	}
	request = write_cert_request(arena, template);
	if (request == NULL)
		return NULL;
	proof = write_proof(arena, key, request);
	if (proof == NULL)
		return NULL;
	msg = nu_der_make(arena, NU_SEQUENCE, request, proof);
	return msg != NULL ? SECITEM_DupItem(msg) : NULL;
}

SECItem *
nu_crmf_encode(const SECItem *const msgs[], size_t n_msgs)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	SECItem *all;

	if (arena == NULL)
		return NULL;
	all = nu_der_wrap(arena, NU_SEQUENCE, msgs, n_msgs);
	return all != NULL ? SECITEM_DupItem(all) : NULL;
}

/* --- reading ----------------------------------------------------------- */

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

/* POPOSigningKey, without its tag. Absent parts are left as they are. */
struct signing_proof {
	struct nu_tlv input; /* [0] POPOSigningKeyInput */
	SECItem algorithm;
	SECItem signature;
};

static SECStatus
read_signing_proof(const SECItem *contents, struct signing_proof *proof)
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

/* POPOPrivKey: one alternative, [0] to [4], each context-specific. */
static SECStatus
check_private_proof(const SECItem *contents)
{
	struct nu_der r = nu_der_reader(contents);
	struct nu_tlv choice;

	if (nu_der_any(&r, &choice) != SECSuccess)
		return SECFailure;
	if ((choice.tag & 0xc0) != 0x80 || (choice.tag & 0x1f) > 4)
		return nu_der_bad();
	return nu_der_end(&r);
}

/* ProofOfPossession, if it is next. */
static SECStatus
read_proof(struct nu_der *from, struct nu_crmf_msg *msg)
{
	struct signing_proof proof = { 0 };
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
		return read_signing_proof(&tlv.value, &proof);
	case NU_CONTEXT_CONSTRUCTED(2):
		msg->pop = NU_POP_KEY_ENCIPHERMENT;
		return check_private_proof(&tlv.value);
	case NU_CONTEXT_CONSTRUCTED(3):
		msg->pop = NU_POP_KEY_AGREEMENT;
		return check_private_proof(&tlv.value);
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

/* --- proof of possession ----------------------------------------------- */

static SECStatus
bad_signature(void)
{
	PORT_SetError(SEC_ERROR_BAD_SIGNATURE);
	return SECFailure;
}

/* POPOSigningKeyInput ::= SEQUENCE { authInfo, publicKey }: its key, which is
 * the template's when that has one. */
static SECStatus
read_input_key(const struct nu_crmf_msg *msg, const SECItem *input,
               SECItem *ret_spki)
{
	struct nu_der r = nu_der_reader(input);
	struct nu_tlv auth_info, key;

	if (nu_der_any(&r, &auth_info) != SECSuccess ||
	    nu_der_get(&r, NU_SEQUENCE, &key) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return SECFailure;
	if (msg->spki.data != NULL &&
	    !SECITEM_ItemsAreEqual(&msg->spki, &key.whole))
		return bad_signature();
	*ret_spki = key.whole;
	return SECSuccess;
}

/* The signature covers the poposkInput as the SEQUENCE that it is. */
static SECStatus
verify_over_input(const struct nu_crmf_msg *msg,
                  const struct signing_proof *proof)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	SECItem *input, spki;

	if (arena == NULL ||
	    read_input_key(msg, &proof->input.value, &spki) != SECSuccess)
		return SECFailure;
	input = nu_der_retag(arena, NU_SEQUENCE, &proof->input.whole);
	if (input == NULL)
		return SECFailure;
	return nu_key_verify(&spki, input, &proof->algorithm,
	                     &proof->signature);
}

SECStatus
nu_crmf_verify_signature(const struct nu_crmf_msg *msg)
{
	PRBool whole = msg->subject.data != NULL && msg->spki.data != NULL;
	struct signing_proof proof = { 0 };

	if (msg->pop != NU_POP_SIGNATURE)
		return bad_signature();
	if (read_signing_proof(&msg->pop_value, &proof) != SECSuccess)
		return SECFailure;
	if (whole != (proof.input.whole.data == NULL))
		return bad_signature();
	if (!whole)
		return verify_over_input(msg, &proof);
	return nu_key_verify(&msg->spki, &msg->cert_req, &proof.algorithm,
	                     &proof.signature);
}
