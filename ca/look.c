/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* look.c - what a request wishes for, for those who decide about it */

#include <pk11pub.h>
#include <secerr.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_key.h"
#include "nssutil/nu_name.h"

/* Into the request's arena. NULL: no memory. */
static char *
keep_text(struct ca_request *request, char *text)
{
	char *kept = text != NULL ? PORT_ArenaStrdup(request->arena, text) :
	                            NULL;

	free(text);
	return kept;
}

static char *
keep_item(struct ca_request *request, const SECItem *item)
{
	char *kept = PORT_ArenaZAlloc(request->arena, (size_t)item->len + 1);

	if (kept != NULL)
		memcpy(kept, item->data, item->len);
	return kept;
}

static SECStatus
look_at_texts(struct ca_request *request, const struct ca_grant *grant,
              struct ca_wish_info *info)
{
	const struct ca_wish *wish = grant->wish;
	const struct nu_crmf_msg *msg = wish->msg;

	PORT_SetError(0);
	info->id = keep_text(request, nu_der_to_decimal(&grant->id));
	if (wish->subject.data != NULL &&
	    nu_der_check(&wish->subject, CA_MAX_DEPTH) == SECSuccess)
		info->subject = keep_text(request,
		                          nu_name_to_text(&wish->subject));
	if (msg != NULL && msg->reg_token.data != NULL)
		info->reg_token = keep_item(request, &msg->reg_token);
	if (msg != NULL && msg->authenticator.data != NULL)
		info->authenticator = keep_item(request, &msg->authenticator);
	if (info->id == NULL || PORT_GetError() == SEC_ERROR_NO_MEMORY)
		return SECFailure;
	return ca_alt_names_read(request->arena, &wish->extensions, info);
}

static SECStatus
look_at_key(const SECItem *spki, struct ca_wish_info *info)
{
	nu_auto(SECKEYPublicKey) key = NULL;

	if (spki->data == NULL)
		return SECSuccess;
	if (PK11_HashBuf(SEC_OID_SHA256, info->spki_sha256, spki->data,
	                 (PRInt32)spki->len) != SECSuccess)
		return SECFailure;
	key = ca_public_key(spki);
	if (key == NULL)
		return PORT_GetError() == SEC_ERROR_NO_MEMORY ? SECFailure :
		                                                SECSuccess;
	info->key = ca_key_kind(key);
	info->key_bits = nu_key_bits(key);
	return SECSuccess;
}

static enum ca_proof
unproved_state(const struct ca_wish *wish)
{
	switch (wish->msg != NULL ? wish->msg->how : NU_POP_PRIVATE_NONE) {
	case NU_POP_CHALLENGE_RESP:
		return CA_PROOF_CHALLENGE;
	case NU_POP_ENCR_CERT:
		return CA_PROOF_ENCRYPTED;
	default:
		return CA_PROOF_FAILED;
	}
}

/* Nothing can be said of the proof for a key that is not one. */
static enum psm_err
look_at_proof(struct ca_job *job, struct ca_wish *wish,
              struct ca_wish_info *info)
{
	const char *disproof = "a public key is needed";
	enum psm_err err = PSM_OK;

	if (ca_challenge_proves(job->options->challenge, wish))
		wish->proved = true;
	if (wish->proved)
		return PSM_OK;
	PORT_SetError(0);
	if (info->key_bits > 0)
		err = ca_proof_check(job, wish, &disproof);
	wish->proved = err == PSM_OK && disproof == NULL;
	if (err != PSM_OK || wish->proved)
		return err;
	if (PORT_GetError() == SEC_ERROR_NO_MEMORY)
		return ca_error_nss(job->ca, PSM_E_NO_MEMORY, "request");
	info->proof = unproved_state(wish);
	info->disproof = info->proof == CA_PROOF_FAILED ? disproof : NULL;
	return PSM_OK;
}

static enum psm_err
look_at(struct ca_job *job, size_t i)
{
	const struct ca_grant *grant = &job->grants[i];
	struct ca_wish_info *info = &job->request->infos[i];
	enum psm_err err;

	if (look_at_texts(job->request, grant, info) != SECSuccess ||
	    look_at_key(&grant->wish->spki, info) != SECSuccess)
		return ca_error_nss(job->ca, PSM_E_INTERNAL, "request");
	if ((err = look_at_proof(job, grant->wish, info)) != PSM_OK)
		return err;
	info->encrypted = ca_encrypt_is_due(job, grant);
	info->pkcs10 = grant->wish->p10 != NULL;
	info->password = info->pkcs10 && grant->wish->p10->has_password;
	info->refused = grant->refused;
	if (!grant->refused)
		return PSM_OK;
	info->fail = grant->fail;
	info->reason = PORT_ArenaStrdup(job->request->arena, grant->reason);
	return info->reason != NULL ? PSM_OK :
	       ca_error_nss(job->ca, PSM_E_NO_MEMORY, "request");
}

static enum psm_err
look(struct ca_job *job)
{
	struct ca_request *request = job->request;
	struct ca_validity validity;
	enum psm_err err;

	/* What could not be issued is not for anyone to approve. */
	if ((err = ca_job_validity(job, &validity)) != PSM_OK ||
	    (err = ca_judge(job)) != PSM_OK)
		return err;
	request->infos = PORT_ArenaZNewArray(request->arena,
	                                     struct ca_wish_info,
	                                     request->n_wishes);
	if (request->infos == NULL)
		return ca_error_nss(job->ca, PSM_E_NO_MEMORY, "request");
	for (size_t i = 0; i < request->n_wishes; i++)
		if ((err = look_at(job, i)) != PSM_OK)
			return err;
	return PSM_OK;
}

static enum psm_err
check_count(const struct ca_job *job)
{
	const size_t most = job->options->max_wishes;

	if (most == 0 || job->request->n_wishes <= most)
		return PSM_OK;
	return ca_error(job->ca, PSM_E_REQUEST,
	                "a request of more than %zu messages", most);
}

enum psm_err
ca_request_open(struct ca *ca, const void *request, size_t request_len,
                const struct ca_options *options,
                struct ca_request **ret_request)
{
	__attribute__((cleanup(ca_job_clear))) struct ca_job job = {
		.ca = ca, .options = options
	};
	enum psm_err err;

	if ((err = ca_job_start(&job)) != PSM_OK ||
	    (err = ca_request_read(ca, request, request_len,
	                           &job.request)) != PSM_OK)
		return err;
	err = check_count(&job);
	if (err == PSM_OK)
		err = look(&job);
	if (err == PSM_OK)
		*ret_request = job.request;
	else
		ca_request_free(job.request);
	return err;
}

const unsigned char *
ca_request_der(const struct ca_request *request, size_t *ret_len)
{
	*ret_len = request->der.len;
	return request->der.data;
}

const struct ca_wish_info *
ca_request_wish(const struct ca_request *request, size_t i)
{
	return i < request->n_wishes ? &request->infos[i] : NULL;
}
