/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* answer.c - writing an answer down in the dialect that was asked for */

#include <secerr.h>
#include <secoid.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_cert.h"
#include "nssutil/nu_cmmf.h"
#include "nssutil/nu_der.h"
#include "nssutil/nu_name.h"

/* What a caller has of an answer comes first. */
struct answer {
	struct ca_answer visible;
	PLArenaPool *arena;
	char *text;
	SECItem *der;
	struct ca_result *results;
	size_t n_results;
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

	for (size_t i = 0; i < job->n_grants; i++)
		n += !job->grants[i].refused;
	return n;
}

/* Every certificate granted, and then the authority's chain if it is wanted. */
static SECStatus
list_certs(const struct ca_job *job, const SECItem ***ret_certs,
           size_t *ret_n)
{
	const struct ca *ca = job->ca;
	const SECItem **certs = PORT_ArenaZNewArray(
		job->arena, const SECItem *,
		job->n_grants + 1 + ca->n_above);
	size_t n = 0;

	if (certs == NULL)
		return SECFailure;
	for (size_t i = 0; i < job->n_grants; i++)
		if (!job->grants[i].refused)
			certs[n++] = &job->grants[i].cert;
	if (!job->options->no_ca_pubs) {
		certs[n++] = &ca->cert->derCert;
		for (size_t i = 0; i < ca->n_above; i++)
			certs[n++] = &ca->above[i]->derCert;
	}
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

	response->id = grant->id;
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

static SECStatus
fill_ca_pubs(const struct ca_job *job, struct nu_cert_rep *rep)
{
	const struct ca *ca = job->ca;
	const size_t n = 1 + ca->n_above;
	SECItem *pubs;

	if (job->options->no_ca_pubs || count_granted(job) == 0)
		return SECSuccess;
	pubs = PORT_ArenaZNewArray(job->arena, SECItem, n);
	if (pubs == NULL)
		return SECFailure;
	pubs[0] = ca->cert->derCert;
	for (size_t i = 1; i < n; i++)
		pubs[i] = ca->above[i - 1]->derCert;
	rep->ca_pubs = pubs;
	rep->n_ca_pubs = n;
	return SECSuccess;
}

static SECItem *
encode_rep(struct ca_job *job, enum nu_dialect dialect)
{
	const size_t n = job->n_grants;
	struct nu_cert_rep rep = { .n_responses = n };

	rep.responses = PORT_ArenaZNewArray(job->arena,
	                                    struct nu_cert_response, n);
	if (rep.responses == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (fill_response(job, &job->grants[i], &rep.responses[i]) !=
		    SECSuccess)
			return NULL;
	if (fill_ca_pubs(job, &rep) != SECSuccess)
		return NULL;
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
	const SECItem *nothing = nu_der_wrap_all(arena, NU_SET, NULL, 0);
	const SECItem *data = ca_der_make(arena, NU_SEQUENCE,
	                                  ca_der_oid(arena,
	                                             SEC_OID_PKCS7_DATA));
	const SECItem *signed_data = ca_der_make(arena, NU_SEQUENCE,
		nu_der_make_long(arena, 1), nothing, data,
		nu_der_wrap_all(arena, NU_CONTEXT_CONSTRUCTED(0), certs, n),
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

/* --- what became of each ------------------------------------------------- */

/* Into arena, and free() what it was. */
static char *
keep_text(PLArenaPool *arena, char *text)
{
	char *kept = text != NULL ? PORT_ArenaStrdup(arena, text) : NULL;

	free(text);
	return kept;
}

/* Without the sign's octet and zeros, which others would add or leave out. */
static char *
make_hex(PLArenaPool *arena, SECItem serial)
{
	char *hex;

	while (serial.len > 1 && serial.data[0] == 0) {
		serial.data++;
		serial.len--;
	}
	hex = PORT_ArenaAlloc(arena, 2 * (size_t)serial.len + 1);
	if (hex != NULL)
		nu_hex(serial.data, serial.len, hex);
	return hex;
}

bool
ca_cert_serial(const void *der, size_t len, char ret_serial[CA_SERIAL_HEX])
{
	const SECItem cert = { siBuffer, (unsigned char *)der, (unsigned)len };
	struct nu_cert parts;
	SECItem serial;

	if (nu_cert_read(&cert, &parts) != SECSuccess)
		return false;
	serial = parts.serial;
	if (serial.len == 0 || (serial.data[0] & 0x80) != 0)
		return false;
	if (serial.data[0] == 0) {
		serial.data++;
		serial.len--;
	}
	if (serial.len == 0 || serial.len > (CA_SERIAL_HEX - 1) / 2)
		return false;
	nu_hex(serial.data, serial.len, ret_serial);
	return true;
}

static SECStatus
fill_granted(PLArenaPool *arena, const struct ca_grant *grant,
             struct ca_result *result)
{
	struct nu_cert parts;

	if (nu_cert_read(&grant->cert, &parts) != SECSuccess)
		return SECFailure;
	result->cert = grant->cert.data;
	result->cert_len = grant->cert.len;
	result->encrypted = grant->encrypted_cert.data != NULL;
	result->not_before = parts.not_before / PR_USEC_PER_SEC;
	result->not_after = parts.not_after / PR_USEC_PER_SEC;
	result->serial = make_hex(arena, parts.serial);
	PORT_SetError(0);
	result->subject = keep_text(arena, nu_name_to_text(&parts.subject));
	return result->serial != NULL &&
	       PORT_GetError() != SEC_ERROR_NO_MEMORY ? SECSuccess : SECFailure;
}

static SECStatus
fill_result(PLArenaPool *arena, const struct ca_grant *grant,
            struct ca_result *result)
{
	result->id = keep_text(arena, nu_der_to_decimal(&grant->id));
	if (result->id == NULL)
		return SECFailure;
	result->granted = !grant->refused;
	result->modified = result->granted && grant->modified;
	result->fail = grant->refused ? grant->fail : 0;
	if (grant->reason != NULL) {
		result->reason = PORT_ArenaStrdup(arena, grant->reason);
		if (result->reason == NULL)
			return SECFailure;
	}
	return result->granted ? fill_granted(arena, grant, result) :
	                         SECSuccess;
}

static SECStatus
list_results(struct ca_job *job, struct answer *answer)
{
	struct ca_answer *visible = &answer->visible;
	const size_t n = job->n_grants;
	const char **serials = PORT_ArenaZNewArray(job->arena, const char *, n);

	answer->results = PORT_ArenaZNewArray(job->arena, struct ca_result, n);
	if (serials == NULL || answer->results == NULL)
		return SECFailure;
	for (size_t i = 0; i < n; i++) {
		struct ca_result *result = &answer->results[i];

		if (fill_result(job->arena, &job->grants[i], result) !=
		    SECSuccess)
			return SECFailure;
		if (result->granted)
			serials[visible->n_issued++] = result->serial;
	}
	answer->n_results = n;
	visible->serials = serials;
	visible->n_refused = n - visible->n_issued;
	return SECSuccess;
}

const struct ca_result *
ca_answer_get(const struct ca_answer *visible, size_t i)
{
	const struct answer *answer = (const struct answer *)visible;

	return i < answer->n_results ? &answer->results[i] : NULL;
}

/* ------------------------------------------------------------------------- */

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

	if (answer == NULL)
		return ca_error(job->ca, PSM_E_NO_MEMORY, "out of memory");
	if (list_results(job, answer) != SECSuccess ||
	    writers[job->options->dialect](job, answer) != SECSuccess)
		return ca_error_nss(job->ca, PSM_E_INTERNAL, "answer");
	answer->visible.text = answer->text;
	answer->visible.der = answer->der->data;
	answer->visible.der_len = answer->der->len;
	answer->arena = nu_take(job->arena);
	*ret_answer = &nu_take(answer)->visible;
	return PSM_OK;
}
