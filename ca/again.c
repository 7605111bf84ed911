/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* again.c - an answer to what was decided long ago */

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_cert.h"
#include "nssutil/nu_certs.h"
#include "nssutil/nu_der.h"

static enum psm_err
recall_cert(struct ca_job *job, const struct ca_result *result,
            struct ca_grant *grant)
{
	const SECItem cert = { siBuffer, (unsigned char *)result->cert,
		               (unsigned)result->cert_len };
	struct nu_cert parts;

	if (SECITEM_CopyItem(job->arena, &grant->cert, &cert) != SECSuccess)
		return ca_error_nss(job->ca, PSM_E_NO_MEMORY, "certificate");
	if (nu_cert_read(&grant->cert, &parts) != SECSuccess)
		return ca_error_nss(job->ca, PSM_E_CERTIFICATE, "certificate");
	if (!nu_cert_issued(&job->ca->cert->derCert, &grant->cert))
		return ca_error_nss(job->ca, PSM_E_CERTIFICATE,
		                    "the certificate is not of this authority");
	grant->wish->spki = parts.spki;
	grant->modified = result->modified;
	grant->reason = result->modified ? result->reason : NULL;
	return result->encrypted ? ca_encrypt_grant(job, grant) : PSM_OK;
}

static enum psm_err
recall(struct ca_job *job, const struct ca_result *result,
       struct ca_grant *grant)
{
	grant->wish = PORT_ArenaZNew(job->arena, struct ca_wish);
	if (grant->wish == NULL)
		return ca_error_nss(job->ca, PSM_E_NO_MEMORY, "answer");
	if (result->id == NULL ||
	    nu_der_from_decimal(job->arena, result->id, &grant->id) !=
	            SECSuccess)
		return ca_error(job->ca, PSM_E_ARGUMENT, "request id");
	if (!ca_refusal_is_fine(result->fail, result->reason))
		return ca_error(job->ca, PSM_E_ARGUMENT,
		                "a result's reason is malformed");
	if (result->cert != NULL)
		return recall_cert(job, result, grant);
	grant->refused = true;
	grant->fail = result->fail;
	grant->reason = result->reason != NULL ? result->reason : "refused";
	return PSM_OK;
}

static enum psm_err
recall_all(struct ca_job *job, const struct ca_result *results, size_t n)
{
	enum psm_err err;

	if (n == 0)
		return ca_error(job->ca, PSM_E_ARGUMENT, "no results");
	job->grants = PORT_ArenaZNewArray(job->arena, struct ca_grant, n);
	if (job->grants == NULL)
		return ca_error_nss(job->ca, PSM_E_NO_MEMORY, "answer");
	job->n_grants = n;
	for (size_t i = 0; i < n; i++) {
		if (results[i].cert != NULL && results[i].encrypted &&
		    job->options->dialect >= CA_DIALECT_CERT)
			return ca_error(job->ca, PSM_E_ARGUMENT,
			                "this dialect has no encrypted "
			                "certificates");
		if ((err = recall(job, &results[i], &job->grants[i])) !=
		    PSM_OK)
			return err;
	}
	return ca_check_refusals(job);
}

enum psm_err
ca_answer_again(struct ca *ca, const struct ca_result *results,
                size_t n_results, const struct ca_options *options,
                struct ca_answer **ret_answer)
{
	__attribute__((cleanup(ca_job_clear))) struct ca_job job = {
		.ca = ca, .options = options
	};
	enum psm_err err;

	if ((err = ca_job_start(&job)) != PSM_OK ||
	    (err = recall_all(&job, results, n_results)) != PSM_OK)
		return err;
	return ca_answer_make(&job, ret_answer);
}
