/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* encrypt.c - certificates that only their key's holder can read */

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_der.h"

SECKEYPublicKey *
ca_public_key(const SECItem *spki)
{
	nu_auto(CERTSubjectPublicKeyInfo) info = NULL;

	if (nu_der_check(spki, CA_MAX_DEPTH) != SECSuccess)
		return NULL;
	info = SECKEY_DecodeDERSubjectPublicKeyInfo(spki);
	return info != NULL ? SECKEY_ExtractPublicKey(info) : NULL;
}

bool
ca_encrypt_proves(const struct ca_job *job, const struct ca_grant *grant)
{
	const struct nu_crmf_msg *msg = grant->wish->msg;

	/* So far key_usage is what the key can do at all. */
	return job->options->encrypt != CA_ENCRYPT_NOTHING && msg != NULL &&
	       (msg->how == NU_POP_ENCR_CERT ||
	        msg->how == NU_POP_CHALLENGE_RESP) &&
	       (grant->key_usage & (KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT));
}

enum nu_envelope_form
ca_encrypt_form(const struct ca_job *job, const SECKEYPublicKey *to)
{
	return job->options->encrypt == CA_ENCRYPT_CMS ||
	       SECKEY_GetPublicKeyType(to) != rsaKey ?
	       NU_ENVELOPE_CMS : NU_ENVELOPE_VALUE;
}

enum psm_err
ca_encrypt_grant(struct ca_job *job, struct ca_grant *grant)
{
	nu_auto(SECKEYPublicKey) to = ca_public_key(&grant->wish->spki);
	nu_auto(SECItem) sealed = NULL;

	if (to != NULL)
		sealed = nu_envelope_seal(&grant->cert, to,
		                          ca_encrypt_form(job, to), NULL);
	if (sealed == NULL ||
	    SECITEM_CopyItem(job->arena, &grant->encrypted_cert, sealed) !=
	            SECSuccess)
		return ca_error_nss(job->ca, PSM_E_INTERNAL,
		                    "encrypting a certificate");
	return PSM_OK;
}

/* Also where the proof did not depend on it, if the key can do nothing but take
 * what is encrypted to it. */
bool
ca_encrypt_is_due(const struct ca_job *job, const struct ca_grant *grant)
{
	const unsigned sign = KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION;

	if (grant->refused || job->options->encrypt == CA_ENCRYPT_NOTHING)
		return false;
	return grant->encrypt ||
	       (!grant->is_ca && (grant->key_usage & sign) == 0);
}

enum psm_err
ca_encrypt_grants(struct ca_job *job)
{
	enum psm_err err;

	for (size_t i = 0; i < job->n_grants; i++)
		if (ca_encrypt_is_due(job, &job->grants[i]) &&
		    (err = ca_encrypt_grant(job, &job->grants[i])) != PSM_OK)
			return err;
	return PSM_OK;
}
