/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* issue.c - one request in, one answer out: the order of the steps */

#include <secerr.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"

enum { DEFAULT_DAYS = 365 };

void
ca_job_clear(struct ca_job *job)
{
	ca_request_free(job->request);
	if (job->arena != NULL)
		PORT_FreeArena(job->arena, PR_TRUE);
}

static enum psm_err
read_refusal_ids(struct ca_job *job)
{
	const struct ca_refusal *refusals = job->options->refusals;
	const size_t n = job->options->n_refusals;

	job->refusal_ids = PORT_ArenaZNewArray(job->arena, SECItem, n + 1);
	if (job->refusal_ids == NULL)
		return ca_error_nss(job->ca, PSM_E_NO_MEMORY, "refusals");
	for (size_t i = 0; i < n; i++)
		if (refusals[i].id != NULL &&
		    nu_der_from_decimal(job->arena, refusals[i].id,
		                        &job->refusal_ids[i]) != SECSuccess)
			return ca_error_nss(job->ca, PSM_E_ARGUMENT,
			                    "id of a refusal");
	return PSM_OK;
}

static enum psm_err
check_options(struct ca_job *job)
{
	const struct ca_options *options = job->options;

	if (job->ca->cert == NULL)
		return ca_error(job->ca, PSM_E_ARGUMENT,
		                "no authority is open");
	if (options->email != NULL &&
	    !ca_email_is_fine(options->email, strlen(options->email)))
		return ca_error(job->ca, PSM_E_ARGUMENT,
		                "\"%s\" is not an e-mail address",
		                options->email);
	if ((unsigned)options->dialect > CA_DIALECT_PKCS7)
		return ca_error(job->ca, PSM_E_ARGUMENT, "no such dialect");
	if (options->encrypt != CA_ENCRYPT_NOTHING &&
	    options->dialect >= CA_DIALECT_CERT)
		return ca_error(job->ca, PSM_E_ARGUMENT,
		                "this dialect has no encrypted certificates");
	job->arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	if (job->arena == NULL)
		return ca_error_nss(job->ca, PSM_E_NO_MEMORY, "answer");
	return read_refusal_ids(job);
}

static enum psm_err
read_server_names(struct ca_job *job)
{
	const struct ca_options *options = job->options;

	if (options->purpose != CA_PURPOSE_SERVER)
		return PSM_OK;
	for (size_t i = 0; i < options->n_server_names; i++)
		if (!ca_server_name_is_fine(options->server_names[i]))
			return ca_error(job->ca, PSM_E_ARGUMENT,
			                "\"%s\" is no host name or address",
			                options->server_names[i]);
	if (options->n_server_names == 0)
		return ca_error(job->ca, PSM_E_ARGUMENT,
		                "a server needs a name");
	job->server_names = ca_server_names(job->arena, options);
	if (job->server_names == NULL)
		return ca_error_nss(job->ca, PSM_E_NO_MEMORY, "names");
	return PSM_OK;
}

/* The key must be ready to sign before anything is decided. */
static enum psm_err
check_slot(struct ca *ca)
{
	nu_auto(PK11SlotInfo) slot = NULL;

	return ca_slot(ca, &slot);
}

enum psm_err
ca_job_start(struct ca_job *job)
{
	enum psm_err err;

	if ((err = check_options(job)) != PSM_OK ||
	    (err = read_server_names(job)) != PSM_OK)
		return err;
	return check_slot(job->ca);
}

/* Plain certificates cannot say that one of them is missing. */
static enum psm_err
check_refusals(struct ca_job *job)
{
	const enum ca_dialect dialect = job->options->dialect;

	if (dialect != CA_DIALECT_CERT && dialect != CA_DIALECT_PKCS7)
		return PSM_OK;
	for (size_t i = 0; i < job->request->n_wishes; i++)
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
		.subject = &grant->wish->subject,
		.spki = &grant->wish->spki,
		.extensions = ca_profile_grant(job, grant),
		.validity = *validity
	};

	return ca_cert_sign(job->arena, &content, ca->key, ca->algorithm,
	                    &grant->serial, &grant->cert);
}

static enum psm_err
sign_grants(struct ca_job *job)
{
	const struct ca_options *options = job->options;
	const unsigned days = options->days != 0 ? options->days : DEFAULT_DAYS;
	struct ca_validity validity;
	PRTime start, end;
	enum psm_err err;

	if (CERT_GetCertTimes(job->ca->cert, &start, &end) != SECSuccess)
		return ca_error_nss(job->ca, PSM_E_INTERNAL, "validity");
	err = ca_validity_choose(job->ca, options->not_before, days,
	                         end / PR_USEC_PER_SEC, &validity);
	if (err != PSM_OK)
		return err;
	for (size_t i = 0; i < job->request->n_wishes; i++)
		if (!job->grants[i].refused &&
		    sign_grant(job, &job->grants[i], &validity) != SECSuccess)
			return ca_error_nss(job->ca, PSM_E_STORE, "signing");
	return PSM_OK;
}

enum psm_err
ca_issue(struct ca *ca, const void *request, size_t request_len,
         const struct ca_options *options, struct ca_answer **ret_answer)
{
	static const struct ca_options defaults;
	__attribute__((cleanup(ca_job_clear))) struct ca_job job = {
		.ca = ca, .options = options != NULL ? options : &defaults
	};
	enum psm_err err;

	ca->errmsg[0] = '\0';
	if ((err = ca_job_start(&job)) != PSM_OK ||
	    (err = ca_request_read(ca, request, request_len, job.options->id,
	                           &job.request)) != PSM_OK ||
	    (err = ca_judge(&job)) != PSM_OK ||
	    (err = check_refusals(&job)) != PSM_OK ||
	    (err = sign_grants(&job)) != PSM_OK ||
	    (err = ca_encrypt_grants(&job)) != PSM_OK)
		return err;
	return ca_answer_make(&job, ret_answer);
}
