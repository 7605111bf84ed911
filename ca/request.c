/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

/* request.c - what arrives: CertReqMessages or PKCS#10, as text or DER */

#include <stdio.h>

#include <secerr.h>

#include "ca/internal.h"
#include "nssutil/nu_auto.h"
#include "nssutil/nu_b64.h"
#include "nssutil/nu_der.h"

enum { MAX_TEXT = 4 << 20, MAX_MSGS = 1000 };

void
ca_request_free(struct ca_request *request)
{
	if (request == NULL)
		return;
	nu_crmf_free(request->crmf);
	if (request->arena != NULL)
		PORT_FreeArena(request->arena, PR_TRUE);
	SECITEM_ZfreeItem(&request->der, PR_FALSE);
	free(request);
}

static void
free_request(struct ca_request **request)
{
	ca_request_free(*request);
}

/* Portals' forms send PEM whose ends of lines are gone:
 * "-----BEGIN X-----MII...=-----END X-----". */
static SECStatus
read_joined(const char *text, size_t len, SECItem *ret_der)
{
	static const char begin[] = "-----BEGIN ", dashes[] = "-----";
	const char *const end = text + len;
	const char *label = memmem(text, len, begin, strlen(begin));
	const char *body = NULL, *stop = NULL;
	char finish[64];

	if (label != NULL) {
		label += strlen(begin);
		body = memmem(label, (size_t)(end - label), dashes,
		              strlen(dashes));
	}
	if (body != NULL && body - label < 32) {
		snprintf(finish, sizeof finish, "-----END %.*s-----",
		         (int)(body - label), label);
		body += strlen(dashes);
		stop = memmem(body, (size_t)(end - body), finish,
		              strlen(finish));
	}
	if (stop == NULL) {
		PORT_SetError(SEC_ERROR_BAD_DATA);
		return SECFailure;
	}
	return nu_b64_decode(body, (size_t)(stop - body), MAX_TEXT, ret_der);
}

/* No base64 of DER begins with '0', which is a SEQUENCE's first octet. PEM may
 * have a tool's remarks before it, which nu_b64_decode() would not pass. */
static SECStatus
read_der(const void *bytes, size_t len, SECItem *ret_der)
{
	SECItem der = { siBuffer, (unsigned char *)bytes, (unsigned)len };

	if (len > MAX_TEXT) {
		PORT_SetError(SEC_ERROR_INPUT_LEN);
		return SECFailure;
	}
	if (len > 0 && der.data[0] == NU_SEQUENCE)
		return SECITEM_CopyItem(NULL, ret_der, &der);
	if (nu_b64_decode(bytes, len, MAX_TEXT, ret_der) == SECSuccess)
		return SECSuccess;
	if (nu_pem_decode(bytes, len, NULL, ret_der, NULL) == SECSuccess)
		return SECSuccess;
	return read_joined(bytes, len, ret_der);
}

/* Both are SEQUENCE { SEQUENCE { ...: a CertificationRequestInfo begins with
 * its version, a CertReqMsg with the CertRequest. */
static PRBool
looks_like_p10(const SECItem *der)
{
	struct nu_der outer, inner;
	struct nu_tlv first;

	if (nu_der_only(der, NU_SEQUENCE, &outer) != SECSuccess ||
	    nu_der_get(&outer, NU_SEQUENCE, &first) != SECSuccess)
		return PR_FALSE;
	inner = nu_der_reader(&first.value);
	return nu_der_peek(&inner) == NU_INTEGER;
}

static SECStatus
read_p10(struct ca_request *request)
{
	struct ca_wish *wish = request->wishes =
		PORT_ArenaZNew(request->arena, struct ca_wish);

	if (wish == NULL ||
	    nu_p10_decode(&request->der, &request->p10) != SECSuccess)
		return SECFailure;
	request->n_wishes = 1;
	wish->subject = request->p10.subject;
	wish->spki = request->p10.spki;
	wish->extensions = request->p10.extensions;
	wish->p10 = &request->p10;
	return SECSuccess;
}

static SECStatus
read_crmf(struct ca_request *request)
{
	size_t n;

	if (nu_crmf_decode(&request->der, MAX_MSGS, &request->crmf) !=
	    SECSuccess)
		return SECFailure;
	n = request->crmf->n_msgs;
	request->wishes = PORT_ArenaZNewArray(request->arena, struct ca_wish,
	                                      n);
	if (request->wishes == NULL)
		return SECFailure;
	request->n_wishes = n;
	for (size_t i = 0; i < n; i++) {
		const struct nu_crmf_msg *msg = &request->crmf->msgs[i];

		request->wishes[i] = (struct ca_wish){
			.id = msg->id, .subject = msg->subject,
			.spki = msg->spki, .extensions = msg->extensions,
			.msg = msg
		};
	}
	return SECSuccess;
}

/* An answer could not tell two wishes of one id apart. */
static bool
ids_are_distinct(const struct ca_request *request)
{
	for (size_t i = 1; i < request->n_wishes; i++)
		for (size_t j = 0; j < i; j++)
			if (SECITEM_ItemsAreEqual(&request->wishes[i].id,
			                          &request->wishes[j].id))
				return false;
	return true;
}

static SECStatus
read_wishes(struct ca_request *request)
{
	if (looks_like_p10(&request->der))
		return read_p10(request);
	return read_crmf(request);
}

enum psm_err
ca_request_read(struct ca *ca, const void *bytes, size_t len,
                struct ca_request **ret_request)
{
	__attribute__((cleanup(free_request))) struct ca_request *request =
		calloc(1, sizeof *request);

	if (request == NULL)
		return ca_error(ca, PSM_E_NO_MEMORY, "out of memory");
	request->arena = PORT_NewArena(DER_DEFAULT_CHUNKSIZE);
	if (request->arena == NULL)
		return ca_error_nss(ca, PSM_E_NO_MEMORY, "request");
	if (read_der(bytes, len, &request->der) != SECSuccess)
		return ca_error_nss(ca, PSM_E_REQUEST, "request as text");
	if (read_wishes(request) != SECSuccess)
		return ca_error_nss(ca, PSM_E_REQUEST, "request");
	if (request->n_wishes == 0)
		return ca_error(ca, PSM_E_REQUEST, "an empty request");
	if (!ids_are_distinct(request))
		return ca_error(ca, PSM_E_REQUEST, "two requests of one id");
	*ret_request = nu_take(request);
	return PSM_OK;
}
