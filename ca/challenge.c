/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* challenge.c - proof of possession by a challenge to the key */

#include <nss.h>
#include <pk11pub.h>
#include <secerr.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_challenge.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_key.h"

enum {
	NUMBER_LEN = 16,
	NUMBER_LEN_LONG = 8, /* lib/crmf reads a long */
	MAX_RESPONSE = 4 << 20
};

/* A message that was challenged. */
struct item {
	SECItem cert_req; /* a copy: the proof is for this CertRequest alone */
	char *id;
	SECItem number;
	bool proved;
};

struct ca_challenge {
	PLArenaPool *arena;
	enum ca_challenge_form form;
	struct item *items;
	size_t n;
	char *text;
	bool answered;
};

void
ca_challenge_free(struct ca_challenge *challenge)
{
	if (challenge == NULL)
		return;
	for (size_t i = 0; i < challenge->n; i++)
		free(challenge->items[i].id);
	if (challenge->arena != NULL)
		PORT_FreeArena(challenge->arena, PR_TRUE);
	free(challenge->text);
	free(challenge);
}

static void
free_challenge(struct ca_challenge **challenge)
{
	ca_challenge_free(*challenge);
}

const char *
ca_challenge_text(const struct ca_challenge *challenge)
{
	return challenge->text;
}

size_t
ca_challenge_count(const struct ca_challenge *challenge)
{
	return challenge->n;
}

const char *
ca_challenge_id(const struct ca_challenge *challenge, size_t i)
{
	return i < challenge->n ? challenge->items[i].id : NULL;
}

bool
ca_challenge_proved(const struct ca_challenge *challenge, size_t i)
{
	return i < challenge->n && challenge->items[i].proved;
}

bool
ca_challenge_proves(const struct ca_challenge *challenge,
                    const struct ca_wish *wish)
{
	if (challenge == NULL || wish->msg == NULL)
		return false;
	for (size_t i = 0; i < challenge->n; i++)
		if (challenge->items[i].proved &&
		    SECITEM_ItemsAreEqual(&challenge->items[i].cert_req,
		                          &wish->msg->cert_req))
			return true;
	return false;
}

/* --- making ------------------------------------------------------------- */

/* Only CMP of 2021 and later can challenge what does not decrypt by itself. */
static bool
choose_form(enum ca_challenge_form form, const SECKEYPublicKey *key,
            enum nu_challenge_form *ret_form)
{
	const bool rsa = SECKEY_GetPublicKeyType(key) == rsaKey;

	*ret_form = form == CA_CHALLENGE_NETSCAPE ? NU_CHALLENGE_NETSCAPE :
	            rsa ? NU_CHALLENGE_CMP : NU_CHALLENGE_ENVELOPED;
	return rsa || (form == CA_CHALLENGE_CMP &&
	               SECKEY_GetPublicKeyType(key) == ecKey);
}

/* Random, positive and in its shortest form. */
static SECStatus
draw_number(struct ca_challenge *challenge, SECItem *number)
{
	const unsigned len = challenge->form == CA_CHALLENGE_NETSCAPE ?
	                     NUMBER_LEN_LONG : NUMBER_LEN;

	if (SECITEM_AllocItem(challenge->arena, number, len) == NULL ||
	    PK11_GenerateRandom(number->data, (int)len) != SECSuccess)
		return SECFailure;
	number->data[0] = (number->data[0] & 0x7f) | 0x40;
	return SECSuccess;
}

/* directoryName [4] of the authority, or none where a short key has no room
 * for it. */
static SECItem *
make_one(struct ca *ca, struct ca_challenge *challenge, SECKEYPublicKey *key,
         enum nu_challenge_form form, const SECItem *number)
{
	SECItem *sender = nu_der_make(challenge->arena,
	                              NU_CONTEXT_CONSTRUCTED(4),
	                              &ca->cert->derSubject);
	struct nu_challenge_spec spec = {
		.form = form, .number = *number, .key = key,
		.owf = challenge->form == CA_CHALLENGE_NETSCAPE ?
		       SEC_OID_SHA1 : SEC_OID_SHA256,
		.omit_owf = challenge->n > 0
	};
	SECItem *made;

	if (sender == NULL)
		return NULL;
	spec.sender = *sender;
	made = nu_challenge_make(challenge->arena, &spec);
	if (made != NULL || PORT_GetError() != SEC_ERROR_OUTPUT_LEN)
		return made;
	sender = ca_der_make(challenge->arena, NU_CONTEXT_CONSTRUCTED(4),
	                     nu_der_wrap_all(challenge->arena, NU_SEQUENCE,
	                                     NULL, 0));
	if (sender == NULL)
		return NULL;
	spec.sender = *sender;
	return nu_challenge_make(challenge->arena, &spec);
}

static enum psm_err
challenge_msg(struct ca *ca, struct ca_challenge *challenge,
              const struct nu_crmf_msg *msg, SECKEYPublicKey *key,
              enum nu_challenge_form form, const SECItem **ret_made)
{
	struct item *item = &challenge->items[challenge->n];

	if (draw_number(challenge, &item->number) != SECSuccess ||
	    SECITEM_CopyItem(challenge->arena, &item->cert_req,
	                     &msg->cert_req) != SECSuccess)
		return ca_error_nss(ca, PSM_E_INTERNAL, "challenge");
	*ret_made = make_one(ca, challenge, key, form, &item->number);
	if (*ret_made == NULL)
		return ca_error_nss(ca, PSM_E_REQUEST, "challenge");
	item->id = nu_der_to_decimal(&msg->id);
	if (item->id == NULL)
		return ca_error(ca, PSM_E_NO_MEMORY, "out of memory");
	challenge->n++;
	return PSM_OK;
}

static enum psm_err
write_down(struct ca *ca, struct ca_challenge *challenge,
           const SECItem *const made[])
{
	const SECItem *der = nu_challenges_encode(challenge->arena, made,
	                                          challenge->n);

	challenge->text = der != NULL ? nu_b64_encode(der) : NULL;
	if (challenge->text == NULL)
		return ca_error(ca, PSM_E_NO_MEMORY, "out of memory");
	return PSM_OK;
}

static enum psm_err
challenge_all(struct ca *ca, struct ca_challenge *challenge,
              const struct ca_request *request)
{
	const size_t n = request->n_wishes;
	const SECItem **made = PORT_ArenaZNewArray(challenge->arena,
	                                           const SECItem *, n);
	enum psm_err err;

	challenge->items = PORT_ArenaZNewArray(challenge->arena, struct item,
	                                       n);
	if (made == NULL || challenge->items == NULL)
		return ca_error_nss(ca, PSM_E_NO_MEMORY, "challenge");
	for (size_t i = 0; i < n; i++) {
		const struct nu_crmf_msg *msg = request->wishes[i].msg;
		nu_auto(SECKEYPublicKey) key = NULL;
		enum nu_challenge_form form;

		if (msg == NULL || msg->how != NU_POP_CHALLENGE_RESP)
			continue;
		key = ca_public_key(&msg->spki);
		if (key == NULL ||
		    ca_permitted_usage(key, CA_MIN_RSA_BITS) == 0 ||
		    !choose_form(challenge->form, key, &form))
			continue;
		err = challenge_msg(ca, challenge, msg, key, form,
		                    &made[challenge->n]);
		if (err != PSM_OK)
			return err;
	}
	if (challenge->n == 0)
		return ca_error(ca, PSM_E_REQUEST,
		                "no message asks for a challenge that its key "
		                "could answer");
	return write_down(ca, challenge, made);
}

enum psm_err
ca_challenge(struct ca *ca, const void *request, size_t request_len,
             enum ca_challenge_form form, struct ca_challenge **ret_challenge)
{
	__attribute__((cleanup(free_challenge))) struct ca_challenge
		*challenge = calloc(1, sizeof *challenge);
	struct ca_request *read;
	enum psm_err err;

	ca->errmsg[0] = '\0';
	if (ca->cert == NULL)
		return ca_error(ca, PSM_E_ARGUMENT, "no authority is open");
	if (challenge == NULL ||
	    (challenge->arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE)) == NULL)
		return ca_error(ca, PSM_E_NO_MEMORY, "out of memory");
	challenge->form = form;
	err = ca_request_read(ca, request, request_len, &read);
	if (err != PSM_OK)
		return err;
	err = challenge_all(ca, challenge, read);
	ca_request_free(read);
	if (err == PSM_OK)
		*ret_challenge = nu_take(challenge);
	return err;
}

/* --- checking ----------------------------------------------------------- */

/* Wrong or right, a number serves once. */
static void
compare(struct item *item, const SECItem *answer)
{
	item->proved = answer->len == item->number.len &&
	               NSS_SecureMemcmp(answer->data, item->number.data,
	                                answer->len) == 0;
	explicit_bzero(item->number.data, item->number.len);
}

enum psm_err
ca_challenge_check(struct ca *ca, struct ca_challenge *challenge,
                   const char *response)
{
	nu_auto_item der = { siBuffer, NULL, 0 };
	nu_auto_mem SECItem *answers = NULL;

	ca->errmsg[0] = '\0';
	if (challenge->answered)
		return ca_error(ca, PSM_E_ARGUMENT,
		                "a challenge is answered once");
	answers = calloc(challenge->n, sizeof *answers);
	if (answers == NULL)
		return ca_error(ca, PSM_E_NO_MEMORY, "out of memory");
	if (nu_b64_decode(response, strlen(response), MAX_RESPONSE, &der) !=
	            SECSuccess ||
	    nu_challenges_decode_response(&der, answers, challenge->n) !=
	            SECSuccess)
		return ca_error_nss(ca, PSM_E_REQUEST, "answer to a challenge");
	challenge->answered = true;
	for (size_t i = 0; i < challenge->n; i++)
		compare(&challenge->items[i], &answers[i]);
	return PSM_OK;
}
