/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* answer.c - writing an answer down in the dialect that was asked for */

#include <secoid.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_cmmf.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_name.h"

/* What a caller has of an answer comes first. */
struct answer {
	struct ca_answer visible;
	PLArenaPool *arena;
	char *text;
	SECItem *der;
};

void
ca_answer_free(struct ca_answer *visible)
{
	struct answer *answer = (struct answer *)visible;

	if (answer == NULL)
		return;
	if (answer->der != NULL)
		SECITEM_ZfreeItem(answer->der, PR_TRUE);
	if (answer->arena != NULL)
		PORT_FreeArena(answer->arena, PR_TRUE);
	free(answer->text);
	free(answer);
}

static void
free_answer(struct answer **answer)
{
	ca_answer_free((struct ca_answer *)*answer);
}

static size_t
count_granted(const struct ca_job *job)
{
	size_t n = 0;

	for (size_t i = 0; i < job->request->n_wishes; i++)
		n += !job->grants[i].refused;
	return n;
}

/* Every certificate granted, and then the authority's if it is wanted. */
static SECStatus
list_certs(const struct ca_job *job, const SECItem ***ret_certs,
           size_t *ret_n)
{
	const SECItem **certs = PORT_ArenaZNewArray(
		job->arena, const SECItem *, job->request->n_wishes + 1);
	size_t n = 0;

	if (certs == NULL)
		return SECFailure;
	for (size_t i = 0; i < job->request->n_wishes; i++)
		if (!job->grants[i].refused)
			certs[n++] = &job->grants[i].cert;
	if (!job->options->no_ca_pubs)
		certs[n++] = &job->ca->cert->derCert;
	*ret_certs = certs;
	*ret_n = n;
	return SECSuccess;
}

/* --- CertRepContent ----------------------------------------------------- */

static SECStatus
fill_response(struct ca_job *job, const struct ca_grant *grant,
              struct nu_cert_response *response)
{
	/* lib/crmf takes no answer with a text in it; a refusal, which it
	 * could not use anyway, keeps its own. */
	const bool mute = !grant->refused &&
	                  job->options->dialect == CA_DIALECT_UNTAGGED;
	SECItem *text;

	response->id = grant->wish->id;
	response->status = grant->refused ? NU_STATUS_REJECTION :
	                   grant->modified ? NU_STATUS_GRANTED_WITH_MODS :
	                                     NU_STATUS_GRANTED;
	if (grant->refused)
		response->fail_info = 1ul << grant->fail;
	else if (grant->encrypted_cert.data != NULL)
		response->encrypted_cert = grant->encrypted_cert;
	else
		response->cert = grant->cert;
	response->private_key = grant->private_key;
	response->has_key_pair = !grant->refused;
	if (grant->reason == NULL || mute)
		return SECSuccess;
	text = SECITEM_AllocItem(job->arena, NULL,
	                         (unsigned)strlen(grant->reason));
	if (text == NULL)
		return SECFailure;
	memcpy(text->data, grant->reason, text->len);
	response->texts = text;
	response->n_texts = 1;
	return SECSuccess;
}

static SECItem *
encode_rep(struct ca_job *job, enum nu_dialect dialect)
{
	const size_t n = job->request->n_wishes;
	struct nu_cert_rep rep = { .n_responses = n };

	rep.responses = PORT_ArenaZNewArray(job->arena,
	                                    struct nu_cert_response, n);
	if (rep.responses == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (fill_response(job, &job->grants[i], &rep.responses[i]) !=
		    SECSuccess)
			return NULL;
	if (!job->options->no_ca_pubs && count_granted(job) > 0) {
		rep.ca_pubs = &job->ca->cert->derCert;
		rep.n_ca_pubs = 1;
	}
	return nu_cmmf_encode(&rep, dialect);
}

static SECStatus
write_rep(struct ca_job *job, struct answer *answer, enum nu_dialect dialect)
{
	answer->der = encode_rep(job, dialect);
	if (answer->der == NULL)
		return SECFailure;
	answer->text = nu_b64_encode(answer->der);
	return answer->text != NULL ? SECSuccess : SECFailure;
}

static SECStatus
write_cmmf(struct ca_job *job, struct answer *answer)
{
	return write_rep(job, answer, NU_DIALECT_CMMF);
}

static SECStatus
write_cmp(struct ca_job *job, struct answer *answer)
{
	return write_rep(job, answer, NU_DIALECT_CMP);
}

static SECStatus
write_untagged(struct ca_job *job, struct answer *answer)
{
	return write_rep(job, answer, NU_DIALECT_UNTAGGED);
}

/* --- certificates and nothing else -------------------------------------- */

static SECStatus
append_pem(char **text, const SECItem *cert)
{
	nu_auto_mem char *pem = nu_pem_encode("CERTIFICATE", cert);
	size_t before = strlen(*text), len;
	char *longer;

	if (pem == NULL)
		return SECFailure;
	len = strlen(pem);
	longer = realloc(*text, before + len + 1);
	if (longer == NULL)
		return SECFailure;
	memcpy(longer + before, pem, len + 1);
	*text = longer;
	return SECSuccess;
}

static SECStatus
write_certs(struct ca_job *job, struct answer *answer)
{
	const SECItem **certs;
	size_t n;

	if (list_certs(job, &certs, &n) != SECSuccess)
		return SECFailure;
	answer->text = calloc(1, 1);
	if (answer->text == NULL)
		return SECFailure;
	for (size_t i = 0; i < n; i++)
		if (append_pem(&answer->text, certs[i]) != SECSuccess)
			return SECFailure;
	answer->der = SECITEM_DupItem(certs[0]);
	return answer->der != NULL ? SECSuccess : SECFailure;
}

/* ContentInfo of a SignedData that nobody signed: RFC 2315, 9.1. */
static SECItem *
make_pkcs7(PLArenaPool *arena, const SECItem *const certs[], size_t n)
{
	const SECItem *nothing = ca_der_wrap(arena, NU_SET, NULL, 0);
	const SECItem *data = ca_der_make(arena, NU_SEQUENCE,
	                                  ca_der_oid(arena,
	                                             SEC_OID_PKCS7_DATA));
	const SECItem *signed_data = ca_der_make(arena, NU_SEQUENCE,
		nu_der_make_long(arena, 1), nothing, data,
		ca_der_wrap(arena, NU_CONTEXT_CONSTRUCTED(0), certs, n),
		nothing);

	return ca_der_make(arena, NU_SEQUENCE,
	                   ca_der_oid(arena, SEC_OID_PKCS7_SIGNED_DATA),
	                   ca_der_make(arena, NU_CONTEXT_CONSTRUCTED(0),
	                               signed_data));
}

static SECStatus
write_pkcs7(struct ca_job *job, struct answer *answer)
{
	const SECItem **certs, *der;
	size_t n;

	if (list_certs(job, &certs, &n) != SECSuccess)
		return SECFailure;
	der = make_pkcs7(job->arena, certs, n);
	if (der == NULL)
		return SECFailure;
	answer->der = SECITEM_DupItem(der);
	answer->text = nu_pem_encode("PKCS7", der);
	return answer->der != NULL && answer->text != NULL ? SECSuccess :
	                                                     SECFailure;
}

/* ------------------------------------------------------------------------ */

static SECStatus
list_serials(struct ca_job *job, struct ca_answer *visible)
{
	const char **serials = PORT_ArenaZNewArray(
		job->arena, const char *, job->request->n_wishes);
	size_t n = 0;

	if (serials == NULL)
		return SECFailure;
	for (size_t i = 0; i < job->request->n_wishes; i++) {
		const SECItem *serial = &job->grants[i].serial;
		char *hex;

		if (job->grants[i].refused)
			continue;
		hex = PORT_ArenaAlloc(job->arena, 2 * serial->len + 1);
		if (hex == NULL)
			return SECFailure;
		nu_hex(serial->data, serial->len, hex);
		serials[n++] = hex;
	}
	visible->serials = serials;
	visible->n_issued = n;
	visible->n_refused = job->request->n_wishes - n;
	return SECSuccess;
}

enum psm_err
ca_answer_make(struct ca_job *job, struct ca_answer **ret_answer)
{
	static SECStatus (*const writers[])(struct ca_job *,
	                                    struct answer *) = {
		[CA_DIALECT_CMMF] = write_cmmf,
		[CA_DIALECT_CMP] = write_cmp,
		[CA_DIALECT_UNTAGGED] = write_untagged,
		[CA_DIALECT_CERT] = write_certs,
		[CA_DIALECT_PKCS7] = write_pkcs7
	};
	__attribute__((cleanup(free_answer))) struct answer *answer =
		calloc(1, sizeof *answer);

	if (answer == NULL || list_serials(job, &answer->visible) != SECSuccess)
		return ca_error(job->ca, PSM_E_NO_MEMORY, "out of memory");
	if (writers[job->options->dialect](job, answer) != SECSuccess)
		return ca_error_nss(job->ca, PSM_E_INTERNAL, "answer");
	answer->visible.text = answer->text;
	answer->visible.der = answer->der->data;
	answer->visible.der_len = answer->der->len;
	answer->arena = nu_take(job->arena);
	*ret_answer = &nu_take(answer)->visible;
	return PSM_OK;
}
