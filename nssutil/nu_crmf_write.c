/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_crmf_write.c - CertReqMessages, written and proved. */

#include "nssutil/nu_crmf_int.h"

#include <secerr.h>
#include <secoid.h>

#include "nssutil/nu_agree.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_ext.h"
#include "nssutil/nu_key.h"

enum { VERSION_3 = 2 };

/* NULL is an NSS error throughout. */

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
	const unsigned char challenge_resp = CRMF_CHALLENGE_RESP;

	(void)request;
	return write_private_proof(prover,
	                           nu_der_make_octets(prover->arena,
	                                              NU_CONTEXT(1),
	                                              &challenge_resp, 1));
}

/* agreeMAC [3] PKMACValue */
static SECItem *
write_agree_mac(const struct prover *prover, const SECItem *request)
{
	nu_auto(SECKEYPublicKey) pub =
	        nu_key_from_spki(&prover->verifier->spki);
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
