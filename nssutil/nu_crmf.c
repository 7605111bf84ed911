/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_crmf.c - CertReqMessages, written, signed, read and verified. */

#include "nssutil/nu_crmf.h"

#include <nss.h>
#include <secerr.h>
#include <secoid.h>

#include "nssutil/nu_agree.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_ext.h"
#include "nssutil/nu_key.h"

enum { MAX_DEPTH = 32, VERSION_3 = 2 };
enum { ENCR_CERT, CHALLENGE_RESP }; /* SubsequentMessage */

/* --- writing: NULL is an NSS error ------------------------------------- */

static SECItem *
write_template(PLArenaPool *arena, const struct nu_cert_template *template)
{
	const unsigned char v3 = VERSION_3;
	SECItem *version, *subject, *key = NULL, *extensions = NULL;

	version = nu_der_make_octets(arena, NU_CONTEXT(0), &v3, 1);
	subject = nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(5),
	                      &template->subject);
	if (version == NULL || subject == NULL)
		return NULL;
	if (template->spki.len > 0) {
		key = nu_der_retag(arena, NU_CONTEXT_CONSTRUCTED(6),
		                   &template->spki);
		if (key == NULL)
			return NULL;
	}
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

/* AttributeTypeAndValue, unless there is no value. */
static SECStatus
write_control(PLArenaPool *arena, SECOidTag tag, const SECItem *value,
              SECItem **ret_control)
{
	SECOidData *known;
	SECItem *id;

	if (value == NULL)
		return SECSuccess;
	known = SECOID_FindOIDByTag(tag);
	if (known == NULL)
		return SECFailure;
	id = nu_der_make_octets(arena, NU_OID, known->oid.data, known->oid.len);
	if (id != NULL)
		*ret_control = nu_der_make(arena, NU_SEQUENCE, id, value);
	return *ret_control != NULL ? SECSuccess : SECFailure;
}

static SECStatus
write_text_control(PLArenaPool *arena, SECOidTag tag, const char *text,
                   SECItem **ret_control)
{
	SECItem *value;

	if (text == NULL)
		return SECSuccess;
	value = nu_der_make_text(arena, NU_UTF8_STRING, text);
	if (value == NULL)
		return SECFailure;
	return write_control(arena, tag, value, ret_control);
}

/* PKIArchiveOptions: encryptedPrivKey [0], explicit around a CHOICE. */
static SECStatus
write_archive(PLArenaPool *arena, const SECItem *encrypted_key,
              SECItem **ret_control)
{
	SECItem *options;

	if (encrypted_key == NULL)
		return SECSuccess;
	options = nu_der_make(arena, NU_CONTEXT_CONSTRUCTED(0), encrypted_key);
	if (options == NULL)
		return SECFailure;
	return write_control(arena, SEC_OID_PKIX_REGCTRL_PKI_ARCH_OPTIONS,
	                     options, ret_control);
}

/* Controls, SIZE (1..MAX): none at all when there is none. */
static SECStatus
write_controls(PLArenaPool *arena, const struct nu_cert_template *template,
               SECItem **ret_controls)
{
	SECItem *control[4] = { NULL };

	if (write_text_control(arena, SEC_OID_PKIX_REGCTRL_REGTOKEN,
	                       template->reg_token, &control[0]) !=
	            SECSuccess ||
	    write_text_control(arena, SEC_OID_PKIX_REGCTRL_AUTHENTICATOR,
	                       template->authenticator, &control[1]) !=
	            SECSuccess ||
	    write_archive(arena, template->archive, &control[2]) !=
	            SECSuccess ||
	    write_control(arena, SEC_OID_PKIX_REGCTRL_PROTOCOL_ENC_KEY,
	                  template->protocol_key, &control[3]) != SECSuccess)
		return SECFailure;
	*ret_controls = NULL;
	if (!control[0] && !control[1] && !control[2] && !control[3])
		return SECSuccess;
	*ret_controls = nu_der_make(arena, NU_SEQUENCE, control[0], control[1],
	                            control[2], control[3]);
	return *ret_controls != NULL ? SECSuccess : SECFailure;
}

static SECItem *
write_cert_request(PLArenaPool *arena, const struct nu_cert_template *template)
{
	SECItem *id = nu_der_make_integer(arena, &template->id);
	SECItem *body = write_template(arena, template), *controls;

	if (id == NULL || body == NULL ||
	    write_controls(arena, template, &controls) != SECSuccess)
		return NULL;
	return nu_der_make(arena, NU_SEQUENCE, id, body, controls);
}

/* --- proof of possession: what is needed to write one -------------------- */

struct prover {
	PLArenaPool *arena;
	const struct nu_cert_template *template;
	SECKEYPrivateKey *key;
	const struct nu_cert *verifier;
	void *wincx;
};

/* A POPOPrivKey under the tag for the kind of key, explicit, as a CHOICE is. */
static SECItem *
write_private_proof(const struct prover *prover, const SECItem *choice)
{
	int tag = SECKEY_GetPrivateKeyType(prover->key) == rsaKey ? 2 : 3;

	if (choice == NULL)
		return NULL;
	return nu_der_make(prover->arena, NU_CONTEXT_CONSTRUCTED(tag), choice);
}

/* signature [1] POPOSigningKey without a poposkInput. */
static SECItem *
write_signature(const struct prover *prover, const SECItem *request)
{
	SECItem *algorithm, *bits, signature;

	if (nu_key_sign(prover->arena, prover->key, request, &algorithm,
	                &signature) != SECSuccess)
		return NULL;
	bits = nu_der_make_bits(prover->arena, &signature);
	if (bits == NULL)
		return NULL;
	return nu_der_make(prover->arena, NU_CONTEXT_CONSTRUCTED(1), algorithm,
	                   bits);
}

/* thisMessage [0] BIT STRING: an empty one, since the key itself, encrypted, is
 * in the control pkiArchiveOptions. */
static SECItem *
write_this_message(const struct prover *prover, const SECItem *request)
{
	const unsigned char no_unused_bits = 0;

	(void)request;
	if (prover->template->archive == NULL) {
		PORT_SetError(SEC_ERROR_INVALID_ARGS);
		return NULL;
	}
	return write_private_proof(prover,
	                           nu_der_make_octets(prover->arena,
	                                              NU_CONTEXT(0),
	                                              &no_unused_bits, 1));
}

/* subsequentMessage [1] INTEGER: challengeResp */
static SECItem *
write_challenge(const struct prover *prover, const SECItem *request)
{
	const unsigned char challenge_resp = CHALLENGE_RESP;

	(void)request;
	return write_private_proof(prover,
	                           nu_der_make_octets(prover->arena,
	                                              NU_CONTEXT(1),
	                                              &challenge_resp, 1));
}

static SECKEYPublicKey *
public_from_spki(const SECItem *spki)
{
	nu_auto(CERTSubjectPublicKeyInfo) info =
	        SECKEY_DecodeDERSubjectPublicKeyInfo(spki);

	return info != NULL ? SECKEY_ExtractPublicKey(info) : NULL;
}

/* agreeMAC [3] PKMACValue */
static SECItem *
write_agree_mac(const struct prover *prover, const SECItem *request)
{
	nu_auto(SECKEYPublicKey) pub =
	        public_from_spki(&prover->verifier->spki);
	SECItem *algorithm, mac, *bits;

	if (pub == NULL ||
	    nu_agree_mac(prover->arena, prover->key, pub, prover->verifier,
	                 request, prover->wincx, &algorithm,
	                 &mac) != SECSuccess)
		return NULL;
	bits = nu_der_make_bits(prover->arena, &mac);
	if (bits == NULL)
		return NULL;
	return write_private_proof(prover,
	                           nu_der_make(prover->arena,
	                                       NU_CONTEXT_CONSTRUCTED(3),
	                                       algorithm, bits));
}

static PRBool
template_is_whole(const struct nu_cert_template *template, enum nu_proof proof)
{
	return template->id.len > 0 && template->subject.len > 0 &&
	       (template->spki.len > 0) == (proof != NU_PROOF_NONE);
}

static SECItem *
write_msg(const struct prover *prover, enum nu_proof how)
{
	static SECItem *(*const writers[])(const struct prover *,
	                                   const SECItem *) = {
		[NU_PROOF_SIGNATURE] = write_signature,
		[NU_PROOF_THIS_MESSAGE] = write_this_message,
		[NU_PROOF_CHALLENGE] = write_challenge,
		[NU_PROOF_AGREE_MAC] = write_agree_mac
	};
	SECItem *request = write_cert_request(prover->arena, prover->template);
	SECItem *proof = NULL;

	if (request == NULL)
		return NULL;
	if (how != NU_PROOF_NONE &&
	    (proof = writers[how](prover, request)) == NULL)
		return NULL;
	return nu_der_make(prover->arena, NU_SEQUENCE, request, proof);
}

SECItem *
nu_crmf_encode_msg_as(const struct nu_cert_template *template,
                      enum nu_proof proof, SECKEYPrivateKey *key,
                      const struct nu_cert *verifier, void *wincx)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	const struct prover prover = { arena, template, key, verifier, wincx };
	SECItem *msg;

	if (arena == NULL)
		return NULL;
	if (!template_is_whole(template, proof) ||
	    (proof == NU_PROOF_AGREE_MAC) != (verifier != NULL)) {
		PORT_SetError(SEC_ERROR_INVALID_ARGS);
		return NULL;
	}
	msg = write_msg(&prover, proof);
	return msg != NULL ? SECITEM_DupItem(msg) : NULL;
}

SECItem *
nu_crmf_encode_msg(const struct nu_cert_template *template,
                   SECKEYPrivateKey *key)
{
	return nu_crmf_encode_msg_as(template, NU_PROOF_SIGNATURE, key, NULL,
	                             NULL);
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

/* subsequentMessage [1] INTEGER */
static enum nu_pop_private
read_subsequent(const SECItem *octets)
{
	if (octets->len == 1 && octets->data[0] == ENCR_CERT)
		return NU_POP_ENCR_CERT;
	if (octets->len == 1 && octets->data[0] == CHALLENGE_RESP)
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

/* PKMACValue, without its tag, alone in the POPOPrivKey. */
static SECStatus
read_agree_mac(const struct nu_crmf_msg *msg, SECItem *ret_algorithm,
               SECItem *ret_mac)
{
	struct nu_der r = nu_der_reader(&msg->pop_value);
	struct nu_tlv choice, algorithm;

	if (nu_der_get(&r, NU_CONTEXT_CONSTRUCTED(3), &choice) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return SECFailure;
	r = nu_der_reader(&choice.value);
	if (nu_der_get(&r, NU_SEQUENCE, &algorithm) != SECSuccess ||
	    nu_der_bits(&r, ret_mac) != SECSuccess ||
	    nu_der_end(&r) != SECSuccess)
		return SECFailure;
	*ret_algorithm = algorithm.whole;
	return SECSuccess;
}

/* The MAC covers the CertRequest, which must hold both subject and key. */
SECStatus
nu_crmf_verify_agree_mac(const struct nu_crmf_msg *msg,
                         const struct nu_cert *cert, SECKEYPrivateKey *key,
                         void *wincx)
{
	nu_auto(PLArenaPool) arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	nu_auto(SECKEYPublicKey) pub = NULL;
	SECItem given_alg, given, *algorithm, mac;

	if (arena == NULL)
		return SECFailure;
	if (msg->how != NU_POP_AGREE_MAC || msg->subject.data == NULL ||
	    msg->spki.data == NULL)
		return bad_signature();
	pub = public_from_spki(&msg->spki);
	if (pub == NULL ||
	    read_agree_mac(msg, &given_alg, &given) != SECSuccess)
		return SECFailure;
	if (nu_agree_mac(arena, key, pub, cert, &msg->cert_req, wincx,
	                 &algorithm, &mac) != SECSuccess)
		return PORT_GetError() == SEC_ERROR_INVALID_ARGS
		               ? bad_signature()
		               : SECFailure;
	if (!SECITEM_ItemsAreEqual(algorithm, &given_alg) ||
	    mac.len != given.len ||
	    NSS_SecureMemcmp(mac.data, given.data, mac.len) != 0)
		return bad_signature();
	return SECSuccess;
}
