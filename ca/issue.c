/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* issue.c - one request in, one answer out: the order of the steps */

#include "ca/internal.h"

enum psm_err
ca_check_refusals(struct ca_job *job)
{
	const enum ca_dialect dialect = job->options->dialect;

	if (dialect != CA_DIALECT_CERT && dialect != CA_DIALECT_PKCS7)
		return PSM_OK;
	for (size_t i = 0; i < job->n_grants; i++)
		if (job->grants[i].refused)
			return ca_error(job->ca, PSM_E_REQUEST, "%s",
			                job->grants[i].reason);
	return PSM_OK;
}

static SECStatus
sign_grant(struct ca_job *job, struct ca_grant *grant,
           const struct ca_validity *validity)
{
	struct ca *ca = job->ca;
	const struct ca_cert_content content = {
		.issuer = &ca->cert->derSubject,
		.subject = &grant->subject,
		.spki = &grant->wish->spki,
		.extensions = ca_profile_grant(job, grant),
		.validity = *validity
	};

	return ca_cert_sign(job->arena, &content, ca->key, ca->algorithm,
	                    &grant->cert);
}

static enum psm_err
sign_grants(struct ca_job *job)
{
	struct ca_validity validity;
	enum psm_err err = ca_job_validity(job, &validity);

	if (err != PSM_OK)
		return err;
	for (size_t i = 0; i < job->n_grants; i++)
		if (!job->grants[i].refused &&
		    sign_grant(job, &job->grants[i], &validity) != SECSuccess)
			return ca_error_nss(job->ca, PSM_E_STORE, "signing");
	return PSM_OK;
}

/* What comes after the request was read. */
static enum psm_err
issue(struct ca_job *job, struct ca_answer **ret_answer)
{
	enum psm_err err;

	if ((err = ca_judge(job)) != PSM_OK ||
	    (err = ca_check_refusals(job)) != PSM_OK ||
	    (err = sign_grants(job)) != PSM_OK ||
	    (err = ca_encrypt_grants(job)) != PSM_OK)
		return err;
	return ca_answer_make(job, ret_answer);
}

enum psm_err
ca_issue(struct ca *ca, const void *request, size_t request_len,
         const struct ca_options *options, struct ca_answer **ret_answer)
{
	__attribute__((cleanup(ca_job_clear))) struct ca_job job = {
		.ca = ca, .options = options
	};
	enum psm_err err;

	if ((err = ca_job_start(&job)) != PSM_OK ||
	    (err = ca_request_read(ca, request, request_len,
	                           &job.request)) != PSM_OK)
		return err;
	err = issue(&job, ret_answer);
	ca_request_free(job.request);
	return err;
}

enum psm_err
ca_request_issue(struct ca *ca, struct ca_request *request,
                 const struct ca_options *options,
                 struct ca_answer **ret_answer)
{
	__attribute__((cleanup(ca_job_clear))) struct ca_job job = {
		.ca = ca, .options = options, .request = request
	};
	enum psm_err err = ca_job_start(&job);

	return err == PSM_OK ? issue(&job, ret_answer) : err;
}
