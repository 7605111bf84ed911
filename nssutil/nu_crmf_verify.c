/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* nu_crmf_verify.c - proofs of possession, verified. */

#include "nssutil/nu_crmf_int.h"

#include <nss.h>
#include <secerr.h>

#include "nssutil/nu_agree.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_key.h"

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
                  const struct crmf_signing_proof *proof)
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
	struct crmf_signing_proof proof = { 0 };

	if (msg->pop != NU_POP_SIGNATURE)
		return bad_signature();
	if (crmf_read_signing_proof(&msg->pop_value, &proof) != SECSuccess)
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
	pub = nu_key_from_spki(&msg->spki);
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
