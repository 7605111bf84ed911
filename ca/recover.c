/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* recover.c - an archived key goes back to whom it belongs */

#include <secerr.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_cert.h"

/* What ca_recover() works on. */
struct recover {
	struct ca_job job;
	SECItem cert, archived; /* borrowed */
	struct nu_cert parts;   /* of cert */
};

static void
recover_clear(struct recover *recover)
{
	ca_request_free(recover->job.request);
	ca_job_clear(&recover->job);
}

static enum psm_err
check_cert(struct recover *recover)
{
	struct ca *ca = recover->job.ca;

	if (recover->job.options->dialect >= CA_DIALECT_CERT)
		return ca_error(ca, PSM_E_ARGUMENT,
		                "this dialect cannot bring a key");
	if (nu_cert_read(&recover->cert, &recover->parts) != SECSuccess)
		return ca_error_nss(ca, PSM_E_CERTIFICATE, "certificate");
	return PSM_OK;
}

/* One message, which says under what key the answer is to go. */
static enum psm_err
check_request(struct recover *recover)
{
	struct ca *ca = recover->job.ca;
	const struct ca_request *request = recover->job.request;
	const struct ca_wish *wish = &request->wishes[0];

	if (request->n_wishes != 1 || wish->msg == NULL ||
	    wish->msg->protocol_key.data == NULL)
		return ca_error(ca, PSM_E_REQUEST,
		                "this is no request for one key's recovery");
	if (!SECITEM_ItemsAreEqual(&wish->subject, &recover->parts.subject))
		return ca_error(ca, PSM_E_REQUEST,
		                "the certificate is not the subject's who "
		                "asks");
	return PSM_OK;
}

/* A session key, proved to be the certificate's. */
static enum psm_err
open_archived(struct recover *recover, SECKEYPrivateKey **ret_key)
{
	struct ca *ca = recover->job.ca;
	__attribute__((cleanup(ca_holder_clear))) struct ca_holder escrow = {
		NULL, NULL
	};
	nu_auto(PK11SlotInfo) slot = PK11_GetInternalKeySlot();
	nu_auto(SECKEYPublicKey) public = ca_public_key(&recover->parts.spki);
	enum psm_err err = ca_holder_find(
		ca, recover->job.options->escrow_nickname, &escrow);

	if (err != PSM_OK)
		return err;
	if (slot == NULL || public == NULL)
		return ca_error_nss(ca, PSM_E_CERTIFICATE, "public key");
	*ret_key = nu_envelope_unwrap_key(&recover->archived, escrow.key,
	                                  public, slot, PR_FALSE, NULL, NULL);
	if (*ret_key == NULL)
		return ca_error_nss(ca, PSM_E_CERTIFICATE,
		                    "the archived key does not open, or is "
		                    "not the certificate's");
	return PSM_OK;
}

static enum psm_err
wrap_for_holder(struct recover *recover, SECKEYPrivateKey *key)
{
	const unsigned encrypt = KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT;
	struct ca_job *job = &recover->job;
	struct ca_wish *wish = &job->request->wishes[0];
	nu_auto(SECKEYPublicKey) to = ca_public_key(&wish->msg->protocol_key);
	nu_auto(SECItem) wrapped = NULL;

	if (to == NULL)
		return ca_error_nss(job->ca, PSM_E_REQUEST, "protocolEncrKey");
	if ((ca_permitted_usage(to, CA_MIN_RSA_BITS) & encrypt) == 0)
		return ca_error(job->ca, PSM_E_REQUEST,
		                "no key is sent under a protocolEncrKey so "
		                "weak, or of this kind");
	wrapped = nu_envelope_wrap_key(key, to, ca_encrypt_form(job, to), NULL);
	job->grants = PORT_ArenaZNew(job->arena, struct ca_grant);
	if (wrapped == NULL || job->grants == NULL ||
	    SECITEM_CopyItem(job->arena, &job->grants->private_key, wrapped) !=
	            SECSuccess)
		return ca_error_nss(job->ca, PSM_E_INTERNAL, "wrapping a key");
	job->n_grants = 1;
	job->grants->wish = wish;
	job->grants->id = wish->id;
	job->grants->cert = recover->cert;
	return PSM_OK;
}

enum psm_err
ca_recover(struct ca *ca, const void *request, size_t request_len,
           const struct ca_recovery *recovery,
           const struct ca_options *options, struct ca_answer **ret_answer)
{
	__attribute__((cleanup(recover_clear))) struct recover recover = {
		.job = { .ca = ca, .options = options },
		.cert = { siBuffer, (unsigned char *)recovery->cert,
		          (unsigned)recovery->cert_len },
		.archived = { siBuffer, (unsigned char *)recovery->key,
		              (unsigned)recovery->key_len }
	};
	nu_auto(SECKEYPrivateKey) key = NULL;
	enum psm_err err;

	ca->errmsg[0] = '\0';
	if ((err = ca_job_start(&recover.job)) != PSM_OK ||
	    (err = check_cert(&recover)) != PSM_OK ||
	    (err = ca_request_read(ca, request, request_len,
	                           &recover.job.request)) != PSM_OK ||
	    (err = check_request(&recover)) != PSM_OK ||
	    (err = open_archived(&recover, &key)) != PSM_OK ||
	    (err = wrap_for_holder(&recover, key)) != PSM_OK)
		return err;
	return ca_answer_make(&recover.job, ret_answer);
}
